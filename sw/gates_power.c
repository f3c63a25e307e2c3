/* Loads, slews, delays, and energies from counts. The rules are in gates.h. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "gates_internal.h"

enum { LOADS_MAX = 16 };             /* of an unbuffered net */
static const double memory_fo4 = 10; /* what a memory takes from its clock to its outputs */

static uint32_t pin_net(const gates *g, const gate *c, int pin) {
    return g->flat.pin_net[c->pins + (uint32_t)pin];
}

static void add_loads(gates *g) {
    double wire = 1e-15 * g->options.wire_ff_per_fanout;
    for (uint32_t i = 0; i < g->flat.n_cells; i++) {
        const gate *c = &g->cells[i];
        const liberty_cell *cell = g->types[c->type].cell;
        for (int p = 0; p < cell->n_pins; p++) {
            uint32_t n = pin_net(g, c, p);
            for (int d = 0; d < 2; d++)
                g->load[n][d] += cell->pins[p].capacitance[d] + (p < cell->n_inputs ? wire : 0);
            g->loads[n] += p < cell->n_inputs;
        }
    }
    for (int m = 0; m < g->flat.n_memories; m++)
        for (int p = 0; p < M_PORTS; p++)
            for (int b = 0; p != M_DATA && b < g->flat.memories[m].port[p].bits; b++) {
                uint32_t n = g->flat.memories[m].port[p].net[b];
                for (int d = 0; d < 2; d++) g->load[n][d] += wire;
                g->loads[n]++;
            }
}

/* The load that counts for delay, slew and the tables of internal power. */
static double driven(const gates *g, uint32_t n, int direction) {
    double c = g->load[n][direction];
    return g->loads[n] > LOADS_MAX ? c * LOADS_MAX / g->loads[n] : c;
}

static void find_slews(gates *g) {
    for (uint32_t n = 0; n < g->n_nets; n++) g->slew[n][0] = g->slew[n][1] = g->lib->fo4_slew;
    for (uint32_t i = 0; i < g->n_cells; i++) {
        const gate *c = &g->cells[g->order[i]];
        const gate_type *t = &g->types[c->type];
        for (int o = 0; o < t->outputs && t->cell; o++) {
            const liberty_pin *pin = &t->cell->pins[t->inputs + o];
            uint32_t n = pin_net(g, c, t->inputs + o);
            if (g->nets[n].clock) continue;
            for (int d = 0; d < 2; d++) {
                double slowest = -1;
                for (int a = 0; a < pin->n_arcs; a++) {
                    const liberty_arc *arc = &pin->arcs[a];
                    if (!arc->slew[d].slews) continue;
                    const double *in = g->slew[pin_net(g, c, arc->related)];
                    double from = arc->sense == LIBERTY_POSITIVE   ? in[d]
                                  : arc->sense == LIBERTY_NEGATIVE ? in[1 - d]
                                                                   : fmax(in[0], in[1]);
                    slowest = fmax(slowest, liberty_look_up(&arc->slew[d], from, driven(g, n, d)));
                }
                if (slowest >= 0) g->slew[n][d] = slowest;
            }
        }
    }
}

static void find_delays(gates *g) {
    for (uint32_t i = 0; i < g->flat.n_cells; i++) {
        const gate *c = &g->cells[i];
        const gate_type *t = &g->types[c->type];
        for (int k = 0; k < t->n_classes; k++) {
            const gate_class *class = &t->classes[k];
            if (class->pin < t->inputs) continue;
            double slew = g->slew[pin_net(g, c, class->related)][class->related_direction],
                   longest = 0;
            double load = driven(g, pin_net(g, c, class->pin), class->direction);
            for (int a = 0; a < class->n_arcs; a++)
                longest = fmax(
                    longest,
                    liberty_look_up(
                        &t->cell->pins[class->pin].arcs[class->arcs[a]].delay[class->direction],
                        slew, load));
            double fs = round(1e15 * longest);
            g->delay[c->base + (uint32_t)k] = fs < 1 ? 1 : fs > 4e9 ? 4000000000u : (uint32_t)fs;
        }
    }
    double fs = round(1e15 * memory_fo4 * g->lib->fo4_delay);
    g->memory_delay = fs < 1 ? 1 : fs > 4e9 ? 4000000000u : (uint32_t)fs;
}

/* Events need a delay for every way in which an output can move. */
static bool is_timed(const gate_type *t) {
    for (int o = 0; o < t->outputs; o++)
        for (int i = 0; i < t->inputs; i++)
            for (uint32_t x = 0; x < 1u << t->bits; x++) {
                bool moves = ((t->out[x] ^ t->out[x ^ 1u << i]) >> o & 1) != 0;
                uint16_t class = gate_cause(t, o, i, x);
                if (t->kind == LIBERTY_GATE && moves
                    && (class == NO_CLASS || !t->classes[class].n_arcs))
                    return false;
                if (t->kind != LIBERTY_GATE && !t->cell->pins[t->inputs + o].n_arcs) return false;
            }
    return true;
}

bool gates_power_make(gates *g, bcq_error *error) {
    for (uint32_t t = 0; g->options.events && t < g->n_types; t++)
        if (g->types[t].cell && !is_timed(&g->types[t]))
            return bcq_fail(error,
                            "%s: wanted delays of cell %s for a simulation with events, got none",
                            g->lib->name, g->types[t].cell->name);
    g->load = calloc(g->n_nets, sizeof *g->load);
    g->slew = calloc(g->n_nets, sizeof *g->slew);
    g->loads = calloc(g->n_nets, sizeof *g->loads);
    g->report = calloc((size_t)g->flat.n_scopes, sizeof *g->report);
    g->fresh = calloc(1, sizeof *g->fresh);
    g->delay = calloc(g->options.events ? g->n_counts + 1 : 1, sizeof *g->delay);
    if (!g->load || !g->slew || !g->loads || !g->report || !g->fresh || !g->delay)
        return bcq_fail(error, "out of memory");
    add_loads(g);
    find_slews(g);
    if (g->options.events) find_delays(g);
    return true;
}

