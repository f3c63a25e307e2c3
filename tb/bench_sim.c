/* Simulation speed through the harness: M = N = K = 512 on one configuration, waves off, one thread.
 * Prints clock cycles and MACs a second of processor time and of wall time, and the utilisation.
 * Usage: bench_sim [CONFIG] */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "rtl.h"

static double seconds(clockid_t clock) {
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

int main(int argc, char **argv) {
    const char *config = argc > 1 ? argv[1] : "default";
    enum { SIZE = 512 };
    bcq_error error;
    rtl *r = rtl_open(config, false, 1, &error);
    if (!r) { fprintf(stderr, "bench_sim: %s\n", error.message); return 2; }
    const rtl_build *b = rtl_get_build(r);
    bcq_codebooks cb = { .p = { b->la, b->lb, b->nc, b->index_bits, b->entry_bits } };
    for (int c = 0; c < cb.p.nc; c++)
        for (int k = 0; k < bcq_entries(&cb.p); k++)
            cb.entry[c][k] = (int8_t)((2 * k - bcq_entries(&cb.p)) * bcq_cmax(&cb.p) / bcq_entries(&cb.p) + c % 3);
    int64_t arrays = SIZE / b->la;
    bcq_array *a = calloc((size_t)(SIZE * arrays), sizeof *a);
    float *acc = calloc(SIZE * SIZE, sizeof *acc);
    if (!a || !acc) return 2;
    uint32_t x = 1;
    for (int64_t i = 0; i < SIZE * arrays; i++) {
        a[i].scale = (uint8_t)(0x30 + (x = x * 1664525 + 1013904223) % 16);
        for (int s = 0; s < b->la / b->lb; s++) a[i].selector[s] = (uint8_t)((x = x * 1664525 + 1013904223) >> 8) % (uint8_t)cb.p.nc;
        for (int s = 0; s < b->la; s++) a[i].index[s] = (uint8_t)((x = x * 1664525 + 1013904223) >> 8) % (uint8_t)bcq_entries(&cb.p);
    }
    if (!b->frozen) rtl_load_codebooks(r, &cb, &cb);
    rtl_operands operands = { SIZE, SIZE, arrays, a, a, b->lb, b->lb };
    rtl_run_options options = { .stall = NULL };
    rtl_run_report report;
    double best = 1e9, best_wall = 1e9;
    for (int turn = 0; turn < 3; turn++) {
        double cpu = seconds(CLOCK_PROCESS_CPUTIME_ID), wall = seconds(CLOCK_MONOTONIC);
        if (!rtl_run(r, &operands, &options, acc, &report, &error)) {
            fprintf(stderr, "bench_sim: %s\n", error.message);
            return 2;
        }
        cpu = seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu;
        wall = seconds(CLOCK_MONOTONIC) - wall;
        if (cpu < best) best = cpu;
        if (wall < best_wall) best_wall = wall;
    }
    double macs = (double)SIZE * SIZE * SIZE;
    printf("simulation of %s, %d MAC a cycle, 512 x 512 x 512, best of 3, one thread, waves off\n",
           config, rtl_macs(b));
    printf("  cycles        %12llu   utilisation %.3f %%\n", (unsigned long long)report.cycles,
           100 * macs / ((double)rtl_macs(b) * (double)report.cycles));
    printf("  processor     %12.1f kHz  %8.1f M MAC/s\n", (double)report.simulated / best / 1e3, macs / best / 1e6);
    printf("  wall          %12.1f kHz  %8.1f M MAC/s\n", (double)report.simulated / best_wall / 1e3, macs / best_wall / 1e6);
    operands.m = 1;  /* decode: one token */
    if (!rtl_run(r, &operands, &options, acc, &report, &error)) {
        fprintf(stderr, "bench_sim: %s\n", error.message);
        return 2;
    }
    printf("  cycles, M = 1 %12llu   utilisation %.3f %%\n", (unsigned long long)report.cycles,
           100.0 * SIZE * SIZE / ((double)rtl_macs(b) * (double)report.cycles));
    free(a);
    free(acc);
    rtl_close(r);
    return 0;
}
