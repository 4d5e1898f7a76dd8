/* Buffers in host memory. Numbers of different types are converted one by one through double, which holds every F32 and
 * every I32; a real that is no I32 becomes the nearest one, a NaN 0. */
#include "backend/host.h"

#include <string.h>

#include "util/float16.h"

sbertja_status sbj_host_alloc(const sbj_backend *backend, size_t bytes, sbj_buffer **result, sbertja_error *error)
{
    *result = NULL;
    sbj_buffer *buffer = sbj_new(&backend->alloc, 1, sizeof *buffer);
    if (buffer == NULL)
        return sbj_no_memory(error, sizeof *buffer);
    buffer->owned = true;
    buffer->bytes = bytes;
    buffer->data = sbj_new_aligned(&backend->alloc, bytes);
    if (buffer->data == NULL) {
        sbj_host_release(backend, buffer);
        return sbj_no_memory(error, bytes);
    }
    *result = buffer;
    return SBERTJA_OK;
}

sbertja_status sbj_host_wrap(const sbj_backend *backend, const void *host, size_t bytes, sbj_buffer **result,
                             sbertja_error *error)
{
    *result = NULL;
    sbj_buffer *buffer = sbj_new(&backend->alloc, 1, sizeof *buffer);
    if (buffer == NULL)
        return sbj_no_memory(error, sizeof *buffer);
    buffer->data = (void *)(uintptr_t)host; /* nothing writes where `owned` is false */
    buffer->bytes = bytes;
    *result = buffer;
    return SBERTJA_OK;
}

void sbj_host_release(const sbj_backend *backend, sbj_buffer *buffer)
{
    if (buffer == NULL)
        return;
    if (buffer->owned)
        sbj_free_aligned(&backend->alloc, buffer->data);
    sbj_free(&backend->alloc, buffer);
}

static sbertja_status check_window(const char *what, sbj_tensor t, sbertja_error *error)
{
    size_t last = t.offset, room = t.buffer->bytes / sbj_type_size(t.type);
    if (t.rows == 0 || t.columns == 0)
        return SBERTJA_OK;
    if (!sbj_mul(t.rows - 1, t.stride, &last) || !sbj_add(last, t.offset, &last) || !sbj_add(last, t.columns, &last) ||
        last > room)
        return sbj_fail(error, SBERTJA_E_INTERNAL, "%s: a window of [%zu, %zu] at %zu, stride %zu, in a buffer of %zu",
                        what, t.rows, t.columns, t.offset, t.stride, room);
    return SBERTJA_OK;
}

static unsigned char *row_of(sbj_tensor t, size_t row)
{
    return (unsigned char *)t.buffer->data + (t.offset + row * t.stride) * sbj_type_size(t.type);
}

static double get(const void *from, sbj_type type, size_t i)
{
    if (type == SBJ_F32)
        return ((const float *)from)[i];
    if (type == SBJ_F64)
        return ((const double *)from)[i];
    if (type == SBJ_BF16)
        return sbj_float_from_bf16(((const uint16_t *)from)[i]);
    if (type == SBJ_F16)
        return sbj_float_from_f16(((const uint16_t *)from)[i]);
    return ((const int32_t *)from)[i];
}

static int32_t nearest_i32(double value)
{
    if (value != value)
        return 0;
    return value <= INT32_MIN ? INT32_MIN : value >= INT32_MAX ? INT32_MAX : (int32_t)value;
}

static void put(void *to, sbj_type type, size_t i, double value)
{
    if (type == SBJ_F32)
        ((float *)to)[i] = (float)value;
    else if (type == SBJ_F64)
        ((double *)to)[i] = value;
    else if (type == SBJ_BF16)
        ((uint16_t *)to)[i] = sbj_bf16_from_float((float)value);
    else if (type == SBJ_F16)
        ((uint16_t *)to)[i] = sbj_f16_from_float((float)value);
    else
        ((int32_t *)to)[i] = nearest_i32(value);
}

static void convert(void *to, sbj_type to_type, const void *from, sbj_type from_type, size_t count)
{
    if (to_type == from_type) {
        memcpy(to, from, count * sbj_type_size(to_type));
        return;
    }
    if (to_type == SBJ_BF16 && from_type == SBJ_F32) { /* a whole table of words, when a model is loaded */
        sbj_bf16_from_floats(from, count, to);
        return;
    }
    for (size_t i = 0; i < count; i++)
        put(to, to_type, i, get(from, from_type, i));
}

sbertja_status sbj_host_write(const sbj_backend *backend, sbj_tensor t, const void *host, sbj_type host_type,
                              sbertja_error *error)
{
    (void)backend;
    size_t row_bytes = t.columns * sbj_type_size(host_type);
    if (!t.buffer->owned)
        return sbj_fail(error, SBERTJA_E_INTERNAL, "write: the buffer wraps host memory, which is read only");
    sbertja_status status = check_window("write", t, error);
    if (status != SBERTJA_OK)
        return status;
    for (size_t row = 0; row < t.rows; row++)
        convert(row_of(t, row), t.type, (const unsigned char *)host + row * row_bytes, host_type, t.columns);
    return SBERTJA_OK;
}

sbertja_status sbj_host_read(const sbj_backend *backend, sbj_tensor t, void *host, sbj_type host_type,
                             sbertja_error *error)
{
    (void)backend;
    size_t row_bytes = t.columns * sbj_type_size(host_type);
    sbertja_status status = check_window("read", t, error);
    if (status != SBERTJA_OK)
        return status;
    for (size_t row = 0; row < t.rows; row++)
        convert((unsigned char *)host + row * row_bytes, host_type, row_of(t, row), t.type, t.columns);
    return SBERTJA_OK;
}

sbertja_status sbj_host_zero(const sbj_run *run, sbj_tensor t, sbertja_error *error)
{
    (void)run;
    if (!t.buffer->owned)
        return sbj_fail(error, SBERTJA_E_INTERNAL, "zero: the buffer wraps host memory, which is read only");
    sbertja_status status = check_window("zero", t, error);
    if (status != SBERTJA_OK)
        return status;
    for (size_t row = 0; row < t.rows; row++)
        memset(row_of(t, row), 0, t.columns * sbj_type_size(t.type));
    return SBERTJA_OK;
}

sbertja_status sbj_host_check_ids(const sbj_embed *embed, sbertja_error *error)
{
    const int32_t *ids = sbj_i32(embed->batch->ids), *positions = sbj_i32(embed->batch->positions);
    for (size_t t = 0; t < embed->batch->tokens; t++) {
        if (ids[t] < 0 || (size_t)ids[t] >= embed->word.rows)
            return sbj_fail(error, SBERTJA_E_INTERNAL, "embed: id %d of token %zu, expected 0 to %zu", (int)ids[t], t,
                            embed->word.rows - 1);
        if (positions[t] < 0 || (size_t)positions[t] >= embed->position.rows)
            return sbj_fail(error, SBERTJA_E_INTERNAL, "embed: position %d of token %zu, expected 0 to %zu",
                            (int)positions[t], t, embed->position.rows - 1);
    }
    return SBERTJA_OK;
}
