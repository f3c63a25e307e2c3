#include "second_model.h"

#include <gmp.h>
#include <stdlib.h>

sm_met sm_last;

/* A binary floating-point format with subnormals, infinities and NaN. */
typedef struct {
    int precision;      /* significant bits of a normal number, the hidden one included */
    int exponent_bits;
} format;

static const format f16 = { 11, 5 }, bf16 = { 8, 8 }, f32 = { 24, 8 }, f64 = { 53, 11 };

static mpq_t code_value[256];    /* real value of each E4M3 code; 0 for NaN, as hardware takes it */
static int32_t code_x512[256];   /* the same in units of the smallest, 2^-9 */
static mpq_t q_a, q_b, q_c;      /* work space of the public functions */
static mpz_t z_a, z_b, z_c;
static mpq_t r_abs;              /* work space of the rounding functions */
static mpz_t r_floor, r_rest;

static int emax_of(format f) { return (1 << (f.exponent_bits - 1)) - 1; }

/* q = significand * 2^exponent. Odd significands keep GMP's fractions in lowest terms for free. */
static void set_dyadic(mpq_t q, int64_t significand, int exponent)
{
    while (significand != 0 && significand % 2 == 0) {
        significand /= 2;
        exponent++;
    }
    mpq_set_si(q, significand, 1);
    if (exponent > 0)
        mpz_mul_2exp(mpq_numref(q), mpq_numref(q), (mp_bitcnt_t)exponent);
    else if (significand != 0)
        mpz_mul_2exp(mpq_denref(q), mpq_denref(q), (mp_bitcnt_t)-exponent);
}

static void times_power_of_two(mpq_t q, int exponent)
{
    if (exponent >= 0)
        mpq_mul_2exp(q, q, (mp_bitcnt_t)exponent);
    else
        mpq_div_2exp(q, q, (mp_bitcnt_t)-exponent);
}

typedef enum { FINITE, INFINITE, NOT_A_NUMBER } kind;

/* Reads a bit pattern. q is set for finite ones only. */
static kind read_float(mpq_t q, uint64_t bits, format f, bool *negative)
{
    int stored = f.precision - 1;
    uint64_t fraction = bits % (UINT64_C(1) << stored);
    int field = (int)(bits >> stored) % (1 << f.exponent_bits);
    int64_t significand = (int64_t)fraction;

    *negative = bits >> (stored + f.exponent_bits) & 1;
    if (field == (1 << f.exponent_bits) - 1)
        return fraction ? NOT_A_NUMBER : INFINITE;
    if (field == 0)
        field = 1;               /* subnormal: the exponent of the smallest normal, no hidden bit */
    else
        significand += INT64_C(1) << stored;
    set_dyadic(q, *negative ? -significand : significand, field - emax_of(f) - stored);
    return FINITE;
}

/* The nearest integer to q, the even one of two; sm_last says how far it was. */
static void nearest_integer(mpz_t n, const mpq_t q)
{
    int side;

    mpz_fdiv_qr(r_floor, r_rest, mpq_numref(q), mpq_denref(q));
    if (mpz_sgn(r_rest) == 0) {
        sm_last = SM_EXACT;
        mpz_set(n, r_floor);
        return;
    }
    mpz_mul_2exp(r_rest, r_rest, 1);
    side = mpz_cmp(r_rest, mpq_denref(q));
    sm_last = side < 0 ? SM_BELOW_HALF : side > 0 ? SM_ABOVE_HALF : SM_TIE;
    if (side > 0 || (side == 0 && mpz_odd_p(r_floor)))
        mpz_add_ui(n, r_floor, 1);
    else
        mpz_set(n, r_floor);
}

/* The bit pattern of the number of format f nearest to q, the even one of two; too large a q gives
 * infinity. The sign is a parameter because q cannot say "-0". */
