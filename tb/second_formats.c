#include "second_formats.h"

#include <gmp.h>
#include <stdlib.h>
#include <string.h>

struct sf_met sf_met;

/* ---- Magnitudes of codes, ascending ----------------------------------------------------------- */

typedef struct { int n; mpq_t *value; } grid;

static grid integers, f16, e4m3, e2m1;

static void times_2(mpq_t q, int exponent)
{
    if (exponent >= 0)
        mpq_mul_2exp(q, q, (mp_bitcnt_t)exponent);
    else
        mpq_div_2exp(q, q, (mp_bitcnt_t)-exponent);
}

static grid grid_new(int n)
{
    grid g = { n, malloc((size_t)n * sizeof *g.value) };

    if (!g.value)
        abort();
    for (int k = 0; k < n; k++)
        mpq_init(g.value[k]);
    return g;
}

static void grid_free(grid *g)
{
    for (int k = 0; k < g->n; k++)
        mpq_clear(g->value[k]);
    free(g->value);
}

/* All finite magnitudes of a float with this many fraction bits and this bias. */
static grid float_grid(int n, int fraction_bits, int bias)
{
    grid g = grid_new(n);
    int one = 1 << fraction_bits;

    for (int code = 0; code < n; code++) {
        int field = code / one, fraction = code % one;
        mpq_set_si(g.value[code], field ? one + fraction : fraction, 1);
        times_2(g.value[code], (field ? field : 1) - bias - fraction_bits);
    }
    return g;
}

static int work_depth;
static mpq_t work[32];

void sf_open(void)
{
    static const int e2m1_twice[] = { 0, 1, 2, 3, 4, 6, 8, 12 };

    integers = grid_new(256);
    for (int k = 0; k < 256; k++)
        mpq_set_si(integers.value[k], k, 1);
    e2m1 = grid_new(8);
    for (int k = 0; k < 8; k++) {
        mpq_set_si(e2m1.value[k], e2m1_twice[k], 2);
        mpq_canonicalize(e2m1.value[k]);
    }
    f16 = float_grid(31 << 10, 10, 15);
    e4m3 = float_grid(127, 3, 7);
    for (int i = 0; i < 32; i++)
        mpq_init(work[i]);
}

void sf_close(void)
{
    grid_free(&integers);
    grid_free(&f16);
    grid_free(&e4m3);
    grid_free(&e2m1);
    for (int i = 0; i < 32; i++)
        mpq_clear(work[i]);
}

/* Work space: a function takes what it needs and gives it back before it returns. */
static mpq_ptr take(void) { return work[work_depth++]; }
static void give(int n) { work_depth -= n; }

/* ---- Rounding ----------------------------------------------------------------------------- */

typedef enum { EVEN, AWAY } tie_rule;

/* The number of the value nearest to y >= 0 among the first n; of two the even one, or the larger. */
static int nearest(const grid *g, int n, mpq_srcptr y, tie_rule rule, bool *tie, bool *beyond)
{
    int low = 0, high = n - 1, order;
    mpq_ptr down, up;

    if (mpq_cmp(y, g->value[n - 1]) >= 0) {
        if (beyond && mpq_cmp(y, g->value[n - 1]) > 0)
            *beyond = true;
        return n - 1;
    }
    while (high - low > 1) {
        int middle = (low + high) / 2;
        if (mpq_cmp(y, g->value[middle]) < 0)
            high = middle;
        else
            low = middle;
    }
    down = take();
    up = take();
    mpq_sub(down, y, g->value[low]);
    mpq_sub(up, g->value[high], y);
    order = mpq_cmp(down, up);
    give(2);
    if (order == 0)
        *tie = true;
    return order < 0 ? low : order > 0 ? high : rule == AWAY ? high : low % 2 == 0 ? low : high;
}

/* floor(log2(q)), q > 0 */
static int floor_log2(mpq_srcptr q)
{
    mpq_ptr power = take();
    int e = (int)mpz_sizeinbase(mpq_numref(q), 2) - (int)mpz_sizeinbase(mpq_denref(q), 2);

    mpq_set_si(power, 1, 1);  /* the bit lengths give e or one too many */
    times_2(power, e);
    e -= mpq_cmp(q, power) < 0;
    give(1);
    return e;
}

