#include "rtl.h"

#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dut.h"

static const char array_configs[] = "rtl/configs.def", rival_configs[] = "rtl/rivals/configs.def",
                  rival_kind[] = ".rival";

enum {
    RESULT_WORDS_MAX = 256,  /* most columns */
    HANG_CYCLES = 100000     /* without a single handshake: far above any pipeline, or seven eighths stalls */
};

struct rtl {
    void *library;
    const dut_model *model;
    dut *dut;
    rtl_build build;
    uint32_t loads;  /* of codebooks */
    struct {
        int rst_ni, cmd_valid, cmd_ready, cmd_m, cmd_n, cmd_k, cb_valid, cb_ready, cb_weights,
            cb_book, cb_entry, w_valid, w_ready, w_data, a_valid, a_ready, a_data, r_valid, r_ready,
            r_last, r_data, busy, scale_nan, cycles, identity;
    } port;
};

/* ---- Cycle formula -------------------------------------------------------------------------- */

static int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }
static int64_t max3(int64_t a, int64_t b, int64_t c) {
    int64_t m = a > b ? a : b;
    return m > c ? m : c;
}

/* Of rtl/rivals, by format; stages as in its column. group 0: the whole column. */
static const struct { int group, add, result; } rival_of[] = {
    [BCQ_FORMAT_INT8_TOKEN] = { 0, BCQ_STAGE_ADD_INT8_TOKEN, BCQ_STAGE_RESULT_INT8_TOKEN },
    [BCQ_FORMAT_INT8] = { 0, BCQ_STAGE_ADD_INT8, BCQ_STAGE_RESULT_INT8 },
    [BCQ_FORMAT_VSQ] = { BCQ_VSQ_GROUP, BCQ_STAGE_ADD_VSQ, BCQ_STAGE_RESULT_VSQ },
    [BCQ_FORMAT_MXFP4] = { BCQ_MXFP4_GROUP, BCQ_STAGE_ADD_MXFP4, BCQ_STAGE_RESULT_MXFP4 },
    [BCQ_FORMAT_NVFP4] = { BCQ_NVFP4_GROUP, BCQ_STAGE_ADD_NVFP4, BCQ_STAGE_RESULT_NVFP4 },
};

int rtl_latency(const rtl_build *b) {
    if (b->rival) {
        int group = rival_of[b->format].group;  /* its rows are the skew of a token */
        return (group ? group : b->la) / b->lanes + b->cols + rival_of[b->format].result - 1;
    }
    return rtl_rows(b) + b->cols
         + (b->deep ? BCQ_STAGES_DEEP : b->exact ? BCQ_STAGES_EXACT : BCQ_STAGES_FP32);
}

static int loop_cycles(const rtl_build *b) {
    if (b->rival) return rival_of[b->format].result - rival_of[b->format].add + BCQ_STAGE_READ + 1;
    return b->deep ? BCQ_LOOP_DEEP : b->exact ? BCQ_LOOP_EXACT : BCQ_LOOP_FP32;
}

uint64_t rtl_cycles_formula(const rtl_build *b, int64_t m, int64_t n, int64_t k) {
    int64_t rows = rtl_rows(b), groups = b->cols / b->ndec;
    int64_t load = rows * groups;
    int64_t lag = b->ndec > rows && groups > 1 ? (groups - 1) * (b->ndec - rows) - 1 : 0;
    int64_t loop = loop_cycles(b);
    int64_t latency = rtl_latency(b);
    int64_t m_tiles = ceil_div(m, b->t), tail = m - (m_tiles - 1) * b->t;
    int64_t passes = ceil_div(n, b->cols) * ceil_div(k, b->la);  /* of one m tile */
    return (uint64_t)(load
                      + (m_tiles - 1) * passes * max3(b->t, load + lag, loop)
                      + (passes - 1) * max3(tail, load + lag, loop)
                      + tail + latency);
}

