/* From pickled calls of _rebuild_tensor_v2 to tensors: every number in them is checked against the storage. */
#include "io/state_dict.h"

#include <string.h>

/* A tensor as the pickle describes it: element (i, j, ...) is number offset + i * stride[0] + j * stride[1] + ... of the
 * storage. */
typedef struct view {
    sbj_storage storage;
    size_t offset, dimensions, shape[SBJ_MOST_DIMENSIONS], stride[SBJ_MOST_DIMENSIONS];
    size_t count;
} view;

static bool size_of(const sbj_pickled *value, size_t *size)
{
    if (value->kind != SBJ_PICKLED_INTEGER || value->as.integer < 0)
        return false;
    *size = (size_t)value->as.integer;
    return true;
}

sbertja_status sbj_storage_read(const sbj_pickled *value, sbj_storage *storage, sbertja_error *error)
{
    const sbj_pickled *id = value->as.arguments;
    sbj_pickled **items = id->as.list.items;
    size_t parts = id->as.list.count;
    if (parts < 5 || parts > 6 || !sbj_pickled_is_text(items[0], "storage") || items[1]->kind != SBJ_PICKLED_GLOBAL ||
        items[1]->as.global.dtype == 0 || items[2]->kind != SBJ_PICKLED_TEXT || !size_of(items[4], &storage->count) ||
        !sbj_mul(storage->count, sbj_dtype_size(items[1]->as.global.dtype), &storage->bytes))
        return sbj_fail(error, SBERTJA_E_FORMAT, "a persistent id that describes no storage");
    if (parts == 6 && items[5]->kind != SBJ_PICKLED_NONE)
        return sbj_fail(error, SBERTJA_E_UNSUPPORTED, "a storage that is a part of another one");
    storage->key = items[2]->as.text.bytes;
    storage->key_length = items[2]->as.text.length;
    storage->dtype = items[1]->as.global.dtype;
    return SBERTJA_OK;
}

/* The number of the element that lies farthest in the storage; false: it is not inside. */
static bool last_element(const view *v, size_t *last)
{
    *last = v->offset;
    for (size_t i = 0; i < v->dimensions; i++) {
        size_t way;
        if (!sbj_mul(v->shape[i] - 1, v->stride[i], &way) || !sbj_add(*last, way, last))
            return false;
    }
    return *last < v->storage.count;
}

static bool is_inside(const view *v)
{
    size_t last;
    return v->count == 0 || last_element(v, &last);
}

static bool is_in_row_order(const view *v)
{
    size_t step = 1;
    for (size_t i = v->dimensions; i-- > 0;) {
        if (v->shape[i] != 1 && v->stride[i] != step)
            return false;
        step *= v->shape[i];
    }
    return true;
}

/* The arguments: storage, offset, shape, strides, requires_grad, hooks[, metadata]. */
static sbertja_status read_view(const sbj_pickled *tensor, view *v, sbertja_error *error)
{
    const sbj_pickled *arguments = tensor->as.arguments;
    sbj_pickled **items = arguments->as.list.items;
    if (arguments->as.list.count < 4 || items[0]->kind != SBJ_PICKLED_STORAGE || !size_of(items[1], &v->offset) ||
        items[2]->kind != SBJ_PICKLED_TUPLE || items[3]->kind != SBJ_PICKLED_TUPLE ||
        items[2]->as.list.count != items[3]->as.list.count)
        return sbj_fail(error, SBERTJA_E_FORMAT, "expected a storage, an offset, a shape and strides");
    v->dimensions = items[2]->as.list.count;
    if (v->dimensions > SBJ_MOST_DIMENSIONS)
        return sbj_fail(error, SBERTJA_E_UNSUPPORTED, "more than %d dimensions", SBJ_MOST_DIMENSIONS);
    for (size_t i = 0; i < v->dimensions; i++)
        if (!size_of(items[2]->as.list.items[i], &v->shape[i]) || !size_of(items[3]->as.list.items[i], &v->stride[i]))
            return sbj_fail(error, SBERTJA_E_FORMAT, "expected whole numbers as shape and strides");
    sbertja_status status = sbj_storage_read(items[0], &v->storage, error);
    if (status != SBERTJA_OK)
        return status;
    if (!sbj_shape_count(v->dimensions, v->shape, &v->count) || !is_inside(v))
        return sbj_fail(error, SBERTJA_E_FORMAT, "does not lie in its storage of %zu elements", v->storage.count);
    /* Strides of 0 repeat elements, without bound. */
    if (v->count > v->storage.count)
        return sbj_fail(error, SBERTJA_E_UNSUPPORTED, "an expanded tensor");
    return SBERTJA_OK;
}

