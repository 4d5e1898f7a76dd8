/* A growing array of token ids. It remembers a failed allocation, as sbj_strbuf does. */
#ifndef SBJ_IDS_H
#define SBJ_IDS_H

#include <stdint.h>

#include "util/alloc.h"

typedef struct sbj_ids {
    const sbj_alloc *alloc;
    int32_t *items;
    size_t count, capacity;
    bool failed;
} sbj_ids;

static inline void sbj_ids_add(sbj_ids *ids, int32_t id)
{
    if (ids->count == ids->capacity &&
        !sbj_grow(ids->alloc, (void **)&ids->items, &ids->capacity, ids->count, ids->count + 1, sizeof *ids->items))
        ids->failed = true;
    else
        ids->items[ids->count++] = id;
}

#endif
