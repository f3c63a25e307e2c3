/* The on-line encoders of the rival formats (rtl/rivals/rival_encoder.sv) against the golden model
 * (cmodel/formats), to the bit, and their cycles against the formula.
 * Usage: test_rival_encoder [-seed S] [-runs N] [-tensor FILE:NAME]... [-mutant N] NAME.LANES|MODEL.so...
 *
 * A case is a run of block arrays. Directed ones come first, then N random runs a model, with a stall rate a
 * side from {0, 1/8, 1/2, 7/8}, with and without bursts. What was covered is counted and printed; a class that
 * stayed empty fails. */
#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bcq.h"
#include "dut.h"
#include "format.h"
#include "stall.h"

enum {
    LA = BCQ_LA_DEFAULT, ARRAYS_MAX = 256, GROUPS_MAX = 4, UNITS_MAX = 8, WORDS_MAX = 32, HANG_CYCLES = 10000,
    STAGES = 3,  /* from a group's last beat to its first one at the array's place, that beat's cycle included */
    BURSTS = 40
};

static uint64_t seed = 1;
static long passed, failed, arrays_checked;
static long mutant = -1;  /* of a mutated model, or none */

/* A mutant is caught by its first failure. */
static void count_failure(void) {
    failed++;
    if (mutant <= 0) return;
    printf("%ld passed, %ld failed\n", passed, failed);
    exit(EXIT_FAILURE);
}

enum {
    C_ZERO_ARRAY, C_ONE_SCALAR, C_AMAX, C_EQUAL, C_GIANT, C_NAN, C_INFINITY, C_SUBNORMAL, C_TIE, C_SATURATED,
    C_LARGEST, C_PATTERN, C_FORMULA, C_RESET, C_CLEAR, C_SET_AND_CLEARED,
    /* formats with a scale that is rounded */
    C_SCALE_ZERO, C_SCALE_SUBNORMAL, C_SCALE_LARGEST,
    /* formats that are given something */
    C_GIVEN_CHANGES, C_GIVEN_OF_ROW, C_GIVEN_SUBNORMAL, C_GIVEN_NAN, C_GIVEN_IGNORED, C_REAL, CLASSES
};
static const char *const class_name[CLASSES] = {
    "arrays of zeros", "one scalar in an array", "every amax significand", "all equal", "one giant among tiny values",
    "NaN inputs", "infinite inputs", "subnormal inputs", "elements on a tie", "saturated elements",
    "arrays of the largest values", "random bit patterns", "cycles equal to the formula",
    "reset in the middle of a run", "flag cleared", "flag set while it is cleared",
    "scale 0 of a nonzero group", "subnormal scales", "largest scale",
    "given scales or exponents that change", "given scales of the row as it is", "given scales that are subnormal",
    "given scales that are no number", "scales that do not count are none", "arrays of a real tensor",
};
static long class_count[CLASSES];
static bool class_possible[CLASSES];

enum { INPUT, OUTPUT, SIDES };
static const char *const side_name[SIDES] = { "input", "output" };
static long rate_count[SIDES][RATES][2];
static stall_side sides[SIDES];

static void no_stalls(void) { memset(sides, 0, sizeof sides); }
static bool free_running(void) { return rate_in_8[sides[0].rate] == 0 && rate_in_8[sides[1].rate] == 0; }

/* ---- The encoder under test ------------------------------------------------------------------------------- */

static const char *config;
static const dut_model *model;
static dut *d;
static struct {
    int rst_ni, x_valid, x_ready, x_data, x_exponent, x_scale, a_valid, a_ready, a_data, clear, nonfinite, busy,
        identity;
} port;
static int format_number, lanes, beats;    /* lanes: scalars a beat; beats: of an array */
static int group, groups, element_bits, scale_bits;
static int unit, units;                    /* scalars that share what is given with them, and how many an array */
static bcq_format format;

static void set1(int number, uint32_t value) { uint32_t w[2] = { value, 0 }; model->set(d, number, w); }
static uint32_t get1(int number) { uint32_t w[2] = { 0, 0 }; model->get(d, number, w); return w[0]; }
static void cycle(void) { model->settle(d); model->edge(d); }

