/* A second model of the formats of docs/formats.md but the tables and bcq, written from the page and not from
 * cmodel/formats/.
 *
 * Its method is another one: every number is an exact rational (GMP); a scale or an element is looked for
 * among all the values that its codes have, and FP32 is rounded to by integer division. No floating-point
 * arithmetic: floats only carry exact values in and out. It shares the types of format.h, no function.
 * Not for use from several threads.
 */
#ifndef SECOND_FORMATS_H
#define SECOND_FORMATS_H

#include "format.h"

/* What roundings have met since the flags were cleared: tests count with them the cases that they meant to
 * make. */
extern struct sf_met {
    bool element_tie;         /* an element lay on a midpoint */
    bool scale_tie;           /* a scale did */
    bool saturated;           /* an element lay beyond the largest code */
    bool sum_tie;             /* a sum lay on a midpoint of two FP32 */
    bool flushed, limited;    /* a sum fell below 2^-126, or beyond the largest FP32 */
} sf_met;

void sf_open(void);
void sf_close(void);

/* Values of codes. E8M0 255 and numbers that are none: 0. */
float sf_f16_value(uint16_t code);
float sf_e4m3_value(uint8_t code);
/* Nearest codes, ties to even, saturating; x finite. */
uint16_t sf_to_f16(double x);
uint8_t sf_to_e4m3(double x);
/* a + b as "an FP32 sum". */
float sf_sum(double a, double b);

float sf_tensor_scale(const bcq_format *f, float amax);
/* row: allocated by bcq_format_row_alloc(). */
void sf_encode(const bcq_format *f, float tensor_scale, const float *x, int64_t k, bcq_format_row *row);
/* The same with the row's scale given: int8-token, vsq. */
void sf_encode_given(const bcq_format *f, uint16_t row_scale, const float *x, int64_t k, bcq_format_row *row);
void sf_decode(const bcq_format *f, float tensor_scale, const bcq_format_row *row, float *x);
uint32_t sf_dot(const bcq_format *f, const bcq_format_row *a, const bcq_format_row *w);
float sf_apply_scales(const bcq_format *f, uint32_t acc, float g_a, const bcq_format_row *a, float g_w,
                      const bcq_format_row *w);

#endif
