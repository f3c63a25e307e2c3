#include <inttypes.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "accuracy.h"
#include "fast_encode.h"

enum {
    THREADS_MAX = 64,
    CHUNK_SCALARS = 1 << 16,
    CHUNK_ROWS = 1024,       /* at most, for results take memory a row */
    BATCH = 4,               /* chunks a thread takes before results are added up in order */
};
/* Calibrating on more gains nothing that is seen in a table. */
static const int64_t CALIBRATION_SCALARS = 1 << 22;

/* ---- Formats by name ------------------------------------------------------------------------- */

const char *accuracy_source_name(accuracy_source source) {
    static const char *const names[] = { NULL, "local", "real", "universal", "file" };
    return names[source];
}

static bool take_source(accuracy_format *f, char *spec, const char **file) {
    static const accuracy_source sources[] = { ACCURACY_LOCAL, ACCURACY_REAL, ACCURACY_UNIVERSAL };
    char *option = strstr(spec, ":codebooks=");
    *file = NULL;
    if (option) {  /* to the end: a path may contain colons */
        *option = 0;
        *file = option + strlen(":codebooks=");
        f->source = ACCURACY_FILE;
        return true;
    }
    option = strrchr(spec, ':');
    for (size_t i = 0; option && i < sizeof sources / sizeof *sources; i++) {
        if (strcmp(option + 1, accuracy_source_name(sources[i])) != 0) continue;
        *option = 0;
        f->source = sources[i];
        return true;
    }
    return false;
}

static bool is_bcq(const bcq_format *f) { return strcmp(f->kind->name, "bcq") == 0; }

bool accuracy_parse(const char *spec, accuracy_format *f, bcq_error *error) {
    *f = (accuracy_format){ .source = ACCURACY_NO_CODEBOOKS };
    char format[sizeof f->name], message[256];
    const char *file;
    if (strlen(spec) >= sizeof format)
        return bcq_fail(error, "%s: wanted a format of at most %zu characters, got more", spec,
                        sizeof format - 1);
    strcpy(f->name, spec);
    strcpy(format, spec);
    bool given = take_source(f, format, &file);
    const char *bad = bcq_format_parse(format, &f->format, message, sizeof message);
    if (bad) return bcq_fail(error, "%s: %s", spec, bad);
    if (!is_bcq(&f->format))
        return !given || bcq_fail(error, "%s: wanted codebooks of bcq only, got %s", spec, f->format.kind->name);
    if (!given) f->source = ACCURACY_LOCAL;
    if (f->source == ACCURACY_UNIVERSAL) {
        const bcq_params *p = &f->format.p;
        const bcq_codebooks *universal = bcq_universal_codebooks(p);
        if (!universal)
            return bcq_fail(error, "%s: wanted parameters of sw/model/universal, got nc %d, lb %d, la %d, "
                            "ew %d, b %d", spec, p->nc, p->lb, p->la, p->entry_bits, p->index_bits);
        f->codebooks = *universal;
    } else if (f->source == ACCURACY_FILE) {
        if (strcmp(format, "bcq") != 0)
            return bcq_fail(error, "%s: wanted no other option beside codebooks=FILE, which has them all, "
                            "got %s", spec, format + strlen("bcq:"));
        if (!bcq_codebooks_read(file, &f->codebooks, error)) return false;
        f->format.p = f->codebooks.p;
        f->format.group = f->codebooks.p.la;
    }
    f->format.codebooks = &f->codebooks;
    return true;
}

bool accuracy_configuration(int i, bcq_params *p) {
    enum { NC = BCQ_NC_DEFAULT, LA = BCQ_LA_DEFAULT, LB = BCQ_LB_DEFAULT, B = BCQ_B_DEFAULT,
           EW = BCQ_EW_DEFAULT };
    /* One parameter at a time, the others as in the configuration of 4.5 bits. */
    static const bcq_params all[] = {
        { LA, LB, 2, B, EW },  { LA, LB, 4, B, EW },  { LA, LB, 8, B, EW }, { LA, LB, NC, B, EW },
        { 16, LB, 8, B, EW },  { 32, LB, 8, B, EW },  { 128, LB, 8, B, EW },
        { LA, 2, 8, B, EW },   { LA, 4, 8, B, EW },
        { LA, LB, 8, B, 4 },   { LA, LB, 8, B, 5 },   { LA, LB, 8, B, 7 },  { LA, LB, 8, B, 8 },
        { LA, LB, 8, 2, EW },  { LA, LB, 8, 3, EW },
    };
    if (i < 0 || i >= (int)(sizeof all / sizeof *all)) return false;
    *p = all[i];
    return true;
}

