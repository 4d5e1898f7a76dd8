/* Reading files by offset, and telling when they were written to meanwhile. */
#define _GNU_SOURCE
#include "io/input.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/file_private.h"
#include "io/retry.h"

enum { COMPARED = 4096 }; /* bytes that are read again at a time */

static bool same_time(struct timespec a, struct timespec b)
{
    return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

static sbertja_status look(sbj_input *input, sbertja_error *error)
{
    struct stat status;
    if (fstat(input->file, &status) != 0)
        return sbj_fail_errno(error, input->path, "cannot be read", errno);
    if (S_ISDIR(status.st_mode))
        return sbj_fail(error, SBERTJA_E_IO, "%s: expected a file, found a directory", input->path);
    if (!S_ISREG(status.st_mode))
        return sbj_fail(error, SBERTJA_E_IO, "%s: not a regular file", input->path);
    if ((uintmax_t)status.st_size > SIZE_MAX / 2)
        return sbj_fail(error, SBERTJA_E_IO, "%s: too large for this machine's addresses", input->path);
    input->size = (size_t)status.st_size;
    input->device = status.st_dev;
    input->node = status.st_ino;
    input->links = status.st_nlink;
    input->written = status.st_mtim;
    input->changed = status.st_ctim;
    return SBERTJA_OK;
}

/* File systems stamp files with a clock that ticks every few milliseconds: a write in the tick of the last change would
 * leave the same times behind. A clock that is set back does not make a file fresh for long. */
static bool is_fresh(const sbj_input *input)
{
    struct timespec now;
    if (clock_gettime(CLOCK_REALTIME_COARSE, &now) != 0)
        return false;
    const struct timespec *changed = &input->changed;
    return changed->tv_sec == now.tv_sec ? changed->tv_nsec >= now.tv_nsec : changed->tv_sec == now.tv_sec + 1;
}

sbertja_status sbj_input_open(const char *path, sbj_input *input, sbertja_error *error)
{
    memset(input, 0, sizeof *input);
    input->path = path;
    /* O_NONBLOCK: opening a pipe that nobody writes to must not wait. */
    input->file = SBJ_RETRY(open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (input->file < 0)
        return sbj_fail_errno(error, path, "cannot be opened", errno);
    input->open = true;
    sbertja_status status = look(input, error);
    input->fresh = status == SBERTJA_OK && is_fresh(input);
    if (status != SBERTJA_OK)
        sbj_input_close(input);
    return status;
}

static bool is_ours(const sbj_input *input, struct stat *status)
{
    return input->open && fstat(input->file, status) == 0 && status->st_dev == input->device &&
           status->st_ino == input->node;
}

void sbj_input_close(sbj_input *input)
{
    struct stat status;
    const int number = errno;
    /* A number that the process has closed and used again for another file is not ours to close. */
    if (input->open && (input->node == 0 || fstat(input->file, &status) != 0 ||
                        (status.st_dev == input->device && status.st_ino == input->node)))
        close(input->file);
    memset(input, 0, sizeof *input);
    errno = number;
}

sbertja_status sbj_input_owned(const sbj_input *input, sbertja_error *error)
{
    struct stat status;
    if (is_ours(input, &status))
        return SBERTJA_OK;
    return sbj_fail(error, SBERTJA_E_IO, "%s: its file descriptor was closed outside the library", input->path);
}

sbertja_status sbj_input_changed(const sbj_input *input, sbertja_error *error)
{
    return sbj_fail(error, SBERTJA_E_IO, "%s: was changed while it was in use: replace files by renaming others, "
                    "do not write into them", input->path);
}

static sbertja_status check(const sbj_input *input, struct stat *status, sbertja_error *error)
{
    if (!is_ours(input, status))
        return sbj_input_owned(input, error);
    if ((uintmax_t)status->st_size != input->size || !same_time(status->st_mtim, input->written))
        return sbj_input_changed(input, error);
    return SBERTJA_OK;
}

sbertja_status sbj_input_check_written(const sbj_input *input, sbertja_error *error)
{
    struct stat status;
    return check(input, &status, error);
}

sbertja_status sbj_input_check(const sbj_input *input, sbertja_error *error)
{
    struct stat now;
    sbertja_status status = check(input, &now, error);
    /* The time of writing can be set back; that of the last change cannot, but deleting a name moves it too. */
    if (status == SBERTJA_OK && !same_time(now.st_ctim, input->changed) && now.st_nlink == input->links)
        status = sbj_input_changed(input, error);
    return status;
}

sbertja_status sbj_input_read(const sbj_input *input, size_t offset, void *data, size_t size, sbertja_error *error)
{
    unsigned char *to = data;
    while (size > 0) {
        const ssize_t got = pread(input->file, to, size, (off_t)offset);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return sbj_fail_errno(error, input->path, "cannot be read", errno);
        if (got == 0)
            return sbj_input_changed(input, error);
        to += got;
        offset += (size_t)got;
        size -= (size_t)got;
    }
    return SBERTJA_OK;
}

/* Whether the file still has these bytes, where its times cannot tell. */
static sbertja_status compare(const sbj_input *input, const unsigned char *data, sbertja_error *error)
{
    unsigned char bytes[COMPARED];
    sbertja_status status = SBERTJA_OK;
    for (size_t i = 0; i < input->size && status == SBERTJA_OK; i += COMPARED) {
        const size_t left = input->size - i, some = left < COMPARED ? left : COMPARED;
        if ((status = sbj_input_read(input, i, bytes, some, error)) == SBERTJA_OK && memcmp(bytes, data + i, some) != 0)
            status = sbj_input_changed(input, error);
    }
    return status;
}

sbertja_status sbj_content_read(const sbj_alloc *alloc, const char *path, sbj_content *content, sbertja_error *error)
{
    return sbj_content_read_max(alloc, path, SIZE_MAX, content, error);
}

sbertja_status sbj_content_read_max(const sbj_alloc *alloc, const char *path, size_t max, sbj_content *content,
                                    sbertja_error *error)
{
    sbj_input input;
    memset(content, 0, sizeof *content);
    content->alloc = *alloc;
    sbertja_status status = sbj_input_open(path, &input, error);
    if (status != SBERTJA_OK)
        return status;
    if (input.size > max) {
        status = sbj_fail(error, SBERTJA_E_FORMAT, "%s: %zu bytes, expected at most %zu", path, input.size, max);
        sbj_input_close(&input);
        return status;
    }
    content->size = input.size;
    content->data = sbj_new_raw(alloc, input.size + 1, 1);
    if (content->data == NULL)
        status = sbj_in(error, sbj_no_memory(error, input.size + 1), "%s", path);
    else if ((status = sbj_input_read(&input, 0, content->data, input.size, error)) == SBERTJA_OK) {
        content->data[input.size] = '\0';
        if (input.fresh)
            status = compare(&input, content->data, error);
        if (status == SBERTJA_OK)
            status = sbj_input_check(&input, error);
    }
    sbj_input_close(&input);
    if (status != SBERTJA_OK)
        sbj_content_free(content);
    return status;
}

void sbj_content_free(sbj_content *content)
{
    if (content->data != NULL)
        sbj_free(&content->alloc, content->data);
    memset(content, 0, sizeof *content);
}
