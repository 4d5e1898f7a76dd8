/* Planning the arena. plan() is run twice: once to count, once to deal out, so that the two cannot disagree. */
#include "model/workspace.h"

#include <string.h>

enum { STEP = 32 }; /* elements between tensors: whole cache lines */

/* Deals out [rows, columns] from an arena, or counts while the buffer is NULL. */
typedef struct planner {
    sbj_buffer *buffer;
    size_t used; /* elements */
    sbj_type type;
    bool overflow;
} planner;

static sbj_tensor take(planner *p, size_t rows, size_t columns)
{
    sbj_tensor t = {p->buffer, p->used, rows, columns, columns, p->type};
    size_t size;
    if (!sbj_mul(rows, columns, &size) || !sbj_add(size, STEP - 1, &size) ||
        !sbj_add(p->used, size - size % STEP, &p->used) || p->used > SIZE_MAX / 16)
        p->overflow = true;
    return t;
}

/* One layer. `x` is its input, and then its output; in inference `sum` is done in y's place. */
static void plan_layer(planner *p, const sbj_workspace *w, sbj_layer_records *r, sbj_tensor *x)
{
    const sbj_config *c = &w->network->config;
    const bool training = w->training;
    const size_t t = w->tokens, h = c->hidden;
    memset(r, 0, sizeof *r);
    r->self_output.y = take(p, t, h);
    const size_t begin = p->used;
    r->qkv.x = *x;
    r->qkv.y = take(p, t, 3 * h);
    r->attention.qkv = r->qkv.y;
    r->attention.lse = training ? take(p, t, c->heads) : SBJ_NONE;
    r->attention.y = take(p, t, h);
    r->self_output.x = r->attention.y;
    r->self_output.residual = *x;
    r->self_output.sum = training ? take(p, t, h) : r->self_output.y;
    r->self_output.stats = training ? take(p, t, 2) : SBJ_NONE;
    const size_t end = p->used;
    r->inner.x = r->self_output.y;
    r->inner.pre = training ? take(p, t, c->intermediate) : SBJ_NONE;
    if (!training)
        p->used = begin;
    r->inner.y = take(p, t, c->intermediate);
    if (p->used < end)
        p->used = end;
    r->output.x = r->inner.y;
    r->output.residual = r->self_output.y;
    r->output.y = training ? take(p, t, h) : *x;
    r->output.sum = training ? take(p, t, h) : r->output.y;
    r->output.stats = training ? take(p, t, 2) : SBJ_NONE;
    *x = r->output.y;
}

static void plan_head(planner *p, sbj_workspace *w, sbj_tensor hidden)
{
    const sbj_network *n = w->network;
    sbj_tensor x = take(p, w->sentences, sbj_modules_width(n->modules, 1, n->config.hidden));
    w->pool.x = hidden;
    w->pool.y = x;
    w->d_stage[0] = w->training ? take(p, x.rows, x.columns) : SBJ_NONE;
    for (size_t i = 1; i < n->module_count; i++) {
        const sbj_module *m = &n->modules[i];
        sbj_tensor y = take(p, w->sentences, m->kind == SBERTJA_DENSE ? m->out : x.columns);
        sbj_stage *s = &w->stages[i];
        memset(s, 0, sizeof *s);
        if (m->kind == SBERTJA_DENSE) {
            s->dense.x = x;
            s->dense.activation = m->activation;
            s->dense.pre = w->training && m->activation != SBJ_IDENTITY ? take(p, y.rows, y.columns) : SBJ_NONE;
            s->dense.y = y;
        } else {
            s->normalize.x = x;
            s->normalize.y = y;
        }
        w->d_stage[i] = w->training ? take(p, y.rows, y.columns) : SBJ_NONE;
        x = y;
    }
    const size_t last = n->module_count - 1;
    w->body = last > 0 && n->modules[last].kind == SBERTJA_DENSE ? w->stages[last].dense.x : SBJ_NONE;
    w->body_gradients = last > 0 ? w->d_stage[last - 1] : SBJ_NONE;
    w->vectors = x;
    w->vector_gradients = w->d_stage[n->module_count - 1];
}

