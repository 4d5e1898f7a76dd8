/* Linear layers, and linear layers with residual and LayerNorm. */
#include "backend/cpu/cpu.h"
#include "backend/cpu/engine_narrow.h"

enum { SUM_COLUMNS = 128 }; /* in a task that sums over rows */

/* ---- Products ---------------------------------------------------------------------------------------------------- */

/* y = x W' multiplies by the transpose: b [in, out] of a weight [out, in]. */
static sbj_operand transposed(sbj_tensor t)
{
    return (sbj_operand){sbj_f32(t), 1, t.stride};
}

static sbj_operand plain(sbj_tensor t)
{
    return (sbj_operand){sbj_f32(t), t.stride, 1};
}

/* Scratch: what the operation itself needs | the engine's, which takes all that is left. */
static size_t own_scratch(size_t rows, size_t columns, bool training, size_t threads)
{
    size_t floats = threads * sbj_lines(columns + SBJ_MASK_ROOM);
    return training ? floats + sbj_lines(rows * columns) + sbj_norm_scratch(rows, columns, threads) : floats;
}

size_t sbj_cpu_linear_scratch(const sbj_cpu *cpu, const sbj_extent *extent, size_t threads)
{
    return own_scratch(extent->tokens, extent->hidden, extent->training, threads) +
           cpu->engine->scratch(cpu->kernels, extent->training ? extent->precision : cpu->precision, extent, threads);
}

/* `own`: the floats at the beginning of scratch that the operation itself needs. */
static void multiply(const sbj_run *run, size_t own, const sbj_product *products, size_t count, sbj_finish finish,
                     void *context)
{
    const sbj_cpu *cpu = sbj_cpu_of(run->backend);
    cpu->engine->multiply(cpu, run->pool, products, count, finish, context, sbj_scratch_at(run, own),
                          run->scratch->bytes / sizeof(float) - own);
}

/* y = x W', the parts side by side. */
static void multiply_forward(const sbj_run *run, size_t own, sbj_tensor x, const sbj_matrix *w, sbj_tensor y,
                             sbj_finish finish, void *context)
{
    const sbj_packed *packed = w->packed;
    sbj_product products[SBJ_PARTS];
    float *c = sbj_f32(y);
    for (size_t i = 0; i < w->parts; i++) {
        sbj_tensor weight = w->weight[i];
        products[i] = (sbj_product){
            .m = x.rows,
            .n = weight.rows,
            .k = weight.columns,
            .a = plain(x),
            .b = transposed(weight),
            .packed = packed == NULL ? NULL : packed->part[i],
            .precision = packed == NULL ? SBJ_PRECISION_F32 : w->precision,
            .c = c,
            .ldc = y.stride,
        };
        c += weight.rows;
    }
    multiply(run, own, products, w->parts, finish, context);
}

typedef struct bias_sums {
    const sbj_cpu *cpu;
    sbj_tensor dy;
    const sbj_matrix *dw;
} bias_sums;

/* Task: SUM_COLUMNS columns of one part, the parts one after another. */
static void sum_bias(void *context, size_t task, int thread)
{
    const bias_sums *b = context;
    size_t column = 0, part = 0;
    (void)thread;
    for (; task >= sbj_pieces(b->dw->bias[part].columns, SUM_COLUMNS); part++) {
        task -= sbj_pieces(b->dw->bias[part].columns, SUM_COLUMNS);
        column += b->dw->bias[part].columns;
    }
    size_t first = task * SUM_COLUMNS, n = sbj_piece_length(b->dw->bias[part].columns, SUM_COLUMNS, task);
    b->cpu->kernels->rows->column_sums(sbj_f32(b->dy) + column + first, b->dy.stride, b->dy.rows, n,
                                       sbj_f32(b->dw->bias[part]) + first);
}

/* Of the products of gradients: that of the forward, where both sides can have it. */
static sbj_precision gradient_precision(const sbj_run *run, const sbj_matrix *w)
{
    const bool same = w->packed != NULL && sbj_cpu_trains_in(run->backend, w->precision);
    return same ? w->precision : SBJ_PRECISION_F32;
}

