/* Compares every function of bcq_model.h with the second model (second_model.h), to the bit:
 *
 *     test_golden [-seed S] [-blocks N]
 *
 * First the directed and exhaustive cases, then N random blocks. Each kind of case is a class with
 * a count. A class is counted when the second model says that the case is what it was made for (a
 * tie that was a tie), and a class without a case fails. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bcq_model.h"
#include "second_model.h"

#define CLASSES(X) \
    X(PARAMS_ACCEPT, "parameters accepted") \
    X(PARAMS_REFUSE, "parameters refused") \
    X(DERIVED, "entries, CMAX, selector bits, effective bits") \
    X(CODEBOOKS_ACCEPT, "codebooks accepted") \
    X(CODEBOOKS_REFUSE, "codebooks refused") \
    X(HAVE_ZERO, "codebooks with and without a zero") \
    X(F16, "F16 to FP32, every pattern") \
    X(BF16, "BF16 to FP32, every pattern") \
    X(F64_TIE, "F64 to FP32, tie") \
    X(F64_NEAR, "F64 to FP32, one F64 ulp beside a tie") \
    X(F64_SUBNORMAL, "F64 to FP32, subnormal result") \
    X(F64_RANDOM, "F64 to FP32, random, extremes") \
    X(TO_BF16_TIE, "FP32 to BF16, tie") \
    X(TO_BF16_REST, "FP32 to BF16, no tie") \
    X(TO_BF16_OVERFLOW, "FP32 to BF16, finite to infinity") \
    X(TO_BF16_NAN, "FP32 to BF16, NaN and infinity") \
    X(CONDITION_KEPT, "conditioned") \
    X(CONDITION_FLUSHED, "conditioned, to zero") \
    X(CONDITION_REFUSED, "conditioned, refused") \
    X(ONLINE, "on-line BF16, every pattern") \
    X(ONLINE_STICKY, "on-line BF16, NaN and infinity") \
    X(EXPONENT, "tensor exponent, limit and beside it") \
    X(EXPONENT_REFUSED, "tensor exponent refused") \
    X(SCALE_CODE, "value of every scale code") \
    X(SCALE_TIE, "scale, tie") \
    X(SCALE_NEAR, "scale, one ulp beside a tie") \
    X(SCALE_EXACT, "scale, at a code and one ulp beside it") \
    X(SCALE_SATURATED, "scale, above 448 and extremes") \
    X(Y_TIE, "normalised value, tie") \
    X(Y_NEAR, "normalised value, one ulp beside a tie") \
    X(Y_SATURATED, "normalised value, saturated and extremes") \
    X(Y_NO_SCALE, "normalised value, scale zero or NaN") \
    X(INDEX, "index, every Y") \
    X(INDEX_TIE, "index, tie") \
    X(INDEX_EQUAL, "index, between equal entries") \
    X(SELECT_TIE, "selector, tie of different codebooks") \
    X(SELECT_SAME, "selector, tie of equal codebooks") \
    X(DECODE, "decoded value, every entry and scale") \
    X(PSUM, "psum, extremes") \
    X(FMA_PAIR, "fma, every pair of scales") \
    X(FMA_DISTANCE, "fma, every alignment distance") \
    X(FMA_TIE, "fma, tie") \
    X(FMA_STICKY, "fma, a little beside a tie") \
    X(FMA_CANCEL, "fma, cancels to zero") \
    X(FMA_RESIDUE, "fma, cancels to a residue") \
    X(FMA_ONCE, "fma, two roundings would differ") \
    X(EXACT_ADD, "exact accumulator, extremes") \
    X(EXACT_WRAP, "exact accumulator, wraps") \
    X(EXACT_TIE, "exact accumulator to FP32, tie") \
    X(EXACT_REST, "exact accumulator to FP32, no tie") \
    X(EXACT_FITS, "exact accumulator, K allowed") \
    X(EXACT_REFUSED, "exact accumulator, K refused") \
    X(APPLY_NORMAL, "result exponent, normal") \
    X(APPLY_SUBNORMAL, "result exponent, subnormal") \
    X(APPLY_TIE, "result exponent, subnormal tie") \
    X(APPLY_ZERO, "result exponent, +x to zero") \
    X(APPLY_MINUS_ZERO, "result exponent, -x to zero") \
    X(APPLY_INFINITY, "result exponent, infinity") \
    X(RESCALED, "9.2: encoded again, same scale") \
    X(EXAMPLE, "9.2: the example of the contract") \
    X(PADDING, "9.3: padding") \
    X(RANDOM_BLOCK, "random: blocks") \
    X(RANDOM_BLOCK_ERROR, "random: block errors") \
    X(RANDOM_NC1, "random: blocks, NC 1") \
    X(RANDOM_NC2, "random: blocks, NC 2") \
    X(RANDOM_NC4, "random: blocks, NC 4") \
    X(RANDOM_NC8, "random: blocks, NC 8") \
    X(RANDOM_NC16, "random: blocks, NC 16") \
    X(RANDOM_ARRAY, "random: arrays") \
    X(RANDOM_SCALE_ZERO, "random: arrays, scale 0") \
    X(RANDOM_SCALE_MAX, "random: arrays, scale saturated") \
    X(RANDOM_GIVEN, "random: arrays, any scale given") \
    X(RANDOM_Y, "random: normalised values") \
    X(RANDOM_Y_TIE, "random: normalised values, tie") \
    X(RANDOM_DECODE, "random: decoded values") \
    X(RANDOM_EXPONENT, "random: tensor exponents") \
    X(RANDOM_PSUM, "random: psums") \
    X(RANDOM_FMA, "random: fma") \
    X(RANDOM_EXACT, "random: exact accumulations") \
    X(RANDOM_RESULT, "random: results") \
    X(GAUSSIAN, "random: arrays, Gaussian") \
    X(BITS, "random: arrays, uniform bits") \
    X(TIES, "random: arrays, ties on purpose") \
    X(ZEROS, "random: arrays, zeros") \
    X(GIANT, "random: arrays, one giant among tiny") \
    X(BEYOND, "random: arrays, beyond the exponent") \
    X(FROM_BF16, "random: arrays, BF16 patterns") \
    X(SUBNORMALS, "random: arrays, subnormals") \
    X(WIDE, "random: arrays, wide range")

#define X(id, text) id,
enum class { CLASSES(X) CLASS_COUNT };
#undef X

static struct { const char *name; uint64_t cases, failed; } classes[CLASS_COUNT] = {
#define X(id, text) [id] = { text, 0, 0 },
    CLASSES(X)
#undef X
};

static uint64_t seed = 1;

static void expect(enum class c, bool ok, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void expect(enum class c, bool ok, const char *format, ...)
{
    enum { SHOWN = 5 };
    va_list arguments;

    classes[c].cases++;
    if (ok || classes[c].failed++ >= SHOWN)
        return;
    printf("FAIL seed %" PRIu64 ": %s: ", seed, classes[c].name);
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    putchar('\n');
}

/* got and want are integers: codes, indices or float bit patterns. */
#define EXPECT_EQUAL(c, got, want, ...) \
    expect_equal(c, (int64_t)(got), (int64_t)(want), __VA_ARGS__)

