/* Prompts: the same tokens as the prompt written before the text, left out of pooling where the model says so, and beside
 * sentence-transformers for every mode; dimensions that are cut off; and what is refused. */
#include <stdlib.h>
#include <string.h>

#include "sbertja.h"
#include "support/model_directory.h"
#include "support/reference.h"
#include "support/suite.h"

enum { HIDDEN = 48 };
static sbertja_error error;

static const struct {
    const char *name;
    double bound;
} devices[] = {{"ref", 1e-6}, {"cpu", 1e-5}};
enum { DEVICES = sizeof devices / sizeof *devices };

static void encode(const sbj_model *model, const char *const *texts, size_t count,
                   const sbertja_encode_options *options, float *vectors)
{
    sbj_session *session = NULL;
    ck_assert_msg(sbj_session_create(model, NULL, &session, &error) == SBERTJA_OK, "%s", error.message);
    ck_assert_msg(sbj_session_encode(session, texts, NULL, count, options, vectors, &error) == SBERTJA_OK, "%s",
                  error.message);
    sbj_session_free(session);
}

static const char *const modes[] = {"cls", "max", "mean", "mean_sqrt_len_tokens", "weightedmean", "lasttoken",
                                    "max+mean"};
enum { MODES = sizeof modes / sizeof *modes };

/* The last of the sentences are longer than the model's limit. */
START_TEST(left_out_of_pooling)
{
    sbertja_module pooling = SBERTJA_MODULE_INIT;
    sbertja_encode_options options = SBERTJA_ENCODE_OPTIONS_INIT;
    reference r;
    reference_open(&r, "tests/data/tiny");
    sbj_archive *archive = reference_archive(&r, "include_prompt.safetensors");
    pooling.pooling = modes[_i];
    pooling.exclude_prompt = 1;
    options.prompt = "質問: ";
    for (size_t d = 0; d < DEVICES; d++) {
        sbj_model *model = reference_model(&r, "bert", devices[d].name, &pooling, 1);
        const size_t count = r.count * model->network.width;
        float *vectors = malloc(count * sizeof *vectors);
        encode(model, (const char *const *)r.texts, r.count, &options, vectors);
        reference_expect(reference_difference(vectors, reference_floats(archive, modes[_i], count), count),
                         devices[d].bound, "%s: %s", modes[_i], devices[d].name);
        free(vectors);
        sbj_model_free(model);
    }
    sbj_archive_free(archive);
    reference_close(&r);
}
END_TEST

static const char *const texts[] = {"冷却水が漏れた。", "", "ポンプ"};
static const char *const joined[] = {"質問: 冷却水が漏れた。", "質問: ", "質問: ポンプ"};
enum { TEXTS = 3 };

/* Bit for bit what the joined text gives; and without a prompt nothing is left out, whatever the model says. */
START_TEST(as_written_before_the_text)
{
    float with[TEXTS * HIDDEN], wanted[TEXTS * HIDDEN];
    sbertja_encode_options options = SBERTJA_ENCODE_OPTIONS_INIT;
    for (int excluded = 0; excluded < 2; excluded++) {
        sbj_model *model;
        model_directory("model");
        if (excluded)
            model_directory_set("1_Pooling/config.json", "include_prompt", "false");
        ck_assert_int_eq(model_directory_load(&model, &error), SBERTJA_OK);
        options.prompt = "質問: ";
        encode(model, texts, TEXTS, &options, with);
        encode(model, joined, TEXTS, NULL, wanted);
        ck_assert_int_eq(memcmp(with, wanted, sizeof with) != 0, excluded);
        options.prompt = "";
        encode(model, texts, TEXTS, &options, with);
        encode(model, texts, TEXTS, NULL, wanted);
        ck_assert_mem_eq(with, wanted, sizeof with);
        sbj_model_free(model);
    }
}
END_TEST

