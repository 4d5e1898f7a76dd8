/* Which characters a vocabulary has. A character gets in or not as a whole; as "c" and as "##c" where it occurs so. */
#include "text/alphabet.h"

#include <stdlib.h>

#include "text/jis.h"
#include "text/utf8.h"

enum { REST = 2, LONGEST_PIECE = 6 }; /* bytes: of "##", and of it with a character */

/* A piece to be put into its place. */
typedef struct candidate {
    uint32_t character, number; /* its number in the table of those that occur */
    uint64_t count;             /* of the character in both forms; 0 for Japanese ones, whose order it is not */
    bool japanese, is_rest;
} candidate;

bool sbj_alphabet_pieces(sbj_span word, bool (*take)(void *context, sbj_span piece), void *context)
{
    char piece[LONGEST_PIECE] = "##";
    size_t bytes;
    for (size_t at = 0; at < word.length; at += bytes) {
        size_t skipped = at == 0 ? REST : 0;
        sbj_utf8_next(word.text + at, &bytes);
        memcpy(piece + REST, word.text + at, bytes);
        if (!take(context, (sbj_span){piece + skipped, REST - skipped + bytes}))
            return false;
    }
    return true;
}

typedef struct piece_counter {
    sbj_word_table *table;
    uint64_t times;
} piece_counter;

static bool count_piece(void *context, sbj_span piece)
{
    piece_counter *counter = context;
    return sbj_word_table_add(counter->table, piece, counter->times) != SBJ_NO_WORD;
}

static uint64_t count_of(const sbj_word_table *table, sbj_span text)
{
    uint32_t number = sbj_word_table_find(table, text);
    return number == SBJ_NO_WORD ? 0 : table->words[number].count;
}

static candidate look_at(const sbj_word_table *seen, uint32_t number, bool every_character)
{
    sbj_span text = sbj_word_table_text(seen, number), bare = text;
    char rest[LONGEST_PIECE] = "##";
    size_t bytes;
    candidate c = {.number = number};
    /* A first character is never as long as "##" with another one behind it. */
    c.is_rest = text.length > REST && memcmp(text.text, rest, REST) == 0;
    if (c.is_rest)
        bare = (sbj_span){text.text + REST, text.length - REST};
    c.character = sbj_utf8_next(bare.text, &bytes);
    c.japanese = every_character && sbj_is_japanese(c.character);
    memcpy(rest + REST, bare.text, bare.length);
    if (!c.japanese)
        c.count = count_of(seen, bare) + count_of(seen, (sbj_span){rest, REST + bare.length});
    return c;
}

static int by_place(const void *x, const void *y)
{
    const candidate *a = x, *b = y;
    if (a->japanese != b->japanese)
        return a->japanese ? -1 : 1;
    if (a->count != b->count)
        return a->count > b->count ? -1 : 1;
    if (a->character != b->character)
        return a->character < b->character ? -1 : 1;
    return (int)a->is_rest - (int)b->is_rest;
}

sbertja_status sbj_alphabet_find(const sbj_word_table *words, bool every_character, uint64_t least,
                                 sbj_word_table *pieces, sbertja_error *error)
{
    sbj_word_table seen = SBJ_WORD_TABLE(words->alloc);
    candidate *candidates = NULL;
    size_t count = 0;
    for (size_t i = 0; i < words->count && !seen.failed; i++) {
        piece_counter counter = {&seen, words->words[i].count};
        sbj_alphabet_pieces(sbj_word_table_text(words, i), count_piece, &counter);
    }
    if (!seen.failed)
        candidates = sbj_new_raw(words->alloc, seen.count, sizeof *candidates);
    for (uint32_t i = 0; candidates != NULL && i < seen.count; i++) {
        candidate c = look_at(&seen, i, every_character);
        if (c.japanese || c.count >= least)
            candidates[count++] = c;
    }
    if (count > 0)
        qsort(candidates, count, sizeof *candidates, by_place);
    for (size_t i = 0; i < count; i++)
        sbj_word_table_add(pieces, sbj_word_table_text(&seen, candidates[i].number), 0);
    const bool failed = candidates == NULL || pieces->failed;
    sbj_free(words->alloc, candidates);
    sbj_word_table_free(&seen);
    return failed ? sbj_no_memory(error, words->count) : SBERTJA_OK;
}
