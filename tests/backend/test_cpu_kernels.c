/* Vector kernels by themselves, for every instruction set of this machine: how exact the functions of vec_math.h are,
 * what becomes of infinities and NaN, and dropout's factors against the one rule in dropout.h. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/cpu/cpu.h"

static const char *const sets[] = {"amx", "avx512bf16", "avx512vnni", "avx512", "avx2", "portable"};
enum { SETS = sizeof sets / sizeof *sets };

static const sbj_kernels *kernels_of(const char *set)
{
    const sbj_kernels *kernels;
    sbertja_error error;
    if (sbj_isa_choose(set, &kernels, &error) != SBERTJA_OK)
        printf("SKIP: kernels by themselves: %s\n", error.message);
    return kernels;
}

/* ---- Activations ------------------------------------------------------------------------------------------------- */

static double chance(double x)
{
    return 0.5 * erfc(-x / sqrt(2));
}

static double gelu(double x)
{
    return x * chance(x);
}

static double gelu_slope(double x)
{
    return chance(x) + x * exp(-x * x / 2) / sqrt(2 * 3.14159265358979323846);
}

static double inner(double x)
{
    return sqrt(2 / 3.14159265358979323846) * (x + 0.044715 * x * x * x);
}

static double gelu_tanh(double x)
{
    return x / (1 + exp(-2 * inner(x)));
}

static double gelu_tanh_slope(double x)
{
    double s = 1 / (1 + exp(-2 * inner(x)));
    return s + x * s * (1 - s) * 2 * sqrt(2 / 3.14159265358979323846) * (1 + 3 * 0.044715 * x * x);
}

static double tanh_slope(double x)
{
    double c = cosh(x);
    return 1 / (c * c);
}

static double sigmoid(double x)
{
    return 1 / (1 + exp(-x));
}

static double sigmoid_slope(double x)
{
    return sigmoid(x) * sigmoid(-x);
}

/* Errors in units of 2^-24 of the result where it is at least `from`, else of `from`: what is below does not reach the
 * sums that these numbers go into. */
static const struct {
    const char *name;
    sbj_activation activation;
    double (*value)(double), (*slope)(double);
    double value_from, value_units, slope_from, slope_units;
} functions[] = {
    {"gelu", SBJ_GELU, gelu, gelu_slope, 1e-3, 16, 0.1, 16},
    {"gelu_tanh", SBJ_GELU_TANH, gelu_tanh, gelu_tanh_slope, 0.1, 8, 0.1, 40},
    {"tanh", SBJ_TANH, tanh, tanh_slope, 1e-30, 6, 0.1, 12},
    {"sigmoid", SBJ_SIGMOID, sigmoid, sigmoid_slope, 1e-3, 5, 0.1, 16},
};
enum { FUNCTIONS = sizeof functions / sizeof *functions, GRID = 1 << 16 };

static double units_off(double got, double right, double from)
{
    double size = fabs(right) > from ? fabs(right) : from;
    return fabs(got - right) / size * 0x1p24;
}

/* The whole range where they are not constant, from -14 to 14. */
static void check_function(const sbj_kernels *kernels, size_t f)
{
    static float x[GRID], y[GRID], slope[GRID];
    double value_worst = 0, slope_worst = 0;
    for (size_t i = 0; i < GRID; i++) {
        x[i] = y[i] = ((float)i - GRID / 2) * (28.0f / GRID);
        slope[i] = 1;
    }
    kernels->activation->forward(functions[f].activation, false, 1, GRID, NULL, NULL, 0, y, GRID);
    kernels->activation->backward(functions[f].activation, x, slope, GRID);
    for (size_t i = 0; i < GRID; i++) {
        double value = units_off(y[i], functions[f].value(x[i]), functions[f].value_from);
        double slant = units_off(slope[i], functions[f].slope(x[i]), functions[f].slope_from);
        value_worst = value > value_worst ? value : value_worst;
        slope_worst = slant > slope_worst ? slant : slope_worst;
    }
    ck_assert_msg(value_worst <= functions[f].value_units, "%s %s: %g units", kernels->name, functions[f].name,
                  value_worst);
    ck_assert_msg(slope_worst <= functions[f].slope_units, "%s %s: slope: %g units", kernels->name, functions[f].name,
                  slope_worst);
}

START_TEST(functions_are_exact_to_a_few_units)
{
    const sbj_kernels *kernels = kernels_of(sets[_i]);
    for (size_t f = 0; kernels != NULL && f < FUNCTIONS; f++)
        check_function(kernels, f);
}
END_TEST

