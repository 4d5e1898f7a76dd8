/* Replacing a directory as a whole; the protocol stands in directory.h.
 *
 * What may be deleted: a directory named "TARGET.new-..." or "TARGET.old-..." that this call made or moved there. The
 * target itself is only ever renamed. */
#define _GNU_SOURCE
#include "io/directory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/directory_private.h"
#include "io/file_private.h"

static bool is_empty(const char *path)
{
    DIR *list = opendir(path);
    bool empty = list != NULL;
    for (struct dirent *entry; empty && (entry = readdir(list)) != NULL;)
        empty = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
    if (list != NULL)
        closedir(list);
    return empty;
}

/* A target that is there: links resolved, so that the directory itself is replaced and not a link to it. */
static sbertja_status take_existing(const char *target, const sbj_directory_kind *kind, sbj_directory *directory,
                                    sbertja_error *error)
{
    char resolved[PATH_MAX];
    if (!sbj_is_directory(target))
        return sbj_fail(error, SBERTJA_E_IO, "%s: exists and is not a directory", target);
    if (!is_empty(target) && !kind->is_ours(target))
        return sbj_fail(error, SBERTJA_E_IO, "%s: a directory that is not empty and holds something else", target);
    if (realpath(target, resolved) == NULL)
        return sbj_fail_errno(error, target, "cannot be followed", errno);
    if (strcmp(resolved, "/") == 0)
        return sbj_fail(error, SBERTJA_E_IO, "%s: the root directory cannot be replaced", target);
    directory->replaces = true;
    directory->target = sbj_copy_text(directory->alloc, resolved, strlen(resolved));
    return directory->target != NULL ? SBERTJA_OK : sbj_no_memory(error, strlen(resolved) + 1);
}

/* A target that is not there: its parents are made. */
static sbertja_status take_absent(const char *target, sbj_directory *directory, sbertja_error *error)
{
    size_t length = strlen(target), parent;
    while (length > 1 && target[length - 1] == '/')
        length--;
    for (parent = length; parent > 0 && target[parent - 1] != '/';)
        parent--;
    const char *last = target + parent;
    if (length == parent || (length - parent <= 2 && strncmp(last, "..", length - parent) == 0))
        return sbj_fail(error, SBERTJA_E_IO, "%s: expected the name of a directory", target);
    directory->target = sbj_copy_text(directory->alloc, target, length);
    if (directory->target == NULL)
        return sbj_no_memory(error, length + 1);
    if (parent == 0)
        return SBERTJA_OK;
    directory->target[parent - 1] = '\0';
    sbertja_status status = parent > 1 ? sbj_make_directories(directory->target, error) : SBERTJA_OK;
    directory->target[parent - 1] = '/';
    return status;
}

static int make_directory(const char *path, void *context)
{
    (void)context;
    return mkdir(path, 0777) != 0 ? errno : 0;
}

sbertja_status sbj_directory_begin(const sbj_alloc *alloc, const char *target, const sbj_directory_kind *kind,
                                   sbj_directory *directory, sbertja_error *error)
{
    struct stat status;
    sbertja_status result;
    memset(directory, 0, sizeof *directory);
    directory->alloc = alloc;
    directory->kind = kind;
    if (lstat(target, &status) != 0)
        result = take_absent(target, directory, error);
    else if (stat(target, &status) != 0)
        result = sbj_fail_errno(error, target, "a link that leads nowhere", errno);
    else
        result = take_existing(target, kind, directory, error);
    if (result == SBERTJA_OK)
        result = sbj_make_unique(alloc, directory->target, "new", make_directory, NULL, &directory->path, error);
    if (result != SBERTJA_OK) {
        sbj_directory_abort(directory);
        return result;
    }
    /* Who may read the old one may read the new one; a file system without modes may refuse: no matter. */
    if (directory->replaces)
        chmod(directory->path, (status.st_mode & 07777) | 0700);
    return SBERTJA_OK;
}

sbertja_status sbj_exchange(const char *fresh, const char *target, bool *supported, sbertja_error *error)
{
    *supported = true;
    if (renameat2(AT_FDCWD, fresh, AT_FDCWD, target, RENAME_EXCHANGE) == 0)
        return SBERTJA_OK;
    *supported = errno != ENOSYS && errno != EINVAL;
    return sbj_fail_errno(error, target, "cannot be replaced", errno);
}

static int rename_to(const char *path, void *context)
{
    struct stat status;
    /* rename would silently take the place of an empty directory of that name */
    if (lstat(path, &status) == 0)
        return EEXIST;
    return rename(context, path) != 0 ? errno : 0;
}

