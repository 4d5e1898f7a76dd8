/* Finding a compiled MeCab dictionary. */
#ifndef SBJ_DICTIONARY_H
#define SBJ_DICTIONARY_H

#include "util/alloc.h"
#include "util/log.h"

/* What the header of a sys.dic says. */
typedef struct sbj_dictionary_info {
    uint32_t left_contexts, right_contexts;
    char charset[33];
} sbj_dictionary_info;

typedef struct sbj_dictionary_search {
    const char *kind;   /* "ipadic", "unidic_lite", "unidic": what the model names */
    bool guessed;       /* the model names none: `kind` is only the most likely one */
    const char *option; /* what the caller names, a kind or a folder, which decides; NULL: nothing */
    const char *const *first_places; /* folders that are searched first, NULL at the end; NULL: none */
    const char *const *places;       /* folders that are searched next; NULL: the system's */
    sbj_log log;
} sbj_dictionary_search;

bool sbj_dictionary_is_kind(const char *kind);

/* The folder, in a new string, and the kind of what was found, a constant ("": not a known one). _E_MISSING names the
 * places that were searched and what to install; a folder given by option that is in another charset than UTF-8 is
 * _E_UNSUPPORTED. */
sbertja_status sbj_dictionary_find(const sbj_alloc *alloc, const sbj_dictionary_search *search, const char **kind,
                                   char **folder, sbertja_error *error);

/* Whether the folder holds all files of a dictionary, and what it is. */
sbertja_status sbj_dictionary_inspect(const sbj_alloc *alloc, const char *folder, sbj_dictionary_info *info,
                                      sbertja_error *error);

/* A dictionary's fingerprint, 16 hexadecimal digits: dictionaries with other words have another one. It is made of a
 * sample of each file (io/sample.h), so that loading a model does not have to read 50 to 200 MB. */
enum { SBJ_FINGERPRINT_SIZE = 17 };
sbertja_status sbj_dictionary_fingerprint(const sbj_alloc *alloc, const char *folder,
                                          char fingerprint[SBJ_FINGERPRINT_SIZE], sbertja_error *error);

#endif
