/* Reading safetensors: the length of the header (8 bytes, little-endian), the header (JSON), the data.
 *
 *     {"NAME": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}, ..., "__metadata__": {"KEY": "VALUE"}}
 *
 * Offsets count from the end of the header. Together the tensors take all of the data, without holes or overlaps: what
 * no tensor has is nothing that anybody checks. */
#include <cjson/cJSON.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "io/archive_private.h"
#include "io/json.h"

static const size_t most_header = 100u * 1000 * 1000;

/* A size in the header; cJSON keeps doubles, which are exact up to 2^53. */
static bool size_of(const struct cJSON *item, size_t *value)
{
    const double most = fmin(0x1p53, (double)(SIZE_MAX / 2));
    if (!cJSON_IsNumber(item) || !(item->valuedouble >= 0 && item->valuedouble <= most) ||
        item->valuedouble != floor(item->valuedouble))
        return false;
    *value = (size_t)item->valuedouble;
    return true;
}

static sbertja_status read_shape(const struct cJSON *entry, sbj_stored *stored, sbertja_error *error)
{
    const struct cJSON *shape = cJSON_GetObjectItemCaseSensitive(entry, "shape"), *item;
    if (!cJSON_IsArray(shape))
        return sbj_fail(error, SBERTJA_E_FORMAT, "%s: shape: expected a list", stored->name);
    cJSON_ArrayForEach(item, shape)
    {
        if (stored->dimensions == SBJ_MOST_DIMENSIONS)
            return sbj_fail(error, SBERTJA_E_UNSUPPORTED, "%s: more than %d dimensions", stored->name,
                            SBJ_MOST_DIMENSIONS);
        if (!size_of(item, &stored->shape[stored->dimensions++]))
            return sbj_fail(error, SBERTJA_E_FORMAT, "%s: shape: expected whole numbers", stored->name);
    }
    return SBERTJA_OK;
}

/* `data` and `size`: where in the file all tensors' data is. */
static sbertja_status read_offsets(const struct cJSON *entry, size_t data, size_t size, sbj_stored *stored,
                                   sbertja_error *error)
{
    const struct cJSON *offsets = cJSON_GetObjectItemCaseSensitive(entry, "data_offsets");
    size_t begin, end, bytes;
    if (!cJSON_IsArray(offsets) || cJSON_GetArraySize(offsets) != 2 || !size_of(offsets->child, &begin) ||
        !size_of(offsets->child->next, &end) || begin > end)
        return sbj_fail(error, SBERTJA_E_FORMAT, "%s: data_offsets: expected a beginning and an end", stored->name);
    if (end > size)
        return sbj_fail(error, SBERTJA_E_FORMAT, "%s: data to byte %zu, but the file has %zu", stored->name, end, size);
    if (!sbj_shape_count(stored->dimensions, stored->shape, &bytes) ||
        !sbj_mul(bytes, sbj_dtype_size(stored->dtype), &bytes) || bytes != end - begin)
        return sbj_fail(error, SBERTJA_E_FORMAT, "%s: %zu bytes of data do not fit its shape and type %s",
                        stored->name, end - begin, sbj_dtype_name(stored->dtype));
    stored->place = data + begin;
    return SBERTJA_OK;
}

static sbertja_status read_tensor(sbj_archive *archive, const struct cJSON *entry, size_t data, size_t size,
                                  sbertja_error *error)
{
    sbj_stored stored = {.name = entry->string, .file = &archive->file};
    const struct cJSON *dtype = cJSON_GetObjectItemCaseSensitive(entry, "dtype");
    if (!cJSON_IsObject(entry) || !cJSON_IsString(dtype))
        return sbj_fail(error, SBERTJA_E_FORMAT, "%s: expected an object with dtype, shape and data_offsets",
                        stored.name);
    if (!sbj_dtype_named(dtype->valuestring, &stored.dtype))
        return sbj_fail(error, SBERTJA_E_UNSUPPORTED, "%s: unknown dtype %s", stored.name, dtype->valuestring);
    sbertja_status status = read_shape(entry, &stored, error);
    if (status == SBERTJA_OK)
        status = read_offsets(entry, data, size, &stored, error);
    return status == SBERTJA_OK ? sbj_archive_add(archive, &stored, error) : status;
}

