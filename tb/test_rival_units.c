/* The units of the rivals alone: the E2M1 processing element against a model of each cycle, the scale
 * units against the sums of docs/formats.md, a new case every cycle.
 * Usage: test_rival_units [-seed S] [-cases N] MODEL.so...   (a name begins with rival_pe_e2m1, rival_scale_int8,
 * rival_scale_mxfp4 or rival_scale_nvfp4)
 *
 * The sums are computed here from integers, and once more by the golden model's FP32 sum; both must agree.
 * Every class of both roundings is counted and must occur, and so must every pair of scale codes of 8 bits. */
#include <dlfcn.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dut.h"
#include "format.h"
#include "random.h"

typedef unsigned __int128 u128;

static uint64_t seed = 1;
static long passed, failed;

/* ---- One rounding, from integers ------------------------------------------------------------------ */

enum { R_EXACT, R_BELOW, R_TIE_DOWN, R_TIE_UP, R_ABOVE, R_CARRY, R_NEGATIVE, R_ZERO, ROUNDINGS,
       R_FLUSHED = ROUNDINGS, R_SATURATED, R_LIMITS };
static const char *const rounding_name[R_LIMITS] = {
    "exact", "below half", "tie to even, down", "tie to even, up", "above half", "carry out of rounding",
    "negative", "zero", "below 2^-126", "beyond the largest",
};

static int top_bit(u128 x) {
    return x >> 64 ? 127 - __builtin_clzll((uint64_t)(x >> 64)) : 63 - __builtin_clzll((uint64_t)x);
}

/* (-1)^negative * m * 2^unit as FP32: 24 bits to nearest even, then the limits. */
static uint32_t round_fp32(bool negative, u128 m, int unit, long *count) {
    if (m == 0) { count[R_ZERO]++; return 0; }
    count[R_NEGATIVE] += negative;
    int top = top_bit(m), exponent = top + unit;
    uint32_t kept;
    if (top <= 23) {
        kept = (uint32_t)m << (23 - top);
        count[R_EXACT]++;
    } else {
        int cut = top - 23;
        u128 half = (u128)1 << (cut - 1), rest = m & (2 * half - 1);
        kept = (uint32_t)(m >> cut);
        bool odd = kept & 1, up = rest > half || (rest == half && odd);
        count[rest == 0 ? R_EXACT : rest < half ? R_BELOW : rest > half ? R_ABOVE : odd ? R_TIE_UP : R_TIE_DOWN]++;
        kept += up;
        if (kept >> 24) { count[R_CARRY]++; kept >>= 1; exponent++; }
    }
    if (exponent < -126) { count[R_FLUSHED]++; return 0; }
    uint32_t sign = (uint32_t)negative << 31;
    if (exponent > 127) { count[R_SATURATED]++; return sign | 0x7F7FFFFF; }
    return sign | (uint32_t)(exponent + 127) << 23 | (kept & 0x7FFFFF);
}

/* a * 2^ea + b * 2^eb as FP32, |a| and |b| below 2^24. Where they are so far apart that the smaller is
 * beyond all bits that matter, only that it is there is kept. */
static uint32_t sum_fp32(int32_t a, int ea, int32_t b, int eb, long *count) {
    if (a == 0) { a = b; ea = eb; b = 0; }
    if (b == 0) eb = ea;
    if (ea < eb) {
        int32_t t = a; a = b; b = t;
        int e = ea; ea = eb; eb = e;
    }
    if (ea - eb > 70) { b = b < 0 ? -1 : 1; eb = ea - 70; }
    __int128 sum = (__int128)a * ((__int128)1 << (ea - eb)) + b;
    return round_fp32(sum < 0, sum < 0 ? -(u128)sum : (u128)sum, eb, count);
}

static float float_of_bits(uint32_t bits) {
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}
static uint32_t bits_of_float(float x) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

/* ---- Formats --------------------------------------------------------------------------------------- */

enum { GROUPS = 4, DISTANCE = 40 };

typedef struct {
    uint32_t scale_a[GROUPS], scale_w[GROUPS];
    uint32_t load;      /* the groups whose weight scale is a new one: scale_w_new */
    uint32_t scale_w_new;
    int32_t psum[GROUPS];
    bool keep;          /* the weight scales are those of the case before: neither load nor switch */
    bool first;
    uint32_t acc;
    uint32_t result;    /* FP32 */
} scale_case;

