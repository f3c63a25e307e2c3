#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd_compare.h"

static const char help[] =
"bcq compare [options] TENSOR...\n"
"bcq compare --gemm A W [options]\n"
"What 4-bit and 8-bit formats lose on float tensors, LO-BCQ among them: one row a format, summed over all\n"
"tensors. Every value is encoded and decoded as docs/formats.md says.\n"
"\n"
"      --formats LIST    formats, separated by commas; default: all that there are, and bcq with 2 to 16\n"
"                        codebooks, LA 16 to 128, LB 2 to 8, entries of 4 to 8 bits, indices of 2 to 4.\n"
"                        The word default in the list stands for these\n"
"      --gemm            error of C = A * W^T, A [M][K] and W [N][K], both in the format; formats for\n"
"                        weights only: A stays float\n"
"      --per-tensor      a table for each tensor, then the one of all\n"
"      --channels        of each tensor with outlier channels the strongest, and their error. An outlier\n"
"                        channel is a column of K with 20 times the median column's mean square\n"
"  -o, --output FILE     the table as CSV; it appears complete or not at all\n"
"      --json            the table as JSON on stdout instead of text\n"
"      --svg FILE        NMSE against bits as a picture; needs gnuplot\n"
"      --threads N       worker threads (default: all processors); no influence on the result\n"
"      --chunk N         scalars that a thread takes at a time; no influence on the result\n"
"\n"
"A format is NAME[:key=value]..., as int8:group=32 or mxfp4:round=even. bcq:nc=8:lb=8:la=64 has its\n"
"codebooks behind it: local (default) calibrates on the given tensors as bcq calibrate does, real does it\n"
"with --objective real, universal takes the ones made from the embedded model; bcq:codebooks=FILE reads\n"
"them, and all else, from FILE.\n"
"\n"
"Columns: bits a scalar with scales, selectors and outliers; NMSE, the sum of squared errors over the sum of\n"
"squares; the same in dB; max error, of one scalar over the largest magnitude of its tensor; bound x, NMSE\n"
"over 2^(-2 bits), the least that any code of a Gaussian with so many bits can have. With --gemm NMSE is that\n"
"of C, from decoded operands in double; hardware: the same as the format's hardware would sum it; bound x\n"
"is that of the operands.\n"
"Order: by bits; among equal bits formats for both operands, then those for weights only, then bcq with\n"
"entries of other than 6 bits; then by NMSE. So bcq:nc=8 and nvfp4, of 4.5 bits, are neighbours.\n"
"\n"
"Examples:\n"
"  bcq compare model.safetensors\n"
"  bcq compare --formats bcq:nc=8:universal,nvfp4,int4 --per-tensor 'model.safetensors:*.weight'\n"
"  bcq compare --svg accuracy.svg -o accuracy.csv w.npy a.npy\n"
"  bcq compare --gemm a.npy w.npy --json\n";

typedef struct {
    char *formats;            /* the option's value, or NULL */
    const char *csv, *svg;
    bool gemm, per_tensor, channels, json;
    accuracy_options o;
    char **specs;
    int count;
} arguments;

/* What is measured on what. */
typedef struct {
    bcq_tensor **tensors;
    size_t tensor_count;
    accuracy_format **formats;
    size_t format_count;
    accuracy_report *reports; /* [tensor_count], unless it is a product */
    accuracy_product *products;  /* [format_count], if it is one */
    compare_row *rows;
    size_t row_count;
    char product_name[512];
} comparison;

static void comparison_free(comparison *c) {
    for (size_t i = 0; i < c->tensor_count; i++) bcq_tensor_close(c->tensors[i]);
    for (size_t i = 0; i < c->format_count; i++) free(c->formats[i]);
    for (size_t i = 0; c->reports && i < c->tensor_count; i++) accuracy_report_free(&c->reports[i]);
    free(c->tensors);
    free(c->formats);
    free(c->reports);
    free(c->products);
    free(c->rows);
}

