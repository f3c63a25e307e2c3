#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "explore.h"

static bool write_script(const explore_space *s, const explore_options *o, const char *folder, const char *library,
                         const char *script, bcq_error *error) {
    char self[4096], here[4096];
    ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    if (length < 0 || !getcwd(here, sizeof here)) return bcq_fail(error, "/proc/self/exe: %s", strerror(errno));
    self[length] = 0;
    bcq_output *out = bcq_output_open(script, error);
    if (!out) return false;
    FILE *f = bcq_output_stream(out);
    char *words[] = { explore_quoted(here), explore_quoted(self), explore_quoted(s->path), explore_quoted(o->cache), library ? explore_quoted(library) : NULL,
                      explore_path("%s/slurm-%%a.log", folder) };
    char *log = explore_quoted(words[5]);
    fprintf(f, "#!/bin/sh\n# A task a point: what it computes goes to the cache, from which the tables are made afterwards.\n"
               "#SBATCH --job-name=bcq-explore\n#SBATCH --array=1-%zu\n#SBATCH --output=%s\n"
               "cd %s || exit\nexec %s explore %s --cache %s%s%s --only \"$SLURM_ARRAY_TASK_ID\" "
               "--jobs \"${SLURM_CPUS_ON_NODE:-1}\"\n", s->count, log, words[0], words[1], words[2], words[3], library ? " --library " : "", library ? words[4] : "");
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) free(words[i]);
    free(log);
    return bcq_output_commit(out, error);
}

/* The program, with its outputs into *from. Returns its process, or -1. */
static pid_t start(const char *const *argv, int *from, const sigset_t *mask) {
    int ends[2];
    if (pipe(ends) != 0) return -1;
    pid_t child = fork();
    if (child == 0) {
        sigprocmask(SIG_SETMASK, mask, NULL);
        dup2(ends[1], 1);
        dup2(ends[1], 2);
        close(ends[0]);
        close(ends[1]);
        execvp(argv[0], (char *const *)argv);
        _exit(errno == ENOENT ? 127 : 126);
    }
    close(ends[1]);
    *from = ends[0];
    if (child < 0) close(ends[0]);
    return child;
}

/* What sbatch says: the job's number as soon as it is accepted, else why not. */
typedef struct {
    char text[1024], job[32], last[256];
    size_t used;
} answer;

static void take_lines(answer *a) {
    for (char *end; (end = memchr(a->text, '\n', a->used)) || a->used == sizeof a->text; ) {
        size_t length = end ? (size_t)(end - a->text) : a->used, digits = 0;
        while (digits < length && a->text[digits] >= '0' && a->text[digits] <= '9') digits++;
        /* --parsable: NUMBER or NUMBER;CLUSTER */
        if (!a->job[0] && digits && digits < sizeof a->job && (digits == length || a->text[digits] == ';'))
            snprintf(a->job, sizeof a->job, "%.*s", (int)digits, a->text);
        else if (length)
            snprintf(a->last, sizeof a->last, "%.*s", (int)length, a->text);
        length += end != NULL;
        a->used -= length;
        memmove(a->text, a->text + length, a->used);
    }
}

/* Reads until sbatch has ended, or a signal of `watched` comes: its number, or 0. */
static int listen(int from, answer *a, const sigset_t *watched) {
    static const struct timespec moment = { .tv_nsec = 200000000 }, none = { 0 };
    for (;;) {
        int got = sigtimedwait(watched, NULL, &none);
        if (got > 0) return got;
        struct pollfd p = { .fd = from, .events = POLLIN };
        if (ppoll(&p, 1, &moment, NULL) <= 0) continue;
        ssize_t more = read(from, a->text + a->used, sizeof a->text - a->used);
        if (more <= 0) return 0;
        a->used += (size_t)more;
        take_lines(a);
    }
}

static void cancel(const answer *a, const sigset_t *mask) {
    int from, status;
    if (!a->job[0]) return;
    pid_t child = start((const char *const[]){ "scancel", a->job, NULL }, &from, mask);
    if (child < 0) return;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {}
    close(from);
}

static bool submit(const char *script, const char *partition, int *signal_number, bcq_error *error) {
    const char *argv[8] = { "sbatch", "--wait", "--parsable" };
    int count = 3, from, status = 0;
    if (partition) {
        argv[count++] = "--partition";
        argv[count++] = partition;
    }
    argv[count] = script;
    sigset_t watched, before;
    sigemptyset(&watched);
    static const int deadly[] = { SIGINT, SIGTERM, SIGHUP };
    for (size_t i = 0; i < sizeof deadly / sizeof *deadly; i++) {
        struct sigaction now;  /* under nohup SIGHUP is ignored, and stays so */
        sigaction(deadly[i], NULL, &now);
        if (now.sa_handler != SIG_IGN) sigaddset(&watched, deadly[i]);
    }
    sigprocmask(SIG_BLOCK, &watched, &before);
    answer a = { .used = 0 };
    pid_t child = start(argv, &from, &before);
    if (child > 0) {
        *signal_number = listen(from, &a, &watched);
        if (*signal_number) {
            cancel(&a, &before);
            kill(child, SIGTERM);
        }
        while (waitpid(child, &status, 0) < 0 && errno == EINTR) {}
        close(from);
    }
    sigprocmask(SIG_SETMASK, &before, NULL);
    if (child < 0) return bcq_fail(error, "--slurm: wanted a process for sbatch, got: %s", strerror(errno));
    if (*signal_number)
        return bcq_fail(error, "stopped by signal %d; %s%s", *signal_number, a.job[0] ? "cancelled Slurm's job " :
                        "sbatch had named no job yet: look with squeue", a.job);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
        return bcq_fail(error, "--slurm: wanted sbatch (package slurm-wlm, or a machine of the cluster), found none");
    /* A task that failed shows in what the cache lacks; without a number none was started. */
    return a.job[0] || bcq_fail(error, "--slurm: wanted sbatch to accept the job, got: %s",
                                a.last[0] ? a.last : "no word and no number");
}

bool explore_slurm(const explore_space *s, const explore_options *o, const char *folder, const char *library,
                   const char *partition, int *signal_number, bcq_error *error) {
    char *script = explore_path("%s/sweep.sbatch", folder);
    bool good = explore_make_folder(folder, error) && write_script(s, o, folder, library, script, error)
             && submit(script, partition, signal_number, error);
    free(script);
    return good;
}
