/* UTF-8: what is valid, and where it is not. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "text/span.h"
#include "text/utf8.h"

static const struct {
    const char *name, *text;
    int place; /* of the first wrong byte; -1: valid */
} cases[] = {
    {"empty", "", -1},
    {"ASCII", "plain text, longer than eight bytes", -1},
    {"first of two bytes", "\xC2\x80", -1},
    {"last of two bytes", "\xDF\xBF", -1},
    {"first of three bytes", "\xE0\xA0\x80", -1},
    {"before the surrogates", "\xED\x9F\xBF", -1},
    {"after the surrogates", "\xEE\x80\x80", -1},
    {"last of three bytes, a noncharacter", "\xEF\xBF\xBF", -1},
    {"first of four bytes", "\xF0\x90\x80\x80", -1},
    {"last character", "\xF4\x8F\xBF\xBF", -1},
    {"continuation alone", "ab\x80", 2},
    {"overlong slash, two bytes", "a\xC0\xAF", 1},
    {"overlong, three bytes", "\xE0\x9F\xBF", 0},
    {"overlong, four bytes", "\xF0\x8F\xBF\xBF", 0},
    {"first surrogate", "\xED\xA0\x80", 0},
    {"last surrogate", "\xED\xBF\xBF", 0},
    {"past the last character", "あ\xF4\x90\x80\x80", 3},
    {"lead byte F5", "\xF5\x80\x80\x80", 0},
    {"byte FF", "123456789\xFF", 9},
    {"cut after one of two", "\xC3", 0},
    {"cut after two of three", "ああ\xE3\x81", 6},
    {"cut after three of four", "\xF0\x9F\x98", 0},
    {"lead byte instead of a continuation", "\xE3\x81\xE3\x81\x82", 0},
    {"ASCII instead of a continuation",
     "\xE3\x81"
     "a",
     0},
};
enum { CASES = sizeof cases / sizeof *cases };

START_TEST(validity)
{
    sbertja_error error = {SBERTJA_OK, ""};
    sbertja_status status = sbj_utf8_check(cases[_i].text, strlen(cases[_i].text), &error);
    char message[64];
    if (cases[_i].place < 0) {
        ck_assert_msg(status == SBERTJA_OK, "%s: %s", cases[_i].name, error.message);
        return;
    }
    snprintf(message, sizeof message, "invalid UTF-8 at byte %d", cases[_i].place);
    ck_assert_msg(status == SBERTJA_E_FORMAT, "%s", cases[_i].name);
    ck_assert_str_eq(error.message, message);
}
END_TEST

START_TEST(every_character_comes_back)
{
    for (uint32_t c = 0; c < 0x110000; c++) {
        char text[4];
        size_t bytes, put = sbj_utf8_put(c, text);
        sbertja_status expected = c >= 0xD800 && c < 0xE000 ? SBERTJA_E_FORMAT : SBERTJA_OK;
        bool valid = sbj_utf8_check(text, put, NULL) == expected, same = sbj_utf8_next(text, &bytes) == c;
        if (!valid || !same || bytes != put) /* an assertion for each of a million takes its time */
            ck_abort_msg("U+%04X", c);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("text/utf8");
    TCase *tcase = tcase_create("utf8");
    tcase_add_loop_test(tcase, validity, 0, CASES);
    tcase_add_test(tcase, every_character_comes_back);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
