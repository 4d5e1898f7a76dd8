/* What libzip's errors mean here, and whether an archive is worth opening. */
#ifndef SBJ_ZIP_STATUS_H
#define SBJ_ZIP_STATUS_H

#include <stdbool.h>

#include "util/status.h"

struct zip_error;

/* _E_MEMORY when libzip or zlib had no memory, _E_IO when reading failed, else _E_FORMAT. */
sbertja_status sbj_zip_status(const struct zip_error *fault);
/* Whether the archive has 65,535 entries or more. Libzip keeps a record of several hundred bytes for each, all of them
 * before it gives control back. */
bool sbj_zip_has_too_many(const unsigned char *file, size_t size);

#endif
