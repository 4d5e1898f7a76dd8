/* Everything that works on finished vectors: [count, dimension] arrays of floats, row by row. Knows nothing of models.
 * All results are the same for every number of threads; a `pool` may be NULL. Values that are not finite are
 * _E_ARGUMENT where vectors are compared by cosine with many others. */
#ifndef SBJ_VECTORS_H
#define SBJ_VECTORS_H

#include "util/alloc.h"
#include "util/pool.h"

/* cosine.c */
double sbj_cosine(const float *a, const float *b, size_t dimension); /* 0 where one is all zeros */
/* Distance by metric: 1 - cosine, Euclidean, Manhattan. */
double sbj_vector_distance(sbertja_metric metric, const float *a, const float *b, size_t dimension);

/* search.c: see sbertja_search. 1 <= k <= corpus_count. */
sbertja_status sbj_search(const sbj_alloc *alloc, sbj_pool *pool, const float *corpus, size_t corpus_count,
                          const float *queries, size_t query_count, size_t dimension, size_t k, size_t *indices,
                          float *scores, sbertja_error *error);

/* classify.c: see sbertja_classify_centroid and sbertja_classify_neighbours. Ties that are left: the smaller label. */
sbertja_status sbj_classify_centroid(const sbj_alloc *alloc, sbj_pool *pool, const float *train, const int *labels,
                                     size_t train_count, const float *vectors, size_t count, size_t dimension,
                                     int *predicted, sbertja_error *error);
sbertja_status sbj_classify_neighbours(const sbj_alloc *alloc, sbj_pool *pool, const float *train, const int *labels,
                                       size_t train_count, size_t k, const float *vectors, size_t count,
                                       size_t dimension, int *predicted, sbertja_error *error);

/* measure.c: NaN for a count of 0. */
double sbj_accuracy(const int *truth, const int *predicted, size_t count);
double sbj_macro_f1(const int *truth, const int *predicted, size_t count);
double sbj_triplet_accuracy(const float *anchors, const float *positives, const float *negatives, size_t count,
                            size_t dimension, sbertja_metric metric);

/* correlation.c */
double sbj_pearson(const double *x, const double *y, size_t count);
sbertja_status sbj_spearman(const sbj_alloc *alloc, const double *x, const double *y, size_t count, double *rho,
                            sbertja_error *error);

/* retrieval.c: see sbertja_retrieval. */
sbertja_status sbj_retrieval(const size_t *ranked, size_t query_count, size_t k, const size_t *relevant,
                             const size_t *relevant_begin, double *mrr, double *recall, sbertja_error *error);

/* mining.c: see sbertja_paraphrases. */
sbertja_status sbj_paraphrases(const sbj_alloc *alloc, sbj_pool *pool, const float *vectors, size_t count,
                               size_t dimension, size_t k, size_t most, sbertja_pair *pairs, size_t *found,
                               sbertja_error *error);

/* community.c: see sbertja_communities. */
sbertja_status sbj_communities(const sbj_alloc *alloc, sbj_pool *pool, const float *vectors, size_t count,
                               size_t dimension, double threshold, size_t smallest, size_t *members, size_t *begins,
                               size_t *communities, sbertja_error *error);

#endif
