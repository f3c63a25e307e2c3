/* The table formats: levels against what their sources print, decisions, constants, OPQ, the error on
 * N(0,1) against the expected one, and BOF4's optimiser against print, theory against data.
 *
 *     test_levels [-seed N] [-samples N]
 *
 * Texts below are the published decimals and the bits of the FP32 that they stand for; nothing is taken
 * from the program's own tables. Where figures are sampled, the interval is five standard errors, measured
 * on the samples themselves, and both are printed. */
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bof4.h"
#include "random.h"
#include "tables.h"

static int passed, failed;

__attribute__((format(printf, 2, 3))) static bool check(bool ok, const char *format, ...) {
    passed += ok;
    failed += !ok;
    if (ok) return true;
    va_list a;
    va_start(a, format);
    fprintf(stderr, "FAIL levels ");
    vfprintf(stderr, format, a);
    fprintf(stderr, "\n");
    va_end(a);
    return false;
}

static uint32_t bits_of(float x) { uint32_t u; memcpy(&u, &x, sizeof u); return u; }
static float of_bits(uint32_t u) { float x; memcpy(&x, &u, sizeof x); return x; }

/* ---- Levels in print ----------------------------------------------------------------------- */

typedef struct {
    const char *table;
    int group;
    bcq_metric metric;
    int digits;              /* behind the point, zeros at the end left out; 17: the shortest that
                                name a double; 0: fewer than an FP32 has, and so nothing to compare */
    const char *decimal, *hex;
} printed;

#define MSE BCQ_METRIC_MSE
#define MAE BCQ_METRIC_MAE
enum { N = BCQ_TABLE_LEVELS };

static const printed in_print[] = {
    { "bof4", 64, MSE, 16,
      "-1 -0.7535245418548584 -0.579203724861145 -0.4385998845100403 -0.3167679905891418 "
      "-0.2059924453496933 -0.1015387624502182 0 0.0887245312333107 0.1793769598007202 "
      "0.2741499841213226 0.3758211433887482 0.4884937703609467 0.6187058687210083 0.7790452241897583 "
      "1",
      "bf800000 bf40e6fc bf1446b2 bee0902a bea22f6a be52efaf bdcff38e 00000000 3db5b535 3e37ae98 "
      "3e8c5d63 3ec06ba1 3efa1bdb 3f1e6382 3f476f82 3f800000" },
    { "bof4", 64, MAE, 16,
      "-1 -0.7026305794715881 -0.5272703766822815 -0.3946738243103027 -0.2832144796848297 "
      "-0.1835313588380814 -0.090308666229248 0 0.0789600014686584 0.1598792523145676 "
      "0.244986355304718 0.3372218906879425 0.441359281539917 0.565777063369751 0.7299178242683411 1",
      "bf800000 bf33df99 bf06fb31 beca12b0 be91017d be3befa5 bdb8f3c0 00000000 3da1b5c8 3e23b763 "
      "3e7addb4 3eaca859 3ee1f9d8 3f10d6c4 3f3adbe5 3f800000" },
    { "bof4s", 32, MSE, 16,
      "-0.8732797503471375 -0.6907446384429932 -0.5437039136886597 -0.4173701703548431 "
      "-0.3038933575153351 -0.1986017823219299 -0.0981557220220566 0 0.0925938412547112 "
      "0.187048003077507 0.2855197489261627 0.3907126188278198 0.506283164024353 0.6379748582839966 "
      "0.7956376671791077 1",
      "bf5f8f43 bf30d4a4 bf0b302e bed5b18b be9b97e9 be4b5e44 bdc905de 00000000 3dbda1d7 3e3f8983 "
      "3e922fa5 3ec80b7c 3f019bc6 3f235252 3f4baee9 3f800000" },
    { "bof4s", 64, MSE, 16,
      "-0.8568463921546936 -0.6692874431610107 -0.5235266089439392 -0.4004882574081421 "
      "-0.2910638153553009 -0.1900092959403992 -0.0938529595732689 0 0.0887671709060669 "
      "0.1794802695512772 0.2743096053600311 0.3760197460651398 0.4886530041694641 0.6188603639602661 "
      "0.7791395783424377 1",
      "bf5b5a49 bf2b566c bf0605d7 becd0ccc be950651 be4291cc bdc035fb 00000000 3db5cb90 3e37c9ad "
      "3e8c724f 3ec085a9 3efa30ba 3f1e6da2 3f4775b1 3f800000" },
    { "bof4s", 128, MSE, 16,
      "-0.83739173412323 -0.6462452411651611 -0.5028634667396545 -0.3836247622966766 "
      "-0.2783779501914978 -0.1815713942050934 -0.0896477326750755 0 0.0850915610790253 "
      "0.1720834821462631 0.2632072865962982 0.3613293170928955 0.4707452654838562 0.5988966822624207 "
      "0.761027991771698 1",
      "bf565f4e bf257054 bf00bba9 bec46a77 be8e878e be39edda bdb7993b 00000000 3dae447c 3e3036a7 "
      "3e86c31b 3eb90028 3ef10586 3f19514b 3f42d2bb 3f800000" },
    { "bof4s", 256, MSE, 16,
      "-0.8146829009056091 -0.6221838593482971 -0.4820549190044403 -0.3669650852680206 "
      "-0.2659871876239777 -0.1733742356300354 -0.0855776593089104 0 0.0815095230937004 "
      "0.1649149656295776 0.2524392008781433 0.3470274209976196 0.4531534314155579 0.578848659992218 "
      "0.7418596744537354 1",
      "bf508f0f bf1f4771 bef6cfe7 bebbe2d9 be882f79 be318904 bdaf4357 00000000 3da6ee77 3e28df78 "
      "3e813fb6 3eb1ad94 3ee803ba 3f142f6d 3f3dea84 3f800000" },
    { "bof4s", 64, MAE, 16,
      "-0.8018798232078552 -0.6076051592826843 -0.468828022480011 -0.3559602797031403 "
      "-0.2576169371604919 -0.1677481383085251 -0.0827366262674332 0 0.0789434835314751 "
      "0.1597966849803925 0.2448495477437973 0.3371480107307434 0.4412573873996735 0.5656819343566895 "
      "0.7298068404197693 1",
      "bf4d47ff bf1b8c03 bef00a3a beb6406d be83e65e be2bc62b bda971d2 00000000 3da1ad1f 3e23a1be "
      "3e7ab9d7 3eac9eaa 3ee1ec7d 3f10d088 3f3ad49f 3f800000" },
    { "nf4", 64, MSE, 17,
      "-1.0 -0.6961928009986877 -0.5250730514526367 -0.39491748809814453 -0.28444138169288635 "
      "-0.18477343022823334 -0.09105003625154495 0.0 0.07958029955625534 0.16093020141124725 "
      "0.24611230194568634 0.33791524171829224 0.44070982933044434 0.5626170039176941 "
      "0.7229568362236023 1.0",
      "bf800000 bf3239b1 bf066b30 beca32a0 be91a24d be3d353f bdba7871 00000000 3da2faff 3e24cae3 "
      "3e7c04dd 3ead033a 3ee1a4b8 3f1007ab 3f3913b3 3f800000" },
    { "af4", 64, MSE, 0,
      "-1 -0.69441008 -0.51243739 -0.3736951 -0.25607552 -0.14982478 -0.04934812 0 0.04273164 "
      "0.12934483 0.21961274 0.31675666 0.42563882 0.55496234 0.72424863 1",
      "bf800000 bf31c4dc bf032f19 bebf54f7 be831c55 be196bab bd4a2141 00000000 3d2f075f 3e0472f9 "
      "3e60e22a 3ea22dee 3ed9ed55 3f0e1203 3f39685c 3f800000" },
};
enum { PRINTED = sizeof in_print / sizeof *in_print };

