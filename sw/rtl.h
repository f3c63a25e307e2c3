/* The simulated hardware as the driver and the harness see it: a configuration is opened by name,
 * takes codebooks and beats, and runs one product at a time. The array without its accelerator; internal
 * to the project: users call device.h. Streams and their order: rtl/bcq_gemm.sv. */
#ifndef BCQ_RTL_H
#define BCQ_RTL_H

#include "bcq.h"
#include "dut.h"

/* What a model says that it was built as (identity_o of rtl/bcq_gemm.sv, rtl/rivals/rival_gemm.sv). */
typedef struct {
    bool rival;      /* of rtl/rivals: then format, lanes, la, cols, t and ndec are all that there is */
    int format;      /* BCQ_FORMAT_... of params.def */
    int lanes, lb, la, nc, index_bits, entry_bits, cols, t, ndec, exact, frozen, deep, table_memory;
    int decode, twos;  /* Decode, TwosComplement of rtl/bcq_gemm.sv */
} rtl_build;

static inline int rtl_rows(const rtl_build *b) { return b->la / b->lanes; }
static inline int rtl_macs(const rtl_build *b) { return b->la * b->cols; }

/* Cycles from a token that ends a sum to its result. */
int rtl_latency(const rtl_build *b);

/* Clock cycles of C[M][N] = A[M][K] * W[N][K]^T from the first operand beat accepted to the last
 * result accepted, both included, when no stream ever waits. docs/architecture.md derives it. */
uint64_t rtl_cycles_formula(const rtl_build *b, int64_t m, int64_t n, int64_t k);

/* NULL if the build runs files of these codebooks, or a sentence that says why not. */
const char *rtl_refuses(const rtl_build *b, const bcq_codebooks *cb);

typedef struct rtl rtl;

/* Builds (by make) and loads the model of a configuration. seed: random initial state. */
rtl *rtl_open(const char *config, bool traced, uint64_t seed, bcq_error *error);
/* The same for a row of rtl/rivals/configs.def, untraced. */
rtl *rtl_open_rival(const char *config, uint64_t seed, bcq_error *error);
/* The same from a model that is there already: a modified netlist, of the mutation study. */
rtl *rtl_open_model(const char *path, uint64_t seed, bcq_error *error);
/* The same of a circuit that is open already, such as a netlist (gates.h); rtl_close closes it, and so does this
 * when it fails. name: for messages. */
rtl *rtl_open_dut(const dut_model *model, dut *d, const char *name, bcq_error *error);
void rtl_close(rtl *r);
const rtl_build *rtl_get_build(const rtl *r);

/* The tables that a frozen configuration was built with: the file named in rtl/configs.def. */
bool rtl_frozen_codebooks(const char *config, bcq_codebooks *cb, bcq_error *error);
/* True if cb are those tables. */
bool rtl_frozen_are(const char *config, const bcq_codebooks *cb, bcq_error *error);

/* Holds reset for a few cycles. rtl_open has done it once. */
void rtl_reset(rtl *r);
/* True if it is idle, and its cycle counter and NaN flag are zero, as after a reset. */
bool rtl_is_reset(rtl *r);
/* Holds an input that only modified netlists have, and resets. False: there is no such input. */
bool rtl_hold(rtl *r, const char *port, uint32_t value);

/* Loads both sets of tables; they must fit the build. Returns the cycles that it took, 0
 * if the hardware stopped taking them. */
uint64_t rtl_load_codebooks(rtl *r, const bcq_codebooks *a, const bcq_codebooks *w);

/* A beat: fields, lowest bits first. */
enum { RTL_BEAT_WORDS = 128 };  /* of the widest beat of operands; rtl_open refuses a build that needs more */
typedef struct { uint32_t word[RTL_BEAT_WORDS]; int bits; } rtl_beat;

/* value: below 2^bits; bits: 1 to 32. */
void rtl_push(rtl_beat *b, uint32_t value, int bits);

/* The operands of any array, as functions that make its beats. `beat` comes empty. */
typedef struct {
    int64_t m, n, k_arrays;     /* M, N, ceil(K / LA) */
    /* Token `row`, block array j. */
    void (*activations)(const void *context, const rtl_build *b, int64_t row, int64_t j, rtl_beat *beat);
    /* Row `row` of PEs of columns [column, column + ndec), which may lie beyond N. */
    void (*weights)(const void *context, const rtl_build *b, int64_t column, int64_t j, int row,
                    rtl_beat *beat);
    const void *context;
} rtl_beats;

/* Operands of bcq_gemm, in memory. */
typedef struct {
    int64_t m, n, k_arrays;     /* M, N, ceil(K / LA) */
    const bcq_array *a;         /* [m][k_arrays] */
    const bcq_array *w;         /* [n][k_arrays] */
    int lb_a, lb_w;             /* of the two files: multiples of the build's LB */
} rtl_operands;

enum { RTL_SIDE_WEIGHTS, RTL_SIDE_ACTIVATIONS, RTL_SIDE_RESULTS, RTL_SIDES };

typedef struct {
    /* Asked once a cycle for a side that may move: true holds its valid (or ready) low. A source
     * that has shown valid keeps it. NULL: nothing ever waits. */
    bool (*stall)(void *context, int side);
    void *context;
    /* An .fst file of cycles [trace_from, trace_to] of this run (traced models). */
    const char *trace;
    uint64_t trace_from, trace_to;
    bool progress;
    uint64_t limit;             /* gives up after so many cycles; 0: only if nothing moves */
} rtl_run_options;

typedef struct {
    uint64_t cycles;            /* the hardware's own counter */
    uint64_t simulated;         /* clock cycles that the run simulated */
    bool scale_nan;             /* the sticky flag after it */
} rtl_run_report;

/* o is kept by reference. */
rtl_beats rtl_operand_beats(const rtl_operands *o);

/* acc: [m][n] words of 32 bits, what the hardware delivers (no tensor scales). False: it hung. */
bool rtl_run_beats(rtl *r, const rtl_beats *beats, const rtl_run_options *options, void *acc,
                   rtl_run_report *report, bcq_error *error);
/* The same of bcq_gemm. */
bool rtl_run(rtl *r, const rtl_operands *operands, const rtl_run_options *options, float *acc,
             rtl_run_report *report, bcq_error *error);

/* Lets one cycle pass in which nothing is offered; what the counter and the flag say then. */
void rtl_wait(rtl *r, rtl_run_report *report);

/* The model of a configuration of rtl/configs.def, built (by make) where it is missing or old.
 * kind: "" the array, ".trace" the same with tracing, ".encoder" the encoder; ".rival": of
 * rtl/rivals/configs.def. */
bool rtl_model_path(const char *config, const char *kind, char *path, size_t size,
                    bcq_error *error);

/* The project's root folder (that of rtl/configs.def, looked for upwards from the program). */
bool rtl_project_root(char *path, size_t size, bcq_error *error);

#endif
