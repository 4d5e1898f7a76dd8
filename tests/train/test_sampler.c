/* Batches by label and plain ones. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/failing_alloc.h"
#include "support/suite.h"
#include "train/sampler.h"

static sbj_dataset *make_dataset(const size_t *counts, size_t labels)
{
    sbj_dataset *d;
    ck_assert(sbj_dataset_create(&sbj_malloc, &d, NULL) == SBERTJA_OK);
    for (size_t round = 0; round < 64; round++)
        for (size_t label = 0; label < labels; label++)
            if (round < counts[label]) {
                const char *text = "x";
                ck_assert(sbj_dataset_add(d, &text, NULL, 1, (double)label, NULL) == SBERTJA_OK);
            }
    return d;
}

static sbertja_objective objective(size_t batch, size_t per_label)
{
    sbertja_objective o = SBERTJA_OBJECTIVE_INIT;
    o.batch_size = batch;
    o.samples_per_label = per_label;
    return o;
}

static void take_warning(void *user, sbertja_log_level level, const char *message)
{
    ck_assert(level == SBERTJA_LOG_WARNING);
    strcat((char *)user, message);
    strcat((char *)user, "\n");
}

/* Thousands of batches: full, never of one label, never a sentence twice in a group, and every sentence of a label comes
 * as often as the others, give or take one. */
START_TEST(by_label)
{
    static const struct {
        size_t counts[7], labels, batch, per_label;
    } cases[] = {{{5, 9}, 2, 8, 4},          {{16, 17, 18}, 3, 32, 16},           {{4, 5, 6}, 3, 8, 4},
                 {{3, 3, 3, 4, 20}, 5, 12, 3}, {{2, 3, 5, 7, 11, 13, 17}, 7, 8, 2}, {{7, 6, 5}, 3, 15, 5}};
    size_t rows[64], seen[1024] = {0};
    sbj_sampler s;
    sbj_dataset *d = make_dataset(cases[_i].counts, cases[_i].labels);
    const sbertja_objective o = objective(cases[_i].batch, cases[_i].per_label);
    ck_assert(sbj_sampler_create(&sbj_malloc, d, &o, 3, 1, NULL, &s, NULL) == SBERTJA_OK);
    for (int step = 0; step < 3000; step++) {
        bool several = false;
        ck_assert(sbj_sampler_next(&s, rows) == cases[_i].batch);
        for (size_t i = 0; i < cases[_i].batch; i++) {
            const size_t group = i / cases[_i].per_label * cases[_i].per_label;
            ck_assert(d->labels[rows[i]] == d->labels[rows[group]]);
            for (size_t k = group; k < i; k++)
                ck_assert_msg(rows[k] != rows[i], "a sentence twice in a group");
            several = several || d->labels[rows[i]] != d->labels[rows[0]];
            seen[rows[i]]++;
        }
        ck_assert_msg(several, "step %d: a batch of a single label", step);
    }
    for (size_t i = 0; i < d->examples; i++)
        for (size_t k = 0; k < d->examples; k++)
            if (d->labels[i] == d->labels[k])
                ck_assert_msg(seen[i] <= seen[k] + 2, "one sentence %zu times, another %zu", seen[i], seen[k]);
    sbj_sampler_free(&s);
    sbj_dataset_free(d);
}
END_TEST

START_TEST(the_seed_decides)
{
    static const size_t counts[] = {9, 9, 9};
    size_t a[12], b[12], c[12];
    bool differ = false;
    sbj_sampler first, again, other;
    sbj_dataset *d = make_dataset(counts, 3);
    const sbertja_objective o = objective(12, 4);
    ck_assert(sbj_sampler_create(&sbj_malloc, d, &o, 1, 1, NULL, &first, NULL) == SBERTJA_OK);
    ck_assert(sbj_sampler_create(&sbj_malloc, d, &o, 1, 1, NULL, &again, NULL) == SBERTJA_OK);
    ck_assert(sbj_sampler_create(&sbj_malloc, d, &o, 2, 1, NULL, &other, NULL) == SBERTJA_OK);
    for (int step = 0; step < 50; step++) {
        sbj_sampler_next(&first, a);
        sbj_sampler_next(&again, b);
        sbj_sampler_next(&other, c);
        ck_assert(memcmp(a, b, sizeof a) == 0);
        differ = differ || memcmp(a, c, sizeof a) != 0;
    }
    ck_assert(differ);
    sbj_sampler_free(&first);
    sbj_sampler_free(&again);
    sbj_sampler_free(&other);
    sbj_dataset_free(d);
}
END_TEST

