/* test_files [REFUSE_DIR [LLAMA2C_FILE]]: the library's files and streams: tensors in, codebooks,
 * packed tensors, outputs, and the golden product of packed tensors. Arithmetic has its own tests;
 * here it is only asked whether the right numbers arrive. Works in a folder of its own under
 * $TMPDIR. The last line is "N passed, N failed"; no case at all is a failure. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bcq.h"

static int passed, failed, skipped;
static bcq_error error;

#define CHECK(condition) check((condition), __LINE__, #condition)

static bool check(bool ok, int line, const char *what) {
    if (ok) passed++;
    else failed++;
    if (!ok) printf("test_files.c:%d: wanted %s; last message: %s\n", line, what, error.message);
    return ok;
}

static void skip(const char *what, const char *why) {
    printf("skipped: %s: %s\n", what, why);
    skipped++;
}

/* The last call was refused, by one line that contains `text`. */
static bool says(const char *text) {
    return strstr(error.message, text) && strstr(error.message, "wanted")
        && !strchr(error.message, '\n');
}

/* ---- helpers -------------------------------------------------------------------------------- */

static uint32_t random_state = 1;

static uint32_t next_random(void) {
    random_state = random_state * 1664525u + 1013904223u;
    return random_state >> 8;
}

static void write_file(const char *path, const void *data, size_t size) {
    FILE *f = fopen(path, "wb");
    if (!f || (size && fwrite(data, 1, size, f) != size) || fclose(f) != 0) {
        fprintf(stderr, "test_files: %s: wanted to write it, got: %s\n", path, strerror(errno));
        exit(2);
    }
}

static uint8_t *read_file(const char *path, size_t *size) {
    FILE *f = fopen(path, "rb");
    struct stat s;
    if (!f || fstat(fileno(f), &s) != 0) exit(2);
    *size = (size_t)s.st_size;
    uint8_t *data = malloc(*size + 1);
    if (!data || fread(data, 1, *size, f) != *size) exit(2);
    fclose(f);
    return data;
}

static bool exists(const char *path) { return access(path, F_OK) == 0; }

/* Only the folder's own files; a temporary file left behind is one more. */
static int files_here(void) {
    FILE *p = popen("ls -A | wc -l", "r");
    int count = -1;
    if (!p || fscanf(p, "%d", &count) != 1) exit(2);
    pclose(p);
    return count;
}

static void write_npy(const char *path, const char *header, int major, const void *data,
                      size_t size) {
    uint8_t file[8192] = "\x93NUMPY";
    size_t length = strlen(header), begin = major == 1 ? 10 : 12;
    file[6] = (uint8_t)major;
    file[8] = (uint8_t)length;
    file[9] = (uint8_t)(length >> 8);
    memcpy(file + begin, header, length);
    memcpy(file + begin + length, data, size);
    write_file(path, file, begin + length + size);
}

/* float32 [rows][k], by the library's own header writer (tested against the bytes below). */
static void write_floats(const char *path, const float *x, int64_t rows, int64_t k) {
    FILE *f = fopen(path, "wb");
    size_t count = (size_t)(rows * k);
    if (!f || !bcq_npy_write_header(f, rows, k) || fwrite(x, sizeof *x, count, f) != count
        || fclose(f) != 0) exit(2);
}

static bcq_codebooks some_codebooks(bcq_params p) {
    bcq_codebooks cb = { .p = p };
    int entries = bcq_entries(&p), cmax = bcq_cmax(&p);
    for (int c = 0; c < p.nc; c++)
        for (int k = 0; k < entries; k++)
            cb.entry[c][k] = (int8_t)(k == entries / 2 ? 0
                           : (2 * k - entries) * (cmax - c % 4) / entries);
    return cb;
}

static const bcq_params small = { .la = 16, .lb = 4, .nc = 4, .index_bits = 3, .entry_bits = 5 };

/* Whole tensor, or false. */
static bool read_all(const bcq_tensor *t, float *x) {
    for (int64_t row = 0; row < bcq_tensor_rows(t); row++)
        if (!bcq_tensor_read(t, row, 0, bcq_tensor_k(t), false, x + row * bcq_tensor_k(t), &error))
            return false;
    return true;
}

static bool holds(const char *spec, int64_t rows, int64_t k, const float *wanted) {
    float x[64];
    bcq_tensor *t = bcq_tensor_open(spec, &error);
    bool same = t && bcq_tensor_rows(t) == rows && bcq_tensor_k(t) == k && read_all(t, x)
             && memcmp(x, wanted, (size_t)(rows * k) * sizeof *x) == 0;
    bcq_tensor_close(t);
    return same;
}

/* ---- tensors -------------------------------------------------------------------------------- */