/* q to `precision` bits, ties to even, but no unit below 2^lowest. Returns whether it was a tie. */
static bool round_to(mpq_ptr q, int precision, int lowest)
{
    mpq_ptr magnitude = take();
    mpz_t floor, rest;
    int sign = mpq_sgn(q), unit, side = -1;

    if (sign != 0) {
        mpq_abs(magnitude, q);
        unit = floor_log2(magnitude) - precision + 1;
        unit = unit < lowest ? lowest : unit;
        times_2(magnitude, -unit);
        mpz_init(floor);
        mpz_init(rest);
        mpz_fdiv_qr(floor, rest, mpq_numref(magnitude), mpq_denref(magnitude));
        mpz_mul_2exp(rest, rest, 1);
        side = mpz_cmp(rest, mpq_denref(magnitude));
        if (side > 0 || (side == 0 && mpz_odd_p(floor)))
            mpz_add_ui(floor, floor, 1);
        mpq_set_z(q, floor);
        if (sign < 0)
            mpq_neg(q, q);
        times_2(q, unit);
        mpz_clear(floor);
        mpz_clear(rest);
    }
    give(1);
    return side == 0;
}

enum { UNLIMITED = -100000, F32_UNIT = -149, F64_UNIT = -1074 };

static void f32_limit(mpq_ptr q)  /* the largest finite FP32 */
{
    mpq_set_si(q, (1 << 24) - 1, 1);
    times_2(q, 104);
}

/* "FP32(x)". Beyond the largest finite it stays what it is. */
static void round_f32(mpq_ptr q) { round_to(q, 24, F32_UNIT); }

/* q is a double exactly, or too large for a float. */
static float to_float(mpq_srcptr q) { return (float)mpq_get_d(q); }

/* "An FP32 sum" */
static float sum_f32(mpq_ptr q)
{
    mpq_ptr magnitude = take(), limit = take();
    bool low, high;

    sf_met.sum_tie |= round_to(q, 24, UNLIMITED);
    mpq_abs(magnitude, q);
    mpq_set_si(limit, 1, 1);
    times_2(limit, -126);
    low = mpq_sgn(q) != 0 && mpq_cmp(magnitude, limit) < 0;
    f32_limit(limit);
    high = mpq_cmp(magnitude, limit) > 0;
    sf_met.flushed |= low;
    sf_met.limited |= high;
    if (low)
        mpq_set_si(q, 0, 1);
    if (high && mpq_sgn(q) > 0)
        mpq_set(q, limit);
    else if (high)
        mpq_neg(q, limit);
    give(2);
    return to_float(q);
}

/* A decoded value: "at most the largest finite one" */
static float value_f32(mpq_ptr q)
{
    mpq_ptr limit = take();

    round_f32(q);
    f32_limit(limit);
    if (mpq_cmp(q, limit) > 0)
        mpq_set(q, limit);
    mpq_neg(limit, limit);
    if (mpq_cmp(q, limit) < 0)
        mpq_set(q, limit);
    give(1);
    return to_float(q);
}

/* ---- Codes -------------------------------------------------------------------------------- */

/* "the sign bit of an E4M3 or FP16 scale is ignored", and what is no number is 0 */
static void f16_scale(mpq_ptr q, uint32_t code)
{
    if ((code & 0x7FFF) < 0x7C00)
        mpq_set(q, f16.value[code & 0x7FFF]);
    else
        mpq_set_si(q, 0, 1);
}

static void e4m3_scale(mpq_ptr q, uint32_t code)
{
    if ((code & 0x7F) < 0x7F)
        mpq_set(q, e4m3.value[code & 0x7F]);
    else
        mpq_set_si(q, 0, 1);
}

static void e8m0_scale(mpq_ptr q, uint32_t code)
{
    mpq_set_si(q, code != 255, 1);
    times_2(q, (int)code - 127);
}

