/* encode: what the vectors depend on, and what they do not. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/encode.h"
#include "support/model_directory.h"
#include "support/reference.h"
#include "support/scratch.h"
#include "support/suite.h"

static const char *const engines[] = {"packed", "openblas"};

static sbj_model *load(const char *device, const char *engine)
{
    const sbj_model_options options = {.alloc = sbj_malloc, .device = device, .engine = engine};
    sbertja_error error;
    sbj_model *model = NULL;
    ck_assert_msg(sbj_model_load("tests/data/tiny/model", &options, &model, &error) == SBERTJA_OK, "%s", error.message);
    return model;
}

/* The same texts in other orders, batches, company and numbers of threads: equal to the last bit with the packed engine,
 * to rounding with OpenBLAS. */
START_TEST(independent_of_the_rest)
{
    static const struct {
        int threads;
        size_t budget;
    } ways[] = {{1, 0}, {2, 0}, {4, 0}, {1, 1}, {2, 70}, {4, 333}, {2, 100000}};
    reference r;
    reference_open(&r, "tests/data/tiny");
    const bool packed = strcmp(engines[_i], "packed") == 0;
    sbj_model *model = load("cpu", engines[_i]);
    const size_t width = model->network.width, n = r.count;
    float *first = malloc(n * width * sizeof *first), *other = malloc(n * width * sizeof *other);
    encode_texts(model, 2, 0, (const char *const *)r.texts, n, first);
    for (size_t w = 0; w < sizeof ways / sizeof *ways; w++) {
        const char *texts[REFERENCE_MOST_TEXTS];
        for (size_t i = 0; i < n; i++) /* another order in each way; 96 and the factors have no common divisor */
            texts[i] = r.texts[(i * (2 * w + 5) % 97) % n];
        encode_texts(model, ways[w].threads, ways[w].budget, texts, n, other);
        for (size_t i = 0; i < n; i++) {
            const float *wanted = first + (i * (2 * w + 5) % 97) % n * width;
            if (packed)
                ck_assert_msg(memcmp(other + i * width, wanted, width * sizeof *wanted) == 0, "way %zu, text %zu", w, i);
            reference_expect(reference_difference(other + i * width, wanted, width), 1e-6, "way %zu, text %zu", w, i);
        }
    }
    for (size_t i = 0; i < n; i += 13) { /* alone */
        encode_texts(model, 1, 0, (const char *const *)&r.texts[i], 1, other);
        reference_expect(reference_difference(other, first + i * width, width), 1e-6, "text %zu alone", i);
    }
    free(first);
    free(other);
    sbj_model_free(model);
    reference_close(&r);
}
END_TEST

typedef struct taken {
    size_t calls, tokens, stop_after;
    float mean[64];
    size_t done;
} taken;

static int take_tokens(void *user, size_t index, size_t tokens, size_t dimension, const float *vectors)
{
    taken *t = user;
    t->calls++;
    t->tokens = tokens;
    for (size_t c = 0; c < dimension && index == 0; c++) {
        double sum = 0;
        for (size_t i = 0; i < tokens; i++)
            sum += vectors[i * dimension + c];
        t->mean[c] = (float)(sum / (double)tokens);
    }
    return t->stop_after != 0 && t->calls >= t->stop_after;
}

static int count_done(void *user, size_t done, size_t total)
{
    taken *t = user;
    ck_assert(done >= t->done && done <= total);
    t->done = done;
    return t->stop_after != 0 && done >= t->stop_after;
}

