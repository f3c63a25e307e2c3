/* The golden model of LO-BCQ: the arithmetic of docs/format.md ("the contract"), to the bit.
 *
 * It is slow and obvious on purpose. One function per operation, in the order of the contract's
 * sections 2 to 8; a sentence in quotation marks is the contract's own. Nothing here does I/O,
 * allocates memory or keeps state, so every function may be called from any thread. No floating
 * point is used where bits must match, but for the one fmaf() that the contract names and for
 * changes of exponent that are exact.
 *
 * A real tensor X[rows][K] is cut along K into block arrays of LA scalars, each with one E4M3 scale
 * t; a block array is cut into blocks of LB scalars, each with one selector, the number of its
 * codebook; every scalar is an index into that codebook, a table of small integers:
 *
 *     x  ~  codebook[selector][index] * t * 2^e_X
 */
#ifndef BCQ_MODEL_H
#define BCQ_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#include "bcq_params.h"

enum { BCQ_ENTRIES_MAX = 1 << BCQ_B_MAX };

/* Section 1. The parameters that a codebook file fixes. */
typedef struct {
    int la;          /* scalars in a block array: 16, 32, 64 or 128 */
    int lb;          /* scalars in a block: 2, 4 or 8 */
    int nc;          /* codebooks: 1, 2, 4, 8 or 16 */
    int index_bits;  /* B, bits of an index: 2 to 4 */
    int entry_bits;  /* EW, bits of an entry, two's complement: 4 to 8 */
} bcq_params;

/* Section 2. entry[c][k] for c < nc, k < 2^index_bits, in [-CMAX, CMAX], non-decreasing in k. */
typedef struct {
    bcq_params p;
    int8_t entry[BCQ_NC_MAX][BCQ_ENTRIES_MAX];
} bcq_codebooks;

/* One encoded block array. Of each array the first LA/LB selectors and LA indices are used. */
typedef struct {
    uint8_t scale;                               /* E4M3 code of t */
    uint8_t selector[BCQ_LA_MAX / 2];            /* [LA/LB], each < nc */
    uint8_t index[BCQ_LA_MAX];                   /* [LA], each < 2^index_bits */
} bcq_array;

/* ---- Sections 1 and 2: parameters and codebooks ------------------------------------------- */

/* NULL if every parameter is in the range of section 1, or a sentence that says which is not. */
const char *bcq_params_check(const bcq_params *p);

/* NULL if cb satisfies section 2, or a sentence that says what is wrong (static storage). */
const char *bcq_codebooks_check(const bcq_codebooks *cb);

/* True if every codebook has an entry 0, so that padding decodes to 0 (section 2). */
bool bcq_codebooks_have_zero(const bcq_codebooks *cb);

static inline int bcq_entries(const bcq_params *p) { return 1 << p->index_bits; }
static inline int bcq_cmax(const bcq_params *p) { return (1 << (p->entry_bits - 1)) - 1; }
static inline int bcq_selector_bits(const bcq_params *p) {  /* log2(nc): 0 to 4 */
    return (p->nc > 1) + (p->nc > 2) + (p->nc > 4) + (p->nc > 8);
}
/* "Effective bits a scalar: B + log2(NC)/LB + 8/LA." */
double bcq_effective_bits(const bcq_params *p);

/* ---- Section 3: input and tensor scale ----------------------------------------------------- */

float bcq_f16_to_f32(uint16_t bits);   /* exact; subnormals, infinities and NaN included */
float bcq_bf16_to_f32(uint16_t bits);  /* exact */
float bcq_f64_to_f32(double x);        /* one nearest-even rounding; may round to infinity */
/* One nearest-even rounding; a finite x may round to infinity, NaN stays NaN (quiet). */
uint16_t bcq_f32_to_bf16(float x);

/* Section 3's order of conversions for one scalar that is FP32 already: "where BF16 is asked for,
 * one nearest-even rounding to BF16; then FP32 subnormals become +0". -0 becomes +0 as well, which
 * no later step can tell apart. Returns false, and stores nothing, for a NaN, an infinity, or a
 * value that rounds to infinity: "the tensor is refused off line". */
bool bcq_condition(float x, bool bf16, float *out);

/* "e_X is the smallest integer >= -100 with max|X| <= 448 * CMAX * 2^e_X; an all-zero tensor has
 * e_X = 0; e_X > 100 is refused": returns false then. amax: max|X|, conditioned, finite, >= 0. */
