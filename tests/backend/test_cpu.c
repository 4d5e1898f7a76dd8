/* The CPU back end against the reference: every operation, forward and backward, for every instruction set of this
 * machine and every engine; and the same bits for every number of threads. */
#include <cblas.h>
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "support/ops.h"

/* Largest difference relative to the largest value of the result; a case may have a slack of its own. */
static const double bound = 2e-6;

static const char *const sets[] = {"amx", "avx512bf16", "avx512vnni", "avx512", "avx2", "portable"};
static const struct {
    const char *name;
    int blas_threads; /* OpenBLAS threaded by itself, or by our pool */
} engines[] = {{"packed", 1}, {"openblas", 1}, {"openblas", 2}};
enum { SETS = sizeof sets / sizeof *sets, ENGINES = sizeof engines / sizeof *engines };

/* Beyond the sizes that every back end is tried at: several blocks of rows, columns and k of a product (96, 768, 384),
 * rows of 32 and more of a sum, blocks of 48 queries, several blocks of the arena. */
static const ops_case larger[] = {
    {"linear, blocks", OPS_LINEAR, .lengths = {211}, .hidden = 809, .inner = 400, .activation = SBJ_GELU},
    {"linear, blocks, three parts, windows", OPS_LINEAR, .lengths = {193}, .hidden = 201, .inner = 257, .parts = 3,
     .padding = 9, .add_x = true},
    {"linear, whole blocks", OPS_LINEAR, .lengths = {384}, .hidden = 192, .inner = 256},
    {"linear_norm, blocks", OPS_LINEAR_NORM, .lengths = {200}, .hidden = 300, .inner = 520, .dropout = 0.1},
    {"attention, blocks", OPS_ATTENTION, .lengths = {97, 48, 49, 96, 131}, .hidden = 128, .heads = 2, .dropout = 0.1},
    {"embed, blocks", OPS_EMBED, .lengths = {97, 33}, .hidden = 300, .dropout = 0.1},
    {"adamw, blocks", OPS_ADAMW, .hidden = 40009},
};
enum { LARGER = sizeof larger / sizeof *larger };

static const ops_case *case_at(size_t i)
{
    return i < ops_case_count ? &ops_cases[i] : &larger[i - ops_case_count];
}

static bool have(const char *set)
{
    return strstr(sbj_cpu_instruction_sets(), set) != NULL;
}

/* One instruction set with one engine. */
START_TEST(every_operation_agrees_with_ref)
{
    const char *set = sets[_i / ENGINES];
    ops_device cpu, ref;
    if (!have(set)) {
        if (_i % ENGINES == 0)
            printf("SKIP: kernels for %s: this machine has only: %s\n", set, sbj_cpu_instruction_sets());
        return;
    }
    openblas_set_num_threads(engines[_i % ENGINES].blas_threads);
    ops_open(&ref, "ref", NULL, NULL, 2);
    ops_open(&cpu, "cpu", set, engines[_i % ENGINES].name, 2);
    for (size_t i = 0; i < ops_case_count + LARGER; i++)
        ops_compare(&cpu, &ref, case_at(i), bound);
    ops_close(&cpu);
    ops_close(&ref);
}
END_TEST

static void expect_same_bits(const ops_set *a, const ops_set *b, const char *device, const char *name)
{
    ck_assert_uint_eq(a->count, b->count);
    for (size_t i = 0; i < a->count; i++) {
        size_t bytes = a->items[i].rows * a->items[i].columns * sizeof(double);
        ck_assert_msg(memcmp(a->items[i].values, b->items[i].values, bytes) == 0,
                      "%s, %s: %s has other bits for another number of threads", device, name, a->items[i].name);
    }
}

START_TEST(threads_do_not_change_bits)
{
    const char *set = sets[_i];
    ops_device one, more;
    if (!have(set))
        return;
    ops_open(&one, "cpu", set, "packed", 1);
    for (int threads = 2; threads <= 4; threads += 2) {
        ops_open(&more, "cpu", set, "packed", threads);
        for (size_t i = 0; i < ops_case_count + LARGER; i++) {
            ops_set in = {.count = 0}, a = {.count = 0}, b = {.count = 0};
            ops_run(&one, case_at(i), true, &in, &a);
            ops_run(&more, case_at(i), true, &in, &b);
            expect_same_bits(&a, &b, more.name, case_at(i)->name);
            ops_clear(&in);
            ops_clear(&a);
            ops_clear(&b);
        }
        ops_close(&more);
    }
    ops_close(&one);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cpu");
    TCase *tests = tcase_create("cpu");
    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, every_operation_agrees_with_ref, 0, SETS * ENGINES);
    tcase_add_loop_test(tests, threads_do_not_change_bits, 0, SETS);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
