/* The phases of a clock cycle, with events or level by level. See gates.h and gates_internal.h. */
#include <stdlib.h>
#include <string.h>

#include "gates_internal.h"

enum { BUCKETS = 1 << 11 };
static const uint32_t pin_mask = (1u << PIN_BITS) - 1;

static void count(gates *g, const gate *c, uint16_t class) {
    if (class != NO_CLASS) g->count[c->base + class]++;
}

/* An input of a cell has changed. */
static void count_passive(gates *g, const gate *c, const gate_type *t, int pin) {
    if (t->passive_pins >> pin & 1) count(g, c, gate_passive(t, pin, c->x));
}

/* The state bit follows the inputs without an edge. */
static void follow(gate *c, const gate_type *t) {
    if (t->kind != LIBERTY_GATE)
        c->x = (uint16_t)((c->x & ((1u << t->inputs) - 1)) | (uint32_t)t->next[c->x] << t->inputs);
}

static void flip(gates *g, uint32_t n) {
    gate_net *t = &g->nets[n];
    if (t->phase != g->phase) {
        t->phase = g->phase;
        t->start = t->value;
        g->touched[g->n_touched++] = n;
    }
    t->value ^= 1;
    t->toggles++;
}

static const uint32_t *outputs_of(const gates *g, const gate *c, const gate_type *t) {
    return g->flat.pin_net + c->pins + t->inputs;
}

/* ---- Events --------------------------------------------------------------------------------------- */

static bool before(const gate_event *a, const gate_event *b) {
    return a->time != b->time ? a->time < b->time
                              : a->net < b->net; /* nets of one time: by number */
}

static bool stale(const gates *g, const gate_event *e) {
    return !g->nets[e->net].pending || g->nets[e->net].sequence != e->sequence;
}

static void sift_up(gates *g, uint32_t i, gate_event e) {
    for (; i && before(&e, &g->heap[(i - 1) / 2]); i = (i - 1) / 2)
        g->heap[i] = g->heap[(i - 1) / 2];
    g->heap[i] = e;
}

/* Heap and pool have room for two entries a net. At most one of a net is not stale: when they are full, at least
 * half of what they hold goes. */
static void heap_push(gates *g, gate_event e) {
    if (g->n_heap == g->room_pool) {
        uint32_t all = g->n_heap;
        g->n_heap = 0;
        for (uint32_t i = 0; i < all; i++)
            if (!stale(g, &g->heap[i])) {
                gate_event kept = g->heap[i];
                sift_up(g, g->n_heap++, kept);
            }
    }
    sift_up(g, g->n_heap++, e);
}

static void purge(gates *g) {
    for (uint32_t b = 0; b < BUCKETS; b++)
        for (uint32_t *at = &g->bucket[b]; *at != NONE;) {
            uint32_t e = *at;
            if (!stale(g, &g->pool[e])) {
                at = &g->pool[e].next;
                continue;
            }
            *at = g->pool[e].next;
            g->pool[e].next = g->free_events;
            g->free_events = e;
        }
}

static void list(gates *g, gate_event e) {
    if (g->free_events == NONE) purge(g);
    uint32_t b = (uint32_t)(e.time >> g->shift) & (BUCKETS - 1), at = g->free_events;
    g->free_events = g->pool[at].next;
    e.next = g->bucket[b];
    g->pool[at] = e;
    g->bucket[b] = at;
    g->occupied[b / 64] |= (uint64_t)1 << b % 64;
}

static gate_event heap_pop(gates *g) {
    gate_event top = g->heap[0], e = g->heap[--g->n_heap];
    uint32_t i = 0;
    for (uint32_t child; (child = 2 * i + 1) < g->n_heap; i = child) {
        if (child + 1 < g->n_heap && before(&g->heap[child + 1], &g->heap[child])) child++;
        if (!before(&g->heap[child], &e)) break;
        g->heap[i] = g->heap[child];
    }
    g->heap[i] = e;
    return top;
}