/* The next word of a text. */
static const char *word(const char **text, char *buffer, size_t size) {
    size_t n = strcspn(*text += strspn(*text, " "), " ");
    if (n == 0 || n >= size) return NULL;
    memcpy(buffer, *text, n);
    buffer[n] = 0;
    *text += n;
    return buffer;
}

/* Whether the text is that number to its last digit. */
static bool same_digits(float x, int digits, const char *text) {
    char own[60];
    if (digits == 17) return strtod(text, NULL) == (double)x;
    int n = snprintf(own, sizeof own, "%.*f", digits, (double)x);
    while (own[n - 1] == '0') own[--n] = 0;
    if (own[n - 1] == '.') own[--n] = 0;
    return strcmp(own, text) == 0 || strtod(text, NULL) == (double)x;
}

static void test_printed(void) {
    for (int i = 0; i < PRINTED; i++) {
        const printed *p = &in_print[i];
        const float *level = bcq_levels(p->table, p->group, p->metric);
        const char *decimal = p->decimal, *hex = p->hex;
        char d[40], h[40];
        if (!check(level != NULL, "%s %d: no levels", p->table, p->group)) continue;
        check(!bcq_levels_are_derived(p->table, p->group, p->metric), "%s %d: marked derived", p->table, p->group);
        for (int k = 0; k < N; k++) {
            if (!check(word(&decimal, d, sizeof d) && word(&hex, h, sizeof h), "%s: words", p->table)) break;
            uint32_t want = (uint32_t)strtoul(h, NULL, 16);
            check(bits_of(strtof(d, NULL)) == want, "%s %d: text %s is %08x, not %08x", p->table, p->group, d,
                  bits_of(strtof(d, NULL)), want);
            check(!p->digits || same_digits(of_bits(want), p->digits, d), "%s %d: %s is not how %08x prints", p->table, p->group, d,
                  want);
            check(bits_of(level[k]) == want, "%s %d metric %d: level[%d] is %08x, not %08x", p->table, p->group,
                  p->metric, k, bits_of(level[k]), want);
            check(k == 0 || level[k] > level[k - 1], "%s %d: level[%d] not ascending", p->table, p->group, k);
        }
        check(!word(&decimal, d, sizeof d) && !word(&hex, h, sizeof h), "%s %d: more words", p->table, p->group);
    }
}

/* As bitsandbytes' kernel has them, top to bottom. */
static const char thresholds[] =
    "0.8614784181118011 0.6427869200706482 0.5016634166240692 0.3893125355243683 0.2920137718319893 "
    "0.2035212516784668 0.1202552504837513 0.03979014977812767 -0.045525018125772476 "
    "-0.13791173323988914 -0.23460740596055984 -0.33967943489551544 -0.4599952697753906 "
    "-0.6106329262256622 -0.8480964004993439";

static void test_thresholds(void) {
    const char *text = thresholds;
    char d[40];
    for (int k = N - 2; k >= 0; k--) {
        if (!check(word(&text, d, sizeof d) != NULL, "thresholds: words")) return;
        check(bits_of(strtof(d, NULL)) == bits_of(bcq_nf4_threshold[k]), "nf4: threshold %d is %.9g, not %s", k,
              (double)bcq_nf4_threshold[k], d);
    }
    check(!word(&text, d, sizeof d), "thresholds: more words");
}

