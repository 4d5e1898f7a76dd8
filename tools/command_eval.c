/* sbertja eval: how good a model's vectors are for a task, measured on a table. The figures of each task go to standard
 * output as "name<TAB>value". */
#include "basics.h"
#include "command.h"
#include "options.h"
#include "results.h"
#include "rows.h"
#include "scores.h"
#include "vectors.h"

#include <stdlib.h>
#include <string.h>

typedef struct eval_settings {
    model_settings model;
    const char *task, *table;
    const char *train, *text, *label;
    size_t neighbours;
    const char *sentence1, *sentence2, *score;
    const char *anchor, *positive, *negative;
    const char *corpus, *question, *passage_id, *id;
} eval_settings;

static int encode_texts(const sbertja_model *model, const eval_settings *settings, const table_rows *rows,
                        size_t column, float **vectors)
{
    return vectors_of(model, &settings->model, rows->texts[column], NULL, rows->count, vectors);
}

/* ---- classify -------------------------------------------------------------------------------------------------- */

static int read_labelled(const eval_settings *settings, const char *path, table_rows *rows)
{
    int status = rows_read(rows, path, &settings->text, 1);
    return status == DONE ? rows_labels(rows, settings->label) : status;
}

static int classify_vectors(const eval_settings *settings, const table_rows *train, const table_rows *test,
                            size_t dimension, const float *train_vectors, const float *vectors)
{
    sbertja_error error;
    int *predicted = take(test->count, sizeof *predicted);
    size_t k = settings->neighbours < train->count ? settings->neighbours : train->count;
    int status = DONE;
    if (sbertja_classify_centroid(train_vectors, train->labels, train->count, vectors, test->count, dimension,
                                  predicted, &error) != SBERTJA_OK)
        status = library_refused(&error);
    if (status == DONE) {
        write_figure("centroid_accuracy", sbertja_accuracy(test->labels, predicted, test->count));
        write_figure("centroid_macro_f1", sbertja_macro_f1(test->labels, predicted, test->count));
        if (sbertja_classify_neighbours(train_vectors, train->labels, train->count, k, vectors, test->count, dimension,
                                        predicted, &error) != SBERTJA_OK)
            status = library_refused(&error);
    }
    if (status == DONE) {
        write_figure("neighbours_accuracy", sbertja_accuracy(test->labels, predicted, test->count));
        write_figure("neighbours_macro_f1", sbertja_macro_f1(test->labels, predicted, test->count));
    }
    free(predicted);
    return status;
}

static int eval_classify(const eval_settings *settings, const sbertja_model *model)
{
    table_rows train = {0}, test = {0};
    float *train_vectors = NULL, *vectors = NULL;
    int status = read_labelled(settings, settings->train, &train);
    if (status == DONE)
        status = read_labelled(settings, settings->table, &test);
    if (status == DONE)
        status = encode_texts(model, settings, &train, 0, &train_vectors);
    if (status == DONE)
        status = encode_texts(model, settings, &test, 0, &vectors);
    if (status == DONE)
        status = classify_vectors(settings, &train, &test, sbertja_model_dimension(model), train_vectors, vectors);
    free(train_vectors);
    free(vectors);
    rows_free(&train);
    rows_free(&test);
    return status;
}

/* ---- sts ------------------------------------------------------------------------------------------------------- */

static int eval_sts(const eval_settings *settings, const sbertja_model *model)
{
    const char *columns[] = {settings->sentence1, settings->sentence2};
    table_rows pairs = {0};
    double spearman, pearson;
    int status = rows_read(&pairs, settings->table, columns, 2);
    if (status == DONE)
        status = rows_scores(&pairs, settings->score);
    if (status == DONE)
        status = sts_correlations(model, &settings->model, &pairs, &spearman, &pearson);
    if (status == DONE) {
        write_figure("spearman_cosine", spearman);
        write_figure("pearson_cosine", pearson);
    }
    rows_free(&pairs);
    return status;
}

/* ---- triplet --------------------------------------------------------------------------------------------------- */

static int eval_triplet(const eval_settings *settings, const sbertja_model *model)
{
    const char *columns[] = {settings->anchor, settings->positive, settings->negative};
    const sbertja_metric metrics[] = {SBERTJA_COSINE, SBERTJA_EUCLIDEAN, SBERTJA_MANHATTAN};
    table_rows triplets = {0};
    double accuracies[3];
    int status = rows_read(&triplets, settings->table, columns, 3);
    if (status == DONE)
        status = triplet_accuracies(model, &settings->model, &triplets, metrics, 3, accuracies);
    if (status == DONE) {
        write_figure("accuracy_cosine", accuracies[0]);
        write_figure("accuracy_euclidean", accuracies[1]);
        write_figure("accuracy_manhattan", accuracies[2]);
    }
    rows_free(&triplets);
    return status;
}