START_TEST(few_sentences)
{
    static const size_t counts[] = {8, 3, 8};
    char warnings[1024] = "";
    const sbj_log log = {take_warning, warnings};
    size_t rows[8];
    sbj_sampler s;
    sbj_dataset *d = make_dataset(counts, 3);
    const sbertja_objective o = objective(8, 4);
    ck_assert(sbj_sampler_create(&sbj_malloc, d, &o, 1, 1, &log, &s, NULL) == SBERTJA_OK);
    ck_assert_str_eq(warnings, "label 1 has 3 sentences, fewer than samples_per_label, 4: it is not trained on\n");
    ck_assert(sbj_sampler_batches(&s) == 2);
    for (int step = 0; step < 100; step++) {
        sbj_sampler_next(&s, rows);
        for (int i = 0; i < 8; i++)
            ck_assert(d->labels[rows[i]] != 1);
    }
    sbj_sampler_free(&s);
    sbj_dataset_free(d);
}
END_TEST

START_TEST(refusals)
{
    static const struct {
        size_t counts[3], batch, per_label;
        sbertja_status status;
        const char *message;
    } cases[] = {
        {{9, 9, 9}, 32, 5, SBERTJA_E_ARGUMENT,
         "samples_per_label: 5 must divide batch_size, 32, and be at most half of it"},
        {{9, 9, 9}, 16, 16, SBERTJA_E_ARGUMENT,
         "samples_per_label: 16 must divide batch_size, 16, and be at most half of it"},
        {{9, 9, 9}, 0, 0, SBERTJA_E_ARGUMENT, "batch_size: 0, expected at least 1"},
        {{9, 2, 1}, 8, 4, SBERTJA_E_FORMAT,
         "1 label has at least 4 sentences (samples_per_label), expected two or more"},
        {{3, 2, 1}, 8, 4, SBERTJA_E_FORMAT,
         "0 labels have at least 4 sentences (samples_per_label), expected two or more"},
        {{0, 0, 0}, 8, 4, SBERTJA_E_FORMAT, "the dataset is empty"}};
    sbertja_error error;
    sbj_sampler s;
    sbj_dataset *d = make_dataset(cases[_i].counts, 3);
    const sbertja_objective o = objective(cases[_i].batch, cases[_i].per_label);
    ck_assert(sbj_sampler_create(&sbj_malloc, d, &o, 1, 1, NULL, &s, &error) == cases[_i].status);
    ck_assert_str_eq(error.message, cases[_i].message);
    sbj_dataset_free(d);
}
END_TEST

/* A pass has every example once; its last batch is smaller. */
START_TEST(plain)
{
    static const size_t counts[] = {11};
    sbj_sampler s;
    sbj_dataset *d = make_dataset(counts, 1);
    sbertja_objective o = objective(4, 0);
    o.keep_order = _i;
    ck_assert(sbj_sampler_create(&sbj_malloc, d, &o, 1, 1, NULL, &s, NULL) == SBERTJA_OK);
    ck_assert(sbj_sampler_batches(&s) == 3);
    for (int pass = 0; pass < 20; pass++) {
        size_t rows[4], seen[11] = {0}, at = 0;
        for (int b = 0; b < 3; b++) {
            const size_t count = sbj_sampler_next(&s, rows);
            ck_assert(count == (b < 2 ? 4 : 3));
            for (size_t i = 0; i < count; i++) {
                ck_assert(seen[rows[i]]++ == 0);
                ck_assert(!o.keep_order || rows[i] == at++);
            }
        }
    }
    sbj_sampler_free(&s);
    sbj_dataset_free(d);
}
END_TEST

/* ---- No text twice ---- */

/* Pairs of texts, each a letter: "ab" is the example (a, b). */
static sbj_dataset *make_pairs(const char *const *pairs)
{
    sbj_dataset *d;
    ck_assert(sbj_dataset_create(&sbj_malloc, &d, NULL) == SBERTJA_OK);
    for (; *pairs != NULL; pairs++) {
        const char *const texts[2] = {*pairs, *pairs + 1};
        const size_t lengths[2] = {1, 1};
        ck_assert(sbj_dataset_add(d, texts, lengths, 2, 0, NULL) == SBERTJA_OK);
    }
    return d;
}