static uint64_t round_float(const mpq_t q, bool negative, format f)
{
    int emin = 1 - emax_of(f), exponent, unit;
    uint64_t sign = (uint64_t)negative << (f.precision - 1 + f.exponent_bits);
    uint64_t infinity = ((UINT64_C(1) << f.exponent_bits) - 1) << (f.precision - 1);
    uint64_t significand, hidden = UINT64_C(1) << (f.precision - 1);

    sm_last = SM_EXACT;
    if (mpq_sgn(q) == 0)
        return sign;
    mpq_abs(r_abs, q);

    /* exponent = floor(log2(|q|)): the bit lengths give it or one too many. */
    exponent = (int)mpz_sizeinbase(mpq_numref(r_abs), 2)
             - (int)mpz_sizeinbase(mpq_denref(r_abs), 2);
    if (exponent >= 0) {
        mpz_mul_2exp(z_c, mpq_denref(r_abs), (mp_bitcnt_t)exponent);
        if (mpz_cmp(mpq_numref(r_abs), z_c) < 0)
            exponent--;
    } else {
        mpz_mul_2exp(z_c, mpq_numref(r_abs), (mp_bitcnt_t)-exponent);
        if (mpz_cmp(z_c, mpq_denref(r_abs)) < 0)
            exponent--;
    }
    if (exponent > emax_of(f) + 1)
        return sign | infinity;

    /* Numbers near q are the multiples of 2^unit; below the smallest normal the grid stays. */
    unit = (exponent > emin ? exponent : emin) - (f.precision - 1);
    times_power_of_two(r_abs, -unit);
    nearest_integer(z_c, r_abs);
    significand = mpz_get_ui(z_c);
    if (significand == 2 * hidden) {
        significand = hidden;
        unit++;
    }
    if (significand < hidden)
        return sign | significand;
    if (unit + f.precision - 1 > emax_of(f))
        return sign | infinity;
    return sign | (uint64_t)(unit + f.precision - 1 + emax_of(f)) << (f.precision - 1)
         | (significand - hidden);
}

/* A finite FP32 pattern as a rational. */
static void read_f32(mpq_t q, uint32_t bits)
{
    bool negative;

    if (read_float(q, bits, f32, &negative) != FINITE)
        abort();                 /* the contract lets none get this far: the test is wrong */
}

static uint32_t round_f32(const mpq_t q) { return (uint32_t)round_float(q, mpq_sgn(q) < 0, f32); }

static void read_scale(int code)
{
    int field = code / 8 % 16, mantissa = code % 8;

    mpq_init(code_value[code]);
    if (field == 15 && mantissa == 7)
        return;
    if (field == 0)
        set_dyadic(code_value[code], mantissa, 1 - 7 - 3);
    else
        set_dyadic(code_value[code], 8 + mantissa, field - 7 - 3);
    if (code >= 128)
        mpq_neg(code_value[code], code_value[code]);
    mpq_mul_2exp(q_a, code_value[code], 9);
    code_x512[code] = (int32_t)mpz_get_si(mpq_numref(q_a));
}

void sm_open(void)
{
    mpq_inits(q_a, q_b, q_c, r_abs, NULL);
    mpz_inits(z_a, z_b, z_c, r_floor, r_rest, NULL);
    for (int code = 0; code < 256; code++)
        read_scale(code);
}

void sm_close(void)
{
    for (int code = 0; code < 256; code++)
        mpq_clear(code_value[code]);
    mpq_clears(q_a, q_b, q_c, r_abs, NULL);
    mpz_clears(z_a, z_b, z_c, r_floor, r_rest, NULL);
}

/* ---- Sections 1 and 2 ---- */

static bool is_one_of(int value, const int *list, int n)
{
    for (int i = 0; i < n; i++)
        if (list[i] == value)
            return true;
    return false;
}

