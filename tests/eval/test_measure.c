/* Measures, correlations and classifiers on cases that can be worked out by hand. */
#include <check.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "eval/vectors.h"

/* ---- Right and wrong -------------------------------------------------------------------------------------------- */

static const struct {
    const char *what;
    size_t count;
    int truth[6], predicted[6];
    double accuracy, macro_f1;
} guesses[] = {
    {"all right", 3, {1, 2, 3}, {1, 2, 3}, 1, 1},
    {"all wrong", 2, {1, 2}, {2, 1}, 0, 0},
    {"one label only predicted", 3, {0, 0, 0}, {0, 0, 5}, 2.0 / 3, 0.4}, /* 4/5 and 0 */
    {"one label only true", 4, {0, 0, 1, 2}, {0, 0, 1, 1}, 0.75, (1 + 2.0 / 3 + 0) / 3},
    {"the ends of int", 3, {INT_MIN, INT_MAX, -1}, {INT_MIN, INT_MAX, INT_MAX}, 2.0 / 3, (1 + 2.0 / 3 + 0) / 3},
    {"six", 6, {0, 0, 1, 1, 2, 2}, {0, 1, 1, 1, 2, 0}, 4.0 / 6, (0.5 + 0.8 + 2.0 / 3) / 3},
};

START_TEST(accuracy_and_macro_f1)
{
    for (size_t i = 0; i < sizeof guesses / sizeof guesses[0]; i++) {
        double accuracy = sbertja_accuracy(guesses[i].truth, guesses[i].predicted, guesses[i].count);
        double f1 = sbertja_macro_f1(guesses[i].truth, guesses[i].predicted, guesses[i].count);
        ck_assert_msg(fabs(accuracy - guesses[i].accuracy) < 1e-12, "%s: accuracy %g", guesses[i].what, accuracy);
        ck_assert_msg(fabs(f1 - guesses[i].macro_f1) < 1e-12, "%s: F1 %g", guesses[i].what, f1);
    }
    ck_assert_double_nan(sbertja_accuracy(NULL, NULL, 0));
    ck_assert_double_nan(sbertja_macro_f1(NULL, NULL, 0));
}
END_TEST

/* Whether the positive is the nearer one depends on the metric. */
static const struct {
    const char *what;
    float anchor[2], positive[2], negative[2];
    bool euclidean, cosine, manhattan;
} triplets[] = {
    {"a diagonal way", {0, 0}, {2, 2}, {0, 3}, true, false, false},
    {"a straight way", {0, 0}, {0, 3.5f}, {2, 2}, false, false, true},
    {"the same direction", {1, 1}, {9, 9}, {1, 2}, false, true, false},
    {"the same point", {1, 0}, {1, 0}, {0, 1}, true, true, true},
    {"a tie", {0, 1}, {1, 1}, {-1, 1}, false, false, false},
};

static double triplet(size_t i, sbertja_metric metric)
{
    double accuracy = -1;
    ck_assert_int_eq(sbertja_triplet_accuracy(triplets[i].anchor, triplets[i].positive, triplets[i].negative, 1, 2,
                                              metric, &accuracy, NULL),
                     SBERTJA_OK);
    return accuracy;
}

START_TEST(triplet_accuracy)
{
    const float anchors[4] = {1, 2, 3, 4}, positives[4] = {1, 2, 3, 9}, negatives[4] = {0, 0, 0, 4};
    double accuracy;
    for (size_t i = 0; i < sizeof triplets / sizeof triplets[0]; i++) {
        ck_assert_msg(triplet(i, SBERTJA_EUCLIDEAN) == triplets[i].euclidean, "%s: euclidean", triplets[i].what);
        ck_assert_msg(triplet(i, SBERTJA_COSINE) == triplets[i].cosine, "%s: cosine", triplets[i].what);
        ck_assert_msg(triplet(i, SBERTJA_MANHATTAN) == triplets[i].manhattan, "%s: manhattan", triplets[i].what);
    }
    ck_assert_int_eq(sbertja_triplet_accuracy(anchors, positives, negatives, 4, 1, SBERTJA_EUCLIDEAN, &accuracy, NULL),
                     SBERTJA_OK);
    ck_assert_double_eq(accuracy, 0.75);
    ck_assert_int_eq(sbertja_triplet_accuracy(anchors, positives, negatives, 4, 1, 0, &accuracy, NULL),
                     SBERTJA_E_ARGUMENT);
    ck_assert_int_eq(sbertja_triplet_accuracy(anchors, positives, NULL, 4, 1, SBERTJA_COSINE, &accuracy, NULL),
                     SBERTJA_E_ARGUMENT);
}
END_TEST

