/* The tables of vector kernels, one set of tables for each instruction set. The files in kernel/ are compiled once for each
 * set that they differ in, and each ends with its table; isa.c picks a set.
 *
 * Kernels work on one row, one head or one block, allocate nothing and know nothing of threads: the files beside this
 * one cut the work. Rows need no alignment and may have any width. `n` counts elements of a row, `ld` is the distance
 * between rows. */
#ifndef SBJ_KERNELS_H
#define SBJ_KERNELS_H

#include "backend/dropout.h"

/* ---- Matrix products (vec_gemm.c) -------------------------------------------------------------------------------- */

/* A matrix as it lies in memory: element (i, j) is at[i * row + j * column]. A transpose swaps the two strides. */
typedef struct sbj_operand {
    const float *at;
    size_t row, column;
} sbj_operand;

static inline sbj_operand sbj_operand_at(sbj_operand o, size_t row, size_t column)
{
    return (sbj_operand){o.at + row * o.row + column * o.column, o.row, o.column};
}

/* The left side of a product, cut into tiles of rows: element (i, k) of tile t is at[t * tile + i * row + k * step]. Where
 * step is 1 rows follow each other without tiles: row i is at[i * row]. */
typedef struct sbj_left {
    const float *at;
    size_t tile, row, step;
} sbj_left;

typedef struct sbj_gemm_kernels {
    size_t tile_rows, panel_columns;

    /* b [k, n] as panels of `panel_columns` columns, each [k, panel_columns], filled up with zeros: `panels` takes
     * k * (n rounded up) floats. */
    void (*pack_panels)(sbj_operand b, size_t k, size_t n, float *panels);
    /* The same, rounded to bf16, where both sides cannot be narrow, in half as many floats: word j of a row has columns
     * j and j + panel_columns / 2. */
    void (*pack_panels_bf16)(sbj_operand b, size_t k, size_t n, float *panels);
    /* a [m, k], whose columns lie in memory (a.row is 1), as tiles of `tile_rows` rows, each [k, tile_rows]. `tiles`
     * takes k * (m rounded up) floats. */
    void (*pack_tiles)(sbj_operand a, size_t m, size_t k, float *tiles);
    /* c [m, n] = a [m, k] b [k, n], or added to c. */
    void (*multiply)(size_t m, size_t n, size_t k, sbj_left a, const float *panels, float *c, size_t ldc, bool add);
    void (*multiply_bf16)(size_t m, size_t n, size_t k, sbj_left a, const float *panels, float *c, size_t ldc,
                          bool add);
} sbj_gemm_kernels;

/* ---- Matrix products of narrow numbers (vec_gemm_int8.c, vec_gemm_bf16.c) ---------------------------------------- */

/* Both sides are narrow, in groups along k: a group of the left side is one word of 32 bits, and meets the group of a
 * column at once. The last group is filled up with zeros.
 *
 * int8: q = round(x / scale), from -127 to 127, where scale = max|x| / 127: of a row of a, of a column of b. Sums are
 * exact for a k of at most SBJ_INT8_MOST_K. bf16: products are exact, sums in f32, in an order that k alone decides. */
enum { SBJ_INT8_MOST_K = 1 << 17 };

/* What turns the sums of a row of int8 into numbers: (sum + offset) scale, and the scale of the column. */
typedef struct sbj_narrow_row {
    float scale;
    int32_t offset;
} sbj_narrow_row;

typedef struct sbj_narrow_scales {
    const sbj_narrow_row *row;
    const float *column;
} sbj_narrow_scales;

