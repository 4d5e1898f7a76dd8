/* Saves that fail during or after a training: it is never lost. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/directory.h"
#include "support/ours.h"
#include "support/suite.h"
#include "support/temporary.h"
#include "support/training.h"

/* What stands in the way of a save: a file in the directory's place, there from one step or evaluation to another. */
typedef struct obstacle {
    const char *path;
    size_t from, until;  /* of the calls of the callback; until 0: for ever */
    size_t calls, warnings;
    double scores[8];
    char warning[300]; /* the first */
} obstacle;

static void call(obstacle *o)
{
    o->calls++;
    if (o->calls == o->from)
        ck_assert(rename(o->path, temporary_path("aside")) == 0 || access(o->path, F_OK) != 0);
    if (o->calls == o->from)
        ck_assert(sbj_write_file(o->path, "x", 1, NULL) == SBERTJA_OK);
    if (o->calls == o->until)
        ck_assert(unlink(o->path) == 0);
}

static int at_a_step(void *user, const sbertja_progress *progress)
{
    (void)progress;
    call(user);
    return 0;
}

static int at_an_evaluation(void *user, const sbertja_model *model, size_t epoch, size_t steps, double *score)
{
    obstacle *o = user;
    (void)model;
    (void)epoch;
    (void)steps;
    call(o);
    *score = o->scores[o->calls - 1];
    return 0;
}

static void take_message(void *user, sbertja_log_level level, const char *message)
{
    obstacle *o = user;
    if (level == SBERTJA_LOG_WARNING && o->warnings++ == 0)
        snprintf(o->warning, sizeof o->warning, "%s", message);
}

static sbertja_fit_options options(obstacle *o)
{
    sbertja_fit_options options = SBERTJA_FIT_OPTIONS_INIT;
    options.threads = 2;
    options.steps_per_epoch = 1;
    options.epochs = 4;
    options.warmup_steps = 0;
    options.learning_rate = 1e-3;
    options.log = take_message;
    options.log_user = o;
    return options;
}

static sbertja_model *fit(const sbertja_model *model, const sbertja_fit_options *options, sbertja_status *status,
                          sbertja_error *error)
{
    sbertja_model *trained;
    sbertja_dataset *dataset = training_sentences(48);
    const sbertja_objective objective = training_objective(dataset, SBERTJA_BATCH_ALL_TRIPLET_LOSS);
    *status = sbertja_fit(model, &objective, 1, options, &trained, error);
    sbertja_dataset_free(dataset);
    return trained;
}

/* After `epochs` steps, without anything in the way. */
static sbertja_model *undisturbed(const sbertja_model *model, size_t epochs)
{
    sbertja_status status;
    sbertja_error error;
    obstacle none = {0};
    sbertja_fit_options o = options(&none);
    o.scheduler = "constantlr"; /* so that fewer epochs are the beginning of more */
    o.epochs = epochs;
    sbertja_model *trained = fit(model, &o, &status, &error);
    ck_assert_msg(status == SBERTJA_OK, "%s", error.message);
    return trained;
}

START_TEST(the_last_model_is_given)
{
    sbertja_status status;
    sbertja_error error;
    sbertja_model *model = training_model("cpu", NULL), *expected = undisturbed(model, 4);
    obstacle in_the_way = {.path = temporary_path("out"), .from = 4};
    sbertja_fit_options o = options(&in_the_way);
    o.scheduler = "constantlr";
    o.output_path = in_the_way.path;
    o.progress = at_a_step;
    o.progress_user = &in_the_way;
    sbertja_model *trained = fit(model, &o, &status, &error);
    ck_assert_int_eq(status, SBERTJA_E_IO);
    ck_assert_msg(strstr(error.message, "out: exists and is not a directory") != NULL, "%s", error.message);
    ck_assert(trained != NULL && training_equal(trained, expected));
    ck_assert_int_eq(sbertja_model_save(trained, temporary_path("elsewhere"), NULL, NULL), SBERTJA_OK);
    sbertja_model_free(trained);
    sbertja_model_free(expected);
    sbertja_model_free(model);
}
END_TEST

static const struct best_case {
    double scores[4];
    size_t from, until;
    sbertja_status status;
    size_t model; /* the epochs that the saved one, or else the one given, was trained for */
} bests[] = {
    {{1, 2, 0, 0}, 2, 3, SBERTJA_OK, 2},   /* saved at the next evaluation */
    {{1, 2, 3, 0}, 2, 3, SBERTJA_OK, 3},   /* overtaken by a better one */
    {{1, 2, 0, 0}, 2, 0, SBERTJA_E_IO, 2}, /* never: it is given instead of the last one */
    {{3, 2, 1, 0}, 2, 4, SBERTJA_OK, 0},   /* nothing was to be saved then; the one that was is put aside below */
};
enum { BESTS = sizeof bests / sizeof *bests };

