/* Texts, one a line. Only the line feed is taken off: blanks, tabs and carriage returns belong to the text, and an
 * empty line is an empty text. A last line without line feed counts; nothing at all is no text. */
#ifndef SBERTJA_LINES_H
#define SBERTJA_LINES_H

#include <stddef.h>

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

/* The place of the first byte that is not valid UTF-8, or `length`. */
size_t utf8_valid_length(const char *text, size_t length);

#endif
