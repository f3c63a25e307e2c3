#include "energy.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* ---- The meter --------------------------------------------------------------------------------- */

struct energy_meter {
    gates *g;
    energy_phase now;
    int scopes, parts;
    int *part_of;                /* [scopes] */
    gates_scope *last;           /* [scopes] at the last change of phase */
    uint64_t last_cycles, cycles[ENERGY_PHASES];
    energy_part *part;           /* [parts + 1] */
};

/* The path that synth/blocks.def means: instances with / between them. A name may have dots of its own. */
static bool path_of(const gates *g, int i, char *path, size_t size) {
    gates_scope s = gates_get_scope(g, i);
    path[0] = 0;
    if (s.parent < 0) return true;
    gates_scope up = gates_get_scope(g, s.parent);
    size_t above = strlen(up.instance);
    if (!path_of(g, s.parent, path, size)) return false;
    size_t used = strlen(path);
    int length = snprintf(path + used, size - used, "%s%s", used ? "/" : "", s.instance + (above ? above + 1 : 0));
    return length >= 0 && (size_t)length < size - used;
}

static bool find_parts(energy_meter *m, const blocks *b, bcq_error *error) {
    char path[1024];
    for (int i = 0; i < m->scopes; i++) {
        gates_scope s = gates_get_scope(m->g, i);
        if (!path_of(m->g, i, path, sizeof path))
            return bcq_fail(error, "netlist: wanted paths of less than %zu characters, got a longer one", sizeof path);
        m->part_of[i] = blocks_find(b, s.module, path);
        if (m->part_of[i] < 0)
            return bcq_fail(error, "synth/blocks.def: wanted a line for instance %s of %s, got none", path, s.module);
        energy_part *both[] = { &m->part[m->part_of[i]], &m->part[m->parts] };
        for (int k = 0; k < 2; k++) {
            both[k]->cells += s.cells;
            both[k]->leakage_w += s.leakage_w;
            both[k]->instances++;
            if (!s.words) continue;
            both[k]->memories++;
            if (s.words > both[k]->words) both[k]->words = s.words;
            if (s.width > both[k]->width) both[k]->width = s.width;
        }
        m->last[i] = s;
    }
    return true;
}

energy_meter *energy_meter_open(gates *g, const blocks *b, bcq_error *error) {
    energy_meter *m = calloc(1, sizeof *m);
    if (!m) { bcq_fail(error, "energy: wanted memory, got none"); return NULL; }
    *m = (energy_meter){ .g = g, .now = ENERGY_SETUP, .scopes = gates_scopes(g), .parts = blocks_parts(b) };
    m->part_of = calloc((size_t)m->scopes, sizeof *m->part_of);
    m->last = calloc((size_t)m->scopes, sizeof *m->last);
    m->part = calloc((size_t)m->parts + 1, sizeof *m->part);
    bool good = (m->part_of && m->last && m->part) || bcq_fail(error, "energy: wanted memory, got none");
    for (int i = 0; good && i < m->parts; i++) m->part[i].name = blocks_name(b, i);
    if (good) m->part[m->parts].name = "total";
    if (good && find_parts(m, b, error)) {
        m->last_cycles = gates_cycles(g);
        return m;
    }
    energy_meter_close(m);
    return NULL;
}

void energy_meter_close(energy_meter *m) {
    if (!m) return;
    free(m->part_of);
    free(m->last);
    free(m->part);
    free(m);
}

void energy_meter_enter(energy_meter *m, energy_phase phase) {
    for (int i = 0; i < m->scopes; i++) {
        gates_scope s = gates_get_scope(m->g, i), *l = &m->last[i];
        energy_part *both[] = { &m->part[m->part_of[i]], &m->part[m->parts] };
        for (int k = 0; k < 2; k++) {
            energy_sums *sum = &both[k]->phase[m->now];
            sum->toggles += s.toggles - l->toggles;
            sum->functional += s.functional - l->functional;
            sum->reads += s.reads - l->reads;
            sum->writes += s.writes - l->writes;
            sum->internal_j += s.internal_j - l->internal_j;
            sum->switching_j += s.switching_j - l->switching_j;
            sum->clock_j += s.clock_j - l->clock_j;
        }
        *l = s;
    }
    m->cycles[m->now] += gates_cycles(m->g) - m->last_cycles;
    m->last_cycles = gates_cycles(m->g);
    m->now = phase;
}

