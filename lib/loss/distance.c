/* Distances and their gradients. */
#include "loss/distance.h"

#include <math.h>

static const double cosine_floor = 1e-8;

double sbj_dot(const double *x, const double *y, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += x[i] * y[i];
    return sum;
}

static double euclidean(const double *x, const double *y, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (x[i] - y[i]) * (x[i] - y[i]);
    return sqrt(sum);
}

static double manhattan(const double *x, const double *y, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += fabs(x[i] - y[i]);
    return sum;
}

double sbj_distance(sbertja_metric metric, const double *x, const double *y, size_t n)
{
    if (metric == SBERTJA_EUCLIDEAN)
        return euclidean(x, y, n);
    if (metric == SBERTJA_MANHATTAN)
        return manhattan(x, y, n);
    double nx = fmax(sqrt(sbj_dot(x, x, n)), cosine_floor), ny = fmax(sqrt(sbj_dot(y, y, n)), cosine_floor);
    return 1 - sbj_dot(x, y, n) / (nx * ny);
}

/* d cos/dx = y/(|x||y|) - cos x/|x|^2; the second term is absent where |x| is below the floor. */
static void cosine_gradient(const double *x, const double *y, size_t n, double weight, double *dx)
{
    const double lx = sqrt(sbj_dot(x, x, n)), nx = fmax(lx, cosine_floor);
    const double ny = fmax(sqrt(sbj_dot(y, y, n)), cosine_floor);
    const double cosine = sbj_dot(x, y, n) / (nx * ny), along = lx > cosine_floor ? cosine / (nx * nx) : 0;
    for (size_t i = 0; i < n; i++)
        dx[i] -= weight * (y[i] / (nx * ny) - along * x[i]);
}

void sbj_distance_gradient(sbertja_metric metric, const double *x, const double *y, size_t n, double weight, double *dx,
                           double *dy)
{
    if (metric == SBERTJA_COSINE) {
        cosine_gradient(x, y, n, weight, dx);
        cosine_gradient(y, x, n, weight, dy);
        return;
    }
    const double d = metric == SBERTJA_EUCLIDEAN ? euclidean(x, y, n) : 0;
    for (size_t i = 0; i < n; i++) {
        const double difference = x[i] - y[i];
        const double g = metric == SBERTJA_EUCLIDEAN ? (d > 0 ? difference / d : 0)
                                                     : (double)((difference > 0) - (difference < 0));
        dx[i] += weight * g;
        dy[i] -= weight * g;
    }
}
