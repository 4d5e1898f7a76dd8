/* Document classification on vectors: learns from one table (columns text and label), predicts another, prints the
 * accuracy of nearest centroids and of nearest neighbours.
 *
 *     build/examples/04_classify [-m MODEL] examples/report/train.tsv examples/report/test.tsv */
#include <sbertja.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct documents {
    sbertja_table *table;
    size_t count;
    int *labels, *predicted;
    float *vectors;
} documents;

static sbertja_status read_documents(const char *path, sbertja_session *session, size_t dimension, documents *d,
                                     sbertja_error *error)
{
    size_t column;
    sbertja_status status = sbertja_table_read(path, &d->table, error);
    if (status != SBERTJA_OK || (status = sbertja_table_find(d->table, "text", &column, error)) != SBERTJA_OK)
        return status;
    d->count = sbertja_table_rows(d->table);
    d->labels = malloc(d->count * sizeof *d->labels);
    d->predicted = malloc(d->count * sizeof *d->predicted);
    d->vectors = malloc(d->count * dimension * sizeof *d->vectors);
    const char **texts = malloc(d->count * sizeof *texts);
    if (texts == NULL || d->labels == NULL || d->predicted == NULL || d->vectors == NULL) {
        snprintf(error->message, sizeof error->message, "out of memory");
        status = SBERTJA_E_MEMORY;
    }
    for (size_t i = 0; i < d->count && status == SBERTJA_OK; i++)
        texts[i] = sbertja_table_cell(d->table, i, column, NULL);
    if (status == SBERTJA_OK)
        status = sbertja_table_labels(d->table, "label", d->labels, error);
    if (status == SBERTJA_OK)
        status = sbertja_encode(session, texts, NULL, d->count, NULL, d->vectors, error);
    free(texts);
    return status;
}

int main(int argc, char **argv)
{
    const int named = argc > 2 && strcmp(argv[1], "-m") == 0;
    const char *directory = named ? argv[2] : NULL; /* NULL: the default model */
    char **arguments = argv + (named ? 3 : 1);
    sbertja_error error;
    sbertja_model *model = NULL;
    sbertja_session *session = NULL;
    documents train = {0}, test = {0};
    int failed = 1;
    if (argc != (named ? 5 : 3)) {
        fprintf(stderr, "usage: %s [-m MODEL] TRAIN TEST\n", argv[0]);
        return 2;
    }
    if (sbertja_model_load(directory, NULL, &model, &error) != SBERTJA_OK ||
        sbertja_session_create(model, NULL, &session, &error) != SBERTJA_OK)
        goto done;
    const size_t width = sbertja_model_dimension(model);
    if (read_documents(arguments[0], session, width, &train, &error) != SBERTJA_OK ||
        read_documents(arguments[1], session, width, &test, &error) != SBERTJA_OK ||
        sbertja_classify_centroid(train.vectors, train.labels, train.count, test.vectors, test.count, width,
                                  test.predicted, &error) != SBERTJA_OK)
        goto done;
    printf("nearest centroid   %.4f\n", sbertja_accuracy(test.labels, test.predicted, test.count));
    if (sbertja_classify_neighbours(train.vectors, train.labels, train.count, 15, test.vectors, test.count, width,
                                    test.predicted, &error) != SBERTJA_OK)
        goto done;
    printf("nearest neighbours %.4f\n", sbertja_accuracy(test.labels, test.predicted, test.count));
    failed = 0;
done:
    if (failed)
        fprintf(stderr, "%s\n", error.message);
    for (documents *d = &train; d != NULL; d = d == &train ? &test : NULL) {
        free(d->labels);
        free(d->predicted);
        free(d->vectors);
        sbertja_table_free(d->table);
    }
    sbertja_session_free(session);
    sbertja_model_free(model);
    return failed;
}
