/* The trainer by itself: gradients accumulated over batches, and words that no batch has had. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/processor.h"
#include "support/suite.h"
#include "support/temporary.h"
#include "support/training.h"
#include "train/trainer.h"

enum { BATCH = 4, BATCHES = 3 };

static sbertja_error error;

static void must(sbertja_status status)
{
    ck_assert_msg(status == SBERTJA_OK, "%s", error.message);
}

/* Without momentum and clipping, so that after the first step m is the gradient. */
static sbertja_fit_options plain_options(size_t accumulation)
{
    sbertja_fit_options o = SBERTJA_FIT_OPTIONS_INIT;
    o.threads = 2;
    o.beta1 = 0;
    o.max_grad_norm = 0;
    o.no_dropout = 1;
    o.gradient_accumulation_steps = accumulation;
    return o;
}

/* Pairs of sentences and how similar they are. */
static sbertja_dataset *pairs(size_t first, size_t count)
{
    static const char *const texts[] = {"水を飲む", "山に登る", "今日は雨だ", "明日は晴れる", "猫が鳴く"};
    enum { TEXTS = sizeof texts / sizeof *texts };
    sbertja_dataset *dataset;
    ck_assert(sbertja_dataset_create(&dataset, NULL) == SBERTJA_OK);
    for (size_t i = first; i < first + count; i++) {
        const char *const pair[] = {texts[i % TEXTS], texts[(i / TEXTS + 2 * i + 1) % TEXTS]};
        must(sbertja_dataset_add(dataset, pair, NULL, 2, (double)(i % 7) / 6, &error));
    }
    return dataset;
}

typedef struct outcome {
    size_t size;
    double *gradient; /* by m */
    sbj_step_result result;
    size_t encoded; /* sentences of the last batch */
} outcome;

static outcome first_step(const char *device, sbertja_loss loss, const sbertja_dataset *dataset, size_t batch_size,
                          size_t step, const sbertja_fit_options *options)
{
    sbertja_model *model = training_model(device, NULL);
    sbertja_objective objective = SBERTJA_OBJECTIVE_INIT;
    sbj_trainer *trainer;
    outcome o;
    objective.dataset = dataset;
    objective.loss = loss;
    objective.batch_size = batch_size;
    objective.samples_per_label = 0;
    objective.keep_order = 1;
    must(sbj_trainer_create((const sbj_model *)model, &objective, 1, options, &trainer, &error));
    must(sbj_trainer_step(trainer, 0, step, 1e-3, &o.result, &error));
    o.encoded = trainer->workspace.batch.sentences;
    o.size = trainer->model->network.arena_size;
    o.gradient = malloc(o.size * sizeof *o.gradient);
    must(sbj_read(trainer->model->backend, trainer->goals[0].m, o.gradient, SBJ_F64, &error));
    sbj_trainer_free(trainer);
    sbertja_model_free(model);
    return o;
}

/* Relative to the largest value. */
static void expect_close(const char *what, const double *found, const double *wanted, size_t count, double bound)
{
    double difference = 0, largest = 0;
    for (size_t i = 0; i < count; i++) {
        difference = fmax(difference, fabs(found[i] - wanted[i]));
        largest = fmax(largest, fabs(wanted[i]));
    }
    ck_assert_msg(largest > 0 && difference <= bound * largest, "%s: differs by %g of %g", what, difference, largest);
}

static const struct {
    const char *device;
    double bound;
} devices[] = {{"ref", 1e-12}, {"cpu", 1e-5}};
enum { DEVICES = sizeof devices / sizeof *devices };

static double norm_of(const double *x, size_t count)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += x[i] * x[i];
    return sqrt(sum);
}

/* Also for a loss that compares the sentences of a batch, for which a larger batch would be another thing. */
START_TEST(batches_make_the_mean_of_their_gradients)
{
    static const sbertja_loss losses[] = {SBERTJA_COSINE_SIMILARITY_LOSS, SBERTJA_MULTIPLE_NEGATIVES_RANKING_LOSS};
    const sbertja_loss loss = losses[_i / DEVICES];
    const char *device = devices[_i % DEVICES].device;
    const double bound = devices[_i % DEVICES].bound;
    const sbertja_fit_options accumulated = plain_options(BATCHES), single = plain_options(1);
    sbertja_dataset *all = pairs(0, BATCHES * BATCH);
    outcome together = first_step(device, loss, all, BATCH, 0, &accumulated);
    double *mean = calloc(together.size, sizeof *mean), loss_mean = 0;
    for (size_t i = 0; i < BATCHES; i++) {
        sbertja_dataset *part = pairs(i * BATCH, BATCH);
        outcome alone = first_step(device, loss, part, BATCH, 0, &single);
        for (size_t k = 0; k < together.size; k++)
            mean[k] += alone.gradient[k] / BATCHES;
        loss_mean += alone.result.loss / BATCHES;
        free(alone.gradient);
        sbertja_dataset_free(part);
    }
    expect_close("gradient", together.gradient, mean, together.size, bound);
    expect_close("loss", &together.result.loss, &loss_mean, 1, bound);
    const double norm = norm_of(mean, together.size);
    expect_close("norm", &together.result.grad_norm, &norm, 1, bound);
    ck_assert_uint_eq(together.result.sentences, 2 * BATCHES * BATCH);
    free(together.gradient);
    free(mean);
    sbertja_dataset_free(all);
}
END_TEST

