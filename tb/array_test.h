/* What the tests of the arrays share (test_array.c, test_rivals.c): command line, stalls, failures, what was
 * covered, and the cases that do not look at data. */
#ifndef ARRAY_TEST_H
#define ARRAY_TEST_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rtl.h"
#include "stall.h"

static uint64_t seed = 1;
static long passed, failed;
static bool brief;
static long tiles = 60;
static long mutant = -1;  /* of a mutated model, or none */

/* A mutant is caught by its first failure. */
static void count_failure(void) {
    failed++;
    if (mutant <= 0) return;
    printf("%ld passed, %ld failed\n", passed, failed);
    exit(EXIT_FAILURE);
}

/* ---- Stalls ------------------------------------------------------------------------------------ */

enum { BURSTS = 16 };  /* the longest, in cycles */
static const char *const side_name[RTL_SIDES] = { "weights", "activations", "results" };
static stall_side sides[RTL_SIDES];
static long rate_count[RTL_SIDES][RATES][2];  /* [side][rate][bursts] */

static bool stall(void *context, int side) {
    (void)context;
    return stall_next(&sides[side]);
}

static bool no_stalls(void) {
    for (int s = 0; s < RTL_SIDES; s++) if (rate_in_8[sides[s].rate]) return false;
    return true;
}

static void random_stalls(void) {
    for (int s = 0; s < RTL_SIDES; s++) {
        sides[s] = (stall_side){ .rate = below(3) ? below(RATES) : 0, .bursts = below(2) ? BURSTS : 0 };
        rate_count[s][sides[s].rate][sides[s].bursts > 0]++;
    }
}

/* Weights end after *context beats, and all else with them. */
static bool stop_after(void *context, int side) {
    int *left = context;
    if (side == RTL_SIDE_WEIGHTS && *left > 0) (*left)--;
    return *left == 0;
}

/* ---- Command line and models --------------------------------------------------------------------- */

/* The place of the first configuration in argv; 0, after a message, if there is none. */
static int parse_arguments(int argc, char **argv, const char *program) {
    int at = 1;
    for (; at + 1 < argc && argv[at][0] == '-'; at++) {
        if (strcmp(argv[at], "-seed") == 0) seed = strtoull(argv[++at], NULL, 10);
        else if (strcmp(argv[at], "-tiles") == 0) tiles = strtol(argv[++at], NULL, 10);
        else if (strcmp(argv[at], "-brief") == 0) brief = true;
        else if (strcmp(argv[at], "-mutant") == 0) mutant = strtol(argv[++at], NULL, 10);
        else break;
    }
    if (at == argc || argv[at][0] == '-') {
        fprintf(stderr, "usage: %s [-seed S] [-tiles N] [-brief] [-mutant N] CONFIG_OR_MODEL...\n", program);
        return 0;
    }
    printf("%s seed=%llu tiles=%ld\n", program, (unsigned long long)seed, tiles);
    return at;
}

/* Selects the mutant of a model that was just opened; closes it if there is none. */
static rtl *hold_mutant(rtl *r, const char *config, bcq_error *error) {
    if (!r || mutant < 0 || rtl_hold(r, "mutsel", (uint32_t)mutant)) return r;
    bcq_fail(error, "%s: no input mutsel", config);
    rtl_close(r);
    return NULL;
}

/* ---- After a product ------------------------------------------------------------------------------- */

/* Cycle counter and flag hold until the next command. */
static bool report_holds(rtl *r, const char *where, const rtl_run_report *report) {
    for (int i = 0; i < 3; i++) {
        rtl_run_report later;
        rtl_wait(r, &later);
        if (later.cycles == report->cycles && later.scale_nan == report->scale_nan) continue;
        fprintf(stderr, "FAIL %s: %d cycles after it, cycles and scale_nan went from %llu, %d to %llu, %d\n",
                where, i + 1, (unsigned long long)report->cycles, report->scale_nan,
                (unsigned long long)later.cycles, later.scale_nan);
        return false;
    }
    return true;
}

static bool cycles_are(const rtl_build *b, const char *where, int64_t m, int64_t n, int64_t k, uint64_t cycles) {
    uint64_t want = rtl_cycles_formula(b, m, n, k);
    if (cycles == want) return true;
    fprintf(stderr, "FAIL %s: cycles rtl %llu, formula %llu\n", where, (unsigned long long)cycles,
            (unsigned long long)want);
    return false;
}

/* ---- Cases that do not look at data ------------------------------------------------------------------- */

static void zero_activations(const void *context, const rtl_build *b, int64_t row, int64_t j, rtl_beat *beat) {
    (void)context, (void)b, (void)row, (void)j, (void)beat;
}
static void zero_weights(const void *context, const rtl_build *b, int64_t column, int64_t j, int row,
                         rtl_beat *beat) {
    (void)context, (void)b, (void)column, (void)j, (void)row, (void)beat;
}

/* Commands of size zero are taken and do nothing. */
static void zero_sizes(rtl *r, const char *config) {
    for (int which = 0; which < 3; which++) {
        rtl_beats zero = { which != 0, which != 1, which != 2, zero_activations, zero_weights, NULL };
        rtl_run_options options = { .stall = NULL };
        rtl_run_report report;
        bcq_error error;
        if (rtl_run_beats(r, &zero, &options, NULL, &report, &error)) continue;
        fprintf(stderr, "FAIL %s size zero: %s\n", config, error.message);
        count_failure();
        rtl_reset(r);
    }
}

