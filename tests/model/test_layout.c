/* What a model directory holds: the three layouts, the dialects of pooling, the longest input, and what is refused. */
#include <stdio.h>
#include <string.h>

#include "model/modules.h"
#include "support/model_directory.h"
#include "support/suite.h"

enum { HIDDEN = 48 }; /* of the models in tests/data/tiny */

/* Reads the layout of the copied directory and checks the chain of its modules. */
static sbertja_status read_layout(const char *directory, sbj_layout *layout, sbertja_error *error)
{
    sbertja_status status = sbj_layout_read(&sbj_malloc, directory, layout, error);
    return status == SBERTJA_OK ? sbj_modules_check(layout->modules, layout->module_count, HIDDEN, directory, error)
                                : status;
}

START_TEST(layouts)
{
    static const struct {
        const char *source, *transformer, *modules; /* a letter a module, modes of pooling as digits */
        size_t max_tokens;
    } cases[] = {{"bert", "DIR", "P3", 64},
                 {"model", "DIR/", "P3", 64},
                 {"model-0.4.1", "DIR/0_Transformer", "P23", 64},
                 {"model-cls-dense-normalize", "DIR/", "P1DN", 16}};
    char modules[64] = "";
    sbj_layout layout;
    sbertja_error error;
    const char *directory = model_directory(cases[_i].source);
    ck_assert_msg(read_layout(directory, &layout, &error) == SBERTJA_OK, "%s", error.message);
    for (size_t i = 0; i < layout.module_count; i++) {
        const sbj_module *m = &layout.modules[i];
        strcat(modules, m->kind == SBERTJA_POOLING ? "P" : m->kind == SBERTJA_DENSE ? "D" : "N");
        for (size_t k = 0; k < m->mode_count; k++)
            strcat(modules, (char[2]){(char)('0' + m->modes[k])});
    }
    ck_assert_str_eq(modules, cases[_i].modules);
    ck_assert_uint_eq(layout.max_tokens, cases[_i].max_tokens);
    ck_assert_str_eq(layout.transformer + strlen(directory), cases[_i].transformer + strlen("DIR"));
    sbj_layout_free(&layout);
}
END_TEST

/* ---- Pooling ---- */

START_TEST(dialects)
{
    static const struct {
        const char *config, *modes;
    } cases[] = {
        {"{\"word_embedding_dimension\": 48, \"pooling_mode_mean_tokens\": true}", "3"},
        {"{\"pooling_mode_mean_sqrt_len_tokens\": true, \"pooling_mode_mean_tokens\": true, "
         "\"pooling_mode_max_tokens\": true, \"pooling_mode_cls_token\": true}",
         "1234"},
        {"{\"pooling_mode_lasttoken\": true, \"pooling_mode_weightedmean_tokens\": true, "
         "\"pooling_mode_mean_tokens\": false}",
         "56"},
        {"{\"embedding_dimension\": 48, \"pooling_mode\": \"mean\"}", "3"},
        {"{\"embedding_dimension\": 48, \"pooling_mode\": [\"mean\", \"max\"]}", "32"},
        {"{\"pooling_mode\": [\"lasttoken\", \"weightedmean\", \"mean_sqrt_len_tokens\", \"mean\", \"max\", \"cls\"]}",
         "654321"},
        {"{\"pooling_mode\": \"max+cls\"}", "21"},
        {"{\"pooling_mode\": null, \"pooling_mode_cls_token\": true}", "1"},
    };
    char modes[SBJ_POOL_MODES + 1] = "";
    sbj_layout layout;
    sbertja_error error;
    const char *directory = model_directory("model");
    model_directory_text("1_Pooling/config.json", cases[_i].config);
    ck_assert_msg(read_layout(directory, &layout, &error) == SBERTJA_OK, "%s", error.message);
    for (size_t k = 0; k < layout.modules[0].mode_count; k++)
        modes[k] = (char)('0' + layout.modules[0].modes[k]);
    ck_assert_str_eq(modes, cases[_i].modes);
    ck_assert_uint_eq(sbj_modules_width(layout.modules, 1, HIDDEN), HIDDEN * strlen(cases[_i].modes));
    sbj_layout_free(&layout);
}
END_TEST

/* ---- The longest input ---- */