float sf_f16_value(uint16_t code)
{
    mpq_ptr q = take();
    float value;

    f16_scale(q, code);
    value = to_float(q);
    give(1);
    return value;
}

float sf_e4m3_value(uint8_t code)
{
    mpq_ptr q = take();
    float value;

    e4m3_scale(q, code);
    value = to_float(q);
    give(1);
    return code & 0x80 ? -value : value;
}

static int code_of(const grid *g, double x)
{
    mpq_ptr y = take();
    int code;

    mpq_set_d(y, x < 0 ? -x : x);
    code = nearest(g, g->n, y, EVEN, &sf_met.scale_tie, NULL);
    give(1);
    return code;
}

uint16_t sf_to_f16(double x)
{
    int code = code_of(&f16, x);

    return (uint16_t)(code && x < 0 ? code | 0x8000 : code);
}

uint8_t sf_to_e4m3(double x)
{
    int code = code_of(&e4m3, x);

    return (uint8_t)(code && x < 0 ? code | 0x80 : code);
}

float sf_sum(double a, double b)
{
    mpq_ptr q = take(), r = take();
    float sum;

    mpq_set_d(q, a);
    mpq_set_d(r, b);
    mpq_add(q, q, r);
    sum = sum_f32(q);
    give(2);
    return sum;
}

/* ---- Encode ------------------------------------------------------------------------------- */

static bool is(const bcq_format *f, const char *name) { return strcmp(f->kind->name, name) == 0; }

static bool is_integer(const bcq_format *f)
{
    return is(f, "int8") || is(f, "int4") || is(f, "int8-token") || is(f, "vsq") || is(f, "mxint8");
}

/* QMAX; the number of magnitudes less 1 */
static int largest(const bcq_format *f)
{
    if (is(f, "int4") || is(f, "vsq") || is(f, "mxfp4") || is(f, "nvfp4"))
        return 7;
    return is(f, "mx4") ? (1 << f->mantissa_bits) - 1 : is(f, "fp8") ? 126 : 127;
}

static const grid *grid_of(const bcq_format *f)
{
    return is(f, "mxfp4") || is(f, "nvfp4") ? &e2m1 : is(f, "fp8") ? &e4m3 : &integers;
}

/* A sign and the number of a magnitude as the code that format.h names. */
static uint8_t code_with_sign(const bcq_format *f, int magnitude, bool negative)
{
    if (magnitude == 0 || !negative)
        return (uint8_t)magnitude;
    if (is_integer(f))
        return (uint8_t)(256 - magnitude);
    return (uint8_t)(magnitude + (is(f, "mx4") ? 1 << f->mantissa_bits : is(f, "fp8") ? 128 : 8));
}

static bool ties_away(const bcq_format *f)
{
    return (is(f, "mxfp4") || is(f, "mxint8")) && f->rounding == BCQ_ROUND_AWAY;
}

/* |x| / step among the format's magnitudes; step 0: code 0. in_f32: the quotient is rounded first. */
static uint8_t element(const bcq_format *f, float x, mpq_srcptr step, bool in_f32)
{
    mpq_ptr y = take();
    int magnitude = 0;

    if (mpq_sgn(step) != 0) {
        mpq_set_d(y, x);
        mpq_abs(y, y);
        mpq_div(y, y, step);
        if (in_f32)
            round_f32(y);
        magnitude = nearest(grid_of(f), largest(f) + 1, y, ties_away(f) ? AWAY : EVEN, &sf_met.element_tie,
                            &sf_met.saturated);
    }
    give(1);
    return code_with_sign(f, magnitude, x < 0);
}

static void amax_of(mpq_ptr amax, const float *x, int64_t n)
{
    mpq_ptr y = take();

    mpq_set_si(amax, 0, 1);
    for (int64_t i = 0; i < n; i++) {
        mpq_set_d(y, x[i]);
        mpq_abs(y, y);
        if (mpq_cmp(y, amax) > 0)
            mpq_set(amax, y);
    }
    give(1);
}

