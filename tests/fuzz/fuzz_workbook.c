/* The workbook inside a spreadsheet, then, after a byte 0xFF, the relations that say where its parts are. */
#include "fuzz/sheets.h"

void fuzz_seeds(const fuzz_sink *sink)
{
    char both[sizeof fuzz_workbook + sizeof fuzz_workbook_relations];
    memcpy(both, fuzz_workbook, sizeof fuzz_workbook - 1);
    both[sizeof fuzz_workbook - 1] = '\xFF';
    memcpy(both + sizeof fuzz_workbook, fuzz_workbook_relations, sizeof fuzz_workbook_relations - 1);
    fuzz_give(sink, both, sizeof both - 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *second;
    size_t first, rest;
    fuzz_split(data, size, &first, &second, &rest);
    const fuzz_part workbook = {NULL, data, first}, relations = {NULL, second, rest};
    fuzz_table(fuzz_spreadsheet(NULL, NULL, &workbook, rest > 0 ? &relations : NULL));
    return 0;
}
