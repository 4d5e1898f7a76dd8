/* The engine packed where both sides of a product are narrow numbers (engine_narrow.c), for engine_packed.c. */
#ifndef SBJ_ENGINE_NARROW_H
#define SBJ_ENGINE_NARROW_H

#include "backend/cpu/engine.h"

/* The kernels of a precision, or NULL: its products have a left side in f32. All other functions are called with a
 * precision that has kernels. */
const sbj_narrow_kernels *sbj_narrow_of(const sbj_kernels *kernels, sbj_precision precision);

size_t sbj_narrow_scratch(const sbj_kernels *kernels, const sbj_narrow_kernels *narrow,
                          const sbj_extent *extent); /* floats */
/* Of a packed b, in floats. */
size_t sbj_narrow_size(const sbj_kernels *kernels, const sbj_narrow_kernels *narrow, size_t k, size_t n);
void sbj_narrow_pack(const sbj_kernels *kernels, const sbj_narrow_kernels *narrow, sbj_pool *pool, sbj_operand b,
                     size_t k, size_t n, float *packed);
void sbj_narrow_multiply(const sbj_kernels *kernels, sbj_pool *pool, const sbj_product *products, size_t count,
                         sbj_finish finish, void *context, float *scratch);

#endif
