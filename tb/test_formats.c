/* Compares cmodel/formats with a second model (second_formats.h) and with rows worked out on paper, to the bit:
 *
 *     test_formats [-seed S] [-rows N]
 *
 * First what is directed or exhaustive, then N random rows and N/4 random products of every format. Each kind
 * of case is a class with a count; ties and saturation are counted a format, when the second model says that
 * they were met. A class that stays empty fails. The tables have test_levels. */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "format.h"
#include "random.h"
#include "second_formats.h"
#include "second_model.h"

#define CLASSES(X) \
    X(NAMES, "names and options accepted") \
    X(REFUSED, "names and options refused") \
    X(BITS, "bits a scalar") \
    X(FITS, "K that integer sums hold, and one more") \
    X(HAS_SUM, "formats with a sum") \
    X(E2M1, "E2M1, every code") \
    X(F16, "FP16 scale, every code") \
    X(E4M3, "E4M3, every code") \
    X(E8M0, "E8M0, every code") \
    X(TO_F16, "double to FP16, every code, midpoint and its neighbours") \
    X(TO_E4M3, "double to E4M3, every code, midpoint and its neighbours") \
    X(TO_INTEGER, "double to integer, ties and beside") \
    X(LOG2, "floor and ceil of log2, every power and beside") \
    X(SUM_TIE, "FP32 sum, tie") \
    X(SUM_NEAR, "FP32 sum, beside a tie") \
    X(SUM_SMALL, "FP32 sum, about 2^-126") \
    X(SUM_LARGE, "FP32 sum, about the largest") \
    X(LITERAL, "rows worked out on paper") \
    X(TIES, "rows of every midpoint and its neighbours") \
    X(SCALE_TIES, "rows of scales on their midpoints") \
    X(SCALE_ROUNDED, "nvfp4: scales and elements that FP32 rounds onto a tie or beside") \
    X(POWERS, "amax at each power of two and beside it") \
    X(ZEROS, "zero rows and groups") \
    X(ONE, "rows of one scalar") \
    X(TAILS, "rows of every length to 2 groups and 1") \
    X(EXTREMES, "smallest and largest scalars") \
    X(VANISHING, "groups whose scale rounds to 0") \
    X(GIVEN, "row scale given") \
    X(RANDOM, "random rows") \
    X(PADDING, "padding") \
    X(AGAIN, "decoded rows encoded again") \
    X(NEAREST, "no other code is nearer") \
    X(DOT_LITERAL, "products worked out on paper") \
    X(DOT_EXTREME, "products of the largest codes, of zeros, cancelling") \
    X(DOT_RAW, "products of random codes and scales") \
    X(DOT_ENCODED, "products of encoded rows") \
    X(DOT_TIE, "products with a tie") \
    X(DOT_FLUSHED, "products with a sum below 2^-126") \
    X(DOT_LIMITED, "products with a sum beyond the largest") \
    X(RESULT_ZERO, "results that underflow") \
    X(RESULT_INFINITE, "results beyond FP32") \
    X(BCQ_ROW, "bcq: rows") \
    X(BCQ_DOT, "bcq: products") \
    X(BCQ_REFUSED, "bcq: tensor exponent refused")

#define X(id, text) id,
enum class { CLASSES(X) CLASS_COUNT };
#undef X

static struct { const char *name; uint64_t cases, failed; } classes[CLASS_COUNT] = {
#define X(id, text) [id] = { text, 0, 0 },
    CLASSES(X)
#undef X
};

/* Formats and what their rows can meet: E an element's tie, S a scale's, L an element beyond the largest. */
static struct { const char *spec, *can; uint64_t rows, ties, scale_ties, saturated; } formats[] = {
    { "int8", "ESL", 0, 0, 0, 0 },
    { "int8:group=16", "ESL", 0, 0, 0, 0 },
    { "int8:group=128", "ESL", 0, 0, 0, 0 },
    { "int8-token", "ESL", 0, 0, 0, 0 },
    { "int4", "ESL", 0, 0, 0, 0 },
    { "int4:group=32", "ESL", 0, 0, 0, 0 },
    { "vsq", "ESL", 0, 0, 0, 0 },
    { "vsq:group=32:bits=6", "ESL", 0, 0, 0, 0 },
    { "vsq:group=64:bits=8", "ESL", 0, 0, 0, 0 },
    { "mxfp4", "EL", 0, 0, 0, 0 },
    { "mxfp4:round=even", "EL", 0, 0, 0, 0 },
    { "mxfp4:scale=ceil", "E", 0, 0, 0, 0 },
    { "mxfp4:round=even:scale=ceil", "E", 0, 0, 0, 0 },
    { "nvfp4", "ESL", 0, 0, 0, 0 },
    { "nvfp4:tensor=pow2", "ESL", 0, 0, 0, 0 },
    { "mx4", "EL", 0, 0, 0, 0 },
    { "mx4:m=4", "EL", 0, 0, 0, 0 },
    { "mx4:m=7", "EL", 0, 0, 0, 0 },
    { "mxint8", "EL", 0, 0, 0, 0 },
    { "mxint8:round=even", "EL", 0, 0, 0, 0 },
    { "fp8", "EL", 0, 0, 0, 0 },
};
enum { FORMATS = sizeof formats / sizeof *formats, K_MAX = 700, CODES_MAX = 256 };

static uint64_t seed = 1;

static void expect(enum class c, bool ok, const char *format, ...) __attribute__((format(printf, 3, 4)));

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

static uint32_t bits32(float x)
{
    uint32_t u;

    memcpy(&u, &x, sizeof u);
    return u;
}

static float f32(uint32_t u)
{
    float x;

    memcpy(&x, &u, sizeof x);
    return x;
}

static bool same(float a, float b) { return bits32(a) == bits32(b); }

static bcq_format parsed(const char *spec)
{
    char message[400];
    bcq_format f;

    if (bcq_format_parse(spec, &f, message, sizeof message)) {
        printf("FAIL %s: %s\n", spec, message);
        exit(1);
    }
    return f;
}

static bcq_format_row row_new(const bcq_format *f)
{
    bcq_format_row row;

    if (!bcq_format_row_alloc(f, K_MAX, &row)) {
        printf("FAIL no memory\n");
        exit(1);
    }
    return row;
}

static bool is(const bcq_format *f, const char *name) { return strcmp(f->kind->name, name) == 0; }

static float amax_of(const float *x, int k)
{
    float amax = 0;

    for (int i = 0; i < k; i++)
        amax = fabsf(x[i]) > amax ? fabsf(x[i]) : amax;
    return amax;
}

static uint32_t group_scale(const bcq_format *f, const bcq_format_row *row, int64_t g)
{
    return f->group ? row->scale[g] : row->row_scale;
}

/* Rows alike in all that the format stores; else where they differ, in text. */
static bool same_row(const bcq_format *f, const bcq_format_row *got, const bcq_format_row *want, char *text,
                     size_t size)
{
    *text = 0;
    if (got->k != want->k || got->groups != want->groups || got->outliers != 0) {
        snprintf(text, size, "k %" PRId64 ", groups %" PRId64, got->k, got->groups);
        return false;
    }
    if (got->row_scale != want->row_scale) {
        snprintf(text, size, "row scale %04x, wanted %04x", got->row_scale, want->row_scale);
        return false;
    }
    for (int64_t g = 0; f->group && g < got->groups; g++)
        if (got->scale[g] != want->scale[g]) {
            snprintf(text, size, "scale %" PRId64 ": %x, wanted %x", g, got->scale[g], want->scale[g]);
            return false;
        }
    for (int64_t i = 0; i < got->k; i++)
        if (got->code[i] != want->code[i] || (is(f, "mx4") && got->minor[i / 2] != want->minor[i / 2])) {
            snprintf(text, size, "code %" PRId64 ": %x, wanted %x", i, got->code[i], want->code[i]);
            return false;
        }
    return true;
}

/* ---- Names ------------------------------------------------------------------------------- */

