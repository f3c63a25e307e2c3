/* The driver of the accelerator (sw/device.h): results of the simulated accelerator against the golden
 * model's, to the bit; every counter against the plan, without tolerance; what happens when things go
 * wrong. Usage: test_device [-seed S] [-runs N] [-uart uart:DEVICE] CONFIG...
 *
 * Per configuration: N random products, packed, from a tensor or from memory, with files narrower than
 * the build, BF16 results, activations sent once or again; then stalled ones, aborts, time-outs, refusals.
 * -uart uart:DEVICE: the back end is a board of that configuration (build/board_sim has simulated ones);
 * stalls and time-outs are left out then. What was covered is counted; a class that stayed empty fails. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "device_internal.h"
#include "rtl.h"
#include "random.h"
#include "stall.h"

static uint64_t seed = 1;
static long passed, failed;
static const char *where = "";

enum {
    C_PACKED, C_TENSOR, C_VALUES, C_FP32, C_BF16, C_REUSE, C_REPEATED, C_M_TAIL, C_N_TAIL, C_K_TAIL, C_NARROW,
    C_STALL_IN, C_STALL_OUT, C_STALLED, C_ABORT, C_TIMEOUT, C_DRIVER_TIMEOUT, C_NONFINITE, C_FROZEN, C_EXACT, C_FIT, C_FED, CLASSES
};
static const char *const class_name[CLASSES] = {
    "packed activations", "a float tensor", "floats in memory", "FP32 results", "BF16 results", "activations sent once",
    "activations repeated", "M tail", "N tail", "K tail", "file narrower than the build",
    "plan with waiting for operands", "plan with waiting for room", "streams that wait", "aborted products",
    "the accelerator's time-out", "the driver's time-out", "NaN and infinity", "codebooks differ from the frozen ones",
    "exact accumulator", "commands that fit a board's memories", "commands that are fed while they run",
};
static long class_count[CLASSES];

static void verdict(bool good, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void verdict(bool good, const char *format, ...) {
    if (good) { passed++; return; }
    if (failed++ > 30) return;
    va_list args;
    va_start(args, format);
    fprintf(stderr, "FAIL %s seed=%" PRIu64 ": ", where, seed);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
}

static void must(bool good, const char *what, const bcq_error *error) {
    if (good) return;
    fprintf(stderr, "test_device: %s: %s: %s\n", where, what, error->message);
    exit(2);
}

/* ---- Files --------------------------------------------------------------------------------- */

static char folder[] = "/tmp/bcq_device_XXXXXX";
static char path_a[64], path_w[64], path_x[64];

static void remove_files(void) {
    unlink(path_a);
    unlink(path_w);
    unlink(path_x);
    rmdir(folder);
}

static void make_folder(void) {
    if (!mkdtemp(folder)) { perror(folder); exit(2); }
    snprintf(path_a, sizeof path_a, "%s/a.bcq", folder);
    snprintf(path_w, sizeof path_w, "%s/w.bcq", folder);
    snprintf(path_x, sizeof path_x, "%s/x.npy", folder);
    atexit(remove_files);
}

static void write_npy(const float *x, int64_t rows, int64_t k) {
    FILE *f = fopen(path_x, "wb");
    if (!f || !bcq_npy_write_header(f, rows, k) || fwrite(x, sizeof *x, (size_t)(rows * k), f) != (size_t)(rows * k)
        || fclose(f) != 0) {
        perror(path_x);
        exit(2);
    }
}

static bcq_packed *pack(const float *x, int64_t rows, int64_t k, const bcq_codebooks *cb, const char *path) {
    bcq_error error;
    bcq_quantize_options o = { .bf16 = true };
    write_npy(x, rows, k);
    bcq_tensor *t = bcq_tensor_open(path_x, &error);
    must(t && bcq_quantize(t, cb, path, &o, NULL, &error), "quantize", &error);
    bcq_tensor_close(t);
    bcq_packed *p = bcq_packed_open(path, cb, &error);
    must(p != NULL, "packed", &error);
    return p;
}

/* ---- Random operands ----------------------------------------------------------------------- */

static int compare_int8(const void *a, const void *b) { return *(const int8_t *)a - *(const int8_t *)b; }

