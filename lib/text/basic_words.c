/* Control characters go, every kind of blank becomes one blank, NFC; then words between blanks, which lower case may
 * change and strip of accents (NFD without Mn), are cut at punctuation, each mark a word of its own. */
#include "text/basic_words.h"

#include "text/utf8.h"

void sbj_basic_init(sbj_basic *b, const sbj_alloc *alloc)
{
    b->cleaned = b->normal = b->lower = (sbj_strbuf)SBJ_STRBUF(alloc);
}

void sbj_basic_free(sbj_basic *b)
{
    if (b->cleaned.alloc == NULL)
        return;
    sbj_strbuf_free(&b->cleaned);
    sbj_strbuf_free(&b->normal);
    sbj_strbuf_free(&b->lower);
}

static sbertja_status clean(sbj_basic *b, const char *text, size_t length, sbertja_error *error)
{
    size_t bytes;
    sbj_strbuf_clear(&b->cleaned);
    for (const char *at = text, *end = text + length; at < end; at += bytes) {
        const uint32_t c = sbj_utf8_next(at, &bytes);
        if (c == 0 || c == 0xFFFD || sbj_is_control(c))
            continue;
        if (sbj_is_blank(c))
            sbj_strbuf_bytes(&b->cleaned, " ", 1);
        else
            sbj_strbuf_bytes(&b->cleaned, at, bytes);
    }
    if (b->cleaned.failed)
        return sbj_no_memory(error, length);
    return sbj_normalize(SBJ_NFC, b->cleaned.text != NULL ? b->cleaned.text : "", b->cleaned.length, &b->normal, error);
}

/* `cleaned` is free again by now: it takes the word without accents. */
static sbertja_status lower(sbj_basic *b, const char **word, size_t *length, sbertja_error *error)
{
    size_t bytes;
    sbertja_status status = sbj_lower(*word, *length, &b->lower, error);
    if (status == SBERTJA_OK)
        status = sbj_normalize(SBJ_NFD, b->lower.text, b->lower.length, &b->cleaned, error);
    if (status != SBERTJA_OK)
        return status;
    sbj_strbuf_clear(&b->lower);
    for (const char *at = b->cleaned.text, *end = at + b->cleaned.length; at < end; at += bytes)
        if (!sbj_is_accent(sbj_utf8_next(at, &bytes)))
            sbj_strbuf_bytes(&b->lower, at, bytes);
    *word = b->lower.text;
    *length = b->lower.length;
    return b->lower.failed ? sbj_no_memory(error, *length) : SBERTJA_OK;
}

static sbertja_status cut_at_marks(const char *text, size_t length, sbj_word word, void *context, sbertja_error *error)
{
    const char *begin = text, *end = text + length;
    sbertja_status status = SBERTJA_OK;
    size_t bytes;
    for (const char *at = text; at < end && status == SBERTJA_OK; at += bytes) {
        const uint32_t c = sbj_utf8_next(at, &bytes);
        const bool mark = sbj_is_punctuation(c);
        if (!mark && !sbj_is_space(c))
            continue;
        if (at > begin)
            status = word(context, begin, (size_t)(at - begin), error);
        if (status == SBERTJA_OK && mark)
            status = word(context, at, bytes, error);
        begin = at + bytes;
    }
    return status == SBERTJA_OK && end > begin ? word(context, begin, (size_t)(end - begin), error) : status;
}

sbertja_status sbj_basic_cut(sbj_basic *b, const char *text, size_t length, bool lower_case, sbj_word word,
                             void *context, sbertja_error *error)
{
    sbertja_status status = clean(b, text, length, error);
    if (status != SBERTJA_OK || b->normal.length == 0)
        return status;
    const char *at = b->normal.text, *end = at + b->normal.length;
    while (at < end && status == SBERTJA_OK) {
        size_t bytes;
        const char *begin = at;
        while (at < end && !sbj_is_space(sbj_utf8_next(at, &bytes)))
            at += bytes;
        const char *piece = begin;
        size_t size = (size_t)(at - begin);
        if (size > 0 && lower_case)
            status = lower(b, &piece, &size, error);
        if (size > 0 && status == SBERTJA_OK)
            status = cut_at_marks(piece, size, word, context, error);
        if (at < end) {
            sbj_utf8_next(at, &bytes);
            at += bytes;
        }
    }
    return status;
}