START_TEST(token_vectors_and_progress)
{
    const char *const texts[] = {"冷却水が漏れた。", "会議は三時に始まる。", "配管"};
    sbertja_session_options small = SBERTJA_SESSION_OPTIONS_INIT;
    sbertja_encode_options options = SBERTJA_ENCODE_OPTIONS_INIT;
    sbertja_error error;
    float vectors[3 * 48];
    taken t = {0};
    sbj_session *session = NULL;
    sbj_model *model = load("cpu", NULL);
    small.batch_tokens = 1;
    ck_assert(sbj_session_create(model, &small, &session, &error) == SBERTJA_OK);
    options.token_vectors = take_tokens;
    options.token_vectors_user = &t;
    options.progress = count_done;
    options.progress_user = &t;
    ck_assert(sbj_session_encode(session, texts, NULL, 3, &options, vectors, &error) == SBERTJA_OK);
    ck_assert(t.calls == 3 && t.done == 3);
    reference_expect(reference_difference(t.mean, vectors, 48), 1e-6, "the mean of the token vectors");
    ck_assert(sbj_session_encode(session, texts, NULL, 3,
                                 &(sbertja_encode_options){.size = sizeof options, .token_vectors = take_tokens,
                                                           .token_vectors_user = &t},
                                 NULL, &error) == SBERTJA_OK); /* no vectors wanted */

    t = (taken){.stop_after = 2};
    options.token_vectors = NULL;
    ck_assert(sbj_session_encode(session, texts, NULL, 3, &options, vectors, &error) == SBERTJA_E_STOPPED);
    ck_assert_str_eq(error.message, "stopped by the progress callback after 2 of 3 texts");
    sbj_session_free(session);
    sbj_model_free(model);
}
END_TEST

enum { SHARED = 600 };

/* Enough for each thread to have batches of its own. */
static const char **shared_texts(void)
{
    const char *const few[] = {"水", "冷却水が漏れた。", "会議は三時に始まる。"};
    const char **texts = malloc(SHARED * sizeof *texts);
    for (size_t i = 0; i < SHARED; i++)
        texts[i] = few[i * i % 3];
    return texts;
}

START_TEST(threads_with_batches_of_their_own)
{
    sbertja_session_options four = SBERTJA_SESSION_OPTIONS_INIT;
    sbertja_encode_options options = SBERTJA_ENCODE_OPTIONS_INIT;
    sbertja_error error;
    const char **texts = shared_texts();
    float *vectors = malloc(SHARED * 48 * sizeof *vectors), *alone = malloc(SHARED * 48 * sizeof *alone);
    taken t = {0};
    sbj_session *session = NULL;
    sbj_model *model = load("cpu", NULL);
    four.threads = 4;
    four.batch_tokens = 40;
    options.progress = count_done;
    options.progress_user = &t;
    ck_assert(sbj_session_create(model, &four, &session, &error) == SBERTJA_OK);
    ck_assert_ptr_nonnull(session->apart);
    ck_assert(sbj_session_encode(session, texts, NULL, SHARED, &options, vectors, &error) == SBERTJA_OK);
    ck_assert_uint_eq(t.done, SHARED);
    ck_assert_msg(session->apart[3].workspace.tokens == 40, "not used");
    encode_texts(model, 1, 0, texts, SHARED, alone);
    ck_assert_mem_eq(vectors, alone, SHARED * 48 * sizeof *alone);

    t = (taken){.stop_after = 1};
    ck_assert(sbj_session_encode(session, texts, NULL, SHARED, &options, vectors, &error) == SBERTJA_E_STOPPED);
    ck_assert_msg(t.done < SHARED && strstr(error.message, "stopped by the progress callback") != NULL, "%s",
                  error.message);
    ck_assert(sbj_session_encode(session, texts, NULL, SHARED, NULL, vectors, &error) == SBERTJA_OK);
    ck_assert_mem_eq(vectors, alone, SHARED * 48 * sizeof *alone);
    free(texts);
    free(vectors);
    free(alone);
    sbj_session_free(session);
    sbj_model_free(model);
}
END_TEST

/* Every callback tries to encode with the session that is calling it. */
typedef struct nested {
    sbj_session *session;
    size_t refused;
} nested;

static void try_again(nested *n)
{
    static const char *const text = "冷却水が漏れた。会議は三時に始まる。ポンプから水が漏れていた。";
    float vector[48];
    sbertja_error error;
    ck_assert_int_eq(sbj_session_encode(n->session, &text, NULL, 1, NULL, vector, &error), SBERTJA_E_ARGUMENT);
    ck_assert_str_eq(error.message, "session: a callback cannot encode with the session that called it");
    n->refused++;
}

static int nested_tokens(void *user, size_t index, size_t tokens, size_t dimension, const float *vectors)
{
    (void)index, (void)tokens, (void)dimension, (void)vectors;
    try_again(user);
    return 0;
}

