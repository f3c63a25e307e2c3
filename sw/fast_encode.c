#include <math.h>
#include <stdlib.h>

#include "fast_encode.h"

void fast_table_free(fast_table *t) {
    free(t->error);
    free(t->entry);
    t->error = NULL;
    t->entry = NULL;
}

bool fast_table_init(fast_table *t, const bcq_codebooks *cb) {
    *t = (fast_table){ .p = cb->p, .limit = bcq_cmax(&cb->p) << BCQ_Y_FRACTION_BITS };
    size_t cells = (2 * (size_t)t->limit + 1) * BCQ_NC_MAX;
    t->error = calloc(cells, sizeof *t->error);
    t->entry = calloc(cells, sizeof *t->entry);
    if (!t->error || !t->entry) {
        fast_table_free(t);
        return false;
    }
    for (int y = -t->limit; y <= t->limit; y++)
        for (int c = 0; c < cb->p.nc; c++) {
            int v = cb->entry[c][bcq_index(y, cb->entry[c], &cb->p)];
            size_t cell = (size_t)(y + t->limit) * BCQ_NC_MAX + (size_t)c;
            t->error[cell] = (uint32_t)((y - 16 * v) * (y - 16 * v));
            t->entry[cell] = (int8_t)v;
        }
    for (int k = 0; k < BCQ_SCALE_MAX_CODE; k++) {
        int32_t sum_x512 = bcq_scale_x512((uint8_t)k) + bcq_scale_x512((uint8_t)(k + 1));
        t->midpoint[k] = ldexp((double)sum_x512 * bcq_cmax(&cb->p), -1 - BCQ_SCALE_LSB_NEG);
    }
    return true;
}

/* The code is the number of midpoints that the quotient lies above; products of amax, CMAX and powers of
 * two are exact in double, so halving the interval compares what the golden model compares. */
uint8_t fast_scale_encode(const fast_table *t, float amax, int exponent) {
    double quotient = ldexp((double)amax, -exponent);  /* times CMAX */
    int low = 0, high = BCQ_SCALE_MAX_CODE;
    while (low < high) {
        int k = (low + high) / 2;
        if (quotient > t->midpoint[k] || (quotient == t->midpoint[k] && (k & 1))) low = k + 1;
        else high = k;
    }
    return (uint8_t)low;
}

/* x has 24 significant bits and the step 4: a quotient below the limit that is no tie is at least 2^-28
 * away from one, and a tie is exact. So one rounding to double before the one to an integer changes nothing. */
static int32_t normalise(const fast_table *t, float x, double step) {
    const double integers = 0x1.8p52;  /* doubles about here are the integers: a sum rounds to one, to even */
    double y = (double)x / step;
    if (y >= t->limit) return t->limit;
    if (y <= -t->limit) return -t->limit;
    return (int32_t)(y + integers - integers);
}

static double step_of(uint8_t scale, int exponent) {
    return ldexp((double)bcq_scale_x512(scale), exponent - BCQ_SCALE_LSB_NEG - BCQ_Y_FRACTION_BITS);
}

int32_t fast_normalise_x16(const fast_table *t, float x, uint8_t scale, int exponent) {
    return bcq_scale_x512(scale) == 0 ? 0 : normalise(t, x, step_of(scale, exponent));
}

uint8_t fast_encode(const fast_table *t, const float *x, int exponent, int8_t *entry) {
    const bcq_params *p = &t->p;
    float amax = 0;
    for (int i = 0; i < p->la; i++) amax = fabsf(x[i]) > amax ? fabsf(x[i]) : amax;
    uint8_t scale = fast_scale_encode(t, amax, exponent);
    double step = step_of(scale, exponent);
    for (int first = 0; first < p->la; first += p->lb) {
        size_t row[BCQ_LB_MAX];
        uint32_t sum[BCQ_NC_MAX] = { 0 };
        for (int i = 0; i < p->lb; i++) {
            int32_t y = step > 0 ? normalise(t, x[first + i], step) : 0;
            row[i] = (size_t)(y + t->limit) * BCQ_NC_MAX;
            for (int c = 0; c < BCQ_NC_MAX; c++) sum[c] += t->error[row[i] + (size_t)c];
        }
        size_t selector = 0;
        for (size_t c = 1; c < (size_t)p->nc; c++)
            if (sum[c] < sum[selector]) selector = c;
        for (int i = 0; i < p->lb; i++) entry[first + i] = t->entry[row[i] + selector];
    }
    return scale;
}
