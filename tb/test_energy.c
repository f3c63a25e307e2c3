/* What bcq energy stands on: its operands, against the golden model on the RTL; netlists in lockstep with the RTL,
 * port by port and toggle by toggle; and what OpenSTA is asked to add up, added up here.
 * Usage: test_energy [-seed S] MODEL.so...            operands, on models of bcq_gemm and rival_gemm
 *        test_energy [-seed S] -lockstep JOB LIB MODEL.so   a product on both, twice; the second one is compared
 *        test_energy -switching NETLIST TOP LIB ACTIVITY SECONDS     power of that many transitions a cycle, without wires */
#include <dlfcn.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "energy.h"
#include "energy_job.h"

static uint64_t seed = 1;
static long passed, failed;
static bcq_error error;

static void verdict(bool good, const char *what, const char *which, const char *why) {
    if (good) { passed++; return; }
    failed++;
    fprintf(stderr, "FAIL %s, %s: %s\n", what, which, why);
}

static void die(const char *what) {
    fprintf(stderr, "test_energy: %s: %s\n", what, error.message);
    exit(2);
}

static const energy_data all_data[] = { ENERGY_REAL, ENERGY_ZEROS, ENERGY_RANDOM, ENERGY_WORST };
static const char *const data_name[] = { "real", "zeros", "random", "worst" };

/* ---- Operands on the RTL ------------------------------------------------------------------------------------ */

/* The product, to the bit, in the cycles of the formula. */
static bool product(rtl *r, const energy_operands *e, const energy_data_options *o, char *why, size_t size) {
    size_t count = (size_t)(o->m * o->n), different = 0, nonzero = 0;
    uint32_t *acc = calloc(count, sizeof *acc), *golden = calloc(count, sizeof *golden);
    energy_window w;
    rtl_run_report report;
    const rtl_build *b = rtl_get_build(r);
    if (!acc || !golden) abort();
    bool good = energy_find_window(b, o->m, o->n, o->k, &w, &error)
             && energy_run_product(r, NULL, e, &w, false, acc, &report, &error);
    if (!good) snprintf(why, size, "%s", error.message);
    energy_golden(e, golden);
    for (size_t i = 0; i < count; i++) {
        different += acc[i] != golden[i];
        nonzero += golden[i] != 0;
    }
    if (good && (different || report.cycles != rtl_cycles_formula(b, o->m, o->n, o->k))) {
        snprintf(why, size, "%zu of %zu results differ, %" PRIu64 " cycles", different, count, report.cycles);
        good = false;
    }
    if (good && (nonzero == 0) != (o->data == ENERGY_ZEROS)) {
        snprintf(why, size, "%zu of %zu results are not zero", nonzero, count);
        good = false;
    }
    free(acc);
    free(golden);
    return good;
}

static void test_operands(const char *path) {
    char what[64], why[600] = "";
    rtl *r = rtl_open_model(path, seed, &error);
    if (!r) die(path);
    const rtl_build *b = rtl_get_build(r);
    for (size_t i = 0; i < sizeof all_data / sizeof *all_data; i++) {
        energy_data_options o = { .data = all_data[i], .seed = seed };
        bcq_codebooks frozen;
        if (b->frozen) { /* the one model with constants among them is that of the row frozen */
            if (!rtl_frozen_codebooks("frozen", &frozen, &error)) {
                printf("FAIL operands, %s: %s\n", path, error.message);
                failed++;
                continue;
            }
            o.frozen_a = o.frozen_w = &frozen;
        }
        energy_operands *e = NULL;
        snprintf(what, sizeof what, "operands %s", data_name[i]);
        bool good = energy_shape(b, &o, &error) && (e = energy_operands_open(b, &o, &error));
        if (!good) snprintf(why, sizeof why, "%s", error.message);
        verdict(good && product(r, e, &o, why, sizeof why), what, path, why);
        energy_operands_close(e);
    }
    rtl_close(r);
}

/* ---- Windows: by hand ------------------------------------------------------------------------------------------ */

