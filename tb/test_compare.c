/* The accuracy table:
 *
 *     test_compare [-seed S]          the library (sw/accuracy.h, sw/fast_encode.h)
 *     test_compare -files JSON CSV N  what `bcq compare` wrote: N rows each, the same
 *
 * The fast encoder is compared with the golden model to the bit. Errors are computed again from tensors
 * quantized here: int4, mxfp4 and bcq by looking for the nearest of all values, the others by the golden
 * models row by row, and summed as accuracy.h says, so that every sum must be equal to the last bit. */
#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "accuracy.h"
#include "fast_encode.h"
#include "random.h"

static int passed, failed;
static uint64_t seed = 1;

__attribute__((format(printf, 2, 3))) static void check(bool good, const char *format, ...) {
    if (good) {
        passed++;
        return;
    }
    if (++failed > 20) return;
    va_list arguments;
    va_start(arguments, format);
    fprintf(stderr, "FAIL (seed %" PRIu64 ") ", seed);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
}

/* ---- Tensors ----------------------------------------------------------------------------------- */

static char folder[] = "/tmp/test_compare.XXXXXX";

static bcq_tensor *tensor(const char *name, const float *x, int64_t rows, int64_t k) {
    char path[sizeof folder + 32];
    bcq_error error;
    snprintf(path, sizeof path, "%s/%s.npy", folder, name);
    FILE *f = fopen(path, "wb");
    bcq_tensor *t = NULL;
    if (f && bcq_npy_write_header(f, rows, k) && fwrite(x, sizeof *x, (size_t)(rows * k), f) == (size_t)(rows * k)
        && fclose(f) == 0)
        t = bcq_tensor_open(path, &error);
    if (!t) {
        fprintf(stderr, "test_compare: wanted %s, got none\n", path);
        exit(2);
    }
    unlink(path);  /* the mapping stays */
    return t;
}

static float *random_values(int64_t count, double spread) {
    float *x = malloc((size_t)count * sizeof *x);
    if (!x) exit(2);
    for (int64_t i = 0; i < count; i++) x[i] = (float)(normal() * exp(spread * normal()));
    for (int64_t i = 0; i < count; i += 1 + below(9)) x[i] = 0;
    return x;
}

/* ---- The fast encoder ---------------------------------------------------------------------------- */

static void random_codebooks(bcq_codebooks *cb) {
    static const int la[] = { 16, 32, 64, 128 }, lb[] = { 2, 4, 8 };
    cb->p = (bcq_params){ .la = la[below(4)], .lb = lb[below(3)], .nc = 1 << below(5), .index_bits = 2 + below(3),
                          .entry_bits = 4 + below(5) };
    int cmax = bcq_cmax(&cb->p), n = bcq_entries(&cb->p);
    for (int c = 0; c < cb->p.nc; c++) {
        for (int k = 0; k < n; k++) cb->entry[c][k] = (int8_t)(below(2 * cmax + 1) - cmax);
        cb->entry[c][below(n)] = 0;
        for (int k = 1; k < n; k++)  /* ascending */
            for (int j = k; j > 0 && cb->entry[c][j - 1] > cb->entry[c][j]; j--) {
                int8_t swap = cb->entry[c][j];
                cb->entry[c][j] = cb->entry[c][j - 1];
                cb->entry[c][j - 1] = swap;
            }
    }
}

/* (Y + 1/2) * t * 2^e / 16 and its neighbours: ties, where FP32 holds them. */
static float near_tie(const bcq_params *p, uint8_t scale, int exponent) {
    int y = below((bcq_cmax(p) << 5) + 8) - (bcq_cmax(p) << 4) - 4;
    double tie = ldexp((2 * y + 1) * (double)bcq_scale_x512(scale), exponent - 14);
    float x = (float)tie;
    return below(3) == 0 ? x : nextafterf(x, below(2) ? INFINITY : -INFINITY);
}

