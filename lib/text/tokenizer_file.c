/* The tokenizer's files: vocab.txt, tokenizer_config.json, special_tokens_map.json. What would make other tokens than
 * BertJapaneseTokenizer makes, or is not done here, is refused by name and never passed over. */
#include <cjson/cJSON.h>
#include <limits.h>
#include <stdio.h>

#include "io/json.h"
#include "text/tokenizer_private.h"

static const char CONFIG_FILE[] = "tokenizer_config.json", VOCABULARY_FILE[] = "vocab.txt",
                  SPECIAL_FILE[] = "special_tokens_map.json", ADDED_FILE[] = "added_tokens.json",
                  FINGERPRINT_KEY[] = "mecab_dictionary_fingerprint"; /* transformers and others keep it as it is */

/* A special token's key, and where the config keeps it. */
typedef struct special_key {
    const char *key;
    size_t offset;
} special_key;

static const special_key special_keys[] = {
    {"unk_token", offsetof(sbj_tokenizer_config, unknown)}, {"cls_token", offsetof(sbj_tokenizer_config, cls)},
    {"sep_token", offsetof(sbj_tokenizer_config, sep)},     {"pad_token", offsetof(sbj_tokenizer_config, pad)},
    {"mask_token", offsetof(sbj_tokenizer_config, mask)},
};

enum { SPECIAL_KEYS = sizeof special_keys / sizeof *special_keys };

static sbertja_status unsupported(const sbj_json *json, const char *key, const char *expected, const char *found,
                                  sbertja_error *error)
{
    return sbj_fail(error, SBERTJA_E_UNSUPPORTED, "%s: %s: expected %s, found %s", json->name, key, expected, found);
}

static sbertja_status copy_text(const sbj_json *json, const char *key, const char *text, char *field, size_t room,
                                sbertja_error *error)
{
    size_t length = strlen(text);
    if (length >= room)
        return sbj_fail(error, SBERTJA_E_UNSUPPORTED, "%s: %s: longer than %zu bytes", json->name, key, room - 1);
    memcpy(field, text, length + 1);
    return SBERTJA_OK;
}

/* The flags of an added token that would take blanks, or parts of words, along with it. */
static sbertja_status check_flags(const sbj_json *json, const struct cJSON *token, sbertja_error *error)
{
    static const char *const flags[] = {"lstrip", "rstrip", "single_word"};
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
        bool value;
        sbertja_status status = sbj_json_bool(json, token, flags[i], false, &value, error);
        if (status != SBERTJA_OK)
            return status;
        if (value)
            return unsupported(json, flags[i], "false for every token", "true", error);
    }
    return SBERTJA_OK;
}

/* Special tokens: a string, or an object with the key `content`. Absent ones stay as they are. */
static sbertja_status read_specials(const sbj_json *json, sbj_tokenizer_config *config, sbertja_error *error)
{
    for (size_t i = 0; i < SPECIAL_KEYS; i++) {
        const char *key = special_keys[i].key, *text;
        char *field = (char *)config + special_keys[i].offset;
        const struct cJSON *token = cJSON_GetObjectItemCaseSensitive(json->root, key);
        sbertja_status status;
        if (cJSON_IsObject(token)) {
            if ((status = check_flags(json, token, error)) != SBERTJA_OK)
                return status;
            status = sbj_json_text(json, token, "content", field, &text, error);
        } else
            status = sbj_json_text(json, json->root, key, field, &text, error);
        if (status == SBERTJA_OK && text != field)
            status = copy_text(json, key, text, field, sizeof config->unknown, error);
        if (status != SBERTJA_OK)
            return status;
    }
    return SBERTJA_OK;
}

/* Directories of sentence-transformers 0.4.1 name no class; only BertJapaneseTokenizer has a word_tokenizer_type. */
static sbertja_status check_class(const sbj_json *json, sbertja_error *error)
{
    const char *class, *type, *expected = "BertJapaneseTokenizer";
    sbertja_status status = sbj_json_text(json, json->root, "tokenizer_class", NULL, &class, error);
    if (status == SBERTJA_OK)
        status = sbj_json_text(json, json->root, "word_tokenizer_type", NULL, &type, error);
    if (status != SBERTJA_OK)
        return status;
    if (class == NULL && type == NULL)
        return unsupported(json, "tokenizer_class", expected, "none, and no word_tokenizer_type either", error);
    if (class != NULL && strcmp(class, expected) != 0 && strcmp(class, "BertJapaneseTokenizerFast") != 0)
        return unsupported(json, "tokenizer_class", expected, class, error);
    return SBERTJA_OK;
}

