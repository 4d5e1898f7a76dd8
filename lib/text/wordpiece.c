/* WordPiece on hashes of prefixes: the word is decoded once, and no piece is copied. */
#include "text/wordpiece.h"

#include "text/letter.h"
#include "text/utf8.h"

typedef struct word_letters {
    uint32_t character[SBJ_LONGEST_WORD];
    size_t start[SBJ_LONGEST_WORD + 1]; /* in bytes; one more for the end */
    size_t count;
} word_letters;

static bool decode(sbj_span word, word_letters *letters)
{
    size_t at = 0, bytes;
    letters->count = 0;
    while (at < word.length) {
        if (letters->count == SBJ_LONGEST_WORD)
            return false;
        letters->start[letters->count] = at;
        letters->character[letters->count++] = sbj_utf8_next(word.text + at, &bytes);
        at += bytes;
    }
    letters->start[letters->count] = at;
    return true;
}

/* The longest token from letter `*first` on, which it moves past it; -1: there is none. */
static int32_t longest_piece(const sbj_vocabulary *vocabulary, sbj_span word, const word_letters *letters,
                             size_t *first)
{
    uint64_t hash[SBJ_LONGEST_WORD];
    bool is_rest = *first > 0;
    size_t start = *first, end = start;
    uint64_t state = is_rest ? vocabulary->rest_hash : vocabulary->word_hash;
    for (; end < letters->count && end - start < vocabulary->longest; end++)
        hash[end] = state = sbj_vocabulary_hash(state, letters->character[end]);
    for (; end > start; end--) {
        sbj_span piece = {word.text + letters->start[start], letters->start[end] - letters->start[start]};
        int32_t id = sbj_vocabulary_find_hashed(vocabulary, hash[end - 1], is_rest, piece);
        if (id >= 0) {
            *first = end;
            return id;
        }
    }
    return -1;
}

static void cut(const sbj_vocabulary *vocabulary, int32_t unknown, sbj_span word, sbj_ids *ids)
{
    word_letters letters;
    size_t before = ids->count, at = 0;
    int32_t id = decode(word, &letters) ? 0 : -1;
    while (id >= 0 && at < letters.count) {
        id = longest_piece(vocabulary, word, &letters, &at);
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
    sbj_span part;
    while (sbj_next_word(word, &at, &part))
        cut(vocabulary, unknown, part, ids);
}
