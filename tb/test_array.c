/* The whole RTL (sequencer, decoders, array, scale units) against the golden model, to the bit, and
 * its cycle counter against the formula. Usage: test_array [-seed S] [-tiles N] [-brief] [-mutant N] CONFIG...
 *
 * A case is one product. Directed cases come first, then N random tiles a configuration: M in 1..2T,
 * N in 1..2*COLS, K in 1..4*LA, a stall rate a side from {0, 1/8, 1/2, 7/8}, with and without bursts.
 * What was covered is counted and printed; a class that stayed empty fails.
 *
 * -brief: small cases only, for a recording that a slow simulator replays (tb/test_icarus.sh); what was
 * covered is not judged. */
#include "array_test.h"

static bool several_columns;  /* of any build; with one alone there is no N tail */
static bool programmable;     /* any build; frozen codebooks have no narrow files */

/* ---- Coverage --------------------------------------------------------------------------------- */

enum {
    C_PRODUCTS, C_SCALES, C_ALL_MAX, C_ALL_MIN, C_ZEROS, C_HAZARD, C_LOAD_BOUND, C_TOKEN_BOUND,
    C_M_TAIL, C_N_TAIL, C_K_TAIL, C_K_ONE, C_ONE_ARRAY, C_MANY_ARRAYS, C_NAN_SCALE, C_SIGNED_SCALE,
    C_NARROW_FILE, C_TWO_TABLES, C_FORMULA, C_RESET, C_UNENDING, C_HELD, C_CANCELLED, C_BELOW, CLASSES
};
static const char *const class_name[CLASSES] = {
    "all products of (codebook, index) pairs", "all pairs of scale codes", "all entries maximal",
    "products all minimal", "all zeros", "M up to the pipeline's latency + 2", "pass bound by loading",
    "pass bound by tokens", "M tail", "N tail", "K tail", "K = 1", "one block array",
    "four block arrays", "NaN scale codes", "negative scales", "file narrower than the build",
    "two sets of codebooks", "cycles equal to the formula", "reset in the middle of a product",
    "sizes that take for ever", "results wait, operands never",
    "sums that cancel but for a bit",
    "entries of -CMAX-1",
};
static long class_count[CLASSES];

/* ---- One case ----------------------------------------------------------------------------------- */

typedef struct {
    bcq_codebooks cb_a, cb_w;
    int64_t m, n, k, arrays;
    bcq_array *a, *w;
} product;

static void product_alloc(product *p, int64_t m, int64_t n, int64_t k, int la) {
    p->m = m;
    p->n = n;
    p->k = k;
    p->arrays = (k + la - 1) / la;
    p->a = calloc((size_t)(m * p->arrays), sizeof *p->a);
    p->w = calloc((size_t)(n * p->arrays), sizeof *p->w);
    if (!p->a || !p->w) abort();
}

static void product_free(product *p) {
    free(p->a);
    free(p->w);
}

/* -CMAX-1, which every loader refuses, must not overflow anything: a build in two's complement takes it for
 * that integer, the others for 0. */
static void refused_entries(const rtl_build *b, const bcq_codebooks *cb, int8_t *entry) {
    int below_all = -bcq_cmax(&cb->p) - 1;
    /* A narrow table's -CMAX-1 is an ordinary entry of a wider build. */
    if (b->twos || cb->p.entry_bits < b->entry_bits) return;
    for (int i = 0; i < cb->p.la; i++) if (entry[i] == below_all) entry[i] = 0;
}

/* Contract section 8 by the golden model's own functions; what the hardware must deliver. */
static float golden(const product *p, int64_t m, int64_t n, const rtl_build *b) {
    bool exact = b->exact;
    float acc = 0;
    int64_t fixed = 0;
    for (int64_t j = 0; j < p->arrays; j++) {
        const bcq_array *a = &p->a[m * p->arrays + j], *w = &p->w[n * p->arrays + j];
        int8_t entry_a[BCQ_LA_MAX], entry_w[BCQ_LA_MAX];
        bcq_decode_entries(a, &p->cb_a, entry_a);
        bcq_decode_entries(w, &p->cb_w, entry_w);
        refused_entries(b, &p->cb_a, entry_a);
        refused_entries(b, &p->cb_w, entry_w);
        int32_t psum = bcq_psum(entry_a, entry_w, p->cb_a.p.la);
        if (exact) fixed = bcq_accumulate_exact(fixed, psum, a->scale, w->scale);
        else       acc = bcq_accumulate_fp32(acc, psum, a->scale, w->scale);
    }
    return exact ? bcq_exact_to_f32(fixed) : acc;
}

