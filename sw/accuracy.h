/* The accuracy table: what each format of docs/formats.md loses on float tensors, LO-BCQ among them.
 *
 * A format is asked for as docs/formats.md says, and for bcq with the codebooks to take behind it:
 * "bcq:nc=8:local", "bcq:nc=8:la=32:universal", "bcq:codebooks=cb.txt".
 *
 * Sums are taken within a row and then over rows in ascending order, so that no result depends on the
 * number of threads or on how a tensor is cut for them. Conventions as in bcq.h.
 */
#ifndef BCQ_ACCURACY_H
#define BCQ_ACCURACY_H

#include "bcq.h"
#include "format.h"

typedef enum {
    ACCURACY_NO_CODEBOOKS,   /* not bcq */
    ACCURACY_LOCAL,          /* calibrated on the given tensors as `bcq calibrate` would; the default */
    ACCURACY_REAL,           /* the same with --objective real: blocks weighted by their scale squared */
    ACCURACY_UNIVERSAL,      /* of sw/model/universal, calibrated on the embedded model */
    ACCURACY_FILE            /* codebooks=FILE */
} accuracy_source;

/* Not to be copied: format points to codebooks. */
typedef struct {
    bcq_format format;
    accuracy_source source;
    bcq_codebooks codebooks;
    char name[256];          /* as asked for; format.name lacks what concerns codebooks */
} accuracy_format;

/* Reads FILE of codebooks=FILE, looks up universal codebooks; local ones: accuracy_calibrate(). */
bool accuracy_parse(const char *spec, accuracy_format *f, bcq_error *error);

/* Specifications of the default formats: all of the table, then configurations of bcq; ends with NULL. The
 * caller frees each and the list with free(). NULL: no memory. */
char **accuracy_default_specs(void);

/* "local", "real", "universal", "file"; NULL where there are no codebooks. */
const char *accuracy_source_name(accuracy_source source);

/* The universal codebooks of these parameters, or NULL (sw/universal.c). */
const bcq_codebooks *bcq_universal_codebooks(const bcq_params *p);

/* Parameters of the i-th set that `make universal` calibrates and the default formats use; false: no such. */
bool accuracy_configuration(int i, bcq_params *p);

typedef struct {
    int threads;             /* 0 and 1: none but the caller's */
    int64_t chunk_scalars;   /* that a thread takes at a time, rounded to whole rows; 0: chosen here */
    bool progress;           /* a line on stderr; it is up to the caller whether that is a terminal */
    bool channels;           /* fill accuracy_tensor_report.channel_error */
    const char *step;        /* for the progress line; may be NULL */
} accuracy_options;

/* Local codebooks of f, if it wants any, from all the tensors. */
bool accuracy_calibrate(accuracy_format *f, bcq_tensor *const *tensors, size_t count,
                        const accuracy_options *o, bcq_error *error);

/* Of one format over one tensor, or over several when added. */
typedef struct {
    int64_t scalars;
    double bits;             /* sum over the scalars */
    double signal, error;    /* sums of x^2 and (x - x^)^2 */
    double max_error;        /* largest |x - x^| over the largest |x| of the tensor; 0 if that is 0 */
} accuracy_sums;

void accuracy_add(accuracy_sums *to, const accuracy_sums *from);
double accuracy_bits(const accuracy_sums *s);       /* a scalar */
double accuracy_nmse(const accuracy_sums *s);       /* error / signal; 0 if there is no error */
double accuracy_sqnr_db(double nmse);               /* infinite for 0 */
/* Error over that of the best code of a Gaussian with so many bits a scalar: nmse / 2^(-2 bits). */
double accuracy_rd_ratio(double nmse, double bits);

enum {
    ACCURACY_CHANNELS = 8,       /* outlier channels that are told apart */
    ACCURACY_CHANNEL_ROWS = 16,  /* of fewer rows a column's mean square says nothing */
    ACCURACY_CHANNEL_TIMES = 20  /* an outlier channel's mean square, in medians of all columns */
};

typedef struct { int64_t column; double signal; } accuracy_channel;

typedef struct {
    const char *name;            /* of the tensor */
    int64_t rows, k;
    double amax, signal;
    accuracy_sums *sums;         /* [formats] */
    int64_t outlier_channels;    /* columns; 0 where the median is 0 */
    double outlier_signal;       /* of all of them together */
    int channels;                /* the strongest of them, at most ACCURACY_CHANNELS, strongest first */
    accuracy_channel channel[ACCURACY_CHANNELS];
    double *channel_error;       /* [formats][ACCURACY_CHANNELS], if asked for */
} accuracy_report;

/* Encodes and decodes t in all formats, streaming. Free the report either way. */
bool accuracy_measure(const bcq_tensor *t, accuracy_format *const *f, size_t count,
                      const accuracy_options *o, accuracy_report *report, bcq_error *error);
void accuracy_report_free(accuracy_report *report);

/* A product C[M][N] = A[M][K] W[N][K]^T of decoded operands against that of the floats, both summed in
 * double; of a weight-only format W alone is quantized. hardware_error: of C as the hardware sums it to the
 * bit, where the format has such a sum (has_hardware). */
typedef struct {
    accuracy_sums a, w;          /* a: of a weight-only format all zeros */
    double signal, error, hardware_error;
    bool has_hardware;
} accuracy_product;

/* products: [count]. A, W and C must fit in memory. */
bool accuracy_multiply(const bcq_tensor *a, const bcq_tensor *w, accuracy_format *const *f, size_t count,
                       const accuracy_options *o, accuracy_product *products, bcq_error *error);

#endif
