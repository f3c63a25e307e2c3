#include <stdlib.h>

#include "tensor_internal.h"

/* What quantization cost: packed operands and their product against the float tensors. */

static bool same_shape(const bcq_packed *packed, const bcq_tensor *t, bcq_error *error) {
    const bcq_packed_info *info = bcq_packed_get_info(packed);
    if (info->rows == bcq_tensor_rows(t) && info->k == bcq_tensor_k(t)) return true;
    return bcq_fail(error, "%s: wanted the shape of %s, %lld x %lld, got %lld x %lld",
                    bcq_tensor_name(t), bcq_packed_name(packed), (long long)info->rows,
                    (long long)info->k, (long long)bcq_tensor_rows(t), (long long)bcq_tensor_k(t));
}

/* Contract section 10. */
static double ratio(double error, double signal) { return signal > 0 ? error / signal : 0; }

static bool operand_error(const bcq_packed *packed, const bcq_codebooks *cb, const bcq_tensor *t,
                          double *nmse, bcq_error *error) {
    const bcq_packed_info *info = bcq_packed_get_info(packed);
    double signal = 0, noise = 0;
    float *row = malloc((size_t)info->k * sizeof *row);
    bool good = row || bcq_fail(error, "%s: wanted memory for a row, got none", bcq_tensor_name(t));
    for (int64_t r = 0; good && r < info->rows; r++) {
        good = bcq_tensor_read(t, r, 0, info->k, false, row, error);
        for (int64_t j = 0; good && j < info->arrays; j++) {
            bcq_array a;
            int8_t entry[BCQ_LA_MAX];
            bcq_packed_array(packed, r, j, &a);
            bcq_decode_entries(&a, cb, entry);
            for (int64_t i = 0, at = j * info->p.la; i < info->p.la && at < info->k; i++, at++) {
                double value = bcq_decode_value(entry[i], a.scale, info->exponent);
                signal += (double)row[at] * row[at];
                noise += (row[at] - value) * (row[at] - value);
            }
        }
    }
    free(row);
    *nmse = ratio(noise, signal);
    return good;
}

static bool read_all(const bcq_tensor *t, float **x, bcq_error *error) {
    int64_t rows = bcq_tensor_rows(t), k = bcq_tensor_k(t);
    size_t scalars;
    *x = NULL;
    if (!__builtin_mul_overflow((size_t)rows, (size_t)k, &scalars)) *x = calloc(scalars, sizeof **x);
    bool good = *x || bcq_fail(error, "%s: wanted memory to read it, got none", bcq_tensor_name(t));
    for (int64_t r = 0; good && r < rows; r++)
        good = bcq_tensor_read(t, r, 0, k, false, *x + r * k, error);
    return good;
}

bool bcq_gemm_compare(const bcq_gemm_job *job, const bcq_tensor *a, const bcq_tensor *w,
                      const float *c, bcq_gemm_errors *errors, bcq_error *error) {
    if (!same_shape(job->a, a, error) || !same_shape(job->w, w, error)
        || !operand_error(job->a, job->cb_a, a, &errors->nmse_a, error)
        || !operand_error(job->w, job->cb_w, w, &errors->nmse_w, error))
        return false;
    float *xa = NULL, *xw = NULL;
    bool good = read_all(a, &xa, error) && read_all(w, &xw, error);
    int64_t m = bcq_tensor_rows(a), n = bcq_tensor_rows(w), k = bcq_tensor_k(a);
    double signal = 0, noise = 0;
    for (int64_t i = 0; good && i < m; i++) {
        for (int64_t j = 0; j < n; j++) {
            double want = 0;
            for (int64_t at = 0; at < k; at++) want += (double)xa[i * k + at] * xw[j * k + at];
            signal += want * want;
            noise += (c[i * n + j] - want) * (c[i * n + j] - want);
        }
    }
    errors->nmse_c = ratio(noise, signal);
    free(xa);
    free(xw);
    return good;
}
