#include "bcq_model.h"

/* Contract section 1: the ranges; section 2: the tables. */

static bool power_of_two_in(int x, int lo, int hi) {
    return x >= lo && x <= hi && (x & (x - 1)) == 0;
}

const char *bcq_params_check(const bcq_params *p) {
    if (!power_of_two_in(p->la, BCQ_LA_MIN, BCQ_LA_MAX)) return "la: want 16, 32, 64 or 128";
    if (!power_of_two_in(p->lb, 2, BCQ_LB_MAX)) return "lb: want 2, 4 or 8";
    if (!power_of_two_in(p->nc, 1, BCQ_NC_MAX)) return "nc: want 1, 2, 4, 8 or 16";
    if (p->index_bits < BCQ_B_MIN || p->index_bits > BCQ_B_MAX) return "bits: want 2, 3 or 4";
    if (p->entry_bits < BCQ_EW_MIN || p->entry_bits > BCQ_EW_MAX) return "ew: want 4 to 8";
    return 0;
}

const char *bcq_codebooks_check(const bcq_codebooks *cb) {
    const char *bad = bcq_params_check(&cb->p);
    if (bad) return bad;
    int cmax = bcq_cmax(&cb->p);
    for (int c = 0; c < cb->p.nc; c++) {
        for (int k = 0; k < bcq_entries(&cb->p); k++) {
            int v = cb->entry[c][k];
            /* "-CMAX-1 is refused by every loader" */
            if (v < -cmax || v > cmax) return "codebook entry outside [-CMAX, CMAX]";
            if (k && v < cb->entry[c][k - 1]) return "codebook entries not in ascending order";
        }
    }
    return 0;
}

bool bcq_codebooks_have_zero(const bcq_codebooks *cb) {
    for (int c = 0; c < cb->p.nc; c++) {
        bool zero = false;
        for (int k = 0; k < bcq_entries(&cb->p); k++) zero |= cb->entry[c][k] == 0;
        if (!zero) return false;
    }
    return true;
}

double bcq_effective_bits(const bcq_params *p) {
    return p->index_bits + (double)bcq_selector_bits(p) / p->lb + (double)BCQ_SCALE_W / p->la;
}
