#include <glob.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd.h"
#include "explore/explore.h"

static const char help[] =
"bcq explore SPACE.txt [options]\n"
"What every choice of hardware costs and buys: each point of the space is synthesised, timed, its energy\n"
"simulated and its error measured, once: results are kept in a cache. Writes points.csv, parts.csv,\n"
"workloads.csv, points.json and page.html, a report for a browser. docs/explorer.md has the keys of SPACE.txt\n"
"and the columns.\n"
"\n"
"      --list            the points, and what the cache holds; nothing is run\n"
"      --library FILE    liberty file, or a folder of them, where the space names none\n"
"      --cache DIR       results of every job (default: build/explore)\n"
"  -o, --output DIR      tables and page (default: build/explore/NAME of NAME.txt)\n"
"      --jobs N          at once (default: all processors)\n"
"      --only K          point K of the list into the cache, no tables\n"
"      --slurm           a Slurm job a point; needs sbatch and a cache that all nodes see\n"
"      --partition P     for --slurm\n"
"\n"
"Interrupted, it stops what runs; started again, it goes on with what is missing. Exit status 1: jobs failed,\n"
"each named on stderr; the other points are in the tables.\n"
"\n"
"Examples:\n"
"  bcq explore sw/explore/example.space --library cells.lib --list\n"
"  bcq explore sw/explore/example.space --library cells.lib\n";

typedef struct {
    const char *space, *library, *output, *partition;
    explore_options o;
    bool list, slurm;
} arguments;

static bool parse(int argc, char **argv, arguments *a, bool *helped, bcq_error *error) {
    enum { CACHE = 256, JOBS, SLURM, PARTITION, ONLY, LIST, LIBRARY };
    static const struct option longs[] = {
        { "cache", required_argument, 0, CACHE }, { "output", required_argument, 0, 'o' },
        { "jobs", required_argument, 0, JOBS },   { "slurm", no_argument, 0, SLURM },
        { "partition", required_argument, 0, PARTITION }, { "only", required_argument, 0, ONLY },
        { "list", no_argument, 0, LIST },         { "library", required_argument, 0, LIBRARY },
        { "help", no_argument, 0, 'h' },          { 0 },
    };
    bool good = true;
    for (int option; good && (option = next_option(argc, argv, ":o:h", longs, error)) != -1; ) {
        switch (option) {
            case CACHE: a->o.cache = optarg; break;
            case 'o': a->output = optarg; break;
            case JOBS: good = parse_int("--jobs", optarg, 1, 1024, &a->o.parallel, error); break;
            case SLURM: a->slurm = true; break;
            case PARTITION: a->partition = optarg; break;
            case ONLY: good = parse_int("--only", optarg, 1, 10000, &a->o.only, error); break;
            case LIST: a->list = true; break;
            case LIBRARY: a->library = optarg; break;
            case 'h': *helped = true; return true;
            default: good = false;
        }
    }
    if (!good) return false;
    if (argc - optind != 1)
        return bcq_fail(error, "command line: wanted SPACE.txt, got %d names", argc - optind);
    a->space = argv[optind];
    if (a->list + a->slurm + (a->o.only > 0) > 1)
        return bcq_fail(error, "command line: wanted one of --list, --slurm and --only, got more");
    if (a->partition && !a->slurm) return bcq_fail(error, "command line: wanted --slurm with --partition, got none");
    return true;
}

/* Names of synth/recipes; they point into *text. */
static bool find_recipes(const char *root, explore_list *recipes, char **text, bcq_error *error) {
    char *pattern = explore_path("%s/synth/recipes/*.abc", root);
    glob_t found;
    bool good = glob(pattern, 0, NULL, &found) == 0 || bcq_fail(error, "%s: wanted files of this name, got none", pattern);
    *text = explore_path("%s", "");
    recipes->count = 0;
    for (size_t i = 0; good && i < found.gl_pathc; i++) {
        char *slash = strrchr(found.gl_pathv[i], '/') + 1;
        char *more = explore_path("%s%.*s ", *text, (int)strlen(slash) - 4, slash);
        free(*text);
        *text = more;
    }
    for (char *rest = *text, *name; good && (name = strsep(&rest, " ")) && *name; )
        if (recipes->count < EXPLORE_LIST_MAX) recipes->item[recipes->count++] = name;
    globfree(&found);
    free(pattern);
    return good;
}

