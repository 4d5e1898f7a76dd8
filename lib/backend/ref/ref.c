/* The reference back end's table, and how one is made. */
#include "backend/ref/ref.h"

static void destroy(sbj_backend *backend)
{
    sbj_alloc alloc = backend->alloc;
    sbj_free(&alloc, backend);
}

static sbertja_status wrap(const sbj_backend *backend, const void *host, size_t bytes, sbj_buffer **buffer,
                           sbertja_error *error)
{
    (void)backend;
    (void)host;
    (void)bytes;
    *buffer = NULL;
    return sbj_fail(error, SBERTJA_E_UNSUPPORTED, "device ref: weights are copied, as it computes in double");
}

static sbertja_status prepare(const sbj_backend *backend, sbj_pool *pool, sbj_matrix *w, sbertja_error *error)
{
    (void)backend;
    (void)pool;
    (void)error;
    w->packed = NULL;
    return SBERTJA_OK;
}

static void unprepare(const sbj_backend *backend, sbj_matrix *w)
{
    (void)backend;
    w->packed = NULL;
}

static size_t packed_size(const sbj_backend *backend, const sbj_matrix *w)
{
    (void)backend;
    (void)w;
    return 0;
}

static const void *packed_data(const sbj_backend *backend, const sbj_matrix *w)
{
    (void)backend;
    (void)w;
    return NULL;
}

static sbertja_status adopt(const sbj_backend *backend, sbj_matrix *w, const void *data, sbertja_error *error)
{
    (void)backend;
    (void)w;
    (void)data;
    return sbj_fail(error, SBERTJA_E_INTERNAL, "device ref: has no packed matrices");
}

/* Attention takes two rows of [longest] a thread, the backward of linear_norm [T, H]. */
static size_t scratch_size(const sbj_backend *backend, const sbj_extent *extent, int threads)
{
    size_t attention = 2 * extent->longest * (size_t)threads;
    size_t dense = extent->training ? extent->tokens * extent->hidden : 0;
    (void)backend;
    return sizeof(double) * (attention > dense ? attention : dense);
}

static bool trains_in(const sbj_backend *backend, sbj_precision precision)
{
    (void)backend;
    return precision == SBJ_PRECISION_F32;
}

static const char *no_choice(const sbj_backend *backend)
{
    (void)backend;
    return "";
}

static const sbj_backend_table table = {
    .name = "ref",
    .real = SBJ_F64,
    .destroy = destroy,
    .alloc = sbj_host_alloc,
    .wrap = wrap,
    .release = sbj_host_release,
    .write = sbj_host_write,
    .read = sbj_host_read,
    .zero = sbj_host_zero,
    .prepare = prepare,
    .unprepare = unprepare,
    .packed_size = packed_size,
    .packed_data = packed_data,
    .adopt = adopt,
    .trains_in = trains_in,
    .scratch_size = scratch_size,
    .embed = sbj_ref_embed,
    .embed_backward = sbj_ref_embed_backward,
    .linear = sbj_ref_linear,
    .linear_backward = sbj_ref_linear_backward,
    .linear_norm = sbj_ref_linear_norm,
    .linear_norm_backward = sbj_ref_linear_norm_backward,
    .attention = sbj_ref_attention,
    .attention_backward = sbj_ref_attention_backward,
    .pool = sbj_ref_pool,
    .pool_backward = sbj_ref_pool_backward,
    .normalize = sbj_ref_normalize,
    .normalize_backward = sbj_ref_normalize_backward,
    .sumsq = sbj_ref_sumsq,
    .adamw = sbj_ref_adamw,
    .instructions = no_choice,
    .engine = no_choice,
};

sbertja_status sbj_backend_ref(const sbj_backend_options *options, sbj_backend **result, sbertja_error *error)
{
    *result = NULL;
    if (options->precision != SBJ_PRECISION_F32)
        return sbj_fail(error, SBERTJA_E_UNSUPPORTED, "precision %s: device ref computes in double only",
                        sbj_precision_name(options->precision));
    sbj_backend *backend = sbj_new(options->alloc, 1, sizeof *backend);
    if (backend == NULL)
        return sbj_no_memory(error, sizeof *backend);
    backend->table = &table;
    backend->alloc = *options->alloc;
    *result = backend;
    return SBERTJA_OK;
}
