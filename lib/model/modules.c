/* Pooling's three dialects, Dense, and the checks of the chain that they form.
 *
 *   0.4.1, 2.x-5.x   "word_embedding_dimension", "pooling_mode_cls_token": false, "pooling_mode_mean_tokens": true, ...
 *   6.x              "embedding_dimension", "pooling_mode": "mean"
 *   6.x, several     "pooling_mode": ["mean", "max"], in that order */
#include "model/modules.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

static const struct {
    sbj_pooling mode;
    const char *name, *flag;
} poolings[] = { /* the flags' vectors stand side by side in this order */
    {SBJ_POOL_CLS, "cls", "pooling_mode_cls_token"},
    {SBJ_POOL_MAX, "max", "pooling_mode_max_tokens"},
    {SBJ_POOL_MEAN, "mean", "pooling_mode_mean_tokens"},
    {SBJ_POOL_MEAN_SQRT_LEN, "mean_sqrt_len_tokens", "pooling_mode_mean_sqrt_len_tokens"},
    {SBJ_POOL_WEIGHTED_MEAN, "weightedmean", "pooling_mode_weightedmean_tokens"},
    {SBJ_POOL_LAST, "lasttoken", "pooling_mode_lasttoken"},
};
enum { POOLINGS = sizeof poolings / sizeof *poolings };

bool sbj_pooling_parse(const char *name, size_t length, sbj_pooling *mode)
{
    for (size_t i = 0; i < POOLINGS; i++)
        if (strlen(poolings[i].name) == length && memcmp(poolings[i].name, name, length) == 0) {
            *mode = poolings[i].mode;
            return true;
        }
    return false;
}

const char *sbj_pooling_name(sbj_pooling mode)
{
    for (size_t i = 0; i < POOLINGS; i++)
        if (poolings[i].mode == mode)
            return poolings[i].name;
    return "?";
}

static bool add_mode(sbj_module *module, sbj_pooling mode)
{
    for (size_t i = 0; i < module->mode_count; i++)
        if (module->modes[i] == mode)
            return false;
    module->modes[module->mode_count++] = mode;
    return true;
}

static sbertja_status add_named(sbj_module *module, const char *where, const char *name, size_t length,
                                sbertja_error *error)
{
    sbj_pooling mode;
    if (!sbj_pooling_parse(name, length, &mode))
        return sbj_fail(error, SBERTJA_E_UNSUPPORTED,
                        "%s: pooling mode \"%.*s\", expected cls, max, mean, mean_sqrt_len_tokens, weightedmean or "
                        "lasttoken",
                        where, (int)length, name);
    if (!add_mode(module, mode))
        return sbj_fail(error, SBERTJA_E_FORMAT, "%s: pooling mode \"%.*s\" twice", where, (int)length, name);
    return SBERTJA_OK;
}

/* "max+mean" */
static sbertja_status add_joined(sbj_module *module, const char *where, const char *names, sbertja_error *error)
{
    for (;;) {
        size_t length = strcspn(names, "+");
        sbertja_status status = add_named(module, where, names, length, error);
        if (status != SBERTJA_OK || names[length] == '\0')
            return status;
        names += length + 1;
    }
}

static sbertja_status read_flags(const sbj_json *json, sbj_module *module, sbertja_error *error)
{
    for (size_t i = 0; i < POOLINGS; i++) {
        bool on;
        sbertja_status status = sbj_json_bool(json, json->root, poolings[i].flag, false, &on, error);
        if (status != SBERTJA_OK)
            return status;
        if (on)
            add_mode(module, poolings[i].mode);
    }
    return SBERTJA_OK;
}

