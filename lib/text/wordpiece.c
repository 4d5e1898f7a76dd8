/* WordPiece on hashes of prefixes: a word is read once, and no piece is copied. */
#include "text/wordpiece.h"

#include "text/letter.h"
#include "text/utf8.h"

/* A word between blanks. */
typedef struct letters {
    uint32_t character[SBJ_LONGEST_WORD];
    size_t start[SBJ_LONGEST_WORD + 1]; /* in bytes; one more for the end */
    uint64_t hash[SBJ_LONGEST_WORD];    /* of a piece's letters from its first to this one */
    size_t count;
    bool too_long; /* the rest is not here */
} letters;

/* Reads from a letter that is no blank on, and hashes what may be a token. The byte behind the word. */
static size_t read_letters(const sbj_vocabulary *vocabulary, sbj_span text, size_t at, letters *l)
{
    uint64_t state = vocabulary->word_hash;
    size_t bytes;
    l->count = 0;
    l->too_long = false;
    do {
        const uint32_t character = sbj_utf8_next(text.text + at, &bytes);
        if (l->count == SBJ_LONGEST_WORD) {
            l->too_long = true;
        } else {
            l->start[l->count] = at;
            l->character[l->count] = character;
            l->hash[l->count++] = state = sbj_vocabulary_hash(state, character);
        }
        at += bytes;
    } while (at < text.length && sbj_blank_length((sbj_span){text.text + at, text.length - at}) == 0);
    l->start[l->count] = at;
    return at;
}

/* The hashes of a piece that begins inside the word. */
static void hash_rest(const sbj_vocabulary *vocabulary, letters *l, size_t first)
{
    uint64_t state = vocabulary->rest_hash;
    for (size_t i = first; i < l->count && i - first < vocabulary->longest; i++)
        l->hash[i] = state = sbj_vocabulary_hash(state, l->character[i]);
}

/* The longest token from letter `*first` on, which it moves past it; -1: there is none. */
static int32_t longest_piece(const sbj_vocabulary *vocabulary, sbj_span text, letters *l, size_t *first)
{
    const size_t start = *first, left = l->count - start;
    if (start > 0)
        hash_rest(vocabulary, l, start);
    for (size_t end = start + (left < vocabulary->longest ? left : vocabulary->longest); end > start; end--) {
        const sbj_span piece = {text.text + l->start[start], l->start[end] - l->start[start]};
        const int32_t id = sbj_vocabulary_find_hashed(vocabulary, l->hash[end - 1], start > 0, piece);
        if (id >= 0) {
            *first = end;
            return id;
        }
    }
    return -1;
}

static void cut(const sbj_vocabulary *vocabulary, int32_t unknown, sbj_span text, letters *l, sbj_ids *ids)
{
    const size_t before = ids->count;
    size_t at = 0;
    int32_t id = l->too_long ? -1 : 0;
    while (id >= 0 && at < l->count) {
        id = longest_piece(vocabulary, text, l, &at);
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
        cut(vocabulary, unknown, word, &l, ids);
    }
}