static const struct {
    const char *name;
    sbj_activation activation;
    float x, y;
} ends[] = {
    {"gelu of a large value", SBJ_GELU, 1e30f, 1e30f},
    {"gelu of a large negative value", SBJ_GELU, -1e30f, 0},
    {"gelu of infinity", SBJ_GELU, INFINITY, INFINITY},
    {"gelu of NaN", SBJ_GELU, NAN, NAN},
    {"gelu of 0", SBJ_GELU, 0, 0},
    {"tanh of infinity", SBJ_TANH, INFINITY, 1},
    {"tanh of minus infinity", SBJ_TANH, -INFINITY, -1},
    {"tanh of NaN", SBJ_TANH, NAN, NAN},
    {"sigmoid of a large value", SBJ_SIGMOID, 200, 1},
    {"sigmoid of a large negative value", SBJ_SIGMOID, -200, 0},
    {"sigmoid of NaN", SBJ_SIGMOID, NAN, NAN},
    {"relu of a negative value", SBJ_RELU, -3, 0},
    {"relu of NaN", SBJ_RELU, NAN, NAN},
};
enum { ENDS = sizeof ends / sizeof *ends };

START_TEST(functions_at_the_ends)
{
    const sbj_kernels *kernels = kernels_of(sets[_i]);
    for (size_t i = 0; kernels != NULL && i < ENDS; i++) {
        float y = ends[i].x;
        kernels->activation->forward(ends[i].activation, false, 1, 1, NULL, NULL, 0, &y, 1);
        ck_assert_msg(isnan(ends[i].y) ? isnan(y) : y == ends[i].y, "%s, %s: %g", kernels->name, ends[i].name,
                      (double)y);
    }
}
END_TEST

/* Of what is rounded next to bf16, whose units in the last place at 1 are 4e-3. */
START_TEST(rough_gelu_is_near_gelu)
{
    static float x[GRID], y[GRID];
    const sbj_kernels *kernels = kernels_of(sets[_i]);
    const float far[] = {1e30f, -1e30f, INFINITY, 0}, far_y[] = {1e30f, 0, INFINITY, 0};
    if (kernels == NULL)
        return;
    for (size_t i = 0; i < GRID; i++)
        x[i] = y[i] = ((float)i - GRID / 2) * (28.0f / GRID);
    kernels->activation->forward(SBJ_GELU, true, 1, GRID, NULL, NULL, 0, y, GRID);
    for (size_t i = 0; i < GRID; i++)
        ck_assert_msg(fabs(y[i] - gelu(x[i])) <= 5.2e-6, "%s: %g: %g", kernels->name, (double)x[i], (double)y[i]);
    for (size_t i = 0; i < sizeof far / sizeof *far; i++) {
        float value = far[i];
        kernels->activation->forward(SBJ_GELU, true, 1, 1, NULL, NULL, 0, &value, 1);
        ck_assert_msg(value == far_y[i], "%s: %g: %g", kernels->name, (double)far[i], (double)value);
    }
    y[0] = NAN;
    kernels->activation->forward(SBJ_GELU, true, 1, 1, NULL, NULL, 0, y, 1);
    ck_assert_msg(isnan(y[0]), "%s: of NaN: %g", kernels->name, (double)y[0]);
}
END_TEST

/* Products in bf16 beside those in f32, in scratch that nobody has cleared. */
START_TEST(attention_in_bf16)
{
    enum { MOST = 97, SIZE = 72, LD = 3 * SIZE };
    static const struct {
        size_t length, size;
    } cases[] = {{1, 8}, {2, 33}, {17, 64}, {48, 32}, {49, SIZE}, {MOST, 63}};
    static float qkv[MOST * LD], y[MOST * SIZE], narrow[MOST * SIZE];
    const sbj_kernels *kernels = kernels_of(sets[_i]);
    if (kernels == NULL || kernels->attention_bf16 == NULL)
        return;
    for (size_t i = 0; i < MOST * LD; i++)
        qkv[i] = (float)(i * 7919 % 2003) / 1000 - 1;
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        const size_t n = cases[c].length, size = cases[c].size;
        sbj_head head = {.length = n, .size = size, .q = qkv, .k = qkv + SIZE, .v = qkv + 2 * SIZE, .ld = LD, .scale = 0.3f};
        const sbj_attention_kernels *both[] = {kernels->attention, kernels->attention_bf16};
        for (int b = 0; b < 2; b++) {
            const size_t floats = both[b]->scratch(n, size, false);
            float *scratch = aligned_alloc(64, (floats + 15) / 16 * 64);
            memset(scratch, 0xFF, floats * sizeof *scratch);
            both[b]->forward(&head, b == 0 ? y : narrow, SIZE, NULL, 0, scratch);
            free(scratch);
        }
        for (size_t i = 0; i < n * SIZE; i++)
            ck_assert_msg(i % SIZE >= size || fabsf(narrow[i] - y[i]) < 0.02f, "%s: %zu x %zu, element %zu: %g, not %g",
                          kernels->name, n, size, i, (double)narrow[i], (double)y[i]);
    }
}
END_TEST

