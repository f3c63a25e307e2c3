/* make_refuse DIRECTORY: writes the files of tb/refuse, each with one defect that its name tells,
 * and messages.txt: a line "FILE: wanted X, got Y" for each, as the library must say it. The bytes
 * are put together here from docs/format.md and the formats' own descriptions, not by the
 * library. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

typedef struct { uint8_t data[512]; size_t size; } bytes;

static FILE *messages;

static FILE *create(const char *name) {
    FILE *f = fopen(name, "wb");
    if (f) return f;
    fprintf(stderr, "make_refuse: %s: wanted to create it, got an error\n", name);
    exit(2);
}

static void put(const char *name, const void *data, size_t size, const char *message) {
    FILE *f = create(name);
    fwrite(data, 1, size, f);
    if (message) fprintf(messages, "%s: %s\n", name, message);
    if (fclose(f) != 0) exit(2);
}

static void put_text(const char *name, const char *text, const char *message) {
    put(name, text, strlen(text), message);
}

static void add(bytes *b, const void *data, size_t size) {
    memcpy(b->data + b->size, data, size);
    b->size += size;
}

static void add_number(bytes *b, uint64_t value, int width) {
    for (int i = 0; i < width; i++) b->data[b->size++] = (uint8_t)(value >> 8 * i);
}

/* ---- .npy ----------------------------------------------------------------------------------- */

static void put_npy(const char *name, int major, const char *header, const void *data, size_t size,
                    const char *message) {
    bytes b = { .size = 0 };
    add(&b, "\x93NUMPY", 6);
    add_number(&b, (uint64_t)major, 2);
    add_number(&b, strlen(header), major == 1 ? 2 : 4);
    add(&b, header, strlen(header));
    if (size) add(&b, data, size);
    put(name, b.data, b.size, message);
}

#define DICT(descr, order, shape) \
    "{'descr': '" descr "', 'fortran_order': " order ", 'shape': " shape ", }\n"