/* Options that differ from the defaults but for nc, which is always there. */
static char *configuration_spec(const bcq_params *p, accuracy_source source) {
    char la[16] = "", lb[16] = "", ew[16] = "", bits[16] = "", *spec = NULL;
    if (p->la != BCQ_LA_DEFAULT) snprintf(la, sizeof la, ":la=%d", p->la);
    if (p->lb != BCQ_LB_DEFAULT) snprintf(lb, sizeof lb, ":lb=%d", p->lb);
    if (p->entry_bits != BCQ_EW_DEFAULT) snprintf(ew, sizeof ew, ":ew=%d", p->entry_bits);
    if (p->index_bits != BCQ_B_DEFAULT) snprintf(bits, sizeof bits, ":b=%d", p->index_bits);
    if (asprintf(&spec, "bcq:nc=%d%s%s%s%s:%s", p->nc, la, lb, ew, bits, accuracy_source_name(source)) < 0)
        return NULL;
    return spec;
}

char **accuracy_default_specs(void) {
    size_t kinds = 0, used = 0;
    int configurations = 0;
    bcq_params p;
    while (bcq_format_kinds[kinds]) kinds++;
    while (accuracy_configuration(configurations, &p)) configurations++;
    char **specs = calloc(kinds + 2 * (size_t)configurations + 2, sizeof *specs);
    bool good = specs;
    for (size_t i = 0; good && i < kinds; i++)
        if (strcmp(bcq_format_kinds[i]->name, "bcq") != 0)
            good = (specs[used++] = strdup(bcq_format_kinds[i]->name));
    for (int i = 0; good && accuracy_configuration(i, &p); i++) {
        good = (specs[used++] = configuration_spec(&p, ACCURACY_LOCAL))
            && (specs[used++] = configuration_spec(&p, ACCURACY_UNIVERSAL));
        /* What a codebook made for this very measure gains: once is enough. */
        if (good && i == 2) good = (specs[used++] = configuration_spec(&p, ACCURACY_REAL));
    }
    if (good) return specs;
    for (size_t i = 0; specs && i < used; i++) free(specs[i]);
    free(specs);
    return NULL;
}

bool accuracy_calibrate(accuracy_format *f, bcq_tensor *const *tensors, size_t count,
                        const accuracy_options *o, bcq_error *error) {
    if (f->source != ACCURACY_LOCAL && f->source != ACCURACY_REAL) return true;
    bcq_calibrate_options c;
    bcq_calibrate_report report;
    bcq_calibrate_defaults(&c);
    c.p = f->format.p;
    c.threads = o->threads < 1 ? 1 : o->threads > THREADS_MAX ? THREADS_MAX : o->threads;
    c.objective_real = f->source == ACCURACY_REAL;
    c.sample_scalars = CALIBRATION_SCALARS;
    if (o->progress) fprintf(stderr, "\r\033[Kcompare: codebooks of %s", f->name);
    bool good = bcq_calibrate(tensors, count, &c, &f->codebooks, &report, error);
    if (o->progress) fprintf(stderr, "\r\033[K");
    return good;
}

/* ---- Sums ------------------------------------------------------------------------------------ */

void accuracy_add(accuracy_sums *to, const accuracy_sums *from) {
    to->scalars += from->scalars;
    to->bits += from->bits;
    to->signal += from->signal;
    to->error += from->error;
    if (from->max_error > to->max_error) to->max_error = from->max_error;
}

double accuracy_bits(const accuracy_sums *s) { return s->scalars ? s->bits / (double)s->scalars : 0; }
double accuracy_nmse(const accuracy_sums *s) { return s->signal > 0 ? s->error / s->signal : 0; }
double accuracy_sqnr_db(double nmse) { return nmse > 0 ? -10 * log10(nmse) : INFINITY; }
double accuracy_rd_ratio(double nmse, double bits) { return nmse * exp2(2 * bits); }

/* ---- A tensor in one format ------------------------------------------------------------------ */

typedef struct {
    const bcq_format *f;
    bcq_format_tensor once;
    bool fast;               /* bcq: table and once.exponent are used */
    fast_table table;
} coder;

static void coder_free(coder *c) { fast_table_free(&c->table); }

