/* Training a vocabulary. Each thread counts words into a table of its own; the tables are added up at the end, so that
 * neither the order of texts nor the number of threads can show. */
#include "text/vocabulary_trainer.h"

#include "io/file.h"
#include "text/alphabet.h"
#include "text/dictionary.h"
#include "text/letter.h"
#include "text/merge.h"
#include "text/tokenizer.h"
#include "text/utf8.h"
#include "text/wordpiece.h"
#include "util/pool.h"

enum { CHUNK = 64 }; /* texts a task */

/* One thread's. */
typedef struct counter {
    sbj_encoding *encoding;
    sbj_word_table words;
    uint64_t long_words; /* that are [UNK] whatever the vocabulary is */
    sbertja_status status;
    sbertja_error error;
} counter;

struct sbj_vocabulary_trainer {
    sbj_alloc alloc;
    sbj_log log;
    size_t entries;
    uint64_t min_frequency;
    bool every_character;
    sbj_tokenizer_config config;
    sbj_tokenizer *tokenizer;
    sbj_pool *pool;
    counter *counters; /* one a thread */
    int threads;
    uint64_t texts;
    bool broken; /* some words of some texts are missing */
    sbj_use use; /* by add or finish */
};

static sbertja_status check_choice(const char *name, const char *value, const char *expected, bool known,
                                   sbertja_error *error)
{
    if (known)
        return SBERTJA_OK;
    return sbj_fail(error, SBERTJA_E_ARGUMENT, "%s: expected %s, found %s", name, expected, value ? value : "NULL");
}

static sbertja_status take_options(sbj_vocabulary_trainer *trainer, const sbertja_vocabulary_options *options,
                                   sbertja_error *error)
{
    const char *type = options->word_tokenizer, *kind = options->mecab_dictionary;
    const bool basic = type != NULL && strcmp(type, "basic") == 0;
    sbertja_status status;
    if ((status = check_choice("word_tokenizer", type, "mecab or basic",
                               basic || (type != NULL && strcmp(type, "mecab") == 0), error)) != SBERTJA_OK ||
        (status = check_choice("mecab_dictionary", kind, "ipadic, unidic_lite or unidic",
                               kind != NULL && sbj_dictionary_is_kind(kind), error)) != SBERTJA_OK)
        return status;
    if (options->min_frequency == 0)
        return sbj_fail(error, SBERTJA_E_ARGUMENT, "min_frequency: expected at least 1, found 0");
    if (options->entries > INT32_MAX)
        return sbj_fail(error, SBERTJA_E_ARGUMENT, "entries: expected at most %d, found %zu", INT32_MAX,
                        options->entries);
    sbj_tokenizer_config_init(&trainer->config);
    trainer->config.basic = basic;
    trainer->config.lower_case = options->lower_case != 0;
    memcpy(trainer->config.dictionary, kind, strlen(kind) + 1);
    trainer->entries = options->entries;
    trainer->min_frequency = options->min_frequency;
    trainer->every_character = options->every_character != 0;
    trainer->log = (sbj_log){options->log, options->log_user};
    return SBERTJA_OK;
}

static sbertja_status make_counters(sbj_vocabulary_trainer *trainer, sbertja_error *error)
{
    const sbj_word_table empty = SBJ_WORD_TABLE(&trainer->alloc);
    const int threads = sbj_pool_threads(trainer->pool);
    trainer->counters = sbj_new(&trainer->alloc, (size_t)threads, sizeof *trainer->counters);
    if (trainer->counters == NULL)
        return sbj_no_memory(error, (size_t)threads * sizeof *trainer->counters);
    sbertja_status status = SBERTJA_OK;
    for (; trainer->threads < threads && status == SBERTJA_OK; trainer->threads++) {
        counter *c = &trainer->counters[trainer->threads];
        c->words = empty;
        status = sbj_encoding_create(trainer->tokenizer, &c->encoding, error);
    }
    return status;
}

sbertja_status sbj_vocabulary_trainer_create(const sbertja_vocabulary_options *options,
                                             sbj_vocabulary_trainer **trainer, sbertja_error *error)
{
    const sbj_alloc *alloc = options->allocator != NULL ? options->allocator : &sbj_malloc;
    sbj_vocabulary_trainer *made = sbj_new(alloc, 1, sizeof *made);
    sbertja_status status;
    *trainer = NULL;
    if (made == NULL)
        return sbj_no_memory(error, sizeof *made);
    made->alloc = *alloc;
    const sbj_tokenizer_options words = {
        .alloc = &made->alloc, .dictionary = options->dictionary, .places = options->dictionary_places,
        .max_text_bytes = options->max_text_bytes,
        .log = {options->log, options->log_user}};
    if ((status = take_options(made, options, error)) != SBERTJA_OK ||
        (status = sbj_tokenizer_create_words(&made->config, &words, &made->tokenizer, error)) != SBERTJA_OK ||
        (status = sbj_pool_create(alloc, options->threads, &made->log, &made->pool, error)) != SBERTJA_OK ||
        (status = make_counters(made, error)) != SBERTJA_OK) {
        sbj_vocabulary_trainer_free(made);
        return status;
    }
    *trainer = made;
    return SBERTJA_OK;
}

