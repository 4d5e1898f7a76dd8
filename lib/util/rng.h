/* Counter-based random numbers: Philox4x32-10 (Salmon, Moraes, Dror, Shaw 2011, "Parallel random numbers: as easy as
 * 1, 2, 3"). The same (key, counter) gives the same four words everywhere, so dropout masks need no memory and training
 * repeats on every device and for every number of threads. */
#ifndef SBJ_RNG_H
#define SBJ_RNG_H

#include <stdint.h>

static inline void sbj_philox(uint64_t key, const uint32_t counter[4], uint32_t out[4])
{
    uint32_t k0 = (uint32_t)key, k1 = (uint32_t)(key >> 32);
    uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3];
    for (int round = 0; round < 10; round++) {
        uint64_t a = (uint64_t)0xD2511F53u * c0, b = (uint64_t)0xCD9E8D57u * c2;
        uint32_t n0 = (uint32_t)(b >> 32) ^ c1 ^ k0, n2 = (uint32_t)(a >> 32) ^ c3 ^ k1;
        c1 = (uint32_t)b;
        c3 = (uint32_t)a;
        c0 = n0;
        c2 = n2;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    out[0] = c0;
    out[1] = c1;
    out[2] = c2;
    out[3] = c3;
}

/* A stream of numbers for shuffling and initial weights: counter (index, stream), key the seed. */
typedef struct sbj_rng {
    uint64_t seed, index;
    uint32_t stream;
    uint32_t words[4];
    int left;
} sbj_rng;

sbj_rng sbj_rng_make(uint64_t seed, uint32_t stream);
uint32_t sbj_rng_word(sbj_rng *rng);
uint64_t sbj_rng_below(sbj_rng *rng, uint64_t bound); /* 0 to bound-1, each equally often; bound > 0 */
double sbj_rng_normal(sbj_rng *rng);                  /* mean 0, variance 1 (Box-Muller) */
double sbj_rng_uniform(sbj_rng *rng);                 /* [0, 1) in steps of 2^-53 */

#endif
