/* Every call that works with the caller's allocator, with each of its allocations failing in turn: _E_MEMORY, nothing kept,
 * nothing broken. And what a handle frees is all that was asked for. tests/faults does the same for every malloc of the
 * process. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/failing_alloc.h"
#include "support/suite.h"
#include "support/temporary.h"
#include "support/training.h"

static const char *const texts[] = {"冷却水が漏れた。", "会議は三時に始まる。", "",
                                    "配管から水が漏れていたので、弁を閉めた。"};
enum { TEXTS = sizeof texts / sizeof *texts, DIMENSION = 48 };

/* A call on some handle; whatever it made it has freed when it returns. */
typedef sbertja_status (*call)(const failing_alloc *heap, const void *handle, sbertja_error *error);

/* Lets the n-th allocation of the call fail, for every n, or every `step`-th where files are synced each time. Returns
 * about how many there are. */
static size_t fail_each(failing_alloc *heap, size_t step, call function, const void *handle)
{
    const size_t before = failing_alloc_live(heap);
    for (size_t n = 1;; n += step) {
        sbertja_error error = {SBERTJA_OK, ""};
        heap->fail_at = failing_alloc_calls(heap) + n;
        atomic_store(&heap->failed, false);
        const sbertja_status status = function(heap, handle, &error);
        heap->fail_at = 0;
        ck_assert_msg(failing_alloc_live(heap) == before, "allocation %zu: %zu blocks are left", n,
                      failing_alloc_live(heap) - before);
        if (!failing_alloc_failed(heap)) {
            ck_assert_msg(status == SBERTJA_OK, "%s", error.message);
            return n - 1;
        }
        if (status == SBERTJA_OK) /* there was another way, or another time */
            continue;
        ck_assert_msg(status == SBERTJA_E_MEMORY && error.status == status, "allocation %zu: %s: %s", n,
                      sbertja_status_name(status), error.message);
        ck_assert_msg(strstr(error.message, "memory") != NULL, "allocation %zu: %s", n, error.message);
    }
}

/* ---- Loading, creating, saving ---- */

static sbertja_load_options with(const failing_alloc *heap, const char *device)
{
    sbertja_load_options options = SBERTJA_LOAD_OPTIONS_INIT;
    options.device = device;
    options.allocator = &heap->alloc;
    return options;
}

static sbertja_status load(const failing_alloc *heap, const void *directory, sbertja_error *error)
{
    const sbertja_load_options options = with(heap, "cpu");
    sbertja_model *model;
    const sbertja_status status = sbertja_model_load(directory, &options, &model, error);
    ck_assert((model == NULL) == (status != SBERTJA_OK));
    sbertja_model_free(model);
    return status;
}

START_TEST(model_load)
{
    static const char *const directories[] = {"tests/data/tiny/model-cls-dense-normalize",
                                              "tests/data/tiny/model-0.4.1", "tests/data/tiny/hf-bin-half"};
    failing_alloc heap;
    failing_alloc_init(&heap, 0);
    ck_assert_uint_gt(fail_each(&heap, _i == 0 ? 1 : 4, load, directories[_i]), 100);
}
END_TEST

static sbertja_model *load_whole(failing_alloc *heap, const char *directory)
{
    failing_alloc_init(heap, 0);
    const sbertja_load_options options = with(heap, "cpu");
    sbertja_error error;
    sbertja_model *model;
    ck_assert_msg(sbertja_model_load(directory, &options, &model, &error) == SBERTJA_OK, "%s", error.message);
    return model;
}

static sbertja_status load_int8(const failing_alloc *heap, const void *directory, sbertja_error *error)
{
    sbertja_load_options options = with(heap, "cpu");
    sbertja_model *model;
    options.precision = "int8";
    const sbertja_status status = sbertja_model_load(directory, &options, &model, error);
    ck_assert((model == NULL) == (status != SBERTJA_OK));
    sbertja_model_free(model);
    return status;
}

static sbertja_status save_packed(const failing_alloc *heap, const void *model, sbertja_error *error)
{
    sbertja_save_options options = SBERTJA_SAVE_OPTIONS_INIT;
    (void)heap;
    options.packed = "int8";
    return sbertja_model_save(model, temporary_path("packed"), &options, error);
}

/* Weights in f32, in another type, and in a packed file. */
START_TEST(model_in_int8)
{
    failing_alloc heap;
    sbertja_model *model = load_whole(&heap, "tests/data/tiny/model");
    fail_each(&heap, 3, save_packed, model);
    sbertja_model_free(model);
    const char *const directories[] = {"tests/data/tiny/model", "tests/data/tiny/hf-safetensors-bf16",
                                       temporary_path("packed")};
    for (size_t i = 0; i < 3; i++)
        ck_assert_uint_gt(fail_each(&heap, 2, load_int8, directories[i]), 100);
    ck_assert_uint_eq(failing_alloc_live(&heap), 0);
}
END_TEST

