/* fit through the public functions: what it repeats, reports, evaluates and saves, and that it learns. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "backend/backend.h"
#include "support/processor.h"
#include "support/suite.h"
#include "support/temporary.h"
#include "support/training.h"

static const struct {
    const char *device, *engine;
} places[] = {{"ref", NULL}, {"cpu", "packed"}, {"cpu", "openblas"}};
enum { PLACES = sizeof places / sizeof *places };

static sbertja_fit_options options(void)
{
    sbertja_fit_options o = SBERTJA_FIT_OPTIONS_INIT;
    o.threads = 2;
    o.steps_per_epoch = 5;
    o.epochs = 2;
    o.warmup_steps = 2;
    o.learning_rate = 1e-3;
    return o;
}

/* ---- The same bits ---- */

static sbertja_model *fit_with(const sbertja_model *model, const sbertja_dataset *dataset, int threads, uint64_t seed,
                               int no_dropout)
{
    const sbertja_objective objective = training_objective(dataset, SBERTJA_BATCH_ALL_TRIPLET_LOSS);
    sbertja_fit_options o = options();
    o.threads = threads;
    o.seed = seed;
    o.no_dropout = no_dropout;
    return training_fit(model, &objective, 1, &o);
}

START_TEST(same_seed_same_bits)
{
    static const struct {
        const char *name;
        int threads;
        uint64_t seed;
        int no_dropout;
        bool equal;
    } runs[] = {{"again", 2, 7, 0, true},
                {"1 thread", 1, 7, 0, true},
                {"4 threads", 4, 7, 0, true},
                {"other seed", 2, 8, 0, false},
                {"no dropout", 2, 7, 1, false}};
    sbertja_model *model = training_model(places[_i].device, places[_i].engine);
    sbertja_dataset *dataset = training_sentences(48);
    size_t count;
    float *before = training_weights(model, &count);
    sbertja_model *first = fit_with(model, dataset, 2, 7, 0);
    ck_assert(!training_equal(first, model));
    for (size_t r = 0; r < sizeof runs / sizeof *runs; r++) {
        if (places[_i].engine != NULL && strcmp(places[_i].engine, "openblas") == 0 && runs[r].threads != 2)
            continue; /* that engine promises rounding only */
        sbertja_model *other = fit_with(model, dataset, runs[r].threads, runs[r].seed, runs[r].no_dropout);
        ck_assert_msg(training_equal(first, other) == runs[r].equal, "%s: %s", places[_i].device, runs[r].name);
        sbertja_model_free(other);
    }
    float *after = training_weights(model, &count);
    ck_assert_msg(memcmp(before, after, count * sizeof *before) == 0, "fit changed the model that it began with");
    free(before);
    free(after);
    sbertja_model_free(first);
    sbertja_dataset_free(dataset);
    sbertja_model_free(model);
}
END_TEST

/* ---- bf16 ---- */

static void count_warning(void *user, sbertja_log_level level, const char *message)
{
    int *warnings = user;
    *warnings += level == SBERTJA_LOG_WARNING && strstr(message, "bf16: device ") == message;
}

static sbertja_model *fit_bf16(const sbertja_model *model, const sbertja_dataset *dataset, int threads, int bf16,
                               int *warnings)
{
    const sbertja_objective objective = training_objective(dataset, SBERTJA_BATCH_ALL_TRIPLET_LOSS);
    sbertja_fit_options o = options();
    o.threads = threads;
    o.bf16 = bf16;
    o.log = count_warning;
    o.log_user = warnings;
    return training_fit(model, &objective, 1, &o);
}

/* Products in bf16 where the processor multiplies it, else a warning; either way the same bits for any threads. */
START_TEST(in_bf16)
{
    const bool here =
        places[_i].engine != NULL && strcmp(places[_i].engine, "packed") == 0 && processor_multiplies_bf16();
    sbertja_model *model = training_model(places[_i].device, places[_i].engine);
    sbertja_dataset *dataset = training_sentences(48);
    int warnings = 0;
    sbertja_model *first = fit_bf16(model, dataset, 2, 1, &warnings),
                  *plain = fit_bf16(model, dataset, 2, 0, &warnings);
    ck_assert_int_eq(warnings, !here);
    ck_assert(training_equal(first, plain) == !here);
    for (int threads = 1; threads <= 4 && here; threads += 3) {
        sbertja_model *other = fit_bf16(model, dataset, threads, 1, &warnings);
        ck_assert_msg(training_equal(first, other), "%d threads", threads);
        sbertja_model_free(other);
    }
    sbertja_model_free(first);
    sbertja_model_free(plain);
    sbertja_dataset_free(dataset);
    sbertja_model_free(model);
}
END_TEST

