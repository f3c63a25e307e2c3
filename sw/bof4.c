#include "bof4.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ZERO = 7, LAST = BOF4_LEVELS - 1, ITERATIONS_MAX = 200000 };
static const double settled = 1e-12;

void bof4_defaults(bof4_options *o) {
    *o = (bof4_options){ .block = 64, .metric = BCQ_METRIC_MSE, .fixed_zero = true, .fixed_one = true };
}

static bool is_fixed(const bof4_options *o, int k) {
    return (o->fixed_zero && k == ZERO) || (o->fixed_one && (k == LAST || (k == 0 && !o->is_signed)));
}

/* Evenly spaced: Lloyd's iteration needs no better start for 16 levels on a smooth density. */
static void start(const bof4_options *o, double *level) {
    for (int k = 0; k < BOF4_LEVELS; k++)
        level[k] = k < ZERO ? (k - ZERO) / (o->is_signed ? 8.0 : 7.0) : (k - ZERO) / 8.0;
}

/* ---- Theory -------------------------------------------------------------------------------- */

/* With m given, the I-1 scalars that are not the largest are independent, normal and cut off at +-m. So an
 * integral over w is one over m, of the density of the largest magnitude p(m) = 2 I F^(I-1) phi(m), F =
 * erf(m / sqrt 2), of an integral over x in closed form. All derivatives of p(m) / F up to the order I - 3
 * vanish at 0 and it is nothing beyond 12: there the trapezoidal rule is exact to rounding. */
enum { NODES = 120 };
static const double m_end = 12;

typedef struct {
    int count;
    double m[NODES];
    double weight[4][NODES];          /* [power]: of dm, times p(m) / F * m^power */
} nodes;

static double density(double x) { return exp(-x * x / 2) * 0.398942280401432678; }
static double below(double x) { return erf(x * M_SQRT1_2) / 2; }   /* normal distribution less 1/2 */

static void make_nodes(nodes *n, int block) {
    n->count = 0;
    for (int i = 0; i < NODES; i++) {
        double m = m_end * (i + 1) / NODES, f = 2 * below(m);
        double weight = m_end / NODES * 2 * block * pow(f, block - 2) * density(m);
        if (weight < 1e-24) continue;  /* in all a part of 1e-20 */
        int j = n->count++;
        n->m[j] = m;
        n->weight[0][j] = weight;
        for (int power = 1; power < 4; power++) n->weight[power][j] = n->weight[power - 1][j] * m;
    }
}

/* Sums over all m of m^power times the integral over x in [a, b] of x^degree, degree 0 to 2. */
static double moment(const nodes *n, int power, int degree, double a, double b) {
    double sum = 0;
    for (int j = 0; j < n->count; j++) {
        double m = n->m[j], part;
        if (degree == 1) {
            part = (density(m * a) - density(m * b)) / m;
        } else {
            part = below(m * b) - below(m * a);
            if (degree == 2) part = (part - m * b * density(m * b) + m * a * density(m * a)) / (m * m);
        }
        sum += n->weight[power][j] * part;
    }
    return sum;
}

/* The mass that one of the largest scalars adds at x = 1, as the others' is counted: they are I - 1. */
static double atom(const nodes *n, const bof4_options *o, int power) {
    return moment(n, power, 0, -1, 1) / (o->block - 1) / (o->is_signed ? 1 : 2);
}

/* c in [a, b] with mass `target` in [a, c]; Newton's steps from `near`, kept inside a bracket. */
static double quantile(const nodes *n, int power, double a, double b, double target,
                       double near) {
    double low = a, high = b, c = fmin(fmax(near, a), b);
    for (int step = 0; step < 200; step++) {
        double slope = 0;
        for (int j = 0; j < n->count; j++)
            slope += n->weight[power + 1][j] * density(n->m[j] * c);
        double excess = moment(n, power, 0, a, c) - target;
        if (excess > 0) high = c;
        else low = c;
        double next = c - excess / slope;
        if (!(next > low && next < high)) next = (low + high) / 2;
        if (fabs(next - c) <= 1e-15) return next;
        c = next;
    }
    return c;
}