static void test_names(void)
{
    static const char *const refused[][2] = {
        { "mxfp8", "wanted one of bcq int8 int8-token int4 vsq mxfp4 nvfp4 mx4 mxint8 fp8 "
                   "nf4 af4 bof4 bof4s bof4-opq bof4s-opq, got \"mxfp8\"" },
        { "", "wanted one of bcq int8 int8-token int4 vsq mxfp4 nvfp4 mx4 mxint8 fp8 "
              "nf4 af4 bof4 bof4s bof4-opq bof4s-opq, got \"\"" },
        { "int8:", "int8: wanted key=value, got \"\"" },
        { "int8:group", "int8: wanted key=value, got \"group\"" },
        { "int8:group=", "int8: group: wanted 16, 32, 64 or 128, got \"\"" },
        { "int8:group=+64", "int8: group: wanted 16, 32, 64 or 128, got \"+64\"" },
        { "int8:group=64x", "int8: group: wanted 16, 32, 64 or 128, got \"64x\"" },
        { "int8:group=0", "int8: group: wanted 16, 32, 64 or 128, got \"0\"" },
        { "int8:round=even", "int8: wanted an option of docs/formats.md, got \"round\"" },
        { "int8-token:group=64", "int8-token: wanted an option of docs/formats.md, got \"group\"" },
        { "int4:group=256", "int4: group: wanted 16, 32, 64 or 128, got \"256\"" },
        { "vsq:group=128", "vsq: group: wanted 16, 32 or 64, got \"128\"" },
        { "vsq:bits=5", "vsq: bits: wanted 4, 6 or 8, got \"5\"" },
        { "mxfp4:round=up", "mxfp4: round: wanted away or even, got \"up\"" },
        { "mxfp4:scale=floor:scale=up", "mxfp4: scale: wanted floor or ceil, got \"up\"" },
        { "nvfp4:tensor=pow", "nvfp4: tensor: wanted fp32 or pow2, got \"pow\"" },
        { "nvfp4:round=even", "nvfp4: wanted an option of docs/formats.md, got \"round\"" },
        { "mx4:m=3", "mx4: m: wanted 2, 4 or 7, got \"3\"" },
        { "mxint8:round=", "mxint8: round: wanted away or even, got \"\"" },
        { "fp8:group=64", "fp8: wanted an option of docs/formats.md, got \"group\"" },
        { "bcq:nc=3", "bcq: nc: wanted 1, 2, 4, 8 or 16, got \"3\"" },
        { "bcq:ew=9", "bcq: ew: wanted 4, 5, 6, 7 or 8, got \"9\"" },
        { "bcq:lb=16", "bcq: lb: wanted 2, 4 or 8, got \"16\"" },
        { "bcq:la=8", "bcq: la: wanted 16, 32, 64 or 128, got \"8\"" },
        { "bcq:b=5", "bcq: b: wanted 2, 3 or 4, got \"5\"" },
        { "bcq:x=5", "bcq: wanted an option of docs/formats.md, got \"x\"" },
    };
    static const struct { const char *spec; double bits; bool sum; } known[] = {
        { "int8", 8.25, true }, { "int8:group=16", 9, false }, { "int8:group=128", 8.125, false },
        { "int8-token", 8.125, true }, { "int4", 4.25, false }, { "int4:group=32", 4.5, false },
        { "vsq", 4.375, true }, { "vsq:group=64:bits=8", 4.25, false }, { "vsq:bits=6", 4.5, false },
        { "mxfp4", 4.25, true }, { "mxfp4:round=even:scale=ceil", 4.25, true },
        { "mxfp4:round=away:scale=floor", 4.25, true }, { "nvfp4", 4.5, true },
        { "nvfp4:tensor=pow2", 4.5, true }, { "nvfp4:tensor=fp32", 4.5, true }, { "mx4", 4, false },
        { "mx4:m=4", 6, false }, { "mx4:m=7", 9, false }, { "mxint8", 8.25, false }, { "fp8", 8, false },
        { "bcq", 4.625, true }, { "bcq:nc=8:lb=8:la=64", 4.5, true },
        { "bcq:nc=1:b=2:la=128:ew=4", 2.0625, true },
    };
    char message[400];
    bcq_format f;

    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        const char *got = bcq_format_parse(refused[i][0], &f, message, sizeof message);
        expect(REFUSED, got && strcmp(got, refused[i][1]) == 0, "\"%s\": %s", refused[i][0], got ? got : "accepted");
    }
    {
        char long_name[200];
        memset(long_name, 'x', sizeof long_name - 1);
        long_name[sizeof long_name - 1] = 0;
        expect(REFUSED, bcq_format_parse(long_name, &f, message, sizeof message) != NULL, "199 characters");
        expect(REFUSED, bcq_format_parse("mxfp8", &f, message, 8) && strcmp(message, "wanted ") == 0,
               "a short buffer: %s", message);
    }
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        const char *wrong = bcq_format_parse(known[i].spec, &f, message, sizeof message);
        double bits = wrong ? 0 : bcq_format_bits(&f, 128, NULL);  /* 16 bits a row: 1/8 */
        expect(NAMES, !wrong && strcmp(f.name, known[i].spec) == 0, "%s: %s", known[i].spec, wrong ? wrong : f.name);
        expect(BITS, bits == known[i].bits, "%s: %g", known[i].spec, bits);
        expect(HAS_SUM, !wrong && bcq_format_has_sum(&f) == known[i].sum, "%s", known[i].spec);
    }
    {   /* "K * 127^2 >= 2^31": 133,144 * 16,129 = 2,147,479,576 < 2^31 = 2,147,483,648; "K * 49 * 15^2":
         * 194,783 * 11,025 = 2,147,482,575. */
        bcq_format token = parsed("int8-token"), vsq = parsed("vsq");
        expect(FITS, token.kind->fits(&token, 133144), "int8-token, 133144");
        expect(FITS, !token.kind->fits(&token, 133145), "int8-token, 133145");
        expect(FITS, vsq.kind->fits(&vsq, 194783), "vsq, 194783");
        expect(FITS, !vsq.kind->fits(&vsq, 194784), "vsq, 194784");
    }
}

/* ---- Arithmetic -------------------------------------------------------------------------- */

static void to_small(enum class c, double x)
{
    for (int negative = 0; negative < 2; negative++, x = -x) {
        if (c == TO_F16)
            expect(c, bcq_f64_to_f16(x) == sf_to_f16(x), "%a: %04x", x, bcq_f64_to_f16(x));
        else
            expect(c, bcq_f64_to_e4m3(x) == sf_to_e4m3(x), "%a: %02x", x, bcq_f64_to_e4m3(x));
    }
}

static void test_arithmetic(void)
{
    static const float e2m1[16] = { 0, 0.5f, 1, 1.5f, 2, 3, 4, 6, 0, -0.5f, -1, -1.5f, -2, -3, -4, -6 };
    bcq_format mxfp4 = parsed("mxfp4");
    bcq_format_row row = row_new(&mxfp4);

    for (int code = 0; code < 16; code++) {
        expect(E2M1, bcq_e2m1_value((uint8_t)code) == e2m1[code], "code %d", code);
        expect(E2M1, (float)bcq_e2m1_twice((uint8_t)code) == 2 * e2m1[code], "twice, code %d", code);
    }
    for (uint32_t code = 0; code < 65536; code++)
        expect(F16, same(bcq_fp16_scale(code), sf_f16_value((uint16_t)code)), "%04x", code);
    for (int code = 0; code < 256; code++)
        expect(E4M3, bcq_e4m3_to_f32((uint8_t)code) == sf_e4m3_value((uint8_t)code), "%02x", code);
    expect(E4M3, bcq_e4m3_to_f32(0x7E) == 448 && bcq_e4m3_to_f32(0x81) == -0x1p-9f, "448 and -2^-9");
    row.k = 1;
    row.groups = 1;
    row.code[0] = 2;
    for (int code = 0; code < 255; code++) {
        float got;
        row.scale[0] = (uint32_t)code;
        mxfp4.kind->decode(&mxfp4, &(bcq_format_tensor){ 1, 0 }, &row, &got);
        expect(E8M0, same(got, code ? f32((uint32_t)code << 23) : 0x1p-127f), "%d: %a", code, (double)got);
    }
    bcq_format_row_free(&row);

    for (int code = 0; code < 0x7BFF; code++) {
        double low = (double)sf_f16_value((uint16_t)code), high = (double)sf_f16_value((uint16_t)(code + 1));
        double middle = (low + high) / 2;
        to_small(TO_F16, low);
        to_small(TO_F16, middle);
        to_small(TO_F16, nextafter(middle, 0));
        to_small(TO_F16, nextafter(middle, INFINITY));
    }
    for (int code = 0; code < 0x7E; code++) {
        double low = (double)sf_e4m3_value((uint8_t)code), high = (double)sf_e4m3_value((uint8_t)(code + 1));
        double middle = (low + high) / 2;
        to_small(TO_E4M3, low);
        to_small(TO_E4M3, middle);
        to_small(TO_E4M3, nextafter(middle, 0));
        to_small(TO_E4M3, nextafter(middle, INFINITY));
    }
    for (int e = -1074; e < 1024; e++) {
        to_small(TO_F16, ldexp(1, e));
        to_small(TO_E4M3, ldexp(1, e));
    }
    to_small(TO_F16, 65504);
    to_small(TO_F16, 65519.99);
    to_small(TO_F16, 65520);
    to_small(TO_E4M3, 448);
    to_small(TO_E4M3, 463.9);
    to_small(TO_E4M3, 464);
    expect(TO_F16, bcq_f64_to_f16(INFINITY) == 0x7BFF && bcq_f64_to_f16(-INFINITY) == 0xFBFF, "infinity");
    expect(TO_E4M3, bcq_f64_to_e4m3(INFINITY) == 0x7E && bcq_f64_to_e4m3(-INFINITY) == 0xFE, "infinity");

    for (int n = -300; n < 300; n++) {
        double tie = n + 0.5, even = n % 2 ? n + 1 : n, away = n < 0 ? n : n + 1;
        expect(TO_INTEGER, bcq_round_half_even(tie) == even, "even, %g", tie);
        expect(TO_INTEGER, bcq_round_half_away(tie) == away, "away, %g", tie);
        for (int side = 0; side < 2; side++) {
            double beside = nextafter(tie, side ? INFINITY : -INFINITY);
            expect(TO_INTEGER, bcq_round_half_even(beside) == n + side, "even, beside %g", tie);
            expect(TO_INTEGER, bcq_round_half_away(beside) == n + side, "away, beside %g", tie);
        }
        expect(TO_INTEGER, bcq_round_half_even(n) == n && bcq_round_half_away(n) == n, "%d", n);
    }
    for (int e = -1022; e < 1024; e++) {
        double power = ldexp(1, e), below = nextafter(power, 0), above = nextafter(power, INFINITY);
        expect(LOG2, bcq_floor_log2(power) == e && bcq_ceil_log2(power) == e, "2^%d", e);
        expect(LOG2, bcq_floor_log2(below) == e - 1 && bcq_ceil_log2(below) == e, "below 2^%d", e);
        expect(LOG2, bcq_floor_log2(above) == e && bcq_ceil_log2(above) == e + 1, "above 2^%d", e);
    }
}

