/* One text to ids: special tokens that stand literally in it are cut out first; what lies between goes through words to
 * tokens. A token's text is its entry in the vocabulary, so only numbers are kept. */
#include <string.h>

#include "text/basic_words.h"
#include "text/subword.h"
#include "text/tokenizer_private.h"
#include "text/utf8.h"

struct sbj_encoding {
    const sbj_tokenizer *tokenizer;
    sbj_cutter *cutter; /* NULL for basic */
    sbj_basic basic;
    sbj_strbuf normal, lower, scratch;
    sbj_id_list tokens; /* uncut, without special ones at the ends */
    sbj_id_list ids;    /* cut, with them */
};

sbertja_status sbj_encoding_create(const sbj_tokenizer *t, sbj_encoding **result, sbertja_error *error)
{
    sbj_encoding *e = sbj_new(&t->alloc, 1, sizeof *e);
    *result = NULL;
    if (e == NULL)
        return sbj_no_memory(error, sizeof *e);
    e->tokenizer = t;
    e->normal = e->lower = e->scratch = (sbj_strbuf)SBJ_STRBUF(&t->alloc);
    e->tokens.alloc = e->ids.alloc = &t->alloc;
    sbj_basic_init(&e->basic, &t->alloc);
    sbertja_status status = t->mecab != NULL ? sbj_cutter_create(t->mecab, &e->cutter, error) : SBERTJA_OK;
    if (status == SBERTJA_OK)
        *result = e;
    else
        sbj_encoding_free(e);
    return status;
}

void sbj_encoding_free(sbj_encoding *e)
{
    if (e == NULL)
        return;
    const sbj_alloc *alloc = &e->tokenizer->alloc;
    sbj_cutter_free(e->cutter);
    sbj_basic_free(&e->basic);
    sbj_strbuf_free(&e->normal);
    sbj_strbuf_free(&e->lower);
    sbj_strbuf_free(&e->scratch);
    sbj_free(alloc, e->tokens.ids);
    sbj_free(alloc, e->ids.ids);
    sbj_free(alloc, e);
}

static sbertja_status add_word(void *context, const char *word, size_t length, sbertja_error *error)
{
    sbj_encoding *e = context;
    const sbj_tokenizer *t = e->tokenizer;
    if (t->config.lower_case && !t->config.basic) { /* basic has done it already */
        sbertja_status status = sbj_lower(word, length, &e->lower, error);
        if (status != SBERTJA_OK)
            return status;
        word = e->lower.text;
        length = e->lower.length;
    }
    if (t->config.character)
        return sbj_characters(&t->vocabulary, t->unknown, word, length, &e->scratch, &e->tokens, error);
    sbj_wordpiece(&t->vocabulary, t->unknown, word, length, &e->tokens);
    return SBERTJA_OK;
}

/* A stretch of text without special tokens. */
static sbertja_status add_plain(sbj_encoding *e, const char *text, size_t length, sbertja_error *error)
{
    const sbj_tokenizer *t = e->tokenizer;
    if (length == 0)
        return SBERTJA_OK;
    if (t->config.basic)
        return sbj_basic_cut(&e->basic, text, length, t->config.lower_case, add_word, e, error);
    if (t->config.normalize) {
        sbertja_status status = sbj_normalize(SBJ_NFKC, text, length, &e->normal, error);
        if (status != SBERTJA_OK)
            return status;
        text = e->normal.text;
        length = e->normal.length;
    }
    const char *nul = memchr(text, '\0', length); /* where fugashi, a C string's reader, ends too */
    return sbj_cut(e->cutter, text, nul != NULL ? (size_t)(nul - text) : length, add_word, e, error);
}

/* The special token at `at`, the longest of several; -1: none. */
static int special_at(const sbj_tokenizer *t, const char *at, size_t left)
{
    int found = -1;
    for (size_t i = 0; i < t->special_count; i++)
        if (t->specials[i].length <= left && memcmp(t->specials[i].text, at, t->specials[i].length) == 0 &&
            (found < 0 || t->specials[i].length > t->specials[found].length))
            found = (int)i;
    return found;
}

static sbertja_status add_text(sbj_encoding *e, const char *text, size_t length, sbertja_error *error)
{
    const sbj_tokenizer *t = e->tokenizer;
    const char *end = text + length, *begin = text;
    bool first[256] = {false};
    sbertja_status status = SBERTJA_OK;
    for (size_t i = 0; i < t->special_count; i++)
        first[(unsigned char)t->specials[i].text[0]] = true;
    for (const char *at = text; at < end && status == SBERTJA_OK;) {
        const int special = first[(unsigned char)*at] ? special_at(t, at, (size_t)(end - at)) : -1;
        if (special < 0) {
            at++;
            continue;
        }
        status = add_plain(e, begin, (size_t)(at - begin), error);
        sbj_id_list_add(&e->tokens, t->specials[special].id);
        begin = at += t->specials[special].length;
    }
    return status == SBERTJA_OK ? add_plain(e, begin, (size_t)(end - begin), error) : status;
}

/* [CLS], as many tokens as fit, [SEP]. */
static void frame(sbj_encoding *e)
{
    const sbj_tokenizer *t = e->tokenizer;
    size_t count = e->tokens.count;
    if (t->max_tokens > 0 && count > t->max_tokens - 2)
        count = t->max_tokens - 2;
    e->ids.count = 0;
    sbj_id_list_add(&e->ids, t->cls);
    for (size_t i = 0; i < count; i++)
        sbj_id_list_add(&e->ids, e->tokens.ids[i]);
    sbj_id_list_add(&e->ids, t->sep);
}

sbertja_status sbj_encoding_ids_of(sbj_encoding *e, const char *text, size_t length, sbertja_error *error)
{
    e->tokens.count = e->ids.count = 0;
    sbertja_status status = sbj_utf8_check(text, length, error);
    if (status == SBERTJA_OK)
        status = add_text(e, text, length, error);
    if (status == SBERTJA_OK)
        frame(e);
    if (status == SBERTJA_OK && (e->tokens.failed || e->ids.failed))
        status = sbj_no_memory(error, e->tokens.count * sizeof *e->tokens.ids);
    if (status != SBERTJA_OK) {
        e->tokens.count = e->ids.count = 0;
        e->tokens.failed = e->ids.failed = false;
    }
    return status;
}

const int32_t *sbj_encoding_ids(const sbj_encoding *e, size_t *count)
{
    *count = e->ids.count;
    return e->ids.ids;
}

size_t sbj_encoding_token_count(const sbj_encoding *e)
{
    return e->tokens.count;
}

const char *sbj_encoding_token(const sbj_encoding *e, size_t index)
{
    return index < e->tokens.count ? e->tokenizer->vocabulary.tokens[e->tokens.ids[index]] : NULL;
}
