/* Files and directories by name: mapping, joining, making, writing. Knows nothing of what is in them. */
#define _GNU_SOURCE
#include "io/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/directory_private.h"
#include "io/file_private.h"
#include "io/retry.h"

sbertja_status sbj_input_map(const sbj_input *input, sbj_map *map, sbertja_error *error)
{
    memset(map, 0, sizeof *map);
    if (input->size == 0) {
        map->data = (const unsigned char *)"";
        return SBERTJA_OK;
    }
    void *data = mmap(NULL, input->size, PROT_READ, MAP_PRIVATE, input->file, 0);
    if (data == MAP_FAILED)
        return sbj_fail_errno(error, input->path, "cannot be mapped", errno);
    map->data = data;
    map->size = input->size;
    map->mapped = true;
    return SBERTJA_OK;
}

sbertja_status sbj_map_open(const char *path, sbj_map *map, sbertja_error *error)
{
    sbj_input input;
    memset(map, 0, sizeof *map);
    sbertja_status status = sbj_input_open(path, &input, error);
    if (status == SBERTJA_OK)
        status = sbj_input_map(&input, map, error);
    sbj_input_close(&input);
    return status;
}

void sbj_map_close(sbj_map *map)
{
    if (map->mapped)
        munmap((void *)map->data, map->size);
    memset(map, 0, sizeof *map);
}

void sbj_map_forget(const sbj_map *map, const void *data, size_t size)
{
    const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    const uintptr_t first = ((uintptr_t)data + page - 1) / page * page, end = ((uintptr_t)data + size) / page * page;
    if (map->mapped && first < end)
        madvise((void *)first, end - first, MADV_DONTNEED); /* a refusal costs memory only */
}

sbertja_status sbj_path_join(const sbj_alloc *alloc, const char *directory, const char *name, char **path,
                             sbertja_error *error)
{
    sbj_strbuf text = SBJ_STRBUF(alloc);
    *path = NULL;
    sbj_strbuf_text(&text, directory);
    if (text.length > 0 && directory[text.length - 1] != '/')
        sbj_strbuf_text(&text, "/");
    sbj_strbuf_text(&text, name);
    if (text.failed) {
        sbj_strbuf_free(&text);
        return sbj_no_memory(error, strlen(directory) + strlen(name) + 2);
    }
    *path = text.text;
    return SBERTJA_OK;
}

/* Whether the name itself is there, which for a link to nothing it is. */
static bool has_name(const char *path)
{
    struct stat status;
    return lstat(path, &status) == 0;
}

sbertja_status sbj_find_file(const char *path, bool *found, sbertja_error *error)
{
    struct stat status;
    *found = false;
    if (stat(path, &status) != 0) {
        const int number = errno;
        if (number != ENOENT)
            return sbj_fail_errno(error, path, "cannot be opened", number);
        return has_name(path) ? sbj_fail(error, SBERTJA_E_IO, "%s: a link to a file that is not there", path)
                              : SBERTJA_OK;
    }
    if (S_ISDIR(status.st_mode))
        return sbj_fail(error, SBERTJA_E_IO, "%s: expected a file, found a directory", path);
    if (!S_ISREG(status.st_mode))
        return sbj_fail(error, SBERTJA_E_IO, "%s: not a regular file", path);
    *found = true;
    return SBERTJA_OK;
}

sbertja_status sbj_check_directory(const char *path, sbertja_error *error)
{
    struct stat status;
    if (stat(path, &status) == 0)
        return S_ISDIR(status.st_mode) ? SBERTJA_OK
                                       : sbj_fail(error, SBERTJA_E_IO, "%s: a file, expected a directory", path);
    if (errno != ENOENT)
        return sbj_fail_errno(error, path, "cannot be opened", errno);
    return sbj_fail(error, SBERTJA_E_IO, "%s: %s", path,
                    has_name(path) ? "a link to a directory that is not there" : "no such directory");
}

bool sbj_is_file(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISREG(status.st_mode);
}

bool sbj_has_file(const char *directory, const char *name)
{
    char path[PATH_MAX];
    const int length = snprintf(path, sizeof path, "%s/%s", directory, name);
    return length > 0 && (size_t)length < sizeof path && sbj_is_file(path);
}

