/* sbertja search: the texts of a corpus that are nearest to each query by cosine. */
#include "basics.h"
#include "command.h"
#include "lines.h"
#include "options.h"
#include "results.h"
#include "vectors.h"

#include <stdlib.h>
#include <string.h>

typedef struct search_settings {
    model_settings model;
    const char *corpus, *query, *queries;
    size_t k;
} search_settings;

typedef struct search_hits {
    size_t *indices;
    float *scores;
} search_hits;

static int write_hits(const search_hits *hits, const text_lines *corpus, size_t query_count, size_t k, int with_query)
{
    result_file out;
    results_open(&out, NULL);
    for (size_t i = 0; i < query_count * k && !results_failed(&out); i++) {
        size_t line = hits->indices[i];
        if (with_query)
            fprintf(out.stream, "%zu\t", i / k + 1);
        fprintf(out.stream, "%zu\t%.4f\t%zu\t", i % k + 1, (double)hits->scores[i], line + 1);
        fwrite(corpus->texts[line], 1, corpus->lengths[line], out.stream);
        fputc('\n', out.stream);
    }
    return results_close(&out, DONE);
}

static int search(const search_settings *settings, const text_lines *corpus, const text_lines *queries)
{
    sbertja_error error;
    sbertja_model *model = NULL;
    float *corpus_vectors = NULL, *query_vectors = NULL;
    size_t k = settings->k < corpus->count ? settings->k : corpus->count;
    search_hits hits = {NULL, NULL};
    int status = model_open(&settings->model, &model);
    if (status == DONE)
        status = vectors_of(model, &settings->model, corpus->texts, corpus->lengths, corpus->count, &corpus_vectors);
    if (status == DONE)
        status = vectors_of(model, &settings->model, queries->texts, queries->lengths, queries->count, &query_vectors);
    if (status == DONE) {
        hits.indices = take(queries->count, k * sizeof *hits.indices);
        hits.scores = take(queries->count, k * sizeof *hits.scores);
        if (sbertja_search(corpus_vectors, corpus->count, query_vectors, queries->count, sbertja_model_dimension(model),
                           k, hits.indices, hits.scores, &error) != SBERTJA_OK)
            status = library_refused(&error);
        else
            status = write_hits(&hits, corpus, queries->count, k, !settings->query);
    }
    free(hits.indices);
    free(hits.scores);
    free(query_vectors);
    free(corpus_vectors);
    sbertja_model_free(model);
    return status;
}

/* The text of --query as if it were the only line of a file. */
static int one_query(text_lines *queries, const char *text)
{
    size_t length = strlen(text);
    memset(queries, 0, sizeof *queries);
    if (utf8_valid_length(text, length) < length)
        return call_wrong("--query: expected UTF-8");
    queries->texts = take(1, sizeof *queries->texts);
    queries->lengths = take(1, sizeof *queries->lengths);
    queries->texts[0] = text;
    queries->lengths[0] = length;
    queries->count = 1;
    return DONE;
}

static int read_and_search(const search_settings *settings)
{
    text_lines corpus, queries = {NULL, NULL, NULL, 0};
    int status = lines_read(&corpus, settings->corpus);
    if (status == DONE && corpus.count == 0)
        status = data_wrong("%s: expected a text on each line, found an empty file", settings->corpus);
    if (status == DONE)
        status = settings->query ? one_query(&queries, settings->query) : lines_read(&queries, settings->queries);
    if (status == DONE)
        status = search(settings, &corpus, &queries);
    lines_free(&corpus);
    lines_free(&queries);
    return status;
}

int command_search(int argc, char **argv)
{
    search_settings s = {.k = 10};
    model_settings_init(&s.model, SETTINGS_DIRECTORY | SETTINGS_TOKENS | SETTINGS_LOAD | SETTINGS_VECTORS);
    const option options[] = {
        {"corpus", 0, OPTION_TEXT, &s.corpus, "FILE", "the texts to search in, one a line", 0, 1},
        {"query", 0, OPTION_STRING, &s.query, "TEXT", "one query, instead of FILE", 0, 0},
        {"top-k", 'k', OPTION_SIZE, &s.k, "N", "how many texts for each query", 1, 0},
        {0},
    };
    const option_usage usage = {
        .name = "search",
        .arguments = "[FILE]",
        .summary = "Finds the texts of a corpus that are nearest to a query, or to each line of FILE.",
        .most = 1,
        .options = options,
        .common = s.model.options,
        .notes = "Prints rank, cosine, line number and text, separated by tabs; with FILE the number of the\n"
                 "query's line stands first.",
    };
    int status = options_parse(&usage, argc, argv, &s.queries);
    if (status != OPTIONS_GO)
        return status;
    if (s.query && s.queries)
        return call_wrong("search: expected --query TEXT or FILE, found both");
    if (!s.query && (!s.queries || !strcmp(s.queries, "-")) && !strcmp(s.corpus, "-"))
        return call_wrong("search: expected standard input as the corpus or as the queries, found both");
    return read_and_search(&s);
}