bool sm_params_ok(const bcq_params *p)
{
    static const int la[] = { 16, 32, 64, 128 }, lb[] = { 2, 4, 8 }, nc[] = { 1, 2, 4, 8, 16 },
                     b[] = { 2, 3, 4 }, ew[] = { 4, 5, 6, 7, 8 };

    return is_one_of(p->la, la, 4) && is_one_of(p->lb, lb, 3) && is_one_of(p->nc, nc, 5)
        && is_one_of(p->index_bits, b, 3) && is_one_of(p->entry_bits, ew, 5);
}

int sm_entries(const bcq_params *p)
{
    static const int n[] = { 1, 2, 4, 8, 16 };

    return n[p->index_bits];
}

int sm_cmax(const bcq_params *p)
{
    static const int cmax[] = { 0, 0, 1, 3, 7, 15, 31, 63, 127 };

    return cmax[p->entry_bits];
}

int sm_selector_bits(const bcq_params *p)
{
    int bits = 0;

    for (int n = p->nc; n > 1; n /= 2)
        bits++;
    return bits;
}

bool sm_codebooks_ok(const bcq_codebooks *cb)
{
    if (!sm_params_ok(&cb->p))
        return false;
    for (int c = 0; c < cb->p.nc; c++)
        for (int k = 0; k < sm_entries(&cb->p); k++) {
            if (abs(cb->entry[c][k]) > sm_cmax(&cb->p))
                return false;
            if (k > 0 && cb->entry[c][k - 1] > cb->entry[c][k])
                return false;
        }
    return true;
}

bool sm_codebooks_have_zero(const bcq_codebooks *cb)
{
    for (int c = 0; c < cb->p.nc; c++) {
        bool found = false;
        for (int k = 0; k < sm_entries(&cb->p); k++)
            found = found || cb->entry[c][k] == 0;
        if (!found)
            return false;
    }
    return true;
}

bool sm_effective_bits_is(const bcq_params *p, uint64_t f64_bits)
{
    bool negative;

    mpq_set_si(q_a, 8, (unsigned long)p->la);
    mpq_canonicalize(q_a);
    mpq_set_si(q_b, sm_selector_bits(p), (unsigned long)p->lb);
    mpq_canonicalize(q_b);
    mpq_add(q_a, q_a, q_b);
    mpq_set_si(q_b, p->index_bits, 1);
    mpq_add(q_a, q_a, q_b);
    return read_float(q_b, f64_bits, f64, &negative) == FINITE && mpq_equal(q_a, q_b);
}

/* ---- Section 3 ---- */

static uint64_t convert(uint64_t bits, format from, format to)
{
    bool negative;
    uint64_t infinity = ((UINT64_C(1) << to.exponent_bits) - 1) << (to.precision - 1);

    switch (read_float(q_a, bits, from, &negative)) {
    case NOT_A_NUMBER:
        return infinity | UINT64_C(1) << (to.precision - 2);
    case INFINITE:
        return infinity | (uint64_t)negative << (to.precision - 1 + to.exponent_bits);
    default:
        return round_float(q_a, negative, to);
    }
}

uint32_t sm_f16_to_f32(uint16_t bits) { return (uint32_t)convert(bits, f16, f32); }
uint32_t sm_bf16_to_f32(uint16_t bits) { return (uint32_t)convert(bits, bf16, f32); }
uint32_t sm_f64_to_f32(uint64_t bits) { return (uint32_t)convert(bits, f64, f32); }
uint16_t sm_f32_to_bf16(uint32_t bits) { return (uint16_t)convert(bits, f32, bf16); }

/* Zero and all that is smaller than the smallest normal, 2^-126, become +0. */
static uint32_t flush(uint32_t bits)
{
    read_f32(q_a, bits);
    mpq_abs(q_a, q_a);
    set_dyadic(q_b, 1, -126);
    return mpq_cmp(q_a, q_b) < 0 ? 0 : bits;
}

