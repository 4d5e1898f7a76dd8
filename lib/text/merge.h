/* The longer pieces of a WordPiece vocabulary: the most frequent pair of neighbours inside words becomes a piece, again
 * and again. */
#ifndef SBJ_MERGE_H
#define SBJ_MERGE_H

#include "text/word_table.h"

/* Appends pieces to `pieces`, which holds the single characters, until it has `most` or no pair occurs `least` times
 * (at least 1). Words count as often as they came; those with a character that `pieces` lacks are left out: `*known`
 * counts the others. Of equally frequent pairs the one whose first piece, then whose second, is smaller by bytes comes
 * first. A piece is its text: pairs that give the same text give one piece. */
sbertja_status sbj_merge_pieces(const sbj_word_table *words, size_t most, uint64_t least, sbj_word_table *pieces,
                                uint64_t *known, sbertja_error *error);

#endif
