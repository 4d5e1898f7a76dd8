/* BERT forward: embeddings, then layers of attention and feed-forward (Devlin et al. 2018; the order of the operations
 * is that of transformers' BertModel). Each record is completed with this batch's rows and this model's weights, and
 * stays in the workspace for backward. */
#include "model/bert.h"

static sbj_tensor rows(sbj_tensor t, size_t n)
{
    t.rows = n;
    return t;
}

static sbj_dropout dropout_at(double rate, bool on, size_t site)
{
    return (sbj_dropout){on ? rate : 0, (uint32_t)site};
}

static void set_embed(const sbj_views *w, sbj_workspace *ws, bool dropout)
{
    const sbj_config *c = &ws->network->config;
    const size_t t = ws->batch.tokens;
    sbj_embed *e = &ws->embed;
    e->batch = &ws->batch;
    e->word = sbj_present(w->words) ? w->words : w->tensors[SBJ_WORD];
    e->rounded = w->rounded_words;
    e->position = w->tensors[SBJ_POSITION];
    e->type = w->tensors[SBJ_TYPE];
    e->gamma = w->tensors[SBJ_EMBED_NORM_W];
    e->beta = w->tensors[SBJ_EMBED_NORM_B];
    e->eps = c->eps;
    e->dropout = dropout_at(c->hidden_dropout, dropout, SBJ_SITE_EMBED);
    e->sum = rows(e->sum, t);
    e->stats = rows(e->stats, t);
    e->y = rows(e->y, t);
}

static void set_attention(const sbj_views *w, sbj_workspace *ws, sbj_layer_records *r, size_t layer, bool dropout)
{
    const sbj_config *c = &ws->network->config;
    const size_t t = ws->batch.tokens, site = SBJ_SITE_LAYER + layer * SBJ_SITES_A_LAYER;
    const sbj_tensor *p = w->tensors + sbj_layer_parameter(layer, 0);
    const sbj_matrix *m = w->matrices + layer * SBJ_LAYER_MATRICES;
    r->qkv.w = &m[SBJ_MATRIX_QKV];
    r->qkv.x = rows(r->qkv.x, t);
    r->qkv.y = rows(r->qkv.y, t);
    r->attention.batch = &ws->batch;
    r->attention.heads = c->heads;
    r->attention.max_positions = c->max_positions;
    r->attention.dropout = dropout_at(c->attention_dropout, dropout, site);
    r->attention.qkv = r->qkv.y;
    r->attention.lse = rows(r->attention.lse, t);
    r->attention.y = rows(r->attention.y, t);
    r->self_output.x = r->attention.y;
    r->self_output.w = &m[SBJ_MATRIX_SELF_OUT];
    r->self_output.dropout = dropout_at(c->hidden_dropout, dropout, site + 1);
    r->self_output.residual = rows(r->self_output.residual, t);
    r->self_output.gamma = p[SBJ_SELF_NORM_W];
    r->self_output.beta = p[SBJ_SELF_NORM_B];
    r->self_output.eps = c->eps;
    r->self_output.sum = rows(r->self_output.sum, t);
    r->self_output.stats = rows(r->self_output.stats, t);
    r->self_output.y = rows(r->self_output.y, t);
}

static void set_feed_forward(const sbj_views *w, sbj_workspace *ws, sbj_layer_records *r, size_t layer, bool dropout)
{
    const sbj_config *c = &ws->network->config;
    const size_t t = ws->batch.tokens, site = SBJ_SITE_LAYER + layer * SBJ_SITES_A_LAYER;
    const sbj_tensor *p = w->tensors + sbj_layer_parameter(layer, 0);
    const sbj_matrix *m = w->matrices + layer * SBJ_LAYER_MATRICES;
    r->inner.x = r->self_output.y;
    r->inner.w = &m[SBJ_MATRIX_INNER];
    r->inner.activation = c->activation;
    r->inner.pre = rows(r->inner.pre, t);
    r->inner.y = rows(r->inner.y, t);
    r->output.x = r->inner.y;
    r->output.w = &m[SBJ_MATRIX_OUTER];
    r->output.dropout = dropout_at(c->hidden_dropout, dropout, site + 2);
    r->output.residual = r->self_output.y;
    r->output.gamma = p[SBJ_OUT_NORM_W];
    r->output.beta = p[SBJ_OUT_NORM_B];
    r->output.eps = c->eps;
    r->output.sum = rows(r->output.sum, t);
    r->output.stats = rows(r->output.stats, t);
    r->output.y = rows(r->output.y, t);
}

static sbertja_status run_layer(const sbj_run *run, const sbj_layer_records *r, sbertja_error *error)
{
    sbertja_status status;
    if ((status = sbj_do_linear(run, &r->qkv, error)) != SBERTJA_OK ||
        (status = sbj_do_attention(run, &r->attention, error)) != SBERTJA_OK ||
        (status = sbj_do_linear_norm(run, &r->self_output, error)) != SBERTJA_OK ||
        (status = sbj_do_linear(run, &r->inner, error)) != SBERTJA_OK)
        return status;
    return sbj_do_linear_norm(run, &r->output, error);
}

sbertja_status sbj_bert_forward(const sbj_run *run, const sbj_views *w, sbj_workspace *ws, bool dropout,
                                sbj_tensor *hidden, sbertja_error *error)
{
    sbertja_status status;
    set_embed(w, ws, dropout);
    if ((status = sbj_do_embed(run, &ws->embed, error)) != SBERTJA_OK)
        return status;
    *hidden = ws->embed.y;
    for (size_t layer = 0; layer < ws->network->config.layers; layer++) {
        sbj_layer_records *r = &ws->layers[ws->training ? layer : 0]; /* in inference one layer's records serve all */
        set_attention(w, ws, r, layer, dropout);
        set_feed_forward(w, ws, r, layer, dropout);
        if ((status = run_layer(run, r, error)) != SBERTJA_OK)
            return status;
        *hidden = r->output.y;
    }
    return SBERTJA_OK;
}

sbertja_status sbj_forward(const sbj_run *run, const sbj_views *w, sbj_workspace *ws, bool dropout,
                           sbertja_error *error)
{
    sbj_tensor hidden;
    sbertja_status status = sbj_bert_forward(run, w, ws, dropout && ws->training, &hidden, error);
    return status == SBERTJA_OK ? sbj_head_forward(run, w, ws, hidden, error) : status;
}
