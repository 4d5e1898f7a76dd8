/* WordPiece on keys of prefixes: a word is read once, and no piece is copied. */
#include "text/wordpiece.h"

#include "text/letter.h"
#include "text/utf8.h"

/* A word between blanks. */
typedef struct letters {
    uint32_t character[SBJ_LONGEST_WORD];
    uint64_t key[SBJ_LONGEST_WORD]; /* of a piece's letters from its first to this one */
    size_t count;
    bool too_long; /* the rest is not here */
} letters;

/* Reads from a letter that is no blank on, makes the keys of what may be a token, and prefetches their slots. The byte
 * behind the word. */
static size_t read_letters(const sbj_vocabulary *vocabulary, sbj_span text, size_t at, letters *l)
{
    uint64_t key = 0;
    size_t bytes;
    l->count = 0;
    l->too_long = false;
    do {
        const uint32_t character = sbj_utf8_next(text.text + at, &bytes);
        if (l->count == SBJ_LONGEST_WORD) {
            l->too_long = true;
        } else {
            key = sbj_vocabulary_key(key, l->count, character);
            __builtin_prefetch(sbj_vocabulary_slot_of(vocabulary, key));
            l->character[l->count] = character;
            l->key[l->count++] = key;
        }
        at += bytes;
    } while (at < text.length && sbj_blank_length((sbj_span){text.text + at, text.length - at}) == 0);
    return at;
}

/* The keys of a piece that begins inside the word. */
static void make_rest_keys(const sbj_vocabulary *vocabulary, letters *l, size_t first)
{
    uint64_t key = sbj_vocabulary_key(sbj_vocabulary_key(0, 0, '#'), 1, '#');
    size_t all = SBJ_REST_MARK;
    for (size_t i = first; i < l->count && all < vocabulary->longest; i++)
        l->key[i] = key = sbj_vocabulary_key(key, all++, l->character[i]);
}

/* The longest token from letter `*first` on, which it moves past it; -1: there is none. */
static int32_t longest_piece(const sbj_vocabulary *vocabulary, letters *l, size_t *first)
{
    const size_t start = *first, mark = start > 0 ? SBJ_REST_MARK : 0;
    const size_t most = vocabulary->longest > mark ? vocabulary->longest - mark : 0;
    size_t count = l->count - start < most ? l->count - start : most;
    if (start > 0)
        make_rest_keys(vocabulary, l, start);
    for (; count > 0; count--) {
        const int32_t id = sbj_vocabulary_find_key(vocabulary, l->key[start + count - 1], start > 0,
                                                   l->character + start, count);
        if (id >= 0) {
            *first = start + count;
            return id;
        }
    }
    return -1;
}

static void cut(const sbj_vocabulary *vocabulary, int32_t unknown, letters *l, sbj_ids *ids)
{
    const size_t before = ids->count;
    size_t at = 0;
    int32_t id = l->too_long ? -1 : 0;
    while (id >= 0 && at < l->count) {
        id = longest_piece(vocabulary, l, &at);
        if (id >= 0)
            sbj_ids_add(ids, id);
    }
    if (id < 0) {
        ids->count = before;
        sbj_ids_add(ids, unknown);
    }
}

void sbj_wordpiece(const sbj_vocabulary *vocabulary, int32_t unknown, sbj_span word, sbj_ids *ids)
{
    size_t at = 0;
    letters l;
    while (at < word.length) {
        const size_t blank = sbj_blank_length((sbj_span){word.text + at, word.length - at});
        if (blank > 0) {
            at += blank;
            continue;
        }
        at = read_letters(vocabulary, word, at, &l);
        cut(vocabulary, unknown, &l, ids);
    }
}
