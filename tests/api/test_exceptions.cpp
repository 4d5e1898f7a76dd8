/* Callbacks in C++ that throw: the exception comes out of the call, which has ended in good order, and what it was called
 * on is as usable as before. */
#include "sbertja.h"

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <new>
#include <stdexcept>
#include <string>
#include <vector>

extern "C" {
#include "support/suite.h"
#include "support/training.h"
}

namespace {

enum { WIDTH = 16, TEXTS = 300 };

struct thrown : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/* Throws at the given call of it. */
struct thrower {
    int at, calls;
    bool due() { return ++calls == at; }
};

int progress(void *user, size_t, size_t)
{
    if (static_cast<thrower *>(user)->due())
        throw thrown("progress");
    return 0;
}

int token_vectors(void *user, size_t, size_t, size_t, const float *)
{
    if (static_cast<thrower *>(user)->due())
        throw 42; /* anything may be thrown */
    return 0;
}

int fit_progress(void *user, const sbertja_progress *)
{
    if (static_cast<thrower *>(user)->due())
        throw thrown("step");
    return 0;
}

int evaluate(void *user, const sbertja_model *, size_t, size_t, double *score)
{
    *score = 1;
    if (static_cast<thrower *>(user)->due())
        throw thrown("score");
    return 0;
}

void say(void *user, sbertja_log_level, const char *)
{
    static_cast<thrower *>(user)->due();
    throw thrown("log");
}

/* The natural allocator of C++, which throws; counts what is live. */
struct heap {
    std::atomic<int> live, calls;
    int fail_at;
};

void *allocate(void *user, size_t size)
{
    heap *h = static_cast<heap *>(user);
    if (++h->calls == h->fail_at)
        throw std::bad_alloc();
    void *memory = ::operator new(size);
    ++h->live;
    return memory;
}

void release(void *user, void *memory)
{
    --static_cast<heap *>(user)->live;
    ::operator delete(memory);
}

struct encoder {
    sbertja_model *model;
    sbertja_session *session;
    std::vector<const char *> texts;
    std::vector<float> expected;

    encoder() : model(training_model("cpu", nullptr)), session(nullptr), texts(TEXTS), expected(TEXTS * WIDTH)
    {
        static const char *const sentences[] = {"冷却水が漏れた。", "会議は三時に始まる。", "ポンプから水が漏れていた。"};
        sbertja_session_options options = SBERTJA_SESSION_OPTIONS_INIT;
        options.threads = 3;
        options.batch_tokens = 64;
        for (size_t i = 0; i < TEXTS; i++)
            texts[i] = sentences[i % 3];
        ck_assert(sbertja_session_create(model, &options, &session, nullptr) == SBERTJA_OK);
        ck_assert(encode(nullptr, expected) == SBERTJA_OK);
    }
    ~encoder()
    {
        sbertja_session_free(session);
        sbertja_model_free(model);
    }
    sbertja_status encode(const sbertja_encode_options *options, std::vector<float> &vectors)
    {
        return sbertja_encode(session, texts.data(), nullptr, texts.size(), options, vectors.data(), nullptr);
    }
    void check()
    {
        std::vector<float> vectors(TEXTS * WIDTH);
        ck_assert(encode(nullptr, vectors) == SBERTJA_OK);
        ck_assert(vectors == expected);
    }
};

} // namespace

START_TEST(encode_throws)
{
    encoder e;
    std::vector<float> vectors(TEXTS * WIDTH);
    for (int at = 1; at <= 3; at++) {
        thrower t = {at, 0};
        sbertja_encode_options options = SBERTJA_ENCODE_OPTIONS_INIT;
        std::string what;
        options.progress = progress;
        options.progress_user = &t;
        try {
            e.encode(&options, vectors);
        } catch (const thrown &exception) {
            what = exception.what();
        }
        ck_assert_str_eq(what.c_str(), "progress");
        ck_assert_int_eq(t.calls, at);
        e.check();
    }
}
END_TEST

