/* The table of calls that the faults are tried on. */
#ifndef CALLS_H
#define CALLS_H

#include <stdbool.h>

#include "sbertja.h"

typedef struct fault_call {
    const char *name;
    /* Makes whatever the call needs, without faults. */
    void *(*prepare)(void);
    /* The call under test. A result that it gives is kept in the state until `sound` has looked at it. */
    sbertja_status (*run)(void *state, sbertja_error *error);
    /* Without faults again: whether the handle still gives the same bits, and the call's result the right ones where its
     * status is SBERTJA_OK; frees the result. NULL: fine. Otherwise what is wrong. */
    const char *(*sound)(void *state, sbertja_status status);
    void (*release)(void *state);
} fault_call;

extern const fault_call fault_calls_table[];
extern const int fault_call_count;

#endif
