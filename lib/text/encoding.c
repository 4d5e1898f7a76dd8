/* The way of one text to its tokens: special tokens are split off as they stand; what lies between is normalized, cut
 * into words, lower-cased, and cut into tokens.
 *
 * Every token is one of the vocabulary, so its text is found by its id and is never built. */
#include "text/basic.h"
#include "text/character.h"
#include "text/letter.h"
#include "text/tokenizer_private.h"
#include "text/utf8.h"
#include "text/wordpiece.h"

enum { LARGE_TEXT = 128 << 10 }; /* bytes; scratch as large as that is not kept for the next text */

struct sbj_encoding {
    const sbj_tokenizer *tokenizer;
    sbj_mecab_parser *parser; /* NULL for basic */
    sbj_basic_scratch basic;
    sbj_normalize_scratch normalize;
    sbj_strbuf without_nul, normalized, lower, word;
    sbj_ids tokens; /* uncut */
    sbj_ids ids;    /* [CLS], as many tokens as the limit leaves room for, [SEP] */
    sbj_use use;
};

/* What a word's sink knows. */
typedef struct word_context {
    sbj_encoding *encoding;
    sbj_word_sink take; /* where words go when they are as the subword tokenizer is to see them */
    void *user;
    sbertja_status status;
    sbertja_error *error;
} word_context;

sbertja_status sbj_encoding_create(const sbj_tokenizer *tokenizer, sbj_encoding **encoding, sbertja_error *error)
{
    const sbj_alloc *alloc = &tokenizer->alloc;
    const sbj_strbuf empty = SBJ_STRBUF(alloc);
    sbj_encoding *made = sbj_new(alloc, 1, sizeof *made);
    *encoding = NULL;
    if (made == NULL)
        return sbj_no_memory(error, sizeof *made);
    made->tokenizer = tokenizer;
    made->without_nul = made->normalized = made->lower = made->word = empty;
    made->normalize.alloc = made->tokens.alloc = made->ids.alloc = alloc;
    sbj_basic_scratch_init(&made->basic, alloc);
    if (tokenizer->mecab != NULL) {
        sbertja_status status = sbj_mecab_parser_create(tokenizer->mecab, &made->parser, error);
        if (status != SBERTJA_OK) {
            sbj_encoding_free(made);
            return status;
        }
    }
    *encoding = made;
    return SBERTJA_OK;
}

sbj_use *sbj_encoding_use(sbj_encoding *encoding)
{
    return &encoding->use;
}

void sbj_encoding_free(sbj_encoding *encoding)
{
    if (encoding == NULL || sbj_use_is_begun(&encoding->use))
        return;
    const sbj_alloc *alloc = &encoding->tokenizer->alloc;
    sbj_mecab_parser_free(encoding->parser);
    sbj_basic_scratch_free(&encoding->basic);
    sbj_normalize_scratch_free(&encoding->normalize);
    sbj_strbuf_free(&encoding->without_nul);
    sbj_strbuf_free(&encoding->normalized);
    sbj_strbuf_free(&encoding->lower);
    sbj_strbuf_free(&encoding->word);
    sbj_free(alloc, encoding->tokens.items);
    sbj_free(alloc, encoding->ids.items);
    sbj_free(alloc, encoding);
}

sbertja_status sbj_tokenizer_check_length(const sbj_tokenizer *tokenizer, size_t length, sbertja_error *error)
{
    const size_t limit = tokenizer->max_text_bytes;
    return limit == 0 || length <= limit
               ? SBERTJA_OK
               : sbj_fail(error, SBERTJA_E_ARGUMENT, "%zu bytes, max_text_bytes is %zu", length, limit);
}

void sbj_encoding_interrupt(sbj_encoding *encoding, sbj_interrupt interrupt)
{
    if (encoding->parser != NULL)
        sbj_mecab_parser_interrupt(encoding->parser, interrupt);
}

