/* Temporary names beside a target that say whether somebody still works on them.
 *
 *   sbj_claim_make     makes "BASE.new-XXXXXX" and, before it, "BASE.new-XXXXXX.lock", which it keeps locked (flock)
 *   sbj_claim_release  deletes the lock file; what became of the name itself is the caller's business
 *   sbj_claim_sweep    finds the names of BASE whose lock file nobody holds: their process was killed
 *
 * A lock file says in its content that it is one, so that nothing else of a similar name is ever taken for it. Where the
 * file system has no locks (some network mounts) there is no lock file, and what a killed process left stays. */
#ifndef SBJ_CLAIM_H
#define SBJ_CLAIM_H

#include "io/file.h"

typedef struct sbj_claim {
    const sbj_alloc *alloc; /* NULL: nothing is claimed */
    char *path, *lock_path;
    int lock; /* -1: the file system has no locks */
} sbj_claim;

/* `make` creates the name: 0, or an errno; EEXIST asks for another one. */
sbertja_status sbj_claim_make(const sbj_alloc *alloc, const char *base, int (*make)(const char *path, void *context),
                              void *context, sbj_claim *claim, sbertja_error *error);
void sbj_claim_release(sbj_claim *claim); /* takes a zeroed one */

/* Calls `clear` with each name that a killed process left; its lock file goes when `clear` says that nothing is left. */
void sbj_claim_sweep(const char *base, bool (*clear)(const char *path, void *context), void *context);

/* Waits up to `seconds` for the lock of this path, which one caller has at a time; _E_IO if somebody else keeps it. Where
 * there are no locks nobody waits. Release it as a claim. */
sbertja_status sbj_claim_wait(const sbj_alloc *alloc, const char *path, int seconds, sbj_claim *claim,
                              sbertja_error *error);

#endif