/* Every codebook with an entry 0, so that any K goes. */
static bcq_codebooks random_codebooks(bcq_params p) {
    bcq_codebooks cb = { .p = p };
    for (int c = 0; c < p.nc; c++) {
        for (int k = 1; k < bcq_entries(&p); k++) cb.entry[c][k] = (int8_t)(below(2 * bcq_cmax(&p) + 1) - bcq_cmax(&p));
        qsort(cb.entry[c], (size_t)bcq_entries(&p), 1, compare_int8);
    }
    return cb;
}

/* Parameters that the build takes: its own, or smaller ones. */
static bcq_params random_params(const bcq_device_info *b, bool encoded) {
    bcq_params p = { b->la, b->lb, b->nc, b->index_bits, b->entry_bits };
    while (p.nc > 1 && below(4) == 0) p.nc /= 2;
    if (encoded) return p;
    while (p.lb < BCQ_LB_MAX && below(4) == 0) p.lb *= 2;
    while (p.index_bits > BCQ_B_MIN && below(4) == 0) p.index_bits--;
    while (p.entry_bits > BCQ_EW_MIN && below(4) == 0) p.entry_bits--;
    return p;
}

static float *random_floats(int64_t rows, int64_t k) {
    float *x = malloc((size_t)(rows * k) * sizeof *x);
    if (!x) exit(2);
    for (int64_t i = 0; i < rows * k; i++) x[i] = (float)(normal() * (below(8) ? 1 : 30));
    return x;
}

/* ---- One product --------------------------------------------------------------------------- */

enum { PACKED, TENSOR, VALUES };

typedef struct {
    int64_t m, n, k;
    int kind;
    bcq_codebooks cb_a, cb_w;
    float *x;
    bcq_packed *w;
    bcq_device_activations a;
    bcq_device_options o;
} product_case;

static const char *config_now;  /* whose frozen tables make_case takes */

static void make_case(product_case *c, const bcq_device_info *b, int64_t m, int64_t n, int64_t k, int kind) {
    bcq_error error;
    *c = (product_case){ .m = m, .n = n, .k = k, .kind = kind };
    c->cb_a = random_codebooks(random_params(b, kind != PACKED));
    c->cb_w = random_codebooks(random_params(b, false));
    if (b->frozen) {
        must(rtl_frozen_codebooks(config_now, &c->cb_a, &error), config_now, &error);
        c->cb_w = c->cb_a;
    }
    float *w = random_floats(n, k);
    c->w = pack(w, n, k, &c->cb_w, path_w);
    free(w);
    c->x = random_floats(m, k);
    c->a.exponent = below(8) - 9;
    if (kind == PACKED) {
        c->a.packed = pack(c->x, m, k, &c->cb_a, path_a);
    } else if (kind == TENSOR) {
        write_npy(c->x, m, k);
        c->a.tensor = bcq_tensor_open(path_x, &error);
        must(c->a.tensor != NULL, "tensor", &error);
    } else {
        c->a.values = c->x;
        c->a.m = m;
    }
    c->o = (bcq_device_options){ .exact = b->exact, .bf16_results = below(2), .no_reuse = below(4) == 0 };
}

static void free_case(product_case *c) {
    bcq_packed_close((bcq_packed *)c->a.packed);
    bcq_tensor_close((bcq_tensor *)c->a.tensor);
    bcq_packed_close(c->w);
    free(c->x);
}

static bool load(bcq_device *d, const product_case *c, bcq_error *error) {
    return bcq_device_load_codebooks(d, &c->cb_a, &c->cb_w, error) && bcq_device_load_weights(d, c->w, error);
}

/* Polls to the end; progress must not go back and must end at 1. */
static bool finish(bcq_device *d, bcq_error *error) {
    double progress, before = 0;
    bcq_device_state state;
    while ((state = bcq_device_poll(d, &progress, error)) == BCQ_DEVICE_RUNNING) {
        verdict(progress >= before && progress <= 1, "progress %g after %g", progress, before);
        before = progress;
    }
    if (state == BCQ_DEVICE_DONE) verdict(progress == 1, "progress %g at the end", progress);
    return state == BCQ_DEVICE_DONE;
}