START_TEST(retrieval)
{
    const size_t ranked[4 * 3] = {5, 1, 2, /**/ 0, 3, 4, /**/ 7, 8, 9, /**/ 1, 2, 3};
    const size_t relevant[] = {1, 2, 9, /**/ 0, /**/ 5};
    const size_t begins[5] = {0, 3, 4, 5, 5}; /* the last query has none and does not count */
    const size_t none[2] = {0, 0}, backwards[2] = {1, 0};
    double mrr, recall;
    ck_assert_int_eq(sbertja_retrieval(ranked, 4, 3, relevant, begins, &mrr, &recall, NULL), SBERTJA_OK);
    ck_assert_double_eq_tol(mrr, (0.5 + 1 + 0) / 3, 1e-12);
    ck_assert_double_eq_tol(recall, (2.0 / 3 + 1 + 0) / 3, 1e-12);
    ck_assert_int_eq(sbertja_retrieval(ranked, 4, 3, relevant, begins, NULL, NULL, NULL), SBERTJA_OK);
    ck_assert_int_eq(sbertja_retrieval(ranked, 1, 3, relevant, none, &mrr, &recall, NULL), SBERTJA_E_ARGUMENT);
    ck_assert_int_eq(sbertja_retrieval(ranked, 1, 3, relevant, backwards, &mrr, &recall, NULL), SBERTJA_E_ARGUMENT);
    ck_assert_int_eq(sbertja_retrieval(ranked, 1, 0, relevant, begins, &mrr, &recall, NULL), SBERTJA_E_ARGUMENT);
    ck_assert_int_eq(sbertja_retrieval(NULL, 1, 3, relevant, begins, &mrr, &recall, NULL), SBERTJA_E_ARGUMENT);
}
END_TEST

/* ---- Correlation ------------------------------------------------------------------------------------------------ */

static const struct {
    const char *what;
    size_t count;
    double x[5], y[5], pearson, spearman; /* NAN: undefined */
} samples[] = {
    {"a line", 4, {1, 2, 3, 4}, {3, 5, 7, 9}, 1, 1},
    {"a falling line", 3, {1, 2, 3}, {0.3, 0.2, 0.1}, -1, -1},
    {"a curve", 4, {1, 2, 3, 4}, {1, 10, 100, 1000}, 0.8241407166, 1},
    {"ties", 5, {1, 2, 2, 3, 3}, {1, 3, 2, 2, 4}, 0.6813851439, 0.6488856845},
    {"constant", 3, {0.1, 0.1, 0.1}, {1, 2, 3}, NAN, NAN},
    {"one", 1, {1}, {1}, NAN, NAN},
    {"none", 0, {0}, {0}, NAN, NAN},
    {"not a number", 3, {1, NAN, 3}, {1, 2, 3}, NAN, NAN},
    {"large and close together", 3, {1e9, 1e9 + 1, 1e9 + 2}, {1, 2, 4}, 0.9819805061, 1},
};

