/* The checkpoint of PyTorch before 1.6: five pickles one after another (a magic number, a protocol version, the writer's
 * sizes, the dictionary, the keys of its storages), then the storages in the order of the keys, each with its number of
 * elements in 8 bytes before it. */
#include <string.h>

#include "io/storage.h"

static const unsigned char magic[] = {0x80, 2,    0x8a, 10,   0x6c, 0xfc, 0x9c, 0x46,
                                      0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, '.'};

typedef struct legacy {
    sbj_archive *archive;
    const unsigned char *at, *end;
    sbj_pickle *dictionary, *keys;
    sbj_storage *storages;
    size_t count, capacity;
} legacy;

static sbertja_status next_pickle(legacy *l, sbj_pickle **pickle, sbertja_error *error)
{
    size_t used;
    sbertja_status status =
        sbj_unpickle(&l->archive->alloc, l->at, (size_t)(l->end - l->at), &used, pickle, error);
    if (status == SBERTJA_OK)
        l->at += used;
    return status;
}

static sbertja_status skip_pickle(legacy *l, sbertja_error *error)
{
    sbj_pickle *pickle;
    sbertja_status status = next_pickle(l, &pickle, error);
    sbj_pickle_free(pickle);
    return status;
}

/* The size of a storage's elements is known from the tensors in it. */
static size_t element_size(const legacy *l, const char *key)
{
    sbj_pickled_tensor tensor;
    for (size_t cursor = 0; sbj_pickle_next_tensor(l->dictionary, &cursor, &tensor);)
        if (strcmp(tensor.key, key) == 0)
            return sbj_dtype_size(tensor.dtype);
    return 0;
}

static sbertja_status read_storage(legacy *l, const char *key, sbertja_error *error)
{
    uint64_t elements = 0;
    size_t bytes;
    const size_t size = element_size(l, key);
    if (size == 0)
        return sbj_fail(error, SBERTJA_E_FORMAT, "storage %s belongs to no tensor", key);
    if (l->end - l->at < 8)
        return sbj_fail(error, SBERTJA_E_FORMAT, "it ends before storage %s", key);
    for (int i = 0; i < 8; i++)
        elements |= (uint64_t)l->at[i] << 8 * i;
    l->at += 8;
    if (!sbj_mul((size_t)elements, size, &bytes) || bytes > (size_t)(l->end - l->at))
        return sbj_fail(error, SBERTJA_E_FORMAT, "it ends in storage %s", key);
    if (!sbj_grow(&l->archive->alloc, (void **)&l->storages, &l->capacity, l->count, l->count + 1,
                  sizeof *l->storages))
        return sbj_no_memory(error, (l->count + 1) * sizeof *l->storages);
    l->storages[l->count++] = (sbj_storage){key, l->at, bytes};
    l->at += bytes;
    return SBERTJA_OK;
}

static sbertja_status add_tensor(legacy *l, const sbj_pickled_tensor *tensor, sbertja_error *error)
{
    for (size_t i = 0; i < l->count; i++)
        if (strcmp(l->storages[i].key, tensor->key) == 0)
            return sbj_storage_add(l->archive, tensor, &l->storages[i], error);
    return sbj_fail(error, SBERTJA_E_FORMAT, "%s: its storage %s is not there", tensor->name, tensor->key);
}

static sbertja_status read_all(legacy *l, sbertja_error *error)
{
    sbj_pickled_tensor tensor;
    const char *key;
    sbertja_status status;
    if ((status = skip_pickle(l, error)) != SBERTJA_OK || (status = skip_pickle(l, error)) != SBERTJA_OK ||
        (status = next_pickle(l, &l->dictionary, error)) != SBERTJA_OK ||
        (status = next_pickle(l, &l->keys, error)) != SBERTJA_OK)
        return status;
    if (!sbj_pickle_is_dictionary(l->dictionary))
        return sbj_fail(error, SBERTJA_E_UNSUPPORTED, "expected a dictionary of tensors");
    for (size_t cursor = 0; (key = sbj_pickle_next_text(l->keys, &cursor)) != NULL && status == SBERTJA_OK;)
        status = read_storage(l, key, error);
    for (size_t cursor = 0; status == SBERTJA_OK && sbj_pickle_next_tensor(l->dictionary, &cursor, &tensor);)
        status = add_tensor(l, &tensor, error);
    return status;
}

sbertja_status sbj_legacy_read(sbj_archive *archive, sbertja_error *error)
{
    legacy l = {.archive = archive, .at = archive->map.data, .end = archive->map.data + archive->map.size};
    if (archive->map.size < sizeof magic || memcmp(archive->map.data, magic, sizeof magic) != 0)
        return sbj_fail(error, SBERTJA_E_FORMAT, "a pickle, but no PyTorch checkpoint");
    l.at += sizeof magic;
    sbertja_status status = read_all(&l, error);
    sbj_pickle_free(l.dictionary);
    sbj_pickle_free(l.keys);
    sbj_free(&archive->alloc, l.storages);
    return status;
}
