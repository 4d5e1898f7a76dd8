/* Files that are read: what happens to a file afterwards changes nothing, and what happens meanwhile is an error. */
#include "io/input.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/file.h"
#include "support/failing_alloc.h"
#include "support/suite.h"
#include "support/temporary.h"

static void must(sbertja_status status, const sbertja_error *error)
{
    ck_assert_msg(status == SBERTJA_OK, "%s", error->message);
}

static void must_fail(sbertja_status status, sbertja_status expected, const sbertja_error *error, const char *text)
{
    ck_assert_msg(status == expected, "status %d: %s", (int)status, error->message);
    ck_assert_msg(strstr(error->message, text) != NULL, "\"%s\" is not in: %s", text, error->message);
}

/* Into the file that is there, as cp and rsync --inplace write. */
static void overwrite(const char *path, const char *text, size_t offset)
{
    const int file = open(path, O_WRONLY);
    ck_assert(file >= 0);
    ck_assert_int_eq(pwrite(file, text, strlen(text), (off_t)offset), (ssize_t)strlen(text));
    ck_assert_int_eq(close(file), 0);
}

/* ---- Whole files ---- */

START_TEST(contents_outlive_their_file)
{
    sbj_content content;
    sbertja_error error;
    const char *path = temporary_path("a");
    must(sbj_write_file(path, "first", 5, &error), &error);
    must(sbj_content_read(&sbj_malloc, path, &content, &error), &error);
    overwrite(path, "other", 0);
    ck_assert_int_eq(truncate(path, 0), 0);
    ck_assert_int_eq(unlink(path), 0);
    ck_assert_uint_eq(content.size, 5);
    ck_assert_str_eq((const char *)content.data, "first");
    sbj_content_free(&content);
    ck_assert_ptr_null(content.data);
    sbj_content_free(&content);
}
END_TEST

START_TEST(an_empty_file)
{
    sbj_content content;
    sbertja_error error;
    must(sbj_write_file(temporary_path("empty"), "", 0, &error), &error);
    must(sbj_content_read(&sbj_malloc, temporary_path("empty"), &content, &error), &error);
    ck_assert(content.data != NULL && content.size == 0);
    sbj_content_free(&content);
}
END_TEST

START_TEST(what_cannot_be_read)
{
    sbj_content content;
    sbertja_error error;
    const char *pipe = temporary_path("pipe");
    must_fail(sbj_content_read(&sbj_malloc, temporary_path("none"), &content, &error), SBERTJA_E_IO, &error,
              "none: cannot be opened: No such");
    must_fail(sbj_content_read(&sbj_malloc, "/", &content, &error), SBERTJA_E_IO, &error, "found a directory");
    ck_assert_int_eq(mkfifo(pipe, 0600), 0); /* nobody writes: opening must not wait */
    must_fail(sbj_content_read(&sbj_malloc, pipe, &content, &error), SBERTJA_E_IO, &error, "not a regular file");
    must_fail(sbj_content_read(&sbj_malloc, "/dev/zero", &content, &error), SBERTJA_E_IO, &error, "not a regular file");
    ck_assert_int_eq(sbj_content_read(&sbj_malloc, "", &content, NULL), SBERTJA_E_IO);
    ck_assert_ptr_null(content.data);
}
END_TEST

START_TEST(reading_without_memory)
{
    failing_alloc heap;
    sbj_content content;
    sbertja_error error;
    must(sbj_write_file(temporary_path("a"), "text", 4, &error), &error);
    failing_alloc_init(&heap, 1);
    must_fail(sbj_content_read(&heap.alloc, temporary_path("a"), &content, &error), SBERTJA_E_MEMORY, &error,
              "a: out of memory");
    ck_assert(content.data == NULL && failing_alloc_live(&heap) == 0);
}
END_TEST

/* ---- Open files ---- */

static void change_nothing(const char *path)
{
    (void)path;
}

static void replace(const char *path)
{
    ck_assert_int_eq(sbj_replace_file(path, "01234567", 8, NULL), SBERTJA_OK);
}

static void delete(const char *path)
{
    ck_assert_int_eq(unlink(path), 0);
}

static void write_over(const char *path)
{
    overwrite(path, "x", 3);
}

static void append(const char *path)
{
    overwrite(path, "x", 8);
}

static void empty(const char *path)
{
    ck_assert_int_eq(truncate(path, 0), 0);
}

/* What rsync --inplace -t leaves behind when both files have the same time. */
static void write_and_set_back(const char *path)
{
    struct stat before;
    ck_assert_int_eq(stat(path, &before), 0);
    write_over(path);
    const struct timespec times[2] = {before.st_atim, before.st_mtim};
    ck_assert_int_eq(utimensat(AT_FDCWD, path, times, 0), 0);
}

