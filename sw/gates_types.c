/* Tables of what a library's cell does, for every state of its inputs. See gates_internal.h. */
#include <stdlib.h>
#include <string.h>

#include "gates_internal.h"

enum { POWERS_MAX = 1024, ARCS_MAX = 1024, CLASSES_MAX = 20000 };

static uint64_t variables(const gate_type *t, uint32_t x, bool outputs) {
    uint32_t inputs = x & ((1u << t->inputs) - 1);
    uint64_t v = inputs;
    if (outputs) v |= (uint64_t)t->out[x] << t->inputs;
    if (t->bits > t->inputs)
        v |= (uint64_t)1 << (x >> t->inputs & 1 ? LIBERTY_STATE : LIBERTY_STATE_N);
    return v;
}

static uint32_t support(const gate_type *t, const liberty_function *f) {
    uint32_t pins = 0;
    for (int i = 0; i < f->length; i++)
        if (f->code[i] >= 0 && f->code[i] < t->inputs) pins |= 1u << f->code[i];
    return pins;
}

/* Clear and preset; true if one of them holds, and what the state is then. */
static bool asynchronous(const liberty_cell *c, uint64_t v, bool *state) {
    bool clear = liberty_value(&c->clear, v), preset = liberty_value(&c->preset, v);
    *state = clear && preset ? c->both : preset;
    return clear || preset;
}

static void tabulate(gate_type *t) {
    const liberty_cell *c = t->cell;
    for (uint32_t x = 0; x < 1u << t->bits; x++) {
        uint64_t v = variables(t, x, false);
        bool state = t->bits > t->inputs && x >> t->inputs & 1, forced;
        for (int o = 0; o < t->outputs; o++)
            if (liberty_value(&c->pins[t->inputs + o].function, v)) t->out[x] |= (uint8_t)(1 << o);
        switch (t->kind) {
        case LIBERTY_FLOP:
            t->clocked[x] = liberty_value(&c->clocked, v);
            if (asynchronous(c, v, &forced)) t->next[x] = t->sample[x] = forced;
            else {
                t->next[x] = state;
                t->sample[x] = liberty_value(&c->next, v);
            }
            break;
        case LIBERTY_LATCH:
            if (asynchronous(c, v, &forced)) t->next[x] = forced;
            else t->next[x] = liberty_value(&c->clocked, v) ? liberty_value(&c->next, v) : state;
            break;
        case LIBERTY_CLOCK_GATE: t->next[x] = c->state_table[x]; break;
        default: break;
        }
    }
}

/* Of a pin's groups: those whose `when` holds, else those without one, else all. want_rail -1: any. */
typedef struct {
    int index[ARCS_MAX], n;
} selection;
static void choose(selection *s, int best, int *rank, int index) {
    if (best < *rank) return;
    if (best > *rank) {
        s->n = 0;
        *rank = best;
    }
    if (s->n < ARCS_MAX) s->index[s->n++] = index;
}
static int rank_of(const liberty_function *when, uint64_t v) {
    return !when->length ? 1 : liberty_value(when, v) ? 2 : 0;
}

static void select_powers(const liberty_pin *pin, int related, int rail, uint64_t v, selection *s) {
    int rank = 0;
    s->n = 0;
    for (int i = 0; i < pin->n_powers; i++) {
        const liberty_power *p = &pin->powers[i];
        if (p->rail == rail && (related < 0 || p->related < 0 || p->related == related))
            choose(s, rank_of(&p->when, v), &rank, i);
    }
}

/* Arcs of the sense that the directions show go before others. */
static void select_arcs(const liberty_pin *pin, int related, bool same_direction, int direction,
                        uint64_t v, selection *s) {
    liberty_sense other = same_direction ? LIBERTY_NEGATIVE : LIBERTY_POSITIVE;
    int rank = 0;
    s->n = 0;
    for (int i = 0; i < pin->n_arcs; i++) {
        const liberty_arc *a = &pin->arcs[i];
        if (a->related == related && a->delay[direction].slews)
            choose(s, rank_of(&a->when, v) + 3 * (a->sense != other), &rank, i);
    }
}

static bool same(const gate_class *a, const gate_class *b) {
    return a->pin == b->pin && a->direction == b->direction && a->related == b->related
           && a->related_direction == b->related_direction && a->n_powers == b->n_powers
           && a->n_arcs == b->n_arcs
           && memcmp(a->arcs, b->arcs, (size_t)a->n_arcs * sizeof *a->arcs) == 0
           && memcmp(a->powers, b->powers, (size_t)a->n_powers * sizeof *a->powers) == 0;
}

/* The number of the class, added if it is new; -1: out of memory. */
static int class_of(gate_type *t, const gate_class *c) {
    for (int i = t->n_classes - 1; i >= 0; i--)
        if (same(&t->classes[i], c)) return i;
    if (t->n_classes == CLASSES_MAX) return -1;
    if ((t->n_classes & (t->n_classes - 1)) == 0) {
        gate_class *more =
            realloc(t->classes, (t->n_classes ? 2 * (size_t)t->n_classes : 1) * sizeof *more);
        if (!more) return -1;
        t->classes = more;
    }
    gate_class copy = *c;
    copy.powers = malloc((size_t)c->n_powers * sizeof *c->powers + 1);
    copy.arcs = malloc((size_t)c->n_arcs * sizeof *c->arcs + 1);
    if (!copy.powers || !copy.arcs) {
        free(copy.powers);
        free(copy.arcs);
        return -1;
    }
    memcpy(copy.powers, c->powers, (size_t)c->n_powers * sizeof *c->powers);
    memcpy(copy.arcs, c->arcs, (size_t)c->n_arcs * sizeof *c->arcs);
    t->classes[t->n_classes] = copy;
    return t->n_classes++;
}

