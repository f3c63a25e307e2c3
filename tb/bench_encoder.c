/* What the encoder's exact selection costs and buys, measured. Usage: bench_encoder [CONFIG [TENSOR]...]
 *
 *   1. An inexact selector: a table addressed by the largest magnitude of a block, its sign and the second
 *      moment (structure_moments of synth/encoder_structures.sv) chooses the codebook, one trial follows.
 *      The table is the best there is for its training data; the error is that of other data.
 *   2. Early rejection: how many squared errors a serial trial could leave out, the result being the same.
 *   3. Encoder against array: clock cycles of both at several widths N, from the simulated hardware. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "calibrate.h"
#include "moments.h"
#include "random.h"
#include "rtl.h"
#include "rtl_encoder.h"

static void die(const char *message) {
    fprintf(stderr, "bench_encoder: %s\n", message);
    exit(2);
}

typedef struct { float *x; int64_t count; } data;  /* count scalars, a multiple of LA */

static data normals(int64_t count) {
    data d = { malloc((size_t)count * sizeof(float)), count };
    if (!d.x) die("out of memory");
    for (int64_t i = 0; i < count; i++) d.x[i] = (float)normal();
    return d;
}

/* Every second row, from `first` on, cut to whole block arrays. */
static data read_rows(const char *name, int first, int la) {
    bcq_error error;
    bcq_tensor *t = bcq_tensor_open(name, &error);
    if (!t) die(error.message);
    int64_t k = bcq_tensor_k(t) / la * la, rows = bcq_tensor_rows(t);
    data d = { malloc((size_t)(k * rows) * sizeof(float)), 0 };
    if (!d.x) die("out of memory");
    for (int64_t row = first; row < rows; row += 2, d.count += k)
        if (!bcq_tensor_read(t, row, 0, k, true, d.x + d.count, &error)) die(error.message);
    bcq_tensor_close(t);
    return d;
}

typedef struct { double signal, exact, inexact; int64_t squares, needed, blocks, same; } totals;

static void pass(const data *d, const bcq_codebooks *cb, double (*weight)[BCQ_NC_MAX], const uint8_t *table,
                 totals *sum) {
    const bcq_params *p = &cb->p;
    float amax = 0;
    int e;
    for (int64_t i = 0; i < d->count; i++) amax = fabsf(d->x[i]) > amax ? fabsf(d->x[i]) : amax;
    if (!bcq_tensor_exponent(amax, p, &e)) die("no exponent");
    for (int64_t at = 0; at < d->count; at += p->la) {
        float largest = 0;
        for (int i = 0; i < p->la; i++) largest = fmaxf(largest, fabsf(d->x[at + i]));
        uint8_t scale = bcq_scale_encode(largest, e, p);
        for (int block = 0; block < p->la; block += p->lb) {
            const float *x = d->x + at + block;
            int32_t y[BCQ_LB_MAX];
            uint8_t index[BCQ_NC_MAX][BCQ_LB_MAX];
            int64_t least = 0;
            int best = 0;
            for (int i = 0; i < p->lb; i++) y[i] = bcq_normalise_x16(x[i], scale, e, p);
            int key = moments_key(y, p);
            for (int c = 0; c < p->nc; c++) {
                int64_t error = bcq_block_error(y, cb->entry[c], p, index[c]), partial = 0;
                if (weight) weight[key][c] += (double)error;
                for (int i = 0; i < p->lb; i++, sum->squares++) {
                    int64_t difference = y[i] - 16 * cb->entry[c][index[c][i]];
                    if (c && partial >= least) continue;  /* it can no longer win */
                    partial += difference * difference;
                    sum->needed++;
                }
                if (c == 0 || error < least) { least = error; best = c; }
            }
            if (!table) continue;
            sum->blocks++;
            sum->same += table[key] == best;
            for (int i = 0; i < p->lb; i++) {
                double a = bcq_decode_value(cb->entry[best][index[best][i]], scale, e) - x[i];
                double b = bcq_decode_value(cb->entry[table[key]][index[table[key]][i]], scale, e) - x[i];
                sum->signal += (double)x[i] * x[i];
                sum->exact += a * a;
                sum->inexact += b * b;
            }
        }
    }
}

static void selector(const char *name, const data *train, const data *test) {
    bcq_calibrate_options o;
    bcq_calibrate_report report;
    bcq_error error;
    bcq_codebooks cb;
    bcq_calibrate_defaults(&o);
    calibrate_source source = { .x = train->x, .rows = train->count / o.p.la, .k = o.p.la, .name = name };
    if (!calibrate_sources(&source, 1, &o, &cb, &report, &error)) die(error.message);
    static double weight[MOMENTS_KEYS][BCQ_NC_MAX];
    static uint8_t table[MOMENTS_KEYS];
    totals sum = { 0 };
    memset(weight, 0, sizeof weight);
    pass(train, &cb, weight, NULL, &sum);
    double all[BCQ_NC_MAX] = { 0 };
    for (int key = 0; key < MOMENTS_KEYS; key++) for (int c = 0; c < cb.p.nc; c++) all[c] += weight[key][c];
    for (int key = 0; key < MOMENTS_KEYS; key++) {
        const double *w = weight[key][0] > 0 ? weight[key] : all;  /* a key that training never met */
        table[key] = 0;
        for (int c = 1; c < cb.p.nc; c++) if (w[c] < w[table[key]]) table[key] = (uint8_t)c;
    }
    memset(&sum, 0, sizeof sum);
    pass(test, &cb, NULL, table, &sum);
    printf("  %-28s %8lld blocks  NMSE exact %.3e, inexact %.3e (x %.2f), same choice %.0f %%\n", name,
           (long long)sum.blocks, sum.exact / sum.signal, sum.inexact / sum.signal, sum.inexact / sum.exact,
           100 * (double)sum.same / (double)sum.blocks);
    printf("  %-28s %8s         early rejection leaves out %.0f %% of the squares\n", "", "",
           100 * (1 - (double)sum.needed / (double)sum.squares));
}

