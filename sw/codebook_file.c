#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <sha2.h>
#include <stdlib.h>
#include <string.h>

#include "bcq.h"

void bcq_codebooks_identity(const bcq_codebooks *cb, uint8_t identity[BCQ_IDENTITY_BYTES]) {
    uint8_t parameters[5] = { (uint8_t)cb->p.la, (uint8_t)cb->p.lb, (uint8_t)cb->p.nc,
                              (uint8_t)cb->p.index_bits, (uint8_t)cb->p.entry_bits };
    uint8_t digest[SHA256_DIGEST_LENGTH];
    SHA2_CTX context;
    SHA256Init(&context);
    SHA256Update(&context, parameters, sizeof parameters);
    for (int c = 0; c < cb->p.nc; c++)
        SHA256Update(&context, (const uint8_t *)cb->entry[c], (size_t)bcq_entries(&cb->p));
    SHA256Final(digest, &context);
    memcpy(identity, digest, BCQ_IDENTITY_BYTES);
}

/* ---- reading -------------------------------------------------------------------------------- */

enum { LINE_ROOM = 1024, KEYS = 5 };
static const char *const key_names[KEYS] = { "la", "lb", "nc", "bits", "ew" };

typedef struct {
    const char *path;
    int line;                 /* the line that is being read, from 1 */
    bcq_codebooks *cb;
    bool seen[KEYS];
    int tables;               /* read so far */
    bcq_error *error;
} reader;

static int *key_value(bcq_params *p, int key) {
    int *const values[KEYS] = { &p->la, &p->lb, &p->nc, &p->index_bits, &p->entry_bits };
    return values[key];
}

static const char *skip_space(const char *s) {
    while (*s == ' ' || *s == '\t') s++;
    return s;
}

/* A decimal integer in [lo, hi] with a space or the end of the line behind it. */
static bool take_integer(const char **s, long lo, long hi, int *value) {
    const char *at = skip_space(*s);
    const char *digits = *at == '-' || *at == '+' ? at + 1 : at;
    if (!isdigit((unsigned char)*digits)) return false;
    char *end;
    errno = 0;
    long x = strtol(at, &end, 10);
    if (errno || x < lo || x > hi || (*end && *end != ' ' && *end != '\t')) return false;
    *value = (int)x;
    *s = end;
    return true;
}

static bool read_key(reader *r, const char *line) {
    size_t length = strcspn(line, " \t=");
    const char *equals = skip_space(line + length);
    int key = 0;
    while (key < KEYS && (strlen(key_names[key]) != length
                          || strncmp(line, key_names[key], length) != 0)) key++;
    if (key == KEYS)
        return bcq_fail(r->error, "%s:%d: wanted la, lb, nc, bits or ew, got key \"%.*s\"", r->path,
                        r->line, (int)length, line);
    if (r->seen[key])
        return bcq_fail(r->error, "%s:%d: wanted %s once, got it again", r->path, r->line,
                        key_names[key]);
    const char *value = equals + 1;
    if (*equals != '=' || !take_integer(&value, 0, 1000, key_value(&r->cb->p, key))
        || *skip_space(value))
        return bcq_fail(r->error, "%s:%d: wanted %s = INTEGER, got \"%s\"", r->path, r->line,
                        key_names[key], line);
    r->seen[key] = true;
    return true;
}

static bool keys_complete(reader *r) {
    for (int key = 0; key < KEYS; key++)
        if (!r->seen[key])
            return bcq_fail(r->error, "%s:%d: wanted %s = INTEGER before the codebooks, got none",
                            r->path, r->line, key_names[key]);
    const char *bad = bcq_params_check(&r->cb->p);
    if (bad) return bcq_fail(r->error, "%s:%d: wanted parameters in range, got %s", r->path,
                             r->line, bad);
    return true;
}

static bool read_table(reader *r, const char *line) {
    const bcq_params *p = &r->cb->p;
    if (r->tables == 0 && !keys_complete(r)) return false;
    if (r->tables == p->nc)
        return bcq_fail(r->error,
                        "%s:%d: wanted the end of the file after %d codebooks, got \"%s\"", r->path,
                        r->line, p->nc, line);
    int8_t *entry = r->cb->entry[r->tables];
    int count = 0, cmax = bcq_cmax(p);
    for (const char *at = line; *(at = skip_space(at)); count++) {
        int value;
        if (count == bcq_entries(p))
            return bcq_fail(r->error, "%s:%d: wanted %d entries, got more: \"%s\"", r->path,
                            r->line, count, at);
        const char *shown = at;
        if (!take_integer(&at, -cmax, cmax, &value))
            return bcq_fail(r->error, "%s:%d: wanted an integer in [%d, %d], got \"%.*s\"", r->path,
                            r->line, -cmax, cmax, (int)strcspn(shown, " \t"), shown);
        if (count && value < entry[count - 1])
            return bcq_fail(r->error, "%s:%d: wanted ascending entries, got %d behind %d", r->path,
                            r->line, value, entry[count - 1]);
        entry[count] = (int8_t)value;
    }
    if (count != bcq_entries(p))
        return bcq_fail(r->error, "%s:%d: wanted %d entries, got %d", r->path, r->line,
                        bcq_entries(p), count);
    r->tables++;
    return true;
}