START_TEST(token_vectors_throw)
{
    encoder e;
    thrower t = {7, 0};
    int value = 0;
    sbertja_encode_options options = SBERTJA_ENCODE_OPTIONS_INIT;
    std::vector<float> vectors(TEXTS * WIDTH);
    options.token_vectors = token_vectors;
    options.token_vectors_user = &t;
    try {
        e.encode(&options, vectors);
    } catch (int number) {
        value = number;
    }
    ck_assert_int_eq(value, 42);
    ck_assert_int_eq(t.calls, 7);
    e.check();
}
END_TEST

/* The model as it was when the exception was thrown is given, as after a stop. */
START_TEST(fit_throws)
{
    encoder e;
    sbertja_dataset *dataset = training_sentences(24);
    const sbertja_objective objective = training_objective(dataset, SBERTJA_BATCH_ALL_TRIPLET_LOSS);
    for (int i = 0; i < 2; i++) {
        thrower t = {2, 0};
        sbertja_fit_options options = SBERTJA_FIT_OPTIONS_INIT;
        sbertja_model *trained = nullptr;
        std::string what;
        options.epochs = 3;
        if (i == 0)
            options.progress = fit_progress;
        else
            options.evaluate = evaluate;
        options.progress_user = options.evaluate_user = &t;
        try {
            sbertja_fit(e.model, &objective, 1, &options, &trained, nullptr);
        } catch (const thrown &exception) {
            what = exception.what();
        }
        ck_assert_str_eq(what.c_str(), i == 0 ? "step" : "score");
        ck_assert_int_eq(t.calls, 2);
        ck_assert_ptr_nonnull(trained);
        sbertja_model_free(trained);
        e.check();
    }
    sbertja_dataset_free(dataset);
}
END_TEST

START_TEST(log_throws)
{
    encoder e;
    thrower t = {0, 0};
    sbertja_dataset *dataset = training_sentences(24);
    const sbertja_objective objective = training_objective(dataset, SBERTJA_BATCH_ALL_TRIPLET_LOSS);
    sbertja_fit_options options = SBERTJA_FIT_OPTIONS_INIT;
    sbertja_model *trained = nullptr;
    options.warmup_steps = 10000; /* more than there are steps: a warning */
    options.log = say;
    options.log_user = &t;
    ck_assert(sbertja_fit(e.model, &objective, 1, &options, &trained, nullptr) == SBERTJA_OK);
    ck_assert_int_gt(t.calls, 0);
    sbertja_model_free(trained);
    sbertja_dataset_free(dataset);
}
END_TEST

START_TEST(allocator_throws)
{
    sbertja_architecture a = SBERTJA_ARCHITECTURE_INIT;
    sbertja_load_options options = SBERTJA_LOAD_OPTIONS_INIT;
    const char *text = "冷却水が漏れた。";
    heap h{{0}, {0}, 0};
    const sbertja_allocator allocator = {allocate, release, &h};
    sbertja_status status = SBERTJA_E_MEMORY;
    a.vocabulary = "tests/data/vocab.txt";
    a.layers = 1, a.hidden = WIDTH, a.heads = 2, a.intermediate = 24, a.max_positions = 64;
    options.allocator = &allocator;
    for (int n = 1; status == SBERTJA_E_MEMORY; n += 3) {
        sbertja_model *model = nullptr;
        sbertja_session *session = nullptr;
        float vector[WIDTH];
        h.calls = 0;
        h.fail_at = n;
        status = sbertja_model_create(&a, &options, &model, nullptr);
        if (status == SBERTJA_OK)
            status = sbertja_session_create(model, nullptr, &session, nullptr);
        if (status == SBERTJA_OK)
            status = sbertja_encode(session, &text, nullptr, 1, nullptr, vector, nullptr);
        sbertja_session_free(session);
        sbertja_model_free(model);
        ck_assert_int_eq(h.live, 0);
        ck_assert(status == SBERTJA_OK || h.calls >= n);
    }
    ck_assert_int_eq(status, SBERTJA_OK);
}
END_TEST

SUITE_MAIN("api/exceptions", 60, {encode_throws, 0}, {token_vectors_throw, 0}, {fit_throws, 0}, {log_throws, 0},
           {allocator_throws, 0})
