/* Accuracies of a model on tables: see scores.h. */
#include "scores.h"

#include "basics.h"

#include <stdlib.h>

int centroid_accuracy(const sbertja_model *model, const model_settings *settings, const table_rows *train,
                      const table_rows *test, double *accuracy)
{
    sbertja_error error;
    float *train_vectors = NULL, *vectors = NULL;
    int *predicted = take(test->count, sizeof *predicted);
    int status = vectors_of(model, settings, train->texts[0], NULL, train->count, &train_vectors);
    if (status == DONE)
        status = vectors_of(model, settings, test->texts[0], NULL, test->count, &vectors);
    if (status == DONE && sbertja_classify_centroid(train_vectors, train->labels, train->count, vectors, test->count,
                                                    sbertja_model_dimension(model), predicted, &error) != SBERTJA_OK)
        status = library_refused(&error);
    if (status == DONE)
        *accuracy = sbertja_accuracy(test->labels, predicted, test->count);
    free(train_vectors);
    free(vectors);
    free(predicted);
    return status;
}

int triplet_accuracies(const sbertja_model *model, const model_settings *settings, const table_rows *triplets,
                       const sbertja_metric *metrics, size_t metric_count, double *accuracies)
{
    sbertja_error error;
    float *vectors[3] = {NULL, NULL, NULL};
    size_t dimension = sbertja_model_dimension(model);
    int status = DONE;
    for (size_t i = 0; i < 3 && status == DONE; i++)
        status = vectors_of(model, settings, triplets->texts[i], NULL, triplets->count, &vectors[i]);
    for (size_t i = 0; i < metric_count && status == DONE; i++)
        if (sbertja_triplet_accuracy(vectors[0], vectors[1], vectors[2], triplets->count, dimension, metrics[i],
                                     &accuracies[i], &error) != SBERTJA_OK)
            status = library_refused(&error);
    for (size_t i = 0; i < 3; i++)
        free(vectors[i]);
    return status;
}

static int correlate(const float *first, const float *second, const double *scores, size_t count, size_t dimension,
                     double *spearman, double *pearson)
{
    sbertja_error error;
    double *cosines = take(count, sizeof *cosines);
    int status = DONE;
    for (size_t i = 0; i < count; i++)
        cosines[i] = sbertja_cosine(first + i * dimension, second + i * dimension, dimension);
    if (spearman && sbertja_spearman(cosines, scores, count, spearman, &error) != SBERTJA_OK)
        status = library_refused(&error);
    if (pearson)
        *pearson = sbertja_pearson(cosines, scores, count);
    free(cosines);
    return status;
}

int sts_correlations(const sbertja_model *model, const model_settings *settings, const table_rows *pairs,
                     double *spearman, double *pearson)
{
    float *first = NULL, *second = NULL;
    int status = vectors_of(model, settings, pairs->texts[0], NULL, pairs->count, &first);
    if (status == DONE)
        status = vectors_of(model, settings, pairs->texts[1], NULL, pairs->count, &second);
    if (status == DONE)
        status = correlate(first, second, pairs->numbers, pairs->count, sbertja_model_dimension(model), spearman,
                           pearson);
    free(first);
    free(second);
    return status;
}
