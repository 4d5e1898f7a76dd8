/* Hidden states, sentence vectors and every stored form of the weights, against PyTorch (docs/NUMERICS.md has the
 * bounds). */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/reference.h"

static const struct device {
    const char *name;
    double bound; /* largest difference relative to the largest value */
} devices[] = {{"ref", 1e-6}, {"cpu", 1e-5}};
enum { DEVICES = sizeof devices / sizeof *devices };

static void encode(const sbj_model *model, const reference *r, float *vectors)
{
    sbertja_error error;
    sbj_session *session = NULL;
    ck_assert_msg(sbj_session_create(model, NULL, &session, &error) == SBERTJA_OK, "%s", error.message);
    ck_assert_msg(sbj_session_encode(session, (const char *const *)r->texts, NULL, r->count, NULL, vectors, &error) ==
                      SBERTJA_OK,
                  "%s", error.message);
    sbj_session_free(session);
}

/* Encodes all sentences with a directory and compares with stored vectors. */
static void compare(const reference *r, const char *directory, const sbertja_module *modules, size_t module_count,
                    const char *archive_name, const char *key)
{
    sbj_archive *archive = reference_archive(r, archive_name);
    for (size_t d = 0; d < DEVICES; d++) {
        sbj_model *model = reference_model(r, directory, devices[d].name, modules, module_count);
        const size_t count = r->count * model->network.width;
        float *vectors = malloc(count * sizeof *vectors);
        encode(model, r, vectors);
        reference_expect(reference_difference(vectors, reference_floats(archive, key, count), count), devices[d].bound,
                         "%s/%s: %s: %s", r->folder, directory, key, devices[d].name);
        free(vectors);
        sbj_model_free(model);
    }
    sbj_archive_free(archive);
}

START_TEST(poolings)
{
    static const char *const names[] = {"mean", "cls", "max", "mean_sqrt_len_tokens", "weightedmean", "lasttoken",
                                        "max+mean", "mean+max", "cls+max+mean"};
    char folders[8][512];
    const size_t count = reference_folders(folders);
    for (size_t f = 0; f < count; f++) {
        reference r;
        reference_open(&r, folders[f]);
        for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
            sbertja_module module = SBERTJA_MODULE_INIT;
            module.pooling = names[i];
            compare(&r, "bert", &module, 1, "embeddings.safetensors", names[i]);
        }
        reference_close(&r);
    }
}
END_TEST

/* Directories in every layout and every form of the weights. */
START_TEST(directories)
{
    static const struct {
        const char *directory, *key; /* key NULL: the pooling that model/ was made with */
    } cases[] = {{"bert", "mean"},
                 {"hf-bin-zip", "mean"},
                 {"hf-bin-legacy-gamma", "mean"},
                 {"hf-bin-half", "mean of hf-bin-half"},
                 {"hf-safetensors-bf16", "mean of hf-safetensors-bf16"},
                 {"model-0.4.1", "max+mean"}};
    char folders[8][512];
    const size_t count = reference_folders(folders);
    for (size_t f = 0; f < count; f++) {
        reference r;
        reference_open(&r, folders[f]);
        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
            compare(&r, cases[i].directory, NULL, 0, "embeddings.safetensors", cases[i].key);
        compare(&r, "model-cls-dense-normalize", NULL, 0, "model-cls-dense-normalize.embeddings.safetensors",
                "embeddings");
        reference_close(&r);
    }
}
END_TEST

/* Every layer's output, from a training workspace, which keeps them all. */
static void check_states(const reference *r, const struct device *device, size_t sentence)
{
    sbj_archive *archive = reference_archive(r, "hidden_states.safetensors");
    sbj_model *model = reference_model(r, "bert", device->name, NULL, 0);
    const size_t h = model->network.config.hidden;
    sbertja_error error;
    sbj_encoding *encoding = NULL;
    sbj_workspace w;
    sbj_tensor hidden;
    size_t count;
    ck_assert(sbj_encoding_create(model->tokenizer, &encoding, &error) == SBERTJA_OK);
    ck_assert(sbj_encoding_ids_of(encoding, r->texts[sentence], strlen(r->texts[sentence]), &error) == SBERTJA_OK);
    const int32_t *ids = sbj_encoding_ids(encoding, &count);
    sbj_workspace_init(model->backend, &model->network, &sbj_malloc, true, 1, &w);
    ck_assert(sbj_workspace_pack(&w, &ids, &count, 1, &error) == SBERTJA_OK);
    const sbj_run run = {model->backend, NULL, w.scratch, 0, 0};
    ck_assert_msg(sbj_bert_forward(&run, &model->weights, &w, false, &hidden, &error) == SBERTJA_OK, "%s",
                  error.message);
    float *state = malloc(count * h * sizeof *state);
    for (size_t layer = 0; layer <= model->network.config.layers; layer++) {
        char key[64];
        snprintf(key, sizeof key, "sentence%zu.layer%zu", sentence, layer);
        ck_assert(sbj_read(model->backend, layer == 0 ? w.embed.y : w.layers[layer - 1].output.y, state, SBJ_F32,
                           &error) == SBERTJA_OK);
        reference_expect(reference_difference(state, reference_floats(archive, key, count * h), count * h),
                         device->bound, "%s: %s: %s", r->folder, key, device->name);
    }
    free(state);
    sbj_workspace_free(&w);
    sbj_encoding_free(encoding);
    sbj_model_free(model);
    sbj_archive_free(archive);
}

START_TEST(hidden_states)
{
    char folders[8][512];
    const size_t count = reference_folders(folders);
    for (size_t f = 0; f < count; f++) {
        reference r;
        reference_open(&r, folders[f]);
        for (size_t d = 0; d < DEVICES; d++)
            for (size_t sentence = 0; sentence < 2; sentence++)
                check_states(&r, &devices[d], sentence);
        reference_close(&r);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("model/reference");
    TCase *cases = tcase_create("against PyTorch");
    tcase_set_timeout(cases, 120);
    tcase_add_test(cases, poolings);
    tcase_add_test(cases, directories);
    tcase_add_test(cases, hidden_states);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
