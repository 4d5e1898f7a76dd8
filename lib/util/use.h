/* Whether a call is at work on a handle that belongs to one thread at a time.
 *
 * A call that finds the handle in use refuses; the one that frees it leaves it as it is. So a second thread or a callback
 * cannot take scratch memory away, and neither can a forked child, in whose copy a handle of another thread may be half
 * changed, with nobody there to finish: the child cannot use it, and freeing it leaks the copy. The exchange is the first
 * thing that a call does to the handle, and the last thing undone; memory that the fork copies keeps this order. */
#ifndef SBJ_USE_H
#define SBJ_USE_H

#include <stdatomic.h>
#include <stdbool.h>

#include "util/status.h"

typedef struct sbj_use {
    atomic_bool busy;
} sbj_use;

static inline bool sbj_use_begin(sbj_use *use)
{
    return !atomic_exchange(&use->busy, true);
}

static inline void sbj_use_end(sbj_use *use)
{
    atomic_store(&use->busy, false);
}

static inline bool sbj_use_is_begun(sbj_use *use)
{
    return atomic_load(&use->busy);
}

static inline sbertja_status sbj_use_refused(const char *handle, sbertja_error *error)
{
    return sbj_fail(error, SBERTJA_E_ARGUMENT,
                    "%s: another thread is using it, or was when this process was forked; make another one", handle);
}

#endif
