/* PyTorch checkpoints as torch wrote them before 1.6 (and still does when asked to): five pickles, then the storages.
 *
 *     magic number | protocol version | dict about the machine | the object | list of storage keys
 *     for each key: number of elements (8 bytes), elements
 *
 * The sizes of elements stand only in the object, in the persistent ids of its tensors. */
#include <stdlib.h>
#include <string.h>

#include "io/state_dict.h"

static const char magic[] = "\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19";

/* How long a pickle is shows only at its end, so stretches of the file are tried, of the first length and up to the last.
 * The pickle of a model with a thousand layers is some megabytes. */
static const size_t first_stretch = (size_t)256 << 10, last_stretch = (size_t)64 << 20;

typedef struct placed {
    sbj_storage storage;
    size_t place; /* in the file; 0: not met yet */
} placed;

/* A pickle and the bytes that its texts point into. */
typedef struct part {
    sbj_pickle *pickle;
    unsigned char *bytes;
} part;

typedef struct reader {
    sbj_archive *archive;
    size_t at; /* how far the file has been read */
    part object, keys;
    placed *storages; /* of all persistent ids in the object, sorted by key, each key once */
    size_t count;
} reader;

static void free_part(const reader *r, part *p)
{
    sbj_pickle_free(p->pickle);
    sbj_free(&r->archive->alloc, p->bytes);
    *p = (part){NULL, NULL};
}

static sbertja_status try_stretch(reader *r, size_t size, part *p, size_t *used, sbertja_error *error)
{
    if ((p->bytes = sbj_new_raw(&r->archive->alloc, size, 1)) == NULL)
        return sbj_no_memory(error, size);
    sbertja_status status = sbj_input_read(&r->archive->file, r->at, p->bytes, size, error);
    if (status == SBERTJA_OK && (status = sbj_unpickle(&r->archive->alloc, p->bytes, size, &p->pickle, used, error)) !=
                                    SBERTJA_OK)
        sbj_in(error, status, "byte %zu", r->at);
    if (status != SBERTJA_OK)
        free_part(r, p);
    return status;
}

/* The next pickle of the file. */
static sbertja_status next(reader *r, part *p, sbertja_error *error)
{
    const size_t rest = r->archive->file.size - r->at;
    sbertja_status status;
    size_t used = 0;
    *p = (part){NULL, NULL};
    for (size_t size = first_stretch;; size *= 4) {
        const size_t some = size < rest ? size : rest;
        status = try_stretch(r, some, p, &used, error);
        if (status != SBERTJA_E_FORMAT || some == rest || size >= last_stretch)
            break;
    }
    r->at += used;
    return status;
}

static bool is_magic(const sbj_pickled *value)
{
    return value->kind == SBJ_PICKLED_WIDE && value->as.text.length == sizeof magic - 1 &&
           memcmp(value->as.text.bytes, magic, sizeof magic - 1) == 0;
}

static bool is_version(const sbj_pickled *value)
{
    return value->kind == SBJ_PICKLED_INTEGER && value->as.integer == 1001;
}

static bool is_little_endian(const sbj_pickled *value)
{
    if (value->kind != SBJ_PICKLED_DICTIONARY)
        return false;
    for (size_t i = 0; i + 1 < value->as.list.count; i += 2)
        if (sbj_pickled_is_text(value->as.list.items[i], "little_endian"))
            return value->as.list.items[i + 1]->kind == SBJ_PICKLED_BOOLEAN && value->as.list.items[i + 1]->as.integer;
    return false;
}

static sbertja_status read_beginning(reader *r, sbertja_error *error)
{
    static const struct {
        bool (*is_good)(const sbj_pickled *value);
        sbertja_status status;
        const char *what;
    } parts[] = {
        {is_magic, SBERTJA_E_FORMAT, "a pickle, but not a PyTorch checkpoint"},
        {is_version, SBERTJA_E_UNSUPPORTED, "a PyTorch checkpoint of another version than 1001"},
        {is_little_endian, SBERTJA_E_UNSUPPORTED, "a PyTorch checkpoint that is not little-endian"},
    };
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        part read;
        sbertja_status status = next(r, &read, error);
        if (status != SBERTJA_OK)
            return status;
        bool good = parts[i].is_good(sbj_pickle_root(read.pickle));
        free_part(r, &read);
        if (!good)
            return sbj_fail(error, parts[i].status, "%s", parts[i].what);
    }
    return SBERTJA_OK;
}

/* Of a storage that is looked for and a placed one, which begins with its storage. */
static int compare_keys(const void *a, const void *b)
{
    const sbj_storage *x = a, *y = b;
    size_t shorter = x->key_length < y->key_length ? x->key_length : y->key_length;
    int order = shorter > 0 ? memcmp(x->key, y->key, shorter) : 0;
    return order != 0 ? order : (x->key_length > y->key_length) - (x->key_length < y->key_length);
}

static placed *find_placed(const reader *r, const sbj_storage *storage)
{
    return bsearch(storage, r->storages, r->count, sizeof *r->storages, compare_keys);
}

