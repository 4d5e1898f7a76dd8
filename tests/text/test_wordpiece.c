/* WordPiece: the longest token from each place, or [UNK] for the whole word. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "support/tokens.h"
#include "text/wordpiece.h"

enum { UNKNOWN = 1 };

static const char lines[] = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n東京\n東\n##京\n##都\n京\n##都庁\na\n##a\n##aa\n"
                            "un\n##aff\n##able\n##b\n##ff\n#\n##\nxyzzyxyzzy\n";

#define TEN(x) x x x x x x x x x x

static const struct {
    const char *name, *word, *tokens;
} cases[] = {
    {"empty", "", ""},
    {"a whole token", "東京", "東京"},
    {"the longest first", "東京都", "東京 ##都"},
    {"the longest rest", "東京都庁", "東京 ##都庁"},
    {"greedy, not best", "unaffable", "un ##aff ##able"},
    {"a rest that no token fits", "東京府", "[UNK]"},
    {"a rest is not a start", "都", "[UNK]"},
    {"a start is not a rest", "a東", "[UNK]"},
    {"the first part fits nothing", "府東京", "[UNK]"},
    {"the rest's own greed", "aaaa", "a ##aa ##a"},
    {"written like a rest", "##b", "##b"},
    {"hashes only", "#", "#"},
    {"two hashes", "##", "##"},
    {"a special token's text", "[MASK]", "[MASK]"},
    {"100 characters", TEN("aaaaaaaaaa"),
     "a ##aa ##aa ##aa ##aa ##aa ##aa ##aa ##aa ##aa ##aa ##aa ##aa ##aa ##aa ##aa "
     "##aa ##aa ##aa ##aa ##aa ##aa ##aa ##aa ##aa ##aa ##aa ##aa ##aa ##aa ##aa "
     "##aa ##aa ##aa ##aa ##aa ##aa ##aa ##aa ##aa ##aa ##aa ##aa ##aa ##aa ##aa "
     "##aa ##aa ##aa ##aa ##a"},
    {"101 characters", TEN("aaaaaaaaaa") "a", "[UNK]"},
    {"100 characters that fit nothing, and another word", TEN("ab都庁府ab都庁府") "　東京", "[UNK] 東京"},
    {"101 characters of three bytes", TEN("東京東京東京東京東京") "東", "[UNK]"},
    {"blanks cut", "東京 a", "東京 a"},
    {"an ideographic blank alone", "　", ""},
    {"each part by itself", "府　東京", "[UNK] 東京"},
    {"parts are counted by themselves", TEN("aaaaaaaaaa") "a a", "[UNK] a"},
};
enum { CASES = sizeof cases / sizeof *cases };

START_TEST(pieces)
{
    sbj_vocabulary vocabulary;
    sbj_ids ids = {&sbj_malloc, NULL, 0, 0, false};
    tokens_vocabulary(lines, &vocabulary);
    sbj_wordpiece(&vocabulary, UNKNOWN, (sbj_span){cases[_i].word, strlen(cases[_i].word)}, &ids);
    char *joined = tokens_join(&vocabulary, &ids);
    ck_assert_msg(strcmp(joined, cases[_i].tokens) == 0, "%s: %s", cases[_i].name, joined);
    free(joined);
    sbj_free(&sbj_malloc, ids.items);
    sbj_vocabulary_free(&vocabulary);
}
END_TEST

/* Against the rule itself, on every word of up to seven letters from "abc" and vocabularies of some of them; in the last
 * ones no token is longer than two characters, or one, so none is a rest. */
static const char *const vocabularies[] = {
    "[PAD]\n[UNK]\na\nb\nab\nabc\ncab\nbbbb\n##a\n##b\n##bc\n##cb\n##abc\n##caca\n##bbb\n",
    "abcd\nab\nabca\nabac\nabaca\nabcaa\n##bcab\n##bacb\n##c\n",
    "a\nab\n##\nbc\n",
    "a\nb\n",
};

static int32_t slow_longest(const sbj_vocabulary *vocabulary, const char *word, size_t start, size_t *end)
{
    char piece[16];
    for (*end = strlen(word); *end > start; (*end)--) {
        int length = snprintf(piece, sizeof piece, "%s%.*s", start > 0 ? "##" : "", (int)(*end - start), word + start);
        int32_t id = sbj_vocabulary_find(vocabulary, (sbj_span){piece, (size_t)length});
        if (id >= 0)
            return id;
    }
    return -1;
}

static void expect_slow(const sbj_vocabulary *vocabulary, const char *word, sbj_ids *ids)
{
    int32_t expected[8];
    size_t count = 0, end;
    for (size_t start = 0; start < strlen(word); start = end) {
        expected[count] = slow_longest(vocabulary, word, start, &end);
        if (expected[count++] < 0) {
            expected[0] = UNKNOWN;
            count = 1;
            break;
        }
    }
    ids->count = 0;
    sbj_wordpiece(vocabulary, UNKNOWN, (sbj_span){word, strlen(word)}, ids);
    ck_assert_msg(ids->count == count && memcmp(ids->items, expected, count * sizeof *expected) == 0, "%s", word);
}

START_TEST(every_short_word)
{
    sbj_vocabulary vocabulary;
    sbj_ids ids = {&sbj_malloc, NULL, 0, 0, false};
    tokens_vocabulary(vocabularies[_i], &vocabulary);
    for (int length = 1; length <= 7; length++) {
        int words = 1;
        for (int i = 0; i < length; i++)
            words *= 3;
        for (int n = 0; n < words; n++) {
            char word[8] = "";
            for (int i = 0, rest = n; i < length; i++, rest /= 3)
                word[i] = "abc"[rest % 3];
            expect_slow(&vocabulary, word, &ids);
        }
    }
    sbj_free(&sbj_malloc, ids.items);
    sbj_vocabulary_free(&vocabulary);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("text/wordpiece");
    TCase *tcase = tcase_create("wordpiece");
    tcase_add_loop_test(tcase, pieces, 0, CASES);
    tcase_add_loop_test(tcase, every_short_word, 0, sizeof vocabularies / sizeof *vocabularies);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
