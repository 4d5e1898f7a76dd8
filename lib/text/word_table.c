/* Texts by number and numbers by text: open addressing with linear probing over one block of bytes. */
#include "text/word_table.h"

static const uint32_t FREE = SBJ_NO_WORD;

static uint32_t hash_of(sbj_span text)
{
    uint64_t hash = text.length;
    for (size_t i = 0; i < text.length; i++)
        hash = (hash ^ (unsigned char)text.text[i]) * 0x9E3779B97F4A7C15u;
    return (uint32_t)(hash >> 32);
}

/* The slot where this text is, or where it would go. */
static uint32_t *slot_of(const sbj_word_table *table, sbj_span text, uint32_t hash)
{
    size_t i = hash & (table->slot_count - 1);
    for (;; i = (i + 1) & (table->slot_count - 1)) {
        uint32_t number = table->slots[i];
        if (number == FREE ||
            (table->words[number].hash == hash && sbj_span_equal(sbj_word_table_text(table, number), text)))
            return &table->slots[i];
    }
}

static bool grow_slots(sbj_word_table *table)
{
    size_t wanted = table->slot_count == 0 ? 64 : 2 * table->slot_count;
    uint32_t *slots = sbj_new_raw(table->alloc, wanted, sizeof *slots);
    if (slots == NULL)
        return false;
    memset(slots, 0xFF, wanted * sizeof *slots);
    for (size_t number = 0; number < table->count; number++) {
        size_t i = table->words[number].hash & (wanted - 1);
        while (slots[i] != FREE)
            i = (i + 1) & (wanted - 1);
        slots[i] = (uint32_t)number;
    }
    sbj_free(table->alloc, table->slots);
    table->slots = slots;
    table->slot_count = wanted;
    return true;
}

static bool make_room(sbj_word_table *table, size_t length)
{
    size_t bytes;
    return length < UINT32_MAX && table->count < FREE && sbj_add(table->used, length, &bytes) &&
           (table->count < table->slot_count / 2 || grow_slots(table)) &&
           sbj_grow(table->alloc, (void **)&table->texts, &table->room, table->used, bytes, 1) &&
           sbj_grow(table->alloc, (void **)&table->words, &table->capacity, table->count, table->count + 1,
                    sizeof *table->words);
}

uint32_t sbj_word_table_add(sbj_word_table *table, sbj_span text, uint64_t times)
{
    const uint32_t hash = hash_of(text);
    uint32_t *slot = table->slot_count == 0 ? NULL : slot_of(table, text, hash);
    if (slot != NULL && *slot != FREE) {
        table->words[*slot].count += times;
        return *slot;
    }
    if (!make_room(table, text.length)) {
        table->failed = true;
        return SBJ_NO_WORD;
    }
    slot = slot_of(table, text, hash);
    *slot = (uint32_t)table->count;
    if (text.length > 0)
        memcpy(table->texts + table->used, text.text, text.length);
    table->words[table->count++] = (sbj_word){table->used, times, (uint32_t)text.length, hash};
    table->used += text.length;
    return *slot;
}

uint32_t sbj_word_table_find(const sbj_word_table *table, sbj_span text)
{
    return table->slot_count == 0 ? SBJ_NO_WORD : *slot_of(table, text, hash_of(text));
}

void sbj_word_table_free(sbj_word_table *table)
{
    if (table->alloc == NULL)
        return;
    sbj_free(table->alloc, table->texts);
    sbj_free(table->alloc, table->words);
    sbj_free(table->alloc, table->slots);
    *table = (sbj_word_table)SBJ_WORD_TABLE(table->alloc);
}

int sbj_span_compare(sbj_span a, sbj_span b)
{
    size_t shorter = a.length < b.length ? a.length : b.length;
    int order = shorter > 0 ? memcmp(a.text, b.text, shorter) : 0;
    return order != 0 ? order : (a.length > b.length) - (a.length < b.length);
}
