/* Tables from TSV and CSV files: cells, places of faults, numbers. */
#include <check.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/number.h"
#include "io/table.h"
#include "support/failing_alloc.h"
#include "support/scratch.h"

/* The cells as one text: tabs between cells, '|' between rows; a tab, '|' or '\' in a cell gets a '\' before it. */
static const char *flat(const sbj_table *table)
{
    static char text[4096];
    size_t used = 0;
    for (size_t row = 0; row <= sbj_table_rows(table); row++)
        for (size_t column = 0; column < sbj_table_columns(table); column++) {
            size_t length = 0;
            const char *cell =
                row == 0 ? sbj_table_name(table, column) : sbj_table_cell(table, row - 1, column, &length);
            length = row == 0 ? strlen(cell) : length;
            ck_assert_uint_eq(length, strlen(cell));
            if (row > 0 || column > 0)
                text[used++] = column == 0 ? '|' : '\t';
            for (const char *c = cell; *c != '\0'; c++) {
                if (strchr("\t|\\", *c) != NULL)
                    text[used++] = '\\';
                text[used++] = *c;
            }
        }
    text[used] = '\0';
    return text;
}

typedef struct text_case {
    const char *what, *name, *content;
    size_t size;          /* 0: up to NUL */
    const char *expected; /* the cells, or, after '!', what the message says behind the path */
} text_case;

static const text_case cases[] = {
    {"plain", "a.tsv", "x\ty\n1\t2\n", 0, "x\ty|1\t2"},
    {"ending in capitals", "a.TSV", "x\ty\n1\t2\n", 0, "x\ty|1\t2"},
    {"no last line end", "a.tsv", "x\ty\n1\t2", 0, "x\ty|1\t2"},
    {"CR LF", "a.tsv", "x\ty\r\n1\t2\r\n", 0, "x\ty|1\t2"},
    {"CR at the end", "a.tsv", "x\ty\r\n1\t2\r", 0, "x\ty|1\t2"},
    {"byte order mark", "a.tsv", "\xEF\xBB\xBFx\ty\n1\t2\n", 0, "x\ty|1\t2"},
    {"quotes are ordinary", "a.tsv", "x\ty\n\"a\t\"\"b\"\n", 0, "x\ty|\"a\t\"\"b\""},
    {"empty cells", "a.tsv", "x\ty\n\t\n", 0, "x\ty|\t"},
    {"empty last line", "a.tsv", "x\ty\n1\t2\n\n", 0, "x\ty|1\t2"},
    {"one column, an empty row", "a.tsv", "x\n\n1\n", 0, "x||1"},
    {"Japanese", "a.tsv", "文\tラベル\n冷却水が漏れた。\t1\n", 0, "文\tラベル|冷却水が漏れた。\t1"},
    {"blanks belong to the text", "a.tsv", "x\n  a \n", 0, "x|  a "},
    {"too few", "a.tsv", "x\ty\tz\n1\t2\t3\n1\t2\n", 0, "!: line 3: 2 columns, expected 3"},
    {"too many", "a.tsv", "x\ty\n1\t2\t3\n", 0, "!: line 2: 3 columns, expected 2"},
    {"empty line between", "a.tsv", "x\ty\n\n1\t2\n", 0, "!: line 2: 1 columns, expected 2"},
    {"empty file", "a.tsv", "", 0, "!: line 1: no text, expected a header"},
    {"only a line end", "a.tsv", "\n", 0, "!: line 1: no text, expected a header"},
    {"only a header", "a.tsv", "x\ty\n", 0, "!: line 1: only a header, expected rows after it"},
    {"not UTF-8", "a.tsv", "x\ty\n1\tab\x8E\n", 0, "!: line 2: column 2: invalid UTF-8 at byte "},
    {"not UTF-8 in the header", "a.tsv", "x\t\xFF\n1\t2\n", 0, "!: line 1: column 2: invalid UTF-8 at byte "},
    {"a NUL byte", "a.tsv", "x\ty\n1\t\0\n", 8, "!: line 2: column 2: a NUL byte, expected text"},

    {"plain", "a.csv", "x,y\n1,2\n", 0, "x\ty|1\t2"},
    {"CR LF, no last one", "a.csv", "x,y\r\n1,2", 0, "x\ty|1\t2"},
    {"byte order mark and quotes", "a.csv", "\xEF\xBB\xBF\"x\",y\n1,2\n", 0, "x\ty|1\t2"},
    {"quoted comma, quote, line ends", "a.csv", "x,y\n\"a,b\",\"c\"\"d\r\ne\nf\"\n", 0, "x\ty|a,b\tc\"d\r\ne\nf"},
    {"a tab is ordinary", "a.csv", "x,y\n\t,|\n", 0, "x\ty|\\\t\t\\|"},
    {"quotes inside a cell", "a.csv", "x,y\n5\"管,a\"\"b\n", 0, "x\ty|5\"管\ta\"\"b"},
    {"quoted nothing as the last line", "a.csv", "x\na\n\"\"\n", 0, "x|a|"},
    {"a last comma", "a.csv", "x,y\n1,", 0, "x\ty|1\t"},
    {"a CR inside", "a.csv", "x\na\rb\n", 0, "x|a\rb"},
    {"empty last line", "a.csv", "x,y\r\n1,2\r\n\r\n", 0, "x\ty|1\t2"},
    {"lines counted within quotes", "a.csv", "x,y\n\"a\n\nb\",2\n1\n", 0, "!: line 5: 1 columns, expected 2"},
    {"a row that begins above", "a.csv", "x,y\n\"a\n\nb\"\n1,2\n", 0, "!: line 2: 1 columns, expected 2"},
    {"unclosed", "a.csv", "x,y\n1,2\n1,\"ab\n3,4\n", 0, "!: line 3: column 2: the quote is never closed"},
    {"text after a quote", "a.csv", "x,y\n\"1\n\"z,2\n", 0,
     "!: line 3: column 1: text after the closing quote, expected a comma"},
    {"not UTF-8", "a.csv", "x,y\n1,\"\xE3\x81\"\n", 0, "!: line 2: column 2: invalid UTF-8 at byte "},
    {"empty file", "a.csv", "", 0, "!: line 1: no text, expected a header"},
    {"only a header", "a.csv", "x,y", 0, "!: line 1: only a header, expected rows after it"},

    {"UTF-16", "a.tsv", "\xFF\xFEx\0\n\0", 6,
     "!: begins with the byte order mark of UTF-16 or UTF-32, expected UTF-8: save it as UTF-8"},
    {"UTF-16, the other way round", "a.csv", "\xFE\xFF\0x\0\n", 6, "!: begins with the byte order mark of UTF-16"},
    {"half a quoted line end", "a.csv", "x,y\n\"a\"\"\r\nb\",\"\"\"c\"\"\"\r\n\"\",\"d\"", 0, "x\ty|a\"\r\nb\t\"c\"|\td"},
    {"a quote that ends the file", "a.csv", "x,y\n1,\"2\"", 0, "x\ty|1\t2"},
    {"a CR at the end", "a.csv", "x,y\n1,2\r", 0, "x\ty|1\t2"},

    {"another ending", "a.txt", "x\n1\n", 0, "!: expected a name that ends in .tsv, .csv or .xlsx"},
    {"no ending", "tsv", "x\n1\n", 0, "!: expected a name that ends in .tsv, .csv or .xlsx"},
};

