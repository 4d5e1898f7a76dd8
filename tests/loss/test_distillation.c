/* DistillationLoss: its formula written out again, gradients against finite differences, and the edges. */
#include <math.h>
#include <string.h>

#include "loss/loss.h"
#include "support/suite.h"
#include "util/rng.h"

enum { N = 5, BODY = 4, OUT = 7 };

static const sbj_loss_part both[] = {{0, 3, 1.0}, {3, 4, 0.25}}, second[] = {{3, 4, 2.0}};

static const struct {
    const char *name;
    sbj_loss_spec spec;
    const sbj_loss_part *parts;
    size_t part_count, examples;
} cases[] = {
    {"squares", {SBERTJA_DISTILLATION_LOSS, SBERTJA_EUCLIDEAN, 0, 0, 0}, both, 2, N},
    {"cosines", {SBERTJA_DISTILLATION_LOSS, SBERTJA_COSINE, 0, 0, 0}, both, 2, N},
    {"squares and pairs", {SBERTJA_DISTILLATION_LOSS, SBERTJA_EUCLIDEAN, 0, 0, 1.5}, both, 2, N},
    {"cosines and pairs", {SBERTJA_DISTILLATION_LOSS, SBERTJA_COSINE, 0, 0, 0.5}, both, 2, N},
    {"one teacher silent", {SBERTJA_DISTILLATION_LOSS, SBERTJA_EUCLIDEAN, 0, 0, 1}, second, 1, N},
    {"a text alone has no pairs", {SBERTJA_DISTILLATION_LOSS, SBERTJA_EUCLIDEAN, 0, 0, 1}, both, 2, 1},
};
enum { CASES = sizeof cases / sizeof *cases };

typedef struct values {
    double vectors[N * BODY], outputs[N * OUT], targets[N * OUT];
} values;

static values make_values(void)
{
    values v;
    sbj_rng rng = sbj_rng_make(3, 1);
    for (size_t i = 0; i < N * BODY; i++)
        v.vectors[i] = sbj_rng_normal(&rng);
    for (size_t i = 0; i < N * OUT; i++) {
        v.outputs[i] = sbj_rng_normal(&rng);
        v.targets[i] = sbj_rng_normal(&rng);
    }
    return v;
}

static double run(int index, const values *v, double *gradient, double *output_gradient)
{
    const sbj_loss_batch batch = {.examples = cases[index].examples,
                                  .dimension = BODY,
                                  .vectors = v->vectors,
                                  .output_width = OUT,
                                  .outputs = v->outputs,
                                  .targets = v->targets,
                                  .parts = cases[index].parts,
                                  .part_count = cases[index].part_count};
    sbj_loss_result result = {.gradient = gradient, .output_gradient = output_gradient};
    sbertja_error error;
    ck_assert_msg(sbj_loss_run(&sbj_malloc, &cases[index].spec, &batch, &result, &error) == SBERTJA_OK, "%s",
                  error.message);
    return result.loss;
}

static double cosine(const double *x, const double *y, size_t n)
{
    double xy = 0, xx = 0, yy = 0;
    for (size_t i = 0; i < n; i++) {
        xy += x[i] * y[i];
        xx += x[i] * x[i];
        yy += y[i] * y[i];
    }
    return xy / sqrt(xx * yy);
}

static double formula(int index, const values *v)
{
    const size_t n = cases[index].examples;
    double loss = 0, pairs = 0, weights = 0;
    for (size_t k = 0; k < cases[index].part_count; k++) {
        const sbj_loss_part p = cases[index].parts[k];
        weights += p.weight;
        for (size_t i = 0; i < n; i++) {
            const double *y = v->outputs + i * OUT + p.first, *t = v->targets + i * OUT + p.first;
            for (size_t c = 0; c < p.width && cases[index].spec.metric == SBERTJA_EUCLIDEAN; c++)
                loss += p.weight * (y[c] - t[c]) * (y[c] - t[c]) / (double)(n * p.width);
            if (cases[index].spec.metric == SBERTJA_COSINE)
                loss += p.weight * (1 - cosine(y, t, p.width)) / (double)n;
        }
    }
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < i; j++) {
            double wanted = 0;
            for (size_t k = 0; k < cases[index].part_count; k++) {
                const sbj_loss_part p = cases[index].parts[k];
                wanted += p.weight / weights *
                          cosine(v->targets + i * OUT + p.first, v->targets + j * OUT + p.first, p.width);
            }
            pairs += pow(cosine(v->vectors + i * BODY, v->vectors + j * BODY, BODY) - wanted, 2);
        }
    return loss + (n > 1 ? cases[index].spec.similarity * pairs / (double)(n * (n - 1) / 2) : 0);
}

