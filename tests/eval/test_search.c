/* Search, paraphrases and communities against the plain way: all cosines in double, and a full sort. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "eval/vectors.h"
#include "support/failing_alloc.h"
#include "util/rng.h"

static float *random_vectors(size_t count, size_t dimension, uint32_t stream)
{
    float *vectors = malloc(count * dimension * sizeof *vectors + 1);
    sbj_rng rng = sbj_rng_make(7, stream);
    for (size_t i = 0; i < count * dimension; i++)
        vectors[i] = (float)sbj_rng_normal(&rng);
    return vectors;
}

/* ---- Search ----------------------------------------------------------------------------------------------------- */

/* Each score is right, they fall, and no row that was left out is better than the last. */
static void check_against_all(const float *corpus, size_t corpus_count, const float *query, size_t dimension, size_t k,
                              const size_t *indices, const float *scores)
{
    bool *found = calloc(corpus_count, 1);
    for (size_t i = 0; i < k; i++) {
        ck_assert_uint_lt(indices[i], corpus_count);
        ck_assert(!found[indices[i]]);
        found[indices[i]] = true;
        ck_assert_double_eq_tol(scores[i], sbj_cosine(query, corpus + indices[i] * dimension, dimension), 1e-6);
        if (i > 0)
            ck_assert(scores[i - 1] > scores[i] || (scores[i - 1] == scores[i] && indices[i - 1] < indices[i]));
    }
    for (size_t j = 0; j < corpus_count; j++)
        if (!found[j])
            ck_assert(sbj_cosine(query, corpus + j * dimension, dimension) < scores[k - 1] + 1e-6);
    free(found);
}

static const struct {
    size_t corpus, queries, dimension, k;
} shapes[] = {{1, 1, 1, 1},      {31, 3, 5, 31},      {32, 32, 8, 4},     {33, 129, 7, 1},
              {97, 130, 17, 10}, {200, 257, 48, 200}, {500, 1, 768, 100}, {64, 0, 16, 3}};

START_TEST(finds_the_nearest)
{
    sbj_pool *pool;
    ck_assert_int_eq(sbj_pool_create(&sbj_malloc, 3, &(sbj_log){NULL, NULL}, &pool, NULL), SBERTJA_OK);
    for (size_t s = 0; s < sizeof shapes / sizeof shapes[0]; s++) {
        size_t n = shapes[s].corpus, q = shapes[s].queries, d = shapes[s].dimension, k = shapes[s].k;
        float *corpus = random_vectors(n, d, 1), *queries = random_vectors(q, d, 2);
        size_t *indices = malloc(2 * q * k * sizeof *indices + 1);
        float *scores = malloc(2 * q * k * sizeof *scores + 1);
        ck_assert_int_eq(sbj_search(&sbj_malloc, NULL, corpus, n, queries, q, d, k, indices, scores, NULL), SBERTJA_OK);
        for (size_t i = 0; i < q; i++)
            check_against_all(corpus, n, queries + i * d, d, k, indices + i * k, scores + i * k);
        ck_assert_int_eq(
            sbj_search(&sbj_malloc, pool, corpus, n, queries, q, d, k, indices + q * k, scores + q * k, NULL),
            SBERTJA_OK);
        ck_assert_int_eq(memcmp(indices, indices + q * k, q * k * sizeof *indices), 0);
        ck_assert_int_eq(memcmp(scores, scores + q * k, q * k * sizeof *scores), 0);
        free(scores);
        free(indices);
        free(queries);
        free(corpus);
    }
    sbj_pool_free(pool);
}
END_TEST

/* The same vector at many places of the corpus: the same score to the last bit, so the smaller index comes first. */
START_TEST(ties_go_to_the_smaller_index)
{
    enum { N = 150, D = 13, K = 20 };
    float *corpus = random_vectors(N, D, 3);
    size_t indices[K];
    float scores[K];
    for (size_t i = 1; i < N; i++)
        memcpy(corpus + i * D, corpus, D * sizeof *corpus);
    ck_assert_int_eq(sbj_search(&sbj_malloc, NULL, corpus, N, corpus + 70 * D, 1, D, K, indices, scores, NULL),
                     SBERTJA_OK);
    for (size_t i = 0; i < K; i++) {
        ck_assert_uint_eq(indices[i], i);
        ck_assert(scores[i] == scores[0]);
    }
    free(corpus);
}
END_TEST

