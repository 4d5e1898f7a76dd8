/* What tests of fit need, through the public functions: a small model, the sentences of the sample report, weights. */
#ifndef TRAINING_H
#define TRAINING_H

#include <stdbool.h>

#include "sbertja.h"

/* Random weights, one layer of 16 columns, dropout 0.1. `engine` may be NULL. */
sbertja_model *training_model(const char *device, const char *engine);
/* The first `examples` rows of examples/report/train.tsv with their labels; at most 480. */
sbertja_dataset *training_sentences(size_t examples);
/* Triplets of the same sentences: two of one label and one of another. */
sbertja_dataset *training_triplets(size_t examples);
/* An objective on either: batches of 8 in groups of 2 of a label, or of 4 triplets, which have no text twice with
 * MULTIPLE_NEGATIVES. */
sbertja_objective training_objective(const sbertja_dataset *dataset, sbertja_loss loss);

/* All parameters one after another, to be freed. */
float *training_weights(const sbertja_model *model, size_t *count);
/* Whether two models have the same bits. */
bool training_equal(const sbertja_model *a, const sbertja_model *b);
/* The same of a saved model. */
bool training_equal_saved(const sbertja_model *model, const char *directory);

/* fit, which must succeed. */
sbertja_model *training_fit(const sbertja_model *model, const sbertja_objective *objectives, size_t count,
                            const sbertja_fit_options *options);

#endif
