/* What cmd_gemm.c hands to cmd_gemm_format.c. */
#ifndef CMD_GEMM_H
#define CMD_GEMM_H

#include "cmd.h"

typedef struct {
    const char *format;           /* NAME[:key=value]... */
    const char *a, *w, *output;   /* float TENSOR, float TENSOR, .npy */
    const char *backend;          /* golden, rtl */
    const char *config;           /* a row of rtl/rivals/configs.def; NULL: the format's default */
    bool json;
} gemm_format_arguments;

/* The exit status; error is written unless that is EXIT_DONE. */
int gemm_format(const gemm_format_arguments *g, bcq_error *error);

#endif
