/* What the files of lib/api share. They are the only ones that define exported symbols: thin, they check arguments, turn
 * the public handles into the inner structs (which they are, under another name) and call the library. */
#ifndef SBJ_API_H
#define SBJ_API_H

#include <errno.h>
#include <fenv.h>
#include <string.h>

#include "model/model.h"
#include "text/span.h"
#include "util/status.h"

/* Copies the caller's options over the defaults, as far as the caller's version of the struct goes. `size` is what the
 * caller wrote into it; a size that no version can have had (every one has pointers in it) is _E_ARGUMENT. */
static inline sbertja_status sbj_take_options(const char *name, const void *given, uint32_t size, void *options,
                                              size_t full, sbertja_error *error)
{
    if (given == NULL)
        return SBERTJA_OK;
    if (size < sizeof(void *) || size > full || size % sizeof(void *) != 0)
        return sbj_fail(error, SBERTJA_E_ARGUMENT, "%s: size %u, expected %zu: start from the _INIT macro", name,
                        (unsigned)size, full);
    memcpy(options, given, size);
    return SBERTJA_OK;
}

/* The first line of every exported function that may change errno: it leaves errno as it found it, so that a host may call
 * the library between a failure of its own and looking at the reason. */
#define SBJ_KEEP_ERRNO __attribute__((cleanup(sbj_put_errno), unused)) const int kept_errno = errno

static inline void sbj_put_errno(const int *kept)
{
    errno = *kept;
}

/* The next line where numbers are computed or read: in the default floating-point mode, whatever the host's is, with
 * nothing trapped. Mode and flags are the host's again afterwards. Threads begin in the mode of the one that starts them. */
#define SBJ_KEEP_MODE __attribute__((cleanup(sbj_put_mode), unused)) const fenv_t kept_mode = sbj_take_mode()

static inline fenv_t sbj_take_mode(void)
{
    fenv_t mode;
    fegetenv(&mode);
    fesetenv(FE_DFL_ENV);
    return mode;
}

static inline void sbj_put_mode(const fenv_t *kept)
{
    fesetenv(kept);
}

static inline sbertja_status sbj_no_argument(sbertja_error *error, const char *name)
{
    return sbj_fail(error, SBERTJA_E_ARGUMENT, "%s: is NULL", name);
}

/* No text is NULL; a length is that of something that fits into memory, or (size_t)-1. */
static inline sbertja_status sbj_check_texts(const char *const *texts, const size_t *lengths, size_t count,
                                             sbertja_error *error)
{
    for (size_t i = 0; i < count; i++)
        if (texts[i] == NULL)
            return sbj_fail(error, SBERTJA_E_ARGUMENT, "text %zu: is NULL", i);
        else if (lengths != NULL && lengths[i] > PTRDIFF_MAX && lengths[i] != (size_t)-1)
            return sbj_fail(error, SBERTJA_E_ARGUMENT, "text %zu: a length of %zu bytes", i, lengths[i]);
    return SBERTJA_OK;
}

/* NULL is malloc and free; one that is given has both functions. */
static inline sbertja_status sbj_check_allocator(const sbertja_allocator *allocator, sbertja_error *error)
{
    return allocator != NULL && (allocator->allocate == NULL || allocator->release == NULL)
               ? sbj_no_argument(error, "allocator's function")
               : SBERTJA_OK;
}

#endif
