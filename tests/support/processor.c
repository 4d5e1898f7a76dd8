/* From the list of instruction sets, of which "auto" takes the first. */
#include "support/processor.h"

#include <string.h>

#include "sbertja.h"

bool processor_multiplies_bf16(void)
{
    const char *sets = sbertja_instruction_sets();
    return strncmp(sets, "amx ", 4) == 0 || strncmp(sets, "avx512bf16 ", 11) == 0;
}
