/* The one-dimensional part: levels of one cluster from its histogram of Y. */
#include <string.h>

#include "lloyd.h"

/* Sums over the values below a row, so that a cell's weight, mean and error cost three
 * subtractions each. */
static void prefix_sums(const lloyd_data *d, const int64_t *histogram, lloyd_work *w) {
    int64_t *sum_w = w->prefix, *sum_y = sum_w + w->rows + 1, *sum_yy = sum_y + w->rows + 1;
    sum_w[0] = sum_y[0] = sum_yy[0] = 0;
    for (int r = 0; r < w->rows; r++) {
        int64_t y = r - d->y_limit;
        sum_w[r + 1] = sum_w[r] + histogram[r];
        sum_y[r + 1] = sum_y[r] + histogram[r] * y;
        sum_yy[r + 1] = sum_yy[r] + histogram[r] * y * y;
    }
}

/* First row above the midpoint of two levels: a value on the midpoint belongs to the lower one. */
static int first_above(const lloyd_data *d, int32_t lower, int32_t upper) {
    int32_t twice = 2 * d->fine, sum = lower + upper;
    int32_t y = (sum >= 0 ? sum / twice : -((-sum + twice - 1) / twice)) + 1;  /* floor + 1 */
    int row = y + d->y_limit;
    return row < 0 ? 0 : row > 2 * d->y_limit + 1 ? 2 * d->y_limit + 1 : row;
}

/* Squared error of rows [first, last) against one level. */
static int64_t cell_error(const lloyd_data *d, const lloyd_work *w, int first, int last,
                          int32_t level) {
    const int64_t *sum_w = w->prefix, *sum_y = sum_w + w->rows + 1, *sum_yy = sum_y + w->rows + 1;
    int64_t n = sum_w[last] - sum_w[first], y = sum_y[last] - sum_y[first];
    int64_t yy = sum_yy[last] - sum_yy[first], fine = d->fine;
    return fine * fine * yy - 2 * fine * level * y + (int64_t)level * level * n;
}

static int64_t prefix_error(const lloyd_data *d, const lloyd_work *w, const int32_t *level) {
    int n = bcq_entries(&d->p), first = 0;
    int64_t error = 0;
    for (int k = 0; k < n; k++) {
        int last = k + 1 < n ? first_above(d, level[k], level[k + 1]) : w->rows;
        error += cell_error(d, w, first, last, level[k]);
        first = last;
    }
    return error;
}

int64_t lloyd_levels_error(const lloyd_data *d, const int64_t *histogram, const int32_t *level,
                           lloyd_work *w) {
    prefix_sums(d, histogram, w);
    return prefix_error(d, w, level);
}

/* a / b to the nearest integer, b > 0. */
static int64_t divide_nearest(int64_t a, int64_t b) {
    return a >= 0 ? (2 * a + b) / (2 * b) : -((-2 * a + b) / (2 * b));
}

int64_t lloyd_max(const lloyd_data *d, const int64_t *histogram, int32_t *level, lloyd_work *w) {
    prefix_sums(d, histogram, w);
    const int64_t *sum_w = w->prefix, *sum_y = sum_w + w->rows + 1;
    int n = bcq_entries(&d->p), zero = -1;
    int32_t limit = 16 * d->fine * bcq_cmax(&d->p);
    for (int k = 0; d->zero && k < n; k++)
        if (level[k] == 0) zero = k;
    int64_t error = prefix_error(d, w, level);
    for (;;) {
        int32_t next[BCQ_ENTRIES_MAX];
        int first = 0;
        for (int k = 0; k < n; k++) {
            int last = k + 1 < n ? first_above(d, level[k], level[k + 1]) : w->rows;
            int64_t weight = sum_w[last] - sum_w[first];
            next[k] = level[k];
            if (k != zero && weight) {
                int64_t mean = divide_nearest((sum_y[last] - sum_y[first]) * d->fine, weight);
                next[k] = (int32_t)(mean > limit ? limit : mean < -limit ? -limit : mean);
            }
            first = last;
        }
        int64_t next_error = prefix_error(d, w, next);
        if (next_error >= error) return error;
        memcpy(level, next, (size_t)n * sizeof *level);
        error = next_error;
    }
}

/* path[j][v]: least error of all values up to candidate v when it is the j-th level. With a 0
 * forced, no cell boundary may lie between a negative and a positive level. */
int64_t lloyd_best_entries(const lloyd_data *d, const int64_t *histogram, int32_t *level,
                           lloyd_work *w) {
    prefix_sums(d, histogram, w);
    int cmax = bcq_cmax(&d->p), candidates = 2 * cmax + 1, unit = 16 * d->fine;
    int wanted = bcq_entries(&d->p), n = wanted < candidates ? wanted : candidates;
    /* Between candidates a < b: what the values between them cost. */
    int64_t *between = w->path, *cost = between + candidates * candidates;
    int64_t *from = cost + BCQ_ENTRIES_MAX * candidates;
    for (int a = 0; a < candidates; a++) {
        int row_a = (a - cmax) * 16 + d->y_limit + 1;  /* first row above candidate a */
        for (int b = a + 1; b < candidates; b++) {
            int row_b = (b - cmax) * 16 + d->y_limit + 1;
            int middle = (a + b - 2 * cmax) * 8 + d->y_limit + 1;
            between[a * candidates + b] = cell_error(d, w, row_a, middle, (a - cmax) * unit) +
                                          cell_error(d, w, middle, row_b, (b - cmax) * unit);
        }
    }
    for (int v = 0; v < candidates; v++)
        cost[v] = d->zero && v > cmax ? INT64_MAX
                : cell_error(d, w, 0, (v - cmax) * 16 + d->y_limit + 1, (v - cmax) * unit);
    for (int j = 1; j < n; j++) {
        const int64_t *before = cost + (j - 1) * candidates;
        for (int v = 0; v < candidates; v++) {
            int64_t least = INT64_MAX, least_from = -1;
            for (int u = d->zero && v > cmax ? cmax : j - 1; u < v; u++) {
                if (before[u] == INT64_MAX) continue;
                int64_t e = before[u] + between[u * candidates + v];
                if (e < least) { least = e; least_from = u; }
            }
            cost[j * candidates + v] = least;
            from[j * candidates + v] = least_from;
        }
    }
    int64_t least = INT64_MAX, v = -1;
    for (int u = d->zero ? cmax : n - 1; u < candidates; u++) {
        int64_t e = cost[(n - 1) * candidates + u];
        if (e == INT64_MAX) continue;
        e += cell_error(d, w, (u - cmax) * 16 + d->y_limit + 1, w->rows, (u - cmax) * unit);
        if (e < least) { least = e; v = u; }
    }
    for (int k = n; k < wanted; k++) level[k] = (int32_t)(v - cmax) * unit;  /* EW 4: equal ones */
    for (int j = n - 1; j >= 0; j--) {
        level[j] = (int32_t)(v - cmax) * unit;
        if (j) v = from[j * candidates + v];
    }
    return least;
}
