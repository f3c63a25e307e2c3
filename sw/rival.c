#include "rival.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *rival_refuses(const bcq_format *f) {
    if (f->kind->hardware < 0 || !f->kind->dot) return "a format that has a sum";
    if (f->group != f->kind->group) return "the group that its hardware has";
    if (f->kind->hardware == BCQ_FORMAT_VSQ && f->scale_bits != 4) return "the bits=4 that its hardware has";
    return NULL;
}

/* ---- Tensors --------------------------------------------------------------------------------- */

void rival_free(rival_tensor *r) {
    for (int64_t i = 0; r->row && i < r->rows; i++) bcq_format_row_free(&r->row[i]);
    free(r->row);
    free(r->x);
    r->row = NULL;
    r->x = NULL;
}

bool rival_alloc(const bcq_format *f, int64_t rows, int64_t k, rival_tensor *r, bcq_error *error) {
    *r = (rival_tensor){ .f = *f, .tensor = { .scale = 1 }, .rows = rows, .k = k };
    r->row = calloc((size_t)rows, sizeof *r->row);
    bool good = r->row != NULL;
    for (int64_t i = 0; good && i < rows; i++) {
        good = bcq_format_row_alloc(f, k, &r->row[i]);
        if (!good) break;
        r->row[i].k = k;
        r->row[i].groups = f->group ? (k + f->group - 1) / f->group : 1;
    }
    if (good) return true;
    rival_free(r);
    return bcq_fail(error, "%s: wanted memory for %" PRId64 " x %" PRId64 " codes, got none", f->name, rows, k);
}

bool rival_encode(const bcq_format *f, const bcq_tensor *t, rival_tensor *r, bcq_error *error) {
    int64_t rows = bcq_tensor_rows(t), k = bcq_tensor_k(t);
    if (!rival_alloc(f, rows, k, r, error)) return false;
    size_t scalars;
    if (!__builtin_mul_overflow((size_t)rows, (size_t)k, &scalars)) r->x = calloc(scalars, sizeof *r->x);
    bool good = r->x || bcq_fail(error, "%s: wanted memory to read it, got none", bcq_tensor_name(t));
    float amax = 0;
    for (int64_t i = 0; good && i < rows; i++) good = bcq_tensor_read(t, i, 0, k, false, r->x + i * k, error);
    if (!good) {
        rival_free(r);
        return false;
    }
    for (int64_t i = 0; i < rows * k; i++) amax = fmaxf(amax, fabsf(r->x[i]));
    bcq_format_scale_tensor(f, amax, &r->tensor);
    for (int64_t i = 0; i < rows; i++) f->kind->encode(f, &r->tensor, r->x + i * k, k, &r->row[i]);
    return true;
}

bool rival_check(const rival_tensor *a, const rival_tensor *w, bcq_error *error) {
    if (a->k != w->k)
        return bcq_fail(error, "-w: wanted K = %" PRId64 " as of -a, got K = %" PRId64, a->k, w->k);
    if (a->f.kind->fits && !a->f.kind->fits(&a->f, a->k))
        return bcq_fail(error, "-a: wanted a K whose sums in %s fit 32 bits, got K = %" PRId64, a->f.name, a->k);
    return true;
}

/* ---- Golden model ---------------------------------------------------------------------------- */

void rival_golden(const rival_tensor *a, const rival_tensor *w, uint32_t *acc) {
    for (int64_t m = 0; m < a->rows; m++)
        for (int64_t n = 0; n < w->rows; n++)
            acc[m * w->rows + n] = a->f.kind->dot(&a->f, &a->row[m], &w->row[n]);
}

void rival_apply_scales(const rival_tensor *a, const rival_tensor *w, const uint32_t *acc, float *c) {
    for (int64_t m = 0; m < a->rows; m++)
        for (int64_t n = 0; n < w->rows; n++)
            c[m * w->rows + n] = a->f.kind->apply_scales(&a->f, acc[m * w->rows + n], &a->tensor, &a->row[m],
                                                         &w->tensor, &w->row[n]);
}

/* ---- Beats, docs/formats.md "Beats" ------------------------------------------------------------- */

/* Bits of an element and of a group's scale, scalars of a group; other: a scale, if there is one that is no number. */
typedef struct { int element_bits, scale_bits, group; uint32_t other; } layout;

static layout layout_of(int format, int la) {
    switch (format) {
        case BCQ_FORMAT_INT8:  return (layout){ 8, 16, la, 0x7C00 };
        case BCQ_FORMAT_VSQ:   return (layout){ 4, 4, BCQ_VSQ_GROUP, 15 };
        case BCQ_FORMAT_MXFP4: return (layout){ 4, 8, BCQ_MXFP4_GROUP, 0xFF };
        case BCQ_FORMAT_NVFP4: return (layout){ 4, 8, BCQ_NVFP4_GROUP, BCQ_SCALE_NAN_CODE };
        default:               return (layout){ 8, 0, la, 0 };  /* int8-token */
    }
}