static bool no_memory(bcq_error *error) {
    return bcq_fail(error, "compare: wanted memory for the table, got none");
}

/* ---- Formats ----------------------------------------------------------------------------------- */

static bool add_format(comparison *c, const char *spec, bcq_error *error) {
    accuracy_format **grown = realloc(c->formats, (c->format_count + 1) * sizeof *grown);
    if (!grown) return no_memory(error);
    c->formats = grown;
    accuracy_format *f = malloc(sizeof *f);
    if (!f) return no_memory(error);
    if (!accuracy_parse(spec, f, error)) {
        free(f);
        return false;
    }
    for (size_t i = 0; i < c->format_count; i++)
        if (strcmp(c->formats[i]->name, f->name) == 0) {  /* default,nvfp4: once is enough */
            free(f);
            return true;
        }
    c->formats[c->format_count++] = f;
    return true;
}

static bool add_defaults(comparison *c, bcq_error *error) {
    char **specs = accuracy_default_specs();
    if (!specs) return no_memory(error);
    bool good = true;
    for (size_t i = 0; specs[i]; i++) {
        good = good && add_format(c, specs[i], error);
        free(specs[i]);
    }
    free(specs);
    return good;
}

static bool add_formats(comparison *c, char *list, bcq_error *error) {
    if (!list) return add_defaults(c, error);
    bool good = true;
    for (char *next = list; good && next; ) {
        char *spec = strsep(&next, ",");
        if (!*spec) good = bcq_fail(error, "--formats: wanted names between the commas, got none");
        else good = strcmp(spec, "default") == 0 ? add_defaults(c, error) : add_format(c, spec, error);
    }
    return good;
}

/* ---- Tensors ----------------------------------------------------------------------------------- */

static bool add_tensors(comparison *c, const char *spec, bool one, bcq_error *error) {
    bcq_tensor **some = NULL;
    size_t count = 0;
    if (one) {
        some = malloc(sizeof *some);
        if (!some) return no_memory(error);
        if ((some[0] = bcq_tensor_open(spec, error))) count = 1;
    } else {
        count = bcq_tensor_open_all(spec, &some, error);
    }
    bcq_tensor **grown = count ? realloc(c->tensors, (c->tensor_count + count) * sizeof *grown) : NULL;
    if (grown) {
        c->tensors = grown;
        memcpy(grown + c->tensor_count, some, count * sizeof *some);
        c->tensor_count += count;
    } else if (count) {
        for (size_t i = 0; i < count; i++) bcq_tensor_close(some[i]);
        no_memory(error);
    }
    free(some);
    return grown != NULL;
}

/* ---- Rows -------------------------------------------------------------------------------------- */

static void add_row(comparison *c, const char *tensor, size_t format, const accuracy_sums *sums,
                    const accuracy_product *product) {
    double nmse = accuracy_nmse(sums);
    if (product) nmse = product->signal > 0 ? product->error / product->signal : 0;
    c->rows[c->row_count++] = (compare_row){ .tensor = tensor, .f = c->formats[format], .sums = *sums,
                                             .nmse = nmse, .product = product };
}

static bool measure_tensors(const arguments *a, comparison *c, bcq_error *error) {
    size_t blocks = a->per_tensor ? c->tensor_count + 1 : 1;
    c->reports = calloc(c->tensor_count, sizeof *c->reports);
    c->rows = calloc(blocks * c->format_count, sizeof *c->rows);
    if (!c->reports || !c->rows) return no_memory(error);
    for (size_t t = 0; t < c->tensor_count; t++) {
        char step[64];
        accuracy_options o = a->o;
        snprintf(step, sizeof step, "%zu of %zu, ", t + 1, c->tensor_count);
        o.step = step;
        if (!accuracy_measure(c->tensors[t], c->formats, c->format_count, &o, &c->reports[t], error))
            return false;
        size_t first = c->row_count;
        for (size_t f = 0; a->per_tensor && f < c->format_count; f++)
            add_row(c, c->reports[t].name, f, &c->reports[t].sums[f], NULL);
        compare_sort(c->rows + first, c->row_count - first);
    }
    size_t first = c->row_count;
    for (size_t f = 0; f < c->format_count; f++) {
        accuracy_sums all = { 0 };
        for (size_t t = 0; t < c->tensor_count; t++) accuracy_add(&all, &c->reports[t].sums[f]);
        add_row(c, "all", f, &all, NULL);
    }
    compare_sort(c->rows + first, c->row_count - first);
    return true;
}

