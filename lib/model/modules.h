/* The modules after the transformer, as files: 1_Pooling/config.json, 2_Dense/config.json. */
#ifndef SBJ_MODULES_H
#define SBJ_MODULES_H

#include "model/layout.h"

/* Fills in the module (whose kind and folder are known) from its config.json in `directory`. */
sbertja_status sbj_module_read(const sbj_alloc *alloc, const char *directory, sbj_module *module, sbertja_error *error);
/* Writes its config.json; `old_keys`: as 0.4.1 reads it. `width` is that of its input. `kept`: a former config.json, whose
 * members stay as far as the library does not know them; may be NULL. */
sbertja_status sbj_module_write(const sbj_module *module, size_t width, bool old_keys, const struct cJSON *kept,
                                const char *path, sbertja_error *error);

#endif
