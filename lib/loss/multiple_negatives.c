/* MultipleNegativesRankingLoss: each example is an anchor, its positive and any number of hard negatives. For anchor i,
 * all texts of the batch but the anchors are candidates; the right one is its positive:
 *
 *   loss = mean over i of  log(sum over candidates j of exp(scale cos_ij)) - scale cos_i,own
 *
 * with lengths of at least 1e-12. It goes anchor by anchor, so that memory grows with the candidates, not with their
 * square; the largest exponent is taken out of each sum. */
#include "loss/distance.h"
#include "loss/loss.h"
#include "loss/unit_length.h"

#include <math.h>
#include <string.h>

/* One anchor: from `logits`, scale cos_ij, to the loss; leaves there its gradient with respect to them. `*beaten`: another
 * candidate is at least as near as its own. */
static double classify(double *logits, size_t candidates, size_t own, bool *beaten)
{
    double largest = logits[own], sum = 0;
    const double right = largest;
    *beaten = false;
    for (size_t j = 0; j < candidates; j++) {
        *beaten = *beaten || (j != own && logits[j] >= right);
        largest = logits[j] > largest ? logits[j] : largest;
    }
    for (size_t j = 0; j < candidates; j++)
        sum += logits[j] = exp(logits[j] - largest);
    for (size_t j = 0; j < candidates; j++)
        logits[j] /= sum;
    logits[own] -= 1;
    return log(sum) + (largest - right);
}

/* The gradient of one anchor's logits, each `scale` times a cosine, goes to both sides of the cosine. */
static void spread(const double *dlogits, double scale, const double *anchor, const double *others, size_t candidates,
                   size_t width, double *da, double *dothers)
{
    for (size_t j = 0; j < candidates; j++)
        for (size_t c = 0; c < width; c++) {
            da[c] += scale * dlogits[j] * others[j * width + c];
            dothers[j * width + c] += scale * dlogits[j] * anchor[c];
        }
}

sbertja_status sbj_loss_multiple_negatives(const sbj_alloc *alloc, const sbj_loss_spec *spec,
                                           const sbj_loss_batch *batch, sbj_loss_result *result, sbertja_error *error)
{
    const size_t n = batch->examples, width = batch->dimension, rows = n * batch->groups, candidates = rows - n;
    double *u = sbj_new(alloc, rows, width * sizeof *u), *logits = sbj_new(alloc, candidates, sizeof *logits);
    double sum = 0;
    size_t active = 0;
    if (u == NULL || logits == NULL) {
        sbj_free(alloc, u);
        sbj_free(alloc, logits);
        return sbj_no_memory(error, (rows * width + candidates) * sizeof *u);
    }
    const double *others = u + n * width;
    memset(result->gradient, 0, rows * width * sizeof *result->gradient);
    sbj_unit_rows(batch->vectors, rows, width, u);
    for (size_t i = 0; i < n; i++) {
        bool beaten;
        for (size_t j = 0; j < candidates; j++)
            logits[j] = spec->scale * sbj_dot(u + i * width, others + j * width, width);
        sum += classify(logits, candidates, i, &beaten);
        active += beaten;
        spread(logits, spec->scale / (double)n, u + i * width, others, candidates, width, result->gradient + i * width,
               result->gradient + n * width);
    }
    sbj_unit_rows_gradient(batch->vectors, u, rows, width, result->gradient);
    result->loss = sum / (double)n;
    result->active = (double)active / (double)n;
    sbj_free(alloc, u);
    sbj_free(alloc, logits);
    return SBERTJA_OK;
}
