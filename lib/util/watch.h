/* Asking a callback, now and then, whether work that takes long shall stop.
 *
 * Only the thread that made the call may run the caller's callbacks; it asks, and all other threads see the answer. */
#ifndef SBJ_WATCH_H
#define SBJ_WATCH_H

#include <stdatomic.h>
#include <stdbool.h>

typedef struct sbj_watch {
    bool (*ask)(void *context); /* true: stop. NULL: nobody is asked */
    void *context;
    double asked; /* when, in seconds */
    atomic_bool stopped;
} sbj_watch;

/* Whether to stop. `may_ask`: on the calling thread; the callback is asked if it has not been for a quarter of a second. */
bool sbj_watch_stops(sbj_watch *watch, bool may_ask);
/* The calling thread asks while it waits for others; for sbj_pool_while_waiting. */
void sbj_watch_waiting(void *watch);

#endif