/* The output is to have this value after a delay: inertial. */
static void schedule(gates *g, uint32_t n, bool value, uint32_t cause, uint32_t delay) {
    gate_net *t = &g->nets[n];
    if ((t->value ^ t->pending) == value) return;
    t->pending ^= 1;
    if (!t->pending) {
        g->pending--;
        g->swallowed++;
        return;
    }
    t->cause = cause;
    g->pending++;
    gate_event e = { g->now + delay, n, ++t->sequence, NONE };
    if (e.time >> g->shift <= g->slot) heap_push(g, e);
    else list(g, e);
}

/* Outputs after their cell came to state x by a change of input `pin`. */
static void schedule_outputs(gates *g, gate *c, const gate_type *t, int pin) {
    uint32_t changed = t->out[c->x] ^ c->target;
    c->target ^= (uint8_t)changed;
    for (; changed; changed &= changed - 1) {
        int o = __builtin_ctz(changed);
        uint16_t class = gate_cause(t, o, pin, c->x);
        schedule(g, outputs_of(g, c, t)[o], c->target >> o & 1,
                 class == NO_CLASS ? NONE : c->base + class,
                 class == NO_CLASS ? 1 : g->delay[c->base + class]);
    }
}

/* An input of a cell has changed. */
static void respond(gates *g, gate *c, int pin) {
    const gate_type *t = &g->types[c->type];
    if (!(t->level_pins >> pin & 1)) return;
    follow(c, t);
    schedule_outputs(g, c, t, pin);
}

static void clock_edge(gates *g, uint32_t n);

static void spread(gates *g, uint32_t n) {
    flip(g, n);
    for (uint32_t f = g->nets[n].fan, end = g->nets[n].fan_end; f < end; f++) {
        gate *c = &g->cells[g->fan[f] >> PIN_BITS];
        int pin = (int)(g->fan[f] & pin_mask);
        c->x ^= (uint16_t)(1u << pin);
        count_passive(g, c, &g->types[c->type], pin);
        respond(g, c, pin);
    }
}

/* What the bucket's nets will touch is asked for before it is needed: most of the time is waiting for memory. */
static void ahead(const gates *g) {
    for (uint32_t i = 0; i < g->n_heap; i++)
        __builtin_prefetch(&g->fan[g->nets[g->heap[i].net].fan]);
    for (uint32_t i = 0; i < g->n_heap; i++) {
        const gate_net *n = &g->nets[g->heap[i].net];
        for (uint32_t f = n->fan; f < n->fan_end; f++)
            __builtin_prefetch(&g->cells[g->fan[f] >> PIN_BITS]);
    }
}

/* The next bucket that holds something becomes the heap. */
static void next_bucket(gates *g) {
    uint32_t from = (uint32_t)(g->slot + 1) & (BUCKETS - 1), w = from / 64;
    uint64_t bits = g->occupied[w] & ~(uint64_t)0 << from % 64;
    while (!bits) bits = g->occupied[w = (w + 1) & (BUCKETS / 64 - 1)];
    uint32_t b = 64 * w + (uint32_t)__builtin_ctzll(bits);
    g->slot += 1 + ((b - from) & (BUCKETS - 1));
    for (uint32_t at = g->bucket[b], next; at != NONE; at = next) {
        next = g->pool[at].next;
        __builtin_prefetch(&g->nets[g->pool[at].net]);
        heap_push(g, g->pool[at]);
        g->pool[at].next = g->free_events;
        g->free_events = at;
    }
    g->bucket[b] = NONE;
    g->occupied[b / 64] &= ~((uint64_t)1 << b % 64);
    ahead(g);
}

static void run_events(gates *g) {
    while (g->pending) {
        if (!g->n_heap) {
            next_bucket(g);
            continue;
        }
        gate_event e = heap_pop(g);
        gate_net *n = &g->nets[e.net];
        if (stale(g, &e)) continue;
        g->now = e.time;
        n->pending = 0;
        g->pending--;
        g->events++;
        if (n->cause != NONE) g->count[n->cause]++;
        if (n->clock) clock_edge(g, e.net);
        else spread(g, e.net);
    }
}

