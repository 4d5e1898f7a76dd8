/* The one rule that turns Philox words into decisions. */
#include <check.h>

#include "backend/dropout.h"

static const sbj_run run = {NULL, NULL, NULL, 0x0123456789abcdefu, 17};

static const struct {
    double rate;
    uint32_t threshold;
    double scale;
} rates[] = {
    {0, 0, 1},
    {0.5, 0x80000000u, 2},
    {0.75, 0xC0000000u, 4},
    {0.1, 429496730u, 1 / (1 - 0.1)}, /* 429496729.6: a word of 429496729 is below it */
    {0x1p-32, 1, 1 / (1 - 0x1p-32)},
    {0x1p-40, 1, 1 / (1 - 0x1p-40)},
    {1 - 0x1p-32, 0xFFFFFFFFu, 0x1p32},
    {1 - 0x1p-40, 0xFFFFFFFFu, 0x1p40},
};

START_TEST(the_threshold_is_the_rate_in_words)
{
    sbj_mask mask = sbj_mask_make(&run, (sbj_dropout){rates[_i].rate, 3});
    ck_assert_uint_eq(mask.threshold, rates[_i].threshold);
    ck_assert_double_eq(mask.scale, rates[_i].scale);
    ck_assert_uint_eq(mask.seed, run.seed);
    ck_assert_uint_eq(mask.step, run.step);
    ck_assert_uint_eq(mask.site, 3);
}
END_TEST

START_TEST(columns_one_by_one_are_those_of_four_at_a_time)
{
    sbj_mask mask = sbj_mask_make(&run, (sbj_dropout){0.3, 3});
    for (uint32_t row = 0; row < 10; row++)
        for (uint32_t block = 0; block < 10; block++) {
            const uint32_t counter[4] = {block, row, 3, 17};
            uint32_t words[4];
            bool kept[4];
            sbj_philox(run.seed, counter, words);
            sbj_kept4(&mask, row, block, kept);
            for (uint32_t i = 0; i < 4; i++) {
                ck_assert_int_eq(kept[i], words[i] >= 0.3 * 4294967296.0);
                ck_assert_int_eq(kept[i], sbj_kept(&mask, row, 4 * block + i));
            }
        }
}
END_TEST

/* How many of 40000 differ between two masks: about half of all where they have nothing to do with each other. */
static size_t differing(sbj_mask a, sbj_mask b, uint32_t row_shift)
{
    size_t count = 0;
    for (uint32_t row = 0; row < 200; row++)
        for (uint32_t column = 0; column < 200; column++)
            count += sbj_kept(&a, row, column) != sbj_kept(&b, row + row_shift, column);
    return count;
}

START_TEST(seed_step_site_and_row_each_give_another_mask)
{
    sbj_mask mask = sbj_mask_make(&run, (sbj_dropout){0.5, 3}), seed = mask, high = mask, step = mask, site = mask;
    seed.seed++;
    high.seed += (uint64_t)1 << 32;
    step.step++;
    site.site++;
    const size_t differences[] = {differing(mask, seed, 0), differing(mask, high, 0), differing(mask, step, 0),
                                  differing(mask, site, 0), differing(mask, mask, 1)};
    for (size_t i = 0; i < sizeof differences / sizeof *differences; i++)
        ck_assert_msg(differences[i] > 19400 && differences[i] < 20600, "%zu: %zu differ", i, differences[i]);
    ck_assert_uint_eq(differing(mask, mask, 0), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("dropout");
    TCase *tests = tcase_create("dropout");
    tcase_add_loop_test(tests, the_threshold_is_the_rate_in_words, 0, sizeof rates / sizeof *rates);
    tcase_add_test(tests, columns_one_by_one_are_those_of_four_at_a_time);
    tcase_add_test(tests, seed_step_site_and_row_each_give_another_mask);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
