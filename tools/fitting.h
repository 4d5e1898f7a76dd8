/* A training that Ctrl-C ends after the step that runs, for train and distill. */
#ifndef SBERTJA_FITTING_H
#define SBERTJA_FITTING_H

#include <math.h>
#include <sbertja.h>

/* What the evaluations of a training gave. */
typedef struct fit_scores {
    size_t count;
    double best, last;
    int failed; /* exit status of an evaluation that failed */
} fit_scores;
#define FIT_SCORES_INIT {0, -INFINITY, 0, 0}

/* Takes a score; nonzero if it is the best so far. One that is no number never is. */
int fit_scores_take(fit_scores *scores, double score);
/* Whether there is a best one: fit has saved its model then, unless it keeps the last. */
int fit_scores_have_best(const fit_scores *scores);
/* The score of the model that fit leaves: of the best, or of the last where it keeps that or has no best. */
double fit_scores_final(const fit_scores *scores, int keep_last);

/* Nonzero once Ctrl-C was pressed: what the callbacks of sbertja_fit return. A second Ctrl-C ends the command at once. */
int fit_interrupted(void);
int fit_stop(void *unused); /* the same, for sbertja_fit_options.stop */

/* sbertja_fit, and after Ctrl-C the model as it is, unless a scored one is in the output directory already. `figure` is
 * what remarks call the scores. An exit status. */
int fit_model(const sbertja_model *model, const sbertja_objective *objectives, size_t count,
              const sbertja_fit_options *options, const fit_scores *scores, const char *figure);

#endif
