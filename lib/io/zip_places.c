/* A second, narrow look at the central directory, because libzip does not say where an entry lies. Nothing depends on
 * it: whatever is unusual here (zip64 fields, several disks) leaves an entry without a place, and it is copied.
 *
 *     central record: "PK\1\2" ... @20 compressed size @24 size @28 lengths of name, extra, comment @42 local offset
 *     local header:   "PK\3\4" ... @26 lengths of name, extra @30 name, extra, data
 *     end record:     "PK\5\6" ... @10 entries @12 size and @16 offset of the central directory @20 length of comment */
#include "io/zip_places.h"

#include <string.h>
#include <zip.h>

enum { CENTRAL = 46, LOCAL = 30, END = 22, LONGEST_COMMENT = 65535 };

static size_t number(const unsigned char *at, int bytes)
{
    size_t value = 0;
    while (bytes-- > 0)
        value = value << 8 | at[bytes];
    return value;
}

/* The end record is the last thing in the file but for a comment. */
static const unsigned char *find_end(const unsigned char *file, size_t size)
{
    for (size_t comment = 0; comment <= LONGEST_COMMENT && size >= END && comment <= size - END; comment++) {
        const unsigned char *at = file + size - END - comment;
        if (memcmp(at, "PK\5\6", 4) == 0 && number(at + 20, 2) == comment)
            return at;
    }
    return NULL;
}

static bool agrees(struct zip *zip, zip_uint64_t index, const char *name, size_t length, size_t stored)
{
    zip_stat_t stat;
    const char *known = zip_get_name(zip, index, ZIP_FL_ENC_RAW);
    const zip_uint64_t needed = ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE | ZIP_STAT_COMP_METHOD | ZIP_STAT_ENCRYPTION_METHOD;
    return known != NULL && strlen(known) == length && memcmp(known, name, length) == 0 &&
           zip_stat_index(zip, index, 0, &stat) == 0 && (stat.valid & needed) == needed &&
           stat.comp_method == ZIP_CM_STORE && stat.encryption_method == ZIP_EM_NONE && stat.size == stat.comp_size &&
           stat.size == stored;
}

/* Where the data of the local header at `local` begins; 0 if there is no such header, or not `bytes` bytes after it. */
static size_t place_of(const unsigned char *file, size_t size, size_t local, size_t bytes)
{
    if (local > size || size - local < LOCAL || memcmp(file + local, "PK\3\4", 4) != 0)
        return 0;
    size_t skip = LOCAL + number(file + local + 26, 2) + number(file + local + 28, 2);
    return size - local >= skip && size - local - skip >= bytes ? local + skip : 0;
}

void sbj_zip_places(struct zip *zip, const unsigned char *file, size_t size, size_t count, size_t *places)
{
    memset(places, 0, count * sizeof *places);
    const unsigned char *end = find_end(file, size);
    if (end == NULL || number(end + 10, 2) != count || number(end + 16, 4) > (size_t)(end - file))
        return;
    const unsigned char *at = file + number(end + 16, 4);
    for (size_t i = 0; i < count; i++) {
        if (end - at < CENTRAL || memcmp(at, "PK\1\2", 4) != 0)
            return;
        size_t stored = number(at + 20, 4), name = number(at + 28, 2);
        size_t record = CENTRAL + name + number(at + 30, 2) + number(at + 32, 2);
        if ((size_t)(end - at) < record)
            return;
        if (agrees(zip, i, (const char *)at + CENTRAL, name, stored))
            places[i] = place_of(file, size, number(at + 42, 4), stored);
        at += record;
    }
}
