#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "float_bits.h"
#include "tables.h"

/* The weight-only tables: NF4, AF4, BOF4, BOF4-S and the last two with OPQ. One constant a block, 16
 * levels; they differ in levels, in the side that a tie goes to, and in the constant's sign. */

static const double default_quantile = 0.95;

/* What tells the tables apart. */
typedef enum { TIE_LOWER, TIE_UPPER, THRESHOLDS } decision;
typedef struct {
    const bcq_format_kind *kind;
    const char *levels;       /* for bcq_levels() */
    decision decision;
    bool is_signed;           /* m has the sign of the scalar of largest magnitude */
    bool opq;
    bcq_constant constant;    /* unless an option says otherwise */
} table;

static const table tables[] = {
    { &bcq_format_nf4, "nf4", THRESHOLDS, false, false, BCQ_CONSTANT_FP32 },
    { &bcq_format_af4, "af4", TIE_LOWER, false, false, BCQ_CONSTANT_FP32 },
    { &bcq_format_bof4, "bof4", TIE_UPPER, false, false, BCQ_CONSTANT_BF16 },
    { &bcq_format_bof4s, "bof4s", TIE_UPPER, true, false, BCQ_CONSTANT_BF16 },
    { &bcq_format_bof4_opq, "bof4", TIE_UPPER, false, true, BCQ_CONSTANT_BF16 },
    { &bcq_format_bof4s_opq, "bof4s", TIE_UPPER, true, true, BCQ_CONSTANT_BF16 },
};

static const table *table_of(const bcq_format *f) {
    const table *t = tables;
    while (t->kind != f->kind) t++;
    return t;
}

/* ---- Index --------------------------------------------------------------------------------- */

const float bcq_nf4_threshold[BCQ_TABLE_LEVELS - 1] = {
    -0.8480964004993439f, -0.6106329262256622f, -0.4599952697753906f, -0.33967943489551544f,
    -0.23460740596055984f, -0.13791173323988914f, -0.045525018125772476f,
    0.03979014977812767f, 0.1202552504837513f, 0.2035212516784668f, 0.2920137718319893f,
    0.3893125355243683f, 0.5016634166240692f, 0.6427869200706482f, 0.8614784181118011f,
};

int bcq_table_index(const bcq_format *f, float y) {
    decision how = table_of(f)->decision;
    int index = 0;
    for (int k = 0; k < BCQ_TABLE_LEVELS - 1; k++) {
        /* Twice the midpoint: levels lie within a few binades, so their sum is exact in double. */
        double twice = (double)f->level[k] + (double)f->level[k + 1];
        index += how == THRESHOLDS ? y > bcq_nf4_threshold[k]
               : how == TIE_LOWER ? 2 * (double)y > twice : 2 * (double)y >= twice;
    }
    return index;
}

/* ---- The constant -------------------------------------------------------------------------- */

/* bcq_model.h derives the largest entry from the width of an entry: 2 bits are CMAX 1. */
static const bcq_params cmax_1 = { .entry_bits = 2 };

/* The largest finite BF16 for what would round to infinity, as FP16 and E4M3 do on that page. */
static uint16_t to_bf16(float x) {
    uint16_t bits = bcq_f32_to_bf16(x);
    return (bits & 0x7FFF) == 0x7F80 ? bits - 1 : bits;
}

/* The first of largest magnitude, with its sign. */
static float largest(const float *x, int count) {
    float found = 0;
    for (int i = 0; i < count; i++)
        if (fabsf(x[i]) > fabsf(found)) found = x[i];
    return found;
}

uint32_t bcq_table_constant(const bcq_format *f, const bcq_format_tensor *t, const float *x) {
    float m = largest(x, f->group);
    if (!table_of(f)->is_signed) m = fabsf(m);
    if (f->constant == BCQ_CONSTANT_BF16) return to_bf16(m);
    if (f->constant != BCQ_CONSTANT_E4M3) return float_to_bits(m);
    uint8_t code = bcq_scale_encode(fabsf(m), t->exponent, &cmax_1);
    return code && m < 0 ? code | 0x80u : code;  /* "a zero is stored without a sign" */
}