static void expect_equal(enum class c, int64_t got, int64_t want, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

static void expect_equal(enum class c, int64_t got, int64_t want, const char *format, ...)
{
    char text[200];
    va_list arguments;

    if (got == want) {
        expect(c, true, " ");
        return;
    }
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    expect(c, false, "%s: wanted %" PRId64 " (0x%" PRIx64 "), got %" PRId64 " (0x%" PRIx64 ")",
           text, want, (uint64_t)want, got, (uint64_t)got);
}

static float f32(uint32_t bits)
{
    float x;

    memcpy(&x, &bits, sizeof x);
    return x;
}

static double f64(uint64_t bits)
{
    double x;

    memcpy(&x, &bits, sizeof x);
    return x;
}

static uint32_t bits32(float x)
{
    uint32_t bits;

    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static uint64_t bits64(double x)
{
    uint64_t bits;

    memcpy(&bits, &x, sizeof bits);
    return bits;
}

/* The contract says nothing of a NaN's sign and payload: all compare as SM_F32_NAN. */
static uint32_t bits_or_nan(float x)
{
    uint32_t bits = bits32(x);

    return (bits & 0x7FFFFFFF) > SM_F32_INFINITY ? (uint32_t)SM_F32_NAN : bits;
}

/* splitmix64 */
static uint64_t dice(void)
{
    static uint64_t state;
    static bool started;
    uint64_t z;

    if (!started) {
        state = seed;
        started = true;
    }
    z = state += UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return z ^ z >> 31;
}

static int range(int low, int high)
{
    return low + (int)(dice() % (uint64_t)(high - low + 1));
}

static int clamp(int x, int low, int high) { return x < low ? low : x > high ? high : x; }

static bcq_params random_params(void)
{
    return (bcq_params){ .la = 16 << range(0, 3), .lb = 2 << range(0, 2), .nc = 1 << range(0, 4),
                         .index_bits = range(BCQ_B_MIN, BCQ_B_MAX),
                         .entry_bits = range(BCQ_EW_MIN, BCQ_EW_MAX) };
}

static int compare_entries(const void *a, const void *b)
{
    return *(const int8_t *)a - *(const int8_t *)b;
}

/* Codebooks of every legal sort: with and without a zero, with equal entries, all equal, and equal
 * or mirrored to the one before, which makes ties. What is not in use is filled with dice. */
static void random_codebooks(bcq_codebooks *cb)
{
    int n = sm_entries(&cb->p), cmax = sm_cmax(&cb->p);
    bool zeros = range(0, 1);

    for (int c = 0; c < BCQ_NC_MAX; c++)
        for (int k = 0; k < BCQ_ENTRIES_MAX; k++)
            cb->entry[c][k] = (int8_t)dice();
    for (int c = 0; c < cb->p.nc; c++) {
        int8_t *entry = cb->entry[c];
        int sort = range(0, 9), pool = range(1, 4);

        for (int k = 0; k < n; k++)
            entry[k] = (int8_t)range(-cmax, cmax);
        if (sort == 0)
            for (int k = pool; k < n; k++)
                entry[k] = entry[k % pool];
        if (sort == 1) {
            entry[0] = (int8_t)-cmax;
            entry[1] = (int8_t)cmax;
        }
        if (sort == 2 && c > 0)
            memcpy(entry, cb->entry[c - 1], (size_t)n);
        if (sort == 3 && c > 0)
            for (int k = 0; k < n; k++)
                entry[k] = (int8_t)-cb->entry[c - 1][k];
        if (zeros && sort != 2 && sort != 3)
            entry[0] = 0;
        qsort(entry, (size_t)n, 1, compare_entries);
    }
}

/* ---- Sections 1 and 2 ---- */

static void test_params(void)
{
    for (int la = -1; la <= 257; la++)
        for (int lb = -1; lb <= 17; lb++)
            for (int nc = -1; nc <= 33; nc++)
                for (int b = -1; b <= 6; b++) {
                    /* All widths where the rest is right, else a few. */
                    bcq_params p = { la, lb, nc, b, 6 };
                    int step = sm_params_ok(&p) ? 1 : 5;
                    for (p.entry_bits = -1; p.entry_bits <= 34; p.entry_bits += step) {
                        bool ok = sm_params_ok(&p);
                        expect(ok ? PARAMS_ACCEPT : PARAMS_REFUSE,
                               (bcq_params_check(&p) == NULL) == ok,
                               "la %d lb %d nc %d b %d ew %d: wanted %s", la, lb, nc, b,
                               p.entry_bits, ok ? "accepted" : "refused");
                        if (!ok)
                            continue;
                        EXPECT_EQUAL(DERIVED, bcq_entries(&p), sm_entries(&p), "b %d", b);
                        EXPECT_EQUAL(DERIVED, bcq_cmax(&p), sm_cmax(&p), "ew %d", p.entry_bits);
                        EXPECT_EQUAL(DERIVED, bcq_selector_bits(&p), sm_selector_bits(&p), "nc %d",
                                     nc);
                        expect(DERIVED, sm_effective_bits_is(&p, bits64(bcq_effective_bits(&p))),
                               "effective bits: la %d lb %d nc %d b %d", la, lb, nc, b);
                    }
                }
}

static void check_codebooks(const bcq_codebooks *cb)
{
    bool ok = sm_codebooks_ok(cb);

    expect(ok ? CODEBOOKS_ACCEPT : CODEBOOKS_REFUSE, (bcq_codebooks_check(cb) == NULL) == ok,
           "nc %d b %d ew %d: wanted %s", cb->p.nc, cb->p.index_bits, cb->p.entry_bits,
           ok ? "accepted" : "refused");
    if (ok)
        EXPECT_EQUAL(HAVE_ZERO, bcq_codebooks_have_zero(cb), sm_codebooks_have_zero(cb),
                     "nc %d b %d", cb->p.nc, cb->p.index_bits);
}

static void test_codebooks(void)
{
    for (int round = 0; round < 2000; round++) {
        bcq_codebooks cb = { .p = random_params() }, bad;
        int c, n, cmax, k;

        random_codebooks(&cb);
        check_codebooks(&cb);
        c = range(0, cb.p.nc - 1);
        n = sm_entries(&cb.p);
        cmax = sm_cmax(&cb.p);
        bad = cb;
        bad.entry[c][0] = (int8_t)(-cmax - 1);  /* the value that two's complement has and we not */
        check_codebooks(&bad);
        if (cmax < 127) {
            bad = cb;
            bad.entry[c][n - 1] = (int8_t)(cmax + 1);
            check_codebooks(&bad);
        }
        bad = cb;
        k = range(0, n - 2);
        bad.entry[c][k] = (int8_t)cmax;         /* legal only if all above are CMAX as well */
        bad.entry[c][k + 1] = (int8_t)range(-cmax, cmax);
        check_codebooks(&bad);
        bad = cb;
        bad.p.nc = 3;
        check_codebooks(&bad);
    }
}

/* ---- Section 3 ---- */

static void test_conversions(void)
{
    static const uint16_t low[] = { 0, 1, 0x7FFF, 0x8000, 0x8001, 0xFFFF };

    for (uint32_t i = 0; i < 65536; i++) {
        uint16_t pattern = (uint16_t)i;
        uint32_t want = sm_online_bf16(pattern, &(bool){ false });
        bool odd = (i & 0x7FFF) >= 0x7F80;

        EXPECT_EQUAL(F16, bits_or_nan(bcq_f16_to_f32(pattern)), sm_f16_to_f32(pattern),
                     "0x%04x", i);
        EXPECT_EQUAL(BF16, bits_or_nan(bcq_bf16_to_f32(pattern)), sm_bf16_to_f32(pattern),
                     "0x%04x", i);

        /* The flag is set by NaN and infinity and cleared by nothing. */
        for (int before = 0; before < 2; before++) {
            bool sticky = before;
            enum class c = odd ? ONLINE_STICKY : ONLINE;
            EXPECT_EQUAL(c, bits32(bcq_online_bf16(pattern, &sticky)), want, "0x%04x", i);
            EXPECT_EQUAL(c, sticky, before || odd, "flag: 0x%04x, before %d", i, before);
        }

        for (int l = 0; l < 6; l++) {
            uint32_t x = i << 16 | low[l], want_x = 0;
            uint16_t got, want16 = sm_f32_to_bf16(x);
            bool finite = (x & 0x7FFFFFFF) < SM_F32_INFINITY;
            enum class c = !finite ? TO_BF16_NAN : (want16 & 0x7FFF) == 0x7F80 ? TO_BF16_OVERFLOW
                         : sm_last == SM_TIE ? TO_BF16_TIE : TO_BF16_REST;

            got = bcq_f32_to_bf16(f32(x));
            if ((want16 & 0x7FFF) > 0x7F80) {
                expect(c, (got & 0x7FC0) == 0x7FC0, "0x%08x: wanted a quiet NaN, got 0x%04x", x,
                       got);
            } else {
                EXPECT_EQUAL(c, got, want16, "0x%08x", x);
            }
            for (int bf16 = 0; bf16 < 2; bf16++) {
                float out = -1.0f;
                bool ok = sm_condition(x, bf16, &want_x);
                c = !ok ? CONDITION_REFUSED : want_x == 0 ? CONDITION_FLUSHED : CONDITION_KEPT;
                EXPECT_EQUAL(c, bcq_condition(f32(x), bf16, &out), ok, "0x%08x bf16 %d", x, bf16);
                EXPECT_EQUAL(c, bits32(out), ok ? want_x : bits32(-1.0f), "0x%08x bf16 %d", x,
                             bf16);
            }
        }
    }
}

static void check_f64(enum class c, uint64_t x)
{
    uint32_t want = sm_f64_to_f32(x);

    if (c == F64_TIE)
        expect(c, sm_last == SM_TIE, "0x%016" PRIx64 " is no tie", x);
    EXPECT_EQUAL(c, bits_or_nan(bcq_f64_to_f32(f64(x))), want, "0x%016" PRIx64, x);
}

static void test_f64(void)
{
    static const uint64_t extremes[] = {
        0, UINT64_C(1) << 63, 1, UINT64_C(0x000FFFFFFFFFFFFF), UINT64_C(0x0010000000000000),
        UINT64_C(0x7FEFFFFFFFFFFFFF), UINT64_C(0xFFEFFFFFFFFFFFFF), UINT64_C(0x7FF0000000000000),
        UINT64_C(0xFFF0000000000000), UINT64_C(0x7FF8000000000000), UINT64_C(0x7FF0000000000001),
        UINT64_C(0x47EFFFFFEFFFFFFF), UINT64_C(0x47EFFFFFF0000000), UINT64_C(0x47EFFFFFE0000000),
        UINT64_C(0x47F0000000000000), UINT64_C(0x3690000000000000), UINT64_C(0x3690000000000001),
        UINT64_C(0x368FFFFFFFFFFFFF), UINT64_C(0xB690000000000000),
    };

    for (size_t i = 0; i < sizeof extremes / sizeof *extremes; i++)
        check_f64(F64_RANDOM, extremes[i]);
    for (int i = 0; i < 100000; i++) {
        /* Between two neighbours in FP32 lies exactly one tie, and F64 holds it. */
        uint32_t low = (uint32_t)dice() & 0x7FFFFFFF;
        uint64_t sign = dice() & UINT64_C(1) << 63, tie;

        low = i % 4 == 0 ? low & 0x007FFFFF : low;
        check_f64(F64_RANDOM, dice());
        if (low >= 0x7F7FFFFF)
            continue;
        tie = bits64(((double)f32(low) + (double)f32(low + 1)) / 2) | sign;
        check_f64(F64_TIE, tie);
        check_f64(F64_NEAR, tie - 1);
        check_f64(F64_NEAR, tie + 1);
        if (low < 0x00800000)
            check_f64(F64_SUBNORMAL, tie + (dice() >> 35) - (1 << 28));
    }
}

static void check_exponent(uint32_t amax, const bcq_params *p)
{
    int want = 0, got = 12345;
    bool ok = sm_tensor_exponent(amax, p, &want);
    enum class c = ok ? EXPONENT : EXPONENT_REFUSED;

    EXPECT_EQUAL(c, bcq_tensor_exponent(f32(amax), p, &got), ok, "amax 0x%08x ew %d", amax,
                 p->entry_bits);
    if (ok)
        EXPECT_EQUAL(c, got, want, "amax 0x%08x ew %d", amax, p->entry_bits);
}

static void test_tensor_exponent(void)
{
    for (int ew = BCQ_EW_MIN; ew <= BCQ_EW_MAX; ew++) {
        bcq_params p = { 64, 8, 16, 4, ew };

        for (int e = -112; e <= 110; e++) {
            uint32_t limit = sm_f32_from(448 * sm_cmax(&p), 1, e);
            for (int step = -1; step <= 1; step++)
                check_exponent(limit + (uint32_t)step, &p);
        }
        check_exponent(0, &p);
        check_exponent(1, &p);
        check_exponent(0x00800000, &p);
        check_exponent(0x7F7FFFFF, &p);
        for (int i = 0; i < 2000; i++)
            check_exponent((uint32_t)(dice() % SM_F32_INFINITY), &p);
    }
}

/* ---- Section 4 ---- */

static void check_scale(enum class c, uint32_t amax, int e, const bcq_params *p)
{
    uint8_t want = sm_scale_encode(amax, e, p);

    if (c == SCALE_TIE)
        expect(c, sm_last == SM_TIE, "amax 0x%08x e %d is no tie", amax, e);
    EXPECT_EQUAL(c, bcq_scale_encode(f32(amax), e, p), want, "amax 0x%08x e %d ew %d", amax, e,
                 p->entry_bits);
}

static void test_scale(void)
{
    static const int exponents[] = { -100, -99, -98, -64, -25, -10, -3, -2, -1, 0, 1, 2, 3, 10, 23,
                                     24, 25, 63, 64, 97, 98, 99, 100 };

    for (int code = 0; code < 256; code++) {
        EXPECT_EQUAL(SCALE_CODE, bcq_scale_x512((uint8_t)code), sm_scale_x512((uint8_t)code),
                     "code 0x%02x", (unsigned)code);
        EXPECT_EQUAL(SCALE_CODE, bcq_scale_is_nan((uint8_t)code), code % 128 == 127,
                     "NaN: code 0x%02x", (unsigned)code);
    }
    for (int ew = BCQ_EW_MIN; ew <= BCQ_EW_MAX; ew++)
        for (size_t i = 0; i < sizeof exponents / sizeof *exponents; i++) {
            bcq_params p = { 64, 8, 16, 4, ew };
            int e = exponents[i], cmax = sm_cmax(&p);

            for (int code = 0; code <= 0x7E; code++) {
                int here = sm_scale_x512((uint8_t)code), next = sm_scale_x512((uint8_t)(code + 1));
                uint32_t x = sm_f32_from((int64_t)here * cmax, 512, e);

                check_scale(SCALE_EXACT, x, e, &p);
                check_scale(SCALE_EXACT, x + 1, e, &p);
                if (code > 0)
                    check_scale(SCALE_EXACT, x - 1, e, &p);
                if (code == 0x7E)
                    break;
                x = sm_f32_from((int64_t)(here + next) * cmax, 1024, e);
                check_scale(SCALE_TIE, x, e, &p);
                check_scale(SCALE_NEAR, x - 1, e, &p);
                check_scale(SCALE_NEAR, x + 1, e, &p);
            }
            /* 464 would tie with a code 480 if there were one. */
            for (int t = 448; t <= 512; t += 8) {
                check_scale(SCALE_SATURATED, sm_f32_from(t * cmax, 1, e) + 1, e, &p);
                check_scale(SCALE_SATURATED, sm_f32_from(t * cmax, 1, e), e, &p);
            }
            check_scale(SCALE_SATURATED, 0x7F7FFFFF, e, &p);
            check_scale(SCALE_SATURATED, 0x00800000, e, &p);
            check_scale(SCALE_SATURATED, 1, e, &p);
            for (int k = 0; k < 100; k++)
                check_scale(SCALE_SATURATED, (uint32_t)(dice() % SM_F32_INFINITY), e, &p);
        }
}

/* ---- Sections 5 and 6 ---- */

static int check_y(enum class c, uint32_t x, uint8_t scale, int e, const bcq_params *p)
{
    int want = sm_normalise_x16(x, scale, e, p);

    if (c == Y_TIE || c == RANDOM_Y)
        c = sm_last == SM_TIE ? c == Y_TIE ? Y_TIE : RANDOM_Y_TIE : c == Y_TIE ? Y_NEAR : RANDOM_Y;
    EXPECT_EQUAL(c, bcq_normalise_x16(f32(x), scale, e, p), want,
                 "x 0x%08x scale 0x%02x e %d ew %d", x, scale, e, p->entry_bits);
    return want;
}

static void test_normalise(void)
{
    static const int exponents[] = { -100, -1, 0, 1, 37, 100 };
    static const uint32_t extremes[] = { 0x7F7FFFFF, 0xFF7FFFFF, 0x00800000, 0x80800000, 0,
                                         0x80000000, 1, 0x807FFFFF };

    for (int ew = BCQ_EW_MIN; ew <= BCQ_EW_MAX; ew++)
        for (int i = 0; i < 6; i++) {
            bcq_params p = { 64, 8, 16, 4, ew };
            int e = exponents[i], limit = 16 * sm_cmax(&p);

            for (int code = 0; code < 256; code++) {
                uint8_t scale = (uint8_t)code;
                int t_x512 = sm_scale_x512(scale);

                for (int k = 0; k < 8; k++)
                    check_y(t_x512 == 0 ? Y_NO_SCALE : Y_SATURATED, extremes[k], scale, e, &p);
                if (t_x512 == 0) {
                    check_y(Y_NO_SCALE, bits32(1.0f), scale, e, &p);
                    check_y(Y_NO_SCALE, bits32(-3.0f), scale, e, &p);
                    continue;
                }
                for (int k = 0; k < 30; k++) {
                    /* Y = n/2: the smallest, the largest and some between, of either sign. */
                    int n = k < 6 ? k : k < 14 ? 2 * limit - 5 + (k - 6)
                          : range(0, 2 * limit);
                    uint32_t x;

                    if (range(0, 1))
                        n = -n;
                    x = sm_f32_from((int64_t)n * t_x512, 2 * 16 * 512, e);
                    check_y(n % 2 ? Y_TIE : Y_NEAR, x, scale, e, &p);
                    if (n == 0)
                        continue;
                    check_y(Y_NEAR, x - 1, scale, e, &p);
                    check_y(Y_NEAR, x + 1, scale, e, &p);
                }
                for (int k = 0; k < 4; k++)
                    check_y(Y_SATURATED,
                            sm_f32_from((int64_t)range(limit, 40000) * t_x512, 16 * 512, e)
                            | (uint32_t)k << 31, scale, e, &p);
            }
        }
}

static bool stands_twice(int entry, const int8_t *table, int n)
{
    int times = 0;

    for (int k = 0; k < n; k++)
        times += table[k] == entry;
    return times > 1;
}

static void test_index(void)
{
    for (int ew = BCQ_EW_MIN; ew <= BCQ_EW_MAX; ew++)
        for (int b = BCQ_B_MIN; b <= BCQ_B_MAX; b++)
            for (int round = 0; round < 3; round++) {
                bcq_codebooks cb = { .p = { 64, 8, 16, b, ew } };
                int limit = 16 * sm_cmax(&cb.p);

                random_codebooks(&cb);
                for (int c = 0; c < cb.p.nc; c++)
                    for (int y = -limit; y <= limit; y++) {
                        int want = sm_index(y, cb.entry[c], &cb.p);
                        enum class kind = sm_last == SM_TIE ? INDEX_TIE
                            : stands_twice(cb.entry[c][want], cb.entry[c], sm_entries(&cb.p))
                            ? INDEX_EQUAL : INDEX;

                        EXPECT_EQUAL(kind, bcq_index(y, cb.entry[c], &cb.p), want,
                                     "y %d codebook %d b %d ew %d", y, c, b, ew);
                    }
            }
}

/* One block through every codebook and the selector. Returns the second model's selector. */
static int check_block(enum class c, const int32_t *y, const bcq_codebooks *cb, uint8_t *index)
{
    uint8_t got_index[BCQ_LB_MAX], want_index[BCQ_LB_MAX];
    int got, want;

    for (int k = 0; k < cb->p.nc; k++) {
        int64_t error = sm_block_error(y, cb->entry[k], &cb->p, want_index);
        EXPECT_EQUAL(RANDOM_BLOCK_ERROR, bcq_block_error(y, cb->entry[k], &cb->p, got_index), error,
                     "y[0] %d codebook %d", y[0], k);
        if (memcmp(got_index, want_index, (size_t)cb->p.lb) != 0)
            expect(RANDOM_BLOCK_ERROR, false, "indices: y[0] %d codebook %d", y[0], k);
    }
    want = sm_select(y, cb, index);
    got = bcq_select(y, cb, got_index);
    if (c == SELECT_TIE && sm_last != SM_TIE)
        return want;
    expect(c, got == want && memcmp(got_index, index, (size_t)cb->p.lb) == 0,
           "y[0] %d nc %d: wanted selector %d, got %d, or indices differ", y[0], cb->p.nc, want,
           got);
    return want;
}

static void test_select(void)
{
    for (int round = 0; round < 20000; round++) {
        bcq_codebooks cb = { .p = random_params() };
        int32_t y[BCQ_LB_MAX];
        uint8_t index[BCQ_LB_MAX];
        int limit, n = sm_entries(&cb.p), k;

        cb.p.nc = 2 << range(0, 3);
        limit = 16 * sm_cmax(&cb.p);
        random_codebooks(&cb);
        for (int i = 0; i < cb.p.lb; i++)
            y[i] = range(-limit, limit);
        if (round % 2) {
            for (int c = 1; c < cb.p.nc; c++)
                memcpy(cb.entry[c], cb.entry[0], BCQ_ENTRIES_MAX);
            check_block(SELECT_SAME, y, &cb, index);
            continue;
        }
        /* Neighbours that differ, and Y values that both hold or that lie in the middle. */
        for (int c = 0; c + 1 < cb.p.nc; c += 2)
            for (int i = 0; i < n; i++)
                cb.entry[c + 1][i] = (int8_t)-cb.entry[c][n - 1 - i];
        for (int i = 0; i < cb.p.lb; i++)
            y[i] = i % 2 ? -y[i - 1] : y[i];
        k = range(0, 3);
        for (int i = 0; i < cb.p.lb && k == 0; i++)
            y[i] = 0;
        check_block(SELECT_TIE, y, &cb, index);
    }
}

/* ---- Section 7 ---- */

static void check_decode(enum class c, int entry, uint8_t scale, int e)
{
    EXPECT_EQUAL(c, bits32(bcq_decode_value(entry, scale, e)), sm_decode_value(entry, scale, e),
                 "entry %d scale 0x%02x e %d", entry, scale, e);
}

static void test_decode(void)
{
    static const int exponents[] = { -100, -99, -23, 0, 1, 99, 100 };

    for (int i = 0; i < 7; i++)
        for (int entry = -128; entry <= 127; entry++)
            for (int scale = 0; scale < 256; scale++)
                check_decode(DECODE, entry, (uint8_t)scale, exponents[i]);
}

/* ---- Section 8 ---- */

static void test_psum(void)
{
    static const int8_t extremes[] = { -128, -127, -1, 0, 1, 127 };
    int8_t a[BCQ_LA_MAX], w[BCQ_LA_MAX];

    for (int la = BCQ_LA_MIN; la <= BCQ_LA_MAX; la *= 2)
        for (int i = 0; i < 6; i++)
            for (int k = 0; k < 6; k++) {
                memset(a, extremes[i], sizeof a);
                memset(w, extremes[k], sizeof w);
                EXPECT_EQUAL(PSUM, bcq_psum(a, w, la), sm_psum(a, w, la), "%d times %d, la %d",
                             extremes[i], extremes[k], la);
                w[0] = (int8_t)dice();
                w[la - 1] = (int8_t)dice();
                EXPECT_EQUAL(PSUM, bcq_psum(a, w, la), sm_psum(a, w, la), "la %d", la);
            }
}

enum { PSUM_LIMIT = 128 * 127 * 127 };  /* LA 128, EW 8 */

static void check_fma(enum class c, uint32_t acc, int32_t psum, uint8_t a, uint8_t w)
{
    uint32_t wrong = sm_multiply_then_add(acc, psum, a, w);
    uint32_t want = sm_accumulate_fp32(acc, psum, a, w);

    switch (c) {
    case FMA_TIE:
        c = sm_last == SM_TIE ? FMA_TIE : FMA_STICKY;
        break;
    case FMA_CANCEL:
        c = want == 0 ? FMA_CANCEL : FMA_RESIDUE;
        break;
    default:
        c = want != wrong ? FMA_ONCE : c;
    }
    EXPECT_EQUAL(c, bits32(bcq_accumulate_fp32(f32(acc), psum, a, w)), want,
                 "acc 0x%08x psum %d scales 0x%02x 0x%02x", acc, psum, a, w);
}

/* A multiple of 2^-18, as every accumulator is that started from zero. */
static uint32_t random_acc(void)
{
    return sm_f32_from(range(-(1 << 24), 1 << 24), 1, range(-18, 50));
}

static void test_fma(void)
{
    static const int32_t psums[] = { 1, -1, 0, 122999, PSUM_LIMIT, -PSUM_LIMIT };
    static const uint32_t mantissas[] = { 0, 1, 0x7FFFFF, 0x7FFFFE, 0x400000, 0x2AAAAA };
    /* Codes of 1/64, 2^-9, 1, 15/8, 240, -9/8. */
    static const uint8_t scales[] = { 0x08, 0x01, 0x38, 0x3F, 0x77, 0xB9 };

    for (int a = 0; a < 256; a++)
        for (int w = 0; w < 256; w++) {
            for (int i = 0; i < 6; i++)
                check_fma(FMA_PAIR, i == 2 ? random_acc() : 0, psums[i], (uint8_t)a, (uint8_t)w);
            check_fma(FMA_PAIR, random_acc(), range(-PSUM_LIMIT, PSUM_LIMIT), (uint8_t)a,
                      (uint8_t)w);
        }

    for (int d = -64; d <= 64; d++)
        for (int i = 0; i < 6; i++)
            for (int s = 0; s < 6; s++)
                for (int m = 0; m < 12; m++) {
                    int32_t psum = i < 5 ? psums[i == 2 ? 3 : i] : range(-PSUM_LIMIT, PSUM_LIMIT);
                    uint32_t product, field;

                    product = sm_accumulate_fp32(0, psum, scales[s], scales[(s + m) % 6]);
                    field = (product >> 23) % 256;
                    if (product == 0 || (int)field + d < 1 || (int)field + d > 253)
                        continue;
                    check_fma(FMA_DISTANCE, ((field + (uint32_t)d) << 23) | mantissas[m / 2]
                              | (uint32_t)m << 31, psum, scales[s], scales[(s + m) % 6]);
                }

    /* acc = M * 2^u with 24 bits, product = half of 2^u, exactly or a little beside. */
    for (int u = -10; u <= 19; u++)
        for (int i = 0; i < 200; i++) {
            int32_t m = range(1 << 23, (1 << 24) - 1);
            int shift = range(1, 20);
            int32_t psum = (1 << shift) + range(-1, 1);
            /* Scales 2^n with n in [-9, 8]; their product must be 2^(u - 1 - shift). */
            int want = u - 1 - shift, n = clamp(want / 2, -9, 8), other = want - n;

            if (i % 10 == 0)
                m = 1 << 23;     /* below a power of two the ulp halves */
            if (i % 10 == 1)
                m = (1 << 24) - 1;
            if (other < -9 || other > 8)
                continue;
            for (int sign = 0; sign < 4; sign++)
                check_fma(FMA_TIE, sm_f32_from(sign & 1 ? -m : m, 1, u), sign & 2 ? -psum : psum,
                          sm_scale_encode(sm_f32_from(7, 1, n), 0, &(bcq_params){ 64, 8, 1, 4, 4 }),
                          sm_scale_encode(sm_f32_from(7, 1, other), 0,
                                          &(bcq_params){ 64, 8, 1, 4, 4 }));
        }

    for (int i = 0; i < 40000; i++) {
        int32_t psum = i % 2 ? range(-60000, 60000) : range(-PSUM_LIMIT, PSUM_LIMIT);
        uint8_t a = (uint8_t)dice(), w = (uint8_t)dice();
        uint32_t product = sm_accumulate_fp32(0, psum, a, w);

        check_fma(FMA_CANCEL, product == 0 ? 0 : product ^ UINT32_C(0x80000000), psum, a, w);
        check_fma(FMA_PAIR, random_acc(), 122999, 0x77, 0x77);
        check_fma(FMA_PAIR, product ^ UINT32_C(0x80000001), range(-PSUM_LIMIT, PSUM_LIMIT), a, w);
    }
}

static void check_exact_add(int64_t acc, int32_t psum, uint8_t a, uint8_t w)
{
    int64_t want = sm_accumulate_exact(acc, psum, a, w);
    int64_t product = sm_accumulate_exact(0, psum, a, w);
    bool wraps = (product > 0 && want < acc) || (product < 0 && want > acc);

    EXPECT_EQUAL(wraps ? EXACT_WRAP : EXACT_ADD, bcq_accumulate_exact(acc, psum, a, w), want,
                 "acc %" PRId64 " psum %d scales 0x%02x 0x%02x", acc, psum, a, w);
}

static void check_exact_result(int64_t acc)
{
    uint32_t want = sm_exact_to_f32(acc);

    EXPECT_EQUAL(sm_last == SM_TIE ? EXACT_TIE : EXACT_REST, bits32(bcq_exact_to_f32(acc)), want,
                 "acc %" PRId64, acc);
}

static void test_exact(void)
{
    static const int64_t accs[] = { 0, 1, -1, INT64_MAX, INT64_MIN, INT64_MAX - 1, INT64_MIN + 1 };
    static const int32_t psums[] = { 0, 1, -1, PSUM_LIMIT, -PSUM_LIMIT, 128 * 128 * 128 };
    static const int limits[][2] = { { 31, 182419 }, { 63, 44168 }, { 127, 10868 } };

    for (int i = 0; i < 7; i++)
        for (int k = 0; k < 6; k++)
            for (int scales = 0; scales < 65536; scales += 1 + range(0, 12))
                check_exact_add(accs[i], psums[k], (uint8_t)(scales >> 8), (uint8_t)scales);
    for (int i = 0; i < 7; i++)
        for (int k = 0; k < 6; k++)
            for (int corner = 0; corner < 16; corner++) {
                static const uint8_t codes[] = { 0x01, 0x7E, 0x81, 0xFE };
                check_exact_add(accs[i], psums[k], codes[corner / 4], codes[corner % 4]);
            }
    for (int i = 0; i < 100000; i++)
        check_exact_add((int64_t)dice(), range(-PSUM_LIMIT, PSUM_LIMIT), (uint8_t)dice(),
                        (uint8_t)dice());

    for (int i = 0; i < 7; i++)
        check_exact_result(accs[i]);
    for (int shift = 1; shift <= 39; shift++)
        for (int i = 0; i < 300; i++) {
            int64_t m = i == 0 ? 1 << 23 : i == 1 ? (1 << 24) - 1 : range(1 << 23, (1 << 24) - 1);
            int64_t tie = m * (INT64_C(1) << shift) + (INT64_C(1) << (shift - 1));
            for (int step = -1; step <= 1; step++) {
                check_exact_result(tie + step);
                check_exact_result(-(tie + step));
            }
        }
    for (int i = 0; i < 100000; i++)
        check_exact_result((int64_t)dice() >> range(0, 63));

    for (int i = 0; i < 3; i++)
        for (int step = -1; step <= 1; step++) {
            int64_t k = limits[i][1] + step;
            bool fits = sm_exact_fits(k, limits[i][0], limits[i][0]);

            expect(fits ? EXACT_FITS : EXACT_REFUSED, fits == (step <= 0),
                   "the contract's limit %d is not the second model's", limits[i][1]);
            EXPECT_EQUAL(fits ? EXACT_FITS : EXACT_REFUSED,
                         bcq_exact_fits(k, limits[i][0], limits[i][0]), fits,
                         "K %" PRId64 " CMAX %d", k, limits[i][0]);
        }
    for (int i = 0; i < 2000; i++) {
        int a = (8 << range(0, 4)) - 1, w = (8 << range(0, 4)) - 1;
        int64_t k = i % 2 ? range(1, 4000000) : (int64_t)(dice() >> range(1, 60) | 1);
        bool fits;

        if (i % 10 == 0) {       /* the limit of this pair, found by halving, and the next K */
            int64_t low = 1, high = 1 << 30;
            while (high - low > 1) {
                int64_t middle = (low + high) / 2;
                if (sm_exact_fits(middle, a, w))
                    low = middle;
                else
                    high = middle;
            }
            k = low + i % 20 / 10;
        }
        fits = sm_exact_fits(k, a, w);
        EXPECT_EQUAL(fits ? EXACT_FITS : EXACT_REFUSED, bcq_exact_fits(k, a, w), fits,
                     "K %" PRId64 " CMAX %d %d", k, a, w);
    }
}

static void check_apply(uint32_t acc, int e)
{
    uint32_t want = sm_apply_exponent(acc, e), magnitude = want & 0x7FFFFFFF;
    bool zero = (acc & 0x7FFFFFFF) == 0;
    enum class c = magnitude == SM_F32_INFINITY ? APPLY_INFINITY
                 : magnitude == 0 && !zero ? acc >> 31 ? APPLY_MINUS_ZERO : APPLY_ZERO
                 : magnitude < 0x00800000 && !zero ? sm_last == SM_TIE ? APPLY_TIE
                 : APPLY_SUBNORMAL : APPLY_NORMAL;

    EXPECT_EQUAL(c, bits32(bcq_apply_exponent(f32(acc), e)), want, "acc 0x%08x e %d", acc, e);
}

static void test_apply_exponent(void)
{
    static const uint32_t mantissas[] = { 0, 1, 2, 3, 0x400000, 0x400001, 0x3FFFFF, 0x7FFFFF,
                                          0x7FFFFE, 0x555555, 0x600000, 0x200000 };

    for (int e = -200; e <= 200; e++) {
        check_apply(0, e);
        check_apply(UINT32_C(0x80000000), e);
        for (int i = 0; i < 12; i++)
            for (uint32_t field = 127 - 18; field <= 127 + 50; field += 3)
                check_apply(field << 23 | mantissas[i] | (field & 1) << 31, e);
    }
    /* Every shift into the subnormals, with the lost bits at, below and above a half. */
    for (int lost = 1; lost <= 26; lost++)
        for (int i = 0; i < 500; i++) {
            uint32_t half = UINT32_C(1) << (lost - 1);
            uint32_t m = (UINT32_C(1) << 23 | (uint32_t)dice() % (UINT32_C(1) << 23));
            int unit = -149 - lost, e = range(-200, -180);

            m = lost <= 23 ? (m >> lost << lost | half) + (uint32_t)range(-1, 1)
                           : (UINT32_C(1) << 23) + (uint32_t)range(0, 1);
            check_apply(sm_f32_from(i % 2 ? -(int64_t)m : (int64_t)m, 1, unit - e), e);
        }
    for (int i = 0; i < 50000; i++)
        check_apply(random_acc(), range(-200, 200));
}

/* ---- Section 9 ---- */

static void decode_array(const bcq_array *a, const bcq_codebooks *cb, int e, uint32_t *value)
{
    int8_t entry[BCQ_LA_MAX];

    bcq_decode_entries(a, cb, entry);
    for (int i = 0; i < cb->p.la; i++)
        value[i] = bits32(bcq_decode_value(entry[i], a->scale, e));
}

static void check_rescaled(const bcq_array *a, const bcq_codebooks *cb, int e)
{
    uint32_t before[BCQ_LA_MAX], after[BCQ_LA_MAX];
    float x[BCQ_LA_MAX];
    bcq_array again;

    decode_array(a, cb, e, before);
    for (int i = 0; i < cb->p.la; i++)
        x[i] = f32(before[i]);
    bcq_encode_array_scaled(x, a->scale, e, cb, &again);
    decode_array(&again, cb, e, after);
    expect(RESCALED, memcmp(before, after, (size_t)cb->p.la * sizeof *before) == 0,
           "scale 0x%02x e %d nc %d lb %d la %d", a->scale, e, cb->p.nc, cb->p.lb, cb->p.la);
}

/* "entries {-20,-10,0,20}: x = 13888 decodes to 8960, then 5760" */
static void test_example(void)
{
    bcq_codebooks cb = { .p = { 16, 2, 1, 2, 6 }, .entry = { { -20, -10, 0, 20 } } };
    float x[BCQ_LA_MAX] = { 13888.0f };
    static const float want[] = { 8960.0f, 5760.0f };

    for (int i = 0; i < 2; i++) {
        bcq_array a;
        uint32_t value[BCQ_LA_MAX];
        int e = -1;

        expect(EXAMPLE, bcq_tensor_exponent(x[0], &cb.p, &e) && e == 0, "exponent %d", e);
        bcq_encode_array(x, e, &cb, &a);
        decode_array(&a, &cb, e, value);
        EXPECT_EQUAL(EXAMPLE, value[0], bits32(want[i]), "time %d", i);
        x[0] = f32(value[0]);
    }
}

/* ---- Random blocks ---- */

static float gaussian(void)
{
    int sum = 0;

    for (int i = 0; i < 4; i++) {
        uint64_t d = dice();
        sum += (int)(d & 0xFFFF) + (int)(d >> 16 & 0xFFFF) + (int)(d >> 32 & 0xFFFF)
             - 3 * 32768;
    }
    return (float)sum / 65536.0f;
}

/* Fills x[la] with a distribution; e0 is the tensor exponent that it has in mind. */
static void random_array(enum class sort, const bcq_params *p, const bcq_codebooks *cb, int e0,
                         uint32_t *x)
{
    uint8_t scale = (uint8_t)range(1, 0x7E);
    int t_x512 = sm_scale_x512(scale), giant = range(0, p->la - 1);
    /* For TIES: the array scale itself is a tie now and then, with the next code up. */
    int top_x512 = range(0, 3) || scale == 0x7E ? t_x512 : sm_scale_x512((uint8_t)(scale + 1));
    float unit = ldexpf((float)sm_cmax(p), clamp(e0 + range(-9, 7), -120, 110));

    for (int i = 0; i < p->la; i++) {
        float v = 0.0f;
        int k = range(0, sm_entries(p) - 2), y_x32;
        const int8_t *entry = cb->entry[range(0, p->nc - 1)];

        switch (sort) {
        case GAUSSIAN:
            v = gaussian() * unit;
            break;
        case BITS:
            v = f32((uint32_t)dice());
            break;
        case TIES:
            /* Halves of Y, thresholds of the index; the first one makes the scale what we took. */
            y_x32 = range(0, 1) ? 2 * 8 * (entry[k] + entry[k + 1])
                                : 2 * range(-16, 16) * sm_cmax(p) + 1;
            y_x32 = clamp(y_x32, -32 * sm_cmax(p), 32 * sm_cmax(p));
            v = i == 0 ? ldexpf((float)((t_x512 + top_x512) * sm_cmax(p)), e0 - 10)
                       : ldexpf((float)(y_x32 * t_x512), e0 - 5 - 9);
            break;
        case ZEROS:
            v = range(0, 15) == 0 ? -0.0f : 0.0f;
            break;
        case GIANT:
            v = i == giant ? gaussian() * unit * 64.0f : gaussian() * unit * 0x1p-12f;
            break;
        case BEYOND:
            v = ldexpf(gaussian() * (float)sm_cmax(p), clamp(e0 + range(6, 16), -100, 116));
            break;
        case FROM_BF16:
            v = bcq_online_bf16((uint16_t)(range(0, 3) ? bits32(gaussian() * unit) >> 16 : dice()),
                                &(bool){ false });
            break;
        case SUBNORMALS:
            v = f32((uint32_t)dice() & (range(0, 1) ? 0x807FFFFF : 0x83FFFFFF));
            break;
        default:
            v = ldexpf(gaussian(), clamp(e0 + range(-20, 14), -120, 110));
        }
        /* What arrives is conditioned; a refused pattern is replaced. */
        if (!sm_condition(bits32(v), sort == FROM_BF16, &x[i]))
            x[i] = 0;
    }
}

static void check_array(const uint32_t *x, int e, const bcq_codebooks *cb, bcq_array *want)
{
    static const enum class by_selector_bits[] = { RANDOM_NC1, RANDOM_NC2, RANDOM_NC4, RANDOM_NC8,
                                                   RANDOM_NC16 };
    const bcq_params *p = &cb->p;
    int blocks = p->la / p->lb;
    int8_t got_entry[BCQ_LA_MAX], want_entry[BCQ_LA_MAX];
    uint32_t amax = 0;
    float in[BCQ_LA_MAX];
    bcq_array got;

    for (int i = 0; i < p->la; i++) {
        in[i] = f32(x[i]);
        amax = (x[i] & 0x7FFFFFFF) > amax ? x[i] & 0x7FFFFFFF : amax;
    }
    memset(want, 0, sizeof *want);
    memset(&got, 0, sizeof got);
    if (range(0, 7) == 0) {      /* a given scale: any but NaN, of either sign */
        uint8_t scale = (uint8_t)(range(0, 0x7E) | range(0, 1) << 7);
        sm_encode_array_scaled(x, scale, e, cb, want);
        bcq_encode_array_scaled(in, scale, e, cb, &got);
        expect(RANDOM_GIVEN, memcmp(&got, want, sizeof got) == 0,
               "scale 0x%02x e %d nc %d lb %d la %d", scale, e, p->nc, p->lb, p->la);
    } else {
        enum class c;
        sm_encode_array(x, e, cb, want);
        bcq_encode_array(in, e, cb, &got);
        c = want->scale == 0 ? RANDOM_SCALE_ZERO : want->scale == 0x7E ? RANDOM_SCALE_MAX
          : RANDOM_ARRAY;
        expect(c, memcmp(&got, want, sizeof got) == 0,
               "amax 0x%08x e %d nc %d lb %d la %d b %d ew %d: scale wanted 0x%02x, got 0x%02x",
               amax, e, p->nc, p->lb, p->la, p->index_bits, p->entry_bits, want->scale, got.scale);
        EXPECT_EQUAL(c, bcq_scale_encode(f32(amax), e, p), want->scale, "scale: amax 0x%08x e %d",
                     amax, e);
    }

    for (int block = 0; block < blocks; block++) {
        int32_t y[BCQ_LB_MAX];
        uint8_t index[BCQ_LB_MAX];
        int selector, first = block * p->lb;

        for (int i = 0; i < p->lb; i++)
            y[i] = check_y(RANDOM_Y, x[first + i], want->scale, e, p);
        selector = check_block(RANDOM_BLOCK, y, cb, index);
        expect(by_selector_bits[sm_selector_bits(p)], got.selector[block] == selector
               && memcmp(&got.index[first], index, (size_t)p->lb) == 0, "block %d of an array",
               block);
    }

    bcq_decode_entries(want, cb, got_entry);
    sm_decode_entries(want, cb, want_entry);
    expect(RANDOM_DECODE, memcmp(got_entry, want_entry, (size_t)p->la) == 0, "entries");
    for (int i = 0; i < p->la; i += 8)
        check_decode(RANDOM_DECODE, want_entry[i], want->scale, e);
    check_rescaled(want, cb, e);
}

static void check_padding(const bcq_array *a, const bcq_codebooks *cb, int used, int e)
{
    uint32_t value[BCQ_LA_MAX];
    int8_t entry[BCQ_LA_MAX], w[BCQ_LA_MAX], short_entry[BCQ_LA_MAX] = { 0 };

    decode_array(a, cb, e, value);
    bcq_decode_entries(a, cb, entry);
    for (int i = 0; i < cb->p.la; i++) {
        w[i] = (int8_t)dice();
        if (i >= used)
            EXPECT_EQUAL(PADDING, value[i], 0, "scalar %d, %d in use", i, used);
    }
    memcpy(short_entry, entry, (size_t)used);
    EXPECT_EQUAL(PADDING, bcq_psum(entry, w, cb->p.la), sm_psum(short_entry, w, cb->p.la),
                 "psum, %d of %d in use", used, cb->p.la);
}

/* One row of each of A and W, of a few block arrays, and their dot product. */
static uint64_t random_row(void)
{
    enum { ARRAYS_MAX = 4, SIDES = 2 };
    static uint32_t x[ARRAYS_MAX][BCQ_LA_MAX];
    static bcq_array array[SIDES][ARRAYS_MAX];
    static bcq_codebooks cb[SIDES];
    int arrays = range(1, ARRAYS_MAX), exponent[SIDES];
    uint32_t acc = 0, result;
    int64_t exact = 0;
    uint64_t blocks = 0;

    for (int side = 0; side < SIDES; side++) {
        int la = cb[0].p.la, e0 = range(-100, 100), natural, got, used;
        uint32_t amax = 0;
        enum class sort[ARRAYS_MAX];
        bool ok;

        cb[side].p = random_params();
        if (side == 1)
            cb[side].p.la = la;
        random_codebooks(&cb[side]);
        la = cb[side].p.la;
        used = la;
        if (sm_codebooks_have_zero(&cb[side]) && range(0, 1))
            used = range(1, la - 1);
        for (int j = 0; j < arrays; j++) {
            sort[j] = (enum class)range(GAUSSIAN, WIDE);
            random_array(sort[j], &cb[side].p, &cb[side], e0, x[j]);
            for (int i = used; i < la && j == arrays - 1; i++)
                x[j][i] = 0;
            for (int i = 0; i < la; i++)
                amax = (x[j][i] & 0x7FFFFFFF) > amax ? x[j][i] & 0x7FFFFFFF : amax;
        }
        ok = sm_tensor_exponent(amax, &cb[side].p, &natural);
        expect(RANDOM_EXPONENT, bcq_tensor_exponent(f32(amax), &cb[side].p, &got) == ok
               && (!ok || got == natural), "amax 0x%08x", amax);
        switch (range(0, 7)) {
        case 0:
        case 1:
            exponent[side] = ok ? natural : 100;
            break;
        case 2:
            exponent[side] = clamp((ok ? natural : 100) + range(-6, 6), -100, 100);
            break;
        case 3:
            exponent[side] = range(0, 1) ? range(-100, 100) : range(0, 1) ? -100 : 100;
            break;
        default:
            exponent[side] = e0;
        }
        for (int j = 0; j < arrays; j++) {
            expect(sort[j], true, " ");
            check_array(x[j], exponent[side], &cb[side], &array[side][j]);
        }
        if (used < la)
            check_padding(&array[side][arrays - 1], &cb[side], used, exponent[side]);
        blocks += (uint64_t)(arrays * la / cb[side].p.lb);
    }

    for (int j = 0; j < arrays; j++) {
        uint8_t t_a = array[0][j].scale, t_w = array[1][j].scale;
        int8_t a[BCQ_LA_MAX], w[BCQ_LA_MAX];
        int32_t psum;

        sm_decode_entries(&array[0][j], &cb[0], a);
        sm_decode_entries(&array[1][j], &cb[1], w);
        psum = sm_psum(a, w, cb[0].p.la);
        EXPECT_EQUAL(RANDOM_PSUM, bcq_psum(a, w, cb[0].p.la), psum, "la %d", cb[0].p.la);
        check_fma(RANDOM_FMA, acc, psum, t_a, t_w);
        check_fma(RANDOM_FMA, random_acc(), psum, t_a, t_w);
        EXPECT_EQUAL(RANDOM_EXACT, bcq_accumulate_exact(exact, psum, t_a, t_w),
                     sm_accumulate_exact(exact, psum, t_a, t_w), "acc %" PRId64 " psum %d", exact,
                     psum);
        acc = sm_accumulate_fp32(acc, psum, t_a, t_w);
        exact = sm_accumulate_exact(exact, psum, t_a, t_w);
    }
    result = sm_apply_exponent(acc, exponent[0] + exponent[1]);
    EXPECT_EQUAL(RANDOM_RESULT, bits32(bcq_apply_exponent(f32(acc), exponent[0] + exponent[1])),
                 result, "acc 0x%08x e %d", acc, exponent[0] + exponent[1]);
    EXPECT_EQUAL(RANDOM_RESULT, bits32(bcq_exact_to_f32(exact)), sm_exact_to_f32(exact),
                 "acc %" PRId64, exact);
    EXPECT_EQUAL(RANDOM_RESULT, bcq_f32_to_bf16(f32(acc)), sm_f32_to_bf16(acc), "acc 0x%08x", acc);
    return blocks;
}

static uint64_t number(const char *option, const char *text, uint64_t low)
{
    char *end;
    unsigned long long value = 0;

    errno = 0;
    if (text != NULL && text[0] >= '0' && text[0] <= '9') {
        value = strtoull(text, &end, 10);
        if (errno == 0 && *end == '\0' && value >= low)
            return value;
    }
    fprintf(stderr, "test_golden: %s: want an integer >= %" PRIu64 ", got \"%s\"\n", option, low,
            text ? text : "");
    exit(2);
}

int main(int argc, char **argv)
{
    uint64_t blocks = 1000000, passed = 0, failed = 0;

    for (int i = 1; i < argc; i += 2) {
        if (strcmp(argv[i], "-seed") == 0) {
            seed = number("-seed", argv[i + 1], 0);
        } else if (strcmp(argv[i], "-blocks") == 0) {
            blocks = number("-blocks", argv[i + 1], 1);
        } else {
            fprintf(stderr, "test_golden: want [-seed S] [-blocks N], got \"%s\"\n", argv[i]);
            return 2;
        }
    }
    printf("seed %" PRIu64 "\n", seed);

    sm_open();
    test_params();
    test_codebooks();
    test_conversions();
    test_f64();
    test_tensor_exponent();
    test_scale();
    test_normalise();
    test_index();
    test_select();
    test_decode();
    test_psum();
    test_fma();
    test_exact();
    test_apply_exponent();
    test_example();
    for (uint64_t done = 0; done < blocks; )
        done += random_row();
    sm_close();

    for (int c = 0; c < CLASS_COUNT; c++) {
        printf("%10" PRIu64 "  %s", classes[c].cases, classes[c].name);
        if (classes[c].failed > 0)
            printf("  (%" PRIu64 " failed)", classes[c].failed);
        if (classes[c].cases == 0) {
            printf("\nFAIL seed %" PRIu64 ": %s: no case", seed, classes[c].name);
            failed++;
        }
        putchar('\n');
        passed += classes[c].cases - classes[c].failed;
        failed += classes[c].failed;
    }
    printf("%" PRIu64 " passed, %" PRIu64 " failed\n", passed, failed);
    return failed > 0 || passed == 0;
}
