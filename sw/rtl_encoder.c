#include "rtl_encoder.h"

#include <dlfcn.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "dut.h"
#include "rtl.h"

enum {
    INPUT_WORDS_MAX = BCQ_LA_MAX / 2,  /* widest beat: a whole block array */
    OUTPUT_WORDS_MAX = 32,             /* 8 + LA/2 * 4 + LA * 4 bits at most */
    BOOK_WORDS_MAX = BCQ_ENTRIES_MAX * BCQ_EW_MAX / 32,
    TABLE_WORDS_MAX = BCQ_NC_MAX * BOOK_WORDS_MAX,
    HANG_CYCLES = 100000
};

struct encoder {
    void *library;
    const dut_model *model;
    dut *dut;
    encoder_build build;
    struct {
        int rst_ni, cb_valid, cb_ready, cb_book, cb_entry, table, x_valid, x_ready, x_data,
            x_exponent, a_valid, a_ready, a_data, clear, nonfinite, busy, identity;
    } port;
};

/* ---- What a build is and does ------------------------------------------------------------------ */

static int groups(const encoder_build *b) { return b->la / b->lb / b->lanes; }

uint64_t encoder_period(const encoder_build *b) {
    return (uint64_t)groups(b) * (uint64_t)(b->nc / b->cb_per_cycle);
}

uint64_t encoder_cycles_formula(const encoder_build *b, int64_t arrays) {
    return (uint64_t)groups(b) + BCQ_STAGES_ENCODER + (uint64_t)arrays * encoder_period(b);
}

const char *encoder_refuses(const encoder_build *b, const bcq_codebooks *cb) {
    if (cb->p.la != b->la) return "la of the file differs from the build's";
    if (cb->p.lb != b->lb) return "lb of the file differs from the build's";
    if (cb->p.index_bits != b->index_bits) return "the file's indices are not as wide as the build's";
    if (cb->p.entry_bits != b->entry_bits) return "the file's entries are not as wide as the build's";
    if (cb->p.nc > b->nc) return "the file has more codebooks than the build";
    return NULL;
}

/* ---- Opening ------------------------------------------------------------------------------------ */

encoder *encoder_open(const char *config, uint64_t seed, bcq_error *error) {
    char path[PATH_MAX];
    return rtl_model_path(config, ".encoder", path, sizeof path, error)
         ? encoder_open_model(path, seed, error) : NULL;
}

static bool find_ports(encoder *e, const char *path, bcq_error *error) {
    const struct { const char *name; int *port, words; } ports[] = {
        { "rst_ni", &e->port.rst_ni, 1 },             { "cb_valid_i", &e->port.cb_valid, 1 },
        { "cb_ready_o", &e->port.cb_ready, 1 },       { "cb_book_i", &e->port.cb_book, 1 },
        { "cb_entry_i", &e->port.cb_entry, BOOK_WORDS_MAX },
        { "table_i", &e->port.table, TABLE_WORDS_MAX },
        { "x_valid_i", &e->port.x_valid, 1 },         { "x_ready_o", &e->port.x_ready, 1 },
        { "x_data_i", &e->port.x_data, INPUT_WORDS_MAX },
        { "x_exponent_i", &e->port.x_exponent, 1 },   { "a_valid_o", &e->port.a_valid, 1 },
        { "a_ready_i", &e->port.a_ready, 1 },         { "a_data_o", &e->port.a_data, OUTPUT_WORDS_MAX },
        { "clear_i", &e->port.clear, 1 },             { "nonfinite_o", &e->port.nonfinite, 1 },
        { "busy_o", &e->port.busy, 1 },               { "identity_o", &e->port.identity, 5 },
    };
    for (size_t i = 0; i < sizeof ports / sizeof ports[0]; i++) {
        int bits = 0;
        *ports[i].port = e->model->port(ports[i].name, &bits);
        if (*ports[i].port < 0 || bits > 32 * ports[i].words)
            return bcq_fail(error, "%s: wanted a port %s of at most %d bits, got %d", path, ports[i].name,
                            32 * ports[i].words, *ports[i].port < 0 ? 0 : bits);
    }
    return true;
}

