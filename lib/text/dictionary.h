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

/* Where to look for the dictionary called `kind` ("ipadic", "unidic_lite", "unidic"). */
typedef struct sbj_dictionary_search {
    const char *kind;
    const char *option;          /* the folder that the caller names; NULL: look for one */
    const char *model_directory; /* NULL: there is none */
    const char *const *places;   /* folders of folders, NULL at the end; NULL: the system's */
    sbj_log log;
} sbj_dictionary_search;

bool sbj_dictionary_is_kind(const char *kind);

/* The folder, in a new string. _E_MISSING names the places looked at and what to install; a folder given by option that
 * is in another charset than UTF-8 is _E_UNSUPPORTED. */
sbertja_status sbj_dictionary_find(const sbj_alloc *alloc, const sbj_dictionary_search *search, char **folder,
                                   sbertja_error *error);

/* Whether the folder holds all files of a dictionary, and what it is. */
sbertja_status sbj_dictionary_inspect(const sbj_alloc *alloc, const char *folder, sbj_dictionary_info *info,
                                      sbertja_error *error);

#endif