static void check_counter(const product_case *c, const char *name, uint64_t got, uint64_t plan) {
    verdict(got == plan, "M %" PRId64 " N %" PRId64 " K %" PRId64 " kind %d bf16 %d no_reuse %d: %s: wanted %" PRIu64
            " as planned, got %" PRIu64, c->m, c->n, c->k, c->kind, c->o.bf16_results, c->o.no_reuse, name, plan, got);
}

/* Results and counters of d, where the product has ended, against the golden model's and the plan.
 * free_running: nothing outside waited, so that cycles are planned too. */
static void check_product(bcq_device *d, bcq_device *golden, const product_case *c, bool free_running) {
    bcq_error error;
    size_t scalars = (size_t)(c->m * c->n);
    float *got = malloc(scalars * sizeof *got), *want = malloc(scalars * sizeof *want);
    if (!got || !want) exit(2);
    must(load(golden, c, &error) && bcq_device_start(golden, &c->a, &c->o, &error) && finish(golden, &error)
         && bcq_device_result(golden, want, &error), "golden", &error);
    verdict(bcq_device_result(d, got, &error), "result");
    size_t differ = 0;
    while (differ < scalars && memcmp(&got[differ], &want[differ], sizeof *got) == 0) differ++;
    verdict(differ == scalars, "M %" PRId64 " N %" PRId64 " K %" PRId64 " kind %d: C[%zu]: wanted %a, got %a", c->m, c->n,
            c->k, c->kind, differ, (double)want[differ % scalars], (double)got[differ % scalars]);
    bcq_device_counters is, planned;
    bcq_plan plan;
    must(bcq_device_get_counters(d, &is, &error) && bcq_device_get_counters(golden, &planned, &error)
         && bcq_device_get_plan(d, &plan, &error), "counters", &error);
    if (!d->info.w_capacity) verdict(memcmp(&plan.counters, &planned, offsetof(bcq_device_counters, scale_nan)) == 0, "golden's counters are not the plan's");
    check_counter(c, "W_COUNT", is.w_bytes, plan.counters.w_bytes);
    check_counter(c, "A_COUNT", is.a_bytes, plan.counters.a_bytes);
    check_counter(c, "R_COUNT", is.r_bytes, plan.counters.r_bytes);
    check_counter(c, "CB_COUNT", is.codebook_bytes, plan.counters.codebook_bytes);
    check_counter(c, "ISSUED", is.issued, plan.counters.issued);
    check_counter(c, "commands", is.commands, plan.counters.commands);
    if (free_running) {
        check_counter(c, "CYCLES", is.cycles, plan.counters.cycles);
        check_counter(c, "STALL_IN", is.stall_in, plan.counters.stall_in);
        check_counter(c, "STALL_OUT", is.stall_out, plan.counters.stall_out);
        if (!d->info.a_capacity || plan.counters.codebook_bytes <= 4 * (uint64_t)d->info.a_capacity)
            check_counter(c, "codebook CYCLES", is.codebook_cycles, plan.counters.codebook_cycles);
    } else {
        verdict(is.cycles >= plan.counters.cycles, "stalled: %" PRIu64 " cycles, planned %" PRIu64, is.cycles,
                plan.counters.cycles);
    }
    verdict(is.nonfinite == planned.nonfinite, "nonfinite: wanted %d, got %d", planned.nonfinite, is.nonfinite);
    verdict(!is.scale_nan, "a NaN scale");
    free(got);
    free(want);
    const bcq_device_info *b = &d->info;
    class_count[c->kind == PACKED ? C_PACKED : c->kind == TENSOR ? C_TENSOR : C_VALUES]++;
    class_count[c->o.bf16_results ? C_BF16 : C_FP32]++;
    class_count[plan.reuse ? C_REUSE : C_REPEATED]++;
    class_count[C_M_TAIL] += c->m > b->t && c->m % b->t;
    class_count[C_N_TAIL] += c->n % b->cols != 0;
    class_count[C_K_TAIL] += c->k % b->la != 0;
    class_count[C_NARROW] += c->cb_w.p.nc < b->nc || c->cb_w.p.lb > b->lb || c->cb_w.p.index_bits < b->index_bits;
    class_count[C_STALL_IN] += plan.counters.stall_in > 100;
    class_count[C_STALL_OUT] += plan.counters.stall_out > 0;
    class_count[C_EXACT] += b->exact;
}

