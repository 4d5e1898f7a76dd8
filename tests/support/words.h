/* What a word tokenizer gives, as one text: "words|joined|so". */
#ifndef WORDS_H
#define WORDS_H

#include <stdlib.h>

#include "text/span.h"
#include "util/strbuf.h"

typedef struct words {
    sbj_strbuf joined;
    size_t count, most; /* `most`: no more are wanted then */
} words;

void words_init(words *words);
void words_free(words *words);
bool words_take(void *words, sbj_span word); /* the sink */
const char *words_text(const words *words);  /* "" for none */

#endif
