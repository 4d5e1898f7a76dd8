/* Pearson's correlation, and Spearman's, which is Pearson's of the ranks. */
#include <math.h>
#include <stdlib.h>

#include "eval/vectors.h"

static double mean(const double *x, size_t count)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += x[i];
    return sum / (double)count;
}

/* The mean of equal numbers may differ from them by rounding: their variance would not come out as 0. */
static bool is_constant(const double *x, size_t count)
{
    for (size_t i = 1; i < count; i++)
        if (x[i] != x[0])
            return false;
    return true;
}

double sbj_pearson(const double *x, const double *y, size_t count)
{
    double xy = 0, xx = 0, yy = 0, x_mean = mean(x, count), y_mean = mean(y, count);
    if (is_constant(x, count) || is_constant(y, count))
        return NAN;
    for (size_t i = 0; i < count; i++) {
        double dx = x[i] - x_mean, dy = y[i] - y_mean;
        xy += dx * dy;
        xx += dx * dx;
        yy += dy * dy;
    }
    double r = xy / (sqrt(xx) * sqrt(yy));
    return r > 1 ? 1 : r < -1 ? -1 : r;
}

typedef struct numbered {
    double value;
    size_t index;
} numbered;

static int by_value(const void *left, const void *right)
{
    const numbered *a = left, *b = right;
    return (a->value > b->value) - (a->value < b->value);
}

/* Ranks from 1; equal values share the mean of theirs. `order` is scratch. */
static void rank(const double *x, size_t count, numbered *order, double *ranks)
{
    for (size_t i = 0; i < count; i++)
        order[i] = (numbered){x[i], i};
    qsort(order, count, sizeof *order, by_value);
    for (size_t begin = 0, end; begin < count; begin = end) {
        for (end = begin + 1; end < count && order[end].value == order[begin].value; end++)
            ;
        for (size_t i = begin; i < end; i++)
            ranks[order[i].index] = (double)(begin + end + 1) / 2;
    }
}

sbertja_status sbj_spearman(const sbj_alloc *alloc, const double *x, const double *y, size_t count, double *rho,
                            sbertja_error *error)
{
    *rho = NAN;
    for (size_t i = 0; i < count; i++)
        if (isnan(x[i]) || isnan(y[i]))
            return SBERTJA_OK; /* what has no order has no ranks */
    numbered *order = sbj_new_raw(alloc, count, sizeof *order);
    double *x_ranks = sbj_new_raw(alloc, count, sizeof *x_ranks), *y_ranks = sbj_new_raw(alloc, count, sizeof *y_ranks);
    sbertja_status status = SBERTJA_OK;
    if (order == NULL || x_ranks == NULL || y_ranks == NULL)
        status = sbj_no_memory(error, count * (sizeof *order + 2 * sizeof *x_ranks));
    else {
        rank(x, count, order, x_ranks);
        rank(y, count, order, y_ranks);
        *rho = sbj_pearson(x_ranks, y_ranks, count);
    }
    sbj_free(alloc, y_ranks);
    sbj_free(alloc, x_ranks);
    sbj_free(alloc, order);
    return status;
}
