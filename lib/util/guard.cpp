/* The one place where exceptions of callbacks are caught, and thrown on. */
#include "util/guard.h"

#include <cxxabi.h>
#include <exception>
#include <utility>

namespace {

/* What the callbacks of one call need: the first exception, and the functions that they stand for. */
template <class Options> struct guard {
    Options given;
    std::exception_ptr exception;

    /* The callback's answer; 1 (stop) after an exception. A thread that is being cancelled must go on unwinding. */
    template <class Function, class... Arguments> int call(Function function, Arguments... arguments)
    {
        if (exception)
            return 1;
        try {
            return function(arguments...);
        } catch (abi::__forced_unwind &) {
            throw;
        } catch (...) {
            exception = std::current_exception();
            return 1;
        }
    }

    void rethrow()
    {
        if (exception)
            std::rethrow_exception(std::move(exception));
    }
};

typedef guard<sbertja_encode_options> encode_guard;
typedef guard<sbertja_fit_options> fit_guard;

int encode_progress(void *user, size_t done, size_t total)
{
    encode_guard *g = static_cast<encode_guard *>(user);
    return g->call(g->given.progress, g->given.progress_user, done, total);
}

int token_vectors(void *user, size_t index, size_t tokens, size_t dimension, const float *vectors)
{
    encode_guard *g = static_cast<encode_guard *>(user);
    return g->call(g->given.token_vectors, g->given.token_vectors_user, index, tokens, dimension, vectors);
}

int fit_progress(void *user, const sbertja_progress *progress)
{
    fit_guard *g = static_cast<fit_guard *>(user);
    return g->call(g->given.progress, g->given.progress_user, progress);
}

int evaluate(void *user, const sbertja_model *model, size_t epoch, size_t steps, double *score)
{
    fit_guard *g = static_cast<fit_guard *>(user);
    return g->call(g->given.evaluate, g->given.evaluate_user, model, epoch, steps, score);
}

} // namespace

void *sbj_guard_allocate(const sbertja_allocator *allocator, size_t size)
{
    try {
        return allocator->allocate(allocator->user, size);
    } catch (abi::__forced_unwind &) {
        throw;
    } catch (...) {
        return nullptr;
    }
}

void sbj_guard_release(const sbertja_allocator *allocator, void *memory)
{
    try {
        allocator->release(allocator->user, memory);
    } catch (abi::__forced_unwind &) {
        throw;
    } catch (...) {
    }
}

void sbj_guard_log(sbertja_log_function log, void *user, sbertja_log_level level, const char *message)
{
    try {
        log(user, level, message);
    } catch (abi::__forced_unwind &) {
        throw;
    } catch (...) {
    }
}

sbertja_status sbj_guard_encode(sbertja_encode_options *options, sbertja_status (*run)(void *context), void *context)
{
    encode_guard g = {*options, nullptr};
    if (options->progress != nullptr) {
        options->progress = encode_progress;
        options->progress_user = &g;
    }
    if (options->token_vectors != nullptr) {
        options->token_vectors = token_vectors;
        options->token_vectors_user = &g;
    }
    const sbertja_status status = run(context);
    g.rethrow();
    return status;
}

sbertja_status sbj_guard_fit(sbertja_fit_options *options, sbertja_status (*run)(void *context), void *context)
{
    fit_guard g = {*options, nullptr};
    if (options->progress != nullptr) {
        options->progress = fit_progress;
        options->progress_user = &g;
    }
    if (options->evaluate != nullptr) {
        options->evaluate = evaluate;
        options->evaluate_user = &g;
    }
    const sbertja_status status = run(context);
    g.rethrow();
    return status;
}
