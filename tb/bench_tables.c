/* What BCQ's table engine, one codebook of small integers under an E4M3 scale, loses against the tables
 * NF4, AF4, BOF4 and BOF4-S as they are: float levels, constants of FP32 or BF16. And what OPQ gives, and,
 * with -fixed, what it costs BOF4 to keep levels 0 and +-1.
 *
 *     bench_tables [-fixed]        in the project's root: it reads sw/model/weights.safetensors */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bof4.h"
#include "random.h"
#include "tables.h"

static const char weights[] = "sw/model/weights.safetensors:*";

typedef struct { float *x, amax; int64_t rows, k; } matrix;
typedef struct { const char *name; matrix *of; size_t count; } data;

static void die(const char *what) {
    fprintf(stderr, "bench_tables: %s\n", what);
    exit(2);
}

static void *room(size_t bytes) {
    void *p = malloc(bytes);
    if (!p) die("wanted memory, got none");
    return p;
}

static void find_amax(matrix *m) {
    m->amax = 0;
    for (int64_t i = 0; i < m->rows * m->k; i++) m->amax = fmaxf(m->amax, fabsf(m->x[i]));
}

/* N(0,1); spread > 0: each 256 scalars times another power of two, the exponent normal with that deviation. */
static data make_normal(const char *name, double spread) {
    matrix *m = room(sizeof *m);
    *m = (matrix){ room(sizeof(float) << 20), 0, 256, 4096 };
    double factor = 1;
    for (int64_t i = 0; i < m->rows * m->k; i++) {
        if (spread > 0 && i % 256 == 0) factor = exp2(rint(spread * normal()));
        m->x[i] = (float)(factor * normal());
    }
    find_amax(m);
    return (data){ name, m, 1 };
}

static data read_model(void) {
    bcq_error error;
    bcq_tensor **t;
    data d = { "weights of the embedded model", NULL, bcq_tensor_open_all(weights, &t, &error) };
    if (!d.count) die(error.message);
    d.of = room(d.count * sizeof *d.of);
    for (size_t i = 0; i < d.count; i++) {
        matrix *m = &d.of[i];
        *m = (matrix){ NULL, 0, bcq_tensor_rows(t[i]), bcq_tensor_k(t[i]) };
        m->x = room((size_t)(m->rows * m->k) * sizeof *m->x);
        for (int64_t r = 0; r < m->rows; r++)
            if (!bcq_tensor_read(t[i], r, 0, m->k, false, m->x + r * m->k, &error)) die(error.message);
        find_amax(m);
        bcq_tensor_close(t[i]);
    }
    free(t);
    return d;
}

static void free_data(data *d) {
    for (size_t i = 0; i < d->count; i++) free(d->of[i].x);
    free(d->of);
}

/* ---- Errors -------------------------------------------------------------------------------- */

typedef struct {
    double signal, squares, sum;   /* of x^2, (x - x^)^2, |x - x^| */
    double blocks, ratios;         /* of each block of 64: how many; sum of their own NMSE */
    double scalars, outliers;
} errors;

static void compare(errors *e, const float *x, const float *back, int64_t k) {
    for (int64_t first = 0; first < k; first += 64) {
        double signal = 0, squares = 0;
        for (int64_t i = first; i < k && i < first + 64; i++) {
            double off = (double)x[i] - (double)back[i];
            signal += (double)x[i] * (double)x[i];
            squares += off * off;
            e->sum += fabs(off);
        }
        e->signal += signal;
        e->squares += squares;
        if (signal > 0) { e->blocks++; e->ratios += squares / signal; }
    }
    e->scalars += (double)k;
}

static errors by_format(const bcq_format *f, const data *d) {
    errors e = { 0 };
    for (size_t t = 0; t < d->count; t++) {
        const matrix *m = &d->of[t];
        bcq_format_tensor scale;
        bcq_format_row row;
        float *back = room((size_t)m->k * sizeof *back);
        if (!bcq_format_row_alloc(f, m->k, &row)) die("wanted memory, got none");
        f->kind->scale_tensor(f, m->amax, &scale);
        for (int64_t r = 0; r < m->rows; r++) {
            f->kind->encode(f, &scale, m->x + r * m->k, m->k, &row);
            f->kind->decode(f, &scale, &row, back);
            compare(&e, m->x + r * m->k, back, m->k);
            e.outliers += (double)row.outliers;
        }
        bcq_format_row_free(&row);
        free(back);
    }
    return e;
}

