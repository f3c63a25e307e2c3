/* Shared by main.c and the subcommands cmd_*.c. Each subcommand gets its own name as argv[0] and
 * returns the exit status; it prints results to stdout and one line to stderr when it refuses. */
#ifndef CMD_H
#define CMD_H

#include <getopt.h>

#include "bcq.h"

#define BCQ_VERSION "0.1.0"

enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_REFUSED = 2 };

int cmd_calibrate(int argc, char **argv);
int cmd_quantize(int argc, char **argv);
int cmd_dequantize(int argc, char **argv);
int cmd_info(int argc, char **argv);
int cmd_gemm(int argc, char **argv);
int cmd_plan(int argc, char **argv);
int cmd_compare(int argc, char **argv);
int cmd_energy(int argc, char **argv);
int cmd_explore(int argc, char **argv);

/* "bcq COMMAND: message" to stderr; returns EXIT_REFUSED. */
int refuse(const char *command, const bcq_error *error);

/* getopt_long without its own messages: the option's character, -1 at the end, '?' after writing
 * to error. shorts begins with ":". */
int next_option(int argc, char **argv, const char *shorts, const struct option *longs,
                bcq_error *error);

/* Whole text, decimal, in [lo, hi]. option: its name, for the message. */
bool parse_int(const char *option, const char *text, long lo, long hi, int *value,
               bcq_error *error);
bool parse_u64(const char *option, const char *text, uint64_t lo, uint64_t hi, uint64_t *value,
               bcq_error *error);

/* False if the output names the same file as an input, FILE or FILE:NAME: it would be lost. Either may
 * be NULL. */
bool not_the_input(const char *output, const char *input, bcq_error *error);

/* Processors that this process may use, at least 1. */
int online_threads(void);

#endif
