/* Lays the hierarchy of a netlist out flat: modules become scopes, bits nets. See gates_internal.h. */
#include <stdlib.h>
#include <string.h>

#include "gates_netlist.h"

static const char memory_name[] = "bcq_acc_memory";

typedef struct {
    netlist *n;
    const liberty *lib;
    flat *f;
    bcq_error *error;
    int room_scopes, room_memories, room_cells, room_pins, room_bits;
    uint32_t *parent; /* of each bit: union and find; 0 and 1 are the constants */
    int n_cells, n_pins, n_bits;
} layout;

static uint32_t find(layout *l, uint32_t bit) {
    while (l->parent[bit] != bit) bit = l->parent[bit] = l->parent[l->parent[bit]];
    return bit;
}
/* The lower number stays: a constant remains one. */
static bool join(layout *l, uint32_t a, uint32_t b, const module *m, const char *what, int line) {
    a = find(l, a);
    b = find(l, b);
    if (a > b) {
        uint32_t c = a;
        a = b;
        b = c;
    }
    if (b == NET_1) {
        if (a != NET_1)
            return bcq_fail(l->error,
                            "%s:%d: wanted one value of %s in module %s, got both 0 and 1",
                            l->n->path, line, what, m->name);
        return true;
    }
    l->parent[b] = a;
    return true;
}

static bool new_bits(layout *l, int32_t count, uint32_t *first) {
    if (l->n_bits > INT32_MAX / 2 - count)
        return bcq_fail(l->error, "%s: wanted a smaller netlist", l->n->path);
    while (l->n_bits + count > l->room_bits)
        if (!netlist_grow(&l->parent, l->room_bits, &l->room_bits, sizeof *l->parent))
            return netlist_memory_fails(l->error);
    *first = (uint32_t)l->n_bits;
    for (int32_t i = 0; i < count; i++) l->parent[l->n_bits + i] = (uint32_t)(l->n_bits + i);
    l->n_bits += count;
    return true;
}

static uint32_t global(uint32_t base, int32_t bit) {
    return bit == BIT_0 ? NET_0 : bit == BIT_1 ? NET_1 : base + (uint32_t)bit;
}

static bool new_scope(layout *l, const module *m, const char *type, int parent, const char *name) {
    flat *f = l->f;
    if (!netlist_grow(&f->scopes, f->n_scopes, &l->room_scopes, sizeof *f->scopes))
        return netlist_memory_fails(l->error);
    const char *above = parent < 0 ? "" : f->scopes[parent].instance;
    size_t length = strlen(above) + 1 + strlen(name);
    char *path = arena_alloc(l->n->a, length + 1);
    if (!path) return netlist_memory_fails(l->error);
    snprintf(path, length + 1, "%s%s%s", above, *above ? "." : "", name);
    flat_scope s = { type, path, parent, -1, 0, m };
    if (m && !new_bits(l, m->bits, &s.base)) return false;
    f->scopes[f->n_scopes++] = s;
    return true;
}

static const signal *find_signal(const module *m, const char *name) {
    for (int i = 0; i < m->n_signals; i++)
        if (m->signals[i].name == name || strcmp(m->signals[i].name, name) == 0)
            return &m->signals[i];
    return NULL;
}

static bool place_module(layout *l, const instance *i, const module *inner, int scope) {
    flat *f = l->f;
    const module *outer = f->scopes[scope].source;
    for (int up = scope; up >= 0; up = f->scopes[up].parent)
        if (f->scopes[up].source == inner)
            return bcq_fail(l->error, "%s:%d: wanted a hierarchy, got module %s inside itself",
                            l->n->path, i->line, inner->name);
    if (!new_scope(l, inner, inner->name, scope, i->name)) return false;
    uint32_t base = f->scopes[f->n_scopes - 1].base, outer_base = f->scopes[scope].base;
    for (int p = 0; p < i->n_pins; p++) {
        const signal *s = find_signal(inner, i->pins[p].pin);
        if (!s || s->direction == WIRE || (i->pins[p].n && i->pins[p].n != s->width))
            return bcq_fail(l->error, "%s:%d: wanted a port %s of module %s with %d bits, got %d",
                            l->n->path, i->line, i->pins[p].pin, inner->name, s ? s->width : 0,
                            i->pins[p].n);
        for (int b = 0; b < i->pins[p].n; b++)
            if (!join(l, base + (uint32_t)(s->first + b), global(outer_base, i->pins[p].bits[b]),
                      outer, i->pins[p].pin, i->line))
                return false;
    }
    return true;
}

