#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "device_internal.h"
#include "rtl.h"
#include "tensor_internal.h"

double device_now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* ---- Builds -------------------------------------------------------------------------------- */

/* Words of the row of that name in one of the two tables; 0 if there is none of at least `wanted`. */
static int read_row(const char *root, const char *file, const char *config, int wanted,
                    char word[][64], int words, bcq_error *error) {
    char path[PATH_MAX], line[512], known[400] = "";
    snprintf(path, sizeof path, "%s/%s", root, file);
    FILE *f = fopen(path, "r");
    if (!f) return bcq_fail(error, "%s: wanted a readable file, got none", file);
    int count = 0;
    while (count == 0 && fgets(line, sizeof line, f)) {
        char *rest = line, *next;
        if (line[0] == '#') continue;
        while (count < words && (next = strtok_r(rest, " \t\n", &rest)))
            snprintf(word[count++], 64, "%s", next);
        if (count && strlen(known) + strlen(word[0]) + 3 < sizeof known)
            strcat(strcat(known, known[0] ? ", " : ""), word[0]);
        if (count == 0 || strcmp(word[0], config) != 0) count = 0;
    }
    fclose(f);
    if (count == 0) return bcq_fail(error, "--config: wanted one of %s, got \"%s\"", known, config);
    if (count < wanted)
        return bcq_fail(error, "%s: wanted %d words in the row %s, got %d", file, wanted, config, count);
    return count;
}

bool bcq_device_read_config(const char *config, bcq_device_info *info, bcq_error *error) {
    enum { WORDS = 17 };
    char root[PATH_MAX - 256], word[WORDS][64] = { "" };
    if (!rtl_project_root(root, sizeof root, error)) return false;
    if (!read_row(root, "rtl/configs.def", config, WORDS, word, WORDS, error)) return false;
    *info = (bcq_device_info){
        .lb = atoi(word[1]), .la = atoi(word[2]), .nc = atoi(word[3]), .index_bits = atoi(word[4]),
        .entry_bits = atoi(word[5]), .cols = atoi(word[6]), .t = atoi(word[7]),
        .ndec = atoi(word[8]), .exact = strcmp(word[9], "exact") == 0,
        .frozen = strncmp(word[10], "frozen", 6) == 0, .enc_lanes = atoi(word[11]),
        .cb_per_cycle = atoi(word[12]), .lanes = atoi(word[14]), .deep = atoi(word[15]),
        .table_memory = atoi(word[16]),
    };
    if (!read_row(root, "rtl/accelerator/configs.def", config, 7, word, WORDS, error)) return false;
    if (!atoi(word[1])) info->enc_lanes = info->cb_per_cycle = 0;
    info->a_bytes = atoi(word[2]);
    info->w_bytes = atoi(word[3]);
    info->r_bytes = atoi(word[4]);
    info->act_words = atoi(word[5]);
    info->result_words = atoi(word[6]);
    return true;
}

const char *bcq_device_refuses(const bcq_device_info *b, const bcq_params *p, bool encoded) {
    if (p->la != b->la) return "la of the file differs from the build's";
    if (p->nc > b->nc) return "the file has more codebooks than the build";
    if (p->entry_bits > b->entry_bits) return "the file's entries are wider than the build's";
    if (p->index_bits > b->index_bits) return "the file's indices are wider than the build's";
    if (p->lb % b->lb) return "lb of the file is no multiple of the build's";
    if (!encoded) return NULL;
    if (p->lb != b->lb) return "lb of the file differs from the encoder's";
    if (p->index_bits != b->index_bits) return "the file's indices are not as wide as the encoder's";
    if (p->entry_bits != b->entry_bits) return "the file's entries are not as wide as the encoder's";
    return NULL;
}

static bool check_params(const bcq_device *d, const bcq_params *p, bool encoded, bcq_error *error) {
    const bcq_device_info *b = &d->info;
    const char *why = d->built ? bcq_device_refuses(b, p, encoded) : NULL;
    if (!why) return true;
    return bcq_fail(error, encoded
        ? "%s: %s: wanted la %d, lb %d, nc <= %d, bits %d, ew %d, got la %d, lb %d, nc %d, bits %d, "
          "ew %d"
        : "%s: %s: wanted la %d, lb a multiple of %d, nc <= %d, bits <= %d, ew <= %d, got la %d, "
          "lb %d, nc %d, bits %d, ew %d", d->name, why, b->la, b->lb, b->nc, b->index_bits,
        b->entry_bits, p->la, p->lb, p->nc, p->index_bits, p->entry_bits);
}

/* ---- Opening ------------------------------------------------------------------------------- */

