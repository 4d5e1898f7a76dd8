/* Training a vocabulary: the texts are the lines of the input. What is written can be loaded. */
#include "fuzz/fuzz.h"

#include <string.h>

#include "text/vocabulary.h"
#include "text/vocabulary_trainer.h"

void fuzz_seeds(const fuzz_sink *sink)
{
    fuzz_give_file(sink, "tests/data/sentences.tsv", 400);
    fuzz_give_text(sink, "aaa aaab\naab\nab\n水水 水火\n");
}

static void add_lines(sbj_vocabulary_trainer *trainer, const char *text, size_t size)
{
    sbertja_error error = {SBERTJA_OK, ""};
    while (size > 0) {
        const char *end = memchr(text, '\n', size);
        const size_t length = end != NULL ? (size_t)(end - text) : size;
        if (sbj_vocabulary_trainer_add(trainer, &text, &length, 1, &error) != SBERTJA_OK)
            fuzz_must(error.message[0] != '\0');
        text += length + (end != NULL);
        size -= length + (end != NULL);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    sbertja_vocabulary_options options = SBERTJA_VOCABULARY_OPTIONS_INIT;
    sbertja_vocabulary_summary summary;
    sbertja_error error = {SBERTJA_OK, ""};
    sbj_vocabulary_trainer *trainer;
    sbj_vocabulary vocabulary = {0};
    if (size == 0)
        return 0;
    options.word_tokenizer = "basic";
    options.entries = 200;
    options.min_frequency = 1 + data[0] % 3;
    options.every_character = data[0] % 2;
    options.threads = 1;
    fuzz_must(sbj_vocabulary_trainer_create(&options, &trainer, &error) == SBERTJA_OK);
    add_lines(trainer, (const char *)data + 1, size - 1);
    const char *path = fuzz_path("vocab.txt");
    if (sbj_vocabulary_trainer_finish(trainer, path, &summary, &error) == SBERTJA_OK) {
        fuzz_must(summary.entries <= 200 && sbj_vocabulary_load(&sbj_malloc, path, &vocabulary, &error) == SBERTJA_OK);
        fuzz_must(vocabulary.count == summary.entries);
        sbj_vocabulary_free(&vocabulary);
    } else
        fuzz_must(error.message[0] != '\0');
    sbj_vocabulary_trainer_free(trainer);
    return 0;
}
