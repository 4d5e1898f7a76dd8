/* Growing lists of examples. */
#include "train/dataset.h"

#include <string.h>

#include "text/span.h"

sbertja_status sbj_dataset_create(const sbj_alloc *alloc, sbj_dataset **dataset, sbertja_error *error)
{
    if ((*dataset = sbj_new(alloc, 1, sizeof **dataset)) == NULL)
        return sbj_no_memory(error, sizeof **dataset);
    (*dataset)->alloc = *alloc;
    return SBERTJA_OK;
}

void sbj_dataset_free(sbj_dataset *d)
{
    if (d == NULL || sbj_use_is_begun(&d->use))
        return;
    sbj_alloc alloc = d->alloc;
    for (size_t i = 0; i < d->examples * d->groups; i++)
        sbj_free(&alloc, d->texts[i]);
    sbj_free(&alloc, d->texts);
    sbj_free(&alloc, d->lengths);
    sbj_free(&alloc, d->labels);
    sbj_free(&alloc, d);
}

static bool make_room(sbj_dataset *d, size_t count)
{
    const size_t used = d->examples * count, needed = used + count;
    return sbj_grow(&d->alloc, (void **)&d->texts, &d->text_capacity, used, needed, sizeof *d->texts) &&
           sbj_grow(&d->alloc, (void **)&d->lengths, &d->length_capacity, used, needed, sizeof *d->lengths) &&
           sbj_grow(&d->alloc, (void **)&d->labels, &d->label_capacity, d->examples, d->examples + 1,
                    sizeof *d->labels);
}

sbertja_status sbj_dataset_add(sbj_dataset *d, const char *const *texts, const size_t *lengths, size_t count,
                               double label, sbertja_error *error)
{
    if (count < 1 || count > SBJ_MOST_TEXTS)
        return sbj_fail(error, SBERTJA_E_ARGUMENT, "example %zu: %zu texts, expected 1 to %d", d->examples, count,
                        SBJ_MOST_TEXTS);
    if (d->examples > 0 && count != d->groups)
        return sbj_fail(error, SBERTJA_E_ARGUMENT, "example %zu: %zu texts, the ones before have %zu", d->examples,
                        count, d->groups);
    if (!make_room(d, count))
        return sbj_no_memory(error, count * sizeof *d->texts);
    const size_t at = d->examples * count;
    for (size_t i = 0; i < count; i++) {
        d->lengths[at + i] = sbj_text_length(texts, lengths, i);
        d->texts[at + i] = sbj_copy_text(&d->alloc, texts[i], d->lengths[at + i]);
        if (d->texts[at + i] == NULL) {
            const size_t wanted = d->lengths[at + i];
            while (i-- > 0)
                sbj_free(&d->alloc, d->texts[at + i]);
            return sbj_no_memory(error, wanted);
        }
    }
    d->labels[d->examples++] = label;
    d->groups = count;
    return SBERTJA_OK;
}
