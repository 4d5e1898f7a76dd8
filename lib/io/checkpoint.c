/* PyTorch checkpoints as torch writes them since 1.6: a zip file.
 *
 *     PREFIX/data.pkl     the pickled object
 *     PREFIX/data/KEY     the bytes of a storage
 *     PREFIX/byteorder    "little"; missing before torch 2.1 */
#include <string.h>
#include <zip.h>

#include "io/zip_status.h"
#include "io/state_dict.h"
#include "io/zip_input.h"
#include "io/zip_places.h"

/* The pickle of a model with a thousand layers is some megabytes. */
static const size_t most_pickle = (size_t)64 << 20;

typedef struct reader {
    sbj_archive *archive;
    zip_t *zip;
    size_t count, *places;
    sbj_strbuf prefix; /* "PREFIX/" */
    unsigned char *bytes; /* of the pickle */
    sbj_pickle *pickle;
} reader;

static sbertja_status fail_zip(sbertja_error *error, zip_error_t *reason, const char *what)
{
    return sbj_fail(error, sbj_zip_status(reason), "%s: %s", what, zip_error_strerror(reason));
}

static sbertja_status open_zip(reader *r, sbertja_error *error)
{
    sbertja_status status = sbj_zip_open(&r->archive->alloc, &r->archive->file, "zip", &r->zip, error);
    if (status != SBERTJA_OK)
        return status;
    r->count = (size_t)zip_get_num_entries(r->zip, 0);
    r->places = sbj_new(&r->archive->alloc, r->count, sizeof *r->places);
    if (r->places == NULL)
        return sbj_no_memory(error, r->count * sizeof *r->places);
    return sbj_zip_places(&r->archive->alloc, r->zip, &r->archive->file, r->count, r->places, error);
}

/* The number of the entry PREFIX/`name`; false when there is none. */
static bool locate(reader *r, const char *name, size_t length, zip_uint64_t *index, sbertja_error *error,
                   sbertja_status *status)
{
    size_t before = r->prefix.length;
    sbj_strbuf_bytes(&r->prefix, name, length);
    *status = r->prefix.failed ? sbj_no_memory(error, before + length + 1) : SBERTJA_OK;
    zip_int64_t found = *status == SBERTJA_OK ? zip_name_locate(r->zip, r->prefix.text, ZIP_FL_ENC_RAW) : -1;
    r->prefix.length = before;
    *index = (zip_uint64_t)found;
    return found >= 0;
}

static sbertja_status copy_entry(reader *r, zip_uint64_t index, size_t size, void *memory, sbertja_error *error)
{
    zip_file_t *file = zip_fopen_index(r->zip, index, 0);
    if (file == NULL)
        return fail_zip(error, zip_get_error(r->zip), "zip entry");
    sbertja_status status = SBERTJA_OK;
    unsigned char *to = memory, more;
    size_t left = size;
    while (left > 0 && status == SBERTJA_OK) {
        zip_int64_t got = zip_fread(file, to, left);
        if (got <= 0)
            status = got < 0 ? fail_zip(error, zip_file_get_error(file), "zip entry")
                             : sbj_fail(error, SBERTJA_E_FORMAT, "a zip entry that ends too early");
        else {
            to += got;
            left -= (size_t)got;
        }
    }
    /* Only at its end does libzip compare the checksum. */
    if (status == SBERTJA_OK && zip_fread(file, &more, 1) != 0)
        status = sbj_fail(error, SBERTJA_E_FORMAT, "a zip entry with a wrong size or checksum");
    zip_fclose(file);
    return status;
}

static sbertja_status size_of_entry(reader *r, zip_uint64_t index, size_t most, size_t *size, sbertja_error *error)
{
    zip_stat_t stat;
    if (zip_stat_index(r->zip, index, 0, &stat) != 0 || (stat.valid & ZIP_STAT_SIZE) == 0 || stat.size > most)
        return sbj_fail(error, SBERTJA_E_FORMAT, "a zip entry of a wrong size");
    *size = (size_t)stat.size;
    return SBERTJA_OK;
}

/* The bytes of an entry: in the file where it is stored, else a copy that the archive owns. */
static sbertja_status find_entry(reader *r, zip_uint64_t index, sbj_found *found, size_t *size, sbertja_error *error)
{
    void *copy;
    sbertja_status status = size_of_entry(r, index, SIZE_MAX, size, error);
    *found = (sbj_found){NULL, r->places[index]};
    if (status != SBERTJA_OK || found->place != 0)
        return status;
    if ((status = sbj_archive_copy(r->archive, *size, &copy, error)) == SBERTJA_OK)
        status = copy_entry(r, index, *size, copy, error);
    found->data = copy;
    return status;
}

