#include <inttypes.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "rtl.h"
#include "rtl_encoder.h"
#include "tensor_internal.h"

/* Work is handed out in units of so many block arrays, counted through the tensor row after row.
 * Units are written, and their error sums added, in order: so neither the file nor the report
 * depends on the number of threads. */
enum { UNIT_ARRAYS = BCQ_RUN_ARRAYS, THREADS_MAX = 64 };

typedef struct {
    const bcq_tensor *t;
    const bcq_codebooks *cb;
    encoder *rtl;              /* or NULL: the golden model */
    uint64_t cycles;           /* of rtl */
    bool bf16, signed_scale;
    int exponent;
    int64_t first, count;      /* block arrays [first, first + count) */
    uint8_t *records;          /* [UNIT_ARRAYS * bcq_array_bytes()] */
    double signal, error_sum;  /* sums of x^2 and (x - x^)^2 */
    bool good;
    bcq_error error;
} unit;

/* Block array i of the unit, padded; returns how many of its scalars are the tensor's. */
static int64_t read_array(unit *u, int64_t i, float *x) {
    const bcq_params *p = &u->cb->p;
    int64_t k = bcq_tensor_k(u->t), arrays = (k - 1) / p->la + 1;
    int64_t row = (u->first + i) / arrays, column = (u->first + i) % arrays * p->la;
    int64_t used = k - column < p->la ? k - column : p->la;
    memset(x, 0, BCQ_LA_MAX * sizeof *x);  /* "each row is padded with zeros to a multiple of LA" */
    u->good = bcq_tensor_read(u->t, row, column, used, u->bf16, x, &u->error);
    return used;
}

/* The whole unit through the simulated encoder. encoded: [count]. */
static bool encode_by_rtl(unit *u, bcq_array *encoded) {
    int la = u->cb->p.la;
    uint16_t *bits = malloc((size_t)(u->count * la) * sizeof *bits);
    int8_t *exponent = malloc((size_t)u->count);
    encoder_run_options options = { .stall = NULL };
    encoder_run_report report;
    if (!bits || !exponent) u->good = bcq_fail(&u->error, "%s: wanted memory to encode it, got none",
                                                     bcq_tensor_name(u->t));
    for (int64_t i = 0; i < u->count && u->good; i++) {
        float x[BCQ_LA_MAX];
        read_array(u, i, x);
        exponent[i] = (int8_t)u->exponent;
        for (int s = 0; s < la; s++) bits[i * la + s] = bcq_f32_to_bf16(x[s]);  /* exact by now */
    }
    u->good = u->good && encoder_run(u->rtl, bits, exponent, u->count, &options, encoded, &report,
                                     &u->error);
    if (u->good) u->cycles = report.cycles;
    free(bits);
    free(exponent);
    return u->good;
}

void bcq_encode_array_signed(const float *x, int exponent, const bcq_codebooks *cb, bcq_array *out) {
    float largest = 0;
    for (int i = 0; i < cb->p.la; i++)
        if (fabsf(x[i]) > fabsf(largest)) largest = x[i];
    uint8_t scale = bcq_scale_encode(fabsf(largest), exponent, &cb->p);
    if (scale && largest < 0) scale |= 0x80;
    bcq_encode_array_scaled(x, scale, exponent, cb, out);
}

static void *encode_unit(void *argument) {
    unit *u = argument;
    const bcq_params *p = &u->cb->p;
    u->signal = u->error_sum = 0;
    u->good = true;
    bcq_array *encoded = NULL;
    if (u->rtl) {
        encoded = malloc((size_t)u->count * sizeof *encoded);
        if (!encoded) u->good = bcq_fail(&u->error, "%s: wanted memory to encode it, got none",
                                                     bcq_tensor_name(u->t));
        else encode_by_rtl(u, encoded);
    }
    for (int64_t i = 0; i < u->count && u->good; i++) {
        float x[BCQ_LA_MAX];
        int64_t used = read_array(u, i, x);
        if (!u->good) break;
        bcq_array a;
        int8_t entry[BCQ_LA_MAX];
        if (encoded)              a = encoded[i];
        else if (u->signed_scale) bcq_encode_array_signed(x, u->exponent, u->cb, &a);
        else                      bcq_encode_array(x, u->exponent, u->cb, &a);
        bcq_array_pack(&a, p, u->records + (size_t)i * bcq_array_bytes(p));
        bcq_decode_entries(&a, u->cb, entry);
        for (int s = 0; s < used; s++) {
            double value = x[s], decoded = bcq_decode_value(entry[s], a.scale, u->exponent);
            u->signal += value * value;
            u->error_sum += (value - decoded) * (value - decoded);
        }
    }
    free(encoded);
    return NULL;
}

