/* The k nearest rows of a corpus by cosine.
 *
 * Queries are taken in groups, one task each; a task goes through the corpus block by block, so that a block is scaled
 * once and stays in the cache while all queries of the group are multiplied with it. What is kept for a query is a
 * heap in its rows of the result, the worst on top. */
#include "eval/unit_rows.h"
#include "eval/vectors.h"

enum { GROUP_BLOCKS = 4, GROUP = GROUP_BLOCKS * SBJ_UNIT_BLOCK };

typedef struct search {
    const float *corpus, *queries;
    const double *corpus_inverse, *query_inverse;
    size_t corpus_count, query_count, dimension, width, k;
    float *scratch; /* per thread: the group's blocks, then one of the corpus */
    size_t *indices;
    float *scores;
} search;

/* ---- A heap of the best ----------------------------------------------------------------------------------------- */

static bool is_worse(const float *scores, const size_t *indices, size_t a, size_t b)
{
    return scores[a] < scores[b] || (scores[a] == scores[b] && indices[a] > indices[b]);
}

static void swap(float *scores, size_t *indices, size_t a, size_t b)
{
    float score = scores[a];
    size_t index = indices[a];
    scores[a] = scores[b];
    indices[a] = indices[b];
    scores[b] = score;
    indices[b] = index;
}

static void sift_down(float *scores, size_t *indices, size_t count, size_t at)
{
    for (;;) {
        size_t worst = at, left = 2 * at + 1;
        if (left < count && is_worse(scores, indices, left, worst))
            worst = left;
        if (left + 1 < count && is_worse(scores, indices, left + 1, worst))
            worst = left + 1;
        if (worst == at)
            return;
        swap(scores, indices, at, worst);
        at = worst;
    }
}

static void sift_up(float *scores, size_t *indices, size_t at)
{
    for (size_t parent; at > 0 && is_worse(scores, indices, at, parent = (at - 1) / 2); at = parent)
        swap(scores, indices, at, parent);
}

/* Rows come in the order of the corpus, so of equal ones those that are there already stay. */
static void offer(float *scores, size_t *indices, size_t k, float score, size_t index)
{
    if (index < k) {
        scores[index] = score;
        indices[index] = index;
        sift_up(scores, indices, index);
    } else if (score > scores[0]) {
        scores[0] = score;
        indices[0] = index;
        sift_down(scores, indices, k, 0);
    }
}

static void sort_best_first(float *scores, size_t *indices, size_t k)
{
    for (size_t left = k; left > 1; left--) {
        swap(scores, indices, 0, left - 1);
        sift_down(scores, indices, left - 1, 0);
    }
}

/* ---- One group of queries --------------------------------------------------------------------------------------- */

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Offers the products of one block of queries, from `first` on, and one block of the corpus. */
static void offer_block(const search *s, const float *queries, size_t first, const float *corpus, size_t corpus_first)
{
    float products[SBJ_UNIT_BLOCK][SBJ_UNIT_BLOCK];
    size_t rows = smaller(SBJ_UNIT_BLOCK, s->query_count - first);
    size_t columns = smaller(SBJ_UNIT_BLOCK, s->corpus_count - corpus_first);
    sbj_unit_products(queries, rows, corpus, s->width, products);
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < columns; j++)
            offer(s->scores + (first + i) * s->k, s->indices + (first + i) * s->k, s->k, products[i][j],
                  corpus_first + j);
}

static void search_group(void *context, size_t task, int thread)
{
    const search *s = context;
    size_t first = task * GROUP, after = smaller(first + GROUP, s->query_count), size = SBJ_UNIT_BLOCK * s->width;
    float *group = s->scratch + (size_t)thread * (GROUP_BLOCKS + 1) * size, *block = group + GROUP_BLOCKS * size;
    for (size_t i = first; i < after; i += SBJ_UNIT_BLOCK)
        sbj_unit_block(s->queries + i * s->dimension, s->query_inverse + i, smaller(SBJ_UNIT_BLOCK, after - i),
                       s->dimension, s->width, group + (i - first) * s->width);
    for (size_t c = 0; c < s->corpus_count; c += SBJ_UNIT_BLOCK) {
        sbj_unit_block(s->corpus + c * s->dimension, s->corpus_inverse + c,
                       smaller(SBJ_UNIT_BLOCK, s->corpus_count - c), s->dimension, s->width, block);
        for (size_t i = first; i < after; i += SBJ_UNIT_BLOCK)
            offer_block(s, group + (i - first) * s->width, i, block, c);
    }
    for (size_t i = first; i < after; i++)
        sort_best_first(s->scores + i * s->k, s->indices + i * s->k, s->k);
}

sbertja_status sbj_search(const sbj_alloc *alloc, sbj_pool *pool, const float *corpus, size_t corpus_count,
                          const float *queries, size_t query_count, size_t dimension, size_t k, size_t *indices,
                          float *scores, sbertja_error *error)
{
    size_t width = sbj_unit_width(dimension), threads = (size_t)sbj_pool_threads(pool), bytes = 0, lengths;
    double *inverse = NULL;
    float *scratch = NULL;
    sbertja_status status;
    if (width == 0 || !sbj_mul(width, threads * (GROUP + SBJ_UNIT_BLOCK) * sizeof(float), &bytes) ||
        !sbj_add(corpus_count, query_count, &lengths))
        return sbj_fail(error, SBERTJA_E_ARGUMENT, "search: dimension %zu is too large", dimension);
    inverse = sbj_new_raw(alloc, lengths, sizeof *inverse);
    scratch = sbj_new_aligned(alloc, bytes);
    if (inverse == NULL || scratch == NULL) {
        status = sbj_no_memory(error, bytes);
        goto done;
    }
    if ((status = sbj_inverse_lengths("corpus", corpus, corpus_count, dimension, inverse, error)) != SBERTJA_OK ||
        (status = sbj_inverse_lengths("queries", queries, query_count, dimension, inverse + corpus_count, error)) !=
            SBERTJA_OK)
        goto done;
    search s = {corpus,  queries, inverse, inverse + corpus_count, corpus_count, query_count, dimension, width, k,
                scratch, indices, scores};
    sbj_pool_run(pool, (query_count + GROUP - 1) / GROUP, search_group, &s);
done:
    sbj_free_aligned(alloc, scratch);
    sbj_free(alloc, inverse);
    return status;
}
