/* The archive that all forms of weight files are read into: tensors, their names, and memory. */
#include "io/archive.h"

#include <stdlib.h>
#include <string.h>

#include "io/archive_private.h"

static const struct {
    const char *name;
    size_t size;
} types[] = {
    [SBJ_DTYPE_F64] = {"F64", 8}, [SBJ_DTYPE_F32] = {"F32", 4}, [SBJ_DTYPE_F16] = {"F16", 2},
    [SBJ_DTYPE_BF16] = {"BF16", 2}, [SBJ_DTYPE_I64] = {"I64", 8}, [SBJ_DTYPE_I32] = {"I32", 4},
    [SBJ_DTYPE_I16] = {"I16", 2}, [SBJ_DTYPE_I8] = {"I8", 1}, [SBJ_DTYPE_U8] = {"U8", 1},
    [SBJ_DTYPE_BOOL] = {"BOOL", 1},
};

const char *sbj_dtype_name(sbj_dtype dtype)
{
    return types[dtype].name;
}

size_t sbj_dtype_size(sbj_dtype dtype)
{
    return types[dtype].size;
}

bool sbj_dtype_named(const char *name, sbj_dtype *dtype)
{
    for (int i = SBJ_DTYPE_F64; i <= SBJ_DTYPE_BOOL; i++)
        if (strcmp(types[i].name, name) == 0) {
            *dtype = (sbj_dtype)i;
            return true;
        }
    return false;
}

bool sbj_shape_count(size_t dimensions, const size_t *shape, size_t *count)
{
    *count = 1;
    for (size_t i = 0; i < dimensions; i++)
        if (!sbj_mul(*count, shape[i], count))
            return false;
    return true;
}

sbertja_status sbj_archive_add(sbj_archive *archive, const sbj_stored *stored, sbertja_error *error)
{
    size_t count;
    if (!sbj_shape_count(stored->dimensions, stored->shape, &count))
        return sbj_fail(error, SBERTJA_E_FORMAT, "%s: a shape too large for this machine", stored->name);
    if (!sbj_grow(&archive->alloc, (void **)&archive->tensors, &archive->capacity, archive->count, archive->count + 1,
                  sizeof *archive->tensors))
        return sbj_no_memory(error, (archive->count + 1) * sizeof *archive->tensors);
    char *name = sbj_copy_text(&archive->alloc, stored->name, strlen(stored->name));
    if (name == NULL)
        return sbj_no_memory(error, strlen(stored->name) + 1);
    sbj_stored *added = &archive->tensors[archive->count++];
    *added = *stored;
    added->name = name;
    added->count = count;
    return SBERTJA_OK;
}

sbertja_status sbj_archive_add_metadata(sbj_archive *archive, const char *key, const char *value, sbertja_error *error)
{
    size_t n = archive->metadata_count;
    if (!sbj_grow(&archive->alloc, (void **)&archive->metadata, &archive->metadata_capacity, n, n + 2,
                  sizeof *archive->metadata))
        return sbj_no_memory(error, (n + 2) * sizeof *archive->metadata);
    archive->metadata[n] = sbj_copy_text(&archive->alloc, key, strlen(key));
    archive->metadata[n + 1] = sbj_copy_text(&archive->alloc, value, strlen(value));
    archive->metadata_count += 2;
    if (archive->metadata[n] == NULL || archive->metadata[n + 1] == NULL)
        return sbj_no_memory(error, strlen(key) + strlen(value) + 2);
    return SBERTJA_OK;
}

sbertja_status sbj_archive_spend(sbj_archive *archive, size_t bytes, sbertja_error *error)
{
    /* Weights hardly shrink when compressed, so a small file that grows large is a trap. */
    size_t most, total;
    if (!sbj_mul(archive->file.size, 8, &most) || !sbj_add(most, (size_t)64 << 20, &most))
        most = SIZE_MAX;
    if (!sbj_add(archive->spent, bytes, &total) || total > most)
        return sbj_fail(error, SBERTJA_E_UNSUPPORTED, "unpacks to more than %zu bytes", most);
    archive->spent = total;
    return SBERTJA_OK;
}

