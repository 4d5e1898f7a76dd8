/* sbertja encode: sentence vectors as JSON lines, tab-separated numbers or a NumPy file.
 *
 * The texts are read whole. JSON and TSV are computed and written in chunks, so that the vectors of a large file need
 * not all be in memory; a NumPy file is written by the library in one go. */
#include "basics.h"
#include "command.h"
#include "lines.h"
#include "options.h"
#include "progress.h"
#include "results.h"
#include "vectors.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Large enough that sorting by length inside a chunk gives full batches. */
enum { CHUNK_TEXTS = 8192 };

typedef struct encode_settings {
    model_settings model;
    const char *input, *output, *format, *prompt, *prompt_name;
    int normalize;
} encode_settings;

/* Where a chunk stands in the whole, for the progress bar. */
typedef struct chunk_place {
    size_t before, total;
} chunk_place;

static int show_progress(void *user, size_t done, size_t total)
{
    const chunk_place *chunk = user;
    (void)total;
    progress_draw("encoding", chunk->before + done, chunk->total, "");
    return 0;
}

static int encode_chunk(sbertja_session *session, const encode_settings *settings, const text_lines *lines, size_t from,
                        size_t count, float *vectors)
{
    sbertja_error error;
    sbertja_encode_options options = SBERTJA_ENCODE_OPTIONS_INIT;
    chunk_place place = {from, lines->count};
    options.normalize = settings->normalize;
    options.prompt = settings->prompt;
    options.progress = show_progress;
    options.progress_user = &place;
    if (count && sbertja_encode(session, lines->texts + from, lines->lengths + from, count, &options, vectors, &error))
        return library_refused(&error);
    return DONE;
}

static void write_row(FILE *stream, int as_json, const char *text, size_t length, const float *vector, size_t dimension)
{
    if (as_json) {
        fputs("{\"text\": ", stream);
        write_json_string(stream, text, length);
        fputs(", \"vector\": [", stream);
    }
    for (size_t i = 0; i < dimension; i++) {
        if (i)
            fputs(as_json ? ", " : "\t", stream);
        write_float(stream, vector[i]);
    }
    fputs(as_json ? "]}\n" : "\n", stream);
}

static int encode_to_text(sbertja_session *session, const encode_settings *settings, const text_lines *lines,
                          size_t dimension, result_file *out)
{
    float *vectors = take(CHUNK_TEXTS, dimension * sizeof *vectors);
    int as_json = !strcmp(settings->format, "jsonl"), status = DONE;
    for (size_t from = 0; from < lines->count && status == DONE && !results_failed(out); from += CHUNK_TEXTS) {
        size_t count = lines->count - from < CHUNK_TEXTS ? lines->count - from : CHUNK_TEXTS;
        status = encode_chunk(session, settings, lines, from, count, vectors);
        for (size_t i = 0; i < count && status == DONE && !results_failed(out); i++)
            write_row(out->stream, as_json, lines->texts[from + i], lines->lengths[from + i], vectors + i * dimension,
                      dimension);
    }
    free(vectors);
    return status;
}

static int encode_to_npy(sbertja_session *session, const encode_settings *settings, const text_lines *lines,
                         size_t dimension)
{
    sbertja_error error;
    float *vectors = take(lines->count, dimension * sizeof *vectors);
    int status = encode_chunk(session, settings, lines, 0, lines->count, vectors);
    if (status == DONE && sbertja_npy_write(settings->output, vectors, lines->count, dimension, &error) != SBERTJA_OK)
        status = library_refused(&error);
    free(vectors);
    return status;
}

/* The prompt that is named, or else the model's default prompt, as sentence-transformers takes it. */
static int choose_prompt(encode_settings *settings, const sbertja_model *model)
{
    if (settings->prompt && settings->prompt_name)
        return call_wrong("--prompt and --prompt-name: expected one of them");
    if (settings->prompt)
        return DONE;
    settings->prompt = sbertja_model_prompt(model, settings->prompt_name);
    if (settings->prompt_name && !settings->prompt)
        return call_wrong("--prompt-name %s: the model has no such prompt (`sbertja info` lists them)",
                          settings->prompt_name);
    return DONE;
}

