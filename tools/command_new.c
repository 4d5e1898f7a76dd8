/* sbertja new: a model with random weights, to train from nothing. */
#include "basics.h"
#include "command.h"
#include "options.h"
#include "vectors.h"

#include <string.h>

static int parse(int argc, char **argv, sbertja_architecture *a, model_settings *settings, sbertja_module *pooling,
                 const char **output)
{
    const option options[] = {
        {"vocab", 0, OPTION_TEXT, &a->vocabulary, "FILE", "the vocabulary, a token a line", 0, 1},
        {"output", 'o', OPTION_TEXT, output, "DIR", "where the model is saved", 0, 1},
        {"layers", 0, OPTION_INT, &a->layers, "N", "transformer layers", 1, 0},
        {"hidden", 0, OPTION_INT, &a->hidden, "N", "width; a multiple of the heads", 1, 0},
        {"heads", 0, OPTION_INT, &a->heads, "N", "of attention", 1, 0},
        {"intermediate", 0, OPTION_INT, &a->intermediate, "N", "width inside the feed-forward part", 1, 0},
        {"max-positions", 0, OPTION_INT, &a->max_positions, "N", "longest input that it can ever take", 2, 0},
        {"activation", 0, OPTION_CHOICE, &a->activation, "gelu|gelu_new|relu", "inside the feed-forward part", 0, 0},
        {"dropout", 0, OPTION_REAL, &a->dropout, "P", "of hidden states and of attention", 0, 0},
        {"pooling", 0, OPTION_TEXT, &pooling->pooling, "NAME", "mean, cls, max, ...; joined with '+'", 0, 0},
        {"word-tokenizer", 0, OPTION_CHOICE, &a->word_tokenizer, "mecab|basic", "how words are found", 0, 0},
        {"subword-tokenizer", 0, OPTION_CHOICE, &a->subword_tokenizer, "wordpiece|character", "how words are cut", 0,
         0},
        {"mecab-dictionary", 0, OPTION_CHOICE, &a->mecab_dictionary, "ipadic|unidic_lite|unidic", "for mecab", 0, 0},
        {"lower-case", 0, OPTION_FLAG, &a->lower_case, NULL, "lower-case the texts", 0, 0},
        {"seed", 0, OPTION_SEED, &a->seed, "N", "of the weights", 0, 0},
        {0},
    };
    const option_usage usage = {
        .name = "new",
        .arguments = "",
        .summary = "Makes a model with random weights.",
        .options = options,
        .common = settings->options,
    };
    return options_parse(&usage, argc, argv, NULL);
}

int command_new(int argc, char **argv)
{
    sbertja_architecture architecture = SBERTJA_ARCHITECTURE_INIT;
    sbertja_module pooling = SBERTJA_MODULE_INIT;
    model_settings settings;
    sbertja_model *model = NULL;
    sbertja_error error;
    const char *output = NULL;
    model_settings_init(&settings, SETTINGS_TOKENS);
    int status = parse(argc, argv, &architecture, &settings, &pooling, &output);
    if (status != OPTIONS_GO)
        return status;
    settings.load.modules = &pooling;
    settings.load.module_count = 1;
    status = DONE;
    if (sbertja_model_create(&architecture, &settings.load, &model, &error) != SBERTJA_OK ||
        sbertja_model_save(model, output, NULL, &error) != SBERTJA_OK)
        status = library_refused(&error);
    sbertja_model_free(model);
    return status;
}