/* The large batch has each of its sentences several times, and encodes it once. */
START_TEST(a_mean_over_examples_is_as_of_one_large_batch)
{
    enum { EXAMPLES = BATCHES * BATCH, DISTINCT = 5 };
    sbertja_fit_options accumulated = plain_options(EXAMPLES), single = plain_options(1);
    sbertja_dataset *all = pairs(0, EXAMPLES);
    outcome parts = first_step(devices[_i].device, SBERTJA_COSINE_SIMILARITY_LOSS, all, 1, 0, &accumulated);
    outcome large = first_step(devices[_i].device, SBERTJA_COSINE_SIMILARITY_LOSS, all, EXAMPLES, 0, &single);
    expect_close("gradient", parts.gradient, large.gradient, large.size, devices[_i].bound);
    expect_close("loss", &parts.result.loss, &large.result.loss, 1, devices[_i].bound);
    ck_assert(parts.encoded == 2 && large.encoded == DISTINCT);
    ck_assert(parts.result.sentences == 2 * EXAMPLES && large.result.sentences == 2 * EXAMPLES);
    free(parts.gradient);
    free(large.gradient);
    sbertja_dataset_free(all);
}
END_TEST

/* Or else a sentence could not be paired with itself, as some train. */
START_TEST(dropout_tells_equal_sentences_apart)
{
    static const char *const twice[] = {"水を飲む", "水を飲む"};
    sbertja_fit_options options = plain_options(1);
    sbertja_dataset *dataset;
    must(sbertja_dataset_create(&dataset, &error));
    must(sbertja_dataset_add(dataset, twice, NULL, 2, 1, &error));
    outcome same = first_step("ref", SBERTJA_COSINE_SIMILARITY_LOSS, dataset, 1, 0, &options);
    options.no_dropout = 0;
    outcome different = first_step("ref", SBERTJA_COSINE_SIMILARITY_LOSS, dataset, 1, 0, &options);
    ck_assert(same.encoded == 1 && same.result.loss < 1e-20);
    ck_assert(different.encoded == 2 && different.result.loss > 1e-6);
    free(same.gradient);
    free(different.gradient);
    sbertja_dataset_free(dataset);
}
END_TEST

/* Rounding both sides of each product to 8 bits changes the gradient, by little. */
START_TEST(in_bf16_the_gradient_is_near)
{
    sbertja_fit_options options = plain_options(1);
    if (!processor_multiplies_bf16()) {
        printf("SKIP: training in bf16: not with the first of %s\n", sbj_cpu_instruction_sets());
        return;
    }
    sbertja_dataset *data = pairs(0, BATCH);
    outcome wide = first_step("cpu", SBERTJA_MULTIPLE_NEGATIVES_RANKING_LOSS, data, BATCH, 0, &options);
    options.bf16 = 1;
    outcome narrow = first_step("cpu", SBERTJA_MULTIPLE_NEGATIVES_RANKING_LOSS, data, BATCH, 0, &options);
    for (size_t i = 0; i < wide.size; i++)
        narrow.gradient[i] -= wide.gradient[i];
    const double share = norm_of(narrow.gradient, wide.size) / norm_of(wide.gradient, wide.size);
    ck_assert_msg(share > 1e-5 && share < 0.05, "differs by %g of its norm", share);
    expect_close("loss", &narrow.result.loss, &wide.result.loss, 1, 0.01);
    free(wide.gradient);
    free(narrow.gradient);
    sbertja_dataset_free(data);
}
END_TEST

/* The norm that clipping goes by is that of the mean. */
START_TEST(clipped_by_the_mean)
{
    sbertja_fit_options options = plain_options(BATCHES);
    sbertja_dataset *all = pairs(0, BATCHES * BATCH);
    outcome whole = first_step("ref", SBERTJA_COSINE_SIMILARITY_LOSS, all, BATCH, 0, &options);
    options.max_grad_norm = whole.result.grad_norm / 4;
    outcome clipped = first_step("ref", SBERTJA_COSINE_SIMILARITY_LOSS, all, BATCH, 0, &options);
    for (size_t i = 0; i < whole.size; i++)
        whole.gradient[i] /= 4;
    expect_close("gradient", clipped.gradient, whole.gradient, whole.size, 1e-4); /* norm + 1e-6 */
    free(whole.gradient);
    free(clipped.gradient);
    sbertja_dataset_free(all);
}
END_TEST

