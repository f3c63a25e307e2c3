#include "liberty.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "liberty_internal.h"

/* Groups that nothing here needs, and that are most of a file. */
static const char *const skipped[] = {
    "test_cell", "wire_load", "wire_load_selection", "normalized_driver_waveform",
    "output_current_rise", "output_current_fall", "receiver_capacitance",
    "receiver_capacitance1_rise", "receiver_capacitance1_fall", "receiver_capacitance2_rise",
    "receiver_capacitance2_fall", "ccsn_first_stage", "ccsn_last_stage", "rise_constraint",
    "fall_constraint", "ocv_sigma_cell_rise", "ocv_sigma_cell_fall", "pg_pin", "dynamic_current",
    "intrinsic_parasitic", "leakage_current", "sensitization", "wire_load_table", NULL };

void *library_get(library *l, size_t size) {
    void *p = arena_alloc(l->a, size ? size : 1);
    if (!p && !l->bad) {
        bcq_fail(l->error, "out of memory");
        l->bad = true;
    }
    return p;
}

bool library_fail(library *l, int line, const char *want, const char *got) {
    if (!l->bad)
        bcq_fail(l->error, "%s:%d: %s%swanted %s, got '%.60s'", l->path, line,
                 l->cell ? l->cell->name : "", l->cell ? ": " : "", want, got ? got : "nothing");
    l->bad = true;
    return false;
}

static void refuse(library *l, const char *why) {
    if (!l->cell->refused) l->cell->refused = why;
}

/* ---- Pins ---------------------------------------------------------------------------------------- */

static int pin_number(const liberty_cell *c, const char *name, size_t length) {
    for (int i = 0; i < c->n_pins; i++)
        if (strlen(c->pins[i].name) == length && memcmp(c->pins[i].name, name, length) == 0)
            return i;
    return -1;
}

/* The next of the pins in a related_pin; NULL at its end; number -1: no pin of the cell. */
static const char *next_related(const liberty_cell *c, const char *at, int *number) {
    while (isspace((unsigned char)*at) || *at == ',') at++;
    if (!*at) return NULL;
    size_t length = strcspn(at, " ,\t\n");
    *number = pin_number(c, at, length);
    return at + length;
}

static int rail(library *l, const char *name) {
    if (!name) return 0;
    for (int i = 0; i < l->n_rails; i++)
        if (strcmp(l->rails[i], name) == 0) return i + 1;
    if (l->n_rails < RAILS_MAX) l->rails[l->n_rails++] = name;
    return l->n_rails;
}

static void add_power(library *l, liberty_pin *pin, const statement *s) {
    liberty_power p = { .related = -1,
                        .rail = rail(l, statement_value(s, "related_pg_pin")),
                        .when = library_function(l, s->line, statement_value(s, "when")) };
    static const char *const name[3] = { "fall_power", "rise_power", "power" };
    for (int i = 0; i < 3; i++) {
        const statement *t = statement_find(s, name[i]);
        if (!t || !t->group) continue;
        liberty_table x = library_table(l, t, l->load * l->volt * l->volt);
        if (i != LIBERTY_RISE) p.energy[LIBERTY_FALL] = x;
        if (i != LIBERTY_FALL) p.energy[LIBERTY_RISE] = x;
    }
    const char *related = statement_value(s, "related_pin");
    if (!related) {
        pin->powers[pin->n_powers++] = p;
        return;
    }
    while ((related = next_related(l->cell, related, &p.related))) {
        if (p.related < 0)
            library_fail(l, s->line, "a related_pin of the cell",
                         statement_value(s, "related_pin"));
        if (p.related >= l->cell->n_inputs)
            continue; /* another output: the inputs behind it have tables too */
        pin->powers[pin->n_powers++] = p;
    }
}

