#include "format_parts.h"

/* The page, "Element formats by integers": int8, int8-token, int4, vsq.
 *
 * Divisions are in double. The quotient of two floats of 24 bits that is not a tie differs from it by
 * more than 2^-40 of itself, for the ties here have few bits; so double's own rounding, 2^-53, cannot
 * move it across. */

static int qmax(const bcq_format *f) { return (1 << (f->kind->element_bits - 1)) - 1; }

/* "q = rne(x / s), clamped to +-QMAX"; "s 0: every q is 0" */
static uint8_t quantize(float x, double step, int limit) {
    if (step == 0) return 0;
    double q = bcq_round_half_even((double)x / step);
    return (uint8_t)(int8_t)(q > limit ? limit : q < -limit ? -limit : q);
}

static int element(uint8_t code) { return (int8_t)code; }

/* ---- int8, int4, int8-token --------------------------------------------------------------- */

/* "s = FP16(amax / QMAX)" */
static uint16_t absmax_scale(const bcq_format *f, const float *x, int64_t n) {
    return bcq_f64_to_f16((double)amax_of(x, n) / qmax(f));
}

static void absmax_encode(const bcq_format *f, const bcq_format_tensor *t, const float *x, int64_t k,
                          bcq_format_row *row) {
    (void)t;
    row_begin(f, k, row);
    for (int64_t g = 0; g < row->groups; g++) {
        int64_t first = g * f->group, length = group_length(f, k, g);
        row->scale[g] = absmax_scale(f, x + first, length);
        for (int64_t i = first; i < first + length; i++)
            row->code[i] = quantize(x[i], bcq_fp16_scale(row->scale[g]), qmax(f));
    }
}

static void token_encode_given(const bcq_format *f, uint16_t s, const float *x, int64_t k,
                               bcq_format_row *row) {
    row_begin(f, k, row);
    row->row_scale = s;
    row->scale[0] = 0;
    for (int64_t i = 0; i < k; i++) row->code[i] = quantize(x[i], bcq_fp16_scale(s), qmax(f));
}

static void token_encode(const bcq_format *f, const bcq_format_tensor *t, const float *x, int64_t k,
                         bcq_format_row *row) {
    (void)t;
    token_encode_given(f, absmax_scale(f, x, k), x, k, row);
}

static void absmax_decode(const bcq_format *f, const bcq_format_tensor *t, const bcq_format_row *row,
                          float *x) {
    (void)t;
    for (int64_t i = 0; i < row->k; i++)  /* "value q * s", at most 18 bits */
        x[i] = decoded(element(row->code[i])
                       * (double)bcq_fp16_scale(f->group ? row->scale[i / f->group] : row->row_scale));
}

static double absmax_bits(const bcq_format *f, int64_t k) {
    return f->kind->element_bits + 16.0 / (double)group_full(f, k);
}

static const char *absmax_option(bcq_format *f, const char *key, const char *value, bool *known) {
    *known = strcmp(key, "group") == 0;
    return !*known || option_number(value, (const int[]){ 16, 32, 64, 128, 0 }, &f->group)
         ? NULL : "wanted 16, 32, 64 or 128";
}

/* "sum of 64 a*w", or of any other group */
static int32_t integer_psum(const bcq_format_row *a, const bcq_format_row *w, int64_t first, int64_t length) {
    int32_t sum = 0;
    for (int64_t i = first; i < first + length; i++) sum += element(a->code[i]) * element(w->code[i]);
    return sum;
}

static uint32_t int8_dot(const bcq_format *f, const bcq_format_row *a, const bcq_format_row *w) {
    float acc = 0;
    for (int64_t g = 0; g < a->groups; g++) {
        int32_t p = integer_psum(a, w, g * f->group, group_length(f, a->k, g));
        double s_a = bcq_fp16_scale(a->scale[g]), s_w = bcq_fp16_scale(w->scale[g]);
        float t = bcq_fp32_sum(p * (s_a * s_w));  /* 20 + 22 bits: exact before it is rounded */
        acc = bcq_fp32_sum((double)acc + (double)t);
    }
    return float_to_bits(acc);
}

/* C of a format whose acc is C already. */
static float acc_is_c(const bcq_format *f, uint32_t acc, const bcq_format_tensor *ta, const bcq_format_row *a,
                      const bcq_format_tensor *tw, const bcq_format_row *w) {
    (void)f, (void)ta, (void)a, (void)tw, (void)w;
    return result_f32(bits_to_float(acc));
}

const bcq_format_kind bcq_format_int8 = {
    .name = "int8", .what = "INT8, 64, FP16", .source = "absmax rounding, common practice",
    .partial_sum = "FP32 after 64", .hardware = BCQ_FORMAT_INT8, .element_bits = 8, .group = 64,
    .option = absmax_option, .scale_tensor = no_tensor_scale, .encode = absmax_encode,
    .decode = absmax_decode, .bits = absmax_bits, .dot = int8_dot, .apply_scales = acc_is_c,
};

const bcq_format_kind bcq_format_int4 = {
    .name = "int4", .what = "INT4, 64, FP16", .source = "absmax rounding, common practice",
    .partial_sum = "", .hardware = -1, .element_bits = 4, .group = 64, .option = absmax_option,
    .scale_tensor = no_tensor_scale, .encode = absmax_encode, .decode = absmax_decode,
    .bits = absmax_bits,
};

/* "Integer accumulators are taken modulo 2^32" */
static uint32_t token_dot(const bcq_format *f, const bcq_format_row *a, const bcq_format_row *w) {
    uint32_t acc = 0;
    (void)f;
    for (int64_t first = 0; first < a->k; first += 64)
        acc += (uint32_t)integer_psum(a, w, first, a->k - first < 64 ? a->k - first : 64);
    return acc;
}

