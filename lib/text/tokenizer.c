/* Making a tokenizer: its vocabulary, its special tokens, its dictionary. What it does with a text is in encoding.c,
 * its files are in tokenizer_file.c. */
#include <stdio.h>

#include "text/tokenizer_private.h"

enum { FEWEST_TOKENS = 2 }; /* [CLS] and [SEP] */

void sbj_tokenizer_config_init(sbj_tokenizer_config *config)
{
    *config = (sbj_tokenizer_config){
        .basic = true,
        .normalize = true,
        .dictionary = "ipadic",
        .unknown = "[UNK]",
        .cls = "[CLS]",
        .sep = "[SEP]",
        .pad = "[PAD]",
        .mask = "[MASK]",
    };
}

static sbertja_status find_special(sbj_tokenizer *tokenizer, const char *name, int32_t *id, sbertja_error *error)
{
    sbj_span text = {name, strlen(name)};
    *id = text.length > 0 ? sbj_vocabulary_find(&tokenizer->vocabulary, text) : -1;
    if (*id < 0)
        return sbj_fail(error, SBERTJA_E_FORMAT, "token %s: not in the vocabulary", name);
    sbj_specials_add(&tokenizer->specials, sbj_vocabulary_text(&tokenizer->vocabulary, *id), *id);
    return SBERTJA_OK;
}

/* [PAD] and [MASK] are special where the vocabulary has them; nothing here needs them. */
static sbertja_status find_specials(sbj_tokenizer *tokenizer, sbertja_error *error)
{
    const sbj_tokenizer_config *config = &tokenizer->config;
    sbertja_status status;
    int32_t id;
    if ((status = find_special(tokenizer, config->unknown, &tokenizer->unknown, error)) != SBERTJA_OK ||
        (status = find_special(tokenizer, config->cls, &tokenizer->cls, error)) != SBERTJA_OK ||
        (status = find_special(tokenizer, config->sep, &tokenizer->sep, error)) != SBERTJA_OK)
        return status;
    find_special(tokenizer, config->pad, &id, NULL);
    find_special(tokenizer, config->mask, &id, NULL);
    return SBERTJA_OK;
}

/* Without a vocabulary they only have to be told from words, and need no ids. */
static void name_specials(sbj_tokenizer *tokenizer)
{
    const sbj_tokenizer_config *c = &tokenizer->config;
    const char *const names[SBJ_MOST_SPECIAL] = {c->unknown, c->cls, c->sep, c->pad, c->mask};
    for (size_t i = 0; i < SBJ_MOST_SPECIAL; i++)
        sbj_specials_add(&tokenizer->specials, (sbj_span){names[i], strlen(names[i])}, -1);
}

static sbertja_status take_vocabulary(sbj_tokenizer *tokenizer, const char *path, sbertja_error *error)
{
    sbertja_status status = sbj_vocabulary_load(&tokenizer->alloc, path, &tokenizer->vocabulary, error);
    if (status != SBERTJA_OK)
        return status;
    status = find_specials(tokenizer, error);
    return status == SBERTJA_OK ? status : sbj_in(error, status, "%s", path);
}

/* Another dictionary than the model was trained with makes other words of some texts. */
static void compare_fingerprints(const sbj_tokenizer *tokenizer, const sbj_log *log)
{
    const char *trained = tokenizer->config.fingerprint;
    if (trained[0] != '\0' && strcmp(trained, tokenizer->fingerprint) != 0)
        sbj_say(log, SBERTJA_LOG_WARNING,
                "%s: not the dictionary that the model was trained with (fingerprint %s, expected %s): tokens may differ; "
                "name the folder of that one by the option dictionary",
                tokenizer->dictionary, tokenizer->fingerprint, trained);
}

static sbertja_status open_dictionary(sbj_tokenizer *tokenizer, const sbj_tokenizer_options *options,
                                      sbertja_error *error)
{
    sbj_tokenizer_config *config = &tokenizer->config;
    const sbj_dictionary_search search = {
        .kind = config->dictionary,
        .guessed = config->guessed,
        .option = options->dictionary,
        .first_places = options->places,
        .log = options->log,
    };
    const char *kind;
    sbertja_status status;
    if ((status = sbj_dictionary_find(&tokenizer->alloc, &search, &kind, &tokenizer->dictionary, error)) !=
            SBERTJA_OK ||
        (status = sbj_dictionary_fingerprint(&tokenizer->alloc, tokenizer->dictionary, tokenizer->fingerprint, error)) !=
            SBERTJA_OK)
        return status;
    compare_fingerprints(tokenizer, &options->log);
    snprintf(tokenizer->named, sizeof tokenizer->named, "%s", config->guessed ? kind : config->dictionary);
    snprintf(config->dictionary, sizeof config->dictionary, "%s", kind);
    return sbj_mecab_open(&tokenizer->alloc, tokenizer->dictionary, &tokenizer->mecab, error);
}