static void divide_by(mpq_ptr q, long divisor)
{
    mpq_ptr d = take();

    mpq_set_si(d, divisor, 1);
    mpq_div(q, q, d);
    give(1);
}

/* "FP16(amax / divisor)" */
static uint16_t f16_of_amax(const float *x, int64_t n, int divisor)
{
    mpq_ptr amax = take();
    int code;

    amax_of(amax, x, n);
    divide_by(amax, divisor);
    code = nearest(&f16, f16.n, amax, EVEN, &sf_met.scale_tie, NULL);
    give(1);
    return (uint16_t)code;
}

/* The exponents of mxfp4, mxint8 and mx4, from their own words. */
static int group_exponent(const bcq_format *f, mpq_srcptr amax)
{
    int e = -127;

    if (mpq_sgn(amax) == 0)  /* "2^-126 for amax", less 2 and at least -127 for mxfp4 */
        return is(f, "mxint8") ? -126 : e;
    if (is(f, "mxfp4") && f->scale_ceil) {  /* ceil(log2(amax / 6)): the smallest e with 6 * 2^e >= amax */
        mpq_ptr reach = take();
        mpq_set_si(reach, 6, 1);
        for (times_2(reach, e); mpq_cmp(reach, amax) < 0; e++)
            times_2(reach, 1);
        give(1);
        return e;
    }
    e = floor_log2(amax) - (is(f, "mxfp4") ? 2 : 0);
    return e < -127 ? -127 : e;
}

/* One group: stores scale and codes. extra: g of nvfp4, gamma of vsq. */
static void encode_group(const bcq_format *f, mpq_srcptr extra, const float *x, int64_t first, int64_t n,
                         bcq_format_row *row, int64_t group)
{
    mpq_ptr amax = take(), step = take(), y = take();
    int e = 0;

    amax_of(amax, x + first, n);
    mpq_set_si(step, 1, 1);
    if (is(f, "int8") || is(f, "int4")) {
        row->scale[group] = f16_of_amax(x + first, n, largest(f));
        f16_scale(step, row->scale[group]);
    } else if (is(f, "vsq")) {
        row->scale[group] = 0;
        if (mpq_sgn(extra) != 0) {
            mpq_div(y, amax, extra);
            divide_by(y, 7);
            row->scale[group] = (uint32_t)nearest(&integers, 1 << f->scale_bits, y, EVEN, &sf_met.scale_tie, NULL);
        }
        mpq_mul(step, integers.value[row->scale[group]], extra);
    } else if (is(f, "nvfp4")) {
        mpq_set_si(y, 6, 1);
        mpq_mul(y, y, extra);
        round_f32(y);
        mpq_div(y, amax, y);
        round_f32(y);
        row->scale[group] = mpq_sgn(amax) == 0 ? 0x38  /* "a zero block has S = 1.0" */
            : (uint32_t)nearest(&e4m3, e4m3.n, y, EVEN, &sf_met.scale_tie, NULL);
        e4m3_scale(step, row->scale[group]);
        mpq_mul(step, step, extra);
        round_f32(step);
    } else {
        e = group_exponent(f, amax);
        row->scale[group] = (uint32_t)(e + 127);
        times_2(step, e - (is(f, "mxint8") ? 6 : is(f, "mx4") ? f->mantissa_bits - 1 : 0));
    }
    for (int64_t i = first; i < first + n; i++) {
        mpq_set(y, step);
        if (is(f, "mx4")) {
            int64_t pair = i / 2 * 2;
            mpq_ptr pair_amax = take(), power = take();
            amax_of(pair_amax, x + pair, pair + 1 < first + n ? 2 : 1);
            mpq_set_si(power, 1, 1);
            times_2(power, e);
            row->minor[i / 2] = mpq_cmp(pair_amax, power) < 0;
            if (row->minor[i / 2])
                times_2(y, -1);
            give(2);
        }
        row->code[i] = element(f, x[i], y, is(f, "nvfp4"));
    }
    give(3);
}

