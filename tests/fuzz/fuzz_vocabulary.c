/* vocab.txt: every token that is read is found again, with an id whose text is the same. */
#include "fuzz/fuzz.h"

#include <string.h>

#include "text/vocabulary.h"

void fuzz_seeds(const fuzz_sink *sink)
{
    fuzz_give_file(sink, "tests/data/vocab.txt", 2048);
    fuzz_give_text(sink, "[PAD]\r\n[UNK]\r\n[CLS]\r\n[SEP]\r\n\r\n水\r\n##水\r\n水\r\n");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    sbertja_error error = {SBERTJA_OK, ""};
    sbj_vocabulary vocabulary = {0};
    if (sbj_vocabulary_load(&sbj_malloc, fuzz_write("vocab.txt", data, size), &vocabulary, &error) != SBERTJA_OK) {
        fuzz_must(error.message[0] != '\0');
        return 0;
    }
    for (size_t i = 0; i < vocabulary.count; i++) {
        const sbj_span text = sbj_vocabulary_text(&vocabulary, (int32_t)i);
        const int32_t id = sbj_vocabulary_find(&vocabulary, text);
        fuzz_must(id >= 0 && (size_t)id < vocabulary.count);
        const sbj_span found = sbj_vocabulary_text(&vocabulary, id);
        fuzz_must(found.length == text.length && memcmp(found.text, text.text, text.length) == 0);
    }
    sbj_vocabulary_free(&vocabulary);
    return 0;
}
