/* WordPiece and characters. The hash of a token is carried on byte by byte, so all beginnings of what is left of a word
 * are hashed in one pass, and looked up from the longest down. */
#include "text/subword.h"

#include "text/utf8.h"

enum { MOST_CHARACTERS = 100 };

void sbj_id_list_add(sbj_id_list *list, int32_t id)
{
    if (list->failed || !sbj_grow(list->alloc, (void **)&list->ids, &list->capacity, list->count, list->count + 1,
                                  sizeof *list->ids)) {
        list->failed = true;
        return;
    }
    list->ids[list->count++] = id;
}

/* A word's characters: where the k-th ends. */
typedef struct word_map {
    size_t count;
    size_t end[MOST_CHARACTERS];
} word_map;

static bool map_word(const char *word, size_t length, word_map *map)
{
    size_t bytes;
    map->count = 0;
    for (size_t at = 0; at < length; at += bytes) {
        sbj_utf8_next(word + at, &bytes);
        if (map->count == MOST_CHARACTERS)
            return false;
        map->end[map->count++] = at + bytes;
    }
    return true;
}

/* The longest token at character `first`; returns the character after it, or `first` when there is none. */
static size_t longest_token(const sbj_vocabulary *v, const char *word, const word_map *map, size_t first, int32_t *id)
{
    const bool inside = first > 0;
    const size_t begin = inside ? map->end[first - 1] : 0, prefix = inside ? 2 : 0;
    uint32_t hashes[MOST_CHARACTERS];
    uint32_t hash = sbj_hash((uint32_t)SBJ_HASH_START, "##", prefix);
    size_t last = first;
    for (size_t at = begin; last < map->count && map->end[last] - begin + prefix <= v->longest; last++) {
        for (; at < map->end[last]; at++)
            hash = sbj_hash_byte(hash, (unsigned char)word[at]);
        hashes[last] = hash;
    }
    while (last > first) {
        last--;
        *id = sbj_vocabulary_find(v, hashes[last], "##", prefix, word + begin, map->end[last] - begin);
        if (*id >= 0)
            return last + 1;
    }
    return first;
}

static void one_word(const sbj_vocabulary *v, int32_t unknown, const char *word, size_t length, sbj_id_list *list)
{
    const size_t before = list->count;
    word_map map;
    if (!map_word(word, length, &map)) {
        sbj_id_list_add(list, unknown);
        return;
    }
    for (size_t first = 0, next; first < map.count; first = next) {
        int32_t id;
        next = longest_token(v, word, &map, first, &id);
        if (next == first) {
            list->count = before;
            sbj_id_list_add(list, unknown);
            return;
        }
        sbj_id_list_add(list, id);
    }
}

void sbj_wordpiece(const sbj_vocabulary *v, int32_t unknown, const char *word, size_t length, sbj_id_list *list)
{
    const char *at = word, *end = word + length;
    while (at < end) {
        const char *begin = at;
        size_t bytes;
        while (at < end && !sbj_is_space(sbj_utf8_next(at, &bytes)))
            at += bytes;
        if (at > begin)
            one_word(v, unknown, begin, (size_t)(at - begin), list);
        if (at < end) {
            sbj_utf8_next(at, &bytes);
            at += bytes;
        }
    }
}

sbertja_status sbj_characters(const sbj_vocabulary *v, int32_t unknown, const char *word, size_t length,
                              sbj_strbuf *scratch, sbj_id_list *list, sbertja_error *error)
{
    sbertja_status status = sbj_normalize(SBJ_NFKC, word, length, scratch, error);
    size_t bytes;
    if (status != SBERTJA_OK || scratch->length == 0)
        return status;
    for (const char *at = scratch->text, *end = at + scratch->length; at < end; at += bytes) {
        sbj_utf8_next(at, &bytes);
        const int32_t id =
            sbj_vocabulary_find(v, sbj_hash((uint32_t)SBJ_HASH_START, at, bytes), "", 0, at, bytes);
        sbj_id_list_add(list, id >= 0 ? id : unknown);
    }
    return SBERTJA_OK;
}
