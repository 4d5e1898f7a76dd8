/* Trainings that Ctrl-C ends: see fitting.h. */
#include "fitting.h"

#include "basics.h"
#include "progress.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static volatile sig_atomic_t interrupted;

static void interrupt(int number)
{
    (void)number;
    interrupted = 1;
}

int fit_interrupted(void)
{
    return interrupted;
}

int fit_stop(void *unused)
{
    (void)unused;
    return fit_interrupted();
}

int fit_scores_take(fit_scores *scores, double score)
{
    int better = score > scores->best;
    scores->count++;
    scores->last = score;
    if (better)
        scores->best = score;
    return better;
}

int fit_scores_have_best(const fit_scores *scores)
{
    return scores->best > -INFINITY;
}

double fit_scores_final(const fit_scores *scores, int keep_last)
{
    return fit_scores_have_best(scores) && !keep_last ? scores->best : scores->last;
}

/* Saves to "FOLDER/NAME.rescued-PID"; nonzero if that went well. */
static int rescue_to(const sbertja_model *trained, const char *folder, const char *name)
{
    char path[1024];
    int length = snprintf(path, sizeof path, "%s%s%s.rescued-%ld", folder, *folder ? "/" : "", name, (long)getpid());
    if (length < 0 || (size_t)length >= sizeof path || sbertja_model_save(trained, path, NULL, NULL) != SBERTJA_OK)
        return 0;
    remark("the trained model is in %s instead", path);
    return 1;
}

/* The training is complete, but something could not be written: only the checkpoint, or the model, which then goes beside
 * the output, else to the working directory, else to the folder for temporary files. */
static int save_elsewhere(const sbertja_fit_options *options, const sbertja_model *trained, const sbertja_error *why)
{
    const char *output = options->output_path, *slash = strrchr(output, '/'), *temporary = getenv("TMPDIR");
    const char *name = slash && slash[1] ? slash + 1 : "model";
    int status = library_refused(why);
    if (!strncmp(why->message, "checkpoint: ", 12))
        remark("%s holds the trained model all the same", output);
    else if (!rescue_to(trained, "", output) && !rescue_to(trained, "", name) &&
             !rescue_to(trained, temporary && *temporary ? temporary : "/tmp", name))
        remark("the trained model could not be saved anywhere else%s",
               options->checkpoint_path ? ": make room and repeat the call with --resume" : "");
    return status;
}

/* After Ctrl-C: `trained` is the model as it is, and may be missing. */
static int save_interrupted(const sbertja_fit_options *options, const fit_scores *scores, const char *figure,
                            const sbertja_model *trained)
{
    sbertja_error error;
    const char *output = options->output_path;
    if (fit_scores_have_best(scores) && !options->keep_last) {
        remark("interrupted: %s holds the best model so far, %s %.4f", output, figure, scores->best);
    } else if (options->evaluate && options->resume) {
        remark("interrupted before an evaluation: %s stays as it was, --resume goes on", output);
    } else if (!trained) {
        remark("interrupted before the first step: nothing is saved");
    } else if (sbertja_model_save(trained, output, NULL, &error) != SBERTJA_OK) {
        return save_elsewhere(options, trained, &error);
    } else {
        remark("interrupted: %s holds the model as it is now", output);
    }
    return INTERRUPTED;
}

int fit_model(const sbertja_model *model, const sbertja_objective *objectives, size_t count,
              const sbertja_fit_options *options, const fit_scores *scores, const char *figure)
{
    sbertja_error error;
    sbertja_model *trained = NULL;
    struct sigaction action = {.sa_handler = interrupt, .sa_flags = (int)SA_RESETHAND}, old;
    sigaction(SIGINT, &action, &old);
    sbertja_status fitted = sbertja_fit(model, objectives, count, options, &trained, &error);
    sigaction(SIGINT, &old, NULL);
    progress_clear();
    int status = DONE;
    if (fitted == SBERTJA_E_STOPPED && interrupted)
        status = save_interrupted(options, scores, figure, trained);
    else if (fitted != SBERTJA_OK && trained && interrupted) { /* its checkpoint could not be written */
        library_refused(&error);
        status = save_interrupted(options, scores, figure, trained);
    } else if (fitted != SBERTJA_OK && fitted != SBERTJA_E_STOPPED && trained)
        status = save_elsewhere(options, trained, &error);
    else if (fitted != SBERTJA_OK)
        status = scores->failed ? scores->failed : library_refused(&error);
    sbertja_model_free(trained);
    return status;
}