/* ---- Dropout ----------------------------------------------------------------------------------------------------- */

START_TEST(dropout_follows_the_rule)
{
    enum { MOST = 200 };
    static const size_t firsts[] = {0, 1, 2, 3, 5, 1027}, counts[] = {1, 2, 7, 31, 64, MOST};
    const sbj_kernels *kernels = kernels_of(sets[_i]);
    sbj_run run = {.seed = 0xfedcba9876543210u, .step = 77};
    sbj_mask mask = sbj_mask_make(&run, (sbj_dropout){0.3, 5});
    float room[MOST + SBJ_MASK_ROOM];
    for (size_t f = 0; kernels != NULL && f < sizeof firsts / sizeof *firsts; f++)
        for (size_t c = 0; c < sizeof counts / sizeof *counts; c++) {
            const float *factors = kernels->rows->mask(&mask, 9, firsts[f], counts[c], room);
            for (size_t i = 0; i < counts[c]; i++) {
                bool kept = sbj_kept(&mask, 9, (uint32_t)(firsts[f] + i));
                ck_assert_msg(factors[i] == (kept ? (float)mask.scale : 0), "%s: column %zu of %zu from %zu",
                              kernels->name, i, counts[c], firsts[f]);
            }
        }
}
END_TEST

/* ---- Rows -------------------------------------------------------------------------------------------------------- */

/* A mean far from 0: the variance must not be a difference of large sums. */
START_TEST(norm_of_a_row_far_from_zero)
{
    enum { N = 100 };
    const sbj_kernels *kernels = kernels_of(sets[_i]);
    float x[N], gamma[N], beta[N], y[N], stats[2];
    if (kernels == NULL)
        return;
    for (int i = 0; i < N; i++) {
        x[i] = 4096 + (float)(i % 2);
        gamma[i] = 1;
        beta[i] = 0;
    }
    kernels->norm->forward(x, gamma, beta, 0, stats, y, N);
    ck_assert_double_eq(stats[0], 4096.5);
    ck_assert_double_eq(stats[1], 2);
    for (int i = 0; i < N; i++)
        ck_assert_double_eq(y[i], i % 2 ? 1 : -1);
}
END_TEST

static double sum_of_squares(const sbj_kernels *kernels, const float *x, size_t place, size_t n)
{
    double lanes[SBJ_LANES] = {0}, sum = 0;
    kernels->arena->add_squares(x, place, n, lanes);
    for (int i = 0; i < SBJ_LANES; i++)
        sum += lanes[i];
    return sum;
}

START_TEST(sum_of_squares_is_a_sum_in_double)
{
    enum { N = 1003 };
    const sbj_kernels *kernels = kernels_of(sets[_i]);
    static float x[N];
    double right = 0;
    for (int i = 0; i < N; i++) {
        x[i] = i == 500 ? 1e15f : 1 + (float)i * 0x1p-20f;
        right += (double)x[i] * x[i];
    }
    if (kernels != NULL)
        ck_assert_double_eq_tol(sum_of_squares(kernels, x, 0, N) / right, 1, 1e-14);
    x[500] = 1;
    right = 0;
    for (int i = 0; i < N; i++)
        right += (double)x[i] * x[i];
    if (kernels != NULL)
        ck_assert_double_eq_tol(sum_of_squares(kernels, x, 5, N) / right, 1, 1e-14);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cpu_kernels");
    TCase *tests = tcase_create("cpu_kernels");
    tcase_add_loop_test(tests, functions_are_exact_to_a_few_units, 0, SETS);
    tcase_add_loop_test(tests, functions_at_the_ends, 0, SETS);
    tcase_add_loop_test(tests, rough_gelu_is_near_gelu, 0, SETS);
    tcase_add_loop_test(tests, attention_in_bf16, 0, SETS);
    tcase_add_loop_test(tests, dropout_follows_the_rule, 0, SETS);
    tcase_add_loop_test(tests, norm_of_a_row_far_from_zero, 0, SETS);
    tcase_add_loop_test(tests, sum_of_squares_is_a_sum_in_double, 0, SETS);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
