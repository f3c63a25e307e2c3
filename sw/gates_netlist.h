/* A netlist as written: modules, their signals, instances and assignments; internal to gates_netlist.c, which
 * reads it, and gates_flatten.c. */
#ifndef BCQ_GATES_NETLIST_H
#define BCQ_GATES_NETLIST_H

#include "gates_internal.h"
#include "liberty_syntax.h"

enum { BIT_0 = -1, BIT_1 = -2 };   /* the constants among bits of a module */
enum { WIRE, INPUT, OUTPUT };

typedef struct { const char *name; int left, right, width, direction; int32_t first; } signal;
typedef struct { const char *pin; int32_t *bits; int n; } connection;
typedef struct { const char *type, *name; connection *pins; int n_pins, line; } instance;
typedef struct { int32_t to, from; } alias;

typedef struct {
    const char *name;
    signal *signals;
    instance *instances;
    alias *aliases;
    int n_signals, n_instances, n_aliases, room_signals, room_instances, room_aliases, line;
    int32_t bits;
} module;

struct netlist {
    arena *a;
    const char *path;
    module *modules;
    int n_modules, room_modules;
    /* Every name once: open addressing. of_module: which module's signal `signal` it is, while that is read. */
    struct name { const char *text; int of_module, signal, module; } *names;
    size_t n_names, room_names;
};

/* The entry of a name, made if it is not there; NULL: out of memory. */
struct name *netlist_intern(netlist *n, const char *s, size_t length);
/* Room for one more in an array of n: array is the address of the pointer. */
bool netlist_grow(void *array, int n, int *room, size_t size);
bool netlist_memory_fails(bcq_error *error);

#endif
