/* Small models and data sets for tests of fit. */
#include "support/training.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

sbertja_model *training_model(const char *device, const char *engine)
{
    sbertja_architecture a = SBERTJA_ARCHITECTURE_INIT;
    sbertja_load_options options = SBERTJA_LOAD_OPTIONS_INIT;
    sbertja_error error;
    sbertja_model *model;
    a.vocabulary = "tests/data/vocab.txt";
    a.layers = 1;
    a.hidden = 16;
    a.heads = 2;
    a.intermediate = 24;
    a.max_positions = 64;
    options.device = device;
    options.engine = engine;
    ck_assert_msg(sbertja_model_create(&a, &options, &model, &error) == SBERTJA_OK, "%s", error.message);
    return model;
}

enum { ROWS = 480 };

/* The report's texts and labels; the table stays open as long as the texts are used. */
static sbertja_table *read_report(const char *texts[ROWS], int labels[ROWS])
{
    sbertja_error error;
    sbertja_table *table;
    size_t column;
    ck_assert_msg(sbertja_table_read("examples/report/train.tsv", &table, &error) == SBERTJA_OK, "%s", error.message);
    ck_assert_uint_eq(sbertja_table_rows(table), ROWS);
    ck_assert(sbertja_table_find(table, "text", &column, &error) == SBERTJA_OK);
    ck_assert(sbertja_table_labels(table, "label", labels, &error) == SBERTJA_OK);
    for (size_t i = 0; i < ROWS; i++)
        texts[i] = sbertja_table_cell(table, i, column, NULL);
    return table;
}

sbertja_dataset *training_sentences(size_t examples)
{
    const char *texts[ROWS];
    int labels[ROWS];
    sbertja_dataset *dataset;
    sbertja_table *table = read_report(texts, labels);
    ck_assert(sbertja_dataset_create(&dataset, NULL) == SBERTJA_OK);
    for (size_t i = 0; i < examples; i++)
        ck_assert(sbertja_dataset_add(dataset, &texts[i], NULL, 1, labels[i], NULL) == SBERTJA_OK);
    sbertja_table_free(table);
    return dataset;
}

/* The next row after `from` whose label is, or is not, `label`. */
static size_t next_row(const int labels[ROWS], size_t from, int label, bool same)
{
    do
        from = (from + 1) % ROWS;
    while ((labels[from] == label) != same);
    return from;
}

sbertja_dataset *training_triplets(size_t examples)
{
    const char *texts[ROWS];
    int labels[ROWS];
    sbertja_dataset *dataset;
    sbertja_table *table = read_report(texts, labels);
    ck_assert(sbertja_dataset_create(&dataset, NULL) == SBERTJA_OK);
    for (size_t i = 0; i < examples; i++) {
        const char *const triplet[] = {texts[i], texts[next_row(labels, i, labels[i], true)],
                                       texts[next_row(labels, i, labels[i], false)]};
        ck_assert(sbertja_dataset_add(dataset, triplet, NULL, 3, 0, NULL) == SBERTJA_OK);
    }
    sbertja_table_free(table);
    return dataset;
}

sbertja_objective training_objective(const sbertja_dataset *dataset, sbertja_loss loss)
{
    sbertja_objective o = SBERTJA_OBJECTIVE_INIT;
    const bool triplets = loss != SBERTJA_BATCH_ALL_TRIPLET_LOSS;
    o.dataset = dataset;
    o.loss = loss;
    o.batch_size = triplets ? 4 : 8;
    o.samples_per_label = triplets ? 0 : 2;
    o.no_duplicates = loss == SBERTJA_MULTIPLE_NEGATIVES_RANKING_LOSS;
    return o;
}

float *training_weights(const sbertja_model *model, size_t *count)
{
    float *weights = NULL;
    *count = 0;
    for (size_t i = 0; i < sbertja_model_parameter_count(model); i++) {
        sbertja_parameter p;
        ck_assert(sbertja_model_parameter(model, i, &p, NULL, NULL) == SBERTJA_OK);
        weights = realloc(weights, (*count + p.rows * p.columns) * sizeof *weights);
        ck_assert(sbertja_model_parameter(model, i, NULL, weights + *count, NULL) == SBERTJA_OK);
        *count += p.rows * p.columns;
    }
    return weights;
}

bool training_equal(const sbertja_model *a, const sbertja_model *b)
{
    size_t n, m;
    float *x = training_weights(a, &n), *y = training_weights(b, &m);
    const bool equal = n == m && memcmp(x, y, n * sizeof *x) == 0;
    free(x);
    free(y);
    return equal;
}

bool training_equal_saved(const sbertja_model *model, const char *directory)
{
    sbertja_error error;
    sbertja_model *saved;
    ck_assert_msg(sbertja_model_load(directory, NULL, &saved, &error) == SBERTJA_OK, "%s", error.message);
    const bool equal = training_equal(model, saved);
    sbertja_model_free(saved);
    return equal;
}

sbertja_model *training_fit(const sbertja_model *model, const sbertja_objective *objectives, size_t count,
                            const sbertja_fit_options *options)
{
    sbertja_error error;
    sbertja_model *trained;
    ck_assert_msg(sbertja_fit(model, objectives, count, options, &trained, &error) == SBERTJA_OK, "%s", error.message);
    return trained;
}