typedef struct sbj_narrow_kernels {
    size_t group, group_bytes; /* numbers in a group; bytes of a group of b */
    bool scaled;               /* int8 */
    size_t block_rows;         /* of a block of c: so many use what is in cache of b */

    /* A row of a, n numbers, as words. In int8 a NaN or an infinity makes the scale NaN. */
    sbj_narrow_row (*narrow)(const float *x, size_t n, uint32_t *words);
    /* a [m, k], whose columns lie in memory (a.row is 1), as words, rows `ld` words apart. NULL in int8. */
    void (*narrow_columns)(sbj_operand a, size_t m, size_t k, uint32_t *words, size_t ld);
    /* b [k, n], whose columns lie in memory (b.row is 1), in bf16 its columns or its rows, as panels of `panel_columns`
     * columns (those of the gemm kernels), each [groups of k, panel_columns, group]; and, if scaled, the scales of the
     * columns. Both are filled up with zeros. */
    void (*pack_panels)(sbj_operand b, size_t k, size_t n, float *scales, void *panels);
    /* A step of c [m, n] = a [m, k] b [k, n], m > 0: `groups` of k. `panels` is where the first panel has the step, `panel`
     * the bytes from a panel to the next. c holds the sums themselves, in 32 bits, until the last step, which is the
     * one that gets the scales, if scaled; `add`: c has something to add to, from the step before or the caller. */
    void (*multiply)(size_t m, size_t n, size_t groups, const uint32_t *a, size_t lda, const void *panels, size_t panel,
                     const sbj_narrow_scales *scales, float *c, size_t ldc, bool add);
} sbj_narrow_kernels;

/* ---- Rows -------------------------------------------------------------------------------------------------------- */

/* vec_activation.c */
typedef struct sbj_activation_kernels {
    /* y [m, n] = activation(y + bias); before that, pre = y + bias. bias and pre may be NULL. `rough`, without pre: an
     * error of 5e-6 is small enough, since what comes next rounds to bf16 or int8 */
    void (*forward)(sbj_activation activation, bool rough, size_t m, size_t n, const float *bias, float *pre,
                    size_t ldpre, float *y, size_t ldy);
    /* dy *= activation'(pre) */
    void (*backward)(sbj_activation activation, const float *pre, float *dy, size_t n);
} sbj_activation_kernels;

/* vec_norm.c */
typedef struct sbj_norm_kernels {
    /* y = gamma (x - mean)/sqrt(var + eps) + beta; stats (may be NULL) = {mean, 1/sqrt(var + eps)}; x and y may be the
     * same */
    void (*forward)(const float *x, const float *gamma, const float *beta, float eps, float *stats, float *y, size_t n);
    /* dx = r (g - mean(g) - h mean(g h)) where g = gamma dy, h = (x - mean) r; dgamma += dy h, dbeta += dy; dx and dy
     * may be the same */
    void (*backward)(const float *x, const float *stats, const float *gamma, const float *dy, float *dx, float *dgamma,
                     float *dbeta, size_t n);
    /* y = x / max(|x|, 1e-12); x and y may be the same */
    void (*normalize)(const float *x, float *y, size_t n);
    /* dx = (dy - y (y . dy)) / |x| where y = x/|x|, or dy / 1e-12 for a shorter x; dx and dy may be the same */
    void (*normalize_backward)(const float *x, const float *dy, float *dx, size_t n);
} sbj_norm_kernels;

/* vec_rows.c */
typedef struct sbj_row_kernels {
    /* y += x */
    void (*add)(float *y, const float *x, size_t n);
    /* y += a x */
    void (*add_scaled)(float *y, const float *x, float a, size_t n);
    /* y = a x; x and y may be the same */
    void (*scale)(float *y, const float *x, float a, size_t n);
    /* y = (a + b) + c */
    void (*sum3)(float *y, const float *a, const float *b, const float *c, size_t n);
    /* y = x f; x and y may be the same */
    void (*multiply)(float *y, const float *x, const float *f, size_t n);
    /* y = (x + bias) f + residual; bias and f may be NULL; y may be any of them */
    void (*drop_add)(float *y, const float *x, const float *bias, const float *f, const float *residual, size_t n);
    /* where x > y: y = x, place = row; place may be NULL */
    void (*take_larger)(float *y, int32_t *place, const float *x, int32_t row, size_t n);
    /* total += the sum of the rows of x [m, n], in groups of rows so that rounding stays small */
    void (*column_sums)(const float *x, size_t ld, size_t m, size_t n, float *total);
    /* the factors of a row's columns `first` to first+n-1, 0 or the mask's scale, to `room` of n + SBJ_MASK_ROOM
     * floats; the result points to that of `first` */
    const float *(*mask)(const sbj_mask *mask, size_t row, size_t first, size_t n, float *room);
} sbj_row_kernels;
enum { SBJ_MASK_ROOM = 64 };

