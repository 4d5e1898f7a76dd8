/* Search, mining, communities and measures against what sentence-transformers gives for the vectors of tests/data/tiny.
 */
#include <check.h>
#include <cjson/cJSON.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "eval/vectors.h"
#include "support/scratch.h"

enum { COUNT = 96, DIMENSION = 48, THIRD = COUNT / 3 };

static float *vectors; /* [COUNT, DIMENSION] */
static cJSON *reference;

/* "mean" of the safetensors file: 8 bytes of length, JSON, data. */
static void open_references(void)
{
    size_t size;
    uint64_t length;
    char *file = scratch_read("tests/data/tiny/embeddings.safetensors", &size);
    memcpy(&length, file, 8);
    cJSON *header = cJSON_ParseWithLength(file + 8, length), *mean = cJSON_GetObjectItem(header, "mean");
    ck_assert_ptr_nonnull(mean);
    cJSON *shape = cJSON_GetObjectItem(mean, "shape");
    ck_assert_int_eq(cJSON_GetArrayItem(shape, 0)->valueint, COUNT);
    ck_assert_int_eq(cJSON_GetArrayItem(shape, 1)->valueint, DIMENSION);
    size_t begin = cJSON_GetArrayItem(cJSON_GetObjectItem(mean, "data_offsets"), 0)->valueint;
    vectors = malloc(COUNT * DIMENSION * sizeof *vectors);
    memcpy(vectors, file + 8 + length + begin, COUNT * DIMENSION * sizeof *vectors);
    cJSON_Delete(header);
    free(file);
    file = scratch_read("tests/data/tiny/utilities.json", &size);
    reference = cJSON_ParseWithLength(file, size);
    ck_assert_ptr_nonnull(reference);
    free(file);
}

static void close_references(void)
{
    cJSON_Delete(reference);
    free(vectors);
}

static const float *row(size_t index)
{
    return vectors + index * DIMENSION;
}

static double number(const cJSON *object, const char *key)
{
    cJSON *item = cJSON_GetObjectItem(object, key);
    ck_assert_msg(cJSON_IsNumber(item), "%s", key);
    return item->valuedouble;
}

static double measured(const char *evaluator, const char *key)
{
    return number(cJSON_GetObjectItem(cJSON_GetObjectItem(reference, "evaluators"), evaluator), key);
}

START_TEST(semantic_search)
{
    cJSON *lists = cJSON_GetObjectItem(reference, "semantic_search");
    size_t indices[6 * 5];
    float scores[6 * 5];
    ck_assert_int_eq(sbertja_search(row(6), COUNT - 6, row(0), 6, DIMENSION, 5, indices, scores, NULL), SBERTJA_OK);
    for (int i = 0; i < 30; i++) {
        cJSON *hit = cJSON_GetArrayItem(cJSON_GetArrayItem(lists, i / 5), i % 5);
        ck_assert_uint_eq(indices[i], (size_t)number(hit, "corpus_id"));
        ck_assert_double_eq_tol(scores[i], number(hit, "score"), 1e-6);
    }
}
END_TEST

START_TEST(paraphrase_mining)
{
    cJSON *list = cJSON_GetObjectItem(reference, "paraphrase_mining");
    sbertja_pair pairs[20];
    size_t found;
    ck_assert_int_eq(sbertja_paraphrases(vectors, COUNT, DIMENSION, 5, 20, pairs, &found, NULL), SBERTJA_OK);
    ck_assert_uint_eq(found, 20);
    for (int i = 0; i < 20; i++) {
        cJSON *item = cJSON_GetArrayItem(list, i);
        ck_assert_double_eq_tol(pairs[i].score, cJSON_GetArrayItem(item, 0)->valuedouble, 1e-6);
        ck_assert_uint_eq(pairs[i].first, cJSON_GetArrayItem(item, 1)->valueint);
        ck_assert_uint_eq(pairs[i].second, cJSON_GetArrayItem(item, 2)->valueint);
    }
}
END_TEST

START_TEST(community_detection)
{
    cJSON *list = cJSON_GetObjectItem(reference, "community_detection");
    size_t members[COUNT], begins[COUNT + 1], found;
    ck_assert_int_eq(sbertja_communities(vectors, COUNT, DIMENSION, 0.97, 2, members, begins, &found, NULL),
                     SBERTJA_OK);
    ck_assert_uint_eq(found, cJSON_GetArraySize(list));
    for (size_t c = 0; c < found; c++) {
        cJSON *expected = cJSON_GetArrayItem(list, (int)c);
        ck_assert_uint_eq(begins[c + 1] - begins[c], cJSON_GetArraySize(expected));
        for (size_t i = begins[c]; i < begins[c + 1]; i++)
            ck_assert_uint_eq(members[i], cJSON_GetArrayItem(expected, (int)(i - begins[c]))->valueint);
    }
}
END_TEST

START_TEST(triplet_evaluator)
{
    double accuracy;
    ck_assert_int_eq(
        sbertja_triplet_accuracy(row(0), row(THIRD), row(2 * THIRD), THIRD, DIMENSION, SBERTJA_COSINE, &accuracy, NULL),
        SBERTJA_OK);
    ck_assert_double_eq_tol(accuracy, measured("triplet", "cosine_accuracy"), 1e-12);
}
END_TEST

START_TEST(similarity_evaluator)
{
    double cosines[THIRD], scores[THIRD], rho;
    for (size_t i = 0; i < THIRD; i++) {
        cosines[i] = sbertja_cosine(row(i), row(THIRD + i), DIMENSION);
        scores[i] = (double)(i * 7 % 11) / 10;
    }
    ck_assert_double_eq_tol(sbertja_pearson(cosines, scores, THIRD), measured("similarity", "pearson_cosine"), 1e-6);
    ck_assert_int_eq(sbertja_spearman(cosines, scores, THIRD, &rho, NULL), SBERTJA_OK);
    ck_assert_double_eq_tol(rho, measured("similarity", "spearman_cosine"), 1e-9);
}
END_TEST

START_TEST(retrieval_evaluator)
{
    size_t indices[6 * 10], relevant[12], begins[7];
    float scores[6 * 10];
    double mrr, recall;
    for (size_t q = 0; q <= 6; q++)
        begins[q] = 2 * q;
    for (size_t q = 0; q < 6; q++) {
        relevant[2 * q] = 3 * q; /* row 6 + 3q is row 3q of the corpus */
        relevant[2 * q + 1] = 1 + 3 * q;
    }
    ck_assert_int_eq(sbertja_search(row(6), COUNT - 6, row(0), 6, DIMENSION, 10, indices, scores, NULL), SBERTJA_OK);
    ck_assert_int_eq(sbertja_retrieval(indices, 6, 10, relevant, begins, &mrr, &recall, NULL), SBERTJA_OK);
    ck_assert_double_eq_tol(mrr, measured("retrieval", "cosine_mrr@10"), 1e-12);
    ck_assert_double_eq_tol(recall, measured("retrieval", "cosine_recall@10"), 1e-12);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("utilities");
    TCase *tests = tcase_create("utilities");
    tcase_add_unchecked_fixture(tests, open_references, close_references);
    tcase_add_test(tests, semantic_search);
    tcase_add_test(tests, paraphrase_mining);
    tcase_add_test(tests, community_detection);
    tcase_add_test(tests, triplet_evaluator);
    tcase_add_test(tests, similarity_evaluator);
    tcase_add_test(tests, retrieval_evaluator);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
