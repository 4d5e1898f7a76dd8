/* BERT backward: the files of the way forward, in reverse. Two buffers of [T, H] carry the gradient down:
 *
 *   d_hidden[0]  gradient of the layer's output, and at the end of the layer that of its input
 *   d_hidden[1]  gradient of what stands between attention and feed-forward
 *
 * linear_norm's backward sets the residual's gradient; the linear layer that the residual went around then adds to it. */
#include "model/bert.h"

static sbertja_status feed_forward_backward(const sbj_run *run, sbj_workspace *ws, const sbj_layer_records *r,
                                            const sbj_tensor *dp, const sbj_matrix *dm, sbj_tensor d_output,
                                            sbj_tensor d_middle, sbertja_error *error)
{
    sbj_tensor d_inner = sbj_window(ws->d_inner, 0, ws->batch.tokens, 0, ws->d_inner.columns);
    const sbj_linear_norm_gradients outer = {
        d_output, d_middle, d_inner, &dm[SBJ_MATRIX_OUTER], dp[SBJ_OUT_NORM_W], dp[SBJ_OUT_NORM_B]};
    const sbj_linear_gradients inner = {d_inner, d_middle, true, &dm[SBJ_MATRIX_INNER]};
    sbertja_status status = sbj_do_linear_norm_backward(run, &r->output, &outer, error);
    return status == SBERTJA_OK ? sbj_do_linear_backward(run, &r->inner, &inner, error) : status;
}

static sbertja_status attention_backward(const sbj_run *run, sbj_workspace *ws, const sbj_layer_records *r,
                                         const sbj_tensor *dp, const sbj_matrix *dm, sbj_tensor d_middle,
                                         sbj_tensor d_input, sbertja_error *error)
{
    const size_t t = ws->batch.tokens;
    sbj_tensor d_context = sbj_window(ws->d_context, 0, t, 0, ws->d_context.columns);
    sbj_tensor d_qkv = sbj_window(ws->d_qkv, 0, t, 0, ws->d_qkv.columns);
    const sbj_linear_norm_gradients output = {
        d_middle, d_input, d_context, &dm[SBJ_MATRIX_SELF_OUT], dp[SBJ_SELF_NORM_W], dp[SBJ_SELF_NORM_B]};
    const sbj_attention_gradients attention = {d_context, d_qkv};
    const sbj_linear_gradients qkv = {d_qkv, d_input, true, &dm[SBJ_MATRIX_QKV]};
    sbertja_status status;
    if ((status = sbj_do_linear_norm_backward(run, &r->self_output, &output, error)) != SBERTJA_OK ||
        (status = sbj_do_attention_backward(run, &r->attention, &attention, error)) != SBERTJA_OK)
        return status;
    if ((status = sbj_do_linear_backward(run, &r->qkv, &qkv, error)) != SBERTJA_OK)
        return status;
    /* Softmax does not see a shift of all scores, so this gradient is exactly 0, and what was summed up is rounding, which
     * AdamW would magnify. */
    return sbj_zero(run, dp[SBJ_KEY_B], error);
}

sbertja_status sbj_bert_backward(const sbj_run *run, sbj_workspace *ws, const sbj_views *gradients,
                                 sbertja_error *error)
{
    const size_t t = ws->batch.tokens;
    sbj_tensor d_output = sbj_window(ws->d_hidden[0], 0, t, 0, ws->d_hidden[0].columns);
    sbj_tensor d_middle = sbj_window(ws->d_hidden[1], 0, t, 0, ws->d_hidden[1].columns);
    sbertja_status status;
    for (size_t layer = ws->network->config.layers; layer-- > 0;) {
        const sbj_layer_records *r = &ws->layers[layer];
        const sbj_tensor *dp = gradients->tensors + sbj_layer_parameter(layer, 0);
        const sbj_matrix *dm = gradients->matrices + layer * SBJ_LAYER_MATRICES;
        if ((status = feed_forward_backward(run, ws, r, dp, dm, d_output, d_middle, error)) != SBERTJA_OK ||
            (status = attention_backward(run, ws, r, dp, dm, d_middle, d_output, error)) != SBERTJA_OK)
            return status;
    }
    const sbj_tensor *g = gradients->tensors;
    const sbj_embed_gradients embed = {d_output, g[SBJ_WORD], g[SBJ_POSITION], g[SBJ_TYPE], g[SBJ_EMBED_NORM_W],
                                       g[SBJ_EMBED_NORM_B]};
    return sbj_do_embed_backward(run, &ws->embed, &embed, error);
}

sbertja_status sbj_backward(const sbj_run *run, sbj_workspace *ws, const sbj_views *gradients,
                            sbertja_error *error)
{
    sbj_tensor d_hidden = sbj_window(ws->d_hidden[0], 0, ws->batch.tokens, 0, ws->d_hidden[0].columns);
    sbertja_status status = sbj_head_backward(run, ws, gradients, d_hidden, error);
    return status == SBERTJA_OK ? sbj_bert_backward(run, ws, gradients, error) : status;
}
