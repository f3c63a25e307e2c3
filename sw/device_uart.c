#include <stdlib.h>
#include <string.h>

#include "bcq_board.h"
#include "device_internal.h"
#include "uart.h"

/* Back end uart: a board (rtl/board/) behind a serial line. A product is cut into commands whose weights
 * fit the board's memory (splitter in plan.c); weights that are there already are not sent again. What
 * does not fit is fed while the command runs, and results are fetched meanwhile. */

enum { BEAT_BYTES_MAX = 1024, LENGTH_MAX = (1 << BCQ_BOARD_W_LENGTH_BEATS_WIDTH) - 1 };

/* Registers and memory of one of the two sources. */
typedef struct { uint32_t length, turns, posted, head, memory; } source_map;
static const source_map map_w = { BCQ_BOARD_REG_W_LENGTH, BCQ_BOARD_REG_W_TURNS, BCQ_BOARD_REG_W_POSTED,
                                  BCQ_BOARD_REG_W_HEAD, BCQ_BOARD_MEMORY_W };
static const source_map map_a = { BCQ_BOARD_REG_A_LENGTH, BCQ_BOARD_REG_A_TURNS, BCQ_BOARD_REG_A_POSTED,
                                  BCQ_BOARD_REG_A_HEAD, BCQ_BOARD_MEMORY_A };

typedef struct {
    const source_map *map;
    stream stream;
    int64_t capacity, length;            /* beats: of the memory, of a turn */
    int64_t written, posted, head;       /* beats in the memory so far; told to the board; sent, as last seen */
    int beat_bytes;                      /* bytes of the stream in a beat */
    int stride, pack;                    /* words a beat; or beats a word, if there are several */
} feeder;

typedef struct {
    uart *uart;
    registers registers;
    splitter splitter;
    part part;                           /* of the command that runs */
    bool running;
    part resident;                       /* columns whose weights are in the memory; n = 0: none */
    feeder w, a;
    sink sink;
    int64_t taken, beats;                /* result beats: read of this command, of all commands before */
    int64_t all_beats;                   /* of the product */
} uart_state;

/* ---- Words --------------------------------------------------------------------------------- */

static bool get_board(uart_state *u, uint32_t address, uint32_t *value, bcq_error *error) {
    return uart_read(u->uart, BCQ_BOARD_PAGE + address, value, 1, error);
}

static bool set_board(uart_state *u, uint32_t address, uint32_t value, bcq_error *error) {
    return uart_write(u->uart, BCQ_BOARD_PAGE + address, &value, 1, error);
}

static bool read_register(void *bus, uint32_t address, uint32_t *value, bcq_error *error) {
    return uart_read(((uart_state *)bus)->uart, address, value, 1, error);
}

static bool write_register(void *bus, uint32_t address, uint32_t value, bcq_error *error) {
    return uart_write(((uart_state *)bus)->uart, address, &value, 1, error);
}

static int words_of(int bytes) {
    int words = 1;
    while (4 * words < bytes) words *= 2;
    return words;
}

/* ---- Feeding a source ---------------------------------------------------------------------- */

/* Prepares `turns` turns of what the stream has; a turn that is resident need not be written again. */
static bool feeder_begin(uart_state *u, feeder *f, const source_map *map, int64_t capacity, int memory_bytes,
                         int beat_bytes, uint64_t bytes, uint32_t turns, bool is_resident, bcq_error *error) {
    f->map = map;
    f->capacity = capacity;
    f->beat_bytes = beat_bytes;
    f->pack = memory_bytes > 2 ? 1 : 4 / memory_bytes;
    f->stride = words_of(memory_bytes);
    f->length = (int64_t)((bytes + (uint64_t)beat_bytes - 1) / (uint64_t)beat_bytes);
    f->posted = f->head = 0;
    f->written = is_resident ? f->length : 0;
    if (f->length > LENGTH_MAX)
        return bcq_fail(error, "wanted streams of at most %d beats a command, got %lld", LENGTH_MAX,
                        (long long)f->length);
    uint32_t pad = (uint32_t)((uint64_t)f->length * (uint64_t)beat_bytes - bytes);
    return set_board(u, map->length, (uint32_t)f->length | pad << BCQ_BOARD_W_LENGTH_PAD_LSB, error)
        && set_board(u, map->turns, turns, error);
}

