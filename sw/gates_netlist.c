/* Reads the Verilog that Yosys writes. See gates.h. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "gates_netlist.h"

enum { VECTOR_MAX = 1 << 20, DEPTH_MAX = 100 };

/* ---- Reading ------------------------------------------------------------------------------------- */

typedef struct {
    netlist *n;
    const char *at, *end;
    int line, depth;
    const char *token; /* in the text */
    size_t length;     /* 0: the end of the file */
    bool escaped;      /* an identifier with a backslash: token is what follows it */
    module *m;
    int32_t *bits; /* of the expression that is read */
    int n_bits, room_bits;
    connection *pins; /* of the instance that is read */
    int room_pins;
    bcq_error *error;
} reader;

bool netlist_memory_fails(bcq_error *error) { return bcq_fail(error, "out of memory"); }

bool netlist_grow(void *array, int n, int *room, size_t size) {
    void **p = array;
    if (n < *room) return true;
    int more = *room ? 2 * *room : 16;
    void *q = realloc(*p, (size_t)more * size);
    if (!q) return false;
    *p = q;
    *room = more;
    return true;
}

static bool wanted(reader *r, const char *want) {
    if (!r->length)
        return bcq_fail(r->error, "%s:%d: wanted %s, got the end of the file", r->n->path, r->line,
                        want);
    return bcq_fail(r->error, "%s:%d: wanted %s, got '%.*s'", r->n->path, r->line, want,
                    r->length > 60 ? 60 : (int)r->length, r->token);
}

static bool is_name(char c) { return isalnum((unsigned char)c) || c == '_' || c == '$'; }

/* The next token: an identifier, a number with its base, or one character. */
static bool next(reader *r) {
    r->escaped = false;
    for (;; r->at++) {
        if (r->at >= r->end) {
            r->token = r->at;
            r->length = 0;
            return true;
        }
        if (*r->at == '\n') {
            r->line++;
            continue;
        }
        if (isspace((unsigned char)*r->at)) continue;
        if (r->at + 1 < r->end && r->at[0] == '/' && r->at[1] == '/') {
            while (r->at + 1 < r->end && r->at[1] != '\n') r->at++;
            continue;
        }
        bool comment = r->at + 1 < r->end && r->at[0] == '/' && r->at[1] == '*';
        bool attribute =
            r->at + 2 < r->end && r->at[0] == '(' && r->at[1] == '*' && r->at[2] != ')';
        if (!comment && !attribute) break;
        char close = comment ? '/' : ')';
        const char *from = r->at;
        for (r->at += 2; r->at < r->end && !(r->at[0] == close && r->at[-1] == '*'); r->at++)
            r->line += *r->at == '\n';
        if (r->at >= r->end) {
            r->token = from;
            r->length = 2;
            return wanted(r, "an end of this comment");
        }
    }
    const char *c = r->at;
    if (*c == '\\') {
        r->escaped = true;
        r->token = ++c;
        while (c < r->end && !isspace((unsigned char)*c)) c++;
    } else {
        r->token = c;
        if (is_name(*c)) {
            while (c < r->end && (is_name(*c) || *c == '\'')) c++;
        } else {
            c++;
        }
    }
    r->length = (size_t)(c - r->token);
    r->at = c;
    if (r->escaped && !r->length) return wanted(r, "a name");
    return true;
}

static bool is(const reader *r, const char *text) {
    return !r->escaped && strlen(text) == r->length && memcmp(text, r->token, r->length) == 0;
}
static bool expect(reader *r, const char *text) {
    char want[20];
    snprintf(want, sizeof want, "'%s'", text);
    return is(r, text) ? next(r) : wanted(r, want);
}

static uint64_t hash(const char *s, size_t length) {
    uint64_t h = 14695981039346656037u;
    for (size_t i = 0; i < length; i++) h = (h ^ (unsigned char)s[i]) * 1099511628211u;
    return h ^ h >> 29;
}

struct name *netlist_intern(netlist *n, const char *s, size_t length) {
    if (2 * n->n_names >= n->room_names) {
        size_t room = n->room_names ? 2 * n->room_names : 1 << 14;
        struct name *more = calloc(room, sizeof *more);
        if (!more) return NULL;
        for (size_t i = 0; i < n->room_names; i++) {
            if (!n->names[i].text) continue;
            size_t k = hash(n->names[i].text, strlen(n->names[i].text)) & (room - 1);
            while (more[k].text) k = (k + 1) & (room - 1);
            more[k] = n->names[i];
        }
        free(n->names);
        n->names = more;
        n->room_names = room;
    }
    size_t k = hash(s, length) & (n->room_names - 1);
    for (; n->names[k].text; k = (k + 1) & (n->room_names - 1))
        if (strlen(n->names[k].text) == length && memcmp(n->names[k].text, s, length) == 0)
            return &n->names[k];
    n->names[k] = (struct name){ arena_string(n->a, s, length), -1, -1, -1 };
    if (!n->names[k].text) return NULL;
    n->n_names++;
    return &n->names[k];
}

