/* libbcq: from float tensors to LO-BCQ files and a bit-exact matrix product.
 *
 * The arithmetic is bcq_model.h (the golden model); this library adds tensors in files, codebook
 * files, packed tensors, the calibrator and the GEMM back ends. The file formats are drawn in
 * docs/format.md.
 *
 * Conventions. A tensor X is [rows][K], row-major; K is the contracted dimension: C[M][N] =
 * A[M][K] * W[N][K]^T. Functions that can fail take a bcq_error and return false or NULL after
 * writing one line "FILE: wanted X, got Y" to it; they never print, never exit, and leave no
 * partial output file behind. Handles are freed by their own close or free function, which accepts
 * NULL. Different handles may be used from different threads; one handle from one thread at a time.
 */
#ifndef BCQ_H
#define BCQ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "bcq_model.h"

typedef struct { char message[512]; } bcq_error;

/* Writes a message (printf style) and returns false, so that "return bcq_fail(...)" reads well.
 * Control characters become '?' and what does not fit becomes "...": it is one line, always. */
bool bcq_fail(bcq_error *error, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* ---- Float tensors (sw/tensor.c and a file per format) ------------------------------------- */

/* What a file of tensors holds, for listing it. */
typedef enum { BCQ_TYPE_OTHER, BCQ_TYPE_F16, BCQ_TYPE_BF16, BCQ_TYPE_F32, BCQ_TYPE_F64 } bcq_type;
enum { BCQ_DIMS_MAX = 8 };
typedef struct {
    char *name;                      /* "" in .npy, whose one tensor has no name */
    char dtype[16];                  /* as the file spells it, cut to 15 characters */
    bcq_type type;                   /* BCQ_TYPE_OTHER: listed, but refused when it is opened */
    int dims;                        /* 0 to BCQ_DIMS_MAX */
    int64_t shape[BCQ_DIMS_MAX];
    uint64_t offset;                 /* of the first scalar, in bytes from the start of the file */
} bcq_tensor_entry;
typedef struct {
    const char *format;              /* ".npy", ".safetensors", "llama2.c .bin" */
    size_t count;
    bcq_tensor_entry *entries;       /* in file order */
} bcq_tensor_list;
/* The format is told by the content; the whole structure is checked against the file's size. */
bcq_tensor_list *bcq_tensor_list_read(const char *path, bcq_error *error);
void bcq_tensor_list_free(bcq_tensor_list *list);

/* One readable tensor inside a mapped file: .npy (f2, f4, f8; C order, little-endian),
 * .safetensors (F16, BF16, F32) or llama2.c .bin (F32). More than two dimensions: the last is K,
 * the others are flattened to rows. One dimension is one row. 0-D and empty tensors are refused. */
typedef struct bcq_tensor bcq_tensor;

/* spec: FILE, or FILE:NAME, where NAME may be a glob (fnmatch). FILE is tried as a whole first, so
 * a path may contain colons. Exactly one tensor must match; the error lists what there is. */
bcq_tensor *bcq_tensor_open(const char *spec, bcq_error *error);

/* All tensors that spec matches (at least one), in file order. Returns the count and an array that
 * the caller frees with free() after closing each; 0 on error. */
size_t bcq_tensor_open_all(const char *spec, bcq_tensor ***tensors, bcq_error *error);
void bcq_tensor_close(bcq_tensor *t);

int64_t bcq_tensor_rows(const bcq_tensor *t);
int64_t bcq_tensor_k(const bcq_tensor *t);
/* FILE or FILE:NAME for messages; of the NAME at most 200 bytes, a ? for a control character. */
const char *bcq_tensor_name(const bcq_tensor *t);

/* Converts scalars [first, first + count) of row `row` to conditioned FP32 (contract section 3;
 * bf16: round to BF16 on the way). False, with row and column in the message, for a value that
 * section 3 refuses. out: [count]. Safe from several threads on one handle: it only reads. */
bool bcq_tensor_read(const bcq_tensor *t, int64_t row, int64_t first, int64_t count, bool bf16,
                     float *out, bcq_error *error);

/* max|X| over the whole tensor, conditioned. */
bool bcq_tensor_amax(const bcq_tensor *t, bool bf16, float *amax, bcq_error *error);

/* ---- Codebook files (sw/codebook_file.c) --------------------------------------------------- */

enum { BCQ_IDENTITY_BYTES = 16 };

/* Identity of a codebook set: the first 16 bytes of SHA-256 over la, lb, nc, index_bits and
 * entry_bits, one byte each, then all nc * 2^B entries, one byte each. Comments do not enter. */
void bcq_codebooks_identity(const bcq_codebooks *cb, uint8_t identity[BCQ_IDENTITY_BYTES]);
/* 32 hexadecimal digits and a 0. */
void bcq_identity_hex(const uint8_t identity[BCQ_IDENTITY_BYTES],
                      char hex[2 * BCQ_IDENTITY_BYTES + 1]);

/* The text: lines that begin with # are comments; then "key = value" for la, lb, nc, bits and ew,
 * each once, in any order; then nc lines of 2^bits integers. Every number is in decimal. A file
 * that says anything else is refused with the number of the line. */
bool bcq_codebooks_read(const char *path, bcq_codebooks *cb, bcq_error *error);

/* provenance: lines, each to be written behind "# "; may be NULL. Complete or not at all. */
bool bcq_codebooks_write(const char *path, const bcq_codebooks *cb, const char *provenance,
                         bcq_error *error);

/* ---- Packed tensors, .bcq (sw/packed.c) ---------------------------------------------------- */

/* File: this header, rows * arrays records in row-major order, CRC-32 of all records (4 bytes).
 * Every number is little-endian, every CRC is zlib's crc32(). A record is one block array, written
 * from bit 0 of its first byte upwards: scale (8 bits), LA/LB selectors of log2(nc) bits, LA
 * indices of index_bits bits, then zero bits to the end of the byte. */
#define BCQ_PACKED_MAGIC "\x89" "BCQ\r\n\x1a\n"  /* like PNG's: a transfer as text destroys it */
enum { BCQ_PACKED_VERSION = 1, BCQ_PACKED_FLAG_BF16 = 1 };
typedef struct {
    uint8_t magic[8];
    uint16_t version;                         /* 1 */
    uint16_t header_bytes;                    /* 64 */
    uint16_t la;
    uint8_t lb, nc;
    uint64_t rows, k;                         /* shape, unpadded; not 0 */
    uint8_t identity[BCQ_IDENTITY_BYTES];     /* of the codebooks that it was made with */
    uint64_t payload_bytes;                   /* rows * ceil(k / la) * bcq_array_bytes() */
    uint8_t index_bits, entry_bits;
    int8_t exponent;                          /* e_X, -100 to 100 */
    uint8_t flags;                            /* bit 0: BF16 input; the others are 0 */
    uint32_t header_crc;                      /* of the 60 bytes before it */
} bcq_packed_header;
_Static_assert(sizeof(bcq_packed_header) == 64, "the .bcq header is 64 bytes, without padding");
_Static_assert(offsetof(bcq_packed_header, la) == 12, "la at 12");
_Static_assert(offsetof(bcq_packed_header, rows) == 16, "rows at 16, k at 24");
_Static_assert(offsetof(bcq_packed_header, identity) == 32, "identity at 32");
_Static_assert(offsetof(bcq_packed_header, payload_bytes) == 48, "payload_bytes at 48");
_Static_assert(offsetof(bcq_packed_header, index_bits) == 56, "index_bits at 56, flags at 59");
_Static_assert(offsetof(bcq_packed_header, header_crc) == 60, "header_crc at 60");

typedef struct {
    int64_t rows, k;                          /* shape, unpadded */
    int64_t arrays;                           /* block arrays a row: ceil(k / la) */
    bcq_params p;
    int exponent;                             /* e_X: the tensor scale is 2^e_X */
    bool bf16;                                /* input was rounded to BF16 first */
    uint8_t identity[BCQ_IDENTITY_BYTES];     /* of the codebooks that it was made with */
} bcq_packed_info;

typedef struct bcq_packed bcq_packed;         /* a mapped, verified .bcq file */

/* Opens and checks everything: magic, version, header CRC, file size against the header, payload
 * CRC, ranges, NaN scales. cb (may be NULL): the codebooks that it must have been made with; then
 * the padding is checked to decode to 0 as well (contract section 9, rule 3). */
bcq_packed *bcq_packed_open(const char *path, const bcq_codebooks *cb, bcq_error *error);
void bcq_packed_close(bcq_packed *t);
const bcq_packed_info *bcq_packed_get_info(const bcq_packed *t);
const char *bcq_packed_name(const bcq_packed *t);   /* its path, for messages */

/* Unpacks block array j of a row. Thread-safe. */
void bcq_packed_array(const bcq_packed *t, int64_t row, int64_t j, bcq_array *out);

/* Bytes of one packed block array: scale, selectors, indices, rounded up to whole bytes. */
size_t bcq_array_bytes(const bcq_params *p);
void bcq_array_pack(const bcq_array *a, const bcq_params *p, uint8_t *bytes);
void bcq_array_unpack(const uint8_t *bytes, const bcq_params *p, bcq_array *a);

typedef struct {
    bool bf16;             /* round the input to BF16 first */
    bool signed_scale;     /* a scale takes the sign of the scalar of largest magnitude (of two, the
                              first): contract section 4. Off line only: not with rtl_config */
    bool exponent_given;   /* use `exponent` as e_X; arrays beyond it saturate */
    int exponent;          /* in [-100, 100] */
    bool progress;         /* a progress line on stderr (only if it is a terminal) */
    int threads;           /* worker threads, 0 and 1: none; the result does not depend on it */
    const char *rtl_config;  /* NULL: the golden model; or the simulated encoder of this row of
                                rtl/configs.def. It takes BF16: bf16 must be set */
} bcq_quantize_options;

typedef struct {
    int exponent;          /* e_X that was used */
    double nmse;           /* contract section 10; 0 for an all-zero tensor */
    double signal, error;  /* the two sums of which nmse is the quotient */
    /* Simulated encoder only: clock cycles of all its runs, of at most BCQ_RUN_ARRAYS block arrays each,
     * measured and by the formula of docs/encoder.md. */
    uint64_t cycles, cycles_formula;
} bcq_quantize_report;

enum { BCQ_RUN_ARRAYS = 2048 };

/* bcq_encode_array() with a signed scale, which section 4 honours: it has the sign of the scalar of largest
 * magnitude, which so meets the largest entry. Of two equal magnitudes the first decides; a scale 0 has no
 * sign. */
void bcq_encode_array_signed(const float *x, int exponent, const bcq_codebooks *cb, bcq_array *out);

/* Encodes a tensor into a packed file, streaming row by row; the file does not depend on who encodes.
 * Refused: K no multiple of LA when a codebook lacks an entry 0 (contract section 2). */
bool bcq_quantize(const bcq_tensor *t, const bcq_codebooks *cb, const char *path,
                  const bcq_quantize_options *options, bcq_quantize_report *report,
                  bcq_error *error);

/* Decodes into a float32 .npy [rows][k]. cb: those that it was made with, checked by opening it. */
bool bcq_dequantize(const bcq_packed *t, const bcq_codebooks *cb, const char *path,
                    bcq_error *error);

/* ---- Output files (sw/output.c) ------------------------------------------------------------ */

/* A file that appears complete or not at all: written under a temporary name beside `path`, synced
 * and renamed by commit, removed by discard (and by commit when it fails: full disk, for one).
 * `path` must be new or a regular file; a symbolic link is replaced, not followed. At most 16 are
 * open at a time. */
typedef struct bcq_output bcq_output;
bcq_output *bcq_output_open(const char *path, bcq_error *error);
FILE *bcq_output_stream(bcq_output *o);
bool bcq_output_commit(bcq_output *o, bcq_error *error);  /* frees o either way */
void bcq_output_discard(bcq_output *o);
/* Removes temporary files that are open; safe in a signal handler (SIGINT, SIGTERM). */
void bcq_output_remove_all(void);

/* float32 [rows][columns], .npy version 1.0, C order: header only; rows follow by fwrite. */
bool bcq_npy_write_header(FILE *f, int64_t rows, int64_t columns);

/* ---- Calibration (sw/calibrate.c) ---------------------------------------------------------- */

typedef struct {
    bcq_params p;
    int iterations;          /* Lloyd iterations at most (30) */
    uint64_t seed;           /* 1 */
    int threads;             /* worker threads; the result does not depend on it */
    double search_seconds;   /* > 0: keep searching for better codebooks that long */
    bool objective_real;     /* weight blocks by scale squared instead of alike */
    bool no_zero;            /* do not force an entry 0 into each codebook */
    bool bf16;               /* round inputs to BF16 first */
    int64_t sample_scalars;  /* at most so many scalars are used, drawn reproducibly (2^24) */
    bool progress;           /* progress on stderr (only if it is a terminal) */
    FILE *csv;               /* error against iteration, or NULL */
    FILE *log;               /* the table of what was tried, e_X of each tensor; or NULL */
} bcq_calibrate_options;

typedef struct {
    double normalised_error; /* mean squared error of the normalised values, final codebooks */
    double nmse;             /* of real values through the full contract, over the sample */
    int iterations;          /* that the chosen run took */
    int64_t scalars;         /* sampled */
} bcq_calibrate_report;

void bcq_calibrate_defaults(bcq_calibrate_options *o);
bool bcq_calibrate(bcq_tensor *const *tensors, size_t count, const bcq_calibrate_options *o,
                   bcq_codebooks *cb, bcq_calibrate_report *report, bcq_error *error);

/* ---- Matrix product (sw/gemm.c; on the accelerator: device.h) ------------------------------ */

typedef struct {
    const bcq_codebooks *cb_a, *cb_w;
    const bcq_packed *a, *w;      /* A [M][K], W [N][K] */
    bool exact;                   /* acc = exact, else fp32 (contract section 8) */
    bool progress;
} bcq_gemm_job;

typedef struct {
    uint64_t macs;                /* M * N * K */
    double seconds;               /* wall time of the product */
} bcq_gemm_report;

/* Refuses K or LA that differ, codebooks other than a tensor was made with, and exact sums that
 * could overflow. */
bool bcq_gemm_check(const bcq_gemm_job *job, bcq_error *error);

/* Contract section 8 for one output, before the tensor scales: "j ascending from acc = +0". Decoded
 * entries [arrays * la] and scale codes [arrays] of a row of A and of one of W. */
float bcq_dot(const int8_t *a, const uint8_t *scale_a, const int8_t *w, const uint8_t *scale_w,
              int64_t arrays, int la, bool exact);

/* c: [M][N]. C = acc * 2^(e_A + e_W). */
bool bcq_gemm_golden(const bcq_gemm_job *job, float *c, bcq_gemm_report *report, bcq_error *error);

/* Error of the operands and of the product c [M][N] against the float tensors that they were made
 * from (same shapes), NMSE of contract section 10; the product's reference is summed in double. */
typedef struct { double nmse_a, nmse_w, nmse_c; } bcq_gemm_errors;
bool bcq_gemm_compare(const bcq_gemm_job *job, const bcq_tensor *a, const bcq_tensor *w,
                      const float *c, bcq_gemm_errors *errors, bcq_error *error);

#endif