/* Switches that must be as they are by default. */
static sbertja_status check_switches(const sbj_json *json, sbertja_error *error)
{
    static const struct {
        const char *key;
        bool expected;
    } switches[] = {{"do_word_tokenize", true}, {"do_subword_tokenize", true}, {"split_special_tokens", false}};
    static const char *const lists[] = {"never_split", "additional_special_tokens", "extra_special_tokens"};
    for (size_t i = 0; i < sizeof switches / sizeof *switches; i++) {
        bool value, expected = switches[i].expected;
        sbertja_status status = sbj_json_bool(json, json->root, switches[i].key, expected, &value, error);
        if (status != SBERTJA_OK)
            return status;
        if (value != expected)
            return unsupported(json, switches[i].key, expected ? "true" : "false", expected ? "false" : "true", error);
    }
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        if (cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(json->root, lists[i])) > 0)
            return unsupported(json, lists[i], "no tokens", "some", error);
    return SBERTJA_OK;
}

/* `value` is whether the text is `yes` rather than `no`. */
static sbertja_status read_choice(const sbj_json *json, const char *key, const char *yes, const char *no, bool fallback,
                                  bool *value, sbertja_error *error)
{
    const char *text;
    sbertja_status status = sbj_json_text(json, json->root, key, fallback ? yes : no, &text, error);
    if (status != SBERTJA_OK)
        return status;
    *value = strcmp(text, yes) == 0;
    if (!*value && strcmp(text, no) != 0) {
        char expected[64];
        snprintf(expected, sizeof expected, "%s or %s", yes, no);
        return unsupported(json, key, expected, text, error);
    }
    return SBERTJA_OK;
}

/* How MeCab is used, and the dictionary that the model was trained with, which only this library records. */
static sbertja_status read_mecab(const sbj_json *json, const sbj_tokenizer_options *options,
                                 sbj_tokenizer_config *config, sbertja_error *error)
{
    const char *fingerprint;
    sbertja_status status;
    if (config->basic)
        return SBERTJA_OK;
    if ((status = sbj_mecab_kwargs_read(json, options, config, error)) != SBERTJA_OK ||
        (status = sbj_json_text(json, json->root, FINGERPRINT_KEY, "", &fingerprint, error)) != SBERTJA_OK)
        return status;
    return copy_text(json, FINGERPRINT_KEY, fingerprint, config->fingerprint, sizeof config->fingerprint, error);
}

static sbertja_status read_config(const sbj_json *json, const sbj_tokenizer_options *options,
                                  sbj_tokenizer_config *config, sbertja_error *error)
{
    const long no_limit = 1000000000; /* transformers writes 10^30 where there is none */
    long longest;
    sbertja_status status;
    sbj_tokenizer_config_init(config);
    if ((status = check_class(json, error)) != SBERTJA_OK || (status = check_switches(json, error)) != SBERTJA_OK ||
        (status = read_choice(json, "word_tokenizer_type", "basic", "mecab", true, &config->basic, error)) !=
            SBERTJA_OK ||
        (status = read_choice(json, "subword_tokenizer_type", "character", "wordpiece", false, &config->character,
                              error)) != SBERTJA_OK ||
        (status = sbj_json_bool(json, json->root, "do_lower_case", false, &config->lower_case, error)) != SBERTJA_OK ||
        (status = read_mecab(json, options, config, error)) != SBERTJA_OK ||
        (status = read_specials(json, config, error)) != SBERTJA_OK ||
        (status = sbj_json_int(json, json->root, "model_max_length", LONG_MAX, &longest, error)) != SBERTJA_OK)
        return status;
    if (longest < 2)
        return sbj_fail(error, SBERTJA_E_FORMAT, "%s: model_max_length: expected at least 2, found %ld", json->name,
                        longest);
    config->model_max_length = longest >= no_limit ? 0 : (size_t)longest;
    return SBERTJA_OK;
}

/* Reads a file that need not be there; `json->root` is NULL then. */
static sbertja_status read_optional(const sbj_alloc *alloc, const char *directory, const char *name, sbj_json *json,
                                    sbertja_error *error)
{
    char *path;
    bool found = false;
    memset(json, 0, sizeof *json);
    sbertja_status status = sbj_path_join(alloc, directory, name, &path, error);
    if (status == SBERTJA_OK)
        status = sbj_find_file(path, &found, error);
    if (status == SBERTJA_OK && found)
        status = sbj_json_read(alloc, path, json, error);
    sbj_free(alloc, path);
    return status;
}

