/* fit by the losses on pairs: that they learn, what their objectives need, and objectives of an older struct. */
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "support/suite.h"
#include "support/training.h"

enum { PAIRS = 96 };

/* Pairs of the report's sentences, two of one label with the score 1, two of different ones with 0. */
static sbertja_dataset *scored_pairs(void)
{
    sbertja_error error;
    sbertja_table *table;
    sbertja_dataset *dataset;
    int labels[480];
    size_t column;
    ck_assert_msg(sbertja_table_read("examples/report/train.tsv", &table, &error) == SBERTJA_OK, "%s", error.message);
    ck_assert(sbertja_table_find(table, "text", &column, NULL) == SBERTJA_OK);
    ck_assert(sbertja_table_labels(table, "label", labels, NULL) == SBERTJA_OK);
    ck_assert(sbertja_dataset_create(&dataset, NULL) == SBERTJA_OK);
    for (size_t i = 0; i < PAIRS; i++) {
        const size_t other = 479 - (i * 7) % 400;
        const char *const texts[] = {sbertja_table_cell(table, i, column, NULL),
                                     sbertja_table_cell(table, other, column, NULL)};
        ck_assert(sbertja_dataset_add(dataset, texts, NULL, 2, labels[i] == labels[other], NULL) == SBERTJA_OK);
    }
    sbertja_table_free(table);
    return dataset;
}

typedef struct losses {
    double first, last; /* sums over the first and the last epoch */
} losses;

static int take_loss(void *user, const sbertja_progress *progress)
{
    losses *sums = user;
    ck_assert(progress->active >= 0 && progress->active <= 1);
    sums->first += progress->epoch == 0 ? progress->loss : 0;
    sums->last += progress->epoch == progress->epochs - 1 ? progress->loss : 0;
    return 0;
}

START_TEST(learns)
{
    static const struct {
        const char *device;
        sbertja_loss loss;
        double share; /* the most that may be left of the loss */
    } cases[] = {{"cpu", SBERTJA_COSINE_SIMILARITY_LOSS, 0.5},
                 {"cpu", SBERTJA_COSENT_LOSS, 0.5},
                 {"cpu", SBERTJA_MULTIPLE_NEGATIVES_RANKING_LOSS, 0.7},
                 {"ref", SBERTJA_COSENT_LOSS, 0.5}};
    const bool triplets = cases[_i].loss == SBERTJA_MULTIPLE_NEGATIVES_RANKING_LOSS;
    sbertja_model *model = training_model(cases[_i].device, NULL);
    sbertja_dataset *dataset = triplets ? training_triplets(PAIRS) : scored_pairs();
    sbertja_objective objective = training_objective(dataset, cases[_i].loss);
    sbertja_fit_options o = SBERTJA_FIT_OPTIONS_INIT;
    losses sums = {0, 0};
    objective.batch_size = 16;
    o.threads = 2;
    o.epochs = 12;
    o.learning_rate = 5e-3;
    o.warmup_steps = 6;
    o.no_dropout = 1;
    o.progress = take_loss;
    o.progress_user = &sums;
    sbertja_model_free(training_fit(model, &objective, 1, &o));
    ck_assert_msg(sums.last < cases[_i].share * sums.first, "loss %d: %g at first, %g at last", (int)cases[_i].loss,
                  sums.first / 6, sums.last / 6);
    sbertja_dataset_free(dataset);
    sbertja_model_free(model);
}
END_TEST

/* Examples of `texts` times the same text, the second of them with the score. */
static sbertja_dataset *two_examples(size_t texts, double score)
{
    const char *const all[8] = {"水", "水", "水", "水", "水", "水", "水", "水"};
    sbertja_dataset *dataset;
    ck_assert(sbertja_dataset_create(&dataset, NULL) == SBERTJA_OK);
    ck_assert(sbertja_dataset_add(dataset, all, NULL, texts, 0.25, NULL) == SBERTJA_OK);
    ck_assert(sbertja_dataset_add(dataset, all, NULL, texts, score, NULL) == SBERTJA_OK);
    return dataset;
}

