/* Reading texts: see lines.h. */
#include "lines.h"

#include "basics.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Bytes of the well-formed sequence at `s` (Unicode, table 3-7), or 0. */
static size_t sequence_length(const unsigned char *s, size_t left)
{
    unsigned char first = s[0], low = 0x80, high = 0xBF;
    size_t length = first < 0x80 ? 1 : first < 0xC2 ? 0 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : first < 0xF5 ? 4 : 0;
    if (length > left)
        return 0;
    if (first == 0xE0)
        low = 0xA0; /* no overlong forms */
    else if (first == 0xED)
        high = 0x9F; /* no surrogates */
    else if (first == 0xF0)
        low = 0x90;
    else if (first == 0xF4)
        high = 0x8F; /* nothing past U+10FFFF */
    for (size_t i = 1; i < length; i++) {
        if (s[i] < low || s[i] > high)
            return 0;
        low = 0x80;
        high = 0xBF;
    }
    return length;
}

size_t utf8_valid_length(const char *text, size_t length)
{
    size_t at = 0;
    while (at < length) {
        size_t n = sequence_length((const unsigned char *)text + at, length - at);
        if (n == 0)
            break;
        at += n;
    }
    return at;
}

/* Where the last line of these bytes begins. */
static size_t last_line(const char *bytes, size_t length)
{
    while (length > 0 && bytes[length - 1] != '\n')
        length--;
    return length;
}

/* All that comes, or up to the end of the part that shows a line to be too long: split() tells. */
static char *read_all(FILE *stream, size_t *length)
{
    size_t room = 1 << 16, used = 0, line = 0, n;
    char *bytes = take(room, 1);
    while (used - line <= LINES_MAX_LENGTH && (n = fread(bytes + used, 1, room - used - 1, stream)) > 0) {
        size_t last = last_line(bytes + used, n);
        line = last > 0 ? used + last : line;
        used += n;
        if (room - used < 2)
            bytes = take_more(bytes, room *= 2, 1);
    }
    bytes[used] = '\0';
    *length = used;
    return bytes;
}

/* Where the text begins: some editors put a byte order mark before it. */
static size_t after_mark(const char *bytes, size_t length)
{
    return length >= 3 && memcmp(bytes, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
}

/* Lines end with a line feed, or with a carriage return and one. `before`: lines of the file that came before these. */
static int split(text_lines *lines, size_t length, const char *name, size_t before)
{
    char *bytes = lines->bytes;
    size_t feeds = 0;
    for (size_t i = 0; i < length; i++)
        feeds += bytes[i] == '\n';
    lines->texts = take(feeds + 1, sizeof *lines->texts);
    lines->lengths = take(feeds + 1, sizeof *lines->lengths);
    for (size_t start = before == 0 ? after_mark(bytes, length) : 0; start < length;) {
        char *feed = memchr(bytes + start, '\n', length - start);
        size_t n = feed ? (size_t)(feed - bytes) - start : length - start;
        if (n > LINES_MAX_LENGTH)
            return data_wrong("%s: line %zu: longer than %d bytes, the most that a line may have", name,
                              before + lines->count + 1, (int)LINES_MAX_LENGTH);
        size_t good = utf8_valid_length(bytes + start, n);
        if (good == 0 && n > 1 && before + lines->count == 0 &&
            (!memcmp(bytes, "\xFF\xFE", 2) || !memcmp(bytes, "\xFE\xFF", 2)))
            return data_wrong("%s: begins with the byte order mark of UTF-16 or UTF-32, expected UTF-8: save it as UTF-8",
                              name);
        if (good < n)
            return data_wrong("%s: line %zu: expected UTF-8, found byte 0x%02X at byte %zu of the line", name,
                              before + lines->count + 1, (unsigned char)bytes[start + good], good + 1);
        const size_t text = feed && n > 0 && bytes[start + n - 1] == '\r' ? n - 1 : n;
        bytes[start + text] = '\0';
        lines->texts[lines->count] = bytes + start;
        lines->lengths[lines->count++] = text;
        start += n + 1;
    }
    return DONE;
}

static int open_stream(const char *path, FILE **stream, const char **name)
{
    int from_stdin = !path || !strcmp(path, "-");
    *name = from_stdin ? "standard input" : path;
    *stream = from_stdin ? stdin : fopen(path, "rb");
    return *stream ? DONE : data_wrong("%s: cannot be opened: %s", *name, strerror(errno));
}

int lines_read(text_lines *lines, const char *path)
{
    const char *name;
    FILE *stream;
    size_t length;
    memset(lines, 0, sizeof *lines);
    int status = open_stream(path, &stream, &name);
    if (status != DONE)
        return status;
    errno = 0;
    lines->bytes = read_all(stream, &length);
    int failed = ferror(stream), reason = errno;
    if (stream != stdin)
        fclose(stream);
    if (failed)
        return data_wrong("%s: cannot be read: %s", name, strerror(reason));
    return split(lines, length, name, 0);
}

void lines_free(text_lines *lines)
{
    free(lines->bytes);
    free(lines->texts);
    free(lines->lengths);
    memset(lines, 0, sizeof *lines);
}

int parts_open(line_parts *parts, const char *path)
{
    return open_stream(path, &parts->stream, &parts->name);
}

/* Keeps what stands behind the last line feed for the next part; the bytes up to there are the result. */
static size_t put_aside(line_parts *parts, const char *bytes, size_t length)
{
    size_t end = last_line(bytes, length);
    parts->rest_length = length - end;
    parts->rest = take(parts->rest_length, 1);
    memcpy(parts->rest, bytes + end, parts->rest_length);
    return end;
}

int parts_next(line_parts *parts, text_lines *lines)
{
    enum { PART = 1 << 22 };
    size_t used = parts->rest_length, n;
    memset(lines, 0, sizeof *lines);
    char *bytes = lines->bytes = take_more(parts->rest, used + 1, 1);
    parts->rest = NULL;
    errno = 0;
    do {
        bytes = lines->bytes = take_more(bytes, used + PART + 1, 1);
        n = fread(bytes + used, 1, PART, parts->stream);
        used += n;
    } while (n == PART && used <= LINES_MAX_LENGTH && !memchr(bytes + used - n, '\n', n));
    if (ferror(parts->stream))
        return data_wrong("%s: cannot be read: %s", parts->name, strerror(errno));
    /* A line that is too long is left to split(), which tells. */
    if (n == PART && used - last_line(bytes, used) <= LINES_MAX_LENGTH)
        used = put_aside(parts, bytes, used);
    else
        parts->rest_length = 0;
    int status = split(lines, used, parts->name, parts->before);
    parts->before += lines->count;
    return status;
}

void parts_close(line_parts *parts)
{
    if (parts->stream && parts->stream != stdin)
        fclose(parts->stream);
    free(parts->rest);
    memset(parts, 0, sizeof *parts);
}
