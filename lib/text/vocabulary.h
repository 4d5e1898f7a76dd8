/* The tokens of vocab.txt: id -> text, and text -> id by a key that grows one character at a time, so that the keys of
 * all prefixes of a word are made in one pass. */
#ifndef SBJ_VOCABULARY_H
#define SBJ_VOCABULARY_H

#include <stdint.h>

#include "text/span.h"
#include "util/alloc.h"

typedef struct sbj_vocabulary_entry {
    uint32_t start, length; /* in `texts`; a NUL follows */
} sbj_vocabulary_entry;

enum {
    SBJ_KEY_CHARACTERS = 3,
    SBJ_CHARACTER_BITS = 21,
    SBJ_REST_MARK = 2, /* characters of "##" */
};

#define SBJ_GOLDEN UINT64_C(0x9E3779B97F4A7C15) /* 2^64 divided by the golden ratio */

/* A key of up to three characters is these characters, so a lookup of most tokens reads one place in memory. */
typedef struct sbj_vocabulary_slot {
    uint64_t key;
    int32_t id; /* -1: free */
    uint32_t characters;
} sbj_vocabulary_slot;

typedef struct sbj_vocabulary {
    const sbj_alloc *alloc;
    char *texts;
    sbj_vocabulary_entry *entries;
    size_t count;
    sbj_vocabulary_slot *slots;
    int shift;      /* the index of a slot is the upper bits of its key times SBJ_GOLDEN */
    size_t longest; /* characters of the longest token */
} sbj_vocabulary;

/* A token a line, as Python reads text: lines end with LF, CR LF or CR, and an empty line is an empty token, but for
 * those at the end. Of equal tokens the last gives the id. */
sbertja_status sbj_vocabulary_load(const sbj_alloc *alloc, const char *path, sbj_vocabulary *vocabulary,
                                   sbertja_error *error);
void sbj_vocabulary_free(sbj_vocabulary *vocabulary); /* takes a zeroed one */

/* The key of one character more; that of none is 0. */
static inline uint64_t sbj_vocabulary_key(uint64_t key, size_t characters, uint32_t next)
{
    if (characters < SBJ_KEY_CHARACTERS)
        return key << SBJ_CHARACTER_BITS | next;
    key = (key * SBJ_GOLDEN) ^ next; /* not the other way round: "abcd" and "abdc" would have the same key */
    return key ^ key >> 32;
}

/* Where a lookup begins. */
static inline sbj_vocabulary_slot *sbj_vocabulary_slot_of(const sbj_vocabulary *vocabulary, uint64_t key)
{
    return &vocabulary->slots[key * SBJ_GOLDEN >> vocabulary->shift];
}

/* The id of a token of `count` characters, or of "##" and these (`is_rest`); -1: none. The key is that of them all. */
int32_t sbj_vocabulary_find_key(const sbj_vocabulary *vocabulary, uint64_t key, bool is_rest,
                                const uint32_t *characters, size_t count);
int32_t sbj_vocabulary_find(const sbj_vocabulary *vocabulary, sbj_span text);
sbj_span sbj_vocabulary_text(const sbj_vocabulary *vocabulary, int32_t id); /* NUL-terminated */

#endif
