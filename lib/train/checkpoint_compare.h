/* What a checkpoint says of the training that wrote it, and whether another one may go on from it.
 *
 *   configuration   data, options and network: another one is another training, which never goes on
 *   environment     what the last bits depend on besides: the library's version, the device, its engine and instruction set,
 *                   the precision of products, the dictionary. If that differs the training goes on only when it is asked
 *                   to ("any"), and each difference goes to the log
 */
#ifndef SBJ_CHECKPOINT_COMPARE_H
#define SBJ_CHECKPOINT_COMPARE_H

#include "io/json.h"
#include "train/trainer.h"

void sbj_put_configuration(sbj_json_tree *tree, struct cJSON *object, const sbj_trainer *trainer,
                           const sbj_progress_state *state);
void sbj_put_environment(sbj_json_tree *tree, struct cJSON *object, const sbj_trainer *trainer);

/* _E_FORMAT with all that differs. `json` is the checkpoint's description, with an object "configuration". */
sbertja_status sbj_compare_checkpoint(const sbj_trainer *trainer, const sbj_progress_state *state, const sbj_json *json,
                                      bool any, sbertja_error *error);

#endif
