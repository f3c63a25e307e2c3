#include <inttypes.h>
#include <string.h>

#include "tensor_internal.h"

/* llama2.c's first ("legacy") .bin: seven int32, then FP32 tensors one behind the other, each kind
 * stacked over the layers. Nothing in it is a magic number: only a file of exactly the size that
 * its header asks for is taken for one. */

enum { HEADER_INTS = 7, HEADER_BYTES = 4 * HEADER_INTS, VALUE_MAX = 1 << 28 };

typedef struct {
    int64_t dim, hidden, layers, heads, kv_heads, vocabulary, sequence, kv_dim;
    bool shared_classifier;
} model;

/* Null, or what was wanted of the header. */
static const char *read_header(const mapped_file *f, model *m) {
    if (f->size < HEADER_BYTES) return "a llama2.c header of 28 bytes";
    int32_t h[HEADER_INTS];
    for (int i = 0; i < HEADER_INTS; i++) h[i] = (int32_t)load_le32(f->data + 4 * i);
    *m = (model){ .dim = h[0], .hidden = h[1], .layers = h[2], .heads = h[3], .kv_heads = h[4],
                  .vocabulary = h[5], .sequence = h[6], .shared_classifier = h[5] > 0 };
    if (m->vocabulary < 0) m->vocabulary = -m->vocabulary;  /* the sign says: unshared classifier */
    const int64_t all[HEADER_INTS] = { m->dim, m->hidden, m->layers, m->heads, m->kv_heads,
                                       m->vocabulary, m->sequence };
    for (int i = 0; i < HEADER_INTS; i++)
        if (all[i] < 1 || all[i] > VALUE_MAX) return "llama2.c header numbers in [1, 2^28]";
    if (m->dim % m->heads || (m->dim / m->heads) % 2) return "heads of equal, even size";
    if (m->kv_heads > m->heads || m->heads % m->kv_heads) return "n_kv_heads that divides n_heads";
    m->kv_dim = m->dim / m->heads * m->kv_heads;
    return NULL;
}

/* The tensors in file order. rows or k 0: K alone, a vector of `k` scalars. */
typedef struct {
    const char *name;      /* "%": the layer's number stands here, and there is one per layer */
    int64_t rows, k;       /* rows 0: one dimension */
    bool listed;
} part;

enum { PARTS = 14 };

static void list_parts(const model *m, part parts[PARTS]) {
    const part all[PARTS] = {
        { "tok_embeddings.weight", m->vocabulary, m->dim, true },
        { "layers.%.attention_norm.weight", 0, m->dim, true },
        { "layers.%.attention.wq.weight", m->dim, m->dim, true },
        { "layers.%.attention.wk.weight", m->kv_dim, m->dim, true },
        { "layers.%.attention.wv.weight", m->kv_dim, m->dim, true },
        { "layers.%.attention.wo.weight", m->dim, m->dim, true },
        { "layers.%.ffn_norm.weight", 0, m->dim, true },
        { "layers.%.feed_forward.w1.weight", m->hidden, m->dim, true },
        { "layers.%.feed_forward.w2.weight", m->dim, m->hidden, true },
        { "layers.%.feed_forward.w3.weight", m->hidden, m->dim, true },
        { "norm.weight", 0, m->dim, true },
        /* Tables of cosines and sines, which nobody quantizes: space only. */
        { "freq_cis_real", m->sequence, m->dim / m->heads / 2, false },
        { "freq_cis_imag", m->sequence, m->dim / m->heads / 2, false },
        { m->shared_classifier ? NULL : "output.weight", m->vocabulary, m->dim, true },
    };
    memcpy(parts, all, sizeof all);
}

static int64_t copies(const model *m, const part *p) {
    return strchr(p->name, '%') ? m->layers : 1;
}

/* Bytes that the header asks for; false if beyond 2^63. */
static bool wanted_bytes(const model *m, uint64_t *bytes) {
    part parts[PARTS];
    list_parts(m, parts);
    int64_t total = HEADER_BYTES;
    for (int i = 0; i < PARTS && parts[i].name; i++) {
        int64_t size;
        if (__builtin_mul_overflow(parts[i].rows ? parts[i].rows : 1, parts[i].k * 4, &size)
            || __builtin_mul_overflow(size, copies(m, &parts[i]), &size)
            || __builtin_add_overflow(total, size, &total)) return false;
    }
    *bytes = (uint64_t)total;
    return true;
}

bool llama2c_is(const mapped_file *f) {
    model m;
    uint64_t bytes;
    return !read_header(f, &m) && wanted_bytes(&m, &bytes) && bytes == f->size;
}

bool llama2c_list(const mapped_file *f, bcq_tensor_list *list, bcq_error *error) {
    list->format = "llama2.c .bin";
    model m;
    const char *wanted = read_header(f, &m);
    if (wanted) return bcq_fail(error, "%s: wanted %s, got other bytes", f->path, wanted);
    uint64_t bytes;
    if (!wanted_bytes(&m, &bytes) || bytes > INT64_MAX)
        return bcq_fail(error,
            "%s: wanted a llama2.c model that a file can hold, got one beyond 2^63 bytes", f->path);
    if (bytes != f->size)
        return bcq_fail(error, "%s: wanted %" PRIu64 " bytes for its llama2.c header, got %zu",
                        f->path, bytes, f->size);

    part parts[PARTS];
    list_parts(&m, parts);
    uint64_t at = HEADER_BYTES;
    for (int i = 0; i < PARTS && parts[i].name; i++) {
        const part *p = &parts[i];
        const char *number = strchr(p->name, '%');
        for (int64_t layer = 0; layer < copies(&m, p); layer++) {
            uint64_t scalars = (uint64_t)(p->rows ? p->rows : 1) * (uint64_t)p->k;
            if (p->listed) {
                char name[64];
                if (number)
                    snprintf(name, sizeof name, "%.*s%" PRId64 "%s", (int)(number - p->name),
                             p->name, layer, number + 1);
                else
                    snprintf(name, sizeof name, "%s", p->name);
                bcq_tensor_entry *e = tensor_list_add(list, f, name, error);
                if (!e) return false;
                strcpy(e->dtype, "float32");
                e->type = BCQ_TYPE_F32;
                e->offset = at;
                if (p->rows) e->shape[e->dims++] = p->rows;
                e->shape[e->dims++] = p->k;
            }
            at += 4 * scalars;
        }
    }
    return true;
}
