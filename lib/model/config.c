/* config.json: read strictly, because a wrong size here would be a wrong address later. */
#include "model/config.h"

#include <cjson/cJSON.h>
#include <string.h>

#include "io/number.h"

enum { MOST_LAYERS = 256, MOST_WIDTH = 1 << 16, MOST_ROWS = 1 << 24 };

static const struct {
    const char *name;
    sbj_activation activation;
} activations[] = {
    {"gelu", SBJ_GELU},          {"gelu_new", SBJ_GELU_TANH}, {"relu", SBJ_RELU},         {"tanh", SBJ_TANH},
    {"sigmoid", SBJ_SIGMOID},    {"identity", SBJ_IDENTITY},  {"GELU", SBJ_GELU},         {"ReLU", SBJ_RELU},
    {"Tanh", SBJ_TANH},          {"Sigmoid", SBJ_SIGMOID},    {"Identity", SBJ_IDENTITY}, {"gelu_pytorch_tanh", SBJ_GELU_TANH},
};

bool sbj_activation_parse(const char *name, sbj_activation *activation)
{
    for (size_t i = 0; i < sizeof activations / sizeof *activations; i++)
        if (strcmp(activations[i].name, name) == 0) {
            *activation = activations[i].activation;
            return true;
        }
    return false;
}

const char *sbj_activation_name(sbj_activation activation)
{
    for (size_t i = 0; i < sizeof activations / sizeof *activations; i++)
        if (activations[i].activation == activation)
            return activations[i].name;
    return "identity";
}

static sbertja_status check_rates(const sbj_config *c, const char *name, sbertja_error *error)
{
    const struct {
        const char *key;
        double value;
        bool positive;
    } rates[] = {{"layer_norm_eps", c->eps, true},
                 {"hidden_dropout_prob", c->hidden_dropout, false},
                 {"attention_probs_dropout_prob", c->attention_dropout, false}};
    for (size_t i = 0; i < sizeof rates / sizeof *rates; i++) {
        const double value = rates[i].value;
        char text[SBJ_NUMBER_ROOM];
        if (value < 1 && (value > 0 || (value == 0 && !rates[i].positive)))
            continue;
        sbj_number_print(value, text);
        return sbj_fail(error, SBERTJA_E_FORMAT, "%s: %s: %s, expected %s and less than 1", name, rates[i].key, text,
                        rates[i].positive ? "more than 0" : "at least 0");
    }
    return SBERTJA_OK;
}

sbertja_status sbj_config_check(const sbj_config *c, const char *name, sbertja_error *error)
{
    const struct {
        const char *key;
        size_t value, most;
    } sizes[] = {
        {"vocab_size", c->vocabulary, MOST_ROWS},
        {"hidden_size", c->hidden, MOST_WIDTH},
        {"num_hidden_layers", c->layers, MOST_LAYERS},
        {"num_attention_heads", c->heads, MOST_WIDTH},
        {"intermediate_size", c->intermediate, MOST_WIDTH},
        {"max_position_embeddings", c->max_positions, MOST_WIDTH},
        {"type_vocab_size", c->types, MOST_WIDTH},
    };
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        if (sizes[i].value < 1 || sizes[i].value > sizes[i].most)
            return sbj_fail(error, SBERTJA_E_FORMAT, "%s: %s: %zu, expected 1 to %zu", name, sizes[i].key,
                            sizes[i].value, sizes[i].most);
    if (c->hidden % c->heads != 0)
        return sbj_fail(error, SBERTJA_E_FORMAT, "%s: hidden_size %zu is no multiple of num_attention_heads %zu", name,
                        c->hidden, c->heads);
    if (c->activation != SBJ_GELU && c->activation != SBJ_GELU_TANH && c->activation != SBJ_RELU)
        return sbj_fail(error, SBERTJA_E_UNSUPPORTED, "%s: hidden_act: %s, expected gelu, gelu_new or relu", name,
                        sbj_activation_name(c->activation));
    return check_rates(c, name, error);
}

/* A size, still to be held against its limit by sbj_config_check. */
static sbertja_status read_size(const sbj_json *json, const char *key, long fallback, size_t *size,
                                sbertja_error *error)
{
    long value;
    sbertja_status status = sbj_json_int(json, json->root, key, fallback, &value, error);
    if (status == SBERTJA_OK && value < 1)
        status = sbj_fail(error, SBERTJA_E_FORMAT, "%s: %s: %ld, expected at least 1", json->name, key, value);
    *size = status == SBERTJA_OK ? (size_t)value : 0;
    return status;
}

/* What would change the meaning of the weights is refused by name. */
static sbertja_status check_architecture(const sbj_json *json, sbertja_error *error)
{
    const char *type, *positions;
    bool decoder, cross;
    sbertja_status status;
    if ((status = sbj_json_text(json, json->root, "model_type", "bert", &type, error)) != SBERTJA_OK ||
        (status = sbj_json_text(json, json->root, "position_embedding_type", "absolute", &positions, error)) !=
            SBERTJA_OK ||
        (status = sbj_json_bool(json, json->root, "is_decoder", false, &decoder, error)) != SBERTJA_OK ||
        (status = sbj_json_bool(json, json->root, "add_cross_attention", false, &cross, error)) != SBERTJA_OK)
        return status;
    if (strcmp(type, "bert") != 0)
        return sbj_fail(error, SBERTJA_E_UNSUPPORTED, "%s: model_type: \"%s\", only \"bert\" is supported", json->name,
                        type);
    if (strcmp(positions, "absolute") != 0)
        return sbj_fail(error, SBERTJA_E_UNSUPPORTED,
                        "%s: position_embedding_type: \"%s\", only \"absolute\" is supported", json->name, positions);
    if (decoder || cross)
        return sbj_fail(error, SBERTJA_E_UNSUPPORTED, "%s: %s: a decoder is not supported", json->name,
                        decoder ? "is_decoder" : "add_cross_attention");
    return SBERTJA_OK;
}

