/* The tensors of a pickled dict: what the two forms of PyTorch checkpoints have in common. */
#ifndef SBJ_STATE_DICT_H
#define SBJ_STATE_DICT_H

#include "io/archive_private.h"
#include "io/unpickle.h"

/* What a persistent id says of a storage: ("storage", class, key, location, number of elements[, None]). */
typedef struct sbj_storage {
    const char *key; /* in the pickle, without a NUL */
    size_t key_length;
    sbj_dtype dtype;
    size_t count, bytes;
} sbj_storage;

sbertja_status sbj_storage_read(const sbj_pickled *value, sbj_storage *storage, sbertja_error *error);

/* Where the bytes of a storage are: in memory, or, where that is NULL, in the archive's file. */
typedef struct sbj_found {
    const unsigned char *data;
    size_t place;
} sbj_found;

/* Finds the `storage->bytes` bytes of a storage. */
typedef sbertja_status (*sbj_storage_find)(void *context, const sbj_storage *storage, sbj_found *found,
                                           sbertja_error *error);

/* Adds the tensors of a pickled dict to the archive. Entries that are no tensors (an epoch, an optimizer) are passed
 * over; anything but a dict is _E_FORMAT. A tensor whose elements do not lie in row order is copied into row order. */
sbertja_status sbj_state_dict_read(sbj_archive *archive, const sbj_pickled *dictionary, sbj_storage_find find,
                                   void *context, sbertja_error *error);

#endif
