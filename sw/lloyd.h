/* The machinery of the calibrator: block clustering and level updates, all in exact integers.
 *
 * What is minimised. A sample is a list of blocks of LB normalised values Y (contract section 5,
 * rounded to 1/16 of an entry but *not* saturated: a codebook should know how far beyond CMAX
 * values lie). A codebook of levels L gives a block the error sum_i min_k (Y_i - L_k)^2, the block
 * takes the codebook of smallest error (lowest number on a tie), and the objective is the weighted
 * sum over all blocks.
 *
 * Why integers. Levels live on a grid `fine` times finer than Y, 1/64 of an entry at EW 6. Every
 * error is then an integer that fits a 32-bit table, every sum is exact and independent of its
 * order, hence of the number of threads, and "the error never increases" can be asserted without a
 * tolerance: clustering is an exact argmin, and the best level of a cell on the grid is its mean
 * rounded to the grid. The grid costs (1/64)^2 / 12 of squared error a scalar, 10^-4 of the total.
 *
 * One pass over the data does the clustering and leaves one histogram of Y a codebook; everything
 * that concerns levels works on these histograms alone.
 */
#ifndef BCQ_LLOYD_H
#define BCQ_LLOYD_H

#include "bcq.h"

enum { LLOYD_VARIANTS = 2 * BCQ_ENTRIES_MAX };  /* lanes of one trial pass: each entry +1 and -1 */

typedef struct {
    bcq_params p;
    bool zero;               /* every codebook must keep a level 0 */
    int threads;
    int fine;                /* levels are in units of 1 / (16 * fine) of an entry */
    int y_limit;             /* |Y| <= y_limit */
    int64_t blocks;
    uint16_t *row;           /* [blocks][lb]: Y + y_limit, the row of the tables below */
    uint32_t *weight;        /* [blocks], or NULL for all alike */
} lloyd_data;

/* level[c][k], non-decreasing in k, in units of 1 / (16 * fine). */
typedef struct { int32_t level[BCQ_NC_MAX][BCQ_ENTRIES_MAX]; } lloyd_levels;

/* Scratch memory for the passes over one lloyd_data (and smaller ones). */
typedef struct {
    int rows;                /* of tables and histograms: 2 * y_limit + 1 */
    int threads;
    uint32_t *table;         /* [rows][lanes] squared errors */
    int64_t *histogram;      /* [threads][nc][rows] weights; [0] holds the sum after a pass */
    uint32_t *least;         /* [rows] least error of any trial */
    int64_t *half;           /* [2][rows] histograms of the two halves of a split cluster */
    int64_t *feature;        /* weight of each value of a feature, for its median */
    uint8_t *selector;       /* [blocks], written when a pass is asked to */
    uint32_t *error;         /* [blocks], likewise: error of the block, fine units squared */
    int64_t *prefix;         /* [3][rows + 1] sums of w, w Y, w Y^2 of one histogram */
    int64_t *path;           /* the dynamic program's costs and choices */
} lloyd_work;

int lloyd_y_limit(const bcq_params *p);
int lloyd_fine(const bcq_params *p);

/* Largest weight for which no sum over so many blocks can leave 63 bits. */
uint32_t lloyd_weight_max(int64_t blocks);

/* An objective as the mean squared error of a value, in entries squared. */
double lloyd_mean_error(const lloyd_data *d, int64_t objective);

bool lloyd_work_init(lloyd_work *w, const lloyd_data *d, bcq_error *error);
void lloyd_work_free(lloyd_work *w);

/* ---- Passes over the data (lloyd_pass.c) --------------------------------------------------- */

enum { LLOYD_HISTOGRAM = 1, LLOYD_SELECTOR = 2, LLOYD_ERROR = 4 };

/* Clusters all blocks among codebooks [0, nc) but `without` (-1: none). Returns the objective;
 * fills what `want` names in w. */
