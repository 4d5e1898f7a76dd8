/* Texts, one a line. Only the line feed is taken off: blanks, tabs and carriage returns belong to the text, and an
 * empty line is an empty text. A last line without line feed counts; nothing at all is no text. */
#ifndef SBERTJA_LINES_H
#define SBERTJA_LINES_H

#include <stddef.h>
#include <stdio.h>

enum { LINES_MAX_LENGTH = 64 << 20 }; /* bytes; a longer line is an error, so that a stream without line ends is one */

typedef struct text_lines {
    char *bytes;        /* the file, line feeds replaced by NUL */
    const char **texts; /* each ends with NUL, and may hold others */
    size_t *lengths;
    size_t count;
} text_lines;

/* Reads a file, or standard input for NULL and "-". Returns the exit status, with a message for what cannot be read and
 * for the first line that is not UTF-8. lines_free() in any case. */
int lines_read(text_lines *lines, const char *path);
void lines_free(text_lines *lines);

/* The same in parts, for files that are larger than memory. Zeroed before the first use. */
typedef struct line_parts {
    FILE *stream;
    const char *name;
    char *rest; /* the beginning of a line whose end has not been read */
    size_t rest_length;
    size_t before; /* lines of the parts so far */
} line_parts;

int parts_open(line_parts *parts, const char *path);
/* The next lines, some megabytes of them; none at the end. lines_free() in any case. */
int parts_next(line_parts *parts, text_lines *lines);
void parts_close(line_parts *parts);

/* The place of the first byte that is not valid UTF-8, or `length`. */
size_t utf8_valid_length(const char *text, size_t length);

#endif