static void test_npy(void) {
    const float x[6] = { 1, -2.5f, 3, 0.125f, 5, -65504 };
    const double wide[6] = { 1, -2.5, 3, 0.125, 5, -65504 };
    const uint16_t half[6] = { 0x3C00, 0xC100, 0x4200, 0x3000, 0x4500, 0xFBFF };
    write_npy("f4.npy", "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }\n", 1, x, 24);
    write_npy("f8.npy", "{'descr': '<f8', 'fortran_order': False, 'shape': (2, 3), }\n", 2, wide,
              48);
    write_npy("f2.npy", "{\"shape\": (2,3), \"descr\": \"<f2\", \"fortran_order\": False}", 3, half,
              12);
    write_npy("vector.npy", "{'descr': '<f4', 'fortran_order': False, 'shape': (6,), }\n", 1, x,
              24);
    write_npy("cube.npy", "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 1, 2), }\n", 1, x,
              24);
    CHECK(holds("f4.npy", 2, 3, x));
    CHECK(holds("f8.npy", 2, 3, x));
    CHECK(holds("f2.npy", 2, 3, x));
    CHECK(holds("vector.npy", 1, 6, x));
    CHECK(holds("cube.npy", 3, 2, x));
    /* The content decides, not the name. */
    rename("f4.npy", "f4.safetensors");
    CHECK(holds("f4.safetensors", 2, 3, x));
    /* A path with colons is tried as a whole first. */
    rename("vector.npy", "a:b.npy");
    CHECK(holds("a:b.npy", 1, 6, x));
    CHECK(!bcq_tensor_open("a:b.npy:name", &error) && says("no tensor name behind a .npy"));
    CHECK(!bcq_tensor_open("missing.npy", &error) && says("No such file"));
    CHECK(!bcq_tensor_open(".", &error) && says("a directory"));
    CHECK(mkfifo("pipe.npy", 0600) == 0 && !bcq_tensor_open("pipe.npy", &error)
          && says("a device"));

    /* Conditioned on the way: subnormals to +0, BF16 rounding, an F64 rounded once. */
    const float odd[3] = { 1.00390625f /* a tie to even in BF16 */, -1e-40f, 0x1.FFFFFEp127f };
    write_npy("odd.npy", "{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }\n", 1, odd, 12);
    bcq_tensor *t = bcq_tensor_open("odd.npy", &error);
    float y[3] = { 0 };
    CHECK(t && bcq_tensor_read(t, 0, 0, 2, true, y, &error) && y[0] == 1.0f && y[1] == 0.0f
          && !signbit(y[1]));
    CHECK(t && bcq_tensor_read(t, 0, 2, 1, false, y, &error) && y[0] == odd[2]);
    CHECK(t && !bcq_tensor_read(t, 0, 2, 1, true, y, &error) && says("column 2") && says("BF16"));
    float amax = 0;
    CHECK(t && bcq_tensor_amax(t, false, &amax, &error) && amax == odd[2]);
    bcq_tensor_close(t);

    /* What the library writes, byte for byte. */
    FILE *f = fopen("header.npy", "wb");
    CHECK(f && bcq_npy_write_header(f, INT64_MAX, INT64_MAX) && fclose(f) == 0);
    size_t size;
    uint8_t *bytes = read_file("header.npy", &size);
    const char *text = "{'descr': '<f4', 'fortran_order': False, 'shape': (9223372036854775807, "
                       "9223372036854775807), }";
    CHECK(size == 128 && memcmp(bytes, "\x93NUMPY\x01\x00\x76\x00", 10) == 0
          && memcmp(bytes + 10, text, strlen(text)) == 0 && bytes[126] == ' '
          && bytes[127] == '\n');
    free(bytes);
}

static void test_safetensors(void) {
    const char *header = "{\"__metadata__\":{\"format\":\"pt\"},"
        "\"b.weight\":{\"dtype\":\"F32\",\"shape\":[2,2],\"data_offsets\":[4,20]},"
        "\"a.weight\":{\"dtype\":\"BF16\",\"shape\":[2],\"data_offsets\":[0,4]},"
        "\"a.bias\":{\"dtype\":\"F16\",\"shape\":[1,3],\"data_offsets\":[21,27]},"
        "\"count\":{\"dtype\":\"I8\",\"shape\":[1],\"data_offsets\":[20,21]}}";
    uint8_t file[1024] = { (uint8_t)strlen(header), (uint8_t)(strlen(header) >> 8) };
    const uint16_t bf16[2] = { 0x3F80, 0xC020 }, f16[3] = { 0x3C00, 0x0001, 0xC000 };
    const float f32[4] = { 1, 2, 3, 4 };
    uint8_t *data = file + 8 + strlen(header);
    memcpy(file + 8, header, strlen(header));
    memcpy(data, bf16, 4);
    memcpy(data + 4, f32, 16);
    memcpy(data + 21, f16, 6);
    write_file("model.safetensors", file, 8 + strlen(header) + 27);

    CHECK(holds("model.safetensors:a.weight", 1, 2, (float[]){ 1, -2.5f }));
    CHECK(holds("model.safetensors:b.weight", 2, 2, f32));
    CHECK(holds("model.safetensors:b*", 2, 2, f32));
    CHECK(holds("model.safetensors:a.bias", 1, 3, (float[]){ 1, 0x1p-24f, -2 }));
    CHECK(!bcq_tensor_open("model.safetensors:a*", &error) && says("got 2: a.weight, a.bias"));
    CHECK(!bcq_tensor_open("model.safetensors:count", &error) && says("got I8"));
    CHECK(!bcq_tensor_open("model.safetensors:c", &error)
          && says("a.weight, b.weight, count, a.bias"));

    bcq_tensor **all;
    size_t count = bcq_tensor_open_all("model.safetensors:*.weight", &all, &error);
    CHECK(count == 2 && strcmp(bcq_tensor_name(all[0]), "model.safetensors:a.weight") == 0
          && strcmp(bcq_tensor_name(all[1]), "model.safetensors:b.weight") == 0);
    for (size_t i = 0; i < count; i++) bcq_tensor_close(all[i]);
    free(all);
    CHECK(bcq_tensor_open_all("model.safetensors", &all, &error) == 0 && says("got I8"));

    bcq_tensor_list *list = bcq_tensor_list_read("model.safetensors", &error);
    CHECK(list && list->count == 4 && list->entries[2].type == BCQ_TYPE_OTHER
          && strcmp(list->entries[2].dtype, "I8") == 0 && list->entries[3].shape[1] == 3);
    bcq_tensor_list_free(list);
}