/* Whether every command of the product finds room for all its operands and results: then nothing waits. */
static bool fits_memories(const bcq_device *d) {
    const bcq_device_info *b = &d->info;
    const product *p = &d->p;
    bcq_plan_job job = { p->m, p->n, p->k, p->encode, p->bf16_results, !p->reuse };
    splitter s;
    part next;
    bool fits = true;
    if (!b->w_capacity) return true;
    splitter_open(&s, b, &job);
    while (splitter_next(&s, &next)) {
        stream w, a;
        sink r;
        stream_open(&w, STREAM_WEIGHTS, p, next);
        stream_open(&a, STREAM_ACTIVATIONS, p, next);
        sink_open(&r, p, next, NULL);
        fits = fits && w.left <= (uint64_t)(b->w_capacity * b->w_bytes) && a.left <= (uint64_t)(b->a_capacity * b->a_bytes)
            && r.left <= (uint64_t)b->r_capacity;
    }
    class_count[C_FIT] += fits;
    class_count[C_FED] += !fits;
    return fits;
}

static int random_kind(const bcq_device_info *b) { return b->enc_lanes ? below(3) : PACKED; }

static void random_case(product_case *c, const bcq_device_info *b) {
    int few = below(3);  /* tiny, some tiles, long in one direction */
    int64_t m = 1 + below(few == 0 ? 4 : few == 1 ? 2 * b->t + 2 : b->t), n = 1 + below((few == 2 ? 12 : 3) * b->cols),
            k = 1 + below((few == 2 ? 9 : 4) * b->la);
    make_case(c, b, m, n, k, random_kind(b));
}

static void test_random(bcq_device *d, bcq_device *golden, long runs) {
    for (long i = 0; i < runs; i++) {
        product_case c;
        bcq_error error;
        random_case(&c, &d->info);
        bool good = load(d, &c, &error);
        /* Now and then several products on the same operands. */
        for (int again = below(8) == 0; again >= 0 && good; again--) {
            good = bcq_device_start(d, &c.a, &c.o, &error) && finish(d, &error);
            if (good) check_product(d, golden, &c, fits_memories(d));
        }
        verdict(good, "product: %s", error.message);
        free_case(&c);
    }
}

/* As many results a command as there can be: on a small board they go round its memory. */
static void test_many_results(bcq_device *d, bcq_device *golden) {
    product_case c;
    bcq_error error;
    make_case(&c, &d->info, 2 * d->info.t, 24 * d->info.cols, 1, PACKED);
    c.o.bf16_results = false;
    bool good = load(d, &c, &error) && bcq_device_start(d, &c.a, &c.o, &error) && finish(d, &error);
    verdict(good, "many results: %s", error.message);
    if (good) check_product(d, golden, &c, fits_memories(d));
    free_case(&c);
}

/* ---- Streams that wait, products that end early -------------------------------------------- */

static stall_side sides[3];
static bool random_stall(void *context, int side) {
    (void)context;
    return stall_next(&sides[side]);
}

/* context: the side that waits for ever, from the cycle on that stall_from counts down to. */
static long stall_from;
static bool stall_for_ever(void *context, int side) {
    return side == *(int *)context && stall_from-- <= 0;
}

static bool contains(const bcq_error *error, const char *text) { return strstr(error->message, text) != NULL; }

static void test_stalls(bcq_device *d, bcq_device *golden, long runs) {
    for (long i = 0; i < runs; i++) {
        product_case c;
        bcq_error error;
        random_case(&c, &d->info);
        for (int s = 0; s < 3; s++) sides[s] = (stall_side){ .rate = below(RATES), .bursts = below(2) * 16 };
        device_rtl_set_stall(d, random_stall, NULL);
        bool good = load(d, &c, &error) && bcq_device_start(d, &c.a, &c.o, &error) && finish(d, &error);
        verdict(good, "stalled product: %s", error.message);
        if (good) check_product(d, golden, &c, false);
        device_rtl_set_stall(d, NULL, NULL);
        class_count[C_STALLED]++;
        free_case(&c);
    }
}

