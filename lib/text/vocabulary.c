/* Loading vocab.txt, and its hash table: open addressing with linear probing, at most half full. */
#include "text/vocabulary.h"

#include "io/input.h"
#include "io/valid_utf8.h"
#include "text/utf8.h"

/* The largest vocabularies of the field have a million tokens. */
enum { MAX_FILE = 64 << 20, MAX_LINES = 1 << 22 };

static uint64_t key_of(sbj_span text, size_t *characters)
{
    uint64_t key = 0;
    size_t bytes;
    *characters = 0;
    for (size_t at = 0; at < text.length; at += bytes)
        key = sbj_vocabulary_key(key, (*characters)++, sbj_utf8_next(text.text + at, &bytes));
    return key;
}

sbj_span sbj_vocabulary_text(const sbj_vocabulary *vocabulary, int32_t id)
{
    const sbj_vocabulary_entry *entry = &vocabulary->entries[id];
    return (sbj_span){vocabulary->texts + entry->start, entry->length};
}

/* The token has as many characters. */
static bool is_token(const sbj_vocabulary *vocabulary, int32_t id, bool is_rest, const uint32_t *characters, size_t count)
{
    const char *text = sbj_vocabulary_text(vocabulary, id).text;
    size_t bytes;
    if (is_rest && memcmp(text, "##", SBJ_REST_MARK) != 0)
        return false;
    text += is_rest ? SBJ_REST_MARK : 0;
    for (size_t i = 0; i < count; i++, text += bytes)
        if (sbj_utf8_next(text, &bytes) != characters[i])
            return false;
    return true;
}

static sbj_vocabulary_slot *next_slot(const sbj_vocabulary *vocabulary, const sbj_vocabulary_slot *slot)
{
    const size_t mask = ((size_t)1 << (64 - vocabulary->shift)) - 1;
    return vocabulary->slots + ((size_t)(slot + 1 - vocabulary->slots) & mask);
}

int32_t sbj_vocabulary_find_key(const sbj_vocabulary *vocabulary, uint64_t key, bool is_rest,
                                const uint32_t *characters, size_t count)
{
    const size_t all = (is_rest ? SBJ_REST_MARK : 0) + count;
    const sbj_vocabulary_slot *slot = sbj_vocabulary_slot_of(vocabulary, key);
    for (; slot->id >= 0; slot = next_slot(vocabulary, slot))
        if (slot->key == key && slot->characters == all &&
            (all <= SBJ_KEY_CHARACTERS || is_token(vocabulary, slot->id, is_rest, characters, count)))
            return slot->id;
    return -1;
}

/* The slot that has the token, or the free one that it would have. */
static sbj_vocabulary_slot *find_slot(const sbj_vocabulary *vocabulary, uint64_t key, sbj_span text)
{
    sbj_vocabulary_slot *slot = sbj_vocabulary_slot_of(vocabulary, key);
    while (slot->id >= 0 &&
           (slot->key != key || !sbj_span_equal(sbj_vocabulary_text(vocabulary, slot->id), text)))
        slot = next_slot(vocabulary, slot);
    return slot;
}

int32_t sbj_vocabulary_find(const sbj_vocabulary *vocabulary, sbj_span text)
{
    size_t characters;
    return find_slot(vocabulary, key_of(text, &characters), text)->id;
}

static bool ends_line(const unsigned char *text, size_t size, size_t at)
{
    /* The CR of CR LF ends no line of its own. */
    return text[at] == '\n' || (text[at] == '\r' && (at + 1 == size || text[at + 1] != '\n'));
}

/* Copies the lines, each with a NUL instead of its end. Two passes: one counts. */
static sbertja_status copy_lines(const sbj_content *file, sbj_vocabulary *vocabulary, sbertja_error *error)
{
    size_t lines = 0, start, used = 0;
    sbertja_status status = sbj_skip_byte_order_mark(file->data, file->size, &start, error);
    if (status != SBERTJA_OK)
        return status;
    for (size_t i = start; i < file->size; i++)
        lines += ends_line(file->data, file->size, i) || i + 1 == file->size;
    if (lines > MAX_LINES)
        return sbj_fail(error, SBERTJA_E_FORMAT, "%zu lines, expected at most %d", lines, (int)MAX_LINES);
    vocabulary->texts = sbj_new_raw(vocabulary->alloc, file->size + 1, 1);
    vocabulary->entries = sbj_new_raw(vocabulary->alloc, lines, sizeof *vocabulary->entries);
    if (vocabulary->texts == NULL || vocabulary->entries == NULL)
        return sbj_no_memory(error, file->size);
    for (size_t i = start; i < file->size; i++) {
        bool ends = ends_line(file->data, file->size, i);
        if (!ends && i + 1 < file->size)
            continue;
        size_t end = !ends ? i + 1 : file->data[i] == '\n' && i > start && file->data[i - 1] == '\r' ? i - 1 : i;
        sbj_vocabulary_entry *entry = &vocabulary->entries[vocabulary->count++];
        *entry = (sbj_vocabulary_entry){(uint32_t)used, (uint32_t)(end - start)};
        memcpy(vocabulary->texts + used, file->data + start, end - start);
        vocabulary->texts[used + (end - start)] = '\0';
        status = sbj_utf8_check(vocabulary->texts + used, end - start, error);
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

/* The last of equal tokens wins. */
static void insert(sbj_vocabulary *vocabulary, int32_t id)
{
    const sbj_span text = sbj_vocabulary_text(vocabulary, id);
    size_t characters;
    const uint64_t key = key_of(text, &characters);
    *find_slot(vocabulary, key, text) = (sbj_vocabulary_slot){key, id, (uint32_t)characters};
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
    sbj_content file;
    memset(vocabulary, 0, sizeof *vocabulary);
    vocabulary->alloc = alloc;
    sbertja_status status = sbj_content_read_max(alloc, path, MAX_FILE, &file, error);
    if (status != SBERTJA_OK)
        return status;
    status = copy_lines(&file, vocabulary, error);
    if (status == SBERTJA_OK)
        status = index_tokens(vocabulary, error);
    sbj_content_free(&file);
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
