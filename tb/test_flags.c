/* Shows that the golden model is built with -ffp-contract=off and never with -ffast-math. Run it
 * from the top of the repository:
 *
 *     test_flags
 *
 * Two ways, because each is blind where the other sees. At run time: this program has the flags of
 * the model's objects and is linked with them (-ffast-math at the link is what turns on the
 * flush-to-zero mode), and -mfma where the machine has it (tb/golden.mk): without, the compiler
 * has nothing to contract to. And on paper: every command by which make would build the model is
 * read, because gcc's -std=c11 turns contraction off as well, and clang's does not. */
#include <float.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "bcq_model.h"

static int passed, failed;

static void expect(bool ok, const char *what)
{
    if (ok)
        passed++;
    else
        failed++;
    printf("%s  %s\n", ok ? "ok  " : "FAIL", what);
}

static float f32(uint32_t bits)
{
    float x;

    memcpy(&x, &bits, sizeof x);
    return x;
}

static uint32_t bits32(float x)
{
    uint32_t bits;

    memcpy(&bits, &x, sizeof bits);
    return bits;
}

/* Out of line, with arguments that the caller cannot show to the compiler: nothing is folded. */
#define HIDDEN __attribute__((noipa)) static

HIDDEN float hide(float x) { return x; }
HIDDEN float multiply_add(float a, float b, float c) { return a * b + c; }
HIDDEN float add(float a, float b) { return a + b; }
HIDDEN float multiply(float a, float b) { return a * b; }
HIDDEN float divide(float a, float b) { return a / b; }
HIDDEN bool equal(float a, float b) { return a == b; }
HIDDEN float sum_of_three(float a, float b, float c) { return (a + b) - c; }

static void run_time(void)
{
    /* (1 + 2^-12)^2 = 1 + 2^-11 + 2^-24: the last term is lost in the product, kept by an fma. */
    float a = hide(1.0f + 0x1p-12f), least = hide(FLT_MIN);

    expect(fmaf(a, a, -1.0f) == 0x1p-11f + 0x1p-24f, "fmaf() rounds once");
    expect(multiply_add(a, a, -1.0f) == 0x1p-11f, "a * b + c rounds twice: no contraction");

#ifdef __FAST_MATH__
    expect(false, "__FAST_MATH__ is not defined");
#else
    expect(true, "__FAST_MATH__ is not defined");
#endif
    expect(FLT_EVAL_METHOD == 0, "FLT_EVAL_METHOD is 0: float is computed as float");
    expect(bits32(divide(least, 4.0f)) == 0x00200000, "a subnormal result is kept");
    expect(bits32(multiply(f32(1), 0x1p23f)) == 0x00800000, "a subnormal operand is kept");
    expect(!equal(f32(0x7FC00000), f32(0x7FC00000)), "NaN is not equal to itself");
    expect(isnan(add(INFINITY, -hide(INFINITY))), "infinity less infinity is NaN");
    expect(bits32(add(-0.0f, -hide(0.0f))) == UINT32_C(0x80000000), "-0 + -0 is -0");
    expect(bits32(add(-0.0f, hide(0.0f))) == 0, "-0 + +0 is +0");
    expect(sum_of_three(1.0f, 0x1p24f, 0x1p24f) == 0.0f, "a sum keeps its order");
    /* Ties to even from both sides and of both signs: the other three modes fail one of them. */
    expect(add(1.0f, 0x1p-24f) == 1.0f, "rounds to nearest: 1 + half an ulp");
    expect(add(1.0f + 0x1p-23f, 0x1p-24f) == 1.0f + 0x1p-22f, "rounds to nearest: 1 + 3/2 ulp");
    expect(add(-1.0f - 0x1p-23f, -0x1p-24f) == -1.0f - 0x1p-22f, "rounds to nearest: negative");

    /* The same in the model's own objects. 122999 * 240 * 240 is a tie at 24 bits, that less 1 is
     * not: with two roundings the result would be one more. */
    expect(bcq_accumulate_fp32(-1.0f, 122999, 0x77, 0x77) == 13837387.0f * 512.0f,
           "the model's fma rounds once");
    expect(bits32(bcq_apply_exponent(1.0f, -149)) == 1, "the model's results may be subnormal");
    expect(bits32(bcq_f16_to_f32(1)) == 0x33800000, "the model reads F16 subnormals");
}

/* The last of the options that begin so decides. NULL if there is none. */
static const char *last_option(const char *line, const char *begin)
{
    const char *found = NULL;

    for (const char *s = line; (s = strstr(s, begin)) != NULL; s++)
        if (s[-1] == ' ')
            found = s;
    return found;
}

static void recorded_commands(void)
{
    static const char *const never[] = {
        "-ffast-math", "-Ofast", "-funsafe-math-optimizations", "-ffinite-math-only",
        "-fassociative-math", "-freciprocal-math", "-fno-signed-zeros", "-fno-honor", "-mdaz-ftz",
        "-fsingle-precision-constant", "-fexcess-precision=fast", "-mfpmath=387",
    };
    char line[8192] = " ", text[256];
    int compiled = 0, without = 0, forbidden = 0, cut = 0;
    FILE *make = popen("make -n -B build/libbcq.a 2>&1", "r");

    if (make == NULL) {
        expect(false, "make tells its commands");
        return;
    }
    while (fgets(line + 1, sizeof line - 1, make) != NULL) {
        const char *contract = last_option(line, "-ffp-contract=");
        bool is_model = strstr(line, " -c cmodel/") != NULL;

        line[strcspn(line, "\n")] = ' ';
        cut += strlen(line) == sizeof line - 1;
        for (size_t i = 0; i < sizeof never / sizeof *never; i++)
            forbidden += last_option(line, never[i]) != NULL;
        if (strstr(line, " -c ") == NULL)
            continue;
        compiled += is_model;
        if (contract == NULL || strncmp(contract, "-ffp-contract=off ", 18) != 0) {
            if (without++ == 0)
                printf("not with -ffp-contract=off: %s\n", line);
        }
    }
    expect(pclose(make) == 0 && cut == 0, "make tells its commands");
    snprintf(text, sizeof text, "%d commands compile the model (at least 5)", compiled);
    expect(compiled >= 5, text);
    expect(without == 0, "each compile command ends with -ffp-contract=off in force");
    expect(forbidden == 0, "no command has -ffast-math or a part of it");
}

int main(void)
{
    run_time();
    recorded_commands();
    printf("%d passed, %d failed\n", passed, failed);
    return failed > 0 || passed == 0;
}
