/* The processing element against the golden model's bcq_psum, cycle by cycle: the RTL, and what Yosys
 * mapped onto a cell library. Usage: test_netlist [-seed S] [-cycles N] MODEL.so...
 *
 * Every output is compared in every cycle once one token has passed; N counts the random cycles, which
 * come after the directed ones. Each class of cycle is counted and must occur in every model. */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bcq_model.h"
#include "dut.h"

enum { LANES = BCQ_LANES, EW_MAX = BCQ_EW_MAX, WORDS = 2 };  /* of 32 bits: LANES * EW_MAX bits at most */
_Static_assert(LANES * EW_MAX <= 32 * WORDS, "a word of lanes does not fit");

static uint64_t seed = 1, state;
static long passed, failed;

static uint64_t rnd(void) {
    uint64_t z = state += 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
}
static uint32_t below(uint32_t n) { return (uint32_t)(rnd() % n); }

/* ---- Classes --------------------------------------------------------------------------------- */

/* "used": of the operands that are multiplied in an enabled cycle. */
enum { C_IDLE, C_STALL, C_STALL_LOAD, C_STALL_SWITCH, C_STALL_BOTH, C_LOAD, C_SWITCH, C_BOTH, C_BOTH_TWICE,
       C_ALL_MINIMUM, C_ALL_MAXIMUM, C_ALL_SQUARES_MIN, C_PLUS_PLUS_ZERO, C_PLUS_MINUS_ZERO,
       C_MINUS_PLUS_ZERO, C_MINUS_MINUS_ZERO, C_MINUS_ZERO_TIMES_MINUS, C_MINUS_ZERO_TIMES_PLUS,
       C_WRAP_UP, C_WRAP_DOWN, C_PSUM_LOWEST, C_PSUM_HIGHEST, CLASSES };
static const char *const class_name[CLASSES] = {
    "neither load nor switch", "stall", "stall with load", "stall with switch", "stall with both",
    "load", "switch", "load and switch at once", "load and switch at once, twice running",
    "every product the least", "every product the greatest, positive", "every product the greatest, negative",
    "every product +0 * +0", "every product +0 * -0", "every product -0 * +0", "every product -0 * -0",
    "-0 * negative", "-0 * positive", "sum wraps upwards", "sum wraps downwards", "psum_i lowest",
    "psum_i highest",
};
static long class_count[CLASSES];
static bool both_before;
static uint8_t pair_seen[LANES][1 << EW_MAX][1 << EW_MAX];  /* with zeros of either sign in all other lanes */

/* ---- The element ------------------------------------------------------------------------------- */

typedef uint8_t lanes[LANES];  /* sign-magnitude codes */

static int ew, psum_w;
static uint32_t sign_bit(void) { return 1u << (ew - 1); }
static uint32_t psum_mask(void) { return (uint32_t)(((uint64_t)1 << psum_w) - 1); }

static int8_t value_of(uint8_t code) {
    int magnitude = (int)(code & (sign_bit() - 1));
    return (int8_t)(code & sign_bit() ? -magnitude : magnitude);
}
static void to_words(const lanes x, uint32_t words[WORDS]) {
    uint64_t all = 0;
    for (int i = LANES - 1; i >= 0; i--) all = all << ew | x[i];
    words[0] = (uint32_t)all;
    words[1] = (uint32_t)(all >> 32);
}

typedef struct {
    bool en, load, toggle;  /* toggle: switch_i */
    lanes w, a;
    uint32_t psum;
} inputs;

/* What bcq_pe promises, with the golden dot product. */
typedef struct {
    lanes shadow, active, a;
    uint32_t psum;
    bool toggle;
    int active_known, shadow_known, out_known;
} element;

static void advance(element *e, const inputs *in) {
    if (!in->en) return;
    int8_t a[LANES], w[LANES];
    for (int i = 0; i < LANES; i++) { a[i] = value_of(in->a[i]); w[i] = value_of(e->active[i]); }
    /* The constant that bcq_pe leaves in: 2^(2*(EW-1)) a lane. */
    uint32_t fold = (uint32_t)LANES << (2 * (ew - 1));
    e->psum = (in->psum + (uint32_t)bcq_psum(a, w, LANES) + fold) & psum_mask();
    e->toggle = in->toggle;
    memcpy(e->a, in->a, sizeof e->a);
    e->out_known = e->active_known;
    if (in->toggle) { memcpy(e->active, e->shadow, sizeof e->active); e->active_known = e->shadow_known; }
    if (in->load) { memcpy(e->shadow, in->w, sizeof e->shadow); e->shadow_known = 1; }
}

