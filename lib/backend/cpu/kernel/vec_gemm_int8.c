/* Matrix products of whole numbers of 8 bits: the weights are kept in 8, widened to 16 in registers, and multiplied in
 * pairs into sums of 32. All of it is exact, so an element depends on its row and its column alone. What is rounded is
 * told by the formulas in kernels.h. */
#include <float.h>
#include <stdbool.h>

#include "backend/cpu/kernel/vec_tile.h"
#include "backend/cpu/kernels.h"

/* ---- Quantizing -------------------------------------------------------------------------------------------------- */

/* max|x| as the bits of a float, which order as the numbers do, with infinity and NaN at the top. */
static float largest_size(const float *x, size_t n)
{
    ivec most = {0};
    for (size_t i = 0; i < n; i += VEC) {
        ivec size = (ivec)vec_abs(vec_load_some(x + i, n - i));
        most = ((size > most) & size) | ((size <= most) & most);
    }
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

/* Numbers within -127 to 127 and a bit, to the nearest whole one, ties to even: the sum's last bits are the number. */
INLINE ivec nearest(vec x)
{
    const float shift = 0x1.8p23f;
    return (ivec)(x + shift) - (ivec)vec_all(shift);
}

/* At most VEC of them; zeros behind. */
INLINE ivec quantize_some(const float *x, size_t n, float inverse)
{
    vec v = vec_load_some(x, n);
    return inverse == 0 ? (ivec){0} : nearest(v * inverse); /* 0 times what is no number is none either */
}

typedef int16_t halfwords __attribute__((vector_size(VEC * 2)));

static float quantize(const float *x, size_t n, int16_t *q)
{
    float scale, inverse = inverse_and_scale(largest_size(x, n), &scale);
    for (size_t i = 0; i < n; i += VEC) {
        halfwords some = __builtin_convertvector(quantize_some(x + i, n - i, inverse), halfwords);
        memcpy(q + i, &some, n - i >= VEC ? sizeof some : (n - i) * sizeof *q);
    }
    if (n % 2 != 0)
        q[n] = 0;
    return scale;
}

/* ---- Packing ----------------------------------------------------------------------------------------------------- */

/* Column `column` of a panel. */
static float pack_column(const float *x, size_t k, int8_t *panel, size_t column)
{
    float scale, inverse = inverse_and_scale(largest_size(x, k), &scale);
    for (size_t i = 0; i < k; i += VEC) {
        ivec words = quantize_some(x + i, k - i, inverse);
        for (size_t j = 0; j < VEC && i + j < k; j++)
            panel[(i + j) / 2 * (2 * PANEL) + column * 2 + (i + j) % 2] = (int8_t)words[j];
    }
    return scale;
}

static void pack_panels(sbj_operand b, size_t k, size_t n, float *scales, int8_t *panels)
{
    size_t bytes = (k + k % 2) * PANEL;
    for (size_t j = 0; j < n; j += PANEL, panels += bytes) {
        memset(panels, 0, bytes);
        for (size_t column = 0; column < PANEL; column++)
            scales[j + column] =
                j + column < n ? pack_column(sbj_operand_at(b, 0, j + column).at, k, panels, column) : 0;
    }
}

/* ---- Products ---------------------------------------------------------------------------------------------------- */

/* The sums of a vector of columns go to c, or, in the last step, the numbers. */
INLINE void put(ivec sum, size_t n, const float *row_scale, const float *column_scale, float *c, bool add)
{
    if (add)
        sum += (ivec)vec_load_some(c, n);
    vec result = (vec)sum;
    if (row_scale != NULL)
        result = __builtin_convertvector(sum, vec) * (*row_scale * vec_load(column_scale));
    vec_store_some(c, n, result);
}

/* Rows of both sides, and what their sums are multiplied by (NULL: nothing yet). */
typedef struct place {
    const int16_t *a;
    size_t lda;
    const float *row_scales, *column_scales;
    float *c;
    size_t ldc;
    bool add;
} place;

INLINE place below(place p, size_t rows)
{
    p.a += rows * p.lda;
    p.row_scales += p.row_scales == NULL ? 0 : rows;
    p.c += rows * p.ldc;
    return p;
}

/* m is a constant of at most TILE_ROWS wherever this is called. */
INLINE void tile(size_t m, size_t n, size_t pairs, const int8_t *b, place p)
{
    ivec sum[TILE_ROWS][2];
#pragma GCC unroll 16
    for (size_t i = 0; i < m; i++)
        sum[i][0] = sum[i][1] = (ivec){0};
#pragma GCC unroll 4
    for (size_t j = 0; j < pairs; j++, b += 2 * PANEL) {
        ivec b0 = vec_load_pairs(b), b1 = vec_load_pairs(b + PANEL);
#pragma GCC unroll 16
        for (size_t i = 0; i < m; i++) {
            ivec x = vec_all_pairs(p.a + i * p.lda + 2 * j);
            sum[i][0] = vec_add_pairs(sum[i][0], x, b0);
            sum[i][1] = vec_add_pairs(sum[i][1], x, b1);
        }
    }
#pragma GCC unroll 16
    for (size_t i = 0; i < m; i++) {
        const float *row_scale = p.row_scales == NULL ? NULL : p.row_scales + i;
        put(sum[i][0], n, row_scale, p.column_scales, p.c + i * p.ldc, p.add);
        if (n > VEC)
            put(sum[i][1], n - VEC, row_scale, p.column_scales + VEC, p.c + i * p.ldc + VEC, p.add);
    }
}

/* All tiles of one panel. A tile at the lower edge is made of smaller ones. */
static void panel_tiles(size_t m, size_t n, size_t pairs, const int8_t *b, place p)
{
    size_t i = 0;
    for (; i + TILE_ROWS <= m; i += TILE_ROWS, p = below(p, TILE_ROWS))
        tile(TILE_ROWS, n, pairs, b, p);
    for (; i + 4 <= m; i += 4, p = below(p, 4))
        tile(4, n, pairs, b, p);
    for (; i + 2 <= m; i += 2, p = below(p, 2))
        tile(2, n, pairs, b, p);
    if (i < m)
        tile(1, n, pairs, b, p);
}

static void multiply(size_t m, size_t n, size_t pairs, const int16_t *a, size_t lda, const int8_t *panels, size_t panel,
                     const sbj_int8_scales *scales, float *c, size_t ldc, bool add)
{
    static const float none[PANEL]; /* never read: lets a pointer move on */
    place p = {a, lda, scales == NULL ? NULL : scales->row, scales == NULL ? none : scales->column, c, ldc, add};
    for (size_t j = 0; j < n; j += PANEL, panels += panel, p.c += PANEL) {
        panel_tiles(m, n - j < PANEL ? n - j : PANEL, pairs, panels, p);
        p.column_scales += scales == NULL ? 0 : PANEL;
    }
}

extern const sbj_int8_kernels SBJ_PER_ISA(sbj_int8_kernels);
const sbj_int8_kernels SBJ_PER_ISA(sbj_int8_kernels) = {quantize, pack_panels, multiply};
