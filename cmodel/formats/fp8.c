#include "format_parts.h"

/* The page: fp8, the reference point. */

/* "g = FP32(amax_X / 448), at least 2^-126 (amax_X = 0: 1)" */
static void scale_tensor(const bcq_format *f, float amax, bcq_format_tensor *t) {
    (void)f;
    float g = amax / 448.0f;
    *t = (bcq_format_tensor){ .scale = amax == 0 ? 1 : g < 0x1p-126f ? 0x1p-126f : g };
}

/* "element E4M3(FP32(x / g))" */
static void encode(const bcq_format *f, const bcq_format_tensor *t, const float *x, int64_t k,
                   bcq_format_row *row) {
    row_begin(f, k, row);
    for (int64_t i = 0; i < k; i++) {
        float y = x[i] / t->scale;
        row->code[i] = bcq_f64_to_e4m3(y);
    }
}

static void decode(const bcq_format *f, const bcq_format_tensor *t, const bcq_format_row *row, float *x) {
    (void)f;
    for (int64_t i = 0; i < row->k; i++)
        x[i] = decoded((double)bcq_e4m3_to_f32(row->code[i]) * (double)t->scale);
}

static double bits(const bcq_format *f, int64_t k) {
    (void)f, (void)k;
    return 8;
}

const bcq_format_kind bcq_format_fp8 = {
    .name = "fp8", .what = "E4M3, FP32 a tensor", .source = "reference point", .partial_sum = "",
    .hardware = -1, .element_bits = 8, .group = 0, .per_tensor = true, .scale_tensor = scale_tensor,
    .encode = encode, .decode = decode, .bits = bits,
};
