#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "energy.h"
#include "energy_job.h"
#include "energy_rival.h"

static const char help[] =
"bcq energy JOB --liberty LIB [options]\n"
"Energy by part of a netlist that synth/job.sh has left in the folder JOB: bcq_gemm or rival_gemm at a\n"
"product, bcq_encoder or rival_encoder at a tensor. Every result is compared with the golden model, to the bit.\n"
"\n"
"      --liberty LIB    the library that it was mapped to: .lib, .lib.gz, or a folder of them; may be given\n"
"                       several times\n"
"      --memory LIB     a memory macro for the accumulators: its energy an access is added (default: what\n"
"                       lies beside LIB as RM_IHPSG13_2P_64x32*.lib, else accesses are counted only)\n"
"      --data D         real (default): a layer of the embedded model. zeros. random: uniform codes with\n"
"                       the layer's scales. worst: a stress case, not a bound\n"
"      --layer NAME     of sw/model (default: " ENERGY_LAYER ")\n"
"      --format F       of a rival_gemm: its format with options, as in bcq gemm\n"
"      --delay D        events (default): the library's delays, so glitches count. zero: no delays\n"
"      --m M, --n N, --k K  sizes (default: T tokens, two tiles of columns, four block arrays). Encoders:\n"
"                       M rows of K scalars, each used by N outputs\n"
"      --wire FF        wire load of a pin that a net drives, fF (default: 2.2 on IHP SG13G2, for others\n"
"                       in proportion to the side of the smallest NAND2)\n"
"      --seed S         of the random initial state and of random data (default: 1)\n"
"  -o, --output FILE    the table as .csv\n"
"\n"
"Examples:\n"
"  bcq energy build/job --liberty sg13g2_stdcell_typ_1p20V_25C.lib\n"
"  bcq energy build/job --liberty cells.lib --data random --delay zero -o energy.csv\n";

static double per(double sum, double count) { return count > 0 ? sum / count : 0; }

/* ---- What is asked for, and what came out ----------------------------------------------------------- */

typedef struct {
    const char *folder, *memory, *output;
    energy_files liberty;
    energy_data_options data;
    bool events;
    double wire;                 /* fF; below 0: the default */
} arguments;

static const char *const data_name[] = { "real", "zeros", "random", "worst" };

/* Of a run in one delay mode. */
typedef struct {
    energy_part *part;           /* [parts + 1] */
    uint64_t cycles[ENERGY_PHASES];
    uint64_t mismatches, results;
    bcq_error difference;        /* the first one */
} outcome;

typedef struct {
    const arguments *a;
    energy_job job;
    liberty *lib;
    blocks *blocks;
    energy_memory memory;        /* width 0: none */
    bool is_encoder, failed;
    rtl_build build;
    energy_data_options shape;
    energy_window window;
    char what[256];              /* of the build and the data */
    const char *codebooks;
    double units;                /* MACs, or scalars, of the window */
    double all_units;            /* of all the work */
    int64_t reuse;               /* outputs that use an encoded scalar */
    outcome events, zero;        /* events: of the mode that was asked for; zero: of its companion */
} session;

/* ---- Running ----------------------------------------------------------------------------------------- */

static bool keep(const session *s, energy_meter *meter, outcome *o, bcq_error *error) {
    size_t size = ((size_t)blocks_parts(s->blocks) + 1) * sizeof *o->part;
    o->part = malloc(size);
    if (!o->part) return bcq_fail(error, "energy: wanted memory, got none");
    memcpy(o->part, energy_meter_parts(meter), size);
    for (int i = 0; i < ENERGY_PHASES; i++) o->cycles[i] = energy_meter_cycles(meter, (energy_phase)i);
    return true;
}

static void compare(const uint32_t *want, const uint32_t *got, const session *s, outcome *o) {
    o->results = (uint64_t)(s->shape.m * s->shape.n);
    for (uint64_t i = 0; i < o->results; i++)
        if (want[i] != got[i] && o->mismatches++ == 0)
            bcq_fail(&o->difference, "C[%" PRIu64 "][%" PRIu64 "]: wanted %08" PRIx32 " as in the golden model, got %08"
                     PRIx32, i / (uint64_t)s->shape.n, i % (uint64_t)s->shape.n, want[i], got[i]);
}

