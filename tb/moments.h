/* The key of an inexact selector, as structure_moments of synth/encoder_structures.sv makes it: {sign of
 * the largest, top 5 bits of its magnitude, top 5 bits of the second moment}, 11 bits. y: [LB]. */
#ifndef MOMENTS_H
#define MOMENTS_H

#include <stdlib.h>

#include "bcq_model.h"

enum { MOMENTS_KEYS = 1 << 11 };

static inline int moments_key(const int32_t *y, const bcq_params *p) {
    int32_t largest = 0;
    int64_t sum = 0;
    int width = p->entry_bits + 3, bits = 0, lb_bits = 0;
    bool negative = false;
    for (int i = 0; i < p->lb; i++) {
        if (abs(y[i]) > largest) { largest = abs(y[i]); negative = y[i] < 0; }
        sum += (int64_t)y[i] * y[i];
    }
    while (largest >> bits) bits++;
    while (1 << lb_bits < p->lb) lb_bits++;
    return negative << 10 | largest >> (width - 5) << 5 | (int)(sum * 16 >> (lb_bits - 1) >> (2 * bits) & 31);
}

#endif
