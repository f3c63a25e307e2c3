/* The passes over the data: a table row per value of Y, a lane per codebook. A block's errors under
 * all codebooks are the sum of LB rows, and with 16 codebooks a row is one cache line. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "lloyd.h"

/* A table entry carries the lane's number in its low bits, so that a plain minimum is the argmin
 * with the contract's tie rule: lowest codebook first. */
enum { LANE_BITS = 4, LANES_TRIAL = LLOYD_VARIANTS };
_Static_assert(BCQ_NC_MAX <= 1 << LANE_BITS, "a lane's number must fit");

/* The same integers come out of every clone: only the width of the additions differs. */
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define KERNEL __attribute__((target_clones("arch=x86-64-v4", "avx2", "default"), optimize("O3")))
#else
#define KERNEL
#endif
#define INLINE static inline __attribute__((always_inline))

/* A scale is rounded to nearest: the quotient amax / t exceeds CMAX by 1/16 at most while t is
 * normal, and by half when t is the smallest subnormal. */
int lloyd_y_limit(const bcq_params *p) { return bcq_cmax(p) * 24; }

/* The largest power of two for which the worst block still fits 32 bits with the lane number. */
int lloyd_fine(const bcq_params *p) {
    uint64_t farthest = (uint64_t)(lloyd_y_limit(p) + 16 * bcq_cmax(p));
    uint64_t worst = (uint64_t)BCQ_LB_MAX * farthest * farthest << LANE_BITS;
    int fine = 1;
    while (worst * 4 * (uint64_t)(fine * fine) <= UINT32_MAX) fine *= 2;
    return fine;
}

uint32_t lloyd_weight_max(int64_t blocks) {
    /* The moments in lloyd_levels.c add up terms of up to 4 times a block's error. */
    int64_t block_worst = 4 * (int64_t)(UINT32_MAX >> LANE_BITS);
    int64_t most = INT64_MAX / block_worst / (blocks ? blocks : 1);
    return most > 1 << 20 ? 1 << 20 : (uint32_t)most;
}

double lloyd_mean_error(const lloyd_data *d, int64_t objective) {
    double weight = 0, unit = 16.0 * d->fine;
    for (int64_t b = 0; b < d->blocks; b++) weight += d->weight ? d->weight[b] : 1;
    return (double)objective / (weight * d->p.lb * unit * unit);
}

bool lloyd_work_init(lloyd_work *w, const lloyd_data *d, bcq_error *error) {
    size_t rows = 2 * (size_t)d->y_limit + 1, candidates = 2 * (size_t)bcq_cmax(&d->p) + 1;
    *w = (lloyd_work){ .rows = (int)rows, .threads = d->threads };
    void *table = NULL;
    if (posix_memalign(&table, 64, rows * LANES_TRIAL * sizeof *w->table)) table = NULL;
    w->table = table;
    w->histogram = malloc((size_t)d->threads * BCQ_NC_MAX * rows * sizeof *w->histogram);
    w->least = malloc(rows * sizeof *w->least);
    w->half = malloc(2 * rows * sizeof *w->half);
    w->feature = malloc((size_t)(2 * lloyd_feature_limit(d) + 1) * sizeof *w->feature);
    w->selector = malloc((size_t)d->blocks + 1);
    w->error = malloc((size_t)d->blocks * sizeof *w->error + 1);
    w->prefix = malloc(3 * (rows + 1) * sizeof *w->prefix);
    w->path = malloc((candidates * candidates + 2 * BCQ_ENTRIES_MAX * candidates) *
                     sizeof *w->path);
    if (w->table && w->histogram && w->least && w->half && w->feature && w->selector && w->error &&
        w->prefix && w->path)
        return true;
    lloyd_work_free(w);
    return bcq_fail(error, "calibrate: out of memory");
}

void lloyd_work_free(lloyd_work *w) {
    free(w->table);
    free(w->histogram);
    free(w->least);
    free(w->half);
    free(w->feature);
    free(w->selector);
    free(w->error);
    free(w->prefix);
    free(w->path);
    *w = (lloyd_work){ 0 };
}

/* Column `lane` of the table: squared distance of every Y to the nearest of n levels. */
static void fill_lane(const lloyd_data *d, const int32_t *level, uint32_t *table, int lanes,
                      int lane, int shift) {
    int n = bcq_entries(&d->p), k = 0;
    for (int y = -d->y_limit; y <= d->y_limit; y++) {
        int32_t at = y * d->fine;
        while (k + 1 < n && 2 * at > level[k] + level[k + 1]) k++;
        uint32_t distance = (uint32_t)(at > level[k] ? at - level[k] : level[k] - at);
        table[(size_t)(y + d->y_limit) * (size_t)lanes + (size_t)lane] =
            distance * distance << shift;
    }
}