static bool is(int number) { return format_number == number; }
static bool is_given_scale(void) { return is(BCQ_FORMAT_INT8_TOKEN) || is(BCQ_FORMAT_VSQ); }
static bool is_integer(void) { return is_given_scale() || is(BCQ_FORMAT_INT8); }

static void reset(void) {
    set1(port.rst_ni, 1);  /* from a random start, so that there is an edge */
    model->settle(d);
    set1(port.rst_ni, 0);
    set1(port.x_valid, 0);
    set1(port.a_ready, 0);
    set1(port.clear, 0);
    cycle();
    cycle();
    set1(port.rst_ni, 1);
    cycle();
}

static bool is_idle(void) {
    model->settle(d);
    return get1(port.x_ready) && !get1(port.a_valid) && !get1(port.busy) && !get1(port.nonfinite);
}

static uint64_t cycles_formula(int arrays) {
    int group_beats = group > lanes ? group / lanes : 1;
    return (uint64_t)arrays * (uint64_t)beats + (uint64_t)(is(BCQ_FORMAT_INT8_TOKEN) ? 1 : group_beats + STAGES);
}

static uint32_t get_bits(const uint32_t *words, int at, int bits) {
    uint32_t value = 0;
    for (int i = 0; i < bits; i++) value |= (words[(at + i) / 32] >> (at + i) % 32 & 1) << i;
    return value;
}

/* ---- One run ------------------------------------------------------------------------------------------------ */

typedef struct { uint8_t element[LA]; uint16_t scale[GROUPS_MAX]; } result;  /* elements: {sign, magnitude} */

static uint16_t x[ARRAYS_MAX * LA];
static uint16_t given[ARRAYS_MAX][UNITS_MAX];   /* FP16, of each unit */
static int8_t exponent[ARRAYS_MAX][UNITS_MAX];
static result got[ARRAYS_MAX], want[ARRAYS_MAX];
static bcq_format_row row;

/* The golden model on x[k] under what is given; k a whole number of groups. */
static void encode(const float *value, int k, uint16_t scale, int e) {
    bcq_format_tensor t = { .scale = is(BCQ_FORMAT_NVFP4) ? ldexpf(1, e) : 1 };
    if (is_given_scale()) bcq_format_encode_given(&format, scale, value, k, &row);
    else format.kind->encode(&format, &t, value, k, &row);
}

/* {sign, magnitude} of a code as the golden model has it. */
static uint8_t sign_magnitude(uint8_t code) {
    if (!is_integer()) return code;
    int q = (int8_t)code;
    return (uint8_t)(q < 0 ? 1 << (element_bits - 1) | -q : q);
}

static void count_element(double value, double step) {
    double r = step > 0 ? fabs(value) / step : 0, half = is_integer() ? 1 : r < 2 ? 0.5 : r < 4 ? 1 : 2;
    double top = is_integer() ? (1 << (element_bits - 1)) - 1 : 6;
    class_count[C_TIE] += r < top && fmod(r / half, 1) == 0.5;
    class_count[C_SATURATED] += r > top + half / 2;
}

static double step_of(int scale, uint16_t row_scale, int e) {
    switch (format_number) {
    case BCQ_FORMAT_INT8_TOKEN: return bcq_fp16_scale(row_scale);
    case BCQ_FORMAT_INT8:       return bcq_fp16_scale((uint32_t)scale);
    case BCQ_FORMAT_VSQ:        return scale * (double)bcq_fp16_scale(row_scale);
    case BCQ_FORMAT_MXFP4:      return ldexp(1, scale - 127);
    default:                    return ldexp(bcq_e4m3_to_f32((uint8_t)scale), e);
    }
}

