/* tokenizer_config.json, read strictly (what would change the ids is refused by name) and written completely. */
#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

#include "io/json.h"
#include "text/dictionary.h"
#include "text/tokenizer_private.h"

/* A special token: a text, or an object with the text as "content". */
static sbertja_status read_special(const sbj_json *json, const char *key, char *text, size_t room, sbertja_error *error)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(json->root, key);
    const char *found = text;
    sbertja_status status = cJSON_IsObject(item) ? sbj_json_text(json, item, "content", text, &found, error)
                                                 : sbj_json_text(json, json->root, key, text, &found, error);
    if (status != SBERTJA_OK)
        return status;
    if (strlen(found) >= room || found[0] == '\0')
        return sbj_fail(error, SBERTJA_E_UNSUPPORTED, "%s: %s: expected 1 to %zu bytes", json->name, key, room - 1);
    if (found != text)
        memcpy(text, found, strlen(found) + 1);
    return SBERTJA_OK;
}

static sbertja_status refuse(const sbj_json *json, const char *key, const char *found, const char *expected,
                             sbertja_error *error)
{
    return sbj_fail(error, SBERTJA_E_UNSUPPORTED, "%s: %s: \"%s\" is not supported, expected %s", json->name, key,
                    found, expected);
}

/* A directory with word_tokenizer_type is a BertJapaneseTokenizer's even without a class: 0.4.1 wrote none. */
static sbertja_status read_class(const sbj_json *json, sbertja_error *error)
{
    const char *class, *words;
    sbertja_status status;
    if ((status = sbj_json_text(json, json->root, "tokenizer_class", "", &class, error)) != SBERTJA_OK ||
        (status = sbj_json_text(json, json->root, "word_tokenizer_type", "", &words, error)) != SBERTJA_OK)
        return status;
    if (class[0] == '\0' && words[0] == '\0')
        return sbj_fail(error, SBERTJA_E_UNSUPPORTED,
                        "%s: neither tokenizer_class nor word_tokenizer_type is there, expected a "
                        "BertJapaneseTokenizer",
                        json->name);
    if (class[0] != '\0' && strcmp(class, "BertJapaneseTokenizer") != 0)
        return refuse(json, "tokenizer_class", class, "BertJapaneseTokenizer", error);
    return SBERTJA_OK;
}

static sbertja_status read_kinds(const sbj_json *json, sbj_tokenizer_config *c, sbertja_error *error)
{
    const char *words, *subwords;
    bool do_words, do_subwords;
    sbertja_status status;
    if ((status = sbj_json_text(json, json->root, "word_tokenizer_type", "basic", &words, error)) != SBERTJA_OK ||
        (status = sbj_json_text(json, json->root, "subword_tokenizer_type", "wordpiece", &subwords, error)) !=
            SBERTJA_OK ||
        (status = sbj_json_bool(json, json->root, "do_lower_case", false, &c->lower_case, error)) != SBERTJA_OK ||
        (status = sbj_json_bool(json, json->root, "do_word_tokenize", true, &do_words, error)) != SBERTJA_OK ||
        (status = sbj_json_bool(json, json->root, "do_subword_tokenize", true, &do_subwords, error)) != SBERTJA_OK)
        return status;
    if (strcmp(words, "mecab") != 0 && strcmp(words, "basic") != 0)
        return refuse(json, "word_tokenizer_type", words, "mecab or basic", error);
    if (strcmp(subwords, "wordpiece") != 0 && strcmp(subwords, "character") != 0)
        return refuse(json, "subword_tokenizer_type", subwords, "wordpiece or character", error);
    if (!do_words || !do_subwords)
        return refuse(json, do_words ? "do_subword_tokenize" : "do_word_tokenize", "false", "true", error);
    c->basic = strcmp(words, "basic") == 0;
    c->character = strcmp(subwords, "character") == 0;
    const cJSON *never = cJSON_GetObjectItemCaseSensitive(json->root, "never_split");
    if (cJSON_IsArray(never) && cJSON_GetArraySize(never) > 0)
        return refuse(json, "never_split", "a list", "null", error);
    return SBERTJA_OK;
}

static sbertja_status read_mecab(const sbj_json *json, sbj_tokenizer_config *c, sbertja_error *error)
{
    const cJSON *kwargs = cJSON_GetObjectItemCaseSensitive(json->root, "mecab_kwargs");
    const char *dictionary, *option;
    sbertja_status status;
    if (c->basic || kwargs == NULL || cJSON_IsNull(kwargs))
        return SBERTJA_OK;
    if (!cJSON_IsObject(kwargs))
        return sbj_fail(error, SBERTJA_E_FORMAT, "%s: mecab_kwargs: expected an object", json->name);
    if ((status = sbj_json_text(json, kwargs, "mecab_dic", c->dictionary, &dictionary, error)) != SBERTJA_OK ||
        (status = sbj_json_bool(json, kwargs, "normalize_text", true, &c->normalize, error)) != SBERTJA_OK ||
        (status = sbj_json_text(json, kwargs, "mecab_option", "", &option, error)) != SBERTJA_OK)
        return status;
    if (option[0] != '\0')
        return refuse(json, "mecab_kwargs.mecab_option", option, "none", error);
    if (!sbj_is_dictionary_name(dictionary))
        return refuse(json, "mecab_kwargs.mecab_dic", dictionary, "ipadic, unidic_lite or unidic", error);
    if (dictionary != c->dictionary)
        snprintf(c->dictionary, sizeof c->dictionary, "%s", dictionary);
    return SBERTJA_OK;
}

