/* The pickle inside pytorch_model.bin, beside storages "0" and "1" of 64 bytes each. */
#include "fuzz/archives.h"
#include "fuzz/zips.h"
#include "io/unpickle.h"

/* The seeds are in the corpus: only Python writes such pickles. */
void fuzz_seeds(const fuzz_sink *sink)
{
    fuzz_give_text(sink, "\x80\x02}q\x01.");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char storage[64] = "storage";
    const fuzz_part parts[] = {{"archive/data.pkl", data, size},
                               {"archive/byteorder", "little", 6},
                               {"archive/data/0", storage, sizeof storage},
                               {"archive/data/1", storage, sizeof storage}};
    sbertja_error error = {SBERTJA_OK, ""};
    sbj_pickle *pickle;
    size_t used;
    /* Most inputs are not pickles, which shows sooner without a file. */
    if (sbj_unpickle(&sbj_malloc, data, size, &pickle, &used, &error) != SBERTJA_OK) {
        fuzz_must(error.message[0] != '\0');
        return 0;
    }
    fuzz_must(used <= size && sbj_pickle_root(pickle) != NULL);
    for (size_t i = 0; sbj_pickle_value(pickle, i) != NULL; i++)
        fuzz_must(sbj_pickled_kind_name(sbj_pickle_value(pickle, i)) != NULL);
    sbj_pickle_free(pickle);
    fuzz_archive(fuzz_zip("pytorch_model.bin", parts, sizeof parts / sizeof *parts));
    return 0;
}
