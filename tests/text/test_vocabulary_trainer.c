/* Vocabularies from texts: the same as the slow trainer's, whatever the order and the threads; good with the tokenizer;
 * and what is refused. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "support/failing_alloc.h"
#include "support/naive_vocabulary.h"
#include "support/suite.h"
#include "support/temporary.h"
#include "text/dictionary.h"
#include "text/letter.h"
#include "text/mecab.h"
#include "text/normalize.h"
#include "text/tokenizer.h"
#include "text/vocabulary_trainer.h"

enum { MOST_TEXTS = 400 };

typedef struct corpus {
    char *bytes;
    const char *texts[MOST_TEXTS];
    size_t count;
} corpus;

/* Reads a file, and cuts it at NULs into texts. */
static char *read_file(const char *path, size_t *length)
{
    FILE *file = fopen(path, "rb");
    ck_assert_msg(file != NULL, "%s", path);
    char *bytes = calloc(1 << 20, 1);
    *length = fread(bytes, 1, (1 << 20) - 1, file);
    fclose(file);
    return bytes;
}

static void corpus_open(corpus *c)
{
    size_t length;
    c->bytes = read_file("tests/data/sentences.tsv", &length);
    c->count = 0;
    for (char *line = strtok(c->bytes, "\n"); line != NULL && c->count < MOST_TEXTS; line = strtok(NULL, "\n"))
        c->texts[c->count++] = line;
    ck_assert_uint_gt(c->count, 90);
    c->texts[c->count++] = "";
    c->texts[c->count++] = "ＡＢＣと①と㍿と[MASK]と［ＭＡＳＫ］ 　Ｑ\té é é ñ";
}

static void train(const corpus *c, const sbertja_vocabulary_options *options, const char *path,
                  sbertja_vocabulary_summary *summary)
{
    sbj_vocabulary_trainer *trainer;
    sbertja_error error;
    ck_assert_msg(sbj_vocabulary_trainer_create(options, &trainer, &error) == SBERTJA_OK, "%s", error.message);
    ck_assert_msg(sbj_vocabulary_trainer_add(trainer, c->texts, NULL, c->count, &error) == SBERTJA_OK, "%s",
                  error.message);
    ck_assert_msg(sbj_vocabulary_trainer_finish(trainer, path, summary, &error) == SBERTJA_OK, "%s", error.message);
    sbj_vocabulary_trainer_free(trainer);
}

static void check_content(const char *path, const char *expected)
{
    size_t length;
    char *content = read_file(path, &length);
    size_t at = 0; /* the first line that differs */
    for (size_t i = 0; content[i] == expected[i] && content[i] != '\0'; i++)
        if (content[i] == '\n')
            at = i + 1;
    ck_assert_msg(strcmp(content, expected) == 0, "%s: found %.40s ..., expected %.40s ...", path, content + at,
                  expected + at);
    free(content);
}

/* ---- What comes out ---- */

static bool add_parts(void *context, sbj_span word)
{
    size_t at = 0;
    sbj_span part;
    while (sbj_next_word(word, &at, &part))
        naive_words_add(context, part.text, part.length);
    return true;
}

