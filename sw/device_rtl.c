#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#include "device_internal.h"
#include "dut.h"

/* Back end rtl: bcq_accelerator, simulated. One function steps a clock cycle of everything: the four
 * streams from and to byte buffers, and the register access that is under way. Ports are touched only
 * where something moves, for the model is what takes the time. */

enum {
    BEAT_WORDS_MAX = 256,                /* 1024 bytes */
    BUFFER = 32768,                      /* bytes that are made ahead of a stream */
    CLOCK_EVERY = 256,                   /* cycles between two looks at the clock */
    ACCESS_CYCLES = 64                   /* of one register access, at the most */
};

/* One stream into the model. */
typedef struct {
    int valid, ready, data, last, keep;  /* ports; the codebooks have no keep */
    size_t beat_bytes;
    stream stream;
    bool active;                         /* there are beats to send */
    bool shown;                          /* tvalid is high */
    uint64_t beats_left;                 /* the one that is shown included */
    uint8_t buffer[BUFFER];
    size_t at, size;
} source;

typedef struct {
    void *library;
    const dut_model *model;
    dut *dut;
    int rst, awvalid, awready, awaddr, wvalid, wready, wdata, wstrb, bvalid, bready, bresp, arvalid, arready,
        araddr, rvalid, rready, rdata, rresp, r_valid, r_ready, r_data, r_last, irq;
    source source[3];                    /* codebooks, weights, activations */
    sink sink;
    bool r_ready_shown, r_ended;         /* ended: TLAST of the product came */
    size_t r_bytes;
    registers registers;
    bool failed;                         /* a source could not go on; error says why */
    bcq_error error;
    uint64_t cycles;                     /* of the product */
    bool running;

    bool traced;                         /* the model can */
    char trace[4096];                    /* or "" */
    uint64_t trace_from, trace_to;
    enum { TRACE_NOT_YET, TRACE_ON, TRACE_OVER } tracing;

    device_rtl_stall *stall;             /* of tests */
    void *stall_context;
} rtl_state;

/* ---- Ports --------------------------------------------------------------------------------- */

static void set1(rtl_state *r, int port, uint32_t value) {
    uint32_t words[2] = { value, 0 };
    r->model->set(r->dut, port, words);
}

static uint32_t get1(const rtl_state *r, int port) {
    uint32_t words[2] = { 0, 0 };
    r->model->get(r->dut, port, words);
    return words[0];
}

/* ---- Streams ------------------------------------------------------------------------------- */

/* Shows the next beat, if there is one. */
static void show(rtl_state *r, source *s) {
    if (s->beats_left == 0) {
        s->active = false;
        return;
    }
    if (s->size - s->at < s->beat_bytes && s->stream.left > 0) {
        memmove(s->buffer, s->buffer + s->at, s->size - s->at);
        s->size -= s->at;
        s->at = 0;
        size_t some = BUFFER - s->size < s->stream.left ? BUFFER - s->size : (size_t)s->stream.left;
        if (!stream_read(&s->stream, s->buffer + s->size, some, &r->error)) {
            r->failed = true;
            s->active = false;
            return;
        }
        s->size += some;
    }
    uint32_t words[BEAT_WORDS_MAX];
    size_t some = s->size - s->at < s->beat_bytes ? s->size - s->at : s->beat_bytes;
    words[(s->beat_bytes - 1) / 4] = 0;
    memcpy(words, s->buffer + s->at, some);
    memset((uint8_t *)words + some, 0, s->beat_bytes - some);  /* "the last beat is zero padded" */
    s->at += some;
    r->model->set(r->dut, s->data, words);
    if (s->beats_left == 1) {
        set1(r, s->last, 1);
        memset(words, 0, s->beat_bytes / 8 + 4);  /* TKEEP: the bytes that are not padding */
        for (size_t i = 0; i < some; i++) words[i / 32] |= 1u << i % 32;
        if (s->keep >= 0) r->model->set(r->dut, s->keep, words);
    }
    if (!s->shown) set1(r, s->valid, 1);
    s->shown = true;
}

