#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <glob.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "explore.h"

/* ---- Folders -------------------------------------------------------------------------------------- */

static int remove_one(const char *path, const struct stat *s, int type, struct FTW *ftw) {
    (void)s;
    (void)type;
    (void)ftw;
    remove(path);
    return 0;
}

void explore_remove(const char *path) { nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS); }

bool explore_make_folder(const char *path, bcq_error *error) {
    char *part = explore_path("%s", path);
    bool good = true;
    for (char *slash = part; good && slash; ) {
        slash = strchr(slash + 1, '/');
        if (slash) *slash = 0;
        if (mkdir(part, 0777) != 0 && errno != EEXIST)
            good = bcq_fail(error, "%s: wanted to create this folder, got: %s", part, strerror(errno));
        if (slash) *slash = '/';
    }
    struct stat s;
    if (good && (stat(path, &s) != 0 || !S_ISDIR(s.st_mode)))
        good = bcq_fail(error, "%s: wanted a folder, got a file", path);
    free(part);
    return good;
}

bool explore_check_folder(const char *path, bcq_error *error) {
    char *part = explore_path("%s", path);
    /* The first that is there, from the end. */
    for (char *slash; access(part, F_OK) != 0 && (slash = strrchr(part, '/')); ) {
        *slash = 0;
        if (slash == part) memcpy(part, "/", 2);
    }
    struct stat s;
    if (stat(part, &s) != 0) {
        free(part);
        part = explore_path(".");
    }
    bool good = (stat(part, &s) == 0 && S_ISDIR(s.st_mode)) || bcq_fail(error, "%s: wanted a folder, got a file", part);
    if (good && access(part, W_OK | X_OK) != 0)
        good = bcq_fail(error, "%s: wanted a folder to write to, got: %s", part, strerror(errno));
    free(part);
    return good;
}

/* ---- One job ---------------------------------------------------------------------------------------- */

int explore_exec(const explore_job *j, const char *into) {
    for (char **a = j->argv; *a; a++)
        if (strcmp(*a, "{}") == 0) *a = (char *)into;
    execvp(j->argv[0], j->argv);
    fprintf(stderr, "%s: wanted to start it, got: %s\n", j->argv[0], strerror(errno));
    return 127;
}

/* In the new process: a group of its own, so that all that it starts can be stopped with it. What counts is in files,
 * and the reason of a failure on stderr. */
static void child(const explore_job *j, const sigset_t *mask) {
    static const int deadly[] = { SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGCHLD };
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    for (size_t i = 0; i < sizeof deadly / sizeof *deadly; i++) signal(deadly[i], SIG_DFL);
    sigprocmask(SIG_SETMASK, mask, NULL);
    int log = open(j->log, O_WRONLY | O_CREAT | O_TRUNC, 0666), null = open("/dev/null", O_RDWR);
    if (log < 0 || null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0 || dup2(log, 2) < 0) _exit(127);
    int status = j->run(j, j->into);
    fflush(NULL);
    _exit(status);
}

static bool start(explore_job *j, const explore_runner *r, const sigset_t *mask) {
    static unsigned number;
    char host[64] = "";
    gethostname(host, sizeof host - 1);  /* several machines may share a cache */
    const char *slash = strrchr(j->result, '/');
    free(j->log);
    free(j->into);
    number++;
    j->log = explore_path("%s/%s.%s-%ld-%u.log", r->log_folder, slash ? slash + 1 : j->result, host, (long)getpid(), number);
    j->into = explore_path("%s.tmp-%s-%ld-%u", j->result, host, (long)getpid(), number);
    fflush(NULL);
    j->pid = fork();
    if (j->pid == 0) child(j, mask);
    if (j->pid < 0) return false;
    setpgid((pid_t)j->pid, (pid_t)j->pid);
    j->state = JOB_RUNNING;
    return true;
}

/* The last line that says something. */
static char *last_line(const char *path) {
    bcq_error ignored;
    char *text = explore_read_text(path, NULL, &ignored);
    if (!text) return explore_path("no log");
    size_t end = strlen(text);
    while (end && strchr(" \t\r\n", text[end - 1])) text[--end] = 0;
    char *last = strrchr(text, '\n');
    char *line = explore_path("%s", last ? last + 1 : *text ? text : "nothing was said");
    free(text);
    return line;
}

/* into, and what a job that was stopped may have left beside it: into.XXXXXX. */
static void remove_like(const char *into) {
    char *pattern = explore_path("%s*", into);
    glob_t found;
    if (glob(pattern, 0, NULL, &found) == 0)
        for (size_t i = 0; i < found.gl_pathc; i++) explore_remove(found.gl_pathv[i]);
    globfree(&found);
    free(pattern);
}

