/* Where the codebooks come from: starts, remove-and-split search, and the final descent.
 *
 * Start: one codebook that fits all blocks, then the cluster of largest error is split until there
 * are NC, each time by the best of seven statistics of a block (its maximum, range, sum, ...).
 * Clusters so found are spread by what blocks differ in: the side that the large values lie on, and
 * how large they are.
 *
 * Search: a codebook is removed and another cluster split in its place, or it becomes the mirror
 * image of another one, or everything is started afresh from random splits; what comes of it after
 * convergence and descent is judged. The quick default does a fixed number of such rounds. A search
 * that is given seconds does as many as fit: it alone depends on the speed of the machine. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "lloyd.h"

enum {
    ITERATIONS_SPLIT = 6,    /* after a split, before the next one or the choice between splits */
    ITERATIONS_ROUND = 12,   /* of a search round, before it is judged */
    ROUNDS_QUICK = 8,        /* search rounds that every calibration does */
};

/* A round this much above what would be taken is not worth a descent, which takes away less. */
static const double ROUND_HOPELESS = 1.005;
/* How much worse a round may be than the one it came from, when the search begins. */
static const double WORSE_AT_FIRST = 0.002;

typedef struct {
    const lloyd_data *d;     /* what starts and rounds look at */
    const bcq_calibrate_options *o;
    lloyd_work *w;
    lloyd_trace trace;
    uint64_t random;
    double started;
} search;

/* One complete attempt: levels before and after the step to integers. */
typedef struct {
    lloyd_levels real, entries;
    int64_t real_error, rounded_error, objective;
    int iterations;
} attempt;

static double seconds_now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static uint64_t splitmix64(uint64_t *state) {
    uint64_t z = *state += 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
}

static int random_below(search *s, int n) { return (int)(splitmix64(&s->random) % (uint64_t)n); }

static void log_row(search *s, const char *what, const attempt *a) {
    if (!s->o->log) return;
    double unit = 1e3 / s->trace.signal;
    fprintf(s->o->log, "%-28s %5d %9.4f %9.4f %9.4f %8.2f\n", what, a->iterations,
            (double)a->real_error * unit, (double)a->rounded_error * unit,
            (double)a->objective * unit, seconds_now() - s->started);
}

/* The cluster with the largest error among nc; leaves selectors in s->w. */
static int worst_cluster(search *s, const lloyd_levels *l, int nc) {
    lloyd_assign(s->d, l, nc, -1, LLOYD_HISTOGRAM | LLOYD_SELECTOR, s->w);
    int worst = 0;
    int64_t worst_error = -1;
    for (int c = 0; c < nc; c++) {
        int64_t e = lloyd_levels_error(s->d, lloyd_histogram(s->w, c), l->level[c], s->w);
        if (e > worst_error) { worst_error = e; worst = c; }
    }
    return worst;
}

/* Adds codebook nc by a split of cluster `from`. Where the blocks cannot be parted it is a copy, to
 * be re-seeded by the alternation. */
static void split_into(search *s, lloyd_levels *l, int from, int nc, lloyd_split by, int share) {
    if (!lloyd_split_cluster(s->d, l, from, nc, by, share, s->w))
        memcpy(l->level[nc], l->level[from], sizeof l->level[nc]);
}

static void first_codebook(search *s, lloyd_levels *l) {
    memset(l, 0, sizeof *l);
    lloyd_assign(s->d, l, 1, -1, LLOYD_HISTOGRAM, s->w);
    lloyd_best_entries(s->d, lloyd_histogram(s->w, 0), l->level[0], s->w);
}

/* Splits up to all codebooks; only: one statistic, or SPLITS for the best of all at each split. */
static void start_by_splits(search *s, lloyd_levels *l, lloyd_split only) {
    first_codebook(s, l);
    for (int nc = 1; nc < s->d->p.nc; nc++) {
        lloyd_levels best = *l;
        int64_t least = INT64_MAX;
        for (int by = 0; by < SPLITS; by++) {
            if (only != SPLITS && by != (int)only) continue;
            lloyd_levels tried = *l;
            split_into(s, &tried, worst_cluster(s, &tried, nc), nc, (lloyd_split)by, 128);
            int64_t e = lloyd_alternate(s->d, &tried, nc + 1, ITERATIONS_SPLIT, false, s->w, NULL,
                                        NULL);
            if (e < least) { least = e; best = tried; }
        }
        *l = best;
    }
}

static void start_by_random_splits(search *s, lloyd_levels *l) {
    first_codebook(s, l);
    for (int nc = 1; nc < s->d->p.nc; nc++) {
        int from = worst_cluster(s, l, nc);
        if (random_below(s, 2)) from = random_below(s, nc);
        split_into(s, l, from, nc, (lloyd_split)random_below(s, SPLITS), 64 + random_below(s, 128));
        lloyd_alternate(s->d, l, nc + 1, 2, false, s->w, NULL, NULL);
    }
}

/* From a start to integer entries. hopeless: give up before the descent above this objective. */
static bool complete(search *s, attempt *a, int iterations, double hopeless, lloyd_trace *trace) {
    int nc = s->d->p.nc;
    a->real_error = lloyd_alternate(s->d, &a->real, nc, iterations, false, s->w, trace,
                                    &a->iterations);
    a->entries = a->real;
    a->rounded_error = lloyd_alternate(s->d, &a->entries, nc, iterations, true, s->w, trace, NULL);
    a->objective = a->rounded_error;
    if ((double)a->objective > hopeless) return false;
    a->objective = lloyd_refine(s->d, &a->entries, nc, a->objective, s->w, trace);
    return true;
}

