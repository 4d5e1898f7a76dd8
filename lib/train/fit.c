/* SentenceTransformer.fit: epochs of steps, each step a batch (or several) of every objective in turn; evaluation, the
 * best model, checkpoints, progress. */
#define _POSIX_C_SOURCE 200809L
#include <math.h>
#include <string.h>
#include <time.h>

#include "io/directory.h"
#include "train/trainer.h"

typedef struct fitting {
    sbj_trainer *trainer;
    const sbertja_fit_options *options;
    size_t steps_per_epoch;
    sbj_progress_state state;
    double began;       /* seconds */
    size_t began_at;    /* steps done then */
    size_t sentences;   /* since */
} fitting;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static sbertja_status save_model(const fitting *f, sbertja_error *error)
{
    sbj_model *model = NULL;
    sbertja_status status = sbj_trainer_model(f->trainer, &model, error);
    if (status == SBERTJA_OK)
        status = sbj_model_save(model, f->options->output_path, NULL, error);
    sbj_model_free(model);
    return status;
}

/* The caller's score of the model as it stands, also one given with a stop; the best one so far is saved. */
static sbertja_status evaluate(fitting *f, size_t epoch, size_t steps, sbertja_error *error)
{
    const sbertja_fit_options *o = f->options;
    sbj_model *model = NULL;
    double score = NAN;
    bool stop = false;
    if (o->evaluate == NULL)
        return SBERTJA_OK;
    sbertja_status status = sbj_trainer_model(f->trainer, &model, error);
    if (status == SBERTJA_OK)
        stop = o->evaluate(o->evaluate_user, (const sbertja_model *)model, epoch, steps, &score) != 0;
    if (score > f->state.best) {
        f->state.best = score;
        if (o->output_path != NULL && !o->keep_last)
            status = sbj_model_save(model, o->output_path, NULL, error);
    }
    sbj_model_free(model);
    if (status == SBERTJA_OK && stop)
        status = sbj_fail(error, SBERTJA_E_STOPPED, "stopped by the evaluation callback in epoch %zu", epoch);
    return status;
}

static sbertja_status report(const fitting *f, size_t epoch, size_t objective, double rate,
                             const sbj_step_result *result, sbertja_error *error)
{
    const sbertja_fit_options *o = f->options;
    const size_t done = f->state.done + 1, since = done - f->began_at;
    const double seconds = fmax(now() - f->began, 1e-9);
    const sbertja_progress progress = {.epoch = epoch,
                                       .epochs = o->epochs,
                                       .step = done,
                                       .steps = f->state.total,
                                       .objective = objective,
                                       .loss = result->loss,
                                       .active = result->active,
                                       .learning_rate = rate,
                                       .grad_norm = result->grad_norm,
                                       .sentences_per_second = (double)f->sentences / seconds,
                                       .seconds_left = seconds / (double)since * (double)(f->state.total - done)};
    if (o->progress != NULL && o->progress(o->progress_user, &progress))
        return sbj_fail(error, SBERTJA_E_STOPPED, "stopped by the progress callback after step %zu of %zu", done,
                        f->state.total);
    return SBERTJA_OK;
}

/* Every objective's next batches. A stop takes effect when all have had theirs: a step is whole or not at all. */
static sbertja_status run_step(fitting *f, sbertja_error *error)
{
    sbj_trainer *t = f->trainer;
    const size_t step = f->state.done, epoch = step / f->steps_per_epoch;
    const double rate =
        t->learning_rate * sbj_schedule_factor(t->schedule, step, t->warmup_steps, f->state.total);
    sbertja_status stopped = SBERTJA_OK;
    for (size_t i = 0; i < t->goal_count; i++) {
        sbj_step_result result;
        sbertja_status status = sbj_trainer_step(t, i, step, rate, &result, error);
        if (status != SBERTJA_OK)
            return sbj_in(error, status, "step %zu", step);
        f->sentences += result.sentences;
        if (stopped == SBERTJA_OK)
            stopped = report(f, epoch, i, rate, &result, error);
    }
    f->state.done++;
    f->state.evaluated = false;
    return stopped;
}

static bool due(size_t every, size_t count)
{
    return every > 0 && count % every == 0;
}

/* What is due after the last step; on resuming, what a stop in that step came before. */
static sbertja_status run_evaluations(fitting *f, sbertja_error *error)
{
    const size_t epoch = (f->state.done - 1) / f->steps_per_epoch, in_epoch = f->state.done - epoch * f->steps_per_epoch;
    sbertja_status status = SBERTJA_OK;
    if (due(f->options->evaluation_steps, in_epoch))
        status = evaluate(f, epoch, in_epoch, error);
    if (status == SBERTJA_OK && in_epoch == f->steps_per_epoch)
        status = evaluate(f, epoch, (size_t)-1, error);
    f->state.evaluated = true;
    return status;
}

/* At the end of an epoch, when it is due between, and at a stop. */
static bool wants_checkpoint(const fitting *f, sbertja_status status)
{
    if (f->options->checkpoint_path == NULL || (status != SBERTJA_OK && status != SBERTJA_E_STOPPED))
        return false;
    return status == SBERTJA_E_STOPPED ||
           (f->state.evaluated &&
            (f->state.done % f->steps_per_epoch == 0 || due(f->options->checkpoint_steps, f->state.done)));
}

