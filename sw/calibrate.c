/* The calibrator's input and output: draws a sample of block arrays, normalises them, has codebooks
 * found for them, and measures these through the full contract.
 *
 * What enters the statistics. Every sampled block alike (or weighted by its scale squared), as
 * Y = 16 x / (t 2^e_X), rounded as the contract rounds but not saturated. An array whose scale is 0
 * is left out: all of it decodes to 0 whatever the codebooks. So are blocks that are all padding of
 * K; the padded scalars of a block that is partly padding enter as the zeros that they are encoded
 * as, which costs nothing under codebooks with an entry 0.
 *
 * Memory: a sampled value takes two bytes for Y, and a block 5 bytes of working space, or 9 with
 * weights; values themselves are read again for the final measurement. */
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "calibrate.h"
#include "fast_encode.h"
#include "lloyd.h"

enum {
    CHUNK = 1024,            /* block arrays that a thread takes at a time */
    THREADS_MAX = 256,
    WIDER = 1,               /* entry bits added so that normalising does not saturate */
};
/* Starts and search look at no more values than this, for speed; a search that is given time looks
 * at more, since it fits them more closely. */
static const int64_t PART_QUICK = 1 << 18, PART_SEARCH = 1 << 20;

/* ---- Which arrays are drawn ---------------------------------------------------------------- */

typedef struct {
    int64_t first, last;     /* its block arrays, in the count over all tensors */
    int64_t arrays_a_row;
    int exponent;            /* e_X */
} tensor_plan;

typedef struct {
    int64_t block, blocks;   /* first, and number, of its blocks in the sample */
    double signal, error;    /* of real values */
} chunk_plan;

typedef struct {
    const calibrate_source *source;
    const bcq_calibrate_options *o;
    tensor_plan *tensor;     /* [count] */
    size_t count;
    int64_t arrays, drawn;   /* of all tensors; in the sample */
    int64_t scalars, blocks; /* in the sample: without padding; with partial blocks as whole ones */
    chunk_plan *chunk;       /* [chunks] */
    int64_t chunks;
} sample_plan;

/* One sampled array: where it lies. */
typedef struct {
    size_t tensor;
    int64_t row, column;
    int valid;               /* scalars before the padding */
} array_place;

static uint64_t hash(uint64_t seed, uint64_t i) {
    uint64_t z = seed * 0xD1342543DE82EF95u + i * 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
}

/* The arrays are cut into `drawn` strata of equal size, and one is taken at random from each: it
 * is evenly spread, a tensor's share is its size, and no period of the data can be in step. */
static int64_t drawn_array(const sample_plan *s, int64_t i) {
    int64_t lo = (int64_t)((unsigned __int128)s->arrays * (uint64_t)i / (uint64_t)s->drawn);
    int64_t hi = (int64_t)((unsigned __int128)s->arrays * (uint64_t)(i + 1) / (uint64_t)s->drawn);
    return lo + (int64_t)(hash(s->o->seed, (uint64_t)i) % (uint64_t)(hi - lo));
}

/* i-th sampled array; *from is the tensor to start looking at, for i ascending. */
static array_place locate(const sample_plan *s, int64_t i, size_t *from) {
    int64_t array = drawn_array(s, i), la = s->o->p.la;
    while (array >= s->tensor[*from].last) (*from)++;
    const tensor_plan *t = &s->tensor[*from];
    array -= t->first;
    int64_t column = array % t->arrays_a_row * la, rest = s->source[*from].k - column;
    return (array_place){ *from, array / t->arrays_a_row, column, (int)(rest < la ? rest : la) };
}

static bool source_amax(const calibrate_source *s, bool bf16, float *amax, bcq_error *error) {
    if (s->tensor) return bcq_tensor_amax(s->tensor, bf16, amax, error);
    *amax = 0;
    for (int64_t i = 0; i < s->rows * s->k; i++) {
        float x;
        if (!bcq_condition(s->x[i], bf16, &x))
            return bcq_fail(error, "%s: wanted finite values, got another", s->name);
        *amax = fabsf(x) > *amax ? fabsf(x) : *amax;
    }
    return true;
}

