/* Tables in .tsv. */
#include "fuzz/tables.h"

void fuzz_seeds(const fuzz_sink *sink)
{
    fuzz_give_file(sink, "examples/report/train.tsv", 600);
    fuzz_give_text(sink, "\xEF\xBB\xBFtext\tlabel\r\n\"水\"\t1\r\n\t-2.5e3\r\n");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_table(fuzz_write("table.tsv", data, size));
    return 0;
}
