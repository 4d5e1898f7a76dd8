/* UTF-8 by utf8proc's decoder, which refuses surrogates, overlong forms and what is above U+10FFFF. */
#include "io/valid_utf8.h"

#include <utf8proc.h>

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
        utf8proc_ssize_t bytes = utf8proc_iterate((const utf8proc_uint8_t *)text + done,
                                                  (utf8proc_ssize_t)(left < 4 ? left : 4), &character);
        if (bytes <= 0)
            break;
        done += (size_t)bytes;
    }
    return done;
}
