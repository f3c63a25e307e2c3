/* Operands for energy: what runs over a netlist of bcq_gemm or rival_gemm, and what must come out.
 * docs/energy.md says why these. Internal to the project. */
#ifndef BCQ_ENERGY_DATA_H
#define BCQ_ENERGY_DATA_H

#include "rtl.h"

typedef enum {
    ENERGY_REAL,    /* a layer of the embedded model, encoded */
    ENERGY_ZEROS,   /* two tensors of zeros, encoded */
    ENERGY_RANDOM,  /* uniform codes and selectors; scales are those of the layer */
    ENERGY_WORST    /* a stress case: magnitudes alternate between the largest and zero, signs and scales too */
} energy_data;

#define ENERGY_LAYER "layers.1.feed_forward.w2"

typedef struct {
    energy_data data;
    const char *layer;               /* of sw/model: LAYER.input and LAYER.weight */
    const char *format;              /* of a rival build: NAME[:key=value]... of its format, or NULL: no options */
    const bcq_codebooks *frozen_a, *frozen_w;  /* of a build with frozen tables */
    int64_t m, n, k;                 /* 0: the default, see energy_shape() */
    uint64_t seed;
} energy_data_options;

/* Fills in the sizes that are 0: M = T, N = two tiles of COLS, K = four block arrays or what the layer has.
 * False: the layer is smaller than what is asked for, or is not there. */
bool energy_shape(const rtl_build *b, energy_data_options *o, bcq_error *error);

typedef struct energy_operands energy_operands;

/* The shape must be complete. */
energy_operands *energy_operands_open(const rtl_build *b, const energy_data_options *o, bcq_error *error);
void energy_operands_close(energy_operands *e);

/* "universal", "calibrated" or "frozen": where the codebooks come from; NULL: a rival. */
const char *energy_codebooks_source(const energy_operands *e);
/* Of a build that is not a rival. */
const bcq_codebooks *energy_codebooks(const energy_operands *e);
const rtl_beats *energy_beats(const energy_operands *e);
/* acc: [m][n], the bits of what the array delivers. */
void energy_golden(const energy_operands *e, uint32_t *acc);

/* What an encoder is given, and the codebooks that it chooses from. */
typedef struct {
    int64_t arrays;
    int la;
    uint16_t *x;                     /* [arrays][LA], BF16 */
    int8_t *exponent;                /* [arrays] */
    bcq_codebooks cb;
    const char *source;              /* as energy_codebooks_source() */
} energy_scalars;

/* m rows of k scalars, a whole number of block arrays; 0: four rows of four block arrays. n: outputs that use
 * them, 0: those of the layer. random: uniform between the layer's largest magnitudes. worst: drawn bits. */
bool energy_scalars_shape(const bcq_params *p, energy_data_options *o, bcq_error *error);
/* p->nc 0: for the encoder of a rival, without codebooks and e_X. */
bool energy_scalars_make(const bcq_params *p, bool frozen, const energy_data_options *o, energy_scalars *s,
                         bcq_error *error);
void energy_scalars_free(energy_scalars *s);

#endif
