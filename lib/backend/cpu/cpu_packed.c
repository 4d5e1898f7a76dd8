/* Matrices in the engine's own form: packed from the weights, or read where a file has them. */
#include <string.h>

#include "backend/cpu/cpu.h"

/* y = x W' multiplies by the transpose: b [in, out] of a weight [out, in]. */
static size_t part_size(const sbj_cpu *cpu, const sbj_matrix *w, size_t part)
{
    return cpu->engine->packed_size(cpu->kernels, w->precision, w->weight[part].columns, w->weight[part].rows);
}

static size_t floats_of(const sbj_cpu *cpu, const sbj_matrix *w)
{
    size_t floats = 0;
    for (size_t i = 0; i < w->parts; i++)
        floats += sbj_lines(part_size(cpu, w, i));
    return floats;
}

static void place_parts(const sbj_cpu *cpu, const sbj_matrix *w, const float *data, sbj_packed *packed)
{
    for (size_t i = 0; i < w->parts; i++) {
        packed->part[i] = data;
        data += sbj_lines(part_size(cpu, w, i));
    }
}

static sbj_packed *new_packed(const sbj_cpu *cpu, sbj_pool *pool, const sbj_matrix *w)
{
    const sbj_alloc *alloc = &cpu->base.alloc;
    const size_t bytes = floats_of(cpu, w) * sizeof(float);
    sbj_packed *packed = sbj_new(alloc, 1, sizeof *packed);
    if (packed == NULL)
        return NULL;
    packed->own = sbj_new_aligned(alloc, bytes);
    if (packed->own == NULL) {
        sbj_free(alloc, packed);
        return NULL;
    }
    sbj_pool_populate(pool, packed->own, bytes);
    place_parts(cpu, w, packed->own, packed);
    return packed;
}

static sbertja_status no_memory(const sbj_matrix *w, sbertja_error *error)
{
    return sbj_fail(error, SBERTJA_E_MEMORY, "out of memory: packing a matrix of %zu x [%zu, %zu]", w->parts,
                    w->weight[0].rows, w->weight[0].columns);
}

static sbertja_status check(const sbj_cpu *cpu, const sbj_matrix *w, sbertja_error *error)
{
    if (w->precision != cpu->precision && !sbj_cpu_trains_in(&cpu->base, w->precision))
        return sbj_fail(error, SBERTJA_E_INTERNAL, "matrix: precision %s, the back end was made for f32 and %s",
                        sbj_precision_name(w->precision), sbj_precision_name(cpu->precision));
    if (w->precision == SBJ_PRECISION_INT8 && w->weight[0].columns > SBJ_INT8_MOST_K)
        return sbj_fail(error, SBERTJA_E_UNSUPPORTED, "precision int8: a matrix with rows of %zu, expected at most %d",
                        w->weight[0].columns, SBJ_INT8_MOST_K);
    return SBERTJA_OK;
}

sbertja_status sbj_cpu_prepare(const sbj_backend *backend, sbj_pool *pool, sbj_matrix *w, sbertja_error *error)
{
    const sbj_cpu *cpu = sbj_cpu_of(backend);
    sbertja_status status = check(cpu, w, error);
    if (status != SBERTJA_OK || cpu->engine->pack == NULL)
        return status;
    if (w->packed != NULL && ((sbj_packed *)w->packed)->own == NULL)
        sbj_cpu_unprepare(backend, w);
    sbj_packed *packed = w->packed != NULL ? w->packed : new_packed(cpu, pool, w);
    if (packed == NULL)
        return no_memory(w, error);
    w->packed = packed;
    float *to = packed->own;
    for (size_t i = 0; i < w->parts; i++) {
        const sbj_tensor weight = w->weight[i];
        const size_t size = part_size(cpu, w, i);
        cpu->engine->pack(cpu->kernels, pool, w->precision, (sbj_operand){sbj_f32(weight), 1, weight.stride},
                          weight.columns, weight.rows, to);
        memset(to + size, 0, (sbj_lines(size) - size) * sizeof *to);
        to += sbj_lines(size);
    }
    return SBERTJA_OK;
}

void sbj_cpu_unprepare(const sbj_backend *backend, sbj_matrix *w)
{
    sbj_packed *packed = w->packed;
    if (packed == NULL)
        return;
    sbj_free_aligned(&backend->alloc, packed->own);
    sbj_free(&backend->alloc, packed);
    w->packed = NULL;
}

size_t sbj_cpu_packed_size(const sbj_backend *backend, const sbj_matrix *w)
{
    const sbj_cpu *cpu = sbj_cpu_of(backend);
    return cpu->engine->pack == NULL ? 0 : floats_of(cpu, w) * sizeof(float);
}

const void *sbj_cpu_packed_data(const sbj_backend *backend, const sbj_matrix *w)
{
    const sbj_packed *packed = w->packed;
    (void)backend;
    return packed == NULL ? NULL : packed->part[0];
}

sbertja_status sbj_cpu_adopt(const sbj_backend *backend, sbj_matrix *w, const void *data, sbertja_error *error)
{
    const sbj_cpu *cpu = sbj_cpu_of(backend);
    sbertja_status status = check(cpu, w, error);
    if (status != SBERTJA_OK)
        return status;
    sbj_packed *packed = sbj_new(&backend->alloc, 1, sizeof *packed);
    if (packed == NULL)
        return no_memory(w, error);
    place_parts(cpu, w, data, packed);
    sbj_cpu_unprepare(backend, w);
    w->packed = packed;
    return SBERTJA_OK;
}
