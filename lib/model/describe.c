/* A model, or what a directory says of one, as a JSON object: for `info`, for bindings and for curious hosts. */
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

static void put_modules(sbj_json_tree *t, cJSON *list, const sbj_module *modules, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const sbj_module *m = &modules[i];
        cJSON *entry = sbj_json_put(t, list, NULL, cJSON_CreateObject());
        sbj_json_put(t, entry, "module", cJSON_CreateString(sbj_module_name(m)));
        if (m->kind == SBERTJA_POOLING) {
            cJSON *modes = sbj_json_put(t, entry, "modes", cJSON_CreateArray());
            for (size_t k = 0; k < m->mode_count; k++)
                sbj_json_put(t, modes, NULL, cJSON_CreateString(sbj_pooling_name(m->modes[k])));
            sbj_json_put(t, entry, "include_prompt", cJSON_CreateBool(!m->exclude_prompt));
        } else if (m->kind == SBERTJA_DENSE) {
            sbj_json_put(t, entry, "in", cJSON_CreateNumber((double)m->in));
            sbj_json_put(t, entry, "out", cJSON_CreateNumber((double)m->out));
            sbj_json_put(t, entry, "bias", cJSON_CreateBool(m->bias));
            sbj_json_put(t, entry, "activation", cJSON_CreateString(sbj_activation_name(m->activation)));
        }
    }
}

static void put_transformer(sbj_json_tree *t, cJSON *o, const sbj_config *c)
{
    sbj_json_put(t, o, "layers", cJSON_CreateNumber((double)c->layers));
    sbj_json_put(t, o, "hidden", cJSON_CreateNumber((double)c->hidden));
    sbj_json_put(t, o, "heads", cJSON_CreateNumber((double)c->heads));
    sbj_json_put(t, o, "intermediate", cJSON_CreateNumber((double)c->intermediate));
    sbj_json_put(t, o, "vocabulary", cJSON_CreateNumber((double)c->vocabulary));
    sbj_json_put(t, o, "positions", cJSON_CreateNumber((double)c->max_positions));
    sbj_json_put(t, o, "activation", cJSON_CreateString(sbj_activation_name(c->activation)));
}

static double parameters(const sbj_network *n)
{
    double numbers = 0;
    for (size_t i = 0; i < n->parameter_count; i++)
        numbers += (double)n->parameters[i].rows * (double)n->parameters[i].columns;
    return numbers;
}

/* The tree's text in the caller's memory, and the tree freed; NULL: no memory. */
static char *finish(sbj_json_tree *t, const sbj_alloc *alloc)
{
    char *text = sbj_json_print(t), *copy = NULL;
    sbj_json_tree_free(t);
    if (text != NULL)
        copy = sbj_copy_text(alloc, text, strlen(text));
    cJSON_free(text);
    return copy;
}

sbertja_status sbj_model_describe(sbj_model *model, sbertja_error *error)
{
    const sbj_backend_table *table = model->backend->table;
    sbj_json_tree tree = sbj_json_begin(cJSON_CreateObject()), *t = &tree;
    cJSON *const root = tree.root;
    sbj_json_put(t, root, "dimension", cJSON_CreateNumber((double)sbj_model_dimension(model)));
    sbj_json_put(t, root, "full_dimension", cJSON_CreateNumber((double)model->network.width));
    sbj_json_put(t, root, "max_tokens", cJSON_CreateNumber((double)model->max_tokens));
    cJSON *transformer = sbj_json_put(t, root, "transformer", cJSON_CreateObject());
    put_transformer(t, transformer, &model->network.config);
    sbj_json_put(t, transformer, "parameters", cJSON_CreateNumber(parameters(&model->network)));
    put_modules(t, sbj_json_put(t, root, "modules", cJSON_CreateArray()), model->network.modules,
                model->network.module_count);
    put_tokenizer(t, sbj_json_put(t, root, "tokenizer", cJSON_CreateObject()), model);
    sbj_settings_describe(&model->settings, t, root);
    sbj_json_put(t, root, "device", cJSON_CreateString(table->name));
    sbj_json_put(t, root, "engine", cJSON_CreateString(table->engine(model->backend)));
    sbj_json_put(t, root, "instructions", cJSON_CreateString(table->instructions(model->backend)));
    sbj_json_put(t, root, "precision", cJSON_CreateString(sbj_precision_name(model->precision)));
    model->description = finish(t, &model->alloc);
    return model->description == NULL ? sbj_no_memory(error, 0) : SBERTJA_OK;
}

sbertja_status sbj_directory_describe(const sbj_alloc *alloc, const char *directory, char **description,
                                      sbertja_error *error)
{
    sbj_layout layout = {0};
    sbj_config config;
    char *path = NULL;
    *description = NULL;
    sbertja_status status;
    if ((status = sbj_layout_read(alloc, directory, &layout, error)) != SBERTJA_OK ||
        (status = sbj_path_join(alloc, layout.transformer, "config.json", &path, error)) != SBERTJA_OK ||
        (status = sbj_config_read(alloc, path, &config, error)) != SBERTJA_OK ||
        (status = sbj_modules_check(layout.modules, layout.module_count, config.hidden, directory, error)) !=
            SBERTJA_OK)
        goto done;
    const size_t limit = layout.max_tokens == 0 || layout.max_tokens > config.max_positions ? config.max_positions
                                                                                           : layout.max_tokens;
    const size_t width = sbj_modules_width(layout.modules, layout.module_count, config.hidden);
    sbj_json_tree tree = sbj_json_begin(cJSON_CreateObject());
    sbj_json_put(&tree, tree.root, "dimension", cJSON_CreateNumber((double)width));
    sbj_json_put(&tree, tree.root, "max_tokens", cJSON_CreateNumber((double)limit));
    put_transformer(&tree, sbj_json_put(&tree, tree.root, "transformer", cJSON_CreateObject()), &config);
    put_modules(&tree, sbj_json_put(&tree, tree.root, "modules", cJSON_CreateArray()), layout.modules,
                layout.module_count);
    if ((*description = finish(&tree, alloc)) == NULL)
        status = sbj_no_memory(error, 0);
done:
    sbj_free(alloc, path);
    sbj_layout_free(&layout);
    return status;
}