sbertja_status sbj_rename_twice(const sbj_alloc *alloc, const char *fresh, const char *target, char **old,
                                sbertja_error *error)
{
    sbertja_status status = sbj_make_unique(alloc, target, "old", rename_to, (void *)target, old, error);
    if (status != SBERTJA_OK)
        return sbj_in(error, status, "%s: cannot be moved aside", target);
    if (rename(fresh, target) == 0)
        return SBERTJA_OK;
    int number = errno;
    if (rename(*old, target) == 0)
        status = sbj_fail_errno(error, target, "cannot be replaced", number);
    else
        status = sbj_fail(error, SBERTJA_E_IO, "%s: cannot be replaced; what stood there is now %s", target, *old);
    sbj_free(alloc, *old);
    *old = NULL;
    return status;
}

/* Gives the new directory the target's name, and `*old` the name of what is to be deleted then (NULL: nothing). */
static sbertja_status put_in_place(const sbj_directory *directory, char **old, sbertja_error *error)
{
    bool supported;
    *old = NULL;
    /* Was nothing there, a plain rename is right: it fails if a file or a non-empty directory has come since. One of
     * ours is replaced as if it had been there from the beginning: a second training must not lose what it computed. */
    if (!directory->replaces || !sbj_is_directory(directory->target)) {
        if (rename(directory->path, directory->target) == 0)
            return SBERTJA_OK;
        int number = errno;
        bool came = number == ENOTEMPTY || number == EEXIST;
        if (!came || !directory->kind->is_ours(directory->target))
            return sbj_fail_errno(error, directory->target, "cannot be put in place", number);
    }
    *old = sbj_copy_text(directory->alloc, directory->path, strlen(directory->path));
    if (*old == NULL)
        return sbj_no_memory(error, strlen(directory->path) + 1);
    sbertja_status status = sbj_exchange(directory->path, directory->target, &supported, error);
    if (status == SBERTJA_OK)
        return SBERTJA_OK;
    sbj_free(directory->alloc, *old);
    *old = NULL;
    return supported ? status : sbj_rename_twice(directory->alloc, directory->path, directory->target, old, error);
}

sbertja_status sbj_directory_commit(sbj_directory *directory, sbertja_error *error)
{
    char *old = NULL;
    sbertja_status status = sbj_sync_tree(directory->path, error);
    if (status == SBERTJA_OK)
        status = put_in_place(directory, &old, error);
    if (status != SBERTJA_OK)
        return status;
    /* From here on the name `path` is the old directory's or nobody's: abort must not touch it. */
    sbj_free(directory->alloc, directory->path);
    directory->path = NULL;
    status = sbj_sync_parent(directory->target, error);
    if (old != NULL && status == SBERTJA_OK && directory->kind->is_part != NULL)
        status = sbj_move_others(old, directory->target, directory->kind->is_part, error);
    /* Before the rename has reached the disk, the old one is what a crash would bring back. */
    if (old != NULL && status == SBERTJA_OK)
        sbj_delete_tree(old);
    sbj_free(directory->alloc, old);
    sbj_directory_abort(directory);
    return status;
}

void sbj_directory_abort(sbj_directory *directory)
{
    if (directory->path != NULL)
        sbj_delete_tree(directory->path);
    if (directory->alloc != NULL) {
        sbj_free(directory->alloc, directory->path);
        sbj_free(directory->alloc, directory->target);
    }
    memset(directory, 0, sizeof *directory);
}

/* The path without links; the last part of it need not exist. */
static bool resolve(const char *path, char resolved[PATH_MAX])
{
    char parent[PATH_MAX];
    size_t length = strlen(path), split;
    if (realpath(path, resolved) != NULL)
        return true;
    while (length > 1 && path[length - 1] == '/')
        length--;
    for (split = length; split > 0 && path[split - 1] != '/';)
        split--;
    if (split >= sizeof parent)
        return false;
    memcpy(parent, path, split);
    parent[split] = '\0';
    if (realpath(split > 0 ? parent : ".", resolved) == NULL)
        return false;
    const size_t used = strcmp(resolved, "/") == 0 ? 0 : strlen(resolved), last = length - split;
    if (last >= PATH_MAX - used - 1)
        return false;
    resolved[used] = '/';
    memcpy(resolved + used + 1, path + split, last);
    resolved[used + 1 + last] = '\0';
    return true;
}

bool sbj_directories_overlap(const char *a, const char *b)
{
    char left[PATH_MAX], right[PATH_MAX];
    if (!resolve(a, left) || !resolve(b, right))
        return false;
    const size_t m = strlen(left), n = strlen(right), shorter = m < n ? m : n;
    return memcmp(left, right, shorter) == 0 && (m == n || (m < n ? right : left)[shorter] == '/');
}
