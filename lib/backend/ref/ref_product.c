/* Matrix products of the reference back end. Tasks are blocks of rows of the result, so that threads never add to the
 * same element. */
#include "backend/ref/ref.h"

enum { BLOCK = 8 };

typedef struct product {
    sbj_tensor x, y; /* y = x W' + b, dx = dy W and dW += dy' x: named as in the function that uses them */
    const sbj_matrix *w;
    bool add;
} product;

static size_t blocks(size_t rows)
{
    return (rows + BLOCK - 1) / BLOCK;
}

static size_t block_end(size_t block, size_t rows)
{
    size_t end = (block + 1) * BLOCK;
    return end < rows ? end : rows;
}

static size_t matrix_rows(const sbj_matrix *w)
{
    size_t rows = 0;
    for (size_t i = 0; i < w->parts; i++)
        rows += w->weight[i].rows;
    return rows;
}

static void product_rows(void *context, size_t task, int thread)
{
    const product *p = context;
    (void)thread;
    for (size_t row = task * BLOCK; row < block_end(task, p->x.rows); row++) {
        const double *x = sbj_ref_row(p->x, row);
        double *y = sbj_ref_row(p->y, row);
        for (size_t i = 0; i < p->w->parts; i++)
            for (size_t o = 0; o < p->w->weight[i].rows; o++) {
                double bias = sbj_present(p->w->bias[i]) ? sbj_f64(p->w->bias[i])[o] : 0;
                *y++ = sbj_ref_dot(x, sbj_ref_row(p->w->weight[i], o), p->x.columns) + bias;
            }
    }
}

void sbj_ref_product(const sbj_run *run, sbj_tensor x, const sbj_matrix *w, sbj_tensor y)
{
    product p = {x, y, w, false};
    sbj_pool_run(run->pool, blocks(x.rows), product_rows, &p);
}

static void product_x_rows(void *context, size_t task, int thread)
{
    const product *p = context;
    (void)thread;
    for (size_t row = task * BLOCK; row < block_end(task, p->x.rows); row++) {
        double *dx = sbj_ref_row(p->x, row);
        const double *dy = sbj_ref_row(p->y, row);
        for (size_t k = 0; k < p->x.columns && !p->add; k++)
            dx[k] = 0;
        for (size_t i = 0; i < p->w->parts; i++)
            for (size_t o = 0; o < p->w->weight[i].rows; o++)
                sbj_ref_add(dx, *dy++, sbj_ref_row(p->w->weight[i], o), p->x.columns);
    }
}

void sbj_ref_product_x(const sbj_run *run, sbj_tensor dy, const sbj_matrix *w, sbj_tensor dx, bool add)
{
    product p = {dx, dy, w, add};
    sbj_pool_run(run->pool, blocks(dx.rows), product_x_rows, &p);
}

/* Row `o` of part `part`, which is column `column` of dy. */
static void product_w_row(const product *p, size_t part, size_t o, size_t column)
{
    double *dw = sbj_ref_row(p->w->weight[part], o);
    double *db = sbj_present(p->w->bias[part]) ? sbj_f64(p->w->bias[part]) + o : NULL;
    for (size_t row = 0; row < p->x.rows; row++) {
        double dy = sbj_ref_row(p->y, row)[column];
        sbj_ref_add(dw, dy, sbj_ref_row(p->x, row), p->x.columns);
        if (db != NULL)
            *db += dy;
    }
}

static void product_w_rows(void *context, size_t task, int thread)
{
    const product *p = context;
    size_t part = 0, before = 0; /* rows of the parts before this one */
    (void)thread;
    for (size_t column = task * BLOCK; column < block_end(task, p->y.columns); column++) {
        while (column - before >= p->w->weight[part].rows)
            before += p->w->weight[part++].rows;
        product_w_row(p, part, column - before, column);
    }
}

void sbj_ref_product_w(const sbj_run *run, sbj_tensor dy, sbj_tensor x, const sbj_matrix *dw)
{
    product p = {x, dy, dw, true};
    sbj_pool_run(run->pool, blocks(matrix_rows(dw)), product_w_rows, &p);
}
