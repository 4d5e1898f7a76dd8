/* Sentence vectors: pooling and normalization. One task a sentence. */
#include <math.h>
#include <string.h>

#include "backend/cpu/cpu.h"

/* One mode of one sentence: rows first to first+length-1, after `skip` that take no part, and where its vector (or the
 * vector's gradient) is. */
typedef struct pooled {
    const sbj_row_kernels *rows;
    sbj_tensor x; /* or its gradient */
    size_t first, length, skip, hidden;
    int32_t *argmax; /* NULL: not saved */
} pooled;

static float weight_sum(size_t length)
{
    return (float)length * (float)(length + 1) / 2;
}

/* 1 + ... over all tokens, less those that are skipped. */
static float weights_of(const pooled *p)
{
    return p->skip == 0 ? weight_sum(p->length) : weight_sum(p->skip + p->length) - weight_sum(p->skip);
}

static float mean_factor(sbj_pooling mode, size_t length)
{
    return mode == SBJ_POOL_MEAN ? 1 / (float)length : 1 / sqrtf((float)length);
}

static void pool_max(const pooled *p, float *y)
{
    memcpy(y, sbj_row(p->x, p->first), p->hidden * sizeof *y);
    for (size_t i = 0; p->argmax != NULL && i < p->hidden; i++)
        p->argmax[i] = (int32_t)p->first;
    for (size_t row = p->first + 1; row < p->first + p->length; row++)
        p->rows->take_larger(y, p->argmax, sbj_row(p->x, row), (int32_t)row, p->hidden);
}

static void pool_mode(const pooled *p, sbj_pooling mode, float *y)
{
    size_t n = p->hidden, last = p->first + p->length - 1;
    switch (mode) {
    case SBJ_POOL_CLS:
        memcpy(y, sbj_row(p->x, p->first), n * sizeof *y);
        break;
    case SBJ_POOL_LAST:
        memcpy(y, sbj_row(p->x, last), n * sizeof *y);
        break;
    case SBJ_POOL_MAX:
        pool_max(p, y);
        break;
    case SBJ_POOL_MEAN:
    case SBJ_POOL_MEAN_SQRT_LEN:
        memset(y, 0, n * sizeof *y);
        p->rows->column_sums(sbj_row(p->x, p->first), p->x.stride, p->length, n, y);
        p->rows->scale(y, y, mean_factor(mode, p->length), n);
        break;
    case SBJ_POOL_WEIGHTED_MEAN:
        memset(y, 0, n * sizeof *y);
        for (size_t i = 0; i < p->length; i++)
            p->rows->add_scaled(y, sbj_row(p->x, p->first + i), (float)(p->skip + i + 1) / weights_of(p), n);
        break;
    }
}

/* Adds one mode's share to the gradient of the sentence's rows. */
static void pool_mode_backward(const pooled *p, sbj_pooling mode, const float *dy)
{
    size_t n = p->hidden, last = p->first + p->length - 1;
    switch (mode) {
    case SBJ_POOL_CLS:
        p->rows->add(sbj_row(p->x, p->first), dy, n);
        break;
    case SBJ_POOL_LAST:
        p->rows->add(sbj_row(p->x, last), dy, n);
        break;
    case SBJ_POOL_MAX:
        for (size_t i = 0; i < n; i++)
            sbj_row(p->x, (size_t)p->argmax[i])[i] += dy[i];
        break;
    case SBJ_POOL_MEAN:
    case SBJ_POOL_MEAN_SQRT_LEN:
        for (size_t i = 0; i < p->length; i++)
            p->rows->add_scaled(sbj_row(p->x, p->first + i), dy, mean_factor(mode, p->length), n);
        break;
    case SBJ_POOL_WEIGHTED_MEAN:
        for (size_t i = 0; i < p->length; i++)
            p->rows->add_scaled(sbj_row(p->x, p->first + i), dy, (float)(i + 1) / weight_sum(p->length), n);
        break;
    }
}

/* A sentence all of whose tokens are skipped. */
static void pool_nothing(const pooled *p, const sbj_pool_op *r, size_t first, float *y)
{
    memset(y, 0, r->mode_count * p->hidden * sizeof *y);
    for (size_t i = 0; i < r->mode_count; i++)
        if (r->modes[i] == SBJ_POOL_CLS)
            memcpy(y + i * p->hidden, sbj_row(p->x, first), p->hidden * sizeof *y);
}

typedef struct pool_work {
    const sbj_cpu *cpu;
    const sbj_pool_op *record;
    const sbj_pool_gradients *gradients; /* NULL: forward */
} pool_work;

static void pool_sentence(void *context, size_t task, int thread)
{
    const pool_work *w = context;
    const sbj_pool_op *r = w->record;
    sbj_tensor x = w->gradients == NULL ? r->x : w->gradients->x, y = w->gradients == NULL ? r->y : w->gradients->y;
    size_t first = (size_t)r->batch->host_cu[task], length = (size_t)r->batch->host_cu[task + 1] - first;
    int32_t *argmax = sbj_present(r->argmax) ? sbj_i32(r->argmax) + task * r->argmax.stride : NULL;
    pooled p = {w->cpu->kernels->rows, x, first + r->skip, length - r->skip, r->skip, x.columns, argmax};
    (void)thread;
    if (r->skip >= length) {
        pool_nothing(&p, r, first, sbj_row(y, task));
        return;
    }
    for (size_t i = 0; w->gradients != NULL && i < length; i++)
        memset(sbj_row(x, first + i), 0, x.columns * sizeof(float));
    for (size_t i = 0; i < r->mode_count; i++) {
        float *vector = sbj_row(y, task) + i * x.columns;
        if (w->gradients == NULL)
            pool_mode(&p, r->modes[i], vector);
        else
            pool_mode_backward(&p, r->modes[i], vector);
    }
}

sbertja_status sbj_cpu_pool(const sbj_run *run, const sbj_pool_op *record, sbertja_error *error)
{
    pool_work w = {sbj_cpu_of(run->backend), record, NULL};
    (void)error;
    sbj_pool_run(run->pool, record->batch->sentences, pool_sentence, &w);
    return SBERTJA_OK;
}

sbertja_status sbj_cpu_pool_backward(const sbj_run *run, const sbj_pool_op *record, const sbj_pool_gradients *gradients,
                                     sbertja_error *error)
{
    pool_work w = {sbj_cpu_of(run->backend), record, gradients};
    (void)error;
    sbj_pool_run(run->pool, record->batch->sentences, pool_sentence, &w);
    return SBERTJA_OK;
}

/* ---- normalize --------------------------------------------------------------------------------------------------- */

sbertja_status sbj_cpu_normalize(const sbj_run *run, const sbj_normalize *record, sbertja_error *error)
{
    const sbj_norm_kernels *norm = sbj_cpu_of(run->backend)->kernels->norm;
    (void)error;
    for (size_t i = 0; i < record->x.rows; i++)
        norm->normalize(sbj_row(record->x, i), sbj_row(record->y, i), record->x.columns);
    return SBERTJA_OK;
}

sbertja_status sbj_cpu_normalize_backward(const sbj_run *run, const sbj_normalize *record,
                                          const sbj_normalize_gradients *gradients, sbertja_error *error)
{
    const sbj_norm_kernels *norm = sbj_cpu_of(run->backend)->kernels->norm;
    (void)error;
    for (size_t i = 0; i < record->x.rows; i++)
        norm->normalize_backward(sbj_row(record->x, i), sbj_row(gradients->y, i), sbj_row(gradients->x, i),
                                 record->x.columns);
    return SBERTJA_OK;
}
