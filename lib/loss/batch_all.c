/* BatchAllTripletLoss (Hermans, Beyer, Leibe 2017, "In Defense of the Triplet Loss", section 2): over all triplets of a
 * batch, anchor i, positive j of the same label, negative k of another, max(0, d_ij - d_ik + margin); the mean over
 * those above 1e-16, and 0 when there is none.
 *
 *   Euclidean   d_ij^2 = x_i.x_i - 2 x_i.x_j + x_j.x_j, clamped at 0; the gradient is 0 where d_ij is 0
 *   cosine      d_ij = 1 - u_i.u_j, where u = x / max(|x|, 1e-12)
 *
 * A NaN in the vectors makes the loss NaN, never 0: the trainer stops at it. Comparisons are written for that. */
#include "loss/distance.h"
#include "loss/loss.h"
#include "loss/unit_length.h"

#include <math.h>
#include <string.h>

static const double smallest = 1e-16;

/* Not fmax, which gives 0 for a NaN. */
static double root(double square)
{
    return square < 0 ? 0 : sqrt(square);
}

/* u: the rows themselves, or scaled to length 1; d: all distances. */
static void distances(sbertja_metric metric, const double *u, size_t n, size_t width, double *d)
{
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++)
            d[i * n + j] = sbj_dot(u + i * width, u + j * width, width);
    if (metric == SBERTJA_COSINE) {
        for (size_t i = 0; i < n * n; i++)
            d[i] = 1 - d[i];
        return;
    }
    for (size_t i = 0; i < n; i++) /* the diagonal last: its squares are needed until the end */
        for (size_t j = i + 1; j < n; j++)
            d[i * n + j] = d[j * n + i] = root(d[i * n + i] - 2 * d[i * n + j] + d[j * n + j]);
    for (size_t i = 0; i < n; i++)
        d[i * n + i] = 0;
}

/* Sums the triplets' losses; counts in dd, for each distance, how often it comes as d_ij less how often as d_ik. */
static double sum_triplets(const double *d, const double *labels, size_t n, double margin, double *dd, size_t *valid,
                           size_t *active)
{
    double sum = 0;
    *valid = *active = 0;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++) {
            if (i == j || labels[i] != labels[j])
                continue;
            for (size_t k = 0; k < n; k++) {
                if (labels[k] == labels[i])
                    continue;
                const double loss = d[i * n + j] - d[i * n + k] + margin;
                ++*valid;
                if (loss <= smallest)
                    continue;
                ++*active;
                sum += loss;
                dd[i * n + j] += 1;
                dd[i * n + k] -= 1;
            }
        }
    return sum;
}

/* From the gradient of the distances to that of the rows u. */
static void spread(sbertja_metric metric, const double *u, const double *d, const double *dd, double scale, size_t n,
                   size_t width, double *du)
{
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++) {
            const double g = scale * (dd[i * n + j] + dd[j * n + i]); /* d_ij and d_ji are one number */
            if (g == 0 || i == j)
                continue;
            const double *x = u + i * width, *y = u + j * width;
            const double over = metric == SBERTJA_COSINE ? 0 : d[i * n + j] > 0 ? g / d[i * n + j] : 0;
            for (size_t c = 0; c < width; c++)
                du[i * width + c] += metric == SBERTJA_COSINE ? -g * y[c] : over * (x[c] - y[c]);
        }
}

sbertja_status sbj_loss_batch_all(const sbj_alloc *alloc, const sbj_loss_spec *spec, const sbj_loss_batch *batch,
                                  sbj_loss_result *result, sbertja_error *error)
{
    const size_t n = batch->examples, width = batch->dimension;
    const bool cosine = spec->metric == SBERTJA_COSINE;
    double *d = sbj_new(alloc, 2 * n, n * sizeof *d);
    double *scaled = cosine ? sbj_new(alloc, n, width * sizeof *scaled) : NULL;
    if (d == NULL || (cosine && scaled == NULL)) {
        sbj_free(alloc, d);
        sbj_free(alloc, scaled);
        return sbj_no_memory(error, (2 * n + width) * n * sizeof *d);
    }
    const double *u = cosine ? scaled : batch->vectors;
    double *dd = d + n * n;
    size_t valid, active;
    if (cosine)
        sbj_unit_rows(batch->vectors, n, width, scaled);
    distances(spec->metric, u, n, width, d);
    const double sum = sum_triplets(d, batch->labels, n, spec->margin, dd, &valid, &active);
    memset(result->gradient, 0, n * width * sizeof *result->gradient);
    result->loss = active > 0 ? sum / (double)active : 0;
    result->active = valid > 0 ? (double)active / (double)valid : 0;
    if (active > 0)
        spread(spec->metric, u, d, dd, 1 / (double)active, n, width, result->gradient);
    if (cosine)
        sbj_unit_rows_gradient(batch->vectors, u, n, width, result->gradient);
    sbj_free(alloc, d);
    sbj_free(alloc, scaled);
    return SBERTJA_OK;
}