static void add_arc(library *l, liberty_pin *pin, const statement *s) {
    static const struct {
        const char *name;
        liberty_timing_type type;
    } types[] = { { "combinational", LIBERTY_COMBINATIONAL },
                  { "combinational_rise", LIBERTY_COMBINATIONAL },
                  { "combinational_fall", LIBERTY_COMBINATIONAL },
                  { "rising_edge", LIBERTY_EDGE },
                  { "falling_edge", LIBERTY_EDGE },
                  { "clear", LIBERTY_ASYNCHRONOUS },
                  { "preset", LIBERTY_ASYNCHRONOUS } };
    static const char *const delay[2] = { "cell_fall", "cell_rise" }, *const slew[2] = {
        "fall_transition", "rise_transition"
    };
    const char *type = statement_value(s, "timing_type"),
               *sense = statement_value(s, "timing_sense");
    const char *related = statement_value(s, "related_pin");
    size_t i = 0, n = sizeof types / sizeof *types;
    for (; type && i < n; i++)
        if (strcmp(types[i].name, type) == 0) break;
    if (i == n || !related) return; /* constraints, tri-states */
    liberty_arc a = { .type = types[i].type,
                      .when = library_function(l, s->line, statement_value(s, "when")) };
    if (sense && strcmp(sense, "positive_unate") == 0) a.sense = LIBERTY_POSITIVE;
    if (sense && strcmp(sense, "negative_unate") == 0) a.sense = LIBERTY_NEGATIVE;
    for (int d = 0; d < 2; d++) {
        const statement *t = statement_find(s, delay[d]), *u = statement_find(s, slew[d]);
        if (t && t->group) a.delay[d] = library_table(l, t, l->time);
        if (u && u->group) a.slew[d] = library_table(l, u, l->time);
    }
    while ((related = next_related(l->cell, related, &a.related))) {
        if (a.related < 0)
            library_fail(l, s->line, "a related_pin of the cell",
                         statement_value(s, "related_pin"));
        if (a.related >= l->cell->n_inputs) continue;
        pin->arcs[pin->n_arcs++] = a;
    }
}

/* How many (group, related pin) pairs there are. */
static size_t pairs(const statement *group, const char *name) {
    size_t n = 0;
    for (const statement *s = group->first; s; s = s->next) {
        if (!s->group || strcmp(s->name, name) != 0) continue;
        const char *related = statement_value(s, "related_pin");
        n += related ? strlen(related) / 2 + 1 : 1;
    }
    return n;
}

static void fill_pin(library *l, liberty_pin *pin, const statement *s) {
    static const char *const ability[2] = { "fall_capacitance", "rise_capacitance" };
    double both = library_attribute(
        l, s, "capacitance",
        library_attribute(l, l->root,
                          pin->output ? "default_output_pin_cap" : "default_input_pin_cap", 0));
    for (int d = 0; d < 2; d++)
        pin->capacitance[d] = l->load * library_attribute(l, s, ability[d], both);
    const char *yes = statement_value(s, "clock"),
               *gate = statement_value(s, "clock_gate_clock_pin");
    pin->clock = (yes && strcmp(yes, "true") == 0) || (gate && strcmp(gate, "true") == 0);
    if (pin->output && l->cell->kind != LIBERTY_MACRO) {
        const char *f = statement_value(s, "function"),
                   *state = statement_value(s, "state_function");
        if (state) f = state;
        if (!f && statement_value(s, "clock_gate_out_pin"))
            f = NULL; /* filled in by clock_gate() */
        else if (!f) refuse(l, "an output without a function");
        pin->function = library_function(l, s->line, f);
        if (statement_value(s, "three_state")) refuse(l, "a three-state output");
    }
    pin->powers = library_get(l, pairs(s, "internal_power") * sizeof *pin->powers);
    pin->arcs = library_get(l, pin->output ? pairs(s, "timing") * sizeof *pin->arcs : 1);
    if (l->bad) return;
    for (const statement *g = s->first; g && !l->bad; g = g->next) {
        if (g->group && strcmp(g->name, "internal_power") == 0
            && (l->cell->kind != LIBERTY_MACRO || !pin->output))
            add_power(l, pin, g);
        if (g->group && strcmp(g->name, "timing") == 0 && pin->output
            && l->cell->kind != LIBERTY_MACRO)
            add_arc(l, pin, g);
    }
}

/* ---- Cells --------------------------------------------------------------------------------------- */

static bool is_pin(const statement *s) { return s->group && strcmp(s->name, "pin") == 0; }