static void test_fast(void) {
    for (int set = 0; set < 200; set++) {
        bcq_codebooks cb = { 0 };
        fast_table t;
        random_codebooks(&cb);
        if (!fast_table_init(&t, &cb)) exit(2);
        int wrong_scale = 0, wrong_y = 0, wrong_entry = 0;
        for (int i = 0; i < 60; i++) {
            int exponent = below(201) - 100;
            uint8_t code = (uint8_t)below(BCQ_SCALE_MAX_CODE);
            /* On a midpoint of scales, where FP32 holds it, beside it, and anywhere. */
            double middle = ldexp((bcq_scale_x512(code) + (double)bcq_scale_x512((uint8_t)(code + 1)))
                                  * bcq_cmax(&cb.p), exponent - 10);
            float amax = (float)middle;
            if (i % 3 == 1) amax = nextafterf(amax, below(2) ? INFINITY : 0);
            if (i % 3 == 2) amax = (float)ldexp(1 + uniform(), exponent - 12 + below(28));
            if (!isfinite(amax)) continue;
            wrong_scale += fast_scale_encode(&t, amax, exponent) != bcq_scale_encode(amax, exponent, &cb.p);
        }
        for (int i = 0; i < 300; i++) {
            uint8_t scale = (uint8_t)below(BCQ_SCALE_MAX_CODE + 1);
            int exponent = below(181) - 100;
            float x = i % 2 ? near_tie(&cb.p, scale, exponent) : (float)ldexp(normal(), below(30) + exponent - 12);
            if (!isfinite(x) || (x != 0 && fabsf(x) < 0x1p-126f)) continue;
            wrong_y += fast_normalise_x16(&t, x, scale, exponent) != bcq_normalise_x16(x, scale, exponent, &cb.p);
        }
        for (int i = 0; i < 8; i++) {
            float x[BCQ_LA_MAX], spread = (float)exp(3 * normal());
            bcq_array a;
            int8_t want[BCQ_LA_MAX], got[BCQ_LA_MAX];
            for (int k = 0; k < cb.p.la; k++) x[k] = i == 0 ? 0 : (float)normal() * spread;
            int exponent = below(13) - 8;
            bcq_encode_array(x, exponent, &cb, &a);
            bcq_decode_entries(&a, &cb, want);
            uint8_t scale = fast_encode(&t, x, exponent, got);
            wrong_entry += scale != a.scale || memcmp(want, got, (size_t)cb.p.la) != 0;
        }
        check(!wrong_scale, "fast_scale_encode: %d of 60 differ, ew %d", wrong_scale, cb.p.entry_bits);
        check(!wrong_y, "fast_normalise_x16: %d of 300 differ, ew %d", wrong_y, cb.p.entry_bits);
        check(!wrong_entry, "fast_encode: %d of 8 arrays differ, la %d lb %d nc %d b %d ew %d", wrong_entry,
              cb.p.la, cb.p.lb, cb.p.nc, cb.p.index_bits, cb.p.entry_bits);
        fast_table_free(&t);
    }
}

/* ---- Quantized once more --------------------------------------------------------------------------- */

static void int4_row(const float *x, int64_t k, float *y) {
    for (int64_t g = 0; g < k; g += 64) {
        int64_t end = g + 64 < k ? g + 64 : k;
        double amax = 0;
        for (int64_t i = g; i < end; i++) amax = fmax(amax, fabs((double)x[i]));
        int exponent;  /* FP16: 11 bits, subnormals below 2^-14 */
        frexp(amax / 7, &exponent);
        double unit = ldexp(1, (exponent < -13 ? -13 : exponent) - 11), s = nearbyint(amax / 7 / unit) * unit;
        for (int64_t i = g; i < end; i++) {
            double best = INFINITY;
            y[i] = 0;
            for (int q = -7; s > 0 && q <= 7; q++)
                if (fabs(x[i] - q * s) < best || (fabs(x[i] - q * s) == best && q % 2 == 0)) {
                    best = fabs(x[i] - q * s);
                    y[i] = (float)(q * s);
                }
        }
    }
}