/* amax, k: of the tensor, whose name is for messages. */
static bool coder_init(coder *c, const accuracy_format *f, float amax, int64_t k, const char *name,
                       bcq_error *error) {
    *c = (coder){ .f = &f->format, .fast = f->source != ACCURACY_NO_CODEBOOKS };
    if (!bcq_format_scale_tensor(c->f, amax, &c->once))
        return bcq_fail(error, "%s: wanted magnitudes that a tensor scale of 2^%d holds in %s, got %g", name,
                        BCQ_EXPONENT_LIMIT, f->name, (double)amax);
    if (!c->fast) return true;
    if (k % c->f->p.la && !bcq_codebooks_have_zero(&f->codebooks))
        return bcq_fail(error, "%s: wanted K a multiple of LA = %d, for a codebook without a 0 cannot hold "
                        "the zeros that pad a row, got K = %" PRId64, name, c->f->p.la, k);
    return fast_table_init(&c->table, &f->codebooks)
        || bcq_fail(error, "%s: wanted memory to encode it, got none", name);
}

/* bcq. Decoded entries and scale of block array j of a row x[k]. */
static uint8_t bcq_array_of(const coder *c, const float *x, int64_t k, int64_t j, int8_t *entry) {
    int64_t la = c->f->p.la, left = k - j * la;
    if (left >= la) return fast_encode(&c->table, x + j * la, c->once.exponent, entry);
    float padded[BCQ_LA_MAX] = { 0 };
    memcpy(padded, x + j * la, (size_t)left * sizeof *x);
    return fast_encode(&c->table, padded, c->once.exponent, entry);
}

/* y[k]: x[k] encoded and decoded. row: of this k; of bcq it stays empty. */
static void code_row(const coder *c, const float *x, int64_t k, bcq_format_row *row, float *y) {
    if (!c->fast) {
        c->f->kind->encode(c->f, &c->once, x, k, row);
        c->f->kind->decode(c->f, &c->once, row, y);
        return;
    }
    int64_t la = c->f->p.la;
    for (int64_t j = 0; j * la < k; j++) {
        int8_t entry[BCQ_LA_MAX];
        int scale_x512 = bcq_scale_x512(bcq_array_of(c, x, k, j, entry));
        /* v * t * 2^e_X, at most 7 + 4 significant bits: exact. */
        float scale = (float)ldexp(scale_x512, c->once.exponent - BCQ_SCALE_LSB_NEG);
        for (int64_t i = 0, at = j * la; i < la && at < k; i++, at++) y[at] = (float)entry[i] * scale;
    }
}

static bool row_alloc(const coder *c, int64_t k, bcq_format_row *row) {
    *row = (bcq_format_row){ 0 };
    return c->fast || bcq_format_row_alloc(c->f, k, row);
}

static double row_bits(const coder *c, int64_t k, const bcq_format_row *row) {
    return bcq_format_bits(c->f, k, c->fast ? NULL : row) * (double)k;
}

/* ---- Chunks of rows in parallel, added up in order -------------------------------------------- */

typedef struct {
    int64_t first, rows;
    float *x;                /* [rows][k] */
    double *signal;          /* [rows], survey */
    double *column;          /* [k] sums of squares, survey; NULL if the rows are too few */
    float amax;
    double *value;           /* [formats][rows][width]: error, bits, error of each channel */
    double *most;            /* [formats]: largest |x - x^| */
    bool good;
    bcq_error error;
} chunk;

typedef struct job job;
struct job {
    const bcq_tensor *t;
    int64_t rows, k;
    int64_t chunk_rows;
    void (*one)(const job *j, chunk *c);
    bool (*add)(job *j, const chunk *c);  /* in ascending order of chunks */
    const coder *coder;      /* [formats] */
    size_t formats;
    int width;
    accuracy_report *report;
    double *column;          /* survey: as in chunk */
    const accuracy_options *o;
    const char *doing;
};

static bool read_chunk(const job *j, chunk *c) {
    for (int64_t r = 0; c->good && r < c->rows; r++)
        c->good = bcq_tensor_read(j->t, c->first + r, 0, j->k, false, c->x + r * j->k, &c->error);
    return c->good;
}

typedef struct {
    const job *j;
    chunk *chunks;
    int count;
    atomic_int next;
} batch;

static void *batch_worker(void *argument) {
    batch *b = argument;
    for (int i; (i = atomic_fetch_add(&b->next, 1)) < b->count; ) b->j->one(b->j, &b->chunks[i]);
    return NULL;
}

