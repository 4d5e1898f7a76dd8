/* AVX-512 and AMX in plain C, for `make check-emulated`: the kernels of those instruction sets on a processor that has AVX2.
 * Included before a kernel's file. It says whether the kernels are right, not how fast they are, nor whether the
 * compiler makes of them what it should.
 *
 * By Intel's Intrinsics Guide and Software Developer's Manual; of an instruction's ways to round, the one that
 * is in force. Products of bf16 take subnormal numbers for zeros and give zeros for them. */
#ifndef EMULATED_H
#define EMULATED_H

#include <immintrin.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#define EMULATED static inline __attribute__((always_inline))
#define LANES for (int i = 0; i < 16; i++)

typedef int32_t emulated_ints __attribute__((vector_size(64)));
typedef uint64_t emulated_words __attribute__((vector_size(64)));

/* ---- Sixteen numbers of 32 bits ---- */

EMULATED __m512 emulated_fmadd(__m512 a, __m512 b, __m512 c)
{
    LANES c[i] = __builtin_fmaf(a[i], b[i], c[i]);
    return c;
}

EMULATED __m512 emulated_sqrt(__m512 a)
{
    LANES a[i] = __builtin_sqrtf(a[i]);
    return a;
}

EMULATED __m512i emulated_add(__m512i a, __m512i b)
{
    return (__m512i)((emulated_ints)a + (emulated_ints)b);
}

EMULATED __m512i emulated_set1(int x)
{
    return (__m512i)(x - (emulated_ints){0});
}

EMULATED __m512i emulated_setr(int a, int b, int c, int d, int e, int f, int g, int h, int i, int j, int k, int l,
                               int m, int n, int o, int p)
{
    return (__m512i)(emulated_ints){a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p};
}

/* The second one where they cannot be compared, or are both 0. */
EMULATED __m512 emulated_max(__m512 a, __m512 b)
{
    LANES b[i] = a[i] > b[i] ? a[i] : b[i];
    return b;
}

EMULATED __m512 emulated_min(__m512 a, __m512 b)
{
    LANES b[i] = a[i] < b[i] ? a[i] : b[i];
    return b;
}

EMULATED __m512i emulated_max_ints(__m512i a, __m512i b)
{
    emulated_ints x = (emulated_ints)a, y = (emulated_ints)b;
    LANES x[i] = x[i] > y[i] ? x[i] : y[i];
    return (__m512i)x;
}

EMULATED __m512i emulated_nearest(__m512 a)
{
    emulated_ints whole;
    LANES whole[i] = fabsf(a[i]) < 0x1p31f ? (int)lrintf(a[i]) : INT32_MIN;
    return (__m512i)whole;
}

/* `how`: _CMP_LT_OQ or _CMP_UNORD_Q. */
EMULATED __mmask16 emulated_compare(__m512 a, __m512 b, int how)
{
    unsigned mask = 0;
    LANES mask |= (unsigned)(how == _CMP_LT_OQ ? a[i] < b[i] : isnan(a[i]) || isnan(b[i])) << i;
    return (__mmask16)mask;
}

EMULATED __mmask16 emulated_at_least(__m512i a, __m512i b)
{
    const emulated_ints x = (emulated_ints)a, y = (emulated_ints)b;
    unsigned mask = 0;
    LANES mask |= (unsigned)((uint32_t)x[i] >= (uint32_t)y[i]) << i;
    return (__mmask16)mask;
}

EMULATED __m512 emulated_blend(__mmask16 mask, __m512 a, __m512 b)
{
    LANES a[i] = mask >> i & 1 ? b[i] : a[i];
    return a;
}

EMULATED __m512 emulated_load(__mmask16 mask, const float *p)
{
    __m512 result = {0};
    LANES if (mask >> i & 1) result[i] = p[i];
    return result;
}

EMULATED void emulated_store(float *p, __mmask16 mask, __m512 a)
{
    LANES if (mask >> i & 1) p[i] = a[i];
}

EMULATED __m128 emulated_quarter(__m512 a, int number)
{
    return (__m128){a[4 * number], a[4 * number + 1], a[4 * number + 2], a[4 * number + 3]};
}

EMULATED __m128 emulated_first_quarter(__m512 a)
{
    return emulated_quarter(a, 0);
}

EMULATED __m512 emulated_permute(__m512i places, __m512 a)
{
    const emulated_ints place = (emulated_ints)places;
    __m512 result = a;
    LANES result[i] = a[place[i] & 15];
    return result;
}

/* Eight products of the even numbers, in 64 bits. */
EMULATED __m512i emulated_mul_epu32(__m512i a, __m512i b)
{
    return (__m512i)(((emulated_words)a & 0xFFFFFFFFu) * ((emulated_words)b & 0xFFFFFFFFu));
}

EMULATED __m512 emulated_permutex2var(__m512 a, __m512i places, __m512 b)
{
    const emulated_ints place = (emulated_ints)places;
    __m512 result = a;
    LANES result[i] = place[i] & 16 ? b[place[i] & 15] : a[place[i] & 15];
    return result;
}

