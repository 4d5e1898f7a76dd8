/* Replacing a directory as a whole; the protocol is in directory.h.
 *
 * What may be deleted: a directory named "TARGET.new-..." that this call made or moved there, or that a killed one left
 * with its lock file. The target itself is only ever renamed. */
#define _GNU_SOURCE
#include "io/directory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "io/directory_private.h"
#include "io/file_private.h"
#include "io/retry.h"

/* ---- What may be replaced ---- */

static bool ends_with(const char *name, const char *end)
{
    const size_t length = strlen(name), tail = strlen(end);
    return length >= tail && strcmp(name + length - tail, end) == 0;
}

/* What people and programs keep beside a model, evaluations and checkpoints of this package among it. */
static bool is_companion(int directory, const char *name)
{
    static const char *const ends[] = {".csv", ".log", ".md"};
    static const char *const folders[] = {"eval", "logs", "runs", "lost+found"};
    char path[300];
    struct stat status;
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        if (ends_with(name, ends[i]))
            return true;
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
        if (strcmp(name, folders[i]) == 0)
            return true;
    snprintf(path, sizeof path, "%s/checkpoint.json", name);
    return name[0] == '.' || fstatat(directory, path, &status, 0) == 0;
}

/* Copies the first name that is no companion to `context`, and stops. */
static int find_foreign(int directory, const char *name, void *context)
{
    if (is_companion(directory, name))
        return 0;
    snprintf(context, 256, "%s", name);
    return EEXIST;
}

