/* Numbers, tables and functions of a Liberty file. See liberty_internal.h. */
#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "liberty_internal.h"

/* ---- Numbers and tables ------------------------------------------------------------------------- */

double library_number(library *l, int line, const char *s) {
    char *end = NULL;
    double x = s ? strtod(s, &end) : 0;
    while (s && isspace((unsigned char)*end)) end++;
    if (!s || end == s || *end || !isfinite(x)) library_fail(l, line, "a number", s);
    return x;
}

double library_attribute(library *l, const statement *group, const char *name, double otherwise) {
    const char *s = statement_value(group, name);
    return s ? library_number(l, group->line, s) : otherwise;
}

/* All numbers of a complex attribute's strings; NULL and 0 if s is NULL. */
static double *numbers(library *l, const statement *s, int *count) {
    *count = 0;
    size_t room = 0;
    for (int i = 0; s && i < s->n_args; i++) room += strlen(s->args[i]) / 2 + 1;
    double *x = room ? library_get(l, room * sizeof *x) : NULL;
    if (!x) return NULL;
    for (int i = 0; i < s->n_args; i++) {
        for (const char *c = s->args[i];;) {
            while (isspace((unsigned char)*c) || *c == ',') c++;
            if (!*c) break;
            char *end;
            double v = strtod(c, &end);
            if (end == c || !isfinite(v)) {
                library_fail(l, s->line, "numbers", c);
                return NULL;
            }
            x[(*count)++] = v;
            c = end;
        }
    }
    return x;
}

static const statement *template_of(const library *l, const char *name) {
    for (const statement *s = l->root->first; s; s = s->next)
        if (s->group && s->n_args == 1 && strcmp(s->args[0], name) == 0
            && (strcmp(s->name, "lu_table_template") == 0
                || strcmp(s->name, "power_lut_template") == 0))
            return s;
    return NULL;
}

static bool axis_is_load(const char *variable) {
    return strcmp(variable, "total_output_net_capacitance") == 0;
}
static bool axis_is_slew(const char *variable) {
    return strcmp(variable, "input_net_transition") == 0
           || strcmp(variable, "input_transition_time") == 0;
}

liberty_table library_table(library *l, const statement *s, double scale) {
    liberty_table t = { 0 };
    int count, n[2] = { 1, 1 };
    double *axis[2] = { NULL, NULL };
    bool load[2] = { false, false };
    const char *name = s->n_args ? s->args[0] : "scalar";
    if (strcmp(name, "scalar") != 0) {
        const statement *form = template_of(l, name);
        if (!form) {
            library_fail(l, s->line, "a template of the library", name);
            return t;
        }
        const char *variable[2] = { statement_value(form, "variable_1"),
                                    statement_value(form, "variable_2") };
        if (!variable[0] || statement_value(form, "variable_3")) {
            library_fail(l, s->line, "a table over slew and load", name);
            return t;
        }
        for (int i = 0; i < 2 && variable[i]; i++) {
            load[i] = axis_is_load(variable[i]);
            if (!load[i] && !axis_is_slew(variable[i])) {
                library_fail(l, form->line, "a table over slew and load", variable[i]);
                return t;
            }
            const char *index = i ? "index_2" : "index_1";
            const statement *own = statement_find(s, index);
            axis[i] = numbers(l, own ? own : statement_find(form, index), &n[i]);
            if (!axis[i] || n[i] < 1) {
                library_fail(l, s->line, index, NULL);
                return t;
            }
            for (int k = 0; k < n[i]; k++) {
                if (k && axis[i][k] <= axis[i][k - 1]) {
                    library_fail(l, s->line, "an index that rises", index);
                    return t;
                }
                axis[i][k] *= load[i] ? l->load : l->time;
            }
        }
        if (variable[1] && load[0] == load[1]) {
            library_fail(l, s->line, "a table over slew and load", name);
            return t;
        }
    }
    double *v = numbers(l, statement_find(s, "values"), &count);
    if (l->bad) return t;
    if (count != n[0] * n[1]) {
        char want[40], got[20];
        snprintf(want, sizeof want, "%d values", n[0] * n[1]);
        snprintf(got, sizeof got, "%d", count);
        library_fail(l, s->line, want, got);
        return t;
    }
    double *value = library_get(l, (size_t)count * sizeof *value);
    double *none = library_get(l, sizeof *none); /* the one place on an axis that is not there */
    if (!value || !none) return t;
    int of_slew = load[0] ? 1 : 0, of_load = 1 - of_slew;
    t = (liberty_table){ n[of_slew], n[of_load], axis[of_slew] ? axis[of_slew] : none,
                         axis[of_load] ? axis[of_load] : none, value };
    for (int i = 0; i < t.slews; i++)
        for (int k = 0; k < t.loads; k++)
            value[i * t.loads + k] = scale * v[load[0] ? k * t.slews + i : i * t.loads + k];
    return t;
}

/* Where x lies between axis[*at] and the next, as a fraction that may lie outside [0, 1]. */
static double place(const double *axis, int n, double x, int *at) {
    *at = 0;
    if (n == 1) return 0;
    while (*at < n - 2 && x >= axis[*at + 1]) ++*at;
    return (x - axis[*at]) / (axis[*at + 1] - axis[*at]);
}

