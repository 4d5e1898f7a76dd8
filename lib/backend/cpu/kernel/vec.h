/* A vector of floats and the few operations on it that kernels need, for the instruction set that this compilation is
 * for (-DSBJ_ISA=avx2 -DSBJ_ISA_avx2). +, -, * and / are the compiler's own vector operators; here is what they leave
 * out. Kernels include this and are then written once. */
#ifndef SBJ_VEC_H
#define SBJ_VEC_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Each of these has all that the next one has. */
#if defined(SBJ_ISA_amx)
#define SBJ_ISA_avx512bf16
#endif
#if defined(SBJ_ISA_avx512bf16)
#define SBJ_ISA_avx512vnni
#endif
#if defined(SBJ_ISA_avx512vnni)
#define SBJ_ISA_avx512
#endif

#if defined(SBJ_ISA_avx2) || defined(SBJ_ISA_avx512)
#include <immintrin.h>
#elif defined(__SSE2__)
#include <emmintrin.h>
#endif

#define SBJ_JOIN_(a, b) a##_##b
#define SBJ_JOIN(a, b) SBJ_JOIN_(a, b)
#define SBJ_PER_ISA(name) SBJ_JOIN(name, SBJ_ISA) /* sbj_kernels -> sbj_kernels_avx2: for the tables, nothing else */
#define INLINE static inline __attribute__((always_inline))

#if defined(SBJ_ISA_avx512)
enum { VEC = 16 };
#elif defined(SBJ_ISA_avx2)
enum { VEC = 8 };
#else
enum { VEC = 4 };
#endif

typedef float vec __attribute__((vector_size(VEC * 4)));
typedef int32_t ivec __attribute__((vector_size(VEC * 4)));
typedef uint32_t uvec __attribute__((vector_size(VEC * 4)));
typedef uint64_t wvec __attribute__((vector_size(VEC * 4))); /* VEC/2 words of 64 bits */

INLINE vec vec_all(float x)
{
    return x - (vec){0}; /* x - 0 is x, also for -0, so nothing is left of it but the broadcast */
}

INLINE vec vec_load(const float *p)
{
    vec v;
    memcpy(&v, p, sizeof v);
    return v;
}

INLINE void vec_store(float *p, vec v)
{
    memcpy(p, &v, sizeof v);
}

#if defined(SBJ_ISA_avx512)
INLINE __mmask16 vec_first(size_t n)
{
    return (__mmask16)((1u << n) - 1);
}
#elif defined(SBJ_ISA_avx2)
INLINE __m256i vec_first(size_t n)
{
    static const int32_t ones[2 * VEC] = {-1, -1, -1, -1, -1, -1, -1, -1};
    return _mm256_loadu_si256((const __m256i *)(ones + VEC - n));
}
#endif

/* The first `n` floats, or a whole vector if there are as many; zeros behind them. Rows mostly end with a whole vector,
 * so that case is a branch of its own. */
INLINE vec vec_load_some(const float *p, size_t n)
{
    if (n >= VEC)
        return vec_load(p);
#if defined(SBJ_ISA_avx512)
    return (vec)_mm512_maskz_loadu_ps(vec_first(n), p);
#elif defined(SBJ_ISA_avx2)
    return (vec)_mm256_maskload_ps(p, vec_first(n));
#else
    vec v = {0};
    memcpy(&v, p, n * sizeof *p);
    return v;
#endif
}

INLINE void vec_store_some(float *p, size_t n, vec v)
{
    if (n >= VEC) {
        vec_store(p, v);
        return;
    }
#if defined(SBJ_ISA_avx512)
    _mm512_mask_storeu_ps(p, vec_first(n), (__m512)v);
#elif defined(SBJ_ISA_avx2)
    _mm256_maskstore_ps(p, vec_first(n), (__m256)v);
#else
    memcpy(p, &v, n * sizeof *p);
#endif
}

/* a b + c: rounded once where the machine can, so results may differ between instruction sets. */
INLINE vec vec_fma(vec a, vec b, vec c)
{
#if defined(SBJ_ISA_avx512)
    return (vec)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c);
#elif defined(SBJ_ISA_avx2)
    return (vec)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c);
#else
    return a * b + c;
#endif
}

/* What a comparison gives; for vec_if. */
#if defined(SBJ_ISA_avx512)
typedef __mmask16 truths;
#else
typedef ivec truths; /* -1 or 0 */
#endif

INLINE truths vec_less(vec a, vec b)
{
#if defined(SBJ_ISA_avx512)
    return _mm512_cmp_ps_mask((__m512)a, (__m512)b, _CMP_LT_OQ);
#else
    return a < b;
#endif
}