/* Bytes up to the next special token, and of that token. */
static size_t next_special(const char *text, size_t *special)
{
    static const char *const names[] = {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"};
    for (const char *at = text; (at = strchr(at, '[')) != NULL; at++)
        for (size_t i = 0; i < 5; i++)
            if (strncmp(at, names[i], strlen(names[i])) == 0) {
                *special = strlen(names[i]);
                return (size_t)(at - text);
            }
    *special = 0;
    return strlen(text);
}

/* NFKC, then MeCab, by hand, of what is between special tokens. */
static void cut_texts(const corpus *c, naive_words *words)
{
    const sbj_dictionary_search search = {.kind = "ipadic"};
    const char *kind;
    sbj_normalizer *normalizer = malloc(sizeof *normalizer);
    sbj_normalize_scratch scratch = {.alloc = &sbj_malloc};
    sbj_strbuf normal = SBJ_STRBUF(&sbj_malloc);
    sbj_mecab *mecab;
    sbj_mecab_parser *parser;
    char *folder;
    sbertja_error error;
    sbj_normalizer_init(normalizer);
    ck_assert_int_eq(sbj_dictionary_find(&sbj_malloc, &search, &kind, &folder, &error), SBERTJA_OK);
    ck_assert_int_eq(sbj_mecab_open(&sbj_malloc, folder, &mecab, &error), SBERTJA_OK);
    ck_assert_int_eq(sbj_mecab_parser_create(mecab, &parser, &error), SBERTJA_OK);
    for (size_t i = 0; i < c->count; i++)
        for (const char *at = c->texts[i]; *at != '\0';) {
            size_t special;
            sbj_span part = {at, next_special(at, &special)};
            at += part.length + special;
            ck_assert_int_eq(sbj_normalize(normalizer, SBJ_NFKC, part, &scratch, &normal, &part, &error), SBERTJA_OK);
            ck_assert_int_eq(sbj_mecab_words(parser, part, add_parts, words, &error), SBERTJA_OK);
        }
    sbj_mecab_parser_free(parser);
    sbj_mecab_close(mecab);
    sbj_free(&sbj_malloc, folder);
    sbj_strbuf_free(&normal);
    sbj_normalize_scratch_free(&scratch);
    free(normalizer);
}

START_TEST(as_the_slow_trainer_has_it)
{
    static const struct {
        size_t entries, least;
        bool every_character;
    } cases[] = {{32000, 2, true}, {580, 2, true}, {32000, 3, false}};
    corpus c;
    naive_words words = {NULL, 0};
    const char *path = temporary_path("vocab.txt");
    if (!naive_has_iconv()) {
        printf("SKIP: text/vocabulary_trainer: comparison: iconv does not know EUC-JP here\n");
        return;
    }
    corpus_open(&c);
    c.texts[0] = c.texts[c.count - 1]; /* the odd one; the slow trainer would take long for all of them */
    c.count = 60;
    cut_texts(&c, &words);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        sbertja_vocabulary_options options = SBERTJA_VOCABULARY_OPTIONS_INIT;
        options.entries = cases[i].entries;
        options.min_frequency = cases[i].least;
        options.every_character = cases[i].every_character;
        train(&c, &options, path, NULL);
        char *expected = naive_vocabulary(&words, cases[i].entries, cases[i].least, cases[i].every_character);
        check_content(path, expected);
        free(expected);
    }
    naive_words_free(&words);
    free(c.bytes);
}
END_TEST

START_TEST(order_and_threads_do_not_show)
{
    corpus c;
    sbertja_vocabulary_options options = SBERTJA_VOCABULARY_OPTIONS_INIT;
    sbertja_vocabulary_summary first, summary;
    const char *path = temporary_path("vocab.txt");
    size_t length;
    corpus_open(&c);
    options.threads = 1;
    train(&c, &options, path, &first);
    char *expected = read_file(path, &length);
    for (int threads = 1; threads <= 3; threads++) {
        options.threads = threads;
        for (size_t i = 0; i < c.count / 2; i++) {
            const char *text = c.texts[i];
            c.texts[i] = c.texts[c.count - 1 - (size_t)threads * i % (c.count / 2)];
            c.texts[c.count - 1 - (size_t)threads * i % (c.count / 2)] = text;
        }
        train(&c, &options, path, &summary);
        check_content(path, expected);
        ck_assert_int_eq(memcmp(&first, &summary, sizeof first), 0);
    }
    /* A smaller one is the beginning. */
    options.entries = first.entries - 20;
    train(&c, &options, path, &summary);
    ck_assert_uint_eq(summary.entries, options.entries);
    char *content = read_file(path, &length);
    ck_assert_int_eq(strncmp(content, expected, length), 0);
    free(content);
    free(expected);
    free(c.bytes);
}
END_TEST

