/* The arithmetic of the rivals' on-line encoders alone, exhaustively, against docs/formats.md in exact
 * double arithmetic: every middle between two codes is compared with what is divided.
 * Usage: test_rival_encoder_units MODEL...   (build/models/NAME.rival_enc_units.so)
 *
 *   int8        every amax; elements as int8-token, under the scale as stored
 *   int8-token  every significand of x and of s, FP16 subnormals included, at every distance of the exponents at
 *               which a code can depend on them and two beyond; both ends of all exponents
 *   vsq         S: every significand of amax and of gamma, so; elements: the same for every S * gamma
 *   mxfp4       every amax; every BF16 value under every E, both roundings
 *   nvfp4       every amax under every e of 8 bits; every BF16 value under every E4M3 scale, e = 0, and
 *               under the ends of e */
#include <dlfcn.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dut.h"
#include "format.h"

enum { LANES = 8, BF16_INFINITY = 0x7F80, BF16_NORMAL = 0x80, FP16_INFINITY = 0x7C00 };

static long passed, failed;
static const char *name;
static const dut_model *model;
static dut *d;
static int amax_i, exponent_i, given_i, scale_o, nan_o, scale_i, x_i, element_o;

/* What the cases were: each must occur. */
enum { C_ZERO, C_SATURATED, C_TIE, C_ROUNDED, CLASSES };
static const char *const class_name[CLASSES] = { "zero", "saturated", "tie", "rounded" };
static long scale_class[CLASSES], element_class[CLASSES];

static int port(const char *what) {
    int number = model->port(what, NULL);
    if (number < 0) { fprintf(stderr, "FAIL %s: the model has no port %s\n", name, what); exit(1); }
    return number;
}
static void set(int number, uint32_t value) { uint32_t w[2] = { value, 0 }; model->set(d, number, w); }
static uint32_t get(int number) { uint32_t w[2] = { 0, 0 }; model->get(d, number, w); return w[0]; }

static void fail(const char *what, unsigned x, unsigned scale, int e, unsigned have, unsigned want) {
    if (failed++ < 10)
        fprintf(stderr, "FAIL %s %s: x=0x%04X scale=0x%04X e=%d: rtl 0x%X, golden 0x%X\n", name, what, x, scale,
                e, have, want);
}

/* ---- What is right ----------------------------------------------------------------------------------- */

enum { FORMAT_E2M1, FORMAT_INTEGER };
static const double e2m1_value[8] = { 0, 0.5, 1, 1.5, 2, 3, 4, 6 };

/* The code whose value times step is nearest to x, both at least 0 and exact: as many as there are middles
 * between neighbours below x, or at x if the tie goes up. */
static int nearest(double x, double step, int kind, int largest, bool even, long *class) {
    int low = 0, high = largest;  /* the code is in between: halves the range, by a middle */
    bool tie = false;
    if (step == 0 || x == 0) { class[C_ZERO]++; return 0; }
    while (low < high) {
        int k = (low + high) / 2;
        double middle = (kind == FORMAT_E2M1 ? (e2m1_value[k] + e2m1_value[k + 1]) / 2 : k + 0.5) * step;
        tie = tie || x == middle;
        if (x > middle || (x == middle && (!even || k % 2 == 1))) low = k + 1;
        else high = k;
    }
    class[tie ? C_TIE : low == 0 ? C_ZERO : low == largest ? C_SATURATED : C_ROUNDED]++;
    return low;
}

static double value_of(unsigned bf16) { return bcq_bf16_to_f32((uint16_t)bf16); }

/* ---- Elements: eight at a time -------------------------------------------------------------------------- */

static int kind, largest, bits;   /* of an element */
static bool even;

static struct { unsigned x[LANES]; int n; unsigned scale, given; int e; double step; } beat;

static void flush(void) {
    uint32_t words[4] = { 0 }, out[2];
    for (int i = 0; i < LANES; i++) words[i / 2] |= (uint32_t)(i < beat.n ? beat.x[i] : 0) << i % 2 * 16;
    model->set(d, x_i, words);
    set(scale_i, beat.scale);
    set(given_i, beat.given);
    set(exponent_i, (uint32_t)beat.e & 0xFF);
    model->settle(d);
    model->get(d, element_o, out);
    for (int i = 0; i < beat.n; i++) {
        unsigned have = out[i * bits / 32] >> i * bits % 32 & ((1u << bits) - 1);
        int code = nearest(value_of(beat.x[i] & 0x7FFF), beat.step, kind, largest, even, element_class);
        unsigned want = (unsigned)code | (code && beat.x[i] >> 15 ? 1u << (bits - 1) : 0);
        if (have == want) passed++;
        else fail("element", beat.x[i], beat.scale << 16 | beat.given, beat.e, have, want);
    }
    beat.n = 0;
}

/* The scale that the following scalars are divided by. */
static void under(unsigned scale, unsigned given, int e, double step) {
    if (beat.n) flush();
    beat.scale = scale, beat.given = given, beat.e = e, beat.step = step;
}