START_TEST(longest_input)
{
    static const struct {
        const char *sentence_bert, *tokenizer; /* NULL: the key is not there */
        size_t files, model;                   /* what the files say; what the model takes, which has 64 positions */
    } cases[] = {{"32", "64", 32, 32},   {NULL, "16", 16, 16},  {"null", "16", 16, 16}, {NULL, NULL, 0, 64},
                 {"512", "16", 512, 64}, {NULL, "1e30", 0, 64}, {"0", "16", 16, 16},    {"3", NULL, 3, 3}};
    sbj_layout layout;
    sbj_model *model;
    sbertja_error error;
    const char *directory = model_directory("model");
    model_directory_set("sentence_bert_config.json", "max_seq_length", cases[_i].sentence_bert);
    model_directory_set("tokenizer_config.json", "model_max_length", cases[_i].tokenizer);
    ck_assert_msg(read_layout(directory, &layout, &error) == SBERTJA_OK, "%s", error.message);
    ck_assert_uint_eq(layout.max_tokens, cases[_i].files);
    ck_assert_msg(model_directory_load(&model, &error) == SBERTJA_OK, "%s", error.message);
    ck_assert_uint_eq(model->max_tokens, cases[_i].model);
    sbj_model_free(model);
    sbj_layout_free(&layout);
}
END_TEST

/* ---- What is refused ---- */

#define THREE_MODULES(kind, path)                                                                                      \
    "[{\"type\": \"sentence_transformers.models.Transformer\", \"path\": \"\"},"                                       \
    " {\"type\": \"sentence_transformers.models.Pooling\", \"path\": \"1_Pooling\"},"                                  \
    " {\"type\": \"sentence_transformers.models." kind "\", \"path\": \"" path "\"}]"

