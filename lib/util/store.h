/* Two containers that grow without moving what they hold, so that growing never needs the memory twice: texts, and a
 * list of addresses or numbers. */
#ifndef SBJ_STORE_H
#define SBJ_STORE_H

#include "util/alloc.h"

/* Texts of any length, one after another in blocks. */
typedef struct sbj_texts {
    sbj_alloc alloc;
    struct sbj_text_block *blocks; /* the newest first */
    size_t left;                   /* bytes in the newest that are free */
    size_t bytes;                  /* what the texts take in all */
} sbj_texts;

/* Copies the text, which then has a NUL behind it; NULL if there is no memory. */
const char *sbj_texts_copy(sbj_texts *texts, const char *text, size_t length);
void sbj_texts_free(sbj_texts *texts);

/* Words of the size of a pointer, in pages of equal size. */
typedef struct sbj_list {
    sbj_alloc alloc;
    uintptr_t **pages;
    size_t page_count, page_capacity, count;
} sbj_list;

enum { SBJ_LIST_PAGE = 8192 };

bool sbj_list_add(sbj_list *list, uintptr_t item); /* false if there is no memory */
void sbj_list_free(sbj_list *list);

static inline uintptr_t sbj_list_at(const sbj_list *list, size_t index)
{
    return list->pages[index / SBJ_LIST_PAGE][index % SBJ_LIST_PAGE];
}

#endif
