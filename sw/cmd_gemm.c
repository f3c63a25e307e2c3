#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cmd_gemm.h"
#include "device.h"

static const char help[] =
"bcq gemm -c CB.txt -a A.bcq -w W.bcq -o C.npy [options]\n"
"bcq gemm -c CB.txt --batch LIST.txt [options]\n"
"bcq gemm --format F -a TENSOR -w TENSOR -o C.npy [--backend B] [--config NAME] [--json]\n"
"C[M][N] = A[M][K] * W[N][K]^T of two packed tensors, or of two in a rival format, float32.\n"
"\n"
"  -c, --codebooks FILE  those that A (and W, without --cw) was made with\n"
"      --cw FILE         those of W, where they differ; la must be equal\n"
"  -a FILE, -w FILE      the packed tensors\n"
"  -o, --output FILE     .npy; it appears complete or not at all, and not after a mismatch\n"
"      --encode E        -a is a float TENSOR: rounded to BF16 and encoded on line under 2^E, -100\n"
"                        to 100; block arrays beyond it saturate\n"
"      --batch FILE      a list of products, a line each: NAME A W OUT. Lines that begin with # are\n"
"                        comments; file names are as in -a, -w and -o\n"
"      --format F        NAME[:key=value]..., one of docs/formats.md that has a sum: int8, int8-token,\n"
"                        vsq, mxfp4, nvfp4. -a and -w are float TENSORs, encoded in it; --config is\n"
"                        a row of rtl/rivals/configs.def (default: the format's name); the errors\n"
"                        (NMSE) are reported\n"
"      --backend NAME    golden: the C model (default). rtl: the simulated accelerator.\n"
"                        uart:DEVICE[@BAUD]: a board, at 3000000 baud or that; the last two are\n"
"                        compared with the golden model bit for bit;\n"
"                        exit status 1 if they differ\n"
"      --config NAME     rtl: a configuration of rtl/configs.def (default: default). golden: tell\n"
"                        what this one would take\n"
"      --acc NAME        fp32: one rounding an array (default). exact: 64-bit fixed point\n"
"      --result NAME     fp32 (default), or bf16: results are rounded to BF16 before they leave\n"
"      --float-a TENSOR, --float-w TENSOR\n"
"                        the tensors that A and W were made from: report the errors (NMSE) too\n"
"      --json            print one JSON object instead of a table\n"
"      --trace FILE      rtl: waveform, .fst; with --trace-from N and --trace-to N, in cycles\n"
"\n"
"Examples:\n"
"  bcq gemm -c cb.txt -a a.bcq -w w.bcq -o c.npy\n"
"  bcq gemm -c cb_a.txt --cw cb_w.txt -a a.bcq -w w.bcq -o c.npy --acc exact --json\n"
"  bcq gemm -c cb.txt -a a.bcq -w w.bcq -o c.npy --backend rtl --trace c.fst --trace-to 5000\n"
"  bcq gemm -c cb.txt -a a.npy --encode -9 -w w.bcq -o c.npy --backend rtl --result bf16\n"
"  bcq gemm -c cb.txt --batch layer.txt --backend uart:/dev/ttyUSB1\n"
"  bcq gemm --format nvfp4 -a a.npy -w w.npy -o c.npy --backend rtl --config nvfp4-small\n";

typedef struct {
    const char *codebooks, *codebooks_w, *a, *w, *output, *float_a, *float_w, *batch;
    const char *backend, *config, *trace, *format;
    uint64_t trace_from, trace_to;
    bool exact, bf16_results, encode, json;
    int exponent;
} arguments;

static bool is_golden(const arguments *g) { return strcmp(g->backend, "golden") == 0; }
static bool is_rtl(const arguments *g) { return strcmp(g->backend, "rtl") == 0; }

/* The device that was asked for, and the golden model that it is compared with. */
typedef struct {
    bcq_codebooks cb_a, cb_w;
    bcq_device *device, *golden;  /* golden: NULL if the device is that itself */
} machine;

