/* Values and gradients of the losses: against PyTorch, against finite differences, and at the edges. */
#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "loss/loss.h"
#include "support/reference.h"
#include "support/suite.h"
#include "util/rng.h"

static double run(const sbj_loss_spec *spec, size_t examples, size_t width, const double *vectors, const double *labels,
                  double *gradient, double *active)
{
    const sbj_loss_batch batch = {examples, width, vectors, labels};
    sbj_loss_result result = {0, 0, gradient};
    sbertja_error error;
    ck_assert_msg(sbj_loss_run(&sbj_malloc, spec, &batch, &result, &error) == SBERTJA_OK, "%s", error.message);
    if (active != NULL)
        *active = result.active;
    return result.loss;
}

/* ---- Against PyTorch. The vectors were stored as float32, which moves the losses by about 1e-7 of their value and the
 * gradients, which hold differences of near vectors, by somewhat more. ---- */

static const struct {
    const char *name;
    sbj_loss_spec spec;
} references[] = {
    {"BatchAllTripletLoss.euclidean.margin5.0", {SBERTJA_BATCH_ALL_TRIPLET_LOSS, SBERTJA_EUCLIDEAN, 5}},
    {"BatchAllTripletLoss.euclidean.margin0.3", {SBERTJA_BATCH_ALL_TRIPLET_LOSS, SBERTJA_EUCLIDEAN, 0.3}},
    {"BatchAllTripletLoss.cosine.margin0.2", {SBERTJA_BATCH_ALL_TRIPLET_LOSS, SBERTJA_COSINE, 0.2}},
    {"BatchAllTripletLoss.cosine.margin5.0", {SBERTJA_BATCH_ALL_TRIPLET_LOSS, SBERTJA_COSINE, 5}},
    {"TripletLoss.euclidean.margin5.0", {SBERTJA_TRIPLET_LOSS, SBERTJA_EUCLIDEAN, 5}},
    {"TripletLoss.euclidean.margin0.5", {SBERTJA_TRIPLET_LOSS, SBERTJA_EUCLIDEAN, 0.5}},
    {"TripletLoss.cosine.margin5.0", {SBERTJA_TRIPLET_LOSS, SBERTJA_COSINE, 5}},
    {"TripletLoss.cosine.margin0.5", {SBERTJA_TRIPLET_LOSS, SBERTJA_COSINE, 0.5}},
    {"TripletLoss.manhattan.margin5.0", {SBERTJA_TRIPLET_LOSS, SBERTJA_MANHATTAN, 5}},
    {"TripletLoss.manhattan.margin0.5", {SBERTJA_TRIPLET_LOSS, SBERTJA_MANHATTAN, 0.5}},
};
enum { REFERENCES = sizeof references / sizeof *references };

static void check_reference(const char *folder, const char *name, const sbj_loss_spec *spec)
{
    reference r;
    sbertja_error error;
    sbj_json json = {0};
    char key[128];
    reference_open(&r, folder);
    ck_assert(sbj_json_read(&sbj_malloc, reference_path(&r, "losses.json"), &json, &error) == SBERTJA_OK);
    sbj_archive *archive = reference_archive(&r, "losses.safetensors");
    const sbj_stored *stored = sbj_archive_find(archive, "embeddings");
    const size_t sentences = 24, width = stored->shape[1], count = sentences * width;
    const double expected =
        cJSON_GetObjectItem(cJSON_GetObjectItem(cJSON_GetObjectItem(json.root, "losses"), name), "loss")->valuedouble;
    double *vectors = malloc(count * sizeof *vectors), *gradient = malloc(count * sizeof *gradient);
    float *ours = malloc(count * sizeof *ours);
    for (size_t i = 0; i < count; i++)
        vectors[i] = ((const float *)stored->data)[i];
    const size_t examples = sentences / sbj_loss_groups(spec->loss);
    const double loss = run(spec, examples, width, vectors, r.labels, gradient, NULL);
    reference_expect(fabs(loss - expected) / fabs(expected), 1e-6, "%s: %s: loss", folder, name);
    for (size_t i = 0; i < count; i++)
        ours[i] = (float)gradient[i];
    snprintf(key, sizeof key, "%s.grad", name);
    reference_expect(reference_difference(ours, reference_floats(archive, key, count), count), 1e-5, "%s: %s: gradient",
                     folder, name);
    free(vectors);
    free(gradient);
    free(ours);
    sbj_archive_free(archive);
    sbj_json_free(&json);
    reference_close(&r);
}

START_TEST(pytorch)
{
    char folders[8][512];
    const size_t count = reference_folders(folders);
    for (size_t f = 0; f < count; f++)
        check_reference(folders[f], references[_i].name, &references[_i].spec);
}
END_TEST

/* ---- Finite differences, on random vectors far from the kinks ---- */

enum { EXAMPLES = 9, WIDTH = 5 };

