/* Properties of the calibrator, checked by the golden model and by brute force where that can be.
 *
 *     test_calibrate [-all]
 */
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "calibrate.h"
#include "lloyd.h"

static int passed, failed;

__attribute__((format(printf, 2, 3))) static bool check(bool ok, const char *format, ...) {
    passed += ok;
    failed += !ok;
    if (ok) return true;
    va_list a;
    va_start(a, format);
    fprintf(stderr, "FAIL calibrate ");
    vfprintf(stderr, format, a);
    fprintf(stderr, "\n");
    va_end(a);
    return false;
}

/* ---- Data ---------------------------------------------------------------------------------- */

static uint64_t random_bits(uint64_t *state) {
    uint64_t x = *state;  /* xorshift64*: another generator than the calibrator's own */
    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    *state = x;
    return x * 0x2545F4914F6CDD1Du;
}

static double uniform(uint64_t *state) {
    return ((double)(random_bits(state) >> 11) + 0.5) * 0x1p-53;
}

static float normal(uint64_t *state) {
    double radius = sqrt(-2 * log(uniform(state)));
    return (float)(radius * cos(2 * M_PI * uniform(state)));
}

static float *normals(int64_t n, uint64_t seed) {
    float *x = malloc((size_t)n * sizeof *x);
    uint64_t state = seed * 0x9E3779B97F4A7C15u + 1;
    for (int64_t i = 0; i < n; i++) x[i] = normal(&state);
    return x;
}

static calibrate_source memory(const float *x, int64_t rows, int64_t k) {
    return (calibrate_source){ .x = x, .rows = rows, .k = k, .name = "memory" };
}

static bcq_calibrate_options options_of(bcq_params p) {
    bcq_calibrate_options o;
    bcq_calibrate_defaults(&o);
    o.p = p;
    o.threads = 2;
    return o;
}

static const bcq_params standard = { 64, 8, 16, 4, 6 };

/* ---- One codebook: dynamic program and Lloyd-Max ------------------------------------------- */

static lloyd_data empty_data(bcq_params p, bool zero) {
    return (lloyd_data){ .p = p, .zero = zero, .threads = 1, .fine = lloyd_fine(&p),
                         .y_limit = lloyd_y_limit(&p) };
}

/* Error of integer entries over a histogram, by the golden model's index. */
static int64_t golden_histogram_error(const lloyd_data *d, const int64_t *h, const int8_t *entry) {
    int64_t sum = 0;
    for (int y = -d->y_limit; y <= d->y_limit; y++) {
        int64_t e = y - 16 * entry[bcq_index(y, entry, &d->p)];
        sum += h[y + d->y_limit] * e * e;
    }
    return sum * d->fine * d->fine;
}

static int64_t brute_force(const lloyd_data *d, const int64_t *h, int8_t *entry, int k) {
    int n = bcq_entries(&d->p), cmax = bcq_cmax(&d->p);
    if (k == n) {
        bool zero = false;
        for (int i = 0; i < n; i++) zero |= entry[i] == 0;
        return d->zero && !zero ? INT64_MAX : golden_histogram_error(d, h, entry);
    }
    int64_t least = INT64_MAX;
    for (int v = k ? entry[k - 1] : -cmax; v <= cmax; v++) {
        entry[k] = (int8_t)v;
        int64_t e = brute_force(d, h, entry, k + 1);
        least = e < least ? e : least;
    }
    return least;
}

