/* What the files of lib/io share about writing: a new file that is synced, and names that are not taken. */
#ifndef SBJ_FILE_PRIVATE_H
#define SBJ_FILE_PRIVATE_H

#include "io/file.h"

/* A new file, written from front to back. `path` belongs to the caller and must outlive it. */
typedef struct sbj_output {
    const char *path;
    int file; /* -1: not open */
} sbj_output;

sbertja_status sbj_output_create(const char *path, sbj_output *output, sbertja_error *error);
sbertja_status sbj_output_write(sbj_output *output, const void *data, size_t size, sbertja_error *error);
sbertja_status sbj_output_finish(sbj_output *output, sbertja_error *error); /* syncs and closes */
void sbj_output_discard(sbj_output *output);                                /* closes and deletes; harmless after finish */

/* _E_IO "path: what: the system's reason". */
sbertja_status sbj_fail_errno(sbertja_error *error, const char *path, const char *what, int number);

/* Syncs the file or directory of this name. A file system that cannot sync directories is no error. */
sbertja_status sbj_sync_path(const char *path, sbertja_error *error);
/* Syncs the directory that `path` stands in, so that a rename lasts. */
sbertja_status sbj_sync_parent(const char *path, sbertja_error *error);

/* Tries names "BASE.INFIX-XXXXXX" until `make` succeeds on one or fails for another reason than that it is taken. `make`
 * returns 0, or an errno. */
sbertja_status sbj_make_unique(const sbj_alloc *alloc, const char *base, const char *infix,
                               int (*make)(const char *path, void *context), void *context, char **path,
                               sbertja_error *error);

#endif
