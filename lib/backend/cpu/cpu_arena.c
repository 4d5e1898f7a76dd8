/* The whole parameter arena in blocks: the norm of the gradient, and AdamW's step. Both are bound by memory. */
#include <math.h>

#include "backend/cpu/cpu.h"

enum { BLOCK = 1 << 16 }; /* elements in a task */

/* A double for each block's sum. */
size_t sbj_cpu_arena_scratch(const sbj_extent *extent)
{
    return 2 * sbj_pieces(extent->parameters, BLOCK);
}

typedef struct sum_work {
    const sbj_arena_kernels *kernels;
    const float *x;
    size_t size;
    double *sums;
} sum_work;

static void sum_block(void *context, size_t task, int thread)
{
    const sum_work *w = context;
    (void)thread;
    w->sums[task] = w->kernels->sumsq(w->x + task * BLOCK, sbj_piece_length(w->size, BLOCK, task));
}

sbertja_status sbj_cpu_sumsq(const sbj_run *run, sbj_tensor t, double *sum, sbertja_error *error)
{
    size_t blocks = sbj_pieces(t.columns, BLOCK);
    sum_work w = {sbj_cpu_of(run->backend)->kernels->arena, sbj_f32(t), t.columns, run->scratch->data};
    (void)error;
    sbj_pool_run(run->pool, blocks, sum_block, &w);
    *sum = 0;
    for (size_t i = 0; i < blocks; i++)
        *sum += w.sums[i];
    return SBERTJA_OK;
}

/* ---- adamw ------------------------------------------------------------------------------------------------------- */

typedef struct step_work {
    const sbj_arena_kernels *kernels;
    const sbj_adamw *record;
    sbj_adamw_step decayed, plain; /* segments with and without decay */
} step_work;

static sbj_adamw_step step_of(const sbj_adamw *r, bool decay)
{
    double taken = decay ? r->lr * r->weight_decay : 0;
    sbj_adamw_step step = {
        .decay_before = r->correct_bias ? (float)taken : 0,
        .decay_after = r->correct_bias ? 0 : (float)taken,
        .one_minus_beta1 = (float)(1 - r->beta1),
        .beta2 = (float)r->beta2,
        .one_minus_beta2 = (float)(1 - r->beta2),
        .rate = (float)r->lr,
        .root = 1,
        .eps = (float)r->eps,
        .grad_scale = (float)r->grad_scale,
    };
    if (r->correct_bias) {
        step.rate = (float)(r->lr / (1 - pow(r->beta1, (double)r->t)));
        step.root = (float)(1 / sqrt(1 - pow(r->beta2, (double)r->t)));
    }
    return step;
}

static size_t end_of(const sbj_segment *s)
{
    return s->offset + s->rows * s->columns;
}

/* The first segment that ends behind `place`. */
static size_t find_segment(const sbj_adamw *r, size_t place)
{
    size_t low = 0, high = r->segment_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (end_of(&r->segments[middle]) > place)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

/* What lies in elements task * BLOCK to (task + 1) * BLOCK of each segment there. */
static void step_block(void *context, size_t task, int thread)
{
    const step_work *w = context;
    const sbj_adamw *r = w->record;
    size_t begin = task * BLOCK, end = begin + BLOCK;
    (void)thread;
    for (size_t i = find_segment(r, begin); i < r->segment_count && r->segments[i].offset < end; i++) {
        const sbj_segment *s = &r->segments[i];
        size_t from = s->offset > begin ? s->offset : begin, to = end_of(s) < end ? end_of(s) : end;
        w->kernels->adamw(s->decay ? &w->decayed : &w->plain, sbj_f32(r->parameters) + from,
                          sbj_f32(r->gradients) + from, sbj_f32(r->m) + from, sbj_f32(r->v) + from, to - from);
    }
}

sbertja_status sbj_cpu_adamw(const sbj_run *run, const sbj_adamw *record, sbertja_error *error)
{
    step_work w = {sbj_cpu_of(run->backend)->kernels->arena, record, step_of(record, true), step_of(record, false)};
    (void)error;
    sbj_pool_run(run->pool, sbj_pieces(record->parameters.columns, BLOCK), step_block, &w);
    return SBERTJA_OK;
}
