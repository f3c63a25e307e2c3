#include "format_parts.h"

/* The page, "Element formats by small floats": mxfp4, nvfp4. */

/* y to the E2M1 grid: "between the two neighbours the nearer, on a tie the larger magnitude or the even
 * code; beyond 6 saturated. The grid's spacing is that of the binade of the unrounded magnitude (0.5
 * below 2, 1 from 2, 2 from 4)." Within a binade the codes count the spacings. */
static uint8_t e2m1_encode(double y, bcq_rounding rounding) {
    double magnitude = fabs(y), spacing = magnitude < 2 ? 0.5 : magnitude < 4 ? 1 : 2;
    int below = magnitude < 2 ? 0 : magnitude < 4 ? 2 : 4;
    if (magnitude > 6) magnitude = 6;
    double steps = rounding == BCQ_ROUND_EVEN ? bcq_round_half_even(magnitude / spacing)
                                              : bcq_round_half_away(magnitude / spacing);
    int code = (int)steps + below;
    return (uint8_t)(code && y < 0 ? code | 8 : code);  /* a zero has no sign */
}

/* Sum of the products of twice the values: it counts quarters. */
static int32_t e2m1_psum(const bcq_format_row *a, const bcq_format_row *w, int64_t first, int64_t length) {
    int32_t sum = 0;
    for (int64_t i = first; i < first + length; i++)
        sum += bcq_e2m1_twice(a->code[i]) * bcq_e2m1_twice(w->code[i]);
    return sum;
}

static double e2m1_bits(const bcq_format *f, int64_t k) {
    (void)k;
    return 4 + 8.0 / f->group;
}

/* ---- mxfp4 --------------------------------------------------------------------------------- */

static int shared_exponent(const bcq_format *f, float amax) {
    if (amax == 0) return -127;
    /* amax / 6 in double is at most 2^-53 of itself away, and no FP32 but 6 * 2^n is that near to a power */
    int exponent = f->scale_ceil ? bcq_ceil_log2((double)amax / 6) : bcq_floor_log2(amax) - 2;
    return exponent < -127 ? -127 : exponent;
}

static void mxfp4_encode(const bcq_format *f, const bcq_format_tensor *t, const float *x, int64_t k,
                         bcq_format_row *row) {
    (void)t;
    row_begin(f, k, row);
    for (int64_t g = 0; g < row->groups; g++) {
        int64_t first = g * f->group, length = group_length(f, k, g);
        int exponent = shared_exponent(f, amax_of(x + first, length));
        row->scale[g] = (uint32_t)(exponent + 127);
        for (int64_t i = first; i < first + length; i++)
            row->code[i] = e2m1_encode(ldexp(x[i], -exponent), f->rounding);
    }
}

static void mxfp4_decode(const bcq_format *f, const bcq_format_tensor *t, const bcq_format_row *row,
                         float *x) {
    (void)t;
    for (int64_t i = 0; i < row->k; i++)
        x[i] = decoded(ldexp(bcq_e2m1_value(row->code[i]), (int)row->scale[i / f->group] - 127));
}

static const char *mxfp4_option(bcq_format *f, const char *key, const char *value, bool *known) {
    *known = true;
    if (strcmp(key, "round") == 0) return option_rounding(f, value);
    if (strcmp(key, "scale") == 0) {
        f->scale_ceil = strcmp(value, "ceil") == 0;
        return f->scale_ceil || strcmp(value, "floor") == 0 ? NULL : "wanted floor or ceil";
    }
    *known = false;
    return NULL;
}

/* Group g's share of t, p * 2^(E_a + E_w - 256). A row may end within a column. */
static double mxfp4_share(const bcq_format *f, const bcq_format_row *a, const bcq_format_row *w, int64_t g) {
    if (g >= a->groups || a->scale[g] == 255 || w->scale[g] == 255) return 0;  /* 255: no number, counts as 0 */
    int32_t p = e2m1_psum(a, w, g * f->group, group_length(f, a->k, g));
    return ldexp(p, (int)(a->scale[g] + w->scale[g]) - 256);
}

static uint32_t mxfp4_dot(const bcq_format *f, const bcq_format_row *a, const bcq_format_row *w) {
    float acc = 0;
    for (int64_t g = 0; g < a->groups; g += 64 / f->group) {
        /* A p has 13 bits. Where double rounds the sum of the two, the smaller is below 2^-40 of the larger
         * and moves neither rounding. */
        float t = bcq_fp32_sum(mxfp4_share(f, a, w, g) + mxfp4_share(f, a, w, g + 1));
        acc = bcq_fp32_sum((double)acc + (double)t);  /* two FP32: double's rounding is innocuous */
    }
    return float_to_bits(acc);
}

static float mxfp4_scales(const bcq_format *f, uint32_t acc, const bcq_format_tensor *ta,
                          const bcq_format_row *a, const bcq_format_tensor *tw, const bcq_format_row *w) {
    (void)f, (void)ta, (void)a, (void)tw, (void)w;
    return result_f32(bits_to_float(acc));
}

