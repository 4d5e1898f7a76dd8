/* The functions between layers, on a block, and their derivatives, on a row. */
#include "backend/cpu/kernel/vec_math.h"
#include "backend/cpu/kernels.h"

/* gelu_new's inner function: sqrt(2/pi) (x + 0.044715 x^3) */
INLINE vec inner(vec x)
{
    return 0.79788456080f * x * vec_fma(x * x, vec_all(0.044715f), vec_all(1));
}

/* `activation` is a constant wherever these two are called, and one case remains. */
INLINE vec value(sbj_activation activation, vec x)
{
    vec density;
    switch (activation) {
    case SBJ_GELU:
        return x * vec_normal(x, &density);
    case SBJ_GELU_TANH:
        return x * vec_sigmoid(2 * inner(x)); /* (1 + tanh z)/2 is sigmoid(2 z) */
    case SBJ_RELU:
        return vec_max((vec){0}, x); /* in this order a NaN stays one */
    case SBJ_TANH:
        return vec_tanh(x);
    case SBJ_SIGMOID:
        return vec_sigmoid(x);
    case SBJ_IDENTITY:
        break;
    }
    return x;
}

INLINE vec slope(sbj_activation activation, vec x)
{
    vec s, density;
    switch (activation) {
    case SBJ_GELU:
        s = vec_normal(x, &density);
        return vec_fma(x, density, s);
    case SBJ_GELU_TANH:
        s = vec_sigmoid(2 * inner(x));
        return s + x * s * (1 - s) * 1.59576912161f * vec_fma(x * x, vec_all(3 * 0.044715f), vec_all(1));
    case SBJ_RELU:
        return vec_if(vec_less((vec){0}, x), vec_all(1), (vec){0});
    case SBJ_TANH:
        s = vec_tanh(x);
        return (1 - s) * (1 + s);
    case SBJ_SIGMOID:
        s = vec_sigmoid(x);
        return s * (1 - s);
    case SBJ_IDENTITY:
        break;
    }
    return vec_all(1);
}

INLINE vec value_of(sbj_activation activation, bool rough, vec x)
{
#if defined(SBJ_ROUGH_GELU)
    if (rough && activation == SBJ_GELU)
        return vec_rough_gelu(x);
#endif
    (void)rough;
    return value(activation, x);
}

INLINE void forward_of(sbj_activation activation, bool rough, size_t m, size_t n, const float *bias, float *pre,
                       size_t ldpre, float *y, size_t ldy)
{
    for (size_t row = 0; row < m; row++, y += ldy, pre = pre == NULL ? NULL : pre + ldpre)
        for (size_t i = 0; i < n; i += VEC) {
            vec v = vec_load_some(y + i, n - i);
            if (bias != NULL)
                v += vec_load_some(bias + i, n - i);
            if (pre != NULL)
                vec_store_some(pre + i, n - i, v);
            vec_store_some(y + i, n - i, value_of(activation, rough, v));
        }
}

static void forward(sbj_activation activation, bool rough, size_t m, size_t n, const float *bias, float *pre,
                    size_t ldpre, float *y, size_t ldy)
{
    switch (activation) {
    case SBJ_IDENTITY:
        forward_of(SBJ_IDENTITY, false, m, n, bias, pre, ldpre, y, ldy);
        break;
    case SBJ_GELU:
        if (rough)
            forward_of(SBJ_GELU, true, m, n, bias, NULL, 0, y, ldy);
        else
            forward_of(SBJ_GELU, false, m, n, bias, pre, ldpre, y, ldy);
        break;
    case SBJ_GELU_TANH:
        forward_of(SBJ_GELU_TANH, false, m, n, bias, pre, ldpre, y, ldy);
        break;
    case SBJ_RELU:
        forward_of(SBJ_RELU, false, m, n, bias, pre, ldpre, y, ldy);
        break;
    case SBJ_TANH:
        forward_of(SBJ_TANH, false, m, n, bias, pre, ldpre, y, ldy);
        break;
    case SBJ_SIGMOID:
        forward_of(SBJ_SIGMOID, false, m, n, bias, pre, ldpre, y, ldy);
        break;
    }
}

INLINE void backward_of(sbj_activation activation, const float *pre, float *dy, size_t n)
{
    for (size_t i = 0; i < n; i += VEC) {
        vec s = slope(activation, vec_load_some(pre + i, n - i));
        vec_store_some(dy + i, n - i, vec_load_some(dy + i, n - i) * s);
    }
}

static void backward(sbj_activation activation, const float *pre, float *dy, size_t n)
{
    switch (activation) {
    case SBJ_IDENTITY:
        break;
    case SBJ_GELU:
        backward_of(SBJ_GELU, pre, dy, n);
        break;
    case SBJ_GELU_TANH:
        backward_of(SBJ_GELU_TANH, pre, dy, n);
        break;
    case SBJ_RELU:
        backward_of(SBJ_RELU, pre, dy, n);
        break;
    case SBJ_TANH:
        backward_of(SBJ_TANH, pre, dy, n);
        break;
    case SBJ_SIGMOID:
        backward_of(SBJ_SIGMOID, pre, dy, n);
        break;
    }
}

extern const sbj_activation_kernels SBJ_PER_ISA(sbj_activation_kernels);
const sbj_activation_kernels SBJ_PER_ISA(sbj_activation_kernels) = {forward, backward};
