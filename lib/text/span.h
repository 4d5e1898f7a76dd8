/* A piece of a text that somebody else owns; not NUL-terminated. */
#ifndef SBJ_SPAN_H
#define SBJ_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

typedef struct sbj_span {
    const char *text;
    size_t length;
} sbj_span;

static inline bool sbj_span_equal(sbj_span a, sbj_span b)
{
    return a.length == b.length && (a.length == 0 || memcmp(a.text, b.text, a.length) == 0);
}

/* Takes one word at a time; false: no more of them, please. */
typedef bool (*sbj_word_sink)(void *context, sbj_span word);

#endif
