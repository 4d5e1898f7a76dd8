/* The triplet losses: against PyTorch, against finite differences, and at the edges; and what the table of losses
 * refuses. */
#include <math.h>

#include "support/losses.h"
#include "support/suite.h"
#include "util/rng.h"

static const loss_case references[] = {
    {"BatchAllTripletLoss.euclidean.margin5.0", {SBERTJA_BATCH_ALL_TRIPLET_LOSS, SBERTJA_EUCLIDEAN, 5, 0, 0}, 1},
    {"BatchAllTripletLoss.euclidean.margin0.3", {SBERTJA_BATCH_ALL_TRIPLET_LOSS, SBERTJA_EUCLIDEAN, 0.3, 0, 0}, 1},
    {"BatchAllTripletLoss.cosine.margin0.2", {SBERTJA_BATCH_ALL_TRIPLET_LOSS, SBERTJA_COSINE, 0.2, 0, 0}, 1},
    {"BatchAllTripletLoss.cosine.margin5.0", {SBERTJA_BATCH_ALL_TRIPLET_LOSS, SBERTJA_COSINE, 5, 0, 0}, 1},
    {"TripletLoss.euclidean.margin5.0", {SBERTJA_TRIPLET_LOSS, SBERTJA_EUCLIDEAN, 5, 0, 0}, 3},
    {"TripletLoss.euclidean.margin0.5", {SBERTJA_TRIPLET_LOSS, SBERTJA_EUCLIDEAN, 0.5, 0, 0}, 3},
    {"TripletLoss.cosine.margin5.0", {SBERTJA_TRIPLET_LOSS, SBERTJA_COSINE, 5, 0, 0}, 3},
    {"TripletLoss.cosine.margin0.5", {SBERTJA_TRIPLET_LOSS, SBERTJA_COSINE, 0.5, 0, 0}, 3},
    {"TripletLoss.manhattan.margin5.0", {SBERTJA_TRIPLET_LOSS, SBERTJA_MANHATTAN, 5, 0, 0}, 3},
    {"TripletLoss.manhattan.margin0.5", {SBERTJA_TRIPLET_LOSS, SBERTJA_MANHATTAN, 0.5, 0, 0}, 3},
};
enum { REFERENCES = sizeof references / sizeof *references };

START_TEST(pytorch)
{
    loss_check_reference(&references[_i]);
}
END_TEST

/* ---- Finite differences, on random vectors far from the kinks ---- */

enum { EXAMPLES = 9, WIDTH = 5 };

START_TEST(finite_differences)
{
    double x[3 * EXAMPLES * WIDTH], labels[EXAMPLES];
    sbj_rng rng = sbj_rng_make(5, (uint32_t)_i);
    for (size_t i = 0; i < sizeof x / sizeof *x; i++)
        x[i] = sbj_rng_normal(&rng);
    for (size_t i = 0; i < EXAMPLES; i++)
        labels[i] = (double)(i % 3);
    loss_check_gradient(&references[_i], EXAMPLES, WIDTH, x, labels, 1e-7);
}
END_TEST

/* ---- Edges ---- */

static const loss_case batch_all = {"BatchAll", {SBERTJA_BATCH_ALL_TRIPLET_LOSS, SBERTJA_EUCLIDEAN, 1, 0, 0}, 1};

START_TEST(nothing_to_learn)
{
    static const struct {
        const char *name;
        double labels[4], x[4], margin;
    } cases[] = {{"one label only", {1, 1, 1, 1}, {0, 1, 2, 3}, 1},
                 {"no pair of a label", {1, 2, 3, 4}, {0, 1, 2, 3}, 1},
                 {"far enough apart", {1, 1, 2, 2}, {0, 0.1, 9, 9.1}, 1}};
    double g[4], active;
    loss_case c = batch_all;
    c.spec.margin = cases[_i].margin;
    ck_assert_msg(loss_run(&c, 4, 1, cases[_i].x, cases[_i].labels, g, &active) == 0, "%s", cases[_i].name);
    ck_assert(active == 0);
    for (int i = 0; i < 4; i++)
        ck_assert(g[i] == 0);
}
END_TEST