static void make_npy(void) {
    const float x[6] = { 1, 2, 3, 4, 5, 6 };
    const uint32_t nan[2] = { 0x3F800000, 0x7FC00000 }, inf[2] = { 0x3F800000, 0xFF800000 };
    const double large[2] = { 1e39, 1 };
    const uint32_t max[2] = { 0, 0x7F7FFFFF };
    put_npy("fortran-order.npy", 1, DICT("<f4", "True", "(2, 3)"), x, 24,
            "wanted C order, got fortran_order True (save a C-contiguous array)");
    put_npy("big-endian.npy", 1, DICT(">f4", "False", "(2, 3)"), x, 24,
            "wanted dtype '<f2', '<f4' or '<f8', got '>f4' (big-endian)");
    put_npy("integers.npy", 1, DICT("<i4", "False", "(2, 3)"), x, 24,
            "wanted dtype '<f2', '<f4' or '<f8', got '<i4'");
    put_npy("structured.npy", 1,
            "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (6,), }\n", x, 24,
            "wanted a plain dtype ('<f2', '<f4' or '<f8'), got a malformed .npy header");
    put_npy("data-one-byte-short.npy", 1, DICT("<f4", "False", "(2, 3)"), x, 23,
            "wanted 24 bytes of data for the shape, got 23");
    put_npy("data-one-scalar-too-many.npy", 1, DICT("<f4", "False", "(5,)"), x, 24,
            "wanted 20 bytes of data for the shape, got 24");
    put_npy("shape-overflows.npy", 1, DICT("<f4", "False", "(4294967296, 4294967296)"), x, 24,
            "wanted a shape that a file can hold, got one beyond 2^63 bytes");
    put_npy("shape-number-overflows.npy", 1, DICT("<f4", "False", "(99999999999999999999,)"), x, 24,
            "wanted a shape of at most 8 dimensions, got a malformed .npy header");
    put_npy("shape-negative.npy", 1, DICT("<f4", "False", "(-6,)"), x, 24,
            "wanted a shape of at most 8 dimensions, got a malformed .npy header");
    put_npy("nine-dimensions.npy", 1, DICT("<f4", "False", "(1, 1, 1, 1, 1, 1, 1, 1, 6)"), x, 24,
            "wanted a shape of at most 8 dimensions, got a malformed .npy header");
    put_npy("zero-dimensions.npy", 1, DICT("<f4", "False", "()"), x, 4,
            "wanted at least one dimension, got a 0-D tensor");
    put_npy("empty-tensor.npy", 1, DICT("<f4", "False", "(0, 3)"), NULL, 0,
            "wanted at least one scalar, got an empty tensor");
    put_npy("key-missing.npy", 1, "{'descr': '<f4', 'shape': (6,), }\n", x, 24,
            "wanted all of descr, fortran_order and shape, got a malformed .npy header");
    put_npy("key-twice.npy", 1,
            "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (6,)}\n", x, 24,
            "wanted every key once, got a malformed .npy header");
    put_npy("key-unknown.npy", 1,
            "{'descr': '<f4', 'colour': 'red', 'fortran_order': False, 'shape': (6,)}\n", x, 24,
            "wanted no keys but descr, fortran_order and shape, got a malformed .npy header");
    put_npy("dictionary-open.npy", 1, "{'descr': '<f4', 'fortran_order': False, 'shape': (6,)", x,
            24, "wanted a , or } after each value, got a malformed .npy header");
    put_npy("header-garbage.npy", 1, "{'descr': '<f4', 'fortran_order': False, 'shape': (6,)} x", x,
            24, "wanted spaces only behind the dictionary, got a malformed .npy header");
    put_npy("version-4.npy", 4, DICT("<f4", "False", "(6,)"), x, 24,
            "wanted .npy version 1.0, 2.0 or 3.0, got 4.0");
    put("header-cut.npy", "\x93NUMPY\x01\x00\x76\x00{'descr'", 18,
        "wanted a header of 118 bytes, got 8 bytes to the end of the file");
    put("header-cut-at-version.npy", "\x93NUMPY\x01", 7,
        "wanted a .npy header, got a file of 7 bytes");
    put("magic-wrong.npy", "\x93NUMPX\x01\x00\x00\x00\x00\x00", 12,
        "wanted a .npy file, got another magic");
    put("empty-file.npy", "", 0, "wanted data, got an empty file");
    put_npy("nan.npy", 1, DICT("<f4", "False", "(1, 2)"), nan, 8,
            "row 0, column 1: wanted a finite number, got nan");
    put_npy("infinity.npy", 1, DICT("<f4", "False", "(2, 1)"), inf, 8,
            "row 1, column 0: wanted a finite number, got -inf");
    put_npy("f8-beyond-fp32.npy", 1, DICT("<f8", "False", "(2,)"), large, 16,
            "row 0, column 0: wanted a finite number, got 1e+39, an infinity in FP32");
    put_npy("above-every-exponent.npy", 1, DICT("<f4", "False", "(2,)"), max, 8,
            "wanted max|X| <= 448 * 7 * 2^100, got 3.40282e+38");
    put("no-known-format.dat", "This is no tensor.\n", 19,
        "wanted .npy, .safetensors or a llama2.c .bin, got none of them");
}

/* ---- .safetensors --------------------------------------------------------------------------- */

static void put_safe(const char *name, const char *header, size_t data, const char *message) {
    bytes b = { .size = 0 };
    add_number(&b, strlen(header), 8);
    add(&b, header, strlen(header));
    for (size_t i = 0; i < data; i++) b.data[b.size++] = 0;
    put(name, b.data, b.size, message);
}

