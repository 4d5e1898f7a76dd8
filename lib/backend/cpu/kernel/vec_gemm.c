/* Matrix products on blocks that fit the caches: the register tile, the loops over tiles, and packing.
 *
 * An element of the result is the sum over k, in ascending order, of single multiply-adds, whatever the number of rows
 * of its tile and wherever its row stands in it. That is why a row's bits do not depend on its neighbours. */
#include "backend/cpu/kernel/vec_tile.h"
#include "backend/cpu/kernels.h"

INLINE size_t row_bytes(bool bf16)
{
    return (bf16 ? VEC : PANEL) * sizeof(float);
}

/* Row `row` of a panel. In bf16 a word has the numbers of columns j (lower half) and j + VEC, and a bf16 is the upper
 * half of a float: one load gives both vectors. */
INLINE void panel_row(const void *panel, size_t row, bool bf16, vec *b0, vec *b1)
{
    const float *words = (const float *)((const char *)panel + row * row_bytes(bf16));
    if (bf16) {
        uvec w = (uvec)vec_load(words);
        *b0 = (vec)(w << 16);
        *b1 = (vec)(w & 0xFFFF0000u);
    } else {
        *b0 = vec_load(words);
        *b1 = vec_load(words + VEC);
    }
}

/* c [m, n] (+)= a [m, k] b [k, PANEL], where n is at most PANEL. m is a constant of at most TILE_ROWS wherever this is
 * called, so the loops over it vanish and the sums stay in registers; so is step, but for scattered a, and bf16. `ahead`
 * and `lines`: see call_for. */
INLINE void tile(size_t m, size_t n, size_t k, const float *a, size_t row, size_t step, const void *b, bool bf16,
                 const char *ahead, size_t lines, float *c, size_t ldc, bool add)
{
    vec sum[TILE_ROWS][2];
#pragma GCC unroll 16
    for (size_t i = 0; i < m; i++) {
        sum[i][0] = sum[i][1] = (vec){0};
        if (add)
            call_for_sums(c + i * ldc);
    }
    for (size_t j = 0; j < k;) {
        const size_t end = k - j < FEW_STEPS ? k : j + FEW_STEPS;
        ahead = call_for(ahead, lines);
#pragma GCC unroll 4
        for (; j < end; j++, a += step) {
            vec b0, b1;
            panel_row(b, j, bf16, &b0, &b1);
#pragma GCC unroll 16
            for (size_t i = 0; i < m; i++) {
                vec x = vec_all(a[i * row]);
                sum[i][0] = vec_fma(x, b0, sum[i][0]);
                sum[i][1] = vec_fma(x, b1, sum[i][1]);
            }
        }
    }
#pragma GCC unroll 16
    for (size_t i = 0; i < m; i++)
        for (size_t half = 0, left = n; half < 2 && left > 0; half++, left -= VEC) {
            float *at = c + i * ldc + half * VEC;
            vec s = sum[i][half];
            if (left < VEC) {
                vec_store_some(at, left, add ? vec_load_some(at, left) + s : s);
                break;
            }
            vec_store(at, add ? vec_load(at) + s : s);
        }
}

/* All tiles of one panel, and `next` is what comes behind it. An a that lies in memory row by row may be cut anywhere. */
INLINE void panel(size_t m, size_t n, size_t k, sbj_left a, const void *b, bool bf16, const char *next, float *c,
                  size_t ldc, bool add)
{
    const size_t lines = lines_ahead(row_bytes(bf16), tiles_of(m));
    for (size_t i = 0, height; i < m; i += height, next += lines * LINE * ((k + FEW_STEPS - 1) / FEW_STEPS)) {
        height = tile_height(m - i, tiles_of(m - i));
        if (a.step != 1) /* packed in tiles */
            height = m - i < TILE_ROWS ? m - i : TILE_ROWS;
        switch (height) {
#define OF_HEIGHT(rows)                                                                                                \
    case rows:                                                                                                         \
        if (rows <= TILE_ROWS)                                                                                         \
            tile(rows <= TILE_ROWS ? rows : 1, n, k, a.at, a.row, a.step, b, bf16, next, lines, c + i * ldc, ldc, add);\
        break;
            EACH_HEIGHT(OF_HEIGHT)
#undef OF_HEIGHT
        }
        a.at += a.step == 1 ? height * a.row : a.tile;
    }
}

/* c [m, n] = a [m, k] b [k, n], or added to c. One panel of b (k PANEL floats) stays in the first cache while all of a
 * passes by it from the second. */
