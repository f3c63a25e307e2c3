/* Speed of the calibrator: 2^24 values of N(0,1), NC 16, 30 iterations, and the time of one
 * iteration beside what the memory and the adders of this machine allow, measured in the same run.
 *
 *     bench_calibrate [log2 of the number of values, 24] [threads, 2]
 */
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "calibrate.h"
#include "lloyd.h"

enum { THREADS_MAX = 64, REPEATS = 5 };

static double seconds_now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static uint64_t random_bits(uint64_t *state) {
    uint64_t x = *state;
    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    *state = x;
    return x * 0x2545F4914F6CDD1Du;
}

static double uniform(uint64_t *state) {
    return ((double)(random_bits(state) >> 11) + 0.5) * 0x1p-53;
}

static float normal(uint64_t *state) {
    double radius = sqrt(-2 * log(uniform(state)));
    return (float)(radius * cos(2 * M_PI * uniform(state)));
}

/* ---- Bounds -------------------------------------------------------------------------------- */

typedef struct {
    const uint64_t *data;    /* memory: sum all of it */
    size_t words;
    int64_t additions;       /* arithmetic: vectors of 16 32-bit sums held in cache */
    uint64_t sum;
} load;

__attribute__((target_clones("arch=x86-64-v4", "avx2", "default"), optimize("O3")))
static uint64_t add_words(const uint64_t *data, size_t words) {
    uint64_t sum = 0;
    for (size_t i = 0; i < words; i++) sum += data[i];
    return sum;
}

/* Table rows from the nearest cache, eight a block and no more: the additions of a clustering pass
 * without its lookups, its minimum and its histograms. */
__attribute__((target_clones("arch=x86-64-v4", "avx2", "default"), optimize("O3")))
static uint64_t add_rows(const uint32_t *table, int64_t blocks) {
    uint32_t sum[16] = { 0 };
    for (int64_t b = 0; b < blocks; b++) {
        const uint32_t *row = table + (b & 15) * 16;
        for (int c = 0; c < 16; c++)
            sum[c] += row[c] + row[c + 16] + row[c + 32] + row[c + 48] + row[c + 64] + row[c + 80] +
                      row[c + 96] + row[c + 112];
    }
    uint64_t total = 0;
    for (int c = 0; c < 16; c++) total += sum[c];
    return total;
}

static void *memory_load(void *argument) {
    load *l = argument;
    l->sum = add_words(l->data, l->words);
    return NULL;
}

static void *arithmetic_load(void *argument) {
    load *l = argument;
    uint32_t table[512] __attribute__((aligned(64)));
    for (int i = 0; i < 512; i++) table[i] = (uint32_t)(i * 7 + (int)l->words);
    l->sum = add_rows(table, l->additions);
    return NULL;
}

/* Best of some runs, seconds. */
static double run_loads(load *l, int threads, void *(*work)(void *)) {
    double best = 1e300;
    for (int r = 0; r < REPEATS; r++) {
        pthread_t thread[THREADS_MAX];
        double t = seconds_now();
        for (int i = 0; i < threads; i++)
            if (pthread_create(&thread[i], NULL, work, &l[i])) exit(2);
        for (int i = 0; i < threads; i++) pthread_join(thread[i], NULL);
        t = seconds_now() - t;
        best = t < best ? t : best;
    }
    return best;
}

static long peak_bytes(void) {
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return u.ru_maxrss * 1024;
}