sbertja_status sbj_archive_copy(sbj_archive *archive, size_t bytes, void **memory, sbertja_error *error)
{
    const size_t n = archive->copy_count;
    *memory = NULL;
    sbertja_status status = sbj_archive_spend(archive, bytes, error);
    if (status != SBERTJA_OK)
        return status;
    if (!sbj_grow(&archive->alloc, (void **)&archive->copies, &archive->copy_capacity, n, n + 1,
                  sizeof *archive->copies))
        return sbj_no_memory(error, (n + 1) * sizeof *archive->copies);
    *memory = sbj_new_aligned(&archive->alloc, bytes);
    if (*memory == NULL)
        return sbj_no_memory(error, bytes);
    archive->copies[archive->copy_count++] = *memory;
    return SBERTJA_OK;
}

static int compare_names(const void *a, const void *b)
{
    const sbj_stored *const *x = a, *const *y = b;
    return strcmp((*x)->name, (*y)->name);
}

static sbertja_status sort_names(sbj_archive *archive, sbertja_error *error)
{
    archive->by_name = sbj_new_raw(&archive->alloc, archive->count, sizeof *archive->by_name);
    if (archive->by_name == NULL)
        return sbj_no_memory(error, archive->count * sizeof *archive->by_name);
    for (size_t i = 0; i < archive->count; i++)
        archive->by_name[i] = &archive->tensors[i];
    qsort(archive->by_name, archive->count, sizeof *archive->by_name, compare_names);
    for (size_t i = 1; i < archive->count; i++)
        if (strcmp(archive->by_name[i - 1]->name, archive->by_name[i]->name) == 0)
            return sbj_fail(error, SBERTJA_E_FORMAT, "%s: there twice", archive->by_name[i]->name);
    return SBERTJA_OK;
}

/* A zip begins with its first entry; a pickle with its protocol's number; safetensors with the length of a header that
 * is a JSON object. */
static sbertja_status read_by_content(sbj_archive *archive, sbertja_error *error)
{
    unsigned char data[9];
    const size_t size = archive->file.size < sizeof data ? archive->file.size : sizeof data;
    sbertja_status status = sbj_input_read(&archive->file, 0, data, size, error);
    if (status != SBERTJA_OK)
        return status;
    if (size >= 9 && data[8] == '{')
        return sbj_safetensors_read(archive, error);
    if (size >= 4 && memcmp(data, "PK\3\4", 4) == 0)
        return sbj_checkpoint_read(archive, error);
    if (size >= 2 && data[0] == 0x80 && data[1] <= 5)
        return sbj_legacy_read(archive, error);
    return sbj_fail(error, SBERTJA_E_FORMAT, "expected a safetensors file or a PyTorch checkpoint, found %s",
                    size == 0 ? "an empty file" : "something else");
}

static sbertja_status open_archive(sbj_archive *archive, const char *path, sbertja_error *error)
{
    sbertja_error change;
    archive->path = sbj_copy_text(&archive->alloc, path, strlen(path));
    if (archive->path == NULL)
        return sbj_no_memory(error, strlen(path) + 1);
    sbertja_status status = sbj_input_open(archive->path, &archive->file, error);
    if (status != SBERTJA_OK)
        return status;
    status = read_by_content(archive, error);
    if (status == SBERTJA_OK)
        status = sort_names(archive, error);
    if (status == SBERTJA_OK || status == SBERTJA_E_IO)
        return status;
    if (sbj_input_check(&archive->file, &change) == SBERTJA_OK)
        return sbj_in(error, status, "%s", path);
    return sbj_input_check(&archive->file, error); /* what was read is a mixture, and no fault of the file's */
}

sbertja_status sbj_archive_open(const sbj_alloc *alloc, const char *path, sbj_archive **result, sbertja_error *error)
{
    *result = NULL;
    sbj_archive *archive = sbj_new(alloc, 1, sizeof *archive);
    if (archive == NULL)
        return sbj_no_memory(error, sizeof *archive);
    archive->alloc = *alloc;
    sbertja_status status = open_archive(archive, path, error);
    if (status == SBERTJA_OK)
        *result = archive;
    else
        sbj_archive_free(archive);
    return status;
}

