/* The only file that calls malloc and free. */
#define _GNU_SOURCE
#include "util/alloc.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "util/guard.h"

static void *default_allocate(void *user, size_t size)
{
    (void)user;
    return malloc(size);
}

static void default_release(void *user, void *memory)
{
    (void)user;
    free(memory);
}

/* From the caller's functions, which may throw. */
static void *allocate(const sbj_alloc *alloc, size_t size)
{
    return alloc->allocate == default_allocate ? malloc(size) : sbj_guard_allocate(alloc, size);
}

static void release(const sbj_alloc *alloc, void *memory)
{
    if (alloc->release == default_release)
        free(memory);
    else
        sbj_guard_release(alloc, memory);
}

const sbj_alloc sbj_malloc = {default_allocate, default_release, NULL};

bool sbj_mul(size_t a, size_t b, size_t *product)
{
    return !__builtin_mul_overflow(a, b, product);
}

bool sbj_add(size_t a, size_t b, size_t *sum)
{
    return !__builtin_add_overflow(a, b, sum);
}

void *sbj_new_raw(const sbj_alloc *alloc, size_t count, size_t size)
{
    size_t bytes;
    if (!sbj_mul(count, size, &bytes))
        return NULL;
    return allocate(alloc, bytes ? bytes : 1);
}

void *sbj_new(const sbj_alloc *alloc, size_t count, size_t size)
{
    void *memory = sbj_new_raw(alloc, count, size);
    if (memory != NULL)
        memset(memory, 0, count * size);
    return memory;
}

void sbj_free(const sbj_alloc *alloc, void *memory)
{
    if (memory != NULL)
        release(alloc, memory);
}

char *sbj_copy_text(const sbj_alloc *alloc, const char *text, size_t length)
{
    size_t room;
    char *copy = sbj_add(length, 1, &room) ? sbj_new_raw(alloc, room, 1) : NULL;
    if (copy != NULL) {
        memcpy(copy, text, length);
        copy[length] = '\0';
    }
    return copy;
}

bool sbj_grow(const sbj_alloc *alloc, void **items, size_t *capacity, size_t used, size_t needed, size_t size)
{
    if (needed <= *capacity)
        return true;
    size_t wanted = *capacity < 8 ? 8 : *capacity;
    while (wanted < needed)
        if (!sbj_mul(wanted, 2, &wanted))
            return false;
    void *grown = sbj_new_raw(alloc, wanted, size);
    if (grown == NULL)
        return false;
    if (used > 0)
        memcpy(grown, *items, used * size);
    sbj_free(alloc, *items);
    *items = grown;
    *capacity = wanted;
    return true;
}

/* The block that the allocator gave stands, as a pointer, just before the aligned memory. */
void *sbj_new_aligned(const sbj_alloc *alloc, size_t bytes)
{
    const size_t huge = (size_t)2 << 20;
    size_t alignment = bytes >= huge ? huge : 64, room;
    if (!sbj_add(bytes, alignment + sizeof(void *), &room))
        return NULL;
    unsigned char *block = allocate(alloc, room);
    if (block == NULL)
        return NULL;
    uintptr_t start = ((uintptr_t)block + sizeof(void *) + alignment - 1) & ~(uintptr_t)(alignment - 1);
    unsigned char *memory = block + (start - (uintptr_t)block);
    memcpy(memory - sizeof(void *), &block, sizeof block);
    return memory;
}

/* Linux 5.14; where it is not known nothing is lost but the time. */
void sbj_populate(void *memory, size_t bytes)
{
#if defined(MADV_POPULATE_WRITE)
    const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    const uintptr_t first = ((uintptr_t)memory + page - 1) / page * page;
    const uintptr_t end = ((uintptr_t)memory + bytes) / page * page;
    if (first < end)
        madvise((void *)first, end - first, MADV_POPULATE_WRITE);
#else
    (void)memory, (void)bytes;
#endif
}

void sbj_free_aligned(const sbj_alloc *alloc, void *memory)
{
    void *block;
    if (memory == NULL)
        return;
    memcpy(&block, (unsigned char *)memory - sizeof(void *), sizeof block);
    release(alloc, block);
}
