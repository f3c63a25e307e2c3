#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cmd_gemm.h"
#include "rival.h"

/* bcq gemm --format: a product in a rival format, encoded here from float tensors. */

typedef struct {
    rival_tensor a, w;
    int64_t m, n;
    rtl *array;                   /* NULL: the golden model alone */
    uint32_t *golden, *got;       /* [m][n], before the scales of rows and tensors; got: of the array */
    float *c;                     /* [m][n] */
    uint64_t mismatches, formula, macs;
    rtl_run_report report;
    double seconds;               /* of the back end that was asked for */
    bcq_gemm_errors errors;
} product;

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* ---- Printing -------------------------------------------------------------------------------- */

static double utilisation(const product *p) {
    return (double)p->macs / ((double)rtl_macs(rtl_get_build(p->array)) * (double)p->report.cycles);
}

static bool print_json(const gemm_format_arguments *g, const product *p, bcq_error *error) {
    bool ran = p->array != NULL;
    json_t *object = json_pack(
        "{s:s, s:s, s:o, s:s, s:I, s:I, s:I, s:f, s:f, s:f, s:f, s:f, s:o, s:o, s:o, s:o, s:I, s:o, s:f}",
        "format", g->format, "backend", g->backend, "config", ran ? json_string(g->config) : json_null(),
        "partial_sum", p->a.f.kind->partial_sum,
        "m", (json_int_t)p->m, "n", (json_int_t)p->n, "k", (json_int_t)p->a.k,
        "bits_a", bcq_format_bits(&p->a.f, p->a.k, NULL), "bits_w", bcq_format_bits(&p->w.f, p->w.k, NULL),
        "nmse_a", p->errors.nmse_a, "nmse_w", p->errors.nmse_w, "nmse_c", p->errors.nmse_c,
        "mismatches", ran ? json_integer((json_int_t)p->mismatches) : json_null(),
        "cycles", ran ? json_integer((json_int_t)p->report.cycles) : json_null(),
        "cycles_formula", ran ? json_integer((json_int_t)p->formula) : json_null(),
        "utilisation", ran ? json_real(utilisation(p)) : json_null(),
        "macs", (json_int_t)p->macs,
        "macs_a_cycle", ran ? json_integer(rtl_macs(rtl_get_build(p->array))) : json_null(),
        "seconds", p->seconds);
    if (!object) return bcq_fail(error, "--json: wanted UTF-8 names and memory, got none");
    json_dumpf(object, stdout, JSON_REAL_PRECISION(9));
    putchar('\n');
    json_decref(object);
    return true;
}

static void print_table(const gemm_format_arguments *g, const product *p) {
    const bcq_format_kind *kind = p->a.f.kind;
    printf("back end            %s", g->backend);
    printf(p->array ? ", configuration %s\n" : "\n", g->config);
    printf("format              %s (%s)\n", g->format, kind->what);
    printf("accumulator         %s\n", kind->partial_sum);
    printf("C = A * W^T         M %" PRId64 ", N %" PRId64 ", K %" PRId64 "\n", p->m, p->n, p->a.k);
    printf("effective bits      A %.3f, W %.3f\n", bcq_format_bits(&p->a.f, p->a.k, NULL),
           bcq_format_bits(&p->w.f, p->w.k, NULL));
    printf("NMSE against float  A %.3e, W %.3e, C %.3e\n", p->errors.nmse_a, p->errors.nmse_w, p->errors.nmse_c);
    if (p->array) {
        printf("mismatches          %" PRIu64 " of %" PRIu64 " (rtl against golden, bit for bit)\n", p->mismatches,
               (uint64_t)p->m * (uint64_t)p->n);
        printf("cycles              %" PRIu64 " (formula %" PRIu64 ")\n", p->report.cycles, p->formula);
        printf("utilisation         %.2f %% of %d MAC a cycle\n", 100 * utilisation(p),
               rtl_macs(rtl_get_build(p->array)));
        printf("simulation          %.1f kHz\n", 1e-3 * (double)p->report.cycles / p->seconds);
    }
    printf("time                %.3f s for %" PRIu64 " MACs\n", p->seconds, p->macs);
}

/* ---- The product ------------------------------------------------------------------------------- */

static bool read_format(const gemm_format_arguments *g, bcq_format *f, bcq_error *error) {
    char message[sizeof error->message / 2], known[200] = "";
    for (const bcq_format_kind *const *k = bcq_format_kinds; *k; k++)
        if ((*k)->hardware >= 0) strcat(strcat(known, known[0] ? ", " : ""), (*k)->name);
    const char *wrong = bcq_format_parse(g->format, f, message, sizeof message);
    if (wrong) return bcq_fail(error, "--format: %s", wrong);
    if (strcmp(f->kind->name, "bcq") == 0)
        return bcq_fail(error, "--format: wanted -c CB.txt instead of the format bcq, got \"%s\"", g->format);
    wrong = rival_refuses(f);
    if (!wrong) return true;
    return f->kind->dot ? bcq_fail(error, "--format: wanted %s, got \"%s\"", wrong, g->format)
                        : bcq_fail(error, "--format: wanted %s: %s; got \"%s\"", wrong, known, g->format);
}

