/* UTF-8. Only sbj_utf8_check doubts its bytes; all else comes after it. */
#include "text/utf8.h"

#include "io/valid_utf8.h"

sbertja_status sbj_utf8_check(const char *text, size_t length, sbertja_error *error)
{
    size_t valid = sbj_valid_utf8(text, length);
    if (valid < length)
        return sbj_fail(error, SBERTJA_E_FORMAT, "invalid UTF-8 at byte %zu", valid);
    return SBERTJA_OK;
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
