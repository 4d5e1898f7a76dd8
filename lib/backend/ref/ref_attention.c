/* attention: P = softmax(Q K'/sqrt(d)), y = dropout(P) V, for each sentence and head alone. A task is one head of one
 * sentence; it owns its columns of y and of the gradient, and two rows of scratch, [longest] each. */
#include "backend/ref/ref.h"

typedef struct job {
    const sbj_run *run;
    const sbj_attention *r;
    const sbj_attention_gradients *g;
    sbj_mask mask;
    size_t hidden, width; /* H and d */
    double scale;         /* 1/sqrt(d) */
} job;

/* One head of one sentence: its windows of query, key and value. */
typedef struct head {
    size_t first, length; /* rows of the batch */
    size_t column;        /* of the head in y */
    size_t mask_column;   /* dropout's column of the first key */
    sbj_tensor q, k, v;   /* [length, d] */
    double *p, *dp;       /* scratch */
} head;

static sbj_tensor columns_of(sbj_tensor qkv, const head *h, const job *j, size_t which)
{
    return sbj_window(qkv, h->first, h->length, which * j->hidden + h->column, j->width);
}

static head open_head(const job *j, size_t task, int thread)
{
    size_t n = task / j->r->heads, a = task % j->r->heads, longest = j->r->batch->longest;
    const int32_t *cu = j->r->batch->host_cu;
    head h = {.first = (size_t)cu[n], .length = (size_t)(cu[n + 1] - cu[n])};
    h.column = a * j->width;
    h.mask_column = a * j->r->max_positions;
    h.q = columns_of(j->r->qkv, &h, j, 0);
    h.k = columns_of(j->r->qkv, &h, j, 1);
    h.v = columns_of(j->r->qkv, &h, j, 2);
    h.p = sbj_ref_scratch(j->run) + 2 * longest * (size_t)thread;
    h.dp = h.p + longest;
    return h;
}

/* Row i of P into h->p; returns the log of the sum of exp(score). The largest score is taken off first, so that exp
 * never overflows. */
static double softmax_row(const job *j, const head *h, size_t i)
{
    double largest = -INFINITY, sum = 0;
    for (size_t k = 0; k < h->length; k++) {
        h->p[k] = sbj_ref_dot(sbj_ref_row(h->q, i), sbj_ref_row(h->k, k), j->width) * j->scale;
        largest = h->p[k] > largest ? h->p[k] : largest;
    }
    for (size_t k = 0; k < h->length; k++) {
        h->p[k] = exp(h->p[k] - largest);
        sum += h->p[k];
    }
    for (size_t k = 0; k < h->length; k++)
        h->p[k] /= sum;
    return largest + log(sum);
}

static void forward(void *context, size_t task, int thread)
{
    const job *j = context;
    head h = open_head(j, task, thread);
    for (size_t i = 0; i < h.length; i++) {
        double *y = sbj_ref_row(j->r->y, h.first + i) + h.column, lse = softmax_row(j, &h, i);
        for (size_t c = 0; c < j->width; c++)
            y[c] = 0;
        for (size_t k = 0; k < h.length; k++)
            sbj_ref_add(y, h.p[k] * sbj_ref_factor(&j->mask, h.first + i, h.mask_column + k), sbj_ref_row(h.v, k),
                        j->width);
        if (sbj_present(j->r->lse))
            sbj_ref_row(j->r->lse, h.first + i)[task % j->r->heads] = lse;
    }
}

/* With f dropout's factor, dp = f (dy . v) and ds = p (dp - sum(p dp)) / sqrt(d):
 * dv += f p dy, dq += ds k, dk += ds q. P is computed anew, not from lse. */
static void backward(void *context, size_t task, int thread)
{
    const job *j = context;
    head h = open_head(j, task, thread);
    sbj_tensor dq = columns_of(j->g->qkv, &h, j, 0), dk = columns_of(j->g->qkv, &h, j, 1);
    sbj_tensor dv = columns_of(j->g->qkv, &h, j, 2);
    for (size_t i = 0; i < h.length; i++)
        for (size_t c = 0; c < j->width; c++)
            sbj_ref_row(dq, i)[c] = sbj_ref_row(dk, i)[c] = sbj_ref_row(dv, i)[c] = 0;
    for (size_t i = 0; i < h.length; i++) {
        const double *dy = sbj_ref_row(j->g->y, h.first + i) + h.column;
        double mean = 0;
        softmax_row(j, &h, i);
        for (size_t k = 0; k < h.length; k++) {
            double factor = sbj_ref_factor(&j->mask, h.first + i, h.mask_column + k);
            sbj_ref_add(sbj_ref_row(dv, k), factor * h.p[k], dy, j->width);
            h.dp[k] = factor * sbj_ref_dot(dy, sbj_ref_row(h.v, k), j->width);
            mean += h.p[k] * h.dp[k];
        }
        for (size_t k = 0; k < h.length; k++) {
            double ds = h.p[k] * (h.dp[k] - mean) * j->scale;
            sbj_ref_add(sbj_ref_row(dq, i), ds, sbj_ref_row(h.k, k), j->width);
            sbj_ref_add(sbj_ref_row(dk, k), ds, sbj_ref_row(h.q, i), j->width);
        }
    }
}

static void run_tasks(const sbj_run *run, const sbj_attention *r, const sbj_attention_gradients *g, sbj_task task)
{
    size_t hidden = r->y.columns, width = hidden / r->heads;
    job j = {run, r, g, sbj_mask_make(run, r->dropout), hidden, width, 1 / sqrt((double)width)};
    sbj_pool_run(run->pool, r->batch->sentences * r->heads, task, &j);
}

sbertja_status sbj_ref_attention(const sbj_run *run, const sbj_attention *r, sbertja_error *error)
{
    (void)error;
    run_tasks(run, r, NULL, forward);
    return SBERTJA_OK;
}

sbertja_status sbj_ref_attention_backward(const sbj_run *run, const sbj_attention *r, const sbj_attention_gradients *g,
                                          sbertja_error *error)
{
    (void)error;
    run_tasks(run, r, g, backward);
    return SBERTJA_OK;
}
