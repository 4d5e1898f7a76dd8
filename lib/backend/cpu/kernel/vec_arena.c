/* Passes over the parameter arena: the norm of the gradient, and AdamW. */
#include "backend/cpu/kernel/vec.h"
#include "backend/cpu/kernels.h"

/* Squares and sums in double, in LANES lanes: the same order of additions whatever the vector's width. */
static double sumsq(const float *x, size_t n)
{
    enum { LANES = 16 };
    double lane[LANES] = {0}, total = 0;
    size_t i = 0;
    for (; i + LANES <= n; i += LANES)
        for (int j = 0; j < LANES; j++)
            lane[j] += (double)x[i + j] * (double)x[i + j];
    for (; i < n; i++)
        total += (double)x[i] * (double)x[i];
    for (int j = 0; j < LANES; j++)
        total += lane[j];
    return total;
}

INLINE void update(const sbj_adamw_step *step, float *p_at, float *gradient, float *m_at, float *v_at, size_t n)
{
    vec p = vec_load_some(p_at, n), m = vec_load_some(m_at, n), v = vec_load_some(v_at, n);
    vec g = vec_load_some(gradient, n) * step->grad_scale;
    m = vec_fma(vec_all(step->one_minus_beta1), g - m, m);
    v = vec_fma(vec_all(step->one_minus_beta2), g * g, v * step->beta2);
    p = vec_fma(p, vec_all(-step->decay_before), p);
    p -= step->rate * m / vec_fma(vec_all(step->root), vec_sqrt(v), vec_all(step->eps));
    vec_store_some(p_at, n, vec_fma(p, vec_all(-step->decay_after), p));
    vec_store_some(m_at, n, m);
    vec_store_some(v_at, n, v);
    vec_store_some(gradient, n, (vec){0});
}

INLINE void decay(const sbj_adamw_step *step, float *p_at, size_t n)
{
    vec p = vec_load_some(p_at, n);
    p = vec_fma(p, vec_all(-step->decay_before), p);
    vec_store_some(p_at, n, vec_fma(p, vec_all(-step->decay_after), p));
}

/* Whether nothing but decay is left to do: rows of the word table whose token was never seen. */
INLINE bool untouched(const float *gradient, const float *m, const float *v, size_t n)
{
    int32_t any = 0;
    for (size_t i = 0; i < n; i++) {
        int32_t bits[3];
        memcpy(&bits[0], gradient + i, 4);
        memcpy(&bits[1], m + i, 4);
        memcpy(&bits[2], v + i, 4);
        any |= bits[0] | bits[1] | bits[2];
    }
    return any == 0;
}

static void adamw(const sbj_adamw_step *step, float *p, float *gradient, float *m, float *v, size_t n)
{
    enum { CHUNK = 64 };
    for (size_t i = 0; i < n; i += CHUNK) {
        size_t end = n - i < CHUNK ? n : i + CHUNK;
        if (untouched(gradient + i, m + i, v + i, end - i))
            for (size_t j = i; j < end; j += VEC)
                decay(step, p + j, end - j);
        else
            for (size_t j = i; j < end; j += VEC)
                update(step, p + j, gradient + j, m + j, v + j, end - j);
    }
}

extern const sbj_arena_kernels SBJ_PER_ISA(sbj_arena_kernels);
const sbj_arena_kernels SBJ_PER_ISA(sbj_arena_kernels) = {sumsq, adamw};