/* The entry data.pkl in a folder; TorchScript files have other pickles beside it. */
static sbertja_status find_prefix(reader *r, sbertja_error *error)
{
    static const char wanted[] = "/data.pkl";
    for (size_t i = 0; i < r->count; i++) {
        const char *name = zip_get_name(r->zip, i, ZIP_FL_ENC_RAW), *slash = name != NULL ? strchr(name, '/') : NULL;
        if (slash == NULL || strcmp(slash, wanted) != 0)
            continue;
        sbj_strbuf_bytes(&r->prefix, name, (size_t)(slash - name) + 1);
        return r->prefix.failed ? sbj_no_memory(error, strlen(name)) : SBERTJA_OK;
    }
    return sbj_fail(error, SBERTJA_E_FORMAT, "a zip file, but not a PyTorch checkpoint: no data.pkl in it");
}

static sbertja_status check_byte_order(reader *r, sbertja_error *error)
{
    zip_uint64_t index;
    char order[6];
    size_t size = 0;
    sbertja_status status;
    if (!locate(r, "byteorder", 9, &index, error, &status))
        return status;
    if ((status = size_of_entry(r, index, 64, &size, error)) == SBERTJA_OK && size == sizeof order)
        status = copy_entry(r, index, size, order, error);
    if (status == SBERTJA_OK && (size != sizeof order || memcmp(order, "little", sizeof order) != 0))
        status = sbj_fail(error, SBERTJA_E_UNSUPPORTED, "byteorder: expected little");
    return status;
}

static sbertja_status read_pickle(reader *r, sbertja_error *error)
{
    zip_uint64_t index;
    size_t size = 0, used = 0;
    sbertja_status status;
    if (!locate(r, "data.pkl", 8, &index, error, &status))
        return status != SBERTJA_OK ? status : sbj_fail(error, SBERTJA_E_FORMAT, "no data.pkl in it");
    if ((status = size_of_entry(r, index, most_pickle, &size, error)) != SBERTJA_OK ||
        (status = sbj_archive_spend(r->archive, size, error)) != SBERTJA_OK)
        return status;
    if ((r->bytes = sbj_new_raw(&r->archive->alloc, size, 1)) == NULL)
        return sbj_no_memory(error, size);
    status = copy_entry(r, index, size, r->bytes, error);
    if (status == SBERTJA_OK)
        status = sbj_unpickle(&r->archive->alloc, r->bytes, size, &r->pickle, &used, error);
    if (status == SBERTJA_OK && used != size)
        status = sbj_fail(error, SBERTJA_E_FORMAT, "data.pkl: %zu bytes follow the pickle", size - used);
    return status;
}

static sbertja_status find_data(void *context, const sbj_storage *storage, sbj_found *found, sbertja_error *error)
{
    reader *r = context;
    zip_uint64_t index;
    size_t size = 0, before = r->prefix.length;
    sbertja_status status;
    sbj_strbuf_text(&r->prefix, "data/");
    bool there = locate(r, storage->key, storage->key_length, &index, error, &status);
    r->prefix.length = before;
    if (!there)
        return status != SBERTJA_OK ? status : sbj_fail(error, SBERTJA_E_FORMAT, "its storage is not in the file");
    status = find_entry(r, index, found, &size, error);
    if (status == SBERTJA_OK && size != storage->bytes)
        status = sbj_fail(error, SBERTJA_E_FORMAT, "expected a storage of %zu bytes, found %zu", storage->bytes, size);
    return status;
}

sbertja_status sbj_checkpoint_read(sbj_archive *archive, sbertja_error *error)
{
    reader r = {.archive = archive, .prefix = SBJ_STRBUF(&archive->alloc)};
    sbertja_status status = open_zip(&r, error);
    if (status == SBERTJA_OK)
        status = find_prefix(&r, error);
    if (status == SBERTJA_OK)
        status = check_byte_order(&r, error);
    if (status == SBERTJA_OK)
        status = read_pickle(&r, error);
    if (status == SBERTJA_OK)
        status = sbj_state_dict_read(archive, sbj_pickle_root(r.pickle), find_data, &r, error);
    sbj_pickle_free(r.pickle);
    sbj_strbuf_free(&r.prefix);
    sbj_free(&archive->alloc, r.bytes);
    sbj_free(&archive->alloc, r.places);
    if (r.zip != NULL)
        zip_discard(r.zip);
    return status;
}
