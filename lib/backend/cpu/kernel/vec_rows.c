/* Sums and products of rows, and the factors of dropout. */
#include "backend/cpu/kernel/vec.h"
#include "backend/cpu/kernels.h"

static void add(float *y, const float *x, size_t n)
{
    for (size_t i = 0; i < n; i += VEC)
        vec_store_some(y + i, n - i, vec_load_some(y + i, n - i) + vec_load_some(x + i, n - i));
}

static void add_scaled(float *y, const float *x, float a, size_t n)
{
    for (size_t i = 0; i < n; i += VEC)
        vec_store_some(y + i, n - i, vec_fma(vec_all(a), vec_load_some(x + i, n - i), vec_load_some(y + i, n - i)));
}

static void scale(float *y, const float *x, float a, size_t n)
{
    for (size_t i = 0; i < n; i += VEC)
        vec_store_some(y + i, n - i, vec_load_some(x + i, n - i) * a);
}

static void sum3(float *y, const float *a, const float *b, const float *c, size_t n)
{
    for (size_t i = 0; i < n; i += VEC)
        vec_store_some(y + i, n - i,
                       vec_load_some(a + i, n - i) + vec_load_some(b + i, n - i) + vec_load_some(c + i, n - i));
}

static void multiply(float *y, const float *x, const float *f, size_t n)
{
    for (size_t i = 0; i < n; i += VEC)
        vec_store_some(y + i, n - i, vec_load_some(x + i, n - i) * vec_load_some(f + i, n - i));
}

static void drop_add(float *y, const float *x, const float *bias, const float *f, const float *residual, size_t n)
{
    for (size_t i = 0; i < n; i += VEC) {
        vec v = vec_load_some(x + i, n - i);
        if (bias != NULL)
            v += vec_load_some(bias + i, n - i);
        if (f != NULL)
            v *= vec_load_some(f + i, n - i);
        vec_store_some(y + i, n - i, v + vec_load_some(residual + i, n - i));
    }
}

static void take_larger(float *y, int32_t *place, const float *x, int32_t row, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (!(x[i] > y[i]))
            continue;
        y[i] = x[i];
        if (place != NULL)
            place[i] = row;
    }
}

/* Groups of 32 rows are summed by themselves first: the rounding error then grows with 32 + m/32, not with m. `width`
 * vectors, a constant, beside one another, the last of which may be cut off by n. */
INLINE void stripe_sums(const float *x, size_t ld, size_t m, size_t n, float *total, size_t width)
{
    enum { GROUP = 32, MOST = 4 };
    vec all[MOST] = {{0}};
    for (size_t first = 0; first < m; first += GROUP) {
        size_t end = m - first < GROUP ? m : first + GROUP;
        vec group[MOST] = {{0}};
        for (size_t i = first; i < end; i++)
#pragma GCC unroll 4
            for (size_t k = 0; k < width; k++)
                group[k] += vec_load_some(x + i * ld + k * VEC, n - k * VEC);
#pragma GCC unroll 4
        for (size_t k = 0; k < width; k++)
            all[k] += group[k];
    }
#pragma GCC unroll 4
    for (size_t k = 0; k < width; k++)
        vec_store_some(total + k * VEC, n - k * VEC, vec_load_some(total + k * VEC, n - k * VEC) + all[k]);
}

/* Several vectors at a time use whole cache lines of each row. */
static void column_sums(const float *x, size_t ld, size_t m, size_t n, float *total)
{
    size_t j = 0;
    for (; j + 4 * VEC <= n; j += 4 * VEC)
        stripe_sums(x + j, ld, m, n - j, total + j, 4);
    for (; j < n; j += VEC)
        stripe_sums(x + j, ld, m, n - j, total + j, 1);
}

/* ---- Dropout ----------------------------------------------------------------------------------------------------- */

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "two words of 32 bits are stored as one of 64");

/* sbj_philox for the counters {block + lane, row, site, step}: the words of BLOCKS blocks, four each, in order. Every
 * word stands in 64 bits, as the multiplication wants it. */
enum { BLOCKS = VEC / 2 };
INLINE void philox(const sbj_mask *mask, uint32_t row, uint32_t block, uvec words[2])
{
    const wvec low = (wvec){0} + UINT32_MAX, m0 = (wvec){0} + 0xD2511F53u, m1 = (wvec){0} + 0xCD9E8D57u;
    uint32_t k0 = (uint32_t)mask->seed, k1 = (uint32_t)(mask->seed >> 32);
    wvec c0, c1 = (wvec){0} + row, c2 = (wvec){0} + mask->site, c3 = (wvec){0} + mask->step;
    for (uint32_t i = 0; i < BLOCKS; i++)
        c0[i] = block + i;
#pragma GCC unroll 10
    for (int round = 0; round < 10; round++, k0 += 0x9E3779B9u, k1 += 0xBB67AE85u) {
        wvec a = vec_mul_halves(m0, c0), b = vec_mul_halves(m1, c2);
        c0 = (b >> 32) ^ c1 ^ k0;
        c2 = (a >> 32) ^ c3 ^ k1;
        c1 = b & low;
        c3 = a & low;
    }
    wvec first = c0 | c1 << 32, second = c2 | c3 << 32;
    uint64_t pairs[VEC];
    for (int i = 0; i < BLOCKS; i++) {
        pairs[2 * i] = first[i];
        pairs[2 * i + 1] = second[i];
    }
    memcpy(words, pairs, sizeof pairs);
}

static const float *mask(const sbj_mask *mask, size_t row, size_t first, size_t n, float *room)
{
    const size_t lead = first % 4, step = 2 * VEC; /* whole blocks of four columns, the first one is first/4 */
    const vec kept = vec_all((float)mask->scale);
    for (size_t i = 0; i < lead + n; i += step) {
        uvec words[2];
        philox(mask, (uint32_t)row, (uint32_t)((first - lead + i) / 4), words);
        for (int half = 0; half < 2; half++)
            vec_store(room + i + half * VEC, vec_if(uvec_at_least(words[half], mask->threshold), kept, (vec){0}));
    }
    return room + lead;
}

extern const sbj_row_kernels SBJ_PER_ISA(sbj_row_kernels);
const sbj_row_kernels SBJ_PER_ISA(sbj_row_kernels) = {add,      add_scaled,  scale,       sum3, multiply,
                                                      drop_add, take_larger, column_sums, mask};
