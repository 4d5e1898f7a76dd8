/* Whether bytes from a file are text. */
#ifndef SBJ_VALID_UTF8_H
#define SBJ_VALID_UTF8_H

#include "util/status.h"

/* How many bytes from the start are valid UTF-8 (RFC 3629): `length` if all are. */
size_t sbj_valid_utf8(const char *text, size_t length);
/* Gives the length of the UTF-8 byte order mark that the file begins with, 0 or 3: it is no part of the text. A file in
 * UTF-16 or UTF-32, by its mark, is _E_FORMAT. */
sbertja_status sbj_skip_byte_order_mark(const unsigned char *data, size_t size, size_t *mark, sbertja_error *error);

#endif
