#include "liberty_syntax.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

/* ---- Memory ------------------------------------------------------------------------------------ */

typedef struct chunk {
    struct chunk *next;
    size_t used, size;
    _Alignas(16) char bytes[];
} chunk;
struct arena {
    chunk *chunks;
};

arena *arena_new(void) { return calloc(1, sizeof(arena)); }

void *arena_alloc(arena *a, size_t size) {
    size = (size + 15) & ~(size_t)15;
    if (!a->chunks || a->chunks->size - a->chunks->used < size) {
        size_t room = size > 1 << 20 ? size : 1 << 20;
        chunk *c = calloc(1, sizeof *c + room);
        if (!c) return NULL;
        c->size = room;
        c->next = a->chunks;
        a->chunks = c;
    }
    void *p = a->chunks->bytes + a->chunks->used;
    a->chunks->used += size;
    return p;
}

char *arena_string(arena *a, const char *s, size_t length) {
    char *copy = arena_alloc(a, length + 1);
    if (copy) memcpy(copy, s, length);
    return copy;
}

void arena_free(arena *a) {
    if (!a) return;
    for (chunk *c = a->chunks, *next; c; c = next) {
        next = c->next;
        free(c);
    }
    free(a);
}

/* ---- Text -------------------------------------------------------------------------------------- */

enum { DEPTH_MAX = 32, ARGS_MAX = 4096 };

typedef struct {
    arena *a;
    const char *path, *at, *end;
    const char *const *skip;
    const char **args; /* [ARGS_MAX] of the statement that is being read */
    int line;
    bcq_error *error;
} reader;

static char *read_text(const char *path, size_t *length, bcq_error *error) {
    gzFile f = gzopen(path, "rb");
    if (!f) {
        bcq_fail(error, "%s: %s", path, strerror(errno));
        return NULL;
    }
    size_t size = 1 << 20, used = 0;
    char *text = malloc(size);
    int got = 1;
    while (text && (got = gzread(f, text + used, (unsigned)(size - used))) > 0) {
        used += (size_t)got;
        if (used < size) continue;
        char *more = realloc(text, size *= 2);
        if (!more) free(text);
        text = more;
    }
    bool complete = gzclose(f) == Z_OK;
    if (!text) bcq_fail(error, "out of memory");
    else if (got < 0 || !complete)
        bcq_fail(error, "%s: wanted a Liberty file, got one that cannot be read to its end", path);
    else {
        *length = used;
        return text;
    }
    free(text);
    return NULL;
}

static bool fail(reader *r, const char *want) {
    int length = 0;
    while (r->at + length < r->end && length < 20 && r->at[length] != '\n') length++;
    return bcq_fail(r->error, "%s:%d: wanted %s, got %s%.*s%s", r->path, r->line, want,
                    length ? "'" : "the end of the ", length ? length : 4,
                    length            ? r->at
                    : r->at >= r->end ? "file"
                                      : "line",
                    length ? "'" : "");
}

/* White space, comments and continued lines; a newline only where it means nothing. */
static bool skip_blanks(reader *r, bool newlines) {
    for (; r->at < r->end; r->at++) {
        char c = *r->at;
        if (c == '\n') {
            if (!newlines) return true;
            r->line++;
        } else if (c == '\\') {
            const char *n = r->at + 1;
            while (n < r->end && (*n == ' ' || *n == '\t' || *n == '\r')) n++;
            if (n >= r->end || *n != '\n') return true;
            r->line++;
            r->at = n;
        } else if (c == '/' && r->at + 1 < r->end && r->at[1] == '*') {
            int line = r->line;
            const char *n = r->at + 2;
            while (n + 1 < r->end && (n[0] != '*' || n[1] != '/')) line += *n++ == '\n';
            if (n + 1 >= r->end) return fail(r, "an end of this comment");
            r->line = line;
            r->at = n + 1;
        } else if (c == '/' && r->at + 1 < r->end && r->at[1] == '/') {
            while (r->at + 1 < r->end && r->at[1] != '\n') r->at++;
        } else if (!isspace((unsigned char)c)) {
            return true;
        }
    }
    return true;
}

static bool is_word(char c) { return c && !isspace((unsigned char)c) && !strchr("(){};:,\"\\", c); }

/* A quoted string, or what stands until one of `stop`. NULL: failed. */
static const char *read_value(reader *r, const char *stop) {
    if (r->at < r->end && *r->at == '"') {
        const char *from = ++r->at;
        int line = r->line;
        bool escaped = false;
        while (r->at < r->end && *r->at != '"') {
            escaped |= *r->at == '\\';
            line += *r->at++ == '\n';
        }
        if (r->at >= r->end) {
            r->at = from - 1;
            fail(r, "an end of this string");
            return NULL;
        }
        char *s = arena_string(r->a, from, (size_t)(r->at++ - from));
        if (!s) {
            bcq_fail(r->error, "out of memory");
            return NULL;
        }
        r->line = line;
        if (escaped)
            for (char *c = s; *c; c++)
                if (*c == '\\' || *c == '\n') *c = ' ';
        return s;
    }
    const char *from = r->at;
    while (r->at < r->end && *r->at && !strchr(stop, *r->at)) r->at++;
    const char *to = r->at;
    while (to > from && isspace((unsigned char)to[-1])) to--;
    if (to == from) {
        fail(r, "a value");
        return NULL;
    }
    char *s = arena_string(r->a, from, (size_t)(to - from));
    if (!s) bcq_fail(r->error, "out of memory");
    return s;
}

