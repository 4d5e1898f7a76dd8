/* Batches by label and plain ones. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

SUITE_MAIN("train/sampler", 20, {by_label, 6}, {the_seed_decides, 0}, {few_sentences, 0}, {refusals, 6}, {plain, 2},
           {examples_alike, 0})