/* The rows default and gap of rtl/configs.def, by the rules of docs/architecture.md. */
static void test_windows(void) {
    static const struct {
        rtl_build b;
        int64_t m, n, k;
        energy_window w;
    } cases[] = {
        /* LOAD 64, period 64, latency 29: pass 1 on; a whole sum is 4 passes, of 8 */
        { { .lanes = 8, .lb = 8, .la = 64, .nc = 16, .index_bits = 4, .entry_bits = 6, .cols = 16, .t = 64, .ndec = 2 },
          64, 32, 256, { 128, 256, 262144, 4, true, 64 + 7 * 64 + 29 + 32 } },
        /* 4 passes: 2 in the middle, no whole sum */
        { { .lanes = 8, .lb = 8, .la = 64, .nc = 16, .index_bits = 4, .entry_bits = 6, .cols = 16, .t = 64, .ndec = 2 },
          64, 16, 256, { 128, 128, 131072, 2, false, 64 + 3 * 64 + 29 + 32 } },
        /* LOAD 2, NDEC 4 > 2 rows but one group: LAG 0; LOOP 6 > T; latency 11: pass 2 on, of 8 */
        { { .lanes = 8, .lb = 8, .la = 16, .nc = 4, .index_bits = 2, .entry_bits = 4, .cols = 4, .t = 4, .ndec = 4 },
          4, 8, 64, { 14, 24, 1024, 4, true, 2 + 7 * 6 + 11 + 2 } },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char which[32], why[200];
        energy_window w = { 0 };
        const energy_window *x = &cases[i].w;
        bool good = energy_find_window(&cases[i].b, cases[i].m, cases[i].n, cases[i].k, &w, &error);
        snprintf(which, sizeof which, "case %zu", i);
        snprintf(why, sizeof why, "first %" PRIu64 ", cycles %" PRIu64 ", macs %" PRIu64 ", passes %" PRId64
                 ", stall %" PRIu64, w.first, w.cycles, w.macs, w.passes, w.stall);
        verdict(good && w.first == x->first && w.cycles == x->cycles && w.macs == x->macs && w.passes == x->passes
                && w.whole == x->whole && w.stall == x->stall, "window", which, why);
    }
    energy_window w;
    const rtl_build *b = &cases[0].b;
    verdict(!energy_find_window(b, 64, 16, 128, &w, &error) && !energy_find_window(b, 63, 64, 256, &w, &error),
            "window", "too short, or part of a tile", "not refused");
}

/* ---- A netlist in lockstep with the RTL ------------------------------------------------------------------------ */

enum { PORTS_MAX = 64, PORT_WORDS = 256 };

/* One port, of both. Outputs are read twice a cycle: after the inputs and after the edge. */
typedef struct {
    char name[64];
    int bits, of_rtl, of_gates;
    bool set;                                /* an input */
    uint32_t last[PORT_WORDS];
    uint64_t *toggles;                       /* [bits], of the RTL */
} pair_port;

static struct {
    const dut_model *rtl_model;
    dut *rtl, *gates;
    pair_port port[PORTS_MAX];
    int ports;
    bool compared;                           /* the first product gives every register a value */
    uint64_t cycles, different;
    char first[400];
} pair;

static int pair_find(const char *name, int *bits) {
    int n = 0;
    while (n < pair.ports && strcmp(pair.port[n].name, name) != 0) n++;
    if (n == pair.ports) {
        pair_port *p = &pair.port[n];
        int of_gates = 0, of_rtl = 0;
        *p = (pair_port){ .of_rtl = pair.rtl_model->port(name, &of_rtl) };
        p->bits = of_rtl;
        p->of_gates = gates_dut_model.port(name, &of_gates);
        if (p->of_rtl < 0 || p->of_gates < 0) return -1;
        if (n == PORTS_MAX || p->bits != of_gates || p->bits > 32 * PORT_WORDS) {
            fprintf(stderr, "test_energy: port %s: wanted %d bits, got %d\n", name, p->bits, of_gates);
            exit(2);
        }
        snprintf(p->name, sizeof p->name, "%s", name);
        p->toggles = calloc((size_t)p->bits, sizeof *p->toggles);
        if (!p->toggles) abort();
        pair.ports++;
    }
    if (bits) *bits = pair.port[n].bits;
    return n;
}

