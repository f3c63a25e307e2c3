/* The arrays of the rival formats (rtl/rivals) against the golden model, to the bit, and their cycle counter
 * against the formula. Usage: test_rivals [-seed S] [-tiles N] [-brief] [-mutant N] CONFIG...
 *
 * A case is one product of codes that are written directly, so that any code and any scale may occur. Directed
 * cases come first, then N random tiles a configuration: M in 1..2T, N in 1..2*COLS, K in 1..4*LA, a stall
 * rate a side from {0, 1/8, 1/2, 7/8}, with and without bursts. What was covered is counted and printed; a
 * class that stayed empty fails. -brief: small cases only, for a recording (tb/test_icarus.sh). */
#include <float.h>
#include <math.h>

#include "array_test.h"
#include "rival.h"

enum {
    C_PRODUCTS, C_SCALES, C_ALL_MAX, C_ALL_MIN, C_ZEROS, C_CANCELLED, C_WRAPPED, C_FLUSHED, C_SATURATED, C_HAZARD,
    C_LOAD_BOUND, C_TOKEN_BOUND, C_M_TAIL, C_N_TAIL, C_K_TAIL, C_K_ONE, C_ONE_COLUMN, C_MANY_COLUMNS, C_NAN_SCALE,
    C_SIGNED_SCALE, C_FORMULA, C_RESET, C_UNENDING, C_HELD, CLASSES
};
static const char *const class_name[CLASSES] = {
    "all products of element codes", "all pairs of scale codes", "all elements maximal", "products all minimal",
    "all zeros", "sums that cancel but for little", "integer sums beyond 32 bits", "sums flushed to zero",
    "sums at the largest FP32", "M up to the pipeline's latency + 2", "pass bound by loading",
    "pass bound by tokens", "M tail", "N tail", "K tail", "K = 1", "one column of K", "four columns of K",
    "scale codes that are no number", "scales with a sign", "cycles equal to the formula",
    "reset in the middle of a product", "sizes that take for ever", "results wait, operands never",
};
static long class_count[CLASSES];
static bool format_seen[BCQ_FORMAT_NVFP4 + 1];

/* The array under test. */
static rtl *tested;
static const rtl_build *build;
static const char *config;
static bcq_format format;

static bool is_integer(void) { return build->format == BCQ_FORMAT_INT8_TOKEN || build->format == BCQ_FORMAT_VSQ; }
static bool is_e2m1(void) { return build->format == BCQ_FORMAT_MXFP4 || build->format == BCQ_FORMAT_NVFP4; }
static int group_length(void) { return format.group ? format.group : build->la; }

/* ---- Products ------------------------------------------------------------------------------------ */

typedef struct { rival_tensor a, w; } product;

static void product_alloc(product *p, int64_t m, int64_t n, int64_t k) {
    bcq_error error;
    if (!rival_alloc(&format, m, k, &p->a, &error) || !rival_alloc(&format, n, k, &p->w, &error)) abort();
}

static void product_free(product *p) {
    rival_free(&p->a);
    rival_free(&p->w);
}

static uint32_t dot(const bcq_format_row *a, const bcq_format_row *w) { return format.kind->dot(&format, a, w); }

/* What a result means, for messages and for judging sizes. */
static double value_of(uint32_t acc) {
    float x;
    memcpy(&x, &acc, sizeof x);
    return is_integer() ? (double)(int32_t)acc : (double)x;
}

