/* Alphabet and merges against the slow trainer, on words made for the hard cases: overlaps, ties, one text from several
 * pairs, pieces that look like others. */
#include <stdio.h>
#include <stdlib.h>

#include "support/failing_alloc.h"
#include "support/naive_vocabulary.h"
#include "support/suite.h"
#include "text/alphabet.h"
#include "text/merge.h"
#include "util/rng.h"

typedef struct trained {
    char *lines; /* to be freed */
    size_t alphabet;
    uint64_t known;
} trained;

static sbertja_status train(const sbj_alloc *alloc, const naive_words *words, size_t entries, uint64_t least,
                            bool every_character, trained *result, sbertja_error *error)
{
    static const char *const specials[] = {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"};
    sbj_word_table table = SBJ_WORD_TABLE(alloc), pieces = SBJ_WORD_TABLE(alloc);
    size_t room = 1;
    memset(result, 0, sizeof *result);
    for (size_t i = 0; i < 5; i++)
        sbj_word_table_add(&pieces, (sbj_span){specials[i], strlen(specials[i])}, 0);
    for (size_t i = 0; i < words->count; i++)
        sbj_word_table_add(&table, (sbj_span){words->items[i].text, strlen(words->items[i].text)},
                           words->items[i].count);
    sbertja_status status = table.failed || pieces.failed ? sbj_no_memory(error, 1) : SBERTJA_OK;
    if (status == SBERTJA_OK)
        status = sbj_alphabet_find(&table, every_character, least, &pieces, error);
    result->alphabet = pieces.count;
    if (status == SBERTJA_OK)
        status = sbj_merge_pieces(&table, entries, least, &pieces, &result->known, error);
    for (size_t i = 0; i < pieces.count; i++)
        room += pieces.words[i].length + 1;
    result->lines = calloc(room, 1);
    for (size_t i = 0; i < pieces.count; i++) {
        sbj_span text = sbj_word_table_text(&pieces, i);
        strcat(strncat(result->lines, text.text, text.length), "\n");
    }
    sbj_word_table_free(&table);
    sbj_word_table_free(&pieces);
    return status;
}

static void check_same(const naive_words *words, size_t entries, uint64_t least, bool every_character, const char *name)
{
    trained ours;
    sbertja_error error;
    char *expected = naive_vocabulary(words, entries, least, every_character);
    ck_assert_int_eq(train(&sbj_malloc, words, entries, least, every_character, &ours, &error), SBERTJA_OK);
    ck_assert_msg(strcmp(ours.lines, expected) == 0, "%s: found\n%s\nexpected\n%s", name, ours.lines, expected);
    free(ours.lines);
    free(expected);
}

static void add_all(naive_words *words, const char *text)
{
    for (const char *at = text; *at != '\0'; at += strspn(at, " ")) {
        size_t length = strcspn(at, " ");
        naive_words_add(words, at, length);
        at += length;
    }
}

static const struct {
    const char *name, *words;
    uint64_t least;
    const char *last; /* the vocabulary's end */
} cases[] = {
    {"one word once", "ab", 1, "a\n##b\nab\n"},
    {"too rare", "ab", 2, "a\n##b\n"},
    {"single characters only", "a b c a", 1, "a\nb\nc\n"},
    {"a run of one character", "aaaaa aaaa", 1, "a\n##a\n##aa\naaa\naaaa\naaaaa\n"},
    {"repeated pairs", "abababab abab", 1, NULL},
    {"ties by the first piece, then the second", "ad ac bc", 1, "a\nb\n##c\n##d\nac\nad\nbc\n"},
    {"one text from two pairs", "abc abc xab xab xab bcy bcy abcz bc bc bc ab ab ab ab", 1, NULL},
    {"a word like a continuation", "a##b ##b ##b ##b ab ab xb xb ##bc #b #b", 1, NULL},
    {"only of the signs of continuation", "## ### #### ## a## a### b#", 1, NULL},
    {"a special token as a word", "[PAD] [PAD] [PAD]", 1, NULL},
    {"a rare foreign character", "aé aé añ é ab", 3, "a\n##b\né\n##é\n"},
    {"kanji, kana, Latin", "冷却水 冷却 却下 水が がが が e é é", 2, NULL},
};
enum { CASES = sizeof cases / sizeof *cases };

START_TEST(cases_as_the_slow_trainer_has_them)
{
    naive_words words = {NULL, 0};
    trained ours;
    sbertja_error error;
    if (!naive_has_iconv()) {
        printf("SKIP: text/merge: comparison: iconv does not know EUC-JP here\n");
        return;
    }
    add_all(&words, cases[_i].words);
    for (size_t entries = 5; entries < 60; entries += 3)
        check_same(&words, entries, cases[_i].least, true, cases[_i].name);
    check_same(&words, 1000, cases[_i].least, false, cases[_i].name);
    if (cases[_i].last != NULL) {
        ck_assert_int_eq(train(&sbj_malloc, &words, 1000, cases[_i].least, true, &ours, &error), SBERTJA_OK);
        ck_assert_str_eq(ours.lines + strlen("[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n"), cases[_i].last);
        free(ours.lines);
    }
    naive_words_free(&words);
}
END_TEST

static void add_random(naive_words *words, sbj_rng *rng, const char *const *letters, uint64_t kinds, uint64_t longest)
{
    char text[256] = "";
    for (uint64_t left = 1 + sbj_rng_below(rng, longest); left > 0; left--)
        strcat(text, letters[sbj_rng_below(rng, kinds)]);
    for (uint64_t times = 1 + sbj_rng_below(rng, 4); times > 0; times--)
        naive_words_add(words, text, strlen(text));
}

START_TEST(random_words)
{
    static const char *const letters[] = {"a", "b", "#", "水", "é", "😀", "が"};
    sbj_rng rng = sbj_rng_make(42, (uint32_t)_i);
    naive_words words = {NULL, 0};
    if (!naive_has_iconv())
        return; /* said above */
    for (int i = 0; i < 60; i++)
        add_random(&words, &rng, letters, 2 + (uint64_t)_i % 6, 1 + (uint64_t)_i % 9);
    check_same(&words, 400, 1 + (uint64_t)_i % 3, true, "random words");
    naive_words_free(&words);
}
END_TEST

START_TEST(known_words)
{
    naive_words words = {NULL, 0};
    trained ours;
    sbertja_error error;
    add_all(&words, "水 水 水が éé é ñ水 ñ"); /* é occurs three times, ñ twice */
    ck_assert_int_eq(train(&sbj_malloc, &words, 100, 3, true, &ours, &error), SBERTJA_OK);
    ck_assert_uint_eq(ours.known, 5);
    ck_assert_uint_eq(ours.alphabet, 10); /* 水 ##水 ##が é ##é */
    free(ours.lines);
    naive_words_free(&words);
}
END_TEST

START_TEST(no_memory)
{
    naive_words words = {NULL, 0};
    failing_alloc heap;
    sbertja_error error;
    trained ours;
    size_t n = 0;
    add_all(&words,
            "冷却水 冷却 却下 水が がが が abab abab baba é é ñ 一 二 三 四 五 六 七 八 九 十 一二三 四五六七 八九十");
    do {
        failing_alloc_init(&heap, ++n);
        sbertja_status status = train(&heap.alloc, &words, 100, 1, true, &ours, &error);
        ck_assert_int_eq(status, failing_alloc_failed(&heap) ? SBERTJA_E_MEMORY : SBERTJA_OK);
        ck_assert_uint_eq(failing_alloc_live(&heap), 0);
        free(ours.lines);
    } while (failing_alloc_failed(&heap));
    ck_assert_uint_gt(n, 40);
    naive_words_free(&words);
}
END_TEST

SUITE_MAIN("text/merge", 30, {cases_as_the_slow_trainer_has_them, CASES}, {random_words, 30}, {known_words, 0},
           {no_memory, 0})
