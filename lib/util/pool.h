/* A fixed set of threads that share out numbered tasks. The calling thread works too, so a pool of one has no threads.
 * Which thread runs a task is not determined; results must follow from the task's number alone, never from the thread's
 * or from how many there are. */
#ifndef SBJ_POOL_H
#define SBJ_POOL_H

#include "util/alloc.h"
#include "util/log.h"

typedef struct sbj_pool sbj_pool;

enum { SBJ_MOST_THREADS = 256 };

/* Runs task `task` on thread `thread` (0 to threads-1, for scratch memory only). */
typedef void (*sbj_task)(void *context, size_t task, int thread);

/* `threads` 0: the processors that this process may use. Where the system refuses to start that many, the pool works
 * with fewer and says so in `log`, which is copied and must stay callable as long as the pool is used. */
sbertja_status sbj_pool_create(const sbj_alloc *alloc, int threads, const sbj_log *log, sbj_pool **pool,
                               sbertja_error *error);
void sbj_pool_free(sbj_pool *pool);
/* Whether the pool was made, or last run, in a process of which this one is a forked child. Such a pool may be run, with
 * new threads, or freed, unless it was in a run at the time of the fork. */
bool sbj_pool_is_forked(const sbj_pool *pool);
int sbj_pool_threads(const sbj_pool *pool);
/* Runs tasks 0 to count-1 and returns when all are done. Not to be called from inside a task. `pool` may be NULL: the
 * calling thread runs them in order. */
void sbj_pool_run(sbj_pool *pool, size_t count, sbj_task run, void *context);
/* While the calling thread waits for the others in a run, it calls `waiting` about twenty times a second. NULL: nothing. */
void sbj_pool_while_waiting(sbj_pool *pool, void (*waiting)(void *context), void *context);
/* Asks the system for the pages of new memory, see sbj_populate, a stretch a task. */
void sbj_pool_populate(sbj_pool *pool, void *memory, size_t bytes);
int sbj_processors(void);

#endif
