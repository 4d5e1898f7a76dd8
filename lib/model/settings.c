/* Reading and writing config_sentence_transformers.json. */
#include "model/settings.h"

#include <cjson/cJSON.h>
#include <limits.h>
#include <string.h>

static const char PROMPTS[] = "prompts", DEFAULT_PROMPT[] = "default_prompt_name", SIMILARITY[] = "similarity_fn_name",
                  TRUNCATE[] = "truncate_dim", VERSION[] = "__version__";

static const cJSON *member(const sbj_json *json, const char *key)
{
    const cJSON *item = json->root == NULL ? NULL : cJSON_GetObjectItemCaseSensitive(json->root, key);
    return cJSON_IsNull(item) ? NULL : item;
}

static sbertja_status check_prompts(const sbj_json *json, sbertja_error *error)
{
    const cJSON *prompts = member(json, PROMPTS), *prompt;
    if (prompts == NULL)
        return SBERTJA_OK;
    if (!cJSON_IsObject(prompts))
        return sbj_fail(error, SBERTJA_E_FORMAT, "%s: prompts: expected an object of names and texts", json->name);
    cJSON_ArrayForEach(prompt, prompts)
        if (!cJSON_IsString(prompt) && !cJSON_IsNull(prompt))
            return sbj_fail(error, SBERTJA_E_FORMAT, "%s: prompts: %.100s: expected a string", json->name,
                            prompt->string);
    return SBERTJA_OK;
}

sbertja_status sbj_settings_check(const sbj_json *json, size_t *truncate, sbertja_error *error)
{
    const char *text;
    long dimensions;
    sbertja_status status;
    *truncate = 0;
    if (json->root == NULL)
        return SBERTJA_OK;
    if ((status = sbj_json_text(json, json->root, DEFAULT_PROMPT, "", &text, error)) != SBERTJA_OK ||
        (status = sbj_json_text(json, json->root, SIMILARITY, "", &text, error)) != SBERTJA_OK ||
        (status = check_prompts(json, error)) != SBERTJA_OK ||
        (status = sbj_json_int(json, json->root, TRUNCATE, LONG_MAX, &dimensions, error)) != SBERTJA_OK)
        return status;
    if (dimensions < 1)
        return sbj_fail(error, SBERTJA_E_FORMAT, "%s: truncate_dim: %ld, expected at least 1", json->name, dimensions);
    *truncate = member(json, TRUNCATE) != NULL ? (size_t)dimensions : 0;
    return SBERTJA_OK;
}

static const char *text_of(const cJSON *item)
{
    return cJSON_IsString(item) ? item->valuestring : "";
}

const char *sbj_settings_prompt(const sbj_json *json, const char *name)
{
    const cJSON *by_default = member(json, DEFAULT_PROMPT);
    if (name == NULL && by_default == NULL)
        return NULL;
    name = name != NULL ? name : by_default->valuestring;
    const cJSON *prompts = member(json, PROMPTS);
    const cJSON *prompt = prompts == NULL ? NULL : cJSON_GetObjectItemCaseSensitive(prompts, name);
    if (prompt != NULL)
        return text_of(prompt);
    /* sentence-transformers, from 5.0 on, gives every model these two. */
    return strcmp(name, "query") == 0 || strcmp(name, "document") == 0 ? "" : NULL;
}

static cJSON *copy_or_null(const cJSON *item)
{
    return item != NULL ? cJSON_Duplicate(item, 1) : cJSON_CreateNull();
}

void sbj_settings_describe(const sbj_json *json, sbj_json_tree *tree, cJSON *object)
{
    const cJSON *prompts = member(json, PROMPTS), *prompt;
    cJSON *list = sbj_json_put(tree, object, PROMPTS, cJSON_CreateObject());
    cJSON_ArrayForEach(prompt, prompts)
        sbj_json_put(tree, list, prompt->string, cJSON_CreateString(text_of(prompt)));
    sbj_json_put(tree, object, DEFAULT_PROMPT, copy_or_null(member(json, DEFAULT_PROMPT)));
    sbj_json_put(tree, object, SIMILARITY, copy_or_null(member(json, SIMILARITY)));
    sbj_json_put(tree, object, TRUNCATE, copy_or_null(member(json, TRUNCATE)));
}

