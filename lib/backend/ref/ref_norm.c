/* Layer norm, and the two operations that end in one:
 * linear_norm: sum = dropout(x W' + b) + residual, y = norm(sum)
 * embed:       sum = word[id] + position[p] + type[0], y = dropout(norm(sum)) */
#include "backend/ref/ref.h"

static void norm_stats(const double *x, size_t n, double eps, double stats[2])
{
    double mean = 0, variance = 0;
    for (size_t i = 0; i < n; i++)
        mean += x[i];
    mean /= (double)n;
    for (size_t i = 0; i < n; i++)
        variance += (x[i] - mean) * (x[i] - mean);
    variance /= (double)n;
    stats[0] = mean;
    stats[1] = 1 / sqrt(variance + eps);
}

static void norm(const double *x, size_t n, const double stats[2], const double *gamma, const double *beta, double *y)
{
    for (size_t i = 0; i < n; i++)
        y[i] = gamma[i] * (x[i] - stats[0]) * stats[1] + beta[i];
}

/* With z = (x - mean) rstd and g = gamma dy: dx = rstd (g - mean(g) - z mean(g z)). */
static void norm_backward(const double *x, size_t n, const double stats[2], const double *gamma, const double *dy,
                          double *dgamma, double *dbeta, double *dx)
{
    double mean_g = 0, mean_gz = 0;
    for (size_t i = 0; i < n; i++) {
        mean_g += gamma[i] * dy[i];
        mean_gz += gamma[i] * dy[i] * (x[i] - stats[0]) * stats[1];
    }
    mean_g /= (double)n;
    mean_gz /= (double)n;
    for (size_t i = 0; i < n; i++) {
        double z = (x[i] - stats[0]) * stats[1];
        dgamma[i] += dy[i] * z;
        dbeta[i] += dy[i];
        dx[i] = stats[1] * (gamma[i] * dy[i] - mean_g - z * mean_gz);
    }
}

/* ---- linear_norm ------------------------------------------------------------------------------------------------ */

sbertja_status sbj_ref_linear_norm(const sbj_run *run, const sbj_linear_norm *r, sbertja_error *error)
{
    sbj_mask mask = sbj_mask_make(run, r->dropout);
    size_t hidden = r->sum.columns;
    (void)error;
    sbj_ref_product(run, r->x, r->w, r->sum);
    for (size_t m = 0; m < r->sum.rows; m++) {
        double *sum = sbj_ref_row(r->sum, m), *y = sbj_ref_row(r->y, m), stats[2];
        const double *residual = sbj_ref_row(r->residual, m);
        for (size_t h = 0; h < hidden; h++)
            sum[h] = sum[h] * sbj_ref_factor(&mask, m, h) + residual[h];
        norm_stats(sum, hidden, r->eps, stats);
        norm(sum, hidden, stats, sbj_f64(r->gamma), sbj_f64(r->beta), y);
        if (sbj_present(r->stats)) {
            sbj_ref_row(r->stats, m)[0] = stats[0];
            sbj_ref_row(r->stats, m)[1] = stats[1];
        }
    }
    return SBERTJA_OK;
}

/* The residual's gradient is that of the sum; scratch takes the one of x W' + b, [M, H]. */
sbertja_status sbj_ref_linear_norm_backward(const sbj_run *run, const sbj_linear_norm *r,
                                            const sbj_linear_norm_gradients *g, sbertja_error *error)
{
    sbj_mask mask = sbj_mask_make(run, r->dropout);
    size_t rows = r->sum.rows, hidden = r->sum.columns;
    sbj_tensor dense = {run->scratch, 0, rows, hidden, hidden, SBJ_F64};
    (void)error;
    for (size_t m = 0; m < rows; m++) {
        double *dsum = sbj_ref_row(g->residual, m), *d = sbj_ref_row(dense, m);
        norm_backward(sbj_ref_row(r->sum, m), hidden, sbj_ref_row(r->stats, m), sbj_f64(r->gamma), sbj_ref_row(g->y, m),
                      sbj_f64(g->gamma), sbj_f64(g->beta), dsum);
        for (size_t h = 0; h < hidden; h++)
            d[h] = dsum[h] * sbj_ref_factor(&mask, m, h);
    }
    sbj_ref_product_w(run, dense, r->x, g->w);
    sbj_ref_product_x(run, dense, r->w, g->x, false);
    return SBERTJA_OK;
}

/* ---- embed ------------------------------------------------------------------------------------------------------ */

sbertja_status sbj_ref_embed(const sbj_run *run, const sbj_embed *r, sbertja_error *error)
{
    sbj_mask mask = sbj_mask_make(run, r->dropout);
    size_t hidden = r->y.columns;
    sbertja_status status = sbj_host_check_ids(r, error);
    if (status != SBERTJA_OK)
        return status;
    for (size_t t = 0; t < r->y.rows; t++) {
        const double *word = sbj_ref_row(r->word, (size_t)sbj_i32(r->batch->ids)[t]);
        const double *position = sbj_ref_row(r->position, (size_t)sbj_i32(r->batch->positions)[t]);
        const double *type = sbj_ref_row(r->type, 0);
        double *sum = sbj_ref_row(r->sum, t), *y = sbj_ref_row(r->y, t), stats[2];
        for (size_t h = 0; h < hidden; h++)
            sum[h] = word[h] + position[h] + type[h];
        norm_stats(sum, hidden, r->eps, stats);
        norm(sum, hidden, stats, sbj_f64(r->gamma), sbj_f64(r->beta), y);
        for (size_t h = 0; h < hidden; h++)
            y[h] *= sbj_ref_factor(&mask, t, h);
        if (sbj_present(r->stats)) {
            sbj_ref_row(r->stats, t)[0] = stats[0];
            sbj_ref_row(r->stats, t)[1] = stats[1];
        }
    }
    return SBERTJA_OK;
}

sbertja_status sbj_ref_embed_backward(const sbj_run *run, const sbj_embed *r, const sbj_embed_gradients *g,
                                      sbertja_error *error)
{
    sbj_mask mask = sbj_mask_make(run, r->dropout);
    size_t hidden = g->y.columns;
    sbertja_status status = sbj_host_check_ids(r, error);
    if (status != SBERTJA_OK)
        return status;
    for (size_t t = 0; t < g->y.rows; t++) {
        double *word = sbj_ref_row(g->word, (size_t)sbj_i32(r->batch->ids)[t]);
        double *position = sbj_ref_row(g->position, (size_t)sbj_i32(r->batch->positions)[t]);
        double *type = sbj_ref_row(g->type, 0), *d = sbj_ref_row(g->y, t);
        for (size_t h = 0; h < hidden; h++)
            d[h] *= sbj_ref_factor(&mask, t, h);
        norm_backward(sbj_ref_row(r->sum, t), hidden, sbj_ref_row(r->stats, t), sbj_f64(r->gamma), d, sbj_f64(g->gamma),
                      sbj_f64(g->beta), d);
        for (size_t h = 0; h < hidden; h++) {
            word[h] += d[h];
            position[h] += d[h];
            type[h] += d[h];
        }
    }
    return SBERTJA_OK;
}
