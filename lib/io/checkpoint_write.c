/* pytorch_model.bin for the 0.4.1 layout: an OrderedDict of float32 tensors, as torch.save writes it since 1.6. The pickle
 * is laid out by hand; each tensor is fetched when libzip comes to it, so that only one is in memory. */
#include <stdio.h>
#include <string.h>
#include <zip.h>

#include "io/archive_private.h"
#include "io/file_private.h"
#include "util/strbuf.h"

/* ---- The pickle, protocol 2 ---- */

static void put_number(sbj_strbuf *b, uint64_t value)
{
    unsigned char bytes[10] = {0x8a, 8}; /* LONG1; sizes are below 2^63, so the sign is right */
    if (value < 256) {
        sbj_strbuf_bytes(b, (const char[]){'K', (char)value}, 2);
        return;
    }
    for (int i = 0; i < 8; i++)
        bytes[2 + i] = (unsigned char)(value >> 8 * i);
    sbj_strbuf_bytes(b, (const char *)bytes, sizeof bytes);
}

static void put_text(sbj_strbuf *b, const char *text)
{
    const size_t length = strlen(text);
    const char head[] = {'X', (char)length, (char)(length >> 8), (char)(length >> 16), (char)(length >> 24)};
    sbj_strbuf_bytes(b, head, sizeof head);
    sbj_strbuf_bytes(b, text, length);
}

static void put_shape(sbj_strbuf *b, const sbj_entry *entry, bool strides)
{
    sbj_strbuf_bytes(b, "(", 1);
    for (size_t i = 0; i < entry->dimensions; i++) {
        size_t value = strides ? 1 : entry->shape[i];
        for (size_t k = i + 1; strides && k < entry->dimensions; k++)
            value *= entry->shape[k];
        put_number(b, value);
    }
    sbj_strbuf_bytes(b, "t", 1);
}

static void put_tensor(sbj_strbuf *b, const sbj_entry *entry, size_t index, size_t count)
{
    char key[24];
    snprintf(key, sizeof key, "%zu", index);
    put_text(b, entry->name);
    sbj_strbuf_text(b, "ctorch._utils\n_rebuild_tensor_v2\n((");
    put_text(b, "storage");
    sbj_strbuf_text(b, "ctorch\nFloatStorage\n");
    put_text(b, key);
    put_text(b, "cpu");
    put_number(b, count);
    sbj_strbuf_bytes(b, "tQK\0", 4); /* the persistent id; offset 0 */
    put_shape(b, entry, false);
    put_shape(b, entry, true);
    sbj_strbuf_bytes(b, "\x89", 1); /* requires no gradient */
    sbj_strbuf_text(b, "ccollections\nOrderedDict\n)RtR");
}

static void put_dictionary(sbj_strbuf *b, const sbj_entry *entries, size_t count)
{
    sbj_strbuf_bytes(b, "\x80\x02", 2);
    sbj_strbuf_text(b, "ccollections\nOrderedDict\n)R(");
    for (size_t i = 0; i < count; i++) {
        size_t elements;
        sbj_shape_count(entries[i].dimensions, entries[i].shape, &elements);
        put_tensor(b, &entries[i], i, elements);
    }
    sbj_strbuf_text(b, "u.");
}

/* ---- The zip ---- */

/* One tensor as a source of bytes. */
typedef struct tensor_source {
    const sbj_alloc *alloc;
    sbj_fetch fetch;
    void *context;
    size_t index, bytes, at;
    unsigned char *values; /* between open and close */
    sbertja_status status; /* of a fetch that failed */
    sbertja_error *error;
} tensor_source;

