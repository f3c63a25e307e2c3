#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cmd_calibrate.h"

static const char help[] =
"bcq calibrate -o CB.txt [options] TENSOR...\n"
"bcq calibrate --method nf4|af4|bof4 -o FILE [options] [TENSOR...]\n"
"Makes codebooks that suit the tensors, and prints e_X of each and the error.\n"
"\n"
"  -o, --output FILE     the codebooks, a text; it appears complete or not at all\n"
"      --nc N            codebooks: 1, 2, 4, 8 or 16 (default 16)\n"
"      --lb N            scalars in a block: 2, 4 or 8 (default 8)\n"
"      --la N            scalars in a block array: 16, 32, 64 or 128 (default 64)\n"
"      --ew N            bits of an entry: 4 to 8 (default 6)\n"
"      --bits N          bits of an index: 2, 3 or 4 (default 4)\n"
"      --iters N         Lloyd iterations at most (default 30)\n"
"      --seed N          of the random choices (default 1); the same seed gives the same file\n"
"      --threads N       worker threads (default: all processors); no influence on the result\n"
"      --objective NAME  normalised: blocks count alike (default). real: by their scale squared\n"
"      --search SECONDS  go on searching for better codebooks that long (not reproducible)\n"
"      --csv FILE        error against iteration\n"
"      --no-zero         do not give every codebook an entry 0; then K must be a multiple of LA\n"
"      --bf16            round the input to BF16 first\n"
"      --sample N        use at most N scalars (default 16777216), drawn reproducibly\n"
"\n"
"Tables of 16 levels (docs/formats.md), with another --method than lobcq. FILE gets the levels, one a line;\n"
"with --ew a file of one codebook: the levels times the largest entry, rounded.\n"
"      --method NAME     lobcq (default), nf4, af4 or bof4\n"
"      --block N         scalars that share a constant (default 64); with --ew the same as --la\n"
"      --theory          af4, bof4: derive the levels for N(0,1). Without it and without TENSOR: the levels\n"
"                        of docs/formats.md. With TENSOR, bof4 fits them to the data\n"
"      --signed          bof4: a constant has the sign of the scalar of largest magnitude (BOF4-S)\n"
"      --metric NAME     bof4: mse (default) or mae\n"
"      --fixed NAME      bof4: levels that stay: none, zero (0), one (+-1; signed: 1), both (default)\n"
"\n"
"Examples:\n"
"  bcq calibrate -o cb.txt w.npy\n"
"  bcq calibrate -o cb8.txt --nc 8 --threads 2 'model.safetensors:layers.*.attention.*'\n"
"  bcq calibrate -o cb3.txt --bits 3 --objective real --csv error.csv w.npy a.npy\n"
"  bcq calibrate --method bof4 --signed --theory --block 32 -o levels.txt\n"
"  bcq calibrate --method bof4 --signed --la 64 --ew 6 -o cb.txt\n";

typedef struct {
    const char *output, *csv;
    char **specs;
    int count;
    table_arguments table;  /* another method than lobcq */
    int given;             /* arguments of the command line, for the file's comments */
    char **given_text;
    bcq_calibrate_options o;
} arguments;

typedef struct {
    bcq_tensor **all;
    size_t count;
} tensors;

static bool open_tensors(const arguments *a, tensors *t, bcq_error *error) {
    for (int i = 0; i < a->count; i++) {
        bcq_tensor **some;
        size_t count = bcq_tensor_open_all(a->specs[i], &some, error);
        if (count == 0) return false;
        bcq_tensor **grown = realloc(t->all, (t->count + count) * sizeof *grown);
        if (!grown) {
            for (size_t k = 0; k < count; k++) bcq_tensor_close(some[k]);
            free(some);
            return bcq_fail(error, "%s: wanted memory for %zu tensors, got none", a->specs[i],
                            count);
        }
        memcpy(grown + t->count, some, count * sizeof *some);
        t->all = grown;
        t->count += count;
        free(some);
    }
    return true;
}

