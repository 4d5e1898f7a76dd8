/* NumPy's .npy files: version 1.0 written; 1.0 and 2.0, '<f4' and '<f8' in C order, read. */
#ifndef SBJ_NPY_H
#define SBJ_NPY_H

#include "io/file.h"

sbertja_status sbj_npy_write(const char *path, const float *values, size_t rows, size_t columns, sbertja_error *error);

#endif