static void run_batch(const job *j, chunk *chunks, int count, int threads) {
    pthread_t thread[THREADS_MAX];
    batch b = { .j = j, .chunks = chunks, .count = count };
    int started = 0;
    while (started < threads - 1 && started < count - 1 &&
           pthread_create(&thread[started], NULL, batch_worker, &b) == 0)
        started++;
    batch_worker(&b);
    for (int i = 0; i < started; i++) pthread_join(thread[i], NULL);
}

static void chunks_free(chunk *chunks, int count) {
    for (int i = 0; chunks && i < count; i++) {
        free(chunks[i].x);
        free(chunks[i].signal);
        free(chunks[i].column);
        free(chunks[i].value);
        free(chunks[i].most);
    }
    free(chunks);
}

/* Room for `count` chunks; signal and column for the survey, value and most for the measurement. */
static chunk *chunks_alloc(const job *j, int count) {
    chunk *chunks = calloc((size_t)count, sizeof *chunks);
    size_t rows = (size_t)j->chunk_rows, k = (size_t)j->k;
    bool good = chunks;
    for (int i = 0; good && i < count; i++) {
        chunk *c = &chunks[i];
        good = (c->x = calloc(rows * k, sizeof *c->x));
        if (j->coder)
            good = good && (c->value = calloc(j->formats * rows, (size_t)j->width * sizeof *c->value))
                && (c->most = calloc(j->formats, sizeof *c->most));
        else
            good = good && (c->signal = calloc(rows, sizeof *c->signal))
                && (!j->column || (c->column = calloc(k, sizeof *c->column)));
    }
    if (good) return chunks;
    chunks_free(chunks, count);
    return NULL;
}

static void show_progress(const job *j, int64_t done) {
    if (!j->o->progress) return;
    fprintf(stderr, "\r\033[Kcompare: %s%s %s, %d %%", j->o->step ? j->o->step : "", j->doing,
            bcq_tensor_name(j->t), (int)(100 * (double)done / (double)j->rows));
}

static bool run_job(job *j, bcq_error *error) {
    int threads = j->o->threads < 1 ? 1 : j->o->threads > THREADS_MAX ? THREADS_MAX : j->o->threads;
    int64_t wanted = (j->rows + j->chunk_rows - 1) / j->chunk_rows;
    int count = wanted < BATCH * threads ? (int)wanted : BATCH * threads;
    chunk *chunks = chunks_alloc(j, count);
    bool good = chunks || bcq_fail(error, "%s: wanted memory for its rows, got none", bcq_tensor_name(j->t));
    for (int64_t done = 0; good && done < j->rows; ) {
        int used = 0;
        for (int64_t first = done; used < count && first < j->rows; used++, first += j->chunk_rows) {
            chunk *c = &chunks[used];
            c->first = first;
            c->rows = j->rows - first < j->chunk_rows ? j->rows - first : j->chunk_rows;
            c->good = true;
        }
        run_batch(j, chunks, used, threads);
        for (int i = 0; good && i < used; i++) {
            if (!chunks[i].good) good = bcq_fail(error, "%s", chunks[i].error.message);
            else good = j->add(j, &chunks[i]);
            done += chunks[i].rows;
        }
        show_progress(j, done);
    }
    if (j->o->progress) fprintf(stderr, "\r\033[K");
    chunks_free(chunks, count);
    return good;
}

static int64_t rows_of_chunk(int64_t scalars, int64_t rows, int64_t k) {
    int64_t n = scalars / k;
    n = n < 1 ? 1 : n > CHUNK_ROWS ? CHUNK_ROWS : n;
    return n < rows ? n : rows;
}

/* ---- First pass: largest magnitude, signal, outlier channels ------------------------------------ */

static void survey_chunk(const job *j, chunk *c) {
    if (!read_chunk(j, c)) return;
    c->amax = 0;
    if (c->column) memset(c->column, 0, (size_t)j->k * sizeof *c->column);
    for (int64_t r = 0; r < c->rows; r++) {
        const float *x = c->x + r * j->k;
        c->signal[r] = 0;
        for (int64_t i = 0; i < j->k; i++) {
            double square = (double)x[i] * x[i];
            c->signal[r] += square;
            if (c->column) c->column[i] += square;
            c->amax = fabsf(x[i]) > c->amax ? fabsf(x[i]) : c->amax;
        }
    }
}