/* What the table and the JSON object show. */
typedef struct {
    int64_t m, n, k;
    bcq_params p_a, p_w;
    int exponent_a;
    bool built;                   /* plan and counters are those of a build */
    uint64_t mismatches;
    bcq_device_counters counters;
    bcq_plan plan, plan_m1;
    uint64_t macs;
    int macs_a_cycle;
    double utilisation, seconds;
    bcq_gemm_errors errors;       /* if --float-a and --float-w were given */
} outcome;

/* ---- Printing ------------------------------------------------------------------------------ */

static json_t *number(bool present, uint64_t value) {
    return present ? json_integer((json_int_t)value) : json_null();
}

static json_t *real(bool present, double value) {
    return present ? json_real(value) : json_null();
}

static bool print_json(const arguments *g, const machine *x, const outcome *r, bcq_error *error) {
    bool ran = x->golden != NULL;  /* the golden model has no cycles of its own */
    bool compared = g->float_a != NULL;
    const bcq_device_counters *c = &r->counters;
    json_t *object = json_pack(
        "{s:s, s:o, s:s, s:I, s:I, s:I, s:f, s:f, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:I,"
        " s:o, s:f, s:s, s:b, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
        "backend", g->backend,
        "config", g->config ? json_string(g->config) : json_null(),
        "acc", g->exact ? "exact" : "fp32",
        "m", (json_int_t)r->m, "n", (json_int_t)r->n, "k", (json_int_t)r->k,
        "bits_a", bcq_effective_bits(&r->p_a), "bits_w", bcq_effective_bits(&r->p_w),
        "nmse_a", real(compared, r->errors.nmse_a), "nmse_w", real(compared, r->errors.nmse_w),
        "nmse_c", real(compared, r->errors.nmse_c),
        "mismatches", number(ran, r->mismatches),
        "cycles", number(ran, c->cycles),
        "cycles_formula", number(r->built, r->plan.counters.cycles),
        "codebook_cycles", number(r->built, c->codebook_cycles),
        "utilisation", real(r->built, r->utilisation),
        "utilisation_m1", real(r->built, r->plan_m1.utilisation),
        "macs", (json_int_t)r->macs,
        "macs_a_cycle", number(r->built, (uint64_t)r->macs_a_cycle),
        "seconds", r->seconds,
        "result", g->bf16_results ? "bf16" : "fp32",
        "encode", g->encode,
        "commands", number(r->built, c->commands),
        "issued", number(r->built, c->issued), "stall_in", number(r->built, c->stall_in),
        "stall_out", number(r->built, c->stall_out), "codebook_bytes", number(r->built, c->codebook_bytes),
        "w_bytes", number(r->built, c->w_bytes), "a_bytes", number(r->built, c->a_bytes),
        "r_bytes", number(r->built, c->r_bytes),
        "bytes_a_mac", real(r->built, r->plan.bytes_a_mac),
        "nonfinite", json_boolean(c->nonfinite));
    if (!object) return bcq_fail(error, "--json: wanted UTF-8 names and memory, got none");
    json_dumpf(object, stdout, JSON_REAL_PRECISION(9));
    putchar('\n');
    json_decref(object);
    return true;
}

