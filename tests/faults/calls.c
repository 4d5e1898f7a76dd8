/* Every public call that reads, writes, computes or allocates: how it is set up, run, and looked at afterwards. */
#include "faults/calls.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/temporary.h"
#include "support/training.h"

static const char *const texts[] = {"冷却水が漏れた。", "会議は三時に始まる。", "",
                                    "配管から水が漏れていたので、弁を閉めた。"};
enum { TEXTS = sizeof texts / sizeof *texts, MANY = 1600, MAX_WIDTH = 64 };

static void must(sbertja_status status, const sbertja_error *error)
{
    ck_assert_msg(status == SBERTJA_OK, "%s", error->message);
}

/* One state for all calls; each uses what it needs. */
typedef struct state {
    const char *directory, *precision, *layout, *packed;
    char path[256], checkpoint[256];
    int threads;
    sbertja_model *model, *made; /* the handle, and the call's result */
    sbertja_session *session, *made_session;
    sbertja_tokenizer *tokenizer;
    sbertja_encoding *encoding;
    char tokens[256]; /* of texts[3] */
    sbertja_table *table;
    sbertja_dataset *sentences, *triplets;
    sbertja_objective objectives[2];
    sbertja_fit_options fit;
    sbertja_model *wanted;          /* what fit has to give */
    float *vectors, *wanted_vectors; /* of `texts` */
    const char **many;
    float *many_vectors;
} state;

static state *new_state(const char *directory)
{
    state *s = calloc(1, sizeof *s);
    s->directory = directory;
    s->threads = 1;
    s->vectors = calloc(TEXTS, MAX_WIDTH * sizeof *s->vectors);
    s->wanted_vectors = calloc(TEXTS, MAX_WIDTH * sizeof *s->wanted_vectors);
    return s;
}

static void release(void *handle)
{
    state *s = handle;
    sbertja_encoding_free(s->encoding);
    sbertja_tokenizer_free(s->tokenizer);
    sbertja_session_free(s->session);
    sbertja_model_free(s->model);
    sbertja_model_free(s->wanted);
    sbertja_dataset_free(s->sentences);
    sbertja_dataset_free(s->triplets);
    free(s->vectors);
    free(s->wanted_vectors);
    free(s->many);
    free(s->many_vectors);
    free(s);
}

static sbertja_model *load(const state *s, const char *directory)
{
    sbertja_load_options options = SBERTJA_LOAD_OPTIONS_INIT;
    sbertja_error error;
    sbertja_model *model;
    options.device = "cpu";
    options.precision = s->precision;
    options.threads = s->threads;
    must(sbertja_model_load(directory, &options, &model, &error), &error);
    return model;
}

static sbertja_session *open_session(const state *s, const sbertja_model *model)
{
    sbertja_session_options options = SBERTJA_SESSION_OPTIONS_INIT;
    sbertja_error error;
    sbertja_session *session;
    options.threads = s->threads;
    must(sbertja_session_create(model, &options, &session, &error), &error);
    return session;
}

/* Whether a model, or a session of it, gives the vectors that were computed before any fault. */
static bool gives_the_same(state *s, const sbertja_model *model, sbertja_session *session)
{
    sbertja_error error;
    sbertja_session *own = session == NULL ? open_session(s, model) : NULL;
    must(sbertja_encode(session != NULL ? session : own, texts, NULL, TEXTS, NULL, s->vectors, &error), &error);
    sbertja_session_free(own);
    return memcmp(s->vectors, s->wanted_vectors, TEXTS * sbertja_model_dimension(model) * sizeof *s->vectors) == 0;
}

/* A model, a session of it, and its vectors. */
static state *with_model(const char *directory, const char *precision, int threads)
{
    state *s = new_state(directory);
    sbertja_error error;
    s->precision = precision;
    s->threads = threads;
    s->model = load(s, directory);
    s->session = open_session(s, s->model);
    must(sbertja_encode(s->session, texts, NULL, TEXTS, NULL, s->wanted_vectors, &error), &error);
    return s;
}

/* ---- Loading ----------------------------------------------------------------------------------------------------- */

static void *loads_f32(void)
{
    return with_model("tests/data/tiny/model-cls-dense-normalize", NULL, 1);
}

static void *loads_bf16_file(void)
{
    return with_model("tests/data/tiny/hf-safetensors-bf16", NULL, 1);
}

static void *loads_zip(void)
{
    return with_model("tests/data/tiny/hf-bin-zip", NULL, 1);
}

