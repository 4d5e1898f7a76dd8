/* checkpoint.json of a training that is resumed; parameters.bin beside it is sound. */
#include "fuzz/fuzz.h"

#include "sbertja.h"

static sbertja_model *model;
static sbertja_dataset *dataset;
static sbertja_objective objective = SBERTJA_OBJECTIVE_INIT;

/* Four steps; a checkpoint after two of them, kept apart. */
static sbertja_status fit(int resume, sbertja_error *error)
{
    sbertja_fit_options options = SBERTJA_FIT_OPTIONS_INIT;
    sbertja_model *trained;
    options.threads = 1;
    options.steps_per_epoch = 2;
    options.epochs = resume ? 2 : 1;
    options.checkpoint_path = fuzz_path("c");
    options.resume = resume;
    const sbertja_status status = sbertja_fit(model, &objective, 1, &options, &trained, error);
    sbertja_model_free(trained);
    return status;
}

static void make(void)
{
    static const char vocabulary[] = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n水\n火\n";
    static const char *const texts[] = {"水", "火"};
    sbertja_architecture a = SBERTJA_ARCHITECTURE_INIT;
    sbertja_load_options options = SBERTJA_LOAD_OPTIONS_INIT;
    sbertja_error error = {SBERTJA_OK, ""};
    if (model != NULL)
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
    fuzz_must(sbertja_model_create(&a, &options, &model, &error) == SBERTJA_OK);
    fuzz_must(sbertja_dataset_create(&dataset, &error) == SBERTJA_OK);
    for (int i = 0; i < 4; i++)
        fuzz_must(sbertja_dataset_add(dataset, &texts[i % 2], NULL, 1, i % 2, &error) == SBERTJA_OK);
    objective.dataset = dataset;
    objective.loss = SBERTJA_BATCH_ALL_TRIPLET_LOSS;
    objective.batch_size = 4;
    objective.samples_per_label = 2;
    fuzz_must(fit(0, &error) == SBERTJA_OK);
    fuzz_copy(fuzz_path("c/checkpoint.json"), "kept.json");
    fuzz_copy(fuzz_path("c/parameters.bin"), "kept.bin");
}

void fuzz_seeds(const fuzz_sink *sink)
{
    make();
    fuzz_give_file(sink, fuzz_path("kept.json"), 65536);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    sbertja_error error = {SBERTJA_OK, ""};
    make();
    fuzz_copy(fuzz_path("kept.bin"), "c/parameters.bin");
    fuzz_write("c/checkpoint.json", data, size);
    if (fit(1, &error) != SBERTJA_OK)
        fuzz_must(error.message[0] != '\0');
    return 0;
}
