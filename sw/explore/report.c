#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "explore.h"
#include "explore_page.h"

static const char *const data_names[] = { "real", "zeros", "random", "worst" };
enum { DATA_NAMES = sizeof data_names / sizeof *data_names };

/* ---- Numbers of a point ------------------------------------------------------------------------------- */

typedef struct { double median, least, most; } spread;

/* Over the recipes. column "ge" and the like is a MAC's share; of times the number itself. */
static spread over_recipes(const explore_point *p, const explore_result *e, bool encoder, bool timing, const char *part,
                           const char *column) {
    spread s = { NAN, INFINITY, -INFINITY };
    const explore_synthesis *y = encoder ? e->encoder : e->array;
    for (int i = 0; i < p->recipes.count; i++) {
        double x = timing ? y[i].has_timing ? explore_csv_number(&y[i].timing, part, column) : NAN
                          : explore_csv_number(&y[i].parts, part, column) / rtl_macs(&p->build);
        if (i == e->median) s.median = x;
        if (isnan(x)) continue;
        s.least = fmin(s.least, x);
        s.most = fmax(s.most, x);
    }
    if (isinf(s.least)) s.least = s.most = NAN;
    return s;
}

/* Of a column of the array: its elements and its scale unit. */
static spread of_column(const explore_point *p, const explore_result *e, const char *column) {
    spread s = { NAN, INFINITY, -INFINITY };
    for (int i = 0; i < p->recipes.count; i++) {
        double x = (explore_csv_number(&e->array[i].parts, "pe", column)
                    + explore_csv_number(&e->array[i].parts, "scale_units", column)) / rtl_macs(&p->build);
        if (i == e->median) s.median = x;
        s.least = fmin(s.least, x);
        s.most = fmax(s.most, x);
    }
    return s;
}

/* Energy of data `name`; NAN where the point has none. */
static double energy_of(const explore_point *p, const explore_result *e, bool encoder, const char *name, const char *part,
                        const char *column) {
    for (int d = 0; d < p->data.count; d++) {
        const explore_csv *t = encoder ? &e->encoder_energy[d] : &e->energy[d];
        if (strcmp(p->data.item[d], name) == 0) return explore_csv_number(t, part, column);
    }
    return NAN;
}

/* pj_per_mac without more words: of the point's first data. */
static double energy(const explore_point *p, const explore_result *e, bool encoder, const char *part, const char *column) {
    return p->data.count ? energy_of(p, e, encoder, p->data.item[0], part, column) : NAN;
}

/* Energy of all layers, pJ. A cycle's idle multipliers cost what `waiting` says: pJ of as many cycles as a busy
 * array needs for a MAC, clocked without operands. */
static double workload_energy(const explore_point *p, const explore_result *e, const explore_cost *c) {
    double idle = c->cycles * rtl_macs(&p->build) - c->macs;
    return energy(p, e, false, "total", "pj_per_mac") * c->macs + energy(p, e, false, "waiting", "pj_per_mac") * idle;
}

/* ---- points.json ------------------------------------------------------------------------------------------ */

typedef struct {
    json_t *columns, *point;
    bool first, good;
} table;

/* One value of one point, and its column with the first point. Takes value. */
static void put(table *t, const char *key, const char *title, const char *unit, const char *about, json_t *value) {
    if (t->first)
        t->good = json_array_append_new(t->columns, json_pack("{s:s, s:s, s:s, s:s}", "key", key, "title", title, "unit",
                                                              unit, "about", about)) == 0 && t->good;
    t->good = json_object_set_new(t->point, key, value) == 0 && t->good;
}

/* JSON has no NaN. Nine digits are enough for people, and then the CSV says the same. */
static json_t *number(double x) {
    char text[32];
    if (!isfinite(x)) return json_null();
    snprintf(text, sizeof text, "%.9g", x);
    return json_real(strtod(text, NULL));
}

static json_t *integer(int x, bool there) { return there ? json_integer(x) : json_null(); }
static json_t *words(const char *x) { return x ? json_string(x) : json_null(); }