static void finish(explore_job *j, int status) {
    bool good = WIFEXITED(status) && WEXITSTATUS(status) == 0;
    j->state = good ? JOB_DONE : JOB_FAILED;
    if (j->folder && good && rename(j->into, j->result) != 0 && access(j->result, F_OK) != 0) {
        j->state = JOB_FAILED;
        j->message = explore_path("%s: wanted to create it, got: %s", j->result, strerror(errno));
    } else if (!good) {
        char *line = last_line(j->log);
        j->message = WIFEXITED(status) ? explore_path("%s", line)
                                       : explore_path("stopped by signal %d: %s", WTERMSIG(status), line);
        free(line);
    }
    /* Of another process that was faster, or of a failure. */
    if (j->folder) remove_like(j->into);
    unlink(j->log);
}

static void stop_all(explore_job *jobs, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (jobs[i].state == JOB_RUNNING) kill((pid_t)-jobs[i].pid, SIGTERM);
    for (size_t i = 0; i < count; i++) {
        if (jobs[i].state != JOB_RUNNING) continue;
        int status;
        while (waitpid((pid_t)jobs[i].pid, &status, 0) < 0 && errno == EINTR) {}
        jobs[i].state = JOB_WAITING;
        remove_like(jobs[i].into);
        unlink(jobs[i].log);
    }
}

/* ---- All of them -------------------------------------------------------------------------------------- */

static void show(const explore_runner *r, const explore_job *jobs, size_t count) {
    if (!r->progress) return;
    size_t running = 0;
    const char *title = "";
    for (size_t i = 0; i < count; i++)
        if (jobs[i].state == JOB_RUNNING) {
            title = jobs[i].title;
            running++;
        }
    fprintf(stderr, "\r\033[K%zu/%zu jobs, %zu running%s%.50s", r->done, r->all, running, *title ? ", " : "", title);
}

static size_t reap(explore_runner *r, explore_job *jobs, size_t count) {
    size_t ended = 0;
    for (size_t i = 0; i < count; i++) {
        int status;
        if (jobs[i].state != JOB_RUNNING || waitpid((pid_t)jobs[i].pid, &status, WNOHANG) != (pid_t)jobs[i].pid) continue;
        finish(&jobs[i], status);
        ended++;
        r->done++;
    }
    return ended;
}

bool explore_run(explore_runner *r, explore_job *jobs, size_t count, int *signal_number, bcq_error *error) {
    sigset_t wanted, before;
    sigemptyset(&wanted);
    const int watched[] = { SIGINT, SIGTERM, SIGHUP, SIGCHLD };
    for (size_t i = 0; i < sizeof watched / sizeof *watched; i++) {
        struct sigaction now;  /* under nohup SIGHUP is ignored, and stays so */
        sigaction(watched[i], NULL, &now);
        if (watched[i] == SIGCHLD || now.sa_handler != SIG_IGN) sigaddset(&wanted, watched[i]);
    }
    sigprocmask(SIG_BLOCK, &wanted, &before);
    size_t running = 0, next = 0;
    bool good = true;
    *signal_number = 0;
    while (good && (next < count || running)) {
        for (; next < count && running < (size_t)r->parallel && good; next++) {
            explore_job *j = &jobs[next];
            if (j->state == JOB_WAITING && access(j->result, F_OK) == 0) j->state = JOB_DONE;
            if (j->state != JOB_WAITING) {
                r->done++;
                continue;
            }
            good = start(j, r, &before) || bcq_fail(error, "%s: wanted a process, got: %s", j->title, strerror(errno));
            running += good;
        }
        show(r, jobs, count);
        if (!good || !running) continue;
        struct timespec second = { .tv_sec = 1 };
        int got = sigtimedwait(&wanted, NULL, &second);
        if (got > 0 && got != SIGCHLD) {
            *signal_number = got;
            good = bcq_fail(error, "stopped by signal %d", got);
        }
        running -= reap(r, jobs, count);
    }
    if (!good) stop_all(jobs, count);
    if (r->progress) fprintf(stderr, "\r\033[K");
    sigprocmask(SIG_SETMASK, &before, NULL);
    return good;
}

void explore_jobs_free(explore_job *jobs, size_t count) {
    for (size_t i = 0; jobs && i < count; i++) {
        free(jobs[i].title);
        free(jobs[i].result);
        free(jobs[i].message);
        free(jobs[i].log);
        free(jobs[i].into);
        for (char **a = jobs[i].argv; a && *a; a++) free(*a);
        free(jobs[i].argv);
    }
    free(jobs);
}
