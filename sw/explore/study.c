#include <errno.h>
#include <glob.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "explore.h"

/* Three rounds, each of jobs that do not wait for one another: cell libraries, codebooks and errors; then
 * synthesis, for which frozen tables must be known; then energy, of the recipe of the median area. */

static const char weights[] = "sw/model/weights.safetensors", activations[] = "sw/model/activations.safetensors";

typedef struct {
    const explore_study *s;
    const explore_options *o;
    explore_job *jobs;
    size_t count, room;
    char *tools;              /* yosys -V and the like */
    char sources[EXPLORE_KEY + 1];
    bcq_error *error;
} round_of;

/* ---- Tools ------------------------------------------------------------------------------------------ */

/* First line that a command prints. "" if there is none. */
static char *first_line(const char *command) {
    char line[256] = "";
    FILE *f = popen(command, "r");
    if (f && !fgets(line, sizeof line, f)) line[0] = 0;
    if (f) pclose(f);
    line[strcspn(line, "\n")] = 0;
    return explore_path("%s", line);
}

static bool is_folder(const char *path) {
    struct stat s;
    return stat(path, &s) == 0 && S_ISDIR(s.st_mode);
}

/* ---- Keys --------------------------------------------------------------------------------------------- */

typedef char key_text[EXPLORE_KEY + 1];

/* root's files: a list of globs that ends with NULL. */
static bool key_sources(explore_key *k, const char *root, const char *const *globs, bcq_error *error) {
    bool good = true;
    for (int i = 0; good && globs[i]; i++) good = explore_key_files(k, root, globs[i], error);
    return good;
}

/* Contents of a library: a file, or the *.lib* of a folder. */
static bool key_library(explore_key *k, const char *library, bcq_error *error) {
    if (is_folder(library)) return explore_key_files(k, library, "*.lib*", error);
    char *folder = explore_path("%s", library), *slash = strrchr(folder, '/');
    char *name = explore_path("%s", slash ? slash + 1 : library);
    if (slash) *slash = 0;
    bool good = explore_key_files(k, slash ? folder : ".", name, error);
    free(folder);
    free(name);
    return good;
}

/* The memory macros that synth/cells.sh and bcq energy take from beside a library file. Without them it is the key
 * that it was. */
static bool key_macros(explore_key *k, const char *library, bcq_error *error) {
    if (is_folder(library)) return true;
    char *folder = explore_path("%s", library), *slash = strrchr(folder, '/');
    if (slash) slash[slash == folder] = 0;
    const char *root = slash ? folder : ".";
    char *pattern = explore_path("%s/RM_*_2P_*.lib*", root);
    glob_t found;
    bool there = glob(pattern, 0, NULL, &found) == 0;
    globfree(&found);
    bool good = !there || explore_key_files(k, root, "RM_*_2P_*.lib*", error);
    free(pattern);
    free(folder);
    return good;
}

/* A script of synth/ and every file of synth/ that it names, or that one of those names. */
static bool key_script(explore_key *k, const char *root, const char *script, bcq_error *error) {
    enum { NAMES_MAX = 64 };
    char *name[NAMES_MAX] = { explore_path("%s", script) };
    int count = 1;
    bool good = true;
    for (int i = 0; good && i < count; i++) {
        char *path = explore_path("%s/%s", root, name[i]), *text = explore_read_text(path, NULL, error);
        good = text && explore_key_files(k, root, name[i], error);
        free(path);
        for (const char *at = text; good && (at = strstr(at, "synth/")); at++) {
            char *found = explore_path("%.*s", (int)strspn(at, "abcdefghijklmnopqrstuvwxyz_/."), at);
            path = explore_path("%s/%s", root, found);
            bool known = is_folder(path) || access(path, R_OK) != 0;
            for (int j = 0; j < count; j++) known = known || strcmp(name[j], found) == 0;
            free(path);
            if (known || count == NAMES_MAX) free(found);
            else name[count++] = found;
        }
        free(text);
    }
    for (int i = 0; i < count; i++) free(name[i]);
    return good;
}

static bool cells_path(const round_of *r, const char *library, char **path) {
    explore_key *k = explore_key_open();
    key_text hex;
    bool good = key_library(k, library, r->error) && key_macros(k, library, r->error)
             && key_script(k, r->o->root, "synth/cells.sh", r->error);
    explore_key_close(k, hex);
    if (good) *path = explore_path("%s/cells-%s", r->o->cache, hex);
    return good;
}

static char *format_spec(const explore_point *p) {
    const rtl_build *b = &p->build;
    if (b->rival) return explore_path("%s", p->format);
    return explore_path("bcq:nc=%d:lb=%d:la=%d:ew=%d:b=%d:%s", b->nc, b->lb, b->la, b->entry_bits, b->index_bits,
                        p->universal ? "universal" : "local");
}