/* dim 4, hidden 3, 2 layers, 2 heads, 1 kv head, 5 words, sequence 6; value i at scalar i. */
static void test_llama2c(const char *real) {
    enum { EMBEDDINGS = 20, WQ = EMBEDDINGS + 8, WK = WQ + 32, W2 = WK + 16 + 16 + 32 + 8 + 24,
           NORM = W2 + 24 + 24, FREQUENCIES = NORM + 4, CLASSIFIER = FREQUENCIES + 12,
           SCALARS = CLASSIFIER + 20 };
    static float file[7 + SCALARS];
    for (int unshared = 0; unshared < 2; unshared++) {
        int32_t header[7] = { 4, 3, 2, 2, 1, unshared ? -5 : 5, 6 };
        memcpy(file, header, sizeof header);
        for (int i = 0; i < SCALARS; i++) file[7 + i] = (float)i;
        write_file("model.bin", file, (7 + (unshared ? SCALARS : CLASSIFIER)) * sizeof *file);
        CHECK(holds("model.bin:tok_embeddings.weight", 5, 4, file + 7));
        CHECK(holds("model.bin:layers.1.attention.wq.weight", 4, 4, file + 7 + WQ + 16));
        CHECK(holds("model.bin:layers.0.attention.wk.weight", 2, 4, file + 7 + WK));
        CHECK(holds("model.bin:layers.1.feed_forward.w2.weight", 4, 3, file + 7 + W2 + 12));
        CHECK(holds("model.bin:norm.weight", 1, 4, file + 7 + NORM));
        bcq_tensor *t = bcq_tensor_open("model.bin:output.weight", &error);
        CHECK((t != NULL) == (unshared == 1));
        bcq_tensor_close(t);
        if (unshared) CHECK(holds("model.bin:output.weight", 5, 4, file + 7 + CLASSIFIER));
        bcq_tensor **all;
        size_t count = bcq_tensor_open_all("model.bin:layers.*.feed_forward.*", &all, &error);
        CHECK(count == 6);
        for (size_t i = 0; i < count; i++) bcq_tensor_close(all[i]);
        free(all);
    }
    if (!real || !exists(real)) {
        skip("a published llama2.c model", "stories260K.bin is not there");
        return;
    }
    bcq_tensor_list *list = bcq_tensor_list_read(real, &error);
    CHECK(list && strcmp(list->format, "llama2.c .bin") == 0 && list->count == 1 + 9 * 5 + 1);
    bcq_tensor_list_free(list);
    char spec[4200];
    snprintf(spec, sizeof spec, "%s:layers.4.feed_forward.w2.weight", real);
    bcq_tensor *t = bcq_tensor_open(spec, &error);
    float amax = 0;
    CHECK(t && bcq_tensor_rows(t) == 64 && bcq_tensor_k(t) == 172
          && bcq_tensor_amax(t, false, &amax, &error) && amax > 0.1f && amax < 10);
    bcq_tensor_close(t);
    /* A norm is a gain near 1: read at a wrong offset it would hold weights, of mean about 0. */
    snprintf(spec, sizeof spec, "%s:norm.weight", real);
    t = bcq_tensor_open(spec, &error);
    float gain[64], sum = 0;
    CHECK(t && bcq_tensor_k(t) == 64 && read_all(t, gain));
    for (int i = 0; i < 64; i++) sum += gain[i];
    CHECK(sum / 64 > 0.5f);
    bcq_tensor_close(t);
}

/* 64 GiB of holes: mapped, not loaded. */
static void test_larger_than_memory(void) {
    FILE *f = fopen("large.npy", "wb");
    CHECK(f && bcq_npy_write_header(f, 1 << 17, 1 << 17) && fflush(f) == 0);
    if (ftruncate(fileno(f), 128 + ((off_t)1 << 36)) == 0) {
        bcq_tensor *t = bcq_tensor_open("large.npy", &error);
        float x[2] = { 1, 1 };
        CHECK(t && bcq_tensor_read(t, (1 << 17) - 1, (1 << 17) - 2, 2, false, x, &error)
              && x[1] == 0);
        bcq_tensor_close(t);
    } else {
        skip("a tensor larger than memory", strerror(errno));
    }
    fclose(f);
    unlink("large.npy");
}

