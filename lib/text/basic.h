/* The word tokenizer "basic": BERT's, as BertJapaneseTokenizer uses it (no blanks around Chinese characters). */
#ifndef SBJ_BASIC_H
#define SBJ_BASIC_H

#include "text/normalize.h"
#include "text/special.h"

typedef struct sbj_basic {
    const sbj_normalizer *normalizer;
    const sbj_specials *never_split;
    bool lower_case; /* and strip accents, which is more than Latin ones: "が" becomes "か" */
} sbj_basic;

typedef struct sbj_basic_scratch {
    sbj_normalize_scratch normalize;
    sbj_strbuf clean, composed, lower, decomposed, bare;
} sbj_basic_scratch;

void sbj_basic_scratch_init(sbj_basic_scratch *scratch, const sbj_alloc *alloc);
void sbj_basic_scratch_free(sbj_basic_scratch *scratch);

/* Gives the words to `sink` in their order. */
sbertja_status sbj_basic_words(const sbj_basic *basic, sbj_basic_scratch *scratch, sbj_span text, sbj_word_sink sink,
                               void *context, sbertja_error *error);

#endif
