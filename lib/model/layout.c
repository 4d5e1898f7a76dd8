/* Reading modules.json and the small files beside it. */
#include "model/layout.h"

#include <cjson/cJSON.h>
#include <string.h>

#include "io/directory.h"
#include "io/number.h"
#include "model/modules.h"

/* What the file says under this key; 0 when it says nothing. 1e30 is transformers' way to say "no limit". */
static sbertja_status read_limit(const sbj_alloc *alloc, const char *folder, const char *file, const char *key,
                                 size_t *limit, sbertja_error *error)
{
    char *path = NULL;
    sbj_json json = {0};
    double value = 0;
    bool found = false;
    *limit = 0;
    sbertja_status status = sbj_path_join(alloc, folder, file, &path, error);
    if (status == SBERTJA_OK)
        status = sbj_find_file(path, &found, error);
    if (status != SBERTJA_OK || !found)
        goto done;
    if ((status = sbj_json_read(alloc, path, &json, error)) != SBERTJA_OK ||
        (status = sbj_json_number(&json, json.root, key, 0, &value, error)) != SBERTJA_OK)
        goto done;
    if (value < 0 || (value < 1e9 && value != (double)(long)value)) {
        char text[SBJ_NUMBER_ROOM];
        sbj_number_print(value, text);
        status = sbj_fail(error, SBERTJA_E_FORMAT, "%s: %s: %s, expected a positive integer", path, key, text);
    } else if (value >= 1 && value < 1e9)
        *limit = (size_t)value;
done:
    sbj_json_free(&json);
    sbj_free(alloc, path);
    return status;
}

/* sentence-transformers' own lower-casing, before the tokenizer sees the text, is not the tokenizer's do_lower_case. */
static sbertja_status refuse_lower_casing(const sbj_alloc *alloc, const char *folder, sbertja_error *error)
{
    char *path = NULL;
    sbj_json json = {0};
    bool lower = false, found = false;
    sbertja_status status = sbj_path_join(alloc, folder, "sentence_bert_config.json", &path, error);
    if (status == SBERTJA_OK)
        status = sbj_find_file(path, &found, error);
    if (status == SBERTJA_OK && found) {
        status = sbj_json_read(alloc, path, &json, error);
        if (status == SBERTJA_OK)
            status = sbj_json_bool(&json, json.root, "do_lower_case", false, &lower, error);
        if (status == SBERTJA_OK && lower)
            status = sbj_fail(error, SBERTJA_E_UNSUPPORTED,
                              "%s: do_lower_case: true is not supported (the tokenizer's own is)", path);
    }
    sbj_json_free(&json);
    sbj_free(alloc, path);
    return status;
}

static sbertja_status find_limit(sbj_layout *layout, sbertja_error *error)
{
    sbertja_status status = refuse_lower_casing(layout->alloc, layout->transformer, error);
    if (status == SBERTJA_OK)
        status = read_limit(layout->alloc, layout->transformer, "sentence_bert_config.json", "max_seq_length",
                            &layout->max_tokens, error);
    if (status == SBERTJA_OK && layout->max_tokens == 0)
        status = read_limit(layout->alloc, layout->transformer, "tokenizer_config.json", "model_max_length",
                            &layout->max_tokens, error);
    return status;
}

/* "sentence_transformers.models.Pooling" -> "Pooling" */
static const char *last_part(const char *type)
{
    const char *dot = strrchr(type, '.');
    return dot == NULL ? type : dot + 1;
}

/* A module's folder stays inside the directory. */
static bool folder_is_safe(const char *folder)
{
    return folder[0] != '/' && strstr(folder, "..") == NULL && strlen(folder) < sizeof((sbj_module *)0)->folder;
}

static sbertja_status read_entry(sbj_layout *layout, const sbj_json *json, const cJSON *entry, int index,
                                 sbertja_error *error)
{
    const char *type, *folder;
    sbertja_status status;
    if ((status = sbj_json_text(json, entry, "type", "", &type, error)) != SBERTJA_OK ||
        (status = sbj_json_text(json, entry, "path", "", &folder, error)) != SBERTJA_OK)
        return status;
    if (!folder_is_safe(folder))
        return sbj_fail(error, SBERTJA_E_FORMAT, "%s: module %d: path \"%s\" is not a folder of the model", json->name,
                        index, folder);
    const char *name = last_part(type);
    if (index == 0) {
        if (strcmp(name, "Transformer") != 0)
            return sbj_fail(error, SBERTJA_E_UNSUPPORTED, "%s: the first module is \"%s\", expected a Transformer",
                            json->name, type);
        layout->apart = folder[0] != '\0';
        return sbj_path_join(layout->alloc, layout->directory, folder, &layout->transformer, error);
    }
    const cJSON *order = cJSON_GetObjectItemCaseSensitive(entry, "pooling_order");
    if (order != NULL && index == 2 && layout->modules[0].kind == SBERTJA_POOLING)
        return sbj_pooling_reorder(&layout->modules[0], json, order, error);
    if (layout->module_count == SBJ_MOST_MODULES)
        return sbj_fail(error, SBERTJA_E_UNSUPPORTED, "%s: more than %d modules", json->name, SBJ_MOST_MODULES);
    sbj_module *module = &layout->modules[layout->module_count];
    memset(module, 0, sizeof *module);
    memcpy(module->folder, folder, strlen(folder) + 1);
    module->entry = (size_t)index;
    if (strcmp(name, "Pooling") == 0)
        module->kind = SBERTJA_POOLING;
    else if (strcmp(name, "Dense") == 0)
        module->kind = SBERTJA_DENSE;
    else if (strcmp(name, "Normalize") == 0)
        module->kind = SBERTJA_NORMALIZE;
    else
        return sbj_fail(error, SBERTJA_E_UNSUPPORTED,
                        "%s: module %d: \"%s\" is not supported, only Transformer, Pooling, Dense, Normalize",
                        json->name, index, type);
    layout->module_count++;
    return sbj_module_read(layout->alloc, layout->directory, module, error);
}

