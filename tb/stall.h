/* Stalls of a stream at random: a rate in eighths, cycle by cycle or in bursts. */
#ifndef STALL_H
#define STALL_H

#include <stdbool.h>

#include "random.h"

enum { RATES = 4 };
static const int rate_in_8[RATES] = { 0, 1, 4, 7 };

/* rate: an index of rate_in_8. bursts: the longest in cycles, 0 for none. */
typedef struct { int rate, bursts, left; bool stalled; } stall_side;

/* Whether the side waits in this cycle. */
static inline bool stall_next(stall_side *s) {
    if (rate_in_8[s->rate] == 0) return false;
    if (s->left == 0) {
        s->stalled = below(8) < rate_in_8[s->rate];
        s->left = s->bursts ? 1 + below(s->bursts) : 1;
    }
    s->left--;
    return s->stalled;
}

#endif
