#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cmd_calibrate.h"
#include "tables.h"

typedef struct {
    const char *name;       /* of bcq_levels() */
    char origin[120];
    double level[BOF4_LEVELS];
    bof4_report report;
} result;

static bool fit(const table_arguments *a, bcq_tensor *const *tensors, size_t count, result *r,
                bcq_error *error) {
    bof4_samples s = { 0 };
    double total = 0;
    for (size_t i = 0; i < count; i++) total += (double)bcq_tensor_rows(tensors[i]) * (double)bcq_tensor_k(tensors[i]);
    int64_t every = (int64_t)ceil(total / (double)a->sample_scalars);
    bool good = true;
    for (size_t i = 0; i < count && good; i++)
        good = bof4_add_tensor(&s, tensors[i], every, a->bf16, &a->o, error);
    long long used = s.count;
    good = good && bof4_fit(&s, &a->o, r->level, &r->report, error);
    bof4_samples_free(&s);
    snprintf(r->origin, sizeof r->origin, "%lld scalars, %d iterations", used, r->report.iterations);
    return good;
}

static bool find(const table_arguments *a, bcq_tensor *const *tensors, size_t count, result *r,
                 bcq_error *error) {
    r->name = a->o.is_signed ? "bof4s" : a->method;
    if (count) return fit(a, tensors, count, r, error);
    if (a->theory) {
        if (!bof4_theory(&a->o, r->level, &r->report))
            return bcq_fail(error, "--theory: wanted levels that settle, got changes of %g", r->report.change);
        snprintf(r->origin, sizeof r->origin, "theory of N(0,1), %d iterations", r->report.iterations);
        return true;
    }
    const float *level = bcq_levels(r->name, a->o.block, a->o.metric);
    if (!level)
        return bcq_fail(error, "--block: wanted a block that %s has levels for, or --theory, got %d", r->name,
                        a->o.block);
    for (int k = 0; k < BOF4_LEVELS; k++) r->level[k] = level[k];
    bof4_theory_error(&a->o, r->level, &r->report);
    snprintf(r->origin, sizeof r->origin, "%s, error that of N(0,1)",
             bcq_levels_are_derived(r->name, a->o.block, a->o.metric) ? "derived" : "as printed in its source");
    return true;
}

/* One line on the levels. */
static void describe(FILE *f, const table_arguments *a, const result *r) {
    const char *fixed = a->o.fixed_zero ? a->o.fixed_one ? "0 and +-1" : "0" : a->o.fixed_one ? "+-1" : "none";
    fprintf(f, "%s", r->name);
    if (strcmp(a->method, "bof4") == 0)
        fprintf(f, ", %s, fixed %s", a->o.metric == BCQ_METRIC_MSE ? "mse" : "mae",
                a->o.is_signed && a->o.fixed_one ? a->o.fixed_zero ? "0 and 1" : "1" : fixed);
    fprintf(f, ", block %d, %s: MSE %.8g, MAE %.8g", a->o.block, r->origin, r->report.mse, r->report.mae);
}

static void made_by(FILE *f, const table_arguments *a, const result *r, const char *prefix) {
    fprintf(f, "%sMade by bcq " BCQ_VERSION ":", prefix);
    for (int i = 0; i < a->given; i++) fprintf(f, " %s", a->given_text[i]);
    fprintf(f, "\n%s", prefix);
    describe(f, a, r);
    fprintf(f, "\n");
}

static bool write_levels(const table_arguments *a, const result *r, bcq_error *error) {
    bcq_output *output = bcq_output_open(a->output, error);
    if (!output) return false;
    FILE *f = bcq_output_stream(output);
    made_by(f, a, r, "# ");
    for (int k = 0; k < BOF4_LEVELS; k++) fprintf(f, "%.12g\n", r->level[k]);
    return bcq_output_commit(output, error);
}

/* One codebook: level 1 is the largest entry, CMAX. */
static bool write_codebook(const table_arguments *a, const result *r, bcq_codebooks *cb, bcq_error *error) {
    char *comments = NULL;
    size_t size;
    *cb = (bcq_codebooks){ .p = a->p };
    for (int k = 0; k < BOF4_LEVELS; k++)
        cb->entry[0][k] = (int8_t)lrint(fmin(fmax(r->level[k], -1), 1) * bcq_cmax(&cb->p));
    FILE *f = open_memstream(&comments, &size);
    if (!f) return bcq_fail(error, "%s: wanted memory for its comments, got none", a->output);
    made_by(f, a, r, "");
    fclose(f);
    bool good = bcq_codebooks_write(a->output, cb, comments, error);
    free(comments);
    return good;
}

bool calibrate_tables(const table_arguments *a, bcq_tensor *const *tensors, size_t count, bcq_error *error) {
    bcq_output *probe = bcq_output_open(a->output, error);  /* refused before the work */
    if (!probe) return false;
    bcq_output_discard(probe);
    result r = { 0 };
    bcq_codebooks cb;
    if (!find(a, tensors, count, &r, error)) return false;
    if (!(a->codebook ? write_codebook(a, &r, &cb, error) : write_levels(a, &r, error))) return false;
    describe(stdout, a, &r);
    if (a->codebook)
        printf("\n%s: 1 codebook of 16 entries, %.6g bits a scalar\n", a->output, bcq_effective_bits(&cb.p));
    else printf("\n%s: 16 levels\n", a->output);
    return true;
}