static void run(const char *what, const product *p) {
    int64_t m = p->a.rows, n = p->w.rows, k = p->a.k;
    bcq_error error;
    rtl_run_report report;
    bool free_running = no_stalls(), good = true;
    rtl_run_options options = { .stall = free_running ? NULL : stall };
    rival_operands operands = { &p->a, &p->w };
    rtl_beats beats = rival_beats(build, &operands);
    uint32_t *acc = calloc((size_t)(m * n), sizeof *acc), *want = calloc((size_t)(m * n), sizeof *want);
    if (!acc || !want) abort();
    char where[200];
    snprintf(where, sizeof where, "%s %s seed=%llu M=%lld N=%lld K=%lld", config, what, (unsigned long long)seed,
             (long long)m, (long long)n, (long long)k);

    if (!rtl_run_beats(tested, &beats, &options, acc, &report, &error)) {
        fprintf(stderr, "FAIL %s: %s\n", where, error.message);
        count_failure();
        rtl_reset(tested);
        free(acc);
        free(want);
        return;
    }
    rival_golden(&p->a, &p->w, want);
    for (int64_t i = 0; good && i < m * n; i++) {
        if (acc[i] == want[i]) continue;
        fprintf(stderr, "FAIL %s: C[%lld][%lld] rtl %08x = %a, golden %08x = %a\n", where, (long long)(i / n),
                (long long)(i % n), (unsigned)acc[i], value_of(acc[i]), (unsigned)want[i], value_of(want[i]));
        good = false;
    }
    good = good && report_holds(tested, where, &report);
    bool nan = rival_any_nan(&p->a) || rival_any_nan(&p->w);
    if (report.scale_nan != nan) {
        fprintf(stderr, "FAIL %s: scale_nan rtl %d, golden %d\n", where, report.scale_nan, nan);
        good = false;
    }
    if (free_running) {
        good = cycles_are(build, where, m, n, k, report.cycles) && good;
        class_count[C_FORMULA]++;
        class_count[m > rtl_rows(build) * build->cols / build->ndec ? C_TOKEN_BOUND : C_LOAD_BOUND]++;
    }
    for (int64_t i = 0; i < m * n && build->format == BCQ_FORMAT_MXFP4; i++)
        class_count[C_SATURATED] += fabs(value_of(want[i])) == FLT_MAX;
    class_count[C_M_TAIL] += m % build->t != 0 && m > build->t;
    class_count[C_N_TAIL] += n % build->cols != 0;
    class_count[C_K_TAIL] += k % build->la != 0;
    class_count[C_K_ONE] += k == 1;
    class_count[C_ONE_COLUMN] += k <= build->la;
    class_count[C_MANY_COLUMNS] += k > 3 * build->la;
    class_count[C_NAN_SCALE] += nan;
    if (good) passed++;
    else      count_failure();
    free(acc);
    free(want);
}

/* ---- Codes ----------------------------------------------------------------------------------------- */

static int largest_element(void) {
    return is_e2m1() ? 7 : build->format == BCQ_FORMAT_VSQ ? 7 : 127;
}
/* Element codes, numbered; E2M1 has two zeros. What the beats make of an integer zero: sw/rival.c. */
static int element_codes(void) { return is_e2m1() ? 16 : 2 * largest_element() + 1; }
static uint8_t element(int number) {
    return is_e2m1() ? (uint8_t)number : (uint8_t)(int8_t)(number - largest_element());
}
static uint8_t negated(uint8_t code) { return is_e2m1() ? code ^ 8 : (uint8_t)-(int8_t)code; }

static uint8_t random_element(int style) {
    switch (style) {
        case 0:  return below(8) ? 0 : element(below(element_codes()));      /* few */
        case 1:  return below(2) ? (uint8_t)largest_element() : negated((uint8_t)largest_element());
        case 2:  return is_e2m1() ? (uint8_t)(below(2) << 3 | below(3)) : (uint8_t)(below(3) - 1);
        default: return element(below(element_codes()));
    }
}

/* Scale codes, numbered: all, or of FP16 every exponent with several significands. */
static int scale_codes(void) { return build->format == BCQ_FORMAT_VSQ ? 16 : 256; }
static uint32_t scale(int number) {
    static const int significand[8] = { 0, 1, 0x3FF, 0x200, 0x1FF, -1, -1, -1 };
    if (build->format != BCQ_FORMAT_INT8) return (uint32_t)number;
    int chosen = significand[number / 32];
    return (uint32_t)(below(2) << 15 | number % 32 << 10 | (chosen < 0 ? below(1024) : chosen));
}
static uint32_t scale_one(void) {
    switch (build->format) {
        case BCQ_FORMAT_INT8:  return 0x3C00;
        case BCQ_FORMAT_MXFP4: return 127;
        case BCQ_FORMAT_NVFP4: return 0x38;
        default:               return 1;
    }
}

enum { AROUND_ONE, ANY_POSITIVE, ANY_NUMBER, EXTREME, ANY_CODE, NEAR_LEAST, NEAR_LARGEST };

