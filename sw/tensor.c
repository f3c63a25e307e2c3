#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tensor_internal.h"

/* ---- mapped files --------------------------------------------------------------------------- */

mapped_file *mapped_file_open(const char *path, bcq_error *error) {
    /* O_NONBLOCK: opening a FIFO must be refused below, not wait for a writer. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat s;
    if (fd < 0 || fstat(fd, &s) != 0) {
        bcq_fail(error, "%s: wanted a readable file, got: %s", path, strerror(errno));
        if (fd >= 0) close(fd);
        return NULL;
    }
    mapped_file *f = NULL;
    if (!S_ISREG(s.st_mode)) {
        bcq_fail(error, "%s: wanted a regular file, got %s", path,
                 S_ISDIR(s.st_mode) ? "a directory" : "a device, pipe or socket");
    } else if (s.st_size == 0) {
        bcq_fail(error, "%s: wanted data, got an empty file", path);
    } else if (!(f = calloc(1, sizeof *f)) || !(f->path = strdup(path))) {
        bcq_fail(error, "%s: wanted memory to open it, got none", path);
        free(f);
        f = NULL;
    } else {
        void *data = mmap(NULL, (size_t)s.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (data == MAP_FAILED) {
            bcq_fail(error, "%s: wanted to map %jd bytes, got: %s", path, (intmax_t)s.st_size,
                     strerror(errno));
            free(f->path);
            free(f);
            f = NULL;
        } else {
            f->data = data;
            f->size = (size_t)s.st_size;
            f->users = 1;
        }
    }
    close(fd);
    return f;
}

void mapped_file_close(mapped_file *f) {
    if (!f || --f->users) return;
    munmap((void *)f->data, f->size);
    free(f->path);
    free(f);
}

/* ---- what a file holds ---------------------------------------------------------------------- */

bcq_tensor_entry *tensor_list_add(bcq_tensor_list *list, const mapped_file *f, const char *name,
                                  bcq_error *error) {
    /* Grown when the count reaches a power of two. */
    if ((list->count & (list->count - 1)) == 0) {
        size_t room = list->count ? 2 * list->count : 1;
        bcq_tensor_entry *grown = realloc(list->entries, room * sizeof *grown);
        if (!grown) {
            bcq_fail(error, "%s: wanted memory for %zu tensors, got none", f->path, room);
            return NULL;
        }
        list->entries = grown;
    }
    bcq_tensor_entry *e = &list->entries[list->count];
    *e = (bcq_tensor_entry){ .name = strdup(name) };
    if (!e->name) {
        bcq_fail(error, "%s: wanted memory for a tensor's name, got none", f->path);
        return NULL;
    }
    list->count++;
    return e;
}

bool tensor_scalars(const bcq_tensor_entry *e, uint64_t *scalars) {
    int64_t product = 1;
    for (int i = 0; i < e->dims; i++)
        if (__builtin_mul_overflow(product, e->shape[i], &product)) return false;
    *scalars = (uint64_t)product;
    return true;
}

int tensor_type_bytes(bcq_type type) {
    switch (type) {
        case BCQ_TYPE_F16: case BCQ_TYPE_BF16: return 2;
        case BCQ_TYPE_F32: return 4;
        case BCQ_TYPE_F64: return 8;
        case BCQ_TYPE_OTHER: break;
    }
    return 0;
}

void tensor_name_show(const char *name, char shown[NAME_SHOWN + 1]) {
    if (snprintf(shown, NAME_SHOWN + 1, "%s", name) > NAME_SHOWN)
        strcpy(shown + NAME_SHOWN - 3, "...");
    for (char *c = shown; *c; c++)
        if ((unsigned char)*c < 32 || *c == 127) *c = '?';
}

static bool ends_in(const char *path, const char *ending) {
    size_t n = strlen(path), m = strlen(ending);
    return n >= m && strcmp(path + n - m, ending) == 0;
}

static bool list_file(const mapped_file *f, bcq_tensor_list *list, bcq_error *error) {
    if (npy_is(f)) return npy_list(f, list, error);
    if (f->size >= 8 && memcmp(f->data, BCQ_PACKED_MAGIC, 8) == 0)
        return bcq_fail(error, "%s: wanted a float tensor, got a packed .bcq tensor", f->path);
    if (safetensors_is(f)) return safetensors_list(f, list, error);
    if (llama2c_is(f)) return llama2c_list(f, list, error);
    /* The content is none of the three: its name says what to compare it with in the message. */
    if (ends_in(f->path, ".npy")) return npy_list(f, list, error);
    if (ends_in(f->path, ".safetensors")) return safetensors_list(f, list, error);
    if (ends_in(f->path, ".bin")) return llama2c_list(f, list, error);
    return bcq_fail(error, "%s: wanted .npy, .safetensors or a llama2.c .bin, got none of them",
                    f->path);
}

void bcq_tensor_list_free(bcq_tensor_list *list) {
    if (!list) return;
    for (size_t i = 0; i < list->count; i++) free(list->entries[i].name);
    free(list->entries);
    free(list);
}

static bcq_tensor_list *list_new(const mapped_file *f, bcq_error *error) {
    bcq_tensor_list *list = calloc(1, sizeof *list);
    if (!list) {
        bcq_fail(error, "%s: wanted memory to list it, got none", f->path);
    } else if (!list_file(f, list, error)) {
        bcq_tensor_list_free(list);
        list = NULL;
    }
    return list;
}

bcq_tensor_list *bcq_tensor_list_read(const char *path, bcq_error *error) {
    mapped_file *f = mapped_file_open(path, error);
    if (!f) return NULL;
    bcq_tensor_list *list = list_new(f, error);
    mapped_file_close(f);
    return list;
}

/* ---- opening -------------------------------------------------------------------------------- */

struct bcq_tensor {
    mapped_file *file;
    char *name;
    bcq_type type;
    int64_t rows, k;
    const uint8_t *data;  /* may lie on any byte: .safetensors aligns nothing */
};

/* FILE as a whole if there is such a file, else the longest FILE before a colon. */
static char *spec_split(const char *spec, const char **name) {
    *name = NULL;
    char *path = strdup(spec);
    struct stat s;
    if (!path || stat(path, &s) == 0) return path;
    for (char *colon; (colon = strrchr(path, ':')); ) {
        *colon = 0;
        if (stat(path, &s) == 0) {
            *name = spec + (colon - path) + 1;
            return path;
        }
    }
    strcpy(path, spec);
    return path;
}

static bool matches(const bcq_tensor_entry *e, const char *pattern) {
    return !pattern || strcmp(e->name, pattern) == 0 || fnmatch(pattern, e->name, 0) == 0;
}

/* "a, b, c" of the tensors that match, for a message; cut with "..." when there are many. */
static void names_text(const bcq_tensor_list *list, const char *pattern, char *text, size_t room) {
    size_t used = 0;
    text[0] = 0;
    for (size_t i = 0; i < list->count && used < room; i++)
        if (matches(&list->entries[i], pattern))
            used += (size_t)snprintf(text + used, room - used, "%s%s", used ? ", " : "",
                                     list->entries[i].name);
    if (used >= room) strcpy(text + room - 4, "...");
}

static bcq_tensor *tensor_new(mapped_file *f, const bcq_tensor_entry *e, bcq_error *error) {
    bcq_tensor *t = calloc(1, sizeof *t);
    char shown[NAME_SHOWN + 1];
    tensor_name_show(e->name, shown);
    size_t room = strlen(f->path) + strlen(shown) + 2;
    if (!t || !(t->name = malloc(room))) {
        bcq_fail(error, "%s: wanted memory for a tensor, got none", f->path);
        free(t);
        return NULL;
    }
    snprintf(t->name, room, "%s%s%s", f->path, shown[0] ? ":" : "", shown);
    t->file = f;
    t->type = e->type;
    f->users++;

    uint64_t scalars = 0;
    bool good = true;
    if (e->type == BCQ_TYPE_OTHER)
        good = bcq_fail(error, "%s: wanted dtype F32, F16 or BF16, got %s", t->name, e->dtype);
    else if (e->dims == 0)
        good = bcq_fail(error, "%s: wanted at least one dimension, got a 0-D tensor", t->name);
    else if (!tensor_scalars(e, &scalars) || scalars == 0)
        good = bcq_fail(error, "%s: wanted at least one scalar, got an empty tensor", t->name);
    if (!good) {
        bcq_tensor_close(t);
        return NULL;
    }
    t->k = e->shape[e->dims - 1];
    t->rows = (int64_t)scalars / t->k;
    t->data = f->data + e->offset;
    return t;
}

static size_t open_matching(const char *spec, bool one, bcq_tensor ***tensors, bcq_error *error) {
    *tensors = NULL;
    const char *pattern;
    char *path = spec_split(spec, &pattern);
    mapped_file *f = path ? mapped_file_open(path, error) : NULL;
    if (!path) bcq_fail(error, "%s: wanted memory for the name, got none", spec);
    bcq_tensor_list *list = f ? list_new(f, error) : NULL;
    size_t count = 0;
    if (list && pattern && strcmp(list->format, ".npy") == 0) {
        bcq_fail(error, "%s: wanted no tensor name behind a .npy file, got \"%s\"", path, pattern);
    } else if (list) {
        size_t wanted = 0;
        for (size_t i = 0; i < list->count; i++) wanted += matches(&list->entries[i], pattern);
        if (wanted == 0) {
            char names[256];
            names_text(list, NULL, names, sizeof names);
            bcq_fail(error, "%s: wanted a tensor named \"%s\", got: %s", path,
                     pattern ? pattern : "*", names[0] ? names : "no tensor at all");
        } else if (one && wanted > 1) {
            char names[256];
            names_text(list, pattern, names, sizeof names);
            bcq_fail(error, "%s: wanted one tensor (FILE:NAME), got %zu: %s", spec, wanted, names);
        } else if (!(*tensors = calloc(wanted, sizeof **tensors))) {
            bcq_fail(error, "%s: wanted memory for %zu tensors, got none", path, wanted);
        }
        for (size_t i = 0; *tensors && i < list->count; i++) {
            if (!matches(&list->entries[i], pattern)) continue;
            bcq_tensor *t = tensor_new(f, &list->entries[i], error);
            if (t) {
                (*tensors)[count++] = t;
            } else {
                while (count) bcq_tensor_close((*tensors)[--count]);
                free(*tensors);
                *tensors = NULL;
            }
        }
    }
    bcq_tensor_list_free(list);
    mapped_file_close(f);
    free(path);
    return count;
}

size_t bcq_tensor_open_all(const char *spec, bcq_tensor ***tensors, bcq_error *error) {
    return open_matching(spec, false, tensors, error);
}

bcq_tensor *bcq_tensor_open(const char *spec, bcq_error *error) {
    bcq_tensor **tensors;
    if (open_matching(spec, true, &tensors, error) == 0) return NULL;
    bcq_tensor *t = tensors[0];
    free(tensors);
    return t;
}

void bcq_tensor_close(bcq_tensor *t) {
    if (!t) return;
    mapped_file_close(t->file);
    free(t->name);
    free(t);
}

int64_t bcq_tensor_rows(const bcq_tensor *t) { return t->rows; }
int64_t bcq_tensor_k(const bcq_tensor *t) { return t->k; }
const char *bcq_tensor_name(const bcq_tensor *t) { return t->name; }

/* ---- reading -------------------------------------------------------------------------------- */

static double load_scalar(const bcq_tensor *t, int64_t i) {
    const uint8_t *at = t->data + (uint64_t)i * (uint64_t)tensor_type_bytes(t->type);
    union { uint32_t u; float f; } single;
    union { uint64_t u; double f; } wide;
    switch (t->type) {
        case BCQ_TYPE_F16: return (double)bcq_f16_to_f32(load_le16(at));
        case BCQ_TYPE_BF16: return (double)bcq_bf16_to_f32(load_le16(at));
        case BCQ_TYPE_F32: single.u = load_le32(at); return (double)single.f;
        case BCQ_TYPE_F64: wide.u = load_le64(at); return wide.f;
        case BCQ_TYPE_OTHER: break;
    }
    return NAN;
}

bool bcq_tensor_read(const bcq_tensor *t, int64_t row, int64_t first, int64_t count, bool bf16,
                     float *out, bcq_error *error) {
    assert(row >= 0 && row < t->rows && first >= 0 && count >= 0 && count <= t->k - first);
    for (int64_t i = 0; i < count; i++) {
        /* A double holds FP32, F16 and BF16 exactly, so going through one changes no bit. */
        double x = load_scalar(t, row * t->k + first + i);
        if (!bcq_condition(bcq_f64_to_f32(x), bf16, &out[i]))
            return bcq_fail(error, "%s: row %" PRId64 ", column %" PRId64
                            ": wanted a finite number, got %g%s", t->name, row, first + i, x,
                            !isfinite(x) ? "" : bf16 ? ", an infinity in BF16"
                                                     : ", an infinity in FP32");
    }
    return true;
}

bool bcq_tensor_amax(const bcq_tensor *t, bool bf16, float *amax, bcq_error *error) {
    enum { PIECE = 4096 };
    float x[PIECE], most = 0;
    for (int64_t row = 0; row < t->rows; row++) {
        for (int64_t first = 0; first < t->k; first += PIECE) {
            int64_t count = t->k - first < PIECE ? t->k - first : PIECE;
            if (!bcq_tensor_read(t, row, first, count, bf16, x, error)) return false;
            for (int64_t i = 0; i < count; i++) most = fabsf(x[i]) > most ? fabsf(x[i]) : most;
        }
    }
    *amax = most;
    return true;
}