typedef struct {
    const char *name;
    int groups, scale_bits, psum_limit, add, result;
    bool limits;
    bool codes8;        /* all 65,536 pairs of codes are tried */
    uint32_t (*term)(const scale_case *c, long *count);
    void (*draw)(scale_case *c, uint32_t scale_w_before);
} unit;

static long term_count[R_LIMITS], sum_count[R_LIMITS];
static long distance_count[2 * DISTANCE + 1];     /* mxfp4: x_0 - x_1, clamped */
static uint8_t pair_seen[65536 / 8];

static uint32_t agreed(const scale_case *c, uint32_t mine, double exact) {
    uint32_t golden = bits_of_float(bcq_fp32_sum(exact));
    if (mine == golden) return mine;
    if (failed++ < 10)
        fprintf(stderr, "FAIL seed=%llu: golden model's FP32 sum of %a is %08x, wanted %08x (scales %x %x)\n",
                (unsigned long long)seed, exact, golden, mine, c->scale_a[0], c->scale_w[0]);
    return mine;
}

/* E4M3 less its sign in units of 2^-9. */
static int e4m3_x512(uint32_t code) {
    int exponent = (int)(code >> 3 & 15), mantissa = (int)(code & 7);
    if ((code & 0x7F) == 0x7F) return 0;
    return exponent ? (8 + mantissa) << (exponent - 1) : mantissa;
}
static uint32_t nvfp4_term(const scale_case *c, long *count) {
    int64_t sum = 0;
    for (int g = 0; g < 4; g++) {
        sum += (int64_t)c->psum[g] * e4m3_x512(c->scale_a[g]) * e4m3_x512(c->scale_w[g]);
    }
    uint32_t t = round_fp32(sum < 0, (u128)(sum < 0 ? -sum : sum), -20, count);
    return agreed(c, t, ldexp((double)sum, -20));
}

static uint32_t mxfp4_term(const scale_case *c, long *count) {
    int32_t p[2];
    int x[2];
    for (int g = 0; g < 2; g++) {
        bool number = c->scale_a[g] != 255 && c->scale_w[g] != 255;
        x[g] = (int)c->scale_a[g] + (int)c->scale_w[g] - 256;
        p[g] = number ? c->psum[g] : 0;
    }
    int d = x[0] - x[1];
    if (p[0] && p[1]) distance_count[(d < -DISTANCE ? -DISTANCE : d > DISTANCE ? DISTANCE : d) + DISTANCE]++;
    uint32_t t = sum_fp32(p[0], x[0], p[1], x[1], count);
    return agreed(c, t, ldexp(p[0], x[0]) + ldexp(p[1], x[1]));
}

/* FP16 less its sign in units of 2^-24. */
static int64_t fp16_x24(uint32_t code) {
    int exponent = (int)(code >> 10 & 31), mantissa = (int)(code & 0x3FF);
    if (exponent == 31) return 0;
    return exponent ? (int64_t)(1024 + mantissa) << (exponent - 1) : mantissa;
}
static uint32_t int8_term(const scale_case *c, long *count) {
    __int128 t = (__int128)c->psum[0] * fp16_x24(c->scale_a[0]) * fp16_x24(c->scale_w[0]);
    return agreed(c, round_fp32(t < 0, t < 0 ? -(u128)t : (u128)t, -48, count),
                  (double)c->psum[0] * (double)fp16_x24(c->scale_a[0]) * (double)fp16_x24(c->scale_w[0]) * 0x1p-48);
}

/* ---- Cases ----------------------------------------------------------------------------------------- */

static int32_t draw_psum(int limit) {
    int sign = below(2) ? 1 : -1;
    switch (below(6)) {
    case 0:  return below(2 * limit + 1) - limit;
    case 1:  return below(33) - 16;
    case 2:  return sign * (limit - below(3));
    case 3:  return sign * limit;
    case 4: {  /* a power of two or beside it */
        int bits = 0;
        while (2 << bits <= limit) bits++;
        return sign * ((1 << below(bits + 1)) - below(2));
    }
    default: return below(3) - 1;
    }
}

