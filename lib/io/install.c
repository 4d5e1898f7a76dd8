/* Replacing a directory in place, where it cannot be exchanged. The complete new one is first renamed to
 * "TARGET/.sbertja-current", in one step: from then on it is what sbj_directory_current gives. Its files are then put into
 * TARGET under their own names, each by a hard link and a rename, for the sake of other programs; and at last it is taken
 * away. So a crash at any point leaves
 *
 *   before the rename     the old one; what was being written is deleted by the next save
 *   after it              the new one, for readers that know of .sbertja-current; the next save completes it.
 *                         Other programs find no file of the kind's `last` name (config.json) and refuse the directory
 *   after that file       the new one, for everybody
 *
 * One process at a time does this to a target: it holds the lock file "TARGET/.sbertja.lock". */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/directory_private.h"
#include "io/file_private.h"
#include "io/retry.h"

static const char current_name[] = ".sbertja-current", base_name[] = ".sbertja", lock_name[] = ".sbertja.lock",
                  link_name[] = ".sbertja.link", done_name[] = ".sbertja-done";

enum { WAIT_SECONDS = 60 };

bool sbj_install_owns(const char *name)
{
    return strcmp(name, current_name) == 0 || strcmp(name, done_name) == 0 || strcmp(name, link_name) == 0 ||
           strcmp(name, lock_name) == 0 || strncmp(name, ".sbertja.new-", 13) == 0;
}

sbertja_status sbj_install_base(const sbj_alloc *alloc, const char *target, char **base, sbertja_error *error)
{
    return sbj_path_join(alloc, target, base_name, base, error);
}

const char *sbj_directory_current(const char *path, char buffer[PATH_MAX])
{
    struct stat status;
    const int length = snprintf(buffer, PATH_MAX, "%s/%s", path, current_name);
    return length > 0 && length < PATH_MAX && lstat(buffer, &status) == 0 && S_ISDIR(status.st_mode) ? buffer : path;
}

/* ---- Files from one open directory into another ---- */

