/* What tokenizer_config.json says of MeCab: the key mecab_kwargs, and which dictionary is meant where it names none.
 *
 * BertJapaneseTokenizer's default is ipadic until transformers 4.45 and unidic_lite since 4.46, and the file does not
 * say which version wrote it. So the dictionary is told by the other keys of the file, and the log says so. */
#include <cjson/cJSON.h>

#include "text/tokenizer_private.h"

static const char EXPECTED[] = "ipadic, unidic_lite or unidic";

/* A key that older versions never write: `backend` and the next two are transformers 5, extra_special_tokens is late 4.
 * clean_up_tokenization_spaces is false by default since 4.45. NULL: the file has none of them. */
static const char *find_mark(const sbj_json *json)
{
    static const char *const keys[] = {"backend", "is_local", "local_files_only", "extra_special_tokens"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (cJSON_GetObjectItemCaseSensitive(json->root, keys[i]) != NULL)
            return keys[i];
    if (cJSON_IsFalse(cJSON_GetObjectItemCaseSensitive(json->root, "clean_up_tokenization_spaces")))
        return "clean_up_tokenization_spaces false";
    return NULL;
}

/* The most likely dictionary; the caller's choice comes later and needs no explanation. */
static void guess(const sbj_json *json, const sbj_tokenizer_options *options, sbj_tokenizer_config *config)
{
    const char *mark = find_mark(json), *kind = mark != NULL ? "unidic_lite" : "ipadic";
    config->guessed = true;
    memcpy(config->dictionary, kind, strlen(kind) + 1);
    if (options->dictionary != NULL)
        return;
    if (mark != NULL)
        sbj_say(&options->log, SBERTJA_LOG_WARNING,
                "%s: names no MeCab dictionary (mecab_dic): unidic_lite is used, the default since transformers 4.46, "
                "since the file has the key %s, as newer versions write it; the option dictionary (%s, or a folder) "
                "decides otherwise", json->name, mark, EXPECTED);
    else
        sbj_say(&options->log, SBERTJA_LOG_WARNING,
                "%s: names no MeCab dictionary (mecab_dic): ipadic is used, the default before transformers 4.46, since "
                "the file has no key that only newer versions write; the option dictionary (%s, or a folder) decides "
                "otherwise", json->name, EXPECTED);
}

/* Whether a mecab_option names a dictionary and a mecabrc and nothing else: "-d DIR -r FILE", glued or not. */
static bool only_names_dictionary(const char *option)
{
    while (*(option += strspn(option, " ")) != '\0') {
        if (option[0] != '-' || (option[1] != 'd' && option[1] != 'r'))
            return false;
        option += 2;
        option += strspn(option, " ");
        const char *quote = *option == '"' || *option == '\'' ? option++ : NULL;
        const size_t length = quote != NULL ? strcspn(option, (char[]){*quote, '\0'}) : strcspn(option, " ");
        if (length == 0)
            return false;
        option += length;
        if (quote != NULL && *option++ != *quote)
            return false;
    }
    return true;
}

/* Options of MeCab can name any file and change any word, so none is taken from a model. A dictionary that the caller
 * names replaces that of the file. */
static sbertja_status check_option(const sbj_json *json, const struct cJSON *kwargs,
                                   const sbj_tokenizer_options *options, sbertja_error *error)
{
    const char *option;
    sbertja_status status = sbj_json_text(json, kwargs, "mecab_option", "", &option, error);
    if (status != SBERTJA_OK || option[0] == '\0' || (options->dictionary != NULL && only_names_dictionary(option)))
        return status;
    return sbj_fail(error, SBERTJA_E_UNSUPPORTED,
                    "%s: mecab_option: expected none, found %s (a dictionary's folder is not taken from a file: pass it as "
                    "the option dictionary)",
                    json->name, option);
}

/* Any other kind than the known ones is the caller's to replace; a path in the file is never opened. */
static sbertja_status check_kind(const sbj_json *json, const char *kind, const sbj_tokenizer_options *options,
                                 sbj_tokenizer_config *config, sbertja_error *error)
{
    config->guessed = !sbj_dictionary_is_kind(kind);
    if (!config->guessed)
        memcpy(config->dictionary, kind, strlen(kind) + 1);
    else if (options->dictionary == NULL)
        return sbj_fail(error, SBERTJA_E_UNSUPPORTED,
                        "%s: mecab_dic: expected %s, found %s (the option dictionary can name one of these, or a folder)",
                        json->name, EXPECTED, kind);
    return SBERTJA_OK;
}

sbertja_status sbj_mecab_kwargs_read(const sbj_json *json, const sbj_tokenizer_options *options,
                                     sbj_tokenizer_config *config, sbertja_error *error)
{
    static const char *const known[] = {"mecab_dic", "mecab_option", "normalize_text"};
    const struct cJSON *kwargs = cJSON_GetObjectItemCaseSensitive(json->root, "mecab_kwargs"), *item;
    const char *kind;
    sbertja_status status;
    if (kwargs == NULL || cJSON_IsNull(kwargs)) {
        guess(json, options, config);
        return SBERTJA_OK;
    }
    if ((status = sbj_json_bool(json, kwargs, "normalize_text", true, &config->normalize, error)) != SBERTJA_OK ||
        (status = sbj_json_text(json, kwargs, "mecab_dic", NULL, &kind, error)) != SBERTJA_OK)
        return status;
    cJSON_ArrayForEach(item, kwargs)
    {
        size_t i = 0;
        while (i < sizeof known / sizeof *known && strcmp(known[i], item->string) != 0)
            i++;
        if (i == sizeof known / sizeof *known)
            return sbj_fail(error, SBERTJA_E_UNSUPPORTED,
                            "%s: mecab_kwargs: expected the keys mecab_dic, mecab_option and normalize_text, found %s",
                            json->name, item->string);
    }
    if ((status = check_option(json, kwargs, options, error)) != SBERTJA_OK)
        return status;
    item = cJSON_GetObjectItemCaseSensitive(kwargs, "mecab_dic");
    if (item == NULL)
        guess(json, options, config);
    else /* null is the host's own dictionary */
        return check_kind(json, kind != NULL ? kind : "null", options, config, error);
    return SBERTJA_OK;
}