/* Reads the array and pads it with zeros to LA. */
static bool read_array(const sample_plan *s, const array_place *at, float *x, bcq_error *error) {
    const calibrate_source *source = &s->source[at->tensor];
    for (int i = at->valid; i < s->o->p.la; i++) x[i] = 0;
    if (source->tensor)
        return bcq_tensor_read(source->tensor, at->row, at->column, at->valid, s->o->bf16, x,
                               error);
    for (int i = 0; i < at->valid; i++)
        bcq_condition(source->x[at->row * source->k + at->column + i], s->o->bf16, &x[i]);
    return true;
}

static void plan_free(sample_plan *s) {
    free(s->tensor);
    free(s->chunk);
}

static bool plan_init(sample_plan *s, const calibrate_source *source, size_t count,
                      const bcq_calibrate_options *o, bcq_error *error) {
    *s = (sample_plan){ .source = source, .o = o, .count = count };
    s->tensor = calloc(count, sizeof *s->tensor);
    if (!s->tensor) return bcq_fail(error, "calibrate: wanted memory, got none");
    int64_t la = o->p.la, scalars = 0;
    for (size_t i = 0; i < count; i++) {
        tensor_plan *t = &s->tensor[i];
        float amax;
        if (!source_amax(&source[i], o->bf16, &amax, error)) return false;
        if (!bcq_tensor_exponent(amax, &o->p, &t->exponent))
            return bcq_fail(error, "%s: wanted e_X of %d at most, got a larger one (amax %g)",
                            source[i].name, BCQ_EXPONENT_LIMIT, (double)amax);
        if (o->log)
            fprintf(o->log, "e_X %4d  amax %-12.6g %s\n", t->exponent, (double)amax,
                    source[i].name);
        t->arrays_a_row = (source[i].k + la - 1) / la;
        t->first = s->arrays;
        s->arrays += source[i].rows * t->arrays_a_row;
        t->last = s->arrays;
        scalars += source[i].rows * source[i].k;
    }
    s->drawn = s->arrays;
    if (scalars > o->sample_scalars)
        s->drawn = (int64_t)((double)s->arrays * ((double)o->sample_scalars / (double)scalars));
    if (s->drawn < 1) s->drawn = 1;

    s->chunks = (s->drawn + CHUNK - 1) / CHUNK;
    s->chunk = calloc((size_t)s->chunks, sizeof *s->chunk);
    if (!s->chunk) return bcq_fail(error, "calibrate: wanted memory, got none");
    size_t from = 0;
    for (int64_t i = 0; i < s->drawn; i++) {
        if (i % CHUNK == 0) s->chunk[i / CHUNK].block = s->blocks;
        array_place at = locate(s, i, &from);
        s->scalars += at.valid;
        s->blocks += (at.valid + o->p.lb - 1) / o->p.lb;
    }
    return true;
}

/* ---- Chunks in parallel -------------------------------------------------------------------- */

typedef struct chunk_job chunk_job;
struct chunk_job {
    sample_plan *s;
    bool (*one)(chunk_job *job, int64_t chunk, bcq_error *error);
    uint16_t *row;           /* normalising: as in lloyd_data */
    uint32_t *weight;
    const fast_table *table;  /* measuring */
    atomic_llong next;
    atomic_bool failed;
    bcq_error *error;        /* of the first thread that failed */
};

static void *chunk_worker(void *argument) {
    chunk_job *job = argument;
    bcq_error error;
    for (;;) {
        int64_t chunk = atomic_fetch_add(&job->next, 1);
        if (chunk >= job->s->chunks || job->failed) return NULL;
        if (!job->one(job, chunk, &error) && !atomic_exchange(&job->failed, true))
            *job->error = error;
    }
}

/* Each chunk's result has its own place, so the order in which they are done does not matter. */
static bool run_chunks(chunk_job *job, bcq_error *error) {
    pthread_t thread[THREADS_MAX];
    int started = 0;
    job->error = error;
    while (started < job->s->o->threads - 1 &&
           pthread_create(&thread[started], NULL, chunk_worker, job) == 0)
        started++;
    chunk_worker(job);
    for (int t = 0; t < started; t++) pthread_join(thread[t], NULL);
    return !job->failed;
}