static sbertja_status read_metadata(sbj_archive *archive, const struct cJSON *metadata, sbertja_error *error)
{
    const struct cJSON *item;
    if (!cJSON_IsObject(metadata) || archive->metadata_count > 0)
        return sbj_fail(error, SBERTJA_E_FORMAT, "__metadata__: expected one object");
    cJSON_ArrayForEach(item, metadata)
    {
        if (!cJSON_IsString(item))
            return sbj_fail(error, SBERTJA_E_FORMAT, "__metadata__: %s: expected a string", item->string);
        sbertja_status status = sbj_archive_add_metadata(archive, item->string, item->valuestring, error);
        if (status != SBERTJA_OK)
            return status;
    }
    return SBERTJA_OK;
}

static size_t bytes_of(const sbj_stored *stored)
{
    return stored->count * sbj_dtype_size(stored->dtype);
}

/* By place; of several at one place the empty ones come first. */
static int compare_places(const void *a, const void *b)
{
    const sbj_stored *x = *(const sbj_stored *const *)a, *y = *(const sbj_stored *const *)b;
    if (x->place != y->place)
        return x->place < y->place ? -1 : 1;
    return (bytes_of(x) > bytes_of(y)) - (bytes_of(x) < bytes_of(y));
}

static sbertja_status check_coverage(const sbj_archive *archive, size_t data, size_t size, sbertja_error *error)
{
    const sbj_stored **sorted = sbj_new_raw(&archive->alloc, archive->count, sizeof *sorted);
    if (sorted == NULL)
        return sbj_no_memory(error, archive->count * sizeof *sorted);
    for (size_t i = 0; i < archive->count; i++)
        sorted[i] = &archive->tensors[i];
    qsort(sorted, archive->count, sizeof *sorted, compare_places);
    sbertja_status status = SBERTJA_OK;
    size_t end = 0;
    for (size_t i = 0; i < archive->count && status == SBERTJA_OK; i++) {
        if (sorted[i]->place != data + end)
            status = sbj_fail(error, SBERTJA_E_FORMAT, "%s: its data overlaps another tensor's or follows a hole",
                              sorted[i]->name);
        end += bytes_of(sorted[i]);
    }
    if (status == SBERTJA_OK && end != size)
        status = sbj_fail(error, SBERTJA_E_FORMAT, "expected %zu bytes of data, found %zu", end, size);
    sbj_free(&archive->alloc, sorted);
    return status;
}

/* The header, and where it ends. */
static sbertja_status read_header(const sbj_archive *archive, sbj_json *json, size_t *end, sbertja_error *error)
{
    const sbj_input *file = &archive->file;
    uint64_t length = 0;
    if (file->size < sizeof length)
        return sbj_fail(error, SBERTJA_E_FORMAT, "ends inside the length of its header");
    sbertja_status status = sbj_input_read(file, 0, &length, sizeof length, error);
    if (status != SBERTJA_OK)
        return status;
    const size_t rest = file->size - sizeof length, most = rest < most_header ? rest : most_header;
    if (length > most)
        return sbj_fail(error, SBERTJA_E_FORMAT, "header of %llu bytes, expected at most %zu",
                        (unsigned long long)length, most);
    char *text = sbj_new_raw(&archive->alloc, (size_t)length, 1);
    if (text == NULL)
        return sbj_no_memory(error, (size_t)length);
    status = sbj_input_read(file, sizeof length, text, (size_t)length, error);
    if (status == SBERTJA_OK)
        status = sbj_json_parse(&archive->alloc, "header", text, (size_t)length, json, error);
    sbj_free(&archive->alloc, text);
    *end = sizeof length + (size_t)length;
    return status;
}

sbertja_status sbj_safetensors_read(sbj_archive *archive, sbertja_error *error)
{
    sbj_json json = {0};
    const struct cJSON *item;
    size_t data = 0;
    sbertja_status status = read_header(archive, &json, &data, error);
    if (status != SBERTJA_OK)
        return status;
    const size_t size = archive->file.size - data;
    if (!cJSON_IsObject(json.root))
        status = sbj_fail(error, SBERTJA_E_FORMAT, "header: expected an object");
    for (item = json.root->child; item != NULL && status == SBERTJA_OK; item = item->next)
        status = strcmp(item->string, "__metadata__") == 0 ? read_metadata(archive, item, error)
                                                           : read_tensor(archive, item, data, size, error);
    if (status == SBERTJA_OK)
        status = check_coverage(archive, data, size, error);
    sbj_json_free(&json);
    return status;
}
