/* The calls that model code makes: each checks its record and hands it to the back end's table. */
#include <string.h>

#include "backend/backend.h"
#include "backend/op_check.h"

size_t sbj_type_size(sbj_type type)
{
    if (sbj_type_is_half(type))
        return sizeof(uint16_t);
    return type == SBJ_F64 ? sizeof(double) : sizeof(float);
}

static const char *const precisions[] = {"f32", "bf16", "int8"};

const char *sbj_precision_name(sbj_precision precision)
{
    return precisions[precision];
}

bool sbj_precision_parse(const char *name, sbj_precision *precision)
{
    for (size_t i = 0; i < sizeof precisions / sizeof *precisions; i++)
        if (strcmp(name == NULL ? "f32" : name, precisions[i]) == 0) {
            *precision = (sbj_precision)i;
            return true;
        }
    return false;
}

void sbj_backend_free(sbj_backend *backend)
{
    if (backend != NULL)
        backend->table->destroy(backend);
}

/* ---- Tensors ---------------------------------------------------------------------------------------------------- */

sbertja_status sbj_tensor_new(const sbj_backend *backend, sbj_type type, size_t rows, size_t columns,
                              sbj_tensor *tensor, sbertja_error *error)
{
    size_t count, bytes;
    *tensor = SBJ_NONE;
    if (!sbj_mul(rows, columns, &count) || !sbj_mul(count, sbj_type_size(type), &bytes))
        return sbj_fail(error, SBERTJA_E_MEMORY, "out of memory: a tensor of [%zu, %zu]", rows, columns);
    sbj_buffer *buffer = NULL;
    sbertja_status status = backend->table->alloc(backend, bytes, &buffer, error);
    if (status == SBERTJA_OK)
        *tensor = (sbj_tensor){buffer, 0, rows, columns, columns, type};
    return status;
}

void sbj_tensor_free(const sbj_backend *backend, sbj_tensor *tensor)
{
    if (sbj_present(*tensor))
        backend->table->release(backend, tensor->buffer);
    *tensor = SBJ_NONE;
}

static bool host_type_is_known(sbj_type type)
{
    return type == SBJ_F32 || type == SBJ_F64 || type == SBJ_I32;
}

static sbertja_status check_tensor(const char *operation, sbj_tensor t, sbertja_error *error)
{
    if (!sbj_present(t))
        return sbj_fail(error, SBERTJA_E_INTERNAL, "%s: tensor: none", operation);
    if (!host_type_is_known(t.type) && !sbj_type_is_half(t.type))
        return sbj_fail(error, SBERTJA_E_INTERNAL, "%s: tensor: type %d, expected 1 to 5", operation, (int)t.type);
    if (t.stride < t.columns)
        return sbj_fail(error, SBERTJA_E_INTERNAL, "%s: tensor: stride %zu, expected at least the %zu columns",
                        operation, t.stride, t.columns);
    return SBERTJA_OK;
}

static sbertja_status check_transfer(const char *operation, sbj_tensor t, const void *host, sbj_type host_type,
                                     sbertja_error *error)
{
    if (host == NULL && t.rows * t.columns > 0)
        return sbj_fail(error, SBERTJA_E_INTERNAL, "%s: host memory: none", operation);
    if (!host_type_is_known(host_type))
        return sbj_fail(error, SBERTJA_E_INTERNAL, "%s: host type %d, expected 1 to 3", operation, (int)host_type);
    return check_tensor(operation, t, error);
}

sbertja_status sbj_write(const sbj_backend *backend, sbj_tensor t, const void *host, sbj_type host_type,
                         sbertja_error *error)
{
    sbertja_status status = check_transfer("write", t, host, host_type, error);
    return status != SBERTJA_OK ? status : backend->table->write(backend, t, host, host_type, error);
}

sbertja_status sbj_read(const sbj_backend *backend, sbj_tensor t, void *host, sbj_type host_type, sbertja_error *error)
{
    sbertja_status status = check_transfer("read", t, host, host_type, error);
    return status != SBERTJA_OK ? status : backend->table->read(backend, t, host, host_type, error);
}

sbertja_status sbj_zero(const sbj_run *run, sbj_tensor t, sbertja_error *error)
{
    sbertja_status status = check_tensor("zero", t, error);
    return status != SBERTJA_OK ? status : run->backend->table->zero(run, t, error);
}

/* ---- Preparation ------------------------------------------------------------------------------------------------ */

sbertja_status sbj_prepare(const sbj_backend *backend, sbj_pool *pool, sbj_matrix *w, sbertja_error *error)
{
    sbertja_status status = sbj_check_matrix(backend, w, error);
    return status != SBERTJA_OK ? status : backend->table->prepare(backend, pool, w, error);
}

void sbj_unprepare(const sbj_backend *backend, sbj_matrix *w)
{
    backend->table->unprepare(backend, w);
}

size_t sbj_packed_size(const sbj_backend *backend, const sbj_matrix *w)
{
    return backend->table->packed_size(backend, w);
}

const void *sbj_packed_data(const sbj_backend *backend, const sbj_matrix *w)
{
    return backend->table->packed_data(backend, w);
}

