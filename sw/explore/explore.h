/* The explorer behind `bcq explore`: a text of parameters -> points -> synthesis, energy and error of each,
 * from a cache -> tables. docs/explorer.md is its manual. Conventions as in bcq.h. */
#ifndef EXPLORE_H
#define EXPLORE_H

#include "accuracy.h"
#include "rtl.h"

/* ---- A space of points (space.c) --------------------------------------------------------------- */

enum { EXPLORE_LIST_MAX = 32 };

/* Values of one key that belong to a point together: recipes, data, workloads. */
typedef struct {
    int count;
    const char *item[EXPLORE_LIST_MAX];
} explore_list;

typedef struct {
    char name[128], variant[96];
    const char *format;       /* as in docs/formats.md */
    rtl_build build;
    int enc, cb;              /* the encoder's rates; enc 0: none */
    bool asic;                /* latches and adders written out: Asic of rtl/bcq_pe.sv */
    bool universal;           /* codebooks of sw/model/universal, else calibrated */
    const char *library;      /* as given */
    double clock;             /* period in ns; 0: the library's of synth/clocks.def */
    const char *delay;        /* of the energy's simulation: zero or events */
    explore_list recipes, data, workloads;
    int line;                 /* of the block, for messages */
} explore_point;

typedef struct {
    const char *path;
    char *text;               /* what the points' strings point into */
    size_t count;
    explore_point *points;
} explore_space;

/* library: for blocks that name none; may be NULL. recipes: what the value `all` stands for. Refuses any
 * point that could not be built; a point that is there already is left out. Free the space either way. */
bool explore_space_read(const char *path, const char *library, const explore_list *recipes, explore_space *s,
                        bcq_error *error);
void explore_space_free(explore_space *s);

/* Does a build with rtl/ refuse it? NULL, or what was wanted and got, in message [size]. */
const char *explore_refuses(const explore_point *p, char *message, size_t size);

/* ---- Work loads (workloads.c, sw/workloads.def) -------------------------------------------------- */

typedef struct { char name[32]; int64_t n, k; } explore_gemm;
typedef struct {
    char name[64];            /* MODEL_PHASE */
    char source[256];
    int64_t tokens, layers;
    int gemms;                /* of one layer */
    explore_gemm gemm[16];
} explore_workload;
typedef struct {
    size_t count;
    explore_workload *all;
} explore_workloads;

bool explore_workloads_read(const char *path, explore_workloads *w, bcq_error *error);
void explore_workloads_free(explore_workloads *w);
const explore_workload *explore_workload_find(const explore_workloads *w, const char *name);

/* Of one product, or of all of a work load. */
typedef struct {
    double macs, cycles;
    double bytes_w, bytes_a, bytes_r, bytes_cb;  /* weights, activations, results, codebooks */
} explore_cost;

/* C[m][n] once on p's array. f: p's format. The model of what moves: docs/explorer.md. */
explore_cost explore_product_cost(const explore_point *p, const bcq_format *f, int64_t m, int64_t n, int64_t k);
explore_cost explore_workload_cost(const explore_point *p, const bcq_format *f, const explore_workload *w);

/* ---- Text files (text.c) --------------------------------------------------------------------------- */

