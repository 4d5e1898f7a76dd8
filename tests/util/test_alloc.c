/* Allocation: sizes that do not fit, growth, alignment. */
#include "util/alloc.h"

#include <string.h>

#include "support/failing_alloc.h"
#include "support/suite.h"

static const struct {
    size_t a, b;
    bool fits;
} products[] = {
    {0, 0, true}, {0, SIZE_MAX, true}, {1, SIZE_MAX, true}, {SIZE_MAX, 1, true}, {3, SIZE_MAX / 3, true},
    {2, SIZE_MAX / 2 + 1, false}, {SIZE_MAX, SIZE_MAX, false},
};

START_TEST(checked_products)
{
    size_t product;
    bool fits = sbj_mul(products[_i].a, products[_i].b, &product);
    ck_assert_int_eq(fits, products[_i].fits);
    if (fits)
        ck_assert_uint_eq(product, products[_i].a * products[_i].b);
}
END_TEST

START_TEST(checked_sums)
{
    size_t sum;
    ck_assert(sbj_add(SIZE_MAX - 1, 1, &sum) && sum == SIZE_MAX);
    ck_assert(!sbj_add(SIZE_MAX, 1, &sum));
}
END_TEST

START_TEST(memory_that_does_not_fit_is_not_asked_for)
{
    failing_alloc heap;
    failing_alloc_init(&heap, 0);
    ck_assert_ptr_null(sbj_new(&heap.alloc, SIZE_MAX / 2, 3));
    ck_assert_ptr_null(sbj_new_raw(&heap.alloc, SIZE_MAX / 2, 3));
    ck_assert_ptr_null(sbj_new_aligned(&heap.alloc, SIZE_MAX - 8));
    ck_assert_uint_eq(failing_alloc_calls(&heap), 0);
}
END_TEST

START_TEST(nothing_is_still_memory)
{
    failing_alloc heap;
    failing_alloc_init(&heap, 0);
    void *a = sbj_new(&heap.alloc, 0, 8), *b = sbj_new_raw(&heap.alloc, 8, 0), *c = sbj_new_aligned(&heap.alloc, 0);
    ck_assert(a != NULL && b != NULL && c != NULL);
    sbj_free(&heap.alloc, a);
    sbj_free(&heap.alloc, b);
    sbj_free_aligned(&heap.alloc, c);
    sbj_free(&heap.alloc, NULL);
    sbj_free_aligned(&heap.alloc, NULL);
    ck_assert_uint_eq(failing_alloc_live(&heap), 0);
}
END_TEST

START_TEST(new_memory_is_zeroed)
{
    failing_alloc heap; /* gives memory that is not */
    failing_alloc_init(&heap, 0);
    unsigned char *memory = sbj_new(&heap.alloc, 13, 7);
    for (int i = 0; i < 13 * 7; i++)
        ck_assert_uint_eq(memory[i], 0);
    sbj_free(&heap.alloc, memory);
}
END_TEST

START_TEST(a_copied_text_ends)
{
    char *copy = sbj_copy_text(&sbj_malloc, "冷却水", 6);
    ck_assert_str_eq(copy, "冷却");
    sbj_free(&sbj_malloc, copy);
}
END_TEST

static const struct {
    size_t bytes, alignment;
} aligned[] = {
    {1, 64}, {64, 64}, {4097, 64}, {(2 << 20) - 1, 64}, {2 << 20, 2 << 20}, {(4 << 20) + 3, 2 << 20},
};

START_TEST(alignment)
{
    unsigned char *memory = sbj_new_aligned(&sbj_malloc, aligned[_i].bytes);
    ck_assert_ptr_nonnull(memory);
    ck_assert_uint_eq((uintptr_t)memory % aligned[_i].alignment, 0);
    memory[0] = memory[aligned[_i].bytes - 1] = 1;
    sbj_free_aligned(&sbj_malloc, memory);
}
END_TEST

START_TEST(growth_keeps_what_is_there)
{
    int *items = NULL;
    size_t capacity = 0, grown = 0;
    for (size_t n = 0; n < 1000; n++) {
        size_t before = capacity;
        ck_assert(sbj_grow(&sbj_malloc, (void **)&items, &capacity, n, n + 1, sizeof *items));
        grown += capacity != before;
        items[n] = (int)n;
    }
    for (size_t n = 0; n < 1000; n++)
        ck_assert_int_eq(items[n], (int)n);
    ck_assert_uint_le(grown, 8); /* doubling from 8 to 1024 */
    sbj_free(&sbj_malloc, items);
}
END_TEST

START_TEST(growth_that_fails_changes_nothing)
{
    failing_alloc heap;
    char *items = NULL;
    size_t capacity = 0;
    failing_alloc_init(&heap, 2);
    ck_assert(sbj_grow(&heap.alloc, (void **)&items, &capacity, 0, 3, 1));
    memcpy(items, "abc", 3);
    ck_assert(!sbj_grow(&heap.alloc, (void **)&items, &capacity, 3, 100, 1));
    ck_assert(!sbj_grow(&heap.alloc, (void **)&items, &capacity, 3, SIZE_MAX, 1));
    ck_assert(!sbj_grow(&heap.alloc, (void **)&items, &capacity, 3, SIZE_MAX / 2, 4));
    ck_assert_uint_eq(capacity, 8);
    ck_assert_mem_eq(items, "abc", 3);
    sbj_free(&heap.alloc, items);
    ck_assert_uint_eq(failing_alloc_live(&heap), 0);
}
END_TEST

SUITE_MAIN("util/alloc", 10, {checked_products, sizeof products / sizeof *products}, {checked_sums, 0},
           {memory_that_does_not_fit_is_not_asked_for, 0}, {nothing_is_still_memory, 0}, {new_memory_is_zeroed, 0},
           {a_copied_text_ends, 0}, {alignment, sizeof aligned / sizeof *aligned}, {growth_keeps_what_is_there, 0},
           {growth_that_fails_changes_nothing, 0})