/* Owns the library, if any, and d, either way. */
static encoder *take(void *library, const dut_model *model, dut *d, const char *path, bcq_error *error) {
    encoder *e = calloc(1, sizeof *e);
    if (!e) {
        bcq_fail(error, "%s: wanted memory for its model, got none", path);
        model->close(d);
        if (library) dlclose(library);
        return NULL;
    }
    *e = (encoder){ .library = library, .model = model, .dut = d };
    if (!find_ports(e, path, error)) {
        encoder_close(e);
        return NULL;
    }
    model->settle(d);
    uint32_t words[5] = { 0 };
    model->get(d, e->port.identity, words);
    int *fields[] = { &e->build.lb, &e->build.la, &e->build.nc, &e->build.index_bits,
                      &e->build.entry_bits, &e->build.lanes, &e->build.cb_per_cycle,
                      &e->build.shared_table, &e->build.frozen };
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
        *fields[i] = words[i / 2] >> (i % 2 * 16) & 0xFFFF;
    encoder_reset(e);
    return e;
}

encoder *encoder_open_model(const char *path, uint64_t seed, bcq_error *error) {
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    const dut_model *model = library ? dlsym(library, "dut_model_table") : NULL;
    if (model) return take(library, model, model->open(seed), path, error);
    bcq_fail(error, "%s: %s", path, dlerror());
    if (library) dlclose(library);
    return NULL;
}

encoder *encoder_open_dut(const dut_model *model, dut *d, const char *name, bcq_error *error) {
    return take(NULL, model, d, name, error);
}

void encoder_close(encoder *e) {
    if (!e) return;
    if (e->dut) e->model->close(e->dut);
    if (e->library) dlclose(e->library);
    free(e);
}

const encoder_build *encoder_get_build(const encoder *e) { return &e->build; }

/* ---- Ports -------------------------------------------------------------------------------------- */

static void set1(encoder *e, int port, uint32_t value) {
    uint32_t words[2] = { value, 0 };
    e->model->set(e->dut, port, words);
}

static uint32_t get1(const encoder *e, int port) {
    uint32_t words[2] = { 0, 0 };
    e->model->get(e->dut, port, words);
    return words[0];
}

static void cycle(encoder *e) {
    e->model->settle(e->dut);
    e->model->edge(e->dut);
}

void encoder_reset(encoder *e) {
    set1(e, e->port.rst_ni, 1);  /* from a random start, so that there is an edge */
    e->model->settle(e->dut);
    set1(e, e->port.rst_ni, 0);
    set1(e, e->port.cb_valid, 0);
    set1(e, e->port.x_valid, 0);
    set1(e, e->port.a_ready, 0);
    set1(e, e->port.clear, 0);
    cycle(e);
    cycle(e);
    set1(e, e->port.rst_ni, 1);
    cycle(e);
}

bool encoder_is_reset(encoder *e) {
    e->model->settle(e->dut);
    return get1(e, e->port.cb_ready) && get1(e, e->port.x_ready) && !get1(e, e->port.a_valid)
        && !get1(e, e->port.busy) && !get1(e, e->port.nonfinite);
}

bool encoder_hold(encoder *e, const char *name, uint32_t value) {
    int port = e->model->port(name, NULL);
    if (port < 0) return false;
    set1(e, port, value);
    encoder_reset(e);
    return true;
}

void encoder_clear(encoder *e) {
    set1(e, e->port.clear, 1);
    cycle(e);
    set1(e, e->port.clear, 0);
}

static void put_bits(uint32_t *words, int at, uint32_t value, int bits) {
    for (int i = 0; i < bits; i++)
        words[(at + i) / 32] |= (value >> i & 1) << (at + i) % 32;
}

static uint32_t get_bits(const uint32_t *words, int at, int bits) {
    uint32_t value = 0;
    for (int i = 0; i < bits; i++)
        value |= (words[(at + i) / 32] >> (at + i) % 32 & 1) << i;
    return value;
}

bool encoder_load_codebooks(encoder *e, const bcq_codebooks *cb, bcq_error *error) {
    const encoder_build *b = &e->build;
    int entries = 1 << b->index_bits, width = b->entry_bits;
    if (b->shared_table) {  /* as bcq_codebooks keeps them: sign-magnitude */
        uint32_t table[TABLE_WORDS_MAX] = { 0 };
        for (int i = 0; i < b->nc * entries; i++) {
            int c = i / entries, v = cb->entry[c < cb->p.nc ? c : 0][i % entries];
            put_bits(table, i * width, (uint32_t)(v < 0 ? 1 << (width - 1) | -v : v), width);
        }
        e->model->set(e->dut, e->port.table, table);
        return true;
    }
    for (int c = 0; c < b->nc; c++) {
        uint32_t entry[BOOK_WORDS_MAX] = { 0 };
        for (int k = 0; k < entries; k++)
            put_bits(entry, k * width, (uint32_t)cb->entry[c < cb->p.nc ? c : 0][k], width);
        set1(e, e->port.cb_valid, 1);
        set1(e, e->port.cb_book, (uint32_t)c);
        e->model->set(e->dut, e->port.cb_entry, entry);
        e->model->settle(e->dut);
        if (!get1(e, e->port.cb_ready)) return bcq_fail(error, "encoder: wanted to load its codebooks, got busy");
        e->model->edge(e->dut);
    }
    set1(e, e->port.cb_valid, 0);
    return true;
}

