/* The engine's own form of every matrix, once, when a model is made. The encoder's weights come from the packed file,
 * or from the weight file one matrix after another: read, packed, and dropped, so that no two forms of all of them are
 * ever in memory. Engines that have no form of their own keep the weights. */
#include "model/model.h"

/* Whether model_read.c left the values of a matrix in the file. */
static bool is_unread(const sbj_model *model, size_t parameter)
{
    return model->stored[parameter] != NULL && !sbj_model_borrows(model, parameter);
}

/* Puts the parts of matrix `index` that are still in the file into `room`. */
static sbertja_status read_parts(sbj_model *model, sbj_pool *pool, size_t index, float *room, sbj_matrix *whole,
                                 sbertja_error *error)
{
    size_t parameters[SBJ_PARTS], count = sbj_matrix_weights(index, parameters);
    sbertja_status status = SBERTJA_OK;
    for (size_t i = 0; i < count && status == SBERTJA_OK; i++) {
        const size_t k = parameters[i], values = model->network.parameters[k].rows * model->network.parameters[k].columns;
        sbj_buffer *buffer;
        if (!is_unread(model, k))
            continue;
        if ((status = sbj_stored_load(model->stored[k], pool, room, &model->sums[k], error)) != SBERTJA_OK)
            return status == SBERTJA_E_UNSUPPORTED ? sbj_in(error, status, "%s", model->stored[k]->file->path) : status;
        status = model->backend->table->wrap(model->backend, room, values * sizeof *room, &buffer, error);
        if (status == SBERTJA_OK)
            whole->weight[i].buffer = buffer;
        room += values;
    }
    return status;
}

/* Matrix `index` of the encoder. */
static sbertja_status pack(sbj_model *model, sbj_pool *pool, size_t index, float *room, sbertja_error *error)
{
    sbj_matrix *matrix = &model->weights.matrices[index], whole = *matrix;
    size_t parameters[SBJ_PARTS], count = sbj_matrix_weights(index, parameters);
    sbertja_status status = read_parts(model, pool, index, room, &whole, error);
    if (status == SBERTJA_OK)
        status = sbj_prepare(model->backend, pool, &whole, error);
    matrix->packed = whole.packed;
    for (size_t i = 0; i < count; i++) {
        if (whole.weight[i].buffer != matrix->weight[i].buffer)
            model->backend->table->release(model->backend, whole.weight[i].buffer);
        if (matrix->packed != NULL)
            sbj_model_forget(model, parameters[i]);
    }
    return status;
}

/* The most values of a matrix that are still in the file. */
static size_t most_unread(const sbj_model *model, size_t matrices)
{
    size_t most = 0;
    for (size_t index = 0; index < matrices; index++) {
        size_t parameters[SBJ_PARTS], count = sbj_matrix_weights(index, parameters), values = 0;
        for (size_t i = 0; i < count; i++)
            if (is_unread(model, parameters[i]))
                values += model->stored[parameters[i]]->count;
        most = values > most ? values : most;
    }
    return most;
}

static sbertja_status pack_all(sbj_model *model, sbj_pool *pool, size_t matrices, sbertja_error *error)
{
    const size_t most = most_unread(model, matrices);
    float *room = most == 0 ? NULL : sbj_new_aligned(&model->alloc, most * sizeof *room);
    sbertja_status status = room == NULL && most > 0 ? sbj_no_memory(error, most * sizeof *room) : SBERTJA_OK;
    for (size_t i = 0; i < matrices && status == SBERTJA_OK; i++)
        status = pack(model, pool, i, room, error);
    sbj_free_aligned(&model->alloc, room);
    return status;
}

/* Whether encode rounds words as it reads them: a table that is not in 16 bits, in a precision below f32. */
static bool rounds_words(const sbj_model *model)
{
    return model->precision != SBJ_PRECISION_F32 && model->backend->table->half_words &&
           !sbj_present(model->weights.words) && model->weights.tensors[SBJ_WORD].type == SBJ_F32;
}

sbertja_status sbj_model_pack(sbj_model *model, sbj_pool *pool, sbertja_error *error)
{
    sbj_views *w = &model->weights;
    const size_t encoder = model->network.config.layers * SBJ_LAYER_MATRICES;
    for (size_t i = 0; i < encoder; i++)
        w->matrices[i].precision = model->precision;
    sbertja_status status = model->packed.data != NULL ? sbj_packed_adopt(model, error)
                                                       : pack_all(model, pool, encoder, error);
    w->rounded_words = rounds_words(model);
    for (size_t i = encoder; i < w->matrix_count && status == SBERTJA_OK; i++)
        if (w->matrices[i].parts > 0) /* a Dense module */
            status = sbj_prepare(model->backend, pool, &w->matrices[i], error);
    return status;
}