static uint32_t random_scale(int style) {
    switch (build->format) {
        case BCQ_FORMAT_INT8:
            return style == AROUND_ONE   ? (uint32_t)((13 + below(5)) << 10 | below(1024))
                 : style == ANY_POSITIVE ? (uint32_t)below(0x7C00)
                 : style == ANY_NUMBER   ? (uint32_t)(below(2) << 15 | below(0x7C00))
                 : style == EXTREME      ? (below(2) ? (uint32_t)below(8) : 0x7BFF)
                                         : (uint32_t)below(65536);
        case BCQ_FORMAT_MXFP4:
            return style == AROUND_ONE   ? (uint32_t)(123 + below(9))
                 : style == EXTREME      ? (uint32_t)(below(2) ? below(3) : 254 - below(3))
                 : style == NEAR_LEAST   ? (uint32_t)(58 + below(9))     /* a sum is about 2^-126 */
                 : style == NEAR_LARGEST ? (uint32_t)(178 + below(16))   /* about 2^127 */
                                         : (uint32_t)below(style == ANY_CODE ? 256 : 255);
        case BCQ_FORMAT_NVFP4:
            return style == AROUND_ONE   ? (uint32_t)(0x30 + below(16))
                 : style == ANY_POSITIVE ? (uint32_t)below(0x7F)
                 : style == ANY_NUMBER   ? (uint32_t)(below(2) << 7 | below(0x7F))
                 : style == EXTREME      ? (below(2) ? (uint32_t)below(8) : 0x7E)
                                         : (uint32_t)below(256);
        case BCQ_FORMAT_VSQ:
            return style == EXTREME ? (below(2) ? (uint32_t)below(2) : 15) : (uint32_t)below(16);
        default:
            return 0;  /* int8-token has none in its beats */
    }
}

static void random_tensor(rival_tensor *t, int elements, int scales) {
    for (int64_t i = 0; i < t->rows; i++) {
        for (int64_t k = 0; k < t->k; k++) t->row[i].code[k] = random_element(elements);
        for (int64_t g = 0; g < t->row[i].groups; g++) t->row[i].scale[g] = random_scale(scales);
    }
}

static void random_product(product *p, int64_t m, int64_t n, int64_t k) {
    product_alloc(p, m, n, k);
    int style = below(10);
    int scales = style < 4 ? AROUND_ONE : style < 6 ? ANY_POSITIVE : style < 8 ? ANY_NUMBER
               : style < 9 ? EXTREME : ANY_CODE;
    bool sign = build->format == BCQ_FORMAT_INT8 || build->format == BCQ_FORMAT_NVFP4;
    class_count[C_SIGNED_SCALE] += sign && scales == ANY_NUMBER;
    random_tensor(&p->a, below(8), scales);
    random_tensor(&p->w, below(8), scales);
}

static void set_all(rival_tensor *t, int64_t row, uint8_t code, uint32_t scale_code) {
    memset(t->row[row].code, code, (size_t)t->k);
    for (int64_t g = 0; g < t->row[row].groups; g++) t->row[row].scale[g] = scale_code;
}

/* ---- Directed cases ---------------------------------------------------------------------------------- */

/* All pairs of elements: token m holds code m in every lane, column n code n. Then again with one lane a token,
 * so that lanes are told apart. */
static void all_products(void) {
    int codes = element_codes();
    for (int one_lane = 0; one_lane < 2; one_lane++) {
        product p;
        product_alloc(&p, codes, codes, build->la);
        for (int i = 0; i < codes; i++) {
            set_all(&p.w, i, element(i), scale_one());
            set_all(&p.a, i, one_lane ? 0 : element(i), scale_one());
            p.a.row[i].code[i % build->la] = element(i);
        }
        run(one_lane ? "products, one lane" : "products", &p);
        class_count[C_PRODUCTS] += (long)codes * codes;
        product_free(&p);
    }
}

/* All pairs of scales in every group of two columns of K; then with all elements but those of one group 0,
 * which larger ones would hide; and all but one element, so that a sum is the scales' product alone. */
