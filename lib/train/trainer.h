/* One step of training: batches of examples -> vectors -> loss -> gradients, then clipping -> AdamW. Holds the weights
 * being trained, their gradients, and for each objective moments of its own, as SentenceTransformer.fit makes one
 * optimizer an objective. */
#ifndef SBJ_TRAINER_H
#define SBJ_TRAINER_H

#include "loss/loss.h"
#include "model/session.h"
#include "optim/schedule.h"
#include "train/distinct.h"
#include "train/sampler.h"
#include "train/teacher.h"

/* An objective's own state. */
typedef struct sbj_goal {
    size_t index;
    sbj_loss_spec loss;
    const sbj_dataset *dataset;
    sbj_token_lists tokens; /* of all its texts, made once */
    sbj_sampler sampler;
    size_t *rows;           /* this step's examples */
    sbj_tensor m, v;        /* moments: [1, arena_size] */
    unsigned char *reached; /* of each row of the word table: whether a batch of this objective had its token */
    size_t words;           /* rows of the word table */
    uint64_t updates;
} sbj_goal;

typedef struct sbj_trainer {
    const sbj_model *parent; /* whose copy is trained */
    const sbj_model *model;  /* where the weights began: the parent, or `with_head` */
    sbj_model *with_head;    /* the parent with a head that gives the teachers' vectors; NULL: no teachers */
    bool keep_head;
    sbj_teachers teachers;
    sbj_alloc alloc;
    sbj_log log;
    sbj_pool *pool;
    sbj_watch watch; /* while texts are tokenized */
    sbj_encoding **encodings;
    sbj_tensor parameters, gradients; /* [1, arena_size] */
    sbj_views weights, weight_gradients;
    sbj_segment *segments; /* the first is the word table */
    size_t segment_count;
    sbj_workspace workspace;
    double *vectors, *vector_gradients; /* host; before the head, if there is one */
    double *outputs, *output_gradients, *targets; /* of the head */
    size_t vector_capacity, gradient_capacity, output_capacity, output_gradient_capacity, target_capacity;
    sbj_distinct batch; /* this step's sentences */
    sbj_goal *goals;
    size_t goal_count;
    /* fixed for the whole training */
    sbj_schedule schedule;
    size_t warmup_steps;
    double learning_rate, beta1, beta2, epsilon, weight_decay, max_grad_norm;
    bool correct_bias, dropout;
    sbj_precision precision; /* of the encoder's products */
    size_t accumulation; /* batches of an objective in a step */
    uint64_t seed;
} sbj_trainer;

typedef struct sbj_step_result {
    double loss, active; /* means over the batches */
    double grad_norm;    /* of the mean gradient */
    size_t sentences;
} sbj_step_result;

sbertja_status sbj_trainer_create(const sbj_model *model, const sbertja_objective *objectives, size_t count,
                                  const sbertja_fit_options *options, sbj_trainer **trainer, sbertja_error *error);
void sbj_trainer_free(sbj_trainer *trainer);
/* Frees moments, gradients and workspace: no step, check or checkpoint comes any more, but a model can still be made. */
void sbj_trainer_end(sbj_trainer *trainer);
/* The next batches of objective `goal`, and one update by their mean gradient; `step` keys the dropout. */
sbertja_status sbj_trainer_step(sbj_trainer *trainer, size_t goal, size_t step, double learning_rate,
                                sbj_step_result *result, sbertja_error *error);
/* Takes the objective's next batch: its examples into `rows`, its tokens among those reached. Returns the number of
 * examples. */
size_t sbj_goal_next(sbj_goal *goal);
/* After new weights: what the back end keeps of them in a form of its own. */
sbertja_status sbj_trainer_prepare(sbj_trainer *trainer, sbertja_error *error);
/* The error of a training whose numbers are none any more: nothing sound comes after it. */
sbertja_status sbj_diverged(const char *what, sbertja_error *error);
/* An error if the last batch's vectors are not finite with the weights as they now are: the update after it has broken
 * them, and no step comes that would notice. */
sbertja_status sbj_trainer_check(sbj_trainer *trainer, sbertja_error *error);
/* A model with the weights as they now are, without the head unless it is kept. */
sbertja_status sbj_trainer_model(const sbj_trainer *trainer, sbj_model **model, sbertja_error *error);

/* checkpoint_state.c. The configuration is compared on reading, and what differs is named. */
typedef struct sbj_progress_state {
    size_t done, total; /* steps */
    bool evaluated;     /* the evaluations that were due after the last step have been made */
    double best;        /* score so far; -infinity: none */
} sbj_progress_state;
sbertja_status sbj_trainer_write(const sbj_trainer *trainer, const sbj_progress_state *state, const char *directory,
                                 sbertja_error *error);
/* Whether a checkpoint could be written there. Makes the parents. */
sbertja_status sbj_trainer_check_target(const sbj_model *model, const char *directory, sbertja_error *error);
/* Whether there is a checkpoint to resume from. No such directory, or one without a description, is none; a description
 * that cannot be read is an error, since a training must not begin again unasked. */
sbertja_status sbj_find_checkpoint(const sbj_alloc *alloc, const char *directory, bool *found, sbertja_error *error);
/* `any`: also one that was written in another environment (checkpoint_compare.h). */
sbertja_status sbj_trainer_read(sbj_trainer *trainer, const char *directory, bool any, sbj_progress_state *state,
                                sbertja_error *error);

/* fit.c: the loop over epochs and steps. */
sbertja_status sbj_fit(const sbj_model *model, const sbertja_objective *objectives, size_t count,
                       const sbertja_fit_options *options, sbj_model **trained, sbertja_error *error);

#endif
