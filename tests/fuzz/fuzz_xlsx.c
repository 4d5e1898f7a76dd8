/* A whole spreadsheet file. */
#include "fuzz/sheets.h"

void fuzz_seeds(const fuzz_sink *sink)
{
    fuzz_give_file(sink, fuzz_spreadsheet(NULL, NULL, NULL, NULL), 65536);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_table(fuzz_write("table.xlsx", data, size));
    return 0;
}
