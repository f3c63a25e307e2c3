/* The statements of a Liberty file as a tree; internal to sw/liberty.c. */
#ifndef BCQ_LIBERTY_SYNTAX_H
#define BCQ_LIBERTY_SYNTAX_H

#include <stdbool.h>
#include <stddef.h>

#include "bcq.h"

/* Memory that is freed all at once. */
typedef struct arena arena;
arena *arena_new(void);                       /* NULL: out of memory */
void *arena_alloc(arena *a, size_t size);     /* zeroed; NULL: out of memory */
char *arena_string(arena *a, const char *s, size_t length);
void arena_free(arena *a);

typedef struct statement statement;
struct statement {
    const char *name;
    const char **args;        /* name(args); quotes taken off */
    int n_args;
    const char *value;        /* name : value; NULL for others */
    bool group;               /* name(args) { first, ... } */
    int line;
    statement *first, *next;
};

/* The library group of a file, gzip or not. Group names in `skip` (a NULL-ended list) are passed over. */
statement *liberty_parse(arena *a, const char *path, const char *const *skip, bcq_error *error);

const statement *statement_find(const statement *group, const char *name);   /* first of that name, or NULL */
const char *statement_value(const statement *group, const char *name);       /* of a simple attribute, or NULL */

#endif