/* A product that ends early in one of several ways, then a whole one on the same device. */
static void test_ends(bcq_device *d, bcq_device *golden, long runs) {
    for (long i = 0; i < runs; i++) {
        product_case c;
        bcq_error error = { "" };
        int side = below(3), way = below(3);
        make_case(&c, &d->info, 1 + d->info.t + below(d->info.t), 1 + d->info.cols + below(d->info.cols), 4 * d->info.la,
                  random_kind(&d->info));
        must(load(d, &c, &error), "load", &error);
        bcq_device_options o = c.o;
        stall_from = below(20);
        device_rtl_set_stall(d, stall_for_ever, &side);
        if (way == 0) o.timeout_cycles = 1000;
        o.timeout_seconds = 0.05;
        bool good = bcq_device_start(d, &c.a, &o, &error);
        verdict(good, "start: %s", error.message);
        if (way == 2) {
            for (int polls = below(3); polls > 0; polls--) bcq_device_poll(d, NULL, &error);
            verdict(bcq_device_abort(d, &error), "abort: %s", error.message);
            verdict(bcq_device_poll(d, NULL, &error) == BCQ_DEVICE_FAILED && contains(&error, "wanted a product that was started"),
                    "poll after an abort: %s", error.message);
            class_count[C_ABORT]++;
        } else {
            verdict(!finish(d, &error), "a product ended without its operands");
            verdict(contains(&error, way == 0 ? "no beat on any stream" : "nothing that moved for 0.05 s"),
                    "time-out: %s", error.message);
            class_count[way == 0 ? C_TIMEOUT : C_DRIVER_TIMEOUT]++;
        }
        float unused;
        verdict(!bcq_device_result(d, &unused, &error), "results of a product that failed");
        device_rtl_set_stall(d, NULL, NULL);
        good = bcq_device_start(d, &c.a, &c.o, &error) && finish(d, &error);
        verdict(good, "the product behind one that ended early: %s", error.message);
        if (good) check_product(d, golden, &c, fits_memories(d));
        free_case(&c);
    }
}

/* ---- Refusals ------------------------------------------------------------------------------ */

static void refused(bool good, const bcq_error *error, const char *text) {
    verdict(!good && contains(error, text), "wanted \"%s\", got \"%s\"", text, good ? "success" : error->message);
}

static bool stop(void *context, double progress) {
    (void)context;
    (void)progress;
    return false;
}

static void test_refusals(bcq_device *d) {
    const bcq_device_info *b = &d->info;
    bcq_error error;
    product_case c, other;
    make_case(&c, b, 5, 3, 2 * b->la, PACKED);
    bcq_device_activations none = { 0 }, both = c.a;
    both.values = c.x;
    d->w = NULL;
    d->have_codebooks = false;
    refused(bcq_device_load_weights(d, c.w, &error), &error, "wanted codebooks before weights");
    refused(bcq_device_start(d, &c.a, &c.o, &error), &error, "wanted weights before a product");
    bcq_device_counters counters;
    bcq_plan plan;
    refused(bcq_device_get_counters(d, &counters, &error), &error, "wanted a product that has ended");
    refused(bcq_device_get_plan(d, &plan, &error), &error, "wanted a product that was started");
    must(load(d, &c, &error), "load", &error);
    refused(bcq_device_start(d, &none, &c.o, &error), &error, "wanted activations of one kind");
    refused(bcq_device_start(d, &both, &c.o, &error), &error, "wanted activations of one kind");
    bcq_device_options o = c.o;
    o.exact = !o.exact;
    refused(bcq_device_start(d, &c.a, &o, &error), &error, b->exact ? "wanted --acc exact, got" : "wanted --acc fp32, got");
    bcq_device_activations values = { .values = c.x, .m = 5, .exponent = 0 };
    if (!b->enc_lanes) refused(bcq_device_start(d, &values, &c.o, &error), &error, "this build has no encoder");
    else {
        values.exponent = 101;
        refused(bcq_device_start(d, &values, &c.o, &error), &error, "wanted an exponent in [-100, 100]");
        values.exponent = 0;
        values.m = 0;
        refused(bcq_device_start(d, &values, &c.o, &error), &error, "wanted at least one row");
    }
    /* K that differs; codebooks that A was not made with. */
    make_case(&other, b, 5, 3, b->la, PACKED);
    bcq_packed_close((bcq_packed *)other.a.packed);
    other.a.packed = pack(other.x, 5, b->la, &c.cb_a, path_a);
    refused(bcq_device_start(d, &other.a, &c.o, &error), &error, "wanted K =");
    if (!b->frozen) refused(bcq_device_load_weights(d, other.w, &error), &error, "wanted the codebooks");
    /* Tables of another la, and tables too large. */
    bcq_codebooks bad = c.cb_a;
    bad.p.la = b->la == 16 ? 32 : 16;
    refused(bcq_device_load_codebooks(d, &bad, &bad, &error), &error, "la of the file differs");
    bad = c.cb_a;
    bad.entry[0][0] = 127;
    bad.entry[0][1] = -127;
    refused(bcq_device_load_codebooks(d, &bad, &bad, &error), &error, "wanted legal codebooks");
    free_case(&other);
    /* A second product while one runs. */
    must(load(d, &c, &error) && bcq_device_start(d, &c.a, &c.o, &error), "start", &error);
    refused(bcq_device_start(d, &c.a, &c.o, &error), &error, "wanted the product before to have ended");
    refused(bcq_device_load_weights(d, c.w, &error), &error, "wanted the product before to have ended");
    refused(bcq_device_load_codebooks(d, &c.cb_a, &c.cb_w, &error), &error, "wanted the product before to have ended");
    verdict(bcq_device_wait(d, NULL, NULL, &error), "wait: %s", error.message);
    verdict(bcq_device_poll(d, NULL, &error) == BCQ_DEVICE_DONE, "done stays done");
    verdict(bcq_device_abort(d, &error) && bcq_device_poll(d, NULL, &error) == BCQ_DEVICE_DONE, "abort after the end");
    free_case(&c);
    /* A callback that ends it: long enough to be still running after one poll. */
    make_case(&c, b, 40 * b->t, 8 * b->cols, 8 * b->la, PACKED);
    must(load(d, &c, &error) && bcq_device_start(d, &c.a, &c.o, &error), "start", &error);
    refused(bcq_device_wait(d, stop, NULL, &error), &error, "got an abort");
    free_case(&c);
}

