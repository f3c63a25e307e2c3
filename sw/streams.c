#include <string.h>

#include "device_internal.h"
#include "tensor_internal.h"

/* Operands and results as the byte streams of docs/accelerator.md. Nothing is held but one record:
 * bytes are made as they are read. */

static int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }
static int64_t min(int64_t a, int64_t b) { return a < b ? a : b; }

static bcq_params build_params(const bcq_device_info *b) {
    return (bcq_params){ b->la, b->lb, b->nc, b->index_bits, b->entry_bits };
}

size_t stream_record_bytes(const bcq_device_info *b) {
    bcq_params p = build_params(b);
    return bcq_array_bytes(&p);
}

/* ---- Records ------------------------------------------------------------------------------- */

/* A record of a packed file, in the build's format: selectors repeated where the file's blocks are
 * longer, selectors and indices as wide as the build's. */
static void packed_record(const bcq_packed *t, int64_t row, int64_t j, const bcq_device_info *b,
                          uint8_t *record) {
    const bcq_params *file = &bcq_packed_get_info(t)->p;
    bcq_params built = build_params(b);
    if (file->lb == built.lb && file->nc == built.nc && file->index_bits == built.index_bits) {
        memcpy(record, packed_record_bytes(t, row, j), bcq_array_bytes(file));
        return;
    }
    bcq_array a;
    uint8_t selector[BCQ_LA_MAX / 2];
    bcq_packed_array(t, row, j, &a);
    for (int i = 0; i < built.la / built.lb; i++) selector[i] = a.selector[i * built.lb / file->lb];
    memcpy(a.selector, selector, (size_t)(built.la / built.lb));
    bcq_array_pack(&a, &built, record);
}

/* A block array of float activations as BF16, padded with zeros. */
static bool bf16_record(const product *p, int64_t row, int64_t j, uint8_t *record,
                        bcq_error *error) {
    float x[BCQ_LA_MAX] = { 0 };
    int64_t first = j * p->build->la, count = min(p->build->la, p->k - first);
    if (p->a.tensor) {
        if (!bcq_tensor_read(p->a.tensor, row, first, count, true, x, error)) return false;
    } else {
        memcpy(x, p->a.values + row * p->k + first, (size_t)count * sizeof *x);
    }
    for (int i = 0; i < p->build->la; i++) {
        uint16_t bits = bcq_f32_to_bf16(x[i]);
        record[2 * i] = (uint8_t)bits;
        record[2 * i + 1] = (uint8_t)(bits >> 8);
    }
    return true;
}

/* One book a line: `nc` of the build, copies of the first where the file has fewer. */
static void codebook_record(const product *p, int64_t book, uint8_t *record) {
    const bcq_codebooks *cb = book < p->build->nc ? p->cb_a : p->cb_w;
    int64_t c = book % p->build->nc;
    memset(record, 0, (size_t)1 << p->build->index_bits);
    memcpy(record, cb->entry[c < cb->p.nc ? c : 0], (size_t)bcq_entries(&cb->p));
}

/* ---- Order --------------------------------------------------------------------------------- */

void stream_open(stream *s, int kind, const product *p, part part) {
    const bcq_device_info *b = p->build;
    memset(s, 0, sizeof *s);
    s->kind = kind;
    s->p = p;
    s->part = part;
    uint64_t m_tiles = (uint64_t)ceil_div(part.m, b->t), n_tiles = (uint64_t)ceil_div(part.n, b->cols);
    if (kind == STREAM_CODEBOOKS)
        s->left = 2 * (uint64_t)b->nc << b->index_bits;
    else if (kind == STREAM_WEIGHTS)
        s->left = m_tiles * n_tiles * (uint64_t)(b->cols * p->arrays) * stream_record_bytes(b);
    else
        s->left = (p->reuse ? 1 : n_tiles) * (uint64_t)part.m * (uint64_t)p->arrays
                * (p->encode ? 2 * (uint64_t)b->la : stream_record_bytes(b));
}

