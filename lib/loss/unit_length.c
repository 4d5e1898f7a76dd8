/* Rows of length 1. */
#include "loss/unit_length.h"

#include <math.h>

#include "loss/distance.h"

static const double norm_floor = 1e-12;

/* Not fmax, which would drop a NaN. */
static double at_least_floor(double length)
{
    return length < norm_floor ? norm_floor : length;
}

void sbj_unit_rows(const double *x, size_t n, size_t width, double *u)
{
    for (size_t i = 0; i < n; i++) {
        const double *row = x + i * width;
        const double norm = at_least_floor(sqrt(sbj_dot(row, row, width)));
        for (size_t c = 0; c < width; c++)
            u[i * width + c] = row[c] / norm;
    }
}

void sbj_unit_rows_gradient(const double *x, const double *u, size_t n, size_t width, double *gradient)
{
    for (size_t i = 0; i < n; i++) {
        double *row = gradient + i * width;
        const double *ui = u + i * width;
        const double length = sqrt(sbj_dot(x + i * width, x + i * width, width));
        const double along = length > norm_floor ? sbj_dot(ui, row, width) : 0;
        for (size_t c = 0; c < width; c++)
            row[c] = (row[c] - along * ui[c]) / at_least_floor(length);
    }
}
