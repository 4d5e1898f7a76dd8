/* sbertja vocab: a WordPiece vocabulary from plain text, which "sbertja new" then makes a model for. */
#include "basics.h"
#include "command.h"
#include "lines.h"
#include "options.h"
#include "results.h"

#include <stdlib.h>

static void print_log(void *user, sbertja_log_level level, const char *message)
{
    (void)user;
    if (level >= SBERTJA_LOG_WARNING)
        complain("warning: %s", message);
}

static int parse(int argc, char **argv, sbertja_vocabulary_options *o, const char **output, const char **files)
{
    int by_frequency = 0;
    const option options[] = {
        {"output", 'o', OPTION_TEXT, output, "FILE", "the vocabulary, a token a line", 0, 1},
        {"entries", 0, OPTION_SIZE, &o->entries, "N", "the most tokens", 1, 0},
        {"min-frequency", 0, OPTION_SIZE, &o->min_frequency, "N", "of pieces that are joined, of rare characters", 1,
         0},
        {"by-frequency", 0, OPTION_FLAG, &by_frequency, NULL, "kanji and kana, too, get in only if frequent enough", 0,
         0},
        {"word-tokenizer", 0, OPTION_CHOICE, &o->word_tokenizer, "mecab|basic", "how words are found", 0, 0},
        {"mecab-dictionary", 0, OPTION_CHOICE, &o->mecab_dictionary, "ipadic|unidic_lite|unidic", "for mecab", 0, 0},
        {"dictionary", 0, OPTION_TEXT, &o->dictionary, "NAME", "MeCab's dictionary: ipadic, unidic_lite, unidic, or a folder", 0, 0},
        {"max-text-bytes", 0, OPTION_SIZE, &o->max_text_bytes, "N", "refuse a longer text; 0: no limit", 0, 0},
        {"lower-case", 0, OPTION_FLAG, &o->lower_case, NULL, "lower-case the texts", 0, 0},
        {"threads", 0, OPTION_INT, &o->threads, "N", "0: all processors", 0, 0},
        {0},
    };
    const option_usage usage = {
        .name = "vocab",
        .arguments = "[FILE ...]",
        .summary = "Trains a WordPiece vocabulary from texts, one a line. The same texts give the same file, and a\n"
                   "smaller vocabulary is the beginning of a larger one. A summary goes to standard error.",
        .most = (size_t)argc,
        .options = options,
    };
    int status = options_parse(&usage, argc, argv, files);
    o->every_character = !by_frequency;
    return status;
}

static int add_file(sbertja_vocabulary_trainer *trainer, const char *path)
{
    line_parts parts = {0};
    text_lines lines;
    sbertja_error error;
    int status = parts_open(&parts, path), more = status == DONE;
    while (more) {
        status = parts_next(&parts, &lines);
        more = status == DONE && lines.count > 0;
        if (more &&
            sbertja_vocabulary_trainer_add(trainer, lines.texts, lines.lengths, lines.count, &error) != SBERTJA_OK)
            status = library_refused(&error);
        more = more && status == DONE;
        lines_free(&lines);
    }
    parts_close(&parts);
    return status;
}

static void report(const sbertja_vocabulary_summary *s)
{
    remark("texts           %llu", (unsigned long long)s->texts);
    remark("words           %llu", (unsigned long long)s->words);
    remark("distinct words  %zu", s->distinct_words);
    remark("entries         %zu: 5 special tokens, %zu characters, %zu merges", s->entries, s->alphabet, s->merges);
    remark("coverage        %.4f %% of the words", 100 * (double)s->known_words / (double)s->words);
}

static int train(const sbertja_vocabulary_options *options, const char *const *files, const char *output)
{
    sbertja_vocabulary_trainer *trainer = NULL;
    sbertja_vocabulary_summary summary;
    sbertja_error error;
    int status = DONE;
    for (size_t i = 0; files[i] && status == DONE; i++)
        status = results_apart(output, files[i]);
    if (status != DONE)
        return status;
    if (sbertja_vocabulary_trainer_create(options, &trainer, &error) != SBERTJA_OK)
        return library_refused(&error);
    size_t i = 0;
    do
        status = add_file(trainer, files[i]);
    while (status == DONE && files[i] && files[++i]);
    if (status == DONE && sbertja_vocabulary_trainer_finish(trainer, output, &summary, &error) != SBERTJA_OK)
        status = library_refused(&error);
    sbertja_vocabulary_trainer_free(trainer);
    if (status == DONE)
        report(&summary);
    return status;
}

int command_vocab(int argc, char **argv)
{
    sbertja_vocabulary_options options = SBERTJA_VOCABULARY_OPTIONS_INIT;
    const char *output = NULL, **files = take((size_t)argc + 1, sizeof *files);
    options.log = print_log;
    int status = parse(argc, argv, &options, &output, files);
    if (status == OPTIONS_GO)
        status = train(&options, files, output);
    free(files);
    return status;
}