static void make_safetensors(void) {
#define ONE(name, dtype, shape, from, to) \
    "\"" name "\":{\"dtype\":\"" dtype "\",\"shape\":" shape ",\"data_offsets\":[" from "," to "]}"
    put_safe("dtype-integer.safetensors", "{" ONE("x", "I64", "[2]", "0", "16") "}", 16,
             NULL);
    fprintf(messages, "dtype-integer.safetensors:x: wanted dtype F32, F16 or BF16, got I64\n");
    put_safe("two-tensors-no-name.safetensors",
             "{" ONE("a", "F32", "[1]", "0", "4") "," ONE("b", "F32", "[1]", "4", "8") "}", 8,
             "wanted one tensor (FILE:NAME), got 2: a, b");
    put_safe("no-tensor.safetensors", "{\"__metadata__\":{\"format\":\"pt\"}}", 0,
             "wanted a tensor named \"*\", got: no tensor at all");
    put_safe("offsets-overlap.safetensors",
             "{" ONE("a", "F32", "[2]", "0", "8") ","
                 ONE("b", "F32", "[2]", "4", "12") "}", 12, NULL);
    fprintf(messages, "offsets-overlap.safetensors:b: wanted data to begin at offset 8, where the "
            "tensor before it ends, got 4\n");
    put_safe("offsets-hole.safetensors",
             "{" ONE("a", "F32", "[1]", "0", "4") ","
                 ONE("b", "F32", "[1]", "8", "12") "}", 12, NULL);
    fprintf(messages, "offsets-hole.safetensors:b: wanted data to begin at offset 4, where the "
            "tensor before it ends, got 8\n");
    put_safe("offsets-beyond-file.safetensors", "{" ONE("a", "F32", "[4]", "0", "16") "}", 15,
             NULL);
    fprintf(messages,
            "offsets-beyond-file.safetensors:a: wanted data_offsets in [0, 15], got [0, 16]\n");
    put_safe("offsets-backwards.safetensors", "{" ONE("a", "F32", "[1]", "4", "0") "}", 4, NULL);
    fprintf(messages,
            "offsets-backwards.safetensors:a: wanted data_offsets in [0, 4], got [4, 0]\n");
    put_safe("offsets-negative.safetensors", "{" ONE("a", "F32", "[1]", "-4", "0") "}", 4, NULL);
    fprintf(messages,
            "offsets-negative.safetensors:a: wanted data_offsets in [0, 4], got [-4, 0]\n");
    put_safe("offsets-real.safetensors", "{" ONE("a", "F32", "[1]", "0.0", "4") "}", 4, NULL);
    fprintf(messages,
            "offsets-real.safetensors:a: wanted integer data_offsets, got something else\n");
    put_safe("data-left-over.safetensors", "{" ONE("a", "F32", "[1]", "0", "4") "}", 5,
             "wanted 4 bytes of data, got 5");
    put_safe("size-not-the-shape.safetensors", "{" ONE("a", "F16", "[3]", "0", "4") "}", 4, NULL);
    fprintf(messages,
            "size-not-the-shape.safetensors:a: wanted 6 bytes for F16 and the shape, got 4\n");
    put_safe("shape-overflows.safetensors",
             "{" ONE("a", "F32", "[4294967296,4294967296,4]", "0", "0") "}", 0, NULL);
    fprintf(messages, "shape-overflows.safetensors:a: wanted a shape that a file can hold, got one "
            "beyond 2^58 scalars\n");
    put_safe("shape-negative.safetensors", "{" ONE("a", "F32", "[-1]", "0", "4") "}", 4, NULL);
    fprintf(messages,
            "shape-negative.safetensors:a: wanted a shape of integers >= 0, got something else\n");
    put_safe("key-missing.safetensors", "{\"a\":{\"dtype\":\"F32\",\"shape\":[1]}}", 4, NULL);
    fprintf(messages,
            "key-missing.safetensors:a: wanted {dtype, shape, data_offsets}, got something else\n");
    put_safe("name-twice.safetensors",
             "{" ONE("a", "F32", "[1]", "0", "4") "," ONE("a", "F32", "[1]", "4", "8") "}", 8,
             "wanted a JSON header, got an error in it: duplicate object key near '\"a\"'");
    put_safe("json-cut.safetensors", "{\"a\":", 4,
             "wanted a JSON header, got an error in it: unexpected token near end of file");
    put("header-length-beyond-file.safetensors", "\xff\xff\xff\xff\xff\xff\xff\x7f{}", 10,
        "wanted a header of at most 2 bytes, got a length of 9223372036854775807");
    put("header-cut.safetensors", "\x40\x00\x00\x00", 4,
        "wanted a .safetensors header, got a file of 4 bytes");
}

/* ---- llama2.c ------------------------------------------------------------------------------- */

static void put_llama(const char *name, const int32_t header[7], size_t data, const char *message) {
    bytes b = { .size = 0 };
    for (int i = 0; i < 7; i++) add_number(&b, (uint32_t)header[i], 4);
    for (size_t i = 0; i < data; i++) b.data[b.size++] = 0;
    put(name, b.data, b.size, message);
}

