/* Clustering on top of the passes and the one-dimensional levels: LO-BCQ's alternation, the split
 * of a cluster, and the descent over single entries. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "lloyd.h"

/* ---- Trace --------------------------------------------------------------------------------- */

static void trace_half_step(lloyd_trace *trace, const char *half_step, int64_t objective) {
    if (!trace) return;
    trace->half_steps++;
    double nmse = (double)objective / trace->signal;
    if (trace->csv)
        fprintf(trace->csv, "%lld,%s,%s,%.9e\n", (long long)trace->half_steps, trace->phase,
                half_step, nmse);
    if (trace->progress)
        fprintf(stderr, "\rcalibrate: %s, half-step %lld, error %.5e ", trace->phase,
                (long long)trace->half_steps, nmse);
}

double lloyd_signal(const lloyd_data *d, lloyd_work *w) {
    lloyd_levels zero = { 0 };
    lloyd_assign(d, &zero, 1, -1, LLOYD_HISTOGRAM, w);
    double sum = 0;
    for (int r = 0; r < w->rows; r++) {
        double y = (double)(r - d->y_limit) * d->fine;
        sum += (double)w->histogram[r] * y * y;
    }
    return sum;
}

/* ---- Splitting ----------------------------------------------------------------------------- */

int lloyd_feature_limit(const lloyd_data *d) { return BCQ_LB_MAX * d->y_limit; }

static int feature_of(const lloyd_data *d, int64_t block, lloyd_split by) {
    const uint16_t *row = d->row + block * d->p.lb;
    int max = -d->y_limit, min = d->y_limit, sum = 0, sum_abs = 0;
    for (int i = 0; i < d->p.lb; i++) {
        int y = row[i] - d->y_limit;
        max = y > max ? y : max;
        min = y < min ? y : min;
        sum += y;
        sum_abs += abs(y);
    }
    switch (by) {
        case SPLIT_MAX:     return max;
        case SPLIT_MIN:     return min;
        case SPLIT_RANGE:   return max - min;
        case SPLIT_SKEW:    return max + min;
        case SPLIT_SUM_ABS: return sum_abs;
        case SPLIT_SUM:     return sum;
        default:            return max > -min ? max : -min;
    }
}

/* The lowest value with share/256 of the weight at or below it, or the next lower one if that were
 * all of the weight. False if there is one value only. */
static bool cut_at(const int64_t *weight, int size, int share, int *cut) {
    double total = 0, below = 0;
    int before = -1;
    for (int v = 0; v < size; v++) total += (double)weight[v];
    for (int v = 0; v < size; v++) {
        if (!weight[v]) continue;
        below += (double)weight[v];
        if (256 * below >= share * total) {
            *cut = below < total ? v : before;
            return *cut >= 0;
        }
        before = v;
    }
    return false;
}

bool lloyd_split_cluster(const lloyd_data *d, lloyd_levels *l, int from, int to, lloyd_split by,
                         int share, lloyd_work *w) {
    int offset = lloyd_feature_limit(d), size = 2 * offset + 1, cut;
    memset(w->feature, 0, (size_t)size * sizeof *w->feature);
    for (int64_t b = 0; b < d->blocks; b++)
        if (w->selector[b] == from)
            w->feature[feature_of(d, b, by) + offset] += d->weight ? d->weight[b] : 1;
    if (!cut_at(w->feature, size, share, &cut)) return false;

    int64_t *low = w->half, *high = w->half + w->rows;
    memset(w->half, 0, 2 * (size_t)w->rows * sizeof *w->half);
    for (int64_t b = 0; b < d->blocks; b++) {
        if (w->selector[b] != from) continue;
        int64_t *half = feature_of(d, b, by) + offset <= cut ? low : high;
        for (int i = 0; i < d->p.lb; i++)
            half[d->row[b * d->p.lb + i]] += d->weight ? d->weight[b] : 1;
    }
    lloyd_best_entries(d, low, l->level[from], w);
    lloyd_best_entries(d, high, l->level[to], w);
    return true;
}

/* Gives every empty cluster half of the worst one, by the first statistic with which that lowers
 * the error; all other codebooks stay. Returns the objective. */
