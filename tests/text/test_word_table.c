/* Texts get numbers in the order of their coming, and keep them while the table grows. */
#include <stdio.h>

#include "support/failing_alloc.h"
#include "support/suite.h"
#include "text/word_table.h"

static sbj_span numbered(size_t i, char text[32])
{
    snprintf(text, 32, "語%zu", i * 7919 % 100003);
    return (sbj_span){text, strlen(text)};
}

START_TEST(numbers_and_counts)
{
    enum { TEXTS = 5000 };
    sbj_word_table table = SBJ_WORD_TABLE(&sbj_malloc);
    char text[32];
    ck_assert_uint_eq(sbj_word_table_find(&table, numbered(0, text)), SBJ_NO_WORD);
    for (size_t round = 0; round < 3; round++)
        for (size_t i = 0; i < TEXTS; i++)
            ck_assert_uint_eq(sbj_word_table_add(&table, numbered(i, text), i), i);
    ck_assert_uint_eq(table.count, TEXTS);
    for (size_t i = 0; i < TEXTS; i++) {
        ck_assert_uint_eq(sbj_word_table_find(&table, numbered(i, text)), i);
        ck_assert(sbj_span_equal(sbj_word_table_text(&table, i), numbered(i, text)));
        ck_assert_uint_eq(table.words[i].count, 3 * i);
    }
    ck_assert_uint_eq(sbj_word_table_find(&table, numbered(TEXTS, text)), SBJ_NO_WORD);
    ck_assert_uint_eq(sbj_word_table_add(&table, (sbj_span){NULL, 0}, 1), TEXTS);
    ck_assert_uint_eq(sbj_word_table_find(&table, (sbj_span){"", 0}), TEXTS);
    sbj_word_table_free(&table);
    ck_assert_uint_eq(table.count, 0);
}
END_TEST

static const struct {
    const char *a, *b;
    int order;
} orders[] = {{"", "", 0}, {"", "a", -1}, {"a", "ab", -1}, {"b", "ab", 1}, {"\xFF", "a", 1}, {"ab", "ab", 0}};
enum { ORDERS = sizeof orders / sizeof *orders };

START_TEST(order_by_bytes)
{
    sbj_span a = {orders[_i].a, strlen(orders[_i].a)}, b = {orders[_i].b, strlen(orders[_i].b)};
    int order = sbj_span_compare(a, b), back = sbj_span_compare(b, a);
    ck_assert_int_eq((order > 0) - (order < 0), orders[_i].order);
    ck_assert_int_eq((back > 0) - (back < 0), -orders[_i].order);
}
END_TEST

START_TEST(no_memory)
{
    failing_alloc heap;
    size_t n = 0;
    char text[32];
    do {
        failing_alloc_init(&heap, ++n);
        sbj_word_table table = SBJ_WORD_TABLE(&heap.alloc);
        for (size_t i = 0; i < 200 && !table.failed; i++)
            sbj_word_table_add(&table, numbered(i, text), 1);
        ck_assert_int_eq(table.failed, failing_alloc_failed(&heap));
        for (size_t i = 0; i < table.count; i++)
            ck_assert_uint_eq(sbj_word_table_find(&table, numbered(i, text)), i);
        sbj_word_table_free(&table);
        ck_assert_uint_eq(failing_alloc_live(&heap), 0);
    } while (failing_alloc_failed(&heap));
    ck_assert_uint_gt(n, 10);
}
END_TEST

SUITE_MAIN("text/word_table", 20, {numbers_and_counts, 0}, {order_by_bytes, ORDERS}, {no_memory, 0})
