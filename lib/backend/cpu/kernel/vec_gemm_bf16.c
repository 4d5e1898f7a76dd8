/* Matrix products with both sides in bf16, for instruction sets that multiply pairs of them: rounding and packing. A
 * row of the left side is its numbers, one after another, each two of which are a word. Elsewhere vec_gemm.c has
 * products with weights in bf16. */
#include "backend/cpu/kernel/vec_amx.h"

#if defined(SBJ_ISA_avx512bf16)

typedef uint16_t halfwords __attribute__((vector_size(VEC * 2)));

static sbj_narrow_row narrow(const float *x, size_t n, uint32_t *words)
{
    uint16_t *q = (uint16_t *)words;
    size_t i = 0;
    for (; i + VEC <= n; i += VEC) {
        halfwords some = (halfwords)_mm512_cvtneps_pbh((__m512)vec_load(x + i));
        memcpy(q + i, &some, sizeof some);
    }
    if (i < n) {
        halfwords some = (halfwords)_mm512_cvtneps_pbh((__m512)vec_load_some(x + i, n - i));
        memcpy(q + i, &some, (n - i) * sizeof *q);
    }
    if (n % BF16_GROUP != 0)
        q[n] = 0;
    return (sbj_narrow_row){1, 0};
}

/* Numbers k and k+1 of each of VEC rows or columns, as words; those of k+1 are 0 behind the last. */
INLINE vec pair_words(const float *first, const float *second, size_t n)
{
    static const uint16_t in_turn[2 * VEC] = {0, 16, 1, 17, 2,  18, 3,  19, 4,  20, 5,  21, 6,  22, 7,  23,
                                              8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31};
    const vec low = vec_load_some(first, n), high = second == NULL ? (vec){0} : vec_load_some(second, n);
    return (vec)_mm512_permutexvar_epi16(_mm512_loadu_si512(in_turn),
                                         (__m512i)_mm512_cvtne2ps_pbh((__m512)high, (__m512)low));
}

/* In squares of words, so that both sides are touched by whole cache lines. */
static void narrow_columns(sbj_operand a, size_t m, size_t k, uint32_t *words, size_t ld)
{
    const size_t groups = (k + 1) / BF16_GROUP;
    for (size_t i = 0; i < m; i += VEC)
        for (size_t j = 0; j < groups; j += VEC) {
            const size_t rows = m - i < VEC ? m - i : VEC, some = groups - j < VEC ? groups - j : VEC;
            vec square[VEC];
            for (size_t g = 0; g < VEC; g++) {
                const float *first = sbj_operand_at(a, i, BF16_GROUP * (j + g)).at;
                square[g] = g < some ? pair_words(first, BF16_GROUP * (j + g) + 1 < k ? first + a.column : NULL, rows)
                                     : (vec){0};
            }
            vec_transpose(square);
            for (size_t row = 0; row < rows; row++)
                vec_store_some((float *)words + (i + row) * ld + j, some, square[row]);
        }
}

/* Panels of a b whose rows lie in memory, two rows at a time: a word has the numbers of a column. */
static void pack_rows(sbj_operand b, size_t k, size_t n, float *panels)
{
    const size_t groups = (k + 1) / BF16_GROUP;
    for (size_t i = 0; i < groups; i++, b.at += BF16_GROUP * b.row, panels += PANEL) {
        const float *second = BF16_GROUP * i + 1 < k ? b.at + b.row : NULL;
        float *to = panels;
        for (size_t j = 0; j < n; j += PANEL, to += groups * PANEL)
            for (size_t half = 0; half < PANEL; half += VEC) {
                const size_t left = n - j > half ? n - j - half : 0;
                vec_store(to + half,
                          left == 0 ? (vec){0}
                                    : pair_words(b.at + j + half, second == NULL ? NULL : second + j + half, left));
            }
    }
}

/* Words of 2 VEC numbers of a column; those behind the n-th are 0. */
INLINE vec words_of(const float *x, size_t n)
{
    const vec low = vec_load_some(x, n), high = n > VEC ? vec_load_some(x + VEC, n - VEC) : (vec){0};
    return (vec)_mm512_cvtne2ps_pbh((__m512)high, (__m512)low);
}

/* Panels of a b whose columns lie in memory: as narrow_columns, in squares of words. */
static void pack_columns(sbj_operand b, size_t k, size_t n, float *panel)
{
    const size_t groups = (k + 1) / BF16_GROUP;
    for (size_t j = 0; j < groups; j += VEC)
        for (size_t half = 0; half < PANEL; half += VEC) {
            vec square[VEC];
            for (size_t column = 0; column < VEC; column++)
                square[column] = half + column < n
                                     ? words_of(b.at + (half + column) * b.column + BF16_GROUP * j, k - BF16_GROUP * j)
                                     : (vec){0};
            vec_transpose(square);
            for (size_t g = 0; g < VEC && j + g < groups; g++)
                vec_store(panel + (j + g) * PANEL + half, square[g]);
        }
}

static void pack_panels(sbj_operand b, size_t k, size_t n, float *scales, void *panels)
{
    const size_t words = (k + 1) / BF16_GROUP * PANEL;
    (void)scales;
    if (b.row != 1) {
        pack_rows(b, k, n, panels);
        return;
    }
    for (size_t j = 0; j < n; j += PANEL)
        pack_columns(sbj_operand_at(b, 0, j), k, n - j, (float *)panels + j / PANEL * words);
}

static void multiply(size_t m, size_t n, size_t groups, const uint32_t *a, size_t lda, const void *panels, size_t panel,
                     const sbj_narrow_scales *scales, float *c, size_t ldc, bool add)
{
    (void)scales;
    product(m, n, groups, a, lda, panels, panel, NULL, true, c, ldc, add);
}

extern const sbj_narrow_kernels SBJ_PER_ISA(sbj_bf16_kernels);
const sbj_narrow_kernels SBJ_PER_ISA(sbj_bf16_kernels) = {BF16_GROUP, 2 * BF16_GROUP, false,       BLOCK_ROWS,
                                                          narrow,     narrow_columns, pack_panels, multiply};
#endif
