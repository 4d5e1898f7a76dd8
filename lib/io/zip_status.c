/* Errors of libzip, and the count in the end record of an archive:
 *
 *     "PK\5\6" ... @10 entries, 0xFFFF: as many or more ... @20 length of the comment that follows */
#include "io/zip_status.h"

#include <errno.h>
#include <string.h>
#include <zip.h>

enum { END = 22, LONGEST_COMMENT = 65535, ZLIB_NO_MEMORY = -4 };

sbertja_status sbj_zip_status(const zip_error_t *fault)
{
    switch (zip_error_code_zip(fault)) {
    case ZIP_ER_MEMORY:
        return SBERTJA_E_MEMORY;
    case ZIP_ER_ZLIB:
        return zip_error_code_system(fault) == ZLIB_NO_MEMORY ? SBERTJA_E_MEMORY : SBERTJA_E_FORMAT;
    case ZIP_ER_NOZIP: /* also what libzip says when it had no memory to look for the directory */
        return errno == ENOMEM ? SBERTJA_E_MEMORY : SBERTJA_E_FORMAT;
    case ZIP_ER_READ:
    case ZIP_ER_SEEK:
    case ZIP_ER_OPEN:
        return SBERTJA_E_IO;
    default:
        return SBERTJA_E_FORMAT;
    }
}

zip_t *sbj_zip_open_source(zip_source_t *source, zip_error_t *fault)
{
    errno = 0; /* see ZIP_ER_NOZIP */
    return zip_open_from_source(source, ZIP_RDONLY, fault);
}

/* Libzip weighs several such records against each other where there are some, so all of them count. */
bool sbj_zip_has_too_many(const unsigned char *file, size_t size)
{
    const size_t tail = size < END + LONGEST_COMMENT ? size : END + LONGEST_COMMENT;
    for (const unsigned char *at = file + (size - tail); (size_t)(file + size - at) >= END; at++)
        if (memcmp(at, "PK\5\6", 4) == 0 && at[10] == 0xFF && at[11] == 0xFF)
            return true;
    return false;
}