/* want[j], and what it is a case of. */
static void golden(int j, bool *sticky) {
    result *w = &want[j];
    memset(w, 0, sizeof *w);
    for (int u = 0; u < units; u++) {
        float value[LA];
        uint16_t s = given[j][u];
        for (int i = 0; i < unit; i++) {
            uint16_t bits = x[j * LA + u * unit + i];
            value[i] = bcq_online_bf16(bits, sticky);
            int biased = bits >> 7 & 0xFF, fraction = bits & 0x7F;
            class_count[C_NAN] += biased == 0xFF && fraction;
            class_count[C_INFINITY] += biased == 0xFF && !fraction;
            class_count[C_SUBNORMAL] += biased == 0 && fraction;
        }
        if (is_given_scale()) {
            bool nan = (s >> 10 & 31) == 31;
            *sticky |= nan;
            class_count[C_GIVEN_NAN] += nan;
            class_count[C_GIVEN_SUBNORMAL] += (s >> 10 & 31) == 0 && (s & 1023);
        }
        encode(value, unit, s, exponent[j][u]);
        for (int i = 0; i < unit; i++) {
            w->element[u * unit + i] = sign_magnitude(row.code[i]);
            int scale = scale_bits ? (int)row.scale[i / group] : 0;
            count_element(value[i], step_of(scale, s, exponent[j][u]));
        }
        for (int g = 0; scale_bits && g < unit / group; g++) {
            int scale = (int)row.scale[g];
            w->scale[u * unit / group + g] = (uint16_t)scale;
            bool zero = true;
            for (int i = 0; i < group; i++) zero &= value[g * group + i] == 0;
            class_count[C_SCALE_ZERO] += scale == 0 && !zero;
            class_count[C_SCALE_SUBNORMAL] += scale && scale < (is(BCQ_FORMAT_INT8) ? 1024 : 8);
            class_count[C_SCALE_LARGEST] += scale == (is(BCQ_FORMAT_INT8) ? 0x7BFF : is(BCQ_FORMAT_VSQ) ? 15
                                                       : BCQ_SCALE_MAX_CODE);
        }
    }
}

/* Sends x and takes results. NULL, or what went wrong. */
static const char *drive(int arrays, uint64_t *cycles) {
    int sent = 0, received = 0;
    uint64_t now = 0, last_move = 0, started = 0;
    bool x_valid = false;
    while (received < arrays) {
        if (!x_valid && sent < arrays * beats && !stall_next(&sides[INPUT])) {
            uint32_t words[LA / 2] = { 0 };
            int array = sent / beats, at = sent % beats * lanes, u = at / unit;
            for (int i = 0; i < lanes; i++) words[i / 2] |= (uint32_t)x[array * LA + at + i] << i % 2 * 16;
            model->set(d, port.x_data, words);
            /* What comes with a group's last beat counts: the others carry something else. */
            bool counts = (at + lanes) % unit == 0;
            class_count[C_GIVEN_IGNORED] += !counts;
            set1(port.x_scale, is_given_scale() && counts ? given[array][u] : 0x7C00 | (uint32_t)below(1024));
            set1(port.x_exponent, (uint32_t)(counts ? exponent[array][u] : ~exponent[array][u]) & 0xFF);
            x_valid = true;
        }
        bool a_ready = !stall_next(&sides[OUTPUT]);
        set1(port.x_valid, x_valid);
        set1(port.a_ready, a_ready);
        model->settle(d);
        bool x_moves = x_valid && get1(port.x_ready), a_moves = a_ready && get1(port.a_valid);
        if (get1(port.busy) != (sent > received * beats)) return "busy is not what the streams say";
        if (get1(port.a_valid) && sent < (received + 1) * beats) return "a result came early";
        if (a_moves) {
            uint32_t words[WORDS_MAX] = { 0 };
            model->get(d, port.a_data, words);
            result *r = &got[received++];
            memset(r, 0, sizeof *r);
            int at = 0;
            for (int g = 0; scale_bits && g < groups; g++, at += scale_bits)
                r->scale[g] = (uint16_t)get_bits(words, at, scale_bits);
            for (int i = 0; i < LA; i++, at += element_bits) r->element[i] = (uint8_t)get_bits(words, at, element_bits);
        }
        if (x_moves && !sent) started = now;
        sent += x_moves;
        if (x_moves) x_valid = false;
        model->edge(d);
        now++;
        if (x_moves || a_moves) last_move = now;
        if (now - last_move > HANG_CYCLES) return "no stream moves";
    }
    *cycles = now - started;
    set1(port.x_valid, 0);
    set1(port.a_ready, 0);
    model->settle(d);
    return get1(port.busy) || get1(port.a_valid) ? "not idle after the last result" : NULL;
}

