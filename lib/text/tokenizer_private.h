/* What tokenizer.c, encoding.c and tokenizer_file.c share. */
#ifndef SBJ_TOKENIZER_PRIVATE_H
#define SBJ_TOKENIZER_PRIVATE_H

#include <stdatomic.h>

#include "io/json.h"
#include "text/dictionary.h"
#include "text/mecab.h"
#include "text/normalize.h"
#include "text/special.h"
#include "text/tokenizer.h"
#include "text/vocabulary.h"

struct sbj_tokenizer {
    sbj_alloc alloc;
    atomic_size_t owners;
    sbj_tokenizer_config config;
    size_t max_tokens, max_text_bytes; /* 0: no limit */
    sbj_vocabulary vocabulary;
    sbj_normalizer normalizer;
    sbj_specials specials;
    int32_t unknown, cls, sep;
    sbj_mecab *mecab; /* NULL for basic */
    char *dictionary; /* NULL for basic */
    char fingerprint[SBJ_FINGERPRINT_SIZE]; /* of the dictionary in use; "" for basic */
    char named[32]; /* the kind that the model's files name; where they name none, the kind in use */
};

/* `vocabulary` may be NULL: words only. */
sbertja_status sbj_tokenizer_make(const char *vocabulary, const sbj_tokenizer_config *config,
                                  const sbj_tokenizer_options *options, sbj_tokenizer **tokenizer,
                                  sbertja_error *error);

/* What the config's key mecab_kwargs says; `config` has its defaults before (mecab_kwargs.c). */
sbertja_status sbj_mecab_kwargs_read(const sbj_json *json, const sbj_tokenizer_options *options,
                                     sbj_tokenizer_config *config, sbertja_error *error);

#endif