static void test_levels(void) {
    uint64_t state = 77;
    for (int round = 0; round < 24; round++) {
        bcq_params p = { 16, 2, 1, 2, round % 3 ? 4 : 5 };
        lloyd_data d = empty_data(p, round % 2);
        d.blocks = 1;
        bcq_error error;
        lloyd_work w;
        if (!check(lloyd_work_init(&w, &d, &error), "work: %s", error.message)) return;
        int64_t *h = calloc((size_t)w.rows, sizeof *h);
        int values = 1 + (int)(random_bits(&state) % 60);
        for (int i = 0; i < values; i++) {
            double spread = 16.0 * bcq_cmax(&p) * (round % 5 ? 0.4 : 0.05);
            double y = normal(&state) * spread + (round % 7 == 0 ? 3 * spread : 0);
            y = fmax(-d.y_limit, fmin(d.y_limit, rint(y)));
            h[(int)y + d.y_limit] += 1 + (int64_t)(random_bits(&state) % 9);
        }
        int8_t entry[BCQ_ENTRIES_MAX];
        int32_t level[BCQ_ENTRIES_MAX];
        int64_t brute = brute_force(&d, h, entry, 0), found = lloyd_best_entries(&d, h, level, &w);
        check(found == brute, "dynamic program, round %d: %lld, brute force %lld", round,
              (long long)found, (long long)brute);
        for (int k = 0; k < 4; k++) entry[k] = (int8_t)(level[k] / (16 * d.fine));
        check(golden_histogram_error(&d, h, entry) == found &&
                  lloyd_levels_error(&d, h, level, &w) == found,
              "dynamic program, round %d: its error is not that of its entries", round);

        int64_t before = found, after = lloyd_max(&d, h, level, &w);
        bool zero = false, sorted = true;
        for (int k = 0; k < 4; k++) {
            zero |= level[k] == 0;
            sorted &= !k || level[k - 1] <= level[k];
        }
        check(after <= before && sorted && (zero || !d.zero) &&
                  lloyd_levels_error(&d, h, level, &w) == after,
              "Lloyd-Max, round %d: %lld after %lld", round, (long long)after, (long long)before);
        free(h);
        lloyd_work_free(&w);
    }
}

/* ---- Normalised blocks by the golden model ------------------------------------------------- */

typedef struct {
    int64_t blocks;
    int32_t *y;              /* [blocks][lb], not saturated */
    int32_t *scale_x512;     /* [blocks] */
} golden_blocks;

/* Of one tensor in memory, K a multiple of LA. */
static golden_blocks golden_normalise(const float *x, int64_t n, const bcq_params *p) {
    golden_blocks g = { .y = malloc((size_t)n * sizeof(int32_t)),
                        .scale_x512 = malloc((size_t)n * sizeof(int32_t)) };
    float amax = 0;
    for (int64_t i = 0; i < n; i++) amax = fabsf(x[i]) > amax ? fabsf(x[i]) : amax;
    int exponent;
    bcq_tensor_exponent(amax, p, &exponent);
    bcq_params wide = *p;
    wide.entry_bits += 2;    /* so that nothing saturates */
    for (int64_t j = 0; j < n; j += p->la) {
        float most = 0;
        for (int i = 0; i < p->la; i++) most = fabsf(x[j + i]) > most ? fabsf(x[j + i]) : most;
        uint8_t scale = bcq_scale_encode(most, exponent, p);
        if (!scale) continue;
        for (int i = 0; i < p->la; i++)
            g.y[g.blocks * p->lb + i] = bcq_normalise_x16(x[j + i], scale, exponent, &wide);
        for (int b = 0; b < p->la / p->lb; b++) g.scale_x512[g.blocks++] = bcq_scale_x512(scale);
    }
    return g;
}

static void golden_free(golden_blocks *g) {
    free(g->y);
    free(g->scale_x512);
}

static int64_t golden_objective(const golden_blocks *g, const bcq_codebooks *cb) {
    int64_t sum = 0;
    for (int64_t b = 0; b < g->blocks; b++) {
        uint8_t index[BCQ_LB_MAX];
        const int32_t *y = g->y + b * cb->p.lb;
        int c = bcq_select(y, cb, index);
        sum += bcq_block_error(y, cb->entry[c], &cb->p, index);
    }
    return sum;
}

static void sort_entries(int8_t *entry, int n) {
    for (int i = 1; i < n; i++)
        for (int j = i; j > 0 && entry[j - 1] > entry[j]; j--) {
            int8_t t = entry[j];
            entry[j] = entry[j - 1];
            entry[j - 1] = t;
        }
}

