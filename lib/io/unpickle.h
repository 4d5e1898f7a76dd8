/* A reader of pickles that knows only what files of tensors need. It runs nothing: a call of a known name becomes a
 * value that says so, any other name is refused. */
#ifndef SBJ_UNPICKLE_H
#define SBJ_UNPICKLE_H

#include "io/archive.h"

typedef enum sbj_pickled_kind {
    SBJ_PICKLED_NONE,
    SBJ_PICKLED_BOOLEAN, /* integer: 0 or 1 */
    SBJ_PICKLED_INTEGER,
    SBJ_PICKLED_WIDE,     /* an integer of more than 8 bytes: its bytes are in text */
    SBJ_PICKLED_FRACTION, /* its value is nobody's concern */
    SBJ_PICKLED_TEXT,
    SBJ_PICKLED_TUPLE,
    SBJ_PICKLED_LIST,
    SBJ_PICKLED_DICTIONARY, /* items: key, value, key, value, ...; also an OrderedDict */
    SBJ_PICKLED_GLOBAL,
    SBJ_PICKLED_STORAGE, /* a persistent id; arguments: its tuple */
    SBJ_PICKLED_TENSOR   /* arguments: the tuple that _rebuild_tensor_v2 was called with */
} sbj_pickled_kind;

typedef struct sbj_pickled {
    sbj_pickled_kind kind;
    union {
        int64_t integer;
        struct {
            const char *bytes; /* in the pickle, without a NUL */
            size_t length;
        } text;
        struct {
            struct sbj_pickled **items;
            size_t count, capacity;
        } list; /* TUPLE, LIST, DICTIONARY */
        struct {
            int function;    /* of interest to unpickle.c only */
            sbj_dtype dtype; /* of a storage class, else 0 */
        } global;
        const struct sbj_pickled *arguments;
    } as;
} sbj_pickled;

typedef struct sbj_pickle sbj_pickle;

/* Reads one pickle from the start of `data`, which must outlive it. `*used`: its length. */
sbertja_status sbj_unpickle(const sbj_alloc *alloc, const void *data, size_t size, sbj_pickle **pickle, size_t *used,
                            sbertja_error *error);
void sbj_pickle_free(sbj_pickle *pickle);
const sbj_pickled *sbj_pickle_root(const sbj_pickle *pickle);
/* All values, also those that nothing refers to; NULL past the end. */
const sbj_pickled *sbj_pickle_value(const sbj_pickle *pickle, size_t index);

bool sbj_pickled_is_text(const sbj_pickled *value, const char *text);
const char *sbj_pickled_kind_name(const sbj_pickled *value); /* "a list" */

#endif
