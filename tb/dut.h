/* A simulated circuit behind a dozen C functions: all that the harness ever sees of Verilator.
 *
 * A model is a shared object (scripts/model builds it from tb/dut.cpp and the verilated RTL). Ports
 * are found by name once and then used by number. One clock cycle is:
 *
 *     set inputs;  settle: outputs of this cycle are valid;  read outputs;  edge: the cycle ends
 */
#ifndef DUT_H
#define DUT_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Two variables of the environment serve every test program, one model at a time:
 *   DUT_RECORD=FILE     each cycle, all ports before its edge, as a line of text (tb/test_icarus.sh)
 *   DUT_COVERAGE=DIR    models built for coverage leave their counts in DIR (tb/coverage.mk)
 */
typedef struct dut dut;

/* Every flop and memory word without a reset starts as random bits drawn from seed (not 0). */
typedef dut *dut_open_fn(uint64_t seed);
typedef void dut_close_fn(dut *d);
/* Number of the port of that name, or -1. bits: its width. */
typedef int dut_port_fn(const char *name, int *bits);
/* words: [ceil(bits / 32)], lowest first; bits above the port's width are ignored. */
typedef void dut_set_fn(dut *d, int port, const uint32_t *words);
typedef void dut_get_fn(const dut *d, int port, uint32_t *words);
typedef void dut_settle_fn(dut *d);
typedef void dut_edge_fn(dut *d);
/* Traced models only: opens or closes an FST file; false if it cannot be opened, or the model was
 * built without tracing. */
typedef bool dut_trace_fn(dut *d, const char *path);

typedef struct {
    dut_open_fn *open;
    dut_close_fn *close;
    dut_port_fn *port;
    dut_set_fn *set;
    dut_get_fn *get;
    dut_settle_fn *settle;
    dut_edge_fn *edge;
    dut_trace_fn *trace;
} dut_model;

/* The one symbol that a model exports. */
extern const dut_model dut_model_table;

#ifdef __cplusplus
}
#endif
#endif
