/* config.json: defaults, what is refused and with which words, and back again. */
#include <stdio.h>
#include <string.h>

#include "model/config.h"
#include "support/scratch.h"
#include "support/suite.h"

static sbertja_status read_text(const char *text, sbj_config *config, sbertja_error *error)
{
    return sbj_config_read(&sbj_malloc, scratch_file("config.json", text, strlen(text)), config, error);
}

/* What is absent or null is BERT-base's. */
START_TEST(defaults)
{
    static const char *const texts[] = {"{}", "{\"hidden_size\": null, \"model_type\": null, \"hidden_act\": null}"};
    sbj_config c;
    sbertja_error error;
    ck_assert_msg(read_text(texts[_i], &c, &error) == SBERTJA_OK, "%s", error.message);
    ck_assert(c.vocabulary == 30522 && c.hidden == 768 && c.layers == 12 && c.heads == 12 && c.intermediate == 3072);
    ck_assert(c.max_positions == 512 && c.types == 2 && c.eps == 1e-12 && c.activation == SBJ_GELU);
    ck_assert(c.hidden_dropout == 0.1 && c.attention_dropout == 0.1);
    scratch_clear();
}
END_TEST

static const struct refusal {
    const char *text;
    sbertja_status status;
    const char *message; /* after the file's name */
} refusals[] = {
    {"{\"model_type\": \"roberta\"}", SBERTJA_E_UNSUPPORTED, "model_type: \"roberta\", only \"bert\" is supported"},
    {"{\"position_embedding_type\": \"relative_key\"}", SBERTJA_E_UNSUPPORTED,
     "position_embedding_type: \"relative_key\", only \"absolute\" is supported"},
    {"{\"is_decoder\": true}", SBERTJA_E_UNSUPPORTED, "is_decoder: a decoder is not supported"},
    {"{\"add_cross_attention\": true}", SBERTJA_E_UNSUPPORTED, "add_cross_attention: a decoder is not supported"},
    {"{\"hidden_act\": \"silu\"}", SBERTJA_E_UNSUPPORTED, "hidden_act: \"silu\", expected gelu, gelu_new or relu"},
    {"{\"hidden_act\": \"tanh\"}", SBERTJA_E_UNSUPPORTED, "hidden_act: tanh, expected gelu, gelu_new or relu"},
    {"{\"hidden_size\": 770}", SBERTJA_E_FORMAT, "hidden_size 770 is no multiple of num_attention_heads 12"},
    {"{\"hidden_size\": 0}", SBERTJA_E_FORMAT, "hidden_size: 0, expected at least 1"},
    {"{\"hidden_size\": -768}", SBERTJA_E_FORMAT, "hidden_size: -768, expected at least 1"},
    {"{\"hidden_size\": 1e300}", SBERTJA_E_FORMAT, "hidden_size: 9223372036854775807, expected 1 to 65536"},
    {"{\"hidden_size\": 7.5}", SBERTJA_E_FORMAT, "hidden_size: expected an integer, found a fraction"},
    {"{\"hidden_size\": \"768\"}", SBERTJA_E_FORMAT, "hidden_size: expected an integer, found a string"},
    {"{\"num_attention_heads\": 0}", SBERTJA_E_FORMAT, "num_attention_heads: 0, expected at least 1"},
    {"{\"num_hidden_layers\": 257}", SBERTJA_E_FORMAT, "num_hidden_layers: 257, expected 1 to 256"},
    {"{\"vocab_size\": 16777217}", SBERTJA_E_FORMAT, "vocab_size: 16777217, expected 1 to 16777216"},
    {"{\"layer_norm_eps\": 0}", SBERTJA_E_FORMAT, "layer_norm_eps: 0, expected more than 0 and less than 1"},
    {"{\"layer_norm_eps\": 1.5}", SBERTJA_E_FORMAT, "layer_norm_eps: 1.5, expected more than 0 and less than 1"},
    {"{\"hidden_dropout_prob\": 1}", SBERTJA_E_FORMAT, "hidden_dropout_prob: 1, expected at least 0 and less than 1"},
    {"{\"attention_probs_dropout_prob\": -0.25}", SBERTJA_E_FORMAT,
     "attention_probs_dropout_prob: -0.25, expected at least 0 and less than 1"},
    {"[]", SBERTJA_E_FORMAT, "expected an object with the key model_type, found a list"},
    {"", SBERTJA_E_FORMAT, "line 1, column 1: the text ends too early"},
};
enum { REFUSALS = sizeof refusals / sizeof *refusals };

START_TEST(refused)
{
    char wanted[512];
    sbj_config c;
    sbertja_error error;
    ck_assert_int_eq(read_text(refusals[_i].text, &c, &error), refusals[_i].status);
    snprintf(wanted, sizeof wanted, "%s: %s", scratch_path("config.json"), refusals[_i].message);
    ck_assert_str_eq(error.message, wanted);
    scratch_clear();
}
END_TEST

START_TEST(written_and_read)
{
    static const sbj_activation activations[] = {SBJ_GELU, SBJ_GELU_TANH, SBJ_RELU};
    const sbj_config c = {.vocabulary = 101,
                          .hidden = 24,
                          .layers = 3,
                          .heads = 2,
                          .intermediate = 7,
                          .max_positions = 33,
                          .types = 1,
                          .eps = 1e-5,
                          .activation = activations[_i],
                          .hidden_dropout = 0.1,
                          .attention_dropout = 0.3};
    sbj_config again;
    sbertja_error error;
    const char *path = scratch_path("config.json");
    ck_assert_msg(sbj_config_write(&c, 3, NULL, path, &error) == SBERTJA_OK, "%s", error.message);
    ck_assert_msg(sbj_config_read(&sbj_malloc, path, &again, &error) == SBERTJA_OK, "%s", error.message);
    ck_assert(again.vocabulary == 101 && again.hidden == 24 && again.layers == 3 && again.heads == 2);
    ck_assert(again.intermediate == 7 && again.max_positions == 33 && again.types == 1 && again.eps == 1e-5);
    ck_assert(again.activation == c.activation && again.hidden_dropout == 0.1 && again.attention_dropout == 0.3);
    scratch_clear();
}
END_TEST

SUITE_MAIN("model/config", 20, {defaults, 2}, {refused, REFUSALS}, {written_and_read, 3})