/* What was cancelled and is left over when all is quiet. */
static void empty(gates *g) {
    g->n_heap = 0;
    for (uint32_t w = 0; w < BUCKETS / 64; w++)
        for (; g->occupied[w]; g->occupied[w] &= g->occupied[w] - 1) {
            uint32_t b = 64 * w + (uint32_t)__builtin_ctzll(g->occupied[w]);
            for (uint32_t at = g->bucket[b], next; at != NONE; at = next) {
                next = g->pool[at].next;
                g->pool[at].next = g->free_events;
                g->free_events = at;
            }
            g->bucket[b] = NONE;
        }
}

/* ---- Level by level -------------------------------------------------------------------------------- */

/* The net has changed: the cells that it drives have work to do. */
static void mark(gates *g, uint32_t cell, int pin) {
    gate *c = &g->cells[cell];
    const gate_type *t = &g->types[c->type];
    if (t->level_pins >> pin & 1) {
        if (!g->changed[cell]) {
            g->dirty_next[cell] = g->dirty_first[g->level[cell]];
            g->dirty_first[g->level[cell]] = cell;
        }
        g->changed[cell] |= (uint16_t)(1u << pin);
    } else if (t->passive_pins >> pin & 1) {
        if (!g->late_changed[cell]) g->late[g->n_late++] = cell;
        g->late_changed[cell] |= (uint16_t)(1u << pin);
    }
}

static void spread_level(gates *g, uint32_t n) {
    flip(g, n);
    for (uint32_t f = g->nets[n].fan, end = g->nets[n].fan_end; f < end; f++) {
        uint32_t cell = g->fan[f] >> PIN_BITS;
        int pin = (int)(g->fan[f] & pin_mask);
        g->cells[cell].x ^= (uint16_t)(1u << pin);
        mark(g, cell, pin);
    }
}

/* Of the inputs that changed the last to arrive: of the highest level, then the first. */
static int last_input(const gates *g, const gate *c, uint32_t inputs) {
    int best = -1;
    uint32_t highest = 0;
    for (; inputs; inputs &= inputs - 1) {
        int pin = __builtin_ctz(inputs);
        uint32_t driver = g->driver[g->flat.pin_net[c->pins + (uint32_t)pin]];
        uint32_t level = driver == NONE ? 0 : 1 + g->level[driver];
        if (best < 0 || level > highest) {
            best = pin;
            highest = level;
        }
    }
    return best;
}

static void evaluate(gates *g, uint32_t cell) {
    gate *c = &g->cells[cell];
    const gate_type *t = &g->types[c->type];
    uint32_t changed = g->changed[cell];
    g->changed[cell] = 0;
    for (uint32_t pins = changed; pins; pins &= pins - 1)
        count_passive(g, c, t, __builtin_ctz(pins));
    follow(c, t);
    const uint32_t *net = outputs_of(g, c, t);
    for (int o = 0; o < t->outputs; o++) {
        if (g->nets[net[o]].value == (t->out[c->x] >> o & 1)) continue;
        count(g, c, gate_cause(t, o, last_input(g, c, changed), c->x));
        if (g->nets[net[o]].clock) clock_edge(g, net[o]);
        else spread_level(g, net[o]);
    }
}

static void run_levels(gates *g) {
    for (uint32_t level = 0; level < g->n_levels; level++) {
        for (uint32_t cell; (cell = g->dirty_first[level]) != NONE;) {
            g->dirty_first[level] = g->dirty_next[cell];
            evaluate(g, cell);
        }
    }
    for (uint32_t i = 0; i < g->n_late; i++) {
        gate *c = &g->cells[g->late[i]];
        for (uint32_t pins = g->late_changed[g->late[i]]; pins; pins &= pins - 1)
            count_passive(g, c, &g->types[c->type], __builtin_ctz(pins));
        g->late_changed[g->late[i]] = 0;
    }
    g->n_late = 0;
}

/* ---- The clock ------------------------------------------------------------------------------------- */

