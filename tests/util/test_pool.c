/* The pool: every task exactly once, on a thread that exists, for any number of threads; runs that follow at once. */
#include "util/pool.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/failing_alloc.h"
#include "support/suite.h"

static const sbj_log silent = {NULL, NULL};

enum { MOST = 1000 };

typedef struct tally {
    atomic_int runs[MOST];
    atomic_int wrong_thread;
    int threads;
    long squares[MOST];
    atomic_int busy[8]; /* two tasks on one thread at once would share its scratch memory */
} tally;

static void count_task(void *context, size_t task, int thread)
{
    tally *t = context;
    if (thread < 0 || thread >= t->threads || atomic_fetch_add(&t->busy[thread], 1) != 0)
        atomic_fetch_add(&t->wrong_thread, 1);
    atomic_fetch_add(&t->runs[task], 1);
    t->squares[task] = (long)(task * task);
    if (thread >= 0 && thread < t->threads)
        atomic_fetch_sub(&t->busy[thread], 1);
}

static void run_and_check(sbj_pool *pool, int threads, size_t count)
{
    static tally t;
    memset(&t, 0, sizeof t);
    t.threads = threads;
    sbj_pool_run(pool, count, count_task, &t);
    ck_assert_int_eq(atomic_load(&t.wrong_thread), 0);
    for (size_t i = 0; i < MOST; i++) {
        ck_assert_int_eq(atomic_load(&t.runs[i]), i < count);
        ck_assert_int_eq(t.squares[i], i < count ? (long)(i * i) : 0);
    }
}

static sbj_pool *create(const sbj_alloc *alloc, int threads)
{
    sbj_pool *pool;
    sbertja_error error;
    ck_assert_msg(sbj_pool_create(alloc, threads, &silent, &pool, &error) == SBERTJA_OK, "%s", error.message);
    return pool;
}

static const int sizes[] = {1, 2, 3, 4, 8};

START_TEST(every_task_once)
{
    static const size_t counts[] = {0, 1, 2, 3, 7, 64, MOST};
    sbj_pool *pool = create(&sbj_malloc, sizes[_i]);
    ck_assert_int_eq(sbj_pool_threads(pool), sizes[_i]);
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        run_and_check(pool, sizes[_i], counts[i]);
    sbj_pool_free(pool);
}
END_TEST

/* A worker that is late out of one run must not take a task of the next, nor count itself out of it. */
START_TEST(many_small_runs)
{
    sbj_pool *pool = create(&sbj_malloc, sizes[_i]);
    for (int run = 0; run < 2000; run++) {
        tally t;
        size_t count = (size_t)(run % 5);
        memset(&t, 0, sizeof t);
        t.threads = sizes[_i];
        sbj_pool_run(pool, count, count_task, &t);
        for (size_t i = 0; i < 5; i++)
            ck_assert_int_eq(atomic_load(&t.runs[i]), i < count);
    }
    sbj_pool_free(pool);
}
END_TEST

START_TEST(runs_after_the_workers_slept)
{
    sbj_pool *pool = create(&sbj_malloc, 4);
    for (int i = 0; i < 5; i++) {
        usleep(5000);
        run_and_check(pool, 4, 20);
    }
    usleep(5000);
    sbj_pool_free(pool);
}
END_TEST

START_TEST(freed_at_once)
{
    for (int i = 0; i < 50; i++)
        sbj_pool_free(create(&sbj_malloc, 4));
    sbj_pool_free(NULL);
}
END_TEST

static void add_order(void *context, size_t task, int thread)
{
    size_t *next = context;
    ck_assert_int_eq(thread, 0);
    ck_assert_uint_eq(task, (*next)++);
}

START_TEST(without_a_pool_in_order)
{
    size_t next = 0;
    ck_assert_int_eq(sbj_pool_threads(NULL), 1);
    sbj_pool_run(NULL, 100, add_order, &next);
    ck_assert_uint_eq(next, 100);
}
END_TEST

START_TEST(numbers_of_threads)
{
    sbj_pool *pool;
    sbertja_error error;
    ck_assert_int_eq(sbj_pool_create(&sbj_malloc, -1, &silent, &pool, &error), SBERTJA_E_ARGUMENT);
    ck_assert_ptr_null(pool);
    ck_assert_int_eq(sbj_pool_create(&sbj_malloc, 100000, &silent, &pool, &error), SBERTJA_E_ARGUMENT);
    ck_assert_ptr_nonnull(strstr(error.message, "100000"));
    pool = create(&sbj_malloc, 0);
    ck_assert_int_eq(sbj_pool_threads(pool), sbj_processors());
    ck_assert_int_ge(sbj_processors(), 1);
    sbj_pool_free(pool);
}
END_TEST

