/* Makes a simulation of a netlist and shows it to the harness. See gates.h. */
#include "gates.h"

#include <stdlib.h>
#include <string.h>

#include "gates_internal.h"

static const char clock_name[] = "clk_i";
static _Thread_local const gates *selected; /* whose ports gates_dut_model.port knows */

/* ---- Memories ------------------------------------------------------------------------------------ */

static uint64_t next_random(uint64_t *state) { /* splitmix64 */
    uint64_t z = *state += 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
}

static bool high(const gates *g, const bus *b) { return g->nets[b->net[0]].value; }

static void memory_write(const gates *g, gate_memory *m, uint32_t address) {
    const bus *data = &m->ports->port[M_WRITE_DATA];
    for (int b = 0; b < data->bits; b++)
        m->word[(size_t)address * (size_t)data->bits + (size_t)b] = g->nets[data->net[b]].value;
    m->writes++;
}
static void memory_read(gate_memory *m, uint32_t address) {
    memcpy(m->data, m->word + (size_t)address * (size_t)m->ports->width, (size_t)m->ports->width);
    m->reads++;
}
static uint32_t address_of(const gates *g, const bus *b) {
    uint32_t a = 0;
    for (int i = 0; i < b->bits; i++) a |= (uint32_t)g->nets[b->net[i]].value << i;
    return a;
}

/* A read sees the word of before, a write in the same cycle or not: as the module's registers do. */
void gates_memory_edge(const gates *g, gate_memory *m) {
    const bus *port = m->ports->port;
    if (high(g, &port[M_READ])) memory_read(m, address_of(g, &port[M_READ_ADDR]));
    if (high(g, &port[M_WRITE])) memory_write(g, m, address_of(g, &port[M_WRITE_ADDR]));
}

static bool make_memory(gates *g, int i, uint64_t *random, bcq_error *error) {
    gate_memory *m = &g->memories[i];
    m->ports = &g->flat.memories[i];
    m->words = 1u << m->ports->address_bits;
    size_t bits = (size_t)m->words * (size_t)m->ports->width;
    m->word = malloc(bits);
    m->data = malloc((size_t)m->ports->width);
    if (!m->word || !m->data) return bcq_fail(error, "out of memory");
    for (size_t b = 0; b < bits; b++) m->word[b] = next_random(random) & 1;
    for (int b = 0; b < m->ports->width; b++) m->data[b] = next_random(random) & 1;
    return true;
}

/* ---- Building ------------------------------------------------------------------------------------ */

/* Types of the cells that there are; the last one is that of memories. */
static bool make_cells(gates *g, uint64_t *random, bcq_error *error) {
    uint32_t *type_of = malloc((size_t)g->lib->n_cells * sizeof *type_of);
    g->n_cells = g->flat.n_cells + (uint32_t)g->flat.n_memories;
    g->cells = calloc(g->n_cells + 1, sizeof *g->cells);
    g->types = calloc((size_t)g->lib->n_cells + 1, sizeof *g->types);
    g->memories = calloc((size_t)g->flat.n_memories + 1, sizeof *g->memories);
    bool good =
        (type_of && g->cells && g->types && g->memories) || bcq_fail(error, "out of memory");
    for (int i = 0; good && i < g->lib->n_cells; i++) type_of[i] = NONE;
    uint64_t counts = 0;
    for (uint32_t i = 0; good && i < g->flat.n_cells; i++) {
        const flat_cell *f = &g->flat.cells[i];
        uint32_t *t = &type_of[f->cell - g->lib->cells];
        if (*t == NONE) {
            *t = g->n_types++;
            good = gate_type_make(&g->types[*t], f->cell, error);
        }
        g->cells[i] = (gate){ .type = (uint16_t)*t, .pins = f->pins, .base = (uint32_t)counts };
        if (good && g->types[*t].kind != LIBERTY_GATE)
            g->cells[i].x = (uint16_t)((next_random(random) & 1) << g->types[*t].inputs);
        if (good) counts += (uint64_t)g->types[*t].n_classes;
        if (counts > UINT32_MAX / 2 || g->n_types > UINT16_MAX - 2
            || g->n_cells >= 1u << (32 - PIN_BITS))
            good = bcq_fail(error, "wanted a smaller netlist");
    }
    free(type_of);
    if (!good) return false;
    g->types[g->n_types] = (gate_type){ .kind = LIBERTY_MACRO, .inputs = 1, .bits = 1 };
    for (int m = 0; good && m < g->flat.n_memories; m++) {
        g->cells[g->flat.n_cells + (uint32_t)m] =
            (gate){ .type = (uint16_t)g->n_types, .pins = (uint32_t)m };
        good = make_memory(g, m, random, error);
    }
    g->n_types++;
    g->n_counts = (uint32_t)counts;
    g->count = calloc(counts + 1, sizeof *g->count);
    return good && (g->count || bcq_fail(error, "out of memory"));
}

