/* The two 16-bit floating-point types of weight files: IEEE binary16 (F16) and the upper half of binary32 (BF16). To
 * float is exact; from float rounds to nearest, ties to even. A NaN stays a NaN. */
#ifndef SBJ_FLOAT16_H
#define SBJ_FLOAT16_H

#include <stddef.h>
#include <stdint.h>

float sbj_float_from_f16(uint16_t bits);
float sbj_float_from_bf16(uint16_t bits);
uint16_t sbj_f16_from_float(float value);
uint16_t sbj_bf16_from_float(float value);

/* Many of them, in loops without calls: a table of words has millions. `halves` need no alignment where they are read. */
void sbj_floats_from_f16(const void *halves, size_t count, float *values);
void sbj_floats_from_bf16(const void *halves, size_t count, float *values);
void sbj_bf16_from_floats(const float *values, size_t count, uint16_t *halves);
void sbj_round_to_bf16(const float *values, size_t count, float *rounded); /* and back to float */

#endif