/* ---- Attention (vec_attention.c) --------------------------------------------------------------------------------- */

/* One head of one sentence. */
typedef struct sbj_head {
    size_t length, size; /* tokens of the sentence, columns of a head */
    const float *q, *k, *v;
    size_t ld;
    float scale;          /* 1/sqrt(size) */
    const sbj_mask *mask; /* NULL: no dropout */
    size_t row, column;   /* of dropout: the sentence's first token in the batch, the head's first column */
} sbj_head;

typedef struct sbj_attention_kernels {
    size_t (*scratch)(size_t length, size_t size, bool backward); /* floats */
    /* lse, one in every `ldlse`, may be NULL */
    void (*forward)(const sbj_head *head, float *y, size_t ldy, float *lse, size_t ldlse, float *scratch);
    /* dq, dk and dv have rows `lddq` apart */
    void (*backward)(const sbj_head *head, const float *lse, size_t ldlse, const float *dy, size_t ldy, float *dq,
                     float *dk, float *dv, size_t lddq, float *scratch);
} sbj_attention_kernels;

/* ---- The parameter arena (vec_arena.c) --------------------------------------------------------------------------- */

/* One step of AdamW, its numbers worked out in double beforehand: with g = gradient * grad_scale
 *   p -= decay_before p;  m += (1 - beta1)(g - m);  v = beta2 v + (1 - beta2) g g;
 *   p -= rate m / (root sqrt(v) + eps);  p -= decay_after p;  gradient = 0
 * Decay is a difference, not a factor 1 - decay, which a float would round to steps of 6e-8. A decay of 0 leaves p as
 * it is, also -0. */
typedef struct sbj_adamw_step {
    float decay_before, decay_after, one_minus_beta1, beta2, one_minus_beta2, rate, root, eps, grad_scale;
} sbj_adamw_step;

/* A sum is kept in lanes, added up at the end: element number i of an arena belongs to lane i % SBJ_LANES, so that the
 * order of additions depends neither on the vector's width nor on where a sum is interrupted. */
enum { SBJ_LANES = 16 };

typedef struct sbj_arena_kernels {
    /* lanes += x x, the first of x being element number `place` */
    void (*add_squares)(const float *x, size_t place, size_t n, double *lanes);
    void (*adamw)(const sbj_adamw_step *step, float *p, float *gradient, float *m, float *v, size_t n);
    /* What adamw does where gradient, m and v are 0, without reading them. */
    void (*decay)(const sbj_adamw_step *step, float *p, size_t n);
} sbj_arena_kernels;

/* ---- One instruction set ----------------------------------------------------------------------------------------- */

typedef struct sbj_kernels {
    const char *name;
    const sbj_gemm_kernels *gemm;
    const sbj_narrow_kernels *int8;
    const sbj_narrow_kernels *bf16; /* NULL: the left side stays in f32 (sbj_gemm_kernels) */
    const sbj_activation_kernels *activation;
    const sbj_norm_kernels *norm;
    const sbj_row_kernels *rows;
    const sbj_attention_kernels *attention;
    const sbj_attention_kernels *attention_bf16; /* products in bf16; no dropout, lse or backward. NULL: f32 is as fast */
    const sbj_arena_kernels *arena;
} sbj_kernels;

#endif
