/* The slow trainer. Everything is text: a word is a list of pieces as they stand in vocab.txt. */
#include "support/naive_vocabulary.h"

#include <check.h>
#include <iconv.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_PIECES = 100, PIECE = 408 };

typedef struct cut_word {
    char pieces[MOST_PIECES][PIECE];
    size_t length;
    uint64_t count;
} cut_word;

typedef struct letter {
    char text[5];
    uint32_t character;
    uint64_t first, rest; /* how often it begins a word, and how often it does not */
} letter;

typedef struct piece_pair {
    const char *first, *second;
    uint64_t count;
} piece_pair;

void naive_words_add(naive_words *words, const char *text, size_t length)
{
    size_t i = 0;
    ck_assert(length < sizeof words->items->text);
    while (i < words->count &&
           (strlen(words->items[i].text) != length || memcmp(words->items[i].text, text, length) != 0))
        i++;
    if (i == words->count) {
        words->items = realloc(words->items, (i + 1) * sizeof *words->items);
        memset(&words->items[i], 0, sizeof *words->items);
        memcpy(words->items[i].text, text, length);
        words->count++;
    }
    words->items[i].count++;
}

void naive_words_free(naive_words *words)
{
    free(words->items);
    memset(words, 0, sizeof *words);
}

static size_t character_length(const char *text)
{
    const unsigned char first = (unsigned char)text[0];
    return first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
}

static uint32_t decode(const char *text)
{
    const unsigned char *s = (const unsigned char *)text;
    switch (character_length(text)) {
    case 1:
        return s[0];
    case 2:
        return (s[0] & 0x1Fu) << 6 | (s[1] & 0x3Fu);
    case 3:
        return (s[0] & 0x0Fu) << 12 | (s[1] & 0x3Fu) << 6 | (s[2] & 0x3Fu);
    default:
        return (s[0] & 0x07u) << 18 | (s[1] & 0x3Fu) << 12 | (s[2] & 0x3Fu) << 6 | (s[3] & 0x3Fu);
    }
}

bool naive_has_iconv(void)
{
    iconv_t converter = iconv_open("EUC-JP", "UCS-4LE");
    if (converter == (iconv_t)-1)
        return false;
    iconv_close(converter);
    return true;
}

bool naive_is_kanji(uint32_t character)
{
    unsigned char bytes[4] = {character & 0xFF, character >> 8 & 0xFF, character >> 16 & 0xFF, 0}, out[8] = {0};
    char *from = (char *)bytes, *to = (char *)out;
    size_t left = sizeof bytes, room = sizeof out;
    iconv_t converter = iconv_open("EUC-JP", "UCS-4LE");
    ck_assert(converter != (iconv_t)-1);
    size_t result = iconv(converter, &from, &left, &to, &room);
    iconv_close(converter);
    /* Rows 16 to 84 in two bytes; 0x8E and 0x8F lead to other sets. */
    return result == 0 && room == sizeof out - 2 && out[0] >= 0xA0 + 16 && out[0] <= 0xA0 + 84;
}

static bool is_japanese(uint32_t c)
{
    return (c > ' ' && c < 0x7F) || (c >= 0x3000 && c <= 0x30FF) || (c >= 0xFF01 && c <= 0xFF9F) || naive_is_kanji(c);
}

/* ---- Alphabet ---- */

static letter *find_letter(letter *letters, size_t *count, const char *text)
{
    size_t bytes = character_length(text);
    for (size_t i = 0; i < *count; i++)
        if (letters[i].character == decode(text))
            return &letters[i];
    letter *new = &letters[(*count)++];
    memset(new, 0, sizeof *new);
    memcpy(new->text, text, bytes);
    new->character = decode(text);
    return new;
}

static void append_letter(char *vocabulary, const letter *l)
{
    if (l->first > 0)
        strcat(strcat(vocabulary, l->text), "\n");
    if (l->rest > 0)
        strcat(strcat(strcat(vocabulary, "##"), l->text), "\n");
}

/* The best letter that has not been taken: Japanese ones by code point, then others by count. */
static letter *best_letter(letter *letters, size_t count, uint64_t least, bool every_character)
{
    letter *best = NULL;
    bool best_japanese = false;
    for (size_t i = 0; i < count; i++) {
        letter *l = &letters[i];
        const uint64_t total = l->first + l->rest;
        if (total == 0)
            continue;
        const bool japanese = every_character && is_japanese(l->character);
        if (!japanese && total < least)
            continue;
        const uint64_t best_total = best != NULL ? best->first + best->rest : 0;
        bool better = best == NULL || (japanese && !best_japanese);
        if (best != NULL && japanese == best_japanese)
            better = !japanese && total != best_total ? total > best_total : l->character < best->character;
        if (better) {
            best = l;
            best_japanese = japanese;
        }
    }
    return best;
}

