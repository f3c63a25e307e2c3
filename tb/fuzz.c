/* libFuzzer harness of every parser: each input is written to a file and goes through what the
 * commands do with such a file: info, list, open (FILE and FILE:NAME), read every scalar, quantize,
 * dequantize, multiply. One program; the environment chooses the parser:
 *
 *     BCQ_FUZZ=npy|safetensors|llama2c|codebooks|bcq build/fuzz/fuzz [arguments of libFuzzer]
 *
 * A fault is what the sanitizers find, a hang (-timeout), a leak, and what is checked here:
 *
 * Memory. While a file of S bytes is read, at most FIXED + FACTOR * S bytes are allocated at a time
 * (the table `parsers` has both numbers); while it is quantized, dequantized or multiplied, WRITING
 * bytes more. A header's number never decides. Counted are malloc, calloc and realloc, of libraries
 * too; mapped files are no memory. A byte more aborts at once.
 *
 * Refusals leave one line of text. What the library writes it reads again, with the same shape. */
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "bcq.h"
#include "cmd.h"

/* The interface to libFuzzer and the sanitizers' allocator. */
int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t room, unsigned seed);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t room);
int __sanitizer_install_malloc_and_free_hooks(void (*allocated)(const volatile void *, size_t),
                                              void (*freed)(const volatile void *));
size_t __sanitizer_get_allocated_size(const volatile void *p);
void __asan_poison_memory_region(const volatile void *at, size_t size);
void __asan_unpoison_memory_region(const volatile void *at, size_t size);

/* The largest that a mutator makes; larger files are read all the same. */
enum { MADE_MAX = 4096 };
enum { KIB = 1024, WRITING = 256 * KIB };  /* quantize: 2048 records of at most 97 bytes */

typedef struct {
    const char *name;
    const char *file;               /* some refusals depend on the name's ending */
    int64_t fixed, factor;          /* the bound on memory, in bytes and bytes a byte */
    void (*read)(const char *path);
    /* Changes data [size] in place, up to room <= MADE_MAX bytes; returns the new size. */
    size_t (*mutate)(uint8_t *data, size_t size, size_t room);
} parser;

static const parser *chosen;
static char folder[200], input_path[256], packed_path[256], npy_path[256], text_path[256];
static int input_file, terminal;    /* terminal: stderr, which -close_fd_mask may close */
static const uint8_t *input;
static size_t input_size;
static uint64_t runs, opened, converted;

#define FATAL(...) (dprintf(terminal, __VA_ARGS__), abort())
static void must(bool good, const char *what, const bcq_error *error) {
    if (!good) FATAL("fuzz: %s: wanted %s, got: %s\n", chosen->name, what, error->message);
}

/* ---- memory --------------------------------------------------------------------------------- */

enum { READS, WRITES, PHASES };
static struct {
    bool on;
    int phase;
    int64_t live, limit[PHASES];
    /* The largest share of the limit. */
    struct { int64_t bytes, limit; size_t size; } worst[PHASES];
} heap;

static void allocated(const volatile void *p, size_t size) {
    (void)p;
    if (!heap.on) return;
    int64_t limit = heap.limit[heap.phase];
    if (size > (size_t)limit || (heap.live += (int64_t)size) > limit) {
        heap.on = false;
        FATAL("fuzz: %s: wanted at most %jd bytes allocated for a file of %zu, got %jd and %zu\n",
              chosen->name, (intmax_t)limit, input_size, (intmax_t)heap.live, size);
    }
    if (heap.live * heap.worst[heap.phase].limit >= heap.worst[heap.phase].bytes * limit) {
        heap.worst[heap.phase].bytes = heap.live;
        heap.worst[heap.phase].limit = limit;
        heap.worst[heap.phase].size = input_size;
    }
}

static void freed(const volatile void *p) {
    if (heap.on && p) heap.live -= (int64_t)__sanitizer_get_allocated_size(p);
}

/* ---- mapped files --------------------------------------------------------------------------- */

/* What the library calls instead of mmap() and munmap(). Behind the end of a mapped file the rest
 * of its page can be read; here the file ends where a page begins that may not be touched, which
 * stops libraries without a sanitizer as well. In front of it, and after munmap, memory is
 * poisoned. */
