/* Words by BERT's basic tokenizer, without its spacing of Chinese characters (BertJapaneseTokenizer turns that off). */
#ifndef SBJ_BASIC_WORDS_H
#define SBJ_BASIC_WORDS_H

#include "text/mecab_words.h"
#include "text/normalize.h"

typedef struct sbj_basic {
    sbj_strbuf cleaned, normal, lower; /* scratch */
} sbj_basic;

void sbj_basic_init(sbj_basic *basic, const sbj_alloc *alloc);
void sbj_basic_free(sbj_basic *basic);
sbertja_status sbj_basic_cut(sbj_basic *basic, const char *text, size_t length, bool lower_case, sbj_word word,
                             void *context, sbertja_error *error);

#endif