double liberty_look_up(const liberty_table *t, double slew, double load) {
    if (!t->slews) return 0;
    int s, c;
    double u = place(t->slew, t->slews, slew, &s), v = place(t->load, t->loads, load, &c);
    const double *low = t->value + s * t->loads + c, *high = t->slews > 1 ? low + t->loads : low;
    int right = t->loads > 1;
    return (1 - u) * ((1 - v) * low[0] + v * low[right])
           + u * ((1 - v) * high[0] + v * high[right]);
}

/* ---- Functions ----------------------------------------------------------------------------------- */

enum {
    OP_NOT = -1,
    OP_AND = -2,
    OP_OR = -3,
    OP_XOR = -4,
    OP_0 = -5,
    OP_1 = -6,
    FUNCTION_MAX = 4096
};

typedef struct {
    library *l;
    const char *text, *at;
    int16_t *code;
    int length, line, depth;
} parser;

static bool put(parser *p, int code) {
    if (p->length == FUNCTION_MAX)
        return library_fail(p->l, p->line, "a shorter function", p->text);
    p->code[p->length++] = (int16_t)code;
    return true;
}
static char peek(parser *p) {
    while (isspace((unsigned char)*p->at)) p->at++;
    return *p->at;
}
static bool is_name(char c) {
    return isalnum((unsigned char)c) || c == '_' || c == '[' || c == ']';
}
static bool f_or(parser *p);

static bool variable(parser *p, const char *name, size_t length) {
    const liberty_cell *c = p->l->cell;
    if (length == 1 && (*name == '0' || *name == '1')) return put(p, *name == '0' ? OP_0 : OP_1);
    for (int i = 0; i < 4; i++)
        if (p->l->state[i] && strlen(p->l->state[i]) == length
            && memcmp(p->l->state[i], name, length) == 0)
            return put(p, i == 1 ? LIBERTY_STATE_N : LIBERTY_STATE);
    for (int i = 0; i < c->n_pins; i++)
        if (strlen(c->pins[i].name) == length && memcmp(c->pins[i].name, name, length) == 0)
            return put(p, i);
    return library_fail(p->l, p->line, "a function of the cell's pins", p->text);
}

static bool f_not(parser *p) {
    if (++p->depth > 200) return library_fail(p->l, p->line, "a function less deep", p->text);
    bool good;
    if (peek(p) == '!') {
        p->at++;
        good = f_not(p) && put(p, OP_NOT);
    } else {
        if (*p->at == '(') {
            p->at++;
            good = f_or(p) && (peek(p) == ')' || library_fail(p->l, p->line, "a ')'", p->text));
            p->at += good;
        } else {
            const char *from = p->at;
            while (is_name(*p->at)) p->at++;
            good = p->at > from ? variable(p, from, (size_t)(p->at - from))
                                : library_fail(p->l, p->line, "a function", p->text);
        }
        while (good && peek(p) == '\'') {
            p->at++;
            good = put(p, OP_NOT);
        }
    }
    p->depth--;
    return good;
}
static bool f_xor(parser *p) {
    if (!f_not(p)) return false;
    while (peek(p) == '^') {
        p->at++;
        if (!f_not(p) || !put(p, OP_XOR)) return false;
    }
    return true;
}
static bool f_and(parser *p) {
    if (!f_xor(p)) return false;
    for (char c; (c = peek(p)) == '&' || c == '*' || c == '(' || c == '!' || is_name(c);) {
        if (c == '&' || c == '*') p->at++;
        if (!f_xor(p) || !put(p, OP_AND)) return false;
    }
    return true;
}
static bool f_or(parser *p) {
    if (!f_and(p)) return false;
    while (peek(p) == '|' || *p->at == '+') {
        p->at++;
        if (!f_and(p) || !put(p, OP_OR)) return false;
    }
    return true;
}

liberty_function library_function(library *l, int line, const char *text) {
    liberty_function f = { 0 };
    if (!text || l->bad) return f;
    static _Thread_local int16_t code[FUNCTION_MAX];
    parser p = { .l = l, .text = text, .at = text, .code = code, .line = line };
    if (!f_or(&p) || (peek(&p) && !library_fail(l, line, "a function", text))) return f;
    if (!(f.code = library_get(l, (size_t)p.length * sizeof *code))) return f;
    memcpy(f.code, code, (size_t)p.length * sizeof *code);
    f.length = p.length;
    return f;
}

bool liberty_value(const liberty_function *f, uint64_t variables) {
    uint8_t stack[FUNCTION_MAX];
    int n = 0;
    for (int i = 0; i < f->length; i++) {
        int c = f->code[i];
        if (c >= 0) stack[n++] = variables >> c & 1;
        else if (c == OP_0 || c == OP_1) stack[n++] = c == OP_1;
        else if (c == OP_NOT) stack[n - 1] ^= 1;
        else {
            n--;
            if (c == OP_AND) stack[n - 1] &= stack[n];
            else if (c == OP_OR) stack[n - 1] |= stack[n];
            else stack[n - 1] ^= stack[n];
        }
    }
    return n && stack[0];
}