static void test_nonfinite(bcq_device *d, bcq_device *golden) {
    if (!d->info.enc_lanes) return;
    static const float special[] = { 0.0f / 1.0f, -0.0f, 1e-42f, 3.4e38f, __builtin_inff(), -__builtin_inff(), __builtin_nanf("") };
    for (size_t i = 0; i < sizeof special / sizeof special[0]; i++) {
        product_case c;
        bcq_error error;
        make_case(&c, &d->info, 3, 2, d->info.la + 1, VALUES);
        c.x[below(3 * (d->info.la + 1))] = special[i];
        bool good = load(d, &c, &error) && bcq_device_start(d, &c.a, &c.o, &error) && finish(d, &error);
        verdict(good, "%g: %s", (double)special[i], error.message);
        if (good) check_product(d, golden, &c, fits_memories(d));
        verdict(d->counters.nonfinite == (i > 2), "%g: nonfinite is %d", (double)special[i], d->counters.nonfinite);
        class_count[C_NONFINITE] += i > 2;
        free_case(&c);
    }
    /* A tensor refuses them. */
    product_case c;
    bcq_error error;
    make_case(&c, &d->info, 3, 2, d->info.la, TENSOR);
    bcq_tensor_close((bcq_tensor *)c.a.tensor);
    c.x[d->info.la] = __builtin_inff();
    write_npy(c.x, 3, d->info.la);
    c.a.tensor = bcq_tensor_open(path_x, &error);
    must(c.a.tensor && load(d, &c, &error), "load", &error);
    bool good = bcq_device_start(d, &c.a, &c.o, &error) && finish(d, &error);
    refused(good, &error, "row 1");
    free_case(&c);
}

/* The hardware's own comparison, where the driver does not know the tables. */
static void test_frozen(bcq_device *d, const char *config, bool board) {
    if (!d->info.frozen) return;
    product_case c;
    bcq_error error;
    make_case(&c, &d->info, 3, 2, d->info.la, PACKED);
    bcq_codebooks other = c.cb_a;
    other.entry[3][0]--;
    if (!board) {
        refused(bcq_device_load_codebooks(d, &other, &c.cb_w, &error), &error, "wanted the codebooks that are frozen in it");
        snprintf(d->config, sizeof d->config, "%s", "");
    }
    refused(bcq_device_load_codebooks(d, &other, &c.cb_w, &error), &error, "codebooks other than those that are frozen");
    verdict(bcq_device_load_codebooks(d, &c.cb_a, &c.cb_w, &error), "the frozen tables: %s", error.message);
    if (!board) snprintf(d->config, sizeof d->config, "%s", config);
    class_count[C_FROZEN]++;
    free_case(&c);
}

