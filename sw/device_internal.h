/* Shared by device.c, its back ends device_*.c, streams.c and plan.c; not part of the API. */
#ifndef DEVICE_INTERNAL_H
#define DEVICE_INTERNAL_H

#include "device.h"

/* ---- One product, as all parts of the driver see it ---------------------------------------- */

typedef struct {
    const bcq_device_info *build;
    const bcq_codebooks *cb_a, *cb_w;
    const bcq_packed *w;                 /* [N][K] */
    bcq_device_activations a;            /* [M][K], exactly one kind */
    int64_t m, n, k, arrays;             /* arrays: ceil(K / LA) */
    int exponent_a, exponent_w;
    bool encode, exact, bf16_results, reuse;
    uint32_t timeout_cycles;
} product;

/* What one command computes: rows [m0, m0 + m) of A, columns [n0, n0 + n), which begin a tile. */
typedef struct { int64_t m0, m, n0, n; } part;

/* ---- Operands and results as byte streams (streams.c) -------------------------------------- */

enum { STREAM_RECORD_MAX = 2 * BCQ_LA_MAX };  /* BF16 scalars; a packed record has 97 bytes at most */

typedef struct {
    enum { STREAM_CODEBOOKS, STREAM_WEIGHTS, STREAM_ACTIVATIONS } kind;
    const product *p;
    part part;
    int64_t m_tile, n_tile, j, item;     /* of the next record; item: column or token of the tile */
    uint64_t left;                       /* bytes to come, those of `record` included */
    uint8_t record[STREAM_RECORD_MAX];
    size_t at, size;                     /* of `record`: what was read of it, what it has */
} stream;

/* Bytes of a record of the build's own format. */
size_t stream_record_bytes(const bcq_device_info *b);
void stream_open(stream *s, int kind, const product *p, part part);
/* The next min(room, s->left) bytes. False: a tensor holds what contract section 3 refuses. */
bool stream_read(stream *s, uint8_t *bytes, size_t room, bcq_error *error);

/* Takes result beats and puts each result to its place, tensor scales still missing. */
typedef struct {
    const product *p;
    part part;
    float *acc;                          /* [M][N], of the whole product */
    int64_t m_tile, n_tile, token;       /* of the next beat */
    int column;                          /* its first */
    uint64_t left;                       /* beats to come */
} sink;

/* Beats of one token of one tile. */
int64_t sink_beats_a_token(const bcq_device_info *b, bool bf16_results);
void sink_open(sink *s, const product *p, part part, float *acc);
void sink_take(sink *s, const uint8_t *beat);

/* ---- Plan (plan.c) ------------------------------------------------------------------------- */

/* "REUSE is legal if min(M, T) * K_ARRAYS <= ACT_WORDS." */
bool plan_reuses(const bcq_device_info *b, int64_t m, int64_t k_arrays);
/* False, and why, for sizes that are not positive or do not fit, and for an encoder that is not there. */
bool plan_sizes_fit(const bcq_device_info *b, const bcq_plan_job *job, bcq_error *error);
/* Cycles and bytes of loading the codebooks. */
void plan_codebooks(const bcq_device_info *b, bcq_device_counters *c);

/* For tests: step through every cycle, as if no state ever came back. */
extern bool plan_never_skips;

/* Commands of a product in their order, for a build with memories (a board) or without: one then. */
typedef struct {
    const bcq_device_info *build;
    bcq_plan_job job;
    int64_t n_chunk, m_chunk;
    part next;
} splitter;
void splitter_open(splitter *s, const bcq_device_info *build, const bcq_plan_job *job);
bool splitter_next(splitter *s, part *part);

/* ---- Back ends ----------------------------------------------------------------------------- */

/* All of them: false or FAILED leaves the device to be aborted by the caller. */
typedef struct {
    bool (*load_codebooks)(bcq_device *d, bcq_error *error);
    bool (*start)(bcq_device *d, bcq_error *error);
    bcq_device_state (*work)(bcq_device *d, bcq_error *error);  /* bounded; moves d->moved, d->done */
    bool (*abort)(bcq_device *d, bcq_error *error);
    void (*close)(bcq_device *d);
} backend;

struct bcq_device {
    const backend *backend;
    void *state;                         /* the back end's */
    char name[256];                      /* for messages: "--config lb2", "uart:/dev/ttyUSB1" */
    char config[104];                    /* row of rtl/configs.def; "" if there is none */
    bcq_device_info info;
    bool built;                          /* info says what; false for golden without a row */

    bcq_codebooks cb_a, cb_w;
    bool have_codebooks, stale_codebooks;  /* stale: the hardware forgot them, in a reset */
    const bcq_packed *w;                 /* or NULL */

    enum { DEVICE_IDLE, DEVICE_RUNNING, DEVICE_DONE } state_of_product;
    product p;
    float *acc;                          /* [M][N], before the tensor scales */
    size_t acc_room;                     /* scalars */
    bcq_device_counters counters;
    uint64_t moved, moved_before;        /* anything that changes while things go well */
    double stuck_since, timeout_seconds; /* stuck_since: 0 while they do */
    double done;                         /* progress, 0 to 1 */
};

extern const backend device_golden, device_rtl, device_uart;
bool device_golden_open(bcq_device *d, bcq_error *error);
bool device_rtl_open(bcq_device *d, const char *model, bool traced, bcq_error *error);
bool device_uart_open(bcq_device *d, const char *path, bcq_error *error);
bool device_rtl_trace(bcq_device *d, const char *path, uint64_t from, uint64_t to, bcq_error *error);

/* For tests of what happens when a side outside waits: asked once a cycle for a side that may move,
 * true holds its valid (or ready) low. Weights, activations, results. */
typedef bool device_rtl_stall(void *context, int side);
void device_rtl_set_stall(bcq_device *d, device_rtl_stall *stall, void *context);

double device_now(void);                 /* seconds, monotonic */
enum { DEVICE_WORK_MS = 20 };

/* ---- The register map over any bus (device_registers.c) ------------------------------------ */

typedef struct {
    bool (*read)(void *bus, uint32_t address, uint32_t *value, bcq_error *error);
    bool (*write)(void *bus, uint32_t address, uint32_t value, bcq_error *error);
    void *bus;
    uint32_t number;                     /* of the last command */
} registers;

bool registers_identify(registers *r, const char *name, bcq_device_info *info, bcq_error *error);
/* Ends whatever runs, clears errors and causes, lets both causes raise the interrupt line. */
bool registers_reset(registers *r, bcq_error *error);
/* Writes a command; COMMAND itself comes last. */
bool registers_codebooks(registers *r, bcq_error *error);
bool registers_product(registers *r, const product *p, part part, bcq_error *error);
/* Has the command ended? Notes the flags of operands in *sum. False for an ERROR bit that ended it, in
 * words, and for a bus that fails. */
bool registers_ended(registers *r, const char *name, bool *ended, bcq_device_counters *sum, bcq_error *error);
/* Adds the counters of a command that has ended; codebooks: sets those of the codebooks instead. */
bool registers_counters(registers *r, bcq_device_counters *sum, bool codebooks, bcq_error *error);

#endif