static void fill_lane_never(const lloyd_data *d, uint32_t *table, int lanes, int lane) {
    /* As far as a block can be without overflow, which is no nearer than any codebook. */
    uint32_t never = (UINT32_MAX >> LANE_BITS) / BCQ_LB_MAX << LANE_BITS;
    for (int r = 0; r <= 2 * d->y_limit; r++)
        table[(size_t)r * (size_t)lanes + (size_t)lane] = never;
}

typedef struct {
    const lloyd_data *d;
    int64_t first, last;     /* blocks [first, last) */
    const uint32_t *table;
    const uint32_t *least;   /* [rows] trial pass: least entry of a table row */
    int lanes;
    int64_t *histogram;      /* [nc][rows] or NULL */
    uint8_t *selector;       /* [blocks] or NULL */
    uint32_t *error;         /* [blocks] or NULL; read by the trial pass */
    int rows, count;
    int64_t objective[LANES_TRIAL];
} part;

INLINE void assign_blocks(part *a, int lanes, int lb) {
    const lloyd_data *d = a->d;
    int64_t sum = 0;
    for (int64_t b = a->first; b < a->last; b++) {
        const uint16_t *row = d->row + b * lb;
        uint32_t least = UINT32_MAX;
        for (int c = 0; c < lanes; c++) {
            uint32_t e = (uint32_t)c;
            for (int i = 0; i < lb; i++) e += a->table[row[i] * lanes + c];
            least = e < least ? e : least;
        }
        uint32_t error = least >> LANE_BITS, c = least & ((1 << LANE_BITS) - 1);
        int64_t weight = d->weight ? d->weight[b] : 1;
        sum += weight * error;
        if (a->selector) a->selector[b] = (uint8_t)c;
        if (a->error) a->error[b] = error;
        if (a->histogram) {
            int64_t *h = a->histogram + (size_t)c * (size_t)a->rows;
            for (int i = 0; i < lb; i++) h[row[i]] += weight;
        }
    }
    a->objective[0] = sum;
}

/* Sums min(bound, error under each trial codebook). No trial can touch a block whose bound is below
 * the sum of the least errors that any trial gives its values: four blocks in five, as a rule. */
INLINE void trial_blocks(part *a, int lb) {
    enum { BATCH = 8 };  /* block errors have 28 bits, so eight of them can be added in 32 */
    const lloyd_data *d = a->d;
    int64_t sum[LANES_TRIAL] = { 0 }, common = 0;
    uint32_t batch[LANES_TRIAL] = { 0 };
    int in_batch = 0;
    for (int64_t b = a->first; b < a->last; b++) {
        const uint16_t *row = d->row + b * lb;
        uint32_t bound = a->error[b], least = 0;
        int64_t weight = d->weight ? d->weight[b] : 1;
        for (int i = 0; i < lb; i++) least += a->least[row[i]];
        if (least >= bound) {
            common += weight * bound;
            continue;
        }
        if (d->weight) {
            for (int v = 0; v < LANES_TRIAL; v++) {
                uint32_t e = 0;
                for (int i = 0; i < lb; i++) e += a->table[row[i] * LANES_TRIAL + v];
                sum[v] += weight * (e < bound ? e : bound);
            }
            continue;
        }
        for (int v = 0; v < LANES_TRIAL; v++) {
            uint32_t e = 0;
            for (int i = 0; i < lb; i++) e += a->table[row[i] * LANES_TRIAL + v];
            batch[v] += e < bound ? e : bound;
        }
        if (++in_batch == BATCH) {
            for (int v = 0; v < LANES_TRIAL; v++) {
                sum[v] += batch[v];
                batch[v] = 0;
            }
            in_batch = 0;
        }
    }
    for (int v = 0; v < LANES_TRIAL; v++) a->objective[v] = sum[v] + batch[v] + common;
}

#define ASSIGN(LANES, LB) \
    KERNEL static void assign_##LANES##_##LB(part *a) { assign_blocks(a, LANES, LB); }
ASSIGN(4, 2) ASSIGN(4, 4) ASSIGN(4, 8)
ASSIGN(8, 2) ASSIGN(8, 4) ASSIGN(8, 8)
ASSIGN(16, 2) ASSIGN(16, 4) ASSIGN(16, 8)
#define TRIAL(LB) KERNEL static void trial_##LB(part *a) { trial_blocks(a, LB); }
TRIAL(2) TRIAL(4) TRIAL(8)

static void *assign_part(void *argument) {
    static void (*const kernel[3][3])(part *) = {
        { assign_4_2, assign_4_4, assign_4_8 },
        { assign_8_2, assign_8_4, assign_8_8 },
        { assign_16_2, assign_16_4, assign_16_8 },
    };
    part *a = argument;
    if (a->histogram) memset(a->histogram, 0, BCQ_NC_MAX * (size_t)a->rows * sizeof *a->histogram);
    kernel[a->lanes / 8][a->d->p.lb / 4](a);
    return NULL;
}

