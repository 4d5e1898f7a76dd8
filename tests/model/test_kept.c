/* What a directory's JSON files say that the library does not know comes through load, training and save, in every layout;
 * prompts and other settings with it. */
#include <stdio.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "sbertja.h"
#include "support/model_directory.h"
#include "support/suite.h"
#include "support/temporary.h"

static sbertja_error error;

static const char *const in_2[] = {"config_sentence_transformers.json", "config.json",           "sentence_bert_config.json",
                                   "tokenizer_config.json",             "1_Pooling/config.json", NULL};
static const char *const in_dense[] = {"config_sentence_transformers.json", "config.json", "1_Pooling/config.json",
                                       "2_Dense/config.json", "3_Normalize/config.json", NULL};
static const char *const in_old[] = {"config.json",
                                     "0_Transformer/config.json",
                                     "0_Transformer/sentence_bert_config.json",
                                     "0_Transformer/tokenizer_config.json",
                                     "1_Pooling/config.json",
                                     NULL};
static const struct {
    const char *source, *layout;
    const char *const *files;
} cases[] = {{"model", "2", in_2}, {"model-cls-dense-normalize", "2", in_dense}, {"model-0.4.1", "0.4.1", in_old}};
enum { CASES = sizeof cases / sizeof *cases };

static const char unknown[] = "{\"a\": [1, 2.5, null, {\"深い\": \"\\t値\"}], \"b\": false}";

/* Member `key` of a file in a saved directory; NULL: there is none. The caller frees the root. */
static const cJSON *member(const char *directory, const char *file, const char *key, cJSON **root)
{
    char path[512];
    sbj_content content;
    snprintf(path, sizeof path, "%s/%s", directory, file);
    ck_assert_msg(sbj_content_read(&sbj_malloc, path, &content, &error) == SBERTJA_OK, "%s", error.message);
    *root = cJSON_Parse((const char *)content.data);
    sbj_content_free(&content);
    return cJSON_IsArray(*root) ? cJSON_GetObjectItem((*root)->child, key) : cJSON_GetObjectItem(*root, key);
}

static void expect(const char *directory, const char *file, const char *key, const char *wanted)
{
    cJSON *root, *value = wanted == NULL ? NULL : cJSON_Parse(wanted);
    const cJSON *found = member(directory, file, key, &root);
    ck_assert_msg(wanted == NULL ? found == NULL : cJSON_Compare(found, value, 1), "%s: %s: expected %s", file, key,
                  wanted == NULL ? "nothing" : wanted);
    cJSON_Delete(root);
    cJSON_Delete(value);
}

/* Of a model that is loaded, and of one that is made from it as training makes them. */
START_TEST(unknown_members)
{
    sbertja_save_options options = SBERTJA_SAVE_OPTIONS_INIT;
    sbj_model *model, *derived;
    const char *const *files = cases[_i].files;
    model_directory(cases[_i].source);
    for (size_t i = 0; files[i] != NULL; i++)
        model_directory_set(files[i], "x_unknown", unknown);
    ck_assert_msg(model_directory_load(&model, &error) == SBERTJA_OK, "%s", error.message);
    ck_assert_int_eq(sbj_model_with(model, &model->weights, &derived, &error), SBERTJA_OK);
    sbj_model_free(model);
    options.layout = cases[_i].layout;
    ck_assert_msg(sbj_model_save(derived, temporary_path("out"), &options, &error) == SBERTJA_OK, "%s", error.message);
    sbj_model_free(derived);
    for (size_t i = 0; files[i] != NULL; i++)
        expect(temporary_path("out"), files[i], "x_unknown", unknown);
}
END_TEST

START_TEST(entries_of_modules)
{
    sbj_model *model;
    model_directory("model");
    model_directory_text("modules.json", "[{\"type\": \"a.Transformer\", \"path\": \"\", \"kwargs\": [\"task\"]}, "
                                         "{\"type\": \"a.Pooling\", \"path\": \"1_Pooling\"}]");
    ck_assert_msg(model_directory_load(&model, &error) == SBERTJA_OK, "%s", error.message);
    ck_assert_int_eq(sbj_model_save(model, temporary_path("out"), NULL, &error), SBERTJA_OK);
    sbj_model_free(model);
    expect(temporary_path("out"), "modules.json", "kwargs", "[\"task\"]");
    expect(temporary_path("out"), "modules.json", "type", "\"sentence_transformers.models.Transformer\"");
}
END_TEST

static const char settings[] = "config_sentence_transformers.json";