static sbertja_status read_pooling(const sbj_json *json, sbj_module *module, sbertja_error *error)
{
    const cJSON *mode = cJSON_GetObjectItemCaseSensitive(json->root, "pooling_mode");
    sbertja_status status = SBERTJA_OK;
    if (cJSON_IsString(mode)) {
        status = add_joined(module, json->name, mode->valuestring, error);
    } else if (cJSON_IsArray(mode)) {
        for (const cJSON *item = mode->child; item != NULL && status == SBERTJA_OK; item = item->next)
            status = cJSON_IsString(item)
                         ? add_named(module, json->name, item->valuestring, strlen(item->valuestring), error)
                         : sbj_fail(error, SBERTJA_E_FORMAT, "%s: pooling_mode: expected a list of names", json->name);
    } else if (mode != NULL && !cJSON_IsNull(mode)) {
        status = sbj_fail(error, SBERTJA_E_FORMAT, "%s: pooling_mode: expected a name or a list of names", json->name);
    } else {
        status = read_flags(json, module, error);
    }
    if (status == SBERTJA_OK && module->mode_count == 0)
        status = sbj_fail(error, SBERTJA_E_FORMAT, "%s: no pooling mode is on", json->name);
    long dimension = 0;
    bool include_prompt = true;
    if (status == SBERTJA_OK)
        status = sbj_json_bool(json, json->root, "include_prompt", true, &include_prompt, error);
    module->exclude_prompt = !include_prompt;
    if (status == SBERTJA_OK)
        status = sbj_json_int(json, json->root, "word_embedding_dimension", 0, &dimension, error);
    if (status == SBERTJA_OK && dimension == 0)
        status = sbj_json_int(json, json->root, "embedding_dimension", 0, &dimension, error);
    module->in = dimension > 0 ? (size_t)dimension : 0;
    return status;
}

static sbertja_status read_dense(const sbj_json *json, sbj_module *module, sbertja_error *error)
{
    long in, out;
    const char *activation, *input, *output;
    bool residual;
    sbertja_status status;
    if ((status = sbj_json_bool(json, json->root, "use_residual", false, &residual, error)) != SBERTJA_OK ||
        (status = sbj_json_text(json, json->root, "module_output_name", "sentence_embedding", &output, error)) !=
            SBERTJA_OK ||
        (status = sbj_json_int(json, json->root, "in_features", 0, &in, error)) != SBERTJA_OK ||
        (status = sbj_json_int(json, json->root, "out_features", 0, &out, error)) != SBERTJA_OK ||
        (status = sbj_json_bool(json, json->root, "bias", true, &module->bias, error)) != SBERTJA_OK ||
        (status = sbj_json_text(json, json->root, "activation_function", "Tanh", &activation, error)) != SBERTJA_OK ||
        (status = sbj_json_text(json, json->root, "module_input_name", "sentence_embedding", &input, error)) !=
            SBERTJA_OK)
        return status;
    if (in < 1 || out < 1 || in > 1 << 20 || out > 1 << 20)
        return sbj_fail(error, SBERTJA_E_FORMAT, "%s: in_features %ld, out_features %ld, expected 1 to %d", json->name,
                        in, out, 1 << 20);
    if (strcmp(input, "sentence_embedding") != 0)
        return sbj_fail(error, SBERTJA_E_UNSUPPORTED, "%s: module_input_name: \"%s\", only \"sentence_embedding\"",
                        json->name, input);
    if (strcmp(output, "sentence_embedding") != 0)
        return sbj_fail(error, SBERTJA_E_UNSUPPORTED, "%s: module_output_name: \"%s\", only \"sentence_embedding\"",
                        json->name, output);
    if (residual)
        return sbj_fail(error, SBERTJA_E_UNSUPPORTED, "%s: use_residual: true is not supported", json->name);
    const char *dot = strrchr(activation, '.');
    if (!sbj_activation_parse(dot == NULL ? activation : dot + 1, &module->activation))
        return sbj_fail(error, SBERTJA_E_UNSUPPORTED,
                        "%s: activation_function: \"%s\", expected Identity, Tanh, ReLU, GELU or Sigmoid", json->name,
                        activation);
    module->in = (size_t)in;
    module->out = (size_t)out;
    return SBERTJA_OK;
}

sbertja_status sbj_module_read(const sbj_alloc *alloc, const char *directory, sbj_module *module, sbertja_error *error)
{
    char *folder = NULL, *path = NULL;
    sbj_json json = {0};
    sbertja_status status = SBERTJA_OK;
    if (module->kind == SBERTJA_NORMALIZE)
        return SBERTJA_OK;
    if ((status = sbj_path_join(alloc, directory, module->folder, &folder, error)) == SBERTJA_OK &&
        (status = sbj_path_join(alloc, folder, "config.json", &path, error)) == SBERTJA_OK &&
        (status = sbj_json_read(alloc, path, &json, error)) == SBERTJA_OK)
        status = module->kind == SBERTJA_POOLING ? read_pooling(&json, module, error)
                                                 : read_dense(&json, module, error);
    sbj_json_free(&json);
    sbj_free(alloc, folder);
    sbj_free(alloc, path);
    return status;
}

