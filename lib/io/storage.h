/* The storages of a PyTorch checkpoint, and the tensors that are windows into them. */
#ifndef SBJ_STORAGE_H
#define SBJ_STORAGE_H

#include "io/archive_private.h"
#include "io/unpickle.h"

typedef struct sbj_storage {
    const char *key;
    const unsigned char *data;
    size_t bytes;
} sbj_storage;

/* Adds a tensor to the archive: where it lies when the file has it in row order, else copied into that order. */
sbertja_status sbj_storage_add(sbj_archive *archive, const sbj_pickled_tensor *tensor, const sbj_storage *storage,
                               sbertja_error *error);

#endif