static bool survey_add(job *j, const chunk *c) {
    for (int64_t r = 0; r < c->rows; r++) j->report->signal += c->signal[r];
    for (int64_t i = 0; j->column && i < j->k; i++) j->column[i] += c->column[i];
    if (c->amax > j->report->amax) j->report->amax = c->amax;
    return true;
}

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* column: sums of squares. Sorts a copy for the median. */
static bool find_channels(accuracy_report *r, const double *column) {
    double *sorted = malloc((size_t)r->k * sizeof *sorted);
    if (!sorted) return false;
    memcpy(sorted, column, (size_t)r->k * sizeof *sorted);
    qsort(sorted, (size_t)r->k, sizeof *sorted, by_value);
    double median = (sorted[(r->k - 1) / 2] + sorted[r->k / 2]) / 2;
    free(sorted);
    for (int64_t i = 0; median > 0 && i < r->k; i++) {
        if (column[i] < ACCURACY_CHANNEL_TIMES * median) continue;
        r->outlier_channels++;
        r->outlier_signal += column[i];
        int at = r->channels < ACCURACY_CHANNELS ? r->channels++ : ACCURACY_CHANNELS;
        for (; at > 0 && r->channel[at - 1].signal < column[i]; at--)
            if (at < ACCURACY_CHANNELS) r->channel[at] = r->channel[at - 1];
        if (at < ACCURACY_CHANNELS) r->channel[at] = (accuracy_channel){ i, column[i] };
    }
    return true;
}

static bool survey(const bcq_tensor *t, const accuracy_options *o, accuracy_report *r, bcq_error *error) {
    job j = { .t = t, .rows = r->rows, .k = r->k, .one = survey_chunk, .add = survey_add, .report = r,
              .o = o, .doing = "reading", .chunk_rows = rows_of_chunk(CHUNK_SCALARS, r->rows, r->k) };
    bool columns = r->rows >= ACCURACY_CHANNEL_ROWS;
    if (columns && !(j.column = calloc((size_t)r->k, sizeof *j.column)))
        return bcq_fail(error, "%s: wanted memory for its columns, got none", r->name);
    bool good = run_job(&j, error);
    if (good && columns && !find_channels(r, j.column))
        good = bcq_fail(error, "%s: wanted memory for its columns, got none", r->name);
    free(j.column);
    return good;
}

/* ---- Second pass: every format ------------------------------------------------------------------ */

static void measure_row(const job *j, const float *x, const float *y, double *value, double *most) {
    double error = 0;
    for (int64_t i = 0; i < j->k; i++) {
        double e = (double)x[i] - (double)y[i];
        error += e * e;
        *most = fabs(e) > *most ? fabs(e) : *most;
    }
    value[0] = error;
    for (int n = 0; n < j->width - 2; n++) {
        int64_t i = j->report->channel[n].column;
        double e = (double)x[i] - (double)y[i];
        value[2 + n] = e * e;
    }
}

static void measure_chunk(const job *j, chunk *c) {
    float *y = malloc((size_t)j->k * sizeof *y);
    if (!y) c->good = bcq_fail(&c->error, "%s: wanted memory for a row, got none", bcq_tensor_name(j->t));
    if (c->good) read_chunk(j, c);
    for (size_t f = 0; c->good && f < j->formats; f++) {
        bcq_format_row row;
        if (!row_alloc(&j->coder[f], j->k, &row)) {
            c->good = bcq_fail(&c->error, "%s: wanted memory for a row, got none", bcq_tensor_name(j->t));
            break;
        }
        c->most[f] = 0;
        double *value = c->value + f * (size_t)(j->chunk_rows * j->width);
        for (int64_t r = 0; r < c->rows; r++, value += j->width) {
            code_row(&j->coder[f], c->x + r * j->k, j->k, &row, y);
            measure_row(j, c->x + r * j->k, y, value, &c->most[f]);
            value[1] = row_bits(&j->coder[f], j->k, &row);
        }
        bcq_format_row_free(&row);
    }
    free(y);
}

static bool measure_add(job *j, const chunk *c) {
    accuracy_report *report = j->report;
    for (size_t f = 0; f < j->formats; f++) {
        accuracy_sums *s = &report->sums[f];
        const double *value = c->value + f * (size_t)(j->chunk_rows * j->width);
        for (int64_t r = 0; r < c->rows; r++, value += j->width) {
            s->scalars += j->k;
            s->error += value[0];
            s->bits += value[1];
            for (int n = 0; n < j->width - 2; n++)
                report->channel_error[f * ACCURACY_CHANNELS + (size_t)n] += value[2 + n];
        }
        double most = report->amax > 0 ? c->most[f] / report->amax : 0;
        if (most > s->max_error) s->max_error = most;
    }
    return true;
}

