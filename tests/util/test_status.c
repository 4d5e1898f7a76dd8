/* Error texts: always terminated, always whole characters, prefixed where they pass a place that knows more. */
#include "util/status.h"

#include <string.h>

#include "support/suite.h"

START_TEST(fail_returns_what_it_is_given)
{
    sbertja_error error;
    ck_assert_int_eq(sbj_fail(&error, SBERTJA_E_IO, "%s: %d", "a.txt", 7), SBERTJA_E_IO);
    ck_assert_int_eq(error.status, SBERTJA_E_IO);
    ck_assert_str_eq(error.message, "a.txt: 7");
    ck_assert_int_eq(sbj_fail(NULL, SBERTJA_E_FORMAT, "nobody listens"), SBERTJA_E_FORMAT);
    ck_assert_int_eq(sbj_in(NULL, SBERTJA_E_FORMAT, "nobody listens"), SBERTJA_E_FORMAT);
    ck_assert_int_eq(sbj_no_memory(&error, 12), SBERTJA_E_MEMORY);
    ck_assert_ptr_nonnull(strstr(error.message, "12"));
}
END_TEST

START_TEST(a_place_is_put_in_front)
{
    sbertja_error error;
    sbj_fail(&error, SBERTJA_E_FORMAT, "expected 3, found %d", 4);
    ck_assert_int_eq(sbj_in(&error, SBERTJA_E_FORMAT, "line %d", 9), SBERTJA_E_FORMAT);
    sbj_in(&error, SBERTJA_E_IO, "%s", "b.tsv");
    ck_assert_str_eq(error.message, "b.tsv: line 9: expected 3, found 4");
    ck_assert_int_eq(error.status, SBERTJA_E_IO);
}
END_TEST

/* `before` ASCII characters, then as many of three bytes as there is room for and more. */
static void fill(char *text, size_t size, size_t before)
{
    memset(text, 'a', before);
    for (size_t i = before; i + 3 < size; i += 3)
        memcpy(text + i, "水", 4);
}

static void check_cut(const sbertja_error *error, size_t before)
{
    size_t length = strlen(error->message);
    ck_assert_uint_lt(length, sizeof error->message);
    ck_assert_uint_gt(length, sizeof error->message - 8);
    ck_assert_uint_eq((length - before) % 3, 0);
    ck_assert_str_eq(error->message + length - 3, "水");
}

START_TEST(a_long_text_is_cut_between_characters)
{
    char text[4000];
    sbertja_error error;
    fill(text, sizeof text, (size_t)_i);
    sbj_fail(&error, SBERTJA_E_IO, "%s", text);
    check_cut(&error, (size_t)_i);
    for (int k = 0; k < 4; k++) { /* what is put in front moves the place of the cut */
        sbj_in(&error, SBERTJA_E_IO, "%.*s", k, "xyz");
        check_cut(&error, (size_t)_i + (size_t)(k * (k + 1) / 2 + 2 * (k + 1)));
    }
    sbj_in(&error, SBERTJA_E_IO, "%s", text); /* a prefix that leaves no room */
    ck_assert_uint_lt(strlen(error.message), sizeof error.message);
    ck_assert_uint_eq((strlen(error.message) - (size_t)_i) % 3, 0);
}
END_TEST

SUITE_MAIN("util/status", 10, {fail_returns_what_it_is_given, 0}, {a_place_is_put_in_front, 0},
           {a_long_text_is_cut_between_characters, 7})