static void *loads_legacy(void)
{
    return with_model("tests/data/tiny/hf-bin-legacy-gamma", NULL, 1);
}

static void *loads_int8(void)
{
    return with_model("tests/data/tiny/model", "int8", 2);
}

static void *loads_packed(void)
{
    sbertja_save_options options = SBERTJA_SAVE_OPTIONS_INIT;
    sbertja_error error;
    options.packed = "int8";
    state *plain = with_model("tests/data/tiny/model", NULL, 1);
    const char *path = temporary_path("packed");
    must(sbertja_model_save(plain->model, path, &options, &error), &error);
    release(plain);
    state *s = with_model(path, "int8", 1);
    strcpy(s->path, path);
    s->directory = s->path;
    return s;
}

static sbertja_status load_model(void *handle, sbertja_error *error)
{
    state *s = handle;
    sbertja_load_options options = SBERTJA_LOAD_OPTIONS_INIT;
    options.device = "cpu";
    options.precision = s->precision;
    options.threads = s->threads;
    return sbertja_model_load(s->directory, &options, &s->made, error);
}

static const char *loaded(void *handle, sbertja_status status)
{
    state *s = handle;
    const char *fault = NULL;
    if ((s->made != NULL) != (status == SBERTJA_OK))
        fault = "a model and a failure, or neither";
    else if (s->made != NULL && !gives_the_same(s, s->made, NULL))
        fault = "the model gives other vectors";
    sbertja_model_free(s->made);
    s->made = NULL;
    return fault;
}

static sbertja_status load_tokenizer(void *handle, sbertja_error *error)
{
    state *s = handle;
    sbertja_tokenizer *tokenizer;
    const sbertja_status status = sbertja_tokenizer_load(s->directory, NULL, &tokenizer, error);
    sbertja_tokenizer_free(tokenizer);
    return status;
}

static const char *model_as_before(void *handle, sbertja_status status)
{
    state *s = handle;
    (void)status;
    return gives_the_same(s, s->model, s->session) ? NULL : "the session gives other vectors";
}

/* ---- Sessions ---------------------------------------------------------------------------------------------------- */

static void *one_thread(void)
{
    return with_model("tests/data/tiny/model", NULL, 1);
}

static void *three_threads(void)
{
    state *s = with_model("tests/data/tiny/model", NULL, 3);
    s->many = malloc(MANY * sizeof *s->many);
    s->many_vectors = malloc(MANY * MAX_WIDTH * sizeof *s->many_vectors);
    for (size_t i = 0; i < MANY; i++)
        s->many[i] = texts[i % TEXTS];
    return s;
}

static sbertja_status create_session(void *handle, sbertja_error *error)
{
    state *s = handle;
    sbertja_session_options options = SBERTJA_SESSION_OPTIONS_INIT;
    options.threads = s->threads;
    return sbertja_session_create(s->model, &options, &s->made_session, error);
}

static const char *session_made(void *handle, sbertja_status status)
{
    state *s = handle;
    const char *fault = NULL;
    if ((s->made_session != NULL) != (status == SBERTJA_OK))
        fault = "a session and a failure, or neither";
    else if (s->made_session != NULL && !gives_the_same(s, s->model, s->made_session))
        fault = "the session gives other vectors";
    sbertja_session_free(s->made_session);
    s->made_session = NULL;
    return fault;
}

/* In a new session, so that nothing is left from an earlier call; and in one that has encoded before. */
static sbertja_status encode_fresh(void *handle, sbertja_error *error)
{
    state *s = handle;
    sbertja_status status = create_session(s, error);
    if (status == SBERTJA_OK)
        status = sbertja_encode(s->made_session, texts, NULL, TEXTS, NULL, s->vectors, error);
    return status;
}

static const char *encoded_fresh(void *handle, sbertja_status status)
{
    state *s = handle;
    const char *fault = NULL;
    if (status == SBERTJA_OK && memcmp(s->vectors, s->wanted_vectors, TEXTS * sbertja_model_dimension(s->model)) != 0)
        fault = "other vectors";
    else if (s->made_session != NULL && !gives_the_same(s, s->model, s->made_session))
        fault = "the session gives other vectors afterwards";
    sbertja_session_free(s->made_session);
    s->made_session = NULL;
    return fault;
}

