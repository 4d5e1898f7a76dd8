/* Named tensors in a file: model.safetensors (safetensors.c) or pytorch_model.bin (checkpoint.c: the zip form; legacy.c:
 * the older one; unpickle.c: the reader of both). Opening reads names and shapes only; values are read from the open file
 * when they are asked for (stored.c), or used in place where the file is mapped. */
#ifndef SBJ_ARCHIVE_H
#define SBJ_ARCHIVE_H

#include "io/input.h"
#include "util/pool.h"

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
    size_t count; /* product of the shape; 1 for a scalar */
    /* Its elements in row order, little-endian, perhaps not aligned: in memory that lives as long as the archive, or, where
     * that is NULL, in the file from `place` on. */
    const void *data;
    const sbj_input *file;
    size_t place;
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
/* Maps the file, so that `data` of its tensors points into it. From then on a file that is cut short ends the process,
 * and one that is written to changes its tensors. */
sbertja_status sbj_archive_map(sbj_archive *archive, sbertja_error *error);
/* Gives back the memory of the tensor's data in a mapped file; it comes back when it is read again. */
void sbj_archive_forget(const sbj_archive *archive, const sbj_stored *stored);
/* Whether the file was changed in the last milliseconds, see sbj_input. */
bool sbj_archive_is_fresh(const sbj_archive *archive);
/* _E_IO if the file was written to since it was opened. */
sbertja_status sbj_archive_check(const sbj_archive *archive, sbertja_error *error);

/* ---- Values (stored.c). F64, F32, F16 and BF16 become floats; the other types are _E_UNSUPPORTED. ---- */

enum { SBJ_BLOCK = 1 << 16 }; /* elements that are read at a time */

/* Some of the tensor's bytes, as the file has them. */
sbertja_status sbj_stored_bytes(const sbj_stored *stored, size_t offset, size_t size, void *bytes, sbertja_error *error);
/* All of them, by the threads of a pool. */
sbertja_status sbj_stored_copy(const sbj_stored *stored, sbj_pool *pool, void *bytes, sbertja_error *error);
size_t sbj_stored_blocks(const sbj_stored *stored);
/* Elements index * SBJ_BLOCK and on, at most SBJ_BLOCK of them. The sum is one of their bytes and their place: those of
 * all blocks, added up, tell whether a file still has the tensor that was read from it before. */
sbertja_status sbj_stored_block(const sbj_stored *stored, size_t index, float *values, uint64_t *sum,
                                sbertja_error *error);
/* The whole tensor by the threads of a pool, which may be NULL, as may `sum`. */
sbertja_status sbj_stored_load(const sbj_stored *stored, sbj_pool *pool, float *values, uint64_t *sum,
                               sbertja_error *error);
/* The same, block by block into the hands of a function that any thread may call, in any order. `floats` is what each
 * thread of the pool has for a block: SBJ_BLOCK of them. */
typedef sbertja_status (*sbj_take)(void *context, size_t first, size_t count, const float *values, sbertja_error *error);
sbertja_status sbj_stored_each(const sbj_stored *stored, sbj_pool *pool, float *floats, sbj_take take, void *context,
                               uint64_t *sum, sbertja_error *error);
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
