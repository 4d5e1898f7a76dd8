/* The machine's values and memory, for unpickle.c (opcodes) and unpickle_value.c (values and what REDUCE makes of them).
 *
 * A value is a number into one growing array, so that a pickle cannot make a cycle of pointers, and freeing is one step. */
#ifndef SBJ_UNPICKLE_PRIVATE_H
#define SBJ_UNPICKLE_PRIVATE_H

#include "io/unpickle.h"

typedef enum sbj_value_kind {
    SBJ_V_NONE,    /* None, floats, and other things that are looked at by nobody */
    SBJ_V_INT,
    SBJ_V_TEXT,
    SBJ_V_MARK,
    SBJ_V_TUPLE,   /* items */
    SBJ_V_LIST,    /* chain */
    SBJ_V_DICT,    /* chain, keys and values in turn */
    SBJ_V_GLOBAL,  /* integer: sbj_global; dtype of a storage class */
    SBJ_V_STORAGE, /* text: key; integer: elements; dtype */
    SBJ_V_TENSOR   /* integer: number in `tensors` */
} sbj_value_kind;

typedef enum sbj_global { SBJ_G_DICT, SBJ_G_TENSOR, SBJ_G_PARAMETER, SBJ_G_STORAGE } sbj_global;

typedef struct sbj_value {
    sbj_value_kind kind;
    sbj_dtype dtype;
    int64_t integer;
    const char *text; /* NUL-terminated copy */
    size_t first, count; /* TUPLE: in `items`; LIST, DICT: first and number of links */
    size_t last;
} sbj_value;

typedef struct sbj_link {
    size_t value, next;
} sbj_link;

struct sbj_pickle {
    sbj_alloc alloc;
    const unsigned char *at, *end;
    sbj_value *values;
    size_t value_count, value_capacity;
    size_t *items, item_count, item_capacity;
    sbj_link *links; /* of lists and dictionaries; number 0 is unused */
    size_t link_count, link_capacity;
    sbj_pickled_tensor *tensors;
    size_t tensor_count, tensor_capacity;
    char **texts;
    size_t text_count, text_capacity;
    size_t *stack, depth, stack_capacity;
    size_t *memo, memo_count, memo_capacity; /* value + 1; 0: nothing there */
    size_t root;
};

sbertja_status sbj_pickle_fault(sbertja_error *error, const char *what);
/* A new value; its number in *number. */
sbertja_status sbj_pickle_value(sbj_pickle *p, sbj_value value, size_t *number, sbertja_error *error);
/* A NUL-terminated copy; NUL bytes inside are a fault. */
sbertja_status sbj_pickle_copy(sbj_pickle *p, const unsigned char *bytes, size_t length, const char **text,
                               sbertja_error *error);
/* Appends to a list or dictionary. */
sbertja_status sbj_pickle_append(sbj_pickle *p, size_t container, size_t value, sbertja_error *error);
/* A tuple of values that stand one after another on the stack from `from` on; takes them off. */
sbertja_status sbj_pickle_tuple(sbj_pickle *p, size_t from, size_t *number, sbertja_error *error);
sbertja_status sbj_pickle_global(sbj_pickle *p, const char *module, const char *name, size_t *number,
                                 sbertja_error *error);
sbertja_status sbj_pickle_storage(sbj_pickle *p, size_t id, size_t *number, sbertja_error *error);
sbertja_status sbj_pickle_reduce(sbj_pickle *p, size_t callable, size_t arguments, size_t *number,
                                 sbertja_error *error);

#endif
