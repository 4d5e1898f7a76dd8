/* Stopping and resuming: the same bits as without a stop, the same evaluations, and checkpoints that do not fit. */
#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/json.h"
#include "support/processor.h"
#include "support/scratch.h"
#include "support/suite.h"
#include "support/temporary.h"
#include "support/training.h"

enum { STEPS = 8 };

/* A training of two objectives with dropout, two epochs of four steps, and all that its callbacks saw. */
typedef struct training {
    sbertja_model *model;
    sbertja_dataset *sentences, *triplets;
    sbertja_objective objectives[2];
    sbertja_fit_options options;
    size_t stop_at; /* a step; 0: never */
    double losses[2 * STEPS], scores[16];
    size_t epochs[16], steps[16], evaluations;
} training;

static int take_report(void *user, const sbertja_progress *progress)
{
    training *t = user;
    t->losses[2 * (progress->step - 1) + progress->objective] = progress->loss;
    return progress->objective == 1 && progress->step == t->stop_at;
}

/* Any number that follows from the weights: the best is somewhere in the middle. */
static int take_score(void *user, const sbertja_model *model, size_t epoch, size_t steps, double *score)
{
    training *t = user;
    size_t count;
    float *weights = training_weights(model, &count);
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += weights[i];
    ck_assert_uint_lt(t->evaluations, 16);
    t->epochs[t->evaluations] = epoch;
    t->steps[t->evaluations] = steps;
    *score = t->scores[t->evaluations++] = sin(1000 * sum);
    free(weights);
    return 0;
}

static void begin(training *t, const char *device)
{
    memset(t, 0, sizeof *t);
    t->model = training_model(device, NULL);
    t->sentences = training_sentences(48);
    t->triplets = training_triplets(10);
    t->objectives[0] = training_objective(t->sentences, SBERTJA_BATCH_ALL_TRIPLET_LOSS);
    t->objectives[1] = training_objective(t->triplets, SBERTJA_TRIPLET_LOSS);
    t->options = (sbertja_fit_options)SBERTJA_FIT_OPTIONS_INIT;
    t->options.threads = 2;
    t->options.epochs = 2;
    t->options.steps_per_epoch = STEPS / 2;
    t->options.warmup_steps = 3;
    t->options.learning_rate = 1e-3;
    t->options.evaluation_steps = 2;
    t->options.evaluate = take_score;
    t->options.evaluate_user = t;
    t->options.progress = take_report;
    t->options.progress_user = t;
    t->options.checkpoint_path = temporary_path("checkpoint");
    t->options.output_path = temporary_path("best");
}

static void end(training *t)
{
    sbertja_model_free(t->model);
    sbertja_dataset_free(t->sentences);
    sbertja_dataset_free(t->triplets);
}

static sbertja_status run(training *t, sbertja_model **trained, sbertja_error *error)
{
    return sbertja_fit(t->model, t->objectives, 2, &t->options, trained, error);
}

/* Stops after `step` steps, so that the checkpoint is of that step. */
static void run_until(training *t, size_t step)
{
    sbertja_error error;
    sbertja_model *part;
    t->stop_at = step;
    ck_assert_msg(run(t, &part, &error) == SBERTJA_E_STOPPED, "%s", error.message);
    sbertja_model_free(part);
    t->stop_at = 0;
    t->options.resume = 1;
}

static const struct {
    const char *device;
    sbertja_loss second; /* of the second objective */
    size_t accumulation;
} kinds[] = {{"ref", SBERTJA_TRIPLET_LOSS, 1},
             {"cpu", SBERTJA_TRIPLET_LOSS, 1},
             {"cpu", SBERTJA_TRIPLET_LOSS, 3},
             {"cpu", SBERTJA_MULTIPLE_NEGATIVES_RANKING_LOSS, 1}}; /* whose sampler puts examples off */
enum { KINDS = sizeof kinds / sizeof *kinds };

