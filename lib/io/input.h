/* Files that are read. Their bytes are copied into memory and not mapped, so that nothing that happens to a file later
 * can end the process or change what was read. A file that is written to while it is read is an error, and never a
 * mixture of both contents. */
#ifndef SBJ_INPUT_H
#define SBJ_INPUT_H

#include <time.h>

#include "util/alloc.h"

/* An open regular file, with what shows whether it was written to since. It can still be read when its name is given to
 * another file or deleted. Reading does not move a position, so threads and child processes may share it. */
typedef struct sbj_input {
    const char *path; /* for errors; the caller's */
    bool open;
    bool fresh; /* changed in the last milliseconds: its times may not show a write that follows */
    int file;
    size_t size;
    uint64_t device, node, links;
    struct timespec written, changed;
} sbj_input;

sbertja_status sbj_input_open(const char *path, sbj_input *input, sbertja_error *error); /* a directory is an error */
void sbj_input_close(sbj_input *input); /* takes a zeroed one */
/* Copies `size` bytes from `offset` on; _E_IO if the file does not have them any more. */
sbertja_status sbj_input_read(const sbj_input *input, size_t offset, void *data, size_t size, sbertja_error *error);
/* _E_IO if the descriptor is not this file's any more: a host that becomes a daemon may close all that it finds. */
sbertja_status sbj_input_owned(const sbj_input *input, sbertja_error *error);
/* _E_IO if the file was written to since it was opened, as far as its size and times tell. A file that is given another
 * name meanwhile may be taken for one that was written to, but not by the second, which believes the time of writing. */
sbertja_status sbj_input_check(const sbj_input *input, sbertja_error *error);
sbertja_status sbj_input_check_written(const sbj_input *input, sbertja_error *error);
/* The error of both. */
sbertja_status sbj_input_changed(const sbj_input *input, sbertja_error *error);

/* A whole file in memory. */
typedef struct sbj_content {
    sbj_alloc alloc;
    unsigned char *data; /* never NULL after success, also for an empty file; a NUL follows it */
    size_t size;
} sbj_content;

sbertja_status sbj_content_read(const sbj_alloc *alloc, const char *path, sbj_content *content, sbertja_error *error);
/* The same of a file that may have `max` bytes; a larger one is _E_FORMAT and is not read. */
sbertja_status sbj_content_read_max(const sbj_alloc *alloc, const char *path, size_t max, sbj_content *content,
                                    sbertja_error *error);
void sbj_content_free(sbj_content *content); /* takes a zeroed one */

#endif