START_TEST(zeros_and_extreme_lengths)
{
    const float corpus[5][2] = {{0, 0}, {1e-40f, 0}, {-3e38f, 3e38f}, {0, 2e-30f}, {-1, 0}}, query[2] = {3e38f, 1e30f};
    const size_t expected[5] = {1, 3, 0, 2, 4};
    size_t indices[5];
    float scores[5];
    ck_assert_int_eq(sbj_search(&sbj_malloc, NULL, corpus[0], 5, query, 1, 2, 5, indices, scores, NULL), SBERTJA_OK);
    ck_assert_int_eq(memcmp(indices, expected, sizeof indices), 0);
    ck_assert_float_eq_tol(scores[0], 1, 1e-6);
    ck_assert_float_eq(scores[2], 0);
    ck_assert_float_eq_tol(scores[3], -sqrt(0.5), 1e-6);
    ck_assert(sbj_cosine(corpus[0], query, 2) == 0);
}
END_TEST

START_TEST(search_refuses)
{
    const float good[4] = {1, 2, 3, 4}, bad[4] = {1, 2, INFINITY, 4};
    size_t index;
    float score;
    sbertja_error error;
    ck_assert_int_eq(sbertja_search(good, 2, good, 1, 2, 3, &index, &score, &error), SBERTJA_E_ARGUMENT);
    ck_assert_str_eq(error.message, "k: 3, expected 1 to corpus_count, 2");
    ck_assert_int_eq(sbertja_search(good, 2, good, 1, 2, 0, &index, &score, &error), SBERTJA_E_ARGUMENT);
    ck_assert_int_eq(sbertja_search(NULL, 2, good, 1, 2, 1, &index, &score, &error), SBERTJA_E_ARGUMENT);
    ck_assert_int_eq(sbertja_search(good, 2, good, 1, 0, 1, &index, &score, &error), SBERTJA_E_ARGUMENT);
    ck_assert_int_eq(sbertja_search(good, 2, good, 1, 2, 1, NULL, &score, &error), SBERTJA_E_ARGUMENT);
    ck_assert_int_eq(sbertja_search(good, 2, good, SIZE_MAX / 2, 2, 1, &index, &score, &error), SBERTJA_E_ARGUMENT);
    ck_assert_int_eq(sbertja_search(bad, 2, good, 1, 2, 1, &index, &score, &error), SBERTJA_E_ARGUMENT);
    ck_assert_str_eq(error.message, "corpus: row 1 has a value that is not finite");
    ck_assert_int_eq(sbertja_search(good, 2, bad, 2, 2, 1, &index, &score, &error), SBERTJA_E_ARGUMENT);
    ck_assert_str_eq(error.message, "queries: row 1 has a value that is not finite");
}
END_TEST

/* ---- Paraphrases and communities -------------------------------------------------------------------------------- */

