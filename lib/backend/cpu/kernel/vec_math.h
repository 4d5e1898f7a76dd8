/* Functions of a vector: exp, tanh, sigmoid, the normal distribution. Errors are in units of the last place;
 * tests/backend/test_cpu_kernels.c pins them. The polynomials were fitted for this file, for the least largest error.
 */
#ifndef SBJ_VEC_MATH_H
#define SBJ_VEC_MATH_H

#include "backend/cpu/kernel/vec.h"

/* e^r for |r| <= ln(2)/2. */
INLINE vec exp_near_0(vec r)
{
    vec p = vec_all(1.3950478751e-3f);
    p = vec_fma(p, r, vec_all(8.3688823506e-3f));
    p = vec_fma(p, r, vec_all(4.1666205972e-2f));
    p = vec_fma(p, r, vec_all(1.6666519642e-1f));
    p = vec_fma(p, r, vec_all(0.5f));
    return vec_fma(p, r * r, r) + 1;
}

/* x = n ln 2 + r. Gives r, and n as the lowest bits of a word. */
INLINE vec reduced(vec x, ivec *n)
{
    const vec round = vec_all(0x1.8p23f); /* adding it leaves no room for a fraction */
    vec whole = vec_fma(x, vec_all(0x1.715476p+0f), round);
    *n = (ivec)whole;
    whole -= round;
    vec r = vec_fma(whole, vec_all(-0x1.62e4p-1f), x); /* ln 2 in two parts: the first times n is exact */
    return vec_fma(whole, vec_all(-0x1.7f7d1cp-20f), r);
}

/* e^x for an x up to 80, within 2 units; below -87.3, where the result would not be normal, 0. A NaN stays one. */
INLINE vec vec_exp_bounded(vec x)
{
    const vec least = vec_all(-87.3f);
    ivec n;
    vec y = exp_near_0(reduced(vec_max(least, x), &n));
    return vec_if(vec_less(x, least), (vec){0}, y * (vec)((n + 127) << 23)); /* 2^n */
}

/* e^x of any x, within 2 units; above 88.7 infinity. */
INLINE vec vec_exp(vec x)
{
    ivec n;
    vec y = exp_near_0(reduced(vec_min(vec_max(x, vec_all(-87.3f)), vec_all(88.8f)), &n));
    y = (vec)((ivec)y + (n << 23)); /* 2^n itself might be too large */
    y = vec_if(vec_less(x, vec_all(-87.3f)), (vec){0}, y);
    y = vec_if(vec_less(vec_all(88.7f), x), vec_all(INFINITY), y);
    return vec_if(vec_is_nan(x), x, y);
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
    far = vec_if(vec_less(x, (vec){0}), -far, far);
    return vec_if(vec_less(z, vec_all(0.625f)), near, far);
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
    vec e = vec_exp_bounded(-0.5f * (x * x));
    vec u2 = u * u, u4 = u2 * u2;
    vec p01 = vec_fma(u, vec_all(0.13986188173f), vec_all(0.13962140679f));
    vec p23 = vec_fma(u, vec_all(0.10550846905f), vec_all(0.11983275414f));
    vec p45 = vec_fma(u, vec_all(0.15917579830f), vec_all(-2.3110954091e-2f));
    vec p67 = vec_fma(u, vec_all(0.14397241175f), vec_all(-0.25571569800f));
    vec low = vec_fma(u2, p23, p01), high = vec_fma(u4, vec_all(-2.9146077111e-2f), vec_fma(u2, p67, p45));
    vec p = vec_fma(u4, high, low);
    vec tail = e * (p * u);
    *density = e * 0.39894228040f;
    return vec_if(vec_less((vec){0}, x), 1 - tail, tail);
}

/* x times the normal distribution, with errors up to 5e-6: for what is rounded to bf16 or int8 next. With g(z) = z (1 -
 * N(z)) it is max(x, 0) - g(|x|), and g is a cubic in each of 16 pieces: piece i is around z = i/3, its variable 3 z - i.
 * Coefficients fitted for this file, for the least largest error of each piece; from 14.5/3 on g counts as 0. */
#if defined(SBJ_ISA_avx512)
#define SBJ_ROUGH_GELU
static const float gelu_pieces[4][16] = {
    {0, 1.2314224e-1f, 1.6832699e-1f, 1.5865717e-1f, 1.2161842e-1f, 7.9653664e-2f, 4.5501999e-2f, 2.2902907e-2f,
     1.0214137e-2f, 4.0493054e-3f, 1.4298938e-3f, 4.5033481e-4f, 1.2660493e-4f, 3.1791033e-5f, 7.1330505e-6f, 0},
    {1.6668523e-1f, 8.1217890e-2f, 1.3178729e-2f, -2.7769765e-2f, -4.2489246e-2f, -3.9335810e-2f, -2.8411751e-2f,
     -1.7123826e-2f, -8.8532850e-3f, -3.9818843e-3f, -1.5705183e-3f, -5.4594625e-4f, -1.6782689e-4f, -4.5728975e-5f,
     -1.1063027e-5f, 0},
    {-4.4552887e-2f, -3.9445558e-2f, -2.7562124e-2f, -1.3504468e-2f, -2.1357228e-3f, 4.1997905e-3f, 5.9434360e-3f,
     5.0025743e-3f, 3.2427612e-3f, 1.7359687e-3f, 7.9050163e-4f, 3.1096565e-4f, 1.0664881e-4f, 3.2078183e-5f,
     8.4965822e-6f, 0},
    {7.8271615e-4f, 2.9927411e-3f, 4.6379455e-3f, 4.4561445e-3f, 2.9951714e-3f, 1.2610871e-3f, 1.3827036e-5f,
     -5.3592233e-4f, -5.7983040e-4f, -4.1033818e-4f, -2.2692682e-4f, -1.0381386e-4f, -4.0329052e-5f, -1.3497593e-5f,
     -3.9269915e-6f, 0},
};

INLINE vec vec_rough_gelu(vec x)
{
    const vec round = vec_all(0x1.8p23f);
    vec t = vec_min(vec_all(15), vec_abs(x) * 3); /* a NaN stays one */
    vec whole = t + round;                        /* the piece in the lowest bits */
    t -= whole - round;
    vec g = vec_pick(gelu_pieces[3], (ivec)whole);
    g = vec_fma(g, t, vec_pick(gelu_pieces[2], (ivec)whole));
    g = vec_fma(g, t, vec_pick(gelu_pieces[1], (ivec)whole));
    g = vec_fma(g, t, vec_pick(gelu_pieces[0], (ivec)whole));
    return vec_max((vec){0}, x) - g;
}
#endif

#endif
