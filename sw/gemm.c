#include <inttypes.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "tensor_internal.h"

bool bcq_gemm_check(const bcq_gemm_job *job, bcq_error *error) {
    const bcq_packed_info *a = bcq_packed_get_info(job->a), *w = bcq_packed_get_info(job->w);
    if (!packed_made_with(job->a, job->cb_a, error) || !packed_made_with(job->w, job->cb_w, error))
        return false;
    if (a->p.la != w->p.la)
        return bcq_fail(error, "%s: wanted la = %d as in %s, got la = %d", bcq_packed_name(job->w),
                        a->p.la, bcq_packed_name(job->a), w->p.la);
    if (a->k != w->k)
        return bcq_fail(error, "%s: wanted K = %" PRId64 " as in %s, got K = %" PRId64,
                        bcq_packed_name(job->w), a->k, bcq_packed_name(job->a), w->k);
    if (job->exact && !bcq_exact_fits(a->k, bcq_cmax(&a->p), bcq_cmax(&w->p)))
        return bcq_fail(error, "%s: wanted a K whose exact sums fit 64 bits, got K = %" PRId64,
                        bcq_packed_name(job->a), a->k);
    return true;
}

/* One row, decoded once for all products that it takes part in. */
static void decode_row(const bcq_packed *t, const bcq_codebooks *cb, int64_t row, int8_t *entry,
                       uint8_t *scale) {
    const bcq_packed_info *info = bcq_packed_get_info(t);
    for (int64_t j = 0; j < info->arrays; j++) {
        bcq_array a;
        bcq_packed_array(t, row, j, &a);
        bcq_decode_entries(&a, cb, entry + j * info->p.la);
        scale[j] = a.scale;
    }
}

float bcq_dot(const int8_t *a, const uint8_t *scale_a, const int8_t *w, const uint8_t *scale_w,
              int64_t arrays, int la, bool exact) {
    if (exact) {
        int64_t acc = 0;
        for (int64_t j = 0; j < arrays; j++)
            acc = bcq_accumulate_exact(acc, bcq_psum(a + j * la, w + j * la, la), scale_a[j],
                                       scale_w[j]);
        return bcq_exact_to_f32(acc);
    }
    float acc = 0;
    for (int64_t j = 0; j < arrays; j++)
        acc = bcq_accumulate_fp32(acc, bcq_psum(a + j * la, w + j * la, la), scale_a[j],
                                  scale_w[j]);
    return acc;
}

bool bcq_gemm_golden(const bcq_gemm_job *job, float *c, bcq_gemm_report *report, bcq_error *error) {
    if (!bcq_gemm_check(job, error)) return false;
    const bcq_packed_info *a = bcq_packed_get_info(job->a), *w = bcq_packed_get_info(job->w);
    int la = a->p.la;
    struct timespec begin, end;
    clock_gettime(CLOCK_MONOTONIC, &begin);

    /* The mapped file holds rows * arrays records, so the product fits; times la it may not. */
    size_t arrays = (size_t)a->arrays, w_arrays = (size_t)w->rows * arrays, w_scalars;
    bool fits = !__builtin_mul_overflow(w_arrays, (size_t)la, &w_scalars);
    int8_t *a_entry = malloc(arrays * (size_t)la);        /* [K], one row of A */
    uint8_t *a_scale = malloc(arrays);
    int8_t *w_entry = fits ? malloc(w_scalars) : NULL;    /* [N][K] */
    uint8_t *w_scale = malloc(w_arrays);
    bool good = a_entry && a_scale && w_entry && w_scale;
    if (!good) bcq_fail(error, "%s: wanted memory to decode it, got none", bcq_packed_name(job->w));
    bool progress = job->progress && isatty(STDERR_FILENO);
    if (good) {
        for (int64_t n = 0; n < w->rows; n++)
            decode_row(job->w, job->cb_w, n, w_entry + (size_t)n * arrays * (size_t)la,
                       w_scale + (size_t)n * arrays);
        for (int64_t m = 0; m < a->rows; m++) {
            decode_row(job->a, job->cb_a, m, a_entry, a_scale);
            for (int64_t n = 0; n < w->rows; n++) {
                float acc = bcq_dot(a_entry, a_scale, w_entry + (size_t)n * arrays * (size_t)la,
                                    w_scale + (size_t)n * arrays, a->arrays, la, job->exact);
                c[m * w->rows + n] = bcq_apply_exponent(acc, a->exponent + w->exponent);
            }
            if (progress) fprintf(stderr, "\rgemm: %3d %%", (int)((m + 1) * 100 / a->rows));
        }
        if (progress) fprintf(stderr, "\r\033[K");
    }
    free(a_entry);
    free(a_scale);
    free(w_entry);
    free(w_scale);
    if (!good) return false;
    clock_gettime(CLOCK_MONOTONIC, &end);
    if (report)
        *report = (bcq_gemm_report){
            .macs = (uint64_t)a->rows * (uint64_t)w->rows * (uint64_t)a->k,
            .seconds = (double)(end.tv_sec - begin.tv_sec)
                     + (double)(end.tv_nsec - begin.tv_nsec) * 1e-9,
        };
    return true;
}