static bool accuracy_path(const round_of *r, const char *spec, char **path) {
    static const char *const sources[] = {
        weights, activations, "cmodel/params.def", "cmodel/*.c", "cmodel/formats/*.c", "sw/accuracy.c", "sw/calibrate*.c",
        "sw/lloyd*.c", "sw/fast_encode.c", "sw/model/universal/*.txt", NULL };
    explore_key *k = explore_key_open();
    key_text hex;
    explore_key_text(k, "accuracy", spec);
    explore_key_text(k, "holds", "bits nmse_w nmse_a nmse");
    bool good = key_sources(k, r->o->root, sources, r->error);
    explore_key_close(k, hex);
    if (good) *path = explore_path("%s/accuracy-%s", r->o->cache, hex);
    return good;
}

/* ---- Parameters for Yosys -------------------------------------------------------------------------------- */

/* The codebooks as one constant: entries of EW bits, two's complement, the first lowest. */
static char *table_constant(const bcq_codebooks *cb) {
    int ew = cb->p.entry_bits, entries = cb->p.nc * bcq_entries(&cb->p), bits = entries * ew;
    char *hex = calloc((size_t)bits / 4 + 2, 1);
    for (int digit = 0; hex && digit < (bits + 3) / 4; digit++) {
        int value = 0;
        for (int i = 0; i < 4 && 4 * digit + i < bits; i++) {
            int at = 4 * digit + i, entry = at / ew;
            unsigned code = (unsigned)cb->entry[entry / bcq_entries(&cb->p)][entry % bcq_entries(&cb->p)];
            value |= (int)(code >> (at % ew) & 1) << i;
        }
        hex[(bits + 3) / 4 - 1 - digit] = "0123456789abcdef"[value];
    }
    char *text = explore_path("%d'h%s", bits, hex ? hex : "");
    free(hex);
    return text;
}

static char *array_params(const explore_point *p, const char *table) {
    const rtl_build *b = &p->build;
    const char *asic = p->asic ? " -chparam Asic 1'b1" : "";
    if (b->rival)
        return explore_path("-chparam Format %d -chparam LA %d -chparam Cols %d -chparam T %d -chparam NDec %d%s", b->format,
                            b->la, b->cols, b->t, b->ndec, asic);
    char *frozen = b->frozen ? explore_path(" -chparam Frozen 1'b1 -chparam FrozenTableA %s -chparam FrozenTableW %s", table, table)
                             : explore_path("%s", "");
    char *decode = b->decode ? explore_path(" -chparam Decode %d", b->decode) : explore_path("%s", "");
    char *all = explore_path("-chparam LB %d -chparam LA %d -chparam NC %d -chparam B %d -chparam EW %d -chparam Cols %d "
                             "-chparam T %d -chparam NDec %d -chparam Exact 1'b%d -chparam Lanes %d%s%s%s", b->lb, b->la, b->nc,
                             b->index_bits, b->entry_bits, b->cols, b->t, b->ndec, b->exact, b->lanes, asic, decode, frozen);
    free(frozen);
    free(decode);
    return all;
}

/* Programmable tables are the array's: an encoder beside it reads them. */
static char *encoder_params(const explore_point *p, const char *table) {
    const rtl_build *b = &p->build;
    if (b->rival) return explore_path("-chparam Format %d -chparam EncLanes %d", b->format, p->enc);
    char *tables = b->frozen ? explore_path("-chparam SharedTable 1'b0 -chparam Frozen 1'b1 -chparam FrozenTable %s", table)
                             : explore_path("-chparam SharedTable 1'b1");
    char *all = explore_path("-chparam LB %d -chparam LA %d -chparam NC %d -chparam B %d -chparam EW %d -chparam EncLanes %d "
                             "-chparam CbPerCycle %d %s", b->lb, b->la, b->nc, b->index_bits, b->entry_bits, p->enc, p->cb, tables);
    free(tables);
    return all;
}

static const char *top_of(const explore_point *p, bool encoder) {
    return p->build.rival ? encoder ? "rival_encoder" : "rival_gemm" : encoder ? "bcq_encoder" : "bcq_gemm";
}

/* ---- Lists of jobs --------------------------------------------------------------------------------------- */

static explore_job *find_job(const round_of *r, const char *result) {
    for (size_t i = 0; i < r->count; i++)
        if (strcmp(r->jobs[i].result, result) == 0) return &r->jobs[i];
    return NULL;
}

/* Takes title, result and argv. Twice the same: once. */
static bool add_job(round_of *r, explore_job job) {
    if (find_job(r, job.result)) {
        explore_jobs_free(memcpy(calloc(1, sizeof job), &job, sizeof job), 1);
        return true;
    }
    if (r->count == r->room) {
        size_t room = 2 * r->room + 16;
        explore_job *grown = realloc(r->jobs, room * sizeof *grown);
        if (!grown) return bcq_fail(r->error, "wanted memory for %zu jobs, got none", room);
        r->jobs = grown;
        r->room = room;
    }
    r->jobs[r->count++] = job;
    return true;
}