START_TEST(correlations)
{
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        double r = sbertja_pearson(samples[i].x, samples[i].y, samples[i].count), rho;
        ck_assert_int_eq(sbertja_spearman(samples[i].x, samples[i].y, samples[i].count, &rho, NULL), SBERTJA_OK);
        ck_assert_msg(isnan(r) ? isnan(samples[i].pearson) : fabs(r - samples[i].pearson) < 1e-9, "%s: r %.10f",
                      samples[i].what, r);
        ck_assert_msg(isnan(rho) ? isnan(samples[i].spearman) : fabs(rho - samples[i].spearman) < 1e-9, "%s: rho %.10f",
                      samples[i].what, rho);
    }
    ck_assert_int_eq(sbertja_spearman(NULL, samples[0].y, 4, &(double){0}, NULL), SBERTJA_E_ARGUMENT);
}
END_TEST

/* ---- Classifiers ------------------------------------------------------------------------------------------------ */

START_TEST(nearest_centroid)
{
    const float train[5][2] = {{0, 0}, {2, 0}, {10, 0}, {10, 2}, {5.5f, 0}};
    const int labels[5] = {7, 7, -3, -3, 7}; /* centroids (2.5, 0) and (10, 1) */
    const float vectors[4][2] = {{0, 0}, {6, 0}, {7, 0}, {100, 100}};
    const int expected[4] = {7, 7, -3, -3};
    int predicted[4];
    ck_assert_int_eq(sbertja_classify_centroid(train[0], labels, 5, vectors[0], 4, 2, predicted, NULL), SBERTJA_OK);
    ck_assert_int_eq(memcmp(predicted, expected, sizeof expected), 0);
    ck_assert_int_eq(sbertja_classify_centroid(train[0], labels, 0, vectors[0], 4, 2, predicted, NULL),
                     SBERTJA_E_ARGUMENT);
    ck_assert_int_eq(sbertja_classify_centroid(train[0], NULL, 5, vectors[0], 4, 2, predicted, NULL),
                     SBERTJA_E_ARGUMENT);
}
END_TEST

START_TEST(centroids_at_the_same_distance)
{
    const float train[2][1] = {{1}, {-1}}, middle[1] = {0};
    const int labels[2] = {2, 1};
    int predicted;
    ck_assert_int_eq(sbertja_classify_centroid(train[0], labels, 2, middle, 1, 1, &predicted, NULL), SBERTJA_OK);
    ck_assert_int_eq(predicted, 1);
}
END_TEST

static const struct {
    const char *what;
    size_t k;
    int expected;
} neighbours[] = {
    {"the nearest", 1, 5}, {"a tie by the sum of cosines", 2, 5}, {"a majority", 3, 9}, {"a tie of two and two", 4, 9}};

/* Cosines to (1, 0): 0.99 of label 5, 0.9 and 0.8 of label 9, -1 of label 5. */
START_TEST(nearest_neighbours)
{
    const float train[4][2] = {{0.9f, 0.43589f}, {0.99f, 0.14107f}, {0.8f, 0.6f}, {-1, 0}}, query[2] = {3, 0};
    const int labels[4] = {9, 5, 9, 5};
    sbertja_error error;
    int predicted;
    for (size_t i = 0; i < 4; i++) {
        ck_assert_int_eq(
            sbertja_classify_neighbours(train[0], labels, 4, neighbours[i].k, query, 1, 2, &predicted, NULL),
            SBERTJA_OK);
        ck_assert_msg(predicted == neighbours[i].expected, "%s: %d", neighbours[i].what, predicted);
    }
    ck_assert_int_eq(sbertja_classify_neighbours(train[0], labels, 4, 5, query, 1, 2, &predicted, &error),
                     SBERTJA_E_ARGUMENT);
    ck_assert_str_eq(error.message, "k: 5, expected 1 to train_count, 4");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("measure");
    TCase *tests = tcase_create("measure");
    tcase_add_test(tests, accuracy_and_macro_f1);
    tcase_add_test(tests, triplet_accuracy);
    tcase_add_test(tests, retrieval);
    tcase_add_test(tests, correlations);
    tcase_add_test(tests, nearest_centroid);
    tcase_add_test(tests, centroids_at_the_same_distance);
    tcase_add_test(tests, nearest_neighbours);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
