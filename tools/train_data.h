/* What `sbertja train` trains on and judges by, which follows from the loss: the columns of the tables, the dataset made
 * of them, and the figure of a model. */
#ifndef SBERTJA_TRAIN_DATA_H
#define SBERTJA_TRAIN_DATA_H

#include "rows.h"
#include "vectors.h"

typedef struct train_task train_task;

/* As the options give them. */
typedef struct train_columns {
    const char *text;  /* several with commas for losses on several texts; NULL: as the loss has it */
    const char *label; /* of scores for losses on them; NULL: as the loss has it */
    const char *anchor, *positive, *negative;
    double max_score; /* scores are divided by it */
} train_columns;

typedef struct train_data {
    const train_task *task;
    char *names; /* memory under some of the columns */
    const char *columns[ROWS_TEXTS];
    size_t column_count;
    const char *label;
    double max_score;
    table_rows train, test; /* test only with a table to score on */
} train_data;

#define TRAIN_LOSSES "batch-all-triplet|triplet|cosine-similarity|cosent|multiple-negatives-ranking"

/* `loss` is one of TRAIN_LOSSES. All that give an int give an exit status, with a message; train_data_free() in any case,
 * also of a zeroed one. */
int train_data_choose(train_data *data, const char *loss, const train_columns *columns);
sbertja_loss train_data_loss(const train_data *data);
/* The figure's name: "accuracy", "spearman". */
const char *train_data_figure(const train_data *data);
/* What sbertja_progress.active is the share of: "of the triplets active"; NULL: nothing worth to be shown. */
const char *train_data_active(const train_data *data);

/* `eval` may be NULL. */
int train_data_read(train_data *data, const char *train, const char *eval);
int train_data_fill(const train_data *data, sbertja_dataset **dataset);
/* The figure of the test rows; larger is better. `metric` is used for triplets. */
int train_data_score(const train_data *data, const sbertja_model *model, const model_settings *settings,
                     sbertja_metric metric, double *figure);
void train_data_free(train_data *data);

#endif