/* A copy with its attributes, synced. */
static int copy_file(int from, const char *name, int to, const char *copy)
{
    const int in = SBJ_RETRY(openat(from, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
    const int out = in < 0 ? -1 : SBJ_RETRY(openat(to, copy, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666));
    ssize_t size = 1;
    int number = in < 0 || out < 0 ? errno : 0;
    while (number == 0 && size > 0)
        if ((size = sendfile(out, in, NULL, 1u << 30)) < 0 && errno != EINTR)
            number = errno;
        else if (size < 0)
            size = 1;
    if (number == 0) {
        sbj_copy_attributes(in, out);
        number = SBJ_RETRY(fsync(out)) != 0 ? errno : 0;
    }
    if (in >= 0)
        close(in);
    if (out >= 0 && close(out) != 0 && errno != EINTR && number == 0)
        number = errno;
    return number;
}

/* Another name for the file, or a copy where the file system has no hard links. */
static int link_or_copy(int from, const char *name, int to, const char *other)
{
    if (linkat(from, name, to, other, 0) == 0)
        return 0;
    return errno == ENOENT ? ENOENT : copy_file(from, name, to, other);
}

/* `name` in `to` becomes the file of that name in `from`; whatever had the name before is gone. */
static int put_file(int from, const char *name, int to)
{
    unlinkat(to, link_name, 0);
    int number = link_or_copy(from, name, to, link_name);
    if (number == 0 && SBJ_RETRY(renameat(to, link_name, to, name)) != 0) {
        number = errno;
        if (number == EISDIR || number == ENOTEMPTY || number == EEXIST) {
            sbj_delete_entry(to, name);
            number = SBJ_RETRY(renameat(to, link_name, to, name)) == 0 ? 0 : errno;
        }
    }
    unlinkat(to, link_name, 0); /* what failed; or two names of one file, which a rename leaves as they are */
    return number;
}

/* The folder `name` in `to`, made if it is not there. A link in its place is not followed. -1 and errno. */
static int open_folder(int from, const char *name, int to)
{
    struct stat status;
    if (fstatat(to, name, &status, AT_SYMLINK_NOFOLLOW) == 0 && !S_ISDIR(status.st_mode))
        unlinkat(to, name, 0);
    const bool made = mkdirat(to, name, 0777) == 0;
    if (!made && errno != EEXIST)
        return -1;
    const int folder = sbj_open_directory(to, name), model = made ? sbj_open_directory(from, name) : -1;
    if (folder >= 0 && model >= 0)
        sbj_copy_attributes(model, folder);
    if (model >= 0)
        close(model);
    return folder;
}

/* ---- The steps ---- */

typedef struct installing {
    int target;                        /* the folder that is filled */
    int other;                         /* its counterpart in the new one */
    bool last;                         /* files of the kind's last name, or all others */
    bool inside;                       /* a folder of the kind's, all of whose entries are parts */
    const sbj_directory_kind *kind;
} installing;

static bool is_last(const installing *i, const char *name)
{
    return i->kind->last != NULL && strcmp(name, i->kind->last) == 0;
}

/* Runs `visit` on the folder `name` of `from` with its counterpart in the target. */
static int into_folder(int from, const char *name, const installing *i,
                       int (*visit)(int directory, const char *name, void *context))
{
    const int folder = sbj_open_directory(from, name), target = folder < 0 ? -1 : open_folder(from, name, i->target);
    int number = folder < 0 || target < 0 ? errno : 0;
    installing inside = {target, folder, i->last, true, i->kind};
    if (number == 0)
        number = sbj_each_entry(folder, visit, &inside);
    if (number == 0 && SBJ_RETRY(fsync(target)) != 0 && errno != EINVAL)
        number = errno;
    if (folder >= 0)
        close(folder);
    if (target >= 0)
        close(target);
    return number;
}

static bool is_folder(int directory, const char *name)
{
    struct stat status;
    return fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(status.st_mode);
}

/* Of the new one: takes the file of the last name away from the target. */
static int remove_last(int from, const char *name, void *context)
{
    installing *i = context;
    if (is_folder(from, name))
        return is_folder(i->target, name) ? into_folder(from, name, i, remove_last) : 0;
    if (is_last(i, name) && unlinkat(i->target, name, 0) != 0 && errno != ENOENT && errno != EISDIR)
        return errno;
    return 0;
}

/* Of the new one: puts an entry into the target. */
static int put_entry(int from, const char *name, void *context)
{
    installing *i = context;
    if (is_folder(from, name))
        return into_folder(from, name, i, put_entry);
    return is_last(i, name) == i->last ? put_file(from, name, i->target) : 0;
}

/* Of the target: deletes a part that the new one does not have. */
static int remove_stale(int target, const char *name, void *context)
{
    const installing *i = context;
    struct stat status;
    if (!i->inside && (sbj_install_owns(name) || (i->kind->is_part != NULL && !i->kind->is_part(name))))
        return 0;
    if (fstatat(i->other, name, &status, AT_SYMLINK_NOFOLLOW) != 0) {
        sbj_delete_entry(target, name);
    } else if (S_ISDIR(status.st_mode)) {
        const int folder = sbj_open_directory(target, name), other = sbj_open_directory(i->other, name);
        installing inside = {folder, other, i->last, true, i->kind};
        if (folder >= 0 && other >= 0)
            sbj_each_entry(folder, remove_stale, &inside);
        if (folder >= 0)
            close(folder);
        if (other >= 0)
            close(other);
    }
    return 0;
}

static int sync_folder(int folder)
{
    return SBJ_RETRY(fsync(folder)) == 0 || errno == EINVAL || errno == EROFS ? 0 : errno;
}

/* Between the steps the directory is synced, so that the disk sees them in this order. */
static int install_current(int current, int target, const sbj_directory_kind *kind)
{
    installing i = {target, current, false, false, kind};
    int number;
    if ((number = sbj_each_entry(current, remove_last, &i)) != 0 || (number = sync_folder(target)) != 0 ||
        (number = sbj_each_entry(current, put_entry, &i)) != 0 ||
        (number = sbj_each_entry(target, remove_stale, &i)) != 0 || (number = sync_folder(target)) != 0)
        return number;
    i.last = true;
    number = sbj_each_entry(current, put_entry, &i);
    return number == 0 ? sync_folder(target) : number;
}

/* Takes the installed directory away, by a rename first: nobody reads it half deleted. */
static int retire_current(int target)
{
    sbj_delete_entry(target, done_name);
    int number = SBJ_RETRY(renameat(target, current_name, target, done_name)) == 0 ? sync_folder(target) : errno;
    if (number == 0)
        sbj_delete_entry(target, done_name);
    return number;
}

/* Puts what is in "TARGET/.sbertja-current", if there is something, under its names. The lock is held. Allocates nothing:
 * a save that got so far does not fail for want of memory. */
static sbertja_status complete(const char *target, const sbj_directory_kind *kind, sbertja_error *error)
{
    const int directory = sbj_open_directory(AT_FDCWD, target);
    if (directory < 0)
        return sbj_fail_errno(error, target, "cannot be opened", errno);
    sbj_delete_entry(directory, done_name);
    const int current = sbj_open_directory(directory, current_name);
    int number = current < 0 ? errno : install_current(current, directory, kind);
    if (current >= 0)
        close(current);
    if (current < 0 && number == ENOENT)
        number = 0;
    else if (number == 0)
        number = retire_current(directory);
    close(directory);
    return number == 0
               ? SBERTJA_OK
               : sbj_fail(error, SBERTJA_E_IO,
                          "%s: the new files are complete in %s, which this library reads first, but could not be put "
                          "in the old ones' place: %s; save again to complete this",
                          target, current_name, strerror(number));
}

/* ---- What other files call ---- */

static sbertja_status lock_target(const sbj_alloc *alloc, const char *target, sbj_claim *lock, sbertja_error *error)
{
    char *path = NULL;
    memset(lock, 0, sizeof *lock);
    sbertja_status status = sbj_path_join(alloc, target, lock_name, &path, error);
    if (status == SBERTJA_OK)
        status = sbj_claim_wait(alloc, path, WAIT_SECONDS, lock, error);
    sbj_free(alloc, path);
    return status;
}

static bool is_pending(const char *target, const char *name)
{
    char path[PATH_MAX];
    struct stat status;
    const int length = snprintf(path, sizeof path, "%s/%s", target, name);
    return length > 0 && length < PATH_MAX && lstat(path, &status) == 0;
}

sbertja_status sbj_install_finish(const sbj_alloc *alloc, const char *target, const sbj_directory_kind *kind,
                                  sbertja_error *error)
{
    sbj_claim lock = {0};
    if (!is_pending(target, current_name) && !is_pending(target, done_name))
        return SBERTJA_OK;
    sbertja_status status = lock_target(alloc, target, &lock, error);
    if (status == SBERTJA_OK)
        status = complete(target, kind, error);
    sbj_claim_release(&lock);
    return status;
}

static int make_directory(const char *path, void *context)
{
    (void)context;
    return mkdir(path, 0777) != 0 ? errno : 0;
}

static int copy_entry(int from, const char *name, void *context)
{
    const int to = *(const int *)context;
    if (!is_folder(from, name))
        return copy_file(from, name, to, name);
    int folder = open_folder(from, name, to), source = sbj_open_directory(from, name);
    int number = folder < 0 || source < 0 ? errno : sbj_each_entry(source, copy_entry, &folder);
    if (folder >= 0)
        close(folder);
    if (source >= 0)
        close(source);
    return number;
}

/* `staged` is on another file system, since something was mounted meanwhile: its copy becomes the current one. */
static sbertja_status copy_to_current(const sbj_alloc *alloc, const char *staged, const char *target,
                                      const char *current, sbertja_error *error)
{
    sbj_claim claim = {0};
    char *base = NULL;
    sbertja_status status = sbj_install_base(alloc, target, &base, error);
    if (status == SBERTJA_OK)
        status = sbj_claim_make(alloc, base, make_directory, NULL, &claim, error);
    if (status == SBERTJA_OK) {
        const int from = sbj_open_directory(AT_FDCWD, staged);
        int to = sbj_open_directory(AT_FDCWD, claim.path);
        int number = from < 0 || to < 0 ? errno : sbj_each_entry(from, copy_entry, &to);
        if (from >= 0)
            close(from);
        if (to >= 0)
            close(to);
        status = number == 0 ? sbj_sync_tree(claim.path, error)
                             : sbj_fail_errno(error, target, "cannot be written", number);
        if (status == SBERTJA_OK && SBJ_RETRY(rename(claim.path, current)) != 0)
            status = sbj_fail_errno(error, target, "cannot be written", errno);
        if (status != SBERTJA_OK)
            sbj_delete_tree(claim.path);
    }
    sbj_claim_release(&claim);
    sbj_free(alloc, base);
    return status;
}

static sbertja_status make_current(const sbj_alloc *alloc, const char *staged, const char *target,
                                   sbertja_error *error)
{
    char *current = NULL;
    sbertja_status status = sbj_path_join(alloc, target, current_name, &current, error);
    if (status == SBERTJA_OK && SBJ_RETRY(rename(staged, current)) != 0) {
        const int number = errno;
        if (number != EXDEV)
            status = sbj_fail_errno(error, target, "cannot be written", number);
        else if ((status = copy_to_current(alloc, staged, target, current, error)) == SBERTJA_OK)
            sbj_delete_tree(staged);
    }
    sbj_free(alloc, current);
    return status == SBERTJA_OK ? sbj_sync_path(target, error) : status;
}

sbertja_status sbj_install(const sbj_alloc *alloc, const char *staged, const char *target,
                           const sbj_directory_kind *kind, sbertja_error *error)
{
    sbj_claim lock = {0};
    sbertja_status status;
    if ((status = lock_target(alloc, target, &lock, error)) == SBERTJA_OK &&
        (status = complete(target, kind, error)) == SBERTJA_OK &&
        (status = make_current(alloc, staged, target, error)) == SBERTJA_OK)
        status = complete(target, kind, error);
    sbj_claim_release(&lock);
    return status;
}
