#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"

static const char help[] =
"bcq gemm -c CB.txt -a A.bcq -w W.bcq -o C.npy [options]\n"
"C[M][N] = A[M][K] * W[N][K]^T of two packed tensors, float32.\n"
"\n"
"  -c, --codebooks FILE  those that A (and W, without --cw) was made with\n"
"      --cw FILE         those of W, where they differ; la must be equal\n"
"  -a FILE, -w FILE      the packed tensors\n"
"  -o, --output FILE     .npy; it appears complete or not at all, and not after a mismatch\n"
"      --backend NAME    golden: the C model (default). rtl: the simulated hardware, compared\n"
"                        with the golden model bit for bit; exit status 1 if they differ\n"
"      --config NAME     rtl: a configuration of rtl/configs.def (default: default)\n"
"      --acc NAME        fp32: one rounding an array (default). exact: 64-bit fixed point\n"
"      --float-a TENSOR, --float-w TENSOR\n"
"                        the tensors that A and W were made from: report the errors (NMSE) too\n"
"      --json            print one JSON object instead of a table\n"
"      --trace FILE      rtl: waveform, .fst; with --trace-from N and --trace-to N, in cycles\n"
"\n"
"Examples:\n"
"  bcq gemm -c cb.txt -a a.bcq -w w.bcq -o c.npy\n"
"  bcq gemm -c cb_a.txt --cw cb_w.txt -a a.bcq -w w.bcq -o c.npy --acc exact --json\n"
"  bcq gemm -c cb.txt -a a.bcq -w w.bcq -o c.npy --backend rtl --trace c.fst --trace-to 5000\n";

typedef struct {
    const char *codebooks, *codebooks_w, *a, *w, *output, *float_a, *float_w;
    bool rtl, exact, json;
    bcq_rtl_options o;
} arguments;

/* What the table and the JSON object show. */
typedef struct {
    const bcq_packed_info *a, *w;
    uint64_t mismatches;
    bcq_gemm_report report;
    bcq_gemm_errors errors;  /* if --float-a and --float-w were given */
} outcome;

static json_t *number(bool present, uint64_t value) {
    return present ? json_integer((json_int_t)value) : json_null();
}

static json_t *real(bool present, double value) {
    return present ? json_real(value) : json_null();
}

static bool print_json(const arguments *g, const outcome *r, bcq_error *error) {
    bool rtl = g->rtl;  /* the golden model has no cycles */
    bool compared = g->float_a != NULL;
    json_t *object = json_pack(
        "{s:s, s:o, s:s, s:I, s:I, s:I, s:f, s:f, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:I,"
        " s:o, s:f}",
        "backend", rtl ? "rtl" : "golden",
        "config", rtl ? json_string(g->o.config) : json_null(),
        "acc", g->exact ? "exact" : "fp32",
        "m", (json_int_t)r->a->rows, "n", (json_int_t)r->w->rows, "k", (json_int_t)r->a->k,
        "bits_a", bcq_effective_bits(&r->a->p), "bits_w", bcq_effective_bits(&r->w->p),
        "nmse_a", real(compared, r->errors.nmse_a), "nmse_w", real(compared, r->errors.nmse_w),
        "nmse_c", real(compared, r->errors.nmse_c),
        "mismatches", number(rtl, r->mismatches),
        "cycles", number(rtl, r->report.cycles),
        "cycles_formula", number(rtl, r->report.cycles_formula),
        "codebook_cycles", number(rtl, r->report.codebook_cycles),
        "utilisation", real(rtl, r->report.utilisation),
        "utilisation_m1", real(rtl, r->report.utilisation_m1),
        "macs", (json_int_t)r->report.macs,
        "macs_a_cycle", number(rtl, (uint64_t)r->report.macs_a_cycle),
        "seconds", r->report.seconds);
    if (!object) return bcq_fail(error, "--json: wanted UTF-8 names and memory, got none");
    json_dumpf(object, stdout, JSON_REAL_PRECISION(9));
    putchar('\n');
    json_decref(object);
    return true;
}

static void print_table(const arguments *g, const outcome *r) {
    printf("back end            %s", g->rtl ? "rtl, configuration " : "golden\n");
    if (g->rtl) printf("%s\n", g->o.config);
    printf("accumulator         %s\n", g->exact ? "exact" : "fp32");
    printf("C = A * W^T         M %" PRId64 ", N %" PRId64 ", K %" PRId64 "\n", r->a->rows,
           r->w->rows, r->a->k);
    printf("effective bits      A %.3f, W %.3f\n", bcq_effective_bits(&r->a->p),
           bcq_effective_bits(&r->w->p));
    if (g->float_a) {
        printf("NMSE against float  A %.3e, W %.3e, C %.3e\n", r->errors.nmse_a, r->errors.nmse_w,
               r->errors.nmse_c);
    }
    if (g->rtl) {
        printf("mismatches          %" PRIu64 " of %" PRIu64 " (rtl against golden, bit for bit)\n",
               r->mismatches, (uint64_t)r->a->rows * (uint64_t)r->w->rows);
        printf("cycles              %" PRIu64 " (formula %" PRIu64 "), codebook load %" PRIu64 "\n",
               r->report.cycles, r->report.cycles_formula, r->report.codebook_cycles);
        printf("utilisation         %.2f %% of %d MAC a cycle (at M = 1: %.2f %%)\n",
               100 * r->report.utilisation, r->report.macs_a_cycle,
               100 * r->report.utilisation_m1);
        printf("simulation          %.1f kHz\n",
               1e-3 * (double)r->report.cycles / r->report.seconds);
    }
    printf("time                %.3f s for %" PRIu64 " MACs\n", r->report.seconds, r->report.macs);
}