static char **words(const char *const *from, int count) {
    char **list = calloc((size_t)count + 1, sizeof *list);
    for (int i = 0; list && i < count; i++) list[i] = explore_path("%s", from[i]);
    return list;
}

static bool wanted(const explore_options *o, size_t point) { return !o->only || (size_t)o->only == point + 1; }

/* Jobs are started in the project's root. */
static int run_in_root(const explore_job *j, const char *into) {
    const explore_options *o = j->context;
    if (chdir(o->root) != 0) {
        fprintf(stderr, "%s: wanted this folder, got: %s\n", o->root, strerror(errno));
        return 127;
    }
    return explore_exec(j, into);
}

/* ---- First round: cells, errors --------------------------------------------------------------------------- */

static bool measure_file(const char *root, const char *file, accuracy_format *f, accuracy_sums *sums, bcq_error *error) {
    char *path = explore_path("%s/%s", root, file);
    bcq_tensor **t = NULL;
    accuracy_options o = { .threads = 1 };
    size_t count = bcq_tensor_open_all(path, &t, error);
    bool good = count;
    for (size_t i = 0; i < count; i++) {
        accuracy_report report = { 0 };
        good = good && accuracy_measure(t[i], &f, 1, &o, &report, error);
        if (good) accuracy_add(sums, &report.sums[0]);
        accuracy_report_free(&report);
        bcq_tensor_close(t[i]);
    }
    free(t);
    free(path);
    return good;
}

static bool calibrate(const char *root, accuracy_format *f, bcq_error *error) {
    const char *const files[] = { weights, activations };
    bcq_tensor **all = NULL, **some;
    size_t count = 0;
    bool good = true;
    for (int i = 0; good && i < 2; i++) {
        char *path = explore_path("%s/%s", root, files[i]);
        size_t more = bcq_tensor_open_all(path, &some, error);
        free(path);
        bcq_tensor **grown = more ? realloc(all, (count + more) * sizeof *all) : NULL;
        good = grown;
        if (!good) break;
        all = grown;
        memcpy(all + count, some, more * sizeof *all);
        count += more;
        free(some);
    }
    accuracy_options o = { .threads = 1 };
    good = good && accuracy_calibrate(f, all, count, &o, error);
    for (size_t i = 0; i < count; i++) bcq_tensor_close(all[i]);
    free(all);
    return good;
}

/* Leaves accuracy.txt, and codebooks.txt of a bcq. argv: {}, the format. */
static int run_accuracy(const explore_job *j, const char *into) {
    const explore_options *o = j->context;
    bcq_error error = { "no memory" };
    accuracy_format f;
    accuracy_sums w = { 0 }, a = { 0 };
    bool good = accuracy_parse(j->argv[0], &f, &error) && calibrate(o->root, &f, &error)
             && measure_file(o->root, weights, &f, &w, &error) && measure_file(o->root, activations, &f, &a, &error)
             && explore_make_folder(into, &error);
    accuracy_sums both = w;
    accuracy_add(&both, &a);
    char *path = explore_path("%s/codebooks.txt", into), *text = explore_path("bcq explore: %s", j->argv[0]);
    if (good && f.source != ACCURACY_NO_CODEBOOKS) good = bcq_codebooks_write(path, &f.codebooks, text, &error);
    free(path);
    free(text);
    path = explore_path("%s/accuracy.txt", into);
    FILE *out = good ? fopen(path, "w") : NULL;
    if (out) fprintf(out, "format: %s\nbits: %.17g\nnmse_w: %.17g\nnmse_a: %.17g\nnmse: %.17g\n", j->argv[0],
                     accuracy_bits(&both), accuracy_nmse(&w), accuracy_nmse(&a), accuracy_nmse(&both));
    if (good && (!out || fclose(out) != 0)) good = bcq_fail(&error, "%s: wanted to write it, got: %s", path, strerror(errno));
    free(path);
    if (!good) fprintf(stderr, "%s\n", error.message);
    return !good;
}

static bool first_round(round_of *r) {
    for (size_t i = 0; i < r->s->space->count; i++) {
        const explore_point *p = &r->s->space->points[i];
        char *path = NULL, *spec = format_spec(p);
        if (!wanted(r->o, i)) {
            free(spec);
            continue;
        }
        char *from = realpath(p->library, NULL);
        const char *const library[] = { "synth/cells.sh", from ? from : p->library, "{}" };
        bool good = cells_path(r, p->library, &path)
                 && add_job(r, (explore_job){ .title = explore_path("cells of %s", p->library), .result = path, .folder = true,
                            .run = run_in_root, .context = r->o, .argv = words(library, 3) })
                 && accuracy_path(r, spec, &path)
                 && add_job(r, (explore_job){ .title = explore_path("error of %s", spec), .result = path, .folder = true,
                            .run = run_accuracy, .context = r->o, .argv = words((const char *const *)&spec, 1) });
        free(spec);
        free(from);
        if (!good) return false;
    }
    return true;
}

