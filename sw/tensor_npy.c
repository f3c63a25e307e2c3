#include <inttypes.h>
#include <string.h>

#include "tensor_internal.h"

/* .npy: "\x93NUMPY", version (2 bytes), header length (2 bytes in version 1, else 4), then a Python
 * dictionary as text, then the data to the end of the file. */

enum { MAGIC_BYTES = 6, DESCR_MAX = 16 };

bool npy_is(const mapped_file *f) {
    return f->size >= MAGIC_BYTES && memcmp(f->data, "\x93NUMPY", MAGIC_BYTES) == 0;
}

typedef struct {
    const char *at, *end;
} cursor;

static void skip_space(cursor *c) {
    while (c->at < c->end && (*c->at == ' ' || *c->at == '\n' || *c->at == '\t')) c->at++;
}

static bool take(cursor *c, char wanted) {
    skip_space(c);
    if (c->at == c->end || *c->at != wanted) return false;
    c->at++;
    return true;
}

static bool take_word(cursor *c, const char *word) {
    skip_space(c);
    size_t length = strlen(word);
    if ((size_t)(c->end - c->at) < length || memcmp(c->at, word, length) != 0) return false;
    c->at += length;
    return true;
}

static bool take_string(cursor *c, char text[DESCR_MAX]) {
    skip_space(c);
    if (c->at == c->end || (*c->at != '\'' && *c->at != '"')) return false;
    char quote = *c->at++;
    int length = 0;
    while (c->at < c->end && *c->at != quote && *c->at != '\\' && length < DESCR_MAX - 1)
        text[length++] = *c->at++;
    text[length] = 0;
    return take(c, quote);
}

static bool take_size(cursor *c, int64_t *value) {
    skip_space(c);
    const char *first = c->at;
    *value = 0;
    for (; c->at < c->end && *c->at >= '0' && *c->at <= '9'; c->at++)
        if (__builtin_mul_overflow(*value, 10, value)
            || __builtin_add_overflow(*value, *c->at - '0', value)) return false;
    return c->at > first;
}

/* "()", "(3,)", "(3, 4)", "(3, 4, )" */
static bool take_shape(cursor *c, bcq_tensor_entry *e) {
    if (!take(c, '(')) return false;
    while (!take(c, ')')) {
        if (e->dims == BCQ_DIMS_MAX || !take_size(c, &e->shape[e->dims])) return false;
        e->dims++;
        if (!take(c, ',')) return e->dims > 1 && take(c, ')');
    }
    return true;
}

/* The dictionary with its three keys, each once, in any order. Null, or what was wanted. */
static const char *parse_header(cursor c, bcq_tensor_entry *e, bool *fortran) {
    enum { DESCR = 1, ORDER = 2, SHAPE = 4 } seen = 0, key;
    if (!take(&c, '{')) return "a dictionary {...} in the header";
    while (!take(&c, '}')) {
        char name[DESCR_MAX];
        if (!take_string(&c, name) || !take(&c, ':')) return "'key': value pairs in the header";
        if (strcmp(name, "descr") == 0) {
            key = DESCR;
            if (!take_string(&c, e->dtype)) return "a plain dtype ('<f2', '<f4' or '<f8')";
        } else if (strcmp(name, "fortran_order") == 0) {
            key = ORDER;
            *fortran = take_word(&c, "True");
            if (!*fortran && !take_word(&c, "False")) return "fortran_order True or False";
        } else if (strcmp(name, "shape") == 0) {
            key = SHAPE;
            if (!take_shape(&c, e)) return "a shape of at most 8 dimensions";
        } else {
            return "no keys but descr, fortran_order and shape";
        }
        if (seen & key) return "every key once";
        seen |= key;
        if (!take(&c, ',')) {
            if (!take(&c, '}')) return "a , or } after each value";
            break;
        }
    }
    skip_space(&c);
    if (c.at != c.end) return "spaces only behind the dictionary";
    return seen == (DESCR | ORDER | SHAPE) ? NULL : "all of descr, fortran_order and shape";
}

bool npy_list(const mapped_file *f, bcq_tensor_list *list, bcq_error *error) {
    list->format = ".npy";
    if (!npy_is(f)) return bcq_fail(error, "%s: wanted a .npy file, got another magic", f->path);
    if (f->size < 12)
        return bcq_fail(error, "%s: wanted a .npy header, got a file of %zu bytes", f->path,
                        f->size);
    int major = f->data[6], minor = f->data[7];
    if (major < 1 || major > 3 || minor != 0)
        return bcq_fail(error, "%s: wanted .npy version 1.0, 2.0 or 3.0, got %d.%d", f->path, major,
                        minor);
    size_t begin = major == 1 ? 10 : 12;
    size_t length = major == 1 ? load_le16(f->data + 8) : load_le32(f->data + 8);
    if (length > f->size - begin)
        return bcq_fail(error,
                        "%s: wanted a header of %zu bytes, got %zu bytes to the end of the file",
                        f->path, length, f->size - begin);

    bcq_tensor_entry *e = tensor_list_add(list, f, "", error);
    if (!e) return false;
    bool fortran = false;
    const char *text = (const char *)f->data + begin;
    const char *wanted = parse_header((cursor){ text, text + length }, e, &fortran);
    if (wanted)
        return bcq_fail(error, "%s: wanted %s, got a malformed .npy header", f->path, wanted);

    if (strcmp(e->dtype, "<f2") == 0) e->type = BCQ_TYPE_F16;
    if (strcmp(e->dtype, "<f4") == 0) e->type = BCQ_TYPE_F32;
    if (strcmp(e->dtype, "<f8") == 0) e->type = BCQ_TYPE_F64;
    if (e->type == BCQ_TYPE_OTHER)
        return bcq_fail(error, "%s: wanted dtype '<f2', '<f4' or '<f8', got '%s'%s", f->path,
                        e->dtype, e->dtype[0] == '>' ? " (big-endian)" : "");
    if (fortran)
        return bcq_fail(error,
                        "%s: wanted C order, got fortran_order True (save a C-contiguous array)",
                        f->path);
    e->offset = begin + length;
    uint64_t scalars, bytes;
    if (!tensor_scalars(e, &scalars)
        || __builtin_mul_overflow(scalars, (uint64_t)tensor_type_bytes(e->type), &bytes))
        return bcq_fail(error, "%s: wanted a shape that a file can hold, got one beyond 2^63 bytes",
                        f->path);
    if (bytes != f->size - e->offset)
        return bcq_fail(error, "%s: wanted %" PRIu64 " bytes of data for the shape, got %zu",
                        f->path, bytes, f->size - (size_t)e->offset);
    return true;
}

bool bcq_npy_write_header(FILE *f, int64_t rows, int64_t columns) {
    char text[128];
    int length = snprintf(text, sizeof text, "{'descr': '<f4', 'fortran_order': False, "
                          "'shape': (%" PRId64 ", %" PRId64 "), }", rows, columns);
    /* The format wants the data on a multiple of 64 and the header to end in a line feed; 118 =
     * 128 less the ten bytes before it, and two 19-digit numbers still fit. */
    uint8_t header[128] = "\x93NUMPY\x01";
    header[8] = 118;
    memset(header + 10, ' ', 117);
    memcpy(header + 10, text, (size_t)length);
    header[127] = '\n';
    return fwrite(header, sizeof header, 1, f) == 1;
}
