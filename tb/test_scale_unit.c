/* The scale unit alone against the golden model: random and directed triples (psum, scales, acc), a
 * new one every cycle.
 * Usage: test_scale_unit [-seed S] [-triples N] [-mutant N] MODEL.so...   (a name with _deep: Deep)
 *
 * Every class of floating-point addition is counted and must occur: each distance between the
 * exponents of product and accumulator, all signs, exact and inexact sums, ties to both sides,
 * carries, every depth of cancellation. The classes are computed from exact integers here, not from
 * the unit. Accumulators are zero or any normal FP32 that a sum may meet. */
#include <dlfcn.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bcq_model.h"
#include "dut.h"

static uint64_t seed = 1, state;
static long passed, failed;
static long mutant = -1;    /* of a mutated model, or none */
static bool classified;     /* an fp32 model was run */

static uint64_t rnd(void) {
    uint64_t z = state += 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
}
static int below(int n) { return (int)(rnd() % (uint64_t)n); }

typedef struct {
    int32_t psum;
    uint8_t scale_a, scale_w;
    bool first;
    bool keep;       /* the weight scale is that of the triple before */
    float acc;       /* fp32 */
    int64_t fixed;   /* exact */
} triple;

/* ---- Classes --------------------------------------------------------------------------------- */

enum { DISTANCE = 40, DEPTH = 24 };
static long distance_count[2 * DISTANCE + 1];  /* exponent of the product less that of acc, clamped */
static long sign_count[8];                      /* psum, product of scales, acc */
static long depth_count[DEPTH + 1];             /* leading places lost in a subtraction, clamped */
enum { R_EXACT, R_BELOW, R_TIE_DOWN, R_TIE_UP, R_ABOVE, R_CARRY, R_ROUND_CARRY, R_CANCELLED,
       R_ZERO_PRODUCT, R_ZERO_ACC, R_BOTH_ZERO, R_NAN_SCALE, R_SUBNORMAL_SCALE, R_FIRST, ROUNDINGS };
static long rounding_count[ROUNDINGS];
static const char *const rounding_name[ROUNDINGS] = {
    "exact", "below half", "tie to even, down", "tie to even, up", "above half", "carry out of the sum",
    "carry out of rounding", "cancelled to zero", "zero product", "zero accumulator", "both zero",
    "NaN scale", "subnormal scale", "first of a sum",
};

static int top_bit(uint64_t x) { return 63 - __builtin_clzll(x); }

static void classify(const triple *t) {
    int64_t scales = (int64_t)bcq_scale_x512(t->scale_a) * bcq_scale_x512(t->scale_w);
    int64_t product = t->psum * scales;  /* in units of 2^-18, below 2^58 */
    float acc = t->first ? 0.0f : t->acc;
    rounding_count[R_FIRST] += t->first;
    rounding_count[R_NAN_SCALE] += bcq_scale_is_nan(t->scale_a) || bcq_scale_is_nan(t->scale_w);
    rounding_count[R_SUBNORMAL_SCALE] += (t->scale_a & 0x78) == 0 && (t->scale_a & 7);
    sign_count[(t->psum < 0) << 2 | (scales < 0) << 1 | (acc < 0)]++;
    if (product == 0) rounding_count[acc == 0 ? R_BOTH_ZERO : R_ZERO_PRODUCT]++;
    else if (acc == 0) rounding_count[R_ZERO_ACC]++;
    if (product == 0) return;

    uint64_t magnitude = product < 0 ? -(uint64_t)product : (uint64_t)product;
    if (acc == 0) {
        int cut = top_bit(magnitude) - 23;
        uint64_t rest = cut > 0 ? magnitude & (((uint64_t)1 << cut) - 1) : 0;
        rounding_count[rest ? R_ABOVE : R_EXACT]++;
        return;
    }
    int acc_exponent;
    int64_t acc_mantissa = (int64_t)ldexp(frexp((double)acc, &acc_exponent), 24);
    int distance = top_bit(magnitude) - 18 - (acc_exponent - 1);
    distance_count[(distance < -DISTANCE ? -DISTANCE : distance > DISTANCE ? DISTANCE : distance) + DISTANCE]++;

    /* The sum as an integer in units of 2^unit, where both operands are integers and fit. */
    int acc_unit = acc_exponent - 24, unit = acc_unit < -18 ? acc_unit : -18;
    if (-18 - unit > 60 || acc_unit - unit > 90) return;
    if (top_bit(magnitude) - 18 - unit > 120 || acc_exponent - unit > 120) return;
    __int128 p = (__int128)product << (-18 - unit), a = (__int128)acc_mantissa << (acc_unit - unit);
    __int128 sum = p + a;
    if (sum == 0) { rounding_count[R_CANCELLED]++; return; }
    unsigned __int128 m = sum < 0 ? -(unsigned __int128)sum : (unsigned __int128)sum;
    int top = m >> 64 ? 64 + top_bit((uint64_t)(m >> 64)) : top_bit((uint64_t)m);
    int top_p = top_bit(magnitude) - 18 - unit, top_a = acc_exponent - 1 - unit;
    int larger = top_p > top_a ? top_p : top_a;
    rounding_count[R_CARRY] += top > larger;
    if ((p < 0) != (a < 0)) {
        int depth = larger - top;
        depth_count[depth > DEPTH ? DEPTH : depth]++;
    }
    int cut = top - 23;
    if (cut <= 0) { rounding_count[R_EXACT]++; return; }
    unsigned __int128 half = (unsigned __int128)1 << (cut - 1), rest = m & (2 * half - 1);
    uint64_t kept = (uint64_t)(m >> cut);
    bool up = rest > half || (rest == half && (kept & 1));
    rounding_count[rest == 0 ? R_EXACT : rest < half ? R_BELOW : rest > half ? R_ABOVE
                   : kept & 1 ? R_TIE_UP : R_TIE_DOWN]++;
    rounding_count[R_ROUND_CARRY] += up && kept == 0xFFFFFF;
}

