/* Communities, as sentence-transformers' community_detection finds them: every row proposes itself as the centre of all
 * rows within the threshold. Proposals are taken from the largest on, less the rows that are taken already, if the
 * centre is free and enough are left.
 *
 * Proposals are counted first and made again when their turn comes, since all of them together may be as large as the
 * square of the number of rows. */
#include <math.h>
#include <stdlib.h>

#include "eval/unit_rows.h"
#include "eval/vectors.h"

typedef struct proposal {
    size_t centre, size;
} proposal;

typedef struct neighbour {
    size_t row;
    float score;
} neighbour;

typedef struct span {
    size_t begin, size;
} span;

typedef struct communities {
    size_t count, width, blocks;
    float threshold;
    float *unit;         /* the rows, scaled: [blocks, SBJ_UNIT_BLOCK, width] */
    double *inverse;     /* [count] */
    proposal *proposals; /* [count] */
    float *scores;       /* [blocks, SBJ_UNIT_BLOCK], of all rows to `centre` */
    size_t centre;
    bool *taken;           /* [count] */
    neighbour *neighbours; /* [count] */
    size_t *rows;          /* [count], the communities one after another, in the order found */
    span *spans;           /* [count], where they lie in `rows` */
    size_t found, used;
} communities;

static size_t rows_of_block(const communities *c, size_t block)
{
    size_t left = c->count - block * SBJ_UNIT_BLOCK;
    return left < SBJ_UNIT_BLOCK ? left : SBJ_UNIT_BLOCK;
}

static const float *unit_block(const communities *c, size_t block)
{
    return c->unit + block * SBJ_UNIT_BLOCK * c->width;
}

/* ---- Proposals -------------------------------------------------------------------------------------------------- */

static void count_block(void *context, size_t block, int thread)
{
    communities *c = context;
    float products[SBJ_UNIT_BLOCK][SBJ_UNIT_BLOCK];
    proposal *proposals = c->proposals + block * SBJ_UNIT_BLOCK;
    (void)thread;
    for (size_t other = 0; other < c->blocks; other++) {
        sbj_unit_products(unit_block(c, block), SBJ_UNIT_BLOCK, unit_block(c, other), c->width, products);
        for (size_t i = 0; i < rows_of_block(c, block); i++)
            for (size_t j = 0; j < rows_of_block(c, other); j++)
                proposals[i].size += products[i][j] >= c->threshold;
    }
}

static int largest_first(const void *left, const void *right)
{
    const proposal *a = left, *b = right;
    if (a->size != b->size)
        return a->size > b->size ? -1 : 1;
    return (a->centre > b->centre) - (a->centre < b->centre);
}

static void propose(communities *c, sbj_pool *pool)
{
    for (size_t i = 0; i < c->count; i++)
        c->proposals[i].centre = i;
    sbj_pool_run(pool, c->blocks, count_block, c);
    qsort(c->proposals, c->count, sizeof *c->proposals, largest_first);
}

/* ---- Taking them ------------------------------------------------------------------------------------------------ */

static void score_block(void *context, size_t block, int thread)
{
    communities *c = context;
    (void)thread;
    sbj_unit_row_products(c->unit + c->centre * c->width, unit_block(c, block), c->width,
                          c->scores + block * SBJ_UNIT_BLOCK);
}

static int nearest_first(const void *left, const void *right)
{
    const neighbour *a = left, *b = right;
    if (a->score != b->score)
        return a->score > b->score ? -1 : 1;
    return (a->row > b->row) - (a->row < b->row);
}

static void take(communities *c, sbj_pool *pool, size_t centre, size_t smallest)
{
    size_t left = 0;
    c->centre = centre;
    sbj_pool_run(pool, c->blocks, score_block, c);
    c->scores[centre] = INFINITY; /* the centre comes first, even before rows equal to it */
    for (size_t i = 0; i < c->count; i++)
        if (!c->taken[i] && c->scores[i] >= c->threshold)
            c->neighbours[left++] = (neighbour){i, c->scores[i]};
    if (left < smallest)
        return;
    qsort(c->neighbours, left, sizeof *c->neighbours, nearest_first);
    c->spans[c->found++] = (span){c->used, left};
    for (size_t i = 0; i < left; i++) {
        c->rows[c->used++] = c->neighbours[i].row;
        c->taken[c->neighbours[i].row] = true;
    }
}