START_TEST(no_memory)
{
    failing_alloc heap;
    size_t n = 0;
    do {
        sbj_pool *pool;
        failing_alloc_init(&heap, ++n);
        sbertja_status status = sbj_pool_create(&heap.alloc, 3, &silent, &pool, NULL);
        ck_assert_int_eq(status, failing_alloc_failed(&heap) ? SBERTJA_E_MEMORY : SBERTJA_OK);
        ck_assert_int_eq(pool == NULL, status != SBERTJA_OK);
        sbj_pool_free(pool);
        ck_assert_uint_eq(failing_alloc_live(&heap), 0);
    } while (failing_alloc_failed(&heap));
}
END_TEST

static void check_mask(void *context, size_t task, int thread)
{
    sigset_t set;
    (void)task;
    pthread_sigmask(SIG_SETMASK, NULL, &set);
    if (thread > 0 && !sigismember(&set, SIGINT))
        atomic_fetch_add((atomic_int *)context, 1);
    usleep(1000);
}

START_TEST(signals_are_the_hosts)
{
    atomic_int open = 0;
    sigset_t before, after;
    pthread_sigmask(SIG_SETMASK, NULL, &before);
    sbj_pool *pool = create(&sbj_malloc, 4);
    pthread_sigmask(SIG_SETMASK, NULL, &after);
    ck_assert_int_eq(sigismember(&before, SIGINT), sigismember(&after, SIGINT));
    sbj_pool_run(pool, 16, check_mask, &open);
    ck_assert_int_eq(atomic_load(&open), 0);
    sbj_pool_free(pool);
}
END_TEST

/* Runs in a child, which must end by itself, and well. */
static void in_child(void (*act)(sbj_pool *), sbj_pool *pool)
{
    int status;
    const pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        alarm(10);
        act(pool);
        _exit(0);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the child ended with %x", (unsigned)status);
}

static void must_in_child(bool sound)
{
    if (!sound)
        _exit(1);
}

static void run_in_child(sbj_pool *pool)
{
    static tally t;
    memset(&t, 0, sizeof t);
    t.threads = sbj_pool_threads(pool);
    must_in_child(sbj_pool_is_forked(pool));
    sbj_pool_run(pool, 200, count_task, &t);
    must_in_child(!sbj_pool_is_forked(pool) && atomic_load(&t.wrong_thread) == 0);
    for (size_t i = 0; i < MOST; i++)
        must_in_child(atomic_load(&t.runs[i]) == (i < 200));
}

static void run_and_free(sbj_pool *pool)
{
    run_in_child(pool);
    sbj_pool_free(pool);
}

static void run_in_grandchild(sbj_pool *pool)
{
    run_in_child(pool);
    in_child(run_and_free, pool);
    in_child(sbj_pool_free, pool);
    sbj_pool_free(pool);
}

START_TEST(a_child_has_threads_of_its_own)
{
#if defined(__SANITIZE_THREAD__)
    printf("SKIP: a_child_has_threads_of_its_own: the thread sanitizer knows no threads in a forked child\n");
    return;
#endif
    sbj_pool *pool = create(&sbj_malloc, sizes[_i]);
    ck_assert(!sbj_pool_is_forked(pool));
    for (int i = 0; i < 5; i++) {
        in_child(sbj_pool_free, pool); /* workers may spin still, or sleep, or be about to */
        in_child(run_and_free, pool);
        in_child(run_in_grandchild, pool);
        run_and_check(pool, sizes[_i], 20);
        in_child(run_and_free, pool);
        usleep(i % 2 * 3000);
    }
    ck_assert(!sbj_pool_is_forked(pool));
    sbj_pool_free(pool);
}
END_TEST

static void fork_task(void *context, size_t task, int thread)
{
    (void)thread;
    if (task == 7)
        in_child(run_in_child, context);
}

/* The pool that is being run is of no use in the child, but others are. */
START_TEST(fork_inside_a_task)
{
    sbj_pool *pool = create(&sbj_malloc, 4), *other = create(&sbj_malloc, 3);
    sbj_pool_run(pool, 64, fork_task, other);
    sbj_pool_free(pool);
    sbj_pool_free(other);
}
END_TEST

SUITE_MAIN("util/pool", 30, {every_task_once, sizeof sizes / sizeof *sizes},
           {many_small_runs, sizeof sizes / sizeof *sizes}, {runs_after_the_workers_slept, 0}, {freed_at_once, 0},
           {without_a_pool_in_order, 0}, {numbers_of_threads, 0}, {no_memory, 0}, {signals_are_the_hosts, 0},
           {a_child_has_threads_of_its_own, sizeof sizes / sizeof *sizes}, {fork_inside_a_task, 0})
