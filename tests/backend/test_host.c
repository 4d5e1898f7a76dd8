/* Buffers in host memory: conversions, windows, wrapped memory, and allocations that fail. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "backend/host.h"
#include "support/failing_alloc.h"

static sbertja_error error;
static sbj_backend *ref;

static void open_ref(void)
{
    sbj_backend_options options = {"ref", NULL, NULL, &sbj_malloc, {NULL, NULL}, SBJ_PRECISION_F32};
    ck_assert_int_eq(sbj_backend_create(&options, &ref, &error), SBERTJA_OK);
}

static void close_ref(void)
{
    sbj_backend_free(ref);
}

static sbj_tensor new_tensor(sbj_type type, size_t rows, size_t columns)
{
    sbj_tensor t;
    ck_assert_int_eq(sbj_tensor_new(ref, type, rows, columns, &t, &error), SBERTJA_OK);
    ck_assert_uint_eq((uintptr_t)t.buffer->data % 64, 0);
    return t;
}

/* ---- Conversions ------------------------------------------------------------------------------------------------ */

enum { COUNT = 4 };

typedef union numbers {
    float f32[COUNT];
    double f64[COUNT];
    int32_t i32[COUNT];
} numbers;

static numbers numbers_of(sbj_type type, const double *values)
{
    numbers n;
    for (int i = 0; i < COUNT; i++)
        if (type == SBJ_F32)
            n.f32[i] = (float)values[i];
        else if (type == SBJ_F64)
            n.f64[i] = values[i];
        else
            n.i32[i] = (int32_t)values[i];
    return n;
}

static const sbj_type types[] = {SBJ_F32, SBJ_F64, SBJ_I32};

/* Every host type into every tensor type and back as every host type. */
START_TEST(numbers_survive_all_types)
{
    static const double values[COUNT] = {0, -3, 8388607, -8388608};
    for (int tensor_type = 0; tensor_type < 3; tensor_type++)
        for (int from = 0; from < 3; from++)
            for (int to = 0; to < 3; to++) {
                sbj_tensor t = new_tensor(types[tensor_type], 2, 2);
                numbers in = numbers_of(types[from], values), expected = numbers_of(types[to], values), out;
                memset(&out, 0, sizeof out);
                ck_assert_int_eq(sbj_write(ref, t, &in, types[from], &error), SBERTJA_OK);
                ck_assert_int_eq(sbj_read(ref, t, &out, types[to], &error), SBERTJA_OK);
                ck_assert_mem_eq(&out, &expected, COUNT * sbj_type_size(types[to]));
                sbj_tensor_free(ref, &t);
                ck_assert(!sbj_present(t));
            }
}
END_TEST

START_TEST(reals_beyond_i32_become_the_nearest)
{
    static const double in[] = {1e10, -1e10, NAN, 2147483646.5, -INFINITY, 2.75};
    static const int32_t expected[] = {INT32_MAX, INT32_MIN, 0, 2147483646, INT32_MIN, 2};
    int32_t out[6];
    sbj_tensor t = new_tensor(SBJ_I32, 1, 6);
    ck_assert_int_eq(sbj_write(ref, t, in, SBJ_F64, &error), SBERTJA_OK);
    ck_assert_int_eq(sbj_read(ref, t, out, SBJ_I32, &error), SBERTJA_OK);
    ck_assert_mem_eq(out, expected, sizeof expected);
    sbj_tensor_free(ref, &t);
}
END_TEST

/* Halfway to an even and to an odd neighbour, the smallest of F16, what is too large for it. */
START_TEST(sixteen_bits_round_to_nearest_even)
{
    static const struct {
        sbj_type type;
        float in, out;
    } rows[] = {
        {SBJ_BF16, 1 + 0x1p-8f, 1},       {SBJ_BF16, 1 + 0x3p-8f, 1 + 0x1p-6f}, {SBJ_BF16, -0x1p-130f, -0x1p-130f},
        {SBJ_F16, 1 + 0x1p-11f, 1},       {SBJ_F16, 1 + 0x3p-11f, 1 + 0x1p-9f}, {SBJ_F16, 0x1p-24f, 0x1p-24f},
        {SBJ_F16, -0x1p17f, -INFINITY},   {SBJ_BF16, INFINITY, INFINITY},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const double wide = rows[i].in;
        float out;
        sbj_tensor t = new_tensor(rows[i].type, 1, 1);
        ck_assert_uint_eq(t.buffer->bytes, 2);
        ck_assert_int_eq(sbj_write(ref, t, &rows[i].in, SBJ_F32, &error), SBERTJA_OK);
        ck_assert_int_eq(sbj_read(ref, t, &out, SBJ_F32, &error), SBERTJA_OK);
        ck_assert_msg(out == rows[i].out, "row %zu: %a", i, out);
        ck_assert_int_eq(sbj_write(ref, t, &wide, SBJ_F64, &error), SBERTJA_OK);
        ck_assert_int_eq(sbj_read(ref, t, &out, SBJ_F32, &error), SBERTJA_OK);
        ck_assert_msg(out == rows[i].out, "row %zu from double: %a", i, out);
        sbj_tensor_free(ref, &t);
    }
}
END_TEST