/* `from`: element `v->offset` of the storage. */
static void copy_in_row_order(const view *v, const unsigned char *from, unsigned char *to)
{
    size_t size = sbj_dtype_size(v->storage.dtype), index[SBJ_MOST_DIMENSIONS] = {0};
    for (size_t n = 0; n < v->count; n++, to += size) {
        size_t place = 0;
        for (size_t i = 0; i < v->dimensions; i++)
            place += index[i] * v->stride[i];
        memcpy(to, from + place * size, size);
        for (size_t i = v->dimensions; i-- > 0 && ++index[i] == v->shape[i];)
            index[i] = 0;
    }
}

/* A copy in row order of a tensor that the storage has in another. */
static sbertja_status reorder(sbj_archive *archive, const view *v, sbj_found found, const void **data,
                              sbertja_error *error)
{
    const size_t size = sbj_dtype_size(v->storage.dtype);
    size_t last;
    void *copy;
    unsigned char *read = NULL;
    sbertja_status status = sbj_archive_copy(archive, v->count * size, &copy, error);
    if (status != SBERTJA_OK)
        return status;
    if (found.data == NULL && last_element(v, &last)) {
        const size_t bytes = (last - v->offset + 1) * size;
        if ((status = sbj_archive_spend(archive, bytes, error)) != SBERTJA_OK)
            return status;
        if ((read = sbj_new_raw(&archive->alloc, bytes, 1)) == NULL)
            return sbj_no_memory(error, bytes);
        status = sbj_input_read(&archive->file, found.place + v->offset * size, read, bytes, error);
    }
    if (status == SBERTJA_OK)
        copy_in_row_order(v, read != NULL ? read : found.data + v->offset * size, copy);
    sbj_free(&archive->alloc, read);
    *data = copy;
    return status;
}

static sbertja_status add_tensor(sbj_archive *archive, const char *name, const sbj_pickled *tensor,
                                 sbj_storage_find find, void *context, sbertja_error *error)
{
    view v;
    sbj_found found = {NULL, 0};
    sbertja_status status = read_view(tensor, &v, error);
    if (status == SBERTJA_OK)
        status = find(context, &v.storage, &found, error);
    if (status != SBERTJA_OK)
        return sbj_in(error, status, "%s", name);
    sbj_stored stored = {.name = name, .dtype = v.storage.dtype, .dimensions = v.dimensions, .file = &archive->file};
    memcpy(stored.shape, v.shape, sizeof stored.shape);
    const size_t begin = v.count > 0 ? v.offset * sbj_dtype_size(v.storage.dtype) : 0;
    if (v.count > 0 && !is_in_row_order(&v))
        status = reorder(archive, &v, found, &stored.data, error);
    else if (found.data != NULL)
        stored.data = found.data + begin;
    else
        stored.place = found.place + begin;
    return status == SBERTJA_OK ? sbj_archive_add(archive, &stored, error) : sbj_in(error, status, "%s", name);
}

sbertja_status sbj_state_dict_read(sbj_archive *archive, const sbj_pickled *dictionary, sbj_storage_find find,
                                   void *context, sbertja_error *error)
{
    if (dictionary->kind != SBJ_PICKLED_DICTIONARY)
        return sbj_fail(error, SBERTJA_E_FORMAT, "expected a dict of tensors, found %s",
                        sbj_pickled_kind_name(dictionary));
    for (size_t i = 0; i + 1 < dictionary->as.list.count; i += 2) {
        const sbj_pickled *key = dictionary->as.list.items[i], *value = dictionary->as.list.items[i + 1];
        if (key->kind != SBJ_PICKLED_TEXT || value->kind != SBJ_PICKLED_TENSOR)
            continue;
        if (memchr(key->as.text.bytes, '\0', key->as.text.length) != NULL)
            return sbj_fail(error, SBERTJA_E_FORMAT, "a tensor's name with a NUL byte");
        char *name = sbj_copy_text(&archive->alloc, key->as.text.bytes, key->as.text.length);
        if (name == NULL)
            return sbj_no_memory(error, key->as.text.length + 1);
        sbertja_status status = add_tensor(archive, name, value, find, context, error);
        sbj_free(&archive->alloc, name);
        if (status != SBERTJA_OK)
            return status;
    }
    return SBERTJA_OK;
}