static bcq_device *new_device(const char *config, bcq_error *error) {
    bcq_device *d = calloc(1, sizeof *d);
    if (!d) { bcq_fail(error, "wanted memory for a device, got none"); return NULL; }
    if (config && strlen(config) >= sizeof d->config) {
        bcq_fail(error, "--config: wanted a name of at most %zu bytes, got %zu", sizeof d->config - 1,
                 strlen(config));
        free(d);
        return NULL;
    }
    snprintf(d->config, sizeof d->config, "%s", config ? config : "");
    snprintf(d->name, sizeof d->name, "--config %s", d->config);
    return d;
}

bcq_device *bcq_device_open(const char *name, const char *config, bcq_error *error) {
    static const char uart[] = "uart:";
    bool is_uart = strncmp(name, uart, sizeof uart - 1) == 0, traced = strcmp(name, "rtl:trace") == 0;
    bool is_rtl = traced || strcmp(name, "rtl") == 0, is_golden = strcmp(name, "golden") == 0;
    if (!is_uart && !is_rtl && !is_golden) {
        bcq_fail(error, "--backend: wanted golden, rtl or uart:DEVICE, got \"%s\"", name);
        return NULL;
    }
    if (is_uart && config) {
        bcq_fail(error, "%s: wanted no configuration, for a board tells its own, got %s", name, config);
        return NULL;
    }
    if (is_rtl && !config) {
        bcq_fail(error, "--backend rtl: wanted a row of rtl/configs.def, got none");
        return NULL;
    }
    bcq_device *d = new_device(config, error);
    if (!d) return NULL;
    d->backend = is_uart ? &device_uart : is_rtl ? &device_rtl : &device_golden;
    bool good;
    if (is_uart) {
        snprintf(d->name, sizeof d->name, "%s", name);
        good = device_uart_open(d, name + sizeof uart - 1, error);
    } else if (is_rtl) {
        char path[PATH_MAX];
        good = rtl_model_path(config, traced ? ".accelerator.trace" : ".accelerator", path, sizeof path, error)
            && device_rtl_open(d, path, traced, error);
    } else {
        d->built = config != NULL;
        good = (!d->built || bcq_device_read_config(config, &d->info, error))
            && device_golden_open(d, error);
    }
    if (good) return d;
    bcq_device_close(d);
    return NULL;
}

bcq_device *bcq_device_open_model(const char *path, bcq_error *error) {
    bcq_device *d = new_device(NULL, error);
    if (!d) return NULL;
    d->backend = &device_rtl;
    snprintf(d->name, sizeof d->name, "%.200s", path);
    if (device_rtl_open(d, path, false, error)) return d;
    bcq_device_close(d);
    return NULL;
}

void bcq_device_close(bcq_device *d) {
    if (!d) return;
    if (d->state) d->backend->close(d);
    free(d->acc);
    free(d);
}

const bcq_device_info *bcq_device_identify(const bcq_device *d) { return &d->info; }

bool bcq_device_trace(bcq_device *d, const char *path, uint64_t from, uint64_t to, bcq_error *error) {
    if (d->backend != &device_rtl)
        return bcq_fail(error, "--trace: wanted the back end rtl:trace, got another");
    return device_rtl_trace(d, path, from, to, error);
}

/* ---- Operands ------------------------------------------------------------------------------ */

static bool not_running(const bcq_device *d, const char *what, bcq_error *error) {
    return d->state_of_product != DEVICE_RUNNING
        || bcq_fail(error, "%s: wanted the product before to have ended, got %s while it runs", d->name, what);
}

bool bcq_device_load_codebooks(bcq_device *d, const bcq_codebooks *a, const bcq_codebooks *w,
                               bcq_error *error) {
    if (!not_running(d, "codebooks", error)) return false;
    const bcq_codebooks *sets[2] = { a, w };
    for (int i = 0; i < 2; i++) {
        const char *bad = bcq_codebooks_check(sets[i]);
        if (bad) return bcq_fail(error, "%s: wanted legal codebooks, got %s", d->name, bad);
        if (!check_params(d, &sets[i]->p, false, error)) return false;
        if (d->info.frozen && d->config[0] && !rtl_frozen_are(d->config, sets[i], error)) return false;
    }
    if (a->p.la != w->p.la)
        return bcq_fail(error, "%s: wanted codebooks of one la, got %d and %d", d->name, a->p.la, w->p.la);
    d->w = NULL;
    d->state_of_product = DEVICE_IDLE;
    d->have_codebooks = false;
    d->cb_a = *a;
    d->cb_w = *w;
    d->counters.codebook_cycles = d->counters.codebook_bytes = 0;
    if (!d->backend->load_codebooks(d, error)) {
        bcq_error ignored;
        d->backend->abort(d, &ignored);
        return false;
    }
    d->have_codebooks = true;
    d->stale_codebooks = false;
    return true;
}

