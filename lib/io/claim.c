/* Names that a living process holds; the rules are in claim.h.
 *
 * A lock file is created, locked, and only then filled. Whoever finds one locks it first, and looks afterwards whether the
 * path still leads to it: it may have been deleted in between, by its owner or by another sweep. */
#define _GNU_SOURCE
#include "io/claim.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "io/file_private.h"
#include "io/retry.h"

static const char content[] = "sbertja: the name without .lock is being written\n";

enum { LETTERS = 6 };

static bool leads_to(const char *path, int file)
{
    struct stat named, opened;
    return fstat(file, &opened) == 0 && lstat(path, &named) == 0 && named.st_ino == opened.st_ino &&
           named.st_dev == opened.st_dev;
}

/* 0 when the content has reached the disk, else an errno. */
static int write_content(int lock)
{
    for (size_t done = 0; done < sizeof content - 1;) {
        const int size = SBJ_RETRY((int)write(lock, content + done, sizeof content - 1 - done));
        if (size <= 0)
            return size < 0 ? errno : ENOSPC;
        done += (size_t)size;
    }
    return SBJ_RETRY(fsync(lock)) == 0 || errno == EINVAL ? 0 : errno;
}

/* 0 and the locked file in `*lock`, or -1 there if the file system has no locks; else an errno, with no file left. */
static int create_lock(const char *path, int *lock)
{
    *lock = SBJ_RETRY(open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666));
    if (*lock < 0)
        return errno;
    const bool locked = SBJ_RETRY(flock(*lock, LOCK_EX | LOCK_NB)) == 0;
    const int number = locked ? 0 : errno;
    if (locked && leads_to(path, *lock)) {
        /* An empty lock file is one as well, but nothing is deleted on its word: after a power failure, too, the content
         * has to be there if the name is. */
        const int reason = write_content(*lock);
        if (reason == 0)
            return 0;
        unlink(path);
        close(*lock);
        *lock = -1;
        return reason;
    }
    close(*lock);
    *lock = -1;
    if (locked || number == EWOULDBLOCK)
        return EEXIST; /* a sweep has taken it for one that was left */
    unlink(path);
    return 0;
}

typedef struct making {
    sbj_claim *claim;
    int (*make)(const char *path, void *context);
    void *context;
} making;

static int make_locked(const char *path, void *context)
{
    const making *m = context;
    sbj_claim *claim = m->claim;
    sbj_strbuf name = SBJ_STRBUF(claim->alloc);
    sbj_strbuf_format(&name, "%s.lock", path);
    if (name.failed) {
        sbj_strbuf_free(&name);
        return ENOMEM;
    }
    int number = create_lock(name.text, &claim->lock);
    if (number == 0 && (number = m->make(path, m->context)) == 0) {
        claim->lock_path = name.text;
        return 0;
    }
    if (claim->lock >= 0) {
        unlink(name.text);
        close(claim->lock);
        claim->lock = -1;
    }
    sbj_strbuf_free(&name);
    return number;
}

sbertja_status sbj_claim_make(const sbj_alloc *alloc, const char *base, int (*make)(const char *path, void *context),
                              void *context, sbj_claim *claim, sbertja_error *error)
{
    making m = {claim, make, context};
    *claim = (sbj_claim){.alloc = alloc, .lock = -1};
    sbertja_status status = sbj_make_unique(alloc, base, "new", make_locked, &m, &claim->path, error);
    if (status != SBERTJA_OK)
        sbj_claim_release(claim);
    return status;
}

void sbj_claim_release(sbj_claim *claim)
{
    if (claim->alloc == NULL)
        return;
    if (claim->lock >= 0) {
        struct stat status;
        /* What could not be deleted keeps its lock file, by which the next sweep knows it. */
        if (claim->path == NULL || lstat(claim->path, &status) != 0)
            unlink(claim->lock_path);
        close(claim->lock);
    }
    sbj_free(claim->alloc, claim->path);
    sbj_free(claim->alloc, claim->lock_path);
    memset(claim, 0, sizeof *claim);
}

/* ---- What was left ---- */

