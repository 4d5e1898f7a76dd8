/* A small vocabulary, and ids as one text: "token token". */
#ifndef TOKENS_H
#define TOKENS_H

#include "text/ids.h"
#include "text/vocabulary.h"

/* `lines`: the content of vocab.txt. Ends the test on a fault. */
void tokens_vocabulary(const char *lines, sbj_vocabulary *vocabulary);
/* The tokens joined by blanks, to be freed. */
char *tokens_join(const sbj_vocabulary *vocabulary, const sbj_ids *ids);

#endif
