/* The file with packed weights: one that is not exactly what is expected is not used, and the model still loads. */
#include "fuzz/fuzz.h"

#include <dirent.h>
#include <string.h>

#include "sbertja.h"

static char packed[256]; /* its name */

static sbertja_model *load(const char *directory)
{
    sbertja_load_options options = SBERTJA_LOAD_OPTIONS_INIT;
    sbertja_error error = {SBERTJA_OK, ""};
    sbertja_model *model;
    options.precision = "int8";
    options.device = "cpu";
    options.instructions = "portable";
    options.threads = 1;
    fuzz_must(sbertja_model_load(directory, &options, &model, &error) == SBERTJA_OK);
    return model;
}

/* The smallest model that there is, saved with its packed file. */
static void make(void)
{
    sbertja_architecture a = SBERTJA_ARCHITECTURE_INIT;
    sbertja_save_options save = SBERTJA_SAVE_OPTIONS_INIT;
    sbertja_load_options options = SBERTJA_LOAD_OPTIONS_INIT;
    sbertja_model *model;
    static const char vocabulary[] = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n水\n";
    if (packed[0] != '\0')
        return;
    a.vocabulary = fuzz_write("small.txt", vocabulary, sizeof vocabulary - 1);
    a.word_tokenizer = "basic";
    a.layers = 1;
    a.hidden = a.intermediate = 8;
    a.heads = 2;
    a.max_positions = 8;
    options.device = "cpu";
    options.instructions = "portable";
    options.threads = 1;
    save.packed = "int8";
    fuzz_must(sbertja_model_create(&a, &options, &model, NULL) == SBERTJA_OK);
    fuzz_must(sbertja_model_save(model, fuzz_path("p"), &save, NULL) == SBERTJA_OK);
    sbertja_model_free(model);
    DIR *list = opendir(fuzz_path("p"));
    for (struct dirent *entry; list != NULL && (entry = readdir(list)) != NULL;)
        if (strncmp(entry->d_name, "packed-", 7) == 0)
            strcpy(strcpy(packed, "p/") + 2, entry->d_name);
    closedir(list);
    fuzz_must(packed[0] != '\0');
}

void fuzz_seeds(const fuzz_sink *sink)
{
    make();
    fuzz_copy(fuzz_path(packed), "seed.bin");
    fuzz_give_file(sink, fuzz_path("seed.bin"), 65536);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    make();
    fuzz_write(packed, data, size);
    sbertja_model_free(load(fuzz_path("p")));
    return 0;
}
