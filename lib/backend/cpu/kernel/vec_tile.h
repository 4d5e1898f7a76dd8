/* The register tile of matrix products: TILE_ROWS rows of the left side by PANEL columns of the right one, whose sums
 * stay in registers. It is the same for all precisions, and so are blocks and tasks. */
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

#endif