/* ---- Normalising --------------------------------------------------------------------------- */

/* Until all arrays are read, a weight holds the block's scale: t * 512 and e_X + 100. */
static uint32_t pack_scale(uint8_t scale, int exponent) {
    return (uint32_t)bcq_scale_x512(scale) << 8 | (uint32_t)(exponent + BCQ_EXPONENT_LIMIT);
}

static double unpack_scale(uint32_t packed) {
    return ldexp(packed >> 8, (int)(packed & 255) - BCQ_EXPONENT_LIMIT);
}

static bool normalise_chunk(chunk_job *job, int64_t chunk, bcq_error *error) {
    const sample_plan *s = job->s;
    const bcq_params *p = &s->o->p;
    bcq_params wide = *p;
    wide.entry_bits += WIDER;
    int y_limit = lloyd_y_limit(p);
    chunk_plan *c = &job->s->chunk[chunk];
    int64_t last = (chunk + 1) * CHUNK < s->drawn ? (chunk + 1) * CHUNK : s->drawn;
    size_t from = 0;
    for (int64_t i = chunk * CHUNK; i < last; i++) {
        float x[BCQ_LA_MAX], amax = 0;
        array_place at = locate(s, i, &from);
        if (!read_array(s, &at, x, error)) return false;
        for (int k = 0; k < at.valid; k++) amax = fabsf(x[k]) > amax ? fabsf(x[k]) : amax;
        int exponent = s->tensor[at.tensor].exponent;
        uint8_t scale = bcq_scale_encode(amax, exponent, p);
        if (bcq_scale_x512(scale) == 0) continue;
        int blocks = (at.valid + p->lb - 1) / p->lb;
        uint16_t *row = job->row + (c->block + c->blocks) * p->lb;
        for (int k = 0; k < blocks * p->lb; k++)
            row[k] = (uint16_t)(bcq_normalise_x16(x[k], scale, exponent, &wide) + y_limit);
        for (int b = 0; b < blocks && job->weight; b++)
            job->weight[c->block + c->blocks + b] = pack_scale(scale, exponent);
        c->blocks += blocks;
    }
    return true;
}

/* Weight of a block: its scale squared, as a share of the largest. */
static void weigh(lloyd_data *d) {
    double most = 0, full = lloyd_weight_max(d->blocks);
    for (int64_t b = 0; b < d->blocks; b++) most = fmax(most, unpack_scale(d->weight[b]));
    for (int64_t b = 0; b < d->blocks; b++) {
        double share = unpack_scale(d->weight[b]) / most;
        d->weight[b] = (uint32_t)(full * share * share + 0.5);
    }
}

static void data_free(lloyd_data *d) {
    free(d->row);
    free(d->weight);
}

static bool data_init(lloyd_data *d, sample_plan *s, bcq_error *error) {
    const bcq_calibrate_options *o = s->o;
    *d = (lloyd_data){ .p = o->p, .zero = !o->no_zero, .threads = o->threads,
                       .fine = lloyd_fine(&o->p), .y_limit = lloyd_y_limit(&o->p) };
    size_t blocks = (size_t)s->blocks, lb = (size_t)o->p.lb;
    d->row = malloc(blocks * lb * sizeof *d->row);
    if (o->objective_real) d->weight = malloc(blocks * sizeof *d->weight);
    if (!d->row || (o->objective_real && !d->weight))
        return bcq_fail(error, "calibrate: wanted memory for %lld values, got none",
                        (long long)s->scalars);
    chunk_job job = { .s = s, .one = normalise_chunk, .row = d->row, .weight = d->weight };
    if (!run_chunks(&job, error)) return false;
    /* Closes the gaps that arrays of scale 0 have left. */
    for (int64_t c = 0; c < s->chunks; c++) {
        const chunk_plan *chunk = &s->chunk[c];
        memmove(d->row + (size_t)d->blocks * lb, d->row + (size_t)chunk->block * lb,
                (size_t)chunk->blocks * lb * sizeof *d->row);
        if (d->weight)
            memmove(d->weight + d->blocks, d->weight + chunk->block,
                    (size_t)chunk->blocks * sizeof *d->weight);
        d->blocks += chunk->blocks;
    }
    if (!d->blocks) return bcq_fail(error, "calibrate: wanted an array of nonzero scale, got none");
    if (d->weight) weigh(d);
    return true;
}

