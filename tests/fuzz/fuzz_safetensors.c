/* model.safetensors. */
#include "fuzz/archives.h"

void fuzz_seeds(const fuzz_sink *sink)
{
    static const char *const metadata[] = {"format", "pt", NULL};
    static const sbj_dtype dtypes[] = {SBJ_DTYPE_F32, SBJ_DTYPE_F16, SBJ_DTYPE_BF16};
    for (size_t i = 0; i < sizeof dtypes / sizeof *dtypes; i++) {
        const char *path = fuzz_path("seed.safetensors");
        fuzz_must(sbj_safetensors_write(&sbj_malloc, path, dtypes[i], fuzz_entries, 2, metadata, fuzz_values, NULL, NULL) ==
                  SBERTJA_OK);
        fuzz_give_file(sink, path, 65536);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_archive(fuzz_write("model.safetensors", data, size));
    return 0;
}