static int64_t reseed_empty(const lloyd_data *d, lloyd_levels *l, int nc, int64_t objective,
                            lloyd_work *w, lloyd_trace *trace) {
    for (int empty = 0; empty < nc; empty++) {
        int64_t weight = 0, worst_error = 0;
        for (int r = 0; r < w->rows; r++) weight += lloyd_histogram(w, empty)[r];
        if (weight) continue;
        int worst = -1;
        for (int c = 0; c < nc; c++) {
            int64_t e = lloyd_levels_error(d, lloyd_histogram(w, c), l->level[c], w);
            if (e > worst_error) { worst_error = e; worst = c; }
        }
        if (worst < 0) return objective;  /* no error is left to take away */
        lloyd_levels tried = *l;
        for (int by = 0; by < SPLITS; by++) {
            /* The empty codebook is free to change: no block is its own. */
            if (!lloyd_split_cluster(d, &tried, worst, empty, (lloyd_split)by, 128, w)) continue;
            memcpy(tried.level[worst], l->level[worst], sizeof l->level[worst]);
            int64_t e = lloyd_assign(d, &tried, nc, -1, LLOYD_HISTOGRAM | LLOYD_SELECTOR, w);
            if (e < objective) {
                *l = tried;
                objective = e;
                trace_half_step(trace, "reseed", objective);
                break;
            }
            memcpy(tried.level[empty], l->level[empty], sizeof l->level[empty]);
            lloyd_assign(d, l, nc, -1, LLOYD_HISTOGRAM | LLOYD_SELECTOR, w);
        }
    }
    return objective;
}

/* ---- Alternation --------------------------------------------------------------------------- */

int64_t lloyd_alternate(const lloyd_data *d, lloyd_levels *l, int nc, int iterations, bool entries,
                        lloyd_work *w, lloyd_trace *trace, int *done) {
    int64_t error = INT64_MAX;
    int i = 0;
    for (;;) {
        int64_t clustered = lloyd_assign(d, l, nc, -1, LLOYD_HISTOGRAM | LLOYD_SELECTOR, w);
        assert(clustered <= error);
        trace_half_step(trace, "cluster", clustered);
        clustered = reseed_empty(d, l, nc, clustered, w, trace);
        bool still = clustered == error;
        error = clustered;
        if (still || i == iterations) break;
        i++;
        int64_t levelled = 0;
        for (int c = 0; c < nc; c++) {
            const int64_t *h = lloyd_histogram(w, c);
            levelled += entries ? lloyd_best_entries(d, h, l->level[c], w)
                                : lloyd_max(d, h, l->level[c], w);
        }
        if (!entries || i > 1) assert(levelled <= error);
        error = levelled;
        /* The error may grow at one kind of step only, when real levels become integers. */
        trace_half_step(trace, !entries ? "levels" : i > 1 ? "entries" : "to entries", error);
    }
    if (done) *done = i;
    return error;
}

/* ---- Descent over single entries ----------------------------------------------------------- */

/* All changes of one entry of `level` by 1, less those that leave no 0. */
static int variants_of(const lloyd_data *d, const int32_t *level, lloyd_variant *variant) {
    int n = bcq_entries(&d->p), unit = 16 * d->fine, limit = bcq_cmax(&d->p) * unit;
    int count = 0, zeros = 0;
    for (int k = 0; k < n; k++) zeros += level[k] == 0;
    for (int k = 0; k < n; k++) {
        if (d->zero && level[k] == 0 && zeros == 1) continue;
        /* Of equal entries the lowest moves down and the highest up, which keeps the order. */
        if (level[k] - unit >= -limit && (k == 0 || level[k - 1] < level[k]))
            variant[count++] = (lloyd_variant){ k, level[k] - unit };
        if (level[k] + unit <= limit && (k == n - 1 || level[k + 1] > level[k]))
            variant[count++] = (lloyd_variant){ k, level[k] + unit };
    }
    return count;
}

int64_t lloyd_refine(const lloyd_data *d, lloyd_levels *l, int nc, int64_t objective, lloyd_work *w,
                     lloyd_trace *trace) {
    int settled = 0;  /* codebooks in a row that no change helped */
    for (int c = 0; settled < nc; c = (c + 1) % nc) {
        lloyd_assign(d, l, nc, c, LLOYD_ERROR, w);
        settled++;
        for (;;) {
            lloyd_variant variant[LLOYD_VARIANTS];
            int64_t tried[LLOYD_VARIANTS];
            int count = variants_of(d, l->level[c], variant), best = -1;
            lloyd_trial(d, l->level[c], variant, count, w, tried);
            for (int v = 0; v < count; v++)
                if (tried[v] < objective) { objective = tried[v]; best = v; }
            if (best < 0) break;
            l->level[c][variant[best].k] = variant[best].level;
            settled = 0;
        }
        trace_half_step(trace, "descend", objective);
    }
    return objective;
}
