/* pool and normalize: from token vectors to sentence vectors. */
#include "backend/ref/ref.h"

#define LEAST_LENGTH 1e-12 /* of a vector that normalize divides by */

/* The weight of token i of `length` in a mode that is a weighted sum, when the first `skip` take no part; MAX is none. */
static double weight_of(sbj_pooling mode, size_t i, size_t length, size_t skip)
{
    double n = (double)length, left_out = (double)skip;
    if (skip >= length)
        return mode == SBJ_POOL_CLS && i == 0 ? 1 : 0;
    if (i < skip)
        return 0;
    switch (mode) {
    case SBJ_POOL_CLS:
        return i == skip ? 1 : 0;
    case SBJ_POOL_MEAN:
        return 1 / (n - left_out);
    case SBJ_POOL_MEAN_SQRT_LEN:
        return 1 / sqrt(n - left_out);
    case SBJ_POOL_WEIGHTED_MEAN:
        return (double)(i + 1) / (n * (n + 1) / 2 - left_out * (left_out + 1) / 2);
    case SBJ_POOL_LAST:
        return i + 1 == length ? 1 : 0;
    case SBJ_POOL_MAX:
        break;
    }
    return 0;
}

static void pool_max(const sbj_pool_op *r, size_t n, double *y)
{
    size_t first = (size_t)r->batch->host_cu[n] + r->skip, end = (size_t)r->batch->host_cu[n + 1];
    for (size_t h = 0; h < r->x.columns; h++) {
        size_t best = first;
        for (size_t t = first + 1; t < end; t++)
            if (sbj_ref_row(r->x, t)[h] > sbj_ref_row(r->x, best)[h])
                best = t;
        y[h] = sbj_ref_row(r->x, best)[h];
        if (sbj_present(r->argmax))
            sbj_i32(r->argmax)[n * r->argmax.stride + h] = (int32_t)best;
    }
}

static void pool_sum(const sbj_pool_op *r, sbj_pooling mode, size_t n, double *y)
{
    size_t first = (size_t)r->batch->host_cu[n], end = (size_t)r->batch->host_cu[n + 1];
    for (size_t h = 0; h < r->x.columns; h++) {
        y[h] = 0;
        for (size_t t = first; t < end; t++)
            y[h] += weight_of(mode, t - first, end - first, r->skip) * sbj_ref_row(r->x, t)[h];
    }
}

sbertja_status sbj_ref_pool(const sbj_run *run, const sbj_pool_op *r, sbertja_error *error)
{
    (void)run;
    (void)error;
    for (size_t n = 0; n < r->batch->sentences; n++)
        for (size_t i = 0; i < r->mode_count; i++) {
            double *y = sbj_ref_row(r->y, n) + i * r->x.columns;
            if (r->modes[i] == SBJ_POOL_MAX)
                pool_max(r, n, y);
            else
                pool_sum(r, r->modes[i], n, y);
        }
    return SBERTJA_OK;
}

sbertja_status sbj_ref_pool_backward(const sbj_run *run, const sbj_pool_op *r, const sbj_pool_gradients *g,
                                     sbertja_error *error)
{
    size_t hidden = g->x.columns;
    sbertja_status status = sbj_host_zero(run, g->x, error);
    if (status != SBERTJA_OK)
        return status;
    for (size_t n = 0; n < r->batch->sentences; n++)
        for (size_t i = 0; i < r->mode_count; i++) {
            size_t first = (size_t)r->batch->host_cu[n], end = (size_t)r->batch->host_cu[n + 1];
            const double *dy = sbj_ref_row(g->y, n) + i * hidden;
            for (size_t h = 0; h < hidden; h++)
                if (r->modes[i] == SBJ_POOL_MAX)
                    sbj_ref_row(g->x, (size_t)sbj_i32(r->argmax)[n * r->argmax.stride + h])[h] += dy[h];
                else
                    for (size_t t = first; t < end; t++)
                        sbj_ref_row(g->x, t)[h] += weight_of(r->modes[i], t - first, end - first, 0) * dy[h];
        }
    return SBERTJA_OK;
}

static double length_of(const double *x, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += x[i] * x[i];
    return sqrt(sum);
}

sbertja_status sbj_ref_normalize(const sbj_run *run, const sbj_normalize *r, sbertja_error *error)
{
    (void)run;
    (void)error;
    for (size_t n = 0; n < r->x.rows; n++) {
        const double *x = sbj_ref_row(r->x, n);
        double length = length_of(x, r->x.columns), *y = sbj_ref_row(r->y, n);
        for (size_t e = 0; e < r->x.columns; e++)
            y[e] = x[e] / (length > LEAST_LENGTH ? length : LEAST_LENGTH);
    }
    return SBERTJA_OK;
}

/* dx = (dy - y (y . dy)) / |x|; below the least length the divisor is a constant, so dx = dy / 1e-12. */
sbertja_status sbj_ref_normalize_backward(const sbj_run *run, const sbj_normalize *r, const sbj_normalize_gradients *g,
                                          sbertja_error *error)
{
    (void)run;
    (void)error;
    for (size_t n = 0; n < r->x.rows; n++) {
        const double *x = sbj_ref_row(r->x, n), *dy = sbj_ref_row(g->y, n);
        double length = length_of(x, r->x.columns), *dx = sbj_ref_row(g->x, n), along = 0;
        bool constant = length <= LEAST_LENGTH;
        for (size_t e = 0; e < r->x.columns && !constant; e++)
            along += x[e] / length * dy[e];
        for (size_t e = 0; e < r->x.columns; e++)
            dx[e] = constant ? dy[e] / LEAST_LENGTH : (dy[e] - x[e] / length * along) / length;
    }
    return SBERTJA_OK;
}
