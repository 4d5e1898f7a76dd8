/* Threads that wait for numbered tasks.
 *
 * A run publishes (function, context), a range of task numbers for each thread, and a new generation. A thread takes the
 * numbers of its own range from an atomic counter, and when none is left those of the other ranges. So runs over the
 * same rows mostly give a thread the same ones, which its cache has, and nobody waits while there is work. A worker
 * spins a little before it sleeps, because the next run usually follows at once; so does the caller before it sleeps
 * until the workers are done. As long as nobody sleeps no lock is taken: whoever is about to sleep says so first and then
 * looks again, whoever has news gives them first and then looks for sleepers, in the one order of sequentially consistent
 * atomics, so that one of the two sees the other.
 *
 * Threads do not survive a fork. In a child the pool is as if its workers had never been started: the next run starts
 * them again, and nothing of the parent's is joined, locked or destroyed, since a worker may have held the mutex. */
#define _GNU_SOURCE
#include "util/pool.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

#include "util/process.h"

enum { SPINS = 4000, POPULATED = 1 << 20 };

typedef struct worker {
    sbj_pool *pool;
    pthread_t thread;
    int number;
} worker;

/* Task numbers that are left of a thread's share; each on cache lines of its own. */
typedef struct range {
    atomic_size_t next;
    size_t end;
    char apart[128 - 2 * sizeof(size_t)];
} range;

struct sbj_pool {
    sbj_alloc alloc;
    sbj_log log;
    sbj_process process; /* that the workers belong to */
    worker *workers; /* threads - 1 */
    range *ranges;   /* threads */
    int threads, started;
    pthread_mutex_t mutex;
    pthread_cond_t wake, idle;
    sbj_task run;
    void *context;
    void (*waiting)(void *context); /* see sbj_pool_while_waiting */
    void *waiting_context;
    atomic_uint generation;      /* one more for each run */
    atomic_int busy;             /* workers that have not finished this run */
    atomic_int asleep;           /* workers that sleep, or are about to */
    atomic_bool caller_asleep;
    atomic_bool stop;
};

int sbj_processors(void)
{
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) > 0)
        return CPU_COUNT(&set);
    long online = sysconf(_SC_NPROCESSORS_ONLN);
    return online > 0 ? (int)online : 1;
}

static inline void relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#endif
}

static void take_tasks(sbj_pool *pool, int thread)
{
    for (int i = 0; i < pool->threads; i++) {
        range *r = &pool->ranges[(thread + i) % pool->threads];
        while (atomic_load_explicit(&r->next, memory_order_relaxed) < r->end) {
            size_t task = atomic_fetch_add_explicit(&r->next, 1, memory_order_relaxed);
            if (task < r->end)
                pool->run(pool->context, task, thread);
        }
    }
}

static void share_out(sbj_pool *pool, size_t count)
{
    const size_t threads = (size_t)pool->threads, each = count / threads, more = count % threads;
    for (size_t i = 0, first = 0; i < threads; i++) {
        range *r = &pool->ranges[i];
        atomic_store_explicit(&r->next, first, memory_order_relaxed);
        first += each + (i < more);
        r->end = first;
    }
}

/* Waits for a generation other than `seen`; false when the pool is going away. */
static bool wait_for_run(sbj_pool *pool, unsigned seen)
{
    for (int i = 0; i < SPINS; i++) {
        if (atomic_load_explicit(&pool->generation, memory_order_acquire) != seen)
            return !atomic_load(&pool->stop);
        relax();
    }
    pthread_mutex_lock(&pool->mutex);
    atomic_fetch_add(&pool->asleep, 1);
    while (atomic_load(&pool->generation) == seen)
        pthread_cond_wait(&pool->wake, &pool->mutex);
    atomic_fetch_sub(&pool->asleep, 1);
    pthread_mutex_unlock(&pool->mutex);
    return !atomic_load(&pool->stop);
}

static void new_generation(sbj_pool *pool)
{
    atomic_fetch_add(&pool->generation, 1);
    if (atomic_load(&pool->asleep) == 0)
        return;
    pthread_mutex_lock(&pool->mutex);
    pthread_cond_broadcast(&pool->wake);
    pthread_mutex_unlock(&pool->mutex);
}

static void finish(sbj_pool *pool)
{
    if (atomic_fetch_sub(&pool->busy, 1) != 1 || !atomic_load(&pool->caller_asleep))
        return;
    pthread_mutex_lock(&pool->mutex);
    pthread_cond_signal(&pool->idle);
    pthread_mutex_unlock(&pool->mutex);
}

static void *work(void *argument)
{
    worker *self = argument;
    sbj_pool *pool = self->pool;
    unsigned seen = 0;
    while (wait_for_run(pool, seen)) {
        seen = atomic_load(&pool->generation);
        take_tasks(pool, self->number);
        finish(pool);
    }
    return NULL;
}

/* Signals are the host's: a worker blocks all of them. */
static bool start_worker(sbj_pool *pool, int i)
{
    sigset_t all, before;
    worker *w = &pool->workers[i];
    w->pool = pool;
    w->number = i + 1;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int failed = pthread_create(&w->thread, NULL, work, w);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return failed == 0;
}

/* The workers, of which none has been started in this process. With fewer than asked for all is done just the same, by
 * those that there are; the caller is one of them. */