static bool measure_product(const arguments *a, comparison *c, bcq_error *error) {
    bcq_tensor *ta = c->tensors[0], *tw = c->tensors[1];
    c->products = calloc(c->format_count, sizeof *c->products);
    c->rows = calloc(c->format_count, sizeof *c->rows);
    if (!c->products || !c->rows) return no_memory(error);
    if (!accuracy_multiply(ta, tw, c->formats, c->format_count, &a->o, c->products, error)) return false;
    snprintf(c->product_name, sizeof c->product_name, "%s * %s", bcq_tensor_name(ta), bcq_tensor_name(tw));
    for (size_t f = 0; f < c->format_count; f++) {
        accuracy_sums both = c->products[f].a;
        accuracy_add(&both, &c->products[f].w);
        add_row(c, c->product_name, f, &both, &c->products[f]);
    }
    compare_sort(c->rows, c->row_count);
    return true;
}

/* ---- Output ------------------------------------------------------------------------------------ */

static void print_text(const arguments *a, const comparison *c) {
    size_t outliers = 0, table = 0;
    for (size_t i = 1; i <= c->row_count; i++) {
        if (i < c->row_count && c->rows[i].tensor == c->rows[table].tensor) continue;
        if (table) putchar('\n');
        compare_print_table(c->rows + table, i - table);
        table = i;
    }
    for (size_t t = 0; c->reports && t < c->tensor_count; t++) outliers += c->reports[t].outlier_channels > 0;
    if (outliers)
        printf("\n%zu of %zu tensors have outlier channels, columns of %d times the median mean square%s\n",
               outliers, c->tensor_count, ACCURACY_CHANNEL_TIMES, a->channels ? "" : "; --channels lists them");
    if (a->channels && c->reports)
        compare_print_channels(c->reports, c->tensor_count, c->formats, c->format_count);
}

/* The rows of "all", or of the product: the last ones. */
static bool plot(const comparison *c, FILE *f, bcq_error *error) {
    size_t first = c->row_count - c->format_count;
    char title[600];
    if (c->products) snprintf(title, sizeof title, "product %s", c->product_name);
    else if (c->tensor_count == 1) snprintf(title, sizeof title, "%s", bcq_tensor_name(c->tensors[0]));
    else snprintf(title, sizeof title, "%zu tensors, %lld scalars", c->tensor_count,
                  (long long)c->rows[first].sums.scalars);
    return compare_plot(f, c->rows + first, c->format_count, title, error);
}

