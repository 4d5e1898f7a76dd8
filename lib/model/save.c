/* Writing a model directory, as a whole or not at all. Layout "2" is that of sentence-transformers 2.x to 5.x, which
 * all since 2.0 open; "0.4.1" is the older one, with the transformer in a folder of its own. */
#include "model/model.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

#include "io/directory.h"
#include "model/modules.h"
#include "util/float16.h"

typedef struct saving {
    const sbj_model *model;
    const sbj_alloc *alloc;
    bool old; /* layout 0.4.1 */
    sbj_dtype dtype;
    sbj_precision packed; /* of the packed file; f32: none */
    const char *settings; /* what the caller changes of them */
    const char *root;     /* the directory that is being built */
    size_t first;         /* the first parameter of the file that is being written */
} saving;

/* root/folder/name; either may be empty. */
static sbertja_status path_in(const saving *s, const char *folder, const char *name, char **path, sbertja_error *error)
{
    char *directory = NULL;
    sbertja_status status = sbj_path_join(s->alloc, s->root, folder, &directory, error);
    *path = NULL;
    if (status == SBERTJA_OK && folder[0] != '\0')
        status = sbj_make_directories(directory, error);
    if (status == SBERTJA_OK)
        status = sbj_path_join(s->alloc, folder[0] != '\0' ? directory : s->root, name, path, error);
    sbj_free(s->alloc, directory);
    return status;
}

/* Adds what is kept of this file, writes the tree and frees it. `ours`: see sbj_json_keep. */
static sbertja_status write_tree(const saving *s, const char *folder, const char *name, sbj_json_tree *tree,
                                 const cJSON *kept, const char *const *ours, sbertja_error *error)
{
    char *path = NULL;
    sbertja_status status = path_in(s, folder, name, &path, error);
    sbj_json_keep(tree, tree->root, kept, ours);
    if (status == SBERTJA_OK)
        status = sbj_json_write(tree, path, error);
    sbj_json_tree_free(tree);
    sbj_free(s->alloc, path);
    return status;
}

static sbertja_status kept_of(const saving *s, size_t file, sbj_json *json, sbertja_error *error)
{
    return sbj_kept_parse(s->alloc, &s->model->kept, file, json, error);
}

static bool reorders(const saving *s)
{
    return sbj_pooling_is_reordered(&s->model->network.modules[0]);
}

/* The place of module `index` in modules.json, where the transformer's is 0 and a Dense module that reorders the pooling's
 * blocks has 2. */
static size_t place_of(const saving *s, size_t index)
{
    return index + 1 + (index > 0 && reorders(s) ? 1 : 0);
}

static void module_folder(const saving *s, size_t index, char folder[32])
{
    snprintf(folder, 32, "%zu_%s", place_of(s, index), sbj_module_name(&s->model->network.modules[index]));
}

/* `kept`: the former entry of the module; may be NULL. */
static cJSON *put_module(sbj_json_tree *t, size_t index, const char *path, const char *kind, const cJSON *kept)
{
    char text[96];
    cJSON *entry = sbj_json_put(t, t->root, NULL, cJSON_CreateObject());
    sbj_json_put(t, entry, "idx", cJSON_CreateNumber((double)index));
    snprintf(text, sizeof text, "%zu", index);
    sbj_json_put(t, entry, "name", cJSON_CreateString(text));
    sbj_json_put(t, entry, "path", cJSON_CreateString(path));
    snprintf(text, sizeof text, "sentence_transformers.models.%s", kind);
    sbj_json_put(t, entry, "type", cJSON_CreateString(text));
    sbj_json_keep(t, entry, kept, NULL);
    return entry;
}

static const cJSON *kept_entry(const sbj_json *list, size_t entry)
{
    return list->root == NULL ? NULL : cJSON_GetArrayItem(list->root, (int)entry);
}

