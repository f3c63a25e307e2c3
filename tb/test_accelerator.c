/* The accelerator at its pins (AXI4-Lite, four AXI4-Streams) against the golden model, to the bit, and its
 * registers, counters, errors and resets. Usage: test_accelerator [-seed S] [-runs N] [-mutant N] CONFIG_OR_MODEL...
 *
 * Per configuration: the registers; N random products (packed or BF16 activations, FP32 or BF16 results, reuse or
 * not, random stalls on every stream and on the bus); then for each way of going wrong N/10 products or so
 * that do, each followed by one that must be right. What was covered is counted and printed; with 40 products or
 * more a configuration a class that stayed empty, or an ERROR bit that was never seen, fails, unless no
 * configuration has what it needs. CONFIG_OR_MODEL: a row of rtl/accelerator/configs.def, or a file (with a slash).
 * -mutant N: fault N of a mutated netlist (tb/mutate.sh); ends with the first failure. */
#include <dlfcn.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bcq_registers.h"
#include "dut.h"
#include "rtl.h"
#include "stall.h"

enum { CB, W, A, R, STREAMS };
static const char *const stream_name[STREAMS] = { "s_axis_cb", "s_axis_w", "s_axis_a", "m_axis_r" };
enum { WORDS = 64, BEAT_BYTES = 4 * WORDS, HANG = 200000 };

enum {
    C_PACKED, C_ENCODED, C_FP32, C_BF16, C_REUSE, C_REPEATED, C_TWO_M_TILES, C_N_TAIL, C_K_TAIL, C_STALLED, C_FREE,
    C_SHORT_CB, C_SHORT_W, C_SHORT_A, C_LONG_CB, C_LONG_W, C_LONG_A, C_BAD_COMMAND, C_BUSY, C_BUFFER, C_TIMEOUT,
    C_NAN_SCALE, C_NONFINITE, C_FROZEN_DIFFERS, C_CONTROL_RESET, C_RESET, C_INTERRUPT, C_CLOSED, CLASSES
};
static const char *const class_name[CLASSES] = {
    "packed activations", "BF16 activations", "FP32 results", "BF16 results", "activations reused",
    "activations repeated", "two m tiles or more", "N tail", "K tail", "stalled", "free running",
    "codebook stream too short", "weight stream too short", "activation stream too short", "codebook stream too long",
    "weight stream too long", "activation stream too long", "malformed command", "written while busy",
    "tile beyond the buffer", "time-out", "NaN scales", "non-finite activations", "codebooks differ from the frozen ones",
    "CONTROL.RESET in a command", "reset in a command", "interrupt", "closing beat after an abort",
};

enum { ERRORS = 13, JUDGED_RUNS = 40 };
static const char *const error_name[ERRORS] = {
    "SHORT_CB", "SHORT_W", "SHORT_A", "LONG_CB", "LONG_W", "LONG_A", "COMMAND", "BUSY", "BUFFER", "TIMEOUT", "SCALE_NAN",
    "NONFINITE", "CODEBOOK",
};

static uint64_t seed = 1;
static long mutant = -1;  /* of a mutated netlist, or none */
static long passed, failed, class_count[CLASSES], errors_of_bit[ERRORS];
static bool have_columns, have_encoder, have_buffer, have_overflow, have_frozen;  /* in one configuration or more */
static const char *where_config, *where_what = "";

