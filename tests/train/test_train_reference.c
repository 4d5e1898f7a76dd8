/* Gradients of every parameter, and twenty steps of training in both presets, against PyTorch. */
#include <check.h>
#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/reference.h"
#include "train/trainer.h"

static bool ends_with(const char *name, const char *end)
{
    const size_t n = strlen(name), m = strlen(end);
    return n >= m && strcmp(name + n - m, end) == 0;
}

/* A trainer whose batches come in the data's own order, without dropout, on the first `examples` examples. */
static sbj_trainer *make_trainer(const sbj_model *model, const reference *r, size_t examples, size_t groups,
                                 size_t batch, sbertja_loss loss, const sbertja_fit_options *options,
                                 sbj_dataset **dataset)
{
    sbertja_error error;
    sbj_trainer *trainer = NULL;
    sbertja_objective objective = SBERTJA_OBJECTIVE_INIT;
    ck_assert(sbj_dataset_create(&sbj_malloc, dataset, &error) == SBERTJA_OK);
    for (size_t i = 0; i < examples; i++) {
        const char *texts[3];
        for (size_t g = 0; g < groups; g++)
            texts[g] = r->texts[g * examples + i];
        ck_assert(sbj_dataset_add(*dataset, texts, NULL, groups, r->labels[i], &error) == SBERTJA_OK);
    }
    objective.dataset = (const sbertja_dataset *)*dataset;
    objective.loss = loss;
    objective.batch_size = batch;
    objective.samples_per_label = 0;
    objective.keep_order = 1;
    ck_assert_msg(sbj_trainer_create(model, &objective, 1, options, &trainer, &error) == SBERTJA_OK, "%s",
                  error.message);
    return trainer;
}

static double norm(const float *x, const float *y, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        const double d = (double)x[i] - (y != NULL ? y[i] : 0);
        sum += d * d;
    }
    return sqrt(sum);
}

/* The gradients of these two kinds are exactly 0, so what is stored there is rounding noise that AdamW magnifies. */
static bool is_noise(const sbj_network *n, const char *name)
{
    char last[64];
    snprintf(last, sizeof last, "encoder.layer.%zu.output.LayerNorm.bias", n->config.layers - 1);
    return ends_with(name, "attention.self.key.bias") || strcmp(name, last) == 0;
}

/* ||difference|| / max(||reference||, 1e-6 * the largest ||reference||) for every parameter. The gradients are what is in
 * the arena between backward and the update, so the step is done by hand. */
static void check_gradients(const reference *r, const char *device, double bound, double loss_bound,
                            const char *loss_name, sbertja_loss loss, size_t groups)
{
    sbertja_fit_options options = SBERTJA_FIT_OPTIONS_INIT;
    const size_t examples = 24 / groups;
    sbertja_error error;
    sbj_dataset *dataset;
    options.threads = 2;
    options.no_dropout = 1;
    options.learning_rate = 0;
    options.max_grad_norm = 0;
    options.beta1 = 0; /* then m is the gradient of the step */
    sbj_model *model = reference_model(r, "model", device, NULL, 0);
    sbj_trainer *t = make_trainer(model, r, examples, groups, examples, loss, &options, &dataset);
    sbj_step_result result;
    ck_assert_msg(sbj_trainer_step(t, 0, 0, 0, &result, &error) == SBERTJA_OK, "%s", error.message);

    sbj_archive *archive = reference_archive(r, "gradients.safetensors");
    sbj_json json = {0};
    ck_assert(sbj_json_read(&sbj_malloc, reference_path(r, "losses.json"), &json, &error) == SBERTJA_OK);
    char key[256];
    snprintf(key, sizeof key, "parameters.%s", loss_name);
    const cJSON *entry = cJSON_GetObjectItem(cJSON_GetObjectItem(json.root, "losses"), key);
    const double expected = cJSON_GetObjectItem(entry, "loss")->valuedouble;
    reference_expect(fabs(result.loss - expected) / expected, loss_bound, "%s: %s: loss, %s", r->folder, loss_name,
                     device);

    double largest = 0;
    for (size_t i = 0; i < sbj_archive_count(archive); i++) {
        const sbj_stored *s = sbj_archive_at(archive, i);
        largest = fmax(largest, norm(s->data, NULL, s->count));
    }
    for (size_t i = 0; i < model->network.parameter_count; i++) {
        const sbj_parameter *p = &model->network.parameters[i];
        if (!p->trained)
            continue;
        const size_t count = p->rows * p->columns;
        snprintf(key, sizeof key, "%s.%s", loss_name, p->name);
        const float *wanted = reference_floats(archive, key, count);
        float *ours = malloc(count * sizeof *ours);
        const sbj_tensor m = {t->goals[0].m.buffer, p->offset, p->rows, p->columns, p->columns,
                              model->backend->table->real};
        ck_assert(sbj_read(model->backend, m, ours, SBJ_F32, &error) == SBERTJA_OK);
        /* Where the true gradient is 0, float32 leaves rounding of the size of 1e-8 of the largest gradient. */
        const double allowed = bound > 1e-5 && is_noise(&model->network, p->name) ? 0.1 : bound;
        reference_expect(norm(ours, wanted, count) / fmax(norm(wanted, NULL, count), 1e-6 * largest), allowed,
                         "%s: %s: %s", r->folder, key, device);
        free(ours);
    }
    sbj_json_free(&json);
    sbj_archive_free(archive);
    sbj_trainer_free(t);
    sbj_dataset_free(dataset);
    sbj_model_free(model);
}

