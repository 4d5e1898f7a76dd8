/* Texts, through the basic tokenizer with lower case. */
#include "fuzz/texts.h"

void fuzz_seeds(const fuzz_sink *sink)
{
    fuzz_give_texts(sink);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static sbj_tokenizer *tokenizer;
    static sbj_encoding *encoding;
    fuzz_tokenize("tests/data/tiny/tokenizer.basic_wordpiece_lower", &tokenizer, &encoding, data, size);
    return 0;
}
