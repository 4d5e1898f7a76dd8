/* How fast a matrix product can be on this machine: the best rate of the engines that are made for nothing else. */
#ifndef LIMIT_H
#define LIMIT_H

#include "workload.h"

typedef struct limit {
    double rate;        /* FLOP/s, all processors; 0: not known, as no engine here has this precision */
    const char *engine; /* "OpenBLAS", "oneDNN", "none" */
} limit;

/* Of [576, H] x [I, H]' with weights [I, H]; precision: "f32", "bf16" or "int8". OpenBLAS knows f32 alone; oneDNN is
 * asked where it was there when the bench was built (Debian: libdnnl-dev). */
limit find_limit(const shape *s, const char *precision);

#endif
