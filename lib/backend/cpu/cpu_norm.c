/* LayerNorm's backward over many rows. The gradients of gamma and beta are sums over all rows: each block of rows sums
 * for itself, then the blocks' sums are added in their order. */
#include "backend/cpu/cpu.h"

enum { BLOCK = 32, COLUMNS = 256 };

static size_t mask_room(size_t columns)
{
    return sbj_lines(columns + SBJ_MASK_ROOM);
}

size_t sbj_norm_scratch(size_t rows, size_t columns, size_t threads)
{
    return threads * mask_room(columns) + sbj_pieces(rows, BLOCK) * 2 * sbj_lines(columns);
}

typedef struct work {
    const sbj_cpu *cpu;
    const sbj_norm_rows *norm;
    size_t rows, columns;
    float *masks; /* [threads, mask_room] */
    float *sums;  /* [blocks, 2, lines(columns)]: of dgamma, of dbeta */
} work;

static void do_row(const work *w, size_t row, float *room, float *dgamma, float *dbeta)
{
    const sbj_norm_rows *r = w->norm;
    const sbj_kernels *kernels = w->cpu->kernels;
    const float *dy = sbj_row(r->dy, row);
    float *dx = sbj_row(r->dx, row);
    if (r->before.threshold > 0) {
        kernels->rows->multiply(dx, dy, kernels->rows->mask(&r->before, row, 0, w->columns, room), w->columns);
        dy = dx;
    }
    kernels->norm->backward(sbj_row(r->x, row), sbj_row(r->stats, row), sbj_f32(r->gamma), dy, dx, dgamma, dbeta,
                            w->columns);
    if (r->dropped != NULL)
        kernels->rows->multiply(r->dropped + row * w->columns, dx,
                                kernels->rows->mask(&r->after, row, 0, w->columns, room), w->columns);
}

static void do_block(void *context, size_t task, int thread)
{
    const work *w = context;
    float *dgamma = w->sums + task * 2 * sbj_lines(w->columns), *dbeta = dgamma + sbj_lines(w->columns);
    for (size_t i = 0; i < w->columns; i++)
        dgamma[i] = dbeta[i] = 0;
    for (size_t i = 0; i < sbj_piece_length(w->rows, BLOCK, task); i++)
        do_row(w, task * BLOCK + i, w->masks + (size_t)thread * mask_room(w->columns), dgamma, dbeta);
}

static void add_blocks(void *context, size_t task, int thread)
{
    const work *w = context;
    size_t first = task * COLUMNS, n = sbj_piece_length(w->columns, COLUMNS, task), half = sbj_lines(w->columns);
    size_t blocks = sbj_pieces(w->rows, BLOCK);
    (void)thread;
    w->cpu->kernels->rows->column_sums(w->sums + first, 2 * half, blocks, n, sbj_f32(w->norm->dgamma) + first);
    w->cpu->kernels->rows->column_sums(w->sums + half + first, 2 * half, blocks, n, sbj_f32(w->norm->dbeta) + first);
}

void sbj_norm_rows_backward(const sbj_run *run, const sbj_norm_rows *norm, float *scratch)
{
    size_t threads = (size_t)sbj_pool_threads(run->pool), columns = norm->x.columns;
    work w = {sbj_cpu_of(run->backend), norm, norm->x.rows, columns, scratch, scratch + threads * mask_room(columns)};
    sbj_pool_run(run->pool, sbj_pieces(w.rows, BLOCK), do_block, &w);
    sbj_pool_run(run->pool, sbj_pieces(columns, COLUMNS), add_blocks, &w);
}
