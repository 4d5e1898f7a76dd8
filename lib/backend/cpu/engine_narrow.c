/* Products of narrow numbers: a is made narrow once for all products of a call, then blocks of the results are tasks. A
 * b that did not come packed, as in gradients, is packed into scratch before.
 *
 * A packed b is the scales of its columns (int8), then panels of panel_columns columns, each with all of k in groups.
 * Going through k, a panel passes by in steps that stay in the first cache. In int8 the sums are exact, so the steps
 * are no part of the result; in bf16 the sum goes on from one step to the next as if there were none. */
#include "backend/cpu/engine_narrow.h"

#include "backend/cpu/cpu.h"

enum {
    BLOCK_COLUMNS = 96,
    MOST_COLUMNS = 768, /* with few rows */
    STEP_BYTES = 24576, /* of a panel */
    PANELS = 8,         /* in a task of packing */
    COLUMN_ROWS = 64    /* in a task of making columns narrow */
};

const sbj_narrow_kernels *sbj_narrow_of(const sbj_kernels *kernels, sbj_precision precision)
{
    return precision == SBJ_PRECISION_INT8 ? kernels->int8 : precision == SBJ_PRECISION_BF16 ? kernels->bf16 : NULL;
}

static size_t scales_size(const sbj_kernels *kernels, const sbj_narrow_kernels *narrow, size_t n)
{
    size_t unit = kernels->gemm->panel_columns;
    return narrow->scaled ? sbj_lines(sbj_pieces(n, unit) * unit) : 0;
}

/* A group of all columns of a panel. */
static size_t group_bytes(const sbj_kernels *kernels, const sbj_narrow_kernels *narrow)
{
    return narrow->group_bytes * kernels->gemm->panel_columns;
}

static size_t panel_bytes(const sbj_kernels *kernels, const sbj_narrow_kernels *narrow, size_t k)
{
    return sbj_pieces(k, narrow->group) * group_bytes(kernels, narrow);
}

static const unsigned char *panels_of(const sbj_kernels *kernels, const sbj_narrow_kernels *narrow, const float *packed,
                                      size_t k, size_t n, size_t column)
{
    return (const unsigned char *)(packed + scales_size(kernels, narrow, n)) +
           column / kernels->gemm->panel_columns * panel_bytes(kernels, narrow, k);
}

/* panel_columns is a multiple of 4 and groups are of 2 bytes or 4: whole floats. */
size_t sbj_narrow_size(const sbj_kernels *kernels, const sbj_narrow_kernels *narrow, size_t k, size_t n)
{
    return scales_size(kernels, narrow, n) +
           sbj_pieces(n, kernels->gemm->panel_columns) * panel_bytes(kernels, narrow, k) / sizeof(float);
}

/* ---- Packing ----------------------------------------------------------------------------------------------------- */

typedef struct packing {
    const sbj_kernels *kernels;
    const sbj_narrow_kernels *narrow;
    sbj_operand b;
    size_t k, n;
    float *packed;
} packing;

static void pack_some(void *context, size_t task, int thread)
{
    const packing *p = context;
    size_t width = PANELS * p->kernels->gemm->panel_columns, column = task * width;
    (void)thread;
    p->narrow->pack_panels(sbj_operand_at(p->b, 0, column), p->k, sbj_piece_length(p->n, width, task),
                           p->packed + (p->narrow->scaled ? column : 0),
                           (void *)panels_of(p->kernels, p->narrow, p->packed, p->k, p->n, column));
}

void sbj_narrow_pack(const sbj_kernels *kernels, const sbj_narrow_kernels *narrow, sbj_pool *pool, sbj_operand b,
                     size_t k, size_t n, float *packed)
{
    packing p = {kernels, narrow, b, k, n, packed};
    size_t used = sbj_pieces(n, kernels->gemm->panel_columns) * kernels->gemm->panel_columns;
    for (size_t i = used; i < scales_size(kernels, narrow, n); i++)
        packed[i] = 0; /* what is never read is no accident either: it may go to a file */
    sbj_pool_run(pool, sbj_pieces(n, PANELS * kernels->gemm->panel_columns), pack_some, &p);
}

