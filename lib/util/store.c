/* Blocks of texts and pages of words. */
#include "util/store.h"

#include <string.h>

/* Blocks double up to this size, so that small stores stay small and large ones need few blocks. */
enum { FIRST_BLOCK = 1 << 12, LARGEST_BLOCK = 1 << 22 };

typedef struct sbj_text_block {
    struct sbj_text_block *next;
    size_t size, used;
    char text[];
} sbj_text_block;

static bool add_block(sbj_texts *texts, size_t needed)
{
    size_t size = FIRST_BLOCK, bytes;
    if (texts->blocks != NULL)
        size = texts->blocks->size < LARGEST_BLOCK / 2 ? texts->blocks->size * 2 : LARGEST_BLOCK;
    size = needed > size ? needed : size;
    if (!sbj_add(size, sizeof(sbj_text_block), &bytes))
        return false;
    sbj_text_block *block = sbj_new_raw(&texts->alloc, bytes, 1);
    if (block == NULL)
        return false;
    block->size = texts->left = size;
    block->used = 0;
    block->next = texts->blocks;
    texts->blocks = block;
    return true;
}

const char *sbj_texts_copy(sbj_texts *texts, const char *text, size_t length)
{
    size_t needed;
    if (!sbj_add(length, 1, &needed) || (needed > texts->left && !add_block(texts, needed)))
        return NULL;
    sbj_text_block *block = texts->blocks;
    char *copy = block->text + block->used;
    if (length > 0)
        memcpy(copy, text, length);
    copy[length] = '\0';
    block->used += needed;
    texts->left -= needed;
    texts->bytes += needed;
    return copy;
}

void sbj_texts_free(sbj_texts *texts)
{
    while (texts->blocks != NULL) {
        sbj_text_block *block = texts->blocks;
        texts->blocks = block->next;
        sbj_free(&texts->alloc, block);
    }
    texts->left = texts->bytes = 0;
}

bool sbj_list_add(sbj_list *list, uintptr_t item)
{
    const size_t page = list->count / SBJ_LIST_PAGE;
    if (page == list->page_count) {
        if (!sbj_grow(&list->alloc, (void **)&list->pages, &list->page_capacity, page, page + 1, sizeof *list->pages))
            return false;
        list->pages[page] = sbj_new_raw(&list->alloc, SBJ_LIST_PAGE, sizeof **list->pages);
        if (list->pages[page] == NULL)
            return false;
        list->page_count++;
    }
    list->pages[page][list->count++ % SBJ_LIST_PAGE] = item;
    return true;
}

void sbj_list_free(sbj_list *list)
{
    for (size_t i = 0; i < list->page_count; i++)
        sbj_free(&list->alloc, list->pages[i]);
    if (list->pages != NULL)
        sbj_free(&list->alloc, list->pages);
    list->pages = NULL;
    list->page_count = list->page_capacity = list->count = 0;
}