static void mxfp4_row(const float *x, int64_t k, float *y) {
    static const double grid[] = { 0, 0.5, 1, 1.5, 2, 3, 4, 6 };
    for (int64_t g = 0; g < k; g += 32) {
        int64_t end = g + 32 < k ? g + 32 : k;
        double amax = 0, power = 0x1p-126;
        for (int64_t i = g; i < end; i++) amax = fmax(amax, fabs((double)x[i]));
        while (2 * power <= amax) power *= 2;
        power = fmax(power / 4, 0x1p-127);
        for (int64_t i = g; i < end; i++) {
            double best = INFINITY;
            for (int q = 0; q < 8; q++)  /* "on a tie the larger magnitude" */
                if (fabs(fabs((double)x[i]) - grid[q] * power) <= best) {
                    best = fabs(fabs((double)x[i]) - grid[q] * power);
                    y[i] = (float)copysign(grid[q] * power, x[i]);
                }
            if (y[i] == 0) y[i] = 0;
        }
    }
}

static float e4m3(int code) {
    return (float)(code < 8 ? ldexp(code, -9) : ldexp(8 + code % 8, code / 8 - 10));
}

static void bcq_row(const accuracy_format *f, int exponent, const float *x, int64_t k, float *y) {
    const bcq_params *p = &f->format.p;
    for (int64_t g = 0; g < k; g += p->la) {
        float padded[BCQ_LA_MAX] = { 0 };
        memcpy(padded, x + g, (size_t)(k - g < p->la ? k - g : p->la) * sizeof *x);
        double amax = 0, best = INFINITY, t = 0;
        for (int i = 0; i < p->la; i++) amax = fmax(amax, fabs((double)padded[i]));
        double wanted = ldexp(amax, -exponent);  /* times CMAX, so that it is exact */
        for (int code = 0; code <= 126; code++) {
            double away = fabs(wanted - e4m3(code) * (double)bcq_cmax(p));
            if (away < best || (away == best && code % 2 == 0)) {
                best = away;
                t = e4m3(code);
            }
        }
        double step = ldexp(t, exponent);
        for (int b = 0; b < p->la; b += p->lb) {
            double least = INFINITY;
            int chosen[BCQ_LB_MAX] = { 0 };
            for (int c = 0; t > 0 && c < p->nc; c++) {
                double sum = 0;
                int entry[BCQ_LB_MAX];
                for (int i = 0; i < p->lb; i++) {
                    double v = fmin(fmax(nearbyint(padded[b + i] / step * 16), -16 * bcq_cmax(p)), 16 * bcq_cmax(p));
                    double near = INFINITY;
                    for (int n = 0; n < bcq_entries(p); n++)
                        if (fabs(v - 16 * f->codebooks.entry[c][n]) < near) {
                            near = fabs(v - 16 * f->codebooks.entry[c][n]);
                            entry[i] = f->codebooks.entry[c][n];
                        }
                    sum += near * near;
                }
                if (sum < least) {
                    least = sum;
                    memcpy(chosen, entry, sizeof chosen);
                }
            }
            for (int i = 0; i < p->lb && g + b + i < k; i++) y[g + b + i] = (float)(chosen[i] * step);
        }
    }
}

