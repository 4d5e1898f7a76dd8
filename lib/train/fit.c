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
    sbj_model *unsaved; /* the best model, as long as it could not be saved */
    double saved_score; /* of the best model that was */
    sbertja_error not_saved, no_checkpoint; /* why the latest attempt failed; status OK: it did not */
} fitting;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Whether a save failed in such a way that the training is sound, and a later save may go well. */
static bool is_lost_save(sbertja_status status)
{
    return status == SBERTJA_E_IO || status == SBERTJA_E_MEMORY;
}

static sbertja_status save(const sbertja_fit_options *o, const sbj_model *model, sbertja_error *error)
{
    sbertja_save_options options = SBERTJA_SAVE_OPTIONS_INIT;
    options.settings = o->settings;
    return sbj_model_save(model, o->output_path, &options, error);
}

/* Saves the best model. If that fails the model is kept, and saved when this is called next; `again`: it will be. */
static void save_best(fitting *f, bool again)
{
    if (f->unsaved == NULL)
        return;
    f->not_saved.status = save(f->options, f->unsaved, &f->not_saved);
    if (f->not_saved.status != SBERTJA_OK) {
        if (again)
            sbj_say(&f->trainer->log, SBERTJA_LOG_WARNING,
                    "the best model cannot be saved: %s; it is kept in memory and saved after a later evaluation",
                    f->not_saved.message);
        return;
    }
    f->saved_score = f->state.best;
    sbj_model_free(f->unsaved);
    f->unsaved = NULL;
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
    if (isnan(score) && f->state.best > -INFINITY)
        sbj_say(&f->trainer->log, SBERTJA_LOG_WARNING,
                "epoch %zu: the score is not a number; the best model so far stays the best", epoch);
    if (score > f->state.best) {
        f->state.best = score;
        if (o->output_path != NULL && !o->keep_last) {
            sbj_model_free(f->unsaved);
            f->unsaved = model;
            model = NULL;
        }
    }
    sbj_model_free(model);
    save_best(f, true);
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

/* A checkpoint that cannot be written does not end the training: the next one may. Its best score is that of the model
 * that is saved, so that after a resume a better one is not taken for worse. */
static sbertja_status write_checkpoint(fitting *f, sbertja_error *error)
{
    sbj_progress_state state = f->state;
    if (f->unsaved != NULL)
        state.best = f->saved_score;
    f->no_checkpoint.status =
        sbj_trainer_write(f->trainer, &state, f->options->checkpoint_path, &f->no_checkpoint);
    if (f->no_checkpoint.status == SBERTJA_OK)
        return SBERTJA_OK;
    if (is_lost_save(f->no_checkpoint.status)) {
        sbj_say(&f->trainer->log, SBERTJA_LOG_WARNING,
                "step %zu: no checkpoint: %s; the training goes on, and the one before stays", f->state.done,
                f->no_checkpoint.message);
        return SBERTJA_OK;
    }
    if (error != NULL)
        *error = f->no_checkpoint;
    return f->no_checkpoint.status;
}

/* A step, or the evaluations after it. */
static sbertja_status advance(fitting *f, sbertja_error *error)
{
    sbertja_status status = f->state.evaluated ? run_step(f, error) : run_evaluations(f, error);
    sbertja_status written = wants_checkpoint(f, status) ? write_checkpoint(f, error) : SBERTJA_OK;
    return written == SBERTJA_OK ? status : written;
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
    f->saved_score = -INFINITY;
    f->state.evaluated = true;
    if (!sbj_mul(f->steps_per_epoch, o->epochs, &f->state.total) ||
        f->state.total > UINT32_MAX / f->trainer->goal_count / f->trainer->accumulation) /* a key of dropout each */
        return sbj_fail(error, SBERTJA_E_ARGUMENT, "epochs: %zu of %zu steps are too many", o->epochs,
                        f->steps_per_epoch);
    if (f->trainer->schedule != SBJ_CONSTANT && o->warmup_steps >= f->state.total && f->state.total > 0)
        sbj_say(&f->trainer->log, SBERTJA_LOG_WARNING,
                "warmup_steps: %zu, but the training has %zu: the learning rate stays below what was asked for",
                o->warmup_steps, f->state.total);
    if (o->resume < 0 || o->resume > SBERTJA_RESUME_ANY)
        return sbj_fail(error, SBERTJA_E_ARGUMENT, "resume: %d, expected 0, 1 or 2 (any)", o->resume);
    if (o->resume && o->checkpoint_path == NULL)
        return sbj_fail(error, SBERTJA_E_ARGUMENT, "resume: no checkpoint_path is given");
    sbertja_status status = SBERTJA_OK;
    bool found = false;
    if (o->resume)
        status = sbj_find_checkpoint(&f->trainer->alloc, o->checkpoint_path, &found, error);
    if (status == SBERTJA_OK && found)
        status = sbj_trainer_read(f->trainer, o->checkpoint_path, o->resume == SBERTJA_RESUME_ANY, &f->state, error);
    f->saved_score = f->state.best;
    f->began = now();
    f->began_at = f->state.done;
    return status;
}

/* Saves the last model, unless the best one is wanted and has been saved. A checkpoint has the best score, not the best
 * model: if that was saved elsewhere, or is gone, it is better to have the last one than none. */
static sbertja_status save_last(const fitting *f, sbertja_error *error)
{
    const sbertja_fit_options *o = f->options;
    sbj_model *model = NULL;
    if (o->output_path == NULL)
        return SBERTJA_OK;
    if (o->evaluate != NULL && !o->keep_last && f->state.best > -INFINITY) {
        if (sbj_is_model_directory(o->output_path))
            return SBERTJA_OK;
        sbj_say(&f->trainer->log, SBERTJA_LOG_WARNING,
                "%s: the best model is not there any more, the last one is saved", o->output_path);
    }
    sbertja_status status = sbj_trainer_model(f->trainer, &model, error);
    if (status == SBERTJA_OK)
        status = save(o, model, error);
    sbj_model_free(model);
    return status;
}

/* What is to be saved at the end of a training that ended with `status`, which a save that fails replaces. */
static sbertja_status save_at_end(fitting *f, sbertja_status status, sbertja_error *error)
{
    sbertja_error second;
    save_best(f, false);
    if (status != SBERTJA_OK && status != SBERTJA_E_STOPPED)
        return status;
    if (f->unsaved != NULL)
        second = f->not_saved;
    else if (status != SBERTJA_OK || (second.status = save_last(f, &second)) == SBERTJA_OK) {
        second = f->no_checkpoint;
        if (second.status == SBERTJA_OK)
            return status;
        sbj_in(&second, second.status, "checkpoint");
    }
    if (error != NULL)
        *error = second;
    return second.status;
}

/* The model for the caller: the best one if it could not be saved, else the last. */
static sbertja_status copy_model(const sbj_model *model, sbertja_status status, sbj_model **trained, sbertja_error *error)
{
    sbertja_error second;
    const sbertja_status made = sbj_model_with(model, &model->weights, trained, &second);
    if (made == SBERTJA_OK)
        return status;
    if (error != NULL)
        *error = second;
    return made;
}

static sbertja_status give_model(fitting *f, sbertja_status status, sbj_model **trained, sbertja_error *error)
{
    sbertja_error second;
    if (f->unsaved != NULL) {
        *trained = f->unsaved;
        f->unsaved = NULL;
        return status;
    }
    const sbertja_status made = sbj_trainer_model(f->trainer, trained, &second);
    if (made == SBERTJA_OK || (status != SBERTJA_OK && status != SBERTJA_E_STOPPED))
        return status;
    if (error != NULL)
        *error = second;
    return made;
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

/* Tells beforehand what will hardly be written. The old model or checkpoint is there until the new one is. */
static void warn_of_space(const sbj_trainer *t, const char *what, const char *path, size_t floats)
{
    const size_t available = path != NULL ? sbj_free_space(path) : SIZE_MAX;
    if (available / sizeof(float) < floats)
        sbj_say(&t->log, SBERTJA_LOG_WARNING, "%s: %s: %.1f MB are free, but about %.1f MB are to be written", what, path,
                (double)available / 1e6, (double)floats * sizeof(float) / 1e6);
}

static void warn_of_spaces(const sbj_trainer *t, const sbertja_fit_options *o)
{
    const size_t floats = t->model->network.arena_size;
    warn_of_space(t, "output_path", o->output_path, floats);
    warn_of_space(t, "checkpoint_path", o->checkpoint_path, floats * (1 + 2 * t->goal_count));
}

sbertja_status sbj_fit(const sbj_model *model, const sbertja_objective *objectives, size_t count,
                       const sbertja_fit_options *options, sbj_model **trained, sbertja_error *error)
{
    fitting f = {.options = options};
    bool sound = false;
    if (trained != NULL)
        *trained = NULL;
    sbertja_status status = check_targets(model, options, error);
    if (status == SBERTJA_OK)
        status = sbj_trainer_create(model, objectives, count, options, &f.trainer, error);
    if (status == SBERTJA_OK) {
        warn_of_spaces(f.trainer, options);
        status = run(&f, error);
        sbj_trainer_end(f.trainer);
        sound = status == SBERTJA_OK || status == SBERTJA_E_STOPPED;
        status = save_at_end(&f, status, error);
    }
    if (trained != NULL && (sound || f.unsaved != NULL))
        status = give_model(&f, status, trained, error);
    else if (trained != NULL && status == SBERTJA_E_STOPPED) /* before the first step */
        status = copy_model(model, status, trained, error);
    sbj_model_free(f.unsaved);
    sbj_trainer_free(f.trainer);
    return status;
}
