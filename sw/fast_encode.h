/* The contract's sections 4 to 7 at speed: the golden model's results to the bit, some ten times faster, by
 * tables of one codebook set. For measuring only; what is stored is encoded by the golden model. Not part of
 * the API. */
#ifndef BCQ_FAST_ENCODE_H
#define BCQ_FAST_ENCODE_H

#include "bcq.h"

/* A row for each Y in [-16 CMAX, 16 CMAX] and a column for each codebook. */
typedef struct {
    bcq_params p;
    int limit;
    uint32_t *error;         /* [2 * limit + 1][BCQ_NC_MAX]: (Y - 16 v)^2 */
    int8_t *entry;           /* [2 * limit + 1][BCQ_NC_MAX]: v, the nearest entry */
    double midpoint[BCQ_SCALE_MAX_CODE];  /* between scale k and k + 1, times CMAX */
} fast_table;

/* False: no memory, and nothing is left. fast_table_free() takes a table of zeros too. */
bool fast_table_init(fast_table *t, const bcq_codebooks *cb);
void fast_table_free(fast_table *t);

/* bcq_scale_encode() and bcq_normalise_x16(). */
uint8_t fast_scale_encode(const fast_table *t, float amax, int exponent);
int32_t fast_normalise_x16(const fast_table *t, float x, uint8_t scale, int exponent);

/* One block array x[LA], conditioned and padded: its scale code; entry[LA]: the decoded entries. */
uint8_t fast_encode(const fast_table *t, const float *x, int exponent, int8_t *entry);

#endif