/* The golden model with one codebook: what the accelerator multiplies. */
static errors by_engine(const bcq_codebooks *cb, bool is_signed, const data *d) {
    errors e = { 0 };
    int la = cb->p.la;
    for (size_t t = 0; t < d->count; t++) {
        const matrix *m = &d->of[t];
        int exponent;
        if (!bcq_tensor_exponent(m->amax, &cb->p, &exponent)) die("wanted a smaller tensor");
        float *back = room((size_t)(m->k + la) * sizeof *back);
        for (int64_t r = 0; r < m->rows; r++) {
            for (int64_t j = 0; j < m->k; j += la) {
                float x[BCQ_LA_MAX] = { 0 };
                int8_t entry[BCQ_LA_MAX];
                bcq_array a;
                memcpy(x, m->x + r * m->k + j, (size_t)(m->k - j < la ? m->k - j : la) * sizeof *x);
                if (is_signed) bcq_encode_array_signed(x, exponent, cb, &a);
                else           bcq_encode_array(x, exponent, cb, &a);
                bcq_decode_entries(&a, cb, entry);
                for (int i = 0; i < la; i++) back[j + i] = bcq_decode_value(entry[i], a.scale, exponent);
            }
            compare(&e, m->x + r * m->k, back, m->k);
        }
        free(back);
    }
    return e;
}

static bcq_format parsed(const char *spec) {
    bcq_format f;
    char message[200];
    const char *wrong = bcq_format_parse(spec, &f, message, sizeof message);
    if (wrong) die(wrong);
    return f;
}

/* ---- The table engine ---------------------------------------------------------------------- */

static const char *const names[] = { "nf4", "af4", "bof4", "bof4s" };
static const bcq_constant constants[] = { BCQ_CONSTANT_FP32, BCQ_CONSTANT_BF16, BCQ_CONSTANT_E4M3 };

static void row_of(const char *name, int group, const data *d, bool by_block) {
    char spec[60];
    bool is_signed = strcmp(name, "bof4s") == 0;
    snprintf(spec, sizeof spec, "%s:group=%d", name, group);
    printf("%-6s %4d ", name, group);
    for (int width = 0; width <= 8; width = width == 0 ? 8 : width - 2) {
        bcq_format f = parsed(spec);
        bcq_codebooks cb = { .p = { group, 8, 1, 4, width } };
        for (int k = 0; k < BCQ_TABLE_LEVELS && width; k++) {
            cb.entry[0][k] = (int8_t)lrint((double)f.level[k] * bcq_cmax(&cb.p));
            f.level[k] = (float)cb.entry[0][k] / (float)bcq_cmax(&cb.p);
        }
        /* Entries are looked up by midpoints; NF4's thresholds belong to its float levels. */
        if (width && !is_signed) f.kind = &bcq_format_af4;
        for (int c = 0; c < 3; c++) {
            f.constant = constants[c];
            bool engine = width && constants[c] == BCQ_CONSTANT_E4M3;
            if (engine && group > BCQ_LA_MAX) { printf("       -"); continue; }
            errors e = engine ? by_engine(&cb, is_signed, d) : by_format(&f, d);
            printf(" %7.4f", 1e3 * (by_block ? e.ratios / e.blocks : e.squares / e.signal));
        }
        printf(" ");
        if (width == 6) break;
    }
    printf("\n");
    fflush(stdout);
}

static void table_of(const data *d, bool by_block) {
    printf("\n%s: NMSE x 1e-3%s\n", d->name, by_block ? ", mean of blocks of 64" : "");
    printf("             float levels             entries of 8 bits        entries of 6 bits\n"
           "table     I    FP32    BF16    E4M3     FP32    BF16  engine     FP32    BF16  engine\n");
    for (size_t n = 0; n < sizeof names / sizeof *names; n++)
        for (int group = 16; group <= 256; group *= 2)
            if (bcq_levels(names[n], group, BCQ_METRIC_MSE)) row_of(names[n], group, d, by_block);
}

