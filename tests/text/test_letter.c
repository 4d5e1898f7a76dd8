/* Kinds of characters and lower case, as Python has them. */
#include <check.h>
#include <stdlib.h>

#include "support/words.h"
#include "text/letter.h"
#include "text/utf8.h"

/* Results of Python's str.lower. */
static const struct {
    const char *name, *text, *lower;
} lower_cases[] = {
    {"empty", "", ""},
    {"nothing to do", "abc あア漢字 123", "abc あア漢字 123"},
    {"ASCII", "SBERTja", "sbertja"},
    {"after kana", "あA", "あa"},
    {"full-width", "ＡＢＣ", "ａｂｃ"},
    {"Latin with marks", "ÀÉÜŒ", "àéüœ"},
    {"Cyrillic", "ДАЯ", "дая"},
    {"capital sharp s", "ẞ", "ß"},
    {"dotted I becomes two characters", "İ", "i\xCC\x87"},
    {"dotted I in a word", "İSTANBUL", "i\xCC\x87stanbul"},
    {"Kelvin sign", "K", "k"},
    {"titlecase digraph", "ǅ", "ǆ"},
    {"outside the basic plane", "𐐀", "𐐨"},
    {"Roman numerals and circled letters", "Ⅷ Ⓐ", "ⅷ ⓐ"},
    {"sigma at a word's end", "ΟΔΟΣ", "οδος"},
    {"sigma inside a word", "ΣΟΦΟΣ", "σοφος"},
    {"sigma alone", "Σ", "σ"},
    {"sigma before a full stop", "ΑΣ.", "ας."},
    {"sigma between stops and letters", "ΑΣ.Β", "ασ.β"},
    {"sigma after a digit", "1Σ", "1σ"},
    {"sigma after a letter and a mark", "Α\xCC\x81Σ", "α\xCC\x81ς"},
    {"sigma after a modifier letter", "ʰΣ", "ʰσ"},
    {"sigma after a Roman numeral", "ⅧΣ", "ⅷς"},
    {"sigma after kana", "あΣ", "あσ"},
    {"sigma between apostrophes", "Α'Σ'", "α'ς'"},
};
enum { LOWER_CASES = sizeof lower_cases / sizeof *lower_cases };

START_TEST(lower)
{
    sbj_strbuf out = SBJ_STRBUF(&sbj_malloc);
    sbj_span text = {lower_cases[_i].text, strlen(lower_cases[_i].text)}, result;
    sbj_span expected = {lower_cases[_i].lower, strlen(lower_cases[_i].lower)};
    ck_assert(sbj_lower(text, &out, &result));
    ck_assert_msg(sbj_span_equal(result, expected), "%s: %.*s", lower_cases[_i].name, (int)result.length, result.text);
    sbj_strbuf_free(&out);
}
END_TEST

static bool is_python_blank(uint32_t c)
{
    return (c >= 0x09 && c <= 0x0D) || (c >= 0x1C && c <= 0x20) || c == 0x85 || c == 0xA0 || c == 0x1680 ||
           (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

START_TEST(blanks)
{
    for (uint32_t c = 0; c < 0x110000; c++) {
        char text[4];
        size_t bytes = sbj_utf8_put(c, text);
        size_t expected = is_python_blank(c) ? bytes : 0;
        if ((c < 0xD800 || c >= 0xE000) && sbj_blank_length((sbj_span){text, bytes}) != expected)
            ck_abort_msg("U+%04X", c);
    }
}
END_TEST

static const struct {
    const char *name, *text, *words;
} word_cases[] = {
    {"empty", "", ""},
    {"blanks only", " \t　\n", ""},
    {"one", "word", "word"},
    {"several", "a b　c", "a|b|c"},
    {"blanks around", "\xC2\xA0 a  b\xE2\x80\xA8", "a|b"},
};
enum { WORD_CASES = sizeof word_cases / sizeof *word_cases };

START_TEST(words_between_blanks)
{
    sbj_span text = {word_cases[_i].text, strlen(word_cases[_i].text)}, word;
    size_t at = 0;
    words found;
    words_init(&found);
    while (sbj_next_word(text, &at, &word))
        words_take(&found, word);
    ck_assert_str_eq(words_text(&found), word_cases[_i].words);
    words_free(&found);
}
END_TEST

/* One of each, and the exceptions. */
static const struct {
    uint32_t character;
    bool separator, control, punctuation, mark;
} kinds[] = {
    {' ', true, false, false, false},     {'\t', true, false, false, false},    {'\n', true, false, false, false},
    {'\r', true, false, false, false},    {0x3000, true, false, false, false},  {0xA0, true, false, false, false},
    {0x0B, false, true, false, false},    {0, false, true, false, false},       {0x85, false, true, false, false},
    {0x200B, false, true, false, false},  {0xE000, false, true, false, false},  {0x378, false, true, false, false},
    {0x2028, false, false, false, false}, {'$', false, false, true, false},     {'^', false, false, true, false},
    {'~', false, false, true, false},     {'_', false, false, true, false},     {0x3001, false, false, true, false},
    {0x30FB, false, false, true, false},  {0xFF04, false, false, false, false}, {0x2212, false, false, false, false},
    {0x301, false, false, false, true},   {0x3099, false, false, false, true},  {0x903, false, false, false, false},
    {'a', false, false, false, false},    {0x3042, false, false, false, false},
};
enum { KINDS = sizeof kinds / sizeof *kinds };

START_TEST(kinds_of_characters)
{
    uint32_t c = kinds[_i].character;
    ck_assert_msg(sbj_is_separator(c) == kinds[_i].separator, "U+%04X", c);
    ck_assert_msg(sbj_is_control(c) == kinds[_i].control, "U+%04X", c);
    ck_assert_msg(sbj_is_punctuation(c) == kinds[_i].punctuation, "U+%04X", c);
    ck_assert_msg(sbj_is_mark(c) == kinds[_i].mark, "U+%04X", c);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("text/letter");
    TCase *tcase = tcase_create("letter");
    tcase_add_loop_test(tcase, lower, 0, LOWER_CASES);
    tcase_add_test(tcase, blanks);
    tcase_add_loop_test(tcase, words_between_blanks, 0, WORD_CASES);
    tcase_add_loop_test(tcase, kinds_of_characters, 0, KINDS);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
