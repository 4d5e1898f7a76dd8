/* The memory of one session or trainer: activations, gradients of activations, the batch, the back end's scratch. One
 * arena, planned for a number of tokens and sentences and planned anew only when a batch is larger; memory follows from
 * the token budget, not from the data.
 *
 * What forward leaves for backward is in the records below, the very ones that the operations take. In inference all
 * layers share one layer's records, the output of a layer takes the place of its input, and inner.y that of qkv.y and
 * attention.y, which are dead by then. */
#ifndef SBJ_WORKSPACE_H
#define SBJ_WORKSPACE_H

#include "model/network.h"

typedef struct sbj_layer_records {
    sbj_linear qkv;
    sbj_attention attention;
    sbj_linear_norm self_output;
    sbj_linear inner;
    sbj_linear_norm output;
} sbj_layer_records;

/* A module after the pooling. */
typedef struct sbj_stage {
    sbj_linear dense;
    sbj_normalize normalize;
} sbj_stage;

typedef struct sbj_workspace {
    const sbj_backend *backend;
    const sbj_network *network;
    sbj_alloc alloc;
    bool training;
    sbj_precision precision; /* of a training's matrices */
    size_t tokens, sentences, longest; /* planned for */
    int threads;
    sbj_buffer *arena, *scratch, *integers;
    size_t scratch_size;

    sbj_batch batch;
    int32_t *host_ids, *host_positions, *host_cu;

    sbj_tensor hidden;      /* [T, H]: the input of the first layer; in inference of all, and their output */
    sbj_embed embed;
    sbj_layer_records *layers; /* config.layers of them in training, else one */
    sbj_pool_op pool; /* the caller sets pool.skip, which is 0 at first */
    sbj_stage stages[SBJ_MOST_MODULES]; /* by module index; the pooling's is unused */
    sbj_tensor vectors;     /* [N, E]: the result */
    sbj_tensor vector_gradients; /* [N, E]: the caller sets it before backward */
    /* A training with a head (the last module, then Dense): the vectors that go into it, and their gradient apart from
     * what comes back through the head, which the caller sets too if `body_gradient` says so. */
    bool body_gradient;
    sbj_tensor body, body_gradients;
    /* training: gradients of activations, overwritten from layer to layer */
    sbj_tensor d_hidden[2], d_qkv, d_context, d_inner, d_stage[SBJ_MOST_MODULES];
} sbj_workspace;

void sbj_workspace_init(const sbj_backend *backend, const sbj_network *network, const sbj_alloc *alloc, bool training,
                        int threads, sbj_workspace *workspace);
/* Makes it large enough; contents are lost when it grows. */
sbertja_status sbj_workspace_reserve(sbj_workspace *workspace, size_t tokens, size_t sentences, size_t longest,
                                     sbertja_error *error);
/* Packs sentences into the batch: `ids[i]` has `counts[i]` tokens. Reserves what is needed. */
sbertja_status sbj_workspace_pack(sbj_workspace *workspace, const int32_t *const *ids, const size_t *counts,
                                  size_t sentences, sbertja_error *error);
void sbj_workspace_free(sbj_workspace *workspace); /* takes a zeroed one */

#endif