static bool any_nan(const product *p) {
    for (int64_t i = 0; i < p->m * p->arrays; i++) if (bcq_scale_is_nan(p->a[i].scale)) return true;
    for (int64_t i = 0; i < p->n * p->arrays; i++) if (bcq_scale_is_nan(p->w[i].scale)) return true;
    return false;
}

static void run(rtl *r, const char *config, const char *what, const product *p) {
    const rtl_build *b = rtl_get_build(r);
    bcq_error error;
    rtl_run_report report;
    bool free_running = no_stalls();
    rtl_run_options options = { .stall = free_running ? NULL : stall };
    rtl_operands operands = { p->m, p->n, p->arrays, p->a, p->w, p->cb_a.p.lb, p->cb_w.p.lb };
    float *acc = calloc((size_t)(p->m * p->n), sizeof *acc);
    if (!acc) abort();
    bool good = true;
    char where[200];
    snprintf(where, sizeof where, "%s %s seed=%llu M=%lld N=%lld K=%lld", config, what,
             (unsigned long long)seed, (long long)p->m, (long long)p->n, (long long)p->k);

    bool loaded = b->frozen || rtl_load_codebooks(r, &p->cb_a, &p->cb_w);
    if (!loaded) bcq_fail(&error, "no codebook is taken");
    if (!loaded || !rtl_run(r, &operands, &options, acc, &report, &error)) {
        fprintf(stderr, "FAIL %s: %s\n", where, error.message);
        count_failure();
        rtl_reset(r);
        free(acc);
        return;
    }
    for (int64_t i = 0; good && i < p->m * p->n; i++) {
        float want = golden(p, i / p->n, i % p->n, b);
        if (memcmp(&want, &acc[i], sizeof want) != 0) {
            fprintf(stderr, "FAIL %s: C[%lld][%lld] rtl %a, golden %a\n", where,
                    (long long)(i / p->n), (long long)(i % p->n), (double)acc[i], (double)want);
            good = false;
        }
    }
    good = good && report_holds(r, where, &report);
    if (report.scale_nan != any_nan(p)) {
        fprintf(stderr, "FAIL %s: scale_nan rtl %d, golden %d\n", where, report.scale_nan, any_nan(p));
        good = false;
    }
    if (free_running) {
        good = cycles_are(b, where, p->m, p->n, p->k, report.cycles) && good;
        class_count[C_FORMULA]++;
        int load = rtl_rows(b) * b->cols / b->ndec;
        class_count[p->m > load ? C_TOKEN_BOUND : C_LOAD_BOUND]++;
    }
    class_count[C_M_TAIL] += p->m % b->t != 0 && p->m > b->t;
    class_count[C_N_TAIL] += p->n % b->cols != 0;
    class_count[C_K_TAIL] += p->k % b->la != 0;
    class_count[C_K_ONE] += p->k == 1;
    class_count[C_ONE_ARRAY] += p->arrays == 1;
    class_count[C_MANY_ARRAYS] += p->arrays >= 4;
    class_count[C_NAN_SCALE] += any_nan(p);
    if (good) passed++;
    else      count_failure();
    free(acc);
}

/* ---- Operands ------------------------------------------------------------------------------------ */

static void random_codebooks(bcq_codebooks *cb, const bcq_params *p) {
    memset(cb, 0, sizeof *cb);
    cb->p = *p;
    int cmax = bcq_cmax(p), style = below(4), middle = below(2 * cmax + 1) - cmax;
    for (int c = 0; c < p->nc; c++) {
        int entries = bcq_entries(p);
        for (int k = 0; k < entries; k++) {
            /* anywhere; few distinct values; extremes only; in a narrow range, so that all indices
             * may be of one sign */
            int v = style == 0 ? below(2 * cmax + 1) - cmax : style == 1 ? (below(5) - 2) * cmax / 2
                  : style == 2 ? (below(2) ? cmax : -cmax) : middle + below(5) - 2;
            if (v < -cmax) v = -cmax;
            if (v > cmax) v = cmax;
            int at = k;
            for (; at > 0 && cb->entry[c][at - 1] > v; at--) cb->entry[c][at] = cb->entry[c][at - 1];
            cb->entry[c][at] = (int8_t)v;
        }
    }
}