EMULATED __m512i emulated_loadu(const void *p)
{
    __m512i result;
    memcpy(&result, p, sizeof result);
    return result;
}

/* ---- Integers of 8 and 16 bits ---- */

EMULATED __m512i emulated_permute_shorts(__m512i places, __m512i a)
{
    uint16_t place[32], from[32], to[32];
    memcpy(place, &places, sizeof place);
    memcpy(from, &a, sizeof from);
    for (int i = 0; i < 32; i++)
        to[i] = from[place[i] & 31];
    return emulated_loadu(to);
}

EMULATED __m512i emulated_cvtepi8_epi16(__m256i a)
{
    int8_t bytes[32];
    int16_t wide[32];
    __m512i result;
    memcpy(bytes, &a, sizeof bytes);
    for (int i = 0; i < 32; i++)
        wide[i] = bytes[i];
    memcpy(&result, wide, sizeof result);
    return result;
}

EMULATED __m512i emulated_madd_epi16(__m512i a, __m512i b)
{
    int16_t x[32], y[32];
    emulated_ints sums;
    memcpy(x, &a, sizeof x);
    memcpy(y, &b, sizeof y);
    LANES sums[i] = x[2 * i] * y[2 * i] + x[2 * i + 1] * y[2 * i + 1];
    return (__m512i)sums;
}

/* The first without a sign, the second with. */
EMULATED __m512i emulated_dpbusd(__m512i sum, __m512i a, __m512i b)
{
    uint8_t x[64];
    int8_t y[64];
    emulated_ints sums = (emulated_ints)sum;
    memcpy(x, &a, sizeof x);
    memcpy(y, &b, sizeof y);
    LANES for (int j = 0; j < 4; j++) sums[i] += x[4 * i + j] * y[4 * i + j];
    return (__m512i)sums;
}

/* ---- bf16 ---- */