static void plan(planner *p, sbj_workspace *w)
{
    const sbj_config *c = &w->network->config;
    const size_t t = w->tokens, h = c->hidden;
    w->hidden = take(p, t, h);
    for (int i = 0; i < 2; i++)
        w->d_hidden[i] = w->training ? take(p, t, h) : SBJ_NONE;
    w->embed.y = w->hidden;
    w->embed.sum = w->training ? take(p, t, h) : w->embed.y;
    w->embed.stats = w->training ? take(p, t, 2) : SBJ_NONE;
    sbj_tensor x = w->embed.y;
    for (size_t layer = 0; layer < (w->training ? c->layers : 1); layer++)
        plan_layer(p, w, &w->layers[layer], &x);
    w->d_qkv = w->training ? take(p, t, 3 * h) : SBJ_NONE;
    w->d_context = w->training ? take(p, t, h) : SBJ_NONE;
    w->d_inner = w->training ? take(p, t, c->intermediate) : SBJ_NONE;
    plan_head(p, w, x);
}

void sbj_workspace_init(const sbj_backend *backend, const sbj_network *network, const sbj_alloc *alloc, bool training,
                        int threads, sbj_workspace *w)
{
    memset(w, 0, sizeof *w);
    w->backend = backend;
    w->network = network;
    w->alloc = *alloc;
    w->training = training;
    w->threads = threads;
}

static void release(sbj_workspace *w)
{
    sbj_buffer **buffers[] = {&w->arena, &w->scratch, &w->integers};
    for (size_t i = 0; i < 3; i++) {
        if (*buffers[i] != NULL)
            w->backend->table->release(w->backend, *buffers[i]);
        *buffers[i] = NULL;
    }
    sbj_free(&w->alloc, w->host_ids);
    sbj_free(&w->alloc, w->host_positions);
    sbj_free(&w->alloc, w->host_cu);
    sbj_free(&w->alloc, w->layers);
    w->host_ids = w->host_positions = w->host_cu = NULL;
    w->layers = NULL;
    w->tokens = w->sentences = w->longest = 0;
}

void sbj_workspace_free(sbj_workspace *w)
{
    if (w->backend != NULL)
        release(w);
}

/* The batch's numbers, on the host and in the back end's memory, and the rows that max pooling remembers. */
static sbertja_status plan_integers(sbj_workspace *w, sbertja_error *error)
{
    size_t argmax = w->training ? w->sentences * w->network->config.hidden : 0;
    size_t count = 2 * w->tokens + w->sentences + 1 + argmax;
    sbertja_status status = w->backend->table->alloc(w->backend, count * sizeof(int32_t), &w->integers, error);
    if (status != SBERTJA_OK)
        return status;
    w->batch.ids = (sbj_tensor){w->integers, 0, 1, w->tokens, w->tokens, SBJ_I32};
    w->batch.positions = (sbj_tensor){w->integers, w->tokens, 1, w->tokens, w->tokens, SBJ_I32};
    w->batch.cu = (sbj_tensor){w->integers, 2 * w->tokens, 1, w->sentences + 1, w->sentences + 1, SBJ_I32};
    w->pool.argmax = w->training ? (sbj_tensor){w->integers,
                                                2 * w->tokens + w->sentences + 1,
                                                w->sentences,
                                                w->network->config.hidden,
                                                w->network->config.hidden,
                                                SBJ_I32}
                                 : SBJ_NONE;
    w->host_ids = sbj_new(&w->alloc, w->tokens, sizeof *w->host_ids);
    w->host_positions = sbj_new(&w->alloc, w->tokens, sizeof *w->host_positions);
    w->host_cu = sbj_new(&w->alloc, w->sentences + 1, sizeof *w->host_cu);
    if (w->host_ids == NULL || w->host_positions == NULL || w->host_cu == NULL)
        return sbj_no_memory(error, count * sizeof(int32_t));
    return SBERTJA_OK;
}