static void print_table(const arguments *g, const machine *x, const outcome *r) {
    bool ran = x->golden != NULL;
    const bcq_device_counters *c = &r->counters, *p = &r->plan.counters;
    printf("back end            %s", g->backend);
    printf(g->config ? ", configuration %s\n" : "\n", g->config);
    printf("accumulator         %s%s\n", g->exact ? "exact" : "fp32",
           g->bf16_results ? ", results rounded to BF16" : "");
    printf("C = A * W^T         M %" PRId64 ", N %" PRId64 ", K %" PRId64 "\n", r->m, r->n, r->k);
    printf("effective bits      A %.3f, W %.3f\n", bcq_effective_bits(&r->p_a),
           bcq_effective_bits(&r->p_w));
    if (g->encode)
        printf("activations         encoded on line, e_X %d%s\n", r->exponent_a,
               c->nonfinite ? ", NaN or infinities replaced" : "");
    if (g->float_a) {
        printf("NMSE against float  A %.3e, W %.3e, C %.3e\n", r->errors.nmse_a, r->errors.nmse_w,
               r->errors.nmse_c);
    }
    if (ran) {
        printf("mismatches          %" PRIu64 " of %" PRIu64 " (%s against golden, bit for bit)\n",
               r->mismatches, (uint64_t)r->m * (uint64_t)r->n, g->backend);
        printf("cycles              %" PRIu64 " (formula %" PRIu64 "), codebook load %" PRIu64 "\n",
               c->cycles, p->cycles, c->codebook_cycles);
    } else if (r->built) {
        printf("cycles              formula %" PRIu64 ", codebook load %" PRIu64 "\n", p->cycles,
               c->codebook_cycles);
    }
    if (r->built) {
        printf("array busy          %" PRIu64 " cycles; waiting for operands %" PRIu64 ", for room %" PRIu64 "\n",
               c->issued, c->stall_in, c->stall_out);
        printf("bytes               W %" PRIu64 ", A %" PRIu64 ", C %" PRIu64 " (%.4f a MAC)%s\n", c->w_bytes,
               c->a_bytes, c->r_bytes, r->plan.bytes_a_mac, r->plan.reuse ? ", activations sent once" : "");
        printf("utilisation         %.2f %% of %d MAC a cycle (at M = 1: %.2f %%)\n",
               100 * r->utilisation, r->macs_a_cycle, 100 * r->plan_m1.utilisation);
    }
    if (is_rtl(g))
        printf("simulation          %.1f kHz\n", 1e-3 * (double)c->cycles / r->seconds);
    printf("time                %.3f s for %" PRIu64 " MACs\n", r->seconds, r->macs);
}

/* ---- One product --------------------------------------------------------------------------- */

static uint32_t bits_of(float x) {
    uint32_t u;
    memcpy(&u, &x, sizeof u);
    return u;
}

/* By bits: +0 and -0 differ. Notes the first difference. */
static uint64_t compare(const char *name, const float *golden, const float *got, size_t scalars, int64_t n,
                        bcq_error *error) {
    uint64_t mismatches = 0;
    for (size_t i = 0; i < scalars; i++) {
        if (bits_of(golden[i]) == bits_of(got[i])) continue;
        if (mismatches++ == 0)
            bcq_fail(error, "%s[%zu][%zu]: wanted %08" PRIx32 " as in the golden model, got %08"
                     PRIx32, name, i / (size_t)n, i % (size_t)n, bits_of(golden[i]), bits_of(got[i]));
    }
    return mismatches;
}

typedef struct { const char *what; bool terminal; } meter;

static bool show_progress(void *context, double progress) {
    const meter *m = context;
    if (m->terminal) fprintf(stderr, "\r%s: %3d %%", m->what, (int)(100 * progress));
    return true;
}

