/* Where a dictionary is found, and what is passed over or refused. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/failing_alloc.h"
#include "support/folders.h"
#include "text/dictionary.h"

enum { MOST_THERE = 4, IPADIC = 1316, UNIDIC_LITE = 5981 };

static const struct {
    const char *name, *kind;
    struct {
        const char *folder, *charset;
        uint32_t contexts;
    } there[MOST_THERE];
    const char *found; /* NULL: none */
} cases[] = {
    {"a place's ipadic-utf8", "ipadic", {{"a/ipadic-utf8", "UTF-8", IPADIC}}, "a/ipadic-utf8"},
    {"in UTF-8 by another name", "ipadic", {{"b/ipadic", "utf8", IPADIC}}, "b/ipadic"},
    {"the first place before the second",
     "ipadic",
     {{"b/ipadic", "UTF-8", IPADIC}, {"a/ipadic", "UTF-8", IPADIC}},
     "a/ipadic"},
    {"the caller's places before the others",
     "ipadic",
     {{"a/ipadic-utf8", "UTF-8", IPADIC}, {"first/ipadic", "UTF-8", IPADIC}},
     "first/ipadic"},
    {"a package's folder",
     "unidic_lite",
     {{"first/unidic_lite/dicdir", "utf8", UNIDIC_LITE}},
     "first/unidic_lite/dicdir"},
    {"a place that is a dictionary itself", "ipadic", {{"a", "UTF-8", IPADIC}}, NULL},
    {"EUC-JP is passed over",
     "ipadic",
     {{"a/ipadic", "EUC-JP", IPADIC}, {"b/ipadic-utf8", "UTF-8", IPADIC}},
     "b/ipadic-utf8"},
    {"only EUC-JP", "ipadic", {{"a/ipadic", "EUC-JP", IPADIC}}, NULL},
    {"other words by the same name", "ipadic", {{"a/ipadic", "UTF-8", UNIDIC_LITE}}, NULL},
    {"Debian's link", "ipadic", {{"a/debian", "UTF-8", IPADIC}}, NULL},
    {"another kind", "unidic_lite", {{"a/ipadic-utf8", "UTF-8", IPADIC}}, NULL},
    {"a folder without sys.dic", "ipadic", {{"a/ipadic/other", "UTF-8", IPADIC}}, NULL},
    {"unidic of any version", "unidic", {{"a/unidic", "UTF-8", 15388}}, "a/unidic"},
};
enum { CASES = sizeof cases / sizeof *cases };

typedef struct places {
    char *a, *b, *first;
    const char *list[3], *first_list[2];
} places;

static void open_places(places *p)
{
    *p = (places){folders_path("a"), folders_path("b"), folders_path("first"), {NULL}, {NULL}};
    p->first_list[0] = p->first;
    p->list[0] = p->a;
    p->list[1] = p->b;
}

static void close_places(places *p)
{
    free(p->a);
    free(p->b);
    free(p->first);
    folders_clear();
}

START_TEST(looked_for)
{
    places p;
    const char *kind;
    char *folder;
    sbertja_error error = {SBERTJA_OK, ""};
    open_places(&p);
    for (size_t i = 0; i < MOST_THERE && cases[_i].there[i].folder != NULL; i++)
        folders_dictionary(cases[_i].there[i].folder, cases[_i].there[i].charset, cases[_i].there[i].contexts);
    sbj_dictionary_search search = {.kind = cases[_i].kind, .first_places = p.first_list, .places = p.list};
    sbertja_status status = sbj_dictionary_find(&sbj_malloc, &search, &kind, &folder, &error);
    if (cases[_i].found == NULL) {
        ck_assert_msg(status == SBERTJA_E_MISSING && folder == NULL, "%s: %s", cases[_i].name, folder);
        ck_assert_msg(strstr(error.message, cases[_i].kind) != NULL, "%s", error.message);
    } else {
        char *expected = folders_path(cases[_i].found);
        ck_assert_msg(status == SBERTJA_OK, "%s: %s", cases[_i].name, error.message);
        ck_assert_str_eq(folder, expected);
        ck_assert_str_eq(kind, cases[_i].kind);
        free(expected);
    }
    sbj_free(&sbj_malloc, folder);
    close_places(&p);
}
END_TEST