static sbertja_status load_tokenizer(const failing_alloc *heap, const void *directory, sbertja_error *error)
{
    const sbertja_load_options options = with(heap, NULL);
    sbertja_tokenizer *tokenizer;
    const sbertja_status status = sbertja_tokenizer_load(directory, &options, &tokenizer, error);
    ck_assert((tokenizer == NULL) == (status != SBERTJA_OK));
    sbertja_tokenizer_free(tokenizer);
    return status;
}

START_TEST(tokenizer_load)
{
    failing_alloc heap;
    failing_alloc_init(&heap, 0);
    fail_each(&heap, 1, load_tokenizer, "tests/data/tiny/model");
}
END_TEST

static sbertja_status create(const failing_alloc *heap, const void *device, sbertja_error *error)
{
    const sbertja_load_options options = with(heap, device);
    sbertja_architecture a = SBERTJA_ARCHITECTURE_INIT;
    sbertja_model *model;
    a.vocabulary = "tests/data/vocab.txt";
    a.word_tokenizer = "basic";
    a.layers = a.heads = 1;
    a.hidden = a.intermediate = 8;
    const sbertja_status status = sbertja_model_create(&a, &options, &model, error);
    ck_assert((model == NULL) == (status != SBERTJA_OK));
    sbertja_model_free(model);
    return status;
}

START_TEST(model_create)
{
    static const char *const devices[] = {"cpu", "ref"};
    failing_alloc heap;
    failing_alloc_init(&heap, 0);
    fail_each(&heap, 1, create, devices[_i]);
}
END_TEST

static sbertja_status save(const failing_alloc *heap, const void *model, sbertja_error *error)
{
    (void)heap;
    return sbertja_model_save(model, temporary_path("saved"), NULL, error);
}

static sbertja_status save_old(const failing_alloc *heap, const void *model, sbertja_error *error)
{
    sbertja_save_options options = SBERTJA_SAVE_OPTIONS_INIT;
    (void)heap;
    options.layout = "0.4.1";
    return sbertja_model_save(model, temporary_path("saved"), &options, error);
}

START_TEST(model_save)
{
    failing_alloc heap;
    sbertja_model *model = load_whole(&heap, "tests/data/tiny/model-cls-dense-normalize");
    fail_each(&heap, _i == 0 ? 2 : 5, _i == 0 ? save : save_old, model);
    ck_assert(training_equal_saved(model, temporary_path("saved")));
    sbertja_model_free(model);
    ck_assert_uint_eq(failing_alloc_live(&heap), 0);
}
END_TEST

/* ---- Sessions ---- */

static sbertja_status create_session(const failing_alloc *heap, const void *model, sbertja_error *error)
{
    sbertja_session_options options = SBERTJA_SESSION_OPTIONS_INIT;
    sbertja_session *session;
    (void)heap;
    options.threads = 3;
    const sbertja_status status = sbertja_session_create(model, &options, &session, error);
    ck_assert((session == NULL) == (status != SBERTJA_OK));
    sbertja_session_free(session);
    return status;
}

static int take_tokens(void *user, size_t index, size_t tokens, size_t dimension, const float *vectors)
{
    (void)index;
    (void)tokens;
    (void)dimension;
    (void)vectors;
    ++*(size_t *)user;
    return 0;
}

/* In a session of its own, so that nothing is there from the call before. */
static sbertja_status encode(const failing_alloc *heap, const void *model, sbertja_error *error)
{
    sbertja_session_options small = SBERTJA_SESSION_OPTIONS_INIT;
    sbertja_encode_options options = SBERTJA_ENCODE_OPTIONS_INIT;
    sbertja_session *session;
    float vectors[TEXTS * DIMENSION];
    size_t calls = 0;
    (void)heap;
    small.threads = 1;
    small.batch_tokens = 8;
    options.token_vectors = take_tokens;
    options.token_vectors_user = &calls;
    sbertja_status status = sbertja_session_create(model, &small, &session, error);
    if (status == SBERTJA_OK)
        status = sbertja_encode(session, texts, NULL, TEXTS, &options, vectors, error);
    sbertja_session_free(session);
    return status;
}

/* The tokens of the second window are made beside the batches of the first. */
static sbertja_status encode_windows(const failing_alloc *heap, const void *model, sbertja_error *error)
{
    enum { MANY = 1600 };
    const char **many = malloc(MANY * sizeof *many);
    float *vectors = malloc(MANY * DIMENSION * sizeof *vectors);
    sbertja_session_options two = SBERTJA_SESSION_OPTIONS_INIT;
    sbertja_session *session;
    (void)heap;
    two.threads = 2;
    for (size_t i = 0; i < MANY; i++)
        many[i] = i % 2 == 0 ? "水" : "弁";
    sbertja_status status = sbertja_session_create(model, &two, &session, error);
    if (status == SBERTJA_OK)
        status = sbertja_encode(session, many, NULL, MANY, NULL, vectors, error);
    sbertja_session_free(session);
    free(many);
    free(vectors);
    return status;
}

