#include <stdio.h>

#include "format_parts.h"

/* The table of formats, and what is the same for all of them. */

const bcq_format_kind *const bcq_format_kinds[] = {
    &bcq_format_bcq,  &bcq_format_int8,  &bcq_format_int8_token, &bcq_format_int4,
    &bcq_format_vsq,  &bcq_format_mxfp4, &bcq_format_nvfp4,      &bcq_format_mx4,
    &bcq_format_mxint8, &bcq_format_fp8, &bcq_format_nf4,        &bcq_format_af4,
    &bcq_format_bof4, &bcq_format_bof4s, &bcq_format_bof4_opq,   &bcq_format_bof4s_opq,
    NULL
};

/* ---- Names ----------------------------------------------------------------------------------- */

static const char *no_such_format(const char *name, char *message, size_t size) {
    int used = snprintf(message, size, "wanted one of");
    for (int i = 0; bcq_format_kinds[i] && used >= 0 && (size_t)used < size; i++)
        used += snprintf(message + used, size - (size_t)used, " %s", bcq_format_kinds[i]->name);
    if (used >= 0 && (size_t)used < size) snprintf(message + used, size - (size_t)used, ", got \"%s\"", name);
    return message;
}

/* One "key=value", cut out of its spec. */
static const char *parse_option(char *text, bcq_format *f, char *message, size_t size) {
    char *value = strchr(text, '=');
    if (!value) {
        snprintf(message, size, "%s: wanted key=value, got \"%s\"", f->kind->name, text);
        return message;
    }
    *value++ = 0;
    bool known = false;
    const char *wrong = f->kind->option ? f->kind->option(f, text, value, &known) : NULL;
    if (!known) snprintf(message, size, "%s: wanted an option of docs/formats.md, got \"%s\"", f->kind->name, text);
    else if (wrong) snprintf(message, size, "%s: %s: %s, got \"%s\"", f->kind->name, text, wrong, value);
    return !known || wrong ? message : NULL;
}

const char *bcq_format_parse(const char *spec, bcq_format *f, char *message, size_t size) {
    char text[sizeof f->name];
    *f = (bcq_format){ 0 };
    if (strlen(spec) >= sizeof text) {
        snprintf(message, size, "a format's name of %zu characters or more", sizeof text);
        return message;
    }
    strcpy(text, spec);
    strcpy(f->name, spec);
    char *rest = strchr(text, ':');
    if (rest) *rest++ = 0;
    for (int i = 0; bcq_format_kinds[i] && !f->kind; i++)
        if (strcmp(text, bcq_format_kinds[i]->name) == 0) f->kind = bcq_format_kinds[i];
    if (!f->kind) return no_such_format(text, message, size);
    f->group = f->kind->group;
    while (rest) {
        char *option = rest;
        rest = strchr(option, ':');
        if (rest) *rest++ = 0;
        if (parse_option(option, f, message, size)) return message;
    }
    const char *wrong = f->kind->finish ? f->kind->finish(f) : NULL;
    if (wrong) snprintf(message, size, "%s: %s", f->kind->name, wrong);
    return wrong ? message : NULL;
}

bool bcq_format_has_sum(const bcq_format *f) {
    if (!f->kind->dot) return false;
    return f->kind == &bcq_format_bcq || (f->group == f->kind->group && (f->scale_bits == 0 || f->scale_bits == 4));
}

/* ---- Tensors and rows ------------------------------------------------------------------------ */

bool bcq_format_scale_tensor(const bcq_format *f, float amax, bcq_format_tensor *t) {
    static const bcq_params cmax_1 = { .entry_bits = 2 };  /* tables: "CMAX 1" */
    int ignored;
    f->kind->scale_tensor(f, amax, t);
    if (f->kind == &bcq_format_bcq) return bcq_tensor_exponent(amax, &f->p, &ignored);
    return f->constant != BCQ_CONSTANT_E4M3 || bcq_tensor_exponent(amax, &cmax_1, &ignored);
}

