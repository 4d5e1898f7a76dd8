/* Equal sentences of a batch. Rows move in place: which[i] <= i, so spreading goes from the last row to the first,
 * summing from the first to the last. */
#include "train/distinct.h"

#include <string.h>

sbertja_status sbj_distinct_begin(sbj_distinct *d, const sbj_alloc *alloc, size_t sentences, sbertja_error *error)
{
    d->sentences = d->count = 0;
    if (!sbj_grow(alloc, (void **)&d->ids, &d->id_capacity, 0, sentences, sizeof *d->ids) ||
        !sbj_grow(alloc, (void **)&d->lengths, &d->length_capacity, 0, sentences, sizeof *d->lengths) ||
        !sbj_grow(alloc, (void **)&d->which, &d->which_capacity, 0, sentences, sizeof *d->which))
        return sbj_no_memory(error, sentences * sizeof *d->which);
    return SBERTJA_OK;
}

void sbj_distinct_add(sbj_distinct *d, const int32_t *ids, size_t length, bool once)
{
    size_t k = once ? 0 : d->count;
    while (k < d->count && (d->lengths[k] != length || memcmp(d->ids[k], ids, length * sizeof *ids) != 0))
        k++;
    if (k == d->count) {
        d->ids[k] = ids;
        d->lengths[k] = length;
        d->count++;
    }
    d->which[d->sentences++] = k;
}

void sbj_distinct_spread(const sbj_distinct *d, double *rows, size_t width)
{
    for (size_t i = d->sentences; i-- > 0 && width > 0;)
        if (d->which[i] != i)
            memcpy(rows + i * width, rows + d->which[i] * width, width * sizeof *rows);
}

void sbj_distinct_sum(const sbj_distinct *d, double *rows, size_t width)
{
    size_t met = 0; /* distinct ones so far */
    for (size_t i = 0; i < d->sentences && width > 0; i++) {
        double *sum = rows + d->which[i] * width;
        const double *row = rows + i * width;
        if (d->which[i] < met) {
            for (size_t c = 0; c < width; c++)
                sum[c] += row[c];
        } else {
            memmove(sum, row, width * sizeof *row);
            met++;
        }
    }
}

void sbj_distinct_free(sbj_distinct *d, const sbj_alloc *alloc)
{
    sbj_free(alloc, d->ids);
    sbj_free(alloc, d->lengths);
    sbj_free(alloc, d->which);
}
