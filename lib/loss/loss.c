/* The table of losses. */
#include "loss/loss.h"

#include <math.h>

typedef sbertja_status (*loss_function)(const sbj_alloc *, const sbj_loss_spec *, const sbj_loss_batch *,
                                        sbj_loss_result *, sbertja_error *);

enum uses { METRIC = 1, MANHATTAN = 2, MARGIN = 4, SCALE = 8, SIMILARITY = 16 };

static const struct loss_entry {
    sbertja_loss loss;
    sbj_loss_needs needs;
    unsigned uses; /* of the spec */
    loss_function run;
} table[] = {
    {SBERTJA_BATCH_ALL_TRIPLET_LOSS, {"BatchAllTripletLoss", 1, 1, SBJ_LABEL_CLASS, true, false}, METRIC | MARGIN,
     sbj_loss_batch_all},
    {SBERTJA_TRIPLET_LOSS, {"TripletLoss", 3, 3, SBJ_LABEL_UNUSED, true, false}, METRIC | MANHATTAN | MARGIN,
     sbj_loss_triplet},
    {SBERTJA_COSINE_SIMILARITY_LOSS, {"CosineSimilarityLoss", 2, 2, SBJ_LABEL_SCORE, false, false}, 0,
     sbj_loss_cosine_similarity},
    {SBERTJA_COSENT_LOSS, {"CoSENTLoss", 2, 2, SBJ_LABEL_SCORE, false, false}, SCALE, sbj_loss_cosent},
    {SBERTJA_MULTIPLE_NEGATIVES_RANKING_LOSS,
     {"MultipleNegativesRankingLoss", 2, 0, SBJ_LABEL_UNUSED, false, false},
     SCALE,
     sbj_loss_multiple_negatives},
    {SBERTJA_DISTILLATION_LOSS, {"DistillationLoss", 1, 1, SBJ_LABEL_UNUSED, false, true}, METRIC | SIMILARITY,
     sbj_loss_distillation},
};

static const struct loss_entry *find(sbertja_loss loss)
{
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (table[i].loss == loss)
            return &table[i];
    return NULL;
}

const sbj_loss_needs *sbj_loss_find(sbertja_loss loss)
{
    const struct loss_entry *entry = find(loss);
    return entry == NULL ? NULL : &entry->needs;
}

static bool knows_metric(unsigned uses, sbertja_metric metric)
{
    return !(uses & METRIC) || metric == SBERTJA_EUCLIDEAN || metric == SBERTJA_COSINE ||
           (metric == SBERTJA_MANHATTAN && (uses & MANHATTAN));
}

sbertja_status sbj_loss_check(const sbj_loss_spec *spec, sbertja_error *error)
{
    const struct loss_entry *entry = find(spec->loss);
    if (entry == NULL)
        return sbj_fail(error, SBERTJA_E_ARGUMENT, "loss: %d is no loss", (int)spec->loss);
    const char *name = entry->needs.name;
    if (!knows_metric(entry->uses, spec->metric))
        return sbj_fail(error, SBERTJA_E_ARGUMENT, "%s: metric %d, expected euclidean%s cosine%s", name,
                        (int)spec->metric, entry->uses & MANHATTAN ? "," : " or",
                        entry->uses & MANHATTAN ? " or manhattan" : "");
    if ((entry->uses & MARGIN) && !isfinite(spec->margin))
        return sbj_fail(error, SBERTJA_E_ARGUMENT, "%s: margin %g, expected a number", name, spec->margin);
    if ((entry->uses & SCALE) && !(spec->scale > 0 && isfinite(spec->scale)))
        return sbj_fail(error, SBERTJA_E_ARGUMENT, "%s: scale: expected a number above 0", name);
    if ((entry->uses & SIMILARITY) && !(spec->similarity >= 0 && isfinite(spec->similarity)))
        return sbj_fail(error, SBERTJA_E_ARGUMENT, "%s: similarity_weight: expected a number of at least 0", name);
    return SBERTJA_OK;
}

sbertja_status sbj_loss_run(const sbj_alloc *alloc, const sbj_loss_spec *spec, const sbj_loss_batch *batch,
                            sbj_loss_result *result, sbertja_error *error)
{
    return find(spec->loss)->run(alloc, spec, batch, result, error);
}