static bool read_accuracy(round_of *r, const explore_point *p, explore_result *e) {
    char *path = NULL, *spec = format_spec(p), message[256];
    bool good = accuracy_path(r, spec, &path);
    bcq_codebooks cb;
    char *file = explore_path("%s/accuracy.txt", path ? path : ""), *text = NULL;
    if (good && access(file, F_OK) == 0) {
        text = explore_read_text(file, NULL, r->error);
        good = text;
    }
    const char *const keys[] = { "bits", "nmse_w", "nmse_a", "nmse" };
    double *const numbers[] = { &e->bits, &e->nmse_w, &e->nmse_a, &e->nmse };
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        char *value = text ? explore_value(text, keys[i]) : NULL;
        *numbers[i] = value ? strtod(value, NULL) : NAN;
        free(value);
    }
    /* Bits of a product's rows; options of codebooks are no part of the format's name there. */
    char *colon = p->build.rival ? NULL : strrchr(spec, ':');
    if (colon) *colon = 0;
    good = good && (!bcq_format_parse(spec, &e->format, message, sizeof message) || bcq_fail(r->error, "%s", message));
    if (good && text && !p->build.rival) {
        e->codebooks = explore_path("%s/codebooks.txt", path);
        good = bcq_codebooks_read(e->codebooks, &cb, r->error);
        char *table = good && p->build.frozen ? table_constant(&cb) : NULL;
        e->params = array_params(p, table);
        e->encoder_params = encoder_params(p, table);
        free(table);
    } else if (good && (p->build.rival || !p->build.frozen)) {
        e->params = array_params(p, NULL);
        e->encoder_params = encoder_params(p, NULL);
    }
    free(text);
    free(file);
    free(spec);
    free(path);
    return good;
}

/* ---- Second round: synthesis --------------------------------------------------------------------------------- */

static bool synthesis_path(const round_of *r, const explore_point *p, const explore_result *e, int recipe, bool encoder,
                           char **path) {
    static const char *const sources[] = {
        "build/gen/bcq_pkg.sv", "rtl/*.sv", NULL };
    explore_key *k = explore_key_open();
    key_text hex;
    char *abc = explore_path("synth/recipes/%s.abc", p->recipes.item[recipe]), clock[32];
    snprintf(clock, sizeof clock, "%.17g", p->clock);
    explore_key_text(k, "top", top_of(p, encoder));
    explore_key_text(k, "params", encoder ? e->encoder_params : e->params);
    explore_key_text(k, "frozen", p->build.frozen ? "-f" : "");
    explore_key_text(k, "period", clock);
    explore_key_text(k, "tools", r->tools);
    explore_key_text(k, "recipe", p->recipes.item[recipe]);
    bool good = key_library(k, p->library, r->error) && key_sources(k, r->o->root, sources, r->error)
             && key_script(k, r->o->root, "synth/cells.sh", r->error) && key_script(k, r->o->root, "synth/job.sh", r->error)
             && explore_key_files(k, r->o->root, abc, r->error)
             && (!p->build.rival || explore_key_files(k, r->o->root, "rtl/rivals/*.sv", r->error));
    explore_key_close(k, hex);
    free(abc);
    if (good) *path = explore_path("%s/%s-%s", r->o->cache, top_of(p, encoder), hex);
    return good;
}

static bool add_synthesis(round_of *r, size_t point, int recipe, bool encoder) {
    const explore_point *p = &r->s->space->points[point];
    const explore_result *e = &r->s->results[point];
    char *cells = NULL, *path = NULL, period[32];
    if (!cells_path(r, p->library, &cells) || !synthesis_path(r, p, e, recipe, encoder, &path)) {
        free(cells);
        return false;
    }
    snprintf(period, sizeof period, "%.9g", p->clock);
    const char *argv[16] = { "synth/job.sh", "-o", "{}", "-c", cells, "-t", top_of(p, encoder), "-r", p->recipes.item[recipe],
                             "-p", encoder ? e->encoder_params : e->params };
    int count = 11;
    if (p->clock > 0) {
        argv[count++] = "-s";
        argv[count++] = period;
    }
    if (p->build.frozen) argv[count++] = "-f";
    bool good = add_job(r, (explore_job){
        .title = explore_path("%s%s %s", p->name, encoder ? " encoder" : "", p->recipes.item[recipe]), .result = path,
        .folder = true, .run = run_in_root, .context = r->o, .argv = words(argv, count) });
    free(cells);
    return good;
}