/* y [rows][k], and the bits of all rows. */
static double quantize_again(const accuracy_format *f, const float *x, int64_t rows, int64_t k, float *y) {
    float amax = 0;
    double bits = 0;
    bcq_format_tensor once;
    bcq_format_row row;
    for (int64_t i = 0; i < rows * k; i++) amax = fmaxf(amax, fabsf(x[i]));
    if (!bcq_format_scale_tensor(&f->format, amax, &once) || !bcq_format_row_alloc(&f->format, k, &row)) exit(2);
    for (int64_t r = 0; r < rows; r++) {
        f->format.kind->encode(&f->format, &once, x + r * k, k, &row);
        f->format.kind->decode(&f->format, &once, &row, y + r * k);
        bits += bcq_format_bits(&f->format, k, &row) * (double)k;
        if (strcmp(f->name, "int4") == 0) int4_row(x + r * k, k, y + r * k);
        if (strcmp(f->name, "mxfp4") == 0) mxfp4_row(x + r * k, k, y + r * k);
        if (f->source != ACCURACY_NO_CODEBOOKS) bcq_row(f, once.exponent, x + r * k, k, y + r * k);
    }
    bcq_format_row_free(&row);
    return bits;
}

/* "within a row and then over rows in ascending order" */
static void sums_again(const float *x, const float *y, int64_t rows, int64_t k, accuracy_sums *s) {
    float amax = 0;
    for (int64_t r = 0; r < rows; r++) {
        double signal = 0, error = 0;
        for (int64_t i = r * k; i < (r + 1) * k; i++) {
            double e = (double)x[i] - (double)y[i];
            signal += (double)x[i] * x[i];
            error += e * e;
            s->max_error = fmax(s->max_error, fabs(e));
            amax = fmaxf(amax, fabsf(x[i]));
        }
        s->signal += signal;
        s->error += error;
    }
    s->max_error = amax > 0 ? s->max_error / amax : 0;
    s->scalars = rows * k;
}

/* ---- The table -------------------------------------------------------------------------------------- */

enum { FORMATS_MAX = 80 };
static accuracy_format *formats[FORMATS_MAX];
static size_t format_count;

static void get_formats(void) {
    static const char *const more[] = { "int8:group=16", "mxfp4:round=even", "nvfp4:tensor=pow2", "mx4:m=7",
                                        "bof4s:metric=mae", "bcq:nc=1:lb=2:la=16:local", NULL };
    char **specs = accuracy_default_specs();
    bcq_error error;
    if (!specs) exit(2);
    for (int pass = 0; pass < 2; pass++)
        for (size_t i = 0; pass ? more[i] != NULL : specs[i] != NULL; i++) {
            accuracy_format *f = malloc(sizeof *f);
            if (!f || format_count == FORMATS_MAX) exit(2);
            bool good = accuracy_parse(pass ? more[i] : specs[i], f, &error);
            check(good, "%s: %s", pass ? more[i] : specs[i], good ? "" : error.message);
            if (good) formats[format_count++] = f;
            else free(f);
            if (!pass) free(specs[i]);
        }
    free(specs);
}

