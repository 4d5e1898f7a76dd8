/* Handles in a process that forks: a child may use and free whatever was idle at the time of the fork, with threads of its
 * own and to the same bits; what another thread was using is refused, and freeing it is harmless. */
#include "sbertja.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/child.h"
#include "support/scratch.h"
#include "support/suite.h"
#include "support/training.h"

enum { TEXTS = 300, WIDTH = 16 };

static const char *const sentences[] = {"冷却水が漏れた。", "会議は三時に始まる。", "ポンプから水が漏れていた。",
                                        "部品の交換を依頼した。", "明日は雨が降るらしい。"};

typedef struct world {
    sbertja_model *model;
    sbertja_session *session;
    const char *texts[TEXTS];
    float expected[TEXTS * WIDTH];
    double bound;     /* on differences from `expected`; 0: the same bits */
    atomic_bool stop; /* the thread that uses the session */
} world;

static sbertja_session *new_session(const sbertja_model *model, int threads)
{
    sbertja_session_options options = SBERTJA_SESSION_OPTIONS_INIT;
    sbertja_session *session;
    options.threads = threads;
    options.batch_tokens = 64; /* so that progress is called before the end */
    return sbertja_session_create(model, &options, &session, NULL) == SBERTJA_OK ? session : NULL;
}

static bool gives_expected(const world *w, sbertja_session *session)
{
    static float vectors[TEXTS * WIDTH];
    memset(vectors, 0, sizeof vectors);
    if (session == NULL || sbertja_encode(session, w->texts, NULL, TEXTS, NULL, vectors, NULL) != SBERTJA_OK)
        return false;
    if (w->bound == 0)
        return memcmp(vectors, w->expected, sizeof vectors) == 0;
    for (size_t i = 0; i < TEXTS * WIDTH; i++)
        if (!(vectors[i] - w->expected[i] <= w->bound && w->expected[i] - vectors[i] <= w->bound))
            return false;
    return true;
}

static world *open_world(const char *engine, int threads)
{
    static world w;
    memset(&w, 0, sizeof w);
    w.model = training_model("cpu", engine);
    w.session = new_session(w.model, threads);
    w.bound = engine != NULL && strcmp(engine, "openblas") == 0 ? 1e-5 : 0;
    for (size_t i = 0; i < TEXTS; i++)
        w.texts[i] = sentences[i * i % (sizeof sentences / sizeof *sentences)];
    ck_assert(sbertja_encode(w.session, w.texts, NULL, TEXTS, NULL, w.expected, NULL) == SBERTJA_OK);
    return &w;
}

static void close_world(world *w)
{
    ck_assert(gives_expected(w, w->session));
    sbertja_session_free(w->session);
    sbertja_model_free(w->model);
}

/* ---- What a child does ---- */

static void free_all(void *user)
{
    const world *w = user;
    sbertja_session_free(w->session);
    sbertja_model_free(w->model);
}

static void encode_twice(void *user)
{
    const world *w = user;
    child_must(gives_expected(w, w->session) && gives_expected(w, w->session), "encode in the child");
}

static void encode_and_free(void *user)
{
    encode_twice(user);
    free_all(user);
}

static void encode_in_another(void *user)
{
    const world *w = user;
    sbertja_session *session = new_session(w->model, 3);
    child_must(gives_expected(w, session), "encode with a session of the child's own");
    sbertja_session_free(session);
    free_all(user);
}

static void leave_to_exit(void *user)
{
    encode_twice(user);
    exit(0);
}

static void fork_again(void *user)
{
    const pid_t first = child_start(encode_and_free, user), second = child_start(free_all, user);
    child_wait("grandchild", first);
    child_wait("grandchild", second);
    encode_and_free(user);
}

static const struct {
    const char *name;
    void (*act)(void *);
} acts[] = {{"free", free_all},
            {"encode", encode_twice},
            {"encode, free", encode_and_free},
            {"encode in another session", encode_in_another},
            {"exit", leave_to_exit},
            {"fork", fork_again}};

enum { ACTS = sizeof acts / sizeof *acts };

static void act_in_children(world *w)
{
    for (int i = 0; i < ACTS; i++)
        child_run(acts[i].name, acts[i].act, w);
}

START_TEST(idle_session)
{
    static const int threads[] = {1, 2, 5};
    world *w = open_world(NULL, threads[_i]);
    act_in_children(w);
    usleep(20000); /* by now the workers sleep */
    act_in_children(w);
    close_world(w);
}
END_TEST

/* With one thread, since OpenBLAS ends its own ones before a fork, and may wait for them forever. */
START_TEST(openblas)
{
    setenv("OPENBLAS_NUM_THREADS", "1", 1);
    world *w = open_world("openblas", 2);
    act_in_children(w);
    close_world(w);
}
END_TEST

/* ---- While another thread is in a call ---- */

static void *keep_encoding(void *user)
{
    world *w = user;
    float *vectors = malloc(sizeof w->expected);
    while (!atomic_load(&w->stop))
        sbertja_encode(w->session, w->texts, NULL, TEXTS, NULL, vectors, NULL);
    free(vectors);
    return NULL;
}