static void write_alphabet(const naive_words *words, uint64_t least, bool every_character, char *vocabulary)
{
    size_t count = 0, bytes = 0;
    for (size_t i = 0; i < words->count; i++)
        bytes += strlen(words->items[i].text);
    letter *letters = calloc(bytes + 1, sizeof *letters), *best;
    for (size_t i = 0; i < words->count; i++) {
        const char *text = words->items[i].text;
        for (const char *at = text; *at != '\0'; at += character_length(at)) {
            letter *l = find_letter(letters, &count, at);
            *(at == text ? &l->first : &l->rest) += words->items[i].count;
        }
    }
    while ((best = best_letter(letters, count, least, every_character)) != NULL) {
        append_letter(vocabulary, best);
        best->first = best->rest = 0;
    }
    free(letters);
}

/* ---- Merges ---- */

static bool has_line(const char *vocabulary, const char *line)
{
    const size_t length = strlen(line);
    for (const char *at = vocabulary; *at != '\0'; at = strchr(at, '\n') + 1)
        if (strncmp(at, line, length) == 0 && at[length] == '\n')
            return true;
    return false;
}

/* False: the word has a character that is not in the vocabulary. */
static bool cut(const naive_word *word, const char *vocabulary, cut_word *result)
{
    memset(result, 0, sizeof *result);
    result->count = word->count;
    for (const char *at = word->text; *at != '\0'; at += character_length(at)) {
        ck_assert(result->length < MOST_PIECES);
        char *piece = result->pieces[result->length++];
        strcpy(piece, at == word->text ? "" : "##");
        memcpy(piece + strlen(piece), at, character_length(at));
        if (!has_line(vocabulary, piece))
            return false;
    }
    return true;
}

static piece_pair best_pair(const cut_word *words, size_t count)
{
    size_t pair_count = 0, room = 1;
    for (size_t w = 0; w < count; w++)
        room += words[w].length;
    piece_pair *pairs = calloc(room, sizeof *pairs), best = {"", "", 0};
    for (size_t w = 0; w < count; w++)
        for (size_t i = 0; i + 1 < words[w].length; i++) {
            const char *first = words[w].pieces[i], *second = words[w].pieces[i + 1];
            size_t p = 0;
            while (p < pair_count && (strcmp(pairs[p].first, first) != 0 || strcmp(pairs[p].second, second) != 0))
                p++;
            if (p == pair_count)
                pairs[pair_count++] = (piece_pair){first, second, 0};
            pairs[p].count += words[w].count;
        }
    for (size_t p = 0; p < pair_count; p++) {
        int order = strcmp(pairs[p].first, best.first);
        if (order == 0)
            order = strcmp(pairs[p].second, best.second);
        if (pairs[p].count > best.count || (pairs[p].count == best.count && order < 0))
            best = pairs[p];
    }
    free(pairs);
    return best;
}

static void join(cut_word *word, const char *first, const char *second, const char *merged)
{
    for (size_t i = 0; i + 1 < word->length; i++)
        if (strcmp(word->pieces[i], first) == 0 && strcmp(word->pieces[i + 1], second) == 0) {
            strcpy(word->pieces[i], merged);
            memmove(word->pieces[i + 1], word->pieces[i + 2], (word->length - i - 2) * PIECE);
            word->length--;
        }
}

static size_t count_lines(const char *text)
{
    size_t count = 0;
    for (; *text != '\0'; text++)
        count += *text == '\n';
    return count;
}

char *naive_vocabulary(const naive_words *words, size_t entries, uint64_t least, bool every_character)
{
    size_t room = 64, count = 0;
    for (size_t i = 0; i < words->count; i++)
        room += 16 * strlen(words->items[i].text);
    char *vocabulary = calloc(room + entries * PIECE, 1);
    cut_word *cuts = calloc(words->count + 1, sizeof *cuts);
    strcpy(vocabulary, "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n");
    write_alphabet(words, least, every_character, vocabulary);
    for (size_t i = 0; i < words->count; i++)
        count += cut(&words->items[i], vocabulary, &cuts[count]);
    while (count_lines(vocabulary) < entries) {
        char first[PIECE], second[PIECE], merged[2 * PIECE];
        piece_pair best = best_pair(cuts, count);
        if (best.count < least)
            break;
        strcpy(first, best.first);
        strcpy(second, best.second);
        strcat(strcpy(merged, first), second + 2);
        if (!has_line(vocabulary, merged))
            strcat(strcat(vocabulary, merged), "\n");
        for (size_t i = 0; i < count; i++)
            join(&cuts[i], first, second, merged);
    }
    free(cuts);
    return vocabulary;
}