/* More equal rows than k + 1, so that a row may not find itself. */
START_TEST(pairs_of_equal_rows)
{
    const float vectors[5][2] = {{1, 0}, {1, 0}, {2, 0}, {1, 0}, {0, 1}};
    sbertja_pair pairs[20];
    size_t found;
    ck_assert_int_eq(sbj_paraphrases(&sbj_malloc, NULL, vectors[0], 5, 2, 1, 20, pairs, &found, NULL), SBERTJA_OK);
    ck_assert_uint_eq(found, 4); /* 0-1 from both, 0-2, 0-3, 0-4 */
    for (size_t i = 0; i < found; i++) {
        ck_assert_uint_eq(pairs[i].first, 0);
        ck_assert_uint_eq(pairs[i].second, i + 1);
    }
    ck_assert_int_eq(sbj_paraphrases(&sbj_malloc, NULL, vectors[0], 5, 2, 9, 3, pairs, &found, NULL), SBERTJA_OK);
    ck_assert_uint_eq(found, 3);
    ck_assert_int_eq(sbj_paraphrases(&sbj_malloc, NULL, vectors[0], 5, 2, 9, 20, pairs, &found, NULL), SBERTJA_OK);
    ck_assert_uint_eq(found, 10);
    ck_assert_int_eq(sbj_paraphrases(&sbj_malloc, NULL, vectors[0], 1, 2, 1, 20, pairs, &found, NULL), SBERTJA_OK);
    ck_assert_uint_eq(found, 0);
    ck_assert_int_eq(sbj_paraphrases(&sbj_malloc, NULL, vectors[0], 0, 2, 1, 20, pairs, &found, NULL), SBERTJA_OK);
    ck_assert_uint_eq(found, 0);
}
END_TEST

/* Thinning out candidates on the way changes nothing: few and all pairs of 3000 rows begin alike. */
START_TEST(few_pairs_are_the_first_of_many)
{
    enum { N = 3000, D = 4, K = 40, FEW = 50 };
    float *vectors = random_vectors(N, D, 4);
    sbertja_pair *all = malloc(N * K * sizeof *all), few[FEW];
    size_t found, found_few;
    ck_assert_int_eq(sbj_paraphrases(&sbj_malloc, NULL, vectors, N, D, K, N * K, all, &found, NULL), SBERTJA_OK);
    ck_assert_int_eq(sbj_paraphrases(&sbj_malloc, NULL, vectors, N, D, K, FEW, few, &found_few, NULL), SBERTJA_OK);
    ck_assert_uint_gt(found, N * K / 2);
    ck_assert_uint_eq(found_few, FEW);
    for (size_t i = 0; i < FEW; i++)
        ck_assert(few[i].first == all[i].first && few[i].second == all[i].second && few[i].score == all[i].score);
    for (size_t i = 1; i < found; i++)
        ck_assert(all[i].score <= all[i - 1].score && all[i].first < all[i].second);
    free(all);
    free(vectors);
}
END_TEST

START_TEST(communities_do_not_overlap)
{
    enum { N = 300, D = 3 };
    float *vectors = random_vectors(N, D, 5);
    size_t members[N], begins[N + 1], again[N], again_begins[N + 1], found, again_found;
    bool seen[N] = {false};
    sbj_pool *pool;
    ck_assert_int_eq(sbj_pool_create(&sbj_malloc, 3, &(sbj_log){NULL, NULL}, &pool, NULL), SBERTJA_OK);
    ck_assert_int_eq(sbj_communities(&sbj_malloc, NULL, vectors, N, D, 0.95, 4, members, begins, &found, NULL),
                     SBERTJA_OK);
    ck_assert_int_eq(
        sbj_communities(&sbj_malloc, pool, vectors, N, D, 0.95, 4, again, again_begins, &again_found, NULL),
        SBERTJA_OK);
    ck_assert_uint_gt(found, 5);
    ck_assert_uint_eq(found, again_found);
    ck_assert_int_eq(memcmp(members, again, begins[found] * sizeof *members), 0);
    for (size_t c = 0; c < found; c++) {
        ck_assert_uint_ge(begins[c + 1] - begins[c], 4);
        if (c > 0)
            ck_assert_uint_le(begins[c + 1] - begins[c], begins[c] - begins[c - 1]);
        for (size_t i = begins[c]; i < begins[c + 1]; i++) {
            ck_assert(!seen[members[i]]);
            seen[members[i]] = true;
        }
    }
    sbj_pool_free(pool);
    free(vectors);
}
END_TEST

