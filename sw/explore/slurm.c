#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "explore.h"

/* Within single quotes of a shell. */
static char *quoted(const char *text) {
    size_t quotes = 0;
    for (const char *c = text; *c; c++) quotes += *c == '\'';
    char *out = calloc(strlen(text) + 3 * quotes + 3, 1), *to = out;
    if (!out) return NULL;
    *to++ = '\'';
    for (const char *c = text; *c; c++) {
        if (*c == '\'') to = stpcpy(to, "'\\'");
        *to++ = *c;
    }
    *to = '\'';
    return out;
}

static bool write_script(const explore_space *s, const explore_options *o, const char *folder, const char *library,
                         const char *script, bcq_error *error) {
    char self[4096], here[4096];
    ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    if (length < 0 || !getcwd(here, sizeof here)) return bcq_fail(error, "/proc/self/exe: %s", strerror(errno));
    self[length] = 0;
    bcq_output *out = bcq_output_open(script, error);
    if (!out) return false;
    FILE *f = bcq_output_stream(out);
    char *words[] = { quoted(here), quoted(self), quoted(s->path), quoted(o->cache), library ? quoted(library) : NULL };
    fprintf(f, "#!/bin/sh\n# A task a point: what it computes goes to the cache, from which the tables are made afterwards.\n"
               "#SBATCH --job-name=bcq-explore\n#SBATCH --array=1-%zu\n#SBATCH --output=%s/slurm-%%a.log\n"
               "cd %s || exit\nexec %s explore %s --cache %s%s%s --only \"$SLURM_ARRAY_TASK_ID\" --jobs \"${SLURM_CPUS_ON_NODE:-1}\"\n",
            s->count, folder, words[0], words[1], words[2], words[3], library ? " --library " : "", library ? words[4] : "");
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) free(words[i]);
    return bcq_output_commit(out, error);
}

bool explore_slurm(const explore_space *s, const explore_options *o, const char *folder, const char *library,
                   const char *partition, bcq_error *error) {
    char *script = explore_path("%s/sweep.sbatch", folder);
    bool good = explore_make_folder(folder, error) && write_script(s, o, folder, library, script, error);
    pid_t child = good ? fork() : 0;
    if (good && child == 0) {
        const char *argv[8] = { "sbatch", "--wait", "--quiet" };
        int count = 3;
        if (partition) {
            argv[count++] = "--partition";
            argv[count++] = partition;
        }
        argv[count] = script;
        execvp("sbatch", (char **)argv);
        _exit(errno == ENOENT ? 127 : 126);
    }
    int status = 0;
    while (good && waitpid(child, &status, 0) < 0 && errno == EINTR) {}
    /* A task that failed shows in what the cache lacks; anything else did not even start. */
    if (good && WIFEXITED(status) && WEXITSTATUS(status) == 127)
        good = bcq_fail(error, "--slurm: wanted sbatch (package slurm-wlm, or a machine of the cluster), found none");
    free(script);
    return good;
}
