#include <math.h>

#include "bcq_model.h"
#include "float_bits.h"

/* Contract section 8: dot product and accumulation. */

int32_t bcq_psum(const int8_t *a, const int8_t *w, int la) {
    int32_t sum = 0;
    for (int i = 0; i < la; i++) sum += a[i] * w[i];
    return sum;
}

/* "t_a * t_w and p_j are exact in FP32, so in C this is fmaf()." */
float bcq_accumulate_fp32(float acc, int32_t psum, uint8_t scale_a, uint8_t scale_w) {
    float scale_product = ldexpf((float)bcq_scale_x512(scale_a), -BCQ_SCALE_LSB_NEG)
                        * ldexpf((float)bcq_scale_x512(scale_w), -BCQ_SCALE_LSB_NEG);
    return fmaf((float)psum, scale_product, acc);
}

int64_t bcq_accumulate_exact(int64_t acc, int32_t psum, uint8_t scale_a, uint8_t scale_w) {
    int64_t scale_product = (int64_t)bcq_scale_x512(scale_a) * bcq_scale_x512(scale_w);
    return (int64_t)((uint64_t)acc + (uint64_t)psum * (uint64_t)scale_product);
}

float bcq_exact_to_f32(int64_t acc) {
    if (acc == 0) return 0.0f;
    uint64_t magnitude = acc < 0 ? -(uint64_t)acc : (uint64_t)acc;
    int shift = 0;
    while (magnitude >> shift >= 1u << 24) shift++;
    uint64_t mantissa = shift ? divide_half_even(magnitude, (uint64_t)1 << shift) : magnitude;
    float value = ldexpf((float)mantissa, shift - BCQ_EXACT_LSB_NEG);
    return acc < 0 ? -value : value;
}

float bcq_result_bf16(float acc) { return bcq_bf16_to_f32(bcq_f32_to_bf16(acc)); }

bool bcq_exact_fits(int64_t k, int cmax_a, int cmax_w) {
    /* 2^63 / 2^18 = 2^45: K * CMAX_A * CMAX_W * 448^2 < 2^45 */
    int64_t per_term = (int64_t)cmax_a * cmax_w * 448 * 448;
    return k <= (((int64_t)1 << 45) - 1) / per_term;
}

float bcq_apply_exponent(float acc, int exponent_sum) {
    /* A double holds acc * 2^(-200 .. 200) exactly, so the conversion is the one rounding. */
    float result = (float)ldexp((double)acc, exponent_sum);
    return result == 0 ? 0.0f : result;
}
