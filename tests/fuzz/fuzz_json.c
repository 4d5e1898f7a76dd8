/* JSON: whatever parses can be asked for any key, and prints as text that parses again. */
#include "fuzz/fuzz.h"

#include <cjson/cJSON.h>
#include <string.h>

#include "io/json.h"

void fuzz_seeds(const fuzz_sink *sink)
{
    fuzz_give_file(sink, "tests/data/tiny/model/config.json", 4096);
    fuzz_give_file(sink, "tests/data/tiny/model/tokenizer_config.json", 4096);
    fuzz_give_text(sink, "[1, -2.5e-3, \"\\u6f0f\\ud83d\\ude00\", {\"a\": [null, true, false]}]");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const keys[] = {"a", "hidden_size", "model_max_length", ""};
    sbertja_error error = {SBERTJA_OK, ""};
    sbj_json json = {0}, again = {0};
    if (sbj_json_parse(&sbj_malloc, "input", (const char *)data, size, &json, &error) != SBERTJA_OK) {
        fuzz_must(error.message[0] != '\0');
        return 0;
    }
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        long integer;
        double number;
        bool flag;
        const char *text;
        sbj_json_int(&json, json.root, keys[i], 1, &integer, &error);
        sbj_json_number(&json, json.root, keys[i], 1, &number, &error);
        sbj_json_bool(&json, json.root, keys[i], true, &flag, &error);
        sbj_json_text(&json, json.root, keys[i], "", &text, &error);
    }
    char *printed = cJSON_PrintUnformatted(json.root);
    fuzz_must(printed != NULL);
    fuzz_must(sbj_json_parse(&sbj_malloc, "printed", printed, strlen(printed), &again, &error) == SBERTJA_OK);
    cJSON_free(printed);
    sbj_json_free(&again);
    sbj_json_free(&json);
    return 0;
}