bool sm_condition(uint32_t bits, bool to_bf16, uint32_t *out)
{
    bool negative;

    if (to_bf16)
        bits = sm_bf16_to_f32(sm_f32_to_bf16(bits));
    if (read_float(q_a, bits, f32, &negative) != FINITE)
        return false;
    *out = flush(bits);
    return true;
}

bool sm_tensor_exponent(uint32_t amax, const bcq_params *p, int *exponent)
{
    read_f32(q_a, amax);
    if (mpq_sgn(q_a) == 0) {
        *exponent = 0;
        return true;
    }
    set_dyadic(q_b, 448 * sm_cmax(p), -100);
    for (int e = -100; e <= 100; e++) {
        if (mpq_cmp(q_a, q_b) <= 0) {
            *exponent = e;
            return true;
        }
        mpq_mul_2exp(q_b, q_b, 1);
    }
    return false;
}

/* ---- Section 4 ---- */

int32_t sm_scale_x512(uint8_t code) { return code_x512[code]; }

/* The quotient against every code: the smallest distance wins, the even code of two. (The low bit
 * of a code is the low bit of its mantissa.) Above 448 nothing is nearer than 448. */
uint8_t sm_scale_encode(uint32_t amax, int exponent, const bcq_params *p)
{
    int best = 0;

    read_f32(q_a, amax);
    set_dyadic(q_b, sm_cmax(p), exponent);
    mpq_div(q_a, q_a, q_b);

    /* All distances share one denominator, 512 * den: compare |512*num - code*den|. */
    mpz_mul_2exp(z_a, mpq_numref(q_a), 9);
    sm_last = SM_EXACT;
    for (int code = 0; code <= 0x7E; code++) {
        mpz_mul_si(z_c, mpq_denref(q_a), code_x512[code]);
        mpz_sub(z_c, z_a, z_c);
        if (code > 0) {
            int order = mpz_cmpabs(z_c, z_b);
            if (order > 0)
                continue;
            sm_last = order == 0 ? SM_TIE : SM_BELOW_HALF;
            if (order == 0 && code % 2 != 0)
                continue;
        }
        best = code;
        mpz_set(z_b, z_c);
    }
    return (uint8_t)best;
}

/* ---- Sections 5 and 6 ---- */

int32_t sm_normalise_x16(uint32_t x, uint8_t scale, int exponent, const bcq_params *p)
{
    int limit = 16 * sm_cmax(p);

    sm_last = SM_EXACT;
    if (mpq_sgn(code_value[scale]) == 0)
        return 0;
    read_f32(q_a, x);
    mpq_set_si(q_b, 16, 1);
    mpq_mul(q_a, q_a, q_b);
    mpq_div(q_a, q_a, code_value[scale]);
    times_power_of_two(q_a, -exponent);
    nearest_integer(z_a, q_a);
    if (mpz_cmp_si(z_a, limit) > 0)
        return limit;
    if (mpz_cmp_si(z_a, -limit) < 0)
        return -limit;
    return (int32_t)mpz_get_si(z_a);
}

/* The nearest entry by distance; of two different ones equally near, the lower. Where the entry
 * stands more than once, the count of the contract decides between its places: the thresholds
 * between equal entries v are all at 16*v, so it stops at the first place if Y <= 16*v and passes
 * to the last one if Y > 16*v. */
int sm_index(int32_t y_x16, const int8_t *entry, const bcq_params *p)
{
    int n = sm_entries(p), nearest = entry[0], smallest = abs(y_x16 - 16 * nearest);
    int first = -1, last = -1;

    sm_last = SM_EXACT;
    for (int k = 1; k < n; k++) {
        int distance = abs(y_x16 - 16 * entry[k]);
        if (distance == smallest && entry[k] != nearest)
            sm_last = SM_TIE;
        if (distance < smallest || (distance == smallest && entry[k] < nearest)) {
            sm_last = distance < smallest ? SM_EXACT : sm_last;
            smallest = distance;
            nearest = entry[k];
        }
    }
    for (int k = 0; k < n; k++)
        if (entry[k] == nearest) {
            first = first < 0 ? k : first;
            last = k;
        }
    return y_x16 > 16 * nearest ? last : first;
}