START_TEST(gradients)
{
    char folders[8][512];
    const size_t count = reference_folders(folders);
    for (size_t f = 0; f < count; f++) {
        reference r;
        reference_open(&r, folders[f]);
        check_gradients(&r, "ref", 1e-5, 1e-6, "BatchAllTripletLoss", SBERTJA_BATCH_ALL_TRIPLET_LOSS, 1);
        check_gradients(&r, "ref", 1e-5, 1e-6, "TripletLoss", SBERTJA_TRIPLET_LOSS, 3);
        check_gradients(&r, "cpu", 1e-4, 1e-5, "BatchAllTripletLoss", SBERTJA_BATCH_ALL_TRIPLET_LOSS, 1);
        check_gradients(&r, "cpu", 1e-4, 1e-5, "TripletLoss", SBERTJA_TRIPLET_LOSS, 3);
        reference_close(&r);
    }
}
END_TEST

/* The bounds of one preset on one back end; 0: not compared. */
typedef struct bounds {
    const char *preset, *device;
    size_t losses; /* of how many steps */
    double loss, weights, vectors;
} bounds;

static void check_weights(const reference *r, const sbj_model *model, const sbj_archive *archive, const bounds *b)
{
    sbertja_error error;
    for (size_t i = 0; i < model->network.parameter_count; i++) {
        const sbj_parameter *p = &model->network.parameters[i];
        const size_t count = p->rows * p->columns;
        if (is_noise(&model->network, p->name) || sbj_archive_find(archive, p->name) == NULL)
            continue;
        float *ours = malloc(count * sizeof *ours);
        ck_assert(sbj_model_values(model, i, ours, &error) == SBERTJA_OK);
        reference_expect(reference_difference(ours, reference_floats(archive, p->name, count), count), b->weights,
                         "%s: %s: %s: %s", r->folder, b->preset, p->name, b->device);
        free(ours);
    }
}

static void subtract_mean(float *x, size_t rows, size_t columns)
{
    for (size_t c = 0; c < columns; c++) {
        double mean = 0;
        for (size_t i = 0; i < rows; i++)
            mean += x[i * columns + c] / (double)rows;
        for (size_t i = 0; i < rows; i++)
            x[i * columns + c] -= (float)mean;
    }
}

