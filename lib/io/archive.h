/* Named tensors in a file: model.safetensors (safetensors.c) or pytorch_model.bin (checkpoint.c: the zip form; legacy.c:
 * the older one; unpickle.c: the reader of both). The data is not copied where the file has it in one piece. */
#ifndef SBJ_ARCHIVE_H
#define SBJ_ARCHIVE_H

#include "io/file.h"

typedef enum sbj_dtype {
    SBJ_DTYPE_F64 = 1, SBJ_DTYPE_F32, SBJ_DTYPE_F16, SBJ_DTYPE_BF16,
    SBJ_DTYPE_I64, SBJ_DTYPE_I32, SBJ_DTYPE_I16, SBJ_DTYPE_I8, SBJ_DTYPE_U8, SBJ_DTYPE_BOOL
} sbj_dtype;

const char *sbj_dtype_name(sbj_dtype dtype); /* "F32" */
size_t sbj_dtype_size(sbj_dtype dtype);

enum { SBJ_MOST_DIMENSIONS = 8 };

typedef struct sbj_stored {
    const char *name;
    sbj_dtype dtype;
    size_t dimensions, shape[SBJ_MOST_DIMENSIONS];
    size_t count;     /* product of the shape; 1 for a scalar */
    const void *data; /* count elements in row order, little-endian; perhaps not aligned */
} sbj_stored;

typedef struct sbj_archive sbj_archive;

/* Which form a file has is told by its content. Anything but a sound file is _E_FORMAT with the place. */
sbertja_status sbj_archive_open(const sbj_alloc *alloc, const char *path, sbj_archive **archive, sbertja_error *error);
void sbj_archive_free(sbj_archive *archive);
size_t sbj_archive_count(const sbj_archive *archive);
const sbj_stored *sbj_archive_at(const sbj_archive *archive, size_t index);
const sbj_stored *sbj_archive_find(const sbj_archive *archive, const char *name); /* NULL: none */
/* The metadata entry of a safetensors file, or NULL. */
const char *sbj_archive_metadata(const sbj_archive *archive, const char *key);
/* Gives back the memory of the tensor's data as far as the file has it; it comes back when it is read again. */
void sbj_archive_forget(const sbj_archive *archive, const sbj_stored *stored);
/* Some rows of a matrix, as a tensor of their own. */
sbj_stored sbj_stored_rows(const sbj_stored *stored, size_t first, size_t rows);
/* F64, F32, F16, BF16 to float; _E_UNSUPPORTED for the other types. */
sbertja_status sbj_stored_floats(const sbj_stored *stored, float *values, sbertja_error *error);

/* What is to be written. `fetch` gives the values of entry `index` as floats. */
typedef struct sbj_entry {
    const char *name;
    size_t dimensions, shape[SBJ_MOST_DIMENSIONS];
} sbj_entry;
typedef sbertja_status (*sbj_fetch)(void *context, size_t index, float *values, sbertja_error *error);

/* A safetensors file in a directory that is being built, synced. Entries in the order given, data aligned to 64 bytes,
 * metadata {"format": "pt"} plus `metadata` pairs (key, value, ..., NULL; may be NULL). dtype F32, F16 or BF16, rounded
 * to nearest even. */
sbertja_status sbj_safetensors_write(const sbj_alloc *alloc, const char *path, sbj_dtype dtype, const sbj_entry *entries,
                                     size_t count, const char *const *metadata, sbj_fetch fetch, void *context,
                                     sbertja_error *error);
/* The 0.4.1 layout's pytorch_model.bin, zip form, F32. */
sbertja_status sbj_checkpoint_write(const sbj_alloc *alloc, const char *path, const sbj_entry *entries, size_t count,
                                    sbj_fetch fetch, void *context, sbertja_error *error);

#endif