/* ---- Reports ---- */

typedef struct reports {
    size_t calls, stop_at; /* 0: never */
    sbertja_progress last, all[64];
} reports;

static int take_report(void *user, const sbertja_progress *progress)
{
    reports *r = user;
    if (r->calls < 64)
        r->all[r->calls] = *progress;
    r->calls++;
    r->last = *progress;
    return r->stop_at != 0 && progress->step == r->stop_at;
}

START_TEST(objectives_in_turn)
{
    sbertja_model *model = training_model("cpu", NULL);
    sbertja_dataset *sentences = training_sentences(48), *triplets = training_triplets(10);
    const sbertja_objective objectives[] = {training_objective(sentences, SBERTJA_BATCH_ALL_TRIPLET_LOSS),
                                            training_objective(triplets, SBERTJA_TRIPLET_LOSS)};
    sbertja_fit_options o = options();
    reports r = {0};
    o.steps_per_epoch = 0; /* ten triplets are three batches of up to four; 48 sentences would be six */
    o.progress = take_report;
    o.progress_user = &r;
    sbertja_model_free(training_fit(model, objectives, 2, &o));
    ck_assert_uint_eq(r.calls, 2 * 3 * 2);
    for (size_t i = 0; i < r.calls; i++) {
        const sbertja_progress *p = &r.all[i];
        const double step = (double)(i / 2);
        ck_assert(p->objective == i % 2 && p->step == i / 2 + 1 && p->steps == 6);
        ck_assert(p->epoch == i / 6 && p->epochs == 2);
        ck_assert_double_eq_tol(p->learning_rate, 1e-3 * (step < 2 ? step / 2 : (6 - step) / 4), 1e-15);
        ck_assert(p->loss > 0 && p->active > 0 && p->active <= 1 && p->grad_norm > 0);
        ck_assert(p->sentences_per_second > 0 && p->seconds_left >= 0);
    }
    ck_assert(r.last.seconds_left == 0);
    sbertja_dataset_free(sentences);
    sbertja_dataset_free(triplets);
    sbertja_model_free(model);
}
END_TEST

/* Steps are counted in updates: 48 sentences in batches of 8, four of them a step. */
START_TEST(accumulated_steps)
{
    sbertja_model *model = training_model("cpu", NULL);
    sbertja_dataset *sentences = training_sentences(48);
    const sbertja_objective objective = training_objective(sentences, SBERTJA_BATCH_ALL_TRIPLET_LOSS);
    sbertja_fit_options o = options();
    reports r = {0};
    o.steps_per_epoch = 0;
    o.gradient_accumulation_steps = 4;
    o.progress = take_report;
    o.progress_user = &r;
    sbertja_model_free(training_fit(model, &objective, 1, &o));
    ck_assert_uint_eq(r.calls, 2 * 2);
    for (size_t i = 0; i < r.calls; i++) {
        ck_assert(r.all[i].step == i + 1 && r.all[i].steps == 4 && r.all[i].epoch == i / 2);
        ck_assert(r.all[i].loss > 0 && r.all[i].active > 0 && r.all[i].active <= 1);
    }
    sbertja_dataset_free(sentences);
    sbertja_model_free(model);
}
END_TEST

START_TEST(stopped_by_progress)
{
    sbertja_model *model = training_model("cpu", NULL), *trained;
    sbertja_dataset *dataset = training_sentences(48);
    const sbertja_objective objective = training_objective(dataset, SBERTJA_BATCH_ALL_TRIPLET_LOSS);
    sbertja_fit_options o = options();
    sbertja_error error;
    reports r = {.stop_at = 3};
    o.progress = take_report;
    o.progress_user = &r;
    ck_assert(sbertja_fit(model, &objective, 1, &o, &trained, &error) == SBERTJA_E_STOPPED);
    ck_assert_str_eq(error.message, "stopped by the progress callback after step 3 of 10");
    ck_assert(r.calls == 3 && trained != NULL && !training_equal(trained, model));
    sbertja_model_free(trained);
    sbertja_dataset_free(dataset);
    sbertja_model_free(model);
}
END_TEST

/* ---- Evaluation, and what is saved ---- */