static bool describe(session *s, const energy_operands *e, bcq_error *error) {
    const rtl_build *b = &s->build;
    if (!energy_find_window(b, s->shape.m, s->shape.n, s->shape.k, &s->window, error)) return false;
    s->units = (double)s->window.macs;
    s->all_units = (double)(s->shape.m * s->shape.n) * (double)s->shape.k;
    s->codebooks = energy_codebooks_source(e);
    if (b->rival) snprintf(s->what, sizeof s->what, "format %d, LA %d, %d columns", b->format, b->la, b->cols);
    else
        snprintf(s->what, sizeof s->what, "LB %d, LA %d, NC %d, B %d, EW %d, %d columns", b->lb, b->la, b->nc,
                 b->index_bits, b->entry_bits, b->cols);
    return true;
}

/* A netlist of the job, in simulation; the rtl that drives it owns it. */
static rtl *open_array(const session *s, bool events, gates **g, bcq_error *error) {
    gates_options o = { .events = events, .wire_ff_per_fanout = s->a->wire, .seed = s->a->data.seed };
    *g = gates_open(s->lib, s->job.netlist, s->job.top, &o, error);
    return *g ? rtl_open_dut(&gates_dut_model, (dut *)*g, s->job.netlist, error) : NULL;
}

static bool run_array(session *s, bool events, outcome *o, bcq_error *error) {
    gates *g;
    rtl *r = open_array(s, events, &g, error);
    if (!r) return false;
    bcq_codebooks frozen[2];
    rtl_run_report report = { 0 };
    energy_operands *e = NULL;
    energy_meter *meter = NULL;
    uint32_t *acc = NULL, *golden = NULL;
    s->build = *rtl_get_build(r);
    s->shape = s->a->data;
    bool good = true;
    if (s->build.frozen) {
        good = energy_frozen_table(&s->job, "FrozenTableA", &s->build, &frozen[0], error)
            && energy_frozen_table(&s->job, "FrozenTableW", &s->build, &frozen[1], error);
        s->shape.frozen_a = &frozen[0];
        s->shape.frozen_w = &frozen[1];
    }
    good = good && energy_shape(&s->build, &s->shape, error)
        && (e = energy_operands_open(&s->build, &s->shape, error)) && describe(s, e, error)
        && (meter = energy_meter_open(g, s->blocks, error));
    if (good) {
        size_t count = (size_t)(s->shape.m * s->shape.n);
        acc = calloc(count, sizeof *acc);
        golden = calloc(count, sizeof *golden);
        good = (acc && golden) || bcq_fail(error, "energy: wanted memory for the results, got none");
    }
    if (good && !energy_run_product(r, meter, e, &s->window, true, acc, &report, error)) {
        s->failed = true;  /* hung, or out of order: a netlist that is wrong */
        good = false;
    }
    if (good) {
        uint64_t formula = rtl_cycles_formula(&s->build, s->shape.m, s->shape.n, s->shape.k) + ENERGY_STALL_CYCLES;
        energy_golden(e, golden);
        compare(golden, acc, s, o);
        if (report.cycles != formula || report.simulated != formula) {
            o->mismatches++;
            bcq_fail(&o->difference, "cycles: wanted %" PRIu64 " by the formula, got %" PRIu64 " and %" PRIu64
                     " simulated", formula, report.cycles, report.simulated);
        }
        good = keep(s, meter, o, error);
    }
    free(acc);
    free(golden);
    energy_meter_close(meter);
    energy_operands_close(e);
    rtl_close(r);
    return good;
}


static void describe_encoder(session *s, const energy_scalars *scalars, int la, outcome *o) {
    s->units = (double)(s->window.passes * la);
    s->all_units = (double)(s->shape.m * s->shape.k);
    s->reuse = s->shape.n;
    s->codebooks = scalars->source;
    o->results = (uint64_t)scalars->arrays;
}