static bcq_params full_params(const rtl_build *b) {
    return (bcq_params){ b->la, b->lb, b->nc, b->index_bits, b->entry_bits };
}

/* Parameters of a file that the build must run: "NC and EW at most its own, LA equal, LB a multiple
 * of its own", B at most its own. */
static bcq_params random_params(const rtl_build *b) {
    bcq_params p = full_params(b);
    if (b->frozen) return p;
    while (p.nc > 1 && below(3) == 0) p.nc /= 2;
    while (p.lb < BCQ_LB_MAX && below(3) == 0) p.lb *= 2;
    if (below(3) == 0) p.entry_bits = BCQ_EW_MIN + below(b->entry_bits - BCQ_EW_MIN + 1);
    if (below(3) == 0) p.index_bits = BCQ_B_MIN + below(b->index_bits - BCQ_B_MIN + 1);
    return p;
}

static uint8_t random_scale(int style) {
    switch (style) {
    case 0:  return (uint8_t)(0x30 + below(16));                 /* around 1 */
    case 1:  return (uint8_t)below(127);                         /* any positive */
    case 2:  return (uint8_t)((below(2) << 7) | below(127));     /* any but NaN */
    case 3:  return below(2) ? (uint8_t)below(8) : 0x7E;         /* subnormal beside largest */
    default: return (uint8_t)below(256);                         /* NaN too */
    }
}

static void random_arrays(bcq_array *arrays, int64_t count, const bcq_codebooks *cb, int style) {
    for (int64_t i = 0; i < count; i++) {
        arrays[i].scale = random_scale(style);
        for (int s = 0; s < cb->p.la / cb->p.lb; s++) arrays[i].selector[s] = (uint8_t)below(cb->p.nc);
        for (int k = 0; k < cb->p.la; k++) arrays[i].index[k] = (uint8_t)below(bcq_entries(&cb->p));
    }
}

static void random_product(product *p, const rtl_build *b, const bcq_codebooks *frozen, int64_t m,
                           int64_t n, int64_t k) {
    bcq_params pa = random_params(b), pw = below(2) ? pa : random_params(b);
    random_codebooks(&p->cb_a, &pa);
    if (below(2)) {
        random_codebooks(&p->cb_w, &pw);
        class_count[C_TWO_TABLES]++;
    } else {
        p->cb_w = p->cb_a;
    }
    if (frozen) p->cb_a = p->cb_w = *frozen;
    class_count[C_NARROW_FILE] += p->cb_a.p.nc < b->nc || p->cb_a.p.lb > b->lb
                               || p->cb_a.p.entry_bits < b->entry_bits
                               || p->cb_a.p.index_bits < b->index_bits;
    product_alloc(p, m, n, k, b->la);
    int style = below(10), scales = style < 4 ? 0 : style < 6 ? 1 : style < 8 ? 2 : style < 9 ? 3 : 4;
    class_count[C_SIGNED_SCALE] += scales == 2;
    random_arrays(p->a, m * p->arrays, &p->cb_a, scales);
    random_arrays(p->w, n * p->arrays, &p->cb_w, scales);
    /* The K tail: where a table has an entry 0, padding is what a packed file holds. */
    for (int64_t i = 0; i < m && k % b->la; i++)
        for (int64_t at = k % b->la; at < b->la; at++) p->a[i * p->arrays + p->arrays - 1].index[at] = 0;
}

/* ---- Directed cases --------------------------------------------------------------------------------- */

static void set_all(bcq_array *a, const bcq_params *p, uint8_t scale, int selector, int index) {
    a->scale = scale;
    memset(a->selector, selector, sizeof a->selector);
    memset(a->index, index, (size_t)p->la);
}

/* All (codebook, index) x (codebook, index): token m holds pair m in every lane, column n pair n.
 * Then again with one lane a token (the others 0, in tables with a 0), so that lanes are told apart. */
