/* Kinds of characters, from utf8proc's categories. The two small tables hold what the categories do not tell: they are
 * the rest of the Unicode properties Cased and Case_Ignorable, which only the final sigma needs. */
#include "text/letter.h"

#include <utf8proc.h>

#include "text/utf8.h"

typedef struct range {
    uint32_t first, last;
} range;

/* Case_Ignorable, apart from the categories Mn, Me, Cf, Lm and Sk. */
static const range ignorable[] = {
    {0x27, 0x27},     {0x2E, 0x2E},     {0x3A, 0x3A},     {0xB7, 0xB7},     {0x387, 0x387},   {0x55F, 0x55F},
    {0x5F4, 0x5F4},   {0x2018, 0x2019}, {0x2024, 0x2024}, {0x2027, 0x2027}, {0xFE13, 0xFE13}, {0xFE52, 0xFE52},
    {0xFE55, 0xFE55}, {0xFF07, 0xFF07}, {0xFF0E, 0xFF0E}, {0xFF1A, 0xFF1A},
};

/* Cased and not Case_Ignorable, apart from the categories Lu, Ll and Lt. */
static const range cased[] = {
    {0xAA, 0xAA},       {0xBA, 0xBA},       {0x2160, 0x217F},   {0x24B6, 0x24E9},
    {0x1F130, 0x1F149}, {0x1F150, 0x1F169}, {0x1F170, 0x1F189},
};

static bool in_ranges(uint32_t character, const range *ranges, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (character >= ranges[i].first && character <= ranges[i].last)
            return true;
    return false;
}

static utf8proc_category_t category(uint32_t character)
{
    return utf8proc_category((utf8proc_int32_t)character);
}

bool sbj_next_word(sbj_span text, size_t *at, sbj_span *word)
{
    size_t start = *at, bytes, end;
    *word = (sbj_span){NULL, 0};
    if (start >= text.length) /* `text.text` may be NULL */
        return false;
    while (start < text.length && (bytes = sbj_blank_length((sbj_span){text.text + start, text.length - start})) > 0)
        start += bytes;
    end = start;
    while (end < text.length && sbj_blank_length((sbj_span){text.text + end, text.length - end}) == 0) {
        sbj_utf8_next(text.text + end, &bytes);
        end += bytes;
    }
    *word = (sbj_span){text.text + start, end - start};
    *at = end;
    return end > start;
}

bool sbj_is_separator(uint32_t character)
{
    return character == ' ' || character == '\t' || character == '\n' || character == '\r' ||
           category(character) == UTF8PROC_CATEGORY_ZS;
}

bool sbj_is_control(uint32_t character)
{
    if (character == '\t' || character == '\n' || character == '\r')
        return false;
    switch (category(character)) {
    case UTF8PROC_CATEGORY_CN:
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_CS:
    case UTF8PROC_CATEGORY_CO:
        return true;
    default:
        return false;
    }
}

bool sbj_is_punctuation(uint32_t character)
{
    if ((character >= 33 && character <= 47) || (character >= 58 && character <= 64) ||
        (character >= 91 && character <= 96) || (character >= 123 && character <= 126))
        return true;
    utf8proc_category_t kind = category(character);
    return kind >= UTF8PROC_CATEGORY_PC && kind <= UTF8PROC_CATEGORY_PO;
}

bool sbj_is_mark(uint32_t character)
{
    return category(character) == UTF8PROC_CATEGORY_MN;
}

static bool is_case_ignorable(uint32_t character)
{
    switch (category(character)) {
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_ME:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_SK:
        return true;
    default:
        return in_ranges(character, ignorable, sizeof ignorable / sizeof *ignorable);
    }
}

static bool is_cased(uint32_t character)
{
    utf8proc_category_t kind = category(character);
    return kind == UTF8PROC_CATEGORY_LU || kind == UTF8PROC_CATEGORY_LL || kind == UTF8PROC_CATEGORY_LT ||
           in_ranges(character, cased, sizeof cased / sizeof *cased);
}

/* Unicode's Final_Sigma: a cased character before, none after, those that case ignores left out. */
static bool is_final_sigma(sbj_span text, size_t at, size_t bytes)
{
    size_t before = at, after = at + bytes, size;
    uint32_t character = 0;
    bool found = false;
    while (before > 0 && !found) {
        do
            before--;
        while (((unsigned char)text.text[before] & 0xC0) == 0x80);
        character = sbj_utf8_next(text.text + before, &size);
        found = !is_case_ignorable(character);
    }
    if (!found || !is_cased(character))
        return false;
    for (; after < text.length; after += size) {
        character = sbj_utf8_next(text.text + after, &size);
        if (!is_case_ignorable(character))
            return !is_cased(character);
    }
    return true;
}

/* Whether a character may have a lower-case form, by its first byte: none from U+3000 to U+9FFF has. */
static bool may_change(unsigned char lead)
{
    return (lead >= 'A' && lead <= 'Z') || (lead >= 0xC3 && (lead < 0xE3 || lead > 0xE9));
}

bool sbj_lower(sbj_span text, sbj_strbuf *out, sbj_span *result)
{
    size_t at = 0, bytes;
    *result = text;
    while (at < text.length && !may_change((unsigned char)text.text[at]))
        at++;
    if (at == text.length)
        return true;
    sbj_strbuf_clear(out);
    sbj_strbuf_bytes(out, text.text, at);
    for (; at < text.length; at += bytes) {
        uint32_t character = sbj_utf8_next(text.text + at, &bytes);
        uint32_t lower = (uint32_t)utf8proc_tolower((utf8proc_int32_t)character);
        char encoded[4];
        if (character == 0x130)
            sbj_strbuf_bytes(out, "i\xCC\x87", 3); /* i and a combining dot above */
        else {
            if (character == 0x3A3 && is_final_sigma(text, at, bytes))
                lower = 0x3C2;
            sbj_strbuf_bytes(out, encoded, sbj_utf8_put(lower, encoded));
        }
    }
    *result = (sbj_span){out->text, out->length};
    return !out->failed;
}
