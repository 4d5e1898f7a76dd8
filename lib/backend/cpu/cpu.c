/* Making the CPU back end, and its table. */
#include "backend/cpu/cpu.h"

static void destroy(sbj_backend *backend)
{
    sbj_alloc alloc = backend->alloc;
    sbj_openblas_close(&((sbj_cpu *)backend)->openblas);
    sbj_free(&alloc, backend);
}

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

bool sbj_cpu_trains_in(const sbj_backend *backend, sbj_precision precision)
{
    const sbj_cpu *cpu = sbj_cpu_of(backend);
    return precision == SBJ_PRECISION_F32 ||
           (precision == SBJ_PRECISION_BF16 && cpu->kernels->bf16 != NULL && cpu->engine->pack != NULL);
}

/* Only one operation runs at a time, so the largest need is enough. */
static size_t scratch_size(const sbj_backend *backend, const sbj_extent *extent, int threads)
{
    const sbj_cpu *cpu = sbj_cpu_of(backend);
    size_t count = threads < 1 ? 1 : (size_t)threads;
    size_t floats = sbj_cpu_linear_scratch(cpu, extent, count);
    floats = larger(floats, sbj_cpu_embed_scratch(extent, count));
    floats = larger(floats, sbj_cpu_attention_scratch(cpu, extent, count));
    floats = larger(floats, sbj_cpu_arena_scratch(extent));
    return floats * sizeof(float);
}

static const char *instructions(const sbj_backend *backend)
{
    return sbj_cpu_of(backend)->kernels->name;
}

static const char *engine(const sbj_backend *backend)
{
    return sbj_cpu_of(backend)->engine_text;
}

/* OpenBLAS may have threads of its own. */
static bool runs_apart(const sbj_backend *backend)
{
    return sbj_cpu_of(backend)->engine == &sbj_engine_packed;
}

static const sbj_backend_table table = {
    .name = "cpu",
    .real = SBJ_F32,
    .half_words = true,
    .destroy = destroy,
    .alloc = sbj_host_alloc,
    .wrap = sbj_host_wrap,
    .release = sbj_host_release,
    .write = sbj_host_write,
    .read = sbj_host_read,
    .zero = sbj_host_zero,
    .prepare = sbj_cpu_prepare,
    .unprepare = sbj_cpu_unprepare,
    .packed_size = sbj_cpu_packed_size,
    .packed_data = sbj_cpu_packed_data,
    .adopt = sbj_cpu_adopt,
    .trains_in = sbj_cpu_trains_in,
    .runs_apart = runs_apart,
    .scratch_size = scratch_size,
    .embed = sbj_cpu_embed,
    .embed_backward = sbj_cpu_embed_backward,
    .linear = sbj_cpu_linear,
    .linear_backward = sbj_cpu_linear_backward,
    .linear_norm = sbj_cpu_linear_norm,
    .linear_norm_backward = sbj_cpu_linear_norm_backward,
    .attention = sbj_cpu_attention,
    .attention_backward = sbj_cpu_attention_backward,
    .pool = sbj_cpu_pool,
    .pool_backward = sbj_cpu_pool_backward,
    .normalize = sbj_cpu_normalize,
    .normalize_backward = sbj_cpu_normalize_backward,
    .sumsq = sbj_cpu_sumsq,
    .adamw = sbj_cpu_adamw,
    .instructions = instructions,
    .engine = engine,
};

sbertja_status sbj_backend_cpu(const sbj_backend_options *options, sbj_backend **backend, sbertja_error *error)
{
    const sbj_kernels *kernels;
    const sbj_engine *chosen;
    *backend = NULL;
    sbertja_status status = sbj_isa_choose(options->instructions, &kernels, error);
    if (status == SBERTJA_OK)
        status = sbj_engine_choose(options->engine, options->precision, &chosen, error);
    if (status != SBERTJA_OK)
        return status;
    const sbj_alloc *alloc = options->alloc == NULL ? &sbj_malloc : options->alloc;
    sbj_cpu *cpu = sbj_new(alloc, 1, sizeof *cpu);
    if (cpu == NULL)
        return sbj_no_memory(error, sizeof *cpu);
    cpu->base.table = &table;
    cpu->base.alloc = *alloc;
    cpu->kernels = kernels;
    cpu->engine = chosen;
    cpu->precision = options->precision;
    if (chosen->open != NULL && (status = chosen->open(cpu, error)) != SBERTJA_OK) {
        destroy(&cpu->base);
        return status;
    }
    chosen->describe(cpu, cpu->engine_text, sizeof cpu->engine_text);
    *backend = &cpu->base;
    return SBERTJA_OK;
}
