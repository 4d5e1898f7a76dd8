/* Small tensors written out in a test, and what is expected of them. A failure ends the test. */
#ifndef TENSORS_H
#define TENSORS_H

#include "support/ops.h"

/* Dense tensors that live until tensors_free. NULL values: all NaN. */
sbj_tensor tensor(ops_device *device, size_t rows, size_t columns, const double *values);
sbj_tensor tensor_i32(ops_device *device, size_t columns, const int32_t *values);
void tensors_free(ops_device *device);

/* Values as they stand in a row: VALUES(1, 2, 3) */
#define VALUES(...) ((const double[]){__VA_ARGS__})

/* Every element within `bound` of what is expected, absolutely; 0: the same number. */
void expect(ops_device *device, const char *what, sbj_tensor t, const double *expected, double bound);
/* Scratch memory of this many bytes. */
void give_scratch(ops_device *device, size_t bytes);
void must_do(sbertja_status status, const sbertja_error *error);

#endif