static sbertja_status read_rest(const sbj_json *json, sbj_tokenizer_config *c, sbertja_error *error)
{
    double limit;
    sbertja_status status;
    if ((status = sbj_json_number(json, json->root, "model_max_length", 0, &limit, error)) != SBERTJA_OK ||
        (status = read_special(json, "unk_token", c->unknown, sizeof c->unknown, error)) != SBERTJA_OK ||
        (status = read_special(json, "cls_token", c->cls, sizeof c->cls, error)) != SBERTJA_OK ||
        (status = read_special(json, "sep_token", c->sep, sizeof c->sep, error)) != SBERTJA_OK ||
        (status = read_special(json, "pad_token", c->pad, sizeof c->pad, error)) != SBERTJA_OK ||
        (status = read_special(json, "mask_token", c->mask, sizeof c->mask, error)) != SBERTJA_OK)
        return status;
    c->model_max_length = limit >= 1 && limit < 1e9 ? (size_t)limit : 0;
    return SBERTJA_OK;
}

void sbj_tokenizer_config_init(sbj_tokenizer_config *config)
{
    *config = (sbj_tokenizer_config){.normalize = true,
                                     .dictionary = "ipadic",
                                     .unknown = "[UNK]",
                                     .cls = "[CLS]",
                                     .sep = "[SEP]",
                                     .pad = "[PAD]",
                                     .mask = "[MASK]"};
}

sbertja_status sbj_tokenizer_config_read(const sbj_alloc *alloc, const char *path, sbj_tokenizer_config *config,
                                         sbertja_error *error)
{
    sbj_json json = {0};
    sbj_tokenizer_config_init(config);
    sbertja_status status = sbj_json_read(alloc, path, &json, error);
    if (status == SBERTJA_OK && !cJSON_IsObject(json.root))
        status = sbj_fail(error, SBERTJA_E_FORMAT, "%s: expected an object", path);
    if (status == SBERTJA_OK && (status = read_class(&json, error)) == SBERTJA_OK &&
        (status = read_kinds(&json, config, error)) == SBERTJA_OK &&
        (status = read_mecab(&json, config, error)) == SBERTJA_OK)
        status = read_rest(&json, config, error);
    sbj_json_free(&json);
    return status;
}

/* ---- Writing ---- */

static cJSON *config_tree(const sbj_tokenizer_config *c, size_t max_tokens)
{
    cJSON *root = cJSON_CreateObject();
    cJSON_AddStringToObject(root, "tokenizer_class", "BertJapaneseTokenizer");
    cJSON_AddStringToObject(root, "word_tokenizer_type", c->basic ? "basic" : "mecab");
    cJSON_AddStringToObject(root, "subword_tokenizer_type", c->character ? "character" : "wordpiece");
    cJSON_AddBoolToObject(root, "do_lower_case", c->lower_case);
    cJSON_AddBoolToObject(root, "do_word_tokenize", true);
    cJSON_AddBoolToObject(root, "do_subword_tokenize", true);
    if (!c->basic) {
        cJSON *mecab = cJSON_AddObjectToObject(root, "mecab_kwargs");
        cJSON_AddStringToObject(mecab, "mecab_dic", c->dictionary);
        if (!c->normalize)
            cJSON_AddBoolToObject(mecab, "normalize_text", false);
    }
    cJSON_AddNumberToObject(root, "model_max_length", (double)max_tokens);
    return root;
}

static void add_specials(cJSON *root, const sbj_tokenizer_config *c)
{
    cJSON_AddStringToObject(root, "unk_token", c->unknown);
    cJSON_AddStringToObject(root, "sep_token", c->sep);
    cJSON_AddStringToObject(root, "pad_token", c->pad);
    cJSON_AddStringToObject(root, "cls_token", c->cls);
    cJSON_AddStringToObject(root, "mask_token", c->mask);
}

static sbertja_status write_tree(const sbj_alloc *alloc, const char *directory, const char *name, cJSON *root,
                                 sbertja_error *error)
{
    char *path = NULL;
    sbertja_status status = root == NULL ? sbj_no_memory(error, 0) : sbj_path_join(alloc, directory, name, &path, error);
    if (status == SBERTJA_OK)
        status = sbj_json_write(root, path, error);
    sbj_free(alloc, path);
    cJSON_Delete(root);
    return status;
}

static sbertja_status write_vocabulary(const sbj_tokenizer *t, const char *directory, sbertja_error *error)
{
    sbj_strbuf text = SBJ_STRBUF(&t->alloc);
    char *path = NULL;
    for (size_t i = 0; i < t->vocabulary.count; i++) {
        sbj_strbuf_bytes(&text, t->vocabulary.tokens[i], t->vocabulary.lengths[i]);
        sbj_strbuf_bytes(&text, "\n", 1);
    }
    sbertja_status status = text.failed ? sbj_no_memory(error, text.length)
                                        : sbj_path_join(&t->alloc, directory, "vocab.txt", &path, error);
    if (status == SBERTJA_OK)
        status = sbj_write_file(path, text.text, text.length, error);
    sbj_free(&t->alloc, path);
    sbj_strbuf_free(&text);
    return status;
}

sbertja_status sbj_tokenizer_save(const sbj_tokenizer *t, const char *directory, size_t max_tokens,
                                  sbertja_error *error)
{
    cJSON *config = config_tree(&t->config, max_tokens), *specials = cJSON_CreateObject();
    add_specials(config, &t->config);
    add_specials(specials, &t->config);
    sbertja_status status = write_tree(&t->alloc, directory, "tokenizer_config.json", config, error);
    if (status != SBERTJA_OK) {
        cJSON_Delete(specials);
        return status;
    }
    status = write_tree(&t->alloc, directory, "special_tokens_map.json", specials, error);
    return status == SBERTJA_OK ? write_vocabulary(t, directory, error) : status;
}