static void hide(rtl_state *r, source *s) {
    if (!s->shown) return;
    set1(r, s->valid, 0);
    set1(r, s->last, 0);
    s->shown = false;
}

static void send(rtl_state *r, int which, const product *p, part part) {
    source *s = &r->source[which];
    stream_open(&s->stream, which, p, part);
    s->beats_left = (s->stream.left + s->beat_bytes - 1) / s->beat_bytes;
    s->at = s->size = 0;
    s->active = true;
    if (!r->stall) show(r, s);
}

/* ---- A clock cycle ------------------------------------------------------------------------- */

static bool stalled(rtl_state *r, int side) { return r->stall && r->stall(r->stall_context, side); }

/* Returns how many beats moved. */
static int cycle(rtl_state *r) {
    if (r->stall) {                      /* a source that has shown a beat keeps it */
        for (int i = 1; i < 3; i++)
            if (r->source[i].active && !r->source[i].shown && !stalled(r, i - 1)) show(r, &r->source[i]);
        bool ready = !stalled(r, 2);
        if (ready != r->r_ready_shown) set1(r, r->r_ready, ready);
        r->r_ready_shown = ready;
        if (r->source[0].active && !r->source[0].shown) show(r, &r->source[0]);
    }
    if (r->tracing == TRACE_NOT_YET && r->trace[0] && r->running && r->cycles >= r->trace_from) {
        if (!r->model->trace(r->dut, r->trace)) {
            bcq_fail(&r->error, "--trace: wanted a file to write, got %s", r->trace);
            r->failed = true;
        }
        r->tracing = TRACE_ON;
    } else if (r->tracing == TRACE_ON && r->cycles > r->trace_to) {
        r->model->trace(r->dut, NULL);
        r->tracing = TRACE_OVER;
    }

    r->model->settle(r->dut);
    bool moves[3];
    int moved = 0;
    for (int i = 0; i < 3; i++) {
        moves[i] = r->source[i].shown && get1(r, r->source[i].ready);
        moved += moves[i];
    }
    bool result = r->r_ready_shown && get1(r, r->r_valid);
    uint32_t words[BEAT_WORDS_MAX];
    if (result) {
        moved++;
        r->model->get(r->dut, r->r_data, words);
        r->r_ended = get1(r, r->r_last);
    }
    r->model->edge(r->dut);
    r->cycles++;

    for (int i = 0; i < 3; i++) {
        source *s = &r->source[i];
        if (!moves[i]) continue;
        s->beats_left--;
        if (r->stall || s->beats_left == 0) hide(r, s);
        if (s->beats_left == 0) s->active = false;
        else if (!r->stall) show(r, s);
    }
    if (result && r->sink.left > 0) sink_take(&r->sink, (const uint8_t *)words);
    return moved;
}

/* ---- Registers ----------------------------------------------------------------------------- */

/* Steps cycles until `port` is high; the cycle in which it is has settled and not ended. */
static bool wait_high(rtl_state *r, int port, bcq_error *error) {
    for (int i = 0; i < ACCESS_CYCLES; i++) {
        r->model->settle(r->dut);
        if (get1(r, port)) return true;
        cycle(r);
    }
    return bcq_fail(error, "rtl: wanted an answer on the register bus, got none in %d cycles", ACCESS_CYCLES);
}

static bool write_register(void *bus, uint32_t address, uint32_t value, bcq_error *error) {
    rtl_state *r = bus;
    set1(r, r->awaddr, address);
    set1(r, r->wdata, value);
    set1(r, r->awvalid, 1);
    set1(r, r->wvalid, 1);
    if (!wait_high(r, r->awready, error)) return false;  /* bcq_registers takes both at once */
    cycle(r);
    set1(r, r->awvalid, 0);
    set1(r, r->wvalid, 0);
    if (!wait_high(r, r->bvalid, error)) return false;
    uint32_t answer = get1(r, r->bresp);
    cycle(r);
    return answer == 0 || bcq_fail(error, "rtl: wanted register 0x%03x written, got a bus error", (unsigned)address);
}

