/* Counts and fails allocations. New memory is filled with 0xA5, so that code that takes it for zeroed shows it. */
#include "support/failing_alloc.h"

#include <stdlib.h>
#include <string.h>

static void *allocate(void *user, size_t size)
{
    failing_alloc *heap = user;
    size_t call = atomic_fetch_add(&heap->calls, 1) + 1;
    if (call == heap->fail_at) {
        atomic_store(&heap->failed, true);
        return NULL;
    }
    void *memory = malloc(size);
    if (memory != NULL) {
        memset(memory, 0xA5, size);
        atomic_fetch_add(&heap->live, 1);
    }
    return memory;
}

static void release(void *user, void *memory)
{
    failing_alloc *heap = user;
    if (memory != NULL)
        atomic_fetch_sub(&heap->live, 1);
    free(memory);
}

void failing_alloc_init(failing_alloc *heap, size_t fail_at)
{
    heap->alloc.allocate = allocate;
    heap->alloc.release = release;
    heap->alloc.user = heap;
    heap->fail_at = fail_at;
    atomic_init(&heap->calls, 0);
    atomic_init(&heap->live, 0);
    atomic_init(&heap->failed, false);
}

size_t failing_alloc_live(const failing_alloc *heap)
{
    return atomic_load(&heap->live);
}

size_t failing_alloc_calls(const failing_alloc *heap)
{
    return atomic_load(&heap->calls);
}

bool failing_alloc_failed(const failing_alloc *heap)
{
    return atomic_load(&heap->failed);
}