int64_t lloyd_assign(const lloyd_data *d, const lloyd_levels *l, int nc, int without, int want,
                     lloyd_work *w);

/* A codebook with one level changed; the levels stay in order. */
typedef struct { int k; int32_t level; } lloyd_variant;

/* For each of `count` variants of a codebook: the objective if it joined a set whose error a block
 * is w->error. */
void lloyd_trial(const lloyd_data *d, const int32_t *level, const lloyd_variant *variant, int count,
                 lloyd_work *w, int64_t *objective);

static inline int64_t *lloyd_histogram(const lloyd_work *w, int c) {
    return w->histogram + (size_t)c * (size_t)w->rows;
}

/* ---- Levels of one cluster (lloyd_levels.c); histogram: [rows] ----------------------------- */

/* Squared error of a histogram under n levels. */
int64_t lloyd_levels_error(const lloyd_data *d, const int64_t *histogram, const int32_t *level,
                           lloyd_work *w);

/* Lloyd-Max from the given levels until nothing moves; a level of 0 stays if d->zero. Returns the
 * error, which is not above that of the levels given. */
int64_t lloyd_max(const lloyd_data *d, const int64_t *histogram, int32_t *level, lloyd_work *w);

/* The best integer entries of all (a level 0 among them if d->zero), by dynamic programming.
 * Returns their error. */
int64_t lloyd_best_entries(const lloyd_data *d, const int64_t *histogram, int32_t *level,
                           lloyd_work *w);

/* ---- Clustering: starts, alternation, refinement (lloyd_cluster.c) ------------------------- */

/* What to split a cluster by: at a quantile of one of these, over its blocks. */
typedef enum {
    SPLIT_MAX, SPLIT_MIN, SPLIT_RANGE, SPLIT_SKEW, SPLIT_SUM_ABS, SPLIT_SUM, SPLIT_AMAX, SPLITS
} lloyd_split;

int lloyd_feature_limit(const lloyd_data *d);

/* A run of the calibrator: what to tell about each half-step. */
typedef struct {
    FILE *csv;               /* or NULL */
    bool progress;           /* a line on stderr */
    double signal;           /* sum of w Y^2 in fine units squared, of the data at hand */
    const char *phase;
    int64_t half_steps;      /* written so far */
} lloyd_trace;

double lloyd_signal(const lloyd_data *d, lloyd_work *w);

/* Splits cluster `from` into `from` and `to`, about share/256 of it going to `from`; needs
 * w->selector. False, and nothing is changed, if no value of the feature parts the blocks. */
bool lloyd_split_cluster(const lloyd_data *d, lloyd_levels *l, int from, int to, lloyd_split by,
                         int share, lloyd_work *w);

/* Clustering and level updates in turn until the error stands still, at most `iterations` times.
 * The error is asserted never to increase, at either half-step. Empty clusters are re-seeded by
 * splitting the worst one. entries: levels stay integer entries. Returns the objective; *done, if
 * not NULL, receives the iterations. */
int64_t lloyd_alternate(const lloyd_data *d, lloyd_levels *l, int nc, int iterations, bool entries,
                        lloyd_work *w, lloyd_trace *trace, int *done);

/* Changes single integer entries by 1, with blocks free to change cluster, until no such change
 * lowers the objective, which is given and returned. */
int64_t lloyd_refine(const lloyd_data *d, lloyd_levels *l, int nc, int64_t objective, lloyd_work *w,
                     lloyd_trace *trace);

/* ---- Search (calibrate_search.c) ----------------------------------------------------------- */

/* Finds codebooks for d: integer entries, in fine units. `part` is a sample of d (or d itself), on
 * which starts and search are tried before d is turned to. Returns the objective over d. */
int64_t lloyd_search(const lloyd_data *d, const lloyd_data *part, const bcq_calibrate_options *o,
                     lloyd_levels *entries, int *iterations, lloyd_work *w);

#endif
