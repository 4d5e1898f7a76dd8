/* UTF-8 as RFC 3629 has it: no surrogates, no overlong forms, nothing above U+10FFFF. */
#ifndef SBJ_UTF8_H
#define SBJ_UTF8_H

#include <stddef.h>
#include <stdint.h>

#include "util/status.h"

/* _E_FORMAT "invalid UTF-8 at byte 17" for the first byte that does not belong. */
sbertja_status sbj_utf8_check(const char *text, size_t length, sbertja_error *error);
/* The character at `text`, which is valid and not empty; `*bytes` is its length. */
static inline uint32_t sbj_utf8_next(const char *text, size_t *bytes)
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

size_t sbj_utf8_put(uint32_t character, char out[4]); /* bytes written */

#endif
