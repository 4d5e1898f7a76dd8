/* A directory described from its small files: sizes and limits without weights, the buffer's rules, and files that are not
 * what they should be. */
#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

#include "sbertja.h"
#include "support/model_directory.h"
#include "support/suite.h"

static sbertja_error error;

static cJSON *described(const char *directory)
{
    char json[4096];
    size_t size;
    ck_assert_msg(sbertja_directory_describe(directory, json, sizeof json, &size, &error) == SBERTJA_OK, "%s",
                  error.message);
    ck_assert_uint_eq(size, strlen(json) + 1);
    cJSON *root = cJSON_Parse(json);
    ck_assert_ptr_nonnull(root);
    return root;
}

static int number(const cJSON *object, const char *key)
{
    const cJSON *value = cJSON_GetObjectItem(object, key);
    ck_assert_msg(cJSON_IsNumber(value), "%s", key);
    return value->valueint;
}

/* Whatever a loaded model says of these, the files alone say too. */
START_TEST(every_layout)
{
    static const char *const names[] = {"bert", "model", "model-0.4.1", "model-cls-dense-normalize"};
    char directory[128];
    sbertja_model *model;
    snprintf(directory, sizeof directory, "tests/data/tiny/%s", names[_i]);
    ck_assert_msg(sbertja_model_load(directory, NULL, &model, &error) == SBERTJA_OK, "%s", error.message);
    cJSON *loaded = cJSON_Parse(sbertja_model_describe(model)), *files = described(directory);
    static const char *const keys[] = {"dimension", "max_tokens"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        ck_assert_int_eq(number(files, keys[i]), number(loaded, keys[i]));
    ck_assert(cJSON_Compare(cJSON_GetObjectItem(files, "modules"), cJSON_GetObjectItem(loaded, "modules"), 1));
    cJSON *transformer = cJSON_GetObjectItem(files, "transformer");
    for (const cJSON *each = transformer->child; each != NULL; each = each->next)
        ck_assert(cJSON_Compare(each, cJSON_GetObjectItem(cJSON_GetObjectItem(loaded, "transformer"), each->string), 1));
    ck_assert_int_eq(number(transformer, "hidden"), 48);
    cJSON_Delete(loaded);
    cJSON_Delete(files);
    sbertja_model_free(model);
}
END_TEST

START_TEST(without_weights_and_vocabulary)
{
    const char *directory = model_directory("model");
    model_directory_delete("model.safetensors");
    model_directory_delete("vocab.txt");
    model_directory_delete("tokenizer_config.json");
    model_directory_text("sentence_bert_config.json", "{\"max_seq_length\": 512}");
    cJSON *root = described(directory);
    ck_assert_int_eq(number(root, "max_tokens"), 64); /* its positions */
    cJSON_Delete(root);
}
END_TEST

START_TEST(the_buffer)
{
    const char *directory = "tests/data/tiny/model";
    char json[4096] = "as before";
    size_t size = 7;
    ck_assert_int_eq(sbertja_directory_describe(directory, NULL, 0, &size, &error), SBERTJA_OK);
    ck_assert_uint_gt(size, 100);
    ck_assert_int_eq(sbertja_directory_describe(directory, json, size, NULL, &error), SBERTJA_OK);
    ck_assert_uint_eq(strlen(json) + 1, size);
    size_t again = 0;
    ck_assert_int_eq(sbertja_directory_describe(directory, json, size - 1, &again, &error), SBERTJA_E_ARGUMENT);
    ck_assert_ptr_nonnull(strstr(error.message, "the description needs"));
    ck_assert_str_eq(json, "");
    ck_assert_uint_eq(again, size);
    ck_assert_int_eq(sbertja_directory_describe(directory, NULL, 1, &again, &error), SBERTJA_E_ARGUMENT);
    ck_assert_str_eq(error.message, "json: is NULL");
    ck_assert_uint_eq(again, 0);
}
END_TEST

static const struct {
    const char *file, *content; /* NULL: no such file */
    sbertja_status status;
} faults[] = {
    {"config.json", NULL, SBERTJA_E_IO},
    {"config.json", "{", SBERTJA_E_FORMAT},
    {"config.json", "{\"hidden_size\": \"48\"}", SBERTJA_E_FORMAT},
    {"config.json", "{\"model_type\": \"gpt2\"}", SBERTJA_E_UNSUPPORTED},
    {"modules.json", "{}", SBERTJA_E_FORMAT},
    {"modules.json", "[{\"type\": \"a.Transformer\", \"path\": \"../outside\"}]", SBERTJA_E_FORMAT},
    {"modules.json", "[{\"type\": \"a.Transformer\", \"path\": \"/etc\"}]", SBERTJA_E_FORMAT},
    {"sentence_bert_config.json", "{\"max_seq_length\": \"many\"}", SBERTJA_E_FORMAT},
    {"1_Pooling/config.json", "{}", SBERTJA_E_FORMAT},
};
enum { FAULTS = sizeof faults / sizeof *faults };

START_TEST(a_wrong_file)
{
    const char *directory = model_directory("model");
    char json[4096] = "as before";
    size_t size = 7;
    if (faults[_i].content == NULL)
        model_directory_delete(faults[_i].file);
    else
        model_directory_text(faults[_i].file, faults[_i].content);
    ck_assert_int_eq(sbertja_directory_describe(directory, json, sizeof json, &size, &error), faults[_i].status);
    ck_assert_msg(strstr(error.message, faults[_i].file) != NULL, "%s", error.message);
    ck_assert_str_eq(json, "");
    ck_assert_uint_eq(size, 0);
}
END_TEST

SUITE_MAIN("api/directory", 20, {every_layout, 4}, {without_weights_and_vocabulary, 0}, {the_buffer, 0},
           {a_wrong_file, FAULTS})