const char *rtl_refuses(const rtl_build *b, const bcq_codebooks *cb) {
    if (cb->p.la != b->la) return "la of the file differs from the build's";
    if (cb->p.nc > b->nc) return "the file has more codebooks than the build";
    if (cb->p.entry_bits > b->entry_bits) return "the file's entries are wider than the build's";
    if (cb->p.index_bits > b->index_bits) return "the file's indices are wider than the build's";
    if (cb->p.lb % b->lb) return "lb of the file is no multiple of the build's";
    return NULL;
}

/* ---- Opening -------------------------------------------------------------------------------- */

bool rtl_project_root(char *path, size_t size, bcq_error *error) {
    char here[PATH_MAX], probe[PATH_MAX + 32];
    ssize_t length = readlink("/proc/self/exe", here, sizeof here - 1);
    if (length < 0) return bcq_fail(error, "/proc/self/exe: %s", strerror(errno));
    here[length] = 0;
    for (char *slash; (slash = strrchr(here, '/')); ) {
        *slash = 0;
        snprintf(probe, sizeof probe, "%s/rtl/configs.def", here);
        if (access(probe, R_OK) == 0) {
            snprintf(path, size, "%s", here);
            return true;
        }
    }
    return bcq_fail(error, "rtl/configs.def: wanted it in a folder above the program, found none");
}

static bool build_model(const char *root, const char *file, const char *config, bcq_error *error) {
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", root, file);
    if (access(path, R_OK) != 0)
        fprintf(stderr, "building the model of configuration %s (once)\n", config);
    pid_t child = fork();
    if (child < 0) return bcq_fail(error, "fork: %s", strerror(errno));
    if (child == 0) {
        dup2(STDERR_FILENO, STDOUT_FILENO);
        execlp("make", "make", "-s", "--no-print-directory", "-C", root, file, (char *)NULL);
        _exit(127);
    }
    int status = 0;
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR) return bcq_fail(error, "make: %s", strerror(errno));
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        return bcq_fail(error, "%s: its model could not be built (make %s)", config, file);
    return true;
}

/* A configuration is a row of `file`; anything else is no name for make to try. tables:
 * what the row says of them, [256], or NULL. */
static bool find_config(const char *root, const char *file, const char *config, char *tables,
                        bcq_error *error) {
    char path[PATH_MAX], line[512], known[400] = "";
    snprintf(path, sizeof path, "%s/%s", root, file);
    FILE *f = fopen(path, "r");
    if (!f) return bcq_fail(error, "%s: %s", path, strerror(errno));
    bool found = false;
    while (fgets(line, sizeof line, f)) {
        char name[64], last[256] = "";
        if (line[0] == '#'
            || sscanf(line, "%63s %*s %*s %*s %*s %*s %*s %*s %*s %*s %255s", name, last) < 1)
            continue;
        if (strcmp(name, config) == 0) {
            found = true;
            if (tables) memcpy(tables, last, sizeof last);
        }
        if (strlen(known) + strlen(name) + 3 < sizeof known)
            strcat(strcat(known, known[0] ? ", " : ""), name);
    }
    fclose(f);
    return found || bcq_fail(error, "--config: wanted one of %s, got \"%s\"", known, config);
}

bool rtl_frozen_codebooks(const char *config, bcq_codebooks *cb, bcq_error *error) {
    static const char prefix[] = "frozen:";
    char root[PATH_MAX - 256], tables[256], path[PATH_MAX];
    if (!rtl_project_root(root, sizeof root, error) || !find_config(root, array_configs, config, tables, error))
        return false;
    if (strncmp(tables, prefix, sizeof prefix - 1) != 0)
        return bcq_fail(error, "--config %s: wanted frozen tables, got %s", config, tables);
    snprintf(path, sizeof path, "%s/%s", root, tables + sizeof prefix - 1);
    return bcq_codebooks_read(path, cb, error);
}

