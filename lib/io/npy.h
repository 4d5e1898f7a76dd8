/* NumPy's .npy files, little-endian, C order. Written as version 1.0 of float32, whole or not at all; read in every
 * version, float32 or float16, mapped and not copied. */
#ifndef SBJ_NPY_H
#define SBJ_NPY_H

#include "io/file.h"

sbertja_status sbj_npy_write(const char *path, const float *values, size_t rows, size_t columns, sbertja_error *error);

/* A two-dimensional array in a mapped file. */
typedef struct sbj_npy {
    sbj_map map;
    size_t rows, columns;
    bool half; /* float16 */
    const unsigned char *values;
} sbj_npy;

sbertja_status sbj_npy_open(const char *path, sbj_npy *npy, sbertja_error *error);
void sbj_npy_close(sbj_npy *npy); /* takes a zeroed one */
void sbj_npy_row(const sbj_npy *npy, size_t row, double *values);

#endif
