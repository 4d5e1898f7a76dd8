/* Making the CPU back end: names of instruction sets and engines, and no memory. */
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "backend/backend.h"
#include "backend/cpu/openblas.h"
#include "support/failing_alloc.h"

static sbertja_error error;

static sbertja_status make(const char *instructions, const char *engine, sbj_backend **backend)
{
    sbj_backend_options options = {"cpu", engine, instructions, NULL, {NULL, NULL}, SBJ_PRECISION_F32};
    return sbj_backend_cpu(&options, backend, &error);
}

static const struct {
    const char *device, *engine;
    sbj_precision precision;
    sbertja_status status;
    const char *says; /* the engine, or the error */
} precisions[] = {
    {"cpu", NULL, SBJ_PRECISION_BF16, SBERTJA_OK, "packed"},
    {"cpu", "auto", SBJ_PRECISION_INT8, SBERTJA_OK, "packed"},
    {"cpu", "packed", SBJ_PRECISION_INT8, SBERTJA_OK, "packed"},
    {"cpu", "openblas", SBJ_PRECISION_BF16, SBERTJA_E_UNSUPPORTED,
     "precision bf16: engine openblas computes in f32 only, expected packed"},
    {"cpu", "pack", SBJ_PRECISION_INT8, SBERTJA_E_ARGUMENT, "engine pack: unknown"},
    {"ref", NULL, SBJ_PRECISION_INT8, SBERTJA_E_UNSUPPORTED, "precision int8: device ref computes in double only"},
};

START_TEST(a_precision_needs_an_engine_that_has_it)
{
    const sbj_backend_options options = {precisions[_i].device, precisions[_i].engine, NULL,
                                         &sbj_malloc,           {NULL, NULL},          precisions[_i].precision};
    sbj_backend *backend = NULL;
    ck_assert_int_eq(sbj_backend_create(&options, &backend, &error), precisions[_i].status);
    ck_assert((backend != NULL) == (precisions[_i].status == SBERTJA_OK));
    const char *text = backend != NULL ? backend->table->engine(backend) : error.message;
    ck_assert_msg(strncmp(text, precisions[_i].says, strlen(precisions[_i].says)) == 0, "%s", text);
    sbj_backend_free(backend);
}
END_TEST

static bool names(const char *list, const char *name)
{
    size_t length = strlen(name);
    for (const char *at = list; (at = strstr(at, name)) != NULL; at += length)
        if ((at == list || at[-1] == ' ') && (at[length] == ' ' || at[length] == '\0'))
            return true;
    return false;
}

static const char *const sets[] = {"amx", "avx512bf16", "avx512vnni", "avx512", "avx2", "portable"};

START_TEST(a_set_by_name_or_why_not)
{
    sbj_backend *backend;
    sbertja_status status = make(sets[_i], NULL, &backend);
    if (names(sbj_cpu_instruction_sets(), sets[_i])) {
        ck_assert_int_eq(status, SBERTJA_OK);
        ck_assert_str_eq(backend->table->instructions(backend), sets[_i]);
    } else {
        ck_assert_msg(status == SBERTJA_E_MISSING || status == SBERTJA_E_ARGUMENT, "%s", error.message);
        ck_assert_ptr_null(backend);
        ck_assert_ptr_nonnull(strstr(error.message, sets[_i]));
    }
    sbj_backend_free(backend);
}
END_TEST

START_TEST(the_best_set_comes_first_and_is_the_automatic_one)
{
    sbj_backend *backend;
    const char *list = sbj_cpu_instruction_sets();
    ck_assert(names(list, "portable"));
    ck_assert_int_eq(make("auto", "auto", &backend), SBERTJA_OK);
    const char *name = backend->table->instructions(backend);
    ck_assert_int_eq(strncmp(list, name, strlen(name)), 0);
    sbj_backend_free(backend);
}
END_TEST

