/* Writing a PyTorch checkpoint; the form is described in checkpoint.c. libzip asks for the entries one after another
 * when it closes the file, and only then is a tensor fetched: one is in memory at a time. */
#include <errno.h>
#include <string.h>
#include <unistd.h>
#include <zip.h>

#include "io/archive_private.h"
#include "io/file_private.h"
#include "io/pickle_write.h"
#include "io/zip_status.h"

typedef struct writer {
    const sbj_alloc *alloc;
    zip_t *zip;
    sbj_fetch fetch;
    void *context;
    float *values; /* room for the largest tensor */
    sbertja_status status; /* of fetch */
    sbertja_error *error;
} writer;

/* An entry that libzip reads from: a tensor that is fetched when it is opened. */
typedef struct tensor {
    writer *writer;
    size_t index, bytes, done;
} tensor;

static zip_int64_t open_tensor(tensor *t)
{
    writer *w = t->writer;
    t->done = 0;
    if (w->status == SBERTJA_OK)
        w->status = w->fetch(w->context, t->index, w->values, w->error);
    return w->status == SBERTJA_OK ? 0 : -1;
}

static zip_int64_t read_tensor(tensor *t, void *data, zip_uint64_t length)
{
    size_t left = t->bytes - t->done, n = length < left ? (size_t)length : left;
    memcpy(data, (const char *)t->writer->values + t->done, n);
    t->done += n;
    return (zip_int64_t)n;
}

static zip_int64_t tell_error(void *data, zip_uint64_t length)
{
    const int codes[2] = {ZIP_ER_INTERNAL, 0};
    if (length < sizeof codes)
        return -1;
    memcpy(data, codes, sizeof codes);
    return sizeof codes;
}

static zip_int64_t serve_tensor(void *user, void *data, zip_uint64_t length, zip_source_cmd_t command)
{
    tensor *t = user;
    switch (command) {
    case ZIP_SOURCE_OPEN:
        return open_tensor(t);
    case ZIP_SOURCE_READ:
        return read_tensor(t, data, length);
    case ZIP_SOURCE_STAT:
        zip_stat_init(data);
        ((zip_stat_t *)data)->size = t->bytes;
        ((zip_stat_t *)data)->valid = ZIP_STAT_SIZE;
        return sizeof(zip_stat_t);
    case ZIP_SOURCE_ERROR:
        return tell_error(data, length);
    case ZIP_SOURCE_SUPPORTS:
        return zip_source_make_command_bitmap(ZIP_SOURCE_OPEN, ZIP_SOURCE_READ, ZIP_SOURCE_CLOSE, ZIP_SOURCE_STAT,
                                              ZIP_SOURCE_ERROR, ZIP_SOURCE_FREE, -1);
    case ZIP_SOURCE_CLOSE:
    case ZIP_SOURCE_FREE:
        return 0;
    default:
        return -1;
    }
}

/* There is no format to be wrong in what is written; where libzip names no error, errno was set to 0 before. */
static sbertja_status writing_status(zip_error_t *reason)
{
    const bool unnamed = zip_error_code_zip(reason) == ZIP_ER_OK && errno == ENOMEM;
    return unnamed || sbj_zip_status(reason) == SBERTJA_E_MEMORY ? SBERTJA_E_MEMORY : SBERTJA_E_IO;
}

static sbertja_status fail_zip(const writer *w, const char *path)
{
    zip_error_t *reason = zip_get_error(w->zip);
    return sbj_fail(w->error, writing_status(reason), "%s: cannot be written: %s", path, zip_error_strerror(reason));
}

/* Takes the source over. Stored, not compressed, and with one date for all, so that the same weights give the same
 * bytes. */
static sbertja_status add_entry(const writer *w, const char *path, const char *name, zip_source_t *source)
{
    zip_int64_t index = source != NULL ? zip_file_add(w->zip, name, source, ZIP_FL_ENC_UTF_8) : -1;
    const zip_uint16_t january_1980 = 1 << 5 | 1;
    if (index >= 0 && zip_set_file_compression(w->zip, (zip_uint64_t)index, ZIP_CM_STORE, 0) == 0 &&
        zip_file_set_dostime(w->zip, (zip_uint64_t)index, 0, january_1980, 0) == 0)
        return SBERTJA_OK;
    sbertja_status status = fail_zip(w, path);
    if (index < 0)
        zip_source_free(source);
    return status;
}

