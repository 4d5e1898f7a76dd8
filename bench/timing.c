/* Times of runs. */
#define _POSIX_C_SOURCE 200809L
#include "timing.h"

#include <stdlib.h>
#include <time.h>

enum { LEAST_RUNS = 3 };
static const double long_enough = 20; /* seconds */

double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double median(double *values, int count)
{
    qsort(values, (size_t)count, sizeof *values, ascending);
    return values[count / 2];
}

void pause_run(runs *r)
{
    if (!r->going)
        return;
    r->seconds[r->count - 1] = now() - r->began;
    r->total += r->seconds[r->count - 1];
    r->going = false;
}

bool next_run(runs *r)
{
    pause_run(r);
    if (r->count == MOST_RUNS || (r->count >= LEAST_RUNS && r->total > long_enough))
        return false;
    r->count++;
    r->going = true;
    r->began = now();
    return true;
}

double typical(runs *r)
{
    pause_run(r);
    return median(r->seconds + 1, r->count - 1);
}
