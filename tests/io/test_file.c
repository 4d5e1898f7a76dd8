/* Files by name: what is mapped, joined, made, written and replaced, and what the errors say. */
#include "io/file.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

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

static void check_content(const char *path, const char *expected)
{
    sbj_map map;
    sbertja_error error;
    must(sbj_map_open(path, &map, &error), &error);
    ck_assert_uint_eq(map.size, strlen(expected));
    ck_assert_mem_eq(map.data, expected, map.size);
    sbj_map_close(&map);
}

/* How many entries a folder has besides "." and "..": temporary files must not stay. */
static int entries(const char *path)
{
    char command[400], line[16] = "";
    snprintf(command, sizeof command, "ls -A '%s' | wc -l", path);
    FILE *list = popen(command, "r");
    ck_assert(list != NULL && fgets(line, sizeof line, list) != NULL);
    pclose(list);
    return line[0] - '0';
}

START_TEST(a_map_outlives_its_file)
{
    sbj_map map;
    sbertja_error error;
    const char *path = temporary_path("a");
    must(sbj_write_file(path, "first", 5, &error), &error);
    must(sbj_map_open(path, &map, &error), &error);
    must(sbj_write_file(path, "other text", 10, &error), &error);
    ck_assert_mem_eq(map.data, "first", 5);
    ck_assert_int_eq(unlink(path), 0);
    ck_assert_mem_eq(map.data, "first", 5);
    sbj_map_close(&map);
    ck_assert_ptr_null(map.data);
    sbj_map_close(&map);
}
END_TEST

START_TEST(an_empty_file_is_mapped)
{
    sbj_map map;
    sbertja_error error;
    must(sbj_write_file(temporary_path("empty"), "", 0, &error), &error);
    must(sbj_map_open(temporary_path("empty"), &map, &error), &error);
    ck_assert(map.data != NULL && map.size == 0);
    sbj_map_close(&map);
}
END_TEST

START_TEST(what_cannot_be_mapped)
{
    sbj_map map;
    sbertja_error error;
    const char *pipe = temporary_path("pipe");
    must_fail(sbj_map_open(temporary_path("none"), &map, &error), SBERTJA_E_IO, &error, "none: cannot be opened: No such");
    must_fail(sbj_map_open("/", &map, &error), SBERTJA_E_IO, &error, "found a directory");
    ck_assert_int_eq(mkfifo(pipe, 0600), 0); /* nobody writes: opening must not wait */
    must_fail(sbj_map_open(pipe, &map, &error), SBERTJA_E_IO, &error, "not a regular file");
    ck_assert_int_eq(sbj_map_open("", &map, NULL), SBERTJA_E_IO);
}
END_TEST

static const struct {
    const char *directory, *name, *path;
} joins[] = {
    {"a", "b", "a/b"}, {"a/", "b", "a/b"}, {"/", "b", "/b"}, {"", "b", "b"}, {"a", "b/c", "a/b/c"}, {"", "", ""},
};

START_TEST(joined_paths)
{
    char *path;
    sbertja_error error;
    must(sbj_path_join(&sbj_malloc, joins[_i].directory, joins[_i].name, &path, &error), &error);
    ck_assert_str_eq(path, joins[_i].path);
    sbj_free(&sbj_malloc, path);
}
END_TEST

START_TEST(joining_without_memory)
{
    failing_alloc heap;
    size_t n = 0;
    do {
        char *path = NULL;
        failing_alloc_init(&heap, ++n);
        sbertja_status status = sbj_path_join(&heap.alloc, "a directory", "a name", &path, NULL);
        ck_assert_int_eq(status, failing_alloc_failed(&heap) ? SBERTJA_E_MEMORY : SBERTJA_OK);
        ck_assert_int_eq(path == NULL, status != SBERTJA_OK);
        sbj_free(&heap.alloc, path);
        ck_assert_uint_eq(failing_alloc_live(&heap), 0);
    } while (failing_alloc_failed(&heap));
}
END_TEST

static const char *const deep[] = {"one", "p/q/r", "s//t/", "u/./v"};

START_TEST(directories_with_parents)
{
    sbertja_error error;
    const char *path = temporary_path(deep[_i]);
    for (int again = 0; again < 2; again++) {
        must(sbj_make_directories(path, &error), &error);
        ck_assert(sbj_is_directory(path) && !sbj_is_file(path));
    }
}
END_TEST

