/* Products of narrow numbers: what multiplies a group, and the loops over tiles, which int8 and bf16 share. Sums are
 * words of 32 bits, whole numbers or floats.
 *
 * In int8 a group is 4 numbers on AVX-512 VNNI. The instruction wants one side without a sign, so the weights are kept
 * as w + 128, and 128 times the sum of the row of a is taken off at the end: no rounding, the same sum. Elsewhere a
 * group is 2 numbers, kept in 16 bits on the left and in 8 on the right, which are widened in registers. */
#ifndef SBJ_VEC_NARROW_H
#define SBJ_VEC_NARROW_H

#include <stdbool.h>

#include "backend/cpu/kernel/vec_tile.h"
#include "backend/cpu/kernels.h"

#if defined(SBJ_ISA_avx512vnni)
enum { INT8_GROUP = 4, INT8_SHIFT = 128 }; /* what is added to a weight */
#else
enum { INT8_GROUP = 2, INT8_SHIFT = 0 };
#endif
enum { BF16_GROUP = 2 };

/* Which number of a panel element (k, column) is, in groups along k. */
INLINE size_t panel_place(size_t k, size_t column, size_t group)
{
    return k / group * (group * PANEL) + column * group + k % group;
}

/* ---- A group of each column -------------------------------------------------------------------------------------- */

/* The groups of VEC columns. */
INLINE ivec load_int8(const uint8_t *p)
{
#if defined(SBJ_ISA_avx512vnni)
    return (ivec)_mm512_loadu_si512(p);
#elif defined(SBJ_ISA_avx512)
    return (ivec)_mm512_cvtepi8_epi16(_mm256_loadu_si256((const __m256i *)p));
#elif defined(SBJ_ISA_avx2)
    return (ivec)_mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)p));
#elif defined(__SSE2__)
    __m128i bytes = _mm_loadl_epi64((const __m128i *)p);
    return (ivec)_mm_srai_epi16(_mm_unpacklo_epi8(bytes, bytes), 8);
#else
    int16_t wide[2 * VEC];
    ivec v;
    for (int i = 0; i < 2 * VEC; i++)
        wide[i] = (int8_t)p[i];
    memcpy(&v, wide, sizeof v);
    return v;
#endif
}

/* sum + a0 b0 + a1 b1 (+ a2 b2 + a3 b3), exact where a and b are within -127 to 127. */
INLINE ivec add_int8(ivec sum, ivec a, ivec b)
{
#if defined(SBJ_ISA_avx512vnni)
    return (ivec)_mm512_dpbusd_epi32((__m512i)sum, (__m512i)b, (__m512i)a);
#elif defined(SBJ_ISA_avx512)
    return sum + (ivec)_mm512_madd_epi16((__m512i)a, (__m512i)b);
#elif defined(SBJ_ISA_avx2)
    return sum + (ivec)_mm256_madd_epi16((__m256i)a, (__m256i)b);
#elif defined(__SSE2__)
    return sum + (ivec)_mm_madd_epi16((__m128i)a, (__m128i)b);
#else
    int16_t x[2 * VEC], y[2 * VEC];
    memcpy(x, &a, sizeof x);
    memcpy(y, &b, sizeof y);
    for (int i = 0; i < VEC; i++)
        sum[i] += x[2 * i] * y[2 * i] + x[2 * i + 1] * y[2 * i + 1];
    return sum;
#endif
}

/* The same of two floats' upper halves, in f32; only where the machine has it. */
INLINE ivec add_bf16(ivec sum, ivec a, ivec b)
{
#if defined(SBJ_ISA_avx512bf16)
    return (ivec)_mm512_dpbf16_ps((__m512)sum, (__m512bh)a, (__m512bh)b);
#else
    (void)a, (void)b;
    return sum;
#endif
}

INLINE ivec load_group(const uint8_t *p, bool bf16)
{
    return bf16 ? (ivec)vec_load((const float *)p) : load_int8(p);
}

INLINE ivec add_group(ivec sum, ivec a, ivec b, bool bf16)
{
    return bf16 ? add_bf16(sum, a, b) : add_int8(sum, a, b);
}

/* ---- Tiles ------------------------------------------------------------------------------------------------------- */

/* Rows of both sides, and what their sums are turned into numbers by (NULL: not yet). */
typedef struct narrow_place {
    const uint32_t *a;
    size_t lda;
    const sbj_narrow_row *rows;
    const float *column_scales;
    float *c;
    size_t ldc;
    bool add;
} narrow_place;

INLINE narrow_place below(narrow_place p, size_t rows)
{
    p.a += rows * p.lda;
    p.rows = p.rows == NULL ? NULL : p.rows + rows;
    p.c += rows * p.ldc;
    return p;
}