static bool second_round(round_of *r) {
    for (size_t i = 0; i < r->s->space->count; i++) {
        const explore_point *p = &r->s->space->points[i];
        for (int recipe = 0; wanted(r->o, i) && r->s->results[i].params && recipe < p->recipes.count; recipe++)
            if (!add_synthesis(r, i, recipe, false) || (p->enc && !add_synthesis(r, i, recipe, true))) return false;
    }
    return true;
}

static bool read_synthesis(round_of *r, explore_synthesis *y, const char *path) {
    char *parts = explore_path("%s/parts.csv", path), *timing = explore_path("%s/timing.csv", path);
    bool good = explore_csv_read(parts, &y->parts, r->error);
    y->has_timing = access(timing, F_OK) == 0;
    if (good && y->has_timing) good = explore_csv_read(timing, &y->timing, r->error);
    if (good) y->folder = explore_path("%s", path);
    free(parts);
    free(timing);
    return good;
}

/* The recipe whose array has the median area; of an even number the smaller of the two in the middle. */
static int median_recipe(const explore_result *e, int count) {
    for (int i = 0; i < count; i++) {
        double um2 = explore_csv_number(&e->array[i].parts, "total", "um2");
        int less = 0, same_before = 0;
        for (int j = 0; j < count; j++) {
            double other = explore_csv_number(&e->array[j].parts, "total", "um2");
            less += other < um2;
            same_before += other == um2 && j < i;
        }
        if (less + same_before == (count - 1) / 2) return i;
    }
    return 0;
}

/* Worst paths: memories' among them where the library has macros for them. */
static const char *clock_row(const explore_synthesis *y) {
    static const char all[] = "total_with_memories";
    return isnan(explore_csv_number(&y->timing, all, "delay_ns")) ? "total" : all;
}

static bool read_facts(round_of *r, const explore_point *p, explore_result *e) {
    const explore_synthesis *y = &e->array[e->median];
    char *path = explore_path("%s/job.txt", y->folder), *text = explore_read_text(path, NULL, r->error);
    free(path);
    if (!text) return false;
    char *period = explore_value(text, "period_ns");
    double target = p->clock > 0 ? p->clock : period && *period ? strtod(period, NULL) : NAN;
    double delay = y->has_timing ? explore_csv_number(&y->timing, clock_row(y), "delay_ns") : NAN;
    e->library_name = explore_value(text, "library");
    e->nand2 = explore_value(text, "nand2");
    e->at_target = delay <= target;
    e->period = e->at_target ? target : delay;
    free(period);
    free(text);
    return true;
}

static bool read_point(round_of *r, size_t point) {
    const explore_point *p = &r->s->space->points[point];
    explore_result *e = &r->s->results[point];
    int count = p->recipes.count;
    e->array = calloc((size_t)count, sizeof *e->array);
    if (p->enc) e->encoder = calloc((size_t)count, sizeof *e->encoder);
    if (!e->array || (p->enc && !e->encoder)) return bcq_fail(r->error, "%s: wanted memory, got none", p->name);
    e->good = e->params != NULL;
    for (int i = 0; e->good && i < count; i++)
        for (int encoder = 0; encoder <= (p->enc > 0); encoder++) {
            char *path = NULL;
            if (!synthesis_path(r, p, e, i, encoder, &path)) return false;
            bool there = access(path, F_OK) == 0;
            bool good = !there || read_synthesis(r, encoder ? &e->encoder[i] : &e->array[i], path);
            free(path);
            if (!good) return false;
            e->good = e->good && there;
        }
    if (!e->good) return true;
    e->median = median_recipe(e, count);
    return read_facts(r, p, e);
}

/* ---- Third round: energy ------------------------------------------------------------------------------------- */

/* Of the first data only. */
static bool has_encoder_energy(const explore_point *p, int data) { return p->enc && data == 0; }

static bool energy_path(const round_of *r, const explore_point *p, const char *folder, int data, char **path) {
    static const char *const sources[] = {
        weights, activations, "sw/energy*.[ch]", "sw/cmd_energy.c", "sw/gates*.[ch]", "sw/liberty*.[ch]", "sw/rtl.c",
        "sw/rtl_encoder.c", "sw/rival.c", "synth/blocks.def", "sw/universal.c", "sw/model/universal/*.txt",
        "sw/calibrate*.c", "sw/lloyd*.c", "sw/fast_encode.c", "sw/packed.c", "sw/gemm.c", "cmodel/params.def",
        "cmodel/*.[ch]", "cmodel/formats/*.[ch]", NULL };
    explore_key *k = explore_key_open();
    key_text hex;
    explore_key_text(k, "netlist", strrchr(folder, '/') + 1);
    explore_key_text(k, "data", p->data.item[data]);
    explore_key_text(k, "delay", p->delay);
    bool good = key_library(k, p->library, r->error) && key_macros(k, p->library, r->error)
             && key_sources(k, r->o->root, sources, r->error);
    explore_key_close(k, hex);
    if (good) *path = explore_path("%s/energy-%s.csv", folder, hex);
    return good;
}

