/* The word tokenizer "basic". */
#include <check.h>
#include <stdlib.h>

#include "support/failing_alloc.h"
#include "support/words.h"
#include "text/basic.h"

static sbj_normalizer normalizer;
static sbj_specials specials;

/* Words of transformers' BasicTokenizer(tokenize_chinese_chars=False), with [MASK] never split. */
static const struct {
    const char *name;
    bool lower;
    const char *text;
    size_t length; /* 0: up to the NUL */
    const char *words;
} cases[] = {
    {"empty", false, "", 0, ""},
    {"blanks only", false, " \t\n　 ", 0, ""},
    {"blanks cut", false, "ab c　d\te", 0, "ab|c|d|e"},
    {"kanji are not cut", false, "東京都の人", 0, "東京都の人"},
    {"punctuation is cut off", false, "「東京」、です。", 0, "「|東京|」|、|です|。"},
    {"ASCII symbols are punctuation", false, "a+b=$5^~", 0, "a|+|b|=|$|5|^|~"},
    {"other symbols are not", false, "a±b＋c￥5", 0, "a±b＋c￥5"},
    {"control characters vanish", false,
     "a\x01"
     "b\xE2\x80\x8B"
     "c\x7F",
     0, "abc"},
    {"so does NUL", false, "a\0b", 3, "ab"},
    {"and the replacement character", false,
     "a\xEF\xBF\xBD"
     "b",
     0, "ab"},
    {"and unassigned ones", false,
     "a\xCD\xB8"
     "b",
     0, "ab"},
    {"vertical tab is a control character", false,
     "a\x0B"
     "b",
     0, "ab"},
    {"line separators cut", false,
     "a\xE2\x80\xA8"
     "b\xE2\x80\xA9"
     "c",
     0, "a|b|c"},
    {"NFC only", false, "か\xE3\x82\x99ｶﾞＡ", 0, "がｶﾞＡ"},
    {"case stays", false, "AbC", 0, "AbC"},
    {"lower case", true, "AbC ＡＢ", 0, "abc|ａｂ"},
    {"accents go with lower case", true, "Café ÀÉ", 0, "cafe|ae"},
    {"so do the marks of kana", true, "ガギパが", 0, "カキハか"},
    {"syllables stay apart", true, "한", 0, "\xE1\x84\x92\xE1\x85\xA1\xE1\x86\xAB"},
    {"a word of marks only is none", true, "a \xCC\x81 b", 0, "a|b"},
    {"marks stay without lower case", false, "a \xCC\x81 b", 0, "a|\xCC\x81|b"},
    {"a special token is kept", true, "A [MASK] B", 0, "a|[MASK]|b"},
    {"if it stands alone", true, "x[MASK]", 0, "x|[|mask|]"},
    {"also one that control characters hid", true, "[MA\0SK]", 7, "[MASK]"},
    {"another case is no special token", true, "[Mask]", 0, "[|mask|]"},
};
enum { CASES = sizeof cases / sizeof *cases };

static sbj_span text_of(int i)
{
    return (sbj_span){cases[i].text, cases[i].length > 0 ? cases[i].length : strlen(cases[i].text)};
}

START_TEST(words_of_texts)
{
    sbj_basic basic = {&normalizer, &specials, cases[_i].lower};
    sbj_basic_scratch scratch;
    words found;
    sbertja_error error = {SBERTJA_OK, ""};
    words_init(&found);
    sbj_basic_scratch_init(&scratch, &sbj_malloc);
    ck_assert_int_eq(sbj_basic_words(&basic, &scratch, text_of(_i), words_take, &found, &error), SBERTJA_OK);
    ck_assert_msg(strcmp(words_text(&found), cases[_i].words) == 0, "%s: %s", cases[_i].name, words_text(&found));
    sbj_basic_scratch_free(&scratch);
    words_free(&found);
}
END_TEST

START_TEST(the_sink_stops)
{
    for (size_t most = 1; most <= 5; most++) {
        sbj_basic basic = {&normalizer, &specials, true};
        sbj_basic_scratch scratch;
        words found;
        words_init(&found);
        found.most = most;
        sbj_basic_scratch_init(&scratch, &sbj_malloc);
        sbj_span text = {"a,b c, d", 8};
        ck_assert_int_eq(sbj_basic_words(&basic, &scratch, text, words_take, &found, NULL), SBERTJA_OK);
        ck_assert_uint_eq(found.count, most);
        sbj_basic_scratch_free(&scratch);
        words_free(&found);
    }
}
END_TEST

START_TEST(allocations_fail)
{
    failing_alloc heap;
    size_t n = 0;
    do {
        sbj_basic basic = {&normalizer, &specials, true};
        sbj_basic_scratch scratch;
        words found;
        words_init(&found);
        failing_alloc_init(&heap, ++n);
        sbj_basic_scratch_init(&scratch, &heap.alloc);
        const char *text = "か\xE3\x82\x99ギギギギギギギギギギギギギギギギ ÀÉÀÉÀÉÀÉÀÉÀÉÀÉÀÉÀÉÀÉ";
        sbertja_status status =
            sbj_basic_words(&basic, &scratch, (sbj_span){text, strlen(text)}, words_take, &found, NULL);
        ck_assert_int_eq(status, failing_alloc_failed(&heap) ? SBERTJA_E_MEMORY : SBERTJA_OK);
        sbj_basic_scratch_free(&scratch);
        words_free(&found);
        ck_assert_uint_eq(failing_alloc_live(&heap), 0);
    } while (failing_alloc_failed(&heap));
    ck_assert_uint_gt(n, 5);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("text/basic");
    TCase *tcase = tcase_create("basic");
    sbj_normalizer_init(&normalizer);
    sbj_specials_add(&specials, (sbj_span){"[MASK]", 6}, 4);
    tcase_add_loop_test(tcase, words_of_texts, 0, CASES);
    tcase_add_test(tcase, the_sink_stops);
    tcase_add_test(tcase, allocations_fail);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
