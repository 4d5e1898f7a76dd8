/* The CPU back end's own struct and how its files share the work.
 *
 *     cpu.c            making one, the back end's table, scratch
 *     isa.c            which vector kernels (kernels.h, kernel/) this machine can run
 *     engine*.c        matrix products (engine.h)
 *     openblas.c       opening OpenBLAS
 *     cpu_packed.c     matrices in the engine's form
 *     cpu_*.c          the operations: each cuts its work into tasks for the pool and calls kernels
 *
 * No sum depends on how tasks are cut, and none crosses tasks except in a fixed order: results are the same bits for
 * every number of threads (but for the engine openblas).
 *
 * Every cpu_*.c says how much scratch its largest call needs, in one function. */
#ifndef SBJ_CPU_H
#define SBJ_CPU_H

#include "backend/cpu/engine.h"
#include "backend/cpu/kernels.h"
#include "backend/cpu/openblas.h"
#include "backend/host.h"

struct sbj_cpu {
    sbj_backend base;
    const sbj_kernels *kernels;
    const sbj_engine *engine;
    sbj_precision precision; /* that matrices may have, besides f32 */
    char engine_text[64];
    sbj_openblas openblas; /* opened by the engine of that name */
};

static inline const sbj_cpu *sbj_cpu_of(const sbj_backend *backend)
{
    return (const sbj_cpu *)backend;
}

/* isa.c. NULL or "auto": the best set of this machine. */
sbertja_status sbj_isa_choose(const char *name, const sbj_kernels **kernels, sbertja_error *error);

/* ---- Cutting work ------------------------------------------------------------------------------------------------ */

enum { SBJ_ROWS = 16 }; /* rows in a task of an operation that goes row by row */

static inline size_t sbj_pieces(size_t count, size_t piece)
{
    return (count + piece - 1) / piece;
}

/* Of piece number `index`. */
static inline size_t sbj_piece_length(size_t count, size_t piece, size_t index)
{
    size_t first = index * piece;
    return count - first < piece ? count - first : piece;
}

static inline float *sbj_row(sbj_tensor t, size_t row)
{
    return sbj_f32(t) + row * t.stride;
}

/* Floats rounded up to whole cache lines, so that neighbours in scratch share none. */
static inline size_t sbj_lines(size_t floats)
{
    return (floats + 15) / 16 * 16;
}

static inline float *sbj_scratch_at(const sbj_run *run, size_t floats)
{
    return (float *)run->scratch->data + floats;
}

/* ---- Matrices in the engine's form (cpu_packed.c) ---------------------------------------------------------------- */

/* What sbj_matrix.packed points to. */
typedef struct sbj_packed {
    float *own;                   /* one block for all parts; NULL: they lie in memory that is the caller's */
    const float *part[SBJ_PARTS]; /* one after another */
} sbj_packed;

bool sbj_cpu_trains_in(const sbj_backend *, sbj_precision);
sbertja_status sbj_cpu_prepare(const sbj_backend *, sbj_pool *, sbj_matrix *, sbertja_error *);
void sbj_cpu_unprepare(const sbj_backend *, sbj_matrix *);
size_t sbj_cpu_packed_size(const sbj_backend *, const sbj_matrix *);
const void *sbj_cpu_packed_data(const sbj_backend *, const sbj_matrix *);
sbertja_status sbj_cpu_adopt(const sbj_backend *, sbj_matrix *, const void *data, sbertja_error *);

/* ---- The operations ---------------------------------------------------------------------------------------------- */

/* Floats of scratch for the largest call of each file. */
size_t sbj_cpu_linear_scratch(const sbj_cpu *cpu, const sbj_extent *extent, size_t threads);
size_t sbj_cpu_embed_scratch(const sbj_extent *extent, size_t threads);
size_t sbj_cpu_attention_scratch(const sbj_cpu *cpu, const sbj_extent *extent, size_t threads);
size_t sbj_cpu_arena_scratch(const sbj_extent *extent);

sbertja_status sbj_cpu_embed(const sbj_run *, const sbj_embed *, sbertja_error *);
sbertja_status sbj_cpu_embed_backward(const sbj_run *, const sbj_embed *, const sbj_embed_gradients *, sbertja_error *);
sbertja_status sbj_cpu_linear(const sbj_run *, const sbj_linear *, sbertja_error *);
sbertja_status sbj_cpu_linear_backward(const sbj_run *, const sbj_linear *, const sbj_linear_gradients *,
                                       sbertja_error *);
sbertja_status sbj_cpu_linear_norm(const sbj_run *, const sbj_linear_norm *, sbertja_error *);
sbertja_status sbj_cpu_linear_norm_backward(const sbj_run *, const sbj_linear_norm *, const sbj_linear_norm_gradients *,
                                            sbertja_error *);
sbertja_status sbj_cpu_attention(const sbj_run *, const sbj_attention *, sbertja_error *);
sbertja_status sbj_cpu_attention_backward(const sbj_run *, const sbj_attention *, const sbj_attention_gradients *,
                                          sbertja_error *);
sbertja_status sbj_cpu_pool(const sbj_run *, const sbj_pool_op *, sbertja_error *);
sbertja_status sbj_cpu_pool_backward(const sbj_run *, const sbj_pool_op *, const sbj_pool_gradients *, sbertja_error *);
sbertja_status sbj_cpu_normalize(const sbj_run *, const sbj_normalize *, sbertja_error *);
sbertja_status sbj_cpu_normalize_backward(const sbj_run *, const sbj_normalize *, const sbj_normalize_gradients *,
                                          sbertja_error *);
sbertja_status sbj_cpu_sumsq(const sbj_run *, const sbj_sumsq *, double *sum, sbertja_error *);
sbertja_status sbj_cpu_adamw(const sbj_run *, const sbj_adamw *, sbertja_error *);

/* ---- LayerNorm's backward over many rows, for embed and linear_norm (cpu_norm.c) -----------------------------------
 */

typedef struct sbj_norm_rows {
    sbj_tensor x, stats, gamma; /* the forward's input, mean and 1/sqrt(var + eps) */
    sbj_tensor dy, dx;          /* may be the same window */
    sbj_tensor dgamma, dbeta;   /* added to */
    sbj_mask before, after;     /* dropout of y, undone on dy first; and of x's own making, applied to dx */
    float *dropped;             /* [rows, columns]: dx with `after` applied; NULL: not wanted */
} sbj_norm_rows;

/* `scratch`: sbj_norm_scratch floats, whatever the tasks share; `rows` of each thread for masks. */
size_t sbj_norm_scratch(size_t rows, size_t columns, size_t threads);
void sbj_norm_rows_backward(const sbj_run *run, const sbj_norm_rows *norm, float *scratch);

#endif