bool rtl_frozen_are(const char *config, const bcq_codebooks *cb, bcq_error *error) {
    bcq_codebooks frozen;
    uint8_t have[BCQ_IDENTITY_BYTES], want[BCQ_IDENTITY_BYTES];
    char have_hex[2 * BCQ_IDENTITY_BYTES + 1], want_hex[2 * BCQ_IDENTITY_BYTES + 1];
    if (!rtl_frozen_codebooks(config, &frozen, error)) return false;
    bcq_codebooks_identity(&frozen, want);
    bcq_codebooks_identity(cb, have);
    bcq_identity_hex(want, want_hex);
    bcq_identity_hex(have, have_hex);
    return memcmp(have, want, sizeof have) == 0
        || bcq_fail(error, "--config %s: wanted the codebooks that are frozen in it, %s, got %s",
                    config, want_hex, have_hex);
}

bool rtl_model_path(const char *config, const char *kind, char *path, size_t size,
                    bcq_error *error) {
    const char *rows = strcmp(kind, rival_kind) == 0 ? rival_configs : array_configs;
    char root[PATH_MAX - 256], file[200];
    if (!rtl_project_root(root, sizeof root, error) || !find_config(root, rows, config, NULL, error))
        return false;
    if (strlen(config) > 100) return bcq_fail(error, "--config: wanted a name of at most 100 bytes, got %zu", strlen(config));
    snprintf(file, sizeof file, "build/models/%s%s.so", config, kind);
    snprintf(path, size, "%s/%s", root, file);
    return build_model(root, file, config, error);
}

rtl *rtl_open(const char *config, bool traced, uint64_t seed, bcq_error *error) {
    char path[PATH_MAX];
    return rtl_model_path(config, traced ? ".trace" : "", path, sizeof path, error)
         ? rtl_open_model(path, seed, error) : NULL;
}

rtl *rtl_open_rival(const char *config, uint64_t seed, bcq_error *error) {
    char path[PATH_MAX];
    return rtl_model_path(config, rival_kind, path, sizeof path, error) ? rtl_open_model(path, seed, error) : NULL;
}

static rtl *open_ports(rtl *r, const char *path, uint64_t seed, bcq_error *error);

rtl *rtl_open_model(const char *path, uint64_t seed, bcq_error *error) {
    rtl *r = calloc(1, sizeof *r);
    if (!r) { bcq_fail(error, "out of memory"); return NULL; }
    r->library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    r->model = r->library ? dlsym(r->library, "dut_model_table") : NULL;
    if (!r->model) {
        bcq_fail(error, "%s: %s", path, dlerror());
        rtl_close(r);
        return NULL;
    }
    return open_ports(r, path, seed, error);
}

rtl *rtl_open_dut(const dut_model *model, dut *d, const char *name, bcq_error *error) {
    rtl *r = calloc(1, sizeof *r);
    if (!r) {
        bcq_fail(error, "out of memory");
        model->close(d);
        return NULL;
    }
    r->model = model;
    r->dut = d;
    return open_ports(r, name, 0, error);
}