START_TEST(sessions)
{
    failing_alloc heap;
    sbertja_model *model = load_whole(&heap, "tests/data/tiny/model");
    fail_each(&heap, 1, create_session, model);
    ck_assert_uint_gt(fail_each(&heap, 1, encode, model), 20);
    ck_assert_uint_gt(fail_each(&heap, 9, encode_windows, model), 100);
    sbertja_model_free(model);
    ck_assert_uint_eq(failing_alloc_live(&heap), 0);
}
END_TEST

/* A session whose call failed is as good as before. */
START_TEST(session_goes_on)
{
    failing_alloc heap;
    sbertja_model *model = load_whole(&heap, "tests/data/tiny/model");
    sbertja_session *fresh, *session;
    float wanted[TEXTS * DIMENSION], vectors[TEXTS * DIMENSION];
    sbertja_session_options options = SBERTJA_SESSION_OPTIONS_INIT;
    sbertja_error error;
    options.threads = 1;
    ck_assert(sbertja_session_create(model, &options, &fresh, NULL) == SBERTJA_OK);
    ck_assert(sbertja_encode(fresh, texts, NULL, TEXTS, NULL, wanted, NULL) == SBERTJA_OK);
    ck_assert(sbertja_session_create(model, &options, &session, NULL) == SBERTJA_OK);
    for (size_t n = 1;; n++) {
        heap.fail_at = failing_alloc_calls(&heap) + n;
        atomic_store(&heap.failed, false);
        const sbertja_status status = sbertja_encode(session, texts, NULL, TEXTS, NULL, vectors, &error);
        if (!failing_alloc_failed(&heap))
            break;
        ck_assert_int_eq(status, SBERTJA_E_MEMORY);
        heap.fail_at = 0;
        ck_assert(sbertja_encode(session, texts, NULL, 1, NULL, vectors, &error) == SBERTJA_OK);
        ck_assert(memcmp(vectors, wanted, DIMENSION * sizeof *vectors) == 0);
    }
    ck_assert(memcmp(vectors, wanted, sizeof vectors) == 0);
    sbertja_session_free(fresh);
    sbertja_session_free(session);
    sbertja_model_free(model);
    ck_assert_uint_eq(failing_alloc_live(&heap), 0);
}
END_TEST

/* ---- Training ---- */

typedef struct training {
    const sbertja_model *model;
    sbertja_objective objectives[2];
    sbertja_fit_options options;
} training;

static int take_score(void *user, const sbertja_model *model, size_t epoch, size_t steps, double *score)
{
    (void)user;
    (void)model;
    (void)steps;
    *score = (double)epoch;
    return 0;
}

static sbertja_status fit(const failing_alloc *heap, const void *handle, sbertja_error *error)
{
    const training *t = handle;
    sbertja_model *trained;
    (void)heap;
    const sbertja_status status = sbertja_fit(t->model, t->objectives, 2, &t->options, &trained, error);
    ck_assert(trained != NULL || status != SBERTJA_OK);
    sbertja_model_free(trained);
    return status;
}

START_TEST(training_runs)
{
    failing_alloc heap;
    failing_alloc_init(&heap, 0);
    const sbertja_load_options options = with(&heap, "cpu");
    sbertja_architecture a = SBERTJA_ARCHITECTURE_INIT;
    sbertja_model *model;
    a.vocabulary = "tests/data/vocab.txt";
    a.word_tokenizer = "basic";
    a.layers = a.heads = 1;
    a.hidden = a.intermediate = 8;
    ck_assert(sbertja_model_create(&a, &options, &model, NULL) == SBERTJA_OK);
    sbertja_dataset *sentences = training_sentences(24), *triplets = training_triplets(4);
    training t = {.model = model, .options = SBERTJA_FIT_OPTIONS_INIT};
    t.objectives[0] = training_objective(sentences, SBERTJA_BATCH_ALL_TRIPLET_LOSS);
    t.objectives[0].metric = SBERTJA_COSINE;
    t.objectives[1] = training_objective(triplets, SBERTJA_TRIPLET_LOSS);
    t.options.threads = 1;
    t.options.steps_per_epoch = 1;
    t.options.evaluate = take_score;
    if (_i > 0) {
        t.options.output_path = temporary_path("out");
        t.options.checkpoint_path = temporary_path("checkpoint");
        t.options.resume = _i == 2;
    }
    if (_i == 2) /* there is something to resume from */
        ck_assert(fit(&heap, &t, NULL) == SBERTJA_OK);
    ck_assert_uint_gt(fail_each(&heap, _i == 0 ? 1 : 7, fit, &t), 100);
    sbertja_dataset_free(sentences);
    sbertja_dataset_free(triplets);
    sbertja_model_free(model);
    ck_assert_uint_eq(failing_alloc_live(&heap), 0);
}
END_TEST

SUITE_MAIN("api/memory", 120, {model_load, 3}, {tokenizer_load, 0}, {model_create, 2}, {model_save, 2},
           {model_in_int8, 0}, {sessions, 0}, {session_goes_on, 0}, {training_runs, 3})
