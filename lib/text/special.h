/* Special tokens that stand in a text as they are written, such as "[MASK]". */
#ifndef SBJ_SPECIAL_H
#define SBJ_SPECIAL_H

#include <stdint.h>

#include "text/span.h"

enum { SBJ_MOST_SPECIAL = 5 };

typedef struct sbj_specials {
    sbj_span text[SBJ_MOST_SPECIAL];
    int32_t id[SBJ_MOST_SPECIAL];
    size_t count;
    bool first[256]; /* whether one of them starts with this byte */
} sbj_specials;

void sbj_specials_add(sbj_specials *specials, sbj_span text, int32_t id); /* not an empty one */
bool sbj_specials_has(const sbj_specials *specials, sbj_span word);

/* The first special token from `at` on, the longest of those that start there: where it is, and its index, or -1 and
 * the text's length. */
int sbj_specials_find(const sbj_specials *specials, sbj_span text, size_t at, size_t *found);

#endif
