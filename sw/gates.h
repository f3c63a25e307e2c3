/* Gate-level simulation of a mapped netlist, to the bit, and its energy.
 *
 * The netlist is what Yosys writes (write_verilog -noattr -noexpr): modules, instances with named pins,
 * assign. Cells come from a Liberty file. The clock is the port clk_i. A module that the file uses and does
 * not hold, with bcq_acc_memory in its name, is a memory as rtl/bcq_acc_memory.sv, simulated by its function;
 * its size follows from the width of what its ports are connected to.
 *
 * A clock cycle is two phases: settle (clock low, inputs of the netlist change) and edge (clock high). A phase
 * ends when nothing moves any more. The clock is ideal: clk_i, buffers and inverters of it and clock gates switch
 * at the phase's beginning, all at once; what they spend counts. An AND of two inputs is a clock
 * gate, too, if one is a clock and the other comes straight from a latch that clocks enable and
 * that is closed while the first is high.
 *
 *   zero delay   each cell is evaluated at most once a phase, in the order of levels: no glitches.
 *   events       each output follows after the library's delay for that input, direction and state of the other
 *                inputs. Slews are found once, statically: the largest that reaches a net, as in static timing
 *                analysis; what comes from outside, and the clock, has the slew of an inverter that drives four
 *                of itself (FO4). Inertial: an output that would go back before it has moved does not move.
 *                A net of more than 16 loads has the delay and slew of 16 of them (it would be buffered), but all
 *                of its load counts as energy. Memories answer 10 FO4 delays after the edge.
 *
 * Energy, exact integer counts times the library's values:
 *   switching    C V^2 / 2 a transition of a net; C: pins that it drives (rise_capacitance or fall_capacitance by
 *                direction) + wire_ff_per_fanout a pin. It belongs to the instance that holds the driving cell; of a
 *                net that a port of the top drives (the clock), each pin to the instance that holds it; a
 *                memory's inputs are wire alone.
 *   internal     of the transition of an output: the tables of the related pin whose change caused it, for the
 *                state of the inputs then. Of each transition of an input pin: the tables of that pin. Of groups whose
 *                `when` holds, else of those without, else the mean of all. In zero delay, the last to arrive of
 *                the inputs that changed is taken as the cause: the one of the highest level, then the first pin.
 *   leakage      see liberty.h.
 * Not counted: clock tree, wires beyond the stated load, memories, pads.
 *
 * Flip-flops, latches and memory words start as random bits of the seed; all nets settle before counting.
 */
#ifndef BCQ_GATES_H
#define BCQ_GATES_H

#include <stdbool.h>
#include <stdint.h>

#include "dut.h"
#include "liberty.h"

typedef struct gates gates;

typedef struct {
    bool events;                  /* event-driven with the library's delays; false: zero delay */
    double wire_ff_per_fanout;    /* wire load, fF for each pin that a net drives */
    uint64_t seed;
} gates_options;

/* lib is kept by reference. "FILE: wanted X, got Y" and NULL if the netlist is refused. */
gates *gates_open(const liberty *lib, const char *netlist, const char *top, const gates_options *options,
                  bcq_error *error);
void gates_close(gates *g);

/* The harness's view (dut.h). Its `dut *` is a gates *: (dut *)gates_open(...). open is NULL; trace only says
 * false; close is gates_close. port() has no dut to ask, and answers for the netlist that this thread opened or
 * selected last. */
extern const dut_model gates_dut_model;
void gates_select(const gates *g);

/* Counts, energies and cycles begin again; values stay. */
void gates_clear(gates *g);
uint64_t gates_cycles(const gates *g);  /* edges since then */

/* One a module instance; 0 is the top. Own cells only, not those of instances within. */
typedef struct {
    const char *module;           /* without Yosys's leading backslash */
    const char *instance;         /* path from the top, parts joined by '.'; "" for the top */
    int parent;                   /* -1: this is the top */
    uint64_t cells;
    uint64_t toggles;             /* transitions of the nets that its cells drive, clock nets too */
    uint64_t functional;          /* those that a zero-delay run would have: phases in which a net changed */
    double internal_j, switching_j;
    double clock_j;               /* of these two: clock pins, clock nets and what drives them */
    double leakage_w;
    uint64_t reads, writes;       /* of a memory */
    int words, width;             /* of a memory; else 0 */
} gates_scope;

int gates_scopes(const gates *g);
gates_scope gates_get_scope(const gates *g, int i);  /* strings live as long as g */

/* Transitions of one bit of a net since gates_clear, by its name in the module of scope i (escaped names
 * without backslash). false: there is no such bit. */
bool gates_toggles(const gates *g, int scope, const char *name, int bit, uint64_t *toggles);

/* For checks without simulation: F of nets (mean of both directions) that cells drive, clock nets of these apart, and of
 * nets that ports drive. */
typedef struct {
    uint64_t nets, clock_nets, port_nets;
    double capacitance, clock_capacitance, port_capacitance;
} gates_load;
gates_load gates_total_load(const gates *g);
/* Events that were processed since gates_open, and output changes that were swallowed. */
uint64_t gates_events(const gates *g, uint64_t *swallowed);

#endif
