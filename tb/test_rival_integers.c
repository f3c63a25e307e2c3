/* The structures of synth/rival_integer_structures.sv, of which docs/formats.md gives the area, and what is used
 * instead, against plain integers. Usage: test_rival_integers [-seed S] MODEL.so..., models of
 * tb/rival_integers_unit.sv. */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dut.h"
#include "random.h"

enum { LANES = 8, GROUPS = 4, PE_KINDS = 7, VSQ_KINDS = 9, CYCLES = 8, CASES = 20000 };

static long passed, failed;
static uint64_t seed = 1;
static const dut_model *model;
static dut *d;

static int port(const char *name, int *bits) {
    int at = model->port(name, bits);
    if (at < 0) { fprintf(stderr, "test_rival_integers: no port %s\n", name); exit(2); }
    return at;
}

static void put(const char *name, const uint32_t *value, int count, int bits) {
    uint32_t words[8] = { 0 };
    for (int i = 0; i < count * bits; i++) words[i / 32] |= (value[i / bits] >> i % bits & 1) << i % 32;
    model->set(d, port(name, NULL), words);
}

static uint32_t get(const char *name, int at, int bits) {
    uint32_t words[16] = { 0 }, value = 0;
    model->get(d, port(name, NULL), words);
    for (int i = 0; i < bits; i++) value |= (words[(at + i) / 32] >> (at + i) % 32 & 1) << i;
    return value;
}

static void same(const char *what, int kind, uint32_t have, uint32_t want) {
    if (have == want) { passed++; return; }
    if (failed++ < 10)
        fprintf(stderr, "FAIL %s, kind %d: %08x, wanted %08x, seed=%llu\n", what, kind, have, want,
                (unsigned long long)seed);
}

/* All largest, all most negative, or anything; sign and magnitude. */
static int element(int turn, int most) {
    return turn == 0 ? most : turn == 1 ? -most : below(2 * most + 1) - most;
}

static void run_case(int turn, int width, int psum_width) {
    int most = (1 << (width - 1)) - 1;
    uint32_t a[LANES], w[LANES], psum = (uint32_t)rnd(), mask = (1u << psum_width) - 1, sum;
    sum = psum;
    for (int i = 0; i < LANES; i++) {
        int x = element(turn % 3, most), y = element(turn / 3 % 3, most);
        sum += (uint32_t)(x * y);
        a[i] = (uint32_t)(x < 0 ? -x | 1 << (width - 1) : x);
        w[i] = (uint32_t)(y < 0 ? -y | 1 << (width - 1) : y);
    }
    put("a_i", a, LANES, width);
    put("w_i", w, LANES, width);
    put("psum_i", &psum, 1, psum_width);

    uint32_t scale_a[GROUPS], scale_w[GROUPS], sums[GROUPS], acc = (uint32_t)rnd();
    uint32_t first = (uint32_t)below(2), want = first ? 0 : acc;
    for (int g = 0; g < GROUPS; g++) {
        int p = element(turn % 3, 784);
        scale_a[g] = turn % 3 < 2 ? 15 : (uint32_t)below(16);
        scale_w[g] = turn % 3 < 2 ? 15 : (uint32_t)below(16);
        sums[g] = (uint32_t)p;
        want += (uint32_t)(p * (int)scale_a[g] * (int)scale_w[g]);
    }
    put("scale_a_i", scale_a, GROUPS, 4);
    put("scale_w_i", scale_w, GROUPS, 4);
    put("sums_i", sums, GROUPS, 11);
    put("first_i", &first, 1, 1);
    put("acc_i", &acc, 1, 32);
    for (int cycle = 0; cycle < CYCLES; cycle++) {
        uint32_t load = cycle < GROUPS ? 1u << cycle : 0;
        put("load_w_i", &load, 1, GROUPS);
        model->settle(d);
        model->edge(d);
    }
    model->settle(d);
    for (int kind = 0; kind < PE_KINDS; kind++)
        same("processing element", kind, get("psum_o", kind * psum_width, psum_width), sum & mask);
    for (int kind = 0; kind < VSQ_KINDS; kind++) same("scale unit", kind, get("acc_o", kind * 32, 32), want);
}

int main(int argc, char **argv) {
    if (argc > 2 && strcmp(argv[1], "-seed") == 0) {
        seed = strtoull(argv[2], NULL, 0);
        argv += 2;
        argc -= 2;
    }
    random_state = seed;
    printf("test_rival_integers: seed %llu\n", (unsigned long long)seed);
    for (int i = 1; i < argc; i++) {
        void *library = dlopen(argv[i], RTLD_NOW | RTLD_LOCAL);
        model = library ? dlsym(library, "dut_model_table") : NULL;
        if (!model) { fprintf(stderr, "FAIL %s: %s\n", argv[i], dlerror()); return 1; }
        d = model->open(seed);
        int a_bits = 0, psum_bits = 0;
        port("a_i", &a_bits);
        port("psum_i", &psum_bits);
        for (int turn = 0; turn < CASES; turn++) run_case(turn < 9 ? turn : 8, a_bits / LANES, psum_bits);
        model->close(d);
        dlclose(library);
    }
    printf("%ld passed, %ld failed\n", passed, failed);
    return failed || !passed;
}
