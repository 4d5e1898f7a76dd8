/* TripletLoss: mean over examples of max(0, d(anchor, positive) - d(anchor, negative) + margin). */
#include "loss/distance.h"
#include "loss/loss.h"

#include <string.h>

sbertja_status sbj_loss_triplet(const sbj_alloc *alloc, const sbj_loss_spec *spec, const sbj_loss_batch *batch,
                                sbj_loss_result *result, sbertja_error *error)
{
    const size_t n = batch->examples, d = batch->dimension;
    const double *anchors = batch->vectors, *positives = anchors + n * d, *negatives = positives + n * d;
    double *da = result->gradient, *dp = da + n * d, *dn = dp + n * d, sum = 0;
    size_t active = 0;
    (void)alloc;
    (void)error;
    memset(da, 0, 3 * n * d * sizeof *da);
    for (size_t i = 0; i < n; i++) {
        const double *a = anchors + i * d, *p = positives + i * d, *g = negatives + i * d;
        const double loss =
            sbj_distance(spec->metric, a, p, d) - sbj_distance(spec->metric, a, g, d) + spec->margin;
        if (loss <= 0) /* a NaN goes on, and is seen */
            continue;
        sum += loss;
        active++;
        sbj_distance_gradient(spec->metric, a, p, d, 1.0 / (double)n, da + i * d, dp + i * d);
        sbj_distance_gradient(spec->metric, a, g, d, -1.0 / (double)n, da + i * d, dn + i * d);
    }
    result->loss = sum / (double)n;
    result->active = (double)active / (double)n;
    return SBERTJA_OK;
}
