/* The list of engines, best first. */
#include "backend/cpu/engine.h"

#include <string.h>

#include "backend/cpu/openblas.h"

static const sbj_engine *const engines[] = {&sbj_engine_packed, &sbj_engine_openblas};
enum { ENGINES = sizeof engines / sizeof engines[0] };

const char *sbj_cpu_engines(void)
{
    sbj_openblas blas;
    const bool there = sbj_openblas_open(SBJ_OPENBLAS_NAME, &blas, NULL) == SBERTJA_OK;
    sbj_openblas_close(&blas);
    return there ? "packed openblas" : "packed";
}

static bool has(const sbj_engine *engine, sbj_precision precision)
{
    return precision == SBJ_PRECISION_F32 || engine->pack != NULL;
}

sbertja_status sbj_engine_choose(const char *name, sbj_precision precision, const sbj_engine **engine,
                                 sbertja_error *error)
{
    const bool any = name == NULL || strcmp(name, "auto") == 0;
    *engine = NULL;
    for (size_t i = 0; i < ENGINES && *engine == NULL; i++)
        if (any ? has(engines[i], precision) : strcmp(name, engines[i]->name) == 0)
            *engine = engines[i];
    if (*engine != NULL && !has(*engine, precision))
        return sbj_fail(error, SBERTJA_E_UNSUPPORTED, "precision %s: engine %s computes in f32 only, expected packed",
                        sbj_precision_name(precision), name);
    if (*engine == NULL)
        return sbj_fail(error, SBERTJA_E_ARGUMENT, "engine %s: unknown, expected auto or one of: %s", name,
                        sbj_cpu_engines());
    return SBERTJA_OK;
}