static int longest_first(const void *left, const void *right)
{
    const span *a = left, *b = right;
    if (a->size != b->size)
        return a->size > b->size ? -1 : 1;
    return (a->begin > b->begin) - (a->begin < b->begin);
}

static void hand_over(communities *c, size_t *members, size_t *begins)
{
    size_t used = 0;
    qsort(c->spans, c->found, sizeof *c->spans, longest_first);
    for (size_t s = 0; s < c->found; s++) {
        begins[s] = used;
        for (size_t i = 0; i < c->spans[s].size; i++)
            members[used++] = c->rows[c->spans[s].begin + i];
    }
    begins[c->found] = used;
}

/* ---- Memory, and all together ----------------------------------------------------------------------------------- */

static sbertja_status make_room(const sbj_alloc *alloc, communities *c, sbertja_error *error)
{
    size_t rows = c->blocks * SBJ_UNIT_BLOCK, floats, bytes = 0;
    c->unit = sbj_mul(rows, c->width, &floats) && sbj_mul(floats, sizeof(float), &bytes) ? sbj_new_aligned(alloc, bytes)
                                                                                         : NULL;
    c->inverse = sbj_new_raw(alloc, c->count, sizeof *c->inverse);
    c->proposals = sbj_new(alloc, c->count, sizeof *c->proposals);
    c->scores = sbj_new_raw(alloc, rows, sizeof *c->scores);
    c->taken = sbj_new(alloc, c->count, sizeof *c->taken);
    c->neighbours = sbj_new_raw(alloc, c->count, sizeof *c->neighbours);
    c->rows = sbj_new_raw(alloc, c->count, sizeof *c->rows);
    c->spans = sbj_new_raw(alloc, c->count, sizeof *c->spans);
    bool all = c->unit != NULL && c->inverse != NULL && c->proposals != NULL && c->scores != NULL && c->taken != NULL &&
               c->neighbours != NULL && c->rows != NULL && c->spans != NULL;
    return all ? SBERTJA_OK : sbj_no_memory(error, bytes);
}

static void free_room(const sbj_alloc *alloc, communities *c)
{
    sbj_free(alloc, c->spans);
    sbj_free(alloc, c->rows);
    sbj_free(alloc, c->neighbours);
    sbj_free(alloc, c->taken);
    sbj_free(alloc, c->scores);
    sbj_free(alloc, c->proposals);
    sbj_free(alloc, c->inverse);
    sbj_free_aligned(alloc, c->unit);
}

sbertja_status sbj_communities(const sbj_alloc *alloc, sbj_pool *pool, const float *vectors, size_t count,
                               size_t dimension, double threshold, size_t smallest, size_t *members, size_t *begins,
                               size_t *found, sbertja_error *error)
{
    communities c = {.count = count, .width = sbj_unit_width(dimension), .threshold = (float)threshold};
    *found = begins[0] = 0;
    if (c.width == 0 || !sbj_add(count, SBJ_UNIT_BLOCK - 1, &c.blocks))
        return sbj_fail(error, SBERTJA_E_ARGUMENT, "communities: dimension %zu is too large", dimension);
    c.blocks /= SBJ_UNIT_BLOCK;
    sbertja_status status = make_room(alloc, &c, error);
    if (status == SBERTJA_OK)
        status = sbj_inverse_lengths("vectors", vectors, count, dimension, c.inverse, error);
    if (status == SBERTJA_OK) {
        for (size_t b = 0; b < c.blocks; b++)
            sbj_unit_block(vectors + b * SBJ_UNIT_BLOCK * dimension, c.inverse + b * SBJ_UNIT_BLOCK,
                           rows_of_block(&c, b), dimension, c.width, c.unit + b * SBJ_UNIT_BLOCK * c.width);
        propose(&c, pool);
        for (size_t i = 0; i < count && c.proposals[i].size >= smallest && count - c.used >= smallest; i++)
            if (!c.taken[c.proposals[i].centre])
                take(&c, pool, c.proposals[i].centre, smallest);
        hand_over(&c, members, begins);
        *found = c.found;
    }
    free_room(alloc, &c);
    return status;
}