/* The passes against the golden model's selector, error for error. */
static void test_assign(void) {
    static const bcq_params sets[] = {
        { 64, 8, 16, 4, 6 }, { 16, 2, 8, 4, 8 }, { 32, 4, 4, 3, 5 }, { 128, 8, 2, 2, 4 },
        { 64, 4, 16, 4, 8 }, { 16, 8, 1, 4, 7 }, { 128, 2, 16, 2, 6 },
    };
    for (size_t i = 0; i < sizeof sets / sizeof *sets; i++) {
        bcq_params p = sets[i];
        int64_t n = 1 << 15;
        float *x = normals(n, 40 + i);
        golden_blocks g = golden_normalise(x, n, &p);
        lloyd_data d = empty_data(p, true);
        d.threads = 3;
        d.blocks = g.blocks;
        d.row = malloc((size_t)n * sizeof *d.row);
        for (int64_t k = 0; k < g.blocks * p.lb; k++) d.row[k] = (uint16_t)(g.y[k] + d.y_limit);
        bcq_error error;
        lloyd_work w;
        if (!check(lloyd_work_init(&w, &d, &error), "work: %s", error.message)) return;
        bcq_codebooks cb = { .p = p };
        lloyd_levels l;
        uint64_t state = i + 5;
        for (int c = 0; c < p.nc; c++) {
            for (int k = 0; k < bcq_entries(&p); k++)
                cb.entry[c][k] = (int8_t)((int)(random_bits(&state) % (2u * (unsigned)bcq_cmax(&p) +
                                          1)) - bcq_cmax(&p));
            sort_entries(cb.entry[c], bcq_entries(&p));
            for (int k = 0; k < bcq_entries(&p); k++)
                l.level[c][k] = cb.entry[c][k] * 16 * d.fine;
        }
        int64_t objective = lloyd_assign(&d, &l, p.nc, -1,
                                         LLOYD_HISTOGRAM | LLOYD_SELECTOR | LLOYD_ERROR, &w);
        int64_t wrong = 0, total = 0, fine = d.fine * d.fine;
        for (int64_t b = 0; b < g.blocks; b++) {
            uint8_t index[BCQ_LB_MAX];
            int c = bcq_select(g.y + b * p.lb, &cb, index);
            int64_t e = bcq_block_error(g.y + b * p.lb, cb.entry[c], &p, index) * fine;
            wrong += w.selector[b] != c || w.error[b] != e;
            total += e;
        }
        check(wrong == 0 && total == objective, "clustering, set %zu: %lld blocks of %lld differ",
              i, (long long)wrong, (long long)g.blocks);
        int64_t counted = 0, from_histograms = 0;
        for (int c = 0; c < p.nc; c++) {
            for (int r = 0; r < w.rows; r++) counted += lloyd_histogram(&w, c)[r];
            from_histograms += lloyd_levels_error(&d, lloyd_histogram(&w, c), l.level[c], &w);
        }
        check(counted == g.blocks * p.lb && from_histograms == objective,
              "histograms, set %zu: error %lld, wanted %lld", i, (long long)from_histograms,
              (long long)objective);

        /* Every change of one entry of the last codebook, the slow way. */
        int last = p.nc - 1, variants = 0;
        lloyd_variant variant[LLOYD_VARIANTS];
        int64_t tried[LLOYD_VARIANTS];
        for (int k = 0; k < bcq_entries(&p); k++) {
            const int8_t *e = cb.entry[last];
            bool first_equal = k == 0 || e[k - 1] < e[k];
            if (e[k] > -bcq_cmax(&p) && first_equal)
                variant[variants++] = (lloyd_variant){ k, (e[k] - 1) * 16 * d.fine };
        }
        lloyd_assign(&d, &l, p.nc, last, LLOYD_ERROR, &w);
        lloyd_trial(&d, l.level[last], variant, variants, &w, tried);
        for (int v = 0; v < variants; v++) {
            bcq_codebooks changed = cb;
            changed.entry[last][variant[v].k]--;
            check(golden_objective(&g, &changed) * fine == tried[v], "trial, set %zu variant %d", i,
                  v);
        }
        lloyd_work_free(&w);
        free(d.row);
        golden_free(&g);
        free(x);
    }
}

