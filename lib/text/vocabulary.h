/* The tokens of vocab.txt: id -> text, and text -> id by a hash of characters that grows one character at a time, so
 * that all prefixes of a word are hashed in one pass. */
#ifndef SBJ_VOCABULARY_H
#define SBJ_VOCABULARY_H

#include <stdint.h>

#include "text/span.h"
#include "util/alloc.h"

typedef struct sbj_vocabulary_entry {
    uint32_t start, length; /* in `texts`; a NUL follows */
} sbj_vocabulary_entry;

enum { SBJ_SLOT_TEXT = 8 };

/* A slot has the first bytes of its token, which most tokens are no longer than: a lookup reads one place in memory. */
typedef struct sbj_vocabulary_slot {
    uint16_t check, length; /* bits of the hash; bytes of the token, at most UINT16_MAX */
    int32_t id;             /* -1: free */
    char text[SBJ_SLOT_TEXT];
} sbj_vocabulary_slot;

typedef struct sbj_vocabulary {
    const sbj_alloc *alloc;
    char *texts;
    sbj_vocabulary_entry *entries;
    size_t count;
    sbj_vocabulary_slot *slots;
    int shift;                     /* the index of a slot is the hash's upper bits */
    size_t longest;                /* characters of the longest token */
    uint64_t word_hash, rest_hash; /* where hashes begin: a word's, and that of what follows "##" */
} sbj_vocabulary;

/* A token a line, as Python reads text: lines end with LF, CR LF or CR, and an empty line is an empty token, but for
 * those at the end. Of equal tokens the last gives the id. */
sbertja_status sbj_vocabulary_load(const sbj_alloc *alloc, const char *path, sbj_vocabulary *vocabulary,
                                   sbertja_error *error);
void sbj_vocabulary_free(sbj_vocabulary *vocabulary); /* takes a zeroed one */

static inline uint64_t sbj_vocabulary_hash(uint64_t hash, uint32_t character)
{
    hash = (hash ^ character) * 0x9E3779B97F4A7C15u;
    return hash ^ hash >> 32;
}

/* The id of the token "##text" (`is_rest`) or "text"; -1: none. `hash`: of all its characters, from word_hash or
 * rest_hash on. */
int32_t sbj_vocabulary_find_hashed(const sbj_vocabulary *vocabulary, uint64_t hash, bool is_rest, sbj_span text);
int32_t sbj_vocabulary_find(const sbj_vocabulary *vocabulary, sbj_span text);
sbj_span sbj_vocabulary_text(const sbj_vocabulary *vocabulary, int32_t id); /* NUL-terminated */

#endif