/* A sample of at most `scalars` of the values of d, one block from each of as many strata. */
static bool part_init(lloyd_data *part, const lloyd_data *d, int64_t scalars, uint64_t seed,
                      bcq_error *error) {
    size_t lb = (size_t)d->p.lb;
    *part = *d;
    part->row = NULL;
    part->weight = NULL;
    if (d->blocks > scalars / d->p.lb) part->blocks = scalars / d->p.lb;
    part->row = malloc((size_t)part->blocks * lb * sizeof *part->row);
    if (d->weight) part->weight = malloc((size_t)part->blocks * sizeof *part->weight);
    if (!part->row || (d->weight && !part->weight))
        return bcq_fail(error, "calibrate: wanted memory, got none");
    for (int64_t b = 0; b < part->blocks; b++) {
        int64_t lo = (int64_t)((unsigned __int128)d->blocks * (uint64_t)b / (uint64_t)part->blocks);
        int64_t hi = (int64_t)((unsigned __int128)d->blocks * (uint64_t)(b + 1) /
                               (uint64_t)part->blocks);
        int64_t from = lo + (int64_t)(hash(~seed, (uint64_t)b) % (uint64_t)(hi - lo));
        memcpy(part->row + (size_t)b * lb, d->row + (size_t)from * lb, lb * sizeof *part->row);
        if (d->weight) part->weight[b] = d->weight[from];
    }
    return true;
}

/* ---- Measuring ----------------------------------------------------------------------------- */

static bool measure_chunk(chunk_job *job, int64_t chunk, bcq_error *error) {
    const sample_plan *s = job->s;
    chunk_plan *c = &job->s->chunk[chunk];
    int64_t last = (chunk + 1) * CHUNK < s->drawn ? (chunk + 1) * CHUNK : s->drawn;
    size_t from = 0;
    c->signal = c->error = 0;
    for (int64_t i = chunk * CHUNK; i < last; i++) {
        float x[BCQ_LA_MAX];
        int8_t entry[BCQ_LA_MAX];
        array_place at = locate(s, i, &from);
        if (!read_array(s, &at, x, error)) return false;
        int exponent = s->tensor[at.tensor].exponent;
        uint8_t scale = fast_encode(job->table, x, exponent, entry);
        double scale_real = ldexp(bcq_scale_x512(scale), exponent - BCQ_SCALE_LSB_NEG);
        for (int k = 0; k < at.valid; k++) {
            double e = (double)x[k] - entry[k] * scale_real;  /* exact products: 7 + 18 bits */
            c->signal += (double)x[k] * x[k];
            c->error += e * e;
        }
    }
    return true;
}

static bool measure(sample_plan *s, const bcq_codebooks *cb, double *nmse, bcq_error *error) {
    fast_table table = { 0 };
    chunk_job job = { .s = s, .one = measure_chunk, .table = &table };
    bool ok = fast_table_init(&table, cb) ||
              bcq_fail(error, "calibrate: wanted memory, got none");
    ok = ok && run_chunks(&job, error);
    fast_table_free(&table);
    if (!ok) return false;
    double signal = 0, squared = 0;
    for (int64_t c = 0; c < s->chunks; c++) {
        signal += s->chunk[c].signal;
        squared += s->chunk[c].error;
    }
    *nmse = signal > 0 ? squared / signal : 0;
    return true;
}

bool calibrate_nmse(const calibrate_source *source, size_t count, const bcq_calibrate_options *o,
                    const bcq_codebooks *cb, double *nmse, bcq_error *error) {
    sample_plan s;
    bool ok = plan_init(&s, source, count, o, error) && measure(&s, cb, nmse, error);
    plan_free(&s);
    return ok;
}