typedef enum { MOVE_SPLIT, MOVE_MIRROR, MOVE_RESTART, MOVES } move;

/* One search round: another codebook in place of a random one, or all anew. False if it came to
 * nothing better than `limit`. */
static bool round_of_search(search *s, const attempt *from, attempt *a, move how, double limit) {
    int nc = s->d->p.nc, n = bcq_entries(&s->d->p);
    a->real = from->entries;
    int removed = random_below(s, nc);
    if (how == MOVE_RESTART) {
        start_by_random_splits(s, &a->real);
    } else if (how == MOVE_MIRROR) {
        const int32_t *other = from->entries.level[random_below(s, nc)];
        for (int k = 0; k < n; k++) a->real.level[removed][k] = -other[n - 1 - k];
    } else {
        memcpy(a->real.level[removed], a->real.level[nc - 1], sizeof a->real.level[removed]);
        int split = worst_cluster(s, &a->real, nc - 1);
        if (random_below(s, 2)) split = random_below(s, nc - 1);
        split_into(s, &a->real, split, nc - 1, (lloyd_split)random_below(s, SPLITS),
                   64 + random_below(s, 128));
    }
    return complete(s, a, ITERATIONS_ROUND, ROUND_HOPELESS * limit, NULL) &&
           (double)a->objective < limit;
}

/* Threshold accepting: a round may be a little worse than the one it came from, ever less so as the
 * time runs out. Without a time given, only better ones are taken. */
static void run_rounds(search *s, attempt *best) {
    static const char *const names[MOVES] = { "remove and split", "mirror", "restart" };
    double from = seconds_now(), until = s->started + s->o->search_seconds;
    int rounds = 0, tried[MOVES] = { 0 }, taken[MOVES] = { 0 };
    attempt at = *best;
    while (s->d->p.nc > 1) {
        double now = seconds_now();
        if (rounds >= ROUNDS_QUICK && now >= until) break;
        double left = until > now ? (until - now) / (until - from) : 0;
        int pick = random_below(s, 16);
        move how = pick == 0 ? MOVE_RESTART : pick < 4 ? MOVE_MIRROR : MOVE_SPLIT;
        attempt a;
        rounds++;
        tried[how]++;
        if (!round_of_search(s, &at, &a, how, (double)at.objective * (1 + WORSE_AT_FIRST * left)) ||
            a.objective == at.objective)
            continue;
        taken[how]++;
        at = a;
        if (a.objective >= best->objective) continue;
        *best = a;
        char what[40];
        snprintf(what, sizeof what, "round %d, %s", rounds, names[how]);
        log_row(s, what, best);
    }
    for (int i = 0; i < MOVES && s->o->log; i++)
        fprintf(s->o->log, "%s: %d rounds, %d taken\n", names[i], tried[i], taken[i]);
}

int64_t lloyd_search(const lloyd_data *d, const lloyd_data *part, const bcq_calibrate_options *o,
                     lloyd_levels *entries, int *iterations, lloyd_work *w) {
    search s = { .d = part, .o = o, .w = w, .random = o->seed, .started = seconds_now(),
                 .trace = { .csv = o->csv, .progress = o->progress } };
    s.trace.signal = lloyd_signal(part, w);
    if (o->csv) fprintf(o->csv, "half_step,phase,kind,nmse\n");
    if (o->log)
        fprintf(o->log, "Tried on %lld blocks; error: NMSE of normalised values, 1e-3\n"
                "%-28s %5s %9s %9s %9s %8s\n", (long long)part->blocks, "start", "iter", "real",
                "integer", "refined", "seconds");

    static const struct { const char *name; lloyd_split by; } starts[] = {
        { "split by best of 7", SPLITS }, { "split by amax", SPLIT_AMAX },
        { "split by range", SPLIT_RANGE },
    };
    attempt best = { .objective = INT64_MAX };
    for (size_t i = 0; i < sizeof starts / sizeof *starts; i++) {
        attempt a;
        s.trace.phase = starts[i].name;
        start_by_splits(&s, &a.real, starts[i].by);
        complete(&s, &a, o->iterations, 1e300, &s.trace);
        log_row(&s, starts[i].name, &a);
        if (a.objective < best.objective) best = a;
    }
    run_rounds(&s, &best);

    /* On all data: once more from the real-valued levels, or from the entries as they are. */
    s.d = d;
    s.trace.signal = lloyd_signal(d, w);
    s.trace.phase = "all data";
    attempt all = { .real = best.real };
    complete(&s, &all, o->iterations, 0, &s.trace);
    *iterations = all.iterations;
    int64_t kept = lloyd_alternate(d, &best.entries, d->p.nc, o->iterations, true, w, NULL, NULL);
    if (kept < all.objective) {
        all.entries = best.entries;
        all.objective = kept;
    }
    all.objective = lloyd_refine(d, &all.entries, d->p.nc, all.objective, w, &s.trace);
    log_row(&s, "all data", &all);
    if (o->progress) fprintf(stderr, "\n");
    *entries = all.entries;
    return all.objective;
}