static void element(unsigned bf16) {
    beat.x[beat.n++] = bf16;
    if (beat.n == LANES) flush();
}

/* x whose exponent lies from low to high binades above the scale's step; every significand, signs in turn. */
static void elements_about(double step, int low, int high) {
    int about = step > 0 ? bcq_floor_log2(step) : 0;
    for (int b = about + low; b <= about + high; b++) {
        if (b < -126 || b > 127) continue;
        for (unsigned m = 0; m < 128; m++) element((unsigned)(b + 127) << 7 | m | (m * 37 + (unsigned)b) % 2 << 15);
    }
}

/* Both ends of the range, zeros of either sign. */
static void elements_at_ends(void) {
    static const unsigned ends[] = { 0, 0x8000, BF16_NORMAL, BF16_NORMAL | 0x8000, 0xFF, BF16_INFINITY - 1,
                                     (BF16_INFINITY - 1) | 0x8000, BF16_INFINITY - 0x80 };
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) element(ends[i]);
}

static void every_element(void) {
    element(0);
    element(0x8000);
    for (unsigned x = BF16_NORMAL; x < BF16_INFINITY; x++) element(x | (x * 0x9E37u >> 8 & 1) << 15);
}

static void fp16_scales(void) {
    for (unsigned s = 0; s < FP16_INFINITY; s++) {
        int field = (int)(s >> 10);
        /* All subnormals; every significand of one binade, and every 31st of the others. */
        if (field != 0 && field != 15 && s % 31 != 0 && s != FP16_INFINITY - 1) continue;
        double step = bcq_fp16_scale(s);
        under(0, s | s % 2 << 15, 0, step);
        elements_about(step, -3, 9);
        elements_at_ends();
    }
    for (unsigned s = FP16_INFINITY; s < 0x8000; s += 123) {
        under(0, s, 0, 0);
        elements_at_ends();
        set(given_i, s);
        model->settle(d);
        if (get(nan_o)) passed++;
        else fail("exponent 31 not seen", 0, s, 0, 0, 1);
    }
    flush();
}

/* ---- Scales ------------------------------------------------------------------------------------------------ */

static void scale_case(unsigned amax, unsigned given, int e, unsigned want) {
    set(amax_i, amax);
    set(given_i, given);
    set(exponent_i, (uint32_t)e & 0xFF);
    model->settle(d);
    unsigned have = get(scale_o);
    if (have == want) passed++;
    else fail("scale", amax, given, e, have, want);
}

/* Code of a minifloat with that many mantissa bits, whose least subnormal is lsb: its codes are counted up
 * as its values are, so nearest() would do, but 2^15 of them are many. */
static unsigned minifloat(double x, int mantissa, double lsb, unsigned highest) {
    unsigned low = 0, high = highest;
    if (x == 0) { scale_class[C_ZERO]++; return 0; }
    bool tie = false;
    while (low < high) {
        unsigned k = (low + high) / 2, field = k >> mantissa, fraction = k & ((1u << mantissa) - 1);
        /* the middle above k, in halves of its own last place */
        double middle = field ? ldexp(2.0 * (fraction + (1u << mantissa)) + 1, (int)field - 2) : fraction + 0.5;
        tie = tie || x == middle * lsb;
        if (x > middle * lsb || (x == middle * lsb && k % 2 == 1)) low = k + 1;
        else high = k;
    }
    scale_class[tie ? C_TIE : low == 0 ? C_ZERO : low == highest ? C_SATURATED : C_ROUNDED]++;
    return low;
}

static void int8_scales(void) {
    scale_case(0, 0, 0, 0);
    scale_class[C_ZERO]++;
    for (unsigned amax = BF16_NORMAL; amax < BF16_INFINITY; amax++) {
        unsigned code = minifloat(value_of(amax), 10, 127 * 0x1p-24, 0x7BFF);
        scale_case(amax, 0, 0, code);
        /* a second opinion: the format's own conversion */
        if (code != bcq_f64_to_f16(value_of(amax) / 127)) fail("golden models differ", amax, 0, 0, code, code);
    }
}

static void nvfp4_scales(void) {
    for (int e = -128; e <= 127; e++) {
        scale_case(0, 0, e, 0x38);
        for (unsigned amax = BF16_NORMAL; amax < BF16_INFINITY; amax++)
            scale_case(amax, 0, e, minifloat(value_of(amax), 3, 6 * ldexp(1, e - 9), BCQ_SCALE_MAX_CODE));
    }
}

static void mxfp4_scales(void) {
    scale_case(0, 0, 0, 0);
    for (unsigned amax = BF16_NORMAL; amax < BF16_INFINITY; amax++) {
        int exponent = bcq_floor_log2(value_of(amax)) - 2;
        scale_class[C_ROUNDED]++;
        scale_case(amax, 0, 0, (unsigned)(exponent < -127 ? 0 : exponent + 127));
    }
}

