/* Fine-tuning: trains a model on the labelled sentences of a table (columns text and label) and saves it.
 *
 *     build/examples/02_train [-m MODEL] examples/report/train.tsv OUT */
#include <sbertja.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int show(void *user, const sbertja_progress *p)
{
    (void)user;
    if (p->step % 10 == 0)
        printf("step %zu of %zu: loss %.4f, %.0f %% of the triplets active\n", p->step, p->steps, p->loss,
               100 * p->active);
    return 0;
}

/* For what this program itself asks of malloc. */
static sbertja_status out_of_memory(sbertja_error *error)
{
    snprintf(error->message, sizeof error->message, "out of memory");
    return error->status = SBERTJA_E_MEMORY;
}

/* Every row of the table is an example: its text and its label. */
static sbertja_status fill(sbertja_dataset *dataset, const sbertja_table *table, sbertja_error *error)
{
    const size_t rows = sbertja_table_rows(table);
    size_t column = 0;
    int *labels = malloc(rows * sizeof *labels);
    if (labels == NULL)
        return out_of_memory(error);
    sbertja_status status = sbertja_table_find(table, "text", &column, error);
    if (status == SBERTJA_OK)
        status = sbertja_table_labels(table, "label", labels, error);
    for (size_t i = 0; i < rows && status == SBERTJA_OK; i++) {
        const char *text = sbertja_table_cell(table, i, column, NULL);
        status = sbertja_dataset_add(dataset, &text, NULL, 1, labels[i], error);
    }
    free(labels);
    return status;
}

int main(int argc, char **argv)
{
    const int named = argc > 2 && strcmp(argv[1], "-m") == 0;
    const char *directory = named ? argv[2] : NULL; /* NULL: the default model */
    char **arguments = argv + (named ? 3 : 1);
    sbertja_error error;
    sbertja_model *model = NULL;
    sbertja_table *table = NULL;
    sbertja_dataset *dataset = NULL;
    sbertja_objective objective = SBERTJA_OBJECTIVE_INIT; /* BatchAllTripletLoss, batches of 32 */
    sbertja_fit_options options = SBERTJA_FIT_OPTIONS_INIT;
    int failed = 1;

    if (argc != (named ? 5 : 3)) {
        fprintf(stderr, "usage: %s [-m MODEL] TABLE OUT\n", argv[0]);
        return 2;
    }
    if (sbertja_model_load(directory, NULL, &model, &error) != SBERTJA_OK ||
        sbertja_table_read(arguments[0], &table, &error) != SBERTJA_OK ||
        sbertja_dataset_create(&dataset, &error) != SBERTJA_OK || fill(dataset, table, &error) != SBERTJA_OK)
        goto done;
    objective.dataset = dataset;
    objective.samples_per_label = 8;
    options.epochs = 2;
    options.warmup_steps = 10;
    options.output_path = arguments[1];
    options.progress = show;
    failed = sbertja_fit(model, &objective, 1, &options, NULL, &error) != SBERTJA_OK;
done:
    if (failed)
        fprintf(stderr, "%s\n", error.message);
    sbertja_dataset_free(dataset);
    sbertja_table_free(table);
    sbertja_model_free(model);
    return failed;
}