/* high + low is exact in double. */
static void sum(enum class c, double high, double low)
{
    float got = bcq_fp32_sum(high + low), want = sf_sum(high, low);

    expect(c, same(got, want), "%a + %a: %a, wanted %a", high, low, (double)got, (double)want);
}

static void test_sums(void)
{
    const double least = 0x1p-126, most = 0x1.fffffep127;

    for (int e = -125; e < 127; e++)
        for (int odd = 0; odd < 2; odd++)
            for (int sign = -1; sign < 2; sign += 2) {
                double base = sign * ldexp(1 + odd * 0x1p-23, e), half = sign * ldexp(1, e - 24);
                sf_met = (struct sf_met){ 0 };
                sum(SUM_TIE, base, half);
                if (!sf_met.sum_tie)
                    expect(SUM_TIE, false, "%a was no tie", base);
                sum(SUM_NEAR, base, half * (1 + 0x1p-20));
                sum(SUM_NEAR, base, half * (1 - 0x1p-20));
            }
    for (int n = -20; n <= 20; n++)
        for (int sign = -1; sign < 2; sign += 2) {
            sum(SUM_SMALL, sign * least, n * 0x1p-152);  /* quarters of the unit below 2^-126 of 24 bits */
            sum(SUM_SMALL, sign * least, n * 0x1p-160);
            sum(SUM_SMALL, sign * least, n * 0x1p-130);
            sum(SUM_LARGE, sign * most, n * 0x1p102);    /* quarters of the largest's unit */
        }
    sum(SUM_SMALL, least, -least);
    sum(SUM_SMALL, 0, 0);
    sum(SUM_SMALL, 0, -0x1p-256);
    sum(SUM_SMALL, 0, 0x1p-256);
    sum(SUM_LARGE, 0x1p264, 0);
    sum(SUM_LARGE, -0x1p264, 0);
}

/* ---- Rows worked out on paper ------------------------------------------------------------- */

typedef struct {
    const char *spec;
    int k;
    float x[24];
    uint16_t row_scale;
    uint32_t scale[2];
    int code[24];             /* integers as such */
    int minor[4];
    float value[24];
} literal;

static const literal literals[] = {
    /* s = 127/127; 1.5, 63.5 are ties to the even 2, 64; 0.5 to 0; 2.5 to 2 */
    { "int8", 6, { 127, -1.5f, 0.5f, 2.5f, -63.5f, 0 }, 0, { 0x3C00 }, { 127, -2, 0, 2, -64, 0 }, { 0 },
      { 127, -2, 0, 2, -64, 0 } },
    /* 1/127 = 2^-7 * 1.007874, in 1024ths 8.06: s = 2^-7 * 1032/1024. Quotients 127.008, -63.504, 31.75, 12.70 */
    { "int8", 4, { 1, -0.5f, 0.25f, 0.1f }, 0, { 0x2008 }, { 127, -64, 32, 13 }, { 0 },
      { 127 * 0x1.02p-7f, -64 * 0x1.02p-7f, 32 * 0x1.02p-7f, 13 * 0x1.02p-7f } },
    /* 65504 * 127 = 8,319,008: beyond it s saturates and q is clamped; 131,008 is 2 * 65504 */
    { "int8", 2, { 0x1p30f, -131008 }, 0, { 0x7BFF }, { 127, -2 }, { 0 }, { 8319008, -131008 } },
    { "int4", 4, { 7, 1, -2.5f, 3.5f }, 0, { 0x3C00 }, { 7, 1, -2, 4 }, { 0 }, { 7, 1, -2, 4 } },
    /* s = 254/127 = 2 */
    { "int8-token", 4, { 254, -3, 1, 5 }, 0x4000, { 0 }, { 127, -2, 0, 2 }, { 0 }, { 254, -4, 0, 4 } },
    /* gamma = 105/105 = 1. First vector: S = 15, quotients 7, 0.5, -1.5. Second: 17.5/7 = 2.5, S = 2, and
     * 17.5/2 is clamped to 7; -3/2 to -2, 1/2 to 0 */
    { "vsq", 19, { 105, 7.5f, -22.5f, [16] = 17.5f, -3, 1 }, 0x3C00, { 15, 2 }, { 7, 0, -2, [16] = 7, -2, 0 },
      { 0 }, { 105, 0, -30, [16] = 14, -4, 0 } },
    /* 6.5: exponent floor(2.7) - 2 = 0; saturates to 6. Ties of 2.5, 0.25, 5 and 1.75: away to 3, 0.5, 6, 2 */
    { "mxfp4", 5, { 6.5f, -2.5f, 0.25f, 5, -1.75f }, 0, { 127 }, { 7, 13, 1, 7, 12 }, { 0 },
      { 6, -3, 0.5f, 6, -2 } },
    /* the same to even: 2, 0, 4, 2 */
    { "mxfp4:round=even", 5, { 6.5f, -2.5f, 0.25f, 5, -1.75f }, 0, { 127 }, { 7, 12, 0, 6, 12 }, { 0 },
      { 6, -2, 0, 4, -2 } },
    /* 6.5/6 > 1: exponent 1, quotients 3.25, -1.25 (tie, away: 1.5), 0.125, 2.5 (tie, away: 3), -0.875 */
    { "mxfp4:scale=ceil", 5, { 6.5f, -2.5f, 0.25f, 5, -1.75f }, 0, { 128 }, { 5, 11, 0, 5, 10 }, { 0 },
      { 6, -3, 0, 6, -2 } },
    /* exactly 6: log2(1) needs no rounding up */
    { "mxfp4:scale=ceil", 2, { 6, -0.75f }, 0, { 127 }, { 7, 10 }, { 0 }, { 6, -1 } },
    /* g = 2688/2688 = 1. S = 2688/6 = 448: quotients 6, -2.5 (to 2), 0.25 (to 0), 3.5 (to 4). Second block: S = 1:
     * 6, 0.75 (to 1), 1.25 (to 1), 1.75 (to 2), 5 (to 4) */
    { "nvfp4", 21, { 2688, -1120, 112, 1568, [16] = 6, -0.75f, 1.25f, -1.75f, 5 }, 0, { 0x7E, 0x38 },
      { 7, 12, 0, 6, [16] = 7, 10, 2, 12, 6 }, { 0 },
      { 2688, -896, 0, 1792, [16] = 6, -1, 1, -2, 4 } },
    /* amax_X = 2689 > 2688: g = 2. 2689/12 = 224.08, S = 224; 2689/448 = 6.002 saturates */
    { "nvfp4:tensor=pow2", 2, { 2689, -224 }, 0, { 0x76 }, { 7, 9 }, { 0 }, { 2688, -224 } },
    /* E = 0. Pair (1.5, 0.25): d = 0, halves 3, 0.5 (to 0). (0.75, -0.5): below 1, d = 1, quarters 3, -2.
     * (-1.25, 1): halves -2.5 (to 2), 2 */
    { "mx4", 6, { 1.5f, 0.25f, 0.75f, -0.5f, -1.25f, 1 }, 0, { 127 }, { 3, 0, 3, 6, 6, 2 }, { 0, 1, 0 },
      { 1.5f, 0, 0.75f, -0.5f, -1, 1 } },
    /* m = 4: eighths, below 1 sixteenths: 12, 2; 0.53 * 16 = 8.48, -0.03125 * 16 = -0.5 (to 0) */
    { "mx4:m=4", 4, { 1.5f, 0.25f, 0.53f, -0.03125f }, 0, { 127 }, { 12, 2, 8, 0 }, { 0, 1 },
      { 1.5f, 0.25f, 0.5f, 0 } },
    /* E = 0: 64ths 96, -0.5 (away: -1), 19.2, 127.999 (128, clamped) */
    { "mxint8", 4, { 1.5f, -0.0078125f, 0.3f, 1.99999f }, 0, { 127 }, { 96, -1, 19, 127 }, { 0 },
      { 1.5f, -0.015625f, 0.296875f, 1.984375f } },
    { "mxint8:round=even", 4, { 1.5f, -0.0078125f, 0.3f, 1.99999f }, 0, { 127 }, { 96, 0, 19, 127 }, { 0 },
      { 1.5f, 0, 0.296875f, 1.984375f } },
    /* what a group of zeros has for a scale: s = 0, gamma = 0 and S = 0, the exponents of 2^-126 less 2 but at least
     * -127, -126, -127; and 1 */
    { "int8", 2, { 0 }, 0, { 0 }, { 0 }, { 0 }, { 0 } },
    { "vsq", 2, { 0 }, 0, { 0 }, { 0 }, { 0 }, { 0 } },
    { "mxfp4", 2, { 0 }, 0, { 0 }, { 0 }, { 0 }, { 0 } },
    { "mxfp4:scale=ceil", 2, { 0 }, 0, { 0 }, { 0 }, { 0 }, { 0 } },
    { "mxint8", 2, { 0 }, 0, { 1 }, { 0 }, { 0 }, { 0 } },
    { "mx4", 2, { 0 }, 0, { 0 }, { 0 }, { 1 }, { 0 } },
    { "nvfp4", 2, { 0 }, 0, { 0x38 }, { 0 }, { 0 }, { 0 } },
    /* g = 1; 17 lies between 16 and 18, tie to the even mantissa 0; 2^-10 between 0 and 2^-9, to 0 */
    { "fp8", 5, { 448, -17, 1, 0x1p-9f, -0x1p-10f }, 0, { 0 }, { 0x7E, 0xD8, 0x38, 1, 0 }, { 0 },
      { 448, -16, 1, 0x1p-9f, 0 } },
};