/* What to install is in the message. */
START_TEST(missing_names_a_remedy)
{
    static const char *const remedies[][2] = {
        {"ipadic", "mecab-ipadic-utf8"}, {"unidic_lite", "unidic-lite"}, {"unidic", "unidic"}};
    for (size_t i = 0; i < sizeof remedies / sizeof *remedies; i++) {
        static const char *const nowhere[] = {"/nonexistent/place", NULL};
        sbj_dictionary_search search = {.kind = remedies[i][0], .places = nowhere};
        sbertja_error error;
        const char *kind;
        char *folder;
        ck_assert_int_eq(sbj_dictionary_find(&sbj_malloc, &search, &kind, &folder, &error), SBERTJA_E_MISSING);
        ck_assert_msg(strstr(error.message, remedies[i][1]) != NULL, "%s", error.message);
        ck_assert_msg(strstr(error.message, nowhere[0]) != NULL, "%s", error.message);
    }
}
END_TEST

static void count_warning(void *user, sbertja_log_level level, const char *message)
{
    (void)message;
    *(int *)user += level == SBERTJA_LOG_WARNING;
}

static const struct {
    const char *name, *charset;
    uint32_t contexts;
    bool guessed;
    sbertja_status status;
    int warnings;
    const char *message; /* or the kind that is found */
} options[] = {
    {"the right one", "utf8", IPADIC, false, SBERTJA_OK, 0, "ipadic"},
    {"another one, at the caller's word", "UTF-8", UNIDIC_LITE, false, SBERTJA_OK, 1, "unidic_lite"},
    {"an unknown one, at the caller's word", "UTF-8", 7, false, SBERTJA_OK, 1, "ipadic"},
    {"the right one where the model names none", "UTF-8", IPADIC, true, SBERTJA_OK, 0, "ipadic"},
    {"another one where the model names none", "UTF-8", UNIDIC_LITE, true, SBERTJA_OK, 0, "unidic_lite"},
    {"an unknown one where the model names none", "UTF-8", 7, true, SBERTJA_OK, 0, ""},
    {"EUC-JP", "EUC-JP", IPADIC, false, SBERTJA_E_UNSUPPORTED, 0, "EUC-JP"},
    {"Shift_JIS", "SHIFT-JIS", IPADIC, false, SBERTJA_E_UNSUPPORTED, 0, "SHIFT-JIS"},
    {"no such folder", NULL, 0, false, SBERTJA_E_MISSING, 0, "no sys.dic"},
};
enum { OPTIONS = sizeof options / sizeof *options };

START_TEST(given_by_option)
{
    int warnings = 0;
    const char *kind;
    char *folder, *option = folders_path("my dictionary");
    sbertja_error error = {SBERTJA_OK, ""};
    if (options[_i].charset != NULL)
        folders_dictionary("my dictionary", options[_i].charset, options[_i].contexts);
    sbj_dictionary_search search = {
        .kind = "ipadic", .guessed = options[_i].guessed, .option = option, .log = {count_warning, &warnings}};
    ck_assert_int_eq(sbj_dictionary_find(&sbj_malloc, &search, &kind, &folder, &error), options[_i].status);
    ck_assert_int_eq(warnings, options[_i].warnings);
    if (options[_i].status == SBERTJA_OK) {
        ck_assert_str_eq(folder, option);
        ck_assert_str_eq(kind, options[_i].message);
    } else {
        ck_assert_ptr_null(folder);
        ck_assert_ptr_null(kind);
        ck_assert_msg(strstr(error.message, option) != NULL && strstr(error.message, options[_i].message) != NULL,
                      "%s: %s", options[_i].name, error.message);
    }
    sbj_free(&sbj_malloc, folder);
    free(option);
    folders_clear();
}
END_TEST

/* A kind's name as the option is looked for as if the model named it; a folder of that name is not meant. */
START_TEST(kind_given_by_option)
{
    static const struct {
        const char *kind, *option;
        bool guessed;
        int warnings;
    } rows[] = {{"ipadic", "unidic_lite", false, 1},
                {"ipadic", "unidic_lite", true, 0},
                {"unidic_lite", "unidic_lite", false, 0},
                {"ipadic", "unidic", false, 1}};
    places p;
    open_places(&p);
    folders_dictionary("a/ipadic", "UTF-8", IPADIC);
    folders_dictionary("a/unidic_lite", "UTF-8", UNIDIC_LITE);
    folders_dictionary("a/unidic", "UTF-8", 15388);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int warnings = 0;
        const char *kind;
        char *folder, name[32];
        sbertja_error error = {SBERTJA_OK, ""};
        sbj_dictionary_search search = {.kind = rows[i].kind, .guessed = rows[i].guessed, .option = rows[i].option,
                                        .places = p.list, .log = {count_warning, &warnings}};
        snprintf(name, sizeof name, "a/%s", rows[i].option);
        char *expected = folders_path(name);
        ck_assert_msg(sbj_dictionary_find(&sbj_malloc, &search, &kind, &folder, &error) == SBERTJA_OK, "%s",
                      error.message);
        ck_assert_str_eq(folder, expected);
        ck_assert_str_eq(kind, rows[i].option);
        ck_assert_int_eq(warnings, rows[i].warnings);
        sbj_free(&sbj_malloc, folder);
        free(expected);
    }
    close_places(&p);
}
END_TEST

