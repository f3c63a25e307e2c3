/* Simulation speed through the whole accelerator (driver, bus, streams, buffers) against the bare array, the same
 * product of M = N = K = 512, one thread, waves off; and the accelerator's own counters for it.
 * Usage: bench_accelerator [CONFIG]. Exit status 1 if results or cycles are not what they must be. */
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "device.h"
#include "random.h"
#include "rtl.h"

enum { SIZE = 512, TURNS = 3 };

static bcq_error error;

static void die(void) {
    fprintf(stderr, "bench_accelerator: %s\n", error.message);
    exit(2);
}

static double processor_seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* A packed tensor of normal random numbers; its files are gone again. */
static bcq_packed *draw(const bcq_codebooks *cb) {
    char npy[] = "/tmp/bench_XXXXXX.npy", packed[] = "/tmp/bench_XXXXXX.bcq";
    int file = mkstemps(npy, 4), other = mkstemps(packed, 4);
    FILE *f = file < 0 ? NULL : fdopen(file, "w");
    if (!f || other < 0) { bcq_fail(&error, "/tmp: wanted to write there"); die(); }
    close(other);
    bcq_npy_write_header(f, SIZE, SIZE);
    for (int i = 0; i < SIZE * SIZE; i++) {
        float x = (float)normal();
        fwrite(&x, sizeof x, 1, f);
    }
    fclose(f);
    bcq_quantize_options options = { .threads = 1 };
    bcq_tensor *t = bcq_tensor_open(npy, &error);
    if (!t || !bcq_quantize(t, cb, packed, &options, NULL, &error)) die();
    bcq_tensor_close(t);
    bcq_packed *p = bcq_packed_open(packed, cb, &error);
    if (!p) die();
    unlink(npy);
    unlink(packed);
    return p;
}

static bcq_array *unpack(const bcq_packed *t) {
    const bcq_packed_info *info = bcq_packed_get_info(t);
    bcq_array *arrays = calloc((size_t)(info->rows * info->arrays), sizeof *arrays);
    if (!arrays) abort();
    for (int64_t row = 0; row < info->rows; row++)
        for (int64_t j = 0; j < info->arrays; j++) bcq_packed_array(t, row, j, &arrays[row * info->arrays + j]);
    return arrays;
}

int main(int argc, char **argv) {
    const char *config = argc > 1 ? argv[1] : "default";
    random_state = 1;
    bcq_device *d = bcq_device_open("rtl", config, &error);
    rtl *r = rtl_open(config, false, 1, &error);
    if (!d || !r) die();
    const rtl_build *b = rtl_get_build(r);
    bcq_codebooks cb = { .p = { b->la, b->lb, b->nc, b->index_bits, b->entry_bits } };
    int entries = bcq_entries(&cb.p);
    for (int c = 0; c < cb.p.nc; c++)
        for (int k = 0; k < entries; k++)
            cb.entry[c][k] = (int8_t)((2 * k - entries) * bcq_cmax(&cb.p) / entries * (c + 1) / cb.p.nc);
    bcq_packed *a = draw(&cb), *w = draw(&cb);
    const bcq_packed_info *info = bcq_packed_get_info(a);
    bcq_array *arrays_a = unpack(a), *arrays_w = unpack(w);
    float *bare = calloc(SIZE * SIZE, sizeof *bare), *whole = calloc(SIZE * SIZE, sizeof *whole);
    if (!bare || !whole) return 2;

    rtl_operands operands = { SIZE, SIZE, info->arrays, arrays_a, arrays_w, b->lb, b->lb };
    rtl_run_options run = { .stall = NULL };
    rtl_run_report report;
    bcq_device_activations activations = { .packed = a };
    bcq_device_counters counters;
    double best_bare = 1e9, best_whole = 1e9;
    if (!b->frozen) rtl_load_codebooks(r, &cb, &cb);
    if (!bcq_device_load_codebooks(d, &cb, &cb, &error) || !bcq_device_load_weights(d, w, &error)) die();
    for (int turn = 0; turn < TURNS; turn++) {  /* in turns, so that both meet the same load of the machine */
        double start = processor_seconds();
        if (!rtl_run(r, &operands, &run, bare, &report, &error)) die();
        double seconds = processor_seconds() - start;
        if (seconds < best_bare) best_bare = seconds;
        start = processor_seconds();
        if (!bcq_device_start(d, &activations, NULL, &error) || !bcq_device_wait(d, NULL, NULL, &error)) die();
        seconds = processor_seconds() - start;
        if (seconds < best_whole) best_whole = seconds;
    }
    if (!bcq_device_result(d, whole, &error) || !bcq_device_get_counters(d, &counters, &error)) die();
    for (int i = 0; i < SIZE * SIZE; i++) bare[i] = bcq_apply_exponent(bare[i], info->exponent + bcq_packed_get_info(w)->exponent);
    bool same = memcmp(bare, whole, SIZE * SIZE * sizeof *bare) == 0;

    double macs = (double)SIZE * SIZE * SIZE;
    double bare_khz = (double)report.simulated / best_bare / 1e3, whole_khz = (double)counters.cycles / best_whole / 1e3;
    printf("simulation of %s, 512 x 512 x 512, best of %d, one thread, waves off\n", config, TURNS);
    printf("  bare array           %10llu cycles  %8.1f kHz\n", (unsigned long long)report.cycles, bare_khz);
    printf("  accelerator, driver  %10llu cycles  %8.1f kHz  %.1f %% of the bare array's (bar: 80 %%)\n",
           (unsigned long long)counters.cycles, whole_khz, 100 * whole_khz / bare_khz);
    printf("  its counters: busy %llu, waiting for operands %llu, for room %llu; utilisation %.3f %%\n",
           (unsigned long long)counters.issued, (unsigned long long)counters.stall_in,
           (unsigned long long)counters.stall_out, 100 * macs / ((double)rtl_macs(b) * (double)counters.cycles));
    printf("  bytes: weights %llu, activations %llu, results %llu\n", (unsigned long long)counters.w_bytes,
           (unsigned long long)counters.a_bytes, (unsigned long long)counters.r_bytes);
    printf("  results %s\n", same ? "equal to the bit" : "DIFFER");
    free(arrays_a);
    free(arrays_w);
    free(bare);
    free(whole);
    bcq_packed_close(a);
    bcq_packed_close(w);
    bcq_device_close(d);
    rtl_close(r);
    return !same;
}