sbj_use *sbj_vocabulary_trainer_use(sbj_vocabulary_trainer *trainer)
{
    return &trainer->use;
}

void sbj_vocabulary_trainer_free(sbj_vocabulary_trainer *trainer)
{
    if (trainer == NULL || sbj_use_is_begun(&trainer->use))
        return;
    sbj_pool_free(trainer->pool);
    for (int i = 0; i < trainer->threads; i++) {
        sbj_encoding_free(trainer->counters[i].encoding);
        sbj_word_table_free(&trainer->counters[i].words);
    }
    sbj_alloc alloc = trainer->alloc;
    sbj_free(&alloc, trainer->counters);
    sbj_tokenizer_free(trainer->tokenizer);
    sbj_free(&alloc, trainer);
}

/* ---- Counting ---- */

static size_t characters_in(sbj_span word)
{
    size_t count = 0;
    for (size_t i = 0; i < word.length; i++)
        count += ((unsigned char)word.text[i] & 0xC0) != 0x80;
    return count;
}

/* As sbj_wordpiece takes a word: cut at blanks, and given up when it is too long. */
static bool count_word(void *context, sbj_span word)
{
    counter *c = context;
    size_t at = 0;
    sbj_span part;
    while (sbj_next_word(word, &at, &part))
        if (characters_in(part) > SBJ_LONGEST_WORD)
            c->long_words++;
        else
            sbj_word_table_add(&c->words, part, 1);
    return true;
}

typedef struct job {
    sbj_vocabulary_trainer *trainer;
    const char *const *texts;
    const size_t *lengths;
    size_t count;
} job;

static sbj_span text_of(const job *j, size_t i)
{
    return (sbj_span){j->texts[i], sbj_text_length(j->texts, j->lengths, i)};
}

static void count_chunk(void *context, size_t chunk, int thread)
{
    const job *j = context;
    counter *c = &j->trainer->counters[thread];
    const size_t first = chunk * CHUNK, last = first + CHUNK < j->count ? first + CHUNK : j->count;
    for (size_t i = first; i < last && c->status == SBERTJA_OK; i++) {
        sbj_span text = text_of(j, i);
        c->status = sbj_encoding_words_of(c->encoding, text.text, text.length, count_word, c, &c->error);
        if (c->status != SBERTJA_OK)
            sbj_in(&c->error, c->status, "text %zu", j->trainer->texts + i);
        else if (c->words.failed)
            c->status = sbj_no_memory(&c->error, c->words.used);
    }
}

static sbertja_status check_broken(const sbj_vocabulary_trainer *trainer, sbertja_error *error)
{
    return trainer->broken ? sbj_fail(error, SBERTJA_E_ARGUMENT, "vocabulary trainer: an earlier call failed")
                           : SBERTJA_OK;
}

sbertja_status sbj_vocabulary_trainer_add(sbj_vocabulary_trainer *trainer, const char *const *texts,
                                          const size_t *lengths, size_t count, sbertja_error *error)
{
    job j = {trainer, texts, lengths, count};
    sbertja_status status = check_broken(trainer, error);
    for (size_t i = 0; i < count && status == SBERTJA_OK; i++) {
        sbj_span text = text_of(&j, i);
        status = sbj_tokenizer_check_length(trainer->tokenizer, text.length, error);
        if (status == SBERTJA_OK)
            status = sbj_utf8_check(text.text, text.length, error);
        if (status != SBERTJA_OK)
            sbj_in(error, status, "text %zu", trainer->texts + i);
    }
    if (status != SBERTJA_OK)
        return status;
    sbj_pool_run(trainer->pool, (count + CHUNK - 1) / CHUNK, count_chunk, &j);
    for (int i = 0; i < trainer->threads && status == SBERTJA_OK; i++) {
        status = trainer->counters[i].status;
        if (status != SBERTJA_OK && error != NULL)
            *error = trainer->counters[i].error;
    }
    trainer->texts += count;
    trainer->broken = status != SBERTJA_OK;
    return status;
}

