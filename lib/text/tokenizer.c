/* Making tokenizers, and asking them. */
#include "text/tokenizer.h"

#include <string.h>

#include "io/file.h"
#include "text/dictionary.h"
#include "text/tokenizer_private.h"

/* The tokens that must be there, and those that are looked for literally in texts when they are. */
static sbertja_status find_specials(sbj_tokenizer *t, const char *path, sbertja_error *error)
{
    const struct {
        const char *text;
        int32_t *id; /* NULL: may be missing */
    } all[SBJ_SPECIALS] = {{t->config.unknown, &t->unknown},
                           {t->config.cls, &t->cls},
                           {t->config.sep, &t->sep},
                           {t->config.pad, NULL},
                           {t->config.mask, NULL}};
    for (size_t i = 0; i < SBJ_SPECIALS; i++) {
        const int32_t id = sbj_vocabulary_token(&t->vocabulary, all[i].text);
        if (id < 0 && all[i].id != NULL)
            return sbj_fail(error, SBERTJA_E_FORMAT, "%s: the token %s is not there", path, all[i].text);
        if (all[i].id != NULL)
            *all[i].id = id;
        if (id < 0)
            continue;
        t->specials[t->special_count].text = all[i].text;
        t->specials[t->special_count].length = strlen(all[i].text);
        t->specials[t->special_count++].id = id;
    }
    return SBERTJA_OK;
}

static sbertja_status make(sbj_tokenizer *t, const char *vocabulary, const char *directory,
                           const sbj_tokenizer_options *options, sbertja_error *error)
{
    sbertja_status status;
    if (options->max_tokens == 1)
        return sbj_fail(error, SBERTJA_E_ARGUMENT, "max_tokens: 1, expected at least 2, [CLS] and [SEP]");
    t->max_tokens = options->max_tokens != 0 ? options->max_tokens : t->config.model_max_length;
    if ((status = sbj_vocabulary_read(&t->alloc, vocabulary, &t->vocabulary, error)) != SBERTJA_OK ||
        (status = find_specials(t, vocabulary, error)) != SBERTJA_OK || t->config.basic)
        return status;
    if ((status = sbj_dictionary_find(&t->alloc, t->config.dictionary, options->dictionary, directory, &t->dictionary,
                                      error)) != SBERTJA_OK)
        return status;
    return sbj_mecab_open(&t->alloc, t->dictionary, &t->mecab, error);
}

static sbj_tokenizer *begin(const sbj_alloc *alloc)
{
    sbj_tokenizer *t = sbj_new(alloc, 1, sizeof *t);
    if (t != NULL) {
        t->alloc = *alloc;
        atomic_init(&t->owners, 1);
    }
    return t;
}

sbertja_status sbj_tokenizer_create(const char *vocabulary, const sbj_tokenizer_config *config,
                                    const sbj_tokenizer_options *options, sbj_tokenizer **result, sbertja_error *error)
{
    sbj_tokenizer *t = begin(options->alloc);
    *result = NULL;
    if (t == NULL)
        return sbj_no_memory(error, sizeof *t);
    t->config = *config;
    sbertja_status status = make(t, vocabulary, NULL, options, error);
    if (status == SBERTJA_OK && !t->config.basic && !sbj_is_dictionary_name(t->config.dictionary))
        status = sbj_fail(error, SBERTJA_E_ARGUMENT, "mecab_dictionary: \"%s\", expected ipadic, unidic_lite or unidic",
                          t->config.dictionary);
    if (status == SBERTJA_OK)
        *result = t;
    else
        sbj_tokenizer_free(t);
    return status;
}

sbertja_status sbj_tokenizer_load(const char *directory, const sbj_tokenizer_options *options, sbj_tokenizer **result,
                                  sbertja_error *error)
{
    char *config = NULL, *vocabulary = NULL;
    sbertja_status status;
    *result = NULL;
    sbj_tokenizer *t = begin(options->alloc);
    if (t == NULL)
        return sbj_no_memory(error, sizeof *t);
    if ((status = sbj_path_join(&t->alloc, directory, "tokenizer_config.json", &config, error)) == SBERTJA_OK &&
        (status = sbj_path_join(&t->alloc, directory, "vocab.txt", &vocabulary, error)) == SBERTJA_OK &&
        (status = sbj_tokenizer_config_read(&t->alloc, config, &t->config, error)) == SBERTJA_OK)
        status = make(t, vocabulary, directory, options, error);
    sbj_free(options->alloc, config);
    sbj_free(options->alloc, vocabulary);
    if (status == SBERTJA_OK)
        *result = t;
    else
        sbj_tokenizer_free(t);
    return status;
}

sbj_tokenizer *sbj_tokenizer_share(sbj_tokenizer *t)
{
    atomic_fetch_add(&t->owners, 1);
    return t;
}

void sbj_tokenizer_free(sbj_tokenizer *t)
{
    if (t == NULL || atomic_fetch_sub(&t->owners, 1) > 1)
        return;
    sbj_alloc alloc = t->alloc;
    sbj_mecab_close(t->mecab);
    sbj_free(&alloc, t->dictionary);
    sbj_vocabulary_free(&t->vocabulary);
    sbj_free(&alloc, t);
}

const sbj_tokenizer_config *sbj_tokenizer_get_config(const sbj_tokenizer *t)
{
    return &t->config;
}

size_t sbj_tokenizer_vocabulary_size(const sbj_tokenizer *t)
{
    return t->vocabulary.count;
}

size_t sbj_tokenizer_max_tokens(const sbj_tokenizer *t)
{
    return t->max_tokens;
}

const char *sbj_tokenizer_dictionary(const sbj_tokenizer *t)
{
    return t->dictionary != NULL ? t->dictionary : "";
}