uint64_t energy_meter_cycles(const energy_meter *m, energy_phase phase) { return m->cycles[phase]; }
const energy_part *energy_meter_parts(energy_meter *m) { return m->part; }

/* ---- The window ---------------------------------------------------------------------------------- */

static int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

/* All passes but the last one take `period` cycles: each has T tokens. Of one pass alone the formula gives
 * LOAD + T + latency, of two a period more (docs/architecture.md, "Cycles of a product"). */
bool energy_find_window(const rtl_build *b, int64_t m, int64_t n, int64_t k, energy_window *w, bcq_error *error) {
    if (m % b->t) return bcq_fail(error, "--m: wanted a multiple of the %d tokens of a tile, got %" PRId64, b->t, m);
    int64_t latency = rtl_latency(b), arrays = ceil_div(k, b->la);
    int64_t load = (int64_t)rtl_cycles_formula(b, b->t, b->cols, b->la) - b->t - latency;
    int64_t period = (int64_t)rtl_cycles_formula(b, b->t, b->cols, 2 * b->la)
                   - (int64_t)rtl_cycles_formula(b, b->t, b->cols, b->la);
    int64_t passes = m / b->t * ceil_div(n, b->cols) * arrays;
    /* Before it the first token has left the last column; in the last pass no weights are loaded any more. */
    int64_t from = ceil_div(latency, period), count = passes - 1 - from;
    if (count < 1)
        return bcq_fail(error, "--n, --k: wanted at least %" PRId64 " passes for a steady state, got %" PRId64, from + 2,
                        passes);
    w->whole = count >= arrays;
    w->passes = w->whole ? count / arrays * arrays : count;
    w->first = (uint64_t)(load + from * period);
    w->cycles = (uint64_t)(w->passes * period);
    w->macs = (uint64_t)(w->passes * b->t) * (uint64_t)rtl_macs(b);
    /* Results of the last column tile leave in T cycles in a row. */
    w->stall = (uint64_t)(load + (passes - 1) * period + latency + b->t / 2);
    return true;
}

/* ---- A product ------------------------------------------------------------------------------------- */

void energy_begin(energy_cycle *c, energy_meter *meter, const energy_window *w, bool progress) {
    *c = (energy_cycle){ .meter = meter, .w = w, .terminal = progress && isatty(STDERR_FILENO) };
    if (meter) energy_meter_enter(meter, ENERGY_FILL);
}

void energy_each_cycle(energy_cycle *c) {
    uint64_t now = c->cycle++;
    time_t second = c->terminal ? time(NULL) : 0;
    if (second != c->shown) fprintf(stderr, "\rnetlist: cycle %" PRIu64 " ", now);
    c->shown = second;
    if (!c->meter) return;
    if (now == c->w->first) energy_meter_enter(c->meter, ENERGY_WINDOW);
    if (now == c->w->first + c->w->cycles) energy_meter_enter(c->meter, ENERGY_DRAIN);
}

void energy_end(energy_cycle *c) {
    if (c->terminal) fputs("\r\033[K", stderr);
    if (c->meter) energy_meter_enter(c->meter, ENERGY_TURN);
}

void energy_wait(energy_meter *m) {
    dut *d = (dut *)m->g;
    for (int i = 0; i < ENERGY_WAIT_CYCLES + ENERGY_TURN_CYCLES; i++) {
        if (i == ENERGY_TURN_CYCLES) energy_meter_enter(m, ENERGY_WAITING);
        gates_dut_model.edge(d);
        gates_dut_model.settle(d);
    }
    energy_meter_enter(m, ENERGY_TURN);
}