static bool identifier(reader *r, struct name **name, const char *want) {
    if (!r->length
        || (!r->escaped
            && !(isalpha((unsigned char)*r->token) || *r->token == '_' || *r->token == '$')))
        return wanted(r, want);
    *name = netlist_intern(r->n, r->token, r->length);
    return *name ? next(r) : netlist_memory_fails(r->error);
}

/* An unsigned decimal. */
static bool decimal(reader *r, int *value) {
    long v = 0;
    for (size_t i = 0; i < r->length; i++) {
        if (!isdigit((unsigned char)r->token[i]) || v >= VECTOR_MAX)
            return wanted(r, "a small number");
        v = 10 * v + r->token[i] - '0';
    }
    if (!r->length) return wanted(r, "a number");
    *value = (int)v;
    return next(r);
}

/* [left:right], [one], or nothing. */
static bool range(reader *r, int *left, int *right, bool *there) {
    *there = is(r, "[");
    if (!*there) return true;
    if (!next(r) || !decimal(r, left)) return false;
    *right = *left;
    if (is(r, ":") && (!next(r) || !decimal(r, right))) return false;
    return expect(r, "]");
}

static bool push_bit(reader *r, int32_t bit) {
    if (!netlist_grow(&r->bits, r->n_bits, &r->room_bits, sizeof *r->bits))
        return netlist_memory_fails(r->error);
    r->bits[r->n_bits++] = bit;
    return true;
}

/* 4'b01xz, 8'hff, 3'd5: highest bit first. An unknown bit is 0. */
static bool constant(reader *r) {
    const char *quote = memchr(r->token, '\'', r->length), *end = r->token + r->length;
    long width = 0;
    for (const char *c = r->token; quote && c < quote; c++) {
        if (!isdigit((unsigned char)*c) || width > VECTOR_MAX) return wanted(r, "a constant");
        width = 10 * width + *c - '0';
    }
    if (!quote || width < 1 || width > VECTOR_MAX || end - quote < 3)
        return wanted(r, "a constant");
    int base = tolower((unsigned char)quote[1]), digit_bits = base == 'b'   ? 1
                                                              : base == 'o' ? 3
                                                              : base == 'h' ? 4
                                                                            : 0;
    unsigned long long value = 0;
    if (base != 'd' && !digit_bits) return wanted(r, "a constant");
    int start = r->n_bits;
    for (long i = 0; i < width; i++)
        if (!push_bit(r, BIT_0)) return false;
    long at = 0; /* from the lowest bit */
    if (base == 'd') {
        for (const char *c = quote + 2; c < end; c++) {
            if (!isdigit((unsigned char)*c) || value > (~0ull - 9) / 10)
                return wanted(r, "a constant");
            value = 10 * value + (unsigned)(*c - '0');
        }
        for (; at < width && at < 64; at++)
            if (value >> at & 1) r->bits[start + width - 1 - at] = BIT_1;
        return next(r);
    }
    for (const char *c = end - 1; c > quote + 1; c--) {
        if (*c == '_') continue;
        int lower = tolower((unsigned char)*c), digit = isdigit(lower) ? lower - '0'
                                                        : lower >= 'a' && lower <= 'f'
                                                            ? lower - 'a' + 10
                                                            : -1;
        if (lower == 'x' || lower == 'z' || lower == '?') digit = 0;
        if (digit < 0 || digit >= 1 << digit_bits) return wanted(r, "a constant");
        for (int i = 0; i < digit_bits; i++, at++)
            if (at < width && digit >> i & 1) r->bits[start + width - 1 - at] = BIT_1;
    }
    return next(r);
}