static zip_int64_t read_tensor(void *state, void *data, zip_uint64_t length, zip_source_cmd_t command)
{
    tensor_source *s = state;
    switch (command) {
    case ZIP_SOURCE_OPEN:
        s->at = 0;
        s->values = sbj_new_raw(s->alloc, s->bytes, 1);
        s->status = s->values == NULL ? sbj_no_memory(s->error, s->bytes)
                                      : s->fetch(s->context, s->index, (float *)(void *)s->values, s->error);
        return s->status == SBERTJA_OK ? 0 : -1;
    case ZIP_SOURCE_READ: {
        const size_t left = s->bytes - s->at, count = length < left ? (size_t)length : left;
        memcpy(data, s->values + s->at, count);
        s->at += count;
        return (zip_int64_t)count;
    }
    case ZIP_SOURCE_CLOSE:
        sbj_free(s->alloc, s->values);
        s->values = NULL;
        return 0;
    case ZIP_SOURCE_STAT: {
        zip_stat_t *stat = data;
        zip_stat_init(stat);
        stat->valid = ZIP_STAT_SIZE;
        stat->size = s->bytes;
        return sizeof *stat;
    }
    case ZIP_SOURCE_ERROR: {
        const int codes[2] = {ZIP_ER_READ, 0};
        memcpy(data, codes, sizeof codes);
        return sizeof codes;
    }
    case ZIP_SOURCE_SUPPORTS: return ZIP_SOURCE_SUPPORTS_READABLE;
    default: return 0;
    }
}

/* Stored, not compressed, and with the same date every time. */
static bool add(zip_t *zip, const char *name, zip_source_t *source)
{
    if (source == NULL)
        return false;
    const zip_int64_t index = zip_file_add(zip, name, source, ZIP_FL_ENC_UTF_8);
    if (index < 0) {
        zip_source_free(source);
        return false;
    }
    return zip_set_file_compression(zip, (zip_uint64_t)index, ZIP_CM_STORE, 0) == 0 &&
           zip_file_set_mtime(zip, (zip_uint64_t)index, 315619200, 0) == 0; /* 1980-01-02 */
}

static sbertja_status write_zip(const char *path, const sbj_strbuf *pickle, tensor_source *sources, size_t count,
                                sbertja_error *error)
{
    int code = 0;
    bool good = true;
    zip_t *zip = zip_open(path, ZIP_CREATE | ZIP_TRUNCATE, &code);
    if (zip == NULL)
        return sbj_fail(error, SBERTJA_E_IO, "%s: cannot be made", path);
    good = add(zip, "pytorch_model/data.pkl", zip_source_buffer(zip, pickle->text, pickle->length, 0)) &&
           add(zip, "pytorch_model/byteorder", zip_source_buffer(zip, "little", 6, 0));
    for (size_t i = 0; i < count && good; i++) {
        char name[64];
        snprintf(name, sizeof name, "pytorch_model/data/%zu", i);
        good = add(zip, name, zip_source_function(zip, read_tensor, &sources[i]));
    }
    good = good && add(zip, "pytorch_model/version", zip_source_buffer(zip, "3\n", 2, 0));
    if (good && zip_close(zip) == 0)
        return SBERTJA_OK;
    sbertja_status status = sbj_fail(error, SBERTJA_E_IO, "%s: %s", path, zip_strerror(zip));
    zip_discard(zip);
    return status;
}

sbertja_status sbj_checkpoint_write(const sbj_alloc *alloc, const char *path, const sbj_entry *entries, size_t count,
                                    sbj_fetch fetch, void *context, sbertja_error *error)
{
    sbj_strbuf pickle = SBJ_STRBUF(alloc);
    sbertja_error fetched = {SBERTJA_OK, ""};
    size_t bytes, largest;
    tensor_source *sources = NULL;
    sbertja_status status = sbj_entries_measure(entries, count, sizeof(float), &bytes, &largest, error);
    if (status != SBERTJA_OK)
        return status;
    put_dictionary(&pickle, entries, count);
    sources = sbj_new(alloc, count, sizeof *sources);
    if (pickle.failed || sources == NULL) {
        status = sbj_no_memory(error, pickle.length);
        goto done;
    }
    for (size_t i = 0; i < count; i++) {
        size_t elements;
        sbj_shape_count(entries[i].dimensions, entries[i].shape, &elements);
        sources[i] = (tensor_source){.alloc = alloc, .fetch = fetch, .context = context, .index = i,
                                     .bytes = elements * sizeof(float), .error = &fetched};
    }
    status = write_zip(path, &pickle, sources, count, error);
    for (size_t i = 0; i < count; i++)
        if (sources[i].status != SBERTJA_OK) { /* why the zip could not be written */
            status = sources[i].status;
            if (error != NULL)
                *error = fetched;
        }
    if (status == SBERTJA_OK)
        status = sbj_sync_path(path, error);
done:
    sbj_free(alloc, sources);
    sbj_strbuf_free(&pickle);
    return status;
}