sbertja_status sbj_adopt(const sbj_backend *backend, sbj_matrix *w, const void *data, sbertja_error *error)
{
    sbertja_status status = sbj_check_matrix(backend, w, error);
    return status != SBERTJA_OK ? status : backend->table->adopt(backend, w, data, error);
}

size_t sbj_scratch_size(const sbj_backend *backend, const sbj_extent *extent, int threads)
{
    return backend->table->scratch_size(backend, extent, threads);
}

/* ---- Operations ------------------------------------------------------------------------------------------------- */

sbertja_status sbj_do_embed(const sbj_run *run, const sbj_embed *record, sbertja_error *error)
{
    sbertja_status status = sbj_check_embed(run, record, NULL, error);
    return status != SBERTJA_OK ? status : run->backend->table->embed(run, record, error);
}

sbertja_status sbj_do_embed_backward(const sbj_run *run, const sbj_embed *record, const sbj_embed_gradients *gradients,
                                     sbertja_error *error)
{
    sbertja_status status = sbj_check_embed(run, record, gradients, error);
    return status != SBERTJA_OK ? status : run->backend->table->embed_backward(run, record, gradients, error);
}

sbertja_status sbj_do_linear(const sbj_run *run, const sbj_linear *record, sbertja_error *error)
{
    sbertja_status status = sbj_check_linear(run, record, NULL, error);
    return status != SBERTJA_OK ? status : run->backend->table->linear(run, record, error);
}

sbertja_status sbj_do_linear_backward(const sbj_run *run, const sbj_linear *record,
                                      const sbj_linear_gradients *gradients, sbertja_error *error)
{
    sbertja_status status = sbj_check_linear(run, record, gradients, error);
    return status != SBERTJA_OK ? status : run->backend->table->linear_backward(run, record, gradients, error);
}

sbertja_status sbj_do_linear_norm(const sbj_run *run, const sbj_linear_norm *record, sbertja_error *error)
{
    sbertja_status status = sbj_check_linear_norm(run, record, NULL, error);
    return status != SBERTJA_OK ? status : run->backend->table->linear_norm(run, record, error);
}

sbertja_status sbj_do_linear_norm_backward(const sbj_run *run, const sbj_linear_norm *record,
                                           const sbj_linear_norm_gradients *gradients, sbertja_error *error)
{
    sbertja_status status = sbj_check_linear_norm(run, record, gradients, error);
    return status != SBERTJA_OK ? status : run->backend->table->linear_norm_backward(run, record, gradients, error);
}

sbertja_status sbj_do_attention(const sbj_run *run, const sbj_attention *record, sbertja_error *error)
{
    sbertja_status status = sbj_check_attention(run, record, NULL, error);
    return status != SBERTJA_OK ? status : run->backend->table->attention(run, record, error);
}

sbertja_status sbj_do_attention_backward(const sbj_run *run, const sbj_attention *record,
                                         const sbj_attention_gradients *gradients, sbertja_error *error)
{
    sbertja_status status = sbj_check_attention(run, record, gradients, error);
    return status != SBERTJA_OK ? status : run->backend->table->attention_backward(run, record, gradients, error);
}

sbertja_status sbj_do_pool(const sbj_run *run, const sbj_pool_op *record, sbertja_error *error)
{
    sbertja_status status = sbj_check_pool(run, record, NULL, error);
    return status != SBERTJA_OK ? status : run->backend->table->pool(run, record, error);
}

sbertja_status sbj_do_pool_backward(const sbj_run *run, const sbj_pool_op *record, const sbj_pool_gradients *gradients,
                                    sbertja_error *error)
{
    sbertja_status status = sbj_check_pool(run, record, gradients, error);
    return status != SBERTJA_OK ? status : run->backend->table->pool_backward(run, record, gradients, error);
}

sbertja_status sbj_do_normalize(const sbj_run *run, const sbj_normalize *record, sbertja_error *error)
{
    sbertja_status status = sbj_check_normalize(run, record, NULL, error);
    return status != SBERTJA_OK ? status : run->backend->table->normalize(run, record, error);
}

sbertja_status sbj_do_normalize_backward(const sbj_run *run, const sbj_normalize *record,
                                         const sbj_normalize_gradients *gradients, sbertja_error *error)
{
    sbertja_status status = sbj_check_normalize(run, record, gradients, error);
    return status != SBERTJA_OK ? status : run->backend->table->normalize_backward(run, record, gradients, error);
}

sbertja_status sbj_do_sumsq(const sbj_run *run, const sbj_sumsq *record, double *sum, sbertja_error *error)
{
    sbertja_status status = sbj_check_sumsq(run, record, error);
    return status != SBERTJA_OK ? status : run->backend->table->sumsq(run, record, sum, error);
}

sbertja_status sbj_do_adamw(const sbj_run *run, const sbj_adamw *record, sbertja_error *error)
{
    sbertja_status status = sbj_check_adamw(run, record, error);
    return status != SBERTJA_OK ? status : run->backend->table->adamw(run, record, error);
}
