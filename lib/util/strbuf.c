/* Growing text. */
#include "util/strbuf.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static bool make_room(sbj_strbuf *buffer, size_t more)
{
    size_t needed;
    if (buffer->failed || !sbj_add(buffer->length, more, &needed) || !sbj_add(needed, 1, &needed) ||
        !sbj_grow(buffer->alloc, (void **)&buffer->text, &buffer->capacity, buffer->length, needed, 1))
        buffer->failed = true;
    return !buffer->failed;
}

void sbj_strbuf_bytes(sbj_strbuf *buffer, const char *bytes, size_t count)
{
    if (!make_room(buffer, count))
        return;
    if (count > 0)
        memcpy(buffer->text + buffer->length, bytes, count);
    buffer->length += count;
    buffer->text[buffer->length] = '\0';
}

void sbj_strbuf_text(sbj_strbuf *buffer, const char *text)
{
    sbj_strbuf_bytes(buffer, text, strlen(text));
}

void sbj_strbuf_format(sbj_strbuf *buffer, const char *format, ...)
{
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    int n = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (n < 0)
        buffer->failed = true;
    else if (make_room(buffer, (size_t)n)) {
        vsnprintf(buffer->text + buffer->length, (size_t)n + 1, format, again);
        buffer->length += (size_t)n;
    }
    va_end(again);
}

void sbj_strbuf_clear(sbj_strbuf *buffer)
{
    buffer->length = 0;
    buffer->failed = false;
    if (buffer->text != NULL)
        buffer->text[0] = '\0';
}

void sbj_strbuf_free(sbj_strbuf *buffer)
{
    sbj_free(buffer->alloc, buffer->text);
    buffer->text = NULL;
    buffer->length = buffer->capacity = 0;
}