/* A prompt that with the text makes one word, so that no token is left. */
START_TEST(nothing_left)
{
    static const struct {
        const char *mode;
        bool zeros, refused;
    } cases[] = {{"mean", true, false},       {"mean_sqrt_len_tokens", true, false}, {"weightedmean", true, false},
                 {"lasttoken", true, false},  {"cls", false, false},                 {"max", false, true}};
    sbertja_module pooling = SBERTJA_MODULE_INIT;
    sbertja_encode_options options = SBERTJA_ENCODE_OPTIONS_INIT;
    float vector[HIDDEN];
    reference r;
    reference_open(&r, "tests/data/tiny");
    pooling.exclude_prompt = 1;
    options.prompt = "[SE"; /* "[", "SE" or more pieces; with the text it is one special token */
    static const char *const end[] = {"P]"};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (size_t d = 0; d < DEVICES; d++) {
            pooling.pooling = cases[i].mode;
            sbj_model *model = reference_model(&r, "bert", devices[d].name, &pooling, 1);
            sbj_session *session = NULL;
            ck_assert_int_eq(sbj_session_create(model, NULL, &session, &error), SBERTJA_OK);
            const sbertja_status status = sbj_session_encode(session, end, NULL, 1, &options, vector, &error);
            ck_assert_msg(status == (cases[i].refused ? SBERTJA_E_UNSUPPORTED : SBERTJA_OK), "%s: %s", cases[i].mode,
                          error.message);
            if (cases[i].refused)
                ck_assert_ptr_nonnull(strstr(error.message, "text 0: has no more tokens"));
            for (size_t h = 0; h < HIDDEN && !cases[i].refused; h++)
                ck_assert_msg((vector[h] == 0) == cases[i].zeros, "%s: %g", cases[i].mode, vector[h]);
            sbj_session_free(session);
            sbj_model_free(model);
        }
    reference_close(&r);
}
END_TEST

START_TEST(dimensions)
{
    float all[TEXTS * HIDDEN], some[TEXTS * HIDDEN];
    sbertja_encode_options options = SBERTJA_ENCODE_OPTIONS_INIT;
    sbj_model *model;
    model_directory("model");
    model_directory_set("config_sentence_transformers.json", "truncate_dim", "7");
    ck_assert_int_eq(model_directory_load(&model, &error), SBERTJA_OK);
    ck_assert_uint_eq(sbertja_model_dimension((sbertja_model *)model), 7);
    options.dimension = HIDDEN;
    encode(model, texts, TEXTS, &options, all);
    encode(model, texts, TEXTS, NULL, some);
    for (size_t i = 0; i < TEXTS; i++)
        ck_assert_mem_eq(some + i * 7, all + i * HIDDEN, 7 * sizeof *all);
    options.dimension = 5;
    options.normalize = 1;
    encode(model, texts, TEXTS, &options, some);
    for (size_t i = 0; i < TEXTS; i++) {
        double sum = 0;
        for (size_t h = 0; h < 5; h++)
            sum += (double)some[i * 5 + h] * some[i * 5 + h];
        ck_assert_double_eq_tol(sum, 1, 1e-6);
    }
    sbj_model_free(model);
}
END_TEST

START_TEST(refused)
{
    float vectors[HIDDEN];
    static const char *const broken[] = {"x\xff"};
    sbertja_encode_options options = SBERTJA_ENCODE_OPTIONS_INIT;
    sbj_model *model;
    sbj_session *session;
    model_directory("model");
    ck_assert_int_eq(model_directory_load(&model, &error), SBERTJA_OK);
    ck_assert_int_eq(sbj_session_create(model, NULL, &session, &error), SBERTJA_OK);
    options.prompt = "\xe8";
    ck_assert_int_eq(sbj_session_encode(session, texts, NULL, 1, &options, vectors, &error), SBERTJA_E_FORMAT);
    ck_assert_ptr_eq(strstr(error.message, "prompt: "), error.message);
    options.prompt = "質問";
    sbertja_error alone;
    ck_assert_int_eq(sbj_session_encode(session, broken, NULL, 1, &options, vectors, &error), SBERTJA_E_FORMAT);
    options.prompt = NULL;
    ck_assert_int_eq(sbj_session_encode(session, broken, NULL, 1, &options, vectors, &alone), SBERTJA_E_FORMAT);
    ck_assert_str_eq(error.message, alone.message); /* the byte is the text's own */
    options.dimension = HIDDEN + 1;
    ck_assert_int_eq(sbj_session_encode(session, texts, NULL, 1, &options, vectors, &error), SBERTJA_E_ARGUMENT);
    ck_assert_str_eq(error.message, "encode options: dimension: 49, expected at most 48");
    sbj_session_free(session);
    sbj_model_free(model);
}
END_TEST

SUITE_MAIN("model/prompt", 60, {left_out_of_pooling, MODES}, {as_written_before_the_text, 0}, {nothing_left, 0},
           {dimensions, 0}, {refused, 0})