static sbertja_status add_bytes(const writer *w, const char *path, const char *name, const char *bytes, size_t count)
{
    return add_entry(w, path, name, zip_source_buffer(w->zip, bytes, count, 0));
}

static sbertja_status add_tensors(writer *w, const char *path, const sbj_entry *entries, size_t count, tensor *tensors)
{
    sbertja_status status = SBERTJA_OK;
    sbj_strbuf name = SBJ_STRBUF(w->alloc);
    for (size_t i = 0; i < count && status == SBERTJA_OK; i++) {
        size_t elements;
        sbj_shape_count(entries[i].dimensions, entries[i].shape, &elements);
        tensors[i] = (tensor){w, i, elements * sizeof(float), 0};
        sbj_strbuf_clear(&name);
        sbj_strbuf_format(&name, "archive/data/%zu", i);
        status = name.failed ? sbj_no_memory(w->error, 32)
                             : add_entry(w, path, name.text, zip_source_function(w->zip, serve_tensor, &tensors[i]));
    }
    sbj_strbuf_free(&name);
    return status;
}

/* `pickle` and `tensors` are read when the file is closed. */
static sbertja_status write_zip(writer *w, const char *path, const sbj_entry *entries, size_t count,
                                const sbj_strbuf *pickle, tensor *tensors)
{
    int code;
    errno = 0;
    w->zip = zip_open(path, ZIP_CREATE | ZIP_TRUNCATE, &code);
    if (w->zip == NULL) {
        zip_error_t reason;
        zip_error_init_with_code(&reason, code);
        sbertja_status status = sbj_fail(w->error, writing_status(&reason), "%s: cannot be created: %s", path,
                                         zip_error_strerror(&reason));
        zip_error_fini(&reason);
        return status;
    }
    sbertja_status status = add_bytes(w, path, "archive/data.pkl", pickle->text, pickle->length);
    if (status == SBERTJA_OK)
        status = add_bytes(w, path, "archive/byteorder", "little", 6);
    if (status == SBERTJA_OK)
        status = add_tensors(w, path, entries, count, tensors);
    if (status == SBERTJA_OK)
        status = add_bytes(w, path, "archive/version", "3\n", 2);
    if (status == SBERTJA_OK && zip_close(w->zip) == 0)
        return sbj_sync_path(path, w->error);
    if (w->status != SBERTJA_OK)
        status = w->status;
    else if (status == SBERTJA_OK)
        status = fail_zip(w, path);
    zip_discard(w->zip);
    return status;
}

sbertja_status sbj_checkpoint_write(const sbj_alloc *alloc, const char *path, const sbj_entry *entries, size_t count,
                                    sbj_fetch fetch, void *context, sbertja_error *error)
{
    writer w = {.alloc = alloc, .fetch = fetch, .context = context, .error = error};
    sbj_strbuf pickle = SBJ_STRBUF(alloc);
    size_t bytes, largest;
    sbertja_status status = sbj_entries_measure(entries, count, sizeof *w.values, &bytes, &largest, error);
    if (status != SBERTJA_OK)
        return status;
    w.values = sbj_new_raw(alloc, largest, sizeof *w.values);
    tensor *tensors = sbj_new(alloc, count, sizeof *tensors);
    sbj_pickle_state_dict(&pickle, entries, count);
    if (w.values == NULL || tensors == NULL || pickle.failed)
        status = sbj_no_memory(error, largest * sizeof *w.values + count * sizeof *tensors + pickle.length);
    else
        status = write_zip(&w, path, entries, count, &pickle, tensors);
    sbj_strbuf_free(&pickle);
    sbj_free(alloc, tensors);
    sbj_free(alloc, w.values);
    return status;
}