static bool place_cell(layout *l, const instance *i, const liberty_cell *cell, int scope) {
    flat *f = l->f;
    if (cell->refused)
        return bcq_fail(l->error, "%s:%d: wanted cells that can be simulated, got %s: %s",
                        l->n->path, i->line, cell->name, cell->refused);
    if (!netlist_grow(&f->cells, l->n_cells, &l->room_cells, sizeof *f->cells))
        return netlist_memory_fails(l->error);
    while (l->n_pins + cell->n_pins > l->room_pins)
        if (!netlist_grow(&f->pin_net, l->room_pins, &l->room_pins, sizeof *f->pin_net))
            return netlist_memory_fails(l->error);
    f->cells[l->n_cells++] = (flat_cell){ cell, i->name, scope, (uint32_t)l->n_pins };
    uint32_t *net = f->pin_net + l->n_pins, open;
    l->n_pins += cell->n_pins;
    bool seen[LIBERTY_PINS_MAX] = { false };
    for (int p = 0; p < i->n_pins; p++) {
        const liberty_pin *pin = liberty_find_pin(cell, i->pins[p].pin);
        if (!pin || i->pins[p].n > 1 || seen[pin - cell->pins])
            return bcq_fail(l->error, "%s:%d: wanted one net to each pin of %s, got %d to %s",
                            l->n->path, i->line, cell->name, i->pins[p].n, i->pins[p].pin);
        if (!i->pins[p].n) continue;
        seen[pin - cell->pins] = true;
        net[pin - cell->pins] = global(f->scopes[scope].base, i->pins[p].bits[0]);
    }
    for (int p = 0; p < cell->n_pins; p++) {
        if (seen[p]) continue;
        if (p < cell->n_inputs)
            return bcq_fail(l->error, "%s:%d: wanted a net at pin %s of %s, got none", l->n->path,
                            i->line, cell->pins[p].name, cell->name);
        if (!new_bits(l, 1, &open)) return false;
        net[p] = open;
    }
    return true;
}

static bool place_memory(layout *l, const instance *i, int scope) {
    static const char *const names[M_PORTS] = { "clk_i",        "write_i", "write_addr_i",
                                                "write_data_i", "read_i",  "read_addr_i",
                                                "data_o" };
    flat *f = l->f;
    if (!new_scope(l, NULL, i->type, scope, i->name)) return false;
    f->scopes[f->n_scopes - 1].memory = f->n_memories;
    if (!netlist_grow(&f->memories, f->n_memories, &l->room_memories, sizeof *f->memories))
        return netlist_memory_fails(l->error);
    flat_memory *m = &f->memories[f->n_memories++];
    *m = (flat_memory){ .scope = f->n_scopes - 1 };
    for (int p = 0; p < M_PORTS; p++) {
        const connection *c = NULL;
        for (int k = 0; k < i->n_pins; k++)
            if (strcmp(i->pins[k].pin, names[p]) == 0) c = &i->pins[k];
        if (!c || !c->n)
            return bcq_fail(l->error, "%s:%d: wanted a net at port %s of %s, got none", l->n->path,
                            i->line, names[p], i->type);
        if (!(m->port[p].net = arena_alloc(l->n->a, (size_t)c->n * sizeof *m->port[p].net)))
            return netlist_memory_fails(l->error);
        m->port[p].bits = c->n;
        for (int b = 0; b < c->n; b++)
            m->port[p].net[b] = global(f->scopes[scope].base, c->bits[b]);
    }
    m->width = m->port[M_DATA].bits;
    m->address_bits = m->port[M_READ_ADDR].bits;
    return (m->port[M_WRITE_DATA].bits == m->width && m->port[M_WRITE_ADDR].bits == m->address_bits
            && m->address_bits <= 20 && m->port[M_CLOCK].bits == 1 && m->port[M_WRITE].bits == 1
            && m->port[M_READ].bits == 1)
           || bcq_fail(l->error, "%s:%d: wanted ports of matching widths at %s", l->n->path,
                       i->line, i->type);
}

static bool place_instance(layout *l, const instance *i, int scope) {
    const struct name *name = netlist_intern(l->n, i->type, strlen(i->type));
    if (name && name->module >= 0) return place_module(l, i, &l->n->modules[name->module], scope);
    const liberty_cell *cell = liberty_find(l->lib, i->type);
    if (cell) return place_cell(l, i, cell, scope);
    if (strstr(i->type, memory_name)) return place_memory(l, i, scope);
    return bcq_fail(l->error,
                    "%s:%d: wanted a module of this file, a cell of %s or a memory, got '%.80s'",
                    l->n->path, i->line, l->lib->name, i->type);
}