static bool run_encoder(session *s, bool events, outcome *o, bcq_error *error) {
    gates_options options = { .events = events, .wire_ff_per_fanout = s->a->wire, .seed = s->a->data.seed };
    gates *g = gates_open(s->lib, s->job.netlist, s->job.top, &options, error);
    encoder *e = g ? encoder_open_dut(&gates_dut_model, (dut *)g, s->job.netlist, error) : NULL;
    if (!e) return false;
    const encoder_build *b = encoder_get_build(e);
    rtl_build tables = { .lb = b->lb, .la = b->la, .nc = b->nc, .index_bits = b->index_bits,
                         .entry_bits = b->entry_bits };
    bcq_params p = { .la = b->la, .lb = b->lb, .nc = b->nc, .index_bits = b->index_bits, .entry_bits = b->entry_bits };
    energy_scalars scalars = { .x = NULL };
    energy_meter *meter = NULL;
    bcq_codebooks frozen;
    s->shape = s->a->data;
    s->shape.frozen_a = &frozen;
    bool good = (!b->frozen || energy_frozen_table(&s->job, "FrozenTable", &tables, &frozen, error))
             && energy_scalars_shape(&p, &s->shape, error)
             && energy_scalars_make(&p, b->frozen, &s->shape, &scalars, error)
             && energy_find_encoder_window(encoder_period(b), encoder_cycles_formula(b, 0), scalars.arrays, &s->window,
                                           error)
             && (meter = energy_meter_open(g, s->blocks, error));
    if (good) {
        describe_encoder(s, &scalars, b->la, o);
        snprintf(s->what, sizeof s->what, "LB %d, LA %d, NC %d, B %d, EW %d, %d blocks and %d codebooks a cycle", b->lb,
                 b->la, b->nc, b->index_bits, b->entry_bits, b->lanes, b->cb_per_cycle);
        s->failed = !energy_run_encoder(e, meter, &scalars, &s->window, true, &o->mismatches, &o->difference, error);
        good = !s->failed && keep(s, meter, o, error);
    }
    energy_meter_close(meter);
    energy_scalars_free(&scalars);
    encoder_close(e);
    return good;
}

static bool run_rival_encoder(session *s, bool events, outcome *o, bcq_error *error) {
    gates_options options = { .events = events, .wire_ff_per_fanout = s->a->wire, .seed = s->a->data.seed };
    gates *g = gates_open(s->lib, s->job.netlist, s->job.top, &options, error);
    if (!g) return false;
    bcq_params p = { .la = BCQ_LA_DEFAULT };  /* no codebooks */
    rival_encoder e;
    energy_scalars scalars = { .x = NULL };
    energy_meter *meter = NULL;
    s->shape = s->a->data;
    bool good = rival_encoder_open(&gates_dut_model, (dut *)g, s->job.netlist, &e, error)
             && energy_scalars_shape(&p, &s->shape, error)
             && energy_scalars_make(&p, false, &s->shape, &scalars, error)
             && energy_find_encoder_window(rival_encoder_period(&e), rival_encoder_cycles(&e, 0), scalars.arrays,
                                           &s->window, error)
             && (meter = energy_meter_open(g, s->blocks, error));
    if (good) {
        describe_encoder(s, &scalars, p.la, o);
        snprintf(s->what, sizeof s->what, "%s, %d scalars a cycle", e.format.name, e.lanes);
        s->failed = !rival_encoder_run(&e, meter, &scalars, s->shape.k, &s->window, true, &o->mismatches, &o->difference,
                                       error);
        good = !s->failed && keep(s, meter, o, error);
    }
    energy_meter_close(meter);
    energy_scalars_free(&scalars);
    gates_close(g);
    return good;
}

/* ---- Sums --------------------------------------------------------------------------------------------- */

static double macros(const session *s, const energy_part *p) {
    const energy_memory *m = &s->memory;
    if (!m->width || !p->width) return 0;
    return ((p->width + m->width - 1) / m->width) * (double)((p->words + m->words - 1) / m->words);
}

/* Memories count in their own part and in the total that says so: as in parts.csv. */
static bool has_memory(const session *s, int part, bool with) { return part < blocks_parts(s->blocks) || with; }

/* Of accesses: all words of a memory's width, one of its depth. */
static double memory_j(const session *s, const energy_part *p, energy_phase phase, bool with) {
    const energy_memory *m = &s->memory;
    const energy_sums *x = &p->phase[phase];
    if (!with || !m->width || !p->width) return 0;
    return ((p->width + m->width - 1) / m->width) * ((double)x->reads * m->read_j + (double)x->writes * m->write_j);
}

static double leakage_w(const session *s, const energy_part *p, bool with) {
    return p->leakage_w + with * macros(s, p) * (double)p->memories * s->memory.leakage_w;
}

/* With leakage, which lasts as long as the phase's cycles. */
static double spent_j(const session *s, const outcome *o, const energy_part *p, energy_phase phase, bool with) {
    const energy_sums *x = &p->phase[phase];
    return x->internal_j + x->switching_j + memory_j(s, p, phase, with)
         + leakage_w(s, p, with) * (double)o->cycles[phase] * s->job.period_s;
}

