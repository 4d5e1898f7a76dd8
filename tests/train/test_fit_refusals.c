/* fit through the public functions: what it refuses. */
#include <math.h>
#include <string.h>
#include <sys/stat.h>

#include "io/directory.h"
#include "support/suite.h"
#include "support/temporary.h"
#include "support/training.h"

/* Each changes one thing of a sound call. */
typedef struct call {
    sbertja_fit_options options;
    sbertja_objective objective;
    sbertja_dataset *sentences, *empty, *odd, *triplets;
} call;

static void unknown_scheduler(call *c)
{
    c->options.scheduler = "linear";
}

static void unknown_preset(call *c)
{
    c->options.preset = "adam";
}

static void negative_rate(call *c)
{
    c->options.learning_rate = -0.5;
}

static void nothing_accumulated(call *c)
{
    c->options.gradient_accumulation_steps = 0;
}

static void beta_of_one(call *c)
{
    c->options.beta2 = 1;
}

static void rate_not_a_number(call *c)
{
    c->options.learning_rate = NAN;
}

static void too_many_threads(call *c)
{
    c->options.threads = 1000;
}

static void too_many_steps(call *c)
{
    c->options.epochs = (size_t)1 << 40;
}

static void resume_from_nowhere(call *c)
{
    c->options.resume = 1;
}

static void manhattan(call *c)
{
    c->objective.metric = SBERTJA_MANHATTAN;
}

static void no_dataset(call *c)
{
    c->objective.dataset = NULL;
}

static void empty_dataset(call *c)
{
    c->objective.dataset = c->empty;
}

static void odd_label(call *c)
{
    c->objective.dataset = c->odd;
}

static void three_texts(call *c)
{
    c->objective.dataset = c->triplets;
}

static void occupied_output(call *c)
{
    c->options.output_path = temporary_path("occupied");
}

static void occupied_checkpoint(call *c)
{
    c->options.checkpoint_path = temporary_path("occupied");
}

/* Replacing one of them would take the other away. */
static void output_is_checkpoint(call *c)
{
    c->options.output_path = temporary_path("both");
    c->options.checkpoint_path = temporary_path("./both/");
}

static void checkpoint_in_output(call *c)
{
    c->options.output_path = temporary_path("outer");
    c->options.checkpoint_path = temporary_path("outer/checkpoint");
}

static void output_in_checkpoint(call *c)
{
    ck_assert(mkdir(temporary_path("state"), 0777) == 0);
    ck_assert(sbj_write_file(temporary_path("state/checkpoint.json"), "{}", 2, NULL) == SBERTJA_OK);
    ck_assert(sbj_write_file(temporary_path("state/parameters.bin"), "", 0, NULL) == SBERTJA_OK);
    c->options.output_path = temporary_path("state/deep/model");
    c->options.checkpoint_path = temporary_path("state");
}

static const struct refusal {
    void (*change)(call *);
    sbertja_status status;
    const char *message; /* its beginning */
} refusals[] = {
    {unknown_scheduler, SBERTJA_E_ARGUMENT, "scheduler: \"linear\", expected constantlr, "},
    {unknown_preset, SBERTJA_E_ARGUMENT, "preset: \"adam\", expected torch or st-0.4.1"},
    {nothing_accumulated, SBERTJA_E_ARGUMENT, "gradient_accumulation_steps: 0, expected at least 1"},
    {negative_rate, SBERTJA_E_ARGUMENT, "learning_rate: -0.5, expected a number of at least 0"},
    {beta_of_one, SBERTJA_E_ARGUMENT, "beta2: 1, expected at least 0 and less than 1"},
    {rate_not_a_number, SBERTJA_E_ARGUMENT, "learning_rate: nan, expected a number of at least 0"},
    {too_many_threads, SBERTJA_E_ARGUMENT, "threads: 1000, expected 0 to 256"},
    {too_many_steps, SBERTJA_E_ARGUMENT, "epochs: 1099511627776 of 5 steps are too many"},
    {resume_from_nowhere, SBERTJA_E_ARGUMENT, "resume: no checkpoint_path is given"},
    {manhattan, SBERTJA_E_ARGUMENT, "objective 0: BatchAllTripletLoss: metric 3, expected euclidean or cosine"},
    {no_dataset, SBERTJA_E_ARGUMENT, "objective 0: no dataset is given"},
    {empty_dataset, SBERTJA_E_FORMAT, "objective 0: the dataset is empty"},
    {odd_label, SBERTJA_E_FORMAT, "objective 0: example 1: label 0.5 is no integer"},
    {three_texts, SBERTJA_E_FORMAT, "objective 0: its examples have 3 texts, the loss needs 1"},
    {occupied_output, SBERTJA_E_IO, ""},
    {occupied_checkpoint, SBERTJA_E_IO, ""},
    {output_is_checkpoint, SBERTJA_E_ARGUMENT, "checkpoint_path: "},
    {checkpoint_in_output, SBERTJA_E_ARGUMENT, "checkpoint_path: "},
    {output_in_checkpoint, SBERTJA_E_ARGUMENT, "checkpoint_path: "},
};
enum { REFUSALS = sizeof refusals / sizeof *refusals };

