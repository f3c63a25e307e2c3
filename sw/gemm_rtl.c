#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "rtl.h"

/* bcq_gemm on the simulated hardware: files to beats, beats to results, results to tensor scale. */

static bcq_array *unpack_all(const bcq_packed *t) {
    const bcq_packed_info *info = bcq_packed_get_info(t);
    bcq_array *arrays = calloc((size_t)(info->rows * info->arrays), sizeof *arrays);
    for (int64_t row = 0; arrays && row < info->rows; row++)
        for (int64_t j = 0; j < info->arrays; j++)
            bcq_packed_array(t, row, j, &arrays[row * info->arrays + j]);
    return arrays;
}

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static bool check_fit(const rtl_build *b, const bcq_gemm_job *job, const char *config,
                      bcq_error *error) {
    const bcq_codebooks *sets[2] = { job->cb_a, job->cb_w };
    for (int i = 0; i < 2; i++) {
        const char *why = rtl_refuses(b, sets[i]);
        if (why)
            return bcq_fail(error, "--config %s: %s: wanted la %d, lb a multiple of %d, nc <= %d, "
                            "bits <= %d, ew <= %d, got la %d, lb %d, nc %d, bits %d, ew %d", config,
                            why, b->la, b->lb, b->nc, b->index_bits, b->entry_bits, sets[i]->p.la,
                            sets[i]->p.lb, sets[i]->p.nc, sets[i]->p.index_bits,
                            sets[i]->p.entry_bits);
    }
    for (int i = 0; i < 2 && b->frozen; i++)
        if (!rtl_frozen_are(config, sets[i], error)) return false;
    if (b->exact != job->exact)
        return bcq_fail(error, "--config %s: wanted --acc %s, got --acc %s", config,
                        b->exact ? "exact" : "fp32", job->exact ? "exact" : "fp32");
    return true;
}

bool bcq_gemm_rtl(const bcq_gemm_job *job, const bcq_rtl_options *options, float *c,
                  bcq_gemm_report *report, bcq_error *error) {
    if (!bcq_gemm_check(job, error)) return false;
    const bcq_packed_info *a = bcq_packed_get_info(job->a), *w = bcq_packed_get_info(job->w);
    rtl *r = rtl_open(options->config, options->trace != NULL, 1, error);
    if (!r) return false;
    const rtl_build *b = rtl_get_build(r);
    bcq_array *arrays_a = NULL, *arrays_w = NULL;
    bool good = false;

    if (!check_fit(b, job, options->config, error)) goto out;
    arrays_a = unpack_all(job->a);
    arrays_w = unpack_all(job->w);
    if (!arrays_a || !arrays_w) { bcq_fail(error, "out of memory"); goto out; }

    memset(report, 0, sizeof *report);
    if (!b->frozen) {
        report->codebook_cycles = rtl_load_codebooks(r, job->cb_a, job->cb_w);
        if (!report->codebook_cycles) { bcq_fail(error, "rtl: it takes no codebooks"); goto out; }
    }
    rtl_operands operands = { a->rows, w->rows, a->arrays, arrays_a, arrays_w,
                              a->p.lb, w->p.lb };
    rtl_run_options run = { .trace = options->trace, .trace_from = options->trace_from,
                            .trace_to = options->trace_to, .progress = job->progress };
    rtl_run_report done;
    double start = now();
    if (!rtl_run(r, &operands, &run, c, &done, error)) goto out;
    report->seconds = now() - start;
    for (int64_t i = 0; i < a->rows * w->rows; i++)
        c[i] = bcq_apply_exponent(c[i], a->exponent + w->exponent);
    report->cycles = done.cycles;
    report->cycles_formula = rtl_cycles_formula(b, a->rows, w->rows, a->k);
    report->macs = (uint64_t)(a->rows * w->rows) * (uint64_t)a->k;
    report->macs_a_cycle = rtl_macs(b);
    report->utilisation = (double)report->macs / ((double)rtl_macs(b) * (double)done.cycles);
    report->utilisation_m1 = (double)w->rows * (double)a->k
        / ((double)rtl_macs(b) * (double)rtl_cycles_formula(b, 1, w->rows, a->k));
    good = true;
out:
    free(arrays_a);
    free(arrays_w);
    rtl_close(r);
    return good;
}