static void collect_pins(library *l, const statement *group) {
    liberty_cell *c = l->cell;
    c->pins = library_get(l, LIBERTY_PINS_MAX * sizeof *c->pins);
    for (int want = 0; c->pins && want < 2; want++) { /* inputs, then outputs */
        for (const statement *s = group->first; s; s = s->next) {
            if (!is_pin(s)) continue;
            const char *direction = statement_value(s, "direction");
            if (!direction) {
                library_fail(l, s->line, "a direction", NULL);
                return;
            }
            if (strcmp(direction, "inout") == 0) refuse(l, "a pin of both directions");
            bool output = strcmp(direction, "output") == 0;
            if (!output && strcmp(direction, "input") != 0) continue;
            for (int i = 0; i < s->n_args && output == (want == 1); i++) {
                if (c->n_pins == LIBERTY_PINS_MAX) {
                    refuse(l, "too many pins");
                    return;
                }
                c->pins[c->n_pins++] =
                    (liberty_pin){ .name = arena_string(l->a, s->args[i], strlen(s->args[i])),
                                   .output = output };
                if (!c->pins[c->n_pins - 1].name) {
                    library_fail(l, s->line, "memory", NULL);
                    return;
                }
            }
        }
        if (want == 0) c->n_inputs = c->n_pins;
    }
    if (c->n_inputs > LIBERTY_INPUTS_MAX || c->n_pins - c->n_inputs > LIBERTY_OUTPUTS_MAX)
        refuse(l, "too many pins");
}

/* "L L : - : L, ..." into next states: inputs : state : next state. H L - N. */
static void read_statetable(library *l, const statement *s) {
    liberty_cell *c = l->cell;
    const char *text = statement_value(s, "table");
    if (!text || s->n_args < 2) {
        library_fail(l, s->line, "a table", text);
        return;
    }
    int column[LIBERTY_INPUTS_MAX], n = 0;
    for (const char *at = s->args[0]; *at;) {
        size_t length = strcspn(at, " \t\n");
        if (length) {
            int pin = pin_number(c, at, length);
            if (pin < 0 || pin >= c->n_inputs || n == c->n_inputs) {
                library_fail(l, s->line, "a table of inputs", s->args[0]);
                return;
            }
            column[n++] = pin;
        }
        at += length + (at[length] != 0);
    }
    size_t states = (size_t)2 << c->n_inputs;
    uint8_t *next = library_get(l, states), *done = library_get(l, states);
    if (!next || !done) return;
    for (const char *at = text; *at;) {
        char token[LIBERTY_INPUTS_MAX + 2];
        int tokens = 0;
        for (; *at && *at != ','; at++) {
            if (isspace((unsigned char)*at) || *at == ':') continue;
            if (tokens == n + 2 || !strchr("HLN-", *at)) {
                refuse(l, "a statetable with edges");
                return;
            }
            token[tokens++] = *at;
        }
        if (*at == ',') at++;
        if (!tokens) continue;
        if (tokens != n + 2) {
            library_fail(l, s->line, "a row of inputs : state : next state", text);
            return;
        }
        for (size_t x = 0; x < states; x++) {
            bool match = !done[x];
            for (int i = 0; i <= n; i++) {
                int bit = i < n ? column[i] : c->n_inputs;
                if (token[i] != '-' && (x >> bit & 1) != (token[i] == 'H')) match = false;
            }
            if (!match) continue;
            done[x] = 1;
            next[x] = token[n + 1] == 'N' ? x >> c->n_inputs & 1 : token[n + 1] == 'H';
        }
    }
    for (size_t x = 0; x < states; x++)
        if (!done[x]) {
            library_fail(l, s->line, "a table of every state", text);
            return;
        }
    c->state_table = next;
}