/* ---- codebooks ------------------------------------------------------------------------------ */

static void test_codebooks(void) {
    /* sha256sum of 10 02 01 02 04, f9 00 03 07 */
    bcq_codebooks cb = { .p = { 16, 2, 1, 2, 4 }, .entry = { { -7, 0, 3, 7 } } };
    uint8_t identity[BCQ_IDENTITY_BYTES];
    char hex[2 * BCQ_IDENTITY_BYTES + 1];
    bcq_codebooks_identity(&cb, identity);
    bcq_identity_hex(identity, hex);
    CHECK(strcmp(hex, "3829e0cf274c1db83559aec3176950c2") == 0);

    int wrong = 0, tried = 0;
    for (int nc = 1; nc <= 16; nc *= 2) {
        for (int bits = 2; bits <= 4; bits++) {
            for (int ew = 4; ew <= 8; ew++, tried++) {
                bcq_codebooks out = some_codebooks((bcq_params){ 32, 8, nc, bits, ew }), in;
                if (!bcq_codebooks_write("cb.txt", &out, "two\nlines", &error)
                    || !bcq_codebooks_read("cb.txt", &in, &error)
                    || memcmp(&in, &out, sizeof in) != 0) wrong++;
            }
        }
    }
    CHECK(tried == 75 && wrong == 0);

    /* Provenance of any length and content comes out as comments. */
    char *text = malloc(5001);
    memset(text, 'x', 5000);
    text[100] = '\r';
    text[5000] = 0;
    bcq_codebooks in;
    CHECK(bcq_codebooks_write("cb.txt", &cb, text, &error)
          && bcq_codebooks_read("cb.txt", &in, &error)
          && memcmp(in.entry, cb.entry, sizeof in.entry) == 0);
    free(text);

    const char *edited = "\n  # edited by hand\r\n ew=4\r\nbits =2\nnc= 1\n\tlb = 2\nla\t=\t16\n\n"
                         "  -7\t0 +3   7  \r\n\n# the end, without a line feed";
    write_file("cb.txt", edited, strlen(edited));
    CHECK(bcq_codebooks_read("cb.txt", &in, &error) && in.p.la == 16 && in.p.entry_bits == 4
          && memcmp(in.entry, cb.entry, sizeof in.entry) == 0);

    cb.entry[0][0] = -8;
    CHECK(!bcq_codebooks_write("bad.txt", &cb, NULL, &error) && !exists("bad.txt"));
    cb.entry[0][0] = -7;
    CHECK(!bcq_codebooks_write("none/cb.txt", &cb, NULL, &error) && says("No such file"));
    CHECK(!bcq_codebooks_read("none.txt", &in, &error) && says("No such file"));
    CHECK(!bcq_codebooks_read(".", &in, &error) && says("Is a directory"));
}

/* ---- packed tensors ------------------------------------------------------------------------- */

static void test_records(void) {
    /* 16 scalars: scale 38, selectors 1 2 of 2 bits, then indices A B 0 ... of 4 bits. Drawn:
     * byte 0 = 38; byte 1 = A << 4 | 2 << 2 | 1; byte 2 = 0 << 4 | B; last index F: byte 9 = 0F. */
    bcq_params p = { .la = 16, .lb = 8, .nc = 4, .index_bits = 4, .entry_bits = 6 };
    bcq_array a = { .scale = 0x38, .selector = { 1, 2 }, .index = { 0xA, 0xB, [15] = 0xF } };
    uint8_t bytes[97];
    CHECK(bcq_array_bytes(&p) == 10);
    bcq_array_pack(&a, &p, bytes);
    CHECK(bytes[0] == 0x38 && bytes[1] == 0xA9 && bytes[2] == 0x0B && bytes[9] == 0x0F);
    /* The largest: 8 + 64 * 4 + 128 * 4 bits. */
    CHECK(bcq_array_bytes(&(bcq_params){ 128, 2, 16, 4, 8 }) == 97);
    CHECK(bcq_array_bytes(&(bcq_params){ 64, 8, 16, 4, 6 }) == 37);

    int wrong = 0, tried = 0;
    for (p.la = 16; p.la <= 128; p.la *= 2)
        for (p.lb = 2; p.lb <= 8; p.lb *= 2)
            for (p.nc = 1; p.nc <= 16; p.nc *= 2)
                for (p.index_bits = 2; p.index_bits <= 4; p.index_bits++, tried++) {
                    bcq_array in = { 0 }, out = { .scale = (uint8_t)next_random() };
                    for (int i = 0; i < p.la / p.lb; i++)
                        out.selector[i] = (uint8_t)(next_random() % (unsigned)p.nc);
                    for (int i = 0; i < p.la; i++)
                        out.index[i] = (uint8_t)(next_random() % (unsigned)bcq_entries(&p));
                    memset(bytes, 0xFF, sizeof bytes);
                    size_t size = bcq_array_bytes(&p);
                    bcq_array_pack(&out, &p, bytes);
                    bcq_array_unpack(bytes, &p, &in);
                    wrong += memcmp(&in, &out, sizeof in) != 0
                          || (size < 97 && bytes[size] != 0xFF);
                }
    CHECK(tried == 180 && wrong == 0);
}

