/* A vector of floats and the few operations on it that kernels need, for the instruction set that this compilation is
 * for (-DSBJ_ISA=avx2 -DSBJ_ISA_avx2). +, -, *, / and comparisons are the compiler's own vector operators; here is what
 * they leave out. Kernels include this and are then written once. */
#ifndef SBJ_VEC_H
#define SBJ_VEC_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* avx512bf16 has all that avx512vnni has, and that all that avx512 has. */
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
typedef int32_t ivec __attribute__((vector_size(VEC * 4))); /* also what a comparison gives: -1 true, 0 false */
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

/* The first `n` floats, or a whole vector if there are as many; zeros behind them. */
INLINE vec vec_load_some(const float *p, size_t n)
{
    vec v = {0};
    if (n >= VEC)
        return vec_load(p);
    memcpy(&v, p, n * sizeof *p);
    return v;
}

INLINE void vec_store_some(float *p, size_t n, vec v)
{
    if (n >= VEC)
        vec_store(p, v);
    else
        memcpy(p, &v, n * sizeof *p);
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

INLINE vec vec_if(ivec condition, vec yes, vec no)
{
    return (vec)((condition & (ivec)yes) | (~condition & (ivec)no));
}

/* The second one where they cannot be compared. */
INLINE vec vec_max(vec a, vec b)
{
    return vec_if(a > b, a, b);
}

INLINE vec vec_min(vec a, vec b)
{
    return vec_if(a < b, a, b);
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
    return (uvec)vec_if(x != x, (vec)(w | 0x00400000u), (vec)(w + 0x7FFFu + (w >> 16 & 1)));
}

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

/* Sum and maximum of the elements, halving the vector each time: the order is part of the result. */
INLINE float vec_sum(vec v)
{
    float x[VEC];
    vec_store(x, v);
    for (int half = VEC / 2; half > 0; half /= 2)
        for (int i = 0; i < half; i++)
            x[i] += x[i + half];
    return x[0];
}

INLINE float vec_largest(vec v)
{
    float x[VEC];
    vec_store(x, v);
    for (int half = VEC / 2; half > 0; half /= 2)
        for (int i = 0; i < half; i++)
            x[i] = x[i] > x[i + half] ? x[i] : x[i + half];
    return x[0];
}

#endif
