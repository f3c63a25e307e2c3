/* A float as an exact integer times a power of two, so that the golden model compares, divides and
 * rounds in integers only. */
#ifndef BCQ_FLOAT_BITS_H
#define BCQ_FLOAT_BITS_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

static inline uint32_t float_to_bits(float x) { uint32_t u; memcpy(&u, &x, sizeof u); return u; }
static inline float bits_to_float(uint32_t u) { float x; memcpy(&x, &u, sizeof x); return x; }

/* |x| = mantissa * 2^exponent, mantissa < 2^24. x finite. */
typedef struct { bool negative; uint32_t mantissa; int exponent; } float_parts;

static inline float_parts float_split(float x) {
    uint32_t u = float_to_bits(x);
    int biased = (u >> 23) & 0xFF;
    uint32_t fraction = u & 0x7FFFFF;
    return (float_parts){ u >> 31, biased ? fraction | 0x800000 : fraction,
                          (biased ? biased : 1) - 127 - 23 };
}

/* Sign of a * 2^ea - b * 2^eb. a, b < 2^32, so that no shift below loses a bit: a shift is at most
 * 31, and beyond it the operand with the larger exponent is larger whenever it is not zero. */
static inline int compare_scaled(uint64_t a, int ea, uint64_t b, int eb) {
    if (ea > eb) {
        if (ea - eb > 31) return a ? 1 : b ? -1 : 0;
        a <<= ea - eb;
    } else {
        if (eb - ea > 31) return b ? -1 : a ? 1 : 0;
        b <<= eb - ea;
    }
    return (a > b) - (a < b);
}

/* numerator / denominator to the nearest integer, ties to even. denominator in [1, 2^63). */
static inline uint64_t divide_half_even(uint64_t numerator, uint64_t denominator) {
    uint64_t quotient = numerator / denominator, rest = numerator % denominator;
    uint64_t to_next = denominator - rest;  /* rest against denominator / 2, without doubling */
    return quotient + (rest > to_next || (rest == to_next && (quotient & 1)));
}

#endif