/* One line, without its LF or CR LF. False at the end of the file or after a failure. */
static bool next_line(reader *r, FILE *f, char *line, bool *good) {
    int length = 0, c;
    r->line++;
    while ((c = getc(f)) != EOF && c != '\n') {
        bool text = c >= 32 || c == '\t' || c == '\r';
        if (!text || length == LINE_ROOM - 1) {
            if (text)
                bcq_fail(r->error, "%s:%d: wanted a line below %d bytes, got a longer one", r->path,
                         r->line, LINE_ROOM);
            else
                bcq_fail(r->error, "%s:%d: wanted text, got byte 0x%02X", r->path, r->line, c);
            *good = false;
            return false;
        }
        line[length++] = (char)c;
    }
    if (ferror(f)) {
        *good = bcq_fail(r->error, "%s: wanted a readable file, got: %s", r->path, strerror(errno));
        return false;
    }
    if (length && line[length - 1] == '\r') length--;
    line[length] = 0;
    return c != EOF || length;
}

static bool read_lines(reader *r, FILE *f) {
    char line[LINE_ROOM];
    bool good = true;
    while (good && next_line(r, f, line, &good)) {
        const char *at = skip_space(line);
        if (*at == 0 || *at == '#') continue;
        good = isalpha((unsigned char)*at) && r->tables == 0 ? read_key(r, at) : read_table(r, at);
    }
    if (!good) return false;
    if (r->tables == 0 && !keys_complete(r)) return false;
    if (r->tables != r->cb->p.nc)
        return bcq_fail(r->error, "%s:%d: wanted %d codebooks, got %d before the end of the file",
                        r->path, r->line, r->cb->p.nc, r->tables);
    return true;
}

bool bcq_codebooks_read(const char *path, bcq_codebooks *cb, bcq_error *error) {
    FILE *f = fopen(path, "rb");
    if (!f) return bcq_fail(error, "%s: wanted a readable file, got: %s", path, strerror(errno));
    bcq_codebooks result = { 0 };
    reader r = { .path = path, .cb = &result, .error = error };
    bool good = read_lines(&r, f);
    fclose(f);
    if (!good) return false;
    const char *bad = bcq_codebooks_check(&result);
    if (bad) return bcq_fail(error, "%s: wanted legal codebooks, got %s", path, bad);
    *cb = result;
    return true;
}

/* ---- writing -------------------------------------------------------------------------------- */

bool bcq_codebooks_write(const char *path, const bcq_codebooks *cb, const char *provenance,
                         bcq_error *error) {
    const char *bad = bcq_codebooks_check(cb);
    if (bad) return bcq_fail(error, "%s: wanted legal codebooks to write, got %s", path, bad);
    bcq_output *o = bcq_output_open(path, error);
    if (!o) return false;
    FILE *f = bcq_output_stream(o);
    fprintf(f, "# LO-BCQ codebooks: one a line, entries ascending.\n");
    /* A line as long as the reader takes none would make the file unreadable: it is broken up. */
    for (const char *line = provenance; line && *line; ) {
        int length = (int)strcspn(line, "\n");
        if (length > LINE_ROOM - 8) length = LINE_ROOM - 8;
        fprintf(f, "# ");
        for (int i = 0; i < length; i++) {
            unsigned char c = (unsigned char)line[i];
            putc(c < 32 || c == 127 ? '?' : c, f);
        }
        putc('\n', f);
        line += length;
        if (*line == '\n') line++;
    }
    for (int key = 0; key < KEYS; key++) {
        bcq_params p = cb->p;
        fprintf(f, "%s = %d\n", key_names[key], *key_value(&p, key));
    }
    for (int c = 0; c < cb->p.nc; c++)
        for (int k = 0; k < bcq_entries(&cb->p); k++)
            fprintf(f, "%4d%s", cb->entry[c][k], k + 1 < bcq_entries(&cb->p) ? " " : "\n");
    return bcq_output_commit(o, error);
}