INLINE truths vec_is_nan(vec a)
{
#if defined(SBJ_ISA_avx512)
    return _mm512_cmp_ps_mask((__m512)a, (__m512)a, _CMP_UNORD_Q);
#else
    return a != a;
#endif
}

INLINE truths uvec_at_least(uvec a, uint32_t b)
{
#if defined(SBJ_ISA_avx512)
    return _mm512_cmpge_epu32_mask((__m512i)a, _mm512_set1_epi32((int)b));
#else
    return a >= b;
#endif
}

INLINE vec vec_if(truths condition, vec yes, vec no)
{
#if defined(SBJ_ISA_avx512)
    return (vec)_mm512_mask_blend_ps(condition, (__m512)no, (__m512)yes);
#elif defined(SBJ_ISA_avx2)
    return (vec)_mm256_blendv_ps((__m256)no, (__m256)yes, (__m256)condition);
#else
    return (vec)((condition & (ivec)yes) | (~condition & (ivec)no));
#endif
}

/* The second one where they cannot be compared, or are both 0. */
INLINE vec vec_max(vec a, vec b)
{
#if defined(SBJ_ISA_avx512)
    return (vec)_mm512_max_ps((__m512)a, (__m512)b);
#elif defined(SBJ_ISA_avx2)
    return (vec)_mm256_max_ps((__m256)a, (__m256)b);
#elif defined(__SSE2__)
    return (vec)_mm_max_ps((__m128)a, (__m128)b);
#else
    return vec_if(vec_less(b, a), a, b);
#endif
}

INLINE vec vec_min(vec a, vec b)
{
#if defined(SBJ_ISA_avx512)
    return (vec)_mm512_min_ps((__m512)a, (__m512)b);
#elif defined(SBJ_ISA_avx2)
    return (vec)_mm256_min_ps((__m256)a, (__m256)b);
#elif defined(__SSE2__)
    return (vec)_mm_min_ps((__m128)a, (__m128)b);
#else
    return vec_if(vec_less(a, b), a, b);
#endif
}

INLINE ivec ivec_max(ivec a, ivec b)
{
#if defined(SBJ_ISA_avx512)
    return (ivec)_mm512_max_epi32((__m512i)a, (__m512i)b);
#elif defined(SBJ_ISA_avx2)
    return (ivec)_mm256_max_epi32((__m256i)a, (__m256i)b);
#else
    const ivec more = a > b;
    return (more & a) | (~more & b);
#endif
}

/* To the nearest whole number, ties to even; for what is no number, or does not fit, the result is any. */
INLINE ivec vec_nearest(vec x)
{
#if defined(SBJ_ISA_avx512)
    return (ivec)_mm512_cvtps_epi32((__m512)x);
#elif defined(SBJ_ISA_avx2)
    return (ivec)_mm256_cvtps_epi32((__m256)x);
#elif defined(__SSE2__)
    return (ivec)_mm_cvtps_epi32((__m128)x);
#else
    ivec whole;
    for (int i = 0; i < VEC; i++)
        whole[i] = (int32_t)lrintf(x[i]);
    return whole;
#endif
}

INLINE vec vec_abs(vec a)
{
    return (vec)((ivec)a & 0x7FFFFFFF);
}

INLINE vec vec_sqrt(vec a)
{
#if defined(SBJ_ISA_avx512)
    return (vec)_mm512_sqrt_ps((__m512)a);
#elif defined(SBJ_ISA_avx2)
    return (vec)_mm256_sqrt_ps((__m256)a);
#elif defined(__SSE2__)
    return (vec)_mm_sqrt_ps((__m128)a);
#else
    for (int i = 0; i < VEC; i++)
        a[i] = sqrtf(a[i]);
    return a;
#endif
}

/* The product of the lower halves of each 64-bit word; the upper halves of a and b must be 0. */
INLINE wvec vec_mul_halves(wvec a, wvec b)
{
#if defined(SBJ_ISA_avx512)
    return (wvec)_mm512_mul_epu32((__m512i)a, (__m512i)b);
#elif defined(SBJ_ISA_avx2)
    return (wvec)_mm256_mul_epu32((__m256i)a, (__m256i)b);
#elif defined(__SSE2__)
    return (wvec)_mm_mul_epu32((__m128i)a, (__m128i)b);
#else
    return a * b;
#endif
}

/* The float whose upper half is the nearest bf16, ties to even; NaN stays NaN. */
INLINE uvec vec_nearest_bf16(vec x)
{
    uvec w = (uvec)x;
    return (uvec)vec_if(vec_is_nan(x), (vec)(w | 0x00400000u), (vec)(w + 0x7FFFu + (w >> 16 & 1)));
}

