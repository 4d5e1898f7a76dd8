/* Bits of floats only: no hardware conversion, so that every machine gives the same. */
#include "util/float16.h"

#include <string.h>

static uint32_t bits_of(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static float from_bits(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

float sbj_float_from_f16(uint16_t bits)
{
    uint32_t sign = (uint32_t)(bits & 0x8000u) << 16, exponent = bits >> 10 & 0x1Fu, fraction = bits & 0x3FFu;
    if (exponent == 0x1F)
        return from_bits(sign | 0x7F800000u | fraction << 13);
    if (exponent == 0) /* subnormal: fraction steps of 2^-24, which floats hold exactly */
        return from_bits(sign | bits_of((float)fraction * 0x1p-24f));
    return from_bits(sign | (exponent + 127 - 15) << 23 | fraction << 13);
}

/* `number` without its lowest `cut` bits, rounded to nearest, ties to even. */
static uint32_t round_off(uint32_t number, uint32_t cut)
{
    uint32_t half = (1u << cut) >> 1, odd = number >> cut & 1;
    return (number + half - 1 + odd) >> cut;
}

uint16_t sbj_f16_from_float(float value)
{
    uint32_t bits = bits_of(value), sign = bits >> 16 & 0x8000u, magnitude = bits & 0x7FFFFFFFu;
    uint32_t exponent = magnitude >> 23;
    if (magnitude > 0x7F800000u)
        return (uint16_t)(sign | 0x7E00u | (magnitude >> 13 & 0x1FFu));
    if (exponent < 127 - 25) /* below half of the smallest subnormal, 2^-24 */
        return (uint16_t)sign;
    if (exponent < 127 - 14) /* subnormal: the fraction with its leading one, in steps of 2^-24 */
        return (uint16_t)(sign | round_off((magnitude & 0x7FFFFFu) | 0x800000u, 126 - exponent));
    /* A carry out of the fraction runs into the exponent, as it should, up to infinity. */
    uint32_t rounded = magnitude < 0x47800000u ? round_off(magnitude - ((127u - 15u) << 23), 13) : 0x7C00u;
    return (uint16_t)(sign | rounded);
}

float sbj_float_from_bf16(uint16_t bits)
{
    return from_bits((uint32_t)bits << 16);
}

uint16_t sbj_bf16_from_float(float value)
{
    const uint32_t bits = bits_of(value);
    if ((bits & 0x7FFFFFFFu) > 0x7F800000u)
        return (uint16_t)(bits >> 16 | 0x40u);
    return (uint16_t)((bits + 0x7FFFu + (bits >> 16 & 1)) >> 16);
}

static uint16_t half_at(const void *halves, size_t i)
{
    uint16_t half;
    memcpy(&half, (const unsigned char *)halves + i * sizeof half, sizeof half);
    return half;
}

void sbj_floats_from_f16(const void *halves, size_t count, float *values)
{
    for (size_t i = 0; i < count; i++)
        values[i] = sbj_float_from_f16(half_at(halves, i));
}

void sbj_floats_from_bf16(const void *halves, size_t count, float *values)
{
    for (size_t i = 0; i < count; i++)
        values[i] = sbj_float_from_bf16(half_at(halves, i));
}

void sbj_bf16_from_floats(const float *values, size_t count, uint16_t *halves)
{
    for (size_t i = 0; i < count; i++)
        halves[i] = sbj_bf16_from_float(values[i]);
}

void sbj_round_to_bf16(const float *values, size_t count, float *rounded)
{
    for (size_t i = 0; i < count; i++)
        rounded[i] = sbj_float_from_bf16(sbj_bf16_from_float(values[i]));
}
