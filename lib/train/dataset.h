/* Examples: some texts, and a label or score. */
#ifndef SBJ_DATASET_H
#define SBJ_DATASET_H

#include "util/alloc.h"
#include "util/use.h"

enum { SBJ_MOST_TEXTS = 8 }; /* of an example */

typedef struct sbj_dataset {
    sbj_alloc alloc;
    size_t examples, groups; /* groups: texts an example, known from the first one on */
    char **texts;            /* [examples * groups]: example by example */
    size_t *lengths;
    double *labels;
    size_t text_capacity, length_capacity, label_capacity;
    sbj_use use; /* by add */
} sbj_dataset;

sbertja_status sbj_dataset_create(const sbj_alloc *alloc, sbj_dataset **dataset, sbertja_error *error);
sbertja_status sbj_dataset_add(sbj_dataset *dataset, const char *const *texts, const size_t *lengths, size_t count,
                               double label, sbertja_error *error);
void sbj_dataset_free(sbj_dataset *dataset);

#endif