static void put_configuration(table *t, const explore_study *s, const explore_point *p, const explore_result *e) {
    static const char *const places[] = { "edge", "entry", "code" };
    const rtl_build *b = &p->build;
    bool bcq = !b->rival;
    put(t, "name", "configuration", "", "format and what is unusual about it", words(p->name));
    put(t, "format", "format", "", "docs/formats.md", words(p->format));
    put(t, "variant", "variant", "", "the name less the format", words(p->variant));
    put(t, "bits", "bits a scalar", "bit", "indices, selectors and scales, over the embedded model", number(e->bits));
    put(t, "lb", "LB", "scalars", "block: scalars that share a codebook", integer(b->lb, bcq));
    put(t, "la", "LA", "scalars", "block array: multipliers of a column", integer(b->la, true));
    put(t, "nc", "NC", "", "codebooks", integer(b->nc, bcq));
    put(t, "b", "B", "bit", "index of a scalar", integer(b->index_bits, bcq));
    put(t, "ew", "EW", "bit", "entry of a codebook", integer(b->entry_bits, bcq));
    put(t, "macs", "multipliers", "", "LA * COLS", integer(rtl_macs(b), true));
    put(t, "cols", "COLS", "", "columns of the array", integer(b->cols, true));
    put(t, "t", "T", "tokens", "accumulators of a column", integer(b->t, true));
    put(t, "ndec", "NDEC", "", "weights' decoders, columns loaded at once", integer(b->ndec, true));
    put(t, "decode", "decoding at", "", "edge of the array, or entry or code in each element", words(bcq ? places[b->decode] : NULL));
    put(t, "tables", "tables", "", "codebooks in registers, or constants", words(!bcq ? NULL : b->frozen ? "frozen" : "programmable"));
    put(t, "acc", "accumulators", "", "fp32 or exact", words(!bcq ? NULL : b->exact ? "exact" : "fp32"));
    put(t, "enc", "ENC", "", "the encoder's blocks a beat; 0: none here", integer(p->enc, true));
    put(t, "cb", "CB", "", "the encoder's codebooks a cycle", integer(p->cb, bcq));
    put(t, "asic", "registers", "", "weights and codebooks in latches, or all in flip-flops", words(p->asic ? "latches" : "flip-flops"));
    put(t, "codebooks", "codebooks of", "", "calibrated on the embedded model for this point, or universal",
        words(!bcq ? NULL : p->universal ? "universal" : "local"));
    put(t, "library", "library", "", "cells", words(e->library_name));
    put(t, "abc", "recipe", "", "of synth/recipes: the one of median area of those that were run", words(p->recipes.item[e->median]));
    put(t, "recipes", "recipes", "", "how many were run", integer(p->recipes.count, true));
    put(t, "yosys", "mapped by", "", "version", words(s->yosys));
}

