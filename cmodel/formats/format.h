/* Every format of docs/formats.md ("the page") behind one interface: encode, decode, bits a scalar, and
 * for those with hardware the sum of a matrix product to the bit. Slow and obvious, like bcq_model.h; a
 * format is one file and one row of bcq_format_kinds (formats.c).
 *
 * A tensor is encoded in two steps: bcq_format_scale_tensor() once, from its largest magnitude, then
 * encode() a row at a time, so that a tensor may be larger than memory. x is conditioned FP32 (format.md
 * section 3): finite, no subnormals, no -0.
 */
#ifndef BCQ_FORMAT_H
#define BCQ_FORMAT_H

#include <stddef.h>

#include "bcq_model.h"

typedef struct bcq_format_kind bcq_format_kind;

typedef enum { BCQ_METRIC_MSE, BCQ_METRIC_MAE } bcq_metric;
typedef enum { BCQ_ROUND_AWAY, BCQ_ROUND_EVEN } bcq_rounding;
/* How a table format keeps its constant. */
typedef enum { BCQ_CONSTANT_EXACT, BCQ_CONSTANT_FP32, BCQ_CONSTANT_BF16, BCQ_CONSTANT_E4M3 } bcq_constant;

/* One format with its options, as bcq_format_parse() or bcq_format_init() leave it. Copyable; owns nothing. */
typedef struct {
    const bcq_format_kind *kind;
    char name[80];            /* as it was asked for: "int8:group=32" */
    int group;                /* scalars along K that share a scale; 0: a whole row (or tensor) */
    bcq_rounding rounding;    /* mxfp4, mxint8 */
    bool scale_ceil;          /* mxfp4: scale=ceil */
    bool tensor_pow2;         /* nvfp4: tensor=pow2 */
    int scale_bits;           /* vsq: of S */
    int mantissa_bits;        /* mx4: m */
    bcq_metric metric;        /* bof4, bof4s */
    bcq_constant constant;    /* tables */
    double quantile;          /* OPQ: q; 0: no outliers are kept */
    float level[16];          /* tables: ascending */
    bcq_params p;             /* bcq */
    const bcq_codebooks *codebooks;  /* bcq: set by whoever calibrates, kept by reference; others NULL */
} bcq_format;

/* What a tensor has once. */
typedef struct {
    float scale;              /* g; 1 where the format has none */
    int exponent;             /* e_X: bcq, tables with constant=e4m3 */
} bcq_format_tensor;

/* A row as stored. bcq_format_row_alloc() makes one that may be filled again and again. */
typedef struct {
    int64_t k;                /* scalars */
    int64_t groups;           /* ceil(k / group), 1 if group is 0 */
    uint8_t *code;            /* [k]: element codes. Integers: two's complement in 8 bits; E2M1: 4 bits, sign
                                 highest; mx4: {sign, magnitude} of m + 1 bits; fp8: E4M3; tables, bcq: index */
    uint32_t *scale;          /* [groups]: FP16, UINT4, E8M0, E4M3, BF16 or FP32 bits, as the page says */
    uint8_t *minor;           /* [ceil(k / 2)]: mx4: d of each pair; bcq: selector of each block; else unused */
    uint16_t row_scale;       /* FP16 bits: s of int8-token, gamma of vsq; else 0 */
    int64_t outliers;         /* OPQ: how many, ascending in place */
    int64_t *outlier_at;      /* [k]: place in the row */
    uint16_t *outlier;        /* [k]: BF16 bits */
} bcq_format_row;

