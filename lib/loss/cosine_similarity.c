/* CosineSimilarityLoss: the mean over pairs of (cos(x, y) - score)^2. */
#include "loss/distance.h"
#include "loss/loss.h"

#include <string.h>

sbertja_status sbj_loss_cosine_similarity(const sbj_alloc *alloc, const sbj_loss_spec *spec, const sbj_loss_batch *batch,
                                          sbj_loss_result *result, sbertja_error *error)
{
    const size_t n = batch->examples, width = batch->dimension;
    double *dx = result->gradient, *dy = dx + n * width, sum = 0;
    (void)alloc;
    (void)spec;
    (void)error;
    memset(dx, 0, 2 * n * width * sizeof *dx);
    for (size_t i = 0; i < n; i++) {
        const double *x = batch->vectors + i * width, *y = x + n * width;
        const double off = 1 - sbj_distance(SBERTJA_COSINE, x, y, width) - batch->labels[i];
        sum += off * off;
        /* the distance is 1 - cos, hence the sign */
        sbj_distance_gradient(SBERTJA_COSINE, x, y, width, -2 * off / (double)n, dx + i * width, dy + i * width);
    }
    result->loss = sum / (double)n;
    result->active = 1;
    return SBERTJA_OK;
}
