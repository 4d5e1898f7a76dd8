/* Unicode: normal forms, lower case, and the classes of characters that tokenizers ask for. */
#ifndef SBJ_NORMALIZE_H
#define SBJ_NORMALIZE_H

#include "util/strbuf.h"

typedef enum sbj_normal_form { SBJ_NFC, SBJ_NFD, SBJ_NFKC } sbj_normal_form;

/* Replaces the buffer's content by the normal form of `text`. ASCII is copied as it is. */
sbertja_status sbj_normalize(sbj_normal_form form, const char *text, size_t length, sbj_strbuf *out,
                             sbertja_error *error);
/* Replaces the buffer's content by Python's str.lower() of `text`: a capital sigma at the end of a word becomes a final
 * one, and the dotted capital I an i with a dot above. */
sbertja_status sbj_lower(const char *text, size_t length, sbj_strbuf *out, sbertja_error *error);

bool sbj_is_space(uint32_t character);       /* Python's str.split() */
bool sbj_is_blank(uint32_t character);       /* BERT's whitespace: blank, tab, line ends, category Zs */
bool sbj_is_control(uint32_t character);     /* BERT's control: category C* but tab and line ends */
bool sbj_is_punctuation(uint32_t character); /* BERT's: ASCII marks, category P* */
bool sbj_is_accent(uint32_t character);      /* category Mn */

#endif
