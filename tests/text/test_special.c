/* Special tokens as they stand in a text. */
#include <check.h>
#include <stdlib.h>

#include "support/words.h"
#include "text/special.h"

/* The text cut at its special tokens, which stand in <>. */
static const struct {
    const char *name, *text, *parts;
} cases[] = {
    {"none", "plain", "plain"},
    {"one", "a[MASK]b", "a|<[MASK]>|b"},
    {"at both ends", "[CLS]a[SEP]", "<[CLS]>|a|<[SEP]>"},
    {"side by side", "[MASK][MASK]", "<[MASK]>|<[MASK]>"},
    {"blanks around stay", "a [MASK] b", "a |<[MASK]>| b"},
    {"other case", "a[mask]b", "a[mask]b"},
    {"unfinished", "a[MASK", "a[MASK"},
    {"unfinished before a whole one", "[MA[MASK]", "[MA|<[MASK]>"},
    {"the longest of those at one place", "<x>>", "<<x>>>"},
    {"the shorter where the longer fails", "<x>!", "<<x>>|!"},
    {"between bytes of characters", "あ[SEP]い", "あ|<[SEP]>|い"},
};
enum { CASES = sizeof cases / sizeof *cases };

static void add(sbj_specials *specials, const char *text, int32_t id)
{
    sbj_specials_add(specials, (sbj_span){text, strlen(text)}, id);
}

static void take(sbj_strbuf *parts, const char *before, sbj_span part, const char *after)
{
    if (part.length == 0)
        return;
    sbj_strbuf_text(parts, parts->length > 0 ? "|" : "");
    sbj_strbuf_text(parts, before);
    sbj_strbuf_bytes(parts, part.text, part.length);
    sbj_strbuf_text(parts, after);
}

START_TEST(cut)
{
    sbj_specials specials = {.count = 0};
    sbj_strbuf parts = SBJ_STRBUF(&sbj_malloc);
    sbj_span text = {cases[_i].text, strlen(cases[_i].text)};
    add(&specials, "[CLS]", 2);
    add(&specials, "[SEP]", 3);
    add(&specials, "[MASK]", 4);
    add(&specials, "<x>", 5);
    add(&specials, "<x>>", 6);
    for (size_t at = 0; at < text.length;) {
        size_t found;
        int special = sbj_specials_find(&specials, text, at, &found);
        take(&parts, "", (sbj_span){text.text + at, found - at}, "");
        at = found;
        if (special >= 0) {
            take(&parts, "<", specials.text[special], ">");
            at += specials.text[special].length;
        }
    }
    ck_assert_msg(strcmp(parts.text, cases[_i].parts) == 0, "%s: %s", cases[_i].name, parts.text);
    sbj_strbuf_free(&parts);
}
END_TEST

START_TEST(the_same_twice_is_one)
{
    sbj_specials specials = {.count = 0};
    add(&specials, "[UNK]", 1);
    add(&specials, "[UNK]", 1);
    ck_assert_uint_eq(specials.count, 1);
    ck_assert(sbj_specials_has(&specials, (sbj_span){"[UNK]", 5}));
    ck_assert(!sbj_specials_has(&specials, (sbj_span){"[UNK", 4}));
    ck_assert(!sbj_specials_has(&specials, (sbj_span){"", 0}));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("text/special");
    TCase *tcase = tcase_create("special");
    tcase_add_loop_test(tcase, cut, 0, CASES);
    tcase_add_test(tcase, the_same_twice_is_one);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