static void run(const char *what, int arrays) {
    uint64_t cycles = 0;
    bool sticky = false, good = true;
    for (int j = 0; j < arrays; j++) golden(j, &sticky);
    const char *wrong = drive(arrays, &cycles);
    if (wrong) {
        fprintf(stderr, "FAIL %s %s seed=%llu arrays=%d: %s\n", config, what, (unsigned long long)seed, arrays, wrong);
        count_failure();
        reset();
        return;
    }
    for (int j = 0; j < arrays && good; j++) {
        for (int i = -groups; i < LA && good; i++) {
            int have = i < 0 ? got[j].scale[-1 - i] : got[j].element[i];
            int wish = i < 0 ? want[j].scale[-1 - i] : want[j].element[i];
            if (have == wish) continue;
            fprintf(stderr, "FAIL %s %s seed=%llu arrays=%d: array %d, %s %d: rtl 0x%X, golden 0x%X\n", config, what,
                    (unsigned long long)seed, arrays, j, i < 0 ? "scale" : "element", i < 0 ? -1 - i : i,
                    (unsigned)have, (unsigned)wish);
            good = false;
        }
    }
    if (get1(port.nonfinite) != sticky) {
        fprintf(stderr, "FAIL %s %s seed=%llu: nonfinite rtl %u, golden %d\n", config, what,
                (unsigned long long)seed, get1(port.nonfinite), sticky);
        good = false;
    }
    if (sticky || get1(port.nonfinite)) {
        set1(port.clear, 1);
        cycle();
        set1(port.clear, 0);
        if (!is_idle()) {
            fprintf(stderr, "FAIL %s %s seed=%llu: the flag stays when it is cleared\n", config, what,
                    (unsigned long long)seed);
            good = false;
        }
        class_count[C_CLEAR]++;
    }
    if (free_running() && cycles != cycles_formula(arrays)) {
        fprintf(stderr, "FAIL %s %s: %d arrays: cycles rtl %llu, formula %llu\n", config, what, arrays,
                (unsigned long long)cycles, (unsigned long long)cycles_formula(arrays));
        good = false;
    }
    class_count[C_FORMULA] += free_running();
    arrays_checked += arrays;
    if (good) passed++;
    else      count_failure();
}

/* ---- Operands ------------------------------------------------------------------------------------------------ */

static uint16_t to_bf16(double value) { return bcq_f32_to_bf16((float)value); }

/* One of what may be given for values about top. */
static void give(int j, int u, double top) {
    double share = is(BCQ_FORMAT_VSQ) ? 105 : 127;
    given[j][u] = bcq_f64_to_f16(fmin(top, 0x1p100) / share);
    int e = top > 0 ? bcq_floor_log2(top) - 11 : 0;
    exponent[j][u] = (int8_t)(e < -126 ? -126 : e > 117 ? 117 : e);
}

static void give_array(int j, double top) {
    for (int u = 0; u < units; u++) give(j, u, top);
}

/* What software gives: of the row that arrays 0 to count - 1 are. Its encode() must agree with the one under
 * what is given. */
static void give_of_row(int count) {
    static float value[ARRAYS_MAX * LA];
    static uint8_t code[ARRAYS_MAX * LA];
    bool sticky;
    float amax = 0;
    bcq_format_tensor t;
    for (int i = 0; i < count * LA; i++) {
        value[i] = bcq_online_bf16(x[i], &sticky);
        amax = fmaxf(amax, fabsf(value[i]));
    }
    bcq_format_scale_tensor(&format, amax, &t);
    format.kind->encode(&format, &t, value, count * LA, &row);
    memcpy(code, row.code, (size_t)count * LA);
    uint16_t s = row.row_scale;
    int e = is(BCQ_FORMAT_NVFP4) ? bcq_floor_log2(t.scale) : 0;
    for (int j = 0; j < count; j++)
        for (int u = 0; u < units; u++) {
            given[j][u] = s;
            exponent[j][u] = (int8_t)e;
            encode(value + j * LA + u * unit, unit, s, e);
            if (memcmp(row.code, code + j * LA + u * unit, (size_t)unit) == 0) continue;
            fprintf(stderr, "FAIL %s: golden models of a row and of a part of it differ\n", config);
            count_failure();
        }
    class_count[C_GIVEN_OF_ROW] += count;
}

