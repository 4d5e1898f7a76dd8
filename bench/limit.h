/* How fast a matrix product is on this machine: the rate of the faster of the engines that are made for nothing else. It
 * is a median, as the rates that it is compared with are, and is measured between their runs, so that both see the same
 * machine. */
#ifndef LIMIT_H
#define LIMIT_H

#include "workload.h"

/* Of [576, H] x [I, H]' with weights [I, H]. */
typedef struct limit limit;

/* precision: "f32", "bf16" or "int8". OpenBLAS knows f32 alone; oneDNN is asked where it was there when the bench was
 * built (Debian: libdnnl-dev). */
limit *open_limit(const shape *s, const char *precision);
void close_limit(limit *l);
/* Measures each engine for a tenth of a second, and waits until its threads are asleep again. */
void measure_limit(limit *l);
/* FLOP/s, all processors, since the last time that it was asked; 0: no engine here has this precision. */
double take_limit(limit *l, const char **engine);

#endif