/* Makes the next record and goes on to the one behind it. */
static bool next_record(stream *s, bcq_error *error) {
    const product *p = s->p;
    const bcq_device_info *b = p->build;
    s->at = 0;
    if (s->kind == STREAM_CODEBOOKS) {
        codebook_record(p, s->item++, s->record);
        s->size = (size_t)1 << b->index_bits;
        return true;
    }
    int64_t items;
    s->size = stream_record_bytes(b);
    if (s->kind == STREAM_WEIGHTS) {
        int64_t column = s->n_tile * b->cols + s->item;
        items = b->cols;
        if (column < s->part.n) packed_record(p->w, s->part.n0 + column, s->j, b, s->record);
        else memset(s->record, 0, s->size);
    } else {
        int64_t row = s->m_tile * b->t + s->item;
        items = min(b->t, s->part.m - s->m_tile * b->t);
        if (!p->encode) packed_record(p->a.packed, s->part.m0 + row, s->j, b, s->record);
        else if (!bf16_record(p, s->part.m0 + row, s->j, s->record, error)) return false;
        if (p->encode) s->size = 2 * (size_t)b->la;
    }
    int64_t n_tiles = s->kind == STREAM_ACTIVATIONS && p->reuse ? 1 : ceil_div(s->part.n, b->cols);
    if (++s->item < items) return true;
    s->item = 0;
    if (++s->j < p->arrays) return true;
    s->j = 0;
    if (++s->n_tile < n_tiles) return true;
    s->n_tile = 0;
    s->m_tile++;
    return true;
}

bool stream_read(stream *s, uint8_t *bytes, size_t room, bcq_error *error) {
    if (room > s->left) room = (size_t)s->left;
    s->left -= room;
    while (room > 0) {
        if (s->at == s->size && !next_record(s, error)) return false;
        size_t some = s->size - s->at < room ? s->size - s->at : room;
        memcpy(bytes, s->record + s->at, some);
        s->at += some;
        bytes += some;
        room -= some;
    }
    return true;
}

/* ---- Results ------------------------------------------------------------------------------- */

int64_t sink_beats_a_token(const bcq_device_info *b, bool bf16_results) {
    return ceil_div(b->cols * (bf16_results ? 2 : 4), b->r_bytes);
}

void sink_open(sink *s, const product *p, part part, float *acc) {
    uint64_t tokens = (uint64_t)part.m * (uint64_t)ceil_div(part.n, p->build->cols);
    *s = (sink){ .p = p, .part = part, .acc = acc,
                 .left = tokens * (uint64_t)sink_beats_a_token(p->build, p->bf16_results) };
}

/* A beat may cut a result in two (R_BYTES of 1 or 2), so bytes are put one by one. */
void sink_take(sink *s, const uint8_t *beat) {
    const bcq_device_info *b = s->p->build;
    int width = s->p->bf16_results ? 2 : 4, last = b->cols * width;
    int64_t row = s->m_tile * b->t + s->token;
    float *place = s->acc + (s->part.m0 + row) * s->p->n + s->part.n0 + s->n_tile * b->cols;
    int64_t columns = min(b->cols, s->part.n - s->n_tile * b->cols);
    for (int i = 0; i < b->r_bytes && s->column < last; i++, s->column++) {
        int64_t column = s->column / width;
        /* BF16 is the upper half of an FP32 number. */
        int byte = s->column % width + (width == 2 ? 2 : 0);
        if (column >= columns) continue;
        if (s->column % width == 0) place[column] = 0;
        ((uint8_t *)&place[column])[byte] = beat[i];
    }
    s->left--;
    if (s->column < last) return;
    s->column = 0;
    if (++s->token < min(b->t, s->part.m - s->m_tile * b->t)) return;
    s->token = 0;
    if (++s->n_tile < ceil_div(s->part.n, b->cols)) return;
    s->n_tile = 0;
    s->m_tile++;
}
