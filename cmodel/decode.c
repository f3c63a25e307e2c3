#include <math.h>

#include "bcq_model.h"

/* Contract section 7: decode. */

void bcq_decode_entries(const bcq_array *a, const bcq_codebooks *cb, int8_t *entry) {
    for (int i = 0; i < cb->p.la; i++)
        entry[i] = cb->entry[a->selector[i / cb->p.lb]][a->index[i]];
}

float bcq_decode_value(int entry, uint8_t scale, int exponent) {
    int32_t product_x512 = entry * bcq_scale_x512(scale);  /* below 2^25 with at most 11 odd bits */
    if (product_x512 == 0) return 0.0f;  /* "zero decodes as +0 whatever the sign of t" */
    return ldexpf((float)product_x512, exponent - BCQ_SCALE_LSB_NEG);
}