/* The comments of the file: how it was made. The caller frees it. */
static char *provenance(const arguments *a, const bcq_calibrate_report *report) {
    char *text = NULL;
    size_t size;
    FILE *f = open_memstream(&text, &size);
    if (!f) return NULL;
    fprintf(f, "Made by bcq " BCQ_VERSION ":");
    for (int i = 0; i < a->given; i++) fprintf(f, " %s", a->given_text[i]);
    fprintf(f, "\nnormalised error %.6g, NMSE %.6g over %lld scalars, %d iterations\n",
            report->normalised_error, report->nmse, (long long)report->scalars, report->iterations);
    if (fclose(f) != 0) {
        free(text);
        return NULL;
    }
    return text;
}

static bool calibrate(arguments *a, const tensors *t, bcq_error *error) {
    /* Opened before the work, so that a name that cannot be written is refused at once. */
    bcq_output *probe = bcq_output_open(a->output, error);
    if (!probe) return false;
    bcq_output_discard(probe);
    bcq_output *csv = a->csv ? bcq_output_open(a->csv, error) : NULL;
    if (a->csv && !csv) return false;

    a->o.csv = csv ? bcq_output_stream(csv) : NULL;
    a->o.log = stdout;
    bcq_codebooks cb;
    bcq_calibrate_report report;
    bool good = bcq_calibrate(t->all, t->count, &a->o, &cb, &report, error);
    if (good && csv) {
        good = bcq_output_commit(csv, error);
        csv = NULL;
    }
    if (good) {
        char *comments = provenance(a, &report);
        good = bcq_codebooks_write(a->output, &cb, comments, error);
        free(comments);
    }
    bcq_output_discard(csv);
    /* The errors stand on the line before: bcq_calibrate logs them. */
    if (good)
        printf("%s: %d codebooks of %d entries, %.6g bits a scalar\n", a->output, cb.p.nc,
               bcq_entries(&cb.p), bcq_effective_bits(&cb.p));
    return good;
}

static bool parse_seconds(const char *text, double *seconds, bcq_error *error) {
    char *end;
    errno = 0;
    *seconds = strtod(text, &end);
    if (errno || end == text || *end || !(*seconds >= 0 && *seconds <= 1e6))
        return bcq_fail(error, "--search: wanted seconds in [0, 1000000], got \"%s\"", text);
    return true;
}

static bool parse_objective(const char *text, bool *real, bcq_error *error) {
    *real = strcmp(text, "real") == 0;
    return *real || strcmp(text, "normalised") == 0
        || bcq_fail(error, "--objective: wanted normalised or real, got \"%s\"", text);
}

enum { NC = 256, LB, LA, EW, BITS, ITERS, SEED, THREADS, OBJECTIVE, SEARCH, CSV, NO_ZERO, BF16, SAMPLE, METHOD,
       BLOCK, THEORY, SIGNED, METRIC, FIXED, OPTIONS_END };
static const char *const methods[] = { "lobcq", "nf4", "af4", "bof4" };
enum { LOBCQ = 1, NF4 = 2, AF4 = 4, BOF4 = 8, TABLES = NF4 | AF4 | BOF4 };
/* Options that not every method has. */
static const struct { int option; const char *name; unsigned with; } belongs[] = {
    { NC, "--nc", LOBCQ }, { BITS, "--bits", LOBCQ }, { ITERS, "--iters", LOBCQ }, { SEED, "--seed", LOBCQ },
    { THREADS, "--threads", LOBCQ }, { OBJECTIVE, "--objective", LOBCQ }, { SEARCH, "--search", LOBCQ },
    { CSV, "--csv", LOBCQ }, { NO_ZERO, "--no-zero", LOBCQ }, { BF16, "--bf16", LOBCQ | BOF4 },
    { SAMPLE, "--sample", LOBCQ | BOF4 }, { BLOCK, "--block", TABLES }, { THEORY, "--theory", AF4 | BOF4 },
    { SIGNED, "--signed", BOF4 }, { METRIC, "--metric", BOF4 }, { FIXED, "--fixed", BOF4 },
};

static bool parse_method(const char *text, unsigned *method, bcq_error *error) {
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        *method = 1u << i;
        if (strcmp(text, methods[i]) == 0) return true;
    }
    return bcq_fail(error, "--method: wanted lobcq, nf4, af4 or bof4, got \"%s\"", text);
}

static bool parse_metric(const char *text, bcq_metric *metric, bcq_error *error) {
    *metric = strcmp(text, "mae") == 0 ? BCQ_METRIC_MAE : BCQ_METRIC_MSE;
    return *metric == BCQ_METRIC_MAE || strcmp(text, "mse") == 0
        || bcq_fail(error, "--metric: wanted mse or mae, got \"%s\"", text);
}