/* ---- Products ---------------------------------------------------------------------------------------------------- */

/* Scratch: what a's rows need besides | its rows, in words | b's panels, where it is packed now. */
static size_t rows_size(size_t rows)
{
    return sbj_lines(rows * sizeof(sbj_narrow_row) / sizeof(float));
}

/* Words from a row to the next: an odd number of cache lines, so that rows below one another do not all want the same
 * places of the first cache, as they would where a row is 4096 bytes. */
static size_t row_words(const sbj_narrow_kernels *narrow, size_t k)
{
    const size_t line = sbj_lines(1);
    return (sbj_pieces(sbj_pieces(k, narrow->group), line) | 1) * line;
}

static size_t left_size(const sbj_narrow_kernels *narrow, size_t m, size_t k)
{
    return rows_size(m) + m * row_words(narrow, k);
}

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* a is tokens, or in the gradient of a weight its outputs; b then is a weight, or tokens. The outputs of query, key and
 * value may be those of one weight. */
size_t sbj_narrow_scratch(const sbj_kernels *kernels, const sbj_narrow_kernels *narrow, const sbj_extent *extent)
{
    size_t tokens = extent->tokens, hidden = extent->hidden, in = larger(hidden, extent->inner);
    size_t out = larger(SBJ_PARTS * hidden, extent->inner);
    if (!extent->training)
        return left_size(narrow, tokens, in);
    return larger(left_size(narrow, tokens, out), left_size(narrow, out, tokens)) +
           larger(sbj_narrow_size(kernels, narrow, tokens, in),
                  larger(sbj_narrow_size(kernels, narrow, out, hidden), sbj_narrow_size(kernels, narrow, hidden, in)));
}

typedef struct work {
    const sbj_kernels *kernels;
    const sbj_narrow_kernels *narrow;
    const sbj_product *products; /* with a packed b */
    sbj_finish finish;
    void *context;
    sbj_narrow_row *rows;
    uint32_t *words;
    size_t groups, row_words; /* of a row */
    size_t threads;
    size_t across; /* blocks of all products beside one another */
    size_t block_rows;
} work;

static void narrow_rows(void *context, size_t task, int thread)
{
    const work *w = context;
    const sbj_product *p = &w->products[0];
    (void)thread;
    for (size_t i = 0; i < sbj_piece_length(p->m, SBJ_ROWS, task); i++) {
        size_t row = task * SBJ_ROWS + i;
        w->rows[row] = w->narrow->narrow(p->a.at + row * p->a.row, p->k, w->words + row * w->row_words);
    }
}

/* Of an a whose columns lie in memory. */
static void narrow_columns(void *context, size_t task, int thread)
{
    const work *w = context;
    const sbj_product *p = &w->products[0];
    size_t row = task * COLUMN_ROWS;
    (void)thread;
    w->narrow->narrow_columns(sbj_operand_at(p->a, row, 0), sbj_piece_length(p->m, COLUMN_ROWS, task), p->k,
                              w->words + row * w->row_words, w->row_words);
}

static void narrow_left(const work *w, sbj_pool *pool)
{
    const sbj_product *p = &w->products[0];
    if (p->a.column == 1)
        sbj_pool_run(pool, sbj_pieces(p->m, SBJ_ROWS), narrow_rows, (void *)w);
    else
        sbj_pool_run(pool, sbj_pieces(p->m, COLUMN_ROWS), narrow_columns, (void *)w);
}

static size_t block_columns(const work *w, const sbj_product *p)
{
    return p->m <= SBJ_FEW_ROWS ? sbj_block_for_few(p->n, w->threads, BLOCK_COLUMNS, MOST_COLUMNS) : BLOCK_COLUMNS;
}

/* Blocks beside one another. */
static size_t across(const work *w, const sbj_product *p)
{
    return sbj_pieces(p->n, block_columns(w, p));
}

/* Fewer where threads share so little that some would have nothing to do. */
static size_t block_rows(const work *w, size_t m)
{
    size_t rows = w->narrow->block_rows;
    while (rows / 2 >= SBJ_FEW_ROWS && sbj_pieces(m, rows) * w->across < 2 * w->threads)
        rows /= 2;
    return rows;
}

