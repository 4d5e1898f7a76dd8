/* Vectors scaled to length 1 and laid out for many scalar products at once, which then are cosines.
 *
 * A block is `SBJ_UNIT_BLOCK` rows of `width` floats, zeros after `dimension` and after the last row, so that the loops
 * have no remainders. The product of two rows has the same bits wherever in a block they stand. */
#ifndef SBJ_UNIT_ROWS_H
#define SBJ_UNIT_ROWS_H

#include "util/alloc.h"

enum { SBJ_UNIT_BLOCK = 32 };

size_t sbj_unit_width(size_t dimension); /* 0 when it does not fit */
/* 1 / length of each row, 0 for a row of zeros. A row with a value that is not finite is _E_ARGUMENT: "corpus:
 * row 3...". */
sbertja_status sbj_inverse_lengths(const char *name, const float *rows, size_t count, size_t dimension, double *inverse,
                                   sbertja_error *error);
/* Fills one block with the first `count` rows; count <= SBJ_UNIT_BLOCK. */
void sbj_unit_block(const float *rows, const double *inverse, size_t count, size_t dimension, size_t width,
                    float *block);
/* out[i][j] = product of row i of block `a` and row j of block `b`, for the first a_count rows of `a` at least. */
void sbj_unit_products(const float *a, size_t a_count, const float *b, size_t width,
                       float out[SBJ_UNIT_BLOCK][SBJ_UNIT_BLOCK]);
/* The same, to the last bit, for one row `a`. */
void sbj_unit_row_products(const float *a, const float *b, size_t width, float out[SBJ_UNIT_BLOCK]);

#endif
