/* sbertja tokenize: one JSON object a text, without loading any weights. */
#include "basics.h"
#include "command.h"
#include "lines.h"
#include "options.h"
#include "results.h"
#include "vectors.h"

#include <string.h>

static void write_tokens(FILE *stream, const sbertja_encoding *encoding, const char *text, size_t length)
{
    size_t id_count, token_count = sbertja_encoding_token_count(encoding);
    const int32_t *ids = sbertja_encoding_ids(encoding, &id_count);
    fputs("{\"text\": ", stream);
    write_json_string(stream, text, length);
    fputs(", \"tokens\": [", stream);
    for (size_t i = 0; i < token_count; i++) {
        const char *token = sbertja_encoding_token(encoding, i);
        fputs(i ? ", " : "", stream);
        write_json_string(stream, token, strlen(token));
    }
    fputs("], \"ids\": [", stream);
    for (size_t i = 0; i < id_count; i++)
        fprintf(stream, "%s%ld", i ? ", " : "", (long)ids[i]);
    fputs("]}\n", stream);
}

static int tokenize(const model_settings *settings, const text_lines *lines, result_file *out)
{
    sbertja_error error;
    sbertja_tokenizer *tokenizer = NULL;
    sbertja_encoding *encoding = NULL;
    int status = DONE;
    if (sbertja_tokenizer_load(settings->directory, &settings->load, &tokenizer, &error) != SBERTJA_OK ||
        sbertja_encoding_create(tokenizer, &encoding, &error) != SBERTJA_OK)
        status = library_refused(&error);
    for (size_t i = 0; status == DONE && i < lines->count && !results_failed(out); i++) {
        if (sbertja_tokenize(encoding, lines->texts[i], lines->lengths[i], &error) != SBERTJA_OK)
            status = data_wrong("line %zu: %s", i + 1, error.message);
        else
            write_tokens(out->stream, encoding, lines->texts[i], lines->lengths[i]);
    }
    sbertja_encoding_free(encoding);
    sbertja_tokenizer_free(tokenizer);
    return status;
}

int command_tokenize(int argc, char **argv)
{
    const char *arguments[1], *path = NULL;
    model_settings settings;
    text_lines lines;
    result_file out;
    model_settings_init(&settings, SETTINGS_DIRECTORY | SETTINGS_TOKENS);
    const option options[] = {
        {"output", 'o', OPTION_TEXT, &path, "FILE", "instead of standard output", 0, 0},
        {0},
    };
    const option_usage usage = {
        .name = "tokenize",
        .arguments = "[FILE]",
        .summary = "Cuts texts, one a line, into tokens: a JSON object a line with text, tokens (without special\n"
                   "ones, whole) and ids (with them, cut at the model's limit). Needs no weights.",
        .most = 1,
        .options = options,
        .common = settings.options,
    };
    int status = options_parse(&usage, argc, argv, arguments);
    if (status != OPTIONS_GO)
        return status;
    if ((status = results_apart(path, arguments[0])) != DONE)
        return status;
    status = lines_read(&lines, arguments[0]);
    if (status == DONE && (status = results_open(&out, path)) == DONE)
        status = results_close(&out, tokenize(&settings, &lines, &out));
    lines_free(&lines);
    return status;
}
