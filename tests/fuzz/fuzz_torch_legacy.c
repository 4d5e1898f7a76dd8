/* pytorch_model.bin as torch wrote it before 1.6: five pickles and the storages. */
#include "fuzz/archives.h"

/* The seeds are in the corpus: the library only reads this form. */
void fuzz_seeds(const fuzz_sink *sink)
{
    fuzz_give_text(sink, "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.\x80\x02M\xe9\x03.");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_archive(fuzz_write("pytorch_model.bin", data, size));
    return 0;
}