float bcq_table_constant_value(const bcq_format *f, const bcq_format_tensor *t, uint32_t stored) {
    if (f->constant == BCQ_CONSTANT_BF16) return bcq_bf16_to_f32((uint16_t)stored);
    if (f->constant != BCQ_CONSTANT_E4M3) return bits_to_float(stored);
    return ldexpf((float)bcq_scale_x512((uint8_t)stored), t->exponent - BCQ_SCALE_LSB_NEG);
}

static void scale_tensor(const bcq_format *f, float amax, bcq_format_tensor *t) {
    *t = (bcq_format_tensor){ .scale = 1 };
    if (f->constant == BCQ_CONSTANT_E4M3 && !bcq_tensor_exponent(amax, &cmax_1, &t->exponent))
        t->exponent = BCQ_EXPONENT_LIMIT;  /* blocks beyond saturate */
}

/* ---- OPQ ----------------------------------------------------------------------------------- */

/* F(m) = erf(m / sqrt(2))^I = q, solved as erfc(m / sqrt(2)) = 1 - q^(1/I), which loses no digits. */
double bcq_largest_quantile(int group, double q) {
    double tail = -expm1(log(q) / group), low = 0, high = 40;
    for (;;) {
        double middle = (low + high) / 2;
        if (middle <= low || middle >= high) return middle;
        if (erfc(middle * M_SQRT1_2) > tail) low = middle;
        else high = middle;
    }
}

/* "sigma_b the corrected standard deviation of its block (mean subtracted, divided by I-1)" */
static double deviation(const float *x, int count) {
    double sum = 0, squares = 0;
    for (int i = 0; i < count; i++) sum += x[i];
    double mean = sum / count;
    for (int i = 0; i < count; i++) squares += (x[i] - mean) * (x[i] - mean);
    return sqrt(squares / (count - 1));
}

/* ---- A row --------------------------------------------------------------------------------- */

enum { GROUP_MAX = 1024 };

static void encode(const bcq_format *f, const bcq_format_tensor *t, const float *x, int64_t k,
                   bcq_format_row *row) {
    double quantile = table_of(f)->opq ? bcq_largest_quantile(f->group, f->quantile) : 0;
    row->k = k;
    row->groups = (k - 1) / f->group + 1;
    row->row_scale = 0;
    row->outliers = 0;
    for (int64_t g = 0; g < row->groups; g++) {
        float block[GROUP_MAX] = { 0 };  /* a shorter last one: "the same as padding it with zeros" */
        int64_t first = g * f->group;
        int used = k - first < f->group ? (int)(k - first) : f->group;
        memcpy(block, x + first, (size_t)used * sizeof *block);
        double limit = quantile > 0 ? deviation(block, f->group) * quantile : INFINITY;
        for (int i = 0; i < used; i++) {
            if (!((double)fabsf(block[i]) > limit)) continue;
            row->outlier_at[row->outliers] = first + i;
            row->outlier[row->outliers++] = to_bf16(block[i]);
            block[i] = 0;
        }
        row->scale[g] = bcq_table_constant(f, t, block);
        float m = bcq_table_constant_value(f, t, row->scale[g]);
        for (int i = 0; i < used; i++)
            row->code[first + i] = (uint8_t)bcq_table_index(f, m == 0 ? 0 : block[i] / m);
    }
}

static void decode(const bcq_format *f, const bcq_format_tensor *t, const bcq_format_row *row, float *x) {
    for (int64_t i = 0; i < row->k; i++) {
        float m = bcq_table_constant_value(f, t, row->scale[i / f->group]);
        x[i] = f->level[row->code[i]] * m + 0.0f;  /* -0 becomes +0; no other sum changes */
    }
    for (int64_t o = 0; o < row->outliers; o++)
        x[row->outlier_at[o]] = bcq_bf16_to_f32(row->outlier[o]);
}

