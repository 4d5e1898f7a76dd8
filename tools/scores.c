/* Accuracies of a model on tables: see scores.h. */
#include "scores.h"

#include "basics.h"

#include <stdlib.h>
#include <string.h>

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

/* Vectors of the first two columns. */
static int encode_pairs(const sbertja_model *model, const model_settings *settings, const table_rows *pairs,
                        float *vectors[2])
{
    int status = vectors_of(model, settings, pairs->texts[0], NULL, pairs->count, &vectors[0]);
    if (status == DONE)
        status = vectors_of(model, settings, pairs->texts[1], NULL, pairs->count, &vectors[1]);
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
    float *vectors[2] = {NULL, NULL};
    int status = encode_pairs(model, settings, pairs, vectors);
    if (status == DONE)
        status = correlate(vectors[0], vectors[1], pairs->numbers, pairs->count, sbertja_model_dimension(model),
                           spearman, pearson);
    free(vectors[0]);
    free(vectors[1]);
    return status;
}

int ranking_accuracy(const sbertja_model *model, const model_settings *settings, const table_rows *pairs,
                     double *accuracy)
{
    sbertja_error error;
    float *vectors[2] = {NULL, NULL}, *scores = take(pairs->count, sizeof *scores);
    size_t *found = take(pairs->count, sizeof *found), right = 0;
    int status = encode_pairs(model, settings, pairs, vectors);
    if (status == DONE && sbertja_search(vectors[1], pairs->count, vectors[0], pairs->count,
                                         sbertja_model_dimension(model), 1, found, scores, &error) != SBERTJA_OK)
        status = library_refused(&error);
    for (size_t i = 0; i < pairs->count && status == DONE; i++) /* the same text may stand in several rows */
        right += !strcmp(pairs->texts[1][i], pairs->texts[1][found[i]]);
    *accuracy = (double)right / (double)pairs->count;
    free(vectors[0]);
    free(vectors[1]);
    free(scores);
    free(found);
    return status;
}
