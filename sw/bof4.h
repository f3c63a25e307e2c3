/* The optimiser of BOF4 (arXiv 2505.06653): 16 levels of least error for scalars that are divided by a
 * constant a block, from data or, for N(0,1), from theory.
 *
 * A block of I scalars w has the constant m: the largest magnitude, or with is_signed the scalar of
 * largest magnitude itself; x = w / m. What counts is the error of w, so x enters with weight m^2 (MSE)
 * or |m| (MAE). Lloyd's iteration: cells end at the midpoints of levels, a value there belongs to the
 * upper one; a level moves to its cell's weighted mean (MSE) or weighted median (MAE), unless it is fixed.
 */
#ifndef BOF4_H
#define BOF4_H

#include "bcq.h"
#include "format.h"

enum { BOF4_LEVELS = 16, BOF4_BLOCK_MIN = 16, BOF4_BLOCK_MAX = 4096 };

typedef struct {
    int block;           /* I */
    bool is_signed;
    bcq_metric metric;
    bool fixed_zero;     /* level[7] stays 0 */
    bool fixed_one;      /* level[15] stays 1 and, unless is_signed, level[0] stays -1 */
    bool af4;            /* theory only: AF4's rule instead. Unweighted median, and the cells on both
                            sides of level 0 end at 0; metric is not looked at */
} bof4_options;

typedef struct {
    int iterations;
    double change;       /* of a level in the last one, at most */
    double mse, mae;     /* of w, a scalar, with these levels and exact constants */
} bof4_report;

/* I 64, unsigned, MSE, both kinds of levels fixed. */
void bof4_defaults(bof4_options *o);

/* Levels for N(0,1), ascending; integrals over m by the trapezoidal rule, over x in closed form. False if
 * they do not settle. */
bool bof4_theory(const bof4_options *o, double level[BOF4_LEVELS], bof4_report *report);

/* Error on N(0,1) of any ascending levels: mse and mae of the report. block, is_signed: of the options. */
void bof4_theory_error(const bof4_options *o, const double level[BOF4_LEVELS], bof4_report *report);

/* Data: scalars with their constants, collected block by block. Starts as { 0 }. */
typedef struct { float x, m; } bof4_sample;   /* w / m, |m| */
typedef struct {
    bof4_sample *at;
    int64_t count, room;
    bool sorted;
} bof4_samples;

/* w: [count], one block. A block of zeros has nothing to say and is left out. False: no memory. */
bool bof4_add_block(bof4_samples *s, const float *w, int count, bool is_signed);
/* The blocks of a tensor, along its rows: each `every`-th of them. */
bool bof4_add_tensor(bof4_samples *s, const bcq_tensor *t, int64_t every, bool bf16, const bof4_options *o,
                     bcq_error *error);
/* Sorts s. False, with a message: no samples, no memory, levels do not settle. */
bool bof4_fit(bof4_samples *s, const bof4_options *o, double level[BOF4_LEVELS], bof4_report *report,
              bcq_error *error);
void bof4_samples_free(bof4_samples *s);

#endif
