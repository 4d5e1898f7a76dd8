/* vocab.txt: tokens and their numbers, found by a hash that can be carried on byte by byte, so that all beginnings of a
 * word are looked up in one pass over it. */
#ifndef SBJ_VOCABULARY_H
#define SBJ_VOCABULARY_H

#include "util/alloc.h"

typedef struct sbj_vocabulary {
    const sbj_alloc *alloc;
    char *text;            /* the file's bytes; each token ends with a NUL */
    size_t text_size;
    size_t count;
    const char **tokens;   /* by number */
    uint32_t *lengths;     /* bytes */
    uint32_t *slots, mask; /* number + 1, by hash; 0: free */
    size_t longest;        /* bytes of the longest token */
} sbj_vocabulary;

sbertja_status sbj_vocabulary_read(const sbj_alloc *alloc, const char *path, sbj_vocabulary *vocabulary,
                                   sbertja_error *error);
void sbj_vocabulary_free(sbj_vocabulary *vocabulary); /* takes a zeroed one */

/* FNV-1a, 32 bits. */
static inline uint32_t sbj_hash_byte(uint32_t hash, unsigned char byte)
{
    return (hash ^ byte) * 16777619u;
}
enum { SBJ_HASH_START = (int)2166136261u };

uint32_t sbj_hash(uint32_t hash, const char *bytes, size_t count);
/* The token "prefix" + bytes, whose hash is given; -1: there is none. */
int32_t sbj_vocabulary_find(const sbj_vocabulary *vocabulary, uint32_t hash, const char *prefix, size_t prefix_length,
                            const char *bytes, size_t length);
int32_t sbj_vocabulary_token(const sbj_vocabulary *vocabulary, const char *token);

#endif