#if defined(SBJ_ISA_avx512)
/* Of each lane, the element of the table that its lowest four bits name. */
INLINE vec vec_pick(const float table[VEC], ivec place)
{
    return (vec)_mm512_permutexvar_ps((__m512i)place, (__m512)vec_load(table));
}
#endif

/* The elements of a and b in turn: those of the lower halves, and of the upper ones. */
INLINE void vec_interleave(vec a, vec b, vec *lower, vec *upper)
{
#if defined(SBJ_ISA_avx512)
    const __m512i in_turn = _mm512_setr_epi32(0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
    *lower = (vec)_mm512_permutex2var_ps((__m512)a, in_turn, (__m512)b);
    *upper = (vec)_mm512_permutex2var_ps((__m512)a, _mm512_add_epi32(in_turn, _mm512_set1_epi32(8)), (__m512)b);
#elif defined(SBJ_ISA_avx2)
    __m256 even = _mm256_unpacklo_ps((__m256)a, (__m256)b), odd = _mm256_unpackhi_ps((__m256)a, (__m256)b);
    *lower = (vec)_mm256_permute2f128_ps(even, odd, 0x20);
    *upper = (vec)_mm256_permute2f128_ps(even, odd, 0x31);
#elif defined(__SSE2__)
    *lower = (vec)_mm_unpacklo_ps((__m128)a, (__m128)b);
    *upper = (vec)_mm_unpackhi_ps((__m128)a, (__m128)b);
#else
    for (int i = 0; i < VEC / 2; i++) {
        (*lower)[2 * i] = a[i];
        (*lower)[2 * i + 1] = b[i];
        (*upper)[2 * i] = a[VEC / 2 + i];
        (*upper)[2 * i + 1] = b[VEC / 2 + i];
    }
#endif
}

/* A square of VEC rows, by shuffling the upper half of the rows into the lower one until all is transposed. */
INLINE void vec_transpose(vec rows[VEC])
{
#pragma GCC unroll 4
    for (int length = 1; length < VEC; length *= 2) {
        vec shuffled[VEC];
#pragma GCC unroll 8
        for (int i = 0; i < VEC / 2; i++)
            vec_interleave(rows[i], rows[VEC / 2 + i], &shuffled[2 * i], &shuffled[2 * i + 1]);
#pragma GCC unroll 16
        for (int i = 0; i < VEC; i++)
            rows[i] = shuffled[i];
    }
}

/* Sum and maximum of the elements: the upper half onto the lower one, until one is left. The order is part of the
 * result. */
typedef float quarter __attribute__((vector_size(16)));
enum { QUARTERS = VEC / 4 };

INLINE void vec_quarters(vec v, quarter q[QUARTERS])
{
#if defined(SBJ_ISA_avx512)
    q[0] = (quarter)_mm512_castps512_ps128((__m512)v);
    q[1] = (quarter)_mm512_extractf32x4_ps((__m512)v, 1);
    q[2] = (quarter)_mm512_extractf32x4_ps((__m512)v, 2);
    q[3] = (quarter)_mm512_extractf32x4_ps((__m512)v, 3);
#elif defined(SBJ_ISA_avx2)
    q[0] = (quarter)_mm256_castps256_ps128((__m256)v);
    q[1] = (quarter)_mm256_extractf128_ps((__m256)v, 1);
#else
    q[0] = v;
#endif
}

INLINE float vec_sum(vec v)
{
    quarter q[QUARTERS];
    vec_quarters(v, q);
#pragma GCC unroll 4
    for (int half = QUARTERS / 2; half > 0; half /= 2)
#pragma GCC unroll 4
        for (int i = 0; i < half; i++)
            q[i] += q[i + half];
    return (q[0][0] + q[0][2]) + (q[0][1] + q[0][3]);
}

INLINE quarter quarter_max(quarter a, quarter b)
{
#if defined(__SSE2__)
    return (quarter)_mm_max_ps((__m128)a, (__m128)b);
#else
    for (int i = 0; i < 4; i++)
        a[i] = a[i] > b[i] ? a[i] : b[i];
    return a;
#endif
}

INLINE float larger_of(float a, float b)
{
    return a > b ? a : b;
}

INLINE float vec_largest(vec v)
{
    quarter q[QUARTERS];
    vec_quarters(v, q);
#pragma GCC unroll 4
    for (int half = QUARTERS / 2; half > 0; half /= 2)
#pragma GCC unroll 4
        for (int i = 0; i < half; i++)
            q[i] = quarter_max(q[i], q[i + half]);
    return larger_of(larger_of(q[0][0], q[0][2]), larger_of(q[0][1], q[0][3]));
}

#endif
