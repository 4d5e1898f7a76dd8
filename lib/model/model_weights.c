/* Where a model's parameters come from: found in the files of a directory, to be read by model_read.c; given by the
 * caller; random; or copied from another model. */
#define _GNU_SOURCE
#include "model/model.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "util/finite.h"
#include "util/rng.h"

enum { MOST_TRIES = 20 };

/* Opens a file that was changed just now again until its times would show another change. */
static sbertja_status open_settled(const sbj_alloc *alloc, const char *path, sbj_archive **archive, sbertja_error *error)
{
    const struct timespec millisecond = {0, 1000000};
    sbertja_status status = sbj_archive_open(alloc, path, archive, error);
    for (int i = 0; i < MOST_TRIES && status == SBERTJA_OK && sbj_archive_is_fresh(*archive); i++) {
        sbj_archive_free(*archive);
        nanosleep(&millisecond, NULL);
        status = sbj_archive_open(alloc, path, archive, error);
    }
    return status;
}

sbertja_status sbj_weights_open(const sbj_alloc *alloc, const char *folder, bool mapped, sbj_archive **archive,
                                sbertja_error *error)
{
    static const char *const names[] = {"model.safetensors", "pytorch_model.bin"};
    *archive = NULL;
    for (size_t i = 0; i < 2; i++) {
        char *path = NULL;
        bool there = false;
        sbertja_status status = sbj_path_join(alloc, folder, names[i], &path, error);
        if (status == SBERTJA_OK)
            status = sbj_find_file(path, &there, error);
        if (there)
            status = open_settled(alloc, path, archive, error);
        if (there && status == SBERTJA_OK && mapped && (status = sbj_archive_map(*archive, error)) != SBERTJA_OK) {
            sbj_archive_free(*archive);
            *archive = NULL;
        }
        sbj_free(alloc, path);
        if (there || status != SBERTJA_OK)
            return status;
    }
    return sbj_fail(error, SBERTJA_E_IO, "%s: neither model.safetensors nor pytorch_model.bin is there", folder);
}

/* "x.LayerNorm.weight" was "x.LayerNorm.gamma" in TensorFlow's files and the first of PyTorch's. */
static bool old_norm_name(const char *name, char *old, size_t room)
{
    const char *dot = strrchr(name, '.');
    if (strstr(name, "LayerNorm.") == NULL || dot == NULL)
        return false;
    snprintf(old, room, "%.*s.%s", (int)(dot - name), name, strcmp(dot, ".weight") == 0 ? "gamma" : "beta");
    return true;
}

const sbj_stored *sbj_weights_find(const sbj_archive *archive, const char *name)
{
    char old[SBJ_NAME_ROOM], prefixed[SBJ_NAME_ROOM + 8];
    bool has_old = old_norm_name(name, old, sizeof old);
    for (int i = 0; i < (has_old ? 2 : 1); i++) {
        const char *wanted = i == 0 ? name : old;
        const sbj_stored *stored = sbj_archive_find(archive, wanted);
        if (stored == NULL) {
            snprintf(prefixed, sizeof prefixed, "bert.%s", wanted);
            stored = sbj_archive_find(archive, prefixed);
        }
        if (stored != NULL)
            return stored;
    }
    return NULL;
}

static void shape_text(const size_t *shape, size_t dimensions, char *text, size_t room)
{
    size_t used = (size_t)snprintf(text, room, "[");
    for (size_t i = 0; i < dimensions && used < room; i++)
        used += (size_t)snprintf(text + used, room - used, "%s%zu", i ? ", " : "", shape[i]);
    if (used < room)
        snprintf(text + used, room - used, "]");
}

static sbertja_status check_shape(const sbj_parameter *p, const sbj_stored *stored, const char *file,
                                  sbertja_error *error)
{
    char found[128], needed[64];
    const size_t shape[2] = {p->vector ? p->columns : p->rows, p->columns};
    const size_t dimensions = p->vector ? 1 : 2;
    if (stored->dimensions == dimensions && memcmp(stored->shape, shape, dimensions * sizeof *shape) == 0)
        return SBERTJA_OK;
    shape_text(stored->shape, stored->dimensions, found, sizeof found);
    shape_text(shape, dimensions, needed, sizeof needed);
    return sbj_fail(error, SBERTJA_E_FORMAT, "%s: %s: shape %s, config needs %s", file, stored->name, found, needed);
}