static bool run(const arguments *a, comparison *c, bcq_error *error) {
    if (!add_formats(c, a->formats, error)) return false;
    for (int i = 0; i < a->count; i++)
        if (!not_the_input(a->csv, a->specs[i], error) || !not_the_input(a->svg, a->specs[i], error)
            || !add_tensors(c, a->specs[i], a->gemm, error))
            return false;
    if (a->svg && !compare_plot_ready(error)) return false;
    /* Opened before the work, so that a name that cannot be written is refused at once. */
    bcq_output *csv = a->csv ? bcq_output_open(a->csv, error) : NULL;
    bcq_output *svg = a->svg && (csv || !a->csv) ? bcq_output_open(a->svg, error) : NULL;
    bool good = (csv || !a->csv) && (svg || !a->svg);
    for (size_t f = 0; good && f < c->format_count; f++)
        good = accuracy_calibrate(c->formats[f], c->tensors, c->tensor_count, &a->o, error);
    good = good && (a->gemm ? measure_product(a, c, error) : measure_tensors(a, c, error));
    if (good && csv && !compare_write_csv(bcq_output_stream(csv), c->rows, c->row_count)) good = no_memory(error);
    if (good && svg) good = plot(c, bcq_output_stream(svg), error);
    if (good && csv) {
        good = bcq_output_commit(csv, error);
        csv = NULL;
    }
    if (good && svg) {
        good = bcq_output_commit(svg, error);
        svg = NULL;
    }
    bcq_output_discard(csv);
    bcq_output_discard(svg);
    if (good && a->json && !compare_print_json(c->rows, c->row_count)) good = no_memory(error);
    if (good && !a->json) print_text(a, c);
    return good;
}

static bool parse(int argc, char **argv, arguments *a, bool *helped, bcq_error *error) {
    enum { FORMATS = 256, GEMM, PER_TENSOR, CHANNELS, JSON, SVG, THREADS, CHUNK };
    static const struct option longs[] = {
        { "formats", required_argument, 0, FORMATS }, { "gemm", no_argument, 0, GEMM },
        { "per-tensor", no_argument, 0, PER_TENSOR }, { "channels", no_argument, 0, CHANNELS },
        { "output", required_argument, 0, 'o' },      { "json", no_argument, 0, JSON },
        { "svg", required_argument, 0, SVG },         { "threads", required_argument, 0, THREADS },
        { "chunk", required_argument, 0, CHUNK },     { "help", no_argument, 0, 'h' }, { 0 },
    };
    uint64_t chunk = 0;
    bool good = true;
    for (int option; good && (option = next_option(argc, argv, ":o:h", longs, error)) != -1; ) {
        switch (option) {
            case FORMATS: a->formats = optarg; break;
            case GEMM: a->gemm = true; break;
            case PER_TENSOR: a->per_tensor = true; break;
            case CHANNELS: a->channels = true; break;
            case JSON: a->json = true; break;
            case SVG: a->svg = optarg; break;
            case 'o': a->csv = optarg; break;
            case THREADS: good = parse_int("--threads", optarg, 1, 64, &a->o.threads, error); break;
            case CHUNK:
                good = parse_u64("--chunk", optarg, 1, (uint64_t)1 << 30, &chunk, error);
                break;
            case 'h': *helped = true; return true;
            default: good = false;
        }
    }
    a->o.chunk_scalars = (int64_t)chunk;
    a->specs = argv + optind;
    a->count = argc - optind;
    if (!good) return false;
    if (a->gemm && a->count != 2)
        return bcq_fail(error, "command line: wanted --gemm A W, got %d tensors", a->count);
    if (!a->count) return bcq_fail(error, "command line: wanted TENSOR..., got none");
    if (a->gemm && (a->per_tensor || a->channels))
        return bcq_fail(error, "command line: wanted --gemm without %s, got both",
                        a->per_tensor ? "--per-tensor" : "--channels");
    if (a->json && a->channels)
        return bcq_fail(error, "command line: wanted --channels without --json, got both");
    if (a->csv && a->svg && strcmp(a->csv, a->svg) == 0)
        return bcq_fail(error, "command line: wanted different files for -o and --svg, got %s twice", a->csv);
    return true;
}

int cmd_compare(int argc, char **argv) {
    arguments a = { .o = { .threads = online_threads(), .progress = isatty(STDERR_FILENO) } };
    comparison c = { 0 };
    bcq_error error;
    bool helped = false;
    bool good = parse(argc, argv, &a, &helped, &error);
    if (helped) {
        fputs(help, stdout);
        return EXIT_DONE;
    }
    a.o.channels = a.channels;
    good = good && run(&a, &c, &error);
    comparison_free(&c);
    return good ? EXIT_DONE : refuse(argv[0], &error);
}