static void begin_kind(training *t, int kind)
{
    begin(t, kinds[kind].device);
    t->objectives[1] = training_objective(t->triplets, kinds[kind].second);
    t->options.gradient_accumulation_steps = kinds[kind].accumulation;
}

static void check_resuming(int kind, const training *whole, const sbertja_model *wanted,
                           const sbertja_model *best, size_t first_stop, size_t second_stop)
{
    training t;
    sbertja_error error;
    sbertja_model *trained;
    begin_kind(&t, kind);
    t.options.checkpoint_path = temporary_path("parts");
    t.options.output_path = temporary_path("best of parts");
    run_until(&t, first_stop);
    if (second_stop > first_stop)
        run_until(&t, second_stop);
    ck_assert_msg(run(&t, &trained, &error) == SBERTJA_OK, "%s", error.message);
    ck_assert_msg(training_equal(trained, wanted), "kind %d: stops after %zu and %zu: weights", kind, first_stop,
                  second_stop);
    ck_assert_msg(training_equal_saved(best, t.options.output_path), "kind %d: stops after %zu and %zu: the best model",
                  kind, first_stop, second_stop);
    ck_assert(memcmp(t.losses, whole->losses, sizeof t.losses) == 0);
    ck_assert_uint_eq(t.evaluations, whole->evaluations);
    ck_assert(memcmp(t.scores, whole->scores, sizeof t.scores) == 0);
    ck_assert(memcmp(t.epochs, whole->epochs, sizeof t.epochs) == 0);
    ck_assert(memcmp(t.steps, whole->steps, sizeof t.steps) == 0);
    sbertja_model_free(trained);
    end(&t);
    unlink(temporary_path("parts/checkpoint.json"));
    unlink(temporary_path("parts/parameters.bin"));
}

START_TEST(as_if_never_stopped)
{
    training whole;
    sbertja_error error;
    sbertja_model *wanted, *best;
    begin_kind(&whole, _i);
    ck_assert_msg(run(&whole, &wanted, &error) == SBERTJA_OK, "%s", error.message);
    ck_assert_uint_eq(whole.evaluations, 6);
    ck_assert(sbertja_model_load(whole.options.output_path, NULL, &best, NULL) == SBERTJA_OK);
    for (size_t stop = 1; stop <= STEPS; stop++)
        check_resuming(_i, &whole, wanted, best, stop, 0);
    check_resuming(_i, &whole, wanted, best, 2, 7);
    sbertja_model_free(wanted);
    sbertja_model_free(best);
    end(&whole);
}
END_TEST

/* Resuming what is finished gives the finished model without a step; resuming from nothing begins. */
START_TEST(nothing_to_do)
{
    training t;
    sbertja_error error;
    sbertja_model *first, *again;
    begin(&t, "cpu");
    t.options.resume = 1;
    ck_assert_msg(run(&t, &first, &error) == SBERTJA_OK, "%s", error.message);
    ck_assert_uint_eq(t.evaluations, 6);
    t.stop_at = 1;
    ck_assert_msg(run(&t, &again, &error) == SBERTJA_OK, "%s", error.message);
    ck_assert_uint_eq(t.evaluations, 6);
    ck_assert(training_equal(first, again));
    sbertja_model_free(first);
    sbertja_model_free(again);
    end(&t);
}
END_TEST

static void count_warnings(void *user, sbertja_log_level level, const char *message)
{
    size_t *warnings = user;
    *warnings += level == SBERTJA_LOG_WARNING && strstr(message, "is not there any more") != NULL;
}

