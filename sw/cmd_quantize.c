#include <string.h>

#include "cmd.h"

static const char help[] =
"bcq quantize -c CB.txt -o OUT.bcq [options] TENSOR\n"
"Packs a tensor with the codebooks of CB.txt and prints the error. The file is the same to the byte\n"
"whoever encodes it.\n"
"\n"
"  -c, --codebooks FILE  from bcq calibrate\n"
"  -o, --output FILE     the packed tensor; it appears complete or not at all\n"
"      --bf16            round the input to BF16 first, as the hardware takes it\n"
"      --signed          a scale takes the sign of the scalar of largest magnitude (BOF4-S tables)\n"
"      --exponent E      use tensor scale 2^E, -100 to 100; block arrays beyond it saturate\n"
"      --backend NAME    golden (default), or rtl: the simulated on-line encoder; it wants --bf16\n"
"      --config NAME     rtl: a row of rtl/configs.def (default: default)\n"
"      --threads N       worker threads (default: all processors); no influence on the result\n"
"\n"
"Examples:\n"
"  bcq quantize -c cb.txt -o w.bcq w.npy\n"
"  bcq quantize -c cb.txt -o wq.bcq model.safetensors:layers.0.attention.wq.weight\n"
"  bcq quantize -c cb.txt -o a.bcq --bf16 --exponent -3 a.npy\n"
"  bcq quantize -c cb.txt -o a.bcq --bf16 --backend rtl --config la16 a.npy\n";

typedef struct {
    const char *codebooks, *output, *tensor;
    bcq_quantize_options o;
} arguments;

static bool run(const arguments *a, bcq_error *error) {
    bcq_codebooks cb;
    if (!bcq_codebooks_read(a->codebooks, &cb, error)) return false;
    bcq_tensor *t = bcq_tensor_open(a->tensor, error);
    if (!t) return false;
    bcq_quantize_report report;
    bool good = bcq_quantize(t, &cb, a->output, &a->o, &report, error);
    if (good)
        printf("%s: %lld x %lld, e_X %d, NMSE %.6g (%.6g / %.6g), %.6g bits a scalar\n",
               bcq_tensor_name(t), (long long)bcq_tensor_rows(t), (long long)bcq_tensor_k(t),
               report.exponent, report.nmse, report.error, report.signal,
               bcq_effective_bits(&cb.p));
    if (good && a->o.rtl_config)
        printf("encoder %s: %llu cycles, formula %llu\n", a->o.rtl_config,
               (unsigned long long)report.cycles, (unsigned long long)report.cycles_formula);
    bcq_tensor_close(t);
    return good;
}

int cmd_quantize(int argc, char **argv) {
    enum { BF16 = 256, SIGNED, EXPONENT, THREADS, BACKEND, CONFIG };
    static const struct option longs[] = {
        { "codebooks", required_argument, 0, 'c' }, { "output", required_argument, 0, 'o' },
        { "bf16", no_argument, 0, BF16 },           { "exponent", required_argument, 0, EXPONENT },
        { "signed", no_argument, 0, SIGNED },
        { "backend", required_argument, 0, BACKEND }, { "config", required_argument, 0, CONFIG },
        { "threads", required_argument, 0, THREADS }, { "help", no_argument, 0, 'h' }, { 0 },
    };
    arguments a = { .o = { .progress = true, .threads = online_threads() } };
    const char *backend = "golden", *config = NULL;
    bcq_error error;
    bool good = true;
    for (int option; good && (option = next_option(argc, argv, ":c:o:h", longs, &error)) != -1; ) {
        switch (option) {
            case 'c': a.codebooks = optarg; break;
            case 'o': a.output = optarg; break;
            case BF16: a.o.bf16 = true; break;
            case SIGNED: a.o.signed_scale = true; break;
            case EXPONENT:
                a.o.exponent_given = true;
                good = parse_int("--exponent", optarg, -BCQ_EXPONENT_LIMIT, BCQ_EXPONENT_LIMIT,
                                 &a.o.exponent, &error);
                break;
            case BACKEND: backend = optarg; break;
            case CONFIG: config = optarg; break;
            case THREADS: good = parse_int("--threads", optarg, 1, 64, &a.o.threads, &error); break;
            case 'h': fputs(help, stdout); return EXIT_DONE;
            default: good = false;
        }
    }
    if (good && (!a.codebooks || !a.output || argc - optind != 1))
        good = bcq_fail(&error, "command line: wanted -c CB.txt -o OUT.bcq TENSOR, got %s",
                        !a.codebooks ? "no -c" : !a.output ? "no -o"
                        : argc == optind ? "no TENSOR" : "more than one TENSOR");
    bool rtl = strcmp(backend, "rtl") == 0;
    if (good && !rtl && strcmp(backend, "golden") != 0)
        good = bcq_fail(&error, "--backend: wanted golden or rtl, got \"%s\"", backend);
    if (good && config && !rtl)
        good = bcq_fail(&error, "--config: wanted --backend rtl with it, got --backend golden");
    if (good && rtl && !a.o.bf16)
        good = bcq_fail(&error, "--backend rtl: wanted --bf16 with it, for the encoder takes BF16, got none");
    if (good && rtl && a.o.signed_scale)
        good = bcq_fail(&error, "--signed: wanted --backend golden with it, for the encoder writes no sign, got --backend rtl");
    if (rtl) a.o.rtl_config = config ? config : "default";
    if (good) {
        a.tensor = argv[optind];
        good = not_the_input(a.output, a.tensor, &error)
            && not_the_input(a.output, a.codebooks, &error) && run(&a, &error);
    }
    return good ? EXIT_DONE : refuse(argv[0], &error);
}