static sbertja_status check_content(const char *target, const sbj_directory_kind *kind, sbertja_error *error)
{
    char foreign[256] = "";
    bool ours;
    const sbertja_status status = kind->is_ours(target, &ours, error);
    if (status != SBERTJA_OK || ours)
        return status;
    const int directory = SBJ_RETRY(open(target, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    const int number = directory < 0 ? errno : sbj_each_entry(directory, find_foreign, foreign);
    if (directory >= 0)
        close(directory);
    if (foreign[0] != '\0')
        return sbj_fail(error, SBERTJA_E_IO,
                        "%s: a directory that is not empty and holds something else (%s): give the name of a new directory",
                        target, foreign);
    return number == 0 ? SBERTJA_OK : sbj_fail_errno(error, target, "cannot be read", number);
}

/* A target that is there: links resolved, so that the directory itself is replaced and not a link to it. */
static sbertja_status take_existing(const char *target, const sbj_directory_kind *kind, sbj_directory *directory,
                                    sbertja_error *error)
{
    char resolved[PATH_MAX];
    if (!sbj_is_directory(target))
        return sbj_fail(error, SBERTJA_E_IO, "%s: exists and is not a directory", target);
    if (realpath(target, resolved) == NULL)
        return sbj_fail_errno(error, target, "cannot be followed", errno);
    if (strcmp(resolved, "/") == 0)
        return sbj_fail(error, SBERTJA_E_IO, "%s: the root directory cannot be replaced", target);
    sbertja_status status = sbj_install_finish(directory->alloc, resolved, kind, error);
    if (status == SBERTJA_OK)
        status = check_content(target, kind, error);
    if (status != SBERTJA_OK)
        return status;
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

/* ---- What cannot be exchanged ---- */

static bool is_mount_point(int directory, const char *name)
{
    struct statx found;
    struct stat above, itself;
    if (statx(directory, name, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, STATX_TYPE, &found) == 0 &&
        (found.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT) != 0)
        return (found.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
    return fstat(directory, &above) == 0 && fstatat(directory, name, &itself, AT_SYMLINK_NOFOLLOW) == 0 &&
           above.st_dev != itself.st_dev; /* Linux before 5.8 */
}

static int find_mount_point(int directory, const char *name, void *context)
{
    (void)context;
    return is_mount_point(directory, name) ? EBUSY : 0;
}

static bool holds_working_directory(const char *target)
{
    char working[PATH_MAX];
    const size_t length = strlen(target);
    return realpath(".", working) != NULL && strncmp(working, target, length) == 0 &&
           (working[length] == '\0' || working[length] == '/');
}

/* Whether an existing target has to stay where it is: it, or something in it, is a mount point; the process works in it; or
 * a new directory would have another owner, which only a superuser can change. */
static bool must_stay(const char *target)
{
    struct stat status;
    char parent[PATH_MAX];
    const char *slash = strrchr(target, '/');
    const size_t length = slash == NULL || slash == target ? 1 : (size_t)(slash - target);
    if (slash == NULL || length >= sizeof parent)
        return true;
    memcpy(parent, target, length);
    parent[length] = '\0';
    const int above = SBJ_RETRY(open(parent, O_PATH | O_DIRECTORY | O_CLOEXEC));
    const int itself = sbj_open_directory(AT_FDCWD, target);
    const bool stays = above < 0 || itself < 0 || is_mount_point(above, slash + 1) ||
                       sbj_each_entry(itself, find_mount_point, NULL) != 0 || holds_working_directory(target) ||
                       (fstat(itself, &status) == 0 && status.st_uid != geteuid() && geteuid() != 0);
    if (above >= 0)
        close(above);
    if (itself >= 0)
        close(itself);
    return stays;
}

/* ---- Begin ---- */

static int make_directory(const char *path, void *context)
{
    (void)context;
    return mkdir(path, 0777) != 0 ? errno : 0;
}

static bool delete_left(const char *path, void *context)
{
    struct stat status;
    (void)context;
    sbj_delete_tree(path);
    return lstat(path, &status) != 0;
}

/* What a killed save left beside the target is a new directory, or the old one after the exchange, with others' files. */
static bool retire_left(const char *path, void *context)
{
    const sbj_directory *directory = context;
    struct stat status;
    if (lstat(path, &status) == 0)
        sbj_retire(path, directory->target, directory->kind->is_part, NULL);
    return lstat(path, &status) != 0;
}

static sbertja_status claim_beside(sbj_directory *directory, sbertja_error *error)
{
    sbj_claim_sweep(directory->target, retire_left, directory);
    return sbj_claim_make(directory->alloc, directory->target, make_directory, NULL, &directory->claim, error);
}

static sbertja_status claim_inside(sbj_directory *directory, sbertja_error *error)
{
    char *base = NULL;
    sbertja_status status = sbj_install_base(directory->alloc, directory->target, &base, error);
    if (status == SBERTJA_OK) {
        sbj_claim_sweep(base, delete_left, NULL);
        status = sbj_claim_make(directory->alloc, base, make_directory, NULL, &directory->claim, error);
    }
    sbj_free(directory->alloc, base);
    return status;
}

/* Makes the directory to write to, beside the target if that can be exchanged. */
static sbertja_status claim(sbj_directory *directory, sbertja_error *error)
{
    sbertja_error beside, inside;
    sbertja_status status = SBERTJA_E_IO;
    directory->in_place = directory->replaces && must_stay(directory->target);
    if (!directory->in_place) {
        status = claim_beside(directory, &beside);
        if (status == SBERTJA_OK)
            return status;
        if ((status != SBERTJA_E_IO || !directory->replaces) && error != NULL)
            *error = beside;
        if (status != SBERTJA_E_IO)
            return status;
        if (!directory->replaces)
            return sbj_in(error, status, "%s", directory->target);
    }
    const bool tried = !directory->in_place;
    directory->in_place = true;
    status = claim_inside(directory, &inside);
    if (status != SBERTJA_OK && error != NULL)
        *error = tried && status != SBERTJA_E_MEMORY ? beside : inside;
    return status == SBERTJA_E_IO ? sbj_in(error, status, "%s", directory->target) : status;
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
        result = claim(directory, error);
    if (result != SBERTJA_OK) {
        sbj_directory_abort(directory);
        return result;
    }
    directory->path = directory->claim.path;
    /* Nobody may read what is being written who may not read the old one. A file system without modes may refuse. */
    if (directory->replaces)
        chmod(directory->path, (status.st_mode & 07777) | 0700);
    return SBERTJA_OK;
}

/* ---- Commit ---- */

sbertja_status sbj_exchange(const char *fresh, const char *target, sbertja_error *error)
{
    if (SBJ_RETRY(renameat2(AT_FDCWD, fresh, AT_FDCWD, target, RENAME_EXCHANGE)) == 0)
        return SBERTJA_OK;
    return sbj_fail_errno(error, target, "cannot be replaced", errno);
}

/* Gives the new directory the target's name; `*old`: the name `path` is now the old one's, which is to go. */
static sbertja_status put_in_place(const sbj_directory *directory, bool *old, sbertja_error *error)
{
    *old = false;
    /* Was nothing there, a plain rename is right: it fails if a file or a non-empty directory has come since. One of
     * ours is replaced as if it had been there from the beginning: a second training must not lose what it computed. */
    if (!directory->replaces || !sbj_is_directory(directory->target)) {
        if (SBJ_RETRY(rename(directory->path, directory->target)) == 0)
            return SBERTJA_OK;
        int number = errno;
        bool ours = false;
        const sbertja_status status = number == ENOTEMPTY || number == EEXIST
                                          ? directory->kind->is_ours(directory->target, &ours, error)
                                          : SBERTJA_OK;
        if (status != SBERTJA_OK || !ours)
            return status != SBERTJA_OK ? status : sbj_fail_errno(error, directory->target, "cannot be put in place", number);
    }
    *old = !directory->in_place && sbj_exchange(directory->path, directory->target, NULL) == SBERTJA_OK;
    /* The exchange fails where something was mounted meanwhile, in a directory of an overlay's lower layer, in somebody
     * else's directory under a sticky one, and on file systems without it. */
    return *old ? SBERTJA_OK
                : sbj_install(directory->alloc, directory->path, directory->target, directory->kind, error);
}

sbertja_status sbj_directory_commit(sbj_directory *directory, sbertja_error *error)
{
    bool old = false;
    if (directory->replaces)
        sbj_keep_attributes(directory->target, directory->path);
    sbertja_status status = sbj_sync_tree(directory->path, error);
    if (status == SBERTJA_OK)
        status = put_in_place(directory, &old, error);
    if (status != SBERTJA_OK)
        return status;
    /* From here on the name `path` is the old directory's or nobody's: abort must not touch it. */
    directory->path = NULL;
    status = sbj_sync_parent(directory->target, error);
    /* Before the rename has reached the disk, the old one is what a crash would bring back. */
    if (old && status == SBERTJA_OK)
        status = sbj_retire(directory->claim.path, directory->target, directory->kind->is_part, error);
    sbj_directory_abort(directory);
    return status;
}

void sbj_directory_abort(sbj_directory *directory)
{
    if (directory->path != NULL)
        sbj_delete_tree(directory->path);
    sbj_claim_release(&directory->claim);
    if (directory->alloc != NULL)
        sbj_free(directory->alloc, directory->target);
    memset(directory, 0, sizeof *directory);
}

size_t sbj_free_space(const char *path)
{
    struct statvfs found;
    char name[PATH_MAX];
    size_t length = strlen(path);
    if (length >= sizeof name)
        return SIZE_MAX;
    memcpy(name, path, length + 1);
    while (statvfs(length > 0 ? name : ".", &found) != 0) { /* the parents of what is to be made */
        if (errno != ENOENT || length == 0)
            return SIZE_MAX;
        while (length > 0 && name[length - 1] == '/')
            length--;
        while (length > 0 && name[length - 1] != '/')
            length--;
        name[length] = '\0';
    }
    size_t bytes;
    return sbj_mul(found.f_bavail, found.f_frsize, &bytes) ? bytes : SIZE_MAX;
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