START_TEST(parts_and_more_texts)
{
    corpus c;
    const sbertja_vocabulary_options options = SBERTJA_VOCABULARY_OPTIONS_INIT;
    const char *path = temporary_path("vocab.txt");
    sbertja_vocabulary_summary summary;
    sbertja_error error;
    sbj_vocabulary_trainer *trainer;
    size_t length;
    corpus_open(&c);
    train(&c, &options, path, NULL);
    char *expected = read_file(path, &length);
    ck_assert_int_eq(sbj_vocabulary_trainer_create(&options, &trainer, &error), SBERTJA_OK);
    for (size_t i = 0; i < c.count; i++) {
        const size_t bytes = strlen(c.texts[i]);
        ck_assert_int_eq(sbj_vocabulary_trainer_add(trainer, &c.texts[i], &bytes, 1, &error), SBERTJA_OK);
        if (i % 40 == 3)
            ck_assert_int_eq(sbj_vocabulary_trainer_finish(trainer, path, NULL, &error), SBERTJA_OK);
    }
    ck_assert_int_eq(sbj_vocabulary_trainer_finish(trainer, path, &summary, &error), SBERTJA_OK);
    check_content(path, expected);
    ck_assert_uint_eq(summary.texts, c.count);
    sbj_vocabulary_trainer_free(trainer);
    free(expected);
    free(c.bytes);
}
END_TEST

/* ---- With the tokenizer ---- */

static const struct {
    const char *name, *word_tokenizer;
    int lower_case;
} kinds[] = {{"mecab", "mecab", 0},
             {"mecab in lower case", "mecab", 1},
             {"basic", "basic", 0},
             {"basic in lower case", "basic", 1}};
enum { KINDS = sizeof kinds / sizeof *kinds };

/* All words that the summary calls known, and only they, are cut into tokens. */
START_TEST(known_words_have_tokens)
{
    corpus c;
    sbertja_vocabulary_options options = SBERTJA_VOCABULARY_OPTIONS_INIT;
    sbertja_vocabulary_summary summary;
    sbertja_error error;
    const char *path = temporary_path("vocab.txt");
    sbj_tokenizer_config config;
    const sbj_tokenizer_options tokenizer_options = {.alloc = &sbj_malloc};
    sbj_tokenizer *tokenizer;
    sbj_encoding *encoding;
    char long_word[] = "ア……………………………………………………………………………………………………………………………………"
                       "……………………………………………………………………………………………………………………………………………………"
                       "……………………………………………………………………………………………………………………………………………………";
    uint64_t unknown = 0;
    corpus_open(&c);
    for (size_t i = 0; i + 3 <= sizeof long_word; i += 3)
        memcpy(long_word + i, "ア", 3);
    c.texts[c.count++] = long_word; /* for basic it is one word */
    options.word_tokenizer = kinds[_i].word_tokenizer;
    options.lower_case = kinds[_i].lower_case;
    train(&c, &options, path, &summary);
    sbj_tokenizer_config_init(&config);
    config.basic = strcmp(kinds[_i].word_tokenizer, "basic") == 0;
    config.lower_case = kinds[_i].lower_case;
    ck_assert_int_eq(sbj_tokenizer_create(path, &config, &tokenizer_options, &tokenizer, &error), SBERTJA_OK);
    ck_assert_uint_eq(sbj_tokenizer_vocabulary_size(tokenizer), summary.entries);
    ck_assert_int_eq(sbj_encoding_create(tokenizer, &encoding, &error), SBERTJA_OK);
    for (size_t i = 0; i < c.count; i++) {
        ck_assert_int_eq(sbj_encoding_ids_of(encoding, c.texts[i], strlen(c.texts[i]), &error), SBERTJA_OK);
        for (size_t t = 0; t < sbj_encoding_token_count(encoding); t++)
            unknown += strcmp(sbj_encoding_token(encoding, t), "[UNK]") == 0;
    }
    ck_assert_msg(unknown == summary.words - summary.known_words && unknown > 0, "%s: %zu unknown, %zu of %zu known",
                  kinds[_i].name, (size_t)unknown, (size_t)summary.known_words, (size_t)summary.words);
    ck_assert_uint_lt(unknown, summary.words / 40);
    ck_assert_uint_eq(summary.entries, 5 + summary.alphabet + summary.merges);
    sbj_encoding_free(encoding);
    sbj_tokenizer_free(tokenizer);
    free(c.bytes);
}
END_TEST

