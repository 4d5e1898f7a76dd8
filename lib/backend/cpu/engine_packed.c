/* Engine packed: our own kernels (kernel/vec_gemm.c), with constant weights packed once.
 *
 * The result is cut into blocks of ROWS x COLUMNS, NARROW columns, or between them for a few rows, each one task. A task
 * goes through k in steps of DEPTH: a step of b, as panels, passes from memory through the second cache once; the step
 * of a, [ROWS, DEPTH], stays in the second cache; one panel at a time is in the first.
 *
 *                    k              COLUMNS
 *               +--------+         +--------+
 *        ROWS   | a      |    k    | b      | DEPTH    panels of a step: COLUMNS / panel_columns of
 *               +--------+         |--------|          [DEPTH, panel_columns]
 *                 DEPTH            +--------+
 *
 * A packed b is the panels of all steps of the first COLUMNS columns, then those of the next. A b that did not come
 * packed (gradients, and weights in training, which change at each step) is packed into scratch before the products, if
 * several blocks of rows would need it and there is room; else each task packs what it needs for itself, and is wider
 * then, so that the same part of a is not packed too often.
 *
 * A b in bf16 is packed in the same way, in half the memory, and widened by the kernel. In int8, and in bf16 where the
 * instruction set multiplies it, all is other: engine_narrow.c.
 *
 * Every sum goes through k in the same steps in the same order, so an element's bits depend on its row of a and its
 * column of b alone: not on m, n, the block, the threads, or who packed. The sizes were found by trying. */
#include <stdio.h>

#include "backend/cpu/cpu.h"
#include "backend/cpu/engine_narrow.h"

enum { ROWS = 96, COLUMNS = 768, NARROW = 96, DEPTH = 384 };