static double theory_level(const nodes *n, const bof4_options *o, double a, double b, int k, double near) {
    bool mae = o->af4 || o->metric == BCQ_METRIC_MAE;
    int power = o->af4 ? 0 : mae ? 1 : 2;
    double mass = moment(n, power, 0, a, b);
    /* Reached only where the outermost levels are free. */
    double above = k == LAST ? atom(n, o, power) : 0;
    double under = k == 0 && !o->is_signed ? atom(n, o, power) : 0;
    if (!mae) return (moment(n, power, 1, a, b) + above - under) / (mass + above + under);
    double target = (mass + above + under) / 2 - under;
    return target <= 0 ? a : target >= mass ? b : quantile(n, power, a, b, target, near);
}

static double midpoint(const double *level, int k) { return (level[k - 1] + level[k]) / 2; }

bool bof4_theory(const bof4_options *o, double level[BOF4_LEVELS], bof4_report *report) {
    nodes *n = malloc(sizeof *n);
    if (!n) return false;
    make_nodes(n, o->block);
    start(o, level);
    report->change = 1;
    for (report->iterations = 0; report->change > settled && report->iterations < ITERATIONS_MAX;
         report->iterations++) {
        double next[BOF4_LEVELS];
        report->change = 0;
        for (int k = 0; k < BOF4_LEVELS; k++) {
            double a = k == 0 ? -1 : midpoint(level, k), b = k == LAST ? 1 : midpoint(level, k + 1);
            if (o->af4 && k == ZERO - 1) b = 0;
            if (o->af4 && k == ZERO + 1) a = 0;
            next[k] = is_fixed(o, k) ? level[k] : theory_level(n, o, a, b, k, level[k]);
            report->change = fmax(report->change, fabs(next[k] - level[k]));
        }
        memcpy(level, next, sizeof next);
    }
    free(n);
    bof4_theory_error(o, level, report);
    return report->change <= settled;
}

void bof4_theory_error(const bof4_options *o, const double level[BOF4_LEVELS], bof4_report *report) {
    static const int square = 2, absolute = 1;
    nodes n;
    make_nodes(&n, o->block);
    double mse = 0, mae = 0;
    for (int k = 0; k < BOF4_LEVELS; k++) {
        double a = k == 0 ? -1 : midpoint(level, k), b = k == LAST ? 1 : midpoint(level, k + 1);
        double l = level[k], c = fmin(fmax(l, a), b);
        mse += moment(&n, square, 2, a, b) - 2 * l * moment(&n, square, 1, a, b)
             + l * l * moment(&n, square, 0, a, b);
        mae += l * moment(&n, absolute, 0, a, c) - moment(&n, absolute, 1, a, c)
             + moment(&n, absolute, 1, c, b) - l * moment(&n, absolute, 0, c, b);
    }
    double top = 1 - level[LAST], bottom = o->is_signed ? 0 : 1 + level[0];
    mse += atom(&n, o, square) * (top * top + bottom * bottom);
    mae += atom(&n, o, absolute) * (fabs(top) + fabs(bottom));
    double others = (o->block - 1.0) / o->block;
    report->mse = others * mse;
    report->mae = others * mae;
}

/* ---- Data ---------------------------------------------------------------------------------- */

bool bof4_add_block(bof4_samples *s, const float *w, int count, bool is_signed) {
    float m = 0;
    for (int i = 0; i < count; i++)
        if (fabsf(w[i]) > fabsf(m)) m = w[i];
    if (m == 0) return true;
    if (!is_signed) m = fabsf(m);
    if (s->count + count > s->room) {
        int64_t room = 2 * s->room + BOF4_BLOCK_MAX;
        bof4_sample *grown = realloc(s->at, (size_t)room * sizeof *grown);
        if (!grown) return false;
        s->at = grown;
        s->room = room;
    }
    for (int i = 0; i < count; i++) s->at[s->count++] = (bof4_sample){ w[i] / m, fabsf(m) };
    s->sorted = false;
    return true;
}

bool bof4_add_tensor(bof4_samples *s, const bcq_tensor *t, int64_t every, bool bf16, const bof4_options *o,
                     bcq_error *error) {
    int64_t k = bcq_tensor_k(t), blocks = (k - 1) / o->block + 1, number = 0;
    for (int64_t row = 0; row < bcq_tensor_rows(t); row++) {
        for (int64_t b = 0; b < blocks; b++, number++) {
            if (number % every) continue;
            float w[BOF4_BLOCK_MAX];
            int64_t left = k - b * o->block, count = left < o->block ? left : o->block;
            if (!bcq_tensor_read(t, row, b * o->block, count, bf16, w, error)) return false;
            if (!bof4_add_block(s, w, (int)count, o->is_signed))
                return bcq_fail(error, "%s: wanted memory for its scalars, got none", bcq_tensor_name(t));
        }
    }
    return true;
}

