/* The figure that training is judged by, and that eval prints too. */
#ifndef SBERTJA_SCORES_H
#define SBERTJA_SCORES_H

#include "rows.h"
#include "vectors.h"

/* The share of `test` rows whose label is that of the nearest centroid of the `train` rows; both are encoded by column
 * 0. An exit status. */
int centroid_accuracy(const sbertja_model *model, const model_settings *settings, const table_rows *train,
                      const table_rows *test, double *accuracy);
/* For each metric the share of rows whose column 0 is nearer to column 1 than to column 2. */
int triplet_accuracies(const sbertja_model *model, const model_settings *settings, const table_rows *triplets,
                       const sbertja_metric *metrics, size_t metric_count, double *accuracies);
/* Of the cosines of columns 0 and 1 with the rows' numbers; either may be NULL. */
int sts_correlations(const sbertja_model *model, const model_settings *settings, const table_rows *pairs,
                     double *spearman, double *pearson);
/* The share of rows where, of all rows' texts in column 1, the row's own is nearest to column 0 by cosine. */
int ranking_accuracy(const sbertja_model *model, const model_settings *settings, const table_rows *pairs,
                     double *accuracy);

#endif
