#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "tensor_internal.h"

/* .safetensors: header length (8 bytes), a JSON object {name: {dtype, shape, data_offsets}}, then
 * one buffer that the tensors cover without a hole and without overlap. */

enum { LENGTH_BYTES = 8, HEADER_BYTES_MAX = 100000000 };  /* the format's own limit */

bool safetensors_is(const mapped_file *f) {
    return f->size > LENGTH_BYTES && f->data[LENGTH_BYTES] == '{'
        && load_le64(f->data) <= f->size - LENGTH_BYTES;
}

static const struct {
    const char *name;
    int bits;
    bcq_type type;
} dtypes[] = {
    { "F32", 32, BCQ_TYPE_F32 },      { "F16", 16, BCQ_TYPE_F16 },  { "BF16", 16, BCQ_TYPE_BF16 },
    { "F64", 64, BCQ_TYPE_OTHER },    { "I64", 64, BCQ_TYPE_OTHER }, { "I32", 32, BCQ_TYPE_OTHER },
    { "I16", 16, BCQ_TYPE_OTHER },    { "I8", 8, BCQ_TYPE_OTHER },   { "U64", 64, BCQ_TYPE_OTHER },
    { "U32", 32, BCQ_TYPE_OTHER },    { "U16", 16, BCQ_TYPE_OTHER }, { "U8", 8, BCQ_TYPE_OTHER },
    { "BOOL", 8, BCQ_TYPE_OTHER },    { "F8_E4M3", 8, BCQ_TYPE_OTHER },
    { "F8_E5M2", 8, BCQ_TYPE_OTHER },
};

/* One tensor's description. name: as messages show it. *end: the end of its bytes, relative to the
 * buffer. */
static bool read_entry(const mapped_file *f, const char *name, json_t *value, size_t buffer,
                       uint64_t *end, bcq_tensor_entry *e, bcq_error *error) {
    json_t *dtype = json_object_get(value, "dtype"), *shape = json_object_get(value, "shape");
    json_t *offsets = json_object_get(value, "data_offsets");
    if (json_object_size(value) != 3 || !json_is_string(dtype) || !json_is_array(shape)
        || !json_is_array(offsets) || json_array_size(offsets) != 2)
        return bcq_fail(error, "%s:%s: wanted {dtype, shape, data_offsets}, got something else",
                        f->path, name);
    snprintf(e->dtype, sizeof e->dtype, "%s", json_string_value(dtype));

    if (json_array_size(shape) > BCQ_DIMS_MAX)
        return bcq_fail(error, "%s:%s: wanted at most %d dimensions, got %zu", f->path, name,
                        BCQ_DIMS_MAX, json_array_size(shape));
    for (; e->dims < (int)json_array_size(shape); e->dims++) {
        json_t *size = json_array_get(shape, (size_t)e->dims);
        if (!json_is_integer(size) || json_integer_value(size) < 0)
            return bcq_fail(error, "%s:%s: wanted a shape of integers >= 0, got something else",
                            f->path, name);
        e->shape[e->dims] = json_integer_value(size);
    }

    json_t *first = json_array_get(offsets, 0), *last = json_array_get(offsets, 1);
    if (!json_is_integer(first) || !json_is_integer(last))
        return bcq_fail(error, "%s:%s: wanted integer data_offsets, got something else", f->path,
                        name);
    json_int_t from = json_integer_value(first), to = json_integer_value(last);
    if (from < 0 || to < from || (uint64_t)to > f->size - buffer)
        return bcq_fail(error, "%s:%s: wanted data_offsets in [0, %zu], got [%" PRId64 ", %" PRId64
                        "]", f->path, name, f->size - buffer, (int64_t)from, (int64_t)to);
    e->offset = buffer + (uint64_t)from;
    *end = buffer + (uint64_t)to;

    uint64_t scalars, bits;
    if (!tensor_scalars(e, &scalars) || __builtin_mul_overflow(scalars, (uint64_t)64, &bits))
        return bcq_fail(error,
                        "%s:%s: wanted a shape that a file can hold, got one beyond 2^58 scalars",
                        f->path, name);
    for (size_t i = 0; i < sizeof dtypes / sizeof dtypes[0]; i++) {
        if (strcmp(json_string_value(dtype), dtypes[i].name) != 0) continue;
        e->type = dtypes[i].type;
        uint64_t bytes = scalars * (uint64_t)(dtypes[i].bits / 8);
        if (bytes != (uint64_t)(to - from))
            return bcq_fail(error, "%s:%s: wanted %" PRIu64 " bytes for %s and the shape, got %"
                            PRIu64, f->path, name, bytes, e->dtype, (uint64_t)(to - from));
    }
    return true;
}