static bool read_args(reader *r, statement *s) {
    r->at++;
    for (;;) {
        if (!skip_blanks(r, true)) return false;
        if (r->at < r->end && *r->at == ',') {
            r->at++;
            continue;
        }
        if (r->at < r->end && *r->at == ')') break;
        if (r->at >= r->end || s->n_args == ARGS_MAX) return fail(r, "')'");
        const char *value = read_value(r, "(){};,\"\\ \t\r\n");
        if (!value) return false;
        r->args[s->n_args++] = value;
    }
    r->at++;
    s->args = arena_alloc(r->a, sizeof *s->args * (size_t)(s->n_args + 1));
    if (!s->args) return bcq_fail(r->error, "out of memory");
    memcpy(s->args, r->args, sizeof *s->args * (size_t)s->n_args);
    return true;
}

/* Past the '}' of a group whose '{' was read. */
static bool skip_group(reader *r) {
    for (int depth = 1; depth;) {
        if (!skip_blanks(r, true)) return false;
        if (r->at >= r->end) return fail(r, "'}'");
        if (*r->at == '"') {
            for (r->at++; r->at < r->end && *r->at != '"'; r->at++) r->line += *r->at == '\n';
            if (r->at >= r->end) return fail(r, "an end of a string");
        }
        depth += (*r->at == '{') - (*r->at == '}');
        r->at++;
    }
    return true;
}

static bool read_group(reader *r, statement *group, int depth);

static bool read_statement(reader *r, statement **result, int depth) {
    statement *s = *result = arena_alloc(r->a, sizeof *s);
    if (!s) return bcq_fail(r->error, "out of memory");
    const char *from = r->at;
    s->line = r->line;
    while (r->at < r->end && is_word(*r->at)) r->at++;
    if (r->at == from) return fail(r, "a name");
    if (!(s->name = arena_string(r->a, from, (size_t)(r->at - from))))
        return bcq_fail(r->error, "out of memory");
    if (!skip_blanks(r, false)) return false;
    if (r->at < r->end && *r->at == ':') {
        r->at++;
        if (!skip_blanks(r, false) || !(s->value = read_value(r, ";}\n"))) return false;
    } else if (r->at < r->end && *r->at == '(') {
        if (!read_args(r, s) || !skip_blanks(r, true)) return false;
        if (r->at < r->end && *r->at == '{') {
            r->at++;
            s->group = true;
            for (const char *const *skip = r->skip; *skip; skip++)
                if (strcmp(*skip, s->name) == 0) return skip_group(r);
            if (depth == DEPTH_MAX) return fail(r, "groups less deep");
            return read_group(r, s, depth + 1);
        }
    } else {
        return fail(r, "':' or '('");
    }
    /* Semicolons are left out here and there in real libraries. */
    if (!skip_blanks(r, false)) return false;
    if (r->at < r->end && *r->at == ';') r->at++;
    return true;
}

static bool read_group(reader *r, statement *group, int depth) {
    statement **last = &group->first;
    for (;;) {
        if (!skip_blanks(r, true)) return false;
        if (r->at < r->end && *r->at == ';') {
            r->at++;
            continue;
        }
        if (r->at >= r->end) return fail(r, "'}'");
        if (*r->at == '}') {
            r->at++;
            return true;
        }
        if (!read_statement(r, last, depth)) return false;
        last = &(*last)->next;
    }
}

statement *liberty_parse(arena *a, const char *path, const char *const *skip, bcq_error *error) {
    size_t length = 0;
    char *text = read_text(path, &length, error);
    if (!text) return NULL;
    statement *s = NULL;
    reader r = { .a = a,
                 .path = path,
                 .at = text,
                 .end = text + length,
                 .skip = skip,
                 .line = 1,
                 .error = error,
                 .args = malloc(ARGS_MAX * sizeof *r.args) };
    bool good = r.args || bcq_fail(error, "out of memory");
    good = good && skip_blanks(&r, true);
    if (good && (length - (size_t)(r.at - text) < 7 || memcmp(r.at, "library", 7) != 0))
        good = fail(&r, "library (NAME) {");
    good = good && read_statement(&r, &s, 0);
    if (good && (!s->group || strcmp(s->name, "library") != 0 || s->n_args != 1))
        good = bcq_fail(error, "%s:%d: wanted library (NAME) {, got %s of %d names", path, s->line,
                        s->name, s->n_args);
    if (good && skip_blanks(&r, true) && r.at < r.end) good = fail(&r, "nothing after the library");
    free(r.args);
    free(text);
    return good ? s : NULL;
}

const statement *statement_find(const statement *group, const char *name) {
    for (const statement *s = group->first; s; s = s->next)
        if (strcmp(s->name, name) == 0) return s;
    return NULL;
}

const char *statement_value(const statement *group, const char *name) {
    for (const statement *s = group->first; s; s = s->next)
        if (s->value && strcmp(s->name, name) == 0) return s->value;
    return NULL;
}