/* Appends the bits of an expression, highest first. */
static bool expression(reader *r) {
    if (++r->depth > DEPTH_MAX) return wanted(r, "braces less deep");
    bool good;
    if (is(r, "{")) {
        good = next(r);
        const char *at = r->at, *token = r->token;
        size_t length = r->length;
        int line = r->line, times = 1;
        if (good && isdigit((unsigned char)*r->token) && !r->escaped
            && !memchr(r->token, '\'', r->length)) { /* {3{...}} */
            good = decimal(r, &times);
            if (good && !is(r, "{")) {
                r->at = at;
                r->token = token;
                r->length = length;
                r->line = line;
                good = wanted(r, "'{' after a count");
            }
            int start = r->n_bits;
            good = good && expression(r);
            int n = r->n_bits - start;
            if (good && (times < 1 || (long)times * n > VECTOR_MAX))
                good = wanted(r, "a shorter vector");
            for (int i = n; good && i < times * n; i++) good = push_bit(r, r->bits[start + i - n]);
        } else {
            good = good && expression(r);
            while (good && is(r, ",")) good = next(r) && expression(r);
        }
        good = good && expect(r, "}");
    } else if (!r->escaped && r->length
               && (isdigit((unsigned char)*r->token) || *r->token == '\'')) {
        good = constant(r);
    } else {
        struct name *name = NULL;
        int left = 0, right = 0;
        bool part = false;
        int line = r->line;
        good = identifier(r, &name, "a net");
        int mine = r->n->n_modules;
        if (good && name->of_module != mine)
            good = bcq_fail(r->error, "%s:%d: wanted a net of module %s, got '%.60s'", r->n->path,
                            line, r->m->name, name->text);
        if (good) good = range(r, &left, &right, &part);
        if (good) {
            const signal *s = &r->m->signals[name->signal];
            if (!part) {
                left = s->left;
                right = s->right;
            }
            bool down = s->left >= s->right;
            int low = down ? s->right : s->left, high = down ? s->left : s->right;
            if (left < low || left > high || right < low || right > high
                || (left != right && (left > right) != down))
                good = bcq_fail(r->error, "%s:%d: wanted bits of %.60s [%d:%d], got [%d:%d]",
                                r->n->path, line, s->name, s->left, s->right, left, right);
            for (int i = left; good; i += left < right ? 1 : -1) {
                good = push_bit(r, s->first + (down ? i - s->right : s->right - i));
                if (i == right) break;
            }
        }
    }
    r->depth--;
    return good;
}

static bool declare(reader *r, struct name *name, int direction, int left, int right, bool ranged) {
    module *m = r->m;
    int width = (left > right ? left - right : right - left) + 1;
    if (name->of_module == r->n->n_modules) { /* a port that is declared again as a wire */
        signal *s = &m->signals[name->signal];
        if ((ranged ? left : 0) != s->left || (ranged ? right : 0) != s->right)
            return bcq_fail(r->error, "%s:%d: wanted %s [%d:%d] as before, got [%d:%d]", r->n->path,
                            r->line, s->name, s->left, s->right, left, right);
        if (direction != WIRE) s->direction = direction;
        return true;
    }
    if (!netlist_grow(&m->signals, m->n_signals, &m->room_signals, sizeof *m->signals))
        return netlist_memory_fails(r->error);
    if (m->bits > INT32_MAX - width) return wanted(r, "a smaller module");
    m->signals[m->n_signals] = (signal){ name->text, left, right, width, direction, m->bits };
    m->bits += width;
    name->of_module = r->n->n_modules;
    name->signal = m->n_signals++;
    return true;
}

static bool declaration(reader *r, int direction) {
    int left = 0, right = 0;
    bool ranged;
    if (!next(r)) return false;
    if (direction != WIRE && (is(r, "wire") || is(r, "reg")) && !next(r)) return false;
    if (!range(r, &left, &right, &ranged)) return false;
    for (;;) {
        struct name *name;
        if (!identifier(r, &name, "a name") || !declare(r, name, direction, left, right, ranged))
            return false;
        if (!is(r, ",")) return expect(r, ";");
        if (!next(r)) return false;
    }
}

static bool assignment(reader *r) {
    module *m = r->m;
    int line = r->line;
    r->n_bits = 0;
    if (!next(r) || !expression(r)) return false;
    int n = r->n_bits;
    if (!expect(r, "=") || !expression(r)) return false;
    if (r->n_bits != 2 * n)
        return bcq_fail(r->error, "%s:%d: wanted an assignment of %d bits, got %d", r->n->path,
                        line, n, r->n_bits - n);
    for (int i = 0; i < n; i++) {
        if (r->bits[i] < 0)
            return bcq_fail(r->error, "%s:%d: wanted nets to assign to, got a constant", r->n->path,
                            line);
        if (!netlist_grow(&m->aliases, m->n_aliases, &m->room_aliases, sizeof *m->aliases))
            return netlist_memory_fails(r->error);
        m->aliases[m->n_aliases++] = (alias){ r->bits[i], r->bits[n + i] };
    }
    return expect(r, ";");
}

