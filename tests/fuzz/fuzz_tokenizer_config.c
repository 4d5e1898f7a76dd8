/* tokenizer_config.json, then, after a byte 0xFF, special_tokens_map.json, and after another one added_tokens.json. */
#include "fuzz/fuzz.h"

#include "text/tokenizer.h"

void fuzz_seeds(const fuzz_sink *sink)
{
    fuzz_give_file(sink, "tests/data/tiny/tokenizer.mecab_ipadic_wordpiece/tokenizer_config.json", 4096);
    fuzz_give_file(sink, "tests/data/tiny/tokenizer.basic_wordpiece_lower/tokenizer_config.json", 4096);
    fuzz_give_text(sink, "{\"word_tokenizer_type\": \"basic\"}\xFF{\"mask_token\": {\"content\": \"[MASK]\"}}\xFF"
                         "{\"[MASK]\": 4}");
    fuzz_give_text(sink, "{\"word_tokenizer_type\": \"mecab\", \"mecab_kwargs\": null, \"backend\": \"custom\"}");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool made;
    static const char *const nowhere[] = {"/nonexistent", NULL};
    const sbj_tokenizer_options options = {.alloc = &sbj_malloc, .places = nowhere};
    sbertja_error error = {SBERTJA_OK, ""};
    sbj_tokenizer *tokenizer;
    size_t first, map, added;
    const uint8_t *second, *third;
    if (!made)
        fuzz_copy("tests/data/vocab.txt", "t/vocab.txt");
    made = true;
    fuzz_split(data, size, &first, &second, &added);
    fuzz_split(second, added, &map, &third, &added);
    fuzz_write("t/tokenizer_config.json", data, first);
    fuzz_write("t/special_tokens_map.json", map > 0 ? (const void *)second : "{}", map > 0 ? map : 2);
    fuzz_write("t/added_tokens.json", added > 0 ? (const void *)third : "{}", added > 0 ? added : 2);
    if (sbj_tokenizer_load(fuzz_path("t"), &options, &tokenizer, &error) == SBERTJA_OK) {
        fuzz_path("s/x"); /* makes the folder */
        fuzz_must(sbj_tokenizer_save(tokenizer, fuzz_path("s"), 64, true, NULL, &error) == SBERTJA_OK);
        sbj_tokenizer_free(tokenizer);
        fuzz_must(sbj_tokenizer_load(fuzz_path("s"), &options, &tokenizer, &error) == SBERTJA_OK);
        sbj_tokenizer_free(tokenizer);
    } else
        fuzz_must(tokenizer == NULL && error.message[0] != '\0');
    return 0;
}
