/* Label rules. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "io/table.h"
#include "support/failing_alloc.h"
#include "support/scratch.h"

static const char content[] = "text\tlabel\tcause\teffect\tfloat\tbad\ta=b\n"
                              "あ\t0\t0\t0\t1.0\t1\t5\n"
                              "い\t1\t1\t0\t-2\tx\t6\n"
                              "う\t2\t0\t1\t3e0\t2.5\t7\n"
                              "え\t1\t1.0\t1\t+4\t9999999999\t8\n";

typedef struct label_case {
    const char *what, *rule;
    int labels[4];
    const char *fault; /* how the message ends; NULL: none */
    sbertja_status status;
} label_case;

#define GOOD NULL, SBERTJA_OK
static const label_case cases[] = {
    {"a column", "label", {0, 1, 2, 1}, GOOD},
    {"floats with integer values", "float", {1, -2, 3, 4}, GOOD},
    {"a column with the sign of a condition", "a=b", {5, 6, 7, 8}, GOOD},
    {"the first that fits", "cause=1:1,effect=1:2,else:0", {0, 1, 2, 1}, GOOD},
    {"the other way round", "effect=1:2,cause=1:1,else:0", {0, 1, 2, 2}, GOOD},
    {"only else", "else:7", {7, 7, 7, 7}, GOOD},
    {"texts", "text=あ:10,text=い:-3,else:0", {10, -3, 0, 0}, GOOD},
    {"a value that is empty", "text=:1,else:0", {0, 0, 0, 0}, GOOD},
    {"no integer", "bad", {0}, "labels.tsv: line 3: bad: \"x\" is no integer", SBERTJA_E_FORMAT},
    {"no number at all", "text", {0}, "labels.tsv: line 2: text: \"あ\" is no integer", SBERTJA_E_FORMAT},
    {"no row fits",
     "effect=1:2,cause=1:1",
     {0},
     "labels.tsv: line 2: no condition of \"effect=1:2,cause=1:1\" fits, effect is \"0\"",
     SBERTJA_E_FORMAT},
    {"unknown column",
     "Label",
     {0},
     "labels.tsv: no column \"Label\", there are \"text\", \"label\", \"cause\", \"effect\", \"float\", \"bad\", "
     "\"a=b\"",
     SBERTJA_E_ARGUMENT},
    {"unknown column in a condition",
     "x=1:1,else:0",
     {0},
     "no column \"x\", there are \"text\", \"label\", \"cause\", \"effect\", \"float\", \"bad\", \"a=b\"",
     SBERTJA_E_ARGUMENT},
    {"no label",
     "cause=1",
     {0},
     "label rule \"cause=1\": \"cause=1\": expected column=value:label or a last else:label",
     SBERTJA_E_ARGUMENT},
    {"else in the middle",
     "else:0,cause=1:1",
     {0},
     "\"else:0\": expected column=value:label or a last else:label",
     SBERTJA_E_ARGUMENT},
    {"a comma too many",
     "cause=1:1,",
     {0},
     "\"\": expected column=value:label or a last else:label",
     SBERTJA_E_ARGUMENT},
    {"a label that is no integer",
     "cause=1:one,else:0",
     {0},
     "label rule \"cause=1:one,else:0\": label: \"one\" is no integer",
     SBERTJA_E_ARGUMENT},
    {"a label that is too large",
     "else:3000000000",
     {0},
     "label: \"3000000000\" is outside -2147483648 to 2147483647",
     SBERTJA_E_ARGUMENT},
    {"an empty rule",
     "",
     {0},
     "there are \"text\", \"label\", \"cause\", \"effect\", \"float\", \"bad\", \"a=b\"",
     SBERTJA_E_ARGUMENT},
};

static sbj_table *table;

static void open_table(void)
{
    sbertja_error error;
    const char *path = scratch_file("labels.tsv", content, strlen(content));
    ck_assert_msg(sbj_table_read(&sbj_malloc, path, &table, &error) == SBERTJA_OK, "%s", error.message);
}

static void close_table(void)
{
    sbj_table_free(table);
    scratch_clear();
}

static bool ends_with(const char *text, const char *end)
{
    return strlen(text) >= strlen(end) && strcmp(text + strlen(text) - strlen(end), end) == 0;
}

START_TEST(labels_or_says_why_not)
{
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const label_case *c = &cases[i];
        int labels[4];
        sbertja_error error;
        sbertja_status status = sbj_table_labels(&sbj_malloc, table, c->rule, labels, &error);
        ck_assert_msg(status == c->status, "%s: %d: %s", c->what, status, error.message);
        if (status == SBERTJA_OK)
            ck_assert_msg(memcmp(labels, c->labels, sizeof labels) == 0, "%s: %d %d %d %d", c->what, labels[0],
                          labels[1], labels[2], labels[3]);
        else
            ck_assert_msg(ends_with(error.message, c->fault), "%s: %s", c->what, error.message);
    }
}
END_TEST

START_TEST(every_allocation_fails_once)
{
    failing_alloc heap;
    size_t n = 0;
    do {
        int labels[4];
        failing_alloc_init(&heap, ++n);
        sbertja_status status = sbj_table_labels(&heap.alloc, table, "cause=1:1,else:0", labels, NULL);
        ck_assert_int_eq(status, failing_alloc_failed(&heap) ? SBERTJA_E_MEMORY : SBERTJA_OK);
        ck_assert_uint_eq(failing_alloc_live(&heap), 0);
    } while (failing_alloc_failed(&heap));
    ck_assert_uint_eq(n, 3);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("label");
    TCase *tests = tcase_create("label");
    tcase_add_unchecked_fixture(tests, open_table, close_table);
    tcase_add_test(tests, labels_or_says_why_not);
    tcase_add_test(tests, every_allocation_fails_once);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
