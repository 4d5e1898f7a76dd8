/* The losses on cosines (CosineSimilarityLoss, CoSENTLoss, MultipleNegativesRankingLoss): against PyTorch, against finite
 * differences also where batches are awkward, and at the edges. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "support/failing_alloc.h"
#include "support/losses.h"
#include "support/suite.h"
#include "util/rng.h"

#define COSINE_SIMILARITY {SBERTJA_COSINE_SIMILARITY_LOSS, (sbertja_metric)0, NAN, 0, 0}
#define COSENT(scale) {SBERTJA_COSENT_LOSS, (sbertja_metric)0, NAN, scale, 0}
#define RANKING(scale) {SBERTJA_MULTIPLE_NEGATIVES_RANKING_LOSS, (sbertja_metric)0, NAN, scale, 0}

static const loss_case references[] = {
    {"CosineSimilarityLoss", COSINE_SIMILARITY, 2},
    {"CoSENTLoss", COSENT(20), 2},
    {"MultipleNegativesRankingLoss.pairs.scale1.0", RANKING(1), 2},
    {"MultipleNegativesRankingLoss.pairs.scale20.0", RANKING(20), 2},
    {"MultipleNegativesRankingLoss.triplets.scale1.0", RANKING(1), 3},
    {"MultipleNegativesRankingLoss.triplets.scale20.0", RANKING(20), 3},
};
enum { REFERENCES = sizeof references / sizeof *references };

START_TEST(pytorch)
{
    loss_check_reference(&references[_i]);
}
END_TEST

/* ---- Finite differences ---- */

enum { WIDTH = 5, MOST = 8 * 6 * WIDTH };

static const struct {
    const char *name;
    size_t examples;
    double scores[6];
    bool alike; /* the first two examples are one and the same */
    bool zero;  /* the last vector of the batch is nearly that */
} batches[] = {
    {"several scores", 6, {0.1, 0.9, 0.4, 0.6, 0.2, 0.8}, false, false},
    {"equal scores among them", 6, {0.5, 0.5, 0.2, 0.5, 0.2, 1}, false, false},
    {"all scores equal", 4, {0.3, 0.3, 0.3, 0.3}, false, false},
    {"one example", 1, {0.7}, false, false},
    {"two alike", 5, {0, 1, 0.5, 0.25, 0.75}, true, false},
    {"a very short vector", 5, {0, 1, 0.5, 0.25, 0.75}, false, true},
};
enum { BATCHES = sizeof batches / sizeof *batches };

static const loss_case losses[] = {
    {"CosineSimilarityLoss", COSINE_SIMILARITY, 2}, {"CoSENTLoss", COSENT(20), 2},
    {"CoSENTLoss of small scale", COSENT(0.5), 2},  {"ranking, pairs", RANKING(20), 2},
    {"ranking, triplets", RANKING(3), 3},           {"ranking, eight texts", RANKING(20), 8},
};
enum { LOSSES = sizeof losses / sizeof *losses };

START_TEST(finite_differences)
{
    const loss_case *loss = &losses[_i % LOSSES];
    const int batch = _i / LOSSES;
    const size_t examples = batches[batch].examples, last = examples * loss->groups - 1;
    double x[MOST];
    char name[128];
    sbj_rng rng = sbj_rng_make(5, (uint32_t)_i);
    for (size_t i = 0; i < MOST; i++)
        x[i] = sbj_rng_normal(&rng);
    for (size_t g = 0; batches[batch].alike && g < loss->groups; g++)
        memcpy(x + (g * examples + 1) * WIDTH, x + g * examples * WIDTH, WIDTH * sizeof *x);
    for (size_t i = 0; batches[batch].zero && i < WIDTH; i++)
        x[last * WIDTH + i] *= 0.01; /* the bound is one of the others' gradients; this one's are 100 times as large */
    snprintf(name, sizeof name, "%s: %s", loss->name, batches[batch].name);
    const loss_case c = {name, loss->spec, loss->groups};
    loss_check_gradient(&c, examples, WIDTH, x, batches[batch].scores, batches[batch].zero ? 1e-5 : 1e-7);
}
END_TEST

/* ---- Edges ---- */

/* Three pairs of two-dimensional vectors, the first text of the first pair all zeros; what sentence-transformers 6.2 gives
 * in double. A zero vector has cosine 0 to all, and torch's gradient, with |x| taken for 1e-12. */
