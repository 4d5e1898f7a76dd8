/* How fast a matrix product is on this machine: the rate of the faster of the engines that are made for nothing else. It is
 * a median, as the rates that it is compared with are; the best product of many is 3 to 5 % faster than that. */
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
