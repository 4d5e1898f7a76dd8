/* FNV-1a, 64 bits: a number that follows from bytes, to tell by it whether something is still the same. Not against an
 * adversary. */
#ifndef SBJ_HASH_H
#define SBJ_HASH_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define SBJ_HASH_START UINT64_C(14695981039346656037)

/* Goes on from `hash`, the start or an earlier result. */
static inline uint64_t sbj_hash(uint64_t hash, const void *data, size_t size)
{
    const unsigned char *bytes = data;
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ bytes[i]) * UINT64_C(1099511628211);
    return hash;
}

static inline uint64_t sbj_hash_word(uint64_t chain, const unsigned char *bytes)
{
    uint64_t word;
    memcpy(&word, bytes, sizeof word);
    word ^= chain;
    return (word << 29 | word >> 35) * UINT64_C(0x9E3779B97F4A7C15);
}

/* The same purpose for hundreds of megabytes, at the speed of memory: chains side by side take a word of 64 bits at a
 * time. Each rotates before it multiplies, so that the upper bits of a word reach the lower ones too. */
static inline uint64_t sbj_hash_words(uint64_t hash, const void *data, size_t size)
{
    enum { WORD = sizeof(uint64_t), STEP = 6 * WORD };
    const unsigned char *bytes = data;
    uint64_t a = hash, b = hash + 1, c = hash + 2, d = hash + 3, e = hash + 4, f = hash + 5;
    for (; size >= STEP; bytes += STEP, size -= STEP) {
        a = sbj_hash_word(a, bytes);
        b = sbj_hash_word(b, bytes + WORD);
        c = sbj_hash_word(c, bytes + 2 * WORD);
        d = sbj_hash_word(d, bytes + 3 * WORD);
        e = sbj_hash_word(e, bytes + 4 * WORD);
        f = sbj_hash_word(f, bytes + 5 * WORD);
    }
    const uint64_t chains[] = {a, b, c, d, e, f};
    hash = sbj_hash(SBJ_HASH_START, chains, sizeof chains);
    return sbj_hash(hash, bytes, size);
}

#endif