static void put_hardware(table *t, const explore_point *p, const explore_result *e) {
    spread ge = over_recipes(p, e, false, false, "total", "ge"), um2 = over_recipes(p, e, false, false, "total", "um2");
    spread fmax_ = over_recipes(p, e, false, true, "total", "fmax_mhz");
    double pj = energy(p, e, false, "total", "pj_per_mac");
    put(t, "ge_per_mac", "area a multiplier", "GE", "array, codebooks and control, no memories; of NAND2, synthesis only",
        number(ge.median));
    put(t, "ge_min", "least area", "GE", "over the recipes", number(ge.least));
    put(t, "ge_max", "most area", "GE", "over the recipes", number(ge.most));
    put(t, "um2_per_mac", "area a multiplier", "um2", "the same", number(um2.median));
    put(t, "um2_min", "least area", "um2", "over the recipes", number(um2.least));
    put(t, "um2_max", "most area", "um2", "over the recipes", number(um2.most));
    put(t, "ge_with_memories", "area with memories", "GE", "the same and the accumulators, where the library has macros for them",
        number(over_recipes(p, e, false, false, "total_with_memories", "ge").median));
    put(t, "encoder_ge_per_mac", "encoder's area", "GE", "a multiplier of the array; not in its area",
        number(p->enc ? over_recipes(p, e, true, false, "total", "ge").median : NAN));
    put(t, "fmax_mhz", "fastest clock", "MHz",
        "the array's own, OpenSTA; wires: the library's wire-load model of synth/clocks.def, or none", number(fmax_.median));
    put(t, "fmax_min", "slowest", "MHz", "over the recipes", number(fmax_.least));
    put(t, "fmax_max", "fastest", "MHz", "over the recipes", number(fmax_.most));
    put(t, "fmax_with_memories_mhz", "clock with memories", "MHz",
        "the same with the times of the accumulators' macros, where the library has them",
        number(over_recipes(p, e, false, true, "total_with_memories", "fmax_mhz").median));
    put(t, "period_ns", "period", "ns", "that latencies are told at; memories keep it, too, where their times are known",
        number(e->period));
    put(t, "clock", "clock", "", "target: the library's or the one asked for; fmax: that was not met",
        words(isnan(e->period) ? NULL : e->at_target ? "target" : "fmax"));
    put(t, "data", "data", "", "of the energy", words(p->data.count ? p->data.item[0] : NULL));
    put(t, "delay", "delays", "", "of the gate-level simulation", words(p->data.count ? p->delay : NULL));
    put(t, "pj_per_mac", "energy a MAC", "pJ",
        "array at full use, weights being loaded all the time, no memories, no clock tree; codebooks universal or frozen",
        number(pj));
    for (int d = 1; d < DATA_NAMES; d++) {
        char key[32], title[48];
        snprintf(key, sizeof key, "pj_%s", data_names[d]);
        snprintf(title, sizeof title, "energy a MAC, %s", data_names[d]);
        put(t, key, title, "pJ", "the same with other data",
            number(energy_of(p, e, false, data_names[d], "total", "pj_per_mac")));
    }
    put(t, "glitch_share", "glitches", "", "share of the energy that no functional transition needs; none without delays",
        number(energy(p, e, false, "total", "glitch_energy_share")));
    put(t, "nmse_w", "NMSE of weights", "", "embedded model", number(e->nmse_w));
    put(t, "nmse_a", "NMSE of activations", "", "embedded model", number(e->nmse_a));
    put(t, "nmse", "NMSE", "", "squared errors over squares, all tensors together; in-sample: local and universal codebooks "
        "are both calibrated on the embedded model that is measured", number(e->nmse));
    put(t, "ge_x_nmse", "area x error", "GE", "area a multiplier times NMSE", number(ge.median * e->nmse));
    put(t, "pj_x_nmse", "energy x error", "pJ", "energy a MAC times NMSE", number(pj * e->nmse));
    put(t, "mac_s_mm2", "MAC a second and mm2", "1/(s mm2)", "at the period, at full use",
        number(1e9 / e->period / (um2.median * 1e-6)));
}

static void put_workload(table *t, const explore_point *p, const explore_result *e, const explore_workload *w) {
    bool there = false;
    for (int i = 0; i < p->workloads.count; i++) there = there || strcmp(p->workloads.item[i], w->name) == 0;
    explore_cost c = explore_workload_cost(p, &e->format, w);
    char key[96], title[128];
    const struct { const char *key, *title, *unit, *about; double value; } all[] = {
        { "cycles", "cycles", "", "all layers, by the cycle formula", c.cycles },
        { "latency", "latency", "ms", "all layers, cycles at the period", c.cycles * e->period * 1e-6 },
        { "utilisation", "use", "", "of the multipliers", c.macs / (c.cycles * rtl_macs(&p->build)) },
        { "bytes", "bytes moved", "B", "weights, activations, results and codebooks in and out of the array, all layers",
          c.bytes_w + c.bytes_a + c.bytes_r + c.bytes_cb },
        { "energy", "energy a token", "mJ", "estimate, the array alone: energy a MAC times MACs, loading of weights included, and "
          "multipliers without work at the energy of a waiting array, which loads none",
          workload_energy(p, e, &c) / (double)w->tokens * 1e-9 },
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        snprintf(key, sizeof key, "%s_%s", all[i].key, w->name);
        snprintf(title, sizeof title, "%s, %s", all[i].title, w->name);
        put(t, key, title, all[i].unit, all[i].about, number(there ? all[i].value : NAN));
    }
}

