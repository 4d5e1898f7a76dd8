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

/* A central directory larger than this, of a million entries, is not looked at. */
static const size_t most_directory = (size_t)64 << 20;

static size_t number(const unsigned char *at, int bytes)
{
    size_t value = 0;
    while (bytes-- > 0)
        value = value << 8 | at[bytes];
    return value;
}

/* The end record is the last thing in the file but for a comment. `tail` is how the file ends. */
static const unsigned char *find_end(const unsigned char *tail, size_t size)
{
    for (size_t comment = 0; comment <= LONGEST_COMMENT && size >= END && comment <= size - END; comment++) {
        const unsigned char *at = tail + size - END - comment;
        if (memcmp(at, "PK\5\6", 4) == 0 && number(at + 20, 2) == comment)
            return at;
    }
    return NULL;
}

/* Bytes of the file in memory of their own. */
static sbertja_status copy(const sbj_alloc *alloc, const sbj_input *file, size_t place, size_t size,
                           unsigned char **bytes, sbertja_error *error)
{
    if ((*bytes = sbj_new_raw(alloc, size, 1)) == NULL)
        return sbj_no_memory(error, size);
    sbertja_status status = sbj_input_read(file, place, *bytes, size, error);
    if (status != SBERTJA_OK) {
        sbj_free(alloc, *bytes);
        *bytes = NULL;
    }
    return status;
}

/* The central directory of `count` entries; `*bytes` stays NULL where it is not what it should be. */
static sbertja_status read_directory(const sbj_alloc *alloc, const sbj_input *file, size_t count,
                                     unsigned char **bytes, size_t *size, sbertja_error *error)
{
    const size_t most = END + LONGEST_COMMENT, length = file->size < most ? file->size : most;
    unsigned char *tail;
    sbertja_status status = copy(alloc, file, file->size - length, length, &tail, error);
    *bytes = NULL;
    if (status != SBERTJA_OK)
        return status;
    const unsigned char *end = find_end(tail, length);
    if (end != NULL && number(end + 10, 2) == count) {
        const size_t place = number(end + 16, 4), behind = file->size - length + (size_t)(end - tail);
        if (place <= behind && (*size = behind - place) <= most_directory)
            status = copy(alloc, file, place, *size, bytes, error);
    }
    sbj_free(alloc, tail);
    return status;
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
static sbertja_status find_place(const sbj_input *file, size_t local, size_t bytes, size_t *place,
                                 sbertja_error *error)
{
    unsigned char header[LOCAL];
    *place = 0;
    if (local > file->size || file->size - local < LOCAL)
        return SBERTJA_OK;
    sbertja_status status = sbj_input_read(file, local, header, LOCAL, error);
    if (status != SBERTJA_OK || memcmp(header, "PK\3\4", 4) != 0)
        return status;
    size_t skip = LOCAL + number(header + 26, 2) + number(header + 28, 2);
    if (file->size - local >= skip && file->size - local - skip >= bytes)
        *place = local + skip;
    return SBERTJA_OK;
}

sbertja_status sbj_zip_places(const sbj_alloc *alloc, struct zip *zip, const sbj_input *file, size_t count,
                              size_t *places, sbertja_error *error)
{
    unsigned char *directory;
    size_t size = 0;
    memset(places, 0, count * sizeof *places);
    sbertja_status status = read_directory(alloc, file, count, &directory, &size, error);
    const unsigned char *at = directory;
    for (size_t i = 0; i < count && at != NULL && status == SBERTJA_OK; i++) {
        const size_t left = size - (size_t)(at - directory);
        if (left < CENTRAL || memcmp(at, "PK\1\2", 4) != 0)
            break;
        size_t stored = number(at + 20, 4), name = number(at + 28, 2);
        size_t record = CENTRAL + name + number(at + 30, 2) + number(at + 32, 2);
        if (left < record)
            break;
        if (agrees(zip, i, (const char *)at + CENTRAL, name, stored))
            status = find_place(file, number(at + 42, 4), stored, &places[i], error);
        at += record;
    }
    sbj_free(alloc, directory);
    return status;
}