static void pair_set(dut *d, int n, const uint32_t *words) {
    pair_port *p = &pair.port[n];
    (void)d;
    p->set = true;
    pair.rtl_model->set(pair.rtl, p->of_rtl, words);
    gates_dut_model.set(pair.gates, p->of_gates, words);
}

static void pair_get(const dut *d, int n, uint32_t *words) {
    (void)d;
    gates_dut_model.get(pair.gates, pair.port[n].of_gates, words);
}

/* All outputs of both, now. */
static void look(const char *when) {
    for (int n = 0; n < pair.ports; n++) {
        pair_port *p = &pair.port[n];
        uint32_t of_rtl[PORT_WORDS] = { 0 }, of_gates[PORT_WORDS] = { 0 };
        if (p->set) continue;
        pair.rtl_model->get(pair.rtl, p->of_rtl, of_rtl);
        gates_dut_model.get(pair.gates, p->of_gates, of_gates);
        for (int b = 0; b < p->bits; b++) {
            uint32_t now = of_rtl[b / 32] >> b % 32 & 1;
            p->toggles[b] += now != (p->last[b / 32] >> b % 32 & 1);
            if (pair.compared && now != (of_gates[b / 32] >> b % 32 & 1) && pair.different++ == 0)
                snprintf(pair.first, sizeof pair.first, "%s[%d] is %u in the RTL and not in the netlist, cycle %" PRIu64
                         ", %s", p->name, b, now, pair.cycles, when);
        }
        memcpy(p->last, of_rtl, sizeof p->last);
    }
}

static void pair_settle(dut *d) {
    (void)d;
    pair.rtl_model->settle(pair.rtl);
    gates_dut_model.settle(pair.gates);
    look("settled");
}

static void pair_edge(dut *d) {
    (void)d;
    pair.rtl_model->edge(pair.rtl);
    gates_dut_model.edge(pair.gates);
    look("after the edge");
    pair.cycles++;
}

static void pair_close(dut *d) {
    (void)d;
    pair.rtl_model->close(pair.rtl);
    gates_dut_model.close(pair.gates);
}

static const dut_model pair_model = {
    .close = pair_close, .port = pair_find, .set = pair_set, .get = pair_get, .settle = pair_settle,
    .edge = pair_edge,
};

static void open_job(const char *folder, const char *library, energy_job *j, liberty **lib) {
    if (!energy_job_read(folder, j, &error)) die(folder);
    *lib = liberty_read(&library, 1, &error);
    if (!*lib) die(library);
}

/* Of each output bit that the RTL and the zero-delay netlist count alike. */
static void compare_toggles(const gates *g, const char *folder) {
    uint64_t bits = 0, wrong = 0, sum = 0;
    char why[200] = "no toggles at all";
    for (int n = 0; n < pair.ports; n++) {
        const pair_port *p = &pair.port[n];
        for (int b = 0; !p->set && b < p->bits; b++, bits++) {
            uint64_t of_gates = 0;
            if (!gates_toggles(g, 0, p->name, b, &of_gates)) of_gates = UINT64_MAX;
            sum += p->toggles[b];
            if (of_gates != p->toggles[b] && wrong++ == 0)
                snprintf(why, sizeof why, "%s[%d]: %" PRIu64 " in the RTL, %" PRId64 " in the netlist", p->name, b,
                         p->toggles[b], (int64_t)of_gates);
        }
    }
    printf("%" PRIu64 " output bits, %" PRIu64 " toggles in %" PRIu64 " cycles\n", bits, sum, pair.cycles);
    verdict(!wrong && sum > 0, "toggles of outputs", folder, why);
}