static void *trial_part(void *argument) {
    static void (*const kernel[3])(part *) = { trial_2, trial_4, trial_8 };
    part *a = argument;
    kernel[a->d->p.lb / 4](a);
    return NULL;
}

enum { THREADS_MAX = 256, BLOCKS_A_THREAD = 4096 };  /* fewer are not worth starting a thread */

/* Cuts the blocks among threads. A thread that cannot be started is run here: the sums are exact
 * integers, so who adds them is of no consequence. Returns the number of parts. */
static int run_parts(const part *job, part *parts, void *(*work)(void *)) {
    pthread_t thread[THREADS_MAX];
    bool started[THREADS_MAX] = { false };
    int64_t blocks = job->d->blocks, useful = blocks / BLOCKS_A_THREAD + 1;
    int n = job->d->threads < useful ? job->d->threads : (int)useful;
    for (int t = 0; t < n; t++) {
        parts[t] = *job;
        parts[t].first = blocks * t / n;
        parts[t].last = blocks * (t + 1) / n;
        if (job->histogram)
            parts[t].histogram = job->histogram + (size_t)t * BCQ_NC_MAX * (size_t)job->rows;
        if (t) started[t] = pthread_create(&thread[t], NULL, work, &parts[t]) == 0;
    }
    for (int t = 0; t < n; t++)
        if (!started[t]) work(&parts[t]);
    for (int t = 0; t < n; t++)
        if (started[t]) pthread_join(thread[t], NULL);
    return n;
}

int64_t lloyd_assign(const lloyd_data *d, const lloyd_levels *l, int nc, int without, int want,
                     lloyd_work *w) {
    int lanes = nc <= 4 ? 4 : nc <= 8 ? 8 : 16;
    for (int c = 0; c < lanes; c++) {
        if (c < nc && c != without) fill_lane(d, l->level[c], w->table, lanes, c, LANE_BITS);
        else fill_lane_never(d, w->table, lanes, c);
    }
    part job = { .d = d, .table = w->table, .lanes = lanes, .rows = w->rows,
                 .histogram = want & LLOYD_HISTOGRAM ? w->histogram : NULL,
                 .selector = want & LLOYD_SELECTOR ? w->selector : NULL,
                 .error = want & LLOYD_ERROR ? w->error : NULL };
    part parts[THREADS_MAX];
    int n = run_parts(&job, parts, assign_part);
    int64_t sum = 0;
    for (int t = 0; t < n; t++) {
        sum += parts[t].objective[0];
        if (t && job.histogram)
            for (size_t i = 0; i < (size_t)nc * (size_t)w->rows; i++)
                w->histogram[i] += parts[t].histogram[i];
    }
    return sum;
}

/* Lane v of the trial table: variant v, which differs from the codebook between the neighbours of
 * the changed level only. */
static void fill_variants(const lloyd_data *d, const int32_t *level, const lloyd_variant *variant,
                          int count, lloyd_work *w) {
    int n = bcq_entries(&d->p);
    fill_lane(d, level, w->least, 1, 0, 0);
    for (int r = 0; r < w->rows; r++)
        for (int v = 0; v < LANES_TRIAL; v++) w->table[(size_t)r * LANES_TRIAL + v] = w->least[r];
    for (int v = 0; v < count; v++) {
        int k = variant[v].k;
        int32_t changed[BCQ_ENTRIES_MAX];
        memcpy(changed, level, (size_t)n * sizeof *level);
        changed[k] = variant[v].level;
        int at = k ? k - 1 : 0, last = k < n - 1 ? k + 1 : k;
        int from = k ? level[k - 1] / d->fine : -d->y_limit;
        int to = k < n - 1 ? level[k + 1] / d->fine : d->y_limit;
        for (int y = from; y <= to; y++) {
            int32_t value = y * d->fine;
            while (at < last && 2 * value > changed[at] + changed[at + 1]) at++;
            uint32_t distance = (uint32_t)abs(value - changed[at]);
            int r = y + d->y_limit;
            w->table[(size_t)r * LANES_TRIAL + (size_t)v] = distance * distance;
            if (distance * distance < w->least[r]) w->least[r] = distance * distance;
        }
    }
}

void lloyd_trial(const lloyd_data *d, const int32_t *level, const lloyd_variant *variant, int count,
                 lloyd_work *w, int64_t *objective) {
    fill_variants(d, level, variant, count, w);
    part job = { .d = d, .table = w->table, .least = w->least, .error = w->error };
    part parts[THREADS_MAX];
    int n = run_parts(&job, parts, trial_part);
    for (int v = 0; v < count; v++) {
        objective[v] = 0;
        for (int t = 0; t < n; t++) objective[v] += parts[t].objective[v];
    }
}