typedef struct {
    selection s;
    gate_class c;
} workspace;

/* related: -1, the pin is an input. False: out of memory. */
static bool classify(gate_type *t, workspace *w, int pin, int related, uint32_t x,
                     uint16_t *result) {
    const liberty_pin *p = &t->cell->pins[pin];
    bool input = related < 0;
    uint64_t v = variables(t, x, true);
    int highest = 0;
    gate_class *c = &w->c;
    c->pin = (uint8_t)pin;
    c->direction = (uint8_t)(v >> pin & 1);
    c->related = (uint8_t)(input ? pin : related);
    c->related_direction = (uint8_t)(v >> c->related & 1);
    c->n_powers = c->n_arcs = 0;
    for (int i = 0; i < p->n_powers; i++)
        if (p->powers[i].rail > highest) highest = p->powers[i].rail;
    for (int rail = 0; rail <= highest; rail++) {
        select_powers(p, related, rail, v, &w->s);
        for (int i = 0; i < w->s.n && c->n_powers < POWERS_MAX; i++, c->n_powers++) {
            memset(&c->powers[c->n_powers], 0, sizeof *c->powers);
            c->powers[c->n_powers].index = w->s.index[i];
            c->powers[c->n_powers].weight = 1.0 / w->s.n;
        }
    }
    if (!input) {
        select_arcs(p, related, c->direction == c->related_direction, c->direction, v, &w->s);
        memcpy(c->arcs, w->s.index, (size_t)w->s.n * sizeof *c->arcs);
        c->n_arcs = w->s.n;
    }
    *result = NO_CLASS;
    if (!c->n_powers && !c->n_arcs) return true;
    int number = class_of(t, c);
    *result = (uint16_t)number;
    return number >= 0;
}

bool gate_type_make(gate_type *t, const liberty_cell *cell, bcq_error *error) {
    *t = (gate_type){ .cell = cell,
                      .kind = cell->kind,
                      .inputs = cell->n_inputs,
                      .outputs = cell->n_pins - cell->n_inputs };
    t->bits = t->inputs + (cell->kind != LIBERTY_GATE);
    size_t states = (size_t)1 << t->bits, inputs = (size_t)t->inputs, outputs = (size_t)t->outputs;
    t->out = calloc(states, 1);
    t->next = calloc(states, 1);
    t->sample = calloc(states, 1);
    t->clocked = calloc(states, 1);
    t->cause = malloc(outputs * inputs * states * sizeof *t->cause + 1);
    t->passive = malloc(inputs * states * sizeof *t->passive + 1);
    workspace *w = calloc(1, sizeof *w);
    if (w) {
        w->c.powers = calloc(POWERS_MAX, sizeof *w->c.powers);
        w->c.arcs = calloc(ARCS_MAX, sizeof *w->c.arcs);
    }
    bool good = t->out && t->next && t->sample && t->clocked && t->cause && t->passive && w
                && w->c.powers && w->c.arcs;
    if (good) {
        tabulate(t);
        t->level_pins = t->kind == LIBERTY_FLOP
                            ? support(t, &cell->clear) | support(t, &cell->preset)
                            : (1u << inputs) - 1;
        if (t->kind == LIBERTY_FLOP) t->clock_pins = support(t, &cell->clocked);
        if (t->kind == LIBERTY_LATCH) t->enable_pins = support(t, &cell->clocked);
        for (int i = 0; t->kind == LIBERTY_CLOCK_GATE && i < t->inputs; i++)
            if (cell->pins[i].clock) t->clock_pins |= 1u << i;
    }
    for (size_t i = 0; good && i < inputs; i++)
        for (uint32_t x = 0; good && x < states; x++) {
            good = classify(t, w, (int)i, -1, x, &t->passive[i * states + x]);
            for (size_t o = 0; good && o < outputs; o++)
                good = classify(t, w, (int)(inputs + o), (int)i, x,
                                &t->cause[(o * inputs + i) * states + x]);
        }
    for (int i = 0; i < t->inputs; i++)
        if (cell->pins[i].n_powers) t->passive_pins |= 1u << i;
    if (w) {
        free(w->c.powers);
        free(w->c.arcs);
    }
    free(w);
    return good || bcq_fail(error, "%s: out of memory", cell->name);
}

void gate_type_free(gate_type *t) {
    for (int i = 0; i < t->n_classes; i++) {
        free(t->classes[i].powers);
        free(t->classes[i].arcs);
    }
    free(t->classes);
    free(t->out);
    free(t->next);
    free(t->sample);
    free(t->clocked);
    free(t->cause);
    free(t->passive);
}