/* Writes what there is room for, a frame at most, and posts it. */
static bool feed(uart_state *u, feeder *f, uint64_t *moved, bcq_error *error) {
    if (f->posted == f->length) return true;
    if (f->written < f->length) {
        int64_t room = f->capacity - (f->written - f->head);
        if (f->length > f->capacity && room < f->pack) {
            uint32_t head;
            if (!get_board(u, f->map->head, &head, error)) return false;
            f->head = head;
            room = f->capacity - (f->written - f->head);
        }
        int64_t slot = f->written % f->capacity;
        int64_t beats = f->pack * UART_WORDS / f->stride;
        if (beats < 1) beats = 1;
        if (beats > f->length - f->written) beats = f->length - f->written;
        if (beats > f->capacity - slot) beats = f->capacity - slot;
        /* A word of several beats is written as a whole, so all of it must be free. */
        if (beats > room) beats = room / f->pack * f->pack;
        if (beats <= 0) return true;
        uint32_t words[BEAT_BYTES_MAX / 4 + UART_WORDS] = { 0 };
        for (int64_t i = 0; i < beats; i++) {
            uint8_t *to = (uint8_t *)words + (f->pack > 1 ? i * (4 / f->pack) : i * 4 * f->stride);
            if (!stream_read(&f->stream, to, (size_t)f->beat_bytes, error)) return false;
        }
        size_t count = (size_t)(f->pack > 1 ? (beats + f->pack - 1) / f->pack : beats * f->stride);
        uint32_t address = f->map->memory + 4 * (uint32_t)(f->pack > 1 ? slot / f->pack : slot * f->stride);
        if (!uart_write(u->uart, address, words, count, error)) return false;
        f->written += beats;
        *moved += (uint64_t)beats;
        /* What stays in the memory is told at its end, what is fed at once. */
        if (f->length <= f->capacity && f->written < f->length) return true;
    }
    f->posted = f->written;
    return set_board(u, f->map->posted, (uint32_t)f->posted, error);
}

/* Feeds until all is there or the memory is full: before the command runs, so that it does not wait. */
static bool fill(uart_state *u, feeder *f, uint64_t *moved, bcq_error *error) {
    while (f->posted < f->length && (f->written < f->capacity || f->posted < f->written))
        if (!feed(u, f, moved, error)) return false;
    return true;
}

/* ---- Opening ------------------------------------------------------------------------------- */

static bool reset_board(bcq_device *d, uart_state *u, bcq_error *error) {
    u->resident.n = 0;
    u->running = false;
    return set_board(u, BCQ_BOARD_REG_RESET, 1, error)
        && registers_identify(&u->registers, d->name, &d->info, error) && registers_reset(&u->registers, error);
}

/* DEVICE, DEVICE@BAUD or DEVICE@BAUD,MILLISECONDS: what is behind the last @ if it is just that. */
static bool parse_device(const char *path, char *device, size_t size, uart_options *options, bcq_error *error) {
    if ((size_t)snprintf(device, size, "%s", path) >= size)
        return bcq_fail(error, "uart: wanted a path of at most %zu bytes, got %zu", size - 1, strlen(path));
    char *at = strrchr(device, '@');
    int baud = 0, timeout = 0, end = 0;
    if (!at || (sscanf(at, "@%9d%n,%7d%n", &baud, &end, &timeout, &end) < 1) || at[end]) return true;
    if (baud < 1 || timeout < 0)
        return bcq_fail(error, "uart:%s: wanted @BAUD or @BAUD,MILLISECONDS, numbers above 0", path);
    *at = 0;
    *options = (uart_options) { .baud = baud, .timeout_ms = timeout };
    return true;
}

