/* What the files of this folder share beside format.h. */
#ifndef BCQ_FORMAT_PARTS_H
#define BCQ_FORMAT_PARTS_H

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "float_bits.h"
#include "format.h"

/* Scalars of a full group of a row of k, and how many groups: "a row's last group may be shorter". */
static inline int64_t group_full(const bcq_format *f, int64_t k) { return f->group ? f->group : k; }
static inline int64_t group_count(const bcq_format *f, int64_t k) {
    return f->group ? (k + f->group - 1) / f->group : 1;
}

/* Scalars of group g, which begins at g * group_full(). */
static inline int64_t group_length(const bcq_format *f, int64_t k, int64_t g) {
    int64_t full = group_full(f, k), rest = k - g * full;
    return rest < full ? rest : full;
}

static inline float amax_of(const float *x, int64_t n) {
    float amax = 0;
    for (int64_t i = 0; i < n; i++) amax = fabsf(x[i]) > amax ? fabsf(x[i]) : amax;
    return amax;
}

/* Every encode() begins with this. */
static inline void row_begin(const bcq_format *f, int64_t k, bcq_format_row *row) {
    row->k = k;
    row->groups = group_count(f, k);
    row->row_scale = 0;
    row->outliers = 0;
}

static inline void no_tensor_scale(const bcq_format *f, float amax, bcq_format_tensor *t) {
    (void)f;
    (void)amax;
    *t = (bcq_format_tensor){ .scale = 1 };
}

/* x as a decoded value: the nearest FP32, at most the largest; zero without a sign. */
static inline float decoded(double x) {
    float y = bcq_f64_to_f32(x);
    if (isinf(y)) y = bits_to_float(x < 0 ? 0xFF7FFFFF : 0x7F7FFFFF);
    return y == 0 ? 0.0f : y;
}

/* C: one IEEE rounding; "A C that is or underflows to zero is +0." */
static inline float result_f32(double x) {
    float y = bcq_f64_to_f32(x);
    return y == 0 ? 0.0f : y;
}

/* value as one of the numbers of allowed, which ends with 0. */
static inline bool option_number(const char *value, const int *allowed, int *out) {
    char *end;
    long number = strtol(value, &end, 10);
    if (*value < '0' || *value > '9' || *end) return false;
    while (*allowed && *allowed != number) allowed++;
    if (*allowed) *out = *allowed;
    return *allowed != 0;
}

static inline const char *option_rounding(bcq_format *f, const char *value) {
    if (strcmp(value, "away") == 0) f->rounding = BCQ_ROUND_AWAY;
    else if (strcmp(value, "even") == 0) f->rounding = BCQ_ROUND_EVEN;
    else return "wanted away or even";
    return NULL;
}

#endif