/* The best model cannot come back from a checkpoint: elsewhere the last one is saved, and a warning says so. */
START_TEST(finished_and_saved_elsewhere)
{
    training t;
    sbertja_error error;
    sbertja_model *trained;
    size_t warnings = 0;
    begin(&t, "cpu");
    t.options.log = count_warnings;
    t.options.log_user = &warnings;
    sbertja_model_free(training_fit(t.model, t.objectives, 2, &t.options));
    ck_assert_uint_eq(warnings, 0);
    t.options.resume = 1;
    t.options.output_path = temporary_path("elsewhere");
    ck_assert_msg(run(&t, &trained, &error) == SBERTJA_OK, "%s", error.message);
    ck_assert(sbj_is_directory(t.options.output_path) && training_equal_saved(trained, t.options.output_path));
    ck_assert_uint_eq(warnings, 1);
    sbertja_model_free(trained);
    end(&t);
}
END_TEST

/* How many steps the checkpoint has; 0: there is none. */
static int steps_done(const char *checkpoint)
{
    char path[512];
    size_t size;
    snprintf(path, sizeof path, "%s/checkpoint.json", checkpoint);
    if (!sbj_is_file(path))
        return 0;
    char *text = scratch_read(path, &size);
    cJSON *root = cJSON_Parse(text);
    const int done = cJSON_GetObjectItem(root, "done")->valueint;
    cJSON_Delete(root);
    free(text);
    return done;
}

typedef struct watch {
    const char *checkpoint;
    int done[STEPS + 1]; /* seen from within each step */
} watch;

static int take_checkpoint(void *user, const sbertja_progress *progress)
{
    watch *w = user;
    w->done[progress->step] = steps_done(w->checkpoint);
    return 0;
}

START_TEST(every_so_many_steps)
{
    static const struct {
        size_t every;
        int done[STEPS + 1], last;
    } cases[] = {{0, {0, 0, 0, 0, 0, 4, 4, 4, 4}, 8}, {3, {0, 0, 0, 0, 3, 4, 4, 6, 6}, 8}};
    training t;
    sbertja_error error;
    sbertja_model *trained;
    begin(&t, "cpu");
    watch w = {.checkpoint = t.options.checkpoint_path};
    t.options.checkpoint_steps = cases[_i].every;
    t.options.progress = take_checkpoint;
    t.options.progress_user = &w;
    ck_assert(run(&t, &trained, &error) == SBERTJA_OK);
    for (size_t step = 1; step <= STEPS; step++)
        ck_assert_int_eq(w.done[step], cases[_i].done[step]);
    ck_assert_int_eq(steps_done(w.checkpoint), cases[_i].last);
    sbertja_model_free(trained);
    end(&t);
}
END_TEST

/* ---- Checkpoints that do not fit ---- */

static const char *const keys[] = {"steps",   "scheduler",    "warmup_steps",  "learning_rate", "preset",
                                   "beta1",   "weight_decay", "max_grad_norm", "dropout",       "seed",
                                   "network", "device",       "objectives",    "objectives",    "objectives", "objectives",
                                   "gradient_accumulation_steps", "precision"};
enum { KEYS = sizeof keys / sizeof *keys };

static void change(training *t, int key)
{
    sbertja_fit_options *o = &t->options;
    switch (key) {
    case 0:
        o->epochs = 3;
        break;
    case 1:
        o->scheduler = "warmupcosine";
        break;
    case 2:
        o->warmup_steps = 4;
        break;
    case 3:
        o->learning_rate = 2e-3;
        break;
    case 4:
        o->preset = "st-0.4.1";
        break;
    case 5:
        o->beta1 = 0.8;
        break;
    case 6:
        o->weight_decay = 0;
        break;
    case 7:
        o->max_grad_norm = 2;
        break;
    case 8:
        o->no_dropout = 1;
        break;
    case 9:
        o->seed = 43;
        break;
    case 10: /* another model */
        sbertja_model_free(t->model);
        ck_assert(sbertja_model_load("tests/data/tiny/bert", NULL, &t->model, NULL) == SBERTJA_OK);
        break;
    case 11:
        sbertja_model_free(t->model);
        t->model = training_model("ref", NULL);
        break;
    case 12:
        t->objectives[1].margin = 4;
        break;
    case 13:
        t->objectives[1].scale = 4;
        break;
    case 14:
        t->objectives[1].no_duplicates = 1;
        break;
    case 16:
        o->gradient_accumulation_steps = 2;
        break;
    case 17: /* a warning where it is not there: then nothing is another */
        o->bf16 = 1;
        break;
    default: /* other data, as many */
        sbertja_dataset_free(t->sentences);
        t->sentences = training_sentences(47);
        ck_assert(sbertja_dataset_add(t->sentences, &(const char *){"水"}, NULL, 1, 0, NULL) == SBERTJA_OK);
        t->objectives[0].dataset = t->sentences;
    }
}

