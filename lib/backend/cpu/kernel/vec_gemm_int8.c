/* Matrix products of whole numbers of 8 bits, with sums of 32: quantizing and packing. All of the product is exact, so
 * an element depends on its row and its column alone, and is the same on every instruction set. What is rounded is told
 * by the formulas in kernels.h. */
#include <float.h>

#include "backend/cpu/kernel/vec_amx.h"

/* ---- Quantizing -------------------------------------------------------------------------------------------------- */

/* max|x| as the bits of a float, which order as the numbers do, with infinity and NaN at the top. */
static float largest_size(const float *x, size_t n)
{
    ivec most = {0};
    for (size_t i = 0; i < n; i += VEC)
        most = ivec_max(most, (ivec)vec_abs(vec_load_some(x + i, n - i)));
    int32_t top = 0;
    for (int i = 0; i < VEC; i++)
        top = most[i] > top ? most[i] : top;
    float size;
    memcpy(&size, &top, sizeof size);
    return size;
}

/* 127 / max|x|, and the scale. What is too small for its reciprocal counts as 0; what is no number makes the scale NaN,
 * which every sum is multiplied by. */
static float inverse_and_scale(float largest, float *scale)
{
    *scale = largest <= FLT_MAX ? largest / 127 : NAN;
    if (!(largest <= FLT_MAX) || largest < 0x1p-100f) {
        *scale = largest <= FLT_MAX ? 0 : NAN;
        return 0;
    }
    return 127 / largest;
}

/* At most VEC of them; zeros behind. */
INLINE ivec quantize_some(const float *x, size_t n, float inverse)
{
    vec v = vec_load_some(x, n);
    return inverse == 0 ? (ivec){0} : vec_nearest(v * inverse); /* 0 times what is no number is none either */
}

/* Of what a word of the left side is made. */
#if defined(SBJ_ISA_avx512vnni)
typedef int8_t part;
#else
typedef int16_t part;
#endif
typedef part parts __attribute__((vector_size(VEC * sizeof(part))));
_Static_assert(sizeof(part) * INT8_GROUP == 4, "a group is a word");

static sbj_narrow_row narrow(const float *x, size_t n, uint32_t *words)
{
    sbj_narrow_row row = {0};
    float inverse = inverse_and_scale(largest_size(x, n), &row.scale);
    ivec sum = {0};
    part *q = (part *)words;
    size_t i = 0;
    for (; i + VEC <= n; i += VEC) {
        ivec some = quantize_some(x + i, VEC, inverse);
        parts small = __builtin_convertvector(some, parts);
        sum += some;
        memcpy(q + i, &small, sizeof small);
    }
    if (i < n) {
        ivec some = quantize_some(x + i, n - i, inverse);
        parts small = __builtin_convertvector(some, parts);
        sum += some;
        memcpy(q + i, &small, (n - i) * sizeof *q);
    }
    for (i = n; i % INT8_GROUP != 0; i++)
        q[i] = 0;
    for (int lane = 0; lane < VEC; lane++)
        row.offset -= INT8_SHIFT * sum[lane];
    return row;
}

/* ---- Packing ----------------------------------------------------------------------------------------------------- */

/* Column `column` of a panel. */
static float pack_column(const float *x, size_t k, uint8_t *panel, size_t column)
{
    float scale, inverse = inverse_and_scale(largest_size(x, k), &scale);
    for (size_t i = 0; i < k; i += VEC) {
        ivec words = quantize_some(x + i, k - i, inverse);
        for (size_t j = 0; j < VEC && i + j < k; j++)
            panel[panel_place(i + j, column, INT8_GROUP)] = (uint8_t)(words[j] + INT8_SHIFT);
    }
    return scale;
}

static void pack_panels(sbj_operand b, size_t k, size_t n, float *scales, void *panels)
{
    size_t bytes = (k + INT8_GROUP - 1) / INT8_GROUP * INT8_GROUP * PANEL;
    uint8_t *panel = panels;
    for (size_t j = 0; j < n; j += PANEL, panel += bytes) {
        memset(panel, 0, bytes);
        for (size_t column = 0; column < PANEL; column++)
            scales[j + column] =
                j + column < n ? pack_column(sbj_operand_at(b, 0, j + column).at, k, panel, column) : 0;
    }
}

/* ---- Products ---------------------------------------------------------------------------------------------------- */

static void multiply(size_t m, size_t n, size_t groups, const uint32_t *a, size_t lda, const void *panels, size_t panel,
                     const sbj_narrow_scales *scales, float *c, size_t ldc, bool add)
{
    product(m, n, groups, a, lda, panels, panel, scales, false, c, ldc, add);
}

extern const sbj_narrow_kernels SBJ_PER_ISA(sbj_int8_kernels);
const sbj_narrow_kernels SBJ_PER_ISA(sbj_int8_kernels) = {INT8_GROUP, INT8_GROUP, true,        BLOCK_ROWS,
                                                          narrow,     NULL,       pack_panels, multiply};
