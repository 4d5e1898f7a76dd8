/* Tensors for one run of a case. */
#include "support/ops_place.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/rng.h"

void ops_must(sbertja_status status, const sbertja_error *error)
{
    ck_assert_msg(status == SBERTJA_OK, "%s", error->message);
}

void ops_fill_nan(const ops_device *device, sbj_tensor t)
{
    sbertja_error error;
    size_t count = t.rows * t.columns;
    double *nan = malloc((count + 1) * sizeof *nan);
    for (size_t i = 0; i < count; i++)
        nan[i] = NAN;
    ops_must(sbj_write(device->backend, t, nan, SBJ_F64, &error), &error);
    free(nan);
}

/* ---- Values ------------------------------------------------------------------------------------------------------ */

ops_values *ops_find(ops_set *set, const char *name)
{
    for (size_t i = 0; i < set->count; i++)
        if (strcmp(set->items[i].name, name) == 0)
            return &set->items[i];
    return NULL;
}

void ops_clear(ops_set *set)
{
    for (size_t i = 0; i < set->count; i++)
        free(set->items[i].values);
    set->count = 0;
}

ops_values *ops_new_values(ops_set *set, const char *name, size_t rows, size_t columns)
{
    ck_assert(set->count < OPS_MOST_VALUES);
    ops_values *values = &set->items[set->count++];
    snprintf(values->name, sizeof values->name, "%s", name);
    values->rows = rows;
    values->columns = columns;
    values->values = malloc((rows * columns + 1) * sizeof(double));
    return values;
}

static uint32_t stream_of(const char *case_name, const char *name)
{
    uint32_t sum = 2166136261u;
    for (const char *c = case_name; *c; c++)
        sum = (sum ^ (unsigned char)*c) * 16777619u;
    for (const char *c = name; *c; c++)
        sum = (sum ^ (unsigned char)*c) * 16777619u;
    return sum;
}

/* The inputs of a name, drawn at the first call: mean + spread * normal, as floats. */
ops_values *ops_drawn(ops_work *w, const char *name, size_t rows, size_t columns, double mean, double spread)
{
    ops_values *values = ops_find(w->in, name);
    if (values != NULL)
        return values;
    sbj_rng rng = sbj_rng_make(42, stream_of(w->what->name, name));
    values = ops_new_values(w->in, name, rows, columns);
    for (size_t i = 0; i < rows * columns; i++)
        values->values[i] = (float)(mean + spread * sbj_rng_normal(&rng));
    return values;
}

/* ---- Tensors on the device -------------------------------------------------------------------------------------- */

static ops_placed *place(ops_work *w, const char *name, ops_after then)
{
    ck_assert(w->count < OPS_MOST_PLACED);
    ops_placed *p = &w->items[w->count++];
    snprintf(p->name, sizeof p->name, "%s", name);
    p->after = then;
    return p;
}

/* A window of NaN in a larger tensor of NaN. */
static sbj_tensor place_nan(ops_work *w, const char *name, size_t rows, size_t columns, bool parameter, ops_after then)
{
    sbertja_error error;
    ops_placed *p = place(w, name, then);
    size_t padding = w->what->padding;
    const sbj_backend *backend = w->device->backend;
    if (parameter)
        ops_must(sbj_tensor_new(backend, backend->table->real, 1, padding + rows * columns, &p->whole, &error), &error);
    else
        ops_must(sbj_tensor_new(backend, backend->table->real, rows, padding + columns, &p->whole, &error), &error);
    ops_fill_nan(w->device, p->whole);
    p->window = sbj_window(p->whole, 0, rows, parameter ? padding : padding / 2, columns);
    if (parameter)
        p->window.stride = columns;
    return p->window;
}

void ops_upload(ops_work *w, sbj_tensor t, const ops_values *values)
{
    sbertja_error error;
    ck_assert_uint_eq(t.rows, values->rows);
    ck_assert_uint_eq(t.columns, values->columns);
    ops_must(sbj_write(w->device->backend, t, values->values, SBJ_F64, &error), &error);
}

sbj_tensor ops_input(ops_work *w, const char *name, size_t rows, size_t columns, double mean, double spread)
{
    sbj_tensor t = place_nan(w, name, rows, columns, false, OPS_FORGET);
    ops_upload(w, t, ops_drawn(w, name, rows, columns, mean, spread));
    return t;
}

sbj_tensor ops_parameter(ops_work *w, const char *name, size_t rows, size_t columns, double mean, double spread)
{
    sbj_tensor t = place_nan(w, name, rows, columns, true, OPS_FORGET);
    ops_upload(w, t, ops_drawn(w, name, rows, columns, mean, spread));
    return t;
}

