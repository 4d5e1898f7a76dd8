/* No call that succeeds changes errno, for a host may make it between a failure of its own and looking at the reason. */
#include "sbertja.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/suite.h"
#include "support/temporary.h"
#include "support/training.h"

enum { MAGIC = 4711, COUNT = 4 };

#define KEEPS(call)                                                                                                    \
    do {                                                                                                               \
        errno = MAGIC;                                                                                                 \
        (void)(call);                                                                                                  \
        ck_assert_msg(errno == MAGIC, "%s leaves errno at %d", #call, errno);                                          \
    } while (0)
#define FREES(call)                                                                                                    \
    do {                                                                                                               \
        errno = MAGIC;                                                                                                 \
        call;                                                                                                          \
        ck_assert_msg(errno == MAGIC, "%s leaves errno at %d", #call, errno);                                          \
    } while (0)
#define SUCCEEDS(call)                                                                                                 \
    do {                                                                                                               \
        errno = MAGIC;                                                                                                 \
        const sbertja_status status = (call);                                                                          \
        ck_assert_msg(status == SBERTJA_OK, "%s: %s", #call, error.message);                                           \
        ck_assert_msg(errno == MAGIC, "%s leaves errno at %d", #call, errno);                                          \
    } while (0)

static const char *const texts[COUNT] = {"冷却水が漏れた。", "会議は三時に始まる。", "ポンプの水。", "部品の交換。"};

/* Callbacks that change it, as callbacks do. */
static int progress(void *user, size_t done, size_t total)
{
    (void)user, (void)done, (void)total;
    errno = EPIPE;
    return 0;
}

static int fit_progress(void *user, const sbertja_progress *p)
{
    (void)user, (void)p;
    errno = EPIPE;
    return 0;
}

static int evaluate(void *user, const sbertja_model *model, size_t epoch, size_t steps, double *score)
{
    (void)user, (void)model, (void)epoch, (void)steps;
    errno = EPIPE;
    *score = 1;
    return 0;
}

static void say(void *user, sbertja_log_level level, const char *message)
{
    (void)user, (void)level, (void)message;
    errno = EPIPE;
}

START_TEST(models)
{
    sbertja_error error;
    sbertja_load_options load = SBERTJA_LOAD_OPTIONS_INIT;
    sbertja_architecture a = SBERTJA_ARCHITECTURE_INIT;
    sbertja_model *model, *again;
    sbertja_tokenizer *tokenizer;
    sbertja_encoding *encoding;
    sbertja_parameter info;
    char path[4096];
    size_t count;
    const char *directory = temporary_path("model");
    load.log = say;
    a.vocabulary = "tests/data/vocab.txt";
    a.layers = 1, a.hidden = 16, a.heads = 2, a.intermediate = 24, a.max_positions = 64;
    SUCCEEDS(sbertja_model_create(&a, &load, &model, &error));
    SUCCEEDS(sbertja_model_save(model, directory, NULL, &error));
    SUCCEEDS(sbertja_model_save(model, directory, NULL, &error));
    SUCCEEDS(sbertja_model_load(directory, &load, &again, &error));
    SUCCEEDS(sbertja_tokenizer_load(directory, &load, &tokenizer, &error));
    KEEPS(sbertja_default_model(path, sizeof path, &error));
    KEEPS(sbertja_model_dimension(model));
    KEEPS(sbertja_model_describe(model));
    SUCCEEDS(sbertja_model_parameter(again, 0, &info, NULL, &error));
    float *values = calloc(info.rows * info.columns, sizeof *values);
    SUCCEEDS(sbertja_model_parameter(again, 0, NULL, values, &error));
    free(values);
    SUCCEEDS(sbertja_encoding_create(tokenizer, &encoding, &error));
    SUCCEEDS(sbertja_tokenize(encoding, texts[0], (size_t)-1, &error));
    KEEPS(sbertja_encoding_ids(encoding, &count));
    KEEPS(sbertja_encoding_token(encoding, 0));
    FREES(sbertja_encoding_free(encoding));
    FREES(sbertja_tokenizer_free(tokenizer));
    FREES(sbertja_model_free(again));
    FREES(sbertja_model_free(model));
    KEEPS(sbertja_devices());
    KEEPS(sbertja_engines());
    KEEPS(sbertja_instruction_sets());
    KEEPS(sbertja_version());
}
END_TEST

START_TEST(encode_and_fit)
{
    sbertja_error error;
    sbertja_session *session;
    sbertja_session_options options = SBERTJA_SESSION_OPTIONS_INIT;
    sbertja_encode_options encode = SBERTJA_ENCODE_OPTIONS_INIT;
    sbertja_fit_options fit = SBERTJA_FIT_OPTIONS_INIT;
    sbertja_model *model = training_model("cpu", NULL), *trained;
    sbertja_dataset *dataset = training_sentences(24), *own;
    const sbertja_objective objective = training_objective(dataset, SBERTJA_BATCH_ALL_TRIPLET_LOSS);
    float vectors[COUNT * 16];
    options.threads = 3;
    encode.progress = progress;
    SUCCEEDS(sbertja_session_create(model, &options, &session, &error));
    SUCCEEDS(sbertja_encode(session, texts, NULL, COUNT, &encode, vectors, &error));
    FREES(sbertja_session_free(session));
    fit.log = say;
    fit.progress = fit_progress;
    fit.evaluate = evaluate;
    fit.output_path = temporary_path("output");
    fit.checkpoint_path = temporary_path("checkpoint");
    fit.resume = 1;
    SUCCEEDS(sbertja_fit(model, &objective, 1, &fit, &trained, &error));
    FREES(sbertja_model_free(trained));
    fit.epochs = 2;
    fit.log = NULL;
    sbertja_fit(model, &objective, 1, &fit, &trained, &error);
    sbertja_model_free(trained);
    SUCCEEDS(sbertja_dataset_create(&own, &error));
    SUCCEEDS(sbertja_dataset_add(own, texts, NULL, 2, 1, &error));
    KEEPS(sbertja_dataset_size(own));
    FREES(sbertja_dataset_free(own));
    FREES(sbertja_dataset_free(dataset));
    sbertja_model_free(model);
}
END_TEST

START_TEST(files)
{
    sbertja_error error;
    sbertja_vocabulary_options options = SBERTJA_VOCABULARY_OPTIONS_INIT;
    sbertja_vocabulary_trainer *trainer;
    sbertja_table *table;
    size_t column;
    int labels[480];
    double number;
    const float values[4] = {1, 2, 3, 4};
    options.min_frequency = 1;
    options.threads = 2;
    options.log = say;
    SUCCEEDS(sbertja_vocabulary_trainer_create(&options, &trainer, &error));
    SUCCEEDS(sbertja_vocabulary_trainer_add(trainer, texts, NULL, COUNT, &error));
    SUCCEEDS(sbertja_vocabulary_trainer_finish(trainer, temporary_path("vocab.txt"), NULL, &error));
    FREES(sbertja_vocabulary_trainer_free(trainer));
    SUCCEEDS(sbertja_table_read("examples/report/report.xlsx", &table, &error));
    FREES(sbertja_table_free(table));
    SUCCEEDS(sbertja_table_read("examples/report/train.tsv", &table, &error));
    SUCCEEDS(sbertja_table_find(table, "label", &column, &error));
    SUCCEEDS(sbertja_table_labels(table, "label", labels, &error));
    SUCCEEDS(sbertja_table_number(table, 0, column, &number, &error));
    KEEPS(sbertja_table_cell(table, 0, column, NULL));
    FREES(sbertja_table_free(table));
    SUCCEEDS(sbertja_npy_write(temporary_path("values.npy"), values, 2, 2, &error));
}
END_TEST

START_TEST(vectors)
{
    sbertja_error error;
    const float rows[COUNT * 2] = {1, 0, 0, 1, 1, 1, 1, 0.5f};
    const double x[COUNT] = {1, 2, 3, 4}, y[COUNT] = {1, 3, 2, 4};
    const int labels[COUNT] = {0, 1, 0, 1};
    size_t indices[COUNT * COUNT], begins[COUNT + 1], found, relevant[] = {1}, relevant_begin[] = {0, 1};
    float scores[COUNT * COUNT];
    int predicted[COUNT];
    double value, other;
    sbertja_pair pairs[COUNT];
    SUCCEEDS(sbertja_search(rows, COUNT, rows, COUNT, 2, 2, indices, scores, &error));
    SUCCEEDS(sbertja_retrieval(indices, 1, 2, relevant, relevant_begin, &value, &other, &error));
    SUCCEEDS(sbertja_classify_centroid(rows, labels, COUNT, rows, COUNT, 2, predicted, &error));
    SUCCEEDS(sbertja_classify_neighbours(rows, labels, COUNT, 1, rows, COUNT, 2, predicted, &error));
    SUCCEEDS(sbertja_spearman(x, y, COUNT, &value, &error));
    SUCCEEDS(sbertja_triplet_accuracy(rows, rows, rows, 1, 2, SBERTJA_COSINE, &value, &error));
    SUCCEEDS(sbertja_paraphrases(rows, COUNT, 2, 2, COUNT, pairs, &found, &error));
    SUCCEEDS(sbertja_communities(rows, COUNT, 2, 0.5, 1, indices, begins, &found, &error));
    KEEPS(sbertja_cosine(rows, rows + 2, 2));
    KEEPS(sbertja_pearson(x, y, COUNT));
    KEEPS(sbertja_accuracy(labels, labels, COUNT));
    KEEPS(sbertja_macro_f1(labels, labels, COUNT));
}
END_TEST

SUITE_MAIN("api/errno", 30, {models, 0}, {encode_and_fit, 0}, {files, 0}, {vectors, 0})
