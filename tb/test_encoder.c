/* The on-line encoder (rtl/bcq_encoder.sv) against the golden model, to the bit, and its cycles against
 * the formula. Usage: test_encoder [-seed S] [-runs N] [-tensor FILE:NAME]... [-mutant N] CONFIG|MODEL.so...
 *
 * A case is a run of block arrays. Directed ones come first, then N random runs a configuration, with a
 * stall rate a side from {0, 1/8, 1/2, 7/8}, with and without bursts. What was covered is counted and
 * printed; a class that stayed empty fails. */
#include <stdlib.h>
#include <string.h>

#include "rtl.h"
#include "rtl_encoder.h"
#include "stall.h"

static uint64_t seed = 1;
static long passed, failed, arrays_checked;
static long mutant = -1;  /* of a mutated model, or none */

/* A mutant is caught by its first failure. */
static void count_failure(void) {
    failed++;
    if (mutant <= 0) return;
    printf("%ld passed, %ld failed\n", passed, failed);
    exit(EXIT_FAILURE);
}

enum {
    C_ZERO_ARRAY, C_EQUAL, C_GIANT, C_AMAX, C_NAN, C_INFINITY, C_SUBNORMAL, C_SCALE_ZERO, C_SCALE_SUBNORMAL,
    C_SCALE_LARGEST, C_INDEX_TIE, C_SELECTOR_TIE, C_DUPLICATE, C_SATURATED, C_FEWER_BOOKS, C_EXPONENTS,
    C_PATTERN, C_LARGEST_ERROR, C_BESIDE_TIE, C_FORMULA, C_RESET, C_CLEAR, C_REAL, CLASSES
};
static const char *const class_name[CLASSES] = {
    "arrays of zeros", "all-equal blocks", "one giant among tiny values", "every amax mantissa",
    "NaN inputs", "infinite inputs", "subnormal inputs", "scale 0", "subnormal scales",
    "scale 448, arrays beyond it", "ties between entries", "ties between codebooks",
    "equal entries in a codebook", "saturated values", "fewer codebooks than the build",
    "tensor exponents that change", "random bit patterns", "the largest error", "values beside a tie",
    "cycles equal to the formula", "reset in the middle of a run",
    "flag cleared", "arrays of a real tensor",
};
static long class_count[CLASSES];

static const char *const side_name[ENCODER_SIDES] = { "input", "output" };
static long rate_count[ENCODER_SIDES][RATES][2];

enum { BURSTS = 40 };  /* the longest, in cycles */
static stall_side sides[ENCODER_SIDES];

static bool stall(void *context, int side) {
    (void)context;
    return stall_next(&sides[side]);
}

static void no_stalls(void) { memset(sides, 0, sizeof sides); }

/* ---- One run ------------------------------------------------------------------------------------------ */

enum { ARRAYS_MAX = 256 };
static uint16_t x[ARRAYS_MAX * BCQ_LA_MAX];
static int8_t exponent[ARRAYS_MAX];
static bcq_array got[ARRAYS_MAX];

/* What the golden model makes of one array; counts what it is a case of. */
static void golden(const uint16_t *bits, int e, const bcq_codebooks *cb, bcq_array *want, bool *sticky) {
    const bcq_params *p = &cb->p;
    float value[BCQ_LA_MAX];
    for (int i = 0; i < p->la; i++) {
        value[i] = bcq_online_bf16(bits[i], sticky);
        int biased = bits[i] >> 7 & 0xFF, fraction = bits[i] & 0x7F;
        class_count[C_NAN] += biased == 0xFF && fraction;
        class_count[C_INFINITY] += biased == 0xFF && !fraction;
        class_count[C_SUBNORMAL] += biased == 0 && fraction;
    }
    memset(want, 0, sizeof *want);
    bcq_encode_array(value, e, cb, want);
    class_count[C_SCALE_ZERO] += want->scale == 0;
    class_count[C_SCALE_SUBNORMAL] += want->scale > 0 && want->scale < 8;
    for (int block = 0; block < p->la / p->lb; block++) {
        int32_t y[BCQ_LB_MAX];
        int64_t error[BCQ_NC_MAX];
        uint8_t index[BCQ_LB_MAX];
        for (int i = 0; i < p->lb; i++) {
            y[i] = bcq_normalise_x16(value[block * p->lb + i], want->scale, e, p);
            class_count[C_SATURATED] += abs(y[i]) == 16 * bcq_cmax(p);
            if (want->scale == BCQ_SCALE_MAX_CODE && abs(y[i]) == 16 * bcq_cmax(p))
                class_count[C_SCALE_LARGEST]++;
        }
        for (int c = 0; c < p->nc; c++) {
            error[c] = bcq_block_error(y, cb->entry[c], p, index);
            for (int i = 0; i < p->lb; i++)
                for (int k = 0; k + 1 < bcq_entries(p); k++)
                    class_count[C_INDEX_TIE] += cb->entry[c][k] != cb->entry[c][k + 1]
                        && 2 * y[i] == 16 * (cb->entry[c][k] + cb->entry[c][k + 1]);
            if (c > want->selector[block])
                class_count[C_SELECTOR_TIE] += error[c] == error[want->selector[block]];
        }
    }
}

