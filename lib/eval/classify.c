/* Classifiers that only compare with labelled vectors: nearest centroid, nearest neighbours. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "eval/vectors.h"

enum { GROUP = 64, CHUNK = 1024 };

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* ---- Nearest centroid ------------------------------------------------------------------------------------------- */

typedef struct centroids {
    int *labels; /* rising, each once */
    size_t count, dimension;
    double *means; /* [count, dimension] */
    size_t *sizes;
    const float *vectors;
    size_t vector_count;
    int *predicted;
} centroids;

static int by_number(const void *left, const void *right)
{
    const int *a = left, *b = right;
    return (*a > *b) - (*a < *b);
}

static size_t keep_distinct(int *labels, size_t count)
{
    size_t kept = 0;
    qsort(labels, count, sizeof *labels, by_number);
    for (size_t i = 0; i < count; i++)
        if (kept == 0 || labels[kept - 1] != labels[i])
            labels[kept++] = labels[i];
    return kept;
}

static void average(centroids *c, const float *train, const int *labels, size_t train_count)
{
    for (size_t i = 0; i < train_count; i++) {
        const int *found = bsearch(&labels[i], c->labels, c->count, sizeof *c->labels, by_number);
        double *sum = c->means + (size_t)(found - c->labels) * c->dimension;
        c->sizes[found - c->labels]++;
        for (size_t d = 0; d < c->dimension; d++)
            sum[d] += train[i * c->dimension + d];
    }
    for (size_t l = 0; l < c->count; l++)
        for (size_t d = 0; d < c->dimension; d++)
            c->means[l * c->dimension + d] /= (double)c->sizes[l];
}

static int nearest(const centroids *c, const float *vector)
{
    size_t best = 0;
    double least = INFINITY;
    for (size_t l = 0; l < c->count; l++) {
        double square = 0;
        for (size_t d = 0; d < c->dimension; d++) {
            double difference = vector[d] - c->means[l * c->dimension + d];
            square += difference * difference;
        }
        if (square < least) {
            least = square;
            best = l;
        }
    }
    return c->labels[best];
}

static void predict_group(void *context, size_t task, int thread)
{
    const centroids *c = context;
    (void)thread;
    for (size_t i = task * GROUP; i < smaller((task + 1) * GROUP, c->vector_count); i++)
        c->predicted[i] = nearest(c, c->vectors + i * c->dimension);
}

sbertja_status sbj_classify_centroid(const sbj_alloc *alloc, sbj_pool *pool, const float *train, const int *labels,
                                     size_t train_count, const float *vectors, size_t count, size_t dimension,
                                     int *predicted, sbertja_error *error)
{
    centroids c = {.dimension = dimension, .vectors = vectors, .vector_count = count, .predicted = predicted};
    sbertja_status status = SBERTJA_OK;
    size_t values = 0;
    c.labels = sbj_new_raw(alloc, train_count, sizeof *c.labels);
    if (c.labels != NULL) {
        memcpy(c.labels, labels, train_count * sizeof *labels);
        c.count = keep_distinct(c.labels, train_count);
        c.sizes = sbj_new(alloc, c.count, sizeof *c.sizes);
        c.means = sbj_mul(c.count, dimension, &values) ? sbj_new(alloc, values, sizeof *c.means) : NULL;
    }
    if (c.labels == NULL || c.sizes == NULL || c.means == NULL)
        status = sbj_no_memory(error, values * sizeof *c.means);
    else {
        average(&c, train, labels, train_count);
        sbj_pool_run(pool, (count + GROUP - 1) / GROUP, predict_group, &c);
    }
    sbj_free(alloc, c.means);
    sbj_free(alloc, c.sizes);
    sbj_free(alloc, c.labels);
    return status;
}

/* ---- Nearest neighbours ----------------------------------------------------------------------------------------- */

/* How often the label of neighbour `at` occurs, and the sum of its cosines. */
static size_t votes_for(const int *labels, const size_t *indices, const float *scores, size_t k, size_t at, double *sum)
{
    size_t votes = 0;
    *sum = 0;
    for (size_t i = 0; i < k; i++)
        if (labels[indices[i]] == labels[indices[at]]) {
            votes++;
            *sum += scores[i];
        }
    return votes;
}

static int vote(const int *labels, const size_t *indices, const float *scores, size_t k)
{
    size_t most = 0;
    double largest = 0;
    int best = 0;
    for (size_t i = 0; i < k; i++) {
        double sum;
        size_t votes = votes_for(labels, indices, scores, k, i, &sum);
        int label = labels[indices[i]];
        if (votes > most || (votes == most && (sum > largest || (sum == largest && label < best)))) {
            most = votes;
            largest = sum;
            best = label;
        }
    }
    return best;
}

sbertja_status sbj_classify_neighbours(const sbj_alloc *alloc, sbj_pool *pool, const float *train, const int *labels,
                                       size_t train_count, size_t k, const float *vectors, size_t count,
                                       size_t dimension, int *predicted, sbertja_error *error)
{
    size_t rows = smaller(count, CHUNK), places = 0;
    size_t *indices = NULL;
    float *scores = NULL;
    sbertja_status status = SBERTJA_OK;
    if (sbj_mul(rows, k, &places)) {
        indices = sbj_new_raw(alloc, places, sizeof *indices);
        scores = sbj_new_raw(alloc, places, sizeof *scores);
    }
    if (indices == NULL || scores == NULL)
        status = sbj_no_memory(error, places * (sizeof *indices + sizeof *scores));
    for (size_t first = 0; first < count && status == SBERTJA_OK; first += CHUNK) {
        rows = smaller(CHUNK, count - first);
        status = sbj_search(alloc, pool, train, train_count, vectors + first * dimension, rows, dimension, k, indices,
                            scores, error);
        for (size_t i = 0; i < rows && status == SBERTJA_OK; i++)
            predicted[first + i] = vote(labels, indices + i * k, scores + i * k, k);
    }
    sbj_free(alloc, scores);
    sbj_free(alloc, indices);
    return status;
}