sbertja_status sbj_modules_from_options(const sbertja_module *modules, size_t count, sbj_layout *layout,
                                        sbertja_error *error)
{
    if (count > SBJ_MOST_MODULES)
        return sbj_fail(error, SBERTJA_E_ARGUMENT, "modules: %zu, at most %d", count, SBJ_MOST_MODULES);
    memset(layout->modules, 0, sizeof layout->modules);
    layout->module_count = count;
    for (size_t i = 0; i < count; i++) {
        sbj_module *module = &layout->modules[i];
        sbertja_status status = SBERTJA_OK;
        module->kind = modules[i].kind;
        if (module->kind == SBERTJA_POOLING) {
            status = add_joined(module, "modules", modules[i].pooling ? modules[i].pooling : "mean", error);
            module->exclude_prompt = modules[i].exclude_prompt != 0;
        } else if (module->kind == SBERTJA_DENSE) {
            module->out = modules[i].out_features;
            module->bias = !modules[i].no_bias;
            if (!sbj_activation_parse(modules[i].activation ? modules[i].activation : "tanh", &module->activation))
                status = sbj_fail(error, SBERTJA_E_ARGUMENT,
                                  "modules: activation \"%s\", expected identity, tanh, relu, gelu or sigmoid",
                                  modules[i].activation);
        } else if (module->kind != SBERTJA_NORMALIZE) {
            status = sbj_fail(error, SBERTJA_E_ARGUMENT, "modules: kind %d is none of POOLING, DENSE, NORMALIZE",
                              (int)module->kind);
        }
        if (status != SBERTJA_OK)
            return status;
    }
    return SBERTJA_OK;
}

const char *sbj_module_name(const sbj_module *module)
{
    return module->kind == SBERTJA_POOLING ? "Pooling" : module->kind == SBERTJA_DENSE ? "Dense" : "Normalize";
}

size_t sbj_modules_width(const sbj_module *modules, size_t count, size_t hidden)
{
    size_t width = hidden;
    for (size_t i = 0; i < count; i++)
        if (modules[i].kind == SBERTJA_POOLING)
            width *= modules[i].mode_count;
        else if (modules[i].kind == SBERTJA_DENSE)
            width = modules[i].out;
    return width;
}

sbertja_status sbj_modules_check(sbj_module *modules, size_t count, size_t hidden, const char *name,
                                 sbertja_error *error)
{
    if (count == 0 || modules[0].kind != SBERTJA_POOLING)
        return sbj_fail(error, SBERTJA_E_FORMAT, "%s: a pooling module must follow the transformer", name);
    for (size_t i = 0; i < count; i++) {
        sbj_module *module = &modules[i];
        size_t width = sbj_modules_width(modules, i, hidden);
        if (i > 0 && module->kind == SBERTJA_POOLING)
            return sbj_fail(error, SBERTJA_E_FORMAT, "%s: a second pooling module", name);
        if (module->kind == SBERTJA_DENSE && (module->out < 1 || module->out > 1 << 20))
            return sbj_fail(error, SBERTJA_E_FORMAT, "%s: Dense: out_features %zu, expected 1 to %d", name,
                            module->out, 1 << 20);
        if (module->kind != SBERTJA_NORMALIZE && module->in != 0 && module->in != width)
            return sbj_fail(error, SBERTJA_E_FORMAT, "%s: %s: %s is %zu, but what comes before is %zu wide", name,
                            module->folder, module->kind == SBERTJA_DENSE ? "in_features" : "embedding dimension",
                            module->in, width);
        module->in = width;
        if (module->folder[0] == '\0')
            snprintf(module->folder, sizeof module->folder, "%zu_%s", i + 1, sbj_module_name(module));
    }
    return SBERTJA_OK;
}

/* Whether the flags, which have an order of their own, can say these modes in this order. */
static bool flags_say_it(const sbj_module *module)
{
    size_t next = 0;
    for (size_t i = 0; i < POOLINGS && next < module->mode_count; i++)
        if (poolings[i].mode == module->modes[next])
            next++;
    return next == module->mode_count;
}