#if defined(__x86_64__)
/* Both are there by name, on every processor that has both. */
START_TEST(pairs_of_bf16_come_first_where_they_are_fast)
{
    const char *list = sbj_cpu_instruction_sets(), *pairs = strstr(list, "avx512bf16");
    if (pairs == NULL) {
        printf("SKIP: the order of avx512bf16 and avx512vnni: this machine has only: %s\n", list);
        return;
    }
    const bool slow = __builtin_cpu_is("intel") && !__builtin_cpu_is("cooperlake");
    ck_assert(names(list, "avx512vnni"));
    if (names(list, "amx")) /* Intel's alone, unless it is emulated */
        ck_assert(pairs > strstr(list, "avx512vnni"));
    else
        ck_assert((pairs > strstr(list, "avx512vnni")) == slow);
}
END_TEST
#endif

#if defined(SYS_arch_prctl) && !defined(SBJ_EMULATED)
/* Each test is a process of its own (unless CK_FORK=no), which has not asked for AMX's registers. */
enum { ARCH_GET_XCOMP_PERM = 0x1022, XFEATURE_XTILEDATA = 18, SMALL_STACK = 8192 };

static bool tiles_are_granted(void)
{
    uint64_t features = 0;
    ck_assert_int_eq(syscall(SYS_arch_prctl, ARCH_GET_XCOMP_PERM, &features), 0);
    return (features >> XFEATURE_XTILEDATA & 1) != 0;
}

static bool can_tell(void)
{
    const char *fork = getenv("CK_FORK");
    if (!names(sbj_cpu_instruction_sets(), "amx"))
        printf("SKIP: AMX's registers: this machine has only: %s\n", sbj_cpu_instruction_sets());
    else if (fork != NULL && strcmp(fork, "no") == 0)
        printf("SKIP: AMX's registers: CK_FORK=no, so another test has asked for them\n");
    else
        return true;
    return false;
}

START_TEST(tiles_are_asked_for_when_they_are_taken)
{
    sbj_backend *backend;
    if (!can_tell())
        return;
    ck_assert_int_eq(make("avx2", NULL, &backend), SBERTJA_OK);
    sbj_backend_free(backend);
    ck_assert(!tiles_are_granted());
    ck_assert_int_eq(make("amx", NULL, &backend), SBERTJA_OK);
    sbj_backend_free(backend);
    ck_assert(tiles_are_granted());
}
END_TEST

/* A signal stack that has no room for them. */
START_TEST(tiles_that_are_refused)
{
    static char memory[SMALL_STACK];
    const stack_t stack = {.ss_sp = memory, .ss_size = sizeof memory};
    sbj_backend *backend;
    if (!can_tell())
        return;
    ck_assert_int_eq(sigaltstack(&stack, NULL), 0);
    ck_assert_int_eq(make("amx", NULL, &backend), SBERTJA_E_MISSING);
    ck_assert_ptr_nonnull(strstr(error.message, "instructions amx: the system does not grant their registers"));
    ck_assert_int_eq(make("auto", NULL, &backend), SBERTJA_OK);
    ck_assert_str_eq(backend->table->instructions(backend), "avx512vnni");
    sbj_backend_free(backend);
}
END_TEST
#endif

static const struct {
    const char *engine, *says;
} engines[] = {{NULL, "packed"}, {"auto", "packed"}, {"packed", "packed"}, {"openblas", "openblas 0."}};

START_TEST(an_engine_by_name)
{
    sbj_backend *backend;
    ck_assert_int_eq(make(NULL, engines[_i].engine, &backend), SBERTJA_OK);
    const char *text = backend->table->engine(backend);
    ck_assert_msg(strncmp(text, engines[_i].says, strlen(engines[_i].says)) == 0, "%s", text);
    sbj_backend_free(backend);
}
END_TEST