/* A value whose quotient by step lies in the middle between two codes. */
static double middle(double step) {
    static const double e2m1[] = { 0.25, 0.75, 1.25, 1.75, 2.5, 3.5, 5, 7 };
    double r = is_integer() ? below(1 << (element_bits - 1)) + 0.5 : e2m1[below(8)];
    return r * step * (below(2) ? 1 : -1);
}

static void random_array(int j) {
    int style = below(8);
    double top = ldexp(1 + uniform(), below(4) ? below(20) - 10 : below(250) - 126), step = ldexp(1, below(20) - 12);
    for (int u = 0; u < units; u++) {
        give(j, u, top * ldexp(1, below(2) ? 0 : below(24) - 12));
        if (below(16) == 0) given[j][u] = (uint16_t)rnd();
        if (below(16) == 0) exponent[j][u] = (int8_t)(below(244) - 126);
        if (style == 6) {
            given[j][u] = bcq_f64_to_f16(step);
            exponent[j][u] = (int8_t)bcq_floor_log2(step);
        }
    }
    for (int i = 0; i < LA; i++) {
        uint16_t *out = &x[j * LA + i];
        switch (style) {
        case 0: class_count[C_PATTERN]++; *out = (uint16_t)rnd(); break;
        case 1: case 2: *out = to_bf16(top / 4 * normal()); break;
        case 3: *out = to_bf16(top * (below(32) == 0 ? 8 : 1e-2) * normal()); break;
        case 4: *out = to_bf16(below(4) ? 0 : top * (below(3) - 1)); break;
        case 5: *out = to_bf16(fmin(top, 0x1p120) * 16 * normal()); break;
        /* Ties, under a scale that is 2^n: the largest element of each group makes it so. */
        case 6: {
            int share = is(BCQ_FORMAT_VSQ) ? 1 << below(4) : 1;
            double largest = is_integer() ? (1 << (element_bits - 1)) - 1 : 6;
            *out = to_bf16(i % group == 0 ? largest * step * share : middle(step * share));
            break;
        }
        default: *out = to_bf16(ldexp(1 + below(128) / 128.0, below(253) - 126) * (below(2) ? 1 : -1)); break;
        }
    }
}

static void random_run(int arrays) {
    for (int j = 0; j < arrays; j++) random_array(j);
    if (below(4) == 0) give_of_row(arrays);
    else class_count[C_GIVEN_CHANGES] += arrays > 1;
    run("random", arrays);
}

/* ---- Directed cases ------------------------------------------------------------------------------------------- */

