/* What the readers of the archive forms share. A reader gets an archive whose file is open, and adds its tensors. */
#ifndef SBJ_ARCHIVE_PRIVATE_H
#define SBJ_ARCHIVE_PRIVATE_H

#include "io/archive.h"
#include "io/file.h"

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "weight files are little-endian and used as they are; this machine is not"
#endif

struct sbj_archive {
    sbj_alloc alloc;
    char *path;
    sbj_input file;
    sbj_map map; /* of the same file, if it is mapped */
    sbj_stored *tensors; /* in the order of the file; names owned */
    size_t count, capacity;
    const sbj_stored **by_name; /* sorted */
    char **metadata;            /* key, value, ... */
    size_t metadata_count, metadata_capacity;
    void **copies; /* data that the file does not have in one piece */
    size_t copy_count, copy_capacity, spent;
};

sbertja_status sbj_safetensors_read(sbj_archive *archive, sbertja_error *error);
sbertja_status sbj_checkpoint_read(sbj_archive *archive, sbertja_error *error); /* the zip form */
sbertja_status sbj_legacy_read(sbj_archive *archive, sbertja_error *error);

/* Adds a copy of `stored` and of its name; its `count` is computed here. _E_FORMAT when the product of the shape does
 * not fit. */
sbertja_status sbj_archive_add(sbj_archive *archive, const sbj_stored *stored, sbertja_error *error);
sbertja_status sbj_archive_add_metadata(sbj_archive *archive, const char *key, const char *value, sbertja_error *error);
/* Counts bytes that are unpacked or read more than once. A file that asks for much more than its own size is
 * _E_UNSUPPORTED. */
sbertja_status sbj_archive_spend(sbj_archive *archive, size_t bytes, sbertja_error *error);
/* Memory that lives as long as the archive, after it is spent. */
sbertja_status sbj_archive_copy(sbj_archive *archive, size_t bytes, void **memory, sbertja_error *error);

/* Product of the shape; false when it does not fit. */
bool sbj_shape_count(size_t dimensions, const size_t *shape, size_t *count);
bool sbj_dtype_named(const char *name, sbj_dtype *dtype);

/* The bytes that all entries take, and the most elements in one. _E_ARGUMENT for too many dimensions or sizes that do
 * not fit. */
sbertja_status sbj_entries_measure(const sbj_entry *entries, size_t count, size_t element, size_t *bytes,
                                   size_t *largest, sbertja_error *error);

#endif