struct bcq_format_kind {
    const char *name;         /* "mxfp4" */
    const char *what;         /* one line for a table: "E2M1, 32, E8M0" */
    const char *source;       /* of the rule */
    const char *partial_sum;  /* "INT32", "FP32 after 32", ...; "" if there is no hardware */
    int hardware;             /* BCQ_FORMAT_... of params.def for rtl/rivals; -1: none */
    bool weight_only;         /* the page defines no sum: a weight is decoded, then multiplied */
    int element_bits;         /* of one code; bcq and mx4: 0, see bits() */
    int group;                /* default; 0: a row or a tensor */
    bool per_tensor;          /* group 0 means the tensor */
    /* Sets what options cannot: called once by bcq_format_parse after all options. NULL or a sentence
     * that says what is wrong. */
    const char *(*finish)(bcq_format *f);
    /* One option; NULL, or a sentence "wanted ..." about the value; *known = false: no such key. */
    const char *(*option)(bcq_format *f, const char *key, const char *value, bool *known);
    void (*scale_tensor)(const bcq_format *f, float amax, bcq_format_tensor *t);
    void (*encode)(const bcq_format *f, const bcq_format_tensor *t, const float *x, int64_t k, bcq_format_row *row);
    void (*decode)(const bcq_format *f, const bcq_format_tensor *t, const bcq_format_row *row, float *x);
    /* Bits a scalar of a row of k, full groups assumed: element, group, row. Outliers come on top. */
    double (*bits)(const bcq_format *f, int64_t k);
    /* One output before tensor and row scales, the page's "sums": the bits of FP32 or of INT32. NULL: none. */
    uint32_t (*dot)(const bcq_format *f, const bcq_format_row *a, const bcq_format_row *w);
    /* What the driver makes of it: C. */
    float (*apply_scales)(const bcq_format *f, uint32_t acc, const bcq_format_tensor *ta, const bcq_format_row *a,
                          const bcq_format_tensor *tw, const bcq_format_row *w);
    /* False: integer sums of this K could overflow. NULL: they cannot. */
    bool (*fits)(const bcq_format *f, int64_t k);
};

extern const bcq_format_kind *const bcq_format_kinds[];  /* ends with NULL; the order of tables */
extern const bcq_format_kind
    bcq_format_bcq, bcq_format_int8, bcq_format_int8_token, bcq_format_int4, bcq_format_vsq,
    bcq_format_mxfp4, bcq_format_nvfp4, bcq_format_mx4, bcq_format_mxint8, bcq_format_fp8,
    bcq_format_nf4, bcq_format_af4, bcq_format_bof4, bcq_format_bof4s, bcq_format_bof4_opq,
    bcq_format_bof4s_opq;

/* "NAME[:key=value]..." -> *f. NULL, or a sentence that says what is wrong, in message [size]. */
const char *bcq_format_parse(const char *spec, bcq_format *f, char *message, size_t size);

/* True if kind->dot is the page's sum under these options, and so is the hardware if the kind has some:
 * the group is the page's, and vsq's S has 4 bits. bcq: with every option, but there is no rival_gemm for it. */
bool bcq_format_has_sum(const bcq_format *f);

/* amax: the largest magnitude of the tensor, conditioned. False: e_X would be above 100, where format.md
 * refuses the tensor; *t has e_X = 100 then, and blocks saturate. */
bool bcq_format_scale_tensor(const bcq_format *f, float amax, bcq_format_tensor *t);

/* encode() of int8-token and vsq with the row's FP16 scale given (s, gamma), as the on-line encoders are
 * given it; scalars beyond it saturate. */
void bcq_format_encode_given(const bcq_format *f, uint16_t row_scale, const float *x, int64_t k,
                             bcq_format_row *row);

/* False: no memory, and nothing is left. bcq_format_row_free() takes what was never filled too. */
bool bcq_format_row_alloc(const bcq_format *f, int64_t k, bcq_format_row *row);
void bcq_format_row_free(bcq_format_row *row);

/* Effective bits a scalar of rows of k, "the page: bits a scalar"; outliers of the row on top if row is given. */
double bcq_format_bits(const bcq_format *f, int64_t k, const bcq_format_row *row);

/* ---- Arithmetic that several formats share ----------------------------------------------------- */

double bcq_round_half_even(double x);
double bcq_round_half_away(double x);
uint16_t bcq_f64_to_f16(double x);      /* nearest even, saturating at 65504, subnormals kept; not NaN */
uint8_t bcq_f64_to_e4m3(double x);      /* nearest even, saturating at 448, sign kept (not of 0); not NaN */
float bcq_e4m3_to_f32(uint8_t code);    /* NaN codes: 0 */
float bcq_e2m1_value(uint8_t code);     /* 4 bits: -6 to 6 */
int bcq_e2m1_twice(uint8_t code);       /* twice the value */
float bcq_fp16_scale(uint32_t bits);    /* as hardware takes it: magnitude, 0 if exponent is 31 */
/* The page's FP32 sum: x rounded once to 24 bits; if that is below 2^-126, +0; if beyond FP32, its largest.
 * x: exact, or so near that it rounds alike. */
float bcq_fp32_sum(double x);
int bcq_floor_log2(double x);           /* x > 0, exact */
int bcq_ceil_log2(double x);            /* the same */

/* Table formats: levels as published (formats/levels.c). NULL if there are none for this block. */
const float *bcq_levels(const char *table, int group, bcq_metric metric);

#endif
