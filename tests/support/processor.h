/* What tests expect of this processor. */
#ifndef PROCESSOR_H
#define PROCESSOR_H

#include <stdbool.h>

/* Whether the instruction set that "auto" takes multiplies in bf16. */
bool processor_multiplies_bf16(void);

#endif
