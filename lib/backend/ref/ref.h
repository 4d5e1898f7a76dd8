/* The reference back end: every formula of backend.h once more in plain loops, in double. It is what the other back
 * ends are judged by, so it has no cleverness that would need a judge of its own. */
#ifndef SBJ_REF_H
#define SBJ_REF_H

#include "backend/dropout.h"
#include "backend/host.h"

static inline double *sbj_ref_row(sbj_tensor t, size_t row)
{
    return sbj_f64(t) + row * t.stride;
}

static inline double *sbj_ref_scratch(const sbj_run *run)
{
    return run->scratch->data;
}

/* 0 or 1/(1-rate): what dropout multiplies an element by. */
static inline double sbj_ref_factor(const sbj_mask *mask, size_t row, size_t column)
{
    if (mask->threshold == 0)
        return 1;
    return sbj_kept(mask, (uint32_t)row, (uint32_t)column) ? mask->scale : 0;
}

static inline double sbj_ref_dot(const double *a, const double *b, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += a[i] * b[i];
    return sum;
}

static inline void sbj_ref_add(double *to, double factor, const double *from, size_t n)
{
    for (size_t i = 0; i < n; i++)
        to[i] += factor * from[i];
}

/* Products with a matrix of one to three parts (ref_product.c). Rows are shared out among the pool's threads; every
 * element is summed by one thread in one order. */
/* y = x W' + b */
void sbj_ref_product(const sbj_run *run, sbj_tensor x, const sbj_matrix *w, sbj_tensor y);
/* dx = dy W, or dx += dy W */
void sbj_ref_product_x(const sbj_run *run, sbj_tensor dy, const sbj_matrix *w, sbj_tensor dx, bool add);
/* dW += dy' x, db += the sum of dy's rows */
void sbj_ref_product_w(const sbj_run *run, sbj_tensor dy, sbj_tensor x, const sbj_matrix *dw);

sbertja_status sbj_ref_embed(const sbj_run *, const sbj_embed *, sbertja_error *);
sbertja_status sbj_ref_embed_backward(const sbj_run *, const sbj_embed *, const sbj_embed_gradients *, sbertja_error *);
sbertja_status sbj_ref_linear(const sbj_run *, const sbj_linear *, sbertja_error *);
sbertja_status sbj_ref_linear_backward(const sbj_run *, const sbj_linear *, const sbj_linear_gradients *,
                                       sbertja_error *);
sbertja_status sbj_ref_linear_norm(const sbj_run *, const sbj_linear_norm *, sbertja_error *);
sbertja_status sbj_ref_linear_norm_backward(const sbj_run *, const sbj_linear_norm *, const sbj_linear_norm_gradients *,
                                            sbertja_error *);
sbertja_status sbj_ref_attention(const sbj_run *, const sbj_attention *, sbertja_error *);
sbertja_status sbj_ref_attention_backward(const sbj_run *, const sbj_attention *, const sbj_attention_gradients *,
                                          sbertja_error *);
sbertja_status sbj_ref_pool(const sbj_run *, const sbj_pool_op *, sbertja_error *);
sbertja_status sbj_ref_pool_backward(const sbj_run *, const sbj_pool_op *, const sbj_pool_gradients *, sbertja_error *);
sbertja_status sbj_ref_normalize(const sbj_run *, const sbj_normalize *, sbertja_error *);
sbertja_status sbj_ref_normalize_backward(const sbj_run *, const sbj_normalize *, const sbj_normalize_gradients *,
                                          sbertja_error *);
sbertja_status sbj_ref_sumsq(const sbj_run *, const sbj_sumsq *, double *sum, sbertja_error *);
sbertja_status sbj_ref_adamw(const sbj_run *, const sbj_adamw *, sbertja_error *);

#endif