START_TEST(the_best_model_is_kept)
{
    const struct best_case *c = &bests[_i];
    sbertja_status status;
    sbertja_error error;
    sbertja_model *model = training_model("cpu", NULL);
    char out[300];
    snprintf(out, sizeof out, "%s", temporary_path("out"));
    obstacle in_the_way = {.path = out, .from = c->from, .until = c->until};
    memcpy(in_the_way.scores, c->scores, sizeof c->scores);
    sbertja_fit_options o = options(&in_the_way);
    o.scheduler = "constantlr";
    o.output_path = out;
    o.evaluate = at_an_evaluation;
    o.evaluate_user = &in_the_way;
    sbertja_model *trained = fit(model, &o, &status, &error);
    ck_assert_int_eq(status, c->status);
    ck_assert_ptr_nonnull(trained);
    ck_assert_uint_eq(in_the_way.calls, 4);
    if (c->model > 0) {
        sbertja_model *expected = undisturbed(model, c->model);
        ck_assert_msg(strstr(in_the_way.warning, "the best model cannot be saved: ") != NULL, "%s", in_the_way.warning);
        ck_assert(status == SBERTJA_OK ? training_equal_saved(expected, out) : training_equal(trained, expected));
        sbertja_model_free(expected);
    }
    sbertja_model_free(trained);
    sbertja_model_free(model);
}
END_TEST

/* The training goes on; only the last checkpoint's failure is one of the training, which is saved all the same. */
START_TEST(a_checkpoint_that_fails)
{
    sbertja_status status;
    sbertja_error error;
    sbertja_model *model = training_model("cpu", NULL), *expected = undisturbed(model, 4);
    char state[300];
    snprintf(state, sizeof state, "%s", temporary_path("state"));
    obstacle in_the_way = {.path = state, .from = 2, .until = _i == 0 ? 4 : 0};
    sbertja_fit_options o = options(&in_the_way);
    o.scheduler = "constantlr";
    o.output_path = temporary_path("out");
    o.checkpoint_path = state;
    o.progress = at_a_step;
    o.progress_user = &in_the_way;
    sbertja_model *trained = fit(model, &o, &status, &error);
    ck_assert_int_eq(status, _i == 0 ? SBERTJA_OK : SBERTJA_E_IO);
    ck_assert_msg(strstr(in_the_way.warning, "step 2: no checkpoint: ") != NULL, "%s", in_the_way.warning);
    ck_assert(trained != NULL && training_equal(trained, expected) && training_equal_saved(trained, o.output_path));
    sbertja_model_free(trained);
    sbertja_model_free(expected);
    sbertja_model_free(model);
}
END_TEST

/* How far two texts are apart: nothing is left of it in a model that a learning rate has wrecked. */
static int spread(void *user, const sbertja_model *model, size_t epoch, size_t steps, double *score)
{
    static const char *const texts[] = {"水が漏れた。", "会議は三時に始まる。"};
    const size_t dimension = sbertja_model_dimension(model);
    float vectors[2 * 64];
    sbertja_session *session;
    obstacle *o = user;
    (void)epoch;
    (void)steps;
    ck_assert_uint_le(dimension, 64);
    ck_assert_int_eq(sbertja_session_create(model, NULL, &session, NULL), SBERTJA_OK);
    ck_assert_int_eq(sbertja_encode(session, texts, NULL, 2, NULL, vectors, NULL), SBERTJA_OK);
    sbertja_session_free(session);
    *score = o->scores[o->calls++] = 1 - sbertja_cosine(vectors, vectors + dimension, dimension);
    return 0;
}

/* A learning rate that is far too large; the first one leaves the weights finite, the second ends the training. The first
 * epoch, whose rate is 0, stays the best. */
START_TEST(a_wrecked_training_leaves_the_best_model)
{
    sbertja_status status;
    sbertja_error error;
    sbertja_model *model = training_model("cpu", NULL);
    obstacle judge = {0};
    sbertja_fit_options o = options(&judge);
    o.learning_rate = _i == 0 ? 10 : 1e4;
    o.warmup_steps = 1;
    o.max_grad_norm = 1;
    o.output_path = temporary_path("out");
    o.evaluate = spread;
    o.evaluate_user = &judge;
    sbertja_model *trained = fit(model, &o, &status, &error);
    ck_assert_msg(status == (_i == 0 ? SBERTJA_OK : SBERTJA_E_ARGUMENT), "%s", error.message);
    for (size_t i = 1; i < judge.calls; i++)
        ck_assert_msg(!(judge.scores[i] > judge.scores[0]), "score %zu: %g, the first %g", i, judge.scores[i],
                      judge.scores[0]);
    ck_assert(_i == 0 ? trained != NULL && !training_equal(trained, model) : trained == NULL);
    ck_assert(training_equal_saved(model, o.output_path));
    sbertja_model_free(trained);
    sbertja_model_free(model);
}
END_TEST

