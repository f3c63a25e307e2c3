/* The parts of the gate-level simulator; internal to sw/gates*.c. */
#ifndef BCQ_GATES_INTERNAL_H
#define BCQ_GATES_INTERNAL_H

#include "gates.h"

/* ---- The netlist as written, and flat (gates_netlist.c) ------------------------------------------ */

typedef struct netlist netlist;      /* keeps the file's modules and their names */

/* Ports of bcq_acc_memory.sv. */
enum { M_CLOCK, M_WRITE, M_WRITE_ADDR, M_WRITE_DATA, M_READ, M_READ_ADDR, M_DATA, M_PORTS };

typedef struct { uint32_t *net; int bits; } bus;

typedef struct {
    const liberty_cell *cell;
    const char *name;                /* of the instance */
    int scope;
    uint32_t pins;                   /* in flat.pin_net: the cell's pins in the library's order */
} flat_cell;

typedef struct {
    int scope, width, address_bits;
    bus port[M_PORTS];
} flat_memory;

typedef struct {
    const char *module, *instance;
    int parent, memory;              /* memory: its number, or -1 */
    uint32_t base;                   /* of its bits in flat.bit_net */
    const void *source;              /* the module as written; NULL for a memory */
} flat_scope;
typedef struct { const char *name; bool output; bus bits; } flat_port;

enum { NET_0, NET_1, NETS_FIXED };   /* the two constants */

typedef struct {
    flat_scope *scopes;
    flat_cell *cells;
    flat_memory *memories;
    flat_port *ports;                /* of the top */
    uint32_t *pin_net;               /* net of each pin */
    uint32_t *bit_net;               /* net of each bit of each module instance */
    int n_scopes, n_memories, n_ports;
    uint32_t n_cells, n_pins, n_nets, n_bits;
} flat;

/* Reads a file and lays its modules out below `top`. On failure both are as netlist_free and flat_free want them. */
netlist *netlist_read(const char *path, bcq_error *error);
bool netlist_flatten(netlist *n, const liberty *lib, const char *top, flat *f, bcq_error *error);
/* The net of a bit by its name in a scope's module. */
bool netlist_find(const flat *f, int scope, const char *name, int bit, uint32_t *net);
/* A name for a net, for messages; the first that is found. */
void netlist_name(const flat *f, uint32_t net, char *text, size_t size);
void flat_free(flat *f);
void netlist_free(netlist *n);

/* ---- What a cell does (gates_types.c) ------------------------------------------------------------- */

/* x, the state of a cell: its inputs from bit 0, then its state bit if it has one. */
enum { NO_CLASS = 0xFFFF };

/* Transitions of a pin that the library gives the same energy and delay: counted together. */
typedef struct {
    uint8_t pin, direction;            /* of the transition */
    uint8_t related, related_direction;/* the input that caused it; the pin itself if that is an input */
    int n_powers, n_arcs;
    struct { int index; double weight; } *powers;  /* groups of the pin: energy is their weighted sum */
    int *arcs;                         /* delay is the longest */
} gate_class;

typedef struct {
    const liberty_cell *cell;          /* NULL: a memory, see gates.memories */
    liberty_kind kind;
    int inputs, outputs, bits;         /* of x */
    uint32_t level_pins;               /* inputs that the outputs follow without a clock edge */
    uint32_t clock_pins;               /* of a flip-flop or clock gate */
    uint32_t enable_pins;              /* of a latch: inputs that open it */
    uint32_t passive_pins;             /* inputs whose own transitions cost something */
    uint8_t *out;                      /* [2^bits] outputs */
    uint8_t *next;                     /* [2^bits] the state that follows without an edge; of flip-flops by clear, preset */
    uint8_t *sample, *clocked;         /* [2^bits] flip-flops: the state after an edge; the clock */
    uint16_t *cause;                   /* [outputs][inputs][2^bits] class of a transition to x by that input */
    uint16_t *passive;                 /* [inputs][2^bits] class of the input's own transition, that leads to x */
    gate_class *classes;
    int n_classes;
} gate_type;

bool gate_type_make(gate_type *t, const liberty_cell *cell, bcq_error *error);
void gate_type_free(gate_type *t);

static inline uint16_t gate_cause(const gate_type *t, int output, int input, uint32_t x) {
    return t->cause[(((size_t)output * (size_t)t->inputs + (size_t)input) << t->bits) + x];
}
static inline uint16_t gate_passive(const gate_type *t, int input, uint32_t x) {
    return t->passive[((size_t)input << t->bits) + x];
}