static double bits(const bcq_format *f, int64_t k) {
    (void)k;
    int width = f->constant == BCQ_CONSTANT_BF16 ? 16 : f->constant == BCQ_CONSTANT_E4M3 ? 8 : 32;
    return 4 + (double)width / f->group;
}

/* ---- Options ------------------------------------------------------------------------------- */

static const char *option(bcq_format *f, const char *key, const char *value, bool *known) {
    const table *t = table_of(f);
    bool bof4 = t->decision == TIE_UPPER;
    char *end;
    *known = true;
    if (strcmp(key, "group") == 0) {
        long group = strtol(value, &end, 10);
        if (*end || end == value || group < 16 || group > GROUP_MAX || (group & (group - 1)))
            return "wanted 16, 32, 64, 128, 256, 512 or 1024";
        f->group = (int)group;
    } else if (strcmp(key, "metric") == 0 && bof4) {
        if (strcmp(value, "mse") == 0) f->metric = BCQ_METRIC_MSE;
        else if (strcmp(value, "mae") == 0) f->metric = BCQ_METRIC_MAE;
        else return "wanted mse or mae";
    } else if (strcmp(key, "scale") == 0) {
        /* m is a scalar of the tensor, and that is FP32: exact and fp32 are one. */
        if (strcmp(value, "exact") == 0 || strcmp(value, "fp32") == 0) f->constant = BCQ_CONSTANT_FP32;
        else if (strcmp(value, "bf16") == 0) f->constant = BCQ_CONSTANT_BF16;
        else if (strcmp(value, "e4m3") == 0) f->constant = BCQ_CONSTANT_E4M3;
        else return "wanted exact, fp32, bf16 or e4m3";
    } else if (strcmp(key, "q") == 0 && t->opq) {
        f->quantile = strtod(value, &end);
        if (*end || end == value || !(f->quantile > 0 && f->quantile < 1))
            return "wanted a number between 0 and 1";
    } else {
        *known = false;
    }
    return NULL;
}

static const char *finish(bcq_format *f) {
    const table *t = table_of(f);
    /* EXACT is 0: no option said anything. */
    if (f->constant == BCQ_CONSTANT_EXACT) f->constant = t->constant;
    if (t->opq && f->quantile == 0) f->quantile = default_quantile;
    const float *level = bcq_levels(t->levels, f->group, f->metric);
    if (!level) return "group: wanted one that has levels: 16 (not af4), 32, 64, 128 or 256";
    memcpy(f->level, level, sizeof f->level);
    return NULL;
}

#define TABLE_KIND(kind_name, text, origin)                                                          \
    { .name = kind_name, .what = text, .source = origin, .partial_sum = "", .hardware = -1,          \
      .weight_only = true, .element_bits = 4, .group = 64, .finish = finish, .option = option,       \
      .scale_tensor = scale_tensor, .encode = encode, .decode = decode, .bits = bits }

const bcq_format_kind bcq_format_nf4 =
    TABLE_KIND("nf4", "16 levels, 64, FP32", "bitsandbytes 95f9af30");
const bcq_format_kind bcq_format_af4 =
    TABLE_KIND("af4", "16 levels, 64, FP32", "arXiv 2306.06965; abnormal-floats");
const bcq_format_kind bcq_format_bof4 =
    TABLE_KIND("bof4", "16 levels, 64, BF16", "arXiv 2505.06653");
const bcq_format_kind bcq_format_bof4s =
    TABLE_KIND("bof4s", "16 levels, 64, signed BF16", "arXiv 2505.06653");
const bcq_format_kind bcq_format_bof4_opq =
    TABLE_KIND("bof4-opq", "16 levels, 64, BF16, outliers", "arXiv 2505.06653");
const bcq_format_kind bcq_format_bof4s_opq =
    TABLE_KIND("bof4s-opq", "16 levels, 64, signed BF16, outliers", "arXiv 2505.06653");
