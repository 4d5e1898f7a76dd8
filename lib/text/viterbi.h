/* MeCab's search for the best words, for texts that libmecab itself is too slow or too hungry for: the same words, in memory
 * and time in proportion. */
#ifndef SBJ_VITERBI_H
#define SBJ_VITERBI_H

#include "text/mecab_shim.h"
#include "text/span.h"
#include "util/alloc.h"

/* Bytes of text that a lookup sees after the blanks. No dictionary that is known has a longer word (ipadic: 78 bytes), and
 * libmecab never joins more than 24 unknown characters unless a dicrc says so. */
enum { SBJ_LOOKAHEAD = 512 };

typedef struct sbj_viterbi {
    const sbj_alloc *alloc;
    mecab_model_t *model;
    mecab_lattice_t *lattice; /* holds what one lookup finds */
    /* The number of blanks, in bytes, at `at`. */
    size_t (*blanks)(const void *context, sbj_span text, size_t at);
    /* Asked now and then; true: give up, which is _E_STOPPED. NULL: never. */
    bool (*stopped)(const void *context);
    const void *context;
} sbj_viterbi;

/* Gives the words of the text to `sink` in their order. */
sbertja_status sbj_viterbi_words(const sbj_viterbi *viterbi, sbj_span text, sbj_word_sink sink, void *user,
                                 sbertja_error *error);

#endif