static sbertja_status write_module(const saving *s, size_t index, const char *folder, sbertja_error *error)
{
    char *path = NULL;
    sbj_json kept = {0};
    const sbj_network *n = &s->model->network;
    sbertja_status status = path_in(s, folder, "config.json", &path, error);
    if (status == SBERTJA_OK)
        status = kept_of(s, SBJ_KEPT_MODULE + index, &kept, error);
    if (status == SBERTJA_OK)
        status = sbj_module_write(&n->modules[index], n->config.hidden, kept.root, path, error);
    sbj_json_free(&kept);
    sbj_free(s->alloc, path);
    return status;
}

/* The Dense module that puts the pooling's blocks into their order; its weights are written with the others. */
static sbertja_status write_reordering(const saving *s, sbj_json_tree *list, sbertja_error *error)
{
    const sbj_module *pooling = &s->model->network.modules[0];
    const size_t width = pooling->mode_count * s->model->network.config.hidden;
    const sbj_module dense = {.kind = SBERTJA_DENSE, .in = width, .out = width, .activation = SBJ_IDENTITY};
    cJSON *entry = put_module(list, 2, "2_Dense", "Dense", NULL);
    cJSON *order = sbj_json_put(list, entry, "pooling_order", cJSON_CreateArray());
    for (size_t i = 0; i < pooling->mode_count; i++)
        sbj_json_put(list, order, NULL, cJSON_CreateString(sbj_pooling_name(pooling->modes[i])));
    char *path = NULL;
    sbertja_status status = path_in(s, "2_Dense", "config.json", &path, error);
    if (status == SBERTJA_OK)
        status = sbj_module_write(&dense, width, NULL, path, error);
    sbj_free(s->alloc, path);
    return status;
}

static sbertja_status write_modules(const saving *s, sbertja_error *error)
{
    const sbj_network *n = &s->model->network;
    sbj_json kept;
    sbertja_status status = kept_of(s, SBJ_KEPT_MODULES, &kept, error);
    sbj_json_tree list = sbj_json_begin(cJSON_CreateArray());
    put_module(&list, 0, s->old ? "0_Transformer" : "", "Transformer", kept_entry(&kept, 0));
    for (size_t i = 0; i < n->module_count && status == SBERTJA_OK; i++) {
        const sbj_module *m = &n->modules[i];
        char folder[32];
        module_folder(s, i, folder);
        put_module(&list, place_of(s, i), folder, sbj_module_name(m),
                   m->entry > 0 ? kept_entry(&kept, m->entry) : NULL);
        status = write_module(s, i, folder, error);
        if (status == SBERTJA_OK && i == 0 && reorders(s))
            status = write_reordering(s, &list, error);
    }
    sbj_json_free(&kept);
    if (status == SBERTJA_OK)
        return write_tree(s, "", "modules.json", &list, NULL, NULL, error);
    sbj_json_tree_free(&list);
    return status;
}

/* The longest input, beside the transformer. What version 6 says there besides is what it does without being told, and
 * would keep earlier versions from opening the directory. */
static sbertja_status write_limit(const saving *s, const char *transformer, sbertja_error *error)
{
    static const char *const ours[] = {"transformer_task", "modality_config", "module_output_name", NULL};
    sbj_json kept;
    sbertja_status status = kept_of(s, SBJ_KEPT_LIMIT, &kept, error);
    if (status != SBERTJA_OK)
        return status;
    sbj_json_tree tree = sbj_json_begin(cJSON_CreateObject());
    sbj_json_put(&tree, tree.root, "max_seq_length", cJSON_CreateNumber((double)s->model->max_tokens));
    sbj_json_put(&tree, tree.root, "do_lower_case", cJSON_CreateBool(false));
    status = write_tree(s, transformer, "sentence_bert_config.json", &tree, kept.root, ours, error);
    sbj_json_free(&kept);
    return status;
}

/* config.json at the root, which in layout 0.4.1 names the version. */
static sbertja_status write_version(const saving *s, sbertja_error *error)
{
    sbj_json kept;
    sbertja_status status = kept_of(s, SBJ_KEPT_VERSION, &kept, error);
    if (status != SBERTJA_OK)
        return status;
    sbj_json_tree tree = sbj_json_begin(cJSON_CreateObject());
    sbj_json_put(&tree, tree.root, "__version__", cJSON_CreateString("0.4.1"));
    status = write_tree(s, "", "config.json", &tree, kept.root, NULL, error);
    sbj_json_free(&kept);
    return status;
}

