/* sbertja convert: a model, saved again in another layout or number format. */
#include "basics.h"
#include "command.h"
#include "options.h"
#include "vectors.h"

#include <string.h>

int command_convert(int argc, char **argv)
{
    const char *arguments[2], *dtype = "f32";
    sbertja_save_options save = SBERTJA_SAVE_OPTIONS_INIT;
    model_settings settings;
    sbertja_model *model = NULL;
    sbertja_error error;
    save.layout = "2";
    model_settings_init(&settings, SETTINGS_TOKENS);
    const option options[] = {
        {"layout", 0, OPTION_CHOICE, &save.layout, "2|0.4.1", "of sentence-transformers 2.0 and later, or of 0.4.1", 0,
         0},
        {"dtype", 0, OPTION_CHOICE, &dtype, "f32|f16|bf16|int8", "how the weights are stored", 0, 0},
        {0},
    };
    const option_usage usage = {
        .name = "convert",
        .arguments = "SRC DST",
        .summary = "Saves the model SRC as DST in another layout or number format.",
        .least = 2,
        .most = 2,
        .options = options,
        .common = settings.options,
        .notes = "With bf16 or int8 the directory also gets a file of packed matrices for this machine, which --precision\n"
                 "bf16 or int8 then reads instead of packing them. int8 leaves the weights themselves in f32.",
    };
    int status = options_parse(&usage, argc, argv, arguments);
    if (status != OPTIONS_GO)
        return status;
    const int is_int8 = strcmp(dtype, "int8") == 0;
    save.dtype = is_int8 ? "f32" : dtype;
    save.packed = is_int8 || strcmp(dtype, "bf16") == 0 ? dtype : NULL;
    settings.directory = arguments[0];
    status = model_open(&settings, &model);
    if (status == DONE && sbertja_model_save(model, arguments[1], &save, &error) != SBERTJA_OK)
        status = library_refused(&error);
    sbertja_model_free(model);
    return status;
}
