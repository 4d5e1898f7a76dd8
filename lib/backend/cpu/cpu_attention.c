/* Attention: one task for each head of each sentence (kernel/vec_attention.c). */
#include <math.h>

#include "backend/cpu/cpu.h"

/* Where matrices are narrow, so are the products of attention, but in training. */
static const sbj_attention_kernels *kernels_of(const sbj_cpu *cpu, bool training)
{
    const sbj_attention_kernels *bf16 = cpu->kernels->attention_bf16;
    return bf16 != NULL && cpu->precision != SBJ_PRECISION_F32 && !training ? bf16 : cpu->kernels->attention;
}

size_t sbj_cpu_attention_scratch(const sbj_cpu *cpu, const sbj_extent *extent, size_t threads)
{
    if (extent->heads == 0)
        return 0;
    size_t size = extent->hidden / extent->heads;
    size_t floats = cpu->kernels->attention->scratch(extent->longest, size, extent->training);
    size_t narrow = kernels_of(cpu, extent->training)->scratch(extent->longest, size, extent->training);
    return threads * sbj_lines(floats > narrow ? floats : narrow);
}

typedef struct work {
    const sbj_attention_kernels *kernels;
    const sbj_attention *record;
    const sbj_attention_gradients *gradients; /* NULL: forward */
    sbj_mask mask;
    float *scratch;
    size_t scratch_each;
} work;

static work work_of(const sbj_run *run, const sbj_attention *record, const sbj_attention_gradients *gradients)
{
    const bool training = gradients != NULL || sbj_present(record->lse) || record->dropout.rate > 0;
    const sbj_attention_kernels *kernels = kernels_of(sbj_cpu_of(run->backend), training);
    size_t size = record->y.columns / record->heads;
    size_t floats = sbj_lines(kernels->scratch(record->batch->longest, size, gradients != NULL));
    return (work){kernels, record, gradients, sbj_mask_make(run, record->dropout), sbj_scratch_at(run, 0), floats};
}

static void do_head(void *context, size_t task, int thread)
{
    const work *w = context;
    const sbj_attention *r = w->record;
    size_t sentence = task / r->heads, number = task % r->heads, hidden = r->y.columns, size = hidden / r->heads;
    size_t first = (size_t)r->batch->host_cu[sentence], length = (size_t)r->batch->host_cu[sentence + 1] - first;
    float *scratch = w->scratch + (size_t)thread * w->scratch_each;
    const float *q = sbj_row(r->qkv, first) + number * size;
    sbj_head head = {.length = length, .size = size, .q = q, .k = q + hidden, .v = q + 2 * hidden, .ld = r->qkv.stride};
    head.scale = 1 / sqrtf((float)size);
    head.mask = w->mask.threshold > 0 ? &w->mask : NULL;
    head.row = first;
    head.column = number * r->max_positions;
    float *lse = sbj_present(r->lse) ? sbj_row(r->lse, first) + number : NULL;
    if (w->gradients == NULL) {
        w->kernels->forward(&head, sbj_row(r->y, first) + number * size, r->y.stride, lse, r->lse.stride, scratch);
    } else {
        sbj_tensor dqkv = w->gradients->qkv, dy = w->gradients->y;
        float *dq = sbj_row(dqkv, first) + number * size;
        w->kernels->backward(&head, lse, r->lse.stride, sbj_row(dy, first) + number * size, dy.stride, dq, dq + hidden,
                             dq + 2 * hidden, dqkv.stride, scratch);
    }
}

sbertja_status sbj_cpu_attention(const sbj_run *run, const sbj_attention *record, sbertja_error *error)
{
    work w = work_of(run, record, NULL);
    (void)error;
    sbj_pool_run(run->pool, record->batch->sentences * record->heads, do_head, &w);
    return SBERTJA_OK;
}

sbertja_status sbj_cpu_attention_backward(const sbj_run *run, const sbj_attention *record,
                                          const sbj_attention_gradients *gradients, sbertja_error *error)
{
    work w = work_of(run, record, gradients);
    (void)error;
    sbj_pool_run(run->pool, record->batch->sentences * record->heads, do_head, &w);
    return SBERTJA_OK;
}