static bool encode(const char *spec, const bcq_format *f, rival_tensor *r, bcq_error *error) {
    bcq_tensor *t = bcq_tensor_open(spec, error);
    bool good = t && rival_encode(f, t, r, error);
    bcq_tensor_close(t);
    return good;
}

static bool open_array(const gemm_format_arguments *g, product *p, bcq_error *error) {
    if (strcmp(g->backend, "rtl") != 0) return true;
    p->array = rtl_open_rival(g->config, 1, error);
    if (!p->array) return false;
    return rtl_get_build(p->array)->format == p->a.f.kind->hardware
        || bcq_fail(error, "--config %s: wanted an array of %s, got one of another format", g->config,
                    p->a.f.kind->name);
}

static bool multiply(product *p, bcq_error *error) {
    double begin = now();
    if (p->array) {
        const rtl_build *b = rtl_get_build(p->array);
        rival_operands operands = { &p->a, &p->w };
        rtl_beats beats = rival_beats(b, &operands);
        rtl_run_options options = { .progress = true };
        if (!rtl_run_beats(p->array, &beats, &options, p->got, &p->report, error)) return false;
        p->seconds = now() - begin;
        p->formula = rtl_cycles_formula(b, p->m, p->n, p->a.k);
    }
    rival_golden(&p->a, &p->w, p->golden);
    if (!p->array) p->seconds = now() - begin;
    for (int64_t i = 0; p->array && i < p->m * p->n; i++) {
        if (p->got[i] == p->golden[i]) continue;
        if (p->mismatches++ == 0)
            bcq_fail(error, "C[%" PRId64 "][%" PRId64 "]: wanted %08" PRIx32 " as in the golden model, got %08"
                     PRIx32, i / p->n, i % p->n, p->golden[i], p->got[i]);
    }
    rival_apply_scales(&p->a, &p->w, p->array ? p->got : p->golden, p->c);
    return rival_compare(&p->a, &p->w, p->c, &p->errors, error);
}

static bool product_room(const char *path, product *p, bcq_error *error) {
    size_t scalars, bytes;
    p->m = p->a.rows;
    p->n = p->w.rows;
    p->macs = (uint64_t)p->m * (uint64_t)p->n * (uint64_t)p->a.k;
    if (!__builtin_mul_overflow((size_t)p->m, (size_t)p->n, &scalars)
        && !__builtin_mul_overflow(scalars, sizeof *p->c, &bytes)) {
        p->c = malloc(bytes);
        p->golden = malloc(bytes);
        p->got = malloc(bytes);
    }
    return (p->c && p->golden && p->got)
        || bcq_fail(error, "%s: wanted memory for %" PRId64 " x %" PRId64 " results, got none", path, p->m, p->n);
}

static int run(const gemm_format_arguments *g, product *p, bcq_error *error) {
    bcq_format f;
    if (!read_format(g, &f, error) || !encode(g->a, &f, &p->a, error) || !encode(g->w, &f, &p->w, error)
        || !rival_check(&p->a, &p->w, error) || !product_room(g->output, p, error)
        || !open_array(g, p, error))
        return EXIT_REFUSED;
    bcq_output *output = bcq_output_open(g->output, error);
    if (!output) return EXIT_REFUSED;
    int status = !multiply(p, error) ? EXIT_REFUSED : p->mismatches ? EXIT_FAILED : EXIT_DONE;
    if (status == EXIT_DONE) {
        FILE *file = bcq_output_stream(output);
        bcq_npy_write_header(file, p->m, p->n);
        fwrite(p->c, sizeof *p->c, (size_t)(p->m * p->n), file);
        if (!bcq_output_commit(output, error)) return EXIT_REFUSED;
    } else {
        bcq_output_discard(output);
    }
    if (status != EXIT_REFUSED && !g->json) print_table(g, p);
    else if (status != EXIT_REFUSED && !print_json(g, p, error)) status = EXIT_REFUSED;
    return status;
}

int gemm_format(const gemm_format_arguments *arguments, bcq_error *error) {
    gemm_format_arguments g = *arguments;
    product p = { .array = NULL };
    char config[64];
    if (!g.config) {  /* the row of the default size has the format's name, without its options */
        snprintf(config, sizeof config, "%.*s", (int)strcspn(g.format, ":"), g.format);
        g.config = config;
    }
    int status = run(&g, &p, error);
    rtl_close(p.array);
    rival_free(&p.a);
    rival_free(&p.w);
    free(p.golden);
    free(p.got);
    free(p.c);
    return status;
}