bool sbj_is_directory(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

bool sbj_find_name(const char *directory, const char *begin, const char *end, char name[256])
{
    DIR *list = opendir(directory);
    bool found = false;
    if (list == NULL)
        return false;
    for (struct dirent *entry; (entry = readdir(list)) != NULL;) {
        const size_t length = strlen(entry->d_name), tail = strlen(end);
        if (strncmp(entry->d_name, begin, strlen(begin)) != 0 || length < tail || length > 255 ||
            strcmp(entry->d_name + length - tail, end) != 0 || (found && strcmp(entry->d_name, name) >= 0))
            continue;
        memcpy(name, entry->d_name, length + 1);
        found = true;
    }
    closedir(list);
    return found;
}

sbertja_status sbj_make_directories(const char *path, sbertja_error *error)
{
    char prefix[PATH_MAX];
    size_t length = strlen(path);
    if (length == 0 || length >= sizeof prefix)
        return sbj_fail_errno(error, path, "cannot be made", length == 0 ? ENOENT : ENAMETOOLONG);
    memcpy(prefix, path, length + 1);
    for (size_t i = 1; i <= length; i++) {
        if (prefix[i] != '/' && prefix[i] != '\0')
            continue;
        prefix[i] = '\0';
        /* What stands there already may refuse with EEXIST, EROFS or EACCES: all fine if it is a directory. */
        if (mkdir(prefix, 0777) != 0) {
            int number = errno;
            if (!sbj_is_directory(prefix))
                return sbj_fail_errno(error, prefix, "cannot be made a directory", number);
        }
        prefix[i] = path[i];
    }
    return SBERTJA_OK;
}

sbertja_status sbj_write_file(const char *path, const void *data, size_t size, sbertja_error *error)
{
    sbj_output output;
    sbertja_status status = sbj_output_create(path, &output, error);
    if (status == SBERTJA_OK)
        status = sbj_output_write(&output, data, size, error);
    if (status == SBERTJA_OK)
        status = sbj_output_finish(&output, error);
    sbj_output_discard(&output);
    return status;
}

sbertja_status sbj_write_pieces(const char *path, size_t count, sbj_piece piece, void *context, sbertja_error *error)
{
    sbj_output output;
    sbertja_status status = sbj_output_create(path, &output, error);
    for (size_t i = 0; i < count && status == SBERTJA_OK; i++) {
        const void *data;
        size_t size;
        if ((status = piece(context, i, &data, &size, error)) == SBERTJA_OK)
            status = sbj_output_write(&output, data, size, error);
    }
    if (status == SBERTJA_OK)
        status = sbj_output_finish(&output, error);
    sbj_output_discard(&output);
    return status;
}

/* A device, a pipe or a terminal cannot be replaced, only written to; nor can a file that is a mount point, whose old
 * content is cut off by O_TRUNC in `flags`. */
static sbertja_status write_into(const char *path, int flags, const void *data, size_t size, sbertja_error *error)
{
    sbj_output output = {path, SBJ_RETRY(open(path, O_WRONLY | O_CLOEXEC | flags))};
    if (output.file < 0)
        return sbj_fail_errno(error, path, "cannot be opened for writing", errno);
    sbertja_status status = sbj_output_write(&output, data, size, error);
    if (flags != 0 && status == SBERTJA_OK && SBJ_RETRY(fsync(output.file)) != 0)
        status = sbj_fail_errno(error, path, "cannot be written", errno);
    if (close(output.file) != 0 && errno != EINTR && status == SBERTJA_OK)
        status = sbj_fail_errno(error, path, "cannot be written", errno);
    return status;
}

static int create_empty(const char *path, void *context)
{
    sbj_output *output = context;
    output->file = SBJ_RETRY(open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
    return output->file < 0 ? errno : 0;
}

static bool delete_left(const char *path, void *context)
{
    (void)context;
    return unlink(path) == 0 || errno == ENOENT;
}

/* Those of the file that `file` will replace; if that cannot be opened, its mode at least (0: there is none). */
static void take_attributes(const char *path, mode_t mode, int file)
{
    const int old = SBJ_RETRY(open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    if (old >= 0) {
        sbj_copy_attributes(old, file);
        close(old);
    } else if (mode != 0 && fchmod(file, mode) != 0)
        return; /* a file system without modes */
}

/* A new file beside `path`, renamed to it once it is whole. */
static sbertja_status write_and_rename(const char *path, mode_t mode, const void *data, size_t size,
                                       sbertja_error *error)
{
    sbj_output output = {NULL, -1};
    bool mounted = false;
    sbj_claim claim;
    sbj_claim_sweep(path, delete_left, NULL);
    sbertja_status status = sbj_claim_make(&sbj_malloc, path, create_empty, &output, &claim, error);
    if (status != SBERTJA_OK)
        return status;
    output.path = claim.path;
    take_attributes(path, mode, output.file);
    status = sbj_output_write(&output, data, size, error);
    if (status == SBERTJA_OK)
        status = sbj_output_finish(&output, error);
    if (status == SBERTJA_OK && SBJ_RETRY(rename(claim.path, path)) != 0) {
        mounted = errno == EBUSY;
        status = sbj_fail_errno(error, path, "cannot be replaced", errno);
        unlink(claim.path);
    }
    sbj_output_discard(&output);
    sbj_claim_release(&claim);
    if (mounted)
        return write_into(path, O_TRUNC, data, size, error);
    return status == SBERTJA_OK ? sbj_sync_parent(path, error) : status;
}

sbertja_status sbj_replace_file(const char *path, const void *data, size_t size, sbertja_error *error)
{
    char target[PATH_MAX];
    struct stat status;
    if (stat(path, &status) != 0)
        return write_and_rename(path, 0, data, size, error);
    if (S_ISDIR(status.st_mode))
        return sbj_fail(error, SBERTJA_E_IO, "%s: expected a file, found a directory", path);
    if (!S_ISREG(status.st_mode))
        return write_into(path, 0, data, size, error);
    /* A symbolic link stays; what it points to is replaced. */
    if (realpath(path, target) == NULL)
        return sbj_fail_errno(error, path, "cannot be followed", errno);
    return write_and_rename(target, status.st_mode & 0777, data, size, error);
}