static void test_literals(void)
{
    for (size_t n = 0; n < sizeof literals / sizeof *literals; n++) {
        const literal *l = &literals[n];
        bcq_format f = parsed(l->spec);
        bcq_format_row row = row_new(&f);
        bcq_format_tensor t;
        float value[24];

        bcq_format_scale_tensor(&f, amax_of(l->x, l->k), &t);
        f.kind->encode(&f, &t, l->x, l->k, &row);
        f.kind->decode(&f, &t, &row, value);
        expect(LITERAL, row.row_scale == l->row_scale, "%zu %s: row scale %04x", n, l->spec, row.row_scale);
        for (int g = 0; f.group && g < row.groups; g++)
            expect(LITERAL, row.scale[g] == l->scale[g], "%zu %s: scale %x", n, l->spec, row.scale[g]);
        for (int i = 0; i < l->k; i++) {
            expect(LITERAL, row.code[i] == (uint8_t)l->code[i], "%zu %s: code %d is %x", n, l->spec, i, row.code[i]);
            expect(LITERAL, same(value[i], l->value[i]), "%zu %s: value %d is %g", n, l->spec, i, (double)value[i]);
        }
        for (int i = 0; is(&f, "mx4") && i < l->k / 2; i++)
            expect(LITERAL, row.minor[i] == l->minor[i], "%zu %s: d %d", n, l->spec, i);
        bcq_format_row_free(&row);
    }
}

/* ---- Rows against the second model ---------------------------------------------------------- */

/* Encodes and decodes x[k] under tensor scale g, or the row's own if g is 0. */
static void check_row(enum class c, int number, const float *x, int k, float g)
{
    bcq_format f = parsed(formats[number].spec);
    bcq_format_row row = row_new(&f), want = row_new(&f);
    bcq_format_tensor t;
    float value[K_MAX], second[K_MAX];
    char text[100];

    bcq_format_scale_tensor(&f, amax_of(x, k), &t);
    expect(c, same(t.scale, sf_tensor_scale(&f, amax_of(x, k))), "%s: tensor scale %a", f.name, (double)t.scale);
    if (g > 0)
        t.scale = g;
    sf_met = (struct sf_met){ 0 };
    f.kind->encode(&f, &t, x, k, &row);
    sf_encode(&f, t.scale, x, k, &want);
    expect(c, same_row(&f, &row, &want, text, sizeof text), "%s, k %d: %s", f.name, k, text);
    formats[number].rows++;
    formats[number].ties += sf_met.element_tie;
    formats[number].scale_ties += sf_met.scale_tie;
    formats[number].saturated += sf_met.saturated;

    f.kind->decode(&f, &t, &want, value);
    sf_decode(&f, t.scale, &want, second);
    for (int i = 0; i < k; i++)
        if (!same(value[i], second[i])) {
            expect(c, false, "%s, k %d: value %d is %a, wanted %a", f.name, k, i, (double)value[i], (double)second[i]);
            break;
        }
    bcq_format_row_free(&row);
    bcq_format_row_free(&want);
}

/* The midpoints of the elements' grid when a group's scale is 1 (vsq: of a vector whose S is SMAX), and the
 * scalar that makes it so. Returns how many. */
static int midpoints(const bcq_format *f, double *middle, double *anchor)
{
    static const double e2m1[] = { 0.25, 0.75, 1.25, 1.75, 2.5, 3.5, 5, 7 };
    int n = 0;

    *anchor = 1;
    if (is(f, "mxfp4") || is(f, "nvfp4")) {
        *anchor = is(f, "mxfp4") && !f->scale_ceil ? 4 : 6;
        while (n < (*anchor == 4 ? 8 : 7)) {  /* 7: a tie of 6 and the 8 that there is not */
            middle[n] = e2m1[n];
            n++;
        }
    } else if (is(f, "fp8")) {
        *anchor = 448;
        for (; n < 126; n++)
            middle[n] = ((double)sf_e4m3_value((uint8_t)n) + (double)sf_e4m3_value((uint8_t)(n + 1))) / 2;
    } else {
        int most = is(f, "int4") || is(f, "vsq") ? 7 : is(f, "mx4") ? (1 << f->mantissa_bits) - 1 : 127;
        double unit = is(f, "mxint8") ? 1.0 / 64 : is(f, "mx4") ? ldexp(1, 1 - f->mantissa_bits) : 1;
        if (is(f, "vsq"))
            unit = (1 << f->scale_bits) - 1;
        for (; n < most; n++)
            middle[n] = (n + 0.5) * unit;
        if (unit >= 1)
            *anchor = most * unit;
    }
    return n;
}

/* Every midpoint, its neighbours, both signs, in groups that begin with the anchor; the same times 2^shift.
 * Pairs of mx4 are {anchor, x} for d = 0 and {x/2, 0} for d = 1. */
