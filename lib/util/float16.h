/* The two 16-bit floating-point types of weight files: IEEE binary16 (F16) and the upper half of binary32 (BF16). To
 * float is exact; from float rounds to nearest, ties to even. A NaN stays a NaN. */
#ifndef SBJ_FLOAT16_H
#define SBJ_FLOAT16_H

#include <stdint.h>
#include <string.h>

float sbj_float_from_f16(uint16_t bits);
uint16_t sbj_f16_from_float(float value);

/* Here, so that a loop over a word table's millions of them has no calls. */
static inline uint16_t sbj_bf16_from_float(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    if ((bits & 0x7FFFFFFFu) > 0x7F800000u)
        return (uint16_t)(bits >> 16 | 0x40u);
    return (uint16_t)((bits + 0x7FFFu + (bits >> 16 & 1)) >> 16);
}

static inline float sbj_float_from_bf16(uint16_t bits)
{
    const uint32_t wide = (uint32_t)bits << 16;
    float value;
    memcpy(&value, &wide, sizeof value);
    return value;
}

#endif