static bool drive(gates *g, uint32_t net, uint32_t cell, bcq_error *error) {
    if (net >= NETS_FIXED && g->driver[net] == NONE) {
        g->driver[net] = cell;
        return true;
    }
    char name[200];
    netlist_name(&g->flat, net, name, sizeof name);
    return bcq_fail(error, "net %s: wanted one driver, got %s",
                    net < NETS_FIXED ? "of a constant" : name,
                    net < NETS_FIXED ? "a cell too" : "two");
}

/* Does `use` with net, cell and pin for all inputs: those of cells, and the clocks of memories. */
#define FOR_INPUTS(g, net, cell, pin, use)                                                         \
    for (uint32_t cell = 0; cell < (g)->n_cells; cell++)                                           \
        for (int pin = 0, pins_ = input_pins(g, cell); pin < pins_; pin++) {                       \
            uint32_t net = input_net(g, cell, pin);                                                \
            use;                                                                                   \
        }

static int input_pins(const gates *g, uint32_t cell) {
    return g->types[g->cells[cell].type].inputs;
}
static uint32_t input_net(const gates *g, uint32_t cell, int pin) {
    if (cell < g->flat.n_cells) return g->flat.pin_net[g->cells[cell].pins + (uint32_t)pin];
    return g->flat.memories[cell - g->flat.n_cells].port[M_CLOCK].net[0];
}

static bool make_nets(gates *g, bcq_error *error) {
    g->n_nets = g->flat.n_nets;
    g->nets = calloc(g->n_nets, sizeof *g->nets);
    g->driver = malloc(g->n_nets * sizeof *g->driver);
    if (!g->nets || !g->driver) return bcq_fail(error, "out of memory");
    for (uint32_t n = 0; n < g->n_nets; n++) g->driver[n] = NONE;
    for (uint32_t i = 0; i < g->flat.n_cells; i++) {
        const gate_type *t = &g->types[g->cells[i].type];
        for (int o = 0; o < t->outputs; o++)
            if (!drive(g, g->flat.pin_net[g->cells[i].pins + (uint32_t)(t->inputs + o)], i, error))
                return false;
    }
    for (int m = 0; m < g->flat.n_memories; m++)
        for (int b = 0; b < g->flat.memories[m].width; b++)
            if (!drive(g, g->flat.memories[m].port[M_DATA].net[b], g->flat.n_cells + (uint32_t)m,
                       error))
                return false;
    for (int p = 0; p < g->flat.n_ports; p++)
        for (int b = 0; !g->flat.ports[p].output && b < g->flat.ports[p].bits.bits; b++)
            if (g->driver[g->flat.ports[p].bits.net[b]] != NONE
                || g->flat.ports[p].bits.net[b] < NETS_FIXED)
                return bcq_fail(error, "port %s: wanted one driver, got a cell or constant too",
                                g->flat.ports[p].name);
    FOR_INPUTS(g, net, cell, pin, g->nets[net].fan_end++)
    uint32_t at = 0;
    for (uint32_t n = 0; n < g->n_nets; n++) {
        uint32_t fan = g->nets[n].fan_end;
        g->nets[n].fan = g->nets[n].fan_end = at;
        at += fan;
    }
    if (!(g->fan = malloc((at + 1) * sizeof *g->fan))) return bcq_fail(error, "out of memory");
    FOR_INPUTS(g, net, cell, pin, g->fan[g->nets[net].fan_end++] = cell << PIN_BITS | (uint32_t)pin)
    return true;
}

