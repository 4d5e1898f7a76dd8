/* Functions of a vector: exp, tanh, sigmoid, the normal distribution. Errors are in units of the last place;
 * tests/backend/test_cpu_kernels.c pins them. The polynomials were fitted for this file, for the least largest error.
 */
#ifndef SBJ_VEC_MATH_H
#define SBJ_VEC_MATH_H

#include "backend/cpu/kernel/vec.h"

/* e^x, within 2 units; below -87.3 (where the result would not be normal) 0, above 88.7 infinity. x = n ln 2 + r with
 * |r| <= ln(2)/2; the result is 2^n e^r. A NaN stays one. */
INLINE vec vec_exp(vec x)
{
    const vec round = vec_all(0x1.8p23f); /* adding it leaves no room for a fraction */
    vec in = vec_min(vec_max(x, vec_all(-87.5f)), vec_all(88.8f));
    vec n = vec_fma(in, vec_all(0x1.715476p+0f), round);
    ivec exponent = (ivec)n << 23; /* n in the lowest bits of `round + n` */
    n -= round;
    vec r = vec_fma(n, vec_all(-0x1.62e4p-1f), in); /* ln 2 in two parts: the first times n is exact */
    r = vec_fma(n, vec_all(-0x1.7f7d1cp-20f), r);
    vec p = vec_all(1.3950478751e-3f);
    p = vec_fma(p, r, vec_all(8.3688823506e-3f));
    p = vec_fma(p, r, vec_all(4.1666205972e-2f));
    p = vec_fma(p, r, vec_all(1.6666519642e-1f));
    p = vec_fma(p, r, vec_all(0.5f));
    vec y = vec_fma(p, r * r, r) + 1;
    y = (vec)((ivec)y + exponent);
    y = vec_if(x < vec_all(-87.3f), (vec){0}, y);
    y = vec_if(x > vec_all(88.7f), vec_all(INFINITY), y);
    return vec_if(x == x, y, x);
}

/* (e^x - e^-x)/(e^x + e^-x), within 4 units. Near 0 the quotient would lose digits: an odd polynomial there. */
INLINE vec vec_tanh(vec x)
{
    vec z = vec_abs(x), z2 = x * x;
    vec p = vec_all(-5.7170446962e-3f);
    p = vec_fma(p, z2, vec_all(2.0650586113e-2f));
    p = vec_fma(p, z2, vec_all(-5.3743496537e-2f));
    p = vec_fma(p, z2, vec_all(1.3331490755e-1f));
    p = vec_fma(p, z2, vec_all(-3.3333283663e-1f));
    vec near = vec_fma(p, z2 * x, x);
    vec far = 1 - 2 / (vec_exp(2 * z) + 1);
    far = vec_if(x < vec_all(0), -far, far);
    return vec_if(z < vec_all(0.625f), near, far);
}

/* 1/(1 + e^-x), within 3 units where the result is normal. */
INLINE vec vec_sigmoid(vec x)
{
    return 1 / (1 + vec_exp(-x));
}

/* The normal distribution: its density e^(-x^2/2)/sqrt(2 pi), and the chance of a value below x, which is
 * (1 + erf(x/sqrt 2))/2. Far out, 1 + erf would be rounding noise, so it comes from the tail
 * e^(-x^2/2) R(|x|), where R is a polynomial in u = 1/(1 + 0.35 |x|), relative error 3e-8. */
INLINE vec vec_normal(vec x, vec *density)
{
    vec z = vec_abs(x), u = 1 / vec_fma(z, vec_all(0.35f), vec_all(1));
    vec e = vec_exp(-0.5f * (x * x));
    vec p = vec_all(-2.9146077111e-2f);
    p = vec_fma(p, u, vec_all(0.14397241175f));
    p = vec_fma(p, u, vec_all(-0.25571569800f));
    p = vec_fma(p, u, vec_all(0.15917579830f));
    p = vec_fma(p, u, vec_all(-2.3110954091e-2f));
    p = vec_fma(p, u, vec_all(0.10550846905f));
    p = vec_fma(p, u, vec_all(0.11983275414f));
    p = vec_fma(p, u, vec_all(0.13986188173f));
    p = vec_fma(p, u, vec_all(0.13962140679f));
    vec tail = e * (p * u);
    *density = e * 0.39894228040f;
    return vec_if(x > vec_all(0), 1 - tail, tail);
}

#endif
