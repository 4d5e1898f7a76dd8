/* Whether numbers are numbers: what diverged, or was never sound, is told before anything is made of it. */
#ifndef SBJ_FINITE_H
#define SBJ_FINITE_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>

/* A value that is not finite makes 0 times itself NaN, and the sum with it. */
static inline bool sbj_all_finite(const float *values, size_t count)
{
    float sums[8] = {0};
    size_t i = 0;
    for (; i + 8 <= count; i += 8)
        for (size_t k = 0; k < 8; k++)
            sums[k] += 0 * values[i + k];
    for (; i < count; i++)
        sums[0] += 0 * values[i];
    return ((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7])) == 0;
}

static inline bool sbj_all_finite_doubles(const double *values, size_t count)
{
    bool all = true;
    for (size_t i = 0; i < count; i++)
        all &= isfinite(values[i]) != 0;
    return all;
}

#endif