static double product_j(const session *s, const energy_part *p) {
    return spent_j(s, &s->events, p, ENERGY_FILL, false) + spent_j(s, &s->events, p, ENERGY_WINDOW, false)
         + spent_j(s, &s->events, p, ENERGY_DRAIN, false);
}

static double glitch_toggles(const energy_part *p) {
    const energy_sums *x = &p->phase[ENERGY_WINDOW];
    return x->toggles ? 1 - (double)x->functional / (double)x->toggles : 0;
}

/* Of what nets and cells spend; memories and leakage have no glitches. */
static double glitch_energy(const session *s, int part) {
    const energy_sums *x = &s->events.part[part].phase[ENERGY_WINDOW];
    if (!s->zero.part || !(x->internal_j + x->switching_j > 0)) return 0;
    const energy_sums *zero = &s->zero.part[part].phase[ENERGY_WINDOW];
    double share = 1 - (zero->internal_j + zero->switching_j) / (x->internal_j + x->switching_j);
    return share < 5e-7 && share > -5e-7 ? 0 : share;  /* rounding of sums */
}

/* ---- Output --------------------------------------------------------------------------------------------- */

/* Energies of the phases in which there is no work, and of all of it, in pJ for a MAC or scalar that the busy
 * circuit does in as many cycles. */
static double idle_pj(const session *s, energy_phase phase) {
    const energy_part *total = &s->events.part[blocks_parts(s->blocks)];
    double cycle = per(spent_j(s, &s->events, total, phase, false), (double)s->events.cycles[phase]);
    return 1e12 * cycle * per((double)s->events.cycles[ENERGY_WINDOW], s->units);
}

static const char *unit(const session *s) { return s->is_encoder ? "scalar" : "MAC"; }

static void print_row(const session *s, int part, bool with, const char *name) {
    const outcome *o = &s->events;
    const energy_part *p = &o->part[part];
    const energy_sums *x = &p->phase[ENERGY_WINDOW];
    with = has_memory(s, part, with);
    printf("%-20s %9.4f %9.4f %9.4f %9.4f %10.5f %9.1f", name,
           1e12 * per(spent_j(s, o, p, ENERGY_WINDOW, with), s->units),
           1e12 * per(x->internal_j + memory_j(s, p, ENERGY_WINDOW, with), s->units),
           1e12 * per(x->switching_j, s->units), 1e12 * per(x->clock_j, s->units), 1e3 * leakage_w(s, p, with),
           100 * glitch_toggles(p));
    if (s->zero.part) printf(" %9.1f", 100 * glitch_energy(s, part));
    else printf(" %9s", "-");
    printf(" %11.1f\n", per((double)x->toggles, (double)o->cycles[ENERGY_WINDOW]));
}