typedef struct judge {
    double scores[6];
    size_t calls, epochs[6], steps[6], stop_at; /* 0: never */
    float *weights[6];
    size_t count;
} judge;

static int take_score(void *user, const sbertja_model *model, size_t epoch, size_t steps, double *score)
{
    judge *j = user;
    ck_assert_uint_lt(j->calls, 6);
    j->epochs[j->calls] = epoch;
    j->steps[j->calls] = steps;
    j->weights[j->calls] = training_weights(model, &j->count);
    *score = j->scores[j->calls++];
    return j->calls == j->stop_at;
}

static void free_judge(judge *j)
{
    for (size_t i = 0; i < j->calls; i++)
        free(j->weights[i]);
}

static bool has_weights(const char *directory, const judge *j, size_t call)
{
    sbertja_model *saved;
    size_t count;
    ck_assert(sbertja_model_load(directory, NULL, &saved, NULL) == SBERTJA_OK);
    float *weights = training_weights(saved, &count);
    const bool equal = count == j->count && memcmp(weights, j->weights[call], count * sizeof *weights) == 0;
    free(weights);
    sbertja_model_free(saved);
    return equal;
}

START_TEST(best_or_last)
{
    static const struct {
        const char *name;
        double scores[6];
        int keep_last;
        size_t saved; /* which call's model */
    } cases[] = {{"the best", {1, 3, 2, 3, -1, 0}, 0, 1},
                 {"negative scores", {-5, -4, -3, -4, -3, -9}, 0, 2},
                 {"the last", {1, 3, 2, 3, -1, 0}, 1, 5},
                 {"no score is a number", {NAN, NAN, NAN, NAN, NAN, NAN}, 0, 5}};
    static const size_t epochs[] = {0, 0, 0, 1, 1, 1}, steps[] = {2, 4, (size_t)-1, 2, 4, (size_t)-1};
    sbertja_model *model = training_model("cpu", NULL);
    sbertja_dataset *dataset = training_sentences(48);
    const sbertja_objective objective = training_objective(dataset, SBERTJA_BATCH_ALL_TRIPLET_LOSS);
    sbertja_fit_options o = options();
    judge j = {0};
    memcpy(j.scores, cases[_i].scores, sizeof j.scores);
    o.evaluation_steps = 2;
    o.evaluate = take_score;
    o.evaluate_user = &j;
    o.output_path = temporary_path("out");
    o.keep_last = cases[_i].keep_last;
    sbertja_model *trained = training_fit(model, &objective, 1, &o);
    ck_assert_uint_eq(j.calls, 6);
    ck_assert(memcmp(j.epochs, epochs, sizeof epochs) == 0 && memcmp(j.steps, steps, sizeof steps) == 0);
    ck_assert_msg(has_weights(o.output_path, &j, cases[_i].saved), "%s", cases[_i].name);
    ck_assert_msg(training_equal_saved(trained, o.output_path) == (cases[_i].saved == 5), "%s", cases[_i].name);
    free_judge(&j);
    sbertja_model_free(trained);
    sbertja_dataset_free(dataset);
    sbertja_model_free(model);
}
END_TEST

START_TEST(stopped_by_evaluation)
{
    sbertja_model *model = training_model("cpu", NULL), *trained;
    sbertja_dataset *dataset = training_sentences(48);
    const sbertja_objective objective = training_objective(dataset, SBERTJA_BATCH_ALL_TRIPLET_LOSS);
    sbertja_fit_options o = options();
    sbertja_error error;
    judge j = {.stop_at = 1};
    o.evaluate = take_score;
    o.evaluate_user = &j;
    ck_assert(sbertja_fit(model, &objective, 1, &o, &trained, &error) == SBERTJA_E_STOPPED);
    ck_assert_str_eq(error.message, "stopped by the evaluation callback in epoch 0");
    ck_assert(trained != NULL && j.calls == 1);
    free_judge(&j);
    sbertja_model_free(trained);
    sbertja_dataset_free(dataset);
    sbertja_model_free(model);
}
END_TEST