INLINE void all_panels(size_t m, size_t n, size_t k, sbj_left a, const float *panels, bool bf16, float *c, size_t ldc,
                       bool add)
{
    for (size_t j = 0; j < n; j += PANEL, panels += k * (bf16 ? VEC : PANEL)) {
        size_t columns = n - j < PANEL ? n - j : PANEL;
        const char *next = (const char *)(panels + k * (bf16 ? VEC : PANEL));
        if (a.step == 1) { /* rows as they lie in memory: a copy of the loop in which the step is a constant */
            a.step = 1;
            panel(m, columns, k, a, panels, bf16, next, c + j, ldc, add);
        } else {
            panel(m, columns, k, a, panels, bf16, next, c + j, ldc, add);
        }
    }
}

static void multiply(size_t m, size_t n, size_t k, sbj_left a, const float *panels, float *c, size_t ldc, bool add)
{
    all_panels(m, n, k, a, panels, false, c, ldc, add);
}

static void multiply_bf16(size_t m, size_t n, size_t k, sbj_left a, const float *panels, float *c, size_t ldc, bool add)
{
    all_panels(m, n, k, a, panels, true, c, ldc, add);
}

/* Panels of a b whose rows lie in memory. Row by row, since a row is one stretch of memory and the next may be a page
 * away. */
static void pack_rows(sbj_operand b, size_t k, size_t n, float *panels)
{
    for (size_t i = 0; i < k; i++, b.at += b.row, panels += PANEL) {
        float *to = panels;
        size_t j = 0;
        for (; j + PANEL <= n; j += PANEL, to += k * PANEL) {
            vec_store(to, vec_load(b.at + j));
            vec_store(to + VEC, vec_load(b.at + j + VEC));
        }
        if (j < n) {
            vec_store(to, vec_load_some(b.at + j, n - j));
            vec_store(to + VEC, n - j > VEC ? vec_load_some(b.at + j + VEC, n - j - VEC) : (vec){0});
        }
    }
}

/* Panels of a b whose columns lie in memory (a weight [out, in] seen as [in, out]): transposes in squares of VEC, so
 * that both sides are touched by whole cache lines. Each column is prefetched four squares ahead: they are more streams
 * than the processor follows by itself. */
static void pack_columns(sbj_operand b, size_t k, size_t n, float *panel)
{
    for (size_t i = 0; i < k; i += VEC) {
        size_t rows = k - i < VEC ? k - i : VEC;
        for (size_t j = 0; j < PANEL; j += VEC) {
            vec square[VEC];
            for (size_t column = 0; column < VEC && j + column < n; column++)
                __builtin_prefetch(b.at + (j + column) * b.column + i + 4 * VEC, 0, 3);
            for (size_t column = 0; column < VEC; column++)
                square[column] = j + column < n ? vec_load_some(b.at + (j + column) * b.column + i, rows) : (vec){0};
            vec_transpose(square);
            for (size_t row = 0; row < rows; row++)
                vec_store(panel + (i + row) * PANEL + j, square[row]);
        }
    }
}

static void pack_panels(sbj_operand b, size_t k, size_t n, float *panels)
{
    if (b.column == 1) {
        pack_rows(b, k, n, panels);
        return;
    }
    for (size_t j = 0; j < n; j += PANEL, panels += k * PANEL)
        pack_columns(sbj_operand_at(b, 0, j), k, n - j < PANEL ? n - j : PANEL, panels);
}

/* A few rows of a panel at a time are packed as floats and then rounded. */
static void pack_panels_bf16(sbj_operand b, size_t k, size_t n, float *panels)
{
    enum { FEW = 32 };
    float few[FEW * PANEL];
    for (size_t j = 0; j < n; j += PANEL)
        for (size_t i = 0; i < k; i += FEW) {
            size_t rows = k - i < FEW ? k - i : FEW;
            pack_panels(sbj_operand_at(b, i, j), rows, n - j < PANEL ? n - j : PANEL, few);
            for (size_t row = 0; row < rows; row++, panels += VEC) {
                uvec low = vec_nearest_bf16(vec_load(few + row * PANEL));
                uvec high = vec_nearest_bf16(vec_load(few + row * PANEL + VEC));
                vec_store(panels, (vec)(low >> 16 | (high & 0xFFFF0000u)));
            }
        }
}

static void pack_tiles(sbj_operand a, size_t m, size_t k, float *tiles)
{
    for (size_t j = 0; j < k; j++, a.at += a.column, tiles += TILE_ROWS) {
        float *to = tiles;
        size_t i = 0;
        for (; i + TILE_ROWS <= m; i += TILE_ROWS, to += k * TILE_ROWS)
            memcpy(to, a.at + i, TILE_ROWS * sizeof *to);
        if (i < m) /* the floats behind are never read: multiply has smaller tiles for these rows */
            memcpy(to, a.at + i, (m - i) * sizeof *to);
    }
}

extern const sbj_gemm_kernels SBJ_PER_ISA(sbj_gemm_kernels);
const sbj_gemm_kernels SBJ_PER_ISA(sbj_gemm_kernels) = {TILE_ROWS,  PANEL,    pack_panels,  pack_panels_bf16,
                                                        pack_tiles, multiply, multiply_bf16};
