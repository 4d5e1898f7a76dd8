/* The checkpoint of PyTorch 1.6 and later: a zip with PREFIX/data.pkl, the dictionary, and PREFIX/data/KEY, a storage
 * each. libzip unpacks; storages are copied, each once. */
#include <stdio.h>
#include <string.h>
#include <zip.h>

#include "io/storage.h"

enum { MOST_PICKLE = 64 << 20, PATH_ROOM = 512 };

typedef struct checkpoint {
    sbj_archive *archive;
    zip_t *zip;
    char prefix[PATH_ROOM];
    sbj_storage *storages;
    size_t count, capacity;
} checkpoint;

static sbertja_status open_zip(checkpoint *c, sbertja_error *error)
{
    zip_error_t fault;
    zip_error_init(&fault);
    zip_source_t *source = zip_source_buffer_create(c->archive->map.data, c->archive->map.size, 0, &fault);
    if (source != NULL && (c->zip = zip_open_from_source(source, ZIP_RDONLY | ZIP_CHECKCONS, &fault)) == NULL)
        zip_source_free(source);
    sbertja_status status = c->zip != NULL ? SBERTJA_OK
                                           : sbj_fail(error, SBERTJA_E_FORMAT, "not a sound zip file: %s",
                                                      zip_error_strerror(&fault));
    zip_error_fini(&fault);
    return status;
}

/* The folder that data.pkl is in. */
static sbertja_status find_prefix(checkpoint *c, sbertja_error *error)
{
    static const char last[] = "/data.pkl";
    const zip_int64_t entries = zip_get_num_entries(c->zip, 0);
    for (zip_int64_t i = 0; i < entries; i++) {
        const char *name = zip_get_name(c->zip, (zip_uint64_t)i, ZIP_FL_ENC_RAW);
        const size_t length = name == NULL ? 0 : strlen(name);
        if (length >= sizeof last && length < PATH_ROOM / 2 &&
            strcmp(name + length - (sizeof last - 1), last) == 0) {
            snprintf(c->prefix, sizeof c->prefix, "%.*s", (int)(length - (sizeof last - 1)), name);
            return SBERTJA_OK;
        }
    }
    return sbj_fail(error, SBERTJA_E_FORMAT, "a zip file without data.pkl: no PyTorch checkpoint");
}

/* The whole entry PREFIX/name, in memory of the archive. */
static sbertja_status read_entry(checkpoint *c, const char *name, size_t most, const unsigned char **data, size_t *size,
                                 sbertja_error *error)
{
    char path[PATH_ROOM + 64];
    zip_stat_t stat;
    void *memory;
    snprintf(path, sizeof path, "%s/%s", c->prefix, name);
    if (zip_stat(c->zip, path, ZIP_FL_ENC_RAW, &stat) != 0 || (stat.valid & ZIP_STAT_SIZE) == 0)
        return sbj_fail(error, SBERTJA_E_FORMAT, "%s is not there", path);
    if (stat.size > most)
        return sbj_fail(error, SBERTJA_E_UNSUPPORTED, "%s: more than %zu bytes", path, most);
    sbertja_status status = sbj_archive_copy(c->archive, (size_t)stat.size, &memory, error);
    if (status != SBERTJA_OK)
        return sbj_in(error, status, "%s", path);
    zip_file_t *file = zip_fopen_index(c->zip, stat.index, 0);
    zip_int64_t got = file == NULL ? -1 : zip_fread(file, memory, stat.size);
    if (file != NULL && zip_fclose(file) != 0)
        got = -1;
    if (got != (zip_int64_t)stat.size)
        return sbj_fail(error, SBERTJA_E_FORMAT, "%s: cannot be unpacked", path);
    *data = memory;
    *size = (size_t)stat.size;
    return SBERTJA_OK;
}

static sbertja_status check_byte_order(checkpoint *c, sbertja_error *error)
{
    char path[PATH_ROOM + 64];
    const unsigned char *text;
    size_t size;
    snprintf(path, sizeof path, "%s/byteorder", c->prefix);
    if (zip_name_locate(c->zip, path, ZIP_FL_ENC_RAW) < 0)
        return SBERTJA_OK;
    sbertja_status status = read_entry(c, "byteorder", 64, &text, &size, error);
    if (status == SBERTJA_OK && (size != 6 || memcmp(text, "little", 6) != 0))
        status = sbj_fail(error, SBERTJA_E_UNSUPPORTED, "byteorder is not little");
    return status;
}

static sbertja_status find_storage(checkpoint *c, const char *key, sbj_storage *storage, sbertja_error *error)
{
    char name[PATH_ROOM];
    for (size_t i = 0; i < c->count; i++)
        if (strcmp(c->storages[i].key, key) == 0) {
            *storage = c->storages[i];
            return SBERTJA_OK;
        }
    if (strlen(key) > 64)
        return sbj_fail(error, SBERTJA_E_FORMAT, "a storage's key is %zu bytes long", strlen(key));
    if (!sbj_grow(&c->archive->alloc, (void **)&c->storages, &c->capacity, c->count, c->count + 1,
                  sizeof *c->storages))
        return sbj_no_memory(error, (c->count + 1) * sizeof *c->storages);
    snprintf(name, sizeof name, "data/%s", key);
    storage->key = key;
    sbertja_status status = read_entry(c, name, SIZE_MAX, &storage->data, &storage->bytes, error);
    if (status == SBERTJA_OK)
        c->storages[c->count++] = *storage;
    return status;
}

static sbertja_status read_all(checkpoint *c, sbj_pickle **dictionary, sbertja_error *error)
{
    const unsigned char *data;
    size_t size, used;
    sbj_pickled_tensor tensor;
    sbertja_status status;
    if ((status = open_zip(c, error)) != SBERTJA_OK || (status = find_prefix(c, error)) != SBERTJA_OK ||
        (status = check_byte_order(c, error)) != SBERTJA_OK ||
        (status = read_entry(c, "data.pkl", MOST_PICKLE, &data, &size, error)) != SBERTJA_OK ||
        (status = sbj_unpickle(&c->archive->alloc, data, size, &used, dictionary, error)) != SBERTJA_OK)
        return status;
    if (!sbj_pickle_is_dictionary(*dictionary))
        return sbj_fail(error, SBERTJA_E_UNSUPPORTED, "expected a dictionary of tensors");
    for (size_t cursor = 0; status == SBERTJA_OK && sbj_pickle_next_tensor(*dictionary, &cursor, &tensor);) {
        sbj_storage storage;
        status = find_storage(c, tensor.key, &storage, error);
        if (status == SBERTJA_OK)
            status = sbj_storage_add(c->archive, &tensor, &storage, error);
    }
    return status;
}

sbertja_status sbj_checkpoint_read(sbj_archive *archive, sbertja_error *error)
{
    checkpoint c = {.archive = archive};
    sbj_pickle *dictionary = NULL;
    sbertja_status status = read_all(&c, &dictionary, error);
    sbj_pickle_free(dictionary);
    if (c.zip != NULL)
        zip_discard(c.zip);
    sbj_free(&archive->alloc, c.storages);
    return status;
}