static void all_scales(void) {
    int codes = scale_codes(), length = group_length(), groups = 2 * build->la / length;
    for (int only = -1; only <= groups / 2; only++) {
        product p;
        product_alloc(&p, codes, codes, 2 * build->la);
        random_tensor(&p.a, 7, AROUND_ONE);
        random_tensor(&p.w, 7, AROUND_ONE);
        for (int i = 0; i < codes; i++) {
            for (int g = 0; g < groups; g++) {  /* odd factors: each group meets every code */
                p.a.row[i].scale[g] = scale((i * (2 * g + 1) + 17 * g) % codes);
                p.w.row[i].scale[g] = scale((i * (4 * g + 1) + 5 * g) % codes);
                if (only >= 0 && g % (groups / 2) != only)
                    memset(p.a.row[i].code + g * length, 0, (size_t)length);
            }
            if (only == groups / 2) {  /* one in all weights and in one activation */
                p.a.row[i].code[i % (2 * build->la)] = is_e2m1() ? 2 : 1;
                memset(p.w.row[i].code, is_e2m1() ? 2 : 1, (size_t)p.w.k);
            }
        }
        run(only < 0 ? "scales" : only < groups / 2 ? "scales, one group" : "scales, one element", &p);
        class_count[C_SCALES] += (long)codes * codes;
        product_free(&p);
    }
}

static void extremes(void) {
    uint8_t largest_code = (uint8_t)largest_element();
    uint32_t largest_scale = build->format == BCQ_FORMAT_INT8 ? 0x7BFF : build->format == BCQ_FORMAT_MXFP4 ? 254
                           : build->format == BCQ_FORMAT_NVFP4 ? 0x7E : 15;
    /* Elements and scales at their largest, and with scales of one: then nothing saturates. */
    for (int turn = 0; turn < 6; turn++) {
        int kind = turn % 3;
        product p;
        product_alloc(&p, build->t + 1, build->cols + 1, 5 * build->la - 1);
        for (int64_t i = 0; i < p.a.rows; i++)
            set_all(&p.a, i, kind == 2 ? 0 : largest_code, turn < 3 ? largest_scale : scale_one());
        for (int64_t i = 0; i < p.w.rows; i++)
            set_all(&p.w, i, kind == 1 ? negated(largest_code) : largest_code,
                    kind == 2 && turn >= 3 ? 0 : turn < 3 ? largest_scale : scale_one());
        run(kind == 0 ? "all maximal" : kind == 1 ? "all minimal" : "zeros", &p);
        class_count[C_ALL_MAX + kind]++;
        product_free(&p);
    }
}

/* The second half of K takes away the first but for an element, or a bit of a scale; and the groups of a column
 * take away each other. */
static void cancellations(void) {
    for (int turn = 0; turn < 8; turn++) {
        product p;
        int length = group_length(), half = turn % 2 && length < build->la ? length : build->la;
        product_alloc(&p, 2 * build->t, build->cols, 2 * half);
        int style = turn < 4 ? AROUND_ONE : ANY_POSITIVE;
        random_tensor(&p.a, 7, style);
        random_tensor(&p.w, 7, style);
        for (int64_t i = 0; i < p.a.rows; i++) {
            bcq_format_row *a = &p.a.row[i];
            memcpy(a->code + half, a->code, (size_t)half);
            for (int g = 0; g < half / length; g++) a->scale[half / length + g] = a->scale[g];
            if (i % 4 != 1) a->code[half + below(half)] = element(below(element_codes()));
            if (i % 4 != 2 && build->format != BCQ_FORMAT_INT8_TOKEN && build->format != BCQ_FORMAT_MXFP4)
                a->scale[below((int)a->groups)] ^= 1;
        }
        for (int64_t i = 0; i < p.w.rows; i++) {
            bcq_format_row *w = &p.w.row[i];
            for (int k = 0; k < half; k++) w->code[half + k] = negated(w->code[k]);
            for (int g = 0; g < half / length; g++) w->scale[half / length + g] = w->scale[g];
        }
        run("cancellation", &p);
        for (int64_t i = 0; i < p.a.rows * p.w.rows; i++) {
            bcq_format_row a = p.a.row[i / p.w.rows], w = p.w.row[i % p.w.rows];
            double sum = fabs(value_of(dot(&a, &w)));
            a.k = w.k = half;
            a.groups = w.groups = format.group ? half / length : 1;
            class_count[C_CANCELLED] += sum != 0 && sum < fabs(value_of(dot(&a, &w))) / 32;
        }
        product_free(&p);
    }
}