static const struct refusal {
    const char *source, *file, *text;
    sbertja_status status;
    const char *message;
} refusals[] = {
    {"model", "modules.json", "{}", SBERTJA_E_FORMAT, "DIR/modules.json: expected a list of modules"},
    {"model", "modules.json", "[]", SBERTJA_E_FORMAT, "DIR/modules.json: expected a list of modules"},
    {"model", "modules.json", "[3]", SBERTJA_E_FORMAT,
     "DIR/modules.json: expected an object with the key type, found an integer"},
    {"model", "modules.json", "[{\"path\": \"\", \"type\": \"models.Pooling\"}]", SBERTJA_E_UNSUPPORTED,
     "DIR/modules.json: the first module is \"models.Pooling\", expected a Transformer"},
    {"model", "modules.json", "[{\"path\": \"\", \"type\": \"models.CLIPModel\"}]", SBERTJA_E_UNSUPPORTED,
     "DIR/modules.json: the first module is \"models.CLIPModel\", expected a Transformer"},
    {"model", "modules.json", "[{\"path\": \"\", \"type\": \"models.Transformer\"}]", SBERTJA_E_FORMAT,
     "DIR: a pooling module must follow the transformer"},
    {"model", "modules.json", THREE_MODULES("LSTM", "2_LSTM"), SBERTJA_E_UNSUPPORTED,
     "DIR/modules.json: module 2: \"sentence_transformers.models.LSTM\" is not supported, only Transformer, Pooling, "
     "Dense, Normalize"},
    {"model", "modules.json", THREE_MODULES("Transformer", ""), SBERTJA_E_UNSUPPORTED,
     "DIR/modules.json: module 2: \"sentence_transformers.models.Transformer\" is not supported, only Transformer, "
     "Pooling, Dense, Normalize"},
    {"model", "modules.json", THREE_MODULES("Pooling", "1_Pooling"), SBERTJA_E_FORMAT, "DIR: a second pooling module"},
    {"model", "modules.json", THREE_MODULES("Dense", "../elsewhere"), SBERTJA_E_FORMAT,
     "DIR/modules.json: module 2: path \"../elsewhere\" is not a folder of the model"},
    {"model", "modules.json", THREE_MODULES("Dense", "/etc"), SBERTJA_E_FORMAT,
     "DIR/modules.json: module 2: path \"/etc\" is not a folder of the model"},
    {"model", "modules.json",
     THREE_MODULES("Dense", "a234567890123456789012345678901234567890123456789012345678901234"), SBERTJA_E_FORMAT,
     "DIR/modules.json: module 2: path \"a234567890123456789012345678901234567890123456789012345678901234\" is not a "
     "folder of the model"},
    {"model", "modules.json", "[{\"path\": \"..\", \"type\": \"models.Transformer\"}]", SBERTJA_E_FORMAT,
     "DIR/modules.json: module 0: path \"..\" is not a folder of the model"},
    {"model", "modules.json", THREE_MODULES("Dense", "2_Dense"), SBERTJA_E_IO,
     "DIR/2_Dense/config.json: cannot be opened: No such file or directory"},
    {"model", "1_Pooling/config.json", "{\"pooling_mode\": \"median\"}", SBERTJA_E_UNSUPPORTED,
     "DIR/1_Pooling/config.json: pooling mode \"median\", expected cls, max, mean, mean_sqrt_len_tokens, weightedmean "
     "or lasttoken"},
    {"model", "1_Pooling/config.json", "{\"pooling_mode\": \"\"}", SBERTJA_E_UNSUPPORTED,
     "DIR/1_Pooling/config.json: pooling mode \"\", expected cls, max, mean, mean_sqrt_len_tokens, weightedmean or "
     "lasttoken"},
    {"model", "1_Pooling/config.json", "{\"pooling_mode\": [\"max\", \"max\"]}", SBERTJA_E_FORMAT,
     "DIR/1_Pooling/config.json: pooling mode \"max\" twice"},
    {"model", "1_Pooling/config.json", "{\"pooling_mode\": []}", SBERTJA_E_FORMAT,
     "DIR/1_Pooling/config.json: no pooling mode is on"},
    {"model", "1_Pooling/config.json", "{\"pooling_mode_mean_tokens\": false}", SBERTJA_E_FORMAT,
     "DIR/1_Pooling/config.json: no pooling mode is on"},
    {"model", "1_Pooling/config.json", "{\"pooling_mode\": 3}", SBERTJA_E_FORMAT,
     "DIR/1_Pooling/config.json: pooling_mode: expected a name or a list of names"},
    {"model", "1_Pooling/config.json", "{\"pooling_mode\": [3]}", SBERTJA_E_FORMAT,
     "DIR/1_Pooling/config.json: pooling_mode: expected a list of names"},
    {"model", "1_Pooling/config.json", "{\"pooling_mode_mean_tokens\": 1}", SBERTJA_E_FORMAT,
     "DIR/1_Pooling/config.json: pooling_mode_mean_tokens: expected true or false, found an integer"},
    {"model", "1_Pooling/config.json", "{\"pooling_mode\": \"mean\", \"embedding_dimension\": 47}", SBERTJA_E_FORMAT,
     "DIR: 1_Pooling: embedding dimension is 47, but what comes before is 48 wide"},
    {"model-cls-dense-normalize", "2_Dense/config.json", "{\"in_features\": 47, \"out_features\": 20}",
     SBERTJA_E_FORMAT, "DIR: 2_Dense: in_features is 47, but what comes before is 48 wide"},
    {"model-cls-dense-normalize", "2_Dense/config.json", "{\"in_features\": 48}", SBERTJA_E_FORMAT,
     "DIR/2_Dense/config.json: in_features 48, out_features 0, expected 1 to 1048576"},
    {"model-cls-dense-normalize", "2_Dense/config.json",
     "{\"in_features\": 48, \"out_features\": 20, \"activation_function\": \"torch.nn.modules.activation.Mish\"}",
     SBERTJA_E_UNSUPPORTED,
     "DIR/2_Dense/config.json: activation_function: \"torch.nn.modules.activation.Mish\", expected Identity, Tanh, "
     "ReLU, GELU or Sigmoid"},
    {"model-cls-dense-normalize", "2_Dense/config.json",
     "{\"in_features\": 48, \"out_features\": 20, \"module_input_name\": \"token_embeddings\"}", SBERTJA_E_UNSUPPORTED,
     "DIR/2_Dense/config.json: module_input_name: \"token_embeddings\", only \"sentence_embedding\""},
    {"model", "sentence_bert_config.json", "{\"do_lower_case\": true}", SBERTJA_E_UNSUPPORTED,
     "DIR/sentence_bert_config.json: do_lower_case: true is not supported (the tokenizer's own is)"},
    {"model", "sentence_bert_config.json", "{\"max_seq_length\": 12.5}", SBERTJA_E_FORMAT,
     "DIR/sentence_bert_config.json: max_seq_length: 12.5, expected a positive integer"},
    {"model", "sentence_bert_config.json", "{\"max_seq_length\": -1}", SBERTJA_E_FORMAT,
     "DIR/sentence_bert_config.json: max_seq_length: -1, expected a positive integer"},
    {"model", "sentence_bert_config.json", "{\"max_seq_length\": \"64\"}", SBERTJA_E_FORMAT,
     "DIR/sentence_bert_config.json: max_seq_length: expected a number, found a string"},
    {"bert", "config.json", "{", SBERTJA_E_FORMAT, NULL},
    {"model", "sentence_bert_config.json", "{\"max_seq_length\": 2}", SBERTJA_E_FORMAT,
     "the longest input is 2 tokens, expected at least 3"},
};
enum { REFUSALS = sizeof refusals / sizeof *refusals };

/* Through a whole load, which goes on after the layout. */
START_TEST(refused)
{
    const struct refusal *r = &refusals[_i];
    sbj_model *model;
    sbertja_error error;
    model_directory(r->source);
    model_directory_text(r->file, r->text);
    ck_assert_msg(model_directory_load(&model, &error) == r->status, "%s: %s", r->text, error.message);
    if (r->message != NULL)
        ck_assert_str_eq(model_directory_message(&error), r->message);
    ck_assert_ptr_null(model);
}
END_TEST

