/* .npy files, byte by byte. */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io/npy.h"
#include "support/scratch.h"

/* As NumPy 1.x and 2.x write np.array([[1, -2, 0.5], [0, 3, 4]], dtype="<f4"). */
START_TEST(bytes_are_those_of_numpy)
{
    static const float values[6] = {1, -2, 0.5f, 0, 3, 4};
    static const char header[] = "\x93NUMPY\x01\x00\x76\x00{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }";
    size_t size, written = sizeof header - 1;
    sbertja_error error;
    const char *path = scratch_path("a.npy");
    ck_assert_msg(sbertja_npy_write(path, values, 2, 3, &error) == SBERTJA_OK, "%s", error.message);
    char *file = scratch_read(path, &size);
    ck_assert_uint_eq(size, 128 + sizeof values);
    ck_assert_int_eq(memcmp(file, header, written), 0);
    for (size_t i = written; i < 127; i++)
        ck_assert_int_eq(file[i], ' ');
    ck_assert_int_eq(file[127], '\n');
    ck_assert_int_eq(memcmp(file + 128, values, sizeof values), 0);
    free(file);
}
END_TEST

START_TEST(no_rows)
{
    size_t size;
    ck_assert_int_eq(sbertja_npy_write(scratch_path("none.npy"), NULL, 0, 768, NULL), SBERTJA_OK);
    char *file = scratch_read(scratch_path("none.npy"), &size);
    ck_assert_uint_eq(size, 128);
    ck_assert_ptr_nonnull(strstr(file + 10, "'shape': (0, 768), }"));
    free(file);
}
END_TEST

START_TEST(refuses)
{
    static const float value = 1;
    sbertja_error error;
    ck_assert_int_eq(sbertja_npy_write(NULL, &value, 1, 1, &error), SBERTJA_E_ARGUMENT);
    ck_assert_int_eq(sbertja_npy_write("a.npy", NULL, 1, 1, &error), SBERTJA_E_ARGUMENT);
    ck_assert_int_eq(sbertja_npy_write("a.npy", &value, SIZE_MAX / 2, 3, &error), SBERTJA_E_ARGUMENT);
    ck_assert_int_eq(sbertja_npy_write(scratch_path("none/a.npy"), &value, 1, 1, &error), SBERTJA_E_IO);
    ck_assert_ptr_nonnull(strstr(error.message, "none/a.npy"));
    ck_assert_int_ne(access(scratch_path("none/a.npy"), F_OK), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("npy");
    TCase *tests = tcase_create("npy");
    tcase_add_checked_fixture(tests, NULL, scratch_clear);
    tcase_add_test(tests, bytes_are_those_of_numpy);
    tcase_add_test(tests, no_rows);
    tcase_add_test(tests, refuses);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