static bool uses(const explore_study *s, const explore_workload *w) {
    for (size_t i = 0; i < s->space->count; i++)
        for (int j = 0; j < s->space->points[i].workloads.count; j++)
            if (strcmp(s->space->points[i].workloads.item[j], w->name) == 0) return true;
    return false;
}

static json_t *workload_object(const explore_workload *w) {
    json_t *gemms = json_array();
    for (int i = 0; i < w->gemms; i++)
        json_array_append_new(gemms, json_pack("{s:s, s:I, s:I}", "name", w->gemm[i].name, "n", (json_int_t)w->gemm[i].n, "k",
                                               (json_int_t)w->gemm[i].k));
    return json_pack("{s:s, s:I, s:I, s:s, s:o}", "name", w->name, "tokens", (json_int_t)w->tokens, "layers",
                     (json_int_t)w->layers, "source", w->source, "gemms", gemms);
}

/* Everything, or NULL: no memory. */
static json_t *make_json(const explore_study *s, const char *title) {
    json_t *columns = json_array(), *points = json_array(), *loads = json_array();
    table t = { .columns = columns, .first = true, .good = columns && points && loads };
    for (size_t i = 0; t.good && i < s->space->count; i++) {
        const explore_point *p = &s->space->points[i];
        const explore_result *e = &s->results[i];
        if (!e->good) continue;
        t.good = (t.point = json_object());
        put_configuration(&t, s, p, e);
        put_hardware(&t, p, e);
        for (size_t w = 0; w < s->workloads->count; w++)
            if (uses(s, &s->workloads->all[w])) put_workload(&t, p, e, &s->workloads->all[w]);
        char *commands = explore_commands(s, i);
        t.good = json_object_set_new(t.point, "recipe", json_string(commands)) == 0 && t.good;
        free(commands);
        t.good = json_array_append_new(points, t.point) == 0 && t.good;
        t.first = false;
    }
    for (size_t w = 0; t.good && w < s->workloads->count; w++)
        if (uses(s, &s->workloads->all[w])) t.good = json_array_append_new(loads, workload_object(&s->workloads->all[w])) == 0;
    json_t *all = json_pack("{s:s, s:s, s:o, s:o, s:o}", "title", title, "generated_by", "bcq explore", "columns", columns,
                            "points", points, "workloads", loads);
    if (t.good && all) return all;
    json_decref(all);
    return NULL;
}

/* ---- Tables -------------------------------------------------------------------------------------------------- */