/* Finds the ports, opens the model unless it is open, and asks it what it is. */
static rtl *open_ports(rtl *r, const char *path, uint64_t seed, bcq_error *error) {
    const struct { const char *name; int *port; } ports[] = {
        { "rst_ni", &r->port.rst_ni }, { "cmd_valid_i", &r->port.cmd_valid },
        { "cmd_ready_o", &r->port.cmd_ready }, { "cmd_m_i", &r->port.cmd_m },
        { "cmd_n_tiles_i", &r->port.cmd_n }, { "cmd_k_arrays_i", &r->port.cmd_k },
        { "cb_valid_i", &r->port.cb_valid }, { "cb_ready_o", &r->port.cb_ready },
        { "cb_weights_i", &r->port.cb_weights }, { "cb_book_i", &r->port.cb_book },
        { "cb_entry_i", &r->port.cb_entry }, { "w_valid_i", &r->port.w_valid },
        { "w_ready_o", &r->port.w_ready }, { "w_data_i", &r->port.w_data },
        { "a_valid_i", &r->port.a_valid }, { "a_ready_o", &r->port.a_ready },
        { "a_data_i", &r->port.a_data }, { "r_valid_o", &r->port.r_valid },
        { "r_ready_i", &r->port.r_ready }, { "r_data_o", &r->port.r_data },
        { "busy_o", &r->port.busy }, { "scale_nan_o", &r->port.scale_nan },
        { "cycles_o", &r->port.cycles }, { "identity_o", &r->port.identity },
        { "r_last_o", &r->port.r_last },
    };
    r->build.rival = r->model->port("cb_valid_i", NULL) < 0;
    for (size_t i = 0; i < sizeof ports / sizeof ports[0]; i++) {
        int bits = 0, *port = ports[i].port;
        int most = 32 * (port == &r->port.r_data ? RESULT_WORDS_MAX : RTL_BEAT_WORDS);
        if (r->build.rival && strncmp(ports[i].name, "cb_", 3) == 0) { *port = -1; continue; }
        *port = r->model->port(ports[i].name, &bits);
        if (*port < 0 || bits > most) {
            bcq_fail(error, "%s: wanted a port %s of at most %d bits, got %d", path, ports[i].name,
                     most, *port < 0 ? 0 : bits);
            rtl_close(r);
            return NULL;
        }
    }
    if (!r->dut) r->dut = r->model->open(seed);
    r->model->settle(r->dut);
    uint32_t words[8];
    r->model->get(r->dut, r->port.identity, words);
    int *of_bcq[] = { &r->build.lanes, &r->build.lb, &r->build.la, &r->build.nc,
                      &r->build.index_bits, &r->build.entry_bits, &r->build.cols, &r->build.t,
                      &r->build.ndec, &r->build.exact, &r->build.frozen, &r->build.deep,
                      &r->build.table_memory, &r->build.decode, &r->build.twos };
    int *of_rival[] = { &r->build.format, &r->build.lanes, &r->build.la, &r->build.cols, &r->build.t,
                        &r->build.ndec };
    int **fields = r->build.rival ? of_rival : of_bcq;
    size_t count = r->build.rival ? sizeof of_rival / sizeof *of_rival : sizeof of_bcq / sizeof *of_bcq;
    for (size_t i = 0; i < count; i++)
        *fields[i] = words[i / 2] >> (i % 2 * 16) & 0xFFFF;
    if (r->build.rival && r->build.format >= (int)(sizeof rival_of / sizeof *rival_of)) {
        bcq_fail(error, "%s: wanted a format of cmodel/params.def, got %d", path, r->build.format);
        rtl_close(r);
        return NULL;
    }
    rtl_reset(r);
    return r;
}

void rtl_close(rtl *r) {
    if (!r) return;
    if (r->dut) r->model->close(r->dut);
    if (r->library) dlclose(r->library);
    free(r);
}

const rtl_build *rtl_get_build(const rtl *r) { return &r->build; }

/* ---- Ports ---------------------------------------------------------------------------------- */

/* Rivals have no port of codebooks: nothing is set, and 0 is read. */
static void set1(rtl *r, int port, uint32_t value) {
    if (port < 0) return;
    uint32_t words[2] = { value, 0 };
    r->model->set(r->dut, port, words);
}

static uint32_t get1(const rtl *r, int port) {
    uint32_t words[2] = { 0, 0 };
    if (port >= 0) r->model->get(r->dut, port, words);
    return words[0];
}

bool rtl_hold(rtl *r, const char *name, uint32_t value) {
    int port = r->model->port(name, NULL);
    if (port < 0) return false;
    set1(r, port, value);
    rtl_reset(r);
    return true;
}

static void settle(rtl *r) { r->model->settle(r->dut); }
static void edge(rtl *r) { r->model->edge(r->dut); }

void rtl_reset(rtl *r) {
    set1(r, r->port.rst_ni, 1);  /* from a random start, so that there is an edge */
    settle(r);
    set1(r, r->port.rst_ni, 0);
    set1(r, r->port.cmd_valid, 0);
    set1(r, r->port.cb_valid, 0);
    set1(r, r->port.w_valid, 0);
    set1(r, r->port.a_valid, 0);
    set1(r, r->port.r_ready, 0);
    for (int i = 0; i < 2; i++) { settle(r); edge(r); }
    set1(r, r->port.rst_ni, 1);
    settle(r);
    edge(r);
}

