/* The network, forward (bert.c, head.c) and backward (bert_grad.c, head_grad.c), over a workspace that holds a packed
 * batch. */
#ifndef SBJ_BERT_H
#define SBJ_BERT_H

#include "model/workspace.h"

/* Dropout sites: 0 the embeddings, then three a layer: attention, its output, the layer's output. */
enum { SBJ_SITE_EMBED = 0, SBJ_SITE_LAYER = 1, SBJ_SITES_A_LAYER = 3 };

/* From ids to sentence vectors in `workspace->vectors` ([N, E], the first N rows). `dropout`: apply the configured
 * rates, keyed by run->seed and run->step; only in a training workspace. */
sbertja_status sbj_forward(const sbj_run *run, const sbj_views *weights, sbj_workspace *workspace, bool dropout,
                           sbertja_error *error);
/* From the gradient in `workspace->vector_gradients` to the parameters' gradients, which are added to. Right after the
 * forward of the same batch. */
sbertja_status sbj_backward(const sbj_run *run, sbj_workspace *workspace, const sbj_views *gradients,
                            sbertja_error *error);

/* The parts, also for tests. */
sbertja_status sbj_bert_forward(const sbj_run *run, const sbj_views *weights, sbj_workspace *workspace, bool dropout,
                                sbj_tensor *hidden, sbertja_error *error);
sbertja_status sbj_head_forward(const sbj_run *run, const sbj_views *weights, sbj_workspace *workspace,
                                sbj_tensor hidden, sbertja_error *error);
sbertja_status sbj_bert_backward(const sbj_run *run, sbj_workspace *workspace, const sbj_views *gradients,
                                 sbertja_error *error);
sbertja_status sbj_head_backward(const sbj_run *run, sbj_workspace *workspace, const sbj_views *gradients,
                                 sbj_tensor d_hidden, sbertja_error *error);

#endif
