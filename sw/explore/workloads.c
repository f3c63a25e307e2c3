#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "explore.h"

/* ---- sw/workloads.def --------------------------------------------------------------------------- */

enum { PHASES_MAX = 16 };
typedef struct { char name[32]; int64_t tokens; } phase;

/* A model, before it is multiplied by the phases. */
static bool read_line(char *line, explore_workloads *w, phase *phases, int *phase_count) {
    int64_t a, b;
    int used = 0;
    char name[32];
    if (sscanf(line, " phase %31s %ld %n", name, &a, &used) == 2 && !line[used]) {
        if (a < 1 || *phase_count == PHASES_MAX) return false;
        phase *p = &phases[(*phase_count)++];
        strcpy(p->name, name);
        p->tokens = a;
        return true;
    }
    if (sscanf(line, " model %31s %ld %n", name, &a, &used) == 2 && line[used]) {
        explore_workload *grown = realloc(w->all, (w->count + 1) * sizeof *grown);
        if (!grown || a < 1) return false;
        w->all = grown;
        explore_workload *m = &w->all[w->count++];
        *m = (explore_workload){ .layers = a };
        strcpy(m->name, name);
        snprintf(m->source, sizeof m->source, "%s", line + used);
        return true;
    }
    if (sscanf(line, " gemm %31s %ld %ld %n", name, &a, &b, &used) == 3 && !line[used] && w->count) {
        explore_workload *m = &w->all[w->count - 1];
        if (a < 1 || b < 1 || m->gemms == (int)(sizeof m->gemm / sizeof *m->gemm)) return false;
        explore_gemm *g = &m->gemm[m->gemms++];
        *g = (explore_gemm){ .n = a, .k = b };
        strcpy(g->name, name);
        return true;
    }
    return false;
}

static bool multiply(explore_workloads *models, const phase *phases, int count, explore_workloads *w) {
    *w = (explore_workloads){ .all = calloc(models->count * (size_t)count + 1, sizeof *w->all) };
    if (!w->all) return false;
    for (size_t m = 0; m < models->count; m++)
        for (int p = 0; p < count; p++) {
            explore_workload *one = &w->all[w->count++];
            *one = models->all[m];
            snprintf(one->name, sizeof one->name, "%.31s_%.31s", models->all[m].name, phases[p].name);
            one->tokens = phases[p].tokens;
        }
    return true;
}

bool explore_workloads_read(const char *path, explore_workloads *w, bcq_error *error) {
    *w = (explore_workloads){ 0 };
    char *text = explore_read_text(path, NULL, error), *rest = text, *line;
    if (!text) return false;
    explore_workloads models = { 0 };
    phase phases[PHASES_MAX];
    int count = 0, number = 0;
    bool good = true;
    while (good && (line = strsep(&rest, "\n"))) {
        number++;
        line[strcspn(line, "#")] = 0;
        if (!line[strspn(line, " \t")]) continue;
        good = read_line(line, &models, phases, &count)
            || bcq_fail(error, "%s:%d: wanted model NAME LAYERS SOURCE, gemm NAME N K or phase NAME TOKENS, got \"%s\"",
                        path, number, line);
    }
    if (good && !multiply(&models, phases, count, w)) good = bcq_fail(error, "%s: wanted memory, got none", path);
    free(models.all);
    free(text);
    return good;
}

void explore_workloads_free(explore_workloads *w) {
    free(w->all);
    *w = (explore_workloads){ 0 };
}

const explore_workload *explore_workload_find(const explore_workloads *w, const char *name) {
    for (size_t i = 0; i < w->count; i++)
        if (strcmp(w->all[i].name, name) == 0) return &w->all[i];
    return NULL;
}

/* ---- What a product takes -------------------------------------------------------------------------- */

static int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

explore_cost explore_product_cost(const explore_point *p, const bcq_format *f, int64_t m, int64_t n, int64_t k) {
    const rtl_build *b = &p->build;
    int64_t padded = ceil_div(k, b->la) * b->la;  /* what is stored ends with a whole block array */
    double row_bytes = bcq_format_bits(f, padded, NULL) * (double)padded / 8;
    explore_cost c = {
        .macs = (double)m * (double)n * (double)k,
        .cycles = (double)rtl_cycles_formula(b, m, n, k),
        /* Weights again for each tile of T tokens, activations again for each tile of COLS outputs. */
        .bytes_w = (double)ceil_div(m, b->t) * (double)n * row_bytes,
        .bytes_a = (double)ceil_div(n, b->cols) * (double)m * row_bytes,
        .bytes_r = 4.0 * (double)m * (double)n,
    };
    if (!b->rival && !b->frozen) c.bytes_cb = 2.0 * b->nc * (1 << b->index_bits) * b->entry_bits / 8;
    return c;
}

explore_cost explore_workload_cost(const explore_point *p, const bcq_format *f, const explore_workload *w) {
    explore_cost all = { 0 };
    double layers = (double)w->layers;
    for (int i = 0; i < w->gemms; i++) {
        explore_cost c = explore_product_cost(p, f, w->tokens, w->gemm[i].n, w->gemm[i].k);
        all.macs += layers * c.macs;
        all.cycles += layers * c.cycles;
        all.bytes_w += layers * c.bytes_w;
        all.bytes_a += layers * c.bytes_a;
        all.bytes_r += layers * c.bytes_r;
        all.bytes_cb += layers * c.bytes_cb;
    }
    return all;
}