/* A clock net and all that follow it without delay change; flip-flops that see an edge are noted. */
static void clock_wave(gates *g, uint32_t first) {
    uint32_t done = 0;
    g->n_waves = 0;
    g->waves[g->n_waves++] = first;
    while (done < g->n_waves) {
        uint32_t n = g->waves[done++];
        flip(g, n);
        for (uint32_t f = g->nets[n].fan, end = g->nets[n].fan_end; f < end; f++) {
            uint32_t cell = g->fan[f] >> PIN_BITS;
            int pin = (int)(g->fan[f] & pin_mask);
            gate *c = &g->cells[cell];
            const gate_type *t = &g->types[c->type];
            uint32_t old = c->x;
            c->x ^= (uint16_t)(1u << pin);
            if (t->kind == LIBERTY_MACRO) {
                if (c->x & 1) g->sampled[g->n_sampled++] = cell;
                continue;
            }
            if (t->kind == LIBERTY_FLOP && t->clock_pins >> pin & 1) {
                count_passive(g, c, t, pin);
                if (t->clocked[c->x] && !t->clocked[old]) g->sampled[g->n_sampled++] = cell;
                continue;
            }
            const uint32_t *net = outputs_of(g, c, t);
            if (!t->outputs || !g->nets[net[0]].clock) {
                if (!g->options.events) {
                    mark(g, cell, pin);
                    continue;
                }
                count_passive(g, c, t, pin);
                respond(g, c, pin);
                continue;
            }
            count_passive(g, c, t, pin);
            follow(c, t);
            c->target = t->out[c->x];
            for (int o = 0; o < t->outputs; o++) {
                if (g->nets[net[o]].value == (t->out[c->x] >> o & 1)) continue;
                count(g, c, gate_cause(t, o, pin, c->x));
                g->waves[g->n_waves++] = net[o];
            }
        }
    }
}

static void show_data(gates *g, const gate_memory *m) {
    const bus *data = &m->ports->port[M_DATA];
    for (int b = 0; b < data->bits; b++) {
        if (g->options.events) schedule(g, data->net[b], m->data[b], NONE, g->memory_delay);
        else if (g->nets[data->net[b]].value != m->data[b]) spread_level(g, data->net[b]);
    }
}

/* All flip-flops and memories look at their inputs before any of them shows what it saw. */
static void sample(gates *g) {
    for (uint32_t i = 0; i < g->n_sampled; i++) {
        gate *c = &g->cells[g->sampled[i]];
        const gate_type *t = &g->types[c->type];
        if (t->kind == LIBERTY_MACRO) gates_memory_edge(g, &g->memories[c->pins]);
        else g->sampled_state[i] = t->sample[c->x];
    }
    for (uint32_t i = 0; i < g->n_sampled; i++) {
        gate *c = &g->cells[g->sampled[i]];
        const gate_type *t = &g->types[c->type];
        if (t->kind == LIBERTY_MACRO) {
            show_data(g, &g->memories[c->pins]);
            continue;
        }
        if ((c->x >> t->inputs & 1) == g->sampled_state[i]) continue;
        c->x ^= (uint16_t)(1u << t->inputs);
        int pin = __builtin_ctz(t->clock_pins);
        if (g->options.events) {
            schedule_outputs(g, c, t, pin);
            continue;
        }
        const uint32_t *net = outputs_of(g, c, t);
        for (int o = 0; o < t->outputs; o++) {
            if (g->nets[net[o]].value == (t->out[c->x] >> o & 1)) continue;
            count(g, c, gate_cause(t, o, pin, c->x));
            spread_level(g, net[o]);
        }
    }
    g->n_sampled = 0;
}

static void clock_edge(gates *g, uint32_t n) {
    clock_wave(g, n);
    sample(g);
}

void gates_sim_phase(gates *g, bool clock, bool inputs) {
    g->phase++;
    g->n_touched = 0;
    g->now = g->slot = 0;
    if (g->clock != NONE && g->nets[g->clock].value != clock) clock_edge(g, g->clock);
    for (int p = 0; inputs && p < g->flat.n_ports; p++) {
        const flat_port *port = &g->flat.ports[p];
        for (int b = 0; g->input[p] && b < port->bits.bits; b++) {
            uint32_t n = port->bits.net[b];
            if (n == g->clock || n < NETS_FIXED || g->nets[n].value == g->input[p][b]) continue;
            if (g->options.events) spread(g, n);
            else spread_level(g, n);
        }
    }
    if (g->options.events) {
        run_events(g);
        empty(g);
    } else {
        run_levels(g);
    }
    for (uint32_t i = 0; i < g->n_touched; i++) {
        gate_net *n = &g->nets[g->touched[i]];
        n->functional += n->value != n->start;
    }
}