static void classify(const element *e, const inputs *in) {
    bool both = in->load && in->toggle;
    if (!in->en) {
        class_count[both ? C_STALL_BOTH : in->load ? C_STALL_LOAD : in->toggle ? C_STALL_SWITCH : C_STALL]++;
        return;
    }
    class_count[both ? C_BOTH : in->load ? C_LOAD : in->toggle ? C_SWITCH : C_IDLE]++;
    class_count[C_BOTH_TWICE] += both && both_before;
    both_before = both;
    if (!e->active_known) return;

    int cmax = (int)sign_bit() - 1, nonzero = 0, lane = 0, least = 0, plus = 0, minus = 0, zeros[4] = { 0 };
    int64_t sum = in->psum & 1u << (psum_w - 1) ? (int64_t)in->psum - ((int64_t)1 << psum_w) : in->psum;
    class_count[C_PSUM_LOWEST] += in->psum == 1u << (psum_w - 1);
    class_count[C_PSUM_HIGHEST] += in->psum == (1u << (psum_w - 1)) - 1;
    for (int i = 0; i < LANES; i++) {
        uint8_t a = in->a[i], w = e->active[i];
        int va = value_of(a), vw = value_of(w);
        sum += va * vw + (1 << (2 * (ew - 1)));
        least += va * vw == -cmax * cmax;
        plus += va == cmax && vw == cmax;
        minus += va == -cmax && vw == -cmax;
        if (va == 0 && vw == 0) zeros[(a != 0) << 1 | (w != 0)]++;
        bool minus_zero = (a == sign_bit()) != (w == sign_bit());
        class_count[C_MINUS_ZERO_TIMES_MINUS] += minus_zero && va + vw < 0;
        class_count[C_MINUS_ZERO_TIMES_PLUS] += minus_zero && va + vw > 0;
        if (va || vw) { nonzero++; lane = i; }
    }
    class_count[C_ALL_MINIMUM] += least == LANES;
    class_count[C_ALL_MAXIMUM] += plus == LANES;
    class_count[C_ALL_SQUARES_MIN] += minus == LANES;
    for (int z = 0; z < 4; z++) class_count[C_PLUS_PLUS_ZERO + z] += zeros[z] == LANES;
    class_count[C_WRAP_UP] += sum >= (int64_t)1 << (psum_w - 1);
    class_count[C_WRAP_DOWN] += sum - ((int64_t)LANES << (2 * (ew - 1))) < -((int64_t)1 << (psum_w - 1));
    if (nonzero == 1) pair_seen[lane][in->a[lane]][e->active[lane]] = 1;
    if (nonzero == 0) /* a pair of zeros is alone in whichever lane */
        for (int i = 0; i < LANES; i++) pair_seen[i][in->a[i]][e->active[i]] = 1;
}

/* ---- Running ------------------------------------------------------------------------------------- */

enum { EN, LOAD, SWITCH, W, A, PSUM, A_OUT, SWITCH_OUT, PSUM_OUT, PORTS };
static const char *const port_name[PORTS] = { "en_i", "load_i", "switch_i", "w_i", "a_i", "psum_i",
                                              "a_o", "switch_o", "psum_o" };
typedef struct {
    const dut_model *m;
    dut *d;
    int port[PORTS];
    const char *path;
    element e;
    long cycles, compared, wrong;
} bench;

static void set(bench *b, int port, uint32_t word) {
    uint32_t words[WORDS] = { word, 0 };
    b->m->set(b->d, b->port[port], words);
}
static void get(bench *b, int port, uint32_t words[WORDS]) {
    words[0] = words[1] = 0;
    b->m->get(b->d, b->port[port], words);
}