static bool parse_fixed(const char *text, bof4_options *o, bcq_error *error) {
    bool both = strcmp(text, "both") == 0;
    o->fixed_zero = both || strcmp(text, "zero") == 0;
    o->fixed_one = both || strcmp(text, "one") == 0;
    return o->fixed_zero || o->fixed_one || strcmp(text, "none") == 0
        || bcq_fail(error, "--fixed: wanted none, zero, one or both, got \"%s\"", text);
}

/* What a table method is asked for, out of all options; tensors: how many arguments name some. */
static bool finish_table(arguments *a, unsigned method, const bool *given, int tensors, bcq_error *error) {
    table_arguments *t = &a->table;
    if (given[LA] && given[BLOCK] && t->o.block != a->o.p.la)
        return bcq_fail(error, "--block: wanted that of --la, %d, got %d", a->o.p.la, t->o.block);
    if (given[LA]) t->o.block = a->o.p.la;
    t->codebook = given[EW];
    if (given[LB] && !t->codebook) return bcq_fail(error, "--lb: wanted --ew with it, got none");
    t->p = (bcq_params){ t->o.block, a->o.p.lb, 1, 4, a->o.p.entry_bits };
    const char *bad = t->codebook ? bcq_params_check(&t->p) : NULL;
    if (bad) return bcq_fail(error, "--%s, got another value", bad);
    if (tensors && method != BOF4)
        return bcq_fail(error, "command line: wanted no TENSOR with --method %s, got %d", t->method, tensors);
    if (tensors && t->theory) return bcq_fail(error, "--theory: wanted no TENSOR with it, got %d", tensors);
    if (!tensors && (given[SAMPLE] || given[BF16]))
        return bcq_fail(error, "%s: wanted a TENSOR with it, got none", given[SAMPLE] ? "--sample" : "--bf16");
    if (!tensors && !t->theory && given[FIXED])
        return bcq_fail(error, "--fixed: wanted --theory or a TENSOR with it, got none");
    t->o.af4 = method == AF4;
    t->output = a->output;
    t->bf16 = a->o.bf16;
    t->sample_scalars = a->o.sample_scalars;
    t->given = a->given;
    t->given_text = a->given_text;
    return true;
}

static bool finish(arguments *a, unsigned method, const bool *given, int tensors, bcq_error *error) {
    const char *name = methods[method == LOBCQ ? 0 : method == NF4 ? 1 : method == AF4 ? 2 : 3];
    for (size_t i = 0; i < sizeof belongs / sizeof *belongs; i++)
        if (given[belongs[i].option] && !(belongs[i].with & method))
            return bcq_fail(error, "%s: wanted --method %s with it, got %s", belongs[i].name,
                            belongs[i].with & LOBCQ ? belongs[i].with & BOF4 ? "lobcq or bof4" : "lobcq"
                            : belongs[i].with & NF4 ? "nf4, af4 or bof4"
                            : belongs[i].with & AF4 ? "af4 or bof4" : "bof4", name);
    const char *bad = bcq_params_check(&a->o.p);
    if (bad) return bcq_fail(error, "--%s, got another value", bad);
    if (!a->output || (method == LOBCQ && !tensors))
        return bcq_fail(error, "command line: wanted -o CB.txt TENSOR..., got %s",
                        a->output ? "no TENSOR" : "no -o");
    if (method == LOBCQ) return true;
    a->table.method = name;
    return finish_table(a, method, given, tensors, error);
}

