/* Energy of a product, or of an encoder at work, on a gate-level netlist: which cycles count, and what each part
 * spends in them. docs/energy.md. Internal to the project. */
#ifndef BCQ_ENERGY_H
#define BCQ_ENERGY_H

#include <time.h>

#include "blocks.h"
#include "energy_data.h"
#include "gates.h"
#include "rtl_encoder.h"

/* What a run is cut into; each clock cycle belongs to one. */
typedef enum {
    ENERGY_SETUP,    /* reset, codebooks */
    ENERGY_FILL,     /* the product, before the window */
    ENERGY_WINDOW,   /* steady state: the published figure */
    ENERGY_DRAIN,    /* the rest of the product */
    ENERGY_TURN,     /* on the way into the next two and out of them: in no figure */
    ENERGY_STALLED,  /* a result waits, the array is stopped */
    ENERGY_WAITING,  /* clocked, and nothing to do */
    ENERGY_PHASES
} energy_phase;

typedef struct {
    uint64_t toggles, functional, reads, writes;
    double internal_j, switching_j, clock_j;   /* clock_j: of the two before it */
} energy_sums;

typedef struct {
    const char *name;            /* of synth/blocks.def */
    uint64_t cells, instances;
    double leakage_w;
    uint64_t memories;           /* instances */
    int words, width;            /* of each, the largest */
    energy_sums phase[ENERGY_PHASES];
} energy_part;

/* Counts a simulated netlist's energy by part and phase. A meter does not own g and b. */
typedef struct energy_meter energy_meter;
energy_meter *energy_meter_open(gates *g, const blocks *b, bcq_error *error);
void energy_meter_close(energy_meter *m);
/* What was spent since the last call goes to the phase given then; the first phase is ENERGY_SETUP. */
void energy_meter_enter(energy_meter *m, energy_phase phase);
uint64_t energy_meter_cycles(const energy_meter *m, energy_phase phase);
/* Of the parts of blocks_parts(b), in that order; [parts] is all of them together, named "total". */
const energy_part *energy_meter_parts(energy_meter *m);

/* The cycles of a product that count, from its first beat of operands on: [first, first + cycles). */
typedef struct {
    uint64_t first, cycles;
    uint64_t macs;               /* that the array does in them */
    int64_t passes;
    bool whole;                  /* they are whole sums: results leave in as many as in a long product */
    uint64_t stall;              /* the cycle in which results begin to wait, for the stalled array */
} energy_window;

enum { ENERGY_STALL_CYCLES = 18, ENERGY_TURN_CYCLES = 2, ENERGY_WAIT_CYCLES = 16 };

/* False: the product is too short to have a steady state. */
bool energy_find_window(const rtl_build *b, int64_t m, int64_t n, int64_t k, energy_window *w, bcq_error *error);

/* What every run does: begin, each_cycle before a cycle's settle, end; then energy_wait(). meter may be NULL. */
typedef struct {
    energy_meter *meter;
    const energy_window *w;
    uint64_t cycle;
    bool terminal;
    time_t shown;
} energy_cycle;
void energy_begin(energy_cycle *c, energy_meter *meter, const energy_window *w, bool progress);
void energy_each_cycle(energy_cycle *c);
void energy_end(energy_cycle *c);
/* ENERGY_WAIT_CYCLES in which nothing is offered, of the netlist that the meter counts. */
void energy_wait(energy_meter *m);

/* Runs the product on r, to acc [m][n]. meter: NULL for a model that is no netlist; else the array is stalled for
 * ENERGY_STALL_CYCLES, which report->cycles includes, and then waits. */
bool energy_run_product(rtl *r, energy_meter *meter, const energy_operands *e, const energy_window *w, bool progress,
                        uint32_t *acc, rtl_run_report *report, bcq_error *error);

/* The same of an encoder that takes a block array in `period` cycles and is done with the last one `fill` later. */
bool energy_find_encoder_window(uint64_t period, uint64_t fill, int64_t arrays, energy_window *w, bcq_error *error);
/* Encodes all of s; *mismatches counts arrays that differ from the golden model, and `difference` tells the first. */
bool energy_run_encoder(encoder *e, energy_meter *meter, const energy_scalars *s, const energy_window *w, bool progress,
                        uint64_t *mismatches, bcq_error *difference, bcq_error *error);

#endif