/* dx = dy W, or added to dx; the parts one after another, since they add up. */
static void multiply_dx(const sbj_run *run, size_t own, const sbj_matrix *w, sbj_tensor dy, sbj_tensor dx, bool add_x)
{
    size_t column = 0;
    for (size_t i = 0; i < w->parts; column += w->weight[i++].rows) {
        sbj_product product = {
            .m = dy.rows,
            .n = dx.columns,
            .k = w->weight[i].rows,
            .a = plain(sbj_window(dy, 0, dy.rows, column, w->weight[i].rows)),
            .b = plain(w->weight[i]),
            .precision = gradient_precision(run, w),
            .c = sbj_f32(dx),
            .ldc = dx.stride,
            .add = add_x || i > 0,
        };
        multiply(run, own, &product, 1, NULL, NULL);
    }
}

/* dW += dy' x and db += the sums of dy's columns, of each part. */
static void multiply_dw(const sbj_run *run, size_t own, sbj_tensor x, sbj_tensor dy, const sbj_matrix *dw,
                        sbj_precision precision)
{
    sbj_product products[SBJ_PARTS];
    size_t column = 0, bias_tasks = 0;
    for (size_t i = 0; i < dw->parts; column += dw->weight[i++].rows) {
        products[i] = (sbj_product){
            .m = dw->weight[i].rows,
            .n = dw->weight[i].columns,
            .k = dy.rows,
            .a = transposed(sbj_window(dy, 0, dy.rows, column, dw->weight[i].rows)),
            .b = plain(x),
            .precision = precision,
            .c = sbj_f32(dw->weight[i]),
            .ldc = dw->weight[i].stride,
            .add = true,
        };
        bias_tasks += sbj_present(dw->bias[i]) ? sbj_pieces(dw->weight[i].rows, SUM_COLUMNS) : 0;
    }
    size_t together = 1; /* a call's products have the same m */
    while (together < dw->parts && products[together].m == products[0].m)
        together++;
    multiply(run, own, products, together, NULL, NULL);
    for (size_t i = together; i < dw->parts; i++)
        multiply(run, own, &products[i], 1, NULL, NULL);
    bias_sums sums = {sbj_cpu_of(run->backend), dy, dw};
    sbj_pool_run(run->pool, bias_tasks, sum_bias, &sums);
}

/* From dy, the gradient of x W' + b. */
static void multiply_backward(const sbj_run *run, size_t own, sbj_tensor x, const sbj_matrix *w, sbj_tensor dy,
                              sbj_tensor dx, bool add_x, const sbj_matrix *dw)
{
    if (sbj_present(dx))
        multiply_dx(run, own, w, dy, dx, add_x);
    if (dw != NULL)
        multiply_dw(run, own, x, dy, dw, gradient_precision(run, w));
}

/* ---- linear ------------------------------------------------------------------------------------------------------ */

typedef struct linear_finish {
    const sbj_cpu *cpu;
    const sbj_linear *record;
} linear_finish;

/* Bias and activation of a block of the result. */
static void finish_linear(void *context, size_t part, size_t row, size_t rows, size_t column, size_t columns)
{
    const linear_finish *f = context;
    const sbj_linear *r = f->record;
    const float *bias = sbj_present(r->w->bias[part]) ? sbj_f32(r->w->bias[part]) + column : NULL;
    for (size_t i = 0; i < part; i++)
        column += r->w->weight[i].rows;
    float *pre = sbj_present(r->pre) ? sbj_row(r->pre, row) + column : NULL;
    const bool narrow = r->w->packed != NULL && sbj_narrow_of(f->cpu->kernels, r->w->precision) != NULL;
    f->cpu->kernels->activation->forward(r->activation, narrow && pre == NULL, rows, columns, bias, pre, r->pre.stride,
                                         sbj_row(r->y, row) + column, r->y.stride);
}

sbertja_status sbj_cpu_linear(const sbj_run *run, const sbj_linear *record, sbertja_error *error)
{
    linear_finish f = {sbj_cpu_of(run->backend), record};
    bool bare = record->activation == SBJ_IDENTITY && !sbj_present(record->w->bias[0]) && !sbj_present(record->pre);
    (void)error;
    multiply_forward(run, 0, record->x, record->w, record->y, bare ? NULL : finish_linear, &f);
    return SBERTJA_OK;
}

typedef struct slopes {
    const sbj_cpu *cpu;
    sbj_activation activation;
    sbj_tensor pre, dy;
} slopes;