START_TEST(another_training)
{
    char wanted[64];
    training t;
    sbertja_error error;
    sbertja_model *trained;
    if (strcmp(keys[_i], "precision") == 0 && !processor_multiplies_bf16()) {
        printf("SKIP: a checkpoint of another precision: bf16 not with the first of %s\n", sbertja_instruction_sets());
        return;
    }
    begin(&t, "cpu");
    run_until(&t, 3);
    change(&t, _i);
    ck_assert_int_eq(run(&t, &trained, &error), SBERTJA_E_FORMAT);
    snprintf(wanted, sizeof wanted, "checkpoint.json: a checkpoint of another training: %s: ", keys[_i]);
    ck_assert_msg(strstr(error.message, wanted) != NULL, "%s", error.message);
    ck_assert_ptr_null(trained);
    ck_assert_int_eq(steps_done(t.options.checkpoint_path), 3);
    end(&t);
}
END_TEST

/* ---- Other environments ---- */

typedef struct messages {
    int count;
    char last[400];
} messages;

static void take_warning(void *user, sbertja_log_level level, const char *message)
{
    messages *m = user;
    if (level != SBERTJA_LOG_WARNING || strstr(message, "checkpoint.json: ") == NULL)
        return;
    m->count++;
    snprintf(m->last, sizeof m->last, "%s", message);
}

/* Replaces an entry of the checkpoint's environment by another text; the whole of it with NULL. */
static void edit_environment(const char *key, const char *value)
{
    const char *path = temporary_path("checkpoint/checkpoint.json");
    size_t size;
    char *content = scratch_read(path, &size);
    sbj_json_tree tree = sbj_json_begin(cJSON_Parse(content));
    cJSON *environment = cJSON_GetObjectItem(tree.root, "environment");
    ck_assert_ptr_nonnull(environment);
    if (key == NULL)
        cJSON_DeleteItemFromObject(tree.root, "environment");
    else
        cJSON_ReplaceItemInObject(environment, key, cJSON_CreateString(value));
    ck_assert(sbj_json_write(&tree, path, NULL) == SBERTJA_OK);
    free(content);
}

static void load_with(training *t, const char *device, const char *engine, const char *instructions)
{
    sbertja_error error;
    sbertja_load_options o = SBERTJA_LOAD_OPTIONS_INIT;
    const char *saved = temporary_path("as it was");
    ck_assert(sbertja_model_save(t->model, saved, NULL, &error) == SBERTJA_OK);
    sbertja_model_free(t->model);
    o.device = device;
    o.engine = engine;
    o.instructions = instructions;
    ck_assert_msg(sbertja_model_load(saved, &o, &t->model, &error) == SBERTJA_OK, "%s", error.message);
}

static void other_instructions(training *t)
{
    load_with(t, "cpu", NULL, "portable");
}

static void other_engine(training *t)
{
    load_with(t, "cpu", "openblas", NULL);
}

static void other_device(training *t)
{
    load_with(t, "ref", NULL, NULL);
}

static void other_version(training *t)
{
    (void)t;
    edit_environment("version", "0.0.1");
}

static void other_dictionary(training *t)
{
    (void)t;
    edit_environment("dictionary", "0123456789abcdef");
}

