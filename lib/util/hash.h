/* FNV-1a, 64 bits: a number that follows from bytes, to tell by it whether something is still the same. Not against an
 * adversary. */
#ifndef SBJ_HASH_H
#define SBJ_HASH_H

#include <stddef.h>
#include <stdint.h>

#define SBJ_HASH_START UINT64_C(14695981039346656037)

/* Goes on from `hash`, the start or an earlier result. */
static inline uint64_t sbj_hash(uint64_t hash, const void *data, size_t size)
{
    const unsigned char *bytes = data;
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ bytes[i]) * UINT64_C(1099511628211);
    return hash;
}

#endif
