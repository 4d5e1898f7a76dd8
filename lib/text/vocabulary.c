/* Loading vocab.txt, and its hash table: open addressing with linear probing, at most half full. */
#include "text/vocabulary.h"

#include "io/file.h"
#include "text/utf8.h"

static const char REST[] = "##";

static uint64_t hash_text(const sbj_vocabulary *vocabulary, sbj_span text, size_t *characters)
{
    uint64_t hash = vocabulary->word_hash;
    size_t bytes;
    *characters = 0;
    for (size_t at = 0; at < text.length; at += bytes) {
        hash = sbj_vocabulary_hash(hash, sbj_utf8_next(text.text + at, &bytes));
        (*characters)++;
    }
    return hash;
}

sbj_span sbj_vocabulary_text(const sbj_vocabulary *vocabulary, int32_t id)
{
    const sbj_vocabulary_entry *entry = &vocabulary->entries[id];
    return (sbj_span){vocabulary->texts + entry->start, entry->length};
}

static uint16_t slot_length(size_t length)
{
    return length < UINT16_MAX ? (uint16_t)length : UINT16_MAX;
}

/* Whether the slot's token is `mark` and `text`; its slot_length is theirs. */
static bool slot_has(const sbj_vocabulary *vocabulary, const sbj_vocabulary_slot *slot, sbj_span mark, sbj_span text)
{
    const size_t length = mark.length + text.length, inside = length < SBJ_SLOT_TEXT ? length : SBJ_SLOT_TEXT;
    size_t i = mark.length;
    if (memcmp(slot->text, mark.text, mark.length) != 0)
        return false;
    for (; i < inside; i++)
        if (slot->text[i] != text.text[i - mark.length])
            return false;
    if (i == length)
        return true;
    const sbj_span whole = sbj_vocabulary_text(vocabulary, slot->id);
    return whole.length == length && memcmp(whole.text + i, text.text + i - mark.length, length - i) == 0;
}

int32_t sbj_vocabulary_find_hashed(const sbj_vocabulary *vocabulary, uint64_t hash, bool is_rest, sbj_span text)
{
    const size_t mask = ((size_t)1 << (64 - vocabulary->shift)) - 1;
    const sbj_span mark = {REST, is_rest ? sizeof REST - 1 : 0};
    const uint16_t check = (uint16_t)hash, length = slot_length(mark.length + text.length);
    for (size_t i = (size_t)(hash >> vocabulary->shift);; i = (i + 1) & mask) {
        const sbj_vocabulary_slot *slot = &vocabulary->slots[i];
        if (slot->id < 0)
            return -1;
        if (slot->check == check && slot->length == length && slot_has(vocabulary, slot, mark, text))
            return slot->id;
    }
}

int32_t sbj_vocabulary_find(const sbj_vocabulary *vocabulary, sbj_span text)
{
    size_t characters;
    return sbj_vocabulary_find_hashed(vocabulary, hash_text(vocabulary, text, &characters), false, text);
}

static bool ends_line(const unsigned char *text, size_t size, size_t at)
{
    /* The CR of CR LF ends no line of its own. */
    return text[at] == '\n' || (text[at] == '\r' && (at + 1 == size || text[at + 1] != '\n'));
}

/* Copies the lines, each with a NUL instead of its end. Two passes: one counts. */
static sbertja_status copy_lines(const sbj_map *map, sbj_vocabulary *vocabulary, sbertja_error *error)
{
    size_t lines = 0, start = 0, used = 0;
    for (size_t i = 0; i < map->size; i++)
        lines += ends_line(map->data, map->size, i) || i + 1 == map->size;
    vocabulary->texts = sbj_new_raw(vocabulary->alloc, map->size + 1, 1);
    vocabulary->entries = sbj_new_raw(vocabulary->alloc, lines, sizeof *vocabulary->entries);
    if (vocabulary->texts == NULL || vocabulary->entries == NULL)
        return sbj_no_memory(error, map->size);
    for (size_t i = 0; i < map->size; i++) {
        bool ends = ends_line(map->data, map->size, i);
        if (!ends && i + 1 < map->size)
            continue;
        size_t end = !ends ? i + 1 : map->data[i] == '\n' && i > start && map->data[i - 1] == '\r' ? i - 1 : i;
        sbj_vocabulary_entry *entry = &vocabulary->entries[vocabulary->count++];
        *entry = (sbj_vocabulary_entry){(uint32_t)used, (uint32_t)(end - start)};
        memcpy(vocabulary->texts + used, map->data + start, end - start);
        vocabulary->texts[used + (end - start)] = '\0';
        sbertja_status status = sbj_utf8_check(vocabulary->texts + used, end - start, error);
        if (status != SBERTJA_OK)
            return sbj_in(error, status, "line %zu", vocabulary->count);
        used += end - start + 1;
        start = i + 1;
    }
    /* No word is empty, so empty lines at the end are no tokens that a model would need an embedding for. */
    while (vocabulary->count > 0 && vocabulary->entries[vocabulary->count - 1].length == 0)
        vocabulary->count--;
    return SBERTJA_OK;
}

