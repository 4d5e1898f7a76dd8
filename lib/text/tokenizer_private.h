/* What tokenizer.c, encoding.c and tokenizer_file.c share. */
#ifndef SBJ_TOKENIZER_PRIVATE_H
#define SBJ_TOKENIZER_PRIVATE_H

#include <stdatomic.h>

#include "text/mecab.h"
#include "text/normalize.h"
#include "text/special.h"
#include "text/tokenizer.h"
#include "text/vocabulary.h"

struct sbj_tokenizer {
    sbj_alloc alloc;
    atomic_size_t owners;
    sbj_tokenizer_config config;
    size_t max_tokens; /* 0: no limit */
    sbj_vocabulary vocabulary;
    sbj_normalizer normalizer;
    sbj_specials specials;
    int32_t unknown, cls, sep;
    sbj_mecab *mecab; /* NULL for basic */
    char *dictionary; /* NULL for basic */
};

/* `vocabulary` may be NULL: words only. `model_directory` (may be NULL) is where a dictionary is looked for first. */
sbertja_status sbj_tokenizer_make(const char *vocabulary, const char *model_directory,
                                  const sbj_tokenizer_config *config, const sbj_tokenizer_options *options,
                                  sbj_tokenizer **tokenizer, sbertja_error *error);

#endif
