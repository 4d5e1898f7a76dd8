/* The tokenizer's own struct, for the files that make, save and run it. */
#ifndef SBJ_TOKENIZER_PRIVATE_H
#define SBJ_TOKENIZER_PRIVATE_H

#include <stdatomic.h>

#include "text/mecab_words.h"
#include "text/tokenizer.h"
#include "text/vocabulary.h"

enum { SBJ_SPECIALS = 5 };

struct sbj_tokenizer {
    sbj_alloc alloc;
    atomic_uint owners;
    sbj_tokenizer_config config;
    size_t max_tokens; /* 0: no limit */
    sbj_vocabulary vocabulary;
    int32_t unknown, cls, sep;
    struct {
        const char *text;
        size_t length;
        int32_t id;
    } specials[SBJ_SPECIALS]; /* found literally in texts */
    size_t special_count;
    sbj_mecab *mecab; /* NULL for basic */
    char *dictionary; /* its folder */
};

/* tokenizer_file.c: tokenizer_config.json. */
sbertja_status sbj_tokenizer_config_read(const sbj_alloc *alloc, const char *path, sbj_tokenizer_config *config,
                                         sbertja_error *error);

#endif