static bool no_more(word_context *context, sbertja_status status)
{
    context->status = status;
    return false;
}

/* A word to tokens. */
static bool cut_word(void *user, sbj_span word)
{
    word_context *context = user;
    sbj_encoding *encoding = context->encoding;
    const sbj_tokenizer *tokenizer = encoding->tokenizer;
    if (tokenizer->config.character) {
        /* This tokenizer normalizes by itself, whatever the word tokenizer did. */
        sbertja_status status = sbj_normalize(&tokenizer->normalizer, SBJ_NFKC, word, &encoding->normalize,
                                              &encoding->word, &word, context->error);
        if (status != SBERTJA_OK)
            return no_more(context, status);
        sbj_characters(&tokenizer->vocabulary, tokenizer->unknown, word, &encoding->tokens);
    } else
        sbj_wordpiece(&tokenizer->vocabulary, tokenizer->unknown, word, &encoding->tokens);
    if (encoding->tokens.failed)
        return no_more(context, sbj_no_memory(context->error, encoding->tokens.count * sizeof(int32_t)));
    return true;
}

/* A word as MeCab gives it: in the case of the text. */
static bool take_mecab_word(void *user, sbj_span word)
{
    word_context *context = user;
    sbj_encoding *encoding = context->encoding;
    if (encoding->tokenizer->config.lower_case && !sbj_specials_has(&encoding->tokenizer->specials, word) &&
        !sbj_lower(word, &encoding->lower, &word))
        return no_more(context, sbj_no_memory(context->error, word.length));
    return context->take(context->user, word);
}

/* Drops NUL characters, as BasicTokenizer does; MeCab, to which they end a text, never sees one. */
static sbertja_status drop_nul(sbj_encoding *encoding, sbj_span *part, sbertja_error *error)
{
    sbj_strbuf *kept = &encoding->without_nul;
    const char *rest = part->text, *const end = part->text + part->length, *nul;
    if (memchr(part->text, '\0', part->length) == NULL)
        return SBERTJA_OK;
    sbj_strbuf_clear(kept);
    for (; (nul = memchr(rest, '\0', (size_t)(end - rest))) != NULL; rest = nul + 1)
        sbj_strbuf_bytes(kept, rest, (size_t)(nul - rest));
    sbj_strbuf_bytes(kept, rest, (size_t)(end - rest));
    *part = (sbj_span){kept->text, kept->length};
    return kept->failed ? sbj_no_memory(error, part->length) : SBERTJA_OK;
}

/* The words of a part of the text without special tokens. */
static sbertja_status take_words(word_context *context, sbj_span part)
{
    sbj_encoding *encoding = context->encoding;
    const sbj_tokenizer *tokenizer = encoding->tokenizer;
    sbertja_error *error = context->error;
    sbertja_status status = SBERTJA_OK;
    if (tokenizer->config.basic) {
        sbj_basic basic = {&tokenizer->normalizer, &tokenizer->specials, tokenizer->config.lower_case};
        status = sbj_basic_words(&basic, &encoding->basic, part, context->take, context->user, error);
    } else {
        status = drop_nul(encoding, &part, error);
        if (status == SBERTJA_OK && tokenizer->config.normalize)
            status = sbj_normalize(&tokenizer->normalizer, SBJ_NFKC, part, &encoding->normalize, &encoding->normalized,
                                   &part, error);
        if (status == SBERTJA_OK)
            status = sbj_mecab_words(encoding->parser, part, take_mecab_word, context, error);
    }
    return status != SBERTJA_OK ? status : context->status;
}

