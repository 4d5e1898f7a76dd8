/* The engine packed in int8 (engine_int8.c), for engine_packed.c. */
#ifndef SBJ_ENGINE_INT8_H
#define SBJ_ENGINE_INT8_H

#include "backend/cpu/engine.h"

size_t sbj_int8_scratch(const sbj_extent *extent);                    /* floats */
size_t sbj_int8_size(const sbj_kernels *kernels, size_t k, size_t n); /* of a packed b, in floats */
void sbj_int8_pack(const sbj_kernels *kernels, sbj_pool *pool, sbj_operand b, size_t k, size_t n, float *packed);
void sbj_int8_multiply(const sbj_kernels *kernels, sbj_pool *pool, const sbj_product *products, size_t count,
                       sbj_finish finish, void *context, float *scratch);

#endif