START_TEST(directories_that_cannot_be)
{
    sbertja_error error;
    char longest[5000];
    must(sbj_write_file(temporary_path("file"), "x", 1, &error), &error);
    ck_assert(sbj_is_file(temporary_path("file")) && !sbj_is_directory(temporary_path("file")));
    must_fail(sbj_make_directories(temporary_path("file"), &error), SBERTJA_E_IO, &error, "file: cannot be made");
    must_fail(sbj_make_directories(temporary_path("file/below"), &error), SBERTJA_E_IO, &error, "file");
    must_fail(sbj_make_directories("", &error), SBERTJA_E_IO, &error, "No such file");
    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    ck_assert_int_eq(sbj_make_directories(longest, &error), SBERTJA_E_IO);
    ck_assert(!sbj_is_file(temporary_path("none")) && !sbj_is_directory(temporary_path("none")));
}
END_TEST

typedef sbertja_status (*write_function)(const char *path, const void *data, size_t size, sbertja_error *error);
static const write_function writers[] = {sbj_write_file, sbj_replace_file};
enum { WRITERS = 2 };

START_TEST(written_and_replaced)
{
    sbertja_error error;
    const char *path = temporary_path("w");
    must(writers[_i](path, "long content", 12, &error), &error);
    check_content(path, "long content");
    must(writers[_i](path, "short", 5, &error), &error);
    check_content(path, "short");
    must(writers[_i](path, "", 0, &error), &error);
    check_content(path, "");
    ck_assert_int_eq(entries(temporary_path("")), 1);
}
END_TEST

START_TEST(what_cannot_be_written)
{
    sbertja_error error;
    must(sbj_make_directories(temporary_path("folder"), &error), &error);
    must_fail(writers[_i](temporary_path("folder"), "x", 1, &error), SBERTJA_E_IO, &error, "folder");
    must_fail(writers[_i](temporary_path("none/x"), "x", 1, &error), SBERTJA_E_IO, &error, "No such file");
    ck_assert(sbj_is_directory(temporary_path("folder")));
    ck_assert_int_eq(entries(temporary_path("")), 1);
}
END_TEST

/* A limit on the size of files stands for a disk that is full. */
START_TEST(a_full_disk)
{
    static char data[1 << 16];
    const struct rlimit limit = {10000, 10000};
    sbertja_error error;
    const char *path = temporary_path("kept");
    must(writers[_i](path, "old", 3, &error), &error);
    signal(SIGXFSZ, SIG_IGN);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    must_fail(writers[_i](path, data, sizeof data, &error), SBERTJA_E_IO, &error, "cannot be written: File too large");
    if (writers[_i] == sbj_replace_file)
        check_content(path, "old");
    ck_assert_int_eq(entries(temporary_path("")), writers[_i] == sbj_replace_file);
}
END_TEST

START_TEST(a_link_and_the_rights_stay)
{
    sbertja_error error;
    struct stat status;
    const char *file = temporary_path("file"), *link = temporary_path("link");
    must(sbj_write_file(file, "old", 3, &error), &error);
    ck_assert_int_eq(chmod(file, 0640), 0);
    ck_assert_int_eq(symlink(file, link), 0);
    must(sbj_replace_file(link, "new", 3, &error), &error);
    ck_assert(lstat(link, &status) == 0 && S_ISLNK(status.st_mode));
    check_content(file, "new");
    ck_assert(stat(file, &status) == 0 && (status.st_mode & 0777) == 0640);
}
END_TEST

START_TEST(rights_follow_the_umask)
{
    sbertja_error error;
    struct stat status;
    umask(027);
    must(writers[_i](temporary_path("new"), "x", 1, &error), &error);
    ck_assert(stat(temporary_path("new"), &status) == 0);
    ck_assert_int_eq(status.st_mode & 0777, 0640);
}
END_TEST

/* "-o /dev/null" must not put a file in the place of the device. */
START_TEST(devices_and_pipes_are_written_to)
{
    sbertja_error error;
    struct stat status;
    char text[8] = "";
    const char *pipe = temporary_path("pipe");
    must(sbj_replace_file("/dev/null", "x", 1, &error), &error);
    ck_assert(stat("/dev/null", &status) == 0 && S_ISCHR(status.st_mode));
    ck_assert_int_eq(mkfifo(pipe, 0600), 0);
    int end = open(pipe, O_RDWR);
    must(sbj_replace_file(pipe, "through", 7, &error), &error);
    ck_assert_int_eq(read(end, text, 7), 7);
    ck_assert_str_eq(text, "through");
    ck_assert(stat(pipe, &status) == 0 && S_ISFIFO(status.st_mode));
    must_fail(sbj_replace_file("/dev/full", "x", 1, &error), SBERTJA_E_IO, &error, "No space left");
}
END_TEST