/* Buffers and inverters of the clock, and clock gates. */
static bool follows_clock(const gate_type *t, int pin) {
    if (t->kind == LIBERTY_CLOCK_GATE) return t->clock_pins >> pin & 1;
    return t->kind == LIBERTY_GATE && t->inputs == 1;
}

/* The cell in fan entry f: an AND of a clock, at that pin, and of a latch that holds while the
 * clock is high, as synth/library.awk makes a clock gate where the library has none. What enables
 * the latch must be a clock already. */
static bool gates_clock(const gates *g, uint32_t f) {
    uint32_t pin = g->fan[f] & ((1u << PIN_BITS) - 1);
    const gate *c = &g->cells[g->fan[f] >> PIN_BITS];
    const gate_type *t = &g->types[c->type];
    bool is_and = t->kind == LIBERTY_GATE && t->inputs == 2 && t->outputs == 1 && t->out[3];
    for (uint32_t x = 0; is_and && x < 3; x++) is_and = !t->out[x];
    if (!is_and) return false;
    uint32_t latch = g->driver[g->flat.pin_net[c->pins + 1 - pin]];
    if (latch == NONE || latch >= g->flat.n_cells) return false;
    const gate_type *l = &g->types[g->cells[latch].type];
    if (l->kind != LIBERTY_LATCH || !l->enable_pins) return false;
    uint8_t clock = g->nets[input_net(g, g->fan[f] >> PIN_BITS, (int)pin)].clock;
    uint64_t while_high = 0;
    for (int i = 0; i < l->inputs; i++) {
        if (!(l->enable_pins >> i & 1)) continue;
        uint8_t enable = g->nets[input_net(g, latch, i)].clock;
        if (!enable) return false;
        while_high |= (uint64_t)(enable == clock) << i;
    }
    return !liberty_value(&l->cell->clocked, while_high);
}

static bool mark_clocks(gates *g, bcq_error *error) {
    uint32_t *queue = malloc(g->n_nets * sizeof *queue), queued = 0;
    if (!queue) return bcq_fail(error, "out of memory");
    g->clock = NONE;
    for (int p = 0; p < g->flat.n_ports; p++)
        if (!g->flat.ports[p].output && g->flat.ports[p].bits.bits == 1
            && strcmp(g->flat.ports[p].name, clock_name) == 0)
            g->clock = g->flat.ports[p].bits.net[0];
    if (g->clock != NONE) {
        queue[queued++] = g->clock;
        g->nets[g->clock].clock = CLOCK;
    }
    /* Once more whenever there are more: an AND may come before what inverts its latch's enable. */
    for (uint32_t i = 0, known = queued; i < queued || known < queued; i++) {
        if (i == queued) {
            known = queued;
            i = 0;
        }
        for (uint32_t f = g->nets[queue[i]].fan; f < g->nets[queue[i]].fan_end; f++) {
            const gate *c = &g->cells[g->fan[f] >> PIN_BITS];
            const gate_type *t = &g->types[c->type];
            if (!follows_clock(t, (int)(g->fan[f] & ((1u << PIN_BITS) - 1))) && !gates_clock(g, f))
                continue;
            for (int o = 0; o < t->outputs; o++) {
                uint32_t n = g->flat.pin_net[c->pins + (uint32_t)(t->inputs + o)];
                if (!g->nets[n].clock) {
                    bool inverts = t->kind == LIBERTY_GATE && t->inputs == 1 && t->out[0] >> o & 1;
                    g->nets[n].clock = inverts ? CLOCK + CLOCK_N - g->nets[queue[i]].clock
                                               : g->nets[queue[i]].clock;
                    queue[queued++] = n;
                }
            }
        }
    }
    free(queue);
    for (uint32_t i = 0; i < g->n_cells; i++) {
        const gate_type *t = &g->types[g->cells[i].type];
        uint32_t clocks = t->kind == LIBERTY_MACRO ? 1 : t->clock_pins;
        for (int pin = 0; clocks >> pin; pin++) {
            if (!(clocks >> pin & 1) || g->nets[input_net(g, i, pin)].clock) continue;
            char name[200];
            netlist_name(&g->flat, input_net(g, i, pin), name, sizeof name);
            return bcq_fail(
                error,
                "net %s: wanted clocks that come from %s through buffers and clock gates only, got another at %s",
                name, clock_name, t->cell ? t->cell->name : "a memory");
        }
    }
    return true;
}