/* A clock gate that the library describes by attributes alone: a latch open while the clock is low, and an AND. */
static void clock_gate(library *l, const statement *group, const char *type) {
    liberty_cell *c = l->cell;
    int clock = -1, out = -1;
    unsigned enable = 0;
    for (const statement *s = group->first; s; s = s->next) {
        if (!is_pin(s) || !s->n_args) continue;
        int pin = pin_number(c, s->args[0], strlen(s->args[0]));
        if (statement_value(s, "clock_gate_clock_pin")) clock = pin;
        if (statement_value(s, "clock_gate_enable_pin")
            || statement_value(s, "clock_gate_test_pin"))
            enable |= 1u << pin;
        if (statement_value(s, "clock_gate_out_pin")) out = pin;
    }
    if (strncmp(type, "latch_posedge", 13) != 0 || strstr(type, "obs") || clock < 0 || out < 0
        || !enable) {
        refuse(l, "a clock gate of this type");
        return;
    }
    size_t states = (size_t)2 << c->n_inputs;
    if (!(c->state_table = library_get(l, states))) return;
    for (size_t x = 0; x < states; x++)
        c->state_table[x] = x >> clock & 1 ? x >> c->n_inputs & 1 : (x & enable) != 0;
    if (c->pins[out].function.length) return;
    char text[100];
    snprintf(text, sizeof text, "%.40s * int_state", c->pins[clock].name);
    l->state[0] = "int_state";
    c->pins[out].function = library_function(l, group->line, text);
}

static double leakage(library *l, const statement *group) {
    const char *said = statement_value(group, "cell_leakage_power");
    double plain = 0, sum = 0;
    int plains = 0, n = 0, rails = 0;
    const char *first = NULL;
    for (const statement *s = group->first; s && !said; s = s->next) {
        if (!s->group || strcmp(s->name, "leakage_power") != 0) continue;
        double value = library_number(l, s->line, statement_value(s, "value"));
        const char *when = statement_value(s, "when");
        if (!when) {
            plain += value;
            plains++;
            continue;
        }
        if (!first) first = when;
        rails += strcmp(first, when) == 0; /* one group a rail and state */
        sum += value;
        n++;
    }
    if (said) plain = library_number(l, group->line, said);
    else if (!plains && n) plain = sum * rails / n;
    else if (!plains) plain = library_attribute(l, l->root, "default_cell_leakage_power", 0);
    return plain * l->leak;
}

static void read_state(library *l, const statement *group) {
    liberty_cell *c = l->cell;
    int states = 0;
    for (const statement *s = group->first; s; s = s->next) {
        if (!s->group) continue;
        bool flop = strcmp(s->name, "ff") == 0, latch = strcmp(s->name, "latch") == 0,
             of_table = strcmp(s->name, "statetable") == 0;
        if (strcmp(s->name, "ff_bank") == 0 || strcmp(s->name, "latch_bank") == 0
            || strcmp(s->name, "bundle") == 0)
            refuse(l, "several states");
        if (is_pin(s) && statement_value(s, "internal_node") && s->n_args == 1)
            l->state[3] = s->args[0];
        if (!flop && !latch && !of_table) continue;
        if (states++) {
            refuse(l, "several states");
            return;
        }
        c->kind = flop ? LIBERTY_FLOP : latch ? LIBERTY_LATCH : LIBERTY_CLOCK_GATE;
        if (s->n_args != 2) {
            library_fail(l, s->line, "two names", s->n_args ? s->args[0] : NULL);
            return;
        }
        if (of_table) {
            l->state[2] = s->args[1];
            read_statetable(l, s);
            continue;
        }
        l->state[0] = s->args[0];
        l->state[1] = s->args[1];
        const char *both = statement_value(s, "clear_preset_var1");
        c->next = library_function(l, s->line, statement_value(s, flop ? "next_state" : "data_in"));
        c->clocked =
            library_function(l, s->line, statement_value(s, flop ? "clocked_on" : "enable"));
        c->clear = library_function(l, s->line, statement_value(s, "clear"));
        c->preset = library_function(l, s->line, statement_value(s, "preset"));
        c->both = both && (*both == 'H' || *both == 'h');
        if (!c->clocked.length || !c->next.length) refuse(l, "a state without clock or data");
        if (both && *both && !strchr("LlHh", *both))
            refuse(l, "a state that clear and preset leave open");
    }
}