static void test_ties(int number, int shift)
{
    bcq_format f = parsed(formats[number].spec);
    double middle[CODES_MAX], anchor;
    int n = midpoints(&f, middle, &anchor), group = f.group ? f.group : 128, k = 0;
    float x[K_MAX] = { 0 }, g = (float)ldexp(1, shift);

    for (int i = 0; i < n; i++)
        for (int side = -1; side < 2; side++)
            for (int sign = -1; sign < 2; sign += 2) {
                float tie = (float)ldexp(sign * middle[i], shift);
                float v = side == 0 ? tie : nextafterf(tie, side < 0 ? 0 : sign * INFINITY);
                if (is(&f, "mx4")) {
                    x[k++] = (float)ldexp(anchor, shift);
                    x[k++] = v;
                    x[k++] = v / 2;
                    x[k++] = 0;
                } else {
                    if (k % group == 0)
                        x[k++] = (float)ldexp(anchor, shift);
                    x[k++] = v;
                }
                if (k > K_MAX - 4 || (i == n - 1 && side == 1 && sign == 1)) {
                    check_row(TIES, number, x, k, is(&f, "nvfp4") || is(&f, "fp8") ? g : 0);
                    expect(TIES, sf_met.element_tie, "%s: no tie", f.name);
                    memset(x, 0, sizeof x);
                    k = 0;
                }
            }
}

/* The literal ties of the page's table "What differs": .25 .75 1.25 1.75 2.5 3.5 5, and both signs. */
static void test_e2m1_ties(void)
{
    static const float tie[] = { 0.25f, 0.75f, 1.25f, 1.75f, 2.5f, 3.5f, 5 };
    static const float even[] = { 0, 1, 1, 2, 2, 4, 4 }, away[] = { 0.5f, 1, 1.5f, 2, 3, 4, 6 };
    static const char *const specs[] = { "nvfp4", "nvfp4:tensor=pow2", "mxfp4:round=even", "mxfp4" };

    for (int s = 0; s < 4; s++) {
        bcq_format f = parsed(specs[s]);
        bcq_format_row row = row_new(&f);
        float x[16] = { 6 }, value[16];
        bcq_format_tensor one = { 1, 0 };
        for (int i = 0; i < 14; i++)
            x[i + 1] = i < 7 ? tie[i] : -tie[i - 7];
        f.kind->encode(&f, &one, x, 15, &row);
        f.kind->decode(&f, &one, &row, value);
        for (int i = 0; i < 14; i++) {
            float want = s == 3 ? away[i % 7] : even[i % 7];
            expect(TIES, value[i + 1] == (i < 7 ? want : -want), "%s: %g to %g", f.name, (double)x[i + 1],
                   (double)value[i + 1]);
        }
        bcq_format_row_free(&row);
    }
}

/* Groups whose amax puts the scale on a midpoint of its codes, and beside it. */
static void test_scale_ties(int number)
{
    bcq_format f = parsed(formats[number].spec);
    bool vsq = is(&f, "vsq"), nvfp4 = is(&f, "nvfp4"), f16 = is(&f, "int8") || is(&f, "int4") || is(&f, "int8-token");
    int smax = (1 << f.scale_bits) - 1, codes = vsq ? smax : nvfp4 ? 126 : f16 ? 0x7BFF : 0, step = f16 ? 37 : 1;

    for (int code = 0; code < codes; code += step)
        for (int side = -1; side < 2; side++) {
            double low, high;
            float x[2 * 64] = { 0 };
            int at = f.group && f.group < 64 ? f.group : 0, qmax = f.kind->element_bits == 8 ? 127 : 7;
            if (vsq) {
                low = 7 * code;
                high = 7 * (code + 1);
            } else if (nvfp4) {
                low = 6 * (double)sf_e4m3_value((uint8_t)code);
                high = 6 * (double)sf_e4m3_value((uint8_t)(code + 1));
            } else {
                low = qmax * (double)sf_f16_value((uint16_t)code);
                high = qmax * (double)sf_f16_value((uint16_t)(code + 1));
            }
            if (vsq) {  /* gamma = 1 */
                at = f.group;
                x[0] = (float)(7 * smax);
            }
            x[at] = (float)((low + high) / 2);
            if (side)
                x[at] = nextafterf(x[at], side < 0 ? 0 : INFINITY);
            x[at + 1] = -x[at] / 2;
            check_row(SCALE_TIES, number, x, at + 3, nvfp4 ? 1 : 0);
        }
}

/* nvfp4: amax at and beside the product of 6, g and a midpoint of E4M3, where it matters that 6 * g and the
 * quotient are rounded; the elements likewise beside midpoints of E2M1 times S * g. */
static void test_rounded_scales(int number)
{
    static const double tie[] = { 0.25, 0.75, 1.25, 1.75, 2.5, 3.5, 5 };

    for (int code = 1; code < 126; code++)
        for (int side = -2; side <= 2; side++) {
            float g = (float)ldexp(1 + uniform(), below(40) - 20), x[16];
            double low = (double)sf_e4m3_value((uint8_t)code), high = (double)sf_e4m3_value((uint8_t)(code + 1));
            x[0] = f32(bits32((float)(3 * (low + high) * (double)g)) + (uint32_t)side);
            for (int i = 1; i < 16; i++)
                x[i] = (i & 1 ? -1.0f : 1.0f) * f32(bits32((float)(tie[below(7)] * (i & 2 ? low : high) * (double)g))
                                                    + (uint32_t)(below(5) - 2));
            check_row(SCALE_ROUNDED, number, x, 16, g);
        }
}

static void test_powers(int number)
{
    for (int e = -126; e < 128; e++)
        for (int side = -1; side < 2; side++) {
            float power = ldexpf(1, e), x[40] = { 0 };
            x[0] = side == 0 ? power : nextafterf(power, side < 0 ? 0 : INFINITY);
            x[0] = fabsf(x[0]) < 0x1p-126f ? 0x1p-126f : x[0];
            for (int i = 1; i < 40; i++) {
                x[i] = (i % 2 ? -1.0f : 1.0f) * x[0] * ((float)i / 40);
                if (fabsf(x[i]) < 0x1p-126f)  /* conditioned: no subnormals */
                    x[i] = 0;
            }
            check_row(POWERS, number, x, 40, 0);
            for (int i = 0; i < 40; i++)  /* 6 * 2^n: where ceil(log2(amax / 6)) steps */
                x[i] = fabsf(x[i]) < 0x1p-120f || e > 126 ? 0 : x[i] * 1.5f;
            check_row(POWERS, number, x, 40, 0);
        }
}

static void test_corners(int number)
{
    bcq_format f = parsed(formats[number].spec);
    int group = f.group ? f.group : 24;
    float x[K_MAX];
    static const float extreme[] = { 0x1p-126f, -0x1p-126f, 0x1.8p-126f, 0x1.fffffep127f, -0x1.fffffep127f,
                                     0x1p127f, 65504, 65520, -0x1p-24f, 0x1p-25f, 1, 0 };
    enum { N = sizeof extreme / sizeof *extreme };

    memset(x, 0, sizeof x);
    for (int k = 1; k < 4; k++)
        check_row(ZEROS, number, x, k, 0);
    check_row(ZEROS, number, x, 2 * group, 0);
    for (int i = 0; i < group; i++)  /* a zero group between two others */
        x[i] = x[2 * group + i] = (float)normal();
    check_row(ZEROS, number, x, 3 * group > K_MAX ? K_MAX : 3 * group, 0);

    for (int i = 0; i < N; i++)
        check_row(ONE, number, extreme + i, 1, 0);
    check_row(ONE, number, (const float[]){ -3.7f }, 1, 0);

    for (int k = 1; k <= 2 * group + 1; k++) {
        for (int i = 0; i < k; i++)
            x[i] = (float)normal();
        check_row(TAILS, number, x, k, 0);
    }
    for (int a = 0; a < N; a++)
        for (int b = 0; b < N; b++) {
            memset(x, 0, sizeof x);
            x[0] = extreme[a];
            x[1] = extreme[b];
            x[3] = extreme[(a + b) % N] ;
            x[group] = extreme[b];
            x[group + 1] = extreme[a] == extreme[b] ? 0 : 0x1p-60f;
            check_row(EXTREMES, number, x, group + 2, 0);
        }
    for (int e = -126; e <= 0; e++) {  /* one large scalar, a group that shrinks until its scale is 0 */
        memset(x, 0, sizeof x);
        x[0] = 2688;
        for (int i = 0; i < 5; i++)
            x[group + i] = ldexpf(1 + (float)i / 5, e);
        check_row(VANISHING, number, x, group + 5, 0);
        x[0] = 0;  /* the same where it is the whole tensor */
        check_row(VANISHING, number, x, group + 5, 0);
    }
}