/* No beat is wanted, none is offered. Codebooks in memories: ready comes after some cycles of valid. */
static bool idle(const rtl *r) {
    return get1(r, r->port.cmd_ready)
        && get1(r, r->port.cb_ready) == (!r->build.rival && !r->build.table_memory)
        && !get1(r, r->port.busy)
        && !get1(r, r->port.w_ready) && !get1(r, r->port.a_ready) && !get1(r, r->port.r_valid);
}

bool rtl_is_reset(rtl *r) {
    settle(r);
    return idle(r) && get1(r, r->port.cycles) == 0 && !get1(r, r->port.scale_nan);
}

void rtl_push(rtl_beat *b, uint32_t value, int bits) {
    int at = b->bits / 32, shift = b->bits % 32;
    b->word[at] |= value << shift;
    if (shift + bits > 32) b->word[at + 1] |= value >> (32 - shift);
    b->bits += bits;
}

static int selector_width(const rtl_build *b) {
    int width = 1;  /* one bit even where NC is 1; nobody reads it then */
    while ((1 << width) < b->nc) width++;
    return width;
}

uint64_t rtl_load_codebooks(rtl *r, const bcq_codebooks *a, const bcq_codebooks *w) {
    uint64_t cycles = 0;
    const bcq_codebooks *sets[2] = { a, w };
    /* Their order is free: every other time the weights' come first, and every other two times the highest. */
    bool backwards = r->loads / 2 % 2;
    uint32_t first = r->loads++ % 2;
    for (int turn = 0; turn < 2; turn++) {
        uint32_t which = first ^ (uint32_t)turn;
        const bcq_codebooks *cb = sets[which];
        for (int i = 0; i < cb->p.nc; i++) {
            int c = backwards ? cb->p.nc - 1 - i : i;
            rtl_beat entries = { .bits = 0 };
            uint32_t mask = (1u << r->build.entry_bits) - 1;
            for (int k = 0; k < 1 << r->build.index_bits; k++)
                rtl_push(&entries, k < bcq_entries(&cb->p) ? (uint32_t)cb->entry[c][k] & mask : 0,
                     r->build.entry_bits);
            set1(r, r->port.cb_valid, 1);
            set1(r, r->port.cb_weights, which);
            set1(r, r->port.cb_book, (uint32_t)c);
            r->model->set(r->dut, r->port.cb_entry, entries.word);
            bool taken = false;
            while (!taken) {
                settle(r);
                taken = get1(r, r->port.cb_ready);
                edge(r);
                if (++cycles > HANG_CYCLES) return 0;  /* far more than there are beats */
            }
        }
    }
    set1(r, r->port.cb_valid, 0);
    return cycles;
}

/* {indices, selectors, scale} of lanes [first, first + lanes) of a block array, scale lowest. */
static void push_codes(rtl_beat *b, const rtl_build *build, const bcq_array *array, int lb, int first,
                       int lanes) {
    int width = selector_width(build);
    rtl_push(b, array->scale, BCQ_SCALE_W);
    for (int i = 0; i < lanes; i += build->lb) rtl_push(b, array->selector[(first + i) / lb], width);
    for (int i = 0; i < lanes; i++) rtl_push(b, array->index[first + i], build->index_bits);
}

static void activation_beat(const void *operands, const rtl_build *build, int64_t row, int64_t j,
                            rtl_beat *b) {
    const rtl_operands *o = operands;
    push_codes(b, build, &o->a[row * o->k_arrays + j], o->lb_a, 0, build->la);
}

/* Columns beyond N get scale and codes 0. */
static void weight_beat(const void *operands, const rtl_build *build, int64_t column, int64_t j, int row,
                        rtl_beat *b) {
    static const bcq_array nothing;
    const rtl_operands *o = operands;
    for (int i = 0; i < build->ndec; i++) {
        const bcq_array *array = column + i < o->n ? &o->w[(column + i) * o->k_arrays + j] : &nothing;
        /* The scale that counts comes with the last row; a NaN beside a number shows that the others do not. */
        bcq_array beat_of_row = *array;
        if (row != rtl_rows(build) - 1 && (row + i + j) % 2 == 0) beat_of_row.scale = BCQ_SCALE_NAN_CODE;
        push_codes(b, build, &beat_of_row, column + i < o->n ? o->lb_w : build->lb, row * build->lanes,
                   build->lanes);
    }
}

