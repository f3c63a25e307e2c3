/* What bcq energy stands on: its operands, against the golden model on the RTL; netlists in lockstep with the RTL,
 * port by port and toggle by toggle; and what OpenSTA is asked to add up, added up here.
 * Usage: test_energy [-seed S] MODEL.so...            operands, on models of bcq_gemm and rival_gemm
 *        test_energy [-seed S] -lockstep JOB LIB MODEL.so   a product on both, twice; the second one is compared
 *        test_energy -load JOB LIB TOP WIRE_FF              F of nets and clock nets, and V */
#include <dlfcn.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "energy.h"
#include "energy_job.h"

static uint64_t seed = 1;
static long passed, failed;
static bcq_error error;

static void verdict(bool good, const char *what, const char *which, const char *why) {
    if (good) { passed++; return; }
    failed++;
    fprintf(stderr, "FAIL %s, %s: %s\n", what, which, why);
}

static void die(const char *what) {
    fprintf(stderr, "test_energy: %s: %s\n", what, error.message);
    exit(2);
}

static const energy_data all_data[] = { ENERGY_REAL, ENERGY_ZEROS, ENERGY_RANDOM, ENERGY_WORST };
static const char *const data_name[] = { "real", "zeros", "random", "worst" };

/* ---- Operands on the RTL ------------------------------------------------------------------------------------ */

/* The product, to the bit, in the cycles of the formula. */
static bool product(rtl *r, const energy_operands *e, const energy_data_options *o, char *why, size_t size) {
    size_t count = (size_t)(o->m * o->n), different = 0, nonzero = 0;
    uint32_t *acc = calloc(count, sizeof *acc), *golden = calloc(count, sizeof *golden);
    energy_window w;
    rtl_run_report report;
    const rtl_build *b = rtl_get_build(r);
    if (!acc || !golden) abort();
    bool good = energy_find_window(b, o->m, o->n, o->k, &w, &error)
             && energy_run_product(r, NULL, e, &w, false, acc, &report, &error);
    if (!good) snprintf(why, size, "%s", error.message);
    energy_golden(e, golden);
    for (size_t i = 0; i < count; i++) {
        different += acc[i] != golden[i];
        nonzero += golden[i] != 0;
    }
    if (good && (different || report.cycles != rtl_cycles_formula(b, o->m, o->n, o->k))) {
        snprintf(why, size, "%zu of %zu results differ, %" PRIu64 " cycles", different, count, report.cycles);
        good = false;
    }
    if (good && (nonzero == 0) != (o->data == ENERGY_ZEROS)) {
        snprintf(why, size, "%zu of %zu results are not zero", nonzero, count);
        good = false;
    }
    free(acc);
    free(golden);
    return good;
}

static void test_operands(const char *path) {
    char what[64], why[600] = "";
    rtl *r = rtl_open_model(path, seed, &error);
    if (!r) die(path);
    const rtl_build *b = rtl_get_build(r);
    for (size_t i = 0; i < sizeof all_data / sizeof *all_data; i++) {
        energy_data_options o = { .data = all_data[i], .seed = seed };
        energy_operands *e = NULL;
        snprintf(what, sizeof what, "operands %s", data_name[i]);
        bool good = energy_shape(b, &o, &error) && (e = energy_operands_open(b, &o, &error));
        if (!good) snprintf(why, sizeof why, "%s", error.message);
        verdict(good && product(r, e, &o, why, sizeof why), what, path, why);
        energy_operands_close(e);
    }
    rtl_close(r);
}

/* ---- Windows: by hand ------------------------------------------------------------------------------------------ */

/* The rows default and gap of rtl/configs.def, by the rules of docs/architecture.md. */
static void test_windows(void) {
    static const struct {
        rtl_build b;
        int64_t m, n, k;
        energy_window w;
    } cases[] = {
        /* LOAD 64, period 64, latency 28: pass 1 on; a whole sum is 4 passes, of 8 */
        { { .lanes = 8, .lb = 8, .la = 64, .nc = 16, .index_bits = 4, .entry_bits = 6, .cols = 16, .t = 64, .ndec = 2 },
          64, 32, 256, { 128, 256, 262144, 4, true, 64 + 7 * 64 + 28 + 32 } },
        /* 4 passes: 2 in the middle, no whole sum */
        { { .lanes = 8, .lb = 8, .la = 64, .nc = 16, .index_bits = 4, .entry_bits = 6, .cols = 16, .t = 64, .ndec = 2 },
          64, 16, 256, { 128, 128, 131072, 2, false, 64 + 3 * 64 + 28 + 32 } },
        /* LOAD 2, NDEC 4 > 2 rows but one group: LAG 0; LOOP 4 = T; latency 10: pass 3 on; 8 passes */
        { { .lanes = 8, .lb = 8, .la = 16, .nc = 4, .index_bits = 2, .entry_bits = 4, .cols = 4, .t = 4, .ndec = 4 },
          4, 8, 64, { 14, 16, 1024, 4, true, 2 + 7 * 4 + 10 + 2 } },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char which[32], why[200];
        energy_window w = { 0 };
        const energy_window *x = &cases[i].w;
        bool good = energy_find_window(&cases[i].b, cases[i].m, cases[i].n, cases[i].k, &w, &error);
        snprintf(which, sizeof which, "case %zu", i);
        snprintf(why, sizeof why, "first %" PRIu64 ", cycles %" PRIu64 ", macs %" PRIu64 ", passes %" PRId64
                 ", stall %" PRIu64, w.first, w.cycles, w.macs, w.passes, w.stall);
        verdict(good && w.first == x->first && w.cycles == x->cycles && w.macs == x->macs && w.passes == x->passes
                && w.whole == x->whole && w.stall == x->stall, "window", which, why);
    }
    energy_window w;
    const rtl_build *b = &cases[0].b;
    verdict(!energy_find_window(b, 64, 16, 128, &w, &error) && !energy_find_window(b, 63, 64, 256, &w, &error),
            "window", "too short, or part of a tile", "not refused");
}

int main(int argc, char **argv) {
    int at = 1;
    if (at + 1 < argc && strcmp(argv[at], "-seed") == 0) {
        seed = strtoull(argv[at + 1], NULL, 10);
        at += 2;
    }
    if (at >= argc) {
        fprintf(stderr, "test_energy: wanted MODEL.so..., got none\n");
        return 2;
    }
    printf("seed %" PRIu64 "\n", seed);
    test_windows();
    for (; at < argc; at++) test_operands(argv[at]);
    printf("%ld passed, %ld failed\n", passed, failed);
    return failed || !passed ? EXIT_FAILURE : EXIT_SUCCESS;
}