/* ---- What is refused ---- */

static const struct {
    const char *name;
    sbertja_vocabulary_options options;
    sbertja_status status;
    const char *message;
} bad_options[] = {
    {"word tokenizer",
     {0, 1, 99, 2, "juman", "ipadic", NULL, 0, 1, NULL, NULL, NULL, NULL, 0},
     SBERTJA_E_ARGUMENT,
     "word_tokenizer: expected mecab or basic, found juman"},
    {"dictionary's kind",
     {0, 1, 99, 2, "mecab", "neologd", NULL, 0, 1, NULL, NULL, NULL, NULL, 0},
     SBERTJA_E_ARGUMENT,
     "mecab_dictionary: expected ipadic, unidic_lite or unidic, found neologd"},
    {"NULL for it", {0, 1, 99, 2, "mecab", NULL, NULL, 0, 1, NULL, NULL, NULL, NULL, 0}, SBERTJA_E_ARGUMENT, "found NULL"},
    {"frequency",
     {0, 1, 99, 0, "mecab", "ipadic", NULL, 0, 1, NULL, NULL, NULL, NULL, 0},
     SBERTJA_E_ARGUMENT,
     "min_frequency: expected at least 1, found 0"},
    {"entries",
     {0, 1, (size_t)1 << 40, 1, "mecab", "ipadic", NULL, 0, 1, NULL, NULL, NULL, NULL, 0},
     SBERTJA_E_ARGUMENT,
     "entries: expected at most 2147483647, found 1099511627776"},
    {"threads", {0, 1, 99, 1, "mecab", "ipadic", NULL, 0, -1, NULL, NULL, NULL, NULL, 0}, SBERTJA_E_ARGUMENT, "threads: -1"},
    {"folder",
     {0, 1, 99, 1, "mecab", "ipadic", "tests/data", 0, 1, NULL, NULL, NULL, NULL, 0},
     SBERTJA_E_MISSING,
     "tests/data: not a folder of a compiled MeCab dictionary"},
};
enum { BAD_OPTIONS = sizeof bad_options / sizeof *bad_options };

START_TEST(refused_options)
{
    sbj_vocabulary_trainer *trainer = (sbj_vocabulary_trainer *)&bad_options;
    sbertja_error error;
    ck_assert_msg(sbj_vocabulary_trainer_create(&bad_options[_i].options, &trainer, &error) == bad_options[_i].status,
                  "%s", bad_options[_i].name);
    ck_assert_msg(strstr(error.message, bad_options[_i].message) != NULL, "%s: %s", bad_options[_i].name,
                  error.message);
    ck_assert_ptr_null(trainer);
}
END_TEST

static const struct {
    const char *name, *texts[3], *path;
    size_t count, entries;
    sbertja_status status;
    const char *message;
} bad_texts[] = {
    {"no text", {NULL}, "v", 0, 100, SBERTJA_E_FORMAT, "expected texts with words, found none in 0 texts"},
    {"no words", {"", " 　"}, "v", 2, 100, SBERTJA_E_FORMAT, "found none in 2 texts"},
    {"more characters than entries",
     {"水が"},
     "v",
     1,
     6,
     SBERTJA_E_ARGUMENT,
     "entries: expected at least 7 (5 special tokens, 2 single characters), found 6"},
    {"no room for special tokens", {"水が"}, "v", 1, 0, SBERTJA_E_ARGUMENT, "found 0"},
    {"not UTF-8", {"水", "水\xFF"}, "v", 2, 100, SBERTJA_E_FORMAT, "text 1: invalid UTF-8 at byte 3"},
    {"no such folder", {"水"}, "none/v", 1, 100, SBERTJA_E_IO, "none/v"},
    {"a folder", {"水"}, "", 1, 100, SBERTJA_E_IO, "expected a file, found a directory"},
};
enum { BAD_TEXTS = sizeof bad_texts / sizeof *bad_texts };