static void read_cell(library *l, const statement *group) {
    if (group->n_args != 1) {
        library_fail(l, group->line, "cell (NAME)", NULL);
        return;
    }
    for (int i = 0; i < l->lib.n_cells; i++) /* of files read as one, the first has it */
        if (strcmp(l->lib.cells[i].name, group->args[0]) == 0) return;
    if (l->lib.n_cells == l->room) {
        int room = l->room ? 2 * l->room : 512;
        liberty_cell *more = library_get(l, (size_t)room * sizeof *more);
        if (!more) return;
        if (l->room) memcpy(more, l->lib.cells, (size_t)l->room * sizeof *more);
        l->lib.cells = more;
        l->room = room;
    }
    liberty_cell *c = l->cell = &l->lib.cells[l->lib.n_cells];
    memset(l->state, 0, sizeof l->state);
    l->n_rails = 0;
    if (!(c->name = arena_string(l->a, group->args[0], strlen(group->args[0])))) {
        library_fail(l, group->line, "memory", NULL);
        return;
    }
    l->lib.n_cells++;
    c->area = library_attribute(l, group, "area", 0);
    c->leakage = leakage(l, group);
    if (statement_find(group, "bus") || statement_find(group, "memory")) {
        c->kind = LIBERTY_MACRO;
        refuse(l, "a memory");
    }
    collect_pins(l, group);
    if (l->bad) return;
    if (c->refused && c->kind != LIBERTY_MACRO) return; /* its groups need not make sense */
    if (c->kind != LIBERTY_MACRO) read_state(l, group);
    if (c->refused && c->kind != LIBERTY_MACRO) return;
    int inputs = 0, outputs = c->n_inputs;
    for (const statement *s = group->first; s && !l->bad; s = s->next)
        for (int i = 0; is_pin(s) && i < s->n_args; i++) {
            const char *direction = statement_value(s, "direction");
            if (strcmp(direction, "input") == 0) fill_pin(l, &c->pins[inputs++], s);
            if (strcmp(direction, "output") == 0) fill_pin(l, &c->pins[outputs++], s);
        }
    const char *gate = statement_value(group, "clock_gating_integrated_cell");
    if (gate && !l->bad && c->kind == LIBERTY_GATE) {
        c->kind = LIBERTY_CLOCK_GATE;
        clock_gate(l, group, gate);
    }
    if (c->kind == LIBERTY_CLOCK_GATE && !l->bad)
        for (int i = c->n_inputs; i < c->n_pins; i++)
            if (!c->pins[i].function.length) refuse(l, "an output without a function");
}

/* ---- Libraries ----------------------------------------------------------------------------------- */

/* "1ns", "10ps": the number, and what the letter before `unit` stands for. */
static double unit_of(library *l, const statement *root, const char *name, const char *unit,
                      const char *otherwise) {
    const char *s = statement_value(root, name);
    if (!s) s = otherwise;
    char *end;
    double x = strtod(s, &end);
    static const char prefix[] = "fpnum";
    static const double power[] = { 1e-15, 1e-12, 1e-9, 1e-6, 1e-3 };
    while (isspace((unsigned char)*end)) end++;
    const char *p =
        *end && strcasecmp(end, unit) != 0 ? strchr(prefix, tolower((unsigned char)*end)) : NULL;
    if (end == s || x <= 0 || (!p && strcasecmp(end, unit) != 0)
        || (p && strcasecmp(end + 1, unit) != 0))
        library_fail(l, root->line, name, s);
    return p ? x * power[p - prefix] : x;
}

static void read_header(library *l, const statement *root) {
    l->time = unit_of(l, root, "time_unit", "s", "1ns");
    l->volt = unit_of(l, root, "voltage_unit", "v", "1V");
    l->leak = unit_of(l, root, "leakage_power_unit", "w", "1nW");
    const statement *c = statement_find(root, "capacitive_load_unit");
    l->load = 1e-12;
    if (c && c->n_args == 2
        && (strcasecmp(c->args[1], "pf") == 0 || strcasecmp(c->args[1], "ff") == 0))
        l->load = library_number(l, c->line, c->args[0])
                  * (tolower((unsigned char)*c->args[1]) == 'p' ? 1e-12 : 1e-15);
    else if (c)
        library_fail(l, c->line, "capacitive_load_unit in pf or ff",
                     c->n_args > 1 ? c->args[1] : NULL);
    if (l->lib.name) return;
    const char *corner = statement_value(root, "default_operating_conditions");
    const statement *o = statement_find(root, "operating_conditions");
    if (!corner) corner = o && o->n_args ? o->args[0] : "";
    l->lib.name = arena_string(l->a, root->args[0], strlen(root->args[0]));
    l->lib.corner = arena_string(l->a, corner, strlen(corner));
    l->lib.voltage =
        l->volt
        * library_attribute(l, root, "nom_voltage", o ? library_attribute(l, o, "voltage", 0) : 0);
    if (!l->lib.name || !l->lib.corner) library_fail(l, root->line, "memory", NULL);
}