static bool third_round(round_of *r) {
    for (size_t i = 0; i < r->s->space->count; i++) {
        const explore_point *p = &r->s->space->points[i];
        const explore_result *e = &r->s->results[i];
        for (int data = 0; e->good && data < p->data.count; data++)
            for (int encoder = 0; encoder <= has_encoder_energy(p, data); encoder++) {
                const char *folder = (encoder ? e->encoder : e->array)[e->median].folder;
                char *path = NULL;
                if (!energy_path(r, p, folder, data, &path)) return false;
                char *library = realpath(p->library, NULL);
                /* This very program, even where a newer one has taken its name. */
                const char *const argv[] = {
                    "/proc/self/exe", "energy", folder, "--liberty", library ? library : p->library, "--data",
                    p->data.item[data], "--delay", p->delay, "--output", path };
                char *title = explore_path("%s%s energy, %s", p->name, encoder ? " encoder" : "", p->data.item[data]);
                bool good = add_job(r, (explore_job){ .title = title, .result = path, .run = run_in_root,
                                    .context = r->o, .argv = words(argv, 11) });
                free(library);
                if (!good) return false;
            }
    }
    return true;
}

static bool read_energy(round_of *r, size_t point) {
    const explore_point *p = &r->s->space->points[point];
    explore_result *e = &r->s->results[point];
    for (int data = 0; e->good && data < p->data.count; data++)
        for (int encoder = 0; encoder <= has_encoder_energy(p, data); encoder++) {
            char *path = NULL;
            if (!energy_path(r, p, (encoder ? e->encoder : e->array)[e->median].folder, data, &path)) return false;
            bool good = access(path, F_OK) != 0
                     || explore_csv_read(path, encoder ? &e->encoder_energy[data] : &e->energy[data], r->error);
            free(path);
            if (!good) return false;
        }
    return true;
}

/* ---- All of it -------------------------------------------------------------------------------------------------- */

/* At most so many jobs: points may share them. */
static size_t energies(const explore_study *s, const explore_options *o) {
    size_t all = 0;
    for (size_t i = 0; i < s->space->count; i++) {
        const explore_point *p = &s->space->points[i];
        if (wanted(o, i) && p->data.count) all += (size_t)p->data.count + (p->enc > 0);
    }
    return all;
}

static size_t syntheses(const explore_study *s, const explore_options *o) {
    size_t all = 0;
    for (size_t i = 0; i < s->space->count; i++) {
        const explore_point *p = &s->space->points[i];
        if (wanted(o, i)) all += (size_t)p->recipes.count * (p->enc ? 2 : 1);
    }
    return all;
}

static void count_missing(explore_study *s, const round_of *r) {
    for (size_t i = 0; i < r->count; i++)
        if (access(r->jobs[i].result, F_OK) != 0) s->made++;
}

/* What other programs read while jobs run; this one does not change under itself. */
static bool digest(const round_of *r, key_text hex) {
    static const char *const sources[] = {
        weights, activations, "build/gen/bcq_pkg.sv", "rtl/*.sv", "rtl/rivals/*.sv", "synth/recipes/*.abc", NULL };
    explore_key *k = explore_key_open();
    bool good = key_sources(k, r->o->root, sources, r->error) && key_script(k, r->o->root, "synth/cells.sh", r->error)
             && key_script(k, r->o->root, "synth/job.sh", r->error);
    explore_key_close(k, hex);
    return good;
}

/* What was made while the sources changed may be of either: it goes. */
static bool check_sources(const round_of *r) {
    key_text now;
    if (!digest(r, now)) return false;
    if (strcmp(now, r->sources) == 0) return true;
    for (size_t i = 0; i < r->count; i++)
        if (r->jobs[i].log) explore_remove(r->jobs[i].result);
    return bcq_fail(r->error, "wanted sources that stay as they are while jobs run, got others (rtl or synth)");
}

/* later: jobs that further rounds may have. */
static bool run_round(explore_study *s, round_of *r, explore_runner *runner, size_t later, int *signal_number) {
    runner->all = runner->done + r->count + later;
    count_missing(s, r);
    s->jobs += r->count;
    bool good = true;
    for (size_t i = 0; r->o->cached_only && i < r->count; i++)
        if (access(r->jobs[i].result, F_OK) != 0) {
            r->jobs[i].state = JOB_FAILED;
            r->jobs[i].message = explore_path("no result in the cache; its task said why in slurm-K.log beside the tables");
        }
    good = explore_run(runner, r->jobs, r->count, signal_number, r->error) && check_sources(r);
    for (size_t i = 0; good && i < r->count; i++)
        if (r->jobs[i].state == JOB_FAILED) {
            s->failed++;
            fprintf(r->o->failures, "bcq explore: %s failed: %s\n", r->jobs[i].title, r->jobs[i].message);
        }
    explore_jobs_free(r->jobs, r->count);
    r->jobs = NULL;
    r->count = r->room = 0;
    return good;
}