static void vsq_scales(void) {
    for (unsigned gamma = 0; gamma < FP16_INFINITY; gamma++) {
        int field = (int)(gamma >> 10);
        if (field != 0 && field != 15 && gamma % 31 != 0) continue;
        double step = 7.0 * bcq_fp16_scale(gamma);
        int about = step > 0 ? bcq_floor_log2(step) : 0;
        for (int b = about - 3; b <= about + 6; b++)
            for (unsigned m = 0; m < 128; m++) {
                unsigned amax = (unsigned)(b + 127) << 7 | m;
                scale_case(amax, gamma, 0, (unsigned)nearest(value_of(amax), step, FORMAT_INTEGER, 15, true,
                                                             scale_class));
            }
        scale_case(0, gamma, 0, 0);
        scale_case(BF16_INFINITY - 1, gamma, 0, step > 0 ? 15 : 0);
        scale_case(BF16_NORMAL, gamma, 0, 0);
    }
}

static void vsq_elements(void) {
    for (unsigned scale = 0; scale < 16; scale++)
        for (unsigned gamma = 0; gamma < FP16_INFINITY; gamma++) {
            int field = (int)(gamma >> 10);
            if (field != 0 && field != 15 && gamma % 61 != 0) continue;
            double step = scale * (double)bcq_fp16_scale(gamma);
            under(scale, gamma, 0, step);
            elements_about(step, -3, 4);
            elements_at_ends();
        }
    flush();
}

static void e2m1_elements(bool nvfp4) {
    for (unsigned scale = 0; scale <= (nvfp4 ? BCQ_SCALE_MAX_CODE : 254u); scale++) {
        double step = nvfp4 ? bcq_e4m3_to_f32((uint8_t)scale) : ldexp(1, (int)scale - 127);
        under(scale, 0, 0, step);
        every_element();
        if (!nvfp4) continue;
        for (int e = -128; e <= 127; e += e < -124 || e > 123 ? 1 : 31) {
            under(scale, 0, e, ldexp(step, e));
            elements_about(ldexp(step, e), -4, 5);
            elements_at_ends();
        }
    }
    flush();
}

static void one_model(void) {
    amax_i = port("amax_i"), exponent_i = port("exponent_i"), given_i = port("given_i"), scale_o = port("scale_o"),
    nan_o = port("nan_o"), scale_i = port("scale_i"), x_i = port("x_i"), element_o = port("element_o");
    memset(scale_class, 0, sizeof scale_class);
    memset(element_class, 0, sizeof element_class);
    bool e2m1 = strstr(name, "fp4"), int8 = strstr(name, "int8");
    kind = e2m1 ? FORMAT_E2M1 : FORMAT_INTEGER;
    bits = int8 ? 8 : 4;
    largest = int8 ? 127 : 7;
    even = strcmp(name, "mxfp4") != 0;
    long ties = 1;
    if (strcmp(name, "int8-token") == 0) fp16_scales();
    else if (strcmp(name, "int8") == 0) int8_scales();
    else if (strcmp(name, "vsq") == 0) vsq_scales(), vsq_elements();
    else if (strcmp(name, "nvfp4") == 0) nvfp4_scales(), e2m1_elements(true);
    else if (strncmp(name, "mxfp4", 5) == 0) mxfp4_scales(), e2m1_elements(false), ties = 0;
    else { fprintf(stderr, "FAIL %s: no such format\n", name); exit(1); }

    printf("%-10s", name);
    for (int e = 0; e < 2; e++) {
        const long *class = e ? element_class : scale_class;
        long all = 0;
        for (int c = 0; c < CLASSES; c++) all += class[c];
        if (!all) continue;
        printf("  %s:", e ? "elements" : "scales");
        for (int c = 0; c < CLASSES; c++) printf(" %ld %s", class[c], class_name[c]);
        /* mxfp4's scale is a difference: nothing is rounded. */
        for (int c = 0; c < CLASSES; c++) {
            if (class[c] || (!e && !ties && c != C_ROUNDED)) continue;
            fprintf(stderr, "FAIL %s: no %s of class %s\n", name, e ? "element" : "scale", class_name[c]);
            failed++;
        }
    }
    printf("\n");
}

int main(int argc, char **argv) {
    for (int i = 1; i < argc; i++) {
        static char stem[64];
        const char *slash = strrchr(argv[i], '/');
        snprintf(stem, sizeof stem, "%s", slash ? slash + 1 : argv[i]);
        stem[strcspn(stem, ".")] = 0;
        char *other = strstr(stem, "-other");  /* the same bits from another structure */
        if (other) *other = 0;
        name = stem;
        void *library = dlopen(argv[i], RTLD_NOW | RTLD_LOCAL);
        model = library ? dlsym(library, "dut_model_table") : NULL;
        if (!model) { fprintf(stderr, "FAIL %s: %s\n", argv[i], library ? "no model" : dlerror()); return 1; }
        d = model->open(1);
        one_model();
        model->close(d);
        dlclose(library);
    }
    printf("%ld passed, %ld failed\n", passed, failed);
    return failed || !passed;
}
