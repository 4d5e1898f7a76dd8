/* NumPy's .npy files, little-endian, C order. Written as version 1.0 of float32, whole or not at all; read in every
 * version, float32 or float16, row by row from the open file, which may be larger than memory. */
#ifndef SBJ_NPY_H
#define SBJ_NPY_H

#include "io/file.h"

sbertja_status sbj_npy_write(const char *path, const float *values, size_t rows, size_t columns, sbertja_error *error);

/* A two-dimensional array in an open file. The path belongs to the caller and must outlive it. */
typedef struct sbj_npy {
    sbj_input file;
    size_t rows, columns;
    bool half;    /* float16 */
    size_t begin; /* of the values; 0: no file */
} sbj_npy;

sbertja_status sbj_npy_open(const char *path, sbj_npy *npy, sbertja_error *error);
void sbj_npy_close(sbj_npy *npy); /* takes a zeroed one */
/* _E_IO if the file does not have the row any more; whether it was written to, sbj_input_check_written tells. */
sbertja_status sbj_npy_row(const sbj_npy *npy, size_t row, double *values, sbertja_error *error);

#endif