/* Codes of E4M3: any, some middle ones, the first and the last of the exponents. */
static uint32_t draw_e4m3(void) {
    switch (below(4)) {
    case 0:  return (uint32_t)below(256);
    case 1:  return (uint32_t)(0x30 + below(16));
    case 2:  return (uint32_t)(below(2) << 3 | below(8));
    default: return (uint32_t)(0x78 + below(8));
    }
}
static void draw_nvfp4(scale_case *c, uint32_t before) {
    (void)before;
    c->scale_w_new = draw_e4m3();
    if (below(16) == 0) {  /* all ones, to be rounded up: a power of two less little */
        *c = (scale_case){ .load = 15, .first = c->first, .scale_w_new = (uint32_t)(1 + below(15)) << 3 };
        c->scale_a[0] = 0x78;
        c->psum[0] = (below(2) ? 1 : -1) * (1 << (8 + below(4)));
        c->scale_a[1] = 1;
        c->psum[1] = c->psum[0] > 0 ? -1 : 1;
        return;
    }
    bool same = below(4) == 0;  /* cancel among the groups */
    for (int g = 0; g < 4; g++) {
        c->scale_a[g] = same && g ? c->scale_a[g - 1] : draw_e4m3();
        if (same && g % 2) c->psum[g] = -c->psum[g - 1] + (below(4) == 0 ? below(3) - 1 : 0);
        if (c->psum[g] > 2304) c->psum[g] = 2304;
        if (c->psum[g] < -2304) c->psum[g] = -2304;
    }
}

/* Mostly a chosen distance of the two exponents, sometimes at the limits of FP32. */
static void draw_mxfp4(scale_case *c, uint32_t before) {
    c->scale_w_new = below(3) ? (uint32_t)(127 + below(9) - 4) : (uint32_t)below(256);
    uint32_t w = c->load ? c->scale_w_new : before;
    int low = 256 - 126 - 13 - (int)w + below(30) - 15, high = 256 + 127 - 12 - (int)w + below(8) - 4;
    int mode = below(4), distance = below(2) ? below(50) : below(8);
    int e = mode == 0 ? low : mode == 1 ? high : below(255);
    int other = below(2) ? e + distance : e - distance;
    if (below(16) == 0) other = below(256);
    int swap = below(2), both[2] = { e, other };
    for (int g = 0; g < 2; g++) {
        int code = both[g ^ swap];
        c->scale_a[g] = (uint32_t)(code < 0 ? 0 : code > 255 ? 255 : code);
    }
    if (below(8) == 0) c->psum[below(2)] = 0;
    if (below(8) == 0) c->psum[1] = -c->psum[0];
}

static uint32_t draw_fp16(void) {
    switch (below(5)) {
    case 0:  return (uint32_t)below(65536);
    case 1:  return (uint32_t)(below(16) << 10 | (below(2) ? 0x3FF : 0) | below(2) << 15);
    case 2:  return (uint32_t)below(1024);                               /* subnormal */
    case 3:  return (uint32_t)(0x7800 + below(0x800));                   /* the largest, and no numbers */
    default: return (uint32_t)(0x2000 + (below(64) << 5));
    }
}
static void draw_int8(scale_case *c, uint32_t before) {
    (void)before;
    c->scale_w_new = draw_fp16();
    c->scale_a[0] = draw_fp16();
    for (int tries = below(8) == 0 ? 100 : 0; tries > 0; tries--) {  /* all ones, to be rounded up */
        uint32_t a = (uint32_t)below(1024), w = (uint32_t)below(1024);
        int64_t both = (int64_t)(1024 + a) * (1024 + w), power = INT64_C(1) << (39 + below(3)), p = power / both;
        if (p > 64 * 127 * 127 || power % both == 0 || power % both > power >> 25) continue;
        c->load = 1;
        c->keep = false;
        c->scale_a[0] = a | (uint32_t)(1 + below(30)) << 10;
        c->scale_w_new = w | (uint32_t)(1 + below(30)) << 10;
        c->psum[0] = (int32_t)(below(2) ? p : -p);
        break;
    }
}