/* Adds all threads' words to the first one's. */
static sbertja_status gather(sbj_vocabulary_trainer *trainer, sbertja_error *error)
{
    counter *all = &trainer->counters[0];
    for (int i = 1; i < trainer->threads; i++) {
        counter *c = &trainer->counters[i];
        for (size_t w = 0; w < c->words.count && !all->words.failed; w++)
            sbj_word_table_add(&all->words, sbj_word_table_text(&c->words, w), c->words.words[w].count);
        all->long_words += c->long_words;
        c->long_words = 0;
        sbj_word_table_free(&c->words);
    }
    trainer->broken = all->words.failed;
    return all->words.failed ? sbj_no_memory(error, all->words.used) : SBERTJA_OK;
}

/* ---- The vocabulary ---- */

/* In the order in which BERT's own vocabularies have them. */
static size_t add_specials(const sbj_tokenizer_config *config, sbj_word_table *pieces)
{
    const char *const names[] = {config->pad, config->unknown, config->cls, config->sep, config->mask};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        sbj_word_table_add(pieces, (sbj_span){names[i], strlen(names[i])}, 0);
    return sizeof names / sizeof *names;
}

static void summarize(const sbj_vocabulary_trainer *trainer, const sbj_word_table *pieces, size_t alphabet,
                      uint64_t known, sbertja_vocabulary_summary *summary)
{
    const counter *all = &trainer->counters[0];
    *summary = (sbertja_vocabulary_summary){
        .entries = pieces->count,
        .alphabet = alphabet,
        .texts = trainer->texts,
        .words = all->long_words,
        .known_words = known,
        .distinct_words = all->words.count,
    };
    for (size_t i = 0; i < all->words.count; i++)
        summary->words += all->words.words[i].count;
}

static sbertja_status find_pieces(const sbj_vocabulary_trainer *trainer, sbj_word_table *pieces,
                                  sbertja_vocabulary_summary *summary, sbertja_error *error)
{
    const sbj_word_table *words = &trainer->counters[0].words;
    const size_t specials = add_specials(&trainer->config, pieces);
    uint64_t known;
    if (words->count == 0)
        return sbj_fail(error, SBERTJA_E_FORMAT, "expected texts with words, found none in %llu texts",
                        (unsigned long long)trainer->texts);
    sbertja_status status = sbj_alphabet_find(words, trainer->every_character, trainer->min_frequency, pieces, error);
    if (status != SBERTJA_OK)
        return status;
    const size_t alphabet = pieces->count - specials;
    if (pieces->count > trainer->entries)
        return sbj_fail(error, SBERTJA_E_ARGUMENT,
                        "entries: expected at least %zu (%zu special tokens, %zu single characters), found %zu",
                        pieces->count, specials, alphabet, trainer->entries);
    status = sbj_merge_pieces(words, trainer->entries, trainer->min_frequency, pieces, &known, error);
    if (status != SBERTJA_OK)
        return status;
    summarize(trainer, pieces, alphabet, known, summary);
    summary->merges = pieces->count - specials - alphabet;
    if (pieces->count < trainer->entries)
        sbj_say(&trainer->log, SBERTJA_LOG_WARNING, "%zu entries of %zu: no other pair of pieces occurs %llu times",
                pieces->count, trainer->entries, (unsigned long long)trainer->min_frequency);
    return SBERTJA_OK;
}

static sbertja_status write_pieces(const sbj_word_table *pieces, const char *path, sbertja_error *error)
{
    sbj_strbuf out = SBJ_STRBUF(pieces->alloc);
    for (size_t i = 0; i < pieces->count; i++) {
        sbj_span piece = sbj_word_table_text(pieces, i);
        sbj_strbuf_bytes(&out, piece.text, piece.length);
        sbj_strbuf_text(&out, "\n");
    }
    sbertja_status status =
        out.failed ? sbj_no_memory(error, pieces->used) : sbj_replace_file(path, out.text, out.length, error);
    sbj_strbuf_free(&out);
    return status;
}

sbertja_status sbj_vocabulary_trainer_finish(sbj_vocabulary_trainer *trainer, const char *path,
                                             sbertja_vocabulary_summary *summary, sbertja_error *error)
{
    sbj_word_table pieces = SBJ_WORD_TABLE(&trainer->alloc);
    sbertja_vocabulary_summary found;
    sbertja_status status = check_broken(trainer, error);
    if (status == SBERTJA_OK)
        status = gather(trainer, error);
    if (status == SBERTJA_OK)
        status = find_pieces(trainer, &pieces, &found, error);
    if (status == SBERTJA_OK)
        status = write_pieces(&pieces, path, error);
    if (status == SBERTJA_OK && summary != NULL)
        *summary = found;
    sbj_word_table_free(&pieces);
    return status;
}
