/* The sheet inside a spreadsheet, then, after a byte 0xFF, its shared strings. */
#include "fuzz/sheets.h"

void fuzz_seeds(const fuzz_sink *sink)
{
    char both[sizeof fuzz_sheet + sizeof fuzz_strings];
    memcpy(both, fuzz_sheet, sizeof fuzz_sheet - 1);
    both[sizeof fuzz_sheet - 1] = '\xFF';
    memcpy(both + sizeof fuzz_sheet, fuzz_strings, sizeof fuzz_strings - 1);
    fuzz_give(sink, both, sizeof both - 1);
    fuzz_give_text(sink, fuzz_sheet);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *second;
    size_t first, rest;
    fuzz_split(data, size, &first, &second, &rest);
    const fuzz_part sheet = {NULL, data, first}, strings = {NULL, second, rest};
    fuzz_table(fuzz_spreadsheet(&sheet, rest > 0 ? &strings : NULL, NULL, NULL));
    return 0;
}
