/* Which elements dropout keeps: the one place that turns Philox words into decisions, for every host kernel.
 *
 * Element (row, column) belongs to word column % 4 of philox(seed, {column / 4, row, site, step}). A kept element is
 * multiplied by `scale`. */
#ifndef SBJ_DROPOUT_H
#define SBJ_DROPOUT_H

#include <math.h>

#include "backend/backend.h"
#include "util/rng.h"

/* The dropout of one call. */
typedef struct sbj_mask {
    uint64_t seed;
    uint32_t step, site;
    uint32_t threshold; /* a word below it drops its element; 0: nothing is dropped */
    double scale;       /* 1 / (1 - rate) */
} sbj_mask;

/* A word w is kept when w >= rate 2^32, for whole numbers the same as w >= ceil(rate 2^32). Rates so close to 1 that
 * the bound is 2^32 itself are cut to the largest word. */
static inline sbj_mask sbj_mask_make(const sbj_run *run, sbj_dropout dropout)
{
    double bound = ceil(dropout.rate * 0x1p32);
    uint32_t threshold = bound >= 0x1p32 ? UINT32_MAX : (uint32_t)bound;
    sbj_mask mask = {run->seed, run->step, dropout.site, threshold, 1 / (1 - dropout.rate)};
    return mask;
}

/* The words of columns 4 block to 4 block + 3. */
static inline void sbj_mask_words(const sbj_mask *mask, uint32_t row, uint32_t block, uint32_t words[4])
{
    const uint32_t counter[4] = {block, row, mask->site, mask->step};
    sbj_philox(mask->seed, counter, words);
}

static inline void sbj_kept4(const sbj_mask *mask, uint32_t row, uint32_t block, bool kept[4])
{
    uint32_t words[4];
    sbj_mask_words(mask, row, block, words);
    for (int i = 0; i < 4; i++)
        kept[i] = words[i] >= mask->threshold;
}

static inline bool sbj_kept(const sbj_mask *mask, uint32_t row, uint32_t column)
{
    uint32_t words[4];
    sbj_mask_words(mask, row, column / 4, words);
    return words[column % 4] >= mask->threshold;
}

#endif
