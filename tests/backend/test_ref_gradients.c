/* Every backward of the reference back end against central differences of its own forward, with respect to every input
 * and parameter, for all sizes at which the other back ends are tried. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "support/ops.h"
#include "util/rng.h"

/* Elements of an array that are moved; of longer ones, some drawn at random, fewer where the forward takes long. */
enum { MOST_ELEMENTS = 40, MOST_OF_LONG = 6, LONG = 100 };

#define STEP 1e-5
#define BOUND 2e-7 /* of the largest gradient: the differences' own error, about STEP^2 and 1e-16/STEP */

static ops_device ref;

static void open_ref(void)
{
    ops_open(&ref, "ref", NULL, NULL, 2);
}

static void close_ref(void)
{
    ops_close(&ref);
}

/* The scalar whose gradient the backward gives: the sum of y dy. */
static double loss(const ops_case *what, ops_set *in)
{
    ops_set out = {.count = 0};
    ops_run(&ref, what, false, in, &out);
    const ops_values *y = ops_find(&out, "y"), *dy = ops_find(in, "dy");
    double sum = 0;
    for (size_t i = 0; i < y->rows * y->columns; i++)
        sum += y->values[i] * dy->values[i];
    ops_clear(&out);
    return sum;
}

static double difference(const ops_case *what, ops_set *in, double *value, double step)
{
    double kept = *value;
    *value = kept + step;
    double above = loss(what, in);
    *value = kept - step;
    double below = loss(what, in);
    *value = kept;
    return (above - below) / (2 * step);
}

/* What the backward added, where it was to add, else what it set. */
static double given(ops_set *in, const ops_values *gradient, size_t i)
{
    const ops_values *start = ops_find(in, gradient->name);
    return gradient->values[i] - (start != NULL ? start->values[i] : 0);
}

static void check_gradient(const ops_case *what, ops_set *in, const ops_values *gradient, ops_values *x)
{
    bool is_long = what->lengths[0] > LONG || what->lengths[1] > LONG;
    size_t count = x->rows * x->columns, most = is_long ? MOST_OF_LONG : MOST_ELEMENTS;
    double largest = 0, step = STEP * (what->kind == OPS_NORMALIZE && what->scale > 0 ? what->scale : 1);
    sbj_rng rng = sbj_rng_make(5, (uint32_t)count);
    ck_assert_uint_eq(gradient->rows, x->rows);
    ck_assert_uint_eq(gradient->columns, x->columns);
    for (size_t i = 0; i < count; i++)
        largest = fmax(largest, fabs(given(in, gradient, i)));
    ck_assert_msg(isfinite(largest), "%s: %s is not finite", what->name, gradient->name);
    for (size_t k = 0; k < count && k < most; k++) {
        size_t i = count <= most ? k : (size_t)sbj_rng_below(&rng, count);
        double expected = difference(what, in, &x->values[i], step), found = given(in, gradient, i);
        ck_assert_msg(fabs(found - expected) <= BOUND * fmax(largest, 1), "%s: %s[%zu, %zu] is %.12g, expected %.12g",
                      what->name, gradient->name, i / x->columns, i % x->columns, found, expected);
    }
}

static size_t check_case(const ops_case *what)
{
    ops_set in = {.count = 0}, out = {.count = 0};
    size_t checked = 0;
    ops_run(&ref, what, true, &in, &out);
    for (size_t i = 0; i < out.count; i++) {
        ops_values *x = out.items[i].name[0] == 'd' ? ops_find(&in, out.items[i].name + 1) : NULL;
        if (x == NULL)
            continue;
        check_gradient(what, &in, &out.items[i], x);
        checked++;
    }
    ops_clear(&in);
    ops_clear(&out);
    return checked;
}

static size_t gradients_of(const ops_case *what)
{
    size_t matrix = (what->parts ? what->parts : 1) * (what->no_bias ? 1 : 2);
    switch (what->kind) {
    case OPS_EMBED:
        return 5;
    case OPS_LINEAR:
        return (what->no_w ? 0 : matrix) + !what->no_x;
    case OPS_LINEAR_NORM:
        return matrix + 4;
    default:
        return 1;
    }
}

/* One test a kind, so that a fault in one does not hide another. */
START_TEST(backward_is_the_derivative_of_forward)
{
    for (size_t i = 0; i < ops_case_count; i++) {
        const ops_case *what = &ops_cases[i];
        if ((int)what->kind == _i && !what->inference)
            ck_assert_msg(check_case(what) == gradients_of(what), "%s: not every gradient was seen", what->name);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ref_gradients");
    TCase *tests = tcase_create("ref_gradients");
    tcase_add_checked_fixture(tests, open_ref, close_ref);
    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, backward_is_the_derivative_of_forward, OPS_EMBED, OPS_NORMALIZE + 1);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
