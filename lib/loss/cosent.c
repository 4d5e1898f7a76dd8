/* CoSENTLoss: over all pairs (i, j) of examples whose scores say that i is more alike than j,
 *
 *   log(1 + sum exp(scale (cos_j - cos_i)))
 *
 * where cos_i is the cosine of example i's two texts, with lengths of at least 1e-12. It asks for the right order only.
 * The largest exponent, 0 for the 1 included, is taken out of the sum. */
#include "loss/distance.h"
#include "loss/loss.h"
#include "loss/unit_length.h"

#include <math.h>
#include <string.h>

/* The largest exponent of the sum; and which share of the pairs is not in the order of its scores. */
static double survey(const sbj_loss_spec *spec, const double *cosines, const double *scores, size_t n, double *wrong)
{
    double largest = 0;
    size_t pairs = 0, count = 0;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++) {
            if (scores[i] <= scores[j])
                continue;
            pairs++;
            count += cosines[i] <= cosines[j];
            if (spec->scale * (cosines[j] - cosines[i]) > largest)
                largest = spec->scale * (cosines[j] - cosines[i]);
        }
    *wrong = pairs > 0 ? (double)count / (double)pairs : 0;
    return largest;
}

/* The loss; in dc, which is zeroed, its gradient with respect to the cosines. */
static double rank(const sbj_loss_spec *spec, const double *cosines, const double *scores, size_t n, double largest,
                   double *dc)
{
    double sum = exp(-largest);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++) {
            if (scores[i] <= scores[j])
                continue;
            const double term = exp(spec->scale * (cosines[j] - cosines[i]) - largest);
            sum += term;
            dc[j] += term;
            dc[i] -= term;
        }
    for (size_t i = 0; i < n; i++)
        dc[i] *= spec->scale / sum;
    return largest + log(sum);
}

sbertja_status sbj_loss_cosent(const sbj_alloc *alloc, const sbj_loss_spec *spec, const sbj_loss_batch *batch,
                               sbj_loss_result *result, sbertja_error *error)
{
    const size_t n = batch->examples, width = batch->dimension;
    double *u = sbj_new(alloc, 2 * n, (width + 1) * sizeof *u);
    if (u == NULL)
        return sbj_no_memory(error, 2 * n * (width + 1) * sizeof *u);
    const double *v = u + n * width;
    double *cosines = u + 2 * n * width, *dc = cosines + n, *du = result->gradient, *dv = du + n * width;
    double finite = 0; /* a NaN must be seen, also where no pair is to be ordered */
    sbj_unit_rows(batch->vectors, 2 * n, width, u);
    for (size_t i = 0; i < n; i++) {
        cosines[i] = sbj_dot(u + i * width, v + i * width, width);
        finite += 0 * cosines[i];
    }
    const double largest = survey(spec, cosines, batch->labels, n, &result->active);
    result->loss = rank(spec, cosines, batch->labels, n, largest, dc) + finite;
    for (size_t i = 0; i < n * width; i++) {
        du[i] = dc[i / width] * v[i];
        dv[i] = dc[i / width] * u[i];
    }
    sbj_unit_rows_gradient(batch->vectors, u, 2 * n, width, result->gradient);
    sbj_free(alloc, u);
    return SBERTJA_OK;
}