static void print_table(const session *s) {
    const outcome *o = &s->events;
    int parts = blocks_parts(s->blocks);
    const energy_part *total = &o->part[parts];
    bool is_corner = s->lib->corner[0] && strcmp(s->lib->corner, s->lib->name) != 0;
    printf("netlist         %s, %s; recipe %s\n", s->job.top, s->what, s->job.recipe);
    printf("library         %s%s%s, %.2f V, clock %.2f ns; wire %.2f fF a pin driven\n", s->lib->name,
           is_corner ? ", " : "", is_corner ? s->lib->corner : "", s->lib->voltage, 1e9 * s->job.period_s, s->a->wire);
    static const char *const of_layer[] = { ": ", "", ", scales of ", "" };
    bool has_layer = of_layer[s->shape.data][0] != 0;
    printf("data            %s%s%s%s%s%s\n", data_name[s->shape.data], of_layer[s->shape.data],
           has_layer ? s->shape.layer : "", s->codebooks ? ", codebooks " : "", s->codebooks ? s->codebooks : "",
           s->shape.data == ENERGY_WORST ? " (a stress case, not a bound)" : "");
    if (s->is_encoder) printf("work            %" PRId64 " x %" PRId64 " scalars\n", s->shape.m, s->shape.k);
    else
        printf("work            M %" PRId64 ", N %" PRId64 ", K %" PRId64 "\n", s->shape.m, s->shape.n, s->shape.k);
    printf("golden model    %" PRIu64 " mismatches of %" PRIu64 "%s\n", o->mismatches + s->zero.mismatches, o->results,
           s->zero.part ? ", with delays and without" : "");
    printf("window          %" PRIu64 " cycles from cycle %" PRIu64, s->window.cycles, s->window.first);
    if (!s->is_encoder)
        printf(", %" PRId64 " passes in steady state%s, utilisation %.2f %%", s->window.passes,
               s->window.whole ? "" : " (no whole sum: too few or too many results leave)",
               100 * per(s->units, (double)s->window.cycles * rtl_macs(&s->build)));
    printf("\ndelays          %s\n\n", s->a->events ? "of the library, event by event" : "none: no glitches");
    printf("%-20s %9s %9s %9s %9s %10s %9s %9s %11s\n", "", "pJ", "of it", "of it", "clock in", "leakage", "glitches",
           "glitches", "toggles");
    char head[32];
    snprintf(head, sizeof head, "a %s", unit(s));
    printf("%-20s %9s %9s %9s %9s %10s %9s %9s %11s\n", "part", head, "internal", "switching", "both", "mW",
           "% toggles", "% energy", "a cycle");
    for (int i = 0; i <= parts; i++)
        if (o->part[i].instances) print_row(s, i, false, o->part[i].name);
    if (s->memory.width && total->memories) print_row(s, parts, true, "total with memories");
    double window = 1e12 * per(spent_j(s, o, total, ENERGY_WINDOW, false), s->units);
    printf("\nall the work    %.4f pJ a %s, with filling%s and draining\n",
           1e12 * per(product_j(s, total), s->all_units), unit(s), s->is_encoder ? "" : ", loading");
    if (s->is_encoder) {
        printf("at this reuse   %.4f pJ a MAC: each scalar is used by N = %" PRId64 " outputs\n",
               window / (double)s->reuse, s->reuse);
    } else {
        printf("stalled         %.4f pJ, in cycles in which a busy array does a MAC: results wait\n",
               idle_pj(s, ENERGY_STALLED));
        printf("codebooks       %.1f pJ, once: reset and loading\n",
               1e12 * spent_j(s, o, total, ENERGY_SETUP, false));
    }
    printf("nothing to do   %.4f pJ, in cycles in which it does a %s: clocked, no operands\n", idle_pj(s, ENERGY_WAITING),
           unit(s));
    if (total->memories) {
        const energy_sums *x = &total->phase[ENERGY_WINDOW];
        printf("memories        %" PRIu64 " of %d x %d bits: %.2f reads and %.2f writes a cycle", total->memories,
               total->words, total->width, per((double)x->reads, (double)o->cycles[ENERGY_WINDOW]),
               per((double)x->writes, (double)o->cycles[ENERGY_WINDOW]));
        if (s->memory.width)
            printf("; %s: %.2f pJ a read, %.2f a write, its other pins left out\n", s->memory.name,
                   1e12 * s->memory.read_j, 1e12 * s->memory.write_j);
        else
            printf("; no macro is given: their energy is left out\n");
    }
    printf("left out        layout, clock tree, wires beyond the stated load, pads, host\n");
}

/* A line of the file: a part, or all of them, over some phases; per: of what its energies are. */
static void row(FILE *f, const session *s, const char *name, int part, bool with, const energy_phase *phase, int phases,
                double units) {
    const energy_part *p = &s->events.part[part];
    double all = 0, internal = 0, switching = 0, clock = 0, toggles = 0, functional = 0, cycles = 0;
    for (int i = 0; i < phases; i++) {
        const energy_sums *x = &p->phase[phase[i]];
        all += spent_j(s, &s->events, p, phase[i], with);
        internal += x->internal_j + memory_j(s, p, phase[i], with);
        switching += x->switching_j;
        clock += x->clock_j;
        toggles += (double)x->toggles;
        functional += (double)x->functional;
        cycles += (double)s->events.cycles[phase[i]];
    }
    /* A MAC of an encoder: one of those that use the scalar. */
    double pj = 1e12 / units / (s->is_encoder ? (double)s->reuse : 1);
    fprintf(f, "%s,%s,%s,%.6g,%.6g,%.6g,%.6g,%.6g,%.6g,%.6g,", name, data_name[s->shape.data],
            s->a->events ? "events" : "zero", pj * all, pj * internal, pj * switching, pj * clock,
            1e3 * leakage_w(s, p, with), toggles > 0 ? 1 - functional / toggles : 0, per(toggles, cycles));
    if (phase[0] == ENERGY_WINDOW && s->zero.part) fprintf(f, "%.6g", glitch_energy(s, part));
    if (s->is_encoder) fprintf(f, ",%.6g\n", pj * all * (double)s->reuse);
    else fprintf(f, ",\n");
}