static sbj_sampler distinct_sampler(const sbj_dataset *d, size_t batch, int keep_order)
{
    sbj_sampler s;
    sbertja_objective o = objective(batch, 0);
    o.no_duplicates = 1;
    o.keep_order = keep_order;
    ck_assert(sbj_sampler_create(&sbj_malloc, d, &o, 1, 1, NULL, &s, NULL) == SBERTJA_OK);
    return s;
}

/* In the data's own order, three passes over, so that the batches can be written down. */
START_TEST(put_off)
{
    static const struct {
        const char *name;
        const char *const pairs[9];
        size_t batch;
        const char *batches; /* of a pass: the examples' numbers */
    } cases[] = {
        {"nothing in common", {"ab", "cd", "ef", "gh", "ij", NULL}, 2, "01 23 4 "},
        {"the first text again", {"ab", "ac", "de", "fg", NULL}, 2, "02 13 "},
        {"a first text as second", {"ab", "ca", "de", "fg", NULL}, 2, "02 13 "},
        {"put off twice, still in order", {"ab", "ac", "ad", "ef", "gh", NULL}, 2, "03 14 2 "},
        {"one text in all", {"ab", "ac", "ad", NULL}, 2, "0 1 2 "},
        {"equal texts within an example", {"aa", "bb", "aa", "cc", NULL}, 3, "013 2 "},
        {"a batch of all", {"ab", "cd", "ac", "ef", NULL}, 9, "013 2 "},
        {"batches of one", {"ab", "ab", "ab", NULL}, 1, "0 1 2 "},
    };
    sbj_dataset *d = make_pairs(cases[_i].pairs);
    sbj_sampler s = distinct_sampler(d, cases[_i].batch, 1);
    for (int pass = 0; pass < 3; pass++) {
        char found[64] = "";
        for (size_t dealt = 0, rows[9]; dealt < d->examples;) {
            const size_t count = sbj_sampler_next(&s, rows);
            for (size_t i = 0; i < count; i++)
                sprintf(found + strlen(found), "%zu", rows[i]);
            strcat(found, " ");
            dealt += count;
        }
        ck_assert_msg(strcmp(found, cases[_i].batches) == 0, "%s: pass %d: %s", cases[_i].name, pass, found);
    }
    sbj_sampler_free(&s);
    sbj_dataset_free(d);
}
END_TEST

static bool share_a_text(const sbj_dataset *d, size_t a, size_t b)
{
    for (size_t i = 0; i < 2; i++)
        for (size_t k = 0; k < 2; k++)
            if (strcmp(d->texts[2 * a + i], d->texts[2 * b + k]) == 0)
                return true;
    return false;
}

/* Shuffled: a pass has every example once, and no batch a text twice. */
START_TEST(distinct_batches)
{
    enum { COUNT = 40 };
    char texts[COUNT][3];
    const char *pairs[COUNT + 1] = {NULL};
    sbj_rng rng = sbj_rng_make(3, 0);
    for (int i = 0; i < COUNT; i++) {
        snprintf(texts[i], 3, "%c%c", 'a' + (int)sbj_rng_below(&rng, 20), 'a' + (int)sbj_rng_below(&rng, 20));
        pairs[i] = texts[i];
    }
    sbj_dataset *d = make_pairs(pairs);
    sbj_sampler s = distinct_sampler(d, 4, 0);
    for (int pass = 0; pass < 50; pass++) {
        size_t seen[COUNT] = {0}, rows[4];
        for (size_t dealt = 0; dealt < COUNT;) {
            const size_t count = sbj_sampler_next(&s, rows);
            ck_assert_uint_ge(count, 1);
            for (size_t i = 0; i < count; i++) {
                ck_assert(seen[rows[i]]++ == 0);
                for (size_t k = 0; k < i; k++)
                    ck_assert(!share_a_text(d, rows[i], rows[k]));
            }
            dealt += count;
        }
    }
    sbj_sampler_free(&s);
    sbj_dataset_free(d);
}
END_TEST

START_TEST(distinct_refused)
{
    static const size_t counts[] = {9, 9};
    sbertja_error error;
    sbj_sampler s;
    sbj_dataset *d = make_dataset(counts, 2);
    sbertja_objective o = objective(8, 4);
    o.no_duplicates = 1;
    ck_assert(sbj_sampler_create(&sbj_malloc, d, &o, 1, 1, NULL, &s, &error) == SBERTJA_E_ARGUMENT);
    ck_assert_str_eq(error.message, "no_duplicates: needs samples_per_label 0, found 4");
    sbj_dataset_free(d);
}
END_TEST