bool bcq_device_load_weights(bcq_device *d, const bcq_packed *w, bcq_error *error) {
    if (!not_running(d, "weights", error)) return false;
    if (!d->have_codebooks)
        return bcq_fail(error, "%s: wanted codebooks before weights, got none", bcq_packed_name(w));
    if (!packed_made_with(w, &d->cb_w, error)) return false;
    d->w = w;
    return true;
}

/* Everything about the activations that can be wrong; fills in their part of the product. */
static bool take_activations(bcq_device *d, const bcq_device_activations *a, product *p,
                             bcq_error *error) {
    if ((a->packed != NULL) + (a->tensor != NULL) + (a->values != NULL) != 1)
        return bcq_fail(error, "%s: wanted activations of one kind, got none or several", d->name);
    const char *name = a->packed ? bcq_packed_name(a->packed) : a->tensor ? bcq_tensor_name(a->tensor)
                     : "activations";
    int64_t k = p->k;
    p->a = *a;
    p->encode = !a->packed;
    p->m = a->m;
    p->exponent_a = a->exponent;
    if (a->packed) {
        const bcq_packed_info *info = bcq_packed_get_info(a->packed);
        if (!packed_made_with(a->packed, &d->cb_a, error)) return false;
        p->m = info->rows;
        k = info->k;
        p->exponent_a = info->exponent;
    } else if (a->tensor) {
        p->m = bcq_tensor_rows(a->tensor);
        k = bcq_tensor_k(a->tensor);
    }
    if (k != p->k)
        return bcq_fail(error, "%s: wanted K = %" PRId64 " as in %s, got K = %" PRId64,
                        bcq_packed_name(p->w), k, name, p->k);
    if (p->m < 1) return bcq_fail(error, "%s: wanted at least one row, got %" PRId64, name, p->m);
    if (!p->encode) return true;
    if (p->exponent_a < -BCQ_EXPONENT_LIMIT || p->exponent_a > BCQ_EXPONENT_LIMIT)
        return bcq_fail(error, "%s: wanted an exponent in [%d, %d], got %d", name, -BCQ_EXPONENT_LIMIT,
                        BCQ_EXPONENT_LIMIT, p->exponent_a);
    if (p->k % d->cb_a.p.la && !bcq_codebooks_have_zero(&d->cb_a))
        return bcq_fail(error, "%s: wanted K a multiple of LA = %d, for a codebook without a 0 cannot "
                        "hold the zeros that pad a row, got K = %" PRId64, name, d->cb_a.p.la, p->k);
    if (d->built && !d->info.enc_lanes)
        return bcq_fail(error, "%s: wanted packed activations, for this build has no encoder, got floats "
                        "(%s)", d->name, name);
    return check_params(d, &d->cb_a.p, true, error);
}

bool bcq_device_start(bcq_device *d, const bcq_device_activations *a,
                      const bcq_device_options *options, bcq_error *error) {
    static const bcq_device_options none;
    const bcq_device_options *o = options ? options : &none;
    if (!not_running(d, "another", error)) return false;
    d->state_of_product = DEVICE_IDLE;
    if (!d->w) return bcq_fail(error, "%s: wanted weights before a product, got none", d->name);
    const bcq_packed_info *w = bcq_packed_get_info(d->w);
    product p = { .build = &d->info, .cb_a = &d->cb_a, .cb_w = &d->cb_w, .w = d->w, .n = w->rows,
                  .k = w->k, .arrays = w->arrays, .exponent_w = w->exponent, .exact = o->exact,
                  .bf16_results = o->bf16_results, .timeout_cycles = o->timeout_cycles };
    if (!take_activations(d, a, &p, error)) return false;
    if (d->built && d->info.exact != o->exact)
        return bcq_fail(error, "%s: wanted --acc %s, got --acc %s", d->name,
                        d->info.exact ? "exact" : "fp32", o->exact ? "exact" : "fp32");
    if (o->exact && !bcq_exact_fits(p.k, bcq_cmax(&d->cb_a.p), bcq_cmax(&w->p)))
        return bcq_fail(error, "%s: wanted a K whose exact sums fit 64 bits, got K = %" PRId64,
                        bcq_packed_name(d->w), p.k);
    if (d->built) {
        bcq_plan_job job = { p.m, p.n, p.k, p.encode, p.bf16_results, o->no_reuse };
        if (!plan_sizes_fit(&d->info, &job, error)) return false;
        p.reuse = !o->no_reuse && plan_reuses(&d->info, p.m, p.arrays);
    }
    size_t scalars, bytes;
    if (__builtin_mul_overflow((size_t)p.m, (size_t)p.n, &scalars)
        || __builtin_mul_overflow(scalars, sizeof(float), &bytes))
        return bcq_fail(error, "%s: wanted a product that fits memory, got %" PRId64 " x %" PRId64,
                        d->name, p.m, p.n);
    if (scalars > d->acc_room) {
        free(d->acc);
        d->acc = malloc(bytes);
        d->acc_room = d->acc ? scalars : 0;
        if (!d->acc)
            return bcq_fail(error, "%s: wanted memory for %zu results, got none", d->name, scalars);
    }
    if (d->stale_codebooks) {
        if (!d->backend->load_codebooks(d, error)) {
            bcq_error ignored;
            d->backend->abort(d, &ignored);
            return false;
        }
        d->stale_codebooks = false;
    }
    uint64_t codebook_cycles = d->counters.codebook_cycles, codebook_bytes = d->counters.codebook_bytes;
    d->counters = (bcq_device_counters){ .codebook_cycles = codebook_cycles,
                                         .codebook_bytes = codebook_bytes };
    d->p = p;
    d->moved = d->moved_before = 0;
    d->stuck_since = d->done = 0;
    d->timeout_seconds = o->timeout_seconds > 0 ? o->timeout_seconds : 30;
    d->state_of_product = DEVICE_RUNNING;
    if (d->backend->start(d, error)) return true;
    bcq_error ignored;
    bcq_device_abort(d, &ignored);
    return false;
}