/* ---- Formats ------------------------------------------------------------------------------- */

static bool parse(const char *spec, bcq_format *f) {
    char message[200];
    const char *wrong = bcq_format_parse(spec, f, message, sizeof message);
    return check(!wrong, "%s: %s", spec, wrong ? wrong : "");
}

static const char *const specs[] = { "nf4", "af4", "bof4", "bof4s", "bof4-opq", "bof4s-opq" };

/* Every midpoint and its two neighbours. Midpoints of the real levels need not be FP32, so ties are met
 * with levels cut to 12 fraction bits as well. */
static void test_ties(void) {
    for (size_t s = 0; s < sizeof specs / sizeof *specs; s++) {
        bcq_format f;
        if (!parse(specs[s], &f)) continue;
        bool nf4 = s == 0, upper = s >= 2;
        for (int cut = 0; cut < 2; cut++) {
            int ties = 0;
            for (int k = 0; k < N && cut; k++) f.level[k] = (float)(trunc(f.level[k] * 4096.0) / 4096.0);
            for (int k = 0; k < N - 1; k++) {
                double middle = ((double)f.level[k] + (double)f.level[k + 1]) / 2;
                if (nf4) middle = bcq_nf4_threshold[k];
                float y = (float)middle;
                bool tie = (double)y == middle;
                ties += tie;
                float under = tie || (double)y > middle ? nextafterf(y, -2) : y;
                float over = tie || (double)y < middle ? nextafterf(y, 2) : y;
                if (tie) check(bcq_table_index(&f, y) == k + upper, "%s: tie at %.9g gives %d", specs[s],
                               (double)y, bcq_table_index(&f, y));
                check(bcq_table_index(&f, under) == k, "%s: %.9g gives %d", specs[s], (double)under,
                      bcq_table_index(&f, under));
                check(bcq_table_index(&f, over) == k + 1, "%s: %.9g gives %d", specs[s], (double)over,
                      bcq_table_index(&f, over));
            }
            check(!cut || ties == N - 1, "%s: %d ties of %d", specs[s], ties, N - 1);
        }
        for (int k = 0; k < N; k++) check(bcq_table_index(&f, f.level[k]) == k, "%s: level %d", specs[s], k);
        check(bcq_table_index(&f, -3) == 0 && bcq_table_index(&f, 3) == N - 1, "%s: beyond", specs[s]);
    }
}

typedef struct { bcq_format f; bcq_format_tensor t; bcq_format_row row; float back[1024]; } coded;

static float amax_of(const float *x, int k) {
    float amax = 0;
    for (int i = 0; i < k; i++) amax = fmaxf(amax, fabsf(x[i]));
    return amax;
}

static bool code(coded *c, const char *spec, const float *x, int k) {
    if (!parse(spec, &c->f) || !check(bcq_format_row_alloc(&c->f, k, &c->row), "%s: memory", spec)) return false;
    c->f.kind->scale_tensor(&c->f, amax_of(x, k), &c->t);
    c->f.kind->encode(&c->f, &c->t, x, k, &c->row);
    c->f.kind->decode(&c->f, &c->t, &c->row, c->back);
    return true;
}

