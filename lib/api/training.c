/* Datasets and fit. */
#include <stdio.h>

#include "api/api.h"
#include "train/trainer.h"
#include "util/guard.h"

SBERTJA_API sbertja_status sbertja_dataset_create(sbertja_dataset **dataset, sbertja_error *error)
{
    SBJ_KEEP_ERRNO;
    if (dataset == NULL)
        return sbj_no_argument(error, "dataset");
    return sbj_dataset_create(&sbj_malloc, (sbj_dataset **)dataset, error);
}

SBERTJA_API sbertja_status sbertja_dataset_add(sbertja_dataset *dataset, const char *const *texts,
                                               const size_t *lengths, size_t text_count, double label,
                                               sbertja_error *error)
{
    SBJ_KEEP_ERRNO;
    if (dataset == NULL || texts == NULL)
        return sbj_no_argument(error, dataset == NULL ? "dataset" : "texts");
    if (sbj_check_texts(texts, lengths, text_count, error) != SBERTJA_OK)
        return SBERTJA_E_ARGUMENT;
    sbj_use *use = &((sbj_dataset *)dataset)->use;
    if (!sbj_use_begin(use))
        return sbj_use_refused("dataset", error);
    const sbertja_status status =
        sbj_dataset_add((sbj_dataset *)dataset, texts, lengths, text_count, label, error);
    sbj_use_end(use);
    return status;
}

SBERTJA_API size_t sbertja_dataset_size(const sbertja_dataset *dataset)
{
    return ((const sbj_dataset *)dataset)->examples;
}

SBERTJA_API void sbertja_dataset_free(sbertja_dataset *dataset)
{
    SBJ_KEEP_ERRNO;
    sbj_dataset_free((sbj_dataset *)dataset);
}

/* The caller's objectives in this version's form: an array of an older one has shorter elements, all of one size. */
static sbertja_status take_objectives(const sbj_alloc *alloc, const sbertja_objective *given, size_t count,
                                      sbertja_objective **taken, sbertja_error *error)
{
    sbertja_status status = SBERTJA_OK;
    *taken = sbj_new(alloc, count, sizeof **taken);
    if (*taken == NULL)
        return sbj_no_memory(error, count * sizeof **taken);
    for (size_t i = 0; i < count && status == SBERTJA_OK; i++) {
        const void *element = (const char *)given + i * given->size;
        char name[40];
        uint32_t size;
        snprintf(name, sizeof name, "objective %zu", i);
        memcpy(&size, element, sizeof size);
        (*taken)[i] = (sbertja_objective)SBERTJA_OBJECTIVE_INIT;
        if (size != given->size)
            status = sbj_fail(error, SBERTJA_E_ARGUMENT, "%s: size %u, objective 0 has %u", name, size, given->size);
        else
            status = sbj_take_options(name, element, size, &(*taken)[i], sizeof **taken, error);
    }
    return status;
}

/* The arguments of sbj_fit. */
typedef struct fit_call {
    const sbj_model *model;
    sbertja_objective *objectives; /* freed by the call */
    size_t count;
    const sbertja_fit_options *options;
    sbj_model **trained;
    sbertja_error *error;
} fit_call;

static sbertja_status run_fit(void *context)
{
    const fit_call *c = context;
    const sbertja_status status = sbj_fit(c->model, c->objectives, c->count, c->options, c->trained, c->error);
    sbj_free(&c->model->alloc, c->objectives);
    return status;
}

SBERTJA_API sbertja_status sbertja_fit(const sbertja_model *model, const sbertja_objective *objectives, size_t count,
                                       const sbertja_fit_options *options, sbertja_model **trained,
                                       sbertja_error *error)
{
    SBJ_KEEP_ERRNO;
    SBJ_KEEP_MODE;
    sbertja_fit_options o = SBERTJA_FIT_OPTIONS_INIT;
    sbertja_objective *taken = NULL;
    if (trained != NULL)
        *trained = NULL;
    if (model == NULL)
        return sbj_no_argument(error, "model");
    if (objectives == NULL || count == 0)
        return sbj_fail(error, SBERTJA_E_ARGUMENT, "objectives: none is given");
    const sbj_alloc *alloc = &((const sbj_model *)model)->alloc;
    sbertja_status status = take_objectives(alloc, objectives, count, &taken, error);
    if (status == SBERTJA_OK)
        status = sbj_take_options("fit options", options, options ? options->size : 0, &o, sizeof o, error);
    if (status == SBERTJA_OK && trained == NULL && o.output_path == NULL)
        status = sbj_fail(error, SBERTJA_E_ARGUMENT, "neither `trained` nor output_path is given");
    if (status != SBERTJA_OK) {
        sbj_free(alloc, taken);
        return status;
    }
    fit_call call = {(const sbj_model *)model, taken, count, &o, (sbj_model **)trained, error};
    return sbj_guard_fit(&o, run_fit, &call);
}