/* ---- Windows ---------------------------------------------------------------------------------------------------- */

START_TEST(windows_touch_only_their_own)
{
    static const double all[12] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}, block[4] = {-1, -2, -3, -4};
    static const double written[12] = {0, 1, 2, 3, 4, -1, -2, 7, 8, -3, -4, 11};
    static const double zeroed[12] = {0, 1, 0, 3, 4, -1, 0, 7, 8, -3, 0, 11};
    double out[12];
    sbj_tensor t = new_tensor(SBJ_F64, 3, 4), w = sbj_window(t, 1, 2, 1, 2);
    sbj_run run = {.backend = ref};
    ck_assert_int_eq(sbj_write(ref, t, all, SBJ_F64, &error), SBERTJA_OK);
    ck_assert_int_eq(sbj_write(ref, w, block, SBJ_F64, &error), SBERTJA_OK);
    ck_assert_int_eq(sbj_read(ref, t, out, SBJ_F64, &error), SBERTJA_OK);
    ck_assert_mem_eq(out, written, sizeof out);
    ck_assert_int_eq(sbj_read(ref, w, out, SBJ_F64, &error), SBERTJA_OK);
    ck_assert_mem_eq(out, block, sizeof block);
    ck_assert_int_eq(sbj_zero(&run, sbj_window(t, 0, 3, 2, 1), &error), SBERTJA_OK);
    ck_assert_int_eq(sbj_read(ref, t, out, SBJ_F64, &error), SBERTJA_OK);
    ck_assert_mem_eq(out, zeroed, sizeof out);
    sbj_tensor_free(ref, &t);
}
END_TEST

static const struct {
    size_t row, rows, column, columns, stride;
    const char *message; /* after "write: " and so on; NULL: it fits */
} windows[] = {
    {0, 3, 0, 4, 4, NULL},
    {2, 1, 3, 1, 4, NULL},
    {0, 0, 9, 9, 9, NULL},
    {1, 3, 0, 4, 4, "a window of [3, 4] at 4, stride 4, in a buffer of 12"},
    {0, 3, 1, 4, 4, "a window of [3, 4] at 1, stride 4, in a buffer of 12"},
    {0, 3, 0, 4, 5, "a window of [3, 4] at 0, stride 5, in a buffer of 12"},
    {0, 1, 0, 13, 13, "a window of [1, 13] at 0, stride 13, in a buffer of 12"},
    {0, SIZE_MAX, 0, 1, 2, "a window of [18446744073709551615, 1] at 0, stride 2, in a buffer of 12"},
};

START_TEST(windows_beyond_the_buffer_are_refused)
{
    double host[12] = {0};
    char expected[128];
    sbj_tensor t = new_tensor(SBJ_F64, 3, 4),
               w = sbj_window(t, windows[_i].row, windows[_i].rows, windows[_i].column, windows[_i].columns);
    sbj_run run = {.backend = ref};
    w.stride = windows[_i].stride;
    const sbertja_status status = windows[_i].message == NULL ? SBERTJA_OK : SBERTJA_E_INTERNAL;
    const sbertja_status found[] = {sbj_write(ref, w, host, SBJ_F64, &error), sbj_read(ref, w, host, SBJ_F64, &error),
                                    sbj_zero(&run, w, &error)};
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(found[i], status);
    if (windows[_i].message != NULL) {
        snprintf(expected, sizeof expected, "zero: %s", windows[_i].message);
        ck_assert_str_eq(error.message, expected);
    }
    sbj_tensor_free(ref, &t);
}
END_TEST