static void check_case(const text_case *c)
{
    const char *path = scratch_file(c->name, c->content, c->size > 0 ? c->size : strlen(c->content));
    sbj_table *table;
    sbertja_error error;
    sbertja_status status = sbj_table_read(&sbj_malloc, path, &table, &error);
    if (c->expected[0] != '!') {
        ck_assert_msg(status == SBERTJA_OK, "%s: %s: %s", c->name, c->what, error.message);
        ck_assert_msg(strcmp(flat(table), c->expected) == 0, "%s: %s: %s", c->name, c->what, flat(table));
    } else {
        ck_assert_ptr_null(table);
        ck_assert_msg(status == error.status && strncmp(error.message, path, strlen(path)) == 0 &&
                          strncmp(error.message + strlen(path), c->expected + 1, strlen(c->expected + 1)) == 0,
                      "%s: %s: status %d: %s", c->name, c->what, status, error.message);
    }
    sbj_table_free(table);
}

START_TEST(reads_or_says_where)
{
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        check_case(&cases[i]);
}
END_TEST

static sbj_table *open_table(const char *name, const char *content)
{
    sbj_table *table;
    sbertja_error error;
    const char *path = scratch_file(name, content, strlen(content));
    ck_assert_msg(sbj_table_read(&sbj_malloc, path, &table, &error) == SBERTJA_OK, "%s", error.message);
    return table;
}