/* The session may have been between two calls; otherwise it is refused. */
static void use_foreign(void *user)
{
    const world *w = user;
    sbertja_error error;
    float vectors[WIDTH];
    sbertja_session *session = new_session(w->model, 3);
    if (sbertja_encode(w->session, w->texts, NULL, 1, NULL, vectors, &error) == SBERTJA_OK)
        child_must(memcmp(vectors, w->expected, sizeof vectors) == 0, "another vector");
    else
        child_must(error.status == SBERTJA_E_ARGUMENT && strstr(error.message, "forked") != NULL, "%s", error.message);
    child_must(gives_expected(w, session), "encode with a session of the child's own");
    sbertja_session_free(session);
    free_all(user);
}

START_TEST(session_of_another_thread)
{
    world *w = open_world(NULL, 2);
    pthread_t thread;
    pthread_create(&thread, NULL, keep_encoding, w);
    for (int i = 0; i < 20; i++) {
        usleep((useconds_t)(i * 97 % 1000));
        child_run("use", use_foreign, w);
        child_run("free", free_all, w);
    }
    atomic_store(&w->stop, true);
    pthread_join(thread, NULL);
    close_world(w);
}
END_TEST

typedef struct tokenizing {
    sbertja_encoding *encoding;
    sbertja_dataset *dataset;
    char *text;
    atomic_bool stop;
} tokenizing;

static void *keep_tokenizing(void *user)
{
    tokenizing *t = user;
    const char *text = "水";
    while (!atomic_load(&t->stop)) {
        sbertja_tokenize(t->encoding, t->text, (size_t)-1, NULL);
        for (int i = 0; i < 50; i++)
            sbertja_dataset_add(t->dataset, &text, NULL, 1, 0, NULL);
    }
    return NULL;
}

static void tokenize_foreign(void *user)
{
    tokenizing *t = user;
    sbertja_error error;
    size_t count;
    if (sbertja_tokenize(t->encoding, "水", (size_t)-1, &error) == SBERTJA_OK)
        child_must(sbertja_encoding_ids(t->encoding, &count) != NULL && count == 3, "other tokens");
    else
        child_must(error.status == SBERTJA_E_ARGUMENT && strstr(error.message, "forked") != NULL, "%s", error.message);
    sbertja_encoding_free(t->encoding);
    sbertja_dataset_free(t->dataset);
}

START_TEST(encoding_and_dataset_of_another_thread)
{
    enum { TIMES = 400 };
    world *w = open_world(NULL, 1);
    static tokenizing t;
    pthread_t thread;
    ck_assert(sbertja_encoding_create(sbertja_model_tokenizer(w->model), &t.encoding, NULL) == SBERTJA_OK);
    ck_assert(sbertja_dataset_create(&t.dataset, NULL) == SBERTJA_OK);
    t.text = calloc(TIMES, strlen(sentences[0]) + 1);
    for (int i = 0; i < TIMES; i++)
        strcpy(t.text + i * strlen(sentences[0]), sentences[0]);
    pthread_create(&thread, NULL, keep_tokenizing, &t);
    for (int i = 0; i < 20; i++) {
        usleep((useconds_t)(i * 97 % 1000));
        child_run("tokenize", tokenize_foreign, &t);
    }
    atomic_store(&t.stop, true);
    pthread_join(thread, NULL);
    sbertja_encoding_free(t.encoding);
    sbertja_dataset_free(t.dataset);
    free(t.text);
    close_world(w);
}
END_TEST

/* ---- From inside a callback ---- */

typedef struct callback {
    world *w;
    pid_t child; /* 0 in the child itself */
} callback;

static int fork_in_progress(void *user, size_t done, size_t total)
{
    callback *c = user;
    sbertja_error error;
    float vectors[WIDTH];
    if (c->child != -1 || done == total || (c->child = fork()) != 0)
        return 0;
    alarm(20);
    child_must(sbertja_encode(c->w->session, c->w->texts, NULL, 1, NULL, vectors, &error) == SBERTJA_E_ARGUMENT &&
                   strcmp(error.message,
                          "session: it was encoding when this process was forked; create another one here") == 0,
               "the session in a callback");
    sbertja_session_free(c->w->session); /* does nothing */
    sbertja_session *session = new_session(c->w->model, 3);
    child_must(gives_expected(c->w, session), "encode in the callback");
    sbertja_session_free(session);
    free_all(c->w);
    _exit(0);
}

START_TEST(inside_encode)
{
    world *w = open_world(NULL, 3);
    callback c = {w, -1};
    sbertja_encode_options options = SBERTJA_ENCODE_OPTIONS_INIT;
    float *vectors = malloc(sizeof w->expected);
    options.progress = fork_in_progress;
    options.progress_user = &c;
    ck_assert(sbertja_encode(w->session, w->texts, NULL, TEXTS, &options, vectors, NULL) == SBERTJA_OK);
    ck_assert_int_gt(c.child, 0);
    ck_assert_mem_eq(vectors, w->expected, sizeof w->expected);
    child_wait("progress", c.child);
    free(vectors);
    close_world(w);
}
END_TEST