rtl_beats rtl_operand_beats(const rtl_operands *o) {
    return (rtl_beats){ o->m, o->n, o->k_arrays, activation_beat, weight_beat, o };
}

/* ---- Running -------------------------------------------------------------------------------- */

static void get_report(const rtl *r, rtl_run_report *report) {
    uint32_t words[2] = { 0, 0 };
    r->model->get(r->dut, r->port.cycles, words);
    report->cycles = words[0] | (uint64_t)words[1] << 32;
    report->scale_nan = get1(r, r->port.scale_nan);
}

void rtl_wait(rtl *r, rtl_run_report *report) {
    edge(r);
    settle(r);
    get_report(r, report);
}

bool rtl_run_beats(rtl *r, const rtl_beats *o, const rtl_run_options *options, void *acc,
                   rtl_run_report *report, bcq_error *error) {
    const rtl_build *b = &r->build;
    int rows = rtl_rows(b);
    int64_t n_tiles = ceil_div(o->n, b->cols);

    set1(r, r->port.cmd_valid, 1);
    set1(r, r->port.cmd_m, (uint32_t)o->m);
    set1(r, r->port.cmd_n, (uint32_t)n_tiles);
    set1(r, r->port.cmd_k, (uint32_t)o->k_arrays);
    settle(r);
    if (!idle(r)) return bcq_fail(error, "rtl: busy before the command");
    edge(r);
    set1(r, r->port.cmd_valid, 0);
    if (o->m == 0 || o->n == 0 || o->k_arrays == 0) {
        for (int i = 0; i < 20; i++, edge(r)) {
            settle(r);
            if (!idle(r)) return bcq_fail(error, "rtl: a command of size zero was begun");
        }
    }

    /* The three places in the loops (m tile, n tile, j): of weights, activations and results. */
    struct { int64_t m0, nt, j; int beat; } w = { 0, 0, 0, 0 };
    struct { int64_t m0, nt, j, m; } a = { 0, 0, 0, 0 };
    struct { int64_t m0, nt, m; } c = { 0, 0, 0 };
    bool w_valid = false, a_valid = false;
    uint64_t cycle = 0, last_move = 0, started = 0;
    bool counting = false, traced = false, tracing = false;
    bool terminal = options->progress && isatty(STDERR_FILENO);
    uint32_t result[RESULT_WORDS_MAX];
    rtl_beat data;

    while (c.m0 < o->m && o->n > 0 && o->k_arrays > 0) {
        if (!w_valid && w.m0 < o->m
            && !(options->stall && options->stall(options->context, RTL_SIDE_WEIGHTS))) {
            int group = w.beat / rows;
            data = (rtl_beat){ .bits = 0 };
            o->weights(o->context, b, w.nt * b->cols + group * b->ndec, w.j, w.beat % rows, &data);
            r->model->set(r->dut, r->port.w_data, data.word);
            w_valid = true;
        }
        if (!a_valid && a.m0 < o->m
            && !(options->stall && options->stall(options->context, RTL_SIDE_ACTIVATIONS))) {
            data = (rtl_beat){ .bits = 0 };
            o->activations(o->context, b, a.m, a.j, &data);
            r->model->set(r->dut, r->port.a_data, data.word);
            a_valid = true;
        }
        bool r_ready = !(options->stall && options->stall(options->context, RTL_SIDE_RESULTS));
        set1(r, r->port.w_valid, w_valid);
        set1(r, r->port.a_valid, a_valid);
        set1(r, r->port.r_ready, r_ready);

        uint64_t since = counting ? cycle - started : 0;
        if (options->trace && !traced && since >= options->trace_from) {
            if (!r->model->trace(r->dut, options->trace))
                return bcq_fail(error, "--trace: wanted a file to write, got %s", options->trace);
            traced = tracing = true;
        } else if (tracing && since > options->trace_to) {
            r->model->trace(r->dut, NULL);
            tracing = false;
        }

        settle(r);
        /* No command, no tables and no beat of another product until this one has ended. */
        if (get1(r, r->port.cmd_ready) || get1(r, r->port.cb_ready) || !get1(r, r->port.busy)
            || (w.m0 >= o->m && get1(r, r->port.w_ready)) || (a.m0 >= o->m && get1(r, r->port.a_ready)))
            return bcq_fail(error, "rtl: ready for another product in the middle of one");
        bool w_moves = w_valid && get1(r, r->port.w_ready);
        bool a_moves = a_valid && get1(r, r->port.a_ready);
        bool r_moves = r_ready && get1(r, r->port.r_valid);
        bool r_last = get1(r, r->port.r_last);
        if (r_moves) r->model->get(r->dut, r->port.r_data, result);
        edge(r);
        if ((w_moves || a_moves) && !counting) { counting = true; started = cycle; }
        cycle++;
        if (w_moves || a_moves || r_moves) last_move = cycle;
        if (cycle - last_move > HANG_CYCLES)
            return bcq_fail(error, "rtl: no stream moved for %d cycles", HANG_CYCLES);
        if (options->limit && cycle >= options->limit)
            return bcq_fail(error, "rtl: not done after %llu cycles", (unsigned long long)cycle);

        if (w_moves) {
            w_valid = false;
            if (++w.beat == rows * b->cols / b->ndec) {
                w.beat = 0;
                if (++w.j == o->k_arrays) {
                    w.j = 0;
                    if (++w.nt == n_tiles) { w.nt = 0; w.m0 += b->t; }
                }
            }
        }
        if (a_moves) {
            a_valid = false;
            if (++a.m == o->m || a.m == a.m0 + b->t) {
                a.m = a.m0;
                if (++a.j == o->k_arrays) {
                    a.j = 0;
                    if (++a.nt == n_tiles) { a.nt = 0; a.m0 += b->t; a.m = a.m0; }
                }
            }
        }
        if (r_moves) {
            for (int i = 0; i < b->cols && c.nt * b->cols + i < o->n; i++)
                memcpy((char *)acc + 4 * (c.m * o->n + c.nt * b->cols + i), &result[i], 4);
            if (++c.m == o->m || c.m == c.m0 + b->t) {
                c.m = c.m0;
                if (++c.nt == n_tiles) { c.nt = 0; c.m0 += b->t; c.m = c.m0; }
            }
            if (r_last != (c.m0 >= o->m))
                return bcq_fail(error, "rtl: last is %d in the result of row %lld", r_last, (long long)c.m);
        }
        if (terminal && (cycle & 0x3FFF) == 0)
            fprintf(stderr, "\rrtl: cycle %llu, row %lld of %lld ", (unsigned long long)cycle,
                    (long long)c.m0, (long long)o->m);
    }
    set1(r, r->port.w_valid, 0);
    set1(r, r->port.a_valid, 0);
    set1(r, r->port.r_ready, 0);
    settle(r);
    if (terminal) fputs("\r\033[K", stderr);
    if (tracing) r->model->trace(r->dut, NULL);
    get_report(r, report);
    report->simulated = cycle;
    if (options->trace && !traced)
        return bcq_fail(error, "--trace-from: wanted a cycle before %llu, where the run ended, got %llu",
                        (unsigned long long)report->cycles, (unsigned long long)options->trace_from);
    if (get1(r, r->port.busy)) return bcq_fail(error, "rtl: still busy after the last result");
    return true;
}

bool rtl_run(rtl *r, const rtl_operands *o, const rtl_run_options *options, float *acc,
             rtl_run_report *report, bcq_error *error) {
    rtl_beats beats = rtl_operand_beats(o);
    return rtl_run_beats(r, &beats, options, acc, report, error);
}