static void test_measure(const char *what, const float *x, int64_t rows, int64_t k) {
    bcq_tensor *t = tensor("x", x, rows, k);
    accuracy_report want, got;
    accuracy_options o = { .threads = 1, .channels = true };
    bcq_error error;
    float *y = malloc((size_t)(rows * k) * sizeof *y);
    if (!y) exit(2);
    bool good = accuracy_measure(t, formats, format_count, &o, &want, &error);
    check(good, "%s: %s", what, good ? "" : error.message);
    check(strcmp(what, "40 x 200") != 0 || want.channels >= 3, "%s: outlier channels", what);
    for (size_t f = 0; good && f < format_count; f++) {
        accuracy_sums s = { 0 };
        s.bits = quantize_again(formats[f], x, rows, k, y);
        sums_again(x, y, rows, k, &s);
        check(memcmp(&s, &want.sums[f], sizeof s) == 0,
              "%s, %s: wanted error %.17g / %.17g, most %.17g, bits %.17g, got %.17g / %.17g, %.17g, %.17g", what,
              formats[f]->name, s.error, s.signal, s.max_error, s.bits, want.sums[f].error, want.sums[f].signal,
              want.sums[f].max_error, want.sums[f].bits);
        for (int n = 0; n < want.channels; n++) {
            double e = 0;
            for (int64_t r = 0; r < rows; r++) {
                double d = (double)x[r * k + want.channel[n].column] - (double)y[r * k + want.channel[n].column];
                e += d * d;
            }
            check(e == want.channel_error[f * ACCURACY_CHANNELS + (size_t)n], "%s, %s: error of channel %" PRId64,
                  what, formats[f]->name, want.channel[n].column);
        }
    }
    static const struct { int threads; int64_t chunk; } ways[] = { { 2, 0 }, { 1, 1 }, { 3, 1 }, { 2, 1000 } };
    for (size_t i = 0; good && i < sizeof ways / sizeof *ways; i++) {
        o.threads = ways[i].threads;
        o.chunk_scalars = ways[i].chunk;
        bool same = accuracy_measure(t, formats, format_count, &o, &got, &error)
            && memcmp(want.sums, got.sums, format_count * sizeof *want.sums) == 0
            && want.channels == got.channels && memcmp(want.channel, got.channel, sizeof want.channel) == 0
            && memcmp(want.channel_error, got.channel_error, format_count * ACCURACY_CHANNELS * sizeof(double)) == 0;
        check(same, "%s: %d threads, chunks of %" PRId64 ": not the same", what, o.threads, o.chunk_scalars);
        accuracy_report_free(&got);
    }
    accuracy_report_free(&want);
    bcq_tensor_close(t);
    free(y);
}

static void test_channels(void) {
    enum { ROWS = 40, K = 96 };
    float *x = random_values(ROWS * K, 0);
    for (int r = 0; r < ROWS; r++) {
        x[r * K + 5] = 10 * (r % 2 ? 1 : -1);  /* the median column's mean square is below 1 */
        x[r * K + 77] = 30;
        x[r * K + 78] = r == 0 ? 20 : 0;       /* one large scalar: 10, below 20 medians */
    }
    bcq_tensor *t = tensor("c", x, ROWS, K);
    accuracy_report r;
    accuracy_options o = { .threads = 1 };
    bcq_error error;
    bool good = accuracy_measure(t, formats, 1, &o, &r, &error);
    check(good && r.outlier_channels == 2 && r.channels == 2 && r.channel[0].column == 77
          && r.channel[1].column == 5 && r.channel[0].signal == 900.0 * ROWS
          && r.outlier_signal == (900.0 + 100.0) * ROWS, "channels 77 and 5");
    accuracy_report_free(&r);
    bcq_tensor_close(t);
    t = tensor("c", x, 15, K);  /* too few rows */
    good = accuracy_measure(t, formats, 1, &o, &r, &error);
    check(good && r.outlier_channels == 0, "no channels in 15 rows");
    accuracy_report_free(&r);
    bcq_tensor_close(t);
    free(x);
}

/* ---- Products ---------------------------------------------------------------------------------------- */

static double row_product(const float *a, const float *w, int64_t k) {
    double sum = 0;
    for (int64_t i = 0; i < k; i++) sum += (double)a[i] * w[i];
    return sum;
}

static void encode_rows(const accuracy_format *f, const float *x, int64_t rows, int64_t k, bcq_format_tensor *once,
                        bcq_format_row *row) {
    float amax = 0;
    for (int64_t i = 0; i < rows * k; i++) amax = fmaxf(amax, fabsf(x[i]));
    bcq_format_scale_tensor(&f->format, amax, once);
    for (int64_t r = 0; r < rows; r++) {
        if (!bcq_format_row_alloc(&f->format, k, &row[r])) exit(2);
        f->format.kind->encode(&f->format, once, x + r * k, k, &row[r]);
    }
}