/* No change of a single entry by 1 lowers the error, by the golden model's arithmetic. */
static void test_local_optimum(void) {
    static const bcq_params sets[] = {
        { 64, 8, 4, 4, 6 }, { 16, 2, 2, 3, 5 }, { 32, 4, 8, 2, 6 }, { 128, 8, 1, 4, 4 },
        { 64, 8, 2, 4, 8 },
    };
    for (size_t i = 0; i < 2 * sizeof sets / sizeof *sets; i++) {
        bcq_params p = sets[i / 2];
        int64_t n = 1 << 13;
        float *x = normals(n, 60 + i);
        bcq_calibrate_options o = options_of(p);
        o.no_zero = i % 2;
        calibrate_source s = memory(x, 4, n / 4);
        bcq_codebooks cb;
        bcq_calibrate_report report;
        bcq_error error;
        if (check(calibrate_sources(&s, 1, &o, &cb, &report, &error), "optimum: %s",
                  error.message)) {
            golden_blocks g = golden_normalise(x, n, &p);
            int64_t objective = golden_objective(&g, &cb);
            double mean = (double)objective / (256.0 * (double)(g.blocks * p.lb));
            check(fabs(mean - report.normalised_error) <= 1e-12 * mean,
                  "optimum, set %zu: error %.12g, reported %.12g", i, mean,
                  report.normalised_error);
            int helped = 0;
            for (int c = 0; c < p.nc; c++)
                for (int k = 0; k < bcq_entries(&p); k++)
                    for (int step = -1; step <= 1; step += 2) {
                        bcq_codebooks changed = cb;
                        changed.entry[c][k] = (int8_t)(changed.entry[c][k] + step);
                        sort_entries(changed.entry[c], bcq_entries(&p));
                        if (bcq_codebooks_check(&changed)) continue;
                        if (!o.no_zero && !bcq_codebooks_have_zero(&changed)) continue;
                        helped += golden_objective(&g, &changed) < objective;
                    }
            check(helped == 0, "optimum, set %zu: %d single changes help", i, helped);
            golden_free(&g);
        }
        free(x);
    }
}

/* ---- The whole calibrator ------------------------------------------------------------------ */

static bool valid(const bcq_codebooks *cb, bool zero) {
    return !bcq_codebooks_check(cb) && (!zero || bcq_codebooks_have_zero(cb));
}

/* Every combination of section 1, on data of a few hundred blocks; unless `all`, with one
 * LA for each of the others, and only some of the slow ones. */
static void test_parameters(bool all, bool small) {
    int64_t n = 1 << 11;
    float *x = normals(n, 3);
    calibrate_source s = memory(x, 8, n / 8);
    for (int ew = BCQ_EW_MIN; ew <= BCQ_EW_MAX; ew++)
        for (int bits = BCQ_B_MIN; bits <= BCQ_B_MAX; bits++)
            for (int nc = 1; nc <= BCQ_NC_MAX; nc *= 2)
                for (int lb = 2; lb <= BCQ_LB_MAX; lb *= 2)
                    for (int la = BCQ_LA_MIN; la <= BCQ_LA_MAX; la *= 2) {
                        bcq_params p = { la, lb, nc, bits, ew };
                        bcq_calibrate_options o = options_of(p);
                        o.iterations = 1 + la / 64;
                        o.no_zero = la == 32;
                        o.objective_real = la == 16;
                        /* The dynamic program takes 4^EW steps, however little the data. */
                        bool one_la = la == 16 << (nc + bits + lb / 2 + ew) % 4;
                        bool slow = ew > 6 && nc > 2 && lb != 1 << (bits - 1);
                        if (small && ew > BCQ_EW_MIN) continue;
                        if (!all && (slow || !one_la)) continue;
                        bcq_codebooks cb;
                        bcq_calibrate_report r;
                        bcq_error error;
                        bool ok = calibrate_sources(&s, 1, &o, &cb, &r, &error);
                        check(ok && valid(&cb, !o.no_zero) && r.nmse > 0 && r.nmse < 0.5 &&
                                  r.normalised_error > 0 && r.scalars == n,
                              "la %d lb %d nc %d bits %d ew %d: %s", la, lb, nc, bits, ew,
                              ok ? "bad result" : error.message);
                    }
    free(x);
}

static char *read_all(FILE *f) {
    long size = ftell(f);
    char *text = calloc((size_t)size + 1, 1);
    rewind(f);
    if (fread(text, 1, (size_t)size, f) != (size_t)size) text[0] = 0;
    fclose(f);
    return text;
}

