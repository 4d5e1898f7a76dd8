/* UTF-8 by utf8proc's decoder, which refuses surrogates, overlong forms and what is above U+10FFFF. What most texts
 * consist of is decided here. */
#include "io/valid_utf8.h"

#include <stdbool.h>
#include <string.h>
#include <utf8proc.h>

/* Whether three bytes are a character from U+1000 on, but for U+D000 to U+DFFF: kana, kanji, full-width forms. The
 * others of three bytes are left to the decoder, since their first byte does not allow every second one. */
static bool is_wide(const unsigned char *at)
{
    return at[0] > 0xE0 && at[0] < 0xF0 && at[0] != 0xED && (at[1] & 0xC0) == 0x80 && (at[2] & 0xC0) == 0x80;
}

size_t sbj_valid_utf8(const char *text, size_t length)
{
    size_t done = 0;
    while (done < length) {
        utf8proc_int32_t character;
        size_t left = length - done;
        if ((unsigned char)text[done] < 0x80) {
            done++;
            continue;
        }
        if (left >= 3 && is_wide((const unsigned char *)text + done)) {
            done += 3;
            continue;
        }
        utf8proc_ssize_t bytes = utf8proc_iterate((const utf8proc_uint8_t *)text + done,
                                                  (utf8proc_ssize_t)(left < 4 ? left : 4), &character);
        if (bytes <= 0)
            break;
        done += (size_t)bytes;
    }
    return done;
}

sbertja_status sbj_skip_byte_order_mark(const unsigned char *data, size_t size, size_t *mark, sbertja_error *error)
{
    *mark = size >= 3 && memcmp(data, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
    if (size >= 2 && (memcmp(data, "\xFF\xFE", 2) == 0 || memcmp(data, "\xFE\xFF", 2) == 0))
        return sbj_fail(error, SBERTJA_E_FORMAT,
                        "begins with the byte order mark of UTF-16 or UTF-32, expected UTF-8: save it as UTF-8");
    return SBERTJA_OK;
}
