/* Keeps what it made in one list, to be freed at the end of a test. */
#include "support/tensors.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>

enum { MOST = 64 };
static sbj_tensor made[MOST];
static size_t count;

void must_do(sbertja_status status, const sbertja_error *error)
{
    ck_assert_msg(status == SBERTJA_OK, "%s", error->message);
}

static sbj_tensor keep(ops_device *device, sbj_type type, size_t rows, size_t columns)
{
    sbertja_error error;
    ck_assert(count < MOST);
    must_do(sbj_tensor_new(device->backend, type, rows, columns, &made[count], &error), &error);
    return made[count++];
}

sbj_tensor tensor(ops_device *device, size_t rows, size_t columns, const double *values)
{
    sbertja_error error;
    sbj_tensor t = keep(device, device->backend->table->real, rows, columns);
    double *nan = malloc(rows * columns * sizeof *nan);
    for (size_t i = 0; i < rows * columns; i++)
        nan[i] = NAN;
    must_do(sbj_write(device->backend, t, values != NULL ? values : nan, SBJ_F64, &error), &error);
    free(nan);
    return t;
}

sbj_tensor tensor_i32(ops_device *device, size_t columns, const int32_t *values)
{
    sbertja_error error;
    sbj_tensor t = keep(device, SBJ_I32, 1, columns);
    must_do(sbj_write(device->backend, t, values, SBJ_I32, &error), &error);
    return t;
}

void tensors_free(ops_device *device)
{
    while (count > 0)
        sbj_tensor_free(device->backend, &made[--count]);
}

void expect(ops_device *device, const char *what, sbj_tensor t, const double *expected, double bound)
{
    sbertja_error error;
    double *found = malloc(t.rows * t.columns * sizeof *found);
    must_do(sbj_read(device->backend, t, found, SBJ_F64, &error), &error);
    for (size_t i = 0; i < t.rows * t.columns; i++)
        ck_assert_msg(fabs(found[i] - expected[i]) <= bound, "%s[%zu, %zu] is %.17g, expected %.17g", what,
                      i / t.columns, i % t.columns, found[i], expected[i]);
    free(found);
}

void give_scratch(ops_device *device, size_t bytes)
{
    sbertja_error error;
    if (device->scratch != NULL)
        device->backend->table->release(device->backend, device->scratch);
    must_do(device->backend->table->alloc(device->backend, bytes, &device->scratch, &error), &error);
    device->run.scratch = device->scratch;
}