static void start(sbj_pool *pool)
{
    pthread_mutex_init(&pool->mutex, NULL);
    pthread_cond_init(&pool->wake, NULL);
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&pool->idle, &monotonic);
    pthread_condattr_destroy(&monotonic);
    atomic_store(&pool->generation, 0);
    atomic_store(&pool->busy, 0);
    atomic_store(&pool->asleep, 0);
    atomic_store(&pool->caller_asleep, false);
    atomic_store(&pool->stop, false);
    sbj_process_remember(&pool->process);
    for (pool->started = 0; pool->started < pool->threads - 1; pool->started++)
        if (!start_worker(pool, pool->started)) {
            sbj_say(&pool->log, SBERTJA_LOG_WARNING,
                    "threads: the system starts %d of %d; the work is done by fewer, more slowly", pool->started + 1,
                    pool->threads);
            return;
        }
}

sbertja_status sbj_pool_create(const sbj_alloc *alloc, int threads, const sbj_log *log, sbj_pool **result,
                               sbertja_error *error)
{
    *result = NULL;
    if (threads < 0 || threads > SBJ_MOST_THREADS)
        return sbj_fail(error, SBERTJA_E_ARGUMENT, "threads: %d, expected 0 to %d", threads, SBJ_MOST_THREADS);
    sbj_pool *pool = sbj_new(alloc, 1, sizeof *pool);
    if (pool == NULL)
        return sbj_no_memory(error, sizeof *pool);
    pool->alloc = *alloc;
    pool->log = *log;
    pool->threads = threads == 0 ? sbj_processors() : threads;
    if (pool->threads > SBJ_MOST_THREADS)
        pool->threads = SBJ_MOST_THREADS;
    pool->workers = sbj_new(alloc, (size_t)pool->threads, sizeof *pool->workers);
    pool->ranges = sbj_new(alloc, (size_t)pool->threads, sizeof *pool->ranges);
    if (pool->workers == NULL || pool->ranges == NULL) {
        const size_t bytes = (size_t)pool->threads * sizeof *pool->ranges;
        sbj_free(alloc, pool->workers);
        sbj_free(alloc, pool->ranges);
        sbj_free(alloc, pool);
        return sbj_no_memory(error, bytes);
    }
    start(pool);
    *result = pool;
    return SBERTJA_OK;
}

static void stop(sbj_pool *pool)
{
    atomic_store(&pool->stop, true);
    new_generation(pool);
    for (int i = 0; i < pool->started; i++)
        pthread_join(pool->workers[i].thread, NULL);
    pthread_cond_destroy(&pool->idle);
    pthread_cond_destroy(&pool->wake);
    pthread_mutex_destroy(&pool->mutex);
}

void sbj_pool_free(sbj_pool *pool)
{
    if (pool == NULL)
        return;
    if (!sbj_pool_is_forked(pool))
        stop(pool);
    sbj_process_forget(&pool->process);
    sbj_alloc alloc = pool->alloc;
    sbj_free(&alloc, pool->workers);
    sbj_free(&alloc, pool->ranges);
    sbj_free(&alloc, pool);
}

bool sbj_pool_is_forked(const sbj_pool *pool)
{
    return !sbj_process_is_same(&pool->process);
}

int sbj_pool_threads(const sbj_pool *pool)
{
    return pool == NULL ? 1 : pool->threads;
}

/* With the mutex, which is released while the caller's function runs. */
static void wait_a_while(sbj_pool *pool)
{
    const long interval = 50000000, second = 1000000000; /* ns */
    struct timespec until;
    if (pool->waiting == NULL) {
        pthread_cond_wait(&pool->idle, &pool->mutex);
        return;
    }
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += (until.tv_nsec + interval) / second;
    until.tv_nsec = (until.tv_nsec + interval) % second;
    pthread_cond_timedwait(&pool->idle, &pool->mutex, &until);
    pthread_mutex_unlock(&pool->mutex);
    pool->waiting(pool->waiting_context);
    pthread_mutex_lock(&pool->mutex);
}

static void wait_until_idle(sbj_pool *pool)
{
    for (int i = 0; i < SPINS; i++) {
        if (atomic_load_explicit(&pool->busy, memory_order_acquire) == 0)
            return;
        relax();
    }
    pthread_mutex_lock(&pool->mutex);
    atomic_store(&pool->caller_asleep, true);
    while (atomic_load(&pool->busy) != 0)
        wait_a_while(pool);
    atomic_store(&pool->caller_asleep, false);
    pthread_mutex_unlock(&pool->mutex);
}

void sbj_pool_while_waiting(sbj_pool *pool, void (*waiting)(void *context), void *context)
{
    if (pool == NULL)
        return;
    pool->waiting = waiting;
    pool->waiting_context = context;
}

void sbj_pool_run(sbj_pool *pool, size_t count, sbj_task run, void *context)
{
    if (pool != NULL && sbj_pool_is_forked(pool))
        start(pool);
    if (pool == NULL || pool->started == 0 || count <= 1) {
        for (size_t task = 0; task < count; task++)
            run(context, task, 0);
        return;
    }
    pool->run = run;
    pool->context = context;
    share_out(pool, count);
    atomic_store(&pool->busy, pool->started);
    new_generation(pool);
    take_tasks(pool, 0);
    wait_until_idle(pool);
}

typedef struct fresh {
    unsigned char *memory;
    size_t bytes;
} fresh;

static void populate_some(void *context, size_t task, int thread)
{
    const fresh *f = context;
    const size_t offset = task * POPULATED, left = f->bytes - offset;
    (void)thread;
    sbj_populate(f->memory + offset, left < POPULATED ? left : POPULATED);
}

void sbj_pool_populate(sbj_pool *pool, void *memory, size_t bytes)
{
    fresh f = {memory, bytes};
    sbj_pool_run(pool, bytes / POPULATED + (bytes % POPULATED != 0), populate_some, &f);
}
