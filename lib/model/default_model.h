/* The model that comes with the library, and where it is: places that follow from where the library's own file lies, then
 * the data folder that was named when it was built. Nothing is remembered and no environment is read. */
#ifndef SBJ_DEFAULT_MODEL_H
#define SBJ_DEFAULT_MODEL_H

#include <stdbool.h>
#include <stddef.h>

#include "util/status.h"

enum { SBJ_PATH_ROOM = 4096 };

/* The file that holds this code, absolute and without symbolic links: the shared library, or the program where the
 * library is a part of it. False when the system does not say. */
bool sbj_own_file(char path[SBJ_PATH_ROOM]);

/* The `index`-th place to look at for a library in `file`, an absolute path, or NULL if that is not known; false past the
 * last. A place that does not fit into `room` is the empty text. */
bool sbj_default_model_place(const char *file, size_t index, char *path, size_t room);

/* The first place that has a model; _E_MISSING names all. `path` is left alone by a failure. */
sbertja_status sbj_default_model_find(const char *file, char path[SBJ_PATH_ROOM], sbertja_error *error);

#endif
