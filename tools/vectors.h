/* From the options that every model-reading sub-command has, to a model and to sentence vectors. */
#ifndef SBERTJA_VECTORS_H
#define SBERTJA_VECTORS_H

#include "options.h"

#include <sbertja.h>

typedef struct model_settings {
    const char *directory; /* -m; NULL: the default model */
    sbertja_load_options load;
    sbertja_session_options session;
    option options[12]; /* rows for usage.common, which point into this struct */
} model_settings;

/* What the sub-command does with a model: options that it has no use for are left out. */
enum { SETTINGS_TOKENS = 1, SETTINGS_LOAD = 2, SETTINGS_VECTORS = 4, SETTINGS_DIRECTORY = 8 };

/* Defaults, and the rows for `what` (a sum of the above). */
void model_settings_init(model_settings *settings, int what);

int model_open(const model_settings *settings, sbertja_model **model);

/* The vectors of texts: `*vectors` [count, dimension] belongs to the caller, free(). `lengths` may be NULL. */
int vectors_of(const sbertja_model *model, const model_settings *settings, const char *const *texts,
               const size_t *lengths, size_t count, float **vectors);

#endif