enum { ROWS = 3, K = 40 };  /* K is no multiple of 16: the last array of a row is padded */

static void write_example(const char *path) {
    float x[ROWS * K];
    for (int i = 0; i < ROWS * K; i++) x[i] = ((float)(next_random() % 2001) - 1000) / 64;
    write_floats(path, x, ROWS, K);
}

static bool quantize(const char *spec, const bcq_codebooks *cb, const char *path,
                     bcq_quantize_options o, bcq_quantize_report *report) {
    bcq_tensor *t = bcq_tensor_open(spec, &error);
    bool good = t && bcq_quantize(t, cb, path, &o, report, &error);
    bcq_tensor_close(t);
    return good;
}

static void test_quantize(void) {
    bcq_codebooks cb = some_codebooks(small);
    bcq_quantize_report report;
    write_example("x.npy");
    CHECK(quantize("x.npy", &cb, "x.bcq", (bcq_quantize_options){ 0 }, &report));
    bcq_packed *p = bcq_packed_open("x.bcq", &cb, &error);
    bcq_tensor *t = bcq_tensor_open("x.npy", &error);
    CHECK(p && t);
    if (!p || !t) return;
    const bcq_packed_info *info = bcq_packed_get_info(p);
    CHECK(info->rows == ROWS && info->k == K && info->arrays == 3 && !info->bf16
          && info->exponent == report.exponent && memcmp(&info->p, &small, sizeof small) == 0);

    /* Each array is what the golden model makes of the padded input, and the NMSE is its. */
    int wrong = 0;
    double signal = 0, sum = 0;
    float decoded[ROWS * K];
    for (int row = 0; row < ROWS; row++) {
        for (int j = 0; j < 3; j++) {
            float x[16] = { 0 };
            int8_t entry[BCQ_LA_MAX];
            bcq_array wanted = { 0 }, got = { 0 };
            int used = j < 2 ? 16 : 8;
            CHECK(bcq_tensor_read(t, row, 16 * j, used, false, x, &error));
            bcq_encode_array(x, info->exponent, &cb, &wanted);
            bcq_packed_array(p, row, j, &got);
            wrong += memcmp(&wanted, &got, sizeof got) != 0;
            bcq_decode_entries(&got, &cb, entry);
            for (int i = 0; i < used; i++) {
                float y = bcq_decode_value(entry[i], got.scale, info->exponent);
                decoded[row * K + 16 * j + i] = y;
                signal += (double)x[i] * x[i];
                sum += ((double)x[i] - y) * ((double)x[i] - y);
            }
        }
    }
    CHECK(wrong == 0);
    CHECK(fabs(report.nmse - sum / signal) < 1e-12 && report.nmse > 0 && report.nmse < 0.1);

    CHECK(bcq_dequantize(p, &cb, "y.npy", &error));
    bcq_tensor *y = bcq_tensor_open("y.npy", &error);
    float back[ROWS * K];
    CHECK(y && bcq_tensor_rows(y) == ROWS && bcq_tensor_k(y) == K && read_all(y, back)
          && memcmp(back, decoded, sizeof back) == 0);
    bcq_tensor_close(y);
    bcq_tensor_close(t);
    bcq_packed_close(p);
}

/* One thread and five give the same bytes and the same sums, over several units of work each. */
static void test_threads(void) {
    enum { MANY = 7 * 2048 * 16 + 16 };
    float *x = malloc(MANY * sizeof *x);
    for (int i = 0; i < MANY; i++) x[i] = (float)(next_random() % 8001) / 4000 - 1;
    write_floats("many.npy", x, 1, MANY);
    bcq_codebooks cb = some_codebooks(small);
    bcq_quantize_report one, five;
    CHECK(quantize("many.npy", &cb, "one.bcq", (bcq_quantize_options){ .threads = 1 }, &one));
    CHECK(quantize("many.npy", &cb, "five.bcq", (bcq_quantize_options){ .threads = 5 }, &five));
    size_t one_size, five_size;
    uint8_t *a = read_file("one.bcq", &one_size), *b = read_file("five.bcq", &five_size);
    CHECK(one_size == five_size && memcmp(a, b, one_size) == 0 && one.nmse == five.nmse
          && one.signal == five.signal);
    free(a);
    free(b);

    /* The first bad scalar is named, whoever finds one first; and nothing is left behind. */
    x[3 * 2048 * 16 + 5] = x[5 * 2048 * 16] = NAN;
    write_floats("many.npy", x, 1, MANY);
    int before = files_here();
    CHECK(!quantize("many.npy", &cb, "bad.bcq", (bcq_quantize_options){ .threads = 5,
                    .exponent_given = true, .exponent = -4 }, NULL) && says("column 98309:"));
    CHECK(files_here() == before);
    free(x);
}

