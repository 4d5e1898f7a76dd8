/* Engines: what computes the large matrix products. Each is a table; engine.c lists them.
 *
 * An operation asks for a few products at once and may have each block of a result finished (bias, activation) by the
 * thread that made it, while it is in that thread's cache. */
#ifndef SBJ_ENGINE_H
#define SBJ_ENGINE_H

#include "backend/backend.h"
#include "backend/cpu/kernels.h"

/* c [m, n] = a [m, k] b [k, n], or added to c. With a packed b that is not in f32 it is not added, and a's rows lie in
 * memory and are the same a for all products of a call. Without a packed b the precision is f32, or bf16 where the
 * instruction set multiplies it; then `finish` is NULL. */
typedef struct sbj_product {
    size_t m, n, k;
    sbj_operand a, b;
    const float *packed;     /* b in the engine's form, or NULL; with it, b itself is not read */
    sbj_precision precision; /* of the packed form, or of both sides */
    float *c;
    size_t ldc;
    bool add;
} sbj_product;

/* Rows `row` to row+rows-1 and columns `column` to column+columns-1 of the result of product `index` are done. */
typedef void (*sbj_finish)(void *context, size_t index, size_t row, size_t rows, size_t column, size_t columns);

enum { SBJ_MOST_PRODUCTS = SBJ_PARTS };

typedef struct sbj_cpu sbj_cpu; /* cpu.h */

typedef struct sbj_engine {
    const char *name;
    sbertja_status (*open)(sbj_cpu *cpu, sbertja_error *error); /* what it needs from the system; NULL: nothing */
    void (*describe)(const sbj_cpu *cpu, char *text, size_t room); /* name and version, for reports */

    /* Floats of scratch that `multiply` needs, in `precision` and in f32. */
    size_t (*scratch)(const sbj_kernels *kernels, sbj_precision precision, const sbj_extent *extent, size_t threads);
    /* b [k, n] in the engine's own form, which takes packed_size floats; both NULL: there is none, and only f32. */
    size_t (*packed_size)(const sbj_kernels *kernels, sbj_precision precision, size_t k, size_t n);
    void (*pack)(const sbj_kernels *kernels, sbj_pool *pool, sbj_precision precision, sbj_operand b, size_t k, size_t n,
                 float *packed);

    /* All of them (at most SBJ_MOST_PRODUCTS, all with the same m), in any order; `finish` may be NULL. `scratch` has
     * `floats` floats, at least what scratch() said for an extent that has these products. */
    void (*multiply)(const sbj_cpu *cpu, sbj_pool *pool, const sbj_product *products, size_t count, sbj_finish finish,
                     void *context, float *scratch, size_t floats);
} sbj_engine;

/* Columns of a block for so few rows that a product waits for its weights: as many as leave a block for each thread,
 * which then reads one stretch of memory and can call for it in advance. `least`, doubled up to `most`. */
enum { SBJ_FEW_ROWS = 32 };
static inline size_t sbj_block_for_few(size_t n, size_t threads, size_t least, size_t most)
{
    while (2 * least <= most && n >= 2 * least * threads)
        least *= 2;
    return least;
}

extern const sbj_engine sbj_engine_openblas, sbj_engine_packed;

const char *sbj_cpu_engines(void);
/* NULL or "auto": the best one that has the precision. */
sbertja_status sbj_engine_choose(const char *name, sbj_precision precision, const sbj_engine **engine,
                                 sbertja_error *error);

#endif