static int nested_progress(void *user, size_t done, size_t total)
{
    (void)done, (void)total;
    try_again(user);
    return 0;
}

START_TEST(callbacks_that_call_back)
{
    const char *const texts[] = {"冷却水が漏れた。", "配管"};
    float plain[2 * 48], vectors[2 * 48];
    sbertja_error error;
    sbj_session *session = NULL;
    sbj_model *model = load("cpu", NULL);
    ck_assert(sbj_session_create(model, NULL, &session, &error) == SBERTJA_OK);
    ck_assert(sbj_session_encode(session, texts, NULL, 2, NULL, plain, &error) == SBERTJA_OK);
    nested n = {session, 0};
    const sbertja_encode_options options = {.size = sizeof options, .progress = nested_progress, .progress_user = &n,
                                            .token_vectors = nested_tokens, .token_vectors_user = &n};
    ck_assert_msg(sbj_session_encode(session, texts, NULL, 2, &options, vectors, &error) == SBERTJA_OK, "%s",
                  error.message);
    ck_assert_uint_eq(n.refused, 3);
    ck_assert(memcmp(vectors, plain, sizeof vectors) == 0);
    sbj_session_free(session);
    sbj_model_free(model);
}
END_TEST

/* An empty text is [CLS] [SEP]; no texts are nothing; a long text is cut; lengths may cut a text short. */
START_TEST(odd_texts)
{
    char *longest = malloc(30001);
    float vectors[3 * 48], again[48];
    sbertja_error error;
    sbj_session *session = NULL;
    sbj_model *model = load("cpu", NULL);
    for (size_t i = 0; i < 30000; i += 3)
        memcpy(longest + i, "水", 3);
    longest[30000] = '\0';
    const char *const texts[] = {"", longest, "冷却水が漏れた。"};
    const size_t lengths[] = {0, 30000, 9};
    ck_assert(sbj_session_create(model, NULL, &session, &error) == SBERTJA_OK);
    ck_assert(sbj_session_encode(session, texts, lengths, 3, NULL, vectors, &error) == SBERTJA_OK);
    for (int i = 0; i < 3 * 48; i++)
        ck_assert(isfinite(vectors[i]));
    const char *const cut[] = {"冷却水"};
    ck_assert(sbj_session_encode(session, cut, NULL, 1, NULL, again, &error) == SBERTJA_OK);
    ck_assert(memcmp(again, vectors + 2 * 48, sizeof again) == 0);
    ck_assert(sbj_session_encode(session, NULL, NULL, 0, NULL, NULL, &error) == SBERTJA_OK);

    const char *const invalid[] = {"水", "a\xFF", "水"};
    ck_assert(sbj_session_encode(session, invalid, NULL, 3, NULL, vectors, &error) == SBERTJA_E_FORMAT);
    ck_assert_str_eq(error.message, "text 1: invalid UTF-8 at byte 1");

    sbertja_encode_options options = SBERTJA_ENCODE_OPTIONS_INIT;
    options.normalize = 1;
    ck_assert(sbj_session_encode(session, cut, NULL, 1, &options, again, &error) == SBERTJA_OK);
    double sum = 0;
    for (int i = 0; i < 48; i++)
        sum += (double)again[i] * again[i];
    ck_assert(fabs(sum - 1) < 1e-6);
    free(longest);
    sbj_session_free(session);
    sbj_model_free(model);
}
END_TEST

/* A model whose weights are all NaN. */
static sbj_model *load_broken(void)
{
    size_t size, header;
    sbertja_error error;
    sbj_model *model;
    const char *directory = model_directory("model"), *name = "model.safetensors";
    char path[600];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    unsigned char *content = (unsigned char *)scratch_read(path, &size);
    header = content[0] | (size_t)content[1] << 8 | (size_t)content[2] << 16;
    memset(content + 8 + header, 0xFF, size - 8 - header);
    model_directory_put(name, content, size);
    ck_assert_int_eq(model_directory_load(&model, &error), SBERTJA_OK);
    free(content);
    return model;
}