static void test_quantize_options(void) {
    bcq_codebooks cb = some_codebooks(small);
    float x[16] = { 1000, -1000, 1 };
    write_floats("x.npy", x, 1, 16);
    bcq_quantize_report report;
    /* 448 * 15 * 2^-4 = 420: the array saturates. */
    CHECK(quantize("x.npy", &cb, "x.bcq", (bcq_quantize_options){ .exponent_given = true,
                   .exponent = -4, .bf16 = true }, &report) && report.exponent == -4);
    bcq_packed *p = bcq_packed_open("x.bcq", &cb, &error);
    bcq_array a = { 0 };
    if (p) bcq_packed_array(p, 0, 0, &a);
    CHECK(p && bcq_packed_get_info(p)->bf16 && bcq_packed_get_info(p)->exponent == -4
          && a.scale == 0x7E);
    bcq_packed_close(p);
    for (int exponent = -101; exponent <= 101; exponent += 202)
        CHECK(!quantize("x.npy", &cb, "y.bcq", (bcq_quantize_options){ .exponent_given = true,
                        .exponent = exponent }, NULL) && says("in [-100, 100]"));

    memset(x, 0, sizeof x);
    write_floats("x.npy", x, 1, 16);
    CHECK(quantize("x.npy", &cb, "x.bcq", (bcq_quantize_options){ 0 }, &report)
          && report.exponent == 0 && report.nmse == 0);

    /* One codebook without a 0 is enough to refuse padding; a multiple of LA is taken. */
    for (int k = 0; k < 8; k++) cb.entry[3][k] = (int8_t)(2 * k - 7);
    CHECK(quantize("x.npy", &cb, "x.bcq", (bcq_quantize_options){ 0 }, &report));
    write_floats("x.npy", x, 1, 15);
    CHECK(!quantize("x.npy", &cb, "y.bcq", (bcq_quantize_options){ 0 }, NULL)
          && says("a multiple of LA = 16, for a codebook without a 0") && says("got K = 15"));
    CHECK(!exists("y.bcq"));
}

/* Every bit of the file, every length of it, and one byte more: refused. */
static void test_damage(void) {
    bcq_codebooks cb = some_codebooks(small);
    write_example("x.npy");
    CHECK(quantize("x.npy", &cb, "x.bcq", (bcq_quantize_options){ 0 }, NULL));
    size_t size;
    uint8_t *bytes = read_file("x.bcq", &size);
    CHECK(size == 64 + 9 * bcq_array_bytes(&small) + 4);
    int taken = 0;
    for (size_t bit = 0; bit < 8 * size; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        write_file("bad.bcq", bytes, size);
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        bcq_packed *p = bcq_packed_open("bad.bcq", NULL, &error);
        if (p || !says("bad.bcq: wanted")) {
            printf("bit %zu of x.bcq may be flipped\n", bit);
            taken++;
        }
        bcq_packed_close(p);
    }
    CHECK(taken == 0);
    for (size_t length = 0; length < size; length++) {
        write_file("bad.bcq", bytes, length);
        bcq_packed *p = bcq_packed_open("bad.bcq", NULL, &error);
        if (p || !says("bad.bcq: wanted")) {
            printf("x.bcq may be cut to %zu bytes\n", length);
            taken++;
        }
        bcq_packed_close(p);
    }
    CHECK(taken == 0);
    bytes = realloc(bytes, size + 1);
    bytes[size] = 0;
    write_file("bad.bcq", bytes, size + 1);
    CHECK(!bcq_packed_open("bad.bcq", NULL, &error) && says("cut or continued"));
    write_file("bad.bcq", bytes, size);
    bcq_packed *p = bcq_packed_open("bad.bcq", &cb, &error);
    CHECK(p != NULL);
    bcq_packed_close(p);
    free(bytes);

    bcq_codebooks other = cb;
    other.entry[2][0]--;
    CHECK(!bcq_packed_open("x.bcq", &other, &error) && says("that it was made with, got"));
}

/* ---- outputs -------------------------------------------------------------------------------- */

