/* What attention in f32 and in bf16 have in common. */
#ifndef SBJ_VEC_ATTENTION_H
#define SBJ_VEC_ATTENTION_H

#include "backend/cpu/kernel/vec_math.h"
#include "backend/cpu/kernels.h"

enum { BLOCK = 48 }; /* queries whose scores are there at a time */

INLINE size_t round_up(size_t n, size_t unit)
{
    return (n + unit - 1) / unit * unit;
}

INLINE sbj_operand rows_of(const float *at, size_t ld)
{
    return (sbj_operand){at, ld, 1};
}

INLINE sbj_operand columns_of(const float *at, size_t ld)
{
    return (sbj_operand){at, 1, ld};
}

/* s = softmax(scale s); gives lse. The largest score is taken off first, so that exp does not overflow. */
INLINE float softmax(float *s, size_t n, float scale)
{
    vec largest = vec_all(-INFINITY), sums = {0};
    size_t i = 0;
    for (; i + VEC <= n; i += VEC)
        largest = vec_max(vec_load(s + i), largest);
    float most = vec_largest(largest);
    for (; i < n; i++)
        most = s[i] > most ? s[i] : most;
    for (i = 0; i < n; i += VEC) {
        vec e = vec_exp_bounded((vec_load_some(s + i, n - i) - most) * scale);
        vec_store_some(s + i, n - i, e);
        sums += vec_load_some(s + i, n - i); /* without the lanes behind the end */
    }
    float sum = vec_sum(sums), inverse = 1 / sum;
    for (i = 0; i < n; i += VEC)
        vec_store_some(s + i, n - i, vec_load_some(s + i, n - i) * inverse);
    return most * scale + logf(sum);
}

#endif