static void make_llama(void) {
    /* dim 2, hidden 1, 1 layer, 1 head, 1 kv head, 1 word, sequence 1: scalars 1*2 + 2 + 4*4 + 2 +
     * 3*2 + 2 + 1 + 1 = 32, bytes 28 + 128. */
    put_llama("llama2c-one-byte-short.bin", (int32_t[7]){ 2, 1, 1, 1, 1, 1, 1 }, 127,
              "wanted 156 bytes for its llama2.c header, got 155");
    put_llama("llama2c-one-byte-long.bin", (int32_t[7]){ 2, 1, 1, 1, 1, 1, 1 }, 129,
              "wanted 156 bytes for its llama2.c header, got 157");
    put_llama("llama2c-classifier-missing.bin", (int32_t[7]){ 2, 1, 1, 1, 1, -1, 1 }, 128,
              "wanted 164 bytes for its llama2.c header, got 156");
    put_llama("llama2c-dimension-negative.bin", (int32_t[7]){ -2, 1, 1, 1, 1, 1, 1 }, 128,
              "wanted llama2.c header numbers in [1, 2^28], got other bytes");
    put_llama("llama2c-heads-zero.bin", (int32_t[7]){ 2, 1, 1, 0, 1, 1, 1 }, 128,
              "wanted llama2.c header numbers in [1, 2^28], got other bytes");
    put_llama("llama2c-heads-not-dividing.bin", (int32_t[7]){ 4, 1, 1, 3, 1, 1, 1 }, 128,
              "wanted heads of equal, even size, got other bytes");
    put_llama("llama2c-kv-heads-too-many.bin", (int32_t[7]){ 4, 1, 1, 1, 2, 1, 1 }, 128,
              "wanted n_kv_heads that divides n_heads, got other bytes");
    put_llama("llama2c-size-overflows.bin",
              (int32_t[7]){ 1 << 28, 1 << 28, 1 << 28, 1, 1, 1 << 28, 1 << 28 }, 0,
              "wanted a llama2.c model that a file can hold, got one beyond 2^63 bytes");
    put("llama2c-header-cut.bin", "\x02\x00\x00\x00", 4,
        "wanted a llama2.c header of 28 bytes, got other bytes");
}

/* ---- codebooks ------------------------------------------------------------------------------ */

#define KEYS "la = 16\nlb = 8\nnc = 2\nbits = 2\new = 4\n"
#define TABLE_0 "-7 -2 0 7\n"
#define TABLE_1 "-4 0 1 5\n"

