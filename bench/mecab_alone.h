/* MeCab by itself on the dictionary that the tokenizer uses: how much of tokenizing it is. */
#ifndef MECAB_ALONE_H
#define MECAB_ALONE_H

#include <mecab.h>
#include <stddef.h>

typedef struct mecab_alone {
    mecab_model_t *model;
    mecab_t *tagger;
    mecab_lattice_t *lattice;
    size_t texts, words; /* so far */
} mecab_alone;

void mecab_alone_open(mecab_alone *mecab);
void mecab_alone_parse(mecab_alone *mecab, const char *text);
void mecab_alone_close(mecab_alone *mecab);

#endif