static void apply_slope(void *context, size_t task, int thread)
{
    const slopes *s = context;
    (void)thread;
    for (size_t i = 0; i < sbj_piece_length(s->dy.rows, SBJ_ROWS, task); i++)
        s->cpu->kernels->activation->backward(s->activation, sbj_row(s->pre, task * SBJ_ROWS + i),
                                              sbj_row(s->dy, task * SBJ_ROWS + i), s->dy.columns);
}

sbertja_status sbj_cpu_linear_backward(const sbj_run *run, const sbj_linear *record,
                                       const sbj_linear_gradients *gradients, sbertja_error *error)
{
    (void)error;
    if (record->activation != SBJ_IDENTITY) {
        slopes s = {sbj_cpu_of(run->backend), record->activation, record->pre, gradients->y};
        sbj_pool_run(run->pool, sbj_pieces(gradients->y.rows, SBJ_ROWS), apply_slope, &s);
    }
    multiply_backward(run, 0, record->x, record->w, gradients->y, gradients->x, gradients->add_x, gradients->w);
    return SBERTJA_OK;
}

/* ---- linear_norm ------------------------------------------------------------------------------------------------- */

typedef struct norm_work {
    const sbj_cpu *cpu;
    const sbj_linear_norm *record;
    sbj_mask mask;
    float *masks;
} norm_work;

/* From sum = x W': dropout, residual, LayerNorm. */
static void finish_norm(void *context, size_t task, int thread)
{
    const norm_work *w = context;
    const sbj_linear_norm *r = w->record;
    const sbj_kernels *kernels = w->cpu->kernels;
    const float *bias = sbj_present(r->w->bias[0]) ? sbj_f32(r->w->bias[0]) : NULL;
    size_t n = r->y.columns;
    float *room = w->masks + (size_t)thread * sbj_lines(n + SBJ_MASK_ROOM);
    for (size_t i = 0; i < sbj_piece_length(r->y.rows, SBJ_ROWS, task); i++) {
        size_t row = task * SBJ_ROWS + i;
        float *sum = sbj_row(r->sum, row), *stats = sbj_present(r->stats) ? sbj_row(r->stats, row) : NULL;
        const float *factors = w->mask.threshold > 0 ? kernels->rows->mask(&w->mask, row, 0, n, room) : NULL;
        kernels->rows->drop_add(sum, sum, bias, factors, sbj_row(r->residual, row), n);
        kernels->norm->forward(sum, sbj_f32(r->gamma), sbj_f32(r->beta), (float)r->eps, stats, sbj_row(r->y, row), n);
    }
}

sbertja_status sbj_cpu_linear_norm(const sbj_run *run, const sbj_linear_norm *record, sbertja_error *error)
{
    norm_work w = {sbj_cpu_of(run->backend), record, sbj_mask_make(run, record->dropout), sbj_scratch_at(run, 0)};
    size_t own = own_scratch(record->y.rows, record->y.columns, false, (size_t)sbj_pool_threads(run->pool));
    (void)error;
    multiply_forward(run, own, record->x, record->w, record->sum, NULL, NULL);
    sbj_pool_run(run->pool, sbj_pieces(record->y.rows, SBJ_ROWS), finish_norm, &w);
    return SBERTJA_OK;
}

sbertja_status sbj_cpu_linear_norm_backward(const sbj_run *run, const sbj_linear_norm *record,
                                            const sbj_linear_norm_gradients *gradients, sbertja_error *error)
{
    sbj_norm_rows norm = {.x = record->sum, .stats = record->stats, .gamma = record->gamma};
    size_t rows = record->sum.rows, columns = record->sum.columns;
    sbj_tensor product = gradients->residual; /* the gradient of x W' + b: the residual's, but for dropout */
    (void)error;
    norm.dy = gradients->y;
    norm.dx = gradients->residual;
    norm.dgamma = gradients->gamma;
    norm.dbeta = gradients->beta;
    norm.after = sbj_mask_make(run, record->dropout);
    if (norm.after.threshold > 0) {
        norm.dropped = sbj_scratch_at(run, 0);
        product = (sbj_tensor){run->scratch, 0, rows, columns, columns, SBJ_F32};
    }
    sbj_norm_rows_backward(run, &norm, sbj_scratch_at(run, sbj_lines(rows * columns)));
    multiply_backward(run, own_scratch(rows, columns, true, (size_t)sbj_pool_threads(run->pool)), record->x, record->w,
                      product, gradients->x, false, gradients->w);
    return SBERTJA_OK;
}
