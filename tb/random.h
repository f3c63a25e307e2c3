/* Random numbers of the tests: splitmix64, so that a seed means the same on every system. */
#ifndef RANDOM_H
#define RANDOM_H

#include <math.h>
#include <stdint.h>

static uint64_t random_state;

static inline uint64_t rnd(void) {
    uint64_t z = random_state += 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
}

/* Uniform in [0, n). */
static inline int below(int n) { return (int)(rnd() % (uint64_t)n); }

/* Uniform in (0, 1). */
static inline double uniform(void) { return ((double)(rnd() >> 11) + 0.5) * 0x1p-53; }

/* Standard normal (Box and Muller's first). */
static inline double normal(void) {
    double radius = sqrt(-2 * log(uniform()));
    return radius * cos(6.283185307179586 * uniform());
}

#endif