/* Points 0 and 1 of one label, 3 of another, margin 2.5: of the two triplets (0,1,3): 1-3+2.5 = 0.5 and (1,0,3):
 * 1-2+2.5 = 1.5 both are active; mean 1. With margin 1.5 only the second is: 0.5. */
START_TEST(share_of_active)
{
    static const double x[3] = {0, 1, 3}, labels[3] = {7, 7, 8};
    double g[3], active;
    loss_case c = batch_all;
    c.spec.margin = 2.5;
    ck_assert_double_eq_tol(loss_run(&c, 3, 1, x, labels, g, &active), 1.0, 1e-12);
    ck_assert(active == 1);
    c.spec.margin = 1.5;
    ck_assert_double_eq_tol(loss_run(&c, 3, 1, x, labels, g, &active), 0.5, 1e-12);
    ck_assert(active == 0.5);
}
END_TEST

/* Two equal vectors have distance 0 and no direction; an all-zero vector has no cosine. Neither may make a NaN. */
START_TEST(no_direction)
{
    static const double x[8] = {1, 2, 1, 2, 0, 0, 3, 1}, labels[4] = {1, 1, 2, 2};
    static const sbertja_metric metrics[] = {SBERTJA_EUCLIDEAN, SBERTJA_COSINE};
    double g[8];
    for (int m = 0; m < 2; m++) {
        const loss_case c = {"BatchAll", {SBERTJA_BATCH_ALL_TRIPLET_LOSS, metrics[m], 5, 0, 0}, 1};
        ck_assert(isfinite(loss_run(&c, 4, 2, x, labels, g, NULL)));
        for (int i = 0; i < 8; i++)
            ck_assert(isfinite(g[i]));
    }
}
END_TEST

/* Weights that have gone astray must not look like a loss of 0. */
START_TEST(not_a_number)
{
    double x[3 * EXAMPLES * WIDTH], g[3 * EXAMPLES * WIDTH], labels[EXAMPLES];
    for (size_t i = 0; i < 3 * EXAMPLES * WIDTH; i++)
        x[i] = (double)(i % 7);
    for (size_t i = 0; i < EXAMPLES; i++)
        labels[i] = (double)(i % 3);
    x[4] = NAN;
    ck_assert_msg(isnan(loss_run(&references[_i], EXAMPLES, WIDTH, x, labels, g, NULL)), "%s", references[_i].name);
}
END_TEST

START_TEST(refusals)
{
    static const struct {
        sbj_loss_spec spec;
        const char *message;
    } cases[] = {
        {{(sbertja_loss)99, SBERTJA_COSINE, 1, 0, 0}, "loss: 99 is no loss"},
        {{SBERTJA_BATCH_ALL_TRIPLET_LOSS, SBERTJA_MANHATTAN, 1, 0, 0},
         "BatchAllTripletLoss: metric 3, expected euclidean or cosine"},
        {{SBERTJA_TRIPLET_LOSS, (sbertja_metric)9, 1, 0, 0}, "TripletLoss: metric 9, expected euclidean, cosine or manhattan"},
        {{SBERTJA_TRIPLET_LOSS, SBERTJA_COSINE, NAN, 0, 0}, "TripletLoss: margin nan, expected a number"},
        {{SBERTJA_COSENT_LOSS, (sbertja_metric)0, NAN, 0, 0}, "CoSENTLoss: scale: expected a number above 0"},
        {{SBERTJA_COSENT_LOSS, (sbertja_metric)0, 0, INFINITY, 0}, "CoSENTLoss: scale: expected a number above 0"},
        {{SBERTJA_MULTIPLE_NEGATIVES_RANKING_LOSS, (sbertja_metric)0, 0, -1, 0},
         "MultipleNegativesRankingLoss: scale: expected a number above 0"}};
    sbertja_error error;
    ck_assert(sbj_loss_check(&cases[_i].spec, &error) == SBERTJA_E_ARGUMENT);
    ck_assert_str_eq(error.message, cases[_i].message);
}
END_TEST

SUITE_MAIN("loss/loss", 20, {pytorch, REFERENCES}, {finite_differences, REFERENCES}, {nothing_to_learn, 3},
           {share_of_active, 0}, {no_direction, 0}, {not_a_number, REFERENCES}, {refusals, 7})