static void test_constants(void) {
    float x[64] = { 0 };
    coded c;
    static const struct { const char *spec; bool minus_first; uint32_t want; } cases[] = {
        { "bof4s", true, 0xC000 }, { "bof4s", false, 0x4000 }, { "bof4", true, 0x4000 }, { "bof4", false, 0x4000 },
        { "nf4", true, 0x40000000 }, { "af4", true, 0x40000000 }, { "bof4s:scale=fp32", true, 0xC0000000 },
        { "bof4s:scale=exact", false, 0x40000000 },
        /* 2 = 1.0 * 2^-7 * 256: e_X is the least with 2 <= 448 * 2^e, so t = 256, code 0x78. */
        { "bof4s:scale=e4m3", true, 0xF8 }, { "bof4s:scale=e4m3", false, 0x78 }, { "bof4:scale=e4m3", true, 0x78 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bool minus_first = cases[i].minus_first, is_signed = strncmp(cases[i].spec, "bof4s", 5) == 0;
        for (int k = 0; k < 64; k++) x[k] = (float)(k % 7 - 3) * 0.25f;
        x[5] = minus_first ? -2 : 2;   /* of two equal magnitudes the first */
        x[40] = -x[5];
        if (!code(&c, cases[i].spec, x, 64)) continue;
        check(c.row.scale[0] == cases[i].want, "%s: constant %x, not %x", cases[i].spec, c.row.scale[0],
              cases[i].want);
        check(!is_signed || (c.row.code[5] == 15 && c.back[5] == x[5]), "%s: largest: code %d", cases[i].spec,
              c.row.code[5]);
        check(is_signed || (c.row.code[5] == (minus_first ? 0 : 15) && c.back[5] == x[5] && c.back[40] == x[40]),
              "%s: largest: code %d", cases[i].spec, c.row.code[5]);
        for (int k = 0; k < 64; k++)
            check((x[k] != 0 || bits_of(c.back[k]) == 0) && (x[k] == 0 || c.back[k] * x[k] > 0),
                  "%s: %g decodes to %g", cases[i].spec, (double)x[k], (double)c.back[k]);
        bcq_format_row_free(&c.row);
    }

    /* The stored constant divides: 1 + 2^-8 is no BF16 and a tie, so 1 is stored and y is above 1. */
    for (int k = 0; k < 64; k++) x[k] = 0;
    x[0] = 1 + 0x1p-8f;
    if (code(&c, "bof4", x, 64)) {
        check(c.row.scale[0] == 0x3F80 && c.back[0] == 1, "bof4: BF16 constant %x", c.row.scale[0]);
        bcq_format_row_free(&c.row);
    }
    /* x lies above the last midpoint by the constant as stored, 1, and below it by the largest magnitude. */
    x[0] = 1 + 0x1p-8f;
    if (parse("bof4", &c.f)) x[1] = (float)(((double)c.f.level[14] + 1) / 2 * (1 + 0x1p-9));
    if (code(&c, "bof4", x, 64)) {
        check(c.row.code[1] == 15, "bof4: the stored constant does not divide: index %d", c.row.code[1]);
        bcq_format_row_free(&c.row);
    }
    x[1] = 0;
    /* One FP32 unit above the tie it is rounded up, and x / m falls below 1. */
    x[0] = nextafterf(x[0], 2);
    if (code(&c, "bof4", x, 64)) {
        check(c.row.scale[0] == 0x3F81 && c.back[0] == 1 + 0x1p-7f, "bof4: BF16 constant %x", c.row.scale[0]);
        bcq_format_row_free(&c.row);
    }
    /* What would round to infinity stays finite. */
    x[0] = -3.402823466e+38f;
    if (code(&c, "bof4s", x, 64)) {
        check(c.row.scale[0] == 0xFF7F && isfinite(c.back[0]), "bof4s: constant %x", c.row.scale[0]);
        bcq_format_row_free(&c.row);
    }
}

/* Zero blocks, and a row's short last one, which is as if padded. */
static void test_blocks(void) {
    for (size_t s = 0; s < sizeof specs / sizeof *specs; s++) {
        float x[200] = { 0 }, padded[256] = { 0 };
        coded c, p;
        if (!code(&c, specs[s], x, 200)) continue;
        bool zero = c.row.groups == 4 && c.row.outliers == 0;
        for (int g = 0; g < 4; g++) zero &= c.row.scale[g] == 0;
        for (int k = 0; k < 200; k++) zero &= c.row.code[k] == 7 && bits_of(c.back[k]) == 0;
        check(zero, "%s: a row of zeros", specs[s]);
        bcq_format_row_free(&c.row);
        for (int round = 0; round < 50; round++) {
            for (int k = 0; k < 200; k++) padded[k] = x[k] = (float)(normal() * (below(40) ? 1 : 20));
            if (!code(&c, specs[s], x, 200)) break;
            if (!code(&p, specs[s], padded, 256)) break;
            bool same = c.row.outliers == p.row.outliers && memcmp(c.row.code, p.row.code, 200) == 0
                     && memcmp(c.row.scale, p.row.scale, 4 * sizeof *c.row.scale) == 0
                     && memcmp(c.back, p.back, 200 * sizeof *c.back) == 0;
            for (int k = 200; k < 256; k++) same &= bits_of(p.back[k]) == 0;
            check(same, "%s: a short block is not as if padded", specs[s]);
            bcq_format_row_free(&c.row);
            bcq_format_row_free(&p.row);
        }
    }
}

static void test_refused(void) {
    static const struct { const char *spec; bool good; } cases[] = {
        { "nf4:group=1024", true }, { "af4:group=16", false }, { "af4:group=256", true }, { "bof4:group=16", true },
        { "bof4s:group=256:metric=mae", true }, { "bof4:group=512", false }, { "bof4:group=48", false },
        { "bof4:metric=max", false }, { "nf4:metric=mae", false }, { "nf4:q=0.9", false }, { "bof4:q=0.9", false },
        { "bof4-opq:q=0.9", true }, { "bof4s-opq:q=1", false }, { "bof4s-opq:q=0", false }, { "bof4:scale=fp16", false },
        { "bof4:group=64x", false }, { "bof4:group=", false },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bcq_format f;
        char message[200];
        bool good = !bcq_format_parse(cases[i].spec, &f, message, sizeof message);
        check(good == cases[i].good, "%s: %s", cases[i].spec, good ? "taken" : message);
    }
    static const struct { const char *spec; double bits; } bits[] = {
        { "nf4", 4.5 }, { "af4", 4.5 }, { "bof4", 4.25 }, { "bof4s", 4.25 }, { "bof4s-opq", 4.25 },
        { "bof4s:group=32", 4.5 }, { "bof4s:group=128:scale=e4m3", 4.0625 }, { "nf4:group=256", 4.125 },
    };
    for (size_t i = 0; i < sizeof bits / sizeof *bits; i++) {
        bcq_format f;
        if (parse(bits[i].spec, &f))
            check(bcq_format_bits(&f, 4096, NULL) == bits[i].bits, "%s: %g bits", bits[i].spec,
                  bcq_format_bits(&f, 4096, NULL));
    }
}

/* ---- OPQ ----------------------------------------------------------------------------------- */

static void test_opq(void) {
    static const struct { int group; const char *at_95; } quantiles[] = {
        { 16, "2.947775153" }, { 32, "3.155609478" }, { 64, "3.352401773" }, { 128, "3.539656210" },
        { 256, "3.718581872" }, { 512, "3.890162302" }, { 1024, "4.055207332" },
    };
    for (size_t i = 0; i < sizeof quantiles / sizeof *quantiles; i++) {
        char text[40];
        snprintf(text, sizeof text, "%.9f", bcq_largest_quantile(quantiles[i].group, 0.95));
        check(strcmp(text, quantiles[i].at_95) == 0, "F^-1(0.95) of %d: %s, not %s", quantiles[i].group, text,
              quantiles[i].at_95);
    }
    int found = 0;
    for (int round = 0; round < 4000; round++) {
        float x[64];
        bool is_signed = round % 2;
        double shift = round % 3 ? 0 : 3;   /* the mean is subtracted */
        for (int k = 0; k < 64; k++) x[k] = (float)(shift + normal() * (below(60) ? 1 : 5));
        coded c;
        if (!code(&c, is_signed ? "bof4s-opq" : "bof4-opq", x, 64)) return;
        long double sum = 0, squares = 0;
        for (int k = 0; k < 64; k++) { sum += x[k]; squares += (long double)x[k] * x[k]; }
        long double limit = sqrtl((squares - sum * sum / 64) / 63) * 3.352401772923L;
        int at = 0;
        float largest = 0;
        bool good = true;
        for (int k = 0; k < 64; k++) {
            if (fabsl((long double)x[k]) > limit) {
                good &= at < c.row.outliers && c.row.outlier_at[at] == k
                     && c.row.outlier[at] == bcq_f32_to_bf16(x[k]) && c.row.code[k] == 7
                     && c.back[k] == bcq_bf16_to_f32(bcq_f32_to_bf16(x[k]));
                at++;
            } else if (fabsf(x[k]) > fabsf(largest)) {
                largest = x[k];
            }
        }
        found += at;
        check(good && c.row.outliers == at, "OPQ, round %d: %lld outliers, not %d", round,
              (long long)c.row.outliers, at);
        check(c.row.scale[0] == bcq_f32_to_bf16(is_signed ? largest : fabsf(largest)),
              "OPQ, round %d: constant %x is not that of the others", round, c.row.scale[0]);
        check(bcq_format_bits(&c.f, 64, &c.row) == 4.25 + 80.0 * at / 64, "OPQ, round %d: bits", round);
        bcq_format_row_free(&c.row);
    }
    check(found > 1000, "OPQ: only %d outliers met", found);
    printf("OPQ: %d outliers in 4000 blocks of 64\n", found);
}

/* ---- Expected error on N(0,1) -------------------------------------------------------------- */

typedef struct {
    const char *table;
    bcq_metric metric;
    int levels_of;           /* 0: those of the block */
    const char *expected[5]; /* at I = 16 .. 256: "mse mae" */
} expectation;

static const int blocks[] = { 16, 32, 64, 128, 256 };
static const expectation expectations[] = {
    { "bof4", MSE, 0, { "0.00555896 0.06011826", "0.00686914 0.06803909", "0.00799153 0.07381678",
                        "0.00892367 0.07801001", "0.00968173 0.08105524" } },
    { "bof4s", MSE, 0, { "0.00513219 0.05783609", "0.00633203 0.06539003", "0.00735171 0.07084999",
                         "0.00818796 0.07475180", "0.00885499 0.07751515" } },
    { "bof4", MAE, 0, { "0.00567255 0.05974429", "0.00710114 0.06736392", "0.00838866 0.07277731",
                        "0.00952371 0.07657441", "0.01050881 0.07921989" } },
    { "bof4s", MAE, 0, { "0.00524976 0.05744870", "0.00658231 0.06467851", "0.00780079 0.06973331",
                         "0.00889633 0.07318076", "0.00985871 0.07547821" } },
    { "nf4", MSE, 0, { "0.00653426 0.06095142", "0.00762342 0.06774769", "0.00846005 0.07279553",
                       "0.00913562 0.07683546", "0.00972883 0.08032933" } },
    { "af4", MSE, 64, { "0.00700971 0.06299699", "0.00821483 0.07000352", "0.00915125 0.07515215",
                        "0.00990873 0.07920218", "0.01056609 0.08263262" } },
};
enum { EXPECTATIONS = sizeof expectations / sizeof *expectations };

/* Mean of what blocks give, and the standard error of that mean. */
typedef struct { double sum, squares; int64_t count; } statistics;
static void add(statistics *s, double x) { s->sum += x; s->squares += x * x; s->count++; }
static double mean(const statistics *s) { return s->sum / (double)s->count; }
static double standard_error(const statistics *s) {
    double n = (double)s->count, m = mean(s);
    return sqrt((s->squares / n - m * m) / (n - 1));
}

static void expect_error(const expectation *e, int i, const float *x, int64_t samples) {
    int block = blocks[i];
    bcq_format f;
    char spec[60];
    snprintf(spec, sizeof spec, "%s:group=64:scale=exact", e->table);
    if (!parse(spec, &f)) return;
    f.group = block;
    const float *level = bcq_levels(e->table, e->levels_of ? e->levels_of : block, e->metric);
    if (!check(level != NULL, "%s: no levels for %d", e->table, block)) return;
    memcpy(f.level, level, sizeof f.level);
    bcq_format_row row;
    bcq_format_tensor t;
    float back[256];
    if (!check(bcq_format_row_alloc(&f, block, &row), "memory")) return;
    f.kind->scale_tensor(&f, 1, &t);
    statistics mse = { 0 }, mae = { 0 };
    for (int64_t b = 0; b < samples; b += block) {
        double squares = 0, sum = 0;
        f.kind->encode(&f, &t, x + b, block, &row);
        f.kind->decode(&f, &t, &row, back);
        for (int k = 0; k < block; k++) {
            double error = (double)x[b + k] - (double)back[k];
            squares += error * error;
            sum += fabs(error);
        }
        add(&mse, squares / block);
        add(&mae, sum / block);
    }
    bcq_format_row_free(&row);
    char *end;
    double want_mse = strtod(e->expected[i], &end), want_mae = strtod(end, NULL);
    double off_mse = (mean(&mse) - want_mse) / standard_error(&mse);
    double off_mae = (mean(&mae) - want_mae) / standard_error(&mae);
    printf("%-6s %-4s %4d  %.8f +- %.8f %+5.1f   %.8f +- %.8f %+5.1f\n", e->table,
           e->table[0] != 'b' ? "" : e->metric == MSE ? "mse" : "mae", block, mean(&mse), standard_error(&mse),
           off_mse, mean(&mae), standard_error(&mae), off_mae);
    check(fabs(off_mse) <= 5 && fabs(off_mae) <= 5, "%s metric %d, %d: %+.1f and %+.1f standard errors off",
          e->table, e->metric, block, off_mse, off_mae);
    /* An interval wider than half a percent would say little. */
    check(standard_error(&mse) < 0.005 * want_mse && standard_error(&mae) < 0.005 * want_mae,
          "%s %d: too few samples", e->table, block);
}

static void test_expected(int64_t samples) {
    float *x = malloc((size_t)samples * sizeof *x);
    if (!check(x != NULL, "memory")) return;
    for (int64_t i = 0; i < samples; i++) x[i] = (float)normal();
    printf("error on N(0,1), %lld scalars: sampled, standard error, distance from expected in standard errors\n"
           "levels       I  MSE                              MAE\n", (long long)samples);
    for (int e = 0; e < EXPECTATIONS; e++)
        for (int i = 0; i < 5; i++) expect_error(&expectations[e], i, x, samples);
    free(x);
}

/* ---- The optimiser ------------------------------------------------------------------------- */

/* Equal as far as the text goes: half a unit of its last digit, which is the text's own rounding. */
static bool as_printed(double x, const char *text) {
    const char *point = strchr(text, '.');
    double unit = pow(10, point ? -(double)strlen(point + 1) : 0);
    return fabs(x - strtod(text, NULL)) <= 0.5000001 * unit;
}

static void compare_levels(const char *what, const double *level, const char *text) {
    char d[40];
    for (int k = 0; k < N; k++)
        if (check(word(&text, d, sizeof d) != NULL, "%s: words", what))
            check(as_printed(level[k], d), "%s: level[%d] is %.10f, not %s", what, k, level[k], d);
}

static void test_theory(void) {
    /* Independent re-derivations, all digits. */
    static const struct { int block; bool is_signed, af4; bcq_metric metric; const char *text; } rederived[] = {
        { 16, true, false, MSE,
          "-0.88674183 -0.71029487 -0.56286469 -0.43373031 -0.31655895 -0.20716020 -0.10246725 0 "
          "0.09649743 0.19485021 0.29710046 0.40571391 0.52394376 0.65647760 0.81074741 1" },
        { 64, true, false, MSE,
          "-0.85682141 -0.66917021 -0.52345935 -0.40044923 -0.29103447 -0.18999179 -0.09385577 0 "
          "0.08876418 0.17945259 0.27424848 0.37594950 0.48859094 0.61877011 0.77908183 1" },
        { 32, true, false, MAE,
          "-0.83450263 -0.64135402 -0.49765697 -0.37893265 -0.27461121 -0.17896108 -0.08832421 0 "
          "0.08378491 0.16953900 0.25952610 0.35672101 0.46557573 0.59375765 0.75711033 1" },
        { 128, true, false, MAE,
          "-0.76531038 -0.57396852 -0.44133049 -0.33461934 -0.24196924 -0.15750774 -0.07769255 0 "
          "0.07456088 0.15099374 0.23149376 0.31906030 0.41846274 0.53872297 0.70181730 1" },
        { 32, false, true, MAE,
          "-1 -0.72380075 -0.54068711 -0.39639850 -0.27235770 -0.15956821 -0.05258802 0 0.04554747 "
          "0.13780891 0.23375854 0.33656744 0.45084560 0.58437857 0.75299116 1" },
        { 64, false, true, MAE,
          "-1 -0.69441008 -0.51243739 -0.37369510 -0.25607552 -0.14982478 -0.04934812 0 0.04273164 "
          "0.12934483 0.21961274 0.31675666 0.42563882 0.55496234 0.72424863 1" },
        { 128, false, true, MAE,
          "-1 -0.66495284 -0.48589589 -0.35294050 -0.24139225 -0.14109901 -0.04645526 0 0.04021689 "
          "0.12176897 0.20688830 0.29877409 0.40238482 0.52697805 0.69496104 1" },
        { 256, false, true, MAE,
          "-1 -0.63630214 -0.46141631 -0.33419526 -0.22826385 -0.13333677 -0.04388739 0 0.03798458 "
          "0.11503320 0.19553393 0.28262047 0.38124113 0.50091910 0.66607302 1" },
    };
    bof4_options o;
    bof4_report r;
    double level[N];
    for (size_t i = 0; i < sizeof rederived / sizeof *rederived; i++) {
        bof4_defaults(&o);
        o.block = rederived[i].block;
        o.is_signed = rederived[i].is_signed;
        o.metric = rederived[i].metric;
        o.af4 = rederived[i].af4;
        check(bof4_theory(&o, level, &r), "theory does not settle: %g", r.change);
        compare_levels("theory", level, rederived[i].text);
    }

    /* Table 8 of the paper: its own solution, good to some 1e-6. */
    static const char table_8[] =
        "-1 -0.7535689203869577 -0.5792681492535123 -0.4386720084478466 -0.3168191039791481 "
        "-0.2060291109696586 -0.1015640796456471 0 0.0887646748673216 0.1794535266886747 0.274249773841407 "
        "0.375951029286045 0.4885925268369112 0.6187715547288008 0.7790828367844242 1";
    bof4_defaults(&o);
    bof4_theory(&o, level, &r);
    const char *text = table_8;
    double most = 0;
    char d[40];
    for (int k = 0; k < N; k++)
        if (check(word(&text, d, sizeof d) != NULL, "table 8: words"))
            most = fmax(most, fabs(level[k] - strtod(d, NULL)));
    printf("theory against table 8: at most %.2g apart\n", most);
    check(most <= 2e-6, "theory and table 8 are %g apart", most);

    /* The source's derived levels are this theory's, and those in print are near it; errors as expected. */
    double printed_most = 0;
    for (int e = 0; e < EXPECTATIONS; e++) {
        const expectation *x = &expectations[e];
        for (int i = 0; i < 5; i++) {
            bof4_defaults(&o);
            o.block = blocks[i];
            o.metric = x->metric;
            o.is_signed = strcmp(x->table, "bof4s") == 0;
            o.af4 = strcmp(x->table, "af4") == 0;
            const float *have = bcq_levels(x->table, blocks[i], x->metric);
            bool solve = strcmp(x->table, "nf4") != 0;
            if (solve) check(bof4_theory(&o, level, &r), "%s %d: does not settle", x->table, blocks[i]);
            for (int k = 0; k < N && have && solve; k++) {
                double apart = fabs((double)have[k] - level[k]);
                if (bcq_levels_are_derived(x->table, blocks[i], x->metric))
                    check(have[k] == (float)level[k], "%s %d metric %d: level[%d] %.9g, theory %.9g", x->table,
                          blocks[i], x->metric, k, (double)have[k], level[k]);
                else if (!o.af4) printed_most = fmax(printed_most, apart);
            }
            if (!solve || o.af4) {   /* expected with levels as they stand */
                have = bcq_levels(x->table, x->levels_of ? x->levels_of : blocks[i], x->metric);
                for (int k = 0; k < N; k++) level[k] = have[k];
                /* NF4's thresholds are its midpoints to 1e-8: no more than the text shows. */
            }
            bof4_theory_error(&o, level, &r);
            char mse[40], mae[40];
            const char *want = x->expected[i];
            check(word(&want, mse, sizeof mse) && word(&want, mae, sizeof mae) && as_printed(r.mse, mse)
                  && as_printed(r.mae, mae), "%s metric %d, %d: theory gives %.10f %.10f, not %s", x->table,
                  x->metric, blocks[i], r.mse, r.mae, x->expected[i]);
        }
    }
    printf("theory against the levels of tables 6 and 7: at most %.2g apart\n", printed_most);
    /* They were sampled, and carry that much noise; what is exact is checked above. */
    check(printed_most < 4e-4, "theory and print are %g apart", printed_most);
}

/* What fixing levels must do: less freedom is never better, and fixed levels stay. */
static void test_fixed(void) {
    for (int metric = 0; metric < 2; metric++) {
        for (int is_signed = 0; is_signed < 2; is_signed++) {
            double error[4];
            for (int fixed = 0; fixed < 4; fixed++) {
                bof4_options o;
                bof4_report r;
                double level[N];
                bof4_defaults(&o);
                o.metric = (bcq_metric)metric;
                o.is_signed = is_signed;
                o.fixed_zero = fixed & 1;
                o.fixed_one = fixed >> 1;
                check(bof4_theory(&o, level, &r), "fixed %d: does not settle", fixed);
                error[fixed] = metric ? r.mae : r.mse;
                check(!o.fixed_zero || level[7] == 0, "fixed %d: level 7 is %g", fixed, level[7]);
                check(!o.fixed_one || (level[15] == 1 && (is_signed || level[0] == -1)), "fixed %d: levels %g, %g",
                      fixed, level[0], level[15]);
                check(o.fixed_zero || level[7] != 0, "not fixed: level 7 is 0");
                /* With a sign the weight at 1 outdoes all else in its cell: the median is there anyway. */
                check(o.fixed_one || (metric && is_signed) == (level[15] == 1), "not fixed: level 15 is %g", level[15]);
                /* Without levels fixed and without signs the solution is symmetric. */
                for (int k = 0; k < N && fixed == 0 && !is_signed; k++)
                    check(fabs(level[k] + level[15 - k]) < 1e-9, "fixed none: level[%d] is %g, level[%d] %g", k,
                          level[k], 15 - k, level[15 - k]);
            }
            bool anyway = metric && is_signed;
            check(error[0] < error[1] && error[2] < error[3]
                      && (anyway ? error[2] == error[0] && error[3] == error[1] : error[0] < error[2] && error[1] < error[3]),
                  "fixed, metric %d signed %d: errors %g %g %g %g", metric, is_signed, error[0], error[1], error[2],
                  error[3]);
        }
    }
}

/* From data: sets of samples give a mean and its standard error for every level. */
static void test_data(void) {
    enum { SETS = 32, SET = 1 << 17 };
    float *x = malloc((size_t)SETS * SET * sizeof *x);
    if (!check(x != NULL, "memory")) return;
    for (int64_t i = 0; i < (int64_t)SETS * SET; i++) x[i] = (float)normal();
    printf("levels from 2^22 scalars of N(0,1), I = 64, in 32 sets: largest distance from theory and from\n"
           "the levels in print, in standard errors; largest standard error, largest distance from print\n");
    for (int variant = 0; variant < 4; variant++) {
        bof4_options o;
        bof4_report r;
        bcq_error error;
        double level[N], theory[N];
        bof4_defaults(&o);
        o.is_signed = variant & 1;
        o.metric = (bcq_metric)(variant >> 1);
        statistics of[N] = { 0 };
        for (int set = 0; set < SETS; set++) {
            bof4_samples s = { 0 };
            bool good = true;
            for (int b = 0; b < SET; b += 64)
                good &= bof4_add_block(&s, x + (int64_t)set * SET + b, 64, o.is_signed);
            check(good && bof4_fit(&s, &o, level, &r, &error), "data: %s", good ? error.message : "memory");
            for (int k = 0; k < N; k++) add(&of[k], level[k]);
            bof4_samples_free(&s);
        }
        check(bof4_theory(&o, theory, &r), "does not settle");
        const float *print = bcq_levels(o.is_signed ? "bof4s" : "bof4", 64, o.metric);
        double off = 0, widest = 0, from_print = 0, print_off = 0;
        for (int k = 0; k < N; k++) {
            if (theory[k] == 0 || fabs(theory[k]) == 1) {
                check(mean(&of[k]) == theory[k], "data: level %d moved", k);
                continue;
            }
            widest = fmax(widest, standard_error(&of[k]));
            double apart = fabs(mean(&of[k]) - (double)print[k]);
            from_print = fmax(from_print, apart);
            print_off = fmax(print_off, apart / standard_error(&of[k]));
            off = fmax(off, fabs(mean(&of[k]) - theory[k]) / standard_error(&of[k]));
        }
        printf("%-5s %s  %.1f  %.1f  %.2g  %.2g\n", o.is_signed ? "bof4s" : "bof4", o.metric ? "mae" : "mse", off,
               print_off, widest, from_print);
        check(off <= 5 && print_off <= 5, "data, variant %d: %.1f and %.1f standard errors off", variant, off, print_off);
        check(widest < 2e-3, "data, variant %d: standard error %g", variant, widest);
    }
    free(x);

    /* By hand. Two blocks, constants 2 and 1: a level is the mean of x with weights 4 and 1. */
    bof4_options o;
    bof4_report r;
    bcq_error error;
    double level[N];
    bof4_samples s = { 0 };
    static const float first[] = { 2, 1 }, second[] = { -1, 0.55f }, nothing[] = { 0, 0 };
    bof4_defaults(&o);
    check(!bof4_fit(&s, &o, level, &r, &error), "data: no samples were taken");
    bof4_add_block(&s, first, 2, false);
    bof4_add_block(&s, second, 2, false);
    bof4_add_block(&s, nothing, 2, false);
    check(s.count == 4 && bof4_fit(&s, &o, level, &r, &error), "data by hand");
    /* x = 0.5 (weight 4) and 0.55 (weight 1) both begin next to level[11] = 0.5. */
    check(fabs(level[11] - (4 * 0.5 + (double)0.55f) / 5) < 1e-15, "data by hand: %.17g", level[11]);
    o.metric = BCQ_METRIC_MAE;   /* weights 2 and 1: the median is the first */
    check(bof4_fit(&s, &o, level, &r, &error) && level[11] == 0.5, "median by hand: %.17g", level[11]);
    bof4_samples_free(&s);
    /* Three of equal weight: the first has 1 against 2, the second 2 against 1, which is too much. */
    for (int i = 0; i < 3; i++) {
        const float three[] = { 1, 0.5f + 0.02f * (float)i };
        bof4_add_block(&s, three, 2, false);
    }
    check(bof4_fit(&s, &o, level, &r, &error) && level[11] == 0.5, "median of three: %.17g", level[11]);
    bof4_samples_free(&s);
    bof4_add_block(&s, second, 2, true);
    check(s.count == 2 && s.at[0].x == 1 && s.at[1].x == -0.55f && s.at[0].m == 1, "signed block by hand");
    bof4_samples_free(&s);
}

static uint64_t number(const char *name, const char *text) {
    char *end;
    errno = 0;
    uint64_t n = strtoull(text, &end, 10);
    if (errno || end == text || *end || text[0] == '-') {
        fprintf(stderr, "test_levels: %s: wanted a number, got \"%s\"\n", name, text);
        exit(2);
    }
    return n;
}

int main(int argc, char **argv) {
    uint64_t seed = 1, samples = 1 << 21;
    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "-seed") == 0) seed = number(argv[i], argv[i + 1]);
        else if (strcmp(argv[i], "-samples") == 0) samples = number(argv[i], argv[i + 1]);
        else argc = 0;
    }
    if (argc % 2 == 0 || samples < 1024 || samples > 1u << 30) {
        fprintf(stderr, "test_levels: wanted [-seed N] [-samples N], N of samples in [1024, 2^30]\n");
        return 2;
    }
    samples -= samples % 256;
    random_state = seed;
    printf("seed %llu\n", (unsigned long long)seed);
    test_printed();
    test_thresholds();
    test_ties();
    test_constants();
    test_blocks();
    test_refused();
    test_opq();
    test_expected((int64_t)samples);
    test_theory();
    test_fixed();
    test_data();
    printf("%d passed, %d failed\n", passed, failed);
    return failed || !passed ? EXIT_FAILURE : EXIT_SUCCESS;
}
