#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "tensor_internal.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
               "the header is copied as it lies in memory, so the machine must be little-endian");

/* ---- records -------------------------------------------------------------------------------- */

static size_t record_bits(const bcq_params *p) {
    return (size_t)(BCQ_SCALE_W + p->la / p->lb * bcq_selector_bits(p) + p->la * p->index_bits);
}

size_t bcq_array_bytes(const bcq_params *p) { return (record_bits(p) + 7) / 8; }

/* Fields of at most 8 bits, so that one touches two bytes at most. `bytes` is zero beyond *bit. */
static void put_bits(uint8_t *bytes, size_t *bit, unsigned value, int width) {
    unsigned window = value << (*bit & 7);
    bytes[*bit / 8] |= (uint8_t)window;
    if (window > 255) bytes[*bit / 8 + 1] |= (uint8_t)(window >> 8);
    *bit += (size_t)width;
}

static uint8_t get_bits(const uint8_t *bytes, size_t *bit, int width) {
    int shift = *bit & 7;
    unsigned window = bytes[*bit / 8];
    if (shift + width > 8) window |= (unsigned)bytes[*bit / 8 + 1] << 8;
    *bit += (size_t)width;
    return (uint8_t)(window >> shift & ((1u << width) - 1));
}

void bcq_array_pack(const bcq_array *a, const bcq_params *p, uint8_t *bytes) {
    size_t bit = 0;
    memset(bytes, 0, bcq_array_bytes(p));
    put_bits(bytes, &bit, a->scale, BCQ_SCALE_W);
    if (p->nc > 1)
        for (int i = 0; i < p->la / p->lb; i++)
            put_bits(bytes, &bit, a->selector[i], bcq_selector_bits(p));
    for (int i = 0; i < p->la; i++) put_bits(bytes, &bit, a->index[i], p->index_bits);
}

void bcq_array_unpack(const uint8_t *bytes, const bcq_params *p, bcq_array *a) {
    size_t bit = 0;
    a->scale = get_bits(bytes, &bit, BCQ_SCALE_W);
    for (int i = 0; i < p->la / p->lb; i++)
        a->selector[i] = p->nc > 1 ? get_bits(bytes, &bit, bcq_selector_bits(p)) : 0;
    for (int i = 0; i < p->la; i++) a->index[i] = get_bits(bytes, &bit, p->index_bits);
}

/* ---- header --------------------------------------------------------------------------------- */

/* False if rows * arrays * record does not fit a file offset, header and CRC included. */
static bool payload_size(uint64_t rows, uint64_t k, const bcq_params *p, uint64_t *bytes) {
    uint64_t la = (uint64_t)p->la, arrays = k / la + (k % la != 0);
    return !__builtin_mul_overflow(rows, arrays, bytes)
        && !__builtin_mul_overflow(*bytes, (uint64_t)bcq_array_bytes(p), bytes)
        && *bytes <= INT64_MAX - sizeof(bcq_packed_header) - 4;
}

static uint32_t header_crc(const bcq_packed_header *h) {
    return (uint32_t)crc32(0, (const Bytef *)h, offsetof(bcq_packed_header, header_crc));
}

bool packed_header_fill(const bcq_packed_info *info, bcq_packed_header *header) {
    bcq_packed_header h = {
        .version = BCQ_PACKED_VERSION, .header_bytes = sizeof h, .la = (uint16_t)info->p.la,
        .lb = (uint8_t)info->p.lb, .nc = (uint8_t)info->p.nc, .rows = (uint64_t)info->rows,
        .k = (uint64_t)info->k, .index_bits = (uint8_t)info->p.index_bits,
        .entry_bits = (uint8_t)info->p.entry_bits, .exponent = (int8_t)info->exponent,
        .flags = info->bf16 ? BCQ_PACKED_FLAG_BF16 : 0,
    };
    memcpy(h.magic, BCQ_PACKED_MAGIC, sizeof h.magic);
    memcpy(h.identity, info->identity, sizeof h.identity);
    if (!payload_size(h.rows, h.k, &info->p, &h.payload_bytes)) return false;
    h.header_crc = header_crc(&h);
    *header = h;
    return true;
}

/* ---- opening -------------------------------------------------------------------------------- */

struct bcq_packed {
    mapped_file *file;
    bcq_packed_info info;
    const uint8_t *payload;
    size_t record;        /* bytes of one */
};

