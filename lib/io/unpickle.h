/* Pickles, read as data: a stack machine that knows only the opcodes and names that a file of tensors needs, and refuses all
 * else. Nothing that a pickle says is ever called. Python's pickletools documents the opcodes; torch/serialization.py the
 * persistent ids and what _rebuild_tensor_v2 takes. */
#ifndef SBJ_UNPICKLE_H
#define SBJ_UNPICKLE_H

#include "io/archive.h"

typedef struct sbj_pickle sbj_pickle;

/* A tensor of the dictionary: elements `offset + sum of index*stride` of the storage `key`, which has `elements` of them. */
typedef struct sbj_pickled_tensor {
    const char *name, *key; /* NUL-terminated, as long as the pickle */
    sbj_dtype dtype;
    size_t elements, offset;
    size_t dimensions, shape[SBJ_MOST_DIMENSIONS], stride[SBJ_MOST_DIMENSIONS];
} sbj_pickled_tensor;

/* Runs one pickle from the start of `data`; `*used` is where it ended. */
sbertja_status sbj_unpickle(const sbj_alloc *alloc, const unsigned char *data, size_t size, size_t *used,
                            sbj_pickle **pickle, sbertja_error *error);
void sbj_pickle_free(sbj_pickle *pickle);
/* The result's tensors, when it is a dictionary, one a call; entries that are none are passed over. `*cursor` is 0 before
 * the first. False after the last. */
bool sbj_pickle_next_tensor(const sbj_pickle *pickle, size_t *cursor, sbj_pickled_tensor *tensor);
/* The result's texts, when it is a list. NULL after the last. */
const char *sbj_pickle_next_text(const sbj_pickle *pickle, size_t *cursor);
bool sbj_pickle_is_dictionary(const sbj_pickle *pickle);

#endif