/* A product that gets only some of its weights, and a reset in the middle of it. acc: its results. */
static void starved(rtl *r, const char *config, const rtl_beats *beats, void *acc) {
    const rtl_build *b = rtl_get_build(r);
    bcq_error error;
    rtl_run_report report;
    int left = 1 + below((int)beats->k_arrays * rtl_rows(b) * b->cols / b->ndec);
    rtl_run_options options = {
        .stall = stop_after, .context = &left,
        .limit = rtl_cycles_formula(b, beats->m, beats->n, beats->k_arrays * b->la) + 100,
    };
    if (rtl_run_beats(r, beats, &options, acc, &report, &error)) {
        fprintf(stderr, "FAIL %s reset: the starved product ended\n", config);
        count_failure();
    }
    rtl_reset(r);
    if (!rtl_is_reset(r)) {
        fprintf(stderr, "FAIL %s reset: not idle, or a counter or flag is set\n", config);
        count_failure();
    }
}

/* The largest sizes: the product begins, and only a reset ends it. */
static void largest(rtl *r, const char *config) {
    rtl_beats huge = { UINT32_MAX, (int64_t)UINT32_MAX * rtl_get_build(r)->cols, UINT32_MAX, zero_activations,
                       zero_weights, NULL };
    int none = 0;
    rtl_run_options options = { .stall = stop_after, .context = &none, .limit = 10 };
    rtl_run_report report;
    bcq_error error;
    if (rtl_run_beats(r, &huge, &options, NULL, &report, &error) || rtl_is_reset(r)) {
        fprintf(stderr, "FAIL %s reset: the largest product did not begin\n", config);
        count_failure();
    }
    rtl_reset(r);
}

/* Sizes that no simulation reaches the end of: each bit of each size, alone and with what makes two
 * more steps (then a lost bit would end it in no time). They must begin, and not end soon. Returns how
 * many there were. */
static long unending(rtl *r, const char *config) {
    const rtl_build *b = rtl_get_build(r);
    enum { M, N, K };
    long count = 0;
    for (int which = M; which <= K; which++) {
        for (int turn = 0; turn < 2 * 32; turn++) {
            int64_t more[3] = { b->t + 1, 2, 2 };
            int64_t size = ((int64_t)1 << turn / 2) + (turn % 2 ? more[which] : 0);
            int64_t m = which == M ? size : 1, n_tiles = which == N ? size : which == M ? 2 : 1;
            int64_t arrays = which == K ? size : 2;
            int64_t m_end = which == M ? 3 * b->t : m, n_end = which == N ? 8 : n_tiles;
            int64_t arrays_end = which == K ? 8 : arrays;
            uint64_t limit = rtl_cycles_formula(b, m_end, n_end * b->cols, arrays_end * b->la);
            int64_t n = which == K ? 1 : n_tiles * b->cols;
            if (size > UINT32_MAX || rtl_cycles_formula(b, m, n, arrays * b->la) <= 2 * limit) continue;

            /* Room for what can be delivered before the limit, at a beat a cycle. */
            size_t words = (size_t)((which == M ? (int64_t)limit : 1) * (which == N ? (int64_t)limit * b->cols : n));
            uint32_t *acc = calloc(words, sizeof *acc);
            if (!acc) abort();
            rtl_beats beats = { m, n, arrays, zero_activations, zero_weights, NULL };
            rtl_run_options options = { .limit = limit };
            rtl_run_report report;
            bcq_error error = { .message = "it ended" };
            if (rtl_run_beats(r, &beats, &options, acc, &report, &error)
                || strncmp(error.message, "rtl: not done", 13) != 0) {
                fprintf(stderr, "FAIL %s unending seed=%llu M=%lld n_tiles=%lld k_arrays=%lld: %s\n", config,
                        (unsigned long long)seed, (long long)m, (long long)n_tiles, (long long)arrays,
                        error.message);
                count_failure();
            } else {
                passed++;
            }
            count++;
            rtl_reset(r);
            free(acc);
        }
    }
    return count;
}

/* ---- What was covered ----------------------------------------------------------------------------------- */

/* excused: classes that these configurations cannot have; NULL: none. */
static void judge_classes(const char *const *name, const long *count, const bool *excused, int classes) {
    for (int c = 0; c < classes; c++) {
        printf("  %-42s %10ld\n", name[c], count[c]);
        if (count[c] > 0 || (excused && excused[c])) continue;
        fprintf(stderr, "FAIL seed=%llu: no case of \"%s\"\n", (unsigned long long)seed, name[c]);
        failed++;
    }
}

static void judge_stalls(void) {
    printf("  stalls of random tiles %23s%8s%8s%8s, then the same in bursts\n", "0", "1/8", "1/2", "7/8");
    for (int s = 0; s < RTL_SIDES; s++) {
        printf("  %-36s", side_name[s]);
        for (int bursts = 0; bursts < 2; bursts++) {
            for (int i = 0; i < RATES; i++) {
                printf(" %7ld", rate_count[s][i][bursts]);
                if (rate_count[s][i][bursts]) continue;
                fprintf(stderr, "FAIL seed=%llu: no %s stalls of %d/8\n", (unsigned long long)seed, side_name[s],
                        rate_in_8[i]);
                failed++;
            }
        }
        printf("\n");
    }
}

/* The exit status. */
static int print_verdict(void) {
    printf("%ld passed, %ld failed\n", passed, failed);
    return failed || !passed ? EXIT_FAILURE : EXIT_SUCCESS;
}

#endif