static sbertja_status read_modules(sbj_layout *layout, const char *path, sbertja_error *error)
{
    sbj_json json = {0};
    int index = 0;
    sbertja_status status = sbj_json_read(layout->alloc, path, &json, error);
    if (status == SBERTJA_OK && (!cJSON_IsArray(json.root) || cJSON_GetArraySize(json.root) == 0))
        status = sbj_fail(error, SBERTJA_E_FORMAT, "%s: expected a list of modules", path);
    if (status == SBERTJA_OK)
        for (const cJSON *entry = json.root->child; entry != NULL && status == SBERTJA_OK; entry = entry->next)
            status = read_entry(layout, &json, entry, index++, error);
    sbj_json_free(&json);
    return status;
}

static void mean_pooling(sbj_layout *layout)
{
    memset(&layout->modules[0], 0, sizeof layout->modules[0]);
    layout->modules[0].kind = SBERTJA_POOLING;
    layout->modules[0].mode_count = 1;
    layout->modules[0].modes[0] = SBJ_POOL_MEAN;
    layout->module_count = 1;
}

sbertja_status sbj_layout_read(const sbj_alloc *alloc, const char *directory, sbj_layout *layout, sbertja_error *error)
{
    char *path = NULL, current[PATH_MAX];
    bool found = false;
    memset(layout, 0, sizeof *layout);
    layout->alloc = alloc;
    directory = sbj_directory_current(directory, current);
    sbertja_status status = sbj_check_directory(directory, error);
    if (status != SBERTJA_OK)
        return status;
    if ((layout->directory = sbj_copy_text(alloc, directory, strlen(directory))) == NULL) {
        status = sbj_no_memory(error, strlen(directory) + 1);
        goto done;
    }
    if ((status = sbj_path_join(alloc, directory, "modules.json", &path, error)) != SBERTJA_OK ||
        (status = sbj_find_file(path, &found, error)) != SBERTJA_OK)
        goto done;
    layout->lists_modules = found;
    if (found) {
        status = read_modules(layout, path, error);
    } else {
        mean_pooling(layout);
        if ((layout->transformer = sbj_copy_text(alloc, directory, strlen(directory))) == NULL)
            status = sbj_no_memory(error, strlen(directory) + 1);
    }
    if (status == SBERTJA_OK)
        status = find_limit(layout, error);
done:
    sbj_free(alloc, path);
    if (status != SBERTJA_OK)
        sbj_layout_free(layout);
    return status;
}

void sbj_layout_free(sbj_layout *layout)
{
    if (layout->alloc == NULL)
        return;
    sbj_free(layout->alloc, layout->directory);
    sbj_free(layout->alloc, layout->transformer);
    layout->directory = layout->transformer = NULL;
}

/* Whether modules.json begins with a transformer: other programs have files of that name. */
static sbertja_status has_modules(const char *directory, bool *found, sbertja_error *error)
{
    sbj_json json = {0};
    char *path = NULL;
    const char *type = "";
    sbertja_error reason;
    sbertja_status status = sbj_path_join(&sbj_malloc, directory, "modules.json", &path, &reason);
    if (status == SBERTJA_OK && sbj_is_file(path) &&
        (status = sbj_json_read(&sbj_malloc, path, &json, &reason)) == SBERTJA_OK && cJSON_IsArray(json.root) &&
        cJSON_IsObject(json.root->child))
        sbj_json_text(&json, json.root->child, "type", "", &type, NULL);
    *found = strcmp(last_part(type), "Transformer") == 0;
    sbj_json_free(&json);
    sbj_free(&sbj_malloc, path);
    if (status != SBERTJA_E_MEMORY)
        return SBERTJA_OK; /* whatever is wrong with the file, it is not a model's */
    if (error != NULL)
        *error = reason;
    return status;
}

sbertja_status sbj_find_model(const char *path, bool *found, sbertja_error *error)
{
    char current[PATH_MAX];
    *found = false;
    path = sbj_directory_current(path, current);
    if (!sbj_is_directory(path))
        return SBERTJA_OK;
    const sbertja_status status = has_modules(path, found, error);
    if (status == SBERTJA_OK && !*found)
        *found = sbj_has_file(path, "config.json") &&
                 (sbj_has_file(path, "model.safetensors") || sbj_has_file(path, "pytorch_model.bin"));
    return status;
}

bool sbj_is_model_directory(const char *path)
{
    bool found;
    return sbj_find_model(path, &found, NULL) == SBERTJA_OK && found;
}