INLINE ivec first_sum(const float *c, size_t n, bool add)
{
    return add ? (ivec)vec_load_some(c, n) : (ivec){0};
}

/* The sums of a vector of columns go to c, or, in the last step, the numbers. */
INLINE void put(ivec sum, size_t n, const sbj_narrow_row *row, const float *column_scale, float *c)
{
    vec result = (vec)sum;
    if (row != NULL)
        result = __builtin_convertvector(sum + row->offset, vec) * (row->scale * vec_load(column_scale));
    vec_store_some(c, n, result);
}

/* m is a constant of at most TILE_ROWS wherever this is called, and so is bf16. `ahead` and `lines`: see call_for. */
INLINE void narrow_tile(size_t m, size_t n, size_t groups, const uint8_t *b, bool bf16, const char *ahead, size_t lines,
                        narrow_place p)
{
    enum { FEW = 4, FEWS = (TILE_ROWS + FEW - 1) / FEW };
    const size_t bytes = bf16 ? 4 : INT8_GROUP;
    const uint32_t *a[FEWS]; /* a pointer for a few rows: one for each would not fit into registers */
    ivec sum[TILE_ROWS][2];
#pragma GCC unroll 4
    for (size_t i = 0; i < FEWS; i++)
        a[i] = p.a + (i * FEW < m ? i * FEW : 0) * p.lda;
#pragma GCC unroll 16
    for (size_t i = 0; i < m; i++) {
        sum[i][0] = first_sum(p.c + i * p.ldc, n, p.add);
        sum[i][1] = n > VEC ? first_sum(p.c + i * p.ldc + VEC, n - VEC, p.add) : (ivec){0};
    }
    for (size_t j = 0; j < groups;) {
        const size_t end = groups - j < FEW_STEPS ? groups : j + FEW_STEPS;
        ahead = call_for(ahead, lines);
#pragma GCC unroll 4
        for (; j < end; j++, b += PANEL * bytes) {
            ivec b0 = load_group(b, bf16), b1 = load_group(b + VEC * bytes, bf16);
#pragma GCC unroll 16
            for (size_t i = 0; i < m; i++) {
                ivec x = (int32_t)a[i / FEW][i % FEW * p.lda] - (ivec){0};
                sum[i][0] = add_group(sum[i][0], x, b0, bf16);
                sum[i][1] = add_group(sum[i][1], x, b1, bf16);
            }
#pragma GCC unroll 4
            for (size_t i = 0; i < FEWS; i++)
                a[i]++;
        }
    }
#pragma GCC unroll 16
    for (size_t i = 0; i < m; i++) {
        const sbj_narrow_row *row = p.rows == NULL ? NULL : p.rows + i;
        put(sum[i][0], n, row, p.column_scales, p.c + i * p.ldc);
        if (n > VEC)
            put(sum[i][1], n - VEC, row, p.column_scales + VEC, p.c + i * p.ldc + VEC);
    }
}

/* All tiles of one panel, and what comes behind it. */
INLINE void narrow_panel(size_t m, size_t n, size_t groups, const uint8_t *b, bool bf16, const uint8_t *behind,
                         narrow_place p)
{
    const size_t lines = lines_ahead(PANEL * (bf16 ? 4 : INT8_GROUP), tiles_of(m));
    const char *next = (const char *)behind;
    for (size_t left = m, height; left > 0; left -= height, p = below(p, height)) {
        height = tile_height(left, tiles_of(left));
        switch (height) {
#define OF_HEIGHT(rows)                                                                                                \
    case rows:                                                                                                         \
        if (rows <= TILE_ROWS)                                                                                         \
            narrow_tile(rows <= TILE_ROWS ? rows : 1, n, groups, b, bf16, next, lines, p);                             \
        break;
            EACH_HEIGHT(OF_HEIGHT)
#undef OF_HEIGHT
        }
        next += lines * LINE * ((groups + FEW_STEPS - 1) / FEW_STEPS);
    }
}

/* sbj_narrow_kernels.multiply */
INLINE void narrow_multiply(size_t m, size_t n, size_t groups, const uint32_t *a, size_t lda, const uint8_t *panels,
                            size_t panel, const sbj_narrow_scales *scales, bool bf16, float *c, size_t ldc, bool add)
{
    static const float none[PANEL]; /* never read: lets a pointer move on */
    narrow_place p = {a, lda, scales == NULL ? NULL : scales->row, scales == NULL ? none : scales->column, c, ldc, add};
    for (size_t j = 0; j < n; j += PANEL, panels += panel, p.c += PANEL) {
        narrow_panel(m, n - j < PANEL ? n - j : PANEL, groups, panels, bf16, panels + panel, p);
        p.column_scales += scales == NULL ? 0 : PANEL;
    }
}

#endif