static void run(encoder *r, const char *config, const char *what, const bcq_codebooks *cb, int arrays) {
    const encoder_build *b = encoder_get_build(r);
    bool free_running = rate_in_8[sides[0].rate] == 0 && rate_in_8[sides[1].rate] == 0;
    encoder_run_options options = { .stall = free_running ? NULL : stall };
    encoder_run_report report;
    bcq_error error;
    char where[160];
    snprintf(where, sizeof where, "%s %s seed=%llu arrays=%d", config, what, (unsigned long long)seed,
             arrays);
    if ((!b->frozen && !encoder_load_codebooks(r, cb, &error))
        || !encoder_run(r, x, exponent, arrays, &options, got, &report, &error)) {
        fprintf(stderr, "FAIL %s: %s\n", where, error.message);
        count_failure();
        encoder_reset(r);
        return;
    }
    bool good = true, sticky = false;
    for (int j = 0; j < arrays; j++) {
        bcq_array want;
        golden(x + j * b->la, exponent[j], cb, &want, &sticky);
        for (int i = -1 - b->la / b->lb; good && i < b->la; i++) {
            int have = i < 0 ? i == -1 ? got[j].scale : got[j].selector[-2 - i] : got[j].index[i];
            int wish = i < 0 ? i == -1 ? want.scale : want.selector[-2 - i] : want.index[i];
            if (have == wish) continue;
            fprintf(stderr, "FAIL %s: array %d, %s %d: rtl %d, golden %d\n", where, j,
                    i == -1 ? "scale" : i < 0 ? "selector" : "index", i < 0 ? i == -1 ? 0 : -2 - i : i,
                    have, wish);
            good = false;
        }
    }
    if (report.nonfinite != sticky) {
        fprintf(stderr, "FAIL %s: nonfinite rtl %d, golden %d\n", where, report.nonfinite, sticky);
        good = false;
    }
    if (sticky) {
        encoder_clear(r);
        if (!encoder_is_reset(r)) {
            fprintf(stderr, "FAIL %s: the flag stays when it is cleared\n", where);
            good = false;
        }
        class_count[C_CLEAR]++;
    }
    if (free_running && report.cycles != encoder_cycles_formula(b, arrays)) {
        fprintf(stderr, "FAIL %s: cycles rtl %llu, formula %llu\n", where,
                (unsigned long long)report.cycles, (unsigned long long)encoder_cycles_formula(b, arrays));
        good = false;
    }
    class_count[C_FORMULA] += free_running;
    arrays_checked += arrays;
    if (good) passed++;
    else      count_failure();
}

/* ---- Operands ------------------------------------------------------------------------------------------- */

static bcq_params build_params(const encoder_build *b) {
    return (bcq_params){ b->la, b->lb, b->nc, b->index_bits, b->entry_bits };
}

static void random_codebooks(bcq_codebooks *cb, const encoder_build *b) {
    memset(cb, 0, sizeof *cb);
    cb->p = build_params(b);
    while (cb->p.nc > 1 && below(4) == 0) cb->p.nc /= 2;
    class_count[C_FEWER_BOOKS] += cb->p.nc < b->nc;
    int cmax = bcq_cmax(&cb->p), style = below(4), entries = bcq_entries(&cb->p);
    for (int c = 0; c < cb->p.nc; c++) {
        if (c && style == 3 && below(2)) {  /* the same again: the lower selector must win */
            memcpy(cb->entry[c], cb->entry[below(c)], sizeof cb->entry[c]);
            continue;
        }
        int reach = 1 + below(cmax);
        for (int k = 0; k < entries; k++) {
            /* anywhere; few distinct values; narrow or wide */
            int v = style == 0 ? below(2 * cmax + 1) - cmax : style == 1 ? (below(5) - 2) * cmax / 2
                  : below(2 * reach + 1) - reach;
            int at = k;
            for (; at > 0 && cb->entry[c][at - 1] > v; at--) cb->entry[c][at] = cb->entry[c][at - 1];
            cb->entry[c][at] = (int8_t)v;
        }
        for (int k = 1; k < entries; k++) class_count[C_DUPLICATE] += cb->entry[c][k] == cb->entry[c][k - 1];
    }
}