static void make_codebooks(void) {
    put_text("good.cb.txt", "# Legal: the packed files here claim to be made with it.\n"
             KEYS TABLE_0 TABLE_1, NULL);
    put_text("entry-too-large.cb.txt", KEYS TABLE_0 "-4 0 1 8\n", NULL);
    fprintf(messages, "entry-too-large.cb.txt:7: wanted an integer in [-7, 7], got \"8\"\n");
    put_text("entry-minus-cmax-1.cb.txt", KEYS "-8 -2 0 7\n" TABLE_1, NULL);
    fprintf(messages, "entry-minus-cmax-1.cb.txt:6: wanted an integer in [-7, 7], got \"-8\"\n");
    put_text("entry-not-a-number.cb.txt", KEYS TABLE_0 "-4 0 1x 5\n", NULL);
    fprintf(messages, "entry-not-a-number.cb.txt:7: wanted an integer in [-7, 7], got \"1x\"\n");
    put_text("entries-not-ascending.cb.txt", KEYS TABLE_0 "-4 1 0 5\n", NULL);
    fprintf(messages, "entries-not-ascending.cb.txt:7: wanted ascending entries, got 0 behind 1\n");
    put_text("entries-too-few.cb.txt", KEYS "-7 -2 0\n" TABLE_1, NULL);
    fprintf(messages, "entries-too-few.cb.txt:6: wanted 4 entries, got 3\n");
    put_text("entries-too-many.cb.txt", KEYS "-7 -2 0 7 7\n" TABLE_1, NULL);
    fprintf(messages, "entries-too-many.cb.txt:6: wanted 4 entries, got more: \"7\"\n");
    put_text("tables-too-few.cb.txt", KEYS TABLE_0, NULL);
    fprintf(messages,
            "tables-too-few.cb.txt:7: wanted 2 codebooks, got 1 before the end of the file\n");
    put_text("tables-too-many.cb.txt", KEYS TABLE_0 TABLE_1 "\n# and one more\n" TABLE_1, NULL);
    fprintf(messages, "tables-too-many.cb.txt:10: wanted the end of the file after 2 codebooks, "
            "got \"-4 0 1 5\"\n");
    put_text("trailing-garbage.cb.txt", KEYS TABLE_0 TABLE_1 "the end\n", NULL);
    fprintf(messages, "trailing-garbage.cb.txt:8: wanted the end of the file after 2 codebooks, "
            "got \"the end\"\n");
    put_text("key-unknown.cb.txt", "colour = 3\n" KEYS TABLE_0 TABLE_1, NULL);
    fprintf(messages, "key-unknown.cb.txt:1: wanted la, lb, nc, bits or ew, got key \"colour\"\n");
    put_text("key-twice.cb.txt", "la = 16\n" KEYS TABLE_0 TABLE_1, NULL);
    fprintf(messages, "key-twice.cb.txt:2: wanted la once, got it again\n");
    put_text("key-missing.cb.txt", "la = 16\nlb = 8\nnc = 2\nbits = 2\n" TABLE_0 TABLE_1, NULL);
    fprintf(messages, "key-missing.cb.txt:5: wanted ew = INTEGER before the codebooks, got none\n");
    put_text("key-without-number.cb.txt", "la = sixteen\n", NULL);
    fprintf(messages, "key-without-number.cb.txt:1: wanted la = INTEGER, got \"la = sixteen\"\n");
    put_text("key-with-garbage.cb.txt", "la = 16 17\n", NULL);
    fprintf(messages, "key-with-garbage.cb.txt:1: wanted la = INTEGER, got \"la = 16 17\"\n");
    put_text("key-overflows.cb.txt", "la = 18446744073709551632\n", NULL);
    fprintf(messages,
            "key-overflows.cb.txt:1: wanted la = INTEGER, got \"la = 18446744073709551632\"\n");
    put_text("la-not-offered.cb.txt", "la = 48\nlb = 8\nnc = 2\nbits = 2\new = 4\n" TABLE_0 TABLE_1,
             NULL);
    fprintf(messages,
        "la-not-offered.cb.txt:6: wanted parameters in range, got la: want 16, 32, 64 or 128\n");
    put("control-character.cb.txt", KEYS "-7 -2 \0 7\n", strlen(KEYS) + 10, NULL);
    fprintf(messages, "control-character.cb.txt:6: wanted text, got byte 0x00\n");
    put("empty.cb.txt", "", 0, NULL);
    fprintf(messages, "empty.cb.txt:1: wanted la = INTEGER before the codebooks, got none\n");
}

/* ---- .bcq ----------------------------------------------------------------------------------- */

enum { RECORD = 6, ROWS = 2, ARRAYS = 2, PAYLOAD = ROWS * ARRAYS * RECORD, HEADER = 64 };
enum { VERSION_AT = 8, HEADER_BYTES_AT = 10, LA_AT = 12, LB_AT = 14, NC_AT = 15, ROWS_AT = 16,
       K_AT = 24, IDENTITY_AT = 32, PAYLOAD_AT = 48, INDEX_BITS_AT = 56, ENTRY_BITS_AT = 57,
       EXPONENT_AT = 58, FLAGS_AT = 59, HEADER_CRC_AT = 60 };

/* SHA-256 of 10 08 02 02 04, then the eight entries f9 fe 00 07 fc 00 01 05, by sha256sum. */
#define IDENTITY_HIGH "4bfc56d3f45dae22"
#define IDENTITY_LOW "3f534a57591895a2"
static const uint8_t identity[16] = { 0x4b, 0xfc, 0x56, 0xd3, 0xf4, 0x5d, 0xae, 0x22,
                                      0x3f, 0x53, 0x4a, 0x57, 0x59, 0x18, 0x95, 0xa2 };

/* 2 x 20, la 16: the second array of each row ends in 12 padded scalars. Every index is the one of
 * entry 0 in its codebook (2 in codebook 0, 1 in codebook 1): selectors 0 and 1, scale 1.0. */