static void test_lockstep(const char *folder, const char *library, const char *model) {
    energy_job j;
    liberty *lib;
    gates_options options = { .events = false, .wire_ff_per_fanout = 1, .seed = seed };
    open_job(folder, library, &j, &lib);
    gates *g = gates_open(lib, j.netlist, j.top, &options, &error);
    if (!g) die(folder);
    void *so = dlopen(model, RTLD_NOW | RTLD_LOCAL);
    pair.rtl_model = so ? dlsym(so, "dut_model_table") : NULL;
    if (!pair.rtl_model) { bcq_fail(&error, "wanted a model, got none"); die(model); }
    pair.rtl = pair.rtl_model->open(seed + 1);
    pair.gates = (dut *)g;
    rtl *r = rtl_open_dut(&pair_model, (dut *)&pair, folder, &error);
    if (!r) die(folder);
    for (int i = 0; i < 2; i++) {
        energy_data_options o = { .data = ENERGY_REAL, .seed = seed };
        char why[600] = "";
        if (!energy_shape(rtl_get_build(r), &o, &error)) die(folder);
        energy_operands *e = energy_operands_open(rtl_get_build(r), &o, &error);
        if (!e) die(folder);
        verdict(product(r, e, &o, why, sizeof why), i ? "second product" : "first product", folder, why);
        energy_operands_close(e);
        if (i == 0) {
            pair.compared = true;
            pair.cycles = 0;
            for (int n = 0; n < pair.ports; n++)
                memset(pair.port[n].toggles, 0, (size_t)pair.port[n].bits * sizeof *pair.port[n].toggles);
            gates_clear(g);
        }
    }
    verdict(pair.different == 0, "outputs, cycle by cycle", folder, pair.first);
    compare_toggles(g, folder);
    rtl_close(r);
    for (int n = 0; n < pair.ports; n++) free(pair.port[n].toggles);
    dlclose(so);
    liberty_free(lib);
    energy_job_free(&j);
}

/* ---- For OpenSTA ------------------------------------------------------------------------------------------------ */

/* What OpenSTA adds up when each net has `activity` transitions a cycle and each gated clock two: W. */
static void print_switching(const char *netlist, const char *top, const char *library, double activity, double period) {
    gates_options options = { .events = false, .wire_ff_per_fanout = 0, .seed = seed };
    liberty *lib = liberty_read(&library, 1, &error);
    gates *g = lib ? gates_open(lib, netlist, top, &options, &error) : NULL;
    if (!g) die(netlist);
    gates_load l = gates_total_load(g);
    double joule = lib->voltage * lib->voltage / 2 * (activity * l.capacitance + 2 * l.clock_capacitance);
    printf("%.6e W, %" PRIu64 " nets, %" PRIu64 " gated clocks\n", joule / period, l.nets, l.clock_nets);
    gates_close(g);
    liberty_free(lib);
}

int main(int argc, char **argv) {
    int at = 1;
    if (at + 1 < argc && strcmp(argv[at], "-seed") == 0) {
        seed = strtoull(argv[at + 1], NULL, 10);
        at += 2;
    }
    if (argc - at == 6 && strcmp(argv[at], "-switching") == 0) {
        print_switching(argv[at + 1], argv[at + 2], argv[at + 3], strtod(argv[at + 4], NULL), strtod(argv[at + 5], NULL));
        return EXIT_SUCCESS;
    }
    bool lockstep = argc - at == 4 && strcmp(argv[at], "-lockstep") == 0;
    if (at >= argc || (!lockstep && argv[at][0] == '-')) {
        fprintf(stderr, "test_energy: wanted MODEL.so..., -lockstep JOB LIB MODEL.so or -switching NETLIST "
                "TOP LIB ACTIVITY SECONDS, got another\n");
        return 2;
    }
    printf("seed %" PRIu64 "\n", seed);
    if (lockstep) {
        test_lockstep(argv[at + 1], argv[at + 2], argv[at + 3]);
    } else {
        test_windows();
        for (; at < argc; at++) test_operands(argv[at]);
    }
    printf("%ld passed, %ld failed\n", passed, failed);
    return failed || !passed ? EXIT_FAILURE : EXIT_SUCCESS;
}
