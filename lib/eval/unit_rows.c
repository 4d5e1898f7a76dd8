/* Scaling rows and multiplying blocks of them. The lanes are four floats wide, which every x86-64 and Arm processor
 * has: 2 x 4 rows at a time keep eight sums in registers, and each value that is loaded is used two or four times. */
#include "eval/unit_rows.h"

#include <math.h>
#include <string.h>

typedef float lanes __attribute__((vector_size(16)));

enum { LANES = 4, A_ROWS = 2, B_ROWS = 4 };

size_t sbj_unit_width(size_t dimension)
{
    size_t width;
    return sbj_add(dimension, LANES - 1, &width) ? width / LANES * LANES : 0;
}

sbertja_status sbj_inverse_lengths(const char *name, const float *rows, size_t count, size_t dimension, double *inverse,
                                   sbertja_error *error)
{
    for (size_t i = 0; i < count; i++) {
        double square = 0;
        for (size_t d = 0; d < dimension; d++)
            square += (double)rows[i * dimension + d] * (double)rows[i * dimension + d];
        if (!isfinite(square)) /* squares of finite floats are far below the largest double */
            return sbj_fail(error, SBERTJA_E_ARGUMENT, "%s: row %zu has a value that is not finite", name, i);
        inverse[i] = square > 0 ? 1 / sqrt(square) : 0;
    }
    return SBERTJA_OK;
}

void sbj_unit_block(const float *rows, const double *inverse, size_t count, size_t dimension, size_t width,
                    float *block)
{
    memset(block, 0, SBJ_UNIT_BLOCK * width * sizeof *block);
    for (size_t i = 0; i < count; i++)
        for (size_t d = 0; d < dimension; d++)
            block[i * width + d] = (float)((double)rows[i * dimension + d] * inverse[i]);
}

static inline lanes load(const float *at)
{
    lanes value;
    memcpy(&value, at, sizeof value);
    return value;
}

static inline float sum_of(lanes s)
{
    return (s[0] + s[1]) + (s[2] + s[3]);
}

static void product_tile(const float *a, const float *b, size_t width, lanes sums[A_ROWS][B_ROWS])
{
    lanes s00 = {0}, s01 = s00, s02 = s00, s03 = s00, s10 = s00, s11 = s00, s12 = s00, s13 = s00;
    for (size_t d = 0; d < width; d += LANES) {
        lanes a0 = load(a + d), a1 = load(a + width + d);
        lanes b0 = load(b + d), b1 = load(b + width + d), b2 = load(b + 2 * width + d), b3 = load(b + 3 * width + d);
        s00 += a0 * b0, s01 += a0 * b1, s02 += a0 * b2, s03 += a0 * b3;
        s10 += a1 * b0, s11 += a1 * b1, s12 += a1 * b2, s13 += a1 * b3;
    }
    sums[0][0] = s00, sums[0][1] = s01, sums[0][2] = s02, sums[0][3] = s03;
    sums[1][0] = s10, sums[1][1] = s11, sums[1][2] = s12, sums[1][3] = s13;
}

void sbj_unit_products(const float *a, size_t a_count, const float *b, size_t width,
                       float out[SBJ_UNIT_BLOCK][SBJ_UNIT_BLOCK])
{
    lanes sums[A_ROWS][B_ROWS];
    for (size_t i = 0; i < a_count; i += A_ROWS)
        for (size_t j = 0; j < SBJ_UNIT_BLOCK; j += B_ROWS) {
            product_tile(a + i * width, b + j * width, width, sums);
            for (size_t k = 0; k < A_ROWS; k++)
                for (size_t l = 0; l < B_ROWS; l++)
                    out[i + k][j + l] = sum_of(sums[k][l]);
        }
}

void sbj_unit_row_products(const float *a, const float *b, size_t width, float out[SBJ_UNIT_BLOCK])
{
    for (size_t j = 0; j < SBJ_UNIT_BLOCK; j += B_ROWS) {
        const float *b0 = b + j * width, *b1 = b0 + width, *b2 = b1 + width, *b3 = b2 + width;
        lanes s0 = {0}, s1 = s0, s2 = s0, s3 = s0;
        for (size_t d = 0; d < width; d += LANES) {
            lanes a0 = load(a + d);
            s0 += a0 * load(b0 + d), s1 += a0 * load(b1 + d), s2 += a0 * load(b2 + d), s3 += a0 * load(b3 + d);
        }
        out[j] = sum_of(s0), out[j + 1] = sum_of(s1), out[j + 2] = sum_of(s2), out[j + 3] = sum_of(s3);
    }
}
