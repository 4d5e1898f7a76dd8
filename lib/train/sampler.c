/* Dealing batches. */
#include "train/sampler.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void shuffle(sbj_rng *rng, size_t *items, size_t count)
{
    for (size_t i = count; i > 1; i--) {
        const size_t k = (size_t)sbj_rng_below(rng, i), item = items[i - 1];
        items[i - 1] = items[k];
        items[k] = item;
    }
}

/* Whether `card` is among the first `count` of `rows`. */
static bool contains(const size_t *rows, size_t count, size_t card)
{
    for (size_t i = 0; i < count; i++)
        if (rows[i] == card)
            return true;
    return false;
}

/* A new pass over the deck. Cards that this group already has (the last ones of the pass before) go to the end. */
static void begin_pass(sbj_sampler *s, sbj_deck *deck, const size_t *group, size_t taken)
{
    size_t last = deck->count;
    if (s->shuffle)
        shuffle(&s->rng, deck->cards, deck->count);
    for (size_t i = 0; taken > 0 && i < last;)
        if (contains(group, taken, deck->cards[i])) {
            const size_t card = deck->cards[i];
            deck->cards[i] = deck->cards[--last];
            deck->cards[last] = card;
        } else {
            i++;
        }
    deck->next = 0;
}

/* `count` different cards, at most as many as the deck has. */
static void deal(sbj_sampler *s, sbj_deck *deck, size_t count, size_t *rows)
{
    for (size_t taken = 0; taken < count; taken++) {
        if (deck->next == deck->count)
            begin_pass(s, deck, rows, taken);
        rows[taken] = deck->cards[deck->next++];
    }
}

/* A new round of labels, which does not begin with the one that the last round ended with. */
static void begin_round(sbj_sampler *s)
{
    const size_t n = s->deck_count, last = s->order[n - 1];
    shuffle(&s->rng, s->order, n);
    if (s->order[0] == last) {
        const size_t k = 1 + (size_t)sbj_rng_below(&s->rng, n - 1);
        s->order[0] = s->order[k];
        s->order[k] = last;
    }
    s->next_label = 0;
}

/* Whether a text of the example is in this batch already. */
static bool occurs(const sbj_sampler *s, size_t example)
{
    for (size_t g = 0; g < s->groups; g++)
        if (s->last_batch[s->text_numbers[example * s->groups + g]] == s->batch)
            return true;
    return false;
}

/* Whether a batch that has so many examples, and tokens, is to end before this one; else its tokens are added. */
static bool is_full(const sbj_sampler *s, size_t example, size_t taken, size_t *tokens)
{
    if (s->tokens == NULL)
        return false;
    if (taken > 0 && *tokens + s->tokens[example] > s->batch_tokens)
        return true;
    *tokens += s->tokens[example];
    return false;
}

/* The next cards without a common text. Those that are passed over keep their order, behind the ones dealt. */
static size_t deal_distinct(sbj_sampler *s, sbj_deck *deck, size_t *rows)
{
    const size_t gap = SIZE_MAX;
    size_t taken = 0, tokens = 0, end = deck->next;
    s->batch++;
    for (; end < deck->count && taken < s->batch_size; end++) {
        const size_t example = deck->cards[end];
        if (occurs(s, example))
            continue;
        if (is_full(s, example, taken, &tokens))
            break;
        for (size_t g = 0; g < s->groups; g++)
            s->last_batch[s->text_numbers[example * s->groups + g]] = s->batch;
        rows[taken++] = example;
        deck->cards[end] = gap;
    }
    size_t first = end; /* of those passed over, moved to the end of what was looked at */
    for (size_t i = end; i-- > deck->next;)
        if (deck->cards[i] != gap)
            deck->cards[--first] = deck->cards[i];
    memcpy(deck->cards + deck->next, rows, taken * sizeof *rows);
    deck->next = first;
    return taken;
}

static size_t next_plain(sbj_sampler *s, size_t *rows)
{
    sbj_deck *all = &s->decks[0];
    if (all->next == all->count)
        begin_pass(s, all, rows, 0);
    if (s->text_numbers != NULL)
        return deal_distinct(s, all, rows);
    const size_t left = all->count - all->next, most = left < s->batch_size ? left : s->batch_size;
    size_t count = 0, tokens = 0;
    while (count < most && !is_full(s, all->cards[all->next + count], count, &tokens))
        count++;
    deal(s, all, count, rows);
    return count;
}

