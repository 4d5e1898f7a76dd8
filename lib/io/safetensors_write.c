/* Writing safetensors; the form is described in safetensors.c. One tensor is in memory at a time. */
#include <string.h>

#include "io/archive_private.h"
#include "io/file_private.h"
#include "util/float16.h"
#include "io/json.h"

/* The data begins at a multiple of this, for readers that map the file. The tensors themselves must follow each other
 * without holes. */
enum { ALIGNMENT = 64, CHUNK = 4096 };

static void put_quoted(sbj_strbuf *header, const char *text)
{
    sbj_json_quote(header, text, strlen(text));
}

static void put_metadata(sbj_strbuf *header, const char *const *metadata)
{
    sbj_strbuf_text(header, "{\"__metadata__\":{\"format\":\"pt\"");
    for (; metadata != NULL && metadata[0] != NULL; metadata += 2) {
        sbj_strbuf_text(header, ",");
        put_quoted(header, metadata[0]);
        sbj_strbuf_text(header, ":");
        put_quoted(header, metadata[1]);
    }
    sbj_strbuf_text(header, "}");
}

/* Sizes were measured before: no sum here can overflow. Returns where the data ends. */
static size_t put_entry(sbj_strbuf *header, const sbj_entry *entry, sbj_dtype dtype, size_t begin)
{
    size_t count;
    sbj_shape_count(entry->dimensions, entry->shape, &count);
    size_t end = begin + count * sbj_dtype_size(dtype);
    sbj_strbuf_text(header, ",");
    put_quoted(header, entry->name);
    sbj_strbuf_format(header, ":{\"dtype\":\"%s\",\"shape\":[", sbj_dtype_name(dtype));
    for (size_t i = 0; i < entry->dimensions; i++)
        sbj_strbuf_format(header, "%s%zu", i > 0 ? "," : "", entry->shape[i]);
    sbj_strbuf_format(header, "],\"data_offsets\":[%zu,%zu]}", begin, end);
    return end;
}

static sbertja_status write_header(const sbj_alloc *alloc, sbj_output *output, sbj_dtype dtype,
                                   const sbj_entry *entries, size_t count, const char *const *metadata,
                                   sbertja_error *error)
{
    sbj_strbuf header = SBJ_STRBUF(alloc);
    size_t end = 0;
    put_metadata(&header, metadata);
    for (size_t i = 0; i < count; i++)
        end = put_entry(&header, &entries[i], dtype, end);
    sbj_strbuf_text(&header, "}");
    while (!header.failed && (sizeof(uint64_t) + header.length) % ALIGNMENT != 0)
        sbj_strbuf_text(&header, " ");
    uint64_t length = header.length;
    sbertja_status status = header.failed ? sbj_no_memory(error, header.length)
                                          : sbj_output_write(output, &length, sizeof length, error);
    if (status == SBERTJA_OK)
        status = sbj_output_write(output, header.text, header.length, error);
    sbj_strbuf_free(&header);
    return status;
}

static sbertja_status write_values(sbj_output *output, sbj_dtype dtype, const float *values, size_t count,
                                   sbertja_error *error)
{
    uint16_t halves[CHUNK];
    if (dtype == SBJ_DTYPE_F32)
        return sbj_output_write(output, values, count * sizeof *values, error);
    while (count > 0) {
        size_t n = count < CHUNK ? count : CHUNK;
        for (size_t i = 0; i < n; i++)
            halves[i] = dtype == SBJ_DTYPE_F16 ? sbj_f16_from_float(values[i]) : sbj_bf16_from_float(values[i]);
        sbertja_status status = sbj_output_write(output, halves, n * sizeof *halves, error);
        if (status != SBERTJA_OK)
            return status;
        values += n;
        count -= n;
    }
    return SBERTJA_OK;
}

sbertja_status sbj_safetensors_write(const sbj_alloc *alloc, const char *path, sbj_dtype dtype, const sbj_entry *entries,
                                     size_t count, const char *const *metadata, sbj_fetch fetch, void *context,
                                     sbertja_error *error)
{
    sbj_output output = {path, -1};
    float *values = NULL;
    size_t bytes, largest;
    if (dtype != SBJ_DTYPE_F32 && dtype != SBJ_DTYPE_F16 && dtype != SBJ_DTYPE_BF16)
        return sbj_fail(error, SBERTJA_E_ARGUMENT, "%s: expected the type F32, F16 or BF16", path);
    sbertja_status status = sbj_entries_measure(entries, count, sizeof *values, &bytes, &largest, error);
    if (status != SBERTJA_OK)
        return status;
    values = sbj_new_raw(alloc, largest, sizeof *values);
    status = values == NULL ? sbj_no_memory(error, largest * sizeof *values) : sbj_output_create(path, &output, error);
    if (status == SBERTJA_OK)
        status = write_header(alloc, &output, dtype, entries, count, metadata, error);
    for (size_t i = 0; i < count && status == SBERTJA_OK; i++) {
        size_t elements;
        sbj_shape_count(entries[i].dimensions, entries[i].shape, &elements);
        status = fetch(context, i, values, error);
        if (status == SBERTJA_OK)
            status = write_values(&output, dtype, values, elements, error);
    }
    if (status == SBERTJA_OK)
        status = sbj_output_finish(&output, error);
    sbj_output_discard(&output);
    sbj_free(alloc, values);
    return status;
}
