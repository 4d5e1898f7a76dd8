/* Rows that no gradient has reached: sumsq and adamw leave out what would change nothing, and give the same bits as
 * when they are not told, on every back end and instruction set, for every number of threads. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/tensors.h"
#include "util/rng.h"

enum { ROWS = 97, STEPS = 3, BEFORE = 19, BEHIND = 50 };

static const char *const sets[] = {"amx", "avx512bf16", "avx512vnni", "avx512", "avx2", "portable",
                                   NULL}; /* NULL: the reference */
static const struct {
    const char *name;
    size_t columns; /* several rows in a block of the arena, or rows across blocks */
    bool correct_bias, decay;
    double lr, weight_decay, share; /* of rows that are reached in the end */
} cases[] = {
    {"torch", 37, true, true, 0.01, 0.1, 0.2},
    {"torch, rows of whole vectors", 768, true, true, 0.01, 0.1, 0.2},
    {"torch, no decay", 37, true, true, 0.01, 0, 0.2},
    {"torch, rate 0", 37, true, true, 0, 0.1, 0.2},
    {"torch, a table that never decays", 37, true, false, 0.01, 0.1, 0.2},
    {"torch, most rows reached", 768, true, true, 0.01, 0.1, 0.9},
    {"torch, none reached", 401, true, true, 0.01, 0.1, 0},
    {"torch, all reached", 401, true, true, 0.01, 0.1, 1},
    {"st-0.4.1", 37, false, true, 0.01, 0.1, 0.2},
    {"st-0.4.1, rows of whole vectors", 768, false, true, 0.01, 0.1, 0.2},
    {"st-0.4.1, no decay", 37, false, true, 0.01, 0, 0.2},
};
enum { CASES = sizeof cases / sizeof *cases, SETS = sizeof sets / sizeof *sets };

/* All arenas one after another, and the sums of squares. */
typedef struct outcome {
    size_t size;
    double *values, sums[STEPS];
} outcome;

static double draw(sbj_rng *rng)
{
    return (double)sbj_rng_below(rng, 2001) / 1000 - 1;
}

/* In each step some rows get a gradient; in the first none of those that come later. */
static void draw_gradients(sbj_rng *rng, unsigned char *reached, double share, size_t columns, double *g, size_t size)
{
    for (size_t i = 0; i < size; i++)
        g[i] = draw(rng);
    for (size_t row = 0; row < ROWS; row++) {
        const bool now = sbj_rng_below(rng, 1000) < 500 * share || share == 1;
        reached[row] = reached[row] || now;
        for (size_t k = 0; k < columns && !now; k++)
            g[BEFORE + row * columns + k] = 0;
    }
}

/* What must not be read, for a back end that is told so. */
static void spoil(const unsigned char *reached, size_t columns, double *values, bool with_nan)
{
    for (size_t i = 0; i < ROWS * columns; i++)
        if (!reached[i / columns])
            values[BEFORE + i] = with_nan ? NAN : 0;
}

static void respoil(ops_device *device, sbj_tensor t, const unsigned char *reached, size_t columns, bool with_nan)
{
    double *values = malloc(t.columns * sizeof *values);
    sbertja_error error;
    must_do(sbj_read(device->backend, t, values, SBJ_F64, &error), &error);
    spoil(reached, columns, values, with_nan);
    must_do(sbj_write(device->backend, t, values, SBJ_F64, &error), &error);
    free(values);
}

static outcome run(ops_device *device, int number, bool told)
{
    const size_t columns = cases[number].columns, size = BEFORE + ROWS * columns + BEHIND;
    unsigned char reached[ROWS] = {0};
    const sbj_segment segments[] = {{3, 1, BEFORE - 5, true, NULL},
                                    {BEFORE, ROWS, columns, cases[number].decay, told ? reached : NULL},
                                    {BEFORE + ROWS * columns + 1, 2, 20, false, NULL}};
    sbj_rng rng = sbj_rng_make(7, 1);
    double *values = calloc(4 * size, sizeof *values);
    outcome result = {size, values, {0}};
    sbertja_error error;
    for (size_t i = 0; i < size; i++)
        values[i] = i % 11 == 0 ? -0.0 : draw(&rng);
    sbj_adamw r = {.parameters = tensor(device, 1, size, values), .gradients = tensor(device, 1, size, NULL)};
    r.m = tensor(device, 1, size, values + size);
    r.v = tensor(device, 1, size, values + size);
    r.segments = segments;
    r.segment_count = 3;
    r.lr = cases[number].lr;
    r.beta1 = 0.9;
    r.beta2 = 0.999;
    r.eps = 1e-8;
    r.weight_decay = cases[number].weight_decay;
    r.grad_scale = 0.5;
    r.correct_bias = cases[number].correct_bias;
    give_scratch(device, 1 << 16);
    for (r.t = 1; r.t <= STEPS; r.t++) {
        const sbj_sumsq sumsq = {r.gradients, segments, 3};
        draw_gradients(&rng, reached, cases[number].share, columns, values, size);
        spoil(reached, columns, values, told);
        must_do(sbj_write(device->backend, r.gradients, values, SBJ_F64, &error), &error);
        respoil(device, r.m, reached, columns, told);
        respoil(device, r.v, reached, columns, told);
        must_do(sbj_do_sumsq(&device->run, &sumsq, &result.sums[r.t - 1], &error), &error);
        must_do(sbj_do_adamw(&device->run, &r, &error), &error);
        respoil(device, r.m, reached, columns, false); /* and those that the next step reaches are 0 */
        respoil(device, r.v, reached, columns, false);
        respoil(device, r.gradients, reached, columns, false);
    }
    const sbj_tensor arenas[] = {r.parameters, r.gradients, r.m, r.v};
    for (size_t i = 0; i < 4; i++)
        must_do(sbj_read(device->backend, arenas[i], values + i * size, SBJ_F64, &error), &error);
    tensors_free(device);
    return result;
}

static void expect_same(const outcome *a, const outcome *b, const char *name, int threads)
{
    ck_assert_msg(memcmp(a->sums, b->sums, sizeof a->sums) == 0, "%s, %d threads: sum of squares", name, threads);
    for (size_t i = 0; i < 4 * a->size; i++)
        if (memcmp(&a->values[i], &b->values[i], sizeof *a->values) != 0)
            ck_abort_msg("%s, %d threads: element %zu of arena %zu: %.9g, expected %.9g", name, threads, i % a->size,
                         i / a->size, b->values[i], a->values[i]);
}

START_TEST(same_bits)
{
    const char *set = sets[_i];
    if (set != NULL && strstr(sbj_cpu_instruction_sets(), set) == NULL) {
        printf("SKIP: kernels for %s: this machine has only: %s\n", set, sbj_cpu_instruction_sets());
        return;
    }
    for (int threads = 1; threads <= 3; threads++) {
        ops_device device;
        ops_open(&device, set == NULL ? "ref" : "cpu", set, NULL, threads);
        for (int number = 0; number < CASES; number++) {
            const outcome plain = run(&device, number, false), told = run(&device, number, true);
            expect_same(&plain, &told, cases[number].name, threads);
            ck_assert(isfinite(told.sums[STEPS - 1]));
            free(plain.values);
            free(told.values);
        }
        ops_close(&device);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("reached");
    TCase *tests = tcase_create("reached");
    tcase_add_loop_test(tests, same_bits, 0, SETS);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