/* ---- What no result shows ------------------------------------------------------------------ */

/* "Columns beyond N: all zero bytes", "copies of the first fill up", "unused entries 0". */
static void test_streams(const bcq_device_info *b) {
    product_case c;
    bcq_error error;
    make_case(&c, b, 2, 1, 2 * b->la, PACKED);
    product p = { .build = b, .cb_a = &c.cb_a, .cb_w = &c.cb_w, .w = c.w, .a = c.a, .m = 2, .n = 1, .k = 2 * b->la,
                  .arrays = 2 };
    stream s;
    uint8_t bytes[BCQ_NC_MAX * BCQ_ENTRIES_MAX * 2], record[STREAM_RECORD_MAX], zero[STREAM_RECORD_MAX] = { 0 };
    size_t size = stream_record_bytes(b);
    stream_open(&s, STREAM_WEIGHTS, &p, (part){ 0, 2, 0, 1 });
    verdict(s.left == 2 * (size_t)b->cols * size, "bytes of the weight stream");
    for (int i = 0; i < 2 * b->cols; i++) {
        must(stream_read(&s, record, size, &error), "stream", &error);
        verdict((memcmp(record, zero, size) != 0) == (i % b->cols == 0), "column %d of 1", i % b->cols);
    }
    stream_open(&s, STREAM_CODEBOOKS, &p, (part){ 0, 0, 0, 0 });
    size_t entries = (size_t)1 << b->index_bits, count = (size_t)s.left;
    verdict(count == 2 * (size_t)b->nc * entries, "bytes of the codebook stream");
    must(stream_read(&s, bytes, count, &error), "stream", &error);
    for (int book = 0; book < 2 * b->nc; book++) {
        const bcq_codebooks *cb = book < b->nc ? &c.cb_a : &c.cb_w;
        int from = book % b->nc < cb->p.nc ? book % b->nc : 0;
        for (size_t k = 0; k < entries; k++)
            verdict((int8_t)bytes[(size_t)book * entries + k] == (k < (size_t)bcq_entries(&cb->p) ? cb->entry[from][k] : 0),
                    "codebook %d, entry %zu", book, k);
    }
    free_case(&c);
}

/* ---- The plan without its short cuts ------------------------------------------------------- */

static void test_plan(const bcq_device_info *b, long runs) {
    for (long i = 0; i < runs; i++) {
        bcq_plan_job job = { 1 + below(6 * b->t), 1 + below(40 * b->cols), 1 + below(20 * b->la),
                             b->enc_lanes && below(2), below(2), below(3) == 0 };
        bcq_plan quick, slow;
        bcq_error error;
        must(bcq_plan_make(b, &job, &quick, &error), "plan", &error);
        plan_never_skips = true;
        must(bcq_plan_make(b, &job, &slow, &error), "plan", &error);
        plan_never_skips = false;
        const bcq_device_counters *q = &quick.counters, *s = &slow.counters;
        verdict(q->cycles == s->cycles && q->issued == s->issued && q->stall_in == s->stall_in && q->stall_out == s->stall_out,
                "plan M %" PRId64 " N %" PRId64 " K %" PRId64 " encode %d bf16 %d no_reuse %d: %" PRIu64 " cycles, %" PRIu64
                " step by step", job.m, job.n, job.k, job.encode, job.bf16_results, job.no_reuse, q->cycles, s->cycles);
    }
}

/* ---- Main ---------------------------------------------------------------------------------- */