static int encode(encode_settings *settings, const text_lines *lines)
{
    sbertja_error error;
    sbertja_model *model = NULL;
    sbertja_session *session = NULL;
    result_file out;
    int status = model_open(&settings->model, &model);
    if (status == DONE)
        status = choose_prompt(settings, model);
    if (status == DONE && sbertja_session_create(model, &settings->model.session, &session, &error) != SBERTJA_OK)
        status = library_refused(&error);
    if (status == DONE && !strcmp(settings->format, "npy"))
        status = encode_to_npy(session, settings, lines, sbertja_model_dimension(model));
    else if (status == DONE && (status = results_open(&out, settings->output)) == DONE)
        status = results_close(&out, encode_to_text(session, settings, lines, sbertja_model_dimension(model), &out));
    progress_clear();
    sbertja_session_free(session);
    sbertja_model_free(model);
    return status;
}

/* The format: as given, else by the ending of the output, else JSON lines. */
static int choose_format(encode_settings *settings)
{
    const char *dot = settings->output ? strrchr(settings->output, '.') : NULL;
    int to_file = settings->output && strcmp(settings->output, "-");
    if (!settings->format && to_file) {
        if (dot && !strcasecmp(dot, ".npy"))
            settings->format = "npy";
        else if (dot && (!strcasecmp(dot, ".jsonl") || !strcasecmp(dot, ".json")))
            settings->format = "jsonl";
        else if (dot && !strcasecmp(dot, ".tsv"))
            settings->format = "tsv";
        else
            return call_wrong("-o %s: expected an ending .npy, .jsonl or .tsv, or --format", settings->output);
    }
    if (!settings->format)
        settings->format = "jsonl";
    if (!strcmp(settings->format, "npy") && !to_file)
        return call_wrong("--format npy: expected -o FILE");
    if (!strcmp(settings->format, "npy") && results_special(settings->output))
        return data_wrong("%s: expected an ordinary file or none yet", settings->output);
    return DONE;
}

int command_encode(int argc, char **argv)
{
    encode_settings s = {.format = NULL};
    text_lines lines;
    model_settings_init(&s.model, SETTINGS_DIRECTORY | SETTINGS_TOKENS | SETTINGS_LOAD | SETTINGS_VECTORS);
    const option options[] = {
        {"output", 'o', OPTION_TEXT, &s.output, "FILE", "instead of standard output", 0, 0},
        {"format", 0, OPTION_CHOICE, &s.format, "npy|jsonl|tsv", "by the ending of -o, else jsonl", 0, 0},
        {"prompt", 0, OPTION_TEXT, &s.prompt, "TEXT", "put before every text; \"\": nothing", 0, 0},
        {"prompt-name", 0, OPTION_TEXT, &s.prompt_name, "NAME", "a prompt of the model, instead of its default prompt", 0,
         0},
        {"normalize", 0, OPTION_FLAG, &s.normalize, NULL, "vectors of length 1", 0, 0},
        {0},
    };
    const option_usage usage = {
        .name = "encode",
        .arguments = "[FILE]",
        .summary = "Computes the sentence vectors of texts, one a line.",
        .most = 1,
        .options = options,
        .common = s.model.options,
        .notes = "jsonl: {\"text\": ..., \"vector\": [...]} a line; tsv: the numbers, separated by tabs;\n"
                 "npy: a NumPy array of float32, a row for each text.",
    };
    int status = options_parse(&usage, argc, argv, &s.input);
    if (status != OPTIONS_GO)
        return status;
    if ((status = choose_format(&s)) != DONE || (status = results_apart(s.output, s.input)) != DONE)
        return status;
    status = lines_read(&lines, s.input);
    if (status == DONE)
        status = encode(&s, &lines);
    lines_free(&lines);
    return status;
}