static sbertja_status plan_scratch(sbj_workspace *w, sbertja_error *error)
{
    const sbj_network *n = w->network;
    size_t vector = 0;
    for (size_t i = 1; i <= n->module_count; i++) {
        size_t width = sbj_modules_width(n->modules, i, n->config.hidden);
        vector = width > vector ? width : vector;
    }
    const sbj_extent extent = {w->tokens,       w->sentences,
                               w->longest,      n->config.hidden,
                               n->config.heads, n->config.intermediate,
                               vector,          w->training ? n->arena_size : 0,
                               w->training,     w->precision};
    w->scratch_size = sbj_scratch_size(w->backend, &extent, w->threads);
    return w->backend->table->alloc(w->backend, w->scratch_size, &w->scratch, error);
}

sbertja_status sbj_workspace_reserve(sbj_workspace *w, size_t tokens, size_t sentences, size_t longest,
                                     sbertja_error *error)
{
    if (tokens <= w->tokens && sentences <= w->sentences && longest <= w->longest)
        return SBERTJA_OK;
    size_t old_tokens = w->tokens, old_sentences = w->sentences, old_longest = w->longest;
    release(w);
    w->tokens = tokens > old_tokens ? tokens : old_tokens;
    w->sentences = sentences > old_sentences ? sentences : old_sentences;
    w->longest = longest > old_longest ? longest : old_longest;

    sbertja_status status;
    size_t layers = w->training ? w->network->config.layers : 1;
    const sbj_type real = w->backend->table->real;
    planner p = {NULL, 0, real, false};
    if ((w->layers = sbj_new(&w->alloc, layers, sizeof *w->layers)) == NULL) {
        status = sbj_no_memory(error, layers * sizeof *w->layers);
        goto done;
    }
    plan(&p, w);
    if (p.overflow || w->tokens > INT32_MAX) { /* where a sentence begins is a number of 32 bits */
        status = sbj_fail(error, SBERTJA_E_MEMORY, "a batch of %zu tokens is too large for this machine", w->tokens);
        goto done;
    }
    if ((status = w->backend->table->alloc(w->backend, p.used * sbj_type_size(real), &w->arena, error)) != SBERTJA_OK)
        goto done;
    p = (planner){w->arena, 0, real, false};
    plan(&p, w);
    if ((status = plan_integers(w, error)) == SBERTJA_OK)
        status = plan_scratch(w, error);
done:
    if (status != SBERTJA_OK)
        release(w);
    return status;
}

sbertja_status sbj_workspace_pack(sbj_workspace *w, const int32_t *const *ids, const size_t *counts, size_t sentences,
                                  sbertja_error *error)
{
    size_t tokens = 0, longest = 0, at = 0;
    for (size_t i = 0; i < sentences; i++) {
        tokens += counts[i];
        longest = counts[i] > longest ? counts[i] : longest;
    }
    sbertja_status status = sbj_workspace_reserve(w, tokens, sentences, longest, error);
    if (status != SBERTJA_OK)
        return status;
    w->host_cu[0] = 0;
    for (size_t i = 0; i < sentences; i++) {
        memcpy(w->host_ids + at, ids[i], counts[i] * sizeof **ids);
        for (size_t k = 0; k < counts[i]; k++)
            w->host_positions[at + k] = (int32_t)k;
        at += counts[i];
        w->host_cu[i + 1] = (int32_t)at;
    }
    w->batch.tokens = tokens;
    w->batch.sentences = sentences;
    w->batch.longest = longest;
    w->batch.host_cu = w->host_cu;
    w->batch.ids.columns = w->batch.positions.columns = tokens;
    w->batch.cu.columns = sentences + 1;
    if ((status = sbj_write(w->backend, w->batch.ids, w->host_ids, SBJ_I32, error)) != SBERTJA_OK ||
        (status = sbj_write(w->backend, w->batch.positions, w->host_positions, SBJ_I32, error)) != SBERTJA_OK)
        return status;
    return sbj_write(w->backend, w->batch.cu, w->host_cu, SBJ_I32, error);
}