/* Bits become nets: one number for all bits that are joined. */
static bool number_nets(layout *l) {
    flat *f = l->f;
    if (!(f->bit_net = malloc((size_t)l->n_bits * sizeof *f->bit_net)))
        return netlist_memory_fails(l->error);
    f->n_nets = 0;
    for (uint32_t b = 0; b < (uint32_t)l->n_bits; b++) {
        uint32_t root = find(l, b);
        f->bit_net[b] = root == b ? f->n_nets++ : f->bit_net[root]; /* a root is its set's lowest */
    }
    for (int p = 0; p < l->n_pins; p++) f->pin_net[p] = f->bit_net[f->pin_net[p]];
    for (int m = 0; m < f->n_memories; m++)
        for (int p = 0; p < M_PORTS; p++)
            for (int b = 0; b < f->memories[m].port[p].bits; b++)
                f->memories[m].port[p].net[b] = f->bit_net[f->memories[m].port[p].net[b]];
    f->n_cells = (uint32_t)l->n_cells;
    f->n_pins = (uint32_t)l->n_pins;
    f->n_bits = (uint32_t)l->n_bits;
    return true;
}

static bool top_ports(layout *l, const module *m) {
    flat *f = l->f;
    if (!(f->ports = calloc((size_t)m->n_signals + 1, sizeof *f->ports)))
        return netlist_memory_fails(l->error);
    for (int i = 0; i < m->n_signals; i++) {
        const signal *s = &m->signals[i];
        if (s->direction == WIRE) continue;
        flat_port *p = &f->ports[f->n_ports];
        if (!(p->bits.net = arena_alloc(l->n->a, (size_t)s->width * sizeof *p->bits.net)))
            return netlist_memory_fails(l->error);
        *p = (flat_port){ s->name, s->direction == OUTPUT, { p->bits.net, s->width } };
        for (int b = 0; b < s->width; b++)
            p->bits.net[b] = f->bit_net[f->scopes[0].base + (uint32_t)(s->first + b)];
        f->n_ports++;
    }
    return true;
}

bool netlist_flatten(netlist *n, const liberty *lib, const char *top, flat *f, bcq_error *error) {
    layout l = { .n = n, .lib = lib, .f = f, .error = error };
    memset(f, 0, sizeof *f);
    const struct name *name = netlist_intern(n, top, strlen(top));
    if (!name || name->module < 0)
        return bcq_fail(error, "%s: wanted a module %s, got none of that name", n->path, top);
    const module *m = &n->modules[name->module];
    uint32_t constants;
    bool good = new_bits(&l, NETS_FIXED, &constants) && new_scope(&l, m, m->name, -1, "");
    for (int s = 0; good && s < f->n_scopes; s++) {
        const module *of = f->scopes[s].source;
        for (int i = 0; of && good && i < of->n_aliases; i++)
            good = join(&l, global(f->scopes[s].base, of->aliases[i].to),
                        global(f->scopes[s].base, of->aliases[i].from), of, "a net", of->line);
        for (int i = 0; of && good && i < of->n_instances; i++)
            good = place_instance(&l, &of->instances[i], s);
    }
    good = good && number_nets(&l) && top_ports(&l, m);
    free(l.parent);
    return good;
}

void flat_free(flat *f) {
    free(f->scopes);
    free(f->cells);
    free(f->memories);
    free(f->ports);
    free(f->pin_net);
    free(f->bit_net);
    memset(f, 0, sizeof *f);
}

bool netlist_find(const flat *f, int scope, const char *name, int bit, uint32_t *net) {
    if (scope < 0 || scope >= f->n_scopes || !f->scopes[scope].source) return false;
    const signal *s = find_signal(f->scopes[scope].source, name);
    if (!s) return false;
    int at = s->left >= s->right ? bit - s->right : s->right - bit;
    if (at < 0 || at >= s->width) return false;
    *net = f->bit_net[f->scopes[scope].base + (uint32_t)(s->first + at)];
    return true;
}

void netlist_name(const flat *f, uint32_t net, char *text, size_t size) {
    for (int s = 0; s < f->n_scopes; s++) {
        const module *m = f->scopes[s].source;
        for (int i = 0; m && i < m->n_signals; i++)
            for (int b = 0; b < m->signals[i].width; b++) {
                if (f->bit_net[f->scopes[s].base + (uint32_t)(m->signals[i].first + b)] != net)
                    continue;
                int index = m->signals[i].left >= m->signals[i].right ? m->signals[i].right + b
                                                                      : m->signals[i].right - b;
                snprintf(text, size, "%s%s%s[%d]", f->scopes[s].instance,
                         *f->scopes[s].instance ? "." : "", m->signals[i].name, index);
                return;
            }
    }
    snprintf(text, size, "an unnamed net");
}
