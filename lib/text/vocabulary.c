/* Reading a vocabulary and finding tokens in it. */
#include "text/vocabulary.h"

#include <string.h>

#include "io/file.h"
#include "text/utf8.h"

enum { MOST_TOKENS = 1 << 24 };

uint32_t sbj_hash(uint32_t hash, const char *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        hash = sbj_hash_byte(hash, (unsigned char)bytes[i]);
    return hash;
}

/* Low bits of FNV alone cluster; fold the high ones in. */
static uint32_t slot_of(const sbj_vocabulary *v, uint32_t hash)
{
    return (hash ^ hash >> 15) & v->mask;
}

int32_t sbj_vocabulary_find(const sbj_vocabulary *v, uint32_t hash, const char *prefix, size_t prefix_length,
                            const char *bytes, size_t length)
{
    for (uint32_t slot = slot_of(v, hash);; slot = (slot + 1) & v->mask) {
        const uint32_t entry = v->slots[slot];
        if (entry == 0)
            return -1;
        const char *token = v->tokens[entry - 1];
        if (v->lengths[entry - 1] == prefix_length + length && memcmp(token, prefix, prefix_length) == 0 &&
            memcmp(token + prefix_length, bytes, length) == 0)
            return (int32_t)(entry - 1);
    }
}

int32_t sbj_vocabulary_token(const sbj_vocabulary *v, const char *token)
{
    const size_t length = strlen(token);
    return sbj_vocabulary_find(v, sbj_hash((uint32_t)SBJ_HASH_START, token, length), "", 0, token, length);
}

/* As Python's dict: of equal tokens the last one has the name. */
static void insert(sbj_vocabulary *v, uint32_t number)
{
    const char *token = v->tokens[number];
    const uint32_t length = v->lengths[number];
    uint32_t slot = slot_of(v, sbj_hash((uint32_t)SBJ_HASH_START, token, length));
    while (v->slots[slot] != 0) {
        const uint32_t other = v->slots[slot] - 1;
        if (v->lengths[other] == length && memcmp(v->tokens[other], token, length) == 0)
            break;
        slot = (slot + 1) & v->mask;
    }
    v->slots[slot] = number + 1;
}

static size_t count_lines(const char *text, size_t size)
{
    size_t lines = size > 0 && text[size - 1] != '\n';
    for (size_t i = 0; i < size; i++)
        lines += text[i] == '\n';
    return lines;
}

static sbertja_status make_room(sbj_vocabulary *v, const char *path, sbertja_error *error)
{
    size_t slots = 16;
    v->count = count_lines(v->text, v->text_size);
    if (v->count == 0 || v->count > MOST_TOKENS)
        return sbj_fail(error, SBERTJA_E_FORMAT, "%s: %zu tokens, expected 1 to %d", path, v->count, MOST_TOKENS);
    while (slots < 2 * v->count)
        slots *= 2;
    v->mask = (uint32_t)(slots - 1);
    v->tokens = sbj_new(v->alloc, v->count, sizeof *v->tokens);
    v->lengths = sbj_new(v->alloc, v->count, sizeof *v->lengths);
    v->slots = sbj_new(v->alloc, slots, sizeof *v->slots);
    return v->tokens && v->lengths && v->slots ? SBERTJA_OK : sbj_no_memory(error, slots * sizeof *v->slots);
}

static sbertja_status split(sbj_vocabulary *v, const char *path, sbertja_error *error)
{
    char *at = v->text;
    for (uint32_t number = 0; number < v->count; number++) {
        const size_t left = v->text_size - (size_t)(at - v->text);
        char *end = memchr(at, '\n', left);
        size_t length = end != NULL ? (size_t)(end - at) : left;
        char *next = at + length + 1;
        if (length > 0 && at[length - 1] == '\r') /* text mode: CR LF is a line end too */
            length--;
        if (memchr(at, '\0', length) != NULL || sbj_utf8_check(at, length, NULL) != SBERTJA_OK)
            return sbj_fail(error, SBERTJA_E_FORMAT, "%s: line %u: not valid UTF-8", path, number + 1);
        at[length] = '\0';
        v->tokens[number] = at;
        v->lengths[number] = (uint32_t)length;
        v->longest = length > v->longest ? length : v->longest;
        insert(v, number);
        at = next;
    }
    return SBERTJA_OK;
}

sbertja_status sbj_vocabulary_read(const sbj_alloc *alloc, const char *path, sbj_vocabulary *v, sbertja_error *error)
{
    sbj_map map = {0};
    memset(v, 0, sizeof *v);
    v->alloc = alloc;
    sbertja_status status = sbj_map_open(path, &map, error);
    if (status != SBERTJA_OK)
        return status;
    v->text_size = map.size;
    v->text = sbj_copy_text(alloc, (const char *)map.data, map.size);
    sbj_map_close(&map);
    status = v->text == NULL ? sbj_no_memory(error, v->text_size) : make_room(v, path, error);
    if (status == SBERTJA_OK)
        status = split(v, path, error);
    if (status != SBERTJA_OK)
        sbj_vocabulary_free(v);
    return status;
}

void sbj_vocabulary_free(sbj_vocabulary *v)
{
    if (v->alloc == NULL)
        return;
    sbj_free(v->alloc, v->text);
    sbj_free(v->alloc, v->tokens);
    sbj_free(v->alloc, v->lengths);
    sbj_free(v->alloc, v->slots);
    memset(v, 0, sizeof *v);
}
