/* Liberty files (.lib, .lib.gz): what the gate-level simulator needs of a cell library, in SI units.
 *
 * Read: combinational functions, ff, latch, statetable (clock gates), pin capacitances, NLDM timing,
 * internal_power, leakage. Skipped: constraints, CCS, noise, tests, wire_load groups. A cell that uses
 * what is not modelled (three_state, several states, edges in a statetable) is kept with its pins and its
 * reason in `refused`; only a netlist that uses it fails.
 *
 * Units come from the library's header. Tables of internal_power hold energy a transition in
 * capacitive_load_unit * voltage_unit^2 (Liberty User Guide, volume 1: the unit of internal power is
 * derived, capacitive_load_unit * voltage_unit^2 / time_unit, and so energy is that without time; the
 * memory macros of IHP say the same in a comment): pJ for 1 pF and 1 V, fJ for 1 fF and 1 V. They hold
 * what the cell spends besides the charge of its output's load.
 *
 * Where a group names a power or ground pin (related_pg_pin), the tables of all of them are added: in ASAP7
 * VDD and VSS each hold about half of what an inverter's load and delay suggest.
 */
#ifndef BCQ_LIBERTY_H
#define BCQ_LIBERTY_H

#include <stdbool.h>
#include <stdint.h>

#include "bcq.h"

enum { LIBERTY_INPUTS_MAX = 12, LIBERTY_OUTPUTS_MAX = 4, LIBERTY_PINS_MAX = 24 };
enum { LIBERTY_FALL, LIBERTY_RISE };

/* A table of one value for each (slew, load); one column or row where it depends on the other alone. */
typedef struct {
    int slews, loads;        /* 0 and 0: there is no table */
    double *slew;            /* [slews] s, rising; as the library measures slews */
    double *load;            /* [loads] F, rising */
    double *value;           /* [slews][loads] */
} liberty_table;

/* Bilinear; beyond the table's ends the line through its last two points goes on, as in static timing
 * analysis. 0 without a table. */
double liberty_look_up(const liberty_table *t, double slew, double load);

/* A Boolean function of a cell's variables: its pins by number, then its state and the state's complement. */
typedef struct { int16_t *code; int length; } liberty_function;  /* postfix; length 0: there is none */
enum { LIBERTY_STATE = 62, LIBERTY_STATE_N = 63 };
/* variables: bit i is pin i, bits LIBERTY_STATE and LIBERTY_STATE_N the state. */
bool liberty_value(const liberty_function *f, uint64_t variables);

typedef enum {
    LIBERTY_COMBINATIONAL,   /* also three_state_enable and the like */
    LIBERTY_EDGE,            /* rising_edge, falling_edge: from a clock */
    LIBERTY_ASYNCHRONOUS     /* clear, preset */
} liberty_timing_type;
typedef enum { LIBERTY_NON_UNATE, LIBERTY_POSITIVE, LIBERTY_NEGATIVE } liberty_sense;

typedef struct {
    int related;             /* input pin */
    liberty_timing_type type;
    liberty_sense sense;
    liberty_function when;
    liberty_table delay[2], slew[2];    /* of the output's LIBERTY_FALL and LIBERTY_RISE: s */
} liberty_arc;

typedef struct {
    int related;             /* input pin; -1: no related_pin */
    int rail;                /* number of its related_pg_pin; 0: none said */
    liberty_function when;
    liberty_table energy[2]; /* J a transition of this pin, LIBERTY_FALL and LIBERTY_RISE */
} liberty_power;

typedef struct {
    const char *name;
    bool output;
    bool clock;              /* clock : true, or a clock gate's clock pin */
    double capacitance[2];   /* F, for a falling and a rising transition */
    liberty_function function;
    liberty_arc *arcs;       /* [n_arcs] to this output */
    liberty_power *powers;   /* [n_powers] of this output, or of this input */
    int n_arcs, n_powers;
} liberty_pin;

typedef enum { LIBERTY_GATE, LIBERTY_FLOP, LIBERTY_LATCH, LIBERTY_CLOCK_GATE, LIBERTY_MACRO } liberty_kind;

typedef struct {
    const char *name;
    const char *refused;     /* NULL, or why it cannot be simulated */
    liberty_kind kind;       /* LIBERTY_MACRO: has bus groups, a memory; only what is below is read */
    double area;
    double leakage;          /* W: cell_leakage_power, else leakage_power without `when`, else the mean of those
                              * with: state-independent, because a state lasts too short and too long alike */
    liberty_pin *pins;       /* [n_pins] inputs first, then outputs; no supply or internal pins */
    int n_pins, n_inputs;
    /* LIBERTY_FLOP: the state becomes next when clocked rises. LIBERTY_LATCH: it is next while clocked
     * holds. Clear and preset win over both; where both hold the state is both. */
    liberty_function next, clocked, clear, preset;
    bool both;
    /* LIBERTY_CLOCK_GATE: the next state by inputs and state, [2^(n_inputs + 1)], bit n_inputs the state. */
    uint8_t *state_table;
} liberty_cell;

typedef struct {
    const char *name;
    const char *corner;      /* default_operating_conditions, or the only one; "" if none */
    double voltage;          /* V: nom_voltage; 0: none said */
    liberty_cell *cells;
    int n_cells;
    /* An inverter of least area that drives four of itself: the slew and delay that everything outside the
     * netlist is given. 0 where the library has no such tables. */
    double fo4_slew, fo4_delay;
} liberty;

/* paths: one or several files read as one library (those of ASAP7), the first one's header counts; units may
 * differ. */
liberty *liberty_read(const char *const *paths, int n_paths, bcq_error *error);
void liberty_free(liberty *lib);
const liberty_cell *liberty_find(const liberty *lib, const char *name);   /* or NULL */
const liberty_pin *liberty_find_pin(const liberty_cell *cell, const char *name);

#endif