/* "FP32(acc * s_a * s_w), one rounding": 31 + 22 bits, exact in double. vsq's gammas stand in the same place. */
static float integer_scales(const bcq_format *f, uint32_t acc, const bcq_format_tensor *ta,
                            const bcq_format_row *a, const bcq_format_tensor *tw, const bcq_format_row *w) {
    (void)f, (void)ta, (void)tw;
    double scales = (double)bcq_fp16_scale(a->row_scale) * (double)bcq_fp16_scale(w->row_scale);
    return result_f32((int32_t)acc * scales);
}

/* "software refuses a K that could overflow: K * 127^2 >= 2^31" */
static bool token_fits(const bcq_format *f, int64_t k) {
    (void)f;
    return k <= (((int64_t)1 << 31) - 1) / (127 * 127);
}

const bcq_format_kind bcq_format_int8_token = {
    .name = "int8-token", .what = "INT8, a row, FP16", .source = "absmax rounding, common practice",
    .partial_sum = "INT32", .hardware = BCQ_FORMAT_INT8_TOKEN, .element_bits = 8, .group = 0,
    .scale_tensor = no_tensor_scale, .encode = token_encode, .decode = absmax_decode,
    .bits = absmax_bits, .dot = token_dot, .apply_scales = integer_scales, .fits = token_fits,
};

/* ---- vsq ---------------------------------------------------------------------------------- */

static int vsq_smax(const bcq_format *f) { return (1 << f->scale_bits) - 1; }

static void vsq_encode_given(const bcq_format *f, uint16_t gamma_bits, const float *x, int64_t k,
                             bcq_format_row *row) {
    row_begin(f, k, row);
    row->row_scale = gamma_bits;
    double gamma = bcq_fp16_scale(row->row_scale);
    for (int64_t g = 0; g < row->groups; g++) {
        int64_t first = g * f->group, length = group_length(f, k, g);
        double amax = amax_of(x + first, length), scale = 0;
        /* "for a vector S = min(rne(amax / (7 * gamma)), SMAX)"; "S or gamma 0: every q is 0" */
        if (gamma > 0) scale = fmin(bcq_round_half_even(amax / (qmax(f) * gamma)), vsq_smax(f));
        row->scale[g] = (uint32_t)scale;
        for (int64_t i = first; i < first + length; i++)
            row->code[i] = quantize(x[i], scale * gamma, qmax(f));
    }
}

static void vsq_encode(const bcq_format *f, const bcq_format_tensor *t, const float *x, int64_t k,
                       bcq_format_row *row) {
    (void)t;
    /* "gamma = FP16(amax_row / (7 * SMAX))" */
    vsq_encode_given(f, bcq_f64_to_f16((double)amax_of(x, k) / (qmax(f) * vsq_smax(f))), x, k, row);
}

static void vsq_decode(const bcq_format *f, const bcq_format_tensor *t, const bcq_format_row *row, float *x) {
    (void)t;
    double gamma = bcq_fp16_scale(row->row_scale);
    for (int64_t i = 0; i < row->k; i++)  /* "value q * S * gamma", at most 22 bits */
        x[i] = decoded(element(row->code[i]) * (int)row->scale[i / f->group] * gamma);
}

void bcq_format_encode_given(const bcq_format *f, uint16_t row_scale, const float *x, int64_t k,
                             bcq_format_row *row) {
    if (f->kind == &bcq_format_vsq) vsq_encode_given(f, row_scale, x, k, row);
    else token_encode_given(f, row_scale, x, k, row);
}

static double vsq_bits(const bcq_format *f, int64_t k) {
    return f->kind->element_bits + (double)f->scale_bits / f->group + 16.0 / (double)k;
}

static const char *vsq_option(bcq_format *f, const char *key, const char *value, bool *known) {
    *known = true;
    if (strcmp(key, "group") == 0)
        return option_number(value, (const int[]){ 16, 32, 64, 0 }, &f->group) ? NULL : "wanted 16, 32 or 64";
    if (strcmp(key, "bits") == 0)
        return option_number(value, (const int[]){ 4, 6, 8, 0 }, &f->scale_bits) ? NULL : "wanted 4, 6 or 8";
    *known = false;
    return NULL;
}

static const char *vsq_finish(bcq_format *f) {
    if (f->scale_bits == 0) f->scale_bits = 4;
    return NULL;
}

/* "sum of p_g * S_a * S_w", INT32 */
static uint32_t vsq_dot(const bcq_format *f, const bcq_format_row *a, const bcq_format_row *w) {
    uint32_t acc = 0;
    for (int64_t g = 0; g < a->groups; g++) {
        int32_t p = integer_psum(a, w, g * f->group, group_length(f, a->k, g));
        acc += (uint32_t)p * a->scale[g] * w->scale[g];
    }
    return acc;
}

/* "K * 49 * 15^2 >= 2^31" is refused */
static bool vsq_fits(const bcq_format *f, int64_t k) {
    int64_t largest = (int64_t)qmax(f) * qmax(f) * vsq_smax(f) * vsq_smax(f);
    return k <= (((int64_t)1 << 31) - 1) / largest;
}

const bcq_format_kind bcq_format_vsq = {
    .name = "vsq", .what = "INT4, 16, UINT4, FP16 a row", .source = "VS-Quant, arXiv 2102.04503",
    .partial_sum = "INT32", .hardware = BCQ_FORMAT_VSQ, .element_bits = 4, .group = BCQ_VSQ_GROUP,
    .finish = vsq_finish, .option = vsq_option, .scale_tensor = no_tensor_scale, .encode = vsq_encode,
    .decode = vsq_decode, .bits = vsq_bits, .dot = vsq_dot, .apply_scales = integer_scales,
    .fits = vsq_fits,
};
