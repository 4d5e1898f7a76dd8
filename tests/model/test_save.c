/* Saving and loading again: the same bits; what may be replaced; what is kept. */
#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "support/reference.h"
#include "support/suite.h"
#include "support/temporary.h"

static sbj_model *load(const char *directory)
{
    const sbj_model_options options = {.alloc = sbj_malloc, .device = "cpu"};
    sbertja_error error;
    sbj_model *model = NULL;
    ck_assert_msg(sbj_model_load(directory, &options, &model, &error) == SBERTJA_OK, "%s", error.message);
    return model;
}

static void save(const sbj_model *model, const char *directory, const char *layout, const char *dtype)
{
    sbertja_save_options options = SBERTJA_SAVE_OPTIONS_INIT;
    sbertja_error error;
    options.layout = layout;
    options.dtype = dtype;
    ck_assert_msg(sbj_model_save(model, directory, &options, &error) == SBERTJA_OK, "%s", error.message);
}

/* Largest difference of any parameter, relative to the parameter's largest value. */
static double difference(const sbj_model *a, const sbj_model *b)
{
    double most = 0;
    ck_assert(a->network.parameter_count == b->network.parameter_count);
    for (size_t i = 0; i < a->network.parameter_count; i++) {
        const sbj_parameter *p = &a->network.parameters[i];
        const size_t count = p->rows * p->columns;
        float *x = malloc(count * sizeof *x), *y = malloc(count * sizeof *y);
        ck_assert_str_eq(p->name, b->network.parameters[i].name);
        ck_assert(sbj_model_values(a, i, x, NULL) == SBERTJA_OK && sbj_model_values(b, i, y, NULL) == SBERTJA_OK);
        most = fmax(most, reference_difference(x, y, count));
        free(x);
        free(y);
    }
    return most;
}

static const char *const directories[] = {"model", "model-0.4.1", "model-cls-dense-normalize", "bert", "hf-bin-zip",
                                          "hf-bin-half", "hf-safetensors-bf16"};
static const struct {
    const char *layout, *dtype;
    double bound;
} forms[] = {{"2", "f32", 0}, {"0.4.1", "f32", 0}, {"2", "f16", 0x1p-11}, {"2", "bf16", 0x1p-8}};

START_TEST(there_and_back)
{
    char path[256];
    snprintf(path, sizeof path, "tests/data/tiny/%s", directories[_i]);
    sbj_model *first = load(path);
    for (size_t f = 0; f < sizeof forms / sizeof *forms; f++) {
        const char *out = temporary_path("deep/er/model"); /* parents are made, and an older save is replaced */
        save(first, out, forms[f].layout, forms[f].dtype);
        sbj_model *again = load(out);
        reference_expect(difference(again, first), forms[f].bound, "%s, layout %s, %s", path, forms[f].layout,
                         forms[f].dtype);
        ck_assert(again->max_tokens == first->max_tokens);
        ck_assert(again->network.module_count == first->network.module_count);
        ck_assert(memcmp(again->network.modules[0].modes, first->network.modules[0].modes,
                         sizeof first->network.modules[0].modes) == 0);
        ck_assert_str_eq(sbj_tokenizer_get_config(again->tokenizer)->dictionary,
                         sbj_tokenizer_get_config(first->tokenizer)->dictionary);
        sbj_model_free(again);
    }
    sbj_model_free(first);
}
END_TEST

/* An order that the flags cannot say takes a Dense module, which a load knows again. */
START_TEST(orders_of_pooling)
{
    sbertja_module modules[3] = {SBERTJA_MODULE_INIT, SBERTJA_MODULE_INIT, SBERTJA_MODULE_INIT};
    sbertja_save_options old = SBERTJA_SAVE_OPTIONS_INIT;
    sbertja_error error;
    sbj_model *model = NULL;
    modules[0].pooling = "mean+max";
    modules[1].kind = SBERTJA_DENSE;
    modules[1].out_features = 7;
    modules[1].activation = "relu";
    modules[1].no_bias = 1;
    modules[2].kind = SBERTJA_NORMALIZE;
    const sbj_model_options options = {
        .alloc = sbj_malloc, .device = "cpu", .modules = modules, .module_count = 3, .seed = 3};
    ck_assert_msg(sbj_model_load("tests/data/tiny/bert", &options, &model, &error) == SBERTJA_OK, "%s", error.message);
    ck_assert(model->network.width == 7);
    save(model, temporary_path("m"), NULL, NULL);
    sbj_model *again = load(temporary_path("m"));
    ck_assert(again->network.modules[0].modes[0] == SBJ_POOL_MEAN && again->network.modules[0].modes[1] == SBJ_POOL_MAX);
    ck_assert(!again->network.modules[1].bias && again->network.modules[1].activation == SBJ_RELU);
    ck_assert(difference(again, model) == 0);
    sbj_model_free(again);
    ck_assert(sbj_is_file(temporary_path("m/2_Dense/pytorch_model.bin")) &&
              sbj_is_file(temporary_path("m/3_Dense/model.safetensors")));
    old.layout = "0.4.1";
    ck_assert_msg(sbj_model_save(model, temporary_path("old"), &old, &error) == SBERTJA_OK, "%s", error.message);
    again = load(temporary_path("old"));
    ck_assert(again->network.module_count == 3 && difference(again, model) == 0);
    sbj_model_free(again);
    sbj_model_free(model);
}
END_TEST

