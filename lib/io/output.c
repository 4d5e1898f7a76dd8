/* New files that reach the disk, names that are not taken, and the system's reasons as error texts. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "io/file_private.h"
#include "io/retry.h"

sbertja_status sbj_fail_errno(sbertja_error *error, const char *path, const char *what, int number)
{
    char reason[256];
    /* The GNU form, which returns the text; strerror itself is not safe among threads. */
    return sbj_fail(error, number == ENOMEM ? SBERTJA_E_MEMORY : SBERTJA_E_IO, "%s: %s: %s", path, what,
                    strerror_r(number, reason, sizeof reason));
}

sbertja_status sbj_output_create(const char *path, sbj_output *output, sbertja_error *error)
{
    output->path = path;
    output->file = -1;
    /* Never truncated in place: somebody may have the old file mapped. */
    if (unlink(path) != 0 && errno != ENOENT)
        return sbj_fail_errno(error, path, "cannot be replaced", errno);
    output->file = SBJ_RETRY(open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
    if (output->file < 0)
        return sbj_fail_errno(error, path, "cannot be created", errno);
    return SBERTJA_OK;
}

sbertja_status sbj_output_write(sbj_output *output, const void *data, size_t size, sbertja_error *error)
{
    const char *rest = data;
    while (size > 0) {
        /* Linux writes at most 2 GiB at once. */
        ssize_t written = write(output->file, rest, size < (1u << 30) ? size : 1u << 30);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return sbj_fail_errno(error, output->path, "cannot be written", written < 0 ? errno : ENOSPC);
        rest += written;
        size -= (size_t)written;
    }
    return SBERTJA_OK;
}

sbertja_status sbj_output_finish(sbj_output *output, sbertja_error *error)
{
    int number = SBJ_RETRY(fsync(output->file)) != 0 ? errno : 0;
    if (close(output->file) != 0 && errno != EINTR && number == 0)
        number = errno;
    output->file = -1;
    if (number == 0)
        return SBERTJA_OK;
    unlink(output->path);
    return sbj_fail_errno(error, output->path, "cannot be written", number);
}

void sbj_output_discard(sbj_output *output)
{
    if (output->file < 0)
        return;
    close(output->file);
    unlink(output->path);
    output->file = -1;
}

sbertja_status sbj_sync_path(const char *path, sbertja_error *error)
{
    sbertja_status status = SBERTJA_OK;
    int file = SBJ_RETRY(open(path, O_RDONLY | O_CLOEXEC));
    if (file < 0)
        return sbj_fail_errno(error, path, "cannot be synced", errno);
    if (SBJ_RETRY(fsync(file)) != 0 && errno != EINVAL && errno != EROFS)
        status = sbj_fail_errno(error, path, "cannot be synced", errno);
    close(file);
    return status;
}

sbertja_status sbj_sync_parent(const char *path, sbertja_error *error)
{
    size_t length = strlen(path);
    while (length > 1 && path[length - 1] == '/')
        length--;
    while (length > 0 && path[length - 1] != '/')
        length--;
    if (length == 0)
        return sbj_sync_path(".", error);
    char *parent = sbj_copy_text(&sbj_malloc, path, length);
    if (parent == NULL)
        return sbj_no_memory(error, length + 1);
    sbertja_status status = sbj_sync_path(parent, error);
    sbj_free(&sbj_malloc, parent);
    return status;
}

/* Six letters from the clock, the process and the attempt: enough that a taken name is rare; `make` settles the rest. */
static void random_letters(unsigned attempt, char letters[7])
{
    static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz0123456789";
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    uint64_t number = (uint64_t)now.tv_sec * 1000000007u + (uint64_t)now.tv_nsec;
    number = (number ^ (uint64_t)getpid() << 20 ^ attempt) * 0x9E3779B97F4A7C15u;
    number ^= number >> 29;
    for (int i = 0; i < 6; i++, number /= 36)
        letters[i] = alphabet[number % 36];
    letters[6] = '\0';
}

sbertja_status sbj_make_unique(const sbj_alloc *alloc, const char *base, const char *infix,
                               int (*make)(const char *path, void *context), void *context, char **path,
                               sbertja_error *error)
{
    int number = EEXIST;
    sbj_strbuf name = SBJ_STRBUF(alloc);
    *path = NULL;
    for (unsigned attempt = 0; attempt < 100 && number == EEXIST; attempt++) {
        char letters[7];
        random_letters(attempt, letters);
        sbj_strbuf_clear(&name);
        sbj_strbuf_format(&name, "%s.%s-%s", base, infix, letters);
        if (name.failed) {
            sbj_strbuf_free(&name);
            return sbj_no_memory(error, strlen(base) + strlen(infix) + 9);
        }
        number = make(name.text, context);
    }
    if (number != 0) {
        sbertja_status status = sbj_fail_errno(error, name.text, "cannot be created", number);
        sbj_strbuf_free(&name);
        return status;
    }
    *path = name.text;
    return SBERTJA_OK;
}
