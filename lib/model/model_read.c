/* The values of parameters that a file has. By default all that a model computes with is copied into memory, and what is
 * kept in another form there, the packed matrices and the rounded table of words, is read again from the open file when
 * somebody asks for the values. Then its sum is compared, so that a file that was overwritten meanwhile is an error and
 * never other weights. In a mapped model tensors of floats are used where the file has them instead. */
#include "model/model.h"
#include "util/float16.h"

typedef struct reading {
    sbj_model *model;
    sbj_pool *pool;
    float *blocks; /* one a thread, for values on their way */
} reading;

typedef struct target {
    const sbj_backend *backend;
    sbj_tensor tensor;
} target;

/* Elements first, first+1, ... of a tensor without gaps. */
static sbertja_status put(void *context, size_t first, size_t count, const float *values, sbertja_error *error)
{
    const target *t = context;
    const sbj_tensor some = {t->tensor.buffer, first, 1, count, count, t->tensor.type};
    return sbj_write(t->backend, some, values, SBJ_F32, error);
}

static sbertja_status put_rounded(void *context, size_t first, size_t count, const float *values, sbertja_error *error)
{
    (void)error;
    sbj_bf16_from_floats(values, count, (uint16_t *)context + first);
    return SBERTJA_OK;
}

/* A tensor over memory at `host`. Without `bytes`: one that nothing may read, since only its packed form is. */
static sbertja_status wrap(sbj_model *model, size_t i, sbj_type type, const void *host, size_t bytes,
                           sbertja_error *error)
{
    const sbj_parameter *p = &model->network.parameters[i];
    sbertja_status status = model->backend->table->wrap(model->backend, host, bytes, &model->buffers[i], error);
    if (status == SBERTJA_OK)
        model->weights.tensors[i] = (sbj_tensor){model->buffers[i], 0, p->rows, p->columns, p->columns, type};
    return status;
}

/* A tensor of the back end's for parameter i. */
static sbertja_status convert(reading *r, size_t i, sbertja_error *error)
{
    sbj_model *model = r->model;
    const sbj_parameter *p = &model->network.parameters[i];
    target t = {model->backend, SBJ_NONE};
    sbertja_status status =
        sbj_tensor_new(model->backend, model->backend->table->real, p->rows, p->columns, &t.tensor, error);
    if (status != SBERTJA_OK)
        return status;
    model->weights.tensors[i] = t.tensor;
    model->buffers[i] = t.tensor.buffer;
    return sbj_stored_each(model->stored[i], r->pool, r->blocks, put, &t, NULL, error);
}

/* A table as the file has it, or rounded to bf16, in memory that the model owns. */
static sbertja_status copy(reading *r, size_t i, sbj_type type, bool rounded, sbertja_error *error)
{
    sbj_model *model = r->model;
    const sbj_stored *stored = model->stored[i];
    const size_t bytes = stored->count * sbj_type_size(type);
    void *own = model->own[i] = sbj_new_aligned(&model->alloc, bytes);
    if (own == NULL)
        return sbj_no_memory(error, bytes);
    sbj_pool_populate(r->pool, own, bytes);
    sbertja_status status =
        rounded ? sbj_stored_each(stored, r->pool, r->blocks, put_rounded, own, &model->sums[i], error)
                : sbj_stored_copy(stored, r->pool, own, error);
    return status == SBERTJA_OK ? wrap(model, i, type, own, bytes, error) : status;
}

/* The type in which words of 16 bits stay as they are, or else the back end's own. */
static sbj_type stored_type(const sbj_model *model, size_t i)
{
    const sbj_dtype dtype = model->stored[i]->dtype;
    if (i == SBJ_WORD && model->backend->table->half_words && (dtype == SBJ_DTYPE_BF16 || dtype == SBJ_DTYPE_F16))
        return dtype == SBJ_DTYPE_BF16 ? SBJ_BF16 : SBJ_F16;
    return model->backend->table->real;
}

bool sbj_model_borrows(const sbj_model *model, size_t i)
{
    const sbj_stored *stored = model->stored[i];
    /* A vector is small enough to be copied, and would keep large pages in memory, with the matrices beside it that are
     * packed and forgotten. */
    if (!model->mapped || stored == NULL || stored->data == NULL || model->network.parameters[i].vector)
        return false;
    const sbj_type type = stored_type(model, i);
    return (stored->dtype == SBJ_DTYPE_F32 ? type == SBJ_F32 : sbj_type_is_half(type)) &&
           (uintptr_t)stored->data % sbj_type_size(type) == 0;
}