int64_t sm_block_error(const int32_t *y_x16, const int8_t *entry, const bcq_params *p,
                       uint8_t *index)
{
    int64_t sum = 0;

    for (int i = 0; i < p->lb; i++) {
        index[i] = (uint8_t)sm_index(y_x16[i], entry, p);
        int64_t d = (int64_t)y_x16[i] - INT64_C(16) * entry[index[i]];
        sum += d * d;
    }
    return sum;
}

/* From the last codebook to the first, so that the lowest of equals is the one that stays. */
int sm_select(const int32_t *y_x16, const bcq_codebooks *cb, uint8_t *index)
{
    int best = cb->p.nc - 1;
    sm_met met = SM_EXACT;
    int64_t smallest = sm_block_error(y_x16, cb->entry[best], &cb->p, index);

    for (int c = cb->p.nc - 2; c >= 0; c--) {
        int64_t error = sm_block_error(y_x16, cb->entry[c], &cb->p, index);
        if (error > smallest)
            continue;
        met = error == smallest ? SM_TIE : SM_EXACT;
        smallest = error;
        best = c;
    }
    sm_block_error(y_x16, cb->entry[best], &cb->p, index);
    sm_last = met;
    return best;
}

void sm_encode_array_scaled(const uint32_t *x, uint8_t scale, int exponent,
                            const bcq_codebooks *cb, bcq_array *out)
{
    int32_t y[BCQ_LB_MAX];

    out->scale = scale;
    for (int i = 0; i < cb->p.la; i++) {
        int place = i % cb->p.lb, block = i / cb->p.lb;
        y[place] = sm_normalise_x16(x[i], scale, exponent, &cb->p);
        if (place == cb->p.lb - 1)
            out->selector[block] = (uint8_t)sm_select(y, cb, &out->index[block * cb->p.lb]);
    }
}

void sm_encode_array(const uint32_t *x, int exponent, const bcq_codebooks *cb, bcq_array *out)
{
    uint32_t amax = 0;

    mpq_set_si(q_c, 0, 1);
    for (int i = 0; i < cb->p.la; i++) {
        read_f32(q_a, x[i]);
        mpq_abs(q_a, q_a);
        if (mpq_cmp(q_a, q_c) > 0)
            mpq_set(q_c, q_a);
    }
    amax = round_f32(q_c);
    sm_encode_array_scaled(x, sm_scale_encode(amax, exponent, &cb->p), exponent, cb, out);
}

uint32_t sm_online_bf16(uint16_t bits, bool *sticky)
{
    bool negative;

    switch (read_float(q_a, bits, bf16, &negative)) {
    case NOT_A_NUMBER:
        *sticky = true;
        return 0;
    case INFINITE:
        /* The largest finite BF16 has 8 significant bits, all ones. */
        *sticky = true;
        set_dyadic(q_a, negative ? -255 : 255, 127 - 7);
        return round_f32(q_a);
    default:
        return flush(sm_bf16_to_f32(bits));
    }
}

/* ---- Section 7 ---- */

void sm_decode_entries(const bcq_array *a, const bcq_codebooks *cb, int8_t *entry)
{
    for (int i = 0; i < cb->p.la; i++)
        entry[i] = cb->entry[a->selector[i / cb->p.lb]][a->index[i]];
}

uint32_t sm_decode_value(int entry, uint8_t scale, int exponent)
{
    uint32_t bits;

    mpq_set_si(q_a, entry, 1);
    mpq_mul(q_a, q_a, code_value[scale]);
    times_power_of_two(q_a, exponent);
    bits = round_f32(q_a);
    if (sm_last != SM_EXACT)
        abort();                 /* "always a normal FP32 or zero" */
    return bits;
}

