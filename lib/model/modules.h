/* The modules after the transformer, as files: 1_Pooling/config.json, 2_Dense/config.json. */
#ifndef SBJ_MODULES_H
#define SBJ_MODULES_H

#include "model/layout.h"

/* Fills in the module (whose kind and folder are known) from its config.json in `directory`. */
sbertja_status sbj_module_read(const sbj_alloc *alloc, const char *directory, sbj_module *module, sbertja_error *error);
/* Writes its config.json, as all versions read it. `width` is that of its input. `kept`: a former config.json, whose
 * members stay as far as the library does not know them; may be NULL. */
sbertja_status sbj_module_write(const sbj_module *module, size_t width, const struct cJSON *kept, const char *path,
                                sbertja_error *error);

/* Pooling modes in another order than the flags': no version before 6 can be told such an order, so a save writes the flags
 * and a Dense module behind them that only puts the blocks into their places. Its entry in modules.json has the order under
 * "pooling_order", by which a load knows it again and makes one pooling of both. */
bool sbj_pooling_is_reordered(const sbj_module *pooling);
/* Where the flags' order has the mode that is the pooling's number `index`. */
size_t sbj_pooling_place(const sbj_module *pooling, size_t index);
/* Gives the pooling the order that an entry names. */
sbertja_status sbj_pooling_reorder(sbj_module *pooling, const sbj_json *json, const struct cJSON *order,
                                   sbertja_error *error);

#endif
