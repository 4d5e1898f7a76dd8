/* A tree of folders for a test, deleted at its end; and dictionaries that are none but look like one from outside. */
#ifndef FOLDERS_H
#define FOLDERS_H

#include <stddef.h>
#include <stdint.h>

/* "FOLDER/name" in a new string, to be freed; the folders above it are made. */
char *folders_path(const char *name);
void folders_write(const char *name, const void *content, size_t size);
void folders_copy(const char *from, const char *name, size_t most); /* the first `most` bytes of a file */
void folders_clear(void);

/* The files of a dictionary in the folder `name`, with this charset and number of contexts in the header of sys.dic. */
void folders_dictionary(const char *name, const char *charset, uint32_t contexts);

#endif