static const unit units[] = {
    { "rival_scale_nvfp4", 4, 8, 2304, BCQ_STAGE_ADD_NVFP4, BCQ_STAGE_RESULT_NVFP4,
      false, true, nvfp4_term, draw_nvfp4 },
    { "rival_scale_mxfp4", 2, 8, 4608, BCQ_STAGE_ADD_MXFP4, BCQ_STAGE_RESULT_MXFP4,
      true, true, mxfp4_term, draw_mxfp4 },
    { "rival_scale_int8", 1, 16, 64 * 127 * 127, BCQ_STAGE_ADD_INT8, BCQ_STAGE_RESULT_INT8,
      false, false, int8_term, draw_int8 },
};

/* An accumulator for the term t: any distance, close to cancelling, ties. Without limits the exponents stay
 * where no sum can leave the range. */
static uint32_t draw_acc(const unit *u, uint32_t t) {
    int lowest = u->limits ? 1 : 127 - 60, highest = u->limits ? 254 : 127 + 80;
    int exponent = t ? (int)(t >> 23 & 255) : 127;
    uint32_t sign = (uint32_t)below(2) << 31, fraction = (uint32_t)rnd() & 0x7FFFFF;
    switch (below(6)) {
    case 0:  exponent += below(61) - 30; break;
    case 1: {  /* t itself, negated, or some units beside it */
        uint32_t acc = t ^ 0x80000000u;
        if (t) acc += (uint32_t)(below(7) - 3);
        exponent = (int)(acc >> 23 & 255);
        return exponent < lowest || exponent > highest ? 0 : acc;
    }
    case 2:  /* a neighbouring binade: cancels to any depth */
        exponent += below(3) - 1;
        sign = ~t & 0x80000000u;
        fraction = (t ^ (uint32_t)1 << below(23)) & 0x7FFFFF;
        break;
    case 3:  exponent += below(51) - 25; fraction = below(2) ? 0x7FFFFF : (uint32_t)1 << below(23); break;
    case 4:  exponent += below(51) - 25; fraction &= 0x700003; break;
    default:
        exponent = below(2) ? lowest + below(3) : highest - below(3);
        if (below(2)) fraction |= 0x7FFF00;
        break;
    }
    if (below(32) == 0) return 0;
    exponent = exponent < lowest ? lowest : exponent > highest ? highest : exponent;
    return sign | (uint32_t)exponent << 23 | fraction;
}

static scale_case draw(const unit *u, long number, const scale_case *before) {
    scale_case c = { .keep = before && below(8) == 0, .first = below(16) == 0 };
    uint32_t all = (1u << u->groups) - 1;
    c.load = c.keep ? 0 : before && below(2) ? 1u + (uint32_t)below((int)all) : all;
    for (int g = 0; g < u->groups; g++) c.psum[g] = draw_psum(u->psum_limit);
    u->draw(&c, before ? before->scale_w[0] : 0);
    if (u->codes8 && number < 65536) {  /* every pair of codes, in all groups at once */
        c.keep = false;
        c.load = all;
        c.scale_w_new = (uint32_t)number & 255;
        for (int g = 0; g < u->groups; g++) {
            c.scale_a[g] = (uint32_t)number >> 8;
            if (c.psum[g] == 0) c.psum[g] = 1;
        }
    }
    for (int g = 0; g < u->groups; g++) {
        c.scale_w[g] = c.load >> g & 1 ? c.scale_w_new : before ? before->scale_w[g] : 0;
    }
    if (u->codes8) {
        uint32_t pair = c.scale_a[0] << 8 | c.scale_w[0];
        if (c.psum[0]) pair_seen[pair / 8] |= (uint8_t)(1 << pair % 8);
    }
    uint32_t t = u->term(&c, term_count);
    c.acc = draw_acc(u, t);
    uint32_t acc = c.first ? 0 : c.acc;
    int32_t sig_a = acc ? (int32_t)((acc & 0x7FFFFF) | 0x800000) : 0;
    int32_t sig_t = t ? (int32_t)((t & 0x7FFFFF) | 0x800000) : 0;
    c.result = agreed(&c, sum_fp32(acc >> 31 ? -sig_a : sig_a, (int)(acc >> 23 & 255) - 150,
                                   t >> 31 ? -sig_t : sig_t, (int)(t >> 23 & 255) - 150, sum_count),
                      (double)float_of_bits(acc) + (double)float_of_bits(t));
    return c;
}

