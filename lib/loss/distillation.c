/* Distillation: a student learns the vectors of its teachers. With y_i what the head gives for text i, t_i the targets
 * (train/teacher.h), x_i the sentence vectors, n texts:
 *
 *   Euclidean    sum over teachers: weight * mean over texts and columns of (y - t)^2
 *   cosine       sum over teachers: weight * mean over texts of 1 - cos(y_i, t_i)
 *   similarity   * mean over pairs i < j of (cos(x_i, x_j) - c_ij)^2, where c_ij is the teachers' mean of cos(t_i, t_j)
 *
 * The last term is of the sentence vectors themselves (Tung and Mori 2019, "Similarity-Preserving Knowledge
 * Distillation", with the squares of cosines' differences), so that what they are compared by later is learnt too. */
#include "loss/distance.h"
#include "loss/loss.h"

#include <math.h>
#include <string.h>

/* torch.nn.functional.normalize's. */
static const double norm_floor = 1e-12;

typedef struct pairs {
    const sbj_loss_batch *batch;
    double *units;        /* sentence vectors of length 1 */
    double *target_units; /* the targets, each teacher's part of length 1 */
    double *norms;        /* of the sentence vectors */
} pairs;

/* ---- To the targets ---- */

static double squares(const sbj_loss_batch *b, const sbj_loss_part *part, double *gradient)
{
    const double factor = part->weight / (double)(b->examples * part->width);
    double sum = 0;
    for (size_t i = 0; i < b->examples; i++) {
        const size_t at = i * b->output_width + part->first;
        for (size_t c = 0; c < part->width; c++) {
            const double difference = b->outputs[at + c] - b->targets[at + c];
            sum += difference * difference;
            gradient[at + c] = 2 * factor * difference;
        }
    }
    return factor * sum;
}

/* `unused` takes the gradient of a target. */
static double cosines(const sbj_loss_batch *b, const sbj_loss_part *part, double *gradient, double *unused)
{
    const double factor = part->weight / (double)b->examples;
    double sum = 0;
    for (size_t i = 0; i < b->examples; i++) {
        const size_t at = i * b->output_width + part->first;
        sum += sbj_distance(SBERTJA_COSINE, b->outputs + at, b->targets + at, part->width);
        sbj_distance_gradient(SBERTJA_COSINE, b->outputs + at, b->targets + at, part->width, factor, gradient + at,
                              unused);
    }
    return factor * sum;
}

/* ---- Between the texts ---- */

static double make_unit(const double *x, size_t n, double *unit)
{
    const double norm = sqrt(sbj_dot(x, x, n)), divisor = norm > norm_floor ? norm : norm_floor;
    for (size_t i = 0; i < n; i++)
        unit[i] = x[i] / divisor;
    return divisor;
}

static void make_units(const pairs *p)
{
    const sbj_loss_batch *b = p->batch;
    for (size_t i = 0; i < b->examples; i++) {
        const size_t at = i * b->output_width;
        p->norms[i] = make_unit(b->vectors + i * b->dimension, b->dimension, p->units + i * b->dimension);
        for (size_t k = 0; k < b->part_count; k++) {
            const size_t first = at + b->parts[k].first;
            make_unit(b->targets + first, b->parts[k].width, p->target_units + first);
        }
    }
}

/* What the teachers say of a pair: the mean of their cosines by weight. */
static double teachers_cosine(const pairs *p, size_t i, size_t j)
{
    const sbj_loss_batch *b = p->batch;
    double sum = 0, weights = 0;
    for (size_t k = 0; k < b->part_count; k++) {
        const sbj_loss_part *part = &b->parts[k];
        sum += part->weight * sbj_dot(p->target_units + i * b->output_width + part->first,
                                      p->target_units + j * b->output_width + part->first, part->width);
        weights += part->weight;
    }
    return weights > 0 ? sum / weights : 0;
}

/* d(cos)/dx = (du - u (u . du)) / |x|, in place of du. */
static void through_units(const pairs *p, double *gradient)
{
    const size_t width = p->batch->dimension;
    for (size_t i = 0; i < p->batch->examples; i++) {
        const double *u = p->units + i * width;
        double *g = gradient + i * width;
        const double along = sbj_dot(u, g, width);
        for (size_t c = 0; c < width; c++)
            g[c] = (g[c] - u[c] * along) / p->norms[i];
    }
}

static double similarities(const pairs *p, double weight, double *gradient)
{
    const size_t n = p->batch->examples, width = p->batch->dimension;
    const double factor = weight / ((double)n * (double)(n - 1) / 2);
    double sum = 0;
    make_units(p);
    for (size_t i = 0; i < n; i++)
        for (size_t j = i + 1; j < n; j++) {
            const double *u = p->units + i * width, *v = p->units + j * width;
            const double difference = sbj_dot(u, v, width) - teachers_cosine(p, i, j), d = 2 * factor * difference;
            sum += difference * difference;
            for (size_t c = 0; c < width; c++) {
                gradient[i * width + c] += d * v[c];
                gradient[j * width + c] += d * u[c];
            }
        }
    through_units(p, gradient);
    return factor * sum;
}

static sbertja_status run_similarities(const sbj_alloc *alloc, double weight, const sbj_loss_batch *b,
                                       sbj_loss_result *result, sbertja_error *error)
{
    const size_t n = b->examples, numbers = n * (b->dimension + b->output_width + 1);
    double *memory = sbj_new(alloc, numbers, sizeof *memory);
    if (memory == NULL)
        return sbj_no_memory(error, numbers * sizeof *memory);
    const pairs p = {b, memory, memory + n * b->dimension, memory + n * (b->dimension + b->output_width)};
    result->loss += similarities(&p, weight, result->gradient);
    sbj_free(alloc, memory);
    return SBERTJA_OK;
}

sbertja_status sbj_loss_distillation(const sbj_alloc *alloc, const sbj_loss_spec *spec, const sbj_loss_batch *b,
                                     sbj_loss_result *result, sbertja_error *error)
{
    double *unused = sbj_new(alloc, b->output_width, sizeof *unused);
    if (unused == NULL)
        return sbj_no_memory(error, b->output_width * sizeof *unused);
    memset(result->gradient, 0, b->examples * b->dimension * sizeof *result->gradient);
    memset(result->output_gradient, 0, b->examples * b->output_width * sizeof *result->output_gradient);
    result->active = 1;
    result->loss = 0;
    for (size_t k = 0; k < b->part_count; k++)
        result->loss += spec->metric == SBERTJA_COSINE ? cosines(b, &b->parts[k], result->output_gradient, unused)
                                                       : squares(b, &b->parts[k], result->output_gradient);
    sbj_free(alloc, unused);
    return spec->similarity > 0 && b->examples > 1
               ? run_similarities(alloc, spec->similarity, b, result, error)
               : SBERTJA_OK;
}