/* A token that is split off as it stands must be one of the special ones that are known, with its id. */
static sbertja_status check_added(const sbj_tokenizer *tokenizer, const sbj_json *json, const char *text, double id,
                                  sbertja_error *error)
{
    sbj_span token = {text, strlen(text)};
    if (!sbj_specials_has(&tokenizer->specials, token))
        return unsupported(json, "added tokens", "only the special ones", text, error);
    long expected = sbj_vocabulary_find(&tokenizer->vocabulary, token);
    if (id != (double)expected)
        return sbj_fail(error, SBERTJA_E_FORMAT, "%s: token %s: expected id %ld, as in %s, found %.0f", json->name,
                        text, expected, VOCABULARY_FILE, id);
    return SBERTJA_OK;
}

/* added_tokens_decoder of the config: {"4": {"content": "[MASK]", ...}}. The keys are decimal ids. */
static sbertja_status check_added_tokens(const sbj_tokenizer *tokenizer, const sbj_json *json, sbertja_error *error)
{
    const struct cJSON *token;
    cJSON_ArrayForEach(token, cJSON_GetObjectItemCaseSensitive(json->root, "added_tokens_decoder"))
    {
        const char *text;
        double id = 0;
        sbertja_status status = sbj_json_text(json, token, "content", "", &text, error);
        if (status == SBERTJA_OK)
            status = check_flags(json, token, error);
        for (const char *digit = token->string; digit != NULL && *digit != '\0'; digit++)
            id = 10 * id + (*digit - '0');
        if (status == SBERTJA_OK)
            status = check_added(tokenizer, json, text, id, error);
        if (status != SBERTJA_OK)
            return status;
    }
    return SBERTJA_OK;
}

/* added_tokens.json of older versions: {"[MASK]": 4}. */
static sbertja_status check_added_file(const sbj_tokenizer *tokenizer, const char *directory, sbertja_error *error)
{
    sbj_json json;
    const struct cJSON *token;
    sbertja_status status = read_optional(&tokenizer->alloc, directory, ADDED_FILE, &json, error);
    if (status == SBERTJA_OK)
        cJSON_ArrayForEach(token, json.root)
        {
            status = check_added(tokenizer, &json, token->string ? token->string : "", token->valuedouble, error);
            if (status != SBERTJA_OK)
                break;
        }
    sbj_json_free(&json);
    return status;
}

/* As transformers has it, special_tokens_map.json has the last word where the config lists no added tokens. */
static sbertja_status read_special_file(const sbj_alloc *alloc, const char *directory, sbj_tokenizer_config *config,
                                        sbertja_error *error)
{
    sbj_json json;
    sbertja_status status = read_optional(alloc, directory, SPECIAL_FILE, &json, error);
    if (status == SBERTJA_OK && json.root != NULL) {
        status = check_switches(&json, error);
        if (status == SBERTJA_OK)
            status = read_specials(&json, config, error);
    }
    sbj_json_free(&json);
    return status;
}

sbertja_status sbj_tokenizer_load(const char *directory, const sbj_tokenizer_options *options,
                                  sbj_tokenizer **tokenizer, sbertja_error *error)
{
    const sbj_alloc *alloc = options->alloc;
    sbj_tokenizer_config config;
    sbj_json json = {NULL, NULL, NULL};
    char *config_path = NULL, *vocabulary = NULL;
    sbertja_status status;
    *tokenizer = NULL;
    if ((status = sbj_path_join(alloc, directory, CONFIG_FILE, &config_path, error)) != SBERTJA_OK ||
        (status = sbj_path_join(alloc, directory, VOCABULARY_FILE, &vocabulary, error)) != SBERTJA_OK ||
        (status = sbj_json_read(alloc, config_path, &json, error)) != SBERTJA_OK ||
        (status = read_config(&json, options, &config, error)) != SBERTJA_OK)
        goto done;
    bool lists_added = cJSON_HasObjectItem(json.root, "added_tokens_decoder");
    if (!lists_added && (status = read_special_file(alloc, directory, &config, error)) != SBERTJA_OK)
        goto done;
    status = sbj_tokenizer_make(vocabulary, &config, options, tokenizer, error);
    if (status == SBERTJA_OK)
        status =
            lists_added ? check_added_tokens(*tokenizer, &json, error) : check_added_file(*tokenizer, directory, error);
    if (status != SBERTJA_OK) {
        sbj_tokenizer_free(*tokenizer);
        *tokenizer = NULL;
    }
done:
    sbj_json_free(&json);
    sbj_free(alloc, config_path);
    sbj_free(alloc, vocabulary);
    return status;
}

static void put_specials(const sbj_tokenizer_config *config, sbj_json_tree *t)
{
    for (size_t i = 0; i < SPECIAL_KEYS; i++)
        sbj_json_put(t, t->root, special_keys[i].key,
                     cJSON_CreateString((const char *)config + special_keys[i].offset));
}