static bool read_register(void *bus, uint32_t address, uint32_t *value, bcq_error *error) {
    rtl_state *r = bus;
    set1(r, r->araddr, address);
    set1(r, r->arvalid, 1);
    if (!wait_high(r, r->arready, error)) return false;
    cycle(r);
    set1(r, r->arvalid, 0);
    if (!wait_high(r, r->rvalid, error)) return false;
    uint32_t answer = get1(r, r->rresp);
    *value = get1(r, r->rdata);
    cycle(r);
    return answer == 0 || bcq_fail(error, "rtl: wanted register 0x%03x read, got a bus error", (unsigned)address);
}

/* ---- Opening and closing ------------------------------------------------------------------- */

static bool find_ports(rtl_state *r, const char *path, bcq_error *error) {
    source *cb = &r->source[STREAM_CODEBOOKS], *w = &r->source[STREAM_WEIGHTS], *a = &r->source[STREAM_ACTIVATIONS];
    const struct { const char *name; int *port; } ports[] = {
        { "rst_ni", &r->rst },
        { "s_axil_awvalid_i", &r->awvalid }, { "s_axil_awready_o", &r->awready },
        { "s_axil_awaddr_i", &r->awaddr },   { "s_axil_wvalid_i", &r->wvalid },
        { "s_axil_wready_o", &r->wready },   { "s_axil_wdata_i", &r->wdata },
        { "s_axil_wstrb_i", &r->wstrb },     { "s_axil_bvalid_o", &r->bvalid },
        { "s_axil_bready_i", &r->bready },   { "s_axil_bresp_o", &r->bresp },
        { "s_axil_arvalid_i", &r->arvalid }, { "s_axil_arready_o", &r->arready },
        { "s_axil_araddr_i", &r->araddr },   { "s_axil_rvalid_o", &r->rvalid },
        { "s_axil_rready_i", &r->rready },   { "s_axil_rdata_o", &r->rdata },
        { "s_axil_rresp_o", &r->rresp },     { "irq_o", &r->irq },
        { "s_axis_cb_tvalid_i", &cb->valid }, { "s_axis_cb_tready_o", &cb->ready },
        { "s_axis_cb_tdata_i", &cb->data },   { "s_axis_cb_tlast_i", &cb->last },
        { "s_axis_w_tvalid_i", &w->valid },   { "s_axis_w_tready_o", &w->ready },
        { "s_axis_w_tdata_i", &w->data },     { "s_axis_w_tlast_i", &w->last },
        { "s_axis_a_tvalid_i", &a->valid },   { "s_axis_a_tready_o", &a->ready },
        { "s_axis_a_tdata_i", &a->data },     { "s_axis_a_tlast_i", &a->last },
        { "m_axis_r_tvalid_o", &r->r_valid }, { "m_axis_r_tready_i", &r->r_ready },
        { "m_axis_r_tdata_o", &r->r_data },   { "m_axis_r_tlast_o", &r->r_last },
    };
    cb->keep = -1;
    w->keep = r->model->port("s_axis_w_tkeep_i", NULL);
    a->keep = r->model->port("s_axis_a_tkeep_i", NULL);
    for (size_t i = 0; i < sizeof ports / sizeof ports[0]; i++) {
        int bits = 0;
        *ports[i].port = r->model->port(ports[i].name, &bits);
        if (*ports[i].port < 0 || bits > 32 * BEAT_WORDS_MAX)
            return bcq_fail(error, "%s: wanted a port %s of at most %d bits, got %d", path, ports[i].name,
                            32 * BEAT_WORDS_MAX, *ports[i].port < 0 ? 0 : bits);
        for (int s = 0; s < 3; s++)
            if (ports[i].port == &r->source[s].data) r->source[s].beat_bytes = (size_t)bits / 8;
        if (ports[i].port == &r->r_data) r->r_bytes = (size_t)bits / 8;
    }
    return true;
}