static const struct {
    const char *name;
    void (*change)(const char *path);
    bool good;
} changes[] = {{"nothing", change_nothing, true}, {"replaced", replace, true},
               {"deleted", delete, true},         {"written over", write_over, false},
               {"longer", append, false},         {"emptied", empty, false},
               {"its time set back", write_and_set_back, false}};

/* At once: the change comes in the tick of the clock in which the file was made. */
START_TEST(changes_are_noticed)
{
    sbj_input input;
    sbertja_error error;
    char bytes[8] = "";
    const char *path = temporary_path("a");
    must(sbj_write_file(path, "01234567", 8, &error), &error);
    must(sbj_input_open(path, &input, &error), &error);
    changes[_i].change(path);
    if (changes[_i].good) {
        must(sbj_input_read(&input, 2, bytes, 5, &error), &error);
        ck_assert_str_eq(bytes, "23456");
        must(sbj_input_check(&input, &error), &error);
    } else {
        must_fail(sbj_input_check(&input, &error), SBERTJA_E_IO, &error, "a: was changed while it was in use");
    }
    sbj_input_close(&input);
    sbj_input_close(&input);
}
END_TEST

START_TEST(a_file_that_shrank_is_an_error)
{
    sbj_input input;
    sbertja_error error;
    char bytes[8];
    must(sbj_write_file(temporary_path("a"), "01234567", 8, &error), &error);
    must(sbj_input_open(temporary_path("a"), &input, &error), &error);
    ck_assert_int_eq(truncate(temporary_path("a"), 5), 0);
    must_fail(sbj_input_read(&input, 0, bytes, 8, &error), SBERTJA_E_IO, &error, "a: was changed");
    sbj_input_close(&input);
}
END_TEST

/* A host that becomes a daemon closes what it does not know. The file that got the number is neither read nor closed. */
START_TEST(a_descriptor_of_another_file)
{
    sbj_input input;
    sbertja_error error;
    must(sbj_write_file(temporary_path("a"), "01234567", 8, &error), &error);
    must(sbj_write_file(temporary_path("b"), "other", 5, &error), &error);
    must(sbj_input_open(temporary_path("a"), &input, &error), &error);
    const int number = input.file;
    ck_assert_int_eq(close(number), 0);
    must_fail(sbj_input_check(&input, &error), SBERTJA_E_IO, &error, "descriptor was closed outside the library");
    ck_assert_int_eq(open(temporary_path("b"), O_RDONLY), number);
    must_fail(sbj_input_check(&input, &error), SBERTJA_E_IO, &error, "descriptor was closed outside the library");
    sbj_input_close(&input);
    ck_assert_int_eq(fcntl(number, F_GETFD), 0);
    ck_assert_int_eq(close(number), 0);
}
END_TEST

/* ---- While somebody writes ---- */

enum { SIZE = 1 << 16, ROUNDS = 300 };

typedef struct writer {
    const char *path;
    atomic_bool stop;
} writer;

/* Writes over the file and makes it shorter, again and again. */
static void *keep_writing(void *context)
{
    writer *w = context;
    static char text[SIZE];
    const int file = open(w->path, O_WRONLY);
    for (unsigned round = 0; !atomic_load(&w->stop); round++) {
        if (pwrite(file, text, SIZE, 0) != SIZE || (round % 2 == 0 && ftruncate(file, SIZE / 2) != 0))
            break;
        if (round % 5 == 0)
            usleep(3000);
    }
    close(file);
    return NULL;
}

START_TEST(all_or_an_error)
{
    static char text[SIZE];
    writer w = {temporary_path("a"), false};
    pthread_t thread;
    sbertja_error error;
    must(sbj_write_file(w.path, text, SIZE, &error), &error);
    ck_assert_int_eq(pthread_create(&thread, NULL, keep_writing, &w), 0);
    for (int round = 0; round < ROUNDS; round++) {
        sbj_content content;
        const sbertja_status status = sbj_content_read(&sbj_malloc, w.path, &content, &error);
        if (status == SBERTJA_OK)
            ck_assert(content.size == SIZE || content.size == SIZE / 2);
        else
            must_fail(status, SBERTJA_E_IO, &error, "a: was changed while it was in use");
        sbj_content_free(&content);
    }
    atomic_store(&w.stop, true);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
}
END_TEST

SUITE_MAIN("io/input", 30, {contents_outlive_their_file, 0}, {an_empty_file, 0}, {what_cannot_be_read, 0},
           {reading_without_memory, 0}, {changes_are_noticed, sizeof changes / sizeof *changes},
           {a_file_that_shrank_is_an_error, 0}, {a_descriptor_of_another_file, 0}, {all_or_an_error, 0})
