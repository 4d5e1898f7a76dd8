/* BertJapaneseTokenizer: text -> normalized text -> words (mecab, basic) -> tokens (wordpiece, character) -> ids.
 *
 * A tokenizer does not change once made and is shared by threads; the scratch of a text (MeCab's lattice, buffers)
 * belongs to one thread. */
#ifndef SBJ_TOKENIZER_H
#define SBJ_TOKENIZER_H

#include "text/span.h"
#include "util/alloc.h"
#include "util/log.h"
#include "util/use.h"

typedef struct sbj_tokenizer sbj_tokenizer;
typedef struct sbj_encoding sbj_encoding;

/* What tokenizer_config.json says, with the defaults of BertJapaneseTokenizer. */
typedef struct sbj_tokenizer_config {
    bool basic;             /* word tokenizer: basic, else mecab */
    bool character;         /* subword tokenizer: character, else wordpiece */
    bool lower_case;
    bool normalize;         /* mecab_kwargs.normalize_text: NFKC; default true */
    char dictionary[32];    /* mecab_kwargs.mecab_dic: "ipadic", "unidic_lite", "unidic"; default "ipadic". Of a tokenizer:
                             * the kind of its dictionary; "": the caller's folder, of another kind */
    bool guessed;           /* the file does not name the dictionary: it is the most likely one */
    char fingerprint[17];   /* of the dictionary that the model was trained with; "": not known */
    size_t model_max_length; /* 0: the file has none, or one that is no limit */
    char unknown[64], cls[64], sep[64], pad[64], mask[64];
} sbj_tokenizer_config;

typedef struct sbj_tokenizer_options {
    const sbj_alloc *alloc;
    const char *dictionary; /* a kind's name or a folder, which decides; NULL: as the model says */
    const char *const *places; /* folders to look for it first, NULL at the end; NULL: none */
    size_t max_tokens;      /* ids are cut at this, [CLS] and [SEP] included; 0: the config's, else no limit */
    size_t max_text_bytes;  /* a longer text is an error; 0: no limit */
    sbj_log log;
} sbj_tokenizer_options;

/* `directory` holds vocab.txt and tokenizer_config.json. */
sbertja_status sbj_tokenizer_load(const char *directory, const sbj_tokenizer_options *options, sbj_tokenizer **tokenizer,
                                  sbertja_error *error);
/* From a vocabulary file and a config that the caller made; sbj_tokenizer_config_init fills in the defaults. */
void sbj_tokenizer_config_init(sbj_tokenizer_config *config);
sbertja_status sbj_tokenizer_create(const char *vocabulary, const sbj_tokenizer_config *config,
                                    const sbj_tokenizer_options *options, sbj_tokenizer **tokenizer,
                                    sbertja_error *error);
/* One that has no vocabulary yet: it gives words (sbj_encoding_words_of) and no tokens. */
sbertja_status sbj_tokenizer_create_words(const sbj_tokenizer_config *config, const sbj_tokenizer_options *options,
                                          sbj_tokenizer **tokenizer, sbertja_error *error);
void sbj_tokenizer_free(sbj_tokenizer *tokenizer);

/* Shares the tokenizer with another owner (a trained model keeps its parent's): one more sbj_tokenizer_free is due. */
sbj_tokenizer *sbj_tokenizer_share(sbj_tokenizer *tokenizer);

/* Former files, whose members stay as far as the library does not know them; each may be NULL. */
struct cJSON;
typedef struct sbj_tokenizer_kept {
    const struct cJSON *config, *special;
} sbj_tokenizer_kept;

/* vocab.txt, tokenizer_config.json (class and dictionary always named, model_max_length = max_tokens) and
 * special_tokens_map.json, into a directory that is being built. `trained`: the model was trained with this tokenizer,
 * so its dictionary is recorded; else what the model's files say of the dictionary is kept. `kept` may be NULL. */
sbertja_status sbj_tokenizer_save(const sbj_tokenizer *tokenizer, const char *directory, size_t max_tokens,
                                  bool trained, const sbj_tokenizer_kept *kept, sbertja_error *error);

const sbj_tokenizer_config *sbj_tokenizer_get_config(const sbj_tokenizer *tokenizer);
size_t sbj_tokenizer_vocabulary_size(const sbj_tokenizer *tokenizer);
int32_t sbj_tokenizer_pad(const sbj_tokenizer *tokenizer); /* the id of [PAD]; -1: the vocabulary has none */
size_t sbj_tokenizer_max_tokens(const sbj_tokenizer *tokenizer); /* 0: no limit */
const char *sbj_tokenizer_dictionary(const sbj_tokenizer *tokenizer); /* the folder found; "" for basic */
/* Of the dictionary in use (see dictionary.h); "" for basic. */
const char *sbj_tokenizer_dictionary_fingerprint(const sbj_tokenizer *tokenizer);

/* The result of one text and the scratch to make it; reused for the next text. */
sbertja_status sbj_encoding_create(const sbj_tokenizer *tokenizer, sbj_encoding **encoding, sbertja_error *error);
void sbj_encoding_free(sbj_encoding *encoding);
/* Whether a text of this length may be tokenized: _E_ARGUMENT if it is longer than the tokenizer's max_text_bytes. */
sbertja_status sbj_tokenizer_check_length(const sbj_tokenizer *tokenizer, size_t length, sbertja_error *error);
/* What is asked now and then while a long text is tokenized, from now on. */
void sbj_encoding_interrupt(sbj_encoding *encoding, sbj_interrupt interrupt);
sbj_use *sbj_encoding_use(sbj_encoding *encoding); /* for the caller to begin and end */
/* `length` in bytes. Invalid UTF-8: _E_FORMAT with the byte's place. */
sbertja_status sbj_encoding_ids_of(sbj_encoding *encoding, const char *text, size_t length, sbertja_error *error);
/* Gives the words, as the subword tokenizer gets them, to `sink`, which must not stop before the last one. Special
 * tokens are no words. */
sbertja_status sbj_encoding_words_of(sbj_encoding *encoding, const char *text, size_t length, sbj_word_sink sink,
                                     void *user, sbertja_error *error);
const int32_t *sbj_encoding_ids(const sbj_encoding *encoding, size_t *count);
size_t sbj_encoding_token_count(const sbj_encoding *encoding);
const char *sbj_encoding_token(const sbj_encoding *encoding, size_t index); /* NULL past the end */

#endif