static void test_multiply(int64_t k) {
    enum { M = 5, N = 7 };
    float *a = random_values(M * k, 0.3), *w = random_values(N * k, 0.3);
    float *ya = malloc((size_t)(M * k) * sizeof *ya), *yw = malloc((size_t)(N * k) * sizeof *yw);
    bcq_tensor *ta = tensor("a", a, M, k), *tw = tensor("w", w, N, k);
    accuracy_product one[FORMATS_MAX], two[FORMATS_MAX];
    bcq_error error;
    memset(one, 0, sizeof one);
    memset(two, 0, sizeof two);
    bool good = ya && yw
        && accuracy_multiply(ta, tw, formats, format_count, &(accuracy_options){ .threads = 1 }, one, &error)
        && accuracy_multiply(ta, tw, formats, format_count, &(accuracy_options){ .threads = 3 }, two, &error);
    check(good, "product, K = %" PRId64, k);
    for (size_t f = 0; good && f < format_count; f++) {
        const bcq_format *format = &formats[f]->format;
        bcq_format_row ra[M], rw[N];
        bcq_format_tensor oa, ow;
        double signal = 0, noise = 0, hardware = 0;
        quantize_again(formats[f], a, M, k, ya);
        quantize_again(formats[f], w, N, k, yw);
        if (format->kind->weight_only) memcpy(ya, a, (size_t)(M * k) * sizeof *a);
        encode_rows(formats[f], a, M, k, &oa, ra);
        encode_rows(formats[f], w, N, k, &ow, rw);
        for (int64_t i = 0; i < M; i++) {
            double row[3] = { 0 };
            for (int64_t n = 0; n < N; n++) {
                double want = row_product(a + i * k, w + n * k, k);
                double e = row_product(ya + i * k, yw + n * k, k) - want;
                row[0] += want * want;
                row[1] += e * e;
                if (!bcq_format_has_sum(format)) continue;
                e = (double)format->kind->apply_scales(format, format->kind->dot(format, &ra[i], &rw[n]), &oa, &ra[i],
                                                       &ow, &rw[n]) - want;
                row[2] += e * e;
            }
            signal += row[0];
            noise += row[1];
            hardware += row[2];
        }
        check(one[f].signal == signal && one[f].error == noise, "product in %s, K = %" PRId64 ": wanted %.17g, got %.17g",
              formats[f]->name, k, noise, one[f].error);
        check(one[f].has_hardware == bcq_format_has_sum(format) && one[f].hardware_error == hardware,
              "hardware sum of %s, K = %" PRId64 ": wanted %.17g, got %.17g", formats[f]->name, k, hardware,
              one[f].hardware_error);
        check(memcmp(&one[f], &two[f], sizeof one[f]) == 0, "product in %s: 3 threads differ", formats[f]->name);
        for (int64_t r = 0; r < M; r++) bcq_format_row_free(&ra[r]);
        for (int64_t r = 0; r < N; r++) bcq_format_row_free(&rw[r]);
    }
    bcq_tensor_close(ta);
    bcq_tensor_close(tw);
    free(a);
    free(w);
    free(ya);
    free(yw);
}

/* ---- Files of `bcq compare` ------------------------------------------------------------------------- */

/* The next field of a line; *line moves on, NULL behind the last. */
static char *field(char **line) {
    char *at = *line, *out = at, *start = at;
    if (*at == '"') {
        for (at++; *at && !(*at == '"' && at[1] != '"'); at++) {
            if (*at == '"') at++;
            *out++ = *at;
        }
        if (*at) at++;
    } else {
        while (*at && *at != ',') at++;
        out = at;
    }
    *line = *at == ',' ? at + 1 : NULL;
    *out = 0;
    return start;
}

static bool same_value(const json_t *value, const char *text) {
    if (json_is_null(value)) return *text == 0;
    if (json_is_boolean(value)) return strcmp(text, json_is_true(value) ? "true" : "false") == 0;
    if (json_is_number(value)) return strtod(text, NULL) == json_number_value(value) && *text;
    return json_is_string(value) && strcmp(text, json_string_value(value)) == 0;
}