bool bcq_tensor_exponent(float amax, const bcq_params *p, int *exponent);

/* ---- Section 4: array scale (E4M3) --------------------------------------------------------- */

/* The scale's value in units of 2^-9, -229376 to 229376 (448 * 512); 0 for the NaN codes, as the
 * hardware takes them. */
int32_t bcq_scale_x512(uint8_t code);
bool bcq_scale_is_nan(uint8_t code);

/* Nearest E4M3 to "the exact rational amax / (CMAX * 2^e_X), ties to the even mantissa, saturating
 * at 448". amax: finite, >= 0. exponent in [-100, 100]. Returns a code in [0, 0x7E]. */
uint8_t bcq_scale_encode(float amax, int exponent, const bcq_params *p);

/* ---- Sections 5 and 6: normalised value, index, selector ----------------------------------- */

/* "Y = x * 16 / (t * 2^e_X) as an exact rational, rounded to the nearest integer, ties to even,
 * then saturated to [-16*CMAX, 16*CMAX]. If t is 0, every Y is 0." x finite. */
int32_t bcq_normalise_x16(float x, uint8_t scale, int exponent, const bcq_params *p);

/* "the number of k in [0, 2^B - 2] with 2*Y > 16*(cb[c][k] + cb[c][k+1])". entry: [2^B]. */
int bcq_index(int32_t y_x16, const int8_t *entry, const bcq_params *p);

/* err_c of section 6 over one block of LB normalised values; stores the LB indices. */
int64_t bcq_block_error(const int32_t *y_x16, const int8_t *entry, const bcq_params *p,
                        uint8_t *index);

/* "sel = the c of smallest err_c, lowest c on a tie." Stores the LB indices of that codebook. */
int bcq_select(const int32_t *y_x16, const bcq_codebooks *cb, uint8_t *index);

/* Encodes x[LA] (conditioned, finite) under a given tensor exponent: sections 4 to 6. */
void bcq_encode_array(const float *x, int exponent, const bcq_codebooks *cb, bcq_array *out);

/* The same with the array scale given instead of derived from amax (section 9, rule 2). */
void bcq_encode_array_scaled(const float *x, uint8_t scale, int exponent,
                             const bcq_codebooks *cb, bcq_array *out);

/* Section 6, on line: "NaN encodes as 0, an infinity as the largest finite BF16 of its sign, both
 * replaced before amax is taken; a sticky flag is set" (*sticky, never cleared here). FP32
 * subnormals, section 3, become +0 too. */
float bcq_online_bf16(uint16_t bits, bool *sticky);

/* ---- Section 7: decode --------------------------------------------------------------------- */

/* The LA integers codebook[selector][index] of one block array. */
void bcq_decode_entries(const bcq_array *a, const bcq_codebooks *cb, int8_t *entry);

/* "v * t * 2^e_X, always a normal FP32 or zero; zero decodes as +0 whatever the sign of t." */
float bcq_decode_value(int entry, uint8_t scale, int exponent);

/* ---- Section 8: dot product and accumulation ----------------------------------------------- */

/* p_j = sum of a[i] * w[i] over the la scalars of a block array, an exact integer. */
int32_t bcq_psum(const int8_t *a, const int8_t *w, int la);

/* acc = fp32: "acc <- fma(p_j, t_a * t_w, acc), one rounding, nearest even, in FP32". */
float bcq_accumulate_fp32(float acc, int32_t psum, uint8_t scale_a, uint8_t scale_w);

/* acc = exact: adds p_j * t_a * t_w in units of 2^-18 (two's complement, wraps at 64 bits). */
int64_t bcq_accumulate_exact(int64_t acc, int32_t psum, uint8_t scale_a, uint8_t scale_w);

/* "result = that integer rounded once to FP32, nearest even"; acc in units of 2^-18. */
float bcq_exact_to_f32(int64_t acc);

/* "BF16 results: acc rounded to nearest even before the tensor scale": acc as BF16, as a float. */
float bcq_result_bf16(float acc);

/* "Overflow-free iff K * CMAX_A * CMAX_W * 448^2 * 2^18 < 2^63"; a larger K is refused. */
bool bcq_exact_fits(int64_t k, int cmax_a, int cmax_w);

/* "C = acc * 2^(e_A + e_W) in FP32 with one IEEE rounding (subnormals and infinity included); a
 * result that is or underflows to zero is +0." exponent_sum in [-200, 200]. */
float bcq_apply_exponent(float acc, int exponent_sum);

#endif