/* "FP16 exponent 31 counts as 0; the sign bit of a scale is ignored", scalars beyond the scale saturate. */
static void test_given(void)
{
    static const char *const specs[] = { "int8-token", "vsq" };

    for (int s = 0; s < 2; s++) {
        bcq_format f = parsed(specs[s]);
        bcq_format_row row = row_new(&f), want = row_new(&f);
        for (uint32_t scale = 0; scale < 65536; scale += 19) {
            float x[40];
            char text[100];
            double unit = ldexp((double)sf_f16_value((uint16_t)scale), below(10));
            for (int i = 0; i < 40; i++) {
                x[i] = (float)(normal() * unit);
                if (fabsf(x[i]) < 0x1p-126f)
                    x[i] = 0;
            }
            bcq_format_encode_given(&f, (uint16_t)scale, x, 40, &row);
            sf_encode_given(&f, (uint16_t)scale, x, 40, &want);
            expect(GIVEN, same_row(&f, &row, &want, text, sizeof text), "%s, %04x: %s", f.name, scale, text);
        }
        bcq_format_row_free(&row);
        bcq_format_row_free(&want);
    }
}

/* A conditioned scalar of one of several kinds. */
static float random_scalar(int kind, int scale)
{
    float x;

    switch (kind) {
    case 0:  x = (float)(normal() * ldexp(1, scale)); break;
    case 1:  x = f32((uint32_t)rnd()); break;                                    /* any bits */
    case 2:  x = f32((uint32_t)rnd() & 0xFFFF0000); break;                       /* any BF16 */
    case 3:  x = (float)ldexp(below(511) - 255, below(8) - 6); break;            /* few bits: many ties */
    case 4:  x = below(4) ? 0 : (float)ldexp(normal(), below(60) - 30); break;   /* sparse and wide */
    case 5:  x = (float)ldexp(below(29) - 14, scale - 2); break;                 /* quarters: ties of E2M1 */
    default: x = f32(bits32((float)ldexp(normal(), scale)) & 0xFFFF0000); break; /* BF16 */
    }
    return !isfinite(x) || fabsf(x) < 0x1p-126f ? 0 : x;
}

static void random_row(float *x, int k)
{
    int kind = below(7), scale = below(12) ? below(21) - 10 : below(200) - 100;

    for (int i = 0; i < k; i++)
        x[i] = random_scalar(kind, scale);
}

/* ---- What must hold --------------------------------------------------------------------------- */

static void check_padding(int number, const float *x, int k)
{
    bcq_format f = parsed(formats[number].spec);
    bcq_format_row row = row_new(&f), padded = row_new(&f);
    float zeros[K_MAX] = { 0 }, value[K_MAX];
    int full = k + 1 + below(K_MAX - k);
    bcq_format_tensor t;
    bool ok = true;

    memcpy(zeros, x, (size_t)k * sizeof *x);
    bcq_format_scale_tensor(&f, amax_of(x, k), &t);
    f.kind->encode(&f, &t, x, k, &row);
    f.kind->encode(&f, &t, zeros, full, &padded);
    f.kind->decode(&f, &t, &padded, value);
    for (int i = 0; i < full; i++)
        ok &= i < k ? padded.code[i] == row.code[i] : padded.code[i] == 0 && bits32(value[i]) == 0;
    for (int g = 0; f.group && g < row.groups; g++)
        ok &= padded.scale[g] == row.scale[g];
    ok &= padded.row_scale == row.row_scale;
    expect(PADDING, ok, "%s, %d to %d", f.name, k, full);
    if (bcq_format_has_sum(&f))
        expect(PADDING, f.kind->dot(&f, &row, &row) == f.kind->dot(&f, &padded, &padded), "%s: product, %d to %d",
               f.name, k, full);
    bcq_format_row_free(&row);
    bcq_format_row_free(&padded);
}

/* Encoding what was decoded gives the same values, the tensor scale kept. It need not: with a saturated or
 * subnormal scale (fewer bits) and for vsq, whose gamma and S both move. */
static void check_again(int number, const float *x, int k)
{
    bcq_format f = parsed(formats[number].spec);
    bcq_format_row row = row_new(&f), again = row_new(&f);
    float value[K_MAX], second[K_MAX];
    bcq_format_tensor t;
    bool e4m3 = is(&f, "nvfp4"), f16 = is(&f, "int8") || is(&f, "int4") || is(&f, "int8-token"), must = !is(&f, "vsq");

    bcq_format_scale_tensor(&f, amax_of(x, k), &t);
    f.kind->encode(&f, &t, x, k, &row);
    f.kind->decode(&f, &t, &row, value);
    for (int i = 0; i < k; i++)  /* mx4 and mxint8 may have made a subnormal; conditioning would change it */
        must &= value[i] == 0 || fabsf(value[i]) >= 0x1p-126f;
    for (int g = 0; g < row.groups; g++) {
        uint32_t scale = group_scale(&f, &row, g);
        must &= !e4m3 || (scale >= 8 && t.scale >= 0x1p-100f);
        must &= !f16 || scale == 0 || (scale >= 0x0400 && scale < 0x7BFF);
    }
    if (must) {
        f.kind->encode(&f, &t, value, k, &again);
        f.kind->decode(&f, &t, &again, second);
        expect(AGAIN, memcmp(value, second, (size_t)k * sizeof *value) == 0, "%s, k %d", f.name, k);
    }
    bcq_format_row_free(&row);
    bcq_format_row_free(&again);
}

/* Tries every code in the place of every scalar. nvfp4 and fp8: with a tensor scale that is a power of two,
 * for otherwise their FP32 quotients may round onto a tie. */
static void check_nearest(int number, const float *x, int k)
{
    bcq_format f = parsed(formats[number].spec);
    bcq_format_row row = row_new(&f);
    bool e2m1 = is(&f, "mxfp4") || is(&f, "nvfp4"), mx4 = is(&f, "mx4"), fp8 = is(&f, "fp8");
    int codes = e2m1 ? 16 : mx4 ? 2 << f.mantissa_bits : 256;
    float value[K_MAX], other[K_MAX];
    bcq_format_tensor t;

    bcq_format_scale_tensor(&f, amax_of(x, k), &t);
    if (t.scale != 1)
        t.scale = ldexpf(1, bcq_floor_log2((double)t.scale) + below(3));
    f.kind->encode(&f, &t, x, k, &row);
    f.kind->decode(&f, &t, &row, value);
    for (int i = 0; i < k; i++) {
        uint8_t chosen = row.code[i];
        /* Both differences are rounded to double alike, and rounding keeps <=. */
        double error = fabs((double)x[i] - (double)value[i]);
        bool ok = true;
        for (int code = 0; code < codes; code++) {
            if ((fp8 && (code & 127) == 127) || (!e2m1 && !mx4 && !fp8 && code == 128)
                || (f.kind->element_bits == 4 && !e2m1 && code > 7 && code < 249))
                continue;  /* NaN; -QMAX-1; beyond INT4 */
            row.code[i] = (uint8_t)code;
            f.kind->decode(&f, &t, &row, other);
            ok &= fabs((double)x[i] - (double)other[i]) >= error;
        }
        row.code[i] = chosen;
        expect(NEAREST, ok, "%s: %a to %a, code %x", f.name, (double)x[i], (double)value[i], chosen);
    }
    bcq_format_row_free(&row);
}

/* ---- Products ----------------------------------------------------------------------------------- */

static const char *const summed[] = { "int8-token", "int8", "vsq", "mxfp4", "nvfp4" };
enum { SUMMED = sizeof summed / sizeof *summed };

static float random_tensor_scale(const bcq_format *f)
{
    return is(f, "nvfp4") ? (float)ldexp(1 + uniform(), below(3) ? below(40) - 20 : below(250) - 125) : 1;
}