/* A block of c. */
static void compute(const work *w, const sbj_product *p, size_t row, size_t m, size_t column, size_t n)
{
    const unsigned char *panels = panels_of(w->kernels, w->narrow, p->packed, p->k, p->n, column);
    const uint32_t *words = w->words + row * w->row_words;
    const sbj_narrow_scales scales = {w->rows + row, p->packed + column};
    const size_t bytes = group_bytes(w->kernels, w->narrow), step = STEP_BYTES / bytes;
    float *c = p->c + row * p->ldc + column;
    for (size_t i = 0; i < w->groups; i += step) {
        size_t length = sbj_piece_length(w->groups, step, i / step);
        bool last = w->narrow->scaled && i + length == w->groups;
        w->narrow->multiply(m, n, length, words + i, w->row_words, panels + i * bytes,
                            panel_bytes(w->kernels, w->narrow, p->k), last ? &scales : NULL, c, p->ldc,
                            p->add || i > 0);
    }
}

/* Block number `task`: rows from top to bottom, and of each row of blocks those of all products. So a thread's share of
 * the tasks is a part of the rows, and mostly that which it had in the operation before. */
static void do_block(void *context, size_t task, int thread)
{
    const work *w = context;
    size_t index = 0, down = task / w->across, left = task % w->across;
    (void)thread;
    for (; left >= across(w, &w->products[index]); index++)
        left -= across(w, &w->products[index]);
    const sbj_product *p = &w->products[index];
    const size_t row = down * w->block_rows, m = sbj_piece_length(p->m, w->block_rows, down);
    size_t width = block_columns(w, p), column = left * width, n = sbj_piece_length(p->n, width, left);
    compute(w, p, row, m, column, n);
    if (w->finish != NULL)
        w->finish(w->context, index, row, m, column, n);
}

/* With packed b, and one a for all. */
static void multiply_packed(const sbj_kernels *kernels, sbj_pool *pool, const sbj_product *products, size_t count,
                            sbj_finish finish, void *context, float *scratch)
{
    const sbj_product *first = &products[0];
    const sbj_narrow_kernels *narrow = sbj_narrow_of(kernels, first->precision);
    work w = {kernels,
              narrow,
              products,
              finish,
              context,
              (sbj_narrow_row *)scratch,
              (uint32_t *)(scratch + rows_size(first->m)),
              sbj_pieces(first->k, narrow->group),
              row_words(narrow, first->k),
              (size_t)sbj_pool_threads(pool),
              0,
              0};
    for (size_t i = 0; i < count; i++)
        w.across += across(&w, &products[i]);
    w.block_rows = block_rows(&w, first->m);
    narrow_left(&w, pool);
    sbj_pool_run(pool, sbj_pieces(first->m, w.block_rows) * w.across, do_block, &w);
}

/* One after another; a b that follows itself is packed once. */
static void multiply_plain(const sbj_kernels *kernels, sbj_pool *pool, const sbj_product *products, size_t count,
                           float *scratch)
{
    const sbj_narrow_kernels *narrow = sbj_narrow_of(kernels, products[0].precision);
    for (size_t i = 0; i < count; i++) {
        sbj_product p = products[i];
        float *panels = scratch + left_size(narrow, p.m, p.k);
        if (i == 0 || p.b.at != products[i - 1].b.at || p.m != products[i - 1].m || p.k != products[i - 1].k)
            sbj_narrow_pack(kernels, narrow, pool, p.b, p.k, p.n, panels);
        p.packed = panels;
        multiply_packed(kernels, pool, &p, 1, NULL, NULL, scratch);
    }
}

void sbj_narrow_multiply(const sbj_kernels *kernels, sbj_pool *pool, const sbj_product *products, size_t count,
                         sbj_finish finish, void *context, float *scratch)
{
    if (products[0].packed != NULL)
        multiply_packed(kernels, pool, products, count, finish, context, scratch);
    else
        multiply_plain(kernels, pool, products, count, scratch);
}