START_TEST(finite_differences)
{
    const sbj_loss_spec *spec = &references[_i].spec;
    const size_t count = EXAMPLES * WIDTH * sbj_loss_groups(spec->loss);
    double x[3 * EXAMPLES * WIDTH], g[3 * EXAMPLES * WIDTH], unused[3 * EXAMPLES * WIDTH], labels[EXAMPLES];
    sbj_rng rng = sbj_rng_make(5, (uint32_t)_i);
    for (size_t i = 0; i < count; i++)
        x[i] = sbj_rng_normal(&rng);
    for (size_t i = 0; i < EXAMPLES; i++)
        labels[i] = (double)(i % 3);
    run(spec, EXAMPLES, WIDTH, x, labels, g, NULL);
    for (size_t i = 0; i < count; i++) {
        const double step = 1e-6, kept = x[i];
        x[i] = kept + step;
        const double above = run(spec, EXAMPLES, WIDTH, x, labels, unused, NULL);
        x[i] = kept - step;
        const double below = run(spec, EXAMPLES, WIDTH, x, labels, unused, NULL);
        x[i] = kept;
        ck_assert_msg(fabs((above - below) / (2 * step) - g[i]) < 1e-7, "%s: element %zu: %g, expected %g",
                      references[_i].name, i, g[i], (above - below) / (2 * step));
    }
}
END_TEST

/* ---- Edges ---- */

static const sbj_loss_spec batch_all = {SBERTJA_BATCH_ALL_TRIPLET_LOSS, SBERTJA_EUCLIDEAN, 1};

START_TEST(nothing_to_learn)
{
    static const struct {
        const char *name;
        double labels[4], x[4], margin;
    } cases[] = {{"one label only", {1, 1, 1, 1}, {0, 1, 2, 3}, 1},
                 {"no pair of a label", {1, 2, 3, 4}, {0, 1, 2, 3}, 1},
                 {"far enough apart", {1, 1, 2, 2}, {0, 0.1, 9, 9.1}, 1}};
    double g[4], active;
    sbj_loss_spec spec = batch_all;
    spec.margin = cases[_i].margin;
    ck_assert_msg(run(&spec, 4, 1, cases[_i].x, cases[_i].labels, g, &active) == 0, "%s", cases[_i].name);
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
    sbj_loss_spec spec = batch_all;
    spec.margin = 2.5;
    ck_assert_double_eq_tol(run(&spec, 3, 1, x, labels, g, &active), 1.0, 1e-12);
    ck_assert(active == 1);
    spec.margin = 1.5;
    ck_assert_double_eq_tol(run(&spec, 3, 1, x, labels, g, &active), 0.5, 1e-12);
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
        const sbj_loss_spec spec = {SBERTJA_BATCH_ALL_TRIPLET_LOSS, metrics[m], 5};
        ck_assert(isfinite(run(&spec, 4, 2, x, labels, g, NULL)));
        for (int i = 0; i < 8; i++)
            ck_assert(isfinite(g[i]));
    }
}
END_TEST

/* Weights that have gone astray must not look like a loss of 0. */
START_TEST(not_a_number)
{
    const sbj_loss_spec *spec = &references[_i].spec;
    double x[3 * EXAMPLES * WIDTH], g[3 * EXAMPLES * WIDTH], labels[EXAMPLES];
    for (size_t i = 0; i < 3 * EXAMPLES * WIDTH; i++)
        x[i] = (double)(i % 7);
    for (size_t i = 0; i < EXAMPLES; i++)
        labels[i] = (double)(i % 3);
    x[4] = NAN;
    ck_assert_msg(isnan(run(spec, EXAMPLES, WIDTH, x, labels, g, NULL)), "%s", references[_i].name);
}
END_TEST

START_TEST(refusals)
{
    static const struct {
        sbj_loss_spec spec;
        const char *message;
    } cases[] = {
        {{(sbertja_loss)99, SBERTJA_COSINE, 1}, "loss: 99 is no loss"},
        {{SBERTJA_BATCH_ALL_TRIPLET_LOSS, SBERTJA_MANHATTAN, 1},
         "BatchAllTripletLoss: metric 3, expected euclidean or cosine"},
        {{SBERTJA_TRIPLET_LOSS, (sbertja_metric)9, 1}, "TripletLoss: metric 9, expected euclidean, cosine or manhattan"},
        {{SBERTJA_TRIPLET_LOSS, SBERTJA_COSINE, NAN}, "TripletLoss: margin nan, expected a number"}};
    sbertja_error error;
    ck_assert(sbj_loss_check(&cases[_i].spec, &error) == SBERTJA_E_ARGUMENT);
    ck_assert_str_eq(error.message, cases[_i].message);
}
END_TEST

SUITE_MAIN("loss/loss", 20, {pytorch, REFERENCES}, {finite_differences, REFERENCES}, {nothing_to_learn, 3},
           {share_of_active, 0}, {no_direction, 0}, {not_a_number, REFERENCES}, {refusals, 4})