static void csv_field(FILE *f, const json_t *value) {
    if (json_is_integer(value)) fprintf(f, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    else if (json_is_real(value)) fprintf(f, "%.9g", json_real_value(value));
    else if (json_is_string(value) && !strpbrk(json_string_value(value), ",\"\n")) fputs(json_string_value(value), f);
    else if (json_is_string(value)) {
        putc('"', f);
        for (const char *c = json_string_value(value); *c; c++) {
            if (*c == '"') putc('"', f);
            putc(*c, f);
        }
        putc('"', f);
    }
}

static void write_points(FILE *f, const json_t *all) {
    size_t i, c;
    json_t *point, *column, *columns = json_object_get(all, "columns");
    json_array_foreach(columns, c, column) fprintf(f, "%s%s", c ? "," : "", json_string_value(json_object_get(column, "key")));
    putc('\n', f);
    json_array_foreach(json_object_get(all, "points"), i, point) {
        json_array_foreach(columns, c, column) {
            if (c) putc(',', f);
            csv_field(f, json_object_get(point, json_string_value(json_object_get(column, "key"))));
        }
        putc('\n', f);
    }
}

static void field(FILE *f, double x) {
    putc(',', f);
    if (isfinite(x)) fprintf(f, "%.9g", x);
}

typedef struct { spread ge, um2, fmax_; double pj[DATA_NAMES], pj_scalar; } part_row;

static void write_part(FILE *f, const explore_study *s, size_t i, const char *part, const part_row *r) {
    const explore_point *p = &s->space->points[i];
    const explore_result *e = &s->results[i];
    int first = 0;
    for (int d = 0; d < DATA_NAMES; d++)
        if (p->data.count && strcmp(p->data.item[0], data_names[d]) == 0) first = d;
    fprintf(f, "%s,%s,%s,%s", p->format, p->variant, e->library_name, part);
    field(f, r->ge.median);
    field(f, r->um2.median);
    field(f, r->fmax_.median);
    field(f, r->pj[first]);
    field(f, e->nmse);
    fprintf(f, ",%s", s->yosys);
    field(f, r->ge.least);
    field(f, r->ge.most);
    field(f, r->um2.least);
    field(f, r->um2.most);
    field(f, r->fmax_.least);
    field(f, r->fmax_.most);
    for (int d = 1; d < DATA_NAMES; d++) field(f, r->pj[d]);
    field(f, r->pj_scalar);
    fprintf(f, ",%s,%d,%d,%d,%d", p->recipes.item[e->median], p->recipes.count, rtl_macs(&p->build), p->enc, p->cb);
    field(f, e->bits);
    field(f, e->nmse_w);
    field(f, e->nmse_a);
    putc(',', f);
    if (strcmp(part, "total") == 0)
        for (int k = 0; k < p->recipes.count; k++)
            fprintf(f, "%s%s:%.9g", k ? " " : "", p->recipes.item[k],
                    explore_csv_number(&e->array[k].parts, part, "ge") / rtl_macs(&p->build));
    putc('\n', f);
}

static part_row row_of(const explore_point *p, const explore_result *e, bool encoder, const char *part) {
    part_row r = { .ge = over_recipes(p, e, encoder, false, part, "ge"), .um2 = over_recipes(p, e, encoder, false, part, "um2"),
                   .fmax_ = over_recipes(p, e, encoder, true, part, "fmax_mhz") };
    for (int d = 0; d < DATA_NAMES; d++) r.pj[d] = energy_of(p, e, encoder, data_names[d], part, "pj_per_mac");
    r.pj_scalar = encoder ? energy(p, e, true, part, "pj_per_scalar") : NAN;
    return r;
}

static void write_parts(FILE *f, const explore_study *s) {
    fputs("format,variant,library,part,ge_per_mac,um2_per_mac,fmax_mhz,pj_per_mac,nmse,yosys,ge_min,ge_max,um2_min,um2_max,"
          "fmax_min,fmax_max,pj_zeros,pj_random,pj_worst,pj_per_scalar,recipe,recipes,macs,enc,cb,bits,nmse_w,nmse_a,"
          "ge_by_recipe\n", f);
    for (size_t i = 0; i < s->space->count; i++) {
        const explore_point *p = &s->space->points[i];
        const explore_result *e = &s->results[i];
        if (!e->good) continue;
        const explore_csv *parts = &e->array[e->median].parts;
        for (int row = 1; row <= parts->rows; row++) {
            const char *part = parts->cell[row * parts->columns];
            part_row r = row_of(p, e, false, part);
            write_part(f, s, i, part, &r);
        }
        /* One column of the array for another: elements and scale unit. */
        part_row r = { .ge = of_column(p, e, "ge"), .um2 = of_column(p, e, "um2"), .fmax_ = { NAN, NAN, NAN }, .pj_scalar = NAN };
        for (int d = 0; d < DATA_NAMES; d++)
            r.pj[d] = energy_of(p, e, false, data_names[d], "pe", "pj_per_mac")
                    + energy_of(p, e, false, data_names[d], "scale_units", "pj_per_mac");
        write_part(f, s, i, "column", &r);
        if (!p->enc) continue;
        r = row_of(p, e, true, "total");
        write_part(f, s, i, "encoder", &r);
    }
}

static void write_workloads(FILE *f, const explore_study *s) {
    fputs("name,workload,layers,product,m,n,k,cycles,utilisation,bytes_weights,bytes_activations,bytes_results,bytes_codebooks\n", f);
    for (size_t i = 0; i < s->space->count; i++) {
        const explore_point *p = &s->space->points[i];
        const explore_result *e = &s->results[i];
        for (int j = 0; e->good && j < p->workloads.count; j++) {
            const explore_workload *w = explore_workload_find(s->workloads, p->workloads.item[j]);
            for (int g = 0; g < w->gemms; g++) {
                explore_cost c = explore_product_cost(p, &e->format, w->tokens, w->gemm[g].n, w->gemm[g].k);
                fprintf(f, "%s,%s,%ld,%s,%ld,%ld,%ld,%.0f,%.9g,%.17g,%.17g,%.17g,%.17g\n", p->name, w->name, (long)w->layers,
                        w->gemm[g].name, (long)w->tokens, (long)w->gemm[g].n, (long)w->gemm[g].k, c.cycles,
                        c.macs / (c.cycles * rtl_macs(&p->build)), c.bytes_w, c.bytes_a, c.bytes_r, c.bytes_cb);
            }
        }
    }
}

/* ---- All files ---------------------------------------------------------------------------------------------------- */

/* The page of one point without numbers, in the cache: nothing is left of it. */
static bool check_page(const explore_options *o, bcq_error *error) {
    static const char empty[] = "{\"title\": \"\", \"columns\": [{\"key\": \"name\"}], \"points\": [{\"name\": \"\"}]}\n";
    char *folder = explore_path("%s/page.tmp-%ld", o->cache, (long)getpid());
    char *json = explore_path("%s/points.json", folder), *to = explore_path("%s/page.html", folder);
    char *page = explore_path("%s/sw/explore/page.html", o->root);
    bool good = explore_make_folder(folder, error);
    bcq_output *out = good ? bcq_output_open(json, error) : NULL;
    if (out) fputs(empty, bcq_output_stream(out));
    good = out && bcq_output_commit(out, error) && explore_page(page, json, to, error);
    explore_remove(folder);
    free(page);
    free(to);
    free(json);
    free(folder);
    return good;
}

bool explore_report_check(const explore_options *o, bcq_error *error) {
    return explore_check_folder(o->tables, error) && explore_make_folder(o->cache, error) && check_page(o, error);
}

bool explore_report(const explore_study *s, const char *root, const char *folder, const char *title, bcq_error *error) {
    static const char *const names[] = { "points.csv", "parts.csv", "workloads.csv", "points.json" };
    enum { FILES = sizeof names / sizeof *names };
    bcq_output *out[FILES] = { 0 };
    json_t *all = make_json(s, title);
    char *text = all ? json_dumps(all, JSON_INDENT(1) | JSON_REAL_PRECISION(9)) : NULL;
    bool good = (text || bcq_fail(error, "%s: wanted memory for the tables, got none", folder)) && explore_make_folder(folder, error);
    for (int i = 0; good && i < FILES; i++) {
        char *path = explore_path("%s/%s", folder, names[i]);
        good = (out[i] = bcq_output_open(path, error));
        free(path);
    }
    if (good) {
        write_points(bcq_output_stream(out[0]), all);
        write_parts(bcq_output_stream(out[1]), s);
        write_workloads(bcq_output_stream(out[2]), s);
        fprintf(bcq_output_stream(out[3]), "%s\n", text);
    }
    for (int i = 0; i < FILES; i++) {
        if (good && out[i]) {
            good = bcq_output_commit(out[i], error);
        } else {
            bcq_output_discard(out[i]);
        }
    }
    char *page = explore_path("%s/sw/explore/page.html", root), *to = explore_path("%s/page.html", folder);
    char *json = explore_path("%s/points.json", folder);
    good = good && explore_page(page, json, to, error);
    free(page);
    free(to);
    free(json);
    free(text);
    json_decref(all);
    return good;
}
