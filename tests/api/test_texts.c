/* Texts of a call: their lengths, NUL characters, numbers that are none, the limit on bytes, and stops while texts are cut into
 * tokens. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "support/suite.h"
#include "support/temporary.h"
#include "support/training.h"

static sbertja_error error;

static void refused(sbertja_status status, const char *message)
{
    ck_assert_int_eq(status, SBERTJA_E_ARGUMENT);
    ck_assert_str_eq(error.message, message);
}

static sbertja_model *load(size_t max_text_bytes)
{
    sbertja_load_options options = SBERTJA_LOAD_OPTIONS_INIT;
    sbertja_model *model;
    options.max_text_bytes = max_text_bytes;
    ck_assert_msg(sbertja_model_load("tests/data/tiny/model", &options, &model, &error) == SBERTJA_OK, "%s",
                  error.message);
    return model;
}

/* (size_t)-1 means "up to the NUL" in every call, and no other length of more than half of all addresses is taken. */
START_TEST(lengths)
{
    const char *const texts[] = {"水が漏れた。", "弁を閉めた。余り"};
    const size_t by_nul[] = {(size_t)-1, strlen("弁を閉めた。")}, impossible[] = {3, (size_t)PTRDIFF_MAX + 1};
    sbertja_model *model = load(0);
    const size_t width = sbertja_model_dimension(model);
    float *vectors = malloc(2 * width * sizeof *vectors), *wanted = malloc(2 * width * sizeof *wanted);
    sbertja_session *session;
    sbertja_encoding *encoding;
    sbertja_dataset *dataset;
    ck_assert(sbertja_session_create(model, NULL, &session, NULL) == SBERTJA_OK);
    ck_assert(sbertja_encode(session, texts, by_nul, 2, NULL, vectors, &error) == SBERTJA_OK);
    ck_assert(sbertja_encode(session, (const char *[]){texts[0], "弁を閉めた。"}, NULL, 2, NULL, wanted, &error) == SBERTJA_OK);
    ck_assert(memcmp(vectors, wanted, 2 * width * sizeof *wanted) == 0);
    refused(sbertja_encode(session, texts, impossible, 2, NULL, vectors, &error),
            "text 1: a length of 9223372036854775808 bytes");
    ck_assert(sbertja_encoding_create(sbertja_model_tokenizer(model), &encoding, NULL) == SBERTJA_OK);
    refused(sbertja_tokenize(encoding, texts[0], impossible[1], &error), "text 0: a length of 9223372036854775808 bytes");
    ck_assert(sbertja_dataset_create(&dataset, NULL) == SBERTJA_OK);
    refused(sbertja_dataset_add(dataset, texts, impossible, 2, 0, &error), "text 1: a length of 9223372036854775808 bytes");
    ck_assert(sbertja_dataset_add(dataset, texts, by_nul, 2, 0, &error) == SBERTJA_OK);
    ck_assert_uint_eq(sbertja_dataset_size(dataset), 1);
    sbertja_dataset_free(dataset);
    sbertja_encoding_free(encoding);
    sbertja_session_free(session);
    sbertja_model_free(model);
    free(vectors);
    free(wanted);
}
END_TEST

static void check_vocabulary(const char *text, size_t length, sbertja_status expected)
{
    sbertja_vocabulary_options options = SBERTJA_VOCABULARY_OPTIONS_INIT;
    sbertja_vocabulary_trainer *trainer;
    options.max_text_bytes = 30;
    options.min_frequency = 1;
    ck_assert(sbertja_vocabulary_trainer_create(&options, &trainer, NULL) == SBERTJA_OK);
    ck_assert_int_eq(sbertja_vocabulary_trainer_add(trainer, &text, &length, 1, &error), expected);
    if (expected == SBERTJA_OK)
        ck_assert_int_eq(sbertja_vocabulary_trainer_finish(trainer, temporary_path("vocab"), NULL, &error), SBERTJA_OK);
    sbertja_vocabulary_trainer_free(trainer);
}