/* ---- Running ---------------------------------------------------------------------------------------- */

static void pack(uint32_t words[2], const uint32_t *value, int count, int bits) {
    uint64_t all = 0;
    for (int i = 0; i < count; i++) all |= (uint64_t)(value[i] & (uint32_t)((UINT64_C(1) << bits) - 1)) << (i * bits);
    words[0] = (uint32_t)all;
    words[1] = (uint32_t)(all >> 32);
}

static void need(const char *where, const char *what, int number, long count) {
    if (count > 0) { passed++; return; }
    fprintf(stderr, "FAIL %s seed=%llu: no case of class %s %d\n", where, (unsigned long long)seed, what, number);
    failed++;
}

static bool find_ports(const dut_model *m, const char *path, const char *const *names, int count,
                       int *port, int *bits) {
    for (int i = 0; i < count; i++) {
        port[i] = m->port(names[i], &bits[i]);
        if (port[i] < 0) {
            fprintf(stderr, "FAIL %s: no port %s\n", path, names[i]);
            failed++;
            return false;
        }
    }
    return true;
}

static void run_scale(const dut_model *m, const unit *u, const char *path, long cases) {
    static const char *const names[] = { "en_i", "load_w_i", "switch_w_i", "scale_w_i", "scale_a_i",
                                         "psum_i", "first_i", "acc_i", "acc_o", "result_o" };
    enum { EN, LOAD, SWITCH, SCALE_W, SCALE_A, PSUM, FIRST, ACC, ACC_OUT, RESULT, PORTS };
    int port[PORTS], bits[PORTS];
    if (!find_ports(m, path, names, PORTS, port, bits)) return;
    memset(term_count, 0, sizeof term_count);
    memset(sum_count, 0, sizeof sum_count);
    memset(distance_count, 0, sizeof distance_count);
    memset(pair_seen, 0, sizeof pair_seen);
    dut *d = m->open(seed);

    /* A case enters over several cycles: its weight scales take two to become the active ones. One cycle
     * in four is not enabled: then all inputs are random, and nothing may move. */
    enum { AT_SWITCH = 1, AT_SCALE_A = 2, AT_PSUM = 3, RING = 16 };
    const int at_acc = AT_SCALE_A + u->add, at_result = AT_SCALE_A + u->result;
    scale_case ring[RING] = { { .keep = false } };
    uint32_t words[2] = { 0, 0 };
    long wrong = 0, compared = 0;
    for (long cycle = 0; cycle < cases + at_result; cycle++) {
        ring[cycle % RING] = draw(u, cycle, cycle ? &ring[(cycle - 1) % RING] : NULL);
        for (int off = below(4) == 0; off > 0; off--) {
            for (int i = EN; i < ACC_OUT; i++) {
                words[0] = i == EN ? 0 : (uint32_t)rnd();
                words[1] = (uint32_t)rnd();
                m->set(d, port[i], words);
            }
            m->settle(d);
            m->edge(d);
        }
        /* Before the first case is due, the ring holds nothing: show what is there already. */
        #define DUE(at) (&ring[(cycle >= (at) ? cycle - (at) : 0) % RING])
        #define SET(which, value) (words[0] = (value), words[1] = 0, m->set(d, port[which], words))
        SET(EN, 1);
        SET(LOAD, DUE(0)->load);
        SET(SCALE_W, DUE(0)->load ? DUE(0)->scale_w_new : (uint32_t)rnd());
        SET(SWITCH, !DUE(AT_SWITCH)->keep);
        pack(words, DUE(AT_SCALE_A)->scale_a, u->groups, u->scale_bits);
        m->set(d, port[SCALE_A], words);
        uint32_t psum[GROUPS];
        for (int g = 0; g < u->groups; g++) psum[g] = (uint32_t)DUE(AT_PSUM)->psum[g];
        pack(words, psum, u->groups, bits[PSUM] / u->groups);
        m->set(d, port[PSUM], words);
        SET(FIRST, DUE(at_acc)->first);
        SET(ACC, DUE(at_acc)->acc);
        m->settle(d);
        for (int out = ACC_OUT; out <= RESULT && cycle >= at_result; out++) {
            const scale_case *c = DUE(at_result);
            m->get(d, port[out], words);
            compared++;
            if (words[0] == c->result) continue;
            if (wrong++ < 5)
                fprintf(stderr, "FAIL %s seed=%llu %s: psum %d %d %d %d, scales %02x %02x %02x %02x times "
                        "%02x %02x %02x %02x, acc %08x first %d: rtl %08x, wanted %08x\n", path,
                        (unsigned long long)seed, names[out], c->psum[0], c->psum[1], c->psum[2], c->psum[3],
                        c->scale_a[0], c->scale_a[1], c->scale_a[2], c->scale_a[3], c->scale_w[0], c->scale_w[1],
                        c->scale_w[2], c->scale_w[3], c->acc, c->first, words[0], c->result);
        }
        m->edge(d);
    }
    m->close(d);
    printf("  %-20s %ld cases, %ld comparisons, %ld wrong\n", u->name, cases, compared, wrong);
    if (wrong || compared == 0) failed++;
    else                        passed++;

    for (int i = 0; i < (u->limits ? R_LIMITS : ROUNDINGS); i++) {
        printf("    %-24s %10ld terms %10ld sums\n", rounding_name[i], term_count[i], sum_count[i]);
        need(u->name, rounding_name[i], 0, term_count[i]);
        need(u->name, rounding_name[i], 1, sum_count[i]);
    }
    for (int i = R_FLUSHED; !u->limits && i < R_LIMITS; i++) {  /* what the unit leaves out */
        if (term_count[i] + sum_count[i] == 0) continue;
        fprintf(stderr, "FAIL %s seed=%llu: a case %s\n", u->name, (unsigned long long)seed, rounding_name[i]);
        failed++;
    }
    if (u->codes8) {
        long seen = 0;
        for (int i = 0; i < 65536; i++) seen += pair_seen[i / 8] >> i % 8 & 1;
        printf("    %ld of 65536 pairs of scale codes\n", seen);
        need(u->name, "all pairs of scale codes", 0, seen == 65536);
    }
    if (u->term == mxfp4_term) {
        long least = distance_count[0];
        for (int i = 0; i <= 2 * DISTANCE; i++) {
            need(u->name, "distance", i - DISTANCE, distance_count[i]);
            if (distance_count[i] < least) least = distance_count[i];
        }
        printf("    distances of the two exponents %d..%d: each at least %ld times\n", -DISTANCE, DISTANCE, least);
    }
}

