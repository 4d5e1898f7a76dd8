/* Where a zip file has the data of its entries, so that uncompressed ones can be read from there. */
#ifndef SBJ_ZIP_PLACES_H
#define SBJ_ZIP_PLACES_H

#include "io/input.h"

struct zip;

/* `places[i]`: where in the file the data of entry i of `zip` (opened from the same file) begins, when the entry is stored
 * uncompressed and all that is needed to know its place is sound and says the same as libzip; else 0. Fails only when the
 * file cannot be read, or for want of memory. */
sbertja_status sbj_zip_places(const sbj_alloc *alloc, struct zip *zip, const sbj_input *file, size_t count,
                              size_t *places, sbertja_error *error);

#endif
