/* A hash of a file that costs little whatever the file's size. */
#ifndef SBJ_SAMPLE_H
#define SBJ_SAMPLE_H

#include <stdint.h>

#include "util/status.h"

/* Continues `*hash` (util/hash.h) with the file's size and its content: all of a small file, evenly spaced blocks of a
 * larger one. Two files with the same hash are almost certainly the same build of the same data; a change of a few
 * bytes that keeps the size may go unnoticed. The file is read, not mapped, so it may change meanwhile. */
sbertja_status sbj_sample_file(const char *path, uint64_t *hash, sbertja_error *error);

#endif