static bool scale_is_nan(int format, uint32_t scale) {
    switch (format) {
        case BCQ_FORMAT_INT8:  return (scale & 0x7C00) == 0x7C00;
        case BCQ_FORMAT_MXFP4: return scale == 0xFF;
        case BCQ_FORMAT_NVFP4: return (scale & 0x7F) == BCQ_SCALE_NAN_CODE;
        default:               return false;
    }
}

bool rival_any_nan(const rival_tensor *r) {
    for (int64_t i = 0; i < r->rows; i++)
        for (int64_t g = 0; g < r->row[i].groups; g++)
            if (scale_is_nan(r->f.kind->hardware, r->row[i].scale[g])) return true;
    return false;
}

/* Sign and magnitude of scalar `at`; beyond K a zero. A zero may carry a sign: every other one does, so that
 * hardware that minds is seen. */
static uint32_t element(const bcq_format_row *row, int format, int64_t at) {
    uint32_t code = at < row->k ? row->code[at] : 0;
    bool small_float = format == BCQ_FORMAT_MXFP4 || format == BCQ_FORMAT_NVFP4;
    uint32_t sign = format == BCQ_FORMAT_INT8 || format == BCQ_FORMAT_INT8_TOKEN ? 0x80 : 8;
    if (code == 0) return at % 2 ? sign : 0;
    if (small_float) return code;
    int q = (int8_t)code;
    return q < 0 ? sign | (uint32_t)-q : (uint32_t)q;
}

static uint32_t scale_at(const bcq_format_row *row, int64_t group) { return group < row->groups ? row->scale[group] : 0; }

static void activation_beat(const void *operands, const rtl_build *b, int64_t row, int64_t j, rtl_beat *beat) {
    const bcq_format_row *a = &((const rival_operands *)operands)->a->row[row];
    layout l = layout_of(b->format, b->la);
    int groups = b->la / l.group;
    for (int g = 0; g < groups && l.scale_bits; g++) rtl_push(beat, scale_at(a, j * groups + g), l.scale_bits);
    for (int i = 0; i < b->la; i++) rtl_push(beat, element(a, b->format, j * b->la + i), l.element_bits);
}

static void weight_beat(const void *operands, const rtl_build *b, int64_t column, int64_t j, int row, rtl_beat *beat) {
    const rival_tensor *w = ((const rival_operands *)operands)->w;
    static const bcq_format_row nothing;
    layout l = layout_of(b->format, b->la);
    int rows_of_group = l.group / b->lanes;
    for (int i = 0; i < b->ndec; i++) {
        const bcq_format_row *from = column + i < w->rows ? &w->row[column + i] : &nothing;
        uint32_t scale = scale_at(from, (j * b->la + row * b->lanes) / l.group);
        /* The scale that counts comes with the group's last row; something else shows that the others do not. */
        if (row % rows_of_group != rows_of_group - 1 && (row + i + j) % 2 == 0) scale = l.other;
        if (l.scale_bits) rtl_push(beat, scale, l.scale_bits);
        for (int k = 0; k < b->lanes; k++)
            rtl_push(beat, element(from, b->format, j * b->la + row * b->lanes + k), l.element_bits);
    }
}

rtl_beats rival_beats(const rtl_build *b, const rival_operands *o) {
    return (rtl_beats){ o->a->rows, o->w->rows, (o->a->k + b->la - 1) / b->la, activation_beat, weight_beat, o };
}

/* ---- Errors ----------------------------------------------------------------------------------- */

/* format.md section 10. */
static double ratio(double error, double signal) { return signal > 0 ? error / signal : 0; }

static bool operand_error(const rival_tensor *r, double *nmse, bcq_error *error) {
    double signal = 0, noise = 0;
    float *value = malloc((size_t)r->k * sizeof *value);
    if (!value) return bcq_fail(error, "%s: wanted memory for a row, got none", r->f.name);
    for (int64_t i = 0; i < r->rows; i++) {
        const float *x = r->x + i * r->k;
        r->f.kind->decode(&r->f, &r->tensor, &r->row[i], value);
        for (int64_t k = 0; k < r->k; k++) {
            double difference = (double)x[k] - value[k];
            signal += (double)x[k] * x[k];
            noise += difference * difference;
        }
    }
    free(value);
    *nmse = ratio(noise, signal);
    return true;
}

bool rival_compare(const rival_tensor *a, const rival_tensor *w, const float *c, bcq_gemm_errors *errors,
                   bcq_error *error) {
    if (!operand_error(a, &errors->nmse_a, error) || !operand_error(w, &errors->nmse_w, error)) return false;
    double signal = 0, noise = 0;
    for (int64_t m = 0; m < a->rows; m++) {
        for (int64_t n = 0; n < w->rows; n++) {
            double want = 0, difference;
            for (int64_t k = 0; k < a->k; k++) want += (double)a->x[m * a->k + k] * w->x[n * w->k + k];
            difference = c[m * w->rows + n] - want;
            signal += want * want;
            noise += difference * difference;
        }
    }
    errors->nmse_c = ratio(noise, signal);
    return true;
}
