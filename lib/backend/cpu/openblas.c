/* Opening OpenBLAS by the name of its file. */
#define _GNU_SOURCE
#include "backend/cpu/openblas.h"

#include <dlfcn.h>
#include <string.h>

#include "util/status.h"

/* POSIX, not C, promises that a function fits into the pointer that dlsym gives. */
static bool find(void *library, const char *name, void *function)
{
    void *found = dlsym(library, name);
    memcpy(function, &found, sizeof found);
    return found != NULL;
}

sbertja_status sbj_openblas_open(const char *name, sbj_openblas *blas, sbertja_error *error)
{
    memset(blas, 0, sizeof *blas);
    blas->library = dlopen(name, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (blas->library != NULL && find(blas->library, "openblas_get_config", &blas->config) &&
        find(blas->library, "openblas_get_corename", &blas->core) &&
        find(blas->library, "openblas_get_num_threads", &blas->threads) &&
        find(blas->library, "cblas_sgemm", &blas->sgemm))
        return SBERTJA_OK;
    const char *reason = dlerror(); /* which lives until the next call */
    sbertja_status status = sbj_fail(error, SBERTJA_E_MISSING, "engine openblas: %s", reason == NULL ? name : reason);
    sbj_openblas_close(blas);
    return status;
}

void sbj_openblas_close(sbj_openblas *blas)
{
    if (blas->library != NULL)
        dlclose(blas->library);
    memset(blas, 0, sizeof *blas);
}
