#include "energy_rival.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LA = BCQ_LA_DEFAULT, WORDS_MAX = 32, STAGES = 3, HANG_CYCLES = 10000 };

static void set1(const rival_encoder *e, int port, uint32_t value) {
    uint32_t words[2] = { value, 0 };
    e->model->set(e->dut, port, words);
}

static uint32_t get1(const rival_encoder *e, int port) {
    uint32_t words[2] = { 0, 0 };
    e->model->get(e->dut, port, words);
    return words[0];
}

static int kind_of(const rival_encoder *e) { return e->format.kind->hardware; }

/* ---- Opening ------------------------------------------------------------------------------------------ */

static bool identify(rival_encoder *e, const char *name, bcq_error *error) {
    static const char *const spec[] = {
        [BCQ_FORMAT_INT8_TOKEN] = "int8-token", [BCQ_FORMAT_INT8] = "int8", [BCQ_FORMAT_VSQ] = "vsq",
        [BCQ_FORMAT_MXFP4] = "mxfp4", [BCQ_FORMAT_NVFP4] = "nvfp4:tensor=pow2",
    };
    uint32_t id[2] = { 0, 0 };
    char message[160];
    e->model->settle(e->dut);
    e->model->get(e->dut, e->port.identity, id);
    uint32_t format = id[0] & 0xFFFF, even = id[1] >> 16;
    e->lanes = 8 * (int)(id[1] & 0xFFFF);
    if (format >= sizeof spec / sizeof *spec || id[0] >> 16 != LA || e->lanes < 8 || LA % e->lanes)
        return bcq_fail(error, "%s: wanted the identity of a rival_encoder, got %08" PRIx32 " %08" PRIx32, name, id[0], id[1]);
    const char *wrong = bcq_format_parse(even ? "mxfp4:round=even" : spec[format], &e->format, message, sizeof message);
    if (wrong) return bcq_fail(error, "%s: %s", name, wrong);
    e->group = format == BCQ_FORMAT_INT8_TOKEN ? LA : e->format.group;
    e->element_bits = format == BCQ_FORMAT_INT8 || format == BCQ_FORMAT_INT8_TOKEN ? 8 : 4;
    e->scale_bits = format == BCQ_FORMAT_INT8_TOKEN ? 0 : format == BCQ_FORMAT_INT8 ? 16 : format == BCQ_FORMAT_VSQ ? 4 : 8;
    return true;
}

bool rival_encoder_open(const dut_model *model, dut *d, const char *name, rival_encoder *e, bcq_error *error) {
    *e = (rival_encoder){ .model = model, .dut = d };
    const struct { const char *name; int *port, bits; } ports[] = {
        { "rst_ni", &e->port.rst_ni, 1 },       { "x_valid_i", &e->port.x_valid, 1 },
        { "x_ready_o", &e->port.x_ready, 1 },   { "x_data_i", &e->port.x_data, LA * 16 },
        { "x_exponent_i", &e->port.x_exponent, 8 }, { "x_scale_i", &e->port.x_scale, 16 },
        { "a_valid_o", &e->port.a_valid, 1 },   { "a_ready_i", &e->port.a_ready, 1 },
        { "a_data_o", &e->port.a_data, 32 * WORDS_MAX }, { "clear_i", &e->port.clear, 1 },
        { "identity_o", &e->port.identity, 64 },
    };
    for (size_t i = 0; i < sizeof ports / sizeof *ports; i++) {
        int bits = 0;
        *ports[i].port = model->port(ports[i].name, &bits);
        if (*ports[i].port < 0 || bits > ports[i].bits)
            return bcq_fail(error, "%s: wanted a port %s of at most %d bits, got %d", name, ports[i].name, ports[i].bits,
                            *ports[i].port < 0 ? 0 : bits);
    }
    if (!identify(e, name, error)) return false;
    set1(e, e->port.rst_ni, 1);  /* from a random start, so that there is an edge */
    model->settle(d);
    for (int i = 0; i < 3; i++) {
        set1(e, e->port.rst_ni, i == 2);
        set1(e, e->port.x_valid, 0);
        set1(e, e->port.a_ready, 0);
        set1(e, e->port.clear, 0);
        model->settle(d);
        model->edge(d);
    }
    return true;
}

uint64_t rival_encoder_period(const rival_encoder *e) { return (uint64_t)(LA / e->lanes); }

/* rtl/rivals/rival_encoder.sv, at its top. */
uint64_t rival_encoder_cycles(const rival_encoder *e, int64_t arrays) {
    int group_beats = e->group > e->lanes ? e->group / e->lanes : 1;
    return (uint64_t)arrays * rival_encoder_period(e)
         + (uint64_t)(kind_of(e) == BCQ_FORMAT_INT8_TOKEN ? 1 : group_beats + STAGES);
}

/* ---- Rows ------------------------------------------------------------------------------------------------ */

/* What goes with a row, and its codes: {sign, magnitude}, and scales. */
typedef struct { uint32_t scale_given, exponent; uint8_t *element; uint32_t *scale; } encoded_row;

