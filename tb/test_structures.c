/* The structures of synth/encoder_structures.sv, of which docs/encoder.md gives the area, against the golden
 * model: all of a kind must give the same bits. Usage: test_structures [-seed S] MODEL.so CODEBOOKS, the model
 * of tb/structures_unit.sv built with those frozen tables. */
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#include "bcq.h"
#include "dut.h"
#include "moments.h"
#include "random.h"

static long passed, failed;
static uint64_t seed = 1;
static const dut_model *model;
static dut *d;

static void put(const char *name, const int *value, int count, int bits) {
    uint32_t words[16] = { 0 };
    for (int i = 0; i < count * bits; i++)
        words[i / 32] |= ((uint32_t)value[i / bits] >> i % bits & 1) << i % 32;
    model->set(d, model->port(name, NULL), words);
}

static int get(const char *name, int at, int bits) {
    uint32_t words[32] = { 0 };
    int value = 0;
    model->get(d, model->port(name, NULL), words);
    for (int i = 0; i < bits; i++) value |= (int)(words[(at + i) / 32] >> (at + i) % 32 & 1) << i;
    return value;
}

static void same(const char *what, int kind, int have, int want) {
    if (have == want) { passed++; return; }
    if (failed++ < 10)
        fprintf(stderr, "FAIL structure %s, kind %d: %d, wanted %d, seed=%llu\n", what, kind, have, want,
                (unsigned long long)seed);
}

int main(int argc, char **argv) {
    if (argc > 2 && strcmp(argv[1], "-seed") == 0) {
        seed = strtoull(argv[2], NULL, 0);
        argv += 2;
        argc -= 2;
    }
    random_state = seed;
    printf("test_structures: seed %llu\n", (unsigned long long)seed);
    bcq_codebooks frozen;
    bcq_error error;
    if (argc != 3 || !bcq_codebooks_read(argv[2], &frozen, &error)) {
        fprintf(stderr, "test_structures: %s\n", argc == 3 ? error.message : "wanted MODEL.so CODEBOOKS");
        return 2;
    }
    void *library = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
    model = library ? dlsym(library, "dut_model_table") : NULL;
    if (!model) { fprintf(stderr, "FAIL %s: %s\n", argv[1], dlerror()); return 1; }
    d = model->open(seed);
    const bcq_params *p = &frozen.p;
    int width = p->entry_bits, cmax = bcq_cmax(p), top = 16 * cmax, entries = bcq_entries(p);

    for (int turn = 0; turn < 40; turn++) {  /* search: every Y under random tables, equal entries among them */
        int8_t entry[BCQ_ENTRIES_MAX];
        int threshold[BCQ_ENTRIES_MAX];
        for (int k = 0; k < entries; k++) {
            int v = turn % 2 ? below(2 * cmax + 1) - cmax : below(5) - 2, at = k;
            for (; at > 0 && entry[at - 1] > v; at--) entry[at] = entry[at - 1];
            entry[at] = (int8_t)v;
        }
        for (int k = 0; k + 1 < entries; k++) threshold[k] = entry[k] + entry[k + 1];
        put("threshold_i", threshold, entries - 1, width + 1);
        for (int y = -top; y <= top; y++) {
            put("y_i", &y, 1, width + 4);
            model->settle(d);
            for (int kind = 0; kind < 3; kind++)
                same("search", kind, get("search_o", kind * 4, 4), bcq_index(y, entry, p));
        }
    }
    for (int y = -top; y <= top; y++) {  /* every Y, every entry; the frozen tables besides */
        put("y_i", &y, 1, width + 4);
        for (int v = -cmax; v <= cmax; v++) {
            int coded = v < 0 ? 1 << (width - 1) | -v : v, square = (y - 16 * v) * (y - 16 * v);
            put("entry_i", &coded, 1, width);
            model->settle(d);
            for (int kind = 0; kind < 4; kind++)
                same("error", kind, get("error_o", kind * 2 * (width + 4), 2 * (width + 4)), square);
            int linear = get("error_o", 4 * 2 * (width + 4), 2 * (width + 4));
            linear = (int)((uint32_t)linear << (32 - 2 * (width + 4))) >> (32 - 2 * (width + 4));
            same("error", 4, y * y + 32 * linear, square);
        }
        for (int i = 0; i < 3 * p->nc; i++) {
            int c = i % p->nc, index = bcq_index(y, frozen.entry[c], p);
            same("frozen index", i / p->nc, get("frozen_index_o", i * 4, 4), index);
            same("frozen entry", i / p->nc, get("frozen_entry_o", i * width, width),
                 frozen.entry[c][index] & ((1 << width) - 1));
        }
    }
    for (int f = 0; f < 128; f++) {
        for (int divisor = 8; divisor < 16; divisor++) {
            int code = divisor - 8, dividend = (128 + f) << width;
            put("fraction_i", &f, 1, 7);
            put("divisor_i", &code, 1, 3);
            model->settle(d);
            for (int kind = 0; kind < 3; kind++)
                same("divide", kind, get("divide_o", kind * (width + 6), width + 6),
                     dividend / divisor << 1 | (dividend % divisor != 0));
        }
    }
    for (int turn = 0; turn < 100000; turn++) {
        int32_t y[BCQ_LB_MAX];
        int reach = top >> below(9);
        for (int i = 0; i < 8; i++) y[i] = below(2 * reach + 1) - reach;
        put("block_i", y, 8, width + 4);
        model->settle(d);
        same("moments", 0, get("moments_o", 0, 11), moments_key(y, p));
    }
    model->close(d);
    printf("%ld passed, %ld failed\n", passed, failed);
    return failed || !passed;
}