/* With it the same texts have other tokens. */
static void other_tokens(training *t)
{
    size_t size;
    const char *path = temporary_path("checkpoint/checkpoint.json");
    other_dictionary(t);
    char *content = scratch_read(path, &size), *data = strstr(content, "\"data\"");
    ck_assert_ptr_nonnull(data);
    data = strchr(data + 6, '"');
    memset(data + 1, '0', 16);
    ck_assert(sbj_write_file(path, content, size, NULL) == SBERTJA_OK);
    free(content);
}

static void as_before_it_was_recorded(training *t)
{
    (void)t;
    edit_environment(NULL, NULL);
}

static const struct {
    void (*change)(training *t);
    const char *found;
    bool refused;
} environments[] = {{other_instructions, "instructions: ", true},  {other_engine, "engine: \"packed\", here \"openblas ", true},
                    {other_device, "device: \"cpu\", here \"ref\"", true},
                    {other_version, "version: \"0.0.1\", here \"", true},
                    {other_dictionary, "dictionary: \"0123456789abcdef\", here \"", true},
                    {other_tokens, "data: \"0000000000000000\", here ", true},
                    {as_before_it_was_recorded, "does not say which version", false}};
enum { ENVIRONMENTS = sizeof environments / sizeof *environments };

/* Refused with what differs, unless the caller wants to go on all the same: then it is told. */
START_TEST(another_environment)
{
    training t;
    messages m = {0};
    sbertja_error error;
    sbertja_model *trained;
    begin(&t, "cpu");
    run_until(&t, 3);
    if (environments[_i].change == other_instructions && strncmp(sbertja_instruction_sets(), "portable", 8) == 0) {
        printf("SKIP: train/checkpoint another_environment: one instruction set only\n");
        end(&t);
        return;
    }
    environments[_i].change(&t);
    t.options.log = take_warning;
    t.options.log_user = &m;
    if (environments[_i].refused) {
        ck_assert_int_eq(run(&t, &trained, &error), SBERTJA_E_FORMAT);
        ck_assert_msg(strstr(error.message, environments[_i].found) != NULL, "%s", error.message);
        ck_assert_msg(strstr(error.message, "--resume=any") != NULL, "%s", error.message);
        ck_assert(trained == NULL && m.count == 0);
        ck_assert_int_eq(steps_done(t.options.checkpoint_path), 3);
        t.options.resume = SBERTJA_RESUME_ANY;
    }
    ck_assert_msg(run(&t, &trained, &error) == SBERTJA_OK, "%s", error.message);
    ck_assert_int_eq(m.count, 1);
    ck_assert_msg(strstr(m.last, environments[_i].found) != NULL, "%s", m.last);
    ck_assert_int_eq(steps_done(t.options.checkpoint_path), STEPS);
    sbertja_model_free(trained);
    end(&t);
}
END_TEST

/* Both at once are both named; and another training stays one. */
START_TEST(all_differences_are_named)
{
    training t;
    sbertja_error error;
    sbertja_model *trained;
    begin(&t, "cpu");
    run_until(&t, 3);
    edit_environment("version", "0.0.1");
    edit_environment("engine", "other");
    ck_assert_int_eq(run(&t, &trained, &error), SBERTJA_E_FORMAT);
    ck_assert_msg(strstr(error.message, "version: \"0.0.1\"") != NULL && strstr(error.message, "engine: \"other\"") != NULL,
                  "%s", error.message);
    t.options.seed = 43;
    t.options.max_grad_norm = 3;
    t.options.resume = SBERTJA_RESUME_ANY;
    ck_assert_int_eq(run(&t, &trained, &error), SBERTJA_E_FORMAT);
    ck_assert_msg(strstr(error.message, "seed: ") != NULL && strstr(error.message, "max_grad_norm: 1, here 3") != NULL,
                  "%s", error.message);
    ck_assert_ptr_null(strstr(error.message, "--resume"));
    t.options.resume = 3;
    ck_assert_int_eq(run(&t, &trained, &error), SBERTJA_E_ARGUMENT);
    ck_assert_str_eq(error.message, "resume: 3, expected 0, 1 or 2 (any)");
    end(&t);
}
END_TEST