size_t sbj_sampler_next(sbj_sampler *s, size_t *rows)
{
    if (s->per_label == 0)
        return next_plain(s, rows);
    for (size_t at = 0; at < s->batch_size; at += s->per_label) {
        if (s->next_label == s->deck_count)
            begin_round(s);
        deal(s, &s->decks[s->order[s->next_label++]], s->per_label, rows + at);
    }
    return s->batch_size;
}

size_t sbj_sampler_batches(const sbj_sampler *s)
{
    const size_t by_number = (s->examples + s->batch_size - 1) / s->batch_size;
    const size_t by_tokens = s->tokens == NULL ? 0 : s->all_tokens / s->batch_tokens + 1;
    return by_number > by_tokens ? by_number : by_tokens;
}

/* ---- Making one ---- */

typedef struct labelled {
    double label;
    size_t example;
} labelled;

static int by_label(const void *left, const void *right)
{
    const labelled *a = left, *b = right;
    if (a->label != b->label)
        return a->label < b->label ? -1 : 1;
    return a->example < b->example ? -1 : a->example > b->example;
}

/* Decks of the labels that have enough sentences; the others are named. `sorted` has all examples by label. */
static void make_decks(sbj_sampler *s, const labelled *sorted, size_t count, const sbj_log *log)
{
    for (size_t first = 0, last; first < count; first = last) {
        for (last = first + 1; last < count && sorted[last].label == sorted[first].label;)
            last++;
        if (last - first < s->per_label) {
            sbj_say(log, SBERTJA_LOG_WARNING,
                    "label %.0f has %zu sentences, fewer than samples_per_label, %zu: it is not trained on",
                    sorted[first].label, last - first, s->per_label);
            continue;
        }
        sbj_deck *deck = &s->decks[s->deck_count];
        deck->label = sorted[first].label;
        deck->count = deck->next = last - first;
        deck->cards = s->cards + first;
        for (size_t i = first; i < last; i++)
            s->cards[i] = sorted[i].example;
        s->order[s->deck_count] = s->deck_count;
        s->deck_count++;
        s->examples += deck->count;
    }
    s->next_label = s->deck_count;
}

static sbertja_status make_by_label(sbj_sampler *s, const sbj_dataset *dataset, const sbj_log *log,
                                    sbertja_error *error)
{
    const size_t n = dataset->examples;
    labelled *sorted = sbj_new(&s->alloc, n, sizeof *sorted);
    if (sorted == NULL)
        return sbj_no_memory(error, n * sizeof *sorted);
    for (size_t i = 0; i < n; i++)
        sorted[i] = (labelled){dataset->labels[i], i};
    qsort(sorted, n, sizeof *sorted, by_label);
    make_decks(s, sorted, n, log);
    sbj_free(&s->alloc, sorted);
    if (s->deck_count < 2)
        return sbj_fail(error, SBERTJA_E_FORMAT,
                        "%zu label%s at least %zu sentences (samples_per_label), expected two or more", s->deck_count,
                        s->deck_count == 1 ? " has" : "s have", s->per_label);
    return SBERTJA_OK;
}

static void make_plain(sbj_sampler *s, const sbj_dataset *dataset)
{
    for (size_t i = 0; i < dataset->examples; i++)
        s->cards[i] = i;
    s->deck_count = 1;
    s->decks[0] = (sbj_deck){0, dataset->examples, dataset->examples, s->cards};
    s->examples = dataset->examples;
}

typedef struct numbered_text {
    const char *text;
    size_t length, place;
} numbered_text;

static int by_text(const void *left, const void *right)
{
    const numbered_text *a = left, *b = right;
    if (a->length != b->length)
        return a->length < b->length ? -1 : 1;
    return memcmp(a->text, b->text, a->length);
}

/* A text's number is the first place where it stands: it follows from which texts are equal alone. */
static sbertja_status number_texts(sbj_sampler *s, const sbj_dataset *dataset, sbertja_error *error)
{
    const size_t n = dataset->examples * dataset->groups;
    numbered_text *sorted = sbj_new(&s->alloc, n, sizeof *sorted);
    s->groups = dataset->groups;
    s->text_numbers = sbj_new(&s->alloc, n, sizeof *s->text_numbers);
    s->last_batch = sbj_new(&s->alloc, n, sizeof *s->last_batch);
    if (sorted == NULL || s->text_numbers == NULL || s->last_batch == NULL) {
        sbj_free(&s->alloc, sorted);
        return sbj_no_memory(error, n * sizeof *sorted);
    }
    for (size_t i = 0; i < n; i++)
        sorted[i] = (numbered_text){dataset->texts[i], dataset->lengths[i], i};
    qsort(sorted, n, sizeof *sorted, by_text);
    for (size_t first = 0, last; first < n; first = last) {
        size_t number = sorted[first].place;
        for (last = first + 1; last < n && by_text(&sorted[last], &sorted[first]) == 0; last++)
            number = sorted[last].place < number ? sorted[last].place : number;
        for (size_t i = first; i < last; i++)
            s->text_numbers[sorted[i].place] = number;
    }
    sbj_free(&s->alloc, sorted);
    return SBERTJA_OK;
}