/* One cycle: the outputs that the last one left behind, then this one's edge. */
static void cycle(bench *b, const inputs *in) {
    uint32_t words[WORDS], want[WORDS];
    to_words(in->w, words);
    b->m->set(b->d, b->port[W], words);
    to_words(in->a, words);
    b->m->set(b->d, b->port[A], words);
    set(b, EN, in->en);
    set(b, LOAD, in->load);
    set(b, SWITCH, in->toggle);
    set(b, PSUM, in->psum);
    b->m->settle(b->d);
    if (b->e.out_known) {
        uint32_t psum[WORDS], toggle[WORDS];
        get(b, A_OUT, words);
        get(b, SWITCH_OUT, toggle);
        get(b, PSUM_OUT, psum);
        to_words(b->e.a, want);
        b->compared++;
        if (memcmp(words, want, sizeof words) != 0 || toggle[0] != b->e.toggle || psum[0] != b->e.psum) {
            if (b->wrong++ < 5)
                fprintf(stderr, "FAIL %s seed=%llu cycle %ld: psum_o %05x a_o %04x%08x switch_o %u, "
                        "golden %05x %04x%08x %d\n", b->path, (unsigned long long)seed, b->cycles, psum[0],
                        words[1], words[0], toggle[0], b->e.psum, want[1], want[0], b->e.toggle);
        }
    }
    classify(&b->e, in);
    b->m->edge(b->d);
    b->cycles++;
    advance(&b->e, in);
}

/* Enabled cycles: makes w the active weights. */
static void weights(bench *b, const lanes w) {
    inputs in = { .en = true, .load = true };
    memcpy(in.w, w, sizeof in.w);
    cycle(b, &in);
    in.load = false;
    in.toggle = true;
    memset(in.w, (int)(sign_bit() - 1), sizeof in.w);  /* nobody may take these */
    cycle(b, &in);
}
static void token(bench *b, const lanes a, uint32_t psum) {
    inputs in = { .en = true, .psum = psum & psum_mask() };
    memcpy(in.a, a, sizeof in.a);
    cycle(b, &in);
}

static uint8_t zero_of_either_sign(void) { return (uint8_t)(below(2) ? sign_bit() : 0); }

static void every_pair(bench *b) {
    uint32_t codes = 1u << ew;
    lanes w, a;
    for (int lane = 0; lane < LANES; lane++) {
        for (uint32_t x = 0; x < codes; x++) {
            for (int i = 0; i < LANES; i++) w[i] = zero_of_either_sign();
            w[lane] = (uint8_t)x;
            weights(b, w);
            for (uint32_t y = 0; y < codes; y++) {
                for (int i = 0; i < LANES; i++) a[i] = zero_of_either_sign();
                a[lane] = (uint8_t)y;
                token(b, a, below(2) ? 0 : (uint32_t)rnd());
            }
        }
    }
    /* All lanes at work, every pair in each of them. */
    for (uint32_t x = 0; x < codes; x++) {
        for (int i = 0; i < LANES; i++) w[i] = (uint8_t)((x + 7 * (uint32_t)i) % codes);
        weights(b, w);
        for (uint32_t y = 0; y < codes; y++) {
            for (int i = 0; i < LANES; i++) a[i] = (uint8_t)((y ^ 5 * (uint32_t)i) % codes);
            token(b, a, (uint32_t)rnd());
        }
    }
}

static void extremes(bench *b) {
    uint8_t code[4] = { 0, (uint8_t)sign_bit(), (uint8_t)(sign_bit() - 1), (uint8_t)(2 * sign_bit() - 1) };
    uint32_t psum[5] = { 0, 1, psum_mask(), psum_mask() >> 1, (psum_mask() >> 1) + 1 };
    lanes w, a;
    for (int x = 0; x < 4; x++) {
        memset(w, code[x], sizeof w);
        weights(b, w);
        for (int y = 0; y < 4; y++) {
            memset(a, code[y], sizeof a);
            for (int p = 0; p < 5; p++) token(b, a, psum[p]);
        }
    }
}

