/* AdamW of the reference back end, several steps, against the formulas of the two optimizers it stands for, written the
 * way their documentation does: with corrected moments for torch.optim.AdamW, without for transformers.AdamW. */
#include <check.h>
#include <math.h>
#include <string.h>

#include "support/tensors.h"
#include "util/rng.h"

enum { SIZE = 40, STEPS = 12 };

static ops_device ref;
static sbertja_error error;

static void open_ref(void)
{
    ops_open(&ref, "ref", NULL, NULL, 1);
}

static void close_ref(void)
{
    tensors_free(&ref);
    ops_close(&ref);
}

/* Gaps of 1, 2 and 3 elements that no segment holds. */
static const sbj_segment segments[] = {
    {1, 2, 5, true, NULL}, {13, 1, 4, false, NULL}, {17, 4, 5, true, NULL}};

static const sbj_segment *segment_of(size_t i)
{
    for (size_t n = 0; n < sizeof segments / sizeof *segments; n++)
        if (i >= segments[n].offset && i < segments[n].offset + segments[n].rows * segments[n].columns)
            return &segments[n];
    return NULL;
}

typedef struct arenas {
    double p[SIZE], g[SIZE], m[SIZE], v[SIZE];
} arenas;

static void expected_step(arenas *a, const sbj_adamw *r)
{
    for (size_t i = 0; i < SIZE; i++) {
        const sbj_segment *segment = segment_of(i);
        if (segment == NULL)
            continue;
        double g = a->g[i] * r->grad_scale, decay = segment->decay ? r->weight_decay : 0;
        a->m[i] += (1 - r->beta1) * (g - a->m[i]);
        a->v[i] = r->beta2 * a->v[i] + g * g * (1 - r->beta2);
        if (r->correct_bias) {
            double m_hat = a->m[i], v_hat = a->v[i], beta1_t = 1, beta2_t = 1;
            for (uint64_t t = 0; t < r->t; t++) {
                beta1_t *= r->beta1;
                beta2_t *= r->beta2;
            }
            m_hat /= 1 - beta1_t;
            v_hat /= 1 - beta2_t;
            a->p[i] = a->p[i] * (1 - r->lr * decay) - r->lr * m_hat / (sqrt(v_hat) + r->eps);
        } else {
            double stepped = a->p[i] - r->lr * a->m[i] / (sqrt(a->v[i]) + r->eps);
            a->p[i] = stepped - r->lr * decay * stepped;
        }
        a->g[i] = 0;
    }
}

static const struct {
    const char *name;
    bool correct_bias;
    double lr, eps, weight_decay, grad_scale;
} presets[] = {
    {"torch", true, 0.01, 1e-8, 0.01, 1},
    {"torch, clipped", true, 0.01, 1e-8, 0.1, 0.125},
    {"torch, rate 0", true, 0, 1e-8, 0.1, 1},
    {"torch, no decay", true, 0.02, 1e-8, 0, 1},
    {"torch, gradients scaled to 0", true, 0.02, 1e-8, 0.1, 0},
    {"st-0.4.1", false, 0.01, 1e-6, 0.01, 1},
    {"st-0.4.1, clipped", false, 0.01, 1e-6, 0.1, 0.125},
    {"st-0.4.1, no decay", false, 0.02, 1e-6, 0, 1},
};

START_TEST(steps_follow_the_formula)
{
    arenas a;
    sbj_rng rng = sbj_rng_make(3, 1);
    memset(&a, 0, sizeof a);
    for (size_t i = 0; i < SIZE; i++)
        a.p[i] = sbj_rng_normal(&rng);
    sbj_adamw r = {.parameters = tensor(&ref, 1, SIZE, a.p), .gradients = tensor(&ref, 1, SIZE, a.g)};
    r.m = tensor(&ref, 1, SIZE, a.m);
    r.v = tensor(&ref, 1, SIZE, a.v);
    r.segments = segments;
    r.segment_count = sizeof segments / sizeof *segments;
    r.beta1 = 0.9;
    r.beta2 = 0.999;
    r.lr = presets[_i].lr;
    r.eps = presets[_i].eps;
    r.weight_decay = presets[_i].weight_decay;
    r.grad_scale = presets[_i].grad_scale;
    r.correct_bias = presets[_i].correct_bias;
    for (r.t = 1; r.t <= STEPS; r.t++) {
        /* Like an embedding row that no sentence uses, elements 17 to 21 never have a gradient. */
        for (size_t i = 0; i < SIZE; i++)
            a.g[i] = i >= 17 && i < 22 ? 0 : sbj_rng_normal(&rng);
        must_do(sbj_write(ref.backend, r.gradients, a.g, SBJ_F64, &error), &error);
        expected_step(&a, &r);
        must_do(sbj_do_adamw(&ref.run, &r, &error), &error);
        expect(&ref, presets[_i].name, r.parameters, a.p, 1e-13);
        expect(&ref, "m", r.m, a.m, 1e-15);
        expect(&ref, "v", r.v, a.v, 1e-15);
        expect(&ref, "gradients, 0 in segments, else untouched", r.gradients, a.g, 0);
    }
}
END_TEST

/* With bias correction the first step is lr times the gradient's sign, whatever its size. */
START_TEST(first_step_is_the_rate)
{
    const sbj_segment all = {0, 1, 3, false, NULL};
    sbj_adamw r = {.segments = &all};
    r.parameters = tensor(&ref, 1, 3, VALUES(1, 1, 1));
    r.gradients = tensor(&ref, 1, 3, VALUES(4, -1e-3, 1e5));
    r.m = tensor(&ref, 1, 3, VALUES(0, 0, 0));
    r.v = tensor(&ref, 1, 3, VALUES(0, 0, 0));
    r.segment_count = 1;
    r.lr = 0.25;
    r.beta1 = 0.9;
    r.beta2 = 0.999;
    r.eps = 1e-12;
    r.grad_scale = 1;
    r.t = 1;
    r.correct_bias = true;
    must_do(sbj_do_adamw(&ref.run, &r, &error), &error);
    expect(&ref, "parameters", r.parameters, VALUES(0.75, 1.25, 0.75), 1e-9);
}
END_TEST

START_TEST(sum_of_squares)
{
    double sum = NAN;
    static const sbj_segment part[] = {{1, 2, 2, true, NULL}};
    const sbj_sumsq r = {tensor(&ref, 1, 6, VALUES(NAN, 1, -2, 3, -4, NAN)), part, 1};
    must_do(sbj_do_sumsq(&ref.run, &r, &sum, &error), &error);
    ck_assert_double_eq(sum, 30);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ref_adamw");
    TCase *tests = tcase_create("ref_adamw");
    tcase_add_checked_fixture(tests, open_ref, close_ref);
    tcase_add_loop_test(tests, steps_follow_the_formula, 0, sizeof presets / sizeof *presets);
    tcase_add_test(tests, first_step_is_the_rate);
    tcase_add_test(tests, sum_of_squares);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