/* ---- Pieces, names, pages ---- */

/* "a", "bb", "ccc", ...; piece `fails_at` fails. */
typedef struct letters {
    char text[32];
    size_t fails_at;
} letters;

static sbertja_status letter_piece(void *context, size_t index, const void **data, size_t *size, sbertja_error *error)
{
    letters *l = context;
    if (index == l->fails_at)
        return sbj_fail(error, SBERTJA_E_MEMORY, "no letters left");
    memset(l->text, 'a' + (int)index, sizeof l->text);
    *data = l->text;
    *size = index + 1;
    return SBERTJA_OK;
}

START_TEST(written_in_pieces)
{
    letters l = {"", 9};
    sbertja_error error;
    const char *path = temporary_path("pieces");
    must(sbj_write_pieces(path, 4, letter_piece, &l, &error), &error);
    check_content(path, "abbcccdddd");
    must(sbj_write_pieces(path, 0, letter_piece, &l, &error), &error);
    check_content(path, "");
    l.fails_at = 2;
    must_fail(sbj_write_pieces(path, 4, letter_piece, &l, &error), SBERTJA_E_MEMORY, &error, "no letters left");
    ck_assert_int_eq(entries(temporary_path("")), 0);
}
END_TEST

START_TEST(names_that_begin_and_end_so)
{
    static const char *const names[] = {"ab-2.bin", "ab-1.bin", "ab-0.txt", "b-1.bin", "ab-.bin"};
    char name[256] = "none";
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        ck_assert(sbj_write_file(temporary_path(names[i]), "", 0, NULL) == SBERTJA_OK);
    ck_assert(sbj_find_name(temporary_path(""), "ab-1", ".bin", name));
    ck_assert_str_eq(name, "ab-1.bin");
    ck_assert(sbj_find_name(temporary_path(""), "ab-", ".bin", name));
    ck_assert_str_eq(name, "ab-.bin");
    ck_assert(!sbj_find_name(temporary_path(""), "c", "", name));
    ck_assert(!sbj_find_name(temporary_path("nowhere"), "", "", name));
}
END_TEST

/* What is forgotten comes back, whole pages or not. */
START_TEST(forgotten_pages_come_back)
{
    enum { SIZE = 5 * 4096 + 7 };
    static char text[SIZE + 1];
    sbj_map map;
    sbertja_error error;
    memset(text, 'x', SIZE);
    must(sbj_write_file(temporary_path("pages"), text, SIZE, &error), &error);
    must(sbj_map_open(temporary_path("pages"), &map, &error), &error);
    for (size_t begin = 0; begin < SIZE; begin += 1001)
        for (size_t size = 0; begin + size <= SIZE; size += 4097) {
            sbj_map_forget(&map, map.data + begin, size);
            ck_assert_mem_eq(map.data, text, SIZE);
        }
    sbj_map_close(&map);
    must(sbj_write_file(temporary_path("pages"), "", 0, &error), &error);
    must(sbj_map_open(temporary_path("pages"), &map, &error), &error);
    sbj_map_forget(&map, map.data, 0);
    sbj_map_close(&map);
}
END_TEST

SUITE_MAIN("io/file", 20, {a_map_outlives_its_file, 0}, {an_empty_file_is_mapped, 0}, {what_cannot_be_mapped, 0},
           {joined_paths, sizeof joins / sizeof *joins}, {joining_without_memory, 0},
           {directories_with_parents, sizeof deep / sizeof *deep}, {directories_that_cannot_be, 0},
           {written_and_replaced, WRITERS}, {what_cannot_be_written, WRITERS}, {a_full_disk, WRITERS},
           {a_link_and_the_rights_stay, 0}, {rights_follow_the_umask, WRITERS}, {devices_and_pipes_are_written_to, 0},
           {written_in_pieces, 0}, {names_that_begin_and_end_so, 0}, {forgotten_pages_come_back, 0})
