/* Working with vectors. */
#include "eval/vectors.h"

#include <math.h>

#include "api/api.h"

/* The first argument that is NULL, or whose size makes no sense, is named. */
static sbertja_status check_rows(const char *name, const float *rows, size_t count, size_t dimension,
                                 sbertja_error *error)
{
    size_t values;
    if (rows == NULL && count > 0)
        return sbj_no_argument(error, name);
    if (dimension == 0)
        return sbj_fail(error, SBERTJA_E_ARGUMENT, "dimension: 0, expected at least 1");
    if (!sbj_mul(count, dimension, &values) || !sbj_mul(values, sizeof *rows, &values))
        return sbj_fail(error, SBERTJA_E_ARGUMENT, "%s: %zu rows of %zu values do not fit into memory", name, count,
                        dimension);
    return SBERTJA_OK;
}

static sbertja_status check_k(size_t k, const char *name, size_t count, sbertja_error *error)
{
    if (k < 1 || k > count)
        return sbj_fail(error, SBERTJA_E_ARGUMENT, "k: %zu, expected 1 to %s, %zu", k, name, count);
    return SBERTJA_OK;
}

static sbertja_status check_result(const char *name, const void *result, sbertja_error *error)
{
    return result == NULL ? sbj_no_argument(error, name) : SBERTJA_OK;
}

SBERTJA_API double sbertja_cosine(const float *a, const float *b, size_t dimension)
{
    return sbj_cosine(a, b, dimension);
}

SBERTJA_API sbertja_status sbertja_search(const float *corpus, size_t corpus_count, const float *queries,
                                          size_t query_count, size_t dimension, size_t k, size_t *indices,
                                          float *scores, sbertja_error *error)
{
    SBJ_KEEP_ERRNO;
    SBJ_KEEP_MODE;
    sbertja_status status;
    if ((status = check_rows("corpus", corpus, corpus_count, dimension, error)) != SBERTJA_OK ||
        (status = check_rows("queries", queries, query_count, dimension, error)) != SBERTJA_OK ||
        (status = check_k(k, "corpus_count", corpus_count, error)) != SBERTJA_OK)
        return status;
    if (query_count == 0)
        return SBERTJA_OK;
    if ((status = check_result("indices", indices, error)) != SBERTJA_OK ||
        (status = check_result("scores", scores, error)) != SBERTJA_OK)
        return status;
    return sbj_search(&sbj_malloc, NULL, corpus, corpus_count, queries, query_count, dimension, k, indices, scores,
                      error);
}

static sbertja_status check_classifier(const float *train, const int *labels, size_t train_count, const float *vectors,
                                       size_t count, size_t dimension, const int *predicted, sbertja_error *error)
{
    sbertja_status status;
    if ((status = check_rows("train", train, train_count, dimension, error)) != SBERTJA_OK ||
        (status = check_rows("vectors", vectors, count, dimension, error)) != SBERTJA_OK)
        return status;
    if (train_count == 0)
        return sbj_fail(error, SBERTJA_E_ARGUMENT, "train_count: 0, expected at least 1");
    if (labels == NULL)
        return sbj_no_argument(error, "labels");
    return count == 0 ? SBERTJA_OK : check_result("predicted", predicted, error);
}

SBERTJA_API sbertja_status sbertja_classify_centroid(const float *train, const int *labels, size_t train_count,
                                                     const float *vectors, size_t count, size_t dimension,
                                                     int *predicted, sbertja_error *error)
{
    SBJ_KEEP_ERRNO;
    SBJ_KEEP_MODE;
    sbertja_status status = check_classifier(train, labels, train_count, vectors, count, dimension, predicted, error);
    return status != SBERTJA_OK ? status
                                : sbj_classify_centroid(&sbj_malloc, NULL, train, labels, train_count, vectors, count,
                                                        dimension, predicted, error);
}

SBERTJA_API sbertja_status sbertja_classify_neighbours(const float *train, const int *labels, size_t train_count,
                                                       size_t k, const float *vectors, size_t count, size_t dimension,
                                                       int *predicted, sbertja_error *error)
{
    SBJ_KEEP_ERRNO;
    SBJ_KEEP_MODE;
    sbertja_status status = check_classifier(train, labels, train_count, vectors, count, dimension, predicted, error);
    if (status == SBERTJA_OK)
        status = check_k(k, "train_count", train_count, error);
    return status != SBERTJA_OK ? status
                                : sbj_classify_neighbours(&sbj_malloc, NULL, train, labels, train_count, k, vectors,
                                                          count, dimension, predicted, error);
}

SBERTJA_API double sbertja_accuracy(const int *truth, const int *predicted, size_t count)
{
    return sbj_accuracy(truth, predicted, count);
}

