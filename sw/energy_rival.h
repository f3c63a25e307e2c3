/* The on-line encoder of a rival format, rtl/rivals/rival_encoder.sv, as bcq energy drives it: rows under what
 * software finds for them (docs/formats.md), no stream waits. Internal to the project. */
#ifndef BCQ_ENERGY_RIVAL_H
#define BCQ_ENERGY_RIVAL_H

#include "dut.h"
#include "energy.h"
#include "format.h"

typedef struct {
    const dut_model *model;
    dut *dut;                    /* not owned */
    bcq_format format;
    int lanes, group;            /* scalars a beat, and of a group; of int8-token, a block array */
    int element_bits, scale_bits;
    struct { int rst_ni, x_valid, x_ready, x_data, x_exponent, x_scale, a_valid, a_ready, a_data, clear, identity; } port;
} rival_encoder;

/* Finds the ports, what was built, and resets. name: for messages. */
bool rival_encoder_open(const dut_model *model, dut *d, const char *name, rival_encoder *e, bcq_error *error);

/* Cycles of a block array; and of so many from the first beat taken to the last result taken. */
uint64_t rival_encoder_period(const rival_encoder *e);
uint64_t rival_encoder_cycles(const rival_encoder *e, int64_t arrays);

/* Encodes rows of k scalars of s, k a multiple of 64. Otherwise as energy_run_encoder(). */
bool rival_encoder_run(rival_encoder *e, energy_meter *meter, const energy_scalars *s, int64_t k, const energy_window *w,
                       bool progress, uint64_t *mismatches, bcq_error *difference, bcq_error *error);

#endif