static void directed(void) {
    enum { ZERO, ONE, AMAX, EQUAL, GIANT, NONFINITE, LARGEST, SMALL, GIVEN, KINDS };
    static const char *const what[KINDS] = { "zeros", "one scalar", "amax", "equal", "giant", "non-finite", "largest",
                                             "smallest", "given" };
    static const int class_of[KINDS] = { C_ZERO_ARRAY, C_ONE_SCALAR, C_AMAX, C_EQUAL, C_GIANT, -1, C_LARGEST, -1, -1 };
    for (int kind = 0; kind < KINDS; kind++) {
        int arrays = kind == AMAX || kind == GIVEN ? 128 : 64;
        for (int j = 0; j < arrays; j++) {
            double top = ldexp(1 + uniform(), below(30) - 15);
            uint16_t *a = x + j * LA;
            for (int i = 0; i < LA; i++) {
                uint16_t sign = (uint16_t)(below(2) << 15);
                switch (kind) {
                case ZERO:  a[i] = (uint16_t)(sign | (below(4) ? 0 : below(128))); break;  /* subnormals too */
                case ONE:   a[i] = i == j ? (uint16_t)(to_bf16(top) | sign) : sign; break;
                /* every significand, in each binade that a scale can have and some beyond */
                case AMAX:  a[i] = i % group == j % group ? (uint16_t)((to_bf16(ldexp(1, below(60) - 30)) & 0x7F80) | j | sign)
                                                          : (uint16_t)(a[i ? i - 1 : 0] & 0x7F80 & below(0x8000)); break;
                case EQUAL: a[i] = to_bf16(top); break;
                case GIANT: a[i] = to_bf16(i % group == j % group ? top : top * 1e-3 * normal()); break;
                /* every lane meets infinities, and NaNs of one bit */
                case NONFINITE: a[i] = (uint16_t)((below(3) ? 0x7F80 | (1 << below(8) & 0x7F) : 0x7F00 + below(0x100)) | sign);
                                break;
                case LARGEST: a[i] = (uint16_t)((j % 2 || i % 7 == j % 7 ? 0x7F7F : below(0x7F80)) | sign); break;
                case SMALL: a[i] = (uint16_t)(sign | below(0x100 << j % 3)); break;  /* up to the exponents 1, 3, 7 */
                default:    a[i] = to_bf16(top * normal()); break;
                }
            }
            give_array(j, kind == LARGEST && j % 4 < 2 ? 1 : kind == SMALL ? 0x1p-126 : top);
            /* under scales far too small or too large */
            if (kind == GIVEN || kind == AMAX) give_array(j, ldexp(top, below(100) - 50));
            if (kind == GIVEN && j % 4 == 0)
                for (int u = 0; u < units; u++) given[j][u] = (uint16_t)(j % 8 ? 0x7C00 | j : below(0x400));
        }
        if (class_of[kind] >= 0) class_count[class_of[kind]] += arrays;
        run(what[kind], arrays);
    }
    /* Runs of every small length: the pipeline empties and fills. */
    for (int length = 1; length <= 12; length++) random_run(length);
}

/* A NaN in the cycle of the clear: "a new cause sets it all the same". */
static void set_and_cleared(void) {
    uint32_t words[LA / 2];
    memset(words, 0x7F, sizeof words);
    for (int i = 0; i < LA / 2; i++) words[i] |= 0x00800080;
    model->set(d, port.x_data, words);
    set1(port.x_scale, 0x3C00);
    set1(port.x_exponent, 0);
    set1(port.x_valid, 1);
    set1(port.clear, 1);
    cycle();
    set1(port.x_valid, 0);
    set1(port.clear, 0);
    cycle();
    if (get1(port.nonfinite)) {
        passed++;
    } else {
        fprintf(stderr, "FAIL %s: a flag that is set while it is cleared is lost\n", config);
        count_failure();
    }
    class_count[C_SET_AND_CLEARED]++;
    reset();
}

/* A reset while arrays are in every stage: nothing of them comes out afterwards. */
static void resets(void) {
    for (int turn = 0; turn < 20; turn++) {
        uint32_t words[LA / 2];
        for (int i = 0; i < LA / 2; i++) words[i] = (uint32_t)rnd();
        model->set(d, port.x_data, words);
        set1(port.x_valid, 1);
        for (int i = 1 + below(8 + 3 * beats); i > 0; i--) {
            set1(port.a_ready, (uint32_t)i % 2);
            cycle();
        }
        reset();
        if (is_idle()) {
            passed++;
        } else {
            fprintf(stderr, "FAIL %s: not idle after a reset, seed=%llu\n", config, (unsigned long long)seed);
            count_failure();
        }
        random_run(2);
        class_count[C_RESET]++;
    }
}

/* Rows of a real tensor, padded with zeros, each under what software gives. */
static void real_tensor(const char *name) {
    enum { ROWS = 8 };
    bcq_error error;
    bcq_tensor *t = bcq_tensor_open(name, &error);
    if (!t) {
        fprintf(stderr, "FAIL %s\n", error.message);
        failed++;
        return;
    }
    int64_t k = bcq_tensor_k(t), all = bcq_tensor_rows(t);
    int arrays = (int)((k + LA - 1) / LA);
    float *value = calloc((size_t)arrays * LA, sizeof *value);
    if (!value) abort();
    for (int r = 0; r < ROWS && r < all && arrays <= ARRAYS_MAX; r++) {
        if (!bcq_tensor_read(t, r * (all / ROWS), 0, k, true, value, &error)) {
            fprintf(stderr, "FAIL %s: %s\n", name, error.message);
            failed++;
            break;
        }
        for (int i = 0; i < arrays * LA; i++) x[i] = i < k ? bcq_f32_to_bf16(value[i]) : 0;
        give_of_row(arrays);
        class_count[C_REAL] += arrays;
        run(name, arrays);
    }
    free(value);
    bcq_tensor_close(t);
}

