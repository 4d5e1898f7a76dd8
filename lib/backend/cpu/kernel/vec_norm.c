/* LayerNorm and vectors of length 1, one row a call. A row is read several times, which costs little: it stays in the
 * first cache. */
#include "backend/cpu/kernel/vec.h"
#include "backend/cpu/kernels.h"

/* The sum of a row: even and odd vectors, so that an addition need not wait for the one before; then across. */
INLINE float sum(const float *x, size_t n)
{
    vec even = {0}, odd = {0};
    size_t i = 0;
    for (; i + 2 * VEC <= n; i += 2 * VEC) {
        even += vec_load(x + i);
        odd += vec_load(x + i + VEC);
    }
    for (; i < n; i += VEC)
        even += vec_load_some(x + i, n - i);
    return vec_sum(even + odd);
}

INLINE float dot(const float *x, const float *y, size_t n)
{
    vec s = {0};
    for (size_t i = 0; i < n; i += VEC)
        s = vec_fma(vec_load_some(x + i, n - i), vec_load_some(y + i, n - i), s);
    return vec_sum(s);
}

INLINE vec add_square(vec sum, vec d)
{
    return vec_fma(d, d, sum);
}

/* The sum of (x - mean)^2. Lanes behind the row's end must not count. */
INLINE float squares(const float *x, float mean, size_t n)
{
    vec even = {0}, odd = {0};
    size_t i = 0;
    for (; i + 2 * VEC <= n; i += 2 * VEC) {
        even = add_square(even, vec_load(x + i) - mean);
        odd = add_square(odd, vec_load(x + i + VEC) - mean);
    }
    for (; i + VEC <= n; i += VEC)
        even = add_square(even, vec_load(x + i) - mean);
    float total = vec_sum(even + odd);
    for (; i < n; i++)
        total += (x[i] - mean) * (x[i] - mean);
    return total;
}

static void forward(const float *x, const float *gamma, const float *beta, float eps, float *stats, float *y, size_t n)
{
    float mean = sum(x, n) / (float)n;
    float r = 1 / sqrtf(squares(x, mean, n) / (float)n + eps);
    for (size_t i = 0; i < n; i += VEC) {
        vec h = (vec_load_some(x + i, n - i) - mean) * r;
        vec_store_some(y + i, n - i, vec_fma(h, vec_load_some(gamma + i, n - i), vec_load_some(beta + i, n - i)));
    }
    if (stats != NULL) {
        stats[0] = mean;
        stats[1] = r;
    }
}

static void backward(const float *x, const float *stats, const float *gamma, const float *dy, float *dx, float *dgamma,
                     float *dbeta, size_t n)
{
    float mean = stats[0], r = stats[1];
    vec sum_g = {0}, sum_gh = {0};
    for (size_t i = 0; i < n; i += VEC) { /* g is 0 behind the end, so h there does not matter */
        vec d = vec_load_some(dy + i, n - i), h = (vec_load_some(x + i, n - i) - mean) * r;
        vec g = d * vec_load_some(gamma + i, n - i);
        sum_g += g;
        sum_gh = vec_fma(g, h, sum_gh);
        vec_store_some(dgamma + i, n - i, vec_fma(d, h, vec_load_some(dgamma + i, n - i)));
        vec_store_some(dbeta + i, n - i, vec_load_some(dbeta + i, n - i) + d);
    }
    float mean_g = vec_sum(sum_g) / (float)n, mean_gh = vec_sum(sum_gh) / (float)n;
    for (size_t i = 0; i < n; i += VEC) {
        vec h = (vec_load_some(x + i, n - i) - mean) * r;
        vec g = vec_load_some(dy + i, n - i) * vec_load_some(gamma + i, n - i);
        vec_store_some(dx + i, n - i, r * (g - mean_g - h * mean_gh));
    }
}

static const float least_length = 1e-12f;

/* Squares of small numbers vanish, so the row is first divided by its largest value. */
static float length_of(const float *x, size_t n)
{
    vec largest = {0}, s = {0};
    for (size_t i = 0; i < n; i += VEC)
        largest = vec_max(largest, vec_abs(vec_load_some(x + i, n - i)));
    float most = vec_largest(largest);
    if (!(most > 0) || isinf(most))
        return most;
    for (size_t i = 0; i < n; i += VEC) {
        vec v = vec_load_some(x + i, n - i) / most;
        s = vec_fma(v, v, s);
    }
    return most * sqrtf(vec_sum(s));
}

static void normalize(const float *x, float *y, size_t n)
{
    float length = length_of(x, n);
    float divisor = length > least_length ? length : least_length;
    for (size_t i = 0; i < n; i += VEC)
        vec_store_some(y + i, n - i, vec_load_some(x + i, n - i) / divisor);
}

static void normalize_backward(const float *x, const float *dy, float *dx, size_t n)
{
    float length = length_of(x, n);
    bool shorter = !(length > least_length); /* then y = x / least_length, a linear function */
    float divisor = shorter ? least_length : length;
    float along = shorter ? 0 : dot(x, dy, n) / divisor / divisor;
    for (size_t i = 0; i < n; i += VEC) {
        vec d = vec_load_some(dy + i, n - i) - along * vec_load_some(x + i, n - i);
        vec_store_some(dx + i, n - i, d / divisor);
    }
}

extern const sbj_norm_kernels SBJ_PER_ISA(sbj_norm_kernels);
const sbj_norm_kernels SBJ_PER_ISA(sbj_norm_kernels) = {forward, backward, normalize, normalize_backward};