static int fork_in_evaluation(void *user, const sbertja_model *model, size_t epoch, size_t steps, double *score)
{
    callback *c = user;
    (void)steps;
    *score = (double)epoch;
    if (c->child != -1 || (c->child = fork()) != 0)
        return 0;
    alarm(20);
    sbertja_session *session = new_session(model, 2);
    float vector[WIDTH];
    child_must(sbertja_encode(session, c->w->texts, NULL, 1, NULL, vector, NULL) == SBERTJA_OK, "encode");
    sbertja_session_free(session);
    return 0;
}

static sbertja_model *train(const world *w, callback *c)
{
    sbertja_fit_options options = SBERTJA_FIT_OPTIONS_INIT;
    sbertja_dataset *dataset = training_sentences(24);
    const sbertja_objective objective = training_objective(dataset, SBERTJA_BATCH_ALL_TRIPLET_LOSS);
    sbertja_model *trained = NULL;
    options.epochs = 2;
    options.warmup_steps = 0;
    options.threads = 3;
    options.evaluate = c != NULL ? fork_in_evaluation : NULL;
    options.evaluate_user = c;
    sbertja_fit(w->model, &objective, 1, &options, &trained, NULL);
    sbertja_dataset_free(dataset);
    return trained;
}

START_TEST(inside_fit)
{
    world *w = open_world(NULL, 2);
    callback c = {w, -1};
    sbertja_model *expected = train(w, NULL), *trained = train(w, &c);
    const bool equal = expected != NULL && trained != NULL && training_equal(expected, trained);
    if (c.child == 0) {
        child_must(equal, "fit, continued");
        _exit(0);
    }
    ck_assert_int_gt(c.child, 0);
    ck_assert(equal);
    child_wait("evaluate", c.child);
    sbertja_model_free(expected);
    sbertja_model_free(trained);
    close_world(w);
}
END_TEST

static void train_in_child(void *user)
{
    sbertja_model *const *models = user; /* the one to train, and the result */
    const world w = {.model = models[0]};
    sbertja_model *trained = train(&w, NULL);
    child_must(trained != NULL && training_equal(trained, models[1]), "fit in the child");
    sbertja_model_free(trained);
    sbertja_model_free(models[0]);
}

START_TEST(fit_in_parent_and_child)
{
    world *w = open_world(NULL, 2);
    sbertja_model *trained = train(w, NULL), *models[] = {w->model, trained};
    child_run("fit", train_in_child, models);
    sbertja_model *again = train(w, NULL);
    ck_assert(training_equal(trained, again));
    sbertja_model_free(again);
    sbertja_model_free(trained);
    close_world(w);
}
END_TEST

/* ---- Vocabularies ---- */

typedef struct vocabulary {
    sbertja_vocabulary_trainer *trainer;
    char path[256];
} vocabulary;

static void finish_vocabulary(void *user)
{
    vocabulary *v = user;
    child_must(sbertja_vocabulary_trainer_add(v->trainer, sentences, NULL, 5, NULL) == SBERTJA_OK &&
                   sbertja_vocabulary_trainer_finish(v->trainer, v->path, NULL, NULL) == SBERTJA_OK,
               "vocabulary trainer");
    sbertja_vocabulary_trainer_free(v->trainer);
}

START_TEST(vocabulary_trainer)
{
    const char *texts[TEXTS];
    sbertja_vocabulary_options options = SBERTJA_VOCABULARY_OPTIONS_INIT;
    vocabulary child, parent;
    size_t sizes[2];
    for (size_t i = 0; i < TEXTS; i++)
        texts[i] = sentences[i % 5];
    options.threads = 3;
    options.min_frequency = 1;
    ck_assert(sbertja_vocabulary_trainer_create(&options, &parent.trainer, NULL) == SBERTJA_OK);
    ck_assert(sbertja_vocabulary_trainer_add(parent.trainer, texts, NULL, TEXTS, NULL) == SBERTJA_OK);
    child.trainer = parent.trainer;
    snprintf(child.path, sizeof child.path, "%s", scratch_path("child.txt"));
    snprintf(parent.path, sizeof parent.path, "%s", scratch_path("parent.txt"));
    child_run("vocabulary", finish_vocabulary, &child);
    finish_vocabulary(&parent);
    char *a = scratch_read(parent.path, &sizes[0]), *b = scratch_read(child.path, &sizes[1]);
    ck_assert_uint_eq(sizes[0], sizes[1]);
    ck_assert_mem_eq(a, b, sizes[0]);
    free(a);
    free(b);
    scratch_clear();
}
END_TEST

SUITE_MAIN("api/fork", 60, {idle_session, 3}, {openblas, 0}, {session_of_another_thread, 0},
           {encoding_and_dataset_of_another_thread, 0}, {inside_encode, 0}, {inside_fit, 0},
           {fit_in_parent_and_child, 0}, {vocabulary_trainer, 0})