/* Version 0.4.1 passes the settings over; they are there for those who open the directory with a later one. */
static sbertja_status write_settings(const saving *s, sbertja_error *error)
{
    bool special;
    sbj_json_tree tree = sbj_json_begin(cJSON_CreateObject());
    sbertja_status status = sbj_settings_build(s->alloc, &s->model->kept, s->settings, &tree, &special, error);
    if (status == SBERTJA_OK && (special || !s->old))
        return write_tree(s, "", "config_sentence_transformers.json", &tree, NULL, NULL, error);
    sbj_json_tree_free(&tree);
    return status;
}

static sbertja_status write_config(const saving *s, const char *transformer, sbertja_error *error)
{
    char *path = NULL;
    sbj_json kept = {0};
    sbertja_status status = path_in(s, transformer, "config.json", &path, error);
    if (status == SBERTJA_OK)
        status = kept_of(s, SBJ_KEPT_CONFIG, &kept, error);
    if (status == SBERTJA_OK)
        status = sbj_config_write(&s->model->network.config, sbj_tokenizer_pad(s->model->tokenizer), kept.root, path,
                                  error);
    sbj_json_free(&kept);
    sbj_free(s->alloc, path);
    return status;
}

static sbertja_status write_tokenizer(const saving *s, const char *folder, sbertja_error *error)
{
    sbj_json config = {0}, special = {0};
    sbertja_status status = kept_of(s, SBJ_KEPT_TOKENIZER, &config, error);
    if (status == SBERTJA_OK)
        status = kept_of(s, SBJ_KEPT_SPECIAL, &special, error);
    const sbj_tokenizer_kept kept = {config.root, special.root};
    if (status == SBERTJA_OK)
        status = sbj_tokenizer_save(s->model->tokenizer, folder, s->model->max_tokens, s->model->trained, &kept, error);
    sbj_json_free(&config);
    sbj_json_free(&special);
    return status;
}

/* Rounded as the file of 16 bits is, so that the two forms of a Dense module say the same. */
static sbertja_status fetch(void *context, size_t index, float *values, sbertja_error *error)
{
    const saving *s = context;
    const sbj_parameter *p = &s->model->network.parameters[s->first + index];
    const size_t count = p->rows * p->columns;
    sbertja_status status = sbj_model_values(s->model, s->first + index, values, error);
    if (status == SBERTJA_OK && s->dtype == SBJ_DTYPE_BF16)
        sbj_round_to_bf16(values, count, values);
    for (size_t i = 0; status == SBERTJA_OK && s->dtype == SBJ_DTYPE_F16 && i < count; i++)
        values[i] = sbj_float_from_f16(sbj_f16_from_float(values[i]));
    return status;
}

/* The matrix of the reordering: block i of its result is the block that the flags' order has for the pooling's mode i. */
static sbertja_status fetch_reordering(void *context, size_t index, float *values, sbertja_error *error)
{
    const saving *s = context;
    const sbj_module *pooling = &s->model->network.modules[0];
    const size_t hidden = s->model->network.config.hidden, width = pooling->mode_count * hidden;
    (void)index;
    (void)error;
    memset(values, 0, width * width * sizeof *values);
    for (size_t i = 0; i < pooling->mode_count; i++)
        for (size_t h = 0; h < hidden; h++)
            values[(i * hidden + h) * width + sbj_pooling_place(pooling, i) * hidden + h] = 1;
    return SBERTJA_OK;
}

static sbertja_status write_form(saving *s, const char *folder, bool pickle, const sbj_entry *entries, size_t count,
                                 sbj_fetch values, sbertja_error *error)
{
    char *path = NULL;
    sbertja_status status = path_in(s, folder, pickle ? "pytorch_model.bin" : "model.safetensors", &path, error);
    if (status == SBERTJA_OK)
        status = pickle ? sbj_checkpoint_write(s->alloc, path, entries, count, values, s, error)
                        : sbj_safetensors_write(s->alloc, path, s->dtype, entries, count, NULL, values, s, error);
    sbj_free(s->alloc, path);
    return status;
}