bool bcq_format_row_alloc(const bcq_format *f, int64_t k, bcq_format_row *row) {
    *row = (bcq_format_row){ 0 };
    row->code = calloc((size_t)k, sizeof *row->code);
    row->scale = calloc((size_t)group_count(f, k), sizeof *row->scale);
    row->minor = calloc((size_t)(k + 1) / 2, sizeof *row->minor);
    if (f->quantile > 0) {
        row->outlier_at = calloc((size_t)k, sizeof *row->outlier_at);
        row->outlier = calloc((size_t)k, sizeof *row->outlier);
    }
    bool all = row->code && row->scale && row->minor
            && (f->quantile == 0 || (row->outlier_at && row->outlier));
    if (!all) bcq_format_row_free(row);
    return all;
}

void bcq_format_row_free(bcq_format_row *row) {
    free(row->code);
    free(row->scale);
    free(row->minor);
    free(row->outlier_at);
    free(row->outlier);
    *row = (bcq_format_row){ 0 };
}

double bcq_format_bits(const bcq_format *f, int64_t k, const bcq_format_row *row) {
    enum { OUTLIER_BITS = 16 + 64 };  /* "stored as BF16 with a 64-bit flat index" */
    return f->kind->bits(f, k) + (row ? (double)OUTLIER_BITS * (double)row->outliers / (double)k : 0);
}

/* ---- Arithmetic ------------------------------------------------------------------------------ */

double bcq_round_half_even(double x) {
    double down = floor(x), rest = x - down;  /* exact */
    bool odd = down / 2 != floor(down / 2);
    return down + (rest > 0.5 || (rest == 0.5 && odd));
}

double bcq_round_half_away(double x) {
    double magnitude = fabs(x), down = floor(magnitude);
    return copysign(down + (magnitude - down >= 0.5), x);
}

int bcq_floor_log2(double x) {
    int exponent;
    frexp(x, &exponent);  /* x = [0.5, 1) * 2^exponent */
    return exponent - 1;
}

int bcq_ceil_log2(double x) {
    int exponent;
    return frexp(x, &exponent) == 0.5 ? exponent - 1 : exponent;
}

/* A float of `mantissa` explicit bits whose smallest normal is 2^lowest: the code without its sign, which
 * counts the magnitudes in ascending order, so that rounding up may carry into the exponent. */
static uint32_t small_float(double magnitude, int mantissa, int lowest, uint32_t largest) {
    if (magnitude == 0) return 0;
    if (isinf(magnitude)) return largest;
    int exponent = bcq_floor_log2(magnitude);
    if (exponent < lowest) exponent = lowest;
    /* In units of the last place; the leading one of a normal adds 1 to the exponent field. */
    double units = bcq_round_half_even(ldexp(magnitude, mantissa - exponent));
    uint32_t code = ((uint32_t)(exponent - lowest) << mantissa) + (uint32_t)units;
    return code < largest ? code : largest;
}

uint16_t bcq_f64_to_f16(double x) {
    uint32_t code = small_float(fabs(x), 10, -14, 0x7BFF);
    return (uint16_t)(code | (code && x < 0 ? 0x8000 : 0));
}

uint8_t bcq_f64_to_e4m3(double x) {
    uint32_t code = small_float(fabs(x), BCQ_SCALE_MANTISSA, -6, BCQ_SCALE_MAX_CODE);
    return (uint8_t)(code | (code && x < 0 ? 0x80 : 0));
}

float bcq_e4m3_to_f32(uint8_t code) {
    return ldexpf((float)bcq_scale_x512(code), -BCQ_SCALE_LSB_NEG);
}

int bcq_e2m1_twice(uint8_t code) {
    static const int twice[] = { 0, 1, 2, 3, 4, 6, 8, 12 };
    return code & 8 ? -twice[code & 7] : twice[code & 7];
}

float bcq_e2m1_value(uint8_t code) { return (float)bcq_e2m1_twice(code) / 2; }

float bcq_fp16_scale(uint32_t bits) {
    return (bits & 0x7C00) == 0x7C00 ? 0.0f : bcq_f16_to_f32(bits & 0x7FFF);
}

float bcq_fp32_sum(double x) {
    /* Where FP32 is subnormal it has fewer than 24 bits, so such an x is rounded far above. */
    const double up = 0x1p128, least = 0x1p-126;
    if (fabs(x) >= least) {
        float y = bcq_f64_to_f32(x);
        return isinf(y) ? bits_to_float(x < 0 ? 0xFF7FFFFF : 0x7F7FFFFF) : y;
    }
    double y = bcq_f64_to_f32(x * up) / up;
    return fabs(y) < least ? 0.0f : (float)y;
}
