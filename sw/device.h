/* The accelerator as a program sees it: C[M][N] = A[M][K] * W[N][K]^T on one of three back ends, by
 * the same calls and to the same bits. sw/example/ has a complete program.
 *
 *   golden       the contract's arithmetic on this machine; cycles and bytes come from the plan
 *   rtl          bcq_accelerator, simulated cycle by cycle (its model is built by make on demand)
 *   rtl:trace    the same with a model that can write waveforms
 *   uart:DEVICE  a board behind a serial port, such as uart:/dev/ttyUSB1 (or a simulated one), at 3 Mbit/s;
 *                uart:DEVICE@BAUD or uart:DEVICE@BAUD,MILLISECONDS to wait for an answer (200)
 *
 * A device does one thing at a time:
 *
 *     open -> load_codebooks -> load_weights -> start -> poll until it is done -> result, counters
 *                    ^               ^            |
 *                    '---- other tables, other weights, other activations, in any order
 *
 * Conventions are those of bcq.h: functions that can fail return false or NULL and leave one line
 * in the bcq_error; nothing prints. A failed call leaves the device usable: whatever ran has been
 * ended, and the next start begins afresh. One device from one thread at a time; different devices
 * from different threads. */
#ifndef BCQ_DEVICE_H
#define BCQ_DEVICE_H

#include "bcq.h"

typedef struct bcq_device bcq_device;

/* ---- What was built ------------------------------------------------------------------------ */

/* Parameters of docs/architecture.md and docs/accelerator.md. rtl and uart read them from the
 * registers, golden from the row of rtl/configs.def. */
typedef struct {
    int lanes, lb, la, nc, index_bits, entry_bits, cols, t, ndec;
    bool exact, frozen, deep, table_memory;
    int enc_lanes, cb_per_cycle;     /* enc_lanes 0: no encoder, activations come packed */
    int a_bytes, w_bytes, r_bytes;   /* of a beat of each stream */
    int act_words;                   /* block arrays of the activation buffer; 0: none */
    int result_words;                /* tokens of the result buffer */
    uint32_t clock_hz;               /* 0: not known */
    int64_t a_capacity, w_capacity, r_capacity;  /* beats of a board's memories; 0: no board */
} bcq_device_info;

/* Multipliers: MACs a cycle at the best. */
static inline int bcq_device_macs(const bcq_device_info *b) { return b->la * b->cols; }

/* NULL if the build takes tensors of these parameters, or a sentence that says why not. encoded: by
 * the build's own encoder, which wants its lb, bits and ew exactly. */
const char *bcq_device_refuses(const bcq_device_info *b, const bcq_params *p, bool encoded);

/* The build of a row of rtl/configs.def and rtl/accelerator/configs.def. */
bool bcq_device_read_config(const char *config, bcq_device_info *info, bcq_error *error);

/* ---- Opening ------------------------------------------------------------------------------- */

/* config: a row of rtl/configs.def for golden and rtl. golden takes NULL as well: no build, so that
 * every format and both accumulators go, and there are no cycles. uart takes NULL: boards tell. */
bcq_device *bcq_device_open(const char *backend, const char *config, bcq_error *error);
/* rtl only: the same from a model file that is there already. */
bcq_device *bcq_device_open_model(const char *path, bcq_error *error);
void bcq_device_close(bcq_device *d);

/* Valid as long as the device. All zero for golden without a configuration. */
const bcq_device_info *bcq_device_identify(const bcq_device *d);

/* rtl:trace only: a waveform (.fst) of cycles [from, to] of the next product, cycle 0 being the one
 * behind its command. */
bool bcq_device_trace(bcq_device *d, const char *path, uint64_t from, uint64_t to,
                      bcq_error *error);

/* ---- Operands ------------------------------------------------------------------------------ */

/* Loads both sides' tables; they are copied. Refuses what the build does not take. Weights that
 * were loaded before are forgotten. Returns when the device has taken them. */
bool bcq_device_load_codebooks(bcq_device *d, const bcq_codebooks *a, const bcq_codebooks *w,
                               bcq_error *error);

/* W [N][K], made with the codebooks w. Kept by reference: do not close it while it is loaded. */
bool bcq_device_load_weights(bcq_device *d, const bcq_packed *w, bcq_error *error);

/* A [M][K], one of three kinds; K is that of the weights. Kept by reference until the product has
 * ended. Floats are rounded to BF16 here and encoded by the device (contract section 6, on line)
 * under the tensor scale 2^exponent, -100 to 100: a tensor refuses NaN and infinity, an array in
 * memory does not: NaN counts as 0, an infinity as the largest, and counters.nonfinite says so. */
