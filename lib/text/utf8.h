/* UTF-8 as RFC 3629 has it: no surrogates, no overlong forms, nothing above U+10FFFF. */
#ifndef SBJ_UTF8_H
#define SBJ_UTF8_H

#include <stddef.h>
#include <stdint.h>

#include "util/status.h"

/* _E_FORMAT "invalid UTF-8 at byte 17" for the first byte that does not belong. */
sbertja_status sbj_utf8_check(const char *text, size_t length, sbertja_error *error);
/* The character at `text`, which is valid and not empty; `*bytes` is its length. */
uint32_t sbj_utf8_next(const char *text, size_t *bytes);
size_t sbj_utf8_put(uint32_t character, char out[4]); /* bytes written */

#endif
