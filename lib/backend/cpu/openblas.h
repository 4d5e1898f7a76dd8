/* OpenBLAS, opened at run time, when a model asks for its engine: its threads start with it and wait by spinning, which
 * no program should pay for that does not use them. */
#ifndef SBJ_OPENBLAS_H
#define SBJ_OPENBLAS_H

#include <cblas.h>
#include <stdbool.h>

#include "sbertja.h"

/* What the engine calls, with the types that cblas.h declares. */
typedef struct sbj_openblas {
    void *library;
    __typeof__(&openblas_get_config) config;
    __typeof__(&openblas_get_corename) core;
    __typeof__(&openblas_get_num_threads) threads;
    __typeof__(&cblas_sgemm) sgemm;
} sbj_openblas;

/* The name under which the system's loader finds OpenBLAS with 32-bit integers. */
#define SBJ_OPENBLAS_NAME "libopenblas.so.0"

/* _E_MISSING with the loader's reason where there is none. Once opened it stays in the process: a host that has set its
 * number of threads finds them as they were when the next model is loaded. */
sbertja_status sbj_openblas_open(const char *name, sbj_openblas *blas, sbertja_error *error);
void sbj_openblas_close(sbj_openblas *blas); /* takes a zeroed one */

#endif
