/* BERT's basic tokenizer: control characters out, NFC, cut at blanks, lower case without marks, cut at punctuation. */
#include "text/basic.h"

#include "text/letter.h"
#include "text/utf8.h"

void sbj_basic_scratch_init(sbj_basic_scratch *scratch, const sbj_alloc *alloc)
{
    const sbj_strbuf empty = SBJ_STRBUF(alloc);
    scratch->normalize = (sbj_normalize_scratch){alloc, NULL, 0};
    scratch->clean = scratch->composed = scratch->lower = scratch->decomposed = scratch->bare = empty;
}

void sbj_basic_scratch_free(sbj_basic_scratch *scratch)
{
    if (scratch->normalize.alloc == NULL)
        return;
    sbj_normalize_scratch_free(&scratch->normalize);
    sbj_strbuf_free(&scratch->clean);
    sbj_strbuf_free(&scratch->composed);
    sbj_strbuf_free(&scratch->lower);
    sbj_strbuf_free(&scratch->decomposed);
    sbj_strbuf_free(&scratch->bare);
}

/* Drops control characters and U+FFFD, and makes a blank of every separator. */
static bool clean(sbj_span text, sbj_strbuf *out)
{
    const uint32_t replacement = 0xFFFD;
    size_t bytes;
    sbj_strbuf_clear(out);
    for (size_t at = 0; at < text.length; at += bytes) {
        uint32_t character = sbj_utf8_next(text.text + at, &bytes);
        if (character == replacement || sbj_is_control(character))
            continue;
        if (sbj_is_separator(character))
            sbj_strbuf_bytes(out, " ", 1);
        else
            sbj_strbuf_bytes(out, text.text + at, bytes);
    }
    return !out->failed;
}

/* Lower case in NFD, without the marks (category Mn). */
static sbertja_status lower_bare(const sbj_basic *basic, sbj_basic_scratch *scratch, sbj_span *word,
                                 sbertja_error *error)
{
    sbj_span text;
    size_t bytes;
    if (!sbj_lower(*word, &scratch->lower, &text))
        return sbj_no_memory(error, word->length);
    sbertja_status status =
        sbj_normalize(basic->normalizer, SBJ_NFD, text, &scratch->normalize, &scratch->decomposed, &text, error);
    if (status != SBERTJA_OK)
        return status;
    sbj_strbuf_clear(&scratch->bare);
    for (size_t at = 0; at < text.length; at += bytes)
        if (!sbj_is_mark(sbj_utf8_next(text.text + at, &bytes)))
            sbj_strbuf_bytes(&scratch->bare, text.text + at, bytes);
    if (scratch->bare.failed)
        return sbj_no_memory(error, word->length);
    *word = (sbj_span){scratch->bare.text, scratch->bare.length};
    return SBERTJA_OK;
}

/* Each punctuation character is a word, and so is what stands between. False: the sink wants no more. */
static bool cut_at_punctuation(sbj_span word, sbj_word_sink sink, void *context)
{
    size_t start = 0, bytes;
    for (size_t at = 0; at < word.length; at += bytes) {
        if (!sbj_is_punctuation(sbj_utf8_next(word.text + at, &bytes)))
            continue;
        if ((at > start && !sink(context, (sbj_span){word.text + start, at - start})) ||
            !sink(context, (sbj_span){word.text + at, bytes}))
            return false;
        start = at + bytes;
    }
    return start == word.length || sink(context, (sbj_span){word.text + start, word.length - start});
}

sbertja_status sbj_basic_words(const sbj_basic *basic, sbj_basic_scratch *scratch, sbj_span text, sbj_word_sink sink,
                               void *context, sbertja_error *error)
{
    sbj_span word;
    size_t at = 0;
    bool more = true;
    if (!clean(text, &scratch->clean))
        return sbj_no_memory(error, text.length);
    text = (sbj_span){scratch->clean.text, scratch->clean.length};
    sbertja_status status =
        sbj_normalize(basic->normalizer, SBJ_NFC, text, &scratch->normalize, &scratch->composed, &text, error);
    while (status == SBERTJA_OK && more && sbj_next_word(text, &at, &word)) {
        if (basic->lower_case && !sbj_specials_has(basic->never_split, word))
            status = lower_bare(basic, scratch, &word, error);
        if (status != SBERTJA_OK || word.length == 0)
            continue;
        if (sbj_specials_has(basic->never_split, word))
            more = sink(context, word);
        else
            more = cut_at_punctuation(word, sink, context);
    }
    return status;
}
