/* Passes over the parameter arena: the norm of the gradient, and AdamW. */
#include "backend/cpu/kernel/vec.h"
#include "backend/cpu/kernels.h"

/* Squares and sums in double. */
static void add_squares(const float *x, size_t place, size_t n, double *lanes)
{
    double lane[SBJ_LANES];
    size_t i = 0;
    memcpy(lane, lanes, sizeof lane);
    for (; i < n && (place + i) % SBJ_LANES != 0; i++)
        lane[(place + i) % SBJ_LANES] += (double)x[i] * (double)x[i];
    for (; i + SBJ_LANES <= n; i += SBJ_LANES)
        for (int j = 0; j < SBJ_LANES; j++)
            lane[j] += (double)x[i + j] * (double)x[i + j];
    for (; i < n; i++)
        lane[(place + i) % SBJ_LANES] += (double)x[i] * (double)x[i];
    memcpy(lanes, lane, sizeof lane);
}

/* The difference would make +0 of -0. */
INLINE vec decayed(vec p, float by)
{
    return by == 0 ? p : vec_fma(p, vec_all(-by), p);
}

INLINE void update(const sbj_adamw_step *step, float *p_at, float *gradient, float *m_at, float *v_at, size_t n)
{
    vec p = vec_load_some(p_at, n), m = vec_load_some(m_at, n), v = vec_load_some(v_at, n);
    vec g = vec_load_some(gradient, n) * step->grad_scale;
    m = vec_fma(vec_all(step->one_minus_beta1), g - m, m);
    v = vec_fma(vec_all(step->one_minus_beta2), g * g, v * step->beta2);
    p = decayed(p, step->decay_before);
    p -= step->rate * m / vec_fma(vec_all(step->root), vec_sqrt(v), vec_all(step->eps));
    vec_store_some(p_at, n, decayed(p, step->decay_after));
    vec_store_some(m_at, n, m);
    vec_store_some(v_at, n, v);
    vec_store_some(gradient, n, (vec){0});
}

static void adamw(const sbj_adamw_step *step, float *p, float *gradient, float *m, float *v, size_t n)
{
    for (size_t i = 0; i < n; i += VEC)
        update(step, p + i, gradient + i, m + i, v + i, n - i);
}

static void decay(const sbj_adamw_step *step, float *p, size_t n)
{
    if (step->decay_before == 0 && step->decay_after == 0)
        return;
    for (size_t i = 0; i < n; i += VEC)
        vec_store_some(p + i, n - i,
                       decayed(decayed(vec_load_some(p + i, n - i), step->decay_before), step->decay_after));
}

extern const sbj_arena_kernels SBJ_PER_ISA(sbj_arena_kernels);
const sbj_arena_kernels SBJ_PER_ISA(sbj_arena_kernels) = {add_squares, adamw, decay};
