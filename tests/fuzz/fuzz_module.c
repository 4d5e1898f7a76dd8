/* config.json of a Pooling module, or of a Dense one if the first byte is odd. */
#include "fuzz/fuzz.h"

#include "model/modules.h"

void fuzz_seeds(const fuzz_sink *sink)
{
    fuzz_give_text(sink, " {\"word_embedding_dimension\": 32, \"pooling_mode_cls_token\": false, "
                         "\"pooling_mode_mean_tokens\": true, \"pooling_mode_max_tokens\": true, \"include_prompt\": true}");
    fuzz_give_text(sink, " {\"word_embedding_dimension\": 32, \"pooling_mode\": \"mean\"}");
    fuzz_give_text(sink, "!{\"in_features\": 32, \"out_features\": 8, \"bias\": true, \"activation_function\": "
                         "\"torch.nn.modules.activation.Tanh\"}");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    sbertja_error error = {SBERTJA_OK, ""};
    if (size == 0)
        return 0;
    sbj_module module = {.kind = data[0] % 2 ? SBERTJA_DENSE : SBERTJA_POOLING, .folder = "m"};
    fuzz_write("m/config.json", data + 1, size - 1);
    if (sbj_module_read(&sbj_malloc, fuzz_path(""), &module, &error) == SBERTJA_OK) {
        fuzz_must(module.kind == SBERTJA_DENSE || (module.mode_count > 0 && module.mode_count <= SBJ_POOL_MODES));
        sbj_modules_check(&module, 1, 32, "input", &error);
    } else
        fuzz_must(error.message[0] != '\0');
    return 0;
}
