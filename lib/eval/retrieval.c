/* How well ranked lists find what they should. */
#include "eval/vectors.h"

static bool is_among(size_t index, const size_t *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (list[i] == index)
            return true;
    return false;
}

sbertja_status sbj_retrieval(const size_t *ranked, size_t query_count, size_t k, const size_t *relevant,
                             const size_t *relevant_begin, double *mrr, double *recall, sbertja_error *error)
{
    double reciprocal_sum = 0, recall_sum = 0;
    size_t counted = 0;
    for (size_t q = 0; q < query_count; q++) {
        if (relevant_begin[q] > relevant_begin[q + 1])
            return sbj_fail(error, SBERTJA_E_ARGUMENT, "relevant_begin: %zu at query %zu, then %zu, expected no less",
                            relevant_begin[q], q, relevant_begin[q + 1]);
        size_t count = relevant_begin[q + 1] - relevant_begin[q], found = 0;
        if (count == 0)
            continue;
        counted++;
        for (size_t rank = 0; rank < k; rank++) {
            if (!is_among(ranked[q * k + rank], relevant + relevant_begin[q], count))
                continue;
            if (found++ == 0)
                reciprocal_sum += 1 / (double)(rank + 1);
        }
        recall_sum += (double)found / (double)count;
    }
    if (counted == 0)
        return sbj_fail(error, SBERTJA_E_ARGUMENT, "relevant_begin: no query has a relevant row");
    if (mrr != NULL)
        *mrr = reciprocal_sum / (double)counted;
    if (recall != NULL)
        *recall = recall_sum / (double)counted;
    return SBERTJA_OK;
}