START_TEST(finds_columns)
{
    sbj_table *table = open_table("a.tsv", "text\tlabel\tlabel\nx\t1\t2\n");
    sbertja_error error;
    size_t column = 7;
    ck_assert_int_eq(sbj_table_find(table, "text", &column, &error), SBERTJA_OK);
    ck_assert_uint_eq(column, 0);
    ck_assert_int_eq(sbj_table_find(table, "Text", &column, &error), SBERTJA_E_ARGUMENT);
    ck_assert_ptr_nonnull(strstr(error.message, "a.tsv: no column \"Text\", there are \"text\", \"label\", \"label\""));
    ck_assert_int_eq(sbj_table_find(table, "label", &column, &error), SBERTJA_E_ARGUMENT);
    ck_assert_ptr_nonnull(strstr(error.message, "a.tsv: there are two columns \"label\", 2 and 3"));
    ck_assert_ptr_null(sbj_table_name(table, 3));
    ck_assert_ptr_null(sbj_table_cell(table, 1, 0, NULL));
    ck_assert_ptr_null(sbj_table_cell(table, 0, 3, NULL));
    sbj_table_free(table);
}
END_TEST

START_TEST(missing_files_and_directories)
{
    sbj_table *table;
    sbertja_error error;
    ck_assert_int_eq(sbj_table_read(&sbj_malloc, scratch_path("none.tsv"), &table, &error), SBERTJA_E_IO);
    ck_assert_ptr_null(table);
    ck_assert_ptr_nonnull(strstr(error.message, "none.tsv: "));
}
END_TEST

/* A file that is cut anywhere is read or refused; a whole row in front of the cut keeps its text. */
START_TEST(cut_at_every_byte)
{
    const struct {
        const char *name, *content;
    } files[] = {{"a.tsv", "\xEF\xBB\xBF文\ty\r\n冷却水\t2\r\n\"\t\n"},
                 {"a.csv", "\xEF\xBB\xBF文,y\r\n\"冷\"\"却\n,水\",2\r\n\"\",\r\n"}};
    for (size_t f = 0; f < 2; f++)
        for (size_t size = 0; size <= strlen(files[f].content); size++) {
            sbj_table *table;
            sbertja_error error;
            const char *path = scratch_file(files[f].name, files[f].content, size);
            if (sbj_table_read(&sbj_malloc, path, &table, &error) == SBERTJA_OK)
                ck_assert_uint_ge(sbj_table_rows(table), 1);
            else
                ck_assert_ptr_null(table);
            sbj_table_free(table);
        }
}
END_TEST

START_TEST(every_allocation_fails_once)
{
    const char *names[2] = {"a.tsv", "a.csv"},
               *contents[2] = {"x\ty\n1\t2\n3\t4\n5\t6\n7\t8\n9\t0\n", "x,y\n1,\"2\"\n3,4\n5,6\n7,8\n9,0\n"};
    for (size_t f = 0; f < 2; f++) {
        failing_alloc heap;
        size_t n = 0;
        scratch_file(names[f], contents[f], strlen(contents[f]));
        do {
            sbj_table *table;
            sbertja_error error;
            failing_alloc_init(&heap, ++n);
            sbertja_status status = sbj_table_read(&heap.alloc, scratch_path(names[f]), &table, &error);
            ck_assert_int_eq(status, failing_alloc_failed(&heap) ? SBERTJA_E_MEMORY : SBERTJA_OK);
            ck_assert_int_eq(table == NULL, status != SBERTJA_OK);
            sbj_table_free(table);
            ck_assert_uint_eq(failing_alloc_live(&heap), 0);
        } while (failing_alloc_failed(&heap));
        ck_assert_uint_ge(n, 6);
    }
}
END_TEST

/* ---- Numbers ---------------------------------------------------------------------------------------------------- */

static const struct {
    const char *text;
    bool good;
    double value;
} numbers[] = {
    {"0", true, 0},     {"12", true, 12},    {"-0.5", true, -0.5}, {"+2.5e-3", true, 0.0025}, {".5", true, 0.5},
    {"5.", true, 5},    {" 1\t", true, 1},   {"1E2", true, 100},   {"0.1", true, 0.1},        {"1e400", false, 0},
    {"", false, 0},     {" ", false, 0},     {".", false, 0},      {"-", false, 0},           {"1,5", false, 0},
    {"0x10", false, 0}, {"nan", false, 0},   {"inf", false, 0},    {"1e", false, 0},          {"1 2", false, 0},
    {"１", false, 0},   {"1e-400", true, 0}, {"1a", false, 0},     {"--1", false, 0},
};

