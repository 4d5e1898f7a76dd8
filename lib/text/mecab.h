/* MeCab: a text's words. A sbj_mecab (the dictionary) is shared by threads; each has a parser of its own. */
#ifndef SBJ_MECAB_H
#define SBJ_MECAB_H

#include "text/span.h"
#include "util/alloc.h"

typedef struct sbj_mecab sbj_mecab;
typedef struct sbj_mecab_parser sbj_mecab_parser;

/* `folder`: a compiled dictionary in UTF-8. Its own mecabrc is read if it has one, and never the host's. */
sbertja_status sbj_mecab_open(const sbj_alloc *alloc, const char *folder, sbj_mecab **mecab, sbertja_error *error);
void sbj_mecab_close(sbj_mecab *mecab);

sbertja_status sbj_mecab_parser_create(const sbj_mecab *mecab, sbj_mecab_parser **parser, sbertja_error *error);
void sbj_mecab_parser_free(sbj_mecab_parser *parser);

/* What is asked now and then while a long text is cut into words, from now on. */
void sbj_mecab_parser_interrupt(sbj_mecab_parser *parser, sbj_interrupt interrupt);

/* Gives the words of a text without NUL to `sink` in their order. After a failure the parser is as good as before. */
sbertja_status sbj_mecab_words(sbj_mecab_parser *parser, sbj_span text, sbj_word_sink sink, void *context,
                               sbertja_error *error);

#endif