static double energy_of(const gates *g, const gate *c, const gate_type *t,
                        const gate_class *class) {
    uint32_t related = pin_net(g, c, class->related);
    double slew = g->slew[related][class->related_direction], e = 0;
    double load =
        class->pin < t->inputs ? 0 : driven(g, pin_net(g, c, class->pin), class->direction);
    for (int i = 0; i < class->n_powers; i++)
        e += class->powers[i].weight
             * liberty_look_up(
                 &t->cell->pins[class->pin].powers[class->powers[i].index].energy[class->direction],
                 slew, load);
    return e;
}

static int scope_of(const gates *g, uint32_t net) {
    uint32_t d = g->driver[net];
    if (d == NONE) return 0; /* a port: its transitions; its load counts where the pins are */
    return d < g->flat.n_cells ? g->flat.cells[d].scope
                               : g->flat.memories[d - g->flat.n_cells].scope;
}

/* Half C V^2 for each transition of a net, of a part of its load. Rises and falls alternate, and its value tells which
 * was the last. */
static double switching(const gates *g, const gate_net *n, double fall, double rise) {
    uint64_t rises = (n->toggles + n->value) / 2;
    return g->lib->voltage * g->lib->voltage / 2
           * ((double)rises * rise + (double)(n->toggles - rises) * fall);
}

/* Of nets that a port drives: each pin to its own scope, or the clock of all would stand under the top. */
static void report_port_loads(const gates *g) {
    double wire = 1e-15 * g->options.wire_ff_per_fanout;
    for (uint32_t i = 0; i < g->flat.n_cells; i++) {
        const liberty_cell *cell = g->types[g->cells[i].type].cell;
        gates_scope *r = &g->report[g->flat.cells[i].scope];
        for (int p = 0; p < cell->n_inputs; p++) {
            uint32_t n = pin_net(g, &g->cells[i], p);
            if (n < NETS_FIXED || g->driver[n] != NONE || !g->nets[n].toggles) continue;
            const double *c = cell->pins[p].capacitance;
            double e = switching(g, &g->nets[n], c[LIBERTY_FALL] + wire, c[LIBERTY_RISE] + wire);
            r->switching_j += e;
            if (g->nets[n].clock) r->clock_j += e;
        }
    }
    for (int m = 0; m < g->flat.n_memories; m++) {
        gates_scope *r = &g->report[g->flat.memories[m].scope];
        for (int p = 0; p < M_PORTS; p++)
            for (int b = 0; p != M_DATA && b < g->flat.memories[m].port[p].bits; b++) {
                uint32_t n = g->flat.memories[m].port[p].net[b];
                if (n < NETS_FIXED || g->driver[n] != NONE) continue;
                double e = switching(g, &g->nets[n], wire, wire);
                r->switching_j += e;
                if (g->nets[n].clock) r->clock_j += e;
            }
    }
}

void gates_power_report(const gates *g) {
    gates_scope *report = g->report;
    for (int i = 0; i < g->flat.n_scopes; i++) {
        const flat_scope *s = &g->flat.scopes[i];
        report[i] =
            (gates_scope){ .module = s->module, .instance = s->instance, .parent = s->parent };
        if (s->memory < 0) continue;
        const gate_memory *m = &g->memories[s->memory];
        report[i].reads = m->reads;
        report[i].writes = m->writes;
        report[i].words = (int)m->words;
        report[i].width = m->ports->width;
    }
    for (uint32_t i = 0; i < g->flat.n_cells; i++) {
        const gate *c = &g->cells[i];
        const gate_type *t = &g->types[c->type];
        gates_scope *r = &report[g->flat.cells[i].scope];
        r->cells++;
        r->leakage_w += t->cell->leakage;
        for (int k = 0; k < t->n_classes; k++) {
            uint64_t n = g->count[c->base + (uint32_t)k];
            if (!n) continue;
            double e = (double)n * energy_of(g, c, t, &t->classes[k]);
            r->internal_j += e;
            if (g->nets[pin_net(g, c, t->classes[k].pin)].clock) r->clock_j += e;
        }
    }
    for (uint32_t n = NETS_FIXED; n < g->n_nets; n++) {
        const gate_net *t = &g->nets[n];
        gates_scope *r = &report[scope_of(g, n)];
        r->toggles += t->toggles;
        r->functional += t->functional;
        if (g->driver[n] == NONE) continue;
        double e = switching(g, t, g->load[n][LIBERTY_FALL], g->load[n][LIBERTY_RISE]);
        r->switching_j += e;
        if (t->clock) r->clock_j += e;
    }
    report_port_loads(g);
    *g->fresh = true;
}

gates_load gates_total_load(const gates *g) {
    gates_load l = { 0 };
    for (uint32_t n = NETS_FIXED; n < g->n_nets; n++) {
        double c = (g->load[n][0] + g->load[n][1]) / 2;
        if (!g->loads[n] && g->driver[n] == NONE) continue;
        if (g->driver[n] == NONE) {
            l.port_nets++;
            l.port_capacitance += c;
        } else if (g->nets[n].clock) {
            l.clock_nets++;
            l.clock_capacitance += c;
        } else {
            l.nets++;
            l.capacitance += c;
        }
    }
    return l;
}