/* Integer sums are taken modulo 2^32. */
static void wrap(void) {
    if (!is_integer()) return;
    bool token = build->format == BCQ_FORMAT_INT8_TOKEN;
    int64_t product_of_two = token ? 127 * 127 : 49 * 15 * 15, k = ((int64_t)1 << 31) / product_of_two + 1000;
    product p;
    product_alloc(&p, 2, build->cols, k);
    for (int64_t i = 0; i < p.a.rows; i++) set_all(&p.a, i, (uint8_t)largest_element(), 15);
    for (int64_t i = 0; i < p.w.rows; i++)
        set_all(&p.w, i, i % 2 ? negated((uint8_t)largest_element()) : (uint8_t)largest_element(), 15);
    run("beyond 32 bits", &p);
    class_count[C_WRAPPED] += value_of(dot(&p.a.row[0], &p.w.row[0])) < 0;
    product_free(&p);
}

/* mxfp4 alone reaches the limits of FP32: sums about 2^-126, and about the largest. */
static void limits(void) {
    if (build->format != BCQ_FORMAT_MXFP4) return;
    for (int turn = 0; turn < 16; turn++) {
        product p;
        int style = turn % 2 ? NEAR_LEAST : NEAR_LARGEST;
        product_alloc(&p, 2 * build->t, 2 * build->cols, (1 + below(3)) * build->la);
        random_tensor(&p.a, below(8), style);
        random_tensor(&p.w, below(8), style);
        run("limits", &p);
        /* Flushed: what is zero here and is not where all is larger. */
        for (int64_t i = 0; i < p.a.rows * p.w.rows && style == NEAR_LEAST; i++) {
            bcq_format_row *a = &p.a.row[i / p.w.rows];
            const bcq_format_row *w = &p.w.row[i % p.w.rows];
            uint32_t here = dot(a, w);
            for (int64_t g = 0; g < a->groups; g++) a->scale[g] += 64;
            class_count[C_FLUSHED] += here == 0 && dot(a, w) != 0;
            for (int64_t g = 0; g < a->groups; g++) a->scale[g] -= 64;
        }
        product_free(&p);
    }
}

/* Few tokens and many columns of K: the accumulate loop is longer than a pass. */
static void hazards(void) {
    for (int m = 1; m <= rtl_latency(build) + 2; m++) {
        product p;
        random_product(&p, m, 1 + below(2 * build->cols), (int64_t)build->la * (6 + below(6)));
        run("hazard", &p);
        class_count[C_HAZARD]++;
        product_free(&p);
    }
}

static void resets(void) {
    for (int turn = 0; turn < 4; turn++) {
        product p;
        random_product(&p, 1 + below(2 * build->t), 1 + below(build->cols), 3 * build->la);
        uint32_t *acc = calloc((size_t)(p.a.rows * p.w.rows), sizeof *acc);
        if (!acc) abort();
        rival_operands operands = { &p.a, &p.w };
        rtl_beats beats = rival_beats(build, &operands);
        starved(tested, config, &beats, acc);
        run("after reset", &p);
        class_count[C_RESET]++;
        free(acc);
        product_free(&p);
    }
    largest(tested, config);
    product p;
    random_product(&p, 1, 1, 1);
    run("after the largest", &p);
    product_free(&p);
}

/* One scale that is no number in a product: in each group of A, and of every column of W. And none. */
static void one_nan(void) {
    static const uint32_t fp16[] = { 0x7C00, 0xFFFF, 0x7E01 }, e8m0[] = { 0xFF }, e4m3[] = { 0x7F, 0xFF };
    const uint32_t *code;
    int codes;
    switch (build->format) {
        case BCQ_FORMAT_INT8:  code = fp16; codes = 3; break;
        case BCQ_FORMAT_MXFP4: code = e8m0; codes = 1; break;
        case BCQ_FORMAT_NVFP4: code = e4m3; codes = 2; break;
        default:               return;
    }
    int groups = 2 * build->la / group_length();
    for (int at = -groups; at < 2 * build->cols; at++) {
        product p;
        product_alloc(&p, 2, 2 * build->cols, 2 * build->la);
        random_tensor(&p.a, 7, AROUND_ONE);
        random_tensor(&p.w, 7, AROUND_ONE);
        for (int i = 0; i <= codes; i++) {
            uint32_t *chosen = at < 0 ? &p.a.row[at & 1].scale[-1 - at] : &p.w.row[at].scale[at % groups];
            *chosen = i == codes ? scale_one() : code[i];
            run("one NaN", &p);
        }
        product_free(&p);
    }
}

