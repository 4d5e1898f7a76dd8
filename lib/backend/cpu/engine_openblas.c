/* Engine openblas: cblas_sgemm, on every processor where OpenBLAS is installed (openblas.h).
 *
 * OpenBLAS has one number of threads for the whole process, which is the host's to set. Where it is 1, blocks of the
 * results are shared out to our own pool; else OpenBLAS gets each product whole, from the calling thread, and uses its
 * threads. A row's bits then depend on where it stands and on how many rows there are: see "What the library promises about
 * its own results" in docs/NUMERICS.md. */
#include <stdio.h>
#include <string.h>

#include "backend/cpu/cpu.h"

enum { BLOCK_ROWS = 192, BLOCK_COLUMNS = 768, FINISH_ROWS = 32 };

static sbertja_status open(sbj_cpu *cpu, sbertja_error *error)
{
    return sbj_openblas_open(SBJ_OPENBLAS_NAME, &cpu->openblas, error);
}

static void describe(const sbj_cpu *cpu, char *text, size_t room)
{
    /* openblas_get_config() begins "OpenBLAS 0.3.21 ..." */
    const char *config = cpu->openblas.config(), *space = strchr(config, ' ');
    const char *version = space == NULL ? "" : space + 1;
    snprintf(text, room, "openblas %.*s (%s)", (int)strcspn(version, " "), version, cpu->openblas.core());
}

static size_t scratch(const sbj_kernels *kernels, sbj_precision precision, const sbj_extent *extent, size_t threads)
{
    (void)kernels;
    (void)precision;
    (void)extent;
    (void)threads;
    return 0;
}

/* cblas wants the distance between the rows or, for a transpose, the columns, and to be told which. */
static CBLAS_TRANSPOSE layout_of(sbj_operand o, size_t columns, blasint *ld)
{
    bool plain = o.column == 1 && o.row >= columns;
    *ld = (blasint)(plain ? o.row : o.column);
    return plain ? CblasNoTrans : CblasTrans;
}

/* A block of a product, [rows, columns] of the result with all of k. */
static void compute(const sbj_openblas *blas, const sbj_product *p, size_t row, size_t rows, size_t column, size_t columns)
{
    blasint lda, ldb;
    CBLAS_TRANSPOSE a_form = layout_of(p->a, p->k, &lda), b_form = layout_of(p->b, p->n, &ldb);
    blas->sgemm(CblasRowMajor, a_form, b_form, (blasint)rows, (blasint)columns, (blasint)p->k, 1,
                sbj_operand_at(p->a, row, 0).at, lda, sbj_operand_at(p->b, 0, column).at, ldb, p->add ? 1 : 0,
                p->c + row * p->ldc + column, (blasint)p->ldc);
}

typedef struct work {
    const sbj_openblas *blas;
    const sbj_product *products;
    size_t count;
    size_t block_rows, block_columns;
    bool compute;
    sbj_finish finish;
    void *context;
} work;

static size_t blocks_of(const work *w, const sbj_product *p)
{
    return sbj_pieces(p->m, w->block_rows) * sbj_pieces(p->n, w->block_columns);
}

/* Block number `task` of all products, one product after another. */
static void do_block(void *context, size_t task, int thread)
{
    const work *w = context;
    size_t index = 0;
    (void)thread;
    for (; task >= blocks_of(w, &w->products[index]); index++)
        task -= blocks_of(w, &w->products[index]);
    const sbj_product *p = &w->products[index];
    size_t across = sbj_pieces(p->n, w->block_columns);
    size_t row = task / across * w->block_rows, column = task % across * w->block_columns;
    size_t rows = sbj_piece_length(p->m, w->block_rows, task / across);
    size_t columns = sbj_piece_length(p->n, w->block_columns, task % across);
    if (w->compute)
        compute(w->blas, p, row, rows, column, columns);
    if (w->finish != NULL)
        w->finish(w->context, index, row, rows, column, columns);
}

static void run_blocks(const work *w, sbj_pool *pool)
{
    size_t blocks = 0;
    for (size_t i = 0; i < w->count; i++)
        blocks += blocks_of(w, &w->products[i]);
    sbj_pool_run(pool, blocks, do_block, (void *)w);
}

static void multiply(const sbj_cpu *cpu, sbj_pool *pool, const sbj_product *products, size_t count, sbj_finish finish,
                     void *context, float *memory, size_t floats)
{
    work w = {&cpu->openblas, products, count, BLOCK_ROWS, BLOCK_COLUMNS, true, finish, context};
    (void)memory;
    (void)floats;
    if (w.blas->threads() == 1) {
        run_blocks(&w, pool);
        return;
    }
    for (size_t i = 0; i < count; i++)
        compute(w.blas, &products[i], 0, products[i].m, 0, products[i].n);
    if (finish != NULL) {
        w.compute = false;
        w.block_rows = FINISH_ROWS;
        run_blocks(&w, pool);
    }
}

const sbj_engine sbj_engine_openblas = {"openblas", open, describe, scratch, NULL, NULL, multiply};