static void all_products(rtl *r, const char *config, const bcq_codebooks *frozen) {
    const rtl_build *b = rtl_get_build(r);
    bcq_params full = full_params(b);
    int entries = bcq_entries(&full), pairs = full.nc * entries;
    product p;
    for (int one_lane = 0; one_lane < 2; one_lane++) {
        product_alloc(&p, pairs, pairs, full.la, full.la);
        random_codebooks(&p.cb_a, &full);
        random_codebooks(&p.cb_w, &full);
        if (frozen) p.cb_a = p.cb_w = *frozen;
        int zero[BCQ_NC_MAX] = { 0 };
        for (int c = 0; c < full.nc && !frozen; c++) {
            for (int k = 0; k < entries; k++) {  /* every magnitude occurs: spread entries */
                int cmax = bcq_cmax(&full), v = -cmax + (2 * cmax * (k * full.nc + c)) / (pairs - 1);
                p.cb_a.entry[c][k] = (int8_t)v;
                p.cb_w.entry[c][k] = (int8_t)(k == entries - 1 ? cmax : v);
            }
            if (one_lane) {
                while (p.cb_a.entry[c][zero[c]] < 0) zero[c]++;
                p.cb_a.entry[c][zero[c]] = 0;
            }
        }
        for (int c = 0; c < full.nc && frozen; c++)
            while (zero[c] < entries - 1 && p.cb_a.entry[c][zero[c]] != 0) zero[c]++;
        for (int i = 0; i < pairs; i++) {
            set_all(&p.w[i], &full, 0x38, i / entries, i % entries);
            set_all(&p.a[i], &full, 0x38, i / entries, i % entries);
            if (!one_lane) continue;
            set_all(&p.a[i], &full, 0x38, i / entries, zero[i / entries]);
            p.a[i].index[i % full.la] = (uint8_t)(i % entries);
        }
        run(r, config, one_lane ? "products, one lane" : "products", &p);
        class_count[C_PRODUCTS] += (long)pairs * pairs;
        product_free(&p);
    }
}

static void all_scales(rtl *r, const char *config, const bcq_codebooks *frozen) {
    const rtl_build *b = rtl_get_build(r);
    bcq_params full = full_params(b);
    for (int turn = 0; turn < 2; turn++) {
        product p;
        product_alloc(&p, 256, 256, 2 * full.la, full.la);  /* two arrays: the sum feeds back */
        random_codebooks(&p.cb_a, &full);
        random_codebooks(&p.cb_w, &full);
        if (frozen) p.cb_a = p.cb_w = *frozen;
        random_arrays(p.a, 512, &p.cb_a, 0);
        random_arrays(p.w, 512, &p.cb_w, 0);
        for (int i = 0; i < 256; i++) {
            for (int j = 0; j < 2; j++) {
                p.a[2 * i + j].scale = (uint8_t)(j ? 255 - i : i);
                p.w[2 * i + j].scale = (uint8_t)(j ? i * 7 : i);
            }
        }
        run(r, config, "scales", &p);
        class_count[C_SCALES] += 65536;
        product_free(&p);
    }
}

static void extremes(rtl *r, const char *config, const bcq_codebooks *frozen) {
    const rtl_build *b = rtl_get_build(r);
    bcq_params full = full_params(b);
    int last = bcq_entries(&full) - 1, cmax = bcq_cmax(&full);
    for (int kind = 0; kind < 3; kind++) {
        product p;
        product_alloc(&p, b->t + 1, b->cols + 1, 5 * full.la - 1, full.la);
        random_codebooks(&p.cb_a, &full);
        for (int c = 0; c < full.nc; c++) {
            p.cb_a.entry[c][0] = (int8_t)-cmax;
            p.cb_a.entry[c][last] = (int8_t)cmax;
            if (kind == 2) memset(p.cb_a.entry[c], 0, sizeof p.cb_a.entry[c]);
        }
        if (frozen) p.cb_a = *frozen;
        p.cb_w = p.cb_a;
        for (int64_t i = 0; i < p.m * p.arrays; i++)
            set_all(&p.a[i], &full, 0x7E, below(full.nc), last);
        for (int64_t i = 0; i < p.n * p.arrays; i++)
            set_all(&p.w[i], &full, kind == 2 ? 0 : 0x7E, below(full.nc), kind == 1 ? 0 : last);
        run(r, config, kind == 0 ? "all maximal" : kind == 1 ? "all minimal" : "zeros", &p);
        class_count[C_ALL_MAX + kind]++;
        product_free(&p);
    }
}