static bool check_workloads(const explore_space *s, const explore_workloads *w, bcq_error *error) {
    for (size_t i = 0; i < s->count; i++)
        for (int j = 0; j < s->points[i].workloads.count; j++)
            if (!explore_workload_find(w, s->points[i].workloads.item[j]))
                return bcq_fail(error, "%s: block at line %d: workload: wanted MODEL_PHASE of sw/workloads.def, got \"%s\"",
                                s->path, s->points[i].line, s->points[i].workloads.item[j]);
    return true;
}

/* build/explore/NAME */
static char *default_output(const char *space) {
    const char *slash = strrchr(space, '/'), *name = slash ? slash + 1 : space, *dot = strrchr(name, '.');
    return explore_path("build/explore/%.*s", (int)(dot && dot > name ? dot - name : (long)strlen(name)), name);
}

static bool run(const arguments *a, explore_study *s, const char *output, int *signal_number, bcq_error *error) {
    if (a->list) return explore_study_list(s, &a->o, error);
    if (a->o.only > (int)s->space->count)
        return bcq_fail(error, "--only: wanted a point from 1 to %zu, got %d", s->space->count, a->o.only);
    if (!explore_check_delays(s->space, error)) return false;
    explore_options o = a->o;
    o.tables = o.only ? NULL : output;
    if (a->slurm && (!explore_report_check(&o, error)
                     || !explore_slurm(s->space, &o, output, a->library, a->partition, signal_number, error))) return false;
    o.cached_only = a->slurm;
    if (!explore_study_run(s, &o, signal_number, error)) return false;
    if (o.only) return true;
    size_t good = 0;
    for (size_t i = 0; i < s->space->count; i++) good += s->results[i].good;
    const char *slash = strrchr(a->space, '/');
    if (good && !explore_report(s, o.root, output, slash ? slash + 1 : a->space, error)) return false;
    printf("%zu of %zu points, %zu jobs, %zu of them from the cache, %zu failed%s%s\n", good, s->space->count, s->jobs,
           s->jobs - s->made, s->failed, good ? ": " : "", good ? output : "");
    return true;
}

int cmd_explore(int argc, char **argv) {
    char root[4096];
    arguments a = { .o = { .root = root, .parallel = online_threads(), .progress = isatty(STDERR_FILENO), .failures = stderr } };
    explore_space space = { 0 };
    explore_workloads workloads = { 0 };
    explore_study study = { .space = &space, .workloads = &workloads };
    explore_list recipes;
    bcq_error error;
    char *names = NULL, *cache = NULL, *output = NULL;
    bool helped = false;
    int signal_number = 0;
    bool good = parse(argc, argv, &a, &helped, &error);
    if (helped) {
        fputs(help, stdout);
        return EXIT_DONE;
    }
    good = good && rtl_project_root(root, sizeof root, &error) && find_recipes(root, &recipes, &names, &error);
    if (good) {
        char *given = explore_path("%s", a.o.cache ? a.o.cache : "build/explore");
        char here[4096];
        cache = *given == '/' ? explore_path("%s", given) : explore_path("%s/%s", getcwd(here, sizeof here) ? here : ".", given);
        free(given);
        output = a.output ? explore_path("%s", a.output) : default_output(a.space);
        a.o.cache = cache;
        char *path = explore_path("%s/sw/workloads.def", root);
        good = explore_space_read(a.space, a.library, &recipes, &space, &error)
            && explore_workloads_read(path, &workloads, &error) && check_workloads(&space, &workloads, &error)
            && run(&a, &study, output, &signal_number, &error);
        free(path);
    }
    size_t failed = study.failed;
    explore_study_free(&study);
    explore_space_free(&space);
    explore_workloads_free(&workloads);
    free(names);
    free(cache);
    free(output);
    if (signal_number) {
        fprintf(stderr, "bcq explore: %s\n", error.message);
        bcq_output_remove_all();
        signal(signal_number, SIG_DFL);
        raise(signal_number);
    }
    if (!good) return refuse(argv[0], &error);
    return failed ? EXIT_FAILED : EXIT_DONE;
}