/* ---- Triples ----------------------------------------------------------------------------------- */

/* Exponents as the unit keeps them; of multiples of 2^-18 below 2^64 they are, and an excess of a draw is cut. */
static float float_of(bool negative, int exponent, uint32_t fraction) {
    exponent = exponent < -63 ? -63 : exponent > 63 ? 63 : exponent;
    uint32_t bits = (uint32_t)negative << 31 | (uint32_t)(exponent + 127) << 23 | (fraction & 0x7FFFFF);
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static triple draw(int psum_bits, bool exact) {
    /* |psum| <= (2^(EW-1) - 1)^2 * LA < 2^(psum_bits - 2) */
    int32_t limit = (1 << (psum_bits - 2)) - 1;
    triple t = { .first = below(16) == 0 };
    switch (below(4)) {
    case 0:  t.psum = (int32_t)(rnd() % (uint64_t)(2 * (int64_t)limit + 1)) - limit; break;
    case 1:  t.psum = below(33) - 16; break;                    /* few bits: ties */
    case 2:  t.psum = (below(2) ? 1 : -1) * (limit - below(3)); break;
    default: t.psum = (below(2) ? 1 : -1) * (int32_t)(1u << below(psum_bits - 2)); break;
    }
    t.scale_a = below(4) ? (uint8_t)below(256) : (uint8_t)(0x30 + below(16));
    t.scale_w = below(4) ? (uint8_t)below(256) : (uint8_t)(0x30 + below(16));
    if (exact) {
        /* Any accumulator from which one more term cannot overflow. */
        int width = 1 + below(63);
        t.fixed = (int64_t)(rnd() & (((uint64_t)1 << width) - 1));
        if (below(3) == 0 && width > 30)  /* few bits at the top, one far below: ties and stickies */
            t.fixed = (int64_t)1 << (width - 1) | (int64_t)below(4) << (width - 26) | below(2);
        if (below(2)) t.fixed = -t.fixed;
        return t;
    }
    int64_t product = (int64_t)t.psum * bcq_scale_x512(t.scale_a) * bcq_scale_x512(t.scale_w);
    int exponent = product ? top_bit(product < 0 ? -(uint64_t)product : (uint64_t)product) - 18 : 0;
    switch (below(5)) {
    case 0:  /* any distance; far beyond what a sum of products reaches */
        exponent += below(4) ? below(2 * DISTANCE + 21) - DISTANCE - 10 : below(161) - 80;
        t.acc = float_of(below(2), exponent, (uint32_t)rnd());
        break;
    case 1:  /* close to cancelling */
        t.acc = -(float)ldexp((double)product, -18);
        for (int n = below(4); n > 0 && t.acc != 0; n--) t.acc = nextafterf(t.acc, below(2) ? INFINITY : -INFINITY);
        break;
    case 2:  /* cancels down to some depth */
        t.acc = -(float)(ldexp((double)product, -18) * (1 + ldexp(1.0, -below(26))));
        break;
    case 3:  /* all ones or a single one: carries and ties */
        t.acc = float_of(below(2), exponent + below(60) - 30, below(2) ? 0x7FFFFF : 1u << below(23));
        break;
    default: /* few fraction bits */
        t.acc = float_of(below(2), exponent + below(60) - 30, (uint32_t)rnd() & 0x700003);
        break;
    }
    if (below(32) == 0 || !isnormal(t.acc)) t.acc = 0;
    return t;
}

/* ---- Running ------------------------------------------------------------------------------------- */

static void run(const char *path, long triples) {
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    const dut_model *m = library ? dlsym(library, "dut_model_table") : NULL;
    if (!m) { fprintf(stderr, "FAIL %s: %s\n", path, dlerror()); failed++; return; }
    static const char *const names[] = { "en_i", "load_w_i", "switch_w_i", "scale_w_i", "scale_a_i",
                                         "psum_i", "first_i", "acc_i", "acc_o", "result_o" };
    enum { EN, LOAD, SWITCH, SCALE_W, SCALE_A, PSUM, FIRST, ACC, ACC_OUT, RESULT, PORTS };
    int port[PORTS], bits[PORTS];
    for (int i = 0; i < PORTS; i++) {
        port[i] = m->port(names[i], &bits[i]);
        if (port[i] < 0) { fprintf(stderr, "FAIL %s: no port %s\n", path, names[i]); failed++; return; }
    }
    bool exact = bits[ACC] > 32;
    classified |= !exact;
    dut *d = m->open(seed);
    uint32_t one[2] = { 1, 0 }, words[2];
    if (mutant >= 0) {
        int mutsel = m->port("mutsel", NULL);
        if (mutsel < 0) { fprintf(stderr, "FAIL %s: no input mutsel\n", path); failed++; return; }
        words[0] = (uint32_t)mutant;
        m->set(d, mutsel, words);
    }

    /* A triple enters over several cycles: its weight scale takes two to become the active one. Where
     * it stays the same, neither load nor switch is asked for. One cycle in four is not enabled: then
     * all inputs are random, and nothing may move. */
    enum { AT_SCALE_W = 0, AT_SWITCH = 1, RING = 32 };
    const bool deep = strstr(strrchr(path, '/') ? strrchr(path, '/') : path, "_deep");
    const int at_scale_a = 2, at_psum = deep ? 4 : 2, at_acc = deep ? 9 : 4;
    const int at_acc_out = deep ? 16 : exact ? 5 : 7, at_result = deep ? 16 : 7;
    triple ring[RING];
    long wrong = 0;
    for (long cycle = 0; cycle < triples + at_result; cycle++) {
        triple *drawn = &ring[cycle % RING];
        *drawn = draw(bits[PSUM], exact);
        drawn->keep = cycle > 0 && below(4) == 0;
        if (drawn->keep) drawn->scale_w = ring[(cycle - 1) % RING].scale_w;
        for (int off = below(4) == 0; off > 0; off--) {
            for (int i = EN; i < ACC_OUT; i++) {
                words[0] = i == EN ? 0 : (uint32_t)rnd();
                words[1] = (uint32_t)rnd();
                m->set(d, port[i], words);
            }
            m->settle(d);
            m->edge(d);
        }
        m->set(d, port[EN], one);
        if (!exact) classify(drawn);
        /* Before the first triple is due, the ring holds nothing: show what is there already. */
        const triple *t = ring;
        #define DUE(at) (&t[(cycle >= (at) ? cycle - (at) : 0) % RING])
        words[0] = !DUE(AT_SCALE_W)->keep;
        m->set(d, port[LOAD], words);
        words[0] = words[0] ? DUE(AT_SCALE_W)->scale_w : (uint32_t)rnd();
        m->set(d, port[SCALE_W], words);
        words[0] = !DUE(AT_SWITCH)->keep;
        m->set(d, port[SWITCH], words);
        words[0] = DUE(at_scale_a)->scale_a;
        m->set(d, port[SCALE_A], words);
        words[0] = (uint32_t)DUE(at_psum)->psum;
        m->set(d, port[PSUM], words);
        words[0] = DUE(at_acc)->first;
        m->set(d, port[FIRST], words);
        if (exact) memcpy(words, &DUE(at_acc)->fixed, sizeof words);
        else       memcpy(words, &DUE(at_acc)->acc, sizeof words[0]);
        m->set(d, port[ACC], words);
        m->settle(d);
        for (int out = 0; out < 2; out++) {  /* the accumulator, then the FP32 result */
            int at = out ? at_result : at_acc_out;
            if (cycle < at || cycle - at >= triples) continue;
            const triple *done = DUE(at);
            uint32_t want[2] = { 0, 0 };
            m->get(d, port[out ? RESULT : ACC_OUT], words);
            int64_t sum = bcq_accumulate_exact(done->first ? 0 : done->fixed, done->psum,
                                               done->scale_a, done->scale_w);
            float fp32 = exact ? bcq_exact_to_f32(sum)
                               : bcq_accumulate_fp32(done->first ? 0 : done->acc, done->psum,
                                                     done->scale_a, done->scale_w);
            if (exact && !out) memcpy(want, &sum, sizeof want);
            else               memcpy(want, &fp32, sizeof fp32);
            if (memcmp(words, want, exact && !out ? 8 : 4) == 0) continue;
            if (wrong++ < 5)
                fprintf(stderr, "FAIL %s seed=%llu %s: psum %d, scales %02x %02x, acc %a %llx first %d: "
                        "rtl %08x%08x, golden %08x%08x\n", path, (unsigned long long)seed,
                        out ? "result" : "acc", done->psum, done->scale_a, done->scale_w,
                        (double)done->acc, (unsigned long long)done->fixed, done->first,
                        exact && !out ? words[1] : 0, words[0], want[1], want[0]);
            if (mutant > 0) {  /* caught by its first failure */
                printf("0 passed, 1 failed\n");
                exit(EXIT_FAILURE);
            }
        }
        m->edge(d);
    }
    m->close(d);
    dlclose(library);
    printf("  %-34s %ld triples, %ld wrong\n", strrchr(path, '/') ? strrchr(path, '/') + 1 : path,
           triples, wrong);
    if (wrong || triples <= 0) failed++;
    else                       passed++;
}

static void need(const char *what, int number, long count) {
    if (count > 0) { passed++; return; }
    fprintf(stderr, "FAIL seed=%llu: no triple of class %s %d\n", (unsigned long long)seed, what, number);
    failed++;
}

static void check_classes(void) {
    long least = distance_count[0];
    for (int i = 0; i <= 2 * DISTANCE; i++) {
        need("distance", i - DISTANCE, distance_count[i]);
        if (distance_count[i] < least) least = distance_count[i];
    }
    printf("  distances of exponents %d..%d: each at least %ld times\n", -DISTANCE, DISTANCE, least);
    least = depth_count[0];
    for (int i = 0; i <= DEPTH; i++) {
        need("cancellation depth", i, depth_count[i]);
        if (depth_count[i] < least) least = depth_count[i];
    }
    printf("  places cancelled 0..%d: each at least %ld times\n", DEPTH, least);
    for (int i = 0; i < 8; i++) need("signs", i, sign_count[i]);
    for (int i = 0; i < ROUNDINGS; i++) {
        printf("  %-24s %10ld\n", rounding_name[i], rounding_count[i]);
        need(rounding_name[i], 0, rounding_count[i]);
    }
}

int main(int argc, char **argv) {
    long triples = 10000000;
    int at = 1;
    for (; at + 1 < argc && argv[at][0] == '-'; at += 2) {
        if (strcmp(argv[at], "-seed") == 0) seed = strtoull(argv[at + 1], NULL, 10);
        else if (strcmp(argv[at], "-triples") == 0) triples = strtol(argv[at + 1], NULL, 10);
        else if (strcmp(argv[at], "-mutant") == 0) mutant = strtol(argv[at + 1], NULL, 10);
        else break;
    }
    if (at == argc || argv[at][0] == '-') {
        fprintf(stderr, "usage: test_scale_unit [-seed S] [-triples N] [-mutant N] MODEL.so...\n");
        return 2;
    }
    printf("test_scale_unit seed=%llu\n", (unsigned long long)seed);
    state = seed;
    for (bool first = true; at < argc; at++, first = false) run(argv[at], first ? triples : triples / 10);

    if (classified) check_classes();
    printf("%ld passed, %ld failed\n", passed, failed);
    return failed || !passed ? EXIT_FAILURE : EXIT_SUCCESS;
}
