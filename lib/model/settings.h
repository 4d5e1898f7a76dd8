/* config_sentence_transformers.json: prompts, the similarity function and the number of dimensions that are kept of a
 * sentence vector. */
#ifndef SBJ_SETTINGS_H
#define SBJ_SETTINGS_H

#include "model/kept.h"

/* Checks the types of what the library reads. `*truncate`: the dimensions that are kept; 0: all. `json->root` may be NULL. */
sbertja_status sbj_settings_check(const sbj_json *json, size_t *truncate, sbertja_error *error);
/* The prompt of this name, or the default one where `name` is NULL; NULL: there is none. */
const char *sbj_settings_prompt(const sbj_json *json, const char *name);
/* Adds prompts, default_prompt_name, similarity_fn_name and truncate_dim to a description. */
void sbj_settings_describe(const sbj_json *json, sbj_json_tree *tree, struct cJSON *object);
/* The file as it is to be written: what is kept of it with `changes` laid over it, a JSON object or NULL. `*special`: it says
 * more than an absent file does. */
sbertja_status sbj_settings_build(const sbj_alloc *alloc, const sbj_kept *kept, const char *changes,
                                  sbj_json_tree *tree, bool *special, sbertja_error *error);

#endif