void sbj_model_forget(const sbj_model *model, size_t i)
{
    for (size_t k = 0; k < model->archive_count && model->stored[i] != NULL; k++)
        sbj_archive_forget(model->archives[k], model->stored[i]);
}

/* Whether nothing but the packed form of parameter i is ever computed with. */
static bool is_packed_only(const sbj_model *model, size_t i)
{
    return i == SBJ_WORD ? sbj_packed_has_words(model) : sbj_is_matrix_weight(&model->network, i) && model->packs;
}

static sbertja_status fetch(reading *r, size_t i, sbertja_error *error)
{
    sbj_model *model = r->model;
    const sbj_backend_table *table = model->backend->table;
    const sbj_stored *stored = model->stored[i];
    const sbj_type type = stored_type(model, i);
    sbertja_status status;
    if (sbj_model_borrows(model, i))
        return wrap(model, i, type, stored->data, stored->count * sbj_type_size(type), error);
    if (is_packed_only(model, i))
        return wrap(model, i, table->real, NULL, 0, error);
    const bool half = sbj_type_is_half(type),
               rounded = i == SBJ_WORD && !half && model->precision != SBJ_PRECISION_F32 && table->half_words;
    if (rounded)
        return copy(r, i, SBJ_BF16, true, error);
    if (half || (stored->dtype == SBJ_DTYPE_F32 && type == SBJ_F32 && !model->network.parameters[i].vector))
        status = copy(r, i, type, false, error);
    else
        status = convert(r, i, error);
    sbj_model_forget(model, i);
    model->stored[i] = NULL; /* all of it is in memory */
    return status;
}

sbertja_status sbj_weights_read(sbj_model *model, sbj_pool *pool, sbertja_error *error)
{
    const size_t floats = (size_t)sbj_pool_threads(pool) * SBJ_BLOCK;
    reading r = {model, pool, sbj_new_raw(&model->alloc, floats, sizeof(float))};
    sbertja_status status = r.blocks == NULL ? sbj_no_memory(error, floats * sizeof(float)) : SBERTJA_OK;
    for (size_t i = 0; i < model->network.parameter_count && status == SBERTJA_OK; i++)
        if (model->stored[i] != NULL) {
            const char *path = model->stored[i]->file->path;
            if ((status = fetch(&r, i, error)) == SBERTJA_E_UNSUPPORTED)
                sbj_in(error, status, "%s", path);
        }
    sbj_free(&model->alloc, r.blocks);
    if (status == SBERTJA_OK)
        sbj_views_link(&model->weights);
    return status;
}

sbertja_status sbj_weights_settle(sbj_model *model, sbertja_error *error)
{
    sbertja_status status = SBERTJA_OK;
    bool needed = model->mapped;
    for (size_t k = 0; k < model->archive_count && status == SBERTJA_OK; k++)
        status = sbj_archive_check(model->archives[k], error);
    for (size_t i = 0; i < model->network.parameter_count && !needed; i++)
        needed = model->stored[i] != NULL;
    if (model->mapped || status != SBERTJA_OK)
        return status;
    /* What is still read from a file is the encoder's. */
    while (model->archive_count > (needed ? 1 : 0))
        sbj_archive_free(model->archives[--model->archive_count]);
    return status;
}

sbertja_status sbj_model_values(const sbj_model *model, size_t index, float *values, sbertja_error *error)
{
    const sbj_stored *stored = model->stored[index];
    uint64_t sum;
    if (stored == NULL)
        return sbj_read(model->backend, model->weights.tensors[index], values, SBJ_F32, error);
    sbertja_status status = model->mapped ? SBERTJA_OK : sbj_input_owned(stored->file, error);
    if (status == SBERTJA_OK)
        status = sbj_stored_load(stored, NULL, values, &sum, error);
    if (status == SBERTJA_OK && !model->mapped && sum != model->sums[index])
        status = sbj_in(error, sbj_input_changed(stored->file, error), "%s", stored->name);
    return status;
}