/* Same seed, same result, whatever the number of threads; and what the CSV says never grows. */
static void test_determinism(void) {
    int64_t n = 1 << 18;
    float *x = normals(n, 9);
    for (int real = 0; real < 2; real++) {
        bcq_codebooks cb[4];
        bcq_calibrate_report r[4];
        char *csv[4];
        for (int i = 0; i < 4; i++) {
            bcq_calibrate_options o = options_of((bcq_params){ 64, 8, 4, 4, 6 });
            o.threads = i == 3 ? 1 : 1 + i;
            o.objective_real = real;
            o.sample_scalars = 3 * n / 4 - 5;
            o.csv = tmpfile();
            calibrate_source s[2] = { memory(x, 16, n / 32), memory(x + n / 2, 32, n / 64) };
            bcq_error error;
            memset(&cb[i], 0, sizeof cb[i]);
            memset(&r[i], 0, sizeof r[i]);
            check(calibrate_sources(s, 2, &o, &cb[i], &r[i], &error), "determinism: %s",
                  error.message);
            csv[i] = read_all(o.csv);
            check(r[i].scalars <= o.sample_scalars && r[i].scalars > n / 2,
                  "sample of %lld values, wanted %lld at most", (long long)r[i].scalars,
                  (long long)o.sample_scalars);
        }
        for (int i = 1; i < 4; i++)
            check(!memcmp(&cb[0], &cb[i], sizeof cb[0]) && !memcmp(&r[0], &r[i], sizeof r[0]) &&
                      !strcmp(csv[0], csv[i]),
                  "objective %d: run %d differs from run 0", real, i);
        int lines = 0, grown = 0;
        char phase[64] = "";
        double before = 0;
        for (char *save, *line = strtok_r(csv[0], "\n", &save); line;
             line = strtok_r(NULL, "\n", &save)) {
            char now[64], kind[32];
            long long step;
            double error;
            if (sscanf(line, "%lld,%63[^,],%31[^,],%lf", &step, now, kind, &error) != 4) continue;
            lines++;
            if (!strcmp(now, phase) && strcmp(kind, "to entries") && error > before) grown++;
            before = error;
            snprintf(phase, sizeof phase, "%s", now);
        }
        check(lines > 50 && grown == 0, "CSV: %d lines, %d of them with a larger error", lines,
              grown);
        for (int i = 0; i < 4; i++) free(csv[i]);
    }
    free(x);
}

/* Codebooks that start equal are all but one empty, and must come to life. */
static void test_reseeding(void) {
    bcq_params p = { 64, 8, 8, 4, 6 };
    int64_t n = 1 << 14;
    float *x = normals(n, 12);
    golden_blocks g = golden_normalise(x, n, &p);
    for (int entries = 0; entries < 2; entries++) {
        lloyd_data d = empty_data(p, true);
        d.blocks = g.blocks;
        d.row = malloc((size_t)n * sizeof *d.row);
        for (int64_t k = 0; k < g.blocks * p.lb; k++) d.row[k] = (uint16_t)(g.y[k] + d.y_limit);
        bcq_error error;
        lloyd_work w;
        if (!check(lloyd_work_init(&w, &d, &error), "work: %s", error.message)) return;
        lloyd_levels l;
        for (int c = 0; c < p.nc; c++)
            for (int k = 0; k < 16; k++) l.level[c][k] = (k - 7) * 4 * 16 * d.fine;
        int64_t before = lloyd_assign(&d, &l, p.nc, -1, 0, &w);
        int64_t after = lloyd_alternate(&d, &l, p.nc, 30, entries, &w, NULL, NULL);
        lloyd_assign(&d, &l, p.nc, -1, LLOYD_SELECTOR, &w);
        int64_t size[BCQ_NC_MAX] = { 0 };
        int empty = 0;
        for (int64_t b = 0; b < d.blocks; b++) size[w.selector[b]]++;
        for (int c = 0; c < p.nc; c++) empty += size[c] == 0;
        check(empty == 0 && after < before, "reseeding: %d empty clusters", empty);
        lloyd_work_free(&w);
        free(d.row);
    }
    golden_free(&g);
    free(x);
}