/* Cuts a file of a sound checkpoint and expects a refusal that names it. */
static void check_cut(training *t, const char *name, const char *content, size_t size, size_t cut)
{
    char path[512];
    sbertja_error error;
    sbertja_model *trained;
    snprintf(path, sizeof path, "%s/%s", t->options.checkpoint_path, name);
    ck_assert(sbj_write_file(path, content, cut, NULL) == SBERTJA_OK);
    ck_assert_msg(run(t, &trained, &error) == SBERTJA_E_FORMAT, "%s cut at %zu of %zu", name, cut, size);
    ck_assert_msg(strstr(error.message, name) != NULL, "%s", error.message);
}

START_TEST(cut_short)
{
    training t;
    size_t size;
    begin(&t, "cpu");
    run_until(&t, 3);
    const char *json = temporary_path("checkpoint/checkpoint.json"), *bin = temporary_path("checkpoint/parameters.bin");
    char *content = scratch_read(json, &size);
    const size_t last = (size_t)(strrchr(content, '}') - content); /* what follows is a line end */
    for (size_t cut = 0; cut <= last; cut += cut < last - 3 ? 7 : 1)
        check_cut(&t, "checkpoint.json", content, size, cut);
    ck_assert(sbj_write_file(json, content, size, NULL) == SBERTJA_OK);
    free(content);
    content = scratch_read(bin, &size);
    const size_t cuts[] = {0, 1, 4, size / 2, size - 4, size - 1};
    for (size_t i = 0; i < sizeof cuts / sizeof *cuts; i++)
        check_cut(&t, "parameters.bin", content, size, cuts[i]);
    memset(content + size / 8 * 4, 0xFF, 4); /* a NaN */
    check_cut(&t, "parameters.bin", content, size, size);
    free(content);
    end(&t);
}
END_TEST

/* Values that no run writes. */
START_TEST(wrong_content)
{
    static const struct {
        const char *key;
        double value;
        const char *message;
    } cases[] = {{"format", 2, "checkpoint.json: not a checkpoint of this version"},
                 {"done", 0, "checkpoint.json: done: 0, expected 1 to 8 steps"},
                 {"done", 9, "checkpoint.json: done: 9, expected 1 to 8 steps"},
                 {"done", 1.5, "checkpoint.json: done: expected an integer, found a fraction"},
                 {"configuration", 1, "checkpoint.json: not a checkpoint of this version"}};
    training t;
    size_t size;
    sbertja_error error;
    sbertja_model *trained;
    begin(&t, "cpu");
    run_until(&t, 3);
    const char *path = temporary_path("checkpoint/checkpoint.json");
    char *content = scratch_read(path, &size);
    sbj_json_tree tree = sbj_json_begin(cJSON_Parse(content));
    cJSON_ReplaceItemInObject(tree.root, cases[_i].key, cJSON_CreateNumber(cases[_i].value));
    ck_assert(sbj_json_write(&tree, path, NULL) == SBERTJA_OK);
    ck_assert_int_eq(run(&t, &trained, &error), SBERTJA_E_FORMAT);
    ck_assert_msg(strstr(error.message, cases[_i].message) != NULL, "%s", error.message);
    free(content);
    end(&t);
}
END_TEST

SUITE_MAIN("train/checkpoint", 60, {as_if_never_stopped, KINDS}, {nothing_to_do, 0},
           {finished_and_saved_elsewhere, 0}, {every_so_many_steps, 2}, {another_training, KEYS}, {another_environment, ENVIRONMENTS}, {all_differences_are_named, 0},
           {cut_short, 0}, {wrong_content, 5})
