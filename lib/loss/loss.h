/* Losses on sentence vectors, and their gradients. They run on the host in double: they see N x E numbers only.
 * The formulas are those of sentence_transformers.losses. */
#ifndef SBJ_LOSS_H
#define SBJ_LOSS_H

#include "util/alloc.h"

typedef struct sbj_loss_spec {
    sbertja_loss loss;
    sbertja_metric metric;
    double margin, scale;
    double similarity; /* distillation: weight of the pairs */
} sbj_loss_spec;

typedef enum sbj_label_kind { SBJ_LABEL_UNUSED, SBJ_LABEL_CLASS, SBJ_LABEL_SCORE } sbj_label_kind;

/* What a loss needs of its examples. */
typedef struct sbj_loss_needs {
    const char *name;
    size_t least_texts, most_texts; /* of an example; most_texts 0: any number */
    sbj_label_kind label;           /* a class is an integer, a score any finite number */
    bool by_label;                  /* its batches may be made of groups of one label */
    bool teachers;
} sbj_loss_needs;

enum { SBJ_MOST_TEACHERS = 8 };

/* Distillation: the columns of the head's output that one teacher speaks of. */
typedef struct sbj_loss_part {
    size_t first, width;
    double weight;
} sbj_loss_part;

/* The sentences of a batch, group after group: with three texts an example, rows 0 to n-1 are the first texts, n to 2n-1
 * the second ones, and so on. */
typedef struct sbj_loss_batch {
    size_t examples, groups, dimension;
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
    double active;    /* as sbertja_progress has it */
    double *gradient; /* [groups * examples, dimension], the caller's; set */
    double *output_gradient; /* distillation: [examples, output_width] */
} sbj_loss_result;

/* NULL for a loss that is not known. */
const sbj_loss_needs *sbj_loss_find(sbertja_loss loss);
/* Whether the loss is known, and what it uses of the other fields right. */
sbertja_status sbj_loss_check(const sbj_loss_spec *spec, sbertja_error *error);
sbertja_status sbj_loss_run(const sbj_alloc *alloc, const sbj_loss_spec *spec, const sbj_loss_batch *batch,
                            sbj_loss_result *result, sbertja_error *error);

/* One file each. */
sbertja_status sbj_loss_batch_all(const sbj_alloc *alloc, const sbj_loss_spec *spec, const sbj_loss_batch *batch,
                                  sbj_loss_result *result, sbertja_error *error);
sbertja_status sbj_loss_triplet(const sbj_alloc *alloc, const sbj_loss_spec *spec, const sbj_loss_batch *batch,
                                sbj_loss_result *result, sbertja_error *error);
sbertja_status sbj_loss_cosine_similarity(const sbj_alloc *alloc, const sbj_loss_spec *spec, const sbj_loss_batch *batch,
                                          sbj_loss_result *result, sbertja_error *error);
sbertja_status sbj_loss_cosent(const sbj_alloc *alloc, const sbj_loss_spec *spec, const sbj_loss_batch *batch,
                               sbj_loss_result *result, sbertja_error *error);
sbertja_status sbj_loss_multiple_negatives(const sbj_alloc *alloc, const sbj_loss_spec *spec,
                                           const sbj_loss_batch *batch, sbj_loss_result *result, sbertja_error *error);
sbertja_status sbj_loss_distillation(const sbj_alloc *alloc, const sbj_loss_spec *spec, const sbj_loss_batch *batch,
                                     sbj_loss_result *result, sbertja_error *error);

#endif
