/* Models and sentence vectors for the sub-commands: see vectors.h. */
#include "vectors.h"

#include "basics.h"
#include "progress.h"

#include <stdlib.h>

static void print_log(void *user, sbertja_log_level level, const char *message)
{
    (void)user;
    if (level >= SBERTJA_LOG_WARNING)
        complain("warning: %s", message);
}

void model_settings_init(model_settings *settings, int what)
{
    model_settings *s = settings;
    *s = (model_settings){.load = SBERTJA_LOAD_OPTIONS_INIT, .session = SBERTJA_SESSION_OPTIONS_INIT};
    s->load.log = print_log;
    s->load.precision = "f32";
    s->load.weights = "copied";
    const struct {
        int what;
        option row;
    } all[] = {
        {SETTINGS_DIRECTORY,
         {"model", 'm', OPTION_TEXT, &s->directory, "DIR", "a model directory; left out: the default model", 0, 0}},
        {SETTINGS_TOKENS,
         {"dictionary", 0, OPTION_TEXT, &s->load.dictionary, "NAME", "MeCab's dictionary: ipadic, unidic_lite, unidic, or a folder", 0, 0}},
        {SETTINGS_TOKENS,
         {"max-text-bytes", 0, OPTION_SIZE, &s->load.max_text_bytes, "N", "refuse a longer text; 0: no limit", 0, 0}},
        {SETTINGS_TOKENS,
         {"max-tokens", 0, OPTION_SIZE, &s->load.max_tokens, "N", "longest input; 0: as the model says", 0, 0}},
        {SETTINGS_LOAD, {"device", 0, OPTION_TEXT, &s->load.device, "NAME", "auto, cpu, ref, cuda:0, ...", 0, 0}},
        {SETTINGS_LOAD, {"engine", 0, OPTION_TEXT, &s->load.engine, "NAME", "matrix products, see sbertja info", 0, 0}},
        {SETTINGS_LOAD,
         {"instructions", 0, OPTION_TEXT, &s->load.instructions, "NAME", "of the processor, see sbertja info", 0, 0}},
        {SETTINGS_LOAD,
         {"precision", 0, OPTION_CHOICE, &s->load.precision, "f32|bf16|int8", "of the encoder's matrices", 0, 0}},
        {SETTINGS_LOAD,
         {"weights", 0, OPTION_CHOICE, &s->load.weights, "copied|mapped", "into memory, or from the files; see sbertja(1)", 0, 0}},
        {SETTINGS_VECTORS,
         {"threads", 0, OPTION_INT, &s->session.threads, "N", "at most 256; 0: all processors", 0, 0}},
        {SETTINGS_VECTORS,
         {"batch-tokens", 0, OPTION_SIZE, &s->session.batch_tokens, "N", "most in a packed batch of encode; 0: as it suits", 0,
          0}},
    };
    _Static_assert(sizeof all / sizeof all[0] < sizeof s->options / sizeof s->options[0], "no capacity for all rows");
    size_t count = 0;
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (all[i].what & what)
            s->options[count++] = all[i].row;
    s->options[count] = (option){0};
}

int model_open(const model_settings *settings, sbertja_model **model)
{
    sbertja_error error;
    sbertja_load_options load = settings->load;
    load.threads = settings->session.threads;
    if (sbertja_model_load(settings->directory, &load, model, &error) != SBERTJA_OK)
        return library_refused(&error);
    return DONE;
}

int vectors_of(const sbertja_model *model, const model_settings *settings, const char *const *texts,
               const size_t *lengths, size_t count, float **vectors)
{
    sbertja_error error;
    sbertja_session *session = NULL;
    sbertja_encode_options options = SBERTJA_ENCODE_OPTIONS_INIT;
    size_t dimension = sbertja_model_dimension(model);
    options.progress = progress_encode;
    options.progress_user = "encoding";
    *vectors = take(count, dimension * sizeof **vectors);
    if (count == 0)
        return DONE;
    if (sbertja_session_create(model, &settings->session, &session, &error) != SBERTJA_OK ||
        sbertja_encode(session, texts, lengths, count, &options, *vectors, &error) != SBERTJA_OK) {
        sbertja_session_free(session);
        free(*vectors);
        *vectors = NULL;
        return library_refused(&error);
    }
    sbertja_session_free(session);
    progress_clear();
    return DONE;
}
