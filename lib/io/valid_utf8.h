/* Whether bytes from a file are text. */
#ifndef SBJ_VALID_UTF8_H
#define SBJ_VALID_UTF8_H

#include <stddef.h>

/* How many bytes from the start are valid UTF-8 (RFC 3629): `length` if all are. */
size_t sbj_valid_utf8(const char *text, size_t length);

#endif
