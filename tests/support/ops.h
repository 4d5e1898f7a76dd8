/* Runs operations on any back end with the same random values, so that two back ends can be compared, or one with
 * finite differences of itself.
 *
 *     ops_device ref, cpu;
 *     ops_open(&ref, "ref", NULL, NULL, 1);
 *     ops_open(&cpu, "cpu", "portable", NULL, 2);
 *     for (size_t i = 0; i < ops_case_count; i++)
 *         ops_compare(&cpu, &ref, &ops_cases[i], 1e-5);
 *     ops_close(&cpu);
 *     ops_close(&ref);
 *
 * Inputs are drawn once for a case, as floats, whatever back end asks first. Every output, every saved tensor, the
 * scratch memory and the elements between the rows of windows are NaN before the operation. Failures end the test. */
#ifndef OPS_H
#define OPS_H

#include "backend/backend.h"

typedef struct ops_device {
    sbj_backend *backend;
    sbj_pool *pool;
    sbj_run run;
    sbj_buffer *scratch;
    size_t scratch_bytes;
    const char *name; /* "cpu portable" */
    char name_text[64];
} ops_device;

void ops_open(ops_device *device, const char *name, const char *instructions, const char *engine, int threads);
/* The same, for matrices that ask for a precision. */
void ops_open_with(ops_device *device, const char *name, const char *instructions, const char *engine, int threads,
                   sbj_precision precision);
void ops_close(ops_device *device);

typedef enum ops_kind {
    OPS_EMBED,
    OPS_LINEAR,
    OPS_LINEAR_NORM,
    OPS_ATTENTION,
    OPS_POOL,
    OPS_NORMALIZE,
    OPS_SUMSQ,
    OPS_ADAMW
} ops_kind;

enum { OPS_MOST_LENGTHS = 24, OPS_MOST_VALUES = 40 };

/* What varies. Zeros mean: none, off, or the smallest that makes sense. */
typedef struct ops_case {
    const char *name;
    ops_kind kind;
    size_t lengths[OPS_MOST_LENGTHS]; /* of the sentences, up to the first 0 */
    size_t hidden, heads;             /* H (linear, linear_norm: columns of y, of each part), A */
    size_t inner;                     /* linear, linear_norm: columns of x */
    size_t parts;                     /* linear: of the matrix; 0 is 1 */
    bool no_bias, add_x, no_x, no_w;  /* linear */
    sbj_activation activation;        /* linear */
    double dropout, eps;              /* eps 0 is 1e-12 */
    sbj_pooling modes[SBJ_POOL_MODES];
    double scale;   /* of the values of x or qkv; 0 is 1 */
    double slack;   /* ops_compare multiplies its bound by it; 0 is 1 */
    size_t padding; /* elements between the rows of every activation's window, and before every parameter */
    bool inference; /* forward only, nothing saved */
    bool in_place;  /* windows that may be the same are the same */
    bool st_preset; /* adamw: st-0.4.1 */
} ops_case;

extern const ops_case ops_cases[]; /* all kinds and sizes that every back end must do */
extern const size_t ops_case_count;

/* A named array on the host. Names are those of the records; "dx" is the gradient of x; parts are "w0", "b0", ... */
typedef struct ops_values {
    char name[16];
    size_t rows, columns;
    double *values;
} ops_values;

typedef struct ops_set {
    ops_values items[OPS_MOST_VALUES];
    size_t count;
} ops_set;

ops_values *ops_find(ops_set *set, const char *name); /* NULL: not there */
void ops_clear(ops_set *set);

/* Runs the case. Inputs that `in` has not are drawn and put there; `out` is filled anew with what the forward and, with
 * `backward`, the backward left: results, saved tensors, gradients. */
void ops_run(ops_device *device, const ops_case *what, bool backward, ops_set *in, ops_set *out);

/* The largest difference relative to the largest value of `b`; infinite where one has a NaN. */
double ops_difference(const ops_values *a, const ops_values *b);

/* Runs the case on both, with the same inputs, and fails the test where an output or a saved tensor differs by more
 * than `bound` times the case's slack; argmax must be equal. */
void ops_compare(ops_device *tested, ops_device *trusted, const ops_case *what, double bound);

#endif
