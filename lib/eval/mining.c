/* Paraphrases: the most similar pairs among all rows. Each row is searched for among all, a chunk of rows at a time;
 * the candidates are thinned out now and then, so that memory follows from `most` and not from the number of rows. */
#include <stdlib.h>

#include "eval/vectors.h"

enum { CHUNK = 1024, SLACK = 65536 };

typedef struct candidates {
    sbertja_pair *pairs;
    size_t count, room;
} candidates;

static int by_rows(const void *left, const void *right)
{
    const sbertja_pair *a = left, *b = right;
    if (a->first != b->first)
        return a->first < b->first ? -1 : 1;
    return (a->second > b->second) - (a->second < b->second);
}

static int by_score(const void *left, const void *right)
{
    const sbertja_pair *a = left, *b = right;
    if (a->score != b->score)
        return a->score > b->score ? -1 : 1;
    return by_rows(left, right);
}

/* A pair that both of its rows found stands here twice, with the same score to the last bit. */
static void keep_best(candidates *c, size_t most)
{
    size_t kept = 0;
    if (c->count == 0)
        return;
    qsort(c->pairs, c->count, sizeof *c->pairs, by_rows);
    for (size_t i = 0; i < c->count; i++)
        if (kept == 0 || by_rows(&c->pairs[kept - 1], &c->pairs[i]) != 0)
            c->pairs[kept++] = c->pairs[i];
    qsort(c->pairs, kept, sizeof *c->pairs, by_score);
    c->count = kept < most ? kept : most;
}

/* The k nearest of `row`, which is itself among the k + 1 found unless so many are equal to it. */
static void add_nearest(candidates *c, size_t row, size_t k, const size_t *indices, const float *scores, size_t found)
{
    for (size_t i = 0, taken = 0; i < found && taken < k; i++) {
        size_t other = indices[i];
        if (other == row)
            continue;
        c->pairs[c->count++] = (sbertja_pair){row < other ? row : other, row < other ? other : row, scores[i]};
        taken++;
    }
}

static sbertja_status mine(const sbj_alloc *alloc, sbj_pool *pool, const float *vectors, size_t count, size_t dimension,
                           size_t k, size_t most, size_t *indices, float *scores, candidates *c, sbertja_error *error)
{
    size_t found = k < count ? k + 1 : count, enough, needed;
    if (!sbj_mul(most, 2, &enough) || !sbj_add(enough, SLACK, &enough))
        enough = SIZE_MAX;
    for (size_t first = 0; first < count; first += CHUNK) {
        size_t rows = count - first < CHUNK ? count - first : CHUNK;
        sbertja_status status = sbj_search(alloc, pool, vectors, count, vectors + first * dimension, rows, dimension,
                                           found, indices, scores, error);
        if (status != SBERTJA_OK)
            return status;
        if (!sbj_add(c->count, rows * found, &needed) ||
            !sbj_grow(alloc, (void **)&c->pairs, &c->room, c->count, needed, sizeof *c->pairs))
            return sbj_no_memory(error, rows * found * sizeof *c->pairs);
        for (size_t i = 0; i < rows; i++)
            add_nearest(c, first + i, k, indices + i * found, scores + i * found, found);
        if (c->count > enough)
            keep_best(c, most);
    }
    keep_best(c, most);
    return SBERTJA_OK;
}

sbertja_status sbj_paraphrases(const sbj_alloc *alloc, sbj_pool *pool, const float *vectors, size_t count,
                               size_t dimension, size_t k, size_t most, sbertja_pair *pairs, size_t *found,
                               sbertja_error *error)
{
    candidates c = {NULL, 0, 0};
    size_t rows = count < CHUNK ? count : CHUNK, places = 0;
    size_t *indices = NULL;
    float *scores = NULL;
    sbertja_status status;
    *found = 0;
    if (sbj_mul(rows, k < count ? k + 1 : count, &places)) {
        indices = sbj_new_raw(alloc, places, sizeof *indices);
        scores = sbj_new_raw(alloc, places, sizeof *scores);
    }
    if (indices == NULL || scores == NULL)
        status = sbj_no_memory(error, places * (sizeof *indices + sizeof *scores));
    else
        status = mine(alloc, pool, vectors, count, dimension, k, most, indices, scores, &c, error);
    for (size_t i = 0; i < c.count && status == SBERTJA_OK; i++)
        pairs[(*found)++] = c.pairs[i];
    sbj_free(alloc, c.pairs);
    sbj_free(alloc, scores);
    sbj_free(alloc, indices);
    return status;
}
