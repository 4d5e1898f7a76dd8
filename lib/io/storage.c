/* Windows into storages: bounds first, then order. */
#include "io/storage.h"

#include <string.h>

/* The number of elements, and one more than the largest index into the storage. */
static bool measure(const sbj_pickled_tensor *t, size_t *count, size_t *reach)
{
    if (!sbj_shape_count(t->dimensions, t->shape, count))
        return false;
    *reach = t->offset;
    if (*count == 0)
        return true;
    for (size_t i = 0; i < t->dimensions; i++) {
        size_t along;
        if (!sbj_mul(t->shape[i] - 1, t->stride[i], &along) || !sbj_add(*reach, along, reach))
            return false;
    }
    return sbj_add(*reach, 1, reach);
}

static bool in_row_order(const sbj_pickled_tensor *t)
{
    size_t expected = 1;
    for (size_t i = t->dimensions; i-- > 0; expected *= t->shape[i])
        if (t->shape[i] != 1 && t->stride[i] != expected)
            return false;
    return true;
}

/* Element by element, the last index fastest. */
static void copy_in_order(const sbj_pickled_tensor *t, const unsigned char *data, size_t count, unsigned char *out)
{
    const size_t size = sbj_dtype_size(t->dtype);
    size_t index[SBJ_MOST_DIMENSIONS] = {0};
    for (size_t n = 0; n < count; n++) {
        size_t at = t->offset;
        for (size_t i = 0; i < t->dimensions; i++)
            at += index[i] * t->stride[i];
        memcpy(out + n * size, data + at * size, size);
        for (size_t i = t->dimensions; i-- > 0;) {
            if (++index[i] < t->shape[i])
                break;
            index[i] = 0;
        }
    }
}

sbertja_status sbj_storage_add(sbj_archive *archive, const sbj_pickled_tensor *t, const sbj_storage *storage,
                               sbertja_error *error)
{
    const size_t size = sbj_dtype_size(t->dtype);
    size_t count, reach;
    sbj_stored stored = {.name = t->name, .dtype = t->dtype, .dimensions = t->dimensions};
    if (!measure(t, &count, &reach) || (count > 0 && reach > storage->bytes / size))
        return sbj_fail(error, SBERTJA_E_FORMAT, "%s: reaches past the end of its storage, %zu bytes", t->name,
                        storage->bytes);
    memcpy(stored.shape, t->shape, sizeof stored.shape);
    stored.data = storage->data + (count > 0 ? t->offset * size : 0);
    if (count > 0 && !in_row_order(t)) {
        void *memory;
        size_t bytes;
        if (!sbj_mul(count, size, &bytes))
            return sbj_fail(error, SBERTJA_E_FORMAT, "%s: its size does not fit", t->name);
        sbertja_status status = sbj_archive_copy(archive, bytes, &memory, error);
        if (status != SBERTJA_OK)
            return sbj_in(error, status, "%s", t->name);
        copy_in_order(t, storage->data, count, memory);
        stored.data = memory;
    }
    return sbj_archive_add(archive, &stored, error);
}
