/* Tables to train on: see train_data.h. */
#include "train_data.h"

#include "basics.h"
#include "scores.h"

#include <stdlib.h>
#include <string.h>

typedef enum label_use { NO_LABELS, CLASSES, SCORES } label_use;

struct train_task {
    const char *name;
    sbertja_loss loss;
    label_use labels;
    size_t least, most;       /* texts of an example */
    const char *text, *label; /* the columns where none are named; text NULL: by anchor, positive, negative */
    const char *figure, *active;
};

static const train_task tasks[] = {
    {"batch-all-triplet", SBERTJA_BATCH_ALL_TRIPLET_LOSS, CLASSES, 1, 1, "text", "label", "accuracy",
     "of the triplets active"},
    {"triplet", SBERTJA_TRIPLET_LOSS, NO_LABELS, 3, 3, NULL, NULL, "accuracy", "of the triplets active"},
    {"cosine-similarity", SBERTJA_COSINE_SIMILARITY_LOSS, SCORES, 2, 2, "sentence1,sentence2", "score", "spearman",
     NULL},
    {"cosent", SBERTJA_COSENT_LOSS, SCORES, 2, 2, "sentence1,sentence2", "score", "spearman",
     "of the pairs in the wrong order"},
    {"multiple-negatives-ranking", SBERTJA_MULTIPLE_NEGATIVES_RANKING_LOSS, NO_LABELS, 2, ROWS_TEXTS, "anchor,positive",
     NULL, "accuracy", "of the anchors nearer to others"},
};

sbertja_loss train_data_loss(const train_data *data)
{
    return data->task->loss;
}

const char *train_data_figure(const train_data *data)
{
    return data->task->figure;
}

const char *train_data_active(const train_data *data)
{
    return data->task->active;
}

/* ---- Which columns --------------------------------------------------------------------------------------------- */

/* The names between the commas. */
static int split_columns(train_data *data, const char *names)
{
    const train_task *task = data->task;
    size_t count = 1;
    for (const char *at = names; *at; at++)
        count += *at == ',';
    if (count < task->least || count > task->most)
        return call_wrong("--text: expected %zu%s columns with --loss %s, found \"%s\"", task->least,
                          task->most > task->least ? " or more" : "", task->name, names);
    data->names = take(strlen(names) + 1, 1);
    strcpy(data->names, names);
    for (char *name = data->names; name; data->column_count++) {
        char *comma = strchr(name, ',');
        if (comma)
            *comma = '\0';
        if (!*name)
            return call_wrong("--text: a name is missing in \"%s\"", names);
        data->columns[data->column_count] = name;
        name = comma ? comma + 1 : NULL;
    }
    return DONE;
}

int train_data_choose(train_data *data, const char *loss, const train_columns *columns)
{
    const char *const triplet[] = {columns->anchor, columns->positive, columns->negative};
    data->task = tasks;
    while (strcmp(data->task->name, loss))
        data->task++;
    const char *text = columns->text ? columns->text : data->task->text;
    data->label = columns->label ? columns->label : data->task->label;
    data->max_score = columns->max_score;
    if (columns->max_score <= 0)
        return call_wrong("--max-score: expected a number above 0, found %g", columns->max_score);
    if (data->task->text && data->task->most > 1)
        return split_columns(data, text);
    data->column_count = data->task->most;
    for (size_t i = 0; i < data->column_count; i++)
        data->columns[i] = data->task->text ? text : triplet[i]; /* a single name may have a comma */
    return DONE;
}

/* ---- Reading --------------------------------------------------------------------------------------------------- */

static int read_rows(const train_data *data, const char *path, int judge, table_rows *rows)
{
    int status = rows_read(rows, path, data->columns, data->column_count);
    if (status == DONE && data->task->labels == CLASSES)
        status = rows_labels(rows, data->label);
    if (status == DONE && data->task->labels == SCORES)
        status = judge ? rows_scores(rows, data->label) : rows_numbers(rows, data->label);
    return status;
}

/* A score that no cosine can have is most often one on another scale. */
static int check_range(const train_data *data)
{
    const table_rows *rows = &data->train;
    for (size_t row = 0; row < rows->count; row++) {
        const double score = rows->numbers[row] / data->max_score;
        if (!(score >= -1 && score <= 1))
            return data_wrong("%s: row %zu: score %g: no cosine can be %g; --max-score 5 makes 0 to 5 into 0 to 1",
                              rows->path, row + 1, rows->numbers[row], score);
    }
    return DONE;
}

int train_data_read(train_data *data, const char *train, const char *eval)
{
    int status = read_rows(data, train, 0, &data->train);
    if (status == DONE && data->task->loss == SBERTJA_COSINE_SIMILARITY_LOSS)
        status = check_range(data);
    if (status == DONE && eval)
        status = read_rows(data, eval, 1, &data->test);
    return status;
}

int train_data_fill(const train_data *data, sbertja_dataset **dataset)
{
    sbertja_error error;
    const table_rows *rows = &data->train;
    sbertja_status made = sbertja_dataset_create(dataset, &error);
    for (size_t row = 0; row < rows->count && made == SBERTJA_OK; row++) {
        const char *texts[ROWS_TEXTS];
        const double label = data->task->labels == CLASSES  ? rows->labels[row]
                             : data->task->labels == SCORES ? rows->numbers[row] / data->max_score
                                                            : 0;
        for (size_t i = 0; i < data->column_count; i++)
            texts[i] = rows->texts[i][row];
        made = sbertja_dataset_add(*dataset, texts, NULL, data->column_count, label, &error);
    }
    return made == SBERTJA_OK ? DONE : library_refused(&error);
}

void train_data_free(train_data *data)
{
    free(data->names);
    rows_free(&data->train);
    rows_free(&data->test);
}

/* ---- Judging --------------------------------------------------------------------------------------------------- */

int train_data_score(const train_data *data, const sbertja_model *model, const model_settings *settings,
                     sbertja_metric metric, double *figure)
{
    switch (data->task->loss) {
    case SBERTJA_BATCH_ALL_TRIPLET_LOSS:
        return centroid_accuracy(model, settings, &data->train, &data->test, figure);
    case SBERTJA_TRIPLET_LOSS:
        return triplet_accuracies(model, settings, &data->test, &metric, 1, figure);
    case SBERTJA_COSINE_SIMILARITY_LOSS:
    case SBERTJA_COSENT_LOSS:
        return sts_correlations(model, settings, &data->test, figure, NULL);
    case SBERTJA_MULTIPLE_NEGATIVES_RANKING_LOSS:
        return ranking_accuracy(model, settings, &data->test, figure);
    case SBERTJA_DISTILLATION_LOSS: /* sbertja distill */
        break;
    }
    return CALL_WRONG;
}