void bof4_samples_free(bof4_samples *s) {
    free(s->at);
    *s = (bof4_samples){ 0 };
}

static int by_x(const void *a, const void *b) {
    float x = ((const bof4_sample *)a)->x, y = ((const bof4_sample *)b)->x;
    return (x > y) - (x < y);
}

/* Sums over the first i samples, i = 0 to count: so a cell is a difference. */
typedef struct {
    double *weight, *first;   /* [count + 1] */
} sums;

/* How many samples are below x: a value on a midpoint belongs to the upper level. */
static int64_t rank_of(const bof4_samples *s, double x) {
    int64_t low = 0, high = s->count;
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        if (s->at[middle].x < x) low = middle + 1;
        else high = middle;
    }
    return low;
}

/* "The largest kappa whose cumulative weight does not exceed the rest"; the first if there is none. */
static double median(const bof4_samples *s, const sums *u, int64_t from, int64_t to) {
    double half = (u->weight[from] + u->weight[to]) / 2;
    int64_t low = from, high = to - 1;
    while (low < high) {
        int64_t middle = low + (high - low + 1) / 2;
        if (u->weight[middle + 1] <= half) low = middle;
        else high = middle - 1;
    }
    return s->at[low].x;
}

static double data_level(const bof4_samples *s, const sums *u, const bof4_options *o, int64_t from,
                         int64_t to) {
    if (o->metric == BCQ_METRIC_MAE) return median(s, u, from, to);
    return (u->first[to] - u->first[from]) / (u->weight[to] - u->weight[from]);
}

static void data_error(const bof4_samples *s, const double *level, bof4_report *report) {
    double mse = 0, mae = 0;
    int k = 0;
    for (int64_t i = 0; i < s->count; i++) {
        while (k < LAST && s->at[i].x >= midpoint(level, k + 1)) k++;
        double error = s->at[i].m * fabs(s->at[i].x - level[k]);
        mse += error * error;
        mae += error;
    }
    report->mse = mse / (double)s->count;
    report->mae = mae / (double)s->count;
}

bool bof4_fit(bof4_samples *s, const bof4_options *o, double level[BOF4_LEVELS], bof4_report *report,
              bcq_error *error) {
    if (s->count == 0) return bcq_fail(error, "bof4: wanted scalars other than 0, got none");
    size_t bytes = (size_t)(s->count + 1) * sizeof(double);
    sums u = { malloc(bytes), malloc(bytes) };
    if (!u.weight || !u.first) {
        free(u.weight);
        free(u.first);
        return bcq_fail(error, "bof4: wanted memory for %lld scalars, got none", (long long)s->count);
    }
    if (!s->sorted) qsort(s->at, (size_t)s->count, sizeof *s->at, by_x);
    s->sorted = true;
    u.weight[0] = u.first[0] = 0;
    for (int64_t i = 0; i < s->count; i++) {
        double m = s->at[i].m, weight = o->metric == BCQ_METRIC_MAE ? m : m * m;
        u.weight[i + 1] = u.weight[i] + weight;
        u.first[i + 1] = u.first[i] + weight * s->at[i].x;
    }
    start(o, level);
    report->change = 1;
    for (report->iterations = 0; report->change > settled && report->iterations < ITERATIONS_MAX;
         report->iterations++) {
        double next[BOF4_LEVELS];
        report->change = 0;
        for (int k = 0; k < BOF4_LEVELS; k++) {
            int64_t from = k == 0 ? 0 : rank_of(s, midpoint(level, k));
            int64_t to = k == LAST ? s->count : rank_of(s, midpoint(level, k + 1));
            /* A level without samples stays where it is. */
            next[k] = is_fixed(o, k) || from == to ? level[k] : data_level(s, &u, o, from, to);
            report->change = fmax(report->change, fabs(next[k] - level[k]));
        }
        memcpy(level, next, sizeof next);
    }
    free(u.weight);
    free(u.first);
    data_error(s, level, report);
    return report->change <= settled
        || bcq_fail(error, "bof4: wanted levels that settle, got changes of %g after %d iterations",
                    report->change, report->iterations);
}
