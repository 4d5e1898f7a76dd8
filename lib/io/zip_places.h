/* Where entries of a zip file lie in memory, so that uncompressed ones need no copy. */
#ifndef SBJ_ZIP_PLACES_H
#define SBJ_ZIP_PLACES_H

#include "util/alloc.h"

struct zip;

/* `places[i]`: where in the mapped `file` the data of entry i of `zip` (opened from the same bytes) begins, when the
 * entry is stored uncompressed and all that is needed to know its place is sound and says the same as libzip; else 0. */
void sbj_zip_places(struct zip *zip, const unsigned char *file, size_t size, size_t count, size_t *places);

#endif