static void fingerprint_of(const char *name, char fingerprint[SBJ_FINGERPRINT_SIZE])
{
    sbertja_error error;
    char *folder = folders_path(name);
    ck_assert_msg(sbj_dictionary_fingerprint(&sbj_malloc, folder, fingerprint, &error) == SBERTJA_OK, "%s",
                  error.message);
    ck_assert_uint_eq(strlen(fingerprint), SBJ_FINGERPRINT_SIZE - 1);
    free(folder);
}

/* Every file of a dictionary counts, and the folder's name does not. */
START_TEST(fingerprints)
{
    static const char *const changed[] = {"d/sys.dic", "d/unk.dic", "d/matrix.bin", "d/char.bin", "d/dicrc", "d/mecabrc"};
    char before[SBJ_FINGERPRINT_SIZE], after[SBJ_FINGERPRINT_SIZE];
    folders_dictionary("same", "UTF-8", IPADIC);
    folders_dictionary("d", "UTF-8", IPADIC);
    fingerprint_of("same", after);
    for (size_t i = 0; i < sizeof changed / sizeof *changed; i++) {
        fingerprint_of("d", before);
        if (i == 0)
            ck_assert_str_eq(before, after);
        folders_write(changed[i], "other", 5);
        fingerprint_of("d", after);
        ck_assert_msg(strcmp(before, after) != 0, "%s", changed[i]);
    }
    char *missing = folders_path("d/unk.dic"), *folder = folders_path("d");
    sbertja_error error;
    ck_assert_int_eq(remove(missing), 0);
    ck_assert_int_eq(sbj_dictionary_fingerprint(&sbj_malloc, folder, after, &error), SBERTJA_E_IO);
    ck_assert_msg(strstr(error.message, "unk.dic") != NULL, "%s", error.message);
    ck_assert_str_eq(after, "");
    free(missing);
    free(folder);
    folders_clear();
}
END_TEST

START_TEST(broken_headers)
{
    sbj_dictionary_info info;
    sbertja_error error;
    char *folder = folders_path("d"), *whole = folders_path("d/sys.dic");
    folders_dictionary("d", "UTF-8", IPADIC);
    ck_assert_int_eq(sbj_dictionary_inspect(&sbj_malloc, folder, &info, &error), SBERTJA_OK);
    ck_assert_str_eq(info.charset, "UTF-8");
    ck_assert_uint_eq(info.left_contexts, IPADIC);
    folders_copy(whole, "copy", SIZE_MAX);
    char *copy = folders_path("copy");
    for (size_t size = 0; size < 72; size++) {
        folders_copy(copy, "d/sys.dic", size);
        ck_assert_int_eq(sbj_dictionary_inspect(&sbj_malloc, folder, &info, &error), SBERTJA_E_FORMAT);
    }
    folders_write("d/sys.dic", "0123456789012345678901234567890123456789012345678901234567890123456789012", 73);
    ck_assert_int_eq(sbj_dictionary_inspect(&sbj_malloc, folder, &info, &error), SBERTJA_E_FORMAT);
    free(copy);
    free(whole);
    free(folder);
    folders_clear();
}
END_TEST

START_TEST(allocations_fail)
{
    failing_alloc heap;
    size_t n = 0;
    places p;
    open_places(&p);
    folders_dictionary("b/ipadic", "UTF-8", IPADIC);
    do {
        const char *kind;
        char *folder;
        failing_alloc_init(&heap, ++n);
        sbj_dictionary_search search = {.kind = "ipadic", .first_places = p.first_list, .places = p.list};
        sbertja_status status = sbj_dictionary_find(&heap.alloc, &search, &kind, &folder, NULL);
        ck_assert_int_eq(status, failing_alloc_failed(&heap) ? SBERTJA_E_MEMORY : SBERTJA_OK);
        sbj_free(&heap.alloc, folder);
        ck_assert_uint_eq(failing_alloc_live(&heap), 0);
    } while (failing_alloc_failed(&heap));
    ck_assert_uint_gt(n, 10);
    close_places(&p);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("text/dictionary");
    TCase *tcase = tcase_create("dictionary");
    tcase_add_loop_test(tcase, looked_for, 0, CASES);
    tcase_add_test(tcase, missing_names_a_remedy);
    tcase_add_loop_test(tcase, given_by_option, 0, OPTIONS);
    tcase_add_test(tcase, kind_given_by_option);
    tcase_add_test(tcase, fingerprints);
    tcase_add_test(tcase, broken_headers);
    tcase_add_test(tcase, allocations_fail);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