/* In sessions of its own, since which thread's scratch grows is a matter of chance. */
static sbertja_status encode_many(void *handle, sbertja_error *error)
{
    state *s = handle;
    sbertja_status status = create_session(s, error);
    if (status == SBERTJA_OK)
        status = sbertja_encode(s->made_session, s->many, NULL, MANY, NULL, s->many_vectors, error);
    sbertja_session_free(s->made_session);
    s->made_session = NULL;
    return status;
}

static const char *model_in_a_new_session(void *handle, sbertja_status status)
{
    state *s = handle;
    (void)status;
    return gives_the_same(s, s->model, NULL) ? NULL : "the model gives other vectors";
}

static int look_at_tokens(void *user, size_t index, size_t tokens, size_t dimension, const float *vectors)
{
    *(float *)user += vectors[tokens * dimension - 1] * (float)index;
    return 0;
}

static sbertja_status encode_tokens(void *handle, sbertja_error *error)
{
    state *s = handle;
    sbertja_encode_options options = SBERTJA_ENCODE_OPTIONS_INIT;
    float sum = 0;
    options.token_vectors = look_at_tokens;
    options.token_vectors_user = &sum;
    return sbertja_encode(s->session, texts, NULL, TEXTS, &options, s->vectors, error);
}

/* ---- Tokens ------------------------------------------------------------------------------------------------------ */

static sbertja_status tokenize(void *handle, sbertja_error *error)
{
    return sbertja_tokenize(((state *)handle)->encoding, texts[3], (size_t)-1, error);
}

static void join_tokens(const state *s, char joined[256])
{
    sbertja_error error;
    must(tokenize((void *)s, &error), &error);
    joined[0] = '\0';
    for (size_t i = 0; i < sbertja_encoding_token_count(s->encoding); i++)
        strcat(strcat(joined, " "), sbertja_encoding_token(s->encoding, i));
}

static void *encoding_ready(void)
{
    state *s = new_state("tests/data/tiny/model");
    sbertja_error error;
    must(sbertja_tokenizer_load(s->directory, NULL, &s->tokenizer, &error), &error);
    must(sbertja_encoding_create(s->tokenizer, &s->encoding, &error), &error);
    join_tokens(s, s->tokens);
    return s;
}

static const char *tokens_as_before(void *handle, sbertja_status status)
{
    char joined[256];
    (void)status;
    join_tokens(handle, joined);
    return strcmp(joined, ((state *)handle)->tokens) == 0 ? NULL : "other tokens";
}

static sbertja_status create_encoding(void *handle, sbertja_error *error)
{
    sbertja_encoding *encoding;
    const sbertja_status status = sbertja_encoding_create(((state *)handle)->tokenizer, &encoding, error);
    sbertja_encoding_free(encoding);
    return status;
}

/* ---- Saving ------------------------------------------------------------------------------------------------------ */

static state *saves(const char *layout, const char *packed, bool exists)
{
    state *s = with_model("tests/data/tiny/model-cls-dense-normalize", NULL, 1);
    sbertja_error error;
    strcpy(s->path, temporary_path("saved"));
    s->layout = layout;
    s->packed = packed;
    if (exists)
        must(sbertja_model_save(s->model, s->path, NULL, &error), &error);
    return s;
}

static void *saves_over(void)
{
    return saves(NULL, NULL, true);
}

static void *saves_packed(void)
{
    return saves(NULL, "int8", true);
}

static void *saves_old_layout(void)
{
    return saves("0.4.1", NULL, true);
}

static sbertja_status save(void *handle, sbertja_error *error)
{
    state *s = handle;
    sbertja_save_options options = SBERTJA_SAVE_OPTIONS_INIT;
    options.layout = s->layout;
    options.packed = s->packed;
    return sbertja_model_save(s->model, s->path, &options, error);
}

/* Whatever happened, the directory has a whole model. */
static const char *saved(void *handle, sbertja_status status)
{
    state *s = handle;
    sbertja_model *model = load(s, s->path);
    const bool same = gives_the_same(s, model, NULL);
    sbertja_model_free(model);
    return same ? model_as_before(s, status) : "the saved model gives other vectors";
}

/* ---- Training ---------------------------------------------------------------------------------------------------- */

static int give_score(void *user, const sbertja_model *model, size_t epoch, size_t steps, double *score)
{
    (void)user;
    (void)model;
    (void)steps;
    *score = (double)epoch;
    return 0;
}