/* ---- Running ------------------------------------------------------------------------------- */

/* True if nothing has moved for too long. Only polls count: who does not poll is not waited for. */
static bool timed_out(bcq_device *d) {
    bool moved = d->moved != d->moved_before;
    d->moved_before = d->moved;
    if (moved) d->stuck_since = 0;
    else if (d->stuck_since == 0) d->stuck_since = device_now();
    else return device_now() - d->stuck_since >= d->timeout_seconds;
    return false;
}

bcq_device_state bcq_device_poll(bcq_device *d, double *progress, bcq_error *error) {
    bcq_device_state state = BCQ_DEVICE_DONE;
    if (progress) *progress = d->state_of_product == DEVICE_DONE ? 1 : 0;
    if (d->state_of_product == DEVICE_DONE) return state;
    if (d->state_of_product == DEVICE_IDLE) {
        bcq_fail(error, "%s: wanted a product that was started, got none", d->name);
        return BCQ_DEVICE_FAILED;
    }
    state = d->backend->work(d, error);
    if (state == BCQ_DEVICE_RUNNING && timed_out(d)) {
        bcq_fail(error, "%s: wanted it to go on, got nothing that moved for %g s", d->name,
                 d->timeout_seconds);
        state = BCQ_DEVICE_FAILED;
    }
    if (state == BCQ_DEVICE_FAILED) {
        bcq_error ignored;
        bcq_device_abort(d, &ignored);
    } else if (state == BCQ_DEVICE_DONE) {
        d->state_of_product = DEVICE_DONE;
        d->done = 1;
    }
    if (progress) *progress = d->done;
    return state;
}

bool bcq_device_wait(bcq_device *d, bcq_device_progress *callback, void *context, bcq_error *error) {
    bcq_device_state state;
    double progress;
    while ((state = bcq_device_poll(d, &progress, error)) == BCQ_DEVICE_RUNNING)
        if (callback && !callback(context, progress)) {
            bcq_error ignored;
            bcq_device_abort(d, &ignored);
            return bcq_fail(error, "%s: wanted the end of the product, got an abort", d->name);
        }
    return state == BCQ_DEVICE_DONE;
}

bool bcq_device_abort(bcq_device *d, bcq_error *error) {
    if (d->state_of_product != DEVICE_RUNNING) return true;
    d->state_of_product = DEVICE_IDLE;
    return d->backend->abort(d, error);
}

/* ---- Results ------------------------------------------------------------------------------- */

static bool is_done(const bcq_device *d, bcq_error *error) {
    return d->state_of_product == DEVICE_DONE
        || bcq_fail(error, "%s: wanted a product that has ended, got none", d->name);
}

bool bcq_device_result(const bcq_device *d, float *c, bcq_error *error) {
    if (!is_done(d, error)) return false;
    for (int64_t i = 0; i < d->p.m * d->p.n; i++)
        c[i] = bcq_apply_exponent(d->acc[i], d->p.exponent_a + d->p.exponent_w);
    return true;
}

bool bcq_device_get_counters(const bcq_device *d, bcq_device_counters *counters, bcq_error *error) {
    if (!is_done(d, error)) return false;
    *counters = d->counters;
    return true;
}

bool bcq_device_get_plan(const bcq_device *d, bcq_plan *plan, bcq_error *error) {
    if (d->state_of_product == DEVICE_IDLE)
        return bcq_fail(error, "%s: wanted a product that was started, got none", d->name);
    if (!d->built) return bcq_fail(error, "golden: wanted a configuration to plan for, got none");
    bcq_plan_job job = { d->p.m, d->p.n, d->p.k, d->p.encode, d->p.bf16_results, !d->p.reuse };
    return bcq_plan_make(&d->info, &job, plan, error);
}
