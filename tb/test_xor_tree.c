/* Does Verilator compile exclusive-ors rightly? tb/xor_tree.sv over all inputs against their parity.
 * Usage: test_xor_tree MODEL.so [WITHOUT_FLAG.so]
 *
 * MODEL.so comes from scripts/model as every other model does and must be right. WITHOUT_FLAG.so was
 * built with -fconst-bit-op-tree, Verilator's default, which 5.006 gets wrong: it is reported, never
 * counted, for a repaired Verilator must not fail here. */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dut.h"

enum { A_BITS = 2, B_BITS = 4, INPUTS = 1 << (A_BITS + B_BITS) };

/* Number of inputs with a wrong output; -1 if there is no such model. */
static int wrong_inputs(const char *path) {
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    const dut_model *m = library ? dlsym(library, "dut_model_table") : NULL;
    if (!m) { fprintf(stderr, "FAIL %s: %s\n", path, dlerror()); return -1; }
    int a_bits = 0, b_bits = 0, y_bits = 0;
    int a = m->port("a_i", &a_bits), b = m->port("b_i", &b_bits), y = m->port("y_o", &y_bits);
    if (a < 0 || b < 0 || y < 0 || a_bits != A_BITS || b_bits != B_BITS || y_bits != 1) {
        fprintf(stderr, "FAIL %s: want a_i[%d], b_i[%d] and y_o\n", path, A_BITS, B_BITS);
        return -1;
    }
    dut *d = m->open(1);
    int wrong = 0;
    for (uint32_t input = 0; input < INPUTS; input++) {
        uint32_t a_word = input & ((1 << A_BITS) - 1), b_word = input >> A_BITS, y_word = 2;
        m->set(d, a, &a_word);
        m->set(d, b, &b_word);
        m->settle(d);
        m->get(d, y, &y_word);
        wrong += y_word != (uint32_t)__builtin_parity(input);
        m->edge(d);
    }
    m->close(d);
    dlclose(library);
    return wrong;
}

int main(int argc, char **argv) {
    if (argc < 2 || argc > 3) {
        fprintf(stderr, "usage: test_xor_tree MODEL.so [WITHOUT_FLAG.so]\n");
        return 2;
    }
    int passed = 0, failed = 0;
    int wrong = wrong_inputs(argv[1]);
    if (wrong == 0) passed = INPUTS;
    else {
        passed = wrong < 0 ? 0 : INPUTS - wrong;
        failed = wrong < 0 ? INPUTS : wrong;
        fprintf(stderr, "FAIL %s: %d of %d inputs wrong\n", argv[1], failed, INPUTS);
    }
    if (argc == 3) {
        int without = wrong_inputs(argv[2]);
        if (without < 0)
            failed++;
        else if (without)
            printf("  without -fno-const-bit-op-tree %d of %d inputs are wrong: this Verilator needs the flag\n",
                   without, INPUTS);
        else
            printf("  without -fno-const-bit-op-tree all are right too: this Verilator may not need the flag\n");
    }
    printf("%d passed, %d failed\n", passed, failed);
    return failed || !passed ? EXIT_FAILURE : EXIT_SUCCESS;
}