static uint32_t bits_of(float x) {
    uint32_t u;
    memcpy(&u, &x, sizeof u);
    return u;
}

/* By bits: +0 and -0 differ. Notes the first difference. */
static uint64_t compare(const float *golden, const float *rtl, size_t scalars, int64_t n,
                        bcq_error *error) {
    uint64_t mismatches = 0;
    for (size_t i = 0; i < scalars; i++) {
        if (bits_of(golden[i]) == bits_of(rtl[i])) continue;
        if (mismatches++ == 0)
            bcq_fail(error, "C[%zu][%zu]: wanted %08" PRIx32 " as in the golden model, got %08"
                     PRIx32, i / (size_t)n, i % (size_t)n, bits_of(golden[i]), bits_of(rtl[i]));
    }
    return mismatches;
}

/* The product, into c, and for rtl the golden one into `golden`. */
static bool multiply(const arguments *g, const bcq_gemm_job *job, float *c, float *golden,
                     outcome *r, bcq_error *error) {
    if (!g->rtl) return bcq_gemm_golden(job, c, &r->report, error);
    return bcq_gemm_golden(job, golden, NULL, error)
        && bcq_gemm_rtl(job, &g->o, c, &r->report, error);
}

static bool measure(const arguments *g, const bcq_gemm_job *job, const float *c,
                    bcq_gemm_errors *errors, bcq_error *error) {
    bcq_tensor *a = bcq_tensor_open(g->float_a, error);
    bcq_tensor *w = a ? bcq_tensor_open(g->float_w, error) : NULL;
    bool good = w && bcq_gemm_compare(job, a, w, c, errors, error);
    bcq_tensor_close(a);
    bcq_tensor_close(w);
    return good;
}

static int write_product(const arguments *g, const bcq_gemm_job *job, bcq_error *error) {
    outcome r = { .a = bcq_packed_get_info(job->a), .w = bcq_packed_get_info(job->w) };
    size_t scalars, bytes;
    if (__builtin_mul_overflow((size_t)r.a->rows, (size_t)r.w->rows, &scalars)
        || __builtin_mul_overflow(scalars, sizeof(float), &bytes)) {
        bcq_fail(error, "%s: wanted a product that fits memory, got %" PRId64 " x %" PRId64,
                 g->output, r.a->rows, r.w->rows);
        return EXIT_REFUSED;
    }
    float *c = malloc(bytes), *golden = g->rtl ? malloc(bytes) : NULL;
    bcq_output *output = NULL;
    int status = EXIT_REFUSED;
    if (!c || (g->rtl && !golden)) {
        bcq_fail(error, "%s: wanted memory for %zu scalars, got none", g->output, scalars);
    } else if ((output = bcq_output_open(g->output, error))
               && multiply(g, job, c, golden, &r, error)) {
        if (g->rtl) r.mismatches = compare(golden, c, scalars, r.w->rows, error);
        status = r.mismatches ? EXIT_FAILED : EXIT_DONE;
        if (!r.mismatches && g->float_a && !measure(g, job, c, &r.errors, error)) {
            status = EXIT_REFUSED;
        } else if (!r.mismatches) {
            FILE *f = bcq_output_stream(output);
            bcq_npy_write_header(f, r.a->rows, r.w->rows);
            fwrite(c, sizeof *c, scalars, f);
            if (!bcq_output_commit(output, error)) status = EXIT_REFUSED;
            output = NULL;
        }
        if (status != EXIT_REFUSED) {
            if (!g->json) print_table(g, &r);
            else if (!print_json(g, &r, error)) status = EXIT_REFUSED;
        }
    }
    bcq_output_discard(output);
    free(golden);
    free(c);
    return status;
}

static int run(const arguments *g, bcq_error *error) {
    bcq_codebooks cb_a, cb_w;
    if (!bcq_codebooks_read(g->codebooks, &cb_a, error)
        || !bcq_codebooks_read(g->codebooks_w ? g->codebooks_w : g->codebooks, &cb_w, error))
        return EXIT_REFUSED;
    bcq_packed *a = bcq_packed_open(g->a, &cb_a, error);
    bcq_packed *w = a ? bcq_packed_open(g->w, &cb_w, error) : NULL;
    bcq_gemm_job job = { .cb_a = &cb_a, .cb_w = &cb_w, .a = a, .w = w, .exact = g->exact,
                         .progress = true };
    int status = w && bcq_gemm_check(&job, error) ? write_product(g, &job, error) : EXIT_REFUSED;
    bcq_packed_close(a);
    bcq_packed_close(w);
    return status;
}