static uint16_t to_bf16(double value) { return bcq_f32_to_bf16((float)value); }

/* Magnitude that fills the scale: amax = 448 * CMAX * 2^e. */
static double full_scale(const encoder_build *b, int e) {
    return ldexp(448.0 * ((1 << (b->entry_bits - 1)) - 1), e);
}

static void random_array(const encoder_build *b, uint16_t *out, int e, const bcq_codebooks *cb) {
    int style = below(9);
    double top = full_scale(b, e) * ldexp(1, -below(24));
    for (int i = 0; i < b->la; i++) {
        double value = 0;
        switch (style) {
        case 0: class_count[C_PATTERN]++; out[i] = (uint16_t)rnd(); continue;                     /* any pattern */
        case 1: case 2: value = top / 4 * normal(); break;
        case 3: value = top * (below(64) == 0 ? 8 : 1e-2) * normal(); break;
        case 4: value = below(4) ? 0 : top * (below(3) - 1); break;     /* sparse, equal magnitudes */
        case 5: value = top * 16 * normal(); break;                     /* arrays beyond the scale */
        /* Multiples of half an entry under a scale that is a power of two: ties. */
        case 6: {
            double t = ldexp(1, e + 4);
            int c = below(cb->p.nc), k = below(bcq_entries(&cb->p) - 1);
            value = i == 0 ? t * bcq_cmax(&cb->p) : t / 2 * (cb->entry[c][k] + cb->entry[c][k + 1]);
            break;
        }
        /* Beside such a tie by half a unit of Y: how Y is rounded decides the index. */
        case 7: {
            class_count[C_BESIDE_TIE]++;
            double t = ldexp(1, e + 4);
            int c = below(cb->p.nc), k = below(bcq_entries(&cb->p) - 1);
            value = i == 0 ? t * bcq_cmax(&cb->p)
                  : t / 16 * (8 * (cb->entry[c][k] + cb->entry[c][k + 1]) + below(8) - 3.5);
            break;
        }
        default: value = (i / b->lb % 2 ? top : top / 3) * (i / b->lb % 4 < 2 ? 1 : -1); break;
        }
        out[i] = to_bf16(value);
    }
}

static int random_exponent(void) {
    return below(4) ? below(40) - 30 : below(2 * BCQ_EXPONENT_LIMIT + 1) - BCQ_EXPONENT_LIMIT;
}

static void random_run(encoder *r, const char *config, const bcq_codebooks *frozen, int arrays) {
    const encoder_build *b = encoder_get_build(r);
    bcq_codebooks cb;
    random_codebooks(&cb, b);
    if (frozen) cb = *frozen;
    bool one = below(2);
    int e = random_exponent();
    for (int j = 0; j < arrays; j++) {
        if (!one) e = random_exponent();
        exponent[j] = (int8_t)e;
        random_array(b, x + j * b->la, e, &cb);
    }
    class_count[C_EXPONENTS] += !one && arrays > 1;
    run(r, config, "random", &cb, arrays);
}

/* ---- Directed cases ------------------------------------------------------------------------------------- */