/* Synthesis reads the package that make writes from cmodel/params.def. */
static bool check_package(const char *root, bcq_error *error) {
    char *package = explore_path("%s/build/gen/bcq_pkg.sv", root), *numbers = explore_path("%s/cmodel/params.def", root);
    struct stat made, from;
    bool good = stat(package, &made) == 0 && stat(numbers, &from) == 0
             && (made.st_mtim.tv_sec > from.st_mtim.tv_sec
                 || (made.st_mtim.tv_sec == from.st_mtim.tv_sec && made.st_mtim.tv_nsec >= from.st_mtim.tv_nsec));
    if (!good) bcq_fail(error, "%s: wanted it newer than cmodel/params.def (make build/gen/bcq_pkg.sv), got an older one or none", package);
    free(package);
    free(numbers);
    return good;
}

static bool prepare(explore_study *s, const explore_options *o, round_of *r, bcq_error *error) {
    s->results = calloc(s->space->count + 1, sizeof *s->results);
    if (!s->results) return bcq_fail(error, "wanted memory for %zu points, got none", s->space->count);
    s->yosys = first_line("yosys -V 2>/dev/null");
    if (!*s->yosys) return bcq_fail(error, "yosys: wanted this program (scripts/setup test installs it), got none");
    char *sta = first_line("sta -version 2>/dev/null");
    *r = (round_of){ .s = s, .o = o, .error = error, .tools = explore_path("%s, sta %s", s->yosys, sta) };
    free(sta);
    if (!check_package(o->root, error)) return false;
    for (size_t i = 0; i < s->space->count; i++)
        if (access(s->space->points[i].library, R_OK) != 0)
            return bcq_fail(error, "%s: wanted a liberty file or a folder of them, got none", s->space->points[i].library);
    return digest(r, r->sources);
}

/* Is there a group timing (...) in a file? A folder or a packed file is taken to have one. */
static bool has_times(const char *library, bool *times, bcq_error *error) {
    *times = true;
    if (is_folder(library)) return true;
    char *text = explore_read_text(library, NULL, error);
    if (!text) return false;
    bool packed = text[0] == '\x1f';
    *times = packed;
    for (const char *at = text; !*times && (at = strstr(at, "timing")); at += strlen("timing"))
        *times = at[strlen("timing") + strspn(at + strlen("timing"), " \t")] == '(';
    free(text);
    return true;
}

bool explore_check_delays(const explore_space *s, bcq_error *error) {
    const char *last = NULL;
    bool times = true;
    for (size_t i = 0; i < s->count; i++) {
        const explore_point *p = &s->points[i];
        if (!p->data.count || strcmp(p->delay, "zero") == 0) continue;
        if ((!last || strcmp(last, p->library) != 0) && !has_times(p->library, &times, error)) return false;
        last = p->library;
        if (!times)
            return bcq_fail(error, "%s: block at line %d: data: wanted none, or delay = zero, for %s has no times, got %s",
                            s->path, p->line, p->library, p->data.item[0]);
    }
    return true;
}

bool explore_study_run(explore_study *s, const explore_options *o, int *signal_number, bcq_error *error) {
    round_of r = { 0 };
    *signal_number = 0;
    bool good = prepare(s, o, &r, error) && explore_make_folder(o->cache, error)
             && (!o->tables || explore_report_check(o, error)) && first_round(&r);
    explore_runner runner = { .parallel = o->parallel, .progress = o->progress, .log_folder = o->cache };
    good = good && run_round(s, &r, &runner, syntheses(s, o) + energies(s, o), signal_number);
    for (size_t i = 0; good && i < s->space->count; i++)
        if (wanted(o, i)) good = read_accuracy(&r, &s->space->points[i], &s->results[i]);
    good = good && second_round(&r) && run_round(s, &r, &runner, energies(s, o), signal_number);
    for (size_t i = 0; good && i < s->space->count; i++)
        if (wanted(o, i)) good = read_point(&r, i);
    good = good && third_round(&r) && run_round(s, &r, &runner, 0, signal_number);
    for (size_t i = 0; good && i < s->space->count; i++)
        if (wanted(o, i)) good = read_energy(&r, i);
    explore_jobs_free(r.jobs, r.count);
    free(r.tools);
    return good;
}

