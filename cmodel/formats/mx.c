#include "format_parts.h"

/* The page: mx4 (with MX6 and MX9 by option) and mxint8. */

/* ---- mx4 ----------------------------------------------------------------------------------- */

static void mx4_encode(const bcq_format *f, const bcq_format_tensor *t, const float *x, int64_t k,
                       bcq_format_row *row) {
    (void)t;
    int m = f->mantissa_bits, limit = (1 << m) - 1;
    row_begin(f, k, row);
    for (int64_t g = 0; g < row->groups; g++) {
        int64_t first = g * f->group, length = group_length(f, k, g);
        float amax = amax_of(x + first, length);
        /* "E = floor(log2(amax)), at least -127 (a zero group: -127)"; conditioned, so never below -126 */
        int exponent = amax == 0 ? -127 : bcq_floor_log2(amax);
        row->scale[g] = (uint32_t)(exponent + 127);
        for (int64_t i = first; i < first + length; i++) {
            /* "d = 1 if its largest magnitude is below 2^E, else 0": of the pair that i is in */
            int64_t pair = i & ~(int64_t)1, end = first + length;
            int d = amax_of(x + pair, pair + 2 <= end ? 2 : 1) < ldexp(1, exponent);
            row->minor[i / 2] = (uint8_t)d;
            /* "q = rne(2 * x / 2^(E-d)) clamped to +-3" */
            double q = bcq_round_half_even(ldexp(fabs((double)x[i]), m - 1 - (exponent - d)));
            int magnitude = q > limit ? limit : (int)q;
            row->code[i] = (uint8_t)(magnitude | (magnitude && x[i] < 0 ? 1 << m : 0));
        }
    }
}

static void mx4_decode(const bcq_format *f, const bcq_format_tensor *t, const bcq_format_row *row, float *x) {
    (void)t;
    int m = f->mantissa_bits;
    for (int64_t i = 0; i < row->k; i++) {  /* "value q / 2 * 2^(E-d)" */
        int magnitude = row->code[i] & ((1 << m) - 1);
        double value = ldexp(magnitude, (int)row->scale[i / f->group] - 127 - row->minor[i / 2] - (m - 1));
        x[i] = decoded(row->code[i] >> m ? -value : value);
    }
}

static double mx4_bits(const bcq_format *f, int64_t k) {
    (void)k;
    return 1 + f->mantissa_bits + 8.0 / f->group + 1.0 / 2;
}

static const char *mx4_option(bcq_format *f, const char *key, const char *value, bool *known) {
    *known = strcmp(key, "m") == 0;
    return !*known || option_number(value, (const int[]){ 2, 4, 7, 0 }, &f->mantissa_bits)
         ? NULL : "wanted 2, 4 or 7";
}

static const char *mx4_finish(bcq_format *f) {
    if (f->mantissa_bits == 0) f->mantissa_bits = 2;
    return NULL;
}

const bcq_format_kind bcq_format_mx4 = {
    .name = "mx4", .what = "sign, 2 bits, 16, E8M0, 1 bit a pair",
    .source = "arXiv 2302.08007; tensorcast c4d9b1d", .partial_sum = "", .hardware = -1, .group = 16,
    .finish = mx4_finish, .option = mx4_option, .scale_tensor = no_tensor_scale, .encode = mx4_encode,
    .decode = mx4_decode, .bits = mx4_bits,
};

/* ---- mxint8 -------------------------------------------------------------------------------- */

static void mxint8_encode(const bcq_format *f, const bcq_format_tensor *t, const float *x, int64_t k,
                          bcq_format_row *row) {
    (void)t;
    row_begin(f, k, row);
    for (int64_t g = 0; g < row->groups; g++) {
        int64_t first = g * f->group, length = group_length(f, k, g);
        float amax = amax_of(x + first, length);
        int exponent = bcq_floor_log2(amax == 0 ? 0x1p-126f : amax);  /* as mxfp4; conditioned: at least -126 */
        row->scale[g] = (uint32_t)(exponent + 127);
        for (int64_t i = first; i < first + length; i++) {
            /* "q = rha(64 * x / 2^(E-127)) clamped to +-127 (round=even: rne)" */
            double y = ldexp(x[i], 6 - exponent);
            double q = f->rounding == BCQ_ROUND_EVEN ? bcq_round_half_even(y) : bcq_round_half_away(y);
            row->code[i] = (uint8_t)(int8_t)(q > 127 ? 127 : q < -127 ? -127 : q);
        }
    }
}

static void mxint8_decode(const bcq_format *f, const bcq_format_tensor *t, const bcq_format_row *row,
                          float *x) {
    (void)t;
    for (int64_t i = 0; i < row->k; i++)
        x[i] = decoded(ldexp((int8_t)row->code[i], (int)row->scale[i / f->group] - 127 - 6));
}

static double mxint8_bits(const bcq_format *f, int64_t k) {
    (void)k;
    return 8 + 8.0 / f->group;
}

static const char *mxint8_option(bcq_format *f, const char *key, const char *value, bool *known) {
    *known = strcmp(key, "round") == 0;
    return *known ? option_rounding(f, value) : NULL;
}

const bcq_format_kind bcq_format_mxint8 = {
    .name = "mxint8", .what = "INT8 k/64, 32, E8M0", .source = "OCP MX; microxcaling 7bc41952",
    .partial_sum = "", .hardware = -1, .element_bits = 8, .group = 32, .option = mxint8_option,
    .scale_tensor = no_tensor_scale, .encode = mxint8_encode, .decode = mxint8_decode,
    .bits = mxint8_bits,
};
