/* What kind of character: blanks, control characters, punctuation and case, as Python's str and BERT's basic tokenizer
 * see them. */
#ifndef SBJ_LETTER_H
#define SBJ_LETTER_H

#include <stdint.h>

#include "text/span.h"
#include "util/strbuf.h"

/* Bytes of the blank (str.isspace) at the start of this text, which is not empty; 0 if it starts with something else.
 */
static inline size_t sbj_blank_length(sbj_span text)
{
    const unsigned char *at = (const unsigned char *)text.text;
    if (at[0] < 0x80)
        return at[0] == ' ' || (at[0] >= 0x09 && at[0] <= 0x0D) || (at[0] >= 0x1C && at[0] <= 0x1F);
    if (at[0] == 0xC2)
        return at[1] == 0x85 || at[1] == 0xA0 ? 2 : 0;
    if (at[0] == 0xE3)
        return at[1] == 0x80 && at[2] == 0x80 ? 3 : 0; /* U+3000 */
    if (at[0] == 0xE1)
        return at[1] == 0x9A && at[2] == 0x80 ? 3 : 0; /* U+1680 */
    if (at[0] == 0xE2 && at[1] == 0x80)                /* U+2000 to U+200A, U+2028, U+2029, U+202F */
        return at[2] <= 0x8A || at[2] == 0xA8 || at[2] == 0xA9 || at[2] == 0xAF ? 3 : 0;
    return at[0] == 0xE2 && at[1] == 0x81 && at[2] == 0x9F ? 3 : 0; /* U+205F */
}

/* The next word between blanks, from `*at` on, which is moved past it. False: there is none. */
bool sbj_next_word(sbj_span text, size_t *at, sbj_span *word);

bool sbj_is_separator(uint32_t character);   /* BERT's whitespace: tab, line feed, carriage return, category Zs */
bool sbj_is_control(uint32_t character);     /* BERT's control: categories C*, unassigned included, but for those */
bool sbj_is_punctuation(uint32_t character); /* BERT's: categories P*, and every ASCII symbol */
bool sbj_is_mark(uint32_t character);        /* category Mn */

/* Lower-cases as str.lower(): the special case of U+0130 and the final sigma included. `*result` is `text` itself where
 * nothing changes, else it lies in `out`, whose former content is lost. False: no memory. */
bool sbj_lower(sbj_span text, sbj_strbuf *out, sbj_span *result);

#endif
