/* The accelerator in a program of one page: C[M][N] = A[M][K] * W[N][K]^T of two packed tensors.
 *
 *   example BACKEND CONFIG CB.txt A.bcq W.bcq C.npy
 *   example golden default cb.txt a.bcq w.bcq c.npy
 *   example rtl    default cb.txt a.bcq w.bcq c.npy      the simulated accelerator: the same bits
 *   example uart:/dev/ttyUSB1 - cb.txt a.bcq w.bcq c.npy   a board knows its own configuration
 *
 * cc -Isw -Icmodel -Ibuild/gen example.c build/libbcq.a -ljansson -lmd -lz -lpthread -ldl -lm */
#include <stdlib.h>
#include <string.h>

#include "device.h"

static bool write_result(const char *path, const float *c, int64_t m, int64_t n, bcq_error *error) {
    bcq_output *output = bcq_output_open(path, error);
    if (!output) return false;
    bcq_npy_write_header(bcq_output_stream(output), m, n);
    fwrite(c, sizeof *c, (size_t)(m * n), bcq_output_stream(output));
    return bcq_output_commit(output, error);
}

/* Everything that can fail leaves one line in error. */
static bool run(char **argument, bcq_error *error) {
    const char *backend = argument[1], *config = strcmp(argument[2], "-") ? argument[2] : NULL;
    bcq_codebooks cb;
    if (!bcq_codebooks_read(argument[3], &cb, error)) return false;
    bcq_packed *a = bcq_packed_open(argument[4], &cb, error);
    bcq_packed *w = a ? bcq_packed_open(argument[5], &cb, error) : NULL;
    bcq_device *d = w ? bcq_device_open(backend, config, error) : NULL;
    bool good = d && bcq_device_load_codebooks(d, &cb, &cb, error)
        && bcq_device_load_weights(d, w, error);

    /* Activations may also be floats in memory, { .values = x, .m = rows, .exponent = e }: then the
     * accelerator encodes them. */
    bcq_device_activations activations = { .packed = a };
    bcq_device_options options = { .exact = d && bcq_device_identify(d)->exact };
    good = good && bcq_device_start(d, &activations, &options, error);

    /* start has returned at once; a poll does some 20 ms of work. bcq_device_wait is this loop. */
    double progress;
    bcq_device_state state = good ? BCQ_DEVICE_RUNNING : BCQ_DEVICE_FAILED;
    while (state == BCQ_DEVICE_RUNNING) state = bcq_device_poll(d, &progress, error);
    good = state == BCQ_DEVICE_DONE;

    if (good) {
        int64_t m = bcq_packed_get_info(a)->rows, n = bcq_packed_get_info(w)->rows;
        float *c = malloc((size_t)(m * n) * sizeof *c);
        bcq_device_counters counters;
        good = (c || bcq_fail(error, "wanted memory for the result, got none"))
            && bcq_device_result(d, c, error) && bcq_device_get_counters(d, &counters, error)
            && write_result(argument[6], c, m, n, error);
        if (good)
            printf("%lld x %lld results, %llu cycles, %llu bytes in\n", (long long)m, (long long)n,
                   (unsigned long long)counters.cycles,
                   (unsigned long long)(counters.w_bytes + counters.a_bytes));
        free(c);
    }
    bcq_device_close(d);
    bcq_packed_close(w);
    bcq_packed_close(a);
    return good;
}

int main(int argc, char **argv) {
    bcq_error error;
    if (argc != 7) {
        fprintf(stderr, "usage: example BACKEND CONFIG CB.txt A.bcq W.bcq C.npy\n");
        return 2;
    }
    if (run(argv, &error)) return 0;
    fprintf(stderr, "example: %s\n", error.message);
    return 1;
}