static void opq_of(const data *d) {
    static const char *const kinds[] = { "bof4", "bof4-opq:q=0.95", "bof4-opq:q=0.99", "bof4s", "bof4s-opq:q=0.95",
                                         "bof4s-opq:q=0.99" };
    printf("\nOPQ, %s, BF16 constants\n"
           "format             I  NMSE x 1e-3  outliers of 1000  bits a scalar\n", d->name);
    for (size_t n = 0; n < sizeof kinds / sizeof *kinds; n++) {
        for (int group = 32; group <= 128; group *= 2) {
            char spec[60];
            snprintf(spec, sizeof spec, "%s:group=%d", kinds[n], group);
            bcq_format f = parsed(spec);
            errors e = by_format(&f, d);
            printf("%-16s %3d      %7.4f            %6.3f         %6.4f\n", kinds[n], group,
                   1e3 * e.squares / e.signal, 1e3 * e.outliers / e.scalars,
                   bcq_format_bits(&f, 4096, NULL) + 80 * e.outliers / e.scalars);
        }
    }
}

/* ---- Fixed levels -------------------------------------------------------------------------- */

static void fixed_table(const data *model) {
    static const char *const fixed_names[] = { "none", "0", "+-1", "0, +-1" };
    printf("BOF4, I = 64: levels for N(0,1), and with \"fitted\" those for the weights of the embedded model; exact\n"
           "constants\n"
           "                         on N(0,1)             on the weights        fitted to the weights\n"
           "levels metric fixed      MSE        MAE        MSE 1e-5   MAE 1e-3   MSE 1e-5   MAE 1e-3\n");
    for (int is_signed = 0; is_signed < 2; is_signed++) {
        bof4_samples s = { 0 };
        for (size_t t = 0; t < model->count; t++) {
            const matrix *m = &model->of[t];
            for (int64_t r = 0; r < m->rows; r++)
                for (int64_t j = 0; j < m->k; j += 64)
                    if (!bof4_add_block(&s, m->x + r * m->k + j, (int)(m->k - j < 64 ? m->k - j : 64), is_signed))
                        die("wanted memory, got none");
        }
        for (int metric = 0; metric < 2; metric++) {
            for (int fixed = 0; fixed < 4; fixed++) {
                bof4_options o;
                bof4_report theory, fitted;
                bcq_error error;
                double level[BOF4_LEVELS], own[BOF4_LEVELS];
                bof4_defaults(&o);
                o.is_signed = is_signed;
                o.metric = (bcq_metric)metric;
                o.fixed_zero = fixed & 1;
                o.fixed_one = fixed >> 1;
                if (!bof4_theory(&o, level, &theory)) die("the levels do not settle");
                if (!bof4_fit(&s, &o, own, &fitted, &error)) die(error.message);
                bcq_format f = parsed(is_signed ? "bof4s:scale=exact" : "bof4:scale=exact");
                for (int k = 0; k < BOF4_LEVELS; k++) f.level[k] = (float)level[k];
                errors e = by_format(&f, model);
                printf("%-6s %-6s %-8s   %.8f %.8f %-10.5f %-10.5f %-10.5f %-10.5f\n", is_signed ? "bof4s" : "bof4",
                       metric ? "mae" : "mse", is_signed && fixed > 1 ? fixed == 3 ? "0, 1" : "1" : fixed_names[fixed],
                       theory.mse, theory.mae, 1e5 * e.squares / e.scalars, 1e3 * e.sum / e.scalars,
                       1e5 * fitted.mse, 1e3 * fitted.mae);
                fflush(stdout);
            }
        }
        bof4_samples_free(&s);
    }
}

int main(int argc, char **argv) {
    bool fixed = argc == 2 && strcmp(argv[1], "-fixed") == 0;
    if (argc > 1 && !fixed) die("wanted no argument, or -fixed");
    data model = read_model();
    if (fixed) {
        fixed_table(&model);
    } else {
        random_state = 1;
        printf("seed 1; 2^20 scalars of N(0,1); each tensor has its own tensor scale\n");
        data gauss = make_normal("N(0,1)", 0), spread = make_normal("N(0,1) times 2^n, n normal, deviation 3", 3);
        table_of(&gauss, false);
        table_of(&model, false);
        table_of(&spread, true);
        opq_of(&gauss);
        opq_of(&model);
        free_data(&gauss);
        free_data(&spread);
    }
    free_data(&model);
    return 0;
}