/* ---- Entry points -------------------------------------------------------------------------- */

void bcq_calibrate_defaults(bcq_calibrate_options *o) {
    *o = (bcq_calibrate_options){
        .p = { .la = BCQ_LA_DEFAULT, .lb = BCQ_LB_DEFAULT, .nc = BCQ_NC_DEFAULT,
               .index_bits = BCQ_B_DEFAULT, .entry_bits = BCQ_EW_DEFAULT },
        .iterations = 30, .seed = 1, .threads = 1, .sample_scalars = 1 << 24,
    };
}

static bool options_check(const bcq_calibrate_options *o, size_t count, bcq_error *error) {
    const char *bad = bcq_params_check(&o->p);
    if (bad) return bcq_fail(error, "calibrate: %s", bad);
    if (!count) return bcq_fail(error, "calibrate: wanted a tensor, got none");
    if (o->iterations < 1)
        return bcq_fail(error, "calibrate: wanted 1 iteration or more, got %d", o->iterations);
    if (o->threads < 1 || o->threads > THREADS_MAX)
        return bcq_fail(error, "calibrate: wanted 1 to %d threads, got %d", THREADS_MAX,
                        o->threads);
    if (o->sample_scalars < o->p.la)
        return bcq_fail(error, "calibrate: wanted a sample of %d values or more, got %lld",
                        o->p.la, (long long)o->sample_scalars);
    if (!(o->search_seconds >= 0) || !isfinite(o->search_seconds))
        return bcq_fail(error, "calibrate: wanted 0 seconds of search or more, got %g",
                        o->search_seconds);
    return true;
}

bool calibrate_sources(const calibrate_source *source, size_t count,
                       const bcq_calibrate_options *options, bcq_codebooks *cb,
                       bcq_calibrate_report *report, bcq_error *error) {
    if (!options_check(options, count, error)) return false;
    bcq_calibrate_options o = *options;
    o.progress = o.progress && isatty(STDERR_FILENO);
    sample_plan s;
    lloyd_data all = { 0 }, part = { 0 };
    lloyd_work work = { 0 };
    bool ok = plan_init(&s, source, count, &o, error) && data_init(&all, &s, error) &&
              part_init(&part, &all, o.search_seconds > 0 ? PART_SEARCH : PART_QUICK, o.seed,
                        error) &&
              lloyd_work_init(&work, &all, error);
    if (ok) {
        lloyd_levels found;
        *report = (bcq_calibrate_report){ .scalars = s.scalars };
        int64_t objective = lloyd_search(&all, &part, &o, &found, &report->iterations, &work);
        *cb = (bcq_codebooks){ .p = o.p };
        for (int c = 0; c < o.p.nc; c++)
            for (int k = 0; k < bcq_entries(&o.p); k++)
                cb->entry[c][k] = (int8_t)(found.level[c][k] / (16 * all.fine));
        report->normalised_error = lloyd_mean_error(&all, objective);
    }
    lloyd_work_free(&work);
    data_free(&part);
    data_free(&all);
    ok = ok && measure(&s, cb, &report->nmse, error);
    plan_free(&s);
    if (ok && o.log)
        fprintf(o.log, "%lld values sampled; squared error of normalised values %.6f; "
                "NMSE of real values %.4e\n", (long long)report->scalars,
                report->normalised_error, report->nmse);
    return ok;
}

bool bcq_calibrate(bcq_tensor *const *tensors, size_t count, const bcq_calibrate_options *o,
                   bcq_codebooks *cb, bcq_calibrate_report *report, bcq_error *error) {
    calibrate_source *source = calloc(count ? count : 1, sizeof *source);
    if (!source) return bcq_fail(error, "calibrate: wanted memory, got none");
    for (size_t i = 0; i < count; i++)
        source[i] = (calibrate_source){ .tensor = tensors[i], .rows = bcq_tensor_rows(tensors[i]),
                                        .k = bcq_tensor_k(tensors[i]),
                                        .name = bcq_tensor_name(tensors[i]) };
    bool ok = calibrate_sources(source, count, o, cb, report, error);
    free(source);
    return ok;
}
