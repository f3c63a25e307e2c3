/* The simulated on-line encoder (rtl/bcq_encoder.sv): block arrays of BF16 in, codes out. Internal to the
 * project; users call bcq_quantize of bcq.h. */
#ifndef BCQ_RTL_ENCODER_H
#define BCQ_RTL_ENCODER_H

#include "bcq.h"
#include "dut.h"

/* What a model says that it was built as (identity_o of rtl/bcq_encoder.sv). */
typedef struct {
    int lb, la, nc, index_bits, entry_bits, lanes, cb_per_cycle, shared_table, frozen;
} encoder_build;

/* Clock cycles that one block array occupies: (LA/LB/ENC_LANES) * (NC/CB_PER_CYCLE). */
uint64_t encoder_period(const encoder_build *b);
/* Clock cycles of so many block arrays (1 or more) from the first beat accepted to the last result
 * accepted, both included, when no stream ever waits. docs/encoder.md derives it. */
uint64_t encoder_cycles_formula(const encoder_build *b, int64_t arrays);

/* NULL if the build makes files of these codebooks, or a sentence that says why not. */
const char *encoder_refuses(const encoder_build *b, const bcq_codebooks *cb);

typedef struct encoder encoder;

/* Builds (by make) and loads the encoder of a configuration. seed: random initial state. */
encoder *encoder_open(const char *config, uint64_t seed, bcq_error *error);
/* The same from a model that is there already. */
encoder *encoder_open_model(const char *path, uint64_t seed, bcq_error *error);
/* The same from a simulated circuit that is open already, a netlist of gates.h; it is owned from here on, and closed on
 * failure too. name: for messages. */
encoder *encoder_open_dut(const dut_model *model, dut *d, const char *name, bcq_error *error);
void encoder_close(encoder *e);
const encoder_build *encoder_get_build(const encoder *e);

void encoder_reset(encoder *e);
/* True if nothing is on its way and the flag is clear, as after a reset. */
bool encoder_is_reset(encoder *e);
/* Holds an input that only modified netlists have, and resets. False: there is no such input. */
bool encoder_hold(encoder *e, const char *port, uint32_t value);
/* Clears the sticky flag of non-finite input. */
void encoder_clear(encoder *e);

/* Loads the tables, which encoder_refuses has let pass; where they are fewer than the build's, copies
 * of the first fill the rest and are never chosen. Not for a frozen build. */
bool encoder_load_codebooks(encoder *e, const bcq_codebooks *cb, bcq_error *error);

enum { ENCODER_SIDE_INPUT, ENCODER_SIDE_OUTPUT, ENCODER_SIDES };

typedef struct {
    /* As in rtl_run_options. NULL: nothing ever waits. */
    bool (*stall)(void *context, int side);
    void *context;
} encoder_run_options;

typedef struct {
    uint64_t cycles;     /* first beat accepted to last result accepted, both included */
    bool nonfinite;      /* the sticky flag after it */
} encoder_run_report;

/* x: [arrays][LA] BF16 bits; exponent: [arrays], e_X of each; out: [arrays]. False: it hung, or
 * delivered what no encoder may. */
bool encoder_run(encoder *e, const uint16_t *x, const int8_t *exponent, int64_t arrays,
                 const encoder_run_options *options, bcq_array *out, encoder_run_report *report,
                 bcq_error *error);

/* Offers the first beat of x, [BCQ_LA_MAX], for so many cycles and takes results in every second; then
 * leaves everything where it is, for a test of the reset. */
void encoder_abandon(encoder *e, const uint16_t *x, int cycles);

#endif
