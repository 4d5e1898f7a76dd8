/* WordPiece (BERT's): from each place the longest token of the vocabulary. */
#ifndef SBJ_WORDPIECE_H
#define SBJ_WORDPIECE_H

#include "text/ids.h"
#include "text/vocabulary.h"

enum { SBJ_LONGEST_WORD = 100 }; /* characters */

/* Appends the ids of a word. A word that is longer than that, or one with a part that no token fits, is `unknown` as a
 * whole. Blanks inside cut it into several words; one of blanks only gives nothing. */
void sbj_wordpiece(const sbj_vocabulary *vocabulary, int32_t unknown, sbj_span word, sbj_ids *ids);

#endif
