/* Over utf8proc 2.8, whose tables are Unicode 15; Python 3.11's unicodedata is Unicode 14. The two differ in characters
 * that 15.0 added, none of which has a decomposition or a case. */
#include "text/normalize.h"

#include <string.h>
#include <utf8proc.h>

#include "text/utf8.h"

static bool is_ascii(const char *text, size_t length)
{
    unsigned char any = 0;
    for (size_t i = 0; i < length; i++)
        any |= (unsigned char)text[i];
    return any < 0x80;
}

static sbertja_status done(sbj_strbuf *out, sbertja_error *error)
{
    return out->failed ? sbj_no_memory(error, out->length) : SBERTJA_OK;
}

sbertja_status sbj_normalize(sbj_normal_form form, const char *text, size_t length, sbj_strbuf *out,
                             sbertja_error *error)
{
    static const int options[] = {
        [SBJ_NFC] = UTF8PROC_STABLE | UTF8PROC_COMPOSE,
        [SBJ_NFD] = UTF8PROC_STABLE | UTF8PROC_DECOMPOSE,
        [SBJ_NFKC] = UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT,
    };
    sbj_strbuf_clear(out);
    if (is_ascii(text, length)) {
        sbj_strbuf_bytes(out, text, length);
        return done(out, error);
    }
    /* Decomposed into 32-bit characters and put together again in the buffer's own memory. */
    const utf8proc_uint8_t *bytes = (const utf8proc_uint8_t *)text;
    utf8proc_ssize_t room = 0, size = (utf8proc_ssize_t)length + 16;
    do {
        room = size;
        if (!sbj_strbuf_reserve(out, ((size_t)room + 1) * sizeof(utf8proc_int32_t)))
            return sbj_no_memory(error, (size_t)room * sizeof(utf8proc_int32_t));
        size = utf8proc_decompose(bytes, (utf8proc_ssize_t)length, (utf8proc_int32_t *)(void *)out->text, room,
                                  (utf8proc_option_t)options[form]);
    } while (size > room);
    if (size >= 0)
        size = utf8proc_reencode((utf8proc_int32_t *)(void *)out->text, size, (utf8proc_option_t)options[form]);
    if (size < 0)
        return sbj_fail(error, SBERTJA_E_FORMAT, "normalizing text: %s", utf8proc_errmsg(size));
    out->length = (size_t)size;
    return done(out, error);
}

/* ---- Lower case ---- */

static bool is_cased(uint32_t c)
{
    const utf8proc_category_t category = utf8proc_category((utf8proc_int32_t)c);
    return category == UTF8PROC_CATEGORY_LU || category == UTF8PROC_CATEGORY_LL || category == UTF8PROC_CATEGORY_LT;
}

/* Case_Ignorable: marks, formats, modifiers, and the punctuation that stands inside words. */
static bool is_case_ignorable(uint32_t c)
{
    switch (utf8proc_category((utf8proc_int32_t)c)) {
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_ME:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_SK: return true;
    default: break;
    }
    static const uint32_t inside[] = {0x27,   0x2E,   0x3A,   0xB7,   0x387,  0x55F,  0x5F4, 0x2018,
                                      0x2019, 0x2024, 0x2027, 0xFE13, 0xFE52, 0xFE55, 0xFF07, 0xFF0E, 0xFF1A};
    for (size_t i = 0; i < sizeof inside / sizeof *inside; i++)
        if (inside[i] == c)
            return true;
    return false;
}

/* The nearest character on that side that is not ignorable has a case. */
static bool cased_after(const char *at, const char *end)
{
    while (at < end) {
        size_t bytes;
        const uint32_t c = sbj_utf8_next(at, &bytes);
        if (!is_case_ignorable(c))
            return is_cased(c);
        at += bytes;
    }
    return false;
}

static bool cased_before(const char *begin, const char *at)
{
    while (at > begin) {
        size_t bytes;
        do
            at--;
        while (((unsigned char)*at & 0xC0) == 0x80);
        const uint32_t c = sbj_utf8_next(at, &bytes);
        if (!is_case_ignorable(c))
            return is_cased(c);
    }
    return false;
}

sbertja_status sbj_lower(const char *text, size_t length, sbj_strbuf *out, sbertja_error *error)
{
    const char *end = text + length;
    size_t bytes;
    sbj_strbuf_clear(out);
    for (const char *at = text; at < end; at += bytes) {
        const uint32_t c = sbj_utf8_next(at, &bytes);
        char lower[4];
        if (c == 0x130) {
            sbj_strbuf_bytes(out, "i\xCC\x87", 3);
            continue;
        }
        const uint32_t mapped = c == 0x3A3 && cased_before(text, at) && !cased_after(at + bytes, end)
                                    ? 0x3C2
                                    : (uint32_t)utf8proc_tolower((utf8proc_int32_t)c);
        sbj_strbuf_bytes(out, lower, sbj_utf8_put(mapped, lower));
    }
    return done(out, error);
}

/* ---- Classes ---- */

bool sbj_is_space(uint32_t c)
{
    return (c >= 0x09 && c <= 0x0D) || (c >= 0x1C && c <= 0x20) || c == 0x85 || c == 0xA0 || c == 0x1680 ||
           (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

bool sbj_is_blank(uint32_t c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' ||
           utf8proc_category((utf8proc_int32_t)c) == UTF8PROC_CATEGORY_ZS;
}

bool sbj_is_control(uint32_t c)
{
    if (c == '\t' || c == '\n' || c == '\r')
        return false;
    switch (utf8proc_category((utf8proc_int32_t)c)) {
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_CS:
    case UTF8PROC_CATEGORY_CO:
    case UTF8PROC_CATEGORY_CN: return true;
    default: return false;
    }
}

bool sbj_is_punctuation(uint32_t c)
{
    if ((c >= 33 && c <= 47) || (c >= 58 && c <= 64) || (c >= 91 && c <= 96) || (c >= 123 && c <= 126))
        return true;
    const utf8proc_category_t category = utf8proc_category((utf8proc_int32_t)c);
    return category >= UTF8PROC_CATEGORY_PC && category <= UTF8PROC_CATEGORY_PO;
}

bool sbj_is_accent(uint32_t c)
{
    return utf8proc_category((utf8proc_int32_t)c) == UTF8PROC_CATEGORY_MN;
}