/* A NUL character is dropped; what follows it counts. */
START_TEST(nul_characters)
{
    const char *const texts[] = {"水が\0漏れた。", "水が漏れた。", "\0", ""};
    const size_t texts_lengths[] = {19, 18, 1, 0};
    sbertja_model *model = load(0);
    const size_t width = sbertja_model_dimension(model);
    float *vectors = malloc(4 * width * sizeof *vectors);
    sbertja_session *session;
    ck_assert(sbertja_session_create(model, NULL, &session, NULL) == SBERTJA_OK);
    ck_assert(sbertja_encode(session, texts, texts_lengths, 4, NULL, vectors, &error) == SBERTJA_OK);
    ck_assert(memcmp(vectors, vectors + width, width * sizeof *vectors) == 0);
    ck_assert(memcmp(vectors + 2 * width, vectors + 3 * width, width * sizeof *vectors) == 0);
    ck_assert(memcmp(vectors, vectors + 2 * width, width * sizeof *vectors) != 0);
    check_vocabulary(texts[0], 19, SBERTJA_OK);
    sbertja_session_free(session);
    sbertja_model_free(model);
    free(vectors);
}
END_TEST

START_TEST(a_limit_on_bytes)
{
    const char *const texts[] = {"水が漏れた。", "水が漏れた。。"};
    sbertja_model *model = load(18), *trained;
    float vectors[128];
    sbertja_session *session;
    sbertja_encoding *encoding;
    ck_assert(sbertja_session_create(model, NULL, &session, NULL) == SBERTJA_OK);
    ck_assert(sbertja_encode(session, texts, NULL, 1, NULL, vectors, &error) == SBERTJA_OK);
    refused(sbertja_encode(session, texts, NULL, 2, NULL, vectors, &error), "text 1: 21 bytes, max_text_bytes is 18");
    ck_assert(sbertja_encode(session, texts, NULL, 1, NULL, vectors, &error) == SBERTJA_OK);
    ck_assert(sbertja_encoding_create(sbertja_model_tokenizer(model), &encoding, NULL) == SBERTJA_OK);
    refused(sbertja_tokenize(encoding, texts[1], (size_t)-1, &error), "21 bytes, max_text_bytes is 18");
    check_vocabulary("水が漏れたので弁を閉めた。", (size_t)-1, SBERTJA_E_ARGUMENT);
    ck_assert_str_eq(error.message, "text 0: 39 bytes, max_text_bytes is 30");
    sbertja_dataset *dataset = training_sentences(24);
    const sbertja_objective objective = training_objective(dataset, SBERTJA_BATCH_ALL_TRIPLET_LOSS);
    ck_assert_int_eq(sbertja_fit(model, &objective, 1, NULL, &trained, &error), SBERTJA_E_ARGUMENT);
    ck_assert_msg(strstr(error.message, "max_text_bytes is 18") != NULL, "%s", error.message);
    sbertja_dataset_free(dataset);
    sbertja_encoding_free(encoding);
    sbertja_session_free(session);
    sbertja_model_free(model);
}
END_TEST

START_TEST(not_a_number)
{
    const float vectors[] = {1, 0, 0, 1};
    size_t members[2], begins[3], found;
    refused(sbertja_communities(vectors, 2, 2, (double)NAN, 1, members, begins, &found, &error),
            "threshold: not a number");
}
END_TEST

/* ---- Stops ---- */

static char *long_text(size_t bytes)
{
    static const char sentence[] = "配管から水が漏れていたので、弁を閉めた。";
    char *text = malloc(bytes + sizeof sentence);
    size_t used = 0;
    while (used < bytes) {
        memcpy(text + used, sentence, sizeof sentence);
        used += sizeof sentence - 1;
    }
    return text;
}

static int stop_encode(void *user, size_t done, size_t total)
{
    (void)total;
    *(size_t *)user += done == 0;
    return done == 0;
}