/* ---- Writing ---- */

/* The caller's changes, which are a wrong argument where they are wrong. */
static sbertja_status parse_changes(const sbj_alloc *alloc, const char *changes, sbj_json *json, sbertja_error *error)
{
    size_t truncate;
    sbertja_status status = sbj_json_parse(alloc, "settings", changes, strlen(changes), json, error);
    if (status == SBERTJA_OK && !cJSON_IsObject(json->root))
        status = sbj_fail(error, SBERTJA_E_FORMAT, "settings: expected a JSON object");
    if (status == SBERTJA_OK)
        status = sbj_settings_check(json, &truncate, error);
    if (status == SBERTJA_E_FORMAT) {
        status = SBERTJA_E_ARGUMENT;
        if (error != NULL)
            error->status = status;
    }
    return status;
}

/* Whether a member says something, which an empty prompt, a null and "cosine" do not. */
static bool says_something(const cJSON *item)
{
    const cJSON *prompt;
    if (strcmp(item->string, VERSION) == 0 || cJSON_IsNull(item))
        return false;
    if (strcmp(item->string, SIMILARITY) == 0)
        return strcmp(text_of(item), "cosine") != 0;
    if (strcmp(item->string, PROMPTS) != 0)
        return true;
    cJSON_ArrayForEach(prompt, item)
        if (text_of(prompt)[0] != '\0')
            return true;
    return false;
}

static void put_version(sbj_json_tree *t)
{
    cJSON *version = sbj_json_put(t, t->root, VERSION, cJSON_CreateObject());
    sbj_json_put(t, version, "sentence_transformers", cJSON_CreateString("2.2.2"));
    sbj_json_put(t, version, "libsbertja", cJSON_CreateString(SBERTJA_VERSION));
}

sbertja_status sbj_settings_build(const sbj_alloc *alloc, const sbj_kept *kept, const char *changes,
                                  sbj_json_tree *tree, bool *special, sbertja_error *error)
{
    static const char *const no_truncation[] = {TRUNCATE, NULL};
    sbj_json old = {0}, given = {0};
    const cJSON *item;
    *special = false;
    sbertja_status status = sbj_kept_parse(alloc, kept, SBJ_KEPT_SETTINGS, &old, error);
    if (status == SBERTJA_OK && changes != NULL)
        status = parse_changes(alloc, changes, &given, error);
    if (status == SBERTJA_OK) {
        const bool drop = given.root != NULL && cJSON_IsNull(cJSON_GetObjectItemCaseSensitive(given.root, TRUNCATE));
        put_version(tree);
        sbj_json_keep(tree, tree->root, given.root, drop ? no_truncation : NULL);
        sbj_json_keep(tree, tree->root, old.root, drop ? no_truncation : NULL);
        cJSON_ArrayForEach(item, tree->root)
            *special = *special || says_something(item);
        if (cJSON_GetObjectItemCaseSensitive(tree->root, PROMPTS) == NULL)
            sbj_json_put(tree, tree->root, PROMPTS, cJSON_CreateObject());
        if (cJSON_GetObjectItemCaseSensitive(tree->root, DEFAULT_PROMPT) == NULL)
            sbj_json_put(tree, tree->root, DEFAULT_PROMPT, cJSON_CreateNull());
        if (cJSON_GetObjectItemCaseSensitive(tree->root, SIMILARITY) == NULL)
            sbj_json_put(tree, tree->root, SIMILARITY, cJSON_CreateString("cosine"));
    }
    sbj_json_free(&old);
    sbj_json_free(&given);
    return status;
}
