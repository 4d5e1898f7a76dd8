/* What fuzz targets share: files to read from, seeds, checks. */
#include "fuzz/fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "io/directory_private.h"
#include "io/file.h"

void fuzz_check(bool holds, const char *what, const char *file, int line)
{
    if (holds)
        return;
    fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, what);
    abort();
}

/* Instead of libc's: a reader waits for a file that was written within this tick of the clock to settle (io/input.c), which
 * here is every file, and nothing writes to one meanwhile. */
int nanosleep(const struct timespec *time, struct timespec *left)
{
    (void)time;
    (void)left;
    return 0;
}

/* ---- Files ---- */

static char root[64];
static pid_t owner;

static void remove_root(void)
{
    if (getpid() == owner)
        sbj_delete_tree(root);
}

const char *fuzz_path(const char *name)
{
    static char paths[8][192];
    static size_t next;
    char *path = paths[next++ % 8];
    if (root[0] == '\0') {
        const char *folder = getenv("FUZZ_FOLDER"); /* of a caller who cleans up after a crash */
        if (folder == NULL)
            folder = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : P_tmpdir;
        const int written = snprintf(root, sizeof root, "%s/sbertja-fuzz-XXXXXX", folder);
        fuzz_must(written > 0 && (size_t)written < sizeof root);
        fuzz_must(mkdtemp(root) != NULL);
        owner = getpid();
        atexit(remove_root);
    }
    const int length = snprintf(path, sizeof paths[0], "%s/%s", root, name);
    fuzz_must(length > 0 && (size_t)length < sizeof paths[0]);
    char *slash = strrchr(path, '/');
    if (slash != path + strlen(root)) {
        *slash = '\0';
        fuzz_must(sbj_make_directories(path, NULL) == SBERTJA_OK);
        *slash = '/';
    }
    return path;
}

const char *fuzz_write(const char *name, const void *data, size_t size)
{
    const char *path = fuzz_path(name);
    FILE *file = fopen(path, "wb");
    fuzz_must(file != NULL);
    fuzz_must(fwrite(data, 1, size, file) == size);
    fuzz_must(fclose(file) == 0);
    return path;
}

/* The first `max` bytes of a file, to be freed. */
static void *read_file(const char *path, size_t max, size_t *size)
{
    FILE *file = fopen(path, "rb");
    void *data = malloc(max);
    if (file == NULL)
        fprintf(stderr, "%s: cannot be opened; run from the root of the tree\n", path);
    fuzz_must(file != NULL && data != NULL);
    *size = fread(data, 1, max, file);
    fclose(file);
    return data;
}

void fuzz_copy(const char *from, const char *name)
{
    size_t size;
    void *data = read_file(from, 16u << 20, &size);
    fuzz_write(name, data, size);
    free(data);
}

void fuzz_split(const uint8_t *data, size_t size, size_t *first, const uint8_t **second, size_t *second_size)
{
    const uint8_t *cut = size > 0 ? memchr(data, 0xFF, size) : NULL;
    *first = cut != NULL ? (size_t)(cut - data) : size;
    *second = cut != NULL ? cut + 1 : data + size;
    *second_size = size - (size_t)(*second - data);
}

/* ---- Seeds ---- */

void fuzz_give(const fuzz_sink *sink, const void *data, size_t size)
{
    sink->take(sink->context, data, size);
}

void fuzz_give_text(const fuzz_sink *sink, const char *text)
{
    fuzz_give(sink, text, strlen(text));
}

void fuzz_give_file(const fuzz_sink *sink, const char *path, size_t max)
{
    size_t size;
    void *data = read_file(path, max, &size);
    fuzz_give(sink, data, size);
    free(data);
}