static void power_up(rtl_state *r) {
    set1(r, r->rst, 1);                  /* from a random start, so that there is an edge */
    r->model->settle(r->dut);
    set1(r, r->rst, 0);
    const int low[] = { r->awvalid, r->wvalid, r->arvalid };
    for (size_t i = 0; i < sizeof low / sizeof low[0]; i++) set1(r, low[i], 0);
    for (int i = 0; i < 3; i++) {
        set1(r, r->source[i].valid, 0);
        set1(r, r->source[i].last, 0);
        r->source[i].active = r->source[i].shown = false;
        r->source[i].beats_left = 0;
    }
    set1(r, r->bready, 1);
    set1(r, r->rready, 1);
    set1(r, r->wstrb, 15);
    set1(r, r->r_ready, 1);
    r->r_ready_shown = true;
    cycle(r);
    cycle(r);
    set1(r, r->rst, 1);
    cycle(r);
}

bool device_rtl_open(bcq_device *d, const char *path, bool traced, bcq_error *error) {
    rtl_state *r = calloc(1, sizeof *r);
    if (!r) return bcq_fail(error, "%s: wanted memory for its model, got none", path);
    d->state = r;
    r->traced = traced;
    r->library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    r->model = r->library ? dlsym(r->library, "dut_model_table") : NULL;
    if (!r->model) return bcq_fail(error, "%s: %s", path, dlerror());
    if (!find_ports(r, path, error)) return false;
    r->dut = r->model->open(1);
    power_up(r);
    r->registers = (registers){ .read = read_register, .write = write_register, .bus = r };
    d->built = true;
    if (!registers_identify(&r->registers, d->name, &d->info, error) || !registers_reset(&r->registers, error))
        return false;
    const bcq_device_info *b = &d->info;
    return (r->source[STREAM_WEIGHTS].beat_bytes == (size_t)b->w_bytes
            && r->source[STREAM_ACTIVATIONS].beat_bytes == (size_t)b->a_bytes && r->r_bytes == (size_t)b->r_bytes)
        || bcq_fail(error, "%s: wanted streams as wide as the registers say, got others", path);
}

static void close_rtl(bcq_device *d) {
    rtl_state *r = d->state;
    if (r->dut && r->tracing == TRACE_ON) r->model->trace(r->dut, NULL);
    if (r->dut) r->model->close(r->dut);
    if (r->library) dlclose(r->library);
    free(r);
}

bool device_rtl_trace(bcq_device *d, const char *path, uint64_t from, uint64_t to, bcq_error *error) {
    rtl_state *r = d->state;
    if (!r->traced) return bcq_fail(error, "--trace: wanted the back end rtl:trace, got rtl");
    if (strlen(path) >= sizeof r->trace)
        return bcq_fail(error, "--trace: wanted a name of less than %zu bytes, got %zu", sizeof r->trace, strlen(path));
    strcpy(r->trace, path);
    r->trace_from = from;
    r->trace_to = to;
    return true;
}

void device_rtl_set_stall(bcq_device *d, device_rtl_stall *stall, void *context) {
    rtl_state *r = d->state;
    r->stall = stall;
    r->stall_context = context;
    if (!stall && !r->r_ready_shown) {
        set1(r, r->r_ready, 1);
        r->r_ready_shown = true;
    }
}

/* ---- Back end ------------------------------------------------------------------------------ */

static bool abort_rtl(bcq_device *d, bcq_error *error) {
    rtl_state *r = d->state;
    r->running = false;
    r->failed = false;
    r->sink.left = 0;
    if (r->tracing == TRACE_ON) r->model->trace(r->dut, NULL);
    r->tracing = TRACE_OVER;
    r->trace[0] = 0;
    /* Not CONTROL.RESET: sources may not take back a beat that they show, except in a reset of everything. */
    power_up(r);
    d->stale_codebooks = true;
    return registers_identify(&r->registers, d->name, &d->info, error) && registers_reset(&r->registers, error);
}