static void check_numbers(void)
{
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        double value = -7;
        ck_assert_msg(sbj_number_parse(numbers[i].text, &value) == numbers[i].good, "\"%s\"", numbers[i].text);
        if (numbers[i].good)
            ck_assert_msg(value == numbers[i].value, "\"%s\": %g", numbers[i].text, value);
    }
    const struct {
        double value;
        const char *text;
    } printed[] = {{0, "0"},
                   {-0.0, "0"},
                   {1, "1"},
                   {-120, "-120"},
                   {0.1, "0.1"},
                   {0.1 + 0.2, "0.30000000000000004"},
                   {2.5, "2.5"},
                   {45678.25, "45678.25"},
                   {1e15, "1000000000000000"},
                   {12345678901234567e3, "1.2345678901234567e+19"},
                   {1e-5, "0.00001"},
                   {-1.5e-7, "-1.5e-07"},
                   {1.7976931348623157e308, "1.7976931348623157e+308"}};
    for (size_t i = 0; i < sizeof printed / sizeof printed[0]; i++) {
        char text[SBJ_NUMBER_ROOM];
        sbj_number_print(printed[i].value, text);
        ck_assert_str_eq(text, printed[i].text);
    }
}

START_TEST(numbers_in_any_locale)
{
    static const char *const locales[] = {"C", "de_DE.UTF-8", "fr_FR.UTF-8", "ru_RU.UTF-8"};
    size_t comma = 0;
    for (size_t i = 0; i < sizeof locales / sizeof locales[0]; i++) {
        if (setlocale(LC_ALL, locales[i]) == NULL)
            continue;
        comma += strcmp(localeconv()->decimal_point, ".") != 0;
        check_numbers();
        ck_assert_str_eq(setlocale(LC_ALL, NULL), locales[i]);
    }
    setlocale(LC_ALL, "C");
    if (comma == 0)
        printf("SKIP: numbers where the point is a comma: no such locale is installed\n");
}
END_TEST

START_TEST(numbers_from_cells)
{
    sbj_table *table = open_table("a.tsv", "score\n0.25\nx\n");
    sbertja_error error;
    double value;
    ck_assert_int_eq(sbj_table_number(table, 0, 0, &value, &error), SBERTJA_OK);
    ck_assert(value == 0.25);
    ck_assert_int_eq(sbj_table_number(table, 1, 0, &value, &error), SBERTJA_E_FORMAT);
    ck_assert_ptr_nonnull(strstr(error.message, "a.tsv: line 3: score: \"x\" is no number"));
    sbj_table_free(table);
}
END_TEST

START_TEST(public_functions_check_their_arguments)
{
    sbertja_table *table;
    sbertja_error error;
    size_t column;
    double value;
    int label;
    scratch_file("a.tsv", "score\n0.25\n", 11);
    ck_assert_int_eq(sbertja_table_read(NULL, &table, NULL), SBERTJA_E_ARGUMENT);
    ck_assert_ptr_null(table);
    ck_assert_int_eq(sbertja_table_read(scratch_path("a.tsv"), NULL, &error), SBERTJA_E_ARGUMENT);
    ck_assert_int_eq(sbertja_table_read(scratch_path("a.tsv"), &table, NULL), SBERTJA_OK);
    ck_assert_int_eq(sbertja_table_find(table, NULL, &column, &error), SBERTJA_E_ARGUMENT);
    ck_assert_int_eq(sbertja_table_number(table, 1, 0, &value, &error), SBERTJA_E_ARGUMENT);
    ck_assert_int_eq(sbertja_table_number(table, 0, 1, &value, &error), SBERTJA_E_ARGUMENT);
    ck_assert_int_eq(sbertja_table_labels(table, NULL, &label, &error), SBERTJA_E_ARGUMENT);
    ck_assert_uint_eq(sbertja_table_rows(table), 1);
    ck_assert_uint_eq(sbertja_table_columns(table), 1);
    ck_assert_str_eq(sbertja_table_name(table, 0), "score");
    ck_assert_str_eq(sbertja_table_cell(table, 0, 0, NULL), "0.25");
    sbertja_table_free(table);
    sbertja_table_free(NULL);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("table");
    TCase *tests = tcase_create("table");
    tcase_add_checked_fixture(tests, NULL, scratch_clear);
    tcase_add_test(tests, reads_or_says_where);
    tcase_add_test(tests, finds_columns);
    tcase_add_test(tests, missing_files_and_directories);
    tcase_add_test(tests, cut_at_every_byte);
    tcase_add_test(tests, every_allocation_fails_once);
    tcase_add_test(tests, numbers_in_any_locale);
    tcase_add_test(tests, numbers_from_cells);
    tcase_add_test(tests, public_functions_check_their_arguments);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
