/* Which examples make the next batch: an endless stream that follows from the seed alone.
 *
 *   by label   as SentenceLabelDataset in a DataLoader: groups of `samples_per_label` sentences of one label, the labels
 *              in a new random order each round. A label's sentences are dealt like cards, all before any comes again.
 *              Neighbouring groups never share a label, so no batch has one label only; and every batch is full.
 *   plain      the data shuffled anew for each pass, or in its own order; the last batch of a pass may be smaller
 *   distinct   plain, but an example with a text that the batch has already waits for a later batch of the pass: its
 *              last batches may be smaller, and more than otherwise
 *
 * The last two may also be limited in tokens: a batch ends before the example that would be too much. */
#ifndef SBJ_SAMPLER_H
#define SBJ_SAMPLER_H

#include "train/dataset.h"
#include "util/log.h"
#include "util/rng.h"

typedef struct sbj_deck {
    double label;
    size_t count, next; /* cards, and the next one to deal */
    size_t *cards;      /* example numbers */
} sbj_deck;

typedef struct sbj_sampler {
    sbj_alloc alloc;
    sbj_rng rng;
    size_t batch_size, per_label; /* per_label 0: plain */
    bool shuffle;
    size_t examples;              /* that can come */
    size_t deck_count;
    sbj_deck *decks;              /* plain: one with all examples */
    size_t *order, next_label;    /* by label: this round's order of decks */
    size_t *cards;                /* memory under the decks */
    size_t groups, batch;         /* distinct: texts an example; the batch's number, from 1 */
    size_t *text_numbers;         /* distinct: [examples, groups], equal for equal texts; else NULL */
    size_t *last_batch;           /* distinct: the last batch that a text was in, by its number */
    size_t *tokens, batch_tokens, all_tokens; /* limited: of each example, of a batch at most, of all; else NULL */
} sbj_sampler;

sbertja_status sbj_sampler_create(const sbj_alloc *alloc, const sbj_dataset *dataset, const sbertja_objective *objective,
                                  uint64_t seed, uint32_t stream, const sbj_log *log, sbj_sampler *sampler,
                                  sbertja_error *error);
/* From now on a batch has at most `batch_tokens` tokens, or one example. `counts`: the tokens of each text. Not for a
 * sampler by label. */
sbertja_status sbj_sampler_limit(sbj_sampler *sampler, const sbj_dataset *dataset, const size_t *counts,
                                 size_t batch_tokens, sbertja_error *error);
void sbj_sampler_free(sbj_sampler *sampler); /* takes a zeroed one */
size_t sbj_sampler_batches(const sbj_sampler *sampler); /* of one epoch: about as many as hold all */
/* Writes at most batch_size example numbers; returns how many. */
size_t sbj_sampler_next(sbj_sampler *sampler, size_t *rows);

#endif