START_TEST(no_memory)
{
    static const char *const pairs[] = {"ab", "ac", NULL};
    sbj_dataset *d = make_pairs(pairs);
    sbertja_objective o = objective(2, 0);
    o.no_duplicates = 1;
    failing_alloc heap;
    size_t n = 0;
    do {
        sbj_sampler s;
        failing_alloc_init(&heap, ++n);
        const sbertja_status status = sbj_sampler_create(&heap.alloc, d, &o, 1, 1, NULL, &s, NULL);
        ck_assert_int_eq(status, failing_alloc_failed(&heap) ? SBERTJA_E_MEMORY : SBERTJA_OK);
        sbj_sampler_free(&s);
        ck_assert_uint_eq(failing_alloc_live(&heap), 0);
    } while (failing_alloc_failed(&heap));
    sbj_dataset_free(d);
}
END_TEST

START_TEST(examples_alike)
{
    const char *texts[9] = {"a", "b", "c", "d", "e", "f", "g", "h", "i"};
    sbertja_error error;
    sbj_dataset *d;
    ck_assert(sbj_dataset_create(&sbj_malloc, &d, NULL) == SBERTJA_OK);
    ck_assert(sbj_dataset_add(d, texts, NULL, 9, 0, &error) == SBERTJA_E_ARGUMENT);
    ck_assert_str_eq(error.message, "example 0: 9 texts, expected 1 to 8");
    ck_assert(sbj_dataset_add(d, texts, NULL, 3, 0, &error) == SBERTJA_OK);
    ck_assert(sbj_dataset_add(d, texts, NULL, 2, 0, &error) == SBERTJA_E_ARGUMENT);
    ck_assert_str_eq(error.message, "example 1: 2 texts, the ones before have 3");
    sbj_dataset_free(d);
}
END_TEST

/* Texts of 1 to 7 tokens in batches of at most 10 tokens and 4 examples: none above unless it is one example, none that
 * could have taken the next, every example once a pass. */
START_TEST(limited_in_tokens)
{
    static const size_t counts[] = {30};
    size_t rows[4], tokens[30], seen[30] = {0}, dealt = 0, batches = 0;
    sbj_sampler s;
    sbertja_error error;
    sbj_dataset *d = make_dataset(counts, 1);
    sbertja_objective o = objective(4, 0);
    o.keep_order = _i == 0;
    for (size_t i = 0; i < 30; i++)
        tokens[i] = i == 13 ? 99 : 1 + i % 7;
    ck_assert(sbj_sampler_create(&sbj_malloc, d, &o, 3, 1, NULL, &s, NULL) == SBERTJA_OK);
    ck_assert_msg(sbj_sampler_limit(&s, d, tokens, 10, &error) == SBERTJA_OK, "%s", error.message);
    while (dealt < 30) {
        size_t sum = 0;
        const size_t count = sbj_sampler_next(&s, rows);
        for (size_t i = 0; i < count; i++) {
            sum += tokens[rows[i]];
            ck_assert_uint_eq(seen[rows[i]]++, 0);
        }
        ck_assert(sum <= 10 || count == 1);
        dealt += count;
        batches++;
        if (count < 4 && dealt < 30)
            ck_assert_uint_gt(sum + tokens[s.cards[dealt]], 10);
    }
    ck_assert_uint_ge(batches, sbj_sampler_batches(&s) / 2);
    sbj_sampler_free(&s);
    o = objective(4, 2);
    sbj_dataset *two = make_dataset((size_t[]){9, 9}, 2);
    ck_assert(sbj_sampler_create(&sbj_malloc, two, &o, 3, 1, NULL, &s, NULL) == SBERTJA_OK);
    ck_assert_int_eq(sbj_sampler_limit(&s, two, tokens, 10, &error), SBERTJA_E_ARGUMENT);
    ck_assert_msg(strstr(error.message, "batch_tokens: 10, but batches by label") != NULL, "%s", error.message);
    sbj_sampler_free(&s);
    sbj_dataset_free(d);
    sbj_dataset_free(two);
}
END_TEST

SUITE_MAIN("train/sampler", 20, {by_label, 6}, {the_seed_decides, 0}, {few_sentences, 0}, {refusals, 6}, {plain, 2},
           {put_off, 8}, {distinct_batches, 0}, {distinct_refused, 0}, {no_memory, 0}, {examples_alike, 0},
           {limited_in_tokens, 2})
