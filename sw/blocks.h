/* The lines of the tables of area, timing and energy: which part of a design an instance belongs to.
 * synth/blocks.def says it for all programs; its format stands at its top. Internal to the project. */
#ifndef BCQ_BLOCKS_H
#define BCQ_BLOCKS_H

#include "bcq.h"

typedef struct blocks blocks;

blocks *blocks_read(const char *path, bcq_error *error);
void blocks_free(blocks *b);

int blocks_parts(const blocks *b);
const char *blocks_name(const blocks *b, int part);   /* in the order of their first lines */
/* The part of an instance, by the first line that matches; -1: no line names it. path: instances from the
 * top, with / between them; of the top itself "". */
int blocks_find(const blocks *b, const char *module, const char *path);

#endif
