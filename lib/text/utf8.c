/* UTF-8, decoded and checked by the table of well-formed byte sequences of the Unicode standard (table 3-7). */
#include "text/utf8.h"

#include <string.h>

/* Bytes of the well-formed character at `at`, 0 if there is none. A sequence cut off by `end` is none. */
static size_t well_formed(const unsigned char *at, const unsigned char *end)
{
    size_t left = (size_t)(end - at);
    unsigned char lead = at[0], lowest = 0x80, highest = 0xBF;
    size_t bytes = lead < 0x80 ? 1 : lead < 0xC2 ? 0 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : lead < 0xF5 ? 4 : 0;
    if (bytes < 2 || bytes > left)
        return bytes > left ? 0 : bytes;
    if (lead == 0xE0)
        lowest = 0xA0; /* below: overlong */
    else if (lead == 0xED)
        highest = 0x9F; /* above: surrogates */
    else if (lead == 0xF0)
        lowest = 0x90; /* below: overlong */
    else if (lead == 0xF4)
        highest = 0x8F; /* above: past U+10FFFF */
    if (at[1] < lowest || at[1] > highest)
        return 0;
    for (size_t i = 2; i < bytes; i++)
        if ((at[i] & 0xC0) != 0x80)
            return 0;
    return bytes;
}

sbertja_status sbj_utf8_check(const char *text, size_t length, sbertja_error *error)
{
    const unsigned char *start = (const unsigned char *)text, *at = start, *end = start + length;
    while (at < end) {
        uint64_t word;
        if (end - at >= 8 && (memcpy(&word, at, 8), (word & 0x8080808080808080u) == 0)) {
            at += 8;
            continue;
        }
        size_t bytes = well_formed(at, end);
        if (bytes == 0)
            return sbj_fail(error, SBERTJA_E_FORMAT, "invalid UTF-8 at byte %zu", (size_t)(at - start));
        at += bytes;
    }
    return SBERTJA_OK;
}

uint32_t sbj_utf8_next(const char *text, size_t *bytes)
{
    const unsigned char *at = (const unsigned char *)text;
    if (at[0] < 0x80) {
        *bytes = 1;
        return at[0];
    }
    if (at[0] < 0xE0) {
        *bytes = 2;
        return (uint32_t)(at[0] & 0x1F) << 6 | (at[1] & 0x3Fu);
    }
    if (at[0] < 0xF0) {
        *bytes = 3;
        return (uint32_t)(at[0] & 0x0F) << 12 | (uint32_t)(at[1] & 0x3F) << 6 | (at[2] & 0x3Fu);
    }
    *bytes = 4;
    return (uint32_t)(at[0] & 0x07) << 18 | (uint32_t)(at[1] & 0x3F) << 12 | (uint32_t)(at[2] & 0x3F) << 6 |
           (at[3] & 0x3Fu);
}

size_t sbj_utf8_put(uint32_t character, char out[4])
{
    if (character < 0x80) {
        out[0] = (char)character;
        return 1;
    }
    if (character < 0x800) {
        out[0] = (char)(0xC0 | character >> 6);
        out[1] = (char)(0x80 | (character & 0x3F));
        return 2;
    }
    if (character < 0x10000) {
        out[0] = (char)(0xE0 | character >> 12);
        out[1] = (char)(0x80 | (character >> 6 & 0x3F));
        out[2] = (char)(0x80 | (character & 0x3F));
        return 3;
    }
    out[0] = (char)(0xF0 | character >> 18);
    out[1] = (char)(0x80 | (character >> 12 & 0x3F));
    out[2] = (char)(0x80 | (character >> 6 & 0x3F));
    out[3] = (char)(0x80 | (character & 0x3F));
    return 4;
}
