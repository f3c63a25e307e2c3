/* The structures of synth/rival_structures.sv, whose areas synth/rivals.sh prints: all kinds that are to give
 * the same bits against plain C. Usage: test_rival_structures [-seed S] [-cases N] MODEL.so   (the model of
 * tb/rival_structures_unit.sv) */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dut.h"
#include "format.h"
#include "random.h"

static long passed, failed;
static uint64_t seed = 1;
static const dut_model *model;
static dut *d;

static void put(const char *name, uint64_t low, uint64_t high) {
    uint32_t words[4] = { (uint32_t)low, (uint32_t)(low >> 32), (uint32_t)high, (uint32_t)(high >> 32) };
    int port = model->port(name, NULL);
    if (port < 0) { fprintf(stderr, "FAIL no port %s\n", name); exit(EXIT_FAILURE); }
    model->set(d, port, words);
}

static uint64_t get(const char *name, int at, int bits) {
    uint32_t words[32] = { 0 };
    uint64_t value = 0;
    model->get(d, model->port(name, NULL), words);
    for (int i = 0; i < bits; i++) value |= (uint64_t)(words[(at + i) / 32] >> (at + i) % 32 & 1) << i;
    return value;
}

/* Each of the kinds, of so many bits, is to be the low bits of want. */
static void same(const char *what, int kinds, int bits, uint64_t want) {
    if (bits < 64) want &= (UINT64_C(1) << bits) - 1;
    for (int kind = 0; kind < kinds; kind++) {
        uint64_t have = get(what, kind * bits, bits);
        if (have == want) { passed++; continue; }
        if (failed++ < 10)
            fprintf(stderr, "FAIL structure %s, kind %d: %llx, wanted %llx, seed=%llu\n", what, kind,
                    (unsigned long long)have, (unsigned long long)want, (unsigned long long)seed);
    }
}

static uint32_t bits_of_float(float x) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

/* An integer of up to so many bits, of random length, few or many of them set. */
static int64_t draw(int bits) {
    int64_t x = (int64_t)(rnd() & ((UINT64_C(1) << below(bits)) - 1));
    if (below(4) == 0) x = (INT64_C(1) << below(bits - 1)) - below(2);
    if (below(16) == 0) x = 0;
    return below(2) ? -x : x;
}

/* Any normal FP32 whose sums with others of its kind stay normal; zero sometimes. */
static uint32_t draw_fp32(void) {
    if (below(16) == 0) return 0;
    return (uint32_t)below(2) << 31 | (uint32_t)(127 - 40 + below(80)) << 23 | ((uint32_t)rnd() & 0x7FFFFF);
}

