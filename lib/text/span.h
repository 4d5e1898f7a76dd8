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

/* The length of text i of a call: `lengths` may be NULL, and a length may be (size_t)-1; the text ends with NUL then. */
static inline size_t sbj_text_length(const char *const *texts, const size_t *lengths, size_t i)
{
    return lengths != NULL && lengths[i] != (size_t)-1 ? lengths[i] : strlen(texts[i]);
}

/* Takes one word at a time; false: no more of them, please. */
typedef bool (*sbj_word_sink)(void *context, sbj_span word);

/* Asked now and then while a long text is cut into words; true: give up, which is _E_STOPPED. */
typedef struct sbj_interrupt {
    bool (*stopped)(void *context); /* NULL: never */
    void *context;
} sbj_interrupt;

#endif
