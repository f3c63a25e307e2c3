/* Matrix products in the rival formats (docs/formats.md): float tensors are encoded, multiplied by the golden
 * model and, for those with hardware, on a simulated array of rtl/rivals. Internal to the project: the command
 * line and the harness are its users. */
#ifndef BCQ_RIVAL_H
#define BCQ_RIVAL_H

#include "format.h"
#include "rtl.h"

/* An encoded tensor [rows][k], and the scalars that it was made from. */
typedef struct {
    bcq_format f;
    bcq_format_tensor tensor;
    int64_t rows, k;
    bcq_format_row *row;        /* [rows] */
    float *x;                   /* [rows][k], conditioned; NULL where codes were made otherwise */
} rival_tensor;

/* NULL, or a sentence that says why these options have no sum or no hardware. */
const char *rival_refuses(const bcq_format *f);

/* Room for [rows][k]: codes and scales as calloc leaves them. */
bool rival_alloc(const bcq_format *f, int64_t rows, int64_t k, rival_tensor *r, bcq_error *error);
/* Reads and encodes. Nothing is left on failure. */
bool rival_encode(const bcq_format *f, const bcq_tensor *t, rival_tensor *r, bcq_error *error);
void rival_free(rival_tensor *r);

/* NULL, or what does not go together: K that differ, sums that could overflow. */
bool rival_check(const rival_tensor *a, const rival_tensor *w, bcq_error *error);

/* acc: [a.rows][w.rows], the bits before tensor and row scales: FP32, or INT32. */
void rival_golden(const rival_tensor *a, const rival_tensor *w, uint32_t *acc);
/* The product itself. c: [a.rows][w.rows]. */
void rival_apply_scales(const rival_tensor *a, const rival_tensor *w, const uint32_t *acc, float *c);

/* True if the hardware meets a scale code that is no number. */
bool rival_any_nan(const rival_tensor *r);

/* The beats of a product on a build of this format; a and w are kept by reference. */
typedef struct { const rival_tensor *a, *w; } rival_operands;
rtl_beats rival_beats(const rtl_build *b, const rival_operands *o);

/* NMSE of the operands and of the product against the scalars that they were made from. */
bool rival_compare(const rival_tensor *a, const rival_tensor *w, const float *c, bcq_gemm_errors *errors,
                   bcq_error *error);

#endif
