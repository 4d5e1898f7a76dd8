/* The header of sys.dic, from a folder that a caller names; MeCab does not see it. */
#include "fuzz/fuzz.h"

#include <string.h>

#include "text/dictionary.h"

void fuzz_seeds(const fuzz_sink *sink)
{
    const uint32_t numbers[10] = {0, 102, 0, 1, 1316, 1316};
    char header[72] = {0};
    memcpy(header, numbers, sizeof numbers);
    memcpy(header + sizeof numbers, "UTF-8", 5);
    fuzz_give(sink, header, sizeof header);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const others[] = {"d/unk.dic", "d/matrix.bin", "d/char.bin", "d/dicrc"};
    static bool made;
    sbertja_error error = {SBERTJA_OK, ""};
    char fingerprint[SBJ_FINGERPRINT_SIZE], *folder;
    const char *kind;
    fuzz_write("d/sys.dic", data, size);
    for (size_t i = 0; i < sizeof others / sizeof *others && !made; i++)
        fuzz_write(others[i], "", 0);
    made = true;
    const sbj_dictionary_search search = {.kind = "ipadic", .guessed = size % 2 == 0, .option = fuzz_path("d")};
    if (sbj_dictionary_find(&sbj_malloc, &search, &kind, &folder, &error) == SBERTJA_OK) {
        fuzz_must(kind[0] == '\0' || sbj_dictionary_is_kind(kind));
        fuzz_must(sbj_dictionary_fingerprint(&sbj_malloc, folder, fingerprint, &error) == SBERTJA_OK);
        fuzz_must(strlen(fingerprint) == SBJ_FINGERPRINT_SIZE - 1);
    } else
        fuzz_must(error.message[0] != '\0');
    sbj_free(&sbj_malloc, folder);
    return 0;
}
