/* From words to numbers of tokens. */
#ifndef SBJ_SUBWORD_H
#define SBJ_SUBWORD_H

#include "text/normalize.h"
#include "text/vocabulary.h"

/* A list of token numbers that grows. */
typedef struct sbj_id_list {
    const sbj_alloc *alloc;
    int32_t *ids;
    size_t count, capacity;
    bool failed;
} sbj_id_list;

void sbj_id_list_add(sbj_id_list *list, int32_t id);

/* Greedy longest match (Wu et al. 2016; transformers' WordpieceTokenizer): the first token of a word as it is, the others
 * with "##"; one `unknown` for a word that cannot be put together or has more than 100 characters. Blanks inside cut. */
void sbj_wordpiece(const sbj_vocabulary *vocabulary, int32_t unknown, const char *word, size_t length,
                   sbj_id_list *list);
/* Each character of the NFKC form, `unknown` for one that is no token. */
sbertja_status sbj_characters(const sbj_vocabulary *vocabulary, int32_t unknown, const char *word, size_t length,
                              sbj_strbuf *scratch, sbj_id_list *list, sbertja_error *error);

#endif
