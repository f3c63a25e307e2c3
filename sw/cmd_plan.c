#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>

#include "cmd.h"
#include "device.h"

static const char help[] =
"bcq plan --config NAME -m M -n N -k K [options]\n"
"What C[M][N] = A[M][K] * W[N][K]^T takes on the accelerator: tiles, bytes of each stream, and clock\n"
"cycles, exactly as its counters will read when nothing outside waits. Nothing is run.\n"
"\n"
"      --config NAME     a configuration of rtl/configs.def (default: default)\n"
"  -m M, -n N, -k K      the sizes\n"
"      --encode          activations come as BF16 and are encoded on line\n"
"      --bf16-results    results leave as BF16\n"
"      --no-reuse        send activations again for each column tile, even where they fit the buffer\n"
"      --clock HZ        tell the time too, at this frequency\n"
"      --json            print one JSON object instead of a table\n"
"\n"
"Examples:\n"
"  bcq plan -m 512 -n 512 -k 512\n"
"  bcq plan --config default -m 4096 -n 11008 -k 4096 --encode --clock 500000000\n"
"  bcq plan --config hx8k -m 1 -n 128 -k 128 --json\n";

typedef struct {
    const char *config;
    bcq_plan_job job;
    uint64_t clock;
    bool json;
} arguments;

static bool print_json(const arguments *g, const bcq_plan *p, bcq_error *error) {
    const bcq_device_counters *c = &p->counters;
    json_t *object = json_pack(
        "{s:s, s:I, s:I, s:I, s:b, s:b, s:b, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:f,"
        " s:f, s:s, s:o}",
        "config", g->config, "m", (json_int_t)g->job.m, "n", (json_int_t)g->job.n, "k", (json_int_t)g->job.k,
        "encode", g->job.encode, "bf16_results", g->job.bf16_results, "reuse", p->reuse,
        "m_tiles", (json_int_t)p->m_tiles, "n_tiles", (json_int_t)p->n_tiles, "k_arrays", (json_int_t)p->k_arrays,
        "commands", (json_int_t)c->commands, "cycles", (json_int_t)c->cycles, "issued", (json_int_t)c->issued,
        "stall_in", (json_int_t)c->stall_in, "stall_out", (json_int_t)c->stall_out,
        "codebook_cycles", (json_int_t)c->codebook_cycles, "codebook_bytes", (json_int_t)c->codebook_bytes,
        "w_bytes", (json_int_t)c->w_bytes, "a_bytes", (json_int_t)c->a_bytes, "r_bytes", (json_int_t)c->r_bytes,
        "bytes_a_mac", p->bytes_a_mac, "utilisation", p->utilisation, "binds", p->binds,
        "seconds", g->clock ? json_real((double)c->cycles / (double)g->clock) : json_null());
    if (!object) return bcq_fail(error, "--json: wanted UTF-8 names and memory, got none");
    json_dumpf(object, stdout, JSON_REAL_PRECISION(9));
    putchar('\n');
    json_decref(object);
    return true;
}

static void print_part(const char *name, double cycles, const bcq_plan *p) {
    if (cycles > 0) printf("  %-17s %10.1f%s\n", name, cycles, p->binds == name ? "   binds" : "");
}

static void print_table(const arguments *g, const bcq_device_info *b, const bcq_plan *p) {
    const bcq_device_counters *c = &p->counters;
    printf("C = A * W^T         M %" PRId64 ", N %" PRId64 ", K %" PRId64 " on %s, %d MAC a cycle\n", g->job.m,
           g->job.n, g->job.k, g->config, bcq_device_macs(b));
    printf("tiles               %" PRId64 " of %d tokens, %" PRId64 " of %d columns, %" PRId64
           " block arrays of %d\n", p->m_tiles, b->t, p->n_tiles, b->cols, p->k_arrays, b->la);
    printf("commands            %" PRIu64 "\n", c->commands);
    printf("activations         %s, %s\n", g->job.encode ? "BF16, encoded on line" : "packed",
           p->reuse ? "sent once a tile of tokens" : "sent for each tile of columns");
    printf("bytes               W %" PRIu64 ", A %" PRIu64 ", C %" PRIu64 " (%.4f a MAC), codebooks %" PRIu64 "\n",
           c->w_bytes, c->a_bytes, c->r_bytes, p->bytes_a_mac, c->codebook_bytes);
    printf("cycles              %" PRIu64 ", codebook load %" PRIu64 "\n", c->cycles, c->codebook_cycles);
    printf("array busy          %" PRIu64 " cycles; waiting for operands %" PRIu64 ", for room %" PRIu64 "\n",
           c->issued, c->stall_in, c->stall_out);
    printf("utilisation         %.2f %%\n", 100 * p->utilisation);
    if (g->clock)
        printf("time                %.9g s at %" PRIu64 " Hz\n", (double)c->cycles / (double)g->clock, g->clock);
    puts("cycles that a pass (a tile of tokens, a tile of columns, a block array) takes of");
    for (int i = 0; i < BCQ_PLAN_PARTS; i++) print_part(bcq_plan_part[i], p->pass[i], p);
}

static bool parse_size(const char *option, const char *text, int64_t *size, bcq_error *error) {
    uint64_t value;
    if (!parse_u64(option, text, 1, INT64_MAX, &value, error)) return false;
    *size = (int64_t)value;
    return true;
}

int cmd_plan(int argc, char **argv) {
    enum { CONFIG = 256, ENCODE, BF16, NO_REUSE, CLOCK, JSON };
    static const struct option longs[] = {
        { "config", required_argument, 0, CONFIG }, { "encode", no_argument, 0, ENCODE },
        { "bf16-results", no_argument, 0, BF16 },   { "no-reuse", no_argument, 0, NO_REUSE },
        { "clock", required_argument, 0, CLOCK },   { "json", no_argument, 0, JSON },
        { "help", no_argument, 0, 'h' },            { 0 },
    };
    arguments g = { .config = "default" };
    bcq_error error;
    bool good = true;
    for (int option; good && (option = next_option(argc, argv, ":m:n:k:h", longs, &error)) != -1; ) {
        switch (option) {
            case 'm': good = parse_size("-m", optarg, &g.job.m, &error); break;
            case 'n': good = parse_size("-n", optarg, &g.job.n, &error); break;
            case 'k': good = parse_size("-k", optarg, &g.job.k, &error); break;
            case CONFIG: g.config = optarg; break;
            case ENCODE: g.job.encode = true; break;
            case BF16: g.job.bf16_results = true; break;
            case NO_REUSE: g.job.no_reuse = true; break;
            case CLOCK: good = parse_u64("--clock", optarg, 1, 1000000000000, &g.clock, &error); break;
            case JSON: g.json = true; break;
            case 'h': fputs(help, stdout); return EXIT_DONE;
            default: good = false;
        }
    }
    const char *missing = !g.job.m ? "no -m" : !g.job.n ? "no -n" : !g.job.k ? "no -k" : NULL;
    if (good && (missing || optind != argc))
        good = bcq_fail(&error, "command line: wanted -m M -n N -k K, got %s%s", missing ? missing : "also ",
                        missing ? "" : argv[optind]);
    bcq_device_info build;
    bcq_plan plan;
    good = good && bcq_device_read_config(g.config, &build, &error) && bcq_plan_make(&build, &g.job, &plan, &error);
    if (good && !g.json) print_table(&g, &build, &plan);
    else if (good) good = print_json(&g, &plan, &error);
    return good ? EXIT_DONE : refuse(argv[0], &error);
}