/* Asked while one text of twelve million bytes is cut into words, before anything is computed. */
START_TEST(encode_stops_inside_a_text)
{
    char *text = long_text(12 << 20);
    sbertja_model *model = load(0);
    sbertja_session_options two = SBERTJA_SESSION_OPTIONS_INIT;
    sbertja_encode_options options = SBERTJA_ENCODE_OPTIONS_INIT;
    sbertja_session *session;
    float vectors[128];
    size_t asked = 0;
    two.threads = 1;
    options.progress = stop_encode;
    options.progress_user = &asked;
    ck_assert(sbertja_session_create(model, &two, &session, NULL) == SBERTJA_OK);
    ck_assert_int_eq(sbertja_encode(session, (const char *const *)&text, NULL, 1, &options, vectors, &error), SBERTJA_E_STOPPED);
    ck_assert_str_eq(error.message, "stopped by the progress callback after 0 of 1 texts");
    ck_assert_uint_eq(asked, 1);
    ck_assert(sbertja_encode(session, (const char *[]){"水"}, NULL, 1, NULL, vectors, &error) == SBERTJA_OK);
    sbertja_session_free(session);
    sbertja_model_free(model);
    free(text);
}
END_TEST

/* Texts before the long one, so that the calling thread has a share of its own and then only waits. */
enum { OTHERS = 600, LONG = 550 };

static int stop_later(void *user, size_t done, size_t total)
{
    (void)done, (void)total;
    return ++*(size_t *)user > 1;
}

START_TEST(encode_stops_inside_a_text_of_another_thread)
{
    char *text = long_text(40 << 20);
    const char *texts[OTHERS];
    sbertja_model *model = load(0);
    sbertja_session_options two = SBERTJA_SESSION_OPTIONS_INIT;
    sbertja_encode_options options = SBERTJA_ENCODE_OPTIONS_INIT;
    sbertja_session *session;
    size_t asked = 0;
    const size_t width = sbertja_model_dimension(model);
    float *vectors = malloc(OTHERS * width * sizeof *vectors);
    for (size_t i = 0; i < OTHERS; i++)
        texts[i] = i == LONG ? text : "配管から水が漏れていたので、弁を閉めた。";
    two.threads = 2;
    options.progress = stop_later;
    options.progress_user = &asked;
    ck_assert(sbertja_session_create(model, &two, &session, NULL) == SBERTJA_OK);
    ck_assert_int_eq(sbertja_encode(session, texts, NULL, OTHERS, &options, vectors, &error), SBERTJA_E_STOPPED);
    ck_assert_str_eq(error.message, "stopped by the progress callback after 0 of 600 texts");
    ck_assert(sbertja_encode(session, texts, NULL, 1, NULL, vectors, &error) == SBERTJA_OK);
    sbertja_session_free(session);
    sbertja_model_free(model);
    free(vectors);
    free(text);
}
END_TEST

static int stop_fit(void *user)
{
    ++*(size_t *)user;
    return 1;
}

START_TEST(fit_stops_before_the_first_step)
{
    char *text = long_text(12 << 20);
    sbertja_model *model = load(0), *trained;
    sbertja_dataset *dataset;
    sbertja_fit_options options = SBERTJA_FIT_OPTIONS_INIT;
    size_t asked = 0;
    ck_assert(sbertja_dataset_create(&dataset, NULL) == SBERTJA_OK);
    for (int i = 0; i < 8; i++)
        ck_assert(sbertja_dataset_add(dataset, (const char *[]){i == 0 ? text : "水"}, NULL, 1, i / 4, NULL) == SBERTJA_OK);
    const sbertja_objective objective = training_objective(dataset, SBERTJA_BATCH_ALL_TRIPLET_LOSS);
    options.stop = stop_fit;
    options.stop_user = &asked;
    options.threads = 1;
    ck_assert_int_eq(sbertja_fit(model, &objective, 1, &options, &trained, &error), SBERTJA_E_STOPPED);
    ck_assert_uint_eq(asked, 1);
    ck_assert_ptr_nonnull(trained);
    ck_assert(training_equal(trained, model));
    sbertja_model_free(trained);
    sbertja_dataset_free(dataset);
    sbertja_model_free(model);
    free(text);
}
END_TEST

SUITE_MAIN("api/texts", 60, {lengths, 0}, {nul_characters, 0}, {a_limit_on_bytes, 0}, {not_a_number, 0},
           {encode_stops_inside_a_text, 0},
           {encode_stops_inside_a_text_of_another_thread, 0}, {fit_stops_before_the_first_step, 0})