/* The entry of index 0 in cancellations(): between 1 and CMAX, so that few lanes make most sums. */
static int middle_entry(int cmax) {
    int v = 1;
    while ((v + 1) * (v + 1) <= cmax) v++;
    return v;
}

/* An array whose psum with the weights of cancellations() is psum, if a greedy choice finds one. */
static bool array_of_psum(bcq_array *a, const bcq_params *p, int psum, int ones) {
    int cmax = bcq_cmax(p), v = middle_entry(cmax);
    const int entry[3] = { cmax, v, 1 }, index[3] = { 3, 0, 2 };
    memset(a->index, 1, (size_t)p->la);
    for (int one = 0; one < 2; one++) {  /* the lanes whose weight is CMAX, then those of 1 */
        int i = one ? p->la - ones : 0, end = one ? p->la : p->la - ones;
        for (int e = 0; e < 3; e++) {
            int step = entry[e] * (one ? 1 : cmax);
            for (; psum >= step && i < end; psum -= step) a->index[i++] = (uint8_t)index[e];
        }
    }
    return psum == 0;
}

/* Sums of which hardly anything is left: the second block array takes away all but the last bit of the first. */
static void cancellations(rtl *r, const char *config) {
    const rtl_build *b = rtl_get_build(r);
    bcq_params full = full_params(b);
    int cmax = bcq_cmax(&full), ones = cmax - 1 < full.la / 4 ? cmax - 1 : full.la / 4;
    int most = (full.la - ones) * cmax * cmax;
    product p;
    product_alloc(&p, 40, b->cols, 2 * full.la, full.la);
    p.cb_a = (bcq_codebooks){ .p = full };
    for (int c = 0; c < full.nc; c++)
        for (int k = 0; k < bcq_entries(&full); k++)
            p.cb_a.entry[c][k] = (int8_t)(k == 0 ? middle_entry(cmax) : k == 1 ? 0 : k == 2 ? 1 : cmax);
    p.cb_w = p.cb_a;
    for (int64_t i = 0; i < p.n * 2; i++) {  /* one exponent for the two block arrays of a sum */
        set_all(&p.w[i], &full, (uint8_t)((i % 2 ? p.w[i - 1].scale & 0x78 : below(2) ? 8 : 8 * (1 + below(14))) + below(8)), 0, 3);
        for (int k = full.la - ones; k < full.la; k++) p.w[i].index[k] = 2;
    }
    for (int64_t m = 0; m < p.m; m++) {
        bcq_array *a = &p.a[2 * m];
        const bcq_array *w = &p.w[2 * (m % p.n)];
        int exponent = below(2) ? 8 : 8 * (1 + below(14));  /* sums below 1 too */
        set_all(&a[0], &full, (uint8_t)exponent, 0, 1);
        set_all(&a[1], &full, (uint8_t)(0x80 + exponent), 0, 1);
        bool found = false;
        for (int turn = 0; turn < 200000 && !found; turn++) {
            int psum = most / 8 + below(most - most / 8), t0 = 8 + below(8), t1 = 8 + below(8);
            int64_t first = (int64_t)psum * t0 * (8 + (w[0].scale & 7)) + 1 - 2 * below(2), scale = t1 * (8 + (w[1].scale & 7));
            if (first % scale || first / scale > most || !array_of_psum(&a[0], &full, psum, ones)
                || !array_of_psum(&a[1], &full, (int)(first / scale), ones)) continue;
            a[0].scale = (uint8_t)(exponent + t0 - 8);
            a[1].scale = (uint8_t)(0x80 + exponent + t1 - 8);
            found = true;
        }
        class_count[C_CANCELLED] += found;
    }
    run(r, config, "cancellation", &p);
    product_free(&p);
}

/* Few tokens and many block arrays: the accumulate loop is longer than a pass. */
static void hazards(rtl *r, const char *config, const bcq_codebooks *frozen) {
    const rtl_build *b = rtl_get_build(r);
    int latency = rtl_latency(b);
    for (int m = 1; m <= latency + 2; m++) {
        product p;
        random_product(&p, b, frozen, m, 1 + below(2 * b->cols), (int64_t)b->la * (6 + below(6)));
        run(r, config, "hazard", &p);
        class_count[C_HAZARD]++;
        product_free(&p);
    }
}

