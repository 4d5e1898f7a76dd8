/* The engine's own form of every matrix, once, when a model is made. The encoder's weights come from the packed file,
 * or from the weight file one matrix after another: read or converted, packed, and forgotten, so that no two forms of
 * all of them are ever in memory. Engines that have no form of their own keep the weights. The table of words, which
 * may be larger than all matrices, stays in the file: most inputs need few of its rows. */
#include "model/model.h"

/* A tensor for a weight that the file has in another type. */
static sbertja_status convert(const sbj_model *model, size_t parameter, sbj_tensor *t, sbertja_error *error)
{
    const sbj_parameter *p = &model->network.parameters[parameter];
    float *values = sbj_new_raw(&model->alloc, p->rows * p->columns, sizeof *values);
    if (values == NULL)
        return sbj_no_memory(error, p->rows * p->columns * sizeof *values);
    sbertja_status status = sbj_model_values(model, parameter, values, error);
    if (status == SBERTJA_OK)
        status = sbj_tensor_new(model->backend, model->backend->table->real, p->rows, p->columns, t, error);
    if (status == SBERTJA_OK && (status = sbj_write(model->backend, *t, values, SBJ_F32, error)) != SBERTJA_OK)
        sbj_tensor_free(model->backend, t);
    sbj_free(&model->alloc, values);
    return status;
}

/* Whether sbj_weights_load left the conversion to us. */
static bool is_unread(const sbj_model *model, size_t parameter)
{
    const sbj_stored *stored = model->stored[parameter];
    return stored != NULL && (stored->dtype != SBJ_DTYPE_F32 || (uintptr_t)stored->data % sizeof(float) != 0) &&
           model->backend->table->real == SBJ_F32;
}

/* The converted weight stays, in place of the one that could not be read. */
static void keep(sbj_model *model, size_t parameter, sbj_tensor t)
{
    model->backend->table->release(model->backend, model->buffers[parameter]);
    model->buffers[parameter] = t.buffer;
    model->weights.tensors[parameter] = t;
}

/* Matrix `index` of the encoder. */
static sbertja_status pack(sbj_model *model, sbj_pool *pool, size_t index, sbertja_error *error)
{
    sbj_matrix *matrix = &model->weights.matrices[index], whole = *matrix;
    sbj_tensor converted[SBJ_PARTS] = {SBJ_NONE, SBJ_NONE, SBJ_NONE};
    size_t parameters[SBJ_PARTS], count = sbj_matrix_weights(index, parameters);
    sbertja_status status = SBERTJA_OK;
    for (size_t i = 0; i < count && status == SBERTJA_OK; i++)
        if (is_unread(model, parameters[i]) &&
            (status = convert(model, parameters[i], &converted[i], error)) == SBERTJA_OK)
            whole.weight[i] = converted[i];
    if (status == SBERTJA_OK)
        status = sbj_prepare(model->backend, pool, &whole, error);
    if (status == SBERTJA_OK && whole.packed == NULL)
        *matrix = whole;
    matrix->packed = whole.packed;
    for (size_t i = 0; i < count; i++) {
        if (matrix->packed == NULL && status == SBERTJA_OK && sbj_present(converted[i]))
            keep(model, parameters[i], converted[i]);
        else
            sbj_tensor_free(model->backend, &converted[i]);
        if (matrix->packed != NULL && model->stored[parameters[i]] != NULL)
            sbj_archive_forget(model->archives[0], model->stored[parameters[i]]);
    }
    return status;
}

/* Whether encode rounds words as it reads them: a table that is not in 16 bits, in a precision below f32. */
static bool rounds_words(const sbj_model *model)
{
    return model->precision != SBJ_PRECISION_F32 && model->backend->table->half_words &&
           !sbj_present(model->weights.words) && model->weights.tensors[SBJ_WORD].type == SBJ_F32;
}

sbertja_status sbj_model_pack(sbj_model *model, sbertja_error *error)
{
    sbj_views *w = &model->weights;
    const size_t encoder = model->network.config.layers * SBJ_LAYER_MATRICES;
    sbj_pool *pool = NULL;
    for (size_t i = 0; i < encoder; i++)
        w->matrices[i].precision = model->precision;
    sbertja_status status = sbj_pool_create(&model->alloc, model->threads, &model->log, &pool, error);
    if (status == SBERTJA_OK && model->packed.data != NULL)
        status = sbj_packed_adopt(model, error);
    for (size_t i = 0; i < encoder && status == SBERTJA_OK && model->packed.data == NULL; i++)
        status = pack(model, pool, i, error);
    w->rounded_words = rounds_words(model);
    for (size_t i = encoder; i < w->matrix_count && status == SBERTJA_OK; i++)
        if (w->matrices[i].parts > 0) /* a Dense module */
            status = sbj_prepare(model->backend, pool, &w->matrices[i], error);
    sbj_pool_free(pool);
    return status;
}