START_TEST(an_openblas_that_is_not_there)
{
    static const char *const files[] = {"libopenblas-nonesuch.so.0", "libm.so.6"};
    sbj_openblas blas;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        ck_assert_int_eq(sbj_openblas_open(files[i], &blas, &error), SBERTJA_E_MISSING);
        ck_assert_ptr_null(blas.library);
        ck_assert_msg(strncmp(error.message, "engine openblas: ", 17) == 0, "%s", error.message);
        ck_assert_msg(strstr(error.message, files[i]) != NULL, "%s", error.message);
        sbj_openblas_close(&blas);
    }
}
END_TEST

static const struct {
    const char *instructions, *engine, *message;
} unknown[] = {
    {"avx3", NULL, "instructions avx3: unknown"},
    {"", NULL, "instructions : unknown"},
    {NULL, "mkl", "engine mkl: unknown"},
    {NULL, "pack", "engine pack: unknown"},
};

START_TEST(unknown_names_are_refused)
{
    sbj_backend *backend = (sbj_backend *)&error;
    ck_assert_int_eq(make(unknown[_i].instructions, unknown[_i].engine, &backend), SBERTJA_E_ARGUMENT);
    ck_assert_ptr_null(backend);
    ck_assert_msg(strncmp(error.message, unknown[_i].message, strlen(unknown[_i].message)) == 0, "%s", error.message);
}
END_TEST

/* A back end, a weight, its packed form. */
static sbertja_status make_and_prepare(const sbj_alloc *alloc)
{
    sbj_backend_options options = {"cpu", "packed", NULL, alloc, {NULL, NULL}, SBJ_PRECISION_F32};
    sbj_backend *backend = NULL;
    sbj_matrix w = {.parts = 1};
    sbertja_status status = sbj_backend_cpu(&options, &backend, &error);
    if (status == SBERTJA_OK)
        status = sbj_tensor_new(backend, SBJ_F32, 20, 30, &w.weight[0], &error);
    if (status == SBERTJA_OK) {
        memset(error.message, 0, sizeof error.message);
        float zeros[20 * 30] = {0};
        status = sbj_write(backend, w.weight[0], zeros, SBJ_F32, &error);
    }
    if (status == SBERTJA_OK)
        status = sbj_prepare(backend, NULL, &w, &error);
    ck_assert(status != SBERTJA_OK || w.packed != NULL);
    if (backend != NULL) {
        sbj_unprepare(backend, &w);
        sbj_tensor_free(backend, &w.weight[0]);
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
        sbertja_status status = make_and_prepare(&heap.alloc);
        ck_assert_int_eq(status, failing_alloc_failed(&heap) ? SBERTJA_E_MEMORY : SBERTJA_OK);
        ck_assert_uint_eq(failing_alloc_live(&heap), 0);
    } while (failing_alloc_failed(&heap));
    ck_assert_uint_ge(n, 5);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cpu_choice");
    TCase *tests = tcase_create("cpu_choice");
    tcase_add_loop_test(tests, a_set_by_name_or_why_not, 0, sizeof sets / sizeof *sets);
    tcase_add_test(tests, the_best_set_comes_first_and_is_the_automatic_one);
#if defined(__x86_64__)
    tcase_add_test(tests, pairs_of_bf16_come_first_where_they_are_fast);
#endif
#if defined(SYS_arch_prctl) && !defined(SBJ_EMULATED)
    tcase_add_test(tests, tiles_are_asked_for_when_they_are_taken);
    tcase_add_test(tests, tiles_that_are_refused);
#endif
    tcase_add_loop_test(tests, an_engine_by_name, 0, sizeof engines / sizeof *engines);
    tcase_add_test(tests, an_openblas_that_is_not_there);
    tcase_add_loop_test(tests, unknown_names_are_refused, 0, sizeof unknown / sizeof *unknown);
    tcase_add_loop_test(tests, a_precision_needs_an_engine_that_has_it, 0, sizeof precisions / sizeof *precisions);
    tcase_add_test(tests, every_allocation_may_fail);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
