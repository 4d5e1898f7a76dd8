/* Statuses and error texts. Every function that can fail returns a sbertja_status and takes the caller's error last. */
#ifndef SBJ_STATUS_H
#define SBJ_STATUS_H

#include "sbertja.h"

/* Fills `error` (may be NULL) from a printf format and returns `status`, so that `return sbj_fail(...)` reads as one.
 * A text that does not fit is cut at a character's edge. */
sbertja_status sbj_fail(sbertja_error *error, sbertja_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Puts "prefix: " before the text of an error already made: the file, the tensor, the line. Returns its status. */
sbertja_status sbj_in(sbertja_error *error, sbertja_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Cuts a text that filled its room at the last whole UTF-8 character. */
void sbj_cut_at_character(char *text, size_t room);

sbertja_status sbj_no_memory(sbertja_error *error, size_t bytes);

#endif