/* A reset in the middle, then a product as if nothing had been. */
static void resets(rtl *r, const char *config, const bcq_codebooks *frozen) {
    const rtl_build *b = rtl_get_build(r);
    for (int turn = 0; turn < 4; turn++) {
        product p;
        random_product(&p, b, frozen, 1 + below(2 * b->t), 1 + below(b->cols), 3 * b->la);
        float *acc = calloc((size_t)(p.m * p.n), sizeof *acc);
        if (!acc) abort();
        rtl_load_codebooks(r, &p.cb_a, &p.cb_w);
        rtl_operands operands = { p.m, p.n, p.arrays, p.a, p.w, p.cb_a.p.lb, p.cb_w.p.lb };
        rtl_beats beats = rtl_operand_beats(&operands);
        starved(r, config, &beats, acc);
        run(r, config, "after reset", &p);
        class_count[C_RESET]++;
        free(acc);
        product_free(&p);
    }

    largest(r, config);
    product p;
    random_product(&p, b, frozen, 1, 1, 1);
    run(r, config, "after the largest", &p);
    product_free(&p);
}

/* One NaN scale in a product: either code, in A, and in every column of W. And none. */
static void one_nan(rtl *r, const char *config, const bcq_codebooks *frozen) {
    const rtl_build *b = rtl_get_build(r);
    for (int at = -2; at < 2 * b->cols; at++) {
        product p;
        random_product(&p, b, frozen, 2, 2 * b->cols, 2 * b->la);
        random_arrays(p.a, 2 * p.arrays, &p.cb_a, 0);
        random_arrays(p.w, p.n * p.arrays, &p.cb_w, 0);
        for (int code = 0; code < 3; code++) {
            uint8_t *scale = at < 0 ? &p.a[-1 - at].scale : &p.w[at * p.arrays + at % 2].scale;
            *scale = code == 2 ? 0x38 : (uint8_t)(0x7F | code << 7);
            run(r, config, "one NaN", &p);
        }
        product_free(&p);
    }
}

/* Commands of size zero are taken and do nothing; sizes beyond 16 bits, and cycle counts of every bit
 * up to 13, on the small builds. */
static void sizes(rtl *r, const char *config, const bcq_codebooks *frozen) {
    const rtl_build *b = rtl_get_build(r);
    bool small = b->la == 16 && b->cols <= 12 && !brief;
    zero_sizes(r, config);
    for (int which = 0; which < 3 && small; which++) {
        product p;
        random_product(&p, b, frozen, which == 0 ? 65537 : 1, which == 1 ? 65536 * b->cols + 1 : 1,
                       which == 2 ? 65537 * (int64_t)b->la : 1);
        /* Loops over passes that may all be of even length: stalls make some odd. */
        sides[RTL_SIDE_WEIGHTS] = (stall_side){ .rate = which > 0 };
        run(r, config, "long", &p);
        product_free(&p);
    }
    memset(sides, 0, sizeof sides);
    /* More than one tile of columns, so that a long K is counted a second time. */
    for (int turn = 0; turn < 2 && small; turn++) {
        product p;
        random_product(&p, b, frozen, 1, b->cols + 1, (64 << turn | below(64 << turn)) * (int64_t)b->la);
        run(r, config, "long twice", &p);
        product_free(&p);
    }
    for (int turn = 0; turn < 24 && small; turn++) {
        product p;
        int64_t m = 1 + below(turn % 4 ? 1500 : 6000);
        random_product(&p, b, frozen, m, 1 + below(3 * b->cols), 1 + below(3 * b->la));
        run(r, config, "counting", &p);
        product_free(&p);
    }
}

/* Results wait, operands never: one block array a sum, so that every register holds something that
 * counts while the array stands still. */
static void held(rtl *r, const char *config, const bcq_codebooks *frozen) {
    const rtl_build *b = rtl_get_build(r);
    for (int turn = 0; turn < 16; turn++) {
        product p;
        random_product(&p, b, frozen, 2 * b->t, 3 * b->cols, b->la);
        sides[RTL_SIDE_RESULTS] = (stall_side){ .rate = 2, .bursts = turn % 2 ? BURSTS : 0 };
        run(r, config, "held", &p);
        class_count[C_HELD]++;
        product_free(&p);
    }
    memset(sides, 0, sizeof sides);
}