/* One of two words; *second is true for the second. */
static bool parse_word(const char *option, const char *text, const char *one, const char *two,
                       bool *second, bcq_error *error) {
    *second = strcmp(text, two) == 0;
    return *second || strcmp(text, one) == 0
        || bcq_fail(error, "%s: wanted %s or %s, got \"%s\"", option, one, two, text);
}

int cmd_gemm(int argc, char **argv) {
    enum { CW = 256, BACKEND, CONFIG, ACC, JSON, TRACE, FROM, TO, FLOAT_A, FLOAT_W };
    static const struct option longs[] = {
        { "codebooks", required_argument, 0, 'c' }, { "output", required_argument, 0, 'o' },
        { "cw", required_argument, 0, CW },         { "backend", required_argument, 0, BACKEND },
        { "config", required_argument, 0, CONFIG }, { "acc", required_argument, 0, ACC },
        { "json", no_argument, 0, JSON },           { "trace", required_argument, 0, TRACE },
        { "trace-from", required_argument, 0, FROM }, { "trace-to", required_argument, 0, TO },
        { "float-a", required_argument, 0, FLOAT_A }, { "float-w", required_argument, 0, FLOAT_W },
        { "help", no_argument, 0, 'h' },            { 0 },
    };
    arguments g = { .o = { .config = "default", .trace_to = UINT64_MAX } };
    bcq_error error;
    bool good = true;
    const char *rtl_only = NULL;
    const char *shorts = ":c:a:w:o:h";
    for (int option; good && (option = next_option(argc, argv, shorts, longs, &error)) != -1; ) {
        switch (option) {
            case 'c': g.codebooks = optarg; break;
            case 'a': g.a = optarg; break;
            case 'w': g.w = optarg; break;
            case 'o': g.output = optarg; break;
            case CW: g.codebooks_w = optarg; break;
            case BACKEND: good = parse_word("--backend", optarg, "golden", "rtl", &g.rtl, &error);
                break;
            case CONFIG: g.o.config = optarg; rtl_only = "--config"; break;
            case ACC: good = parse_word("--acc", optarg, "fp32", "exact", &g.exact, &error); break;
            case JSON: g.json = true; break;
            case TRACE: g.o.trace = optarg; rtl_only = "--trace"; break;
            case FROM:
                rtl_only = "--trace-from";
                good = parse_u64(rtl_only, optarg, 0, UINT64_MAX, &g.o.trace_from, &error);
                break;
            case TO:
                rtl_only = "--trace-to";
                good = parse_u64(rtl_only, optarg, 0, UINT64_MAX, &g.o.trace_to, &error);
                break;
            case FLOAT_A: g.float_a = optarg; break;
            case FLOAT_W: g.float_w = optarg; break;
            case 'h': fputs(help, stdout); return EXIT_DONE;
            default: good = false;
        }
    }
    const char *missing = !g.codebooks ? "no -c" : !g.a ? "no -a" : !g.w ? "no -w"
                        : !g.output ? "no -o" : NULL;
    if (good && (missing || optind != argc))
        good = bcq_fail(&error,
                        "command line: wanted -c CB.txt -a A.bcq -w W.bcq -o C.npy, got %s%s",
                        missing ? missing : "also ", missing ? "" : argv[optind]);
    if (good && rtl_only && !g.rtl)
        good = bcq_fail(&error, "%s: wanted --backend rtl with it, got golden", rtl_only);
    if (good && rtl_only && strncmp(rtl_only, "--trace", 7) == 0 && !g.o.trace)
        good = bcq_fail(&error, "%s: wanted --trace FILE with it, got none", rtl_only);
    if (good && !g.float_a != !g.float_w)
        good = bcq_fail(&error, "--float-%c: wanted --float-%c with it, got none",
                        g.float_a ? 'a' : 'w', g.float_a ? 'w' : 'a');
    if (good && g.o.trace_from > g.o.trace_to)
        good = bcq_fail(&error, "--trace-to: wanted at least --trace-from = %" PRIu64 ", got %"
                        PRIu64, g.o.trace_from, g.o.trace_to);
    const char *inputs[] = { g.codebooks, g.codebooks_w, g.a, g.w, g.float_a, g.float_w };
    for (size_t i = 0; good && i < sizeof inputs / sizeof *inputs; i++)
        good = not_the_input(g.output, inputs[i], &error) && not_the_input(g.o.trace, inputs[i], &error);
    if (good && g.o.trace && strcmp(g.o.trace, g.output) == 0)
        good = bcq_fail(&error, "%s: wanted different files for -o and --trace, got one", g.output);
    int status = good ? run(&g, &error) : EXIT_REFUSED;
    if (status != EXIT_DONE) refuse(argv[0], &error);
    return status;
}
