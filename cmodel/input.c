#include <math.h>

#include "bcq_model.h"
#include "float_bits.h"

/* Contract section 3: input and tensor scale. */

float bcq_bf16_to_f32(uint16_t bits) { return bits_to_float((uint32_t)bits << 16); }

float bcq_f16_to_f32(uint16_t bits) {
    uint32_t sign = (uint32_t)(bits >> 15) << 31, biased = (bits >> 10) & 31, fraction = bits & 1023;
    if (biased == 31) return bits_to_float(sign | 0x7F800000 | fraction << 13);
    /* Subnormal: fraction * 2^-24, which every FP32 holds exactly. */
    if (biased == 0) return sign ? -ldexpf((float)fraction, -24) : ldexpf((float)fraction, -24);
    return bits_to_float(sign | (biased - 15 + 127) << 23 | fraction << 13);
}

float bcq_f64_to_f32(double x) { return (float)x; }  /* C's conversion: nearest even by default */

uint16_t bcq_f32_to_bf16(float x) {
    uint32_t u = float_to_bits(x);
    if (isnan(x)) return (uint16_t)(u >> 16 | 0x40);
    uint32_t rest = u & 0xFFFF, keep = u >> 16;
    return (uint16_t)(keep + (rest > 0x8000 || (rest == 0x8000 && (keep & 1))));
}

bool bcq_condition(float x, bool bf16, float *out) {
    if (bf16) x = bcq_bf16_to_f32(bcq_f32_to_bf16(x));
    uint32_t biased = (float_to_bits(x) >> 23) & 0xFF;
    if (biased == 0xFF) return false;
    *out = biased ? x : 0.0f;  /* "then FP32 subnormals become +0" */
    return true;
}

bool bcq_tensor_exponent(float amax, const bcq_params *p, int *exponent) {
    if (amax == 0) { *exponent = 0; return true; }
    float_parts a = float_split(amax);
    uint64_t limit = (uint64_t)448 * (uint64_t)bcq_cmax(p);
    int e = -BCQ_EXPONENT_LIMIT;
    while (compare_scaled(a.mantissa, a.exponent, limit, e) > 0) e++;
    if (e > BCQ_EXPONENT_LIMIT) return false;
    *exponent = e;
    return true;
}