void *fuzz_mmap(void *at, size_t size, int protection, int flags, int fd, off_t offset);
int fuzz_munmap(void *at, size_t size);

enum { PAGE = 4096, SMALL = 16 * PAGE };
static int mappings;
static uint8_t *spare;  /* a small mapping to use again: to make them takes most of the time */

static size_t pages_for(size_t size) {
    return size <= SMALL ? SMALL : (size + PAGE - 1) / PAGE * PAGE;
}

void *fuzz_mmap(void *at, size_t size, int protection, int flags, int fd, off_t offset) {
    (void)at;
    size_t room = pages_for(size);
    uint8_t *begin = room == SMALL && spare ? spare : NULL;
    if (begin) {
        spare = NULL;
    } else {
        begin = mmap(NULL, room + PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (begin == MAP_FAILED || mprotect(begin + room, PAGE, PROT_NONE) != 0)
            FATAL("fuzz: wanted %zu bytes, got an error\n", room);
        __asan_poison_memory_region(begin, room);
    }
    uint8_t *copy = begin + room - size;
    __asan_unpoison_memory_region(copy, size);
    if (protection != PROT_READ || flags != MAP_PRIVATE
        || pread(fd, copy, size, offset) != (ssize_t)size)
        FATAL("fuzz: wanted to copy a file of %zu, got an error\n", size);
    mappings++;
    return copy;
}

int fuzz_munmap(void *at, size_t size) {
    size_t room = pages_for(size);
    uint8_t *begin = (uint8_t *)at + size - room;
    mappings--;
    if (room == SMALL && !spare) {
        spare = begin;
        __asan_poison_memory_region(begin, room);
        return 0;
    }
    __asan_unpoison_memory_region(begin, room);
    return munmap(begin, room + PAGE);
}

/* ---- what is done with a file --------------------------------------------------------------- */

static bcq_error error;

static void printable(const char *text, const char *what) {
    for (const char *c = text; *c; c++)
        must((unsigned char)*c >= 32 && *c != 127, what, &error);
}

/* Whatever names are in the file, the message still says what was wanted. */
static void refused(void) {
    must(strstr(error.message, "wanted"), "a message \"wanted X, got Y\"", &error);
    printable(error.message, "a message of one line");
    error.message[0] = 0;
}

static char shown[64 * KIB];  /* what stdout is, see LLVMFuzzerInitialize() */

/* `bcq info`: nothing that is in a file may move the cursor. */
static void info(const char *path) {
    char name[] = "info", *argv[] = { name, (char *)path, NULL };
    optind = 0;
    rewind(stdout);
    cmd_info(2, argv);
    fflush(stdout);
    for (long i = 0, end = ftell(stdout); i < end; i++)
        must(((unsigned char)shown[i] >= 32 && shown[i] != 127) || shown[i] == '\n',
             "text on stdout", &error);
}

/* Tables of any legal parameters, an entry 0 in each. */
static bcq_codebooks tables(const bcq_params *p) {
    bcq_codebooks cb = { .p = *p };
    int half = bcq_entries(p) / 2;
    for (int c = 0; c < p->nc; c++)
        for (int k = 0; k < 2 * half; k++)
            cb.entry[c][k] = (int8_t)((k - half) * bcq_cmax(p) * (c + 1) / (half * p->nc));
    return cb;
}

static void same_shape(const char *path, int64_t rows, int64_t k) {
    bcq_tensor *t = bcq_tensor_open(path, &error);
    must(t && bcq_tensor_rows(t) == rows && bcq_tensor_k(t) == k, "to read its own .npy", &error);
    bcq_tensor_close(t);
}

static void dequantize(const bcq_packed *t, const bcq_codebooks *cb) {
    must(bcq_dequantize(t, cb, npy_path, &error), "to dequantize", &error);
    same_shape(npy_path, bcq_packed_get_info(t)->rows, bcq_packed_get_info(t)->k);
    converted++;
}

/* Quantizes a tensor and reads the file; a tensor with a NaN, for one, is refused. */
static void quantize(const bcq_tensor *t, const bcq_codebooks *cb, bool bf16) {
    bcq_quantize_options options = { .bf16 = bf16 };
    heap.phase = WRITES;
    if (bcq_quantize(t, cb, packed_path, &options, NULL, &error)) {
        bcq_packed *packed = bcq_packed_open(packed_path, cb, &error);
        must(packed, "to read its own .bcq", &error);
        dequantize(packed, cb);
        bcq_packed_close(packed);
    } else {
        refused();
    }
    heap.phase = READS;
}

static void read_scalars(const bcq_tensor *t) {
    enum { PIECE = 64 };
    float x[PIECE];
    int64_t k = bcq_tensor_k(t);
    for (int bf16 = 0; bf16 < 2; bf16++) {
        bool good = true;
        for (int64_t row = 0; good && row < bcq_tensor_rows(t); row++)
            for (int64_t first = 0; good && first < k; first += PIECE)
                good = bcq_tensor_read(t, row, first, k - first < PIECE ? k - first : PIECE, bf16,
                                       x, &error);
        if (!good) refused();
        float amax;
        must(bcq_tensor_amax(t, bf16, &amax, &error) == good, "amax where it can be read", &error);
        if (!good) refused();
    }
}

/* FILE:NAME; one or no tensor may match. */
static void open_name(const char *path, const char *name, size_t length) {
    char spec[512];
    snprintf(spec, sizeof spec, "%s:%.*s", path, (int)(length < 128 ? length : 128), name);
    bcq_tensor *t = bcq_tensor_open(spec, &error);
    if (!t) refused();
    bcq_tensor_close(t);
}

static void read_tensors(const char *path) {
    info(path);
    bcq_tensor_list *list = bcq_tensor_list_read(path, &error);
    if (!list) refused();
    if (list && list->count) {  /* any one of them */
        const char *name = list->entries[input_size % list->count].name;
        open_name(path, name, strlen(name));
    }
    bcq_tensor_list_free(list);
    /* A name, perhaps a glob, out of the input: its last bytes. */
    size_t length = input_size < 12 ? input_size : 12;
    open_name(path, (const char *)input + input_size - length, length);

    bcq_tensor **tensors;
    size_t count = bcq_tensor_open_all(path, &tensors, &error);
    if (!count) refused();
    else opened++;
    const bcq_params p = { .la = 16, .lb = 8, .nc = 2, .index_bits = 2, .entry_bits = 4 };
    bcq_codebooks cb = tables(&p);
    bool small = false;
    for (size_t i = 0; i < count; i++) {
        printable(bcq_tensor_name(tensors[i]), "a name for messages");
        read_scalars(tensors[i]);
        /* The first small one: a file's other tensors are like it. */
        if (!small && bcq_tensor_rows(tensors[i]) * bcq_tensor_k(tensors[i]) <= 512) {
            small = true;
            quantize(tensors[i], &cb, input_size & 1);
        }
        bcq_tensor_close(tensors[i]);
    }
    free(tensors);
}

static void read_codebooks(const char *path) {
    info(path);
    bcq_codebooks cb, again;
    if (!bcq_codebooks_read(path, &cb, &error)) {
        refused();
        return;
    }
    opened++;
    heap.phase = WRITES;
    uint8_t identity[BCQ_IDENTITY_BYTES], identity_again[BCQ_IDENTITY_BYTES];
    must(bcq_codebooks_write(text_path, &cb, "a comment\n", &error)
         && bcq_codebooks_read(text_path, &again, &error), "to read its own codebooks", &error);
    bcq_codebooks_identity(&cb, identity);
    bcq_codebooks_identity(&again, identity_again);
    must(memcmp(&cb, &again, sizeof cb) == 0
         && memcmp(identity, identity_again, sizeof identity) == 0,
         "the same codebooks again", &error);

    /* A fixed tensor, two rows of 24: padded at every LA. */
    float x[2][24];
    for (int i = 0; i < 48; i++) x[i / 24][i % 24] = (float)(i * i % 31 - 15) * 0.125f;
    bcq_output *o = bcq_output_open(npy_path, &error);
    must(o && bcq_npy_write_header(bcq_output_stream(o), 2, 24)
         && fwrite(x, sizeof x, 1, bcq_output_stream(o)) == 1 && bcq_output_commit(o, &error),
         "a .npy to quantize", &error);
    bcq_tensor *t = bcq_tensor_open(npy_path, &error);
    must(t, "to read its own .npy", &error);
    quantize(t, &cb, false);
    bcq_tensor_close(t);
    heap.phase = READS;
}

static void read_packed(const char *path) {
    info(path);
    bcq_packed *t = bcq_packed_open(path, NULL, &error);
    if (!t) {
        refused();
        return;
    }
    bcq_codebooks cb = tables(&bcq_packed_get_info(t)->p);
    bcq_packed_close(t);
    t = bcq_packed_open(path, &cb, &error);
    if (!t) {
        refused();
        return;
    }
    opened++;
    heap.phase = WRITES;
    dequantize(t, &cb);
    enum { ROWS = 16 };
    float c[ROWS * ROWS];
    for (int exact = 0; exact < 2 && bcq_packed_get_info(t)->rows <= ROWS; exact++) {
        bcq_gemm_job job = { .cb_a = &cb, .cb_w = &cb, .a = t, .w = t, .exact = exact };
        must(bcq_gemm_golden(&job, c, NULL, &error), "a product with itself", &error);
    }
    heap.phase = READS;
    bcq_packed_close(t);
}

/* ---- mutators: what chance would take too long to make right -------------------------------- */

static uint64_t dice;

/* In [0, n). xorshift64. */
static unsigned roll(unsigned n) {
    dice ^= dice << 13;
    dice ^= dice >> 7;
    dice ^= dice << 17;
    return (unsigned)(dice >> 32) % n;
}

static void put_le(uint8_t *at, uint64_t value, int bytes) {
    for (int i = 0; i < bytes; i++) at[i] = (uint8_t)(value >> 8 * i);
}

static uint64_t get_le(const uint8_t *at, int bytes) {
    uint64_t value = 0;
    for (int i = 0; i < bytes; i++) value |= (uint64_t)at[i] << 8 * i;
    return value;
}

/* head, then `data` bytes out of the old file, from its end; 0 if there is no room. */
static size_t compose(uint8_t *file, size_t size, size_t room, const void *head, size_t head_size,
                      size_t data) {
    uint8_t old[MADE_MAX];
    if (head_size + data > room) return 0;
    memcpy(old, file, size);
    memcpy(file, head, head_size);
    for (size_t i = 0; i < data; i++)
        file[head_size + i] = size ? old[(size - data % size + i) % size] : 0;
    return head_size + data;
}

/* Mutates [from, from + length) without moving what lies behind. */
static void mutate_inside(uint8_t *data, size_t from, size_t length) {
    if (length) LLVMFuzzerMutate(data + from, length, length);
}

static size_t mutate_npy(uint8_t *data, size_t size, size_t room) {
    if (roll(2)) {  /* a new header whose shape has as many scalars as there are */
        static const char *const descr[] = { "<f2", "<f4", "<f8", "<f4", ">f4", "|u1" };
        static const unsigned bytes[] = { 2, 4, 8, 4, 4, 1 };
        unsigned type = roll(6), rows = 1 + roll(5), k = 1 + roll(40);
        char head[160] = "\x93NUMPY", shape[64];
        /* "(1, 1, ..., rows, k)", of up to ten dimensions where eight are the limit; "(k,)" */
        int used = snprintf(shape, sizeof shape, "(");
        for (unsigned ones = roll(4) ? 0 : roll(9); ones > 0; ones--)
            used += snprintf(shape + used, sizeof shape - (size_t)used, "1, ");
        if (roll(4)) snprintf(shape + used, sizeof shape - (size_t)used, "%u, %u)", rows, k);
        else snprintf(shape + used, sizeof shape - (size_t)used, "%u,)", rows * k);
        unsigned version = 1 + roll(3), begin = version == 1 ? 10 : 12;
        head[6] = (char)version;
        int length = snprintf(head + begin, sizeof head - begin,
                              "{'descr': '%s', 'fortran_order': %s, 'shape': %s, }\n", descr[type],
                              roll(8) ? "False" : "True", shape);
        put_le((uint8_t *)head + 8, (uint64_t)length, version == 1 ? 2 : 4);
        size_t made = compose(data, size, room, head, begin + (size_t)length,
                              (size_t)rows * k * bytes[type]);
        return made ? made : size;
    }
    /* Any change, then the length of the header made right. */
    size = LLVMFuzzerMutate(data, size, room);
    const uint8_t *end = size > 12 ? memchr(data + 12, '}', size - 12) : NULL;
    if (end && data[6] == 1) put_le(data + 8, (uint64_t)(end + 1 - (data + 10)), 2);
    else if (end) put_le(data + 8, (uint64_t)(end + 1 - (data + 12)), 4);
    return size;
}

static size_t mutate_safetensors(uint8_t *data, size_t size, size_t room) {
    enum { LENGTH = 8 };
    char head[1024] = "";  /* four tensors of at most 120 bytes */
    if (roll(3) == 0) {  /* new tensors that cover the data */
        static const char *const dtypes[] = { "F32", "F16", "BF16", "F32", "U8", "F64", "X" };
        static const unsigned bytes[] = { 4, 2, 2, 4, 1, 8, 3 };
        unsigned count = 1 + roll(4), at = 0, used = LENGTH;
        for (unsigned i = 0; i < count; i++) {
            unsigned type = roll(7), rows = 1 + roll(4), k = 1 + roll(24), from = at;
            at += rows * k * bytes[type];
            used += (unsigned)snprintf(head + used, sizeof head - used,
                "%c\"%s%u\":{\"dtype\":\"%s\",\"shape\":[%.*s%u,%u],\"data_offsets\":[%u,%u]}",
                i ? ',' : '{', roll(2) ? "layers.0." : "t", i, dtypes[type],
                roll(4) ? 0 : 2 * (int)roll(9), "1,1,1,1,1,1,1,1,", rows, k, from, at);
        }
        head[used++] = '}';
        put_le((uint8_t *)head, used - LENGTH, LENGTH);
        size_t made = compose(data, size, room, head, used, at);
        return made ? made : size;
    }
    if (size < LENGTH) return LLVMFuzzerMutate(data, size, room);
    size_t length = get_le(data, LENGTH) <= size - LENGTH ? get_le(data, LENGTH) : size - LENGTH;
    if (roll(4) == 0) {
        mutate_inside(data, LENGTH + length, size - LENGTH - length);
        return size;
    }
    /* The JSON text changes and may grow; length and data follow. */
    uint8_t json[MADE_MAX], rest[MADE_MAX];
    size_t tail = size - LENGTH - length;
    memcpy(json, data + LENGTH, length);
    memcpy(rest, data + LENGTH + length, tail);
    if (LENGTH + tail == room) return size;
    length = LLVMFuzzerMutate(json, length, room - LENGTH - tail);
    put_le(data, length, LENGTH);
    memcpy(data + LENGTH, json, length);
    memcpy(data + LENGTH + length, rest, tail);
    return LENGTH + length + tail;
}

static size_t mutate_llama2c(uint8_t *data, size_t size, size_t room) {
    enum { HEADER = 28, INTS = 7 };
    if (size < HEADER) {
        memset(data + size, 0, HEADER - size);
        size = HEADER;
    }
    uint8_t head[HEADER];
    memcpy(head, data, HEADER);
    if (roll(2)) {  /* another small model, header in file order */
        unsigned heads = 1u << roll(3), hidden = 1 + roll(4), layers = 1 + roll(3);
        const unsigned numbers[INTS] = { heads * 2 * (1 + roll(2)), hidden, layers, heads,
                                         heads >> roll(3), 1 + roll(6), 1 + roll(3) };
        for (int i = 0; i < INTS; i++) put_le(head + 4 * i, numbers[i], 4);
        if (roll(2)) put_le(head + 20, -get_le(head + 20, 4), 4);
    } else if (roll(4) == 0) {  /* numbers whose products overflow, one head or a few */
        static const uint32_t large[] = { 1u << 28, 1u << 27, 1u << 20, 1, 2, 1u << 31, 0,
                                          3u << 27 };
        for (int i = 0; i < INTS; i++) put_le(head + 4 * i, large[roll(roll(4) ? 3 : 8)], 4);
        if (roll(4)) put_le(head + 12, 1u << roll(2), 4);
        if (roll(4)) put_le(head + 16, 1, 4);
    } else if (roll(2)) {
        mutate_inside(head, 0, HEADER);
    }
    /* The size that the header asks for, if it is one that can be made. */
    int64_t n[INTS];
    for (int i = 0; i < INTS; i++) n[i] = (int32_t)get_le(head + 4 * i, 4);
    int64_t dim = n[0], hidden = n[1], layers = n[2], words = n[5] < 0 ? -n[5] : n[5];
    for (int i = 0; i < INTS; i++)
        if (n[i] > 4096 || n[i] < -4096) return size;
    if (n[3] < 1) return size;
    int64_t kv = dim / n[3] * n[4];
    int64_t scalars = words * dim * (n[5] < 0 ? 2 : 1) + dim + n[6] * (dim / n[3] / 2) * 2
        + layers * (2 * dim + 2 * dim * dim + 2 * kv * dim + 3 * hidden * dim);
    if (scalars < 0 || scalars > MADE_MAX) return size;
    size_t made = compose(data, size, room, head, HEADER, (size_t)scalars * 4);
    if (!made) return size;
    if (roll(2)) mutate_inside(data, HEADER, made - HEADER);
    return made;
}

static const int la_offered[] = { 16, 32, 64, 128 }, lb_offered[] = { 2, 4, 8 };
static const int nc_offered[] = { 1, 2, 4, 8, 16 };

static bcq_params any_params(void) {
    return (bcq_params){ .la = la_offered[roll(4)], .lb = lb_offered[roll(3)],
                         .nc = nc_offered[roll(5)], .index_bits = 2 + (int)roll(3),
                         .entry_bits = 4 + (int)roll(5) };
}

static size_t mutate_codebooks(uint8_t *data, size_t size, size_t room) {
    if (roll(8) == 0 && size) {  /* a line of about the longest length, 1023 bytes */
        size_t length = 1000 + roll(32), at = roll((unsigned)size);
        if (size + length > room) return size;
        memmove(data + at + length, data + at, size - at);
        memset(data + at, " 0#x"[roll(4)], length);
        return size + length;
    }
    if (roll(4)) return LLVMFuzzerMutate(data, size, room);
    bcq_params p = any_params();
    bcq_codebooks cb = tables(&p);
    char text[MADE_MAX];
    int used = snprintf(text, sizeof text, "la = %d\nlb = %d\nnc = %d\nbits = %d\new = %d\n", p.la,
                        p.lb, p.nc, p.index_bits, p.entry_bits);
    /* Now and then an entry or a table too many or too few. */
    int count = p.nc + (roll(8) ? 0 : (int)roll(3) - 1);
    for (int c = 0; c < count; c++) {
        int entries = bcq_entries(&p) + (roll(16) ? 0 : (int)roll(3) - 1);
        for (int k = 0; k < entries; k++)
            used += snprintf(text + used, sizeof text - (size_t)used, "%d ",
                             k < bcq_entries(&p) ? cb.entry[c % p.nc][k] : bcq_cmax(&p));
        text[used - 1] = '\n';
    }
    size_t made = compose(data, size, room, text, (size_t)used, 0);
    return made ? made : size;
}

/* Everything up to both CRCs made right, each with its own chance of being left wrong. */
static size_t repair_packed(uint8_t *data, size_t size, size_t room) {
    bcq_packed_header h = { .version = 0 };
    memcpy(&h, data, size < sizeof h ? size : sizeof h);
    if (roll(32)) {
        memcpy(h.magic, BCQ_PACKED_MAGIC, sizeof h.magic);
        h.version = BCQ_PACKED_VERSION;
        h.header_bytes = sizeof h;
    }
    bcq_params p = { .la = h.la, .lb = h.lb, .nc = h.nc, .index_bits = h.index_bits,
                     .entry_bits = h.entry_bits };
    if (bcq_params_check(&p) && roll(16)) {
        p = any_params();
        h.la = (uint16_t)p.la;
        h.lb = (uint8_t)p.lb;
        h.nc = (uint8_t)p.nc;
        h.index_bits = (uint8_t)p.index_bits;
        h.entry_bits = (uint8_t)p.entry_bits;
    }
    if (bcq_params_check(&p)) {  /* left illegal: sizes mean nothing, but the CRC shall be right */
        h.header_crc = (uint32_t)crc32(0, (const Bytef *)&h, sizeof h - 4);
        memcpy(data, &h, size < sizeof h ? size : sizeof h);
        return size;
    }
    size_t record = bcq_array_bytes(&p), most = (room - sizeof h - 4) / record;
    if (roll(16) && (h.rows == 0 || h.k == 0 || h.rows > most || h.k > most * (size_t)p.la
                     || h.rows * ((h.k - 1) / p.la + 1) > most)) {
        h.rows = 1 + roll(4);
        h.k = 1 + roll(3 * (unsigned)p.la);
        if (roll(2)) h.k = (uint64_t)p.la;
        if (h.rows * ((h.k - 1) / p.la + 1) > most) h.rows = h.k = 1;
    }
    if (roll(16)) h.flags &= 1;
    if (roll(16)) h.exponent = (int8_t)(h.exponent < -100 || h.exponent > 100 ? 0 : h.exponent);
    /* May wrap where the shape is left wrong. */
    uint64_t records = h.rows * (h.k / p.la + (h.k % p.la != 0));
    if (records > most) records = most;
    if (roll(16)) h.payload_bytes = records * record;
    bcq_codebooks cb = tables(&p);
    if (roll(8)) bcq_codebooks_identity(&cb, h.identity);
    if (roll(32)) h.header_crc = (uint32_t)crc32(0, (const Bytef *)&h, sizeof h - 4);

    uint8_t made[MADE_MAX] = { 0 };
    size_t payload = records * record, have = size > sizeof h + 4 ? size - sizeof h - 4 : 0;
    memcpy(made, &h, sizeof h);
    memcpy(made + sizeof h, data + sizeof h, have < payload ? have : payload);
    bool finite = roll(16), padded = roll(4), clean = roll(16);
    for (uint64_t i = 0; i < records; i++) {
        uint8_t *r = made + sizeof h + i * record;
        bcq_array a;
        bcq_array_unpack(r, &p, &a);
        if (finite && bcq_scale_is_nan(a.scale)) a.scale ^= 0x40;
        uint64_t arrays = (h.k - 1) / p.la + 1, column = i % arrays * p.la;
        for (int s = 0; padded && s < p.la; s++)
            if (column + (unsigned)s >= h.k) a.index[s] = (uint8_t)(bcq_entries(&p) / 2);  /* 0 */
        if (clean) bcq_array_pack(&a, &p, r);  /* and the bits behind the last index */
    }
    size = sizeof h + payload + 4;
    if (roll(32)) put_le(made + size - 4, crc32(0, made + sizeof h, (uInt)payload), 4);
    memcpy(data, made, size);
    return size;
}

static size_t mutate_packed(uint8_t *data, size_t size, size_t room) {
    if (room < 256) return LLVMFuzzerMutate(data, size, room);
    size_t header = sizeof(bcq_packed_header);
    switch (size > header + 4 ? roll(4) : 3) {
        case 0: mutate_inside(data, 12, 48); break;  /* numbers of the header */
        case 1: mutate_inside(data, header, size - header - 4); break;
        case 2: {  /* another shape and other parameters */
            bcq_packed_header h;
            memcpy(&h, data, sizeof h);
            h.la = roll(2) ? h.la : 0;  /* 0: the repair draws parameters */
            h.rows = roll(2) ? h.rows : 0;
            memcpy(data, &h, sizeof h);
            break;
        }
        default: size = LLVMFuzzerMutate(data, size, room); break;
    }
    return repair_packed(data, size, room);
}

/* ---- libFuzzer's side ----------------------------------------------------------------------- */

/* FIXED: a path, a handle, a stdio buffer. FACTOR for JSON: the tree of jansson, in which "{},"
 * becomes an object with a hash table (70 bytes a byte, measured); for llama2.c: two lists and a
 * handle for each tensor, where a layer of nine may have 104 bytes (50 bytes a byte, measured). */
static const parser parsers[] = {
    { "npy", "input.npy", 8 * KIB, 0, read_tensors, mutate_npy },
    { "safetensors", "input.safetensors", 8 * KIB, 100, read_tensors, mutate_safetensors },
    { "llama2c", "input.bin", 8 * KIB, 60, read_tensors, mutate_llama2c },
    { "codebooks", "input.txt", 8 * KIB, 0, read_codebooks, mutate_codebooks },
    { "bcq", "input.bcq", 8 * KIB, 0, read_packed, mutate_packed },
};

static void finish(void) {
    heap.on = false;
    const char *const paths[] = { input_path, packed_path, npy_path, text_path };
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) unlink(paths[i]);
    rmdir(folder);
    dprintf(terminal, "fuzz: %s: %ju files, %ju opened, %ju converted\n", chosen->name,
            (uintmax_t)runs, (uintmax_t)opened, (uintmax_t)converted);
    dprintf(terminal, "fuzz: %s: memory at most %jd KiB + %jd bytes a byte; nearest: %jd of %jd "
            "bytes (file of %zu); with conversions %jd of %jd\n", chosen->name,
            (intmax_t)chosen->fixed / KIB, (intmax_t)chosen->factor,
            (intmax_t)heap.worst[READS].bytes, (intmax_t)heap.worst[READS].limit,
            heap.worst[READS].size, (intmax_t)heap.worst[WRITES].bytes,
            (intmax_t)heap.worst[WRITES].limit);
}