static sbertja_status check(const sbj_dataset *dataset, const sbertja_objective *o, sbertja_error *error)
{
    if (dataset->examples == 0)
        return sbj_fail(error, SBERTJA_E_FORMAT, "the dataset is empty");
    if (o->batch_size < 1)
        return sbj_fail(error, SBERTJA_E_ARGUMENT, "batch_size: %zu, expected at least 1", o->batch_size);
    if (o->samples_per_label != 0 &&
        (o->batch_size % o->samples_per_label != 0 || o->samples_per_label > o->batch_size / 2))
        return sbj_fail(error, SBERTJA_E_ARGUMENT,
                        "samples_per_label: %zu must divide batch_size, %zu, and be at most half of it",
                        o->samples_per_label, o->batch_size);
    if (o->samples_per_label != 0 && o->no_duplicates)
        return sbj_fail(error, SBERTJA_E_ARGUMENT, "no_duplicates: needs samples_per_label 0, found %zu",
                        o->samples_per_label);
    return SBERTJA_OK;
}

sbertja_status sbj_sampler_create(const sbj_alloc *alloc, const sbj_dataset *dataset, const sbertja_objective *objective,
                                  uint64_t seed, uint32_t stream, const sbj_log *log, sbj_sampler *s,
                                  sbertja_error *error)
{
    const size_t n = dataset->examples;
    memset(s, 0, sizeof *s);
    sbertja_status status = check(dataset, objective, error);
    if (status != SBERTJA_OK)
        return status;
    s->alloc = *alloc;
    s->rng = sbj_rng_make(seed, stream);
    s->batch_size = objective->batch_size;
    s->per_label = objective->samples_per_label;
    s->shuffle = s->per_label != 0 || !objective->keep_order;
    s->decks = sbj_new(alloc, n, sizeof *s->decks);
    s->order = sbj_new(alloc, n, sizeof *s->order);
    s->cards = sbj_new(alloc, n, sizeof *s->cards);
    if (s->decks == NULL || s->order == NULL || s->cards == NULL)
        status = sbj_no_memory(error, n * sizeof *s->decks);
    else if (s->per_label != 0)
        status = make_by_label(s, dataset, log, error);
    else
        make_plain(s, dataset);
    if (status == SBERTJA_OK && objective->no_duplicates)
        status = number_texts(s, dataset, error);
    if (status != SBERTJA_OK)
        sbj_sampler_free(s);
    return status;
}

sbertja_status sbj_sampler_limit(sbj_sampler *s, const sbj_dataset *dataset, const size_t *counts, size_t batch_tokens,
                                 sbertja_error *error)
{
    if (s->per_label != 0)
        return sbj_fail(error, SBERTJA_E_ARGUMENT,
                        "batch_tokens: %zu, but batches by label (samples_per_label) have a fixed number of sentences",
                        batch_tokens);
    if ((s->tokens = sbj_new(&s->alloc, dataset->examples, sizeof *s->tokens)) == NULL)
        return sbj_no_memory(error, dataset->examples * sizeof *s->tokens);
    s->batch_tokens = batch_tokens;
    for (size_t i = 0; i < dataset->examples * dataset->groups; i++) {
        s->tokens[i / dataset->groups] += counts[i];
        s->all_tokens += counts[i];
    }
    return SBERTJA_OK;
}

void sbj_sampler_free(sbj_sampler *s)
{
    if (s->alloc.allocate == NULL)
        return;
    sbj_free(&s->alloc, s->decks);
    sbj_free(&s->alloc, s->order);
    sbj_free(&s->alloc, s->cards);
    sbj_free(&s->alloc, s->tokens);
    sbj_free(&s->alloc, s->text_numbers);
    sbj_free(&s->alloc, s->last_batch);
    memset(s, 0, sizeof *s);
}