/* Does an output follow this pin without a clock edge? */
static bool is_level(const gates *g, uint32_t cell, int pin) {
    return g->types[g->cells[cell].type].level_pins >> pin & 1;
}

/* Cells in an order in which each comes after all that it follows; level: the longest such chain before it. */
static bool make_levels(gates *g, bcq_error *error) {
    g->order = malloc((g->n_cells + 1) * sizeof *g->order);
    g->level = calloc(g->n_cells + 1, sizeof *g->level);
    uint32_t *waits = calloc(g->n_cells + 1, sizeof *waits), done = 0, queued = 0;
    if (!g->order || !g->level || !waits) {
        free(waits);
        return bcq_fail(error, "out of memory");
    }
    FOR_INPUTS(g, net, cell, pin, waits[cell] += is_level(g, cell, pin) && g->driver[net] != NONE)
    for (uint32_t i = 0; i < g->n_cells; i++)
        if (!waits[i]) g->order[queued++] = i;
    for (; done < queued; done++) {
        uint32_t i = g->order[done];
        if (g->level[i] >= g->n_levels) g->n_levels = g->level[i] + 1;
        const gate *c = &g->cells[i];
        const gate_type *t = &g->types[c->type];
        const bus *data = t->cell ? NULL : &g->flat.memories[c->pins].port[M_DATA];
        const uint32_t *net = data ? data->net : g->flat.pin_net + c->pins + t->inputs;
        for (int o = 0; o < (data ? data->bits : t->outputs); o++) {
            const gate_net *n = &g->nets[net[o]];
            for (uint32_t f = n->fan; f < n->fan_end; f++) {
                uint32_t to = g->fan[f] >> PIN_BITS;
                if (!is_level(g, to, (int)(g->fan[f] & ((1u << PIN_BITS) - 1)))) continue;
                if (g->level[to] <= g->level[i]) g->level[to] = g->level[i] + 1;
                if (!--waits[to]) g->order[queued++] = to;
            }
        }
    }
    uint32_t stuck = 0;
    while (stuck < g->n_cells && !waits[stuck]) stuck++;
    free(waits);
    if (stuck == g->n_cells) return true;
    const flat_cell *f = &g->flat.cells[stuck];
    return bcq_fail(error,
                    "wanted no loop without a flip-flop, got one through or before %s (%s) of %s",
                    f->name, f->cell->name, g->flat.scopes[f->scope].module);
}

static bool make_inputs(gates *g, bcq_error *error) {
    g->input = calloc((size_t)g->flat.n_ports + 1, sizeof *g->input);
    for (int p = 0; g->input && p < g->flat.n_ports; p++)
        if (!g->flat.ports[p].output
            && !(g->input[p] = calloc((size_t)g->flat.ports[p].bits.bits, 1)))
            return bcq_fail(error, "out of memory");
    return g->input || bcq_fail(error, "out of memory");
}

gates *gates_open(const liberty *lib, const char *netlist, const char *top,
                  const gates_options *options, bcq_error *error) {
    gates *g = calloc(1, sizeof *g);
    if (!g) {
        bcq_fail(error, "out of memory");
        return NULL;
    }
    uint64_t random = options->seed;
    bcq_error why;
    g->lib = lib;
    g->options = *options;
    bool good = (g->source = netlist_read(netlist, error))
                && netlist_flatten(g->source, lib, top, &g->flat, error);
    if (good
        && !(make_cells(g, &random, &why) && make_nets(g, &why) && mark_clocks(g, &why)
             && make_levels(g, &why) && make_inputs(g, &why) && gates_power_make(g, &why)
             && gates_sim_make(g, &why)))
        good = bcq_fail(error, "%.200s: %.300s", netlist, why.message);
    if (!good) {
        gates_close(g);
        return NULL;
    }
    gates_sim_start(g);
    gates_clear(g);
    selected = g;
    return g;
}