static bool choose_exponent(const bcq_tensor *t, const bcq_params *p,
                            const bcq_quantize_options *o, int *exponent, bcq_error *error) {
    if (o->exponent_given) {
        *exponent = o->exponent;
        if (o->exponent < -BCQ_EXPONENT_LIMIT || o->exponent > BCQ_EXPONENT_LIMIT)
            return bcq_fail(error, "%s: wanted an exponent in [%d, %d], got %d", bcq_tensor_name(t),
                            -BCQ_EXPONENT_LIMIT, BCQ_EXPONENT_LIMIT, o->exponent);
        return true;
    }
    float amax;
    if (!bcq_tensor_amax(t, o->bf16, &amax, error)) return false;
    if (!bcq_tensor_exponent(amax, p, exponent))
        return bcq_fail(error, "%s: wanted max|X| <= 448 * %d * 2^%d, got %g", bcq_tensor_name(t),
                        bcq_cmax(p), BCQ_EXPONENT_LIMIT, (double)amax);
    return true;
}

/* Encodes up to `threads` units behind each other; the last runs in this thread. */
static void encode_batch(unit *units, int used) {
    pthread_t ids[THREADS_MAX];
    bool started[THREADS_MAX] = { false };
    for (int i = 0; i + 1 < used; i++)
        started[i] = pthread_create(&ids[i], NULL, encode_unit, &units[i]) == 0;
    for (int i = 0; i < used; i++)
        if (!started[i]) encode_unit(&units[i]);
    for (int i = 0; i < used; i++)
        if (started[i]) pthread_join(ids[i], NULL);
}

static bool encode_all(unit *units, int threads, const bcq_packed_info *info, FILE *f,
                       bool progress, bcq_quantize_report *report, bcq_error *error) {
    int64_t total = info->rows * info->arrays;
    size_t record = bcq_array_bytes(&info->p);
    uLong crc = 0;
    for (int64_t done = 0; done < total; ) {
        int used = 0;
        for (int64_t first = done; used < threads && first < total; used++, first += UNIT_ARRAYS) {
            units[used].first = first;
            units[used].count = total - first < UNIT_ARRAYS ? total - first : UNIT_ARRAYS;
        }
        encode_batch(units, used);
        for (int i = 0; i < used; i++) {
            if (!units[i].good) {
                if (progress) fprintf(stderr, "\r\033[K");
                return bcq_fail(error, "%s", units[i].error.message);
            }
            size_t bytes = (size_t)units[i].count * record;
            crc = crc32_z(crc, units[i].records, bytes);
            fwrite(units[i].records, 1, bytes, f);
            report->signal += units[i].signal;
            report->error += units[i].error_sum;
            if (units[i].rtl) {
                report->cycles += units[i].cycles;
                report->cycles_formula +=
                    encoder_cycles_formula(encoder_get_build(units[i].rtl), units[i].count);
            }
            done += units[i].count;
        }
        if (ferror(f)) break;  /* commit says so */
        if (progress)
            fprintf(stderr, "\rquantize: %3d %%", (int)(100 * (double)done / (double)total));
    }
    if (progress) fprintf(stderr, "\r\033[K");
    uint8_t stored[4] = { crc & 255, crc >> 8 & 255, crc >> 16 & 255, crc >> 24 & 255 };
    fwrite(stored, 1, sizeof stored, f);
    return true;
}

static bool write_packed(const bcq_tensor *t, const bcq_codebooks *cb, const char *path,
                         const bcq_quantize_options *o, const bcq_packed_info *info,
                         encoder *rtl, bcq_quantize_report *report, bcq_error *error) {
    bcq_packed_header header;
    if (!packed_header_fill(info, &header))
        return bcq_fail(error, "%s: wanted a tensor that a .bcq file can hold, got %" PRId64 " x %"
                        PRId64, bcq_tensor_name(t), info->rows, info->k);
    int threads = o->threads < 1 || rtl ? 1 : o->threads > THREADS_MAX ? THREADS_MAX : o->threads;
    size_t room = UNIT_ARRAYS * bcq_array_bytes(&cb->p);
    unit *units = calloc((size_t)threads, sizeof *units);
    uint8_t *records = malloc((size_t)threads * room);
    bcq_output *output = NULL;
    bool good = units && records;
    if (!good) bcq_fail(error, "%s: wanted memory to quantize it, got none", bcq_tensor_name(t));
    if (good) {
        for (int i = 0; i < threads; i++)
            units[i] = (unit){ .t = t, .cb = cb, .rtl = rtl, .bf16 = o->bf16, .signed_scale = o->signed_scale,
                               .exponent = info->exponent,
                               .records = records + (size_t)i * room };
        good = (output = bcq_output_open(path, error)) != NULL;
    }
    if (good) {
        FILE *f = bcq_output_stream(output);
        fwrite(&header, sizeof header, 1, f);
        good = encode_all(units, threads, info, f, o->progress && isatty(STDERR_FILENO), report,
                          error);
        if (good) good = bcq_output_commit(output, error);
        else bcq_output_discard(output);
    }
    free(records);
    free(units);
    return good;
}