/* ---- Main -------------------------------------------------------------------------------------------------------- */

static bool fail_open(const char *what) {
    fprintf(stderr, "FAIL %s: %s\n", config, what);
    failed++;
    return false;
}

static bool open_ports(void) {
    const struct { const char *name; int *number, bits; } ports[] = {
        { "rst_ni", &port.rst_ni, 1 },        { "x_valid_i", &port.x_valid, 1 },  { "x_ready_o", &port.x_ready, 1 },
        { "x_data_i", &port.x_data, LA * 16 }, { "x_exponent_i", &port.x_exponent, 8 },
        { "x_scale_i", &port.x_scale, 16 },   { "a_valid_o", &port.a_valid, 1 },  { "a_ready_i", &port.a_ready, 1 },
        { "a_data_o", &port.a_data, WORDS_MAX * 32 }, { "clear_i", &port.clear, 1 },
        { "nonfinite_o", &port.nonfinite, 1 }, { "busy_o", &port.busy, 1 },       { "identity_o", &port.identity, 64 },
    };
    for (size_t i = 0; i < sizeof ports / sizeof ports[0]; i++) {
        int bits = 0;
        *ports[i].number = model->port(ports[i].name, &bits);
        if (*ports[i].number < 0 || bits > ports[i].bits) return fail_open(ports[i].name);
    }
    return true;
}

/* What was built, and that a_data_o is as wide as that needs. */
static bool identify(void) {
    static const char *const spec[] = { "int8-token", "int8", "vsq", "mxfp4", "nvfp4:tensor=pow2", "mxfp4:round=even" };
    uint32_t id[2] = { 0, 0 };
    char message[160];
    int bits = 0;
    model->settle(d);
    model->get(d, port.identity, id);
    format_number = id[0] & 0xFFFF;
    lanes = 8 * (int)(id[1] & 0xFFFF);
    bool even = id[1] >> 16;
    if (format_number > BCQ_FORMAT_NVFP4 || id[0] >> 16 != LA || lanes < 8 || LA % lanes) return fail_open("identity_o");
    const char *name = spec[even ? 5 : format_number], *wrong = bcq_format_parse(name, &format, message, sizeof message);
    if (wrong) return fail_open(wrong);
    beats = LA / lanes;
    group = is(BCQ_FORMAT_INT8_TOKEN) ? LA : format.group;
    groups = LA / group;
    element_bits = is(BCQ_FORMAT_INT8) || is(BCQ_FORMAT_INT8_TOKEN) ? 8 : 4;
    scale_bits = is(BCQ_FORMAT_INT8_TOKEN) ? 0 : is(BCQ_FORMAT_INT8) ? 16 : is(BCQ_FORMAT_VSQ) ? 4 : 8;
    unit = is(BCQ_FORMAT_INT8_TOKEN) || lanes > group ? lanes : group;
    units = LA / unit;
    model->port("a_data_o", &bits);
    return bits == groups * scale_bits + LA * element_bits || fail_open("width of a_data_o");
}

static void note_possible(void) {
    for (int c = 0; c < C_SCALE_ZERO; c++) class_possible[c] = true;
    class_possible[C_SCALE_ZERO] |= scale_bits && !is(BCQ_FORMAT_MXFP4);
    class_possible[C_SCALE_SUBNORMAL] |= is(BCQ_FORMAT_INT8) || is(BCQ_FORMAT_NVFP4);
    class_possible[C_SCALE_LARGEST] |= scale_bits && !is(BCQ_FORMAT_MXFP4);
    for (int c = C_GIVEN_CHANGES; c <= C_GIVEN_OF_ROW; c++) class_possible[c] |= is_given_scale() || is(BCQ_FORMAT_NVFP4);
    class_possible[C_GIVEN_SUBNORMAL] |= is_given_scale();
    class_possible[C_GIVEN_NAN] |= is_given_scale();
    class_possible[C_GIVEN_IGNORED] |= unit > lanes;
}