static void coders_free(coder *c, size_t count) {
    for (size_t i = 0; c && i < count; i++) coder_free(&c[i]);
    free(c);
}

static coder *coders(accuracy_format *const *f, size_t count, float amax, int64_t k, const char *name,
                     bcq_error *error) {
    coder *c = calloc(count, sizeof *c);
    bool good = c || bcq_fail(error, "%s: wanted memory for %zu formats, got none", name, count);
    for (size_t i = 0; good && i < count; i++) good = coder_init(&c[i], f[i], amax, k, name, error);
    if (good) return c;
    coders_free(c, count);
    return NULL;
}

bool accuracy_measure(const bcq_tensor *t, accuracy_format *const *f, size_t count,
                      const accuracy_options *o, accuracy_report *report, bcq_error *error) {
    *report = (accuracy_report){ .name = bcq_tensor_name(t), .rows = bcq_tensor_rows(t), .k = bcq_tensor_k(t) };
    report->sums = calloc(count, sizeof *report->sums);
    if (o->channels) report->channel_error = calloc(count * ACCURACY_CHANNELS, sizeof(double));
    if (!report->sums || (o->channels && !report->channel_error))
        return bcq_fail(error, "%s: wanted memory for %zu formats, got none", report->name, count);
    if (!survey(t, o, report, error)) return false;
    coder *c = coders(f, count, (float)report->amax, report->k, report->name, error);
    if (!c) return false;
    int64_t scalars = o->chunk_scalars > 0 ? o->chunk_scalars : CHUNK_SCALARS;
    job j = { .t = t, .rows = report->rows, .k = report->k, .one = measure_chunk, .add = measure_add,
              .coder = c, .formats = count, .width = 2 + (o->channels ? report->channels : 0),
              .report = report, .o = o, .doing = "measuring",
              .chunk_rows = rows_of_chunk(scalars, report->rows, report->k) };
    bool good = run_job(&j, error);
    for (size_t i = 0; i < count; i++) report->sums[i].signal = report->signal;
    coders_free(c, count);
    return good;
}

void accuracy_report_free(accuracy_report *report) {
    free(report->sums);
    free(report->channel_error);
    report->sums = NULL;
    report->channel_error = NULL;
}

/* ---- Products -------------------------------------------------------------------------------- */

/* One operand, as floats and in one format. */
typedef struct {
    const bcq_tensor *t;
    int64_t rows, k;
    float *x, *y;            /* [rows][k]: given; decoded, x itself where this operand is not quantized */
    float amax;
    double signal;
    coder coder;
    double *value;           /* [rows][3]: error, bits, largest error */
    bcq_format_row *row;     /* [rows], for a hardware sum; NULL without one */
    int64_t arrays;          /* the same of bcq: */
    int8_t *entry;           /* [rows][arrays * la] */
    uint8_t *scale;          /* [rows][arrays] */
} operand;

typedef struct {
    void (*one)(void *argument, int64_t i, bool *failed);
    void *argument;
    int64_t count;
    atomic_llong next;
    atomic_bool failed;      /* no memory */
} loop;

static void *loop_worker(void *argument) {
    loop *l = argument;
    for (int64_t i; !l->failed && (i = atomic_fetch_add(&l->next, 1)) < l->count; ) {
        bool failed = false;
        l->one(l->argument, i, &failed);
        if (failed) l->failed = true;
    }
    return NULL;
}

/* Calls one(argument, i) for each i below count, from several threads. False: one of them failed. */
static bool run_loop(void (*one)(void *, int64_t, bool *), void *argument, int64_t count, int threads) {
    pthread_t thread[THREADS_MAX];
    loop l = { .one = one, .argument = argument, .count = count };
    int started = 0;
    while (started < threads - 1 && started < THREADS_MAX &&
           pthread_create(&thread[started], NULL, loop_worker, &l) == 0)
        started++;
    loop_worker(&l);
    for (int i = 0; i < started; i++) pthread_join(thread[i], NULL);
    return !l.failed;
}

