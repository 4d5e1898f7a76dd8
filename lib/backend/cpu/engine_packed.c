/* Engine packed: our own kernels (kernel/vec_gemm.c), with constant weights packed once.
 *
 * The result is cut into blocks of ROWS x COLUMNS, each one task. A task goes through k in steps of DEPTH: a step of b, as
 * panels, passes from memory through the second cache once; the step of a, [ROWS, DEPTH], stays in the second cache; one
 * panel at a time is in the first.
 *
 *                    k              COLUMNS
 *               +--------+         +--------+
 *        ROWS   | a      |    k    | b      | DEPTH    panels of a step: COLUMNS / panel_columns of
 *               +--------+         |--------|          [DEPTH, panel_columns]
 *                 DEPTH            +--------+
 *
 * A packed b is the panels of all steps of the first COLUMNS columns, then those of the next. What is not packed (gradients,
 * and weights in training, which change at each step) is packed by each task for itself into its thread's scratch: a
 * copy of (ROWS + COLUMNS) DEPTH elements for ROWS COLUMNS DEPTH products.
 *
 * Every sum goes through k in the same steps in the same order, so an element's bits depend on its row of a and its column
 * of b alone: not on m, n, the block, the threads, or who packed. */
#include <stdio.h>

#include "backend/cpu/cpu.h"

enum { ROWS = 192, COLUMNS = 192, DEPTH = 256 };

static void describe(char *text, size_t room)
{
    snprintf(text, room, "packed");
}

static size_t round_up(size_t n, size_t unit)
{
    return sbj_pieces(n, unit) * unit;
}

static size_t tiles_size(const sbj_kernels *kernels)
{
    return sbj_lines(round_up(ROWS, kernels->gemm->tile_rows) * DEPTH);
}

static size_t scratch(const sbj_kernels *kernels)
{
    return tiles_size(kernels) + sbj_lines(round_up(COLUMNS, kernels->gemm->panel_columns) * DEPTH);
}

/* ---- Packing ------------------------------------------------------------------------------------------------------ */

/* COLUMNS is a whole number of panels for every instruction set, so only the last columns are filled up. */
static size_t packed_size(const sbj_kernels *kernels, size_t k, size_t n)
{
    return k * round_up(n, kernels->gemm->panel_columns);
}

typedef struct packing {
    const sbj_kernels *kernels;
    sbj_operand b;
    size_t k, n;
    float *packed;
} packing;

static void pack_columns(void *context, size_t task, int thread)
{
    const packing *p = context;
    size_t first = task * COLUMNS, n = sbj_piece_length(p->n, COLUMNS, task);
    float *at = p->packed + first * p->k;
    (void)thread;
    for (size_t k = 0; k < p->k; k += DEPTH) {
        size_t depth = p->k - k < DEPTH ? p->k - k : DEPTH;
        p->kernels->gemm->pack_panels(sbj_operand_at(p->b, k, first), depth, n, at);
        at += packed_size(p->kernels, depth, n);
    }
}

static void pack(const sbj_kernels *kernels, sbj_pool *pool, sbj_operand b, size_t k, size_t n, float *packed)
{
    packing p = {kernels, b, k, n, packed};
    sbj_pool_run(pool, sbj_pieces(n, COLUMNS), pack_columns, &p);
}

/* ---- Products ----------------------------------------------------------------------------------------------------- */

typedef struct work {
    const sbj_kernels *kernels;
    const sbj_product *products;
    sbj_finish finish;
    void *context;
    float *scratch;
} work;

static size_t blocks_of(const sbj_product *p)
{
    return sbj_pieces(p->m, ROWS) * sbj_pieces(p->n, COLUMNS);
}

/* The left side of a step: rows that lie in memory are read where they are, others are packed. */
static sbj_left left_of(const sbj_gemm_kernels *gemm, sbj_operand a, size_t m, size_t k, float *tiles)
{
    if (a.column == 1)
        return (sbj_left){a.at, gemm->tile_rows * a.row, a.row, 1};
    gemm->pack_tiles(a, m, k, tiles);
    return (sbj_left){tiles, gemm->tile_rows * k, 1, gemm->tile_rows};
}

static void compute(const work *w, const sbj_product *p, size_t row, size_t m, size_t column, size_t n, float *memory)
{
    const sbj_gemm_kernels *gemm = w->kernels->gemm;
    float *tiles = memory, *panels = memory + tiles_size(w->kernels);
    const float *packed = p->packed == NULL ? NULL : p->packed + column * p->k;
    for (size_t k = 0; k < p->k; k += DEPTH) {
        size_t depth = p->k - k < DEPTH ? p->k - k : DEPTH;
        sbj_left left = left_of(gemm, sbj_operand_at(p->a, row, k), m, depth, tiles);
        if (packed == NULL)
            gemm->pack_panels(sbj_operand_at(p->b, k, column), depth, n, panels);
        gemm->multiply(m, n, depth, left, packed == NULL ? panels : packed, p->c + row * p->ldc + column, p->ldc,
                       p->add || k > 0);
        if (packed != NULL)
            packed += packed_size(w->kernels, depth, n);
    }
}

/* Block number `task` of all products, one product after another. */
static void do_block(void *context, size_t task, int thread)
{
    const work *w = context;
    size_t index = 0;
    for (; task >= blocks_of(&w->products[index]); index++)
        task -= blocks_of(&w->products[index]);
    const sbj_product *p = &w->products[index];
    size_t down = sbj_pieces(p->m, ROWS), row = task % down, column = task / down;
    size_t m = sbj_piece_length(p->m, ROWS, row), n = sbj_piece_length(p->n, COLUMNS, column);
    compute(w, p, row * ROWS, m, column * COLUMNS, n, w->scratch + (size_t)thread * scratch(w->kernels));
    if (w->finish != NULL)
        w->finish(w->context, index, row * ROWS, m, column * COLUMNS, n);
}

static void multiply(const sbj_kernels *kernels, sbj_pool *pool, const sbj_product *products, size_t count,
                     sbj_finish finish, void *context, float *memory)
{
    work w = {kernels, products, finish, context, memory};
    size_t blocks = 0;
    for (size_t i = 0; i < count; i++)
        blocks += blocks_of(&products[i]);
    sbj_pool_run(pool, blocks, do_block, &w);
}

const sbj_engine sbj_engine_packed = {"packed", describe, scratch, packed_size, pack, multiply};
