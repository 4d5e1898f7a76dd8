/* Losses on sentence vectors, and their gradients. They run on the host in double: they see N x E numbers only.
 * The formulas are those of sentence_transformers.losses. */
#ifndef SBJ_LOSS_H
#define SBJ_LOSS_H

#include "util/alloc.h"

typedef struct sbj_loss_spec {
    sbertja_loss loss;
    sbertja_metric metric;
    double margin;
    double similarity; /* distillation: weight of the pairs */
} sbj_loss_spec;

enum { SBJ_MOST_TEACHERS = 8 };

/* Distillation: the columns of the head's output that one teacher speaks of. */
typedef struct sbj_loss_part {
    size_t first, width;
    double weight;
} sbj_loss_part;

/* The sentences of a batch, group after group: with three texts an example, rows 0 to n-1 are the first texts, n to 2n-1
 * the second ones, and so on. */
typedef struct sbj_loss_batch {
    size_t examples, dimension;
    const double *vectors; /* [groups * examples, dimension] */
    const double *labels;  /* [examples] */
    /* distillation */
    size_t output_width;
    const double *outputs, *targets; /* [examples, output_width]: of the head, and what it should give */
    const sbj_loss_part *parts;      /* of the teachers that speak of these examples */
    size_t part_count;
} sbj_loss_batch;

typedef struct sbj_loss_result {
    double loss;
    double active;    /* share of the triplets whose loss is not 0 */
    double *gradient; /* [groups * examples, dimension], the caller's; set */
    double *output_gradient; /* distillation: [examples, output_width] */
} sbj_loss_result;

/* Texts an example must have; 0 for a loss that is not known. */
size_t sbj_loss_groups(sbertja_loss loss);
bool sbj_loss_wants_labels(sbertja_loss loss); /* integer labels */
bool sbj_loss_wants_teachers(sbertja_loss loss);
sbertja_status sbj_loss_check(const sbj_loss_spec *spec, sbertja_error *error);
sbertja_status sbj_loss_run(const sbj_alloc *alloc, const sbj_loss_spec *spec, const sbj_loss_batch *batch,
                            sbj_loss_result *result, sbertja_error *error);

/* One file each. */
sbertja_status sbj_loss_batch_all(const sbj_alloc *alloc, const sbj_loss_spec *spec, const sbj_loss_batch *batch,
                                  sbj_loss_result *result, sbertja_error *error);
sbertja_status sbj_loss_triplet(const sbj_alloc *alloc, const sbj_loss_spec *spec, const sbj_loss_batch *batch,
                                sbj_loss_result *result, sbertja_error *error);
sbertja_status sbj_loss_distillation(const sbj_alloc *alloc, const sbj_loss_spec *spec, const sbj_loss_batch *batch,
                                     sbj_loss_result *result, sbertja_error *error);

#endif
