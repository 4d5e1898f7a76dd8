/* Embeddings: gather, LayerNorm, dropout; and the scatter of their gradient. */
#include "backend/cpu/cpu.h"
#include "util/float16.h"

enum { SCATTER_COLUMNS = 64 };

/* Forward needs one row of factors, or of a word in f32, for each thread, backward what cpu_norm.c does. */
size_t sbj_cpu_embed_scratch(const sbj_extent *extent, size_t threads)
{
    if (extent->training)
        return sbj_norm_scratch(extent->tokens, extent->hidden, threads);
    return threads * sbj_lines(extent->hidden + SBJ_MASK_ROOM);
}

typedef struct work {
    const sbj_cpu *cpu;
    const sbj_embed *record;
    const sbj_embed_gradients *gradients;
    sbj_mask mask;
    float *masks;
} work;

/* A word's row in f32: where it lies, or rounded or widened into `room`. */
static const float *word_row(const sbj_embed *record, size_t id, float *room)
{
    const sbj_tensor word = record->word;
    if (word.type == SBJ_F32) {
        if (!record->rounded)
            return sbj_row(word, id);
        sbj_round_to_bf16(sbj_row(word, id), word.columns, room);
        return room;
    }
    const uint16_t *half = (const uint16_t *)word.buffer->data + word.offset + id * word.stride;
    (word.type == SBJ_BF16 ? sbj_floats_from_bf16 : sbj_floats_from_f16)(half, word.columns, room);
    return room;
}

static void gather(void *context, size_t task, int thread)
{
    const work *w = context;
    const sbj_embed *r = w->record;
    const sbj_kernels *kernels = w->cpu->kernels;
    const int32_t *ids = sbj_i32(r->batch->ids), *positions = sbj_i32(r->batch->positions);
    size_t n = r->y.columns;
    float *room = w->masks + (size_t)thread * sbj_lines(n + SBJ_MASK_ROOM);
    for (size_t i = 0; i < sbj_piece_length(r->y.rows, SBJ_ROWS, task); i++) {
        size_t row = task * SBJ_ROWS + i;
        float *sum = sbj_row(r->sum, row), *y = sbj_row(r->y, row);
        float *stats = sbj_present(r->stats) ? sbj_row(r->stats, row) : NULL;
        kernels->rows->sum3(sum, word_row(r, (size_t)ids[row], room), sbj_row(r->position, (size_t)positions[row]),
                            sbj_f32(r->type), n);
        kernels->norm->forward(sum, sbj_f32(r->gamma), sbj_f32(r->beta), (float)r->eps, stats, y, n);
        if (w->mask.threshold > 0)
            kernels->rows->multiply(y, y, kernels->rows->mask(&w->mask, row, 0, n, room), n);
    }
}

sbertja_status sbj_cpu_embed(const sbj_run *run, const sbj_embed *record, sbertja_error *error)
{
    sbertja_status status = sbj_host_check_ids(record, error);
    if (status != SBERTJA_OK)
        return status;
    work w = {sbj_cpu_of(run->backend), record, NULL, sbj_mask_make(run, record->dropout), sbj_scratch_at(run, 0)};
    sbj_pool_run(run->pool, sbj_pieces(record->y.rows, SBJ_ROWS), gather, &w);
    return SBERTJA_OK;
}

/* Adds all tokens' gradients, in the order of the tokens, to some columns of the tables. */
static void scatter(void *context, size_t task, int thread)
{
    const work *w = context;
    const sbj_embed_gradients *g = w->gradients;
    const sbj_batch *batch = w->record->batch;
    const int32_t *ids = sbj_i32(batch->ids), *positions = sbj_i32(batch->positions);
    size_t first = task * SCATTER_COLUMNS, n = sbj_piece_length(g->y.columns, SCATTER_COLUMNS, task);
    (void)thread;
    for (size_t t = 0; t < batch->tokens; t++) {
        const float *dy = sbj_row(g->y, t) + first;
        w->cpu->kernels->rows->add(sbj_row(g->word, (size_t)ids[t]) + first, dy, n);
        w->cpu->kernels->rows->add(sbj_row(g->position, (size_t)positions[t]) + first, dy, n);
    }
    w->cpu->kernels->rows->column_sums(sbj_f32(g->y) + first, g->y.stride, batch->tokens, n, sbj_f32(g->type) + first);
}

sbertja_status sbj_cpu_embed_backward(const sbj_run *run, const sbj_embed *record, const sbj_embed_gradients *gradients,
                                      sbertja_error *error)
{
    sbertja_status status = sbj_host_check_ids(record, error);
    if (status != SBERTJA_OK)
        return status;
    sbj_norm_rows norm = {.x = record->sum, .stats = record->stats, .gamma = record->gamma};
    norm.dy = norm.dx = gradients->y;
    norm.dgamma = gradients->gamma;
    norm.dbeta = gradients->beta;
    norm.before = sbj_mask_make(run, record->dropout);
    sbj_norm_rows_backward(run, &norm, sbj_scratch_at(run, 0));
    work w = {.cpu = sbj_cpu_of(run->backend), .record = record, .gradients = gradients};
    sbj_pool_run(run->pool, sbj_pieces(gradients->y.columns, SCATTER_COLUMNS), scatter, &w);
    return SBERTJA_OK;
}