static bool write_csv(const session *s, bcq_error *error) {
    static const energy_phase window[] = { ENERGY_WINDOW }, product[] = { ENERGY_WINDOW, ENERGY_FILL, ENERGY_DRAIN },
                              stalled[] = { ENERGY_STALLED }, waiting[] = { ENERGY_WAITING };
    const uint64_t *cycles = s->events.cycles;
    int total = blocks_parts(s->blocks);
    double a_cycle = per(s->units, (double)cycles[ENERGY_WINDOW]);
    bcq_output *out = bcq_output_open(s->a->output, error);
    if (!out) return false;
    FILE *f = bcq_output_stream(out);
    fprintf(f, "part,data,delay,pj_per_mac,internal,switching,clock,leakage_mw,glitch_share,toggles_per_cycle,"
            "glitch_energy_share,pj_per_scalar\n");
    for (int i = 0; i <= total; i++)
        if (s->events.part[i].instances) row(f, s, s->events.part[i].name, i, has_memory(s, i, false), window, 1, s->units);
    if (s->memory.width && s->events.part[total].memories) row(f, s, "total_with_memories", total, true, window, 1, s->units);
    row(f, s, "product", total, false, product, 3, s->all_units);
    if (!s->is_encoder)
        row(f, s, "stalled", total, false, stalled, 1, a_cycle * (double)cycles[ENERGY_STALLED]);
    row(f, s, "waiting", total, false, waiting, 1, a_cycle * (double)cycles[ENERGY_WAITING]);
    return bcq_output_commit(out, error);
}

/* ---- Command line ---------------------------------------------------------------------------------------- */

static bool open_library(session *s, bcq_error *error) {
    const energy_files *f = &s->a->liberty;
    char root[PATH_MAX - 64], path[PATH_MAX];
    if (!rtl_project_root(root, sizeof root, error)) return false;
    snprintf(path, sizeof path, "%s/synth/blocks.def", root);
    s->blocks = blocks_read(path, error);
    s->lib = s->blocks ? liberty_read((const char *const *)f->path, f->count, error) : NULL;
    if (!s->lib) return false;
    if (strcmp(s->lib->name, s->job.library) != 0)
        return bcq_fail(error, "--liberty: wanted %s, to which the netlist was mapped, got %s", s->job.library,
                        s->lib->name);
    char *memory = s->a->memory ? strdup(s->a->memory) : energy_memory_beside(f);
    bool good = !memory || energy_memory_read(memory, &s->memory, error);
    free(memory);
    return good;
}

static int run(arguments *a, bcq_error *error) {
    session s = { .a = a };
    int status = EXIT_REFUSED;
    bool good = energy_job_read(a->folder, &s.job, error) && open_library(&s, error);
    if (good) {
        bool (*measure)(session *, bool, outcome *, bcq_error *) = run_array;
        bool rival = strcmp(s.job.top, "rival_encoder") == 0;
        s.is_encoder = rival || strcmp(s.job.top, "bcq_encoder") == 0;
        if (s.is_encoder) measure = rival ? run_rival_encoder : run_encoder;
        else if (strcmp(s.job.top, "bcq_gemm") != 0 && strcmp(s.job.top, "rival_gemm") != 0)
            good = bcq_fail(error, "job.txt: wanted a top bcq_gemm, rival_gemm, bcq_encoder or rival_encoder, got %s", s.job.top);
        if (good && a->data.format && strcmp(s.job.top, "rival_gemm") != 0)
            good = bcq_fail(error, "--format: wanted none for %s, the netlist says it, got \"%s\"",
                            s.job.top, a->data.format);
        if (a->wire < 0) a->wire = energy_default_wire(&s.job);
        good = good && measure(&s, a->events, &s.events, error) && (!a->events || measure(&s, false, &s.zero, error));
    }
    if (good) {
        print_table(&s);
        bool wrong = s.events.mismatches || s.zero.mismatches;
        if (wrong) *error = s.events.mismatches ? s.events.difference : s.zero.difference;
        if (wrong) status = EXIT_FAILED;
        else if (!a->output || write_csv(&s, error)) status = EXIT_DONE;
    } else if (s.failed) {
        status = EXIT_FAILED;
    }
    free(s.events.part);
    free(s.zero.part);
    blocks_free(s.blocks);
    liberty_free(s.lib);
    energy_job_free(&s.job);
    return status;
}

