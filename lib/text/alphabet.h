/* The characters that a vocabulary is built from. */
#ifndef SBJ_ALPHABET_H
#define SBJ_ALPHABET_H

#include "text/word_table.h"

/* Calls `take` with the single-character pieces of a word, one after another: "c" for the first character, "##c" for
 * the others. False as soon as `take` says so. */
bool sbj_alphabet_pieces(sbj_span word, bool (*take)(void *context, sbj_span piece), void *context);

/* Appends to `pieces` the single-character pieces that occur in `words`: first, if `every_character`, those of Japanese
 * characters (see jis.h) by code point, then those of other characters that occur at least `least` times, the most
 * frequent first. Words count as often as they came. */
sbertja_status sbj_alphabet_find(const sbj_word_table *words, bool every_character, uint64_t least,
                                 sbj_word_table *pieces, sbertja_error *error);

#endif
