/* Whose files are, and who may read them: what a new directory takes over from the one that it replaces. A superuser who
 * saves into a user's directory leaves the user's files the user's. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "io/directory_private.h"
#include "io/retry.h"

/* Both are far above what file systems allow in practice; what does not fit is left out. */
enum { MAX_NAMES = 4096, MAX_VALUE = 4096 };

/* Changes what differs; a group may be settable where the owner is not. */
static void set_owner(int file, uid_t owner, gid_t group)
{
    struct stat status;
    if (fstat(file, &status) != 0 || (status.st_uid == owner && status.st_gid == group))
        return;
    if (fchown(file, owner, group) != 0 && fchown(file, (uid_t)-1, group) != 0)
        return; /* this process may not */
}

static void copy_extended(int from, int to)
{
    char names[MAX_NAMES], value[MAX_VALUE];
    const ssize_t size = flistxattr(from, names, sizeof names);
    for (ssize_t at = 0; at < size; at += (ssize_t)strlen(names + at) + 1) {
        if (strncmp(names + at, "security.", 9) == 0) /* labels belong to the system's policy, capabilities to a program */
            continue;
        const ssize_t length = fgetxattr(from, names + at, value, sizeof value);
        if (length >= 0 && fsetxattr(to, names + at, value, (size_t)length, 0) != 0)
            continue; /* refused here: no matter */
    }
}

void sbj_copy_attributes(int from, int to)
{
    struct stat status;
    if (fstat(from, &status) != 0)
        return;
    set_owner(to, status.st_uid, status.st_gid); /* first: it takes set-id bits away */
    copy_extended(from, to);
    const mode_t own = S_ISDIR(status.st_mode) ? 0700 : 0400; /* the owner goes on writing there, and syncs it */
    if (fchmod(to, (status.st_mode & 07777) | own) != 0)
        return; /* a file system without modes */
}

/* Non-blocking: what has a counterpart's name may be a pipe. */
static int open_entry(int parent, const char *name)
{
    return SBJ_RETRY(openat(parent, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
}

typedef struct keeping {
    int old; /* the directory's counterpart; -1: none */
    uid_t owner;
    gid_t group;
} keeping;

static int keep_entry(int fresh, const char *name, void *context);

/* Of both open files; `old` may be -1. */
static void keep(int old, int fresh, const keeping *above)
{
    struct stat was = {0}, is;
    const bool same = fstat(fresh, &is) == 0 && old >= 0 && fstat(old, &was) == 0 &&
                      (was.st_mode & S_IFMT) == (is.st_mode & S_IFMT);
    if (same)
        sbj_copy_attributes(old, fresh);
    else
        set_owner(fresh, above->owner, above->group);
    if (S_ISDIR(is.st_mode)) {
        keeping inside = {same ? old : -1, above->owner, above->group};
        sbj_each_entry(fresh, keep_entry, &inside);
    }
}

static int keep_entry(int fresh, const char *name, void *context)
{
    const keeping *k = context;
    const int file = open_entry(fresh, name), old = k->old >= 0 ? open_entry(k->old, name) : -1;
    if (file >= 0) {
        keep(old, file, k);
        close(file);
    }
    if (old >= 0)
        close(old);
    return 0;
}

void sbj_keep_attributes(const char *old, const char *fresh)
{
    struct stat status;
    const int from = sbj_open_directory(AT_FDCWD, old), to = sbj_open_directory(AT_FDCWD, fresh);
    if (from >= 0 && to >= 0 && fstat(from, &status) == 0) {
        const keeping above = {from, status.st_uid, status.st_gid};
        keep(from, to, &above);
    }
    if (from >= 0)
        close(from);
    if (to >= 0)
        close(to);
}
