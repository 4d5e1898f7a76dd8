/* The character tokenizer: one token a character. */
#ifndef SBJ_CHARACTER_H
#define SBJ_CHARACTER_H

#include "text/ids.h"
#include "text/vocabulary.h"

/* Appends the ids of a word's characters, `unknown` for those that the vocabulary lacks. `word` is in NFKC. */
void sbj_characters(const sbj_vocabulary *vocabulary, int32_t unknown, sbj_span word, sbj_ids *ids);

#endif
