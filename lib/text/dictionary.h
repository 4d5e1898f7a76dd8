/* Where MeCab's compiled dictionaries are. */
#ifndef SBJ_DICTIONARY_H
#define SBJ_DICTIONARY_H

#include "util/alloc.h"

/* The folder of the dictionary `name` ("ipadic", "unidic_lite", "unidic"), looked for in this order: `option`, a folder
 * that must be one; `directory`, the model's, and a folder of that name in it; the system's places. _E_MISSING names what
 * to install. */
sbertja_status sbj_dictionary_find(const sbj_alloc *alloc, const char *name, const char *option, const char *directory,
                                   char **folder, sbertja_error *error);
bool sbj_is_dictionary_name(const char *name);

#endif
