/* Buffers in host memory, shared by the back ends that compute there (ref, cpu). Nothing outside lib/backend includes
 * this: model code sees tensors only through the interface. */
#ifndef SBJ_HOST_H
#define SBJ_HOST_H

#include "backend/backend.h"

struct sbj_buffer {
    void *data;
    size_t bytes;
    bool owned; /* false: wrapped, the memory is the host's and read only */
};

/* The first element of a window; NULL if the values are not in memory, as those of a weight that is packed. */
static inline float *sbj_f32(sbj_tensor t)
{
    return t.buffer->data == NULL ? NULL : (float *)t.buffer->data + t.offset;
}

static inline double *sbj_f64(sbj_tensor t)
{
    return t.buffer->data == NULL ? NULL : (double *)t.buffer->data + t.offset;
}

static inline int32_t *sbj_i32(sbj_tensor t)
{
    return t.buffer->data == NULL ? NULL : (int32_t *)t.buffer->data + t.offset;
}

/* Entries of the back end's table. Memory is aligned to 64 bytes and not cleared. */
sbertja_status sbj_host_alloc(const sbj_backend *backend, size_t bytes, sbj_buffer **buffer, sbertja_error *error);
sbertja_status sbj_host_wrap(const sbj_backend *backend, const void *host, size_t bytes, sbj_buffer **buffer,
                             sbertja_error *error);
void sbj_host_release(const sbj_backend *backend, sbj_buffer *buffer); /* takes NULL */
sbertja_status sbj_host_write(const sbj_backend *backend, sbj_tensor t, const void *host, sbj_type host_type,
                              sbertja_error *error);
sbertja_status sbj_host_read(const sbj_backend *backend, sbj_tensor t, void *host, sbj_type host_type,
                             sbertja_error *error);
sbertja_status sbj_host_zero(const sbj_run *run, sbj_tensor t, sbertja_error *error);

/* Whether every id and position of an embed record is a row of its table: the checks in op.c cannot look into a
 * device's memory. */
sbertja_status sbj_host_check_ids(const sbj_embed *embed, sbertja_error *error);

#endif