/* ---- The simulation (gates.c, gates_sim.c) --------------------------------------------------------- */

enum { NONE = 0xFFFFFFFF, PIN_BITS = 4 };
enum { CLOCK = 1, CLOCK_N };         /* a clock of the netlist's phase, or inverted */

typedef struct {
    uint64_t toggles, functional;
    uint32_t fan, fan_end;             /* in gates.fan: cell << PIN_BITS | input, for each pin that it drives */
    uint32_t sequence;                 /* counts transitions that were scheduled: tells the last from those cancelled */
    uint32_t cause;                    /* of the pending transition: in gates.count; NONE: nobody's */
    uint32_t phase;                    /* last one in which it moved */
    uint8_t value, start;              /* start: when that phase began */
    uint8_t clock;                     /* 0, CLOCK or CLOCK_N */
    uint8_t pending;                   /* a transition is scheduled */
} gate_net;

typedef struct {
    uint16_t type, x;
    uint8_t target;                    /* events: outputs as they will be when nothing is pending */
    uint32_t pins;                     /* in flat.pin_net, or the memory's number */
    uint32_t base;                     /* of its classes in gates.count and gates.delay */
} gate;

typedef struct {
    const flat_memory *ports;
    uint8_t *word;                     /* [words][width] */
    uint8_t *data;                     /* [width] what data_o shows or will */
    uint32_t words;
    uint64_t reads, writes;
} gate_memory;

/* fs from the phase's beginning; stale if the net has gone on; next: in a bucket, in gates.pool */
typedef struct { uint64_t time; uint32_t net, sequence, next; } gate_event;

struct gates {
    const liberty *lib;
    gates_options options;
    netlist *source;
    flat flat;
    gate_type *types;
    gate_net *nets;
    gate *cells;                       /* [n_cells] those of flat.cells, then the memories */
    gate_memory *memories;
    uint32_t *fan;
    uint32_t *driver;                  /* [nets] cell that drives it; NONE: a port or nothing */
    uint32_t *order, *level;           /* [n_cells] so that a cell comes after what it follows without an edge */
    uint64_t *count;                   /* [classes of all cells] */
    uint32_t *delay;                   /* likewise, fs; events only */
    uint32_t n_types, n_cells, n_nets, n_counts, n_levels, clock;
    uint32_t memory_delay;             /* fs */
    /* Inputs of the netlist as they will be after the next settle. */
    uint8_t **input;                   /* [ports][bits]; NULL for outputs */
    bool inputs_changed;
    /* The phase. */
    uint32_t phase, n_touched, n_sampled, n_waves, n_late, n_heap;
    uint32_t *touched, *sampled, *waves, *bucket;
    uint64_t *occupied;                /* a bit a bucket */
    gate_event *heap;                  /* of the present bucket: the earliest first */
    gate_event *pool;                  /* [room_pool] of all other buckets */
    uint32_t free_events, room_pool;
    uint64_t now, slot, pending, events, swallowed;  /* slot: the bucket that the heap holds */
    int shift;                         /* log2 of a bucket's fs */
    /* Zero delay: the cells of a level whose inputs changed. */
    uint32_t *dirty_first, *dirty_next;
    uint16_t *changed, *late_changed;  /* [n_cells] which inputs; late: those that no output follows */
    uint32_t *late;
    uint8_t *sampled_state;
    uint64_t cycles;
    /* Loads and slews (gates_power.c). */
    double (*load)[2], (*slew)[2];     /* [nets] F and s by direction */
    uint32_t *loads;                   /* [nets] pins that it drives */
    gates_scope *report;               /* [scopes] */
    bool *fresh;                       /* the report is of the present counts */
};

/* Loads, slews and delays. */
bool gates_power_make(gates *g, bcq_error *error);
void gates_power_report(const gates *g);

/* Lays out what phases need. */
bool gates_sim_make(gates *g, bcq_error *error);
/* All cells once in their order, without counting. */
void gates_sim_start(gates *g);
/* A phase: the clock goes to `clock` (or stays), inputs of the netlist take their new values if `inputs`. */
void gates_sim_phase(gates *g, bool clock, bool inputs);

/* What a memory does when its clock rises; leaves it in m->data and the counters. */
void gates_memory_edge(const gates *g, gate_memory *m);

#endif