static const double zero_among_them[12] = {0, 0, 1, 2, 3, -1, 1, 1, 0.5, -1, 2, 2};

static const struct {
    const char *name;
    loss_case loss;
    double scores[3], value, gradient[12];
} zeros[] = {
    {"CosineSimilarityLoss", {"", COSINE_SIMILARITY, 2}, {0, 0.5, 1}, 0.5051909363333614,
     {0, 0, -0.23466666666666666, 0.11733333333333335, -0.032961812733327725, -0.09888543819998316, 0, 0,
      -0.4693333333333333, -0.2346666666666667, -0.08240453183331933, 0.0824045318333193}},
    {"CoSENTLoss", {"", COSENT(20), 2}, {0, 0.5, 1}, 12.00000614499519,
     {14142048731980.434, 14142048731980.434, -6.399960672151587, 3.199980336075795, -1.4341456858408491e-09,
      -4.302437057522546e-09, 0, 0, -12.799921344303174, -6.39996067215159, -3.5853642146021215e-09,
      3.585364214602121e-09}},
    {"CoSENTLoss with ties", {"", COSENT(20), 2}, {0.5, 0.5, 0.25}, 20.944278054994342,
     {-86891750.45074213, -86891750.45074213, -6.399960672151664, 3.199980336075833, 1.7888543805656973,
      5.366563141697092, 0, 0, -12.799921344303328, -6.399960672151666, 4.472135951414243, -4.472135951414243}},
    {"MultipleNegativesRankingLoss", {"", RANKING(20), 2}, {0}, 12.658095063072361,
     {-577540412636.8654, -3558964382636.585, -1.290059290621741, 0.6450296453108715, -1.0560132675960794,
      -3.168039802788238, -0.5107441340678998, 0.5107441340679002, -0.5366720214916785, -0.26833601074583857,
      -1.7460840520338095, 1.7460840520338095}},
};

START_TEST(zero_vector)
{
    double g[12];
    const double value = loss_run(&zeros[_i].loss, 3, 2, zero_among_them, zeros[_i].scores, g, NULL);
    ck_assert_msg(fabs(value - zeros[_i].value) < 1e-12 * value, "%s: %.17g", zeros[_i].name, value);
    for (int i = 0; i < 12; i++)
        ck_assert_msg(fabs(g[i] - zeros[_i].gradient[i]) <= 1e-9 * fmax(fabs(zeros[_i].gradient[i]), 1e-6),
                      "%s: element %d: %.17g, expected %.17g", zeros[_i].name, i, g[i], zeros[_i].gradient[i]);
}
END_TEST

/* Both all zeros: cosine 0, and nothing to move. */
START_TEST(only_zero_vectors)
{
    const double x[8 * 2 * 2] = {0}, scores[2] = {0, 1};
    double g[8 * 2 * 2];
    ck_assert(isfinite(loss_run(&losses[_i], 2, 2, x, scores, g, NULL)));
    for (size_t i = 0; i < 4 * losses[_i].groups; i++)
        ck_assert_msg(g[i] == 0, "%s: element %zu: %g", losses[_i].name, i, g[i]);
}
END_TEST

/* Nothing to order, nothing to tell apart: exactly 0, and no gradient. */
START_TEST(nothing_to_learn)
{
    static const struct {
        const char *name;
        loss_case loss;
        size_t examples;
        double scores[2];
    } cases[] = {{"CoSENT, one pair", {"", COSENT(20), 2}, 1, {0.5}},
                 {"CoSENT, equal scores", {"", COSENT(20), 2}, 2, {0.5, 0.5}},
                 {"ranking, one pair", {"", RANKING(20), 2}, 1, {0}}};
    static const double x[8] = {1, 2, -3, 1, 0.5, 1, 2, 2};
    double g[8], active;
    ck_assert_msg(loss_run(&cases[_i].loss, cases[_i].examples, 2, x, cases[_i].scores, g, &active) == 0, "%s",
                  cases[_i].name);
    ck_assert(active == 0);
    for (size_t i = 0; i < 4 * cases[_i].examples; i++)
        ck_assert_msg(g[i] == 0, "%s: element %zu: %g", cases[_i].name, i, g[i]);
}
END_TEST

