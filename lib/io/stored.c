/* The values of a tensor: read from the file, or from memory, as floats, in blocks that threads share out. */
#include <stdatomic.h>
#include <string.h>

#include "io/archive.h"
#include "util/float16.h"
#include "util/hash.h"

enum { CHUNK = 4096 }; /* elements that are converted at a time, on the stack */

sbertja_status sbj_stored_bytes(const sbj_stored *stored, size_t offset, size_t size, void *bytes, sbertja_error *error)
{
    if (size == 0)
        return SBERTJA_OK;
    if (stored->data == NULL)
        return sbj_input_read(stored->file, stored->place + offset, bytes, size, error);
    memcpy(bytes, (const unsigned char *)stored->data + offset, size);
    return SBERTJA_OK;
}

size_t sbj_stored_blocks(const sbj_stored *stored)
{
    return stored->count / SBJ_BLOCK + (stored->count % SBJ_BLOCK != 0);
}

static void from_f64(const unsigned char *data, size_t count, float *values)
{
    for (size_t i = 0; i < count; i++) {
        double wide;
        memcpy(&wide, data + i * sizeof wide, sizeof wide);
        values[i] = (float)wide;
    }
}

static void widen(sbj_dtype dtype, const unsigned char *bytes, size_t count, float *values)
{
    if (dtype == SBJ_DTYPE_F64)
        from_f64(bytes, count, values);
    else if (dtype == SBJ_DTYPE_F16)
        sbj_floats_from_f16(bytes, count, values);
    else
        sbj_floats_from_bf16(bytes, count, values);
}

static sbertja_status check_type(const sbj_stored *stored, sbertja_error *error)
{
    if (stored->dtype <= SBJ_DTYPE_BF16)
        return SBERTJA_OK;
    return sbj_fail(error, SBERTJA_E_UNSUPPORTED, "%s: expected floating-point numbers, found %s", stored->name,
                    sbj_dtype_name(stored->dtype));
}

sbertja_status sbj_stored_block(const sbj_stored *stored, size_t index, float *values, uint64_t *sum,
                                sbertja_error *error)
{
    const size_t size = sbj_dtype_size(stored->dtype), first = index * SBJ_BLOCK, left = stored->count - first,
                 count = left < SBJ_BLOCK ? left : SBJ_BLOCK;
    const bool floats = stored->dtype == SBJ_DTYPE_F32;
    unsigned char bytes[CHUNK * sizeof(double)];
    uint64_t h = index;
    sbertja_status status = check_type(stored, error);
    if (status == SBERTJA_OK && floats)
        status = sbj_stored_bytes(stored, first * size, count * size, values, error);
    for (size_t i = 0; i < count && status == SBERTJA_OK; i += CHUNK) {
        const size_t some = count - i < CHUNK ? count - i : CHUNK;
        if (!floats && (status = sbj_stored_bytes(stored, (first + i) * size, some * size, bytes, error)) == SBERTJA_OK)
            widen(stored->dtype, bytes, some, values + i);
        h = sbj_hash_words(h, floats ? (const void *)(values + i) : bytes, some * size);
    }
    *sum = h;
    return status;
}

typedef struct work {
    const sbj_stored *stored;
    void *bytes;   /* of all values, as the file has them; NULL: floats are wanted */
    float *values; /* all of them, or a block for each thread */
    sbj_take take; /* NULL: the values stay where they were read to */
    void *context;
    _Atomic uint64_t sum;
    atomic_bool failed;
    sbertja_status status; /* of the first task that failed, with its error */
    sbertja_error *error;
} work;

static sbertja_status read_values(work *w, size_t block, int thread, sbertja_error *error)
{
    const size_t first = block * SBJ_BLOCK, left = w->stored->count - first, count = left < SBJ_BLOCK ? left : SBJ_BLOCK;
    float *values = w->values + (w->take == NULL ? first : (size_t)thread * SBJ_BLOCK);
    uint64_t sum;
    sbertja_status status = sbj_stored_block(w->stored, block, values, &sum, error);
    if (status == SBERTJA_OK && w->take != NULL)
        status = w->take(w->context, first, count, values, error);
    if (status == SBERTJA_OK)
        atomic_fetch_add(&w->sum, sum);
    return status;
}

static sbertja_status read_bytes(work *w, size_t block, sbertja_error *error)
{
    const size_t size = sbj_dtype_size(w->stored->dtype), first = block * SBJ_BLOCK, left = w->stored->count - first;
    return sbj_stored_bytes(w->stored, first * size, (left < SBJ_BLOCK ? left : SBJ_BLOCK) * size,
                            (unsigned char *)w->bytes + first * size, error);
}

static void read_block(void *context, size_t block, int thread)
{
    work *w = context;
    sbertja_error error;
    if (atomic_load(&w->failed))
        return;
    const sbertja_status status =
        w->bytes != NULL ? read_bytes(w, block, &error) : read_values(w, block, thread, &error);
    if (status != SBERTJA_OK && !atomic_exchange(&w->failed, true)) {
        w->status = status;
        if (w->error != NULL)
            *w->error = error;
    }
}

static sbertja_status run(work *w, sbj_pool *pool, uint64_t *sum)
{
    sbj_pool_run(pool, sbj_stored_blocks(w->stored), read_block, w);
    if (sum != NULL)
        *sum = atomic_load(&w->sum);
    return w->status;
}

sbertja_status sbj_stored_copy(const sbj_stored *stored, sbj_pool *pool, void *bytes, sbertja_error *error)
{
    work w = {.stored = stored, .bytes = bytes, .error = error};
    return run(&w, pool, NULL);
}

sbertja_status sbj_stored_load(const sbj_stored *stored, sbj_pool *pool, float *values, uint64_t *sum,
                               sbertja_error *error)
{
    work w = {.stored = stored, .values = values, .error = error};
    sbertja_status status = check_type(stored, error);
    return status == SBERTJA_OK ? run(&w, pool, sum) : status;
}

sbertja_status sbj_stored_each(const sbj_stored *stored, sbj_pool *pool, float *floats, sbj_take take, void *context,
                               uint64_t *sum, sbertja_error *error)
{
    work w = {.stored = stored, .values = floats, .take = take, .context = context, .error = error};
    sbertja_status status = check_type(stored, error);
    return status == SBERTJA_OK ? run(&w, pool, sum) : status;
}

sbertja_status sbj_stored_floats(const sbj_stored *stored, float *values, sbertja_error *error)
{
    return sbj_stored_load(stored, NULL, values, NULL, error);
}
