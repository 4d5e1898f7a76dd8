/* What the targets of the weight files share: every value of every tensor is read. */
#ifndef ARCHIVES_H
#define ARCHIVES_H

#include <stdlib.h>

#include "fuzz/fuzz.h"
#include "io/archive.h"

static inline void fuzz_archive(const char *path)
{
    sbertja_error error = {SBERTJA_OK, ""};
    sbj_archive *archive;
    if (sbj_archive_open(&sbj_malloc, path, &archive, &error) != SBERTJA_OK) {
        fuzz_must(archive == NULL && error.message[0] != '\0');
        return;
    }
    for (size_t i = 0; i < sbj_archive_count(archive); i++) {
        const sbj_stored *stored = sbj_archive_at(archive, i);
        fuzz_must(sbj_archive_find(archive, stored->name) != NULL);
        if (stored->count > (size_t)1 << 22)
            continue; /* one value, repeated */
        float *values = malloc(stored->count * sizeof *values + 1);
        fuzz_must(values != NULL);
        sbj_stored_floats(stored, values, &error);
        free(values);
    }
    sbj_archive_metadata(archive, "format");
    sbj_archive_free(archive);
}

/* A small file of the kind that is meant, as the library writes it. */
static inline sbertja_status fuzz_values(void *context, size_t index, float *values, sbertja_error *error)
{
    (void)context;
    (void)error;
    for (size_t i = 0; i < (index == 0 ? 6 : 3); i++)
        values[i] = (float)i - 1.5f;
    return SBERTJA_OK;
}

static const sbj_entry fuzz_entries[] = {{"embeddings.weight", 2, {2, 3}}, {"pooler.dense.bias", 1, {3}}};

#endif