static void test_output(void) {
    int before = files_here();
    bcq_output *o = bcq_output_open("out", &error);
    CHECK(o && !exists("out") && files_here() == before + 1);
    fputs("text", bcq_output_stream(o));
    CHECK(bcq_output_commit(o, &error) && exists("out") && files_here() == before + 1);
    /* An old file stays as it is until the new one is whole. */
    o = bcq_output_open("out", &error);
    fputs("other", bcq_output_stream(o));
    fflush(bcq_output_stream(o));
    size_t size;
    uint8_t *bytes = read_file("out", &size);
    CHECK(size == 4 && memcmp(bytes, "text", 4) == 0);
    free(bytes);
    bcq_output_discard(o);
    bcq_output_discard(NULL);
    CHECK(files_here() == before + 1);

    bcq_output *several[16];
    for (int i = 0; i < 16; i++) CHECK((several[i] = bcq_output_open("out", &error)));
    CHECK(!bcq_output_open("out", &error) && says("at most 16"));
    CHECK(files_here() == before + 17);
    bcq_output_remove_all();
    CHECK(files_here() == before + 1);
    for (int i = 0; i < 16; i++) bcq_output_discard(several[i]);

    CHECK(!bcq_output_open("none/out", &error) && says("No such file"));
    CHECK(!bcq_output_open(".", &error) && says("a directory"));
    CHECK(!bcq_output_open("/dev/full", &error) && says("a device"));
    CHECK(!bcq_output_open("/proc/out", &error) && says("wanted to create it"));

    /* A file size limit fails a write as a full disk does. */
    struct rlimit limit, tight;
    getrlimit(RLIMIT_FSIZE, &limit);
    tight = limit;
    tight.rlim_cur = 1000;
    signal(SIGXFSZ, SIG_IGN);
    for (int bytes_written = 1001; bytes_written < 1000000; bytes_written += 99999) {
        o = bcq_output_open("full", &error);
        setrlimit(RLIMIT_FSIZE, &tight);
        for (int i = 0; i < bytes_written; i++) putc('x', bcq_output_stream(o));
        bool good = bcq_output_commit(o, &error);
        setrlimit(RLIMIT_FSIZE, &limit);
        CHECK(!good && says("full: wanted to write all of it, got: File too large"));
        CHECK(!exists("full") && files_here() == before + 1);
    }

    bcq_error long_error;
    char text[1000];
    memset(text, 'y', sizeof text);
    text[3] = '\n';
    text[999] = 0;
    CHECK(!bcq_fail(&long_error, "%s", text) && strlen(long_error.message) == 511
          && strcmp(long_error.message + 508, "...") == 0 && long_error.message[3] == '?');
}

/* ---- product -------------------------------------------------------------------------------- */

static void test_gemm(void) {
    bcq_params p = small, q = { .la = 16, .lb = 8, .nc = 2, .index_bits = 4, .entry_bits = 8 };
    bcq_codebooks cb_a = some_codebooks(p), cb_w = some_codebooks(q);
    float x[ROWS * K], y[5 * K];
    for (int i = 0; i < ROWS * K; i++) x[i] = (float)(next_random() % 2001) - 1000;
    for (int i = 0; i < 5 * K; i++) y[i] = ((float)(next_random() % 2001) - 1000) / 4096;
    write_floats("a.npy", x, ROWS, K);
    write_floats("w.npy", y, 5, K);
    CHECK(quantize("a.npy", &cb_a, "a.bcq", (bcq_quantize_options){ 0 }, NULL));
    CHECK(quantize("w.npy", &cb_w, "w.bcq", (bcq_quantize_options){ 0 }, NULL));
    bcq_packed *a = bcq_packed_open("a.bcq", &cb_a, &error), *w = NULL;
    CHECK(a && (w = bcq_packed_open("w.bcq", &cb_w, &error)));
    CHECK(a && w && bcq_dequantize(a, &cb_a, "a2.npy", &error)
          && bcq_dequantize(w, &cb_w, "w2.npy", &error));
    bcq_tensor *ta = bcq_tensor_open("a2.npy", &error), *tw = bcq_tensor_open("w2.npy", &error);
    CHECK(ta && tw && read_all(ta, x) && read_all(tw, y));
    bcq_tensor_close(ta);
    bcq_tensor_close(tw);

    /* Sums of so few small integers times 2^n are exact in a double: `exact` is its one rounding,
     * fp32 lies within an ulp or two of the largest partial sum. */
    bcq_gemm_job job = { .cb_a = &cb_a, .cb_w = &cb_w, .a = a, .w = w };
    for (int exact = 0; exact < 2; exact++) {
        float c[ROWS * 5];
        bcq_gemm_report report;
        job.exact = exact;
        CHECK(bcq_gemm_golden(&job, c, &report, &error) && report.macs == ROWS * 5 * K);
        int wrong = 0;
        for (int m = 0; m < ROWS; m++) {
            for (int n = 0; n < 5; n++) {
                double sum = 0, absolute = 0;
                for (int k = 0; k < K; k++) {
                    sum += (double)x[m * K + k] * y[n * K + k];
                    absolute += fabs((double)x[m * K + k] * y[n * K + k]);
                }
                float got = c[m * 5 + n];
                wrong += exact ? got != (float)sum : fabs(got - sum) > absolute * 0x1p-22;
            }
        }
        CHECK(wrong == 0);
    }
    job.exact = false;

    /* Refused: other codebooks, other K, other LA, exact sums that overflow. */
    job.cb_w = &cb_a;
    CHECK(!bcq_gemm_check(&job, &error) && says("w.bcq") && says("made with"));
    job.cb_w = &cb_w;
    bcq_packed_close(w);
    write_floats("w.npy", y, 5, K - 1);
    CHECK(quantize("w.npy", &cb_w, "w.bcq", (bcq_quantize_options){ 0 }, NULL));
    job.w = w = bcq_packed_open("w.bcq", &cb_w, &error);
    CHECK(w && !bcq_gemm_check(&job, &error) && says("K = 40") && says("got K = 39"));
    bcq_packed_close(w);
    q.la = 32;
    cb_w = some_codebooks(q);
    write_floats("w.npy", y, 5, K);
    CHECK(quantize("w.npy", &cb_w, "w.bcq", (bcq_quantize_options){ 0 }, NULL));
    job.w = w = bcq_packed_open("w.bcq", &cb_w, &error);
    CHECK(w && !bcq_gemm_check(&job, &error) && says("la = 16") && says("got la = 32"));
    bcq_packed_close(w);
    bcq_packed_close(a);

    /* K 10,868 is the contract's own limit at EW 8; padding adds nothing to the sum. */
    q.la = 128;
    cb_a = some_codebooks(q);
    float *ones = calloc(10869, sizeof *ones);
    for (int k = 10868; k <= 10869; k++) {
        write_floats("a.npy", ones, 1, k);
        CHECK(quantize("a.npy", &cb_a, "a.bcq", (bcq_quantize_options){ 0 }, NULL));
        a = bcq_packed_open("a.bcq", &cb_a, &error);
        job = (bcq_gemm_job){ .cb_a = &cb_a, .cb_w = &cb_a, .a = a, .w = a, .exact = true };
        CHECK(a && bcq_gemm_check(&job, &error) == (k == 10868));
        if (k == 10869) CHECK(says("exact sums fit 64 bits, got K = 10869"));
        bcq_packed_close(a);
    }
    free(ones);
}