/* ---- search ---------------------------------------------------------------------------------------------------- */

enum { RANKS = 10 };

typedef struct passage {
    const char *id;
    size_t row;
} passage;

static int compare_ids(const void *a, const void *b)
{
    return strcmp(((const passage *)a)->id, ((const passage *)b)->id);
}

/* right[question]: the row of the passage that it names. Each has to be there, and each passage to have its own name.
 */
static int find_right_passages(const table_rows *questions, const table_rows *passages, size_t *right)
{
    int status = DONE;
    passage *sorted = take(passages->count, sizeof *sorted);
    for (size_t i = 0; i < passages->count; i++)
        sorted[i] = (passage){passages->texts[0][i], i};
    qsort(sorted, passages->count, sizeof *sorted, compare_ids);
    for (size_t i = 1; i < passages->count && status == DONE; i++)
        if (!strcmp(sorted[i - 1].id, sorted[i].id))
            status = data_wrong("%s: id \"%s\": expected once, found again", passages->path, sorted[i].id);
    for (size_t i = 0; i < questions->count && status == DONE; i++) {
        const passage wanted = {questions->texts[1][i], 0};
        const passage *found = bsearch(&wanted, sorted, passages->count, sizeof *sorted, compare_ids);
        if (found)
            right[i] = found->row;
        else
            status = data_wrong("%s: row %zu: expected the id of a passage of %s, found \"%s\"", questions->path, i + 1,
                                passages->path, wanted.id);
    }
    free(sorted);
    return status;
}

/* `found` [questions, k]: the passages of each question, best first. */
static int write_retrieval(const size_t *found, size_t questions, size_t k, const size_t *right)
{
    sbertja_error error;
    double mrr, recall, recall_at_1;
    size_t *first = take(questions, sizeof *first), *begin = take(questions + 1, sizeof *begin);
    int status = DONE;
    for (size_t i = 0; i <= questions; i++)
        begin[i] = i; /* one right passage each */
    for (size_t i = 0; i < questions; i++)
        first[i] = found[i * k];
    if (sbertja_retrieval(found, questions, k, right, begin, &mrr, &recall, &error) != SBERTJA_OK ||
        sbertja_retrieval(first, questions, 1, right, begin, NULL, &recall_at_1, &error) != SBERTJA_OK) {
        status = library_refused(&error);
    } else {
        write_figure("mrr@10", mrr);
        write_figure("recall@1", recall_at_1);
        write_figure("recall@10", recall);
    }
    free(first);
    free(begin);
    return status;
}

static int search_passages(const eval_settings *settings, const sbertja_model *model, const table_rows *questions,
                           const table_rows *passages, const size_t *right)
{
    sbertja_error error;
    float *corpus = NULL, *queries = NULL;
    size_t k = passages->count < RANKS ? passages->count : RANKS;
    size_t *found = take(questions->count, k * sizeof *found);
    float *scores = take(questions->count, k * sizeof *scores);
    int status = encode_texts(model, settings, passages, 1, &corpus);
    if (status == DONE)
        status = encode_texts(model, settings, questions, 0, &queries);
    if (status == DONE && sbertja_search(corpus, passages->count, queries, questions->count,
                                         sbertja_model_dimension(model), k, found, scores, &error) != SBERTJA_OK)
        status = library_refused(&error);
    if (status == DONE)
        status = write_retrieval(found, questions->count, k, right);
    free(corpus);
    free(queries);
    free(found);
    free(scores);
    return status;
}

static int eval_search(const eval_settings *settings, const sbertja_model *model)
{
    const char *question_columns[] = {settings->question, settings->passage_id};
    const char *passage_columns[] = {settings->id, settings->text};
    table_rows questions = {0}, passages = {0};
    size_t *right = NULL;
    int status = rows_read(&questions, settings->table, question_columns, 2);
    if (status == DONE)
        status = rows_read(&passages, settings->corpus, passage_columns, 2);
    if (status == DONE) {
        right = take(questions.count, sizeof *right);
        status = find_right_passages(&questions, &passages, right);
    }
    if (status == DONE)
        status = search_passages(settings, model, &questions, &passages, right);
    free(right);
    rows_free(&questions);
    rows_free(&passages);
    return status;
}