START_TEST(refused)
{
    const char *text = "水";
    sbertja_model *model = training_model("cpu", NULL), *trained = model;
    sbertja_error error;
    call c = {
        .options = SBERTJA_FIT_OPTIONS_INIT, .sentences = training_sentences(48), .triplets = training_triplets(4)};
    c.options.steps_per_epoch = 5;
    c.objective = training_objective(c.sentences, SBERTJA_BATCH_ALL_TRIPLET_LOSS);
    ck_assert(sbertja_dataset_create(&c.empty, NULL) == SBERTJA_OK);
    ck_assert(sbertja_dataset_create(&c.odd, NULL) == SBERTJA_OK);
    ck_assert(sbertja_dataset_add(c.odd, &text, NULL, 1, 0, NULL) == SBERTJA_OK);
    ck_assert(sbertja_dataset_add(c.odd, &text, NULL, 1, 0.5, NULL) == SBERTJA_OK);
    ck_assert(mkdir(temporary_path("occupied"), 0777) == 0);
    ck_assert(sbj_write_file(temporary_path("occupied/config.json"), "{}", 2, NULL) == SBERTJA_OK);
    refusals[_i].change(&c);
    ck_assert_int_eq(sbertja_fit(model, &c.objective, 1, &c.options, &trained, &error), refusals[_i].status);
    ck_assert_msg(strncmp(error.message, refusals[_i].message, strlen(refusals[_i].message)) == 0, "%s", error.message);
    ck_assert_ptr_null(trained);
    ck_assert(sbj_is_file(temporary_path("occupied/config.json")));
    sbertja_dataset_free(c.sentences);
    sbertja_dataset_free(c.triplets);
    sbertja_dataset_free(c.empty);
    sbertja_dataset_free(c.odd);
    sbertja_model_free(model);
}
END_TEST

/* Also that of the last step, after which no loss is computed: nothing is saved. */
START_TEST(divergence_is_an_error)
{
    const double rates[] = {1e38, 1e30, 1e39};
    sbertja_model *model = training_model("cpu", NULL), *trained;
    sbertja_dataset *dataset = training_sentences(48);
    const sbertja_objective objective = training_objective(dataset, SBERTJA_BATCH_ALL_TRIPLET_LOSS);
    sbertja_fit_options o = SBERTJA_FIT_OPTIONS_INIT;
    sbertja_error error;
    o.threads = 2;
    o.steps_per_epoch = _i == 0 ? 5 : 1;
    o.output_path = temporary_path("out");
    o.checkpoint_path = _i == 2 ? temporary_path("state") : NULL;
    o.learning_rate = rates[_i];
    o.warmup_steps = 0;
    ck_assert(sbertja_fit(model, &objective, 1, &o, &trained, &error) == SBERTJA_E_ARGUMENT);
    ck_assert_msg(strstr(error.message, "is not a finite number") != NULL, "%s", error.message);
    ck_assert_ptr_null(trained);
    ck_assert(!sbj_is_directory(temporary_path("out")) && !sbj_is_directory(temporary_path("state")));
    sbertja_dataset_free(dataset);
    sbertja_model_free(model);
}
END_TEST

SUITE_MAIN("train/fit_refusals", 60, {refused, REFUSALS}, {divergence_is_an_error, 3})
