/* The model in one JSON object, for `info` and for curious hosts. */
#include "model/model.h"

#include <cjson/cJSON.h>
#include <string.h>

static cJSON *describe_tokenizer(const sbj_model *model)
{
    const sbj_tokenizer_config *c = sbj_tokenizer_get_config(model->tokenizer);
    cJSON *t = cJSON_CreateObject();
    cJSON_AddStringToObject(t, "word_tokenizer", c->basic ? "basic" : "mecab");
    cJSON_AddStringToObject(t, "subword_tokenizer", c->character ? "character" : "wordpiece");
    cJSON_AddBoolToObject(t, "lower_case", c->lower_case);
    if (!c->basic) {
        cJSON_AddBoolToObject(t, "normalize", c->normalize);
        cJSON_AddStringToObject(t, "dictionary", c->dictionary);
        cJSON_AddStringToObject(t, "dictionary_path", sbj_tokenizer_dictionary(model->tokenizer));
    }
    cJSON_AddNumberToObject(t, "vocabulary", (double)sbj_tokenizer_vocabulary_size(model->tokenizer));
    return t;
}

static cJSON *describe_modules(const sbj_network *n)
{
    cJSON *list = cJSON_CreateArray();
    for (size_t i = 0; i < n->module_count; i++) {
        const sbj_module *m = &n->modules[i];
        cJSON *entry = cJSON_CreateObject();
        cJSON_AddStringToObject(entry, "module", sbj_module_name(m));
        if (m->kind == SBERTJA_POOLING) {
            cJSON *modes = cJSON_AddArrayToObject(entry, "modes");
            for (size_t k = 0; k < m->mode_count; k++)
                cJSON_AddItemToArray(modes, cJSON_CreateString(sbj_pooling_name(m->modes[k])));
        } else if (m->kind == SBERTJA_DENSE) {
            cJSON_AddNumberToObject(entry, "in", (double)m->in);
            cJSON_AddNumberToObject(entry, "out", (double)m->out);
            cJSON_AddBoolToObject(entry, "bias", m->bias);
            cJSON_AddStringToObject(entry, "activation", sbj_activation_name(m->activation));
        }
        cJSON_AddItemToArray(list, entry);
    }
    return list;
}

static cJSON *describe_transformer(const sbj_network *n)
{
    const sbj_config *c = &n->config;
    size_t parameters = 0;
    for (size_t i = 0; i < n->parameter_count; i++)
        parameters += n->parameters[i].rows * n->parameters[i].columns;
    cJSON *t = cJSON_CreateObject();
    cJSON_AddNumberToObject(t, "layers", (double)c->layers);
    cJSON_AddNumberToObject(t, "hidden", (double)c->hidden);
    cJSON_AddNumberToObject(t, "heads", (double)c->heads);
    cJSON_AddNumberToObject(t, "intermediate", (double)c->intermediate);
    cJSON_AddNumberToObject(t, "vocabulary", (double)c->vocabulary);
    cJSON_AddNumberToObject(t, "positions", (double)c->max_positions);
    cJSON_AddStringToObject(t, "activation", sbj_activation_name(c->activation));
    cJSON_AddNumberToObject(t, "parameters", (double)parameters);
    return t;
}

sbertja_status sbj_model_describe(sbj_model *model, sbertja_error *error)
{
    const sbj_backend_table *table = model->backend->table;
    cJSON *root = cJSON_CreateObject();
    cJSON_AddNumberToObject(root, "dimension", (double)model->network.width);
    cJSON_AddNumberToObject(root, "max_tokens", (double)model->max_tokens);
    cJSON_AddItemToObject(root, "transformer", describe_transformer(&model->network));
    cJSON_AddItemToObject(root, "modules", describe_modules(&model->network));
    cJSON_AddItemToObject(root, "tokenizer", describe_tokenizer(model));
    cJSON_AddStringToObject(root, "device", table->name);
    cJSON_AddStringToObject(root, "engine", table->engine(model->backend));
    cJSON_AddStringToObject(root, "instructions", table->instructions(model->backend));
    cJSON_AddStringToObject(root, "precision", sbj_precision_name(model->precision));
    char *text = cJSON_PrintUnformatted(root);
    cJSON_Delete(root);
    if (text != NULL)
        model->description = sbj_copy_text(&model->alloc, text, strlen(text));
    cJSON_free(text);
    return model->description == NULL ? sbj_no_memory(error, 0) : SBERTJA_OK;
}