bool sbj_pooling_is_reordered(const sbj_module *pooling)
{
    return !flags_say_it(pooling);
}

size_t sbj_pooling_place(const sbj_module *pooling, size_t index)
{
    size_t place = 0;
    for (size_t i = 0; i < POOLINGS && poolings[i].mode != pooling->modes[index]; i++)
        for (size_t k = 0; k < pooling->mode_count; k++)
            place += pooling->modes[k] == poolings[i].mode;
    return place;
}

sbertja_status sbj_pooling_reorder(sbj_module *pooling, const sbj_json *json, const cJSON *order, sbertja_error *error)
{
    sbj_module wanted = {.mode_count = 0};
    const cJSON *name;
    sbertja_status status = SBERTJA_OK;
    cJSON_ArrayForEach(name, order)
    {
        const char *text = cJSON_IsString(name) ? name->valuestring : "";
        if (status == SBERTJA_OK)
            status = add_named(&wanted, json->name, text, strlen(text), error);
    }
    size_t known = 0;
    for (size_t i = 0; i < wanted.mode_count; i++)
        for (size_t k = 0; k < pooling->mode_count; k++)
            known += pooling->modes[k] == wanted.modes[i];
    if (status == SBERTJA_OK && (known != wanted.mode_count || known != pooling->mode_count))
        status = sbj_fail(error, SBERTJA_E_FORMAT, "%s: pooling_order: expected the modes of the pooling, each once",
                          json->name);
    if (status == SBERTJA_OK)
        memcpy(pooling->modes, wanted.modes, sizeof wanted.modes);
    return status;
}

static void put_pooling(sbj_json_tree *t, const sbj_module *module, size_t width)
{
    cJSON *const root = t->root;
    sbj_json_put(t, root, "word_embedding_dimension", cJSON_CreateNumber((double)width));
    for (size_t i = 0; i < POOLINGS; i++) {
        bool on = false;
        for (size_t k = 0; k < module->mode_count; k++)
            on = on || module->modes[k] == poolings[i].mode;
        if (on || i < 4) /* versions up to 2.2 know only the first four, and refuse a file with others */
            sbj_json_put(t, root, poolings[i].flag, cJSON_CreateBool(on));
    }
}

static const char *torch_activation(sbj_activation activation)
{
    switch (activation) {
    case SBJ_TANH: return "torch.nn.modules.activation.Tanh";
    case SBJ_RELU: return "torch.nn.modules.activation.ReLU";
    case SBJ_GELU: return "torch.nn.modules.activation.GELU";
    case SBJ_SIGMOID: return "torch.nn.modules.activation.Sigmoid";
    default: return "torch.nn.modules.linear.Identity";
    }
}

/* What the library knows and may leave out: sentence-transformers before 6 refuses members that it does not know. */
static const char *const known[] = {"word_embedding_dimension",
                                    "embedding_dimension",
                                    "pooling_mode",
                                    "include_prompt",
                                    "pooling_mode_cls_token",
                                    "pooling_mode_max_tokens",
                                    "pooling_mode_mean_tokens",
                                    "pooling_mode_mean_sqrt_len_tokens",
                                    "pooling_mode_weightedmean_tokens",
                                    "pooling_mode_lasttoken",
                                    "module_input_name",
                                    "module_output_name",
                                    "use_residual",
                                    NULL};

sbertja_status sbj_module_write(const sbj_module *module, size_t width, const cJSON *kept, const char *path,
                                sbertja_error *error)
{
    sbj_json_tree tree = sbj_json_begin(cJSON_CreateObject()), *t = &tree;
    cJSON *const root = tree.root;
    if (module->kind == SBERTJA_POOLING) {
        put_pooling(t, module, width);
        if (module->exclude_prompt)
            sbj_json_put(t, root, "include_prompt", cJSON_CreateBool(false));
    } else if (module->kind == SBERTJA_DENSE) {
        sbj_json_put(t, root, "in_features", cJSON_CreateNumber((double)module->in));
        sbj_json_put(t, root, "out_features", cJSON_CreateNumber((double)module->out));
        sbj_json_put(t, root, "bias", cJSON_CreateBool(module->bias));
        sbj_json_put(t, root, "activation_function", cJSON_CreateString(torch_activation(module->activation)));
    }
    sbj_json_keep(t, root, kept, known);
    return sbj_json_write(t, path, error);
}