static bool no_memory(const bcq_tensor *t, bcq_error *error) {
    return bcq_fail(error, "%s: wanted memory for a product, got none", bcq_tensor_name(t));
}

static void operand_free(operand *p) {
    free(p->x);
    free(p->value);
    *p = (operand){ 0 };
}

static bool operand_read(operand *p, const bcq_tensor *t, bcq_error *error) {
    *p = (operand){ .t = t, .rows = bcq_tensor_rows(t), .k = bcq_tensor_k(t) };
    size_t scalars;
    if (!__builtin_mul_overflow((size_t)p->rows, (size_t)p->k, &scalars)) p->x = calloc(scalars, sizeof *p->x);
    p->value = calloc((size_t)p->rows, 3 * sizeof *p->value);
    if (!p->x || !p->value) return no_memory(t, error);
    for (int64_t r = 0; r < p->rows; r++) {
        float *x = p->x + r * p->k;
        if (!bcq_tensor_read(t, r, 0, p->k, false, x, error)) return false;
        double signal = 0;
        for (int64_t i = 0; i < p->k; i++) {
            signal += (double)x[i] * x[i];
            p->amax = fabsf(x[i]) > p->amax ? fabsf(x[i]) : p->amax;
        }
        p->signal += signal;
    }
    return true;
}

static void operand_encode_row(void *argument, int64_t r, bool *failed) {
    operand *p = argument;
    const float *x = p->x + r * p->k;
    float *y = p->y + r * p->k;
    double *value = p->value + 3 * r;
    bcq_format_row own = { 0 }, *row = p->row ? &p->row[r] : &own;
    if (!row_alloc(&p->coder, p->k, row)) {
        *failed = true;
        return;
    }
    code_row(&p->coder, x, p->k, row, y);
    for (int64_t j = 0; j < p->arrays; j++)
        p->scale[r * p->arrays + j] =
            bcq_array_of(&p->coder, x, p->k, j, p->entry + (r * p->arrays + j) * p->coder.f->p.la);
    value[0] = value[2] = 0;
    value[1] = row_bits(&p->coder, p->k, row);
    for (int64_t i = 0; i < p->k; i++) {
        double e = (double)x[i] - (double)y[i];
        value[0] += e * e;
        value[2] = fabs(e) > value[2] ? fabs(e) : value[2];
    }
    bcq_format_row_free(&own);
}

/* Forgets the format, not the floats. */
static void operand_clear(operand *p) {
    for (int64_t r = 0; p->row && r < p->rows; r++) bcq_format_row_free(&p->row[r]);
    if (p->y != p->x) free(p->y);
    free(p->row);
    free(p->entry);
    free(p->scale);
    coder_free(&p->coder);
    p->y = NULL;
    p->row = NULL;
    p->entry = NULL;
    p->scale = NULL;
    p->arrays = 0;
}

static bool operand_encode(operand *p, const accuracy_format *f, bool hardware, int threads,
                           accuracy_sums *sums, bcq_error *error) {
    if (!coder_init(&p->coder, f, p->amax, p->k, bcq_tensor_name(p->t), error)) return false;
    size_t rows = (size_t)p->rows;
    p->y = malloc(rows * (size_t)p->k * sizeof *p->y);
    bool good = p->y;
    if (hardware && p->coder.fast) {
        int64_t la = f->format.p.la;
        p->arrays = (p->k - 1) / la + 1;
        p->entry = malloc(rows * (size_t)(p->arrays * la));
        p->scale = malloc(rows * (size_t)p->arrays);
        good = good && p->entry && p->scale;
    } else if (hardware) {
        good = (p->row = calloc(rows, sizeof *p->row)) && good;
    }
    if (!good || !run_loop(operand_encode_row, p, p->rows, threads)) return no_memory(p->t, error);
    sums->scalars = p->rows * p->k;
    sums->signal = p->signal;
    for (int64_t r = 0; r < p->rows; r++) {
        const double *value = p->value + 3 * r;
        sums->error += value[0];
        sums->bits += value[1];
        if (p->amax > 0 && value[2] / p->amax > sums->max_error) sums->max_error = value[2] / p->amax;
    }
    return true;
}

typedef struct {
    const operand *a, *w;
    const bcq_format *f;
    double *want;            /* [M][N], product of the floats */
    bool reference;          /* want is to be filled, no more */
    bool hardware;
    double *value;           /* [M][3]: signal, error, hardware's error */
} product;