/* A step, or the evaluations after it. */
static sbertja_status advance(fitting *f, sbertja_error *error)
{
    sbertja_error second;
    sbertja_status status = f->state.evaluated ? run_step(f, error) : run_evaluations(f, error), written;
    if (!wants_checkpoint(f, status) ||
        (written = sbj_trainer_write(f->trainer, &f->state, f->options->checkpoint_path, &second)) == SBERTJA_OK)
        return status;
    if (error != NULL)
        *error = second;
    return written;
}

/* Steps that take all of the smallest dataset. */
static size_t smallest_epoch(const sbj_trainer *t)
{
    size_t least = SIZE_MAX;
    for (size_t i = 0; i < t->goal_count; i++) {
        const size_t batches = sbj_sampler_batches(&t->goals[i].sampler);
        least = batches < least ? batches : least;
    }
    return (least - 1) / t->accumulation + 1;
}

static sbertja_status begin(fitting *f, sbertja_error *error)
{
    const sbertja_fit_options *o = f->options;
    f->steps_per_epoch = o->steps_per_epoch > 0 ? o->steps_per_epoch : smallest_epoch(f->trainer);
    f->state.best = -INFINITY;
    f->state.evaluated = true;
    if (!sbj_mul(f->steps_per_epoch, o->epochs, &f->state.total) ||
        f->state.total > UINT32_MAX / f->trainer->goal_count / f->trainer->accumulation) /* a key of dropout each */
        return sbj_fail(error, SBERTJA_E_ARGUMENT, "epochs: %zu of %zu steps are too many", o->epochs,
                        f->steps_per_epoch);
    if (f->trainer->schedule != SBJ_CONSTANT && o->warmup_steps >= f->state.total && f->state.total > 0)
        sbj_say(&f->trainer->log, SBERTJA_LOG_WARNING,
                "warmup_steps: %zu, but the training has %zu: the learning rate stays below what was asked for",
                o->warmup_steps, f->state.total);
    if (o->resume && o->checkpoint_path == NULL)
        return sbj_fail(error, SBERTJA_E_ARGUMENT, "resume: no checkpoint_path is given");
    sbertja_status status = SBERTJA_OK;
    if (o->resume && sbj_is_checkpoint(o->checkpoint_path))
        status = sbj_trainer_read(f->trainer, o->checkpoint_path, &f->state, error);
    f->began = now();
    f->began_at = f->state.done;
    return status;
}

/* Saves the last model, unless the best one is wanted and has been saved. A checkpoint has the best score, not the best
 * model: if that was saved elsewhere, or is gone, it is better to have the last one than none. */
static sbertja_status save_last(const fitting *f, sbertja_error *error)
{
    const sbertja_fit_options *o = f->options;
    if (o->output_path == NULL)
        return SBERTJA_OK;
    if (o->evaluate != NULL && !o->keep_last && f->state.best > -INFINITY) {
        if (sbj_is_model_directory(o->output_path))
            return SBERTJA_OK;
        sbj_say(&f->trainer->log, SBERTJA_LOG_WARNING,
                "%s: the best model is not there any more, the last one is saved", o->output_path);
    }
    return save_model(f, error);
}

static sbertja_status run(fitting *f, sbertja_error *error)
{
    sbertja_status status = begin(f, error);
    while (status == SBERTJA_OK && (f->state.done < f->state.total || !f->state.evaluated))
        status = advance(f, error);
    return status == SBERTJA_OK ? sbj_trainer_check(f->trainer, error) : status;
}

/* Whether both directories can be written to is better known before the training than after it. */
static sbertja_status check_targets(const sbj_model *model, const sbertja_fit_options *o, sbertja_error *error)
{
    sbertja_status status = SBERTJA_OK;
    if (o->output_path != NULL)
        status = sbj_model_check_target(model, o->output_path, error);
    if (status == SBERTJA_OK && o->checkpoint_path != NULL)
        status = sbj_trainer_check_target(model, o->checkpoint_path, error);
    if (status == SBERTJA_OK && o->output_path != NULL && o->checkpoint_path != NULL &&
        sbj_directories_overlap(o->output_path, o->checkpoint_path))
        status = sbj_fail(error, SBERTJA_E_ARGUMENT,
                          "checkpoint_path: %s is, holds or lies in output_path, %s; each is replaced as a whole",
                          o->checkpoint_path, o->output_path);
    return status;
}

sbertja_status sbj_fit(const sbj_model *model, const sbertja_objective *objectives, size_t count,
                       const sbertja_fit_options *options, sbj_model **trained, sbertja_error *error)
{
    fitting f = {.options = options};
    if (trained != NULL)
        *trained = NULL;
    sbertja_status status = check_targets(model, options, error);
    if (status == SBERTJA_OK)
        status = sbj_trainer_create(model, objectives, count, options, &f.trainer, error);
    if (status == SBERTJA_OK) {
        status = run(&f, error);
        sbj_trainer_end(f.trainer);
    }
    if (status == SBERTJA_OK)
        status = save_last(&f, error);
    if (trained != NULL && (status == SBERTJA_OK || status == SBERTJA_E_STOPPED)) {
        sbertja_error second;
        sbertja_status made = sbj_trainer_model(f.trainer, trained, &second);
        if (made != SBERTJA_OK) {
            status = made;
            if (error != NULL)
                *error = second;
        }
    }
    sbj_trainer_free(f.trainer);
    return status;
}
