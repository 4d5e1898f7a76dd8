/* Texts, each kept once and numbered in the order of their coming, with how often they came. */
#ifndef SBJ_WORD_TABLE_H
#define SBJ_WORD_TABLE_H

#include <stdint.h>

#include "text/span.h"
#include "util/alloc.h"

typedef struct sbj_word {
    size_t start; /* in `texts` */
    uint64_t count;
    uint32_t length, hash;
} sbj_word;

typedef struct sbj_word_table {
    const sbj_alloc *alloc;
    char *texts;
    size_t used, room; /* bytes of `texts` */
    sbj_word *words;
    size_t count, capacity;
    uint32_t *slots; /* numbers by hash; at most half of them taken */
    size_t slot_count;
    bool failed; /* an allocation did, so something is missing */
} sbj_word_table;

#define SBJ_WORD_TABLE(allocator) {(allocator), NULL, 0, 0, NULL, 0, 0, NULL, 0, false}
#define SBJ_NO_WORD UINT32_MAX

/* The number of this text, which has now come `times` times more; SBJ_NO_WORD when there is no memory. `text` must not
 * lie in the table. */
uint32_t sbj_word_table_add(sbj_word_table *table, sbj_span text, uint64_t times);
uint32_t sbj_word_table_find(const sbj_word_table *table, sbj_span text); /* SBJ_NO_WORD: none */
void sbj_word_table_free(sbj_word_table *table);

static inline sbj_span sbj_word_table_text(const sbj_word_table *table, size_t number)
{
    return (sbj_span){table->texts + table->words[number].start, table->words[number].length};
}

/* As memcmp: by bytes, a text before those that it begins. */
int sbj_span_compare(sbj_span a, sbj_span b);

#endif
