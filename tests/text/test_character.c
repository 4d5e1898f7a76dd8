/* One token a character. */
#include <check.h>
#include <stdlib.h>

#include "support/tokens.h"
#include "text/character.h"

enum { UNKNOWN = 1 };

static const struct {
    const char *name, *word, *tokens;
} cases[] = {
    {"empty", "", ""},
    {"known ones", "東京", "東 京"},
    {"an unknown one between", "東x京", "東 [UNK] 京"},
    {"four bytes", "𠮷東", "𠮷 東"},
    {"a blank", "東 京", "東 [UNK] 京"},
    {"no continuation tokens", "#京", "[UNK] 京"},
};
enum { CASES = sizeof cases / sizeof *cases };

START_TEST(characters)
{
    sbj_vocabulary vocabulary;
    sbj_ids ids = {&sbj_malloc, NULL, 0, 0, false};
    tokens_vocabulary("[PAD]\n[UNK]\n東\n京\n東京\n##京\n𠮷\n", &vocabulary);
    sbj_characters(&vocabulary, UNKNOWN, (sbj_span){cases[_i].word, strlen(cases[_i].word)}, &ids);
    char *joined = tokens_join(&vocabulary, &ids);
    ck_assert_msg(strcmp(joined, cases[_i].tokens) == 0, "%s: %s", cases[_i].name, joined);
    free(joined);
    sbj_free(&sbj_malloc, ids.items);
    sbj_vocabulary_free(&vocabulary);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("text/character");
    TCase *tcase = tcase_create("character");
    tcase_add_loop_test(tcase, characters, 0, CASES);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