static bool parse_data(const char *text, energy_data *data, bcq_error *error) {
    for (int i = 0; i < 4; i++)
        if (strcmp(text, data_name[i]) == 0) { *data = (energy_data)i; return true; }
    return bcq_fail(error, "--data: wanted real, zeros, random or worst, got \"%s\"", text);
}

static bool parse_wire(const char *text, double *wire, bcq_error *error) {
    char *end;
    errno = 0;
    *wire = strtod(text, &end);
    return (end != text && !*end && !errno && *wire >= 0 && *wire <= 1000)
        || bcq_fail(error, "--wire: wanted fF in [0, 1000], got \"%s\"", text);
}

static bool parse_size(const char *option, const char *text, int64_t *size, bcq_error *error) {
    int value = 0;
    bool good = parse_int(option, text, 1, 1 << 20, &value, error);
    *size = value;
    return good;
}

int cmd_energy(int argc, char **argv) {
    enum { LIBERTY = 256, MEMORY, DATA, LAYER, FORMAT, DELAY, SIZE_M, SIZE_N, SIZE_K, WIRE, SEED };
    static const struct option longs[] = {
        { "liberty", required_argument, 0, LIBERTY }, { "memory", required_argument, 0, MEMORY },
        { "data", required_argument, 0, DATA },       { "layer", required_argument, 0, LAYER },
        { "format", required_argument, 0, FORMAT },   { "delay", required_argument, 0, DELAY },
        { "m", required_argument, 0, SIZE_M },        { "n", required_argument, 0, SIZE_N },
        { "k", required_argument, 0, SIZE_K },        { "wire", required_argument, 0, WIRE },
        { "seed", required_argument, 0, SEED },       { "output", required_argument, 0, 'o' },
        { "help", no_argument, 0, 'h' },              { 0 },
    };
    arguments a = { .data = { .seed = 1, .layer = ENERGY_LAYER }, .events = true, .wire = -1 };
    bcq_error error;
    bool good = true;
    for (int option; good && (option = next_option(argc, argv, ":o:h", longs, &error)) != -1; ) {
        switch (option) {
            case LIBERTY: good = energy_files_add(&a.liberty, optarg, &error); break;
            case MEMORY: a.memory = optarg; break;
            case DATA: good = parse_data(optarg, &a.data.data, &error); break;
            case LAYER: a.data.layer = optarg; break;
            case FORMAT: a.data.format = optarg; break;
            case DELAY:
                a.events = strcmp(optarg, "events") == 0;
                good = a.events || strcmp(optarg, "zero") == 0
                    || bcq_fail(&error, "--delay: wanted events or zero, got \"%s\"", optarg);
                break;
            case SIZE_M: good = parse_size("--m", optarg, &a.data.m, &error); break;
            case SIZE_N: good = parse_size("--n", optarg, &a.data.n, &error); break;
            case SIZE_K: good = parse_size("--k", optarg, &a.data.k, &error); break;
            case WIRE: good = parse_wire(optarg, &a.wire, &error); break;
            case SEED: good = parse_u64("--seed", optarg, 0, UINT64_MAX, &a.data.seed, &error); break;
            case 'o': a.output = optarg; break;
            case 'h': fputs(help, stdout); energy_files_free(&a.liberty); return EXIT_DONE;
            default: good = false;
        }
    }
    const char *missing = optind >= argc ? "no JOB" : !a.liberty.count ? "no --liberty" : NULL;
    if (good && (missing || optind + 1 != argc))
        good = bcq_fail(&error, "command line: wanted JOB --liberty LIB, got %s%s", missing ? missing : "also ",
                        missing ? "" : argv[optind + 1]);
    a.folder = good ? argv[optind] : NULL;
    for (int i = 0; good && i < a.liberty.count; i++) good = not_the_input(a.output, a.liberty.path[i], &error);
    int status = good ? run(&a, &error) : EXIT_REFUSED;
    energy_files_free(&a.liberty);
    if (status != EXIT_DONE) refuse(argv[0], &error);
    return status;
}
