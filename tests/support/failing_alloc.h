/* An allocator for tests: it counts what is live, and fails one allocation of the test's choice.
 *
 *     failing_alloc heap;
 *     size_t n = 0;
 *     do {
 *         failing_alloc_init(&heap, ++n);
 *         status = thing_create(&heap.alloc, &thing, &error);
 *         ...
 *         ck_assert_uint_eq(failing_alloc_live(&heap), 0);
 *     } while (failing_alloc_failed(&heap));
 *
 * Threads may share one. */
#ifndef FAILING_ALLOC_H
#define FAILING_ALLOC_H

#include <stdatomic.h>

#include "util/alloc.h"

typedef struct failing_alloc {
    sbj_alloc alloc; /* what the code under test gets; points back into this struct, which must not move */
    size_t fail_at;
    atomic_size_t calls;
    atomic_size_t live;
    atomic_bool failed;
} failing_alloc;

/* The `fail_at`-th allocation, counted from 1, gives NULL, and only that one; 0: none does. */
void failing_alloc_init(failing_alloc *heap, size_t fail_at);
size_t failing_alloc_live(const failing_alloc *heap);  /* blocks not released yet */
size_t failing_alloc_calls(const failing_alloc *heap); /* allocations asked for */
bool failing_alloc_failed(const failing_alloc *heap);  /* whether the chosen one was reached */

#endif