static state *fits(void)
{
    state *s = new_state(NULL);
    s->model = training_model("cpu", NULL);
    s->session = open_session(s, s->model);
    gives_the_same(s, s->model, s->session);
    memcpy(s->wanted_vectors, s->vectors, TEXTS * MAX_WIDTH * sizeof *s->vectors);
    s->sentences = training_sentences(24);
    s->triplets = training_triplets(4);
    s->objectives[0] = training_objective(s->sentences, SBERTJA_BATCH_ALL_TRIPLET_LOSS);
    s->objectives[1] = training_objective(s->triplets, SBERTJA_TRIPLET_LOSS);
    s->fit = (sbertja_fit_options)SBERTJA_FIT_OPTIONS_INIT;
    s->fit.threads = 2;
    s->fit.steps_per_epoch = 1;
    s->wanted = training_fit(s->model, s->objectives, 2, &s->fit);
    return s;
}

static void *fits_plain(void)
{
    return fits();
}

static void *fits_and_saves(void)
{
    state *s = fits();
    strcpy(s->path, temporary_path("out"));
    strcpy(s->checkpoint, temporary_path("checkpoint"));
    s->fit.output_path = s->path;
    s->fit.checkpoint_path = s->checkpoint;
    s->fit.evaluate = give_score;
    return s;
}

static void *fits_on(void)
{
    state *s = fits_and_saves();
    sbertja_model_free(training_fit(s->model, s->objectives, 2, &s->fit));
    s->fit.resume = 1;
    return s;
}

static sbertja_status fit(void *handle, sbertja_error *error)
{
    state *s = handle;
    return sbertja_fit(s->model, s->objectives, 2, &s->fit, &s->made, error);
}

static const char *fitted(void *handle, sbertja_status status)
{
    state *s = handle;
    const char *fault = model_as_before(s, status);
    if (status == SBERTJA_OK && s->made == NULL)
        fault = "no trained model";
    else if (s->made != NULL && !training_equal(s->made, s->wanted))
        fault = "other weights";
    sbertja_model_free(s->made);
    s->made = NULL;
    return fault;
}

/* ---- Tables and vectors ------------------------------------------------------------------------------------------ */

static void *reads_tsv(void)
{
    return new_state("examples/report/test.tsv");
}

static void *reads_xlsx(void)
{
    return new_state("examples/report/report.xlsx");
}

static void *reads_csv(void)
{
    static const char content[] = "text,label\n\"水が, \"\"漏れた\"\"\",1\n会議,0\n";
    state *s = new_state(NULL);
    strcpy(s->path, temporary_path("table.csv"));
    FILE *file = fopen(s->path, "wb");
    fwrite(content, 1, sizeof content - 1, file);
    fclose(file);
    s->directory = s->path;
    return s;
}

static sbertja_status read_table(void *handle, sbertja_error *error)
{
    state *s = handle;
    int labels[1024];
    sbertja_status status = sbertja_table_read(s->directory, &s->table, error);
    if (status == SBERTJA_OK)
        status = sbertja_table_labels(s->table, "label", labels, error);
    return status;
}

static const char *table_read(void *handle, sbertja_status status)
{
    state *s = handle;
    size_t column;
    const char *fault = NULL;
    if (status == SBERTJA_OK && (sbertja_table_find(s->table, "text", &column, NULL) != SBERTJA_OK ||
                                 sbertja_table_cell(s->table, 1, column, NULL)[0] == '\0'))
        fault = "other cells";
    sbertja_table_free(s->table);
    s->table = NULL;
    return fault;
}

static sbertja_status write_npy(void *handle, sbertja_error *error)
{
    static const float values[6] = {1, 2, 3, 4, 5, 6};
    return sbertja_npy_write(((state *)handle)->path, values, 2, 3, error);
}

/* Either the old file or the new one, which are the same. */
static const char *npy_written(void *handle, sbertja_status status)
{
    state *s = handle;
    float values[6] = {0};
    FILE *file = fopen(s->path, "rb");
    (void)status;
    if (file == NULL || fseek(file, -(long)sizeof values, SEEK_END) != 0 || fread(values, sizeof values, 1, file) != 1)
        values[0] = 0;
    if (file != NULL)
        fclose(file);
    return values[0] == 1 && values[5] == 6 ? NULL : "the file is damaged";
}

static void *writes_npy(void)
{
    state *s = new_state(NULL);
    sbertja_error error;
    strcpy(s->path, temporary_path("vectors.npy"));
    must(write_npy(s, &error), &error);
    return s;
}