/* In both forms, or in layout 0.4.1 in the one that is read there. */
static sbertja_status write_forms(saving *s, const char *folder, const sbj_entry *entries, size_t count,
                                  sbj_fetch values, sbertja_error *error)
{
    sbertja_status status = SBERTJA_OK;
    if (!s->old)
        status = write_form(s, folder, false, entries, count, values, error);
    return status == SBERTJA_OK ? write_form(s, folder, true, entries, count, values, error) : status;
}

static sbertja_status write_reordering_weights(saving *s, sbertja_error *error)
{
    const size_t width = s->model->network.modules[0].mode_count * s->model->network.config.hidden;
    sbj_entry entry = {.name = "linear.weight", .dimensions = 2};
    entry.shape[0] = entry.shape[1] = width;
    return write_forms(s, "2_Dense", &entry, 1, fetch_reordering, error);
}

/* The parameters first to first+count-1 of the table into one file; those of a Dense module into two, since
 * sentence-transformers 2 opens only pytorch_model.bin there, and later versions prefer the other. */
static sbertja_status write_weights(saving *s, const char *folder, size_t first, size_t count, sbertja_error *error)
{
    const sbj_parameter *table = s->model->network.parameters + first;
    sbj_entry *entries = sbj_new(s->alloc, count, sizeof *entries);
    sbertja_status status = entries == NULL ? sbj_no_memory(error, count * sizeof *entries) : SBERTJA_OK;
    for (size_t i = 0; i < count && status == SBERTJA_OK; i++) {
        const char *linear = strstr(table[i].name, "linear."); /* a Dense module's file has no folder in its names */
        entries[i].name = table[i].module >= 0 && linear != NULL ? linear : table[i].name;
        entries[i].dimensions = table[i].vector ? 1 : 2;
        entries[i].shape[0] = table[i].vector ? table[i].columns : table[i].rows;
        entries[i].shape[1] = table[i].columns;
    }
    s->first = first;
    if (status == SBERTJA_OK)
        status = table[0].module >= 0 ? write_forms(s, folder, entries, count, fetch, error)
                                      : write_form(s, folder, s->old, entries, count, fetch, error);
    sbj_free(s->alloc, entries);
    return status;
}

static sbertja_status write_all_weights(saving *s, const char *transformer, sbertja_error *error)
{
    const sbj_network *n = &s->model->network;
    size_t count = 0;
    while (count < n->parameter_count && n->parameters[count].module < 0)
        count++;
    sbertja_status status = write_weights(s, transformer, 0, count, error);
    if (status == SBERTJA_OK && reorders(s))
        status = write_reordering_weights(s, error);
    for (size_t i = 0; i < n->module_count && status == SBERTJA_OK; i++)
        if (n->modules[i].kind == SBERTJA_DENSE) {
            char folder[32];
            module_folder(s, i, folder);
            status = write_weights(s, folder, n->dense_at[i], n->modules[i].bias ? 2 : 1, error);
        }
    return status;
}

static sbertja_status write_model(saving *s, sbertja_error *error)
{
    const char *transformer = s->old ? "0_Transformer" : "";
    char *folder = NULL;
    sbertja_status status;
    if ((status = write_modules(s, error)) != SBERTJA_OK || (status = write_settings(s, error)) != SBERTJA_OK ||
        (s->old && (status = write_version(s, error)) != SBERTJA_OK) ||
        (status = write_limit(s, transformer, error)) != SBERTJA_OK ||
        (status = write_config(s, transformer, error)) != SBERTJA_OK ||
        (status = sbj_path_join(s->alloc, s->root, transformer, &folder, error)) != SBERTJA_OK ||
        (status = write_tokenizer(s, folder, error)) != SBERTJA_OK ||
        (status = write_all_weights(s, transformer, error)) != SBERTJA_OK)
        goto done;
    if (s->packed != SBJ_PRECISION_F32)
        status = sbj_packed_write(s->model, folder, s->packed, error);
done:
    sbj_free(s->alloc, folder);
    return status;
}