/* ---- Beginning ------------------------------------------------------------------------------------- */

static uint32_t inputs_now(const gates *g, const gate *c, const gate_type *t) {
    uint32_t x = 0;
    for (int i = 0; i < t->inputs; i++)
        x |= (uint32_t)g->nets[g->flat.pin_net[c->pins + (uint32_t)i]].value << i;
    return x;
}

void gates_sim_start(gates *g) {
    g->nets[NET_1].value = 1;
    for (int m = 0; m < g->flat.n_memories; m++)
        for (int b = 0; b < g->flat.memories[m].width; b++)
            g->nets[g->flat.memories[m].port[M_DATA].net[b]].value = g->memories[m].data[b];
    for (uint32_t i = 0; i < g->n_cells; i++) {
        gate *c = &g->cells[g->order[i]];
        const gate_type *t = &g->types[c->type];
        if (t->kind == LIBERTY_MACRO) continue;
        c->x = (uint16_t)(inputs_now(g, c, t) | (c->x >> t->inputs & 1u) << t->inputs);
        follow(c, t);
        c->target = t->out[c->x];
        for (int o = 0; o < t->outputs; o++)
            g->nets[outputs_of(g, c, t)[o]].value = t->out[c->x] >> o & 1;
    }
    for (uint32_t i = 0; i < g->n_cells; i++) { /* inputs that no output follows without an edge */
        gate *c = &g->cells[i];
        const gate_type *t = &g->types[c->type];
        if (t->kind == LIBERTY_MACRO)
            c->x = g->nets[g->flat.memories[c->pins].port[M_CLOCK].net[0]].value;
        else c->x = (uint16_t)((c->x & ~((1u << t->inputs) - 1)) | inputs_now(g, c, t));
    }
}

bool gates_sim_make(gates *g, bcq_error *error) {
    size_t cells = g->n_cells + 1, nets = g->n_nets;
    g->touched = malloc(nets * sizeof *g->touched);
    g->sampled = malloc(cells * sizeof *g->sampled);
    g->sampled_state = malloc(cells);
    g->waves = malloc(2 * nets * sizeof *g->waves);
    bool good = g->touched && g->sampled && g->sampled_state && g->waves;
    if (g->options.events) {
        g->room_pool = 2 * g->n_nets;
        g->heap = malloc(g->room_pool * sizeof *g->heap);
        g->pool = malloc(g->room_pool * sizeof *g->pool);
        g->bucket = malloc(BUCKETS * sizeof *g->bucket);
        g->occupied = calloc(BUCKETS / 64, sizeof *g->occupied);
        good = good && g->heap && g->pool && g->bucket && g->occupied;
        g->free_events = 0;
        for (uint32_t i = 0; good && i < g->room_pool; i++)
            g->pool[i].next = i + 1 < g->room_pool ? i + 1 : NONE;
        for (int i = 0; good && i < BUCKETS; i++) g->bucket[i] = NONE;
        uint32_t longest = g->memory_delay;
        for (uint32_t i = 0; i < g->n_counts; i++)
            if (g->delay[i] > longest) longest = g->delay[i];
        while (longest >> g->shift >= BUCKETS - 2) g->shift++;
    } else {
        g->dirty_first = malloc((g->n_levels + 1) * sizeof *g->dirty_first);
        g->dirty_next = malloc(cells * sizeof *g->dirty_next);
        g->changed = calloc(cells, sizeof *g->changed);
        g->late_changed = calloc(cells, sizeof *g->late_changed);
        g->late = malloc(cells * sizeof *g->late);
        good = good && g->dirty_first && g->dirty_next && g->changed && g->late_changed && g->late;
        for (uint32_t i = 0; good && i < g->n_levels; i++) g->dirty_first[i] = NONE;
    }
    return good || bcq_fail(error, "out of memory");
}