int LLVMFuzzerInitialize(int *argc, char ***argv) {
    (void)argc;
    (void)argv;
    terminal = dup(STDERR_FILENO);
    const char *name = getenv("BCQ_FUZZ"), *base = getenv("TMPDIR");
    for (size_t i = 0; name && i < sizeof parsers / sizeof parsers[0]; i++)
        if (strcmp(name, parsers[i].name) == 0) chosen = &parsers[i];
    snprintf(folder, sizeof folder, "%s/bcq_fuzz.XXXXXX", base ? base : "/tmp");
    if (!chosen || !mkdtemp(folder)) {
        dprintf(terminal, "fuzz: wanted BCQ_FUZZ=npy, safetensors, llama2c, codebooks or bcq and a "
                "folder for files, got other\n");
        exit(2);
    }
    snprintf(input_path, sizeof input_path, "%s/%s", folder, chosen->file);
    snprintf(packed_path, sizeof packed_path, "%s/out.bcq", folder);
    snprintf(npy_path, sizeof npy_path, "%s/out.npy", folder);
    snprintf(text_path, sizeof text_path, "%s/out.txt", folder);
    input_file = open(input_path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (input_file < 0) FATAL("fuzz: %s: wanted to create it\n", input_path);
    static char buffer[BUFSIZ];  /* stdio's own would count as the first input's */
    stdout = fmemopen(shown, sizeof shown, "w");
    if (!stdout) FATAL("fuzz: wanted memory for the output\n");
    setvbuf(stdout, buffer, _IOFBF, sizeof buffer);
    json_object_seed(1);         /* or jansson's hashing, and with it coverage, would be random */
    atexit(finish);
    __sanitizer_install_malloc_and_free_hooks(allocated, freed);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (ftruncate(input_file, 0) != 0 || pwrite(input_file, data, size, 0) != (ssize_t)size)
        FATAL("fuzz: %s: wanted to write the input\n", input_path);
    input = data;
    input_size = size;
    error.message[0] = 0;
    runs++;
    heap.phase = READS;
    heap.live = 0;
    heap.limit[READS] = chosen->fixed + chosen->factor * (int64_t)size;
    heap.limit[WRITES] = heap.limit[READS] + WRITING;
    heap.on = true;
    chosen->read(input_path);
    must(mappings == 0, "every file unmapped", &error);
    heap.on = false;
    return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t room, unsigned seed) {
    dice = 0x9E3779B97F4A7C15u ^ seed;
    for (int i = 0; i < 4; i++) roll(2);  /* seeds that are alike shall not roll alike */
    if (room > MADE_MAX || size > MADE_MAX || room < 64 || roll(4) == 0)
        return LLVMFuzzerMutate(data, size, room);
    return chosen->mutate(data, size, room);
}