static sbertja_status find_tokens(sbj_encoding *encoding, sbj_span text, sbertja_error *error)
{
    const sbj_specials *specials = &encoding->tokenizer->specials;
    word_context context = {encoding, cut_word, NULL, SBERTJA_OK, error};
    size_t at = 0, found;
    context.user = &context;
    encoding->tokens.failed = false;
    while (at < text.length) {
        int special = sbj_specials_find(specials, text, at, &found);
        if (found > at) {
            sbertja_status status = take_words(&context, (sbj_span){text.text + at, found - at});
            if (status != SBERTJA_OK)
                return status;
        }
        at = found;
        if (special >= 0) {
            sbj_ids_add(&encoding->tokens, specials->id[special]);
            at += specials->text[special].length;
        }
    }
    return encoding->tokens.failed ? sbj_no_memory(error, encoding->tokens.count * sizeof(int32_t)) : SBERTJA_OK;
}

static sbertja_status frame_ids(sbj_encoding *encoding, sbertja_error *error)
{
    const sbj_tokenizer *tokenizer = encoding->tokenizer;
    sbj_ids *ids = &encoding->ids;
    size_t count = encoding->tokens.count, limit = tokenizer->max_tokens;
    if (limit != 0 && count > limit - 2)
        count = limit - 2;
    if (!sbj_grow(ids->alloc, (void **)&ids->items, &ids->capacity, 0, count + 2, sizeof *ids->items))
        return sbj_no_memory(error, (count + 2) * sizeof *ids->items);
    ids->items[0] = tokenizer->cls;
    if (count > 0)
        memcpy(ids->items + 1, encoding->tokens.items, count * sizeof *ids->items);
    ids->items[count + 1] = tokenizer->sep;
    ids->count = count + 2;
    return SBERTJA_OK;
}

/* Frees what a long text has made large and the next one makes again. */
static void give_back(sbj_encoding *encoding)
{
    sbj_strbuf_free(&encoding->without_nul);
    sbj_strbuf_free(&encoding->normalized);
    sbj_normalize_scratch_free(&encoding->normalize);
    sbj_basic_scratch_free(&encoding->basic);
    sbj_basic_scratch_init(&encoding->basic, &encoding->tokenizer->alloc);
    encoding->normalize.alloc = &encoding->tokenizer->alloc;
}

sbertja_status sbj_encoding_ids_of(sbj_encoding *encoding, const char *text, size_t length, sbertja_error *error)
{
    encoding->ids.count = encoding->tokens.count = 0;
    sbertja_status status = sbj_tokenizer_check_length(encoding->tokenizer, length, error);
    if (status == SBERTJA_OK)
        status = sbj_utf8_check(text, length, error);
    if (status == SBERTJA_OK)
        status = find_tokens(encoding, (sbj_span){text, length}, error);
    if (status == SBERTJA_OK)
        status = frame_ids(encoding, error);
    if (status != SBERTJA_OK)
        encoding->tokens.count = 0;
    if (length > LARGE_TEXT)
        give_back(encoding);
    return status;
}

sbertja_status sbj_encoding_words_of(sbj_encoding *encoding, const char *text, size_t length, sbj_word_sink sink,
                                     void *user, sbertja_error *error)
{
    const sbj_specials *specials = &encoding->tokenizer->specials;
    word_context context = {encoding, sink, user, SBERTJA_OK, error};
    sbj_span whole = {text, length};
    size_t at = 0, found;
    sbertja_status status = sbj_utf8_check(text, length, error);
    while (status == SBERTJA_OK && at < length) {
        int special = sbj_specials_find(specials, whole, at, &found);
        if (found > at)
            status = take_words(&context, (sbj_span){text + at, found - at});
        at = found + (special >= 0 ? specials->text[special].length : 0);
    }
    return status;
}

const int32_t *sbj_encoding_ids(const sbj_encoding *encoding, size_t *count)
{
    *count = encoding->ids.count;
    return encoding->ids.items;
}

size_t sbj_encoding_token_count(const sbj_encoding *encoding)
{
    return encoding->tokens.count;
}

const char *sbj_encoding_token(const sbj_encoding *encoding, size_t index)
{
    if (index >= encoding->tokens.count)
        return NULL;
    return sbj_vocabulary_text(&encoding->tokenizer->vocabulary, encoding->tokens.items[index]).text;
}
