/* A second model of the contract (docs/format.md), written from its text and not from cmodel/.
 *
 * Its method is another one: every number is an exact rational (GMP), every rounding looks for the
 * nearest value among neighbours or codes. Floats enter and leave as bit patterns, and there is no
 * floating point in it. It shares nothing with the golden model but the types of bcq_model.h.
 * Parameters must be in range; not for use from several threads.
 */
#ifndef SECOND_MODEL_H
#define SECOND_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#include "bcq_model.h"

/* What the last rounding, index or selector met: a test counts with it the cases that it meant to
 * make. SM_TIE after sm_index and sm_select: two different answers were equally good. */
typedef enum { SM_EXACT, SM_BELOW_HALF, SM_TIE, SM_ABOVE_HALF } sm_met;
extern sm_met sm_last;

enum { SM_F32_INFINITY = 0x7F800000, SM_F32_NAN = 0x7FC00000 };

/* Once before anything else, and once at the end. */
void sm_open(void);
void sm_close(void);

/* Sections 1 and 2. */
bool sm_params_ok(const bcq_params *p);
bool sm_codebooks_ok(const bcq_codebooks *cb);
bool sm_codebooks_have_zero(const bcq_codebooks *cb);
int sm_entries(const bcq_params *p);
int sm_cmax(const bcq_params *p);
int sm_selector_bits(const bcq_params *p);
/* True if f64_bits is exactly B + log2(NC)/LB + 8/LA. */
bool sm_effective_bits_is(const bcq_params *p, uint64_t f64_bits);

/* Section 3. A NaN result is SM_F32_NAN, or 0x7FC0 in BF16. */
uint32_t sm_f16_to_f32(uint16_t bits);
uint32_t sm_bf16_to_f32(uint16_t bits);
uint32_t sm_f64_to_f32(uint64_t bits);
uint16_t sm_f32_to_bf16(uint32_t bits);
bool sm_condition(uint32_t bits, bool bf16, uint32_t *out);
bool sm_tensor_exponent(uint32_t amax, const bcq_params *p, int *exponent);

/* Section 4. */
int32_t sm_scale_x512(uint8_t code);
uint8_t sm_scale_encode(uint32_t amax, int exponent, const bcq_params *p);

/* Sections 5 and 6. */
int32_t sm_normalise_x16(uint32_t x, uint8_t scale, int exponent, const bcq_params *p);
int sm_index(int32_t y_x16, const int8_t *entry, const bcq_params *p);
int64_t sm_block_error(const int32_t *y_x16, const int8_t *entry, const bcq_params *p,
                       uint8_t *index);
int sm_select(const int32_t *y_x16, const bcq_codebooks *cb, uint8_t *index);
void sm_encode_array(const uint32_t *x, int exponent, const bcq_codebooks *cb, bcq_array *out);
void sm_encode_array_scaled(const uint32_t *x, uint8_t scale, int exponent,
                            const bcq_codebooks *cb, bcq_array *out);
uint32_t sm_online_bf16(uint16_t bits, bool *sticky);

/* Section 7. */
void sm_decode_entries(const bcq_array *a, const bcq_codebooks *cb, int8_t *entry);
uint32_t sm_decode_value(int entry, uint8_t scale, int exponent);

/* Section 8. */
int32_t sm_psum(const int8_t *a, const int8_t *w, int la);
uint32_t sm_accumulate_fp32(uint32_t acc, int32_t psum, uint8_t scale_a, uint8_t scale_w);
/* The wrong way, a rounding after the product and one after the sum: a test shows that its cases
 * tell it from the right one. */
uint32_t sm_multiply_then_add(uint32_t acc, int32_t psum, uint8_t scale_a, uint8_t scale_w);
int64_t sm_accumulate_exact(int64_t acc, int32_t psum, uint8_t scale_a, uint8_t scale_w);
uint32_t sm_exact_to_f32(int64_t acc);
bool sm_exact_fits(int64_t k, int cmax_a, int cmax_w);
uint32_t sm_apply_exponent(uint32_t acc, int exponent_sum);

/* numerator / denominator * 2^exponent rounded to FP32: makes test inputs. */
uint32_t sm_f32_from(int64_t numerator, int64_t denominator, int exponent);

#endif