int main(int argc, char **argv) {
    long cases = 200000;
    int at = 1;
    for (; at + 1 < argc && argv[at][0] == '-'; at += 2) {
        if (strcmp(argv[at], "-seed") == 0) seed = strtoull(argv[at + 1], NULL, 10);
        else if (strcmp(argv[at], "-cases") == 0) cases = strtol(argv[at + 1], NULL, 10);
        else break;
    }
    if (at + 1 != argc || argv[at][0] == '-' || cases < 1) {
        fprintf(stderr, "usage: test_rival_structures [-seed S] [-cases N] MODEL.so\n");
        return 2;
    }
    printf("test_rival_structures: seed %llu\n", (unsigned long long)seed);
    random_state = seed;
    void *library = dlopen(argv[at], RTLD_NOW | RTLD_LOCAL);
    model = library ? dlsym(library, "dut_model_table") : NULL;
    if (!model) { fprintf(stderr, "FAIL %s: %s\n", argv[at], dlerror()); return 1; }
    d = model->open(seed);

    /* 0 to 12 doubled, as 3^t * 2^k. */
    static const uint32_t power[8] = { 7, 0, 1, 4, 2, 5, 3, 6 };
    for (long turn = 0; turn < cases; turn++) {
        uint32_t a = (uint32_t)rnd(), w = (uint32_t)rnd(), power_a = 0, power_w = 0;
        if (turn < 256) a = (uint32_t)turn % 16 * 0x11111111u, w = (uint32_t)turn / 16 * 0x11111111u;
        int32_t p = (int32_t)draw(13), sum = p + 8 * 256;
        if (p > 2304 || p < -2304) p = p < 0 ? -2304 : 2304, sum = p + 8 * 256;
        for (int i = 0; i < 8; i++) {
            uint32_t code_a = a >> 4 * i & 15, code_w = w >> 4 * i & 15;
            sum += bcq_e2m1_twice((uint8_t)code_a) * bcq_e2m1_twice((uint8_t)code_w);
            power_a |= (power[code_a & 7] | (code_a & 8)) << 4 * i;
            power_w |= (power[code_w & 7] | (code_w & 8)) << 4 * i;
        }
        put("a_i", a, 0);
        put("w_i", w, 0);
        put("power_a_i", power_a, 0);
        put("power_w_i", power_w, 0);
        put("psum_i", (uint64_t)(int64_t)p & 0x1FFF, 0);

        int m_a = below(16), m_w = below(16), shift = below(29);
        put("m_a_i", (uint64_t)m_a, 0);
        put("m_w_i", (uint64_t)m_w, 0);
        put("shift_i", (uint64_t)shift, 0);

        /* Four groups: products of 20 bits, at most 2304 * 225. */
        unsigned __int128 products = 0;
        int64_t total = 0;
        uint32_t shifts = 0;
        for (int g = 0; g < 4; g++) {
            int64_t product = draw(20) % (2304 * 225 + 1);
            int s = below(3) ? below(29) : 28 * below(2);
            products |= (unsigned __int128)((uint64_t)product & 0xFFFFF) << (20 * g);
            shifts |= (uint32_t)s << (5 * g);
            total += product * (INT64_C(1) << s);
        }
        put("product_i", (uint64_t)products, (uint64_t)(products >> 64));
        put("shifts_i", shifts, 0);

        uint32_t x = draw_fp32(), y = below(4) ? draw_fp32() : (x ^ 0x80000000u) + (x ? (uint32_t)below(3) - 1 : 0);
        if (x == 0 && y == 0x80000000u) y = 0;
        float fx, fy;
        memcpy(&fx, &x, sizeof fx);
        memcpy(&fy, &y, sizeof fy);
        put("x_i", x, 0);
        put("y_i", y, 0);
        int64_t term = draw(49), acc = draw(62);
        put("sum_i", (uint64_t)term & ((UINT64_C(1) << 50) - 1), 0);
        put("acc_i", (uint64_t)acc, 0);

        int64_t p8 = draw(21) % (64 * 127 * 127 + 1), sig_a = below(2048), sig_w = below(4) ? below(2048) : 2047;
        put("p_i", (uint64_t)p8 & 0x1FFFFF, 0);
        put("sig_a_i", (uint64_t)sig_a, 0);
        put("sig_w_i", (uint64_t)sig_w, 0);
        model->settle(d);

        same("lanes_o", 9, 13, (uint64_t)(int64_t)sum);
        same("term_o", 4, 48, (uint64_t)((int64_t)p * m_a * m_w * (INT64_C(1) << shift)));
        same("merge_o", 3, 32, bits_of_float((float)total * 0x1p-20f));
        same("add_o", 3, 32, bits_of_float(bcq_fp32_sum((double)fx + (double)fy)));
        float t = (float)term * 0x1p-20f;  /* the only roundings: of an integer, and of a sum */
        same("total_o", 1, 32, bits_of_float(bcq_fp32_sum((double)fx + (double)t)));
        same("exact_o", 1, 64, (uint64_t)(acc + term));
        same("rounded_o", 1, 32, bits_of_float((float)(acc + term) * 0x1p-20f));
        same("int8_o", 3, 43, (uint64_t)(p8 * sig_a * sig_w));
    }
    model->close(d);
    printf("%ld passed, %ld failed\n", passed, failed);
    return failed || !passed ? EXIT_FAILURE : EXIT_SUCCESS;
}