/* Results wait, operands never: one column of K a sum, so that every register holds something that counts while
 * the array stands still. */
static void held(void) {
    for (int turn = 0; turn < 16; turn++) {
        product p;
        random_product(&p, 2 * build->t, 3 * build->cols, build->la);
        sides[RTL_SIDE_RESULTS] = (stall_side){ .rate = 2, .bursts = turn % 2 ? BURSTS : 0 };
        run("held", &p);
        class_count[C_HELD]++;
        product_free(&p);
    }
    memset(sides, 0, sizeof sides);
}

static void random_tiles(void) {
    for (long i = 0; i < tiles; i++) {
        product p;
        int64_t k = below(20) ? 1 + below(4 * build->la) : 1;
        random_product(&p, 1 + below(2 * build->t), 1 + below(2 * build->cols), k);
        random_stalls();
        run("random", &p);
        product_free(&p);
    }
    memset(sides, 0, sizeof sides);
}

/* The format that the build says it is; false after a message. */
static bool find_format(bcq_error *error) {
    char message[200];
    for (const bcq_format_kind *const *k = bcq_format_kinds; *k; k++) {
        if ((*k)->hardware != build->format) continue;
        const char *wrong = bcq_format_parse((*k)->name, &format, message, sizeof message);
        if (!wrong) wrong = rival_refuses(&format);
        return !wrong || bcq_fail(error, "%s: %s", config, wrong);
    }
    return bcq_fail(error, "%s: wanted a format with hardware, got number %d", config, build->format);
}

int main(int argc, char **argv) {
    int at = parse_arguments(argc, argv, "test_rivals");
    if (!at) return 2;
    for (; at < argc; at++) {
        bcq_error error;
        config = argv[at];
        random_state = seed * 1000003 + (uint64_t)at;
        tested = strchr(config, '/') ? rtl_open_model(config, seed, &error) : rtl_open_rival(config, seed, &error);
        tested = hold_mutant(tested, config, &error);
        build = tested ? rtl_get_build(tested) : NULL;
        if (!tested || !find_format(&error)) {
            fprintf(stderr, "FAIL %s\n", error.message);
            failed++;
            rtl_close(tested);
            continue;
        }
        format_seen[build->format] = true;
        long before = passed;
        if (!brief) {
            all_products();
            if (build->format != BCQ_FORMAT_INT8_TOKEN) all_scales();
        }
        extremes();
        hazards();
        cancellations();
        limits();
        if (!brief) wrap();
        resets();
        one_nan();
        zero_sizes(tested, config);
        if (!brief) class_count[C_UNENDING] += unending(tested, config);
        if (!brief) held();
        random_tiles();
        printf("%-16s %-10s LA %3d COLS %2d T %2d NDEC %2d: %ld cases\n", config, format.kind->name, build->la,
               build->cols, build->t, build->ndec, passed - before);
        fflush(stdout);
        rtl_close(tested);
    }
    if (!brief) {
        const bool *f = format_seen, no_numbers = !f[BCQ_FORMAT_INT8] && !f[BCQ_FORMAT_MXFP4] && !f[BCQ_FORMAT_NVFP4];
        bool excused[CLASSES] = {
            [C_SCALES] = no_numbers && !f[BCQ_FORMAT_VSQ],
            [C_WRAPPED] = !f[BCQ_FORMAT_INT8_TOKEN] && !f[BCQ_FORMAT_VSQ],
            [C_FLUSHED] = !f[BCQ_FORMAT_MXFP4], [C_SATURATED] = !f[BCQ_FORMAT_MXFP4],
            [C_NAN_SCALE] = no_numbers, [C_SIGNED_SCALE] = !f[BCQ_FORMAT_INT8] && !f[BCQ_FORMAT_NVFP4],
        };
        judge_classes(class_name, class_count, excused, CLASSES);
        judge_stalls();
    }
    return print_verdict();
}
