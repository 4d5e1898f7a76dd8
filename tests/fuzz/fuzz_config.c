/* config.json: sizes that are accepted can be written, and are read back the same. */
#include "fuzz/fuzz.h"

#include <string.h>

#include "model/config.h"

void fuzz_seeds(const fuzz_sink *sink)
{
    fuzz_give_file(sink, "tests/data/tiny/model/config.json", 4096);
    fuzz_give_file(sink, "tests/data/tiny/bert/config.json", 4096);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    sbertja_error error = {SBERTJA_OK, ""};
    sbj_config config, again;
    if (sbj_config_read(&sbj_malloc, fuzz_write("config.json", data, size), &config, &error) != SBERTJA_OK) {
        fuzz_must(error.message[0] != '\0');
        return 0;
    }
    fuzz_must(config.hidden > 0 && config.heads > 0 && config.hidden % config.heads == 0);
    const char *written = fuzz_path("written.json");
    fuzz_must(sbj_config_write(&config, 0, NULL, written, &error) == SBERTJA_OK);
    fuzz_must(sbj_config_read(&sbj_malloc, written, &again, &error) == SBERTJA_OK);
    fuzz_must(config.vocabulary == again.vocabulary && config.layers == again.layers && config.types == again.types &&
              config.intermediate == again.intermediate && config.max_positions == again.max_positions);
    return 0;
}
