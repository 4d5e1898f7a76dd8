/* The hash of a file's sample: what it notices, and that it stays the same number. */
#include "io/sample.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "support/folders.h"
#include "support/suite.h"
#include "util/hash.h"

enum { SMALL = 128 * 48 }; /* is hashed whole */

static uint64_t hash_of(const unsigned char *content, size_t size)
{
    uint64_t hash = SBJ_HASH_START;
    sbertja_error error;
    folders_write("file", content, size);
    char *path = folders_path("file");
    ck_assert_msg(sbj_sample_file(path, &hash, &error) == SBERTJA_OK, "%s", error.message);
    free(path);
    return hash;
}

static void fill(unsigned char *content, size_t size)
{
    for (size_t i = 0; i < size; i++)
        content[i] = (unsigned char)(i * i * 31 >> 3);
}

/* Up to this size every byte counts. */
START_TEST(small_files)
{
    unsigned char content[SMALL];
    fill(content, sizeof content);
    const uint64_t whole = hash_of(content, SMALL);
    ck_assert_uint_eq(whole, hash_of(content, SMALL));
    ck_assert_uint_ne(whole, hash_of(content, SMALL - 1));
    ck_assert_uint_ne(hash_of(content, 0), hash_of(content, 1));
    for (size_t at = 0; at < SMALL; at += 239) {
        content[at] ^= 1;
        ck_assert_uint_ne(whole, hash_of(content, SMALL));
        content[at] ^= 1;
    }
}
END_TEST

/* In a larger one its ends count, its size, and a byte that moves what follows. */
START_TEST(large_files)
{
    const size_t size = 1000003;
    unsigned char *content = malloc(size);
    ck_assert_ptr_nonnull(content);
    fill(content, size);
    const uint64_t whole = hash_of(content, size);
    const size_t ends[] = {0, 127, size - 128, size - 1};
    ck_assert_uint_ne(whole, hash_of(content, size - 1));
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        content[ends[i]] ^= 1;
        ck_assert_uint_ne(whole, hash_of(content, size));
        content[ends[i]] ^= 1;
    }
    memmove(content + 5000, content + 5001, size / 20); /* one byte less here, one more there: the same size */
    ck_assert_uint_ne(whole, hash_of(content, size));
    free(content);
    folders_clear();
}
END_TEST

START_TEST(not_files)
{
    uint64_t hash = 7;
    sbertja_error error;
    char *path = folders_path("pipe"), *folder = folders_path("folder/x");
    *strrchr(folder, '/') = '\0';
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    const char *const names[] = {path, folder, "/nonexistent/file"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        ck_assert_int_eq(sbj_sample_file(names[i], &hash, &error), SBERTJA_E_IO);
        ck_assert_msg(strstr(error.message, names[i]) != NULL, "%s", error.message);
        ck_assert_uint_eq(hash, 7);
    }
    free(path);
    free(folder);
    folders_clear();
}
END_TEST

SUITE_MAIN("io/sample", 20, {small_files, 0}, {large_files, 0}, {not_files, 0})