static bool encode_row(const rival_encoder *e, const uint16_t *x, int64_t k, float amax_tensor, bcq_format_row *row,
                       encoded_row *out, bcq_error *error) {
    float *value = malloc((size_t)k * sizeof *value);
    bool sticky = false;
    bcq_format_tensor t;
    if (!value) return bcq_fail(error, "energy: wanted memory for a row, got none");
    for (int64_t i = 0; i < k; i++) value[i] = bcq_online_bf16(x[i], &sticky);
    bcq_format_scale_tensor(&e->format, amax_tensor, &t);
    e->format.kind->encode(&e->format, &t, value, k, row);
    free(value);
    out->scale_given = row->row_scale;
    out->exponent = kind_of(e) == BCQ_FORMAT_NVFP4 ? (uint32_t)bcq_floor_log2(t.scale) & 0xFF : 0;
    for (int64_t i = 0; i < k; i++) {
        int q = (int8_t)row->code[i];
        bool is_float = kind_of(e) == BCQ_FORMAT_MXFP4 || kind_of(e) == BCQ_FORMAT_NVFP4;
        out->element[i] = (uint8_t)(is_float || q >= 0 ? row->code[i] : 1 << (e->element_bits - 1) | -q);
    }
    for (int64_t g = 0; e->scale_bits && g < k / e->group; g++) out->scale[g] = row->scale[g];
    return true;
}

static uint32_t get_bits(const uint32_t *words, int at, int bits) {
    uint32_t value = 0;
    for (int i = 0; i < bits; i++, at++) value |= (words[at / 32] >> at % 32 & 1) << i;
    return value;
}

/* ---- Running ---------------------------------------------------------------------------------------------- */

static bool drive(rival_encoder *e, const energy_scalars *s, int64_t row_arrays, const encoded_row *row,
                  energy_cycle *each, uint64_t *mismatches, bcq_error *difference, uint64_t *cycles, bcq_error *error) {
    int beats = LA / e->lanes, groups = LA / e->group;
    int64_t sent = 0, received = 0;
    uint64_t now = 0, started = 0, last_move = 0;
    set1(e, e->port.a_ready, 1);
    while (received < s->arrays) {
        int64_t from = sent / beats / row_arrays;
        bool valid = sent < s->arrays * beats;
        energy_each_cycle(each);
        if (valid) {
            uint32_t words[LA / 2] = { 0 };
            for (int i = 0; i < e->lanes; i++) words[i / 2] |= (uint32_t)s->x[sent * e->lanes + i] << i % 2 * 16;
            e->model->set(e->dut, e->port.x_data, words);
            set1(e, e->port.x_scale, row[from].scale_given);
            set1(e, e->port.x_exponent, row[from].exponent);
        }
        set1(e, e->port.x_valid, valid);
        e->model->settle(e->dut);
        bool x_moves = valid && get1(e, e->port.x_ready), a_moves = get1(e, e->port.a_valid);
        if (a_moves) {
            uint32_t words[WORDS_MAX] = { 0 };
            const encoded_row *want = &row[received / row_arrays];
            int64_t j = received % row_arrays;
            e->model->get(e->dut, e->port.a_data, words);
            bool same = true;
            int at = 0;
            for (int g = 0; g < groups && e->scale_bits; g++, at += e->scale_bits)
                same = same && get_bits(words, at, e->scale_bits) == want->scale[j * groups + g];
            for (int i = 0; i < LA; i++, at += e->element_bits) {
                uint32_t got = get_bits(words, at, e->element_bits), wish = want->element[j * LA + i];
                same = same && got == wish;
            }
            if (!same && (*mismatches)++ == 0)
                bcq_fail(difference, "block array %" PRId64 ": wanted the codes of the golden model, got others", received);
            received++;
        }
        if (x_moves && !sent) started = now;
        sent += x_moves;
        e->model->edge(e->dut);
        now++;
        if (x_moves || a_moves) last_move = now;
        if (now - last_move > HANG_CYCLES)
            return bcq_fail(error, "encoder: wanted a stream to move within %d cycles, got none", HANG_CYCLES);
    }
    *cycles = now - started;
    set1(e, e->port.x_valid, 0);
    set1(e, e->port.a_ready, 0);
    e->model->settle(e->dut);
    return true;
}

bool rival_encoder_run(rival_encoder *e, energy_meter *meter, const energy_scalars *s, int64_t k, const energy_window *w,
                       bool progress, uint64_t *mismatches, bcq_error *difference, bcq_error *error) {
    int64_t row_arrays = k / LA, rows = s->arrays / row_arrays;
    encoded_row *row = calloc((size_t)rows, sizeof *row);
    uint8_t *elements = calloc((size_t)s->arrays, LA);
    uint32_t *scales = calloc((size_t)s->arrays * LA, sizeof *scales);
    bcq_format_row code;
    bool has_code = bcq_format_row_alloc(&e->format, k, &code), sticky = false;
    bool good = (row && elements && scales && has_code) || bcq_fail(error, "energy: wanted memory for the rows, got none");
    float amax = 0;
    uint64_t cycles = 0;
    for (int64_t i = 0; i < s->arrays * LA; i++) amax = fmaxf(amax, fabsf(bcq_online_bf16(s->x[i], &sticky)));
    for (int64_t i = 0; good && i < rows; i++) {
        row[i].element = elements + i * k;
        row[i].scale = scales + i * k;
        good = encode_row(e, s->x + i * k, k, amax, &code, &row[i], error);
    }
    energy_cycle each;
    energy_begin(&each, meter, w, progress);
    *mismatches = 0;
    good = good && drive(e, s, row_arrays, row, &each, mismatches, difference, &cycles, error);
    energy_end(&each);
    if (good && meter) energy_wait(meter);
    if (good && cycles != rival_encoder_cycles(e, s->arrays) && (*mismatches)++ == 0)
        bcq_fail(difference, "cycles: wanted %" PRIu64 " by the formula, got %" PRIu64, rival_encoder_cycles(e, s->arrays),
                 cycles);
    if (has_code) bcq_format_row_free(&code);
    free(row);
    free(elements);
    free(scales);
    return good;
}