static void verdict(bool good, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void verdict(bool good, const char *format, ...) {
    if (good) { passed++; return; }
    if (failed++ > 30) return;
    va_list args;
    va_start(args, format);
    fprintf(stderr, "FAIL %s %s seed=%llu: ", where_config, where_what, (unsigned long long)seed);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    if (mutant > 0) {
        printf("%ld passed, %ld failed\n", passed, failed);
        exit(EXIT_FAILURE);
    }
}

/* ---- The pins ----------------------------------------------------------------------------------------- */

static const dut_model *model;
static dut *top;
static uint64_t now;  /* clock cycles */

static int port(const char *name) {
    int number = model->port(name, NULL);
    if (number < 0) { fprintf(stderr, "test_accelerator: no port %s\n", name); exit(2); }
    return number;
}
static void set(int number, uint32_t value) {
    uint32_t words[2] = { value, 0 };
    model->set(top, number, words);
}
static uint32_t get(int number) {
    uint32_t words[2] = { 0, 0 };
    model->get(top, number, words);
    return words[0];
}

typedef struct {
    int valid, ready, data, last, keep, width;
    stall_side stall;
    uint8_t *bytes;          /* a source's, to send; the sink's, received */
    size_t size, room;       /* bytes, a multiple of width */
    size_t real;             /* bytes before the padding */
    bool pads;               /* the padding goes as bytes that count, where no whole word fits it */
    size_t at;               /* the next beat */
    size_t last_at;          /* the beat that has TLAST; SIZE_MAX: none */
    size_t limit;            /* beats that are offered at most */
    bool shown, ended;       /* the sink: TLAST was seen */
    bool refuses;            /* the sink takes nothing */
    size_t refuse_at;        /* the sink takes nothing from this beat on */
    size_t packet;           /* the sink: bytes up to and with the first TLAST */
    uint64_t last_move;
} stream;
static stream streams[STREAMS];
static uint64_t silence_from, silence_least, any_move;  /* the first silence of so many cycles began there; 0: none did */

static int rst_ni, irq, awvalid, awready, awaddr, wvalid, wready, wdata, wstrb, bvalid, bready, bresp, arvalid, arready,
    araddr, rvalid, rready, rdata, rresp;
static stall_side bus_stall;

static void find_ports(void) {
    const struct { const char *name; int *number; } ports[] = {
        { "rst_ni", &rst_ni }, { "irq_o", &irq }, { "s_axil_awvalid_i", &awvalid }, { "s_axil_awready_o", &awready },
        { "s_axil_awaddr_i", &awaddr }, { "s_axil_wvalid_i", &wvalid }, { "s_axil_wready_o", &wready },
        { "s_axil_wdata_i", &wdata }, { "s_axil_wstrb_i", &wstrb }, { "s_axil_bvalid_o", &bvalid },
        { "s_axil_bready_i", &bready }, { "s_axil_bresp_o", &bresp }, { "s_axil_arvalid_i", &arvalid },
        { "s_axil_arready_o", &arready }, { "s_axil_araddr_i", &araddr }, { "s_axil_rvalid_o", &rvalid },
        { "s_axil_rready_i", &rready }, { "s_axil_rdata_o", &rdata }, { "s_axil_rresp_o", &rresp },
    };
    for (size_t i = 0; i < sizeof ports / sizeof *ports; i++) *ports[i].number = port(ports[i].name);
    for (int s = 0; s < STREAMS; s++) {
        const struct { const char *end; int *number; } parts[] = {
            { s == R ? "tvalid_o" : "tvalid_i", &streams[s].valid }, { s == R ? "tready_i" : "tready_o", &streams[s].ready },
            { s == R ? "tdata_o" : "tdata_i", &streams[s].data }, { s == R ? "tlast_o" : "tlast_i", &streams[s].last },
        };
        for (int i = 0; i < 4; i++) {
            char name[64];
            snprintf(name, sizeof name, "%s_%s", stream_name[s], parts[i].end);
            *parts[i].number = port(name);
        }
        streams[s].keep = s == W ? port("s_axis_w_tkeep_i") : s == A ? port("s_axis_a_tkeep_i") : -1;
        int bits;
        model->port(s == R ? "m_axis_r_tdata_o" : s == CB ? "s_axis_cb_tdata_i" : s == W ? "s_axis_w_tdata_i" : "s_axis_a_tdata_i", &bits);
        streams[s].width = bits / 8;
        if (bits > 32 * WORDS) { fprintf(stderr, "test_accelerator: stream too wide\n"); exit(2); }
    }
}

static void append(stream *s, const void *bytes, size_t size) {
    if (s->size + size > s->room) {
        s->room = 2 * (s->size + size);
        s->bytes = realloc(s->bytes, s->room);
        if (!s->bytes) abort();
    }
    memcpy(s->bytes + s->size, bytes, size);
    s->size += size;
}

static size_t beats(const stream *s) { return s->size / (size_t)s->width; }

/* Zero bytes up to a whole beat; everything is offered, TLAST on the last beat. */
static void finish(stream *s) {
    static const uint8_t zeros[BEAT_BYTES];
    s->real = s->size;
    if (s->size % (size_t)s->width) append(s, zeros, (size_t)s->width - s->size % (size_t)s->width);
    s->at = 0;
    s->limit = beats(s);
    s->last_at = s->limit - 1;
}

static void clear_streams(void) {
    for (int s = 0; s < STREAMS; s++) {
        stream *t = &streams[s];
        t->size = t->at = t->limit = t->packet = 0;
        t->last_at = SIZE_MAX;
        t->ended = false;
        if (s != R) t->shown = false;
        if (s != R) set(t->valid, 0);
        t->refuse_at = SIZE_MAX;
    }
}

/* TKEEP of the beat at hand: with TLAST the bytes before the padding, else whatever. */
static void set_keep(const stream *s) {
    uint32_t words[WORDS / 8];
    size_t first = s->at * (size_t)s->width;
    for (int i = 0; i < s->width; i += 32) {
        words[i / 32] = s->at == s->last_at ? 0 : (uint32_t)rnd();
        for (int k = 0; k < 32 && s->at == s->last_at; k++)
            if (first + (size_t)(i + k) < s->real || s->pads) words[i / 32] |= 1u << k;
    }
    model->set(top, s->keep, words);
}

/* One clock cycle of all streams. The bus ports are the caller's. */
static void settle_streams(void) {
    uint32_t words[WORDS];
    for (int i = 0; i < STREAMS; i++) {
        stream *s = &streams[i];
        if (i == R) {
            set(s->ready, !stall_next(&s->stall) && !s->refuses && s->at < s->refuse_at);
        } else if (!s->shown && s->at < s->limit && !stall_next(&s->stall)) {
            memcpy(words, s->bytes + s->at * (size_t)s->width, (size_t)s->width);
            model->set(top, s->data, words);
            set(s->last, s->at == s->last_at);
            if (s->keep >= 0) set_keep(s);
            set(s->valid, 1);
            s->shown = true;
        }
    }
    model->settle(top);
}

static void edge_streams(void) {
    uint32_t words[WORDS] = { 0 };
    bool moved[STREAMS], last = false;
    for (int i = 0; i < STREAMS; i++) moved[i] = get(streams[i].valid) && get(streams[i].ready);
    if (moved[R]) {
        model->get(top, streams[R].data, words);
        last = get(streams[R].last);
    }
    model->edge(top);
    now++;
    if (moved[CB] || moved[W] || moved[A] || moved[R]) {
        if (!silence_from && now - any_move > silence_least) silence_from = any_move;
        any_move = now;
    }
    for (int i = 0; i < STREAMS; i++) {
        stream *s = &streams[i];
        if (!moved[i]) continue;
        s->last_move = now;
        s->at++;
        if (i == R) {
            append(s, words, (size_t)s->width);
            if (last && !s->ended) { s->ended = true; s->packet = s->size; }
        } else {
            s->shown = false;
            set(s->valid, 0);
        }
    }
}

static void cycle(void) {
    settle_streams();
    edge_streams();
}

static void reset(void) {
    clear_streams();
    set(rst_ni, 1);
    model->settle(top);
    set(rst_ni, 0);
    set(awvalid, 0);
    set(wvalid, 0);
    set(arvalid, 0);
    set(bready, 0);
    set(rready, 0);
    set(streams[R].ready, 0);
    for (int i = 0; i < 2; i++) { model->settle(top); model->edge(top); now++; }
    set(rst_ni, 1);
    model->settle(top);
}

/* ---- The bus ------------------------------------------------------------------------------------------ */

static uint64_t written_at;  /* the cycle in which the last write was taken */

/* A source may take back what it shows only in a reset: CONTROL.RESET acts in the second cycle after its write. */
static void take_back(void) {
    for (int s = 0; s < R; s++) {
        streams[s].shown = false;
        streams[s].limit = 0;
        set(streams[s].valid, 0);
    }
}

static uint32_t bus_write_strobe(uint32_t address, uint32_t value, uint32_t strobe) {
    bool address_first = below(2), both = below(2), done = false, taken = false;
    int resets = 0;  /* cycles until the reset acts */
    set(awaddr, address);
    set(wdata, value);
    set(wstrb, strobe);
    uint32_t response = 0;
    for (int i = 0; (!done || resets) && i < 1000; i++) {
        set(awvalid, !taken && (both || address_first || i > 2));
        set(wvalid, !taken && (both || !address_first || i > 2));
        bool want = !done && !stall_next(&bus_stall);
        set(bready, want);
        if (resets && --resets == 0) take_back();
        settle_streams();
        bool aw = get(awvalid) && get(awready), w = get(wvalid) && get(wready);
        if (aw != w) { verdict(false, "address and data of a write are taken apart"); exit(1); }
        if (get(bvalid) && want) { done = true; response = get(bresp); }
        if (aw) {
            taken = true;
            written_at = now;
            if (address == BCQ_REG_CONTROL && (value & BCQ_CONTROL_RESET)) resets = 2;
        }
        edge_streams();
    }
    set(bready, 0);
    if (!done) { verdict(false, "no answer to a write of %03x", address); exit(1); }
    return response;
}

static void bus_write(uint32_t address, uint32_t value) {
    uint32_t response = bus_write_strobe(address, value, 15);
    if (response) verdict(false, "write of %03x: response %u", address, response);
}

static uint32_t bus_read_response(uint32_t address, uint32_t *response) {
    bool taken = false;
    set(araddr, address);
    for (int i = 0; i < 1000; i++) {
        set(arvalid, !taken);
        bool want = !stall_next(&bus_stall), done = false;
        uint32_t value = 0;
        set(rready, want);
        settle_streams();
        if (get(arvalid) && get(arready)) taken = true;
        if (get(rvalid) && want) { done = true; value = get(rdata); *response = get(rresp); }
        edge_streams();
        if (done) {
            set(rready, 0);
            set(arvalid, 0);
            return value;
        }
    }
    verdict(false, "no answer to a read of %03x", address);
    exit(1);
}

static uint32_t bus_read(uint32_t address) {
    uint32_t response, value = bus_read_response(address, &response);
    if (response) verdict(false, "read of %03x: response %u", address, response);
    return value;
}

static uint64_t bus_read_counter(uint32_t address) {
    return bus_read(address) | (uint64_t)bus_read(address + 4) << 32;
}

/* ---- What was built ------------------------------------------------------------------------------------ */

static struct {
    int lanes, lb, la, nc, b, ew, cols, t, ndec, exact, frozen, deep, table_memory, enc_lanes, cb_per_cycle, a_bytes,
        w_bytes, r_bytes, act_words, result_words;
} build;
static bcq_codebooks cb_a, cb_w;

/* The row of rtl/configs.def that a model was built from: CONFIG, or the file WHATEVER_CONFIG.WHATEVER. */
static const char *row_of(const char *config) {
    static char row[101];
    const char *base = strrchr(config, '/'), *under;
    if (!base) return config;
    under = strrchr(base, '_');
    snprintf(row, sizeof row, "%s", under ? under + 1 : base + 1);
    row[strcspn(row, ".")] = 0;
    return row;
}

/* The fields of a row, as numbers where they are. */
static int read_row(const char *file, const char *row, int fields[], int most) {
    FILE *f = fopen(file, "r");
    char line[1000];
    int found = 0;
    while (f && !found && fgets(line, sizeof line, f)) {
        const char *word = strtok(line, " \n");
        if (!word || strcmp(word, row) != 0) continue;
        while (found < most && (word = strtok(NULL, " \n"))) fields[found++] = atoi(word);
    }
    if (f) fclose(f);
    return found;
}

/* Every register of what was built, against the rows (from the project's root). */
static void check_build(const char *config) {
    int core[20] = { 0 }, streams_of[20] = { 0 };
    const char *row = row_of(config);
    if (read_row("rtl/configs.def", row, core, 20) < 16 || read_row("rtl/accelerator/configs.def", row, streams_of, 20) < 6) {
        verdict(false, "no row %s", row);
        return;
    }
    bool encoder = streams_of[0];
    const int want[] = {
        core[13], core[0], core[1], core[2], core[3], core[4], core[5], core[6], core[7], build.exact, build.frozen, core[14],
        core[15], encoder ? core[10] : 0, encoder ? core[11] : 0, streams_of[1], streams_of[2], streams_of[3], streams_of[4],
        streams_of[5], 0,
    };
    for (int i = 0; i < 21; i++) {
        uint32_t have = bus_read((uint32_t)(BCQ_REG_LANES + 4 * i));
        verdict(have == (uint32_t)want[i], "register %03x: wanted %d, got %u", BCQ_REG_LANES + 4 * i, want[i], have);
    }
}

static void read_build(void) {
    int *field = &build.lanes;
    for (int i = 0; i < 20; i++) field[i] = (int)bus_read((uint32_t)(BCQ_REG_LANES + 4 * i));
}

static void draw_codebooks(bcq_codebooks *cb) {
    *cb = (bcq_codebooks){ .p = { .la = build.la, .lb = build.lb, .nc = build.nc, .index_bits = build.b, .entry_bits = build.ew } };
    int cmax = bcq_cmax(&cb->p), entries = bcq_entries(&cb->p);
    for (int c = 0; c < build.nc; c++) {
        for (int k = 0; k < entries; k++) {
            int v = below(2 * cmax + 1) - cmax, at = k;
            while (at > 0 && cb->entry[c][at - 1] > v) { cb->entry[c][at] = cb->entry[c][at - 1]; at--; }
            cb->entry[c][at] = (int8_t)v;
        }
    }
}

/* ---- A product ----------------------------------------------------------------------------------------- */

typedef struct {
    int m, n, arrays;
    bool encode, bf16, reuse;
    int exponent;
    bcq_array *a, *w;       /* [m][arrays], [n][arrays] */
    uint16_t *x;            /* [m][arrays][la], with encode */
    bool nan_scale, nonfinite;
} product;

static int ceil_div(int a, int b) { return (a + b - 1) / b; }
static int min(int a, int b) { return a < b ? a : b; }

static void draw_array(bcq_array *a) {
    memset(a, 0, sizeof *a);
    a->scale = (uint8_t)below(256);
    if (bcq_scale_is_nan(a->scale)) a->scale = 0x30;
    for (int i = 0; i < build.la / build.lb; i++) a->selector[i] = (uint8_t)below(build.nc);
    for (int i = 0; i < build.la; i++) a->index[i] = (uint8_t)below(1 << build.b);
}

static void product_free(product *p) {
    free(p->a);
    free(p->w);
    free(p->x);
}

static void draw_product(product *p, int m, int n, int arrays) {
    *p = (product){ .m = m, .n = n, .arrays = arrays, .encode = build.enc_lanes && below(2), .bf16 = below(2) };
    p->reuse = build.act_words && min(m, build.t) * arrays <= build.act_words && below(4);
    p->a = calloc((size_t)(m * arrays), sizeof *p->a);
    p->w = calloc((size_t)(n * arrays), sizeof *p->w);
    p->x = calloc((size_t)(m * arrays * build.la), sizeof *p->x);
    if (!p->a || !p->w || !p->x) abort();
    for (int i = 0; i < n * arrays; i++) draw_array(&p->w[i]);
    for (int i = 0; i < m * arrays && !p->encode; i++) draw_array(&p->a[i]);
    if (below(8) == 0) {
        p->nan_scale = true;
        p->w[below(n * arrays)].scale = (uint8_t)(0x7F | below(2) << 7);
        if (!p->encode) p->a[below(m * arrays)].scale = 0x7F;
    }
    if (!p->encode) return;
    p->exponent = below(21) - 14;
    bool wild = below(4) == 0;
    for (int i = 0; i < m * arrays * build.la; i++)
        p->x[i] = wild && below(20) == 0 ? (uint16_t)(below(65536) | (below(4) ? 0 : 0x7F80)) : bcq_f32_to_bf16((float)(normal() * pow(2, p->exponent + 5)));
    for (int i = 0; i < m * arrays; i++) {
        float value[BCQ_LA_MAX];
        for (int k = 0; k < build.la; k++) value[k] = bcq_online_bf16(p->x[i * build.la + k], &p->nonfinite);
        bcq_encode_array(value, p->exponent, &cb_a, &p->a[i]);
    }
}

/* Contract section 8 by the golden model's own functions. */
static float golden(const product *p, int m, int n) {
    float acc = 0;
    int64_t fixed = 0;
    for (int j = 0; j < p->arrays; j++) {
        const bcq_array *a = &p->a[m * p->arrays + j], *w = &p->w[n * p->arrays + j];
        int8_t entry_a[BCQ_LA_MAX], entry_w[BCQ_LA_MAX];
        bcq_decode_entries(a, &cb_a, entry_a);
        bcq_decode_entries(w, &cb_w, entry_w);
        int32_t psum = bcq_psum(entry_a, entry_w, build.la);
        if (build.exact) fixed = bcq_accumulate_exact(fixed, psum, a->scale, w->scale);
        else             acc = bcq_accumulate_fp32(acc, psum, a->scale, w->scale);
    }
    if (build.exact) acc = bcq_exact_to_f32(fixed);
    return p->bf16 ? bcq_result_bf16(acc) : acc;
}

static void append_record(stream *s, const bcq_array *a) {
    uint8_t record[256] = { 0 };
    bcq_array_pack(a, &cb_a.p, record);
    append(s, record, bcq_array_bytes(&cb_a.p));
}

static void fill_streams(const product *p) {
    static const bcq_array nothing;
    clear_streams();
    for (int m0 = 0; m0 < p->m; m0 += build.t) {
        for (int n0 = 0; n0 < p->n; n0 += build.cols) {
            for (int j = 0; j < p->arrays; j++) {
                for (int c = n0; c < n0 + build.cols; c++)
                    append_record(&streams[W], c < p->n ? &p->w[c * p->arrays + j] : &nothing);
                for (int m = m0; m < min(m0 + build.t, p->m) && (!p->reuse || n0 == 0); m++) {
                    int i = m * p->arrays + j;
                    if (p->encode) append(&streams[A], &p->x[i * build.la], 2 * (size_t)build.la);
                    else           append_record(&streams[A], &p->a[i]);
                }
            }
        }
    }
    finish(&streams[W]);
    finish(&streams[A]);
    int record = (int)bcq_array_bytes(&cb_a.p);
    streams[W].pads = build.w_bytes <= record && below(2);
    streams[A].pads = build.a_bytes <= (p->encode ? 2 * build.enc_lanes * build.lb : record) && below(2);
}

static uint32_t number;
static uint32_t mode_of(const product *p) {
    return (p->encode ? BCQ_MODE_ENCODE : 0) | (p->reuse ? BCQ_MODE_REUSE : 0) | (p->bf16 ? BCQ_MODE_BF16 : 0);
}

static void set_up(const product *p) {
    bus_write(BCQ_REG_SHAPE_M, (uint32_t)p->m);
    bus_write(BCQ_REG_SHAPE_N_TILES, (uint32_t)ceil_div(p->n, build.cols));
    bus_write(BCQ_REG_SHAPE_K_ARRAYS, (uint32_t)p->arrays);
    bus_write(BCQ_REG_MODE, mode_of(p));
    bus_write(BCQ_REG_EXPONENT, (uint32_t)p->exponent & 0xFF);
}

static void command(int op) {
    number = (number + 1 + (uint32_t)below(3)) & 0xFFFF;
    if (number == 0) number = 1;
    bus_write(BCQ_REG_COMMAND, number | (uint32_t)op << BCQ_COMMAND_OP_LSB);
}

/* Until DONE says so; reading only now and then. */
static bool wait_done(void) {
    for (int i = 0; i < HANG; i += 20) {
        if (bus_read(BCQ_REG_DONE) == number) return true;
        if (below(4) == 0) bus_write(BCQ_REG_COMMAND, number);  /* a repeated command does nothing */
        for (int k = 0; k < 20; k++) cycle();
    }
    verdict(false, "DONE does not come");
    reset();
    return false;
}

static uint32_t read_errors(void) {
    uint32_t have = bus_read(BCQ_REG_ERROR);
    for (int i = 0; i < ERRORS; i++) errors_of_bit[i] += have >> i & 1;
    return have;
}

static void want_errors(uint32_t want) {
    uint32_t have = read_errors();
    verdict(have == want, "ERROR: wanted %04x, got %04x", want, have);
    uint32_t status = bus_read(BCQ_REG_STATUS);
    verdict((status & 3) == (want ? BCQ_STATUS_FAILED : 0), "STATUS: got %x after ERROR %04x", status, want);
    bus_write(BCQ_REG_ERROR, have);
}

/* The results that came, if all of them came. Returns mismatches. */
static long compare(const product *p) {
    const uint8_t *at = streams[R].bytes;
    size_t size = p->bf16 ? 2 : 4, token = (size_t)build.cols * size;
    size_t step = (token + (size_t)build.r_bytes - 1) / (size_t)build.r_bytes * (size_t)build.r_bytes;
    long wrong = 0;
    for (int m0 = 0; m0 < p->m; m0 += build.t)
        for (int n0 = 0; n0 < p->n; n0 += build.cols)
            for (int m = m0; m < min(m0 + build.t, p->m); m++, at += step) {
                for (int c = 0; c < build.cols; c++) {
                    float want = n0 + c < p->n ? golden(p, m, n0 + c) : 0;
                    uint32_t have = 0, wish;
                    memcpy(&have, at + (size_t)c * size, size);
                    memcpy(&wish, &want, sizeof wish);
                    if (p->bf16) have <<= 16;
                    if (n0 + c < p->n) wrong += have != wish;
                }
                for (size_t i = token; i < step; i++) wrong += at[i] != 0;
            }
    return wrong;
}

static uint64_t expected_tokens(const product *p) {
    return (uint64_t)p->m * (uint64_t)ceil_div(p->n, build.cols) * (uint64_t)p->arrays;
}

static bool stalled_somewhere(void) {
    for (int s = 0; s < STREAMS; s++) if (rate_in_8[streams[s].stall.rate]) return true;
    return false;
}

static void draw_stalls(void) {
    bool none = below(3) == 0;
    for (int s = 0; s < STREAMS; s++)
        streams[s].stall = (stall_side){ .rate = none ? 0 : below(RATES), .bursts = below(2) ? 16 : 0 };
    bus_stall = (stall_side){ .rate = below(RATES) };
}

/* Of all results, with the padding of each token. */
static size_t result_bytes(const product *p) {
    size_t size = p->bf16 ? 2 : 4, beat = (size_t)build.r_bytes;
    return ((size_t)build.cols * size + beat - 1) / beat * beat * (size_t)p->m * (size_t)ceil_div(p->n, build.cols);
}

/* A whole product that must be right. after: what went wrong before, for the messages. */
static void run_product(const product *p, const char *what) {
    where_what = what;
    fill_streams(p);
    set_up(p);
    command(BCQ_OP_PRODUCT);
    uint64_t command_at = written_at;
    if (!wait_done()) return;
    uint64_t ended_at = streams[R].last_move;
    size_t want = result_bytes(p);
    verdict(streams[R].ended && streams[R].packet == want && streams[R].size == want,
            "results: wanted %zu bytes up to TLAST, got %zu of %zu", want, streams[R].packet, streams[R].size);
    if (streams[R].size != want) { reset(); return; }
    long wrong = compare(p);
    verdict(wrong == 0, "M %d N %d arrays %d mode %x: %ld results differ", p->m, p->n, p->arrays, mode_of(p), wrong);
    want_errors((p->nan_scale ? BCQ_ERROR_SCALE_NAN : 0) | (p->nonfinite ? BCQ_ERROR_NONFINITE : 0));

    uint64_t cycles = bus_read_counter(BCQ_REG_CYCLES), issued = bus_read_counter(BCQ_REG_ISSUED);
    uint64_t in = bus_read_counter(BCQ_REG_STALL_IN), out = bus_read_counter(BCQ_REG_STALL_OUT);
    verdict(cycles == ended_at - command_at - 2, "CYCLES: wanted %llu, got %llu",
            (unsigned long long)(ended_at - command_at - 2), (unsigned long long)cycles);
    verdict(issued == expected_tokens(p), "ISSUED: wanted %llu, got %llu",
            (unsigned long long)expected_tokens(p), (unsigned long long)issued);
    verdict(issued + in + out <= cycles, "more waits than cycles");
    for (int s = W; s < STREAMS; s++) {
        uint64_t count = bus_read_counter((uint32_t)(BCQ_REG_CB_COUNT + 8 * s));
        verdict(count == streams[s].size, "%s: wanted %zu bytes counted, got %llu", stream_name[s], streams[s].size,
                (unsigned long long)count);
    }
    verdict(bus_read_counter(BCQ_REG_CB_COUNT) == 0, "codebook bytes in a product");
    class_count[C_PACKED] += !p->encode;
    class_count[C_ENCODED] += p->encode;
    class_count[C_FP32] += !p->bf16;
    class_count[C_BF16] += p->bf16;
    class_count[C_REUSE] += p->reuse && p->n > build.cols;
    class_count[C_REPEATED] += !p->reuse && p->n > build.cols;
    class_count[C_TWO_M_TILES] += p->m > build.t;
    class_count[C_N_TAIL] += p->n % build.cols != 0;
    class_count[C_K_TAIL] += p->arrays > 1;
    class_count[C_NAN_SCALE] += p->nan_scale;
    class_count[C_NONFINITE] += p->nonfinite;
    class_count[stalled_somewhere() ? C_STALLED : C_FREE]++;
}

static void draw_size(int *m, int *n, int *arrays) {
    *m = 1 + below(below(3) ? min(2 * build.t, 40) : 2 * build.t + 2);
    *n = 1 + below(3 * build.cols);
    *arrays = 1 + below(3);
    int fit = build.act_words / build.t;  /* so many fill the buffer, if it is a multiple of T */
    if (below(8) == 0 && fit >= 1 && fit <= 8) { *m = build.t + below(build.t); *arrays = fit; }
    if (below(16) == 0) { *m = 1 + below(150); *n = 1 + below(2 * build.cols); *arrays = 1; }
}

static void run_random(const char *what) {
    product p;
    int m, n, arrays;
    draw_size(&m, &n, &arrays);
    draw_product(&p, m, n, arrays);
    run_product(&p, what);
    product_free(&p);
}

/* ---- Codebooks ----------------------------------------------------------------------------------------- */

static void fill_codebooks(void) {
    clear_streams();
    const bcq_codebooks *sets[2] = { &cb_a, &cb_w };
    for (int i = 0; i < 2; i++)
        for (int c = 0; c < build.nc; c++) append(&streams[CB], sets[i]->entry[c], (size_t)1 << build.b);
    finish(&streams[CB]);
}

static void load_codebooks(const char *what) {
    where_what = what;
    fill_codebooks();
    command(BCQ_OP_CODEBOOKS);
    if (!wait_done()) return;
    want_errors(0);
    verdict(bus_read_counter(BCQ_REG_CB_COUNT) == streams[CB].size, "codebook bytes");
}

static void new_codebooks(void) {
    if (build.frozen) return;
    draw_codebooks(&cb_a);
    draw_codebooks(&cb_w);
    load_codebooks("codebooks");
}

/* ---- What goes wrong ------------------------------------------------------------------------------------ */

/* After a failed product: its results end with a TLAST (the closing beat, if need be). */
static void want_closed(void) {
    for (int i = 0; i < 1000 && !streams[R].ended; i++) cycle();
    verdict(streams[R].ended, "results of a failed product have no TLAST");
    for (int i = 0; i < 40; i++) cycle();
    verdict(streams[R].size == streams[R].packet, "beats behind the TLAST of a failed product");
    class_count[C_CLOSED] += streams[R].ended;
}

/* Lets what is left of the input packets be dropped; one that has not begun stays for CONTROL.RESET. */
static void let_drain(void) {
    bool left = true;
    for (int i = 0; left && i < 40000; i++) {
        left = false;
        for (int s = 0; s < R; s++) left |= streams[s].at < streams[s].limit && streams[s].at > 0;
        if (left) cycle();
    }
    verdict(!left, "the rest of a packet is not dropped");
    for (int s = 0; s < R; s++) left |= streams[s].at < streams[s].limit;
    if (left) {
        bus_write(BCQ_REG_CONTROL, BCQ_CONTROL_RESET);
        for (int i = 0; i < 4; i++) cycle();
    }
}

/* Beats behind the TLAST of a packet that was too short belong to the next command: they wait. */
static void want_untaken(int s) {
    for (int i = 0; i < 20; i++) cycle();
    verdict(streams[s].at == streams[s].last_at + 1, "%s: beats of the next packet were taken", stream_name[s]);
    bus_write(BCQ_REG_CONTROL, BCQ_CONTROL_RESET);
    for (int i = 0; i < 4; i++) cycle();
}

/* way: 0 the last beats are missing; 1 beats of the next packet follow at once; 2 the last beat is cut off as well;
 * 3 only the packet's last bytes are missing. */
enum { SHORT_WAYS = 4 };
static void short_stream(int s, int way) {
    product p;
    int m, n, arrays;
    draw_size(&m, &n, &arrays);
    draw_product(&p, m, n, arrays);
    p.nan_scale = p.nonfinite = false;
    fill_streams(&p);
    stream *t = &streams[s];
    if (beats(t) > 1) {
        where_what = s == W ? "short weights" : "short activations";
        t->last_at = (size_t)below((int)beats(t) - 1);
        /* All that the beats behind it have is missing, and a part of its own bytes or all. */
        bool next = way == 1;
        if (!next) t->limit = t->last_at + 1;
        if (way >= 2) {
            if (way == 3) { t->limit = beats(t); t->last_at = t->limit - 1; }
            size_t first = t->last_at * (size_t)t->width;
            t->real = first + (size_t)below(min(t->width, (int)(t->real - first)));
            t->pads = false;
        }
        set_up(&p);
        command(BCQ_OP_PRODUCT);
        if (wait_done()) {
            uint32_t have = read_errors();
            uint32_t mine = s == W ? BCQ_ERROR_SHORT_W : BCQ_ERROR_SHORT_A;
            verdict((have & mine) && !(have & ~(mine | BCQ_ERROR_SCALE_NAN | BCQ_ERROR_NONFINITE)),
                    "ERROR: wanted %04x, got %04x", mine, have);
            bus_write(BCQ_REG_ERROR, have);
            class_count[s == W ? C_SHORT_W : C_SHORT_A]++;
            want_closed();
            if (next) want_untaken(s);
            else      let_drain();
        }
    }
    product_free(&p);
}

static void long_stream(int s) {
    product p;
    int m, n, arrays;
    draw_size(&m, &n, &arrays);
    draw_product(&p, m, n, arrays);
    fill_streams(&p);
    where_what = s == W ? "long weights" : "long activations";
    /* A whole word more, in the same packet or with TLAST on time for all but it. */
    size_t right = streams[s].limit;
    uint8_t more[600] = { 0 };
    for (int i = 0; i < 600; i++) more[i] = (uint8_t)below(256);
    int record = (int)bcq_array_bytes(&cb_a.p), word = s == A && p.encode ? 2 * build.enc_lanes * build.lb : record;
    if (below(2)) streams[s].size = streams[s].real;  /* the last beat has it in part */
    append(&streams[s], more, below(2) ? (size_t)word : 520 + (size_t)below(80));
    finish(&streams[s]);
    set_up(&p);
    command(BCQ_OP_PRODUCT);
    if (wait_done()) {
        uint32_t mine = s == W ? BCQ_ERROR_LONG_W : BCQ_ERROR_LONG_A, have = bus_read(BCQ_REG_ERROR);
        /* What is beyond the product may be encoded ahead of need, NaN and all. */
        uint32_t also = (p.nan_scale ? BCQ_ERROR_SCALE_NAN : 0) | (have & BCQ_ERROR_NONFINITE);
        if (!p.encode) also &= ~(uint32_t)BCQ_ERROR_NONFINITE;
        want_errors(mine | also);
        verdict(compare(&p) == 0, "results differ");
        let_drain();
        verdict(streams[s].at >= right - 1, "beats left");
        class_count[s == W ? C_LONG_W : C_LONG_A]++;
    }
    product_free(&p);
}

static void wrong_codebooks(bool is_long) {
    where_what = "codebook stream";
    fill_codebooks();
    if (is_long) {
        uint32_t more[3] = { 0 };
        append(&streams[CB], more, sizeof more);
        finish(&streams[CB]);
    } else {
        streams[CB].last_at = (size_t)below((int)beats(&streams[CB]) - 1);
        if (below(2)) streams[CB].limit = streams[CB].last_at + 1;
    }
    command(BCQ_OP_CODEBOOKS);
    if (wait_done()) want_errors(is_long ? BCQ_ERROR_LONG_CB : BCQ_ERROR_SHORT_CB);
    if (is_long) let_drain();
    else         want_untaken(CB);
    class_count[is_long ? C_LONG_CB : C_SHORT_CB]++;
    if (build.frozen) {
        fill_codebooks();
        streams[CB].bytes[below((int)streams[CB].size)] ^= 1;
        command(BCQ_OP_CODEBOOKS);
        if (wait_done()) want_errors(BCQ_ERROR_CODEBOOK);
        let_drain();
        class_count[C_FROZEN_DIFFERS]++;
    } else {
        load_codebooks("codebooks after a failure");
    }
}

enum { BAD_COMMANDS = 6 };
static void bad_command(int which) {
    where_what = "malformed command";
    product p;
    draw_product(&p, 1, 1, 1);
    clear_streams();
    set_up(&p);
    int op = BCQ_OP_PRODUCT;
    switch (which) {
        case 0: bus_write(BCQ_REG_SHAPE_M, 0); break;
        case 1: bus_write(BCQ_REG_SHAPE_N_TILES, 0); break;
        case 2: bus_write(BCQ_REG_SHAPE_K_ARRAYS, 0); break;
        case 3: op = 2 + below(2); break;
        case 4: if (build.enc_lanes) op = 2; else bus_write(BCQ_REG_MODE, BCQ_MODE_ENCODE); break;
        default: if (build.act_words) op = 3; else bus_write(BCQ_REG_MODE, BCQ_MODE_REUSE); break;
    }
    command(op);
    if (wait_done()) want_errors(BCQ_ERROR_COMMAND);
    product_free(&p);
    class_count[C_BAD_COMMAND]++;
}

static void write_while_busy(void) {
    product p;
    draw_product(&p, build.t, 2 * build.cols, 2);
    where_what = "written while busy";
    fill_streams(&p);
    set_up(&p);
    command(BCQ_OP_PRODUCT);
    streams[R].refuses = true;  /* the product does not end meanwhile */
    static const uint32_t nothing[] = { 0x180, 0x280, 0x480, 0x880, 0x1a0, 0x4ac, 0x8b0 };
    for (int i = 0; i < 7; i++)
        verdict(bus_write_strobe(nothing[i], 0xFFFF ^ number, 15) == 2, "a write to no register was taken");
    verdict(!(bus_read(BCQ_REG_ERROR) & BCQ_ERROR_BUSY), "a write to no register was refused as busy");
    int which = below(4);  /* one or two of them, or all */
    if (which % 3 == 0) bus_write(BCQ_REG_SHAPE_M, 1);
    if (which == 1 || which == 3) bus_write(BCQ_REG_MODE, mode_of(&p) ^ BCQ_MODE_BF16);
    if (which >= 2) bus_write(BCQ_REG_COMMAND, number + 7);
    streams[R].refuses = false;
    if (wait_done()) {
        want_errors(BCQ_ERROR_BUSY | (p.nan_scale ? BCQ_ERROR_SCALE_NAN : 0) | (p.nonfinite ? BCQ_ERROR_NONFINITE : 0));
        verdict(streams[R].ended && compare(&p) == 0, "results differ");
        verdict(bus_read(BCQ_REG_SHAPE_M) == (uint32_t)p.m && bus_read(BCQ_REG_MODE) == mode_of(&p)
                && (bus_read(BCQ_REG_COMMAND) & 0xFFFF) == number, "a write that was refused changed something");
        class_count[C_BUSY]++;
    }
    product_free(&p);
}

/* The fewest block arrays of a whole tile that the buffer does not hold. */
static int too_many_arrays(void) { return build.act_words / build.t + 1; }
static bool buffer_can_overflow(void) { return build.act_words && build.t * too_many_arrays() <= 4096; }

/* REUSE where the tile does not fit the buffer. */
static void beyond_buffer(void) {
    if (!buffer_can_overflow()) return;
    product p;
    draw_product(&p, build.t, build.cols + 1, too_many_arrays());
    p.reuse = true;
    where_what = "tile beyond the buffer";
    fill_streams(&p);
    set_up(&p);
    command(BCQ_OP_PRODUCT);
    if (wait_done()) {
        uint32_t have = read_errors();
        verdict((have & ~(uint32_t)(BCQ_ERROR_SCALE_NAN | BCQ_ERROR_NONFINITE)) == BCQ_ERROR_BUFFER, "ERROR: wanted %04x, got %04x",
                BCQ_ERROR_BUFFER, have);
        bus_write(BCQ_REG_ERROR, have);
        class_count[C_BUFFER]++;
        want_closed();
        let_drain();
    }
    product_free(&p);
}

/* s: the stream that stops. last: of the results only the last beat is not taken. late: the time-out is written when
 * all has been silent for longer. */
static void silence(int s, bool last, bool late) {
    product p;
    int m, n, arrays;
    draw_size(&m, &n, &arrays);
    draw_product(&p, m, n, arrays);
    where_what = "time-out";
    fill_streams(&p);
    if (s != R) streams[s].limit = (size_t)below((int)beats(&streams[s]));
    int patience = last ? 5000 + below(100) : 250 + below(100);  /* the test is slow with more bits */
    bus_write(BCQ_REG_TIMEOUT, late ? 0 : (uint32_t)patience);
    set_up(&p);
    command(BCQ_OP_PRODUCT);
    uint64_t begun = written_at + 2;  /* CYCLES counts from here */
    silence_least = (uint64_t)patience;
    silence_from = 0;
    if (any_move < begun) any_move = begun;
    streams[R].refuses = s == R && !last;
    if (s == R) streams[R].refuse_at = result_bytes(&p) / (size_t)build.r_bytes - 1;
    if (late) {
        for (int i = 0; i < patience + 4000; i++) cycle();
        verdict(bus_read(BCQ_REG_STATUS) & BCQ_STATUS_BUSY, "a time-out of 0 was taken for one");
        bus_write(BCQ_REG_TIMEOUT, (uint32_t)patience);
    }
    if (wait_done()) {
        uint64_t cycles = bus_read_counter(BCQ_REG_CYCLES);
        uint64_t want = (silence_from ? silence_from : any_move) - begun + (uint64_t)patience + 1;
        verdict(late || cycles == want, "time-out after %llu cycles, wanted %llu", (unsigned long long)cycles,
                (unsigned long long)want);
        uint32_t have = read_errors() & ~(uint32_t)(BCQ_ERROR_SCALE_NAN | BCQ_ERROR_NONFINITE);
        verdict(have == BCQ_ERROR_TIMEOUT, "ERROR: wanted %04x, got %04x", BCQ_ERROR_TIMEOUT, have);
        bus_write(BCQ_REG_ERROR, 0x1FFF);
        class_count[C_TIMEOUT]++;
        streams[R].refuses = false;
        streams[R].refuse_at = SIZE_MAX;
        want_closed();
    }
    streams[R].refuses = false;
    bus_write(BCQ_REG_CONTROL, BCQ_CONTROL_RESET);
    for (int i = 0; i < 4; i++) cycle();
    bus_write(BCQ_REG_TIMEOUT, 0x1000000);
    product_free(&p);
}

/* A reset, of the whole or by CONTROL, in the middle of a command. */
static void stop(bool hard) {
    product p;
    int m, n, arrays;
    draw_size(&m, &n, &arrays);
    draw_product(&p, m, n, arrays);
    where_what = hard ? "reset" : "CONTROL.RESET";
    fill_streams(&p);
    set_up(&p);
    command(BCQ_OP_PRODUCT);
    int wait = below(below(2) ? 30 : 600);
    if (below(2)) streams[R].refuse_at = (size_t)below(6);  /* ends within a token, too */
    for (int i = 0; i < wait; i++) cycle();
    if (hard) {
        reset();
        number = 0;
        verdict(!get(streams[R].valid) && !get(irq), "a result or an interrupt after a reset");
        verdict(bus_read(BCQ_REG_DONE) == 0 && bus_read(BCQ_REG_STATUS) == 0 && bus_read(BCQ_REG_ERROR) == 0
                && bus_read(BCQ_REG_SHAPE_M) == 0 && bus_read_counter(BCQ_REG_CYCLES) == 0, "not as after a reset");
        class_count[C_RESET]++;
    } else {
        streams[R].refuses = below(2);  /* a beat that waits goes too */
        for (int i = 0; i < 20; i++) cycle();
        bus_write(BCQ_REG_CONTROL, BCQ_CONTROL_RESET);
        for (int i = 0; i < 4; i++) cycle();
        verdict(!get(streams[R].valid), "a result after CONTROL.RESET");
        streams[R].refuses = false;
        verdict(bus_read(BCQ_REG_DONE) == number && !(bus_read(BCQ_REG_STATUS) & BCQ_STATUS_BUSY), "still busy");
        bus_write(BCQ_REG_ERROR, 0x1FFF);
        class_count[C_CONTROL_RESET]++;
    }
    clear_streams();
    product_free(&p);
}

static void interrupt(void) {
    where_what = "interrupt";
    product p;
    draw_product(&p, 2, 1, 1);
    p.nan_scale = false;
    bus_write(BCQ_REG_IRQ_CAUSE, 3);
    bus_write(BCQ_REG_IRQ_ENABLE, BCQ_IRQ_ENABLE_DONE);
    verdict(!get(irq), "interrupt before the command");
    fill_streams(&p);
    set_up(&p);
    command(BCQ_OP_PRODUCT);
    for (int i = 0; i < 3000 && !get(irq); i++) cycle();
    verdict(get(irq) && bus_read(BCQ_REG_DONE) == number, "no interrupt, or too early");
    verdict(bus_read(BCQ_REG_STATUS) & BCQ_STATUS_IRQ, "STATUS.IRQ");
    bus_write(BCQ_REG_IRQ_CAUSE, BCQ_IRQ_CAUSE_DONE);
    cycle();
    verdict(!get(irq), "interrupt that was cleared");
    bus_write(BCQ_REG_ERROR, 0x1FFF);
    bus_write(BCQ_REG_IRQ_CAUSE, 3);
    bus_write(BCQ_REG_IRQ_ENABLE, BCQ_IRQ_ENABLE_ERROR);
    bus_write(BCQ_REG_SHAPE_M, 0);
    command(BCQ_OP_PRODUCT);
    for (int i = 0; i < 30 && !get(irq); i++) cycle();
    verdict(get(irq), "no interrupt of an error");
    for (int i = 0; i < 4; i++) cycle();
    verdict(bus_read(BCQ_REG_IRQ_CAUSE) == (BCQ_IRQ_CAUSE_DONE | BCQ_IRQ_CAUSE_ERROR), "causes of a command that failed");
    bus_write(BCQ_REG_IRQ_CAUSE, BCQ_IRQ_CAUSE_DONE);
    verdict(bus_read(BCQ_REG_IRQ_CAUSE) == BCQ_IRQ_CAUSE_ERROR && get(irq), "clearing one cause cleared another");
    want_errors(BCQ_ERROR_COMMAND);
    bus_write(BCQ_REG_IRQ_CAUSE, 3);
    bus_write(BCQ_REG_IRQ_ENABLE, 0);
    class_count[C_INTERRUPT]++;
    product_free(&p);
}

/* ---- Registers ------------------------------------------------------------------------------------------ */

static void registers(void) {
    where_what = "registers";
    verdict(bus_read(BCQ_REG_IDENTITY) == BCQ_MAGIC, "IDENTITY");
    verdict(bus_read(BCQ_REG_VERSION) == BCQ_INTERFACE, "VERSION");
    static const uint32_t writable[] = { BCQ_REG_IRQ_ENABLE, BCQ_REG_TIMEOUT, BCQ_REG_SHAPE_M, BCQ_REG_SHAPE_N_TILES,
                                         BCQ_REG_SHAPE_K_ARRAYS, BCQ_REG_MODE, BCQ_REG_EXPONENT };
    static const uint32_t mask[] = { 3, 0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 7, 0xFF };
    static const uint32_t known[] = { 0x000, 0x004, 0x080, 0x084, 0x088, 0x08c, 0x090, 0x094, 0x098, 0x09c, 0x0a0, 0x0a4, 0x0a8,
                                      0x0ac, 0x0b0 };
    for (int i = 0; i < 7; i++) {
        uint32_t before = bus_read(writable[i]), value = (uint32_t)rnd();
        verdict(bus_write_strobe(writable[i], ~value, 7) == 2 && bus_read(writable[i]) == before, "a partial write of %03x", writable[i]);
        bus_write(writable[i], value);
        verdict(bus_read(writable[i]) == (value & mask[i]), "%03x keeps another value", writable[i]);
        bus_write(writable[i], before);
    }
    for (uint32_t address = 0; address < 0x1000; address += 1 + 2 * (address > 0x200)) {
        bool is_known = address % 4 == 0 && ((address >= 0x010 && address <= 0x060) || (address >= 0x0c0 && address < 0x100));
        for (size_t i = 0; i < sizeof known / sizeof *known; i++) is_known |= address == known[i];
        uint32_t response;
        bus_read_response(address, &response);
        verdict(response == (is_known ? 0u : 2u), "read of %03x: response %u", address, response);
        bool is_written = address == 0x080 || (address >= 0x08c && address <= 0x0b0 && address % 4 == 0);
        if (is_written) continue;
        verdict(bus_write_strobe(address, 0xFFFFFFFF, 15) == 2, "write of %03x was taken", address);
    }
}

/* ---- Main ----------------------------------------------------------------------------------------------- */

static void test_config(const char *config, int runs) {
    where_config = config;
    char path[PATH_MAX];
    bcq_error error;
    if (strchr(config, '/')) {
        snprintf(path, sizeof path, "%s", config);
    } else if (!rtl_model_path(config, ".accelerator", path, sizeof path, &error)) {
        verdict(false, "%s", error.message);
        return;
    }
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    model = library ? dlsym(library, "dut_model_table") : NULL;
    if (!model) { verdict(false, "%s: %s", path, dlerror()); return; }
    top = model->open(seed);
    find_ports();
    if (mutant >= 0) set(port("mutsel"), (uint32_t)mutant);
    memset(&bus_stall, 0, sizeof bus_stall);
    for (int s = 0; s < STREAMS; s++) streams[s].stall = (stall_side){ 0 };
    number = 0;
    reset();
    verdict(!get(streams[R].valid) && !get(irq), "a result or an interrupt after power-up");
    read_build();
    check_build(config);
    registers();
    have_columns |= build.cols > 1;
    have_encoder |= build.enc_lanes > 0;
    have_buffer |= build.act_words > 0;
    have_overflow |= buffer_can_overflow();
    have_frozen |= build.frozen;
    if (build.frozen) {
        if (!rtl_frozen_codebooks(row_of(config), &cb_a, &error)) { verdict(false, "%s", error.message); return; }
        cb_w = cb_a;
    }
    new_codebooks();
    load_codebooks("codebooks");
    for (int i = 0; i < runs; i++) {
        draw_stalls();
        if (i % 8 == 7) new_codebooks();
        run_random("product");
        if (i % 10 != 9) continue;
        for (int kind = 0; kind < 11; kind++) {
            static const char *const after[] = { "after short weights", "after short activations", "after long weights",
                "after long activations", "after a codebook failure", "after a malformed command", "after writes while busy",
                "after a tile beyond the buffer", "after a time-out", "after CONTROL.RESET", "after a reset" };
            draw_stalls();
            switch (kind) {
                case 0: for (int way = 0; way < SHORT_WAYS; way++) short_stream(W, way); break;
                case 1: for (int way = 0; way < SHORT_WAYS; way++) short_stream(A, way); break;
                case 2: long_stream(W); break;
                case 3: long_stream(A); break;
                case 4: wrong_codebooks(true); wrong_codebooks(false); break;
                case 5: for (int which = 0; which < BAD_COMMANDS; which++) bad_command(which); break;
                case 6: write_while_busy(); break;
                case 7: beyond_buffer(); break;
                case 8:
                    for (int s = W; s <= R; s++) silence(s, false, below(2));
                    silence(R, true, false);
                    silence(R, true, true);
                    break;
                case 9: stop(false); break;
                default: stop(true); if (!build.frozen) load_codebooks("codebooks after a reset"); break;
            }
            run_random(after[kind]);
        }
        interrupt();
    }
    model->close(top);
    dlclose(library);
}

/* A class or an ERROR bit that never occurred, in a test long enough for all of them. */
static bool needs_more(bool encoder, bool buffer, bool overflow, bool frozen) {
    return (encoder && !have_encoder) || (buffer && !have_buffer) || (overflow && !have_overflow) || (frozen && !have_frozen);
}
static void judge_coverage(bool judged) {
    where_config = "all";
    where_what = "coverage";
    for (int i = 0; i < CLASSES; i++) {
        printf("  %-40s %8ld\n", class_name[i], class_count[i]);
        bool excused = needs_more(i == C_ENCODED || i == C_NONFINITE, i == C_REUSE, i == C_BUFFER, i == C_FROZEN_DIFFERS)
            || (i == C_N_TAIL && !have_columns);
        if (judged && !excused) verdict(class_count[i] > 0, "nothing of this kind: %s", class_name[i]);
    }
    for (int i = 0; i < ERRORS; i++) {
        printf("  ERROR.%-34s %8ld\n", error_name[i], errors_of_bit[i]);
        bool excused = needs_more(i == BCQ_ERROR_NONFINITE_LSB, false, i == BCQ_ERROR_BUFFER_LSB, i == BCQ_ERROR_CODEBOOK_LSB);
        if (judged && !excused) verdict(errors_of_bit[i] > 0, "ERROR.%s was never seen", error_name[i]);
    }
}

static int usage(void) {
    fprintf(stderr, "usage: test_accelerator [-seed S] [-runs N] [-mutant N] CONFIG_OR_MODEL...\n");
    return 2;
}

int main(int argc, char **argv) {
    long runs = JUDGED_RUNS;
    int at = 1;
    for (; at + 1 < argc && argv[at][0] == '-'; at += 2) {
        char *end;
        long value = strtol(argv[at + 1], &end, 10);
        if (*end || end == argv[at + 1] || value < 0 || value > INT_MAX) return usage();
        if (strcmp(argv[at], "-seed") == 0) seed = (uint64_t)value;
        else if (strcmp(argv[at], "-runs") == 0) runs = value;
        else if (strcmp(argv[at], "-mutant") == 0) mutant = value;
        else return usage();
    }
    if (at >= argc || argv[at][0] == '-') return usage();
    printf("test_accelerator seed=%llu runs=%ld\n", (unsigned long long)seed, runs);
    random_state = seed;
    for (; at < argc; at++) test_config(argv[at], (int)runs);
    judge_coverage(runs >= JUDGED_RUNS && mutant < 0);
    for (int i = 0; i < STREAMS; i++) free(streams[i].bytes);
    printf("%ld passed, %ld failed\n", passed, failed);
    return failed || !passed;
}
