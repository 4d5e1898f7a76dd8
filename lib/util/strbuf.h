/* A text that grows. It remembers a failed allocation, so that many appends need one check at the end. */
#ifndef SBJ_STRBUF_H
#define SBJ_STRBUF_H

#include "util/alloc.h"

typedef struct sbj_strbuf {
    const sbj_alloc *alloc;
    char *text; /* NUL-terminated once something was appended, else NULL */
    size_t length, capacity;
    bool failed;
} sbj_strbuf;

#define SBJ_STRBUF(allocator) {(allocator), NULL, 0, 0, false}

void sbj_strbuf_bytes(sbj_strbuf *buffer, const char *bytes, size_t count);
void sbj_strbuf_text(sbj_strbuf *buffer, const char *text);
void sbj_strbuf_format(sbj_strbuf *buffer, const char *format, ...) __attribute__((format(printf, 2, 3)));
void sbj_strbuf_clear(sbj_strbuf *buffer); /* length 0, no failure; the memory stays */
void sbj_strbuf_free(sbj_strbuf *buffer);

#endif
