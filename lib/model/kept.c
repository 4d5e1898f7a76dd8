/* Reading the small files of a directory for what is to be kept of them. */
#include "model/kept.h"

#include <cjson/cJSON.h>
#include <string.h>

static const char SETTINGS_FILE[] = "config_sentence_transformers.json";

/* The text of a file that need not be there; one that is must be JSON. */
static sbertja_status read_one(const sbj_alloc *alloc, const char *folder, const char *name, char **text,
                               sbertja_error *error)
{
    char *path = NULL;
    bool found = false;
    sbj_content content = {0};
    sbj_json json = {0};
    sbertja_status status = sbj_path_join(alloc, folder, name, &path, error);
    if (status == SBERTJA_OK)
        status = sbj_find_file(path, &found, error);
    if (status == SBERTJA_OK && found)
        status = sbj_content_read(alloc, path, &content, error);
    if (status == SBERTJA_OK && found)
        status = sbj_json_parse(alloc, path, (const char *)content.data, content.size, &json, error);
    if (status == SBERTJA_OK && found &&
        (*text = sbj_copy_text(alloc, (const char *)content.data, content.size)) == NULL)
        status = sbj_no_memory(error, content.size + 1);
    sbj_json_free(&json);
    sbj_content_free(&content);
    sbj_free(alloc, path);
    return status;
}

static sbertja_status read_modules(const sbj_alloc *alloc, const sbj_layout *layout, sbj_kept *kept,
                                   sbertja_error *error)
{
    sbertja_status status = SBERTJA_OK;
    for (size_t i = 0; i < layout->module_count && status == SBERTJA_OK; i++) {
        char *folder = NULL;
        if (layout->modules[i].entry == 0)
            continue;
        status = sbj_path_join(alloc, layout->directory, layout->modules[i].folder, &folder, error);
        if (status == SBERTJA_OK)
            status = read_one(alloc, folder, "config.json", &kept->texts[SBJ_KEPT_MODULE + i], error);
        sbj_free(alloc, folder);
    }
    return status;
}

sbertja_status sbj_kept_read(const sbj_alloc *alloc, const sbj_layout *layout, bool own_modules, sbj_kept *kept,
                             sbertja_error *error)
{
    const struct {
        sbj_kept_file file;
        const char *folder, *name;
        bool wanted;
    } files[] = {
        {SBJ_KEPT_MODULES, layout->directory, "modules.json", true},
        {SBJ_KEPT_SETTINGS, layout->directory, SETTINGS_FILE, own_modules && layout->lists_modules},
        {SBJ_KEPT_VERSION, layout->directory, "config.json", layout->apart},
        {SBJ_KEPT_CONFIG, layout->transformer, "config.json", true},
        {SBJ_KEPT_LIMIT, layout->transformer, "sentence_bert_config.json", true},
        {SBJ_KEPT_TOKENIZER, layout->transformer, "tokenizer_config.json", true},
        {SBJ_KEPT_SPECIAL, layout->transformer, "special_tokens_map.json", true},
    };
    sbertja_status status = SBERTJA_OK;
    memset(kept, 0, sizeof *kept);
    for (size_t i = 0; i < sizeof files / sizeof *files && status == SBERTJA_OK; i++)
        if (files[i].wanted)
            status = read_one(alloc, files[i].folder, files[i].name, &kept->texts[files[i].file], error);
    if (status == SBERTJA_OK && own_modules)
        status = read_modules(alloc, layout, kept, error);
    if (status != SBERTJA_OK)
        sbj_kept_free(alloc, kept);
    return status;
}

sbertja_status sbj_kept_copy(const sbj_alloc *alloc, const sbj_kept *kept, sbj_kept *copy, sbertja_error *error)
{
    memset(copy, 0, sizeof *copy);
    for (size_t i = 0; i < SBJ_KEPT_FILES; i++) {
        const char *text = kept->texts[i];
        if (text != NULL && (copy->texts[i] = sbj_copy_text(alloc, text, strlen(text))) == NULL) {
            sbj_kept_free(alloc, copy);
            return sbj_no_memory(error, strlen(text) + 1);
        }
    }
    return SBERTJA_OK;
}

void sbj_kept_free(const sbj_alloc *alloc, sbj_kept *kept)
{
    for (size_t i = 0; i < SBJ_KEPT_FILES; i++) {
        sbj_free(alloc, kept->texts[i]);
        kept->texts[i] = NULL;
    }
}

sbertja_status sbj_kept_parse(const sbj_alloc *alloc, const sbj_kept *kept, size_t file, sbj_json *json,
                              sbertja_error *error)
{
    const char *text = kept->texts[file];
    memset(json, 0, sizeof *json);
    return text == NULL ? SBERTJA_OK
                        : sbj_json_parse(alloc, file == SBJ_KEPT_SETTINGS ? SETTINGS_FILE : "a file that is kept", text,
                                         strlen(text), json, error);
}