/* Whether `name` is "BASE.new-XXXXXX.lock". */
static bool is_lock_name(const char *name, const char *base)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789";
    const size_t length = strlen(base);
    return strncmp(name, base, length) == 0 && strncmp(name + length, ".new-", 5) == 0 &&
           strspn(name + length + 5, letters) == LETTERS && strcmp(name + length + 5 + LETTERS, ".lock") == 0;
}

/* Up to sizeof content bytes of it; -1: it cannot be read. */
static ssize_t read_content(int lock, char found[sizeof content])
{
    size_t done = 0;
    while (done < sizeof content) {
        const int size = SBJ_RETRY((int)read(lock, found + done, sizeof content - done));
        if (size < 0)
            return -1;
        if (size == 0)
            break;
        done += (size_t)size;
    }
    return (ssize_t)done;
}

/* `path`: of a lock file; cut to the name that it stands for while `clear` runs. */
static void sweep_one(char *path, bool (*clear)(const char *path, void *context), void *context)
{
    char found[sizeof content];
    struct stat status;
    const int lock = SBJ_RETRY(open(path, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    if (lock < 0)
        return;
    if (fstat(lock, &status) == 0 && S_ISREG(status.st_mode) && SBJ_RETRY(flock(lock, LOCK_EX | LOCK_NB)) == 0 &&
        leads_to(path, lock)) {
        const ssize_t size = read_content(lock, found);
        bool gone = size == 0; /* killed before anything was made */
        if (size == (ssize_t)sizeof content - 1 && memcmp(found, content, sizeof content - 1) == 0) {
            char *end = path + strlen(path) - strlen(".lock");
            *end = '\0';
            gone = clear(path, context);
            *end = '.';
        }
        if (gone)
            unlink(path);
    }
    close(lock);
}

void sbj_claim_sweep(const char *base, bool (*clear)(const char *path, void *context), void *context)
{
    const char *slash = strrchr(base, '/'), *last = slash == NULL ? base : slash + 1;
    sbj_strbuf path = SBJ_STRBUF(&sbj_malloc);
    sbj_strbuf_bytes(&path, base, (size_t)(last - base));
    const size_t folder = path.length;
    DIR *list = path.failed ? NULL : opendir(folder > 0 ? path.text : ".");
    for (struct dirent *entry; list != NULL && (entry = readdir(list)) != NULL;) {
        if (!is_lock_name(entry->d_name, last))
            continue;
        path.length = folder;
        sbj_strbuf_text(&path, entry->d_name);
        if (!path.failed)
            sweep_one(path.text, clear, context);
    }
    if (list != NULL)
        closedir(list);
    sbj_strbuf_free(&path);
}

/* ---- A lock to wait for ---- */

/* 1: locked; 0: somebody has it; -1: there are no locks here. */
static int try_lock(const char *path, int *lock)
{
    *lock = SBJ_RETRY(open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0666));
    if (*lock < 0)
        return -1;
    if (SBJ_RETRY(flock(*lock, LOCK_EX | LOCK_NB)) == 0 && leads_to(path, *lock))
        return 1;
    const int result = errno == EWOULDBLOCK || !leads_to(path, *lock) ? 0 : -1;
    if (result < 0)
        unlink(path);
    close(*lock);
    *lock = -1;
    return result;
}

sbertja_status sbj_claim_wait(const sbj_alloc *alloc, const char *path, int seconds, sbj_claim *claim,
                              sbertja_error *error)
{
    const struct timespec pause = {0, 20000000};
    *claim = (sbj_claim){.alloc = alloc, .lock = -1};
    claim->lock_path = sbj_copy_text(alloc, path, strlen(path));
    if (claim->lock_path == NULL)
        return sbj_no_memory(error, strlen(path) + 1);
    int result = try_lock(path, &claim->lock);
    for (int tries = 0; result == 0 && tries < seconds * 50; tries++) {
        nanosleep(&pause, NULL);
        result = try_lock(path, &claim->lock);
    }
    if (result != 0)
        return SBERTJA_OK;
    sbj_claim_release(claim);
    return sbj_fail(error, SBERTJA_E_IO, "%s: another process has held this lock for %d seconds; try again when it is done",
                    path, seconds);
}
