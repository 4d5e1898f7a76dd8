/* The caller's functions, behind try and catch: they may be C++, and an exception that passed through C would leave handles
 * in use and memory behind. Callbacks that can stop a call do so by throwing too; the exception is thrown on, out of the
 * exported function, when the call has ended in good order. What an allocator or a log function throws ends there. */
#ifndef SBJ_GUARD_H
#define SBJ_GUARD_H

#include "sbertja.h"

#ifdef __cplusplus
extern "C" {
#endif

/* NULL if the allocator throws. */
void *sbj_guard_allocate(const sbertja_allocator *allocator, size_t size);
void sbj_guard_release(const sbertja_allocator *allocator, void *memory);
void sbj_guard_log(sbertja_log_function log, void *user, sbertja_log_level level, const char *message);

/* Gives what run(context) gives, which is to use the options: their callbacks are replaced during the call. Throws what
 * a callback threw. */
sbertja_status sbj_guard_encode(sbertja_encode_options *options, sbertja_status (*run)(void *context), void *context);
sbertja_status sbj_guard_fit(sbertja_fit_options *options, sbertja_status (*run)(void *context), void *context);

#ifdef __cplusplus
}
#endif
#endif