void gates_close(gates *g) {
    if (!g) return;
    if (selected == g) selected = NULL;
    for (uint32_t t = 0; t < g->n_types; t++) gate_type_free(&g->types[t]);
    for (int m = 0; g->memories && m < g->flat.n_memories; m++) {
        free(g->memories[m].word);
        free(g->memories[m].data);
    }
    for (int p = 0; g->input && p < g->flat.n_ports; p++) free(g->input[p]);
    void *all[] = { g->types,    g->nets,         g->cells,   g->memories,      g->fan,
                    g->driver,   g->order,        g->level,   g->count,         g->delay,
                    g->input,    g->touched,      g->sampled, g->waves,         g->bucket,
                    g->occupied, g->heap,         g->pool,    g->dirty_first,   g->dirty_next,
                    g->changed,  g->late_changed, g->late,    g->sampled_state, g->load,
                    g->slew,     g->loads,        g->report,  g->fresh };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) free(all[i]);
    flat_free(&g->flat);
    netlist_free(g->source);
    free(g);
}

/* ---- Counts --------------------------------------------------------------------------------------- */

void gates_clear(gates *g) {
    memset(g->count, 0, g->n_counts * sizeof *g->count);
    for (uint32_t n = 0; n < g->n_nets; n++) g->nets[n].toggles = g->nets[n].functional = 0;
    for (int m = 0; m < g->flat.n_memories; m++) g->memories[m].reads = g->memories[m].writes = 0;
    g->cycles = 0;
    *g->fresh = false;
}

uint64_t gates_cycles(const gates *g) { return g->cycles; }
int gates_scopes(const gates *g) { return g->flat.n_scopes; }

gates_scope gates_get_scope(const gates *g, int i) {
    if (!*g->fresh) gates_power_report(g);
    return g->report[i];
}

bool gates_toggles(const gates *g, int scope, const char *name, int bit, uint64_t *toggles) {
    uint32_t net;
    if (!netlist_find(&g->flat, scope, name, bit, &net)) return false;
    *toggles = g->nets[net].toggles;
    return true;
}

uint64_t gates_events(const gates *g, uint64_t *swallowed) {
    if (swallowed) *swallowed = g->swallowed;
    return g->events;
}

/* ---- The harness's view ----------------------------------------------------------------------------- */

void gates_select(const gates *g) { selected = g; }

static int port_gates(const char *name, int *bits) {
    for (int p = 0; selected && p < selected->flat.n_ports; p++)
        if (strcmp(selected->flat.ports[p].name, name) == 0) {
            if (bits) *bits = selected->flat.ports[p].bits.bits;
            return p;
        }
    return -1;
}

static void set_gates(dut *d, int port, const uint32_t *words) {
    gates *g = (gates *)d;
    if (port < 0 || port >= g->flat.n_ports || !g->input[port]) return;
    for (int b = 0; b < g->flat.ports[port].bits.bits; b++)
        g->input[port][b] = words[b / 32] >> b % 32 & 1;
    g->inputs_changed = true;
}

static void get_gates(const dut *d, int port, uint32_t *words) {
    const gates *g = (const gates *)d;
    if (port < 0 || port >= g->flat.n_ports) return;
    const bus *b = &g->flat.ports[port].bits;
    memset(words, 0, (size_t)(b->bits + 31) / 32 * sizeof *words);
    for (int i = 0; i < b->bits; i++) words[i / 32] |= (uint32_t)g->nets[b->net[i]].value << i % 32;
}

static void settle_gates(dut *d) {
    gates *g = (gates *)d;
    gates_sim_phase(g, false, g->inputs_changed);
    g->inputs_changed = *g->fresh = false;
}

/* Inputs that came after settle are settled first: registers see them, as in RTL. */
static void edge_gates(dut *d) {
    gates *g = (gates *)d;
    if (g->inputs_changed) settle_gates(d);
    gates_sim_phase(g, true, false);
    g->cycles++;
    *g->fresh = false;
}

static bool trace_gates(dut *d, const char *path) {
    (void)d;
    return !path;
}
static void close_gates(dut *d) { gates_close((gates *)d); }

const dut_model gates_dut_model = { NULL,      close_gates,  port_gates, set_gates,
                                    get_gates, settle_gates, edge_gates, trace_gates };