START_TEST(too_many_modules)
{
    char text[4096] =
        "[{\"type\": \"a.Transformer\", \"path\": \"\"}, {\"type\": \"Pooling\", \"path\": \"1_Pooling\"}";
    sbj_layout layout;
    sbertja_error error;
    const char *directory = model_directory("model");
    for (int i = 2; i <= SBJ_MOST_MODULES + 1; i++)
        strcat(text, ", {\"type\": \"Normalize\", \"path\": \"\"}");
    strcat(text, "]");
    model_directory_text("modules.json", text);
    ck_assert_int_eq(read_layout(directory, &layout, &error), SBERTJA_E_UNSUPPORTED);
    ck_assert_str_eq(model_directory_message(&error), "DIR/modules.json: more than 16 modules");
}
END_TEST

START_TEST(no_directory)
{
    static const char *const paths[] = {"tests/data/nowhere", "tests/data/vocab.txt"};
    sbj_layout layout;
    sbertja_error error;
    ck_assert_int_eq(sbj_layout_read(&sbj_malloc, paths[_i], &layout, &error), SBERTJA_E_IO);
    ck_assert(strstr(error.message, paths[_i]) == error.message);
}
END_TEST

/* ---- Modules that the caller gives ---- */

START_TEST(refused_options)
{
    static const struct {
        sbertja_module modules[2];
        size_t count, max_tokens;
        const char *message;
    } cases[] = {
        {{{.kind = SBERTJA_NORMALIZE}}, 1, 0, "modules: a pooling module must follow the transformer"},
        {{{.kind = SBERTJA_POOLING}}, 0, 0, "modules: a pooling module must follow the transformer"},
        {{{.kind = (sbertja_module_kind)7}}, 1, 0, "modules: kind 7 is none of POOLING, DENSE, NORMALIZE"},
        {{{.kind = SBERTJA_POOLING, .pooling = "mean+mean"}}, 1, 0, "modules: pooling mode \"mean\" twice"},
        {{{.kind = SBERTJA_POOLING, .pooling = "mean+"}},
         1,
         0,
         "modules: pooling mode \"\", expected cls, max, mean, mean_sqrt_len_tokens, weightedmean or lasttoken"},
        {{{.kind = SBERTJA_POOLING}, {.kind = SBERTJA_DENSE}},
         2,
         0,
         "modules: Dense: out_features 0, expected 1 to 1048576"},
        {{{.kind = SBERTJA_POOLING}, {.kind = SBERTJA_DENSE, .out_features = 3, .activation = "mish"}},
         2,
         0,
         "modules: activation \"mish\", expected identity, tanh, relu, gelu or sigmoid"},
        {{{.kind = SBERTJA_POOLING}}, 1, 65, "max_tokens: 65, expected 3 to 64, the model's positions"},
        {{{.kind = SBERTJA_POOLING}}, 1, 2, "max_tokens: 2, expected 3 to 64, the model's positions"},
    };
    sbj_model *model;
    sbertja_error error;
    const sbj_model_options options = {.alloc = sbj_malloc,
                                       .device = "ref",
                                       .modules = cases[_i].modules,
                                       .module_count = cases[_i].count,
                                       .max_tokens = cases[_i].max_tokens};
    ck_assert_int_eq(sbj_model_load("tests/data/tiny/bert", &options, &model, &error), SBERTJA_E_ARGUMENT);
    ck_assert_int_eq(error.status, SBERTJA_E_ARGUMENT);
    ck_assert_str_eq(error.message, cases[_i].message);
    ck_assert_ptr_null(model);
}
END_TEST

/* What a save may replace. */
START_TEST(model_directories)
{
    const char *directory = model_directory("bert");
    ck_assert(sbj_is_model_directory("tests/data/tiny/model-0.4.1"));
    ck_assert(sbj_is_model_directory(directory));
    model_directory_delete("model.safetensors");
    ck_assert_msg(!sbj_is_model_directory(directory), "a config.json alone may be anything's");
    model_directory_text("modules.json", "[{\"type\": \"es.Module\"}]");
    ck_assert_msg(!sbj_is_model_directory(directory), "other programs have a modules.json too");
    ck_assert(!sbj_is_model_directory("tests/data/vocab.txt") && !sbj_is_model_directory("nowhere"));
}
END_TEST

SUITE_MAIN("model/layout", 20, {layouts, 4}, {dialects, 8}, {longest_input, 8}, {refused, REFUSALS},
           {too_many_modules, 0}, {no_directory, 2}, {refused_options, 9}, {model_directories, 0})