static bool check_header(const mapped_file *f, bcq_packed_info *info, uint64_t *payload,
                         bcq_error *error) {
    bcq_packed_header h;
    if (f->size < sizeof h.magic || memcmp(f->data, BCQ_PACKED_MAGIC, sizeof h.magic) != 0)
        return bcq_fail(error, "%s: wanted a packed .bcq tensor, got another magic", f->path);
    if (f->size < sizeof h)
        return bcq_fail(error, "%s: wanted a header of %zu bytes, got a file of %zu", f->path,
                        sizeof h, f->size);
    memcpy(&h, f->data, sizeof h);
    if (h.version != BCQ_PACKED_VERSION)
        return bcq_fail(error, "%s: wanted .bcq version %d, got %d", f->path, BCQ_PACKED_VERSION,
                        h.version);
    if (h.header_bytes != sizeof h)
        return bcq_fail(error, "%s: wanted a header of %zu bytes, got a length of %d", f->path,
                        sizeof h, h.header_bytes);
    if (h.header_crc != header_crc(&h))
        return bcq_fail(error, "%s: wanted header CRC %08" PRIX32 ", got %08" PRIX32
                        " (corrupt header)", f->path, header_crc(&h), h.header_crc);

    *info = (bcq_packed_info){
        .rows = (int64_t)h.rows, .k = (int64_t)h.k, .exponent = h.exponent,
        .bf16 = h.flags & BCQ_PACKED_FLAG_BF16,
        .p = { .la = h.la, .lb = h.lb, .nc = h.nc, .index_bits = h.index_bits,
               .entry_bits = h.entry_bits },
    };
    memcpy(info->identity, h.identity, sizeof h.identity);
    const char *bad = bcq_params_check(&info->p);
    if (bad) return bcq_fail(error, "%s: wanted parameters in range, got %s", f->path, bad);
    if (h.exponent < -BCQ_EXPONENT_LIMIT || h.exponent > BCQ_EXPONENT_LIMIT)
        return bcq_fail(error, "%s: wanted an exponent in [%d, %d], got %d", f->path,
                        -BCQ_EXPONENT_LIMIT, BCQ_EXPONENT_LIMIT, h.exponent);
    if (h.flags & ~BCQ_PACKED_FLAG_BF16)
        return bcq_fail(error, "%s: wanted flags 0 or 1, got %d", f->path, h.flags);
    if (h.rows == 0 || h.k == 0)
        return bcq_fail(error, "%s: wanted a shape without 0, got %" PRIu64 " x %" PRIu64, f->path,
                        h.rows, h.k);
    if (h.rows > INT64_MAX || h.k > INT64_MAX || !payload_size(h.rows, h.k, &info->p, payload))
        return bcq_fail(error, "%s: wanted a shape that a file can hold, got %" PRIu64 " x %"
                        PRIu64, f->path, h.rows, h.k);
    if (h.payload_bytes != *payload)
        return bcq_fail(error, "%s: wanted %" PRIu64 " payload bytes for %" PRIu64 " x %" PRIu64
                        ", got %" PRIu64, f->path, *payload, h.rows, h.k, h.payload_bytes);
    if (f->size != sizeof h + *payload + 4)
        return bcq_fail(error, "%s: wanted a file of %" PRIu64 " bytes, got %zu (cut or continued)",
                        f->path, (uint64_t)(sizeof h + *payload + 4), f->size);
    info->arrays = (info->k - 1) / info->p.la + 1;
    return true;
}

/* Every record: no NaN scale ("software refuses them"), padding bits zero. */
static bool check_records(const bcq_packed *t, bcq_error *error) {
    int used = (int)(record_bits(&t->info.p) & 7);
    for (int64_t i = 0; i < t->info.rows * t->info.arrays; i++) {
        const uint8_t *record = t->payload + (uint64_t)i * t->record;
        int64_t row = i / t->info.arrays, j = i % t->info.arrays;
        if (bcq_scale_is_nan(record[0]))
            return bcq_fail(error, "%s: row %" PRId64 ", array %" PRId64
                            ": wanted a finite scale, got NaN (0x%02X)", t->file->path, row, j,
                            record[0]);
        if (used && record[t->record - 1] >> used)
            return bcq_fail(error, "%s: row %" PRId64 ", array %" PRId64
                            ": wanted zero padding bits, got others", t->file->path, row, j);
    }
    return true;
}