/* The processing element, each cycle of it. */
static void run_pe(const dut_model *m, const char *path, long cycles) {
    static const char *const names[] = { "en_i", "load_i", "switch_i", "w_i", "a_i", "psum_i",
                                         "a_o", "switch_o", "psum_o" };
    enum { EN, LOAD, SWITCH, W, A, PSUM, A_OUT, SWITCH_OUT, PSUM_OUT, PORTS, LANES = 8 };
    int port[PORTS], bits[PORTS];
    if (!find_ports(m, path, names, PORTS, port, bits)) return;
    dut *d = m->open(seed);
    uint32_t shadow = 0, active = 0, a_q = 0, psum_q = 0, switch_q = 0;
    static uint8_t seen[LANES][256];
    memset(seen, 0, sizeof seen);
    long wrong = 0, compared = 0, both = 0, held = 0, extremes[2] = { 0, 0 };
    const uint32_t mask = (1u << bits[PSUM]) - 1;
    for (long cycle = 0; cycle < cycles; cycle++) {
        /* The first cycles give the registers known values. */
        bool start = cycle < 4, en = start || below(4), load = start || below(2), swap = start || below(2);
        uint32_t w = (uint32_t)rnd(), a = (uint32_t)rnd();
        if (below(8) == 0) {  /* largest magnitudes: 7 or 15 in every lane */
            w = below(2) ? 0x77777777 : 0xFFFFFFFF;
            a = below(2) ? 0x77777777 : 0xFFFFFFFF;
        }
        uint32_t psum = (uint32_t)rnd() & mask;
        uint32_t in[PORTS] = { en, load, swap, w, a, psum, 0, 0, 0 };
        for (int i = EN; i <= PSUM; i++) m->set(d, port[i], &in[i]);
        m->settle(d);
        if (cycle >= 4) {
            uint32_t out[3], want[3] = { a_q, switch_q, psum_q };
            for (int i = 0; i < 3; i++) {
                m->get(d, port[A_OUT + i], &out[i]);
                compared++;
                if (out[i] == want[i]) continue;
                if (wrong++ < 5)
                    fprintf(stderr, "FAIL %s seed=%llu cycle %ld %s: rtl %08x, wanted %08x\n", path,
                            (unsigned long long)seed, cycle, names[A_OUT + i], out[i], want[i]);
            }
        }
        m->edge(d);
        held += !en;
        if (!en) continue;
        int32_t sum = 0;
        for (int i = 0; i < LANES; i++) {
            uint8_t code_a = a >> 4 * i & 15, code_w = active >> 4 * i & 15;
            seen[i][code_a << 4 | code_w] = 1;
            sum += bcq_e2m1_twice(code_a) * bcq_e2m1_twice(code_w);
        }
        extremes[0] += sum == LANES * 144;
        extremes[1] += sum == -LANES * 144;
        psum_q = (psum + (uint32_t)sum + LANES * 256) & mask;
        a_q = a;
        switch_q = swap;
        both += load && swap;
        if (swap) active = shadow;
        if (load) shadow = w;
    }
    m->close(d);
    printf("  %-20s %ld cycles, %ld comparisons, %ld wrong\n", "rival_pe_e2m1", cycles, compared, wrong);
    if (wrong || compared == 0) failed++;
    else                        passed++;
    long pairs = 0;
    for (int i = 0; i < LANES; i++) for (int k = 0; k < 256; k++) pairs += seen[i][k];
    printf("    %ld of %d pairs of codes, 256 in each lane\n", pairs, LANES * 256);
    need("rival_pe_e2m1", "all pairs of codes in all lanes", 0, pairs == LANES * 256);
    need("rival_pe_e2m1", "load and switch in one cycle", 0, both);
    need("rival_pe_e2m1", "not enabled", 0, held);
    need("rival_pe_e2m1", "largest sum", 0, extremes[0]);
    need("rival_pe_e2m1", "smallest sum", 0, extremes[1]);
}