int main(int argc, char **argv) {
    int log2_values = argc > 1 ? atoi(argv[1]) : 24, threads = argc > 2 ? atoi(argv[2]) : 2;
    if (log2_values < 12 || log2_values > 30 || threads < 1 || threads > THREADS_MAX) {
        fprintf(stderr, "bench_calibrate: wanted [LOG2_VALUES 12..30] [THREADS 1..64]\n");
        return 2;
    }
    int64_t n = (int64_t)1 << log2_values;
    float *x = malloc((size_t)n * sizeof *x);
    if (!x) return 2;
    uint64_t state = 1;
    for (int64_t i = 0; i < n; i++) x[i] = normal(&state);

    bcq_calibrate_options o;
    bcq_calibrate_defaults(&o);
    o.threads = threads;
    o.sample_scalars = n;
    o.log = stdout;
    calibrate_source s = { .x = x, .rows = n >> 12, .k = 1 << 12, .name = "N(0,1)" };
    bcq_codebooks cb;
    bcq_calibrate_report report;
    bcq_error error;
    long before = peak_bytes();
    double t = seconds_now();
    if (!calibrate_sources(&s, 1, &o, &cb, &report, &error)) {
        fprintf(stderr, "bench_calibrate: %s\n", error.message);
        return 1;
    }
    t = seconds_now() - t;
    printf("2^%d values, NC %d, %d iterations on all data, %d threads: %.2f s (bar: 30 s)\n",
           log2_values, o.p.nc, report.iterations, threads, t);
    printf("peak memory: %.2f bytes a sampled value beside the input (bar: 16)\n",
           (double)(peak_bytes() - before) / (double)n);

    /* One iteration, on rows as the calibrator holds them: clustering, then levels. */
    lloyd_data d = { .p = o.p, .zero = true, .threads = threads, .fine = lloyd_fine(&o.p),
                     .y_limit = lloyd_y_limit(&o.p), .blocks = n / o.p.lb };
    d.row = malloc((size_t)n * sizeof *d.row);
    lloyd_work w;
    if (!d.row || !lloyd_work_init(&w, &d, &error)) return 2;
    for (int64_t i = 0; i < n; i++) {
        double y = fmax(-d.y_limit, fmin(d.y_limit, rint((double)x[i] * 12 * 16)));
        d.row[i] = (uint16_t)((int)y + d.y_limit);
    }
    lloyd_levels l;
    for (int c = 0; c < o.p.nc; c++)
        for (int k = 0; k < bcq_entries(&o.p); k++)
            l.level[c][k] = cb.entry[c][k] * 16 * d.fine;
    double pass = 1e300, iteration = 1e300;
    for (int r = 0; r < REPEATS; r++) {
        double from = seconds_now();
        lloyd_assign(&d, &l, o.p.nc, -1, LLOYD_HISTOGRAM | LLOYD_SELECTOR, &w);
        double middle = seconds_now();
        for (int c = 0; c < o.p.nc; c++) lloyd_max(&d, lloyd_histogram(&w, c), l.level[c], &w);
        double to = seconds_now();
        pass = middle - from < pass ? middle - from : pass;
        iteration = to - from < iteration ? to - from : iteration;
    }

    load loads[THREADS_MAX];
    size_t words = (size_t)n * sizeof *d.row / sizeof(uint64_t);
    for (int i = 0; i < threads; i++) {
        size_t first = words * (size_t)i / (size_t)threads;
        loads[i] = (load){ .data = (const uint64_t *)d.row + first,
                           .words = words * (size_t)(i + 1) / (size_t)threads - first,
                           .additions = d.blocks / threads };
    }
    double memory = run_loads(loads, threads, memory_load);
    double arithmetic = run_loads(loads, threads, arithmetic_load);
    uint64_t sum = 0;
    for (int i = 0; i < threads; i++) sum += loads[i].sum;
    double bytes = (double)n * sizeof *d.row, additions = (double)n * o.p.nc;
    printf("one iteration: %.2f ms, of which clustering %.2f ms\n", iteration * 1e3, pass * 1e3);
    printf("memory bound: %.2f ms (%.1f MB at %.1f GB/s)\n", memory * 1e3, bytes * 1e-6,
           bytes * 1e-9 / memory);
    printf("arithmetic bound: %.2f ms (%.0f M additions of 32 bits at %.1f G/s)\n",
           arithmetic * 1e3, additions * 1e-6, additions * 1e-9 / arithmetic);
    if (sum == 1) printf("\n");  /* so that no load is optimised away */
    lloyd_work_free(&w);
    free(d.row);
    free(x);
    return 0;
}
