/* What the table formats share beyond format.h: tables.c, levels.c. docs/formats.md, "Weight-only tables". */
#ifndef BCQ_TABLES_H
#define BCQ_TABLES_H

#include "format.h"

enum { BCQ_TABLE_LEVELS = 16 };

extern const bcq_format_kind bcq_format_nf4, bcq_format_af4, bcq_format_bof4, bcq_format_bof4s,
    bcq_format_bof4_opq, bcq_format_bof4s_opq;

/* bitsandbytes' decision thresholds, ascending: the index is the number of those below y. */
extern const float bcq_nf4_threshold[BCQ_TABLE_LEVELS - 1];

/* Of the levels that bcq_levels() gives: false if they stand in their source, true if derived here by the
 * same rule. The levels must exist. */
bool bcq_levels_are_derived(const char *table, int group, bcq_metric metric);

/* The index of y = FP32(x / m) among f->level. */
int bcq_table_index(const bcq_format *f, float y);

/* F^-1(q): the q-quantile of the largest of `group` magnitudes of N(0,1). q in (0, 1). */
double bcq_largest_quantile(int group, double q);

/* The constant m of a group of f->group scalars, as stored; and the number that those bits are. */
uint32_t bcq_table_constant(const bcq_format *f, const bcq_format_tensor *t, const float *x);
float bcq_table_constant_value(const bcq_format *f, const bcq_format_tensor *t, uint32_t stored);

#endif
