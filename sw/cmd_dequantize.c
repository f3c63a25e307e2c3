#include "cmd.h"

static const char help[] =
"bcq dequantize -c CB.txt -o OUT.npy IN.bcq\n"
"Decodes a packed tensor into float32 [rows][K].\n"
"\n"
"  -c, --codebooks FILE  those that IN.bcq was made with; others are refused\n"
"  -o, --output FILE     .npy; it appears complete or not at all\n"
"\n"
"Example:\n"
"  bcq dequantize -c cb.txt -o w_decoded.npy w.bcq\n";

int cmd_dequantize(int argc, char **argv) {
    static const struct option longs[] = {
        { "codebooks", required_argument, 0, 'c' }, { "output", required_argument, 0, 'o' },
        { "help", no_argument, 0, 'h' },            { 0 },
    };
    const char *codebooks = NULL, *output = NULL;
    bcq_error error;
    bool good = true;
    for (int option; good && (option = next_option(argc, argv, ":c:o:h", longs, &error)) != -1; ) {
        switch (option) {
            case 'c': codebooks = optarg; break;
            case 'o': output = optarg; break;
            case 'h': fputs(help, stdout); return EXIT_DONE;
            default: good = false;
        }
    }
    if (good && (!codebooks || !output || argc - optind != 1))
        good = bcq_fail(&error, "command line: wanted -c CB.txt -o OUT.npy IN.bcq, got %s",
                        !codebooks ? "no -c" : !output ? "no -o"
                        : argc == optind ? "no IN.bcq" : "more than one IN.bcq");
    bcq_codebooks cb;
    bcq_packed *t = NULL;
    good = good && not_the_input(output, codebooks, &error)
        && not_the_input(output, argv[optind], &error) && bcq_codebooks_read(codebooks, &cb, &error)
        && (t = bcq_packed_open(argv[optind], &cb, &error))
        && bcq_dequantize(t, &cb, output, &error);
    bcq_packed_close(t);
    return good ? EXIT_DONE : refuse(argv[0], &error);
}