const bcq_format_kind bcq_format_mxfp4 = {
    .name = "mxfp4", .what = "E2M1, 32, E8M0", .source = "OCP MX; microxcaling 7bc41952",
    .partial_sum = "FP32 after 32", .hardware = BCQ_FORMAT_MXFP4, .element_bits = 4,
    .group = BCQ_MXFP4_GROUP, .option = mxfp4_option, .scale_tensor = no_tensor_scale,
    .encode = mxfp4_encode, .decode = mxfp4_decode, .bits = e2m1_bits, .dot = mxfp4_dot,
    .apply_scales = mxfp4_scales,
};

/* ---- nvfp4 --------------------------------------------------------------------------------- */

/* "g = amax_X / 2688; at least 2^-126; amax_X = 0: g = 1"; "tensor=pow2: g = 2^e with the smallest
 * e >= -126 for which amax_X <= 2688 * 2^e" */
static void nvfp4_tensor(const bcq_format *f, float amax, bcq_format_tensor *t) {
    float g = 1;
    if (amax > 0 && f->tensor_pow2) {
        int e = -126;
        while ((double)amax > ldexp(2688, e)) e++;
        g = ldexpf(1, e);
    } else if (amax > 0) {
        g = amax / 2688.0f;
        if (g < 0x1p-126f) g = 0x1p-126f;
    }
    *t = (bcq_format_tensor){ .scale = g };
}

/* "FP32 arithmetic, each operation rounded" */
static void nvfp4_encode(const bcq_format *f, const bcq_format_tensor *t, const float *x, int64_t k,
                         bcq_format_row *row) {
    row_begin(f, k, row);
    for (int64_t g = 0; g < row->groups; g++) {
        int64_t first = g * f->group, length = group_length(f, k, g);
        float amax = amax_of(x + first, length), six_g = 6.0f * t->scale, ratio = amax / six_g;
        uint8_t scale = amax == 0 ? bcq_f64_to_e4m3(1.0) : bcq_f64_to_e4m3(ratio);
        float step = bcq_e4m3_to_f32(scale) * t->scale;
        row->scale[g] = scale;
        for (int64_t i = first; i < first + length; i++) {
            float y = step == 0 ? 0 : x[i] / step;  /* "a nonzero block whose S rounds to 0" */
            row->code[i] = e2m1_encode(y, BCQ_ROUND_EVEN);
        }
    }
}

static void nvfp4_decode(const bcq_format *f, const bcq_format_tensor *t, const bcq_format_row *row,
                         float *x) {
    for (int64_t i = 0; i < row->k; i++) {
        float step = bcq_e4m3_to_f32((uint8_t)row->scale[i / f->group]) * t->scale;
        x[i] = decoded((double)bcq_e2m1_value(row->code[i]) * (double)step);
    }
}

static const char *nvfp4_option(bcq_format *f, const char *key, const char *value, bool *known) {
    *known = strcmp(key, "tensor") == 0;
    if (!*known) return NULL;
    f->tensor_pow2 = strcmp(value, "pow2") == 0;
    return f->tensor_pow2 || strcmp(value, "fp32") == 0 ? NULL : "wanted fp32 or pow2";
}

/* p_g * S_a * S_w in units of 2^-18 / 4, below 2^48. "the sign bit of an E4M3 scale is ignored" */
static int64_t nvfp4_share(const bcq_format *f, const bcq_format_row *a, const bcq_format_row *w, int64_t g) {
    int64_t s_a = bcq_scale_x512(a->scale[g] & 0x7F), s_w = bcq_scale_x512(w->scale[g] & 0x7F);
    return e2m1_psum(a, w, g * f->group, group_length(f, a->k, g)) * s_a * s_w;
}

static uint32_t nvfp4_dot(const bcq_format *f, const bcq_format_row *a, const bcq_format_row *w) {
    float acc = 0;
    int64_t column = 64 / f->group;
    for (int64_t first = 0; first < a->groups; first += column) {
        int64_t sum = 0;
        for (int64_t g = first; g < first + column && g < a->groups; g++) sum += nvfp4_share(f, a, w, g);
        float t = bcq_fp32_sum(ldexp((double)sum, -2 * BCQ_SCALE_LSB_NEG - 2));
        acc = bcq_fp32_sum((double)acc + (double)t);
    }
    return float_to_bits(acc);
}

/* "FP32(double(acc) * (g_a * g_w))" */
static float nvfp4_scales(const bcq_format *f, uint32_t acc, const bcq_format_tensor *ta,
                          const bcq_format_row *a, const bcq_format_tensor *tw, const bcq_format_row *w) {
    (void)f, (void)a, (void)w;
    return result_f32((double)bits_to_float(acc) * ((double)ta->scale * (double)tw->scale));
}

const bcq_format_kind bcq_format_nvfp4 = {
    .name = "nvfp4", .what = "E2M1, 16, E4M3, FP32 a tensor", .source = "ModelOpt 5a4242fa",
    .partial_sum = "FP32 after 64", .hardware = BCQ_FORMAT_NVFP4, .element_bits = 4,
    .group = BCQ_NVFP4_GROUP, .option = nvfp4_option, .scale_tensor = nvfp4_tensor,
    .encode = nvfp4_encode, .decode = nvfp4_decode, .bits = e2m1_bits, .dot = nvfp4_dot,
    .apply_scales = nvfp4_scales,
};