static sbertja_status read_options(const sbertja_save_options *options, saving *s, sbertja_error *error)
{
    const char *layout = options != NULL && options->layout != NULL ? options->layout : "2";
    const char *dtype = options != NULL && options->dtype != NULL ? options->dtype : "f32";
    s->old = strcmp(layout, "0.4.1") == 0;
    s->settings = options != NULL ? options->settings : NULL;
    if (!s->old && strcmp(layout, "2") != 0)
        return sbj_fail(error, SBERTJA_E_ARGUMENT, "layout: \"%s\", expected 2 or 0.4.1", layout);
    if (strcmp(dtype, "f32") == 0)
        s->dtype = SBJ_DTYPE_F32;
    else if (strcmp(dtype, "f16") == 0)
        s->dtype = SBJ_DTYPE_F16;
    else if (strcmp(dtype, "bf16") == 0)
        s->dtype = SBJ_DTYPE_BF16;
    else
        return sbj_fail(error, SBERTJA_E_ARGUMENT, "dtype: \"%s\", expected f32, f16 or bf16", dtype);
    if (options != NULL && options->packed != NULL &&
        (!sbj_precision_parse(options->packed, &s->packed) || s->packed == SBJ_PRECISION_F32))
        return sbj_fail(error, SBERTJA_E_ARGUMENT, "packed: \"%s\", expected bf16 or int8", options->packed);
    if (s->old && s->dtype != SBJ_DTYPE_F32)
        return sbj_fail(error, SBERTJA_E_ARGUMENT, "dtype: the 0.4.1 layout is stored as f32 only");
    return SBERTJA_OK;
}

/* The classes of sentence-transformers that have folders of their own. */
static bool is_module_type(const char *name)
{
    static const char *const types[] = {"Transformer", "Pooling",        "Dense",       "Normalize", "LayerNorm",
                                        "Dropout",     "CNN",            "LSTM",        "BoW",       "WordEmbeddings",
                                        "WordWeights", "WeightedLayerPooling", "Router", "Asym",     "BERT",
                                        "RoBERTa",     "SpladePooling",  "MLMTransformer", "StaticEmbedding"};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (strcmp(name, types[i]) == 0)
            return true;
    return false;
}

/* A save replaces what makes a model of this or another program, so that nothing of an old one is taken for the new
 * one's; all else stays. */
static bool is_part(const char *name)
{
    static const char *const files[] = {"modules.json",
                                        "config.json",
                                        "config_sentence_transformers.json",
                                        "sentence_bert_config.json",
                                        "model.safetensors",
                                        "pytorch_model.bin",
                                        "vocab.txt",
                                        "tokenizer_config.json",
                                        "tokenizer.json",
                                        "special_tokens_map.json",
                                        "added_tokens.json"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        if (strcmp(name, files[i]) == 0)
            return true;
    const size_t digits = strspn(name, "0123456789"), length = strlen(name);
    if (digits > 0 && name[digits] == '_') /* 1_Pooling; not a user's 2_notes */
        return is_module_type(name + digits + 1);
    return strncmp(name, "packed-", 7) == 0 && length > 4 && strcmp(name + length - 4, ".bin") == 0;
}

static const sbj_directory_kind models = {sbj_find_model, is_part, "config.json"};

sbertja_status sbj_model_check_target(const sbj_model *model, const char *directory, sbertja_error *error)
{
    sbj_directory building = {0};
    sbertja_status status = sbj_directory_begin(&model->alloc, directory, &models, &building, error);
    sbj_directory_abort(&building);
    return status;
}

sbertja_status sbj_model_save(const sbj_model *model, const char *directory, const sbertja_save_options *options,
                              sbertja_error *error)
{
    saving s = {.model = model, .alloc = &model->alloc};
    sbj_directory building = {0};
    sbertja_status status = read_options(options, &s, error);
    if (status == SBERTJA_OK &&
        (status = sbj_directory_begin(&model->alloc, directory, &models, &building, error)) == SBERTJA_OK) {
        s.root = building.path;
        if ((status = write_model(&s, error)) == SBERTJA_OK)
            status = sbj_directory_commit(&building, error);
    }
    sbj_directory_abort(&building);
    return status;
}
