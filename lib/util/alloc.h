/* The one door to memory: the allocator that came with a handle, and checked sizes. No other file calls malloc. */
#ifndef SBJ_ALLOC_H
#define SBJ_ALLOC_H

#include <stdbool.h>

#include "util/status.h"

typedef sbertja_allocator sbj_alloc;

extern const sbj_alloc sbj_malloc; /* malloc and free, for calls that have no handle */

/* `count` things of `size` bytes, zeroed. NULL when the product overflows or there is no memory; never NULL for 0. */
void *sbj_new(const sbj_alloc *alloc, size_t count, size_t size);
/* As sbj_new but not zeroed. */
void *sbj_new_raw(const sbj_alloc *alloc, size_t count, size_t size);
void sbj_free(const sbj_alloc *alloc, void *memory);
char *sbj_copy_text(const sbj_alloc *alloc, const char *text, size_t length); /* NUL-terminated */

/* Makes room for `needed` items in a growing array, at least doubling it; `*items` keeps the first `used`. Returns
 * false, and leaves the array as it was, when there is no memory. */
bool sbj_grow(const sbj_alloc *alloc, void **items, size_t *capacity, size_t used, size_t needed, size_t size);

/* Memory aligned to 64 bytes for vector kernels; huge blocks (2 MiB and more) are aligned to 2 MiB pages. */
void *sbj_new_aligned(const sbj_alloc *alloc, size_t bytes);
void sbj_free_aligned(const sbj_alloc *alloc, void *memory);
/* Asks the system for all pages of what is about to be written, in one call: a page at a time, when it is first touched,
 * takes half as long again. */
void sbj_populate(void *memory, size_t bytes);

/* Sizes from files: false when the result does not fit. */
bool sbj_mul(size_t a, size_t b, size_t *product);
bool sbj_add(size_t a, size_t b, size_t *sum);

#endif
