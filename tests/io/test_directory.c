/* Replacing a directory of which another process has made one meanwhile. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/directory.h"
#include "support/folders.h"

static bool holds_ours(const char *path)
{
    char name[512];
    snprintf(name, sizeof name, "%s/ours", path);
    return access(name, F_OK) == 0;
}

/* What came to stand at the target between begin and commit, and whether commit may replace it. */
static const struct {
    const char *file;
    bool replaced;
} came[] = {{"t/ours", true}, {"t/foreign", false}};

START_TEST(what_came_meanwhile)
{
    sbj_directory directory;
    sbertja_error error;
    char *target = folders_path("t"), *written = folders_path("t/written"), *there = folders_path(came[_i].file);
    rmdir(target);
    ck_assert_int_eq(sbj_directory_begin(&sbj_malloc, target, holds_ours, &directory, &error), SBERTJA_OK);
    char name[512];
    snprintf(name, sizeof name, "%s/written", directory.path);
    FILE *file = fopen(name, "w");
    ck_assert_ptr_nonnull(file);
    fclose(file);
    folders_write(came[_i].file, "", 0);
    sbertja_status status = sbj_directory_commit(&directory, &error);
    ck_assert_int_eq(status, came[_i].replaced ? SBERTJA_OK : SBERTJA_E_IO);
    ck_assert_int_eq(access(written, F_OK) == 0, came[_i].replaced);
    ck_assert_int_eq(access(there, F_OK) == 0, !came[_i].replaced);
    sbj_directory_abort(&directory);
    free(target);
    free(written);
    free(there);
    folders_clear();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("directory");
    TCase *tests = tcase_create("directory");
    tcase_add_loop_test(tests, what_came_meanwhile, 0, sizeof came / sizeof *came);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
