/* An open file as a source for libzip, which would otherwise open it by name again, or want all of it in memory. */
#ifndef SBJ_ZIP_INPUT_H
#define SBJ_ZIP_INPUT_H

#include "io/input.h"

struct zip;

/* Opens the zip file for reading; `input` must outlive it. `what` begins the error: what was expected. */
sbertja_status sbj_zip_open(const sbj_alloc *alloc, const sbj_input *input, const char *what, struct zip **zip,
                            sbertja_error *error);

#endif
