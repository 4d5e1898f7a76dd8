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

/* Each level holds a file descriptor; models have two levels. */
enum { MOST_LEVELS = 64 };

static bool is_self_or_parent(const char *name)
{
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

static int open_directory(int parent, const char *name)
{
    return openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* fsync, where "cannot sync such a thing" is no fault. Returns an errno or 0. */
static int sync_file(int file)
{
    return fsync(file) == 0 || errno == EINVAL || errno == EROFS ? 0 : errno;
}

static int sync_directory(int directory, int level);

static int sync_entry(int parent, const char *name, int level)
{
    struct stat status;
    if (fstatat(parent, name, &status, AT_SYMLINK_NOFOLLOW) != 0)
        return errno;
    if (S_ISDIR(status.st_mode)) {
        int directory = open_directory(parent, name);
        return directory < 0 ? errno : sync_directory(directory, level + 1);
    }
    if (!S_ISREG(status.st_mode))
        return 0;
    int file = openat(parent, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (file < 0)
        return errno;
    int number = sync_file(file);
    close(file);
    return number;
}

/* Takes the descriptor over. Returns an errno or 0. */
static int sync_directory(int directory, int level)
{
    DIR *list = level < MOST_LEVELS ? fdopendir(directory) : NULL;
    if (list == NULL) {
        int number = level < MOST_LEVELS ? errno : ELOOP;
        close(directory);
        return number;
    }
    int number = 0;
    for (struct dirent *entry; number == 0 && (entry = readdir(list)) != NULL;)
        if (!is_self_or_parent(entry->d_name))
            number = sync_entry(directory, entry->d_name, level);
    if (number == 0)
        number = sync_file(directory);
    closedir(list);
    return number;
}

sbertja_status sbj_sync_tree(const char *path, sbertja_error *error)
{
    int directory = open_directory(AT_FDCWD, path);
    int number = directory < 0 ? errno : sync_directory(directory, 0);
    return number == 0 ? SBERTJA_OK : sbj_fail_errno(error, path, "cannot be synced", number);
}

static void delete_entry(int parent, const char *name, int level)
{
    int directory = open_directory(parent, name);
    DIR *list = directory >= 0 && level < MOST_LEVELS ? fdopendir(directory) : NULL;
    if (list != NULL) {
        for (struct dirent *entry; (entry = readdir(list)) != NULL;)
            if (!is_self_or_parent(entry->d_name))
                delete_entry(directory, entry->d_name, level + 1);
        closedir(list);
    } else if (directory >= 0)
        close(directory);
    unlinkat(parent, name, directory >= 0 ? AT_REMOVEDIR : 0);
}

void sbj_delete_tree(const char *path)
{
    delete_entry(AT_FDCWD, path, 0);
}

sbertja_status sbj_move_others(const char *from, const char *to, bool (*is_part)(const char *name),
                               sbertja_error *error)
{
    struct stat status;
    int source = open_directory(AT_FDCWD, from), target = open_directory(AT_FDCWD, to), number = 0;
    DIR *list = source >= 0 && target >= 0 ? fdopendir(source) : NULL;
    if (list == NULL)
        number = errno;
    for (struct dirent *entry; number == 0 && (entry = readdir(list)) != NULL;)
        if (!is_self_or_parent(entry->d_name) && !is_part(entry->d_name) &&
            fstatat(target, entry->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0 &&
            renameat(source, entry->d_name, target, entry->d_name) != 0)
            number = errno;
    if (list != NULL)
        closedir(list);
    else if (source >= 0)
        close(source);
    if (target >= 0)
        close(target);
    return number == 0
               ? SBERTJA_OK
               : sbj_fail(error, SBERTJA_E_IO, "%s: is written, but other files that stood there are now in %s: %s", to,
                          from, strerror(number));
}
