/* A vocabulary trainer that is slow and obvious, to judge the library's by: no tables, no heap, all pairs counted anew
 * for each merge; and which characters are Japanese from the C library's iconv. */
#ifndef NAIVE_VOCABULARY_H
#define NAIVE_VOCABULARY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct naive_word {
    char text[404];
    uint64_t count;
} naive_word;

typedef struct naive_words {
    naive_word *items;
    size_t count;
} naive_words;

void naive_words_add(naive_words *words, const char *text, size_t length);
void naive_words_free(naive_words *words);

bool naive_has_iconv(void);              /* for EUC-JP: a small system may lack it */
bool naive_is_kanji(uint32_t character); /* of JIS X 0208 */

/* The lines of vocab.txt, to be freed. */
char *naive_vocabulary(const naive_words *words, size_t entries, uint64_t least, bool every_character);

#endif