/* Back and forth between the layouts, and into the same directory. */
START_TEST(prompts_stay)
{
    sbertja_save_options options = SBERTJA_SAVE_OPTIONS_INIT;
    sbj_model *model;
    const char *path = model_directory("model");
    model_directory_text(settings, "{\"prompts\": {\"query\": \"質問: \", \"b\": null}, \"default_prompt_name\": "
                                   "\"query\", \"similarity_fn_name\": \"dot\", \"truncate_dim\": 7, \"model_type\": 1}");
    model_directory_set("1_Pooling/config.json", "include_prompt", "false");
    for (int round = 0; round < 3; round++) {
        static const char *const layouts[] = {"0.4.1", "2", "2"};
        const char *target = round < 2 ? temporary_path(round == 0 ? "old" : "new") : path;
        sbj_model_options load = {.alloc = sbj_malloc, .device = "ref"};
        ck_assert_msg(sbj_model_load(path, &load, &model, &error) == SBERTJA_OK, "%s", error.message);
        options.layout = layouts[round];
        ck_assert_msg(sbj_model_save(model, target, &options, &error) == SBERTJA_OK, "%s", error.message);
        ck_assert_str_eq(sbertja_model_prompt((sbertja_model *)model, NULL), "質問: ");
        ck_assert_str_eq(sbertja_model_prompt((sbertja_model *)model, "b"), "");
        ck_assert_str_eq(sbertja_model_prompt((sbertja_model *)model, "document"), "");
        ck_assert_ptr_null(sbertja_model_prompt((sbertja_model *)model, "c"));
        sbj_model_free(model);
        expect(target, settings, "prompts", "{\"query\": \"質問: \", \"b\": null}");
        expect(target, settings, "default_prompt_name", "\"query\"");
        expect(target, settings, "similarity_fn_name", "\"dot\"");
        expect(target, settings, "truncate_dim", "7");
        expect(target, settings, "model_type", "1");
        expect(target, "1_Pooling/config.json", "include_prompt", "false");
        path = target;
    }
}
END_TEST

START_TEST(changed_settings)
{
    static const struct {
        const char *given, *key, *wanted; /* key NULL: refused with the message `wanted` */
    } changes[] = {
        {"{\"prompts\": {\"c\": \"丙\"}}", "prompts", "{\"c\": \"丙\"}"},
        {"{\"truncate_dim\": null}", "truncate_dim", NULL},
        {"{\"truncate_dim\": 3}", "truncate_dim", "3"},
        {"{}", "truncate_dim", "7"},
        {"{\"my own\": [1]}", "my own", "[1]"},
        {"[]", NULL, "settings: expected a JSON object"},
        {"{\"truncate_dim\": 0}", NULL, "settings: truncate_dim: 0, expected at least 1"},
        {"{\"prompts\": {\"c\": 1}}", NULL, "settings: prompts: c: expected a string"},
    };
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        sbertja_save_options options = SBERTJA_SAVE_OPTIONS_INIT;
        sbj_model *model;
        model_directory("model");
        model_directory_set(settings, "truncate_dim", "7");
        ck_assert_int_eq(model_directory_load(&model, &error), SBERTJA_OK);
        options.settings = changes[i].given;
        const sbertja_status status = sbj_model_save(model, temporary_path("out"), &options, &error);
        sbj_model_free(model);
        ck_assert_msg(status == (changes[i].key != NULL ? SBERTJA_OK : SBERTJA_E_ARGUMENT), "%s", error.message);
        if (changes[i].key != NULL)
            expect(temporary_path("out"), settings, changes[i].key, changes[i].wanted);
        else
            ck_assert_str_eq(error.message, changes[i].wanted);
    }
}
END_TEST

START_TEST(wrong_settings)
{
    static const struct {
        const char *key, *value, *message;
    } faults[] = {
        {"prompts", "[]", "prompts: expected an object of names and texts"},
        {"prompts", "{\"a\": 1}", "prompts: a: expected a string"},
        {"default_prompt_name", "1", "default_prompt_name: expected a string"},
        {"similarity_fn_name", "{}", "similarity_fn_name: expected a string"},
        {"truncate_dim", "-1", "truncate_dim: -1, expected at least 1"},
        {"truncate_dim", "1.5", "truncate_dim: expected an integer"},
    };
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        sbj_model *model;
        model_directory("model");
        model_directory_set(settings, faults[i].key, faults[i].value);
        ck_assert_int_eq(model_directory_load(&model, &error), SBERTJA_E_FORMAT);
        ck_assert_msg(strstr(error.message, settings) && strstr(error.message, faults[i].message), "%s", error.message);
    }
}
END_TEST

SUITE_MAIN("model/kept", 60, {unknown_members, CASES}, {entries_of_modules, 0}, {prompts_stay, 0},
           {changed_settings, 0}, {wrong_settings, 0})
