#include "accuracy.h"

/* The sets of sw/model/universal, compiled in: the program needs no file. */
static const bcq_codebooks universal[] = {
#include "bcq_universal.h"
    { .p = { .nc = 0 } },  /* never wanted: so that the list is not empty before there are files */
};

const bcq_codebooks *bcq_universal_codebooks(const bcq_params *p) {
    for (const bcq_codebooks *cb = universal; cb->p.nc; cb++)
        if (cb->p.la == p->la && cb->p.lb == p->lb && cb->p.nc == p->nc && cb->p.index_bits == p->index_bits
            && cb->p.entry_bits == p->entry_bits)
            return cb;
    return NULL;
}
