/* Matrix products with both sides in bf16, for instruction sets that multiply pairs of them: rounding and packing. A
 * row of the left side is its numbers, one after another, each two of which are a word. Elsewhere vec_gemm.c has
 * products with weights in bf16. */
#include "backend/cpu/kernel/vec_narrow.h"

#if defined(SBJ_ISA_avx512bf16)

typedef uint16_t halfwords __attribute__((vector_size(VEC * 2)));

static sbj_narrow_row narrow(const float *x, size_t n, uint32_t *words)
{
    uint16_t *q = (uint16_t *)words;
    for (size_t i = 0; i < n; i += VEC) {
        halfwords some = (halfwords)_mm512_cvtneps_pbh((__m512)vec_load_some(x + i, n - i));
        memcpy(q + i, &some, n - i >= VEC ? sizeof some : (n - i) * sizeof *q);
    }
    if (n % BF16_GROUP != 0)
        q[n] = 0;
    return (sbj_narrow_row){1, 0};
}

/* Column `column` of a panel. */
static void pack_column(const float *x, size_t k, uint16_t *panel, size_t column)
{
    for (size_t i = 0; i < k; i += VEC) {
        uvec words = vec_nearest_bf16(vec_load_some(x + i, k - i)) >> 16;
        for (size_t j = 0; j < VEC && i + j < k; j++)
            panel[panel_place(i + j, column, BF16_GROUP)] = (uint16_t)words[j];
    }
}

static void pack_panels(sbj_operand b, size_t k, size_t n, float *scales, void *panels)
{
    size_t numbers = (k + BF16_GROUP - 1) / BF16_GROUP * BF16_GROUP * PANEL;
    uint16_t *panel = panels;
    (void)scales;
    for (size_t j = 0; j < n; j += PANEL, panel += numbers) {
        memset(panel, 0, numbers * sizeof *panel);
        for (size_t column = 0; column < PANEL && j + column < n; column++)
            pack_column(sbj_operand_at(b, 0, j + column).at, k, panel, column);
    }
}

static void multiply(size_t m, size_t n, size_t groups, const uint32_t *a, size_t lda, const void *panels, size_t panel,
                     const sbj_narrow_scales *scales, float *c, size_t ldc, bool add)
{
    (void)scales;
    narrow_multiply(m, n, groups, a, lda, panels, panel, NULL, true, c, ldc, add);
}

extern const sbj_narrow_kernels SBJ_PER_ISA(sbj_bf16_kernels);
const sbj_narrow_kernels SBJ_PER_ISA(sbj_bf16_kernels) = {BF16_GROUP, 2 * BF16_GROUP, false,
                                                          narrow,     pack_panels,    multiply};
#endif