/* Exponents that no double holds: with the largest taken out, the loss is the largest itself. */
START_TEST(large_scales)
{
    static const double x[8] = {1, 0, 0, 1, /* second texts */ -1, 0, 0, 1}, scores[2] = {1, 0};
    static const struct {
        loss_case loss;
        double value;
    } cases[] = {{{"CoSENT: 1 - -1 the wrong way", COSENT(1e6), 2}, 2e6},
                 {{"ranking: the first anchor is at 0 to the other, at -1 to its own", RANKING(1e6), 2}, 0.5e6}};
    double g[8];
    const double value = loss_run(&cases[_i].loss, 2, 2, x, scores, g, NULL);
    ck_assert_msg(fabs(value - cases[_i].value) < 1e-6, "%s: %.17g", cases[_i].loss.name, value);
    for (int i = 0; i < 8; i++)
        ck_assert_msg(isfinite(g[i]), "%s", cases[_i].loss.name);
}
END_TEST

/* Cosines 1, 0, -1 of the pairs; which share of what counts is wrong. */
START_TEST(share_of_active)
{
    static const double x[12] = {1, 0, 1, 0, 1, 0, /* second texts */ 2, 0, 0, 3, -1, 0};
    static const struct {
        const char *name;
        loss_case loss;
        double scores[3], active;
    } cases[] = {{"in order", {"", COSENT(20), 2}, {1, 0.5, 0}, 0},
                 {"the wrong way round", {"", COSENT(20), 2}, {0, 0.5, 1}, 1},
                 {"one of two, the third pair is equal", {"", COSENT(20), 2}, {1, 2, 1}, 0.5},
                 {"the nearest is the first one's", {"", RANKING(20), 2}, {0}, 2.0 / 3},
                 {"always", {"", COSINE_SIMILARITY, 2}, {1, 0, -1}, 1}};
    double g[12], active;
    loss_run(&cases[_i].loss, 3, 2, x, cases[_i].scores, g, &active);
    ck_assert_msg(fabs(active - cases[_i].active) < 1e-15, "%s: %g", cases[_i].name, active);
}
END_TEST

/* A duplicate of the right text cannot be told from it: the loss has a floor of log 2. */
START_TEST(duplicates_confuse)
{
    static const double x[8] = {1, 0, 1, 0, 1, 0, 1, 0};
    double g[8], active;
    ck_assert_double_eq_tol(loss_run(&losses[3], 2, 2, x, NULL, g, &active), log(2), 1e-15);
    ck_assert(active == 1);
}
END_TEST

/* Weights that have gone astray must not look like a loss of 0, also where there is nothing to order. */
START_TEST(not_a_number)
{
    static const double scores[2][2] = {{0, 1}, {1, 1}};
    const loss_case *loss = &losses[_i % LOSSES];
    double x[8 * 2 * WIDTH], g[8 * 2 * WIDTH];
    for (size_t i = 0; i < 8 * 2 * WIDTH; i++)
        x[i] = (double)(i % 7);
    x[4] = NAN;
    ck_assert_msg(isnan(loss_run(loss, 2, WIDTH, x, scores[_i / LOSSES], g, NULL)), "%s", loss->name);
}
END_TEST

START_TEST(no_memory)
{
    static const double x[8 * 2 * WIDTH], scores[2] = {0, 1};
    const sbj_loss_batch batch = {
        .examples = 2, .groups = losses[_i].groups, .dimension = WIDTH, .vectors = x, .labels = scores};
    double g[8 * 2 * WIDTH];
    sbj_loss_result result = {.gradient = g};
    sbertja_error error;
    failing_alloc heap;
    size_t n = 0;
    do {
        failing_alloc_init(&heap, ++n);
        const sbertja_status status = sbj_loss_run(&heap.alloc, &losses[_i].spec, &batch, &result, &error);
        ck_assert_int_eq(status, failing_alloc_failed(&heap) ? SBERTJA_E_MEMORY : SBERTJA_OK);
        ck_assert_uint_eq(failing_alloc_live(&heap), 0);
    } while (failing_alloc_failed(&heap));
}
END_TEST

SUITE_MAIN("loss/pair_losses", 20, {pytorch, REFERENCES}, {finite_differences, LOSSES *BATCHES}, {zero_vector, 4},
           {only_zero_vectors, LOSSES}, {nothing_to_learn, 3}, {large_scales, 2}, {share_of_active, 5},
           {duplicates_confuse, 0}, {not_a_number, 2 * LOSSES}, {no_memory, LOSSES})