/* ---- what must be refused ------------------------------------------------------------------- */

static bool ends_in(const char *text, const char *ending) {
    size_t n = strlen(text), m = strlen(ending);
    return n >= m && strcmp(text + n - m, ending) == 0;
}

/* Reads one file of tb/refuse by what its name ends in. True if nothing was wrong with it. */
static bool accepted(const char *name, const bcq_codebooks *good) {
    bcq_codebooks cb;
    if (ends_in(name, ".cb.txt")) return bcq_codebooks_read(name, &cb, &error);
    if (ends_in(name, ".bcq")) {
        bcq_packed *p = bcq_packed_open(name, good, &error);
        bcq_packed_close(p);
        return p != NULL;
    }
    return quantize(name, good, "/dev/null/never", (bcq_quantize_options){ 0 }, NULL);
}

/* Each line of messages.txt: "FILE: wanted X, got Y", or "FILE:LINE: ..." or "FILE:NAME: ...". */
static void test_refuse(const char *directory) {
    if (chdir(directory) != 0) {
        skip("tb/refuse", strerror(errno));
        failed++;
        return;
    }
    bcq_codebooks good;
    CHECK(bcq_codebooks_read("good.cb.txt", &good, &error));
    bcq_packed *p = bcq_packed_open("good.bcq", &good, &error);
    CHECK(p && bcq_packed_get_info(p)->exponent == -3 && bcq_packed_get_info(p)->bf16
          && bcq_packed_get_info(p)->rows == 2 && bcq_packed_get_info(p)->k == 20);
    bcq_packed_close(p);

    FILE *f = fopen("messages.txt", "r");
    CHECK(f != NULL);
    char line[1024], name[256];
    int cases = 0;
    while (f && fgets(line, sizeof line, f)) {
        line[strcspn(line, "\n")] = 0;
        snprintf(name, sizeof name, "%.*s", (int)strcspn(line, ":"), line);
        strcpy(error.message, "none: it was accepted");
        bool refused = !accepted(name, &good) && strcmp(error.message, line) == 0;
        if (!refused) printf("%s\n  wanted: %s\n", name, line);
        CHECK(refused);
        cases++;
    }
    if (f) fclose(f);
    CHECK(cases > 100);
}

static void remove_folder(const char *folder) {
    char command[4200];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    if (chdir("/") != 0 || system(command) != 0) fprintf(stderr, "test_files: %s stays\n", folder);
}

int main(int argc, char **argv) {
    char refuse[4096], real[4096] = "", folder[4096];
    const char *temporary = getenv("TMPDIR");
    snprintf(folder, sizeof folder, "%s/test_files.XXXXXX", temporary ? temporary : "/tmp");
    if (!realpath(argc > 1 ? argv[1] : "tb/refuse", refuse)) {
        fprintf(stderr, "test_files: wanted the folder tb/refuse, got: %s\n", strerror(errno));
        return 2;
    }
    if (!realpath(argc > 2 ? argv[2] : "../shared/data/models/stories260K/stories260K.bin", real))
        real[0] = 0;
    if (!mkdtemp(folder) || chdir(folder) != 0) {
        fprintf(stderr, "test_files: %s: wanted to make it, got: %s\n", folder, strerror(errno));
        return 2;
    }
    test_npy();
    test_safetensors();
    test_llama2c(real);
    test_larger_than_memory();
    test_codebooks();
    test_records();
    test_quantize();
    test_threads();
    test_quantize_options();
    test_damage();
    test_output();
    test_gemm();
    remove_folder(folder);
    test_refuse(refuse);
    if (skipped) printf("%d skipped\n", skipped);
    printf("%d passed, %d failed\n", passed, failed);
    return failed || !passed;
}