/* From the _INIT macro on, with its margin, metric and samples_per_label, which these losses ignore. */
START_TEST(needs)
{
    static const struct {
        sbertja_loss loss;
        size_t texts;
        double score, scale;
        const char *message; /* NULL: it trains */
    } cases[] = {
        {SBERTJA_COSINE_SIMILARITY_LOSS, 2, 0.5, 0, NULL},
        {SBERTJA_COSINE_SIMILARITY_LOSS, 1, 0.5, 20, "objective 0: its examples have 1 text, the loss needs 2"},
        {SBERTJA_COSINE_SIMILARITY_LOSS, 3, 0.5, 20, "objective 0: its examples have 3 texts, the loss needs 2"},
        {SBERTJA_COSINE_SIMILARITY_LOSS, 2, NAN, 20, "objective 0: example 1: score nan is no finite number"},
        {SBERTJA_COSENT_LOSS, 2, 0.5, 20, NULL},
        {SBERTJA_COSENT_LOSS, 3, 0.5, 20, "objective 0: its examples have 3 texts, the loss needs 2"},
        {SBERTJA_COSENT_LOSS, 2, INFINITY, 20, "objective 0: example 1: score inf is no finite number"},
        {SBERTJA_COSENT_LOSS, 2, 0.5, 0, "objective 0: CoSENTLoss: scale: expected a number above 0"},
        {SBERTJA_MULTIPLE_NEGATIVES_RANKING_LOSS, 2, NAN, 20, NULL},
        {SBERTJA_MULTIPLE_NEGATIVES_RANKING_LOSS, 8, 0, 20, NULL},
        {SBERTJA_MULTIPLE_NEGATIVES_RANKING_LOSS, 1, 0, 20,
         "objective 0: its examples have 1 text, the loss needs 2 or more"},
        {SBERTJA_MULTIPLE_NEGATIVES_RANKING_LOSS, 2, 0, NAN,
         "objective 0: MultipleNegativesRankingLoss: scale: expected a number above 0"},
    };
    sbertja_error error;
    sbertja_fit_options o = SBERTJA_FIT_OPTIONS_INIT;
    sbertja_model *model = training_model("cpu", NULL), *trained;
    sbertja_dataset *dataset = two_examples(cases[_i].texts, cases[_i].score);
    sbertja_objective objective = SBERTJA_OBJECTIVE_INIT;
    objective.dataset = dataset;
    objective.loss = cases[_i].loss;
    objective.margin = NAN;
    objective.scale = cases[_i].scale;
    o.threads = 1;
    const sbertja_status status = sbertja_fit(model, &objective, 1, &o, &trained, &error);
    ck_assert_msg((status == SBERTJA_OK) == (cases[_i].message == NULL), "%d texts: %s", (int)cases[_i].texts,
                  error.message);
    if (cases[_i].message != NULL)
        ck_assert_str_eq(error.message, cases[_i].message);
    sbertja_model_free(trained);
    sbertja_dataset_free(dataset);
    sbertja_model_free(model);
}
END_TEST

/* An array as a program has it that was compiled when objectives ended with keep_order: the same training. */
START_TEST(older_objectives)
{
    enum { OLD = offsetof(sbertja_objective, scale) };
    _Alignas(sbertja_objective) unsigned char old[2 * OLD];
    sbertja_model *model = training_model("cpu", NULL), *older, *trained;
    sbertja_dataset *sentences = training_sentences(16), *triplets = training_triplets(4);
    sbertja_objective objectives[] = {training_objective(sentences, SBERTJA_BATCH_ALL_TRIPLET_LOSS),
                                      training_objective(triplets, SBERTJA_TRIPLET_LOSS)};
    sbertja_fit_options o = SBERTJA_FIT_OPTIONS_INIT;
    sbertja_error error;
    o.threads = 1;
    trained = training_fit(model, objectives, 2, &o);
    for (size_t i = 0; i < 2; i++) {
        objectives[i].size = OLD;
        memset(old + i * OLD, 0xff, OLD); /* also what lies between and behind the fields */
        memcpy(old + i * OLD, &objectives[i], offsetof(sbertja_objective, keep_order) + sizeof(int));
    }
    ck_assert_msg(sbertja_fit(model, (const sbertja_objective *)old, 2, &o, &older, &error) == SBERTJA_OK, "%s",
                  error.message);
    ck_assert(training_equal(older, trained));
    sbertja_model_free(older);
    objectives[0].size = sizeof *objectives; /* one of each */
    ck_assert(sbertja_fit(model, objectives, 2, &o, &older, &error) == SBERTJA_E_ARGUMENT);
    ck_assert_msg(strstr(error.message, "objective 1: size ") == error.message, "%s", error.message);
    sbertja_model_free(trained);
    sbertja_dataset_free(sentences);
    sbertja_dataset_free(triplets);
    sbertja_model_free(model);
}
END_TEST

SUITE_MAIN("train/pair_training", 60, {learns, 4}, {needs, 12}, {older_objectives, 0})