static void draw_lanes(lanes x) {
    uint8_t code[4] = { 0, (uint8_t)sign_bit(), (uint8_t)(sign_bit() - 1), (uint8_t)(2 * sign_bit() - 1) };
    uint32_t kind = below(8);
    for (int i = 0; i < LANES; i++)
        x[i] = kind == 0 || (kind == 1 && below(2)) ? code[below(4)] : (uint8_t)below(1u << ew);
}

static void random_cycles(bench *b, long cycles) {
    /* Spells of different habits: how often of 8 cycles there is an en_i, a load_i, a switch_i. */
    uint32_t en = 8, load = 4, toggle = 4;
    for (long i = 0; i < cycles; i++) {
        if (below(64) == 0) { en = 1 + below(8); load = below(9); toggle = below(9); }
        inputs in = { .en = below(8) < en, .load = below(8) < load, .toggle = below(8) < toggle,
                      .psum = (uint32_t)rnd() & psum_mask() };
        draw_lanes(in.w);
        draw_lanes(in.a);
        cycle(b, &in);
    }
}

static void run(const char *path, long cycles, bool first) {
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    bench b = { .path = path, .m = library ? dlsym(library, "dut_model_table") : NULL };
    if (!b.m) { fprintf(stderr, "FAIL %s: %s\n", path, dlerror()); failed++; return; }
    int bits[PORTS];
    for (int i = 0; i < PORTS; i++) {
        b.port[i] = b.m->port(port_name[i], &bits[i]);
        if (b.port[i] < 0) { fprintf(stderr, "FAIL %s: no port %s\n", path, port_name[i]); failed++; return; }
    }
    ew = bits[A] / LANES;
    psum_w = bits[PSUM];
    if (bits[A] != ew * LANES || ew < BCQ_EW_MIN || ew > EW_MAX || psum_w > 31) {
        fprintf(stderr, "FAIL %s: a_i has %d bits, psum_i %d\n", path, bits[A], psum_w);
        failed++;
        return;
    }
    memset(class_count, 0, sizeof class_count);
    both_before = false;
    memset(pair_seen, 0, sizeof pair_seen);
    state = seed;
    b.d = b.m->open(seed);
    every_pair(&b);
    extremes(&b);
    random_cycles(&b, cycles);
    b.m->close(b.d);
    dlclose(library);

    long pairs = 0, want_pairs = (long)LANES << (2 * ew);
    for (int i = 0; i < LANES; i++)
        for (int x = 0; x < 1 << ew; x++)
            for (int y = 0; y < 1 << ew; y++) pairs += pair_seen[i][x][y];
    printf("  %s: %ld cycles compared, %ld wrong; %ld of %ld pairs, each alone in its lane\n", path, b.compared,
           b.wrong, pairs, want_pairs);
    if (b.wrong || b.compared + 100 < b.cycles) failed++;
    else passed++;
    if (pairs != want_pairs) { fprintf(stderr, "FAIL %s: pairs are missing\n", path); failed++; }
    else passed++;
    for (int i = 0; i < CLASSES; i++) {
        if (first) printf("    %-42s %8ld\n", class_name[i], class_count[i]);
        if (class_count[i] > 0) { passed++; continue; }
        fprintf(stderr, "FAIL %s seed=%llu: no cycle of class %s\n", path, (unsigned long long)seed,
                class_name[i]);
        failed++;
    }
}

int main(int argc, char **argv) {
    long cycles = 300000;
    int at = 1;
    for (; at + 1 < argc && argv[at][0] == '-'; at += 2) {
        if (strcmp(argv[at], "-seed") == 0) seed = strtoull(argv[at + 1], NULL, 10);
        else if (strcmp(argv[at], "-cycles") == 0) cycles = strtol(argv[at + 1], NULL, 10);
        else break;
    }
    if (at >= argc || argv[at][0] == '-') {
        fprintf(stderr, "usage: test_netlist [-seed S] [-cycles N] MODEL.so...\n");
        return 2;
    }
    printf("test_netlist seed=%llu\n", (unsigned long long)seed);
    for (bool first = true; at < argc; at++, first = false) run(argv[at], cycles, first);  /* all see the same */
    printf("%ld passed, %ld failed\n", passed, failed);
    return failed || !passed ? EXIT_FAILURE : EXIT_SUCCESS;
}