/* Runs a started product to its end. */
static bool wait_for(bcq_device *d, const char *what, float *c, bcq_error *error) {
    meter m = { what, isatty(STDERR_FILENO) };
    bool good = bcq_device_wait(d, show_progress, &m, error);
    if (m.terminal) fprintf(stderr, "\r\033[K");
    return good && bcq_device_result(d, c, error);
}

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* The product on the device, into c, and on the golden model into `golden`. */
static bool multiply(const arguments *g, const machine *x, const bcq_device_activations *a, float *c,
                     float *golden, outcome *r, bcq_error *error) {
    bcq_device_options o = { .exact = g->exact, .bf16_results = g->bf16_results };
    if (g->trace && !bcq_device_trace(x->device, g->trace, g->trace_from, g->trace_to, error)) return false;
    /* First what refuses: a golden product may take long. */
    if (!bcq_device_start(x->device, a, &o, error)) return false;
    double begin = now();
    if (!wait_for(x->device, g->backend, c, error)) return false;
    r->seconds = now() - begin;
    if (x->golden && (!bcq_device_start(x->golden, a, &o, error) || !wait_for(x->golden, "golden", golden, error)))
        return false;
    const bcq_device_info *b = bcq_device_identify(x->device);
    r->built = b->la > 0;
    r->macs = (uint64_t)r->m * (uint64_t)r->n * (uint64_t)r->k;
    if (!bcq_device_get_counters(x->device, &r->counters, error)) return false;
    if (!r->built) return true;
    bcq_plan_job m1 = { 1, r->n, r->k, g->encode, g->bf16_results, false };
    if (!bcq_device_get_plan(x->device, &r->plan, error) || !bcq_plan_make(b, &m1, &r->plan_m1, error))
        return false;
    r->macs_a_cycle = bcq_device_macs(b);
    r->utilisation = (double)r->macs / ((double)r->macs_a_cycle * (double)r->counters.cycles);
    return true;
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

/* Weights are loaded; a is open. */
static int write_product(const arguments *g, const machine *x, const bcq_device_activations *a,
                         const bcq_packed *w, const char *path, outcome *r, bcq_error *error) {
    size_t scalars, bytes;
    if (__builtin_mul_overflow((size_t)r->m, (size_t)r->n, &scalars)
        || __builtin_mul_overflow(scalars, sizeof(float), &bytes)) {
        bcq_fail(error, "%s: wanted a product that fits memory, got %" PRId64 " x %" PRId64, path, r->m, r->n);
        return EXIT_REFUSED;
    }
    float *c = malloc(bytes), *golden = x->golden ? malloc(bytes) : NULL;
    bcq_output *output = NULL;
    int status = EXIT_REFUSED;
    if (!c || (x->golden && !golden)) {
        bcq_fail(error, "%s: wanted memory for %zu scalars, got none", path, scalars);
    } else if ((output = bcq_output_open(path, error)) && multiply(g, x, a, c, golden, r, error)) {
        if (x->golden) r->mismatches = compare("C", golden, c, scalars, r->n, error);
        status = r->mismatches ? EXIT_FAILED : EXIT_DONE;
        bcq_gemm_job job = { .cb_a = &x->cb_a, .cb_w = &x->cb_w, .a = a->packed, .w = w };
        if (!r->mismatches && g->float_a && !measure(g, &job, c, &r->errors, error)) {
            status = EXIT_REFUSED;
        } else if (!r->mismatches) {
            FILE *f = bcq_output_stream(output);
            bcq_npy_write_header(f, r->m, r->n);
            fwrite(c, sizeof *c, scalars, f);
            if (!bcq_output_commit(output, error)) status = EXIT_REFUSED;
            output = NULL;
        }
    }
    bcq_output_discard(output);
    free(golden);
    free(c);
    return status;
}

/* Opens the operands, multiplies, writes. */
static int run_one(const arguments *g, const machine *x, const char *a_name, const char *w_name,
                   const char *path, outcome *r, bcq_error *error) {
    *r = (outcome){ .exponent_a = g->exponent };
    int status = EXIT_REFUSED;
    bcq_device_activations a = { .exponent = g->exponent };
    if (g->encode) a.tensor = bcq_tensor_open(a_name, error);
    else           a.packed = bcq_packed_open(a_name, &x->cb_a, error);
    bcq_packed *w = a.tensor || a.packed ? bcq_packed_open(w_name, &x->cb_w, error) : NULL;
    if (w && bcq_device_load_weights(x->device, w, error)
        && (!x->golden || bcq_device_load_weights(x->golden, w, error))) {
        const bcq_packed_info *info = bcq_packed_get_info(w);
        r->m = g->encode ? bcq_tensor_rows(a.tensor) : bcq_packed_get_info(a.packed)->rows;
        r->n = info->rows;
        r->k = info->k;
        r->p_a = x->cb_a.p;
        r->p_w = info->p;
        status = write_product(g, x, &a, w, path, r, error);
    }
    bcq_packed_close(w);
    bcq_packed_close((bcq_packed *)a.packed);
    bcq_tensor_close((bcq_tensor *)a.tensor);
    return status;
}

/* ---- Batch --------------------------------------------------------------------------------- */

enum { BATCH_LINE = 8192 };

/* The four words of a line into `word`. 0: an empty line or a comment; -1: something else. */
static int batch_words(char *line, char *word[4]) {
    int count = 0;
    for (char *rest = line, *next; (next = strtok_r(rest, " \t\r\n", &rest)); count++) {
        if (count == 0 && next[0] == '#') return 0;
        if (count == 4) return -1;
        word[count] = next;
    }
    return count == 0 || count == 4 ? count : -1;
}

static bool batch_line(const arguments *g, FILE *f, int *number, char *line, char *word[4], bool *end,
                       bcq_error *error) {
    *end = false;
    while (fgets(line, BATCH_LINE, f)) {
        ++*number;
        if (strlen(line) == BATCH_LINE - 1)
            return bcq_fail(error, "%s:%d: wanted a line of less than %d bytes, got more", g->batch, *number,
                            BATCH_LINE - 1);
        int words = batch_words(line, word);
        if (words < 0)
            return bcq_fail(error, "%s:%d: wanted NAME A W OUT, got another number of words", g->batch, *number);
        if (words == 4)
            return not_the_input(word[3], word[1], error) && not_the_input(word[3], word[2], error)
                && not_the_input(word[3], g->codebooks, error) && not_the_input(word[3], g->codebooks_w, error)
                && not_the_input(word[3], g->batch, error);
    }
    *end = true;
    return true;
}

static bool print_batch_json(const char *name, const machine *x, const outcome *r, bcq_error *error) {
    bool ran = x->golden != NULL;
    json_t *object = json_pack("{s:s, s:I, s:I, s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:f}", "name", name,
        "m", (json_int_t)r->m, "n", (json_int_t)r->n, "k", (json_int_t)r->k,
        "mismatches", number(ran, r->mismatches), "cycles", number(ran, r->counters.cycles),
        "cycles_formula", number(r->built, r->plan.counters.cycles), "w_bytes", number(r->built, r->counters.w_bytes),
        "a_bytes", number(r->built, r->counters.a_bytes), "r_bytes", number(r->built, r->counters.r_bytes),
        "utilisation", real(r->built, r->utilisation), "seconds", r->seconds);
    if (!object) return bcq_fail(error, "--json: wanted UTF-8 names and memory, got none");
    json_dumpf(object, stdout, JSON_REAL_PRECISION(9));
    putchar('\n');
    json_decref(object);
    return true;
}

/* What the table's line shows, of one product or of all. */
static void print_batch_line(const char *name, const machine *x, const outcome *r) {
    printf("%-28s %6" PRId64 " %6" PRId64 " %6" PRId64, name, r->m, r->n, r->k);
    if (x->golden) printf(" %10" PRIu64 " %12" PRIu64, r->mismatches, r->counters.cycles);
    if (r->built) printf(" %12" PRIu64 " %11.2f", r->plan.counters.cycles, 100 * r->utilisation);
    printf(" %9.3f\n", r->seconds);
    fflush(stdout);
}

static int run_batch(const arguments *g, const machine *x, bcq_error *error) {
    FILE *f = fopen(g->batch, "r");
    if (!f) {
        bcq_fail(error, "%s: wanted a readable file, got: %s", g->batch, strerror(errno));
        return EXIT_REFUSED;
    }
    char line[BATCH_LINE], *word[4];
    int number = 0, products = 0, status = EXIT_DONE;
    bool end;
    outcome all = { .built = bcq_device_identify(x->device)->la > 0 };
    while (status == EXIT_DONE) {
        outcome r;
        if (!batch_line(g, f, &number, line, word, &end, error)) { status = EXIT_REFUSED; break; }
        if (end) break;
        status = run_one(g, x, word[1], word[2], word[3], &r, error);
        if (status == EXIT_REFUSED) break;
        if (g->json) {
            if (!print_batch_json(word[0], x, &r, error)) status = EXIT_REFUSED;
            fflush(stdout);
        } else {
            if (!products)
                printf("%-28s %6s %6s %6s%s%s %9s\n", "name", "M", "N", "K",
                       x->golden ? " mismatches       cycles" : "", all.built ? "      formula utilisation" : "",
                       "seconds");
            print_batch_line(word[0], x, &r);
        }
        products++;
        all.mismatches += r.mismatches;
        all.counters.cycles += r.counters.cycles;
        all.plan.counters.cycles += r.plan.counters.cycles;
        all.macs += r.macs;
        all.seconds += r.seconds;
    }
    fclose(f);
    if (status == EXIT_DONE && !products) {
        bcq_fail(error, "%s: wanted at least one product, got none", g->batch);
        return EXIT_REFUSED;
    }
    if (status != EXIT_DONE || g->json) return status;
    printf("%-28s %d products, %" PRIu64 " MACs", "total", products, all.macs);
    if (x->golden) printf(", %" PRIu64 " mismatches, %" PRIu64 " cycles", all.mismatches, all.counters.cycles);
    if (all.built)
        printf(", formula %" PRIu64 ", utilisation %.2f %%", all.plan.counters.cycles,
               100 * (double)all.macs
               / ((double)bcq_device_macs(bcq_device_identify(x->device)) * (double)all.counters.cycles));
    printf(", %.3f s\n", all.seconds);
    return status;
}

/* ---- Command line -------------------------------------------------------------------------- */

static int run(const arguments *g, bcq_error *error) {
    machine x = { 0 };
    int status = EXIT_REFUSED;
    if (!bcq_codebooks_read(g->codebooks, &x.cb_a, error)
        || !bcq_codebooks_read(g->codebooks_w ? g->codebooks_w : g->codebooks, &x.cb_w, error))
        return EXIT_REFUSED;
    if (x.cb_a.p.la != x.cb_w.p.la) {
        bcq_fail(error, "%s: wanted la = %d as in %s, got la = %d", g->codebooks_w, x.cb_a.p.la, g->codebooks,
                 x.cb_w.p.la);
        return EXIT_REFUSED;
    }
    x.device = bcq_device_open(g->trace ? "rtl:trace" : g->backend, g->config, error);
    if (x.device && !is_golden(g)) x.golden = bcq_device_open("golden", NULL, error);
    if (x.device && (is_golden(g) || x.golden)
        && bcq_device_load_codebooks(x.device, &x.cb_a, &x.cb_w, error)
        && (!x.golden || bcq_device_load_codebooks(x.golden, &x.cb_a, &x.cb_w, error))) {
        outcome r;
        if (g->batch) status = run_batch(g, &x, error);
        else {
            status = run_one(g, &x, g->a, g->w, g->output, &r, error);
            if (status != EXIT_REFUSED && !g->json) print_table(g, &x, &r);
            else if (status != EXIT_REFUSED && !print_json(g, &x, &r, error)) status = EXIT_REFUSED;
        }
    }
    bcq_device_close(x.golden);
    bcq_device_close(x.device);
    return status;
}

/* One of two words; *second is true for the second. */
static bool parse_word(const char *option, const char *text, const char *one, const char *two,
                       bool *second, bcq_error *error) {
    *second = strcmp(text, two) == 0;
    return *second || strcmp(text, one) == 0
        || bcq_fail(error, "%s: wanted %s or %s, got \"%s\"", option, one, two, text);
}

/* What does not go with --format: bcq_option is the last option given that LO-BCQ alone has. */
static bool check_format(const arguments *g, int argc, char **argv, const char *bcq_option, bcq_error *error) {
    const char *missing = !g->a ? "no -a" : !g->w ? "no -w" : !g->output ? "no -o" : NULL;
    if (bcq_option)
        return bcq_fail(error, "--%s: wanted no --format with it, got \"%s\"", bcq_option, g->format);
    if (missing || optind != argc)
        return bcq_fail(error, "command line: wanted --format F -a TENSOR -w TENSOR -o C.npy, got %s%s",
                        missing ? missing : "also ", missing ? "" : argv[optind]);
    if (!is_golden(g) && !is_rtl(g))
        return bcq_fail(error, "--backend: wanted golden or rtl with --format, got %s", g->backend);
    if (g->config && !is_rtl(g))
        return bcq_fail(error, "--config: wanted --backend rtl with it, got %s", g->backend);
    return not_the_input(g->output, g->a, error) && not_the_input(g->output, g->w, error);
}

static bool parse_backend(const char *text, bcq_error *error) {
    return strcmp(text, "golden") == 0 || strcmp(text, "rtl") == 0 || strncmp(text, "uart:", 5) == 0
        || bcq_fail(error, "--backend: wanted golden, rtl or uart:DEVICE, got \"%s\"", text);
}

/* What does not go together. */
static bool check(const arguments *g, int argc, char **argv, const char *trace_option, bcq_error *error) {
    const char *missing = !g->codebooks ? "no -c" : g->batch ? NULL
                        : !g->a ? "no -a" : !g->w ? "no -w" : !g->output ? "no -o" : NULL;
    if (missing || optind != argc)
        return bcq_fail(error, "command line: wanted -c CB.txt -a A.bcq -w W.bcq -o C.npy, got %s%s",
                        missing ? missing : "also ", missing ? "" : argv[optind]);
    const char *single = g->a ? "-a" : g->w ? "-w" : g->output ? "-o" : g->float_a ? "--float-a"
                       : g->float_w ? "--float-w" : g->trace ? "--trace" : NULL;
    if (g->batch && single) return bcq_fail(error, "%s: wanted no --batch with it, got one", single);
    if (g->config && strncmp(g->backend, "uart:", 5) == 0)
        return bcq_fail(error, "--config: wanted --backend golden or rtl with it, got %s", g->backend);
    if (trace_option && !is_rtl(g))
        return bcq_fail(error, "%s: wanted --backend rtl with it, got %s", trace_option, g->backend);
    if (trace_option && !g->trace)
        return bcq_fail(error, "%s: wanted --trace FILE with it, got none", trace_option);
    if (!g->float_a != !g->float_w)
        return bcq_fail(error, "--float-%c: wanted --float-%c with it, got none",
                        g->float_a ? 'a' : 'w', g->float_a ? 'w' : 'a');
    if (g->float_a && g->encode)
        return bcq_fail(error, "--float-a: wanted packed activations to compare with it, got --encode");
    if (g->trace_from > g->trace_to)
        return bcq_fail(error, "--trace-to: wanted at least --trace-from = %" PRIu64 ", got %"
                        PRIu64, g->trace_from, g->trace_to);
    const char *inputs[] = { g->codebooks, g->codebooks_w, g->a, g->w, g->float_a, g->float_w };
    for (size_t i = 0; i < sizeof inputs / sizeof *inputs; i++)
        if (!not_the_input(g->output, inputs[i], error) || !not_the_input(g->trace, inputs[i], error)) return false;
    if (g->trace && strcmp(g->trace, g->output) == 0)
        return bcq_fail(error, "%s: wanted different files for -o and --trace, got one", g->output);
    return true;
}

static const char *option_name(const struct option *longs, int option) {
    while (longs->name && longs->val != option) longs++;
    return longs->name;
}

int cmd_gemm(int argc, char **argv) {
    /* From CW on: what LO-BCQ alone has. */
    enum { BACKEND = 256, CONFIG, FORMAT, JSON, CW, ACC, RESULT, ENCODE, BATCH, TRACE, FROM, TO, FLOAT_A, FLOAT_W };
    static const struct option longs[] = {
        { "codebooks", required_argument, 0, 'c' }, { "output", required_argument, 0, 'o' },
        { "cw", required_argument, 0, CW },         { "backend", required_argument, 0, BACKEND },
        { "config", required_argument, 0, CONFIG }, { "acc", required_argument, 0, ACC },
        { "result", required_argument, 0, RESULT }, { "encode", required_argument, 0, ENCODE },
        { "batch", required_argument, 0, BATCH },   { "format", required_argument, 0, FORMAT },
        { "json", no_argument, 0, JSON },           { "trace", required_argument, 0, TRACE },
        { "trace-from", required_argument, 0, FROM }, { "trace-to", required_argument, 0, TO },
        { "float-a", required_argument, 0, FLOAT_A }, { "float-w", required_argument, 0, FLOAT_W },
        { "help", no_argument, 0, 'h' },            { 0 },
    };
    arguments g = { .backend = "golden", .trace_to = UINT64_MAX };
    bcq_error error;
    bool good = true;
    const char *trace_option = NULL, *bcq_option = NULL;
    const char *shorts = ":c:a:w:o:h";
    for (int option; good && (option = next_option(argc, argv, shorts, longs, &error)) != -1; ) {
        if (option == 'c' || option >= CW) bcq_option = option_name(longs, option);
        switch (option) {
            case 'c': g.codebooks = optarg; break;
            case 'a': g.a = optarg; break;
            case 'w': g.w = optarg; break;
            case 'o': g.output = optarg; break;
            case CW: g.codebooks_w = optarg; break;
            case BACKEND: g.backend = optarg; good = parse_backend(optarg, &error); break;
            case CONFIG: g.config = optarg; break;
            case ACC: good = parse_word("--acc", optarg, "fp32", "exact", &g.exact, &error); break;
            case RESULT: good = parse_word("--result", optarg, "fp32", "bf16", &g.bf16_results, &error); break;
            case ENCODE:
                g.encode = true;
                good = parse_int("--encode", optarg, -BCQ_EXPONENT_LIMIT, BCQ_EXPONENT_LIMIT, &g.exponent, &error);
                break;
            case BATCH: g.batch = optarg; break;
            case FORMAT: g.format = optarg; break;
            case JSON: g.json = true; break;
            case TRACE: g.trace = optarg; trace_option = "--trace"; break;
            case FROM:
                trace_option = "--trace-from";
                good = parse_u64(trace_option, optarg, 0, UINT64_MAX, &g.trace_from, &error);
                break;
            case TO:
                trace_option = "--trace-to";
                good = parse_u64(trace_option, optarg, 0, UINT64_MAX, &g.trace_to, &error);
                break;
            case FLOAT_A: g.float_a = optarg; break;
            case FLOAT_W: g.float_w = optarg; break;
            case 'h': fputs(help, stdout); return EXIT_DONE;
            default: good = false;
        }
    }
    if (good && g.format) {
        gemm_format_arguments f = { g.format, g.a, g.w, g.output, g.backend, g.config, g.json };
        int status = check_format(&g, argc, argv, bcq_option, &error) ? gemm_format(&f, &error) : EXIT_REFUSED;
        if (status != EXIT_DONE) refuse(argv[0], &error);
        return status;
    }
    good = good && check(&g, argc, argv, trace_option, &error);
    if (is_rtl(&g) && !g.config) g.config = "default";
    int status = good ? run(&g, &error) : EXIT_REFUSED;
    if (status != EXIT_DONE) refuse(argv[0], &error);
    return status;
}
