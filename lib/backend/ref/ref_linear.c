/* linear: y = activation(x W' + b) */
#include "backend/ref/ref.h"

#define SQRT_HALF 0.70710678118654752440
#define INV_SQRT_2PI 0.39894228040143267794
#define SQRT_2_OVER_PI 0.79788456080286535588
#define GELU_CUBE 0.044715

static double activate(sbj_activation activation, double x)
{
    switch (activation) {
    case SBJ_GELU:
        return 0.5 * x * erfc(-x * SQRT_HALF); /* 1 + erf(z) = erfc(-z), which loses nothing at z < 0 */
    case SBJ_GELU_TANH:
        return 0.5 * x * (1 + tanh(SQRT_2_OVER_PI * (x + GELU_CUBE * x * x * x)));
    case SBJ_RELU:
        return x > 0 ? x : 0;
    case SBJ_TANH:
        return tanh(x);
    case SBJ_SIGMOID:
        return 1 / (1 + exp(-x));
    case SBJ_IDENTITY:
        break;
    }
    return x;
}

static double derivative(sbj_activation activation, double x)
{
    double y;
    switch (activation) {
    case SBJ_GELU:
        return 0.5 * erfc(-x * SQRT_HALF) + x * INV_SQRT_2PI * exp(-0.5 * x * x);
    case SBJ_GELU_TANH:
        y = tanh(SQRT_2_OVER_PI * (x + GELU_CUBE * x * x * x));
        return 0.5 * (1 + y) + 0.5 * x * (1 - y * y) * SQRT_2_OVER_PI * (1 + 3 * GELU_CUBE * x * x);
    case SBJ_RELU:
        return x > 0 ? 1 : 0;
    case SBJ_TANH:
        y = tanh(x);
        return 1 - y * y;
    case SBJ_SIGMOID:
        y = 1 / (1 + exp(-x));
        return y * (1 - y);
    case SBJ_IDENTITY:
        break;
    }
    return 1;
}

sbertja_status sbj_ref_linear(const sbj_run *run, const sbj_linear *r, sbertja_error *error)
{
    (void)error;
    sbj_ref_product(run, r->x, r->w, r->y);
    for (size_t m = 0; m < r->y.rows; m++) {
        double *y = sbj_ref_row(r->y, m);
        for (size_t o = 0; o < r->y.columns; o++) {
            if (sbj_present(r->pre))
                sbj_ref_row(r->pre, m)[o] = y[o];
            y[o] = activate(r->activation, y[o]);
        }
    }
    return SBERTJA_OK;
}

sbertja_status sbj_ref_linear_backward(const sbj_run *run, const sbj_linear *r, const sbj_linear_gradients *g,
                                       sbertja_error *error)
{
    (void)error;
    if (r->activation != SBJ_IDENTITY)
        for (size_t m = 0; m < g->y.rows; m++)
            for (size_t o = 0; o < g->y.columns; o++)
                sbj_ref_row(g->y, m)[o] *= derivative(r->activation, sbj_ref_row(r->pre, m)[o]);
    if (g->w != NULL)
        sbj_ref_product_w(run, g->y, r->x, g->w);
    if (sbj_present(g->x))
        sbj_ref_product_x(run, g->y, r->w, g->x, g->add_x);
    return SBERTJA_OK;
}