static void check_dot(enum class c, const bcq_format *f, const bcq_format_row *a, const bcq_format_row *w)
{
    bcq_format_tensor ta = { random_tensor_scale(f), 0 }, tw = { random_tensor_scale(f), 0 };
    uint32_t got, want;
    float result, second;

    sf_met = (struct sf_met){ 0 };
    got = f->kind->dot(f, a, w);
    want = sf_dot(f, a, w);
    expect(c, got == want, "%s, k %" PRId64 ": %08x, wanted %08x", f->name, a->k, got, want);
    if (sf_met.sum_tie)
        expect(DOT_TIE, got == want, "%s", f->name);
    if (sf_met.flushed)
        expect(DOT_FLUSHED, got == want, "%s", f->name);
    if (sf_met.limited)
        expect(DOT_LIMITED, got == want, "%s", f->name);

    result = f->kind->apply_scales(f, want, &ta, a, &tw, w);
    second = sf_apply_scales(f, want, ta.scale, a, tw.scale, w);
    expect(c, same(result, second), "%s: C %a, wanted %a", f->name, (double)result, (double)second);
    if (second == 0 && (want & 0x7FFFFFFF) != 0 && is(f, "nvfp4"))
        expect(RESULT_ZERO, bits32(result) == 0, "%s: %a", f->name, (double)result);
    if (isinf(second))
        expect(RESULT_INFINITE, isinf(result), "%s: %a", f->name, (double)result);
}

static void shape(const bcq_format *f, int k, bcq_format_row *row)
{
    row->k = k;
    row->groups = f->group ? (k + f->group - 1) / f->group : 1;
    row->row_scale = 0x3C00;
}

static uint8_t random_code(const bcq_format *f)
{
    if (is(f, "mxfp4") || is(f, "nvfp4"))
        return (uint8_t)below(16);
    return (uint8_t)(is(f, "vsq") ? below(15) - 7 : below(255) - 127);
}

static void random_codes(const bcq_format *f, int k, int centre, bcq_format_row *row)
{
    shape(f, k, row);
    row->row_scale = (uint16_t)rnd();
    for (int i = 0; i < k; i++)
        row->code[i] = random_code(f);
    for (int g = 0; g < row->groups; g++) {
        int near = centre + below(31) - 15;
        row->scale[g] = is(f, "int8") ? (uint32_t)rnd() & 0xFFFF : is(f, "vsq") ? (uint32_t)below(16)
                      : is(f, "mxfp4") && centre >= 0 ? (uint32_t)(near < 0 ? 0 : near > 255 ? 255 : near)
                      : (uint32_t)below(256);
    }
}

static void fill(bcq_format_row *row, int code, uint32_t scale)
{
    memset(row->code, code, (size_t)row->k);
    for (int g = 0; g < row->groups; g++)
        row->scale[g] = scale;
}

static void test_dots(uint64_t products)
{
    for (int s = 0; s < SUMMED; s++) {
        bcq_format f = parsed(summed[s]);
        bcq_format_row a = row_new(&f), w = row_new(&f);
        bool e2m1 = is(&f, "mxfp4") || is(&f, "nvfp4");
        int most = e2m1 ? 7 : is(&f, "vsq") ? 7 : 127, least = e2m1 ? 15 : -most;
        uint32_t top = is(&f, "int8") ? 0x7BFF : is(&f, "vsq") ? 15 : is(&f, "mxfp4") ? 254 : 0x7E;
        uint32_t low = is(&f, "mxfp4") ? 0 : 1;

        for (int k = 1; k <= 640; k += 71)
            for (int kind = 0; kind < 8; kind++) {
                shape(&f, k, &a);
                shape(&f, k, &w);
                fill(&a, kind & 1 ? least : most, kind & 4 ? top : low);
                fill(&w, kind & 2 ? least : most, kind & 4 ? top : low);
                check_dot(DOT_EXTREME, &f, &a, &w);
                for (int i = 64; i < k; i++)  /* the second column cancels the first, more or less */
                    w.code[i] = e2m1 ? w.code[i] ^ 8 : (uint8_t)-w.code[i];
                check_dot(DOT_EXTREME, &f, &a, &w);
                fill(&w, 0, top);
                check_dot(DOT_EXTREME, &f, &a, &w);
            }
        for (uint64_t n = 0; n < products; n++) {
            int k = 1 + below(below(4) ? 200 : K_MAX), centre = below(4) ? below(256) : -1;
            random_codes(&f, k, centre, &a);
            random_codes(&f, k, centre < 0 ? -1 : below(3) ? 254 - centre : centre, &w);
            check_dot(DOT_RAW, &f, &a, &w);
        }
        for (uint64_t n = 0; n < products; n++) {
            int k = 1 + below(below(4) ? 200 : K_MAX);
            float x[K_MAX], y[K_MAX];
            bcq_format_tensor t;
            random_row(x, k);
            random_row(y, k);
            bcq_format_scale_tensor(&f, amax_of(x, k), &t);
            f.kind->encode(&f, &t, x, k, &a);
            bcq_format_scale_tensor(&f, amax_of(y, k), &t);
            f.kind->encode(&f, &t, y, k, &w);
            check_dot(DOT_ENCODED, &f, &a, &w);
        }
        bcq_format_row_free(&a);
        bcq_format_row_free(&w);
    }
}

/* Two scalars a row. Integers: 3*5 - 4*6 = -9. E2M1: 1 * 2 - 6 * 1.5 = -7, -28 quarters. */
static void test_dot_literals(void)
{
    static const struct {
        const char *spec; uint32_t s_a, s_w; uint16_t row_a, row_w; float g_a, g_w; uint32_t acc; float c;
    } cases[] = {
        { "int8-token", 0, 0, 0x4000, 0x3400, 1, 1, (uint32_t)-9, -4.5f },   /* 2 * 0.25 */
        { "int8", 0x4000, 0x3400, 0, 0, 1, 1, 0xC0900000, -4.5f },
        { "int8", 0x7C00, 0x3400, 0, 0, 1, 1, 0, 0 },                        /* infinity counts as 0 */
        { "int8", 0xC000, 0x3400, 0, 0, 1, 1, 0xC0900000, -4.5f },           /* the sign is ignored */
        { "vsq", 3, 5, 0x4000, 0x3400, 1, 1, (uint32_t)-135, -67.5f },
        { "mxfp4", 128, 126, 0, 0, 1, 1, 0xC0E00000, -7 },
        { "mxfp4", 255, 126, 0, 0, 1, 1, 0, 0 },
        { "mxfp4", 0, 124, 0, 0, 1, 1, 0, 0 },                               /* -7 * 2^-130, below 2^-126 */
        { "mxfp4", 1, 128, 0, 0, 1, 1, 0x82600000, -7 * 0x1p-125f },             /* -1.75 * 2^-123 */
        { "mxfp4", 254, 254, 0, 0, 1, 1, 0xFF7FFFFF, -0x1.fffffep127f },
        { "nvfp4", 0x40, 0x30, 0, 0, 3, 0.5f, 0xC0E00000, -10.5f },          /* 2 * 0.5 */
        { "nvfp4", 0x7F, 0x30, 0, 0, 3, 0.5f, 0, 0 },
        { "nvfp4", 0xC0, 0xB0, 0, 0, 3, 0.5f, 0xC0E00000, -10.5f },
        { "nvfp4", 0x40, 0x30, 0, 0, 0x1p-100f, 0x1p-100f, 0xC0E00000, 0 },    /* -7 * 2^-200: +0 */
        { "nvfp4", 0x40, 0x30, 0, 0, 0x1p64f, 0x1p64f, 0xC0E00000, -INFINITY },  /* -7 * 2^128 */
    };

    for (size_t n = 0; n < sizeof cases / sizeof *cases; n++) {
        bcq_format f = parsed(cases[n].spec);
        bcq_format_row a = row_new(&f), w = row_new(&f);
        bool e2m1 = is(&f, "mxfp4") || is(&f, "nvfp4");
        uint32_t acc;
        float c;
        shape(&f, 2, &a);
        shape(&f, 2, &w);
        a.scale[0] = cases[n].s_a;
        w.scale[0] = cases[n].s_w;
        a.row_scale = cases[n].row_a;
        w.row_scale = cases[n].row_w;
        a.code[0] = e2m1 ? 2 : 3;
        a.code[1] = e2m1 ? 15 : (uint8_t)-4;
        w.code[0] = e2m1 ? 4 : 5;
        w.code[1] = e2m1 ? 3 : 6;
        acc = f.kind->dot(&f, &a, &w);
        c = f.kind->apply_scales(&f, acc, &(bcq_format_tensor){ cases[n].g_a, 0 }, &a,
                                 &(bcq_format_tensor){ cases[n].g_w, 0 }, &w);
        expect(DOT_LITERAL, acc == cases[n].acc, "%zu %s: %08x, wanted %08x", n, f.name, acc, cases[n].acc);
        expect(acc && cases[n].c == 0 ? RESULT_ZERO : isinf(cases[n].c) ? RESULT_INFINITE : DOT_LITERAL,
               same(c, cases[n].c), "%zu %s: C %g", n, f.name, (double)c);
        bcq_format_row_free(&a);
        bcq_format_row_free(&w);
    }
}