static void find_fo4(liberty *lib) {
    const liberty_cell *best = NULL;
    for (int i = 0; i < lib->n_cells; i++) {
        const liberty_cell *c = &lib->cells[i];
        if (c->refused || c->kind != LIBERTY_GATE || c->n_inputs != 1 || c->n_pins != 2) continue;
        const liberty_pin *out = &c->pins[1];
        if (!out->n_arcs || !out->arcs[0].slew[0].slews || !out->arcs[0].slew[1].slews
            || !out->arcs[0].delay[0].slews || !out->arcs[0].delay[1].slews
            || !liberty_value(&out->function, 0) || liberty_value(&out->function, 1))
            continue;
        if (!best || c->area < best->area) best = c;
    }
    if (!best) return;
    const liberty_arc *a = best->pins[1].arcs;
    double load = 2 * (best->pins[0].capacitance[0] + best->pins[0].capacitance[1]), slew = 0;
    for (int i = 0; i < 50; i++)
        slew = (liberty_look_up(&a->slew[0], slew, load) + liberty_look_up(&a->slew[1], slew, load))
               / 2;
    lib->fo4_slew = slew > 0 ? slew : 0;
    lib->fo4_delay =
        (liberty_look_up(&a->delay[0], slew, load) + liberty_look_up(&a->delay[1], slew, load)) / 2;
}

static int by_name(const void *a, const void *b) {
    return strcmp(((const liberty_cell *)a)->name, ((const liberty_cell *)b)->name);
}

liberty *liberty_read(const char *const *paths, int n_paths, bcq_error *error) {
    library *l = calloc(1, sizeof *l);
    if (l) l->a = arena_new();
    if (!l || !l->a) {
        free(l);
        bcq_fail(error, "out of memory");
        return NULL;
    }
    l->error = error;
    for (int i = 0; i < n_paths && !l->bad; i++) {
        arena *text = arena_new();
        l->path = paths[i];
        l->cell = NULL;
        l->root = text ? liberty_parse(text, paths[i], skipped, error) : NULL;
        if (!l->root) l->bad = true;
        else read_header(l, l->root);
        for (const statement *s = l->bad ? NULL : l->root->first; s && !l->bad; s = s->next) {
            l->cell = NULL;
            if (s->group && strcmp(s->name, "cell") == 0) read_cell(l, s);
        }
        arena_free(text);
    }
    if (!l->bad && !l->lib.n_cells) {
        l->bad = true;
        bcq_fail(error, "%s: wanted a library with cells, got none",
                 n_paths ? paths[0] : "no file");
    }
    if (l->bad) {
        liberty_free(&l->lib);
        return NULL;
    }
    qsort(l->lib.cells, (size_t)l->lib.n_cells, sizeof *l->lib.cells, by_name);
    find_fo4(&l->lib);
    return &l->lib;
}

void liberty_free(liberty *lib) {
    if (!lib) return;
    library *l = (library *)lib;
    arena_free(l->a);
    free(l);
}

const liberty_cell *liberty_find(const liberty *lib, const char *name) {
    liberty_cell key = { .name = name };
    return bsearch(&key, lib->cells, (size_t)lib->n_cells, sizeof key, by_name);
}

const liberty_pin *liberty_find_pin(const liberty_cell *cell, const char *name) {
    int i = pin_number(cell, name, strlen(name));
    return i < 0 ? NULL : &cell->pins[i];
}