static void describe(const sbj_cpu *cpu, char *text, size_t room)
{
    (void)cpu;
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

/* Of a thread: tiles of a step of a | panels of a step of b. */
static size_t thread_size(const sbj_kernels *kernels)
{
    return tiles_size(kernels) + sbj_lines(round_up(COLUMNS, kernels->gemm->panel_columns) * DEPTH);
}

/* In training also the largest weight, packed; those of query, key and value count as one. */
static size_t scratch(const sbj_kernels *kernels, sbj_precision precision, const sbj_extent *extent, size_t threads)
{
    const sbj_narrow_kernels *narrow = sbj_narrow_of(kernels, precision);
    size_t narrow_floats = narrow != NULL ? sbj_narrow_scratch(kernels, narrow, extent) : 0;
    size_t unit = kernels->gemm->panel_columns;
    size_t side_by_side = SBJ_PARTS * extent->hidden;
    size_t widest = round_up(side_by_side > extent->inner ? side_by_side : extent->inner, unit);
    size_t floats = threads * thread_size(kernels) + (extent->training ? round_up(extent->hidden, unit) * widest : 0);
    return floats > narrow_floats ? floats : narrow_floats;
}

/* ---- Packing ----------------------------------------------------------------------------------------------------- */

/* COLUMNS and NARROW are whole numbers of panels for every instruction set: only the last columns are filled up. */
static size_t panels_size(const sbj_kernels *kernels, bool bf16, size_t k, size_t n)
{
    return k * round_up(n, kernels->gemm->panel_columns) / (bf16 ? 2 : 1);
}

static size_t packed_size(const sbj_kernels *kernels, sbj_precision precision, size_t k, size_t n)
{
    const sbj_narrow_kernels *narrow = sbj_narrow_of(kernels, precision);
    return narrow != NULL ? sbj_narrow_size(kernels, narrow, k, n)
                          : panels_size(kernels, precision == SBJ_PRECISION_BF16, k, n);
}

/* Where the step that begins at k has the panel that begins at `column`, in a packed b [p_k, p_n]. */
static size_t packed_place(const sbj_kernels *kernels, bool bf16, size_t p_k, size_t p_n, size_t k, size_t column)
{
    size_t group = column / COLUMNS, width = sbj_piece_length(p_n, COLUMNS, group);
    size_t depth = sbj_piece_length(p_k, DEPTH, k / DEPTH);
    return panels_size(kernels, bf16, p_k, group * COLUMNS) + panels_size(kernels, bf16, k, width) +
           panels_size(kernels, bf16, depth, column % COLUMNS);
}

typedef struct packing {
    const sbj_kernels *kernels;
    bool bf16;
    sbj_operand b;
    size_t k, n;
    float *packed;
} packing;

/* A task: one step of one group of columns. */
static void pack_step(void *context, size_t task, int thread)
{
    const packing *p = context;
    size_t steps = sbj_pieces(p->k, DEPTH), step = task % steps, group = task / steps;
    size_t k = step * DEPTH, column = group * COLUMNS;
    const sbj_gemm_kernels *gemm = p->kernels->gemm;
    (void)thread;
    (p->bf16 ? gemm->pack_panels_bf16 : gemm->pack_panels)(
        sbj_operand_at(p->b, k, column), sbj_piece_length(p->k, DEPTH, step), sbj_piece_length(p->n, COLUMNS, group),
        p->packed + packed_place(p->kernels, p->bf16, p->k, p->n, k, column));
}

static void pack(const sbj_kernels *kernels, sbj_pool *pool, sbj_precision precision, sbj_operand b, size_t k, size_t n,
                 float *packed)
{
    const sbj_narrow_kernels *narrow = sbj_narrow_of(kernels, precision);
    packing p = {kernels, precision == SBJ_PRECISION_BF16, b, k, n, packed};
    if (narrow != NULL)
        sbj_narrow_pack(kernels, narrow, pool, b, k, n, packed);
    else
        sbj_pool_run(pool, sbj_pieces(n, COLUMNS) * sbj_pieces(k, DEPTH), pack_step, &p);
}

/* ---- Products ---------------------------------------------------------------------------------------------------- */

typedef struct work {
    const sbj_kernels *kernels;
    const sbj_product *products;
    const float *packed[SBJ_MOST_PRODUCTS]; /* b of each product, or NULL: each task packs for itself */
    sbj_finish finish;
    void *context;
    float *scratch;
    size_t threads;
    size_t across; /* blocks of all products beside one another */
} work;

/* Wide where a task has something to pack. */
static size_t block_columns(const work *w, size_t index)
{
    const sbj_product *p = &w->products[index];
    if (p->m <= SBJ_FEW_ROWS)
        return sbj_block_for_few(p->n, w->threads, NARROW, COLUMNS);
    return p->m > ROWS && (w->packed[index] == NULL || p->a.column != 1) ? COLUMNS : NARROW;
}

/* Blocks beside one another. */
static size_t across(const work *w, size_t index)
{
    return sbj_pieces(w->products[index].n, block_columns(w, index));
}

/* The left side of a step: rows that lie in memory are read where they are, others are packed. */
static sbj_left left_of(const sbj_gemm_kernels *gemm, sbj_operand a, size_t m, size_t k, float *tiles)
{
    if (a.column == 1)
        return (sbj_left){a.at, gemm->tile_rows * a.row, a.row, 1};
    gemm->pack_tiles(a, m, k, tiles);
    return (sbj_left){tiles, gemm->tile_rows * k, 1, gemm->tile_rows};
}

/* The panels of a step, which begins at k, for a block's columns: from the packed b, or packed now. */
static const float *panels_of(const work *w, size_t index, size_t k, size_t depth, size_t column, size_t n, float *room)
{
    const sbj_product *p = &w->products[index];
    if (w->packed[index] != NULL)
        return w->packed[index] + packed_place(w->kernels, p->precision == SBJ_PRECISION_BF16, p->k, p->n, k, column);
    w->kernels->gemm->pack_panels(sbj_operand_at(p->b, k, column), depth, n, room);
    return room;
}

/* A block of c. */
static void compute(const work *w, size_t index, size_t row, size_t m, size_t column, size_t n, float *memory)
{
    const sbj_gemm_kernels *gemm = w->kernels->gemm;
    const sbj_product *p = &w->products[index];
    float *tiles = memory, *room = memory + tiles_size(w->kernels);
    for (size_t k = 0; k < p->k; k += DEPTH) {
        size_t depth = sbj_piece_length(p->k, DEPTH, k / DEPTH);
        sbj_left left = left_of(gemm, sbj_operand_at(p->a, row, k), m, depth, tiles);
        const float *panels = panels_of(w, index, k, depth, column, n, room);
        (p->precision == SBJ_PRECISION_BF16 ? gemm->multiply_bf16 : gemm->multiply)(
            m, n, depth, left, panels, p->c + row * p->ldc + column, p->ldc, p->add || k > 0);
    }
}

/* Block number `task`: rows from top to bottom, and of each row of blocks those of all products. So a thread's share of
 * the tasks is a part of the rows, and mostly that which it had in the operation before. */
static void do_block(void *context, size_t task, int thread)
{
    const work *w = context;
    size_t index = 0, down = task / w->across, left = task % w->across;
    for (; left >= across(w, index); index++)
        left -= across(w, index);
    const sbj_product *p = &w->products[index];
    size_t row = down * ROWS, m = sbj_piece_length(p->m, ROWS, down);
    size_t width = block_columns(w, index), column = left * width, n = sbj_piece_length(p->n, width, left);
    compute(w, index, row, m, column, n, w->scratch + (size_t)thread * thread_size(w->kernels));
    if (w->finish != NULL)
        w->finish(w->context, index, row, m, column, n);
}

/* The packed form of b: what came with the product, or made now, in the free floats at `*room`. */
static const float *packed_of(const sbj_kernels *kernels, sbj_pool *pool, const sbj_product *p, float **room,
                              size_t *free)
{
    size_t size = sbj_lines(panels_size(kernels, false, p->k, p->n));
    if (p->packed != NULL || p->m <= ROWS || size > *free)
        return p->packed;
    float *packed = *room;
    pack(kernels, pool, SBJ_PRECISION_F32, p->b, p->k, p->n, packed);
    *room += size;
    *free -= size;
    return packed;
}

static void multiply(const sbj_cpu *cpu, sbj_pool *pool, const sbj_product *products, size_t count, sbj_finish finish,
                     void *context, float *memory, size_t floats)
{
    const sbj_kernels *kernels = cpu->kernels;
    if (sbj_narrow_of(kernels, products[0].precision) != NULL) {
        sbj_narrow_multiply(kernels, pool, products, count, finish, context, memory);
        return;
    }
    work w = {kernels, products, {NULL}, finish, context, memory, (size_t)sbj_pool_threads(pool), 0};
    size_t used = w.threads * thread_size(kernels);
    float *room = memory + used;
    size_t left = floats - used;
    for (size_t i = 0; i < count; i++) {
        w.packed[i] = packed_of(kernels, pool, &products[i], &room, &left);
        w.across += across(&w, i);
    }
    sbj_pool_run(pool, sbj_pieces(products[0].m, ROWS) * w.across, do_block, &w);
}

const sbj_engine sbj_engine_packed = {"packed", NULL, describe, scratch, packed_size, pack, multiply};