static void against_array(const char *config) {
    bcq_error error;
    encoder *e = encoder_open(config, 1, &error);
    rtl *r = e ? rtl_open(config, false, 1, &error) : NULL;
    if (!r) die(error.message);
    const encoder_build *eb = encoder_get_build(e);
    const rtl_build *b = rtl_get_build(r);
    enum { ARRAYS = 8 };
    int64_t m = b->t, count = m * ARRAYS, n_most = 4 * (int64_t)encoder_period(eb) * b->cols;
    uint16_t *x = malloc((size_t)(count * b->la) * sizeof *x);
    int8_t *exponent = calloc((size_t)count, 1);
    bcq_array *a = calloc((size_t)count, sizeof *a), *w = calloc((size_t)(n_most * ARRAYS), sizeof *w);
    float *acc = calloc((size_t)(m * n_most), sizeof *acc);
    if (!x || !exponent || !a || !w || !acc) die("out of memory");
    for (int64_t i = 0; i < count * b->la; i++) x[i] = bcq_f32_to_bf16((float)(1000 * normal()));
    bcq_codebooks cb = { .p = { b->la, b->lb, b->nc, b->index_bits, b->entry_bits } };
    if (eb->frozen) { if (!rtl_frozen_codebooks(config, &cb, &error)) die(error.message); }
    else if (!encoder_load_codebooks(e, &cb, &error)) die(error.message);
    encoder_run_options eo = { .stall = NULL };
    encoder_run_report er;
    struct timespec before, after;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &before);
    if (!encoder_run(e, x, exponent, count, &eo, a, &er, &error)) die(error.message);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &after);
    double seconds = (double)(after.tv_sec - before.tv_sec) + 1e-9 * (double)(after.tv_nsec - before.tv_nsec);
    printf("\nEncoder against array, configuration %s: one tile of %lld tokens, K = %d; %llu cycles a block "
           "array,\n%d columns: it hides from N = %llu on\n", config, (long long)m, ARRAYS * b->la,
           (unsigned long long)encoder_period(eb), b->cols,
           (unsigned long long)(encoder_period(eb) - 1) * (unsigned long long)b->cols + 1);
    printf("      N   encoder     array   encoder's excess\n");
    int64_t edge = (int64_t)(encoder_period(eb) - 1) * b->cols;
    int64_t widths[] = { edge / 2, edge, edge + 1, edge + b->cols, 2 * edge };
    for (size_t i = 0; i < sizeof widths / sizeof widths[0]; i++) {
        if (widths[i] < 1 || widths[i] > n_most) continue;
        rtl_operands operands = { m, widths[i], ARRAYS, a, w, b->lb, b->lb };
        rtl_run_options ro = { .stall = NULL };
        rtl_run_report rr;
        if (!b->frozen && !rtl_load_codebooks(r, &cb, &cb)) die("no codebooks taken");
        if (!rtl_run(r, &operands, &ro, acc, &rr, &error)) die(error.message);
        printf("%7lld %9llu %9llu   %lld\n", (long long)widths[i], (unsigned long long)er.cycles,
               (unsigned long long)rr.cycles, (long long)er.cycles - (long long)rr.cycles);
    }
    printf("simulation of the encoder: %.0f kHz, %.3f M scalars/s of processor time\n",
           (double)er.cycles / seconds / 1e3, (double)(count * b->la) / seconds / 1e6);
    free(x); free(exponent); free(a); free(w); free(acc);
    encoder_close(e);
    rtl_close(r);
}

int main(int argc, char **argv) {
    random_state = 1;
    printf("Selector by the largest magnitude, its sign and the second moment, against trying all 16 codebooks\n"
           "(LA 64, LB 8, EW 6; codebooks and table from one half of the data, errors of the other)\n");
    data train = normals(1 << 22), test = normals(1 << 20);
    selector("N(0,1)", &train, &test);
    for (int i = 2; i < argc; i++) {
        data odd = read_rows(argv[i], 1, 64), even = read_rows(argv[i], 0, 64);
        selector(strchr(argv[i], ':') ? strchr(argv[i], ':') + 1 : argv[i], &odd, &even);
        free(odd.x); free(even.x);
    }
    free(train.x); free(test.x);
    against_array(argc > 1 ? argv[1] : "default");
    return 0;
}
