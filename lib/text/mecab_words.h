/* Words by MeCab. The model is shared by threads; a cutter (tagger and lattice) belongs to one. */
#ifndef SBJ_MECAB_WORDS_H
#define SBJ_MECAB_WORDS_H

#include "util/strbuf.h"

typedef struct sbj_mecab sbj_mecab;
typedef struct sbj_cutter sbj_cutter;

sbertja_status sbj_mecab_open(const sbj_alloc *alloc, const char *folder, sbj_mecab **mecab, sbertja_error *error);
void sbj_mecab_close(sbj_mecab *mecab);
sbertja_status sbj_cutter_create(const sbj_mecab *mecab, sbj_cutter **cutter, sbertja_error *error);
void sbj_cutter_free(sbj_cutter *cutter);

/* Calls `word` with each surface of the text in order; they lie in memory of the cutter. */
typedef sbertja_status (*sbj_word)(void *context, const char *word, size_t length, sbertja_error *error);
sbertja_status sbj_cut(sbj_cutter *cutter, const char *text, size_t length, sbj_word word, void *context,
                       sbertja_error *error);

#endif