/* Small, constant and zero tensors. */
static void test_edges(void) {
    static const struct { const char *what; int64_t rows, k; int kind; } cases[] = {
        { "one scalar", 1, 1, 0 },       { "one block", 1, 8, 0 },    { "three blocks", 1, 24, 0 },
        { "K 1", 100, 1, 0 },            { "K 65", 7, 65, 0 },        { "K 63", 7, 63, 0 },
        { "constant", 16, 128, 1 },      { "two values", 16, 128, 2 }, { "one spike", 16, 128, 3 },
        { "all zero", 16, 128, 4 },      { "huge", 4, 128, 5 },
        { "subnormal scales", 4, 128, 6 },
        { "zero rows", 16, 100, 7 },     { "too large", 4, 128, 8 },
        { "scales of 0", 4, 128, 9 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (int nc = 1; nc <= 16; nc *= 4)
            for (int variant = (int)i % 2; variant < 4; variant += nc == 1 ? 1 : 2) {
                int64_t n = cases[i].rows * cases[i].k;
                float *x = normals(n, i + 100);
                for (int64_t j = 0; j < n; j++) switch (cases[i].kind) {
                    case 1: x[j] = -3.25f; break;
                    case 2: x[j] = j % 3 ? 1 : -2; break;
                    case 3: x[j] = j == 77 ? 1 : 0; break;
                    case 4: x[j] = 0; break;
                    case 5: x[j] = ldexpf(x[j], 110); break;
                    case 6: x[j] = ldexpf(x[j], -102); break;
                    case 7: if (j / cases[i].k % 2) x[j] = 0; break;
                    case 8: x[j] = ldexpf(x[j], 123); break;
                    case 9: x[j] = ldexpf(x[j], -118); break;
                }
                bcq_calibrate_options o = options_of((bcq_params){ 64, 8, nc, 4, 6 });
                o.no_zero = variant & 1;
                o.objective_real = variant >> 1;
                calibrate_source s = memory(x, cases[i].rows, cases[i].k);
                bcq_codebooks cb;
                bcq_calibrate_report r;
                bcq_error error = { "" };
                bool ok = calibrate_sources(&s, 1, &o, &cb, &r, &error);
                bool refuse = cases[i].kind == 4 || cases[i].kind >= 8;
                check(ok == !refuse &&
                          (refuse ? error.message[0] != 0
                                  : valid(&cb, !o.no_zero) && r.nmse >= 0 && r.nmse < 1),
                      "%s, nc %d, variant %d: %s, %s", cases[i].what, nc, variant,
                      ok ? "accepted" : "refused", error.message);
                if (cases[i].kind == 1 || cases[i].kind == 2)
                    check(r.nmse < 2e-2, "%s, nc %d: NMSE %g", cases[i].what, nc, r.nmse);
                free(x);
            }
    /* Options out of range. */
    float x[64] = { 1 };
    calibrate_source s = memory(x, 1, 64);
    for (int i = 0; i < 6; i++) {
        bcq_calibrate_options o = options_of(standard);
        if (i == 0) o.p.nc = 3;
        if (i == 1) o.iterations = 0;
        if (i == 2) o.threads = 0;
        if (i == 3) o.sample_scalars = 1;
        if (i == 4) o.search_seconds = NAN;
        bcq_codebooks cb;
        bcq_calibrate_report r;
        bcq_error error = { "" };
        check(!calibrate_sources(&s, i != 5, &o, &cb, &r, &error) && error.message[0],
              "bad option %d accepted", i);
    }
}

/* The measured NMSE is that of the golden model's encoding and decoding. */
static void test_measure(void) {
    static const bcq_params sets[] = {
        { 64, 8, 16, 4, 6 }, { 16, 2, 4, 3, 4 }, { 128, 4, 2, 4, 8 }, { 32, 8, 1, 2, 7 } };
    for (size_t i = 0; i < sizeof sets / sizeof *sets; i++) {
        bcq_params p = sets[i];
        int64_t rows = 40, k = 333;
        float *x = normals(rows * k, 300 + i);
        for (int64_t j = 0; j < k; j++) x[j] *= 1e-3f;  /* a row of subnormal scales, one of 0 */
        for (int64_t j = k; j < 2 * k; j++) x[j] = 0;
        bcq_codebooks cb = { .p = p };
        uint64_t state = i + 50;
        for (int c = 0; c < p.nc; c++) {
            for (int e = 0; e < bcq_entries(&p); e++)
                cb.entry[c][e] = (int8_t)((int)(random_bits(&state) % (2u * (unsigned)bcq_cmax(&p) +
                                          1)) - bcq_cmax(&p));
            sort_entries(cb.entry[c], bcq_entries(&p));
        }
        bcq_calibrate_options o = options_of(p);
        calibrate_source s = memory(x, rows, k);
        bcq_error error = { "" };
        double nmse = -1, signal = 0, squared = 0;
        check(calibrate_nmse(&s, 1, &o, &cb, &nmse, &error), "measure: %s", error.message);
        float amax = 0;
        for (int64_t j = 0; j < rows * k; j++) amax = fabsf(x[j]) > amax ? fabsf(x[j]) : amax;
        int exponent;
        bcq_tensor_exponent(amax, &p, &exponent);
        for (int64_t row = 0; row < rows; row++)
            for (int64_t first = 0; first < k; first += p.la) {
                float padded[BCQ_LA_MAX] = { 0 };
                int8_t entry[BCQ_LA_MAX];
                bcq_array a;
                for (int64_t j = first; j < k && j < first + p.la; j++)
                    padded[j - first] = x[row * k + j];
                bcq_encode_array(padded, exponent, &cb, &a);
                bcq_decode_entries(&a, &cb, entry);
                for (int64_t j = first; j < k && j < first + p.la; j++) {
                    double v = x[row * k + j];
                    double e = v - bcq_decode_value(entry[j - first], a.scale, exponent);
                    signal += v * v;
                    squared += e * e;
                }
            }
        check(fabs(nmse - squared / signal) <= 1e-12 * nmse,
              "measure, set %zu: %.17g, golden %.17g", i, nmse, squared / signal);
        free(x);
    }
}

/* N(0,1): calibrated on 2^20 values, measured on 2^20 others through the full contract. */
static void test_bars(void) {
    static const struct { int nc; double bar; } bars[] = {
        { 2, 5.9e-3 }, { 4, 4.72e-3 }, { 8, 3.87e-3 }, { 16, 3.20e-3 } };
    int64_t n = 1 << 20;
    float *x = normals(n, 1001), *fresh = normals(n, 2002);
    for (size_t i = 0; i < sizeof bars / sizeof *bars; i++) {
        bcq_calibrate_options o = options_of(standard);
        o.p.nc = bars[i].nc;
        calibrate_source s = memory(x, 1024, n / 1024), f = memory(fresh, 1024, n / 1024);
        bcq_codebooks cb;
        bcq_calibrate_report r;
        bcq_error error = { "" };
        double nmse = 1;
        bool ok = calibrate_sources(&s, 1, &o, &cb, &r, &error) &&
                  calibrate_nmse(&f, 1, &o, &cb, &nmse, &error);
        printf("NC %2d: NMSE %.4e, on fresh data %.4e, bar %.2e\n", bars[i].nc, r.nmse, nmse,
               bars[i].bar);
        check(ok && valid(&cb, true) && r.nmse <= bars[i].bar && nmse <= bars[i].bar,
              "NC %d: NMSE %.4e, on fresh data %.4e, bar %.2e %s", bars[i].nc, r.nmse, nmse,
              bars[i].bar, error.message);
    }
    free(x);
    free(fresh);
}

int main(int argc, char **argv) {
    test_levels();
    test_assign();
    test_measure();
    test_local_optimum();
    test_reseeding();
    test_edges();
    test_determinism();
    /* -all: every combination of parameters. -small: for the sanitizers, without the slow ones. */
    bool all = argc > 1 && !strcmp(argv[1], "-all"), small = argc > 1 && !strcmp(argv[1], "-small");
    test_parameters(all, small);
    if (!small) test_bars();
    printf("%d passed, %d failed\n", passed, failed);
    return failed || !passed ? EXIT_FAILURE : EXIT_SUCCESS;
}