static void insert(sbj_vocabulary *vocabulary, int32_t id)
{
    const size_t mask = ((size_t)1 << (64 - vocabulary->shift)) - 1;
    const sbj_span text = sbj_vocabulary_text(vocabulary, id);
    size_t characters;
    const uint64_t hash = hash_text(vocabulary, text, &characters);
    sbj_vocabulary_slot made = {.check = (uint16_t)hash, .length = slot_length(text.length), .id = id};
    memcpy(made.text, text.text, text.length < SBJ_SLOT_TEXT ? text.length : SBJ_SLOT_TEXT);
    size_t i = (size_t)(hash >> vocabulary->shift);
    for (; vocabulary->slots[i].id >= 0; i = (i + 1) & mask)
        if (vocabulary->slots[i].check == made.check &&
            sbj_span_equal(sbj_vocabulary_text(vocabulary, vocabulary->slots[i].id), text))
            break; /* the last of equal tokens wins */
    vocabulary->slots[i] = made;
    if (characters > vocabulary->longest)
        vocabulary->longest = characters;
}

static sbertja_status index_tokens(sbj_vocabulary *vocabulary, sbertja_error *error)
{
    size_t size = 16;
    vocabulary->shift = 60;
    for (; size < 2 * vocabulary->count; size *= 2)
        vocabulary->shift--;
    vocabulary->slots = sbj_new_raw(vocabulary->alloc, size, sizeof *vocabulary->slots);
    if (vocabulary->slots == NULL)
        return sbj_no_memory(error, size * sizeof *vocabulary->slots);
    for (size_t i = 0; i < size; i++)
        vocabulary->slots[i] = (sbj_vocabulary_slot){.id = -1};
    for (size_t i = 0; i < vocabulary->count; i++)
        insert(vocabulary, (int32_t)i);
    return SBERTJA_OK;
}

sbertja_status sbj_vocabulary_load(const sbj_alloc *alloc, const char *path, sbj_vocabulary *vocabulary,
                                   sbertja_error *error)
{
    sbj_map map;
    memset(vocabulary, 0, sizeof *vocabulary);
    vocabulary->alloc = alloc;
    vocabulary->word_hash = 0x5BE27A1D9C03F467u; /* any number will do */
    vocabulary->rest_hash = sbj_vocabulary_hash(sbj_vocabulary_hash(vocabulary->word_hash, '#'), '#');
    sbertja_status status = sbj_map_open(path, &map, error);
    if (status != SBERTJA_OK)
        return status;
    if (map.size > INT32_MAX)
        status = sbj_fail(error, SBERTJA_E_FORMAT, "larger than 2 GiB");
    if (status == SBERTJA_OK)
        status = copy_lines(&map, vocabulary, error);
    if (status == SBERTJA_OK)
        status = index_tokens(vocabulary, error);
    sbj_map_close(&map);
    if (status != SBERTJA_OK) {
        sbj_vocabulary_free(vocabulary);
        return status == SBERTJA_E_MEMORY ? status : sbj_in(error, status, "%s", path);
    }
    return SBERTJA_OK;
}

void sbj_vocabulary_free(sbj_vocabulary *vocabulary)
{
    if (vocabulary->alloc == NULL)
        return;
    sbj_free(vocabulary->alloc, vocabulary->texts);
    sbj_free(vocabulary->alloc, vocabulary->entries);
    sbj_free(vocabulary->alloc, vocabulary->slots);
    memset(vocabulary, 0, sizeof *vocabulary);
}
