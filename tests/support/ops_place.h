/* Where ops.c gets the tensors of a case from: values drawn once, windows of NaN on the device, results brought back.
 */
#ifndef OPS_PLACE_H
#define OPS_PLACE_H

#include "support/ops.h"

enum { OPS_MOST_PLACED = 48, OPS_VOCABULARY = 11 };

/* What becomes of a tensor after the operation. */
typedef enum ops_after { OPS_FORGET, OPS_FETCH } ops_after;

typedef struct ops_placed {
    char name[16];
    sbj_tensor whole, window; /* of one buffer; what is outside the window must stay NaN */
    ops_after after;
} ops_placed;

/* One run of one case. */
typedef struct ops_work {
    ops_device *device;
    const ops_case *what;
    ops_set *in, *out;
    ops_placed items[OPS_MOST_PLACED];
    size_t count;
    size_t tokens, sentences, longest;
    int32_t cu[OPS_MOST_LENGTHS + 1];
    sbj_batch batch;
} ops_work;

void ops_must(sbertja_status status, const sbertja_error *error);
void ops_fill_nan(const ops_device *device, sbj_tensor t);
ops_values *ops_new_values(ops_set *set, const char *name, size_t rows, size_t columns);

/* The inputs of a name, drawn at the first call: mean + spread * normal, as floats. */
ops_values *ops_drawn(ops_work *w, const char *name, size_t rows, size_t columns, double mean, double spread);
void ops_upload(ops_work *w, sbj_tensor t, const ops_values *values);

/* Tensors on the device: an activation and a parameter that are read, the gradient of a parameter, which is added to
 * what is there, and an activation that is set. */
sbj_tensor ops_input(ops_work *w, const char *name, size_t rows, size_t columns, double mean, double spread);
sbj_tensor ops_parameter(ops_work *w, const char *name, size_t rows, size_t columns, double mean, double spread);
sbj_tensor ops_added(ops_work *w, const char *name, size_t rows, size_t columns);
sbj_tensor ops_output(ops_work *w, const char *name, size_t rows, size_t columns);
/* Another name for a tensor that is there, whose contents the operation replaces. */
sbj_tensor ops_renamed(ops_work *w, const char *old, const char *name);
sbj_tensor ops_place_i32(ops_work *w, const char *name, const int32_t *values, size_t rows, size_t columns,
                         ops_after then);
void ops_place_batch(ops_work *w); /* fills w->batch and its sizes */

/* Brings the results back, checks what is outside the windows, and frees all tensors. */
void ops_fetch_and_free(ops_work *w);

#endif