static sbertja_status check_limit(const sbj_tokenizer_config *config, const sbj_tokenizer_options *options,
                                  sbertja_error *error)
{
    if (options->max_tokens != 0 && options->max_tokens < FEWEST_TOKENS)
        return sbj_fail(error, SBERTJA_E_ARGUMENT, "max_tokens: expected at least 2, for %s and %s, found %zu",
                        config->cls, config->sep, options->max_tokens);
    if (options->max_tokens == 0 && config->model_max_length != 0 && config->model_max_length < FEWEST_TOKENS)
        return sbj_fail(error, SBERTJA_E_FORMAT, "model_max_length: expected at least 2, found %zu",
                        config->model_max_length);
    return SBERTJA_OK;
}

sbertja_status sbj_tokenizer_make(const char *vocabulary, const sbj_tokenizer_config *config,
                                  const sbj_tokenizer_options *options, sbj_tokenizer **tokenizer,
                                  sbertja_error *error)
{
    *tokenizer = NULL;
    sbertja_status status = check_limit(config, options, error);
    if (status != SBERTJA_OK)
        return status;
    sbj_tokenizer *made = sbj_new(options->alloc, 1, sizeof *made);
    if (made == NULL)
        return sbj_no_memory(error, sizeof *made);
    made->alloc = *options->alloc;
    atomic_init(&made->owners, 1);
    made->config = *config;
    made->max_text_bytes = options->max_text_bytes;
    made->max_tokens = options->max_tokens != 0 ? options->max_tokens : config->model_max_length;
    if (vocabulary == NULL)
        name_specials(made);
    else if ((status = take_vocabulary(made, vocabulary, error)) != SBERTJA_OK)
        goto fail;
    sbj_normalizer_init(&made->normalizer);
    status = config->basic ? SBERTJA_OK : open_dictionary(made, options, error);
    if (status != SBERTJA_OK)
        goto fail;
    *tokenizer = made;
    return SBERTJA_OK;
fail:
    sbj_tokenizer_free(made);
    return status;
}

/* The caller gave the config too: a dictionary that he names overrules it and needs no warning. */
static sbertja_status make_from(const char *vocabulary, const sbj_tokenizer_config *config,
                                const sbj_tokenizer_options *options, sbj_tokenizer **tokenizer, sbertja_error *error)
{
    sbj_tokenizer_config overruled = *config;
    overruled.guessed = options->dictionary != NULL;
    return sbj_tokenizer_make(vocabulary, &overruled, options, tokenizer, error);
}

sbertja_status sbj_tokenizer_create(const char *vocabulary, const sbj_tokenizer_config *config,
                                    const sbj_tokenizer_options *options, sbj_tokenizer **tokenizer,
                                    sbertja_error *error)
{
    return make_from(vocabulary, config, options, tokenizer, error);
}

sbertja_status sbj_tokenizer_create_words(const sbj_tokenizer_config *config, const sbj_tokenizer_options *options,
                                          sbj_tokenizer **tokenizer, sbertja_error *error)
{
    return make_from(NULL, config, options, tokenizer, error);
}

sbj_tokenizer *sbj_tokenizer_share(sbj_tokenizer *tokenizer)
{
    atomic_fetch_add_explicit(&tokenizer->owners, 1, memory_order_relaxed);
    return tokenizer;
}

void sbj_tokenizer_free(sbj_tokenizer *tokenizer)
{
    if (tokenizer == NULL || atomic_fetch_sub_explicit(&tokenizer->owners, 1, memory_order_acq_rel) > 1)
        return;
    sbj_alloc alloc = tokenizer->alloc;
    sbj_mecab_close(tokenizer->mecab);
    sbj_free(&alloc, tokenizer->dictionary);
    sbj_vocabulary_free(&tokenizer->vocabulary);
    sbj_free(&alloc, tokenizer);
}

const sbj_tokenizer_config *sbj_tokenizer_get_config(const sbj_tokenizer *tokenizer)
{
    return &tokenizer->config;
}

size_t sbj_tokenizer_vocabulary_size(const sbj_tokenizer *tokenizer)
{
    return tokenizer->vocabulary.count;
}

int32_t sbj_tokenizer_pad(const sbj_tokenizer *tokenizer)
{
    const char *pad = tokenizer->config.pad;
    return pad[0] != '\0' ? sbj_vocabulary_find(&tokenizer->vocabulary, (sbj_span){pad, strlen(pad)}) : -1;
}

size_t sbj_tokenizer_max_tokens(const sbj_tokenizer *tokenizer)
{
    return tokenizer->max_tokens;
}

const char *sbj_tokenizer_dictionary(const sbj_tokenizer *tokenizer)
{
    return tokenizer->dictionary != NULL ? tokenizer->dictionary : "";
}

const char *sbj_tokenizer_dictionary_fingerprint(const sbj_tokenizer *tokenizer)
{
    return tokenizer->fingerprint;
}