bool device_uart_open(bcq_device *d, const char *path, bcq_error *error) {
    uart_state *u = calloc(1, sizeof *u);
    if (!u) return bcq_fail(error, "%s: wanted memory, got none", d->name);
    d->state = u;
    u->registers = (registers){ .read = read_register, .write = write_register, .bus = u };
    char device[256];
    uart_options line = { 0 };
    if (!parse_device(path, device, sizeof device, &line, error)) return false;
    u->uart = uart_open(device, &line, error);
    if (!u->uart) return false;
    uint32_t value;
    if (!get_board(u, BCQ_BOARD_REG_IDENTITY, &value, error)) return false;
    if (value != BCQ_BOARD_MAGIC)
        return bcq_fail(error, "%s: wanted a board, %08x, got %08x", d->name, BCQ_BOARD_MAGIC, (unsigned)value);
    if (!get_board(u, BCQ_BOARD_REG_VERSION, &value, error)) return false;
    if (value != BCQ_BOARD_INTERFACE)
        return bcq_fail(error, "%s: wanted board version %d, got %u", d->name, BCQ_BOARD_INTERFACE, (unsigned)value);
    if (!reset_board(d, u, error)) return false;
    d->built = true;
    const struct { uint32_t address; int64_t *capacity; } memories[] = {
        { BCQ_BOARD_REG_W_CAPACITY, &d->info.w_capacity }, { BCQ_BOARD_REG_A_CAPACITY, &d->info.a_capacity },
        { BCQ_BOARD_REG_R_CAPACITY, &d->info.r_capacity } };
    for (int i = 0; i < 3; i++) {
        if (!get_board(u, memories[i].address, &value, error)) return false;
        if (value < 2 || value > LENGTH_MAX)
            return bcq_fail(error, "%s: wanted memories of 2 to %d beats, got %u", d->name, LENGTH_MAX,
                            (unsigned)value);
        *memories[i].capacity = value;
    }
    return true;
}

static void close_uart(bcq_device *d) {
    uart_state *u = d->state;
    uart_close(u->uart);
    free(u);
}

static bool abort_uart(bcq_device *d, bcq_error *error) {
    d->stale_codebooks = true;
    return reset_board(d, d->state, error);
}

/* ---- Commands ------------------------------------------------------------------------------ */

static int a_memory_bytes(const bcq_device_info *b) { return b->a_bytes < 4 ? 4 : b->a_bytes; }

/* Codebooks go through the activations' memory, four bytes a beat. */
static bool load_codebooks(bcq_device *d, bcq_error *error) {
    uart_state *u = d->state;
    product p = { .build = &d->info, .cb_a = &d->cb_a, .cb_w = &d->cb_w };
    u->resident.n = 0;
    stream_open(&u->a.stream, STREAM_CODEBOOKS, &p, (part){ 0, 0, 0, 0 });
    if (!set_board(u, BCQ_BOARD_REG_A_TARGET, BCQ_BOARD_TARGET_CB, error)
        || !feeder_begin(u, &u->a, &map_a, d->info.a_capacity, a_memory_bytes(&d->info), 4, u->a.stream.left, 1, false,
                         error)
        || !fill(u, &u->a, &d->moved, error) || !registers_codebooks(&u->registers, error))
        return false;
    bool ended = false;
    for (double until = device_now() + 30; !ended; ) {
        if (!feed(u, &u->a, &d->moved, error)) return false;
        if (u->a.posted == u->a.length && !registers_ended(&u->registers, d->name, &ended, &d->counters, error))
            return false;
        if (!ended && device_now() > until)
            return bcq_fail(error, "%s: wanted codebooks to be taken, got no end", d->name);
    }
    return registers_counters(&u->registers, &d->counters, true, error)
        && set_board(u, BCQ_BOARD_REG_A_TARGET, BCQ_BOARD_TARGET_A, error);
}

/* Sets both sources and the sink up for u->part and starts it. */
static bool begin_command(bcq_device *d, bcq_error *error) {
    uart_state *u = d->state;
    const bcq_device_info *b = &d->info;
    const product *p = &d->p;
    bool is_resident = u->resident.n == u->part.n && u->resident.n0 == u->part.n0 && u->part.n > 0;
    stream_open(&u->w.stream, STREAM_WEIGHTS, p, u->part);
    uint64_t w_bytes = u->w.stream.left;
    bool w_fits = (int64_t)((w_bytes + (uint64_t)b->w_bytes - 1) / (uint64_t)b->w_bytes) <= b->w_capacity;

    /* Without reuse the activations come again for every column tile: by turns, where one fits and ends a beat. */
    stream_open(&u->a.stream, STREAM_ACTIVATIONS, p, u->part);
    uint64_t a_bytes = u->a.stream.left, turns = (uint64_t)((u->part.n + b->cols - 1) / b->cols);
    uint64_t turn = a_bytes / turns, a_beat = (uint64_t)b->a_bytes;
    /* TURNS has 16 bits. */
    bool by_turns = !p->reuse && turns <= 0xFFFF && turn % a_beat == 0 && turn / a_beat <= (uint64_t)b->a_capacity;
    sink_open(&u->sink, p, u->part, d->acc);
    u->taken = 0;
    if (!set_board(u, BCQ_BOARD_REG_R_RESET, 1, error)
        || !feeder_begin(u, &u->w, &map_w, b->w_capacity, b->w_bytes, b->w_bytes, w_bytes, 1,
                         is_resident && w_fits, error)
        || !feeder_begin(u, &u->a, &map_a, b->a_capacity, a_memory_bytes(b), b->a_bytes, by_turns ? turn : a_bytes,
                         by_turns ? (uint32_t)turns : 1, false, error))
        return false;
    u->resident.n = 0;
    if (!fill(u, &u->w, &d->moved, error) || !fill(u, &u->a, &d->moved, error)) return false;
    if (w_fits) u->resident = u->part;
    u->running = true;
    return registers_product(&u->registers, p, u->part, error);
}

