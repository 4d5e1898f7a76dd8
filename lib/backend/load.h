/* Back ends by name, besides sbj_backend_create of backend.h. */
#ifndef SBJ_LOAD_H
#define SBJ_LOAD_H

#include "backend/backend.h"

const char *sbj_devices(void); /* names separated by blanks, best first: what sbertja_devices gives */

#endif