static bytes good_packed(void) {
    bytes b = { .size = 0 };
    add(&b, "\x89" "BCQ\r\n\x1a\n", 8);
    add_number(&b, 1, 2);
    add_number(&b, HEADER, 2);
    add_number(&b, 16, 2);
    add_number(&b, 8, 1);
    add_number(&b, 2, 1);
    add_number(&b, ROWS, 8);
    add_number(&b, 20, 8);
    add(&b, identity, 16);
    add_number(&b, PAYLOAD, 8);
    add_number(&b, 2, 1);
    add_number(&b, 4, 1);
    add_number(&b, (uint8_t)-3, 1);
    add_number(&b, 1, 1);
    add_number(&b, crc32(0, b.data, HEADER_CRC_AT), 4);
    for (int i = 0; i < ROWS * ARRAYS; i++) {
        /* bits: 8 of scale, selectors 0 1, eight indices 2, eight indices 1, 6 of padding */
        uint64_t record = 0x38 | (uint64_t)2 << 8 | (uint64_t)0xAAAA << 10 | (uint64_t)0x5555 << 26;
        add_number(&b, record, RECORD);
    }
    add_number(&b, crc32(0, b.data + HEADER, PAYLOAD), 4);
    return b;
}

static void set(bytes *b, size_t at, uint64_t value, int width) {
    for (int i = 0; i < width; i++) b->data[at + (size_t)i] = (uint8_t)(value >> 8 * i);
}

/* As good_packed, but `width` bytes at `at` are `value`; the CRCs are made right again. */
static void put_forged(const char *name, size_t at, uint64_t value, int width,
                       const char *message) {
    bytes b = good_packed();
    set(&b, at, value, width);
    if (at < HEADER_CRC_AT) set(&b, HEADER_CRC_AT, crc32(0, b.data, HEADER_CRC_AT), 4);
    else set(&b, HEADER + PAYLOAD, crc32(0, b.data + HEADER, PAYLOAD), 4);
    put(name, b.data, b.size, message);
}

/* One bit of the good file flipped, the CRCs left alone. */
static void put_flipped(const char *name, size_t at, const char *format) {
    bytes b = good_packed();
    b.data[at] ^= 1;
    char message[256];
    uint32_t stored = 0;
    for (int i = 0; i < 4; i++) stored |= (uint32_t)b.data[HEADER_CRC_AT + i] << 8 * i;
    snprintf(message, sizeof message,
             format ? format : "wanted header CRC %08X, got %08X (corrupt header)",
             (unsigned)crc32(0, b.data, HEADER_CRC_AT), (unsigned)stored);
    put(name, b.data, b.size, message);
}