float sf_tensor_scale(const bcq_format *f, float amax)
{
    mpq_ptr g = take(), least = take();
    float scale;

    mpq_set_d(g, amax);
    mpq_set_si(least, 1, 1);
    times_2(least, -126);
    if (amax == 0 || !(is(f, "nvfp4") || is(f, "fp8"))) {
        mpq_set_si(g, 1, 1);
    } else if (is(f, "nvfp4") && f->tensor_pow2) {
        divide_by(g, 2688);
        while (mpq_cmp(g, least) > 0)
            times_2(least, 1);
        mpq_set(g, least);
    } else {
        divide_by(g, is(f, "nvfp4") ? 2688 : 448);
        round_f32(g);
        if (mpq_cmp(g, least) < 0)
            mpq_set(g, least);
    }
    scale = to_float(g);
    give(2);
    return scale;
}

void sf_encode_given(const bcq_format *f, uint16_t row_scale, const float *x, int64_t k, bcq_format_row *row)
{
    mpq_ptr scale = take();

    row->k = k;
    row->groups = f->group ? (k - 1) / f->group + 1 : 1;
    row->row_scale = row_scale;
    f16_scale(scale, row_scale);
    for (int64_t g = 0; is(f, "vsq") && g < row->groups; g++)
        encode_group(f, scale, x, g * f->group, k - g * f->group < f->group ? k - g * f->group : f->group,
                     row, g);
    for (int64_t i = 0; is(f, "int8-token") && i < k; i++)
        row->code[i] = element(f, x[i], scale, false);
    give(1);
}

void sf_encode(const bcq_format *f, float tensor_scale, const float *x, int64_t k, bcq_format_row *row)
{
    mpq_ptr g = take();

    mpq_set_d(g, tensor_scale);
    if (is(f, "vsq")) {
        sf_encode_given(f, f16_of_amax(x, k, 7 * ((1 << f->scale_bits) - 1)), x, k, row);
    } else if (is(f, "int8-token")) {
        sf_encode_given(f, f16_of_amax(x, k, 127), x, k, row);
    } else {
        row->k = k;
        row->groups = f->group ? (k - 1) / f->group + 1 : 1;
        row->row_scale = 0;
        for (int64_t i = 0; is(f, "fp8") && i < k; i++)
            row->code[i] = element(f, x[i], g, true);
        for (int64_t j = 0; !is(f, "fp8") && j < row->groups; j++)
            encode_group(f, g, x, j * f->group, k - j * f->group < f->group ? k - j * f->group : f->group,
                         row, j);
    }
    give(1);
}

/* ---- Decode ------------------------------------------------------------------------------- */

void sf_decode(const bcq_format *f, float tensor_scale, const bcq_format_row *row, float *x)
{
    mpq_ptr step = take(), g = take(), value = take();

    mpq_set_d(g, tensor_scale);
    for (int64_t i = 0; i < row->k; i++) {
        uint32_t scale = row->scale[f->group ? i / f->group : 0];
        int code = row->code[i], half = 1 << (is(f, "mx4") ? f->mantissa_bits : is(f, "fp8") ? 7 : 3);
        bool negative = is_integer(f) ? code >= 128 : code >= half;
        int magnitude = !negative ? code : is_integer(f) ? 256 - code : code - half;

        if (is(f, "int8") || is(f, "int4"))
            f16_scale(step, scale);
        else if (is(f, "int8-token") || is(f, "vsq"))
            f16_scale(step, row->row_scale);
        else if (is(f, "nvfp4"))
            e4m3_scale(step, scale);
        else if (is(f, "fp8"))
            mpq_set_si(step, 1, 1);
        else
            e8m0_scale(step, scale);
        if (is(f, "vsq"))
            mpq_mul(step, step, integers.value[scale]);
        if (is(f, "mx4"))
            times_2(step, 1 - f->mantissa_bits - row->minor[i / 2]);
        if (is(f, "mxint8"))
            times_2(step, -6);
        if (is(f, "nvfp4") || is(f, "fp8"))
            mpq_mul(step, step, g);
        if (is(f, "nvfp4"))
            round_f32(step);
        mpq_mul(value, step, grid_of(f)->value[magnitude]);
        if (negative)
            mpq_neg(value, value);
        x[i] = value_f32(value);
    }
    give(3);
}