/* ---- Section 8 ---- */

int32_t sm_psum(const int8_t *a, const int8_t *w, int la)
{
    mpz_set_si(z_a, 0);
    for (int i = 0; i < la; i++) {
        mpz_set_si(z_b, a[i]);
        mpz_mul_si(z_b, z_b, w[i]);
        mpz_add(z_a, z_a, z_b);
    }
    return (int32_t)mpz_get_si(z_a);
}

/* q = p_j * t_a * t_w */
static void product(mpq_t q, int32_t psum, uint8_t scale_a, uint8_t scale_w)
{
    mpq_mul(q, code_value[scale_a], code_value[scale_w]);
    mpq_set_si(q_c, psum, 1);
    mpq_mul(q, q, q_c);
}

uint32_t sm_accumulate_fp32(uint32_t acc, int32_t psum, uint8_t scale_a, uint8_t scale_w)
{
    product(q_a, psum, scale_a, scale_w);
    read_f32(q_b, acc);
    mpq_add(q_a, q_a, q_b);
    return round_f32(q_a);
}

uint32_t sm_multiply_then_add(uint32_t acc, int32_t psum, uint8_t scale_a, uint8_t scale_w)
{
    product(q_a, psum, scale_a, scale_w);
    read_f32(q_a, round_f32(q_a));
    read_f32(q_b, acc);
    mpq_add(q_a, q_a, q_b);
    return round_f32(q_a);
}

int64_t sm_accumulate_exact(int64_t acc, int32_t psum, uint8_t scale_a, uint8_t scale_w)
{
    product(q_a, psum, scale_a, scale_w);
    mpq_mul_2exp(q_a, q_a, 18);
    if (mpz_cmp_ui(mpq_denref(q_a), 1) != 0)
        abort();                 /* an LSB of 2^-18 holds every product */
    mpz_set_si(z_a, acc);
    mpz_add(z_a, z_a, mpq_numref(q_a));

    /* Into [-2^63, 2^63) by the multiple of 2^64 that does it. */
    mpz_set_ui(z_b, 1);
    mpz_mul_2exp(z_b, z_b, 63);
    mpz_add(z_a, z_a, z_b);
    mpz_fdiv_r_2exp(z_a, z_a, 64);
    mpz_sub(z_a, z_a, z_b);
    return mpz_get_si(z_a);
}

uint32_t sm_exact_to_f32(int64_t acc)
{
    mpq_set_si(q_a, acc, 1);
    mpq_div_2exp(q_a, q_a, 18);
    return round_f32(q_a);
}

bool sm_exact_fits(int64_t k, int cmax_a, int cmax_w)
{
    mpz_set_si(z_a, k);
    mpz_mul_si(z_a, z_a, cmax_a);
    mpz_mul_si(z_a, z_a, cmax_w);
    mpz_mul_si(z_a, z_a, 448 * 448);
    mpz_mul_2exp(z_a, z_a, 18);
    mpz_set_ui(z_b, 1);
    mpz_mul_2exp(z_b, z_b, 63);
    return mpz_cmp(z_a, z_b) < 0;
}

uint32_t sm_apply_exponent(uint32_t acc, int exponent_sum)
{
    uint32_t bits;

    read_f32(q_a, acc);
    times_power_of_two(q_a, exponent_sum);
    bits = round_f32(q_a);
    return bits == UINT32_C(0x80000000) ? 0 : bits;  /* "is or underflows to zero is +0" */
}

uint32_t sm_f32_from(int64_t numerator, int64_t denominator, int exponent)
{
    mpq_set_si(q_a, numerator, 1);
    mpq_set_si(q_b, denominator, 1);
    mpq_div(q_a, q_a, q_b);
    times_power_of_two(q_a, exponent);
    return round_f32(q_a);
}
