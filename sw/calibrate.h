/* The calibrator behind bcq_calibrate(): the same on tensors in memory. Not part of the API. */
#ifndef BCQ_CALIBRATE_H
#define BCQ_CALIBRATE_H

#include "bcq.h"

/* A tensor in a file, or, where `tensor` is NULL, conditioned values in memory. */
typedef struct {
    const bcq_tensor *tensor;
    const float *x;          /* [rows][k], finite */
    int64_t rows, k;
    const char *name;
} calibrate_source;

bool calibrate_sources(const calibrate_source *source, size_t count,
                       const bcq_calibrate_options *o, bcq_codebooks *cb,
                       bcq_calibrate_report *report, bcq_error *error);

/* NMSE of real values (contract section 10) over a sample of at most `sample_scalars` values,
 * encoded and decoded as the contract says, to the bit. What bcq_calibrate reports. */
bool calibrate_nmse(const calibrate_source *source, size_t count, const bcq_calibrate_options *o,
                    const bcq_codebooks *cb, double *nmse, bcq_error *error);

#endif
