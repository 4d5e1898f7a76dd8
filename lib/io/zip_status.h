/* What libzip's errors mean here, and whether an archive is worth opening. */
#ifndef SBJ_ZIP_STATUS_H
#define SBJ_ZIP_STATUS_H

#include <stdbool.h>

#include "util/status.h"

struct zip;
struct zip_error;
struct zip_source;

/* zip_open_from_source, read only, so that sbj_zip_status can tell why it failed. */
struct zip *sbj_zip_open_source(struct zip_source *source, struct zip_error *fault);

/* _E_MEMORY when libzip or zlib had no memory, _E_IO when reading failed, else _E_FORMAT. */
sbertja_status sbj_zip_status(const struct zip_error *fault);
/* Whether the archive has 65,535 entries or more. Libzip keeps a record of several hundred bytes for each, all of them
 * before it gives control back. */
bool sbj_zip_has_too_many(const unsigned char *file, size_t size);

#endif