static void *vectors_ready(void)
{
    state *s = with_model("tests/data/tiny/model", NULL, 1);
    return s;
}

static sbertja_status use_vectors(void *handle, sbertja_error *error)
{
    state *s = handle;
    const size_t width = sbertja_model_dimension(s->model);
    size_t indices[TEXTS * 2], found, members[TEXTS], begins[TEXTS + 1];
    float scores[TEXTS * 2];
    sbertja_pair pairs[4];
    static const int labels[TEXTS] = {0, 1, 0, 1};
    int predicted[TEXTS];
    sbertja_status status = sbertja_search(s->wanted_vectors, TEXTS, s->wanted_vectors, TEXTS, width, 2, indices, scores, error);
    if (status == SBERTJA_OK)
        status = sbertja_paraphrases(s->wanted_vectors, TEXTS, width, 2, 4, pairs, &found, error);
    if (status == SBERTJA_OK)
        status = sbertja_communities(s->wanted_vectors, TEXTS, width, 0.1, 1, members, begins, &found, error);
    if (status == SBERTJA_OK)
        status = sbertja_classify_centroid(s->wanted_vectors, labels, TEXTS, s->wanted_vectors, TEXTS, width, predicted, error);
    if (status == SBERTJA_OK)
        status = sbertja_classify_neighbours(s->wanted_vectors, labels, TEXTS, 3, s->wanted_vectors, TEXTS, width,
                                             predicted, error);
    return status;
}

static sbertja_status train_vocabulary(void *handle, sbertja_error *error)
{
    state *s = handle;
    sbertja_vocabulary_options options = SBERTJA_VOCABULARY_OPTIONS_INIT;
    sbertja_vocabulary_trainer *trainer;
    options.entries = 40;
    options.min_frequency = 1;
    options.threads = 2;
    sbertja_status status = sbertja_vocabulary_trainer_create(&options, &trainer, error);
    if (status == SBERTJA_OK)
        status = sbertja_vocabulary_trainer_add(trainer, texts, NULL, TEXTS, error);
    if (status == SBERTJA_OK)
        status = sbertja_vocabulary_trainer_finish(trainer, s->path, NULL, error);
    sbertja_vocabulary_trainer_free(trainer);
    return status;
}

static void *trains_vocabulary(void)
{
    state *s = new_state(NULL);
    strcpy(s->path, temporary_path("vocab.txt"));
    return s;
}

static const char *nothing_to_look_at(void *handle, sbertja_status status)
{
    (void)handle;
    (void)status;
    return NULL;
}

const fault_call fault_calls_table[] = {
    {"load tokenizer", encoding_ready, load_tokenizer, tokens_as_before, release},
    {"create encoding", encoding_ready, create_encoding, tokens_as_before, release},
    {"tokenize", encoding_ready, tokenize, tokens_as_before, release},
    {"load f32", loads_f32, load_model, loaded, release},
    {"load bf16 file", loads_bf16_file, load_model, loaded, release},
    {"load zip", loads_zip, load_model, loaded, release},
    {"load legacy", loads_legacy, load_model, loaded, release},
    {"load int8", loads_int8, load_model, loaded, release},
    {"load packed", loads_packed, load_model, loaded, release},
    {"create session", three_threads, create_session, session_made, release},
    {"encode in a new session", one_thread, encode_fresh, encoded_fresh, release},
    {"encode many", three_threads, encode_many, model_in_a_new_session, release},
    {"encode tokens", one_thread, encode_tokens, model_as_before, release},
    {"save over a model", saves_over, save, saved, release},
    {"save packed", saves_packed, save, saved, release},
    {"save 0.4.1", saves_old_layout, save, saved, release},
    {"fit", fits_plain, fit, fitted, release},
    {"fit and save", fits_and_saves, fit, fitted, release},
    {"fit on", fits_on, fit, fitted, release},
    {"read tsv", reads_tsv, read_table, table_read, release},
    {"read csv", reads_csv, read_table, table_read, release},
    {"read xlsx", reads_xlsx, read_table, table_read, release},
    {"write npy", writes_npy, write_npy, npy_written, release},
    {"use vectors", vectors_ready, use_vectors, model_as_before, release},
    {"train vocabulary", trains_vocabulary, train_vocabulary, nothing_to_look_at, release},
};
const int fault_call_count = sizeof fault_calls_table / sizeof *fault_calls_table;