bool packed_made_with(const bcq_packed *t, const bcq_codebooks *cb, bcq_error *error) {
    uint8_t given[BCQ_IDENTITY_BYTES];
    char made_hex[2 * BCQ_IDENTITY_BYTES + 1], given_hex[2 * BCQ_IDENTITY_BYTES + 1];
    bcq_codebooks_identity(cb, given);
    if (memcmp(given, t->info.identity, sizeof given) != 0) {
        bcq_identity_hex(t->info.identity, made_hex);
        bcq_identity_hex(given, given_hex);
        return bcq_fail(error, "%s: wanted the codebooks %s that it was made with, got %s",
                        t->file->path, made_hex, given_hex);
    }
    /* The identity covers the parameters, but the header repeats them, and a forged one could
     * index beyond the tables. */
    const bcq_params *a = &t->info.p, *b = &cb->p;
    if (a->la != b->la || a->lb != b->lb || a->nc != b->nc || a->index_bits != b->index_bits
        || a->entry_bits != b->entry_bits)
        return bcq_fail(error, "%s: wanted la, lb, nc, bits, ew %d %d %d %d %d as in the "
                        "codebooks, got %d %d %d %d %d", t->file->path, b->la, b->lb, b->nc,
                        b->index_bits, b->entry_bits, a->la, a->lb, a->nc, a->index_bits,
                        a->entry_bits);
    return true;
}

/* "A packed file whose padding decodes to a nonzero value is refused." */
static bool check_padding(const bcq_packed *t, const bcq_codebooks *cb, bcq_error *error) {
    int64_t last = t->info.arrays - 1;
    int used = (int)(t->info.k - last * t->info.p.la);
    if (used == t->info.p.la) return true;
    for (int64_t row = 0; row < t->info.rows; row++) {
        bcq_array a;
        int8_t entry[BCQ_LA_MAX];
        bcq_packed_array(t, row, last, &a);
        bcq_decode_entries(&a, cb, entry);
        for (int i = used; i < t->info.p.la; i++)
            if (bcq_decode_value(entry[i], a.scale, t->info.exponent) != 0)
                return bcq_fail(error, "%s: row %" PRId64 ", column %" PRId64
                                " (padding): wanted 0, got entry %d", t->file->path, row,
                                last * t->info.p.la + i, entry[i]);
    }
    return true;
}

bcq_packed *bcq_packed_open(const char *path, const bcq_codebooks *cb, bcq_error *error) {
    mapped_file *f = mapped_file_open(path, error);
    if (!f) return NULL;
    bcq_packed *t = calloc(1, sizeof *t);
    if (!t) {
        bcq_fail(error, "%s: wanted memory to open it, got none", path);
        mapped_file_close(f);
        return NULL;
    }
    t->file = f;
    uint64_t bytes = 0;
    bool good = check_header(f, &t->info, &bytes, error);
    if (good) {
        t->payload = f->data + sizeof(bcq_packed_header);
        t->record = bcq_array_bytes(&t->info.p);
        uint32_t stored = load_le32(t->payload + bytes);
        uint32_t computed = (uint32_t)crc32_z(0, t->payload, bytes);
        if (stored != computed)
            good = bcq_fail(error, "%s: wanted payload CRC %08" PRIX32 ", got %08" PRIX32
                            " (corrupt payload)", path, computed, stored);
    }
    good = good && check_records(t, error)
        && (!cb || (packed_made_with(t, cb, error) && check_padding(t, cb, error)));
    if (!good) {
        bcq_packed_close(t);
        return NULL;
    }
    return t;
}

void bcq_packed_close(bcq_packed *t) {
    if (!t) return;
    mapped_file_close(t->file);
    free(t);
}

const bcq_packed_info *bcq_packed_get_info(const bcq_packed *t) { return &t->info; }
const char *bcq_packed_name(const bcq_packed *t) { return t->file->path; }

const uint8_t *packed_record_bytes(const bcq_packed *t, int64_t row, int64_t j) {
    return t->payload + (uint64_t)(row * t->info.arrays + j) * t->record;
}

void bcq_packed_array(const bcq_packed *t, int64_t row, int64_t j, bcq_array *out) {
    bcq_array_unpack(packed_record_bytes(t, row, j), &t->info.p, out);
}

void bcq_identity_hex(const uint8_t identity[BCQ_IDENTITY_BYTES],
                      char hex[2 * BCQ_IDENTITY_BYTES + 1]) {
    for (int i = 0; i < BCQ_IDENTITY_BYTES; i++) sprintf(hex + 2 * i, "%02x", identity[i]);
}