static void make_packed(void) {
    bytes good = good_packed();
    put("good.bcq", good.data, good.size, NULL);

    put_flipped("flipped-magic.bcq", 0, "wanted a packed .bcq tensor, got another magic");
    put_flipped("flipped-version.bcq", VERSION_AT, "wanted .bcq version 1, got 0");
    put_flipped("flipped-header-bytes.bcq", HEADER_BYTES_AT,
                "wanted a header of 64 bytes, got a length of 65");
    put_flipped("flipped-la.bcq", LA_AT, NULL);
    put_flipped("flipped-lb.bcq", LB_AT, NULL);
    put_flipped("flipped-nc.bcq", NC_AT, NULL);
    put_flipped("flipped-rows.bcq", ROWS_AT, NULL);
    put_flipped("flipped-k.bcq", K_AT, NULL);
    put_flipped("flipped-identity.bcq", IDENTITY_AT, NULL);
    put_flipped("flipped-payload-bytes.bcq", PAYLOAD_AT, NULL);
    put_flipped("flipped-index-bits.bcq", INDEX_BITS_AT, NULL);
    put_flipped("flipped-entry-bits.bcq", ENTRY_BITS_AT, NULL);
    put_flipped("flipped-exponent.bcq", EXPONENT_AT, NULL);
    put_flipped("flipped-flags.bcq", FLAGS_AT, NULL);
    put_flipped("flipped-header-crc.bcq", HEADER_CRC_AT, NULL);

    put_forged("forged-la.bcq", LA_AT, 48, 2,
               "wanted parameters in range, got la: want 16, 32, 64 or 128");
    put_forged("forged-lb.bcq", LB_AT, 1, 1, "wanted parameters in range, got lb: want 2, 4 or 8");
    put_forged("forged-nc.bcq", NC_AT, 32, 1,
               "wanted parameters in range, got nc: want 1, 2, 4, 8 or 16");
    put_forged("forged-index-bits.bcq", INDEX_BITS_AT, 5, 1,
               "wanted parameters in range, got bits: want 2, 3 or 4");
    put_forged("forged-entry-bits.bcq", ENTRY_BITS_AT, 9, 1,
               "wanted parameters in range, got ew: want 4 to 8");
    put_forged("forged-exponent.bcq", EXPONENT_AT, 101, 1,
               "wanted an exponent in [-100, 100], got 101");
    put_forged("forged-flags.bcq", FLAGS_AT, 2, 1, "wanted flags 0 or 1, got 2");
    put_forged("forged-rows-zero.bcq", ROWS_AT, 0, 8, "wanted a shape without 0, got 0 x 20");
    put_forged("forged-k-zero.bcq", K_AT, 0, 8, "wanted a shape without 0, got 2 x 0");
    put_forged("forged-rows-negative.bcq", ROWS_AT, UINT64_MAX, 8,
               "wanted a shape that a file can hold, got 18446744073709551615 x 20");
    /* 2^62 * 2 * 6 = 3 * 2^64: it would come out as 0 bytes. */
    put_forged("forged-size-overflows.bcq", ROWS_AT, (uint64_t)1 << 62, 8,
               "wanted a shape that a file can hold, got 4611686018427387904 x 20");
    put_forged("forged-rows.bcq", ROWS_AT, 3, 8, "wanted 36 payload bytes for 3 x 20, got 24");
    put_forged("forged-payload-bytes.bcq", PAYLOAD_AT, 23, 8,
               "wanted 24 payload bytes for 2 x 20, got 23");
    put_forged("forged-identity.bcq", IDENTITY_AT, 0, 8, "wanted the codebooks 0000000000000000"
               IDENTITY_LOW " that it was made with, got " IDENTITY_HIGH IDENTITY_LOW);
    put_forged("forged-entry-bits-of-others.bcq", ENTRY_BITS_AT, 5, 1,
               "wanted la, lb, nc, bits, ew 16 8 2 2 4 as in the codebooks, got 16 8 2 2 5");
    put_forged("scale-nan.bcq", HEADER + RECORD, 0x7F, 1,
               "row 0, array 1: wanted a finite scale, got NaN (0x7F)");
    put_forged("scale-negative-nan.bcq", HEADER + 2 * RECORD, 0xFF, 1,
               "row 1, array 0: wanted a finite scale, got NaN (0xFF)");
    put_forged("padding-bits-set.bcq", HEADER + 3 * RECORD + 5, 0x81, 1,
               "row 1, array 1: wanted zero padding bits, got others");
    /* Scalar 16 + 15 of row 0: index 2 of codebook 1, entry 1. */
    put_forged("padding-not-zero.bcq", HEADER + RECORD + 5, 0x02, 1,
               "row 0, column 31 (padding): wanted 0, got entry 1");

    bytes b = good_packed();
    b.data[HEADER] ^= 1;
    char message[128];
    snprintf(message, sizeof message, "wanted payload CRC %08X, got %08X (corrupt payload)",
             (unsigned)crc32(0, b.data + HEADER, PAYLOAD),
             (unsigned)crc32(0, good.data + HEADER, PAYLOAD));
    put("flipped-payload.bcq", b.data, b.size, message);
    put("cut-in-header.bcq", good.data, 63, "wanted a header of 64 bytes, got a file of 63");
    put("cut-in-payload.bcq", good.data, 80,
        "wanted a file of 92 bytes, got 80 (cut or continued)");
    put("cut-in-crc.bcq", good.data, 91, "wanted a file of 92 bytes, got 91 (cut or continued)");
    b = good;
    add_number(&b, 0, 1);
    put("one-byte-too-many.bcq", b.data, b.size,
        "wanted a file of 92 bytes, got 93 (cut or continued)");
}

int main(int argc, char **argv) {
    /* The messages begin with bare names, so the files are written from inside the directory. */
    if (argc != 2 || chdir(argv[1]) != 0) {
        fprintf(stderr, "make_refuse: wanted an existing DIRECTORY, got another command line\n");
        return 2;
    }
    messages = create("messages.txt");
    make_npy();
    make_safetensors();
    make_llama();
    make_codebooks();
    make_packed();
    return fclose(messages) == 0 ? 0 : 2;
}
