/* The model in one JSON object, for `info` and for curious hosts. */
#include "model/model.h"

#include <cjson/cJSON.h>
#include <string.h>

/* Which dictionary is in use, and which the model was trained with, if that is known. */
static void put_dictionary(sbj_json_tree *t, cJSON *o, const sbj_model *model)
{
    const sbj_tokenizer_config *c = sbj_tokenizer_get_config(model->tokenizer);
    const char *used = sbj_tokenizer_dictionary_fingerprint(model->tokenizer);
    const char *training = model->trained ? used : c->fingerprint;
    sbj_json_put(t, o, "dictionary", c->dictionary[0] ? cJSON_CreateString(c->dictionary) : cJSON_CreateNull());
    sbj_json_put(t, o, "dictionary_path", cJSON_CreateString(sbj_tokenizer_dictionary(model->tokenizer)));
    sbj_json_put(t, o, "dictionary_fingerprint", cJSON_CreateString(used));
    sbj_json_put(t, o, "training_dictionary_fingerprint",
                 training[0] ? cJSON_CreateString(training) : cJSON_CreateNull());
}

static void put_tokenizer(sbj_json_tree *t, cJSON *o, const sbj_model *model)
{
    const sbj_tokenizer_config *c = sbj_tokenizer_get_config(model->tokenizer);
    sbj_json_put(t, o, "word_tokenizer", cJSON_CreateString(c->basic ? "basic" : "mecab"));
    sbj_json_put(t, o, "subword_tokenizer", cJSON_CreateString(c->character ? "character" : "wordpiece"));
    sbj_json_put(t, o, "lower_case", cJSON_CreateBool(c->lower_case));
    if (!c->basic) {
        sbj_json_put(t, o, "normalize", cJSON_CreateBool(c->normalize));
        put_dictionary(t, o, model);
    }
    sbj_json_put(t, o, "vocabulary", cJSON_CreateNumber((double)sbj_tokenizer_vocabulary_size(model->tokenizer)));
}

static void put_modules(sbj_json_tree *t, cJSON *list, const sbj_network *n)
{
    for (size_t i = 0; i < n->module_count; i++) {
        const sbj_module *m = &n->modules[i];
        cJSON *entry = sbj_json_put(t, list, NULL, cJSON_CreateObject());
        sbj_json_put(t, entry, "module", cJSON_CreateString(sbj_module_name(m)));
        if (m->kind == SBERTJA_POOLING) {
            cJSON *modes = sbj_json_put(t, entry, "modes", cJSON_CreateArray());
            for (size_t k = 0; k < m->mode_count; k++)
                sbj_json_put(t, modes, NULL, cJSON_CreateString(sbj_pooling_name(m->modes[k])));
        } else if (m->kind == SBERTJA_DENSE) {
            sbj_json_put(t, entry, "in", cJSON_CreateNumber((double)m->in));
            sbj_json_put(t, entry, "out", cJSON_CreateNumber((double)m->out));
            sbj_json_put(t, entry, "bias", cJSON_CreateBool(m->bias));
            sbj_json_put(t, entry, "activation", cJSON_CreateString(sbj_activation_name(m->activation)));
        }
    }
}

static void put_transformer(sbj_json_tree *t, cJSON *o, const sbj_network *n)
{
    const sbj_config *c = &n->config;
    size_t parameters = 0;
    for (size_t i = 0; i < n->parameter_count; i++)
        parameters += n->parameters[i].rows * n->parameters[i].columns;
    sbj_json_put(t, o, "layers", cJSON_CreateNumber((double)c->layers));
    sbj_json_put(t, o, "hidden", cJSON_CreateNumber((double)c->hidden));
    sbj_json_put(t, o, "heads", cJSON_CreateNumber((double)c->heads));
    sbj_json_put(t, o, "intermediate", cJSON_CreateNumber((double)c->intermediate));
    sbj_json_put(t, o, "vocabulary", cJSON_CreateNumber((double)c->vocabulary));
    sbj_json_put(t, o, "positions", cJSON_CreateNumber((double)c->max_positions));
    sbj_json_put(t, o, "activation", cJSON_CreateString(sbj_activation_name(c->activation)));
    sbj_json_put(t, o, "parameters", cJSON_CreateNumber((double)parameters));
}

sbertja_status sbj_model_describe(sbj_model *model, sbertja_error *error)
{
    const sbj_backend_table *table = model->backend->table;
    sbj_json_tree tree = sbj_json_begin(cJSON_CreateObject()), *t = &tree;
    cJSON *const root = tree.root;
    sbj_json_put(t, root, "dimension", cJSON_CreateNumber((double)model->network.width));
    sbj_json_put(t, root, "max_tokens", cJSON_CreateNumber((double)model->max_tokens));
    put_transformer(t, sbj_json_put(t, root, "transformer", cJSON_CreateObject()), &model->network);
    put_modules(t, sbj_json_put(t, root, "modules", cJSON_CreateArray()), &model->network);
    put_tokenizer(t, sbj_json_put(t, root, "tokenizer", cJSON_CreateObject()), model);
    sbj_json_put(t, root, "device", cJSON_CreateString(table->name));
    sbj_json_put(t, root, "engine", cJSON_CreateString(table->engine(model->backend)));
    sbj_json_put(t, root, "instructions", cJSON_CreateString(table->instructions(model->backend)));
    sbj_json_put(t, root, "precision", cJSON_CreateString(sbj_precision_name(model->precision)));
    char *text = sbj_json_print(t);
    sbj_json_tree_free(t);
    if (text != NULL)
        model->description = sbj_copy_text(&model->alloc, text, strlen(text));
    cJSON_free(text);
    return model->description == NULL ? sbj_no_memory(error, 0) : SBERTJA_OK;
}
