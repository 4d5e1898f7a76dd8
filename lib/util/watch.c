/* See watch.h. */
#define _POSIX_C_SOURCE 200809L
#include "util/watch.h"

#include <time.h>

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

bool sbj_watch_stops(sbj_watch *watch, bool may_ask)
{
    const double interval = 0.25;
    if (atomic_load_explicit(&watch->stopped, memory_order_relaxed))
        return true;
    if (!may_ask || watch->ask == NULL)
        return false;
    const double time = now();
    if (watch->asked == 0)
        watch->asked = time;
    if (time - watch->asked < interval)
        return false;
    if (watch->ask(watch->context))
        atomic_store(&watch->stopped, true);
    watch->asked = now();
    return atomic_load(&watch->stopped);
}

void sbj_watch_waiting(void *watch)
{
    sbj_watch_stops(watch, true);
}