/* ---- Running ------------------------------------------------------------------------------------- */

bool encoder_run(encoder *e, const uint16_t *x, const int8_t *exponent, int64_t arrays,
                 const encoder_run_options *options, bcq_array *out, encoder_run_report *report,
                 bcq_error *error) {
    const encoder_build *b = &e->build;
    int lanes = b->lanes * b->lb, beats = groups(b), selector_bits = 1;
    while (1 << selector_bits < b->nc) selector_bits++;
    int64_t sent = 0, received = 0, now = 0, last_move = 0, started = -1;
    bool x_valid = false;

    while (received < arrays) {
        if (!x_valid && sent < arrays * beats
            && !(options->stall && options->stall(options->context, ENCODER_SIDE_INPUT))) {
            uint32_t words[INPUT_WORDS_MAX] = { 0 };
            for (int i = 0; i < lanes; i++)
                words[i / 2] |= (uint32_t)x[sent * lanes + i] << i % 2 * 16;
            e->model->set(e->dut, e->port.x_data, words);
            /* The exponent of an array's last beat counts: the others carry another one. */
            uint8_t e_x = (uint8_t)exponent[sent / beats];
            set1(e, e->port.x_exponent, sent % beats == beats - 1 ? e_x : (uint8_t)~e_x);
            x_valid = true;
        }
        bool a_ready = !(options->stall && options->stall(options->context, ENCODER_SIDE_OUTPUT));
        set1(e, e->port.x_valid, x_valid);
        set1(e, e->port.a_ready, a_ready);
        e->model->settle(e->dut);
        bool x_moves = x_valid && get1(e, e->port.x_ready);
        bool a_moves = a_ready && get1(e, e->port.a_valid);
        if (get1(e, e->port.busy) != (sent > received * beats)
            || get1(e, e->port.cb_ready) == get1(e, e->port.busy))
            return bcq_fail(error, "encoder: wanted busy, and ready for codebooks, as its streams say, got another");
        if (get1(e, e->port.a_valid) && sent < (received + 1) * beats)
            return bcq_fail(error, "encoder: wanted results of arrays that it has seen whole, got one early");
        if (a_moves) {
            uint32_t words[OUTPUT_WORDS_MAX] = { 0 };
            e->model->get(e->dut, e->port.a_data, words);
            bcq_array *a = &out[received++];
            memset(a, 0, sizeof *a);
            a->scale = (uint8_t)get_bits(words, 0, 8);
            int at = 8;
            for (int i = 0; i < b->la / b->lb; i++, at += selector_bits)
                a->selector[i] = (uint8_t)get_bits(words, at, selector_bits);
            for (int i = 0; i < b->la; i++, at += b->index_bits)
                a->index[i] = (uint8_t)get_bits(words, at, b->index_bits);
        }
        e->model->edge(e->dut);
        if (x_moves) {
            if (started < 0) started = now;
            sent++;
            x_valid = false;
        }
        now++;
        if (x_moves || a_moves) last_move = now;
        if (now - last_move > HANG_CYCLES)
            return bcq_fail(error, "encoder: wanted a stream to move within %d cycles, got none", HANG_CYCLES);
    }
    set1(e, e->port.x_valid, 0);
    set1(e, e->port.a_ready, 0);
    e->model->settle(e->dut);
    if (get1(e, e->port.busy) || get1(e, e->port.a_valid))
        return bcq_fail(error, "encoder: wanted it idle after the last result, got busy");
    report->cycles = (uint64_t)(now - started);
    report->nonfinite = get1(e, e->port.nonfinite);
    return true;
}

void encoder_abandon(encoder *e, const uint16_t *x, int cycles) {
    uint32_t words[INPUT_WORDS_MAX];
    memcpy(words, x, sizeof words);
    e->model->set(e->dut, e->port.x_data, words);
    set1(e, e->port.x_valid, 1);
    for (int i = 0; i < cycles; i++) {
        set1(e, e->port.a_ready, i % 2);
        cycle(e);
    }
}