typedef struct {
    bcq_tensor_entry entry;
    uint64_t end;
} extent;

static int by_offset(const void *a, const void *b) {
    const extent *x = a, *y = b;
    if (x->entry.offset != y->entry.offset) return x->entry.offset < y->entry.offset ? -1 : 1;
    return (x->end > y->end) - (x->end < y->end);
}

static bool read_object(const mapped_file *f, json_t *root, size_t buffer, bcq_tensor_list *list,
                        bcq_error *error) {
    if (!json_is_object(root))
        return bcq_fail(error, "%s: wanted a JSON object as header, got another value", f->path);
    extent *extents = calloc(json_object_size(root) + 1, sizeof *extents);
    if (!extents) return bcq_fail(error, "%s: wanted memory for its header, got none", f->path);
    bool good = true;
    size_t count = 0;
    const char *name;
    json_t *value;
    json_object_foreach(root, name, value) {
        if (strcmp(name, "__metadata__") == 0) continue;  /* notes of whoever wrote the file */
        bcq_tensor_entry *e = tensor_list_add(list, f, name, error);
        char shown[NAME_SHOWN + 1];
        tensor_name_show(name, shown);
        good = e && read_entry(f, shown, value, buffer, &extents[count].end, e, error);
        if (!good) break;
        extents[count++].entry = *e;
    }
    if (good) {
        /* Sorted by offset every tensor has to begin where the one before it ends: that is "no
         * overlap" and "no hole" at once. */
        qsort(extents, count, sizeof *extents, by_offset);
        uint64_t at = buffer;
        for (size_t i = 0; i < count && good; at = extents[i++].end) {
            list->entries[i] = extents[i].entry;
            if (extents[i].entry.offset != at) {
                char shown[NAME_SHOWN + 1];
                tensor_name_show(extents[i].entry.name, shown);
                good = bcq_fail(error, "%s:%s: wanted data to begin at offset %" PRIu64
                                ", where the tensor before it ends, got %" PRIu64, f->path,
                                shown, at - buffer, extents[i].entry.offset - buffer);
            }
        }
        if (good && at != f->size)
            good = bcq_fail(error, "%s: wanted %" PRIu64 " bytes of data, got %zu", f->path,
                            at - buffer, f->size - buffer);
        /* After a failure half way entries may be listed twice: no name is to be freed twice. */
        for (size_t i = 0; i < count && !good; i++) list->entries[i] = extents[i].entry;
    }
    free(extents);
    return good;
}

bool safetensors_list(const mapped_file *f, bcq_tensor_list *list, bcq_error *error) {
    list->format = ".safetensors";
    if (f->size < LENGTH_BYTES)
        return bcq_fail(error, "%s: wanted a .safetensors header, got a file of %zu bytes", f->path,
                        f->size);
    uint64_t length = load_le64(f->data);
    if (length > f->size - LENGTH_BYTES || length > HEADER_BYTES_MAX)
        return bcq_fail(error, "%s: wanted a header of at most %zu bytes, got a length of %" PRIu64,
                        f->path, f->size - LENGTH_BYTES < HEADER_BYTES_MAX ? f->size - LENGTH_BYTES
                        : HEADER_BYTES_MAX, length);
    json_error_t json_error;
    json_t *root = json_loadb((const char *)f->data + LENGTH_BYTES, (size_t)length,
                              JSON_REJECT_DUPLICATES, &json_error);
    if (!root)
        return bcq_fail(error, "%s: wanted a JSON header, got an error in it: %s", f->path,
                        json_error.text);
    bool good = read_object(f, root, LENGTH_BYTES + (size_t)length, list, error);
    json_decref(root);
    return good;
}