/* A dictionary of no known kind is null: whoever opens the model has to name it. */
static void put_mecab(const sbj_tokenizer *tokenizer, bool trained, sbj_json_tree *t)
{
    const char *kind = trained ? tokenizer->config.dictionary : tokenizer->named;
    const char *fingerprint = trained ? tokenizer->fingerprint : tokenizer->config.fingerprint;
    if (fingerprint[0] != '\0')
        sbj_json_put(t, t->root, FINGERPRINT_KEY, cJSON_CreateString(fingerprint));
    cJSON *kwargs = sbj_json_put(t, t->root, "mecab_kwargs", cJSON_CreateObject());
    sbj_json_put(t, kwargs, "mecab_dic", kind[0] != '\0' ? cJSON_CreateString(kind) : cJSON_CreateNull());
    sbj_json_put(t, kwargs, "normalize_text", cJSON_CreateBool(tokenizer->config.normalize));
}

static void put_config(const sbj_tokenizer *tokenizer, size_t max_tokens, bool trained, sbj_json_tree *t)
{
    const sbj_tokenizer_config *config = &tokenizer->config;
    put_specials(config, t);
    sbj_json_put(t, t->root, "do_lower_case", cJSON_CreateBool(config->lower_case));
    sbj_json_put(t, t->root, "do_subword_tokenize", cJSON_CreateBool(true));
    sbj_json_put(t, t->root, "do_word_tokenize", cJSON_CreateBool(true));
    if (!config->basic)
        put_mecab(tokenizer, trained, t);
    if (max_tokens != 0)
        sbj_json_put(t, t->root, "model_max_length", cJSON_CreateNumber((double)max_tokens));
    sbj_json_put(t, t->root, "subword_tokenizer_type",
                 cJSON_CreateString(config->character ? "character" : "wordpiece"));
    sbj_json_put(t, t->root, "tokenizer_class", cJSON_CreateString("BertJapaneseTokenizer"));
    sbj_json_put(t, t->root, "word_tokenizer_type", cJSON_CreateString(config->basic ? "basic" : "mecab"));
}

static void put_vocabulary(const sbj_vocabulary *vocabulary, sbj_strbuf *out)
{
    for (size_t i = 0; i < vocabulary->count; i++) {
        sbj_span text = sbj_vocabulary_text(vocabulary, (int32_t)i);
        sbj_strbuf_bytes(out, text.text, text.length);
        sbj_strbuf_text(out, "\n");
    }
}

static sbertja_status write_vocabulary(const sbj_tokenizer *tokenizer, const char *path, sbertja_error *error)
{
    sbj_strbuf out = SBJ_STRBUF(&tokenizer->alloc);
    put_vocabulary(&tokenizer->vocabulary, &out);
    sbertja_status status =
        out.failed ? sbj_no_memory(error, out.length) : sbj_write_file(path, out.text, out.length, error);
    sbj_strbuf_free(&out);
    return status;
}

static sbertja_status write_config(const sbj_tokenizer *tokenizer, size_t max_tokens, bool trained, const cJSON *kept,
                                   const char *path, sbertja_error *error)
{
    static const char *const ours[] = {FINGERPRINT_KEY, "model_max_length", NULL};
    sbj_json_tree tree = sbj_json_begin(cJSON_CreateObject());
    put_config(tokenizer, max_tokens, trained, &tree);
    sbj_json_keep(&tree, tree.root, kept, ours);
    return sbj_json_write(&tree, path, error);
}

static sbertja_status write_special(const sbj_tokenizer *tokenizer, const cJSON *kept, const char *path,
                                    sbertja_error *error)
{
    sbj_json_tree tree = sbj_json_begin(cJSON_CreateObject());
    put_specials(&tokenizer->config, &tree);
    sbj_json_keep(&tree, tree.root, kept, NULL);
    return sbj_json_write(&tree, path, error);
}

sbertja_status sbj_tokenizer_save(const sbj_tokenizer *tokenizer, const char *directory, size_t max_tokens,
                                  bool trained, const sbj_tokenizer_kept *kept, sbertja_error *error)
{
    static const char *const files[] = {VOCABULARY_FILE, CONFIG_FILE, SPECIAL_FILE};
    static const sbj_tokenizer_kept nothing = {NULL, NULL};
    sbertja_status status = SBERTJA_OK;
    kept = kept != NULL ? kept : &nothing;
    for (size_t i = 0; i < 3 && status == SBERTJA_OK; i++) {
        char *path = NULL;
        if ((status = sbj_path_join(&tokenizer->alloc, directory, files[i], &path, error)) == SBERTJA_OK)
            status = i == 0   ? write_vocabulary(tokenizer, path, error)
                     : i == 1 ? write_config(tokenizer, max_tokens, trained, kept->config, path, error)
                              : write_special(tokenizer, kept->special, path, error);
        sbj_free(&tokenizer->alloc, path);
    }
    return status;
}