/* ---- bcq ------------------------------------------------------------------------------------- */

static void random_codebooks(const bcq_params *p, bcq_codebooks *cb)
{
    cb->p = *p;
    for (int c = 0; c < p->nc; c++) {
        int8_t *entry = cb->entry[c];
        for (int k = 0; k < bcq_entries(p); k++)
            entry[k] = (int8_t)(below(2 * bcq_cmax(p) + 1) - bcq_cmax(p));
        entry[0] = 0;  /* so that padding decodes to 0 */
        for (int k = 1; k < bcq_entries(p); k++)
            for (int j = k; j > 0 && entry[j] < entry[j - 1]; j--) {
                int8_t other = entry[j];
                entry[j] = entry[j - 1];
                entry[j - 1] = other;
            }
    }
}

static bool bcq_same(const bcq_format *f, const bcq_format_tensor *t, const float *x, int k,
                     const bcq_format_row *row, int8_t *entry)
{
    float value[K_MAX + 1];
    bool ok = row->k == k && row->groups == (k + f->p.la - 1) / f->p.la;

    f->kind->decode(f, t, row, value);
    for (int g = 0; g * f->p.la < k; g++) {
        uint32_t bits[BCQ_LA_MAX] = { 0 };
        bcq_array want;
        for (int i = 0; i < f->p.la && g * f->p.la + i < k; i++)
            bits[i] = bits32(x[g * f->p.la + i]);
        sm_encode_array(bits, t->exponent, f->codebooks, &want);
        sm_decode_entries(&want, f->codebooks, entry + g * f->p.la);
        ok &= row->scale[g] == want.scale;
        for (int i = 0; i < f->p.la && g * f->p.la + i < k; i++) {
            int at = g * f->p.la + i;
            ok &= row->code[at] == want.index[i] && row->minor[at / f->p.lb] == want.selector[i / f->p.lb];
            ok &= bits32(value[at]) == sm_decode_value(entry[at], want.scale, t->exponent);
        }
    }
    return ok;
}

static void test_bcq(uint64_t rows)
{
    static const char *const specs[] = { "bcq:nc=4:la=16:lb=2", "bcq:nc=2:la=32:lb=4:ew=8:b=3", "bcq:nc=1:la=128:ew=4",
                                         "bcq" };
    bcq_codebooks cb;
    bcq_format_tensor ta, tw;
    int ignored;

    for (uint64_t n = 0; n < rows; n++) {
        bcq_format f = parsed(specs[n % 4]);
        bcq_format_row a = row_new(&f), w = row_new(&f);
        int k = 1 + below(300), arrays = (k + f.p.la - 1) / f.p.la;
        float x[K_MAX], y[K_MAX];
        int8_t entry_a[K_MAX], entry_w[K_MAX];
        uint32_t acc = 0;

        random_codebooks(&f.p, &cb);
        f.codebooks = &cb;
        random_row(x, k);
        random_row(y, k);
        for (int i = 0; i < k; i++) {  /* e_X <= 100 */
            x[i] = fabsf(x[i]) > 0x1p100f ? 1 : x[i];
            y[i] = fabsf(y[i]) > 0x1p100f ? 1 : y[i];
        }
        expect(BCQ_ROW, bcq_format_scale_tensor(&f, amax_of(x, k), &ta) && bcq_format_scale_tensor(&f, amax_of(y, k), &tw),
               "%s: tensor refused", f.name);
        f.kind->encode(&f, &ta, x, k, &a);
        f.kind->encode(&f, &tw, y, k, &w);
        expect(BCQ_ROW, bcq_same(&f, &ta, x, k, &a, entry_a) && bcq_same(&f, &tw, y, k, &w, entry_w), "%s, k %d", f.name, k);
        for (int g = 0; g < arrays; g++)
            acc = sm_accumulate_fp32(acc, sm_psum(entry_a + g * f.p.la, entry_w + g * f.p.la, f.p.la),
                                     (uint8_t)a.scale[g], (uint8_t)w.scale[g]);
        expect(BCQ_DOT, f.kind->dot(&f, &a, &w) == acc, "%s, k %d: wanted %08x", f.name, k, acc);
        expect(BCQ_DOT, bits32(f.kind->apply_scales(&f, acc, &ta, &a, &tw, &w))
                        == sm_apply_exponent(acc, ta.exponent + tw.exponent), "%s: C", f.name);
        bcq_format_row_free(&a);
        bcq_format_row_free(&w);
    }
    {
        bcq_format f = parsed("bcq");
        float largest = ldexpf(448 * 31, 100);  /* "e_X > 100 is refused" */
        expect(BCQ_REFUSED, bcq_format_scale_tensor(&f, largest, &ta) && ta.exponent == 100, "448 * 31 * 2^100");
        expect(BCQ_REFUSED, !bcq_format_scale_tensor(&f, nextafterf(largest, INFINITY), &ta) && ta.exponent == 100,
               "above 448 * 31 * 2^100");
        expect(BCQ_REFUSED, !bcq_tensor_exponent(nextafterf(largest, INFINITY), &f.p, &ignored), "the contract's own");
    }
}

/* ---- */

static uint64_t number(const char *option, const char *text, uint64_t low)
{
    if (text && *text >= '0' && *text <= '9') {
        char *end;
        errno = 0;
        uint64_t value = strtoull(text, &end, 10);
        if (errno == 0 && *end == '\0' && value >= low)
            return value;
    }
    fprintf(stderr, "test_formats: %s: want an integer >= %" PRIu64 ", got \"%s\"\n", option, low, text ? text : "");
    exit(2);
}

static void met(const char *spec, const char *what, bool can, uint64_t times)
{
    if (can && times == 0) {
        printf("FAIL seed %" PRIu64 ": %s: no row met %s\n", seed, spec, what);
        classes[RANDOM].cases++;
        classes[RANDOM].failed++;
    }
}

int main(int argc, char **argv)
{
    uint64_t rows = 1500, passed = 0, failed = 0;

    for (int i = 1; i < argc; i += 2) {
        if (strcmp(argv[i], "-seed") == 0) {
            seed = number("-seed", argv[i + 1], 0);
        } else if (strcmp(argv[i], "-rows") == 0) {
            rows = number("-rows", argv[i + 1], 4);
        } else {
            fprintf(stderr, "test_formats: want [-seed S] [-rows N], got \"%s\"\n", argv[i]);
            return 2;
        }
    }
    random_state = seed;
    printf("seed %" PRIu64 "\n", seed);
    sf_open();
    sm_open();
    test_names();
    test_arithmetic();
    test_sums();
    test_literals();
    test_e2m1_ties();
    test_given();
    for (int n = 0; n < FORMATS; n++) {
        for (int shift = -5; shift <= 7; shift += 4)
            test_ties(n, shift);
        test_scale_ties(n);
        test_powers(n);
        for (int again = 0; again < 8 && strcmp(formats[n].spec, "nvfp4") == 0; again++)
            test_rounded_scales(n);
        test_corners(n);
        for (uint64_t r = 0; r < rows; r++) {
            float x[K_MAX];
            int k = 1 + below(r % 8 ? 100 : K_MAX - 1);
            random_row(x, k);
            check_row(RANDOM, n, x, k, 0);
            check_again(n, x, k);
            if (r % 4 == 0)
                check_padding(n, x, k < K_MAX - 1 ? k : k - 1);
            if (r % 32 == 0)
                check_nearest(n, x, k < 24 ? k : 24);
        }
    }
    test_dot_literals();
    test_dots(rows / 4);
    test_bcq(rows);
    sm_close();
    sf_close();

    printf("%-28s %10s %12s %10s %10s\n", "rows that met", "any", "element tie", "scale tie", "saturation");
    for (int n = 0; n < FORMATS; n++) {
        printf("%-28s %10" PRIu64 " %12" PRIu64 " %10" PRIu64 " %10" PRIu64 "\n", formats[n].spec, formats[n].rows,
               formats[n].ties, formats[n].scale_ties, formats[n].saturated);
        met(formats[n].spec, "an element's tie", strchr(formats[n].can, 'E') != NULL, formats[n].ties);
        met(formats[n].spec, "a scale's tie", strchr(formats[n].can, 'S') != NULL, formats[n].scale_ties);
        met(formats[n].spec, "saturation", strchr(formats[n].can, 'L') != NULL, formats[n].saturated);
    }
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