static bool load_codebooks(bcq_device *d, bcq_error *error) {
    rtl_state *r = d->state;
    product p = { .build = &d->info, .cb_a = &d->cb_a, .cb_w = &d->cb_w };
    r->sink.left = 0;
    send(r, STREAM_CODEBOOKS, &p, (part){ 0, 0, 0, 0 });
    if (!registers_codebooks(&r->registers, error)) return false;
    int64_t limit = 100 + 64 * (int64_t)d->info.nc * (1 << d->info.index_bits);
    for (int64_t i = 0; i < limit && !get1(r, r->irq); i++) cycle(r);
    bool ended;
    if (!registers_ended(&r->registers, d->name, &ended, &d->counters, error)) return false;
    if (!ended) return bcq_fail(error, "%s: wanted codebooks to be taken, got no end", d->name);
    return registers_counters(&r->registers, &d->counters, true, error);
}

static bool start_rtl(bcq_device *d, bcq_error *error) {
    rtl_state *r = d->state;
    part whole = { 0, d->p.m, 0, d->p.n };
    r->failed = r->r_ended = false;
    r->tracing = TRACE_NOT_YET;
    r->cycles = 0;
    sink_open(&r->sink, &d->p, whole, d->acc);
    send(r, STREAM_WEIGHTS, &d->p, whole);
    send(r, STREAM_ACTIVATIONS, &d->p, whole);
    if (!registers_product(&r->registers, &d->p, whole, error)) return false;
    /* The command went out two cycles ago, with the answer to its write. */
    r->cycles = 1;
    r->running = true;
    return true;
}

static bcq_device_state finish(bcq_device *d, bcq_error *error) {
    rtl_state *r = d->state;
    bool ended;
    if (!registers_ended(&r->registers, d->name, &ended, &d->counters, error)) return BCQ_DEVICE_FAILED;
    if (!ended) return BCQ_DEVICE_RUNNING;
    r->running = false;
    if (!r->r_ended || r->sink.left > 0 || r->source[1].beats_left > 0 || r->source[2].beats_left > 0) {
        bcq_fail(error, "%s: wanted all streams to have ended, got one that did not", d->name);
        return BCQ_DEVICE_FAILED;
    }
    if (!registers_counters(&r->registers, &d->counters, false, error)) return BCQ_DEVICE_FAILED;
    if (r->tracing == TRACE_ON) r->model->trace(r->dut, NULL);
    if (r->trace[0] && r->tracing == TRACE_NOT_YET) {
        bcq_fail(error, "--trace-from: wanted a cycle before %llu, where the run ended, got %llu",
                 (unsigned long long)d->counters.cycles, (unsigned long long)r->trace_from);
        return BCQ_DEVICE_FAILED;
    }
    r->tracing = TRACE_OVER;
    r->trace[0] = 0;
    return BCQ_DEVICE_DONE;
}

static bcq_device_state work(bcq_device *d, bcq_error *error) {
    rtl_state *r = d->state;
    double until = device_now() + DEVICE_WORK_MS * 1e-3;
    do {
        for (int i = 0; i < CLOCK_EVERY; i++) {
            d->moved += (uint64_t)cycle(r);
            if (r->failed) {
                *error = r->error;
                return BCQ_DEVICE_FAILED;
            }
            if (get1(r, r->irq)) return finish(d, error);
        }
    } while (device_now() < until);
    const source *w = &r->source[STREAM_WEIGHTS];
    uint64_t beats = (uint64_t)(d->p.m + d->info.t - 1) / (uint64_t)d->info.t;
    beats *= (uint64_t)((d->p.n + d->info.cols - 1) / d->info.cols);
    double bytes = (double)beats * (double)(d->info.cols * d->p.arrays) * (double)stream_record_bytes(&d->info);
    d->done = bytes > 0 ? 1 - (double)w->beats_left * (double)w->beat_bytes / bytes : 0;
    if (d->done < 0) d->done = 0;
    return BCQ_DEVICE_RUNNING;
}

const backend device_rtl = { load_codebooks, start_rtl, work, abort_rtl, close_rtl };
