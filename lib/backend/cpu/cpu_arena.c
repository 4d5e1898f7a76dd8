/* The whole parameter arena in blocks: the norm of the gradient, and AdamW's step. Both are bound by memory. */
#include <math.h>

#include "backend/cpu/cpu.h"

enum { BLOCK = 1 << 16 }; /* elements in a task */

/* A double for each block's sum. */
size_t sbj_cpu_arena_scratch(const sbj_extent *extent)
{
    return 2 * sbj_pieces(extent->parameters, BLOCK);
}

/* ---- Stretches of a block --------------------------------------------------------------------------------------- */

static size_t end_of(const sbj_segment *s)
{
    return s->offset + s->rows * s->columns;
}

/* The first segment that ends behind `place`. */
static size_t find_segment(const sbj_segment *segments, size_t count, size_t place)
{
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (end_of(&segments[middle]) > place)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

typedef struct walk {
    const sbj_segment *segments;
    size_t count, index, at, end; /* `at`: the element to go on from */
} walk;

/* Elements of one segment that are all treated alike. */
typedef struct stretch {
    size_t from, count;
    bool decay, reached;
} stretch;

static walk walk_block(const sbj_segment *segments, size_t count, size_t block)
{
    return (walk){segments, count, find_segment(segments, count, block * BLOCK), block * BLOCK, (block + 1) * BLOCK};
}

/* How far, from element `at` on but not behind `end`, gradients have reached all rows, or none. */
static size_t end_of_rows(const sbj_segment *s, size_t at, size_t end, bool *reached)
{
    *reached = s->reached == NULL;
    if (*reached)
        return end;
    size_t row = (at - s->offset) / s->columns, next = s->offset + (row + 1) * s->columns;
    *reached = s->reached[row] != 0;
    for (; next < end && (s->reached[row + 1] != 0) == *reached; next += s->columns)
        row++;
    return next < end ? next : end;
}

static bool next_stretch(walk *w, stretch *found)
{
    for (; w->index < w->count && w->segments[w->index].offset < w->end; w->index++) {
        const sbj_segment *s = &w->segments[w->index];
        size_t from = s->offset > w->at ? s->offset : w->at, end = end_of(s) < w->end ? end_of(s) : w->end;
        if (from >= end)
            continue;
        w->at = end_of_rows(s, from, end, &found->reached);
        found->from = from;
        found->count = w->at - from;
        found->decay = s->decay;
        return true;
    }
    return false;
}

/* ---- sumsq ------------------------------------------------------------------------------------------------------ */

typedef struct sum_work {
    const sbj_arena_kernels *kernels;
    const sbj_sumsq *record;
    double *sums;
} sum_work;

static void sum_block(void *context, size_t task, int thread)
{
    const sum_work *w = context;
    walk block = walk_block(w->record->segments, w->record->segment_count, task);
    double lanes[SBJ_LANES] = {0};
    stretch s;
    (void)thread;
    while (next_stretch(&block, &s))
        if (s.reached)
            w->kernels->add_squares(sbj_f32(w->record->arena) + s.from, s.from, s.count, lanes);
    w->sums[task] = 0;
    for (int i = 0; i < SBJ_LANES; i++)
        w->sums[task] += lanes[i];
}

sbertja_status sbj_cpu_sumsq(const sbj_run *run, const sbj_sumsq *record, double *sum, sbertja_error *error)
{
    size_t blocks = sbj_pieces(record->arena.columns, BLOCK);
    sum_work w = {sbj_cpu_of(run->backend)->kernels->arena, record, run->scratch->data};
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

static void step_block(void *context, size_t task, int thread)
{
    const step_work *w = context;
    const sbj_adamw *r = w->record;
    walk block = walk_block(r->segments, r->segment_count, task);
    stretch s;
    (void)thread;
    while (next_stretch(&block, &s)) {
        const sbj_adamw_step *step = s.decay ? &w->decayed : &w->plain;
        float *p = sbj_f32(r->parameters) + s.from;
        if (s.reached)
            w->kernels->adamw(step, p, sbj_f32(r->gradients) + s.from, sbj_f32(r->m) + s.from, sbj_f32(r->v) + s.from,
                              s.count);
        else
            w->kernels->decay(step, p, s.count);
    }
}

sbertja_status sbj_cpu_adamw(const sbj_run *run, const sbj_adamw *record, sbertja_error *error)
{
    step_work w = {sbj_cpu_of(run->backend)->kernels->arena, record, step_of(record, true), step_of(record, false)};
    (void)error;
    sbj_pool_run(run->pool, sbj_pieces(record->parameters.columns, BLOCK), step_block, &w);
    return SBERTJA_OK;
}