static double dot(const float *a, const float *w, int64_t k) {
    double sum = 0;
    for (int64_t i = 0; i < k; i++) sum += (double)a[i] * w[i];
    return sum;
}

/* C[i][n] as the hardware and its driver leave it. */
static float hardware_result(const product *p, int64_t i, int64_t n) {
    const operand *a = p->a, *w = p->w;
    if (a->coder.fast) {
        int la = p->f->p.la;
        float acc = bcq_dot(a->entry + i * a->arrays * la, a->scale + i * a->arrays,
                            w->entry + n * w->arrays * la, w->scale + n * w->arrays, a->arrays, la, false);
        return bcq_apply_exponent(acc, a->coder.once.exponent + w->coder.once.exponent);
    }
    uint32_t acc = p->f->kind->dot(p->f, &a->row[i], &w->row[n]);
    return p->f->kind->apply_scales(p->f, acc, &a->coder.once, &a->row[i], &w->coder.once, &w->row[n]);
}

static void product_row(void *argument, int64_t i, bool *failed) {
    (void)failed;
    product *p = argument;
    int64_t k = p->a->k, columns = p->w->rows;
    double *want = p->want + i * columns, *value = p->value + 3 * i;
    value[0] = value[1] = value[2] = 0;
    for (int64_t n = 0; n < columns; n++) {
        if (p->reference) {
            want[n] = dot(p->a->x + i * k, p->w->x + n * k, k);
            continue;
        }
        double e = dot(p->a->y + i * k, p->w->y + n * k, k) - want[n];
        value[0] += want[n] * want[n];
        value[1] += e * e;
        if (!p->hardware) continue;
        e = (double)hardware_result(p, i, n) - want[n];
        value[2] += e * e;
    }
}

static bool multiply_in(operand *a, operand *w, const accuracy_format *f, product *p, int threads,
                        accuracy_product *out, bcq_error *error) {
    const bcq_format_kind *kind = f->format.kind;
    *out = (accuracy_product){ .has_hardware =
        bcq_format_has_sum(&f->format) && (!kind->fits || kind->fits(&f->format, a->k)) };
    p->f = &f->format;
    p->hardware = out->has_hardware;
    bool good = operand_encode(w, f, p->hardware, threads, &out->w, error);
    if (kind->weight_only) a->y = a->x;
    else good = good && operand_encode(a, f, p->hardware, threads, &out->a, error);
    if (good) run_loop(product_row, p, a->rows, threads);
    for (int64_t i = 0; good && i < a->rows; i++) {
        out->signal += p->value[3 * i];
        out->error += p->value[3 * i + 1];
        out->hardware_error += p->value[3 * i + 2];
    }
    operand_clear(a);
    operand_clear(w);
    return good;
}

bool accuracy_multiply(const bcq_tensor *a, const bcq_tensor *w, accuracy_format *const *f, size_t count,
                       const accuracy_options *o, accuracy_product *products, bcq_error *error) {
    if (bcq_tensor_k(a) != bcq_tensor_k(w))
        return bcq_fail(error, "%s: wanted K = %" PRId64 " as in %s, got K = %" PRId64, bcq_tensor_name(w),
                        bcq_tensor_k(a), bcq_tensor_name(a), bcq_tensor_k(w));
    int threads = o->threads < 1 ? 1 : o->threads > THREADS_MAX ? THREADS_MAX : o->threads;
    operand oa = { 0 }, ow = { 0 };
    bool good = operand_read(&oa, a, error) && operand_read(&ow, w, error);
    product p = { .a = &oa, .w = &ow, .reference = true };
    size_t outputs;
    if (good && !__builtin_mul_overflow((size_t)oa.rows, (size_t)ow.rows, &outputs))
        p.want = calloc(outputs, sizeof *p.want);
    if (good) p.value = calloc((size_t)oa.rows, 3 * sizeof *p.value);
    if (good && (!p.want || !p.value)) good = no_memory(a, error);
    if (good) run_loop(product_row, &p, oa.rows, threads);
    p.reference = false;
    for (size_t i = 0; good && i < count; i++) {
        if (o->progress)
            fprintf(stderr, "\r\033[Kcompare: product in %s, %zu of %zu", f[i]->name, i + 1, count);
        good = multiply_in(&oa, &ow, f[i], &p, threads, &products[i], error);
    }
    if (o->progress) fprintf(stderr, "\r\033[K");
    free(p.want);
    free(p.value);
    operand_free(&oa);
    operand_free(&ow);
    return good;
}
