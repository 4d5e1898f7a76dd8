/* The commands of a libzip source, answered by reading an open file at a position of our own. */
#include "io/zip_input.h"
#include "io/zip_status.h"

#include <errno.h>
#include <string.h>
#include <zip.h>

typedef struct source {
    sbj_alloc alloc;
    const sbj_input *input;
    size_t at;
    zip_error_t fault;
} source;

static zip_int64_t read_some(source *s, void *data, size_t size)
{
    const size_t left = s->input->size - s->at, some = size < left ? size : left;
    if (sbj_input_read(s->input, s->at, data, some, NULL) != SBERTJA_OK) {
        zip_error_set(&s->fault, ZIP_ER_READ, EIO);
        return -1;
    }
    s->at += some;
    return (zip_int64_t)some;
}

static zip_int64_t seek(source *s, void *data, zip_uint64_t length)
{
    const zip_int64_t to = zip_source_seek_compute_offset(s->at, s->input->size, data, length, &s->fault);
    if (to >= 0)
        s->at = (size_t)to;
    return to < 0 ? -1 : 0;
}

static zip_int64_t describe(const source *s, void *data)
{
    zip_stat_t *stat = data;
    zip_stat_init(stat);
    stat->size = s->input->size;
    stat->valid = ZIP_STAT_SIZE;
    return sizeof *stat;
}

static zip_int64_t answer(void *context, void *data, zip_uint64_t length, zip_source_cmd_t command)
{
    source *s = context;
    switch (command) {
    case ZIP_SOURCE_OPEN:
        s->at = 0;
        return 0;
    case ZIP_SOURCE_READ:
        return read_some(s, data, (size_t)length);
    case ZIP_SOURCE_SEEK:
        return seek(s, data, length);
    case ZIP_SOURCE_TELL:
        return (zip_int64_t)s->at;
    case ZIP_SOURCE_STAT:
        return describe(s, data);
    case ZIP_SOURCE_ERROR:
        return zip_error_to_data(&s->fault, data, length);
    case ZIP_SOURCE_CLOSE:
        return 0;
    case ZIP_SOURCE_FREE: {
        const sbj_alloc alloc = s->alloc;
        zip_error_fini(&s->fault);
        sbj_free(&alloc, s);
        return 0;
    }
    case ZIP_SOURCE_SUPPORTS:
        return zip_source_make_command_bitmap(ZIP_SOURCE_OPEN, ZIP_SOURCE_READ, ZIP_SOURCE_CLOSE, ZIP_SOURCE_STAT,
                                              ZIP_SOURCE_ERROR, ZIP_SOURCE_FREE, ZIP_SOURCE_SEEK, ZIP_SOURCE_TELL,
                                              ZIP_SOURCE_SUPPORTS, -1);
    default:
        zip_error_set(&s->fault, ZIP_ER_OPNOTSUPP, 0);
        return -1;
    }
}

sbertja_status sbj_zip_open(const sbj_alloc *alloc, const sbj_input *input, const char *what, struct zip **zip,
                            sbertja_error *error)
{
    zip_error_t fault;
    *zip = NULL;
    source *s = sbj_new(alloc, 1, sizeof *s);
    if (s == NULL)
        return sbj_no_memory(error, sizeof *s);
    s->alloc = *alloc;
    s->input = input;
    zip_error_init(&s->fault);
    zip_error_init(&fault);
    zip_source_t *opened = zip_source_function_create(answer, s, &fault);
    if (opened == NULL)
        sbj_free(alloc, s);
    else if ((*zip = sbj_zip_open_source(opened, &fault)) == NULL)
        zip_source_free(opened);
    sbertja_status status = SBERTJA_OK;
    if (*zip == NULL)
        status = sbj_fail(error, sbj_zip_status(&fault), "%s: %s", what, zip_error_strerror(&fault));
    zip_error_fini(&fault);
    return status;
}
