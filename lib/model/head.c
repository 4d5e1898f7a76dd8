/* From token vectors to sentence vectors: pooling, then Dense and Normalize modules in the model's order. */
#include "model/bert.h"

static sbj_tensor rows(sbj_tensor t, size_t n)
{
    t.rows = n;
    return t;
}

static sbertja_status pool(const sbj_run *run, sbj_workspace *ws, sbj_tensor hidden, sbertja_error *error)
{
    const sbj_module *module = &ws->network->modules[0];
    sbj_pool_op *p = &ws->pool;
    p->batch = &ws->batch;
    p->mode_count = module->mode_count;
    for (size_t i = 0; i < module->mode_count; i++)
        p->modes[i] = module->modes[i];
    p->x = hidden;
    p->argmax = rows(p->argmax, ws->batch.sentences);
    p->y = rows(p->y, ws->batch.sentences);
    return sbj_do_pool(run, p, error);
}

sbertja_status sbj_head_forward(const sbj_run *run, const sbj_views *w, sbj_workspace *ws, sbj_tensor hidden,
                                sbertja_error *error)
{
    const sbj_network *n = ws->network;
    const size_t sentences = ws->batch.sentences;
    sbertja_status status = pool(run, ws, hidden, error);
    for (size_t i = 1; i < n->module_count && status == SBERTJA_OK; i++) {
        sbj_stage *s = &ws->stages[i];
        if (n->modules[i].kind == SBERTJA_DENSE) {
            s->dense.w = &w->matrices[n->config.layers * SBJ_LAYER_MATRICES + i];
            s->dense.x = rows(s->dense.x, sentences);
            s->dense.pre = rows(s->dense.pre, sentences);
            s->dense.y = rows(s->dense.y, sentences);
            status = sbj_do_linear(run, &s->dense, error);
        } else {
            s->normalize.x = rows(s->normalize.x, sentences);
            s->normalize.y = rows(s->normalize.y, sentences);
            status = sbj_do_normalize(run, &s->normalize, error);
        }
    }
    ws->body = rows(ws->body, sentences);
    ws->body_gradients = rows(ws->body_gradients, sentences);
    ws->vectors = rows(ws->vectors, sentences);
    ws->vector_gradients = rows(ws->vector_gradients, sentences);
    return status;
}