static void check_vectors(const reference *r, const sbj_model *model, const sbj_archive *archive, const bounds *b)
{
    const size_t width = model->network.width, count = r->count * width;
    sbertja_error error;
    sbj_session *session = NULL;
    float *ours = malloc(count * sizeof *ours), *wanted = malloc(count * sizeof *wanted);
    ck_assert(sbj_session_create(model, NULL, &session, &error) == SBERTJA_OK);
    ck_assert(sbj_session_encode(session, (const char *const *)r->texts, NULL, r->count, NULL, ours, &error) ==
              SBERTJA_OK);
    memcpy(wanted, reference_floats(archive, "embeddings", count), count * sizeof *wanted);
    subtract_mean(ours, r->count, width);
    subtract_mean(wanted, r->count, width);
    reference_expect(reference_difference(ours, wanted, count), b->vectors, "%s: %s: vectors: %s", r->folder, b->preset,
                     b->device);
    sbj_session_free(session);
    free(ours);
    free(wanted);
}

static void check_training(const reference *r, const bounds *b)
{
    char name[64];
    sbertja_error error;
    sbj_json json = {0};
    snprintf(name, sizeof name, "train.%s.json", b->preset);
    ck_assert(sbj_json_read(&sbj_malloc, reference_path(r, name), &json, &error) == SBERTJA_OK);
    snprintf(name, sizeof name, "train.%s.safetensors", b->preset);
    sbj_archive *archive = reference_archive(r, name);

    sbertja_fit_options options = SBERTJA_FIT_OPTIONS_INIT;
    sbj_dataset *dataset;
    options.threads = 2;
    options.no_dropout = 1;
    options.preset = b->preset;
    sbj_model *model = reference_model(r, "model", b->device, NULL, 0);
    sbj_trainer *t =
        make_trainer(model, r, r->count, 1, 16, SBERTJA_BATCH_ALL_TRIPLET_LOSS, &options, &dataset);
    size_t step = 0;
    for (const cJSON *e = cJSON_GetObjectItem(json.root, "trace")->child; e != NULL; e = e->next, step++) {
        const double wanted = cJSON_GetObjectItem(e, "loss")->valuedouble;
        const double rate = 2e-3 * sbj_schedule_factor(SBJ_WARMUP_LINEAR, step, 5, 20);
        sbj_step_result result;
        ck_assert(fabs(rate - cJSON_GetObjectItem(e, "lr")->valuedouble) < 1e-15);
        ck_assert_msg(sbj_trainer_step(t, 0, step, rate, &result, &error) == SBERTJA_OK, "%s", error.message);
        if (step < b->losses)
            reference_expect(fabs(result.loss - wanted) / wanted, b->loss, "%s: %s: loss of step %zu: %s", r->folder,
                             b->preset, step, b->device);
    }
    ck_assert(step == 20);
    sbj_model *trained = NULL;
    ck_assert(sbj_trainer_model(t, &trained, &error) == SBERTJA_OK);
    if (b->weights > 0)
        check_weights(r, trained, archive, b);
    if (b->vectors > 0)
        check_vectors(r, trained, archive, b);
    sbj_model_free(trained);
    sbj_trainer_free(t);
    sbj_dataset_free(dataset);
    sbj_model_free(model);
    sbj_archive_free(archive);
    sbj_json_free(&json);
}

START_TEST(twenty_steps)
{
    static const bounds all[] = {{"torch", "ref", 20, 1e-5, 1e-6, 1e-6},
                                 {"st-0.4.1", "ref", 20, 1e-5, 1e-6, 1e-6},
                                 {"torch", "cpu", 20, 1e-4, 1e-4, 1e-4},
                                 {"st-0.4.1", "cpu", 8, 2e-4, 0, 0}};
    char folders[8][512];
    const size_t count = reference_folders(folders);
    for (size_t f = 0; f < count; f++) {
        reference r;
        reference_open(&r, folders[f]);
        check_training(&r, &all[_i]);
        reference_close(&r);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("train/train_reference");
    TCase *cases = tcase_create("against PyTorch");
    tcase_set_timeout(cases, 300);
    tcase_add_test(cases, gradients);
    tcase_add_loop_test(cases, twenty_steps, 0, 4);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
