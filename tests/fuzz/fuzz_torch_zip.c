/* pytorch_model.bin, the zip form, as a file. */
#include "fuzz/archives.h"

void fuzz_seeds(const fuzz_sink *sink)
{
    const char *path = fuzz_path("seed.bin");
    fuzz_must(sbj_checkpoint_write(&sbj_malloc, path, fuzz_entries, 2, fuzz_values, NULL, NULL) == SBERTJA_OK);
    fuzz_give_file(sink, path, 65536);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_archive(fuzz_write("pytorch_model.bin", data, size));
    return 0;
}