typedef struct {
    const bcq_packed *packed;        /* made with the codebooks a */
    const bcq_tensor *tensor;
    const float *values;             /* [m][K] */
    int64_t m;                       /* rows of values */
    int exponent;                    /* e_X of tensor and values */
} bcq_device_activations;

typedef struct {
    bool exact;                      /* accumulator: must be what was built */
    bool bf16_results;               /* results leave as BF16, rounded before the tensor scales */
    bool no_reuse;                   /* send activations again for every column tile all the same */
    uint32_t timeout_cycles;         /* the accelerator gives up after so long a silence; 0: never */
    double timeout_seconds;          /* the driver does if polls see nothing move so long; 0: 30 */
} bcq_device_options;

/* ---- Running ------------------------------------------------------------------------------- */

/* Begins a product and returns. Refuses, before anything is sent, what does not fit: K or LA that
 * differ, codebooks other than a tensor was made with, formats that the build does not take, exact
 * sums that could overflow, floats without an encoder, a product while another runs.
 * options: NULL for all zero. */
bool bcq_device_start(bcq_device *d, const bcq_device_activations *a,
                      const bcq_device_options *options, bcq_error *error);

typedef enum { BCQ_DEVICE_DONE, BCQ_DEVICE_RUNNING, BCQ_DEVICE_FAILED } bcq_device_state;

/* Does a bounded part of the work, some 20 ms of it, and says how things stand. progress: 0 to 1,
 * or NULL. FAILED, with the reason in error, comes once; then nothing runs any more. DONE stays until
 * the next start. Without a start: FAILED. */
bcq_device_state bcq_device_poll(bcq_device *d, double *progress, bcq_error *error);

/* Polls until it is done. callback (or NULL) hears of the progress, at most once a poll; it returns
 * false to abort, which counts as a failure. */
typedef bool bcq_device_progress(void *context, double progress);
bool bcq_device_wait(bcq_device *d, bcq_device_progress *callback, void *context, bcq_error *error);

/* Ends what runs, if anything does. The next start works; codebooks and weights stay. */
bool bcq_device_abort(bcq_device *d, bcq_error *error);

/* ---- Results ------------------------------------------------------------------------------- */

/* c: [M][N], with the tensor scales: C = result * 2^(e_A + e_W). May be called again. */
bool bcq_device_result(const bcq_device *d, float *c, bcq_error *error);

/* The accelerator's counters (docs/accelerator.md), summed over the commands of the last product;
 * golden: what the plan says, and zeros without a configuration. */
typedef struct {
    uint64_t cycles;                 /* clock cycles */
    uint64_t issued;                 /* cycles in which the array took a token */
    uint64_t stall_in, stall_out;    /* cycles lost for lack of an operand; of room for a result */
    uint64_t w_bytes, a_bytes, r_bytes;
    uint64_t commands;
    uint64_t codebook_cycles, codebook_bytes;  /* of the last loading, counted apart */
    bool scale_nan;                  /* a scale was a NaN code and counted as 0 */
    bool nonfinite;                  /* an activation was NaN or infinite */
} bcq_device_counters;
bool bcq_device_get_counters(const bcq_device *d, bcq_device_counters *counters, bcq_error *error);

/* ---- Plan (sw/plan.c) ---------------------------------------------------------------------- */

/* What a product takes on a build, without running it: the counters exactly as the hardware will
 * read when nothing outside ever waits, and how it gets there. */
typedef struct {
    int64_t m, n, k;
    bool encode;                     /* activations come as BF16 */
    bool bf16_results, no_reuse;
} bcq_plan_job;

/* What may bind: tokens of the array, weight decoders, accumulate loop, weight stream, activation
 * stream, encoder, result stream. */
enum { BCQ_PLAN_PARTS = 7 };
extern const char *const bcq_plan_part[BCQ_PLAN_PARTS];

typedef struct {
    bool reuse;                      /* each tile's activations come once */
    int64_t m_tiles, n_tiles, k_arrays;
    bcq_device_counters counters;
    double bytes_a_mac;              /* w_bytes + a_bytes + r_bytes over M * N * K */
    double utilisation;              /* M * N * K over multipliers * cycles */
    /* Cycles of one pass (a full tile of tokens, one tile of columns, one block array), by what each
     * part could do alone; streams and encoder shared by the tiles that one sending serves. */
    double pass[BCQ_PLAN_PARTS];
    const char *binds;               /* the name of the largest, one of bcq_plan_part */
} bcq_plan;

/* False for sizes that are not positive, do not fit the registers, or ask for an encoder that was
 * not built. */
bool bcq_plan_make(const bcq_device_info *build, const bcq_plan_job *job, bcq_plan *plan,
                   bcq_error *error);

/* The plan of the product that was started last. */
bool bcq_device_get_plan(const bcq_device *d, bcq_plan *plan, bcq_error *error);

#endif
