/* A batch in which some sentences are equal, as pairs are that share a passage: without dropout equal sentences have
 * equal vectors, so each is encoded once, and its gradient is the sum of theirs. */
#ifndef SBJ_DISTINCT_H
#define SBJ_DISTINCT_H

#include "util/alloc.h"

typedef struct sbj_distinct {
    size_t sentences, count; /* of the batch, and the distinct ones among them, in the order of their first places */
    const int32_t **ids;     /* [count]: of the distinct ones */
    size_t *lengths;         /* [count]: how many ids */
    size_t *which;           /* [sentences]: number of the distinct sentence that stands there; at most the place */
    size_t id_capacity, length_capacity, which_capacity;
} sbj_distinct;

/* An empty batch with room for `sentences`. */
sbertja_status sbj_distinct_begin(sbj_distinct *d, const sbj_alloc *alloc, size_t sentences, sbertja_error *error);
/* The next sentence. `once`: it may be encoded together with an equal one before it. */
void sbj_distinct_add(sbj_distinct *d, const int32_t *ids, size_t length, bool once);
/* `rows` has [count, width] of the distinct sentences; becomes [sentences, width]. NULL for a width of 0. */
void sbj_distinct_spread(const sbj_distinct *d, double *rows, size_t width);
/* `rows` has [sentences, width]; becomes [count, width], the sums over equal sentences. */
void sbj_distinct_sum(const sbj_distinct *d, double *rows, size_t width);
void sbj_distinct_free(sbj_distinct *d, const sbj_alloc *alloc);

#endif
