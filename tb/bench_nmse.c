/* NMSE of LO-BCQ on N(0,1), LA 64, LB 8, through the full contract, on data that the calibrator did
 * not see: the quick default, and with SECONDS > 0 a search that long for each objective.
 * Usage: bench_nmse [SECONDS]. The bound is that of rate-distortion theory at the same bits. */
#include <math.h>
#include <stdlib.h>

#include "calibrate.h"

static uint64_t next(uint64_t *state) {  /* splitmix64 */
    uint64_t z = *state += 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
}

static float *normals(int64_t n, uint64_t seed) {  /* Box-Muller */
    float *x = malloc((size_t)n * sizeof *x);
    if (!x) exit(2);
    for (int64_t i = 0; i < n; i++) {
        double u = ((double)(next(&seed) >> 11) + 1) * 0x1p-53, v = (double)(next(&seed) >> 11) * 0x1p-53;
        x[i] = (float)(sqrt(-2 * log(u)) * cos(2 * M_PI * v));
    }
    return x;
}

static double fresh_nmse(const float *train, int64_t values, const float *fresh, int64_t fresh_values,
                         const bcq_calibrate_options *o) {
    calibrate_source s = { .x = train, .rows = values / 4096, .k = 4096, .name = "N(0,1)" };
    calibrate_source f = { .x = fresh, .rows = fresh_values / 4096, .k = 4096, .name = "fresh" };
    bcq_codebooks cb;
    bcq_calibrate_report report;
    bcq_error error;
    double nmse;
    if (!calibrate_sources(&s, 1, o, &cb, &report, &error)
        || !calibrate_nmse(&f, 1, o, &cb, &nmse, &error)) {
        fprintf(stderr, "bench_nmse: %s\n", error.message);
        exit(2);
    }
    return nmse;
}

int main(int argc, char **argv) {
    double seconds = argc > 1 ? atof(argv[1]) : 0;
    int64_t values = (int64_t)1 << 22, fresh_values = (int64_t)1 << 20;
    float *train = normals(values, 42), *fresh = normals(fresh_values, 4242);
    printf("NMSE x 1e-3 on fresh N(0,1) data, LA 64, LB 8, EW 6; calibrated on 2^22 values\n");
    printf(" NC   bits  bound   bar  stretch   quick%s\n",
           seconds > 0 ? "   search   search, objective real" : "");
    static const struct { int nc; double bar, stretch; } rows[] = {
        { 2, 5.90, 5.72 }, { 4, 4.72, 4.61 }, { 8, 3.87, 3.75 }, { 16, 3.20, 3.11 } };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        bcq_calibrate_options o;
        bcq_calibrate_defaults(&o);
        o.p.nc = rows[i].nc;
        o.threads = 2;
        double bits = bcq_effective_bits(&o.p);
        printf("%3d  %5.3f  %5.3f  %5.2f   %5.2f   %6.3f", rows[i].nc, bits, 1e3 * pow(2, -2 * bits),
               rows[i].bar, rows[i].stretch, 1e3 * fresh_nmse(train, values, fresh, fresh_values, &o));
        fflush(stdout);
        for (int real = 0; real < 2 && seconds > 0; real++) {
            o.search_seconds = seconds;
            o.objective_real = real;
            printf("   %6.3f", 1e3 * fresh_nmse(train, values, fresh, fresh_values, &o));
            fflush(stdout);
        }
        printf("\n");
    }
    free(train);
    free(fresh);
    return 0;
}
