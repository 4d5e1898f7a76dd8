/* The register tile of matrix products: TILE_ROWS rows of the left side by PANEL columns of the right one, whose sums
 * stay in registers. It is the same for all precisions but on amx (vec_amx.h). A tile may have fewer rows: there is
 * code for each number of them. */
#ifndef SBJ_VEC_TILE_H
#define SBJ_VEC_TILE_H

#include "backend/cpu/kernel/vec.h"

#if defined(SBJ_ISA_avx512)
enum { TILE_ROWS = 12 }; /* 24 sums, 2 of b, 1 of a in 32 registers */
#elif defined(SBJ_ISA_avx2)
enum { TILE_ROWS = 6 }; /* 12 + 2 + 1 in 16 */
#else
enum { TILE_ROWS = 4 }; /* 8 + 2 + 1, and products that are not fused, in 16 */
#endif
enum { PANEL = 2 * VEC };

/* `tiles` more tiles share `rows` rows evenly: 20 are 10 and 10, not 12, 4 and 4. One of few rows takes as long as one of
 * four, since an addition has to wait for the one before. */
INLINE size_t tile_height(size_t rows, size_t tiles)
{
    return (rows + tiles - 1) / tiles;
}

/* The cases of a switch over a tile's height: CASE(rows) is one, where rows is a constant. */
#define EACH_HEIGHT(CASE)                                                                                              \
    CASE(1) CASE(2) CASE(3) CASE(4) CASE(5) CASE(6) CASE(7) CASE(8) CASE(9) CASE(10) CASE(11) CASE(12)

INLINE size_t tiles_of(size_t rows)
{
    return (rows + TILE_ROWS - 1) / TILE_ROWS;
}

/* While the tiles of a panel are computed the next one comes into the cache, evenly: each tile calls for some lines every
 * FEW_STEPS steps along k. With few rows the product waits for memory, and for nothing else. */
enum { FEW_STEPS = 32, LINE = 64 };

INLINE size_t lines_ahead(size_t step_bytes, size_t tiles)
{
    return (FEW_STEPS * step_bytes / LINE + tiles - 1) / tiles;
}

/* Any address will do. Gives the one behind. */
INLINE const char *call_for(const char *ahead, size_t lines)
{
    for (; lines > 0; lines--, ahead += LINE)
        __builtin_prefetch(ahead, 0, 3);
    return ahead;
}

/* A row of c that a tile is going to be added to: a gradient of a weight is in no cache, since the other weights' came
 * between, and the sums of the step before are in the second. */
INLINE void call_for_sums(const float *row)
{
    __builtin_prefetch(row, 1, 3);
    __builtin_prefetch(row + PANEL - 1, 1, 3);
}

#endif
