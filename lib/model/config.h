/* The sizes and rates of a BERT encoder, from config.json. */
#ifndef SBJ_CONFIG_H
#define SBJ_CONFIG_H

#include "backend/backend.h"
#include "io/json.h"

typedef struct sbj_config {
    size_t vocabulary, hidden, layers, heads, intermediate, max_positions, types;
    double eps; /* of LayerNorm */
    sbj_activation activation;
    double hidden_dropout, attention_dropout;
} sbj_config;

/* Reads and checks config.json. Another architecture is _E_UNSUPPORTED by name; sizes that cannot be are _E_FORMAT. */
sbertja_status sbj_config_read(const sbj_alloc *alloc, const char *path, sbj_config *config, sbertja_error *error);
/* The same checks on sizes that the caller made; `name` is what errors call them. */
sbertja_status sbj_config_check(const sbj_config *config, const char *name, sbertja_error *error);
/* config.json of a BertModel that is to be loaded as float32, however its weights are stored. `pad`: pad_token_id; below 0:
 * none. `kept`: a former config.json, whose other members stay; may be NULL. */
sbertja_status sbj_config_write(const sbj_config *config, long pad, const struct cJSON *kept, const char *path,
                                sbertja_error *error);

/* "gelu", "gelu_new", "relu" and torch's names; false for others. */
bool sbj_activation_parse(const char *name, sbj_activation *activation);
const char *sbj_activation_name(sbj_activation activation);

#endif
