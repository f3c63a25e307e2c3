#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cmd_compare.h"

/* ---- Order ----------------------------------------------------------------------------------- */

static bool is_bcq(const compare_row *r) { return r->f->source != ACCURACY_NO_CODEBOOKS; }

/* Among formats of equal bits: for both operands; for weights only; what is not built like that. */
static int class_of(const compare_row *r) {
    if (is_bcq(r) && r->f->format.p.entry_bits != BCQ_EW_DEFAULT) return 2;
    return r->f->format.kind->weight_only;
}

static int by_bits(const void *a, const void *b) {
    const compare_row *x = a, *y = b;
    double bits_x = accuracy_bits(&x->sums), bits_y = accuracy_bits(&y->sums);
    if (bits_x != bits_y) return bits_x < bits_y ? -1 : 1;
    if (class_of(x) != class_of(y)) return class_of(x) - class_of(y);
    if (x->nmse != y->nmse) return x->nmse < y->nmse ? -1 : 1;
    return strcmp(x->f->name, y->f->name);
}

void compare_sort(compare_row *rows, size_t count) { qsort(rows, count, sizeof *rows, by_bits); }

/* ---- The table for people ---------------------------------------------------------------------- */

void compare_print_table(const compare_row *rows, size_t count) {
    if (!count) return;
    bool product = rows[0].product;
    printf("%s: %" PRId64 " scalars\n", rows[0].tensor, rows[0].sums.scalars);
    printf("  %-28s %8s %10s %7s %9s %8s%s\n", "format", "bits", product ? "NMSE of C" : "NMSE", "dB",
           "max error", "bound x", product ? "   hardware   operands" : "");
    for (size_t i = 0; i < count; i++) {
        const compare_row *r = &rows[i];
        double bits = accuracy_bits(&r->sums);
        printf("  %-28s %8.5g %10.3e %7.2f %9.4f %8.2f", r->f->name, bits, r->nmse, accuracy_sqnr_db(r->nmse),
               r->sums.max_error, accuracy_rd_ratio(product ? accuracy_nmse(&r->sums) : r->nmse, bits));
        if (product && r->product->has_hardware)
            printf(" %10.3e", r->product->signal > 0 ? r->product->hardware_error / r->product->signal : 0.0);
        else if (product)
            printf(" %10s", "-");
        if (product) printf("   %s", r->f->format.kind->weight_only ? "W only" : "A and W");
        else if (r->f->format.kind->weight_only) printf("  weights only");
        putchar('\n');
    }
}

void compare_print_channels(const accuracy_report *reports, size_t tensors, accuracy_format *const *f,
                            size_t formats) {
    for (size_t t = 0; t < tensors; t++) {
        const accuracy_report *r = &reports[t];
        if (!r->channels) continue;
        printf("\n%s: %" PRId64 " outlier channels of %" PRId64 ", %.1f %% of the signal; NMSE of %s\n", r->name,
               r->outlier_channels, r->k, 100 * r->outlier_signal / r->signal,
               r->outlier_channels > r->channels ? "the strongest" : "each");
        printf("  %-28s", "channel");
        for (int n = 0; n < r->channels; n++) printf(" %9" PRId64, r->channel[n].column);
        printf("\n  %-28s", "share of the signal, %");
        for (int n = 0; n < r->channels; n++) printf(" %9.2f", 100 * r->channel[n].signal / r->signal);
        for (size_t i = 0; i < formats; i++) {
            printf("\n  %-28s", f[i]->name);
            for (int n = 0; n < r->channels; n++)
                printf(" %9.2e", r->channel_error[i * ACCURACY_CHANNELS + (size_t)n] / r->channel[n].signal);
        }
        putchar('\n');
    }
}

/* ---- JSON and CSV -------------------------------------------------------------------------------- */

/* JSON has no infinity. */
static json_t *number(double x) { return isfinite(x) ? json_real(x) : json_null(); }

static json_t *text(const char *s) { return s ? json_string(s) : json_null(); }

/* One row as an object, in the order of the columns. */
static json_t *row_object(const compare_row *r) {
    const bcq_format_kind *kind = r->f->format.kind;
    double bits = accuracy_bits(&r->sums);
    json_t *o = json_object();
    const struct { const char *key; json_t *value; } fields[] = {
        { "tensor", text(r->tensor) },
        { "format", text(r->f->name) },
        { "bits", number(bits) },
        { "nmse", number(r->nmse) },
        { "sqnr_db", number(accuracy_sqnr_db(r->nmse)) },
        { "max_error", number(r->sums.max_error) },
        { "rd_ratio", number(accuracy_rd_ratio(accuracy_nmse(&r->sums), bits)) },
        { "scalars", json_integer(r->sums.scalars) },
        { "group", json_integer(r->f->format.group) },
        { "weight_only", json_boolean(kind->weight_only) },
        { "codebooks", text(accuracy_source_name(r->f->source)) },
        { "nmse_a", r->product && !kind->weight_only ? number(accuracy_nmse(&r->product->a)) : json_null() },
        { "nmse_w", r->product ? number(accuracy_nmse(&r->product->w)) : json_null() },
        { "nmse_hardware", r->product && r->product->has_hardware
            ? number(r->product->signal > 0 ? r->product->hardware_error / r->product->signal : 0) : json_null() },
    };
    bool good = o;
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)  /* takes each value, even where it fails */
        good = json_object_set_new(o, fields[i].key, fields[i].value) == 0 && good;
    if (good) return o;
    json_decref(o);
    return NULL;
}

bool compare_print_json(const compare_row *rows, size_t count) {
    json_t *list = json_array();
    bool good = list;
    for (size_t i = 0; good && i < count; i++) good = json_array_append_new(list, row_object(&rows[i])) == 0;
    good = good && json_dumpf(list, stdout, JSON_INDENT(1) | JSON_REAL_PRECISION(17)) == 0 && putchar('\n') == '\n';
    json_decref(list);
    return good;
}

static void csv_field(FILE *f, const json_t *value) {
    if (json_is_null(value)) return;
    if (json_is_boolean(value)) fputs(json_is_true(value) ? "true" : "false", f);
    else if (json_is_integer(value)) fprintf(f, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    else if (json_is_real(value)) fprintf(f, "%.17g", json_real_value(value));
    else if (!strpbrk(json_string_value(value), ",\"\n")) fputs(json_string_value(value), f);
    else {
        putc('"', f);
        for (const char *c = json_string_value(value); *c; c++) {
            if (*c == '"') putc('"', f);
            putc(*c, f);
        }
        putc('"', f);
    }
}

bool compare_write_csv(FILE *f, const compare_row *rows, size_t count) {
    for (size_t i = 0; i < count; i++) {
        json_t *o = row_object(&rows[i]);
        if (!o) return false;
        const char *key;
        json_t *value;
        bool first = true;
        if (i == 0) {
            json_object_foreach(o, key, value) {
                fprintf(f, "%s%s", first ? "" : ",", key);
                first = false;
            }
            putc('\n', f);
        }
        first = true;
        json_object_foreach(o, key, value) {
            if (!first) putc(',', f);
            csv_field(f, value);
            first = false;
        }
        putc('\n', f);
        json_decref(o);
    }
    return true;
}