static bool read_instance(reader *r) {
    module *m = r->m;
    struct name *type, *name, *pin;
    if (!netlist_grow(&m->instances, m->n_instances, &m->room_instances, sizeof *m->instances))
        return netlist_memory_fails(r->error);
    instance *i = &m->instances[m->n_instances];
    *i = (instance){ .line = r->line };
    if (!identifier(r, &type, "a cell, wire, assign or endmodule")) return false;
    i->type = type->text;
    if (!identifier(r, &name, "the name of an instance")) return false;
    i->name = name->text;
    if (!expect(r, "(")) return false;
    while (!is(r, ")")) {
        if (!expect(r, ".") || !identifier(r, &pin, "a pin") || !expect(r, "(")) return false;
        r->n_bits = 0;
        if (!is(r, ")") && !expression(r)) return false;
        if (!expect(r, ")")) return false;
        connection c = { pin->text, arena_alloc(r->n->a, (size_t)(r->n_bits + 1) * sizeof *r->bits),
                         r->n_bits };
        if (!c.bits || !netlist_grow(&r->pins, i->n_pins, &r->room_pins, sizeof *r->pins))
            return netlist_memory_fails(r->error);
        for (int b = 0; b < c.n; b++)
            c.bits[b] = r->bits[c.n - 1 - b]; /* lowest first from here on */
        r->pins[i->n_pins++] = c;
        if (!is(r, ",")) break;
        if (!next(r)) return false;
    }
    if (!expect(r, ")") || !expect(r, ";")) return false;
    if (!(i->pins = arena_alloc(r->n->a, (size_t)(i->n_pins + 1) * sizeof *i->pins)))
        return netlist_memory_fails(r->error);
    if (i->n_pins) memcpy(i->pins, r->pins, (size_t)i->n_pins * sizeof *i->pins);
    m->n_instances++;
    return true;
}

static bool read_module(reader *r) {
    netlist *n = r->n;
    struct name *name;
    if (!expect(r, "module")) return false;
    if (!netlist_grow(&n->modules, n->n_modules, &n->room_modules, sizeof *n->modules))
        return netlist_memory_fails(r->error);
    module *m = r->m = &n->modules[n->n_modules];
    *m = (module){ .line = r->line };
    if (!identifier(r, &name, "the name of a module")) return false;
    if (name->module >= 0)
        return bcq_fail(r->error, "%s:%d: wanted each module once, got '%s' again", n->path,
                        r->line, name->text);
    m->name = name->text;
    name->module = n->n_modules;
    bool good = true;
    if (is(r, "(")) { /* names of ports: they are declared inside */
        while (good && !is(r, ")") && r->length) good = next(r);
        good = good && expect(r, ")");
    }
    good = good && expect(r, ";");
    while (good && !is(r, "endmodule")) {
        if (is(r, "input")) good = declaration(r, INPUT);
        else if (is(r, "output")) good = declaration(r, OUTPUT);
        else if (is(r, "wire")) good = declaration(r, WIRE);
        else if (is(r, "assign")) good = assignment(r);
        else good = read_instance(r);
    }
    n->n_modules++; /* so that netlist_free finds what it holds */
    return good && next(r);
}

static char *read_file(const char *path, size_t *length, bcq_error *error) {
    FILE *f = fopen(path, "rb");
    if (!f) {
        bcq_fail(error, "%s: %s", path, strerror(errno));
        return NULL;
    }
    size_t size = 1 << 16, got;
    char *text = malloc(size);
    *length = 0;
    while (text && (got = fread(text + *length, 1, size - *length, f)) > 0) {
        *length += got;
        if (*length < size) continue;
        char *more = realloc(text, size *= 2);
        if (!more) free(text);
        text = more;
    }
    if (!text) netlist_memory_fails(error);
    else if (ferror(f)) {
        bcq_fail(error, "%s: %s", path, strerror(errno));
        free(text);
        text = NULL;
    }
    fclose(f);
    return text;
}

netlist *netlist_read(const char *path, bcq_error *error) {
    size_t length = 0;
    char *text = read_file(path, &length, error);
    netlist *n = text ? calloc(1, sizeof *n) : NULL;
    if (n) n->a = arena_new();
    if (n && n->a) n->path = arena_string(n->a, path, strlen(path));
    if (!n || !n->path) {
        if (text) netlist_memory_fails(error);
        free(text);
        netlist_free(n);
        return NULL;
    }
    reader r = { .n = n, .at = text, .end = text + length, .line = 1, .error = error };
    bool good = next(&r);
    while (good && r.length) good = read_module(&r);
    if (good && !n->n_modules) good = bcq_fail(error, "%s: wanted a module, got none", path);
    free(r.bits);
    free(r.pins);
    free(text);
    if (good) return n;
    netlist_free(n);
    return NULL;
}

void netlist_free(netlist *n) {
    if (!n) return;
    for (int i = 0; i < n->n_modules; i++) {
        free(n->modules[i].signals);
        free(n->modules[i].instances);
        free(n->modules[i].aliases);
    }
    free(n->modules);
    free(n->names);
    arena_free(n->a);
    free(n);
}