/* The simulated encoder with these codebooks in it. */
static encoder *open_rtl(const bcq_codebooks *cb, const char *config, bcq_error *error) {
    encoder *e = encoder_open(config, 1, error);
    if (!e) return NULL;
    const encoder_build *b = encoder_get_build(e);
    const char *why = encoder_refuses(b, cb);
    bool good = true;
    if (why)
        good = bcq_fail(error, "--config %s: %s: wanted la %d, lb %d, nc <= %d, bits %d, ew %d, got "
                        "la %d, lb %d, nc %d, bits %d, ew %d", config, why, b->la, b->lb, b->nc,
                        b->index_bits, b->entry_bits, cb->p.la, cb->p.lb, cb->p.nc,
                        cb->p.index_bits, cb->p.entry_bits);
    else
        good = b->frozen ? rtl_frozen_are(config, cb, error) : encoder_load_codebooks(e, cb, error);
    if (good) return e;
    encoder_close(e);
    return NULL;
}

bool bcq_quantize(const bcq_tensor *t, const bcq_codebooks *cb, const char *path,
                  const bcq_quantize_options *options, bcq_quantize_report *report,
                  bcq_error *error) {
    const char *bad = bcq_codebooks_check(cb);
    if (bad) return bcq_fail(error, "%s: wanted legal codebooks, got %s", bcq_tensor_name(t), bad);
    bcq_packed_info info = { .rows = bcq_tensor_rows(t), .k = bcq_tensor_k(t), .p = cb->p,
                             .bf16 = options->bf16 };
    info.arrays = (info.k - 1) / cb->p.la + 1;
    bcq_codebooks_identity(cb, info.identity);
    if (info.k % cb->p.la && !bcq_codebooks_have_zero(cb))
        return bcq_fail(error, "%s: wanted K a multiple of LA = %d, for a codebook without a 0 "
                        "cannot hold the zeros that pad a row, got K = %" PRId64,
                        bcq_tensor_name(t), cb->p.la, info.k);
    if (!choose_exponent(t, &cb->p, options, &info.exponent, error)) return false;
    bcq_quantize_report result = { .exponent = info.exponent };
    encoder *rtl = NULL;
    if (options->rtl_config) {
        if (options->signed_scale)
            return bcq_fail(error, "%s: wanted a scale without a sign for the encoder, which writes no other, "
                            "got --signed", bcq_tensor_name(t));
        if (!options->bf16)
            return bcq_fail(error, "%s: wanted BF16 for the encoder, which takes nothing else, got none "
                            "(--bf16)", bcq_tensor_name(t));
        if (!(rtl = open_rtl(cb, options->rtl_config, error))) return false;
    }
    bool good = write_packed(t, cb, path, options, &info, rtl, &result, error);
    encoder_close(rtl);
    if (!good) return false;
    result.nmse = result.signal > 0 ? result.error / result.signal : 0;
    if (report) *report = result;
    return true;
}

bool bcq_dequantize(const bcq_packed *t, const bcq_codebooks *cb, const char *path,
                    bcq_error *error) {
    const bcq_packed_info *info = bcq_packed_get_info(t);
    bcq_output *output = bcq_output_open(path, error);
    if (!output) return false;
    FILE *f = bcq_output_stream(output);
    bcq_npy_write_header(f, info->rows, info->k);
    for (int64_t row = 0; row < info->rows && !ferror(f); row++) {
        for (int64_t j = 0; j < info->arrays; j++) {
            bcq_array a;
            int8_t entry[BCQ_LA_MAX];
            float x[BCQ_LA_MAX];
            bcq_packed_array(t, row, j, &a);
            bcq_decode_entries(&a, cb, entry);
            for (int i = 0; i < info->p.la; i++)
                x[i] = bcq_decode_value(entry[i], a.scale, info->exponent);
            int64_t left = info->k - j * info->p.la;
            fwrite(x, sizeof x[0], (size_t)(left < info->p.la ? left : info->p.la), f);
        }
    }
    return bcq_output_commit(output, error);
}