START_TEST(is_the_formula)
{
    double gradient[N * BODY], output_gradient[N * OUT];
    const values v = make_values();
    const double found = run(_i, &v, gradient, output_gradient), wanted = formula(_i, &v);
    ck_assert_msg(fabs(found - wanted) < 1e-12, "%s: %.15g, expected %.15g", cases[_i].name, found, wanted);
}
END_TEST

static void check_differences(int index, double *numbers, const values *v, size_t count, const double *gradient)
{
    static const double step = 1e-6;
    double unused[N * BODY], unused_outputs[N * OUT];
    for (size_t i = 0; i < count; i++) {
        const double at = numbers[i];
        numbers[i] = at + step;
        const double above = run(index, v, unused, unused_outputs);
        numbers[i] = at - step;
        const double below = run(index, v, unused, unused_outputs), difference = (above - below) / (2 * step);
        numbers[i] = at;
        ck_assert_msg(fabs(difference - gradient[i]) < 1e-8, "%s: number %zu: %.12g, differences say %.12g",
                      cases[index].name, i, gradient[i], difference);
    }
}

START_TEST(finite_differences)
{
    double gradient[N * BODY], output_gradient[N * OUT];
    values v = make_values();
    run(_i, &v, gradient, output_gradient);
    check_differences(_i, v.vectors, &v, cases[_i].examples * BODY, gradient);
    check_differences(_i, v.outputs, &v, cases[_i].examples * OUT, output_gradient);
}
END_TEST

/* Zero vectors have no direction; nothing of that may become a NaN. */
START_TEST(no_direction)
{
    double gradient[N * BODY], output_gradient[N * OUT];
    values v = make_values();
    memset(v.vectors, 0, BODY * sizeof *v.vectors);
    memset(v.outputs, 0, OUT * sizeof *v.outputs);
    memset(v.targets, 0, OUT * sizeof *v.targets);
    ck_assert(isfinite(run(_i, &v, gradient, output_gradient)));
    for (size_t i = 0; i < cases[_i].examples * BODY; i++)
        ck_assert(isfinite(gradient[i]));
    for (size_t i = 0; i < cases[_i].examples * OUT; i++)
        ck_assert(isfinite(output_gradient[i]));
}
END_TEST

START_TEST(refusals)
{
    static const struct {
        sbj_loss_spec spec;
        const char *message;
    } wrong[] = {
        {{SBERTJA_DISTILLATION_LOSS, SBERTJA_MANHATTAN, 0, 0, 0}, "DistillationLoss: metric 3, expected euclidean or cosine"},
        {{SBERTJA_DISTILLATION_LOSS, SBERTJA_COSINE, 0, 0, -1}, "DistillationLoss: similarity_weight: expected"},
        {{SBERTJA_DISTILLATION_LOSS, SBERTJA_COSINE, 0, 0, NAN}, "DistillationLoss: similarity_weight: expected"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        sbertja_error error;
        ck_assert_int_eq(sbj_loss_check(&wrong[i].spec, &error), SBERTJA_E_ARGUMENT);
        ck_assert_msg(strncmp(error.message, wrong[i].message, strlen(wrong[i].message)) == 0, "%s", error.message);
    }
}
END_TEST

SUITE_MAIN("loss/distillation", 20, {is_the_formula, CASES}, {finite_differences, CASES}, {no_direction, CASES},
           {refusals, 0})