bool explore_study_list(explore_study *s, const explore_options *o, bcq_error *error) {
    round_of r = { 0 };
    bool good = prepare(s, o, &r, error) && first_round(&r);
    for (size_t i = 0; good && i < s->space->count; i++) good = read_accuracy(&r, &s->space->points[i], &s->results[i]);
    good = good && second_round(&r);
    size_t known = r.count;
    s->made = 0;
    if (good) count_missing(s, &r);
    size_t cached = known - s->made;
    if (good) {
        printf("%4s  %-28s %-10s %4s %4s %4s %3s %3s %5s %4s %4s  %-6s %-12s %-5s %4s %3s  %s\n", "", "name", "format", "lb",
               "la", "nc", "ew", "b", "cols", "t", "ndec", "decode", "tables", "acc", "enc", "cb", "recipes, library");
        for (size_t i = 0; i < s->space->count; i++) {
            const explore_point *p = &s->space->points[i];
            const rtl_build *b = &p->build;
            static const char *const places[] = { "edge", "entry", "code" };
            printf("%4zu  %-28s %-10s %4d %4d %4d %3d %3d %5d %4d %4d  %-6s %-12s %-5s %4d %3d  %d, %s\n", i + 1, p->name,
                   p->format, b->lb, b->la, b->nc, b->entry_bits, b->index_bits, b->cols, b->t, b->ndec,
                   b->rival ? "-" : places[b->decode], b->rival ? "-" : b->frozen ? "frozen" : "programmable",
                   b->rival ? "-" : b->exact ? "exact" : "fp32", p->enc, p->cb, p->recipes.count, p->library);
        }
        size_t all = 0;
        for (size_t i = 0; i < s->space->count; i++) all += (size_t)s->space->points[i].data.count;
        printf("%zu points, %zu energies, %zu other jobs known, %zu of them in the cache\n", s->space->count, all, known, cached);
    }
    explore_jobs_free(r.jobs, r.count);
    free(r.tools);
    return good;
}

static void synthesis_free(explore_synthesis *y, int count) {
    for (int i = 0; y && i < count; i++) {
        free(y[i].folder);
        explore_csv_free(&y[i].parts);
        explore_csv_free(&y[i].timing);
    }
    free(y);
}

void explore_study_free(explore_study *s) {
    for (size_t i = 0; s->results && i < s->space->count; i++) {
        explore_result *e = &s->results[i];
        synthesis_free(e->array, s->space->points[i].recipes.count);
        synthesis_free(e->encoder, s->space->points[i].recipes.count);
        for (int d = 0; d < EXPLORE_LIST_MAX; d++) {
            explore_csv_free(&e->energy[d]);
            explore_csv_free(&e->encoder_energy[d]);
        }
        free(e->params);
        free(e->encoder_params);
        free(e->library_name);
        free(e->nand2);
        free(e->codebooks);
    }
    free(s->results);
    free(s->yosys);
}

/* ---- Commands that print it again ---------------------------------------------------------------------------------- */

/* text, which goes, and more behind it. */
static char *join(char *text, char *more) {
    char *both = explore_path("%s%s", text, more);
    free(text);
    free(more);
    return both;
}

char *explore_commands(const explore_study *s, size_t point) {
    const explore_point *p = &s->space->points[point];
    const explore_result *e = &s->results[point];
    char *spec = format_spec(p), *library = explore_quoted(p->library), period[48] = "";
    if (p->clock > 0) snprintf(period, sizeof period, " -s %.9g", p->clock);
    char *text = explore_path("make -s build/bcq build/gen/bcq_pkg.sv\nrm -rf build/again\n"
                              "synth/cells.sh %s build/again/cells\n", library);
    for (int encoder = 0; encoder <= (p->enc > 0); encoder++) {
        const char *name = encoder ? "encoder" : "array";
        text = join(text, explore_path("synth/job.sh -o build/again/%s -c build/again/cells -t %s -r %s%s%s \\\n"
                                       "  -p \"%s\"\ncat build/again/%s/parts.csv\n", name, top_of(p, encoder),
                                       p->recipes.item[e->median], period, p->build.frozen ? " -f" : "",
                                       encoder ? e->encoder_params : e->params, name));
        if (e->array[e->median].has_timing)
            text = join(text, explore_path("cat build/again/%s/timing.csv\n", name));
        for (int i = 0; i < p->data.count && (!encoder || has_encoder_energy(p, i)); i++)
            text = join(text, explore_path("build/bcq energy build/again/%s --liberty %s --data %s --delay %s\n", name,
                                           library, p->data.item[i], p->delay));
    }
    /* Both files at once: local codebooks are those of all their tensors. */
    text = join(text, explore_path("build/bcq compare --formats %s %s %s\n", spec, weights, activations));
    free(library);
    free(spec);
    return text;
}