EMULATED uint32_t emulated_bits(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

EMULATED float emulated_float(uint32_t bits)
{
    float x;
    if ((bits & 0x7F800000u) == 0) /* subnormal */
        bits &= 0x80000000u;
    memcpy(&x, &bits, sizeof x);
    return x;
}

EMULATED float emulated_flushed(float x)
{
    return emulated_float(emulated_bits(x));
}

/* To the nearest, ties to even; a NaN stays one. */
EMULATED __m256i emulated_cvtneps_pbh(__m512 a)
{
    uint16_t narrow[16];
    __m256i result;
    LANES
    {
        const uint32_t bits = emulated_bits(emulated_flushed(a[i]));
        narrow[i] = (uint16_t)((bits & 0x7FFFFFFFu) > 0x7F800000u ? (bits >> 16) | 0x40
                                                                  : (bits + 0x7FFFu + ((bits >> 16) & 1u)) >> 16);
    }
    memcpy(&result, narrow, sizeof result);
    return result;
}

/* The second in the lower half. */
EMULATED __m512i emulated_cvtne2ps_pbh(__m512 upper, __m512 lower)
{
    const __m256i halves[2] = {emulated_cvtneps_pbh(lower), emulated_cvtneps_pbh(upper)};
    return emulated_loadu(halves);
}

/* The number with the odd place first, each sum rounded. */
EMULATED __m512 emulated_dpbf16(__m512 sum, __m512bh a, __m512bh b)
{
    uint32_t x[16], y[16];
    memcpy(x, &a, sizeof x);
    memcpy(y, &b, sizeof y);
    LANES
    {
        sum[i] = emulated_flushed(__builtin_fmaf(emulated_float(x[i] & 0xFFFF0000u), emulated_float(y[i] & 0xFFFF0000u),
                                                 emulated_flushed(sum[i])));
        sum[i] = emulated_flushed(__builtin_fmaf(emulated_float(x[i] << 16), emulated_float(y[i] << 16), sum[i]));
    }
    return sum;
}

/* ---- Tiles (AMX) ---- */

typedef struct emulated_tile {
    size_t rows, row_bytes;
    unsigned char at[16][64];
} emulated_tile;

static _Thread_local emulated_tile emulated_tiles[8];

EMULATED void emulated_tile_loadconfig(const void *shapes)
{
    const unsigned char *bytes = shapes;
    memset(emulated_tiles, 0, sizeof emulated_tiles);
    for (int i = 0; i < 8; i++) {
        emulated_tiles[i].row_bytes = bytes[16 + 2 * i];
        emulated_tiles[i].rows = bytes[48 + i];
    }
}

EMULATED void emulated_tile_release(void)
{
    memset(emulated_tiles, 0, sizeof emulated_tiles);
}

EMULATED void emulated_tile_zero(int number)
{
    memset(emulated_tiles[number].at, 0, sizeof emulated_tiles[number].at);
}

EMULATED void emulated_tile_loadd(int number, const void *from, size_t stride)
{
    emulated_tile *t = &emulated_tiles[number];
    emulated_tile_zero(number);
    for (size_t i = 0; i < t->rows; i++)
        memcpy(t->at[i], (const unsigned char *)from + i * stride, t->row_bytes);
}

EMULATED void emulated_tile_stored(int number, void *to, size_t stride)
{
    const emulated_tile *t = &emulated_tiles[number];
    for (size_t i = 0; i < t->rows; i++)
        memcpy((unsigned char *)to + i * stride, t->at[i], t->row_bytes);
}

/* The sums of the even numbers and of the odd ones, each rounded at each step, then both added. */
EMULATED void emulated_tile_dpbf16(int sums, int left, int right)
{
    emulated_tile *c = &emulated_tiles[sums], *a = &emulated_tiles[left], *b = &emulated_tiles[right];
    for (size_t i = 0; i < c->rows; i++)
        for (size_t j = 0; j < c->row_bytes / 4; j++) {
            float sum[2] = {0}, all;
            for (size_t k = 0; k < a->row_bytes / 4; k++) {
                uint32_t x, y;
                memcpy(&x, a->at[i] + 4 * k, sizeof x);
                memcpy(&y, b->at[k] + 4 * j, sizeof y);
                sum[0] = emulated_flushed(__builtin_fmaf(emulated_float(x << 16), emulated_float(y << 16), sum[0]));
                sum[1] = emulated_flushed(
                    __builtin_fmaf(emulated_float(x & 0xFFFF0000u), emulated_float(y & 0xFFFF0000u), sum[1]));
            }
            memcpy(&all, c->at[i] + 4 * j, sizeof all);
            all = emulated_flushed(emulated_flushed(all) + emulated_flushed(sum[0] + sum[1]));
            memcpy(c->at[i] + 4 * j, &all, sizeof all);
        }
}

/* The left one with a sign, the right one without. */
EMULATED void emulated_tile_dpbsud(int sums, int left, int right)
{
    emulated_tile *c = &emulated_tiles[sums], *a = &emulated_tiles[left], *b = &emulated_tiles[right];
    for (size_t i = 0; i < c->rows; i++)
        for (size_t j = 0; j < c->row_bytes / 4; j++) {
            uint32_t sum; /* what lies behind the columns in use may be anything */
            memcpy(&sum, c->at[i] + 4 * j, sizeof sum);
            for (size_t k = 0; k < a->row_bytes; k++)
                sum += (uint32_t)((int8_t)a->at[i][k] * b->at[k / 4][4 * j + k % 4]);
            memcpy(c->at[i] + 4 * j, &sum, sizeof sum);
        }
}

#undef _tile_dpbf16ps /* macros, all of these */
#define _tile_dpbf16ps emulated_tile_dpbf16
#undef _tile_dpbsud
#define _tile_dpbsud emulated_tile_dpbsud
#undef _tile_loadconfig
#define _tile_loadconfig emulated_tile_loadconfig
#undef _tile_loadd
#define _tile_loadd emulated_tile_loadd
#undef _tile_release
#define _tile_release emulated_tile_release
#undef _tile_stored
#define _tile_stored emulated_tile_stored
#undef _tile_zero
#define _tile_zero emulated_tile_zero

#define _mm512_add_epi32 emulated_add
#define _mm512_castps512_ps128 emulated_first_quarter
#undef _mm512_cmp_ps_mask /* macros, some */
#define _mm512_cmp_ps_mask emulated_compare
#undef _mm512_cmpge_epu32_mask
#define _mm512_cmpge_epu32_mask emulated_at_least
#undef _mm512_extractf32x4_ps
#define _mm512_extractf32x4_ps emulated_quarter
#define _mm512_mask_blend_ps emulated_blend
#define _mm512_mask_storeu_ps emulated_store
#define _mm512_maskz_loadu_ps emulated_load
#define _mm512_max_epi32 emulated_max_ints
#define _mm512_max_ps emulated_max
#define _mm512_min_ps emulated_min
#define _mm512_permutexvar_epi16 emulated_permute_shorts
#define _mm512_permutexvar_ps emulated_permute
#define _mm512_cvtps_epi32 emulated_nearest
#define _mm512_cvtepi8_epi16 emulated_cvtepi8_epi16
#define _mm512_cvtne2ps_pbh emulated_cvtne2ps_pbh
#define _mm512_cvtneps_pbh emulated_cvtneps_pbh
#define _mm512_dpbf16_ps emulated_dpbf16
#define _mm512_dpbusd_epi32 emulated_dpbusd
#define _mm512_fmadd_ps emulated_fmadd
#define _mm512_loadu_si512 emulated_loadu
#define _mm512_madd_epi16 emulated_madd_epi16
#define _mm512_mul_epu32 emulated_mul_epu32
#define _mm512_permutex2var_ps emulated_permutex2var
#define _mm512_set1_epi32 emulated_set1
#undef _mm512_setr_epi32 /* a macro */
#define _mm512_setr_epi32 emulated_setr
#define _mm512_sqrt_ps emulated_sqrt

#endif