static void one_model(const char *name, int runs, const char *const *tensors, int tensor_count) {
    char path[PATH_MAX];
    config = name;
    snprintf(path, sizeof path, strchr(name, '/') ? "%s" : "build/models/%s.rival_encoder.so", name);
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    model = library ? dlsym(library, "dut_model_table") : NULL;
    if (!model) { fail_open(library ? "no model" : dlerror()); return; }
    d = model->open(seed);
    int mutsel = model->port("mutsel", NULL);
    if (mutant >= 0 && mutsel < 0) fail_open("no input mutsel");
    else if (mutant >= 0) set1(mutsel, (uint32_t)mutant);
    if (!open_ports() || !identify() || !bcq_format_row_alloc(&format, ARRAYS_MAX * LA, &row)) return;
    note_possible();
    long before = arrays_checked;
    no_stalls();
    reset();
    directed();
    for (int i = 0; i < tensor_count; i++) real_tensor(tensors[i]);
    for (int i = 0; i < runs; i++) {
        for (int s = 0; s < SIDES; s++) {
            sides[s] = (stall_side){ below(RATES), below(2) ? BURSTS : 0, 0, false };
            rate_count[s][sides[s].rate][sides[s].bursts > 0]++;
        }
        random_run(1 + below(12));
    }
    no_stalls();
    set_and_cleared();
    resets();
    printf("%-14s %-18s %2d scalars a beat: %2llu + n * %d cycles, %ld arrays\n", config, format.name, lanes,
           (unsigned long long)cycles_formula(0), beats, arrays_checked - before);
    bcq_format_row_free(&row);
    model->close(d);
    dlclose(library);
}

int main(int argc, char **argv) {
    int runs = 100, tensor_count = 0;
    const char *tensors[8];
    for (int i = 1; i < argc; i++) {
        if (i + 1 < argc && strcmp(argv[i], "-seed") == 0) seed = strtoull(argv[++i], NULL, 0);
        else if (i + 1 < argc && strcmp(argv[i], "-runs") == 0) runs = atoi(argv[++i]);
        else if (i + 1 < argc && strcmp(argv[i], "-mutant") == 0) mutant = atol(argv[++i]);
        else if (i + 1 < argc && strcmp(argv[i], "-tensor") == 0 && tensor_count < 8) tensors[tensor_count++] = argv[++i];
    }
    random_state = seed;
    printf("test_rival_encoder: seed %llu, %d random runs a model\n", (unsigned long long)seed, runs);
    for (int i = 1; i < argc; i++) {
        if (argv[i][0] == '-') i++;
        else one_model(argv[i], runs, tensors, tensor_count);
    }
    class_possible[C_REAL] = tensor_count > 0;
    for (int c = 0; c < CLASSES; c++) {
        if (!class_possible[c]) continue;
        printf("  %-36s %ld\n", class_name[c], class_count[c]);
        if (class_count[c]) continue;
        fprintf(stderr, "FAIL coverage: %s: none, seed=%llu\n", class_name[c], (unsigned long long)seed);
        failed++;
    }
    for (int s = 0; s < SIDES; s++) {
        for (int rate = 0; rate < RATES; rate++) {
            printf("  %s stalled %d/8: %ld single, %ld in bursts\n", side_name[s], rate_in_8[rate],
                   rate_count[s][rate][0], rate_count[s][rate][1]);
            if (runs < 100 || (rate_count[s][rate][0] && rate_count[s][rate][1])) continue;
            fprintf(stderr, "FAIL coverage: %s stalled %d/8: single or bursts, none, seed=%llu\n", side_name[s],
                    rate_in_8[rate], (unsigned long long)seed);
            failed++;
        }
    }
    printf("%ld arrays\n%ld passed, %ld failed\n", arrays_checked, passed, failed);
    return failed || !passed;
}