static void test_config(const char *config, long runs, const char *uart) {
    config_now = config;
    bcq_error error;
    random_state = seed;
    bcq_device *golden = bcq_device_open("golden", config, &error);
    must(golden != NULL, "golden", &error);
    bcq_device *d = uart ? bcq_device_open(uart, NULL, &error) : bcq_device_open("rtl", config, &error);
    must(d != NULL, "open", &error);
    /* What the registers say is what the tables say. */
    bcq_device_info is = *bcq_device_identify(d), row = *bcq_device_identify(golden);
    is.a_capacity = is.w_capacity = is.r_capacity = 0;
    is.clock_hz = 0;
    verdict(is.lanes == row.lanes && is.lb == row.lb && is.la == row.la && is.nc == row.nc && is.index_bits == row.index_bits
            && is.entry_bits == row.entry_bits && is.cols == row.cols && is.t == row.t && is.ndec == row.ndec
            && is.exact == row.exact && is.frozen == row.frozen && is.deep == row.deep
            && is.table_memory == row.table_memory && is.enc_lanes == row.enc_lanes
            && is.cb_per_cycle == row.cb_per_cycle && is.a_bytes == row.a_bytes && is.w_bytes == row.w_bytes
            && is.r_bytes == row.r_bytes && is.act_words == row.act_words && is.result_words == row.result_words,
            "the registers' build is not the row's");
    for (int i = 0; i < 4; i++) test_streams(&row);
    test_plan(&row, 10 * runs);
    if (uart) golden->info = *bcq_device_identify(d);
    test_random(d, golden, runs);
    test_many_results(d, golden);
    if (!uart) {
        test_stalls(d, golden, runs / 4 + 1);
        test_ends(d, golden, runs / 4 + 3);
    }
    test_frozen(d, config, uart);
    test_refusals(d);
    test_nonfinite(d, golden);
    bcq_device_close(d);
    bcq_device_close(golden);
}

static void test_open(void) {
    bcq_error error;
    bcq_device *d = bcq_device_open("gpu", NULL, &error);
    refused(d != NULL, &error, "--backend: wanted golden, rtl or uart:DEVICE, got \"gpu\"");
    d = bcq_device_open("rtl", NULL, &error);
    refused(d != NULL, &error, "wanted a row of rtl/configs.def");
    d = bcq_device_open("rtl", "nosuch", &error);
    refused(d != NULL, &error, "--config: wanted one of default, ");
    d = bcq_device_open("golden", "nosuch", &error);
    refused(d != NULL, &error, "--config: wanted one of default, ");
    d = bcq_device_open("uart:/dev/null", "lb2", &error);
    refused(d != NULL, &error, "wanted no configuration");
    d = bcq_device_open("uart:/dev/null", NULL, &error);
    refused(d != NULL, &error, "/dev/null");
    d = bcq_device_open_model("/dev/null", &error);
    refused(d != NULL, &error, "/dev/null");
    d = bcq_device_open("golden", NULL, &error);
    must(d != NULL, "golden", &error);
    refused(bcq_device_trace(d, "x.fst", 0, 1, &error), &error, "--trace: wanted the back end rtl:trace");
    bcq_device_close(d);
    bcq_device_close(NULL);
}

int main(int argc, char **argv) {
    long runs = 40;
    const char *uart = NULL;
    int first = 1;
    for (; first + 1 < argc && argv[first][0] == '-'; first += 2) {
        if (strcmp(argv[first], "-seed") == 0) seed = strtoull(argv[first + 1], NULL, 10);
        else if (strcmp(argv[first], "-runs") == 0) runs = strtol(argv[first + 1], NULL, 10);
        else if (strcmp(argv[first], "-uart") == 0) uart = argv[first + 1];
        else break;
    }
    if (first >= argc || runs < 1 || argv[first][0] == '-') {
        fprintf(stderr, "usage: test_device [-seed S] [-runs N] [-uart uart:DEVICE] CONFIG...\n");
        return 2;
    }
    printf("seed %" PRIu64 ", %ld runs a configuration\n", seed, runs);
    make_folder();
    test_open();
    for (int i = first; i < argc; i++) {
        where = argv[i];
        long before = passed;
        test_config(argv[i], runs, uart);
        printf("%-10s %ld checks\n", argv[i], passed - before);
        fflush(stdout);
    }
    for (int i = 0; i < CLASSES; i++) {
        printf("  %-40s %ld\n", class_name[i], class_count[i]);
        /* One board or one configuration shows only some of them. */
        if (!uart && argc - first > 3 && i < C_FIT) verdict(class_count[i] > 0, "nothing covered of: %s", class_name[i]);
    }
    printf("%ld passed, %ld failed\n", passed, failed);
    return failed || !passed ? EXIT_FAILURE : EXIT_SUCCESS;
}
