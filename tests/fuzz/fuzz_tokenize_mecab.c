/* Texts, through MeCab: by an odd first byte into characters, else into pieces of words. */
#include "fuzz/texts.h"

void fuzz_seeds(const fuzz_sink *sink)
{
    fuzz_give_texts(sink);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const directories[] = {"tests/data/tiny/tokenizer.mecab_ipadic_wordpiece",
                                              "tests/data/tiny/tokenizer.mecab_ipadic_character"};
    static sbj_tokenizer *tokenizers[2];
    static sbj_encoding *encodings[2];
    const size_t odd = size > 0 ? data[0] % 2 : 0;
    fuzz_tokenize(directories[odd], &tokenizers[odd], &encodings[odd], data, size);
    return 0;
}
