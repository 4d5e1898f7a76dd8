/* Zip files for targets whose input is a part of one. Parts are stored as they are, so that a change of the input is a
 * change of what the reader sees. */
#ifndef ZIPS_H
#define ZIPS_H

#include <string.h>
#include <zip.h>

#include "fuzz/fuzz.h"

typedef struct fuzz_part {
    const char *name;
    const void *data;
    size_t size;
} fuzz_part;

/* Writes the file `name` and returns its path. */
static inline const char *fuzz_zip(const char *name, const fuzz_part *parts, size_t count)
{
    const char *path = fuzz_path(name);
    int code;
    zip_t *zip = zip_open(path, ZIP_CREATE | ZIP_TRUNCATE, &code);
    fuzz_must(zip != NULL);
    for (size_t i = 0; i < count; i++) {
        zip_source_t *source = zip_source_buffer(zip, parts[i].data, parts[i].size, 0);
        const zip_int64_t index = zip_file_add(zip, parts[i].name, source, ZIP_FL_ENC_UTF_8);
        fuzz_must(index >= 0);
        zip_set_file_compression(zip, (zip_uint64_t)index, ZIP_CM_STORE, 0);
    }
    fuzz_must(zip_close(zip) == 0);
    return path;
}

#endif
