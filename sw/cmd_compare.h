/* What `bcq compare` has measured, and the ways to show it. */
#ifndef CMD_COMPARE_H
#define CMD_COMPARE_H

#include "accuracy.h"
#include "cmd.h"

/* One row of the table. */
typedef struct {
    const char *tensor;           /* "all" for the sum over several or one */
    const accuracy_format *f;
    accuracy_sums sums;           /* of a product: of both operands that are quantized */
    double nmse;                  /* of a product: of C */
    const accuracy_product *product;  /* or NULL */
} compare_row;

/* The order of the table, see --help. */
void compare_sort(compare_row *rows, size_t count);

void compare_print_table(const compare_row *rows, size_t count);
void compare_print_channels(const accuracy_report *reports, size_t tensors, accuracy_format *const *f,
                            size_t formats);
/* False: no memory. */
bool compare_print_json(const compare_row *rows, size_t count);
/* The fields of the JSON. False: no memory; errors of f itself are the caller's to look at. */
bool compare_write_csv(FILE *f, const compare_row *rows, size_t count);

/* True if there is a gnuplot to run. */
bool compare_plot_ready(bcq_error *error);
/* NMSE against bits into an open file, by gnuplot. title: one line under the heading. */
bool compare_plot(FILE *f, const compare_row *rows, size_t count, const char *title, bcq_error *error);

#endif