static void test_files(const char *json, const char *csv, size_t rows) {
    json_error_t e;
    json_t *list = json_load_file(json, 0, &e);
    FILE *f = fopen(csv, "r");
    char header[4096], line[4096];
    check(json_is_array(list) && json_array_size(list) == rows, "%s: wanted a list of %zu objects, got %zu (%s)", json,
          rows, json_array_size(list), list ? "" : e.text);
    check(f && fgets(header, sizeof header, f), "%s: wanted a line of names", csv);
    if (!failed) header[strcspn(header, "\n")] = 0;
    for (size_t i = 0; !failed && i < rows; i++) {
        json_t *o = json_array_get(list, i);
        size_t fields = 0;
        char names[sizeof header], *name = names, *value = line;
        strcpy(names, header);
        check(fgets(line, sizeof line, f), "%s: wanted row %zu", csv, i + 1);
        line[strcspn(line, "\n")] = 0;
        check(json_is_string(json_object_get(o, "format")) && json_is_number(json_object_get(o, "bits"))
              && json_is_number(json_object_get(o, "nmse")), "%s: format, bits and nmse of row %zu", json, i + 1);
        while (name && value) {
            const char *key = field(&name), *text = field(&value);
            check(json_object_get(o, key) && same_value(json_object_get(o, key), text),
                  "row %zu, %s: wanted what the JSON has, got %s", i + 1, key, text);
            fields++;
        }
        check(!name && !value && fields == json_object_size(o), "row %zu: wanted %zu fields, got %zu", i + 1,
              json_object_size(o), fields);
    }
    check(f && !fgets(line, sizeof line, f), "%s: wanted no more than %zu rows", csv, rows);
    if (f) fclose(f);
    json_decref(list);
}

int main(int argc, char **argv) {
    if (argc == 5 && strcmp(argv[1], "-files") == 0) {
        test_files(argv[2], argv[3], (size_t)strtoul(argv[4], NULL, 10));
        printf("%d passed, %d failed\n", passed, failed);
        return failed || !passed ? EXIT_FAILURE : EXIT_SUCCESS;
    }
    if (argc == 3 && strcmp(argv[1], "-seed") == 0) seed = strtoull(argv[2], NULL, 10);
    else if (argc != 1) {
        fprintf(stderr, "usage: test_compare [-seed S] | -files JSON CSV ROWS\n");
        return 2;
    }
    printf("test_compare: seed %" PRIu64 "\n", seed);
    random_state = seed;
    if (!mkdtemp(folder)) return 2;
    test_fast();
    get_formats();

    /* Local codebooks are of this tensor. */
    float *x = random_values(40 * 200, 0.5);
    for (int r = 0; r < 40; r++) {  /* outlier channels */
        x[r * 200 + 3] *= 20;
        x[r * 200 + 190] *= 40;
        x[r * 200 + 64] *= 80;
    }
    bcq_tensor *t = tensor("x", x, 40, 200);
    bcq_error error;
    for (size_t f = 0; f < format_count; f++)
        check(accuracy_calibrate(formats[f], &t, 1, &(accuracy_options){ .threads = 2 }, &error), "calibration of %s",
              formats[f]->name);
    bcq_tensor_close(t);
    test_measure("40 x 200", x, 40, 200);
    test_measure("one row", x, 1, 300);
    test_measure("K = 1", x, 50, 1);
    test_measure("K = 65", x, 20, 65);
    for (int i = 0; i < 200; i++) x[i] = 0;
    test_measure("zeros", x, 2, 100);
    test_measure("zeros first", x, 4, 100);
    free(x);
    test_channels();
    test_multiply(200);
    test_multiply(1);
    for (size_t f = 0; f < format_count; f++) free(formats[f]);
    rmdir(folder);
    printf("%d passed, %d failed\n", passed, failed);
    return failed || !passed ? EXIT_FAILURE : EXIT_SUCCESS;
}