/* ---- The sub-command ------------------------------------------------------------------------------------------- */

static int parse(int argc, char **argv, eval_settings *s)
{
    const option options[] = {
        {"task", 0, OPTION_CHOICE, &s->task, "classify|sts|triplet|search", "what is measured", 0, 1},
        {"train", 0, OPTION_TEXT, &s->train, "TABLE", "classify: the rows to learn from", 0, 0},
        {"text", 0, OPTION_TEXT, &s->text, "COL", "classify, search: column of the texts", 0, 0},
        {"label", 0, OPTION_TEXT, &s->label, "RULE", "classify: a column, or as cause=1:1,effect=1:2,else:0", 0, 0},
        {"neighbours", 0, OPTION_SIZE, &s->neighbours, "N", "classify: how many of them vote", 1, 0},
        {"sentence1", 0, OPTION_TEXT, &s->sentence1, "COL", "sts: first text", 0, 0},
        {"sentence2", 0, OPTION_TEXT, &s->sentence2, "COL", "sts: second text", 0, 0},
        {"score", 0, OPTION_TEXT, &s->score, "COL", "sts: how similar they are", 0, 0},
        {"anchor", 0, OPTION_TEXT, &s->anchor, "COL", "triplet: its column", 0, 0},
        {"positive", 0, OPTION_TEXT, &s->positive, "COL", "triplet: its column", 0, 0},
        {"negative", 0, OPTION_TEXT, &s->negative, "COL", "triplet: its column", 0, 0},
        {"corpus", 0, OPTION_TEXT, &s->corpus, "TABLE", "search: the passages, with --id and --text", 0, 0},
        {"question", 0, OPTION_TEXT, &s->question, "COL", "search: column of TABLE", 0, 0},
        {"passage-id", 0, OPTION_TEXT, &s->passage_id, "COL", "search: id of the right passage", 0, 0},
        {"id", 0, OPTION_TEXT, &s->id, "COL", "search: column of --corpus", 0, 0},
        {0},
    };
    const option_usage usage = {
        .name = "eval",
        .arguments = "TABLE",
        .summary = "Measures a model on a table (.tsv, .csv, .xlsx with a header line).",
        .least = 1,
        .most = 1,
        .options = options,
        .common = s->model.options,
        .notes = "classify: accuracy and macro F1 by the nearest centroid and by the nearest neighbours;\n"
                 "sts: Spearman and Pearson correlation of cosine and score; triplet: how often the positive\n"
                 "is nearer than the negative; search: MRR@10, recall@1 and @10.",
    };
    return options_parse(&usage, argc, argv, &s->table);
}

static int check_tables(const eval_settings *s)
{
    if (!strcmp(s->task, "classify") && !s->train)
        return call_wrong("eval --task classify: --train TABLE is missing");
    if (!strcmp(s->task, "search") && !s->corpus)
        return call_wrong("eval --task search: --corpus TABLE is missing");
    return DONE;
}

int command_eval(int argc, char **argv)
{
    static const struct {
        const char *name;
        int (*run)(const eval_settings *settings, const sbertja_model *model);
    } tasks[] = {{"classify", eval_classify}, {"sts", eval_sts}, {"triplet", eval_triplet}, {"search", eval_search}};
    eval_settings s = {
        .text = "text",
        .label = "label",
        .neighbours = 5,
        .sentence1 = "sentence1",
        .sentence2 = "sentence2",
        .score = "score",
        .anchor = "anchor",
        .positive = "positive",
        .negative = "negative",
        .passage_id = "passage_id",
        .question = "question",
        .id = "id",
    };
    sbertja_model *model = NULL;
    model_settings_init(&s.model, SETTINGS_DIRECTORY | SETTINGS_TOKENS | SETTINGS_LOAD | SETTINGS_VECTORS);
    int status = parse(argc, argv, &s);
    if (status != OPTIONS_GO)
        return status;
    status = check_tables(&s);
    if (status == DONE)
        status = model_open(&s.model, &model);
    for (size_t i = 0; i < sizeof tasks / sizeof tasks[0] && status == DONE; i++)
        if (!strcmp(s.task, tasks[i].name)) {
            status = tasks[i].run(&s, model);
            break;
        }
    sbertja_model_free(model);
    return status;
}
