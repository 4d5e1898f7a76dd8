/* Random numbers: the published vectors of Philox4x32-10, and that the streams are even. */
#include "util/rng.h"

#include <math.h>
#include <string.h>

#include "support/suite.h"

/* From kat_vectors of Random123, by the authors of the paper. */
static const struct {
    uint32_t counter[4], key[2], words[4];
} known[] = {
    {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
    {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
     {0xffffffff, 0xffffffff},
     {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
    {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
     {0xa4093822, 0x299f31d0},
     {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
};

START_TEST(known_answers)
{
    uint32_t words[4];
    sbj_philox((uint64_t)known[_i].key[1] << 32 | known[_i].key[0], known[_i].counter, words);
    for (int i = 0; i < 4; i++)
        ck_assert_uint_eq(words[i], known[_i].words[i]);
}
END_TEST

START_TEST(the_same_seed_gives_the_same_words)
{
    sbj_rng a = sbj_rng_make(42, 3), b = sbj_rng_make(42, 3), seed = sbj_rng_make(43, 3), stream = sbj_rng_make(42, 4);
    int as_seed = 0, as_stream = 0;
    for (int i = 0; i < 1000; i++) {
        uint32_t word = sbj_rng_word(&a);
        ck_assert_uint_eq(word, sbj_rng_word(&b));
        as_seed += word == sbj_rng_word(&seed);
        as_stream += word == sbj_rng_word(&stream);
    }
    ck_assert_int_le(as_seed, 1);
    ck_assert_int_le(as_stream, 1);
}
END_TEST

START_TEST(blocks_are_philox_by_number)
{
    sbj_rng rng = sbj_rng_make(7, 5);
    uint32_t expected[4];
    for (uint32_t block = 0; block < 3; block++) {
        sbj_philox(7, (const uint32_t[4]){block, 0, 0xFFFFFFFF, 5}, expected);
        for (int i = 0; i < 4; i++)
            ck_assert_uint_eq(sbj_rng_word(&rng), expected[i]);
    }
}
END_TEST

static const uint64_t bounds[] = {1, 2, 3, 7, 10};

/* Within five standard deviations of the binomial distribution; the seed is fixed, so this never fails by chance. */
START_TEST(below_is_even)
{
    enum { DRAWS = 20000 };
    uint64_t bound = bounds[_i];
    int counts[10] = {0};
    sbj_rng rng = sbj_rng_make(1, 0);
    for (int i = 0; i < DRAWS; i++) {
        uint64_t number = sbj_rng_below(&rng, bound);
        ck_assert(number < bound);
        counts[number]++;
    }
    double mean = (double)DRAWS / (double)bound, deviation = sqrt(mean * (1 - 1 / (double)bound));
    for (uint64_t k = 0; k < bound; k++)
        ck_assert_msg(fabs(counts[k] - mean) <= 5 * deviation, "%d of bound %d: %d", (int)k, (int)bound, counts[k]);
}
END_TEST

START_TEST(below_of_huge_bounds)
{
    sbj_rng rng = sbj_rng_make(1, 0);
    for (int i = 0; i < 1000; i++) {
        ck_assert(sbj_rng_below(&rng, UINT64_MAX) < UINT64_MAX);
        ck_assert(sbj_rng_below(&rng, (UINT64_C(1) << 63) + 1) <= UINT64_C(1) << 63);
    }
}
END_TEST

START_TEST(moments)
{
    enum { DRAWS = 50000 };
    sbj_rng rng = sbj_rng_make(9, 0);
    double uniform = 0, normal = 0, square = 0, fourth = 0;
    for (int i = 0; i < DRAWS; i++) {
        double u = sbj_rng_uniform(&rng), x = sbj_rng_normal(&rng);
        ck_assert(u >= 0 && u < 1 && isfinite(x));
        uniform += u / DRAWS;
        normal += x / DRAWS;
        square += x * x / DRAWS;
        fourth += x * x * x * x / DRAWS;
    }
    ck_assert_double_lt(fabs(uniform - 0.5), 5 * sqrt(1.0 / 12 / DRAWS));
    ck_assert_double_lt(fabs(normal), 5 * sqrt(1.0 / DRAWS));
    ck_assert_double_lt(fabs(square - 1), 5 * sqrt(2.0 / DRAWS));
    ck_assert_double_lt(fabs(fourth - 3), 5 * sqrt(96.0 / DRAWS));
}
END_TEST

SUITE_MAIN("util/rng", 10, {known_answers, sizeof known / sizeof *known}, {the_same_seed_gives_the_same_words, 0},
           {blocks_are_philox_by_number, 0}, {below_is_even, sizeof bounds / sizeof *bounds},
           {below_of_huge_bounds, 0}, {moments, 0})