/* Two tensors that share a storage have it twice in the pickle; it must be the same both times. */
static sbertja_status sort_storages(reader *r, sbertja_error *error)
{
    size_t kept = 0;
    qsort(r->storages, r->count, sizeof *r->storages, compare_keys);
    for (size_t i = 0; i < r->count; i++) {
        const sbj_storage *storage = &r->storages[i].storage, *last = kept > 0 ? &r->storages[kept - 1].storage : NULL;
        if (last == NULL || compare_keys(last, storage) != 0)
            r->storages[kept++] = r->storages[i];
        else if (last->dtype != storage->dtype || last->count != storage->count)
            return sbj_fail(error, SBERTJA_E_FORMAT, "a storage with two descriptions");
    }
    r->count = kept;
    return SBERTJA_OK;
}

static sbertja_status collect_storages(reader *r, sbertja_error *error)
{
    const sbj_pickled *value;
    size_t capacity = 0;
    for (size_t i = 0; (value = sbj_pickle_value(r->object.pickle, i)) != NULL; i++) {
        if (value->kind != SBJ_PICKLED_STORAGE)
            continue;
        if (!sbj_grow(&r->archive->alloc, (void **)&r->storages, &capacity, r->count, r->count + 1,
                      sizeof *r->storages))
            return sbj_no_memory(error, (r->count + 1) * sizeof *r->storages);
        placed *added = &r->storages[r->count];
        added->place = 0;
        sbertja_status status = sbj_storage_read(value, &added->storage, error);
        if (status != SBERTJA_OK)
            return status;
        r->count++;
    }
    return r->count > 0 ? sort_storages(r, error) : SBERTJA_OK;
}

static sbertja_status place_storage(reader *r, const sbj_pickled *key, sbertja_error *error)
{
    const sbj_input *file = &r->archive->file;
    uint64_t count;
    if (key->kind != SBJ_PICKLED_TEXT)
        return sbj_fail(error, SBERTJA_E_FORMAT, "a storage key that is no string");
    sbj_storage wanted = {.key = key->as.text.bytes, .key_length = key->as.text.length};
    placed *found = r->count > 0 ? find_placed(r, &wanted) : NULL;
    if (found == NULL || found->place != 0)
        return sbj_fail(error, SBERTJA_E_FORMAT, "a storage key that no tensor has, or that comes twice");
    if (file->size - r->at < sizeof count)
        return sbj_fail(error, SBERTJA_E_FORMAT, "ends before the data of a storage");
    sbertja_status status = sbj_input_read(file, r->at, &count, sizeof count, error);
    if (status != SBERTJA_OK)
        return status;
    r->at += sizeof count;
    if (count != found->storage.count || file->size - r->at < found->storage.bytes)
        return sbj_fail(error, SBERTJA_E_FORMAT, "byte %zu: expected the %zu elements of a storage, found %llu%s",
                        r->at - sizeof count, found->storage.count, (unsigned long long)count,
                        count == found->storage.count ? " announced and too few bytes" : "");
    found->place = r->at;
    r->at += found->storage.bytes;
    return SBERTJA_OK;
}

static sbertja_status place_storages(reader *r, sbertja_error *error)
{
    const sbj_pickled *keys = sbj_pickle_root(r->keys.pickle);
    if (keys->kind != SBJ_PICKLED_LIST)
        return sbj_fail(error, SBERTJA_E_FORMAT, "expected a list of storage keys, found %s",
                        sbj_pickled_kind_name(keys));
    for (size_t i = 0; i < keys->as.list.count; i++) {
        sbertja_status status = place_storage(r, keys->as.list.items[i], error);
        if (status != SBERTJA_OK)
            return status;
    }
    if (r->at != r->archive->file.size)
        return sbj_fail(error, SBERTJA_E_FORMAT, "%zu bytes follow the last storage",
                        r->archive->file.size - r->at);
    return SBERTJA_OK;
}

static sbertja_status find_data(void *context, const sbj_storage *storage, sbj_found *found, sbertja_error *error)
{
    const placed *known = find_placed(context, storage);
    if (known == NULL || known->place == 0)
        return sbj_fail(error, SBERTJA_E_FORMAT, "its storage is not in the file");
    *found = (sbj_found){NULL, known->place};
    return SBERTJA_OK;
}

sbertja_status sbj_legacy_read(sbj_archive *archive, sbertja_error *error)
{
    reader r = {.archive = archive};
    sbertja_status status = read_beginning(&r, error);
    if (status == SBERTJA_OK)
        status = next(&r, &r.object, error);
    if (status == SBERTJA_OK)
        status = next(&r, &r.keys, error);
    if (status == SBERTJA_OK)
        status = collect_storages(&r, error);
    if (status == SBERTJA_OK)
        status = place_storages(&r, error);
    if (status == SBERTJA_OK)
        status = sbj_state_dict_read(archive, sbj_pickle_root(r.object.pickle), find_data, &r, error);
    sbj_free(&archive->alloc, r.storages);
    free_part(&r, &r.keys);
    free_part(&r, &r.object);
    return status;
}
