/* The table of losses. */
#include "loss/loss.h"

#include <math.h>

typedef sbertja_status (*loss_function)(const sbj_alloc *, const sbj_loss_spec *, const sbj_loss_batch *,
                                        sbj_loss_result *, sbertja_error *);

static const struct loss_entry {
    sbertja_loss loss;
    const char *name;
    size_t groups;
    bool labels, manhattan;
    loss_function run;
} table[] = {
    {SBERTJA_BATCH_ALL_TRIPLET_LOSS, "BatchAllTripletLoss", 1, true, false, sbj_loss_batch_all},
    {SBERTJA_TRIPLET_LOSS, "TripletLoss", 3, false, true, sbj_loss_triplet},
    {SBERTJA_DISTILLATION_LOSS, "DistillationLoss", 1, false, false, sbj_loss_distillation},
};

static const struct loss_entry *find(sbertja_loss loss)
{
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (table[i].loss == loss)
            return &table[i];
    return NULL;
}

size_t sbj_loss_groups(sbertja_loss loss)
{
    const struct loss_entry *entry = find(loss);
    return entry == NULL ? 0 : entry->groups;
}

bool sbj_loss_wants_labels(sbertja_loss loss)
{
    const struct loss_entry *entry = find(loss);
    return entry != NULL && entry->labels;
}

bool sbj_loss_wants_teachers(sbertja_loss loss)
{
    return loss == SBERTJA_DISTILLATION_LOSS;
}

sbertja_status sbj_loss_check(const sbj_loss_spec *spec, sbertja_error *error)
{
    const struct loss_entry *entry = find(spec->loss);
    if (entry == NULL)
        return sbj_fail(error, SBERTJA_E_ARGUMENT, "loss: %d is no loss", (int)spec->loss);
    if (spec->metric != SBERTJA_EUCLIDEAN && spec->metric != SBERTJA_COSINE &&
        !(spec->metric == SBERTJA_MANHATTAN && entry->manhattan))
        return sbj_fail(error, SBERTJA_E_ARGUMENT, "%s: metric %d, expected euclidean%s cosine%s", entry->name,
                        (int)spec->metric, entry->manhattan ? "," : " or", entry->manhattan ? " or manhattan" : "");
    if (!isfinite(spec->margin))
        return sbj_fail(error, SBERTJA_E_ARGUMENT, "%s: margin %g, expected a number", entry->name, spec->margin);
    if (!(spec->similarity >= 0) || !isfinite(spec->similarity))
        return sbj_fail(error, SBERTJA_E_ARGUMENT, "%s: similarity_weight %g, expected a number of at least 0",
                        entry->name, spec->similarity);
    return SBERTJA_OK;
}

sbertja_status sbj_loss_run(const sbj_alloc *alloc, const sbj_loss_spec *spec, const sbj_loss_batch *batch,
                            sbj_loss_result *result, sbertja_error *error)
{
    return find(spec->loss)->run(alloc, spec, batch, result, error);
}
