/* Walking a directory that this library made: syncing all of it, deleting all of it. Descends by file descriptors, so
 * that a directory that is swapped for a symbolic link on the way leads nowhere else. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/directory_private.h"
#include "io/file_private.h"
#include "io/retry.h"

/* Each level holds a file descriptor; models have two levels. */
enum { MOST_LEVELS = 64 };

bool sbj_is_self_or_parent(const char *name)
{
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

int sbj_open_directory(int parent, const char *name)
{
    return SBJ_RETRY(openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
}

int sbj_each_entry(int directory, int (*visit)(int directory, const char *name, void *context), void *context)
{
    const int again = SBJ_RETRY(openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    DIR *list = again >= 0 ? fdopendir(again) : NULL;
    int number = 0;
    if (list == NULL) {
        number = errno;
        if (again >= 0)
            close(again);
        return number;
    }
    for (struct dirent *entry; number == 0 && (entry = readdir(list)) != NULL;)
        if (!sbj_is_self_or_parent(entry->d_name))
            number = visit(directory, entry->d_name, context);
    closedir(list);
    return number;
}

/* fsync, where "cannot sync such a thing" is no fault. Returns an errno or 0. */
static int sync_file(int file)
{
    return SBJ_RETRY(fsync(file)) == 0 || errno == EINVAL || errno == EROFS ? 0 : errno;
}

static int sync_directory(int directory, int level);

static int sync_entry(int parent, const char *name, void *context)
{
    const int level = *(const int *)context;
    struct stat status;
    if (fstatat(parent, name, &status, AT_SYMLINK_NOFOLLOW) != 0)
        return errno;
    if (S_ISDIR(status.st_mode)) {
        int directory = sbj_open_directory(parent, name);
        return directory < 0 ? errno : sync_directory(directory, level + 1);
    }
    if (!S_ISREG(status.st_mode))
        return 0;
    int file = SBJ_RETRY(openat(parent, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
    if (file < 0)
        return errno;
    int number = sync_file(file);
    close(file);
    return number;
}

/* Takes the descriptor over. Returns an errno or 0. */
static int sync_directory(int directory, int level)
{
    int number = level < MOST_LEVELS ? sbj_each_entry(directory, sync_entry, &level) : ELOOP;
    if (number == 0)
        number = sync_file(directory);
    close(directory);
    return number;
}

sbertja_status sbj_sync_tree(const char *path, sbertja_error *error)
{
    int directory = sbj_open_directory(AT_FDCWD, path);
    int number = directory < 0 ? errno : sync_directory(directory, 0);
    return number == 0 ? SBERTJA_OK : sbj_fail_errno(error, path, "cannot be synced", number);
}

static int delete_entry(int parent, const char *name, void *context)
{
    int level = *(const int *)context + 1;
    const int directory = sbj_open_directory(parent, name);
    if (directory >= 0) {
        if (level < MOST_LEVELS)
            sbj_each_entry(directory, delete_entry, &level);
        close(directory);
    }
    unlinkat(parent, name, directory >= 0 ? AT_REMOVEDIR : 0);
    return 0; /* as far as it goes */
}

void sbj_delete_entry(int parent, const char *name)
{
    int level = 0;
    delete_entry(parent, name, &level);
}

void sbj_delete_tree(const char *path)
{
    sbj_delete_entry(AT_FDCWD, path);
}

/* ---- Retiring a directory that has been replaced ---- */

typedef struct retiring {
    int target;
    bool (*is_part)(const char *name);
} retiring;

static int retire_entry(int old, const char *name, void *context)
{
    const retiring *r = context;
    struct stat status;
    if (r->is_part(name) || sbj_install_owns(name) ||
        (r->target >= 0 && fstatat(r->target, name, &status, AT_SYMLINK_NOFOLLOW) == 0)) {
        sbj_delete_entry(old, name);
        return 0;
    }
    if (r->target < 0) /* it was never made, or is gone: what is not ours stays */
        return 0;
    return SBJ_RETRY(renameat(old, name, r->target, name)) == 0 ? 0 : errno;
}

static int retire_entries(const char *old, const char *target, bool (*is_part)(const char *name))
{
    retiring r = {sbj_open_directory(AT_FDCWD, target), is_part};
    const int from = sbj_open_directory(AT_FDCWD, old);
    int number = from < 0 || (r.target < 0 && errno != ENOENT) ? errno : 0;
    if (number == 0)
        number = sbj_each_entry(from, retire_entry, &r);
    if (number == 0 && r.target >= 0 && (number = sync_file(r.target)) == 0)
        number = sync_file(from);
    if (r.target >= 0)
        close(r.target);
    if (from >= 0)
        close(from);
    return number;
}

/* Another save may exchange `target` at any moment: what was moved is then in the other one's old directory, which either
 * finds it there or, if it was gone already, refuses the move. In both cases the next round sets it right. */
sbertja_status sbj_retire(const char *old, const char *target, bool (*is_part)(const char *name),
                          sbertja_error *error)
{
    int number = 0;
    if (is_part == NULL) {
        sbj_delete_tree(old);
        return SBERTJA_OK;
    }
    for (int round = 0; round < 100; round++) {
        number = retire_entries(old, target, is_part);
        if (number != 0 && number != ENOENT)
            break;
        if (rmdir(old) == 0 || errno == ENOENT)
            return SBERTJA_OK;
        if (number == 0 && errno != ENOTEMPTY && errno != EEXIST)
            return SBERTJA_OK; /* it is empty, and somebody else's to delete */
    }
    return number == 0 ? SBERTJA_OK
                       : sbj_fail(error, number == ENOMEM ? SBERTJA_E_MEMORY : SBERTJA_E_IO,
                                  "%s: is written, but other files that were there are now in %s: %s", target, old,
                                  strerror(number));
}