int main(int argc, char **argv) {
    long cases = 1000000;
    int at = 1;
    for (; at + 1 < argc && argv[at][0] == '-'; at += 2) {
        if (strcmp(argv[at], "-seed") == 0) seed = strtoull(argv[at + 1], NULL, 10);
        else if (strcmp(argv[at], "-cases") == 0) cases = strtol(argv[at + 1], NULL, 10);
        else break;
    }
    if (at == argc || argv[at][0] == '-' || cases < 1) {
        fprintf(stderr, "usage: test_rival_units [-seed S] [-cases N] MODEL.so...\n");
        return 2;
    }
    printf("test_rival_units: seed %llu\n", (unsigned long long)seed);
    for (; at < argc; at++) {
        random_state = seed;
        const char *name = strrchr(argv[at], '/') ? strrchr(argv[at], '/') + 1 : argv[at];
        void *library = dlopen(argv[at], RTLD_NOW | RTLD_LOCAL);
        const dut_model *m = library ? dlsym(library, "dut_model_table") : NULL;
        const unit *u = NULL;
        for (size_t i = 0; i < sizeof units / sizeof *units; i++)
            if (strncmp(name, units[i].name, strlen(units[i].name)) == 0) u = &units[i];
        if (!m) { fprintf(stderr, "FAIL %s: %s\n", argv[at], dlerror()); failed++; continue; }
        if (u) run_scale(m, u, argv[at], cases);
        else if (strncmp(name, "rival_pe_e2m1", 13) == 0) run_pe(m, argv[at], cases);
        else { fprintf(stderr, "FAIL %s: no such unit\n", argv[at]); failed++; }
        dlclose(library);
    }
    printf("%ld passed, %ld failed\n", passed, failed);
    return failed || !passed ? EXIT_FAILURE : EXIT_SUCCESS;
}