START_TEST(communities_of_little)
{
    const float vectors[3][2] = {{1, 0}, {0, 1}, {0, 0}};
    size_t members[3], begins[4], found;
    ck_assert_int_eq(sbertja_communities(vectors[0], 3, 2, 0.9, 1, members, begins, &found, NULL), SBERTJA_OK);
    ck_assert_uint_eq(found, 2); /* a vector of zeros is near to nothing, not even to itself */
    ck_assert_int_eq(sbertja_communities(vectors[0], 3, 2, 0.9, 2, members, begins, &found, NULL), SBERTJA_OK);
    ck_assert_uint_eq(found, 0);
    ck_assert_uint_eq(begins[0], 0);
    ck_assert_int_eq(sbertja_communities(vectors[0], 3, 2, 0.9, 4, members, begins, &found, NULL), SBERTJA_OK);
    ck_assert_uint_eq(found, 0);
    ck_assert_int_eq(sbertja_communities(NULL, 0, 2, 0.9, 1, NULL, begins, &found, NULL), SBERTJA_OK);
    ck_assert_uint_eq(found, 0);
    ck_assert_int_eq(sbertja_communities(vectors[0], 3, 2, 0.9, 0, members, begins, &found, NULL), SBERTJA_E_ARGUMENT);
}
END_TEST

/* ---- Memory ----------------------------------------------------------------------------------------------------- */

typedef sbertja_status (*call)(const sbj_alloc *alloc);

static const float four[4][2] = {{1, 0}, {1, 0.1f}, {0, 1}, {0.1f, 1}};

static sbertja_status call_search(const sbj_alloc *alloc)
{
    size_t indices[8];
    float scores[8];
    return sbj_search(alloc, NULL, four[0], 4, four[0], 4, 2, 2, indices, scores, NULL);
}

static sbertja_status call_paraphrases(const sbj_alloc *alloc)
{
    sbertja_pair pairs[4];
    size_t found;
    return sbj_paraphrases(alloc, NULL, four[0], 4, 2, 1, 4, pairs, &found, NULL);
}

static sbertja_status call_communities(const sbj_alloc *alloc)
{
    size_t members[4], begins[5], found;
    return sbj_communities(alloc, NULL, four[0], 4, 2, 0.9, 2, members, begins, &found, NULL);
}

static sbertja_status call_centroid(const sbj_alloc *alloc)
{
    int labels[4] = {1, 1, 2, 2}, predicted[4];
    return sbj_classify_centroid(alloc, NULL, four[0], labels, 4, four[0], 4, 2, predicted, NULL);
}

static sbertja_status call_neighbours(const sbj_alloc *alloc)
{
    int labels[4] = {1, 1, 2, 2}, predicted[4];
    return sbj_classify_neighbours(alloc, NULL, four[0], labels, 4, 3, four[0], 4, 2, predicted, NULL);
}

static sbertja_status call_spearman(const sbj_alloc *alloc)
{
    const double x[3] = {1, 2, 3}, y[3] = {2, 1, 3};
    double rho;
    return sbj_spearman(alloc, x, y, 3, &rho, NULL);
}

START_TEST(every_allocation_fails_once)
{
    const call calls[] = {call_search,   call_paraphrases, call_communities,
                          call_centroid, call_neighbours,  call_spearman};
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        failing_alloc heap;
        size_t n = 0;
        do {
            failing_alloc_init(&heap, ++n);
            sbertja_status status = calls[i](&heap.alloc);
            ck_assert_int_eq(status, failing_alloc_failed(&heap) ? SBERTJA_E_MEMORY : SBERTJA_OK);
            ck_assert_uint_eq(failing_alloc_live(&heap), 0);
        } while (failing_alloc_failed(&heap));
        ck_assert_uint_ge(n, 3);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("search");
    TCase *tests = tcase_create("search");
    tcase_add_test(tests, finds_the_nearest);
    tcase_add_test(tests, ties_go_to_the_smaller_index);
    tcase_add_test(tests, zeros_and_extreme_lengths);
    tcase_add_test(tests, search_refuses);
    tcase_add_test(tests, pairs_of_equal_rows);
    tcase_add_test(tests, few_pairs_are_the_first_of_many);
    tcase_add_test(tests, communities_do_not_overlap);
    tcase_add_test(tests, communities_of_little);
    tcase_add_test(tests, every_allocation_fails_once);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