START_TEST(refused_texts)
{
    sbertja_vocabulary_options options = SBERTJA_VOCABULARY_OPTIONS_INIT;
    sbj_vocabulary_trainer *trainer;
    sbertja_error error;
    const char *path = temporary_path(bad_texts[_i].path);
    options.entries = bad_texts[_i].entries;
    ck_assert_int_eq(sbj_vocabulary_trainer_create(&options, &trainer, &error), SBERTJA_OK);
    sbertja_status status = sbj_vocabulary_trainer_add(trainer, bad_texts[_i].texts, NULL, bad_texts[_i].count, &error);
    if (status == SBERTJA_OK)
        status = sbj_vocabulary_trainer_finish(trainer, path, NULL, &error);
    ck_assert_msg(status == bad_texts[_i].status && strstr(error.message, bad_texts[_i].message) != NULL, "%s: %s",
                  bad_texts[_i].name, error.message);
    ck_assert_msg(bad_texts[_i].path[0] == '\0' || access(path, F_OK) != 0, "%s: %s was written", bad_texts[_i].name,
                  path);
    sbj_vocabulary_trainer_free(trainer);
}
END_TEST

/* After an invalid text the trainer goes on as if it had not come, nor those beside it. */
START_TEST(invalid_texts_leave_no_trace)
{
    static const char *const bad[] = {"雨", "\xC0"}, *const good[] = {"水", "水が"};
    const sbertja_vocabulary_options options = SBERTJA_VOCABULARY_OPTIONS_INIT;
    const char *path = temporary_path("vocab.txt");
    sbj_vocabulary_trainer *trainer;
    sbertja_error error;
    ck_assert_int_eq(sbj_vocabulary_trainer_create(&options, &trainer, &error), SBERTJA_OK);
    ck_assert_int_eq(sbj_vocabulary_trainer_add(trainer, bad, NULL, 2, &error), SBERTJA_E_FORMAT);
    ck_assert_int_eq(sbj_vocabulary_trainer_add(trainer, good, NULL, 2, &error), SBERTJA_OK);
    ck_assert_int_eq(sbj_vocabulary_trainer_finish(trainer, path, NULL, &error), SBERTJA_OK);
    check_content(path, "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nが\n水\n");
    sbj_vocabulary_trainer_free(trainer);
}
END_TEST

START_TEST(no_memory)
{
    static const char *const texts[] = {"冷却水が漏れた。", "ポンプから水が漏れていた。", "会議は三時に始まる。"};
    sbertja_vocabulary_options options = SBERTJA_VOCABULARY_OPTIONS_INIT;
    const char *path = temporary_path("vocab.txt");
    sbj_vocabulary_trainer *trainer;
    sbertja_error error;
    failing_alloc heap;
    size_t n = 0;
    options.allocator = &heap.alloc;
    options.threads = 2;
    options.min_frequency = 1;
    do {
        failing_alloc_init(&heap, ++n);
        sbertja_status status = sbj_vocabulary_trainer_create(&options, &trainer, &error);
        if (status == SBERTJA_OK) {
            status = sbj_vocabulary_trainer_add(trainer, texts, NULL, 3, &error);
            if (status != SBERTJA_OK)
                ck_assert_int_eq(sbj_vocabulary_trainer_finish(trainer, path, NULL, NULL), SBERTJA_E_ARGUMENT);
            else
                status = sbj_vocabulary_trainer_finish(trainer, path, NULL, &error);
        }
        ck_assert_msg(status == (failing_alloc_failed(&heap) ? SBERTJA_E_MEMORY : SBERTJA_OK), "allocation %zu: %s", n,
                      error.message);
        sbj_vocabulary_trainer_free(trainer);
        ck_assert_uint_eq(failing_alloc_live(&heap), 0);
    } while (failing_alloc_failed(&heap));
    ck_assert_uint_gt(n, 50);
}
END_TEST

SUITE_MAIN("text/vocabulary_trainer", 60, {as_the_slow_trainer_has_it, 0}, {order_and_threads_do_not_show, 0},
           {parts_and_more_texts, 0}, {known_words_have_tokens, KINDS}, {refused_options, BAD_OPTIONS},
           {refused_texts, BAD_TEXTS}, {invalid_texts_leave_no_trace, 0}, {no_memory, 0})
