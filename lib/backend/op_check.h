/* What must hold of a record before a back end sees it: presence, types, shapes, windows apart, rates, batches. Used by
 * op.c alone. The messages name the operation, the tensor and the numbers, with the letters of backend.h:
 *
 *     linear: x: [5, 768], expected [M, in] = [5, 3072]
 *
 * A record that fails here is a fault of the model code, hence _E_INTERNAL. Nothing takes longer than the number of
 * sentences or parameters. `gradients` is NULL for the forward. */
#ifndef SBJ_OP_CHECK_H
#define SBJ_OP_CHECK_H

#include "backend/backend.h"

sbertja_status sbj_check_embed(const sbj_run *, const sbj_embed *, const sbj_embed_gradients *, sbertja_error *);
sbertja_status sbj_check_linear(const sbj_run *, const sbj_linear *, const sbj_linear_gradients *, sbertja_error *);
sbertja_status sbj_check_linear_norm(const sbj_run *, const sbj_linear_norm *, const sbj_linear_norm_gradients *,
                                     sbertja_error *);
sbertja_status sbj_check_attention(const sbj_run *, const sbj_attention *, const sbj_attention_gradients *,
                                   sbertja_error *);
sbertja_status sbj_check_pool(const sbj_run *, const sbj_pool_op *, const sbj_pool_gradients *, sbertja_error *);
sbertja_status sbj_check_normalize(const sbj_run *, const sbj_normalize *, const sbj_normalize_gradients *,
                                   sbertja_error *);
sbertja_status sbj_check_sumsq(const sbj_run *, const sbj_sumsq *, sbertja_error *);
sbertja_status sbj_check_adamw(const sbj_run *, const sbj_adamw *, sbertja_error *);
sbertja_status sbj_check_matrix(const sbj_backend *, const sbj_matrix *, sbertja_error *);

#endif
