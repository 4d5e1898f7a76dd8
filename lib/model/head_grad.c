/* Back from the gradient of the sentence vectors to that of the token vectors. */
#include "model/bert.h"

static sbj_tensor rows(sbj_tensor t, size_t n)
{
    t.rows = n;
    return t;
}

sbertja_status sbj_head_backward(const sbj_run *run, sbj_workspace *ws, const sbj_views *gradients, sbj_tensor d_hidden,
                                 sbertja_error *error)
{
    const sbj_network *n = ws->network;
    const size_t sentences = ws->batch.sentences;
    sbertja_status status = SBERTJA_OK;
    for (size_t i = n->module_count - 1; i > 0 && status == SBERTJA_OK; i--) {
        sbj_tensor dy = rows(ws->d_stage[i], sentences), dx = rows(ws->d_stage[i - 1], sentences);
        if (n->modules[i].kind == SBERTJA_DENSE) {
            const sbj_matrix *dw = &gradients->matrices[n->config.layers * SBJ_LAYER_MATRICES + i];
            const bool body = ws->body_gradient && i == n->module_count - 1;
            const sbj_linear_gradients g = {dy, dx, body, dw};
            status = sbj_do_linear_backward(run, &ws->stages[i].dense, &g, error);
        } else {
            const sbj_normalize_gradients g = {dy, dx};
            status = sbj_do_normalize_backward(run, &ws->stages[i].normalize, &g, error);
        }
    }
    const sbj_pool_gradients g = {rows(ws->d_stage[0], sentences), d_hidden};
    return status == SBERTJA_OK ? sbj_do_pool_backward(run, &ws->pool, &g, error) : status;
}
