#include "format_parts.h"

/* LO-BCQ as a format of the same table: docs/format.md ("the contract") through bcq_model.h. Whoever
 * calibrates sets f->codebooks, which serve both operands of a product. */

static void scale_tensor(const bcq_format *f, float amax, bcq_format_tensor *t) {
    *t = (bcq_format_tensor){ .scale = 1 };
    if (!bcq_tensor_exponent(amax, &f->p, &t->exponent)) t->exponent = BCQ_EXPONENT_LIMIT;
}

static void encode(const bcq_format *f, const bcq_format_tensor *t, const float *x, int64_t k,
                   bcq_format_row *row) {
    int la = f->p.la, lb = f->p.lb;
    row_begin(f, k, row);
    for (int64_t g = 0; g < row->groups; g++) {
        float padded[BCQ_LA_MAX] = { 0 };
        bcq_array array;
        int64_t first = g * la;
        int length = (int)group_length(f, k, g);
        memcpy(padded, x + first, (size_t)length * sizeof *x);
        bcq_encode_array(padded, t->exponent, f->codebooks, &array);
        row->scale[g] = array.scale;
        memcpy(row->code + first, array.index, (size_t)length);
        memcpy(row->minor + first / lb, array.selector, (size_t)((length + lb - 1) / lb));
    }
}

static int entry(const bcq_format *f, const bcq_format_row *row, int64_t i) {
    return f->codebooks->entry[row->minor[i / f->p.lb]][row->code[i]];
}

static void decode(const bcq_format *f, const bcq_format_tensor *t, const bcq_format_row *row, float *x) {
    for (int64_t i = 0; i < row->k; i++)
        x[i] = bcq_decode_value(entry(f, row, i), (uint8_t)row->scale[i / f->p.la], t->exponent);
}

static double bits(const bcq_format *f, int64_t k) {
    (void)k;
    return bcq_effective_bits(&f->p);
}

/* The contract's section 8, acc = fp32. */
static uint32_t dot(const bcq_format *f, const bcq_format_row *a, const bcq_format_row *w) {
    float acc = 0;
    for (int64_t g = 0; g < a->groups; g++) {
        int8_t entry_a[BCQ_LA_MAX], entry_w[BCQ_LA_MAX];
        int length = (int)group_length(f, a->k, g);
        for (int i = 0; i < length; i++) {
            entry_a[i] = (int8_t)entry(f, a, g * f->p.la + i);
            entry_w[i] = (int8_t)entry(f, w, g * f->p.la + i);
        }
        acc = bcq_accumulate_fp32(acc, bcq_psum(entry_a, entry_w, length), (uint8_t)a->scale[g],
                                  (uint8_t)w->scale[g]);
    }
    return float_to_bits(acc);
}

static float apply_scales(const bcq_format *f, uint32_t acc, const bcq_format_tensor *ta,
                          const bcq_format_row *a, const bcq_format_tensor *tw, const bcq_format_row *w) {
    (void)f, (void)a, (void)w;
    return bcq_apply_exponent(bits_to_float(acc), ta->exponent + tw->exponent);
}

static const char *option(bcq_format *f, const char *key, const char *value, bool *known) {
    *known = true;
    if (strcmp(key, "nc") == 0)
        return option_number(value, (const int[]){ 1, 2, 4, 8, 16, 0 }, &f->p.nc)
             ? NULL : "wanted 1, 2, 4, 8 or 16";
    if (strcmp(key, "lb") == 0)
        return option_number(value, (const int[]){ 2, 4, 8, 0 }, &f->p.lb) ? NULL : "wanted 2, 4 or 8";
    if (strcmp(key, "la") == 0)
        return option_number(value, (const int[]){ 16, 32, 64, 128, 0 }, &f->p.la)
             ? NULL : "wanted 16, 32, 64 or 128";
    if (strcmp(key, "ew") == 0)
        return option_number(value, (const int[]){ 4, 5, 6, 7, 8, 0 }, &f->p.entry_bits)
             ? NULL : "wanted 4, 5, 6, 7 or 8";
    if (strcmp(key, "b") == 0)
        return option_number(value, (const int[]){ 2, 3, 4, 0 }, &f->p.index_bits)
             ? NULL : "wanted 2, 3 or 4";
    *known = false;
    return NULL;
}

static const char *finish(bcq_format *f) {
    if (!f->p.la) f->p.la = BCQ_LA_DEFAULT;
    if (!f->p.lb) f->p.lb = BCQ_LB_DEFAULT;
    if (!f->p.nc) f->p.nc = BCQ_NC_DEFAULT;
    if (!f->p.index_bits) f->p.index_bits = BCQ_B_DEFAULT;
    if (!f->p.entry_bits) f->p.entry_bits = BCQ_EW_DEFAULT;
    f->group = f->p.la;
    return bcq_params_check(&f->p);
}

const bcq_format_kind bcq_format_bcq = {
    .name = "bcq", .what = "index, LA, E4M3, 2^e a tensor", .source = "arXiv 2502.05376; docs/format.md",
    .partial_sum = "FP32 after LA", .hardware = -1, .group = BCQ_LA_DEFAULT, .finish = finish,
    .option = option, .scale_tensor = scale_tensor, .encode = encode, .decode = decode, .bits = bits,
    .dot = dot, .apply_scales = apply_scales,
};
