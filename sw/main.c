#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd.h"

static const char help[] =
"bcq: LO-BCQ, 4-bit block clustered quantization: codebooks, packed tensors, matrix products\n"
"\n"
"  bcq calibrate   make codebooks from tensors\n"
"  bcq quantize    pack a tensor with them\n"
"  bcq dequantize  unpack it into float32\n"
"  bcq info        say what a file holds\n"
"  bcq gemm        multiply two packed tensors: golden model, simulated accelerator, or a board\n"
"  bcq plan        say what a product takes on the accelerator: cycles, bytes, what binds\n"
"  bcq compare     say what each 4-bit and 8-bit format loses on tensors, beside LO-BCQ\n"
"  bcq energy      say what a netlist spends on real data, by part: gate-level simulation to the bit\n"
"  bcq explore     say what choices of hardware cost and buy: area, clock, energy, error, latency\n"
"\n"
"bcq COMMAND --help explains a command and gives examples. bcq --version prints the version.\n"
"A TENSOR is FILE (.npy, .safetensors, llama2.c .bin) or FILE:NAME; NAME may be a glob.\n"
"\n"
"Example: from two arrays to their product\n"
"  bcq calibrate -o cb.txt w.npy a.npy\n"
"  bcq quantize -c cb.txt -o w.bcq w.npy\n"
"  bcq quantize -c cb.txt -o a.bcq a.npy\n"
"  bcq gemm -c cb.txt -a a.bcq -w w.bcq -o c.npy\n"
"\n"
"Exit status: 0 done, 1 the work failed (a mismatch), 2 input or command line refused.\n";

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
} commands[] = {
    { "calibrate", cmd_calibrate }, { "quantize", cmd_quantize }, { "dequantize", cmd_dequantize },
    { "info", cmd_info },           { "gemm", cmd_gemm },         { "plan", cmd_plan },
    { "compare", cmd_compare },     { "energy", cmd_energy },       { "explore", cmd_explore },
};

/* ---- shared by the subcommands -------------------------------------------------------------- */

int refuse(const char *command, const bcq_error *error) {
    fprintf(stderr, "bcq %s: %s\n", command, error->message);
    return EXIT_REFUSED;
}

int next_option(int argc, char **argv, const char *shorts, const struct option *longs,
                bcq_error *error) {
    opterr = 0;
    int before = optind ? optind : 1, option = getopt_long(argc, argv, shorts, longs, NULL);
    if (option != '?' && option != ':') return option;
    /* optopt is the character of a short option or of a long one that exists; else 0. */
    char letter[3] = { '-', (char)optopt, 0 };
    const char *at = optind > before ? argv[optind - 1] : argv[before];
    const char *name = strncmp(at, "--", 2) == 0 || !optopt ? at : letter;
    if (option == ':') bcq_fail(error, "%s: wanted a value behind it, got none", name);
    else bcq_fail(error, "%s: wanted an option that --help lists, got another", name);
    return '?';
}

bool parse_int(const char *option, const char *text, long lo, long hi, int *value,
               bcq_error *error) {
    char *end;
    errno = 0;
    long x = strtol(text, &end, 10);
    if (errno || end == text || *end || x < lo || x > hi)
        return bcq_fail(error, "%s: wanted an integer in [%ld, %ld], got \"%s\"", option, lo, hi,
                        text);
    *value = (int)x;
    return true;
}

bool parse_u64(const char *option, const char *text, uint64_t lo, uint64_t hi, uint64_t *value,
               bcq_error *error) {
    char *end;
    errno = 0;
    unsigned long long x = strtoull(text, &end, 10);
    /* strtoull takes "-1" for its largest number, so a sign is refused first. */
    if (strchr(text, '-') || errno || end == text || *end || x < lo || x > hi)
        return bcq_fail(error, "%s: wanted an integer in [%llu, %llu], got \"%s\"", option,
                        (unsigned long long)lo, (unsigned long long)hi, text);
    *value = x;
    return true;
}

bool not_the_input(const char *output, const char *input, bcq_error *error) {
    struct stat out, in;
    if (!output || !input || stat(output, &out) != 0) return true;
    char *file = strdup(input);
    bool same = false;
    /* FILE:NAME, where both may contain colons: whatever is there of the longest name that exists. */
    for (char *colon = file; file && colon; ) {
        if (stat(file, &in) == 0) {
            same = S_ISREG(in.st_mode) && in.st_dev == out.st_dev && in.st_ino == out.st_ino;
            break;
        }
        colon = strrchr(file, ':');
        if (colon) *colon = 0;
    }
    free(file);
    return !same || bcq_fail(error, "%s: wanted an output other than the input, got the same file",
                             output);
}

int online_threads(void) {
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n < 1 ? 1 : n > 64 ? 64 : (int)n;
}

/* ---- signals -------------------------------------------------------------------------------- */

static void clean_and_die(int signal_number) {
    bcq_output_remove_all();
    raise(signal_number);  /* SA_RESETHAND: the default action, once this handler returns */
}

/* A mapped input file that someone cuts short meanwhile. */
static void input_shrank(int signal_number) {
    static const char text[] = "bcq: wanted all of a mapped input file, got SIGBUS: it shrank\n";
    (void)signal_number;
    bcq_output_remove_all();
    if (write(STDERR_FILENO, text, sizeof text - 1) < 0) _exit(EXIT_REFUSED);
    _exit(EXIT_REFUSED);
}

static void set_signals(void) {
    const int deadly[] = { SIGINT, SIGTERM, SIGHUP, SIGPIPE };
    struct sigaction action = { .sa_handler = clean_and_die, .sa_flags = SA_RESETHAND };
    for (size_t i = 0; i < sizeof deadly / sizeof deadly[0]; i++) {
        struct sigaction before;
        /* Under nohup SIGHUP is ignored, and stays so. */
        if (sigaction(deadly[i], NULL, &before) == 0 && before.sa_handler != SIG_IGN)
            sigaction(deadly[i], &action, NULL);
    }
    action.sa_handler = input_shrank;
    sigaction(SIGBUS, &action, NULL);
    signal(SIGXFSZ, SIG_IGN);  /* a file size limit then fails the write, which is reported */
}

int main(int argc, char **argv) {
    set_signals();
    const char *name = argc > 1 ? argv[1] : NULL;
    int status = -1;
    if (name && (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0)) {
        fputs(help, stdout);
        status = EXIT_DONE;
    } else if (name && strcmp(name, "--version") == 0) {
        puts("bcq " BCQ_VERSION);
        status = EXIT_DONE;
    }
    for (size_t i = 0; name && status < 0 && i < sizeof commands / sizeof commands[0]; i++)
        if (strcmp(name, commands[i].name) == 0) status = commands[i].run(argc - 1, argv + 1);
    if (status < 0) {
        fprintf(stderr,
            "bcq: wanted calibrate, quantize, dequantize, info, gemm, plan, compare, energy or explore (bcq --help), "
            "got %s%s%s\n",
            name ? "\"" : "", name ? name : "nothing", name ? "\"" : "");
        return EXIT_REFUSED;
    }
    if ((fflush(stdout) != 0 || ferror(stdout)) && status != EXIT_REFUSED) {
        fprintf(stderr, "bcq: stdout: wanted to write the results, got: %s\n", strerror(errno));
        return EXIT_REFUSED;
    }
    return status;
}