/* A tensor of its own for parameter i, filled from floats. */
static sbertja_status own(sbj_model *model, size_t i, const float *values, sbertja_error *error)
{
    const sbj_parameter *p = &model->network.parameters[i];
    sbj_tensor *t = &model->weights.tensors[i];
    sbertja_status status =
        sbj_tensor_new(model->backend, model->backend->table->real, p->rows, p->columns, t, error);
    if (status != SBERTJA_OK)
        return status;
    model->buffers[i] = t->buffer;
    return sbj_write(model->backend, *t, values, SBJ_F32, error);
}

static sbertja_status locate(sbj_model *model, size_t i, const sbj_stored *stored, const char *file,
                             sbertja_error *error)
{
    model->stored[i] = stored;
    return check_shape(&model->network.parameters[i], stored, file, error);
}

/* Torch's nn.Linear: both uniform in +-1/sqrt(in). */
static sbertja_status random_dense(sbj_model *model, size_t i, uint64_t seed, sbertja_error *error)
{
    const sbj_parameter *p = &model->network.parameters[i];
    const size_t count = p->rows * p->columns, in = model->network.modules[p->module].in;
    float *values = sbj_new_raw(&model->alloc, count, sizeof *values);
    if (values == NULL)
        return sbj_no_memory(error, count * sizeof *values);
    sbj_rng rng = sbj_rng_make(seed, (uint32_t)i);
    const double bound = 1 / __builtin_sqrt((double)in);
    for (size_t k = 0; k < count; k++)
        values[k] = (float)(bound * (2 * sbj_rng_uniform(&rng) - 1));
    sbertja_status status = own(model, i, values, error);
    sbj_free(&model->alloc, values);
    return status;
}

/* A Dense module that the caller gave: its values, or random ones. */
static sbertja_status given_dense(sbj_model *model, size_t i, const sbj_model_options *options, sbertja_error *error)
{
    const sbj_parameter *p = &model->network.parameters[i];
    const sbertja_module *given = &options->modules[p->module];
    const float *values = p->vector ? given->bias : given->weight;
    if (values != NULL)
        return own(model, i, values, error);
    if (given->weight == NULL)
        return random_dense(model, i, options->seed, error);
    float *zeros = sbj_new(&model->alloc, p->columns, sizeof *zeros);
    sbertja_status status =
        zeros == NULL ? sbj_no_memory(error, p->columns * sizeof *zeros) : own(model, i, zeros, error);
    sbj_free(&model->alloc, zeros);
    return status;
}

/* A Dense module's own file; parameter i is its weight, the next one its bias. */
static sbertja_status locate_dense(sbj_model *model, const sbj_layout *layout, size_t i, sbertja_error *error)
{
    const sbj_module *module = &layout->modules[model->network.parameters[i].module];
    char *folder = NULL;
    sbj_archive *archive = NULL;
    sbertja_status status = sbj_path_join(&model->alloc, layout->directory, module->folder, &folder, error);
    if (status == SBERTJA_OK &&
        (status = sbj_weights_open(&model->alloc, folder, model->mapped, &archive, error)) == SBERTJA_OK) {
        static const char *const names[] = {"linear.weight", "linear.bias"};
        model->archives[model->archive_count++] = archive;
        for (size_t k = 0; k < (module->bias ? 2 : 1) && status == SBERTJA_OK; k++) {
            const sbj_stored *stored = sbj_archive_find(archive, names[k]);
            status = stored == NULL ? sbj_fail(error, SBERTJA_E_FORMAT, "%s: %s is not there", folder, names[k])
                                    : locate(model, i + k, stored, folder, error);
        }
    }
    sbj_free(&model->alloc, folder);
    return status;
}

static sbertja_status allocate(sbj_model *model, sbertja_error *error)
{
    size_t count = model->network.parameter_count;
    sbertja_status status = sbj_views_make(&model->network, &model->weights, error);
    if (status != SBERTJA_OK)
        return status;
    model->buffers = sbj_new(&model->alloc, count, sizeof *model->buffers);
    model->stored = sbj_new(&model->alloc, count, sizeof *model->stored);
    model->sums = sbj_new(&model->alloc, count, sizeof *model->sums);
    model->own = sbj_new(&model->alloc, count, sizeof *model->own);
    if (model->own == NULL || model->buffers == NULL || model->stored == NULL || model->sums == NULL)
        return sbj_no_memory(error, count * sizeof *model->buffers);
    return SBERTJA_OK;
}

