/* Products in int8: the rows of a are quantized once for all products of a call, then blocks of the results are tasks.
 *
 * A packed b is the scales of its columns, then panels of panel_columns columns, each with all of k in pairs. Going
 * through k, a panel passes by in steps that stay in the first cache; unlike in f32 the sums are exact, so the steps
 * are no part of the result. */
#include "backend/cpu/engine_int8.h"

#include "backend/cpu/cpu.h"

enum {
    BLOCK_ROWS = 96,
    BLOCK_COLUMNS = 96,
    STEP = 1536, /* of k */
    PANELS = 8   /* in a task of packing */
};

static size_t whole_pairs(size_t k)
{
    return k + k % 2;
}

static size_t scales_size(const sbj_kernels *kernels, size_t n)
{
    size_t unit = kernels->gemm->panel_columns;
    return sbj_lines(sbj_pieces(n, unit) * unit);
}

static size_t panel_bytes(const sbj_kernels *kernels, size_t k)
{
    return whole_pairs(k) * kernels->gemm->panel_columns;
}

static const int8_t *panels_of(const sbj_kernels *kernels, const float *packed, size_t k, size_t n, size_t column)
{
    return (const int8_t *)(packed + scales_size(kernels, n)) +
           column / kernels->gemm->panel_columns * panel_bytes(kernels, k);
}

/* panel_columns is a multiple of 4 and pairs are of 2: whole floats. */
size_t sbj_int8_size(const sbj_kernels *kernels, size_t k, size_t n)
{
    return scales_size(kernels, n) +
           sbj_pieces(n, kernels->gemm->panel_columns) * panel_bytes(kernels, k) / sizeof(float);
}

/* ---- Packing ----------------------------------------------------------------------------------------------------- */

typedef struct packing {
    const sbj_kernels *kernels;
    sbj_operand b;
    size_t k, n;
    float *packed;
} packing;

static void pack_some(void *context, size_t task, int thread)
{
    const packing *p = context;
    size_t width = PANELS * p->kernels->gemm->panel_columns, column = task * width;
    (void)thread;
    p->kernels->int8->pack_panels(sbj_operand_at(p->b, 0, column), p->k, sbj_piece_length(p->n, width, task),
                                  p->packed + column, (int8_t *)panels_of(p->kernels, p->packed, p->k, p->n, column));
}

void sbj_int8_pack(const sbj_kernels *kernels, sbj_pool *pool, sbj_operand b, size_t k, size_t n, float *packed)
{
    packing p = {kernels, b, k, n, packed};
    size_t used = sbj_pieces(n, kernels->gemm->panel_columns) * kernels->gemm->panel_columns;
    for (size_t i = used; i < scales_size(kernels, n); i++)
        packed[i] = 0; /* what is never read is no accident either: it may go to a file */
    sbj_pool_run(pool, sbj_pieces(n, PANELS * kernels->gemm->panel_columns), pack_some, &p);
}

/* ---- Products ---------------------------------------------------------------------------------------------------- */

/* Scratch: the scales of a's rows | its rows, in 16 bits. */
size_t sbj_int8_scratch(const sbj_extent *extent)
{
    size_t widest = extent->hidden > extent->inner ? extent->hidden : extent->inner;
    return sbj_lines(extent->tokens) + sbj_lines(extent->tokens * whole_pairs(widest) / 2);
}

typedef struct work {
    const sbj_kernels *kernels;
    const sbj_product *products;
    sbj_finish finish;
    void *context;
    float *scales;
    int16_t *rows;
    size_t ld; /* of the rows */
} work;

static void quantize_rows(void *context, size_t task, int thread)
{
    const work *w = context;
    const sbj_product *p = &w->products[0];
    (void)thread;
    for (size_t i = 0; i < sbj_piece_length(p->m, SBJ_ROWS, task); i++) {
        size_t row = task * SBJ_ROWS + i;
        w->scales[row] = w->kernels->int8->quantize(p->a.at + row * p->a.row, p->k, w->rows + row * w->ld);
    }
}

static size_t blocks_of(const sbj_product *p)
{
    return sbj_pieces(p->m, BLOCK_ROWS) * sbj_pieces(p->n, BLOCK_COLUMNS);
}

/* A block of c. */
static void compute(const work *w, const sbj_product *p, size_t row, size_t m, size_t column, size_t n)
{
    const int8_t *panels = panels_of(w->kernels, p->packed, p->k, p->n, column);
    const int16_t *rows = w->rows + row * w->ld;
    sbj_int8_scales scales = {w->scales + row, p->packed + column};
    float *c = p->c + row * p->ldc + column;
    for (size_t k = 0; k < w->ld; k += STEP) {
        size_t length = sbj_piece_length(w->ld, STEP, k / STEP);
        w->kernels->int8->multiply(m, n, length / 2, rows + k, w->ld, panels + k * w->kernels->gemm->panel_columns,
                                   panel_bytes(w->kernels, p->k), k + length == w->ld ? &scales : NULL, c, p->ldc,
                                   k > 0);
    }
}

/* Block number `task` of all products, one product after another. */
static void do_block(void *context, size_t task, int thread)
{
    const work *w = context;
    size_t index = 0;
    (void)thread;
    for (; task >= blocks_of(&w->products[index]); index++)
        task -= blocks_of(&w->products[index]);
    const sbj_product *p = &w->products[index];
    size_t down = sbj_pieces(p->m, BLOCK_ROWS), across = task / down;
    size_t row = task % down * BLOCK_ROWS, m = sbj_piece_length(p->m, BLOCK_ROWS, task % down);
    size_t column = across * BLOCK_COLUMNS, n = sbj_piece_length(p->n, BLOCK_COLUMNS, across);
    compute(w, p, row, m, column, n);
    if (w->finish != NULL)
        w->finish(w->context, index, row, m, column, n);
}

void sbj_int8_multiply(const sbj_kernels *kernels, sbj_pool *pool, const sbj_product *products, size_t count,
                       sbj_finish finish, void *context, float *scratch)
{
    const sbj_product *first = &products[0];
    work w = {
        kernels, products, finish, context, scratch, (int16_t *)(scratch + sbj_lines(first->m)), whole_pairs(first->k)};
    size_t blocks = 0;
    for (size_t i = 0; i < count; i++)
        blocks += blocks_of(&products[i]);
    sbj_pool_run(pool, sbj_pieces(first->m, SBJ_ROWS), quantize_rows, &w);
    sbj_pool_run(pool, blocks, do_block, &w);
}