sbertja_status sbj_archive_map(sbj_archive *archive, sbertja_error *error)
{
    sbertja_status status = sbj_input_map(&archive->file, &archive->map, error);
    for (size_t i = 0; i < archive->count && status == SBERTJA_OK; i++)
        if (archive->tensors[i].data == NULL)
            archive->tensors[i].data = archive->map.data + archive->tensors[i].place;
    return status;
}

bool sbj_archive_is_fresh(const sbj_archive *archive)
{
    return archive->file.fresh;
}

sbertja_status sbj_archive_check(const sbj_archive *archive, sbertja_error *error)
{
    return sbj_input_check(&archive->file, error);
}

void sbj_archive_free(sbj_archive *archive)
{
    if (archive == NULL)
        return;
    sbj_alloc alloc = archive->alloc;
    for (size_t i = 0; i < archive->count; i++)
        sbj_free(&alloc, (void *)archive->tensors[i].name);
    for (size_t i = 0; i < archive->metadata_count; i++)
        sbj_free(&alloc, archive->metadata[i]);
    for (size_t i = 0; i < archive->copy_count; i++)
        sbj_free_aligned(&alloc, archive->copies[i]);
    sbj_free(&alloc, archive->tensors);
    sbj_free(&alloc, archive->by_name);
    sbj_free(&alloc, archive->metadata);
    sbj_free(&alloc, archive->copies);
    sbj_map_close(&archive->map);
    sbj_input_close(&archive->file);
    sbj_free(&alloc, archive->path);
    sbj_free(&alloc, archive);
}

size_t sbj_archive_count(const sbj_archive *archive)
{
    return archive->count;
}

const sbj_stored *sbj_archive_at(const sbj_archive *archive, size_t index)
{
    return index < archive->count ? &archive->tensors[index] : NULL;
}

const sbj_stored *sbj_archive_find(const sbj_archive *archive, const char *name)
{
    sbj_stored wanted = {.name = name};
    const sbj_stored *key = &wanted;
    const sbj_stored **found =
        bsearch(&key, archive->by_name, archive->count, sizeof *archive->by_name, compare_names);
    return found != NULL ? *found : NULL;
}

const char *sbj_archive_metadata(const sbj_archive *archive, const char *key)
{
    for (size_t i = 0; i < archive->metadata_count; i += 2)
        if (strcmp(archive->metadata[i], key) == 0)
            return archive->metadata[i + 1];
    return NULL;
}

void sbj_archive_forget(const sbj_archive *archive, const sbj_stored *stored)
{
    const unsigned char *data = stored->data;
    if (archive->map.data != NULL && data >= archive->map.data && data < archive->map.data + archive->map.size)
        sbj_map_forget(&archive->map, data, stored->count * sbj_dtype_size(stored->dtype));
}

sbertja_status sbj_entries_measure(const sbj_entry *entries, size_t count, size_t element, size_t *bytes,
                                   size_t *largest, sbertja_error *error)
{
    *bytes = *largest = 0;
    for (size_t i = 0; i < count; i++) {
        size_t elements, size;
        if (entries[i].dimensions > SBJ_MOST_DIMENSIONS)
            return sbj_fail(error, SBERTJA_E_ARGUMENT, "%s: %zu dimensions, expected at most %d", entries[i].name,
                            entries[i].dimensions, SBJ_MOST_DIMENSIONS);
        if (!sbj_shape_count(entries[i].dimensions, entries[i].shape, &elements) ||
            !sbj_mul(elements, element, &size) || !sbj_add(*bytes, size, bytes))
            return sbj_fail(error, SBERTJA_E_ARGUMENT, "%s: too large for this machine", entries[i].name);
        *largest = elements > *largest ? elements : *largest;
    }
    return SBERTJA_OK;
}