static void directed(encoder *r, const char *config, const bcq_codebooks *frozen) {
    const encoder_build *b = encoder_get_build(r);
    bcq_codebooks cb;
    bool small = b->la * b->nc < 512;
    int arrays = small ? 64 : 16;
    for (int kind = 0; kind < 7; kind++) {
        random_codebooks(&cb, b);
        if (kind >= 5)  /* the largest error that there is: everything against every table's only entry */
            memset(cb.entry, kind == 5 ? -bcq_cmax(&cb.p) : bcq_cmax(&cb.p), sizeof cb.entry);
        if (frozen) cb = *frozen;
        int amax_arrays = kind == 3 ? 128 : arrays;
        for (int j = 0; j < amax_arrays; j++) {
            int e = exponent[j] = (int8_t)(kind == 3 ? below(201) - 100 : below(20) - 10);
            double top = full_scale(b, e) * ldexp(1, -below(kind == 3 ? 19 : 8));
            uint16_t *a = x + j * b->la;
            for (int i = 0; i < b->la; i++) {
                switch (kind) {
                /* zeros, and subnormals, which count as zeros */
                case 0: a[i] = (uint16_t)(below(2) << 15 | (below(4) ? 0 : below(128))); break;
                case 1: a[i] = to_bf16(i % b->lb ? bcq_bf16_to_f32(a[i - 1]) : top * uniform()); break;
                case 2: a[i] = to_bf16(top * 1e-6 * normal()); break;
                case 3: a[i] = i == j % b->la ? (uint16_t)((to_bf16(top) & 0x7F80) | j) : (uint16_t)(below(2) << 15); break;
                case 5: case 6: a[i] = to_bf16(full_scale(b, e) * (j % 2 ? 1 : -1)); break;
                default: a[i] = (uint16_t)(0x7F00 + below(0x100) + (below(2) << 15)); break;  /* non-finite */
                }
            }
            if (kind == 2) a[below(b->la)] = to_bf16(below(2) ? top : -top);
            if (kind == 4) a[below(b->la)] = (uint16_t)(0x7F80 | below(2) << 15);
            /* Saturation happens in both signs. */
            if (kind == 4 && j % 2) for (int i = 0; i < b->la; i++) a[i] = (uint16_t)(0x7F7F | i % 2 << 15);
        }
        static const int class_of[4] = { C_ZERO_ARRAY, C_EQUAL, C_GIANT, C_AMAX };
        if (kind < 4) class_count[class_of[kind]] += amax_arrays;
        if (kind > 4 && !frozen) class_count[C_LARGEST_ERROR] += amax_arrays;
        run(r, config, kind < 4 ? class_name[class_of[kind]] : kind == 4 ? "non-finite and largest"
            : "largest error", &cb, amax_arrays);
    }
    /* Runs of every small length: the pipeline empties and fills. */
    for (int length = 1; length <= 6; length++) {
        no_stalls();
        random_run(r, config, frozen, length);
    }
}

/* A reset while arrays are in every stage: nothing of them comes out afterwards. */
static void resets(encoder *r, const char *config, const bcq_codebooks *frozen) {
    const encoder_build *b = encoder_get_build(r);
    for (int turn = 0; turn < 20; turn++) {
        for (int i = 0; i < b->la; i++) x[i] = (uint16_t)rnd();
        encoder_abandon(r, x, 1 + below(12 + 4 * (int)encoder_period(b)));
        encoder_reset(r);
        if (encoder_is_reset(r)) {
            passed++;
        } else {
            fprintf(stderr, "FAIL %s: not idle after a reset, seed=%llu\n", config,
                               (unsigned long long)seed);
            count_failure();
        }
        no_stalls();
        random_run(r, config, frozen, 2);
        class_count[C_RESET]++;
    }
}

/* The first arrays of each row of a real tensor, under the exponent that it has. */
static void real_tensor(encoder *r, const char *config, const bcq_codebooks *frozen, const char *name) {
    const encoder_build *b = encoder_get_build(r);
    bcq_error error;
    bcq_params p = build_params(b);
    bcq_codebooks cb;
    random_codebooks(&cb, b);
    if (frozen) cb = *frozen;
    bcq_tensor *t = bcq_tensor_open(name, &error);
    float amax, value[BCQ_LA_MAX];
    int e = 0, arrays = 0;
    if (!t || !bcq_tensor_amax(t, true, &amax, &error) || !bcq_tensor_exponent(amax, &p, &e)) {
        fprintf(stderr, "FAIL %s: %s\n", name, t ? "no exponent" : error.message);
        failed++;
        bcq_tensor_close(t);
        return;
    }
    for (int64_t row = 0; row < bcq_tensor_rows(t) && arrays < ARRAYS_MAX; row += 1 + bcq_tensor_rows(t) / ARRAYS_MAX) {
        memset(value, 0, sizeof value);
        int64_t used = bcq_tensor_k(t) < b->la ? bcq_tensor_k(t) : b->la;
        if (!bcq_tensor_read(t, row, 0, used, true, value, &error)) {
            fprintf(stderr, "FAIL %s: %s\n", name, error.message);
            failed++;
            break;
        }
        for (int i = 0; i < b->la; i++) x[arrays * b->la + i] = bcq_f32_to_bf16(value[i]);
        exponent[arrays++] = (int8_t)e;
    }
    bcq_tensor_close(t);
    class_count[C_REAL] += arrays;
    run(r, config, name, &cb, arrays);
}