static bool start_uart(bcq_device *d, bcq_error *error) {
    uart_state *u = d->state;
    (void)error;
    bcq_plan_job job = { d->p.m, d->p.n, d->p.k, d->p.encode, d->p.bf16_results, !d->p.reuse };
    splitter_open(&u->splitter, &d->info, &job);
    u->running = false;
    u->resident.n = 0;                   /* other weights, perhaps */
    u->beats = 0;
    u->all_beats = d->p.m * ((d->p.n + d->info.cols - 1) / d->info.cols)
                 * sink_beats_a_token(&d->info, d->p.bf16_results);
    return true;
}

/* Reads result beats that are there, a frame at most. */
static bool fetch(bcq_device *d, uart_state *u, bcq_error *error) {
    const bcq_device_info *b = &d->info;
    if (u->sink.left == 0) return true;
    uint32_t tail;
    if (!get_board(u, BCQ_BOARD_REG_R_TAIL, &tail, error)) return false;
    int64_t there = (int64_t)((tail - (uint32_t)u->taken) & LENGTH_MAX), stride = words_of(b->r_bytes);
    while (there > 0 && u->sink.left > 0) {
        uint32_t words[BEAT_BYTES_MAX / 4 + UART_WORDS];
        int64_t slot = u->taken % b->r_capacity, beats = UART_WORDS / stride > 0 ? UART_WORDS / stride : 1;
        if (beats > there) beats = there;
        if (beats > b->r_capacity - slot) beats = b->r_capacity - slot;
        if (beats > (int64_t)u->sink.left) beats = (int64_t)u->sink.left;
        if (!uart_read(u->uart, BCQ_BOARD_MEMORY_R + 4 * (uint32_t)(slot * stride), words,
                       (size_t)(beats * stride), error))
            return false;
        for (int64_t i = 0; i < beats; i++) sink_take(&u->sink, (const uint8_t *)(words + i * stride));
        u->taken += beats;
        u->beats += beats;
        there -= beats;
        d->moved += (uint64_t)beats;
    }
    return set_board(u, BCQ_BOARD_REG_R_RELEASED, (uint32_t)(u->taken & LENGTH_MAX), error);
}

static bcq_device_state work(bcq_device *d, bcq_error *error) {
    uart_state *u = d->state;
    double until = device_now() + DEVICE_WORK_MS * 1e-3;
    do {
        if (!u->running) {
            if (!splitter_next(&u->splitter, &u->part)) return BCQ_DEVICE_DONE;
            if (!begin_command(d, error)) return BCQ_DEVICE_FAILED;
        }
        uint64_t before = d->moved;
        if (!feed(u, &u->w, &d->moved, error) || !feed(u, &u->a, &d->moved, error) || !fetch(d, u, error))
            return BCQ_DEVICE_FAILED;
        d->done = (double)u->beats / (double)u->all_beats;
        if (u->sink.left > 0 && d->moved != before) continue;
        bool ended;
        if (!registers_ended(&u->registers, d->name, &ended, &d->counters, error)) return BCQ_DEVICE_FAILED;
        if (ended && u->sink.left == 0) {
            if (!registers_counters(&u->registers, &d->counters, false, error)) return BCQ_DEVICE_FAILED;
            u->running = false;
        }
    } while (device_now() < until);
    return BCQ_DEVICE_RUNNING;
}

const backend device_uart = { load_codebooks, start_uart, work, abort_uart, close_uart };
