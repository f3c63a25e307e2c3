#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bcq.h"

/* Paths of the temporary files that are open. In static storage, and published by one atomic store,
 * for a signal handler reads them. */
enum { SLOTS = 16, PATH_ROOM = 4096 };
static struct {
    char temporary[PATH_ROOM];
    atomic_int state;
} slots[SLOTS];
enum { FREE, TAKEN, ON_DISK };
_Static_assert(ATOMIC_INT_LOCK_FREE == 2, "bcq_output_remove_all runs in a signal handler");

struct bcq_output {
    FILE *stream;
    char *path;
    int slot;
};

void bcq_output_remove_all(void) {
    for (int i = 0; i < SLOTS; i++)
        if (slots[i].state == ON_DISK) unlink(slots[i].temporary);
}

/* Creates `path` beside its final place; -1 with errno. No signal is taken between the creation and
 * the note that the file is there: a handler in between would leave it behind. */
static int create_temporary(const char *path, int slot) {
    static atomic_uint counter;
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    int fd, tries = 0, reason;
    do {
        int length = snprintf(slots[slot].temporary, PATH_ROOM, "%s.tmp-%ld-%u", path,
                              (long)getpid(), counter++);
        if (length >= PATH_ROOM) {
            fd = -1;
            reason = ENAMETOOLONG;
            break;
        }
        fd = open(slots[slot].temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        reason = errno;
    } while (fd < 0 && reason == EEXIST && ++tries < 100);
    slots[slot].state = fd < 0 ? FREE : ON_DISK;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = reason;
    return fd;
}

bcq_output *bcq_output_open(const char *path, bcq_error *error) {
    struct stat s;
    if (stat(path, &s) == 0 && !S_ISREG(s.st_mode)) {
        bcq_fail(error, "%s: wanted a new name or a regular file to write, got %s", path,
                 S_ISDIR(s.st_mode) ? "a directory" : "a device, pipe or socket");
        return NULL;
    }
    int slot = 0;
    for (int expected = FREE; slot < SLOTS; slot++, expected = FREE)
        if (atomic_compare_exchange_strong(&slots[slot].state, &expected, TAKEN)) break;
    if (slot == SLOTS) {
        bcq_fail(error, "%s: wanted at most %d files being written, got one more", path, SLOTS);
        return NULL;
    }
    bcq_output *o = calloc(1, sizeof *o);
    if (!o || !(o->path = strdup(path))) {
        bcq_fail(error, "%s: wanted memory to write it, got none", path);
        slots[slot].state = FREE;
        free(o);
        return NULL;
    }
    o->slot = slot;
    int fd = create_temporary(path, slot);
    if (fd < 0) {
        bcq_fail(error, "%s: wanted to create it, got: %s", path, strerror(errno));
        free(o->path);
        free(o);
        return NULL;
    }
    o->stream = fdopen(fd, "wb");
    if (!o->stream) {
        bcq_fail(error, "%s: wanted memory to write it, got none", path);
        close(fd);
        bcq_output_discard(o);
        return NULL;
    }
    return o;
}

FILE *bcq_output_stream(bcq_output *o) { return o->stream; }

void bcq_output_discard(bcq_output *o) {
    if (!o) return;
    if (o->stream) fclose(o->stream);
    unlink(slots[o->slot].temporary);
    slots[o->slot].state = FREE;
    free(o->path);
    free(o);
}

bool bcq_output_commit(bcq_output *o, bcq_error *error) {
    /* A write that failed before now left the error flag but no errno; flushing what is still in
     * the buffer fails the same way, and says how. */
    errno = 0;
    bool good = fflush(o->stream) == 0 && !ferror(o->stream) && fsync(fileno(o->stream)) == 0;
    int reason = errno;
    if (fclose(o->stream) != 0 && good) {
        good = false;
        reason = errno;
    }
    o->stream = NULL;
    if (good && rename(slots[o->slot].temporary, o->path) != 0) {
        good = false;
        reason = errno;
    }
    if (!good)
        bcq_fail(error, "%s: wanted to write all of it, got: %s", o->path,
                 reason ? strerror(reason) : "a write that failed");
    if (good) {  /* nothing is left to unlink */
        slots[o->slot].state = FREE;
        free(o->path);
        free(o);
    } else {
        bcq_output_discard(o);
    }
    return good;
}