/* Better none than vectors that are no numbers; and of several threads' errors that of the first batch. */
START_TEST(broken_weights)
{
    static const char *const wanted =
        "text 2: a value of its vector is not a finite number: the model's weights are broken";
    sbertja_session_options options = SBERTJA_SESSION_OPTIONS_INIT;
    sbj_session *session;
    sbertja_error error;
    const char **texts = shared_texts();
    float *vectors = malloc(SHARED * 64 * sizeof *vectors);
    sbj_model *model = load_broken();
    texts[2] = "会議は三時に始まる。会議は三時に始まる。"; /* the longest, so it comes first */
    for (options.threads = 1; options.threads <= 4; options.threads *= 2) {
        ck_assert(sbj_session_create(model, &options, &session, NULL) == SBERTJA_OK);
        for (int again = 0; again < 2; again++) {
            ck_assert_int_eq(sbj_session_encode(session, texts, NULL, SHARED, NULL, vectors, &error), SBERTJA_E_FORMAT);
            ck_assert_str_eq(error.message, wanted);
        }
        sbj_session_free(session);
    }
    free(texts);
    free(vectors);
    sbj_model_free(model);
}
END_TEST

/* More texts than a window holds, the next of which is tokenized while one is computed. */
START_TEST(many_texts)
{
    enum { MANY = 13500, SECOND = 1024, THIRD = 9216 }; /* where the second window begins, and the third */
    const char *const few[] = {"水", "冷却水が漏れた。", "会議は三時に始まる。"};
    const char **texts = malloc(MANY * sizeof *texts);
    size_t *lengths = malloc(MANY * sizeof *lengths);
    float *vectors = malloc(MANY * 48 * sizeof *vectors);
    sbertja_session_options options = SBERTJA_SESSION_OPTIONS_INIT;
    sbertja_encode_options watched = SBERTJA_ENCODE_OPTIONS_INIT;
    taken t = {0};
    sbj_session *session;
    sbertja_error error;
    sbj_model *model = load("cpu", NULL);
    options.threads = 1 << _i;
    for (size_t i = 0; i < MANY; i++) {
        texts[i] = few[i % 3];
        lengths[i] = i % 3 == 2 ? strlen("会議") : strlen(texts[i]);
    }
    watched.progress = count_done;
    watched.progress_user = &t;
    ck_assert(sbj_session_create(model, &options, &session, &error) == SBERTJA_OK);
    ck_assert(sbj_session_encode(session, texts, lengths, MANY, &watched, vectors, &error) == SBERTJA_OK);
    ck_assert_uint_eq(t.done, MANY);
    for (size_t i = 3; i < MANY; i++)
        ck_assert_msg(memcmp(vectors + i * 48, vectors + i % 3 * 48, 48 * sizeof *vectors) == 0, "text %zu", i);

    texts[THIRD] = "\xff";
    memset(vectors, 0, MANY * 48 * sizeof *vectors);
    ck_assert_int_eq(sbj_session_encode(session, texts, NULL, MANY, NULL, vectors, &error), SBERTJA_E_FORMAT);
    ck_assert_msg(strncmp(error.message, "text 9216: ", 11) == 0, "%s", error.message);
    ck_assert_msg(vectors[SECOND * 48] != 0, "what came before is not there");
    texts[SECOND] = "\xff";
    ck_assert_int_eq(sbj_session_encode(session, texts, NULL, MANY, NULL, vectors, &error), SBERTJA_E_FORMAT);
    ck_assert_msg(strncmp(error.message, "text 1024: ", 11) == 0, "%s", error.message);
    t = (taken){.stop_after = 1}; /* before anybody looks at text 1024 */
    ck_assert_int_eq(sbj_session_encode(session, texts, NULL, MANY, &watched, vectors, &error), SBERTJA_E_STOPPED);
    sbj_session_free(session);
    free(lengths);
    free(texts);
    free(vectors);
    sbj_model_free(model);
}
END_TEST

SUITE_MAIN("model/session", 60, {independent_of_the_rest, 2}, {token_vectors_and_progress, 0},
           {threads_with_batches_of_their_own, 0}, {callbacks_that_call_back, 0}, {odd_texts, 0}, {broken_weights, 0}, {many_texts, 3})