/* The whole file with a 0 behind it, to be freed; NULL after writing to error. size may be NULL. */
char *explore_read_text(const char *path, size_t *size, bcq_error *error);
/* A path made of parts, to be freed; like asprintf, but stops the program where memory is out. */
char *explore_path(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Within single quotes of a shell; to be freed. */
char *explore_quoted(const char *text);

/* A comma-separated table with a header; no quotes inside. */
typedef struct {
    char *text;
    int columns, rows;        /* rows: less the header */
    char **cell;              /* [1 + rows][columns] */
} explore_csv;
bool explore_csv_read(const char *path, explore_csv *t, bcq_error *error);
void explore_csv_free(explore_csv *t);
/* Of the first row whose column 0 is `part`; NAN if there is no such row or column, or no number in it. */
double explore_csv_number(const explore_csv *t, const char *part, const char *column);

/* Value of "key: value" in a text of such lines, to be freed; NULL if it is not there. */
char *explore_value(const char *text, const char *key);

/* ---- Keys of the cache (key.c) -------------------------------------------------------------------- */

enum { EXPLORE_KEY = 32 };    /* hexadecimal digits */
typedef struct explore_key explore_key;

explore_key *explore_key_open(void);
void explore_key_text(explore_key *k, const char *name, const char *text);
/* All files that the glob matches: their names below root and their contents. root: a folder. */
bool explore_key_files(explore_key *k, const char *root, const char *glob, bcq_error *error);
void explore_key_close(explore_key *k, char hex[EXPLORE_KEY + 1]);

/* ---- Jobs (jobs.c) ---------------------------------------------------------------------------------- */

typedef enum { JOB_WAITING, JOB_RUNNING, JOB_DONE, JOB_FAILED } explore_state;
typedef struct explore_job explore_job;
struct explore_job {
    char *title;              /* for progress and for failures */
    char *result;             /* what it leaves: a folder, or a file that it makes itself under that name */
    bool folder;              /* run() fills a folder of another name, which becomes `result` when it is complete */
    /* In a process of its own, whose outputs go to a log; its exit status. `into`: the folder to fill. */
    int (*run)(const explore_job *j, const char *into);
    const void *context;
    char **argv;              /* what most run() execute; NULL-terminated, {} stands for `into` */
    explore_state state;
    char *message;            /* of a failed one: last line of its log */
    long pid;
    char *log, *into;
};

typedef struct {
    int parallel;
    bool progress;
    const char *log_folder;
    size_t done, all;         /* for the progress line, over several calls */
} explore_runner;

/* Runs those that are waiting. Where a result is there already the job is done. False: interrupted, and
 * everything that ran was stopped and removed; *signal_number says by what. Failures are in the jobs. */
bool explore_run(explore_runner *r, explore_job *jobs, size_t count, int *signal_number, bcq_error *error);
/* For run(): executes argv in folder `root`. */
int explore_exec(const explore_job *j, const char *into);
void explore_jobs_free(explore_job *jobs, size_t count);
/* Makes folder and all above it. */
bool explore_make_folder(const char *path, bcq_error *error);
/* Could it be made, and a file in it? Makes nothing. */
bool explore_check_folder(const char *path, bcq_error *error);
void explore_remove(const char *path);

/* ---- What was measured (study.c) --------------------------------------------------------------------- */

/* One job of synthesis, read back. */
typedef struct {
    char *folder;             /* NULL: no such job, or it failed */
    explore_csv parts, timing;
    bool has_timing;
} explore_synthesis;

typedef struct {
    bool good;                /* all of its synthesis is there */
    explore_synthesis *array, *encoder;  /* [recipes]; encoder NULL without one */
    int median;               /* the recipe that counts: of the array's area */
    explore_csv energy[EXPLORE_LIST_MAX], encoder_energy[EXPLORE_LIST_MAX];  /* [data]; rows 0: none */
    double bits, nmse_w, nmse_a, nmse;   /* nmse: of all tensors of both files together */
    bcq_format format;
    double period;            /* ns, that memories allow, too; NAN: unknown */
    bool at_target;           /* the period is what was asked for, not what it reaches */
    char *params, *encoder_params;       /* for Yosys */
    char *library_name, *nand2;
    char *codebooks;          /* file; NULL: not bcq */
} explore_result;

typedef struct {
    const explore_space *space;
    const explore_workloads *workloads;
    explore_result *results;  /* [points] */
    char *yosys;
    size_t jobs, failed, made;  /* made: not from the cache */
} explore_study;

typedef struct {
    const char *root, *cache; /* absolute */
    const char *tables;       /* where they go; NULL: none are made */
    int parallel, only;       /* only: number of a point from 1; 0: all */
    bool progress, cached_only;
    FILE *failures;
} explore_options;

/* Energies with delays need a library that has times. */
bool explore_check_delays(const explore_space *s, bcq_error *error);
/* Runs what the cache does not hold, and reads everything. *signal_number: interrupted. */
bool explore_study_run(explore_study *s, const explore_options *o, int *signal_number, bcq_error *error);
void explore_study_free(explore_study *s);
/* A point's number of jobs, and how many of them the cache holds as far as that is known beforehand. */
bool explore_study_list(explore_study *s, const explore_options *o, bcq_error *error);

/* Shell commands that print a point's numbers again; to be freed. */
char *explore_commands(const explore_study *s, size_t point);

/* ---- Output (report.c, slurm.c) ------------------------------------------------------------------ */

/* points.csv, parts.csv, workloads.csv, points.json and page.html in a folder: all or none. */
bool explore_report(const explore_study *s, const char *root, const char *folder, const char *title,
                    bcq_error *error);
/* Will explore_report() be able to write? For before hours of work: the folder, and the page's libraries. */
bool explore_report_check(const explore_options *o, bcq_error *error);
/* Writes FOLDER/sweep.sbatch, submits it and waits. *signal_number: interrupted, and its tasks cancelled. */
bool explore_slurm(const explore_space *s, const explore_options *o, const char *folder, const char *library,
                   const char *partition, int *signal_number, bcq_error *error);

#endif