START_TEST(wrong_transfers_are_named)
{
    double host[4] = {0};
    sbj_tensor t = new_tensor(SBJ_F64, 2, 2), bad = t;
    sbj_run run = {.backend = ref};
    ck_assert_int_eq(sbj_write(ref, t, NULL, SBJ_F64, &error), SBERTJA_E_INTERNAL);
    ck_assert_str_eq(error.message, "write: host memory: none");
    ck_assert_int_eq(sbj_read(ref, SBJ_NONE, host, SBJ_F64, &error), SBERTJA_E_INTERNAL);
    ck_assert_str_eq(error.message, "read: tensor: none");
    ck_assert_int_eq(sbj_read(ref, t, host, (sbj_type)4, &error), SBERTJA_E_INTERNAL);
    ck_assert_str_eq(error.message, "read: host type 4, expected 1 to 3");
    bad.stride = 1;
    ck_assert_int_eq(sbj_zero(&run, bad, &error), SBERTJA_E_INTERNAL);
    ck_assert_str_eq(error.message, "zero: tensor: stride 1, expected at least the 2 columns");
    bad.type = (sbj_type)0;
    ck_assert_int_eq(sbj_zero(&run, bad, &error), SBERTJA_E_INTERNAL);
    ck_assert_str_eq(error.message, "zero: tensor: type 0, expected 1 to 5");
    sbj_tensor_free(ref, &t);
}
END_TEST

/* ---- Memory ----------------------------------------------------------------------------------------------------- */

START_TEST(wrapped_memory_is_read_only_and_not_freed)
{
    double host[4] = {1, 2, 3, 4}, out[4];
    sbj_buffer *buffer = NULL;
    sbj_run run = {.backend = ref};
    ck_assert_int_eq(sbj_host_wrap(ref, host, sizeof host, &buffer, &error), SBERTJA_OK);
    sbj_tensor t = {buffer, 0, 2, 2, 2, SBJ_F64};
    ck_assert_int_eq(sbj_read(ref, t, out, SBJ_F64, &error), SBERTJA_OK);
    ck_assert_mem_eq(out, host, sizeof host);
    ck_assert_int_eq(sbj_write(ref, t, out, SBJ_F64, &error), SBERTJA_E_INTERNAL);
    ck_assert_int_eq(sbj_zero(&run, t, &error), SBERTJA_E_INTERNAL);
    sbj_tensor_free(ref, &t);
    ck_assert_double_eq(host[3], 4);
}
END_TEST

START_TEST(sizes_that_do_not_fit_are_no_memory)
{
    sbj_tensor t;
    ck_assert_int_eq(sbj_tensor_new(ref, SBJ_F64, SIZE_MAX / 2, 3, &t, &error), SBERTJA_E_MEMORY);
    ck_assert(!sbj_present(t));
    ck_assert_int_eq(sbj_tensor_new(ref, SBJ_F64, SIZE_MAX / 4, 1, &t, &error), SBERTJA_E_MEMORY);
    ck_assert(!sbj_present(t));
    sbj_tensor_free(ref, &t); /* nothing */
}
END_TEST

static sbertja_status make_and_free(const sbj_alloc *alloc)
{
    sbj_backend_options options = {"ref", NULL, NULL, alloc, {NULL, NULL}, SBJ_PRECISION_F32};
    sbj_backend *backend = NULL;
    sbj_tensor t = SBJ_NONE;
    sbj_buffer *wrapped = NULL;
    double host[1] = {0};
    sbertja_status status = sbj_backend_create(&options, &backend, &error);
    if (status == SBERTJA_OK)
        status = sbj_tensor_new(backend, SBJ_F64, 3, 5, &t, &error);
    if (status == SBERTJA_OK)
        status = sbj_host_wrap(backend, host, sizeof host, &wrapped, &error);
    if (backend != NULL) {
        sbj_tensor_free(backend, &t);
        sbj_host_release(backend, wrapped);
    }
    sbj_backend_free(backend);
    return status;
}

START_TEST(every_allocation_may_fail)
{
    failing_alloc heap;
    size_t n = 0;
    do {
        failing_alloc_init(&heap, ++n);
        sbertja_status status = make_and_free(&heap.alloc);
        ck_assert_int_eq(status, failing_alloc_failed(&heap) ? SBERTJA_E_MEMORY : SBERTJA_OK);
        ck_assert_uint_eq(failing_alloc_live(&heap), 0);
    } while (failing_alloc_failed(&heap));
    ck_assert_uint_eq(n, 5); /* a back end, a buffer and its memory, a wrapped buffer; then all went well */
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("host");
    TCase *tests = tcase_create("host");
    tcase_add_checked_fixture(tests, open_ref, close_ref);
    tcase_add_test(tests, numbers_survive_all_types);
    tcase_add_test(tests, reals_beyond_i32_become_the_nearest);
    tcase_add_test(tests, sixteen_bits_round_to_nearest_even);
    tcase_add_test(tests, windows_touch_only_their_own);
    tcase_add_loop_test(tests, windows_beyond_the_buffer_are_refused, 0, sizeof windows / sizeof *windows);
    tcase_add_test(tests, wrong_transfers_are_named);
    tcase_add_test(tests, wrapped_memory_is_read_only_and_not_freed);
    tcase_add_test(tests, sizes_that_do_not_fit_are_no_memory);
    tcase_add_test(tests, every_allocation_may_fail);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
