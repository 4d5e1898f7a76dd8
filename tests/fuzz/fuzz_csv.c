/* Tables in .csv. */
#include "fuzz/tables.h"

void fuzz_seeds(const fuzz_sink *sink)
{
    fuzz_give_file(sink, "examples/report/train.tsv", 600);
    fuzz_give_text(sink, "text,label\r\n\"水が \"\"漏れた\"\"\",1\r\n\"a\nb\",-2.5e3\r\n");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_table(fuzz_write("table.csv", data, size));
    return 0;
}