sbertja_status sbj_weights_locate(sbj_model *model, const sbj_layout *layout, const sbj_archive *transformer,
                                  const sbj_model_options *options, sbertja_error *error)
{
    const sbj_network *n = &model->network;
    sbertja_status status = allocate(model, error);
    for (size_t i = 0; i < n->parameter_count && status == SBERTJA_OK; i++) {
        const sbj_parameter *p = &n->parameters[i];
        if (p->module >= 0) {
            if (options->modules != NULL)
                status = given_dense(model, i, options, error);
            else if (!p->vector)
                status = locate_dense(model, layout, i, error);
            continue;
        }
        const sbj_stored *stored = sbj_weights_find(transformer, p->name);
        status = stored == NULL
                     ? sbj_fail(error, SBERTJA_E_FORMAT, "%s: %s is not there", layout->transformer, p->name)
                     : locate(model, i, stored, layout->transformer, error);
    }
    return status;
}

/* BertPreTrainedModel._init_weights: matrices normal(0, 0.02), the padding token's row 0, biases 0, gains 1. */
static void random_values(const sbj_parameter *p, uint64_t seed, uint32_t stream, float *values)
{
    const size_t count = p->rows * p->columns;
    sbj_rng rng = sbj_rng_make(seed, stream);
    const bool gain = p->vector && strstr(p->name, "LayerNorm.weight") != NULL;
    for (size_t k = 0; k < count; k++)
        values[k] = p->vector ? (gain ? 1.0f : 0.0f) : (float)(0.02 * sbj_rng_normal(&rng));
    if (strcmp(p->name, "embeddings.word_embeddings.weight") == 0)
        memset(values, 0, p->columns * sizeof *values);
}

sbertja_status sbj_weights_random(sbj_model *model, uint64_t seed, const sbj_model_options *options,
                                  sbertja_error *error)
{
    const sbj_network *n = &model->network;
    sbertja_status status = allocate(model, error);
    for (size_t i = 0; i < n->parameter_count && status == SBERTJA_OK; i++) {
        const sbj_parameter *p = &n->parameters[i];
        if (p->module >= 0) {
            status = given_dense(model, i, options, error);
            continue;
        }
        float *values = sbj_new_raw(&model->alloc, p->rows * p->columns, sizeof *values);
        if (values == NULL)
            return sbj_no_memory(error, p->rows * p->columns * sizeof *values);
        random_values(p, seed, (uint32_t)i, values);
        status = own(model, i, values, error);
        sbj_free(&model->alloc, values);
    }
    if (status == SBERTJA_OK)
        sbj_views_link(&model->weights);
    return status;
}

sbertja_status sbj_weights_copy(sbj_model *model, const sbj_model *parent, const sbj_views *values, uint64_t seed,
                                sbertja_error *error)
{
    const sbj_network *n = &model->network;
    sbertja_status status = allocate(model, error);
    for (size_t i = 0; i < n->parameter_count && status == SBERTJA_OK; i++) {
        const sbj_parameter *p = &n->parameters[i];
        if (i >= parent->network.parameter_count) {
            status = random_dense(model, i, seed, error);
            continue;
        }
        float *copy = sbj_new_raw(&model->alloc, p->rows * p->columns, sizeof *copy);
        if (copy == NULL)
            return sbj_no_memory(error, p->rows * p->columns * sizeof *copy);
        status = p->trained && values != &parent->weights
                     ? sbj_read(parent->backend, values->tensors[i], copy, SBJ_F32, error)
                     : sbj_model_values(parent, i, copy, error);
        if (status == SBERTJA_OK && !sbj_all_finite(copy, p->rows * p->columns))
            status = sbj_fail(error, SBERTJA_E_FORMAT, "%s: a value is not a finite number", p->name);
        if (status == SBERTJA_OK)
            status = own(model, i, copy, error);
        sbj_free(&model->alloc, copy);
    }
    if (status == SBERTJA_OK)
        sbj_views_link(&model->weights);
    return status;
}