static sbertja_status read_fields(const sbj_json *json, sbj_config *c, sbertja_error *error)
{
    const char *activation;
    sbertja_status status;
    if ((status = check_architecture(json, error)) != SBERTJA_OK ||
        (status = read_size(json, "vocab_size", 30522, &c->vocabulary, error)) != SBERTJA_OK ||
        (status = read_size(json, "hidden_size", 768, &c->hidden, error)) != SBERTJA_OK ||
        (status = read_size(json, "num_hidden_layers", 12, &c->layers, error)) != SBERTJA_OK ||
        (status = read_size(json, "num_attention_heads", 12, &c->heads, error)) != SBERTJA_OK ||
        (status = read_size(json, "intermediate_size", 3072, &c->intermediate, error)) != SBERTJA_OK ||
        (status = read_size(json, "max_position_embeddings", 512, &c->max_positions, error)) != SBERTJA_OK ||
        (status = read_size(json, "type_vocab_size", 2, &c->types, error)) != SBERTJA_OK ||
        (status = sbj_json_number(json, json->root, "layer_norm_eps", 1e-12, &c->eps, error)) != SBERTJA_OK ||
        (status = sbj_json_number(json, json->root, "hidden_dropout_prob", 0.1, &c->hidden_dropout, error)) !=
            SBERTJA_OK ||
        (status = sbj_json_number(json, json->root, "attention_probs_dropout_prob", 0.1, &c->attention_dropout,
                                  error)) != SBERTJA_OK ||
        (status = sbj_json_text(json, json->root, "hidden_act", "gelu", &activation, error)) != SBERTJA_OK)
        return status;
    if (!sbj_activation_parse(activation, &c->activation))
        return sbj_fail(error, SBERTJA_E_UNSUPPORTED, "%s: hidden_act: \"%s\", expected gelu, gelu_new or relu",
                        json->name, activation);
    return sbj_config_check(c, json->name, error);
}

sbertja_status sbj_config_read(const sbj_alloc *alloc, const char *path, sbj_config *config, sbertja_error *error)
{
    sbj_json json = {0};
    memset(config, 0, sizeof *config);
    sbertja_status status = sbj_json_read(alloc, path, &json, error);
    if (status == SBERTJA_OK)
        status = read_fields(&json, config, error);
    sbj_json_free(&json);
    return status;
}

sbertja_status sbj_config_write(const sbj_config *c, long pad, const cJSON *kept, const char *path,
                                sbertja_error *error)
{
    const char *const architectures[] = {"BertModel"}, *const dtype = "float32"; /* in 16 bits too: it is how to load */
    sbj_json_tree tree = sbj_json_begin(cJSON_CreateObject()), *t = &tree;
    cJSON *root = tree.root;
    sbj_json_put(t, root, "architectures", cJSON_CreateStringArray(architectures, 1));
    sbj_json_put(t, root, "attention_probs_dropout_prob", cJSON_CreateNumber(c->attention_dropout));
    sbj_json_put(t, root, "dtype", cJSON_CreateString(dtype));
    sbj_json_put(t, root, "hidden_act", cJSON_CreateString(sbj_activation_name(c->activation)));
    sbj_json_put(t, root, "hidden_dropout_prob", cJSON_CreateNumber(c->hidden_dropout));
    sbj_json_put(t, root, "hidden_size", cJSON_CreateNumber((double)c->hidden));
    sbj_json_put(t, root, "intermediate_size", cJSON_CreateNumber((double)c->intermediate));
    sbj_json_put(t, root, "layer_norm_eps", cJSON_CreateNumber(c->eps));
    sbj_json_put(t, root, "max_position_embeddings", cJSON_CreateNumber((double)c->max_positions));
    sbj_json_put(t, root, "model_type", cJSON_CreateString("bert"));
    sbj_json_put(t, root, "num_attention_heads", cJSON_CreateNumber((double)c->heads));
    sbj_json_put(t, root, "num_hidden_layers", cJSON_CreateNumber((double)c->layers));
    sbj_json_put(t, root, "pad_token_id", pad < 0 ? cJSON_CreateNull() : cJSON_CreateNumber((double)pad));
    sbj_json_put(t, root, "torch_dtype", cJSON_CreateString(dtype));
    sbj_json_put(t, root, "type_vocab_size", cJSON_CreateNumber((double)c->types));
    sbj_json_put(t, root, "vocab_size", cJSON_CreateNumber((double)c->vocabulary));
    sbj_json_keep(t, root, kept, NULL);
    if (cJSON_GetObjectItemCaseSensitive(root, "initializer_range") == NULL)
        sbj_json_put(t, root, "initializer_range", cJSON_CreateNumber(0.02));
    return sbj_json_write(t, path, error);
}
