/* A library while it is read; internal to liberty.c and liberty_values.c. Once `bad` nothing else is reported. */
#ifndef BCQ_LIBERTY_INTERNAL_H
#define BCQ_LIBERTY_INTERNAL_H

#include "liberty.h"
#include "liberty_syntax.h"

enum { RAILS_MAX = 8 };

typedef struct {
    liberty lib;              /* first: a liberty * is a library * */
    arena *a;
    int room;                 /* of lib.cells */
    bool bad;                 /* a message has been written */
    bcq_error *error;
    /* The file that is being read. */
    const char *path;
    const statement *root;
    double time, load, volt, leak;
    /* The cell. */
    liberty_cell *cell;
    const char *rails[RAILS_MAX], *state[4];  /* names of the state; [1] of its complement */
    int n_rails, line;
} library;

/* Memory of the library's; NULL and bad: there is none. */
void *library_get(library *l, size_t size);
/* FILE:LINE: CELL: wanted ..., got '...'. Returns false. */
bool library_fail(library *l, int line, const char *want, const char *got);

double library_number(library *l, int line, const char *s);
double library_attribute(library *l, const statement *group, const char *name, double otherwise);
/* Over slew and load, in SI units; scale: of its values. */
liberty_table library_table(library *l, const statement *s, double scale);
/* Of the cell's pins and states; empty where text is NULL. */
liberty_function library_function(library *l, int line, const char *text);

#endif
