/* modules.json, then, after a byte 0xFF, sentence_bert_config.json: modules that are found are inside the directory. */
#include "fuzz/fuzz.h"

#include <string.h>

#include "model/layout.h"

static const char pooling[] = "{\"word_embedding_dimension\": 32, \"pooling_mode_mean_tokens\": true}";
static const char dense[] = "{\"in_features\": 32, \"out_features\": 8, \"bias\": true}";

void fuzz_seeds(const fuzz_sink *sink)
{
    fuzz_give_file(sink, "tests/data/tiny/model/modules.json", 4096);
    fuzz_give_file(sink, "tests/data/tiny/model-0.4.1/modules.json", 4096);
    fuzz_give_file(sink, "tests/data/tiny/model-cls-dense-normalize/modules.json", 4096);
    fuzz_give_text(sink, "[{\"type\": \"sentence_transformers.models.Transformer\", \"path\": \"\"}]\xFF"
                         "{\"max_seq_length\": 64, \"do_lower_case\": false}");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool made;
    sbertja_error error = {SBERTJA_OK, ""};
    sbj_layout layout = {0};
    size_t first, rest;
    const uint8_t *second;
    if (!made) {
        fuzz_write("m/1_Pooling/config.json", pooling, sizeof pooling - 1);
        fuzz_write("m/2_Dense/config.json", dense, sizeof dense - 1);
        fuzz_copy("tests/data/tiny/model/config.json", "m/config.json");
        fuzz_copy("tests/data/tiny/model/tokenizer_config.json", "m/tokenizer_config.json");
        made = true;
    }
    fuzz_split(data, size, &first, &second, &rest);
    fuzz_write("m/modules.json", data, first);
    fuzz_write("m/sentence_bert_config.json", second, rest);
    if (sbj_layout_read(&sbj_malloc, fuzz_path("m"), &layout, &error) == SBERTJA_OK) {
        fuzz_must(strstr(layout.transformer, "..") == NULL && layout.module_count <= SBJ_MOST_MODULES);
        for (size_t i = 0; i < layout.module_count; i++)
            fuzz_must(layout.modules[i].folder[0] != '/' && strstr(layout.modules[i].folder, "..") == NULL);
        sbj_modules_check(layout.modules, layout.module_count, 32, "input", &error);
    } else
        fuzz_must(error.message[0] != '\0');
    sbj_layout_free(&layout);
    return 0;
}
