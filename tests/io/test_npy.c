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

/* ---- Reading ---- */

/* A whole file: magic, version, header filled up to 118 bytes after a length of 2 or 4 bytes, values. */
static size_t make_file(char *file, int version, const char *header, const void *values, size_t bytes)
{
    const size_t prefix = version == 1 ? 10 : 12, length = 118;
    memset(file, 0, prefix);
    memcpy(file, "\x93NUMPY", 6);
    file[6] = (char)version;
    file[8] = (char)length;
    memset(file + prefix, ' ', length);
    memcpy(file + prefix, header, strlen(header));
    file[prefix + length - 1] = '\n';
    memcpy(file + prefix + length, values, bytes);
    return prefix + length + bytes;
}

static const char *const single = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }";
static const float singles[6] = {1, -2, 0.5f, 0, 3, 4};

START_TEST(reads)
{
    static const uint16_t halves[6] = {0x3C00, 0xC000, 0x3800, 0, 0x4200, 0x4400}; /* the same numbers */
    static const struct {
        int version;
        const char *header;
        const void *values;
        size_t bytes;
    } files[] = {
        {1, "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }", singles, sizeof singles},
        {2, "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }", singles, sizeof singles},
        {3, "{'descr': '<f2', 'fortran_order': False, 'shape': (2, 3)}", halves, sizeof halves},
        {1, "{'shape': (2, 3), 'descr': '<f2', 'fortran_order': False}", halves, sizeof halves},
    };
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char file[256];
        sbj_npy npy;
        sbertja_error error;
        const size_t size = make_file(file, files[i].version, files[i].header, files[i].values, files[i].bytes);
        scratch_file("a.npy", file, size);
        ck_assert_msg(sbj_npy_open(scratch_path("a.npy"), &npy, &error) == SBERTJA_OK, "%zu: %s", i, error.message);
        ck_assert_uint_eq(npy.rows, 2);
        ck_assert_uint_eq(npy.columns, 3);
        for (size_t row = 0; row < 2; row++) {
            double values[3];
            ck_assert(sbj_npy_row(&npy, row, values, &error) == SBERTJA_OK);
            for (size_t c = 0; c < 3; c++)
                ck_assert_double_eq(values[c], singles[row * 3 + c]);
        }
        sbj_npy_close(&npy);
    }
}
END_TEST

static void check_refused(const char *file, size_t size, const char *message)
{
    sbj_npy npy;
    sbertja_error error;
    scratch_file("a.npy", file, size);
    ck_assert_int_eq(sbj_npy_open(scratch_path("a.npy"), &npy, &error), SBERTJA_E_FORMAT);
    ck_assert_msg(strstr(error.message, message) != NULL, "%s", error.message);
}

START_TEST(refuses_to_read)
{
    static const char *const shapes[] = {
        "{'descr': '<f8', 'fortran_order': False, 'shape': (2, 3), }",
        "{'descr': '>f4', 'fortran_order': False, 'shape': (2, 3), }",
        "{'descr': '<f4', 'fortran_order': True, 'shape': (2, 3), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (6,), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2, 3), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999, 3), }",
        "{'descr': '<f4', 'fortran_order': False}",
        "{'descr': 'O'}",
        "",
    };
    char file[256];
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        check_refused(file, make_file(file, 1, shapes[i], singles, sizeof singles), "expected two dimensions");
    check_refused(file, make_file(file, 4, single, singles, sizeof singles), "not a NumPy file");
    check_refused(file, make_file(file, 1, "{'descr': '<f4', 'fortran_order': False, 'shape': (4, 3), }", singles,
                                  sizeof singles), "24 bytes of values, expected 4 rows of 3 float32");
    check_refused("text", 4, "not a NumPy file");
}
END_TEST

START_TEST(cut_off_anywhere)
{
    char file[256];
    const size_t size = make_file(file, 2, single, singles, sizeof singles);
    for (size_t length = 0; length < size; length++)
        check_refused(file, length, "a.npy: ");
    file[9] = (char)0xFF; /* a header longer than the file */
    check_refused(file, size, "cut off in its header");
}
END_TEST

/* A teacher's file that is written to while it is in use. */
START_TEST(written_to_meanwhile)
{
    static const float values[6] = {1, -2, 0.5f, 0, 3, 4};
    const char *path = scratch_path("a.npy");
    double row[3];
    sbj_npy npy;
    sbertja_error error;
    ck_assert_int_eq(sbertja_npy_write(path, values, 2, 3, NULL), SBERTJA_OK);
    ck_assert_int_eq(sbj_npy_open(path, &npy, &error), SBERTJA_OK);
    ck_assert_int_eq(sbj_npy_row(&npy, 1, row, &error), SBERTJA_OK);
    ck_assert(row[1] == 3 && sbj_input_check_written(&npy.file, &error) == SBERTJA_OK);
    ck_assert_int_eq(truncate(path, 140), 0);
    ck_assert_int_eq(sbj_npy_row(&npy, 1, row, &error), SBERTJA_E_IO);
    ck_assert_ptr_nonnull(strstr(error.message, "a.npy: was changed"));
    ck_assert_int_eq(sbj_input_check_written(&npy.file, &error), SBERTJA_E_IO);
    sbj_npy_close(&npy);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("npy");
    TCase *tests = tcase_create("npy");
    tcase_add_checked_fixture(tests, NULL, scratch_clear);
    tcase_add_test(tests, bytes_are_those_of_numpy);
    tcase_add_test(tests, no_rows);
    tcase_add_test(tests, written_to_meanwhile);
    tcase_add_test(tests, refuses);
    tcase_add_test(tests, reads);
    tcase_add_test(tests, refuses_to_read);
    tcase_add_test(tests, cut_off_anywhere);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