/* The same batch twice: its masks are those of two steps. */
START_TEST(batches_of_a_step_drop_different_elements)
{
    sbertja_fit_options options = plain_options(2);
    sbertja_dataset *data = pairs(0, BATCH);
    outcome alone[2];
    options.no_dropout = 0;
    outcome both = first_step("ref", SBERTJA_COSINE_SIMILARITY_LOSS, data, BATCH, 0, &options);
    options.gradient_accumulation_steps = 1;
    for (size_t step = 0; step < 2; step++)
        alone[step] = first_step("ref", SBERTJA_COSINE_SIMILARITY_LOSS, data, BATCH, step, &options);
    ck_assert_double_ne(alone[0].result.loss, alone[1].result.loss);
    for (size_t i = 0; i < both.size; i++)
        alone[0].gradient[i] = (alone[0].gradient[i] + alone[1].gradient[i]) / 2;
    expect_close("gradient", both.gradient, alone[0].gradient, both.size, 1e-12);
    free(both.gradient);
    free(alone[0].gradient);
    free(alone[1].gradient);
    sbertja_dataset_free(data);
}
END_TEST

/* ---- Words that no batch has had ---- */

typedef struct training {
    sbertja_model *model;
    sbertja_dataset *sentences, *triplets;
    sbj_trainer *trainer;
} training;

/* Two objectives, whose batches have different words. */
static void begin(training *t, const char *device)
{
    sbertja_fit_options options = SBERTJA_FIT_OPTIONS_INIT;
    t->model = training_model(device, NULL);
    t->sentences = training_sentences(48);
    t->triplets = training_triplets(10);
    const sbertja_objective objectives[] = {training_objective(t->sentences, SBERTJA_BATCH_ALL_TRIPLET_LOSS),
                                            training_objective(t->triplets, SBERTJA_TRIPLET_LOSS)};
    options.threads = 2;
    options.weight_decay = 0.1;
    options.gradient_accumulation_steps = 2;
    must(sbj_trainer_create((const sbj_model *)t->model, objectives, 2, &options, &t->trainer, &error));
}

static void end(training *t)
{
    sbj_trainer_free(t->trainer);
    sbertja_model_free(t->model);
    sbertja_dataset_free(t->sentences);
    sbertja_dataset_free(t->triplets);
}

static void take_steps(training *t, size_t first, size_t last)
{
    sbj_step_result result;
    for (size_t step = first; step < last; step++)
        for (size_t goal = 0; goal < 2; goal++)
            must(sbj_trainer_step(t->trainer, goal, step, 1e-2, &result, &error));
}

static size_t count_reached(const sbj_goal *goal)
{
    size_t count = 0;
    for (size_t i = 0; i < goal->words; i++)
        count += goal->reached[i];
    return count;
}

static double *read_parameters(const training *t)
{
    double *values = malloc(t->trainer->model->network.arena_size * sizeof *values);
    must(sbj_read(t->trainer->model->backend, t->trainer->parameters, values, SBJ_F64, &error));
    return values;
}

START_TEST(words_not_reached_change_no_bits)
{
    enum { STEPS = 5 };
    training told, untold;
    begin(&told, devices[_i].device);
    begin(&untold, devices[_i].device);
    for (size_t goal = 0; goal < 2; goal++)
        memset(untold.trainer->goals[goal].reached, 1, untold.trainer->goals[goal].words);
    for (size_t step = 0; step < STEPS; step++) {
        take_steps(&told, step, step + 1);
        take_steps(&untold, step, step + 1);
        double *a = read_parameters(&told), *b = read_parameters(&untold);
        ck_assert_msg(memcmp(a, b, told.trainer->model->network.arena_size * sizeof *a) == 0, "step %zu", step);
        free(a);
        free(b);
    }
    const sbj_goal *goals = told.trainer->goals;
    ck_assert_uint_gt(count_reached(&goals[0]), 20);
    ck_assert_uint_lt(count_reached(&goals[0]), goals[0].words);
    ck_assert(memcmp(goals[0].reached, goals[1].reached, goals[0].words) != 0);
    end(&told);
    end(&untold);
}
END_TEST

START_TEST(a_checkpoint_knows_the_words)
{
    training first, second;
    sbj_progress_state state = {.done = 2, .total = 4, .evaluated = true};
    begin(&first, "cpu");
    begin(&second, "cpu");
    take_steps(&first, 0, 2);
    must(sbj_trainer_write(first.trainer, &state, temporary_path("checkpoint"), &error));
    must(sbj_trainer_read(second.trainer, temporary_path("checkpoint"), false, &state, &error));
    for (size_t goal = 0; goal < 2; goal++) {
        const sbj_goal *a = &first.trainer->goals[goal], *b = &second.trainer->goals[goal];
        ck_assert_uint_gt(count_reached(a), 0);
        ck_assert(memcmp(a->reached, b->reached, a->words) == 0);
    }
    end(&first);
    end(&second);
}
END_TEST

SUITE_MAIN("train/trainer", 30, {batches_make_the_mean_of_their_gradients, 2 * DEVICES},
           {a_mean_over_examples_is_as_of_one_large_batch, DEVICES}, {dropout_tells_equal_sentences_apart, 0},
           {in_bf16_the_gradient_is_near, 0}, {clipped_by_the_mean, 0}, {batches_of_a_step_drop_different_elements, 0},
           {words_not_reached_change_no_bits, DEVICES}, {a_checkpoint_knows_the_words, 0})
