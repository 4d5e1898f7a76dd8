/* Datasets and fit. */
#include "api/api.h"
#include "train/trainer.h"

SBERTJA_API sbertja_status sbertja_dataset_create(sbertja_dataset **dataset, sbertja_error *error)
{
    if (dataset == NULL)
        return sbj_no_argument(error, "dataset");
    return sbj_dataset_create(&sbj_malloc, (sbj_dataset **)dataset, error);
}

SBERTJA_API sbertja_status sbertja_dataset_add(sbertja_dataset *dataset, const char *const *texts,
                                               const size_t *lengths, size_t text_count, double label,
                                               sbertja_error *error)
{
    if (dataset == NULL || texts == NULL)
        return sbj_no_argument(error, dataset == NULL ? "dataset" : "texts");
    for (size_t i = 0; i < text_count; i++)
        if (texts[i] == NULL)
            return sbj_fail(error, SBERTJA_E_ARGUMENT, "text %zu: is NULL", i);
    return sbj_dataset_add((sbj_dataset *)dataset, texts, lengths, text_count, label, error);
}

SBERTJA_API size_t sbertja_dataset_size(const sbertja_dataset *dataset)
{
    return ((const sbj_dataset *)dataset)->examples;
}

SBERTJA_API void sbertja_dataset_free(sbertja_dataset *dataset)
{
    sbj_dataset_free((sbj_dataset *)dataset);
}

SBERTJA_API sbertja_status sbertja_fit(const sbertja_model *model, const sbertja_objective *objectives, size_t count,
                                       const sbertja_fit_options *options, sbertja_model **trained,
                                       sbertja_error *error)
{
    sbertja_fit_options o = SBERTJA_FIT_OPTIONS_INIT;
    if (trained != NULL)
        *trained = NULL;
    if (model == NULL)
        return sbj_no_argument(error, "model");
    if (objectives == NULL || count == 0)
        return sbj_fail(error, SBERTJA_E_ARGUMENT, "objectives: none is given");
    for (size_t i = 0; i < count; i++)
        if (objectives[i].size != sizeof *objectives)
            return sbj_fail(error, SBERTJA_E_ARGUMENT, "objective %zu: size %u, expected %zu", i, objectives[i].size,
                            sizeof *objectives);
    sbertja_status status =
        sbj_take_options("fit options", options, options ? options->size : 0, &o, sizeof o, error);
    if (status == SBERTJA_OK && trained == NULL && o.output_path == NULL)
        status = sbj_fail(error, SBERTJA_E_ARGUMENT, "neither `trained` nor output_path is given");
    return status == SBERTJA_OK
               ? sbj_fit((const sbj_model *)model, objectives, count, &o, (sbj_model **)trained, error)
               : status;
}