static bool parse(int argc, char **argv, arguments *a, bool *helped, bcq_error *error) {
    static const struct option longs[] = {
        { "output", required_argument, 0, 'o' },       { "nc", required_argument, 0, NC },
        { "lb", required_argument, 0, LB },            { "la", required_argument, 0, LA },
        { "ew", required_argument, 0, EW },            { "bits", required_argument, 0, BITS },
        { "iters", required_argument, 0, ITERS },      { "seed", required_argument, 0, SEED },
        { "threads", required_argument, 0, THREADS },  { "csv", required_argument, 0, CSV },
        { "objective", required_argument, 0, OBJECTIVE },
        { "search", required_argument, 0, SEARCH },
        { "no-zero", no_argument, 0, NO_ZERO },        { "bf16", no_argument, 0, BF16 },
        { "sample", required_argument, 0, SAMPLE },    { "method", required_argument, 0, METHOD },
        { "block", required_argument, 0, BLOCK },      { "theory", no_argument, 0, THEORY },
        { "signed", no_argument, 0, SIGNED },          { "metric", required_argument, 0, METRIC },
        { "fixed", required_argument, 0, FIXED },      { "help", no_argument, 0, 'h' }, { 0 },
    };
    bcq_params *p = &a->o.p;
    bof4_options *o = &a->table.o;
    uint64_t sample = (uint64_t)a->o.sample_scalars;
    unsigned method = LOBCQ;
    bool good = true, given[OPTIONS_END] = { false };
    for (int option; good && (option = next_option(argc, argv, ":o:h", longs, error)) != -1; ) {
        given[option] = true;
        switch (option) {
            case 'o': a->output = optarg; break;
            case NC: good = parse_int("--nc", optarg, 1, BCQ_NC_MAX, &p->nc, error); break;
            case LB: good = parse_int("--lb", optarg, 2, BCQ_LB_MAX, &p->lb, error); break;
            case LA: good = parse_int("--la", optarg, BCQ_LA_MIN, BCQ_LA_MAX, &p->la, error); break;
            case EW: good = parse_int("--ew", optarg, BCQ_EW_MIN, BCQ_EW_MAX, &p->entry_bits, error); break;
            case BITS: good = parse_int("--bits", optarg, BCQ_B_MIN, BCQ_B_MAX, &p->index_bits, error); break;
            case ITERS: good = parse_int("--iters", optarg, 1, 1000000, &a->o.iterations, error); break;
            case SEED: good = parse_u64("--seed", optarg, 0, UINT64_MAX, &a->o.seed, error); break;
            case THREADS: good = parse_int("--threads", optarg, 1, 64, &a->o.threads, error); break;
            case SAMPLE: good = parse_u64("--sample", optarg, 1, (uint64_t)1 << 40, &sample, error); break;
            case OBJECTIVE: good = parse_objective(optarg, &a->o.objective_real, error); break;
            case SEARCH: good = parse_seconds(optarg, &a->o.search_seconds, error); break;
            case CSV: a->csv = optarg; break;
            case NO_ZERO: a->o.no_zero = true; break;
            case BF16: a->o.bf16 = true; break;
            case METHOD: good = parse_method(optarg, &method, error); break;
            case BLOCK: good = parse_int("--block", optarg, BOF4_BLOCK_MIN, BOF4_BLOCK_MAX, &o->block, error); break;
            case THEORY: a->table.theory = true; break;
            case SIGNED: o->is_signed = true; break;
            case METRIC: good = parse_metric(optarg, &o->metric, error); break;
            case FIXED: good = parse_fixed(optarg, o, error); break;
            case 'h': *helped = true; return true;
            default: good = false;
        }
    }
    a->o.sample_scalars = (int64_t)sample;
    return good && finish(a, method, given, argc - optind, error);
}


int cmd_calibrate(int argc, char **argv) {
    arguments a = { .given = argc, .given_text = argv };
    bcq_calibrate_defaults(&a.o);
    bof4_defaults(&a.table.o);
    a.o.threads = online_threads();
    a.o.progress = true;
    bcq_error error;
    bool helped = false;
    if (!parse(argc, argv, &a, &helped, &error)) return refuse(argv[0], &error);
    if (helped) {
        fputs(help, stdout);
        return EXIT_DONE;
    }
    a.specs = argv + optind;
    a.count = argc - optind;
    tensors t = { 0 };
    bool good = true;
    for (int i = 0; good && i < a.count; i++)
        good = not_the_input(a.output, a.specs[i], &error) && not_the_input(a.csv, a.specs[i], &error);
    good = good && open_tensors(&a, &t, &error)
        && (a.table.method ? calibrate_tables(&a.table, t.all, t.count, &error) : calibrate(&a, &t, &error));
    for (size_t i = 0; i < t.count; i++) bcq_tensor_close(t.all[i]);
    free(t.all);
    return good ? EXIT_DONE : refuse(argv[0], &error);
}
