/* Times of runs: the first one warms up, then there are up to MOST_RUNS, fewer when they take long. The median counts,
 * as other programs disturb some of them. */
#ifndef TIMING_H
#define TIMING_H

#include <stdbool.h>

enum { MOST_RUNS = 6 };

typedef struct runs {
    double seconds[MOST_RUNS], began, total;
    int count; /* begun */
    bool going;
} runs;

double now(void); /* seconds */
double median(double *values, int count);
/* Ends the run at hand and begins another; false: it is enough. */
bool next_run(runs *runs);
/* Ends the run at hand for now, so that other things can be done before the next. */
void pause_run(runs *runs);
double typical(runs *runs); /* seconds of a run, without the first */

#endif