/* ---- Sums --------------------------------------------------------------------------------- */

static long stored_integer(const bcq_format *f, uint8_t code)
{
    static const int twice[] = { 0, 1, 2, 3, 4, 6, 8, 12 };

    if (is_integer(f))
        return code >= 128 ? (long)code - 256 : code;
    return code >= 8 ? -twice[code - 8] : twice[code];
}

/* The scale of a group as a rational. */
static void group_scale(const bcq_format *f, mpq_ptr q, uint32_t code)
{
    if (is(f, "int8"))
        f16_scale(q, code);
    else if (is(f, "vsq"))
        mpq_set_si(q, (long)code, 1);
    else if (is(f, "nvfp4"))
        e4m3_scale(q, code);
    else if (is(f, "mxfp4"))
        e8m0_scale(q, code);
    else
        mpq_set_si(q, 1, 1);  /* int8-token */
}

/* What a column of 64 weights adds, before any rounding. */
static void column_sum(const bcq_format *f, mpq_ptr sum, const bcq_format_row *a, const bcq_format_row *w,
                       int64_t first)
{
    mpq_ptr scale = take(), term = take();
    bool quarters = is(f, "mxfp4") || is(f, "nvfp4");

    mpq_set_si(sum, 0, 1);
    for (int64_t i = first; i < first + 64 && i < a->k; i++) {
        int64_t g = f->group ? i / f->group : 0;
        mpq_set_si(term, stored_integer(f, a->code[i]) * stored_integer(f, w->code[i]), quarters ? 4 : 1);
        mpq_canonicalize(term);
        group_scale(f, scale, a->scale[g]);
        mpq_mul(term, term, scale);
        group_scale(f, scale, w->scale[g]);
        mpq_mul(term, term, scale);
        mpq_add(sum, sum, term);
    }
    give(2);
}

uint32_t sf_dot(const bcq_format *f, const bcq_format_row *a, const bcq_format_row *w)
{
    mpq_ptr sum = take(), total = take();
    bool integer = is(f, "int8-token") || is(f, "vsq");
    uint32_t bits;
    float acc = 0;

    mpq_set_si(total, 0, 1);
    for (int64_t first = 0; first < a->k; first += 64) {
        column_sum(f, sum, a, w, first);
        if (integer)
            mpq_add(total, total, sum);
        else
            acc = sf_sum(acc, sum_f32(sum));
    }
    if (integer) {  /* "taken modulo 2^32" */
        mpz_fdiv_r_2exp(mpq_numref(total), mpq_numref(total), 32);
        bits = (uint32_t)mpz_get_ui(mpq_numref(total));
    } else {
        memcpy(&bits, &acc, sizeof bits);
    }
    give(2);
    return bits;
}

float sf_apply_scales(const bcq_format *f, uint32_t acc, float g_a, const bcq_format_row *a, float g_w,
                      const bcq_format_row *w)
{
    mpq_ptr c = take(), scale = take(), other = take();
    float result;

    memcpy(&result, &acc, sizeof result);
    if (is(f, "int8-token") || is(f, "vsq")) {
        mpq_set_si(c, acc < 0x80000000 ? (long)acc : (long)acc - 0x100000000, 1);
        f16_scale(scale, a->row_scale);
        mpq_mul(c, c, scale);
        f16_scale(scale, w->row_scale);
        mpq_mul(c, c, scale);
    } else {
        mpq_set_d(c, result);
    }
    if (is(f, "nvfp4")) {  /* "FP32(double(acc) * (g_a * g_w))": a double before it is FP32 */
        mpq_set_d(scale, g_a);
        mpq_set_d(other, g_w);
        mpq_mul(scale, scale, other);
        mpq_mul(c, c, scale);
        round_to(c, 53, F64_UNIT);
    }
    round_f32(c);
    result = to_float(c);  /* 2^128 and above: infinity */
    give(3);
    return result;
}