/* -CMAX-1 in every codebook: all lanes of some tokens, against it or against CMAX. */
static void refused_extremes(rtl *r, const char *config) {
    const rtl_build *b = rtl_get_build(r);
    bcq_params full = full_params(b);
    int last = bcq_entries(&full) - 1, cmax = bcq_cmax(&full);
    product p;
    product_alloc(&p, b->t + 1, b->cols + 1, 5 * full.la, full.la);
    random_codebooks(&p.cb_a, &full);
    for (int c = 0; c < full.nc; c++) {
        p.cb_a.entry[c][0] = (int8_t)(-cmax - 1);
        p.cb_a.entry[c][last] = (int8_t)cmax;
    }
    p.cb_w = p.cb_a;
    for (int64_t i = 0; i < p.m * p.arrays; i++)
        set_all(&p.a[i], &full, 0x7E, below(full.nc), below(3) ? 0 : last);
    for (int64_t i = 0; i < p.n * p.arrays; i++)
        set_all(&p.w[i], &full, 0x7E, below(full.nc), below(5) ? 0 : last);
    run(r, config, "-CMAX-1", &p);
    class_count[C_BELOW]++;
    product_free(&p);
}

static void random_tiles(rtl *r, const char *config, const bcq_codebooks *frozen) {
    const rtl_build *b = rtl_get_build(r);
    for (long i = 0; i < tiles; i++) {
        product p;
        int64_t k = below(20) ? 1 + below(4 * b->la) : 1;
        random_product(&p, b, frozen, 1 + below(2 * b->t), 1 + below(2 * b->cols), k);
        random_stalls();
        run(r, config, "random", &p);
        product_free(&p);
    }
    memset(sides, 0, sizeof sides);
}

int main(int argc, char **argv) {
    int at = parse_arguments(argc, argv, "test_array");
    if (!at) return 2;
    for (; at < argc; at++) {
        const char *config = argv[at];
        bcq_error error;
        bcq_codebooks tables;
        random_state = seed * 1000003 + (uint64_t)at;
        rtl *r = strchr(config, '/') ? rtl_open_model(config, seed, &error)
                                     : rtl_open(config, false, seed, &error);
        r = hold_mutant(r, config, &error);
        if (!r) {
            fprintf(stderr, "FAIL %s\n", error.message);
            failed++;
            continue;
        }
        const rtl_build *b = rtl_get_build(r);
        several_columns |= b->cols > 1;
        programmable |= !b->frozen;
        const bcq_codebooks *frozen = b->frozen ? &tables : NULL;
        if (frozen && !rtl_frozen_codebooks(config, &tables, &error)) {
            fprintf(stderr, "FAIL %s\n", error.message);
            failed++;
            rtl_close(r);
            continue;
        }
        long before = passed;
        if (!brief) {
            all_products(r, config, frozen);
            all_scales(r, config, frozen);
        }
        extremes(r, config, frozen);
        hazards(r, config, frozen);
        if (!frozen) cancellations(r, config);
        resets(r, config, frozen);
        one_nan(r, config, frozen);
        sizes(r, config, frozen);
        if (!brief) class_count[C_UNENDING] += unending(r, config);
        if (!brief) held(r, config, frozen);
        random_tiles(r, config, frozen);
        if (!frozen) refused_extremes(r, config);
        printf("%-10s LA %3d LB %d NC %2d B %d EW %d COLS %2d T %2d NDEC %2d %s%s%s%s%s%s: %ld cases\n",
               config, b->la, b->lb, b->nc, b->index_bits, b->entry_bits, b->cols, b->t, b->ndec,
               b->exact ? "exact" : "fp32", b->frozen ? " frozen" : "", b->deep ? " deep" : "",
               b->table_memory ? " memory" : "",
               b->decode == 1 ? " entry" : b->decode == 2 ? " code" : "", b->twos ? " twos" : "", passed - before);
        fflush(stdout);
        rtl_close(r);
    }
    if (!brief) {
        bool excused[CLASSES] = { [C_N_TAIL] = !several_columns, [C_NARROW_FILE] = !programmable,
                                  [C_CANCELLED] = !programmable, [C_BELOW] = !programmable };
        judge_classes(class_name, class_count, excused, CLASSES);
        judge_stalls();
    }
    return print_verdict();
}
