/* Trainings that Ctrl-C ends: see fitting.h. */
#include "fitting.h"

#include "basics.h"
#include "progress.h"

#include <signal.h>

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
        return library_refused(&error);
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
    else if (fitted != SBERTJA_OK)
        status = scores->failed ? scores->failed : library_refused(&error);
    sbertja_model_free(trained);
    return status;
}
