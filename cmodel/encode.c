#include <math.h>

#include "bcq_model.h"
#include "float_bits.h"

/* Contract sections 4 to 6: array scale, normalised value, index and selector. */

bool bcq_scale_is_nan(uint8_t code) { return (code & 0x7F) == BCQ_SCALE_NAN_CODE; }

int32_t bcq_scale_x512(uint8_t code) {
    if (bcq_scale_is_nan(code)) return 0;
    int biased = (code >> BCQ_SCALE_MANTISSA) & 15, mantissa = code & 7;
    int32_t magnitude = biased ? (8 + mantissa) << (biased - 1) : mantissa;
    return code & 0x80 ? -magnitude : magnitude;
}

/* The code is the number of midpoints between neighbouring scales that the quotient lies above; a
 * quotient on a midpoint goes up exactly when the lower code is odd, for the mantissa's last bit is
 * the code's. Above the last midpoint the result stays 448: "saturating". */
uint8_t bcq_scale_encode(float amax, int exponent, const bcq_params *p) {
    float_parts a = float_split(amax);
    int code = 0;
    for (int k = 0; k < BCQ_SCALE_MAX_CODE; k++) {
        /* amax / (CMAX * 2^e) against (t_k + t_k+1) / 2, both sides times 2 * CMAX * 2^e */
        uint64_t sum_x512 = (uint64_t)(bcq_scale_x512((uint8_t)k) + bcq_scale_x512((uint8_t)(k + 1)));
        int order = compare_scaled(a.mantissa, a.exponent + 1, sum_x512 * (uint64_t)bcq_cmax(p),
                                   exponent - BCQ_SCALE_LSB_NEG);
        if (order > 0 || (order == 0 && (k & 1))) code = k + 1;
    }
    return (uint8_t)code;
}

int32_t bcq_normalise_x16(float x, uint8_t scale, int exponent, const bcq_params *p) {
    int32_t scale_x512 = bcq_scale_x512(scale);
    int32_t limit = bcq_cmax(p) << BCQ_Y_FRACTION_BITS;
    if (scale_x512 == 0 || x == 0) return 0;  /* "If t is 0, every Y is 0." */

    float_parts a = float_split(x);
    bool negative = a.negative != (scale_x512 < 0);
    uint64_t divisor = (uint64_t)(scale_x512 < 0 ? -scale_x512 : scale_x512);  /* < 2^18 */
    int shift = a.exponent + BCQ_Y_FRACTION_BITS + BCQ_SCALE_LSB_NEG - exponent;

    uint64_t magnitude;
    if (shift > 36)       magnitude = (uint64_t)limit;  /* 2^37 / 2^18 is far above any limit */
    else if (shift < -45) magnitude = 0;                /* 2^24 / 2^45 is far below one half */
    else if (shift >= 0)  magnitude = divide_half_even((uint64_t)a.mantissa << shift, divisor);
    else                  magnitude = divide_half_even(a.mantissa, divisor << -shift);
    if (magnitude > (uint64_t)limit) magnitude = (uint64_t)limit;
    return negative ? -(int32_t)magnitude : (int32_t)magnitude;
}

int bcq_index(int32_t y_x16, const int8_t *entry, const bcq_params *p) {
    int index = 0;
    for (int k = 0; k <= bcq_entries(p) - 2; k++)
        index += 2 * y_x16 > 16 * (entry[k] + entry[k + 1]);
    return index;
}

int64_t bcq_block_error(const int32_t *y_x16, const int8_t *entry, const bcq_params *p,
                        uint8_t *index) {
    int64_t error = 0;
    for (int i = 0; i < p->lb; i++) {
        index[i] = (uint8_t)bcq_index(y_x16[i], entry, p);
        int64_t difference = y_x16[i] - 16 * entry[index[i]];
        error += difference * difference;
    }
    return error;
}

int bcq_select(const int32_t *y_x16, const bcq_codebooks *cb, uint8_t *index) {
    int selector = 0;
    int64_t least = 0;
    for (int c = 0; c < cb->p.nc; c++) {
        uint8_t tried[BCQ_LB_MAX];
        int64_t error = bcq_block_error(y_x16, cb->entry[c], &cb->p, tried);
        if (c == 0 || error < least) {
            least = error;
            selector = c;
            for (int i = 0; i < cb->p.lb; i++) index[i] = tried[i];
        }
    }
    return selector;
}

void bcq_encode_array_scaled(const float *x, uint8_t scale, int exponent,
                             const bcq_codebooks *cb, bcq_array *out) {
    out->scale = scale;
    for (int block = 0; block < cb->p.la / cb->p.lb; block++) {
        int32_t y_x16[BCQ_LB_MAX];
        for (int i = 0; i < cb->p.lb; i++)
            y_x16[i] = bcq_normalise_x16(x[block * cb->p.lb + i], scale, exponent, &cb->p);
        out->selector[block] = (uint8_t)bcq_select(y_x16, cb, out->index + block * cb->p.lb);
    }
}

void bcq_encode_array(const float *x, int exponent, const bcq_codebooks *cb, bcq_array *out) {
    float amax = 0;
    for (int i = 0; i < cb->p.la; i++) amax = fabsf(x[i]) > amax ? fabsf(x[i]) : amax;
    bcq_encode_array_scaled(x, bcq_scale_encode(amax, exponent, &cb->p), exponent, cb, out);
}

float bcq_online_bf16(uint16_t bits, bool *sticky) {
    uint16_t sign = bits & 0x8000, biased = (bits >> 7) & 0xFF, fraction = bits & 0x7F;
    if (biased == 0xFF) {
        *sticky = true;
        bits = fraction ? 0 : sign | 0x7F7F;
    } else if (biased == 0) {
        bits = 0;
    }
    return bcq_bf16_to_f32(bits);
}