/* A callback that has seen enough gives its score and stops: that model may be the best. */
START_TEST(score_of_a_stop_counts)
{
    static const struct {
        double scores[2];
        size_t saved;
    } cases[] = {{{1, 2}, 1}, {{2, 1}, 0}, {{1, NAN}, 0}};
    sbertja_model *model = training_model("cpu", NULL), *trained;
    sbertja_dataset *dataset = training_sentences(48);
    const sbertja_objective objective = training_objective(dataset, SBERTJA_BATCH_ALL_TRIPLET_LOSS);
    sbertja_fit_options o = options();
    judge j = {.stop_at = 2};
    memcpy(j.scores, cases[_i].scores, sizeof cases[_i].scores);
    o.evaluate = take_score;
    o.evaluate_user = &j;
    o.output_path = temporary_path("out");
    o.checkpoint_path = temporary_path("state");
    ck_assert(sbertja_fit(model, &objective, 1, &o, &trained, NULL) == SBERTJA_E_STOPPED);
    ck_assert(has_weights(o.output_path, &j, cases[_i].saved));
    sbertja_model_free(trained);
    o.resume = 1; /* nothing is left to do, and the best one stays */
    sbertja_model_free(training_fit(model, &objective, 1, &o));
    ck_assert_uint_eq(j.calls, 2);
    ck_assert(has_weights(o.output_path, &j, cases[_i].saved));
    free_judge(&j);
    sbertja_dataset_free(dataset);
    sbertja_model_free(model);
}
END_TEST

/* ---- It learns ---- */

/* The share of the training sentences that lie nearest to the mean of their own label. */
static double accuracy(const sbertja_model *model, const char *const *texts, const int *labels, size_t count)
{
    const size_t width = sbertja_model_dimension(model);
    float *vectors = malloc(count * width * sizeof *vectors);
    int *predicted = malloc(count * sizeof *predicted);
    sbertja_session *session;
    ck_assert(sbertja_session_create(model, NULL, &session, NULL) == SBERTJA_OK);
    ck_assert(sbertja_encode(session, texts, NULL, count, NULL, vectors, NULL) == SBERTJA_OK);
    ck_assert(sbertja_classify_centroid(vectors, labels, count, vectors, count, width, predicted, NULL) == SBERTJA_OK);
    const double share = sbertja_accuracy(labels, predicted, count);
    sbertja_session_free(session);
    free(vectors);
    free(predicted);
    return share;
}

START_TEST(learns)
{
    enum { COUNT = 480 };
    const char *texts[COUNT];
    int labels[COUNT];
    size_t column;
    sbertja_table *table;
    ck_assert(sbertja_table_read("examples/report/train.tsv", &table, NULL) == SBERTJA_OK);
    ck_assert(sbertja_table_find(table, "text", &column, NULL) == SBERTJA_OK);
    ck_assert(sbertja_table_labels(table, "label", labels, NULL) == SBERTJA_OK);
    for (size_t i = 0; i < COUNT; i++)
        texts[i] = sbertja_table_cell(table, i, column, NULL);
    sbertja_model *model = training_model("cpu", NULL);
    sbertja_dataset *dataset = training_sentences(COUNT);
    sbertja_objective objective = training_objective(dataset, SBERTJA_BATCH_ALL_TRIPLET_LOSS);
    objective.metric = SBERTJA_COSINE;
    objective.margin = 0.5;
    objective.batch_size = 32;
    objective.samples_per_label = 4;
    sbertja_fit_options o = options();
    reports r = {0};
    o.steps_per_epoch = 0;
    o.epochs = 8;
    o.learning_rate = 5e-3;
    o.warmup_steps = 10;
    o.progress = take_report;
    o.progress_user = &r;
    o.output_path = temporary_path("out");
    sbertja_model *trained = training_fit(model, &objective, 1, &o);
    const double before = accuracy(model, texts, labels, COUNT), after = accuracy(trained, texts, labels, COUNT);
    ck_assert_msg(after > before + 0.2, "accuracy %.2f before, %.2f after", before, after);
    ck_assert_msg(r.last.active * r.last.loss < 0.6 * r.all[0].active * r.all[0].loss,
                  "loss %.3f of %.0f %%, then %.3f of %.0f %%", r.all[0].loss, 100 * r.all[0].active, r.last.loss,
                  100 * r.last.active);
    ck_assert(training_equal_saved(trained, o.output_path));
    sbertja_model_free(trained);
    sbertja_dataset_free(dataset);
    sbertja_model_free(model);
    sbertja_table_free(table);
}
END_TEST

SUITE_MAIN("train/fit", 60, {same_seed_same_bits, PLACES}, {in_bf16, PLACES}, {objectives_in_turn, 0},
           {accumulated_steps, 0}, {stopped_by_progress, 0}, {best_or_last, 4}, {stopped_by_evaluation, 0},
           {score_of_a_stop_counts, 3}, {learns, 0})
