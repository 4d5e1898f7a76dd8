/* NumPy's .npy files, version 1.0: float32, little-endian, C order. Written whole or not at all. */
#ifndef SBJ_NPY_H
#define SBJ_NPY_H

#include "io/file.h"

sbertja_status sbj_npy_write(const char *path, const float *values, size_t rows, size_t columns, sbertja_error *error);

#endif