/* ---- Real disks ---- */

static int onto_a_full_disk(const char *folder)
{
    static char block[1 << 16];
    char out[300], full[300];
    sbertja_status status;
    sbertja_error error;
    if (!own_mounts() || mount("none", folder, "tmpfs", 0, "size=256k") != 0)
        return 77;
    snprintf(out, sizeof out, "%s/out", folder);
    snprintf(full, sizeof full, "%s/full", folder);
    sbertja_model *model = training_model("cpu", NULL);
    obstacle nothing = {0};
    sbertja_fit_options o = options(&nothing);
    o.output_path = out;
    sbertja_model *first = fit(model, &o, &status, &error);
    EXPECT(status == SBERTJA_OK);
    FILE *file = fopen(full, "wb");
    while (file != NULL && fwrite(block, 1, sizeof block, file) == sizeof block && fflush(file) == 0)
        continue;
    EXPECT(file != NULL);
    fclose(file);
    o.seed = 7;
    sbertja_model *trained = fit(model, &o, &status, &error); /* there is not even a directory's worth of space */
    EXPECT(status == SBERTJA_E_IO && strstr(error.message, "No space left") != NULL);
    if (trained == NULL)
        EXPECT(nothing.warnings == 0); /* told before the first step */
    EXPECT(training_equal_saved(first, out));
    EXPECT(unlink(full) == 0 && entries(folder) == 1);
    file = fopen(full, "wb"); /* all but some tens of kilobytes */
    for (int i = 0; file != NULL && i < 2; i++)
        fwrite(block, 1, i == 0 ? sizeof block : sizeof block / 2, file);
    EXPECT(file != NULL && fclose(file) == 0);
    trained = fit(model, &o, &status, &error);
    EXPECT(status == SBERTJA_E_IO && trained != NULL && !training_equal(trained, first));
    EXPECT(strstr(nothing.warning, "output_path: ") != NULL && strstr(nothing.warning, "MB are free") != NULL);
    EXPECT(training_equal_saved(first, out) && entries(folder) == 2);
    return 0;
}

/* As a container's volume: the best model again and again, and checkpoints in another one. */
static int onto_volumes(const char *folder)
{
    char out[300], state[300];
    sbertja_status status;
    sbertja_error error;
    snprintf(out, sizeof out, "%s/out", folder);
    snprintf(state, sizeof state, "%s/state", folder);
    mkdir(out, 0700);
    mkdir(state, 0700);
    if (!own_mounts() || mount("none", out, "tmpfs", 0, "size=4m") != 0 || mount("none", state, "tmpfs", 0, "size=4m") != 0)
        return 77;
    sbertja_model *model = training_model("cpu", NULL);
    obstacle judge = {.scores = {1, 2, 3, 4}};
    sbertja_fit_options o = options(&judge);
    o.output_path = out;
    o.checkpoint_path = state;
    o.evaluate = at_an_evaluation;
    o.evaluate_user = &judge;
    sbertja_model *trained = fit(model, &o, &status, &error);
    EXPECT(status == SBERTJA_OK && judge.warnings == 0);
    EXPECT(training_equal_saved(trained, out));
    EXPECT(entries(state) == 2 && entries(folder) == 2);
    o.resume = 1;
    sbertja_model *again = fit(model, &o, &status, &error);
    EXPECT(status == SBERTJA_OK && training_equal(again, trained));
    return 0;
}

START_TEST(on_a_full_disk)
{
    in_a_process("train/lost_save on_a_full_disk", "mounting a small disk is not allowed here", onto_a_full_disk);
}
END_TEST

START_TEST(on_volumes)
{
    in_a_process("train/lost_save on_volumes", "mounting is not allowed here", onto_volumes);
}
END_TEST

SUITE_MAIN("train/lost_save", 60, {the_last_model_is_given, 0}, {the_best_model_is_kept, BESTS},
           {a_checkpoint_that_fails, 2}, {a_wrecked_training_leaves_the_best_model, 2}, {on_a_full_disk, 0}, {on_volumes, 0})