SBERTJA_API double sbertja_macro_f1(const int *truth, const int *predicted, size_t count)
{
    return sbj_macro_f1(truth, predicted, count);
}

SBERTJA_API double sbertja_pearson(const double *x, const double *y, size_t count)
{
    return sbj_pearson(x, y, count);
}

SBERTJA_API sbertja_status sbertja_spearman(const double *x, const double *y, size_t count, double *rho,
                                            sbertja_error *error)
{
    SBJ_KEEP_ERRNO;
    SBJ_KEEP_MODE;
    if (rho == NULL || ((x == NULL || y == NULL) && count > 0))
        return sbj_no_argument(error, rho == NULL ? "rho" : x == NULL ? "x" : "y");
    return sbj_spearman(&sbj_malloc, x, y, count, rho, error);
}

SBERTJA_API sbertja_status sbertja_triplet_accuracy(const float *anchors, const float *positives,
                                                    const float *negatives, size_t count, size_t dimension,
                                                    sbertja_metric metric, double *accuracy, sbertja_error *error)
{
    SBJ_KEEP_ERRNO;
    SBJ_KEEP_MODE;
    sbertja_status status;
    if ((status = check_rows("anchors", anchors, count, dimension, error)) != SBERTJA_OK ||
        (status = check_rows("positives", positives, count, dimension, error)) != SBERTJA_OK ||
        (status = check_rows("negatives", negatives, count, dimension, error)) != SBERTJA_OK ||
        (status = check_result("accuracy", accuracy, error)) != SBERTJA_OK)
        return status;
    if (metric != SBERTJA_EUCLIDEAN && metric != SBERTJA_COSINE && metric != SBERTJA_MANHATTAN)
        return sbj_fail(error, SBERTJA_E_ARGUMENT, "metric: %d, expected 1 to 3", (int)metric);
    *accuracy = sbj_triplet_accuracy(anchors, positives, negatives, count, dimension, metric);
    return SBERTJA_OK;
}

SBERTJA_API sbertja_status sbertja_retrieval(const size_t *ranked, size_t query_count, size_t k, const size_t *relevant,
                                             const size_t *relevant_begin, double *mrr, double *recall,
                                             sbertja_error *error)
{
    SBJ_KEEP_ERRNO;
    SBJ_KEEP_MODE;
    if (ranked == NULL || relevant == NULL || relevant_begin == NULL)
        return sbj_no_argument(error, ranked == NULL ? "ranked" : relevant == NULL ? "relevant" : "relevant_begin");
    if (k == 0)
        return sbj_fail(error, SBERTJA_E_ARGUMENT, "k: 0, expected at least 1");
    return sbj_retrieval(ranked, query_count, k, relevant, relevant_begin, mrr, recall, error);
}

SBERTJA_API sbertja_status sbertja_paraphrases(const float *vectors, size_t count, size_t dimension, size_t k,
                                               size_t most, sbertja_pair *pairs, size_t *found, sbertja_error *error)
{
    SBJ_KEEP_ERRNO;
    SBJ_KEEP_MODE;
    sbertja_status status;
    if ((status = check_result("found", found, error)) != SBERTJA_OK)
        return status;
    *found = 0;
    if ((status = check_rows("vectors", vectors, count, dimension, error)) != SBERTJA_OK)
        return status;
    if (k == 0)
        return sbj_fail(error, SBERTJA_E_ARGUMENT, "k: 0, expected at least 1");
    if (pairs == NULL && most > 0)
        return sbj_no_argument(error, "pairs");
    return sbj_paraphrases(&sbj_malloc, NULL, vectors, count, dimension, k, most, pairs, found, error);
}

SBERTJA_API sbertja_status sbertja_communities(const float *vectors, size_t count, size_t dimension, double threshold,
                                               size_t smallest, size_t *members, size_t *begins, size_t *communities,
                                               sbertja_error *error)
{
    SBJ_KEEP_ERRNO;
    SBJ_KEEP_MODE;
    sbertja_status status;
    if ((status = check_result("communities", communities, error)) != SBERTJA_OK)
        return status;
    *communities = 0;
    if ((status = check_rows("vectors", vectors, count, dimension, error)) != SBERTJA_OK ||
        (status = check_result("begins", begins, error)) != SBERTJA_OK)
        return status;
    if (members == NULL && count > 0)
        return sbj_no_argument(error, "members");
    if (isnan(threshold))
        return sbj_fail(error, SBERTJA_E_ARGUMENT, "threshold: not a number");
    if (smallest == 0)
        return sbj_fail(error, SBERTJA_E_ARGUMENT, "smallest: 0, expected at least 1");
    return sbj_communities(&sbj_malloc, NULL, vectors, count, dimension, threshold, smallest, members, begins,
                           communities, error);
}