/* A folder that is no model stays as it is, and nothing is left beside it. */
START_TEST(other_folders)
{
    sbertja_error error;
    sbj_model *model = load("tests/data/tiny/model");
    const char *folder = temporary_path("precious");
    ck_assert(mkdir(folder, 0777) == 0);
    ck_assert(sbj_write_file(temporary_path("precious/thesis.txt"), "x", 1, NULL) == SBERTJA_OK);
    ck_assert(sbj_model_save(model, folder, NULL, &error) == SBERTJA_E_IO);
    ck_assert_msg(strstr(error.message, "precious") != NULL, "%s", error.message);
    ck_assert(sbj_is_file(temporary_path("precious/thesis.txt")));
    int entries = 0;
    DIR *parent = opendir(temporary_path(""));
    for (struct dirent *e; (e = readdir(parent)) != NULL;)
        entries += e->d_name[0] != '.';
    closedir(parent);
    ck_assert_int_eq(entries, 1);
    ck_assert(sbj_model_save(model, temporary_path("precious/thesis.txt"), NULL, &error) == SBERTJA_E_IO);
    sbj_model_free(model);
}
END_TEST

START_TEST(refused_options)
{
    static const struct {
        const char *layout, *dtype, *message;
    } cases[] = {{"3", NULL, "layout: \"3\", expected 2 or 0.4.1"},
                 {NULL, "int8", "dtype: \"int8\", expected f32, f16 or bf16"},
                 {"0.4.1", "f16", "dtype: the 0.4.1 layout is stored as f32 only"}};
    sbertja_save_options options = SBERTJA_SAVE_OPTIONS_INIT;
    sbertja_error error;
    sbj_model *model = load("tests/data/tiny/model");
    options.layout = cases[_i].layout;
    options.dtype = cases[_i].dtype;
    ck_assert(sbj_model_save(model, temporary_path("m"), &options, &error) == SBERTJA_E_ARGUMENT);
    ck_assert_str_eq(error.message, cases[_i].message);
    sbj_model_free(model);
}
END_TEST

/* From sizes: saved and loaded, the same; other tokenizers too. */
START_TEST(created)
{
    static const struct {
        const char *words, *subwords;
    } cases[] = {{"mecab", "wordpiece"}, {"basic", "character"}};
    sbertja_architecture a = SBERTJA_ARCHITECTURE_INIT;
    const sbj_model_options options = {.alloc = sbj_malloc, .device = "cpu"};
    sbertja_error error;
    sbj_model *model = NULL;
    a.vocabulary = "tests/data/vocab.txt";
    a.layers = 1;
    a.hidden = 24;
    a.heads = 2;
    a.intermediate = 32;
    a.activation = "gelu_new";
    a.word_tokenizer = cases[_i].words;
    a.subword_tokenizer = cases[_i].subwords;
    ck_assert_msg(sbj_model_create(&a, &options, &model, &error) == SBERTJA_OK, "%s", error.message);
    save(model, temporary_path("m"), NULL, NULL);
    sbj_model *again = load(temporary_path("m"));
    ck_assert(difference(again, model) == 0);
    const sbj_tokenizer_config *c = sbj_tokenizer_get_config(again->tokenizer);
    ck_assert(c->basic == (_i == 1) && c->character == (_i == 1));
    ck_assert(again->network.config.activation == SBJ_GELU_TANH);
    sbj_model_free(again);
    sbj_model_free(model);
}
END_TEST

static bool says(const char *text, const char *key, const char *value)
{
    const char *at = strstr(text, key);
    return at != NULL && strncmp(at + strlen(key), value, strlen(value)) == 0;
}

/* Which dictionary a model was trained with: not known of a model as it came, and saved with a trained one. */
START_TEST(dictionary_of_training)
{
    static const char used[] = "\"dictionary_fingerprint\":\"", training[] = "\"training_dictionary_fingerprint\":";
    sbertja_error error;
    sbj_model *loaded = load("tests/data/tiny/model"), *model = NULL, *trained = NULL;
    ck_assert_msg(sbj_model_with(loaded, &loaded->weights, &model, &error) == SBERTJA_OK, "%s", error.message);
    sbj_model_free(loaded);
    const sbj_views values = model->weights; /* in memory, as those of a training are */
    const char *fingerprint = sbj_tokenizer_dictionary_fingerprint(model->tokenizer);
    char quoted[32];
    ck_assert_uint_eq(strlen(fingerprint), 16);
    snprintf(quoted, sizeof quoted, "\"%s\"", fingerprint);
    ck_assert_msg(says(model->description, used, fingerprint) && says(model->description, training, "null"), "%s",
                  model->description);
    ck_assert_msg(sbj_model_with(model, &values, &trained, &error) == SBERTJA_OK, "%s", error.message);
    sbj_model_free(model);
    ck_assert_msg(says(trained->description, training, quoted), "%s", trained->description);
    for (int i = 0; i < 2; i++) { /* also when what was loaded is saved again */
        save(trained, temporary_path("m"), i ? "0.4.1" : NULL, NULL);
        sbj_model_free(trained);
        trained = load(temporary_path("m"));
        ck_assert_msg(says(trained->description, training, quoted), "%s", trained->description);
    }
    sbj_model_free(trained);
}
END_TEST

SUITE_MAIN("model/save", 60, {there_and_back, sizeof directories / sizeof *directories}, {orders_of_pooling, 0},
           {other_folders, 0}, {refused_options, 3}, {created, 2}, {dictionary_of_training, 0})