/* The harness asks this once a cycle for each side, for the results always. */
static bool product_cycle(void *context, int side) {
    energy_cycle *c = context;
    if (side != RTL_SIDE_RESULTS) return false;
    uint64_t now = c->cycle, stall = c->w->stall;
    energy_each_cycle(c);
    if (!c->meter) return false;
    if (now == stall) energy_meter_enter(c->meter, ENERGY_TURN);
    if (now == stall + ENERGY_TURN_CYCLES) energy_meter_enter(c->meter, ENERGY_STALLED);
    if (now == stall + ENERGY_STALL_CYCLES) energy_meter_enter(c->meter, ENERGY_DRAIN);
    return now >= stall && now < stall + ENERGY_STALL_CYCLES;
}

bool energy_run_product(rtl *r, energy_meter *meter, const energy_operands *e, const energy_window *w, bool progress,
                        uint32_t *acc, rtl_run_report *report, bcq_error *error) {
    const rtl_build *b = rtl_get_build(r);
    energy_cycle each;
    rtl_run_options options = { .stall = product_cycle, .context = &each };
    if (!b->rival && !b->frozen) {
        const bcq_codebooks *cb = energy_codebooks(e);
        if (!rtl_load_codebooks(r, cb, cb)) return bcq_fail(error, "netlist: wanted its codebooks loaded, it hung");
    }
    energy_begin(&each, meter, w, progress);
    bool good = rtl_run_beats(r, energy_beats(e), &options, acc, report, error);
    energy_end(&each);
    if (good && meter) energy_wait(meter);
    return good;
}

/* ---- An encoder --------------------------------------------------------------------------------------- */

bool energy_find_encoder_window(uint64_t period, uint64_t fill, int64_t arrays, energy_window *w, bcq_error *error) {
    uint64_t from = (fill + period - 1) / period;
    if ((uint64_t)arrays <= from)
        return bcq_fail(error, "--m, --k: wanted more than %" PRIu64 " block arrays for a steady state, got %" PRId64,
                        from, arrays);
    *w = (energy_window){ .first = from * period, .cycles = ((uint64_t)arrays - from) * period,
                          .passes = arrays - (int64_t)from, .whole = true };
    return true;
}

static bool encoder_cycle(void *context, int side) {
    if (side == ENCODER_SIDE_OUTPUT) energy_each_cycle(context);
    return false;
}

bool energy_run_encoder(encoder *e, energy_meter *meter, const energy_scalars *s, const energy_window *w, bool progress,
                        uint64_t *mismatches, bcq_error *difference, bcq_error *error) {
    const encoder_build *b = encoder_get_build(e);
    energy_cycle each;
    encoder_run_options options = { .stall = encoder_cycle, .context = &each };
    encoder_run_report report;
    bcq_array *out = calloc((size_t)s->arrays, sizeof *out);
    bool good = out || bcq_fail(error, "energy: wanted memory for the results, got none");
    good = good && (b->frozen || encoder_load_codebooks(e, &s->cb, error));
    energy_begin(&each, meter, w, progress);
    good = good && encoder_run(e, s->x, s->exponent, s->arrays, &options, out, &report, error);
    energy_end(&each);
    if (good && meter) energy_wait(meter);
    *mismatches = 0;
    for (int64_t j = 0; good && j < s->arrays; j++) {
        float x[BCQ_LA_MAX] = { 0 };
        bool sticky = false;
        bcq_array want;
        memset(&want, 0, sizeof want);
        for (int i = 0; i < b->la; i++) x[i] = bcq_online_bf16(s->x[j * b->la + i], &sticky);
        bcq_encode_array(x, s->exponent[j], &s->cb, &want);
        if (want.scale == out[j].scale && memcmp(want.index, out[j].index, (size_t)b->la) == 0
            && memcmp(want.selector, out[j].selector, (size_t)(b->la / b->lb)) == 0)
            continue;
        if ((*mismatches)++ == 0)
            bcq_fail(difference, "block array %" PRId64 ": wanted the codes of the golden model, got others", j);
    }
    if (good && report.cycles != encoder_cycles_formula(b, s->arrays) && (*mismatches)++ == 0)
        bcq_fail(difference, "cycles: wanted %" PRIu64 " by the formula, got %" PRIu64,
                 encoder_cycles_formula(b, s->arrays), report.cycles);
    free(out);
    return good;
}