/* ---- Main -------------------------------------------------------------------------------------------------- */

static void one_config(const char *config, int runs, const char *const *tensors, int tensor_count) {
    bcq_error error;
    encoder *r = strchr(config, '/') ? encoder_open_model(config, seed, &error)
                                     : encoder_open(config, seed, &error);
    if (r && mutant >= 0 && !encoder_hold(r, "mutsel", (uint32_t)mutant)) {
        bcq_fail(&error, "%s: no input mutsel", config);
        encoder_close(r);
        r = NULL;
    }
    bcq_codebooks table;
    const encoder_build *b = r ? encoder_get_build(r) : NULL;
    if (!r || (b->frozen && !rtl_frozen_codebooks(config, &table, &error))) {
        fprintf(stderr, "FAIL %s: %s\n", config, error.message);
        failed++;
        encoder_close(r);
        return;
    }
    const bcq_codebooks *frozen = b->frozen ? &table : NULL;
    long before = arrays_checked;
    no_stalls();
    directed(r, config, frozen);
    for (int i = 0; i < tensor_count; i++) real_tensor(r, config, frozen, tensors[i]);
    for (int i = 0; i < runs; i++) {
        for (int s = 0; s < ENCODER_SIDES; s++) {
            sides[s] = (stall_side){ below(RATES), below(2) ? BURSTS : 0, 0, false };
            rate_count[s][sides[s].rate][sides[s].bursts > 0]++;
        }
        random_run(r, config, frozen, 1 + below(12));
    }
    resets(r, config, frozen);
    printf("%-8s LB %d LA %3d NC %2d B %d EW %d, %d blocks at once, %2d codebooks a cycle, %s tables: period "
           "%3llu, %ld arrays\n", config, b->lb, b->la, b->nc, b->index_bits, b->entry_bits, b->lanes,
           b->cb_per_cycle, b->shared_table ? "shared" : b->frozen ? "frozen" : "own",
           (unsigned long long)encoder_period(b), arrays_checked - before);
    encoder_close(r);
}

int main(int argc, char **argv) {
    int runs = 100, configs = 0, tensor_count = 0;
    const char *tensors[8];
    for (int i = 1; i < argc; i++) {
        if (i + 1 < argc && strcmp(argv[i], "-seed") == 0) seed = strtoull(argv[++i], NULL, 0);
        else if (i + 1 < argc && strcmp(argv[i], "-runs") == 0) runs = atoi(argv[++i]);
        else if (i + 1 < argc && strcmp(argv[i], "-mutant") == 0) mutant = atol(argv[++i]);
        else if (i + 1 < argc && strcmp(argv[i], "-tensor") == 0 && tensor_count < 8) tensors[tensor_count++] = argv[++i];
        else configs++;
    }
    random_state = seed;
    printf("test_encoder: seed %llu, %d random runs a configuration\n", (unsigned long long)seed, runs);
    for (int i = 1; i < argc; i++) {
        if (argv[i][0] == '-') i++;
        else one_config(argv[i], runs, tensors, tensor_count);
    }
    for (int c = 0; c < CLASSES; c++) {
        if (c == C_REAL && !tensor_count) continue;
        if ((c == C_FEWER_BOOKS || c == C_LARGEST_ERROR) && configs == 1) continue;  /* one codebook or frozen ones: none to leave out */
        printf("  %-36s %ld\n", class_name[c], class_count[c]);
        if (class_count[c]) continue;
        fprintf(stderr, "FAIL coverage: %s: none, seed=%llu\n", class_name[c], (unsigned long long)seed);
        failed++;
    }
    for (int s = 0; s < ENCODER_SIDES; s++) {
        for (int rate = 0; rate < RATES; rate++) {
            printf("  %s stalled %d/8: %ld single, %ld in bursts\n", side_name[s], rate_in_8[rate],
                   rate_count[s][rate][0], rate_count[s][rate][1]);
            if (runs < 100 || (rate_count[s][rate][0] && rate_count[s][rate][1])) continue;
            fprintf(stderr, "FAIL coverage: %s stalled %d/8: single or bursts, none, seed=%llu\n",
                    side_name[s], rate_in_8[rate], (unsigned long long)seed);
            failed++;
        }
    }
    printf("%ld arrays\n%ld passed, %ld failed\n", arrays_checked, passed, failed);
    return failed || !passed;
}
