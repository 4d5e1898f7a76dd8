/* Streams drawn from Philox. */
#include "util/rng.h"

#include <math.h>

sbj_rng sbj_rng_make(uint64_t seed, uint32_t stream)
{
    sbj_rng rng = {seed, 0, stream, {0, 0, 0, 0}, 0};
    return rng;
}

uint32_t sbj_rng_word(sbj_rng *rng)
{
    if (rng->left == 0) {
        /* The third word sets streams apart from dropout, whose sites are small numbers. */
        const uint32_t counter[4] = {(uint32_t)rng->index, (uint32_t)(rng->index >> 32), 0xFFFFFFFFu, rng->stream};
        sbj_philox(rng->seed, counter, rng->words);
        rng->index++;
        rng->left = 4;
    }
    return rng->words[4 - rng->left--];
}

uint64_t sbj_rng_below(sbj_rng *rng, uint64_t bound)
{
    /* Words at or above the largest multiple of bound are thrown away: without that, small results come more often. */
    uint64_t limit = UINT64_MAX - UINT64_MAX % bound, word;
    do {
        uint64_t high = sbj_rng_word(rng);
        word = high << 32 | sbj_rng_word(rng);
    } while (word >= limit);
    return word % bound;
}

double sbj_rng_uniform(sbj_rng *rng)
{
    uint64_t high = sbj_rng_word(rng) >> 6, low = sbj_rng_word(rng) >> 5;
    return (double)(high << 27 | low) * 0x1p-53;
}

double sbj_rng_normal(sbj_rng *rng)
{
    double radius = sqrt(-2 * log(1 - sbj_rng_uniform(rng)));
    return radius * cos(6.283185307179586476925 * sbj_rng_uniform(rng));
}
