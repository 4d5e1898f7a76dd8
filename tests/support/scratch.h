/* A folder of its own for the files that a test writes. */
#ifndef SCRATCH_H
#define SCRATCH_H

#include <stddef.h>

/* The path of `name` in the folder, which is made on the first call; valid until the next one. */
const char *scratch_path(const char *name);
/* The same, of a new file with this content. */
const char *scratch_file(const char *name, const void *content, size_t size);
/* The whole of a file, to be freed; ends the test if it cannot be read. */
char *scratch_read(const char *path, size_t *size);
void scratch_clear(void); /* deletes the files and the folder */

#endif
