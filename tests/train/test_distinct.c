/* Equal sentences of a batch: found, and their rows spread and summed. */
#include <string.h>

#include "support/suite.h"
#include "train/distinct.h"

static const int32_t water[] = {2, 7, 3}, rain[] = {2, 8, 3}, long_rain[] = {2, 8, 8, 3};

/* From a copy: equal ids elsewhere are equal. */
static void add(sbj_distinct *d, const int32_t *ids, size_t length)
{
    static int32_t copies[16][4];
    ck_assert(d->sentences < 16 && length <= 4);
    memcpy(copies[d->sentences], ids, length * sizeof *ids);
    sbj_distinct_add(d, copies[d->sentences], length, true);
}

/* water rain water long_rain rain water */
static void fill(sbj_distinct *d)
{
    ck_assert(sbj_distinct_begin(d, &sbj_malloc, 6, NULL) == SBERTJA_OK);
    add(d, water, 3);
    add(d, rain, 3);
    add(d, water, 3);
    add(d, long_rain, 4);
    add(d, rain, 3);
    add(d, water, 3);
}

START_TEST(equal_sentences_are_found)
{
    static const size_t which[] = {0, 1, 0, 2, 1, 0};
    sbj_distinct d = {0};
    for (int round = 0; round < 2; round++) { /* the second time over what the first left */
        fill(&d);
        ck_assert(d.sentences == 6 && d.count == 3);
        ck_assert_mem_eq(d.which, which, sizeof which);
        ck_assert(d.lengths[0] == 3 && d.lengths[1] == 3 && d.lengths[2] == 4);
        ck_assert_mem_eq(d.ids[1], rain, sizeof rain);
        ck_assert_mem_eq(d.ids[2], long_rain, sizeof long_rain);
    }
    sbj_distinct_free(&d, &sbj_malloc);
}
END_TEST

START_TEST(one_by_one_where_masks_differ)
{
    sbj_distinct d = {0};
    ck_assert(sbj_distinct_begin(&d, &sbj_malloc, 2, NULL) == SBERTJA_OK);
    sbj_distinct_add(&d, water, 3, false);
    sbj_distinct_add(&d, water, 3, false);
    ck_assert(d.sentences == 2 && d.count == 2 && d.which[0] == 0 && d.which[1] == 1);
    sbj_distinct_free(&d, &sbj_malloc);
}
END_TEST

START_TEST(rows_are_spread_and_summed)
{
    double rows[12] = {1, 10, 2, 20, 3, 30};
    const double spread[12] = {1, 10, 2, 20, 1, 10, 3, 30, 2, 20, 1, 10};
    double gradients[12] = {1, 100, 2, 200, 4, 400, 8, 800, 16, 1600, 32, 3200};
    const double sums[6] = {37, 3700, 18, 1800, 8, 800};
    sbj_distinct d = {0};
    fill(&d);
    sbj_distinct_spread(&d, rows, 2);
    ck_assert_mem_eq(rows, spread, sizeof spread);
    sbj_distinct_sum(&d, gradients, 2);
    ck_assert_mem_eq(gradients, sums, sizeof sums);
    sbj_distinct_spread(&d, NULL, 0); /* no head, no columns */
    sbj_distinct_sum(&d, NULL, 0);
    sbj_distinct_free(&d, &sbj_malloc);
}
END_TEST

SUITE_MAIN("train/distinct", 20, {equal_sentences_are_found, 0}, {one_by_one_where_masks_differ, 0},
           {rows_are_spread_and_summed, 0})
