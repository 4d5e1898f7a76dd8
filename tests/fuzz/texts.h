/* What the targets that tokenize share. The tokenizer is loaded once. */
#ifndef TEXTS_H
#define TEXTS_H

#include "fuzz/fuzz.h"
#include "text/tokenizer.h"

static inline void fuzz_give_texts(const fuzz_sink *sink)
{
    static const char *const texts[] = {
        "冷却水が漏れた。", "[CLS]令和元年[MASK]、ＡＢＣ㈱と㍿", "e\xCC\x81 ｶﾞｷﾞ　\t\n 1,234.5%", "𠮷野家🍣👨‍👩‍👧", "ﷺ İıſ ß",
        "\xEF\xBF\xBE\xF4\x8F\xBF\xBF", "\xED\xA0\x80", "\xF0\x9F", "##水 [UNK"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        fuzz_give_text(sink, texts[i]);
}

static inline void fuzz_tokenize(const char *directory, sbj_tokenizer **tokenizer, sbj_encoding **encoding,
                                 const uint8_t *data, size_t size)
{
    sbertja_error error = {SBERTJA_OK, ""};
    size_t count;
    if (*tokenizer == NULL) {
        const sbj_tokenizer_options options = {.alloc = &sbj_malloc, .max_tokens = 64};
        fuzz_must(sbj_tokenizer_load(directory, &options, tokenizer, &error) == SBERTJA_OK);
        fuzz_must(sbj_encoding_create(*tokenizer, encoding, &error) == SBERTJA_OK);
    }
    if (sbj_encoding_ids_of(*encoding, (const char *)data, size, &error) != SBERTJA_OK) {
        fuzz_must(error.message[0] != '\0');
        return;
    }
    const int32_t *ids = sbj_encoding_ids(*encoding, &count);
    fuzz_must(count >= 2 && count <= 64);
    for (size_t i = 0; i < count; i++)
        fuzz_must(ids[i] >= 0 && (size_t)ids[i] < sbj_tokenizer_vocabulary_size(*tokenizer));
    for (size_t i = 0; i < sbj_encoding_token_count(*encoding); i++)
        fuzz_must(sbj_encoding_token(*encoding, i) != NULL);
}

#endif
