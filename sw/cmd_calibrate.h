/* Between cmd_calibrate.c, which reads the command line, and cmd_calibrate_tables.c: the methods nf4, af4
 * and bof4. */
#ifndef CMD_CALIBRATE_H
#define CMD_CALIBRATE_H

#include "bof4.h"
#include "cmd.h"

typedef struct {
    const char *method;     /* "nf4", "af4", "bof4" */
    const char *output;
    bool theory;
    bof4_options o;
    bool codebook;          /* a codebook file of these parameters instead of levels; la is o.block */
    bcq_params p;
    bool bf16;
    int64_t sample_scalars;
    int given;              /* arguments of the command line, for the file's comments */
    char **given_text;
} table_arguments;

/* With no tensors: the levels of docs/formats.md, or those of theory. */
bool calibrate_tables(const table_arguments *a, bcq_tensor *const *tensors, size_t count, bcq_error *error);

#endif