/* The gradient of a parameter, which is added to what is there. */
sbj_tensor ops_added(ops_work *w, const char *name, size_t rows, size_t columns)
{
    sbj_tensor t = place_nan(w, name, rows, columns, true, OPS_FETCH);
    ops_upload(w, t, ops_drawn(w, name, rows, columns, 0, 1));
    return t;
}

sbj_tensor ops_output(ops_work *w, const char *name, size_t rows, size_t columns)
{
    return place_nan(w, name, rows, columns, false, OPS_FETCH);
}

/* Another name for a tensor that is there, whose contents the operation replaces. */
sbj_tensor ops_renamed(ops_work *w, const char *old, const char *name)
{
    for (size_t i = 0; i < w->count; i++)
        if (strcmp(w->items[i].name, old) == 0) {
            snprintf(w->items[i].name, sizeof w->items[i].name, "%s", name);
            w->items[i].after = OPS_FETCH;
            return w->items[i].window;
        }
    ck_abort_msg("no tensor %s", old);
    return SBJ_NONE;
}

sbj_tensor ops_place_i32(ops_work *w, const char *name, const int32_t *values, size_t rows, size_t columns,
                         ops_after then)
{
    sbertja_error error;
    ops_placed *p = place(w, name, then);
    ops_must(sbj_tensor_new(w->device->backend, SBJ_I32, rows, columns, &p->whole, &error), &error);
    p->window = p->whole;
    ops_must(sbj_write(w->device->backend, p->window, values, SBJ_I32, &error), &error);
    return p->window;
}

static void check_padding(ops_work *w, const ops_placed *p)
{
    sbertja_error error;
    size_t count = p->whole.rows * p->whole.columns, outside = 0;
    double *values = malloc((count + 1) * sizeof *values);
    ops_fill_nan(w->device, p->window);
    ops_must(sbj_read(w->device->backend, p->whole, values, SBJ_F64, &error), &error);
    for (size_t i = 0; i < count; i++)
        outside += !isnan(values[i]);
    free(values);
    ck_assert_msg(outside == 0, "%s, %s: %s: %zu elements outside the window were written", w->device->name,
                  w->what->name, p->name, outside);
}

void ops_fetch_and_free(ops_work *w)
{
    sbertja_error error;
    for (size_t i = 0; i < w->count; i++) {
        ops_placed *p = &w->items[i];
        if (p->after == OPS_FETCH) {
            ops_values *values = ops_new_values(w->out, p->name, p->window.rows, p->window.columns);
            ops_must(sbj_read(w->device->backend, p->window, values->values, SBJ_F64, &error), &error);
        }
        if (w->what->padding > 0 && p->whole.type != SBJ_I32)
            check_padding(w, p);
        sbj_tensor_free(w->device->backend, &p->whole);
    }
    w->count = 0;
}

void ops_place_batch(ops_work *w)
{
    const size_t *lengths = w->what->lengths;
    int32_t *ids, *positions;
    w->tokens = w->sentences = w->longest = 0;
    w->cu[0] = 0;
    for (; w->sentences < OPS_MOST_LENGTHS && lengths[w->sentences] > 0; w->sentences++) {
        w->tokens += lengths[w->sentences];
        w->cu[w->sentences + 1] = (int32_t)w->tokens;
        w->longest = lengths[w->sentences] > w->longest ? lengths[w->sentences] : w->longest;
    }
    ids = calloc(w->tokens + 1, sizeof *ids);
    positions = calloc(w->tokens + 1, sizeof *positions);
    sbj_rng rng = sbj_rng_make(7, (uint32_t)w->tokens);
    for (size_t n = 0; n < w->sentences; n++)
        for (int32_t t = w->cu[n]; t < w->cu[n + 1]; t++) {
            ids[t] = (int32_t)sbj_rng_below(&rng, OPS_VOCABULARY);
            positions[t] = t - w->cu[n];
        }
    w->batch = (sbj_batch){w->tokens, w->sentences, w->longest, w->cu, SBJ_NONE, SBJ_NONE, SBJ_NONE};
    if (w->sentences > 0) {
        w->batch.ids = ops_place_i32(w, "ids", ids, 1, w->tokens, OPS_FORGET);
        w->batch.positions = ops_place_i32(w, "positions", positions, 1, w->tokens, OPS_FORGET);
        w->batch.cu = ops_place_i32(w, "cu", w->cu, 1, w->sentences + 1, OPS_FORGET);
    }
    free(ids);
    free(positions);
}
